//! What a file says before its objects: version, reference system, transform, appearance, templates.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use serde::Deserialize;
use serde_json::{Deserializer, Map, Value};

use super::{
    file::{Transform, epsg},
    geometry::Templates,
    kin::Families,
    paint::Appearance,
    vertex::Vertex,
};
use crate::import::{ImportError, Report, Severity, packed};

/// Largest whole number a JSON reader keeps exactly, 2^53.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
/// Longest first line that is looked at by itself, bytes.
const MAX_HEAD_LINE: u64 = 64 << 20;

/// A file, or bytes in its place: read more than once, never whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a> {
    pub path: &'a Path,
    /// Instead of the file's own.
    pub bytes: Option<&'a [u8]>,
}

impl<'a> Input<'a> {
    /// From a byte on.
    pub fn open(&self, from: u64) -> Result<Box<dyn BufRead + Send + 'a>, ImportError> {
        let fail = |e: std::io::Error| ImportError::new(self.path, "", format!("cannot be read: {e}"));
        match self.bytes {
            Some(bytes) => Ok(packed::bytes_from(bytes, from)),
            None => packed::open_from(self.path, from).map(|file| file as _).map_err(fail),
        }
    }

    pub fn fail(&self, place: impl Into<String>, reason: impl Into<String>) -> ImportError {
        ImportError::new(self.path, place, reason)
    }
}

/// The first JSON value of a file, without its objects' content.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    version: Option<Value>,
    #[serde(default)]
    transform: Option<Transform>,
    #[serde(default)]
    metadata: Option<Value>,
    #[serde(default)]
    appearance: Option<Appearance>,
    #[serde(default)]
    extensions: Option<Value>,
    #[serde(rename = "geometry-templates", default)]
    templates: Option<Value>,
    #[serde(rename = "CityObjects", default)]
    families: Option<Families>,
    #[serde(default)]
    vertices: Option<Vec<Vertex>>,
}

/// How the objects are stored.
#[derive(Debug, Default)]
pub(super) enum Body {
    /// One CityJSON object: families of its objects share these vertices.
    #[default]
    Whole,
    /// A feature by itself.
    Lone,
    /// Features on lines, from this byte and line on.
    Lines { from: u64, line: usize },
}

/// A head, judged.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub body: Body,
    pub version: String,
    pub epsg: Option<u32>,
    pub transform: Option<Transform>,
    pub templates: Templates,
    /// Materials, pictures, texture coordinates.
    pub appearance: Appearance,
    pub extensions: usize,
    /// Who belongs to whom; of a whole file or of the head of a sequence.
    pub families: Families,
    /// After the transform; NaN for bad ones.
    pub vertices: Vec<[f64; 3]>,
    /// The file writes northing first; everything read from it is turned.
    pub turned: bool,
    pub report: Report,
}

impl Head {
    /// True for a CityJSONSeq or a single feature.
    pub fn sequence(&self) -> bool {
        !matches!(self.body, Body::Whole)
    }

    /// Reads the head of a file.
    pub fn read(input: Input<'_>) -> Result<Self, ImportError> {
        let start = begin(input)?;
        let mut values = Deserializer::from_reader(input.open(start)?).into_iter::<Document>();
        let document = match values.next() {
            Some(Ok(document)) => document,
            Some(Err(error)) => return Err(refused(input, start, &error)),
            None => return Err(input.fail("", "the file is empty; expected CityJSON")),
        };
        let end = start + values.byte_offset() as u64;
        drop(values);
        let rest = rest(input, start, end)?;
        let mut head = Self::default();
        match (document.kind.as_deref(), rest) {
            (Some("CityJSON"), rest) => {
                let at = if rest.is_some() { "line 1: " } else { "" };
                head.judge(input, &document)?;
                head.appearance = document.appearance.unwrap_or_default();
                head.transform = head.judged_transform(input, document.transform, at)?;
                head.vertices =
                    placed(document.vertices.unwrap_or_default(), head.transform, at, input, &mut head.report)?;
                head.families = document.families.unwrap_or_default();
                head.body = rest.unwrap_or_default();
            }
            (Some("CityJSONFeature"), None) => {
                head.body = Body::Lone;
                head.report.note(
                    Severity::Guessed,
                    "",
                    "a feature without a CityJSON header line; its vertices are taken without a transform",
                );
            }
            (Some("CityJSONFeature"), Some(_)) => {
                head.body = Body::Lines { from: start, line: 1 };
                head.report.note(
                    Severity::Guessed,
                    "line 1",
                    "no CityJSON header line before the features; vertices are taken without a transform",
                );
            }
            (other, None) => return Err(input.fail("type", wrong_type(other))),
            (other, Some(_)) => return Err(input.fail("line 1", wrong_type(other))),
        }
        Ok(head)
    }

    /// Judges version, CRS and appearance of the head.
    fn judge(&mut self, input: Input<'_>, head: &Document) -> Result<(), ImportError> {
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
            let reason = format!(
                "CityJSON version {version:?} is not supported; expected 1.0, 1.1 or 2.0 (cjio FILE upgrade save OUT)"
            );
            return Err(input.fail("version", reason));
        }
        self.version = version;
        if let Some(reference) = head.metadata.as_ref().and_then(|m| m.get("referenceSystem")) {
            self.reference(reference);
        }
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

    fn judged_transform(
        &mut self,
        input: Input<'_>,
        transform: Option<Transform>,
        at: &str,
    ) -> Result<Option<Transform>, ImportError> {
        match transform {
            Some(t) if !t.scale.iter().chain(&t.translate).all(|v| v.is_finite() && v.abs() <= MAX_EXACT) => {
                Err(input.fail(format!("{at}transform"), "scale or translate is out of range"))
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
}

/// Where the text begins: after a byte order mark. Fails when there is none.
fn begin(input: Input<'_>) -> Result<u64, ImportError> {
    let mut reader = input.open(0)?;
    let fail = |e: std::io::Error| input.fail("", format!("cannot be read: {e}"));
    let start = if reader.fill_buf().map_err(fail)?.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    reader.consume(start);
    if blank(&mut reader).map_err(fail)? {
        return Err(input.fail("", "the file is empty; expected CityJSON"));
    }
    Ok(start as u64)
}

/// True when nothing but white space is left.
fn blank(reader: &mut impl BufRead) -> std::io::Result<bool> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(true);
        }
        if !buffer.iter().all(u8::is_ascii_whitespace) {
            return Ok(false);
        }
        let n = buffer.len();
        reader.consume(n);
    }
}

/// Where the lines after the first value begin; `None` when there are none.
fn rest(input: Input<'_>, start: u64, end: u64) -> Result<Option<Body>, ImportError> {
    let fail = |e: std::io::Error| input.fail("", format!("cannot be read: {e}"));
    if blank(&mut input.open(end)?).map_err(fail)? {
        return Ok(None);
    }
    // Lines up to the end of the value; the value itself must be on one.
    let mut before = input.open(start)?.take(end - start);
    let (mut line, mut begun) = (1, false);
    let mut spread = false;
    loop {
        let buffer = before.fill_buf().map_err(fail)?;
        if buffer.is_empty() {
            break;
        }
        for &b in buffer {
            begun |= !b.is_ascii_whitespace();
            line += usize::from(b == b'\n');
            spread |= begun && b == b'\n';
        }
        let n = buffer.len();
        before.consume(n);
    }
    if spread {
        return Err(
            input.fail(format!("line {line}"), "not valid JSON: more text after the end of the CityJSON object")
        );
    }
    Ok(Some(Body::Lines { from: end, line }))
}

/// Why the first value is none.
fn refused(input: Input<'_>, start: u64, error: &serde_json::Error) -> ImportError {
    // A line of its own that does not end is the broken head of a sequence; a lone bracket is the
    // beginning of a pretty-printed object.
    if input.path.extension().is_some_and(|e| e == "jsonl")
        && let Ok(reader) = input.open(start)
    {
        let mut first = Vec::new();
        let mut reader = reader.take(MAX_HEAD_LINE);
        while first.iter().all(u8::is_ascii_whitespace) {
            first.clear();
            if reader.read_until(b'\n', &mut first).unwrap_or(0) == 0 {
                break;
            }
        }
        if first.len() > 40
            && let Err(error) = serde_json::from_slice::<Document>(&first)
        {
            return input.fail("line 1", format!("not valid JSON: {error}"));
        }
    }
    let place = if error.line() > 0 { format!("line {}", error.line()) } else { String::new() };
    let what = if error.is_data() { "not CityJSON" } else { "not valid JSON" };
    input.fail(place, format!("{what}: {error}"))
}

fn wrong_type(kind: Option<&str>) -> String {
    match kind {
        None => "the top-level \"type\" is missing; expected \"CityJSON\" or \"CityJSONFeature\"".into(),
        Some(other) => format!("the top-level \"type\" is {other:?}; expected \"CityJSON\" or \"CityJSONFeature\""),
    }
}

/// Stored vertices in the file's CRS.
pub(super) fn placed(
    stored: Vec<Vertex>,
    transform: Option<Transform>,
    at: &str,
    input: Input<'_>,
    report: &mut Report,
) -> Result<Vec<[f64; 3]>, ImportError> {
    let mut out = Vec::with_capacity(stored.len());
    for (n, Vertex(v)) in stored.into_iter().enumerate() {
        if v.iter().any(|x| x.abs() > MAX_EXACT) {
            let reason = "a stored coordinate is beyond 2^53 and cannot be read exactly";
            return Err(input.fail(format!("{at}vertices[{n}]"), reason));
        }
        if v.iter().any(|x| x.is_nan()) {
            report.note(Severity::Skipped, format!("{at}vertices[{n}]"), "a vertex is not three numbers");
        }
        out.push(transform.map_or(v, |t| t.apply(v)));
    }
    Ok(out)
}
