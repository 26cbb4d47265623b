//! The history in an SQLite file of its own: feeding and flushing. Sealing is in `merge`, queries in `read`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use guanlan_core::{SensorId, Stamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{
    History, HistoryDoor, HistoryReader, HistoryTick, NEVER_MS, Retention, SharedTail,
    chunk::{self, BLOCK},
    rows::{Mark, Rows, Tail, arrival_s},
};
use crate::{
    error::{JournalError, db},
    figures::{FigureBook, add_months},
    store::Meta,
};

/// Width of a part, ms of arrival: seeking decodes a quarter of an hour on average; narrower parts make a larger file.
const PART_MS: i64 = 1_800_000;
/// Readings after which a part is closed early, so that seeking stays quick at any rate.
const PART_ROWS: u64 = 4_000_000;
pub(crate) const KEY: i64 = 0;
pub(crate) const RAW: i64 = 1;
pub(crate) const MINUTE: i64 = 2;
/// 2: figures by month without categories, and of districts with them.
const SCHEMA: i64 = 2;
/// Time between attempts to close a part on a medium that refuses.
const RETRY: Duration = Duration::from_secs(5);

/// A part that takes readings.
struct Open {
    part: i64,
    begin_ms: i64,
    rows: u64,
    next_sub: i64,
    /// Key frame by block, until it is on disk.
    key: Option<Vec<(u32, Vec<u8>)>>,
}

/// The history of one timeline, beside its journal.
pub struct SqliteHistory {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    pub(super) keep: Retention,
    /// Looked up only.
    numbers: HashMap<SensorId, u32>,
    ranges: Vec<[f64; 2]>,
    on_disk: u32,
    latest: Rows,
    tail: SharedTail,
    open: Option<Open>,
    watermark: u64,
    fed: u64,
    pub(super) next_sweep: Stamp,
    /// When closing a part was refused last.
    refused: Option<Instant>,
}

impl SqliteHistory {
    /// The history's file beside a journal.
    #[must_use]
    pub fn path_beside(journal: &Path) -> PathBuf {
        journal.with_extension("history.db")
    }

    /// Opens the history beside a journal, or begins it. A damaged one, or one of another journal, is put aside
    /// (`….history.db.aside`) and begun anew: it can be made again from the journal.
    ///
    /// # Errors
    /// When the medium refuses.
    pub fn beside(journal: &Path, meta: &Meta, head_tick: u64, keep: Retention) -> Result<Self, JournalError> {
        let path = Self::path_beside(journal);
        let owner = serde_json::to_string(meta).unwrap_or_default();
        match Self::open(&path, &owner, keep) {
            Ok(history) if history.watermark <= head_tick => return Ok(history),
            Ok(history) => say(&format!(
                "{}: holds tick {} of a journal that ends at {head_tick}; begun anew",
                path.display(),
                history.watermark
            )),
            Err(error) if error.fault() == crate::Fault::Damaged => {
                say(&format!("{error}; the history is made again from the journal"));
            }
            Err(error) => return Err(error),
        }
        for suffix in ["", "-wal", "-shm"] {
            let from = PathBuf::from(format!("{}{suffix}", path.display()));
            if from.exists() {
                let to = PathBuf::from(format!("{}.aside{suffix}", path.display()));
                std::fs::rename(&from, &to)
                    .map_err(|e| JournalError::odd(&path, format!("cannot put it aside: {e}")))?;
            }
        }
        Self::open(&path, &owner, keep)
    }

    fn open(path: &Path, owner: &str, keep: Retention) -> Result<Self, JournalError> {
        let err = db(path);
        let mut conn = Connection::open(path).map_err(&err)?;
        conn.busy_timeout(Duration::from_secs(5)).map_err(&err)?;
        conn.pragma_update(None, "page_size", 4096).map_err(&err)?;
        conn.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(&err)?;
        conn.pragma_update(None, "journal_mode", "WAL").map_err(&err)?;
        // What is lost with the power is fed again from the journal; the file itself stays whole.
        conn.pragma_update(None, "synchronous", "NORMAL").map_err(&err)?;
        let found: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(&err)?;
        if found > SCHEMA {
            return Err(JournalError::TooNew { found, known: SCHEMA, path: path.to_owned() });
        }
        if found == 0 {
            let tx = conn.transaction().map_err(&err)?;
            tx.execute_batch(include_str!("../../migrations/history_0001.sql")).map_err(&err)?;
            tx.execute_batch(include_str!("../../migrations/figures_0001.sql")).map_err(&err)?;
            tx.execute("INSERT INTO state VALUES ('journal', ?1), ('watermark', '0')", [owner]).map_err(&err)?;
            tx.pragma_update(None, "user_version", SCHEMA).map_err(&err)?;
            tx.commit().map_err(&err)?;
        } else if found < SCHEMA {
            let tx = conn.transaction().map_err(&err)?;
            add_months(&tx, path)?;
            tx.pragma_update(None, "user_version", SCHEMA).map_err(&err)?;
            tx.commit().map_err(&err)?;
        }
        let state = |key: &str| -> Result<String, JournalError> {
            conn.query_row("SELECT value FROM state WHERE key = ?1", [key], |r| r.get(0)).map_err(&err)
        };
        if state("journal")? != owner {
            return Err(JournalError::damaged(path, "it belongs to another journal"));
        }
        let watermark = state("watermark")?.parse().map_err(|_| JournalError::damaged(path, "watermark"))?;
        drop(err);
        let mut history = Self {
            conn,
            path: path.to_owned(),
            keep,
            numbers: HashMap::new(),
            ranges: Vec::new(),
            on_disk: 0,
            latest: Rows::default(),
            tail: SharedTail::default(),
            open: None,
            watermark,
            fed: watermark,
            next_sweep: Stamp(0),
            refused: None,
        };
        history.load()?;
        Ok(history)
    }

    fn load(&mut self) -> Result<(), JournalError> {
        let err = db(&self.path);
        let mut statement =
            self.conn.prepare("SELECT stream, id, low, high FROM streams ORDER BY stream").map_err(&err)?;
        let rows = statement
            .query_map([], |r| Ok((r.get::<_, u32>(0)?, r.get::<_, String>(1)?, [r.get(2)?, r.get(3)?])))
            .map_err(&err)?;
        for row in rows {
            let (stream, id, range) = row.map_err(&err)?;
            if stream as usize != self.ranges.len() {
                return Err(JournalError::damaged(&self.path, format!("stream {stream} is out of order")));
            }
            self.numbers.insert(SensorId::from(id), stream);
            self.ranges.push(range);
        }
        drop(statement);
        self.on_disk = self.ranges.len() as u32;
        let last: Option<(i64, i64, i64)> = self
            .conn
            .query_row(
                "SELECT part, begin_ms, rows FROM parts WHERE end_ms IS NULL ORDER BY part DESC LIMIT 1",
                [],
                |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
            )
            .optional()
            .map_err(&err)?;
        if let Some((part, begin_ms, rows)) = last {
            let sub: Option<i64> = self
                .conn
                .query_row("SELECT max(sub) FROM chunks WHERE part = ?1 AND kind = ?2", params![part, RAW], |r| {
                    r.get(0)
                })
                .map_err(&err)?;
            let next_sub = sub.unwrap_or(0) + 1;
            self.open = Some(Open { part, begin_ms, rows: rows as u64, next_sub, key: None });
        }
        drop(err);
        let latest = self.reader()?.seek(Stamp(i64::MAX))?;
        let n = self.ranges.len();
        self.latest = Rows {
            stream: (0..n as u32).collect(),
            arrived_s: vec![0; n],
            at: latest.at,
            value: latest.value,
            mark: latest.mark.iter().map(|m| m.0).collect(),
        };
        Ok(())
    }

    /// Limits the file's size in pages: how a full disk is tried in tests.
    #[doc(hidden)]
    pub fn limit_pages(&mut self, pages: i64) -> Result<(), JournalError> {
        self.conn.pragma_update(None, "max_page_count", pages).map_err(db(&self.path))
    }

    fn tail_mut(&self) -> RwLockWriteGuard<'_, Tail> {
        self.tail.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn begin_part(&mut self, now: Stamp) -> Result<(), JournalError> {
        let heard = {
            let mut rows = Rows::default();
            let by = arrival_s(now);
            for s in 0..self.latest.len() {
                if self.latest.at[s] != NEVER_MS {
                    rows.push(s as u32, self.latest.at[s], by, self.latest.value[s], self.latest.mark[s]);
                }
            }
            rows
        };
        let key = encode_blocks(&heard).map_err(|e| JournalError::odd(&self.path, e))?;
        let part = self.open.as_ref().map_or_else(|| self.last_part(), |o| Ok(o.part))? + 1;
        let key = key.into_iter().map(|c| (c.block, c.body)).collect();
        self.open = Some(Open { part, begin_ms: now.0, rows: 0, next_sub: 1, key: Some(key) });
        Ok(())
    }

    fn last_part(&self) -> Result<i64, JournalError> {
        self.conn.query_row("SELECT coalesce(max(part), 0) FROM parts", [], |r| r.get(0)).map_err(db(&self.path))
    }

    /// Closes the open part when it is old or large enough. A clock that was set back does not close one.
    fn cut_if_due(&mut self, now: Stamp) -> Result<(), JournalError> {
        let Some(open) = &self.open else { return self.begin_part(now) };
        let due = now.0.div_euclid(PART_MS) > open.begin_ms.div_euclid(PART_MS) || open.rows >= PART_ROWS;
        if !due || self.refused.is_some_and(|at| at.elapsed() < RETRY) {
            return Ok(());
        }
        let part = open.part;
        if let Err(error) = self.flush() {
            self.refused = Some(Instant::now());
            return Err(error);
        }
        self.refused = None;
        self.conn
            .execute("UPDATE parts SET end_ms = ?2 WHERE part = ?1", params![part, now.0])
            .map_err(db(&self.path))?;
        self.begin_part(now)
    }
}

/// What is told when a file is put aside; this crate logs nowhere else.
fn say(text: &str) {
    eprintln!("{text}");
}

/// A chunk ready to be stored.
pub(super) struct Encoded {
    pub block: u32,
    pub rows: usize,
    pub at_min: i64,
    pub at_max: i64,
    pub body: Vec<u8>,
}

/// Sorted rows as chunks, one for each block.
pub(super) fn encode_blocks(rows: &Rows) -> Result<Vec<Encoded>, String> {
    let mut out = Vec::new();
    let mut from = 0;
    while from < rows.len() {
        let block = rows.stream[from] / BLOCK;
        let to = from + rows.stream[from..].partition_point(|s| s / BLOCK == block);
        let at = rows.at[from..to].iter();
        let (at_min, at_max) = at.fold((i64::MAX, i64::MIN), |(lo, hi), t| (lo.min(*t), hi.max(*t)));
        let body = chunk::encode(rows, from..to, block)?;
        out.push(Encoded { block, rows: to - from, at_min, at_max, body });
        from = to;
    }
    Ok(out)
}

pub(super) fn insert_chunk(
    conn: &Connection,
    part: i64,
    kind: i64,
    sub: i64,
    c: &Encoded,
) -> Result<(), rusqlite::Error> {
    conn.prepare_cached(
        "INSERT INTO chunks (part, kind, block, sub, rows, at_min, at_max, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![part, kind, c.block, sub, c.rows as i64, c.at_min, c.at_max, c.body])
    .map(|_| ())
}

impl History for SqliteHistory {
    fn watermark(&self) -> u64 {
        self.watermark
    }

    fn number(&self, id: &SensorId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    fn streams(&self) -> u32 {
        self.ranges.len() as u32
    }

    fn latest_at(&self, stream: u32) -> Option<Stamp> {
        self.latest.at.get(stream as usize).filter(|at| **at != NEVER_MS).map(|at| Stamp(*at))
    }

    fn plausible(&self, stream: u32) -> Option<[f64; 2]> {
        self.ranges.get(stream as usize).copied()
    }

    fn feed(&mut self, tick: HistoryTick) -> Result<(), JournalError> {
        let fresh = tick.tick > self.fed;
        let cut = if tick.readings.is_empty() || !fresh { Ok(()) } else { self.cut_if_due(tick.now) };
        let tail = Arc::clone(&self.tail);
        let mut tail = tail.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (id, range) in tick.streams {
            let number = self.ranges.len() as u32;
            if self.numbers.contains_key(&id) {
                continue;
            }
            self.numbers.insert(id.clone(), number);
            self.ranges.push(range);
            self.latest.push(number, NEVER_MS, 0, 0.0, 0);
            tail.fresh.push((number, id));
        }
        if !fresh {
            return Ok(());
        }
        let by = arrival_s(tick.now);
        let l = &mut self.latest;
        for r in &tick.readings {
            let s = r.stream as usize;
            if s >= l.len() {
                continue;
            }
            tail.rows.push(r.stream, r.at.0, by, r.value, r.mark.0);
            if r.mark.is_turn() {
                l.mark[s] = r.mark.quality().0 | (l.mark[s] & Mark::BACK);
            } else if r.at.0 >= l.at[s] || r.mark.is_back() {
                (l.at[s], l.value[s], l.mark[s]) = (r.at.0, r.value, r.mark.0 & !Mark::LATE);
            }
        }
        if let Some(open) = &mut self.open {
            open.rows += tick.readings.len() as u64;
        }
        self.fed = tick.tick;
        cut
    }

    fn go_on_from(&mut self, tick: u64) -> Result<(), JournalError> {
        self.flush()?;
        let last = self.latest.at.iter().max().copied().unwrap_or(0);
        let err = db(&self.path);
        let tx = self.conn.transaction().map_err(&err)?;
        tx.execute("UPDATE parts SET end_ms = max(begin_ms, ?1) WHERE end_ms IS NULL", [last]).map_err(&err)?;
        tx.execute("UPDATE state SET value = ?1 WHERE key = 'watermark'", [tick.to_string()]).map_err(&err)?;
        tx.commit().map_err(&err)?;
        drop(err);
        self.open = None;
        (self.watermark, self.fed) = (tick, tick);
        Ok(())
    }

    fn unflushed(&self) -> usize {
        self.tail.read().unwrap_or_else(std::sync::PoisonError::into_inner).rows.len()
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        let odd = |e: String| JournalError::odd(&self.path, e);
        let tail: RwLockReadGuard<'_, Tail> = self.tail.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if tail.rows.is_empty() && tail.fresh.is_empty() && self.watermark == self.fed {
            return Ok(());
        }
        let rows = tail.rows.len();
        let chunks = encode_blocks(&tail.rows.sorted()).map_err(odd)?;
        let fresh = tail.fresh.clone();
        drop(tail);
        let err = db(&self.path);
        let tx = self.conn.transaction().map_err(&err)?;
        {
            let mut insert = tx
                .prepare_cached("INSERT INTO streams (stream, id, low, high) VALUES (?1, ?2, ?3, ?4)")
                .map_err(&err)?;
            for (number, id) in &fresh {
                let [low, high] = self.ranges[*number as usize];
                insert.execute(params![number, id.as_str(), low, high]).map_err(&err)?;
            }
        }
        if let Some(open) = &self.open {
            if let Some(key) = &open.key {
                tx.execute(
                    "INSERT INTO parts (part, begin_ms, end_ms, rows, sealed) VALUES (?1, ?2, NULL, 0, 0)",
                    params![open.part, open.begin_ms],
                )
                .map_err(&err)?;
                for (block, body) in key {
                    let c = Encoded { block: *block, rows: 0, at_min: 0, at_max: 0, body: body.clone() };
                    insert_chunk(&tx, open.part, KEY, 0, &c).map_err(&err)?;
                }
            }
            for c in &chunks {
                insert_chunk(&tx, open.part, RAW, open.next_sub, c).map_err(&err)?;
            }
            tx.execute("UPDATE parts SET rows = ?2 WHERE part = ?1", params![open.part, open.rows as i64])
                .map_err(&err)?;
        }
        tx.execute("UPDATE state SET value = ?1 WHERE key = 'watermark'", [self.fed.to_string()]).map_err(&err)?;
        tx.commit().map_err(&err)?;
        drop(err);
        let mut tail = self.tail_mut();
        tail.rows.drop_front(rows);
        tail.fresh.clear();
        drop(tail);
        if let Some(open) = &mut self.open {
            open.key = None;
            open.next_sub += 1;
        }
        self.on_disk = self.ranges.len() as u32;
        self.watermark = self.fed;
        Ok(())
    }

    fn maintain(&mut self, now: Stamp) -> Result<bool, JournalError> {
        Ok(self.seal_some()? || self.sweep(now)?)
    }

    fn reader(&self) -> Result<HistoryReader, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(db(&self.path))?;
        HistoryReader::of(conn, &self.path, Some(Arc::clone(&self.tail)))
    }

    fn load_figures(&self) -> Result<FigureBook, JournalError> {
        FigureBook::load(&self.conn, &self.path)
    }

    fn save_figures(&mut self, book: &mut FigureBook) -> Result<(), JournalError> {
        book.save(&mut self.conn, &self.path)
    }

    fn door(&self, book: &FigureBook) -> HistoryDoor {
        HistoryDoor::of(&self.path, Arc::clone(&self.tail), book.pending())
    }

    fn retention(&self) -> &Retention {
        &self.keep
    }
}
