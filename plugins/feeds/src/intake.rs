//! From a connector to the room: parse, count, quarantine, hand over with an acknowledgement.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use guanlan_core::{Bilingual, Input, Stamp};
use guanlan_geography::LocalFrame;
use guanlan_room::{QueueError, RoomSender};
use serde::Serialize;

use crate::{
    health::Health,
    lineage::{Lineage, Voices},
    parse,
    whence::Whence,
};

/// Client ids that begin so belong to the program's own device simulator.
pub const SIMULATOR_PREFIX: &str = "guanlan-sim";
/// Refused messages kept for inspection.
const QUARANTINE: usize = 500;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The room has it; the acknowledgement follows after commit.
    Queued,
    /// Understood, nothing for the room.
    Nothing,
    /// Not understood; it is in quarantine.
    Refused,
    /// The room's queue is full: wait and try again.
    Full,
    /// The room has stopped.
    Closed,
}

/// A refused message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// When it came, RFC 3339.
    pub at: String,
    /// From whom.
    pub source: String,
    /// Topic or address.
    pub topic: String,
    /// Field and reason.
    pub reason: String,
    /// First 200 bytes, as text.
    pub payload: String,
}

/// Counts of one room's intake.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages seen.
    pub messages: AtomicU64,
    /// Inputs handed over.
    pub inputs: AtomicU64,
    /// Messages refused.
    pub refused: AtomicU64,
    /// Times a source was told to wait.
    pub full: AtomicU64,
    /// Connected MQTT clients.
    pub clients: AtomicU64,
}

/// The one way from connectors into a room.
pub struct Intake {
    sender: RoomSender,
    frame: LocalFrame,
    /// True when data of outside sources is real: the program's own simulator does not run.
    real: bool,
    counters: Counters,
    quarantine: Mutex<VecDeque<Quarantined>>,
    /// Of the embedded broker.
    health: Health,
    lineage: Lineage,
    /// Of what is posted to the API.
    posted: (Health, Lineage),
    voices: Voices,
}

/// The wall clock, for edges only.
#[must_use]
pub fn wall_now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Intake {
    /// An intake of a room. `real` says whether outside sources carry real data.
    #[must_use]
    pub fn new(sender: RoomSender, frame: LocalFrame, real: bool) -> Self {
        let owner = Bilingual::default();
        Self {
            sender,
            frame,
            real,
            counters: Counters::default(),
            quarantine: Mutex::default(),
            health: Health::new("mqtt", real, "mqtt", owner.clone(), Bilingual::default(), 0),
            lineage: Lineage::new("mqtt", "mqtt", owner.clone(), Vec::new(), Whence::default()).by_topic(),
            posted: (
                Health::new("api", real, "http", owner.clone(), Bilingual::default(), 0),
                Lineage::new("api", "http", owner, Vec::new(), Whence::default()),
            ),
            voices: Voices::default(),
        }
    }

    /// The room's local frame.
    #[must_use]
    pub fn frame(&self) -> &LocalFrame {
        &self.frame
    }

    /// Do outside sources carry real data?
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.real
    }

    /// Who spoke last for each unit.
    pub(crate) fn voices(&self) -> &Voices {
        &self.voices
    }

    /// Counts so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Refused messages, latest last.
    #[must_use]
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Quarantined>> {
        self.quarantine.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A client connected.
    pub fn client_joined(&self, _client: &str) {
        self.counters.clients.fetch_add(1, Ordering::Relaxed);
    }

    /// A client is gone.
    pub fn client_left(&self, _client: &str) {
        self.counters.clients.fetch_sub(1, Ordering::Relaxed);
    }

    /// Reads one message of the embedded broker that came at `received`; what is to be handed over, or what became of it.
    ///
    /// # Errors
    /// [`Taken::Nothing`] or [`Taken::Refused`].
    pub fn read(&self, source: &str, topic: &str, payload: &[u8], received: Stamp) -> Result<Vec<Input>, Taken> {
        self.counters.messages.fetch_add(1, Ordering::Relaxed);
        let now = wall_now();
        let read = parse::message(topic, payload, received, &self.frame);
        let outside = !source.starts_with(SIMULATOR_PREFIX);
        if outside {
            let refused = read.as_ref().is_err_and(|r| r.field != "topic");
            self.health.heard(1, u64::from(refused), now);
        }
        match read {
            Ok(inputs) if inputs.is_empty() => Err(Taken::Nothing),
            Ok(inputs) => {
                let mut inputs = self.lineage.mark(inputs, topic, &|_| Vec::new(), &self.voices, &self.health, now);
                if outside {
                    self.health.up();
                    if self.health.is_due(now) {
                        inputs.push(self.health.input(now, None));
                    }
                }
                Ok(inputs)
            }
            // Topics that are not ours (crew tasks, other programs' messages) are no error.
            Err(refused) if refused.field == "topic" => Err(Taken::Nothing),
            Err(refused) => {
                self.put_in_quarantine(source, topic, &refused.to_string(), payload);
                Err(Taken::Refused)
            }
        }
    }

    /// What was posted to the API, with its origins: a source like any other.
    #[must_use]
    pub fn posted(&self, inputs: Vec<Input>, place: &str) -> Vec<Input> {
        let (health, lineage) = &self.posted;
        let now = wall_now();
        self.counters.messages.fetch_add(1, Ordering::Relaxed);
        health.heard(1, 0, now);
        health.up();
        let mut inputs = lineage.mark(inputs, place, &|_| Vec::new(), &self.voices, health, now);
        self.counters.inputs.fetch_add(inputs.len() as u64, Ordering::Relaxed);
        if health.is_due(now) {
            inputs.push(health.input(now, None));
        }
        inputs
    }

    /// Messages of a connector came.
    pub fn count_messages(&self, n: u64) {
        self.counters.messages.fetch_add(n, Ordering::Relaxed);
    }

    /// Hands inputs over; on a full queue they come back.
    ///
    /// # Errors
    /// [`Taken::Full`] or [`Taken::Closed`] with the inputs.
    pub fn try_hand_over(
        &self,
        inputs: Vec<Input>,
        ack: Option<Box<dyn FnOnce(bool) + Send>>,
    ) -> Result<(), (Taken, Vec<Input>)> {
        let n = inputs.len() as u64;
        match self.sender.submit_back(inputs, ack) {
            Ok(()) => {
                self.counters.inputs.fetch_add(n, Ordering::Relaxed);
                Ok(())
            }
            Err((QueueError::Full, inputs)) => {
                self.counters.full.fetch_add(1, Ordering::Relaxed);
                Err((Taken::Full, inputs))
            }
            Err((QueueError::Closed, inputs)) => Err((Taken::Closed, inputs)),
        }
    }

    /// Hands inputs over.
    pub fn hand_over(&self, inputs: Vec<Input>, ack: Option<Box<dyn FnOnce(bool) + Send>>) -> Taken {
        let n = inputs.len() as u64;
        match self.sender.submit(inputs, ack) {
            Ok(()) => {
                self.counters.inputs.fetch_add(n, Ordering::Relaxed);
                Taken::Queued
            }
            Err(QueueError::Full) => {
                self.counters.full.fetch_add(1, Ordering::Relaxed);
                Taken::Full
            }
            Err(QueueError::Closed) => Taken::Closed,
        }
    }

    /// Keeps a refused message for inspection.
    pub fn put_in_quarantine(&self, source: &str, topic: &str, reason: &str, payload: &[u8]) {
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
        let text: String = String::from_utf8_lossy(payload).chars().take(200).collect();
        let mut held = self.lock();
        if held.len() >= QUARANTINE {
            held.pop_front();
        }
        held.push_back(Quarantined {
            at: wall_now().to_rfc3339(),
            source: source.to_owned(),
            topic: topic.to_owned(),
            reason: crate::refusals::told(reason),
            payload: text,
        });
    }
}
