//! Crews played by the room itself, for drills without devices: part of the room's truth, so a fork goes on exactly.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_city::model::{UnitKind, UnitSpec};
use guanlan_core::{
    UnitId,
    input::{UnitFix, UnitStatus},
};
use guanlan_tick::{Clock, Outbox, RoomState};
use serde::{Deserialize, Serialize};

use crate::{
    cases::OpenCases,
    constants::Constants,
    costs::EdgeCosts,
    crew::{CrewDriver, CrewOutput, CrewTask, IDLE_FIX_MS, PatrolDriver, Phase, mix},
    roads::RoadState,
    roster::UnitRoster,
    route::Route,
    unit::{Unit, shift_share},
};

/// The room's own crews.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct SimulatedCrews {
    /// Crews on a task or on the way home.
    pub tasks: BTreeMap<UnitId, CrewDriver>,
    /// Crews on patrol.
    pub patrols: BTreeMap<UnitId, PatrolDriver>,
}

impl RoomState for SimulatedCrews {
    const NAME: &'static str = "dispatch.simulated";
}

/// Moves every crew of the city file by one tick.
pub(crate) fn live(
    clock: Res<Clock>,
    constants: Res<Constants>,
    roads: Res<RoadState>,
    cases: Res<OpenCases>,
    mut roster: ResMut<UnitRoster>,
    mut crews: ResMut<SimulatedCrews>,
    mut out: ResMut<Outbox>,
) {
    let now = clock.now;
    let units = Arc::clone(&roster.units);
    for unit in units.iter().filter(|u| u.spec.is_some() && u.status != UnitStatus::OutOfService) {
        let sent = match &unit.task {
            Some(task) => {
                crews.patrols.remove(&unit.id);
                let known = crews.tasks.get(&unit.id).is_some_and(|d| d.dispatch() == Some(task.dispatch));
                if !known {
                    let Some(driver) = hire(&clock, &constants, &roads, &cases, unit) else { continue };
                    crews.tasks.insert(unit.id.clone(), driver);
                }
                let Some(driver) = crews.tasks.get_mut(&unit.id) else { continue };
                if driver.reroutes != task.reroutes {
                    driver.reroutes = task.reroutes;
                    driver.reroute(task.route.clone());
                }
                driver.step(now)
            }
            None => idle(&clock, &constants, &roads, &mut crews, unit),
        };
        for output in sent {
            match output {
                CrewOutput::Fix(fix) => roster.take_fix(&constants.graph, &fix, now),
                CrewOutput::Report(report) => out.events.extend(roster.take_report(&report, now)),
            }
        }
    }
}

/// A driver for a task that was just given, or that a fork found half done.
fn hire(clock: &Clock, constants: &Constants, roads: &RoadState, cases: &OpenCases, unit: &Unit) -> Option<CrewDriver> {
    let task = unit.task.as_ref()?;
    let (graph, specs) = (&constants.graph, &constants.graph.city().units);
    let need = constants.needs.of(cases.cases.get(&task.case).map_or("", |c| c.code.as_str()));
    let seed = clock.seed ^ mix(task.dispatch.0, 11);
    let span = u64::from(need.work_min[1] - need.work_min[0]) * 60;
    let handle_s = need.work_min[0] * 60 + (mix(seed, 5) % (span + 1)) as u32;
    let vehicle = unit.vehicle(specs);
    let costs = EdgeCosts::new(graph, roads, vehicle, clock.now);
    let home = unit.spec(specs).and_then(|spec| {
        let (base, place) = (graph.snap(spec.base_m, vehicle)?, graph.snap(task.place_m, vehicle)?);
        graph.route(&costs, &graph.search_to(&costs, base), &place).map(Arc::new)
    });
    // A fork may find the crew under way: it goes on from where it is, or waits where there is no way.
    let planned = if task.along_m > 0.0 {
        unit.snap
            .zip(graph.snap(task.place_m, vehicle))
            .and_then(|(from, place)| graph.route(&costs, &graph.search_to(&costs, place), &from).map(Arc::new))
    } else {
        task.route.clone()
    };
    let stands = || {
        let place = unit.place_m.unwrap_or(task.place_m).map(|v| v as f32);
        Arc::new(Route { line: vec![place], ..Route::default() })
    };
    let waits = planned.is_none() && matches!(unit.status, UnitStatus::Dispatched | UnitStatus::EnRoute);
    let route = planned.unwrap_or_else(stands);
    let order = CrewTask {
        unit: unit.id.clone(),
        dispatch: Some(task.dispatch),
        route,
        handle_s,
        note: need.done.zh.clone(),
        seed,
    };
    let mut driver = CrewDriver::new(order, clock.now).with_home(home).in_status(unit.status, clock.now);
    driver.reroutes = task.reroutes;
    if waits {
        driver.reroute(None);
    }
    Some(driver)
}

fn idle(
    clock: &Clock,
    constants: &Constants,
    roads: &RoadState,
    crews: &mut SimulatedCrews,
    unit: &Unit,
) -> Vec<CrewOutput> {
    let (graph, specs) = (&constants.graph, &constants.graph.city().units);
    if let Some(driver) = crews.tasks.get_mut(&unit.id) {
        if driver.phase() == Phase::Returning {
            return driver.step(clock.now);
        }
        crews.tasks.remove(&unit.id);
    }
    let Some(place_m) = unit.place_m else { return Vec::new() };
    let vehicle = unit.vehicle(specs);
    let on_patrol = |s: &UnitSpec| s.kind == UnitKind::Patrol && shift_share(s.shift_min, clock.now).is_some();
    if unit.spec(specs).is_some_and(on_patrol) {
        if !crews.patrols.contains_key(&unit.id) {
            let number = u64::from(unit.spec.unwrap_or(0));
            let seed = clock.seed ^ mix(number, 17);
            if let Some(patrol) = PatrolDriver::new(unit.id.clone(), vehicle, place_m, graph, seed, clock.now) {
                crews.patrols.insert(unit.id.clone(), patrol);
            }
        }
        if let Some(patrol) = crews.patrols.get_mut(&unit.id) {
            return patrol.step(clock.now, graph, &|edge| roads.blocks(edge, vehicle));
        }
    }
    crews.patrols.remove(&unit.id);
    if unit.fixed.is_some_and(|at| clock.now - at < IDLE_FIX_MS) {
        return Vec::new();
    }
    vec![CrewOutput::Fix(UnitFix {
        unit: unit.id.clone(),
        at: clock.now,
        east_m: place_m[0],
        north_m: place_m[1],
        speed_mps: 0.0,
        course_deg: unit.course_deg,
        battery: unit.battery,
    })]
}
