//! Where questions about the past are asked: opens views of a history and its figures for any thread.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use rusqlite::{Connection, OpenFlags};

use super::{HistoryReader, SharedTail, SqliteHistory};
use crate::{
    error::{JournalError, db},
    figures::{FigureReader, Pending},
};

/// Opens views of one history. Cheap to clone.
#[derive(Clone)]
pub struct HistoryDoor {
    path: PathBuf,
    tail: Option<SharedTail>,
    pending: Option<Arc<RwLock<Pending>>>,
}

impl HistoryDoor {
    pub(crate) fn of(path: &Path, tail: SharedTail, pending: Arc<RwLock<Pending>>) -> Self {
        Self { path: path.to_owned(), tail: Some(tail), pending: Some(pending) }
    }

    /// The history beside a journal nobody writes, as far as it is on disk. `None` when there is none.
    #[must_use]
    pub fn beside(journal: &Path) -> Option<Self> {
        let path = SqliteHistory::path_beside(journal);
        path.is_file().then_some(Self { path, tail: None, pending: None })
    }

    /// A view of the readings.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn history(&self) -> Result<HistoryReader, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(db(&self.path))?;
        HistoryReader::of(conn, &self.path, self.tail.clone())
    }

    /// A view of the figures.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn figures(&self) -> Result<FigureReader, JournalError> {
        FigureReader::open(&self.path, self.pending.clone())
    }
}
