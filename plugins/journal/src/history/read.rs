//! Looking at the history: the state of every stream at an instant.

use std::path::{Path, PathBuf};

use guanlan_core::{SensorId, Stamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{
    HistoryStats, Latest, NEVER_MS, SharedTail, SqliteHistory,
    chunk::{BLOCK, Chunk},
    rows::{Mark, Rows},
    sqlite::{KEY, MINUTE, RAW},
};
use crate::error::{JournalError, db};

/// A view of a history for queries; holds nothing but its connection.
pub struct HistoryReader {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    tail: Option<SharedTail>,
}

/// Chunks of one block in order: the key frame, then the readings.
type BlockBodies = (u32, Vec<Vec<u8>>);

impl HistoryReader {
    pub(super) fn of(conn: Connection, path: &Path, tail: Option<SharedTail>) -> Result<Self, JournalError> {
        let err = db(path);
        conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(&err)?;
        conn.pragma_update(None, "mmap_size", 1i64 << 30).map_err(&err)?;
        drop(err);
        Ok(Self { conn, path: path.to_owned(), tail })
    }

    /// The history beside a journal, as far as it is on disk. `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn beside(journal: &Path) -> Result<Option<Self>, JournalError> {
        let path = SqliteHistory::path_beside(journal);
        if !path.is_file() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&path, flags).map_err(db(&path))?;
        Self::of(conn, &path, None).map(Some)
    }

    /// Ids of the streams by number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn ids(&self) -> Result<Vec<SensorId>, JournalError> {
        let err = db(&self.path);
        let mut statement = self.conn.prepare_cached("SELECT id FROM streams ORDER BY stream").map_err(&err)?;
        let rows = statement.query_map([], |r| Ok(SensorId::from(r.get_ref(0)?.as_str()?))).map_err(&err)?;
        let mut ids: Vec<SensorId> = rows.collect::<Result<_, _>>().map_err(&err)?;
        self.with_tail(|_, fresh| {
            ids.extend(
                fresh.iter().filter(|(n, _)| *n as usize >= ids.len()).map(|(_, id)| id.clone()).collect::<Vec<_>>(),
            );
        });
        Ok(ids)
    }

    pub(super) fn number(&self, id: &SensorId) -> Result<Option<u32>, JournalError> {
        let mut found = None;
        self.with_tail(|_, fresh| found = fresh.iter().find(|(_, i)| i == id).map(|(n, _)| *n));
        if found.is_some() {
            return Ok(found);
        }
        self.conn
            .prepare_cached("SELECT stream FROM streams WHERE id = ?1")
            .and_then(|mut s| s.query_row([id.as_str()], |r| r.get(0)).optional())
            .map_err(db(&self.path))
    }

    /// Looks at the rows that are not on disk yet. Ask the file *after* this: what moves in between is then seen
    /// twice, never missed.
    pub(super) fn with_tail(&self, look: impl FnOnce(&Rows, &[(u32, SensorId)])) {
        if let Some(tail) = &self.tail {
            let tail = tail.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            look(&tail.rows, &tail.fresh);
        }
    }

    /// The state of every stream at an instant: what had arrived by then. Reads one part.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn seek(&self, instant: Stamp) -> Result<Latest, JournalError> {
        let by_s = instant.0.div_euclid(1000);
        let mut recent = Rows::default();
        let mut fresh = 0;
        self.with_tail(|rows, new| {
            // A copy of columns, so that the writer does not wait for the file being read.
            if rows.arrived_s.first().is_some_and(|s| *s <= by_s) {
                recent = rows.clone();
            }
            fresh = new.last().map_or(0, |(n, _)| *n as usize + 1);
        });
        let (streams, blocks) = self.part_at(instant)?;
        let n = streams.max(fresh);
        let mut latest = Latest { instant, at: vec![NEVER_MS; n], value: vec![0.0; n], mark: vec![Mark::GOOD; n] };
        decode_parallel(&blocks, by_s, &mut latest).map_err(|e| JournalError::damaged(&self.path, e))?;
        for i in (0..recent.len()).filter(|i| recent.arrived_s[*i] <= by_s) {
            let s = recent.stream[i] as usize;
            if s < n {
                let turn = Mark(recent.mark[i]).is_turn();
                let value = if turn { f64::NAN } else { recent.value[i] };
                apply(
                    &mut latest.at[s],
                    &mut latest.value[s],
                    &mut latest.mark[s],
                    recent.at[i],
                    value,
                    recent.mark[i],
                );
            }
        }
        Ok(latest)
    }

    /// How many streams there are, and the chunks of the part an instant falls into.
    fn part_at(&self, instant: Stamp) -> Result<(usize, Vec<BlockBodies>), JournalError> {
        let err = db(&self.path);
        let tx = self.conn.unchecked_transaction().map_err(&err)?;
        let streams: i64 =
            tx.query_row("SELECT coalesce(max(stream), -1) + 1 FROM streams", [], |r| r.get(0)).map_err(&err)?;
        let part: Option<i64> = tx
            .query_row(
                "SELECT part FROM parts WHERE begin_ms <= ?1 AND sealed < 2 ORDER BY begin_ms DESC, part DESC LIMIT 1",
                [instant.0],
                |r| r.get(0),
            )
            .optional()
            .map_err(&err)?;
        let mut blocks: Vec<BlockBodies> = Vec::new();
        if let Some(part) = part {
            let mut statement = tx
                .prepare_cached("SELECT block, body FROM chunks WHERE part = ?1 AND kind = ?2 ORDER BY block, sub")
                .map_err(&err)?;
            for kind in [KEY, RAW] {
                let rows = statement
                    .query_map(params![part, kind], |r| Ok((r.get::<_, u32>(0)?, r.get::<_, Vec<u8>>(1)?)))
                    .map_err(&err)?;
                for row in rows {
                    let (block, body) = row.map_err(&err)?;
                    match blocks.binary_search_by_key(&block, |(b, _)| *b) {
                        Ok(i) => blocks[i].1.push(body),
                        Err(i) => blocks.insert(i, (block, vec![body])),
                    }
                }
            }
        }
        tx.commit().map_err(&err)?;
        Ok((streams as usize, blocks))
    }

    /// First and last instant of arrival that can be sought.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn span(&self) -> Result<Option<(Stamp, Stamp)>, JournalError> {
        let err = db(&self.path);
        let first: Option<i64> =
            self.conn.query_row("SELECT min(begin_ms) FROM parts WHERE sealed < 2", [], |r| r.get(0)).map_err(&err)?;
        let last: Option<i64> =
            self.conn.query_row("SELECT max(coalesce(end_ms, begin_ms)) FROM parts", [], |r| r.get(0)).map_err(&err)?;
        let mut newest = last;
        self.with_tail(|rows, _| newest = rows.arrived_s.last().map(|s| s * 1000).max(newest));
        Ok(first.zip(newest).map(|(a, b)| (Stamp(a), Stamp(b))))
    }

    /// What is kept and how large it is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stats(&self) -> Result<HistoryStats, JournalError> {
        let err = db(&self.path);
        let number = |sql: &str| -> Result<u64, JournalError> {
            self.conn.query_row(sql, [], |r| r.get::<_, i64>(0)).map(|n| n as u64).map_err(&err)
        };
        let bytes =
            |kind: i64| number(&format!("SELECT coalesce(sum(length(body)), 0) FROM chunks WHERE kind = {kind}"));
        Ok(HistoryStats {
            streams: number("SELECT count(*) FROM streams")?,
            readings: number(&format!("SELECT coalesce(sum(rows), 0) FROM chunks WHERE kind = {RAW}"))?,
            reading_bytes: bytes(RAW)?,
            key_bytes: bytes(KEY)?,
            rollup_bytes: bytes(MINUTE)? + number("SELECT coalesce(sum(length(body)), 0) FROM rollups")?,
            file_bytes: number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
            span: self.span()?,
        })
    }
}

/// A row becomes the latest when it is not older than the one there or says that its clock was set back; a change of
/// quality changes only that.
fn apply(at: &mut i64, value: &mut f64, mark: &mut Mark, row_at: i64, row_value: f64, row_mark: u8) {
    if row_mark & Mark::TURN != 0 {
        *mark = Mark(Mark(row_mark).quality().0 | (mark.0 & Mark::BACK));
    } else if row_at >= *at || Mark(row_mark).is_back() {
        (*at, *value, *mark) = (row_at, row_value, Mark(row_mark & !Mark::LATE));
    }
}

fn decode_parallel(blocks: &[BlockBodies], by_s: i64, into: &mut Latest) -> Result<(), String> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).clamp(1, 8);
    let share = blocks.len().div_ceil(threads).max(8);
    let (mut at, mut value, mut mark) = (&mut into.at[..], &mut into.value[..], &mut into.mark[..]);
    let mut begin = 0usize;
    std::thread::scope(|scope| {
        let mut working = Vec::new();
        for run in blocks.chunks(share) {
            let Some((last, _)) = run.last() else { continue };
            let end = ((*last as usize + 1) * BLOCK as usize).clamp(begin, begin + at.len());
            let (a, rest_a) = std::mem::take(&mut at).split_at_mut(end - begin);
            let (v, rest_v) = std::mem::take(&mut value).split_at_mut(end - begin);
            let (m, rest_m) = std::mem::take(&mut mark).split_at_mut(end - begin);
            (at, value, mark) = (rest_a, rest_v, rest_m);
            let first = begin;
            begin = end;
            let work = move || -> Result<(), String> {
                for (block, bodies) in run {
                    for body in bodies {
                        let base = *block as usize * BLOCK as usize;
                        Chunk::open(body)?.latest(by_s, |local, t, x, row_mark| {
                            if let Some(i) = (base + local as usize).checked_sub(first).filter(|i| *i < a.len()) {
                                apply(&mut a[i], &mut v[i], &mut m[i], t, x, row_mark);
                            }
                        })?;
                    }
                }
                Ok(())
            };
            working.push(scope.spawn(work));
        }
        working.into_iter().try_for_each(|t| t.join().unwrap_or_else(|_| Err("a decoding thread stopped".into())))
    })
}
