//! Water that enters at nodes, and the levels outfalls stand against, by time.

use guanlan_city::model::drainage::{DrainageNetwork, OutfallStage, PatternKind, TimeSeries};

use super::rdii::rdii_of;

const DAY_S: f64 = 86_400.0;

/// What the file lets flow into a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Supply {
    pub node: usize,
    constant_m3_s: f64,
    factors: Vec<Factors>,
    series: Option<(TimeSeries, f64)>,
    start_s: f64,
}

/// Multipliers by hour, day or month.
#[derive(Clone, Debug, PartialEq)]
struct Factors {
    kind: PatternKind,
    values: Vec<f64>,
    /// Weekends have hours of their own.
    weekdays_only: bool,
}

impl Factors {
    fn at(&self, clock_s: f64) -> f64 {
        let day = (clock_s / DAY_S).floor();
        let hour = ((clock_s - day * DAY_S) / 3600.0) as usize;
        // 1970-01-01 was a Thursday; patterns begin on Sunday.
        let weekday = (day as i64 + 4).rem_euclid(7) as usize;
        let weekend = weekday == 0 || weekday == 6;
        let k = match self.kind {
            PatternKind::Hourly if !(weekend && self.weekdays_only) => hour,
            PatternKind::Weekend if weekend => hour,
            PatternKind::Hourly | PatternKind::Weekend => return 1.0,
            PatternKind::Daily => weekday,
            PatternKind::Monthly => month_of(day as i64),
        };
        self.values.get(k).copied().unwrap_or(1.0)
    }
}

/// Month (0–11) of a day since 1970-01-01 (Hinnant's civil_from_days).
pub(super) fn month_of(day: i64) -> usize {
    let z = day + 719_468;
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    ((shifted + 2) % 12) as usize
}

/// Day of the year (1 is the first of January) of a day since 1970-01-01.
pub(super) fn day_of_year(day: i64) -> i64 {
    // Back to the last day in January whose day before was in December.
    (0..366).find(|back| month_of(day - back) == 0 && month_of(day - back - 1) == 11).unwrap_or(0) + 1
}

impl Supply {
    /// Flow at a time, m³/s.
    pub fn at(&self, t_s: f64) -> f64 {
        let factor: f64 = self.factors.iter().map(|f| f.at(self.start_s + t_s)).product();
        let series = self.series.as_ref().map_or(0.0, |(series, scale)| scale * series.at(t_s));
        self.constant_m3_s * factor + series
    }
}

pub(super) fn supplies_of(network: &DrainageNetwork, nodes: usize) -> Vec<Supply> {
    let start_s = network.start_s as f64;
    let factors = |k: &usize| {
        let p = network.patterns.get(*k)?;
        Some(Factors { kind: p.kind, values: p.multipliers.clone(), weekdays_only: false })
    };
    let direct = network.inflows.iter().map(|inflow| Supply {
        node: inflow.node,
        constant_m3_s: inflow.baseline_m3_s,
        factors: inflow.pattern.iter().filter_map(factors).collect(),
        series: inflow.series.and_then(|k| network.series.get(k)).map(|s| (s.clone(), inflow.scale_m3_s)),
        start_s,
    });
    let sanitary = network.dry_weather.iter().map(|flow| Supply {
        node: flow.node,
        constant_m3_s: flow.average_m3_s,
        factors: {
            let mut all: Vec<Factors> = flow.patterns.iter().filter_map(factors).collect();
            // Hours of the week hold at weekends, too, unless those have their own.
            let own = all.iter().any(|f| f.kind == PatternKind::Weekend);
            all.iter_mut().for_each(|f| f.weekdays_only = own);
            all
        },
        series: None,
        start_s,
    });
    direct.chain(sanitary).filter(|s| s.node < nodes && s.constant_m3_s.is_finite()).collect()
}

/// Inflow of rain by unit hydrographs, m³/s at nodes.
pub(super) fn rain_supplies(network: &DrainageNetwork, notes: &mut Vec<String>) -> Vec<Supply> {
    let start_s = network.start_s as f64;
    let of = |(node, series, area_m2)| Supply {
        node,
        constant_m3_s: 0.0,
        factors: Vec::new(),
        series: Some((series, area_m2)),
        start_s,
    };
    rdii_of(network, notes).into_iter().map(of).collect()
}

/// Potential evaporation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sun {
    /// Added to what follows, by month.
    adjust_m_s: [f64; 12],
    monthly_m_s: [f64; 12],
    series: Option<(Vec<[f64; 2]>, f64)>,
    /// Not from the ground while it rains.
    pub dry_only: bool,
    start_s: f64,
}

impl Sun {
    pub fn of(network: &DrainageNetwork) -> Self {
        let e = &network.evaporation;
        let series = e.series.and_then(|k| network.series.get(k)).map(|s| (s.points.clone(), e.scale_m_s));
        let adjust_m_s = network.climate.adjust.evaporation_m_s;
        Self { adjust_m_s, monthly_m_s: e.monthly_m_s, series, dry_only: e.dry_only, start_s: network.start_s as f64 }
    }

    /// Is there any?
    pub fn shines(&self) -> bool {
        self.series.is_some() || self.monthly_m_s.iter().chain(&self.adjust_m_s).any(|v| *v > 0.0)
    }

    /// When a series changes next after a time, s; infinity when it does no more.
    pub fn next_change_s(&self, t_s: f64) -> f64 {
        let Some((points, _)) = &self.series else { return f64::INFINITY };
        points.get(points.partition_point(|p| p[0] <= t_s)).map_or(f64::INFINITY, |p| p[0])
    }

    /// At a time, m/s.
    pub fn at(&self, t_s: f64) -> f64 {
        let month = month_of(((self.start_s + t_s) / DAY_S).floor() as i64);
        let rate = match &self.series {
            Some((points, scale)) => {
                let after = points.partition_point(|p| p[0] <= t_s);
                after.checked_sub(1).map_or(0.0, |k| points[k][1] * scale)
            }
            None => self.monthly_m_s[month],
        };
        (rate + self.adjust_m_s[month]).max(0.0)
    }
}

/// Level outside an outfall.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tide {
    pub stage: Stage,
    pub flap: bool,
    start_s: f64,
}

/// How the level is given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    Free,
    Normal,
    Level(f64),
    Hours(Vec<[f64; 2]>),
    Series(TimeSeries, f64),
}

impl Tide {
    /// Level at a time, m above datum; `None` for free and normal outfalls.
    pub fn level_m(&self, t_s: f64) -> Option<f64> {
        match &self.stage {
            Stage::Free | Stage::Normal => None,
            Stage::Level(level) => Some(*level),
            Stage::Hours(points) => {
                let hour = (self.start_s + t_s).rem_euclid(DAY_S) / 3600.0;
                Some(line(points, hour))
            }
            Stage::Series(series, scale) => Some(line(&series.points, t_s) * scale),
        }
    }
}

impl Tide {
    /// The same as SWMM reads it: a tide's hours count from the start of the run, whatever the clock says.
    pub fn level_in_swmm_m(&self, t_s: f64) -> Option<f64> {
        match &self.stage {
            Stage::Hours(points) => {
                let first = points.first().map_or(0.0, |p| p[0]);
                Some(line(points, first + t_s.rem_euclid(DAY_S) / 3600.0))
            }
            _ => self.level_m(t_s),
        }
    }
}

/// Straight lines between points; the ends' values beyond them.
fn line(points: &[[f64; 2]], x: f64) -> f64 {
    let after = points.partition_point(|p| p[0] <= x);
    match (after.checked_sub(1).map(|k| points[k]), points.get(after)) {
        (Some(a), Some(b)) => a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]),
        (Some(p), None) => p[1],
        (None, Some(p)) => p[1],
        (None, None) => 0.0,
    }
}

pub(super) fn tides_of(network: &DrainageNetwork) -> Vec<Option<Tide>> {
    let tide = |node: &guanlan_city::model::drainage::DrainNode| {
        (node.kind == guanlan_city::model::drainage::DrainNodeKind::Outfall).then(|| {
            let outfall = node.outfall.clone().unwrap_or_default();
            let stage = match outfall.stage {
                OutfallStage::Free => Stage::Free,
                OutfallStage::Normal => Stage::Normal,
                OutfallStage::FixedM(level) if level.is_finite() => Stage::Level(level),
                OutfallStage::FixedM(_) => Stage::Free,
                OutfallStage::Tidal(k) => network.curves.get(k).map_or(Stage::Free, |c| Stage::Hours(c.points.clone())),
                OutfallStage::Series { series, scale_m } => {
                    network.series.get(series).map_or(Stage::Free, |s| Stage::Series(s.clone(), scale_m))
                }
            };
            Tide { stage, flap: outfall.flap_gate, start_s: network.start_s as f64 }
        })
    };
    network.nodes.iter().map(tide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_follow_the_calendar() {
        assert_eq!([0, 31, 59, 364, 365 + 365 + 59].map(month_of), [0, 1, 2, 11, 1]);
        assert_eq!([0, 31, 364, 365].map(day_of_year), [1, 32, 365, 1]);
        let values: Vec<f64> = (0..24).map(f64::from).collect();
        let mut hourly = Factors { kind: PatternKind::Hourly, values, weekdays_only: false };
        assert_eq!(hourly.at(3600.0 * 5.5), 5.0);
        // Saturday: as any other day, unless weekends have a pattern of their own.
        assert_eq!(hourly.at(2.0 * DAY_S + 3600.0 * 5.5), 5.0);
        hourly.weekdays_only = true;
        assert_eq!(hourly.at(2.0 * DAY_S + 3600.0 * 5.5), 1.0);
    }
}
