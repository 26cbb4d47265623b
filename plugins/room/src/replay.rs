//! The replay timeline: the journaled past under a clock of its own, and any second of it at a glance.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{Refusal, RefusalKind, Reply, Stamp, TimelineId};
use guanlan_journal::{SqliteStore, Store, history::HistoryDoor};

use crate::{
    config::RoomConfig,
    handle::{ForkPoint, RoomHandle, Seat},
    machine::Machine,
    picture::{Health, Picture, Playback},
    playing::Move,
    queue::Delivery,
    recover::{Cursor, ReplayError, machine_before},
    scenes::Past,
};

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
                match Move::of(control, &mut self.playback, &mut clock) {
                    None => {}
                    // Only the last of many drags counts.
                    Some(Move::Seek(at)) => seek = Some(at),
                    Some(Move::Step) => {
                        seek = Some(self.playback.at + self.config.tick_ms);
                        step = true;
                    }
                    Some(Move::Fork(take)) => {
                        self.catch_up();
                        take(ForkPoint {
                            timeline: self.reader.meta().timeline.clone(),
                            head: self.reader.head().clone(),
                            machine: self.machine.fork(self.config.clone()),
                        });
                    }
                    Some(Move::Stop) => return,
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
