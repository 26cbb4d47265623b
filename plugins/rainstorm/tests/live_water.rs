//! Live water against a synthetic truth, the hours ahead, and advice that must beat doing nothing.

mod common;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use guanlan_core::{SensorId, Stamp, water::SiteKind};
use guanlan_rainstorm::{
    Measure, Scenario, WaterModel,
    advice::{SearchSettings, advise},
    ahead::{AheadCity, AheadSettings, CoarseTwin, Doing, look_ahead, report_of},
    impact::Limits,
    live::{LiveModel, LiveSettings, Observed, RainReading, STRETCH_S, WaterReading, scene_of},
    measures::PumpRun,
    scenario::{Storm, StormKind},
    storm::{Rain, RainSeries},
};

const PATIENCE: Duration = Duration::from_secs(600);

fn scenario() -> Scenario {
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 1.0, duration_min: 1.0, ..Storm::default() };
    Scenario { cell_m: 10.0, storm: Some(storm), ..Scenario::default() }
}

/// A dry city.
fn dry_model(start: Stamp) -> WaterModel {
    let mut model = WaterModel::new(&common::small_city(), &scenario(), start, 30, None).unwrap();
    model.expect_rain(&Rain::default());
    model
}

fn settings() -> LiveSettings {
    LiveSettings { clogging: 0.0, ..LiveSettings::default() }
}

/// The real city: more rain than the gauges say, and a pump that has failed without anybody knowing.
fn truth() -> WaterModel {
    let mut model = dry_model(Stamp(0));
    model.apply(&Measure::PumpFailed { pump: "P1".into(), failed: true });
    model.apply(&Measure::Rain(RainSeries::uniform(80.0, 3600.0)));
    model
}

fn depth_at(model: &WaterModel, [x, y]: [f64; 2]) -> f64 {
    let (c, r) = model.domain().grid.cell_of(x, y).unwrap();
    f64::from(model.solver().depth_at_m(c, r))
}

/// Gauges that are believed in the experiment, and places nobody measures.
const GAUGES: [(&str, [f64; 2]); 4] =
    [("1", [300.0, 200.0]), ("2", [105.0, 205.0]), ("3", [495.0, 205.0]), ("4", [255.0, 205.0])];
const HIDDEN: [[f64; 2]; 3] = [[285.0, 200.0], [315.0, 200.0], [275.0, 200.0]];
const LIAR: (&str, [f64; 2]) = ("9", [405.0, 155.0]);

/// What the city says: rain gauges a quarter too low, water gauges with 5 mm of noise, and one that lies.
fn observed(truth: &WaterModel, minute: i64, water: bool) -> Observed {
    let now = truth.now();
    let mut said = Observed { now, ..Observed::default() };
    for (k, x) in [100.0, 300.0, 500.0].into_iter().enumerate() {
        let place_m = [x, 100.0 + 50.0 * k as f64];
        said.rain.push(RainReading { place_m, mm_h: 60.0 + (minute % 3) as f64 });
    }
    if water {
        let mut put = |id: &str, place_m, depth_m: f64| {
            said.water.push(WaterReading { sensor: id.into(), place_m, depth_m, at: now, sound: true });
        };
        for (k, (id, place)) in GAUGES.iter().enumerate() {
            let noise = 0.005 * (((minute * 7 + k as i64 * 3) % 5) as f64 / 2.0 - 1.0);
            put(id, *place, (depth_at(truth, *place) + noise).max(0.0));
        }
        // Dry as its street is, it says half a metre and more, a little unsteady.
        put(LIAR.0, LIAR.1, 0.55 + 0.01 * (minute % 4) as f64);
    }
    said
}

#[test]
fn the_estimate_beats_the_open_loop_and_a_liar_is_flagged() {
    let city = common::small_city();
    let mut truth = truth();
    let live = |_| LiveModel::new(&city, &scenario(), Stamp(0), settings(), None).unwrap();
    let (mut estimate, mut open) = (live(0), live(1));
    let (mut with, mut without, mut n) = (0.0, 0.0, 0.0);
    let mut last = None;
    for minute in 1..=50 {
        let _frame = truth.advance_to(Stamp(minute * 60_000));
        last = estimate.step(&observed(&truth, minute, true), PATIENCE).or(last);
        let _open = open.step(&observed(&truth, minute, false), PATIENCE);
        if minute > 20 {
            for place in HIDDEN {
                let real = depth_at(&truth, place);
                with += (depth_at(estimate.model(), place) - real).powi(2);
                without += (depth_at(open.model(), place) - real).powi(2);
                n += 1.0;
            }
        }
    }
    let (with, without) = ((with / n).sqrt(), (without / n).sqrt());
    let report = last.unwrap().report;
    println!("RMSE at places nobody measures: estimate {with:.3} m, open loop {without:.3} m; {:?}", report.skill);
    assert!(without > 0.15, "the experiment must have something to correct: {without}");
    assert!(with < 0.5 * without, "{with} {without}");
    // The liar and nobody else.
    let doubted: Vec<&str> = report.gauges.iter().filter(|g| g.contradicted).map(|g| g.sensor.as_str()).collect();
    assert_eq!(doubted, ["9"], "{:?}", report.gauges);
    let liar = report.gauges.iter().find(|g| g.contradicted).unwrap();
    assert!(liar.since.is_some() && !liar.reason.zh.is_empty() && !liar.reason.en.is_empty());
    assert!(liar.model_m < 0.15, "the liar has drawn the model up to {} m", liar.model_m);
    // The books close, and what was corrected is a term of its own.
    let b = report.books;
    assert!(b.error_relative <= 1e-6, "{b:?}");
    assert!(b.nudged_m3 > 10.0 && b.nudged_gross_m3 >= b.nudged_m3 && b.inflow_m3 >= 0.0, "{b:?}");
    let accounted = b.rain_m3 + b.inflow_m3 + b.nudged_m3 + b.surcharged_m3
        - b.infiltration_m3
        - b.drained_m3
        - b.outflow_m3
        - b.stored_m3;
    // Rivers stand in the model from its beginning: what is not accounted for is what it began with.
    assert!((accounted + estimate.model().ledger().initial_m3).abs() < 1.0, "{accounted} {b:?}");
    assert_eq!(report.skill.gauges, 4, "the liar does not judge the model");
    assert!(
        report.estimate && report.skill.rmse_m > 0.0 && report.skill.nse.is_some_and(|v| v > 0.5),
        "{:?}",
        report.skill
    );
}

#[test]
fn the_same_city_says_the_same_twice_and_a_restart_takes_up_the_field() {
    let city = common::small_city();
    let run = || {
        let mut truth = truth();
        let mut live = LiveModel::new(&city, &scenario(), Stamp(0), settings(), None).unwrap();
        let mut field = None;
        for minute in 1..=12 {
            let _frame = truth.advance_to(Stamp(minute * 60_000));
            field = live.step(&observed(&truth, minute, true), PATIENCE).map(|s| s.field);
        }
        (field.unwrap(), live)
    };
    let (first, live) = run();
    assert_eq!(first, run().0);
    assert!(first.estimate && first.at == Stamp(720_000));
    let mut fresh = LiveModel::new(&city, &scenario(), first.at, settings(), None).unwrap();
    assert!(fresh.begin_with(&first));
    assert_eq!(fresh.model().frame().depth_mm, first.depth_mm);
    assert!(!fresh.begin_with(&guanlan_core::input::DepthField { cell_m: 5.0, ..(*first).clone() }));
    assert!(fresh.must_leap(first.at + 3_600_000) && !fresh.must_leap(first.at + 60_000));
    // What views see of it.
    let net = city.drainage.as_ref().unwrap();
    let scene = scene_of(live.model(), city.drainage.as_ref(), live.rain());
    assert_eq!(
        (scene.conduit_fill.len(), scene.node_fill.len(), scene.pumps.len()),
        (net.conduits.len(), net.nodes.len(), 1)
    );
    assert!(scene.conduit_fill.iter().any(|f| *f > 0 && *f != 255), "{:?}", scene.conduit_fill);
    assert_eq!(scene.rain.tenth_mm_h.len(), (scene.rain.cols * scene.rain.rows) as usize);
    assert_eq!(scene.flow.east_cm_s.len(), (scene.flow.cols * scene.flow.rows) as usize);
    assert!(scene.flow.east_cm_s.iter().any(|v| *v != 0));
}

fn storm() -> Rain {
    Rain::from(RainSeries::uniform(70.0, 2400.0))
}

fn ahead_city(model: &WaterModel) -> AheadCity {
    AheadCity::new(Arc::new(common::small_city()), model.domain(), Limits::builtin().unwrap())
}

const AHEAD: AheadSettings = AheadSettings { minutes: 75, step_s: 60, field_every: 5, copy_every: 15 };

#[test]
fn the_hours_ahead_say_when_what_is_reached() {
    let mut model = dry_model(Stamp(1_000_000));
    model.apply(&Measure::PumpSwitch { pump: "P1".into(), run: PumpRun::Off });
    let city = ahead_city(&model);
    let run = look_ahead(model.clone(), Some(&storm()), &city, AHEAD, &[], &AtomicBool::new(false)).unwrap();
    let report = report_of(&run, &city, AHEAD, (guanlan_core::water::RainSource::Persistence, 46.7));
    assert_eq!((report.from, report.to), (Stamp(1_000_000), Stamp(1_000_000 + 75 * 60_000)));
    let underpass = report.sites.iter().find(|s| s.kind == SiteKind::Underpass).unwrap();
    assert_eq!(underpass.depth_mm.len(), 76);
    assert!(underpass.peak_mm > 270, "{underpass:?}");
    let at: Vec<Stamp> = underpass.passes.iter().map(|p| p.from).collect();
    assert!(at.len() >= 2 && at.windows(2).all(|w| w[0] <= w[1]), "{:?}", underpass.passes);
    // The first instant at or over the limit, by the series itself.
    let first = underpass.depth_mm.iter().position(|d| *d >= 270).unwrap() as i64;
    assert_eq!(underpass.passes.iter().find(|p| p.limit_mm == 270).unwrap().from, report.from + first * 60_000);
    let road = report.roads.iter().find(|r| r.underpass).unwrap();
    assert!((road.from - report.from - first * 60_000).abs() <= 60_000, "{road:?} {first}");
    assert!(report.headline.zh.contains("分钟后达 27 cm"), "{:?}", report.headline);
    assert!(report.harm.underpasses == 1 && report.harm.underpass_min > 1.0 && report.harm.score > 0.0);
    assert_eq!(run.kept.fields.len(), 15);
    assert_eq!(run.kept.copies.len(), 5);
    // Cancelled runs bring nothing; the same run again brings the same.
    assert!(look_ahead(model.clone(), Some(&storm()), &city, AHEAD, &[], &AtomicBool::new(true)).is_none());
    let again = look_ahead(model, Some(&storm()), &city, AHEAD, &[], &AtomicBool::new(false)).unwrap();
    assert_eq!(again.series_mm, run.series_mm);
}

#[test]
fn advice_beats_doing_nothing_and_can_be_run_again() {
    let mut model = dry_model(Stamp(0));
    model.apply(&Measure::PumpSwitch { pump: "P1".into(), run: PumpRun::Off });
    model.apply(&Measure::InletOpen { node: "J3".into(), open_share: 0.1 });
    let city = ahead_city(&model);
    let go = AtomicBool::new(false);
    let search = SearchSettings {
        ahead: AheadSettings { field_every: 0, copy_every: 0, ..AHEAD },
        budget: Duration::from_secs(600),
        ..SearchSettings::default()
    };
    let nothing = look_ahead(model.clone(), Some(&storm()), &city, search.ahead, &[], &go).unwrap();
    assert!(nothing.harm.underpass_min > 5.0, "{:?}", nothing.harm);
    let advice = advise(&model, Some(&storm()), &city, &nothing, &search, None, &go, &|_| {}).unwrap();
    println!("{}", serde_json::to_string_pretty(&advice).unwrap());
    let best = &advice.options[0];
    assert!(best.harm.score < 0.8 * nothing.harm.score, "{:?} {:?}", best.harm, nothing.harm);
    assert!(best.actions.iter().any(|a| a.kind == "pump_start" && a.measure.contains("P1")), "{:?}", best.actions);
    assert!(best.people > 0.0 && best.minutes > 0.0 && !best.words.zh.is_empty() && !advice.cut_short);
    assert!(best.actions.iter().all(|a| a.start <= a.effect && a.place_m.is_some()));
    // What is promised is what a run of the same actions brings.
    let doings: Vec<Doing> = {
        let mut d: Vec<Doing> = best
            .actions
            .iter()
            .map(|a| Doing {
                at_min: (a.effect - nothing.from) as f64 / 60_000.0,
                measure: serde_json::from_str(&a.measure).unwrap(),
            })
            .collect();
        d.sort_by(|a, b| a.at_min.total_cmp(&b.at_min));
        d
    };
    let then = look_ahead(model.clone(), Some(&storm()), &city, search.ahead, &doings, &go).unwrap();
    assert_eq!(then.harm, best.harm);
    assert!(then.refused.is_empty(), "{:?}", then.refused);
    // No time: it says so, and still proposes something that was run to the end.
    let hurried = SearchSettings { runs: 1, ..search.clone() };
    let quick = advise(&model, Some(&storm()), &city, &nothing, &hurried, None, &go, &|_| {}).unwrap();
    assert!(quick.cut_short && quick.runs <= 2, "{}", quick.runs);
    assert!(quick.options[0].harm.score < nothing.harm.score);
    // Tried on coarser cells it is the same advice, run again on the real ones.
    let twin = CoarseTwin::new(Arc::new(common::small_city()), &scenario(), 20.0, None).unwrap();
    let coarse = advise(&model, Some(&storm()), &city, &nothing, &search, Some(&twin), &go, &|_| {}).unwrap();
    let first = &coarse.options[0];
    assert!(first.harm.score < 0.8 * nothing.harm.score, "{:?} {:?}", first.harm, nothing.harm);
    assert!(first.actions.iter().any(|a| a.kind == "pump_start" && a.measure.contains("P1")), "{:?}", first.actions);
    assert!(first.words.zh.contains("20 m"), "{}", first.words.zh);
    // A dry day needs no advice.
    let dry = look_ahead(model.clone(), Some(&Rain::default()), &city, search.ahead, &[], &go).unwrap();
    let none = advise(&model, Some(&Rain::default()), &city, &dry, &search, None, &go, &|_| {}).unwrap();
    assert!(none.options.is_empty() && none.runs == 0);
}

#[test]
fn a_sensor_id_is_enough_to_be_watched() {
    // Readings of a gauge inside the river or beyond the raster are left out, never a panic.
    let city = common::small_city();
    let mut live = LiveModel::new(&city, &scenario(), Stamp(0), settings(), None).unwrap();
    let reading = |id: &str, place_m, depth_m| WaterReading {
        sensor: SensorId::from(id),
        place_m,
        depth_m,
        at: Stamp(30_000),
        sound: true,
    };
    let said = Observed {
        now: Stamp(30_000),
        water: vec![
            reading("river", [300.0, 385.0], 1.0),
            reading("away", [-900.0, 0.0], 1.0),
            reading("nan", [300.0, 200.0], f64::NAN),
        ],
        ..Observed::default()
    };
    let step = live.step(&said, PATIENCE).unwrap();
    assert!(step.report.gauges.is_empty());
    assert!(step.field.depth_mm.iter().all(|d| *d == 0));
    assert!(live.step(&said, PATIENCE).is_none(), "nothing new");
}

#[test]
fn an_order_waits_for_a_stretch_of_the_model_and_is_in_the_field_after_the_next() {
    let city = common::small_city();
    let live = || LiveModel::new(&city, &scenario(), Stamp(0), settings(), None).unwrap();
    // Ten cadences behind the present, with rain.
    let rain = vec![RainReading { place_m: [300.0, 200.0], mm_h: 60.0 }];
    let said = Observed { now: Stamp(300_000), rain, ..Observed::default() };
    let (mut busy, mut straight) = (live(), live());
    let mut looks = 0;
    let halted = busy.step_unless(&said, PATIENCE, &mut || {
        looks += 1;
        looks == 4
    });
    let stretch_ms = (STRETCH_S * 1000.0) as i64;
    assert!(halted.is_none() && busy.now() == Stamp(4 * stretch_ms), "{:?}", busy.now());
    let steps = busy.model().solver().steps();
    assert!(busy.model_mut().apply(&Measure::Pour { east_m: 300.0, north_m: 200.0, volume_m3: 50.0 }));
    // However far behind, and with no patience at all: one stretch later it is seen.
    let field = busy.follow_to(said.now, Duration::ZERO);
    assert_eq!((field.at, busy.now()), (Stamp(5 * stretch_ms), Stamp(5 * stretch_ms)));
    assert!(field.depth_m(300.0, 200.0) > 0.05, "what was poured is there");
    assert!(busy.model().solver().steps() - steps <= 12, "a handful of the solver's steps");
    // The way goes on to the same cadences.
    let (late, whole) = (busy.step(&said, PATIENCE).unwrap(), straight.step(&said, PATIENCE).unwrap());
    assert_eq!((late.field.at, busy.now()), (whole.field.at, straight.now()));
}
