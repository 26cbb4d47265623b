//! Properties of features: batch tables of 1.0, property tables of 1.1. Rows are decoded when asked for.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    hierarchy::Hierarchy,
    issue::{Issues, Kind},
    json::At,
    schema::{Class, Component, Property, Schema, Shape, Values},
};
use crate::import::Severity;

/// One number at a byte; `None` past the end.
#[must_use]
pub fn number_at(bytes: &[u8], at: usize, component: Component) -> Option<f64> {
    let b = bytes.get(at..at.checked_add(component.size())?)?;
    let mut eight = [0u8; 8];
    eight[..b.len()].copy_from_slice(b);
    let raw = u64::from_le_bytes(eight);
    Some(match component {
        Component::Uint(_) => raw as f64,
        Component::Int(bits) => ((raw << (64 - bits)) as i64 >> (64 - bits)) as f64,
        Component::Float(32) => f64::from(f32::from_bits(raw as u32)),
        Component::Float(_) => f64::from_bits(raw),
    })
}

/// Numbers as JSON: whole ones without a fraction.
fn plain(v: f64) -> Value {
    if v.fract() == 0.0 && v.abs() < 9e15 { Value::from(v as i64) } else { Value::from(v) }
}

/// The table of a content's features.
#[derive(Clone, Debug)]
pub enum FeatureTable {
    /// Of b3dm, i3dm and pnts.
    Batch(BatchTable),
    /// Of glTF with EXT_structural_metadata, and of subtrees.
    Property(PropertyTable),
}

impl FeatureTable {
    /// Features.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Batch(t) => t.length,
            Self::Property(t) => t.count,
        }
    }

    /// True without features.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Properties of one feature.
    #[must_use]
    pub fn row(&self, n: usize) -> Values {
        match self {
            Self::Batch(t) => t.row(n),
            Self::Property(t) => t.row(n),
        }
    }

    /// Bytes it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Batch(t) => {
                let hierarchy = t.hierarchy.as_ref().map_or(0, Hierarchy::bytes);
                t.columns.iter().map(|(_, c)| c.bytes()).sum::<usize>() + hierarchy
            }
            Self::Property(t) => t.columns.iter().map(|c| c.values.len() + c.strings.len() + c.arrays.len()).sum(),
        }
    }

    /// Names of its properties.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Batch(t) => {
                let more = t.hierarchy.iter().flat_map(Hierarchy::names);
                t.columns.iter().map(|(name, _)| name.as_str()).chain(more).collect()
            }
            Self::Property(t) => t.columns.iter().map(|c| c.name.as_str()).collect(),
        }
    }
}

/// A batch table.
#[derive(Clone, Debug, Default)]
pub struct BatchTable {
    /// Features.
    pub length: usize,
    columns: Vec<(String, BatchColumn)>,
    /// Classes and parents of the features.
    hierarchy: Option<Hierarchy>,
}

/// One property of all features.
#[derive(Clone, Debug)]
pub(super) enum BatchColumn {
    Json(Vec<Value>),
    Binary { component: Component, width: usize, bytes: Vec<u8> },
}

impl BatchColumn {
    /// Bytes it takes, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Json(list) => list.len() * 48,
            Self::Binary { bytes, .. } => bytes.len(),
        }
    }

    /// The value of a feature.
    pub fn value(&self, n: usize) -> Option<Value> {
        match self {
            Self::Json(list) => list.get(n).cloned(),
            Self::Binary { component, width, bytes } => {
                let one = |k: usize| number_at(bytes, (n * width + k) * component.size(), *component).map(plain);
                if *width == 1 { one(0) } else { (0..*width).map(one).collect::<Option<Vec<_>>>().map(Value::Array) }
            }
        }
    }
}

/// Component types of feature and batch tables.
#[must_use]
pub fn batch_component(name: &str) -> Option<Component> {
    Some(match name {
        "BYTE" => Component::Int(8),
        "UNSIGNED_BYTE" => Component::Uint(8),
        "SHORT" => Component::Int(16),
        "UNSIGNED_SHORT" => Component::Uint(16),
        "INT" => Component::Int(32),
        "UNSIGNED_INT" => Component::Uint(32),
        "FLOAT" => Component::Float(32),
        "DOUBLE" => Component::Float(64),
        _ => return None,
    })
}

impl BatchTable {
    /// Features without properties.
    #[must_use]
    pub fn bare(length: usize) -> Self {
        Self { length, ..Self::default() }
    }

    /// Reads the JSON and binary parts; columns that do not fit are left out.
    pub fn read(json: &Map<String, Value>, binary: &[u8], length: usize, issues: &mut Issues) -> Self {
        let top = At::TOP;
        let place = top.key("batchTable");
        let mut columns = Vec::new();
        let mut hierarchy = None;
        for (name, value) in json {
            let at = place.key(name);
            let left_out = |issues: &mut Issues, kind: Kind, what: String| {
                issues.push(kind, Severity::Skipped, at, format!("{what}; the property is left out"));
            };
            match value {
                // As it was called before it was an extension.
                Value::Object(_) if name == "HIERARCHY" => match Hierarchy::read(value, binary, length) {
                    Ok(read) => hierarchy = Some(read),
                    Err(what) => left_out(issues, Kind::BufferBounds, what),
                },
                Value::Object(map) if name == "extensions" => {
                    for (name, value) in map {
                        if name != "3DTILES_batch_table_hierarchy" {
                            let text = format!("{name} of the batch table is not read");
                            issues.push(Kind::ExtensionUnsupported, Severity::Skipped, at, text);
                            continue;
                        }
                        match Hierarchy::read(value, binary, length) {
                            Ok(read) => hierarchy = Some(read),
                            Err(what) => left_out(issues, Kind::BufferBounds, what),
                        }
                    }
                }
                Value::Array(_) | Value::Object(_) => match batch_column(value, binary, length) {
                    Ok(column) => columns.push((name.clone(), column)),
                    Err(what) => {
                        let kind = if value.is_array() { Kind::ArrayLength } else { Kind::BufferBounds };
                        left_out(issues, kind, what);
                    }
                },
                _ if name == "extras" => {}
                _ => left_out(issues, Kind::Type, "neither an array nor a binary body".into()),
            }
        }
        Self { length, columns, hierarchy }
    }

    fn row(&self, n: usize) -> Values {
        if n >= self.length {
            return Values::new();
        }
        let own = self.columns.iter().filter_map(|(name, column)| Some((name.clone(), column.value(n)?)));
        let mut row: Values = own.collect();
        if let Some(hierarchy) = &self.hierarchy {
            hierarchy.add(n, &mut row);
        }
        row
    }
}

/// A property of `length` features, as a list or in the binary part.
pub(super) fn batch_column(value: &Value, binary: &[u8], length: usize) -> Result<BatchColumn, String> {
    match value {
        Value::Array(list) if list.len() < length => Err(format!("{} values for {length} features", list.len())),
        Value::Array(list) => Ok(BatchColumn::Json(list.clone())),
        Value::Object(map) => binary_column(map, binary, length),
        _ => Err("neither an array nor a binary body".into()),
    }
}

fn binary_column(map: &Map<String, Value>, binary: &[u8], length: usize) -> Result<BatchColumn, String> {
    let offset = map.get("byteOffset").and_then(Value::as_u64).ok_or("a binary property without a byteOffset")?;
    let component = map.get("componentType").and_then(Value::as_str).and_then(batch_component);
    let component = component.ok_or("a binary property without a known componentType")?;
    let width = match map.get("type").and_then(Value::as_str) {
        Some("SCALAR") | None => 1,
        Some("VEC2") => 2,
        Some("VEC3") => 3,
        Some("VEC4") => 4,
        Some(other) => return Err(format!("a binary property of type {other:?}")),
    };
    let start = usize::try_from(offset).map_err(|_| "an offset beyond memory")?;
    let size = length.checked_mul(width * component.size()).ok_or("more features than memory")?;
    let bytes = start.checked_add(size).and_then(|end| binary.get(start..end));
    let bytes = bytes.ok_or_else(|| format!("bytes {start} to {start}+{size} of {}", binary.len()))?;
    Ok(BatchColumn::Binary { component, width, bytes: bytes.to_vec() })
}

/// A binary property table.
#[derive(Clone, Debug, Default)]
pub struct PropertyTable {
    /// Its class's name.
    pub class: String,
    /// Rows.
    pub count: usize,
    columns: Vec<Column>,
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    property: Property,
    values: Vec<u8>,
    strings: Vec<u8>,
    string_size: usize,
    arrays: Vec<u8>,
    array_size: usize,
}

/// Bytes of the buffer views that tables refer to.
pub type Views<'a> = dyn Fn(usize) -> Result<Vec<u8>, String> + 'a;

impl PropertyTable {
    /// Reads a table; columns that do not fit are left out.
    pub fn read(value: &Value, at: At<'_>, schema: &Schema, views: &Views<'_>, issues: &mut Issues) -> Option<Self> {
        const DONE: &str = "; the table is left out";
        let map = issues.object(value, at, Severity::Repaired, DONE)?;
        let name = match map.get("class") {
            Some(value) => issues.string(value, at.key("class"), Severity::Repaired, DONE)?,
            None => {
                issues.push(Kind::Missing, Severity::Repaired, at, format!("a property table without a class{DONE}"));
                return None;
            }
        };
        let Some(class) = schema.classes.get(name) else {
            issues.push(Kind::Unknown, Severity::Repaired, at, format!("the schema has no class {name:?}{DONE}"));
            return None;
        };
        let count = match map.get("count") {
            Some(value) => issues.whole(value, at.key("count"), (1, 1 << 31), Severity::Repaired, DONE)? as usize,
            None => {
                issues.push(Kind::Missing, Severity::Repaired, at, format!("a property table without a count{DONE}"));
                return None;
            }
        };
        let mut table = Self { class: name.to_owned(), count, columns: Vec::new() };
        for (key, value) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match column(key, value, class, views) {
                Ok(column) => table.columns.push(column),
                Err(why) => {
                    let text = format!("{why}; the property is left out");
                    issues.push(Kind::BufferBounds, Severity::Skipped, at.key(key), text);
                }
            }
        }
        let short: Vec<String> =
            table.columns.iter().filter(|c| c.value(count - 1).is_none()).map(|c| c.name.clone()).collect();
        for key in &short {
            let text = format!("fewer bytes than {count} rows need; the rows that are there are read");
            issues.push(Kind::BufferBounds, Severity::Repaired, at.key(key), text);
        }
        Some(table)
    }

    /// Properties of one row, with defaults for absent values.
    #[must_use]
    pub fn row(&self, n: usize) -> Values {
        if n >= self.count {
            return Values::new();
        }
        let value = |c: &Column| c.value(n).filter(|v| !v.is_null()).or_else(|| c.property.fallback().cloned());
        self.columns.iter().filter_map(|c| Some((c.name.clone(), value(c)?))).collect()
    }

    /// The value of the property with this meaning.
    #[must_use]
    pub fn by_semantic(&self, semantic: &str, n: usize) -> Option<Value> {
        self.columns.iter().find(|c| c.property.semantic == semantic)?.value(n)
    }
}

fn offset_size(name: Option<&Value>) -> Result<usize, String> {
    match name.and_then(Value::as_str) {
        None => Ok(4),
        Some("UINT8") => Ok(1),
        Some("UINT16") => Ok(2),
        Some("UINT32") => Ok(4),
        Some("UINT64") => Ok(8),
        Some(other) => Err(format!("offsets of type {other:?}")),
    }
}

fn column(name: &str, value: &Value, class: &Arc<Class>, views: &Views<'_>) -> Result<Column, String> {
    let property = class.properties.get(name).ok_or("its class has no such property")?.clone();
    let view = |keys: [&str; 2]| -> Result<Option<Vec<u8>>, String> {
        let Some(index) = keys.iter().find_map(|k| value.get(k)) else { return Ok(None) };
        let index = index.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or("a buffer view that is no index")?;
        views(index).map(Some)
    };
    let values = view(["values", "bufferView"])?.ok_or("no values")?;
    let strings = view(["stringOffsets", "stringOffsetBufferView"])?;
    let arrays = view(["arrayOffsets", "arrayOffsetBufferView"])?;
    if property.shape == Shape::Text && strings.is_none() {
        return Err("strings without stringOffsets".into());
    }
    if property.array && property.count.is_none() && arrays.is_none() {
        return Err("arrays of unknown length without arrayOffsets".into());
    }
    Ok(Column {
        name: name.to_owned(),
        property,
        values,
        strings: strings.unwrap_or_default(),
        string_size: offset_size(value.get("stringOffsetType"))?,
        arrays: arrays.unwrap_or_default(),
        array_size: offset_size(value.get("arrayOffsetType"))?,
    })
}

impl Column {
    /// What row `n` means; JSON null for "no data"; `None` past the end.
    fn value(&self, n: usize) -> Option<Value> {
        let p = &self.property;
        if !p.array {
            return self.element(n);
        }
        let (from, to) = match p.count {
            Some(count) => (n.checked_mul(count)?, n.checked_add(1)?.checked_mul(count)?),
            None => (offset(&self.arrays, n, self.array_size)?, offset(&self.arrays, n + 1, self.array_size)?),
        };
        if from > to || to - from > 100_000 {
            return None;
        }
        (from..to).map(|k| self.element(k)).collect::<Option<Vec<_>>>().map(Value::Array)
    }

    fn element(&self, n: usize) -> Option<Value> {
        let p = &self.property;
        let value = match p.shape {
            Shape::Boolean => Value::Bool(self.values.get(n / 8)? >> (n % 8) & 1 == 1),
            Shape::Text => {
                let (from, to) =
                    (offset(&self.strings, n, self.string_size)?, offset(&self.strings, n + 1, self.string_size)?);
                Value::String(String::from_utf8_lossy(self.values.get(from..to)?).into_owned())
            }
            Shape::Enum => {
                let e = p.enumeration.as_ref()?;
                let code = number_at(&self.values, n.checked_mul(e.component.size())?, e.component)? as i64;
                e.names.get(&code).map_or_else(|| Value::from(code), |name| Value::String(name.clone()))
            }
            Shape::Numbers(width) => {
                let component = p.component?;
                let one = |k: usize| {
                    let at = n.checked_mul(width)?.checked_add(k)?.checked_mul(component.size())?;
                    number_at(&self.values, at, component)
                };
                if width == 1 {
                    let stored = one(0)?;
                    if p.is_nothing(&Value::from(stored)) {
                        return Some(Value::Null);
                    }
                    plain(p.meaning(stored, 0))
                } else {
                    let all = (0..width).map(|k| Some(plain(p.meaning(one(k)?, k)))).collect::<Option<Vec<_>>>()?;
                    Value::Array(all)
                }
            }
        };
        Some(if p.is_nothing(&value) { Value::Null } else { value })
    }
}

fn offset(bytes: &[u8], n: usize, size: usize) -> Option<usize> {
    let at = n.checked_mul(size)?;
    let b = bytes.get(at..at.checked_add(size)?)?;
    let mut eight = [0u8; 8];
    eight[..size].copy_from_slice(b);
    usize::try_from(u64::from_le_bytes(eight)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn batch_rows_from_json_and_bytes() {
        let mut issues = Issues::default();
        let json = json!({"id": ["a", "b"], "h": {"byteOffset": 4, "componentType": "FLOAT", "type": "SCALAR"},
            "p": {"byteOffset": 0, "componentType": "BYTE", "type": "VEC2"}, "short": [1],
            "beyond": {"byteOffset": 8, "componentType": "DOUBLE", "type": "SCALAR"}});
        let mut binary = vec![1u8, 0xff, 3, 4];
        binary.extend(2.5f32.to_le_bytes());
        binary.extend(7f32.to_le_bytes());
        let table = BatchTable::read(json.as_object().unwrap(), &binary, 2, &mut issues);
        assert_eq!(table.row(0), [("h".into(), json!(2.5)), ("id".into(), json!("a")), ("p".into(), json!([1, -1]))]);
        assert_eq!(table.row(1)[0], ("h".into(), json!(7)));
        assert!(table.row(2).is_empty());
        assert_eq!(issues.list.len(), 2, "{issues:?}");
    }

    #[test]
    fn property_rows_of_every_shape() {
        let mut issues = Issues::default();
        let schema = json!({"id": "s", "enums": {"e": {"valueType": "UINT8", "values": [{"name": "X", "value": 7}]}},
            "classes": {"c": {"properties": {
            "n": {"type": "SCALAR", "componentType": "UINT16", "noData": 9}, "s": {"type": "STRING"},
            "b": {"type": "BOOLEAN"}, "e": {"type": "ENUM", "enumType": "e"},
            "l": {"type": "SCALAR", "componentType": "UINT8", "array": true}}}}});
        let schema = Schema::read(&schema, At::TOP, &mut issues).unwrap();
        let views = [
            vec![5, 0, 9, 0],                                            // n
            "一二三".as_bytes().to_vec(),                                // s
            [0u32, 3, 9].iter().flat_map(|v| v.to_le_bytes()).collect(), // offsets of s
            vec![0b10],                                                  // b
            vec![7, 3],                                                  // e
            vec![1, 2, 3],                                               // l
            vec![0, 1, 3],                                               // offsets of l
        ];
        let table = json!({"class": "c", "count": 2, "properties": {
            "n": {"values": 0}, "s": {"values": 1, "stringOffsets": 2}, "b": {"values": 3}, "e": {"values": 4},
            "l": {"values": 5, "arrayOffsets": 6, "arrayOffsetType": "UINT8"}, "nope": {"values": 0}}});
        let get = |n: usize| views.get(n).cloned().ok_or_else(|| "no view".to_owned());
        let table = PropertyTable::read(&table, At::TOP, &schema, &get, &mut issues).unwrap();
        let row = |n: usize| Value::Object(table.row(n).into_iter().collect());
        assert_eq!(row(0), json!({"n": 5, "s": "一", "b": false, "e": "X", "l": [1]}));
        assert_eq!(row(1), json!({"s": "二三", "b": true, "e": 3, "l": [2, 3]}));
        assert_eq!(issues.list.len(), 1, "{issues:?}");
    }
}
