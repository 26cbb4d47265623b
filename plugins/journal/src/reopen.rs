//! A store whose file cannot be written, or not even opened: what it holds is read, commits are refused until the
//! medium lets them, and then it goes on by itself.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use guanlan_core::Stamp;

use crate::{
    error::JournalError,
    fault::Fault,
    record::{GENESIS, Record},
    sqlite::SqliteStore,
    store::{Head, Meta, PackedSnapshot, Snapshot, Store, StoredTick, TickCommit},
};

/// Time between attempts to open the file for writing.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// A store that refuses commits while its file cannot be written.
pub struct ReopeningStore {
    path: PathBuf,
    meta: Meta,
    head: Head,
    store: Option<SqliteStore>,
    writable: bool,
    tried: Instant,
}

impl ReopeningStore {
    /// Opens the timeline in a file; when it cannot be written, for reading only, or not at all.
    ///
    /// # Errors
    /// When the file is no journal, is damaged, or was written by a newer program.
    pub fn open(path: &Path, meta: &Meta) -> Result<Self, JournalError> {
        let of = |store: Option<SqliteStore>, writable| {
            let (meta, head) = match &store {
                Some(s) => (s.meta().clone(), s.head().clone()),
                None => (meta.clone(), Head { seq: 0, hash: GENESIS.into(), tick: 0, ts: Stamp(0) }),
            };
            Self { path: path.to_owned(), meta, head, store, writable, tried: Instant::now() }
        };
        match SqliteStore::open_or_create(path, meta) {
            Ok(store) => Ok(of(Some(store), true)),
            Err(error) if matches!(error.fault(), Fault::ReadOnly | Fault::DiskFull | Fault::Io) => {
                eprintln!("{error}");
                // Without write permission beside it, a file in WAL mode can be opened as it lies on disk only.
                let read = SqliteStore::open_read_only(path).or_else(|_| SqliteStore::open_immutable(path));
                Ok(of(read.ok(), false))
            }
            Err(error) => Err(error),
        }
    }

    /// True when commits are taken.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.writable
    }

    fn writer(&mut self) -> Result<&mut SqliteStore, JournalError> {
        if !self.writable && self.tried.elapsed() >= TRY_EVERY {
            self.tried = Instant::now();
            let store = SqliteStore::open_or_create(&self.path, &self.meta)?;
            // Somebody else's records in between would make a branch of the chain.
            if store.head().tick != self.head.tick {
                return Err(JournalError::damaged(&self.path, "the journal was written by another program meanwhile"));
            }
            self.head = store.head().clone();
            self.store = Some(store);
            self.writable = true;
        }
        match &mut self.store {
            Some(store) if self.writable => Ok(store),
            _ => Err(JournalError::Database {
                fault: Fault::ReadOnly,
                reason: "cannot be written".into(),
                path: self.path.clone(),
            }),
        }
    }

    fn reader(&self) -> Result<&SqliteStore, JournalError> {
        self.store.as_ref().ok_or_else(|| JournalError::Missing(self.path.clone()))
    }
}

impl Store for ReopeningStore {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn head(&self) -> &Head {
        self.store.as_ref().map_or(&self.head, Store::head)
    }

    fn check(&mut self) -> Result<(), JournalError> {
        self.writer().map(|_| ())
    }

    fn commit_all(&mut self, ticks: &[TickCommit<'_>]) -> Result<(), JournalError> {
        self.writer()?.commit_all(ticks)
    }

    fn put_packed(&mut self, snapshot: &PackedSnapshot) -> Result<(), JournalError> {
        self.writer()?.put_packed(snapshot)
    }

    fn retire_inputs(&mut self, before: Stamp) -> Result<Option<u64>, JournalError> {
        self.writer()?.retire_inputs(before)
    }

    fn snapshot_at(&self, at: Stamp) -> Result<Option<Snapshot>, JournalError> {
        self.store.as_ref().map_or(Ok(None), |s| s.snapshot_at(at))
    }

    fn next_snapshot(&self, after: u64) -> Result<Option<(u64, Stamp, String)>, JournalError> {
        self.store.as_ref().map_or(Ok(None), |s| s.next_snapshot(after))
    }

    fn ticks_after(&self, after: u64, limit: usize) -> Result<Vec<StoredTick>, JournalError> {
        self.store.as_ref().map_or(Ok(Vec::new()), |s| s.ticks_after(after, limit))
    }

    fn records_after(&self, after: u64, limit: usize) -> Result<Vec<Record>, JournalError> {
        self.reader()?.records_after(after, limit)
    }

    fn span(&self) -> Result<Option<(Stamp, Stamp)>, JournalError> {
        self.store.as_ref().map_or(Ok(None), Store::span)
    }
}
