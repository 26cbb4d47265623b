//! Sealing a closed part — its flushed pieces become one chunk for each block, and its roll-ups are written — and
//! the retention of what is old.

use std::collections::BTreeMap;

use guanlan_core::Stamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Level, Retention, SqliteHistory,
    chunk::{BLOCK, Chunk},
    rollup::{self, Rolled, roll},
    rows::Rows,
    sqlite::{Encoded, KEY, MINUTE, RAW, encode_blocks, insert_chunk},
};
use crate::error::{JournalError, db};

/// Blocks sealed in one transaction: some ten thousand readings each.
const BLOCKS_AT_ONCE: i64 = 16;
/// Time between sweeps of what is old, ms.
const SWEEP_EVERY_MS: i64 = 600_000;
/// Minute roll-ups are written where they halve the rows; a slower stream's readings are its minute roll-up.
const WORTH: usize = 2;

/// The period of stored roll-ups a bucket belongs to: a local day of hours, 32 local days of days.
pub(super) fn period_of(level: Level, begin_ms: i64) -> i64 {
    let day = Level::Day.begin(begin_ms).div_euclid(Level::Day.width_ms());
    if level == Level::Day { day.div_euclid(32) } else { day }
}

pub(super) const fn level_code(level: Level) -> i64 {
    match level {
        Level::Raw => 0,
        Level::Minute => 1,
        Level::Hour => 2,
        Level::Day => 3,
    }
}

/// Rolls sorted rows of one block up.
pub(super) fn roll_block(level: Level, rows: &Rows) -> Rolled {
    let mut out = Rolled::new();
    let mut from = 0;
    while from < rows.len() {
        let stream = rows.stream[from];
        let to = from + rows.stream[from..].partition_point(|s| *s == stream);
        let buckets = roll(level, (from..to).map(|i| (rows.at[i], rows.value[i], rows.mark[i])));
        if !buckets.is_empty() {
            out.push((stream % BLOCK, buckets));
        }
        from = to;
    }
    out
}

impl SqliteHistory {
    /// Seals some blocks of the oldest closed part. True when there is more to do.
    pub(super) fn seal_some(&mut self) -> Result<bool, JournalError> {
        let err = db(&self.path);
        let part: Option<i64> = self
            .conn
            .query_row(
                "SELECT part FROM parts WHERE sealed = 0 AND end_ms IS NOT NULL ORDER BY part LIMIT 1",
                [],
                |r| r.get(0),
            )
            .optional()
            .map_err(&err)?;
        let Some(part) = part else { return Ok(false) };
        let blocks: Vec<u32> = self
            .conn
            .prepare_cached(
                "SELECT DISTINCT block FROM chunks WHERE part = ?1 AND kind = ?2 AND sub > 0 ORDER BY block LIMIT ?3",
            )
            .and_then(|mut s| s.query_map(params![part, RAW, BLOCKS_AT_ONCE], |r| r.get(0))?.collect())
            .map_err(&err)?;
        let tx = self.conn.transaction().map_err(&err)?;
        for block in &blocks {
            seal_block(&tx, part, *block).map_err(|e| e.at(&self.path))?;
        }
        let done = (blocks.len() as i64) < BLOCKS_AT_ONCE;
        if done {
            tx.execute("UPDATE parts SET sealed = 1 WHERE part = ?1", [part]).map_err(&err)?;
        }
        tx.commit().map_err(&err)?;
        Ok(true)
    }

    /// Forgets what the policy no longer keeps, all at once: space is given back in pieces. True when there is more to do.
    pub(super) fn sweep(&mut self, now: Stamp) -> Result<bool, JournalError> {
        if now < self.next_sweep {
            return Ok(false);
        }
        let err = db(&self.path);
        let (raw, minute) =
            (Retention::cutoff_ms(now.0, self.keep.raw_days), Retention::cutoff_ms(now.0, self.keep.minute_days));
        let tx = self.conn.transaction().map_err(&err)?;
        // Key frames go with the readings; readings that are their own minute roll-up stay as long as one would.
        let old = "SELECT part FROM parts WHERE sealed > 0 AND end_ms <= ?1";
        let mut gone = 0;
        let once = |sql: &str, cutoff: i64| tx.execute(sql, [cutoff]).map_err(&err);
        gone += once(&format!("DELETE FROM chunks WHERE kind = {KEY} AND part IN ({old})"), raw)?;
        once("UPDATE parts SET sealed = 2 WHERE sealed = 1 AND end_ms <= ?1", raw)?;
        gone += once(
            &format!(
                "DELETE FROM chunks WHERE kind = {RAW} AND part IN ({old}) AND EXISTS (SELECT 1 FROM chunks m \
                 WHERE m.part = chunks.part AND m.kind = {MINUTE} AND m.block = chunks.block)"
            ),
            raw,
        )?;
        gone += once(&format!("DELETE FROM chunks WHERE kind IN ({RAW}, {MINUTE}) AND part IN ({old})"), minute)?;
        gone += once("DELETE FROM parts WHERE sealed > 0 AND end_ms <= ?1", minute)?;
        for (level, days) in [(Level::Hour, self.keep.hour_days), (Level::Day, self.keep.day_days)] {
            let cutoff = Retention::cutoff_ms(now.0, days);
            if cutoff > i64::MIN {
                gone += tx
                    .execute(
                        "DELETE FROM rollups WHERE level = ?1 AND period < ?2",
                        params![level_code(level), period_of(level, cutoff)],
                    )
                    .map_err(&err)?;
            }
        }
        tx.commit().map_err(&err)?;
        if gone > 0 {
            // Gives some of the space back; the statement returns a row for each page.
            let mut vacuum = self.conn.prepare("PRAGMA incremental_vacuum(2000)").map_err(&err)?;
            let mut rows = vacuum.query([]).map_err(&err)?;
            while rows.next().map_err(&err)?.is_some() {}
        }
        self.next_sweep = now + SWEEP_EVERY_MS;
        Ok(false)
    }
}

/// What went wrong while sealing.
enum SealError {
    Sql(rusqlite::Error),
    Damaged(String),
}

impl SealError {
    fn at(self, path: &std::path::Path) -> JournalError {
        match self {
            Self::Sql(error) => db(path)(error),
            Self::Damaged(reason) => JournalError::damaged(path, reason),
        }
    }
}

impl From<rusqlite::Error> for SealError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<String> for SealError {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

fn seal_block(tx: &Transaction<'_>, part: i64, block: u32) -> Result<(), SealError> {
    let mut rows = Rows::default();
    let bodies: Vec<Vec<u8>> = tx
        .prepare_cached("SELECT body FROM chunks WHERE part = ?1 AND kind = ?2 AND block = ?3 ORDER BY sub")?
        .query_map(params![part, RAW, block], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for body in &bodies {
        Chunk::open(body)?.append_to(block, &mut rows)?;
    }
    let rows = rows.sorted();
    tx.prepare_cached("DELETE FROM chunks WHERE part = ?1 AND kind = ?2 AND block = ?3")?
        .execute(params![part, RAW, block])?;
    let merged = encode_blocks(&rows)?;
    for c in &merged {
        insert_chunk(tx, part, RAW, 0, c)?;
    }
    let minutes = roll_block(Level::Minute, &rows);
    if minutes.iter().map(|(_, b)| b.len()).sum::<usize>() * WORTH <= rows.len() {
        let at = merged.first().map_or((0, 0), |c| (c.at_min, c.at_max));
        let body = rollup::encode(Level::Minute, &minutes)?;
        let c = Encoded { block, rows: rows.len(), at_min: Level::Minute.begin(at.0), at_max: at.1, body };
        insert_chunk(tx, part, MINUTE, 0, &c)?;
    }
    for level in [Level::Hour, Level::Day] {
        let mut periods: BTreeMap<i64, Rolled> = BTreeMap::new();
        for (local, buckets) in roll_block(level, &rows) {
            for run in buckets.chunk_by(|a, b| period_of(level, a.begin) == period_of(level, b.begin)) {
                periods.entry(period_of(level, run[0].begin)).or_default().push((local, run.to_vec()));
            }
        }
        for (period, later) in periods {
            add_rollup(tx, level, period, block, later)?;
        }
    }
    Ok(())
}

fn add_rollup(conn: &Connection, level: Level, period: i64, block: u32, later: Rolled) -> Result<(), SealError> {
    let body: Option<Vec<u8>> = conn
        .prepare_cached("SELECT body FROM rollups WHERE level = ?1 AND block = ?2 AND period = ?3")?
        .query_row(params![level_code(level), block, period], |r| r.get(0))
        .optional()?;
    let mut whole = match body {
        Some(body) => rollup::decode(level, &body, None)?,
        None => Rolled::new(),
    };
    rollup::merge_streams(&mut whole, later);
    conn.prepare_cached("INSERT OR REPLACE INTO rollups (level, block, period, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![level_code(level), block, period, rollup::encode(level, &whole)?])?;
    Ok(())
}
