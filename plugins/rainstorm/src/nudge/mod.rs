//! Nudging: the model's water is moved towards the gauges that are believed, locally, and every cubic metre of it is
//! written down.
//!
//! A gauge says a level. Cells near it that water can reach are drawn to that level: those below it are filled, those
//! whose water stands above it give some away, and dry ground above it stays dry. Where several gauges reach a cell
//! they share it by their weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{live::GaugeSite, surface::Taken, water::WaterModel};

/// How strongly gauges draw the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NudgeSettings {
    /// Share of the difference that one reading corrects, 0 to 1.
    pub gain: f64,
    /// Smaller differences are noise, m.
    pub dead_m: f64,
    /// How far a correction reaches, m.
    pub reach_m: f64,
    /// Most one reading changes a cell, m.
    pub most_m: f64,
}

impl Default for NudgeSettings {
    fn default() -> Self {
        Self { gain: 0.6, dead_m: 0.01, reach_m: 150.0, most_m: 0.5 }
    }
}

/// What all corrections so far have moved, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NudgeLedger {
    /// Added to the surface.
    pub added_m3: f64,
    /// Taken from the surface.
    pub taken_m3: f64,
}

impl NudgeLedger {
    /// Added less taken, m³.
    #[must_use]
    pub fn net_m3(&self) -> f64 {
        self.added_m3 - self.taken_m3
    }

    /// Moved at all, m³.
    #[must_use]
    pub fn gross_m3(&self) -> f64 {
        self.added_m3 + self.taken_m3
    }
}

/// Draws the water of a model to what gauges measure: `(site, measured depth m)`. Returns what was moved.
pub fn nudge(model: &mut WaterModel, gauges: &[(&GaugeSite, f64)], s: &NudgeSettings) -> NudgeLedger {
    // Wanted change and weights of every cell, from the water as it stands before any correction.
    let mut wanted: BTreeMap<(usize, usize), (f64, f64, f64)> = BTreeMap::new();
    for (site, measured_m) in gauges {
        let depth = |c: usize, r: usize| f64::from(model.solver().depth_at_m(c, r));
        let off = measured_m - depth(site.cell.0, site.cell.1);
        if off.abs() <= s.dead_m || !off.is_finite() {
            continue;
        }
        let level = site.ground_m + measured_m;
        for &(c, r, w) in &site.reach {
            let Some(bed) = model.domain().bed_m(c, r) else { continue };
            let h = depth(c, r);
            // How far this cell's own level is from the gauge's, in the direction the gauge asks for.
            let gap = level - (bed + h);
            let change = if off > 0.0 { gap.clamp(0.0, off) } else { gap.clamp(off, 0.0).max(-h) };
            let w = f64::from(w);
            let entry = wanted.entry((c, r)).or_default();
            *entry = (entry.0 + w * change, entry.1 + w, entry.2.max(w));
        }
    }
    let mut books = NudgeLedger::default();
    for ((c, r), (sum, weights, most)) in wanted {
        if weights <= 0.0 {
            continue;
        }
        // The weighted mean of what the gauges ask, as strong as the nearest of them.
        let change_m = (s.gain * most * sum / weights).clamp(-s.most_m, s.most_m);
        let area = model.domain().open_area_m2(c, r);
        if change_m > 0.0 {
            books.added_m3 += model.solver_mut().pour_m3(c, r, change_m * area);
        } else if change_m < 0.0 {
            books.taken_m3 += model.solver_mut().take_m3(c, r, -change_m * area, Taken::Removed);
        }
    }
    books
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_core::Stamp;

    use super::*;
    use crate::{
        storm::RainSeries,
        surface::{DomainBuilder, Grid, InertialSettings, LocalInertial, Nested, PatchBuilder, SurfaceSolver},
    };

    /// A bowl of 400 m with a level pond of 0.4 m in its middle.
    fn bowl() -> WaterModel {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 40, rows: 40 };
        let bed = |x: f64, y: f64| 5.0 + ((x - 205.0).powi(2) + (y - 205.0).powi(2)).sqrt() / 100.0;
        let domain = Arc::new(DomainBuilder::new(grid).bed(bed).build());
        let mut solver = LocalInertial::new(domain, InertialSettings::default(), None);
        solver.set_level(|_, _| 5.4);
        WaterModel::from_parts(solver, None, RainSeries::default(), Stamp(0), 10)
    }

    fn site(model: &WaterModel, x: f64, y: f64) -> GaugeSite {
        GaugeSite::new(&"1".into(), [x, y], model.domain(), 150.0).unwrap()
    }

    #[test]
    fn water_goes_towards_the_gauge_and_the_books_close() {
        for (measured, up) in [(0.7, true), (0.1, false)] {
            let mut model = bowl();
            let site = site(&model, 205.0, 205.0);
            let stored = model.ledger().stored_m3;
            let before = f64::from(model.solver().depth_at_m(20, 20));
            let moved = nudge(&mut model, &[(&site, measured)], &NudgeSettings::default());
            let after = f64::from(model.solver().depth_at_m(20, 20));
            assert!((after - before - 0.6 * (measured - before)).abs() < 1e-3, "{before} {after}");
            assert_eq!((moved.added_m3 > 0.0, moved.taken_m3 > 0.0), (up, !up));
            let books = model.ledger();
            assert!((books.stored_m3 - stored - moved.net_m3()).abs() < 1e-6 * stored, "{books:?} {moved:?}");
            assert!(books.error_relative < 1e-6);
            // Ground above the gauge's level stays dry.
            assert_eq!(model.solver().depth_at_m(20, 34), 0.0);
        }
    }

    #[test]
    fn in_a_focus_area_its_own_cells_are_drawn_to_the_gauge() {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 40, rows: 40 };
        // A gutter of 5 m, half a metre deep: cells of 10 m do not know it.
        let bed = |x: f64, _: f64| if (200.0..205.0).contains(&x) { 4.5 } else { 5.0 };
        let box_of = Grid { west_m: 150.0, south_m: 150.0, cell_m: 5.0, cols: 20, rows: 20 };
        let patch = PatchBuilder { col: 15, row: 15, builder: DomainBuilder::new(box_of).bed(bed) };
        let domain = Arc::new(DomainBuilder::new(grid).bed(bed).build_with(vec![patch]));
        let mut solver = Nested::new(domain, InertialSettings::default(), None).unwrap();
        solver.fill_level(&|_, _| 4.7);
        let mut model = WaterModel::from_parts(solver, None, RainSeries::default(), Stamp(0), 10);
        let site = GaugeSite::new(&"1".into(), [202.0, 202.0], model.domain(), 150.0).unwrap();
        assert!(site.reach.iter().any(|(_, r, _)| *r >= 40), "fine cells");
        let (gutter, beside) = (model.domain().finest_at(202.0, 202.0), model.domain().finest_at(207.0, 202.0));
        let ((gc, gr), (bc, br)) = (gutter.unwrap(), beside.unwrap());
        let before = model.ledger();
        let moved = nudge(&mut model, &[(&site, 0.4)], &NudgeSettings::default());
        // The gutter rises by .6 of what is missing; the street beside it, above the gauge's level, stays dry.
        assert!((model.solver().depth_at_m(gc, gr) - 0.32).abs() < 0.01, "{}", model.solver().depth_at_m(gc, gr));
        assert!(model.solver().depth_at_m(bc, br) < 1.0e-6);
        let after = model.ledger();
        assert!((after.stored_m3 - before.stored_m3 - moved.net_m3()).abs() < 1e-3, "{moved:?}");
        assert!(after.error_relative < 1e-6);
    }

    #[test]
    fn noise_moves_nothing_and_repeating_converges() {
        let mut model = bowl();
        let site = site(&model, 205.0, 205.0);
        let still = nudge(&mut model, &[(&site, 0.4)], &NudgeSettings { dead_m: 0.02, ..NudgeSettings::default() });
        assert_eq!(still, NudgeLedger::default());
        for _ in 0..12 {
            let _moved = nudge(&mut model, &[(&site, 0.6)], &NudgeSettings::default());
        }
        assert!((f64::from(model.solver().depth_at_m(20, 20)) - 0.6).abs() < 0.011);
        let two = GaugeSite::new(&"2".into(), [245.0, 205.0], model.domain(), 150.0).unwrap();
        let moved = nudge(&mut model, &[(&site, 0.6), (&two, 0.2)], &NudgeSettings::default());
        let stored = model.ledger().stored_m3;
        assert!(moved.gross_m3() < 0.05 * stored, "two gauges of one pool ask for little: {moved:?} of {stored}");
    }
}
