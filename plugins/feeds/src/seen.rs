//! Messages of QoS 1 that may come twice: what was committed is acknowledged again and not applied again.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// What is known of the last message of each number.
#[derive(Debug, Default)]
pub struct Seen {
    /// Grows with every connection: an acknowledgement of an earlier one must not be sent.
    connection: u64,
    last: BTreeMap<u16, Twin>,
}

#[derive(Debug)]
struct Twin {
    content: u64,
    durable: bool,
    /// Its acknowledgement was on its way.
    acknowledged: bool,
    connection: u64,
}

/// What to do with a message of QoS 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meet {
    /// Apply it.
    New,
    /// On disk already: acknowledge.
    Again,
    /// On its way to disk: the acknowledgement follows on this connection.
    Waiting,
}

/// A fingerprint of a message.
#[must_use]
pub fn content(topic: &str, payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (topic, payload).hash(&mut hasher);
    hasher.finish()
}

impl Seen {
    /// A new connection; `kept` when both sides still know the session.
    pub fn connected(&mut self, kept: bool) {
        self.connection += 1;
        if !kept {
            self.last.clear();
        }
    }

    /// A message has come.
    pub fn meet(&mut self, pkid: u16, dup: bool, content: u64) -> Meet {
        let connection = self.connection;
        // Some clients forget the flag when they send again after a cut. The number of a message that was never
        // acknowledged cannot have become free.
        let again = |t: &Twin| dup || (t.connection < connection && !t.acknowledged);
        if let Some(twin) = self.last.get_mut(&pkid).filter(|t| t.content == content && again(t)) {
            twin.connection = connection;
            twin.acknowledged = twin.durable;
            return if twin.durable { Meet::Again } else { Meet::Waiting };
        }
        self.last.insert(pkid, Twin { content, durable: false, acknowledged: false, connection });
        Meet::New
    }

    /// It is not taken after all (the room is full and the source is gone).
    pub fn forget(&mut self, pkid: u16) {
        self.last.remove(&pkid);
    }

    /// It is on disk. True when it is to be acknowledged now.
    pub fn durable(&mut self, pkid: u16, content: u64) -> bool {
        let connection = self.connection;
        match self.last.get_mut(&pkid).filter(|c| c.content == content) {
            Some(twin) => {
                twin.durable = true;
                twin.acknowledged = twin.connection == connection;
                twin.acknowledged
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_copy_is_acknowledged_and_not_applied() {
        let mut seen = Seen::default();
        seen.connected(false);
        assert_eq!(seen.meet(7, false, 100), Meet::New);
        // The connection goes before the commit; the message is sent again.
        seen.connected(true);
        assert_eq!(seen.meet(7, true, 100), Meet::Waiting);
        assert!(seen.durable(7, 100), "acknowledged on the new connection");
        // Committed, but the acknowledgement was lost with the connection.
        assert_eq!(seen.meet(8, false, 200), Meet::New);
        seen.connected(true);
        assert!(!seen.durable(8, 200), "an acknowledgement of the old connection is not sent");
        assert_eq!(seen.meet(8, true, 200), Meet::Again);
        // A number used anew is another message, whatever the flag says.
        assert_eq!(seen.meet(8, true, 300), Meet::New);
        assert_eq!(seen.meet(8, false, 300), Meet::New);
        // Without the flag: a number that was never acknowledged is not free; one that was is.
        assert!(seen.durable(8, 300));
        assert_eq!(seen.meet(9, false, 400), Meet::New);
        seen.connected(true);
        assert_eq!(seen.meet(9, false, 400), Meet::Waiting);
        assert_eq!(seen.meet(8, false, 300), Meet::New);
        seen.connected(false);
        assert_eq!(seen.meet(8, true, 300), Meet::New, "a new session begins from nothing");
    }
}
