//! The last hours of a gauge for its chart: one point per minute, at most 128 of them.

use std::sync::Arc;

use guanlan_core::Stamp;
use serde::{Deserialize, Serialize};

/// Points kept per gauge: two hours and eight minutes of a gauge that speaks every minute.
pub const POINTS: usize = 128;
const BUCKET_MS: i64 = 60_000;

/// A reading of the trend.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// When it was measured.
    pub at: Stamp,
    /// In the property's unit.
    pub value: f64,
}

/// The highest reading of each minute, oldest first: a peak between two points is never lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    points: Vec<TrendPoint>,
}

impl Trend {
    /// The points, oldest first.
    #[must_use]
    pub fn points(&self) -> &[TrendPoint] {
        &self.points
    }

    /// Forgets what is later than an instant. True when there was such a point.
    pub(crate) fn cut_after(&mut self, at: Stamp) -> bool {
        let before = self.points.len();
        self.points.retain(|p| p.at <= at);
        self.points.len() < before
    }

    /// Adds a reading, also one that came late. True when the trend changed.
    pub(crate) fn insert(&mut self, at: Stamp, value: f64) -> bool {
        let bucket = at.0.div_euclid(BUCKET_MS);
        let i = self.points.partition_point(|p| p.at.0.div_euclid(BUCKET_MS) < bucket);
        if let Some(point) = self.points.get_mut(i)
            && point.at.0.div_euclid(BUCKET_MS) == bucket
        {
            if value <= point.value {
                return false;
            }
            *point = TrendPoint { at, value };
            return true;
        }
        if self.points.len() >= POINTS {
            if i == 0 {
                return false;
            }
            self.points.remove(0);
            self.points.insert(i - 1, TrendPoint { at, value });
        } else {
            self.points.insert(i, TrendPoint { at, value });
        }
        true
    }
}

/// The trends of one chunk of sensors; empty where no row is a gauge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrendChunk {
    /// The table's version at the last change.
    pub version: u64,
    /// By row; shorter than the chunk when the rest have none.
    pub rows: Vec<Option<Arc<Trend>>>,
}

impl TrendChunk {
    /// Forgets what a row said of a time later than `at`.
    pub(crate) fn cut_after(&mut self, row: usize, at: Stamp, version: u64) {
        if let Some(trend) = self.rows.get_mut(row).and_then(Option::as_mut)
            && Arc::make_mut(trend).cut_after(at)
        {
            self.version = version;
        }
    }

    pub(crate) fn insert(&mut self, row: usize, at: Stamp, value: f64, version: u64) {
        if self.rows.len() <= row {
            self.rows.resize(row + 1, None);
        }
        let trend = self.rows[row].get_or_insert_default();
        if Arc::make_mut(trend).insert(at, value) {
            self.version = version;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_peak_of_each_minute_and_two_hours() {
        let mut t = Trend::default();
        for s in 0..(300 * 60) {
            t.insert(Stamp::from_secs(s), if s % 60 == 30 { 9.0 } else { 1.0 });
        }
        assert_eq!(t.points().len(), POINTS);
        assert!(t.points().iter().all(|p| p.value == 9.0));
        assert!(t.points().windows(2).all(|w| w[1].at - w[0].at == 60_000));
        assert_eq!(t.points()[POINTS - 1].at, Stamp::from_secs(299 * 60 + 30));
    }

    #[test]
    fn late_readings_find_their_place() {
        let mut t = Trend::default();
        for m in [0, 1, 3, 4] {
            t.insert(Stamp::from_secs(m * 60), m as f64);
        }
        assert!(t.insert(Stamp::from_secs(125), 2.0));
        let v: Vec<f64> = t.points().iter().map(|p| p.value).collect();
        assert_eq!(v, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }
}
