//! A whole room over a hamlet: the fork gate, repeated commands, recovery, replay.

use std::sync::{Arc, mpsc};

use guanlan_alerting::RuleSet;
use guanlan_alerting::hotspot::HotSpot;
use guanlan_casework::CaseRules;
use guanlan_city::{
    City,
    model::{Road, SensorSpec, UnitKind, UnitSpec},
};
use guanlan_core::{
    AlertLevel, Bilingual, Command, CommandEnvelope, Event, Input, Mode, ObservedProperty, PhotoView, RefusalKind,
    Role, Stamp, Warning, WarningKind, WarningStatus,
    input::{CitizenReport, Mark, MarkOrigin, Observation, UnitFix},
};
use guanlan_journal::{Meta, SqliteStore, Store, TickCommit, verify};
use guanlan_room::risk_sources::{RiskMark, RiskSource, RiskSources, behind_spot};
use guanlan_room::{Control, Health, Machine, Picture, Playback, RoomConfig, Timelines, recover, run_live, run_replay};
use guanlan_sensing::OriginView;

const START: i64 = 1_782_864_000_000;

fn hamlet() -> Arc<City> {
    let road = |way: i64, from_node: i64, to_node: i64, line: Vec<[f32; 2]>| Road {
        way,
        from_node,
        to_node,
        line,
        speed_kmh: 40.0,
        width_m: 7.0,
        ..Road::default()
    };
    let sensor = |id: &str, property, x: f64| SensorSpec {
        id: id.into(),
        name: Bilingual::new(format!("测点{id}"), format!("Gauge {id}")),
        property,
        place_m: Some([x, 0.0]),
        height_m: 0.0,
        period_s: 60,
    };
    let unit = |id: &str, x: f64| UnitSpec {
        id: id.into(),
        name: Bilingual::same(id),
        kind: UnitKind::Pump,
        skills: ["drainage", "cover", "road", "sanitation", "check"].map(String::from).to_vec(),
        kit: vec!["pump_truck".into()],
        people: 4,
        org: "org-1".into(),
        base_m: [x, 0.0],
        shift_min: [0, 0],
        vehicle: "truck".into(),
    };
    Arc::new(City {
        name: Bilingual::new("小村", "Hamlet"),
        epsg: 4549,
        origin: [500_000.0, 3_350_000.0],
        extent: [-500.0, -500.0, 1500.0, 500.0],
        roads: vec![
            road(1, 1, 2, vec![[0.0, 0.0], [500.0, 0.0]]),
            road(2, 2, 3, vec![[500.0, 0.0], [1000.0, 0.0]]),
            road(3, 2, 4, vec![[500.0, 0.0], [500.0, 400.0]]),
        ],
        sensors: vec![
            sensor("7", ObservedProperty::RoadWaterDepth, 900.0),
            sensor("8", ObservedProperty::RainIntensity, 100.0),
            sensor("9", ObservedProperty::CoverTilt, 300.0),
        ],
        units: vec![unit("DRAIN-01", 50.0), unit("DRAIN-02", 450.0)],
        ..City::default()
    })
}

fn config() -> Arc<RoomConfig> {
    Arc::new(RoomConfig {
        city: hamlet(),
        timeline: "live".into(),
        mode: Mode::Demo,
        seed: 7,
        tick_ms: 200,
        alert_rules: RuleSet::defaults(),
        case_rules: CaseRules::shipped().unwrap(),
        simulate_crews: false,
        drill: None,
    })
}

fn reading(sensor: &str, at: Stamp, result: f64) -> Input {
    Input::Observation(Observation { sensor: sensor.into(), phenomenon: at, received: at, result })
}

/// What comes in at second `s`: water that rises to red and falls, fixes, a command now and then.
fn inputs_at(s: i64) -> Vec<Input> {
    let now = Stamp(START + s * 1000);
    let mut inputs = Vec::new();
    if s % 30 == 0 {
        inputs.push(reading("7", now, if (120..900).contains(&s) { 31.0 } else { 1.0 }));
        inputs.push(reading("8", now, (s % 7) as f64));
    }
    if s % 5 == 0 {
        for (unit, x) in [("DRAIN-01", 50.0), ("DRAIN-02", 450.0)] {
            inputs.push(Input::Fix(UnitFix {
                unit: unit.into(),
                at: now,
                east_m: x + (s % 40) as f64,
                north_m: 1.0,
                speed_mps: 2.0,
                course_deg: 90.0,
                battery: Some(70),
            }));
        }
    }
    if s == 60 {
        for unit in ["DRAIN-01", "DRAIN-02"] {
            let mark = Mark::Unit(unit.into());
            inputs.push(Input::Brought(Box::new(origin(mark, &format!("owntracks/{unit}/phone")))));
        }
        inputs.push(Input::Warning(Box::new(warning(now))));
        inputs.push(Input::Brought(Box::new(origin(Mark::Warning("met-1".into()), "http://met.example/1.cap"))));
    }
    if s == 200 {
        inputs.push(Input::Citizen(CitizenReport {
            report: "r-1".into(),
            at: now,
            east_m: 210.0,
            north_m: 2.0,
            code: "06-010".into(),
            text: "井盖响".into(),
            photo: None,
            view: PhotoView::default(),
        }));
        inputs.push(Input::Brought(Box::new(origin(Mark::Report("r-1".into()), "https://311.example/requests.json"))));
    }
    if s == 300 {
        inputs.push(command(
            "c-300",
            Role::Collector,
            Command::ReportCase { code: "06-010".into(), text: "垃圾".into(), east_m: 200.0, north_m: 3.0 },
        ));
    }
    inputs
}

fn origin(mark: Mark, source: &str) -> MarkOrigin {
    MarkOrigin {
        mark,
        feed: "f".into(),
        connector: "c".into(),
        source: source.into(),
        steps: vec![Bilingual::same("GCJ-02 → CGCS2000")],
        owner: Bilingual::default(),
    }
}

/// In force from its `sent` for 700 s.
fn warning(sent: Stamp) -> Warning {
    Warning {
        identifier: "met-1".into(),
        sender: "met@example.invalid".into(),
        sender_name: Bilingual::default(),
        sent,
        status: WarningStatus::Actual,
        kind: WarningKind::Alert,
        references: Vec::new(),
        event: Bilingual::new("暴雨", "Rainstorm"),
        level: AlertLevel::Red,
        severity: "Extreme".into(),
        urgency: "Immediate".into(),
        certainty: "Observed".into(),
        headline: Bilingual::default(),
        description: Bilingual::default(),
        instruction: Bilingual::default(),
        effective: sent,
        expires: Some(sent + 700_000),
        area: Bilingual::default(),
        rings_m: vec![vec![[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [0.0, 0.0]]],
    }
}

/// Units, a citizen's case and a foreign warning say where they come from; the warning raises nothing by itself.
#[test]
fn marks_that_are_no_streams_know_their_source() {
    let mut machine = Machine::new(config());
    run(&mut machine, 0..400);
    let p = Picture::of(&machine, Health::default(), Playback::live());
    let source = |o: Option<OriginView<'_>>| o.map(|o| (o.source.to_owned(), o.steps.len()));
    let case = p.cases.of_report("r-1").expect("the report is a case").clone();
    assert_eq!(source(p.origins.of_unit(&"DRAIN-01".into())), Some(("owntracks/DRAIN-01/phone".into(), 1)));
    assert_eq!(source(p.origins.of_case(&case)), Some(("https://311.example/requests.json".into(), 1)));
    assert_eq!(source(p.origins.of_warning("met-1")), Some(("http://met.example/1.cap".into(), 1)));
    assert_eq!(source(p.origins.of_unit(&"DRAIN-09".into())), None);
    assert_eq!(p.warnings.active().len(), 1);
    let events = run(&mut machine, 400..800);
    let over =
        |e: &&Event| matches!(e, Event::WarningChanged { what, level: AlertLevel::Normal, .. } if what == "expired");
    assert_eq!(events.iter().filter(over).count(), 1);
}

/// A risk is opened into the gauge, the case and the crew it was made of, each with its feed.
#[test]
fn a_risk_names_what_it_was_made_of() {
    let mut machine = Machine::new(config());
    run(&mut machine, 0..400);
    let p = Picture::of(&machine, Health::default(), Playback::live());
    let known = RiskSources::of(&p);
    let list = &p.risk_grids.0.grids;
    let all: Vec<RiskSource> = p.risk.grids.iter().flat_map(|r| known.behind(r.grid, &list[r.grid as usize])).collect();
    let case = p.cases.of_report("r-1").expect("the report is a case").clone();
    let of_case = all.iter().find(|s| s.mark == RiskMark::Case(case.clone())).expect("the case counts somewhere");
    assert_eq!(
        (of_case.term, of_case.feed.as_str(), of_case.source.as_str()),
        (2, "f", "https://311.example/requests.json")
    );
    for risk in p.risk.grids.iter() {
        let behind = known.behind(risk.grid, &list[risk.grid as usize]);
        // What has a share was made of something that is named.
        for (term, value) in risk.values.iter().enumerate().filter(|(term, v)| *term < 3 && **v > 0.0) {
            assert!(behind.iter().any(|s| s.term == term), "term {term} is {value} of nothing: {behind:?}");
        }
    }
}

/// A hot spot is opened into the alerts and reports it counts; a case that an alert opened is not counted twice.
#[test]
fn a_hot_spot_names_what_it_counts() {
    let mut machine = Machine::new(config());
    run(&mut machine, 0..400);
    let p = Picture::of(&machine, Health::default(), Playback::live());
    let everywhere = [-1e6, -1e6, 1e6, 1e6];
    let spot = |bounds_m, to| HotSpot {
        centre_m: [0.0; 2],
        bounds_m,
        squares: 1,
        side_m: 500.0,
        from: Stamp(START),
        to,
        observed: 2,
        expected: 0.1,
        bins: 9,
        z: 5.0,
        p: 1e-6,
        p_limit: 1e-3,
        events: 2,
    };
    let (events, count) = behind_spot(&p, &spot(everywhere, p.now));
    assert_eq!(events.len(), count);
    let case = p.cases.of_report("r-1").expect("the report is a case").clone();
    let report = events.iter().find(|e| e.mark == RiskMark::Case(case.clone())).expect("the report");
    assert_eq!(report.source, "https://311.example/requests.json");
    let cases = events.iter().filter(|e| matches!(e.mark, RiskMark::Case(_))).count();
    assert_eq!(cases, p.cases.cases().values().filter(|c| c.alert.is_none()).count());
    assert!(events.iter().any(|e| matches!(e.mark, RiskMark::Sensor(_))), "the red gauge: {events:?}");
    assert_eq!(behind_spot(&p, &spot([1e5, 1e5, 2e5, 2e5], p.now)).1, 0);
    assert_eq!(behind_spot(&p, &spot(everywhere, Stamp(START))).1, 0, "before it began");
}

fn command(id: &str, role: Role, command: Command) -> Input {
    Input::Command(CommandEnvelope { id: id.into(), actor: format!("{role:?}"), role, at: Stamp(START), command })
}

fn run(machine: &mut Machine, seconds: std::ops::Range<i64>) -> Vec<Event> {
    seconds.flat_map(|s| machine.tick(Stamp(START + s * 1000), inputs_at(s)).events).collect()
}

#[test]
fn straight_run_is_restore_is_fork() {
    let mut straight = Machine::new(config());
    run(&mut straight, 0..1200);
    for k in [1, 130, 400, 905] {
        let mut first = Machine::new(config());
        run(&mut first, 0..k);
        let snapshot = first.snapshot().unwrap();
        let mut restored = Machine::restore(config(), &snapshot).unwrap();
        let mut forked = first.fork(config());
        assert_eq!(restored.state_hash().unwrap(), snapshot.hash, "restore at {k}");
        run(&mut restored, k..1200);
        run(&mut forked, k..1200);
        assert_eq!(restored.state_hash().unwrap(), straight.state_hash().unwrap(), "restored at {k}");
        assert_eq!(forked.state_hash().unwrap(), straight.state_hash().unwrap(), "forked at {k}");
    }
}

#[test]
fn a_red_gauge_becomes_a_case() {
    let mut machine = Machine::new(config());
    let events = run(&mut machine, 0..400);
    let red = events.iter().any(|e| matches!(e, Event::AlertChanged { to: AlertLevel::Red, .. }));
    let case = events.iter().any(|e| matches!(e, Event::CaseOpened { alert: Some(_), .. }));
    assert!(red && case, "{events:?}");
}

#[test]
fn a_command_sent_twice_is_done_once() {
    let mut machine = Machine::new(config());
    let now = Stamp(START);
    let report = || {
        command(
            "twice",
            Role::Collector,
            Command::ReportCase { code: "06-010".into(), text: "垃圾".into(), east_m: 100.0, north_m: 0.0 },
        )
    };
    let first = machine.tick(now, vec![report(), report()]);
    assert_eq!(first.events.iter().filter(|e| matches!(e, Event::CaseOpened { .. })).count(), 1);
    assert_eq!(first.replies.len(), 1);
    let again = machine.tick(now + 1000, vec![report()]);
    assert!(again.events.is_empty());
    assert_eq!(again.replies, first.replies);
    let unknown =
        machine.tick(now + 2000, vec![command("x", Role::Acceptor, Command::RegisterCase { case: "none".into() })]);
    assert_eq!(unknown.replies[0].result.as_ref().unwrap_err().kind, RefusalKind::NotFound);
}

fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Demo, seed: 7, tick_ms: 200, city: "hamlet".into(), parent: None }
}

#[test]
fn the_journal_alone_brings_the_room_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("room.db");
    let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
    let mut machine = Machine::new(config());
    for s in 0..700 {
        let now = Stamp(START + s * 1000);
        let (before, inputs) = (machine.now(), inputs_at(s));
        let events = machine.tick(now, inputs.clone()).events;
        store
            .commit(&TickCommit {
                tick: machine.tick_number(),
                now,
                dt_ms: now - before,
                idle_ticks: 0,
                mode: Mode::Demo,
                inputs: &inputs,
                events: &events,
            })
            .unwrap();
        if s == 333 {
            store.put_snapshot(&machine.snapshot().unwrap()).unwrap();
        }
    }
    let hash = machine.state_hash().unwrap();
    drop(store);
    let reader = SqliteStore::open_read_only(&path).unwrap();
    assert!(verify(&reader).unwrap().ok);
    assert_eq!(recover(&config(), &reader).unwrap().state_hash().unwrap(), hash);

    // And the past can be looked at: before the water, during, after.
    let replay = run_replay("replay-1".into(), &config(), path, None).unwrap();
    let level_at = |s: i64| {
        replay.control(Control::Seek(Stamp(START + s * 1000)));
        for _ in 0..400 {
            let picture = replay.picture();
            if picture.now == Stamp(START + s * 1000) {
                assert_eq!((picture.mode, picture.timeline.as_str()), (Mode::Replay, "replay-1"));
                return picture.alerts.active().iter().map(|a| a.level).max().unwrap_or_default();
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the replay did not arrive at {s}");
    };
    assert_eq!(level_at(100), AlertLevel::Normal);
    assert_eq!(level_at(500), AlertLevel::Red);
    assert_eq!(level_at(60), AlertLevel::Normal);
    replay.stop();
}

#[test]
fn a_live_room_answers_after_commit_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("live.db");
    let open = || {
        let store = SqliteStore::open_or_create(&path, &meta()).unwrap();
        let machine = recover(&config(), &store).unwrap();
        run_live(machine, Box::new(store)).unwrap()
    };
    let room = open();
    let (tx, rx) = mpsc::channel();
    let Input::Command(envelope) = command(
        "c-1",
        Role::Collector,
        Command::ReportCase { code: "06-010".into(), text: "垃圾".into(), east_m: 100.0, north_m: 0.0 },
    ) else {
        unreachable!()
    };
    room.sender().command(envelope, Box::new(move |reply| tx.send(reply).unwrap())).unwrap();
    let reply = rx.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
    let case = reply.result.unwrap()["case"].as_str().unwrap().to_owned();
    let (ack_tx, ack_rx) = mpsc::channel();
    let now = room.picture().now;
    room.sender().submit(vec![reading("8", now, 12.5)], Some(Box::new(move |ok| ack_tx.send(ok).unwrap()))).unwrap();
    assert!(ack_rx.recv_timeout(std::time::Duration::from_secs(10)).unwrap());
    // What was acknowledged is on disk at this very moment, without closing anything.
    let reader = SqliteStore::open_read_only(&path).unwrap();
    assert!(verify(&reader).unwrap().ok);
    let back = recover(&config(), &reader).unwrap();
    assert!(back.world().resource::<guanlan_casework::CaseFile>().get(&case.as_str().into()).is_some());
    room.stop();
    let again = open();
    assert!(again.picture().cases.get(&case.as_str().into()).is_some());
    assert_eq!(again.picture().sensors.find(&"8".into()).unwrap().latest.unwrap().0, 12.5);
    let timelines = Timelines::new(again, config(), Some(path));
    let replay = timelines.replay(None).unwrap();
    assert_eq!(timelines.list().len(), 2);
    assert!(timelines.close(replay.timeline().as_str()));
    timelines.stop();
}
