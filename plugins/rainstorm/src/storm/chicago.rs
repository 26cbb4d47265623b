//! The Chicago hyetograph (Keifer & Chu 1957) by exact increments of its cumulative curve.

use super::{Coefficients, RainSeries, StormError};

/// A Chicago design storm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChicagoStorm {
    /// The formula at the return period.
    pub formula: Coefficients,
    /// Length, minutes.
    pub duration_min: f64,
    /// Place of the peak, share of the duration (r).
    pub peak_ratio: f64,
    /// Bin, minutes.
    pub step_min: f64,
}

impl ChicagoStorm {
    /// Rain fallen `t_min` minutes after the start, mm.
    #[must_use]
    pub fn cumulative_mm(&self, t_min: f64) -> f64 {
        let (r, total) = (self.peak_ratio, self.duration_min);
        let d = |x: f64| self.formula.depth_mm(x.max(0.0));
        let t = t_min.clamp(0.0, total);
        if t <= r * total {
            if r > 0.0 { r * (d(total) - d((r * total - t) / r)) } else { 0.0 }
        } else {
            r * d(total) + (1.0 - r) * d((t - r * total) / (1.0 - r))
        }
    }

    /// Intensity at the peak, mm/h.
    #[must_use]
    pub fn peak_mm_h(&self) -> f64 {
        60.0 * self.formula.a_mm_min / self.formula.b_min.powf(self.formula.n)
    }
}

/// The storm as rain in bins whose sums are exact.
///
/// # Errors
/// When duration, peak ratio or bin make no sense.
pub fn chicago(storm: &ChicagoStorm) -> Result<RainSeries, StormError> {
    let bad = |field: &str, reason: String| Err(StormError::new("storm", field, reason));
    let (total, step) = (storm.duration_min, storm.step_min);
    if !total.is_finite() || total <= 0.0 || total > 14_400.0 {
        return bad("duration_min", format!("{total}: expected more than 0 and at most 14400 minutes"));
    }
    if !(0.0..1.0).contains(&storm.peak_ratio) {
        return bad("peak_ratio", format!("{}: expected 0 to below 1 (0.35–0.45 is usual)", storm.peak_ratio));
    }
    if !step.is_finite() || step <= 0.0 || step > total || total / step > 100_000.0 {
        return bad("step_min", format!("{step}: expected more than 0 and at most the duration"));
    }
    let bins = (total / step).ceil() as usize;
    let mut knots = vec![[0.0, 0.0]];
    for k in 1..=bins {
        let t = (step * k as f64).min(total);
        knots.push([t * 60.0, storm.cumulative_mm(t)]);
    }
    RainSeries::from_cumulative(knots)
        .map_or_else(|| bad("formula", "its cumulative curve falls: check a, b and n".into()), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::FormulaBook;

    #[test]
    fn peak_and_minutes_of_the_beijing_storm() {
        let formula = FormulaBook::builtin().unwrap().get("beijing_classic").unwrap().at_period(3.0).unwrap();
        let storm = ChicagoStorm { formula, duration_min: 120.0, peak_ratio: 0.4, step_min: 1.0 };
        let rain = chicago(&storm).unwrap();
        assert!((rain.total_mm() - 63.321).abs() < 1e-3);
        assert!((rain.cumulative_mm(48.0 * 60.0) - 25.328).abs() < 1e-3);
        assert!((rain.between_mm(47.0 * 60.0, 48.0 * 60.0) - 3.123).abs() < 1e-3);
        assert!((rain.between_mm(48.0 * 60.0, 49.0 * 60.0) - 3.312).abs() < 1e-3);
    }

    #[test]
    fn refuses_nonsense() {
        let formula = Coefficients { a_mm_min: 10.0, b_min: 10.0, n: 0.7 };
        let good = ChicagoStorm { formula, duration_min: 60.0, peak_ratio: 0.4, step_min: 5.0 };
        for bad in [
            ChicagoStorm { duration_min: -1.0, ..good },
            ChicagoStorm { peak_ratio: 1.0, ..good },
            ChicagoStorm { step_min: 0.0, ..good },
            ChicagoStorm { step_min: f64::NAN, ..good },
        ] {
            assert!(chicago(&bad).is_err());
        }
    }
}
