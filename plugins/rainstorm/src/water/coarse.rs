//! A model over coarser cells that stands in for a finer one.

use std::collections::BTreeMap;

use super::WaterModel;
use crate::{measures::Measure, surface::Domain};

impl WaterModel {
    /// Takes over the water, the drains and what has been done of a model of the same city over finer cells. Its clock
    /// and rain stay its own. False when the networks differ.
    #[must_use]
    pub fn stand_in_for(&mut self, fine: &Self) -> bool {
        let stands = fine.done.iter().filter(|d| !d.undone && d.undoes.is_none());
        let lasts = stands.filter(|d| {
            !matches!(
                d.measure,
                Measure::Rain(_)
                    | Measure::RainIntensity(_)
                    | Measure::Paint(_)
                    | Measure::Unpaint(_)
                    | Measure::Pour { .. }
            )
        });
        for done in lasts {
            if let Err(error) = self.enact(&done.measure) {
                self.notes.push(format!("over coarser cells: {error}"));
            }
        }
        self.done.clear();
        self.hold_rivers(fine.works.river_rise_m());
        let same = match (&mut self.drains, &fine.drains) {
            (Some(mine), Some(theirs)) => mine.restore(&theirs.save()),
            (None, None) => true,
            _ => false,
        };
        if !same {
            return false;
        }
        let volumes = self.gather(fine);
        let held: BTreeMap<(usize, usize), f32> =
            self.domain().held().iter().map(|h| ((h.col, h.row), h.depth_m)).collect();
        let (cols, area) = (self.domain().grid.cols, self.domain().grid.cell_area_m2());
        self.solver.fill_depths(&|c, r| match held.get(&(c, r)) {
            Some(depth) => *depth,
            None => (volumes[r * cols + c] / area) as f32,
        });
        true
    }

    /// Water of a finer model by cell of this one, m³; what lies where this one has houses goes beside them.
    fn gather(&self, fine: &Self) -> Vec<f64> {
        let (mine, theirs) = (self.domain(), fine.domain());
        let grid = mine.grid;
        let open = |c: usize, r: usize| !mine.is_blocked(c, r) && !mine.is_fixed(c, r);
        let beside = |c: usize, r: usize| {
            let (cols, rows) =
                (c.saturating_sub(1)..=(c + 1).min(grid.cols - 1), r.saturating_sub(1)..=(r + 1).min(grid.rows - 1));
            rows.flat_map(|r| cols.clone().map(move |c| (c, r))).find(|(c, r)| open(*c, *r))
        };
        let mut volumes = vec![0.0; grid.len()];
        let mut collect = |from: &Domain, covered: &dyn Fn(usize, usize) -> bool, col: usize, row: usize, h: f32| {
            if h > 0.0 && !from.is_fixed(col, row) && !covered(col, row) {
                let area = from.grid.cell_area_m2();
                let [x, y] = from.grid.centre_m(col, row);
                let Some((c, r)) = grid.cell_of(x, y) else { return };
                let to = if open(c, r) { Some((c, r)) } else { beside(c, r) };
                if let Some((c, r)) = to {
                    volumes[r * grid.cols + c] += f64::from(h) * area;
                }
            }
        };
        let covered = |c: usize, r: usize| theirs.patch_over(c, r).is_some();
        fine.solver.for_rows(&mut |row, depths| {
            depths.iter().enumerate().for_each(|(col, h)| collect(theirs, &covered, col, row, *h));
        });
        for finer in fine.solver.finer() {
            finer.for_rows(&mut |row, depths| {
                depths.iter().enumerate().for_each(|(col, h)| collect(finer.domain(), &|_, _| false, col, row, *h));
            });
        }
        volumes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_core::Stamp;

    use super::*;
    use crate::{
        storm::RainSeries,
        surface::{DomainBuilder, Grid, InertialSettings, LocalInertial},
    };

    fn bowl(cell_m: f64, cols: usize) -> WaterModel {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m, cols, rows: cols };
        let mut b = DomainBuilder::new(grid).bed(|x, y| 5.0 + (x - 200.0).hypot(y - 200.0) / 100.0);
        // A house in the south-west.
        for k in 0..cols / 10 {
            b.blocked[(cols / 10 + k) * cols + cols / 10] = true;
        }
        let solver = LocalInertial::new(Arc::new(b.build()), InertialSettings::default(), None);
        WaterModel::from_parts(solver, None, RainSeries::default(), Stamp(0), 10)
    }

    #[test]
    fn coarser_cells_hold_the_same_water() {
        let mut fine = bowl(10.0, 40);
        fine.apply(&Measure::Pour { east_m: 205.0, north_m: 205.0, volume_m3: 900.0 });
        fine.apply(&Measure::Pour { east_m: 45.0, north_m: 35.0, volume_m3: 20.0 });
        fine.run_to(600.0);
        let mut coarse = bowl(20.0, 20);
        assert!(coarse.stand_in_for(&fine));
        let (a, b) = (fine.ledger().stored_m3, coarse.ledger().stored_m3);
        assert!((a / b - 1.0).abs() < 1e-5, "{a} {b}");
        let deep = |m: &WaterModel| m.solver().depths_m().iter().copied().fold(0.0, f32::max);
        assert!((deep(&fine) - deep(&coarse)).abs() < 0.1);
    }
}
