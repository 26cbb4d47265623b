//! The one system of sensing: inputs in journaled order, then silence, then facts.

use bevy_ecs::prelude::*;
use guanlan_core::{Input, ObservedProperty, Stamp, input::Observation};
use guanlan_tick::{Clock, Inbox, Outbox, WallClock};

use crate::{
    accept::Bench,
    lineage::Lineage,
    model::ModelSays,
    profile::ProfilesInForce,
    quality::Quality,
    table::SensorTable,
    water::{WaterState, drive, is_simulated},
};

/// Something sensed in this tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sensed {
    /// A reading became the latest value.
    Reading {
        /// The sensor.
        index: u32,
        /// When it was measured.
        at: Stamp,
        /// That instant on the room's clock: the same, unless the wall clock was set back.
        room_at: Stamp,
        /// In the property's unit.
        value: f64,
        /// False when the device is suspect: rules must not act on it.
        trusted: bool,
    },
    /// A stream's quality changed.
    Quality {
        /// The sensor.
        index: u32,
        /// The tick's instant.
        at: Stamp,
        /// Before.
        from: Quality,
        /// After.
        to: Quality,
    },
}

/// What was sensed in this tick, in order. Emptied at the start of every tick, so it is no state.
#[derive(Resource, Clone, Debug, Default)]
pub struct SensedTick {
    /// In the order it became true.
    pub facts: Vec<Sensed>,
}

#[allow(clippy::too_many_arguments, reason = "the system's resources")]
pub(crate) fn sense(
    clock: Res<Clock>,
    wall: Res<WallClock>,
    inbox: Res<Inbox>,
    profiles: Res<ProfilesInForce>,
    model: Res<ModelSays>,
    mut table: ResMut<SensorTable>,
    mut lineage: ResMut<Lineage>,
    mut water: ResMut<WaterState>,
    mut tick: ResMut<SensedTick>,
    mut outbox: ResMut<Outbox>,
) {
    let (table, sensed) = (&mut *table, &mut tick.facts);
    sensed.clear();
    table.begin();
    let bench = Bench { profiles: &profiles.profiles, model: &model, wall: *wall };
    for input in &inbox.inputs {
        match input {
            Input::Observation(o) => {
                if is_simulated(clock.mode) && overridden(table, &water, &clock, o) {
                    table.counters.overridden += 1;
                } else {
                    table.observe(bench, o, clock.now, sensed);
                }
            }
            Input::SensorDeclared(d) => table.declare(d),
            Input::Origin(origin) => lineage.take(table, bench.profiles, origin),
            Input::Water(field) => {
                if water.take(field) && is_simulated(clock.mode) {
                    drive(bench.profiles, table, field, clock.now, sensed);
                }
            }
            _ => {}
        }
    }
    // An exercise and a forecast have no devices: what was last said holds, and nobody counts as silent.
    if !is_simulated(clock.mode) {
        table.scan_silence(clock.now, sensed);
    }
    lineage.settle(table, bench.profiles);
    table.announce(&mut outbox);
}

/// True when the exercise's water speaks for this gauge.
fn overridden(table: &SensorTable, water: &WaterState, clock: &Clock, o: &Observation) -> bool {
    water.drives_gauges(clock.mode, clock.now)
        && table
            .index_of(&o.sensor)
            .and_then(|i| table.meta(i))
            .is_some_and(|m| m.property == ObservedProperty::RoadWaterDepth && m.place_m.is_some())
}
