//! Files that put northing first.
//!
//! CityJSON coordinates are meant to be x east, y north, but some files follow the axis order of
//! their CRS. Such a file is a mirror image: all its solids are inside out.

use super::{
    head::{Head, Input},
    stream,
};
use crate::import::{ImportError, Severity, triangulate::P3};

/// CRS whose own axis order is northing (or latitude) first: Beijing 1954, Xi'an 1980 and CGCS2000
/// Gauss-Krüger, Japan plane rectangular (JGD2000, JGD2011), DHDN Gauss-Krüger, geographic systems.
fn north_first(epsg: u32) -> bool {
    matches!(epsg, 2327..=2461 | 4491..=4554 | 6669..=6687 | 21413..=21483 | 31466..=31469)
        || matches!(epsg, 4214 | 4258 | 4326 | 4490 | 4610 | 4612 | 4979 | 6667 | 6668 | 6697)
}

/// Those of them whose numbers are degrees.
fn in_degrees(epsg: u32) -> bool {
    matches!(epsg, 4214 | 4258 | 4326 | 4490 | 4610 | 4612 | 4979 | 6667 | 6668 | 6697)
}

/// Smallest volume whose sign is believed, m³.
const MIN_VOLUME_M3: f64 = 1.0;
/// The same where the ground is measured in degrees.
const MIN_VOLUME_DEG2_M: f64 = 1e-10;

/// Six times the signed volume of a closed shell; each face is fanned from its first corner.
fn volume6(rings: impl Iterator<Item = Vec<P3>>) -> f64 {
    let mut anchor: Option<P3> = None;
    let mut sum = 0.0;
    for ring in rings {
        let o = *anchor.get_or_insert(ring[0]);
        let rel = |p: &P3| [p[0] - o[0], p[1] - o[1], p[2] - o[2]];
        let a = rel(&ring[0]);
        for pair in ring.windows(2).skip(1) {
            let (b, c) = (rel(&pair[0]), rel(&pair[1]));
            sum += a[0] * (b[1] * c[2] - b[2] * c[1])
                + a[1] * (b[2] * c[0] - b[0] * c[2])
                + a[2] * (b[0] * c[1] - b[1] * c[0]);
        }
    }
    sum
}

/// Solids that are asked; more would only cost time.
const ASKED: usize = 2000;

/// Notes that the file is to be read with x and y swapped, when the CRS is northing first and the solids say
/// that the file is mirrored.
pub(super) fn turn(input: Input<'_>, head: &mut Head, epsg: Option<u32>) -> Result<(), ImportError> {
    let Some(epsg) = epsg.filter(|code| north_first(*code)) else { return Ok(()) };
    let least = if in_degrees(epsg) { MIN_VOLUME_DEG2_M } else { MIN_VOLUME_M3 };
    // No latitude is more than a right angle.
    let beyond = in_degrees(epsg) && head.vertices.iter().any(|v| v[1].abs() > 90.0 && v[0].abs() <= 90.0);
    let (mut right, mut mirrored) = (0_usize, 0_usize);
    stream::batches(input, head, &mut |chunks| {
        for chunk in &chunks {
            let vertices = if !chunk.feature { &head.vertices } else { &chunk.vertices };
            for geometry in chunk.objects.iter().flat_map(|o| &o.geometry).filter(|g| g.is_solid()) {
                let rings = geometry.surfaces.iter().filter_map(|s| {
                    let corners: Option<Vec<P3>> = s.rings[0].iter().map(|&i| vertices.get(i).copied()).collect();
                    corners.filter(|c| c.len() >= 3 && c.iter().flatten().all(|v| v.is_finite()))
                });
                let volume = volume6(rings) / 6.0;
                right += usize::from(volume > least);
                mirrored += usize::from(volume < -least);
            }
        }
        Ok(right + mirrored < ASKED)
    })?;
    if beyond || (mirrored > 0 && mirrored > 4 * right) {
        head.turned = true;
        head.vertices.iter_mut().for_each(|vertex| vertex.swap(0, 1));
        head.report.note(
            Severity::Repaired,
            "vertices",
            if beyond {
                "latitude is written first, as the CRS orders its axes; read as x longitude, y latitude"
            } else {
                "northing is written first, as the CRS orders its axes (the solids are mirrored); read as x east, y north"
            },
        );
    }
    Ok(())
}
