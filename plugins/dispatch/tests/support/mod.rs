//! A town on a grid and a room to put it in.
#![allow(dead_code)]

use std::sync::Arc;

use bevy_app::App;
use bevy_ecs::prelude::*;
use guanlan_city::{
    City,
    model::{Road, RoadClass, UnitKind, UnitSpec},
};
use guanlan_core::{
    AlertLevel, Bilingual, Command, CommandEnvelope, Event, Input, Mode, Reply, Role, Stamp,
    input::{ClockAhead, DepthField, UnitFix, UnitStatus},
};
use guanlan_dispatch::DispatchPlugin;
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick, StateRegistry};

/// Side of a block, m.
pub const BLOCK: f32 = 200.0;

/// Junction number.
pub fn node(c: i64, r: i64) -> i64 {
    r * 1000 + c
}

pub fn street(a: (i64, i64), b: (i64, i64)) -> Road {
    let at = |p: (i64, i64)| [p.0 as f32 * BLOCK, p.1 as f32 * BLOCK];
    Road {
        from_node: node(a.0, a.1),
        to_node: node(b.0, b.1),
        class: RoadClass::Secondary,
        speed_kmh: 50.0,
        name: Bilingual::same(format!("{a:?}-{b:?}")),
        line: vec![at(a), at(b)],
        ..Road::default()
    }
}

/// A town of `cols × rows` junctions.
pub fn grid(cols: i64, rows: i64) -> City {
    let mut city = City::default();
    for r in 0..rows {
        for c in 0..cols {
            if c + 1 < cols {
                city.roads.push(street((c, r), (c + 1, r)));
            }
            if r + 1 < rows {
                city.roads.push(street((c, r), (c, r + 1)));
            }
        }
    }
    city
}

/// Edge number between two junctions.
pub fn edge(city: &City, a: (i64, i64), b: (i64, i64)) -> u32 {
    let ends = (node(a.0, a.1), node(b.0, b.1));
    let found = |r: &Road| (r.from_node, r.to_node) == ends || (r.to_node, r.from_node) == ends;
    city.roads.iter().position(found).expect("such a street") as u32
}

pub fn crew(id: &str, kind: UnitKind, skills: &[&str], kit: &[&str], vehicle: &str, base_m: [f64; 2]) -> UnitSpec {
    let words = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
    UnitSpec {
        id: id.into(),
        name: Bilingual::new(format!("{id}队"), format!("crew {id}")),
        kind,
        skills: words(skills),
        kit: words(kit),
        people: 3,
        org: "ORG-01".into(),
        base_m,
        shift_min: [0, 0],
        vehicle: vehicle.into(),
    }
}

/// A river town of 8 × 6 junctions: a railway between rows 2 and 3 is crossed by an underpass in column 1 and a bridge
/// in column 6 only.
pub fn river_town() -> City {
    let mut city = grid(8, 6);
    city.roads.retain(|r| {
        let crosses = r.from_node / 1000 == 2 && r.to_node / 1000 == 3;
        !crosses || matches!(r.from_node % 1000, 1 | 6)
    });
    let (under, bridge) = (edge(&city, (1, 2), (1, 3)) as usize, edge(&city, (6, 2), (6, 3)) as usize);
    city.roads[under].underpass = true;
    city.roads[under].layer = -1;
    city.roads[bridge].bridge = true;
    city.roads[bridge].layer = 1;
    city.units = vec![
        crew("DRAIN-01", UnitKind::Pump, &["drainage"], &["pump_truck"], "truck", [200.0, 0.0]),
        crew("DRAIN-02", UnitKind::Pump, &["drainage"], &["pump_truck"], "truck", [1400.0, 0.0]),
        crew("DRAIN-03", UnitKind::Pump, &["drainage"], &[], "van", [200.0, 200.0]),
        crew("DRAIN-04", UnitKind::Pump, &["drainage"], &["pump_truck"], "truck", [1400.0, 200.0]),
        crew("SAN-01", UnitKind::Sanitation, &["sanitation"], &[], "truck", [0.0, 0.0]),
        crew("PAT-01", UnitKind::Patrol, &["check"], &[], "car", [600.0, 600.0]),
        crew("PAT-02", UnitKind::Patrol, &["check"], &[], "ebike", [800.0, 800.0]),
    ];
    city
}

/// Ten o'clock on a summer's day.
pub fn start() -> Stamp {
    Stamp::parse("2026-07-01T10:00:00+08:00").expect("a valid instant")
}

pub struct Room {
    pub app: App,
    pub events: Vec<Event>,
}

impl Room {
    pub fn new(city: &Arc<City>, mode: Mode, simulate_crews: bool) -> Self {
        let mut app = App::empty();
        app.init_schedule(RoomTick);
        for pair in RoomSystems::ORDER.windows(2) {
            app.configure_sets(RoomTick, pair[0].before(pair[1]));
        }
        app.insert_resource(Clock { now: start(), dt_ms: 0, tick: 0, mode, seed: 42 })
            .init_resource::<Inbox>()
            .init_resource::<Outbox>()
            .init_resource::<Brought>();
        // Stands in for casework: facts of this tick that earlier phases bring.
        app.add_systems(
            RoomTick,
            (|mut brought: ResMut<Brought>, mut out: ResMut<Outbox>| out.events.append(&mut brought.0))
                .in_set(RoomSystems::Respond),
        );
        app.add_plugins(DispatchPlugin { city: Arc::clone(city), simulate_crews });
        Self { app, events: Vec::new() }
    }

    /// One second with these inputs, and facts from earlier phases.
    pub fn tick(&mut self, inputs: Vec<Input>, facts: Vec<Event>) -> (Vec<Event>, Vec<Reply>) {
        let world = self.app.world_mut();
        let mut clock = world.resource_mut::<Clock>();
        clock.tick += 1;
        clock.dt_ms = 1000;
        clock.now = clock.now + 1000;
        world.resource_mut::<Inbox>().inputs = inputs;
        world.resource_mut::<Brought>().0 = facts;
        world.run_schedule(RoomTick);
        let out = std::mem::take(&mut *world.resource_mut::<Outbox>());
        self.events.extend(out.events.iter().cloned());
        (out.events, out.replies)
    }

    pub fn quiet(&mut self, ticks: usize) {
        for _ in 0..ticks {
            self.tick(vec![], vec![]);
        }
    }

    pub fn now(&self) -> Stamp {
        self.app.world().resource::<Clock>().now
    }

    pub fn hash(&self) -> [u8; 32] {
        let world = self.app.world();
        world.resource::<StateRegistry>().hash(world).expect("state serialises")
    }

    pub fn state<T: Resource>(&self) -> &T {
        self.app.world().resource::<T>()
    }

    /// Sends a command in its own tick.
    pub fn order(&mut self, role: Role, actor: &str, command: Command) -> Reply {
        let envelope = CommandEnvelope {
            id: format!("cmd-{}-{}", self.now().0, actor).into(),
            actor: actor.into(),
            role,
            at: self.now(),
            command,
        };
        let (_, replies) = self.tick(vec![Input::Command(envelope)], vec![]);
        replies.into_iter().next().expect("a reply")
    }
}

#[derive(Resource, Default)]
pub struct Brought(pub Vec<Event>);

pub fn opened(case: &str, code: &str, place_m: [f64; 2]) -> Event {
    Event::CaseOpened {
        case: case.into(),
        code: code.into(),
        title: Bilingual::new("路面积水", "road water"),
        source: "alert".into(),
        level: AlertLevel::Red,
        place_m,
        place: Bilingual::new("下穿通道", "underpass"),
        grid: String::new(),
        alert: None,
        actor: "room".into(),
    }
}

pub fn moved(case: &str, to: &str) -> Event {
    Event::CaseMoved {
        case: case.into(),
        from: "handling".into(),
        to: to.into(),
        operate_type: "forward".into(),
        actor: "acceptor".into(),
        role: Role::Acceptor,
        note: String::new(),
        org: None,
        deadline_ms: None,
    }
}

pub fn fix(unit: &str, at: Stamp, place: [f64; 2]) -> Input {
    Input::Fix(UnitFix {
        unit: unit.into(),
        at,
        east_m: place[0],
        north_m: place[1],
        speed_mps: 5.0,
        course_deg: 90.0,
        battery: Some(80),
    })
}

/// The wall clock was set back by this much.
pub fn clock_ahead(by_ms: i64) -> Input {
    Input::Ahead(ClockAhead { by_ms })
}

/// A field of 10 m cells over the river town, with `depth_mm` in one rectangle (west, south, east, north, m).
pub fn water(at: Stamp, rect: [f64; 4], depth_mm: u16, estimate: bool) -> Input {
    let (cols, rows) = (180u32, 140u32);
    let (west_m, south_m, cell_m) = (-100.0, -100.0, 10.0);
    let wet_mm = depth_mm;
    let depth_mm = vec![0; (cols * rows) as usize];
    let mut field = DepthField { at, west_m, south_m, cell_m, cols, rows, depth_mm, estimate, finer: Vec::new() };
    for r in 0..rows {
        for c in 0..cols {
            let (x, y) = (west_m + (f64::from(c) + 0.5) * cell_m, south_m + (f64::from(r) + 0.5) * cell_m);
            if x >= rect[0] && y >= rect[1] && x <= rect[2] && y <= rect[3] {
                field.depth_mm[(r * cols + c) as usize] = wet_mm;
            }
        }
    }
    Input::Water(Arc::new(field))
}

pub fn statuses(events: &[Event], who: &str) -> Vec<UnitStatus> {
    events
        .iter()
        .filter_map(|e| match e {
            Event::UnitStatusChanged { unit, to, .. } if unit.as_str() == who => Some(*to),
            _ => None,
        })
        .collect()
}
