//! The binary containers of 3D Tiles 1.0: headers, feature tables, batch tables.

use serde_json::{Map, Value};

use super::{
    issue::{Issues, Kind},
    json,
    linear::V3,
    schema::Component,
    tables::{batch_component, number_at},
};
use crate::import::Severity;

/// Why a container cannot be read: kind, place, reason.
pub type Wrong = (Kind, String, String);

/// The parts of a b3dm, i3dm or pnts.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Feature table's JSON.
    pub features: Map<String, Value>,
    /// Feature table's binary part.
    pub feature_bytes: &'a [u8],
    /// Batch table's JSON.
    pub batch: Map<String, Value>,
    /// Batch table's binary part.
    pub batch_bytes: &'a [u8],
    /// Model of b3dm and i3dm.
    pub body: &'a [u8],
    /// `gltfFormat` of i3dm: 0 a URI, 1 a GLB.
    pub format: u32,
}

/// One little-endian word.
#[must_use]
pub fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
}

/// Checks the beginning that all containers share and cuts the file to its declared length.
///
/// # Errors
/// See [`Wrong`].
pub fn cut<'a>(bytes: &'a [u8], header: usize, issues: &mut Issues) -> Result<&'a [u8], Wrong> {
    let (Some(version), Some(length)) = (word(bytes, 4), word(bytes, 8)) else {
        return Err((Kind::BinaryLength, "header".into(), "the file is cut off inside its header".into()));
    };
    if version != 1 {
        return Err((Kind::BinaryValue, "byte 4".into(), format!("version {version}, expected 1")));
    }
    let length = length as usize;
    if length > bytes.len() || length < header {
        let text = format!("{length} bytes are declared, the file has {}", bytes.len());
        return Err((Kind::BinaryLength, "byte 8".into(), text));
    }
    if length % 8 != 0 {
        let text = format!("{length} bytes, expected a multiple of 8; read all the same");
        issues.push(Kind::BinaryAlignment, Severity::Guessed, "byte 8", text);
    }
    Ok(&bytes[..length])
}

/// Splits a container.
///
/// # Errors
/// See [`Wrong`].
pub fn split<'a>(bytes: &'a [u8], issues: &mut Issues) -> Result<Parts<'a>, Wrong> {
    let header = if bytes.starts_with(b"i3dm") { 32 } else { 28 };
    let bytes = cut(bytes, header, issues)?;
    let mut at = header;
    let mut part = |name: &str, field: usize| -> Result<&'a [u8], Wrong> {
        let size = word(bytes, field).unwrap_or(0) as usize;
        let Some(part) = at.checked_add(size).and_then(|end| bytes.get(at..end)) else {
            let text = format!("the {name} of {size} bytes runs past the end ({} bytes)", bytes.len());
            return Err((Kind::BinaryLength, format!("byte {field}"), text));
        };
        at += size;
        Ok(part)
    };
    let feature_json = part("feature table", 12)?;
    let feature_bytes = part("feature table's binary part", 16)?;
    let batch_json = part("batch table", 20)?;
    let batch_bytes = part("batch table's binary part", 24)?;
    if !bytes.starts_with(b"pnts") && at % 8 != 0 {
        let text = format!("the model begins at byte {at}, expected a multiple of 8; read all the same");
        issues.push(Kind::BinaryAlignment, Severity::Guessed, format!("byte {at}"), text);
    }
    let features = table(feature_json, "feature table")?;
    let batch = table(batch_json, "batch table")?;
    let format = if header == 32 { word(bytes, 28).unwrap_or(1) } else { 1 };
    Ok(Parts { features, feature_bytes, batch, batch_bytes, body: &bytes[at..], format })
}

fn table(text: &[u8], name: &str) -> Result<Map<String, Value>, Wrong> {
    let end = text.iter().rposition(|b| !matches!(b, 0 | b' ' | b'\n' | b'\r' | b'\t')).map_or(0, |n| n + 1);
    if end == 0 {
        return Ok(Map::new());
    }
    match json::parse(&text[..end]) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => {
            let text = format!("expected an object, found {}", json::kind_of(&other));
            Err((Kind::Type, name.into(), text))
        }
        Err((place, why)) => Err((Kind::JsonParse, format!("{name} {place}"), why)),
    }
}

impl Parts<'_> {
    /// A column of the feature table's binary part, `width` numbers for each of `count` things.
    ///
    /// # Errors
    /// When the column is declared but does not fit.
    pub fn column(&self, name: &str, usual: Component, width: usize, count: usize) -> Result<Option<Vec<f64>>, Wrong> {
        let Some(value) = self.features.get(name) else { return Ok(None) };
        let fail = |text: String| Err((Kind::BufferBounds, format!("feature table {name}"), text));
        let Some(start) = value.get("byteOffset").and_then(Value::as_u64).and_then(|v| usize::try_from(v).ok()) else {
            return fail("no byteOffset".into());
        };
        let component = match value.get("componentType").and_then(Value::as_str) {
            Some(name) => match batch_component(name) {
                Some(component) => component,
                None => return fail(format!("component type {name:?}")),
            },
            None => usual,
        };
        let size = count.checked_mul(width).and_then(|n| n.checked_mul(component.size()));
        let end = size.and_then(|s| s.checked_add(start));
        let Some(bytes) = end.and_then(|end| self.feature_bytes.get(start..end)) else {
            return fail(format!("{count} values from byte {start} do not fit in {} bytes", self.feature_bytes.len()));
        };
        let number = |n: usize| number_at(bytes, n * component.size(), component).unwrap_or(0.0);
        Ok(Some((0..count * width).map(number).collect()))
    }

    /// A count of the feature table; 0 when absent.
    ///
    /// # Errors
    /// When it is no count, or more than `most`.
    pub fn count(&self, name: &str, most: usize) -> Result<usize, Wrong> {
        let Some(value) = self.features.get(name) else { return Ok(0) };
        let own = match value.get("byteOffset").and_then(Value::as_u64) {
            Some(at) => usize::try_from(at).ok().and_then(|at| word(self.feature_bytes, at)).map(u64::from),
            None => value.as_u64(),
        };
        match own.and_then(|n| usize::try_from(n).ok()) {
            Some(n) if n <= most => Ok(n),
            Some(n) => Err((Kind::Range, format!("feature table {name}"), format!("{n}, expected at most {most}"))),
            None => Err((Kind::Type, format!("feature table {name}"), "expected a count".into())),
        }
    }

    /// Numbers given in JSON or as one binary value.
    #[must_use]
    pub fn global<const N: usize>(&self, name: &str) -> Option<[f64; N]> {
        match self.features.get(name)? {
            Value::Array(list) if list.len() == N => {
                let mut out = [0.0; N];
                for (slot, value) in out.iter_mut().zip(list) {
                    *slot = value.as_f64().filter(|v| v.is_finite())?;
                }
                Some(out)
            }
            Value::Object(map) => {
                let at = usize::try_from(map.get("byteOffset")?.as_u64()?).ok()?;
                let mut out = [0.0; N];
                for (n, slot) in out.iter_mut().enumerate() {
                    let place = at.checked_add(4 * n)?;
                    *slot = number_at(self.feature_bytes, place, Component::Float(32)).filter(|v| v.is_finite())?;
                }
                Some(out)
            }
            _ => None,
        }
    }

    /// Places of points or instances: floats, or whole numbers in a box.
    ///
    /// # Errors
    /// When they do not fit, or there are none.
    pub fn positions(&self, count: usize) -> Result<Vec<V3>, Wrong> {
        if let Some(p) = self.column("POSITION", Component::Float(32), 3, count)? {
            return Ok(p.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect());
        }
        let Some(p) = self.column("POSITION_QUANTIZED", Component::Uint(16), 3, count)? else {
            return Err((Kind::AnyOf, "feature table".into(), "neither POSITION nor POSITION_QUANTIZED".into()));
        };
        let (Some(shift), Some(scale)) =
            (self.global::<3>("QUANTIZED_VOLUME_OFFSET"), self.global::<3>("QUANTIZED_VOLUME_SCALE"))
        else {
            return Err((Kind::Missing, "feature table".into(), "POSITION_QUANTIZED without its volume".into()));
        };
        let place = |p: &[f64]| std::array::from_fn(|k| shift[k] + p[k] / 65_535.0 * scale[k]);
        Ok(p.chunks_exact(3).map(place).collect())
    }
}

/// A unit vector from two numbers of −1 to 1 (octahedral encoding).
#[must_use]
pub fn from_octahedron(x: f64, y: f64) -> V3 {
    let z = 1.0 - x.abs() - y.abs();
    let (x, y) = if z < 0.0 { ((1.0 - y.abs()) * x.signum(), (1.0 - x.abs()) * y.signum()) } else { (x, y) };
    super::linear::unit([x, y, z], [0.0, 0.0, 1.0])
}
