//! A crew on a task: order, turnout, drive, work, report, way home.

use std::sync::Arc;

use guanlan_core::{
    DispatchId, Stamp, UnitId,
    input::{UnitFix, UnitReport, UnitStatus},
};
use serde::{Deserialize, Serialize};

use super::{CrewOutput, FIX_MS, IDLE_FIX_MS, chance::between};
use crate::route::Route;

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
