//! Scripts are read, bound, delivered, watched and reported.

use std::{path::Path, sync::Arc};

use bevy_app::App;
use bevy_ecs::prelude::*;
use guanlan_city::{
    City,
    model::{Place, PlaceKind, Road, SensorSpec, UnitKind, UnitSpec},
};
use guanlan_core::{
    AlertId, AlertLevel, Bilingual, Command, DispatchId, Event, Input, Lang, Mode, ObservedProperty, Role, Stamp,
    input::UnitStatus,
};
use guanlan_drill::{DrillPlan, DrillPlugin, DrillScript, DrillState, Report, due_inputs, schema, score::Rating};
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick, StateRegistry};

const SHIPPED: &str = include_str!("cloudburst.toml");

fn sensor(id: &str, property: ObservedProperty, place_m: [f64; 2]) -> SensorSpec {
    SensorSpec {
        id: id.into(),
        name: Bilingual::same(id),
        property,
        place_m: Some(place_m),
        height_m: 0.5,
        period_s: 60,
    }
}

fn place(kind: PlaceKind, name: &str, place_m: [f64; 2]) -> Place {
    Place { kind, name: Bilingual::new(name, name), place_m, people: 0 }
}

fn road(name: &str, y: f32, underpass: bool) -> Road {
    Road { name: Bilingual::same(name), underpass, line: vec![[900.0, y], [1100.0, y]], ..Road::default() }
}

fn city() -> City {
    City {
        sensors: vec![
            sensor("W-1", ObservedProperty::RoadWaterDepth, [100.0, 0.0]),
            sensor("W-2", ObservedProperty::RoadWaterDepth, [1000.0, 0.0]),
            sensor("P-1", ObservedProperty::PumpsRunning, [1010.0, 600.0]),
        ],
        places: vec![
            place(PlaceKind::Underpass, "西下穿", [500.0, 400.0]),
            place(PlaceKind::Underpass, "东下穿", [1000.0, 0.0]),
            place(PlaceKind::PumpStation, "东泵站", [1000.0, 600.0]),
        ],
        roads: vec![road("一路", 0.0, true), road("二路", 400.0, false)],
        units: vec![UnitSpec {
            id: "DRAIN-07".into(),
            name: Bilingual::same("DRAIN-07"),
            kind: UnitKind::Pump,
            skills: vec![],
            kit: vec![],
            people: 3,
            org: "O".into(),
            base_m: [0.0, 0.0],
            shift_min: [0, 0],
            vehicle: "truck".into(),
        }],
        ..City::default()
    }
}

fn plan() -> DrillPlan {
    DrillPlan::parse("cloudburst-east.toml", SHIPPED, &city()).unwrap()
}

fn start() -> Stamp {
    Stamp::parse("2026-07-31T22:00:00+08:00").unwrap()
}

#[test]
fn every_shipped_script_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenes/drills");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            DrillScript::parse(&name, &text).unwrap_or_else(|error| panic!("{error}"));
            read += 1;
        }
    }
    assert!(read >= 1);
}

#[test]
fn the_shipped_script_binds_and_rains() {
    let plan = plan();
    // Beijing, P50, 120 min: a·T/(T+b)^n with a = 2001/167·(1+0.811 lg 50), b 8, n 0.711.
    let a = 2001.0 / 167.0 * (1.0 + 0.811 * 50f64.log10());
    let depth = a * 120.0 / 128f64.powf(0.711);
    assert!((plan.rain.total_mm() - depth).abs() < 0.01, "{} {depth}", plan.rain.total_mm());
    assert_eq!(plan.effects.len(), 6);
    assert!(schema()["properties"]["inject"].is_object());
}

#[test]
fn errors_name_line_and_field() {
    let line_of = |needle: &str| SHIPPED.lines().position(|l| l.contains(needle)).unwrap() + 1;
    for (from, to, field, line, message) in [
        ("schema = 1", "schema = 2", "schema", line_of("schema = 1"), "expected 1"),
        ("duration_s = 7200", "duration_s = 60", "inject[2].at_s", line_of("at_s = 900"), "after the end"),
        ("channel = \"电话\"", "channel = \"fax\"", "inject[3].channel", line_of("channel = \"电话\""), "found 'fax'"),
        ("no = 4", "no = 3", "inject[4].no", line_of("no = 4"), "must rise"),
        ("at_s = 2400", "at_s = 240", "inject[4].at_s", line_of("at_s = 2400"), "order of time"),
        ("seed = 731", "seed = \"x\"", "seed", line_of("seed = 731"), "expected a whole number"),
        ("seed = 731", "sed = 731", "sed", line_of("seed = 731"), "unknown field"),
        ("peak_ratio = 0.4", "peak_ratio = 1.4", "peak_ratio", line_of("peak_ratio"), "1.4"),
        ("beijing_classic", "atlantis", "formula", line_of("formula ="), "atlantis"),
        ("return_period_a = 50", "return_period_a = -5", "return_period_a", line_of("return_period_a"), "-5"),
        ("reaches = \"yellow\"", "reaches = \"pink\"", "expect[1].when", line_of("\"yellow\""), "found 'pink'"),
        ("is = \"on_scene\"", "is = \"there\"", "expect[5].when", line_of("is = \"on_scene\""), "found 'there'"),
        ("by_s = 4500", "by_s = 45", "expect[2].by_s", line_of("by_s = 4500"), "not after"),
        ("reaches = \"opened\"", "reaches = \"lost\"", "expect[8].when", line_of("\"opened\""), "found 'lost'"),
        ("pump_station@east#1", "pump_station@up#1", "inject[6].action", line_of("pump_station@"), "@up"),
        ("underpass@east#2", "underpass@east#9", "inject[5].action", line_of("underpass@east#2"), "has 2 of"),
    ] {
        let text = SHIPPED.replacen(from, to, 1);
        assert_ne!(text, SHIPPED, "{from}");
        let error = DrillPlan::parse("x.toml", &text, &city()).unwrap_err();
        assert_eq!((error.file.as_str(), error.field.as_str(), error.line), ("x.toml", field, line), "{error}");
        assert!(error.to_string().contains(message), "{error}");
        let told = error.to_string();
        assert_ne!(Lang::Zh.part_of(&told), told, "no Chinese for it");
    }
    for bytes in ["", "schema", "\u{0}", "[[inject]]\nno=1", "schema = 1\ntitle = 3"] {
        assert!(DrillScript::parse("x.toml", bytes).is_err());
    }
}

#[test]
fn delivery_does_not_depend_on_how_time_is_cut() {
    let (plan, start) = (plan(), start());
    let end = start + 7_200_000;
    let whole = due_inputs(&plan, start + -1, end, start);
    for step in [1_000, 7_300, 60_000, 1_000_000] {
        let mut cut = Vec::new();
        let mut from = start + -1;
        while from < end {
            let to = Stamp((from + step).0.min(end.0));
            cut.extend(due_inputs(&plan, from, to, start));
            from = to;
        }
        assert_eq!(cut, whole, "step {step}");
    }
    let count = |wanted: fn(&Input) -> bool| whole.iter().filter(|i| wanted(i)).count();
    assert_eq!(count(|i| matches!(i, Input::Inject(_))), 6);
    // 16 cm for 1500 s and 28 cm for 2400 s every 30 s, the pump's fault for 2700 s, ends included.
    assert_eq!(count(|i| matches!(i, Input::Observation(_))), 51 + 81 + 91);
    let closing =
        |i: &&Input| matches!(i, Input::Command(c) if matches!(c.command, Command::CloseRoad { edge: 1, .. }));
    assert_eq!(whole.iter().filter(closing).count(), 1);
    assert!(whole.iter().any(|i| matches!(i, Input::Citizen(r) if [r.east_m, r.north_m] == [1040.0, 25.0])));
    assert!(matches!(&whole[0], Input::Inject(first) if first.no == 1), "script time 0 is delivered");
}

#[derive(Resource, Default)]
struct Facts(Vec<Event>);

fn tell(mut facts: ResMut<Facts>, mut out: ResMut<Outbox>) {
    out.events.append(&mut facts.0);
}

struct Room {
    app: App,
    plan: Arc<DrillPlan>,
}

impl Room {
    fn new(plan: &Arc<DrillPlan>) -> Self {
        let mut app = App::empty();
        app.init_resource::<Inbox>().init_resource::<Outbox>().init_resource::<Facts>();
        app.insert_resource(Clock { now: start() + -1000, dt_ms: 0, tick: 0, mode: Mode::Exercise, seed: 731 });
        let [a, b, c, d, e, f] = RoomSystems::ORDER;
        app.configure_sets(RoomTick, (a, b, c, d, e, f).chain());
        app.add_systems(RoomTick, tell.in_set(RoomSystems::Publish));
        app.add_plugins(DrillPlugin { plan: plan.clone(), start: start() });
        Self { app, plan: plan.clone() }
    }

    /// Goes on to a script time in one tick, with facts of that tick.
    fn to(&mut self, script_s: i64, facts: Vec<Event>) -> Vec<Event> {
        let world = self.app.world_mut();
        let before = world.resource::<Clock>().now;
        let now = start() + script_s * 1000;
        {
            let mut clock = world.resource_mut::<Clock>();
            clock.dt_ms = now - before;
            clock.now = now;
            clock.tick += 1;
        }
        world.resource_mut::<Inbox>().inputs = due_inputs(&self.plan, before, now, start());
        world.resource_mut::<Facts>().0 = facts;
        *world.resource_mut::<Outbox>() = Outbox::default();
        world.run_schedule(RoomTick);
        world.resource::<Outbox>().events.clone()
    }

    fn state(&self) -> &DrillState {
        self.app.world().resource::<DrillState>()
    }

    fn hash(&self) -> [u8; 32] {
        let world = self.app.world();
        world.resource::<StateRegistry>().hash(world).unwrap()
    }
}

fn alert(to: AlertLevel) -> Event {
    Event::AlertChanged {
        alert: AlertId(1),
        sensor: "W-2".into(),
        property: ObservedProperty::RoadWaterDepth,
        from: AlertLevel::Normal,
        to,
        value: 28.0,
        threshold: 27.0,
        rule: "road-water@1".into(),
        place_m: Some([1000.0, 0.0]),
        place: Bilingual::new("东下穿", "East underpass"),
    }
}

fn opened(case: &str, code: &str, place_m: [f64; 2]) -> Event {
    Event::CaseOpened {
        case: case.into(),
        code: code.into(),
        title: Bilingual::new("积水|路", "Water"),
        source: "alert".into(),
        level: AlertLevel::Red,
        place_m,
        place: Bilingual::new("东下穿", "East underpass"),
        grid: String::new(),
        alert: None,
        actor: "room".into(),
    }
}

fn moved(case: &str, to: &str) -> Event {
    Event::CaseMoved {
        case: case.into(),
        from: "pending_register".into(),
        to: to.into(),
        operate_type: "forward".into(),
        actor: "shou".into(),
        role: Role::Acceptor,
        note: String::new(),
        org: None,
        deadline_ms: None,
    }
}

fn on_scene() -> Event {
    Event::UnitStatusChanged {
        unit: "DRAIN-07".into(),
        from: UnitStatus::EnRoute,
        to: UnitStatus::OnScene,
        dispatch: Some(DispatchId(1)),
        case: Some("YL-GL202607310001".into()),
        note: String::new(),
        photo: None,
        actor: "DRAIN-07".into(),
    }
}

/// Plays the script with answers: some in time, some late, some never.
fn play(room: &mut Room, from: usize) {
    let water = "YL-GL202607310001";
    let beats: Vec<(i64, Vec<Event>)> = vec![
        (0, vec![]),
        (100, vec![alert(AlertLevel::Yellow)]),
        (1000, vec![alert(AlertLevel::Yellow)]),
        (2000, vec![opened("YL-GL202607310002", "01-003", [1040.0, 25.0])]),
        (2450, vec![alert(AlertLevel::Red), opened(water, "10-999", [1000.0, 0.0])]),
        (2500, vec![moved(water, "pending_dispatch")]),
        // 01-003 was due at 1920 + 900 = 2820.
        (3270, vec![moved("YL-GL202607310002", "pending_dispatch")]),
        (6500, vec![on_scene()]),
        (7200, vec![moved(water, "closed")]),
    ];
    for (at, facts) in beats.into_iter().skip(from) {
        room.to(at, facts);
    }
}

#[test]
fn expectations_are_met_late_or_missed() {
    let plan = Arc::new(plan());
    let mut room = Room::new(&plan);
    let events = room.to(0, vec![]);
    assert!(matches!(&events[0], Event::InjectDelivered { no: 1, .. }));
    play(&mut room, 1);
    let state = room.state();
    assert_eq!(state.delivered.len(), 6);
    assert!(state.finished);
    let met: Vec<Option<f64>> = state.expectations.iter().map(|p| p.met.map(|at| state.script_s(at))).collect();
    let expected = [Some(1000.0), Some(2450.0), Some(2500.0), None, Some(6500.0), Some(3270.0), None, None];
    assert_eq!(met, expected, "a yellow before its inject does not count");
    let missed: Vec<bool> = state.expectations.iter().map(|p| p.missed).collect();
    assert_eq!(missed, [false, false, false, true, false, true, true, true]);

    let report = Report::of(&plan, state, None);
    // Four in time, the cover 450 s late of 900 s, three never.
    let timeliness = (4.0 + 0.5) / 8.0 * 100.0;
    assert_eq!(report.scores.timeliness, Some(timeliness));
    assert_eq!(report.scores.completeness, Some(5.0 / 8.0 * 100.0));
    assert_eq!(report.scores.accuracy, Some(50.0));
    let ratings: Vec<Option<Rating>> = report.objectives.iter().map(|o| o.rating).collect();
    assert_eq!(ratings, [None, Some(Rating::M), Some(Rating::M), Some(Rating::U)]);
    assert_eq!((report.tally.reds, report.tally.cases, report.tally.closed, report.tally.arrived), (1, 2, 1, 1));

    let zh = report.markdown(Lang::Zh);
    for part in ["# 【演练】 城东短时强降雨防汛演练", "56.2 %", "△ 超时 450 s", "✘ 未完成", "积水\\|路", "T+00:40:50"]
    {
        assert!(zh.contains(part), "{part} in {zh}");
    }
    let en = report.html(Lang::En);
    for part in ["<html lang=\"en\">", "EXERCISE", "late by 450 s", "opened: Water", "needs improvement"] {
        assert!(en.contains(part), "{part} in {en}");
    }
    assert!(!en.contains("<script"));
}

#[test]
fn a_drill_that_stops_early_is_not_blamed_for_what_was_not_due() {
    let plan = Arc::new(plan());
    let mut room = Room::new(&plan);
    room.to(0, vec![]);
    room.to(1000, vec![alert(AlertLevel::Yellow)]);
    let report = Report::of(&plan, room.state(), Some(90.0));
    assert!(!report.finished);
    assert_eq!(report.scores.timeliness, Some(100.0));
    assert_eq!(report.scores.total, Some((30.0 * 100.0 + 30.0 * 100.0 + 25.0 * 100.0 + 15.0 * 90.0) / 100.0));
}

/// HOUSE §1: straight run ≡ snapshot at tick k and restore ≡ fork at tick k.
#[test]
fn fork_gate() {
    let plan = Arc::new(plan());
    let mut straight = Room::new(&plan);
    for (k, at) in [0, 100, 1000].into_iter().enumerate() {
        straight.to(at, if k == 0 { vec![] } else { vec![alert(AlertLevel::Yellow)] });
    }
    let mut restored = Room::new(&plan);
    let mut forked = Room::new(&plan);
    let world = straight.app.world();
    let saved = world.resource::<StateRegistry>().save(world).unwrap();
    world.resource::<StateRegistry>().copy(world, forked.app.world_mut());
    let clock = *world.resource::<Clock>();
    forked.app.insert_resource(clock);
    restored.app.insert_resource(clock);
    restored
        .app
        .world_mut()
        .resource_scope(|world, registry: Mut<StateRegistry>| registry.load(world, &saved).unwrap());
    assert_eq!(straight.hash(), restored.hash());
    for room in [&mut straight, &mut restored, &mut forked] {
        play(room, 3);
    }
    assert_eq!(straight.hash(), restored.hash());
    assert_eq!(straight.hash(), forked.hash());
    assert!(straight.state().finished);
}
