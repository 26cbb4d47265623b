//! The water beside the live room: a thread of low priority that follows the room's picture, runs the model to the
//! present at a fixed simulated cadence, and hands fields, reports and forecasts in by the room's door.
//!
//! The live room never waits for it: it reads pictures, its results wait in the bounded queue like all inputs, and
//! when the machine is too slow it falls behind and says by how much.

use std::{
    sync::{Arc, OnceLock},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use guanlan_core::{
    Input, Stamp, WaterPeaks,
    input::{DepthField, UnitStatus},
    water::{RainSource, RefusedMeasure, WaterReport, WaterScene},
};
use guanlan_rainstorm::{
    Scenario, WaterModel,
    ahead::AheadSettings,
    live::{LiveModel, LiveSettings, LiveStep, expected_rain, scene_of},
    low_priority_pool,
    water::yield_to_others,
};

use super::{
    ahead::{AheadOptions, AheadThread, Due, Job, resources},
    follow::MeasureFollower,
    read::observed,
};
use crate::{picture::Picture, timelines::Timelines};

/// The thread looks at the picture this often.
const BEAT: Duration = Duration::from_millis(250);
/// Wall time after which a step ends although the present is not reached.
const PATIENCE: Duration = Duration::from_secs(10);
/// After an order the water is shown between two cadences for so long …
const FOLLOWED: Duration = Duration::from_secs(15);
/// … this often, …
const FOLLOWED_EVERY: Duration = Duration::from_secs(1);
/// … and no field of it takes longer than this: where the model is behind, it comes for an earlier instant.
const FOLLOWED_PATIENCE: Duration = Duration::from_millis(200);
/// A dry city is told of again after this long, ms.
const STILL_DRY_MS: i64 = 300_000;
/// Maxima are handed over no oftener than this, ms.
const PEAKS_EVERY_MS: i64 = 120_000;
/// A field of an earlier run is taken up when it is at most this old, ms.
const TAKE_UP_MS: i64 = 30 * 60_000;
/// Threads of the water at most, where the machine has so many cores.
const THREADS: usize = 4;
/// Deliveries that may wait at the door before a field is held back.
const CROWDED: usize = 2_000;
/// Water from this depth on is worth a forecast at once, mm.
const WET_MM: u16 = 100;
/// Rain from this intensity on is worth a forecast at once, mm/h.
const RAIN_MM_H: f64 = 2.0;

/// How the water beside a live room is run.
#[derive(Clone, Debug)]
pub struct WaterOptions {
    /// Ground, losses and drains; its storm and measures are left out.
    pub scenario: Scenario,
    /// Cadence, correction, doubts.
    pub live: LiveSettings,
    /// How far ahead forecasts look, h.
    pub hours: f64,
    /// Time between forecasts, min.
    pub every_min: f64,
    /// Wall time for one search for pump advice.
    pub search: Duration,
}

impl WaterOptions {
    /// Two hours ahead every five minutes, on the ground of a scenario.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self { scenario, live: LiveSettings::default(), hours: 2.0, every_min: 5.0, search: Duration::from_secs(90) }
    }

    fn ahead(&self) -> AheadOptions {
        let minutes = (self.hours.clamp(0.25, 12.0) * 60.0).round() as u32;
        AheadOptions { settings: AheadSettings { minutes, ..AheadSettings::default() }, budget: self.search }
    }
}

/// The running water. Dropping it ends the threads after their current step.
pub struct WaterBeside {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl WaterBeside {
    /// Ends it and waits.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for WaterBeside {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the runtime already.
            let _ended = thread.join();
        }
    }
}

/// Starts the water beside the live room of `timelines`. A city without terrain has none: the thread says so and ends.
///
/// # Errors
/// When the system gives no thread.
pub fn run_water(timelines: Arc<Timelines>, options: WaterOptions) -> std::io::Result<WaterBeside> {
    let (stop, stopped) = bounded(0);
    let thread = std::thread::Builder::new().name("guanlan-water".into()).spawn(move || {
        yield_to_others();
        let door = Arc::new(OnceLock::new());
        let _first = door.set(timelines.live().sender().clone());
        let city = timelines.config().city.clone();
        let ahead = match AheadThread::start(
            city,
            door,
            Some(timelines.shelf()),
            options.ahead(),
            Some(options.scenario.clone()),
        ) {
            Ok(ahead) => ahead,
            Err(error) => {
                tracing::error!("forecasts: {error}");
                return;
            }
        };
        let due = Due::every(options.every_min);
        let beside = Beside {
            timelines,
            options,
            ahead,
            due,
            follower: MeasureFollower::default(),
            followed: None,
            refused: Vec::new(),
            last: Sent::default(),
            shown: false,
            stops: None,
        };
        beside.run(&stopped);
    })?;
    Ok(WaterBeside { stop: Some(stop), thread: Some(thread) })
}

/// What the room was told last.
#[derive(Default)]
struct Sent {
    field: Option<Arc<DepthField>>,
    scene: Option<WaterScene>,
    report: Option<Arc<WaterReport>>,
    peaks: Option<Arc<WaterPeaks>>,
}

/// An order whose water is shown soon and often.
struct Followed {
    since: Instant,
    /// When a field was sent last.
    shown: Option<Instant>,
}

struct Beside {
    timelines: Arc<Timelines>,
    options: WaterOptions,
    ahead: AheadThread,
    due: Due,
    follower: MeasureFollower,
    followed: Option<Followed>,
    refused: Vec<RefusedMeasure>,
    last: Sent,
    /// The forecast timeline has been opened once.
    shown: bool,
    /// How often searches had been stopped when it was looked last.
    stops: Option<u64>,
}

impl Beside {
    fn run(mut self, stopped: &Receiver<()>) {
        let Some(mut live) = self.begin(stopped) else { return };
        while !matches!(stopped.recv_timeout(BEAT), Ok(()) | Err(RecvTimeoutError::Disconnected)) {
            let picture = self.timelines.live().picture();
            if live.must_leap(picture.now) {
                let (frame, peaks) = (live.model().frame(), live.model().peaks());
                let Some(fresh) = self.make(&picture, Some(&frame), peaks.as_deref()) else { return };
                (live, self.follower) = (fresh, MeasureFollower::default());
            }
            if self.follower.is_behind(&picture.measures) {
                self.refused.extend(self.follower.follow(&picture.measures, live.model_mut()));
                // What was done is seen at once, not at the next cadence: as it stands, then as it goes on.
                if self.last.report.is_some() {
                    self.followed = Some(Followed { since: Instant::now(), shown: None });
                    if live.now() >= picture.now {
                        self.send_field(Arc::new(live.model().frame()), live.now());
                    }
                }
            }
            self.follow_order(&mut live, &picture);
            let stops = picture.searching.stops;
            if self.stops.replace(stops).is_some_and(|seen| seen != stops) {
                self.ahead.stop_search();
            }
            self.step(&mut live, &picture);
            self.look_ahead(&live, &picture);
            if !self.shown && self.timelines.shelf().film().is_some() {
                self.shown = true;
                if let Err(error) = self.timelines.forecast() {
                    tracing::warn!("{error}");
                }
            }
        }
    }

    /// Shows the water between two cadences while an order is followed.
    fn follow_order(&mut self, live: &mut LiveModel, picture: &Picture) {
        if self.followed.as_ref().is_some_and(|f| f.since.elapsed() > FOLLOWED) {
            self.followed = None;
        }
        if !self.followed.as_ref().is_some_and(|f| f.shown.is_none_or(|at| at.elapsed() >= FOLLOWED_EVERY)) {
            return;
        }
        let before = live.now();
        let field = Arc::new(live.follow_to(picture.now, FOLLOWED_PATIENCE));
        if live.now() > before {
            self.send_field(field, live.now());
            if let Some(followed) = self.followed.as_mut() {
                followed.shown = Some(Instant::now());
            }
        }
    }

    /// Waits for the room's first tick and makes the model.
    fn begin(&self, stopped: &Receiver<()>) -> Option<LiveModel> {
        loop {
            let picture = self.timelines.live().picture();
            if picture.now > Stamp(0) {
                let field = picture.water.field.clone();
                let fresh = field.filter(|f| f.estimate && (0..=TAKE_UP_MS).contains(&(picture.now - f.at)));
                let since = |p: &Arc<WaterPeaks>| (0..=TAKE_UP_MS).contains(&(picture.now - p.at));
                let peaks = picture.peaks.latest.clone().filter(since);
                return self.make(&picture, fresh.as_deref(), peaks.as_deref());
            }
            if matches!(stopped.recv_timeout(BEAT), Ok(()) | Err(RecvTimeoutError::Disconnected)) {
                return None;
            }
        }
    }

    fn make(&self, picture: &Picture, field: Option<&DepthField>, peaks: Option<&WaterPeaks>) -> Option<LiveModel> {
        let cadence_ms = i64::from(self.options.live.cadence_s.max(1)) * 1000;
        // Fields come at whole cadences of the clock, whenever the room was opened.
        let start = Stamp(picture.now.0.div_euclid(cadence_ms) * cadence_ms);
        // Shared with the forecasts: everything in it yields to the room.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS));
        let pool = low_priority_pool(threads).ok();
        let surface = self.timelines.surface_of(self.timelines.live().timeline());
        match LiveModel::new_on(&picture.city, &self.options.scenario, start, self.options.live, pool, surface.as_ref())
        {
            Ok(mut live) => {
                if let Some(field) = field {
                    if !live.begin_with(field) {
                        tracing::info!("the water of another raster is not taken up");
                    } else if let Some(peaks) = peaks {
                        live.track_on(peaks);
                    }
                }
                Some(live)
            }
            Err(error) => {
                tracing::warn!("the live room has no water beside it: {error}");
                None
            }
        }
    }

    fn step(&mut self, live: &mut LiveModel, picture: &Picture) {
        let cadence_ms = i64::from(self.options.live.cadence_s.max(1)) * 1000;
        let from = live.now();
        if live.model().next_frame_at() > picture.now {
            return;
        }
        let begun = Instant::now();
        // Whoever orders something waits for the stretch in work, not for the present; nor does an order that is followed.
        let (room, follower, followed) = (self.timelines.live(), &self.follower, self.followed.is_some());
        let mut ordered =
            || follower.is_behind(&room.picture().measures) || (followed && begun.elapsed() >= FOLLOWED_EVERY);
        let step = live.step_unless(&observed(picture), PATIENCE, &mut ordered);
        let Some(LiveStep { field, mut report }) = step else { return };
        let wall_s = begun.elapsed().as_secs_f64().max(1.0e-6);
        report.speed = ((report.at - from) as f64 / 1000.0 / wall_s * 10.0).round() / 10.0;
        let behind_ms = (self.timelines.live().picture().now - report.at - cadence_ms).max(0);
        report.behind_s = behind_ms as f64 / 1000.0;
        let mut scene = scene_of(live.model(), picture.city.drainage.as_ref(), live.rain());
        self.send(field, report, &mut scene, live.model());
    }

    /// Hands a step over. What has not changed is not said again.
    fn send(&mut self, field: Arc<DepthField>, mut report: WaterReport, scene: &mut WaterScene, model: &WaterModel) {
        let sender = self.timelines.live().sender();
        if sender.waiting() > CROWDED {
            tracing::warn!("the room is busy: its water is held back");
            return;
        }
        report.refused = std::mem::take(&mut self.refused);
        let mut inputs = Vec::with_capacity(4);
        let dry = |f: &DepthField| f.depth_mm.iter().chain(f.finer.iter().flat_map(|p| &p.depth_mm)).all(|d| *d == 0);
        let still_dry =
            self.last.field.as_ref().is_some_and(|last| field.at - last.at < STILL_DRY_MS && dry(&field) && dry(last));
        if !still_dry {
            inputs.push(Input::Water(field.clone()));
        }
        let report = Arc::new(report);
        inputs.push(Input::WaterReport(report.clone()));
        let same = self.last.scene.as_ref().is_some_and(|last| {
            (last.conduit_fill == scene.conduit_fill && last.node_fill == scene.node_fill)
                && (last.pumps == scene.pumps && last.flow == scene.flow && last.rain == scene.rain)
        });
        if !same {
            inputs.push(Input::WaterScene(Arc::new(scene.clone())));
        }
        let last = self.last.peaks.as_ref();
        let due = last.is_none_or(|last| report.at - last.at >= PEAKS_EVERY_MS || report.at < last.at);
        // Nothing new is not said again.
        let told = if due { model.peaks() } else { None };
        let told = told.filter(|p| last.is_none_or(|last| !last.says_the_same(p)));
        inputs.extend(told.clone().map(Input::WaterPeaks));
        match sender.submit(inputs, None) {
            Ok(()) => {
                if !still_dry {
                    self.last.field = Some(field);
                }
                if !same {
                    self.last.scene = Some(std::mem::take(scene));
                }
                self.last.peaks = told.or(self.last.peaks.take());
                self.last.report = Some(report);
            }
            Err(error) => tracing::warn!("live water: {error}"),
        }
    }

    fn send_field(&mut self, field: Arc<DepthField>, at: Stamp) {
        let refused = std::mem::take(&mut self.refused);
        let mut inputs = vec![Input::Water(field.clone())];
        if let Some(last) = self.last.report.as_ref().filter(|_| !refused.is_empty()) {
            inputs.push(Input::WaterReport(Arc::new(WaterReport { at, refused, ..WaterReport::clone(last) })));
        }
        if self.timelines.live().sender().submit(inputs, None).is_ok() {
            self.last.field = Some(field);
        }
    }

    fn look_ahead(&mut self, live: &LiveModel, picture: &Picture) {
        let Some(rain) = live.rain() else { return };
        let deep = self.last.field.as_ref().is_some_and(|f| f.deepest_mm() >= WET_MM);
        let wet = deep || rain.mean_mm_h() >= RAIN_MM_H;
        if self.ahead.is_busy() || !self.due.is_due(picture.now, wet) {
            return;
        }
        let (expected, source, rain_mm) =
            expected_rain(rain, &picture.rain_layer.grids(), live.now(), self.options.hours);
        let source = if rain.source == RainSource::None && rain_mm == 0.0 { RainSource::None } else { source };
        let units = &picture.units;
        let free = |id: &guanlan_core::UnitId| units.get(id).is_none_or(|u| u.status == UnitStatus::Available);
        let job = Job {
            threads: std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS)),
            model: live.model().clone(),
            rain: Some(expected),
            source,
            rain_mm,
            resources: resources(&picture.city, free),
        };
        if self.ahead.give(job) {
            self.due.made(picture.now, wet);
        }
    }
}
