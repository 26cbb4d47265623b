//! Gridded rain: radar or forecast rasters over the city, each for a stretch of time.

use serde::{Deserialize, Serialize};

use crate::surface::Grid;

/// One raster: mean intensity over `[from_s, to_s)`, rows from the south.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RainGrid {
    /// Begins, s after the start of the storm.
    pub from_s: f64,
    /// Ends, s.
    pub to_s: f64,
    /// West edge, local m.
    pub west_m: f64,
    /// South edge, local m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// mm/h, never negative, never NaN.
    pub mm_h: Vec<f32>,
    /// Highest value, mm/h.
    pub highest_mm_h: f32,
}

/// A series of rasters, in order of time; gaps are dry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RainGrids {
    frames: Vec<RainGrid>,
}

impl RainGrids {
    /// From frames in order; `None` when they overlap in time or a frame has no cells.
    #[must_use]
    pub fn new(frames: Vec<RainGrid>) -> Option<Self> {
        let sound = |f: &RainGrid| {
            f.to_s > f.from_s && f.cell_m > 0.0 && f.cols * f.rows > 0 && f.mm_h.len() == f.cols * f.rows
        };
        let ordered = frames.windows(2).all(|w| w[1].from_s >= w[0].to_s - 1e-6);
        (ordered && frames.iter().all(sound)).then_some(Self { frames })
    }

    /// The rasters.
    #[must_use]
    pub fn frames(&self) -> &[RainGrid] {
        &self.frames
    }

    /// The same rasters, later.
    #[must_use]
    pub(super) fn later(mut self, t_s: f64) -> Self {
        self.frames.iter_mut().for_each(|f| (f.from_s, f.to_s) = (f.from_s + t_s, f.to_s + t_s));
        self
    }

    /// Time after which no rain falls, s.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        self.frames.last().map_or(0.0, |f| f.to_s)
    }

    pub(super) fn next_break_s(&self, t_s: f64) -> Option<f64> {
        self.frames.iter().flat_map(|f| [f.from_s, f.to_s]).find(|b| *b > t_s)
    }

    pub(super) fn rains_at(&self, t_s: f64) -> bool {
        self.frames.iter().any(|f| t_s >= f.from_s && t_s < f.to_s && f.highest_mm_h > 0.0)
    }

    /// Adds the mean intensity of an interval to the cells of a row, mm/h: bilinear between the centres of
    /// the raster's cells, nothing outside it.
    pub(super) fn add_row(&self, grid: &Grid, row: usize, time_s: [f64; 2], factor: f64, mm_h: &mut [f64]) {
        let first = self.frames.partition_point(|f| f.to_s <= time_s[0]);
        for frame in self.frames[first..].iter().take_while(|f| f.from_s < time_s[1]) {
            let share = (time_s[1].min(frame.to_s) - time_s[0].max(frame.from_s)) / (time_s[1] - time_s[0]);
            if share <= 0.0 || frame.highest_mm_h <= 0.0 {
                continue;
            }
            frame.add_along(grid, row, share * factor, mm_h);
        }
    }
}

impl RainGrid {
    /// Adds the intensity at the centres of a row of cells, mm/h, multiplied by `factor`: as [`Self::at`], with what
    /// is the same along the row computed once.
    fn add_along(&self, grid: &Grid, row: usize, factor: f64, mm_h: &mut [f64]) {
        let y = (grid.centre_m(0, row)[1] - self.south_m) / self.cell_m;
        let (w, h) = (self.cols as f64, self.rows as f64);
        if !(y >= 0.0 && y <= h) {
            return;
        }
        let fy = (y - 0.5).clamp(0.0, h - 1.0);
        let r0 = fy as usize;
        let (r1, ty) = ((r0 + 1).min(self.rows - 1), fy - r0 as f64);
        let (low, high) = (&self.mm_h[r0 * self.cols..][..self.cols], &self.mm_h[r1 * self.cols..][..self.cols]);
        let between = |c: usize| factor * (f64::from(low[c]) * (1.0 - ty) + f64::from(high[c]) * ty);
        // The two columns of the raster that the last cell lay between.
        let (mut known, mut a, mut b) = (usize::MAX, 0.0, 0.0);
        for (col, v) in mm_h.iter_mut().enumerate() {
            let x = (grid.centre_m(col, row)[0] - self.west_m) / self.cell_m;
            if !(x >= 0.0 && x <= w) {
                continue;
            }
            let fx = (x - 0.5).clamp(0.0, w - 1.0);
            let c0 = fx as usize;
            if c0 != known {
                (known, a, b) = (c0, between(c0), between((c0 + 1).min(self.cols - 1)));
            }
            let tx = fx - c0 as f64;
            *v += a * (1.0 - tx) + b * tx;
        }
    }

    /// Intensity at a place, mm/h.
    #[must_use]
    pub fn at(&self, [east_m, north_m]: [f64; 2]) -> f64 {
        let (x, y) = ((east_m - self.west_m) / self.cell_m, (north_m - self.south_m) / self.cell_m);
        let (w, h) = (self.cols as f64, self.rows as f64);
        if !(x >= 0.0 && y >= 0.0 && x <= w && y <= h) {
            return 0.0;
        }
        let (fx, fy) = ((x - 0.5).clamp(0.0, w - 1.0), (y - 0.5).clamp(0.0, h - 1.0));
        let (c0, r0) = (fx as usize, fy as usize);
        let (c1, r1) = ((c0 + 1).min(self.cols - 1), (r0 + 1).min(self.rows - 1));
        let (tx, ty) = (fx - c0 as f64, fy - r0 as f64);
        let at = |c: usize, r: usize| f64::from(self.mm_h[r * self.cols + c]);
        (at(c0, r0) * (1.0 - tx) + at(c1, r0) * tx) * (1.0 - ty) + (at(c0, r1) * (1.0 - tx) + at(c1, r1) * tx) * ty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_places() {
        let mm_h: Vec<f32> = (0..12).map(|k| (k * k % 17) as f32 * 3.5).collect();
        let highest_mm_h = 60.0;
        let (west_m, south_m, cell_m) = (-130.0, 40.0, 170.0);
        let frame = RainGrid { from_s: 0.0, to_s: 60.0, west_m, south_m, cell_m, cols: 4, rows: 3, mm_h, highest_mm_h };
        let grid = Grid { west_m: -200.0, south_m: 0.0, cell_m: 10.0, cols: 90, rows: 70 };
        for row in 0..grid.rows {
            let mut along = vec![1.0; grid.cols];
            frame.add_along(&grid, row, 0.5, &mut along);
            for (col, v) in along.iter().enumerate() {
                let here = 1.0 + 0.5 * frame.at(grid.centre_m(col, row));
                assert!((v - here).abs() < 1e-9, "{col} {row}: {v} {here}");
            }
        }
    }
}
