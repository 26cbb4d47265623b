//! A composite risk for each 万米网格: rain × expected depth × open cases × crews away.
//!
//! Each term is a share of its worst, 0 … 1. Terms multiply as 1 + weight × share, so that a grid without
//! any is 0, each alone counts, and together they count more than their sum: the score is
//! `(Π(1 + wᵢ·tᵢ) − 1) / (Π(1 + wᵢ) − 1)`, 0 … 1. A score can always be opened into its terms.

use guanlan_core::{AlertLevel, Bilingual};
use serde::{Deserialize, Serialize};

/// Rain at which the term is full, mm/h: the red of short-time rain (DOMAIN §2.1).
pub const RAIN_FULL_MM_H: f64 = 100.0;
/// Water at which the term is full, cm: the line at which a road is closed.
pub const DEPTH_FULL_CM: f64 = 27.0;
/// Open cases, weighted by level, at which the term is full.
pub const CASES_FULL: f64 = 5.0;
/// A free crew this near leaves nothing to wish for, m …
pub const CREW_NEAR_M: f64 = 500.0;
/// … and one beyond this is away.
pub const CREW_FAR_M: f64 = 4000.0;
/// Weights of rain, depth, cases, crews away.
pub const WEIGHTS: [f64; 4] = [1.0, 2.0, 1.0, 0.5];

/// What is known of a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GridFacts {
    /// Rain now or in the next two hours, whichever is more, mm/h.
    pub rain_mm_h: f64,
    /// Deepest water on roads now or expected, cm.
    pub depth_cm: f64,
    /// Open cases by level: normal, blue, yellow, orange, red.
    pub cases: [u32; 5],
    /// Way to the nearest free crew as the crow flies, m; `None` when none is free.
    pub crew_m: Option<f64>,
}

/// One term of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskTerm {
    /// Name.
    pub name: Bilingual,
    /// What was measured, in `unit`.
    pub value: f64,
    /// Unit of `value`.
    pub unit: String,
    /// Share of its worst, 0 … 1.
    pub share: f64,
    /// Weight.
    pub weight: f64,
}

/// The risk of one grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GridRisk {
    /// Number of the grid in the list of the map.
    pub grid: u32,
    /// 0 … 1.
    pub score: f32,
    /// Shares of rain, depth, cases, crews away.
    pub shares: [f32; 4],
    /// Rain, mm/h; depth, cm; cases, weighted; nearest free crew, m (negative: none free).
    pub values: [f32; 4],
}

fn share(value: f64, full: f64) -> f64 {
    if value.is_finite() { (value / full).clamp(0.0, 1.0) } else { 0.0 }
}

/// Cases by the weight of their level: ¼ for a blue one to 1 for a red one.
fn weighted(cases: &[u32; 5]) -> f64 {
    cases.iter().enumerate().map(|(i, n)| f64::from(*n) * (i as f64).max(0.5) / 4.0).sum()
}

/// The risk of grid number `grid`. Away crews matter only where there is something to do.
#[must_use]
pub fn risk(grid: u32, facts: &GridFacts) -> GridRisk {
    let cases = weighted(&facts.cases);
    let mut t =
        [share(facts.rain_mm_h, RAIN_FULL_MM_H), share(facts.depth_cm, DEPTH_FULL_CM), share(cases, CASES_FULL), 0.0];
    if t.iter().any(|&v| v > 0.0) {
        t[3] = facts.crew_m.map_or(1.0, |m| share(m - CREW_NEAR_M, CREW_FAR_M - CREW_NEAR_M));
    }
    let product: f64 = t.iter().zip(WEIGHTS).map(|(t, w)| 1.0 + w * t).product();
    let most: f64 = WEIGHTS.iter().map(|w| 1.0 + w).product();
    let score = (product - 1.0) / (most - 1.0);
    GridRisk {
        grid,
        score: score as f32,
        shares: t.map(|v| v as f32),
        values: [facts.rain_mm_h, facts.depth_cm, cases, facts.crew_m.unwrap_or(-1.0)].map(|v| v as f32),
    }
}

impl GridRisk {
    /// The score opened into its terms.
    #[must_use]
    pub fn terms(&self) -> [RiskTerm; 4] {
        let names = [
            ("雨强（现在或两小时内）", "Rain now or within two hours", "mm/h"),
            ("积水（现在或预报）", "Water now or expected", "cm"),
            ("在办案卷（按等级加权）", "Open cases, weighted by level", ""),
            ("最近可用力量距离", "Nearest free crew", "m"),
        ];
        [0, 1, 2, 3].map(|i| RiskTerm {
            name: Bilingual::new(names[i].0, names[i].1),
            value: f64::from(self.values[i]),
            unit: names[i].2.to_owned(),
            share: f64::from(self.shares[i]),
            weight: WEIGHTS[i],
        })
    }

    /// The colour of a score: red from 0.6, orange 0.4, yellow 0.2, blue 0.05.
    #[must_use]
    pub fn level(&self) -> AlertLevel {
        match self.score {
            s if s >= 0.6 => AlertLevel::Red,
            s if s >= 0.4 => AlertLevel::Orange,
            s if s >= 0.2 => AlertLevel::Yellow,
            s if s >= 0.05 => AlertLevel::Blue,
            _ => AlertLevel::Normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_is_nought_and_the_worst_is_one() {
        let quiet = GridFacts { crew_m: None, ..GridFacts::default() };
        assert_eq!(risk(0, &quiet).score, 0.0, "where nothing is, nobody is missed");
        let worst = GridFacts { rain_mm_h: 120.0, depth_cm: 60.0, cases: [0, 0, 0, 0, 9], crew_m: None };
        let r = risk(7, &worst);
        assert!((r.score - 1.0).abs() < 1e-6 && r.grid == 7 && r.level() == AlertLevel::Red);
    }

    #[test]
    fn terms_together_weigh_more_than_their_sum_and_open() {
        let rain = GridFacts { rain_mm_h: 50.0, crew_m: Some(0.0), ..GridFacts::default() };
        let depth = GridFacts { depth_cm: 13.5, crew_m: Some(0.0), ..GridFacts::default() };
        let both = GridFacts { rain_mm_h: 50.0, depth_cm: 13.5, crew_m: Some(0.0), ..GridFacts::default() };
        let s = |f: &GridFacts| f64::from(risk(0, f).score);
        assert!(s(&both) > s(&rain) + s(&depth));
        // By hand: (1.5 · 2 − 1) / (2 · 3 · 2 · 1.5 − 1).
        assert!((s(&both) - 2.0 / 17.0).abs() < 1e-6, "{}", s(&both));
        let terms = risk(0, &both).terms();
        assert_eq!((terms[0].value, terms[0].share, terms[1].share, terms[3].share), (50.0, 0.5, 0.5, 0.0));
        let away = GridFacts { crew_m: Some(5000.0), ..both };
        assert!(s(&away) > s(&both));
        assert!(risk(0, &GridFacts { rain_mm_h: f64::NAN, ..both }).score.is_finite());
    }
}
