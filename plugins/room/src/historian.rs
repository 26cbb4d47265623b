//! The historian: a thread that keeps readings and figures of committed ticks, away from ticks and commits.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, unbounded};
use guanlan_core::{Input, Stamp};
use guanlan_journal::{
    JournalError, PackedSnapshot, SqliteStore, Store,
    history::{History, HistoryTick, Mark, Reading},
};

use crate::{
    handover::{Committed, HistoryJob, Job, Shared},
    keeping::Keeping,
    machine::Frozen,
    picture::Picture,
    scenes::SceneKeeper,
    tap::Translator,
    wall::wall_now,
};

/// Readings in memory that are written without waiting longer.
const FLUSH_AT: usize = 200_000;
/// Readings in memory at most, some 300 MB, while the file refuses.
const MAX_UNFLUSHED: usize = 8_000_000;
/// Longest time readings stay in memory only.
const FLUSH_EVERY: Duration = Duration::from_secs(30);
/// Time between attempts while the file refuses.
const RETRY: Duration = Duration::from_secs(5);
/// Stored ticks and records read at once while catching up.
const PAGE: usize = 512;

/// Starts the thread; packed snapshots go `back` to the writer.
///
/// # Errors
/// When the thread cannot be started.
pub(crate) fn start(
    keeping: Keeping,
    back: Sender<Job>,
    shared: Arc<Shared>,
) -> std::io::Result<(Sender<HistoryJob>, JoinHandle<()>)> {
    let (to, from) = unbounded();
    let thread = std::thread::Builder::new().name("guanlan-history".into()).spawn(move || {
        guanlan_rainstorm::water::yield_to_others();
        let translator = Translator::default();
        let days = keeping.history.retention().raw_days;
        let scenes = SceneKeeper::beside(&keeping.journal, keeping.head_tick, days);
        Historian {
            scenes: scenes.map_err(|error| tracing::error!("no scenes are kept: {error}")).ok(),
            keeping,
            translator,
            shared,
            back,
            flushed: Instant::now(),
            lagging: false,
            refused: None,
        }
        .run(&from);
    })?;
    Ok((to, thread))
}

struct Historian {
    scenes: Option<SceneKeeper>,
    keeping: Keeping,
    translator: Translator,
    shared: Arc<Shared>,
    back: Sender<Job>,
    flushed: Instant,
    /// Memory is full because the file refuses: ticks go by, and are read from the journal once it takes them.
    lagging: bool,
    /// When the file refused last.
    refused: Option<Instant>,
}

impl Historian {
    fn run(mut self, from: &Receiver<HistoryJob>) {
        if let Err(error) = self.catch_up() {
            self.shared.history_said(Some(&error));
        }
        let mut busy = true;
        loop {
            let job = if busy {
                match from.try_recv() {
                    Ok(job) => Some(job),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match from.recv_timeout(Duration::from_secs(1)) {
                    Ok(job) => Some(job),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            };
            let result = match job {
                Some(HistoryJob::Tick(tick)) => self.feed(*tick, &mut busy),
                Some(HistoryJob::Scene(picture)) => self.scene(picture),
                Some(HistoryJob::Snapshot(frozen)) => self.snapshot(&frozen),
                Some(HistoryJob::End) => {
                    let _ = self.flush();
                    return;
                }
                None => self.in_between(&mut busy),
            };
            match result {
                Ok(done) if done => self.shared.history_said(None),
                Ok(_) => {}
                Err(error) => {
                    busy = false;
                    self.shared.history_said(Some(&error));
                }
            }
        }
    }

    /// True when something was written.
    fn feed(&mut self, tick: Committed, busy: &mut bool) -> Result<bool, JournalError> {
        let k = &mut self.keeping;
        k.through = tick.kept.tick;
        if let Some(scenes) = &mut self.scenes {
            scenes.tick(tick.kept.tick, &tick.kept.inputs);
        }
        k.book.tick(&tick.events, tick.kept.now, tick.seq);
        let fed = self.translator.translate(tick.kept, k.history.as_ref());
        if self.lagging || k.history.unflushed() > MAX_UNFLUSHED {
            self.lagging = true;
            // Streams keep their numbers all the same.
            k.history.feed(HistoryTick { tick: 0, readings: Vec::new(), ..fed })?;
        } else {
            k.history.feed(fed)?;
        }
        let due = self.lagging || k.history.unflushed() >= FLUSH_AT || self.flushed.elapsed() >= FLUSH_EVERY;
        if due && self.refused.is_none_or(|at| at.elapsed() >= RETRY) {
            *busy = true;
            return self.flush();
        }
        Ok(false)
    }

    fn flush(&mut self) -> Result<bool, JournalError> {
        let flushed = self.try_flush();
        self.refused = flushed.is_err().then(Instant::now);
        flushed
    }

    fn try_flush(&mut self) -> Result<bool, JournalError> {
        self.flushed = Instant::now();
        self.keeping.history.flush()?;
        if std::mem::take(&mut self.lagging) {
            let store = SqliteStore::open_read_only(&self.keeping.journal)?;
            self.read_blocks(&store)?;
            self.keeping.history.flush()?;
        }
        self.keeping.history.save_figures(&mut self.keeping.book)?;
        Ok(true)
    }

    fn in_between(&mut self, busy: &mut bool) -> Result<bool, JournalError> {
        if self.flushed.elapsed() >= FLUSH_EVERY {
            *busy = true;
            return self.flush();
        }
        *busy = self.keeping.history.maintain(wall_now())?;
        Ok(false)
    }

    fn scene(&mut self, picture: Arc<Picture>) -> Result<bool, JournalError> {
        self.shared.scenes.fetch_sub(1, Ordering::Relaxed);
        let Some(scenes) = &mut self.scenes else { return Ok(false) };
        if let Err(error) = scenes.keep(picture) {
            // Without scenes the past is run again from the journal: slower, and nothing is lost.
            tracing::warn!("scenes: {error}");
        }
        Ok(false)
    }

    /// The history first, then the snapshot; a history that cannot be written does not keep a snapshot back: what it
    /// lacks is then read from the blocks.
    fn snapshot(&mut self, frozen: &Frozen) -> Result<bool, JournalError> {
        let flushed = self.flush();
        match frozen.snapshot() {
            Ok(snapshot) => {
                let packed = PackedSnapshot::of(&snapshot)?;
                let _ = self.back.send(Job::Put(Box::new(packed)));
            }
            Err(error) => tracing::error!("snapshot: {error}"),
        }
        flushed
    }

    /// Brings history and figures up to the journal: ticks nobody told them of, then those run again at the start,
    /// then records.
    ///
    /// What the journal or the file of the history refuses now is read from the journal later ([`Self::try_flush`]):
    /// nothing is passed over.
    fn catch_up(&mut self) -> Result<(), JournalError> {
        let mut said = Ok(());
        let (journal, read) = match SqliteStore::open_read_only(&self.keeping.journal) {
            Ok(store) => {
                let read = self.read_blocks(&store);
                (Some(store), read)
            }
            Err(_) if self.keeping.history.watermark() >= self.keeping.through => (None, Ok(())),
            Err(error) => (None, Err(error)),
        };
        if let Err(error) = read {
            tracing::warn!("history: {error}; the rest is read later");
            self.lagging = true;
            said = Err(error);
        }
        for kept in std::mem::take(&mut self.keeping.again) {
            self.keeping.through = self.keeping.through.max(kept.tick);
            let fed = self.translator.translate(kept, self.keeping.history.as_ref());
            // Streams keep their numbers all the same.
            let fed = if self.lagging { HistoryTick { tick: 0, readings: Vec::new(), ..fed } } else { fed };
            // What is fed is in memory, whatever the file says.
            said = self.keeping.history.feed(fed).and(said);
        }
        if let Some(store) = &journal {
            let through = store.head().seq;
            while self.keeping.book.seq() < through {
                let mut page = store.records_after(self.keeping.book.seq(), PAGE)?;
                // Ticks committed meanwhile come as whole ticks.
                page.retain(|r| r.seq <= through);
                if page.is_empty() {
                    break;
                }
                self.keeping.book.records(&page);
            }
        }
        if self.keeping.history.unflushed() > 0 {
            self.flush()?;
        }
        said
    }

    /// Readings of ticks that are only in the journal: their quality is not known any more.
    fn read_blocks(&mut self, store: &SqliteStore) -> Result<(), JournalError> {
        let (history, through) = (&mut self.keeping.history, self.keeping.through);
        let mut after = history.watermark();
        if after < through {
            tracing::info!("history: reading ticks {after} to {through} from the journal");
        }
        while after < through {
            let page = store.ticks_after(after, PAGE)?;
            let Some(last) = page.last().map(|t| t.tick) else { break };
            for t in page.into_iter().filter(|t| t.tick <= through) {
                let fed = plain_tick(t.tick, t.now, &t.inputs, history.as_ref());
                history.feed(fed)?;
            }
            after = last;
            if history.unflushed() >= FLUSH_AT {
                history.flush()?;
            }
        }
        Ok(())
    }
}

/// A tick of the journal as the history is fed: every finite reading, late or not.
fn plain_tick(tick: u64, now: Stamp, inputs: &[Input], history: &dyn History) -> HistoryTick {
    let mut out = HistoryTick { tick, now, ..HistoryTick::default() };
    let mut fresh = BTreeMap::new();
    for input in inputs {
        let Input::Observation(o) = input else { continue };
        if !o.result.is_finite() {
            continue;
        }
        let stream = match history.number(&o.sensor) {
            Some(n) => n,
            None => *fresh.entry(o.sensor.clone()).or_insert_with(|| {
                out.streams.push((o.sensor.clone(), [f64::MIN, f64::MAX]));
                history.streams() + out.streams.len() as u32 - 1
            }),
        };
        let late = history.latest_at(stream).is_some_and(|latest| o.phenomenon < latest);
        let mark = Mark(if late { Mark::LATE } else { 0 });
        out.readings.push(Reading { stream, at: o.phenomenon, value: o.result, mark });
    }
    out
}
