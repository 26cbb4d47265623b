//! An exercise on the demo city: beside the live room, journaled by itself, repeatable to the bit.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, mpsc},
    time::{Duration, Instant},
};

use guanlan_alerting::{AlertBook, RuleSet};
use guanlan_casework::CaseRules;
use guanlan_city::{
    City,
    demo::{self, DemoParams},
    import::LoadOptions,
    pack,
};
use guanlan_core::{
    AlertLevel, Command, CommandEnvelope, Event, Input, Mode, ObservedProperty, Role, Stamp, input::Observation,
};
use guanlan_drill::{DrillPlan, Responder};
use guanlan_geography::LocalFrame;
use guanlan_journal::{GENESIS, Head, Meta, SqliteStore, Store, verify};
use guanlan_rainstorm::Scenario;
use guanlan_room::{
    Control, DrillSetup, ForkPoint, Machine, Picture, RoomConfig, RoomHandle, Timelines, drill_config, recover,
    run_drill, run_live,
    standin::{self, Seats},
};

/// Twenty-five minutes: a burst that fills the underpasses within a quarter of one, then what people do about it.
const SCRIPT: &str = r#"
schema = 1
title = { zh = "短演练", en = "Short exercise" }
seed = 42
duration_s = 1500
speed_max = 10000

[storm.hyetograph]
mm_h = [[0, 320.0], [780, 20.0], [1500, 0.0]]

[[inject]]
no = 1
at_s = 60
channel = "电话"
from = { zh = "12345热线", en = "Hotline" }
to = { zh = "受理员", en = "Acceptor" }
text = { zh = "井盖被水冲走。", en = "A cover has been washed away." }
due_s = 900
action = { report_case = { code = "01-003", near = "underpass@east#1", offset_m = [40.0, 25.0] } }

[[inject]]
no = 2
at_s = 300
channel = "电台"
from = { zh = "供电公司", en = "Power company" }
to = { zh = "指挥中心", en = "Command centre" }
text = { zh = "泵站停电。", en = "A pump station is without power." }
due_s = 900
action = { pump_fail = { target = "pump_station@east#1", hold_s = 900 } }

[[expect]]
text = { zh = "红色积水告警", en = "A red water alert" }
by_s = 1500
when = { alert = { property = "road_water_depth", reaches = "red" } }

[[expect]]
text = { zh = "派出班组", en = "A crew is sent" }
by_s = 1500
when = { unit = { is = "dispatched" } }

[[expect]]
text = { zh = "封路", en = "A road is closed" }
by_s = 1500
when = { road = {} }

[[expect]]
text = { zh = "泵站故障立案", en = "The pump failure is filed" }
inject = 2
when = { case = { code = "01-072", reaches = "opened" } }
"#;

fn city() -> Arc<City> {
    static CITY: OnceLock<Arc<City>> = OnceLock::new();
    CITY.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-city");
        let made = demo::ensure(&dir, &DemoParams { seed: 1, sensors: 2000 }).unwrap();
        let frame = LocalFrame::new(made.epsg, made.origin);
        let options = LoadOptions { name: Some(made.name), frame: Some(frame), ..LoadOptions::default() };
        Arc::new(pack::load_cached(&dir.join("packs"), &made.files, &options, &|_| {}).unwrap().0)
    })
    .clone()
}

fn config() -> Arc<RoomConfig> {
    Arc::new(RoomConfig {
        city: city(),
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

fn plan() -> Arc<DrillPlan> {
    Arc::new(DrillPlan::parse("short.toml", SCRIPT, &city()).unwrap())
}

fn scenario() -> Scenario {
    Scenario::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenes/scenarios/demo_p50.toml")).unwrap()
}

/// The two tests measure time and heat the same two cores: one after the other.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static GATE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    GATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits for the end of an exercise; `each` sees what goes on meanwhile.
fn play(room: &RoomHandle, mut each: impl FnMut(&Picture)) -> Arc<Picture> {
    let begun = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(50));
        let picture = room.picture();
        each(&picture);
        if picture.drill.as_ref().is_some_and(|d| d.finished) {
            return picture;
        }
        assert!(begun.elapsed() < Duration::from_secs(400), "the exercise does not end");
    }
}

fn copy_of(room: &RoomHandle) -> Machine {
    let (tx, rx) = mpsc::channel();
    room.control(Control::Fork(Box::new(move |point| tx.send(point).unwrap())));
    rx.recv_timeout(Duration::from_secs(20)).unwrap().machine
}

/// Runs a journal again from its first snapshot, tick by tick.
fn again(config: Arc<RoomConfig>, store: &SqliteStore) -> Machine {
    let (first, _) = store.span().unwrap().unwrap();
    let mut machine = Machine::restore(config, &store.snapshot_at(first).unwrap().unwrap()).unwrap();
    loop {
        let page = store.ticks_after(machine.tick_number(), 500).unwrap();
        if page.is_empty() {
            return machine;
        }
        for stored in page {
            while machine.tick_number() + 1 < stored.tick {
                let next = machine.now() + machine.config().tick_ms;
                machine.tick(next, Vec::new());
            }
            machine.tick(stored.now, stored.inputs);
        }
    }
}

fn store_beside(live: &Path) -> PathBuf {
    let folder = std::fs::read_dir(live.parent().unwrap()).unwrap();
    let mut drills: Vec<PathBuf> = folder
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "db") && p.to_string_lossy().contains("drill-1"))
        .collect();
    assert_eq!(drills.len(), 1, "{drills:?}");
    drills.remove(0)
}

fn say(room: &RoomHandle, value: f64) {
    let at = room.picture().now;
    let sensor = city().sensors.iter().find(|s| s.property == ObservedProperty::Noise).unwrap().id.clone();
    let reading = Observation { sensor, phenomenon: at, received: at, result: value };
    room.sender().submit(vec![Input::Observation(reading)], None).unwrap();
}

#[test]
fn live_goes_on_while_an_exercise_runs() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("live.db");
    let config = config();
    let meta =
        Meta { timeline: "live".into(), mode: Mode::Demo, seed: 7, tick_ms: 200, city: "demo".into(), parent: None };
    let store = SqliteStore::open_or_create(&path, &meta).unwrap();
    let live = run_live(Machine::new(config.clone()), Box::new(store)).unwrap();
    // How late this machine's ticks are by itself: other programs may share it.
    for k in 0..50 {
        say(&live, 40.0 + f64::from(k % 5));
        std::thread::sleep(Duration::from_millis(100));
    }
    let baseline_ms = live.picture().health.lateness_p99_ms;
    let head_before = live.picture().health.journal_seq;
    assert!(head_before > 1);

    let timelines = Timelines::new(live.clone(), config.clone(), Some(path.clone()));
    let plan = plan();
    let begun = Instant::now();
    let drill = timelines.drill(None, plan.clone(), scenario(), f64::INFINITY).unwrap();
    let (mut worst_ms, mut k) = (0.0_f64, 0);
    let last = play(&drill, |_| {
        k += 1;
        say(&live, 41.0 + f64::from(k % 7));
        worst_ms = worst_ms.max(live.picture().health.lateness_p99_ms);
    });
    let speed = f64::from(plan.script.duration_s) / begun.elapsed().as_secs_f64();
    println!("×{speed:.0}; live p99 {worst_ms:.1} ms, by itself {baseline_ms:.1} ms");
    assert!(
        worst_ms <= 100.0_f64.max(2.0 * baseline_ms),
        "live ticks were {worst_ms} ms late, by itself {baseline_ms}"
    );

    // What the exercise did: water, reds, cases numbered apart, crews, roads.
    assert_eq!(last.mode, Mode::Exercise);
    let state = last.drill.as_ref().unwrap();
    println!("{:?} {:?}", state.tally, state.expectations.iter().map(|e| e.met).collect::<Vec<_>>());
    assert!(state.tally.reds >= 1 && state.tally.sent >= 1 && state.tally.roads_closed >= 1, "{:?}", state.tally);
    assert!(state.expectations.iter().all(|e| e.met.is_some()), "{:?}", state.expectations);
    assert!(!last.cases.cases().is_empty());
    assert!(last.cases.cases().values().all(|c| c.id.as_str().starts_with("YL-") && c.exercise));
    assert!(last.units.units.iter().any(|u| u.task.is_some()));

    // An order is answered although the clock stands at the end.
    let (tx, rx) = mpsc::channel();
    let envelope = CommandEnvelope {
        id: "late".into(),
        actor: "trainee".into(),
        role: Role::Collector,
        at: last.now,
        command: Command::ReportCase { code: "06-010".into(), text: "垃圾".into(), east_m: 0.0, north_m: 0.0 },
    };
    drill.sender().command(envelope, Box::new(move |reply| tx.send(reply).unwrap())).unwrap();
    assert!(rx.recv_timeout(Duration::from_secs(10)).unwrap().result.is_ok());
    assert_eq!(drill.picture().now, last.now);

    // Its past can be looked into while it is open, and says that it was an exercise.
    let middle = state.start.unwrap() + 600_000;
    let replay = timelines.replay_of(drill.timeline(), Some(middle)).unwrap();
    let past = replay.picture();
    assert!(past.playback.replay && past.playback.last >= past.now, "{:?}", past.playback);
    assert!((past.now - middle).abs() <= 1_000, "{} ms off", past.now - middle);
    assert!(past.drill.as_ref().is_some_and(|d| d.start.is_some() && !d.finished));
    let later = last.alerts.active().len() + last.alerts.ended().len();
    assert!(past.alerts.active().len() + past.alerts.ended().len() < later, "what came later is not there yet");
    assert!(timelines.close(replay.timeline().as_str()));
    assert!(timelines.replay_of(&"nobody".into(), None).is_err());

    // Its journal: whole, chained to its parent, and enough to live through it again.
    let hash = copy_of(&drill).state_hash().unwrap();
    let start = state.start.unwrap();
    timelines.close("drill-1");
    let reader = SqliteStore::open_read_only(&store_beside(&path)).unwrap();
    let check = verify(&reader).unwrap();
    assert!(check.ok, "{check:?}");
    let parent = reader.meta().parent.clone().unwrap();
    assert_eq!(parent.timeline.as_str(), "live");
    let live_reader = SqliteStore::open_read_only(&path).unwrap();
    let named = &live_reader.records_after(parent.seq - 1, 1).unwrap()[0];
    assert_eq!((named.seq, &named.hash), (parent.seq, &parent.hash));
    let first = &reader.records_after(0, 1).unwrap()[0];
    assert!(first.op == "timeline" && first.body.contains(&parent.hash), "{}", first.body);
    let its_config = Arc::new(drill_config(&config, "drill-1".into(), plan, start, true));
    assert_eq!(recover(&its_config, &reader).unwrap().state_hash().unwrap(), hash);
    assert_eq!(again(its_config, &reader).state_hash().unwrap(), hash);

    // The live timeline knows nothing of it.
    let picture = live.picture();
    assert!(picture.health.journal_seq > head_before, "live went on");
    assert!(picture.drill.is_none() && picture.cases.cases().is_empty() && picture.alerts.active().is_empty());
    assert!(picture.units.units.iter().all(|u| u.task.is_none()), "nobody is sent by an exercise");
    timelines.stop();
    assert!(verify(&live_reader).unwrap().ok);
    let mut after = 0;
    loop {
        let page = live_reader.records_after(after, 1000).unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        for record in &page {
            let foreign = ["YL-", "inject", "drill", "water\"", "script"].iter().find(|w| record.body.contains(**w));
            assert!(foreign.is_none() && record.case.is_none(), "{foreign:?} in {}", record.body);
        }
    }
    for tick in live_reader.ticks_after(0, 100_000).unwrap() {
        assert!(tick.inputs.iter().all(|i| matches!(i, Input::Observation(_))), "{:?}", tick.inputs);
    }
}

/// Seconds until somebody is sent to an open manhole; `person` gives a command from the dispatcher's seat now and then.
fn sent_after_s(person: bool) -> Option<i64> {
    let start = Stamp::parse("2026-07-31T14:00:00+08:00").unwrap();
    let mut machine = Machine::new(config());
    let city = city();
    let cover = city.sensors.iter().find(|s| s.property == ObservedProperty::CoverTilt).unwrap();
    for s in 0..900 {
        let now = start + s * 1000;
        let mut inputs: Vec<Input> = standin::of_machine(&machine, &Responder::unhurried(), Seats::Together)
            .into_iter()
            .map(Input::Command)
            .collect();
        if s % 60 == 1 {
            let reading = Observation { sensor: cover.id.clone(), phenomenon: now, received: now, result: 95.0 };
            inputs.push(Input::Observation(reading));
        }
        if person && s % 300 == 2 {
            let alert = machine.world().resource::<AlertBook>().active()[0].id;
            inputs.push(Input::Command(CommandEnvelope {
                id: format!("officer-{s}").as_str().into(),
                actor: "officer".into(),
                role: Role::Dispatcher,
                at: now,
                command: Command::AcknowledgeAlert { alert, note: String::new() },
            }));
        }
        for event in machine.tick(now, inputs).events {
            if let Event::UnitDispatched { actor, .. } = event {
                assert_eq!(actor, "sim:dispatcher");
                return Some(s);
            }
        }
    }
    None
}

#[test]
fn stand_ins_wait_for_the_officer_and_give_way_to_one() {
    let alone = sent_after_s(false).unwrap();
    assert!((180..=200).contains(&alone), "sent after {alone} s");
    assert_eq!(sent_after_s(true), None, "whose seat it is decides");
}

#[test]
fn the_same_script_gives_the_same_truth() {
    let _alone = alone();
    let mut parent = Machine::new(config());
    let events = parent.tick(Stamp::parse("2026-07-31T14:00:00+08:00").unwrap(), Vec::new()).events;
    assert!(!events.iter().any(|e| matches!(e, Event::AlertChanged { to: AlertLevel::Red, .. })));
    let run = || {
        let head = Head { seq: 0, hash: GENESIS.into(), tick: 1, ts: parent.now() };
        let fork = ForkPoint { timeline: "live".into(), head, machine: parent.fork(parent.config().clone()) };
        let setup = DrillSetup {
            timeline: "drill-7".into(),
            plan: plan(),
            scenario: scenario(),
            speed: f64::INFINITY,
            store: None,
            responders: true,
            surface: None,
        };
        let room = run_drill(fork, setup).unwrap();
        play(&room, |_| {});
        let copy = copy_of(&room);
        room.stop();
        (copy.tick_number(), copy.state_hash().unwrap())
    };
    assert_eq!(run(), run());
}
