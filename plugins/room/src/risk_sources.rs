//! What stands behind a risk: the gauges, rain grids, forecasts, cases and crews that its four terms were made of, and the
//! alerts and cases that a hot spot counts, each
//! with the feed and the row it came from. Looked up in a picture when somebody asks; nothing of it is kept.

use guanlan_alerting::hotspot::HotSpot;
use guanlan_casework::Case;
use guanlan_core::{Bilingual, CaseId, ObservedProperty, SensorId, Stamp, UnitId, input::UnitStatus};
use guanlan_sensing::{OriginView, SensorRow, stale_after_ms};

use crate::{
    Picture,
    risk_desk::{AHEAD_MS, FILM_M, GAUGE_M, RiskGrid, points_of},
};

/// Sources named for one term at most; those that weigh most come first.
const MOST: usize = 5;
/// Events named for one hot spot at most.
const EVENTS_MOST: usize = 12;
/// Number of the term of cases; alerts of a hot spot are told under it, too.
pub const CASES: usize = 2;

/// What a source is a mark of, so that a click leads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RiskMark {
    /// A gauge.
    Sensor(SensorId),
    /// A case.
    Case(CaseId),
    /// A crew.
    Unit(UnitId),
    /// The water model, a forecast, a rain grid: no mark of its own.
    None,
}

/// One source of a term.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskSource {
    /// Number of the term: rain, depth, cases, crews.
    pub term: usize,
    /// Where a click leads.
    pub mark: RiskMark,
    /// What it is.
    pub name: Bilingual,
    /// What it says, in the term's unit; the level's rank for a case.
    pub value: f64,
    /// Feed; empty when nobody said.
    pub feed: String,
    /// Connector.
    pub connector: String,
    /// Row at the source.
    pub source: String,
}

/// What a hot spot counts: alerts that began and cases that citizens and patrols opened in its squares and its time, the
/// gravest first, [`EVENTS_MOST`] at most; and how many there are.
#[must_use]
pub fn behind_spot(picture: &Picture, spot: &HotSpot) -> (Vec<RiskSource>, usize) {
    let [w, s, e, n] = spot.bounds_m;
    let inside = |[x, y]: [f64; 2], at: Stamp| {
        (w..=e).contains(&x) && (s..=n).contains(&y) && (spot.from..=spot.to).contains(&at)
    };
    let alerts = picture.alerts.active().iter().chain(picture.alerts.ended().iter());
    let alerts = alerts.filter(|a| !a.rule.starts_with("device") && a.place_m.is_some_and(|p| inside(p, a.raised_at)));
    let mut all: Vec<RiskSource> = alerts
        .map(|a| {
            let name =
                Bilingual::new(format!("{} {}", a.title.zh, a.place.zh), format!("{} {}", a.title.en, a.place.en));
            let origin = picture.lineage.of(a.index);
            of_origin(CASES, RiskMark::Sensor(a.sensor.clone()), name, f64::from(a.peak.rank()), origin)
        })
        .collect();
    let cases = picture.cases.cases().values().filter(|c| c.alert.is_none() && inside(c.place_m, c.opened));
    all.extend(cases.map(|c| of_case(picture, c)));
    let count = all.len();
    all.sort_by(|a, b| b.value.total_cmp(&a.value));
    all.truncate(EVENTS_MOST);
    (all, count)
}

fn of_case(picture: &Picture, case: &Case) -> RiskSource {
    let of_alert = || picture.lineage.of(picture.alerts.find(case.alert?)?.index);
    let origin = picture.origins.of_case(&case.id).or_else(of_alert);
    let name = Bilingual::new(format!("{} {}", case.id, case.title.zh), format!("{} {}", case.id, case.title.en));
    of_origin(CASES, RiskMark::Case(case.id.clone()), name, f64::from(case.level.rank()), origin)
}

/// What risks of a picture may be made of, gathered once.
pub struct RiskSources<'a> {
    picture: &'a Picture,
    rain: Vec<SensorRow<'a>>,
    depth: Vec<(SensorRow<'a>, f64)>,
}

fn of_origin(term: usize, mark: RiskMark, name: Bilingual, value: f64, origin: Option<OriginView<'_>>) -> RiskSource {
    let said = |part: fn(&OriginView<'_>) -> String| origin.as_ref().map_or_else(String::new, part);
    RiskSource {
        term,
        mark,
        name,
        value,
        feed: said(|o| o.feed.to_owned()),
        connector: said(|o| o.connector.to_owned()),
        source: said(|o| o.source.to_owned()),
    }
}

impl<'a> RiskSources<'a> {
    /// Gathers gauges that speak or are forecast.
    #[must_use]
    pub fn of(picture: &'a Picture) -> Self {
        let now = picture.now;
        let (mut rain, mut depth) = (Vec::new(), Vec::new());
        for row in picture.sensors.rows() {
            let kind = row.meta.property;
            if !matches!(kind, ObservedProperty::RoadWaterDepth | ObservedProperty::RainIntensity) {
                continue;
            }
            let (Some(_), Some((value, at))) = (row.meta.place_m, row.latest) else { continue };
            if now - at > stale_after_ms(row.meta.period_s) || value <= 0.0 {
                continue;
            }
            match kind {
                ObservedProperty::RainIntensity => rain.push(row),
                _ => depth.push((row, value)),
            }
        }
        Self { picture, rain, depth }
    }

    /// What stands behind the risk of a grid, by term, the most first.
    #[must_use]
    pub fn behind(&self, number: u32, grid: &RiskGrid) -> Vec<RiskSource> {
        let mut all = self.rain(grid);
        all.extend(self.depth(number, grid));
        all.extend(self.cases(number));
        all.extend(self.crew(grid));
        all
    }

    fn rain(&self, grid: &RiskGrid) -> Vec<RiskSource> {
        let (p, now) = (self.picture, self.picture.now);
        let near = |r: &&SensorRow<'_>| r.meta.place_m.map_or(f64::MAX, |m| distance(m, grid.centre_m));
        let gauge = self.rain.iter().min_by(|a, b| near(a).total_cmp(&near(b))).filter(|r| near(r) <= GAUGE_M);
        let mut out: Vec<RiskSource> = gauge
            .map(|r| {
                let value = r.latest.map_or(0.0, |l| l.0);
                of_origin(0, RiskMark::Sensor(r.meta.id.clone()), r.meta.name.clone(), value, p.lineage.of(r.index))
            })
            .into_iter()
            .collect();
        for (feed, grids) in &p.rain_layer.feeds {
            let Some(last) = grids.last() else { continue };
            let frames = last.frames.iter().filter(|f| f.to > now && f.from - now <= AHEAD_MS);
            let said = frames.filter_map(|f| Some((last.mm_h(f.from, grid.centre_m[0], grid.centre_m[1])?, f.from)));
            let Some((value, at)) = said.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|m| m.0 > 0.0) else { continue };
            let when = at.format_local("%H:%M");
            out.push(RiskSource {
                term: 0,
                mark: RiskMark::None,
                name: Bilingual::new(format!("网格雨量 {when}"), format!("rain grid of {when}")),
                value,
                feed: feed.clone(),
                connector: p.feeds.get(feed).map_or("rain", |f| f.figures.connector.as_str()).to_owned(),
                source: format!("{} · {} × {}", last.issued.to_rfc3339(), last.cols, last.rows),
            });
        }
        most(out)
    }

    fn depth(&self, number: u32, grid: &RiskGrid) -> Vec<RiskSource> {
        let p = self.picture;
        let list = &p.risk_grids.0;
        let here = |place: [f64; 2]| list.at(place) == Some(number);
        let gauges = self.depth.iter().filter(|(r, _)| r.meta.place_m.is_some_and(here));
        let mut out: Vec<RiskSource> = gauges
            .map(|(r, value)| {
                of_origin(1, RiskMark::Sensor(r.meta.id.clone()), r.meta.name.clone(), *value, p.lineage.of(r.index))
            })
            .collect();
        let model = |name: Bilingual, value: f64, at: Stamp| RiskSource {
            term: 1,
            mark: RiskMark::None,
            name,
            value,
            feed: "rainstorm".into(),
            connector: "rainstorm".into(),
            source: at.to_rfc3339(),
        };
        if let Some(report) = p.forecast.latest.as_ref().filter(|r| r.to >= p.now) {
            for site in report.sites.iter().filter(|s| s.peak_mm > 0 && here(s.place_m)) {
                let (zh, en, at) = (&site.name.zh, &site.name.en, site.peak_at.format_local("%H:%M"));
                let name = Bilingual::new(format!("预报 {zh} {at}"), format!("forecast of {en} {at}"));
                out.push(model(name, f64::from(site.peak_mm) / 10.0, report.from));
            }
        }
        if let Some(field) = &p.water.field {
            let deepest = points_of(grid).iter().map(|m| field.depth_m(m[0], m[1])).fold(0.0, f32::max);
            if deepest >= FILM_M {
                let name = Bilingual::new("水情模型", "water model");
                out.push(model(name, f64::from(deepest) * 100.0, field.at));
            }
        }
        most(out)
    }

    fn cases(&self, number: u32) -> Vec<RiskSource> {
        let p = self.picture;
        let list = &p.risk_grids.0;
        let here = p.cases.open().filter(|c| list.of_code(&c.grid).or_else(|| list.at(c.place_m)) == Some(number));
        most(here.map(|case| of_case(p, case)).collect())
    }

    fn crew(&self, grid: &RiskGrid) -> Option<RiskSource> {
        let p = self.picture;
        let free = p.units.units.iter().filter(|u| u.status == UnitStatus::Available);
        let near = free.filter_map(|u| Some((distance(u.place_m?, grid.centre_m), u)));
        let (away_m, unit) = near.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let name = Bilingual::same(unit.id.as_str());
        Some(of_origin(3, RiskMark::Unit(unit.id.clone()), name, away_m, p.origins.of_unit(&unit.id)))
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn most(mut list: Vec<RiskSource>) -> Vec<RiskSource> {
    list.sort_by(|a, b| b.value.total_cmp(&a.value));
    list.truncate(MOST);
    list
}
