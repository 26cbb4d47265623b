//! The water's desk in a room: closures that wait for a person, measures with undo, pump advice with its answer and the
//! work that follows, gauges that are not believed; and the threads beside a live room.

#[path = "../../rainstorm/tests/common/mod.rs"]
mod town;

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use guanlan_alerting::RuleSet;
use guanlan_casework::CaseRules;
use guanlan_city::{
    City,
    model::{SensorSpec, UnitKind, UnitSpec},
};
use guanlan_core::{
    Bilingual, Command, CommandEnvelope, Event, Input, Mode, ObservedProperty, RefusalKind, Role, Stamp, WaterAspect,
    input::{DepthField, Observation, UnitReport, UnitStatus},
    peaks::PeakRaster,
    water::{AdviceAction, AdviceOption, AdviceReport, AdviceSearch, GaugeVerdict, Harm, SearchStage, WaterReport},
};
use guanlan_drill::DrillPlan;
use guanlan_journal::{Meta, SqliteStore, Store};
use guanlan_rainstorm::{
    Scenario,
    live::LiveSettings,
    scenario::{Storm, StormKind},
};
use guanlan_room::{
    AdviceAnswer, ClosureAnswer, Control, DrillSetup, Machine, MeasureStage, Picture, Playback, RoomConfig, RoomHandle,
    TaskStage, Timelines, WaterOptions, run_drill, run_live, run_water,
};
use serde_json::json;

const START: i64 = 1_782_864_000_000;

/// The small town with gauges, crews and junctions.
fn city() -> Arc<City> {
    let mut city = town::small_city();
    let sensor = |id: &str, property, place: [f64; 2]| SensorSpec {
        id: id.into(),
        name: Bilingual::new(format!("测点{id}"), format!("Gauge {id}")),
        property,
        place_m: Some(place),
        height_m: 0.0,
        period_s: 60,
    };
    city.sensors = vec![
        sensor("1", ObservedProperty::RoadWaterDepth, [300.0, 200.0]),
        sensor("2", ObservedProperty::RoadWaterDepth, [100.0, 200.0]),
        sensor("R1", ObservedProperty::RainIntensity, [150.0, 150.0]),
        sensor("R2", ObservedProperty::RainIntensity, [450.0, 150.0]),
    ];
    for (k, road) in city.roads.iter_mut().enumerate() {
        (road.way, road.from_node, road.to_node) = (k as i64 + 1, k as i64 + 1, k as i64 + 2);
        road.speed_kmh = 40.0;
    }
    let unit = |id: &str, x: f64, kit: &str| UnitSpec {
        id: id.into(),
        name: Bilingual::same(id),
        kind: UnitKind::Pump,
        skills: ["drainage", "cover", "road", "check"].map(String::from).to_vec(),
        kit: vec![kit.into()],
        people: 4,
        org: "org-1".into(),
        base_m: [x, 200.0],
        shift_min: [0, 0],
        vehicle: "truck".into(),
    };
    city.units = vec![unit("DRAIN-01", 20.0, "pump_truck"), unit("DRAIN-02", 560.0, "pump_truck")];
    Arc::new(city)
}

fn config(mode: Mode) -> Arc<RoomConfig> {
    Arc::new(RoomConfig {
        city: city(),
        timeline: "live".into(),
        mode,
        seed: 7,
        tick_ms: 200,
        alert_rules: RuleSet::defaults(),
        case_rules: CaseRules::shipped().unwrap(),
        simulate_crews: false,
        drill: None,
    })
}

fn order(id: &str, command: Command) -> Input {
    let (id, actor) = (id.into(), "li".to_owned());
    Input::Command(CommandEnvelope { id, actor, role: Role::Supervisor, at: Stamp(START), command })
}

/// The underpass under so much water, by the estimate.
fn water(s: i64, depth_mm: u16) -> Input {
    let (cols, rows) = (60, 40);
    let mut field = DepthField {
        at: at(s),
        west_m: 0.0,
        south_m: 0.0,
        cell_m: 10.0,
        cols,
        rows,
        depth_mm: vec![0; (cols * rows) as usize],
        estimate: true,
        finer: Vec::new(),
    };
    for c in 28..32 {
        field.depth_mm[(20 * cols + c) as usize] = depth_mm;
        field.depth_mm[(19 * cols + c) as usize] = depth_mm;
    }
    Input::Water(Arc::new(field))
}

fn at(s: i64) -> Stamp {
    Stamp(START + s * 1000)
}

fn verdict(s: i64, contradicted: bool) -> Input {
    Input::WaterReport(Arc::new(WaterReport {
        at: at(s),
        estimate: true,
        gauges: vec![GaugeVerdict {
            sensor: "2".into(),
            place_m: [100.0, 200.0],
            measured_m: 0.6,
            model_m: 0.0,
            at: at(s),
            contradicted,
            since: contradicted.then_some(at(s)),
            reason: Bilingual::new("水多于雨", "more water than rain"),
        }],
        ..WaterReport::default()
    }))
}

fn advice(s: i64, pump: &str) -> Input {
    let action = AdviceAction {
        kind: "pump_start".into(),
        measure: json!({"pump_switch": {"pump": pump, "run": "on"}}).to_string(),
        name: Bilingual::new("提前开启水泵 P1", "start pump P1 early"),
        why: Bilingual::default(),
        place_m: Some([300.0, 200.0]),
        start: at(s),
        effect: at(s + 120),
        people: 1.0,
        trucks: 0.0,
        minutes: 2.0,
    };
    let option = AdviceOption {
        no: 1,
        name: Bilingual::new("推荐方案", "recommended"),
        actions: vec![action],
        people: 1.0,
        trucks: 0.0,
        minutes: 2.0,
        harm: Harm::default(),
        words: Bilingual::default(),
    };
    Input::Advice(Arc::new(AdviceReport { options: vec![option], ..AdviceReport::default() }))
}

fn inputs_at(s: i64) -> Vec<Input> {
    let report = |unit: &str, status, photo: Option<&str>| {
        Input::UnitReport(UnitReport {
            unit: unit.into(),
            at: at(s),
            status,
            dispatch: None,
            note: "已开泵".into(),
            photo: photo.map(str::to_owned),
        })
    };
    match s {
        5 => vec![water(5, 400)],
        8 => vec![order("c1", Command::DismissClosure { closure: 1, reason: "现场无积水".into() })],
        10 => vec![water(10, 420)],
        12 => vec![water(12, 560)],
        14 => vec![order("c2", Command::ConfirmClosure { closure: 1, note: "民警到场".into() })],
        16 => vec![order("c3", Command::UndoClosure { closure: 1 })],
        18 => vec![water(18, 0)],
        20 => vec![verdict(20, true)],
        22 => vec![verdict(22, false)],
        24 => vec![order("m1", apply(json!({"inlet_open": {"node": "J3", "open_share": 0.2}})))],
        25 => vec![order("m2", apply(json!({"road_closed": {"road": 0, "closed": true}})))],
        26 => vec![order("m3", Command::UndoMeasure { no: None })],
        27 => vec![order("m4", apply(json!({"rain_intensity": 50.0})))],
        28 => vec![order("m5", apply(json!({"pump_switch": {"pump": "P9", "run": "on"}})))],
        30 => vec![advice(30, "P1")],
        32 => vec![order("a1", Command::ApproveAdvice { advice: 1, option: 1, note: "同意".into() })],
        40 => vec![advice(40, "P9")],
        41 => vec![order("a2", Command::ApproveAdvice { advice: 2, option: 1, note: String::new() })],
        34 => vec![order("s1", Command::StopAdviceSearch { reason: String::new() })],
        35 => vec![searching(7, SearchStage::Forecast, 0)],
        36 => vec![searching(7, SearchStage::Compare, 2)],
        37 => vec![order("s2", Command::StopAdviceSearch { reason: "先不比选".into() })],
        38 => vec![searching(7, SearchStage::Compare, 3)],
        39 => vec![searching(8, SearchStage::Compare, 1)],
        42 => vec![order("a3", Command::RejectAdvice { advice: 2, reason: "泵站检修".into() })],
        100 => vec![report("DRAIN-01", UnitStatus::EnRoute, None), report("DRAIN-02", UnitStatus::EnRoute, None)],
        110 => vec![report("DRAIN-01", UnitStatus::OnScene, None), report("DRAIN-02", UnitStatus::OnScene, None)],
        120 => {
            let photo = Some("photo.jpg");
            vec![report("DRAIN-01", UnitStatus::Clearing, photo), report("DRAIN-02", UnitStatus::Clearing, photo)]
        }
        _ => Vec::new(),
    }
}

fn searching(forecast: u64, stage: SearchStage, runs: u32) -> Input {
    Input::AdviceSearch(AdviceSearch { forecast, stage, runs, runs_most: 12, percent: 20, wall_s: 5.0 })
}

fn apply(measure: serde_json::Value) -> Command {
    Command::ApplyMeasure { measure, note: "现场已做".into() }
}

struct Run {
    machine: Machine,
    events: Vec<(i64, Event)>,
    refused: Vec<(String, RefusalKind)>,
}

fn run(mut machine: Machine, seconds: std::ops::RangeInclusive<i64>) -> Run {
    let (mut events, mut refused) = (Vec::new(), Vec::new());
    for s in seconds {
        let outcome = machine.tick(at(s), inputs_at(s));
        events.extend(outcome.events.into_iter().map(|e| (s, e)));
        for reply in outcome.replies {
            if let Err(refusal) = reply.result {
                refused.push((reply.command.to_string(), refusal.kind));
            }
        }
    }
    Run { machine, events, refused }
}

fn picture(machine: &Machine) -> Picture {
    Picture::of(machine, Default::default(), Playback::live())
}

#[test]
fn a_person_decides_about_what_only_the_estimate_suggests() {
    let s7 = run(Machine::new(config(Mode::Live)), 1..=7);
    let seen = picture(&s7.machine);
    let asked = seen.closures.pending().next().unwrap();
    assert!(asked.underpass && asked.edges == [1] && (asked.depth_m - 0.4).abs() < 1e-6, "{asked:?}");
    assert!(!seen.roads.is_closed(1), "an estimate closes nothing by itself");
    assert!(s7.events.iter().any(|(s, e)| *s == 5 && matches!(e, Event::ClosureProposed { closure: 1, .. })));
    let s11 = run(s7.machine, 8..=11);
    let seen = picture(&s11.machine);
    assert_eq!(seen.closures.list[0].answer, ClosureAnswer::Dismissed, "2 cm more are no new question");
    let s13 = run(s11.machine, 12..=13);
    assert_eq!(picture(&s13.machine).closures.list[0].answer, ClosureAnswer::Pending, "14 cm more are");
    let s15 = run(s13.machine, 14..=15);
    assert!(picture(&s15.machine).roads.is_closed(1));
    assert!(s15.events.iter().any(|(_, e)| matches!(e, Event::RoadClosed { edge: 1, .. })));
    let s17 = run(s15.machine, 16..=17);
    let seen = picture(&s17.machine);
    assert!(!seen.roads.is_closed(1), "undone");
    assert_eq!(seen.closures.list[0].answer, ClosureAnswer::Pending);
    let s19 = run(s17.machine, 18..=19);
    assert_eq!(picture(&s19.machine).closures.list[0].answer, ClosureAnswer::Lapsed);
    assert!(s19.events.iter().any(|(_, e)| matches!(e, Event::ClosureLapsed { closure: 1, .. })));
}

#[test]
fn measures_advice_and_doubts_are_facts_of_the_room() {
    let done = run(Machine::new(config(Mode::Live)), 1..=130);
    let seen = picture(&done.machine);
    let told = |want: &dyn Fn(&Event) -> bool| done.events.iter().find(|(_, e)| want(e)).map(|(s, _)| *s);
    // A gauge that is not believed, and is again.
    assert_eq!(told(&|e| matches!(e, Event::GaugeContradicted { contradicted: true, .. })), Some(20));
    assert_eq!(told(&|e| matches!(e, Event::GaugeContradicted { contradicted: false, .. })), Some(22));
    assert!(seen.live_water.contradicted.is_empty());
    // Measures with cost and undo.
    let stage = |no: u64| seen.measures.get(no).unwrap().stage;
    assert_eq!((stage(1), stage(2)), (MeasureStage::Standing, MeasureStage::Undone));
    assert!(seen.measures.get(1).unwrap().people > 0.0);
    assert_eq!(told(&|e| matches!(e, Event::RoadClosed { edge: 0, .. })), Some(25));
    assert_eq!(told(&|e| matches!(e, Event::RoadReopened { edge: 0, .. })), Some(26));
    assert!(done.refused.contains(&("m4".into(), RefusalKind::Conflict)), "rain is not ordered in a real city");
    assert!(done.refused.contains(&("m5".into(), RefusalKind::NotFound)));
    // Advice: approved and become work, rejected with a reason; the journal has both.
    assert_eq!(seen.pump_advice.get(1).unwrap().answer, AdviceAnswer::Approved);
    assert_eq!(seen.pump_advice.get(2).unwrap().answer, AdviceAnswer::Rejected);
    assert_eq!(told(&|e| matches!(e, Event::AdviceGiven { advice: 1, .. })), Some(30));
    assert_eq!(told(&|e| matches!(e, Event::AdviceAnswered { advice: 1, option: Some(1), .. })), Some(32));
    assert!(done.refused.contains(&("a2".into(), RefusalKind::NotFound)), "nothing is planned that cannot be done");
    assert_eq!(told(&|e| matches!(e, Event::AdviceAnswered { advice: 2, option: None, .. })), Some(42));
    // The approved pump: a case, a crew, and the measure stands when the work is done.
    let task = seen.water_tasks.list.first().unwrap();
    assert_eq!((task.stage, task.measure), (TaskStage::Done, 3), "{task:?}");
    let case = seen.cases.get(task.case.as_ref().unwrap()).unwrap();
    let crew = task.unit.as_ref().unwrap().as_str();
    assert!(case.handled_by.iter().any(|who| who == crew), "{case:?}");
    assert_eq!(told(&|e| matches!(e, Event::MeasureApplied { no: 3, .. })), Some(120));
    assert_eq!(stage(3), MeasureStage::Standing);
}

#[test]
fn a_search_says_how_far_it_is_until_somebody_stops_it() {
    let s36 = run(Machine::new(config(Mode::Live)), 1..=36);
    assert!(s36.refused.contains(&("s1".into(), RefusalKind::Conflict)), "there was none to stop");
    let seen = picture(&s36.machine).searching;
    assert!(seen.is_on() && seen.latest.runs == 2 && seen.stops == 0, "{seen:?}");
    let s38 = run(s36.machine, 37..=38);
    let seen = picture(&s38.machine).searching;
    assert_eq!((seen.latest.stage, seen.stops), (SearchStage::Stopped, 1), "what still comes of it is not heard");
    assert!(!s38.refused.iter().any(|(id, _)| id == "s2"));
    assert!(picture(&run(s38.machine, 39..=39).machine).searching.is_on(), "the next one is");
    let played = run(Machine::new(config(Mode::Forecast)), 1..=37);
    assert!(played.refused.contains(&("s2".into(), RefusalKind::Conflict)), "a forecast searches nothing");
}

#[test]
fn straight_run_snapshot_and_fork_are_one_truth() {
    let straight = run(Machine::new(config(Mode::Live)), 1..=130).machine.state_hash().unwrap();
    for cut in [6, 13, 15, 21, 25, 31, 33, 36, 37, 60, 115] {
        let half = run(Machine::new(config(Mode::Live)), 1..=cut).machine;
        let restored = Machine::restore(config(Mode::Live), &half.snapshot().unwrap()).unwrap();
        assert_eq!(run(restored, cut + 1..=130).machine.state_hash().unwrap(), straight, "restored at {cut}");
        let forked = half.fork(config(Mode::Live));
        assert_eq!(run(forked, cut + 1..=130).machine.state_hash().unwrap(), straight, "forked at {cut}");
    }
}

fn live_room() -> (RoomHandle, Arc<Timelines>) {
    let config = config(Mode::Demo);
    let meta =
        Meta { timeline: "live".into(), mode: Mode::Demo, seed: 7, tick_ms: 200, city: "town".into(), parent: None };
    let store = SqliteStore::in_memory(&meta).unwrap();
    let live = run_live(Machine::new(config.clone()), Box::new(store)).unwrap();
    (live.clone(), Arc::new(Timelines::new(live, config, None)))
}

fn wait_for(room: &RoomHandle, what: &str, seconds: u64, ready: impl Fn(&Picture) -> bool) -> Arc<Picture> {
    let begun = Instant::now();
    loop {
        let picture = room.picture();
        if ready(&picture) {
            return picture;
        }
        assert!(begun.elapsed() < Duration::from_secs(seconds), "no {what}: {:?}", picture.live_water.report);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn ask(room: &RoomHandle, id: &str, command: Command) -> Result<serde_json::Value, guanlan_core::Refusal> {
    let (tx, rx) = mpsc::channel();
    let Input::Command(envelope) = order(id, command) else { unreachable!() };
    room.sender().command(envelope, Box::new(move |reply| tx.send(reply.result).unwrap())).unwrap();
    rx.recv_timeout(Duration::from_secs(60)).unwrap()
}

#[test]
fn the_threads_beside_a_live_room_estimate_forecast_advise_and_never_hold_it_up() {
    let (live, timelines) = live_room();
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 1.0, duration_min: 1.0, ..Storm::default() };
    let scenario = Scenario { cell_m: 10.0, storm: Some(storm), ..Scenario::default() };
    let options = WaterOptions {
        live: LiveSettings { cadence_s: 1, ..LiveSettings::default() },
        hours: 1.0,
        search: Duration::from_secs(30),
        ..WaterOptions::new(scenario)
    };
    let first = wait_for(&live, "tick", 10, |p| p.now > Stamp(0)).tick;
    let begun = Instant::now();
    let now = live.picture().now;
    let rain =
        |id: &str| Input::Observation(Observation { sensor: id.into(), phenomenon: now, received: now, result: 150.0 });
    live.sender().submit(vec![rain("R1"), rain("R2")], None).unwrap();
    // Somebody has told the room that the pump stands.
    let off = json!({"pump_switch": {"pump": "P1", "run": "off"}});
    ask(&live, "off", Command::ApplyMeasure { measure: off, note: "检修".into() }).unwrap();
    let water = run_water(timelines.clone(), options).unwrap();
    let seen = wait_for(&live, "estimate", 60, |p| p.live_water.report.as_ref().is_some_and(|r| r.rain_mm_h > 100.0));
    let report = seen.live_water.report.clone().unwrap();
    assert!(report.estimate && report.speed > 0.0 && report.rain_coverage == 100 && report.cell_m == 10.0);
    assert_eq!(seen.live_water.name().unwrap().zh, "估计");
    assert!(seen.water.field.as_ref().unwrap().estimate);
    assert!(seen.live_water.scene.as_ref().unwrap().conduit_fill.len() == 8);
    let seen = wait_for(&live, "forecast", 120, |p| p.forecast.latest.as_ref().is_some_and(|f| !f.roads.is_empty()));
    let report = seen.forecast.latest.clone().unwrap();
    assert!(report.roads.iter().any(|r| r.underpass && r.from > report.from), "{:?}", report.roads);
    assert!(report.sites.iter().any(|s| s.passes.iter().any(|p| p.limit_mm == 270)));
    let seen = wait_for(&live, "advice", 180, |p| p.pump_advice.pending().is_some());
    let given = seen.pump_advice.pending().unwrap().report.clone();
    assert!(given.options[0].harm.score < given.nothing.score);
    // The journal keeps what was said to the bit: a replay needs no solver.
    let said = [
        Input::WaterReport(seen.live_water.report.clone().unwrap()),
        Input::WaterScene(seen.live_water.scene.clone().unwrap()),
        Input::Forecast(report.clone()),
        Input::Advice(given.clone()),
        Input::Water(seen.water.field.clone().unwrap()),
    ];
    for input in said {
        let kept = serde_json::to_string(&input).unwrap();
        assert!(serde_json::from_str::<Input>(&kept).unwrap() == input, "{kept}");
    }
    // The forecast is a timeline: hours ahead its water acts, and measures can be tried in it.
    let ahead = timelines.forecast().unwrap();
    let before = ahead.picture();
    assert_eq!(before.mode, Mode::Forecast);
    ahead.control(Control::Seek(before.playback.last));
    let end = wait_for(&ahead, "end of the forecast", 30, |p| p.now >= before.playback.last);
    assert!(end.roads.is_closed(1), "in a forecast the water acts");
    let peaks = end.peaks.latest.clone().unwrap();
    assert!(peaks.since <= before.playback.first && peaks.wet_cells() > 0, "what will have been is told, too");
    let deepest = |r: &PeakRaster| r.depth_mm.iter().copied().max().unwrap_or(0);
    assert!(peaks.rasters.iter().map(deepest).max() >= end.water.field.as_ref().map(|f| f.deepest_mm() - 1));
    assert!(!live.picture().roads.is_closed(1));
    ahead.control(Control::Seek(before.playback.first));
    let first_picture = wait_for(&ahead, "its begin", 30, |p| p.now <= before.playback.first);
    let volume =
        |p: &Picture| p.water.field.as_ref().map_or(0, |f| f.depth_mm.iter().map(|d| u64::from(*d)).sum::<u64>());
    let pour = json!({"pour": {"east_m": 300.0, "north_m": 200.0, "volume_m3": 800.0}});
    ask(&ahead, "pour", Command::ApplyMeasure { measure: pour, note: String::new() }).unwrap();
    let poured = wait_for(&ahead, "poured water", 30, |p| volume(p) > volume(&first_picture) + 5_000);
    assert_eq!(poured.measures.list.last().unwrap().stage, MeasureStage::Standing);
    assert!(ask(&ahead, "undo", Command::UndoMeasure { no: None }).is_ok(), "the pump may be switched back");
    // The live room went on all the while, and its door stayed open.
    let last = live.picture();
    let expected = begun.elapsed().as_millis() as u64 / 200;
    assert!(last.tick - first >= expected / 2, "{} ticks of {expected}", last.tick - first);
    assert!(last.health.queue < 100);
    water.stop();
    timelines.stop();
}

/// Ten minutes of rain over the small town.
const SCRIPT: &str = r#"
schema = 1
title = { zh = "措施", en = "Measures" }
seed = 5
duration_s = 3600
speed_max = 1000

[storm.hyetograph]
mm_h = [[0, 60.0], [3600, 0.0]]
"#;

#[test]
fn a_measure_in_an_exercise_is_seen_in_the_water_at_once_and_taken_back() {
    let (live, timelines) = live_room();
    wait_for(&live, "tick", 10, |p| p.now > Stamp(0));
    let plan = Arc::new(DrillPlan::parse("measures.toml", SCRIPT, &city()).unwrap());
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 1.0, duration_min: 1.0, ..Storm::default() };
    let scenario = Scenario { cell_m: 10.0, storm: Some(storm), ..Scenario::default() };
    let drill = timelines.drill(None, plan, scenario, 40.0).unwrap();
    wait_for(&drill, "water of the exercise", 60, |p| p.water.field.as_ref().is_some_and(|f| !f.estimate));
    let seen = wait_for(&drill, "its books", 60, |p| p.live_water.report.is_some());
    assert_eq!(seen.live_water.name().unwrap().zh, "演练水情");
    // Standing still, so that nothing but the measure can change the water.
    drill.control(Control::Pause);
    std::thread::sleep(Duration::from_millis(500));
    let dry = drill.picture();
    let at_underpass = |p: &Picture| p.water.field.as_ref().map_or(0.0, |f| f.depth_m(305.0, 205.0));
    let before = at_underpass(&dry);
    let pour = json!({"pour": {"east_m": 305.0, "north_m": 205.0, "volume_m3": 60.0}});
    ask(&drill, "pour", Command::ApplyMeasure { measure: pour, note: "爆管".into() }).unwrap();
    let wet = wait_for(&drill, "poured water", 5, |p| at_underpass(p) > before + 0.3);
    assert_eq!(wet.now, dry.now, "time stood still");
    let refused = ask(&drill, "undo-pour", Command::UndoMeasure { no: Some(1) }).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Conflict, "nothing takes poured water back");
    let truck = json!({"mobile_pump": {"id": "t1", "set": {"at_m": [305.0, 205.0], "flow_m3_h": 3000.0}}});
    let done = ask(&drill, "truck", Command::ApplyMeasure { measure: truck, note: String::new() }).unwrap();
    assert!(done["people"].as_f64().unwrap() > 0.0 && done["trucks"].as_f64().unwrap() > 0.0);
    // Beyond the city: the room itself refuses it.
    let far = json!({"mobile_pump": {"id": "t2", "set": {"at_m": [9000.0, 0.0], "flow_m3_h": 10.0}}});
    assert!(ask(&drill, "far", Command::ApplyMeasure { measure: far, note: String::new() }).is_err());
    // Shorter than a cell: only the model knows, and says so.
    let short = json!({"barrier": {"id": "b", "set": {"line_m": [[101.0, 101.0], [101.5, 101.0]], "height_m": 0.5}}});
    ask(&drill, "short", Command::ApplyMeasure { measure: short, note: String::new() }).unwrap();
    let failed = wait_for(&drill, "the model's refusal", 10, |p| {
        p.measures.list.last().is_some_and(|m| m.stage == MeasureStage::Failed)
    });
    assert!(!failed.measures.list.last().unwrap().problem.is_empty());
    let undone = ask(&drill, "undo", Command::UndoMeasure { no: None }).unwrap();
    assert_eq!(undone["measure"], 2);
    drill.control(Control::Resume);
    let later = wait_for(&drill, "time", 20, |p| p.now > wet.now + 20_000);
    assert_eq!(later.measures.get(2).unwrap().stage, MeasureStage::Undone);
    let deepest = |p: &Picture| {
        let peaks = p.peaks.latest.clone()?;
        peaks.cell_at(305.0, 205.0).map(|(r, k)| f64::from(r.value(WaterAspect::MaxDepth, k)))
    };
    let told = wait_for(&drill, "its deepest", 20, |p| deepest(p).is_some_and(|d| d > f64::from(before) + 0.3));
    assert_eq!(told.peaks.latest.as_ref().unwrap().since, told.drill.as_ref().and_then(|d| d.start).unwrap());
    // At the pace of the clock the water's own frames come every ten seconds; after an order it is followed closer.
    drill.control(Control::Speed(1.0));
    let burst = json!({"pour": {"east_m": 305.0, "north_m": 205.0, "volume_m3": 60.0}});
    ask(&drill, "burst", Command::ApplyMeasure { measure: burst, note: String::new() }).unwrap();
    let ordered = wait_for(&drill, "the burst main", 5, |p| at_underpass(p) > 0.3);
    let (level, start) = (at_underpass(&ordered), ordered.drill.as_ref().and_then(|d| d.start).unwrap());
    wait_for(&drill, "its water running off between two frames", 5, |p| {
        let between = p.water.field.as_ref().is_some_and(|f| (f.at - start) % 10_000 != 0);
        between && at_underpass(p) < level - 0.02
    });
    // The live room knows nothing of it.
    assert!(live.picture().measures.list.is_empty());
    timelines.stop();
}

/// An exercise of the small town with its journal in a file.
fn journaled_drill(live: &RoomHandle, store: &std::path::Path, speed: f64) -> RoomHandle {
    let (tx, rx) = mpsc::channel();
    live.control(Control::Fork(Box::new(move |point| tx.send(point).unwrap())));
    let fork = rx.recv_timeout(Duration::from_secs(20)).unwrap();
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 1.0, duration_min: 1.0, ..Storm::default() };
    let setup = DrillSetup {
        timeline: "drill".into(),
        plan: Arc::new(DrillPlan::parse("measures.toml", SCRIPT, &city()).unwrap()),
        scenario: Scenario { cell_m: 10.0, storm: Some(storm), ..Scenario::default() },
        speed,
        store: Some(store.to_owned()),
        responders: false,
        surface: None,
    };
    run_drill(fork, setup).unwrap()
}

/// From an order to the first field with what it does, s of the exercise, as the journal and so a replay has it; the pace
/// of the clock and what else the machine does are no part of it.
fn ordered_to_seen_s(speed: f64) -> Vec<f64> {
    let (live, timelines) = live_room();
    wait_for(&live, "tick", 10, |p| p.now > Stamp(0));
    let path = std::env::temp_dir().join(format!("guanlan-orders-{}-{speed}.db", std::process::id()));
    let drill = journaled_drill(&live, &path, speed);
    wait_for(&drill, "water of the exercise", 60, |p| p.water.field.as_ref().is_some_and(|f| !f.estimate));
    let orders = [
        json!({"pour": {"east_m": 305.0, "north_m": 205.0, "volume_m3": 40.0}}),
        json!({"mobile_pump": {"id": "t", "set": {"at_m": [305.0, 205.0], "flow_m3_h": 900.0}}}),
        json!({"pump_switch": {"pump": "P1", "run": "off"}}),
        json!({"barrier": {"id": "b", "set": {"line_m": [[250.0, 180.0], [250.0, 230.0]], "height_m": 0.5}}}),
        json!({"rain_intensity": 90.0}),
    ];
    let count = orders.len();
    for (k, order) in orders.into_iter().enumerate() {
        ask(&drill, &format!("order-{k}"), Command::ApplyMeasure { measure: order, note: String::new() }).unwrap();
    }
    let all = wait_for(&drill, "the orders", 20, |p| p.measures.list.len() == count);
    let last = all.measures.list.last().unwrap().since;
    let seen = wait_for(&drill, "time after the orders", 60, |p| p.now > last + 2_000);
    assert_eq!(seen.measures.list.iter().filter(|m| m.stage == MeasureStage::Standing).count(), count);
    drill.control(Control::Stop);
    timelines.stop();
    let store = SqliteStore::open_read_only(&path).unwrap();
    let ticks = store.ticks_after(0, 10_000).unwrap();
    let fields: Vec<Stamp> = ticks
        .iter()
        .flat_map(|t| t.inputs.iter())
        .filter_map(|i| if let Input::Water(f) = i { Some(f.at) } else { None })
        .collect();
    let seen_s = |since: Stamp| fields.iter().find(|at| **at > since).map(|at| (*at - since) as f64 / 1000.0);
    let gaps = seen.measures.list.iter().map(|m| seen_s(m.since).expect("a field after it")).collect();
    let _cleared = std::fs::remove_file(&path);
    gaps
}

#[test]
fn whatever_the_pace_an_order_is_in_the_water_within_the_next_second_of_the_exercise() {
    for speed in [2.0, 900.0] {
        let gaps = ordered_to_seen_s(speed);
        assert!(gaps.iter().all(|s| *s <= 1.0), "×{speed}: {gaps:?}");
    }
}
