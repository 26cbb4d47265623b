//! The way from a tick to disk, as the room's thread sees it: it hands over and never waits for the medium.
//!
//! A thread of its own (`writer`) commits in order, tells those who wait, and hands every committed tick to the
//! historian. What the room needs to know of it — how much waits, what the medium says — it leaves in [`Shared`].

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Sender, bounded, unbounded};
use guanlan_core::{Event, Input, Mode, Reply, Stamp};
use guanlan_journal::{Head, JournalError, Store};
use guanlan_sensing::Sensed;

#[allow(unused_imports, reason = "part of the way of a tick, for every kind of room")]
pub(crate) use crate::queue::pair_answers;
use crate::{
    health::Trouble,
    keeping::Keeping,
    machine::Machine,
    picture::Picture,
    queue::{Ack, Answer},
    tap::Newcomer,
    writer::{self, Job},
};

/// Shortest time between snapshots, simulated ms.
pub(crate) const SNAPSHOT_EVERY_MS: i64 = 120_000;
/// Longest time between snapshots, simulated ms: what a restart or a seek runs again at most.
pub(crate) const SNAPSHOT_AT_LEAST_MS: i64 = 600_000;
/// Ticks that may wait for a medium that refuses: eleven hours at 5 Hz.
const MAX_UNCOMMITTED: usize = 200_000;
/// Inputs that may wait with them, before new ones are no longer taken: some 200 MB.
const MAX_WAITING_INPUTS: usize = 2_000_000;
/// Pictures that may wait for the historian.
const SCENES_WAITING: usize = 2;
/// Longest time somebody waits for everything to be on disk.
const PATIENCE: Duration = Duration::from_secs(20);

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
    fn of(head: Head, notice: Option<Trouble>) -> Self {
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

/// The room's end. Dropping it ends the writer once everything that can be written is.
pub(crate) struct Ledger {
    to: Sender<Job>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    has_history: bool,
    idle: u32,
    last_snapshot: Stamp,
    /// Why nothing is on disk, as of the last tick handed over; empty when well.
    pub trouble: String,
}

impl Ledger {
    /// A ledger without a history.
    pub fn new(store: Box<dyn Store>) -> Self {
        let head = store.head().clone();
        Self::start(store, None).unwrap_or_else(|error| {
            // Nothing is committed and nothing acknowledged, which is what the trouble says.
            let (to, _) = unbounded();
            Self {
                to,
                last_snapshot: head.ts,
                shared: Arc::new(Shared::of(head, None)),
                thread: None,
                has_history: false,
                idle: 0,
                trouble: format!("无法启动写入线程 / the writer's thread cannot be started: {error}"),
            }
        })
    }

    /// # Errors
    /// When a thread cannot be started.
    pub fn start(store: Box<dyn Store>, keeping: Option<Keeping>) -> std::io::Result<Self> {
        let (to, from) = unbounded();
        let notice = keeping.as_ref().and_then(Keeping::notice);
        let shared = Arc::new(Shared::of(store.head().clone(), notice));
        let last_snapshot = store.head().ts;
        let has_history = keeping.is_some();
        let thread = writer::start(store, keeping, from, to.clone(), Arc::clone(&shared))?;
        let trouble = String::new();
        Ok(Self { to, shared, thread: Some(thread), has_history, idle: 0, last_snapshot, trouble })
    }

    pub fn head(&self) -> Head {
        lock(&self.shared.head).clone()
    }

    /// Somebody keeps the readings: ticks bring what they sensed.
    pub fn has_history(&self) -> bool {
        self.has_history
    }

    /// An empty regular tick went by.
    pub fn idle_tick(&mut self) {
        self.idle += 1;
    }

    /// Ticks that ran but are not on disk.
    pub fn backlog(&self) -> usize {
        self.shared.ticks.load(Ordering::Relaxed)
    }

    /// False when so much waits for the medium that nothing more may be taken.
    pub fn has_room(&self) -> bool {
        self.backlog() < MAX_UNCOMMITTED && self.shared.inputs.load(Ordering::Relaxed) < MAX_WAITING_INPUTS
    }

    /// What the medium says: of the journal, of the history.
    pub fn troubles(&self) -> [Option<Trouble>; 2] {
        [lock(&self.shared.journal).clone(), lock(&self.shared.history).clone()]
    }

    /// What people must know of the room's start.
    pub fn notice(&self) -> Option<Trouble> {
        self.shared.notice.clone()
    }

    /// Hands a tick over; whoever waits is told after it is on disk.
    pub fn push(&mut self, mut pending: Pending) {
        pending.idle_ticks = std::mem::take(&mut self.idle);
        self.shared.ticks.fetch_add(1, Ordering::Relaxed);
        self.shared.inputs.fetch_add(pending.inputs.len(), Ordering::Relaxed);
        let _ = self.to.send(Job::Tick(Box::new(pending)));
        self.look();
    }

    fn look(&mut self) {
        if self.thread.is_some() {
            self.trouble = crate::health::why(&lock(&self.shared.journal));
        }
    }

    /// Waits until everything handed over is on disk, or the medium refuses. True when nothing waits any more.
    pub fn flush(&mut self) -> bool {
        let (tell, told) = bounded(1);
        let done = self.to.send(Job::Sync(tell)).is_ok() && told.recv_timeout(PATIENCE).unwrap_or(false);
        self.look();
        done
    }

    /// Hands over the last picture of a second, unless the historian is behind: a picture that waits holds memory.
    pub fn scene(&self, picture: &Arc<Picture>) {
        if self.has_history && self.shared.scenes.load(Ordering::Relaxed) < SCENES_WAITING {
            self.shared.scenes.fetch_add(1, Ordering::Relaxed);
            let _ = self.to.send(Job::Scene(Arc::clone(picture)));
        }
    }

    /// Has a snapshot taken when it is time; `force` at the end of a room.
    pub fn maybe_snapshot(&mut self, machine: &Machine, force: bool) {
        let every = self.shared.snapshot_every_ms.load(Ordering::Relaxed);
        if !force && machine.now() - self.last_snapshot < every {
            return;
        }
        self.last_snapshot = machine.now();
        let _ = self.to.send(Job::Snapshot(Box::new(machine.freeze())));
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let _ = self.to.send(Job::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
