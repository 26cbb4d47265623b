//! The past from the journal: recovery after a stop or a crash, and the replay timeline.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{Refusal, RefusalKind, Reply, Stamp, TimelineId};
use guanlan_journal::{JournalError, SqliteStore, Store, StoredTick};

use crate::{
    config::RoomConfig,
    host::{Control, ForkPoint, RoomHandle, Seat},
    machine::Machine,
    picture::{Health, Picture, Playback},
    queue::Delivery,
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

fn machine_before(config: &Arc<RoomConfig>, store: &dyn Store, at: Stamp) -> Result<Machine, ReplayError> {
    match store.snapshot_at(at)? {
        Some(snapshot) => match Machine::restore(config.clone(), &snapshot) {
            Ok(machine) => Ok(machine),
            Err(error) => {
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
        loop {
            if self.page.front().is_none_or(|t| t.tick <= machine.tick_number()) {
                self.page = store.ticks_after(machine.tick_number(), PAGE)?.into();
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
                machine.tick(next.now, next.inputs);
            }
        }
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
    let reader = SqliteStore::open_read_only(&store)?;
    let (first, last) = reader.span()?.unwrap_or_default();
    let start = from.unwrap_or(last).clamp(first, last);
    // The same city and rules under the replay's own name: views tell timelines apart by it.
    let config = &Arc::new(RoomConfig { timeline: timeline.clone(), ..config.as_ref().clone() });
    let mut machine = machine_before(config, &reader, start)?;
    let mut cursor = Cursor::default();
    cursor.forward(&mut machine, &reader, start)?;
    let playback = Playback { replay: true, paused: true, speed: 1.0, first, last, at: start };
    let picture = Picture::of(&machine, Health::default(), playback.clone());
    let config = config.clone();
    let replay = Replay { config, reader, machine, cursor, playback };
    Ok(RoomHandle::start(timeline, picture, move |seat| replay.run(&seat))?)
}

struct Replay {
    config: Arc<RoomConfig>,
    reader: SqliteStore,
    machine: Machine,
    cursor: Cursor,
    playback: Playback,
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
            let mut seek = None;
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
                    Control::Step => seek = Some(self.playback.at + self.config.tick_ms),
                    Control::Fork(take) => take(ForkPoint {
                        timeline: self.reader.meta().timeline.clone(),
                        head: self.reader.head().clone(),
                        machine: self.machine.fork(self.config.clone()),
                    }),
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
            if let Some(at) = seek {
                moved = true;
                self.playback.at = at.clamp(self.playback.first, self.playback.last);
                if let Err(error) = self.go_to(self.playback.at) {
                    tracing::error!("replay: {error}");
                    self.playback.paused = true;
                }
            }
            if moved {
                let picture = Picture::of(&self.machine, Health::default(), self.playback.clone());
                seat.picture.store(Arc::new(picture));
            }
        }
    }

    fn go_to(&mut self, at: Stamp) -> Result<(), ReplayError> {
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
