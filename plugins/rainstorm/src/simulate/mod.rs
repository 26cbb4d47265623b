//! One run of a scenario from start to end, and what it leaves in a folder.

mod files;
mod layers;
mod run;
mod summary;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use guanlan_city::City;

use crate::{
    bed::BedError,
    impact::Impact,
    measures::MeasureError,
    outputs::{Gauge, GaugeExtremes, Tracker},
    scenario::{Scenario, ScenarioError},
    surface::SurfaceMaker,
    water::{StateError, WaterError},
};

pub use files::{NODATA, Rasters, write_frame, write_outputs};
pub use run::Run;
pub use summary::{FocusFigures, Reached, Summary};

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
    /// A saved state to go on from, in place of the scenario's.
    pub hot_start: Option<PathBuf>,
    /// Where to save the state, and at which simulated minute (`None`: at the end).
    pub save_state: Option<(PathBuf, Option<f64>)>,
    /// Makes the local inertial kernel elsewhere than on the processor.
    pub surface: Option<SurfaceMaker>,
    /// Gets every depth raster at its time; without it they are kept in the outcome.
    pub frames: Option<&'a mut dyn FnMut(&Rasters, DepthFrame) -> std::io::Result<()>>,
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
    /// A measure.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A saved state.
    #[error("{0}: {1}")]
    State(String, StateError),
    /// A file.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// Threads.
    #[error("没有可用线程：{0} / no threads: {0}")]
    Threads(String),
    /// The caller ended it.
    #[error("已取消，模拟到 {0:.0} 秒 / cancelled after {0:.0} s of simulated time")]
    Cancelled(f64),
}

impl From<WaterError> for SimulateError {
    fn from(error: WaterError) -> Self {
        match error {
            WaterError::Bed(e) => Self::Bed(e),
            WaterError::Scenario(e) => Self::Scenario(e),
            WaterError::State(e) => Self::State("hot start".into(), e),
            WaterError::Threads(e) => Self::Threads(e),
        }
    }
}

/// Depths at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthFrame {
    /// After the start, s.
    pub at_s: f64,
    /// m, row-major from the south-west; NaN on blocked cells and held water.
    pub depth_m: Vec<f32>,
    /// The same of the finer rasters of focus areas.
    pub finer: Vec<Vec<f32>>,
}

/// Everything a run brings.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Figures.
    pub summary: Summary,
    /// Where its rasters lie and what is said of them.
    pub rasters: Rasters,
    /// Deepest water of each cell, m; NaN on blocked cells and held water.
    pub max_depth_m: Vec<f32>,
    /// Maxima, hazard, arrival, duration.
    pub extremes: Tracker,
    /// Depths at every output, unless the caller took them.
    pub frames: Vec<DepthFrame>,
    /// Places followed.
    pub gauges: Vec<Gauge>,
    /// Lines of the series: time s, rain mm/h, then one depth in m for each gauge.
    pub series: Vec<(f64, f64, Vec<f32>)>,
    /// Speeds at the gauges at the times of the series, m/s.
    pub speeds: Vec<Vec<f32>>,
    /// Maxima, hazard, arrival and duration at the gauges.
    pub extremes_at: Vec<GaugeExtremes>,
    /// Consequences.
    pub impact: Impact,
}

/// Runs a scenario on a city.
///
/// # Errors
/// When the scenario or the terrain makes no sense, or the caller cancels.
pub fn simulate(city: &City, scenario: &Scenario, options: SimulateOptions<'_>) -> Result<Outcome, SimulateError> {
    let mut options = options;
    let mut scenario = scenario.clone();
    if let Some(cell_m) = options.cell_m {
        scenario.set_cell_m(cell_m);
    }
    if let Some(path) = options.hot_start.take() {
        scenario.initial.hot_start = Some(path);
    }
    let pool = pool_of(options.threads)?;
    let mut run = Run::new(city, scenario, pool, options.surface.as_ref())?;
    let mut to_save = options.save_state.take();
    let mut frames = Vec::new();
    while !run.is_done() {
        if options.cancel.is_some_and(|c| c.load(Ordering::Relaxed)) {
            return Err(SimulateError::Cancelled(run.time_s()));
        }
        let step = run.step()?;
        if let Some(frame) = step.frame {
            match options.frames.as_mut() {
                Some(take) => {
                    take(run.rasters(), frame).map_err(|e| SimulateError::File("depth raster".into(), e))?;
                }
                None => frames.push(frame),
            }
        }
        if let (true, Some(progress)) = (step.line, options.progress.as_mut()) {
            progress(run.progress());
        }
        if let Some((path, at_min)) = &to_save
            && (run.is_done() || at_min.is_some_and(|m| run.time_s() >= m * 60.0))
        {
            let fail = |e| SimulateError::File(path.display().to_string(), e);
            std::fs::write(path, run.model().save().map_err(fail)?).map_err(fail)?;
            to_save = None;
        }
    }
    let mut outcome = run.finish();
    outcome.frames = frames;
    Ok(outcome)
}

/// A pool of its own for a run; none for one thread.
pub(crate) fn pool_of(threads: usize) -> Result<Option<Arc<rayon::ThreadPool>>, SimulateError> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    if threads < 2 {
        return Ok(None);
    }
    let made = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|k| format!("simulate-{k}")).build();
    Ok(Some(Arc::new(made.map_err(|e| SimulateError::Threads(e.to_string()))?)))
}
