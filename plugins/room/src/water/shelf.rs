//! The last run ahead, for whoever wants to see or try something in it.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use guanlan_core::{SensorId, Stamp, WaterPeaks, input::DepthField, water::ForecastReport};
use guanlan_rainstorm::{WaterModel, storm::RainSeries};

/// A run ahead as it can be played.
pub(crate) struct Film {
    /// What it says.
    pub report: Arc<ForecastReport>,
    /// Water in order of time.
    pub fields: Vec<Arc<DepthField>>,
    /// Maxima since the begin, in order of time.
    pub peaks: Vec<Arc<WaterPeaks>>,
    /// Copies of the model in order of time, the first at the begin: measures are tried from the one before them.
    pub copies: Vec<Mutex<WaterModel>>,
    /// What each rain gauge would say; time 0 is the begin.
    pub gauges: Vec<(SensorId, RainSeries)>,
    /// Simulated time between fields, ms.
    pub every_ms: i64,
}

impl Film {
    /// The last copy of the model at or before an instant, else the first.
    pub fn copy_before(&self, at: Stamp) -> Option<WaterModel> {
        let open = |m: &Mutex<WaterModel>| m.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = |m: &Mutex<WaterModel>| m.lock().unwrap_or_else(PoisonError::into_inner).now();
        self.copies.iter().rev().find(|c| now(c) <= at).or(self.copies.first()).map(open)
    }

    /// The last maxima at or before an instant.
    pub fn peaks_before(&self, at: Stamp) -> Option<&Arc<WaterPeaks>> {
        self.peaks.iter().rev().find(|p| p.at <= at)
    }

    /// Where it begins.
    pub fn from(&self) -> Stamp {
        self.report.from
    }

    /// Where it ends.
    pub fn to(&self) -> Stamp {
        self.report.to
    }
}

/// Where the last film lies.
#[derive(Default)]
pub(crate) struct Shelf {
    film: ArcSwapOption<Film>,
    /// Told when a film is laid down.
    watchers: Mutex<Vec<crossbeam_channel::Sender<()>>>,
}

impl Shelf {
    /// The last film.
    pub fn film(&self) -> Option<Arc<Film>> {
        self.film.load_full()
    }

    /// Lays a film down.
    pub fn put(&self, film: Film) {
        self.film.store(Some(Arc::new(film)));
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|w| !matches!(w.try_send(()), Err(crossbeam_channel::TrySendError::Disconnected(()))));
    }

    /// Is told of the next films.
    pub fn watch(&self) -> crossbeam_channel::Receiver<()> {
        let (tx, rx) = crossbeam_channel::bounded(1);
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(tx);
        rx
    }
}
