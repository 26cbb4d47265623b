//! One run of a scenario from start to end, and what it leaves in a folder.

use std::{
    fs, io,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use guanlan_city::{City, export_tiff::write_geotiff_f32, model::PlaceKind};
use guanlan_core::{AlertLevel, Bilingual, ObservedProperty};
use serde::{Deserialize, Serialize};

use crate::{
    bed::{BedError, domain_of},
    drains::{DrainLedger, Drains},
    impact::{Impact, ImpactWatch, Thresholds, cells_near},
    scenario::{Scenario, ScenarioError},
    storm::rain_signal,
    surface::{Forcing, Ledger, LocalInertial, SurfaceSolver},
    water::drains_of,
};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Simulated so far, s.
    pub simulated_s: f64,
    /// To simulate in all, s.
    pub total_s: f64,
    /// Deepest water so far, rivers left out, m.
    pub deepest_m: f32,
}

/// What the caller wants of a run besides the scenario.
#[derive(Default)]
pub struct SimulateOptions<'a> {
    /// Cell side instead of the scenario's, m.
    pub cell_m: Option<f64>,
    /// Threads; 0 takes what the machine has.
    pub threads: usize,
    /// Called about every simulated minute.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
    /// Ends the run early when it becomes true.
    pub cancel: Option<&'a AtomicBool>,
}

/// A run cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The city.
    #[error(transparent)]
    Bed(#[from] BedError),
    /// Threads.
    #[error("no threads: {0}")]
    Threads(String),
    /// The caller ended it.
    #[error("cancelled after {0:.0} s of simulated time")]
    Cancelled(f64),
}

/// `summary.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the scenario.
    pub scenario: Bilingual,
    /// Name of the city.
    pub city: Bilingual,
    /// CRS of the rasters.
    pub epsg: u32,
    /// Cells, blocked ones included.
    pub cells: usize,
    /// Cells water can enter.
    pub open_cells: usize,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// Cell side, m.
    pub cell_size_m: f64,
    /// Time steps.
    pub steps: u64,
    /// Simulated time, s.
    pub simulated_s: f64,
    /// Time the run took, s.
    pub wall_s: f64,
    /// Threads.
    pub threads: usize,
    /// Simulated over wall time.
    pub real_time_ratio: f64,
    /// Cells computed, dry rows left out.
    pub cell_updates: u64,
    /// Scheme.
    pub solver: String,
    /// Rain in all, mm.
    pub rain_mm: f64,
    /// Highest mean intensity of one minute, mm/h.
    pub rain_peak_mm_h: f64,
    /// Signal the rain would justify.
    pub rain_signal: AlertLevel,
    /// Books of the surface.
    pub ledger: Ledger,
    /// Books of the drains, when they took part.
    pub drains: Option<DrainLedger>,
    /// Inlets that can take water.
    pub inlets: usize,
    /// Deepest water anywhere, rivers left out, m.
    pub max_depth_m: f32,
    /// Area that had more than 15 cm of water, m².
    pub area_over_15cm_m2: f64,
    /// What was guessed or left out.
    pub notes: Vec<String>,
}

/// Depths at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthFrame {
    /// After the start, s.
    pub at_s: f64,
    /// m, row-major from the south-west; NaN on blocked cells and held water.
    pub depth_m: Vec<f32>,
}

/// A place whose depth is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Sensor id, or the name of an underpass.
    pub id: String,
    /// Cells it stands for; the deepest counts.
    pub cells: Vec<(usize, usize)>,
}

/// Everything a run brings.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Figures.
    pub summary: Summary,
    /// West, south edge in the city's local frame, m.
    pub corner_m: [f64; 2],
    /// Origin of the local frame in the CRS, m.
    pub origin: [f64; 2],
    /// Deepest water of each cell, m; NaN on blocked cells and held water.
    pub max_depth_m: Vec<f32>,
    /// Depths at every output.
    pub frames: Vec<DepthFrame>,
    /// Places followed.
    pub gauges: Vec<Gauge>,
    /// Lines of the series: time s, rain mm/h, then one depth in m for each gauge.
    pub series: Vec<(f64, f64, Vec<f32>)>,
    /// Consequences.
    pub impact: Impact,
}

/// Simulated time between two looks at maxima, s.
const LOOK_S: f64 = 5.0;
/// Longest time between two lines of the series, s.
const SERIES_S: f64 = 60.0;

/// Runs a scenario on a city.
///
/// # Errors
/// When the scenario or the terrain makes no sense, or the caller cancels.
pub fn simulate(city: &City, scenario: &Scenario, options: SimulateOptions<'_>) -> Result<Outcome, SimulateError> {
    let began = Instant::now();
    let mut options = options;
    let mut scenario = scenario.clone();
    if let Some(cell_m) = options.cell_m {
        scenario.cell_m = cell_m;
    }
    scenario.check()?;
    let rain = scenario.rain()?;
    let total_s = scenario.duration_s(&rain);
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    let pool = if threads > 1 {
        let made =
            rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|k| format!("simulate-{k}")).build();
        Some(Arc::new(made.map_err(|e| SimulateError::Threads(e.to_string()))?))
    } else {
        None
    };
    let domain = Arc::new(domain_of(city, &scenario.bed(scenario.cell_m))?);
    let mut drains = drains_of(city, &scenario, &domain)?;
    let mut solver = LocalInertial::new(domain.clone(), scenario.inertial(), pool);
    let grid = domain.grid;

    let gauges = gauges_of(city, &domain);
    let mut watch = ImpactWatch::new(city, &domain, Thresholds::default());
    let mut max_depth_m = vec![0.0_f32; grid.len()];
    let (mut frames, mut series) = (Vec::new(), Vec::new());
    let output_s = scenario.output_min * 60.0;
    let series_s = output_s.min(SERIES_S);
    let read = |solver: &LocalInertial| {
        let depth = |g: &Gauge| g.cells.iter().map(|(c, r)| solver.depth_at_m(*c, *r)).fold(0.0, f32::max);
        (solver.time_s(), rain.intensity_mm_h(solver.time_s()), gauges.iter().map(depth).collect::<Vec<f32>>())
    };
    series.push(read(&solver));
    let (mut next_output, mut next_series, mut looked_s) = (1_u64, 1_u64, 0.0);
    let mut next_look = 1_u64;
    while solver.time_s() < total_s {
        if options.cancel.is_some_and(|c| c.load(Ordering::Relaxed)) {
            return Err(SimulateError::Cancelled(solver.time_s()));
        }
        let stops = [next_output as f64 * output_s, next_series as f64 * series_s, next_look as f64 * LOOK_S];
        let until = stops.into_iter().fold(total_s, f64::min);
        solver.advance(until, &mut Forcing { rain: &rain, drains: drains.as_mut() });
        let now = solver.time_s();
        solver.for_rows(&mut |row, depths| {
            for (top, h) in max_depth_m[row * grid.cols..].iter_mut().zip(depths) {
                *top = if *h > *top { *h } else { *top };
            }
        });
        for cell in domain.held() {
            max_depth_m[cell.row * grid.cols + cell.col] = 0.0;
        }
        if now >= stops[2] {
            next_look += 1;
        }
        if now >= stops[1] || now >= total_s {
            next_series += 1;
            watch.look(&solver, now - looked_s);
            looked_s = now;
            series.push(read(&solver));
            if let Some(progress) = options.progress.as_mut() {
                let deepest_m = max_depth_m.iter().copied().fold(0.0, f32::max);
                progress(Progress { simulated_s: now, total_s, deepest_m });
            }
        }
        if now >= stops[0] || now >= total_s {
            next_output += 1;
            frames.push(DepthFrame { at_s: now, depth_m: masked(solver.depths_m(), &domain) });
        }
    }
    let impact = watch.finish(city, &domain, &max_depth_m);
    let max_depth_m = masked(max_depth_m, &domain);
    let wet = max_depth_m.iter().filter(|h| **h > 0.15).count() as f64;
    let wall_s = began.elapsed().as_secs_f64();
    let peak = (0..(rain.end_s() / 60.0).ceil() as usize)
        .map(|m| rain.between_mm(m as f64 * 60.0, (m + 1) as f64 * 60.0) * 60.0)
        .fold(0.0, f64::max);
    let summary = Summary {
        scenario: (&scenario.name).into(),
        city: city.name.clone(),
        epsg: city.epsg,
        cells: grid.len(),
        open_cells: domain.open_cells(),
        cols: grid.cols,
        rows: grid.rows,
        cell_size_m: grid.cell_m,
        steps: solver.steps(),
        simulated_s: solver.time_s(),
        wall_s,
        threads,
        real_time_ratio: solver.time_s() / wall_s.max(1e-9),
        cell_updates: solver.cell_updates(),
        solver: "local inertial, theta scheme, donor limiter, f32".into(),
        rain_mm: rain.cumulative_mm(solver.time_s()),
        rain_peak_mm_h: peak,
        rain_signal: rain_signal(&rain),
        ledger: solver.ledger(),
        drains: drains.as_ref().map(Drains::ledger),
        inlets: drains.as_ref().map_or(0, |d| d.plan().inlets()),
        max_depth_m: max_depth_m.iter().copied().filter(|h| h.is_finite()).fold(0.0, f32::max),
        area_over_15cm_m2: wet * grid.cell_area_m2(),
        notes: drains.as_ref().map(|d| d.plan().notes.clone()).unwrap_or_default(),
    };
    Ok(Outcome {
        summary,
        corner_m: [grid.west_m, grid.south_m],
        origin: city.origin,
        max_depth_m,
        frames,
        gauges,
        series,
        impact,
    })
}

/// NaN where depth has no meaning: blocked cells and held water.
fn masked(mut depth_m: Vec<f32>, domain: &crate::surface::Domain) -> Vec<f32> {
    let cols = domain.grid.cols;
    for (k, h) in depth_m.iter_mut().enumerate() {
        if domain.is_blocked(k % cols, k / cols) {
            *h = f32::NAN;
        }
    }
    for cell in domain.held() {
        depth_m[cell.row * cols + cell.col] = f32::NAN;
    }
    depth_m
}

/// Road water gauges, then underpasses.
fn gauges_of(city: &City, domain: &crate::surface::Domain) -> Vec<Gauge> {
    let sensors = city
        .sensors
        .iter()
        .filter(|s| s.property == ObservedProperty::RoadWaterDepth)
        .filter_map(|s| s.place_m.map(|at| (s.id.to_string(), at)));
    let underpasses =
        city.places.iter().filter(|p| p.kind == PlaceKind::Underpass).map(|p| (p.name.zh.clone(), p.place_m));
    sensors
        .chain(underpasses)
        .map(|(id, at)| Gauge { id, cells: cells_near(domain, at) })
        .filter(|g| !g.cells.is_empty())
        .collect()
}

/// Value of cells without meaning in the rasters.
pub const NODATA: f32 = -9999.0;

/// Writes `summary.json`, `max_depth.tif`, `depth_<seconds>.tif`, `series.csv` and `impact.json`.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_outputs(dir: &Path, outcome: &Outcome) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let s = &outcome.summary;
    let raster = |name: &str, values: &[f32]| {
        // GeoTIFF rows run from north to south.
        let flipped: Vec<f32> = values.chunks(s.cols).rev().flatten().copied().collect();
        let west = outcome.origin[0] + outcome.corner_m[0];
        let north = outcome.origin[1] + outcome.corner_m[1] + s.rows as f64 * s.cell_size_m;
        write_geotiff_f32(&dir.join(name), s.cols, s.rows, west, north, s.cell_size_m, s.epsg, NODATA, &flipped)
    };
    raster("max_depth.tif", &outcome.max_depth_m)?;
    for frame in &outcome.frames {
        raster(&format!("depth_{}.tif", frame.at_s.round() as u64), &frame.depth_m)?;
    }
    let mut csv = io::BufWriter::new(fs::File::create(dir.join("series.csv"))?);
    write!(csv, "t_s,rain_mm_h")?;
    for gauge in &outcome.gauges {
        write!(csv, ",{}", quoted(&gauge.id))?;
    }
    writeln!(csv)?;
    for (t, rain, depths) in &outcome.series {
        write!(csv, "{t},{rain:.4}")?;
        for depth in depths {
            write!(csv, ",{depth:.4}")?;
        }
        writeln!(csv)?;
    }
    csv.flush()?;
    let json =
        |name: &str, value: serde_json::Result<Vec<u8>>| fs::write(dir.join(name), value.map_err(io::Error::other)?);
    json("impact.json", serde_json::to_vec_pretty(&outcome.impact))?;
    json("summary.json", serde_json::to_vec_pretty(&outcome.summary))
}

/// A CSV cell, quoted when it has to be (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}
