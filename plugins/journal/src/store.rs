//! The seam between a room and whatever keeps its journal.

use guanlan_core::{Event, Input, Mode, Stamp, TimelineId};
use serde::{Deserialize, Serialize};

use crate::{error::JournalError, record::Record};

/// End of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Last sequence number; 0 for an empty chain.
    pub seq: u64,
    /// Its hash, or [`crate::GENESIS`].
    pub hash: String,
    /// Last committed tick; 0 for none.
    pub tick: u64,
    /// Instant of that tick.
    pub ts: Stamp,
}

/// Where a timeline was forked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The parent timeline.
    pub timeline: TimelineId,
    /// Head of its chain at the fork.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// The tick of the fork.
    pub tick: u64,
}

/// Constants of a timeline, written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Its name.
    pub timeline: TimelineId,
    /// Mode it began with.
    pub mode: Mode,
    /// Seed of everything random.
    pub seed: u64,
    /// Regular tick, ms.
    pub tick_ms: i64,
    /// Identity of the city it is about (content hash or name).
    pub city: String,
    /// Parent, for a fork.
    pub parent: Option<Parent>,
}

/// One tick to make durable.
#[derive(Clone, Copy, Debug)]
pub struct TickCommit<'a> {
    /// Number of the tick.
    pub tick: u64,
    /// Its instant.
    pub now: Stamp,
    /// Its length, ms.
    pub dt_ms: i64,
    /// Regular empty ticks run since the last commit.
    pub idle_ticks: u32,
    /// Mode during the tick.
    pub mode: Mode,
    /// Everything it drained, in order.
    pub inputs: &'a [Input],
    /// Everything that became a fact.
    pub events: &'a [Event],
}

/// A tick read back.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTick {
    /// Number.
    pub tick: u64,
    /// Instant.
    pub now: Stamp,
    /// Length, ms.
    pub dt_ms: i64,
    /// Regular empty ticks before it.
    pub idle_ticks: u32,
    /// Mode.
    pub mode: Mode,
    /// Inputs in order.
    pub inputs: Vec<Input>,
}

/// The whole truth at a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The tick after which it was taken.
    pub tick: u64,
    /// Its instant.
    pub ts: Stamp,
    /// State hash, hex.
    pub hash: String,
    /// Named states.
    pub states: Vec<(String, Vec<u8>)>,
}

/// A snapshot ready to be stored: packing may be done by another thread than the one that stores.
#[derive(Clone, Debug)]
pub struct PackedSnapshot {
    pub(crate) tick: u64,
    pub(crate) ts: Stamp,
    pub(crate) hash: String,
    pub(crate) body: Vec<u8>,
}

impl PackedSnapshot {
    /// Packs a snapshot.
    ///
    /// # Errors
    /// When it cannot be serialised.
    pub fn of(s: &Snapshot) -> Result<Self, JournalError> {
        let damaged = |reason: String| JournalError::Damaged { tick: s.tick, reason };
        let plain = postcard::to_stdvec(&s.states).map_err(|e| damaged(e.to_string()))?;
        let body = crate::codec::pack(&plain, 1).map_err(damaged)?;
        Ok(Self { tick: s.tick, ts: s.ts, hash: s.hash.clone(), body })
    }

    /// Bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.body.len() as u64
    }
}

/// Keeps one timeline.
pub trait Store: Send {
    /// Constants of the timeline.
    fn meta(&self) -> &Meta;
    /// End of the chain.
    fn head(&self) -> &Head;
    /// Whether commits are taken, as far as it is known without one.
    ///
    /// # Errors
    /// Why they are not.
    fn check(&mut self) -> Result<(), JournalError> {
        Ok(())
    }
    /// Makes ticks durable, all of them or none.
    ///
    /// # Errors
    /// When the medium refuses; nothing of the ticks is then kept and it may be tried again.
    fn commit_all(&mut self, ticks: &[TickCommit<'_>]) -> Result<(), JournalError>;
    /// Makes one tick durable, whole or not at all.
    ///
    /// # Errors
    /// As [`Self::commit_all`].
    fn commit(&mut self, tick: &TickCommit<'_>) -> Result<(), JournalError> {
        self.commit_all(std::slice::from_ref(tick))
    }
    /// Keeps a snapshot. Older ones are thinned.
    ///
    /// # Errors
    /// When the medium refuses.
    fn put_packed(&mut self, snapshot: &PackedSnapshot) -> Result<(), JournalError>;
    /// Packs a snapshot and keeps it.
    ///
    /// # Errors
    /// As [`Self::put_packed`].
    fn put_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        self.put_packed(&PackedSnapshot::of(snapshot)?)
    }
    /// Retires the inputs of ticks before an instant, as the retention policy says. Returns the last tick retired.
    ///
    /// # Errors
    /// When the medium refuses.
    fn retire_inputs(&mut self, before: Stamp) -> Result<Option<u64>, JournalError>;
    /// The last snapshot at or before an instant.
    ///
    /// # Errors
    /// When the medium refuses or bytes are damaged.
    fn snapshot_at(&self, at: Stamp) -> Result<Option<Snapshot>, JournalError>;
    /// Tick, instant and state hash of the first snapshot above a tick.
    ///
    /// # Errors
    /// When the medium refuses.
    fn next_snapshot(&self, after: u64) -> Result<Option<(u64, Stamp, String)>, JournalError>;
    /// Up to `limit` ticks with a number above `after`, in order.
    ///
    /// # Errors
    /// When the medium refuses or bytes are damaged.
    fn ticks_after(&self, after: u64, limit: usize) -> Result<Vec<StoredTick>, JournalError>;
    /// Up to `limit` records with a number above `after`, in order.
    ///
    /// # Errors
    /// When the medium refuses.
    fn records_after(&self, after: u64, limit: usize) -> Result<Vec<Record>, JournalError>;
    /// First and last instant kept; `None` when empty.
    ///
    /// # Errors
    /// When the medium refuses.
    fn span(&self) -> Result<Option<(Stamp, Stamp)>, JournalError>;
}
