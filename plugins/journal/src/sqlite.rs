//! The embedded store: one SQLite file per timeline, one writer, WAL, full synchronisation.

use std::path::{Path, PathBuf};

use guanlan_core::{Mode, Stamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    block,
    codec::unpack,
    error::{JournalError, db},
    record::{Draft, GENESIS, Record, hex},
    store::{Head, Meta, PackedSnapshot, Snapshot, Store, StoredTick, TickCommit},
};

const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001_first.sql")];

/// A journal in an SQLite file.
pub struct SqliteStore {
    conn: Connection,
    path: PathBuf,
    meta: Meta,
    head: Head,
}

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

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
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

fn insert(conn: &Connection, r: &Record) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("INSERT INTO records (seq, tick, ts, op, cas, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![r.seq as i64, r.tick as i64, r.ts.0, r.op, r.case, r.body, r.hash])
        .map(|_| ())
}

fn mode_text(mode: Mode) -> String {
    match serde_json::to_value(mode) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// Snapshots older than an hour are thinned to one in ten minutes, older than a day to one an hour, older than a
/// week to one a day: seeking runs at most so many minutes of ticks again.
fn thin_snapshots(tx: &Transaction<'_>, now: Stamp) -> Result<(), rusqlite::Error> {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    for (older, younger, every) in
        [(HOUR, 24 * HOUR, 10 * MINUTE), (24 * HOUR, 168 * HOUR, HOUR), (168 * HOUR, i64::MAX / 2, 24 * HOUR)]
    {
        // The last of each span stays: what follows it is seldom far.
        tx.prepare_cached(
            "DELETE FROM snapshots WHERE ts > ?1 AND ts <= ?2 AND EXISTS \
             (SELECT 1 FROM snapshots later WHERE later.ts > snapshots.ts AND later.ts / ?3 = snapshots.ts / ?3)",
        )?
        .execute(params![now.0.saturating_sub(younger), now.0.saturating_sub(older), every])?;
    }
    Ok(())
}

impl SqliteStore {
    /// The blocks of retired ticks go, and a record in the chain says so. Nothing after the last snapshot before
    /// that instant is touched, so what is kept can still be replayed.
    fn retire(&mut self, before: Stamp) -> Result<Option<u64>, JournalError> {
        let err = db(&self.path);
        let through: Option<i64> = self
            .conn
            .query_row("SELECT max(tick) FROM snapshots WHERE ts <= ?1", [before.0], |r| r.get(0))
            .map_err(&err)?;
        let Some(through) = through else { return Ok(None) };
        let count: i64 = self
            .conn
            .query_row("SELECT count(*) FROM blocks WHERE tick <= ?1", [through], |r| r.get(0))
            .map_err(&err)?;
        if count == 0 {
            return Ok(None);
        }
        let draft = Draft {
            op: "retired".into(),
            actor: "room".into(),
            case: None,
            data: json!({ "through_tick": through, "blocks": count }),
        };
        let record = draft.chain(self.head.seq + 1, self.head.tick, self.head.ts, &self.head.hash);
        let tx = self.conn.transaction().map_err(&err)?;
        insert(&tx, &record).map_err(&err)?;
        tx.execute("DELETE FROM blocks WHERE tick <= ?1", [through]).map_err(&err)?;
        tx.execute("DELETE FROM snapshots WHERE tick < ?1", [through]).map_err(&err)?;
        tx.commit().map_err(&err)?;
        drop(err);
        (self.head.seq, self.head.hash) = (record.seq, record.hash);
        Ok(Some(through as u64))
    }

    /// Refuses writing from now on, or lets it again: how a medium that became read-only is tried in tests.
    #[doc(hidden)]
    pub fn refuse_writing(&mut self, refuse: bool) -> Result<(), JournalError> {
        self.conn.pragma_update(None, "query_only", refuse).map_err(db(&self.path))
    }

    /// Limits the file's size in pages: how a full disk is tried in tests. 0 takes the limit away.
    #[doc(hidden)]
    pub fn limit_pages(&mut self, more: i64) -> Result<(), JournalError> {
        let err = db(&self.path);
        let pages: i64 = self.conn.pragma_query_value(None, "page_count", |r| r.get(0)).map_err(&err)?;
        let limit = if more == 0 { 1 << 30 } else { pages + more };
        self.conn.pragma_update(None, "max_page_count", limit).map_err(&err)
    }
}

impl Store for SqliteStore {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn head(&self) -> &Head {
        &self.head
    }

    fn commit_all(&mut self, ticks: &[TickCommit<'_>]) -> Result<(), JournalError> {
        let mut bodies = Vec::with_capacity(ticks.len());
        for t in ticks {
            bodies.push(block::encode(t.inputs).map_err(|reason| JournalError::Damaged { tick: t.tick, reason })?);
        }
        let mut head = self.head.clone();
        let err = db(&self.path);
        let tx = self.conn.transaction().map_err(&err)?;
        for (t, body) in ticks.iter().zip(bodies) {
            let inputs = Draft {
                op: "inputs".into(),
                actor: "room".into(),
                case: None,
                data: json!({
                    "count": t.inputs.len(),
                    "digest": hex(&Sha256::digest(&body)),
                    "dt_ms": t.dt_ms,
                    "idle": t.idle_ticks,
                    "mode": mode_text(t.mode),
                }),
            };
            for draft in std::iter::once(inputs).chain(t.events.iter().map(Draft::of_event)) {
                let record = draft.chain(head.seq + 1, t.tick, t.now, &head.hash);
                insert(&tx, &record).map_err(&err)?;
                head.seq = record.seq;
                head.hash = record.hash;
            }
            tx.prepare_cached("INSERT INTO blocks (tick, ts, dt_ms, idle, mode, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                .and_then(|mut s| {
                    s.execute(params![t.tick as i64, t.now.0, t.dt_ms, t.idle_ticks, mode_text(t.mode), body])
                })
                .map_err(&err)?;
            head.tick = t.tick;
            head.ts = t.now;
        }
        tx.commit().map_err(&err)?;
        self.head = head;
        Ok(())
    }

    fn put_packed(&mut self, s: &PackedSnapshot) -> Result<(), JournalError> {
        let err = db(&self.path);
        let tx = self.conn.transaction().map_err(&err)?;
        tx.execute(
            "INSERT OR REPLACE INTO snapshots (tick, ts, hash, body) VALUES (?1, ?2, ?3, ?4)",
            params![s.tick as i64, s.ts.0, s.hash, s.body],
        )
        .map_err(&err)?;
        thin_snapshots(&tx, s.ts).map_err(&err)?;
        tx.commit().map_err(&err)
    }

    fn retire_inputs(&mut self, before: Stamp) -> Result<Option<u64>, JournalError> {
        self.retire(before)
    }

    fn snapshot_at(&self, at: Stamp) -> Result<Option<Snapshot>, JournalError> {
        let err = db(&self.path);
        // A damaged snapshot is passed over: the one before it and more ticks give the same truth.
        let mut statement = self
            .conn
            .prepare_cached("SELECT tick, ts, hash, body FROM snapshots WHERE ts <= ?1 ORDER BY tick DESC")
            .map_err(&err)?;
        let mut rows = statement.query([at.0]).map_err(&err)?;
        let mut damage = None;
        while let Some(r) = rows.next().map_err(&err)? {
            let (tick, ts, hash): (i64, i64, String) =
                (r.get(0).map_err(&err)?, r.get(1).map_err(&err)?, r.get(2).map_err(&err)?);
            let body: Vec<u8> = r.get(3).map_err(&err)?;
            match unpack(&body).and_then(|plain| postcard::from_bytes(&plain).map_err(|e| e.to_string())) {
                Ok(states) => return Ok(Some(Snapshot { tick: tick as u64, ts: Stamp(ts), hash, states })),
                Err(reason) => damage = Some(JournalError::Damaged { tick: tick as u64, reason }),
            }
        }
        damage.map_or(Ok(None), Err)
    }

    fn next_snapshot(&self, after: u64) -> Result<Option<(u64, Stamp, String)>, JournalError> {
        self.conn
            .prepare_cached("SELECT tick, ts, hash FROM snapshots WHERE tick > ?1 ORDER BY tick LIMIT 1")
            .and_then(|mut s| {
                s.query_row([after as i64], |r| Ok((r.get::<_, i64>(0)? as u64, Stamp(r.get(1)?), r.get(2)?)))
                    .optional()
            })
            .map_err(db(&self.path))
    }

    fn ticks_after(&self, after: u64, limit: usize) -> Result<Vec<StoredTick>, JournalError> {
        let err = db(&self.path);
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT tick, ts, dt_ms, idle, mode, body FROM blocks WHERE tick > ?1 ORDER BY tick LIMIT ?2",
            )
            .map_err(&err)?;
        let rows = statement
            .query_map(params![after as i64, limit as i64], |r| {
                Ok((
                    r.get::<_, i64>(0)?,
                    r.get::<_, i64>(1)?,
                    r.get::<_, i64>(2)?,
                    r.get::<_, u32>(3)?,
                    r.get::<_, String>(4)?,
                    r.get::<_, Vec<u8>>(5)?,
                ))
            })
            .map_err(&err)?;
        let mut ticks = Vec::new();
        for row in rows {
            let (tick, ts, dt_ms, idle_ticks, mode, body) = row.map_err(&err)?;
            let tick = tick as u64;
            let inputs = block::decode(&body).map_err(|reason| JournalError::Damaged { tick, reason })?;
            let mode = serde_json::from_value(serde_json::Value::String(mode))
                .map_err(|e| JournalError::Damaged { tick, reason: e.to_string() })?;
            ticks.push(StoredTick { tick, now: Stamp(ts), dt_ms, idle_ticks, mode, inputs });
        }
        Ok(ticks)
    }

    fn records_after(&self, after: u64, limit: usize) -> Result<Vec<Record>, JournalError> {
        let err = db(&self.path);
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT seq, tick, ts, op, cas, body, hash FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )
            .map_err(&err)?;
        let rows = statement
            .query_map(params![after as i64, limit as i64], |r| {
                Ok(Record {
                    seq: r.get::<_, i64>(0)? as u64,
                    tick: r.get::<_, i64>(1)? as u64,
                    ts: Stamp(r.get(2)?),
                    op: r.get(3)?,
                    case: r.get(4)?,
                    body: r.get(5)?,
                    hash: r.get(6)?,
                })
            })
            .map_err(&err)?;
        rows.collect::<Result<_, _>>().map_err(&err)
    }

    fn span(&self) -> Result<Option<(Stamp, Stamp)>, JournalError> {
        self.conn
            .query_row("SELECT min(ts), max(ts) FROM blocks", [], |r| {
                Ok(match (r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?) {
                    (Some(first), Some(last)) => Some((Stamp(first), Stamp(last))),
                    _ => None,
                })
            })
            .map_err(db(&self.path))
    }
}

/// Reads raw block bodies page by page, without keeping the whole store in memory.
pub(crate) struct BlockBodies<'a> {
    store: &'a SqliteStore,
    page: std::collections::VecDeque<(u64, Vec<u8>)>,
    after: i64,
}

impl SqliteStore {
    pub(crate) fn block_bodies(&self) -> Result<BlockBodies<'_>, JournalError> {
        Ok(BlockBodies { store: self, page: std::collections::VecDeque::new(), after: -1 })
    }
}

impl BlockBodies<'_> {
    pub(crate) fn next_block(&mut self) -> Result<Option<(u64, Vec<u8>)>, JournalError> {
        if self.page.is_empty() {
            let err = db(&self.store.path);
            let mut statement = self
                .store
                .conn
                .prepare_cached("SELECT tick, body FROM blocks WHERE tick > ?1 ORDER BY tick LIMIT 512")
                .map_err(&err)?;
            let rows = statement
                .query_map([self.after], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Vec<u8>>(1)?)))
                .map_err(&err)?;
            for row in rows {
                let (tick, body) = row.map_err(&err)?;
                self.after = tick;
                self.page.push_back((tick as u64, body));
            }
        }
        Ok(self.page.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, verify::verify};
    use guanlan_core::{Event, Input, input::Observation};

    fn meta() -> Meta {
        Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 200, city: "test".into(), parent: None }
    }

    fn fill(store: &mut SqliteStore, from: u64, n: u64) {
        for tick in from..from + n {
            let inputs = [Input::Observation(Observation {
                sensor: "7".into(),
                phenomenon: Stamp(tick as i64 * 200),
                received: Stamp(tick as i64 * 200 + 3),
                result: tick as f64,
            })];
            let events = [Event::FeedChanged { feed: "mqtt".into(), up: tick % 2 == 0, message: String::new() }];
            store
                .commit(&TickCommit {
                    tick,
                    now: Stamp(tick as i64 * 200),
                    dt_ms: 200,
                    idle_ticks: 0,
                    mode: Mode::Demo,
                    inputs: &inputs,
                    events: &events,
                })
                .unwrap();
        }
    }

    #[test]
    fn a_reopened_journal_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.db");
        let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
        fill(&mut store, 1, 5);
        let head = store.head().clone();
        drop(store);
        let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
        assert_eq!(store.head(), &head);
        fill(&mut store, 6, 3);
        let v = verify(&store).unwrap();
        assert!(v.ok, "{v:?}");
        assert_eq!(v.records, 1 + 8 * 2);
        let ticks = store.ticks_after(5, 100).unwrap();
        assert_eq!(ticks.iter().map(|t| t.tick).collect::<Vec<_>>(), [6, 7, 8]);
        assert_eq!(store.span().unwrap(), Some((Stamp(200), Stamp(1600))));
        let read = SqliteStore::open_read_only(&path).unwrap();
        assert_eq!(read.head(), store.head());
    }

    #[test]
    fn every_tampering_is_found() {
        let tampers = [
            ("UPDATE records SET body = replace(body, 'mqtt', 'http') WHERE seq = 5", "edited"),
            ("UPDATE records SET hash = 'x' WHERE seq = 4", "edited"),
            ("UPDATE records SET op = 'other' WHERE seq = 4", "columns"),
            ("DELETE FROM records WHERE seq = 3", "missing"),
            ("UPDATE records SET seq = 99 WHERE seq = 2", "missing"),
            ("DELETE FROM blocks WHERE tick = 2", "missing"),
            ("UPDATE blocks SET body = x'00' WHERE tick = 3", "edited"),
            ("INSERT INTO blocks VALUES (77, 0, 0, 0, 'demo', x'00')", "no record"),
        ];
        for (sql, word) in tampers {
            let mut store = SqliteStore::in_memory(&meta()).unwrap();
            fill(&mut store, 1, 4);
            assert!(verify(&store).unwrap().ok);
            store.conn.execute_batch(sql).unwrap();
            let v = verify(&store).unwrap();
            assert!(!v.ok, "{sql} was not found");
            assert!(v.problem.as_deref().unwrap_or("").contains(word), "{sql}: {:?}", v.problem);
        }
    }

    #[test]
    fn snapshots_are_found_by_time() {
        let mut store = SqliteStore::in_memory(&meta()).unwrap();
        for (tick, ts) in [(5, 1000), (10, 2000)] {
            let s = Snapshot { tick, ts: Stamp(ts), hash: "h".into(), states: vec![("a".into(), vec![tick as u8; 9])] };
            store.put_snapshot(&s).unwrap();
        }
        assert_eq!(store.snapshot_at(Stamp(1999)).unwrap().unwrap().tick, 5);
        assert_eq!(store.snapshot_at(Stamp(2000)).unwrap().unwrap().states[0].1, vec![10; 9]);
        assert_eq!(store.snapshot_at(Stamp(999)).unwrap(), None);
    }

    #[test]
    fn a_damaged_snapshot_is_passed_over() {
        let mut store = SqliteStore::in_memory(&meta()).unwrap();
        for (tick, ts) in [(5, 1000), (10, 2000)] {
            let s =
                Snapshot { tick, ts: Stamp(ts), hash: "h".into(), states: vec![("a".into(), vec![tick as u8; 90])] };
            store.put_snapshot(&s).unwrap();
        }
        store.conn.execute("UPDATE snapshots SET body = x'28b52ffd00' WHERE tick = 10", []).unwrap();
        assert_eq!(store.snapshot_at(Stamp(9000)).unwrap().unwrap().tick, 5);
        store.conn.execute("UPDATE snapshots SET body = x'00'", []).unwrap();
        assert!(matches!(store.snapshot_at(Stamp(9000)), Err(JournalError::Damaged { tick: 5, .. })));
    }

    #[test]
    fn old_snapshots_are_thinned() {
        let mut store = SqliteStore::in_memory(&meta()).unwrap();
        const MINUTE: i64 = 60_000;
        for k in 0..48 * 30 {
            let ts = Stamp(k * 2 * MINUTE);
            store.put_snapshot(&Snapshot { tick: k as u64 + 1, ts, hash: String::new(), states: Vec::new() }).unwrap();
        }
        let kept = |from: i64, to: i64| -> i64 {
            let sql = "SELECT count(*) FROM snapshots WHERE ts > ?1 AND ts <= ?2";
            store.conn.query_row(sql, [from * MINUTE, to * MINUTE], |r| r.get(0)).unwrap()
        };
        let now = 48 * 60 - 2;
        assert_eq!(kept(now - 60, now), 30);
        assert!((130..=140).contains(&kept(now - 1440, now - 60)), "{}", kept(now - 1440, now - 60));
        assert!((23..=26).contains(&kept(-1, now - 1440)), "{}", kept(-1, now - 1440));
    }

    #[test]
    fn retired_inputs_leave_a_record_and_a_whole_chain() {
        let mut store = SqliteStore::in_memory(&meta()).unwrap();
        fill(&mut store, 1, 10);
        let snapshot =
            |tick: u64| Snapshot { tick, ts: Stamp(tick as i64 * 200), hash: String::new(), states: Vec::new() };
        store.put_snapshot(&snapshot(6)).unwrap();
        assert_eq!(store.retire_inputs(Stamp(1000)).unwrap(), None);
        assert_eq!(store.retire_inputs(Stamp(1700)).unwrap(), Some(6));
        assert_eq!(store.retire_inputs(Stamp(1700)).unwrap(), None);
        fill(&mut store, 11, 3);
        let v = verify(&store).unwrap();
        assert!(v.ok, "{v:?}");
        assert_eq!(store.ticks_after(0, 100).unwrap()[0].tick, 7);
        // Only what a record says may be missing.
        store.conn.execute("DELETE FROM blocks WHERE tick = 8", []).unwrap();
        assert!(verify(&store).unwrap().problem.unwrap().contains("tick 8 are missing"));
    }

    #[test]
    fn a_full_or_read_only_medium_refuses_whole_ticks_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("full.db");
        let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
        fill(&mut store, 1, 3);
        let noise: Vec<Input> = (0..20_000u64)
            .map(|i| {
                Input::Observation(Observation {
                    sensor: format!("{}", i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).into(),
                    phenomenon: Stamp(i as i64),
                    received: Stamp(i as i64),
                    result: (i as f64).sqrt(),
                })
            })
            .collect();
        let big = TickCommit {
            tick: 4,
            now: Stamp(800),
            dt_ms: 200,
            idle_ticks: 0,
            mode: Mode::Demo,
            inputs: &noise,
            events: &[],
        };
        store.limit_pages(8).unwrap();
        assert_eq!(store.commit(&big).unwrap_err().fault(), Fault::DiskFull);
        assert_eq!(store.head().tick, 3);
        assert!(verify(&store).unwrap().ok);
        store.limit_pages(0).unwrap();
        store.refuse_writing(true).unwrap();
        assert_eq!(store.commit(&big).unwrap_err().fault(), Fault::ReadOnly);
        store.refuse_writing(false).unwrap();
        store.commit(&big).unwrap();
        assert_eq!((store.head().tick, verify(&store).unwrap().ok), (4, true));
    }

    #[test]
    fn foreign_and_newer_files_are_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let text = dir.path().join("notes.txt");
        std::fs::write(&text, "this is not a database, just a long enough text file").unwrap();
        assert!(SqliteStore::open_read_only(&text).is_err());
        assert!(SqliteStore::open_or_create(&text, &meta()).is_err());
        assert!(matches!(SqliteStore::open_read_only(&dir.path().join("none")), Err(JournalError::Missing(_))));
        let newer = dir.path().join("newer.db");
        drop(SqliteStore::open_or_create(&newer, &meta()).unwrap());
        Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(SqliteStore::open_or_create(&newer, &meta()), Err(JournalError::TooNew { found: 99, .. })));
    }
}
