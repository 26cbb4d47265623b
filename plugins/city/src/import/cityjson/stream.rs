//! The objects of a file, batch after batch.

use std::{
    fmt,
    io::{BufRead, Read},
};

use rayon::prelude::*;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::{
    file::{Chunk, CityObject, Feature, Transform, note_twice},
    head::{Body, Head, Input, placed},
    kin::Gathering,
    vertex::Vertex,
};
use crate::import::{ImportError, Report, Severity, peek::grow};

/// Families or lines in a batch.
const BATCH: usize = 1024;
/// Bytes of lines in a batch; one line may be longer.
const BATCH_BYTES: usize = 8 << 20;
/// Longest line, bytes.
const MAX_LINE: u64 = 1 << 30;

/// Takes a batch; false when it needs no more.
type Take<'a> = &'a mut dyn FnMut(Vec<Chunk>) -> Result<bool, ImportError>;

/// Goes through a file. Families of objects come whole; features come as they stand.
pub(super) fn batches(input: Input<'_>, head: &Head, take: Take<'_>) -> Result<(), ImportError> {
    match head.body {
        Body::Whole => whole(input, head, "", take).map(|_| ()),
        Body::Lone => lone(input, take),
        Body::Lines { from, line } => {
            // The head of a sequence may have objects of its own.
            if !head.families.is_empty() && !whole(input, head, "line 1: ", take)? {
                return Ok(());
            }
            lines(input, from, line, &mut |batch| {
                let read = |(line, text): &(usize, Vec<u8>)| feature(input, head, *line, text);
                take(batch.par_iter().map(read).collect::<Result<_, _>>()?)
            })
        }
    }
}

/// West, south, low, east, north, high of all vertices.
pub(super) fn extent(input: Input<'_>, head: &Head) -> Result<Option<[f64; 6]>, ImportError> {
    #[derive(Deserialize)]
    struct Places {
        #[serde(rename = "type", default)]
        kind: Option<String>,
        #[serde(default)]
        transform: Option<Transform>,
        #[serde(default)]
        vertices: Option<Vec<Vertex>>,
    }
    let mut extent = None;
    head.vertices.iter().for_each(|&v| grow(&mut extent, v));
    let (from, line) = match head.body {
        Body::Whole => return Ok(extent),
        Body::Lone => {
            lone(input, &mut |chunks| {
                chunks.iter().flat_map(|c| &c.vertices).for_each(|&v| grow(&mut extent, v));
                Ok(true)
            })?;
            return Ok(extent);
        }
        Body::Lines { from, line } => (from, line),
    };
    lines(input, from, line, &mut |batch| {
        let read = |(_, text): &(usize, Vec<u8>)| {
            let mut own = None;
            let feature = serde_json::from_slice::<Places>(text).ok();
            let feature = feature.filter(|f| f.kind.as_deref() == Some("CityJSONFeature"));
            let Some(Places { transform, vertices, .. }) = feature else { return own };
            let transform = transform.or(head.transform);
            for Vertex(v) in vertices.unwrap_or_default() {
                let mut v = transform.map_or(v, |t| t.apply(v));
                if head.turned {
                    v.swap(0, 1);
                }
                grow(&mut own, v);
            }
            own
        };
        for e in batch.par_iter().map(read).collect::<Vec<_>>().into_iter().flatten() {
            grow(&mut extent, [e[0], e[1], e[2]]);
            grow(&mut extent, [e[3], e[4], e[5]]);
        }
        Ok(true)
    })?;
    Ok(extent)
}

/// Reads lines that are not blank, with their numbers, in batches.
fn lines(
    input: Input<'_>,
    from: u64,
    mut line: usize,
    take: &mut dyn FnMut(Vec<(usize, Vec<u8>)>) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    let mut reader = input.open(from)?;
    let (mut batch, mut bytes) = (Vec::new(), 0);
    loop {
        let mut text = Vec::new();
        let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut text);
        let n = read.map_err(|e| input.fail(format!("line {line}"), format!("cannot be read: {e}")))?;
        if n as u64 == MAX_LINE {
            return Err(input.fail(format!("line {line}"), "the line is longer than 1 GiB"));
        }
        bytes += n;
        if !text.iter().all(u8::is_ascii_whitespace) {
            batch.push((line, text));
        }
        line += 1;
        if n == 0 || batch.len() == BATCH || bytes > BATCH_BYTES {
            bytes = 0;
            if !take(std::mem::take(&mut batch))? || n == 0 {
                return Ok(());
            }
        }
    }
}

/// A line of a sequence. A line that is no feature costs only itself.
fn feature(input: Input<'_>, head: &Head, line: usize, text: &[u8]) -> Result<Chunk, ImportError> {
    let mut chunk = Chunk { at: format!("line {line}: "), ..Chunk::default() };
    // What differs from line to line goes into the place, so that equal faults are counted together.
    let feature = match serde_json::from_slice::<Feature>(text) {
        Ok(feature) => feature,
        Err(error) => {
            let reason = "the line is not a CityJSONFeature and is left out";
            chunk.notes.note(Severity::Skipped, error.to_string(), reason);
            return Ok(chunk);
        }
    };
    if feature.kind.as_deref() != Some("CityJSONFeature") {
        let reason = "expected a CityJSONFeature on every line after the header";
        chunk.notes.note(Severity::Skipped, "type", reason);
        return Ok(chunk);
    }
    if let Some(detail) = feature.unresolved() {
        let reason = "the feature's root object is not in it; the feature is left out";
        chunk.notes.note(Severity::Skipped, detail, reason);
        return Ok(chunk);
    }
    let transform = feature.transform.or(head.transform);
    fill(input, &mut chunk, feature, transform)?;
    if head.turned {
        chunk.vertices.iter_mut().for_each(|v| v.swap(0, 1));
    }
    Ok(chunk)
}

fn fill(
    input: Input<'_>,
    chunk: &mut Chunk,
    feature: Feature,
    transform: Option<Transform>,
) -> Result<(), ImportError> {
    let objects = feature.objects.unwrap_or_default();
    chunk.feature = true;
    chunk.notes.merge(objects.notes);
    let mut odd = Report::default();
    chunk.vertices = placed(feature.vertices.unwrap_or_default(), transform, "", input, &mut odd)
        .map_err(|e| input.fail(format!("{}{}", chunk.at, e.place), e.reason))?;
    chunk.notes.merge(odd);
    chunk.objects = objects.list;
    chunk.appearance = feature.appearance;
    Ok(())
}

/// A feature that is the whole file.
fn lone(input: Input<'_>, take: Take<'_>) -> Result<(), ImportError> {
    let mut bytes = Vec::new();
    let read = input.open(0)?.take(MAX_LINE).read_to_end(&mut bytes);
    read.map_err(|e| input.fail("", format!("cannot be read: {e}")))?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let feature: Feature = serde_json::from_slice(text)
        .map_err(|e| input.fail(format!("line {}", e.line()), format!("not CityJSON: {e}")))?;
    if let Some(reason) = feature.unresolved() {
        return Err(input.fail("id", reason));
    }
    let mut chunk = Chunk::default();
    let transform = feature.transform;
    fill(input, &mut chunk, feature, transform)?;
    take(vec![chunk]).map(|_| ())
}

/// Goes through the objects of a CityJSON object; false when it was told to stop.
fn whole(input: Input<'_>, head: &Head, at: &str, take: Take<'_>) -> Result<bool, ImportError> {
    let mut pass = Pass {
        gathering: Gathering::new(&head.families),
        seen: std::collections::HashSet::new(),
        at,
        batch: Vec::new(),
        notes: Report::default(),
        take,
        end: None,
    };
    let mut reader = input.open(0)?;
    if reader.fill_buf().is_ok_and(|b| b.starts_with(b"\xEF\xBB\xBF")) {
        reader.consume(3);
    }
    let read = Top(&mut pass).deserialize(&mut serde_json::Deserializer::from_reader(reader));
    match (pass.end.take(), read) {
        (Some(Ok(())), _) => return Ok(false),
        (Some(Err(error)), _) => return Err(error),
        (None, Err(error)) => {
            return Err(input.fail(format!("line {}", error.line()), format!("not CityJSON: {error}")));
        }
        (None, Ok(())) => {}
    }
    let Pass { gathering, mut batch, notes, take, .. } = pass;
    let chunk = |objects| Chunk { at: at.to_owned(), objects, ..Chunk::default() };
    batch.extend(gathering.rest().map(chunk));
    batch.push(Chunk { at: at.to_owned(), notes, ..Chunk::default() });
    take(batch)
}

/// One pass over `CityObjects`.
struct Pass<'a, 'f> {
    gathering: Gathering<'a>,
    seen: std::collections::HashSet<String>,
    at: &'a str,
    batch: Vec<Chunk>,
    notes: Report,
    take: Take<'f>,
    /// Set when the pass ends before the objects do.
    end: Option<Result<(), ImportError>>,
}

impl Pass<'_, '_> {
    /// Takes an object; false to stop.
    fn object(&mut self, id: String, value: Value) -> bool {
        if !self.seen.insert(id.clone()) {
            note_twice(&id, &mut self.notes);
            return true;
        }
        let object = CityObject::read(id, value, &mut self.notes);
        if let Some(objects) = object.and_then(|object| self.gathering.take(object)) {
            self.batch.push(Chunk { at: self.at.to_owned(), objects, ..Chunk::default() });
        }
        if self.batch.len() < BATCH {
            return true;
        }
        match (self.take)(std::mem::take(&mut self.batch)) {
            Ok(true) => return true,
            Ok(false) => self.end = Some(Ok(())),
            Err(error) => self.end = Some(Err(error)),
        }
        false
    }
}

/// The document: all but its objects is passed over.
struct Top<'p, 'a, 'f>(&'p mut Pass<'a, 'f>);

/// The objects, one at a time.
struct Entries<'p, 'a, 'f>(&'p mut Pass<'a, 'f>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CityJSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "CityObjects" {
                map.next_value_seed(Entries(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CityObjects as a JSON object")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((id, value)) = map.next_entry::<String, Value>()? {
            if !self.0.object(id, value) {
                return Err(A::Error::custom("no more is needed"));
            }
        }
        Ok(())
    }
}
