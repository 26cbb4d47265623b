//! Reading the properties of one feature: what is missing or of another kind is said by name.

use guanlan_core::Bilingual;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is wrong with one property.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    /// The property.
    pub property: String,
    /// What it is and what was expected.
    pub reason: String,
}

impl Wrong {
    pub fn new(property: &str, reason: impl Into<String>) -> Self {
        Self { property: property.into(), reason: reason.into() }
    }
}

/// The properties of a feature.
pub(super) struct Fields<'a>(pub Option<&'a Map<String, Value>>);

impl Fields<'_> {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0?.get(name).filter(|v| !v.is_null())
    }

    /// A text that must be there.
    pub fn text(&self, name: &str) -> Result<String, Wrong> {
        match self.get(name) {
            Some(Value::String(s)) if !s.is_empty() => Ok(s.clone()),
            Some(Value::Number(n)) => Ok(n.to_string()),
            Some(other) => Err(Wrong::new(name, format!("is {other}, expected a text"))),
            None => Err(Wrong::new(name, "is missing, expected a text")),
        }
    }

    /// A text that may be missing.
    pub fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// A number in a range; `or` when missing.
    pub fn number(&self, name: &str, range: std::ops::RangeInclusive<f64>, or: Option<f64>) -> Result<f64, Wrong> {
        let value = match (self.get(name), or) {
            (None, Some(v)) => return Ok(v),
            (None, None) => {
                return Err(Wrong::new(
                    name,
                    format!("is missing, expected a number {} to {}", range.start(), range.end()),
                ));
            }
            (Some(v), _) => v.as_f64().or_else(|| v.as_str()?.trim().parse().ok()),
        };
        value.filter(|v| range.contains(v)).ok_or_else(|| {
            Wrong::new(
                name,
                format!(
                    "is {}, expected a number {} to {}",
                    self.get(name).unwrap_or(&Value::Null),
                    range.start(),
                    range.end()
                ),
            )
        })
    }

    /// A word of an enumeration.
    pub fn word<T: DeserializeOwned>(&self, name: &str, expected: &str) -> Result<T, Wrong> {
        let value = self.get(name).ok_or_else(|| Wrong::new(name, format!("is missing, expected {expected}")))?;
        T::deserialize(value.clone()).map_err(|_| Wrong::new(name, format!("is {value}, expected {expected}")))
    }

    /// A list of texts; empty when missing.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Wrong> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(v) => {
                Vec::deserialize_from(v).ok_or_else(|| Wrong::new(name, format!("is {v}, expected a list of texts")))
            }
        }
    }

    /// Name in Chinese and English, in the spellings of several sources.
    pub fn name(&self) -> Bilingual {
        let first = |names: &[&str]| names.iter().find_map(|n| self.text(n).ok()).unwrap_or_default();
        Bilingual::new(first(&["name:zh", "name", "Name", "NAME", "名称"]), first(&["name_en", "name:en"]))
    }
}

/// Texts out of a JSON list.
trait FromList: Sized {
    fn deserialize_from(v: &Value) -> Option<Self>;
}
impl FromList for Vec<String> {
    fn deserialize_from(v: &Value) -> Option<Self> {
        v.as_array()?.iter().map(|t| t.as_str().map(str::to_owned)).collect()
    }
}
