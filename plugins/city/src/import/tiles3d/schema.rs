//! 3D Metadata: schemas of classes and enumerations, and entities written in JSON.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{
    issue::{Issues, Kind},
    json::{At, kind_of},
};
use crate::import::Severity;

const IGNORED: &str = "; ignored";

/// Number format of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// Signed, 8 to 64 bits.
    Int(u32),
    /// Unsigned, 8 to 64 bits.
    Uint(u32),
    /// 32 or 64 bits.
    Float(u32),
}

impl Component {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "INT8" => Self::Int(8),
            "UINT8" => Self::Uint(8),
            "INT16" => Self::Int(16),
            "UINT16" => Self::Uint(16),
            "INT32" => Self::Int(32),
            "UINT32" => Self::Uint(32),
            "INT64" => Self::Int(64),
            "UINT64" => Self::Uint(64),
            "FLOAT32" => Self::Float(32),
            "FLOAT64" => Self::Float(64),
            _ => return None,
        })
    }

    /// Bytes of one.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Int(bits) | Self::Uint(bits) | Self::Float(bits) => bits as usize / 8,
        }
    }

    /// Least and greatest value of a whole number.
    fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Int(bits) => Some((-(2f64.powi(bits as i32 - 1)), 2f64.powi(bits as i32 - 1) - 1.0)),
            Self::Uint(bits) => Some((0.0, 2f64.powi(bits as i32) - 1.0)),
            Self::Float(_) => None,
        }
    }

    /// A stored whole number as a share of its greatest.
    #[must_use]
    pub fn normalise(self, v: f64) -> f64 {
        self.range().map_or(v, |(_, most)| (v / most).max(-1.0))
    }
}

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Numbers: 1 for a scalar, 2 to 4 for vectors, 4, 9, 16 for matrices.
    Numbers(usize),
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A name of an enumeration.
    Enum,
}

/// A property of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// What it holds.
    pub shape: Shape,
    /// Format of its numbers.
    pub component: Option<Component>,
    /// Its enumeration.
    pub enumeration: Option<Arc<Enumeration>>,
    /// True for arrays.
    pub array: bool,
    /// Elements of an array of fixed length.
    pub count: Option<usize>,
    /// Whole numbers are shares of their greatest value.
    pub normalized: bool,
    /// Must be there.
    pub required: bool,
    /// Meaning by name (`TILE_BOUNDING_BOX` …), or empty.
    pub semantic: String,
    offset: Option<Value>,
    scale: Option<Value>,
    max: Option<Value>,
    min: Option<Value>,
    default: Option<Value>,
    no_data: Option<Value>,
}

/// Names of whole numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumeration {
    /// Format in binary tables.
    pub component: Component,
    /// Name of each value.
    pub names: BTreeMap<i64, String>,
}

/// A class: properties by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// Properties.
    pub properties: BTreeMap<String, Property>,
}

/// A schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Classes.
    pub classes: BTreeMap<String, Arc<Class>>,
}

/// Values of one thing's properties, ready to show: normalised, scaled, names for enumerations.
pub type Values = Vec<(String, Value)>;

/// A thing with a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    /// Its class.
    pub class: String,
    /// Its properties.
    pub values: Values,
}

impl Schema {
    /// Reads a schema; parts that are wrong are left out.
    pub fn read(value: &Value, at: At<'_>, issues: &mut Issues) -> Option<Self> {
        let map = issues.object(value, at, Severity::Repaired, IGNORED)?;
        if !map.contains_key("id") {
            issues.push(Kind::Missing, Severity::Repaired, at, "a schema without an id; read all the same");
        }
        let mut enums = BTreeMap::new();
        if let Some(all) = map.get("enums").and_then(Value::as_object) {
            for (name, value) in all {
                if let Some(read) = enumeration(value, at.key("enums").key(name), issues) {
                    enums.insert(name.clone(), Arc::new(read));
                }
            }
        }
        let mut schema = Self::default();
        if let Some(all) = map.get("classes").and_then(Value::as_object) {
            for (name, value) in all {
                let place = at.key("classes");
                let place = place.key(name);
                let Some(map) = issues.object(value, place, Severity::Repaired, IGNORED) else { continue };
                let mut class = Class::default();
                for (key, value) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    if let Some(property) = property(value, place.key(key), &enums, issues) {
                        class.properties.insert(key.clone(), property);
                    }
                }
                schema.classes.insert(name.clone(), Arc::new(class));
            }
        }
        Some(schema)
    }
}

fn enumeration(value: &Value, at: At<'_>, issues: &mut Issues) -> Option<Enumeration> {
    let map = issues.object(value, at, Severity::Repaired, IGNORED)?;
    let component = match map.get("valueType") {
        None => Component::Uint(16),
        Some(Value::String(name)) if Component::read(name).is_some_and(|c| c.range().is_some()) => {
            Component::read(name)?
        }
        Some(other) => {
            let text = format!("value type {}, expected a whole number type{IGNORED}", kind_of(other));
            issues.push(Kind::NotInList, Severity::Repaired, at.key("valueType"), text);
            return None;
        }
    };
    let mut names = BTreeMap::new();
    for one in map.get("values").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(name), Some(value)) =
            (one.get("name").and_then(Value::as_str), one.get("value").and_then(Value::as_i64))
        {
            names.insert(value, name.to_owned());
        }
    }
    Some(Enumeration { component, names })
}

fn property(
    value: &Value,
    at: At<'_>,
    enums: &BTreeMap<String, Arc<Enumeration>>,
    issues: &mut Issues,
) -> Option<Property> {
    let map = issues.object(value, at, Severity::Repaired, IGNORED)?;
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    let Some(kind) = text("type") else {
        issues.push(Kind::Missing, Severity::Repaired, at, format!("a property without a type{IGNORED}"));
        return None;
    };
    // Names of the extension for 1.0, where scalars were called by their component.
    let (kind, old_component) = match Component::read(kind) {
        Some(component) => ("SCALAR", Some(component)),
        None => (kind, None),
    };
    let shape = match kind {
        "SCALAR" => Shape::Numbers(1),
        "VEC2" => Shape::Numbers(2),
        "VEC3" => Shape::Numbers(3),
        "VEC4" | "MAT2" => Shape::Numbers(4),
        "MAT3" => Shape::Numbers(9),
        "MAT4" => Shape::Numbers(16),
        "STRING" => Shape::Text,
        "BOOLEAN" => Shape::Boolean,
        "ENUM" => Shape::Enum,
        other => {
            let text = format!("type {other:?} is none of 3D Metadata{IGNORED}");
            issues.push(Kind::NotInList, Severity::Repaired, at.key("type"), text);
            return None;
        }
    };
    let component = text("componentType").and_then(Component::read).or(old_component);
    if matches!(shape, Shape::Numbers(_)) && component.is_none() {
        issues.push(Kind::Missing, Severity::Repaired, at, format!("numbers without a componentType{IGNORED}"));
        return None;
    }
    let enumeration = text("enumType").and_then(|name| enums.get(name)).cloned();
    if shape == Shape::Enum && enumeration.is_none() {
        issues.push(Kind::Unknown, Severity::Repaired, at, format!("its enumeration does not exist{IGNORED}"));
        return None;
    }
    let flag = |key: &str| map.get(key).and_then(Value::as_bool).unwrap_or(false);
    let own = |key: &str| map.get(key).filter(|v| !v.is_null()).cloned();
    Some(Property {
        shape,
        component,
        enumeration,
        array: flag("array"),
        count: map.get("count").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()),
        normalized: flag("normalized"),
        required: flag("required"),
        semantic: text("semantic").unwrap_or_default().to_owned(),
        offset: own("offset"),
        scale: own("scale"),
        max: own("max"),
        min: own("min"),
        default: own("default"),
        no_data: own("noData"),
    })
}

/// Number `k` of a value that is one number or an array of them, nested or not.
fn nth(value: Option<&Value>, k: usize, width: usize) -> Option<f64> {
    match value? {
        Value::Array(list) if list.first().is_some_and(Value::is_array) => {
            list.get(k / width.max(1))?.get(k % width.max(1))?.as_f64()
        }
        Value::Array(list) => list.get(k).or_else(|| list.get(k % width.max(1)))?.as_f64(),
        one => one.as_f64(),
    }
}

impl Property {
    /// A stored number as the value it means: normalised, scaled, shifted. `k` is its place in the value.
    #[must_use]
    pub fn meaning(&self, stored: f64, k: usize) -> f64 {
        let Shape::Numbers(width) = self.shape else { return stored };
        let plain = match self.component {
            Some(component) if self.normalized => component.normalise(stored),
            _ => stored,
        };
        plain * nth(self.scale.as_ref(), k, width).unwrap_or(1.0) + nth(self.offset.as_ref(), k, width).unwrap_or(0.0)
    }

    /// True when a stored value says that there is none.
    #[must_use]
    pub fn is_nothing(&self, stored: &Value) -> bool {
        self.no_data.as_ref().is_some_and(|nothing| same(nothing, stored))
    }

    /// The value that stands for an absent one.
    #[must_use]
    pub fn fallback(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// Checks a JSON value and turns it into what it means; notes what is wrong.
    fn take(&self, value: &Value, at: At<'_>, issues: &mut Issues) -> Option<Value> {
        let wrong = |issues: &mut Issues, what: &str| {
            let text = format!("expected {what}, found {}{IGNORED}", kind_of(value));
            issues.push(Kind::MetadataType, Severity::Repaired, at, text);
            None
        };
        if self.array {
            let Value::Array(list) = value else { return wrong(issues, "an array") };
            if self.count.is_some_and(|n| n != list.len()) {
                return wrong(issues, "an array of the declared length");
            }
            let one = Self { array: false, count: None, ..self.clone() };
            let all: Option<Vec<Value>> =
                list.iter().enumerate().map(|(n, v)| one.take(v, at.index(n), issues)).collect();
            return all.map(Value::Array);
        }
        match self.shape {
            Shape::Text => {
                if value.is_string() {
                    Some(value.clone())
                } else {
                    wrong(issues, "a string")
                }
            }
            Shape::Boolean => {
                if value.is_boolean() {
                    Some(value.clone())
                } else {
                    wrong(issues, "true or false")
                }
            }
            Shape::Enum => {
                let Value::String(name) = value else { return wrong(issues, "a name of the enumeration") };
                if self.enumeration.as_ref().is_some_and(|e| e.names.values().any(|n| n == name)) {
                    return Some(value.clone());
                }
                let text = format!("{name:?} is not in the enumeration{IGNORED}");
                issues.push(Kind::MetadataEnum, Severity::Repaired, at, text);
                None
            }
            Shape::Numbers(1) => match value.as_f64() {
                Some(v) => self.number(v, 0, at, issues).map(Value::from),
                None => wrong(issues, "a number"),
            },
            Shape::Numbers(width) => {
                let Value::Array(list) = value else { return wrong(issues, "an array of numbers") };
                if list.len() != width {
                    return wrong(issues, "as many numbers as the type has");
                }
                let mut good = true;
                let mut out = Vec::with_capacity(width);
                for (k, v) in list.iter().enumerate() {
                    let Some(v) = v.as_f64() else { return wrong(issues, "numbers") };
                    match self.number(v, k, at.index(k), issues) {
                        Some(v) => out.push(Value::from(v)),
                        None => good = false,
                    }
                }
                good.then_some(Value::Array(out))
            }
        }
    }

    fn number(&self, stored: f64, k: usize, at: At<'_>, issues: &mut Issues) -> Option<f64> {
        if let Some((least, most)) = self.component.and_then(Component::range)
            && !(least..=most).contains(&stored)
        {
            let text = format!("{stored} does not fit its type ({least} to {most}){IGNORED}");
            issues.push(Kind::Range, Severity::Repaired, at, text);
            return None;
        }
        let v = self.meaning(stored, k);
        let Shape::Numbers(width) = self.shape else { return Some(v) };
        let (least, most) = (nth(self.min.as_ref(), k, width), nth(self.max.as_ref(), k, width));
        if least.is_some_and(|m| v < m) || most.is_some_and(|m| v > m) {
            let text = format!("{v} is outside the declared {least:?} to {most:?}{IGNORED}");
            issues.push(Kind::MetadataRange, Severity::Repaired, at, text);
            return None;
        }
        Some(v)
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(x), Some(y)) => x == y,
        _ => a == b,
    }
}

impl Entity {
    /// Reads an entity; without a schema, or of an unknown class, there is nothing to read.
    pub fn read(value: &Value, at: At<'_>, schema: Option<&Schema>, issues: &mut Issues) -> Option<Self> {
        let map = issues.object(value, at, Severity::Repaired, IGNORED)?;
        let Some(class) = map.get("class") else {
            issues.push(Kind::Missing, Severity::Repaired, at, format!("metadata without a class{IGNORED}"));
            return None;
        };
        let name = issues.string(class, at.key("class"), Severity::Repaired, IGNORED)?;
        let Some(schema) = schema else {
            issues.push(Kind::Required, Severity::Repaired, at, format!("metadata without a schema{IGNORED}"));
            return None;
        };
        let Some(class) = schema.classes.get(name) else {
            let text = format!("the schema has no class {name:?}{IGNORED}");
            issues.push(Kind::Unknown, Severity::Repaired, at.key("class"), text);
            return None;
        };
        let nothing = Map::new();
        let values = map.get("properties").and_then(Value::as_object).unwrap_or(&nothing);
        let mut out = Values::new();
        for (key, property) in &class.properties {
            let place = at.key("properties");
            let place = place.key(key);
            let given = values.get(key).filter(|v| !v.is_null() && !property.is_nothing(v));
            match given {
                Some(value) => out.extend(property.take(value, place, issues).map(|v| (key.clone(), v))),
                None => match property.fallback() {
                    Some(value) => out.push((key.clone(), value.clone())),
                    None if property.required => {
                        let text = format!("a required property is missing{IGNORED}");
                        issues.push(Kind::MetadataMissing, Severity::Repaired, place, text);
                    }
                    None => {}
                },
            }
        }
        Some(Self { class: name.to_owned(), values: out })
    }

    /// The value of a property.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_mean_what_the_schema_says() {
        let mut issues = Issues::default();
        let schema = Schema::read(
            &json!({"id": "s", "enums": {"e": {"values": [{"name": "A", "value": 0}]}}, "classes": {"c": {"properties": {
                "share": {"type": "SCALAR", "componentType": "UINT8", "normalized": true},
                "temp": {"type": "SCALAR", "componentType": "FLOAT32", "scale": 2.0, "offset": -5.0, "max": 10},
                "pos": {"type": "VEC2", "componentType": "INT16"},
                "kind": {"type": "ENUM", "enumType": "e"},
                "left": {"type": "STRING", "default": "?"}}}}}),
            At::TOP,
            &mut issues,
        )
        .unwrap();
        let thing = json!({"class": "c", "properties": {"share": 51, "temp": 4, "pos": [1, 2], "kind": "A"}});
        let entity = Entity::read(&thing, At::TOP, Some(&schema), &mut issues).unwrap();
        assert!(issues.list.is_empty(), "{issues:?}");
        assert_eq!(entity.get("share"), Some(&json!(0.2)));
        assert_eq!(entity.get("temp"), Some(&json!(3.0)));
        assert_eq!(entity.get("left"), Some(&json!("?")));
        let bad = json!({"class": "c", "properties": {"share": 300, "temp": 9, "pos": [1], "kind": "B"}});
        Entity::read(&bad, At::TOP, Some(&schema), &mut issues).unwrap();
        let mut kinds: Vec<Kind> = issues.list.iter().map(|i| i.kind).collect();
        kinds.sort();
        assert_eq!(kinds, [Kind::Range, Kind::MetadataRange, Kind::MetadataType, Kind::MetadataEnum]);
    }
}
