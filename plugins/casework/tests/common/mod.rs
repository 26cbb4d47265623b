//! A small room with casework only.
#![allow(dead_code)]

use std::sync::Arc;

use bevy_app::App;
use bevy_ecs::prelude::*;
use guanlan_casework::{Case, CaseFile, CaseRules, CaseworkPlugin};
use guanlan_city::{
    City,
    model::{AdminArea, AdminLevel, Component, Organisation, UnitKind, UnitSpec},
};
use guanlan_core::{
    AlertId, AlertLevel, Bilingual, CaseId, Command, CommandEnvelope, DispatchId, Event, Input, Mode, ObservedProperty,
    PhotoView, Refusal, Role, Stamp,
    input::{CitizenReport, UnitStatus},
};
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick, StateRegistry};
use serde_json::Value;

/// A Wednesday morning.
pub const START: &str = "2026-07-01T09:00:00+08:00";
pub const GRID: &str = "330109001001001";

/// Facts that other plugins would tell in this tick, before Respond or between Respond and Publish.
#[derive(Resource, Default)]
pub struct Others {
    pub alerts: Vec<Event>,
    pub crews: Vec<Event>,
}

pub struct Room {
    pub app: App,
    rules: CaseRules,
    mode: Mode,
    next_command: u64,
}

fn square(code: &str, level: AdminLevel, name: &str, side: f32) -> AdminArea {
    let ring = vec![[0.0, 0.0], [side, 0.0], [side, side], [0.0, side]];
    AdminArea { code: code.into(), level, name: Bilingual::new(name, name), ring }
}

fn org(id: &str, duties: &[&str], area: &str) -> Organisation {
    Organisation {
        id: id.into(),
        name: Bilingual::same(id),
        kind: "unit".into(),
        duties: duties.iter().map(|d| (*d).to_owned()).collect(),
        place_m: [10.0, 10.0],
        area: area.into(),
    }
}

pub fn city() -> Arc<City> {
    Arc::new(City {
        areas: vec![
            square("330109001001", AdminLevel::Community, "河东社区", 1000.0),
            square(GRID, AdminLevel::Grid, "第一网格", 100.0),
        ],
        organisations: vec![
            org("ORG-DRAIN", &["drainage", "10"], ""),
            org("ORG-EAST-SAN", &["sanitation", "06"], "330109001"),
            org("ORG-SAN", &["sanitation", "06"], ""),
            org("ORG-COVER", &["cover"], ""),
        ],
        components: vec![Component {
            code: "33010901002000001".into(),
            class: "01-002".into(),
            class_2013: "0102".into(),
            place_m: [70.0, 70.0],
            heading_deg: None,
            state: "完好".into(),
            org: "ORG-COVER".into(),
        }],
        units: vec![UnitSpec {
            id: "DRAIN-07".into(),
            name: Bilingual::same("DRAIN-07"),
            kind: UnitKind::Pump,
            skills: vec!["drainage".into()],
            kit: vec![],
            people: 3,
            org: "ORG-DRAIN".into(),
            base_m: [0.0, 0.0],
            shift_min: [0, 0],
            vehicle: "truck".into(),
        }],
        ..City::default()
    })
}

pub fn rules() -> CaseRules {
    CaseRules::shipped().unwrap()
}

fn tell_alerts(mut others: ResMut<Others>, mut out: ResMut<Outbox>) {
    out.events.append(&mut others.alerts);
}
fn tell_crews(mut others: ResMut<Others>, mut out: ResMut<Outbox>) {
    out.events.append(&mut others.crews);
}

impl Room {
    pub fn new(rules: CaseRules, mode: Mode) -> Self {
        let mut app = App::empty();
        app.init_resource::<Inbox>().init_resource::<Outbox>().init_resource::<Others>();
        let now = Stamp::parse(START).unwrap();
        app.insert_resource(Clock { now, dt_ms: 0, tick: 0, mode, seed: 7 });
        let [a, b, c, d, e, f] = RoomSystems::ORDER;
        app.configure_sets(RoomTick, (a, b, c, d, e, f).chain());
        app.add_systems(RoomTick, tell_alerts.in_set(RoomSystems::Assess));
        app.add_systems(RoomTick, tell_crews.in_set(RoomSystems::Dispatch));
        app.add_plugins(CaseworkPlugin { city: city(), rules: rules.clone() });
        Self { app, rules, mode, next_command: 0 }
    }

    pub fn people() -> Self {
        Self::new(rules(), Mode::Demo)
    }

    /// Lets `seconds` pass in one tick with `inputs`; returns its events.
    pub fn tick(&mut self, seconds: i64, inputs: Vec<Input>) -> Vec<Event> {
        let world = self.app.world_mut();
        {
            let mut clock = world.resource_mut::<Clock>();
            clock.dt_ms = seconds * 1000;
            clock.now = clock.now + seconds * 1000;
            clock.tick += 1;
        }
        world.resource_mut::<Inbox>().inputs = inputs;
        *world.resource_mut::<Outbox>() = Outbox::default();
        world.run_schedule(RoomTick);
        world.resource::<Outbox>().events.clone()
    }

    pub fn alert(&mut self, event: Event) -> Vec<Event> {
        self.app.world_mut().resource_mut::<Others>().alerts.push(event);
        self.tick(1, vec![])
    }

    pub fn crew(&mut self, event: Event) -> Vec<Event> {
        self.app.world_mut().resource_mut::<Others>().crews.push(event);
        self.tick(1, vec![])
    }

    /// Gives a command one second later and returns the answer.
    pub fn order(&mut self, actor: &str, role: Role, command: Command) -> Result<Value, Refusal> {
        self.next_command += 1;
        let at = self.now();
        let id = format!("c{}", self.next_command).into();
        let envelope = CommandEnvelope { id, actor: actor.into(), role, at, command };
        self.tick(1, vec![Input::Command(envelope)]);
        let replies = &self.app.world().resource::<Outbox>().replies;
        assert_eq!(replies.len(), 1, "exactly one answer");
        replies[0].result.clone()
    }

    pub fn now(&self) -> Stamp {
        self.app.world().resource::<Clock>().now
    }

    pub fn file(&self) -> &CaseFile {
        self.app.world().resource::<CaseFile>()
    }

    pub fn case(&self, id: &CaseId) -> &Case {
        self.file().get(id).unwrap()
    }

    pub fn state(&self, id: &CaseId) -> &'static str {
        self.case(id).state.key()
    }

    pub fn only(&self) -> CaseId {
        assert_eq!(self.file().cases().len(), 1);
        self.file().cases().keys().next().unwrap().clone()
    }

    pub fn hash(&self) -> [u8; 32] {
        let world = self.app.world();
        world.resource::<StateRegistry>().hash(world).unwrap()
    }

    pub fn save(&self) -> Vec<(String, Vec<u8>)> {
        let world = self.app.world();
        world.resource::<StateRegistry>().save(world).unwrap()
    }

    /// A new room whose truth is read back from bytes.
    pub fn restored(&self, saved: &[(String, Vec<u8>)]) -> Self {
        let mut other = Self::new(self.rules.clone(), self.mode);
        other.app.world_mut().resource_scope(|world, registry: Mut<StateRegistry>| {
            registry.load(world, saved).unwrap();
        });
        other.app.insert_resource(*self.app.world().resource::<Clock>());
        other.next_command = self.next_command;
        other
    }

    /// A new room that shares the truth.
    pub fn forked(&self) -> Self {
        let mut other = Self::new(self.rules.clone(), self.mode);
        let from = self.app.world();
        from.resource::<StateRegistry>().copy(from, other.app.world_mut());
        other.app.insert_resource(*from.resource::<Clock>());
        other.next_command = self.next_command;
        other
    }
}

pub fn alert(id: u64, property: ObservedProperty, from: AlertLevel, to: AlertLevel, place_m: [f64; 2]) -> Event {
    Event::AlertChanged {
        alert: AlertId(id),
        sensor: "gauge-07".into(),
        property,
        from,
        to,
        value: 28.0,
        threshold: 27.0,
        rule: "road-water@1".into(),
        place_m: Some(place_m),
        place: Bilingual::new("河东下穿", "Hedong underpass"),
    }
}

pub fn red_water(id: u64, place_m: [f64; 2]) -> Event {
    alert(id, ObservedProperty::RoadWaterDepth, AlertLevel::Normal, AlertLevel::Red, place_m)
}

pub fn citizen(report: &str, code: &str, text: &str, place_m: [f64; 2]) -> Input {
    Input::Citizen(CitizenReport {
        report: report.into(),
        at: Stamp::parse(START).unwrap(),
        east_m: place_m[0],
        north_m: place_m[1],
        code: code.into(),
        text: text.into(),
        photo: None,
        view: PhotoView::default(),
    })
}

pub fn sent(case: &CaseId, unit: &str) -> Event {
    Event::UnitDispatched {
        dispatch: DispatchId(1),
        case: case.clone(),
        unit: unit.into(),
        eta_s: 300.0,
        route_m: 2400.0,
        place_m: [50.0, 50.0],
        actor: "paiqian".into(),
        reason: String::new(),
    }
}

pub fn status(case: &CaseId, unit: &str, from: UnitStatus, to: UnitStatus, photo: Option<&str>) -> Event {
    Event::UnitStatusChanged {
        unit: unit.into(),
        from,
        to,
        dispatch: Some(DispatchId(1)),
        case: Some(case.clone()),
        note: if photo.is_some() { "抽排完毕".into() } else { String::new() },
        photo: photo.map(str::to_owned),
        actor: unit.into(),
    }
}

/// Just the moves of a tick: `from>to`.
pub fn moves(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|e| match e {
            Event::CaseMoved { from, to, .. } => Some(format!("{from}>{to}")),
            _ => None,
        })
        .collect()
}
