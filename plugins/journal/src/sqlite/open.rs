//! Opening a journal: a new one, a known one, one to read only, one on a medium that cannot be written.

use std::path::Path;

use guanlan_core::Stamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{SqliteStore, insert};
use crate::{
    error::{JournalError, db},
    record::{Draft, GENESIS},
    store::{Head, Meta},
};

const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001_first.sql")];

impl SqliteStore {
    /// Opens the timeline in a file, or begins it with `meta` when the file is new.
    ///
    /// # Errors
    /// When the file cannot be opened, is no journal, or was written by a newer program.
    pub fn open_or_create(path: &Path, meta: &Meta) -> Result<Self, JournalError> {
        let conn = Connection::open(path).map_err(db(path))?;
        Self::prepare(conn, path, Some(meta))
    }

    /// A journal that is forgotten with the program.
    ///
    /// # Errors
    /// When SQLite cannot make one.
    pub fn in_memory(meta: &Meta) -> Result<Self, JournalError> {
        let path = Path::new(":memory:");
        let conn = Connection::open_in_memory().map_err(db(path))?;
        Self::prepare(conn, path, Some(meta))
    }

    /// Opens an existing journal for reading only.
    ///
    /// # Errors
    /// When there is none or it cannot be read.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        if !path.is_file() {
            return Err(JournalError::Missing(path.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(db(path))?;
        Self::prepare(conn, path, None)
    }

    /// Opens a journal on a medium that cannot be written at all: as the file lies there, without what only its
    /// log holds.
    ///
    /// # Errors
    /// As [`Self::open_read_only`].
    pub(crate) fn open_immutable(path: &Path) -> Result<Self, JournalError> {
        let whole = std::path::absolute(path).map_err(|e| JournalError::odd(path, e.to_string()))?;
        // Characters that mean something in a URI are written as codes.
        let name: String = whole
            .to_string_lossy()
            .chars()
            .map(|c| if matches!(c, '%' | '?' | '#') { format!("%{:02X}", c as u32) } else { c.to_string() })
            .collect();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let conn = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags).map_err(db(path))?;
        Self::prepare(conn, path, None)
    }

    fn prepare(mut conn: Connection, path: &Path, begin: Option<&Meta>) -> Result<Self, JournalError> {
        let err = db(path);
        conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(&err)?;
        if begin.is_some() {
            conn.pragma_update(None, "journal_mode", "WAL").map_err(&err)?;
            conn.pragma_update(None, "synchronous", "FULL").map_err(&err)?;
            conn.pragma_update(None, "foreign_keys", "ON").map_err(&err)?;
        }
        let known = MIGRATIONS.len() as i64;
        let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&err)?;
        if found > known {
            return Err(JournalError::TooNew { found, known, path: path.to_owned() });
        }
        if let Some(meta) = begin {
            let tx = conn.transaction().map_err(&err)?;
            for (i, sql) in MIGRATIONS.iter().enumerate().skip(found.max(0) as usize) {
                tx.execute_batch(sql).map_err(&err)?;
                tx.pragma_update(None, "user_version", i as i64 + 1).map_err(&err)?;
            }
            let text = serde_json::to_string(meta).map_err(|e| JournalError::odd(path, e.to_string()))?;
            tx.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('timeline', ?1)", [text]).map_err(&err)?;
            tx.commit().map_err(&err)?;
        }
        let text: String =
            conn.query_row("SELECT value FROM meta WHERE key = 'timeline'", [], |row| row.get(0)).map_err(&err)?;
        let meta: Meta = serde_json::from_str(&text).map_err(|e| JournalError::damaged(path, format!("meta: {e}")))?;
        let chain: Option<(i64, String)> = conn
            .query_row("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(&err)?;
        let last: Option<(i64, i64)> = conn
            .query_row("SELECT tick, ts FROM blocks ORDER BY tick DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(&err)?;
        let (seq, hash) = chain.unwrap_or((0, GENESIS.to_owned()));
        let (tick, ts) = last.unwrap_or((0, 0));
        drop(err);
        let head = Head { seq: seq as u64, hash, tick: tick as u64, ts: Stamp(ts) };
        let mut store = Self { conn, path: path.to_owned(), meta, head };
        if begin.is_some() && store.head.seq == 0 {
            store.write_first_record()?;
        }
        Ok(store)
    }

    /// The first record names the timeline and, for a fork, its parent's head.
    fn write_first_record(&mut self) -> Result<(), JournalError> {
        let data = serde_json::to_value(&self.meta).unwrap_or_default();
        let draft = Draft { op: "timeline".into(), actor: "room".into(), case: None, data };
        let record = draft.chain(1, 0, Stamp(0), GENESIS);
        insert(&self.conn, &record).map_err(db(&self.path))?;
        self.head.seq = 1;
        self.head.hash = record.hash;
        Ok(())
    }
}
