//! A headless room with only sensing in it.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use bevy_app::App;
use bevy_ecs::prelude::*;
use guanlan_city::{City, model::SensorSpec};
use guanlan_core::{Bilingual, Event, Input, Mode, ObservedProperty, SensorId, Stamp, input::Observation};
use guanlan_sensing::{SensedTick, SensingPlugin, SensorRow, SensorTable};
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick, StateRegistry};

pub const T0: i64 = 1_782_864_000;

pub fn spec(id: &str, property: ObservedProperty, place_m: Option<[f64; 2]>, period_s: u32) -> SensorSpec {
    SensorSpec { id: id.into(), name: Bilingual::same(id), property, place_m, height_m: 1.0, period_s }
}

pub fn city(sensors: Vec<SensorSpec>) -> Arc<City> {
    Arc::new(City { sensors, ..City::default() })
}

pub fn reading(id: &str, at_s: i64, value: f64) -> Input {
    let at = Stamp::from_secs(T0 + at_s);
    Input::Observation(Observation { sensor: id.into(), phenomenon: at, received: at, result: value })
}

pub struct Room {
    pub app: App,
}

impl Room {
    pub fn new(city: &Arc<City>, mode: Mode) -> Self {
        let mut app = App::empty();
        app.init_resource::<Inbox>().init_resource::<Outbox>();
        app.insert_resource(Clock { now: Stamp(0), dt_ms: 0, tick: 0, mode, seed: 7 });
        app.configure_sets(RoomTick, (RoomSystems::ORDER[0], RoomSystems::ORDER[1]).chain());
        app.add_plugins(SensingPlugin { city: city.clone() });
        Self { app }
    }

    /// Runs a tick at `at_s` seconds; returns its events.
    pub fn tick(&mut self, at_s: i64, inputs: Vec<Input>) -> Vec<Event> {
        let world = self.app.world_mut();
        {
            let mut clock = world.resource_mut::<Clock>();
            let now = Stamp::from_secs(T0 + at_s);
            clock.dt_ms = if clock.tick == 0 { 0 } else { now - clock.now };
            clock.now = now;
            clock.tick += 1;
        }
        world.resource_mut::<Inbox>().inputs = inputs;
        *world.resource_mut::<Outbox>() = Outbox::default();
        world.run_schedule(RoomTick);
        world.resource::<Outbox>().events.clone()
    }

    pub fn table(&self) -> &SensorTable {
        self.app.world().resource()
    }

    pub fn facts(&self) -> &SensedTick {
        self.app.world().resource()
    }

    pub fn row(&self, id: &str) -> SensorRow<'_> {
        self.table().find(&SensorId::from(id)).unwrap()
    }

    pub fn hash(&self) -> [u8; 32] {
        let world = self.app.world();
        world.resource::<StateRegistry>().hash(world).unwrap()
    }

    pub fn save(&self) -> Vec<(String, Vec<u8>)> {
        let world = self.app.world();
        world.resource::<StateRegistry>().save(world).unwrap()
    }

    pub fn load(&mut self, saved: &[(String, Vec<u8>)]) {
        self.app.world_mut().resource_scope(|world, registry: Mut<StateRegistry>| {
            registry.load(world, saved).unwrap();
        });
    }

    /// A room with the truth of `self`, sharing its columns.
    pub fn fork(&mut self, city: &Arc<City>) -> Self {
        let clock = *self.app.world().resource::<Clock>();
        let mut other = Self::new(city, clock.mode);
        let from = self.app.world();
        from.resource::<StateRegistry>().copy(from, other.app.world_mut());
        other.app.insert_resource(clock);
        other
    }
}
