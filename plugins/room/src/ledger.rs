//! The way from a tick to disk, as the room's thread sees it: it hands over and never waits for the medium.
//!
//! A thread of its own (`writer`) commits in order, tells those who wait, and hands every committed tick to the
//! historian. What the room needs to know of it — how much waits, what the medium says — it leaves in [`Shared`].

use std::{
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Sender, bounded, unbounded};
use guanlan_core::Stamp;
use guanlan_journal::{Head, Store};

use crate::{
    handover::{Job, Pending, Shared},
    health::Trouble,
    keeping::Keeping,
    machine::Machine,
    picture::Picture,
    writer,
};

/// Ticks that may wait for a medium that refuses: eleven hours at 5 Hz.
const MAX_UNCOMMITTED: usize = 200_000;
/// Inputs that may wait with them, before new ones are no longer taken: some 200 MB.
const MAX_WAITING_INPUTS: usize = 2_000_000;
/// Pictures that may wait for the historian.
const SCENES_WAITING: usize = 2;
/// Longest time somebody waits for everything to be on disk.
const PATIENCE: Duration = Duration::from_secs(20);

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
        self.shared.head()
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
        self.shared.troubles()
    }

    /// What people must know of the room's start.
    pub fn notice(&self) -> Option<Trouble> {
        self.shared.notice()
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
            self.trouble = self.shared.why();
        }
    }

    /// Waits until everything handed over is on disk, or the medium refuses. True when nothing waits any more.
    pub fn flush(&mut self) -> bool {
        let (tell, told) = bounded(1);
        let done = self.to.send(Job::Sync(tell)).is_ok() && told.recv_timeout(PATIENCE).unwrap_or(false);
        self.look();
        done
    }

    /// Waits for the disk when more ticks than this wait for it.
    pub fn catch_up(&mut self, most: usize) {
        if self.backlog() > most {
            self.flush();
        }
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
