//! Who listens to what: sessions, subscriptions, retained messages.
//!
//! A session outlives its connection for as long as its client asked: messages of QoS 1 and 2 wait for it, and those that
//! were sent and not acknowledged are sent again. With a memory on disk ([`Hub::beside`]) sessions that outlive their connection,
//! what waits for them and retained messages survive a restart of the program, too; whoever is told of one is told after
//! it is on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, DerefMut},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use guanlan_core::Stamp;
use guanlan_room::journal::{BrokerChange, JournalError};
use tokio::sync::{mpsc, watch};

use super::{
    durable::{Durable, Then, bytes_of},
    filter::{fits, shared},
    restore::remembered,
    session::{ExactlyOnce, Kick, Message, Online, Session, Subscription, Waiting},
    wills::{self, Pending},
    wire::{Filter, RetainedRule, Say, Will},
};
use crate::seen::Seen;

/// Sessions without a connection kept at most.
const MAX_SESSIONS: usize = 20_000;
/// Time that the connection before has to hear what has come from it.
const MAKE_WAY: Duration = Duration::from_secs(2);
/// Messages in flight to a client at most, whatever it allows.
const MAX_INFLIGHT: usize = 1_000;

#[derive(Default)]
pub(super) struct Inner {
    pub sessions: BTreeMap<String, Session>,
    /// Sessions that may have subscriptions: publishing costs as many steps as there are listeners, not devices.
    pub listeners: BTreeSet<String>,
    pub retained: BTreeMap<String, Message>,
    /// Wills of clients that are gone, by client.
    pub wills: BTreeMap<String, Pending>,
    next: u64,
    /// Turns of shared subscriptions.
    pub turns: BTreeMap<String, usize>,
}

/// What a client gets when it joins.
pub(super) struct Joined {
    /// Number of the connection.
    pub connection: u64,
    /// The broker still knew the session.
    pub present: bool,
    /// Rings when another connection takes the session.
    pub kick: Arc<Kick>,
    /// Messages the client may have sent before.
    pub seen: Arc<Mutex<Seen>>,
    /// The same of QoS 2.
    pub exactly_once: Arc<Mutex<ExactlyOnce>>,
    /// The will of the connection before this one, when it is due now.
    pub due: Option<Will>,
}

/// What a client asks for when it joins.
pub(super) struct Joining<'a> {
    pub client_id: &'a str,
    pub clean: bool,
    pub expiry_s: u32,
    pub receive_max: u16,
    pub will: Option<Will>,
    pub tx: mpsc::Sender<Say>,
}

/// Fan-out of an embedded broker.
#[derive(Default)]
pub struct Hub {
    inner: Mutex<Inner>,
    pub(super) memory: Option<Durable>,
    waiting: Arc<Waiting>,
}

/// The hub's state; what was changed is one group on disk when it is let go.
pub(super) struct Locked<'a> {
    inner: MutexGuard<'a, Inner>,
    memory: Option<&'a Durable>,
}

impl Deref for Locked<'_> {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.inner
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Before the lock goes: groups are in the order in which things happened.
        if let Some(memory) = self.memory {
            memory.flush();
        }
    }
}

impl Hub {
    /// A hub whose sessions and retained messages are kept beside a journal, with what was kept before.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn beside(journal: &Path) -> Result<Self, JournalError> {
        let (memory, past) = Durable::beside(journal)?;
        let waiting = Arc::new(Waiting::default());
        Ok(Self { inner: Mutex::new(remembered(past, &waiting)), memory: Some(memory), waiting })
    }

    /// Calls back when everything that was done until now is on disk; at once without a memory.
    pub(super) fn then(&self, then: Then) {
        match &self.memory {
            Some(memory) => memory.then(then),
            None => then(),
        }
    }

    /// Waits until everything that was done until now is on disk.
    pub(super) async fn kept(&self) {
        if self.memory.is_some() {
            let (tx, rx) = tokio::sync::oneshot::channel();
            self.then(Box::new(move || {
                let _ = tx.send(());
            }));
            let _ = rx.await;
        }
    }

    fn keep(&self, name: &str, session: &Session) {
        if let Some(memory) = self.memory.as_ref().filter(|_| session.is_kept()) {
            memory.change(BrokerChange::Session { client: name.to_owned(), body: bytes_of(&session.kept()) });
        }
    }

    fn forget(&self, name: &str) {
        if let Some(memory) = &self.memory {
            memory.change(BrokerChange::Ended { client: name.to_owned() });
        }
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { inner, memory: self.memory.as_ref() }
    }

    /// What waits for absent listeners, and what was dropped.
    #[must_use]
    pub fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Lets the connection that has this name hear what has already come from it, and end: acknowledgements and a goodbye
    /// that wait behind something slow would be lost, and messages come twice.
    pub(super) async fn make_way(&self, client_id: &str) {
        let online = {
            let inner = self.lock();
            let online = inner.sessions.get(client_id).and_then(|s| s.online.as_ref());
            online.map(|o| (o.kick.clone(), o.left.subscribe()))
        };
        if let Some((kick, mut left)) = online {
            kick.soon.notify_one();
            // An error says that it has left; who does not within the time is not waited for.
            let _left = tokio::time::timeout(MAKE_WAY, left.changed()).await;
        }
    }

    pub(super) fn join(&self, j: Joining<'_>) -> Joined {
        let mut inner = self.lock();
        inner.next += 1;
        let connection = inner.next;
        inner.sessions.retain(|name, s| {
            let over = s.is_over();
            if over {
                self.forget(name);
            }
            !over
        });
        if inner.sessions.len() >= MAX_SESSIONS {
            let oldest = inner.sessions.iter().filter(|(_, s)| s.online.is_none()).min_by_key(|(_, s)| s.gone);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                inner.sessions.remove(&name);
                self.forget(&name);
            }
        }
        let mut old = inner.sessions.remove(j.client_id);
        // The connection before this one ends here, and so does its will's delay, unless the session goes on.
        let mut before = inner.wills.remove(j.client_id).map(|(_, will)| will);
        if let Some(online) = old.as_mut().and_then(|s| s.online.take()) {
            online.kick.now.notify_one();
            before = online.will;
        }
        // A session that ends with its connection is over when another connection takes the name.
        let was_kept = old.as_ref().is_some_and(Session::is_kept);
        let kept = old.filter(|s| !j.clean && s.expiry_s > 0);
        if kept.is_none() && was_kept {
            self.forget(j.client_id);
        }
        let present = kept.is_some();
        let had_will = before.is_some();
        let due = before.filter(|will| !present || will.delay_s == 0);
        match &j.will {
            Some(will) => self.keep_will(j.client_id, Some((will, wills::delay_s(will, j.expiry_s)))),
            None if had_will => self.keep_will(j.client_id, None),
            None => {}
        }
        let mut session = kept.unwrap_or_else(|| Session::new(self.waiting.clone()));
        let kick = Arc::<Kick>::default();
        session.expiry_s = j.expiry_s;
        session.gone = None;
        session.online = Some(Online {
            tx: j.tx,
            connection,
            window: usize::from(j.receive_max).clamp(1, MAX_INFLIGHT),
            kick: kick.clone(),
            will: j.will,
            left: watch::Sender::new(()),
        });
        let (seen, exactly_once) = (session.seen.clone(), session.exactly_once.clone());
        seen.lock().unwrap_or_else(PoisonError::into_inner).connected(present);
        if present && session.expiry_s == 0 {
            self.forget(j.client_id);
        }
        self.keep(j.client_id, &session);
        inner.sessions.insert(j.client_id.to_owned(), session);
        Joined { connection, present, kick, seen, exactly_once, due }
    }

    /// What was sent before and not acknowledged, once more, then what waits. After CONNACK.
    pub(super) fn resume(&self, client_id: &str) {
        let mut inner = self.lock();
        let Some(session) = inner.sessions.get_mut(client_id) else { return };
        session.again();
        session.pump(client_id, self.memory.as_ref());
    }

    /// A connection has ended. Returns after how long its will is due, if it has one to be said.
    pub(super) fn leave(&self, client_id: &str, connection: u64, graceful: bool) -> Option<Duration> {
        let mut inner = self.lock();
        let session = inner.sessions.get_mut(client_id)?;
        if session.online.as_ref().is_none_or(|o| o.connection != connection) {
            return None;
        }
        let will = session.online.take().and_then(|o| o.will);
        session.gone = Some(Instant::now());
        let expiry_s = session.expiry_s;
        self.keep(client_id, session);
        if expiry_s == 0 {
            inner.sessions.remove(client_id);
        }
        let will = will?;
        if graceful {
            self.keep_will(client_id, None);
            return None;
        }
        let delay = Duration::from_secs(u64::from(wills::delay_s(&will, expiry_s)));
        inner.wills.insert(client_id.to_owned(), (connection, will));
        Some(delay)
    }

    /// A client changes how long its session lives (DISCONNECT of MQTT 5).
    pub(super) fn set_expiry(&self, client_id: &str, connection: u64, expiry_s: u32) {
        let mut inner = self.lock();
        let session = inner.sessions.get_mut(client_id);
        if let Some(session) = session.filter(|s| s.online.as_ref().is_some_and(|o| o.connection == connection)) {
            if session.is_kept() && expiry_s == 0 {
                self.forget(client_id);
            }
            session.expiry_s = expiry_s;
            self.keep(client_id, session);
        }
    }

    /// Subscribes; the granted QoS of each filter, `None` when it is no filter.
    pub(super) fn subscribe(&self, client_id: &str, filters: &[Filter]) -> Vec<Option<u8>> {
        let mut inner = self.lock();
        let Inner { sessions, listeners, .. } = &mut *inner;
        let Some(session) = sessions.get_mut(client_id) else { return vec![None; filters.len()] };
        listeners.insert(client_id.to_owned());
        let grant = |f: &Filter| -> Option<u8> {
            crate::run::is_filter(&f.path).then(|| {
                let subscription =
                    Subscription { qos: f.qos.min(2), no_local: f.no_local, as_published: f.as_published, id: f.id };
                session.filters.insert(f.path.clone(), subscription);
                subscription.qos
            })
        };
        let granted = filters.iter().map(grant).collect();
        self.keep(client_id, session);
        granted
    }

    /// Filters a client has now, before it subscribes anew.
    pub(super) fn has_filter(&self, client_id: &str, filter: &str) -> bool {
        self.lock().sessions.get(client_id).is_some_and(|s| s.filters.contains_key(filter))
    }

    /// Retained messages of new subscriptions. After SUBACK.
    pub(super) fn retained(&self, client_id: &str, filters: &[(Filter, bool)]) {
        let mut inner = self.lock();
        let Inner { sessions, retained, .. } = &mut *inner;
        let Some(session) = sessions.get_mut(client_id) else { return };
        for (filter, was_there) in filters {
            let wanted = match filter.retained {
                RetainedRule::Always => true,
                RetainedRule::New => !was_there,
                RetainedRule::Never => false,
            };
            if !wanted || shared(&filter.path).is_some() || !session.filters.contains_key(&filter.path) {
                continue;
            }
            for (topic, message) in retained.iter().filter(|(t, m)| fits(t, &filter.path) && !m.is_over()) {
                let qos = message.qos.min(filter.qos);
                let ids = filter.id.into_iter().collect();
                let message = Message { topic: topic.clone(), qos, retain: true, ids, ..message.clone() };
                session.give(client_id, message, self.memory.as_ref());
            }
        }
    }

    /// Whether each was there.
    pub(super) fn unsubscribe(&self, client_id: &str, filters: &[String]) -> Vec<bool> {
        let mut inner = self.lock();
        let Some(session) = inner.sessions.get_mut(client_id) else { return vec![false; filters.len()] };
        let were = filters.iter().map(|f| session.filters.remove(f).is_some()).collect();
        self.keep(client_id, session);
        were
    }

    /// A client has acknowledged a message of QoS 1, or completed one of QoS 2, or refused one.
    pub(super) fn acknowledged(&self, client_id: &str, pkid: u16) {
        if let Some(session) = self.lock().sessions.get_mut(client_id) {
            session.acknowledged(client_id, pkid, self.memory.as_ref());
        }
    }

    /// A client has a message of QoS 2. False when there is none of this number.
    pub(super) fn received(&self, client_id: &str, pkid: u16) -> bool {
        let mut inner = self.lock();
        inner.sessions.get_mut(client_id).is_some_and(|s| s.received(client_id, pkid, self.memory.as_ref()))
    }

    /// True when messages of a client are to be known again after a crash.
    pub(super) fn remembers(&self, client_id: &str) -> bool {
        self.memory.is_some() && self.lock().sessions.get(client_id).is_some_and(Session::is_kept)
    }

    /// When a message came first, if it had come before a restart and was not answered for good.
    pub(super) fn had_come(&self, client_id: &str, pkid: u16, content: u64) -> Option<Stamp> {
        let mut inner = self.lock();
        let session = inner.sessions.get_mut(client_id)?;
        let kept = session.remembered.remove(&pkid)?;
        (kept.content == content).then_some(Stamp(kept.received_ms))
    }

    /// A message of a client is answered for good: its number is free.
    pub(super) fn answered(&self, client_id: &str, pkid: u16) {
        if let Some(memory) = &self.memory {
            memory.change_now(BrokerChange::Arrived { client: client_id.to_owned(), pkid, body: None });
        }
    }

    /// The client's channel has room again.
    pub(super) fn pump(&self, client_id: &str) {
        if let Some(session) = self.lock().sessions.get_mut(client_id) {
            session.pump(client_id, self.memory.as_ref());
        }
    }
}
