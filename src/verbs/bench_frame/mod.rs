//! `guanlan bench frame`: what a frame costs.
//!
//! The workload is a city with sensors that change, crews that drive, cases and water under a circling camera;
//! the frames are the room's own, drawn as fast as they come. Times are CPU time unless the name says otherwise.

mod drive;
mod race;
mod town;

use guanlan_rainstorm::Figure;
use guanlan_stage::{
    StagePlugin,
    bench::{Adapter, BenchApp, FrameSpec, Frames, Sample, eye, water},
};

use self::drive::Driver;
use crate::{
    args::FrameArgs,
    exit::{Failure, bad_input, failed},
};

/// Vertical angle of view of the race, degrees.
const RACE_FOV_DEG: f32 = 45.0;

/// Measures and returns the figures.
pub fn run(args: &FrameArgs) -> Result<Vec<Figure>, Failure> {
    let adapter: Adapter = args.adapter.parse().map_err(|e| bad_input(format!("--adapter {e}")))?;
    let load = match &args.workload {
        Some(folder) => race::load(folder, args)?,
        None if args.demo => town::demo(args)?,
        None => town::make(args),
    };
    let args = &FrameArgs { full: args.full || args.demo, ..args.clone() };
    let spec = FrameSpec { size: args.size, adapter, warmup_s: args.warmup, measure_s: args.seconds };
    let city = load.city.clone();
    let mut app = BenchApp::new(spec, |app| {
        app.add_plugins(StagePlugin::new(city));
        app.add_plugins(guanlan_markers::MarkersPlugin);
        app.add_plugins(water::plugin);
        app.insert_resource(eye::FieldOfView(RACE_FOV_DEG));
        if !args.full {
            app.insert_resource(eye::Bare);
        }
    })
    .map_err(failed)?;
    let mut driver = Driver::new(load, args);
    let frames = app.run(|world, t| driver.drive(world, t));
    if let Some(path) = &args.still {
        app.save(path).map_err(failed)?;
    }
    Ok(figures(&frames))
}

fn figures(frames: &Frames) -> Vec<Figure> {
    let of = |name: &str, unit: &str, value: fn(&Sample) -> f64| {
        let samples: Vec<f64> = frames.samples.iter().map(value).collect();
        mean(&format!("frame_{name}"), unit, samples, &frames.adapter)
    };
    let one = |name: &str, unit: &str, value: f64| mean(name, unit, vec![value], &frames.adapter);
    let mut all = vec![
        of("cpu_all_threads", "ms", |s| s.process_ms),
        of("cpu_main_thread", "ms", |s| s.main_ms),
        of("wall", "ms", |s| s.wall_ms),
        of("draw_calls", "calls", |s| s.draws as f64),
        of("uploaded", "bytes", |s| s.bytes as f64),
        one("frame_first_full", "s", frames.first_full_frame_s),
        one("memory_resident", "MB", frames.rss_bytes as f64 / 1e6),
        one("memory_peak", "MB", frames.peak_bytes as f64 / 1e6),
    ];
    if !frames.gpu_ms.is_empty() {
        all.push(mean("frame_gpu", "ms", frames.gpu_ms.clone(), &frames.adapter));
    }
    all
}

/// A figure whose value is the mean: a stall once a second must not vanish in a median.
fn mean(name: &str, unit: &str, samples: Vec<f64>, adapter: &str) -> Figure {
    let value = samples.iter().sum::<f64>() / samples.len().max(1) as f64;
    let mut figure = Figure::of(name, unit, samples);
    figure.value = value;
    figure.machine = format!("{}, {adapter}", figure.machine);
    figure
}
