//! Water for rooms, batch runs and forecasts.
//!
//! [`WaterModel`] is plain, synchronous and deterministic; cloning forks it. [`WaterEngine`] runs one on
//! its own low-priority thread beside a room, so that a drill or a forecast never holds the live room up.

mod coarse;
mod engine;
mod forecast;
mod saved;
mod told;

use std::sync::Arc;

use guanlan_city::City;
use guanlan_core::{
    Stamp, WaterPeaks,
    input::{DepthField, DepthPatch},
};
use guanlan_geography::LocalFrame;

use crate::{
    bed::BedError,
    chinese_notes::chinese_first,
    drains::{DrainLedger, DrainPlan, Drains},
    measures::{Cost, CostBook, DoneMeasure, Measure, MeasureError, PumpRun, Works},
    outputs::{Tracker, peaks_of, resume},
    scenario::{Name, Scenario, ScenarioError},
    storm::{Rain, RainField, RainSeries, StormError},
    surface::{Domain, Forcing, Ledger, SurfaceMaker, SurfaceSolver},
};

use told::depths_mm;

pub use engine::WaterEngine;
pub use forecast::{Forecast, ForecastSettings, ForecastTask, forecast};
pub use saved::StateError;

/// Simulated time between frames unless asked otherwise, s.
pub const CADENCE_S: u32 = 10;
/// Pump trucks and sponges move water this often, s.
const SYNC_S: f64 = 1.0;

/// A water model cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WaterError {
    /// The city.
    #[error(transparent)]
    Bed(#[from] BedError),
    /// The scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A saved state.
    #[error("hot start: {0}")]
    State(#[from] StateError),
    /// Threads.
    #[error("水流计算没有可用线程：{0} / no threads for the water: {0}")]
    Threads(String),
}

impl From<StormError> for WaterError {
    fn from(error: StormError) -> Self {
        Self::Scenario(error.into())
    }
}

/// How far what runs beside a room stands back: estimates and forecasts, which nobody waits for at the second.
const FAR_BACK: i32 = 10;
/// How far an exercise stands back: behind the live room, but people act in it and wait for what they ordered.
const BACK: i32 = 5;

/// A pool of named threads that yield to everything else on the machine.
///
/// # Errors
/// When the system gives no threads.
pub fn low_priority_pool(threads: usize) -> Result<Arc<rayon::ThreadPool>, WaterError> {
    pool(threads, FAR_BACK)
}

/// A pool of named threads for an exercise: behind the live room, before estimates and forecasts.
///
/// # Errors
/// When the system gives no threads.
pub fn exercise_pool(threads: usize) -> Result<Arc<rayon::ThreadPool>, WaterError> {
    pool(threads, BACK)
}

fn pool(threads: usize, nice: i32) -> Result<Arc<rayon::ThreadPool>, WaterError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|k| format!("water-{k}"))
        .start_handler(move |_| stand_back(nice))
        .build()
        .map(Arc::new)
        .map_err(|e| WaterError::Threads(e.to_string()))
}

/// Lowers the priority of the calling thread behind everything else.
pub fn yield_to_others() {
    stand_back(FAR_BACK);
}

/// Lowers the priority of the calling thread behind the live room's.
pub fn yield_to_the_live_room() {
    stand_back(BACK);
}

fn stand_back(nice: i32) {
    // SAFETY: setpriority has no memory effects; on Linux "process 0" is the calling thread. When it is
    // refused the thread simply keeps its priority.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, nice);
    }
    #[cfg(not(target_os = "linux"))]
    let _elsewhere = nice;
}

/// Water over one city, advanced on request. Time runs in ms from `start`; frames come at whole cadences.
pub struct WaterModel {
    solver: Box<dyn SurfaceSolver>,
    drains: Option<Drains>,
    rain: Rain,
    works: Works,
    done: Vec<DoneMeasure>,
    costs: Arc<CostBook>,
    /// Held depths of the scenario, before any river stage.
    held_m: Arc<Vec<f32>>,
    /// Roads of the city.
    roads: usize,
    tracker: Option<Tracker>,
    /// What had to be assumed.
    notes: Vec<String>,
    start: Stamp,
    cadence_ms: i64,
    frames: i64,
    /// Least time between exchanges, s.
    pace_s: f64,
}

impl Clone for WaterModel {
    fn clone(&self) -> Self {
        Self {
            solver: self.solver.boxed(),
            drains: self.drains.clone(),
            rain: self.rain.clone(),
            works: self.works.clone(),
            done: self.done.clone(),
            costs: self.costs.clone(),
            held_m: self.held_m.clone(),
            roads: self.roads,
            tracker: self.tracker.clone(),
            notes: self.notes.clone(),
            start: self.start,
            cadence_ms: self.cadence_ms,
            frames: self.frames,
            pace_s: self.pace_s,
        }
    }
}

impl WaterModel {
    /// A dry city at `start` with the rain, drains, initial state and cell size of a scenario. Its timed
    /// measures are not applied here: whoever advances the model does that at their times.
    ///
    /// # Errors
    /// When the city has no terrain or the scenario makes no sense.
    pub fn new(
        city: &City,
        scenario: &Scenario,
        start: Stamp,
        cadence_s: u32,
        pool: Option<Arc<rayon::ThreadPool>>,
    ) -> Result<Self, WaterError> {
        Self::new_on(city, scenario, start, cadence_s, pool, None)
    }

    /// The same with the local inertial kernel made by `surface` (a graphics device), where the scenario takes that
    /// kernel; when it cannot be made the processor's is taken and a note says why.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn new_on(
        city: &City,
        scenario: &Scenario,
        start: Stamp,
        cadence_s: u32,
        pool: Option<Arc<rayon::ThreadPool>>,
        surface: Option<&SurfaceMaker>,
    ) -> Result<Self, WaterError> {
        scenario.check()?;
        let (domain, focus_notes) = scenario.domain(city, surface.is_some())?;
        let domain = Arc::new(domain);
        let (rain, rain_notes) = scenario.rain_over(city, &domain.grid)?;
        let drains = city
            .drainage
            .as_ref()
            .filter(|_| scenario.drains.enabled)
            .map(|network| Drains::new(Arc::new(DrainPlan::new(network, &domain, scenario.inlets()))));
        let boundaries = scenario.boundaries(&LocalFrame::new(city.epsg, city.origin), &domain)?;
        let ground_notes = domain.notes().to_vec();
        let (mut solver, kernel_notes) = scenario.solver(domain, pool, surface);
        if !boundaries.is_empty() {
            solver.follow(boundaries);
        }
        let mut model = Self::from_parts_boxed(solver, drains, rain, start, cadence_s);
        model.notes.extend(ground_notes);
        model.notes.extend(focus_notes);
        model.notes.extend(kernel_notes);
        model.notes.extend(rain_notes);
        model.notes.extend(model.drains.as_ref().map(|d| d.plan().notes.clone()).unwrap_or_default());
        chinese_first(&mut model.notes);
        model.roads = city.roads.len();
        model.costs = Arc::new(scenario.cost_book()?);
        model.begin(scenario)?;
        Ok(model)
    }

    /// What the scenario says of the first instant.
    fn begin(&mut self, scenario: &Scenario) -> Result<(), WaterError> {
        let missing = |field: &str, id: &str, what: &str| ScenarioError::Field {
            field: field.into(),
            reason: format!("'{id}': the drainage network has no such {what}"),
        };
        if self.drains.is_some() {
            for id in &scenario.drains.failed_pumps {
                let failed = Measure::PumpFailed { pump: id.clone(), failed: true };
                self.enact(&failed).map_err(|_| missing("drains.failed_pumps", id, "pump"))?;
            }
            for id in &scenario.drains.blocked_inlets {
                let blocked = Measure::InletOpen { node: id.clone(), open_share: 0.0 };
                self.enact(&blocked).map_err(|_| missing("drains.blocked_inlets", id, "node"))?;
            }
        }
        if scenario.initial.river_rise_m != 0.0 {
            let rise = Measure::RiverStage { rise_m: scenario.initial.river_rise_m };
            self.enact(&rise)
                .map_err(|e| ScenarioError::Field { field: "initial.river_rise_m".into(), reason: e.to_string() })?;
        }
        // The scenario itself is not a measure anybody took.
        self.done.clear();
        Ok(())
    }

    /// A model from its parts. The solver must stand at time 0.
    #[must_use]
    pub fn from_parts(
        solver: impl SurfaceSolver + 'static,
        drains: Option<Drains>,
        rain: impl Into<Rain>,
        start: Stamp,
        cadence_s: u32,
    ) -> Self {
        Self::from_parts_boxed(Box::new(solver), drains, rain.into(), start, cadence_s)
    }

    fn from_parts_boxed(
        solver: Box<dyn SurfaceSolver>,
        drains: Option<Drains>,
        rain: Rain,
        start: Stamp,
        cadence_s: u32,
    ) -> Self {
        let held_m = Arc::new(solver.domain().held_depths());
        Self {
            solver,
            drains,
            rain,
            works: Works::default(),
            done: Vec::new(),
            costs: Arc::new(CostBook::builtin().unwrap_or_default()),
            held_m,
            roads: usize::MAX,
            tracker: None,
            notes: Vec::new(),
            start,
            cadence_ms: i64::from(cadence_s.max(1)) * 1000,
            frames: 0,
            pace_s: SYNC_S,
        }
    }

    /// Lets streets and drains meet no oftener than this, s (1 s unless asked otherwise): rooms and searches over coarse
    /// cells win time by it.
    pub fn set_pace_s(&mut self, pace_s: f64) {
        self.pace_s = pace_s.clamp(SYNC_S, 20.0);
        self.solver.set_exchange_s(pace_s);
        if let Some(drains) = self.drains.as_mut() {
            drains.set_pace_s(pace_s);
        }
    }

    /// The instant it stands at.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.start + (self.time_s() * 1000.0).round() as i64
    }

    /// Its time 0.
    #[must_use]
    pub fn start(&self) -> Stamp {
        self.start
    }

    /// Simulated time since its start, s.
    #[must_use]
    pub fn time_s(&self) -> f64 {
        self.solver.time_s()
    }

    /// The raster.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        self.solver.domain()
    }

    /// Cell side in focus areas, m; 0 where there are none.
    #[must_use]
    pub fn focus_cell_m(&self) -> f64 {
        self.domain().patches().first().map_or(0.0, |patch| patch.domain.grid.cell_m)
    }

    /// The solver.
    #[must_use]
    pub fn solver(&self) -> &dyn SurfaceSolver {
        &*self.solver
    }

    /// The books of the surface.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.solver.ledger()
    }

    /// The drains, if the scenario has them.
    #[must_use]
    pub fn drains(&self) -> Option<&Drains> {
        self.drains.as_ref()
    }

    /// The books of the drains.
    #[must_use]
    pub fn drain_ledger(&self) -> Option<DrainLedger> {
        self.drains.as_ref().map(Drains::ledger)
    }

    /// The rain.
    #[must_use]
    pub fn rain(&self) -> &Rain {
        &self.rain
    }

    /// Rain intensity of the series that falls everywhere, now, mm/h.
    #[must_use]
    pub fn rain_mm_h(&self) -> f64 {
        self.rain.base.intensity_mm_h(self.solver.time_s())
    }

    /// What had to be assumed, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What stands and runs because somebody put it there.
    #[must_use]
    pub fn works(&self) -> &Works {
        &self.works
    }

    /// Measures done so far, oldest first.
    #[must_use]
    pub fn done(&self) -> &[DoneMeasure] {
        &self.done
    }

    /// What a measure would cost.
    #[must_use]
    pub fn cost_of(&self, measure: &Measure) -> Cost {
        self.costs.of(measure)
    }

    /// Does something to the water from now on. False when it names nothing that exists.
    pub fn apply(&mut self, measure: &Measure) -> bool {
        self.enact(measure).is_ok()
    }

    /// Does something to the water from now on, writes it down, and says what undoes it.
    ///
    /// # Errors
    /// Says what was expected; nothing has changed then.
    pub fn enact(&mut self, measure: &Measure) -> Result<DoneMeasure, MeasureError> {
        self.enact_named(measure, &Name::default())
    }

    /// As [`Self::enact`], with a name for reports.
    ///
    /// # Errors
    /// As [`Self::enact`].
    pub fn enact_named(&mut self, measure: &Measure, name: &Name) -> Result<DoneMeasure, MeasureError> {
        if let Some(reason) = measure.problem() {
            return Err(MeasureError::new(measure.cost_key().unwrap_or("rain"), reason));
        }
        let at_s = self.time_s();
        let inverse = self.change(measure)?;
        let cost = self.costs.of(measure);
        let done = DoneMeasure {
            at_s,
            measure: measure.clone(),
            cost,
            inverse,
            undone: false,
            undoes: None,
            name: name.clone(),
        };
        self.done.push(done.clone());
        Ok(done)
    }

    /// Undoes the last measure that can be undone and has not been; the undoing is a measure of its own.
    ///
    /// # Errors
    /// When there is none.
    pub fn undo(&mut self) -> Result<DoneMeasure, MeasureError> {
        let last = self.done.iter().rposition(|d| !d.undone && d.inverse.is_some());
        self.undo_at(last.ok_or_else(|| MeasureError::new("undo", "there is nothing to undo"))?)
    }

    /// Undoes one measure of [`Self::done`]. What was changed again since stays as it was changed: undoing that goes back
    /// beyond both then. Rain goes on as if it had never been changed.
    ///
    /// # Errors
    /// When it cannot be undone, or has been.
    pub fn undo_at(&mut self, index: usize) -> Result<DoneMeasure, MeasureError> {
        let found = self.done.get(index).filter(|d| !d.undone);
        let Some((done, inverse)) = found.and_then(|d| Some((d, d.inverse.as_ref()?))) else {
            return Err(MeasureError::new("undo", format!("measure {index} cannot be undone")));
        };
        let since = self.done.iter().skip(index + 1);
        let later = since.enumerate().find(|(_, d)| !d.undone && d.measure.sets_what(&done.measure));
        let age_s = later.map_or(self.time_s(), |(_, d)| d.at_s) - done.at_s;
        let inverse = match inverse {
            Measure::Rain(before) => Measure::Rain(before.from_now(age_s)),
            other => other.clone(),
        };
        if let Some((k, _)) = later {
            self.done[index + 1 + k].inverse = Some(inverse);
            self.done[index].undone = true;
            return Ok(self.done[index].clone());
        }
        let name = self.done[index].name.clone();
        self.enact_named(&inverse, &name)?;
        self.done[index].undone = true;
        let done = self.done.last_mut().ok_or_else(|| MeasureError::new("undo", "nothing was done"))?;
        (done.undone, done.undoes) = (true, Some(index));
        Ok(done.clone())
    }

    fn change(&mut self, measure: &Measure) -> Result<Option<Measure>, MeasureError> {
        let now_s = self.time_s();
        match measure {
            Measure::Rain(series) => {
                let before = self.rain.base.from_now(now_s);
                self.rain.base = self.rain.base.followed_by(now_s, series);
                Ok(Some(Measure::Rain(before)))
            }
            Measure::RainIntensity(mm_h) => {
                let before = self.rain.base.from_now(now_s);
                self.rain.base = self.rain.base.continued(now_s, *mm_h);
                Ok(Some(Measure::Rain(before)))
            }
            Measure::Paint(stroke) => {
                self.rain.paint(stroke.clone());
                Ok(Some(Measure::Unpaint(stroke.clone())))
            }
            Measure::Unpaint(stroke) if self.rain.unpaint(stroke) => Ok(Some(Measure::Paint(stroke.clone()))),
            Measure::Unpaint(_) => Err(MeasureError::new("rain", "no such stroke has been painted")),
            Measure::Pour { east_m, north_m, volume_m3 } => {
                let cell = self.domain().finest_at(*east_m, *north_m);
                let open = cell.filter(|(c, r)| !self.domain().is_blocked(*c, *r));
                // What is poured over a house runs off beside it.
                let bed = |c: &(usize, usize)| self.domain().bed_m(c.0, c.1).unwrap_or(f64::INFINITY);
                let beside = || {
                    let near = crate::impact::cells_near(self.domain(), [*east_m, *north_m]);
                    near.into_iter().min_by(|a, b| bed(a).total_cmp(&bed(b)))
                };
                let open = open.or_else(beside);
                let reason = || format!("({east_m}, {north_m}) is no open ground of the model");
                let (col, row) = open.ok_or_else(|| MeasureError::new("pour", reason()))?;
                self.solver.pour_m3(col, row, *volume_m3);
                Ok(None)
            }
            Measure::PumpFailed { .. }
            | Measure::PumpSwitch { .. }
            | Measure::InletOpen { .. }
            | Measure::CoverOpen { .. }
            | Measure::OutfallLevel { .. }
            | Measure::ConduitBlocked { .. } => {
                let inverse = self.works.record(measure);
                if let Err(error) = self.tell_network(measure) {
                    inverse.iter().for_each(|undo| drop(self.works.record(undo)));
                    return Err(error);
                }
                Ok(inverse)
            }
            Measure::RoadClosed { road, .. } if *road >= self.roads => {
                Err(MeasureError::new("road_closure", format!("{road}: the city has {} roads", self.roads)))
            }
            Measure::RoadClosed { .. } => Ok(self.works.record(measure)),
            Measure::MobilePump { .. }
            | Measure::Barrier { .. }
            | Measure::Sponge { .. }
            | Measure::RiverStage { .. } => self.works.place(measure, &mut *self.solver, &self.held_m).map(Some),
        }
    }

    fn tell_network(&mut self, measure: &Measure) -> Result<(), MeasureError> {
        let Some(drains) = self.drains.as_mut() else {
            return Err(MeasureError::new("drains", "the model has no drainage network"));
        };
        let (found, what, id) = match measure {
            Measure::PumpFailed { pump, failed } => (drains.set_pump_failed(pump, *failed), "pump", pump),
            Measure::PumpSwitch { pump, run } => {
                let by_hand = match run {
                    PumpRun::Auto => None,
                    PumpRun::On => Some(true),
                    PumpRun::Off => Some(false),
                };
                (drains.set_pump_hand(pump, by_hand), "pump", pump)
            }
            Measure::OutfallLevel { node, level_m } => (drains.set_outfall_level(node, *level_m), "outfall", node),
            Measure::ConduitBlocked { conduit, share } => {
                (drains.set_conduit_blocked(conduit, *share), "conduit", conduit)
            }
            Measure::InletOpen { node, open_share } => (drains.set_inlet_open(node, *open_share), "node", node),
            Measure::CoverOpen { node, open } => (drains.set_cover_open(node, *open), "node", node),
            other => return Err(MeasureError::new("drains", format!("{other:?} is not a matter of the network"))),
        };
        if found {
            Ok(())
        } else {
            Err(MeasureError::new(what, format!("'{id}': the drainage network has no such {what}")))
        }
    }

    /// Rain expected from now on in place of what was; its time 0 is now.
    pub fn expect_rain(&mut self, rain: &Rain) {
        self.rain = self.rain.followed_by(self.time_s(), rain);
    }

    /// Begins to keep maxima, hazard, arrival and duration from now on, at every frame or look.
    pub fn track(&mut self) {
        self.tracker = Some(Tracker::new(self.solver.domain(), self.time_s()));
    }

    /// Maxima, hazard, arrival and duration, when they are kept.
    #[must_use]
    pub fn tracker(&self) -> Option<&Tracker> {
        self.tracker.as_ref()
    }

    /// No longer keeps maxima.
    pub fn untrack(&mut self) {
        self.tracker = None;
    }

    /// The maxima as they are handed to a room; `None` when they are not kept.
    #[must_use]
    pub fn peaks(&self) -> Option<Arc<WaterPeaks>> {
        self.tracker.as_ref().map(|tracker| Arc::new(peaks_of(tracker, &*self.solver, self.start)))
    }

    /// Keeps maxima on from what was handed to a room; false when they are of another raster.
    pub fn track_on(&mut self, peaks: &WaterPeaks) -> bool {
        let resumed = resume(peaks, self.solver.domain(), self.start, self.time_s());
        let fits = resumed.is_some();
        self.tracker = resumed.or(self.tracker.take());
        fits
    }

    /// Looks at the water for the maxima.
    pub fn look(&mut self) {
        if let Some(tracker) = self.tracker.as_mut() {
            tracker.look(&*self.solver);
        }
    }

    /// Advances exactly to `to_s`. Where a run is cut matters for its last bits: a run that is to be repeated
    /// must be cut at the same times.
    pub fn run_to(&mut self, to_s: f64) {
        while self.time_s() < to_s {
            let from_s = self.time_s();
            let busy = self.works.are_busy();
            let pace_s = self.pace_s;
            let until_s = if busy { (((from_s / pace_s).floor() + 1.0) * pace_s).min(to_s) } else { to_s };
            self.solver.advance(until_s, &mut Forcing { rain: &self.rain, drains: self.drains.as_mut() });
            if busy {
                let dt_s = self.time_s() - from_s;
                self.works.run(&mut *self.solver, dt_s);
            }
        }
    }

    /// Advances to the last whole cadence not after `until` and returns the frame there; `None` when
    /// that instant has been reached already. The result does not depend on how the way was cut into calls.
    pub fn advance_to(&mut self, until: Stamp) -> Option<Arc<DepthField>> {
        let mut last = None;
        while let Some(frame) = self.next_frame(until) {
            last = Some(frame);
        }
        last
    }

    /// Advances by one cadence if that is not after `until`, and returns the frame.
    pub fn next_frame(&mut self, until: Stamp) -> Option<Arc<DepthField>> {
        self.step(until).then(|| Arc::new(self.frame()))
    }

    /// Advances by one cadence, or to `until` if that is nearer; the frame when `until` has been reached.
    pub(crate) fn step_towards(&mut self, until: Stamp) -> Option<Arc<DepthField>> {
        if !self.step(until) {
            self.run_to((until - self.start) as f64 / 1000.0);
            self.look();
        }
        (self.now() >= until).then(|| Arc::new(self.frame()))
    }

    /// Advances exactly to `until` and returns the frame of the last whole cadence on the way, if there was one. Whoever
    /// calls this often never has much to catch up with when somebody orders something.
    pub fn keep_up(&mut self, until: Stamp) -> Option<Arc<DepthField>> {
        let frame = self.advance_to(until);
        self.run_to((until - self.start) as f64 / 1000.0);
        frame
    }

    /// The instant of the next frame.
    #[must_use]
    pub fn next_frame_at(&self) -> Stamp {
        self.start + (self.frames + 1) * self.cadence_ms
    }

    /// Goes on towards the next frame by at most `most_s`, so that its caller can look at orders in between; true when it
    /// is reached, `None` when it lies after `until`.
    pub fn go_on(&mut self, until: Stamp, most_s: f64) -> Option<bool> {
        let frame_at = self.next_frame_at();
        if frame_at > until {
            return None;
        }
        let to_s = (frame_at - self.start) as f64 / 1000.0;
        if self.time_s() + most_s < to_s {
            self.run_to(self.time_s() + most_s);
            return Some(false);
        }
        self.step(until);
        Some(true)
    }

    fn step(&mut self, until: Stamp) -> bool {
        if self.next_frame_at() > until {
            return false;
        }
        self.frames += 1;
        self.run_to((self.frames * self.cadence_ms) as f64 / 1000.0);
        self.look();
        true
    }

    /// The depths now, in mm. Held water (rivers, lakes) counts as 0: it is not flooding.
    #[must_use]
    pub fn frame(&self) -> DepthField {
        let grid = self.domain().grid;
        let finer = self.solver.finer().into_iter().map(|solver| {
            let grid = solver.domain().grid;
            DepthPatch {
                west_m: grid.west_m,
                south_m: grid.south_m,
                cell_m: grid.cell_m,
                cols: grid.cols as u32,
                rows: grid.rows as u32,
                depth_mm: depths_mm(solver),
            }
        });
        DepthField {
            at: self.now(),
            west_m: grid.west_m,
            south_m: grid.south_m,
            cell_m: grid.cell_m,
            cols: grid.cols as u32,
            rows: grid.rows as u32,
            depth_mm: depths_mm(&*self.solver),
            estimate: true,
            finer: finer.collect(),
        }
    }

    /// True while rain is expected to fall at its own time.
    #[must_use]
    pub fn rains(&self) -> bool {
        self.rain.rains_at(self.time_s())
    }

    /// The solver, for those who correct the water from outside.
    pub(crate) fn solver_mut(&mut self) -> &mut dyn SurfaceSolver {
        &mut *self.solver
    }

    /// Rain from now on in place of what was; its time 0 is now. Like [`Self::expect_rain`], but how past rain was
    /// spread in time is forgotten: a model that is told of its rain every few seconds for days stays small.
    pub fn feed_rain(&mut self, rain: &Rain) {
        let now_s = self.time_s();
        let fallen = self.rain.base.cumulative_mm(now_s);
        let past = RainSeries::from_cumulative(vec![[0.0, 0.0], [now_s, fallen]]);
        if let Some(past) = past.filter(|_| self.rain.base.knots().len() > 64) {
            self.rain.base = past;
        }
        self.expect_rain(rain);
    }

    /// Level of the nearest held water (river, lake) within reach as the scenario has it, m above datum.
    pub(crate) fn river_level_near(&self, place_m: [f64; 2], reach_m: f64) -> Option<f64> {
        let domain = self.domain();
        let held = domain.held().iter().zip(self.held_m.iter()).filter(|(_, depth)| **depth > 0.0);
        let far = |col: usize, row: usize| {
            let [x, y] = domain.grid.centre_m(col, row);
            (x - place_m[0]).hypot(y - place_m[1])
        };
        let near = held.map(|(h, depth)| (far(h.col, h.row), h, depth)).filter(|n| n.0 <= reach_m);
        let (_, cell, depth) = near.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(domain.bed_m(cell.col, cell.row)? + f64::from(*depth))
    }

    /// Holds rivers and lakes so much above their scenario's level, m; nobody's measure.
    pub(crate) fn hold_rivers(&mut self, rise_m: f64) {
        if rise_m != self.works.river_rise_m() {
            // A rise of any height can be held.
            let _before = self.change(&Measure::RiverStage { rise_m });
        }
    }

    /// What was done up to now is how things are, not what somebody did: it can no longer be undone.
    pub fn settle(&mut self) {
        self.done.clear();
    }
}
