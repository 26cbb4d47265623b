//! The weather of a file and what changes by month: air, wind, rain or snow (reference manual, volume I, chapters 2 and 6).

use guanlan_city::model::drainage::{Air, Climate, DrainageNetwork, Wind};

use crate::drains::supply::{day_of_year, month_of};

const DAY_S: f64 = 86_400.0;
/// Air where the file has none, °C (SWMM: 70 °F).
const MILD_C: f64 = 190.0 / 9.0;
const MILE_H_M_S: f64 = 0.447_04;
const INCH_M: f64 = 0.0254;
const FOOT_M: f64 = 0.3048;

/// Weather, ready to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sky {
    climate: Climate,
    /// Points of the air's series, °C.
    series: Vec<[f64; 2]>,
    start_s: f64,
    /// Snow is not told from rain.
    no_snow: bool,
}

/// Of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moment {
    pub air_c: f64,
    /// Wind, and the psychrometric constant, inches of mercury per °F.
    pub wind_mph: f64,
    pub psychrometric: f64,
    /// Between midwinter (−1) and midsummer (1).
    pub season: f64,
    pub snows: bool,
    pub month: usize,
}

impl Sky {
    pub fn of(network: &DrainageNetwork) -> Self {
        let climate = network.climate.clone();
        let series = match climate.air {
            Air::Series { series, fahrenheit } => {
                let points = network.series.get(series).map_or(&[][..], |s| &s.points);
                points.iter().map(|p| [p[0], if fahrenheit { (p[1] - 32.0) / 1.8 } else { p[1] }]).collect()
            }
            _ => Vec::new(),
        };
        Self { series, start_s: network.start_s as f64, no_snow: network.option_yes("IGNORE_SNOWMELT"), climate }
    }

    pub fn climate(&self) -> &Climate {
        &self.climate
    }

    fn day(&self, t_s: f64) -> i64 {
        ((self.start_s + t_s) / DAY_S).floor() as i64
    }

    /// The weather at a time.
    pub fn at(&self, t_s: f64) -> Moment {
        let day = self.day(t_s);
        let month = month_of(day);
        let of_year = day_of_year(day) as f64;
        let adjust = self.climate.adjust.air_k[month];
        let air_c = match &self.climate.air {
            Air::None => MILD_C,
            Air::Series { .. } => ends_held(&self.series, t_s).map_or(MILD_C, |c| c + adjust),
            Air::Days(days) => self.of_the_day(days, day, t_s, of_year),
        };
        let has_air = !matches!(self.climate.air, Air::None);
        let high = self.climate.elevation_m / FOOT_M / 1000.0;
        let pressure = if high <= 0.0 { 29.9 } else { 29.9 - 1.02 * high + 0.0032 * high.powf(2.4) };
        let wind_m_s = match &self.climate.wind {
            Wind::Months(months) => months[month],
            Wind::Days(days) => nth(days, day - self.day(0.0)).copied().unwrap_or(0.0),
        };
        Moment {
            air_c,
            wind_mph: wind_m_s / MILE_H_M_S,
            psychrometric: 0.000_359 * pressure,
            season: if has_air { (0.017_261_5 * (of_year - 81.0)).sin() } else { 0.0 },
            snows: !self.no_snow && air_c <= self.climate.snow_below_c,
            month,
        }
    }

    /// Least temperature at sunrise, greatest three hours before sunset, sines between them.
    fn of_the_day(&self, days: &[[f64; 2]], day: i64, t_s: f64, of_year: f64) -> f64 {
        let of = |day: i64| {
            let pair = nth(days, day - self.day(0.0)).copied().unwrap_or([MILD_C; 2]);
            let adjust = self.climate.adjust.air_k[month_of(day)];
            [pair[0].min(pair[1]) + adjust, pair[0].max(pair[1]) + adjust]
        };
        let [low, high] = of(day);
        let before = if day > self.day(0.0) { of(day - 1)[1] } else { high };
        let tilt = 0.409_28 * (0.017_202 * (172.0 - of_year)).cos();
        let half_h = 3.8197 * (-tilt.tan() * self.climate.latitude_deg.to_radians().tan()).clamp(-1.0, 1.0).acos();
        let rise_h = 12.0 - half_h + self.climate.sun_late_h;
        let peak_h = 12.0 + half_h + self.climate.sun_late_h - 3.0;
        let (lit, dark) = (rise_h - peak_h, 24.0 + rise_h - peak_h);
        let (mean, range) = (0.5 * (low + high), 0.5 * (high - low));
        let hour = (self.start_s + t_s).rem_euclid(DAY_S) / 3600.0;
        let pi = std::f64::consts::PI;
        if hour < rise_h {
            low + 0.5 * (before - low) * (pi / dark * (rise_h - hour)).sin()
        } else if hour <= peak_h {
            mean + range * (pi / lit * (0.5 * (rise_h + peak_h) - hour)).sin()
        } else {
            high - range * (pi / dark * (hour - peak_h)).sin()
        }
    }
}

impl Moment {
    /// Melt under rain, m/s, by Anderson's formula (US units); none in a drizzle.
    pub fn rain_melt_m_s(&self, rain_m_s: f64) -> f64 {
        let rain = rain_m_s / INCH_M * 3600.0;
        if rain <= 0.02 {
            return 0.0;
        }
        let fahrenheit = self.air_c * 1.8 + 32.0;
        // Saturated vapour, inches of mercury.
        let vapour = 8.1175e6 * (-7701.544 / (fahrenheit + 405.0265)).exp();
        let wind = 0.006 * self.wind_mph;
        let inch_h = (fahrenheit - 32.0) * (0.001_167 + 7.5 * self.psychrometric * wind + 0.007 * rain)
            + 8.5 * wind * (vapour - 0.18);
        inch_h * INCH_M / 3600.0
    }
}

/// Of a list by day; the last one goes on.
fn nth<T>(list: &[T], k: i64) -> Option<&T> {
    list.get(usize::try_from(k).unwrap_or(0)).or(list.last())
}

/// Straight lines between points, the ends' values beyond them.
fn ends_held(points: &[[f64; 2]], t: f64) -> Option<f64> {
    let after = points.partition_point(|p| p[0] <= t);
    match (after.checked_sub(1).map(|k| points[k]), points.get(after)) {
        (Some(a), Some(b)) => Some(a[1] + (b[1] - a[1]) * (t - a[0]) / (b[0] - a[0])),
        (a, b) => a.or(b.copied()).map(|p| p[1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_least_at_sunrise_and_their_greatest_in_the_afternoon() {
        let climate = Climate { air: Air::Days(vec![[-5.0, 5.0], [-3.0, 9.0]]), ..Climate::default() };
        // The equinox: sunrise at 6, greatest at 15 h.
        let sky = Sky { climate, start_s: 79.0 * DAY_S, ..Sky::default() };
        let hours = |h: f64| sky.at(h * 3600.0).air_c;
        let coldest = (0..240).map(|k| f64::from(k) * 0.1).min_by(|a, b| hours(*a).total_cmp(&hours(*b))).unwrap();
        assert!((coldest - 6.0).abs() < 0.3, "{coldest}");
        assert!((hours(15.0) - 5.0).abs() < 0.1 && (hours(6.0) + 5.0).abs() < 0.1);
        assert!((hours(24.0 + 15.0) - 9.0).abs() < 0.1);
        assert!(sky.at(6.0 * 3600.0).snows && !sky.at(15.0 * 3600.0).snows);
    }

    #[test]
    fn melt_under_rain_is_andersons() {
        // 40 °F, 10 mph, .1 in/h at sea level: 8 (.001167 + 7.5 · .01073 · .06 + .0007) + 8.5 · .06 (.2478 − .18).
        let moment = Moment { air_c: 40.0 / 9.0, wind_mph: 10.0, psychrometric: 0.000_359 * 29.9, ..Moment::default() };
        let melt = moment.rain_melt_m_s(0.1 * INCH_M / 3600.0) / INCH_M * 3600.0;
        assert!((melt - 0.0882).abs() < 0.002, "{melt}");
        assert_eq!(moment.rain_melt_m_s(0.01 * INCH_M / 3600.0), 0.0);
    }
}
