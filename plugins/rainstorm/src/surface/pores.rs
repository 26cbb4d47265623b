//! Buildings as pores (porosity shallow water, isotropic): a cell is water on the share of it that is not built over,
//! and a face lets water through along the smaller open share of its two cells.
//!
//! The state of a solver over such ground is volume for each m² of cell, and discharge for each m of face: the books,
//! rain and exchanges stay as they are. Depths and discharges of the open ground follow from the shares.

use super::Grid;

/// Cells with less open ground than this are walls.
pub const LEAST_OPEN: f32 = 0.05;

/// Open shares of a raster; empty where every cell is whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pores {
    /// Padded: open share of each cell; 1 where blocked.
    pub share: Vec<f32>,
    /// Padded: 1 over it.
    pub inverse: Vec<f32>,
    /// Padded: open share of the west face of each cell.
    pub west: Vec<f32>,
    /// Padded: open share of the south face.
    pub south: Vec<f32>,
}

impl Pores {
    /// From open shares row by row from the south-west, unpadded; none when every cell is whole.
    pub(super) fn new(grid: Grid, open_share: &[f32]) -> Self {
        if open_share.len() != grid.len() || open_share.iter().all(|s| *s >= 1.0) {
            return Self::default();
        }
        let len = grid.padded_len();
        let mut share = vec![1.0_f32; len];
        for (k, open) in open_share.iter().enumerate() {
            share[grid.padded(k % grid.cols, k / grid.cols)] = open.clamp(LEAST_OPEN, 1.0);
        }
        let face = |p: usize, back: usize| if p >= back { share[p].min(share[p - back]) } else { share[p] };
        Self {
            inverse: share.iter().map(|s| 1.0 / s).collect(),
            west: (0..len).map(|p| face(p, 1)).collect(),
            south: (0..len).map(|p| face(p, grid.stride())).collect(),
            share,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.share.is_empty()
    }

    /// Open share of a padded cell.
    pub fn share(&self, p: usize) -> f64 {
        self.share.get(p).copied().map_or(1.0, f64::from)
    }

    /// Depth of the open ground from volume for each m² of a padded cell, m.
    pub fn depth_m(&self, p: usize, volume_m: f32) -> f32 {
        self.inverse.get(p).map_or(volume_m, |inverse| volume_m * inverse)
    }
}

/// Depths of the open ground and discharges for each m of open face, as the momentum of a step wants them.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenWater {
    pub h: Vec<f32>,
    pub qx: Vec<f32>,
    pub qy: Vec<f32>,
}

impl OpenWater {
    /// Of a state over pores.
    pub fn fill(&mut self, pores: &Pores, h: &[f32], qx: &[f32], qy: &[f32]) {
        let put = |out: &mut Vec<f32>, values: &mut dyn Iterator<Item = f32>| {
            out.clear();
            out.extend(values);
        };
        put(&mut self.h, &mut h.iter().zip(&pores.inverse).map(|(h, i)| h * i));
        put(&mut self.qx, &mut qx.iter().zip(&pores.west).map(|(q, s)| q / s));
        put(&mut self.qy, &mut qy.iter().zip(&pores.south).map(|(q, s)| q / s));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        storm::RainSeries,
        surface::{Domain, DomainBuilder, Forcing, Grid, InertialSettings, LocalInertial, SurfaceSolver},
    };

    const GRID: Grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 5.0, cols: 80, rows: 20 };

    fn ground(open: impl Fn(usize, usize) -> f32, bed: impl Fn(f64, f64) -> f64) -> Arc<Domain> {
        let mut builder = DomainBuilder::new(GRID).manning(0.03).bed(bed);
        builder.open_share = (0..GRID.len()).map(|k| open(k % GRID.cols, k / GRID.cols)).collect();
        Arc::new(builder.build())
    }

    fn run(domain: Arc<Domain>, level_m: impl Fn(usize, usize) -> f64, rain_mm_h: f64, until_s: f64) -> LocalInertial {
        let mut solver = LocalInertial::new(domain, InertialSettings::default(), None);
        solver.set_level(level_m);
        let rain = RainSeries::uniform(rain_mm_h, until_s);
        solver.advance(until_s, &mut Forcing { rain: &rain, drains: None });
        assert!(solver.ledger().error_relative <= 1e-6, "{:?}", solver.ledger());
        solver
    }

    fn ragged(c: usize, r: usize) -> f32 {
        0.2 + 0.1 * ((c * 7 + r * 3) % 9) as f32
    }

    #[test]
    fn a_lake_between_houses_rests() {
        let domain = ground(ragged, |x, y| 0.4 * (x * 0.05).sin() + 0.2 * (y * 0.2).cos());
        let solver = run(domain, |_, _| 1.5, 0.0, 60.0);
        assert!(solver.largest_discharge_m2_s() < 1e-6, "{}", solver.largest_discharge_m2_s());
        for (c, r) in [(3, 3), (40, 10), (77, 18)] {
            let level = solver.domain().bed_m(c, r).unwrap() + f64::from(solver.depth_at_m(c, r));
            assert!((level - 1.5).abs() < 1e-5, "{level}");
        }
    }

    #[test]
    fn the_same_share_everywhere_moves_as_open_ground_and_holds_that_share_of_it() {
        let level = |c: usize, _: usize| if c < 30 { 1.2 } else { 0.3 };
        let open = run(ground(|_, _| 1.0, |_, _| 0.0), level, 0.0, 30.0);
        let half = run(ground(|_, _| 0.5, |_, _| 0.0), level, 0.0, 30.0);
        for c in 0..GRID.cols {
            let (a, b) = (open.depth_at_m(c, 7), half.depth_at_m(c, 7));
            assert!((a - b).abs() < 2e-3, "column {c}: {a} {b}");
        }
        let (a, b) = (open.ledger().stored_m3, half.ledger().stored_m3);
        assert!((b / a - 0.5).abs() < 1e-6, "{a} {b}");
    }

    #[test]
    fn rain_on_roofs_rises_between_the_houses_and_all_of_it_is_booked() {
        let solver = run(ground(|_, _| 0.25, |_, _| 0.0), |_, _| -1.0, 36.0, 1000.0);
        assert!((solver.depth_at_m(20, 10) - 0.040).abs() < 1e-4, "{}", solver.depth_at_m(20, 10));
        let rained = 0.010 * GRID.len() as f64 * 25.0;
        let ledger = solver.ledger();
        assert!((ledger.rain_m3 / rained - 1.0).abs() < 1e-6 && (ledger.stored_m3 / rained - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_dense_block_holds_a_flood_back() {
        let level = |c: usize, _: usize| if c < 20 { 1.0 } else { -1.0 };
        let before = |share: f32| {
            let block = move |c: usize, _: usize| if (30..50).contains(&c) { share } else { 1.0 };
            let solver = run(ground(block, |_, _| 0.0), level, 0.0, 90.0);
            (0..30).map(|c| f64::from(solver.depth_at_m(c, 10))).sum::<f64>()
        };
        let (free, dense) = (before(1.0), before(0.15));
        assert!(dense > 1.3 * free, "{dense} m of 20 stand before the block, {free} without it");
    }
}
