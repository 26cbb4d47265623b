//! Focus areas of a scenario: finer cells over a part of town, with drains, a river, measures, outputs, saved states.

mod common;

use guanlan_core::{Lang, Stamp};
use guanlan_rainstorm::{
    Measure, Scenario, SimulateOptions, WaterModel,
    scenario::{BoundarySpec, FocusArea, Name, SeriesKind, Storm, StormKind},
    simulate,
    simulate::Run,
    surface::KernelChoice,
    write_outputs,
};

fn square(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<[f64; 2]> {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

fn focus(name: &str, ring_m: Vec<[f64; 2]>) -> FocusArea {
    let name = Name { zh: name.into(), en: name.into() };
    FocusArea { name, cell_m: None, ring_m, ring_lonlat: Vec::new() }
}

/// 90 mm/h for half an hour; the underpass, and the river's bank up to the edge of the city, over finer cells.
fn scenario() -> Scenario {
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 90.0, duration_min: 30.0, ..Storm::default() };
    let mut s = Scenario { storm: Some(storm), duration_min: Some(45.0), output_min: 15.0, ..Scenario::default() };
    s.focus =
        vec![focus("下穿", square(241.0, 150.0, 362.0, 251.0)), focus("河岸", square(450.0, 300.0, 600.0, 400.0))];
    // Over the edge of the first.
    s.boundary = vec![BoundarySpec {
        kind: SeriesKind::Flow,
        line_m: vec![[225.0, 160.0], [255.0, 160.0]],
        points: vec![[0.0, 0.2], [20.0, 0.2]],
        ..BoundarySpec::default()
    }];
    s
}

fn run(scenario: &Scenario, threads: usize) -> guanlan_rainstorm::Outcome {
    simulate(&common::small_city(), scenario, SimulateOptions { threads, ..SimulateOptions::default() }).unwrap()
}

#[test]
fn a_run_with_focus_areas_closes_its_books_and_writes_their_rasters() {
    let outcome = run(&scenario(), 1);
    let s = &outcome.summary;
    println!("{:?}\n{:?}\n{:?}", s.ledger, s.focus, s.notes);
    assert!(s.ledger.error_relative <= 1e-6, "{:?}", s.ledger);
    assert!(s.ledger.drained_m3 > 0.0 && s.ledger.outflow_m3 > 0.0 && s.ledger.infiltration_m3 > 0.0);
    assert!((s.ledger.rain_m3 / (0.045 * 600.0 * 400.0) - 1.0).abs() < 0.1, "{}", s.ledger.rain_m3);
    assert!(s.ledger.inflow_m3 > 239.0, "{}", s.ledger.inflow_m3);
    let drains = s.drains.unwrap();
    assert!((drains.taken_m3 - s.ledger.drained_m3).abs() <= 1e-6 * drains.taken_m3);
    // 121 × 101 m snapped to cells of 10 m would be 130 × 110 m; the ring itself counts.
    assert_eq!((s.cell_size_m, s.focus[0].cell_size_m, s.focus[1].cell_size_m), (10.0, 5.0, 5.0));
    assert!((460..=500).contains(&s.focus[0].cells), "{}", s.focus[0].cells);
    assert!(s.focus[0].max_depth_m > 0.2, "{:?}", s.focus[0]);
    assert!(s.honesty_line(Lang::Zh).contains("重点区域 5 m") && s.honesty_line(Lang::En).contains("5 m in focus"));
    let dir = std::env::temp_dir().join(format!("guanlan-focus-{}", std::process::id()));
    write_outputs(&dir, &outcome).unwrap();
    for name in ["max_depth.tif", "arrival_15cm.tif", "hazard_arr.tif", "duration_15cm.tif", "depth_2700.tif"] {
        for folder in ["focus_1", "focus_2"] {
            assert!(dir.join(folder).join(name).metadata().unwrap().len() > 200, "{folder}/{name}");
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
    // The gauge in the underpass reads fine cells: it is as deep as the fine raster says.
    let gauge = outcome.series.iter().map(|l| l.2[0]).fold(0.0, f32::max);
    let fine = outcome.extremes.finer[0].depth_m.iter().copied().fold(0.0, f32::max);
    assert!(gauge > 0.9 * fine, "{gauge} {fine}");
}

#[test]
fn threads_and_a_break_change_nothing() {
    let city = common::small_city();
    let bits = |o: &guanlan_rainstorm::Outcome| -> Vec<u32> {
        let finer = o.frames.iter().flat_map(|f| f.finer.iter().flatten());
        o.frames.iter().flat_map(|f| f.depth_m.iter()).chain(finer).map(|h| h.to_bits()).collect()
    };
    let one = run(&scenario(), 1);
    assert!(bits(&one) == bits(&run(&scenario(), 2)), "two threads");
    // Killed after 20 min and taken up again.
    let mut first = Run::new(&city, scenario(), None, None).unwrap();
    while first.time_s() < 1200.0 {
        first.step().unwrap();
    }
    let mut second = Run::new(&city, scenario(), None, None).unwrap();
    second.resume(&first.checkpoint().unwrap()).unwrap();
    drop(first);
    while !second.is_done() {
        second.step().unwrap();
    }
    let second = second.finish();
    assert_eq!(second.extremes, one.extremes);
    assert_eq!(second.summary.ledger, one.summary.ledger);
    // A state without focus areas does not fit.
    let start = |s: &Scenario| WaterModel::new(&city, s, Stamp(0), 10, None).unwrap();
    let plain = start(&Scenario { focus: Vec::new(), ..scenario() });
    assert!(start(&scenario()).restore(&plain.save().unwrap()).is_err());
}

#[test]
fn a_river_that_rises_rises_in_the_focus_too() {
    let city = common::small_city();
    let mut model = WaterModel::new(&city, &scenario(), Stamp(0), 10, None).unwrap();
    let before = model.domain().held_depths();
    model.enact(&Measure::RiverStage { rise_m: 0.5 }).unwrap();
    let after = model.domain().held_depths();
    let own = model.domain().held().len();
    assert!(after.len() > own, "held cells in the focus");
    for (a, b) in before.iter().zip(&after).filter(|(a, _)| **a > 0.0) {
        assert!((b - a - 0.5).abs() < 1e-5, "{a} {b}");
    }
    model.run_to(60.0);
    let field = model.frame();
    assert_eq!(field.finer.len(), 2);
    let (c, r) = model.domain().finest_at(300.0, 200.0).unwrap();
    let want = (model.solver().depth_at_m(c, r) * 1000.0).round() / 1000.0;
    assert!((field.depth_m(300.0, 200.0) - want).abs() < 1.1e-3);
    assert!(model.ledger().error_relative <= 1e-6);
    model.undo().unwrap();
    assert_eq!(model.domain().held_depths(), before);
}

#[test]
fn what_cannot_be_is_said() {
    let mut odd = scenario();
    odd.focus[1].cell_m = Some(3.0);
    let error = odd.check().unwrap_err().to_string();
    assert!(error.contains("focus 2") && error.contains("5") && error.contains("应为"), "{error}");
    // Figures only.
    let mut same = scenario();
    same.focus.iter_mut().for_each(|f| f.cell_m = Some(10.0));
    let model = WaterModel::new(&common::small_city(), &same, Stamp(0), 10, None).unwrap();
    assert!(model.domain().patches().is_empty());
    // A kernel that has one cell side.
    let fv1 = Scenario { kernel: KernelChoice::Fv1, duration_min: Some(1.0), ..scenario() };
    let outcome = run(&fv1, 1);
    assert!(
        outcome.summary.notes.iter().any(|n| n.contains("fv1") && n.contains("重点区域")),
        "{:?}",
        outcome.summary.notes
    );
    assert_eq!(outcome.summary.focus[0].cell_size_m, 10.0);
    // Nowhere.
    let mut away = Scenario { duration_min: Some(1.0), ..scenario() };
    away.focus.push(focus("别处", square(5000.0, 0.0, 5100.0, 100.0)));
    assert!(run(&away, 1).summary.notes.iter().any(|n| n.contains("别处")));
}
