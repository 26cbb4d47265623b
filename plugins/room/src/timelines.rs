//! All timelines of a program: the live room, and replays and exercises beside it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use guanlan_core::{Mode, Stamp, TimelineId};
use guanlan_drill::DrillPlan;
use guanlan_rainstorm::{Scenario, surface::SurfaceMaker};

use crate::{
    config::RoomConfig,
    drill_room::{DrillSetup, drill_config, run_drill},
    forecast_room::run_forecast,
    handle::{Control, RoomHandle},
    picture::Playback,
    replay::run_replay_of,
    timeline_error::{MAX_OTHERS, TimelineError},
    water::shelf::Shelf,
};

/// A timeline in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineInfo {
    /// Its name.
    pub id: TimelineId,
    /// What it is.
    pub mode: Mode,
    /// Its instant.
    pub now: Stamp,
    /// Its clock.
    pub playback: Playback,
}

/// The exercises a program can start by name.
#[derive(Clone, Debug, Default)]
pub struct Exercises {
    /// Script files by name; the first is the one that runs when none is named.
    pub scripts: BTreeMap<String, PathBuf>,
    /// Ground, losses and drains of the water model in an exercise.
    pub scenario: Scenario,
}

/// All timelines of a program.
pub struct Timelines {
    live: RoomHandle,
    config: Arc<RoomConfig>,
    store: Option<PathBuf>,
    others: Mutex<BTreeMap<TimelineId, RoomHandle>>,
    next: AtomicU32,
    exercises: Exercises,
    plans: Mutex<BTreeMap<TimelineId, Arc<DrillPlan>>>,
    /// Where exercises write their journals, and the constants to run them again with.
    journals: Mutex<BTreeMap<TimelineId, (PathBuf, Arc<RoomConfig>)>>,
    shelf: Arc<Shelf>,
    water_on: OnceLock<WaterOn>,
}

/// What makes the water's solver for a timeline, for example on the device that draws it.
pub type WaterOn = Box<dyn Fn(&TimelineId) -> SurfaceMaker + Send + Sync>;

impl Timelines {
    /// The live room and where its journal is.
    #[must_use]
    pub fn new(live: RoomHandle, config: Arc<RoomConfig>, store: Option<PathBuf>) -> Self {
        Self {
            live,
            config,
            store,
            others: Mutex::default(),
            next: AtomicU32::new(1),
            exercises: Exercises::default(),
            plans: Mutex::default(),
            journals: Mutex::default(),
            shelf: Arc::default(),
            water_on: OnceLock::new(),
        }
    }

    /// With exercises that can be started by name.
    #[must_use]
    pub fn with_exercises(mut self, exercises: Exercises) -> Self {
        self.exercises = exercises;
        self
    }

    /// Script files by name.
    #[must_use]
    pub fn scripts(&self) -> &BTreeMap<String, PathBuf> {
        &self.exercises.scripts
    }

    /// Starts an exercise by its script's name (the first script when `None`), forked from the live room.
    ///
    /// # Errors
    /// When there is no such script, it does not fit this city, or the exercise cannot begin.
    pub fn exercise(&self, name: Option<&str>, speed: f64) -> Result<RoomHandle, TimelineError> {
        let scripts = self.scripts();
        let found = match name {
            Some(name) => scripts.get(name),
            None => scripts.values().next(),
        };
        let path = found.ok_or_else(|| {
            let known: Vec<&str> = scripts.keys().map(String::as_str).collect();
            TimelineError::NoScript(name.unwrap_or_default().to_owned(), known.join(", "))
        })?;
        let text =
            std::fs::read_to_string(path).map_err(|source| TimelineError::ScriptFile { path: path.clone(), source })?;
        let plan = DrillPlan::parse(&path.display().to_string(), &text, &self.config.city)?;
        self.drill(None, Arc::new(plan), self.exercises.scenario.clone(), speed)
    }

    /// The script of an exercise that is open.
    #[must_use]
    pub fn plan(&self, id: &str) -> Option<Arc<DrillPlan>> {
        self.plans().get(id).cloned()
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<TimelineId, Arc<DrillPlan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journals(&self) -> MutexGuard<'_, BTreeMap<TimelineId, (PathBuf, Arc<RoomConfig>)>> {
        self.journals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> MutexGuard<'_, BTreeMap<TimelineId, RoomHandle>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The live room.
    #[must_use]
    pub fn live(&self) -> &RoomHandle {
        &self.live
    }

    /// Constants of the live room.
    #[must_use]
    pub fn config(&self) -> &Arc<RoomConfig> {
        &self.config
    }

    /// A timeline by name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<RoomHandle> {
        if self.live.timeline().as_str() == id {
            return Some(self.live.clone());
        }
        self.others().get(id).cloned()
    }

    /// The rooms beside the live one.
    #[must_use]
    pub fn beside(&self) -> Vec<RoomHandle> {
        self.others().values().cloned().collect()
    }

    /// Every timeline, the live one first.
    #[must_use]
    pub fn list(&self) -> Vec<TimelineInfo> {
        let others = self.others();
        std::iter::once(&self.live)
            .chain(others.values())
            .map(|room| {
                let picture = room.picture();
                TimelineInfo {
                    id: room.timeline().clone(),
                    mode: picture.mode,
                    now: picture.now,
                    playback: picture.playback.clone(),
                }
            })
            .collect()
    }

    pub(crate) fn name(&self, kind: &str) -> TimelineId {
        format!("{kind}-{}", self.next.fetch_add(1, Ordering::Relaxed)).into()
    }

    pub(crate) fn keep(&self, room: RoomHandle) -> Result<RoomHandle, TimelineError> {
        let mut others = self.others();
        if others.len() >= MAX_OTHERS {
            room.control(Control::Stop);
            return Err(TimelineError::TooMany);
        }
        others.insert(room.timeline().clone(), room.clone());
        Ok(room)
    }

    /// Opens a replay of the live room's journal at an instant, paused.
    ///
    /// # Errors
    /// When there is no journal file, or it cannot be read.
    pub fn replay(&self, at: Option<Stamp>) -> Result<RoomHandle, TimelineError> {
        let store = self.store.clone().ok_or(TimelineError::NoStore)?;
        let room = run_replay_of(self.name("replay"), &self.config, store, at, self.live.past())?;
        self.keep(room)
    }

    /// Opens a replay of an exercise that is running or of the live room, at an instant, paused.
    ///
    /// # Errors
    /// As [`Self::replay`].
    pub fn replay_of(&self, origin: &TimelineId, at: Option<Stamp>) -> Result<RoomHandle, TimelineError> {
        if origin == self.live.timeline() {
            return self.replay(at);
        }
        let (store, config) = self.journals().get(origin).cloned().ok_or(TimelineError::NoStore)?;
        self.keep(run_replay_of(self.name("replay"), &config, store, at, None)?)
    }

    /// Forks a timeline (the live room when `None`) into an exercise and starts it. Its journal
    /// stands beside the live one.
    ///
    /// # Errors
    /// When the timeline does not answer or the exercise cannot begin.
    pub fn drill(
        &self,
        of: Option<&RoomHandle>,
        plan: Arc<DrillPlan>,
        scenario: Scenario,
        speed: f64,
    ) -> Result<RoomHandle, TimelineError> {
        let (tx, rx) = crossbeam_channel::bounded(1);
        let take = Box::new(move |point| {
            let _ = tx.send(point);
        });
        of.unwrap_or(&self.live).control(Control::Fork(take));
        let fork = rx.recv_timeout(Duration::from_secs(10)).map_err(|_| TimelineError::NoAnswer)?;
        let timeline = self.name("drill");
        let stamp = fork.machine.now().format_local("%Y%m%d-%H%M%S");
        let store = self.store.as_ref().map(|live| {
            let stem = live.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            live.with_file_name(format!("{stem}-{timeline}-{stamp}.db"))
        });
        let start = fork.machine.now() + i64::from(plan.script.start_offset_s) * 1000;
        let constants = drill_config(fork.machine.config(), timeline.clone(), plan.clone(), start, true);
        let journal = store.clone().map(|path| (path, Arc::new(constants)));
        let surface = self.surface_of(&timeline);
        let setup = DrillSetup { timeline, plan: plan.clone(), scenario, speed, store, responders: true, surface };
        let room = self.keep(run_drill(fork, setup)?)?;
        self.plans().insert(room.timeline().clone(), plan);
        if let Some(journal) = journal {
            self.journals().insert(room.timeline().clone(), journal);
        }
        Ok(room)
    }

    /// The forecast timeline (预报): the last run ahead, to be looked at and tried in. There is one at most.
    ///
    /// # Errors
    /// When no forecast has been made, or the live room does not answer.
    pub fn forecast(&self) -> Result<RoomHandle, TimelineError> {
        const NAME: &str = "forecast";
        if let Some(open) = self.get(NAME) {
            return Ok(open);
        }
        self.keep(run_forecast(NAME.into(), self.live.clone(), self.shelf(), &self.config)?)
    }

    /// From now on water beside rooms and in exercises is computed on this; on the processor while nobody says so.
    /// What is said first holds.
    pub fn compute_water_on(&self, on: WaterOn) {
        let _first = self.water_on.set(on);
    }

    /// What makes the solver of a timeline's water; `None` for the processor.
    pub(crate) fn surface_of(&self, timeline: &TimelineId) -> Option<SurfaceMaker> {
        self.water_on.get().map(|on| on(timeline))
    }

    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        self.shelf.clone()
    }

    /// Ends a timeline. The live room can not be ended this way.
    pub fn close(&self, id: &str) -> bool {
        let room = self.others().remove(id);
        self.plans().remove(id);
        self.journals().remove(id);
        room.inspect(RoomHandle::stop).is_some()
    }

    /// Ends everything, the live room last.
    pub fn stop(&self) {
        let others = std::mem::take(&mut *self.others());
        others.values().for_each(RoomHandle::stop);
        self.live.stop();
    }
}
