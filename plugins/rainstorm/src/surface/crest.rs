//! Crests on single faces: sandbags, gates, kerbs. Few against the faces of a raster, so they are a sparse
//! list that a kernel applies after its rows of plain faces; an empty list costs nothing.

use super::GRAVITY;

/// Heights of faces above the datum of the domain, by padded index of the cell north or east of the face.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crests {
    /// West faces, sorted.
    pub(super) x: Vec<(u32, f32)>,
    /// South faces, sorted.
    pub(super) y: Vec<(u32, f32)>,
}

impl Crests {
    /// True without any crest.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.is_empty() && self.y.is_empty()
    }

    /// Crests of the west faces of a padded row.
    pub(super) fn row_x(&self, row: usize, stride: usize) -> &[(u32, f32)] {
        of_row(&self.x, row, stride)
    }

    /// Crests of the south faces of a padded row.
    pub(super) fn row_y(&self, row: usize, stride: usize) -> &[(u32, f32)] {
        of_row(&self.y, row, stride)
    }
}

fn of_row(list: &[(u32, f32)], row: usize, stride: usize) -> &[(u32, f32)] {
    if list.is_empty() {
        return list;
    }
    let from = list.partition_point(|(p, _)| (*p as usize) < row * stride);
    let to = list.partition_point(|(p, _)| (*p as usize) < (row + 1) * stride);
    &list[from..to]
}

/// Discharge over a crest, m²/s, positive from cell 0 to cell 1: a broad-crested weir,
/// `1.705 H^1.5 (1 − (H₂/H₁)^1.5)^.385` (Villemonte 1947 for the drowned part). `z`, `h`: bed and depth of
/// both cells; `settle`: m²/s for each m between the levels over the crest at most, so that one step does not
/// overshoot. `None` when the crest is not above the ground of both.
pub(super) fn over(z: [f32; 2], h: [f32; 2], crest: f32, depth_min: f32, settle: f32) -> Option<f32> {
    if crest <= z[0] || crest <= z[1] {
        return None;
    }
    let above = [f64::from((z[0] - crest) + h[0]).max(0.0), f64::from((z[1] - crest) + h[1]).max(0.0)];
    let (upper, lower, sign) =
        if above[0] >= above[1] { (above[0], above[1], 1.0) } else { (above[1], above[0], -1.0) };
    if upper <= f64::from(depth_min) {
        return Some(0.0);
    }
    let free = (2.0_f64 / 3.0).powf(1.5) * GRAVITY.sqrt() * upper * upper.sqrt();
    let ratio = (lower / upper).min(1.0);
    let drowned = (1.0 - ratio * ratio.sqrt()).max(0.0).powf(0.385);
    Some((sign * (free * drowned).min(f64::from(settle) * (upper - lower))) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crest_is_a_weir() {
        // Free: 0.2 m over the crest.
        let q = over([0.0, 0.0], [0.7, 0.1], 0.5, 1e-5, 100.0).unwrap();
        assert!((q - 1.705 * 0.2_f32.powf(1.5)).abs() < 1e-4, "{q}");
        assert_eq!(over([0.0, 0.0], [0.4, 0.1], 0.5, 1e-5, 100.0), Some(0.0));
        assert_eq!(over([0.0, 0.0], [0.7, 0.7], 0.5, 1e-5, 100.0), Some(0.0));
        assert!(over([0.0, 0.0], [0.1, 0.7], 0.5, 1e-5, 100.0).unwrap() < 0.0);
        assert!(over([0.6, 0.0], [0.7, 0.1], 0.5, 1e-5, 100.0).is_none(), "the ground is higher");
        let drowned = over([0.0, 0.0], [0.7, 0.65], 0.5, 1e-5, 100.0).unwrap();
        assert!(drowned < q && drowned > 0.0);
    }
}
