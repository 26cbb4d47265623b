//! Shapefiles (ESRI, 1998): `.shp` with its `.dbf`, `.prj` and `.cpg`.
//!
//! The shapes are decoded by the `shapefile` crate. It trusts the counts in the file, so those are checked here
//! first, and a record that would make it reserve more than the file holds is refused.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use shapefile::{Multipatch, Patch, PolygonRing, Shape, ShapeReader};

use super::{dbf, patches::plan};
use crate::import::{
    ImportError, Report, Severity,
    geojson_layers::{Document, Feature, Geometry, Take},
    raster::sidecar_crs,
};

/// Longest record, bytes: a polygon of thirty million corners.
const MAX_RECORD: usize = 512 << 20;

/// Goes through a shapefile by the path of its `.shp`, record after record, and hands it on batch after batch.
pub fn each(path: &Path, report: &mut Report, take: Take<'_>) -> Result<(), ImportError> {
    let fail = |place: &str, reason: String| ImportError::new(path, place, reason);
    let file = File::open(path).map_err(|e| fail("", format!("cannot be read: {e}")))?;
    let mut records = Records::new(BufReader::with_capacity(1 << 17, file)).map_err(|reason| fail("", reason))?;
    let mut table = match beside(path, "dbf") {
        Some(table) => dbf::open(&table, report)
            .map_err(|reason| {
                report.note(Severity::Skipped, ".dbf", format!("{reason}; the shapes have no attributes"));
            })
            .ok(),
        None => {
            report.note(Severity::Guessed, ".dbf", "no .dbf file beside it; the shapes have no attributes");
            None
        }
    };
    let rows = table.as_ref().map(|t| t.rows);
    let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mut document = Document { name, crs: sidecar_crs(path).map(|(crs, _)| crs), ..Document::default() };
    let mut n = 0;
    while let Some(read) = records.next() {
        n += 1;
        let read = read.map_err(|reason| fail("", reason))?;
        let at = format!("record {n}");
        let row = match table.as_mut().and_then(Iterator::next) {
            None => Some(Map::new()),
            Some(Ok(row)) => row,
            Some(Err(reason)) => {
                report.note(Severity::Skipped, ".dbf", format!("{reason}; the shapes have no attributes"));
                table = None;
                Some(Map::new())
            }
        };
        let Some(mut properties) = row else { continue };
        let shape = match read.and_then(|()| records.shape()) {
            Ok(shape) => shape,
            Err(reason) => {
                report.note(Severity::Skipped, at, reason);
                continue;
            }
        };
        let geometry = match shape {
            Shape::Multipatch(patch) => {
                let drawn = multipatch(&patch, &mut properties);
                let text = match drawn {
                    Some((_, true)) => "a MultiPatch without floor and roof is drawn as its hull raised to its height",
                    _ => "a MultiPatch is drawn as its outline raised to its height",
                };
                report.note(Severity::Guessed, at.clone(), text);
                drawn.map(|(geometry, _)| geometry)
            }
            shape => geometry(shape),
        };
        document.push(Feature { geometry, properties: Some(properties), at }, take)?;
    }
    if let Some(rows) = rows.filter(|rows| *rows != n) {
        let text = format!("{rows} rows of attributes for {n} shapes; matched from the first");
        report.note(Severity::Repaired, ".dbf", text);
    }
    document.flush(take)
}

/// A file of the same name with another extension, whatever its case.
fn beside(path: &Path, extension: &str) -> Option<PathBuf> {
    let upper = extension.to_ascii_uppercase();
    [extension, upper.as_str()].iter().map(|e| path.with_extension(e)).find(|p| p.is_file())
}

/// The records of a `.shp`, one at a time. Checks every count that sizes something.
struct Records<R> {
    reader: R,
    /// The file's header.
    head: [u8; 100],
    /// Content of the record at hand.
    content: Vec<u8>,
    at: u64,
    size: u64,
}

impl<R: Read + Seek> Records<R> {
    fn new(mut reader: R) -> Result<Self, String> {
        let io = |e: std::io::Error| format!("cannot be read: {e}");
        let mut head = [0; 100];
        let whole = reader.read_exact(&mut head).is_ok();
        if !whole || head[..4] != 9994_i32.to_be_bytes() {
            return Err("not a shapefile: no header of 100 bytes that begins with 9994".into());
        }
        let size = reader.seek(SeekFrom::End(0)).map_err(io)?;
        reader.seek(SeekFrom::Start(100)).map_err(io)?;
        Ok(Self { reader, head, content: Vec::new(), at: 100, size })
    }

    /// Reads the next record. The outer error ends the file, the inner one costs the record.
    fn next(&mut self) -> Option<Result<Result<(), String>, String>> {
        if self.at + 8 > self.size {
            return None;
        }
        let at = self.at;
        let mut head = [0; 8];
        if let Err(error) = self.reader.read_exact(&mut head) {
            return Some(Err(format!("cannot be read: {error}")));
        }
        let words = i32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        if words < 2 {
            return Some(Err(format!("byte {at}: a record without content")));
        }
        let bytes = 2 * words as u64;
        self.at = at + 8 + bytes;
        if self.at > self.size {
            return Some(Ok(Err("the record is cut off".into())));
        }
        if bytes > MAX_RECORD as u64 {
            let skipped = self.reader.seek(SeekFrom::Start(self.at));
            return Some(
                skipped.map(|_| Err(format!("a record of {bytes} bytes is too long"))).map_err(|e| e.to_string()),
            );
        }
        self.content.resize(bytes as usize, 0);
        if let Err(error) = self.reader.read_exact(&mut self.content) {
            return Some(Err(format!("cannot be read: {error}")));
        }
        Some(Ok(possible(&self.content)))
    }

    /// The shape of the record at hand.
    fn shape(&self) -> Result<Shape, String> {
        shape(&self.head, &self.content)
    }
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
fn shape(head: &[u8; 100], content: &[u8]) -> Result<Shape, String> {
    let words = (content.len() / 2) as i32;
    let mut one = head.to_vec();
    one[24..28].copy_from_slice(&(50 + 4 + words).to_be_bytes());
    // The type of the header must be the record's.
    one[32..36].copy_from_slice(&content[..4]);
    one.extend(1_i32.to_be_bytes());
    one.extend(words.to_be_bytes());
    one.extend(content);
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut reader = ShapeReader::new(Cursor::new(one)).map_err(|e| e.to_string())?;
        reader.iter_shapes().next().unwrap_or(Ok(Shape::NullShape)).map_err(|e| e.to_string())
    }));
    match read {
        Ok(Ok(shape)) => Ok(shape),
        Ok(Err(reason)) => Err(format!("the shape cannot be decoded: {reason}")),
        Err(_) => Err("the shape holds values that the format does not allow".into()),
    }
}

/// A body of patches as its plan, with its height as an attribute where there is none.
fn multipatch(patch: &Multipatch, properties: &mut Map<String, Value>) -> Option<(Geometry, bool)> {
    let heights = patch.patches().iter().flat_map(Patch::points).map(|p| p.z);
    let heights = heights.filter(|z| z.is_finite() && z.abs() < 1e5);
    let (low, high) = heights.fold((f64::MAX, f64::MIN), |(l, h), z| (l.min(z), h.max(z)));
    let (polygons, hulled) = plan(patch)?;
    if high > low {
        properties.entry("height").or_insert_with(|| json!(high - low));
    }
    properties.entry("building").or_insert_with(|| json!("yes"));
    Some((Geometry { kind: "MultiPolygon".into(), coordinates: json!(polygons), geometries: Vec::new() }, hulled))
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
