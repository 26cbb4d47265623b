//! Where the cells of a GeoTIFF lie: by its tags, by its control points, by the world file beside it.

use std::path::Path;

use tiff::tags::Tag;

use super::Tiff;
use crate::import::{Report, Severity, geokeys::GeoKeys};

/// The transformation from cell corners to the CRS; `None` when nothing says where the raster lies.
pub(super) fn affine(tiff: &mut Tiff, keys: &GeoKeys, path: &Path, report: &mut Report) -> Option<[f64; 6]> {
    let own = tagged(tiff, keys, report);
    // A transformation that changes nothing is how some writers say that they know none.
    let says = own.as_ref().is_ok_and(|a| keys.crs().is_some() || !matches!(a, [0.0, 1.0, 0.0, _, 0.0, 1.0 | -1.0]));
    if says {
        return own.ok();
    }
    if let Some(a) = world_file(path) {
        report.note(
            Severity::Repaired,
            "geotransform",
            "the place of the cells is taken from the world file beside it",
        );
        return Some(a);
    }
    if let Err(reason) = &own {
        let text = format!("{reason}; one unit to a cell from (0, 0) assumed");
        report.note(Severity::Guessed, "geotransform", text);
        if keys.crs().is_some() {
            let text = "the file names a CRS but no place in it; the CRS is not used";
            report.note(Severity::Guessed, "geotransform", text);
        }
    }
    own.ok()
}

fn tagged(tiff: &mut Tiff, keys: &GeoKeys, report: &mut Report) -> Result<[f64; 6], String> {
    let mut a = if let Ok(m) = tiff.get_tag_f64_vec(Tag::ModelTransformationTag) {
        if m.len() != 16 {
            return Err(format!("ModelTransformation has {} numbers, expected 16", m.len()));
        }
        [m[3], m[0], m[1], m[7], m[4], m[5]]
    } else {
        let tie = tiff.get_tag_f64_vec(Tag::ModelTiepointTag).unwrap_or_default();
        match tiff.get_tag_f64_vec(Tag::ModelPixelScaleTag) {
            Ok(scale) if scale.len() >= 2 && tie.len() >= 6 => {
                [tie[3] - tie[0] * scale[0], scale[0], 0.0, tie[4] + tie[1] * scale[1], 0.0, -scale[1]]
            }
            Ok(_) => return Err("ModelPixelScale or ModelTiepoint is too short".into()),
            Err(_) if tie.len() >= 18 => fitted(&tie, report)?,
            Err(_) if tie.is_empty() => return Err("no ModelPixelScale and no ModelTiepoint".into()),
            Err(_) => return Err("no ModelPixelScale".into()),
        }
    };
    if !a.iter().all(|v| v.is_finite()) || a[1] * a[5] - a[2] * a[4] == 0.0 {
        return Err("the geotransform is not a place".into());
    }
    if keys.pixel_is_point() {
        a[0] -= 0.5 * (a[1] + a[2]);
        a[3] -= 0.5 * (a[4] + a[5]);
    }
    Ok(a)
}

/// The plane through control points, by least squares; how far it misses them is said.
fn fitted(tie: &[f64], report: &mut Report) -> Result<[f64; 6], String> {
    let points: Vec<[f64; 4]> = tie.chunks_exact(6).map(|t| [t[0], t[1], t[3], t[4]]).collect();
    let n = points.len() as f64;
    let mean = |k: usize| points.iter().map(|p| p[k]).sum::<f64>() / n;
    let m: [f64; 4] = std::array::from_fn(mean);
    let sum = |i: usize, j: usize| points.iter().map(|p| (p[i] - m[i]) * (p[j] - m[j])).sum::<f64>();
    let (cc, cr, rr) = (sum(0, 0), sum(0, 1), sum(1, 1));
    let det = cc * rr - cr * cr;
    if !(det.is_finite() && det > 1e-9 * (cc * rr).abs()) {
        return Err("the control points lie on one line".into());
    }
    let row = |k: usize| {
        let (ck, rk) = (sum(0, k), sum(1, k));
        let (by_col, by_row) = ((ck * rr - rk * cr) / det, (rk * cc - ck * cr) / det);
        [m[k] - by_col * m[0] - by_row * m[1], by_col, by_row]
    };
    let (x, y) = (row(2), row(3));
    let cell = (x[1] * y[2] - x[2] * y[1]).abs().sqrt();
    let miss = |p: &[f64; 4]| {
        let at = |k: [f64; 3]| k[0] + k[1] * p[0] + k[2] * p[1];
        (at(x) - p[2]).hypot(at(y) - p[3])
    };
    let worst = points.iter().map(miss).fold(0.0, f64::max) / cell;
    let text = format!("placed by {} control points, which it misses by at most {worst:.2} cells", points.len());
    report.note(Severity::Repaired, "geotransform", text);
    Ok([x[0], x[1], x[2], y[0], y[1], y[2]])
}

/// A world file: six numbers, the last two the middle of the first cell.
fn world_file(path: &Path) -> Option<[f64; 6]> {
    let names = ["tfw", "tifw", "tiffw", "wld", "TFW", "TIFW", "WLD"];
    let text = names.iter().find_map(|ext| std::fs::read_to_string(path.with_extension(ext)).ok())?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(|word| word.replace(',', ".").parse::<f64>().ok().filter(|v| v.is_finite()))
        .collect::<Option<_>>()?;
    let [a, d, b, e, x, y] = numbers[..] else { return None };
    let affine = [x - 0.5 * (a + b), a, b, y - 0.5 * (d + e), d, e];
    (a * e - b * d != 0.0).then_some(affine)
}
