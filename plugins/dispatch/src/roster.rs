//! The crews of a room and their assignments: positions, orders and reports as they come in.

use std::sync::Arc;

use bevy_ecs::prelude::Resource;
use guanlan_core::{
    CaseId, DispatchId, Event, Stamp, UnitId,
    input::{UnitFix, UnitReport, UnitStatus},
};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

pub use crate::status::may_follow;
use crate::{
    assignment::{Assignment, Order, Outcome},
    graph::RoadGraph,
    status::{StatusChange, steps},
    unit::{Task, Unit, local_day},
    vehicle::VehicleClass,
};

/// Finished assignments kept for lists; the journal keeps all.
const FINISHED_KEPT: usize = 500;

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
            let mut unit = Unit::blank(spec.id.clone(), now);
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
            self.insert(Unit::blank(fix.unit.clone(), now));
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
            .then(|| unit.place_on_route(place, graph))
            .flatten();
        if let Some(snap) = on_route {
            unit.snap = Some(snap);
        } else if moved || unit.snap.is_none() {
            unit.snap = graph.snap(place, vehicle);
        }
        unit.trace(at, place, moved);
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
        self.keep(assignment);
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

    /// Adds an assignment; the oldest finished ones make room.
    fn keep(&mut self, assignment: Assignment) {
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
