//! Rain over a raster: the one thing a solver asks for.

use super::RainSeries;
use crate::surface::Grid;

/// Rain as a function of place and time. Time is the solver's, s; places are those of its raster.
///
/// **Invariant:** `row_mm(a, c) = row_mm(a, b) + row_mm(b, c)` up to rounding: a step receives exactly the
/// rain that falls in it, however time is cut.
pub trait RainField: Send + Sync {
    /// The series, when it rains the same everywhere: solvers then need no rows.
    fn uniform(&self) -> Option<&RainSeries>;
    /// The first time after `t_s` at which the intensity may jump, s.
    fn next_break_s(&self, t_s: f64) -> Option<f64>;
    /// True when it rains anywhere just after `t_s`.
    fn rains_at(&self, t_s: f64) -> bool;
    /// Rain that falls between two times on the cells of a row, mm; every entry of `out` is written.
    fn row_mm(&self, grid: &Grid, row: usize, from_s: f64, to_s: f64, out: &mut [f32]);
}

impl RainField for RainSeries {
    fn uniform(&self) -> Option<&RainSeries> {
        Some(self)
    }

    fn next_break_s(&self, t_s: f64) -> Option<f64> {
        Self::next_break_s(self, t_s)
    }

    fn rains_at(&self, t_s: f64) -> bool {
        self.intensity_mm_h(t_s) > 0.0
    }

    fn row_mm(&self, _: &Grid, _: usize, from_s: f64, to_s: f64, out: &mut [f32]) {
        out.fill(self.between_mm(from_s, to_s) as f32);
    }
}
