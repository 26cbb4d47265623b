//! One stream's past as a chart wants it: raw or rolled up by how wide a point is.

use guanlan_core::{SensorId, Stamp};
use rusqlite::params;

use super::{
    HistoryReader, Level, Mark,
    chunk::{BLOCK, Chunk},
    merge::{level_code, period_of},
    rollup::{self, Bucket, merge, roll},
    sqlite::{MINUTE, RAW},
    thin,
};
use crate::error::{JournalError, db};

/// A point of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Instant of the reading, or begin of the bucket.
    pub at: Stamp,
    /// The reading, or the mean of the bucket.
    pub value: f64,
    /// Smallest value in it.
    pub min: f64,
    /// Largest value in it.
    pub max: f64,
    /// Last value in it.
    pub last: f64,
    /// Readings in it.
    pub count: u64,
    /// Its worst quality.
    pub mark: Mark,
}

impl Point {
    fn of(b: &Bucket) -> Self {
        Self {
            at: Stamp(b.begin),
            value: b.mean(),
            min: b.min,
            max: b.max,
            last: b.last,
            count: b.count,
            mark: b.worst.quality(),
        }
    }
}

/// A stream's past.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the points are made of.
    pub level: Level,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Readings the points stand for.
    pub readings: u64,
}

impl HistoryReader {
    /// A stream's readings or roll-ups in `from..=to`, at most `points` of them, peaks kept. `None` for a stream
    /// that never spoke.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn series(&self, id: &SensorId, from: Stamp, to: Stamp, points: usize) -> Result<Option<Series>, JournalError> {
        let Some(number) = self.number(id)? else { return Ok(None) };
        let points = points.max(2);
        let width = (to - from).max(1) / points as i64;
        let level = match width {
            w if w < Level::Minute.width_ms() => Level::Raw,
            w if w < Level::Hour.width_ms() => Level::Minute,
            w if w < Level::Day.width_ms() => Level::Hour,
            _ => Level::Day,
        };
        self.series_at(number, level, from, to, points).map(Some)
    }

    fn series_at(
        &self,
        number: u32,
        level: Level,
        from: Stamp,
        to: Stamp,
        points: usize,
    ) -> Result<Series, JournalError> {
        let mut recent = Vec::new();
        self.with_tail(|rows, _| {
            let mine = (0..rows.len()).filter(|i| rows.stream[*i] == number);
            recent = mine.map(|i| (rows.at[i], rows.value[i], rows.mark[i])).collect();
        });
        let err = db(&self.path);
        let tx = self.conn.unchecked_transaction().map_err(&err)?;
        let (first, last) = (level.begin(from.0), to.0);
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut rows = recent;
        match level {
            Level::Raw => rows.extend(self.raw(number, first, last, "")?),
            Level::Minute => {
                // Where a part has no minute roll-up, its readings are few: rolled here.
                let sql = "AND NOT EXISTS (SELECT 1 FROM chunks m WHERE m.part = chunks.part AND m.kind = 2 AND m.block = chunks.block)";
                rows.extend(self.raw(number, first, last, sql)?);
                for body in self.bodies(
                    "SELECT body FROM chunks WHERE kind = ?1 AND block = ?2 AND at_max >= ?3 AND at_min <= ?4 ORDER BY part",
                    params![MINUTE, number / BLOCK, first, last],
                )? {
                    self.add(&mut buckets, level, &body, number)?;
                }
            }
            Level::Hour | Level::Day => {
                // Readings of parts not sealed yet are not in the roll-ups.
                rows.extend(self.raw(number, first, last, "AND sub > 0")?);
                for body in self.bodies(
                    "SELECT body FROM rollups WHERE level = ?1 AND block = ?2 AND period >= ?3 AND period <= ?4 ORDER BY period",
                    params![level_code(level), number / BLOCK, period_of(level, first), period_of(level, last)],
                )? {
                    self.add(&mut buckets, level, &body, number)?;
                }
            }
        }
        tx.commit().map_err(&err)?;
        rows.retain(|(at, _, mark)| (first..=last).contains(at) && mark & Mark::TURN == 0);
        rows.sort_by_key(|(at, _, _)| *at);
        // What moved to disk while this was read is there twice.
        rows.dedup_by_key(|(at, _, _)| *at);
        if level == Level::Raw {
            let readings = rows.len() as u64;
            let one = |(at, v, m): &(i64, f64, u8)| Point {
                at: Stamp(*at),
                value: *v,
                min: *v,
                max: *v,
                last: *v,
                count: 1,
                mark: Mark(*m).quality(),
            };
            let all: Vec<Point> = rows.iter().map(one).collect();
            return Ok(Series { level, points: thin::peaks(all, points), readings });
        }
        merge(&mut buckets, &roll(level, rows.into_iter()));
        buckets.retain(|b| b.begin >= first && b.begin <= last);
        let readings = buckets.iter().map(|b| b.count).sum();
        Ok(Series { level, points: thin::join(buckets.iter().map(Point::of).collect(), points), readings })
    }

    fn add(&self, into: &mut Vec<Bucket>, level: Level, body: &[u8], number: u32) -> Result<(), JournalError> {
        let rolled =
            rollup::decode(level, body, Some(number % BLOCK)).map_err(|e| JournalError::damaged(&self.path, e))?;
        rolled.iter().for_each(|(_, buckets)| merge(into, buckets));
        Ok(())
    }

    fn bodies(&self, sql: &str, with: &[&dyn rusqlite::ToSql]) -> Result<Vec<Vec<u8>>, JournalError> {
        self.conn
            .prepare_cached(sql)
            .and_then(|mut s| s.query_map(with, |r| r.get(0))?.collect())
            .map_err(db(&self.path))
    }

    fn raw(&self, number: u32, first: i64, last: i64, also: &str) -> Result<Vec<(i64, f64, u8)>, JournalError> {
        let sql = format!(
            "SELECT body FROM chunks WHERE kind = ?1 AND block = ?2 AND at_max >= ?3 AND at_min <= ?4 {also} ORDER BY part, sub"
        );
        let mut rows = Vec::new();
        for body in self.bodies(&sql, params![RAW, number / BLOCK, first, last])? {
            Chunk::open(&body)
                .and_then(|c| c.each(Some(number % BLOCK), |_, at, _, value, mark| rows.push((at, value, mark))))
                .map_err(|e| JournalError::damaged(&self.path, e))?;
        }
        Ok(rows)
    }
}
