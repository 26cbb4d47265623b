//! The past from the journal: recovery after a stop or a crash, and the replay timeline.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{Event, Input, Refusal, RefusalKind, Reply, Stamp, TimelineId};
use guanlan_journal::{JournalError, SqliteStore, Store, StoredTick, history::HistoryDoor};

use crate::{
    config::RoomConfig,
    host::{Control, ForkPoint, RoomHandle, Seat},
    machine::{Machine, TickOutcome},
    picture::{Health, Picture, Playback},
    queue::Delivery,
    scenes::Past,
    tap::{Kept, Tap},
};

/// The past cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A snapshot was written by another build.
    #[error("snapshot in the journal does not fit this program: {0}")]
    Snapshot(#[from] guanlan_tick::StateError),
    /// The thread could not be started.
    #[error("cannot start the replay thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The room as of everything in a store: last snapshot plus the ticks after it.
///
/// # Errors
/// When the store cannot be read. A snapshot of another build is passed over: the whole journal is
/// then run again, which takes longer and gives the same truth.
pub fn recover(config: &Arc<RoomConfig>, store: &dyn Store) -> Result<Machine, ReplayError> {
    let mut machine = machine_before(config, store, Stamp(i64::MAX))?;
    let mut cursor = Cursor::default();
    cursor.forward(&mut machine, store, Stamp(i64::MAX))?;
    Ok(machine)
}

/// The room as far as a damaged store is whole: the last good snapshot and the ticks up to the damage.
#[must_use]
pub fn recover_what_is_whole(config: &Arc<RoomConfig>, store: &dyn Store) -> Machine {
    let mut machine = machine_before(config, store, Stamp(i64::MAX)).unwrap_or_else(|error| {
        tracing::error!("{error}");
        Machine::new(config.clone())
    });
    if let Err(error) = Cursor::default().forward(&mut machine, store, Stamp(i64::MAX)) {
        tracing::error!("{error}");
    }
    machine
}

/// As [`recover`]; also what the history may have to be told again: the tick of the snapshot it went on from, and
/// every tick after it.
pub(crate) fn recover_keeping(
    config: &Arc<RoomConfig>,
    store: &dyn Store,
) -> Result<(Machine, u64, Vec<Kept>), ReplayError> {
    let mut machine = machine_before(config, store, Stamp(i64::MAX))?;
    let (through, mut tap) = (machine.tick_number(), Tap::default());
    let (_, newcomers) = tap.take(&mut machine);
    let first = Kept { tick: through, now: machine.now(), inputs: Vec::new(), sensed: Vec::new(), newcomers };
    let mut kept = vec![first];
    Cursor::default().forward_with(&mut machine, store, Stamp(i64::MAX), &mut |machine, inputs| {
        let (sensed, newcomers) = tap.take(machine);
        kept.push(Kept { tick: machine.tick_number(), now: machine.now(), inputs, sensed, newcomers });
    })?;
    Ok((machine, through, kept))
}

fn machine_before(config: &Arc<RoomConfig>, store: &dyn Store, at: Stamp) -> Result<Machine, ReplayError> {
    match store.snapshot_at(at)? {
        Some(snapshot) => match Machine::restore(config.clone(), &snapshot) {
            Ok(machine) => Ok(machine),
            Err(error) => {
                // What was retired cannot be run again.
                let first = store.ticks_after(0, 1)?.first().map_or(1, |t| t.tick - u64::from(t.idle_ticks));
                if first > 1 {
                    return Err(JournalError::Retired { through: first - 1 }.into());
                }
                tracing::warn!("{error}; running the journal from its beginning");
                Ok(Machine::new(config.clone()))
            }
        },
        None => Ok(Machine::new(config.clone())),
    }
}

/// Reads stored ticks ahead in pages.
#[derive(Default)]
struct Cursor {
    page: VecDeque<StoredTick>,
}

const PAGE: usize = 256;

impl Cursor {
    /// Runs `machine` over the stored ticks up to and including the instant `until`.
    fn forward(&mut self, machine: &mut Machine, store: &dyn Store, until: Stamp) -> Result<(), JournalError> {
        self.forward_with(machine, store, until, &mut |_, _| {})
    }

    /// As [`Self::forward`]; `look` sees the machine after every stored tick, with the tick's inputs.
    fn forward_with(
        &mut self,
        machine: &mut Machine,
        store: &dyn Store,
        until: Stamp,
        look: &mut dyn FnMut(&mut Machine, Vec<Input>),
    ) -> Result<(), JournalError> {
        self.forward_telling(machine, store, until, &mut |machine, inputs, _| look(machine, inputs))
    }

    /// As [`Self::forward_with`]; `look` also sees what the tick brought about.
    fn forward_telling(
        &mut self,
        machine: &mut Machine,
        store: &dyn Store,
        until: Stamp,
        look: &mut dyn FnMut(&mut Machine, Vec<Input>, TickOutcome),
    ) -> Result<(), JournalError> {
        loop {
            if self.page.front().is_none_or(|t| t.tick <= machine.tick_number()) {
                let after = machine.tick_number();
                // One damaged tick must not take the whole ones of its page with it.
                self.page = store.ticks_after(after, PAGE).or_else(|_| store.ticks_after(after, 1))?.into();
            }
            let Some(next) = self.page.front() else { return Ok(()) };
            let tick_ms = machine.config().tick_ms;
            // Regular empty ticks are not stored: they are run again in between.
            while machine.tick_number() + 1 < next.tick {
                let now = machine.now() + tick_ms;
                if now > until {
                    return Ok(());
                }
                machine.tick(now, Vec::new());
            }
            if next.now > until {
                return Ok(());
            }
            if let Some(next) = self.page.pop_front() {
                let (outcome, inputs) = machine.tick_keeping(next.now, next.inputs);
                look(machine, inputs, outcome);
            }
        }
    }
}

/// Runs the past again without a clock or a view.
pub struct Replayer {
    machine: Machine,
    cursor: Cursor,
}

/// What running the past again showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Snapshots passed whose hash was compared.
    pub checked: u32,
    /// Of those, not what running the journal gave.
    pub differing: u32,
    /// Hash of the state at the end.
    pub state_hash: String,
}

impl Replayer {
    /// The room as of an instant.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn at(config: &Arc<RoomConfig>, store: &dyn Store, at: Stamp) -> Result<Self, ReplayError> {
        let mut machine = machine_before(config, store, at)?;
        let mut cursor = Cursor::default();
        cursor.forward(&mut machine, store, at)?;
        Ok(Self { machine, cursor })
    }

    /// Runs on to an instant; `tell` hears every stored tick with its facts.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn run(
        &mut self,
        store: &dyn Store,
        to: Stamp,
        tell: &mut dyn FnMut(u64, Stamp, &[Event]),
    ) -> Result<Replayed, ReplayError> {
        let mut done = Replayed::default();
        loop {
            // To the next snapshot, to compare, or to the end.
            let next = store.next_snapshot(self.machine.tick_number())?.filter(|(_, ts, _)| *ts <= to);
            let until = next.as_ref().map_or(to, |(_, ts, _)| *ts);
            self.cursor.forward_telling(&mut self.machine, store, until, &mut |machine, _, outcome| {
                tell(machine.tick_number(), machine.now(), &outcome.events);
            })?;
            let Some((tick, _, hash)) = next else { break };
            if self.machine.tick_number() == tick {
                done.checked += 1;
                done.differing += u32::from(self.machine.state_hash()? != hash);
            }
            if self.machine.tick_number() < tick {
                // Idle ticks up to a snapshot at the end of a room are not in any block.
                break;
            }
        }
        self.cursor.forward_telling(&mut self.machine, store, to, &mut |machine, _, outcome| {
            tell(machine.tick_number(), machine.now(), &outcome.events);
        })?;
        done.state_hash = self.machine.state_hash()?;
        Ok(done)
    }
}

/// Opens a replay of a journal, standing still at its last instant.
///
/// # Errors
/// When the journal cannot be read or the thread cannot be started.
pub fn run_replay(
    timeline: TimelineId,
    config: &Arc<RoomConfig>,
    store: PathBuf,
    from: Option<Stamp>,
) -> Result<RoomHandle, ReplayError> {
    run_replay_of(timeline, config, store, from, None)
}

/// As [`run_replay`], of a journal that a running room still writes: `door` is where its readings are.
///
/// # Errors
/// As [`run_replay`].
pub fn run_replay_of(
    timeline: TimelineId,
    config: &Arc<RoomConfig>,
    store: PathBuf,
    from: Option<Stamp>,
    door: Option<&HistoryDoor>,
) -> Result<RoomHandle, ReplayError> {
    let reader = SqliteStore::open_read_only(&store)?;
    let (first, last) = reader.span()?.unwrap_or_default();
    let start = from.unwrap_or(last).clamp(first, last);
    // The same city and rules under the replay's own name: views tell timelines apart by it.
    let config = &Arc::new(RoomConfig { timeline: timeline.clone(), ..config.as_ref().clone() });
    let machine = machine_before(config, &reader, start)?;
    let playback = Playback { replay: true, paused: true, speed: 1.0, first, last, at: start };
    let base = Picture::of(&machine, Health::default(), playback.clone());
    let past = Past::beside(&store, base.clone(), door);
    let config = config.clone();
    let mut replay = Replay { config, reader, machine, cursor: Cursor::default(), playback, past, behind: false };
    let picture = match replay.look(start) {
        Some(picture) => picture,
        None => {
            replay.go_to(start)?;
            Picture::of(&replay.machine, Health::default(), replay.playback.clone())
        }
    };
    Ok(RoomHandle::start(timeline, picture, move |seat| replay.run(&seat))?)
}

/// Sensors up to which an instant between two seconds is run to the very tick.
const EXACT_SENSORS: usize = 20_000;

struct Replay {
    config: Arc<RoomConfig>,
    reader: SqliteStore,
    machine: Machine,
    cursor: Cursor,
    playback: Playback,
    /// Scenes of any second, if they are kept.
    past: Option<Past>,
    /// The machine is not where the playback is: a scene is shown.
    behind: bool,
}

impl Replay {
    fn run(mut self, seat: &Seat) {
        let mut clock = Instant::now();
        loop {
            let mut moved = false;
            let control = if self.playback.paused {
                seat.controls.recv_timeout(Duration::from_millis(250)).ok()
            } else {
                std::thread::sleep(Duration::from_millis(50));
                seat.controls.try_recv().ok()
            };
            let (mut seek, mut step) = (None, false);
            for control in control.into_iter().chain(seat.controls.try_iter()) {
                moved = true;
                match control {
                    Control::Pause => self.playback.paused = true,
                    Control::Resume => {
                        self.playback.paused = false;
                        clock = Instant::now();
                    }
                    Control::Speed(x) if x.is_finite() => self.playback.speed = x.clamp(0.1, 3_600.0),
                    Control::Speed(_) => {}
                    // Only the last of many drags counts.
                    Control::Seek(at) => seek = Some(at),
                    Control::Step => {
                        seek = Some(self.playback.at + self.config.tick_ms);
                        step = true;
                    }
                    Control::Fork(take) => {
                        self.catch_up();
                        take(ForkPoint {
                            timeline: self.reader.meta().timeline.clone(),
                            head: self.reader.head().clone(),
                            machine: self.machine.fork(self.config.clone()),
                        });
                    }
                    Control::Stop => return,
                }
            }
            refuse_all(seat);
            if let Ok(Some((first, last))) = self.reader.span() {
                (self.playback.first, self.playback.last) = (first, last);
            }
            if !self.playback.paused && seek.is_none() {
                let ms = clock.elapsed().as_secs_f64() * 1000.0 * self.playback.speed;
                clock = Instant::now();
                seek = Some(self.playback.at + ms as i64);
            }
            let mut seen = None;
            if let Some(at) = seek {
                moved = true;
                self.playback.at = at.clamp(self.playback.first, self.playback.last);
                // Standing still, any second is looked at; to go on from there the machine is brought along.
                if self.playback.paused && !step {
                    seen = self.look(self.playback.at);
                }
                if seen.is_none() && self.go_to(self.playback.at).is_err() {
                    self.playback.paused = true;
                }
            }
            if moved {
                if seen.is_none() && self.behind && seek.is_none() {
                    seen = self.look(self.playback.at);
                }
                let of_machine = || Picture::of(&self.machine, Health::default(), self.playback.clone());
                seat.picture.store(Arc::new(seen.unwrap_or_else(of_machine)));
            }
        }
    }

    /// What was there at an instant, from the scenes; the machine stays where it is.
    fn look(&mut self, at: Stamp) -> Option<Picture> {
        // Scenes are of whole seconds. Between them a small room is run to the very tick; a large one shows the second.
        let whole = at.0.rem_euclid(1000) == 0;
        if !whole && self.machine.config().city.sensors.len() <= EXACT_SENSORS {
            return None;
        }
        let seen = self.past.as_mut()?.at(at, self.playback.clone(), &self.reader);
        let seen = seen.map_err(|error| tracing::warn!("scenes: {error}")).ok()??;
        self.behind = true;
        Some(seen)
    }

    /// Brings the machine to where the playback is.
    fn catch_up(&mut self) {
        if self.behind && self.go_to(self.playback.at).is_err() {
            self.playback.paused = true;
        }
    }

    fn go_to(&mut self, at: Stamp) -> Result<(), ReplayError> {
        let gone = self.try_go_to(at);
        self.behind = false;
        gone.inspect_err(|error| tracing::error!("replay: {error}"))
    }

    fn try_go_to(&mut self, at: Stamp) -> Result<(), ReplayError> {
        /// Farther than this forward, a snapshot on the way is likely and cheaper.
        const FAR_MS: i64 = 240_000;
        if at < self.machine.now() || at - self.machine.now() > FAR_MS {
            self.machine = machine_before(&self.config, &self.reader, at)?;
            self.cursor = Cursor::default();
        }
        self.cursor.forward(&mut self.machine, &self.reader, at)?;
        Ok(())
    }
}

/// The past takes no orders.
fn refuse_all(seat: &Seat) {
    while let Ok(delivery) = seat.deliveries.try_recv() {
        match delivery {
            Delivery::Inputs(_, ack) => ack.into_iter().for_each(|ack| ack(false)),
            Delivery::Command(envelope, answer) => {
                let message = "回放中不能下达指令，请回到实况 / commands are not possible in replay, go back to live";
                let refusal = Refusal::new(RefusalKind::Conflict, message);
                answer(Reply { command: envelope.id, result: Err(refusal) });
            }
        }
    }
}
