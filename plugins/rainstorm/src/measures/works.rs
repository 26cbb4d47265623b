//! What stands and runs in the city because somebody put it there. Part of a water model's state.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::file_words::both;
use serde::{Deserialize, Serialize};

use super::{Barrier, Discharge, Measure, MobilePump, PumpRun, Sponge, chain_of_line};
use crate::chinese::PHRASES;
use crate::surface::{Domain, SurfaceSolver, Taken};

/// A measure cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("measure {measure}: {}", both(PHRASES, reason))]
pub struct MeasureError {
    /// Which.
    pub measure: String,
    /// Why, and what was expected.
    pub reason: String,
}

impl MeasureError {
    pub(crate) fn new(measure: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { measure: measure.into(), reason: reason.into() }
    }
}

/// A sponge measure with what its cells can still store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Soaking {
    sponge: Sponge,
    cells: Vec<(u32, u32)>,
    /// m of the cell, row by row as `cells`.
    left_m: Vec<f32>,
}

/// Everything put up so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Works {
    pumps: BTreeMap<String, MobilePump>,
    barriers: BTreeMap<String, Barrier>,
    sponges: BTreeMap<String, Soaking>,
    roads: BTreeSet<usize>,
    failed: BTreeSet<String>,
    /// Pumps run by hand: on or off.
    hands: BTreeMap<String, bool>,
    inlets: BTreeMap<String, f64>,
    covers: BTreeSet<String>,
    outfalls: BTreeMap<String, f64>,
    conduits: BTreeMap<String, f64>,
    river_rise_m: f64,
    /// Moved by each pump truck, m³.
    pumped_m3: BTreeMap<String, f64>,
}

impl Works {
    /// Roads closed by hand.
    #[must_use]
    pub fn closed_roads(&self) -> &BTreeSet<usize> {
        &self.roads
    }

    /// Pump trucks in place.
    #[must_use]
    pub fn mobile_pumps(&self) -> &BTreeMap<String, MobilePump> {
        &self.pumps
    }

    /// Barriers in place.
    #[must_use]
    pub fn barriers(&self) -> &BTreeMap<String, Barrier> {
        &self.barriers
    }

    /// Volume each pump truck has moved, m³.
    #[must_use]
    pub fn pumped_m3(&self) -> &BTreeMap<String, f64> {
        &self.pumped_m3
    }

    /// Open shares of inlets that somebody has set, by node.
    #[must_use]
    pub fn inlets(&self) -> &BTreeMap<String, f64> {
        &self.inlets
    }

    /// Pumps of the network run by hand: on or off.
    #[must_use]
    pub fn hands(&self) -> &BTreeMap<String, bool> {
        &self.hands
    }

    /// Pumps of the network that have failed.
    #[must_use]
    pub fn failed_pumps(&self) -> &BTreeSet<String> {
        &self.failed
    }

    /// Over the river levels of the scenario, m.
    #[must_use]
    pub fn river_rise_m(&self) -> f64 {
        self.river_rise_m
    }

    /// True when water is to be moved at every exchange.
    #[must_use]
    pub fn are_busy(&self) -> bool {
        self.pumps.values().any(|p| p.runs && p.flow_m3_h > 0.0) || !self.sponges.is_empty()
    }

    /// Records a measure of the network and says what undoes it.
    pub(crate) fn record(&mut self, measure: &Measure) -> Option<Measure> {
        let put = |set: &mut BTreeSet<String>, id: &String, there: bool| {
            if there { !set.insert(id.clone()) } else { set.remove(id) }
        };
        Some(match measure {
            Measure::PumpFailed { pump, failed } => {
                let before = put(&mut self.failed, pump, *failed);
                Measure::PumpFailed { pump: pump.clone(), failed: before }
            }
            Measure::PumpSwitch { pump, run } => {
                let before = match run {
                    PumpRun::Auto => self.hands.remove(pump),
                    PumpRun::On => self.hands.insert(pump.clone(), true),
                    PumpRun::Off => self.hands.insert(pump.clone(), false),
                };
                let run = match before {
                    None => PumpRun::Auto,
                    Some(true) => PumpRun::On,
                    Some(false) => PumpRun::Off,
                };
                Measure::PumpSwitch { pump: pump.clone(), run }
            }
            Measure::InletOpen { node, open_share } => {
                let before = self.inlets.insert(node.clone(), *open_share).unwrap_or(1.0);
                Measure::InletOpen { node: node.clone(), open_share: before }
            }
            Measure::OutfallLevel { node, level_m } => {
                let before = match level_m {
                    Some(level_m) => self.outfalls.insert(node.clone(), *level_m),
                    None => self.outfalls.remove(node),
                };
                Measure::OutfallLevel { node: node.clone(), level_m: before }
            }
            Measure::ConduitBlocked { conduit, share } => {
                let before = self.conduits.insert(conduit.clone(), *share).unwrap_or(0.0);
                Measure::ConduitBlocked { conduit: conduit.clone(), share: before }
            }
            Measure::CoverOpen { node, open } => {
                let before = put(&mut self.covers, node, *open);
                Measure::CoverOpen { node: node.clone(), open: before }
            }
            Measure::RoadClosed { road, closed } => {
                let before = if *closed { !self.roads.insert(*road) } else { self.roads.remove(road) };
                Measure::RoadClosed { road: *road, closed: before }
            }
            _ => return None,
        })
    }

    /// Puts, changes or removes what stands on the ground; returns what undoes it.
    pub(crate) fn place(
        &mut self,
        measure: &Measure,
        solver: &mut dyn SurfaceSolver,
        held_m: &[f32],
    ) -> Result<Measure, MeasureError> {
        let grid = solver.domain().grid;
        match measure {
            Measure::MobilePump { id, set } => {
                if let Some(pump) = set {
                    let places = [pump.at_m, if let Discharge::Place(to) = pump.to { Some(to) } else { pump.at_m }];
                    for place in places {
                        let inside = place.is_some_and(|[x, y]| grid.cell_of(x, y).is_some());
                        if !inside {
                            return Err(MeasureError::new(id, format!("{place:?} is outside the model")));
                        }
                    }
                }
                let before = match set {
                    Some(pump) => self.pumps.insert(id.clone(), pump.clone()),
                    None => self.pumps.remove(id),
                };
                Ok(Measure::MobilePump { id: id.clone(), set: before })
            }
            Measure::Barrier { id, set } => {
                if let Some(barrier) = set
                    && chain_of_line(solver.domain(), &barrier.line_m).is_empty()
                {
                    let reason = format!("its line is shorter than a cell of {} m or outside the model", grid.cell_m);
                    return Err(MeasureError::new(id, reason));
                }
                let before = match set {
                    Some(barrier) => self.barriers.insert(id.clone(), barrier.clone()),
                    None => self.barriers.remove(id),
                };
                self.raise(solver);
                Ok(Measure::Barrier { id: id.clone(), set: before })
            }
            Measure::Sponge { id, set } => {
                let soaking = set.as_ref().map(|sponge| soak(sponge, solver.domain()));
                if soaking.as_ref().is_some_and(|s| s.cells.is_empty()) {
                    return Err(MeasureError::new(id, "no open cell of these classes lies in its ring"));
                }
                let before = match soaking {
                    Some(soaking) => self.sponges.insert(id.clone(), soaking),
                    None => self.sponges.remove(id),
                };
                Ok(Measure::Sponge { id: id.clone(), set: before.map(|s| s.sponge) })
            }
            Measure::RiverStage { rise_m } => {
                let before = std::mem::replace(&mut self.river_rise_m, *rise_m);
                self.fill_rivers(solver, held_m);
                Ok(Measure::RiverStage { rise_m: before })
            }
            other => Err(MeasureError::new(format!("{other:?}"), "is not a matter of the ground")),
        }
    }

    /// Crests and river levels onto a fresh domain.
    pub(crate) fn rebuild(&self, solver: &mut dyn SurfaceSolver, held_m: &[f32]) {
        if !self.barriers.is_empty() {
            self.raise(solver);
        }
        if self.river_rise_m != 0.0 {
            self.fill_rivers(solver, held_m);
        }
    }

    fn raise(&self, solver: &mut dyn SurfaceSolver) {
        let barriers = self.barriers.values().filter(|b| b.closed);
        solver.edit_domain(&mut |domain: &mut Domain| {
            let mut tops = Vec::new();
            for barrier in barriers.clone() {
                for (c, r, west) in chain_of_line(domain, &barrier.line_m) {
                    // A wall or the edge of the raster is higher than any sandbag.
                    let Some((a, b)) = domain.beds_beside(c, r, west) else { continue };
                    let top = barrier.crest_m.unwrap_or_else(|| a.max(b) + barrier.height_m.unwrap_or(0.0));
                    tops.push((c, r, west, top));
                }
            }
            domain.set_crests(tops);
        });
    }

    fn fill_rivers(&self, solver: &mut dyn SurfaceSolver, held_m: &[f32]) {
        let rise = self.river_rise_m as f32;
        // Water whose level nobody knows swallows what arrives, whatever the stage.
        let depths: Vec<f32> = held_m.iter().map(|d| if *d > 0.0 { (d + rise).max(0.0) } else { 0.0 }).collect();
        solver.edit_domain(&mut |domain: &mut Domain| domain.set_held_depths(depths.iter().copied()));
    }

    /// Moves water for `dt_s`: pump trucks in order of their names, then sponges.
    pub(crate) fn run(&mut self, solver: &mut dyn SurfaceSolver, dt_s: f64) {
        for (id, pump) in self.pumps.iter().filter(|(_, p)| p.runs) {
            let Some(place) = pump.at_m else { continue };
            // The hose draws from its cell and those around it, as each has water over the suction.
            let cells = crate::impact::cells_near(solver.domain(), place);
            let rooms: Vec<f64> = cells
                .iter()
                .map(|(c, r)| {
                    let depth_m = f64::from(solver.depth_at_m(*c, *r));
                    (depth_m - pump.suction_m).max(0.0) * solver.domain().open_area_m2(*c, *r)
                })
                .collect();
            let room: f64 = rooms.iter().sum();
            let wanted = (pump.flow_m3_h / 3600.0 * dt_s).min(room);
            if wanted <= 0.0 {
                continue;
            }
            let mut moved = 0.0;
            for ((col, row), own) in cells.into_iter().zip(rooms) {
                moved += solver.take_m3(col, row, wanted * own / room, Taken::Removed);
            }
            *self.pumped_m3.entry(id.clone()).or_default() += moved;
            if let Discharge::Place(to) = pump.to {
                let cells = crate::impact::cells_near(solver.domain(), to);
                let share = moved / cells.len().max(1) as f64;
                for (col, row) in cells {
                    solver.pour_m3(col, row, share);
                }
            }
        }
        for soaking in self.sponges.values_mut() {
            let soak_m = soaking.sponge.share * soaking.sponge.infiltration_mm_h / 1000.0 * dt_s / 3600.0;
            for ((col, row), left_m) in soaking.cells.iter().zip(&mut soaking.left_m) {
                let (col, row) = (*col as usize, *row as usize);
                let area = solver.domain().open_area_m2(col, row).max(1.0e-9);
                let room_m = f64::from(*left_m) + soak_m;
                let depth_m = f64::from(solver.depth_at_m(col, row));
                if room_m <= 0.0 || depth_m <= 0.0 {
                    continue;
                }
                let taken_m = solver.take_m3(col, row, depth_m.min(room_m) * area, Taken::Infiltrated) / area;
                *left_m = (f64::from(*left_m) - (taken_m - soak_m).max(0.0)).max(0.0) as f32;
            }
        }
    }
}

/// The cells of a sponge measure, dry.
fn soak(sponge: &Sponge, domain: &Domain) -> Soaking {
    let grid = domain.grid;
    let mut cells = Vec::new();
    for row in 0..grid.rows {
        for col in 0..grid.cols {
            let fits =
                domain.soil_class(col, row).is_some_and(|c| sponge.classes.is_empty() || sponge.classes.contains(&c))
                    && !domain.is_fixed(col, row)
                    && (sponge.ring_m.is_empty() || inside(&sponge.ring_m, grid.centre_m(col, row)));
            if fits {
                cells.push((col as u32, row as u32));
            }
        }
    }
    let left_m = vec![(sponge.share * sponge.storage_mm / 1000.0) as f32; cells.len()];
    Soaking { sponge: sponge.clone(), cells, left_m }
}

/// Even-odd rule.
pub(crate) fn inside(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut odd = false;
    for k in 0..ring.len() {
        let (a, b) = (ring[k], ring[(k + 1) % ring.len()]);
        if (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            odd = !odd;
        }
    }
    odd
}
