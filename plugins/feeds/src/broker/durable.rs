//! The broker's memory on disk: a thread of its own that writes changes down and tells who waits for them.

use std::{
    path::Path,
    sync::{Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use guanlan_room::journal::{BrokerBook, BrokerChange, BrokerPast, JournalError};
use serde::{Deserialize, Serialize};

use super::{session::Message, wire::Will};

/// Changes in one transaction at most.
const AT_ONCE: usize = 4_096;
/// Time between attempts while the medium refuses.
const RETRY: Duration = Duration::from_millis(500);

/// Called when everything said before is on disk.
pub(super) type Then = Box<dyn FnOnce() + Send>;

enum Job {
    Change(BrokerChange),
    Then(Then),
}

/// Where changes go. What one publish changes is one group: on disk as a whole or not at all.
pub(super) struct Durable {
    to: Option<mpsc::Sender<Vec<Job>>>,
    /// The group that is being made, under the hub's lock.
    held: Mutex<Vec<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Durable {
    /// Opens the memory beside a journal.
    pub fn beside(journal: &Path) -> Result<(Self, BrokerPast), JournalError> {
        let (book, past) = BrokerBook::beside(journal)?;
        let (to, from) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("guanlan-broker".into())
            .spawn(move || write(book, &from))
            .map_err(|error| tracing::error!("the broker's memory: {error}"))
            .ok();
        Ok((Self { to: Some(to), held: Mutex::default(), thread }, past))
    }

    /// A change of the group that is being made. Only under the hub's lock.
    pub fn change(&self, change: BrokerChange) {
        self.hold(Job::Change(change));
    }

    /// After the group that is being made is on disk. Only under the hub's lock.
    pub fn then_held(&self, then: Then) {
        self.hold(Job::Then(then));
    }

    fn hold(&self, job: Job) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(job);
    }

    /// The group is complete.
    pub fn flush(&self) {
        let group = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        if !group.is_empty() {
            self.send(group);
        }
    }

    /// A change by itself, from anywhere.
    pub fn change_now(&self, change: BrokerChange) {
        self.send(vec![Job::Change(change)]);
    }

    /// After everything said before is on disk.
    pub fn then(&self, then: Then) {
        self.send(vec![Job::Then(then)]);
    }

    fn send(&self, group: Vec<Job>) {
        if let Some(Err(mpsc::SendError(group))) = self.to.as_ref().map(|to| to.send(group)) {
            for job in group {
                if let Job::Then(then) = job {
                    then();
                }
            }
        }
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.to = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(mut book: BrokerBook, from: &mpsc::Receiver<Vec<Job>>) {
    let (mut changes, mut waiting): (Vec<BrokerChange>, Vec<Then>) = (Vec::new(), Vec::new());
    while let Ok(first) = from.recv() {
        for group in std::iter::once(first).chain(from.try_iter()) {
            for job in group {
                match job {
                    Job::Change(change) => changes.push(change),
                    Job::Then(then) => waiting.push(then),
                }
            }
            if changes.len() >= AT_ONCE {
                break;
            }
        }
        // While the medium refuses, nobody is told; the journal refuses then, too, and the room says so.
        while let Err(error) = if changes.is_empty() { Ok(()) } else { book.apply(&changes) } {
            tracing::warn!("the broker's memory: {error}");
            std::thread::sleep(RETRY);
        }
        changes.clear();
        waiting.drain(..).for_each(|then| then());
    }
}

/// A session as it is kept.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptSession {
    /// Filter, QoS, no-local, retain-as-published.
    pub filters: Vec<(String, u8, bool, bool)>,
    /// Filters that have a number of the client's own.
    #[serde(default)]
    pub ids: Vec<(String, u32)>,
    pub expiry_s: u32,
    /// Wall clock at which it lost its connection, ms; `None` while connected.
    pub gone_ms: Option<i64>,
}

/// A message as it is kept.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptMessage {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
    /// Wall clock at which it is no longer wanted, ms.
    pub expires_ms: Option<i64>,
    pub extras: Option<Extras>,
    /// QoS 2 on its way: its number, and whether the client has it.
    #[serde(default)]
    pub sent: Option<(u16, bool)>,
    /// Numbers of the subscriptions it fits.
    #[serde(default)]
    pub ids: Vec<u32>,
}

/// A will as it is kept, until its client says goodbye or it is said.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptWill {
    pub message: KeptMessage,
    pub expiry_s: Option<u32>,
    pub delay_s: u32,
}

/// A message of a client that has come and is not answered for good. After a crash the client sends it again; it is handed
/// over again with the time at which it came first, so that the room sees it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptArrival {
    /// Fingerprint of topic and payload.
    pub content: u64,
    /// Wall clock at which it came first, ms.
    pub received_ms: i64,
    /// 1 or 2.
    pub qos: u8,
}

/// What MQTT 5 carries along with a message; passed on as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extras {
    /// 1 for UTF-8.
    pub payload_format: Option<u8>,
    /// Content type.
    pub content_type: Option<String>,
    /// Where an answer is expected.
    pub response_topic: Option<String>,
    /// What the answer shall carry.
    pub correlation: Option<Vec<u8>>,
    /// Names and values of the sender's own, in order.
    pub user: Vec<(String, String)>,
}

impl Extras {
    /// True when nothing is carried along.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) fn bytes_of<T: Serialize>(kept: &T) -> Vec<u8> {
    // Plain structs of strings and numbers: writing them to memory cannot fail.
    serde_json::to_vec(kept).unwrap_or_default()
}

pub(super) fn read<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Option<T> {
    serde_json::from_slice(bytes).map_err(|error| tracing::warn!("the broker's memory: {what}: {error}")).ok()
}

impl KeptMessage {
    pub fn of(m: &Message) -> Self {
        Self {
            topic: m.topic.clone(),
            payload: m.payload.to_vec(),
            qos: m.qos,
            retain: m.retain,
            expires_ms: m.expires.map(|at| {
                let left = at.saturating_duration_since(std::time::Instant::now());
                crate::wall_now().0 + i64::try_from(left.as_millis()).unwrap_or(i64::MAX / 2)
            }),
            extras: m.extras.as_deref().cloned(),
            sent: None,
            ids: m.ids.clone(),
        }
    }

    pub fn message(self, no: u64) -> Message {
        let left = self.expires_ms.map(|at| u64::try_from(at - crate::wall_now().0).unwrap_or(0));
        Message {
            topic: self.topic,
            payload: Bytes::from(self.payload),
            qos: self.qos,
            retain: self.retain,
            expires: left.map(|ms| std::time::Instant::now() + Duration::from_millis(ms)),
            extras: self.extras.map(std::sync::Arc::new),
            no,
            ids: self.ids,
        }
    }
}

impl KeptWill {
    /// `delay_s`: after how long without its client it is said.
    pub fn of(w: &Will, delay_s: u32) -> Self {
        let message = KeptMessage {
            topic: w.topic.clone(),
            payload: w.payload.to_vec(),
            qos: w.qos,
            retain: w.retain,
            expires_ms: None,
            extras: w.extras.as_deref().cloned(),
            sent: None,
            ids: Vec::new(),
        };
        Self { message, expiry_s: w.expiry_s, delay_s }
    }

    pub fn will(self) -> Will {
        Will {
            topic: self.message.topic,
            payload: Bytes::from(self.message.payload),
            qos: self.message.qos,
            retain: self.message.retain,
            delay_s: self.delay_s,
            expiry_s: self.expiry_s,
            extras: self.message.extras.map(std::sync::Arc::new),
        }
    }
}
