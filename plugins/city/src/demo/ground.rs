//! The terrain raster as it is written: later parts read heights from it, so that all files agree.

use rayon::prelude::*;

use super::{geom::P, plan::Plan};

/// Cell side, m.
pub const CELL_M: f64 = 2.0;

/// Ground heights at cell centres, rounded to whole millimetres; row 0 is south.
pub struct Ground {
    pub n: usize,
    pub z: Vec<f32>,
}

impl Ground {
    pub fn new(plan: &Plan) -> Self {
        let n = (plan.size / CELL_M).round() as usize;
        let mut z = vec![0.0f32; n * n];
        // Rows are independent: the result does not depend on the threads.
        z.par_chunks_mut(n).enumerate().for_each(|(j, row)| {
            for (i, out) in row.iter_mut().enumerate() {
                let h = plan.ground([(i as f64 + 0.5) * CELL_M, (j as f64 + 0.5) * CELL_M]);
                // 1/1024 m: as good as exact, and the zero bits compress.
                *out = ((h * 1024.0).round() / 1024.0) as f32;
            }
        });
        Self { n, z }
    }

    /// Bilinear height, m; clamped at the edge.
    pub fn at(&self, p: P) -> f64 {
        let m = (self.n - 1) as f64;
        let (x, y) = ((p[0] / CELL_M - 0.5).clamp(0.0, m), (p[1] / CELL_M - 0.5).clamp(0.0, m));
        let (i, j) = (x as usize, y as usize);
        let (i1, j1) = ((i + 1).min(self.n - 1), (j + 1).min(self.n - 1));
        let (tx, ty) = (x - i as f64, y - j as f64);
        let g = |i: usize, j: usize| f64::from(self.z[j * self.n + i]);
        (g(i, j) * (1.0 - tx) + g(i1, j) * tx) * (1.0 - ty) + (g(i, j1) * (1.0 - tx) + g(i1, j1) * tx) * ty
    }

    /// Lowest ground under a ring's corners and edge middles, m.
    pub fn lowest(&self, ring: &[P]) -> f64 {
        (0..ring.len())
            .flat_map(|i| [ring[i], super::geom::lerp(ring[i], ring[(i + 1) % ring.len()], 0.5)])
            .map(|p| self.at(p))
            .fold(f64::MAX, f64::min)
    }
}
