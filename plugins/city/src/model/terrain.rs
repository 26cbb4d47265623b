//! The ground as a regular raster.

use serde::{Deserialize, Serialize};

/// Ground heights at cell centres. Row 0 is the southernmost row, column 0 the westernmost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terrain {
    /// West edge of column 0, local m.
    pub west_m: f64,
    /// South edge of row 0, local m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// Heights in m, row-major; NaN where the source has no data.
    #[serde(with = "crate::flat")]
    pub z_m: Vec<f32>,
}

impl Terrain {
    /// Bilinear ground height at a local place, m; clamped to the edge outside, `None` on no data.
    #[must_use]
    pub fn height_m(&self, east_m: f64, north_m: f64) -> Option<f32> {
        if self.cols == 0 || self.rows == 0 {
            return None;
        }
        let fx = ((east_m - self.west_m) / self.cell_m - 0.5).clamp(0.0, (self.cols - 1) as f64);
        let fy = ((north_m - self.south_m) / self.cell_m - 0.5).clamp(0.0, (self.rows - 1) as f64);
        let (c0, r0) = (fx as usize, fy as usize);
        let (c1, r1) = ((c0 + 1).min(self.cols - 1), (r0 + 1).min(self.rows - 1));
        let (tx, ty) = ((fx - c0 as f64) as f32, (fy - r0 as f64) as f32);
        let at = |c: usize, r: usize| self.z_m[r * self.cols + c];
        let z =
            (at(c0, r0) * (1.0 - tx) + at(c1, r0) * tx) * (1.0 - ty) + (at(c0, r1) * (1.0 - tx) + at(c1, r1) * tx) * ty;
        if z.is_finite() {
            return Some(z);
        }
        let near = at(fx.round() as usize, fy.round() as usize);
        near.is_finite().then_some(near)
    }

    /// Lowest and highest ground, m; `None` without data.
    #[must_use]
    pub fn range_m(&self) -> Option<(f32, f32)> {
        self.z_m.iter().filter(|z| z.is_finite()).fold(None, |range, &z| match range {
            None => Some((z, z)),
            Some((lo, hi)) => Some((f32::min(lo, z), f32::max(hi, z))),
        })
    }
}
