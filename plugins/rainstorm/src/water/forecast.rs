//! Forecast: from where a model stands, hours ahead with the rain that is expected, as fast as the machine
//! allows at low priority.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use guanlan_core::{Stamp, input::DepthField};

use super::{WaterModel, yield_to_others};
use crate::{outputs::Tracker, storm::Rain, surface::Ledger};

/// What a forecast brings.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Where it began.
    pub from: Stamp,
    /// Where it ended.
    pub to: Stamp,
    /// Frames every `frame_min`, the last at the end.
    pub frames: Vec<Arc<DepthField>>,
    /// Maxima, hazard, arrival and duration of the hours ahead.
    pub extremes: Tracker,
    /// Books of the model, from its own start.
    pub ledger: Ledger,
    /// Simulated over wall time.
    pub real_time_ratio: f64,
}

/// How a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForecastSettings {
    /// How far ahead, h.
    pub hours: f64,
    /// Time between kept frames, min.
    pub frame_min: f64,
}

impl Default for ForecastSettings {
    fn default() -> Self {
        Self { hours: 2.0, frame_min: 5.0 }
    }
}

/// Runs a fork of a model ahead. `rain` is the rain expected from now on (its time 0 is now); `None` keeps
/// the model's own. `progress` gets the share done; `None` when it was cancelled.
#[must_use]
pub fn forecast(
    mut model: WaterModel,
    rain: Option<&Rain>,
    settings: ForecastSettings,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(f64),
) -> Option<Forecast> {
    let began = std::time::Instant::now();
    let from = model.now();
    if let Some(rain) = rain {
        model.expect_rain(rain);
    }
    model.track();
    let whole_ms = (settings.hours.clamp(0.0, 24.0 * 14.0) * 3.6e6) as i64;
    let every_ms = ((settings.frame_min.max(0.1) * 6.0e4) as i64).max(1);
    let to = from + whole_ms;
    let (mut frames, mut next) = (Vec::new(), from + every_ms);
    while model.now() < to {
        if cancel.load(Ordering::Relaxed) {
            return None;
        }
        let frame = model.step_towards(next.min(to));
        progress((model.now() - from) as f64 / whole_ms.max(1) as f64);
        if let Some(frame) = frame {
            frames.push(frame);
            next = next + every_ms;
        }
    }
    let extremes = model.tracker()?.clone();
    let real_time_ratio = whole_ms as f64 / 1000.0 / began.elapsed().as_secs_f64().max(1e-9);
    Some(Forecast { from, to, frames, extremes, ledger: model.ledger(), real_time_ratio })
}

/// A forecast on its own low-priority thread. Dropping it cancels it.
pub struct ForecastTask {
    cancel: Arc<AtomicBool>,
    /// Parts per million.
    done: Arc<AtomicU64>,
    result: Arc<Mutex<Option<Forecast>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ForecastTask {
    /// Starts it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(model: WaterModel, rain: Option<Rain>, settings: ForecastSettings) -> std::io::Result<Self> {
        let (cancel, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let result = Arc::new(Mutex::new(None));
        let (stop, at, slot) = (cancel.clone(), done.clone(), result.clone());
        let thread = thread::Builder::new().name("forecast".into()).spawn(move || {
            yield_to_others();
            let mut progress = |share: f64| at.store((share * 1.0e6) as u64, Ordering::Relaxed);
            let made = forecast(model, rain.as_ref(), settings, &stop, &mut progress);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = made;
        })?;
        Ok(Self { cancel, done, result, thread: Some(thread) })
    }

    /// Share done, 0 to 1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        self.done.load(Ordering::Relaxed) as f64 / 1.0e6
    }

    /// Ends it at the next step.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// True when the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(thread::JoinHandle::is_finished)
    }

    /// The forecast, once; `None` while it runs, and when it was cancelled.
    #[must_use]
    pub fn take(&self) -> Option<Forecast> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for the end.
    #[must_use]
    pub fn wait(mut self) -> Option<Forecast> {
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the runtime already.
            let _ended = thread.join();
        }
        self.take()
    }
}

impl Drop for ForecastTask {
    fn drop(&mut self) {
        self.cancel();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
