//! Runs a matrix: several runs at once, each on as many threads as its share of the machine; what is done is
//! skipped, what was interrupted goes on from its last checkpoint.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use guanlan_city::City;
use serde::{Deserialize, Serialize};

use super::{MatrixRun, city_key, run_key};
use crate::{
    simulate::{Run, SimulateError, pool_of, write_frame, write_outputs},
    surface::SurfaceMaker,
};

/// How a matrix is run.
pub struct BatchOptions<'a> {
    /// Folder to write; each run gets `runs/<id>` in it.
    pub out: PathBuf,
    /// Runs at once; 0 is one for each core.
    pub jobs: usize,
    /// Wall time between checkpoints of a run, s.
    pub checkpoint_s: f64,
    /// Called a few times a second at most, from any thread.
    pub progress: Option<&'a (dyn Fn(&BatchProgress) + Sync)>,
    /// Makes the local inertial kernel elsewhere than on the processor.
    pub surface: Option<SurfaceMaker>,
    /// Ends the batch at the next stop; what was begun goes on later.
    pub cancel: Option<&'a AtomicBool>,
}

/// How far a matrix has come.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchProgress {
    /// Runs in all.
    pub runs: usize,
    /// Runs that are done, those of earlier attempts included.
    pub done: usize,
    /// Of these, done by earlier attempts.
    pub skipped: usize,
    /// Share of all simulated time that is done.
    pub share: f64,
    /// Time left at this pace, s.
    pub eta_s: Option<f64>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// Id of the run.
    pub id: String,
    /// Its folder.
    pub dir: PathBuf,
    /// It had been done before.
    pub skipped: bool,
    /// It went on from a checkpoint, at this simulated time, s.
    pub resumed_s: Option<f64>,
    /// Why it could not be done.
    pub error: Option<String>,
}

/// `run.json` beside the outputs of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Marker {
    id: String,
    key: String,
    done: bool,
    choices: Vec<[String; 2]>,
}

struct Board<'a> {
    shares: Mutex<(Vec<f64>, Instant)>,
    done: AtomicUsize,
    skipped: AtomicUsize,
    began: Instant,
    options: &'a BatchOptions<'a>,
}

impl Board<'_> {
    fn say(&self, run: usize, share: f64, at_once: bool) {
        let Some(progress) = self.options.progress else { return };
        let mut guard = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        guard.0[run] = share;
        if !at_once && guard.1.elapsed() < Duration::from_millis(200) {
            return;
        }
        guard.1 = Instant::now();
        let runs = guard.0.len();
        let skipped = self.skipped.load(Ordering::Relaxed);
        let share = guard.0.iter().sum::<f64>() / runs.max(1) as f64;
        drop(guard);
        // The pace of this attempt: what was done before took none of its time.
        let mine = share - skipped as f64 / runs.max(1) as f64;
        let spent = self.began.elapsed().as_secs_f64();
        let eta_s = (mine > 1.0e-3 && spent > 1.0).then(|| spent / mine * (1.0 - share));
        progress(&BatchProgress { runs, done: self.done.load(Ordering::Relaxed), skipped, share, eta_s });
    }
}

/// Runs what is not done yet. Runs that cannot be made are reported in their result, the others go on.
///
/// # Errors
/// When the folder cannot be written, or the caller cancels.
pub fn run_batch(city: &City, runs: &[MatrixRun], options: &BatchOptions<'_>) -> Result<Vec<RunResult>, SimulateError> {
    let file = |path: &Path, e: io::Error| SimulateError::File(path.display().to_string(), e);
    fs::create_dir_all(&options.out).map_err(|e| file(&options.out, e))?;
    let city_key = city_key(city).map_err(|e| SimulateError::File("city".into(), e))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = if options.jobs == 0 { cores } else { options.jobs }.min(runs.len()).max(1);
    let threads = (cores / jobs).max(1);
    let board = Board {
        shares: Mutex::new((vec![0.0; runs.len()], Instant::now())),
        done: AtomicUsize::new(0),
        skipped: AtomicUsize::new(0),
        began: Instant::now(),
        options,
    };
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<RunResult, SimulateError>>>> =
        Mutex::new((0..runs.len()).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(k) else { break };
                    let result = one(city, &city_key, run, k, threads, &board);
                    let ended = matches!(result, Err(SimulateError::Cancelled(_)));
                    board.done.fetch_add(usize::from(result.is_ok()), Ordering::Relaxed);
                    board.say(k, if ended { 0.0 } else { 1.0 }, true);
                    results.lock().unwrap_or_else(PoisonError::into_inner)[k] = Some(result);
                    if ended {
                        break;
                    }
                }
            });
        }
    });
    let mut out = Vec::with_capacity(runs.len());
    for (run, result) in runs.iter().zip(results.into_inner().unwrap_or_else(PoisonError::into_inner)) {
        let dir = options.out.join("runs").join(&run.id);
        match result {
            Some(Ok(result)) => out.push(result),
            Some(Err(e @ SimulateError::Cancelled(_))) => return Err(e),
            Some(Err(e)) => {
                let error = Some(e.to_string());
                out.push(RunResult { id: run.id.clone(), dir, skipped: false, resumed_s: None, error });
            }
            None => return Err(SimulateError::Cancelled(0.0)),
        }
    }
    Ok(out)
}

fn one(
    city: &City,
    city_key: &str,
    spec: &MatrixRun,
    number: usize,
    threads: usize,
    board: &Board<'_>,
) -> Result<RunResult, SimulateError> {
    let dir = board.options.out.join("runs").join(&spec.id);
    let named = |e: io::Error| SimulateError::File(dir.display().to_string(), e);
    let key = run_key(city_key, &spec.scenario).map_err(named)?;
    let mut result = RunResult { id: spec.id.clone(), dir: dir.clone(), skipped: false, resumed_s: None, error: None };
    let marker_path = dir.join("run.json");
    let before: Option<Marker> = fs::read(&marker_path).ok().and_then(|b| serde_json::from_slice(&b).ok());
    if before.as_ref().is_some_and(|m| m.done && m.key == key) && dir.join("summary.json").is_file() {
        result.skipped = true;
        board.skipped.fetch_add(1, Ordering::Relaxed);
        return Ok(result);
    }
    let checkpoint_path = dir.join("checkpoint.bin");
    let same = before.is_some_and(|m| m.key == key);
    if !same && dir.exists() {
        // What lies there belongs to another run of this name.
        fs::remove_dir_all(&dir).map_err(named)?;
    }
    fs::create_dir_all(&dir).map_err(named)?;
    let choices = spec.choices.iter().map(|(axis, value)| [axis.zh.clone(), value.zh.clone()]).collect();
    let mut marker = Marker { id: spec.id.clone(), key, done: false, choices };
    let mark = |marker: &Marker| {
        serde_json::to_vec_pretty(marker).map_err(io::Error::other).and_then(|b| replace(&marker_path, &b))
    };
    mark(&marker).map_err(named)?;
    let mut run = Run::new(city, spec.scenario.clone(), pool_of(threads)?, board.options.surface.as_ref())?;
    if let Ok(bytes) = fs::read(&checkpoint_path) {
        match run.resume(&bytes) {
            Ok(()) => result.resumed_s = Some(run.time_s()),
            // A checkpoint that cannot be used costs time, nothing else.
            Err(_) => run = Run::new(city, spec.scenario.clone(), pool_of(threads)?, board.options.surface.as_ref())?,
        }
    }
    let mut saved = Instant::now();
    while !run.is_done() {
        if board.options.cancel.is_some_and(|c| c.load(Ordering::Relaxed)) {
            replace(&checkpoint_path, &run.checkpoint().map_err(named)?).map_err(named)?;
            return Err(SimulateError::Cancelled(run.time_s()));
        }
        let step = run.step()?;
        if let Some(frame) = step.frame {
            write_frame(&dir, run.rasters(), &frame).map_err(named)?;
        }
        if saved.elapsed().as_secs_f64() >= board.options.checkpoint_s {
            replace(&checkpoint_path, &run.checkpoint().map_err(named)?).map_err(named)?;
            saved = Instant::now();
        }
        if step.line {
            let p = run.progress();
            board.say(number, p.simulated_s / p.total_s, false);
        }
    }
    write_outputs(&dir, &run.finish()).map_err(named)?;
    marker.done = true;
    mark(&marker).map_err(named)?;
    if checkpoint_path.exists() {
        fs::remove_file(&checkpoint_path).map_err(named)?;
    }
    Ok(result)
}

/// Writes a file whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)?;
    fs::rename(&part, path)
}
