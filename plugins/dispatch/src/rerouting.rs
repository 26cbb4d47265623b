//! Crews on their way: another route round closed roads, arrivals kept true, tasks let go when their case has ended.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::input::UnitStatus;
use guanlan_tick::{Clock, Outbox};

use crate::{
    assignment::Outcome,
    cases::OpenCases,
    constants::Constants,
    costs::{CLOSED, EdgeCosts},
    recommend::{CostCache, Scene},
    roads::RoadState,
    roster::UnitRoster,
    route::Route,
    status::StatusChange,
    unit::Unit,
    vehicle::TURNOUT_S,
};

/// A route is looked at again after this long, ms.
const LOOK_MS: i64 = 60_000;
/// A way that takes this much longer than promised is looked for anew.
const LATE: f64 = 1.2;
/// Most routes planned anew in one tick, so that a tick stays short.
const PLANS_PER_TICK: usize = 4;

/// Lets crews go whose case has ended, and finds another way round closed roads.
pub(crate) fn keep_tasks(
    clock: Res<Clock>,
    constants: Res<Constants>,
    cases: Res<OpenCases>,
    roads: Res<RoadState>,
    mut roster: ResMut<UnitRoster>,
    mut out: ResMut<Outbox>,
) {
    let units = Arc::clone(&roster.units);
    let mut costs = CostCache::default();
    let mut plans = 0;
    for unit in units.iter().filter(|u| matches!(u.status, UnitStatus::Dispatched | UnitStatus::EnRoute)) {
        let Some(task) = &unit.task else { continue };
        if !cases.cases.contains_key(&task.case) {
            let change = StatusChange {
                to: UnitStatus::Available,
                note: "案件已结束，任务取消".into(),
                photo: None,
                actor: "room".into(),
                outcome: Some(Outcome::Cancelled),
            };
            out.events.extend(roster.set_status(&unit.id, change, clock.now));
            continue;
        }
        let due = clock.now - task.looked >= LOOK_MS;
        let blocked = task.route.as_ref().is_some_and(|r| blocked_ahead(&constants, &roads, unit, r, task.along_m));
        if (!blocked && !due) || plans >= PLANS_PER_TICK {
            continue;
        }
        plans += 1;
        let scene = Scene {
            graph: &constants.graph,
            demand: &constants.demand,
            roads: &roads,
            roster: &roster,
            now: clock.now,
        };
        let wait_ms = if unit.status == UnitStatus::Dispatched {
            (task.sent + i64::from(TURNOUT_S) * 1000 - clock.now).max(0)
        } else {
            0
        };
        let found = look(&scene, &mut costs, unit, blocked);
        let Some(unit) = roster.get_mut(&unit.id) else { continue };
        let Some(task) = unit.task.as_mut().map(Arc::make_mut) else { continue };
        task.looked = clock.now;
        match found {
            Look::Keep(ms) => task.arrival = clock.now + wait_ms + i64::from(ms),
            Look::Change(route) => {
                task.arrival = clock.now + wait_ms + i64::from(route.time_ms);
                task.route = Some(Arc::new(route));
                task.along_m = 0.0;
                task.reroutes = task.reroutes.wrapping_add(1);
            }
            Look::NoWay => {
                if task.route.take().is_some() {
                    task.along_m = 0.0;
                    task.reroutes = task.reroutes.wrapping_add(1);
                }
            }
        }
    }
}

/// What came of looking at a route again.
enum Look {
    /// The route stays; ms left to drive.
    Keep(u32),
    Change(Route),
    NoWay,
}

/// True when a closed edge lies ahead, other than the one the case is on: there the crew walks the last stretch.
fn blocked_ahead(constants: &Constants, roads: &RoadState, unit: &Unit, route: &Route, along_m: f32) -> bool {
    if roads.edges.is_empty() {
        return false;
    }
    let vehicle = unit.vehicle(&constants.graph.city().units);
    let Some((index, _)) = route.leg_at(along_m) else { return false };
    let last = route.legs.len() - 1;
    route.legs.iter().enumerate().any(|(i, leg)| i > index && i < last && roads.blocks(leg.edge, vehicle))
}

/// Looks at the route of a crew again; `blocked` when it cannot be driven to its end.
fn look(scene: &Scene<'_>, costs: &mut CostCache, unit: &Unit, blocked: bool) -> Look {
    let Some(task) = &unit.task else { return Look::NoWay };
    let vehicle = unit.vehicle(&scene.graph.city().units);
    let costs = costs.get(scene, vehicle);
    let left = task.route.as_ref().filter(|_| !blocked).and_then(|route| left_ms(scene, costs, route, task.along_m));
    let promised = (task.arrival - scene.now).max(1000) as f64;
    if let Some(ms) = left
        && f64::from(ms) <= promised * LATE
    {
        return Look::Keep(ms);
    }
    let (Some(target), Some(from)) = (scene.graph.snap(task.place_m, vehicle), unit.snap) else { return Look::NoWay };
    let search = scene.graph.search_to(costs, target);
    match (scene.graph.route(costs, &search, &from), left) {
        (Some(route), Some(ms)) if f64::from(route.time_ms) * 1.05 >= f64::from(ms) => Look::Keep(ms),
        (Some(route), _) => Look::Change(route),
        (None, Some(ms)) => Look::Keep(ms),
        (None, None) => Look::NoWay,
    }
}

/// Time for the rest of a route at present speeds, ms.
fn left_ms(scene: &Scene<'_>, costs: &EdgeCosts, route: &Route, along_m: f32) -> Option<u32> {
    let (index, into_m) = route.leg_at(along_m)?;
    let mut sum = 0.0f64;
    for (i, leg) in route.legs.iter().enumerate().skip(index) {
        let length = f64::from(if i == index { leg.length_m - into_m } else { leg.length_m });
        sum += match costs.ms[leg.edge as usize] {
            CLOSED => length / f64::from(leg.speed_mps.max(0.3)) * 1000.0,
            ms => length * f64::from(ms) / f64::from(scene.graph.edges()[leg.edge as usize].length_m),
        };
    }
    Some(sum.round().min(f64::from(u32::MAX / 2)) as u32)
}
