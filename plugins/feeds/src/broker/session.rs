//! One client's session: its subscriptions, what waits for it, what is on its way to it.
//!
//! A message of QoS 2 keeps its number on disk from before it is sent until PUBCOMP, so that a client meets it once
//! whatever falls in between.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use guanlan_room::journal::BrokerChange;
use tokio::sync::{Notify, mpsc, watch};

use super::{
    durable::{Durable, Extras, KeptArrival, KeptMessage, KeptSession, bytes_of},
    wire::{Say, Will},
};
use crate::seen::Seen;

/// Messages that wait for a session at most; the oldest is dropped beyond.
const MAX_QUEUED: usize = 10_000;
/// Bytes that wait for a session at most.
const MAX_QUEUED_BYTES: usize = 32 << 20;
/// Bytes that wait for all sessions together at most.
pub(super) const MAX_WAITING_BYTES: usize = 512 << 20;

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// 0, 1 or 2.
    pub qos: u8,
    /// Was kept by the broker.
    pub retain: bool,
    /// When it is no longer wanted.
    pub expires: Option<Instant>,
    /// What MQTT 5 carries along.
    pub extras: Option<Arc<Extras>>,
    /// Number in its session's queue; 0 where nothing is kept.
    pub no: u64,
    /// Numbers of the receiver's subscriptions it fits (MQTT 5).
    pub ids: Vec<u32>,
}

impl Message {
    pub(super) fn is_over(&self) -> bool {
        self.expires.is_some_and(|at| at <= Instant::now())
    }
}

/// What waits for all sessions together, and what was dropped because it was too much.
#[derive(Debug, Default)]
pub struct Waiting {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Waiting {
    /// Messages dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// How a connection is told that another one takes its session.
#[derive(Debug, Default)]
pub(super) struct Kick {
    /// End as soon as what has come is heard.
    pub soon: Notify,
    /// End now.
    pub now: Notify,
}

/// The connection of a session.
pub(super) struct Online {
    pub tx: mpsc::Sender<Say>,
    pub connection: u64,
    /// Messages of QoS 1 and 2 the client takes at once.
    pub window: usize,
    pub kick: Arc<Kick>,
    pub will: Option<Will>,
    /// Closed when the connection has left.
    pub left: watch::Sender<()>,
}

#[derive(Clone, Copy)]
pub(super) struct Subscription {
    pub qos: u8,
    pub no_local: bool,
    /// Keeps the mark of retained messages (MQTT 5).
    pub as_published: bool,
    /// The client's own number of it (MQTT 5).
    pub id: Option<u32>,
}

/// A message that was sent and is not acknowledged.
struct Flight {
    message: Message,
    /// The client has it (PUBREC); only PUBCOMP is awaited.
    released: bool,
}

/// A message of QoS 2 from a client between PUBLISH and PUBREL.
pub(super) struct Once {
    /// Fingerprint.
    pub content: u64,
    /// It is on disk.
    pub durable: Arc<AtomicBool>,
    /// The connection its answer goes to.
    pub connection: u64,
}

/// Those of a session, by number.
pub(super) type ExactlyOnce = BTreeMap<u16, Once>;

/// A session.
pub(super) struct Session {
    pub online: Option<Online>,
    pub filters: BTreeMap<String, Subscription>,
    /// Kept for so long without a connection, s; `u32::MAX` for ever.
    pub expiry_s: u32,
    pub gone: Option<Instant>,
    queue: VecDeque<Message>,
    queued_bytes: usize,
    inflight: BTreeMap<u16, Flight>,
    /// Order in which they were sent.
    order: VecDeque<u16>,
    next_pkid: u16,
    /// Number of the last message in the queue.
    last_no: u64,
    pub seen: Arc<Mutex<Seen>>,
    pub exactly_once: Arc<Mutex<ExactlyOnce>>,
    /// Messages of the client that had come before a restart and were not answered for good.
    pub remembered: BTreeMap<u16, KeptArrival>,
    waiting: Arc<Waiting>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.waiting.bytes.fetch_sub(self.queued_bytes, Ordering::Relaxed);
    }
}

impl Session {
    pub fn new(waiting: Arc<Waiting>) -> Self {
        Self {
            online: None,
            filters: BTreeMap::new(),
            expiry_s: 0,
            gone: None,
            queue: VecDeque::new(),
            queued_bytes: 0,
            inflight: BTreeMap::new(),
            order: VecDeque::new(),
            next_pkid: 0,
            last_no: 0,
            seen: Arc::default(),
            exactly_once: Arc::default(),
            remembered: BTreeMap::new(),
            waiting,
        }
    }

    pub fn is_over(&self) -> bool {
        self.online.is_none()
            && self.expiry_s != u32::MAX
            && self.gone.is_some_and(|at| at.elapsed() >= Duration::from_secs(u64::from(self.expiry_s)))
    }

    /// True when it is to be found again after a restart.
    pub fn is_kept(&self) -> bool {
        self.expiry_s > 0
    }

    pub fn kept(&self) -> KeptSession {
        let filters = self.filters.iter().map(|(f, s)| (f.clone(), s.qos, s.no_local, s.as_published));
        let ago = self.gone.map(|at| i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX / 2));
        KeptSession {
            filters: filters.collect(),
            ids: self.filters.iter().filter_map(|(f, s)| Some((f.clone(), s.id?))).collect(),
            expiry_s: self.expiry_s,
            gone_ms: ago.map(|ms| crate::wall_now().0 - ms),
        }
    }

    fn pkid(&mut self) -> u16 {
        loop {
            self.next_pkid = self.next_pkid.checked_add(1).unwrap_or(1);
            if !self.inflight.contains_key(&self.next_pkid) {
                return self.next_pkid;
            }
        }
    }

    fn push(&mut self, message: Message) {
        self.queued_bytes += message.payload.len();
        self.waiting.bytes.fetch_add(message.payload.len(), Ordering::Relaxed);
        self.queue.push_back(message);
    }

    fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.queued_bytes -= message.payload.len();
        self.waiting.bytes.fetch_sub(message.payload.len(), Ordering::Relaxed);
        Some(message)
    }

    /// A message from before a restart: it waits, or it was on its way.
    pub fn restore(&mut self, kept: KeptMessage, no: u64) {
        self.last_no = self.last_no.max(no);
        let sent = kept.sent;
        let message = kept.message(no);
        match sent {
            Some((pkid, released)) => {
                self.order.push_back(pkid);
                self.inflight.insert(pkid, Flight { message, released });
            }
            None => self.push(message),
        }
    }

    pub fn give(&mut self, name: &str, mut message: Message, memory: Option<&Durable>) {
        if message.qos == 0 {
            if let Some(online) = &self.online {
                // A listener that does not keep up misses messages of QoS 0.
                let _ = online.tx.try_send(Say::Message { message, pkid: 0, dup: false });
            }
            return;
        }
        if let Some(memory) = memory.filter(|_| self.is_kept()) {
            self.last_no += 1;
            message.no = self.last_no;
            let body = bytes_of(&KeptMessage::of(&message));
            memory.change(BrokerChange::Queued { client: name.to_owned(), no: message.no, body });
        }
        self.push(message);
        while self.queue.len() > MAX_QUEUED
            || self.queued_bytes > MAX_QUEUED_BYTES
            || self.waiting.bytes() > MAX_WAITING_BYTES
        {
            let Some(lost) = self.pop() else { break };
            self.waiting.dropped.fetch_add(1, Ordering::Relaxed);
            done(name, &lost, memory);
        }
        self.pump(name, memory);
    }

    /// Sends what waits, as far as the client's window goes.
    pub fn pump(&mut self, name: &str, memory: Option<&Durable>) {
        while let Some(online) = &self.online {
            if self.inflight.len() >= online.window {
                return;
            }
            let tx = online.tx.clone();
            let Ok(place) = tx.try_reserve() else { return };
            let Some(message) = self.pop() else { return };
            if message.is_over() {
                done(name, &message, memory);
                continue;
            }
            let pkid = self.pkid();
            let say = Say::Message { message: message.clone(), pkid, dup: false };
            match memory.filter(|_| message.qos == 2 && message.no > 0) {
                // Its number first: after a crash it is the same message under the same number.
                Some(memory) => {
                    drop(place);
                    memory.change(numbered(name, &message, pkid, false));
                    memory.then_held(Box::new(move || {
                        // Refused only when the connection is gone: then it is sent again on the next one.
                        let _ = tx.try_send(say);
                    }));
                }
                None => place.send(say),
            }
            self.inflight.insert(pkid, Flight { message, released: false });
            self.order.push_back(pkid);
        }
    }

    /// What was sent before and not acknowledged, once more.
    pub fn again(&self) {
        let Some(online) = &self.online else { return };
        for pkid in &self.order {
            let Some(flight) = self.inflight.get(pkid) else { continue };
            let say = match flight.released {
                true => Say::PubRel { pkid: *pkid, found: true },
                false => Say::Message { message: flight.message.clone(), pkid: *pkid, dup: true },
            };
            let _ = online.tx.try_send(say);
        }
    }

    /// The client has a message of QoS 2 (PUBREC). False when there is none of this number.
    pub fn received(&mut self, name: &str, pkid: u16, memory: Option<&Durable>) -> bool {
        let Some(flight) = self.inflight.get_mut(&pkid).filter(|f| f.message.qos == 2) else { return false };
        flight.released = true;
        if let Some(memory) = memory.filter(|_| flight.message.no > 0) {
            memory.change(numbered(name, &flight.message, pkid, true));
        }
        true
    }

    /// The exchange over a message has ended (PUBACK, PUBCOMP, or a refusal).
    pub fn acknowledged(&mut self, name: &str, pkid: u16, memory: Option<&Durable>) {
        if let Some(flight) = self.inflight.remove(&pkid) {
            done(name, &flight.message, memory);
        }
        self.order.retain(|p| *p != pkid);
        self.pump(name, memory);
    }
}

/// A message under its number on the way.
fn numbered(name: &str, message: &Message, pkid: u16, released: bool) -> BrokerChange {
    let kept = KeptMessage { sent: Some((pkid, released)), ..KeptMessage::of(message) };
    BrokerChange::Queued { client: name.to_owned(), no: message.no, body: bytes_of(&kept) }
}

/// A message of a queue is no longer wanted.
fn done(name: &str, message: &Message, memory: Option<&Durable>) {
    if let Some(memory) = memory.filter(|_| message.no > 0) {
        memory.change(BrokerChange::Done { client: name.to_owned(), no: message.no });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Message {
        let payload = Bytes::from(vec![0u8; bytes]);
        Message { topic: "t".into(), payload, qos: 2, retain: false, expires: None, extras: None, no: 0, ids: vec![] }
    }

    #[test]
    fn what_waits_is_bounded_for_one_and_for_all_and_a_session_that_ends_gives_back() {
        let waiting = Arc::new(Waiting::default());
        let mut sessions: Vec<Session> = (0..20).map(|_| Session::new(waiting.clone())).collect();
        for session in &mut sessions {
            for _ in 0..40 {
                session.give("c", message(1 << 20), None);
            }
            assert!(session.queued_bytes <= MAX_QUEUED_BYTES);
        }
        // Sixteen full ones are as much as there may be; those that come later keep nothing.
        assert_eq!(waiting.bytes(), MAX_WAITING_BYTES);
        assert_eq!(waiting.dropped(), 20 * 40 - 512);
        drop(sessions);
        assert_eq!(waiting.bytes(), 0);
    }

    #[test]
    fn exactly_once_goes_on_where_it_was() {
        let mut session = Session::new(Arc::default());
        let (tx, mut rx) = mpsc::channel(16);
        let online = |tx| Online {
            tx,
            connection: 1,
            window: 2,
            kick: Arc::default(),
            will: None,
            left: watch::Sender::new(()),
        };
        session.online = Some(online(tx));
        for _ in 0..3 {
            session.give("c", message(1), None);
        }
        let sent = |rx: &mut mpsc::Receiver<Say>| match rx.try_recv() {
            Ok(Say::Message { pkid, dup, .. }) => Some((pkid, dup, false)),
            Ok(Say::PubRel { pkid, .. }) => Some((pkid, false, true)),
            _ => None,
        };
        assert_eq!(
            [sent(&mut rx), sent(&mut rx), sent(&mut rx)],
            [Some((1, false, false)), Some((2, false, false)), None]
        );
        assert!(session.received("c", 1, None) && !session.received("c", 9, None));
        // The connection is gone: the first is only released again, the second sent again, the third waits for room.
        let (tx, mut rx) = mpsc::channel(16);
        session.online = Some(online(tx));
        session.again();
        assert_eq!(
            [sent(&mut rx), sent(&mut rx), sent(&mut rx)],
            [Some((1, false, true)), Some((2, true, false)), None]
        );
        session.acknowledged("c", 1, None);
        assert_eq!(sent(&mut rx), Some((3, false, false)));
    }
}
