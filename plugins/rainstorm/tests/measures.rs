//! Measures while water runs: what they do, what they cost, undoing them, going on from a saved state.

mod common;

use guanlan_core::Stamp;
use guanlan_rainstorm::{
    ForecastSettings, ForecastTask, Measure, Scenario, SimulateOptions, WaterEngine, WaterModel, forecast,
    measures::{Barrier, BarrierKind, Discharge, MobilePump, PumpRun, Sponge, TimedMeasure},
    scenario::{Name, Storm, StormKind},
    simulate,
    simulate::Run,
    storm::{BrushStroke, Rain, RainSeries},
    surface::{DomainBuilder, Grid, InertialSettings, KernelChoice, LocalInertial, SoilClass},
};

fn scenario(cell_m: f64) -> Scenario {
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 90.0, duration_min: 30.0, ..Storm::default() };
    Scenario { cell_m, storm: Some(storm), duration_min: Some(45.0), output_min: 15.0, ..Scenario::default() }
}

fn barrier(line_m: Vec<[f64; 2]>, height_m: f64, kind: BarrierKind, closed: bool) -> Barrier {
    Barrier { kind, line_m, line_lonlat: vec![], height_m: Some(height_m), crest_m: None, closed }
}

/// A dry tray of 200 × 40 m with 1 m of water in its western quarter.
fn tray() -> WaterModel {
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 2.0, cols: 100, rows: 20 };
    let domain = std::sync::Arc::new(DomainBuilder::new(grid).build());
    let mut solver = LocalInertial::new(domain, InertialSettings::default(), None);
    solver.set_depths(|c, _| if c < 25 { 1.0 } else { 0.0 });
    WaterModel::from_parts(solver, None, RainSeries::dry(), Stamp::from_secs(0), 10)
}

fn depth(model: &WaterModel, x: f64, y: f64) -> f32 {
    let (c, r) = model.domain().grid.cell_of(x, y).unwrap();
    model.solver().depth_at_m(c, r)
}

#[test]
fn a_sandbag_line_holds_until_it_is_overtopped() {
    let line = vec![[60.0, -5.0], [62.0, 20.0], [60.0, 45.0]];
    let raise = |height| Measure::Barrier {
        id: "bags".into(),
        set: Some(barrier(line.clone(), height, BarrierKind::Sandbags, true)),
    };
    let mut high = tray();
    let done = high.enact(&raise(1.5)).unwrap();
    assert!(done.cost.people >= 1.0 && done.cost.minutes > 15.0, "{:?}", done.cost);
    high.run_to(300.0);
    assert_eq!(depth(&high, 150.0, 20.0), 0.0, "nothing behind the bags");
    assert!((depth(&high, 30.0, 20.0) - 50.0 / 60.0).abs() < 0.06, "{}", depth(&high, 30.0, 20.0));
    assert!(high.ledger().error_relative < 1e-6);
    // Undone: the water comes within seconds.
    high.undo().unwrap();
    high.run_to(330.0);
    assert!(depth(&high, 70.0, 20.0) > 0.1);
    assert!(high.undo().is_err(), "an undoing is not undone");
    // Low bags are overtopped, but what comes is a weir's.
    let (mut low, mut open) = (tray(), tray());
    low.enact(&raise(0.6)).unwrap();
    low.run_to(60.0);
    open.run_to(60.0);
    assert!(depth(&low, 80.0, 20.0) > 0.01 && depth(&low, 80.0, 20.0) < depth(&open, 80.0, 20.0));
    assert!(low.ledger().error_relative < 1e-6);
    assert!(low.enact(&raise(-1.0)).is_err());
    let dot = vec![[60.0, 20.0], [60.1, 20.0]];
    let short = Measure::Barrier { id: "x".into(), set: Some(barrier(dot, 1.0, BarrierKind::Kerb, true)) };
    assert!(low.enact(&short).unwrap_err().to_string().contains("shorter than a cell"));
}

#[test]
fn a_gate_opens_and_closes() {
    let gate = |closed| Measure::Barrier {
        id: "gate".into(),
        set: Some(barrier(vec![[60.0, -1.0], [60.0, 41.0]], 3.0, BarrierKind::Gate, closed)),
    };
    let mut model = tray();
    model.enact(&gate(true)).unwrap();
    model.run_to(60.0);
    assert_eq!(depth(&model, 80.0, 20.0), 0.0);
    let opened = model.enact(&gate(false)).unwrap();
    model.run_to(75.0);
    assert!(depth(&model, 70.0, 20.0) > 0.1, "seen within seconds of model time");
    model.enact(&opened.inverse.unwrap()).unwrap();
    let sum = |model: &WaterModel| {
        let cells = (0..20).flat_map(|r| (30..100).map(move |c| (c, r)));
        cells.map(|(c, r)| f64::from(model.solver().depth_at_m(c, r))).sum::<f64>()
    };
    let behind = sum(&model);
    model.run_to(400.0);
    let later = sum(&model);
    assert!((behind - later).abs() < 1e-4 * behind, "closed again: {behind} {later}");
}

#[test]
fn measures_are_undone_in_any_order() {
    let wall = |height_m| Measure::Barrier {
        id: "w".into(),
        set: Some(barrier(vec![[60.0, -1.0], [60.0, 41.0]], height_m, BarrierKind::Sandbags, true)),
    };
    let height = |model: &WaterModel| model.works().barriers().get("w").and_then(|b| b.height_m);
    let mut model = tray();
    model.enact(&wall(0.5)).unwrap();
    model.enact(&wall(2.0)).unwrap();
    model.undo_at(0).unwrap();
    assert_eq!(height(&model), Some(2.0), "what was raised since stands");
    assert!(model.undo_at(0).is_err(), "once");
    model.undo_at(1).unwrap();
    assert_eq!(height(&model), None, "back beyond both");
    // Rain that was changed for a while goes on as if it had not been.
    let storm = RainSeries::from_cumulative(vec![[0.0, 0.0], [600.0, 10.0], [1200.0, 40.0]]).unwrap();
    let mut model = tray();
    model.enact(&Measure::Rain(storm.clone())).unwrap();
    model.run_to(300.0);
    model.enact(&Measure::RainIntensity(90.0)).unwrap();
    model.run_to(900.0);
    model.undo().unwrap();
    let left = |model: &WaterModel| model.rain().base.between_mm(900.0, 5000.0);
    assert!((left(&model) - storm.between_mm(900.0, 5000.0)).abs() < 1e-9, "{} mm are left", left(&model));
}

#[test]
fn pump_trucks_move_water_and_stop_at_their_suction() {
    let truck = |to, at| Measure::MobilePump {
        id: "P-1".into(),
        set: Some(MobilePump { at_m: Some(at), at_lonlat: None, flow_m3_h: 3600.0, suction_m: 0.05, to, runs: true }),
    };
    let mut model = tray();
    model.enact(&truck(Discharge::Away, [20.0, 20.0])).unwrap();
    model.run_to(100.0);
    let pumped = model.works().pumped_m3()["P-1"];
    assert!((pumped - 100.0).abs() < 2.0, "1 m³/s: {pumped}");
    let ledger = model.ledger();
    assert!((ledger.outflow_m3 - pumped).abs() < 1e-6 * pumped && ledger.error_relative < 1e-6, "{ledger:?}");
    // Moved, and the water kept inside.
    model.enact(&truck(Discharge::Place([180.0, 20.0]), [40.0, 10.0])).unwrap();
    model.run_to(200.0);
    assert!(model.ledger().inflow_m3 > 90.0 && model.ledger().error_relative < 1e-6);
    let gone = model.enact(&Measure::MobilePump { id: "P-1".into(), set: None }).unwrap();
    assert!(matches!(gone.inverse, Some(Measure::MobilePump { set: Some(_), .. })));
    assert!(model.enact(&truck(Discharge::Away, [900.0, 20.0])).is_err(), "outside");
    // On ground as good as dry it draws nothing.
    let mut dry = tray();
    dry.enact(&truck(Discharge::Away, [190.0, 20.0])).unwrap();
    dry.run_to(5.0);
    assert!(!dry.works().pumped_m3().contains_key("P-1"));
}

#[test]
fn sponges_rivers_roads_and_rain() {
    let city = common::small_city();
    let mut with = scenario(10.0);
    let sponge = Sponge {
        ring_m: vec![],
        ring_lonlat: vec![],
        classes: vec![SoilClass::Urban],
        share: 0.5,
        storage_mm: 40.0,
        infiltration_mm_h: 20.0,
    };
    let timed = |at_min, measure| TimedMeasure { at_min, undo_at_min: None, name: Name::default(), measure };
    with.measure = vec![timed(0.0, Measure::Sponge { id: "garden".into(), set: Some(sponge) })];
    let run = |s: &Scenario| simulate(&city, s, SimulateOptions { threads: 1, ..Default::default() }).unwrap();
    let (base, soaked) = (run(&scenario(10.0)).summary, run(&with).summary);
    assert!(soaked.ledger.infiltration_m3 > 1.2 * base.ledger.infiltration_m3);
    assert!(soaked.ledger.error_relative <= 1e-6 && soaked.max_depth_m <= base.max_depth_m);
    // A river 3 m higher comes over its banks, and goes again.
    let mut flood = scenario(10.0);
    flood.measure = vec![TimedMeasure { undo_at_min: Some(20.0), ..timed(5.0, Measure::RiverStage { rise_m: 5.0 }) }];
    let flooded = run(&flood).summary;
    assert!(flooded.ledger.inflow_m3 > base.ledger.inflow_m3 + 100.0, "{:?}", flooded.ledger);
    assert!(flooded.ledger.error_relative <= 1e-6);
    assert_eq!(
        flooded.measures.iter().map(|m| (m.at_s, m.undone)).collect::<Vec<_>>(),
        [(300.0, true), (1200.0, true)]
    );
    // A closed road is in the impact, dry as it may be.
    let mut closed = scenario(10.0);
    closed.measure = vec![timed(0.0, Measure::RoadClosed { road: 0, closed: true })];
    let outcome = run(&closed);
    assert!(outcome.impact.roads.iter().any(|r| r.edge == 0 && r.closed_by_hand));
    assert_eq!(outcome.summary.effort.trucks, 1.0);
    closed.measure = vec![timed(1.0, Measure::RoadClosed { road: 99, closed: true })];
    let error = simulate(&city, &closed, SimulateOptions::default()).unwrap_err().to_string();
    assert!(error.contains("measure 1") && error.contains("3 roads"), "{error}");
}

#[test]
fn the_network_listens() {
    let city = common::small_city();
    let mut model = WaterModel::new(&city, &scenario(10.0), Stamp::from_secs(0), 10, None).unwrap();
    model.run_to(900.0);
    for measure in [
        Measure::PumpFailed { pump: "P1".into(), failed: true },
        Measure::PumpSwitch { pump: "P1".into(), run: PumpRun::Off },
        Measure::PumpSwitch { pump: "P1".into(), run: PumpRun::On },
        Measure::OutfallLevel { node: "OUT".into(), level_m: Some(5.0) },
        Measure::ConduitBlocked { conduit: "C3".into(), share: 0.5 },
        Measure::InletOpen { node: "J3".into(), open_share: 0.0 },
        Measure::CoverOpen { node: "J3".into(), open: true },
    ] {
        let done = model.enact(&measure).unwrap();
        assert_eq!(done.at_s, 900.0);
        let back = model.enact(&done.inverse.unwrap()).unwrap();
        assert_eq!(back.inverse, Some(measure), "the inverse of the inverse");
    }
    for measure in [
        Measure::PumpFailed { pump: "P9".into(), failed: true },
        Measure::InletOpen { node: "J99".into(), open_share: 0.0 },
        Measure::CoverOpen { node: "J99".into(), open: true },
        Measure::OutfallLevel { node: "J3".into(), level_m: Some(5.0) },
        Measure::ConduitBlocked { conduit: "C99".into(), share: 0.5 },
        Measure::InletOpen { node: "J3".into(), open_share: 2.0 },
        Measure::RainIntensity(-1.0),
        Measure::Pour { east_m: 1e9, north_m: 0.0, volume_m3: 1.0 },
    ] {
        let before = model.done().len();
        assert!(model.enact(&measure).is_err(), "{measure:?}");
        assert_eq!(model.done().len(), before, "refused whole");
    }
    // Rain is undone, too: the same comes down as without.
    let mut plain = model.clone();
    model.enact(&Measure::RainIntensity(500.0)).unwrap();
    model.undo().unwrap();
    let stroke = BrushStroke { path_m: vec![[300.0, 200.0]], mm_h: 300.0, ..BrushStroke::default() };
    model.enact(&Measure::Paint(stroke)).unwrap();
    model.undo().unwrap();
    model.run_to(1200.0);
    plain.run_to(1200.0);
    let (a, b) = (model.ledger().rain_m3, plain.ledger().rain_m3);
    assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
}

#[test]
fn a_running_engine_takes_measures_at_once() {
    let city = common::small_city();
    let model = WaterModel::new(&city, &scenario(10.0), Stamp::from_secs(0), 10, None).unwrap();
    let engine = WaterEngine::spawn(model.clone()).unwrap();
    // A long way is asked for; the measure does not wait for its end.
    engine.request(Stamp::from_secs(45 * 60));
    let done = engine.enact(Measure::RainIntensity(0.0)).unwrap();
    let undone = engine.undo().unwrap();
    let frames = engine.advance_and_wait(Stamp::from_secs(45 * 60));
    assert_eq!(frames.len(), 270);
    assert!(done.at_s < 2700.0 && undone.undone);
    // Done again at the recorded instants: the same water.
    let mut again = model;
    again.advance_to(Stamp::from_secs(done.at_s as i64));
    again.enact(&done.measure).unwrap();
    again.advance_to(Stamp::from_secs(undone.at_s as i64));
    again.undo().unwrap();
    let last = again.advance_to(Stamp::from_secs(45 * 60)).or_else(|| Some(std::sync::Arc::new(again.frame())));
    assert_eq!(last.as_deref(), frames.last().map(std::convert::AsRef::as_ref));
}

/// Depths of every cell as bits.
fn bits(model: &WaterModel) -> Vec<u32> {
    model.solver().depths_m().iter().map(|h| h.to_bits()).collect()
}

#[test]
fn a_saved_state_goes_on_as_if_nothing_had_happened() {
    let city = common::small_city();
    for kernel in [KernelChoice::LocalInertial, KernelChoice::Fv1] {
        let mut s = scenario(10.0);
        s.kernel = kernel;
        s.losses.method = guanlan_rainstorm::scenario::LossMethod::GreenAmpt;
        let make = || WaterModel::new(&city, &s, Stamp::from_secs(0), 10, None).unwrap();
        let line = vec![[100.0, 150.0], [400.0, 180.0]];
        let work = |model: &mut WaterModel| {
            let bags = barrier(line.clone(), 0.5, BarrierKind::Sandbags, true);
            model.enact(&Measure::Barrier { id: "b".into(), set: Some(bags) }).unwrap();
            model.enact(&Measure::RiverStage { rise_m: 0.3 }).unwrap();
            let truck = MobilePump {
                at_m: Some([300.0, 200.0]),
                at_lonlat: None,
                flow_m3_h: 500.0,
                suction_m: 0.05,
                to: Discharge::Away,
                runs: true,
            };
            model.enact(&Measure::MobilePump { id: "p".into(), set: Some(truck) }).unwrap();
            model.track();
        };
        let mut straight = make();
        work(&mut straight);
        straight.advance_to(Stamp::from_secs(700));
        let saved = straight.save().unwrap();
        straight.advance_to(Stamp::from_secs(1500));
        let mut later = make();
        later.restore(&saved).unwrap();
        assert_eq!(later.now(), Stamp::from_secs(700));
        later.advance_to(Stamp::from_secs(1500));
        assert!(bits(&straight) == bits(&later), "{kernel:?}");
        assert_eq!(straight.ledger(), later.ledger());
        assert_eq!(straight.drain_ledger(), later.drain_ledger());
        assert_eq!((straight.works(), straight.done()), (later.works(), later.done()));
        assert_eq!(straight.tracker(), later.tracker());
        // Other ground, broken bytes.
        let mut coarse = s.clone();
        coarse.cell_m = 12.0;
        let mut other = WaterModel::new(&city, &coarse, Stamp::from_secs(0), 10, None).unwrap();
        assert!(other.restore(&saved).unwrap_err().to_string().contains("another raster"));
        assert!(other.restore(&saved[..saved.len() / 2]).is_err() && other.restore(b"nonsense").is_err());
    }
}

#[test]
fn a_scenario_starts_hot() {
    let city = common::small_city();
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("wet.state");
    let mut s = scenario(10.0);
    s.measure = vec![TimedMeasure {
        at_min: 10.0,
        undo_at_min: Some(30.0),
        name: Name::default(),
        measure: Measure::PumpFailed { pump: "P1".into(), failed: true },
    }];
    let straight =
        simulate(&city, &s, SimulateOptions { save_state: Some((state.clone(), Some(20.0))), ..Default::default() })
            .unwrap();
    let hot = simulate(&city, &s, SimulateOptions { hot_start: Some(state.clone()), ..Default::default() }).unwrap();
    assert_eq!(hot.summary.began_s, 1200.0);
    assert_eq!(straight.extremes, hot.extremes);
    assert_eq!(straight.summary.ledger, hot.summary.ledger);
    assert_eq!(straight.summary.measures, hot.summary.measures);
    let last = |o: &guanlan_rainstorm::Outcome| {
        o.frames.last().unwrap().depth_m.iter().map(|h| h.to_bits()).collect::<Vec<_>>()
    };
    assert!(last(&straight) == last(&hot));
    // A new storm on wet ground brings more water than on dry.
    let mut again = scenario(10.0);
    again.initial.hot_start = Some(state.clone());
    again.initial.new_storm = true;
    let wet = simulate(&city, &again, SimulateOptions::default()).unwrap();
    let dry = simulate(&city, &scenario(10.0), SimulateOptions::default()).unwrap();
    assert_eq!(wet.summary.simulated_s, 1200.0 + 2700.0);
    assert!(wet.summary.ledger.rain_m3 > 1.5 * dry.summary.ledger.rain_m3);
    assert!(wet.summary.max_depth_m >= dry.summary.max_depth_m);
    std::fs::write(&state, b"no").unwrap();
    let error = simulate(&city, &again, SimulateOptions::default()).unwrap_err().to_string();
    assert!(error.contains("wet.state"), "{error}");
}

#[test]
fn an_interrupted_run_goes_on_from_its_checkpoint() {
    let city = common::small_city();
    let mut straight = Run::new(&city, scenario(10.0), None, None).unwrap();
    let mut first = Run::new(&city, scenario(10.0), None, None).unwrap();
    while first.time_s() < 1000.0 {
        first.step().unwrap();
    }
    let checkpoint = first.checkpoint().unwrap();
    let mut second = Run::new(&city, scenario(10.0), None, None).unwrap();
    assert!(second.resume(&checkpoint[..100]).is_err());
    let mut second = Run::new(&city, scenario(10.0), None, None).unwrap();
    second.resume(&checkpoint).unwrap();
    for run in [&mut straight, &mut second] {
        while !run.is_done() {
            run.step().unwrap();
        }
    }
    let (a, b) = (straight.finish(), second.finish());
    assert_eq!((a.extremes, a.series, a.impact), (b.extremes, b.series, b.impact));
    assert_eq!(a.summary.ledger, b.summary.ledger);
}

#[test]
fn a_forecast_runs_ahead_and_can_be_called_off() {
    let city = common::small_city();
    let mut model = WaterModel::new(&city, &scenario(10.0), Stamp::from_secs(0), 10, None).unwrap();
    model.advance_to(Stamp::from_secs(600));
    let dry = Rain::from(RainSeries::dry());
    let settings = ForecastSettings { hours: 0.5, frame_min: 10.0 };
    let never = std::sync::atomic::AtomicBool::new(false);
    let mut shares = Vec::new();
    let own = forecast(model.clone(), None, settings, &never, &mut |s| shares.push(s)).unwrap();
    assert_eq!(own.frames.iter().map(|f| f.at.as_secs_f64()).collect::<Vec<_>>(), [1200.0, 1800.0, 2400.0]);
    assert!(shares.last() == Some(&1.0) && shares.windows(2).all(|w| w[1] >= w[0]));
    let mut same = model.clone();
    let frame = same.advance_to(Stamp::from_secs(2400)).unwrap();
    assert_eq!(*frame, **own.frames.last().unwrap(), "a forecast is the model's own future");
    let task = ForecastTask::spawn(model.clone(), Some(dry), settings).unwrap();
    let without = task.wait().unwrap();
    assert!(without.ledger.rain_m3 < own.ledger.rain_m3);
    let long = ForecastSettings { hours: 300.0, frame_min: 60.0 };
    let task = ForecastTask::spawn(model, None, long).unwrap();
    task.cancel();
    assert!(task.wait().is_none());
}
