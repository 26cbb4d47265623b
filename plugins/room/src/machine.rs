//! A room without threads, files or clocks: inputs in, facts out, the same every time.

use std::sync::Arc;

use bevy_app::{App, SubApp};
use bevy_ecs::{prelude::*, schedule::SingleThreadedExecutor};
use guanlan_core::{Event, Input, Mode, Refusal, RefusalKind, Reply, Stamp};
use guanlan_journal::Snapshot;
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick, StateError, StateRegistry};

use crate::{
    config::{RoomConfig, compose},
    meta::RoomMeta,
};

/// What one tick brought about.
#[derive(Clone, Debug, Default)]
pub struct TickOutcome {
    /// Facts in order.
    pub events: Vec<Event>,
    /// Answers to commands, to be given after commit.
    pub replies: Vec<Reply>,
}

/// One timeline's truth and the verbs that move it.
pub struct Machine {
    // The app without its runner, so that a room may move between threads.
    app: SubApp,
    config: Arc<RoomConfig>,
    tick: u64,
    now: Stamp,
}

impl Machine {
    /// An empty room of a city.
    #[must_use]
    pub fn new(config: Arc<RoomConfig>) -> Self {
        let mut app = App::empty();
        app.init_schedule(RoomTick);
        app.edit_schedule(RoomTick, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
            let [a, b, c, d, e, f] = RoomSystems::ORDER;
            schedule.configure_sets((a, b, c, d, e, f).chain());
        });
        let world = app.world_mut();
        world.insert_resource(Clock { now: Stamp(0), dt_ms: 0, tick: 0, mode: config.mode, seed: config.seed });
        world.init_resource::<Inbox>();
        world.init_resource::<Outbox>();
        compose(&mut app, &config);
        app.finish();
        app.cleanup();
        app.world_mut().resource_mut::<RoomMeta>().mode = config.mode;
        Self { app: std::mem::take(app.main_mut()), config, tick: 0, now: Stamp(0) }
    }

    /// How this room was set up.
    #[must_use]
    pub fn config(&self) -> &Arc<RoomConfig> {
        &self.config
    }

    /// Number of the last tick.
    #[must_use]
    pub fn tick_number(&self) -> u64 {
        self.tick
    }

    /// Instant of the last tick.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.now
    }

    /// What this timeline is now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.app.world().resource::<RoomMeta>().mode
    }

    /// The room's world, to read published state.
    #[must_use]
    pub fn world(&self) -> &World {
        self.app.world()
    }

    pub(crate) fn world_mut(&mut self) -> &mut World {
        self.app.world_mut()
    }

    /// Runs one tick: drains `inputs` in this order at the instant `now`.
    ///
    /// Commands whose id has been answered before get that answer again and change nothing.
    pub fn tick(&mut self, now: Stamp, inputs: Vec<Input>) -> TickOutcome {
        self.tick_keeping(now, inputs).0
    }

    /// As [`Self::tick`]; gives the inputs back as they came, for the journal.
    pub(crate) fn tick_keeping(&mut self, now: Stamp, inputs: Vec<Input>) -> (TickOutcome, Vec<Input>) {
        self.tick += 1;
        let dt_ms = if self.now == Stamp(0) { 0 } else { (now - self.now).max(0) };
        self.now = now;
        let world = self.app.world_mut();
        let mut early = Vec::new();
        // Only commands may be taken out; the many readings are never copied.
        let mut whole = None;
        let inputs = if inputs.iter().any(|i| matches!(i, Input::Command(_))) {
            whole = Some(inputs.clone());
            drop_repeated(world.resource::<RoomMeta>(), inputs, &mut early)
        } else {
            inputs
        };
        let count = inputs.len();
        let mode = world.resource::<RoomMeta>().mode;
        world.insert_resource(Clock { now, dt_ms, tick: self.tick, mode, seed: self.config.seed });
        world.resource_mut::<Inbox>().inputs = inputs;
        world.run_schedule(RoomTick);
        refuse_unanswered(world);
        let outbox = std::mem::take(&mut *world.resource_mut::<Outbox>());
        let mut drained = std::mem::take(&mut world.resource_mut::<Inbox>().inputs);
        // Orders that the room gave itself during the tick follow from what came in: they are no inputs.
        drained.truncate(count);
        if !outbox.replies.is_empty() {
            world.resource_mut::<RoomMeta>().remember(&outbox.replies);
        }
        let mut replies = outbox.replies;
        replies.extend(early);
        (TickOutcome { events: outbox.events, replies }, whole.unwrap_or(drained))
    }

    /// SHA-256 of the whole truth, hex.
    ///
    /// # Errors
    /// When a state cannot be serialised.
    pub fn state_hash(&self) -> Result<String, StateError> {
        let world = self.app.world();
        Ok(hex(&world.resource::<StateRegistry>().hash(world)?))
    }

    /// The whole truth as bytes.
    ///
    /// # Errors
    /// When a state cannot be serialised.
    pub fn snapshot(&self) -> Result<Snapshot, StateError> {
        let world = self.app.world();
        snapshot_of(world.resource::<StateRegistry>(), world, self.tick, self.now)
    }

    /// The whole truth as it is now, to be made a snapshot by another thread. Costs handles, not data.
    pub(crate) fn freeze(&self) -> Frozen {
        let world = self.app.world();
        let registry = world.resource::<StateRegistry>().clone();
        let mut copy = World::new();
        registry.copy(world, &mut copy);
        Frozen { registry, world: copy, tick: self.tick, now: self.now }
    }

    /// A room at a snapshot. `config` must be of the same city.
    ///
    /// # Errors
    /// When the snapshot was written by another build.
    pub fn restore(config: Arc<RoomConfig>, snapshot: &Snapshot) -> Result<Self, StateError> {
        let mut machine = Self::new(config);
        machine
            .app
            .world_mut()
            .resource_scope(|world, registry: Mut<StateRegistry>| registry.load(world, &snapshot.states))?;
        machine.tick = snapshot.tick;
        machine.now = snapshot.ts;
        Ok(machine)
    }

    /// Copies this room into a new timeline; only its clock, sources and mode may differ from now on.
    #[must_use]
    pub fn fork(&self, config: Arc<RoomConfig>) -> Self {
        let mut fork = Self::new(config);
        let mode = fork.config.mode;
        let world = self.app.world();
        world.resource::<StateRegistry>().copy(world, fork.app.world_mut());
        fork.app.world_mut().resource_mut::<RoomMeta>().mode = mode;
        fork.tick = self.tick;
        fork.now = self.now;
        fork
    }
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

fn snapshot_of(registry: &StateRegistry, world: &World, tick: u64, ts: Stamp) -> Result<Snapshot, StateError> {
    let states = registry.save(world)?;
    Ok(Snapshot { tick, ts, hash: hex(&StateRegistry::hash_saved(&states)), states })
}

/// A truth that stands still.
pub(crate) struct Frozen {
    registry: StateRegistry,
    world: World,
    tick: u64,
    now: Stamp,
}

impl Frozen {
    pub fn snapshot(&self) -> Result<Snapshot, StateError> {
        snapshot_of(&self.registry, &self.world, self.tick, self.now)
    }
}

/// Removes commands that were answered before (in an earlier tick or earlier in this one).
fn drop_repeated(meta: &RoomMeta, inputs: Vec<Input>, replies: &mut Vec<Reply>) -> Vec<Input> {
    let mut seen = std::collections::BTreeSet::new();
    inputs
        .into_iter()
        .filter(|input| {
            let Input::Command(envelope) = input else { return true };
            if let Some(earlier) = meta.earlier_reply(&envelope.id) {
                replies.push(earlier);
                return false;
            }
            seen.insert(envelope.id.clone())
        })
        .collect()
}

/// A command no plugin has answered is refused, so that nobody waits for ever.
fn refuse_unanswered(world: &mut World) {
    let waiting: Vec<_> = {
        let outbox = world.resource::<Outbox>();
        world.resource::<Inbox>().commands().filter(|c| !outbox.answered(c)).cloned().collect()
    };
    let mut outbox = world.resource_mut::<Outbox>();
    for envelope in &waiting {
        let message = "此时间线不支持该指令 / this timeline does not support the command";
        outbox.answer(envelope, Err(Refusal::new(RefusalKind::Invalid, message)));
    }
}
