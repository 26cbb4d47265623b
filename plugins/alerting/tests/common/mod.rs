//! A headless room with sensing and alerting in it, and a stream without a room.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use bevy_app::App;
use bevy_ecs::prelude::*;
use guanlan_alerting::{AlertBook, AlertingPlugin, RuleSet, SensorRef};
use guanlan_city::{City, model::SensorSpec};
use guanlan_core::{
    AlertLevel, Bilingual, Command, CommandEnvelope, Event, Input, Mode, ObservedProperty, Reply, Role, SensorId,
    Stamp, input::Observation,
};
use guanlan_sensing::SensingPlugin;
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick, StateRegistry};

/// 2026-07-01 08:00 in China: by day.
pub const T0: i64 = 1_782_864_000;

pub fn at(s: i64) -> Stamp {
    Stamp::from_secs(T0 + s)
}

pub fn spec(id: &str, property: ObservedProperty, period_s: u32) -> SensorSpec {
    let name = Bilingual::new(format!("{id}号"), format!("No. {id}"));
    SensorSpec { id: id.into(), name, property, place_m: Some([10.0, 20.0]), height_m: 1.0, period_s }
}

pub fn reading(id: &str, at_s: i64, value: f64) -> Input {
    Input::Observation(Observation { sensor: id.into(), phenomenon: at(at_s), received: at(at_s), result: value })
}

pub fn ack(id: &str, role: Role, alert: u64) -> Input {
    Input::Command(CommandEnvelope {
        id: id.into(),
        actor: format!("{role:?}"),
        role,
        at: at(0),
        command: Command::AcknowledgeAlert { alert: guanlan_core::AlertId(alert), note: "seen".into() },
    })
}

pub struct Room {
    pub app: App,
    pub replies: Vec<Reply>,
}

impl Room {
    pub fn new(sensors: Vec<SensorSpec>, rules: &RuleSet) -> Self {
        let city = Arc::new(City { sensors, ..City::default() });
        let mut app = App::empty();
        app.init_resource::<Inbox>().init_resource::<Outbox>();
        app.insert_resource(Clock { now: Stamp(0), dt_ms: 0, tick: 0, mode: Mode::Demo, seed: 7 });
        app.configure_sets(RoomTick, (RoomSystems::Ingest, RoomSystems::Sense, RoomSystems::Assess).chain());
        app.add_plugins((SensingPlugin { city: city.clone() }, AlertingPlugin { rules: rules.clone(), city }));
        Self { app, replies: Vec::new() }
    }

    pub fn tick(&mut self, at_s: i64, inputs: Vec<Input>) -> Vec<Event> {
        let world = self.app.world_mut();
        {
            let mut clock = world.resource_mut::<Clock>();
            clock.dt_ms = if clock.tick == 0 { 0 } else { at(at_s) - clock.now };
            clock.now = at(at_s);
            clock.tick += 1;
        }
        world.resource_mut::<Inbox>().inputs = inputs;
        *world.resource_mut::<Outbox>() = Outbox::default();
        world.run_schedule(RoomTick);
        let out = world.resource::<Outbox>();
        self.replies = out.replies.clone();
        out.events.clone()
    }

    pub fn book(&self) -> &AlertBook {
        self.app.world().resource()
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
}

/// Changes of level as `seconds, from, to`, where events carry no time of their own.
pub fn changes(at_s: i64, events: &[Event], out: &mut Vec<(i64, AlertLevel, AlertLevel)>) {
    for event in events {
        if let Event::AlertChanged { from, to, .. } = event {
            out.push((at_s, *from, *to));
        }
    }
}

/// One stream driven without a room.
pub struct Stream {
    pub rules: RuleSet,
    pub book: AlertBook,
    pub id: SensorId,
    pub name: Bilingual,
    pub property: ObservedProperty,
    pub max_gap_ms: i64,
    pub events: Vec<(i64, Event)>,
}

impl Stream {
    pub fn new(rules: RuleSet, property: ObservedProperty) -> Self {
        Self {
            rules,
            book: AlertBook::default(),
            id: "s".into(),
            name: Bilingual::new("甲", "A"),
            property,
            max_gap_ms: 120_000,
            events: Vec::new(),
        }
    }

    pub fn say(&mut self, at_s: i64, value: f64) {
        let sensor = SensorRef {
            index: 0,
            id: &self.id,
            property: self.property,
            place_m: None,
            name: &self.name,
            max_gap_ms: self.max_gap_ms,
        };
        let mut events = Vec::new();
        self.book.observe(&self.rules, &sensor, at(at_s), value, &mut events);
        self.events.extend(events.into_iter().map(|e| (at_s, e)));
        self.book.publish(at(at_s));
    }

    /// A value said every `step_s` from `from_s` to `to_s`, both included.
    pub fn hold(&mut self, from_s: i64, to_s: i64, step_s: i64, value: f64) {
        let mut t = from_s;
        while t <= to_s {
            self.say(t, value);
            t += step_s;
        }
    }

    pub fn changes(&self) -> Vec<(i64, AlertLevel, AlertLevel)> {
        let mut out = Vec::new();
        for (s, e) in &self.events {
            changes(*s, std::slice::from_ref(e), &mut out);
        }
        out
    }
}
