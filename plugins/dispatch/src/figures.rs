//! Key figures of dispatch for boards and reports: who is free, how much of town is covered, how fair the load is.

use bevy_ecs::prelude::*;
use guanlan_core::{Stamp, input::UnitStatus};
use guanlan_tick::{Clock, RoomState};
use serde::{Deserialize, Serialize};

use crate::{
    assign::{coverage, jain},
    constants::Constants,
    recommend::reach,
    roster::UnitRoster,
    unit::shift_share,
};

/// The figures are computed anew after this long, ms.
const EVERY_MS: i64 = 30_000;

/// Key figures, at most 30 s old.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DispatchFigures {
    /// When they were computed.
    pub at: Option<Stamp>,
    /// Crews on duty and free.
    pub free: u32,
    /// Crews on a task.
    pub busy: u32,
    /// Crews off duty or out of service.
    pub off: u32,
    /// Share of the demand (residents, else squares of town) that a free crew reaches within five minutes, 0–1.
    pub coverage: f64,
    /// Jain's fairness of today's tasks over the crews on duty, 0–1.
    pub fairness: f64,
    /// Tasks given today.
    pub tasks: u32,
    /// Mean time from order to arrival over the assignments kept, s; 0 before the first arrival.
    pub response_s: f64,
}

impl RoomState for DispatchFigures {
    const NAME: &'static str = "dispatch.figures";
}

pub(crate) fn figure(
    clock: Res<Clock>,
    constants: Res<Constants>,
    roster: Res<UnitRoster>,
    mut figures: ResMut<DispatchFigures>,
) {
    if figures.at.is_some_and(|at| clock.now - at < EVERY_MS) {
        return;
    }
    let specs = &constants.graph.city().units;
    let mut next = DispatchFigures { at: Some(clock.now), ..DispatchFigures::default() };
    let (mut reaches, mut loads) = (Vec::new(), Vec::new());
    for unit in roster.units.iter() {
        let on_duty = unit.spec(specs).is_some_and(|s| shift_share(s.shift_min, clock.now).is_some());
        let tasks = unit.tasks_on(clock.now);
        next.tasks += u32::from(tasks);
        match unit.status {
            UnitStatus::OutOfService => next.off += 1,
            UnitStatus::Available if !on_duty => next.off += 1,
            UnitStatus::Available => {
                next.free += 1;
                reaches.extend(reach(unit, unit.vehicle(specs)));
            }
            _ => next.busy += 1,
        }
        if on_duty {
            loads.push(f64::from(tasks));
        }
    }
    next.coverage = coverage(&constants.demand, &reaches).0;
    next.fairness = jain(&loads);
    let (mut sum_s, mut arrivals) = (0.0, 0u32);
    for assignment in roster.assignments.iter() {
        if let Some(arrived) = assignment.on_scene {
            sum_s += (arrived - assignment.sent) as f64 / 1000.0;
            arrivals += 1;
        }
    }
    if arrivals > 0 {
        next.response_s = sum_s / f64::from(arrivals);
    }
    *figures = next;
}
