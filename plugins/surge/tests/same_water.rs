//! The device's solver against the processor's and against closed solutions. Runs on whatever adapter there is,
//! software included; without one it says so and passes.

use std::sync::{Arc, OnceLock};

use guanlan_rainstorm::{
    bench::{grid_of_sewers, town},
    drains::{DrainPlan, Drains, InletSettings},
    storm::RainSeries,
    surface::{
        Boundary, BoundaryKind, Domain, DomainBuilder, FixedLevel, Forcing, GreenAmptSoil, Grid, InertialSettings,
        LocalInertial, LossModel, OpenCell, SurfaceSolver, Taken,
    },
};
use guanlan_surge::{Gpu, Surge, Wanted};

fn gpu() -> Option<Arc<Gpu>> {
    static GPU: OnceLock<Option<Arc<Gpu>>> = OnceLock::new();
    GPU.get_or_init(|| match Gpu::open(Wanted::Any) {
        Ok(gpu) => {
            println!("on {}{}", gpu.name(), if gpu.is_software() { " (software)" } else { "" });
            Some(gpu)
        }
        Err(error) => {
            println!("left out: {error}");
            None
        }
    })
    .clone()
}

/// Both solvers on one domain; `None` without a device.
fn both(domain: Domain) -> Option<(Surge, LocalInertial)> {
    let domain = Arc::new(domain);
    let settings = InertialSettings::default();
    let surge = Surge::new(gpu()?, domain.clone(), settings).unwrap();
    Some((surge, LocalInertial::new(domain, settings, None)))
}

fn grid(cell_m: f64, cols: usize, rows: usize) -> Grid {
    Grid { west_m: 0.0, south_m: 0.0, cell_m, cols, rows }
}

fn run(solver: &mut dyn SurfaceSolver, until_s: f64, rain: &RainSeries) {
    solver.advance(until_s, &mut Forcing { rain, drains: None });
}

/// Greatest and root mean square difference of depths, m.
fn apart(a: &dyn SurfaceSolver, b: &dyn SurfaceSolver) -> (f64, f64) {
    let (a, b) = (a.depths_m(), b.depths_m());
    let off = |(x, y): (&f32, &f32)| f64::from((x - y).abs());
    let square: f64 = a.iter().zip(&b).map(off).map(|d| d * d).sum::<f64>() / a.len() as f64;
    (a.iter().zip(&b).map(off).fold(0.0, f64::max), square.sqrt())
}

/// Books close, no cell was overdrawn, no depth is no number.
fn sound(surge: &Surge) {
    let books = surge.ledger();
    assert!(books.error_relative <= 1.0e-12, "{books:?}");
    assert_eq!(surge.overdrawn(), 0);
    assert!(surge.depths_m().iter().all(|h| h.is_finite() && *h >= 0.0));
}

/// A rough town: hills, kerbs, buildings with roofs.
fn rough(cols: usize, rows: usize) -> DomainBuilder {
    let mut seed = 7_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f64 / 16_777_216.0
    };
    let mut builder = DomainBuilder::new(grid(2.0, cols, rows));
    for k in 0..cols * rows {
        let (x, y) = ((k % cols) as f64, (k / cols) as f64);
        let hills = 0.8 * (x * 0.06).sin() * (y * 0.05).cos() + 0.004 * x;
        builder.bed_m[k] = (500.0 + hills + 0.05 * random()) as f32;
        builder.manning[k] = if random() < 0.3 { 0.018 } else { 0.035 };
        builder.blocked[k] = (k % cols) % 24 > 12 && (k / cols) % 20 > 11;
        builder.roof[k] = builder.blocked[k];
    }
    builder
}

#[test]
fn a_lake_stays_at_rest() {
    let Some((mut surge, _)) = both(rough(70, 50).build()) else { return };
    surge.fill_level(&|_, _| 500.6);
    let before = surge.depths_m();
    run(&mut surge, 100.0, &RainSeries::dry());
    let moved = surge.depths_m().iter().zip(&before).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("moved {moved:e} m, {} steps", surge.steps());
    // The level is no multiple of the f32 step at every bed.
    assert!(moved <= 1.0e-6);
    sound(&surge);
}

#[test]
fn a_dam_break_runs_as_on_the_processor() {
    let Some((mut surge, mut cpu)) = both(DomainBuilder::new(grid(5.0, 400, 1)).manning(0.0).build()) else { return };
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        solver.fill_depths(&|c, _| if c < 100 { 2.0 } else { 0.5 });
        run(solver, 40.0, &RainSeries::dry());
    }
    let (most, rms) = apart(&surge, &cpu);
    println!("wet dam break: {most:e} m at most, {rms:e} m rms");
    assert!(rms <= 2.0e-3 && most <= 0.02);
    let (mut surge, mut cpu) = both(DomainBuilder::new(grid(5.0, 300, 1)).manning(0.0).build()).unwrap();
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        solver.fill_depths(&|c, _| if c < 100 { 2.0 } else { 0.0 });
        run(solver, 30.0, &RainSeries::dry());
    }
    let exact = |x: f64| -> f64 {
        let c0 = (9.81_f64 * 2.0).sqrt();
        let s = (x - 500.0) / 30.0;
        if s <= -c0 {
            2.0
        } else if s >= 2.0 * c0 {
            0.0
        } else {
            (2.0 * c0 - s).powi(2) / (9.0 * 9.81)
        }
    };
    let (mut off, mut all) = (0.0, 0.0);
    for (c, h) in surge.depths_m().iter().enumerate() {
        let want = exact((c as f64 + 0.5) * 5.0);
        off += (f64::from(*h) - want).abs();
        all += want;
    }
    let (most, rms) = apart(&surge, &cpu);
    println!("dry dam break: L1 {:.2} %, against the processor {most:e} m, {rms:e} m rms", 100.0 * off / all);
    assert!(off / all <= 0.13 && rms <= 5.0e-3);
    sound(&surge);
}

#[test]
fn thacker_s_lake_keeps_its_water() {
    let bowl = DomainBuilder::new(grid(0.04, 100, 100))
        .manning(0.0)
        .bed(|x, y| -0.1 * (1.0 - (x - 2.0).powi(2) - (y - 2.0).powi(2)))
        .build();
    let Some((mut surge, mut cpu)) = both(bowl) else { return };
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        let g = solver.domain().grid;
        solver.fill_depths(&|c, r| {
            let [x, y] = g.centre_m(c, r);
            let (x, y) = (x - 2.0, y - 2.0);
            (0.05 * (2.0 * x - 0.5) + 0.1 * (1.0 - x * x - y * y)).max(0.0) as f32
        });
        run(solver, 1.0, &RainSeries::dry());
    }
    let (most, rms) = apart(&surge, &cpu);
    println!("Thacker: {most:e} m at most, {rms:e} m rms");
    assert!(rms <= 5.0e-4);
    sound(&surge);
}

#[test]
fn rain_on_a_plane_runs_off_as_the_kinematic_wave_does() {
    let cols = 100;
    let mut builder = DomainBuilder::new(grid(1.0, cols, 1)).manning(0.02).bed(|x, _| 1.0 - 0.01 * x);
    builder.open = vec![OpenCell { col: cols - 1, row: 0, slope: 0.01 }];
    let Some((mut surge, mut cpu)) = both(builder.build()) else { return };
    let rain = RainSeries::uniform(50.0, 1800.0);
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        run(solver, 1500.0, &rain);
    }
    let from = surge.ledger().outflow_m3;
    run(&mut surge, 1600.0, &rain);
    let plateau = (surge.ledger().outflow_m3 - from) / 100.0;
    let (most, rms) = apart(&surge, &cpu);
    println!("plane: plateau {plateau:.6} m³/s, against the processor {most:e} m, {rms:e} m rms");
    assert!((plateau / 1.388_89e-3 - 1.0).abs() < 0.01);
    sound(&surge);
}

#[test]
fn a_town_under_rain_is_the_same_on_both() {
    let mut builder = rough(190, 130);
    builder.losses[0] = LossModel::RunoffCoefficient(0.85);
    let Some((mut surge, mut cpu)) = both(builder.build()) else { return };
    let rain = RainSeries::uniform(120.0, 900.0);
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        run(solver, 600.0, &rain);
    }
    let (most, rms) = apart(&surge, &cpu);
    let (a, b) = (surge.ledger(), cpu.ledger());
    println!("town: {most:e} m at most, {rms:e} m rms; {} steps, {}", surge.steps(), cpu.steps());
    println!("{a:?}\n{b:?}");
    // Time steps differ in their last places; ponds and films agree to a fifth of a millimetre (rms).
    assert!(rms <= 2.0e-4 && most <= 5.0e-3);
    assert!((a.infiltration_m3 / b.infiltration_m3 - 1.0).abs() < 1.0e-6);
    sound(&surge);
}

#[test]
fn soils_take_what_the_formulas_say() {
    let soil = GreenAmptSoil { conductivity_mm_h: 10.9, suction_mm: 110.1, deficit: 0.246 };
    let horton = LossModel::Horton { f0_mm_h: 76.2, fc_mm_h: 12.7, k_per_h: 4.14 };
    let cases = [
        (LossModel::GreenAmpt(soil), 40.0, 0.0, 29.7278),
        (LossModel::GreenAmpt(soil), 0.0, 0.5, 32.0482),
        (horton, 0.0, 0.5, 27.794),
    ];
    for (loss, rain_mm_h, ponded_m, want_mm) in cases {
        let mut builder = DomainBuilder::new(grid(1.0, 3, 2));
        builder.losses = [loss; 6];
        let Some((mut surge, _)) = both(builder.build()) else { return };
        surge.fill_depths(&|_, _| ponded_m);
        run(&mut surge, 3600.0, &RainSeries::uniform(rain_mm_h, 3600.0));
        let got = surge.ledger().infiltration_m3 * 1000.0 / 6.0;
        println!("{loss:?}: {got:.4} mm, {want_mm}");
        assert!((got / want_mm - 1.0).abs() < 2.0e-4);
        sound(&surge);
    }
}

#[test]
fn boundaries_bring_exactly_their_water() {
    let mut builder = rough(60, 40);
    builder.fixed = (0..40).map(|row| FixedLevel { col: 0, row, depth_m: 0.2 }).collect();
    builder.open = (0..40).map(|row| OpenCell { col: 59, row, slope: 0.01 }).collect();
    let Some((mut surge, mut cpu)) = both(builder.build()) else { return };
    let points = vec![[5.0, 0.0], [15.0, 6.55], [25.0, 6.55], [35.0, 0.0]];
    let flow = Boundary::new(BoundaryKind::FlowM3S, vec![(30, 20), (31, 20)], points).unwrap();
    let stage = Boundary::new(BoundaryKind::LevelM, vec![(30, 0)], vec![[0.0, 500.0], [60.0, 501.5]]).unwrap();
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        solver.follow(vec![flow.clone(), stage.clone()]);
        run(solver, 90.0, &RainSeries::dry());
    }
    let (a, b) = (surge.ledger(), cpu.ledger());
    let (most, rms) = apart(&surge, &cpu);
    println!("in {} {}, out {} {}; {most:e} m, {rms:e} m rms", a.inflow_m3, b.inflow_m3, a.outflow_m3, b.outflow_m3);
    assert!((a.inflow_m3 / b.inflow_m3 - 1.0).abs() < 0.02 && (a.outflow_m3 / b.outflow_m3 - 1.0).abs() < 0.02);
    assert!(rms < 2.0e-3);
    sound(&surge);
}

#[test]
fn drains_and_the_device_share_every_drop() {
    let domain = town(240, 240, 2.0);
    let network = grid_of_sewers(14, 14, 30.0);
    let drains = || Drains::new(Arc::new(DrainPlan::new(&network, &domain, InletSettings::default())));
    let (mut wet, mut wet_cpu) = (drains(), drains());
    let Some((mut surge, mut cpu)) = both(domain.clone()) else { return };
    let rain = RainSeries::uniform(120.0, 900.0);
    surge.advance(240.0, &mut Forcing { rain: &rain, drains: Some(&mut wet) });
    cpu.advance(240.0, &mut Forcing { rain: &rain, drains: Some(&mut wet_cpu) });
    let (a, b) = (surge.ledger(), cpu.ledger());
    println!("drained {} {}; error {:e}", a.drained_m3, b.drained_m3, a.error_m3);
    // Exchanges fall on other instants: once a second here, after the step that passes a second there.
    assert!((a.drained_m3 / b.drained_m3 - 1.0).abs() < 0.02);
    assert!((a.drained_m3 - wet.ledger().taken_m3).abs() <= 1.0e-9 * a.drained_m3);
    assert!((a.surcharged_m3 - wet.ledger().returned_m3).abs() <= 1.0e-9 * a.drained_m3);
    sound(&surge);
}

#[test]
fn pumps_pour_and_take_and_sandbags_hold() {
    let Some((mut surge, mut cpu)) = both(DomainBuilder::new(grid(2.0, 40, 20)).build()) else { return };
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut cpu] {
        solver.edit_domain(&mut |d: &mut Domain| {
            d.set_crests((0..20).map(|row| (20, row, true, 0.5)));
        });
        solver.fill_depths(&|c, _| if c < 20 { 0.7 } else { 0.0 });
        run(solver, 5.0, &RainSeries::dry());
        assert!((solver.pour_m3(30, 10, 2.0) - 2.0).abs() < 1.0e-6);
        assert!((solver.take_m3(5, 5, 0.4, Taken::Removed) - 0.4).abs() < 1.0e-6);
        // No more than is there.
        assert!(solver.take_m3(39, 19, 1.0e6, Taken::Removed) < 10.0);
        run(solver, 20.0, &RainSeries::dry());
    }
    let (most, rms) = apart(&surge, &cpu);
    println!("crest: {most:e} m, {rms:e} m rms");
    assert!(rms < 1.0e-3);
    sound(&surge);
    // Without the crest the water levels out.
    surge.edit_domain(&mut |d: &mut Domain| d.set_crests([]));
    run(&mut surge, 400.0, &RainSeries::dry());
    let depths = surge.depths_m();
    let (low, high) = depths.iter().fold((f32::MAX, 0.0_f32), |(l, h), d| (l.min(*d), h.max(*d)));
    assert!(high - low < 0.1, "{low} {high}");
    sound(&surge);
}

#[test]
fn forks_and_saved_states_go_on_bit_for_bit() {
    let Some((mut surge, mut cpu)) = both(rough(70, 50).build()) else { return };
    let rain = RainSeries::uniform(90.0, 300.0);
    run(&mut surge, 60.0, &rain);
    let saved = surge.save();
    let mut fork = surge.boxed();
    let mut again =
        Surge::new(surge.gpu().clone(), Arc::new(surge.domain().clone()), InertialSettings::default()).unwrap();
    assert!(again.restore(&saved));
    for solver in [&mut surge as &mut dyn SurfaceSolver, &mut *fork, &mut again] {
        run(solver, 120.0, &rain);
    }
    let bits = |s: &dyn SurfaceSolver| -> Vec<u32> { s.depths_m().iter().map(|h| h.to_bits()).collect() };
    assert!(bits(&surge) == bits(&*fork), "fork");
    assert!(bits(&surge) == bits(&again), "saved state");
    sound(&surge);
    sound(&again);
    // A state of the processor is taken up, too.
    run(&mut cpu, 60.0, &rain);
    assert!(again.restore(&cpu.save()));
    run(&mut again, 120.0, &rain);
    run(&mut cpu, 120.0, &rain);
    let (most, rms) = apart(&again, &cpu);
    println!("after the processor: {most:e} m, {rms:e} m rms");
    assert!(rms < 1.0e-4 && again.ledger().error_relative < 1.0e-8);
}

#[test]
fn dry_country_costs_nothing() {
    let Some((mut surge, _)) = both(DomainBuilder::new(grid(2.0, 640, 320)).build()) else { return };
    surge.fill_depths(&|c, r| if (c == 100 || c == 600) && r == 45 { 1.0 } else { 0.0 });
    run(&mut surge, 6.0, &RainSeries::dry());
    let share = surge.cell_updates() as f64 / (surge.steps() * 640 * 320) as f64;
    println!("{:.1} % of the cells computed in {} steps", 100.0 * share, surge.steps());
    assert!(share < 0.1);
    sound(&surge);
}

#[test]
fn depths_reach_a_texture_without_the_processor() {
    let Some((mut surge, _)) = both(rough(70, 50).build()) else { return };
    surge.fill_level(&|_, _| 500.6);
    run(&mut surge, 1.0, &RainSeries::dry());
    let view = surge.depth_view();
    assert_eq!((view.cols, view.rows, view.stride % 64), (70, 50, 0));
    assert!(view.buffer.size() >= 4 * u64::from(view.stride) * 53);
}
