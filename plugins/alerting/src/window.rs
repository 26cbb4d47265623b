//! Recent readings of one stream under one rule, and what is computed of them.
//!
//! Points are kept as they come. Beyond [`MOST`] of them neighbours are merged in pairs, so that memory
//! is bounded and sums, means and extremes stay exact; only the edge of the window becomes coarser.

use std::collections::VecDeque;

use guanlan_core::Stamp;
use serde::{Deserialize, Serialize};

use crate::rules::Measure;

/// Points kept per stream and rule at most.
const MOST: usize = 512;

/// One or several readings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    first_at: Stamp,
    last_at: Stamp,
    first: f64,
    last: f64,
    sum: f64,
    min: f64,
    max: f64,
    n: u32,
    /// Integral from the first to the last reading, each holding until the next, unit × ms.
    area: f64,
}

impl Point {
    fn of(at: Stamp, v: f64) -> Self {
        Self { first_at: at, last_at: at, first: v, last: v, sum: v, min: v, max: v, n: 1, area: 0.0 }
    }

    fn with(self, later: Self) -> Self {
        let between = (later.first_at - self.last_at) as f64;
        Self {
            first_at: self.first_at,
            last_at: later.last_at,
            first: self.first,
            last: later.last,
            sum: self.sum + later.sum,
            min: self.min.min(later.min),
            max: self.max.max(later.max),
            n: self.n + later.n,
            area: self.area + self.last * between + later.area,
        }
    }
}

/// The readings of a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    points: VecDeque<Point>,
}

impl Window {
    /// Adds a reading and forgets those older than the window; one older than the last is left out.
    pub fn push(&mut self, at: Stamp, value: f64, window_ms: i64) {
        if self.points.back().is_some_and(|p| at <= p.last_at) {
            return;
        }
        self.points.push_back(Point::of(at, value));
        self.forget(at, window_ms);
        if self.points.len() > MOST {
            let old = std::mem::take(&mut self.points);
            let mut pairs = old.into_iter();
            while let Some(a) = pairs.next() {
                self.points.push_back(pairs.next().map_or(a, |b| a.with(b)));
            }
        }
    }

    fn forget(&mut self, now: Stamp, window_ms: i64) {
        while self.points.front().is_some_and(|p| now - p.last_at > window_ms) {
            self.points.pop_front();
        }
    }

    /// What a measure makes of the readings; `None` while there are too few. Not for values and forecasts.
    pub fn measure(&self, measure: Measure, window_ms: i64) -> Option<f64> {
        let (first, last) = (self.points.front()?, self.points.back()?);
        let span_ms = last.last_at - first.first_at;
        match measure {
            Measure::Value | Measure::Forecast => Some(last.last),
            Measure::Rate => {
                let enough = span_ms > 0 && span_ms * 2 >= window_ms;
                enough.then(|| (last.last - first.first) * 60_000.0 / span_ms as f64)
            }
            Measure::Mean => {
                let (sum, n) = self.points.iter().fold((0.0, 0_u32), |(s, n), p| (s + p.sum, n + p.n));
                Some(sum / f64::from(n))
            }
            Measure::Sum => Some(self.points.iter().map(|p| p.sum).sum()),
            Measure::Max => Some(self.points.iter().map(|p| p.max).fold(f64::MIN, f64::max)),
            Measure::Min => Some(self.points.iter().map(|p| p.min).fold(f64::MAX, f64::min)),
            Measure::Total => {
                let whole = self.points.iter().copied().reduce(Point::with)?;
                Some(whole.area / 3_600_000.0)
            }
        }
    }

    /// Readings for a trend, oldest first: last values, thinned to at most `most`.
    pub fn series(&self, most: usize) -> Vec<(Stamp, f64)> {
        let n = self.points.len();
        let step = n.div_ceil(most.max(1)).max(1);
        let mut out: Vec<(Stamp, f64)> =
            (0..n).rev().step_by(step).map(|i| (self.points[i].last_at, self.points[i].last)).collect();
        out.reverse();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Stamp {
        Stamp::from_secs(s)
    }

    #[test]
    fn measures_of_a_window() {
        let mut w = Window::default();
        for (s, v) in [(0, 100.0), (300, 10.0), (600, 20.0), (900, 30.0)] {
            w.push(at(s), v, 600_000);
        }
        w.push(at(500), 999.0, 600_000);
        assert_eq!(w.measure(Measure::Rate, 600_000), Some(2.0), "20 in 10 min");
        assert_eq!(w.measure(Measure::Mean, 600_000), Some(20.0));
        assert_eq!(w.measure(Measure::Sum, 600_000), Some(60.0));
        assert_eq!((w.measure(Measure::Max, 0), w.measure(Measure::Min, 0)), (Some(30.0), Some(10.0)));
        assert_eq!(w.measure(Measure::Total, 600_000), Some((10.0 + 20.0) * 300.0 / 3600.0));
        let mut short = Window::default();
        short.push(at(0), 0.0, 600_000);
        short.push(at(60), 50.0, 600_000);
        assert_eq!(short.measure(Measure::Rate, 600_000), None, "one minute says nothing of ten");
    }

    #[test]
    fn many_readings_stay_bounded_and_exact() {
        let mut w = Window::default();
        for s in 0..5000 {
            w.push(at(s), f64::from(s as i32 % 7), 10_000_000);
        }
        assert!(w.points.len() <= MOST);
        assert_eq!(w.measure(Measure::Sum, 0), Some((0..5000).map(|s| f64::from(s % 7)).sum()));
        let total = w.measure(Measure::Total, 0).unwrap() * 3600.0;
        let want: f64 = (0..4999).map(|s| f64::from(s % 7)).sum();
        assert!((total - want).abs() < 1e-6, "{total} {want}");
        assert!(w.series(32).len() <= 32 && w.series(32).last() == Some(&(at(4999), f64::from(4999 % 7))));
    }
}
