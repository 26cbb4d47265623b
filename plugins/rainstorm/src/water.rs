//! Water for a room: depth frames at a fixed simulated cadence.
//!
//! [`WaterModel`] is plain, synchronous and deterministic; cloning forks it. [`WaterEngine`] runs one on
//! its own low-priority thread beside a room, so that a drill or a forecast never holds the live room up.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use guanlan_city::City;
use guanlan_core::{Stamp, input::DepthField};

use crate::{
    bed::{BedError, domain_of},
    drains::{DrainLedger, DrainPlan, Drains},
    scenario::{Scenario, ScenarioError},
    storm::RainSeries,
    surface::{Domain, Forcing, Ledger, LocalInertial, SurfaceSolver},
};

/// Simulated time between frames unless asked otherwise, s.
pub const CADENCE_S: u32 = 10;

/// Something done to the water from now on.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// A pump fails or is repaired.
    PumpFailed {
        /// Name in the .inp file.
        pump: String,
        /// True when it fails.
        failed: bool,
    },
    /// The grates of a manhole are blocked or cleared.
    InletOpen {
        /// Name in the .inp file.
        node: String,
        /// 0 blocked to 1 clear.
        open_share: f64,
    },
    /// Rain from now on; the series' own time 0 is now.
    Rain(RainSeries),
    /// It rains at this intensity until something else is said, mm/h.
    RainIntensity(f64),
    /// A volume comes up at a place (burst main), m³.
    Pour {
        /// Local m.
        east_m: f64,
        /// Local m.
        north_m: f64,
        /// m³.
        volume_m3: f64,
    },
}

/// A water model cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WaterError {
    /// The city.
    #[error(transparent)]
    Bed(#[from] BedError),
    /// The scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Threads.
    #[error("no threads for the water: {0}")]
    Threads(String),
}

/// A pool of named threads that yield to everything else on the machine.
///
/// # Errors
/// When the system gives no threads.
pub fn low_priority_pool(threads: usize) -> Result<Arc<rayon::ThreadPool>, WaterError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|k| format!("water-{k}"))
        .start_handler(|_| yield_to_others())
        .build()
        .map(Arc::new)
        .map_err(|e| WaterError::Threads(e.to_string()))
}

/// Lowers the priority of the calling thread.
pub fn yield_to_others() {
    // SAFETY: setpriority has no memory effects; on Linux "process 0" is the calling thread. When it is
    // refused the thread simply keeps its priority.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
    }
}

/// Water over one city, advanced on request. Time runs in ms from `start`; frames come at whole cadences.
#[derive(Clone)]
pub struct WaterModel {
    solver: LocalInertial,
    drains: Option<Drains>,
    rain: RainSeries,
    start: Stamp,
    cadence_ms: i64,
    frames: i64,
}

impl WaterModel {
    /// A dry city at `start` with the rain, drains and cell size of a scenario.
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
        scenario.check()?;
        let rain = scenario.rain()?;
        let domain = Arc::new(domain_of(city, &scenario.bed(scenario.cell_m))?);
        let drains = drains_of(city, scenario, &domain)?;
        Ok(Self::from_parts(LocalInertial::new(domain, scenario.inertial(), pool), drains, rain, start, cadence_s))
    }

    /// A model from its parts. The solver must stand at time 0.
    #[must_use]
    pub fn from_parts(
        solver: LocalInertial,
        drains: Option<Drains>,
        rain: RainSeries,
        start: Stamp,
        cadence_s: u32,
    ) -> Self {
        Self { solver, drains, rain, start, cadence_ms: i64::from(cadence_s.max(1)) * 1000, frames: 0 }
    }

    /// The instant it stands at: the last frame's.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.start + self.frames * self.cadence_ms
    }

    /// The raster.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        self.solver.domain()
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

    /// Rain intensity now, mm/h.
    #[must_use]
    pub fn rain_mm_h(&self) -> f64 {
        self.rain.intensity_mm_h(self.solver.time_s())
    }

    /// Does something to the water from now on. False when it names nothing that exists.
    pub fn apply(&mut self, measure: &Measure) -> bool {
        let now_s = self.solver.time_s();
        match measure {
            Measure::PumpFailed { pump, failed } => {
                self.drains.as_mut().is_some_and(|d| d.set_pump_failed(pump, *failed))
            }
            Measure::InletOpen { node, open_share } => {
                self.drains.as_mut().is_some_and(|d| d.set_inlet_open(node, *open_share))
            }
            Measure::Rain(series) => {
                self.rain = self.rain.followed_by(now_s, series);
                true
            }
            Measure::RainIntensity(mm_h) => {
                self.rain = self.rain.continued(now_s, *mm_h);
                true
            }
            Measure::Pour { east_m, north_m, volume_m3 } => match self.domain().grid.cell_of(*east_m, *north_m) {
                Some((col, row)) if !self.domain().is_blocked(col, row) => {
                    self.solver.pour_m3(col, row, *volume_m3);
                    true
                }
                _ => false,
            },
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
        if self.now() + self.cadence_ms > until {
            return None;
        }
        self.frames += 1;
        let to_s = (self.frames * self.cadence_ms) as f64 / 1000.0;
        self.solver.advance(to_s, &mut Forcing { rain: &self.rain, drains: self.drains.as_mut() });
        Some(Arc::new(self.frame()))
    }

    /// The depths now, in mm. Held water (rivers, lakes) counts as 0: it is not flooding.
    #[must_use]
    pub fn frame(&self) -> DepthField {
        let grid = self.domain().grid;
        let mut depth_mm = Vec::with_capacity(grid.len());
        self.solver.for_rows(&mut |_, row: &[f32]| depth_mm.extend(row.iter().map(|h| (h * 1000.0 + 0.5) as u16)));
        for cell in self.domain().held() {
            depth_mm[cell.row * grid.cols + cell.col] = 0;
        }
        DepthField {
            at: self.now(),
            west_m: grid.west_m,
            south_m: grid.south_m,
            cell_m: grid.cell_m,
            cols: grid.cols as u32,
            rows: grid.rows as u32,
            depth_mm,
            estimate: true,
        }
    }
}

/// The drains of a scenario over a raster; `None` when they are off or the city has none.
pub(crate) fn drains_of(city: &City, scenario: &Scenario, domain: &Domain) -> Result<Option<Drains>, ScenarioError> {
    let Some(network) = city.drainage.as_ref().filter(|_| scenario.drains.enabled) else { return Ok(None) };
    let mut drains = Drains::new(Arc::new(DrainPlan::new(network, domain, scenario.inlets())));
    let missing = |field: &str, id: &str, what: &str| ScenarioError::Field {
        field: field.into(),
        reason: format!("'{id}': the drainage network has no such {what}"),
    };
    for id in &scenario.drains.failed_pumps {
        if !drains.set_pump_failed(id, true) {
            return Err(missing("drains.failed_pumps", id, "pump"));
        }
    }
    for id in &scenario.drains.blocked_inlets {
        if !drains.set_inlet_open(id, 0.0) {
            return Err(missing("drains.blocked_inlets", id, "node"));
        }
    }
    Ok(Some(drains))
}

enum Ask {
    Advance(Stamp),
    Apply(Measure),
    Fork(mpsc::Sender<Box<WaterModel>>),
    Sync(mpsc::Sender<Stamp>),
}

/// A [`WaterModel`] on its own low-priority thread. Dropping it ends the thread after its current frame.
pub struct WaterEngine {
    asks: Option<mpsc::Sender<Ask>>,
    frames: mpsc::Receiver<Arc<DepthField>>,
    stop: Arc<std::sync::atomic::AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl WaterEngine {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(mut model: WaterModel) -> std::io::Result<Self> {
        let (asks, inbox) = mpsc::channel();
        let (out, frames) = mpsc::channel();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopping = stop.clone();
        let thread = thread::Builder::new().name("water".into()).spawn(move || {
            yield_to_others();
            while let Ok(ask) = inbox.recv() {
                match ask {
                    Ask::Advance(until) => {
                        while !stopping.load(std::sync::atomic::Ordering::Relaxed) {
                            let Some(frame) = model.next_frame(until) else { break };
                            if out.send(frame).is_err() {
                                return;
                            }
                        }
                    }
                    Ask::Apply(measure) => {
                        model.apply(&measure);
                    }
                    // A caller that went away while waiting needs no answer.
                    Ask::Fork(reply) => drop(reply.send(Box::new(model.clone()))),
                    Ask::Sync(reply) => drop(reply.send(model.now())),
                }
                if stopping.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
            }
        })?;
        Ok(Self { asks: Some(asks), frames, stop, thread: Some(thread) })
    }

    fn ask(&self, ask: Ask) -> bool {
        self.asks.as_ref().is_some_and(|asks| asks.send(ask).is_ok())
    }

    /// Asks for water up to an instant; returns at once. Frames arrive in [`Self::arrived`].
    pub fn request(&self, until: Stamp) {
        self.ask(Ask::Advance(until));
    }

    /// Does something to the water after all that was asked before.
    pub fn apply(&self, measure: Measure) {
        self.ask(Ask::Apply(measure));
    }

    /// Frames that have arrived, oldest first; never waits.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arc<DepthField>> {
        self.frames.try_iter().collect()
    }

    /// Asks for water up to an instant and waits; the frames since the last call, oldest first. A drill
    /// waits so that it stays deterministic.
    #[must_use]
    pub fn advance_and_wait(&self, until: Stamp) -> Vec<Arc<DepthField>> {
        self.request(until);
        let (reply, done) = mpsc::channel();
        if self.ask(Ask::Sync(reply)) {
            // An error means that the thread has ended: then there is nothing to wait for.
            let _ended = done.recv();
        }
        self.arrived()
    }

    /// A copy of the model after all that was asked before; `None` when the thread has ended.
    #[must_use]
    pub fn fork(&self) -> Option<WaterModel> {
        let (reply, copy) = mpsc::channel();
        if !self.ask(Ask::Fork(reply)) {
            return None;
        }
        copy.recv().ok().map(|model| *model)
    }
}

impl Drop for WaterEngine {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the water thread has been reported by the runtime already.
            let _ended = thread.join();
        }
    }
}
