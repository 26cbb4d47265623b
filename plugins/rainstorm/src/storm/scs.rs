//! SCS (NRCS) synthetic storms: dimensionless 24 h curves as a data file.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RainSeries, StormError};

/// The distributions that come with the program.
const TABLE: &str = include_str!("../../../../assets/storms/scs_types.csv");

/// A distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ScsType {
    /// Maritime, moderate peak before noon.
    I,
    /// The gentlest.
    #[serde(rename = "IA")]
    Ia,
    /// The sharpest; most inland areas.
    #[default]
    #[serde(rename = "II")]
    Ii,
    /// Coasts with tropical storms.
    #[serde(rename = "III")]
    Iii,
}

/// `[hour, I, IA, II, III]`.
static ROWS: LazyLock<Vec<[f64; 5]>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    lines
        .filter_map(|line| {
            let mut row = [0.0; 5];
            let mut cells = line.split(',');
            for v in &mut row {
                *v = cells.next()?.trim().parse().ok()?;
            }
            Some(row)
        })
        .collect()
});

/// Share of the 24 h depth fallen by an hour.
#[must_use]
pub fn scs_share(kind: ScsType, hour: f64) -> f64 {
    let column = 1 + kind as usize;
    let after = ROWS.partition_point(|r| r[0] <= hour);
    match (after.checked_sub(1).and_then(|k| ROWS.get(k)), ROWS.get(after)) {
        (Some(a), Some(b)) => a[column] + (b[column] - a[column]) * (hour - a[0]) / (b[0] - a[0]),
        (Some(_), None) => 1.0,
        _ => 0.0,
    }
}

/// A storm of `depth_mm` in `duration_min`. Shorter storms than 24 h are the window of the curve that holds
/// the most rain, which is how the curve nests its shorter storms.
///
/// # Errors
/// When the depth or the duration makes no sense.
pub fn scs(kind: ScsType, depth_mm: f64, duration_min: f64, step_min: f64) -> Result<RainSeries, StormError> {
    let bad = |field: &str, reason: String| Err(StormError::new("storm", field, reason));
    if !(depth_mm.is_finite() && depth_mm >= 0.0) {
        return bad("depth_mm", format!("{depth_mm}: expected 0 or more"));
    }
    if !(duration_min > 0.0 && duration_min <= 1440.0) {
        return bad("duration_min", format!("{duration_min}: expected more than 0 and at most 1440 minutes (24 h)"));
    }
    if !(step_min > 0.0 && step_min <= duration_min) {
        return bad("step_min", format!("{step_min}: expected more than 0 and at most the duration"));
    }
    let hours = duration_min / 60.0;
    let in_window = |from: f64| scs_share(kind, from + hours) - scs_share(kind, from);
    // The fullest window of a piecewise linear curve begins or ends at a knot.
    let starts = ROWS.iter().flat_map(|r| [r[0], r[0] - hours]).filter(|s| (0.0..=24.0 - hours).contains(s));
    let from = starts.fold(0.0, |best, s| if in_window(s) > in_window(best) + 1e-12 { s } else { best });
    let total = in_window(from);
    let bins = (duration_min / step_min).ceil() as usize;
    let mut knots = vec![[0.0, 0.0]];
    for k in 1..=bins {
        let t = (step_min * k as f64).min(duration_min);
        let share = (scs_share(kind, from + t / 60.0) - scs_share(kind, from)) / total;
        knots.push([t * 60.0, depth_mm * share]);
    }
    RainSeries::from_cumulative(knots).map_or_else(|| bad("scs_type", "its curve falls".into()), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_whole_and_peak_where_they_should() {
        assert_eq!(ROWS.len(), 23);
        for kind in [ScsType::I, ScsType::Ia, ScsType::Ii, ScsType::Iii] {
            assert_eq!((scs_share(kind, 0.0), scs_share(kind, 24.0), scs_share(kind, 30.0)), (0.0, 1.0, 1.0));
            let rain = scs(kind, 100.0, 1440.0, 30.0).unwrap();
            assert!((rain.total_mm() - 100.0).abs() < 1e-9);
        }
        // Type II: .663 − .283 of the day between 11:30 and 12:00.
        let day = scs(ScsType::Ii, 100.0, 1440.0, 30.0).unwrap();
        assert!((day.between_mm(11.5 * 3600.0, 12.0 * 3600.0) - 38.0).abs() < 1e-9);
        // The fullest hour of type II holds more than a third of the day; scaled, all of it.
        let hour = scs(ScsType::Ii, 50.0, 60.0, 5.0).unwrap();
        assert!((hour.total_mm() - 50.0).abs() < 1e-9 && hour.end_s() == 3600.0);
        for bad in [(-1.0, 60.0, 5.0), (10.0, 2000.0, 5.0), (10.0, 60.0, 0.0), (f64::NAN, 60.0, 5.0)] {
            assert!(scs(ScsType::I, bad.0, bad.1, bad.2).is_err());
        }
    }
}
