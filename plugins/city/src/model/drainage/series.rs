//! Curves, time series, patterns, and the inflows that use them.

use serde::{Deserialize, Serialize};

/// What a curve relates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CurveKind {
    /// Depth m → area m².
    #[default]
    Storage,
    /// Relative depth → relative width.
    Shape,
    /// Inflow m³/s → diverted flow m³/s.
    Diversion,
    /// Hour of the day → level m.
    Tidal,
    /// Volume m³ → flow m³/s, in steps.
    Pump1,
    /// Depth m → flow m³/s, in steps.
    Pump2,
    /// Head m → flow m³/s.
    Pump3,
    /// Depth m → flow m³/s.
    Pump4,
    /// Head m → flow m³/s at full speed, scaled by the affinity laws.
    Pump5,
    /// Depth or head m → flow m³/s.
    Rating,
    /// A controlled variable, in SI (see the rule) → a setting.
    Control,
    /// Head m → weir coefficient, SI.
    Weir,
}

/// A curve, points in the units of its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Name in the file.
    pub id: String,
    /// What it relates.
    pub kind: CurveKind,
    /// Points, x ascending.
    pub points: Vec<[f64; 2]>,
}

impl Curve {
    /// Value at `x`: a straight line between points, the ends' values beyond them. `None` without points.
    #[must_use]
    pub fn at(&self, x: f64) -> Option<f64> {
        on_points(&self.points, x)
    }
}

/// A time series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSeries {
    /// Name in the file.
    pub id: String,
    /// Seconds since the start of the simulation → value in the file's unit; who uses the series says the scale.
    pub points: Vec<[f64; 2]>,
    /// External file it is kept in, as written; its points are read when it lies beside the `.inp`.
    pub file: String,
}

impl TimeSeries {
    /// Value at a time, s since the start: a straight line between points, 0 before the first and after the last,
    /// as SWMM's inflows.
    #[must_use]
    pub fn at(&self, time_s: f64) -> f64 {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) if time_s >= first[0] && time_s <= last[0] => {
                on_points(&self.points, time_s).unwrap_or(0.0)
            }
            _ => 0.0,
        }
    }
}

/// Value of a line of points at `x`; beyond its ends their values.
pub(crate) fn on_points(points: &[[f64; 2]], x: f64) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    if x <= first[0] {
        return Some(first[1]);
    }
    if x >= last[0] {
        return Some(last[1]);
    }
    let after = points.partition_point(|p| p[0] < x);
    let ([x0, y0], [x1, y1]) = (points[after - 1], points[after]);
    Some(if x1 > x0 { y0 + (y1 - y0) * (x - x0) / (x1 - x0) } else { y1 })
}

/// Over what a pattern repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatternKind {
    /// 12 months.
    #[default]
    Monthly,
    /// 7 days from Sunday.
    Daily,
    /// 24 hours.
    Hourly,
    /// 24 hours of weekend days.
    Weekend,
}

/// A time pattern.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// Name in the file.
    pub id: String,
    /// Over what it repeats.
    pub kind: PatternKind,
    /// Multipliers; 1 where the file has fewer.
    pub multipliers: Vec<f64>,
}

/// A direct inflow: `baseline · pattern + series · scale`, m³/s.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inflow {
    /// Index of the node.
    pub node: usize,
    /// Index into `series`.
    pub series: Option<usize>,
    /// m³/s for a value of 1 in the series.
    pub scale_m3_s: f64,
    /// Constant part, m³/s.
    pub baseline_m3_s: f64,
    /// Index into `patterns`, for the constant part.
    pub pattern: Option<usize>,
}

/// Dry weather (sanitary) inflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DryWeatherFlow {
    /// Index of the node.
    pub node: usize,
    /// Mean, m³/s.
    pub average_m3_s: f64,
    /// Indices into `patterns`; their multipliers are multiplied.
    pub patterns: Vec<usize>,
}

/// Evaporation from ponds and wet ground.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaporation {
    /// m/s in each month.
    pub monthly_m_s: [f64; 12],
    /// Index into `series` that replaces the monthly values.
    pub series: Option<usize>,
    /// m/s for a value of 1 in the series.
    pub scale_m_s: f64,
    /// Only while it does not rain.
    pub dry_only: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_joined_by_lines() {
        let points = vec![[0.0, 1.0], [2.0, 5.0], [2.0, 7.0], [4.0, 7.0]];
        let got: Vec<_> = [-1.0, 0.0, 1.0, 2.0, 3.0, 9.0].iter().map(|x| on_points(&points, *x).unwrap()).collect();
        assert_eq!(got, [1.0, 1.0, 3.0, 5.0, 7.0, 7.0]);
        let series = TimeSeries { points, ..TimeSeries::default() };
        assert_eq!([series.at(-0.1), series.at(1.0), series.at(4.1)], [0.0, 3.0, 0.0]);
        assert_eq!(Curve::default().at(1.0), None);
    }
}
