//! The writer: commits ticks in order, tells who waits, and passes on what is committed.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use guanlan_core::Stamp;
use guanlan_journal::{PackedSnapshot, Store, TickCommit, history::Retention};

use crate::{
    handover::{Committed, HistoryJob, Job, Pending, SNAPSHOT_AT_LEAST_MS, SNAPSHOT_EVERY_MS, Shared},
    historian,
    keeping::Keeping,
    machine::Frozen,
    picture::Picture,
    tap::Kept,
};

/// Ticks in one transaction at most: a fast exercise writes many ticks for one wait for the disk.
const TICKS_AT_ONCE: usize = 64;
/// Inputs in one transaction at most.
const INPUTS_AT_ONCE: usize = 400_000;
/// Time between attempts while the medium refuses and no new tick comes.
const RETRY: Duration = Duration::from_millis(500);
/// Time between looks at what the retention policy lets go.
const RETIRE_EVERY: Duration = Duration::from_secs(3600);

/// Starts the writer's thread, and the historian's where a history is kept.
///
/// # Errors
/// When a thread cannot be started.
pub(crate) fn start(
    store: Box<dyn Store>,
    keeping: Option<Keeping>,
    from: Receiver<Job>,
    back: Sender<Job>,
    shared: Arc<Shared>,
) -> std::io::Result<JoinHandle<()>> {
    let keep = keeping.as_ref().map(Keeping::retention);
    let history = keeping.map(|k| historian::start(k, back, Arc::clone(&shared))).transpose()?;
    let writer = Writer { store, history, keep, shared, waiting: VecDeque::new(), now: Stamp(0), retired: None };
    std::thread::Builder::new().name("guanlan-writer".into()).spawn(move || writer.run(&from))
}

struct Writer {
    store: Box<dyn Store>,
    history: Option<(Sender<HistoryJob>, JoinHandle<()>)>,
    keep: Option<Retention>,
    shared: Arc<Shared>,
    waiting: VecDeque<Pending>,
    now: Stamp,
    retired: Option<Instant>,
}

impl Writer {
    fn run(mut self, from: &Receiver<Job>) {
        let mut ending = false;
        let mut well = self.check();
        while !ending {
            let first = if self.waiting.is_empty() && well {
                match from.recv() {
                    Ok(job) => Some(job),
                    Err(_) => break,
                }
            } else {
                from.recv_timeout(RETRY).ok()
            };
            // Everything that has come meanwhile is one transaction, up to the first job of another kind.
            let mut other = None;
            for job in first.into_iter().chain(from.try_iter()) {
                match job {
                    Job::Tick(pending) => self.waiting.push_back(*pending),
                    job => {
                        other = Some(job);
                        break;
                    }
                }
                if self.waiting.len() >= TICKS_AT_ONCE {
                    break;
                }
            }
            self.commit();
            well = well || self.check();
            match other {
                None | Some(Job::Tick(_)) => {}
                Some(Job::Snapshot(frozen)) => self.snapshot(frozen),
                Some(Job::Scene(picture)) => self.scene(picture),
                Some(Job::Put(packed)) => self.put(&packed),
                Some(Job::Sync(tell)) => {
                    let _ = tell.send(self.waiting.is_empty());
                }
                Some(Job::End) => {
                    self.end(from);
                    ending = true;
                }
            }
            self.retire();
        }
    }

    /// A store that cannot be written says so before anything waits for it.
    fn check(&mut self) -> bool {
        let checked = self.store.check();
        if self.waiting.is_empty() || checked.is_err() {
            self.shared.journal_said(checked.as_ref().err());
        }
        checked.is_ok()
    }

    fn commit(&mut self) {
        while !self.waiting.is_empty() {
            let mut inputs = 0;
            let some = self.waiting.iter().take(TICKS_AT_ONCE).take_while(|p| {
                let fits = inputs == 0 || inputs + p.inputs.len() <= INPUTS_AT_ONCE;
                inputs += p.inputs.len();
                fits
            });
            let ticks: Vec<TickCommit<'_>> = some
                .map(|p| TickCommit {
                    tick: p.tick,
                    now: p.now,
                    dt_ms: p.dt_ms,
                    idle_ticks: p.idle_ticks,
                    mode: p.mode,
                    inputs: &p.inputs,
                    events: &p.events,
                })
                .collect();
            let (n, before) = (ticks.len(), self.store.head().seq);
            if let Err(error) = self.store.commit_all(&ticks) {
                self.shared.journal_said(Some(&error));
                return;
            }
            self.shared.journal_said(None);
            self.shared.set_head(self.store.head());
            let mut seq = before;
            for p in self.waiting.drain(..n) {
                // A tick's records: its inputs and one for each fact.
                seq += 1 + p.events.len() as u64;
                self.now = p.now;
                self.shared.ticks.fetch_sub(1, Ordering::Relaxed);
                self.shared.inputs.fetch_sub(p.inputs.len(), Ordering::Relaxed);
                p.acks.into_iter().for_each(|ack| ack(true));
                p.answers.into_iter().for_each(|(answer, reply)| answer(reply));
                if let Some((to, _)) = &self.history {
                    let kept =
                        Kept { tick: p.tick, now: p.now, inputs: p.inputs, sensed: p.sensed, newcomers: p.newcomers };
                    let _ = to.send(HistoryJob::Tick(Box::new(Committed { kept, events: p.events, seq })));
                }
            }
        }
    }

    /// While the medium refuses, a snapshot would be of ticks that are not on disk: none is taken.
    fn snapshot(&mut self, frozen: Box<Frozen>) {
        if !self.waiting.is_empty() {
            return;
        }
        if let Some((to, _)) = &self.history {
            let _ = to.send(HistoryJob::Snapshot(frozen));
            return;
        }
        match frozen.snapshot().map(|s| PackedSnapshot::of(&s)) {
            Ok(Ok(packed)) => self.put(&packed),
            Ok(Err(error)) => tracing::error!("snapshot: {error}"),
            Err(error) => tracing::error!("snapshot: {error}"),
        }
    }

    /// Scenes are of committed ticks only.
    fn scene(&mut self, picture: Arc<Picture>) {
        let told = match &self.history {
            Some((to, _)) if self.waiting.is_empty() => to.send(HistoryJob::Scene(picture)).is_ok(),
            _ => false,
        };
        if !told {
            self.shared.scenes.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn put(&mut self, packed: &PackedSnapshot) {
        match self.store.put_packed(packed) {
            // A large truth is written less often: a minute for each megabyte, within the bounds.
            Ok(()) => {
                let every = (packed.bytes() as i64).saturating_mul(60_000) / 1_000_000;
                let every = every.clamp(SNAPSHOT_EVERY_MS, SNAPSHOT_AT_LEAST_MS);
                self.shared.snapshot_every_ms.store(every, Ordering::Relaxed);
            }
            Err(error) => self.shared.journal_said(Some(&error)),
        }
    }

    fn retire(&mut self) {
        let due = self.retired.is_none_or(|t| t.elapsed() >= RETIRE_EVERY);
        let Some(keep) = self.keep.filter(|_| due && self.waiting.is_empty() && self.now > Stamp(0)) else { return };
        self.retired = Some(Instant::now());
        let days = keep.inputs_days * 86_400_000.0;
        if days < 9e15 {
            match self.store.retire_inputs(self.now + -(days as i64)) {
                Ok(Some(tick)) => {
                    tracing::info!("inputs up to tick {tick} retired");
                    self.shared.set_head(self.store.head());
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("retention: {error}"),
            }
        }
    }

    /// Lets the historian finish, keeps the snapshot it may still hand back, and ends.
    fn end(&mut self, from: &Receiver<Job>) {
        self.commit();
        let Some((to, thread)) = self.history.take() else { return };
        let _ = to.send(HistoryJob::End);
        let _ = thread.join();
        for job in from.try_iter() {
            if let Job::Put(packed) = job {
                self.put(&packed);
            }
        }
    }
}
