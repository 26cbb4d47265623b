//! Observation history: what every stream said, for seeking, charts and roll-ups.
//!
//! The history is derived from the committed ticks of the journal and can be made again from them; it has a file
//! (`NAME.history.db`) and a thread of its own, so that neither ticks nor commits ever wait for it. Its *watermark*
//! is the last tick it holds on disk: after a crash the ticks above it are fed again.
//!
//! - A **part** is half an hour of arrivals (or four million readings): a key frame of the latest value of every stream
//!   at its beginning, then the readings. Seeking reads one part.
//! - A **chunk** holds 1024 streams of a part, sorted by stream and time, in columns (`chunk`).
//! - **Roll-ups** of a minute, an hour and a day are written when a part is sealed; the part still open is rolled up
//!   when asked, so an answer always includes the last reading.
//!
//! **Invariant:** everything a query answers follows from rows fed; a chunk and its roll-ups change in one transaction.

mod chunk;
mod door;
mod keep;
mod merge;
mod read;
mod rollup;
mod rows;
mod series;
mod sqlite;
mod thin;

use std::sync::Arc;

use guanlan_core::{SensorId, Stamp};

use crate::{error::JournalError, figures::FigureBook};

pub use chunk::gorilla_bits;
pub use door::HistoryDoor;
pub use keep::{KeepError, Retention};
pub use read::HistoryReader;
pub use rollup::{Bucket, Level};
pub use rows::{Mark, Reading};
pub use series::{Point, Series};
pub use sqlite::SqliteHistory;

/// "No reading yet" in a column of instants.
pub const NEVER_MS: i64 = i64::MIN;

/// What a tick brought to the history.
#[derive(Clone, Debug, Default)]
pub struct HistoryTick {
    /// Number of the tick.
    pub tick: u64,
    /// Its instant: when its readings arrived.
    pub now: Stamp,
    /// Streams that are new, with the closed range of plausible values: they get the next numbers, in this order.
    pub streams: Vec<(SensorId, [f64; 2])>,
    /// Readings by number of stream, in the order they became true.
    pub readings: Vec<Reading>,
}

/// The latest of every stream at an instant, in columns by number of stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latest {
    /// The instant asked for.
    pub instant: Stamp,
    /// When the latest value was measured, ms; [`NEVER_MS`] when none had come yet.
    pub at: Vec<i64>,
    /// The latest value.
    pub value: Vec<f64>,
    /// Its quality.
    pub mark: Vec<Mark>,
}

impl Latest {
    /// Streams that had spoken.
    #[must_use]
    pub fn heard(&self) -> usize {
        self.at.iter().filter(|at| **at != NEVER_MS).count()
    }
}

/// What the history holds and takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryStats {
    /// Streams known.
    pub streams: u64,
    /// Readings in parts on disk.
    pub readings: u64,
    /// Bytes of readings (without key frames).
    pub reading_bytes: u64,
    /// Bytes of key frames.
    pub key_bytes: u64,
    /// Bytes of roll-ups of all levels.
    pub rollup_bytes: u64,
    /// Size of the file, bytes.
    pub file_bytes: u64,
    /// First and last instant of arrival kept raw.
    pub span: Option<(Stamp, Stamp)>,
}

/// Keeps the readings of one timeline. Fed by one thread; read through [`HistoryReader`]s by any.
pub trait History: Send {
    /// Last tick that is on disk.
    fn watermark(&self) -> u64;
    /// The number of a stream, if it is known.
    fn number(&self, id: &SensorId) -> Option<u32>;
    /// How many streams are known.
    fn streams(&self) -> u32;
    /// When a stream's latest value was measured.
    fn latest_at(&self, stream: u32) -> Option<Stamp>;
    /// The closed range of plausible values of a stream.
    fn plausible(&self, stream: u32) -> Option<[f64; 2]>;
    /// Goes on in another journal after this tick: what is kept stays, and its last part is closed.
    ///
    /// # Errors
    /// When the medium refuses.
    fn go_on_from(&mut self, tick: u64) -> Result<(), JournalError>;
    /// Takes what a tick brought; it can be queried from now on.
    ///
    /// # Errors
    /// When a part had to be closed and the medium refused; the tick is kept in memory all the same.
    fn feed(&mut self, tick: HistoryTick) -> Result<(), JournalError>;
    /// Readings in memory that are not on disk.
    fn unflushed(&self) -> usize;
    /// Puts everything fed on disk; the watermark is then the last tick fed.
    ///
    /// # Errors
    /// When the medium refuses; everything is still in memory and it may be tried again.
    fn flush(&mut self) -> Result<(), JournalError>;
    /// Does a bounded piece of what is due: sealing closed parts, retention. True when there is more.
    ///
    /// # Errors
    /// When the medium refuses; it may be tried again.
    fn maintain(&mut self, now: Stamp) -> Result<bool, JournalError>;
    /// Another view of the same history for queries.
    ///
    /// # Errors
    /// When the medium refuses.
    fn reader(&self) -> Result<HistoryReader, JournalError>;
    /// The figures kept so far.
    ///
    /// # Errors
    /// When the medium refuses.
    fn load_figures(&self) -> Result<FigureBook, JournalError>;
    /// Puts the figures of records on disk, if they changed, in a transaction of their own.
    ///
    /// # Errors
    /// When the medium refuses; they are kept and it may be tried again.
    fn save_figures(&mut self, book: &mut FigureBook) -> Result<(), JournalError>;
    /// Where others ask about this history and these figures.
    fn door(&self, book: &FigureBook) -> HistoryDoor;
    /// The retention policy.
    fn retention(&self) -> &Retention;
}

/// Readings fed but not on disk yet, shared with readers.
pub(crate) type SharedTail = Arc<std::sync::RwLock<rows::Tail>>;
