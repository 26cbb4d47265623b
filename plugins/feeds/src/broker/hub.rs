//! Who listens to what: subscriptions and retained messages.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use bytes::Bytes;
use rumqttc::mqttbytes::matches;
use tokio::sync::mpsc;

use super::wire::Say;

/// Retained topics kept; the oldest name in order is dropped beyond.
const MAX_RETAINED: usize = 100_000;

struct Listener {
    filters: Vec<String>,
    tx: mpsc::Sender<Say>,
}

#[derive(Default)]
struct Inner {
    listeners: BTreeMap<u64, Listener>,
    retained: BTreeMap<String, Bytes>,
    next: u64,
}

/// Fan-out of an embedded broker. A listener that does not keep up misses messages (QoS 0).
#[derive(Default)]
pub struct Hub {
    inner: Mutex<Inner>,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn join(&self, tx: mpsc::Sender<Say>) -> u64 {
        let mut inner = self.lock();
        inner.next += 1;
        let id = inner.next;
        inner.listeners.insert(id, Listener { filters: Vec::new(), tx });
        id
    }

    pub(super) fn leave(&self, id: u64) {
        self.lock().listeners.remove(&id);
    }

    pub(super) fn subscribe(&self, id: u64, filters: &[String]) {
        let mut inner = self.lock();
        let Some(listener) = inner.listeners.get_mut(&id) else { return };
        listener.filters.extend_from_slice(filters);
        let tx = listener.tx.clone();
        for (topic, payload) in &inner.retained {
            if filters.iter().any(|f| matches(topic, f)) {
                let _ = tx.try_send(Say::Message { topic: topic.clone(), payload: payload.clone(), retain: true });
            }
        }
    }

    pub(super) fn unsubscribe(&self, id: u64, filters: &[String]) {
        if let Some(listener) = self.lock().listeners.get_mut(&id) {
            listener.filters.retain(|f| !filters.contains(f));
        }
    }

    /// Sends a message to everybody who subscribed to its topic.
    pub fn publish(&self, topic: &str, payload: &Bytes, retain: bool) {
        let mut inner = self.lock();
        if retain {
            if payload.is_empty() {
                inner.retained.remove(topic);
            } else {
                inner.retained.insert(topic.to_owned(), payload.clone());
                if inner.retained.len() > MAX_RETAINED {
                    inner.retained.pop_first();
                }
            }
        }
        for listener in inner.listeners.values() {
            if listener.filters.iter().any(|f| matches(topic, f)) {
                let say = Say::Message { topic: topic.to_owned(), payload: payload.clone(), retain: false };
                let _ = listener.tx.try_send(say);
            }
        }
    }
}
