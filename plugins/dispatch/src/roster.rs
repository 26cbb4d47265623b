//! The crews of a room: where they are, what they do, what they have done.

use std::{collections::VecDeque, sync::Arc};

use bevy_ecs::prelude::Resource;
use guanlan_city::model::UnitSpec;
use guanlan_core::{
    Bilingual, CaseId, DispatchId, Event, Stamp, UnitId,
    input::{UnitFix, UnitReport, UnitStatus},
};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{
    graph::{RoadGraph, Snap},
    route::Route,
    vehicle::VehicleClass,
};

/// Points kept of a crew's trail.
const TRAIL_POINTS: usize = 60;
/// Age of the oldest point kept, ms.
const TRAIL_MS: i64 = 10 * 60_000;
/// Finished assignments kept for lists; the journal keeps all.
const FINISHED_KEPT: usize = 500;
/// Off its route by more than this a crew is placed on the nearest road instead, m.
const ROUTE_WIDTH_M: f32 = 30.0;

/// A point of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrailPoint {
    /// When.
    pub at: Stamp,
    /// Local m.
    pub place_m: [f32; 2],
}

/// What a crew is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The assignment.
    pub dispatch: DispatchId,
    /// The case.
    pub case: CaseId,
    /// Place of the case, local m.
    pub place_m: [f64; 2],
    /// When it was sent.
    pub sent: Stamp,
    /// Arrival expected now.
    pub arrival: Stamp,
    /// Where to drive, once there is a way; drawn while the crew is on it.
    pub route: Option<Arc<Route>>,
    /// How far along the route the crew is, m.
    pub along_m: f32,
    /// How often water or a closure changed the route.
    pub reroutes: u16,
    /// When the route was last looked at.
    pub looked: Stamp,
}

/// A crew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Index in `City::units`; `None` for a unit that only a feed knows.
    pub spec: Option<u32>,
    /// What it does.
    pub status: UnitStatus,
    /// Since when.
    pub since: Stamp,
    /// Local m; its base before the first fix; `None` is unplaced.
    pub place_m: Option<[f64; 2]>,
    /// Where that is on the road network.
    pub snap: Option<Snap>,
    /// Over ground, m/s.
    pub speed_mps: f32,
    /// Clockwise from north, degrees.
    pub course_deg: f32,
    /// When the last fix was taken; `None` before the first.
    pub fixed: Option<Stamp>,
    /// Battery of its device, %.
    pub battery: Option<u8>,
    /// Its task.
    pub task: Option<Arc<Task>>,
    /// Tasks given on `day`.
    pub tasks_today: u16,
    /// Local day of the count, days since 1970.
    pub day: i32,
    /// The last ten minutes, oldest first.
    pub trail: Arc<VecDeque<TrailPoint>>,
}

impl Unit {
    /// Its class of vehicle.
    #[must_use]
    pub fn vehicle(&self, specs: &[UnitSpec]) -> VehicleClass {
        self.spec(specs).map_or(VehicleClass::Car, |s| VehicleClass::from_key(&s.vehicle))
    }

    /// What the city file says about it.
    #[must_use]
    pub fn spec<'a>(&self, specs: &'a [UnitSpec]) -> Option<&'a UnitSpec> {
        self.spec.and_then(|i| specs.get(i as usize))
    }

    /// Its call sign.
    #[must_use]
    pub fn name(&self, specs: &[UnitSpec]) -> Bilingual {
        self.spec(specs).map_or_else(|| Bilingual::same(self.id.as_str()), |s| s.name.clone())
    }

    /// Tasks given today.
    #[must_use]
    pub fn tasks_on(&self, now: Stamp) -> u16 {
        if self.day == local_day(now) { self.tasks_today } else { 0 }
    }
}

/// Share of a shift that lies behind (0–1) when `now` is in it, else `None`. Equal ends mean around the clock, counted
/// from local midnight.
#[must_use]
pub fn shift_share(shift_min: [u16; 2], now: Stamp) -> Option<f64> {
    let civil = now.local();
    let minute = i32::from(civil.hour()) * 60 + i32::from(civil.minute());
    let [start, end] = shift_min.map(i32::from);
    let length = (end - start).rem_euclid(1440);
    let gone = (minute - start).rem_euclid(1440);
    if length == 0 {
        return Some(f64::from(minute) / 1440.0);
    }
    (gone < length).then(|| f64::from(gone) / f64::from(length))
}

/// Local day, days since 1970.
#[must_use]
pub fn local_day(now: Stamp) -> i32 {
    ((now.0 + i64::from(guanlan_core::stamp::LOCAL_OFFSET_HOURS) * 3_600_000).div_euclid(86_400_000)) as i32
}

/// How an assignment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Work done.
    Done,
    /// Called back.
    Recalled,
    /// The crew said no or broke down.
    Declined,
    /// The case ended without it.
    Cancelled,
}

/// One sending of a crew to a case, with its times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its number.
    pub dispatch: DispatchId,
    /// The case.
    pub case: CaseId,
    /// The crew.
    pub unit: UnitId,
    /// Who sent it.
    pub actor: String,
    /// Why, when it was not recommended.
    pub reason: String,
    /// When it was sent.
    pub sent: Stamp,
    /// Promised travel time, s.
    pub eta_s: f64,
    /// Route length, m.
    pub route_m: f64,
    /// When it set out.
    pub en_route: Option<Stamp>,
    /// When it arrived.
    pub on_scene: Option<Stamp>,
    /// When the work was done.
    pub cleared: Option<Stamp>,
    /// When and how it ended.
    pub ended: Option<(Stamp, Outcome)>,
}

/// All crews of a room and their assignments.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct UnitRoster {
    /// Crews by id.
    pub units: Arc<Vec<Arc<Unit>>>,
    /// Assignments by number: all running ones and the last finished ones.
    pub assignments: Arc<Vec<Arc<Assignment>>>,
    /// Number of the next assignment.
    pub next: u64,
    /// True once the city's crews have been taken over.
    pub founded: bool,
    /// Reports that did not fit the crew's state, fixes older than the last or nowhere.
    pub refused_reports: u64,
}

impl RoomState for UnitRoster {
    const NAME: &'static str = "dispatch.units";
}

impl UnitRoster {
    /// Takes over the crews of the city file: at their base, free.
    pub fn found(&mut self, graph: &RoadGraph, now: Stamp) {
        if self.founded {
            return;
        }
        self.founded = true;
        self.next = self.next.max(1);
        let specs = &graph.city().units;
        for (index, spec) in specs.iter().enumerate() {
            let place = spec.base_m.iter().all(|v| v.is_finite()).then_some(spec.base_m);
            let vehicle = VehicleClass::from_key(&spec.vehicle);
            let mut unit = blank(spec.id.clone(), now);
            unit.spec = Some(index as u32);
            unit.place_m = place;
            unit.snap = place.and_then(|p| graph.snap(p, vehicle));
            self.insert(unit);
        }
    }

    fn insert(&mut self, unit: Unit) {
        if let Err(at) = self.index(&unit.id) {
            Arc::make_mut(&mut self.units).insert(at, Arc::new(unit));
        }
    }

    fn index(&self, id: &UnitId) -> Result<usize, usize> {
        self.units.binary_search_by(|u| u.id.cmp(id))
    }

    /// A crew.
    #[must_use]
    pub fn get(&self, id: &UnitId) -> Option<&Unit> {
        self.index(id).ok().map(|i| self.units[i].as_ref())
    }

    /// A crew, to change it.
    pub fn get_mut(&mut self, id: &UnitId) -> Option<&mut Unit> {
        let index = self.index(id).ok()?;
        Some(Arc::make_mut(&mut Arc::make_mut(&mut self.units)[index]))
    }

    /// An assignment.
    #[must_use]
    pub fn assignment(&self, dispatch: DispatchId) -> Option<&Assignment> {
        let at = self.assignments.binary_search_by_key(&dispatch, |a| a.dispatch).ok()?;
        Some(&self.assignments[at])
    }

    fn assignment_mut(&mut self, dispatch: DispatchId) -> Option<&mut Assignment> {
        let at = self.assignments.binary_search_by_key(&dispatch, |a| a.dispatch).ok()?;
        Some(Arc::make_mut(&mut Arc::make_mut(&mut self.assignments)[at]))
    }

    /// Crews that are on a case and have not finished their work there.
    pub fn at_case<'a>(&'a self, case: &'a CaseId) -> impl Iterator<Item = &'a Unit> {
        self.units.iter().map(AsRef::as_ref).filter(move |u| {
            matches!(u.status, UnitStatus::Dispatched | UnitStatus::EnRoute | UnitStatus::OnScene)
                && u.task.as_ref().is_some_and(|t| t.case == *case)
        })
    }

    /// Takes a position. A unit nobody declared appears with its id and no call sign.
    pub fn take_fix(&mut self, graph: &RoadGraph, fix: &UnitFix, now: Stamp) {
        let place = [fix.east_m, fix.north_m];
        // A device whose clock is ahead would otherwise block its own later fixes.
        let at = fix.at.min(now);
        if !place.iter().all(|v| v.is_finite()) {
            self.refused_reports += 1;
            return;
        }
        if self.index(&fix.unit).is_err() {
            self.insert(blank(fix.unit.clone(), now));
        }
        let Some(index) = self.index(&fix.unit).ok() else { return };
        if self.units[index].fixed.is_some_and(|last| at < last) {
            self.refused_reports += 1;
            return;
        }
        let vehicle = self.units[index].vehicle(&graph.city().units);
        let unit = Arc::make_mut(&mut Arc::make_mut(&mut self.units)[index]);
        let moved = unit.place_m != Some(place);
        unit.fixed = Some(at);
        unit.place_m = Some(place);
        unit.speed_mps = if fix.speed_mps.is_finite() { fix.speed_mps.max(0.0) } else { 0.0 };
        if fix.course_deg.is_finite() {
            unit.course_deg = fix.course_deg.rem_euclid(360.0);
        }
        unit.battery = fix.battery.or(unit.battery);
        let on_route = matches!(unit.status, UnitStatus::Dispatched | UnitStatus::EnRoute)
            .then(|| place_on_route(unit, place, graph))
            .flatten();
        if let Some(snap) = on_route {
            unit.snap = Some(snap);
        } else if moved || unit.snap.is_none() {
            unit.snap = graph.snap(place, vehicle);
        }
        let trail = Arc::make_mut(&mut unit.trail);
        let point = TrailPoint { at, place_m: place.map(|v| v as f32) };
        if moved || trail.is_empty() {
            trail.push_back(point);
        }
        while trail.len() > TRAIL_POINTS || trail.front().is_some_and(|p| at - p.at > TRAIL_MS) {
            trail.pop_front();
        }
    }

    /// Gives a crew a task.
    #[must_use]
    pub fn send(&mut self, unit: &UnitId, order: Order, now: Stamp) -> Option<(DispatchId, [Event; 2])> {
        let dispatch = DispatchId(self.next);
        let (eta_s, route_m) = (order.eta_s, f64::from(order.route.length_m));
        let task = Task {
            dispatch,
            case: order.case.clone(),
            place_m: order.place_m,
            sent: now,
            arrival: now + (eta_s * 1000.0) as i64,
            route: Some(Arc::new(order.route)),
            along_m: 0.0,
            reroutes: 0,
            looked: now,
        };
        let state = self.get_mut(unit)?;
        let from = state.status;
        state.status = UnitStatus::Dispatched;
        state.since = now;
        state.task = Some(Arc::new(task));
        state.tasks_today = state.tasks_on(now).saturating_add(1);
        state.day = local_day(now);
        self.next += 1;
        let assignment = Assignment {
            dispatch,
            case: order.case.clone(),
            unit: unit.clone(),
            actor: order.actor.clone(),
            reason: order.reason.clone(),
            sent: now,
            eta_s,
            route_m,
            en_route: None,
            on_scene: None,
            cleared: None,
            ended: None,
        };
        let assignments = Arc::make_mut(&mut self.assignments);
        assignments.push(Arc::new(assignment));
        let finished = assignments.iter().filter(|a| a.ended.is_some()).count();
        if finished > FINISHED_KEPT {
            let mut drop = finished - FINISHED_KEPT;
            assignments.retain(|a| {
                let gone = drop > 0 && a.ended.is_some();
                drop -= usize::from(gone);
                !gone
            });
        }
        let sent = Event::UnitDispatched {
            dispatch,
            case: order.case.clone(),
            unit: unit.clone(),
            eta_s,
            route_m,
            place_m: order.place_m,
            actor: order.actor.clone(),
            reason: order.reason,
        };
        let changed = Event::UnitStatusChanged {
            unit: unit.clone(),
            from,
            to: UnitStatus::Dispatched,
            dispatch: Some(dispatch),
            case: Some(order.case),
            note: String::new(),
            photo: None,
            actor: order.actor,
        };
        Some((dispatch, [sent, changed]))
    }

    /// Moves a crew to another status. The caller has checked that it may.
    pub fn set_status(&mut self, unit: &UnitId, change: StatusChange, now: Stamp) -> Option<Event> {
        let state = self.get_mut(unit)?;
        let from = state.status;
        let task = state.task.clone();
        state.status = change.to;
        state.since = now;
        if matches!(change.to, UnitStatus::Available | UnitStatus::OutOfService) {
            state.task = None;
        }
        if let Some(assignment) = task.as_ref().and_then(|t| self.assignment_mut(t.dispatch)) {
            match change.to {
                UnitStatus::EnRoute => assignment.en_route = Some(now),
                UnitStatus::OnScene => assignment.on_scene = Some(now),
                UnitStatus::Clearing => assignment.cleared = Some(now),
                UnitStatus::Available | UnitStatus::OutOfService => {
                    let done = assignment.cleared.is_some();
                    let outcome = if done { Outcome::Done } else { change.outcome.unwrap_or(Outcome::Declined) };
                    assignment.ended = Some((now, outcome));
                }
                UnitStatus::Dispatched => {}
            }
        }
        Some(Event::UnitStatusChanged {
            unit: unit.clone(),
            from,
            to: change.to,
            dispatch: task.as_ref().map(|t| t.dispatch),
            case: task.as_ref().map(|t| t.case.clone()),
            note: change.note,
            photo: change.photo,
            actor: change.actor,
        })
    }

    /// Takes a report from a crew's own device. A report that skips steps (a lost message) fills them in; one that
    /// belongs to another task or goes backwards is counted and dropped.
    pub fn take_report(&mut self, report: &UnitReport, now: Stamp) -> Vec<Event> {
        let steps = self.get(&report.unit).and_then(|unit| {
            let task = unit.task.as_ref().map(|t| t.dispatch);
            let same = report.dispatch.is_none() || report.dispatch == task;
            let free = report.status == UnitStatus::OutOfService
                || (unit.status == UnitStatus::OutOfService && report.status == UnitStatus::Available);
            if !same {
                None
            } else if free {
                Some(vec![report.status])
            } else {
                steps(unit.status, report.status)
            }
        });
        let Some(steps) = steps else {
            self.refused_reports += 1;
            return Vec::new();
        };
        let last = steps.len().saturating_sub(1);
        let mut events = Vec::new();
        for (i, to) in steps.into_iter().enumerate() {
            let own = i == last;
            let change = StatusChange {
                to,
                note: if own { report.note.clone() } else { String::new() },
                photo: report.photo.clone().filter(|_| own || to == UnitStatus::Clearing),
                actor: report.unit.to_string(),
                outcome: None,
            };
            events.extend(self.set_status(&report.unit, change, now));
        }
        events
    }
}

/// What to send a crew with.
#[derive(Clone, Debug)]
pub struct Order {
    /// The case.
    pub case: CaseId,
    /// Its place, local m.
    pub place_m: [f64; 2],
    /// The way.
    pub route: Route,
    /// Travel time with turnout, s.
    pub eta_s: f64,
    /// Who sends.
    pub actor: String,
    /// Why, when it was not recommended.
    pub reason: String,
}

/// A change of a crew's status.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// The new status.
    pub to: UnitStatus,
    /// What is said.
    pub note: String,
    /// Photo.
    pub photo: Option<String>,
    /// Who says it.
    pub actor: String,
    /// How the assignment ends, when this ends it before the work is done.
    pub outcome: Option<Outcome>,
}

/// True when a crew may report `to` next.
#[must_use]
pub fn may_follow(from: UnitStatus, to: UnitStatus) -> bool {
    use UnitStatus as S;
    matches!(
        (from, to),
        (S::Dispatched, S::EnRoute | S::Available)
            | (S::EnRoute, S::OnScene)
            | (S::OnScene, S::Clearing)
            | (S::Clearing, S::Available)
            | (S::OutOfService, S::Available)
    ) || (to == S::OutOfService && from != S::OutOfService)
}

/// The steps from one status forward to another, without the first.
fn steps(from: UnitStatus, to: UnitStatus) -> Option<Vec<UnitStatus>> {
    use UnitStatus as S;
    if may_follow(from, to) {
        return Some(vec![to]);
    }
    const CHAIN: [UnitStatus; 5] = [S::Dispatched, S::EnRoute, S::OnScene, S::Clearing, S::Available];
    let a = CHAIN.iter().position(|s| *s == from)?;
    let b = CHAIN.iter().position(|s| *s == to)?;
    // From on the way straight to "available" is not a finished task.
    (b > a && from != S::Available && !(to == S::Available && a < 2)).then(|| CHAIN[a + 1..=b].to_vec())
}

fn blank(id: UnitId, now: Stamp) -> Unit {
    Unit {
        id,
        spec: None,
        status: UnitStatus::Available,
        since: now,
        place_m: None,
        snap: None,
        speed_mps: 0.0,
        course_deg: 0.0,
        fixed: None,
        battery: None,
        task: None,
        tasks_today: 0,
        day: 0,
        trail: Arc::default(),
    }
}

/// Puts a crew that follows its route on the route's edge, so that a crossing on another layer does not catch it.
fn place_on_route(unit: &mut Unit, place: [f64; 2], graph: &RoadGraph) -> Option<Snap> {
    let task = unit.task.as_ref()?;
    let route = task.route.clone()?;
    let (along_m, off_m) = route.project(place, task.along_m)?;
    if off_m > ROUTE_WIDTH_M {
        return None;
    }
    let (index, into_m) = route.leg_at(along_m)?;
    let leg = route.legs[index];
    let (point, _) = route.at(along_m)?;
    let length = graph.edges().get(leg.edge as usize)?.length_m;
    if let Some(task) = unit.task.as_mut() {
        Arc::make_mut(task).along_m = along_m;
    }
    let along = if leg.forward { leg.start_m + into_m } else { leg.start_m - into_m };
    Some(Snap { edge: leg.edge, along_m: along.clamp(0.0, length), point, off_m })
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnitStatus as S;

    #[test]
    fn steps_fill_gaps_but_never_go_back() {
        assert_eq!(steps(S::Dispatched, S::OnScene), Some(vec![S::EnRoute, S::OnScene]));
        assert_eq!(steps(S::EnRoute, S::Available), None);
        assert_eq!(steps(S::OnScene, S::Available), Some(vec![S::Clearing, S::Available]));
        assert_eq!(steps(S::OnScene, S::EnRoute), None);
        assert_eq!(steps(S::Available, S::EnRoute), None);
        assert_eq!(steps(S::Dispatched, S::Available), Some(vec![S::Available]));
    }

    #[test]
    fn shifts_run_over_midnight() {
        let at = |t: &str| Stamp::parse(t).unwrap();
        assert_eq!(shift_share([1320, 360], at("2026-07-01T23:00:00+08:00")), Some(60.0 / 480.0));
        assert_eq!(shift_share([1320, 360], at("2026-07-01T02:00:00+08:00")), Some(240.0 / 480.0));
        assert_eq!(shift_share([1320, 360], at("2026-07-01T12:00:00+08:00")), None);
        assert!(shift_share([0, 0], at("2026-07-01T12:00:00+08:00")).is_some());
        assert_eq!(local_day(at("2026-07-01T00:00:00+08:00")), local_day(at("2026-07-01T23:59:59+08:00")));
    }
}
