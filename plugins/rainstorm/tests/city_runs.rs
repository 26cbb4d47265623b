//! Whole runs on a small city: ledger, drains, determinism, outputs, water for a room.

mod common;

use std::sync::Arc;

use guanlan_city::City;
use guanlan_core::Stamp;
use guanlan_rainstorm::{
    Measure, Scenario, SimulateOptions, WaterEngine, WaterModel, low_priority_pool,
    scenario::{Storm, StormKind},
    simulate, write_outputs,
};

fn scenario(cell_m: f64) -> Scenario {
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 90.0, duration_min: 30.0, ..Storm::default() };
    Scenario { cell_m, storm: Some(storm), duration_min: Some(45.0), output_min: 15.0, ..Scenario::default() }
}

fn run(city: &City, scenario: &Scenario, threads: usize) -> guanlan_rainstorm::Outcome {
    simulate(city, scenario, SimulateOptions { threads, ..SimulateOptions::default() }).unwrap()
}

#[test]
fn the_books_close_and_the_underpass_floods() {
    let city = common::small_city();
    let mut broken = scenario(5.0);
    broken.drains.failed_pumps = vec!["P1".into()];
    let outcome = run(&city, &broken, 1);
    let s = &outcome.summary;
    println!("{:?}", s.ledger);
    assert!(s.ledger.error_relative <= 1e-6, "{}", s.ledger.error_relative);
    assert!(s.ledger.rain_m3 > 0.9 * 0.045 * 600.0 * 366.0, "rain {}", s.ledger.rain_m3);
    assert!(s.ledger.drained_m3 > 0.0 && s.ledger.infiltration_m3 > 0.0 && s.ledger.outflow_m3 > 0.0);
    let drains = s.drains.unwrap();
    assert!((drains.taken_m3 - s.ledger.drained_m3).abs() <= 1e-6 * drains.taken_m3);
    assert!(drains.error_m3.abs() <= 1e-6 * drains.taken_m3);
    assert!(drains.outfall_m3 > 0.0 && drains.stored_m3 >= 0.0);
    assert_eq!(outcome.gauges.len(), 1);
    let deepest = outcome.series.iter().map(|line| line.2[0]).fold(0.0, f32::max);
    assert!(deepest > 0.3, "underpass {deepest}");
    assert!(
        outcome
            .impact
            .roads
            .iter()
            .any(|r| r.underpass && r.max_depth_m >= 0.4 && r.limits.len() >= 3 && r.first_closed_s.is_some())
    );
    assert!(outcome.max_depth_m.iter().all(|h| h.is_nan() || (*h >= 0.0 && *h < 10.0)));
}

#[test]
fn drains_and_pumps_make_a_difference() {
    let city = common::small_city();
    let deepest = |s: &Scenario| run(&city, s, 1).series.iter().map(|l| l.2[0]).fold(0.0, f32::max);
    let with = deepest(&scenario(5.0));
    let mut failed = scenario(5.0);
    failed.drains.failed_pumps = vec!["P1".into()];
    let without_pump = deepest(&failed);
    let mut none = scenario(5.0);
    none.drains.enabled = false;
    let without = deepest(&none);
    println!("underpass: drains {with}, pump failed {without_pump}, no drains {without}");
    assert!(with < without_pump && without_pump < without);
    let mut unknown = scenario(5.0);
    unknown.drains.failed_pumps = vec!["P9".into()];
    let error = simulate(&city, &unknown, SimulateOptions::default()).unwrap_err().to_string();
    assert!(error.contains("drains.failed_pumps") && error.contains("P9"), "{error}");
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let city = common::small_city();
    let bits = |threads| {
        let o = run(&city, &scenario(4.0), threads);
        let frames: Vec<Vec<u32>> = o.frames.iter().map(|f| f.depth_m.iter().map(|h| h.to_bits()).collect()).collect();
        (frames, o.summary.steps, o.summary.ledger)
    };
    assert_eq!(bits(1), bits(2));
    assert_eq!(bits(3), bits(2));
}

#[test]
fn losses_and_cell_sizes_keep_the_books() {
    use guanlan_rainstorm::scenario::LossMethod;
    let city = common::small_city();
    for method in [LossMethod::Horton, LossMethod::Scs, LossMethod::None] {
        for cell_m in [10.0, 7.0] {
            let mut s = scenario(cell_m);
            s.losses.method = method;
            let ledger = run(&city, &s, 1).summary.ledger;
            println!("{method:?} {cell_m} m: {:e}", ledger.error_relative);
            assert!(ledger.error_relative <= 1e-6, "{method:?} {cell_m}: {ledger:?}");
            assert_eq!(ledger.infiltration_m3 > 1.0, method != LossMethod::None, "{ledger:?}");
        }
    }
}

#[test]
fn writes_the_named_files() {
    let city = common::small_city();
    let outcome = run(&city, &scenario(10.0), 1);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    write_outputs(&out, &outcome).unwrap();
    for name in [
        "summary.json",
        "max_depth.tif",
        "depth_900.tif",
        "depth_1800.tif",
        "depth_2700.tif",
        "series.csv",
        "speeds.csv",
        "gauges.csv",
        "layers.toml",
        "impact.json",
    ] {
        assert!(out.join(name).metadata().unwrap().len() > 100, "{name}");
    }
    let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap();
    for key in ["cells", "cell_size_m", "steps", "simulated_s", "wall_s", "threads", "ledger", "max_depth_m"] {
        assert!(!summary[key].is_null(), "{key}");
    }
    for key in [
        "rain_m3",
        "inflow_m3",
        "infiltration_m3",
        "drained_m3",
        "outflow_m3",
        "stored_m3",
        "error_m3",
        "error_relative",
    ] {
        assert!(summary["ledger"][key].is_number(), "{key}");
    }
    let series = std::fs::read_to_string(out.join("series.csv")).unwrap();
    assert!(series.starts_with("t_s,rain_mm_h,中山路下穿\n0,"));
    assert_eq!(series.lines().count(), 47);
    let speeds = std::fs::read_to_string(out.join("speeds.csv")).unwrap();
    assert!(speeds.starts_with("t_s,中山路下穿\n0,") && speeds.lines().count() == 47);
    let seen = std::fs::read_to_string(out.join("gauges.csv")).unwrap();
    let figures: Vec<f32> =
        seen.lines().nth(1).unwrap().split(',').skip(1).map(|v| v.parse().unwrap_or(-1.0)).collect();
    let deepest = outcome.series.iter().map(|line| line.2[0]).fold(0.0, f32::max);
    assert!(figures.len() == 8 && figures[0] >= deepest - 1e-3 && figures[1] > 0.0, "{seen}");
    // The layer file shows rasters that are there, every class in its legend.
    let layers: toml::Table = std::fs::read_to_string(out.join("layers.toml")).unwrap().parse().unwrap();
    let layers = layers["layer"].as_array().unwrap();
    assert_eq!(layers.len(), 8);
    for layer in layers {
        assert!(out.join(layer["source"]["path"].as_str().unwrap()).exists(), "{layer}");
        let classes = layer["style"]["classes"].as_array().unwrap();
        assert!(layer["style"]["by"].is_str() && layer["legend"].as_array().unwrap().len() == classes.len());
        assert!(classes.windows(2).all(|w| w[0]["max"] == w[1]["min"]), "{layer}");
    }
    let mut tif = tiff::decoder::Decoder::new(std::fs::File::open(out.join("max_depth.tif")).unwrap()).unwrap();
    assert_eq!(tif.dimensions().unwrap(), (60, 40));
    let tiff::decoder::DecodingResult::F32(values) = tif.read_image().unwrap() else { panic!("not f32") };
    let deepest = values.iter().copied().fold(0.0, f32::max);
    assert_eq!(deepest, outcome.summary.max_depth_m);
    // North is first: the river in the north has no depth.
    assert!(values[..60].iter().all(|v| *v == guanlan_rainstorm::simulate::NODATA));
}

#[test]
fn water_for_a_room_is_the_same_however_it_is_asked_for() {
    let city = common::small_city();
    let start = Stamp::from_secs(1_800_000_000);
    let model = WaterModel::new(&city, &scenario(10.0), start, 10, None).unwrap();
    let mut whole = model.clone();
    let far = whole.advance_to(start + 1_200_000).unwrap();
    assert_eq!(far.at, start + 1_200_000);
    assert!(far.depth_mm.iter().any(|d| *d > 50));
    let mut pieces = model.clone();
    let mut last = None;
    for k in 1..=400 {
        last = pieces.advance_to(start + 3_000 * k).or(last);
    }
    assert_eq!(last.as_deref(), Some(&*far));
    assert!(whole.advance_to(start + 1_200_000).is_none());

    let engine = WaterEngine::spawn({
        let pool = low_priority_pool(2).unwrap();
        WaterModel::new(&city, &scenario(10.0), start, 10, Some(pool)).unwrap()
    })
    .unwrap();
    let frames = engine.advance_and_wait(start + 600_000);
    assert_eq!(frames.len(), 60);
    let mut fork = engine.fork().unwrap();
    assert_eq!(engine.advance_and_wait(start + 1_200_000).last().map(Arc::as_ref), Some(&*far));
    // The fork goes its own way: rain stops, a main bursts in the underpass.
    assert!(fork.apply(&Measure::RainIntensity(0.0)));
    assert!(!fork.apply(&Measure::PumpFailed { pump: "nothing".into(), failed: true }));
    let dry = fork.clone().advance_to(start + 1_200_000).unwrap();
    assert!(fork.apply(&Measure::Pour { east_m: 300.0, north_m: 200.0, volume_m3: 200.0 }));
    let burst = fork.advance_to(start + 1_200_000).unwrap();
    assert!(dry.depth_m(300.0, 200.0) < far.depth_m(300.0, 200.0));
    assert!(burst.depth_m(300.0, 200.0) > dry.depth_m(300.0, 200.0));
    assert!(fork.ledger().error_relative <= 1e-6);
}

#[test]
fn bad_scenarios_say_where() {
    let dir = tempfile::tempdir().unwrap();
    let load = |text: &str| {
        let path = dir.path().join("s.toml");
        std::fs::write(&path, text).unwrap();
        Scenario::load(&path).map(|_| ()).unwrap_err().to_string()
    };
    for (text, words) in [
        ("cell_m = 10\nfoo = 1\n[storm]\n", ["line 2", "foo"]),
        ("cell_m = -1\n[storm]\n", ["cell_m", "0.1 to 1000"]),
        ("cell_m = 10\n", ["storm", "missing"]),
        ("[storm]\nformula = \"mars\"\n", ["mars", "shanghai_2017"]),
        ("[storm]\nkind = \"recorded\"\nfile = \"none.csv\"\n", ["none.csv", "No such file"]),
        ("[storm]\nkind = \"uniform\"\nintensity_mm_h = -3.0\n", ["intensity_mm_h", "-3"]),
        ("[storm]\nkind = \"uniform\"\nintensity_mm_h = 90000.0\n", ["storm", "at most"]),
        ("city = \"mars\"\n[storm]\n", ["city", "demo"]),
    ] {
        let message = load(text);
        assert!(words.iter().all(|w| message.contains(w)), "{text:?} → {message}");
    }
    let mut city = common::small_city();
    city.terrain = None;
    let error = simulate(&city, &scenario(10.0), SimulateOptions::default()).unwrap_err().to_string();
    assert!(error.contains("terrain"), "{error}");
    let mut city = common::small_city();
    if let Some(t) = city.terrain.as_mut() {
        t.z_m[17] = -9999.0;
    }
    let error = simulate(&city, &scenario(10.0), SimulateOptions::default()).unwrap_err().to_string();
    assert!(error.contains("-9999") && error.contains("no-data"), "{error}");
    let city = common::small_city();
    assert!(simulate(&city, &scenario(500.0), SimulateOptions::default()).is_err());
}

#[test]
fn holes_in_the_terrain_stay_dry() {
    let mut city = common::small_city();
    if let Some(t) = city.terrain.as_mut() {
        for k in 0..t.z_m.len() {
            if (k / 7) % 11 == 0 || k % 300 < 40 {
                t.z_m[k] = f32::NAN;
            }
        }
    }
    let outcome = run(&city, &scenario(2.0), 2);
    let ledger = outcome.summary.ledger;
    assert!(ledger.error_relative <= 1e-6, "{ledger:?}");
    assert!(outcome.frames.iter().flat_map(|f| &f.depth_m).all(|h| !h.is_infinite()));
}
