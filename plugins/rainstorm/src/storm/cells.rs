//! Moving storm cells: elliptic Gaussian cores that drift, grow and decay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cell. Times are minutes after the start of the storm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StormCell {
    /// Centre when the cell begins, local m; or `at_lonlat`.
    pub at_m: Option<[f64; 2]>,
    /// Centre when the cell begins, longitude and latitude in degrees.
    pub at_lonlat: Option<[f64; 2]>,
    /// Intensity in the middle at its height, mm/h.
    pub peak_mm_h: f64,
    /// Standard deviation along the long and the short axis, m.
    pub sigma_m: [f64; 2],
    /// Direction of the long axis, degrees clockwise from north.
    pub axis_deg: f64,
    /// Speed east and north, m/s.
    pub velocity_mps: [f64; 2],
    /// Begins, min.
    pub from_min: f64,
    /// Ends, min.
    pub to_min: f64,
    /// Minutes from nothing to full strength.
    pub rise_min: f64,
    /// Minutes from full strength to nothing.
    pub decay_min: f64,
    /// Growth of both axes, share per hour: 0.5 is half as large again after an hour.
    pub growth_per_h: f64,
}

impl Default for StormCell {
    fn default() -> Self {
        Self {
            at_m: None,
            at_lonlat: None,
            peak_mm_h: 60.0,
            sigma_m: [2000.0, 1200.0],
            axis_deg: 0.0,
            velocity_mps: [0.0, 0.0],
            from_min: 0.0,
            to_min: 60.0,
            rise_min: 10.0,
            decay_min: 10.0,
            growth_per_h: 0.0,
        }
    }
}

/// A cell at one instant: what a row needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    centre: [f64; 2],
    mm_h: f64,
    /// Of the exponent `xx dx² + xy dx dy + yy dy²`.
    xx: f64,
    xy: f64,
    yy: f64,
    reach_m: f64,
}

/// Beyond this many standard deviations a cell has no rain (1e-4 of the peak).
const REACH_SIGMA: f64 = 4.3;

impl StormCell {
    /// What is wrong with the numbers, as `(field, reason)`.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let finite = |v: f64| v.is_finite();
        if !(finite(self.peak_mm_h) && (0.0..=1000.0).contains(&self.peak_mm_h)) {
            return Some(("peak_mm_h", format!("{}: expected 0 to 1000 mm/h", self.peak_mm_h)));
        }
        if !self.sigma_m.iter().all(|s| (10.0..=500_000.0).contains(s)) {
            return Some(("sigma_m", format!("{:?}: expected 10 to 500000 m", self.sigma_m)));
        }
        if !self.velocity_mps.iter().all(|v| finite(*v) && v.abs() <= 60.0) {
            return Some(("velocity_mps", format!("{:?}: expected at most 60 m/s", self.velocity_mps)));
        }
        if !(finite(self.from_min) && finite(self.to_min) && self.to_min > self.from_min) {
            return Some(("to_min", format!("{}: expected later than from_min {}", self.to_min, self.from_min)));
        }
        if !(self.rise_min >= 0.0 && self.decay_min >= 0.0 && finite(self.rise_min) && finite(self.decay_min)) {
            return Some(("rise_min, decay_min", "expected 0 or more".into()));
        }
        if !(finite(self.axis_deg) && (-1.0..=10.0).contains(&self.growth_per_h)) {
            return Some(("growth_per_h", format!("{}: expected -1 to 10", self.growth_per_h)));
        }
        match (&self.at_m, &self.at_lonlat) {
            (Some(at), None) | (None, Some(at)) if at.iter().all(|v| finite(*v)) => None,
            _ => Some(("at_m, at_lonlat", "give one of them, with two finite numbers".into())),
        }
    }

    /// The cell at `t_s`; `None` when it does not rain then or has no place.
    pub(super) fn at(&self, t_s: f64) -> Option<Core> {
        let (t, from, to) = (t_s / 60.0, self.from_min, self.to_min);
        let [x, y] = self.at_m?;
        if t < from || t >= to {
            return None;
        }
        let ramp = |gone: f64, whole: f64| if whole > 0.0 { (gone / whole).min(1.0) } else { 1.0 };
        let mm_h = self.peak_mm_h * ramp(t - from, self.rise_min).min(ramp(to - t, self.decay_min));
        let age_s = (t - from) * 60.0;
        let size = (1.0 + self.growth_per_h * age_s / 3600.0).max(0.05);
        let [a, b] = self.sigma_m.map(|s| s * size);
        // The long axis points this way.
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let (pa, pb) = (0.5 / (a * a), 0.5 / (b * b));
        Some(Core {
            centre: [x + self.velocity_mps[0] * age_s, y + self.velocity_mps[1] * age_s],
            mm_h,
            xx: sin * sin * pa + cos * cos * pb,
            xy: 2.0 * sin * cos * (pa - pb),
            yy: cos * cos * pa + sin * sin * pb,
            reach_m: REACH_SIGMA * a.max(b),
        })
    }
}

impl Core {
    /// Intensity at a place, mm/h.
    pub(super) fn mm_h(&self, east_m: f64, north_m: f64) -> f64 {
        let (dx, dy) = (east_m - self.centre[0], north_m - self.centre[1]);
        if dx.abs() > self.reach_m || dy.abs() > self.reach_m {
            return 0.0;
        }
        self.mm_h * (-(self.xx * dx * dx + self.xy * dx * dy + self.yy * dy * dy)).exp()
    }

    /// True when the cell reaches a row.
    pub(super) fn reaches(&self, north_m: f64) -> bool {
        (north_m - self.centre[1]).abs() <= self.reach_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drifts_grows_and_ends() {
        let cell = StormCell {
            at_m: Some([0.0, 0.0]),
            velocity_mps: [10.0, 0.0],
            sigma_m: [3000.0, 1000.0],
            axis_deg: 90.0,
            ..StormCell::default()
        };
        assert!(cell.problem().is_none());
        let core = cell.at(1800.0).unwrap();
        assert!((core.mm_h(18_000.0, 0.0) - 60.0).abs() < 1e-9);
        // One standard deviation along (east) and across (north).
        let one = 60.0 * (-0.5_f64).exp();
        assert!((core.mm_h(21_000.0, 0.0) - one).abs() < 1e-9);
        assert!((core.mm_h(18_000.0, 1000.0) - one).abs() < 1e-9);
        assert!((cell.at(300.0).unwrap().mm_h(3000.0, 0.0) - 30.0).abs() < 1e-9, "half way up");
        assert!(cell.at(3600.0).is_none() && cell.at(-1.0).is_none());
        let grown = StormCell { growth_per_h: 1.0, velocity_mps: [0.0; 2], ..cell.clone() }.at(1800.0).unwrap();
        assert!((grown.mm_h(4500.0, 0.0) - one).abs() < 1e-9);
        for bad in [
            StormCell { peak_mm_h: -1.0, ..cell.clone() },
            StormCell { sigma_m: [0.0, 10.0], ..cell.clone() },
            StormCell { to_min: 0.0, ..cell.clone() },
            StormCell { at_m: None, ..cell.clone() },
            StormCell { at_m: Some([f64::NAN, 0.0]), ..cell },
        ] {
            assert!(bad.problem().is_some());
        }
    }
}
