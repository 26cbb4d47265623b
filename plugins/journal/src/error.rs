//! One error for the whole crate.

use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// The journal cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file is not there.
    #[error("no journal at {0}: check the path, or open a room with --store to make one")]
    Missing(PathBuf),
    /// The database refused.
    #[error("journal database: {reason}\nfile: {path}", path = path.display())]
    Database {
        /// What kind of refusal it is.
        fault: Fault,
        /// What SQLite says.
        reason: String,
        /// The file, or `:memory:`.
        path: PathBuf,
    },
    /// A newer program wrote this file.
    #[error("journal has schema {found}, this program knows up to {known}: use a newer guanlan\nfile: {path}", path = path.display())]
    TooNew {
        /// Version in the file.
        found: i64,
        /// Newest version known here.
        known: i64,
        /// The file.
        path: PathBuf,
    },
    /// Stored bytes are not what was written.
    #[error("journal is damaged at tick {tick}: {reason}")]
    Damaged {
        /// Where.
        tick: u64,
        /// How.
        reason: String,
    },
    /// Ticks before the first snapshot that fits this program were retired by the retention policy.
    #[error(
        "the journal's beginning was retired (up to tick {through}) and no snapshot in it fits this program: open it with the guanlan that wrote it"
    )]
    Retired {
        /// Last retired tick.
        through: u64,
    },
}

impl JournalError {
    /// What kind of trouble this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database { fault, .. } => *fault,
            Self::Damaged { .. } => Fault::Damaged,
            Self::Missing(_) | Self::TooNew { .. } | Self::Retired { .. } => Fault::Other,
        }
    }

    /// Trouble with a file that is no refusal of SQLite's.
    pub(crate) fn odd(path: &Path, reason: impl Into<String>) -> Self {
        Self::Database { fault: Fault::Other, reason: reason.into(), path: path.to_owned() }
    }

    /// Bytes in a file that are not what was written.
    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Database { fault: Fault::Damaged, reason: reason.into(), path: path.to_owned() }
    }
}

/// Turns what SQLite says of a file into the crate's error.
pub(crate) fn db(path: &Path) -> impl Fn(rusqlite::Error) -> JournalError + '_ {
    move |error| JournalError::Database {
        fault: Fault::of_sqlite(&error),
        reason: error.to_string(),
        path: path.to_owned(),
    }
}
