//! Rain over a city: a series everywhere, and on top of it grids, moving cells and painted rain.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BrushStroke, RainField, RainGrids, RainSeries, StormCell};
use crate::surface::Grid;

/// Cells and strokes stand still this long, s: their rain then adds up exactly however time is cut.
const QUANTUM_S: f64 = 5.0;

/// Everything that rains. Cheap to clone; without a map it is as cheap as its series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rain {
    /// Rain that falls everywhere.
    pub base: RainSeries,
    /// Rain that differs from place to place.
    pub map: Option<Arc<RainMap>>,
}

/// Rain that differs from place to place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RainMap {
    /// Radar or forecast grids.
    pub grids: Option<RainGrids>,
    /// Moving cells, with places in local m.
    pub cells: Vec<StormCell>,
    /// Painted rain, with places in local m; later strokes lie over earlier ones.
    pub strokes: Vec<BrushStroke>,
    /// Grids and cells are multiplied by this (scale, areal reduction).
    pub factor: f64,
}

impl Default for RainMap {
    fn default() -> Self {
        Self { grids: None, cells: Vec::new(), strokes: Vec::new(), factor: 1.0 }
    }
}

impl From<RainSeries> for Rain {
    fn from(base: RainSeries) -> Self {
        Self { base, map: None }
    }
}

impl Rain {
    /// Adds a painted stroke from now on.
    pub fn paint(&mut self, stroke: BrushStroke) {
        Arc::make_mut(self.map.get_or_insert_default()).strokes.push(stroke);
    }

    /// Takes the last painted stroke equal to this away; false when there is none.
    pub fn unpaint(&mut self, stroke: &BrushStroke) -> bool {
        let Some(map) = self.map.as_mut() else { return false };
        let Some(k) = map.strokes.iter().rposition(|s| s == stroke) else { return false };
        Arc::make_mut(map).strokes.remove(k);
        true
    }

    /// The same rain up to `t_s`, then `next`, whose own time 0 is `t_s`.
    #[must_use]
    pub fn followed_by(&self, t_s: f64, next: &Self) -> Self {
        let base = self.base.followed_by(t_s, &next.base);
        // What has fallen has fallen: only what comes is kept of a map.
        let map = next.map.as_ref().map(|map| {
            let mut map = RainMap::clone(map);
            let later = t_s / 60.0;
            map.cells.iter_mut().for_each(|c| (c.from_min, c.to_min) = (c.from_min + later, c.to_min + later));
            map.strokes.iter_mut().for_each(|s| (s.from_min, s.to_min) = (s.from_min + later, s.to_min + later));
            map.grids = map.grids.map(|g| g.later(t_s));
            Arc::new(map)
        });
        Self { base, map }
    }

    /// Time after which no rain falls, s.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        let Some(map) = &self.map else { return self.base.end_s() };
        let cells = map.cells.iter().map(|c| c.to_min * 60.0);
        let strokes = map.strokes.iter().map(|s| s.to_min * 60.0);
        let grids = map.grids.iter().map(RainGrids::end_s);
        cells.chain(strokes).chain(grids).fold(self.base.end_s(), f64::max)
    }

    /// The rain at one place as a series of minutes up to `end_s`.
    #[must_use]
    pub fn series_at(&self, place_m: [f64; 2], end_s: f64) -> RainSeries {
        if self.map.is_none() {
            return self.base.clone();
        }
        let point = Grid { west_m: place_m[0] - 0.5, south_m: place_m[1] - 0.5, cell_m: 1.0, cols: 1, rows: 1 };
        let minutes = (end_s.clamp(0.0, 1.0e7) / 60.0).ceil() as usize;
        let mut depth_mm = Vec::with_capacity(minutes);
        let mut out = [0.0_f32];
        for k in 0..minutes {
            self.row_mm(&point, 0, k as f64 * 60.0, (k + 1) as f64 * 60.0, &mut out);
            depth_mm.push(f64::from(out[0]));
        }
        RainSeries::from_bins(0.0, 60.0, &depth_mm)
    }

    /// The mean over a raster and the series of its wettest sampled place, both of minutes up to `end_s`.
    #[must_use]
    pub fn over(&self, grid: &Grid, end_s: f64) -> (RainSeries, RainSeries) {
        if self.map.is_none() {
            return (self.base.clone(), self.base.clone());
        }
        /// Samples along the longer side.
        const SAMPLES: f64 = 16.0;
        let step_m = (grid.cols.max(grid.rows) as f64 * grid.cell_m / SAMPLES).max(grid.cell_m);
        let count = |n: usize| ((n as f64 * grid.cell_m / step_m).round() as usize).max(1);
        let coarse = Grid {
            west_m: grid.west_m,
            south_m: grid.south_m,
            cell_m: step_m,
            cols: count(grid.cols),
            rows: count(grid.rows),
        };
        let minutes = (end_s.clamp(0.0, 1.0e7) / 60.0).ceil() as usize;
        let mut all = vec![vec![0.0_f64; minutes]; coarse.len()];
        let mut row_mm = vec![0.0_f32; coarse.cols];
        for k in 0..minutes {
            for row in 0..coarse.rows {
                self.row_mm(&coarse, row, k as f64 * 60.0, (k + 1) as f64 * 60.0, &mut row_mm);
                for (col, mm) in row_mm.iter().enumerate() {
                    all[row * coarse.cols + col][k] = f64::from(*mm);
                }
            }
        }
        let mean: Vec<f64> = (0..minutes).map(|k| all.iter().map(|s| s[k]).sum::<f64>() / all.len() as f64).collect();
        let total = |s: &Vec<f64>| s.iter().sum::<f64>();
        let wettest = all.iter().fold(&mean, |best, s| if total(s) > total(best) { s } else { best });
        (RainSeries::from_bins(0.0, 60.0, &mean), RainSeries::from_bins(0.0, 60.0, wettest))
    }
}

impl RainField for Rain {
    fn uniform(&self) -> Option<&RainSeries> {
        self.map.is_none().then_some(&self.base)
    }

    fn next_break_s(&self, t_s: f64) -> Option<f64> {
        let base = self.base.next_break_s(t_s);
        let Some(map) = &self.map else { return base };
        let cells = map.cells.iter().flat_map(|c| [c.from_min * 60.0, c.to_min * 60.0]);
        let strokes = map.strokes.iter().flat_map(|s| [s.from_min * 60.0, s.to_min * 60.0]);
        let grids = map.grids.iter().filter_map(|g| g.next_break_s(t_s));
        base.into_iter().chain(cells.chain(strokes).filter(|b| *b > t_s)).chain(grids).reduce(f64::min)
    }

    fn rains_at(&self, t_s: f64) -> bool {
        self.base.intensity_mm_h(t_s) > 0.0
            || self.map.as_ref().is_some_and(|map| {
                map.cells.iter().any(|c| t_s >= c.from_min * 60.0 && t_s < c.to_min * 60.0)
                    || map.strokes.iter().any(|s| s.is_on(t_s))
                    || map.grids.as_ref().is_some_and(|g| g.rains_at(t_s))
            })
    }

    fn row_mm(&self, grid: &Grid, row: usize, from_s: f64, to_s: f64, out: &mut [f32]) {
        let Some(map) = &self.map else {
            out.fill(self.base.between_mm(from_s, to_s) as f32);
            return;
        };
        out.fill(0.0);
        let north_m = grid.centre_m(0, row)[1];
        let mut mm_h = vec![0.0_f64; out.len()];
        let mut begin = from_s;
        while begin < to_s {
            let quantum = (begin / QUANTUM_S).floor();
            let end = ((quantum + 1.0) * QUANTUM_S).min(to_s);
            if end <= begin {
                break;
            }
            let (hours, middle_s) = ((end - begin) / 3600.0, (quantum + 0.5) * QUANTUM_S);
            mm_h.fill(self.base.between_mm(begin, end) / hours);
            if let Some(grids) = &map.grids {
                grids.add_row(grid, row, [begin, end], map.factor, &mut mm_h);
            }
            for core in map.cells.iter().filter_map(|c| c.at(middle_s)).filter(|c| c.reaches(north_m)) {
                for (col, v) in mm_h.iter_mut().enumerate() {
                    *v += map.factor * core.mm_h(grid.centre_m(col, row)[0], north_m);
                }
            }
            for stroke in map.strokes.iter().filter(|s| s.is_on(middle_s) && s.reaches(north_m)) {
                for (col, v) in mm_h.iter_mut().enumerate() {
                    *v = stroke.over(*v, grid.centre_m(col, row)[0], north_m);
                }
            }
            for (sum, v) in out.iter_mut().zip(&mm_h) {
                *sum += (*v * hours) as f32;
            }
            begin = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid { west_m: 0.0, south_m: 0.0, cell_m: 100.0, cols: 40, rows: 30 }
    }

    fn total(rain: &Rain, row: usize, cuts: &[f64]) -> Vec<f32> {
        let mut sum = vec![0.0; 40];
        let mut out = vec![0.0; 40];
        for w in cuts.windows(2) {
            rain.row_mm(&grid(), row, w[0], w[1], &mut out);
            sum.iter_mut().zip(&out).for_each(|(s, v)| *s += v);
        }
        sum
    }

    #[test]
    fn adds_up_however_time_is_cut() {
        let mut rain = Rain::from(RainSeries::uniform(20.0, 1200.0));
        assert!(rain.uniform().is_some());
        rain.paint(BrushStroke { path_m: vec![[2000.0, 1550.0]], radius_m: 800.0, ..BrushStroke::default() });
        let map = Arc::make_mut(rain.map.as_mut().unwrap());
        map.cells.push(StormCell {
            at_m: Some([0.0, 1500.0]),
            velocity_mps: [0.5, 0.1],
            sigma_m: [400.0, 250.0],
            ..StormCell::default()
        });
        assert!(rain.uniform().is_none() && rain.rains_at(3000.0) && !rain.rains_at(4000.0));
        let whole = total(&rain, 15, &[0.0, 1800.0]);
        let cuts: Vec<f64> = (0..=1000).map(|k| 1.8 * f64::from(k)).collect();
        let pieces = total(&rain, 15, &cuts);
        assert!(whole.iter().zip(&pieces).all(|(a, b)| (a - b).abs() < 1e-3), "{whole:?} {pieces:?}");
        // 20 mm/h for 20 min and 60 mm/h painted for 30 min, and the cell on top.
        assert!((whole[20] - (20.0 / 3.0 + 30.0)).abs() < 0.01 && whole[0] > 20.0 / 3.0 + 5.0, "{whole:?}");
        assert!((whole[39] - 20.0 / 3.0).abs() < 0.05, "{}", whole[39]);
        assert_eq!(rain.end_s(), 3600.0);
        assert_eq!(rain.next_break_s(0.0), Some(1200.0));
        let (mean, wettest) = rain.over(&grid(), 3600.0);
        assert!(wettest.total_mm() > mean.total_mm() && mean.total_mm() > 20.0 / 3.0);
        let stroke = rain.map.as_ref().unwrap().strokes[0].clone();
        assert!(rain.unpaint(&stroke) && !rain.unpaint(&stroke));
    }

    #[test]
    fn a_bare_series_costs_no_rows() {
        let rain = Rain::from(RainSeries::uniform(60.0, 600.0));
        assert_eq!(rain.series_at([0.0, 0.0], 600.0), rain.base);
        let mut out = [9.0_f32; 3];
        rain.row_mm(&grid(), 0, 0.0, 60.0, &mut out);
        assert_eq!(out, [1.0; 3]);
    }
}
