//! Key figures of the day and the curves of the last two hours.

use std::collections::BTreeMap;

use guanlan_core::{AlertLevel, Lang, ObservedProperty, Stamp};
use guanlan_room::Picture;

use super::{alerts::trend_of, crews::STATUSES};

/// A figure: number first, label under.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Key of its label.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// It asks for attention.
    pub alarming: bool,
    /// Change against the hour before; `None` where that says nothing.
    pub change: Option<i64>,
    /// Unit, empty for counts.
    pub unit: &'static str,
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it is.
    pub name: String,
    /// Level that decides its colour.
    pub level: AlertLevel,
    /// Minutes before now (negative) and value.
    pub points: Vec<[f64; 2]>,
}

/// Figures and curves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FiguresVm {
    /// 今日 上报 立案 派遣 处置 结案 在办 超期.
    pub figures: Vec<Figure>,
    /// Rates in %: key of the label and rate.
    pub rates: Vec<(&'static str, Option<f64>)>,
    /// Mean rain over the gauges, mm/h.
    pub rain: Vec<[f64; 2]>,
    /// The worst water gauges, cm.
    pub gauges: Vec<Curve>,
    /// Cases opened in each of the last twelve hours: hour of the day and count, oldest first.
    pub hours: Vec<(u8, u32)>,
    /// Crews by status.
    pub crews: [usize; 6],
}

/// Streams of charts, kept while the table does not grow: 300 000 rows are not searched each time.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    known: usize,
    rain: Vec<u32>,
    water: Vec<u32>,
}

impl Gauges {
    /// Looks for gauges again when there are more sensors than before.
    pub fn follow(&mut self, picture: &Picture) {
        if self.known == picture.sensors.len() {
            return;
        }
        let of = |property| -> Vec<u32> {
            picture.sensors.rows().filter(|r| r.meta.property == property).map(|r| r.index).collect()
        };
        self.known = picture.sensors.len();
        self.rain = of(ObservedProperty::RainIntensity);
        self.water = of(ObservedProperty::RoadWaterDepth);
    }

    /// Mean of the rain gauges by minute.
    #[must_use]
    pub fn rain(&self, picture: &Picture) -> Vec<[f64; 2]> {
        let mut minutes: BTreeMap<i64, (f64, u32)> = BTreeMap::new();
        for &index in &self.rain {
            for point in picture.sensors.trend(index).map_or(&[][..], |t| t.points()) {
                let slot = minutes.entry((point.at - picture.now).div_euclid(60_000)).or_default();
                *slot = (slot.0 + point.value, slot.1 + 1);
            }
        }
        minutes
            .into_iter()
            .filter(|(m, _)| (-120..=0).contains(m))
            .map(|(m, (sum, n))| [m as f64, sum / f64::from(n.max(1))])
            .collect()
    }

    /// The three deepest road gauges now.
    #[must_use]
    pub fn worst(&self, picture: &Picture, lang: Lang) -> Vec<Curve> {
        let mut wet: Vec<(u32, f64)> = self
            .water
            .iter()
            .filter_map(|&i| picture.sensors.row(i)?.latest.map(|(v, _)| (i, v)))
            .filter(|(_, v)| *v > 2.0)
            .collect();
        wet.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let level_of = |index: u32| {
            picture.alerts.active().iter().filter(|a| a.index == index).map(|a| a.level).max().unwrap_or_default()
        };
        wet.into_iter()
            .take(3)
            .filter_map(|(index, _)| {
                let name = picture.sensors.meta(index)?.name.get(lang).to_owned();
                Some(Curve { name, level: level_of(index), points: trend_of(picture, index) })
            })
            .collect()
    }
}

/// Cases opened between two instants.
fn opened(picture: &Picture, from: Stamp, to: Stamp) -> u32 {
    picture.cases.cases().values().filter(|c| c.opened >= from && c.opened < to).count() as u32
}

/// Cases opened in each of the last twelve clock hours.
fn by_hour(picture: &Picture) -> Vec<(u8, u32)> {
    let hour_ms = 3_600_000;
    let this = picture.now.0.div_euclid(hour_ms);
    let mut counts = [0u32; 12];
    for case in picture.cases.cases().values() {
        let ago = this - case.opened.0.div_euclid(hour_ms);
        if let Some(slot) = usize::try_from(ago).ok().and_then(|a| counts.get_mut(a)) {
            *slot += 1;
        }
    }
    (0..12)
        .rev()
        .map(|ago| {
            let hour = Stamp((this - ago as i64) * hour_ms).local().hour();
            (u8::try_from(hour).unwrap_or(0), counts[ago])
        })
        .collect()
}

/// The figures of a picture.
#[must_use]
pub fn figures(picture: &Picture, gauges: &Gauges, lang: Lang) -> FiguresVm {
    let k = &picture.kpis.total;
    let hour = 3_600_000;
    let change = i64::from(opened(picture, picture.now + -hour, picture.now))
        - i64::from(opened(picture, picture.now + -2 * hour, picture.now + -hour));
    let figure = |label, n: u32| Figure { label, value: n.to_string(), alarming: false, change: None, unit: "" };
    let mut crews = [0; 6];
    for unit in picture.units.units.iter() {
        if let Some(i) = STATUSES.iter().position(|s| *s == unit.status) {
            crews[i] += 1;
        }
    }
    FiguresVm {
        figures: vec![
            Figure { change: Some(change), ..figure("k-kpi-reported", k.reported) },
            figure("k-kpi-registered", k.registered),
            figure("k-kpi-dispatched", k.dispatched),
            figure("k-kpi-handled", k.handled),
            figure("k-kpi-closed", k.closed),
            figure("k-kpi-open", k.open),
            Figure { alarming: k.overdue > 0, ..figure("k-kpi-overdue", k.overdue) },
        ],
        rates: vec![
            ("k-rate-register", k.in_time_register_rate()),
            ("k-rate-dispatch", k.in_time_dispatch_rate()),
            ("k-rate-handle", k.in_time_handle_rate()),
            ("k-rate-close", k.in_time_close_rate()),
        ],
        rain: gauges.rain(picture),
        gauges: gauges.worst(picture, lang),
        hours: by_hour(picture),
        crews,
    }
}
