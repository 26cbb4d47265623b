//! A crew on patrol.

use guanlan_core::{Stamp, UnitId, input::UnitFix};
use serde::{Deserialize, Serialize};

use super::{
    CrewOutput, FIX_MS,
    chance::{between, mix},
};
use crate::{graph::RoadGraph, route::Route, vehicle::VehicleClass};

/// A patrol drives this share of the usual speed.
const PATROL_PACE: f64 = 0.7;

/// Wanders along the roads, never back where it came from unless it must.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatrolDriver {
    unit: UnitId,
    vehicle: VehicleClass,
    edge: u32,
    forward: bool,
    /// Distance travelled on the edge, m.
    into_m: f32,
    clock: Stamp,
    next_fix: Stamp,
    draws: u64,
    seed: u64,
}

impl PatrolDriver {
    /// A patrol that starts on the road nearest to a place; `None` where no road is near.
    #[must_use]
    pub fn new(
        unit: UnitId,
        vehicle: VehicleClass,
        place_m: [f64; 2],
        graph: &RoadGraph,
        seed: u64,
        now: Stamp,
    ) -> Option<Self> {
        let snap = graph.snap(place_m, vehicle)?;
        let next_fix = now + between(seed, 0, 500, 2 * FIX_MS);
        Some(Self {
            unit,
            vehicle,
            edge: snap.edge,
            forward: true,
            into_m: snap.along_m,
            clock: now,
            next_fix,
            draws: 1,
            seed,
        })
    }

    /// Wanders until `now`; `closed` says which edges to keep off.
    pub fn step(&mut self, now: Stamp, graph: &RoadGraph, closed: &dyn Fn(u32) -> bool) -> Vec<CrewOutput> {
        let mut out = Vec::new();
        while self.clock < now {
            let until = now.min(self.next_fix);
            let Some(&edge) = graph.edges().get(self.edge as usize) else { return out };
            let kmh = self.vehicle.free_kmh(edge.class, edge.limit_kmh).unwrap_or(10.0) * PATROL_PACE;
            let speed = (kmh / 3.6) as f32;
            let rest_m = edge.length_m - self.into_m;
            let step_m = speed * (until - self.clock) as f32 / 1000.0;
            if step_m < rest_m {
                self.into_m += step_m;
                self.clock = until;
            } else {
                self.clock = self.clock + ((rest_m / speed * 1000.0) as i64).max(1);
                self.choose(graph, closed);
            }
            if self.clock >= self.next_fix {
                out.push(self.fix(graph, speed));
                self.next_fix = self.clock + 2 * FIX_MS;
            }
        }
        out
    }

    fn choose(&mut self, graph: &RoadGraph, closed: &dyn Fn(u32) -> bool) {
        let edge = &graph.edges()[self.edge as usize];
        let junction = if self.forward { edge.to } else { edge.from };
        let ways: Vec<_> = graph
            .leaving(junction)
            .iter()
            .filter(|h| {
                let e = &graph.edges()[h.edge as usize];
                h.edge != self.edge
                    && (h.forward || !e.one_way || self.vehicle == VehicleClass::Foot)
                    && self.vehicle.free_kmh(e.class, e.limit_kmh).is_some()
                    && !closed(h.edge)
            })
            .collect();
        self.draws += 1;
        match ways.len() {
            0 => self.forward = !self.forward,
            n => {
                let way = ways[(mix(self.seed, self.draws) % n as u64) as usize];
                (self.edge, self.forward) = (way.edge, way.forward);
            }
        }
        self.into_m = 0.0;
    }

    fn fix(&self, graph: &RoadGraph, speed_mps: f32) -> CrewOutput {
        let length = graph.edges()[self.edge as usize].length_m;
        let into = self.into_m.clamp(0.0, length);
        let (from, to) = if self.forward { (0.0, length) } else { (length, 0.0) };
        let way = Route { line: graph.slice(self.edge, from, to), ..Route::default() };
        let (place, course_deg) = way.at(into).unwrap_or_default();
        CrewOutput::Fix(UnitFix {
            unit: self.unit.clone(),
            at: self.clock,
            east_m: f64::from(place[0]),
            north_m: f64::from(place[1]),
            speed_mps,
            course_deg,
            battery: None,
        })
    }
}
