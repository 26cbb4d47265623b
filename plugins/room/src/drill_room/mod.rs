//! An exercise: a fork of a room under a script's clock, with simulated water, crews and seats.
//!
//! Everything it produces is stamped an exercise; nothing of it reaches an outside channel, because
//! connectors and the crews' task topic are tied to the live room only. Its journal begins with the
//! parent's head and a snapshot, so that it can be replayed alone.

mod clock;
mod followed;
mod gauges;
mod water;

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use guanlan_core::{Mode, Role, Stamp, TimelineId, WaterPeaks};
use guanlan_drill::DrillPlan;
use guanlan_journal::{JournalError, Meta, Parent, SqliteStore, Store};
use guanlan_rainstorm::{Scenario, WaterModel, surface::SurfaceMaker, water::WaterError};

use self::followed::Followed;
use crate::{
    config::RoomConfig,
    handle::{ForkPoint, RoomHandle},
    ledger::Ledger,
    machine::Machine,
    picture::{Health, Picture, Playback},
    queue::RoomSender,
    water::{
        ahead::{AheadThread, Due},
        follow::MeasureFollower,
    },
};

/// Tick of an exercise, simulated ms.
const TICK_MS: i64 = 1_000;
/// Time between forecasts of an exercise that is played on the clock, min.
const AHEAD_EVERY_MIN: f64 = 5.0;

/// How an exercise is run.
pub struct DrillSetup {
    /// Name of the new timeline.
    pub timeline: TimelineId,
    /// The script, bound to the city.
    pub plan: Arc<DrillPlan>,
    /// Ground, losses and drains of the water model; the rain is the script's.
    pub scenario: Scenario,
    /// Ceiling of the speed, × real time; the script's own ceiling holds besides.
    pub speed: f64,
    /// Journal of the exercise; memory when absent.
    pub store: Option<PathBuf>,
    /// Simulated persons fill seats that nobody has taken.
    pub responders: bool,
    /// What makes the water's solver; the processor's when absent.
    pub surface: Option<SurfaceMaker>,
}

/// An exercise cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrillError {
    /// Its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The water model.
    #[error(transparent)]
    Water(#[from] WaterError),
    /// Its first snapshot.
    #[error(transparent)]
    State(#[from] guanlan_tick::StateError),
    /// The thread.
    #[error("cannot start the drill thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Constants of an exercise forked from a room: with them its journal can be run again.
#[must_use]
pub fn drill_config(
    parent: &RoomConfig,
    timeline: TimelineId,
    plan: Arc<DrillPlan>,
    start: Stamp,
    responders: bool,
) -> RoomConfig {
    let mut case_rules = parent.case_rules.clone();
    if responders {
        case_rules.auto_seats =
            [Role::Collector, Role::Acceptor, Role::Department, Role::Handler].into_iter().collect();
    }
    RoomConfig {
        city: parent.city.clone(),
        timeline,
        mode: Mode::Exercise,
        seed: plan.script.seed,
        tick_ms: TICK_MS,
        alert_rules: parent.alert_rules.clone(),
        case_rules,
        simulate_crews: true,
        drill: Some((plan, start)),
    }
}

/// Forks a room into an exercise and starts it.
///
/// # Errors
/// When its journal, its water or its thread cannot be made.
pub fn run_drill(fork: ForkPoint, setup: DrillSetup) -> Result<RoomHandle, DrillError> {
    let start = fork.machine.now() + i64::from(setup.plan.script.start_offset_s) * 1000;
    let (timeline, plan) = (setup.timeline.clone(), setup.plan.clone());
    let config = Arc::new(drill_config(fork.machine.config(), timeline, plan, start, setup.responders));
    let machine = fork.machine.fork(config.clone());
    let meta = Meta {
        timeline: setup.timeline.clone(),
        mode: Mode::Exercise,
        seed: config.seed,
        tick_ms: TICK_MS,
        city: config.city.name.zh.clone(),
        parent: Some(Parent {
            timeline: fork.timeline,
            seq: fork.head.seq,
            hash: fork.head.hash,
            tick: machine.tick_number(),
        }),
    };
    let mut store = match &setup.store {
        Some(path) => SqliteStore::open_or_create(path, &meta)?,
        None => SqliteStore::in_memory(&meta)?,
    };
    store.put_snapshot(&machine.snapshot()?)?;
    let door = Arc::new(OnceLock::new());
    let drill = Drill {
        water: None,
        follower: MeasureFollower::default(),
        followed: Followed::default(),
        peaks: None,
        ahead: None,
        stops: None,
        due: Due::every(AHEAD_EVERY_MIN),
        door: door.clone(),
        ledger: Ledger::new(Box::new(store)),
        plan: setup.plan,
        start,
        speed: setup.speed,
        responders: setup.responders,
        outages: VecDeque::new(),
        achieved: 0.0,
        scenario: setup.scenario,
        surface: setup.surface,
        machine,
    };
    let first = Picture::of(&drill.machine, Health::default(), Playback { speed: drill.ceiling(), ..Playback::live() });
    let room = RoomHandle::start(setup.timeline, first, move |seat| drill.run(&seat))?;
    let _first = door.set(room.sender().clone());
    Ok(room)
}

/// A running exercise.
struct Drill {
    machine: Machine,
    ledger: Ledger,
    plan: Arc<DrillPlan>,
    scenario: Scenario,
    surface: Option<SurfaceMaker>,
    start: Stamp,
    speed: f64,
    responders: bool,
    water: Option<WaterModel>,
    /// What of the room's measures the water has done.
    follower: MeasureFollower,
    /// What the water owes to whoever has just changed it.
    followed: Followed,
    /// The maxima the room was told last.
    peaks: Option<Arc<WaterPeaks>>,
    /// Forecasts and advice, when the exercise is played on the clock.
    ahead: Option<AheadThread>,
    /// How often searches for advice had been stopped when it was looked last.
    stops: Option<u64>,
    due: Due,
    door: Arc<OnceLock<RoomSender>>,
    /// Pump failures and repairs still to come: script second, pump, failed.
    outages: VecDeque<(u32, String, bool)>,
    achieved: f64,
}

impl Drill {
    /// Ceiling of the speed, × real time: the holder's and the script's.
    fn ceiling(&self) -> f64 {
        self.speed.min(self.plan.script.speed_max.max(1.0)).max(0.1)
    }

    /// A rehearsal without a watch on the wall runs as fast as the machine allows.
    fn unpaced(&self) -> bool {
        self.speed.is_infinite()
    }
}
