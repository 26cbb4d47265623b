//! A run ahead in the words of the room.

use guanlan_core::{
    Bilingual, Stamp,
    water::{BuildingForecast, ForecastReport, Passing, RainSource, RoadForecast, SiteForecast, SiteKind},
};

use super::{Ahead, AheadCity, AheadSettings};

/// Sites told of at most.
const SITES: usize = 200;
/// Buildings told of at most.
const BUILDINGS: usize = 200;
/// A site that stays below this is not told of, mm.
const WET_MM: u16 = 20;

/// The report of a run. Its number is the second it begins at.
#[must_use]
pub fn report_of(
    ahead: &Ahead,
    city: &AheadCity,
    settings: AheadSettings,
    (rain, rain_mm): (RainSource, f64),
) -> ForecastReport {
    let limits_mm: Vec<u16> = city.limits.road.iter().map(|l| (l.depth_m * 1000.0).round() as u16).collect();
    let at = |k: usize| ahead.from + k as i64 * i64::from(settings.step_s) * 1000;
    let mut sites: Vec<SiteForecast> = city
        .sites
        .iter()
        .zip(&ahead.series_mm)
        .filter_map(|(site, series)| {
            let (peak_k, &peak_mm) = series.iter().enumerate().rev().max_by_key(|(_, d)| **d)?;
            (peak_mm >= WET_MM).then(|| SiteForecast {
                id: site.id.clone(),
                kind: site.kind,
                name: site.name.clone(),
                place_m: site.place_m,
                depth_mm: series.clone(),
                peak_mm,
                peak_at: at(peak_k),
                passes: passes(series, &limits_mm, &at),
            })
        })
        .collect();
    sites.sort_by(|a, b| b.peak_mm.cmp(&a.peak_mm).then_with(|| a.id.cmp(&b.id)));
    sites.truncate(SITES);
    // Times of the impact count from the start of the model.
    let stamp = |t_s: f64| ahead.from + ((t_s - ahead.begin_s) * 1000.0).round() as i64;
    let cars = city.limits.cars();
    let cars_id = city.limits.road.get(cars).map(|l| l.id.clone()).unwrap_or_default();
    let step_ms = i64::from(settings.step_s) * 1000;
    let mut roads: Vec<RoadForecast> = ahead
        .impact
        .roads
        .iter()
        .filter_map(|road| {
            let passed = road.limits.iter().find(|l| l.id == cars_id)?;
            let last = stamp(passed.last_s);
            Some(RoadForecast {
                edge: u32::try_from(road.edge).ok()?,
                name: road_name(city, road.edge, &road.name),
                underpass: road.underpass,
                from: stamp(passed.first_s),
                until: (last + step_ms <= ahead.to).then_some(last + step_ms),
                peak_mm: (road.max_depth_m * 1000.0).round().clamp(0.0, 65_534.0) as u16,
            })
        })
        .collect();
    roads.sort_by_key(|r| (r.from, !r.underpass, r.edge));
    let buildings = ahead
        .impact
        .buildings
        .iter()
        .take(BUILDINGS)
        .map(|b| BuildingForecast {
            id: b.id.clone(),
            name: b.name.clone(),
            place_m: b.place_m.map(f64::from),
            from: b.first_s.map(stamp),
            peak_mm: (b.over_sill_m * 1000.0).round().clamp(0.0, 65_534.0) as u16,
            residents: b.residents,
        })
        .collect();
    let mut report = ForecastReport {
        no: (ahead.from.0 / 1000).max(0) as u64,
        from: ahead.from,
        to: ahead.to,
        rain,
        rain_words: rain_words(rain, rain_mm, settings.minutes),
        rain_mm: (rain_mm * 10.0).round() / 10.0,
        speed: (ahead.speed * 10.0).round() / 10.0,
        step_s: settings.step_s,
        sites,
        roads,
        buildings,
        harm: ahead.harm,
        headline: Bilingual::default(),
    };
    report.headline = headline(&report, limits_mm.get(cars).copied().unwrap_or(270));
    report
}

fn road_name(city: &AheadCity, edge: usize, known: &Bilingual) -> Bilingual {
    if !known.zh.is_empty() || !known.en.is_empty() {
        return known.clone();
    }
    let underpass = city.city.roads.get(edge).is_some_and(|r| r.underpass);
    if underpass {
        Bilingual::new("下穿通道", "underpass")
    } else {
        Bilingual::new("未命名道路", "unnamed road")
    }
}

/// When each limit is passed for the first time and left again.
fn passes(series: &[u16], limits_mm: &[u16], at: &dyn Fn(usize) -> Stamp) -> Vec<Passing> {
    limits_mm
        .iter()
        .filter_map(|&limit_mm| {
            let from = series.iter().position(|d| *d >= limit_mm)?;
            let until = series[from..].iter().position(|d| *d < limit_mm).map(|k| at(from + k));
            Some(Passing { limit_mm, from: at(from), until })
        })
        .collect()
}

fn rain_words(rain: RainSource, mm: f64, minutes: u32) -> Bilingual {
    let name = rain.name();
    let hours = f64::from(minutes) / 60.0;
    Bilingual::new(
        format!("{}：未来 {hours:.1} 小时面雨量 {mm:.0} mm", name.zh),
        format!("{}: {mm:.0} mm over the city in {hours:.1} h", name.en),
    )
}

/// The first thing that matters: a road cut, water at a place; or that nothing does.
fn headline(report: &ForecastReport, cars_mm: u16) -> Bilingual {
    let minutes = |t: Stamp| ((t - report.from) as f64 / 60_000.0).round();
    let first = report
        .sites
        .iter()
        .filter(|s| s.kind != SiteKind::Place)
        .filter_map(|s| s.passes.iter().find(|p| p.limit_mm == cars_mm).map(|p| (p.from, s)))
        .min_by_key(|(t, s)| (*t, s.kind != SiteKind::Underpass, s.id.clone()));
    if let Some((t, site)) = first {
        let cm = cars_mm / 10;
        return if t == report.from {
            Bilingual::new(
                format!("{} 已达 {cm} cm", site.name.zh),
                format!("{} is over {cm} cm now", site.name.get(guanlan_core::Lang::En)),
            )
        } else {
            let m = minutes(t);
            Bilingual::new(
                format!("{} {m:.0} 分钟后达 {cm} cm", site.name.zh),
                format!("{}: {cm} cm in {m:.0} min", site.name.get(guanlan_core::Lang::En)),
            )
        };
    }
    if let Some(road) = report.roads.first() {
        let m = minutes(road.from);
        return Bilingual::new(
            format!("{} {m:.0} 分钟后中断", road.name.zh),
            format!("{} cut in {m:.0} min", road.name.get(guanlan_core::Lang::En)),
        );
    }
    match report.sites.first().filter(|s| s.peak_mm >= 100) {
        Some(site) => {
            let (cm, m) = (f64::from(site.peak_mm) / 10.0, minutes(site.peak_at));
            Bilingual::new(
                format!("{} {m:.0} 分钟后最深 {cm:.0} cm，无道路中断", site.name.zh),
                format!("{}: at most {cm:.0} cm in {m:.0} min; no road is cut", site.name.get(guanlan_core::Lang::En)),
            )
        }
        None => Bilingual::new("预报时段内无明显积水", "no water to speak of in the hours ahead"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_passed_and_left() {
        let at = |k: usize| Stamp(k as i64 * 60_000);
        let got = passes(&[0, 100, 160, 300, 200, 140], &[150, 270, 400], &at);
        assert_eq!(
            got,
            [
                Passing { limit_mm: 150, from: at(2), until: Some(at(5)) },
                Passing { limit_mm: 270, from: at(3), until: Some(at(4)) }
            ]
        );
        assert_eq!(passes(&[200], &[150], &at)[0].until, None);
    }
}
