//! 趋势: one stream's past, its thresholds, and the hours ahead where somebody says them.

use guanlan_core::{AlertLevel, Lang, SensorId, Stamp};
use guanlan_room::Picture;
use guanlan_room::journal::history::{Level, Mark, Series};

use super::{number, span};
use crate::{
    past::{Past, SeriesQuestion, Span},
    words::{tr, tr_with},
};

/// Spans offered, shortest first.
pub const SPANS: [Span; 5] = [Span::Hours2, Span::Day, Span::Week, Span::Month, Span::Year];

/// A chart of one stream. Times are minutes of Unix time, values in the unit of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendVm {
    /// The stream.
    pub sensor: SensorId,
    /// Its name.
    pub name: String,
    /// What it measures.
    pub property: String,
    /// Unit.
    pub unit: &'static str,
    /// Newest value.
    pub value: String,
    /// How old it is and how good.
    pub state: String,
    /// Level of its worst alert.
    pub level: AlertLevel,
    /// Span shown.
    pub span: Span,
    /// Begin and end of the chart, the hours ahead included.
    pub range_min: [f64; 2],
    /// The instant shown.
    pub now_min: f64,
    /// Readings, or means.
    pub line: Vec<[f64; 2]>,
    /// Smallest and largest value of each point, where points are many readings.
    pub band: Vec<[f64; 3]>,
    /// Points that are not believed.
    pub doubted: Vec<[f64; 2]>,
    /// What a model expects.
    pub ahead: Vec<[f64; 2]>,
    /// Thresholds of the rules in force, least severe first.
    pub thresholds: Vec<(AlertLevel, f64)>,
    /// Smallest, mean and largest value over the span, in words.
    pub figures: Vec<(&'static str, String)>,
    /// What the points are, or why there are none.
    pub made_of: String,
    /// Local m.
    pub place_m: Option<[f64; 2]>,
}

fn minutes(at: Stamp) -> f64 {
    at.0 as f64 / 60_000.0
}

/// The thresholds that colour a stream, least severe first.
#[must_use]
pub fn thresholds(
    picture: &Picture,
    sensor: &SensorId,
    property: guanlan_core::ObservedProperty,
) -> Vec<(AlertLevel, f64)> {
    let rule = picture
        .rules
        .rules()
        .iter()
        .find(|r| r.property == Some(property) && r.is_plain() && r.thresholds_for(sensor, picture.now).is_some());
    let levels = [AlertLevel::Blue, AlertLevel::Yellow, AlertLevel::Orange, AlertLevel::Red];
    rule.and_then(|r| r.thresholds_for(sensor, picture.now))
        .map(|t| levels.into_iter().zip(t.iter()).filter_map(|(l, v)| Some((l, (*v)?))).collect())
        .unwrap_or_default()
}

/// The question of a chart.
#[must_use]
pub fn question(
    picture: &Picture,
    timeline: &guanlan_core::TimelineId,
    sensor: &SensorId,
    span: Span,
) -> SeriesQuestion {
    // A replay moves: its chart ends where it stands, in steps of ten seconds.
    let until = picture.playback.replay.then(|| Stamp(picture.now.0.div_euclid(10_000) * 10_000 + 10_000));
    SeriesQuestion { timeline: timeline.clone(), sensor: sensor.clone(), span, until }
}

fn made_of(series: &Series, lang: Lang) -> String {
    let grain = match series.level {
        Level::Raw => "k-trend-raw",
        Level::Minute => "k-trend-minute",
        Level::Hour => "k-trend-hour",
        Level::Day => "k-trend-day",
    };
    tr_with(lang, "k-trend-made-of", &[("grain", tr(lang, grain)), ("n", &series.readings.to_string())])
}

/// Depths a forecast says for this stream, cm.
fn ahead(picture: &Picture, sensor: &SensorId, unit: &str) -> Vec<[f64; 2]> {
    let Some(report) = &picture.forecast.latest else { return Vec::new() };
    let per_mm = match unit {
        "cm" => 0.1,
        "m" => 0.001,
        "mm" => 1.0,
        _ => return Vec::new(),
    };
    let Some(site) = report.sites.iter().find(|s| s.id == sensor.as_str()) else { return Vec::new() };
    let step_ms = i64::from(report.step_s) * 1000;
    let points = site.depth_mm.iter().enumerate();
    let at = |k: usize| report.from + step_ms * k as i64;
    points.filter(|(k, _)| at(*k) >= picture.now).map(|(k, d)| [minutes(at(k)), f64::from(*d) * per_mm]).collect()
}

/// The chart of a stream; `None` when there is no such stream.
#[must_use]
pub fn trend(picture: &Picture, past: &Past, question: &SeriesQuestion, kept: bool, lang: Lang) -> Option<TrendVm> {
    let row = picture.sensors.find(&question.sensor)?;
    let unit = row.meta.property.unit_in(lang);
    let (value, age) = match row.latest {
        Some((v, at)) => {
            (format!("{} {unit}", number(v)), tr_with(lang, "k-ago", &[("span", &span(lang, picture.now - at))]))
        }
        None => ("–".to_owned(), tr(lang, "k-layer-never").to_owned()),
    };
    let level = picture.alerts.active().iter().filter(|a| a.index == row.index).map(|a| a.level).max();
    let from = picture.now + -question.span.ms();
    let mut vm = TrendVm {
        sensor: question.sensor.clone(),
        name: row.meta.name.get(lang).to_owned(),
        property: row.meta.property.name().get(lang).to_owned(),
        unit,
        value,
        state: format!("{age} · {}", row.quality.name().get(lang)),
        level: level.unwrap_or_default(),
        span: question.span,
        range_min: [minutes(from), minutes(picture.now)],
        now_min: minutes(picture.now),
        line: Vec::new(),
        band: Vec::new(),
        doubted: Vec::new(),
        ahead: if question.span == Span::Hours2 { ahead(picture, &question.sensor, unit) } else { Vec::new() },
        thresholds: thresholds(picture, &question.sensor, row.meta.property),
        figures: Vec::new(),
        made_of: String::new(),
        place_m: row.meta.place_m,
    };
    if let Some(last) = vm.ahead.last() {
        vm.range_min[1] = last[0];
    }
    match past.series(question) {
        Some(Ok(Some(series))) => {
            vm.line = series.points.iter().map(|p| [minutes(p.at), p.value]).collect();
            if series.level != Level::Raw {
                vm.band = series.points.iter().map(|p| [minutes(p.at), p.min, p.max]).collect();
            }
            let doubted = series.points.iter().filter(|p| p.mark.quality() != Mark::GOOD);
            vm.doubted = doubted.map(|p| [minutes(p.at), p.value]).collect();
            vm.made_of = made_of(series, lang);
            vm.figures = summary(series, unit);
        }
        Some(Ok(None)) => vm.made_of = tr(lang, "k-trend-none").to_owned(),
        Some(Err(why)) => vm.made_of = tr_with(lang, "k-trend-broken", &[("why", why)]),
        None => {
            // What the room itself remembers: two hours.
            let points = picture.sensors.trend(row.index).map_or(&[][..], |t| t.points());
            vm.line = points.iter().filter(|p| p.at >= from).map(|p| [minutes(p.at), p.value]).collect();
            vm.made_of = tr(lang, if kept { "k-trend-asking" } else { "k-trend-not-kept" }).to_owned();
        }
    }
    Some(vm)
}

/// Smallest, mean, largest.
fn summary(series: &Series, unit: &str) -> Vec<(&'static str, String)> {
    let (mut low, mut high, mut sum, mut n) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0u64);
    for p in &series.points {
        low = low.min(p.min);
        high = high.max(p.max);
        sum += p.value * p.count as f64;
        n += p.count;
    }
    if n == 0 {
        return Vec::new();
    }
    let said = |v: f64| format!("{} {unit}", number(v));
    vec![("k-trend-low", said(low)), ("k-trend-mean", said(sum / n as f64)), ("k-trend-high", said(high))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_city::City;
    use guanlan_city::model::SensorSpec;
    use guanlan_core::{Bilingual, Input, ObservedProperty, input::Observation};
    use std::sync::Arc;

    #[test]
    fn without_a_history_the_room_itself_remembers_and_thresholds_are_those_in_force() {
        let city = Arc::new(City {
            sensors: vec![SensorSpec {
                id: "g".into(),
                name: Bilingual::new("下穿水尺", "Underpass gauge"),
                property: ObservedProperty::RoadWaterDepth,
                place_m: Some([1.0, 2.0]),
                height_m: 0.0,
                period_s: 60,
            }],
            ..City::default()
        });
        let mut machine = machine(&city);
        let t0 = Stamp::from_secs(1_000_000);
        for k in 0..8 {
            let now = t0 + k * 60_000;
            let result = 5.0 * k as f64;
            let o = Observation { sensor: "g".into(), phenomenon: now, received: now, result };
            machine.tick(now, vec![Input::Observation(o)]);
        }
        let p = picture(&machine);
        let q = question(&p, &"live".into(), &"g".into(), Span::Hours2);
        assert_eq!(q.until, None, "the living city's chart ends now");
        let vm = trend(&p, &Past::default(), &q, false, Lang::En).unwrap();
        assert_eq!((vm.line.len(), vm.unit, vm.value.as_str()), (8, "cm", "35 cm"));
        assert!(vm.line.windows(2).all(|w| w[1][0] > w[0][0]) && vm.line[7][0] == vm.now_min);
        assert!(vm.thresholds.len() >= 2 && vm.thresholds.windows(2).all(|w| w[1].1 > w[0].1), "{:?}", vm.thresholds);
        assert!(vm.level > AlertLevel::Normal && vm.made_of.contains("not kept"), "{}", vm.made_of);
        assert!(
            trend(&p, &Past::default(), &question(&p, &"live".into(), &"x".into(), Span::Day), false, Lang::En)
                .is_none()
        );
    }
}
