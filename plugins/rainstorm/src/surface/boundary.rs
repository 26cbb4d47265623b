//! Open edges and held levels: water that leaves or enters between two steps, always taken from what
//! is there and always booked.

use serde::{Deserialize, Serialize};

use super::{Domain, GRAVITY};

/// A cell on the edge of the domain that loses water at normal depth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenCell {
    /// Column.
    pub col: usize,
    /// Row.
    pub row: usize,
    /// Slope of the ground beyond, m/m.
    pub slope: f32,
}

/// Lets water leave over open cells for `dt_s`; returns the depth that left, summed over cells, m.
///
/// Manning's normal flow, at most critical flow, at most what the cell holds.
pub(super) fn leave(domain: &Domain, h: &mut [f32], dt_s: f64, min_depth_m: f32) -> f64 {
    let mut left = 0.0;
    for cell in &domain.open {
        let p = domain.grid.padded(cell.col, cell.row);
        let depth = h[p];
        if depth <= min_depth_m {
            continue;
        }
        let d = f64::from(depth);
        let critical = d * (GRAVITY * d).sqrt();
        let n = f64::from(domain.n2[p]).sqrt();
        let normal = if n > 0.0 { d.powf(5.0 / 3.0) * f64::from(cell.slope).max(0.0).sqrt() / n } else { critical };
        let out = (normal.min(critical) * dt_s / domain.grid.cell_m).min(d);
        let rest = ((d - out) as f32).max(0.0);
        left += d - f64::from(rest);
        h[p] = rest;
    }
    left
}

/// Puts held levels back; returns the depths that left and that came in, summed over cells, m.
pub(super) fn hold(domain: &Domain, h: &mut [f32]) -> (f64, f64) {
    let (mut left, mut came) = (0.0, 0.0);
    for cell in &domain.fixed {
        let p = domain.grid.padded(cell.col, cell.row);
        let change = f64::from(h[p]) - f64::from(cell.depth_m);
        if change > 0.0 {
            left += change;
        } else {
            came -= change;
        }
        h[p] = cell.depth_m;
    }
    (left, came)
}
