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
}
