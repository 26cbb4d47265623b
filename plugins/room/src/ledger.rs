//! The way from a tick to disk: commit, snapshot, and what was promised to whom until then.

use std::collections::{BTreeMap, VecDeque};

use guanlan_core::{CommandId, Event, Input, Mode, Reply, Stamp};
use guanlan_journal::{JournalError, Store, TickCommit};

use crate::{
    machine::Machine,
    queue::{Ack, Answer},
};

/// Time between snapshots, simulated ms.
const SNAPSHOT_EVERY_MS: i64 = 120_000;
/// Ticks that may wait for a medium that refuses, before new inputs are no longer taken.
pub(crate) const MAX_UNCOMMITTED: usize = 3_000;

/// A tick that ran but is not durable yet, with everybody who waits for it.
pub(crate) struct Pending {
    pub tick: u64,
    pub now: Stamp,
    pub dt_ms: i64,
    pub idle_ticks: u32,
    pub mode: Mode,
    pub inputs: Vec<Input>,
    pub events: Vec<Event>,
    pub acks: Vec<Ack>,
    pub answers: Vec<(Answer, Reply)>,
}

/// Who waits for what is now durable. The picture is shown first, so that whoever is told and
/// looks at once sees what was done.
#[must_use = "those who wait are told nothing otherwise"]
#[derive(Default)]
pub(crate) struct Durable {
    acks: Vec<Ack>,
    answers: Vec<(Answer, Reply)>,
}

impl Durable {
    /// Tells them.
    pub fn tell(self) {
        self.acks.into_iter().for_each(|ack| ack(true));
        self.answers.into_iter().for_each(|(answer, reply)| answer(reply));
    }
}

/// Keeps the order: nothing is acknowledged before everything up to it is durable.
pub(crate) struct Ledger {
    store: Box<dyn Store>,
    waiting: VecDeque<Pending>,
    idle: u32,
    last_snapshot: Stamp,
    /// What the medium said last, empty when well.
    pub trouble: String,
}

impl Ledger {
    pub fn new(store: Box<dyn Store>) -> Self {
        let last_snapshot = store.head().ts;
        Self { store, waiting: VecDeque::new(), idle: 0, last_snapshot, trouble: String::new() }
    }

    pub fn head(&self) -> &guanlan_journal::Head {
        self.store.head()
    }

    /// An empty regular tick went by.
    pub fn idle_tick(&mut self) {
        self.idle += 1;
    }

    pub fn backlog(&self) -> usize {
        self.waiting.len()
    }

    pub fn push(&mut self, mut pending: Pending) {
        pending.idle_ticks = std::mem::take(&mut self.idle);
        self.waiting.push_back(pending);
    }

    /// Tries to make everything durable; acknowledges what is. True when nothing waits any more.
    pub fn flush(&mut self) -> bool {
        self.commit().tell();
        self.waiting.is_empty()
    }

    /// Tries to make everything durable; returns who is to be told.
    pub fn commit(&mut self) -> Durable {
        let mut durable = Durable::default();
        while let Some(p) = self.waiting.front() {
            let commit = TickCommit {
                tick: p.tick,
                now: p.now,
                dt_ms: p.dt_ms,
                idle_ticks: p.idle_ticks,
                mode: p.mode,
                inputs: &p.inputs,
                events: &p.events,
            };
            if let Err(error) = self.store.commit(&commit) {
                self.complain(&error);
                return durable;
            }
            self.trouble.clear();
            if let Some(done) = self.waiting.pop_front() {
                durable.acks.extend(done.acks);
                durable.answers.extend(done.answers);
            }
        }
        durable
    }

    /// Keeps a snapshot when it is time; `force` at the end of a room.
    pub fn maybe_snapshot(&mut self, machine: &Machine, force: bool) {
        let due = machine.now() - self.last_snapshot >= SNAPSHOT_EVERY_MS;
        if !(due || force) || !self.waiting.is_empty() {
            return;
        }
        self.last_snapshot = machine.now();
        let result = match machine.snapshot() {
            Ok(snapshot) => self.store.put_snapshot(&snapshot),
            Err(error) => {
                tracing::error!("snapshot: {error}");
                return;
            }
        };
        if let Err(error) = result {
            self.complain(&error);
        }
    }

    fn complain(&mut self, error: &JournalError) {
        let text = error.to_string();
        if text != self.trouble {
            tracing::error!("{text}");
            self.trouble = text;
        }
    }
}

/// Pairs replies with those who wait for them; the rest (repeated ids) wait for the same reply.
pub(crate) fn pair_answers(mut waiting: BTreeMap<CommandId, Vec<Answer>>, replies: Vec<Reply>) -> Vec<(Answer, Reply)> {
    let mut pairs = Vec::new();
    for reply in replies {
        for answer in waiting.remove(&reply.command).unwrap_or_default() {
            pairs.push((answer, reply.clone()));
        }
    }
    pairs
}
