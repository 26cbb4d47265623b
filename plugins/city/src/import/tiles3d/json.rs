//! Reading JSON values with their place in the file, so that every complaint says where it is.

use std::fmt;

use serde_json::{Map, Value};

use super::issue::{Issues, Kind};
use crate::import::Severity;

/// Where a value stands: a chain of keys and indices, written out only when somebody asks.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    up: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Top,
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    /// The file's own value.
    pub const TOP: At<'static> = At { up: None, step: Step::Top };

    /// A property.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> At<'a> {
        At { up: Some(self), step: Step::Key(key) }
    }

    /// An element.
    #[must_use]
    pub fn index(&'a self, n: usize) -> At<'a> {
        At { up: Some(self), step: Step::Index(n) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(up) = self.up {
            write!(f, "{up}")?;
        }
        match self.step {
            Step::Top => Ok(()),
            Step::Key(key) => write!(f, "/{key}"),
            Step::Index(n) => write!(f, "/{n}"),
        }
    }
}

/// What a JSON value is, for messages.
#[must_use]
pub fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) => format!("{:?}", s.chars().take(40).collect::<String>()),
        Value::Array(a) => format!("an array of {}", a.len()),
        Value::Object(_) => "an object".into(),
    }
}

/// Parses a whole file.
///
/// # Errors
/// Line and column of the first byte that is not JSON.
pub fn parse(bytes: &[u8]) -> Result<Value, (String, String)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice(bytes)
        .map_err(|e| (format!("line {} column {}", e.line(), e.column()), format!("not JSON: {e}")))
}

/// Typed access that notes what does not fit. `done` says in words what is done instead.
impl Issues {
    /// An object.
    pub fn object<'v>(
        &mut self,
        value: &'v Value,
        at: At<'_>,
        severity: Severity,
        done: &str,
    ) -> Option<&'v Map<String, Value>> {
        if let Value::Object(map) = value {
            return Some(map);
        }
        self.push(Kind::Type, severity, at, format!("expected an object, found {}{done}", kind_of(value)));
        None
    }

    /// An array.
    pub fn array<'v>(
        &mut self,
        value: &'v Value,
        at: At<'_>,
        severity: Severity,
        done: &str,
    ) -> Option<&'v Vec<Value>> {
        if let Value::Array(list) = value {
            return Some(list);
        }
        self.push(Kind::Type, severity, at, format!("expected an array, found {}{done}", kind_of(value)));
        None
    }

    /// A string.
    pub fn string<'v>(&mut self, value: &'v Value, at: At<'_>, severity: Severity, done: &str) -> Option<&'v str> {
        if let Value::String(text) = value {
            return Some(text);
        }
        self.push(Kind::Type, severity, at, format!("expected a string, found {}{done}", kind_of(value)));
        None
    }

    /// A finite number.
    pub fn number(&mut self, value: &Value, at: At<'_>, severity: Severity, done: &str) -> Option<f64> {
        if let Some(number) = value.as_f64().filter(|v| v.is_finite()) {
            return Some(number);
        }
        self.push(Kind::Type, severity, at, format!("expected a number, found {}{done}", kind_of(value)));
        None
    }

    /// A whole number of at least `least` and less than `beyond`.
    pub fn whole(
        &mut self,
        value: &Value,
        at: At<'_>,
        (least, beyond): (u64, u64),
        severity: Severity,
        done: &str,
    ) -> Option<u64> {
        let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
        let whole = whole.or_else(|| value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 1e18).map(|v| v as i128));
        match whole {
            Some(n) if n >= i128::from(least) && n < i128::from(beyond) => Some(n as u64),
            Some(n) => {
                let text = format!("{n}, expected at least {least} and less than {beyond}{done}");
                self.push(Kind::Range, severity, at, text);
                None
            }
            None => {
                let text = format!("expected a whole number, found {}{done}", kind_of(value));
                self.push(Kind::Type, severity, at, text);
                None
            }
        }
    }

    /// An array of `N` finite numbers.
    pub fn numbers<const N: usize>(
        &mut self,
        value: &Value,
        at: At<'_>,
        severity: Severity,
        done: &str,
    ) -> Option<[f64; N]> {
        let list = self.array(value, at, severity, done)?;
        if list.len() != N {
            self.push(Kind::ArrayLength, severity, at, format!("{} numbers, expected {N}{done}", list.len()));
            return None;
        }
        let mut out = [0.0; N];
        for (n, (slot, value)) in out.iter_mut().zip(list).enumerate() {
            match value.as_f64().filter(|v| v.is_finite()) {
                Some(number) => *slot = number,
                None => {
                    let text = format!("expected a number, found {}{done}", kind_of(value));
                    self.push(Kind::ElementType, severity, at.index(n), text);
                    return None;
                }
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_read_like_pointers() {
        let root = At::TOP.key("root");
        let child = root.key("children");
        assert_eq!(child.index(3).to_string(), "/root/children/3");
        let mut issues = Issues::default();
        assert_eq!(issues.whole(&json!(3.0), root, (0, 9), Severity::Error, ""), Some(3));
        assert_eq!(issues.whole(&json!(-2), root, (0, 9), Severity::Error, ""), None);
        assert_eq!(issues.whole(&json!(1.5), root, (0, 9), Severity::Error, ""), None);
        assert_eq!(issues.numbers::<2>(&json!([1, "a"]), root, Severity::Error, ""), None);
        let kinds: Vec<Kind> = issues.list.iter().map(|i| i.kind).collect();
        assert_eq!(kinds, [Kind::Range, Kind::Type, Kind::ElementType]);
        assert_eq!(issues.list[2].place, "/root/1");
    }
}
