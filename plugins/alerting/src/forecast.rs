//! What comes: a line through recent readings, or a model's series, and when a threshold is passed.
//!
//! The robust line is Theil–Sen: the median of the slopes between all pairs of readings, through the
//! median of what remains (Sen, JASA 63:1379, 1968). One bad reading in four does not move it.

use guanlan_core::{SensorId, Stamp};
use guanlan_sensing::TrendPoint;

use crate::rules::{Direction, Method, Rule};

/// Readings a line needs at least, and their span as a share of the window.
const FEWEST: usize = 4;
const SPAN: f64 = 0.25;
/// Readings a line is drawn through at most: 276 pairs.
pub(crate) const MOST: usize = 24;

/// A line through readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Instant of the last reading.
    pub at: Stamp,
    /// Value of the line then.
    pub value: f64,
    /// Change per hour.
    pub per_hour: f64,
}

fn median(list: &mut [f64]) -> f64 {
    list.sort_by(f64::total_cmp);
    let mid = list.len() / 2;
    if list.len() % 2 == 1 { list[mid] } else { (list[mid - 1] + list[mid]) / 2.0 }
}

/// The line through a series, oldest first; `None` when it is too short for the window.
#[must_use]
pub fn line(series: &[(Stamp, f64)], window_ms: i64, method: Method) -> Option<Line> {
    let (first, last) = (series.first()?, series.last()?);
    if series.len() < FEWEST || ((last.0 - first.0) as f64) < SPAN * window_ms as f64 {
        return None;
    }
    let hours = |at: Stamp| (at - last.0) as f64 / 3_600_000.0;
    let (value, per_hour) = if method == Method::Linear {
        let n = series.len() as f64;
        let mx = series.iter().map(|p| hours(p.0)).sum::<f64>() / n;
        let my = series.iter().map(|p| p.1).sum::<f64>() / n;
        let sxx: f64 = series.iter().map(|p| (hours(p.0) - mx) * (hours(p.0) - mx)).sum();
        let sxy: f64 = series.iter().map(|p| (hours(p.0) - mx) * (p.1 - my)).sum();
        if sxx <= 0.0 {
            return None;
        }
        (my - sxy / sxx * mx, sxy / sxx)
    } else {
        let mut slopes = Vec::with_capacity(series.len() * (series.len() - 1) / 2);
        for (i, a) in series.iter().enumerate() {
            for b in &series[i + 1..] {
                let dx = hours(b.0) - hours(a.0);
                if dx > 0.0 {
                    slopes.push((b.1 - a.1) / dx);
                }
            }
        }
        if slopes.is_empty() {
            return None;
        }
        let slope = median(&mut slopes);
        let mut rest: Vec<f64> = series.iter().map(|p| p.1 - slope * hours(p.0)).collect();
        (median(&mut rest), slope)
    };
    Some(Line { at: last.0, value, per_hour })
}

/// What is expected until the horizon.
#[derive(Clone, Debug, PartialEq)]
pub enum Ahead<'a> {
    /// Along a line.
    Line(Line),
    /// A model's series.
    Model(&'a [TrendPoint]),
}

impl Ahead<'_> {
    /// The worst value from `now` to the horizon.
    #[must_use]
    pub fn worst(&self, now: Stamp, within_ms: i64, direction: Direction) -> Option<f64> {
        let worse = |a: f64, b: f64| if direction == Direction::Above { a.max(b) } else { a.min(b) };
        match self {
            Self::Line(l) => {
                let end = l.value + l.per_hour * ((now + within_ms) - l.at) as f64 / 3_600_000.0;
                Some(worse(l.value, end))
            }
            Self::Model(series) => {
                series.iter().filter(|p| p.at >= now && p.at - now <= within_ms).map(|p| p.value).reduce(worse)
            }
        }
    }

    /// When a threshold is first reached, from `now` to the horizon.
    #[must_use]
    pub fn reaches(&self, threshold: f64, now: Stamp, within_ms: i64, direction: Direction) -> Option<Stamp> {
        let beyond = |v: f64| if direction == Direction::Above { v >= threshold } else { v <= threshold };
        match self {
            Self::Line(l) => {
                if beyond(l.value) {
                    return Some(now);
                }
                let toward = if direction == Direction::Above { l.per_hour > 0.0 } else { l.per_hour < 0.0 };
                if !toward {
                    return None;
                }
                let ms = (threshold - l.value) / l.per_hour * 3_600_000.0;
                let at = l.at + ms.min(1e15) as i64;
                (at - now <= within_ms).then_some(at.max(now))
            }
            Self::Model(series) => {
                let mut before: Option<&TrendPoint> = None;
                for p in series.iter() {
                    if p.at < now {
                        before = Some(p);
                        continue;
                    }
                    if p.at - now > within_ms {
                        return None;
                    }
                    if beyond(p.value) {
                        let crossed = before.filter(|b| !beyond(b.value)).map(|b| {
                            let share = (threshold - b.value) / (p.value - b.value);
                            b.at + (share * (p.at - b.at) as f64) as i64
                        });
                        return Some(crossed.unwrap_or(p.at).max(now));
                    }
                    before = Some(p);
                }
                None
            }
        }
    }
}

/// False when even the steepest step of a series, kept up to the horizon, reaches no threshold of a rule: no
/// median of slopes is steeper than the steepest step.
pub(crate) fn may_reach(series: &[(Stamp, f64)], rule: &Rule, sensor: &SensorId, at: Stamp) -> bool {
    let Some(thresholds) = rule.thresholds_for(sensor, at) else { return false };
    let Some(lowest) = rule.severities(thresholds).into_iter().flatten().reduce(f64::min) else { return false };
    let severity = |v: f64| rule.severity(v);
    let worst = series.iter().map(|p| severity(p.1)).fold(f64::MIN, f64::max);
    let steepest = series
        .windows(2)
        .map(|w| (severity(w[1].1) - severity(w[0].1)) / ((w[1].0 - w[0].0).max(1) as f64))
        .fold(0.0, f64::max);
    rule.absolute || worst + steepest * rule.within_ms as f64 >= lowest
}

/// What a method has to say: a model where it may and can, else a line.
#[must_use]
pub fn ahead<'a>(
    series: &[(Stamp, f64)],
    model: &'a [TrendPoint],
    window_ms: i64,
    method: Method,
    now: Stamp,
) -> Option<Ahead<'a>> {
    let speaks = model.iter().any(|p| p.at >= now);
    match method {
        Method::Auto | Method::Model if speaks => Some(Ahead::Model(model)),
        Method::Model => None,
        _ => line(series, window_ms, method).map(Ahead::Line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(min: i64) -> Stamp {
        Stamp::from_secs(min * 60)
    }

    #[test]
    fn red_in_38_minutes() {
        // 8 cm now, half a centimetre a minute: 27 cm in 38 minutes.
        let series: Vec<(Stamp, f64)> = (0..=20).map(|m| (at(m), 0.5 * m as f64 - 2.0)).collect();
        for method in [Method::Robust, Method::Linear, Method::Auto] {
            let a = ahead(&series, &[], 1_800_000, method, at(20)).unwrap();
            let eta = a.reaches(27.0, at(20), 3_600_000, Direction::Above).unwrap();
            assert!((eta - at(58)).abs() <= 1, "{method:?}: {eta}");
            assert!((a.worst(at(20), 3_600_000, Direction::Above).unwrap() - 38.0).abs() < 1e-9);
            assert_eq!(a.reaches(27.0, at(20), 30 * 60_000, Direction::Above), None, "not within half an hour");
            assert_eq!(a.reaches(-5.0, at(20), 3_600_000, Direction::Below), None, "it rises");
        }
        assert!(ahead(&series, &[], 1_800_000, Method::Model, at(20)).is_none());
    }

    #[test]
    fn one_bad_reading_does_not_move_the_robust_line() {
        let mut series: Vec<(Stamp, f64)> = (0..=20).map(|m| (at(m), m as f64)).collect();
        series[10].1 = 500.0;
        let robust = line(&series, 1_200_000, Method::Robust).unwrap();
        assert!((robust.per_hour - 60.0).abs() < 1e-9 && (robust.value - 20.0).abs() < 1e-9, "{robust:?}");
        let linear = line(&series, 1_200_000, Method::Linear).unwrap();
        assert!((linear.value - 20.0).abs() > 10.0);
        assert!(line(&series[..3], 1_200_000, Method::Robust).is_none());
        assert!(line(&series[..5], 1_200_000, Method::Robust).is_none(), "four minutes of twenty");
    }

    #[test]
    fn a_model_is_believed_where_it_speaks() {
        let model: Vec<TrendPoint> =
            (0..5).map(|k| TrendPoint { at: at(20 + 10 * k), value: 10.0 * k as f64 }).collect();
        let flat: Vec<(Stamp, f64)> = (0..=20).map(|m| (at(m), 1.0)).collect();
        let a = ahead(&flat, &model, 1_200_000, Method::Auto, at(22)).unwrap();
        assert_eq!(a.reaches(15.0, at(22), 3_600_000, Direction::Above), Some(at(35)));
        assert_eq!(a.worst(at(22), 20 * 60_000, Direction::Above), Some(20.0));
        let over = ahead(&flat, &model, 1_200_000, Method::Auto, at(90)).unwrap();
        assert!(matches!(over, Ahead::Line(_)), "it says nothing of the time after its last point");
    }
}
