//! The published flood figure: cell updates per second on the common case of the peers (1000 × 1000 cells
//! of 2 m, streets, blocks, buildings, rain 120 mm/h, every open cell wet).

use std::{sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};

use guanlan_core::Stamp;

use crate::{
    storm::RainSeries,
    surface::{Domain, DomainBuilder, Forcing, Grid, InertialSettings, LocalInertial, SurfaceSolver},
    water::WaterModel,
};

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

/// Measures the figures on this machine: cell updates per second on 1 and 2 threads, and how many times
/// faster than real time that is. Every cell of the raster counts, as for the peers.
#[must_use]
pub fn bench_flood() -> Vec<Figure> {
    let domain = Arc::new(town(1000, 1000, 2.0));
    let rain = RainSeries::uniform(120.0, 36_000.0);
    let mut figures = Vec::new();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new);
        let mut solver = LocalInertial::new(domain.clone(), InertialSettings::default(), pool);
        // Wet first: until the film flows everywhere there is nothing to measure.
        solver.advance(60.0, &mut Forcing { rain: &rain, drains: None });
        let (mut speed, mut ratio) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            let (steps, from) = (solver.steps(), solver.time_s());
            let began = Instant::now();
            solver.advance(from + 10.0, &mut Forcing { rain: &rain, drains: None });
            let wall = began.elapsed().as_secs_f64();
            speed.push((solver.steps() - steps) as f64 * domain.grid.len() as f64 / wall);
            ratio.push(10.0 / wall);
        }
        figures.push(Figure::of(&format!("flood_cell_updates_{threads}_threads"), "cells/s", speed));
        figures.push(Figure::of(&format!("flood_real_time_ratio_{threads}_threads"), "x", ratio));
        let error = solver.ledger().error_relative;
        figures.push(Figure::of(&format!("flood_mass_error_{threads}_threads"), "relative", vec![error]));
    }
    figures.push(frame_figure());
    figures
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
