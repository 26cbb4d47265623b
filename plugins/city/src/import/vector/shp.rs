//! Shapefiles (ESRI, 1998): `.shp` with its `.dbf`, `.prj` and `.cpg`.
//!
//! The shapes are decoded by the `shapefile` crate. It trusts the counts in the file, so those are checked here
//! first, and a record that would make it reserve more than the file holds is refused.

use std::{
    fs,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use shapefile::{PolygonRing, Shape, ShapeReader};

use super::dbf;
use crate::import::{
    ImportError, Report, Severity,
    geojson_layers::{Document, Feature, Geometry, Take},
    raster::sidecar_crs,
};

/// Larger files are refused: a shapefile cannot be (its offsets have 32 bits of 16-bit words).
const MAX_BYTES: u64 = 8 << 30;

/// Goes through a shapefile by the path of its `.shp`, batch after batch.
pub fn each(path: &Path, report: &mut Report, take: Take<'_>) -> Result<(), ImportError> {
    let fail = |place: &str, reason: String| ImportError::new(path, place, reason);
    let size = fs::metadata(path).map_err(|e| fail("", format!("cannot be read: {e}")))?.len();
    if size > MAX_BYTES {
        return Err(fail("", format!("{size} bytes are more than a shapefile can have")));
    }
    let bytes = fs::read(path).map_err(|e| fail("", format!("cannot be read: {e}")))?;
    let records = records(&bytes).map_err(|reason| fail("", reason))?;
    let table = beside(path, "dbf");
    let mut rows = match &table {
        Some(table) => dbf::read(table, report).unwrap_or_else(|reason| {
            report.note(Severity::Skipped, ".dbf", format!("{reason}; the shapes have no attributes"));
            Vec::new()
        }),
        None => {
            report.note(Severity::Guessed, ".dbf", "no .dbf file beside it; the shapes have no attributes");
            Vec::new()
        }
    };
    if !rows.is_empty() && rows.len() != records.len() {
        let text = format!("{} rows of attributes for {} shapes; matched from the first", rows.len(), records.len());
        report.note(Severity::Repaired, ".dbf", text);
    }
    rows.resize(records.len(), Some(serde_json::Map::new()));
    let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mut document = Document { name, crs: sidecar_crs(path).map(|(crs, _)| crs), ..Document::default() };
    for (n, (record, row)) in records.into_iter().zip(rows).enumerate() {
        let Some(properties) = row else { continue };
        let at = format!("record {}", n + 1);
        let geometry = match record.and_then(|range| shape(&bytes, range)) {
            Ok(geometry) => geometry,
            Err(reason) => {
                report.note(Severity::Skipped, at, reason);
                continue;
            }
        };
        document.push(Feature { geometry, properties: Some(properties), at }, take)?;
    }
    document.flush(take)
}

/// A file of the same name with another extension, whatever its case.
fn beside(path: &Path, extension: &str) -> Option<PathBuf> {
    let upper = extension.to_ascii_uppercase();
    [extension, upper.as_str()].iter().map(|e| path.with_extension(e)).find(|p| p.is_file())
}

/// Byte ranges of the records' contents, or why one is impossible. Checks every count that sizes something.
fn records(bytes: &[u8]) -> Result<Vec<Result<std::ops::Range<usize>, String>>, String> {
    let be = |at: usize| bytes.get(at..at + 4).and_then(|b| b.first_chunk()).map(|b| i32::from_be_bytes(*b));
    if bytes.len() < 100 || be(0) != Some(9994) {
        return Err("not a shapefile: no header of 100 bytes that begins with 9994".into());
    }
    let mut found = Vec::new();
    let mut at = 100;
    while at + 8 <= bytes.len() {
        let words = be(at + 4).filter(|w| *w >= 2).ok_or_else(|| format!("byte {at}: a record without content"))?;
        let (start, end) = (at + 8, at + 8 + 2 * words as usize);
        if end > bytes.len() {
            found.push(Err("the record is cut off".into()));
            break;
        }
        found.push(possible(&bytes[start..end]).map(|()| start..end));
        at = end;
    }
    Ok(found)
}

fn possible(content: &[u8]) -> Result<(), String> {
    let le = |at: usize| content.get(at..at + 4).and_then(|b| b.first_chunk()).map_or(0, |b| i32::from_le_bytes(*b));
    let room = (content.len() / 4) as i32;
    let (parts, points) = match le(0) {
        3 | 5 | 13 | 15 | 23 | 25 | 31 => (le(36), le(40)),
        8 | 18 | 28 => (0, le(36)),
        0 | 1 | 11 | 21 => (0, 0),
        other => return Err(format!("a shape of the unknown type {other}")),
    };
    if parts < 0 || points < 0 || parts > room || points > room / 4 + 1 {
        return Err(format!("{parts} parts and {points} points in a record of {} bytes", content.len()));
    }
    // Parts begin at points, in order.
    let starts: Vec<i32> = (0..parts as usize).map(|i| le(44 + 4 * i)).collect();
    if starts.windows(2).any(|w| w[0] >= w[1]) || starts.iter().any(|s| *s < 0 || *s >= points) {
        return Err("parts that do not follow one another".into());
    }
    Ok(())
}

/// One record through the crate: as a file of its own, so that one bad record costs only itself.
fn shape(bytes: &[u8], content: std::ops::Range<usize>) -> Result<Option<Geometry>, String> {
    let words = (content.len() / 2) as i32;
    let mut one = bytes[..100].to_vec();
    one[24..28].copy_from_slice(&(50 + 4 + words).to_be_bytes());
    // The type of the header must be the record's.
    one[32..36].copy_from_slice(&bytes[content.start..content.start + 4]);
    one.extend(1_i32.to_be_bytes());
    one.extend(words.to_be_bytes());
    one.extend(&bytes[content]);
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut reader = ShapeReader::new(Cursor::new(one)).map_err(|e| e.to_string())?;
        reader.iter_shapes().next().unwrap_or(Ok(Shape::NullShape)).map_err(|e| e.to_string())
    }));
    match read {
        Ok(Ok(shape)) => Ok(geometry(shape)),
        Ok(Err(reason)) => Err(format!("the shape cannot be decoded: {reason}")),
        Err(_) => Err("the shape holds values that the format does not allow".into()),
    }
}

fn line<P>(points: &[P], xy: impl Fn(&P) -> [f64; 2]) -> Value {
    points.iter().map(|p| json!(xy(p))).collect()
}

fn lines<P>(parts: &[Vec<P>], xy: impl Fn(&P) -> [f64; 2] + Copy) -> Option<Geometry> {
    let coordinates = parts.iter().map(|p| line(p, xy)).collect();
    Some(Geometry { kind: "MultiLineString".into(), coordinates, geometries: Vec::new() })
}

/// Outer rings begin polygons; inner ones belong to the polygon before, as the crate orders them.
fn polygons<P>(rings: &[PolygonRing<P>], xy: impl Fn(&P) -> [f64; 2] + Copy) -> Option<Geometry> {
    let mut all: Vec<Vec<Value>> = Vec::new();
    for ring in rings {
        match ring {
            PolygonRing::Outer(points) => all.push(vec![line(points, xy)]),
            PolygonRing::Inner(points) => match all.last_mut() {
                Some(polygon) => polygon.push(line(points, xy)),
                // Written with the wrong turn: better a shape than a hole in nothing.
                None => all.push(vec![line(points, xy)]),
            },
        }
    }
    let coordinates = all.into_iter().map(Value::Array).collect();
    Some(Geometry { kind: "MultiPolygon".into(), coordinates, geometries: Vec::new() })
}

fn geometry(shape: Shape) -> Option<Geometry> {
    let point =
        |x: f64, y: f64| Some(Geometry { kind: "Point".into(), coordinates: json!([x, y]), geometries: vec![] });
    let many = |coordinates: Value| Some(Geometry { kind: "MultiPoint".into(), coordinates, geometries: vec![] });
    match shape {
        Shape::NullShape | Shape::Multipatch(_) => None,
        Shape::Point(p) => point(p.x, p.y),
        Shape::PointM(p) => point(p.x, p.y),
        Shape::PointZ(p) => point(p.x, p.y),
        Shape::Multipoint(m) => many(line(m.points(), |p| [p.x, p.y])),
        Shape::MultipointM(m) => many(line(m.points(), |p| [p.x, p.y])),
        Shape::MultipointZ(m) => many(line(m.points(), |p| [p.x, p.y])),
        Shape::Polyline(l) => lines(l.parts(), |p| [p.x, p.y]),
        Shape::PolylineM(l) => lines(l.parts(), |p| [p.x, p.y]),
        Shape::PolylineZ(l) => lines(l.parts(), |p| [p.x, p.y]),
        Shape::Polygon(p) => polygons(p.rings(), |p| [p.x, p.y]),
        Shape::PolygonM(p) => polygons(p.rings(), |p| [p.x, p.y]),
        Shape::PolygonZ(p) => polygons(p.rings(), |p| [p.x, p.y]),
    }
}
