//! The cumulative curve of a rain event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rain depth fallen since the start of an event, mm, as a piecewise linear function of time in s.
/// Before its first knot nothing has fallen; after its last nothing more falls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RainSeries {
    knots: Vec<[f64; 2]>,
}

impl RainSeries {
    /// No rain.
    #[must_use]
    pub fn dry() -> Self {
        Self::default()
    }

    /// Rain in equal steps from `start_s`: one depth in mm for each step of `step_s`. Steps that are
    /// not finite or negative count as dry.
    #[must_use]
    pub fn from_bins(start_s: f64, step_s: f64, depth_mm: &[f64]) -> Self {
        let mut sum = 0.0;
        let mut knots = vec![[start_s, 0.0]];
        for (k, d) in depth_mm.iter().enumerate() {
            sum += if d.is_finite() && *d > 0.0 { *d } else { 0.0 };
            knots.push([start_s + step_s * (k + 1) as f64, sum]);
        }
        Self { knots }
    }

    /// Constant intensity in mm/h for a time.
    #[must_use]
    pub fn uniform(intensity_mm_h: f64, duration_s: f64) -> Self {
        Self::from_bins(0.0, duration_s, &[intensity_mm_h * duration_s / 3600.0])
    }

    /// A curve from knots `[time s, cumulative mm]`; `None` unless times rise strictly and depths
    /// never fall.
    #[must_use]
    pub fn from_cumulative(knots: Vec<[f64; 2]>) -> Option<Self> {
        let finite = knots.iter().flatten().all(|v| v.is_finite());
        let rising = knots.windows(2).all(|w| w[1][0] > w[0][0] && w[1][1] >= w[0][1]);
        (finite && rising).then_some(Self { knots })
    }

    /// Rain fallen from the start up to `t_s`, mm.
    #[must_use]
    pub fn cumulative_mm(&self, t_s: f64) -> f64 {
        let after = self.knots.partition_point(|k| k[0] <= t_s);
        let Some(hi) = self.knots.get(after) else { return self.total_mm() };
        if after == 0 {
            return hi[1].min(0.0);
        }
        let lo = self.knots[after - 1];
        lo[1] + (hi[1] - lo[1]) * (t_s - lo[0]) / (hi[0] - lo[0])
    }

    /// Rain that falls between two times, mm.
    #[must_use]
    pub fn between_mm(&self, from_s: f64, to_s: f64) -> f64 {
        (self.cumulative_mm(to_s) - self.cumulative_mm(from_s)).max(0.0)
    }

    /// Intensity just after `t_s`, mm/h.
    #[must_use]
    pub fn intensity_mm_h(&self, t_s: f64) -> f64 {
        let after = self.knots.partition_point(|k| k[0] <= t_s);
        match (after.checked_sub(1).and_then(|i| self.knots.get(i)), self.knots.get(after)) {
            (Some(lo), Some(hi)) => (hi[1] - lo[1]) / (hi[0] - lo[0]) * 3600.0,
            _ => 0.0,
        }
    }

    /// Rain of the whole event, mm.
    #[must_use]
    pub fn total_mm(&self) -> f64 {
        self.knots.last().map_or(0.0, |k| k[1])
    }

    /// Time after which no rain falls, s.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        self.knots.last().map_or(0.0, |k| k[0])
    }

    /// The first time after `t_s` at which the intensity may change, s.
    #[must_use]
    pub fn next_break_s(&self, t_s: f64) -> Option<f64> {
        self.knots.get(self.knots.partition_point(|k| k[0] <= t_s)).map(|k| k[0])
    }

    /// The knots `[time s, cumulative mm]`.
    #[must_use]
    pub fn knots(&self) -> &[[f64; 2]] {
        &self.knots
    }

    /// The same rain up to `t_s`, then a constant intensity for ever (in effect: for ten years).
    /// This is how a live intensity replaces a forecast.
    #[must_use]
    pub fn continued(&self, t_s: f64, intensity_mm_h: f64) -> Self {
        let mut knots: Vec<[f64; 2]> = self.knots.iter().copied().filter(|k| k[0] < t_s).collect();
        let fallen = self.cumulative_mm(t_s);
        knots.push([t_s, fallen]);
        let intensity = if intensity_mm_h.is_finite() { intensity_mm_h.max(0.0) } else { 0.0 };
        let long_s = 10.0 * 365.25 * 86_400.0;
        if intensity > 0.0 {
            knots.push([t_s + long_s, fallen + intensity * long_s / 3600.0]);
        }
        Self { knots }
    }

    /// What is still to fall after `t_s`, with `t_s` as its time 0.
    #[must_use]
    pub fn from_now(&self, t_s: f64) -> Self {
        let fallen = self.cumulative_mm(t_s);
        let mut knots = vec![[0.0, 0.0]];
        knots.extend(self.knots.iter().filter(|k| k[0] > t_s).map(|k| [k[0] - t_s, k[1] - fallen]));
        Self { knots }
    }

    /// The same rain up to `t_s`, then `next`, whose own time 0 is `t_s`.
    #[must_use]
    pub fn followed_by(&self, t_s: f64, next: &Self) -> Self {
        let mut knots: Vec<[f64; 2]> = self.knots.iter().copied().filter(|k| k[0] < t_s).collect();
        let fallen = self.cumulative_mm(t_s);
        knots.push([t_s, fallen]);
        let before = next.cumulative_mm(0.0);
        knots.extend(next.knots.iter().filter(|k| k[0] > 0.0).map(|k| [t_s + k[0], fallen + k[1] - before]));
        Self { knots }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_exactly() {
        let r = RainSeries::from_bins(0.0, 60.0, &[1.0, 3.0, 0.0, 2.0]);
        assert_eq!(r.cumulative_mm(-5.0), 0.0);
        assert_eq!(r.cumulative_mm(90.0), 2.5);
        assert_eq!(r.between_mm(30.0, 90.0), 2.0);
        assert_eq!(r.cumulative_mm(1e9), 6.0);
        assert_eq!(r.intensity_mm_h(61.0), 180.0);
        assert_eq!(r.intensity_mm_h(241.0), 0.0);
        assert_eq!(r.next_break_s(0.0), Some(60.0));
    }

    #[test]
    fn can_be_changed_from_now_on() {
        let r = RainSeries::uniform(60.0, 3600.0).continued(600.0, 6.0);
        assert!((r.cumulative_mm(600.0) - 10.0).abs() < 1e-12);
        assert!((r.cumulative_mm(1200.0) - 11.0).abs() < 1e-9);
        let s = RainSeries::uniform(60.0, 3600.0).followed_by(600.0, &RainSeries::uniform(36.0, 100.0));
        assert!((s.total_mm() - 11.0).abs() < 1e-12);
    }

    #[test]
    fn refuses_falling_curves() {
        assert!(RainSeries::from_cumulative(vec![[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]]).is_none());
        assert!(RainSeries::from_cumulative(vec![[0.0, 0.0], [0.0, 2.0]]).is_none());
        assert!(RainSeries::from_cumulative(vec![[0.0, 0.0], [1.0, f64::NAN]]).is_none());
    }
}
