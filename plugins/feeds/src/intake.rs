//! From a connector to the room: parse, count, quarantine, hand over with an acknowledgement.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use guanlan_core::{Input, Stamp, input::FeedState};
use guanlan_geography::LocalFrame;
use guanlan_room::{QueueError, RoomSender};
use serde::Serialize;

use crate::parse;

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
    outside_seen: AtomicU64,
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
        Self {
            sender,
            frame,
            real,
            counters: Counters::default(),
            quarantine: Mutex::default(),
            outside_seen: AtomicU64::new(0),
        }
    }

    /// The room's local frame.
    #[must_use]
    pub fn frame(&self) -> &LocalFrame {
        &self.frame
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

    /// One message of an MQTT-like source.
    pub fn message(
        &self,
        source: &str,
        topic: &str,
        payload: &[u8],
        ack: Option<Box<dyn FnOnce(bool) + Send>>,
    ) -> Taken {
        self.counters.messages.fetch_add(1, Ordering::Relaxed);
        match parse::message(topic, payload, wall_now(), &self.frame) {
            Ok(inputs) if inputs.is_empty() => Taken::Nothing,
            Ok(mut inputs) => {
                if !source.starts_with(SIMULATOR_PREFIX) && self.outside_seen.fetch_add(1, Ordering::Relaxed) == 0 {
                    inputs.push(self.feed_state("mqtt", true, ""));
                }
                self.hand_over(inputs, ack)
            }
            // Topics that are not ours (crew tasks, other programs' messages) are no error.
            Err(refused) if refused.field == "topic" => Taken::Nothing,
            Err(refused) => {
                self.put_in_quarantine(source, topic, &refused.to_string(), payload);
                Taken::Refused
            }
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

    /// The input that says a feed is up or down.
    #[must_use]
    pub fn feed_state(&self, feed: &str, up: bool, message: &str) -> Input {
        Input::Feed(FeedState {
            feed: feed.to_owned(),
            up,
            real: self.real,
            message: message.to_owned(),
            figures: None,
        })
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
            reason: reason.to_owned(),
            payload: text,
        });
    }
}
