//! What the room's thread, the writer and the historian hand to each other.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicI64, AtomicUsize},
};

use crossbeam_channel::Sender;
use guanlan_core::{Event, Input, Mode, Reply, Stamp};
use guanlan_journal::{Head, JournalError, PackedSnapshot};
use guanlan_sensing::Sensed;

use crate::{
    health::Trouble,
    machine::Frozen,
    picture::Picture,
    queue::{Ack, Answer},
    tap::{Kept, Newcomer},
};

/// Shortest time between snapshots, simulated ms.
pub(crate) const SNAPSHOT_EVERY_MS: i64 = 120_000;
/// Longest time between snapshots, simulated ms: what a restart or a seek runs again at most.
pub(crate) const SNAPSHOT_AT_LEAST_MS: i64 = 600_000;

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
    /// What was sensed, for the history; empty without one.
    pub sensed: Vec<Sensed>,
    /// Sensors that are new to the history.
    pub newcomers: Vec<Newcomer>,
}

/// What the room and the historian ask of the writer.
pub(crate) enum Job {
    Tick(Box<Pending>),
    Snapshot(Box<Frozen>),
    /// The last picture of a second, for the scenes.
    Scene(Arc<Picture>),
    /// A snapshot, packed by the historian.
    Put(Box<PackedSnapshot>),
    Sync(Sender<bool>),
    End,
}

/// A tick on its way into the history.
pub(crate) struct Committed {
    pub kept: Kept,
    pub events: Vec<Event>,
    /// Last record of the tick.
    pub seq: u64,
}

/// What the writer asks of the historian.
pub(crate) enum HistoryJob {
    Tick(Box<Committed>),
    /// The last picture of a second.
    Scene(Arc<Picture>),
    /// Everything before it goes to disk, then the packed snapshot goes back to the writer: a restart runs only ticks
    /// above a snapshot again, so the history must not lag behind one.
    Snapshot(Box<Frozen>),
    End,
}

/// What the writer leaves for the room.
pub(crate) struct Shared {
    pub ticks: AtomicUsize,
    pub inputs: AtomicUsize,
    pub snapshot_every_ms: AtomicI64,
    /// Pictures on their way to the scenes.
    pub scenes: AtomicUsize,
    head: Mutex<Head>,
    journal: Mutex<Option<Trouble>>,
    history: Mutex<Option<Trouble>>,
    notice: Option<Trouble>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Shared {
    pub fn of(head: Head, notice: Option<Trouble>) -> Self {
        Self {
            ticks: AtomicUsize::new(0),
            inputs: AtomicUsize::new(0),
            snapshot_every_ms: AtomicI64::new(SNAPSHOT_EVERY_MS),
            scenes: AtomicUsize::new(0),
            head: Mutex::new(head),
            journal: Mutex::default(),
            history: Mutex::default(),
            notice,
        }
    }

    /// End of the chain on disk.
    pub fn head(&self) -> Head {
        lock(&self.head).clone()
    }

    /// What the medium says: of the journal, of the history.
    pub fn troubles(&self) -> [Option<Trouble>; 2] {
        [lock(&self.journal).clone(), lock(&self.history).clone()]
    }

    /// Why nothing is acknowledged; empty when well.
    pub fn why(&self) -> String {
        crate::health::why(&lock(&self.journal))
    }

    /// What people must know of the room's start.
    pub fn notice(&self) -> Option<Trouble> {
        self.notice.clone()
    }

    /// The chain on disk ends here now.
    pub fn set_head(&self, head: &Head) {
        lock(&self.head).clone_from(head);
    }

    /// The medium refused the journal, or took it again.
    pub fn journal_said(&self, error: Option<&JournalError>) {
        Trouble::note(&mut lock(&self.journal), error);
    }

    /// The medium refused the history, or took it again.
    pub fn history_said(&self, error: Option<&JournalError>) {
        Trouble::note(&mut lock(&self.history), error);
    }
}
