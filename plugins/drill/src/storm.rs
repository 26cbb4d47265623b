//! The rain of a drill: a design storm or a hyetograph.

use guanlan_rainstorm::storm::{ChicagoStorm, FormulaBook, RainSeries, StormError, chicago};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rain of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Storm {
    /// A Chicago design storm from a 暴雨强度公式.
    Design {
        /// Id of the formula in assets/storms/formulas.toml.
        formula: String,
        /// Return period, years.
        return_period_a: f64,
        /// Length, minutes.
        duration_min: f64,
        /// Place of the peak, share of the duration.
        #[serde(default = "peak_ratio")]
        peak_ratio: f64,
        /// Bin, minutes.
        #[serde(default = "step_min")]
        step_min: f64,
        /// Script time at which it begins, s.
        #[serde(default)]
        begins_s: u32,
    },
    /// Intensities from given times on.
    Hyetograph {
        /// `[script time s, mm/h]`; each holds until the next, the last ends it.
        mm_h: Vec<[f64; 2]>,
    },
}

const fn peak_ratio() -> f64 {
    0.4
}
const fn step_min() -> f64 {
    5.0
}

/// A storm cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadStorm(StormError);

impl BadStorm {
    /// The field of the script that is wrong.
    #[must_use]
    pub fn field(&self) -> String {
        if self.0.origin.ends_with("formula") {
            return "formula".to_owned();
        }
        match self.0.place.as_str() {
            place @ ("duration_min" | "peak_ratio" | "step_min" | "mm_h") => place.to_owned(),
            place if place.contains("period") => "return_period_a".to_owned(),
            _ => "storm".to_owned(),
        }
    }
}

impl Storm {
    /// The cumulative curve in script time.
    ///
    /// # Errors
    /// When the formula is unknown or a number makes no sense.
    pub fn series(&self) -> Result<RainSeries, BadStorm> {
        match self {
            Self::Design { formula, return_period_a, duration_min, peak_ratio, step_min, begins_s } => {
                let book = FormulaBook::builtin().map_err(BadStorm)?;
                let formula = book.get(formula).and_then(|f| f.at_period(*return_period_a)).map_err(BadStorm)?;
                let storm =
                    ChicagoStorm { formula, duration_min: *duration_min, peak_ratio: *peak_ratio, step_min: *step_min };
                let series = chicago(&storm).map_err(BadStorm)?;
                if *begins_s == 0 {
                    return Ok(series);
                }
                // The same bins, later.
                let bins = (duration_min / step_min).ceil() as usize;
                let begin = f64::from(*begins_s);
                let mut knots = vec![[begin, 0.0]];
                for k in 1..=bins {
                    let t = (step_min * k as f64).min(*duration_min) * 60.0;
                    knots.push([begin + t, series.cumulative_mm(t)]);
                }
                RainSeries::from_cumulative(knots).ok_or_else(|| bad("storm", "its cumulative curve falls".into()))
            }
            Self::Hyetograph { mm_h } => {
                let mut sum = 0.0;
                let mut knots = Vec::new();
                for (index, [at_s, rate]) in mm_h.iter().enumerate() {
                    if !(at_s.is_finite() && rate.is_finite() && *at_s >= 0.0 && (0.0..=1000.0).contains(rate)) {
                        return Err(bad("mm_h", format!("entry {}: expected [s ≥ 0, 0 to 1000 mm/h]", index + 1)));
                    }
                    if let Some([before_s, before]) = index.checked_sub(1).map(|i| mm_h[i]) {
                        sum += before * (at_s - before_s) / 3600.0;
                    }
                    knots.push([*at_s, sum]);
                }
                RainSeries::from_cumulative(knots)
                    .filter(|_| mm_h.len() >= 2)
                    .ok_or_else(|| bad("mm_h", "expected at least two entries with rising times".into()))
            }
        }
    }
}

fn bad(place: &str, reason: String) -> BadStorm {
    BadStorm(StormError::new("storm", place, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storms_give_their_known_depths() {
        let design = |begins_s| Storm::Design {
            formula: "beijing_classic".into(),
            return_period_a: 3.0,
            duration_min: 120.0,
            peak_ratio: 0.4,
            step_min: 1.0,
            begins_s,
        };
        // DOMAIN §4.7: P3, 120 min.
        assert!((design(0).series().unwrap().total_mm() - 63.321).abs() < 0.01);
        let later = design(600).series().unwrap();
        assert_eq!(later.cumulative_mm(600.0), 0.0);
        assert!((later.cumulative_mm(600.0 + 48.0 * 60.0) - 25.328).abs() < 0.01);

        let steps = Storm::Hyetograph { mm_h: vec![[0.0, 20.0], [900.0, 80.0], [1800.0, 0.0]] };
        assert!((steps.series().unwrap().total_mm() - 25.0).abs() < 1e-9);
        assert!(Storm::Hyetograph { mm_h: vec![[0.0, 20.0], [0.0, 1.0]] }.series().is_err());
        assert!(Storm::Hyetograph { mm_h: vec![[0.0, f64::NAN], [5.0, 1.0]] }.series().is_err());
    }
}
