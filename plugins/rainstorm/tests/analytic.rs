//! The solver against closed solutions (data of `shared/data/flood/bench`, or the formula itself).

use std::{path::PathBuf, sync::Arc};

use guanlan_rainstorm::{
    storm::RainSeries,
    surface::{DomainBuilder, Forcing, Grid, InertialSettings, LocalInertial, OpenCell, SurfaceSolver},
};

fn data(name: &str) -> Option<Vec<Vec<f64>>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/flood/bench")).join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return None;
    };
    Some(text.lines().skip(1).map(|l| l.split(',').filter_map(|v| v.parse().ok()).collect()).collect())
}

fn line(cell_m: f64, cols: usize) -> Grid {
    Grid { west_m: 0.0, south_m: 0.0, cell_m, cols, rows: 1 }
}

fn run(solver: &mut LocalInertial, until_s: f64, rain: &RainSeries) {
    solver.advance(until_s, &mut Forcing { rain, drains: None });
}

#[test]
fn lake_with_an_island_stays_at_rest() {
    for datum in [0.0, 500.0] {
        let bump = |x: f64| (0.2 - 0.05 * (x - 10.0) * (x - 10.0)).max(0.0) + datum;
        let domain = Arc::new(DomainBuilder::new(line(0.1, 250)).manning(0.0).bed(|x, _| bump(x)).build());
        let mut solver = LocalInertial::new(domain, InertialSettings::default(), None);
        solver.set_level(|_, _| datum + 0.1);
        let before = solver.depths_m();
        run(&mut solver, 100.0, &RainSeries::dry());
        let worst = before.iter().zip(solver.depths_m()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(solver.largest_discharge_m2_s() <= 1e-6, "q {}", solver.largest_discharge_m2_s());
        assert!(worst <= 1e-6, "dh {worst}");
    }
}

#[test]
fn lake_in_a_town_stays_at_rest() {
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 2.0, cols: 90, rows: 70 };
    let mut builder = DomainBuilder::new(grid).manning(0.02).bed(|x, y| {
        500.0 + 0.8 * (x * 0.11).sin() * (y * 0.07).cos() + if (x - 90.0).hypot(y - 70.0) < 12.0 { 3.0 } else { 0.0 }
    });
    for row in 0..70 {
        for col in 0..90 {
            builder.blocked[row * 90 + col] = col % 15 < 6 && row % 12 < 5;
        }
    }
    let mut solver = LocalInertial::new(Arc::new(builder.build()), InertialSettings::default(), None);
    solver.set_level(|_, _| 501.5);
    let before = solver.depths_m();
    assert!(before.iter().any(|h| *h == 0.0) && before.iter().any(|h| *h > 1.0));
    run(&mut solver, 100.0, &RainSeries::dry());
    let worst = before.iter().zip(solver.depths_m()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(solver.largest_discharge_m2_s() <= 1e-6, "q {}", solver.largest_discharge_m2_s());
    assert!(worst <= 1e-6, "dh {worst}");
}

#[test]
fn stoker_dam_break_at_city_scale() {
    let Some(want) = data("analytic/stoker_city_scale.csv") else { return };
    let grid = line(5.0, 200);
    let domain = Arc::new(DomainBuilder::new(grid).manning(0.0).build());
    let mut solver = LocalInertial::new(domain, InertialSettings::default(), None);
    solver.set_depths(|c, _| if c < 100 { 2.0 } else { 0.5 });
    run(&mut solver, 40.0, &RainSeries::dry());
    let h = solver.depths_m();
    // The file has points every 2 m or so; take the exact depth nearest to each cell centre.
    let (mut off, mut all) = (0.0, 0.0);
    for (c, depth) in h.iter().enumerate() {
        let x = grid.centre_m(c, 0)[0];
        let near = want.iter().min_by(|a, b| (a[0] - x).abs().total_cmp(&(b[0] - x).abs())).unwrap();
        off += (f64::from(*depth) - near[1]).abs();
        all += near[1];
    }
    let top = h.iter().copied().fold(0.0, f32::max);
    println!(
        "Stoker city: L1 {:.2} %, highest {top:.4} m, error {:e}",
        100.0 * off / all,
        solver.ledger().error_relative
    );
    assert!(off / all <= 0.10);
    assert!(top <= 2.02);
    assert!(solver.ledger().error_relative <= 1e-6);
}

#[test]
fn ritter_dam_break_never_goes_negative() {
    let domain = Arc::new(DomainBuilder::new(line(5.0, 200)).manning(0.0).build());
    let mut solver = LocalInertial::new(domain, InertialSettings::default(), None);
    solver.set_depths(|c, _| if c < 100 { 2.0 } else { 0.0 });
    for k in 1..=60 {
        run(&mut solver, f64::from(k) * 0.5, &RainSeries::dry());
        assert!(solver.depths_m().iter().all(|h| *h >= 0.0 && h.is_finite()));
    }
    let h = solver.depths_m();
    let exact = |x: f64| {
        let (c0, s) = ((9.81_f64 * 2.0).sqrt(), (x - 500.0) / 30.0);
        if s <= -c0 {
            2.0
        } else if s < 2.0 * c0 {
            (2.0 * c0 - s) * (2.0 * c0 - s) / (9.0 * 9.81)
        } else {
            0.0
        }
    };
    let (mut off, mut all) = (0.0, 0.0);
    for (c, depth) in h.iter().enumerate() {
        let want = exact(5.0 * (c as f64 + 0.5));
        off += (f64::from(*depth) - want).abs();
        all += want;
    }
    println!("Ritter city: L1 {:.2} %, error {:e}", 100.0 * off / all, solver.ledger().error_relative);
    assert!(off / all <= 0.13);
    assert!(solver.ledger().error_relative <= 1e-6);
}

/// Outflow of a kinematic plane under steady rain (rising limb, plateau, recession), m²/s.
fn kinematic_outflow(t: f64) -> f64 {
    let (l, slope, n, rain, stop): (f64, f64, f64, f64, f64) = (100.0, 0.01, 0.02, 50.0 / 3.6e6, 1800.0);
    let a = slope.sqrt() / n;
    let full = (l / (a * rain.powf(2.0 / 3.0))).powf(0.6);
    if t <= stop {
        return a * (rain * t.min(full)).powf(5.0 / 3.0);
    }
    // Recession: L = a h^(2/3) (h/i + 5/3 (t - stop)).
    let (mut lo, mut hi) = (0.0, rain * full);
    for _ in 0..200 {
        let h: f64 = 0.5 * (lo + hi);
        if a * h.powf(2.0 / 3.0) * (h / rain + 5.0 / 3.0 * (t - stop)) > l { hi = h } else { lo = h }
    }
    a * lo.powf(5.0 / 3.0)
}

#[test]
fn rain_on_a_plane_runs_off_as_a_kinematic_wave() {
    if let Some(file) = data("analytic/rain_on_plane_outflow.csv") {
        for row in &file {
            assert!((kinematic_outflow(row[0]) - row[1]).abs() < 2e-6, "t {}", row[0]);
        }
    }
    for cell in [5.0, 1.0] {
        let cols = (100.0 / cell) as usize;
        let mut builder = DomainBuilder::new(line(cell, cols)).manning(0.02).bed(|x, _| 0.01 * (100.0 - x));
        builder.open.push(OpenCell { col: cols - 1, row: 0, slope: 0.01 });
        let mut solver = LocalInertial::new(Arc::new(builder.build()), InertialSettings::default(), None);
        let rain = RainSeries::uniform(50.0, 1800.0);
        let (mut out, mut all_out) = (0.0, Vec::new());
        for k in 1..=180 {
            let t = f64::from(k) * 20.0;
            run(&mut solver, t, &rain);
            let now = solver.ledger().outflow_m3;
            // m³ over 20 s and one cell of width.
            all_out.push((t - 10.0, (now - out) / 20.0 / cell));
            out = now;
        }
        let mean = all_out.iter().map(|(t, _)| kinematic_outflow(*t)).sum::<f64>() / all_out.len() as f64;
        let (mut off, mut spread, mut plateau) = (0.0, 0.0, 0.0_f64);
        for (t, q) in &all_out {
            let want = kinematic_outflow(*t);
            off += (q - want) * (q - want);
            spread += (want - mean) * (want - mean);
            if (1000.0..1780.0).contains(t) {
                plateau = plateau.max((q / 1.388889e-3 - 1.0).abs());
            }
        }
        let nse = 1.0 - off / spread;
        let ledger = solver.ledger();
        println!(
            "rain on plane dx {cell}: NSE {nse:.5}, plateau off {:.2} %, steps {}, error {:e}",
            100.0 * plateau,
            solver.steps(),
            ledger.error_relative
        );
        assert!(nse >= 0.995, "NSE {nse}");
        assert!(plateau <= 0.01, "plateau {plateau}");
        let kinematic: f64 = (0..3600).map(|t| kinematic_outflow(f64::from(t) + 0.5)).sum::<f64>() * cell;
        assert!((ledger.outflow_m3 / kinematic - 1.0).abs() <= 0.005, "volume {} {}", ledger.outflow_m3, kinematic);
        assert!(ledger.error_relative <= 1e-6);
    }
}
