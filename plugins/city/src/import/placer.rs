//! From a file's own coordinates to local metres.

use std::path::Path;

use guanlan_geography::{Heights, LocalFrame, Transformer, crs_code, crs_name, crs_parts, horizontal_code};

use super::ImportError;

/// The horizontal part of a compound or three-dimensional CRS; other codes as they are.
pub(crate) fn horizontal(epsg: u32) -> u32 {
    // CGCS2000 in three dimensions, of which PROJ makes a plane system without a code.
    if matches!(epsg, 4480 | 10282) { 4490 } else { horizontal_code(epsg) }
}

/// What the heights of a CRS count from; `None` for a plane CRS.
pub(crate) fn heights(crs: &str) -> Option<Heights> {
    crs_parts(crs).ok()?.heights
}

/// Turns a file's coordinates (x east, y north, or longitude, latitude) into local m.
#[derive(Clone, Debug)]
pub(crate) struct Placer {
    way: Way,
    /// Metres in one unit of the file's heights.
    pub height_unit_m: f64,
}

#[derive(Clone, Debug)]
enum Way {
    /// Same CRS as the frame.
    Shift(LocalFrame),
    /// Another CRS.
    Transform(Transformer, LocalFrame),
    /// Without any CRS: shift and stretch, for looking at a file by itself.
    Rough { origin: [f64; 2], stretch: [f64; 2] },
}

impl Placer {
    /// For a file in `epsg`.
    pub fn new(path: &Path, epsg: u32, frame: &LocalFrame) -> Result<Self, ImportError> {
        let height_unit_m = heights(&crs_name(epsg)).map_or(1.0, |h| h.metres);
        let horizontal = horizontal(epsg);
        if horizontal == frame.epsg {
            return Ok(Self { way: Way::Shift(*frame), height_unit_m });
        }
        match Transformer::between(horizontal, frame.epsg) {
            Ok(transformer) => Ok(Self { way: Way::Transform(transformer, *frame), height_unit_m }),
            Err(error) => Err(ImportError::new(path, crs_name(epsg), error.to_string())),
        }
    }

    /// For a file in a CRS by name, as PROJ understands it.
    pub fn named(path: &Path, crs: &str, frame: &LocalFrame) -> Result<Self, ImportError> {
        if let Some(code) = crs_code(crs) {
            return Self::new(path, code, frame);
        }
        match Transformer::new(crs, crs_name(frame.epsg)) {
            Ok(transformer) => Ok(Self { way: Way::Transform(transformer, *frame), height_unit_m: 1.0 }),
            Err(error) => Err(ImportError::new(path, "CRS", error.to_string())),
        }
    }

    /// Metres around the middle of an extent, good enough to judge shapes but not places; `degrees`
    /// tells that the extent is in longitude and latitude.
    pub fn rough(extent: Option<[f64; 6]>, degrees: bool) -> Self {
        let e = extent.unwrap_or_default();
        let origin = [(e[0] + e[3]) / 2.0, (e[1] + e[4]) / 2.0];
        let stretch =
            if degrees { [111_320.0 * origin[1].to_radians().cos().abs().max(1e-3), 110_574.0] } else { [1.0, 1.0] };
        Self { way: Way::Rough { origin, stretch }, height_unit_m: 1.0 }
    }

    /// Places points; `None` where a point is not finite or outside the projection's domain.
    pub fn all(&self, points: &[[f64; 2]]) -> Vec<Option<[f64; 2]>> {
        match &self.way {
            Way::Shift(frame) => points.iter().map(|&p| finite(frame.to_local(p))).collect(),
            Way::Rough { origin, stretch } => points
                .iter()
                .map(|p| finite([(p[0] - origin[0]) * stretch[0], (p[1] - origin[1]) * stretch[1]]))
                .collect(),
            Way::Transform(transformer, frame) => {
                let mut moved = points.to_vec();
                if transformer.transform_all(&mut moved).is_ok() {
                    return moved.into_iter().map(|p| finite(frame.to_local(p))).collect();
                }
                points.iter().map(|&p| transformer.transform(p).ok().and_then(|q| finite(frame.to_local(q)))).collect()
            }
        }
    }
}

/// Further from the city than this there is no place on Earth, m; a number like 1e300 of a damaged file would become
/// infinite in single precision.
pub(crate) const FARTHEST_M: f64 = 1e8;

fn finite(p: [f64; 2]) -> Option<[f64; 2]> {
    p.iter().all(|v| v.abs() < FARTHEST_M).then_some(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_beyond_the_earth_is_no_place() {
        let rough = Placer::rough(None, false);
        let placed = rough.all(&[[10.0, -20.0], [1e300, 0.0], [f64::NAN, 0.0], [0.0, f64::INFINITY]]);
        assert_eq!(placed, [Some([10.0, -20.0]), None, None, None]);
    }
}
