//! Bytes → documents: one CityJSON object, or a header and features of a CityJSONSeq.

use std::{collections::BTreeSet, fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::geometry::{Geometry, Templates};
use crate::import::{ImportError, Report, Severity};

/// A stored vertex. Anything that is not three finite numbers is kept as NaN, so that one bad vertex
/// costs only what uses it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex(pub [f64; 3]);

/// Largest whole number a JSON reader keeps exactly, 2^53.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A number, or NaN for anything else.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, v: i64) -> Result<Number, E> {
                Ok(Number(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Number, E> {
                Ok(Number(v as f64))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Number, E> {
                Ok(Number(v))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_str<E>(self, _: &str) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Number, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Number(f64::NAN))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Number(f64::NAN))
            }
        }
        d.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Vertex {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Vertex;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of three numbers")
            }
            fn visit_unit<E>(self) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_str<E>(self, _: &str) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vertex, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vertex, A::Error> {
                let mut v = [f64::NAN; 3];
                let mut n = 0;
                while let Some(Number(x)) = seq.next_element()? {
                    if n < 3 {
                        v[n] = x;
                    }
                    n += 1;
                }
                Ok(Vertex(if n == 3 { v } else { [f64::NAN; 3] }))
            }
        }
        d.deserialize_any(V)
    }
}

/// A city object as the importer needs it.
#[derive(Clone, Debug, Default)]
pub(super) struct CityObject {
    pub id: String,
    pub kind: String,
    pub attributes: Map<String, Value>,
    pub geometry: Vec<Geometry>,
    pub parents: Vec<String>,
    pub children: Vec<String>,
}

/// `CityObjects`, with what was wrong in them.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub list: Vec<CityObject>,
    pub notes: Report,
}

fn strings(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .map(|a| a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
        .unwrap_or_default()
}

impl<'de> Deserialize<'de> for Objects {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Objects;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("CityObjects as a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Objects, A::Error> {
                let mut objects = Objects::default();
                let mut seen = BTreeSet::new();
                while let Some((id, mut value)) = map.next_entry::<String, Value>()? {
                    let at = format!("CityObjects \"{id}\"");
                    if !seen.insert(id.clone()) {
                        objects.notes.note(
                            Severity::Skipped,
                            at,
                            "the id occurs twice; expected one object for each id, the first is kept",
                        );
                        continue;
                    }
                    let Some(kind) = value.get("type").and_then(Value::as_str).map(str::to_owned) else {
                        objects.notes.note(Severity::Skipped, at, "the object has no type; expected a text");
                        continue;
                    };
                    let geometry = match value.get("geometry") {
                        None | Some(Value::Null) => Vec::new(),
                        Some(Value::Array(list)) => list
                            .iter()
                            .enumerate()
                            .filter_map(|(n, g)| Geometry::read(g, &format!("{at} geometry {n}"), &mut objects.notes))
                            .collect(),
                        Some(_) => {
                            objects.notes.note(Severity::Skipped, at.clone(), "geometry is not an array");
                            Vec::new()
                        }
                    };
                    objects.list.push(CityObject {
                        kind,
                        geometry,
                        parents: strings(value.get("parents")),
                        children: strings(value.get("children")),
                        attributes: match value.get_mut("attributes").map(Value::take) {
                            Some(Value::Object(map)) => map,
                            _ => Map::new(),
                        },
                        id,
                    });
                }
                Ok(objects)
            }
        }
        d.deserialize_map(V)
    }
}

/// Scale and translation of stored vertices.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Transform {
    pub scale: [f64; 3],
    pub translate: [f64; 3],
}

/// A top-level JSON object, before it is judged.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub version: Option<Value>,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub transform: Option<Transform>,
    #[serde(default)]
    pub metadata: Option<Value>,
    #[serde(default)]
    pub appearance: Option<Value>,
    #[serde(default)]
    pub extensions: Option<Value>,
    #[serde(rename = "geometry-templates", default)]
    pub templates: Option<Value>,
    #[serde(rename = "CityObjects", default)]
    pub objects: Option<Objects>,
    #[serde(default)]
    pub vertices: Option<Vec<Vertex>>,
}

/// A part of a file with its own vertices: the whole of a CityJSON file, or one feature.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Prefix for places in messages: empty or `line n: `.
    pub at: String,
    pub objects: Vec<CityObject>,
    /// Vertices after the transform; NaN for bad ones.
    pub vertices: Vec<[f64; 3]>,
}

/// A file, parsed and judged.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// True for a CityJSONSeq or a single feature.
    pub sequence: bool,
    pub version: String,
    pub epsg: Option<u32>,
    pub features: usize,
    pub templates: Templates,
    /// Materials, textures, texture vertices.
    pub appearance: [usize; 3],
    pub extensions: usize,
    pub chunks: Vec<Chunk>,
    pub report: Report,
}

/// Most decompressed bytes of one file.
const MAX_BYTES: usize = 4 << 30;

/// Reads a file's bytes.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Parsed, ImportError> {
    let fail = |place: String, reason: String| ImportError::new(path, place, reason);
    if bytes.len() > MAX_BYTES {
        return Err(fail(String::new(), "the file is larger than 4 GiB; split it into tiles".into()));
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(fail(String::new(), "the file is empty; expected CityJSON".into()));
    }
    let lines: Vec<(usize, &[u8])> = text
        .split(|b| *b == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
        .map(|(n, line)| (n + 1, line))
        .collect();
    let first = serde_json::from_slice::<Document>(lines[0].1);
    if lines.len() > 1 {
        match first {
            Ok(head) => return sequence(path, head, &lines),
            // A line of its own that does not end is the broken head of a sequence; a lone bracket
            // is the beginning of a pretty-printed object.
            Err(error) if lines[0].1.len() > 40 && path.extension().is_some_and(|e| e == "jsonl") => {
                return Err(fail("line 1".into(), format!("not valid JSON: {error}")));
            }
            Err(_) => {}
        }
    }
    let whole = serde_json::from_slice::<Document>(text).map_err(|error| {
        let place = if error.line() > 0 { format!("line {}", error.line()) } else { String::new() };
        let what = if error.is_data() { "not CityJSON" } else { "not valid JSON" };
        fail(place, format!("{what}: {error}"))
    })?;
    let mut parsed = Parsed::default();
    match whole.kind.as_deref() {
        Some("CityJSON") => {
            parsed.head(path, &whole)?;
            let transform = parsed.transform(path, whole.transform, "")?;
            parsed.chunk(path, String::new(), whole, transform)?;
        }
        Some("CityJSONFeature") => {
            parsed.sequence = true;
            parsed.report.note(
                Severity::Guessed,
                "",
                "a feature without a CityJSON header line; its vertices are taken without a transform",
            );
            parsed.features = 1;
            if let Some(reason) = unresolved(&whole) {
                return Err(fail("id".into(), reason));
            }
            let transform = whole.transform;
            parsed.chunk(path, String::new(), whole, transform)?;
        }
        other => return Err(fail("type".into(), wrong_type(other))),
    }
    Ok(parsed)
}

fn wrong_type(kind: Option<&str>) -> String {
    match kind {
        None => "the top-level \"type\" is missing; expected \"CityJSON\" or \"CityJSONFeature\"".into(),
        Some(other) => format!("the top-level \"type\" is {other:?}; expected \"CityJSON\" or \"CityJSONFeature\""),
    }
}

/// Why a feature's root id does not resolve.
fn unresolved(feature: &Document) -> Option<String> {
    let known = |id: &str| feature.objects.as_ref().is_some_and(|o| o.list.iter().any(|c| c.id == id));
    match feature.id.as_deref() {
        None => Some("the feature has no id; expected the key of its root object".into()),
        Some(id) if !known(id) => Some(format!("the feature's id {id:?} is not one of its CityObjects")),
        Some(_) => None,
    }
}

fn sequence(path: &Path, head: Document, lines: &[(usize, &[u8])]) -> Result<Parsed, ImportError> {
    let mut parsed = Parsed { sequence: true, ..Parsed::default() };
    let mut transform = None;
    let mut rest = lines;
    match head.kind.as_deref() {
        Some("CityJSON") => {
            parsed.head(path, &head)?;
            transform = parsed.transform(path, head.transform, "line 1")?;
            parsed.chunk(path, "line 1: ".into(), head, transform)?;
            rest = &lines[1..];
        }
        Some("CityJSONFeature") => parsed.report.note(
            Severity::Guessed,
            "line 1",
            "no CityJSON header line before the features; vertices are taken without a transform",
        ),
        other => return Err(ImportError::new(path, "line 1", wrong_type(other))),
    }
    for &(line, text) in rest {
        let at = format!("line {line}");
        // What differs from line to line goes into the place, so that equal faults are counted together.
        let skip = |parsed: &mut Parsed, detail: String, reason: &str| {
            parsed.report.note(Severity::Skipped, format!("{at}: {detail}"), reason);
        };
        let feature = match serde_json::from_slice::<Document>(text) {
            Ok(feature) => feature,
            Err(error) => {
                skip(&mut parsed, error.to_string(), "the line is not a CityJSONFeature and is left out");
                continue;
            }
        };
        if feature.kind.as_deref() != Some("CityJSONFeature") {
            skip(&mut parsed, "type".into(), "expected a CityJSONFeature on every line after the header");
        } else if let Some(reason) = unresolved(&feature) {
            skip(&mut parsed, reason, "the feature's root object is not in it; the feature is left out");
        } else {
            let own = feature.transform.or(transform);
            parsed.features += 1;
            parsed.chunk(path, format!("{at}: "), feature, own)?;
        }
    }
    Ok(parsed)
}

impl Parsed {
    /// Judges version, CRS and appearance of the head.
    fn head(&mut self, path: &Path, head: &Document) -> Result<(), ImportError> {
        let version = match &head.version {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => {
                self.report.note(
                    Severity::Repaired,
                    "version",
                    "the version is a number; expected a text such as \"2.0\"",
                );
                number.to_string()
            }
            _ => {
                self.report.note(Severity::Guessed, "version", "no version; read as 2.0");
                "2.0".into()
            }
        };
        if !["1", "1.0", "1.1", "2", "2.0"].contains(&version.as_str()) && !version.starts_with("1.0.") {
            return Err(ImportError::new(
                path,
                "version",
                format!("CityJSON version {version:?} is not supported; expected 1.0, 1.1 or 2.0"),
            ));
        }
        self.version = version;
        if let Some(reference) = head.metadata.as_ref().and_then(|m| m.get("referenceSystem")) {
            self.reference(reference);
        }
        let count = |name: &str| {
            head.appearance.as_ref().and_then(|a| a.get(name)).and_then(Value::as_array).map_or(0, Vec::len)
        };
        self.appearance = [count("materials"), count("textures"), count("vertices-texture")];
        self.extensions = head.extensions.as_ref().and_then(Value::as_object).map_or(0, Map::len);
        if let Some(templates) = &head.templates {
            self.templates = Templates::read(templates, &mut self.report);
        }
        Ok(())
    }

    fn reference(&mut self, reference: &Value) {
        let Some(text) = reference.as_str() else {
            self.report.note(Severity::Repaired, "metadata.referenceSystem", "not a text; ignored");
            return;
        };
        self.epsg = epsg(text);
        let url =
            text.starts_with("https://www.opengis.net/def/crs/") || text.starts_with("http://www.opengis.net/def/crs/");
        if self.epsg.is_none() {
            self.report.note(
                Severity::Skipped,
                "metadata.referenceSystem",
                format!("{text:?} names no EPSG code; expected https://www.opengis.net/def/crs/EPSG/0/<code>"),
            );
        } else if !url && self.version != "1.0" {
            self.report.note(
                Severity::Repaired,
                "metadata.referenceSystem",
                "written as a URN; expected https://www.opengis.net/def/crs/EPSG/0/<code>",
            );
        }
    }

    fn transform(
        &mut self,
        path: &Path,
        transform: Option<Transform>,
        at: &str,
    ) -> Result<Option<Transform>, ImportError> {
        match transform {
            Some(t) if !t.scale.iter().chain(&t.translate).all(|v| v.is_finite() && v.abs() <= MAX_EXACT) => {
                Err(ImportError::new(path, format!("{at}transform"), "scale or translate is out of range"))
            }
            Some(t) => {
                if t.scale.contains(&0.0) {
                    self.report.note(
                        Severity::Guessed,
                        "transform.scale",
                        "a scale of 0 puts all vertices on one plane; the file's own figures are kept",
                    );
                }
                Ok(Some(t))
            }
            None => {
                if self.version != "1.0" {
                    self.report.note(
                        Severity::Repaired,
                        "transform",
                        "no transform, which 1.1 and later require; vertices are taken as they are",
                    );
                }
                Ok(None)
            }
        }
    }

    /// Adds a document's objects and vertices.
    fn chunk(
        &mut self,
        path: &Path,
        at: String,
        document: Document,
        transform: Option<Transform>,
    ) -> Result<(), ImportError> {
        let mut vertices = Vec::new();
        for (n, Vertex(v)) in document.vertices.unwrap_or_default().into_iter().enumerate() {
            if v.iter().any(|x| x.abs() > MAX_EXACT) {
                return Err(ImportError::new(
                    path,
                    format!("{at}vertices[{n}]"),
                    "a stored coordinate is beyond 2^53 and cannot be read exactly",
                ));
            }
            if v.iter().any(|x| x.is_nan()) {
                self.report.note(Severity::Skipped, format!("{at}vertices[{n}]"), "a vertex is not three numbers");
            }
            vertices.push(match transform {
                Some(t) => std::array::from_fn(|i| v[i] * t.scale[i] + t.translate[i]),
                None => v,
            });
        }
        let objects = document.objects.unwrap_or_default();
        for problem in objects.notes.problems {
            for _ in 0..problem.count {
                self.report.note(problem.severity, format!("{at}{}", problem.where_), problem.message.as_str());
            }
        }
        if !objects.list.is_empty() || !vertices.is_empty() {
            self.chunks.push(Chunk { at, objects: objects.list, vertices });
        }
        Ok(())
    }
}

/// EPSG code of a reference system written as a URL, a URN or `EPSG:n`.
pub(super) fn epsg(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let after = &upper[upper.find("EPSG")? + 4..];
    // A compound URN names the horizontal system first.
    let code = after.split(',').next()?.rsplit(['/', ':']).find(|s| !s.is_empty())?;
    code.parse().ok().filter(|&n| n > 0)
}

#[cfg(test)]
mod tests {
    use super::epsg;

    #[test]
    fn reference_systems_in_three_spellings() {
        assert_eq!(epsg("https://www.opengis.net/def/crs/EPSG/0/7415"), Some(7415));
        assert_eq!(epsg("urn:ogc:def:crs:EPSG::7415"), Some(7415));
        assert_eq!(epsg("EPSG:4549"), Some(4549));
        assert_eq!(epsg("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783"), Some(3068));
        assert_eq!(epsg("https://www.opengis.net/def/crs/OGC/0/CRS84"), None);
    }
}
