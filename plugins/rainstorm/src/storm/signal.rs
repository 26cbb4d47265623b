//! 暴雨预警信号: the CMA rainstorm signal a rain series would justify.

use guanlan_core::AlertLevel;

use super::RainSeries;

/// Windows and depths of the four signals: hours, mm (CMA order on signals of 2007).
const RULES: [(f64, f64, AlertLevel); 4] = [
    (3.0, 100.0, AlertLevel::Red),
    (3.0, 50.0, AlertLevel::Orange),
    (6.0, 50.0, AlertLevel::Yellow),
    (12.0, 50.0, AlertLevel::Blue),
];

/// The highest signal reached by any rolling window of the series. (The order adds "and rain may
/// persist", which is a forecaster's judgement.)
#[must_use]
pub fn rain_signal(rain: &RainSeries) -> AlertLevel {
    RULES.iter().find(|(hours, mm, _)| max_window_mm(rain, hours * 3600.0) >= *mm).map_or(AlertLevel::Normal, |r| r.2)
}

/// When each signal is first reached, s after the start of the series, lowest first. The sum over a window is
/// piecewise linear in time, so the instant is exact.
#[must_use]
pub fn signals_reached(rain: &RainSeries) -> Vec<(AlertLevel, f64)> {
    RULES
        .iter()
        .rev()
        .filter_map(|(hours, mm, level)| Some((*level, first_reached_s(rain, hours * 3600.0, *mm)?)))
        .collect()
}

fn first_reached_s(rain: &RainSeries, window_s: f64, mm: f64) -> Option<f64> {
    let mut times: Vec<f64> = rain.knots().iter().flat_map(|k| [k[0], k[0] + window_s]).collect();
    times.sort_by(f64::total_cmp);
    let sum = |t: f64| rain.between_mm(t - window_s, t);
    let mut before = *times.first()?;
    for t in times {
        let (low, high) = (sum(before), sum(t));
        if high >= mm {
            let share = if high > low { ((mm - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
            return Some(before + share * (t - before));
        }
        before = t;
    }
    None
}

/// Most rain in any window of `window_s`, mm. On a piecewise linear curve the maximum lies where one
/// edge of the window meets a knot.
fn max_window_mm(rain: &RainSeries, window_s: f64) -> f64 {
    rain.knots()
        .iter()
        .flat_map(|k| [rain.between_mm(k[0] - window_s, k[0]), rain.between_mm(k[0], k[0] + window_s)])
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_order() {
        let hourly = |mm: &[f64]| rain_signal(&RainSeries::from_bins(0.0, 3600.0, mm));
        assert_eq!(hourly(&[0.0, 10.0, 25.0, 18.0, 3.0]), AlertLevel::Orange);
        assert_eq!(hourly(&[20.0, 15.0, 10.0, 6.0]), AlertLevel::Yellow);
        assert_eq!(hourly(&[50.0, 50.0]), AlertLevel::Red);
        assert_eq!(hourly(&[5.0; 10]), AlertLevel::Blue);
        assert_eq!(hourly(&[4.0; 10]), AlertLevel::Normal);
    }

    #[test]
    fn says_when() {
        // 40 mm/h: 50 mm after 75 min in every window, 100 mm in 3 h after 150 min.
        let reached = signals_reached(&RainSeries::uniform(40.0, 3.0 * 3600.0));
        let levels: Vec<AlertLevel> = reached.iter().map(|r| r.0).collect();
        assert_eq!(levels, [AlertLevel::Blue, AlertLevel::Yellow, AlertLevel::Orange, AlertLevel::Red]);
        assert!(
            reached.iter().zip([4500.0, 4500.0, 4500.0, 9000.0]).all(|(r, s)| (r.1 - s).abs() < 1e-6),
            "{reached:?}"
        );
        assert!(signals_reached(&RainSeries::dry()).is_empty());
        // 5 mm/h: only the 12 h window gathers 50 mm.
        let slow = signals_reached(&RainSeries::uniform(5.0, 12.0 * 3600.0));
        assert_eq!(slow, [(AlertLevel::Blue, 36_000.0)]);
    }
}
