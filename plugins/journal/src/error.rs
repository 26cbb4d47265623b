//! One error for the whole crate.

use std::path::PathBuf;

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
}
