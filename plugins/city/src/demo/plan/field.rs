//! Distances from rivers, moats and rails on a raster: asked for millions of times.

use rayon::prelude::*;

use crate::demo::geom::P;

/// A scalar on an 8 m raster, read bilinearly.
pub struct Field {
    n: usize,
    v: Vec<f32>,
}

const FIELD_CELL_M: f64 = 8.0;
/// The fields reach this far beyond the city's edge, m.
const MARGIN_M: f64 = 40.0;

impl Field {
    /// `f` on a raster over a city of `size_m`.
    pub fn new(size_m: f64, f: impl Fn(P) -> f64 + Sync) -> Self {
        let n = ((size_m + 2.0 * MARGIN_M) / FIELD_CELL_M).ceil() as usize + 1;
        let v = (0..n * n)
            .into_par_iter()
            .map(|i| f([(i % n) as f64 * FIELD_CELL_M - MARGIN_M, (i / n) as f64 * FIELD_CELL_M - MARGIN_M]) as f32)
            .collect();
        Self { n, v }
    }
    /// The value at a place, clamped to the raster.
    pub fn at(&self, p: P) -> f64 {
        let m = (self.n - 1) as f64 - 1e-6;
        let (x, y) =
            (((p[0] + MARGIN_M) / FIELD_CELL_M).clamp(0.0, m), ((p[1] + MARGIN_M) / FIELD_CELL_M).clamp(0.0, m));
        let (i, j) = (x as usize, y as usize);
        let (tx, ty) = ((x - i as f64) as f32, (y - j as f64) as f32);
        let g = |i: usize, j: usize| self.v[j * self.n + i];
        f64::from(
            (g(i, j) * (1.0 - tx) + g(i + 1, j) * tx) * (1.0 - ty)
                + (g(i, j + 1) * (1.0 - tx) + g(i + 1, j + 1) * tx) * ty,
        )
    }
}
