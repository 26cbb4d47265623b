//! Rain that differs from place to place, over a whole city.

mod common;

use guanlan_city::export_tiff::write_geotiff_f32;
use guanlan_rainstorm::{Scenario, SimulateOptions, simulate};

fn load(dir: &std::path::Path, text: &str) -> Scenario {
    let path = dir.join("s.toml");
    std::fs::write(&path, format!("cell_m = 10.0\nduration_min = 40.0\noutput_min = 20.0\n{text}")).unwrap();
    Scenario::load(&path).unwrap()
}

fn run(scenario: &Scenario) -> guanlan_rainstorm::Outcome {
    simulate(&common::small_city(), scenario, SimulateOptions { threads: 2, ..Default::default() }).unwrap()
}

/// Mean of the deepest water west and east of the middle, m.
fn halves(outcome: &guanlan_rainstorm::Outcome) -> [f64; 2] {
    let (cols, mut sums) = (outcome.summary.cols, [[0.0, 0.0]; 2]);
    for (k, h) in outcome.max_depth_m.iter().enumerate().filter(|(_, h)| h.is_finite()) {
        let half = &mut sums[usize::from(k % cols >= cols / 2)];
        half[0] += f64::from(*h);
        half[1] += 1.0;
    }
    sums.map(|s| s[0] / s[1])
}

#[test]
fn radar_cells_and_paint_rain_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    // Radar: 100 mm/h in the west, nothing in the east, for 20 minutes.
    let values: Vec<f32> = (0..12).map(|k| if k % 4 < 2 { 100.0 } else { 0.0 }).collect();
    let tif = dir.path().join("r_202607311000.tif");
    write_geotiff_f32(&tif, 4, 3, 499_800.0, 3_400_600.0, 250.0, 4549, -9999.0, &values).unwrap();
    let radar = run(&load(dir.path(), "[storm]\nkind = \"none\"\n[storm.grids]\nfolder = \".\"\nstep_min = 20.0\n"));
    let [west, east] = halves(&radar);
    assert!(west > 3.0 * east, "{west} {east}");
    assert!(radar.summary.ledger.error_relative <= 1e-6, "{:?}", radar.summary.ledger);
    assert!(radar.summary.rain_mm > 5.0 && radar.summary.rain_most_mm > radar.summary.rain_mm);
    // A cell that passes over the east.
    let cell = run(&load(
        dir.path(),
        "[storm]\nkind = \"none\"\n[[storm.cell]]\nat_m = [550.0, -600.0]\nvelocity_mps = [0.0, 0.5]\npeak_mm_h = \
         150.0\nsigma_m = [300.0, 120.0]\nto_min = 40.0\n",
    ));
    let [west, east] = halves(&cell);
    assert!(east > 1.5 * west, "{west} {east}");
    assert!(cell.summary.ledger.error_relative <= 1e-6);
    // Painted on top of a drizzle.
    let paint = run(&load(
        dir.path(),
        "[storm]\nkind = \"uniform\"\nintensity_mm_h = 5.0\nduration_min = 30.0\n[[storm.paint]]\npath_m = [[100.0, \
         100.0], [100.0, 300.0]]\nradius_m = 120.0\nmm_h = 120.0\nto_min = 30.0\n",
    ));
    let [west, east] = halves(&paint);
    assert!(west > 1.5 * east, "{west} {east}");
    assert!(paint.summary.ledger.error_relative <= 1e-6);
    assert!(paint.summary.rain_signal >= guanlan_core::AlertLevel::Blue, "the wettest place counts");
}

#[test]
fn a_field_that_is_the_same_everywhere_is_the_series() {
    let dir = tempfile::tempdir().unwrap();
    let uniform = "[storm]\nkind = \"uniform\"\nintensity_mm_h = 60.0\nduration_min = 20.0\n";
    let brush = "[[storm.paint]]\npath_m = [[300.0, 200.0]]\nradius_m = 9000.0\nhardness = 1.0\n";
    let painted = format!("[storm]\nkind = \"none\"\n{brush}mm_h = 60.0\nto_min = 20.0\n");
    for losses in
        ["", "[losses]\nmethod = \"scs\"\n", "[losses]\nmethod = \"horton\"\n", "[losses]\nmethod = \"green_ampt\"\n"]
    {
        let (a, b) = (
            run(&load(dir.path(), &format!("{uniform}{losses}"))),
            run(&load(dir.path(), &format!("{painted}{losses}"))),
        );
        let (x, y) = (a.summary.ledger, b.summary.ledger);
        assert!((x.rain_m3 / y.rain_m3 - 1.0).abs() < 1e-4, "{losses}: {x:?} {y:?}");
        assert!((x.infiltration_m3 - y.infiltration_m3).abs() < 1e-3 * x.rain_m3, "{losses}: {x:?} {y:?}");
        assert!((a.summary.max_depth_m - b.summary.max_depth_m).abs() < 0.01, "{losses}");
        assert!(x.error_relative <= 1e-6 && y.error_relative <= 1e-6, "{losses}");
    }
}

#[test]
fn storms_of_every_kind_and_areal_reduction() {
    let dir = tempfile::tempdir().unwrap();
    let scs = load(
        dir.path(),
        "[storm]\nkind = \"scs\"\nscs_type = \"III\"\ndepth_mm = 80.0\nduration_min = 180.0\nstep_min = 5.0\n",
    );
    assert!((scs.rain().unwrap().total_mm() - 80.0).abs() < 1e-9);
    let formula = load(
        dir.path(),
        "[storm]\nkind = \"scs\"\nformula = \"shanghai_2017\"\nreturn_period_a = 5.0\nduration_min = 180.0\n",
    );
    assert!((formula.rain().unwrap().total_mm() - 73.473).abs() < 1e-3);
    std::fs::write(dir.path().join("mine.toml"), "[[formula]]\nid = \"mine\"\nname = { zh = \"我\" }\nsource = \"s\"\nstatus = \"s\"\nform = \"standard\"\na = 1670.0\nc = 0.0\nb = 10.0\nn = 1.0\n").unwrap();
    let own = load(
        dir.path(),
        "[storm]\nformula = \"mine\"\nformulas = \"mine.toml\"\nreturn_period_a = 1.0\nduration_min = 90.0\n",
    );
    assert!((own.rain().unwrap().total_mm() - 9.0).abs() < 1e-9, "10 (mm/min) × 90 / 100");
    let shipped = load(dir.path(), "[storm]\nformula = \"beijing_classic\"\nformulas = \"mine.toml\"\n");
    assert!(shipped.rain().is_ok(), "the program's own formulas stay");
    let uniform = "[storm]\nkind = \"uniform\"\nintensity_mm_h = 60.0\nduration_min = 20.0\n";
    let whole = run(&load(dir.path(), uniform)).summary;
    let less = run(&load(dir.path(), &format!("{uniform}[storm.areal_reduction]\nfactor = 0.8\n"))).summary;
    assert!((less.rain_mm / whole.rain_mm - 0.8).abs() < 1e-9);
    assert!(less.notes.iter().any(|n| n.contains("0.800")));
    let wide = run(&load(dir.path(), &format!("{uniform}[storm.areal_reduction]\narea_km2 = 200.0\n"))).summary;
    assert!(wide.rain_mm < 0.9 * whole.rain_mm);
    std::fs::write(dir.path().join("q.csv"), "t_min,value\n0,0\n5,2\n20,2\n25,0\n").unwrap();
    let inflow = run(&load(
        dir.path(),
        &format!("{uniform}[[boundary]]\nkind = \"flow\"\nline_m = [[5.0, 100.0], [5.0, 120.0]]\nfile = \"q.csv\"\n"),
    ))
    .summary;
    assert!((inflow.ledger.inflow_m3 - whole.ledger.inflow_m3 - 2400.0).abs() < 5.0, "{:?}", inflow.ledger);
}
