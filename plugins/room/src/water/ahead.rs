//! The thread that looks ahead: forecasts and pump advice, at the lowest priority, one at a time. What it finds goes
//! in by the room's door like everything else.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Sender, TrySendError, bounded};
use guanlan_city::City;
use guanlan_core::{
    Bilingual, Input, ObservedProperty, SensorId, Stamp,
    input::DepthField,
    water::{AdviceReport, AdviceSearch, ForecastReport, RainSource, SearchStage},
};
use guanlan_rainstorm::{
    Scenario, WaterModel,
    advice::{Resources, SearchSettings, Step, advise},
    ahead::{AheadCity, AheadSettings, CoarseTwin, Kept, look_ahead, report_of},
    impact::Limits,
    storm::{Rain, RainSeries},
    water::low_priority_pool,
};

use super::shelf::{Film, Shelf};
use crate::queue::RoomSender;

/// Rain below this over the whole time brings nothing, mm.
const DRY_MM: f64 = 0.5;
/// Water shallower than this is none, mm.
const DRY_DEPTH_MM: u16 = 20;
/// Deliveries that may wait at the door before a result is held back.
const CROWDED: usize = 2_000;

/// What is to be looked ahead from.
pub(crate) struct Job {
    /// A fork of the model.
    pub model: WaterModel,
    /// Rain expected from now on; `None` keeps the model's own.
    pub rain: Option<Rain>,
    /// Where it comes from.
    pub source: RainSource,
    /// Its mean over the city, mm.
    pub rain_mm: f64,
    /// What the city can send.
    pub resources: Resources,
    /// Threads of a search.
    pub threads: usize,
}

/// How the thread works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AheadOptions {
    pub settings: AheadSettings,
    /// Wall time for a search.
    pub budget: Duration,
}

/// Side of the cells that searches try things on, m; nothing is won by it where the model's own are as large.
const SEARCH_CELL_M: f64 = 20.0;

/// What the thread makes once.
struct Places {
    city: AheadCity,
    twin: Option<CoarseTwin>,
}

impl Places {
    fn new(city: Arc<City>, job: &Job, scenario: Option<&Scenario>) -> Self {
        let cell_m = job.model.domain().grid.cell_m;
        let twin = scenario.filter(|_| cell_m < 0.75 * SEARCH_CELL_M).and_then(|scenario| {
            let pool = low_priority_pool(job.threads).ok();
            match CoarseTwin::new(city.clone(), scenario, SEARCH_CELL_M, pool) {
                Ok(twin) => Some(twin),
                Err(error) => {
                    tracing::warn!("advice is searched on the model's own cells: {error}");
                    None
                }
            }
        });
        Self { city: AheadCity::new(city, job.model.domain(), Limits::builtin().unwrap_or_default()), twin }
    }
}

/// What ends work early. Whoever ends the thread sets the first, then the second.
#[derive(Clone, Default)]
struct Flags {
    /// The thread ends.
    end: Arc<AtomicBool>,
    /// The search under way ends.
    halt: Arc<AtomicBool>,
}

impl Flags {
    /// A search begins; false when the thread is to end.
    fn begin_search(&self) -> bool {
        self.halt.store(false, Ordering::SeqCst);
        !self.end.load(Ordering::SeqCst)
    }
}

/// The thread. Dropping it ends it at its next step.
pub(crate) struct AheadThread {
    jobs: Option<Sender<Job>>,
    flags: Flags,
    busy: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AheadThread {
    /// Starts it. `door` may be filled in later: nothing is found before it has work.
    pub fn start(
        city: Arc<City>,
        door: Arc<OnceLock<RoomSender>>,
        shelf: Option<Arc<Shelf>>,
        options: AheadOptions,
        scenario: Option<Scenario>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = bounded::<Job>(1);
        let (flags, busy) = (Flags::default(), Arc::new(AtomicBool::new(false)));
        let (stop, working) = (flags.clone(), busy.clone());
        let thread = std::thread::Builder::new().name("guanlan-ahead".into()).spawn(move || {
            guanlan_rainstorm::water::yield_to_others();
            let mut known: Option<Places> = None;
            while let Ok(job) = inbox.recv() {
                working.store(true, Ordering::Relaxed);
                let places = known.get_or_insert_with(|| Places::new(city.clone(), &job, scenario.as_ref()));
                work(&job, places, options, &door, shelf.as_deref(), &stop);
                working.store(false, Ordering::Relaxed);
                if stop.end.load(Ordering::SeqCst) {
                    return;
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), flags, busy, thread: Some(thread) })
    }

    /// True while it has work.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) || self.jobs.as_ref().is_some_and(|j| !j.is_empty())
    }

    /// Ends the search for advice that is under way, if there is one.
    pub fn stop_search(&self) {
        self.flags.halt.store(true, Ordering::SeqCst);
    }

    /// Gives it work; false when it has enough.
    pub fn give(&self, job: Job) -> bool {
        let Some(jobs) = &self.jobs else { return false };
        !matches!(jobs.try_send(job), Err(TrySendError::Full(_) | TrySendError::Disconnected(_)))
    }
}

impl Drop for AheadThread {
    fn drop(&mut self) {
        self.flags.end.store(true, Ordering::SeqCst);
        self.flags.halt.store(true, Ordering::SeqCst);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the runtime already.
            let _ended = thread.join();
        }
    }
}

fn tell(door: &OnceLock<RoomSender>, input: Input) {
    let Some(sender) = door.get() else { return };
    if sender.waiting() > CROWDED {
        tracing::warn!("the room is busy: a forecast is held back");
        return;
    }
    if let Err(error) = sender.submit(vec![input], None) {
        tracing::debug!("forecast: {error}");
    }
}

fn work(
    job: &Job,
    Places { city: places, twin }: &Places,
    options: AheadOptions,
    door: &OnceLock<RoomSender>,
    shelf: Option<&Shelf>,
    stop: &Flags,
) {
    let began = Instant::now();
    let most = SearchSettings::default().runs;
    let search_no = (job.model.now().0 / 1000).max(0) as u64;
    let say = |stage: SearchStage, runs: u32, share: f64| {
        let percent = (share * 100.0).clamp(0.0, 100.0) as u8;
        let wall_s = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let said = AdviceSearch { forecast: search_no, stage, runs, runs_most: most, percent, wall_s };
        tell(door, Input::AdviceSearch(said));
    };
    let dry = job.rain.is_some() && job.rain_mm < DRY_MM;
    let now = job.model.frame();
    if dry && now.depth_mm.iter().all(|d| *d < DRY_DEPTH_MM) {
        let report = Arc::new(nothing(job, options.settings));
        tell(door, Input::Forecast(report.clone()));
        tell(door, Input::Advice(Arc::new(AdviceReport { forecast: report.no, ..AdviceReport::default() })));
        if let Some(shelf) = shelf {
            let end = DepthField { at: report.to, ..now.clone() };
            let fields = vec![Arc::new(now), Arc::new(end)];
            let kept = Kept { fields, peaks: Vec::new(), copies: vec![job.model.clone()] };
            shelf.put(film(report, kept, job, places, options.settings));
        }
        return;
    }
    let settings = options.settings;
    if !stop.begin_search() {
        return;
    }
    say(SearchStage::Forecast, 0, 0.0);
    let forecast = look_ahead(job.model.clone(), job.rain.as_ref(), places, settings, &[], &stop.end);
    let Some(mut ahead) = forecast else { return };
    let report = Arc::new(report_of(&ahead, places, settings, (job.source, job.rain_mm)));
    tell(door, Input::Forecast(report.clone()));
    if let Some(shelf) = shelf {
        let mut kept = std::mem::take(&mut ahead.kept);
        kept.fields.insert(0, Arc::new(now));
        shelf.put(film(report.clone(), kept, job, places, settings));
    }
    let search = SearchSettings {
        ahead: AheadSettings { field_every: 0, copy_every: 0, ..settings },
        budget: options.budget,
        resources: job.resources.clone(),
        ..SearchSettings::default()
    };
    let step = |s: Step| say(if s.confirms { SearchStage::Confirm } else { SearchStage::Compare }, s.runs, s.share);
    match advise(&job.model, job.rain.as_ref(), places, &ahead, &search, twin.as_ref(), &stop.halt, &step) {
        Some(advice) => {
            let runs = advice.runs;
            tell(door, Input::Advice(Arc::new(advice)));
            say(SearchStage::Done, runs, 1.0);
        }
        None => say(SearchStage::Stopped, 0, 0.0),
    }
}

fn film(report: Arc<ForecastReport>, kept: Kept, job: &Job, places: &AheadCity, settings: AheadSettings) -> Film {
    let end_s = f64::from(settings.minutes) * 60.0;
    let series = |place| match &job.rain {
        Some(rain) => rain.series_at(place, end_s),
        None => RainSeries::default(),
    };
    let gauges: Vec<(SensorId, RainSeries)> = places
        .city
        .sensors
        .iter()
        .filter(|s| s.property == ObservedProperty::RainIntensity)
        .filter_map(|s| Some((s.id.clone(), series(s.place_m?))))
        .collect();
    let every_ms = i64::from(settings.step_s) * 1000 * i64::from(settings.field_every.max(1));
    let copies = kept.copies.into_iter().map(Mutex::new).collect();
    Film { report, fields: kept.fields, peaks: kept.peaks, copies, gauges, every_ms }
}

/// A forecast that needs no run: no rain, no water.
fn nothing(job: &Job, settings: AheadSettings) -> ForecastReport {
    let from = job.model.now();
    let name = job.source.name();
    ForecastReport {
        no: (from.0 / 1000).max(0) as u64,
        from,
        to: from + i64::from(settings.minutes) * 60_000,
        rain: job.source,
        rain_words: Bilingual::new(format!("{}：无雨", name.zh), format!("{}: no rain", name.en)),
        step_s: settings.step_s,
        headline: Bilingual::new("预报时段内无雨、无积水", "no rain and no water in the hours ahead"),
        ..ForecastReport::default()
    }
}

/// What the city's own crews can send: free pump trucks and crews that clear inlets.
pub(crate) fn resources(city: &City, free: impl Fn(&guanlan_core::UnitId) -> bool) -> Resources {
    let has = |list: &[String], what: &str| list.iter().any(|s| s == what);
    let crews = city.units.iter().filter(|u| free(&u.id));
    let (mut trucks, mut drains) = (0, 0);
    for unit in crews {
        if has(&unit.kit, "pump_truck") || has(&unit.skills, "pump_truck") {
            trucks += 1;
        } else if has(&unit.skills, "drainage") {
            drains += 1;
        }
    }
    if city.units.is_empty() {
        return Resources::default();
    }
    // Somebody must stay for what nobody foresaw.
    Resources { trucks: trucks.min(6), crews: (drains + trucks / 2).min(8), ..Resources::default() }
}

/// When a forecast is due: a fixed time after the last one, and at once when it has begun to rain or to flood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub every_ms: i64,
    last: Option<Stamp>,
    wet: bool,
}

impl Due {
    pub fn every(minutes: f64) -> Self {
        Self { every_ms: (minutes.max(0.5) * 60_000.0) as i64, last: None, wet: false }
    }

    /// True when one is to be made now.
    pub fn is_due(&self, now: Stamp, wet: bool) -> bool {
        // The first half minute belongs to the gauges.
        let begun = wet && !self.wet && self.last.is_none_or(|last| now - last >= 30_000);
        self.last.is_none_or(|last| now - last >= self.every_ms || now < last) || begun
    }

    pub fn made(&mut self, now: Stamp, wet: bool) {
        (self.last, self.wet) = (Some(now), wet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_was_stopped_does_not_stop_the_next_but_the_end_of_the_thread_does() {
        let flags = Flags::default();
        flags.halt.store(true, Ordering::SeqCst);
        assert!(flags.begin_search() && !flags.halt.load(Ordering::SeqCst));
        flags.end.store(true, Ordering::SeqCst);
        assert!(!flags.begin_search());
    }

    #[test]
    fn due_in_time_and_when_rain_begins() {
        let mut due = Due::every(5.0);
        assert!(due.is_due(Stamp(0), false));
        due.made(Stamp(0), false);
        assert!(!due.is_due(Stamp(60_000), false) && due.is_due(Stamp(60_000), true));
        due.made(Stamp(60_000), true);
        assert!(!due.is_due(Stamp(120_000), true) && due.is_due(Stamp(360_000), true));
        assert!(due.is_due(Stamp(-10), true), "a clock that was set back");
    }
}
