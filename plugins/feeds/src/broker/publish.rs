//! A message to everybody who listens: retained, shared subscriptions, numbers of subscriptions.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use guanlan_room::journal::BrokerChange;

use super::{
    durable::{Extras, KeptArrival, KeptMessage, bytes_of},
    filter::{fits, shared},
    hub::{Hub, Inner},
    session::{Message, Subscription},
};

/// Retained topics kept; the oldest name in order is dropped beyond.
const MAX_RETAINED: usize = 100_000;

/// A message as it is published.
pub(super) struct Said<'a> {
    pub topic: &'a str,
    pub payload: &'a Bytes,
    pub qos: u8,
    pub retain: bool,
    pub expiry_s: Option<u32>,
    pub extras: Option<Arc<Extras>>,
}

impl Hub {
    /// Sends a message to everybody who subscribed to its topic.
    pub fn publish(&self, topic: &str, payload: &Bytes, retain: bool) {
        let said = Said { topic, payload, qos: 1, retain, expiry_s: None, extras: None };
        self.publish_from(None, &said, None);
    }

    /// True when something of it is being written down: whoever is told of it waits for [`Self::then`]. That it has come
    /// (`arrival`) is one group with what it changes.
    pub(super) fn publish_from(
        &self,
        from: Option<&str>,
        said: &Said<'_>,
        arrival: Option<(u16, KeptArrival)>,
    ) -> bool {
        let Said { topic, payload, qos, retain, expiry_s, extras } = said;
        let (topic, retain) = (*topic, *retain);
        let expires = expiry_s.map(|s| Instant::now() + Duration::from_secs(u64::from(s)));
        let message = Message {
            topic: topic.to_owned(),
            payload: (*payload).clone(),
            qos: (*qos).min(2),
            retain: false,
            expires,
            extras: extras.clone(),
            no: 0,
            ids: Vec::new(),
        };
        let mut kept = false;
        let mut inner = self.lock();
        if let (Some(memory), Some(client), Some((pkid, arrival))) = (&self.memory, from, arrival) {
            let body = Some(bytes_of(&arrival));
            memory.change(BrokerChange::Arrived { client: client.to_owned(), pkid, body });
            kept = true;
        }
        let Inner { sessions, listeners, retained, turns, .. } = &mut *inner;
        if retain {
            let mut keep = |topic: String, body: Option<Vec<u8>>| {
                if let Some(memory) = &self.memory {
                    memory.change(BrokerChange::Retained { topic, body });
                    kept = true;
                }
            };
            if payload.is_empty() {
                retained.remove(topic);
                keep(topic.to_owned(), None);
            } else {
                keep(topic.to_owned(), Some(bytes_of(&KeptMessage::of(&message))));
                retained.insert(topic.to_owned(), message.clone());
                if retained.len() > MAX_RETAINED
                    && let Some((dropped, _)) = retained.pop_first()
                {
                    keep(dropped, None);
                }
            }
        }
        // Members of each shared subscription: one of them gets the message.
        let mut groups: BTreeMap<&str, Vec<(&str, Subscription, bool)>> = BTreeMap::new();
        let mut plain: Vec<(String, u8, bool, Vec<u32>)> = Vec::new();
        listeners.retain(|name| sessions.get(name).is_some_and(|s| !s.filters.is_empty()));
        for (name, session) in listeners.iter().filter_map(|name| sessions.get_key_value(name)) {
            let mut best: Option<(u8, bool)> = None;
            let mut ids = Vec::new();
            for (filter, s) in &session.filters {
                match shared(filter) {
                    Some((_, inner)) if fits(topic, inner) => {
                        groups.entry(filter).or_default().push((name, *s, session.online.is_some()));
                    }
                    None if fits(topic, filter) && !(s.no_local && from == Some(name)) => {
                        let mark = retain && s.as_published;
                        best = Some(best.map_or((s.qos, mark), |(q, m)| (q.max(s.qos), m || mark)));
                        ids.extend(s.id);
                    }
                    _ => {}
                }
            }
            if let Some((qos, mark)) = best {
                plain.push((name.clone(), qos, mark, ids));
            }
        }
        for (group, members) in groups {
            let turn = turns.entry(group.to_owned()).or_default();
            *turn = turn.wrapping_add(1);
            let online: Vec<_> = members.iter().filter(|m| m.2).collect();
            let chosen = match online.is_empty() {
                false => online.get(*turn % online.len()).copied(),
                true => members.get(*turn % members.len()),
            };
            plain.extend(chosen.map(|(name, s, _)| ((*name).to_owned(), s.qos, false, s.id.into_iter().collect())));
        }
        for (name, qos, retain, ids) in plain {
            if let Some(session) = sessions.get_mut(&name) {
                let message = Message { qos: message.qos.min(qos), retain, ids, ..message.clone() };
                kept |= self.memory.is_some() && message.qos > 0 && session.is_kept();
                session.give(&name, message, self.memory.as_ref());
            }
        }
        kept
    }
}
