//! The past second by second: what is seen of it is what was there, and one can go on from it.

use std::{sync::Arc, time::Duration};

use guanlan_alerting::RuleSet;
use guanlan_casework::CaseRules;
use guanlan_city::{
    City,
    model::{SensorSpec, UnitKind, UnitSpec},
};
use guanlan_core::{
    AlertLevel, Bilingual, Command, CommandEnvelope, Input, Mode, ObservedProperty, Role, Stamp, Warning, WarningKind,
    WarningStatus, WaterPeaks,
    input::{ClockAhead, DepthField, Mark as Of, MarkOrigin, Observation, UnitFix},
    peaks::PeakRaster,
};
use guanlan_journal::{
    Meta, SqliteStore, Store, TickCommit,
    history::{History, HistoryTick, Mark, Reading, Retention, SqliteHistory},
};
use guanlan_room::{Control, Health, Machine, Past, Picture, Playback, RoomConfig, SceneKeeper, run_replay};

const START: i64 = 1_782_864_000_000;
const SECONDS: i64 = 700;
/// From this second on the wall clock is behind the room's, by this much.
const SET_BACK_S: i64 = 520;
const BEHIND_MS: i64 = 300_000;

fn config() -> Arc<RoomConfig> {
    let sensor = |id: &str, property, x: f64| SensorSpec {
        id: id.into(),
        name: Bilingual::same(id),
        property,
        place_m: Some([x, 0.0]),
        height_m: 0.0,
        period_s: 30,
    };
    let unit = UnitSpec {
        id: "DRAIN-01".into(),
        name: Bilingual::same("DRAIN-01"),
        kind: UnitKind::Pump,
        skills: vec!["drainage".into()],
        kit: vec![],
        people: 4,
        org: "org-1".into(),
        base_m: [50.0, 0.0],
        shift_min: [0, 0],
        vehicle: "truck".into(),
    };
    let city = City {
        name: Bilingual::same("Hamlet"),
        epsg: 4549,
        origin: [500_000.0, 3_350_000.0],
        extent: [-500.0, -500.0, 1500.0, 500.0],
        sensors: vec![
            sensor("7", ObservedProperty::RoadWaterDepth, 900.0),
            sensor("8", ObservedProperty::GasLel, 100.0),
            sensor("9", ObservedProperty::Noise, 300.0),
        ],
        units: vec![unit],
        ..City::default()
    };
    Arc::new(RoomConfig {
        city: Arc::new(city),
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

/// When a stream says that it measured at second `s`: one of them follows the wall clock.
fn told_at(stream: u32, s: i64) -> Stamp {
    let behind_ms = if stream == 2 && s >= SET_BACK_S { BEHIND_MS } else { 0 };
    Stamp(START + s * 1000 - behind_ms)
}

/// Stream numbers and readings of second `s`.
fn readings_at(s: i64) -> Vec<(u32, f64)> {
    let mut out = Vec::new();
    if s % 30 == 0 {
        out.push((0, if (120..400).contains(&s) { 31.0 } else { 1.0 + s as f64 / 1000.0 }));
    }
    if s % 10 == 3 && s < 200 {
        out.push((1, if s > 90 { 55.0 } else { 1.0 }));
    }
    if s == 250 {
        out.push((2, 61.5));
    }
    if s >= 480 && s % 10 == 5 && s < 600 {
        out.push((2, 50.0 + s as f64 / 100.0));
    }
    out
}

fn inputs_at(s: i64) -> Vec<Input> {
    let now = Stamp(START + s * 1000);
    let reading = |(stream, result): (u32, f64)| {
        let sensor = ["7", "8", "9"][stream as usize].into();
        Input::Observation(Observation { sensor, phenomenon: told_at(stream, s), received: now, result })
    };
    let mut inputs: Vec<Input> = readings_at(s).into_iter().map(reading).collect();
    if s == SET_BACK_S {
        inputs.push(Input::Ahead(ClockAhead { by_ms: BEHIND_MS }));
    }
    if s % 5 == 0 {
        inputs.push(Input::Fix(UnitFix {
            unit: "DRAIN-01".into(),
            at: now,
            east_m: s as f64,
            north_m: 1.0,
            speed_mps: 2.0,
            course_deg: 90.0,
            battery: Some(70),
        }));
    }
    if s % 60 == 20 {
        let field = DepthField {
            at: now,
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 50.0,
            cols: 8,
            rows: 1,
            depth_mm: (0..8).map(|c| (c * 10 + s) as u16).collect(),
            estimate: true,
            finer: Vec::new(),
        };
        inputs.push(Input::Water(Arc::new(field)));
        if s % 120 == 20 {
            let wet = PeakRaster {
                cell_m: 50.0,
                cols: 8,
                rows: 1,
                steps: vec![3],
                depth_mm: vec![s as u16],
                speed_cm_s: vec![4],
                top_speed_cm_s: vec![5],
                hazard: vec![1],
                top_hazard: vec![2],
                arrival_s: vec![20],
                over_s: vec![0],
                ..PeakRaster::default()
            };
            let peaks = WaterPeaks { at: now, since: Stamp(START), rasters: vec![wet] };
            inputs.push(Input::WaterPeaks(Arc::new(peaks)));
        }
    }
    if s == 110 {
        let warning = Warning {
            identifier: "met-1".into(),
            sender: "met@example.invalid".into(),
            sender_name: Bilingual::default(),
            sent: now,
            status: WarningStatus::Actual,
            kind: WarningKind::Alert,
            references: Vec::new(),
            event: Bilingual::new("暴雨", "Rainstorm"),
            level: AlertLevel::Orange,
            severity: "Severe".into(),
            urgency: "Expected".into(),
            certainty: "Likely".into(),
            headline: Bilingual::default(),
            description: Bilingual::default(),
            instruction: Bilingual::default(),
            effective: now,
            expires: Some(now + 200_000),
            area: Bilingual::default(),
            rings_m: Vec::new(),
        };
        inputs.push(Input::Warning(Box::new(warning)));
        for mark in [Of::Warning("met-1".into()), Of::Unit("DRAIN-01".into())] {
            inputs.push(Input::Brought(Box::new(MarkOrigin {
                mark,
                feed: "f".into(),
                connector: "cap".into(),
                source: "caps/1.xml".into(),
                steps: Vec::new(),
                owner: Bilingual::default(),
            })));
        }
    }
    if s == 300 {
        let command = Command::ReportCase { code: "06-010".into(), text: "垃圾".into(), east_m: 200.0, north_m: 3.0 };
        let (id, actor) = ("c-300".into(), "xun".into());
        inputs.push(Input::Command(CommandEnvelope { id, actor, role: Role::Collector, at: now, command }));
    }
    inputs
}

fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Demo, seed: 7, tick_ms: 200, city: "hamlet".into(), parent: None }
}

/// Lives the day beside `journal` as a historian keeps it; the picture of every second.
fn live(journal: &std::path::Path) -> Vec<Arc<Picture>> {
    let mut store = SqliteStore::open_or_create(journal, &meta()).unwrap();
    let mut history = SqliteHistory::beside(journal, &meta(), u64::MAX, Retention::forever()).unwrap();
    let mut keeper = SceneKeeper::beside(journal, u64::MAX, 1.0).unwrap().tireless();
    let mut machine = Machine::new(config());
    let mut pictures = Vec::new();
    let mut streams: Vec<_> = ["7", "8", "9"].map(|id| (id.into(), [-1e9, 1e9])).into();
    for s in 0..SECONDS {
        let now = Stamp(START + s * 1000);
        let (before, inputs) = (machine.now(), inputs_at(s));
        let events = machine.tick(now, inputs.clone()).events;
        let tick = TickCommit {
            tick: machine.tick_number(),
            now,
            dt_ms: now - before,
            idle_ticks: 0,
            mode: Mode::Demo,
            inputs: &inputs,
            events: &events,
        };
        store.commit(&tick).unwrap();
        let readings = readings_at(s).into_iter();
        let readings = readings.map(|(stream, value)| {
            let at = told_at(stream, s);
            Reading { stream, at, value, mark: if at == now { Mark::GOOD } else { Mark(Mark::BACK) } }
        });
        let readings = readings.collect();
        let streams = std::mem::take(&mut streams);
        history.feed(HistoryTick { tick: machine.tick_number(), now, streams, readings }).unwrap();
        keeper.tick(machine.tick_number(), &inputs);
        let picture = Arc::new(Picture::of(&machine, Health::default(), Playback::live()));
        assert!(keeper.keep(picture.clone()).unwrap());
        pictures.push(picture);
        if s == 333 {
            store.put_snapshot(&machine.snapshot().unwrap()).unwrap();
        }
    }
    history.flush().unwrap();
    pictures
}

fn same(seen: &Picture, was: &Picture, s: i64) {
    assert_eq!((seen.tick, seen.now), (was.tick, was.now), "second {s}");
    let alerts = |p: &Picture| -> Vec<_> {
        p.alerts.active.iter().chain(p.alerts.ended.iter()).map(|a| (**a).clone()).collect()
    };
    assert_eq!(alerts(seen), alerts(was), "second {s}");
    assert_eq!(seen.alerts.groups, was.alerts.groups, "second {s}");
    assert_eq!(seen.alerts.pending, was.alerts.pending, "second {s}");
    assert_eq!(format!("{:?}", seen.cases), format!("{:?}", was.cases), "second {s}");
    assert_eq!(format!("{:?}", seen.units), format!("{:?}", was.units), "second {s}");
    assert_eq!(format!("{:?}", seen.roads), format!("{:?}", was.roads), "second {s}");
    assert_eq!((&seen.kpis, &seen.queue.list), (&was.kpis, &was.queue.list), "second {s}");
    assert_eq!(seen.water.field, was.water.field, "second {s}");
    assert_eq!(seen.peaks.latest, was.peaks.latest, "second {s}");
    assert_eq!((&seen.warnings, &seen.origins), (&was.warnings, &was.origins), "second {s}");
    assert_eq!(seen.warnings.active().len(), usize::from((110..310).contains(&s)), "second {s}");
    assert_eq!(seen.rules.hash(), was.rules.hash());
    // The live room keeps curves of gauges; the past has those of every alert.
    let trend = |p: &Picture, index: u32| p.sensors.trend(index).map(|t| t.points().to_vec());
    for a in was.alerts.active.iter() {
        if let Some(kept) = trend(was, a.index) {
            assert_eq!(trend(seen, a.index), Some(kept), "second {s}: what the curve of an alert shows");
        }
    }
    for (a, b) in seen.sensors.rows().zip(was.sensors.rows()) {
        assert_eq!((a.meta, a.latest, a.quality, a.reason), (b.meta, b.latest, b.quality, b.reason), "second {s}");
    }
}

#[test]
fn any_second_is_seen_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("room.db");
    let pictures = live(&journal);
    let store = SqliteStore::open_read_only(&journal).unwrap();
    // The base is any picture of the room, here an empty one.
    let base = Picture::of(&Machine::new(config()), Health::default(), Playback::live());
    let mut past = Past::beside(&journal, base, None).unwrap();
    let mut version = 0;
    for s in
        [0, 1, 95, 119, 121, 150, 299, 300, 301, 333, 334, 460, 515, 519, 520, 524, 525, 526, 560, 599, 601, 650, 699]
    {
        assert_eq!(pictures[s as usize].wall.ahead_ms, if s < SET_BACK_S { 0 } else { BEHIND_MS });
        let seen = past.at(Stamp(START + s * 1000), Playback::live(), &store).unwrap().unwrap();
        same(&seen, &pictures[s as usize], s);
        assert!(seen.sensors.version() > version, "views see that it changed");
        version = seen.sensors.version();
    }
    let never = past.at(Stamp(START - 5_000), Playback::live(), &store).unwrap();
    assert!(never.is_none(), "before the first second there is no scene");
}

#[test]
fn a_replay_goes_anywhere_and_on_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("room.db");
    let pictures = live(&journal);
    let replay = run_replay("replay-1".into(), &config(), journal, None).unwrap();
    let arrive = |ms: i64| {
        for _ in 0..1000 {
            let picture = replay.picture();
            if picture.now == Stamp(START + ms) {
                return picture;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the replay did not arrive at {ms} ms");
    };
    let worst = |p: &Picture| p.alerts.active.iter().map(|a| a.level).max().unwrap_or_default();
    for s in [500, 200, 60, 699, 301] {
        replay.control(Control::Seek(Stamp(START + s * 1000)));
        let seen = arrive(s * 1000);
        assert_eq!((seen.mode, seen.playback.paused), (Mode::Replay, true));
        assert_eq!(worst(&seen), worst(&pictures[s as usize]), "second {s}");
        assert_eq!(seen.cases.cases().len(), pictures[s as usize].cases.cases().len(), "second {s}");
    }
    // A step runs the machine to there: the same truth by another way.
    replay.control(Control::Seek(Stamp(START + 209_800)));
    arrive(209_800);
    replay.control(Control::Step);
    let stepped = arrive(210_000);
    assert_eq!((worst(&stepped), worst(&pictures[210])), (AlertLevel::Red, AlertLevel::Red));
    assert_eq!(stepped.tick, pictures[210].tick);
    // A copy of the past is of the second that is shown.
    replay.control(Control::Seek(Stamp(START + 100_000)));
    arrive(100_000);
    let (tx, rx) = std::sync::mpsc::channel();
    replay.control(Control::Fork(Box::new(move |point| tx.send(point.machine).unwrap())));
    assert_eq!(rx.recv_timeout(Duration::from_secs(10)).unwrap().now(), Stamp(START + 100_000));
    replay.stop();
}
