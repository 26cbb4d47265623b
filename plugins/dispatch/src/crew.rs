//! Model crews: they drive a route, work, report and come home, or wander on patrol. Pure: time is an argument.
//!
//! The device simulator and the crews of a drill use the same model, so that both move alike.

use std::sync::Arc;

use guanlan_core::{
    DispatchId, Stamp, UnitId,
    input::{UnitFix, UnitReport, UnitStatus},
};
use serde::{Deserialize, Serialize};

use crate::{graph::RoadGraph, route::Route, vehicle::VehicleClass};

/// A moving crew sends its position this often, ms.
pub const FIX_MS: i64 = 5_000;
/// A standing crew sends its position this often, ms.
pub const IDLE_FIX_MS: i64 = 30_000;
/// A patrol drives this share of the usual speed.
const PATROL_PACE: f64 = 0.7;

/// What a model crew sends.
#[derive(Clone, Debug, PartialEq)]
pub enum CrewOutput {
    /// A position.
    Fix(UnitFix),
    /// A report.
    Report(UnitReport),
}

/// SplitMix64 (Steele, Lea & Flood 2014) of a key.
#[must_use]
pub fn mix(seed: u64, draw: u64) -> u64 {
    let mut z = seed ^ draw.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A whole number from `low` to `high`, both included.
fn between(seed: u64, draw: u64, low: i64, high: i64) -> i64 {
    low + (mix(seed, draw) % (high - low + 1).max(1) as u64) as i64
}

/// What a crew on a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Reads the order.
    Acknowledging,
    /// Gets ready.
    Turnout,
    /// Drives to the case.
    Driving,
    /// Works.
    Handling,
    /// Packs up.
    Clearing,
    /// Free, drives home.
    Returning,
    /// Free, stands.
    Finished,
}

/// What a crew is told at the start of a task.
#[derive(Clone, Debug)]
pub struct CrewTask {
    /// The crew.
    pub unit: UnitId,
    /// The assignment, when known.
    pub dispatch: Option<DispatchId>,
    /// The way to the case.
    pub route: Arc<Route>,
    /// Work on site, s.
    pub handle_s: u32,
    /// What it says when it has done.
    pub note: String,
    /// Seed of its small differences.
    pub seed: u64,
}

/// A crew on a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrewDriver {
    unit: UnitId,
    dispatch: Option<DispatchId>,
    route: Option<Arc<Route>>,
    home: Option<Arc<Route>>,
    phase: Phase,
    phase_ends: Stamp,
    clock: Stamp,
    next_fix: Stamp,
    along_m: f32,
    place_m: [f32; 2],
    course_deg: f32,
    pace: f32,
    handle_ms: i64,
    note: String,
    seed: u64,
    /// How often its route was changed; the caller's mark.
    pub reroutes: u16,
}

impl CrewDriver {
    /// A crew that gets its task at `now`.
    #[must_use]
    pub fn new(task: CrewTask, now: Stamp) -> Self {
        let place_m = task.route.line.first().copied().unwrap_or_default();
        Self {
            phase_ends: now + between(task.seed, 1, 5_000, 20_000),
            pace: 0.92 + between(task.seed, 2, 0, 16) as f32 / 100.0,
            unit: task.unit,
            dispatch: task.dispatch,
            route: Some(task.route),
            home: None,
            phase: Phase::Acknowledging,
            clock: now,
            next_fix: now + FIX_MS,
            along_m: 0.0,
            place_m,
            course_deg: 0.0,
            handle_ms: i64::from(task.handle_s) * 1000,
            note: task.note,
            seed: task.seed,
            reroutes: 0,
        }
    }

    /// Gives it a way home, which it takes when it has done. It stays where it is without one.
    #[must_use]
    pub fn with_home(mut self, home: Option<Arc<Route>>) -> Self {
        self.home = home;
        self
    }

    /// Puts it in the phase of a status that it has reached already.
    #[must_use]
    pub fn in_status(mut self, status: UnitStatus, now: Stamp) -> Self {
        let (phase, lasts_ms) = match status {
            UnitStatus::EnRoute => (Phase::Driving, 0),
            UnitStatus::OnScene => (Phase::Handling, self.handle_ms),
            UnitStatus::Clearing => (Phase::Clearing, 60_000),
            _ => return self,
        };
        if phase != Phase::Driving
            && let Some((place, _)) = self.route.as_ref().and_then(|r| r.at(r.length_m))
        {
            self.place_m = place;
        }
        self.phase = phase;
        self.phase_ends = now + lasts_ms;
        self
    }

    /// The assignment it works on.
    #[must_use]
    pub fn dispatch(&self) -> Option<DispatchId> {
        self.dispatch
    }

    /// What it is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Where it is, local m.
    #[must_use]
    pub fn place_m(&self) -> [f32; 2] {
        self.place_m
    }

    /// Another way to the case from where it is; `None` makes it wait for one.
    pub fn reroute(&mut self, route: Option<Arc<Route>>) {
        if matches!(self.phase, Phase::Acknowledging | Phase::Turnout | Phase::Driving) {
            self.route = route;
            self.along_m = 0.0;
        }
    }

    /// Lives until `now` and says what it sends meanwhile, in order of time.
    pub fn step(&mut self, now: Stamp) -> Vec<CrewOutput> {
        let mut out = Vec::new();
        while self.clock < now {
            let until = now.min(self.next_fix);
            match self.phase {
                Phase::Driving | Phase::Returning => self.drive(until, &mut out),
                Phase::Finished => self.clock = until,
                _ if self.phase_ends <= until => {
                    self.clock = self.clock.max(self.phase_ends);
                    self.turn(&mut out);
                }
                _ => self.clock = until,
            }
            if self.clock >= self.next_fix {
                out.push(self.fix());
                let every = if matches!(self.phase, Phase::Driving | Phase::Returning) { FIX_MS } else { IDLE_FIX_MS };
                self.next_fix = self.clock + every;
            }
        }
        out
    }

    fn way(&self) -> Option<&Arc<Route>> {
        if self.phase == Phase::Returning { self.home.as_ref() } else { self.route.as_ref() }
    }

    fn drive(&mut self, until: Stamp, out: &mut Vec<CrewOutput>) {
        let Some(route) = self.way().cloned() else {
            self.clock = until;
            return;
        };
        let mut left_s = (until - self.clock) as f32 / 1000.0;
        while left_s > 0.0 && self.along_m < route.length_m {
            let Some((index, into_m)) = route.leg_at(self.along_m) else { break };
            let leg = &route.legs[index];
            let speed = (leg.speed_mps * self.pace).max(0.3);
            let rest_m = leg.length_m - into_m;
            let step_m = speed * left_s;
            if step_m < rest_m {
                self.along_m += step_m;
                left_s = 0.0;
            } else {
                // A hair beyond the joint, so that rounding can not hold it there.
                self.along_m += rest_m + 1e-3;
                left_s -= rest_m / speed;
            }
        }
        if let Some((place, course)) = route.at(self.along_m) {
            self.place_m = place;
            self.course_deg = course;
        }
        if self.along_m < route.length_m {
            self.clock = until;
            return;
        }
        self.clock = until + -((left_s.max(0.0) * 1000.0) as i64);
        self.turn(out);
    }

    /// The next phase begins.
    fn turn(&mut self, out: &mut Vec<CrewOutput>) {
        let (phase, lasts_ms) = match self.phase {
            Phase::Acknowledging => (Phase::Turnout, between(self.seed, 3, 50_000, 75_000)),
            Phase::Turnout => {
                out.push(self.report(UnitStatus::EnRoute, String::new(), None));
                self.next_fix = self.next_fix.min(self.clock + FIX_MS);
                (Phase::Driving, 0)
            }
            Phase::Driving => {
                out.push(self.fix());
                out.push(self.report(UnitStatus::OnScene, String::new(), None));
                (Phase::Handling, self.handle_ms)
            }
            Phase::Handling => {
                let number = self.dispatch.map_or(self.seed & 0xFFFF, |d| d.0);
                let photo = format!("{}-{number}-after.jpg", self.unit);
                out.push(self.report(UnitStatus::Clearing, self.note.clone(), Some(photo)));
                (Phase::Clearing, between(self.seed, 4, 40_000, 90_000))
            }
            Phase::Clearing => {
                out.push(self.report(UnitStatus::Available, String::new(), None));
                self.along_m = 0.0;
                self.next_fix = self.next_fix.min(self.clock + FIX_MS);
                (if self.home.is_some() { Phase::Returning } else { Phase::Finished }, 0)
            }
            Phase::Returning | Phase::Finished => (Phase::Finished, 0),
        };
        self.phase = phase;
        self.phase_ends = self.clock + lasts_ms;
    }

    fn fix(&self) -> CrewOutput {
        let speed_mps = match (self.phase, self.way().and_then(|r| r.leg_at(self.along_m).map(|(i, _)| r.legs[i]))) {
            (Phase::Driving | Phase::Returning, Some(leg)) => leg.speed_mps * self.pace,
            _ => 0.0,
        };
        CrewOutput::Fix(UnitFix {
            unit: self.unit.clone(),
            at: self.clock,
            east_m: f64::from(self.place_m[0]),
            north_m: f64::from(self.place_m[1]),
            speed_mps,
            course_deg: self.course_deg,
            battery: None,
        })
    }

    fn report(&self, status: UnitStatus, note: String, photo: Option<String>) -> CrewOutput {
        let (unit, dispatch) = (self.unit.clone(), self.dispatch);
        CrewOutput::Report(UnitReport { unit, at: self.clock, status, dispatch, note, photo })
    }
}

/// A crew on patrol: wanders along the roads, never back where it came from unless it must.
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
