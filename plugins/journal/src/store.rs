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

/// Keeps one timeline.
pub trait Store: Send {
    /// Constants of the timeline.
    fn meta(&self) -> &Meta;
    /// End of the chain.
    fn head(&self) -> &Head;
    /// Makes one tick durable, whole or not at all.
    ///
    /// # Errors
    /// When the medium refuses; nothing of the tick is then kept and it may be tried again.
    fn commit(&mut self, tick: &TickCommit<'_>) -> Result<(), JournalError>;
    /// Keeps a snapshot; returns the bytes it takes. Older ones are thinned.
    ///
    /// # Errors
    /// When the medium refuses.
    fn put_snapshot(&mut self, snapshot: &Snapshot) -> Result<u64, JournalError>;
    /// The last snapshot at or before an instant.
    ///
    /// # Errors
    /// When the medium refuses or bytes are damaged.
    fn snapshot_at(&self, at: Stamp) -> Result<Option<Snapshot>, JournalError>;
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
