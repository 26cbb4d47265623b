//! The published flood figures: cell updates per second, real-time ratio and share of the machine's memory
//! bandwidth on the common case of the peers (1000 × 1000 cells of 2 m, streets, blocks, buildings, rain
//! 120 mm/h, every open cell wet), for both kernels, with and without drains; the drains alone.

mod bandwidth;
mod sewers;

use std::{sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};

use guanlan_core::Stamp;

use crate::{
    drains::{DrainPlan, Drains, InletSettings, Scheme},
    storm::RainSeries,
    surface::{
        Domain, DomainBuilder, Forcing, Fv1, Fv1Settings, Grid, InertialSettings, LocalInertial, SurfaceMaker,
        SurfaceSolver,
    },
    water::WaterModel,
};

pub use sewers::grid_of_sewers;

/// One measured figure, as `guanlan bench … --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Name.
    pub name: String,
    /// Median.
    pub value: f64,
    /// Unit.
    pub unit: String,
    /// Number of samples.
    pub samples: usize,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Processor and threads.
    pub machine: String,
}

impl Figure {
    /// A figure from samples.
    #[must_use]
    pub fn of(name: &str, unit: &str, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let k = ((samples.len() as f64 * share).ceil() as usize).clamp(1, samples.len().max(1)) - 1;
            samples.get(k).copied().unwrap_or(0.0)
        };
        Self {
            name: name.into(),
            value: at(0.5),
            unit: unit.into(),
            samples: samples.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            machine: machine(),
        }
    }
}

fn machine() -> String {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split(": ").nth(1)).map(str::to_owned)
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{model}, {threads} CPUs")
}

/// A made-up town: a gently waved plain, streets every 60 to 100 m a kerb lower, buildings in the blocks.
#[must_use]
pub fn town(cols: usize, rows: usize, cell_m: f64) -> Domain {
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m, cols, rows };
    let mut builder = DomainBuilder::new(grid);
    let street = |v: f64, block: f64| (v / block).fract() * block < 12.0;
    for row in 0..rows {
        for col in 0..cols {
            let [x, y] = grid.centre_m(col, row);
            let k = row * cols + col;
            let wave = 0.6 * (x * 0.004).sin() + 0.5 * (y * 0.005 + 1.0).sin() + 0.2 * (x * 0.021 + y * 0.017).sin();
            let on_street = street(x, 96.0) || street(y, 72.0);
            builder.bed_m[k] = (3.0 + 0.0008 * x + 0.0005 * y + wave - if on_street { 0.15 } else { 0.0 }) as f32;
            builder.manning[k] = if on_street { 0.018 } else { 0.035 };
            let (u, v) = ((x / 96.0).fract() * 96.0, (y / 72.0).fract() * 72.0);
            let house = (20.0..50.0).contains(&u) || (58.0..88.0).contains(&u);
            if house && ((20.0..38.0).contains(&v) || (46.0..64.0).contains(&v)) {
                builder.blocked[k] = true;
                builder.roof[k] = true;
            }
        }
    }
    builder.build()
}

/// A machine's pools of threads to measure on: one, two, and all when that is more.
fn pools() -> Vec<(usize, Option<Arc<rayon::ThreadPool>>)> {
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut counts = vec![1, 2, all];
    counts.retain(|n| *n <= all.max(2));
    counts.dedup();
    let pool = |n: usize| rayon::ThreadPoolBuilder::new().num_threads(n).build().ok().map(Arc::new);
    counts.into_iter().map(|n| (n, pool(n))).collect()
}

/// Measures the figures on this machine. Every cell of the raster counts, as for the peers.
#[must_use]
pub fn bench_flood() -> Vec<Figure> {
    let domain = Arc::new(town(1000, 1000, 2.0));
    let mut figures = Vec::new();
    for (threads, pool) in pools() {
        let bytes = bandwidth::bytes_per_s(pool.as_deref());
        let limit = bytes / bandwidth::BYTES_A_CELL;
        figures.push(Figure::of(&format!("memory_triad_{threads}_threads"), "B/s", vec![bytes]));
        figures.push(Figure::of(&format!("memory_limit_{threads}_threads"), "cells/s", vec![limit]));
        let mut a = LocalInertial::new(domain.clone(), InertialSettings::default(), pool.clone());
        figures.extend(race("flood", threads, &mut a, None, 9, limit));
        let mut b = Fv1::new(domain.clone(), Fv1Settings::default(), pool.clone());
        figures.extend(race("flood_fv1", threads, &mut b, None, 5, limit));
        let plan = Arc::new(DrainPlan::new(&grid_of_sewers(63, 64, 30.0), &domain, InletSettings::default()));
        let mut coupled = LocalInertial::new(domain.clone(), InertialSettings::default(), pool);
        figures.extend(race("flood_with_4032_manholes", threads, &mut coupled, Some(Drains::new(plan)), 5, limit));
    }
    figures.push(drains_figure());
    figures.push(frame_figure());
    figures
}

/// The same figures with the local inertial kernel made elsewhere than on the processor: the common case, the same
/// with drains, and 16 million cells; `threads` is 0 in their names.
///
/// # Errors
/// When it cannot be made.
pub fn bench_flood_on(surface: &SurfaceMaker) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    let settings = InertialSettings::default();
    let domain = Arc::new(town(1000, 1000, 2.0));
    figures.extend(race("flood_gpu", 0, &mut *surface(domain.clone(), settings)?, None, 9, 0.0));
    let plan = Arc::new(DrainPlan::new(&grid_of_sewers(63, 64, 30.0), &domain, InletSettings::default()));
    let mut coupled = surface(domain, settings)?;
    figures.extend(race("flood_gpu_with_4032_manholes", 0, &mut *coupled, Some(Drains::new(plan)), 5, 0.0));
    drop(coupled);
    // A software device would take hours.
    let fast = figures.first().is_some_and(|f| f.value > 1.0e9);
    if fast {
        let large = Arc::new(town(4000, 4000, 2.0));
        figures.extend(race("flood_gpu_16m_cells", 0, &mut *surface(large, settings)?, None, 5, 0.0));
    }
    figures.retain(|f| !f.name.contains("bandwidth_share"));
    Ok(figures)
}

/// Speed, real-time ratio, share of the memory limit and mass error of one solver on the common case.
fn race(
    name: &str,
    threads: usize,
    solver: &mut dyn SurfaceSolver,
    mut drains: Option<Drains>,
    samples: usize,
    limit: f64,
) -> [Figure; 4] {
    let rain = RainSeries::uniform(120.0, 36_000.0);
    let cells = solver.domain().grid.len() as f64;
    // Wet first: until the film flows everywhere there is nothing to measure.
    solver.advance(60.0, &mut Forcing { rain: &rain, drains: drains.as_mut() });
    let (mut speed, mut ratio) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let (steps, from) = (solver.steps(), solver.time_s());
        let began = Instant::now();
        solver.advance(from + 10.0, &mut Forcing { rain: &rain, drains: drains.as_mut() });
        let wall = began.elapsed().as_secs_f64();
        speed.push((solver.steps() - steps) as f64 * cells / wall);
        ratio.push(10.0 / wall);
    }
    let share = speed.iter().map(|s| s / limit).collect();
    let error = vec![solver.ledger().error_relative];
    [
        Figure::of(&format!("{name}_cell_updates_{threads}_threads"), "cells/s", speed),
        Figure::of(&format!("{name}_real_time_ratio_{threads}_threads"), "x", ratio),
        Figure::of(&format!("{name}_bandwidth_share_{threads}_threads"), "share", share),
        Figure::of(&format!("{name}_mass_error_{threads}_threads"), "relative", error),
    ]
}

/// How many times faster than real time 4032 manholes under a storm run alone on one core.
fn drains_figure() -> Figure {
    let mut drains = Drains::new(Arc::new(DrainPlan::alone(&grid_of_sewers(63, 64, 30.0), Scheme::Implicit)));
    drains.run_to(600.0);
    let samples = (1..=5).map(|k| {
        let began = Instant::now();
        drains.run_to(600.0 + f64::from(k) * 120.0);
        120.0 / began.elapsed().as_secs_f64()
    });
    Figure::of("drains_4032_manholes_real_time_ratio_1_threads", "x", samples.collect())
}

/// Wall time of one water frame of a room: 10 s of rain on 600 × 600 cells of 10 m, 2 threads, with a deep
/// underpass that sets the time step.
fn frame_figure() -> Figure {
    let pool = crate::low_priority_pool(2).ok();
    let domain = Arc::new(town(600, 600, 10.0));
    let mut solver = LocalInertial::new(domain, InertialSettings::default(), pool);
    solver.set_depths(|c, r| if c == 300 && (300..304).contains(&r) { 4.0 } else { 0.0 });
    let start = Stamp::from_secs(0);
    let mut model = WaterModel::from_parts(solver, None, RainSeries::uniform(120.0, 36_000.0), start, 10);
    model.advance_to(start + 120_000);
    let samples = (1..=20).map(|k| {
        let began = Instant::now();
        model.advance_to(start + 120_000 + k * 10_000);
        began.elapsed().as_secs_f64() * 1000.0
    });
    Figure::of("water_frame_10s_600x600_2_threads", "ms", samples.collect())
}
