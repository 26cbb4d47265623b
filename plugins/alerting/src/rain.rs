//! 暴雨预警信号: the colour of a rain signal from hourly sums (CMA 2007, DOMAIN §2.1), and the name of a day's rain.

use guanlan_core::{AlertLevel, Bilingual};

/// Window in hours, sum in mm, colour; strongest first.
const SIGNALS: [(usize, f64, AlertLevel); 4] = [
    (3, 100.0, AlertLevel::Red),
    (3, 50.0, AlertLevel::Orange),
    (6, 50.0, AlertLevel::Yellow),
    (12, 50.0, AlertLevel::Blue),
];

/// The largest sum of `hours` consecutive values; of all of them when there are fewer.
#[must_use]
pub fn max_rolling_sum(hourly_mm: &[f64], hours: usize) -> f64 {
    let window = hours.clamp(1, hourly_mm.len().max(1));
    hourly_mm.windows(window).map(|w| w.iter().sum()).fold(0.0, f64::max)
}

/// The colour of the rain signal for hourly rain (mm, measured or forecast, in order).
#[must_use]
pub fn rain_signal(hourly_mm: &[f64]) -> AlertLevel {
    SIGNALS
        .into_iter()
        .find(|&(hours, mm, _)| max_rolling_sum(hourly_mm, hours) >= mm)
        .map_or(AlertLevel::Normal, |(_, _, level)| level)
}

/// What a day's rain is called (mm in 24 h); `None` without rain.
#[must_use]
pub fn day_grade(mm: f64) -> Option<Bilingual> {
    Some(match mm {
        x if x.is_nan() || x <= 0.0 => return None,
        x if x < 10.0 => Bilingual::new("小雨", "light rain"),
        x if x < 25.0 => Bilingual::new("中雨", "moderate rain"),
        x if x < 50.0 => Bilingual::new("大雨", "heavy rain"),
        x if x < 100.0 => Bilingual::new("暴雨", "rainstorm"),
        x if x < 250.0 => Bilingual::new("大暴雨", "severe rainstorm"),
        _ => Bilingual::new("特大暴雨", "extraordinary rainstorm"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_domain_2_1() {
        assert_eq!(max_rolling_sum(&[0.0, 10.0, 25.0, 18.0, 3.0], 3), 53.0);
        assert_eq!(rain_signal(&[0.0, 10.0, 25.0, 18.0, 3.0]), AlertLevel::Orange);
        assert_eq!(max_rolling_sum(&[20.0, 15.0, 10.0, 6.0], 3), 45.0);
        assert_eq!(max_rolling_sum(&[20.0, 15.0, 10.0, 6.0], 6), 51.0);
        assert_eq!(rain_signal(&[20.0, 15.0, 10.0, 6.0]), AlertLevel::Yellow);
    }

    #[test]
    fn every_colour_and_its_edge() {
        assert_eq!(rain_signal(&[100.0]), AlertLevel::Red);
        assert_eq!(rain_signal(&[99.9]), AlertLevel::Orange);
        assert_eq!(rain_signal(&[5.0; 12]), AlertLevel::Blue);
        assert_eq!(rain_signal(&[4.9; 10]), AlertLevel::Normal);
        assert_eq!(rain_signal(&[]), AlertLevel::Normal);
        assert_eq!(day_grade(49.9).unwrap().zh, "大雨");
        assert_eq!(day_grade(0.0), None);
    }
}
