//! The embedded store: one SQLite file per timeline, one writer, WAL, full synchronisation.

mod open;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use guanlan_core::{Mode, Stamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    block,
    codec::unpack,
    error::{JournalError, db},
    record::{Draft, Record, hex},
    store::{Head, Meta, PackedSnapshot, Snapshot, Store, StoredTick, TickCommit},
};

/// A journal in an SQLite file.
pub struct SqliteStore {
    conn: Connection,
    path: PathBuf,
    meta: Meta,
    head: Head,
}

impl SqliteStore {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
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
