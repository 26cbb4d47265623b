//! The room plugin: systems of one tick.

use std::{collections::BTreeSet, sync::Arc};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_city::City;
use guanlan_core::{
    CaseId, Input, ObservedProperty, Stamp, UnitId,
    input::{UnitFix, UnitStatus},
};
use guanlan_tick::{Clock, Inbox, Outbox, RoomAppExt, RoomSystems, RoomTick, WallClock, WallClockPlugin};

use crate::{
    cases::OpenCases,
    constants::Constants,
    figures::{DispatchFigures, figure},
    orders::{Desk, TOP},
    recommend::{Advice, CostCache, Recommendations, Scene, recommend},
    rerouting::keep_tasks,
    roads::{RoadState, WaterCells},
    roster::UnitRoster,
    simulated::{self, SimulatedCrews},
    unit::Unit,
};

/// Advice is renewed after this long, ms.
const ADVICE_MS: i64 = 30_000;
/// Most cases advised on in one tick, so that a tick stays short.
const ADVICE_PER_TICK: usize = 2;

/// Units, roads, recommendation and sending in a room.
pub struct DispatchPlugin {
    /// The static twin.
    pub city: Arc<City>,
    /// True when the room plays the crews itself (drills without devices).
    pub simulate_crews: bool,
}

impl DispatchPlugin {
    /// For a room whose crews report by themselves.
    #[must_use]
    pub fn new(city: Arc<City>) -> Self {
        Self { city, simulate_crews: false }
    }
}

/// Raster cells under roads; a table that fits the last raster, not truth.
#[derive(Resource, Default)]
struct Cells(WaterCells);

/// How many events of this tick have been followed.
#[derive(Resource, Default)]
struct Followed(usize);

impl Plugin for DispatchPlugin {
    fn build(&self, app: &mut App) {
        WallClockPlugin::ensure(app);
        app.register_room_state::<UnitRoster>()
            .register_room_state::<RoadState>()
            .register_room_state::<OpenCases>()
            .register_room_state::<Recommendations>()
            .register_room_state::<SimulatedCrews>()
            .register_room_state::<DispatchFigures>()
            .insert_resource(Constants::new(Arc::clone(&self.city)))
            .init_resource::<Cells>()
            .init_resource::<Followed>();
        let tasks = (keep_tasks, advise).chain().in_set(RoomSystems::Dispatch);
        if self.simulate_crews {
            app.add_systems(
                RoomTick,
                (follow, take_inputs, simulated::live, keep_tasks, advise).chain().in_set(RoomSystems::Dispatch),
            );
        } else {
            app.add_systems(RoomTick, (follow, take_inputs).chain().before(keep_tasks).in_set(RoomSystems::Dispatch))
                .add_systems(RoomTick, tasks);
        }
        app.add_systems(RoomTick, figure.in_set(RoomSystems::Publish));
        // Casework moves cases in answer to this plugin's events, in Publish.
        app.add_systems(RoomTick, follow_late.after(RoomSystems::Publish));
    }
}

fn follow(
    clock: Res<Clock>,
    constants: Res<Constants>,
    mut followed: ResMut<Followed>,
    mut roster: ResMut<UnitRoster>,
    mut cases: ResMut<OpenCases>,
    mut roads: ResMut<RoadState>,
    mut out: ResMut<Outbox>,
) {
    roster.found(&constants.graph, clock.now);
    let mut told = Vec::new();
    for event in &out.events {
        cases.follow(event, clock.now);
        roads.take_alert(&constants.graph, event, &mut told);
    }
    out.events.extend(told);
    followed.0 = out.events.len();
}

fn follow_late(clock: Res<Clock>, mut followed: ResMut<Followed>, mut cases: ResMut<OpenCases>, out: Res<Outbox>) {
    for event in out.events.iter().skip(followed.0) {
        cases.follow(event, clock.now);
    }
    followed.0 = 0;
}

#[expect(clippy::too_many_arguments)]
fn take_inputs(
    clock: Res<Clock>,
    wall: Res<WallClock>,
    inbox: Res<Inbox>,
    constants: Res<Constants>,
    cases: Res<OpenCases>,
    advice: Res<Recommendations>,
    mut cells: ResMut<Cells>,
    mut roster: ResMut<UnitRoster>,
    mut roads: ResMut<RoadState>,
    mut out: ResMut<Outbox>,
) {
    let city = Arc::clone(constants.graph.city());
    for input in &inbox.inputs {
        match input {
            // On the room's clock, or fixes of a clock that was set back would wait for it to catch up.
            Input::Fix(fix) if wall.ahead_ms != 0 => {
                let fix = UnitFix { at: wall.in_room(fix.at, clock.now), ..fix.clone() };
                roster.take_fix(&constants.graph, &fix, clock.now);
            }
            Input::Fix(fix) => roster.take_fix(&constants.graph, fix, clock.now),
            Input::UnitReport(report) => out.events.extend(roster.take_report(report, clock.now)),
            Input::Water(field) => {
                cells.0.fit(&city, field);
                roads.take_water(&city, &cells.0, field, clock.mode, &mut out.events);
            }
            Input::Observation(o)
                if constants.rain_gauges.contains(&o.sensor)
                    || (!roads.declared_rain.is_empty() && roads.declared_rain.contains(&o.sensor)) =>
            {
                roads.note_rain(o, wall.in_room(o.phenomenon, clock.now));
            }
            Input::SensorDeclared(d)
                if d.property == ObservedProperty::RainIntensity && !constants.rain_gauges.contains(&d.sensor) =>
            {
                roads.declared_rain.insert(d.sensor.clone());
            }
            Input::Command(envelope) if !out.answered(envelope) => {
                let mut desk = Desk {
                    constants: &constants,
                    cases: &cases,
                    advice: &advice,
                    roads: &mut roads,
                    roster: &mut roster,
                    now: clock.now,
                };
                if let Some(answer) = desk.carry_out(envelope, &mut out) {
                    out.answer(envelope, answer);
                }
            }
            _ => {}
        }
    }
}

/// Keeps advice for every case that waits for a crew.
fn advise(
    clock: Res<Clock>,
    constants: Res<Constants>,
    cases: Res<OpenCases>,
    roads: Res<RoadState>,
    roster: Res<UnitRoster>,
    mut advice: ResMut<Recommendations>,
) {
    let served: BTreeSet<&CaseId> = roster
        .units
        .iter()
        .filter(|u| matches!(u.status, UnitStatus::Dispatched | UnitStatus::EnRoute | UnitStatus::OnScene))
        .filter_map(|u| u.task.as_ref().map(|t| &t.case))
        .collect();
    let waiting = |id: &CaseId| cases.cases.get(id).is_some_and(|c| c.needs_crew()) && !served.contains(id);
    if advice.cases.keys().any(|id| !waiting(id)) {
        advice.cases.retain(|id, _| waiting(id));
    }
    let changed = roster.units.iter().map(|u| u.since).max().unwrap_or_default();
    let mut due: Vec<(Stamp, std::cmp::Reverse<u8>, &CaseId)> = cases
        .cases
        .iter()
        .filter(|(id, _)| waiting(id))
        .filter_map(|(id, case)| {
            let at = advice.cases.get(id).map(|a| a.at);
            let stale = at.is_none_or(|at| clock.now - at >= ADVICE_MS || changed > at);
            stale.then_some((at.unwrap_or(Stamp(i64::MIN)), std::cmp::Reverse(case.level.rank()), id))
        })
        .collect();
    due.sort();
    let scene =
        Scene { graph: &constants.graph, demand: &constants.demand, roads: &roads, roster: &roster, now: clock.now };
    let mut costs = CostCache::default();
    for (_, _, id) in due.into_iter().take(ADVICE_PER_TICK) {
        let Some(case) = cases.cases.get(id) else { continue };
        let need = constants.needs.of(&case.code);
        let given = recommend(&scene, &mut costs, case.place_m, &need.required, TOP);
        advice.cases.insert(id.clone(), Arc::new(given));
    }
}

/// The best crews for any place, for a view or program that asks outside a case: reads a room's resources only.
#[must_use]
pub fn recommend_in(world: &World, place_m: [f64; 2], code: &str, n: usize) -> Option<Advice> {
    let constants = world.get_resource::<Constants>()?;
    let scene = Scene {
        graph: &constants.graph,
        demand: &constants.demand,
        roads: world.get_resource::<RoadState>()?,
        roster: world.get_resource::<UnitRoster>()?,
        now: world.get_resource::<Clock>()?.now,
    };
    Some(recommend(&scene, &mut CostCache::default(), place_m, &constants.needs.of(code).required, n))
}

/// A crew by id in a room.
#[must_use]
pub fn unit_in<'a>(world: &'a World, unit: &UnitId) -> Option<&'a Unit> {
    world.get_resource::<UnitRoster>()?.get(unit)
}
