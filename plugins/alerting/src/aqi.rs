//! 空气质量指数 AQI after HJ 633—2026 (in force since 2026-03-01; DOMAIN §2.3).

use serde::{Deserialize, Serialize};

/// A pollutant with its averaging time. Concentrations are µg/m³, CO mg/m³.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pollutant {
    /// PM2.5, 24 h mean, or the hourly mean in real time.
    Pm25,
    /// PM10, 24 h mean, or the hourly mean in real time.
    Pm10,
    /// SO₂, 24 h mean.
    So2Day,
    /// NO₂, 24 h mean.
    No2Day,
    /// CO, 24 h mean, mg/m³.
    CoDay,
    /// O₃, 8 h running mean.
    O3EightHours,
    /// SO₂, 1 h mean.
    So2Hour,
    /// NO₂, 1 h mean.
    No2Hour,
    /// CO, 1 h mean, mg/m³.
    CoHour,
    /// O₃, 1 h mean.
    O3Hour,
}

/// IAQI at the breakpoints.
const IAQI: [i64; 8] = [0, 50, 100, 150, 200, 300, 400, 500];

impl Pollutant {
    /// Concentrations at the breakpoints of [`IAQI`].
    const fn breaks(self) -> &'static [i64] {
        match self {
            Self::Pm25 => &[0, 35, 60, 115, 150, 250, 350, 500],
            Self::Pm10 => &[0, 50, 120, 250, 350, 420, 500, 600],
            Self::So2Day => &[0, 50, 150, 475, 800, 1600, 2100, 2620],
            Self::No2Day => &[0, 40, 80, 180, 280, 565, 750, 940],
            Self::CoDay => &[0, 2, 4, 14, 24, 36, 48, 60],
            Self::O3EightHours => &[0, 100, 160, 215, 265, 800],
            Self::So2Hour => &[0, 150, 500, 650, 800],
            Self::No2Hour => &[0, 100, 200, 700, 1200, 2340, 3090, 3840],
            Self::CoHour => &[0, 5, 10, 35, 60, 90, 120, 150],
            Self::O3Hour => &[0, 160, 200, 300, 400, 800, 1000, 1200],
        }
    }
}

/// The individual index of a concentration, rounded up; `None` for what is no concentration.
///
/// The concentration is rounded first (integer µg/m³, CO one decimal). Beyond the last breakpoint
/// the index stays at it: 500, 300 for 8 h ozone, 200 for hourly SO₂.
#[must_use]
pub fn iaqi(pollutant: Pollutant, concentration: f64) -> Option<u16> {
    if !concentration.is_finite() || concentration < 0.0 {
        return None;
    }
    let co = matches!(pollutant, Pollutant::CoDay | Pollutant::CoHour);
    let tenths =
        if co { (concentration * 10.0).round() as i64 } else { (concentration.round() as i64).saturating_mul(10) };
    let breaks = pollutant.breaks();
    for i in 1..breaks.len() {
        let (low, high) = (breaks[i - 1] * 10, breaks[i] * 10);
        if tenths <= high {
            let (rise, run) = ((IAQI[i] - IAQI[i - 1]) * (tenths - low), high - low);
            return u16::try_from(IAQI[i - 1] + (rise + run - 1) / run).ok();
        }
    }
    u16::try_from(IAQI[breaks.len() - 1]).ok()
}

/// The index of a place: the largest individual index, and what causes it (only above 50).
#[must_use]
pub fn aqi(readings: &[(Pollutant, f64)]) -> Option<(u16, Vec<Pollutant>)> {
    let each: Vec<(Pollutant, u16)> = readings.iter().filter_map(|&(p, c)| iaqi(p, c).map(|i| (p, i))).collect();
    let max = each.iter().map(|e| e.1).max()?;
    let primary = if max > 50 { each.iter().filter(|e| e.1 == max).map(|e| e.0).collect() } else { Vec::new() };
    Some((max, primary))
}

/// The smallest PM2.5 value, µg/m³, whose index reaches `index`; `None` above 500.
#[must_use]
pub fn pm25_reaching(index: u16) -> Option<f64> {
    (0..=500_u16).find(|&c| iaqi(Pollutant::Pm25, f64::from(c)) >= Some(index)).map(|c| f64::from(c) - 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_domain_2_3() {
        use Pollutant::*;
        for (p, c, want) in [
            (Pm25, 35.0, 50),
            (Pm25, 36.0, 52),
            (Pm25, 60.0, 100),
            (Pm25, 75.0, 114),
            (Pm25, 121.0, 159),
            (Pm25, 500.0, 500),
            (Pm25, 620.0, 500),
            (Pm10, 120.0, 100),
            (Pm10, 150.0, 112),
            (No2Day, 41.0, 52),
            (CoDay, 2.3, 58),
            (O3EightHours, 161.0, 101),
            (O3EightHours, 215.0, 150),
            (O3EightHours, 800.0, 300),
            (So2Day, 51.0, 51),
            (So2Hour, 900.0, 200),
            (Pm25, 0.0, 0),
        ] {
            assert_eq!(iaqi(p, c), Some(want), "{p:?} {c}");
        }
        assert_eq!(iaqi(Pm25, -1.0), None);
        assert_eq!(iaqi(Pm25, f64::NAN), None);
        assert_eq!(iaqi(Pm25, 1e300), Some(500));
    }

    #[test]
    fn the_worst_pollutant_decides_and_is_named_above_50() {
        use Pollutant::*;
        assert_eq!(aqi(&[(Pm25, 75.0), (Pm10, 120.0)]), Some((114, vec![Pm25])));
        assert_eq!(aqi(&[(Pm25, 20.0), (Pm10, 30.0)]), Some((30, vec![])));
        assert_eq!(aqi(&[]), None);
    }

    #[test]
    fn thresholds_on_the_index_are_thresholds_on_the_concentration() {
        for index in 1..=500 {
            let c = pm25_reaching(index).unwrap();
            assert!(iaqi(Pollutant::Pm25, c) >= Some(index));
            assert!(iaqi(Pollutant::Pm25, c - 0.01) < Some(index));
        }
        assert_eq!(pm25_reaching(501), None);
    }
}
