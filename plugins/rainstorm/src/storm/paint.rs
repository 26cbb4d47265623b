//! Rain painted with a brush: strokes as data, so that a room can add them while it rains.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a stroke does to the rain below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BrushMode {
    /// Adds its intensity.
    #[default]
    Add,
    /// Puts its intensity in place of what rains there (0 erases).
    Set,
}

/// One stroke of the brush. Times are minutes after the start of the storm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrushStroke {
    /// Places the brush went through, local m; one place is a dab.
    pub path_m: Vec<[f64; 2]>,
    /// The same in longitude and latitude, degrees.
    pub path_lonlat: Vec<[f64; 2]>,
    /// Radius, m.
    pub radius_m: f64,
    /// Share of the radius that has the full intensity; it falls smoothly to nothing at the rim.
    pub hardness: f64,
    /// Intensity, mm/h.
    pub mm_h: f64,
    /// Begins, min.
    pub from_min: f64,
    /// Ends, min.
    pub to_min: f64,
    /// Adds or sets.
    pub mode: BrushMode,
}

impl Default for BrushStroke {
    fn default() -> Self {
        Self {
            path_m: Vec::new(),
            path_lonlat: Vec::new(),
            radius_m: 500.0,
            hardness: 0.5,
            mm_h: 60.0,
            from_min: 0.0,
            to_min: 60.0,
            mode: BrushMode::Add,
        }
    }
}

impl BrushStroke {
    /// What is wrong with the numbers, as `(field, reason)`.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        if !(1.0..=200_000.0).contains(&self.radius_m) {
            return Some(("radius_m", format!("{}: expected 1 to 200000 m", self.radius_m)));
        }
        if !(0.0..=1.0).contains(&self.hardness) {
            return Some(("hardness", format!("{}: expected 0 to 1", self.hardness)));
        }
        if !(0.0..=1000.0).contains(&self.mm_h) {
            return Some(("mm_h", format!("{}: expected 0 to 1000 mm/h (mode = \"set\" with 0 erases)", self.mm_h)));
        }
        if !(self.from_min.is_finite() && self.to_min.is_finite() && self.to_min > self.from_min) {
            return Some(("to_min", format!("{}: expected later than from_min {}", self.to_min, self.from_min)));
        }
        let path = if self.path_m.is_empty() { &self.path_lonlat } else { &self.path_m };
        if path.is_empty() || path.len() > 10_000 || !path.iter().flatten().all(|v| v.is_finite()) {
            return Some(("path_m, path_lonlat", "give one of them, with finite places".into()));
        }
        (!self.path_m.is_empty() && !self.path_lonlat.is_empty())
            .then(|| ("path_m, path_lonlat", "give one of them, not both".into()))
    }

    /// Does it rain from this stroke at `t_s`?
    pub(super) fn is_on(&self, t_s: f64) -> bool {
        t_s >= self.from_min * 60.0 && t_s < self.to_min * 60.0
    }

    /// Does it reach a row?
    pub(super) fn reaches(&self, north_m: f64) -> bool {
        self.path_m.iter().any(|p| p[1] + self.radius_m >= north_m)
            && self.path_m.iter().any(|p| p[1] - self.radius_m <= north_m)
    }

    /// Share of its intensity at a place, 0 to 1.
    pub(super) fn weight(&self, east_m: f64, north_m: f64) -> f64 {
        let at = [east_m, north_m];
        let nearest2 = if self.path_m.len() < 2 {
            self.path_m.first().map_or(f64::INFINITY, |p| distance2(at, *p, *p))
        } else {
            self.path_m.windows(2).map(|w| distance2(at, w[0], w[1])).fold(f64::INFINITY, f64::min)
        };
        if nearest2 >= self.radius_m * self.radius_m {
            return 0.0;
        }
        let r = nearest2.sqrt() / self.radius_m;
        if r <= self.hardness {
            return 1.0;
        }
        let s = (1.0 - r) / (1.0 - self.hardness);
        s * s * (3.0 - 2.0 * s)
    }

    /// The stroke with its intensity at a place in place of what rained there, mm/h.
    pub(super) fn over(&self, mm_h: f64, east_m: f64, north_m: f64) -> f64 {
        let w = self.weight(east_m, north_m);
        match self.mode {
            BrushMode::Add => mm_h + w * self.mm_h,
            BrushMode::Set => mm_h * (1.0 - w) + w * self.mm_h,
        }
    }
}

/// Squared distance of a place from a stretch, m².
fn distance2(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
    ex * ex + ey * ey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_is_full_inside_and_nothing_outside() {
        let s = BrushStroke { path_m: vec![[0.0, 0.0], [1000.0, 0.0]], radius_m: 200.0, ..BrushStroke::default() };
        assert!(s.problem().is_none());
        assert_eq!((s.weight(500.0, 90.0), s.weight(500.0, 200.0), s.weight(-300.0, 0.0)), (1.0, 0.0, 0.0));
        assert!((s.weight(500.0, 150.0) - 0.5).abs() < 1e-9);
        assert_eq!(s.over(10.0, 500.0, 0.0), 70.0);
        let eraser = BrushStroke { mode: BrushMode::Set, mm_h: 0.0, ..s.clone() };
        assert_eq!(eraser.over(10.0, 500.0, 0.0), 0.0);
        assert!(s.is_on(0.0) && !s.is_on(3600.0) && s.reaches(199.0) && !s.reaches(201.0));
        assert!(BrushStroke { radius_m: -1.0, ..s.clone() }.problem().is_some());
        assert!(BrushStroke { path_m: vec![], ..s }.problem().is_some());
    }
}
