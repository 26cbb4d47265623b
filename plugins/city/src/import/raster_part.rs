//! Of a raster that covers far more than the city, only the part around the city is read.

use std::path::Path;

use guanlan_geography::{LocalFrame, Transformer};

use super::{
    ImportError, Report, Severity, archive,
    assemble::MARGIN_M,
    gather::Window,
    place_files::Source,
    raster::{SourceRaster, invert},
    raster_file,
    steps::Piece,
};
use crate::model::City;

/// Parts are told in steps of this many metres, so that a house more does not ask for another part.
const STEP_M: f64 = 500.0;
/// Cells read beyond the part, for the means at its edge.
const EDGE: f64 = 4.0;

/// West, south, east, north, local m.
type Bounds = [i64; 4];

/// Where the other files lie; `None` when none of them says.
pub(super) fn around<'a>(sources: impl Iterator<Item = &'a Source>, frame: &LocalFrame) -> Option<[f64; 4]> {
    let mut all: Option<[f64; 4]> = None;
    for own in sources.filter_map(|s| bounds(s, frame)) {
        let b = all.get_or_insert(own);
        *b = [b[0].min(own[0]), b[1].min(own[1]), b[2].max(own[2]), b[3].max(own[3])];
    }
    all
}

/// A file's extent in the frame.
fn bounds(source: &Source, frame: &LocalFrame) -> Option<[f64; 4]> {
    let e = source.extent?;
    let there = match &source.crs {
        Some(crs) => Some(Transformer::new(crs.clone(), format!("EPSG:{}", frame.epsg)).ok()?),
        None => None,
    };
    let mut found: Option<[f64; 4]> = None;
    for p in edge([e[0], e[1], e[3], e[4]]) {
        let p = match &there {
            Some(there) => there.transform(p).ok()?,
            None => p,
        };
        let [x, y] = frame.to_local(p);
        if !(x.is_finite() && y.is_finite()) {
            return None;
        }
        let b = found.get_or_insert([x, y, x, y]);
        *b = [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)];
    }
    found
}

/// Points along the outline of a rectangle.
fn edge([w, s, e, n]: [f64; 4]) -> impl Iterator<Item = [f64; 2]> {
    (0..=16).flat_map(move |i| {
        let t = f64::from(i) / 16.0;
        let (x, y) = (w + t * (e - w), s + t * (n - s));
        [[x, s], [x, n], [w, y], [e, y]]
    })
}

/// The part of a raster that is read: `None` for all of it, when it does not cover far more than the city.
pub(super) fn part_wanted(source: &Source, frame: &LocalFrame, around: Option<[f64; 4]>) -> Option<Bounds> {
    let (a, own) = (around?, bounds(source, frame)?);
    let down = |v: f64| ((v - MARGIN_M) / STEP_M).floor() as i64 * STEP_M as i64;
    let up = |v: f64| ((v + MARGIN_M) / STEP_M).ceil() as i64 * STEP_M as i64;
    let part = [down(a[0]), down(a[1]), up(a[2]), up(a[3])];
    let area = |b: [f64; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let apart = a[0] > own[2] || a[2] < own[0] || a[1] > own[3] || a[3] < own[1];
    (!apart && area(own) > 1.5 * area(part.map(|v| v as f64))).then_some(part)
}

/// Reads a raster, or the part of it that is wanted, into the frame.
pub(super) fn raster(
    source: &Source,
    frame: &LocalFrame,
    cell_m: Option<f64>,
    part: Option<Bounds>,
) -> Result<Piece, ImportError> {
    let opened = archive::open(&source.path)?;
    read_part(source, opened.path(), frame, cell_m, part).map_err(|e| opened.named(e))
}

fn read_part(
    source: &Source,
    path: &Path,
    frame: &LocalFrame,
    cell_m: Option<f64>,
    part: Option<Bounds>,
) -> Result<Piece, ImportError> {
    let (head, _) = raster_file::look(path, source.format)?;
    let whole = Window::whole(head.cols, head.rows);
    let window = part.and_then(|part| window(&head, source, frame, part)).unwrap_or(whole);
    let (mut raster, own) = raster_file::read_part(path, source.format, window)?;
    let mut report: Report = source.named(own);
    if window != whole {
        let text = format!(
            "{} x {} cells read of {} x {}: those within {MARGIN_M} m of the city",
            window.cols, window.rows, whole.cols, whole.rows
        );
        report.note(Severity::Skipped, source.name(), text);
    }
    // What was settled wins over what the file says.
    if raster.crs.is_some() && raster.crs != source.crs {
        raster.crs = None;
    }
    let terrain = raster.to_terrain(frame, source.crs.as_deref(), cell_m);
    let terrain = terrain.map_err(|e| ImportError::new(path, "coordinates", e.to_string()))?;
    Ok(Piece { city: City { terrain: Some(terrain), ..City::default() }, report, ..Piece::default() })
}

/// The cells of a raster under a part of the frame; `None` when they cannot be told or are none.
fn window(head: &SourceRaster, source: &Source, frame: &LocalFrame, part: Bounds) -> Option<Window> {
    let back = match &source.crs {
        Some(crs) => Some(Transformer::new(format!("EPSG:{}", frame.epsg), crs.clone()).ok()?),
        None => None,
    };
    let cell = invert(&head.affine)?;
    let mut found: Option<[f64; 4]> = None;
    for p in edge(part.map(|v| v as f64)) {
        let p = frame.to_projected(p);
        let [c, r] = cell(match &back {
            Some(back) => back.transform(p).ok()?,
            None => p,
        });
        if !(c.is_finite() && r.is_finite()) {
            return None;
        }
        let b = found.get_or_insert([c, r, c, r]);
        *b = [b[0].min(c), b[1].min(r), b[2].max(c), b[3].max(r)];
    }
    let b = found?;
    let low = |v: f64, n: usize| (v - EDGE).floor().clamp(0.0, n as f64) as usize;
    let high = |v: f64, n: usize| (v + EDGE).ceil().clamp(0.0, n as f64) as usize;
    let (col, row) = (low(b[0], head.cols), low(b[1], head.rows));
    let (cols, rows) = (high(b[2], head.cols).saturating_sub(col), high(b[3], head.rows).saturating_sub(row));
    (cols > 0 && rows > 0).then_some(Window { col, row, cols, rows })
}
