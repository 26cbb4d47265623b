//! The risk map on the 万米网格 and the hot spots, counted once a minute of the room's time.
//!
//! Rain from gauges and radar, depth from the water field, gauges and forecasts, open cases, and how far the
//! nearest free crew is: [`guanlan_alerting::risk`] makes a score of them, [`guanlan_alerting::hotspot`]
//! judges where alerts and cases crowd. Grids in which nothing is are not listed.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_alerting::{
    hotspot::{CubeSpec, HotSpot, hot_spots},
    places::{bounds, inside},
    risk::{GridFacts, GridRisk, risk},
};
use guanlan_casework::CaseFile;
use guanlan_city::{City, model::AdminLevel};
use guanlan_core::{AlertLevel, Bilingual, Event, ObservedProperty, Stamp, input::UnitStatus};
use guanlan_dispatch::UnitRoster;
use guanlan_sensing::{ModelSays, SensorTable, WaterState, stale_after_ms};
use guanlan_tick::{Clock, Outbox, RoomState};
use serde::{Deserialize, Serialize};

use crate::water::layer::{Forecasts, RainLayer};

/// Time between counts, ms.
const EVERY_MS: i64 = 60_000;
/// How far ahead rain and water count, ms.
pub(crate) const AHEAD_MS: i64 = 7_200_000;
/// A rain gauge speaks for grids this near, m.
pub(crate) const GAUGE_M: f64 = 3000.0;
/// A film of water on every roof is no risk, m.
pub(crate) const FILM_M: f32 = 0.03;
/// Events kept for hot spots at most; the oldest go first.
const EVENTS: usize = 20_000;
/// Side of squares that stand in where a city has no grids, m, and how many there are at most.
const SQUARE_M: f64 = 100.0;
const SQUARES: usize = 40_000;

/// A 万米网格 as the map knows it.
#[derive(Clone, Debug)]
pub struct RiskGrid {
    /// 15-digit code, or a square's name.
    pub code: String,
    /// Name.
    pub name: Bilingual,
    /// Middle, local m.
    pub centre_m: [f64; 2],
    /// West, south, east, north, local m.
    pub bounds_m: [f64; 4],
    /// Corners, local m, not closed; empty for a square.
    pub ring_m: Vec<[f64; 2]>,
}

/// The grids of the city: constant.
#[derive(Resource, Clone, Debug, Default)]
pub struct RiskGrids(pub Arc<GridList>);

/// Grids with their lookup.
#[derive(Debug, Default)]
pub struct GridList {
    /// All grids; a [`GridRisk`] names one by its number here.
    pub grids: Vec<RiskGrid>,
    by_code: BTreeMap<String, u32>,
    by_cell: BTreeMap<(i32, i32), Vec<u32>>,
    extent_m: [f64; 4],
}

fn cell([x, y]: [f64; 2]) -> (i32, i32) {
    ((x / 200.0).floor() as i32, (y / 200.0).floor() as i32)
}

impl RiskGrids {
    /// The grids of a city, or squares over it where it has none.
    #[must_use]
    pub fn of(city: &City) -> Self {
        let mut list = GridList::default();
        for area in city.areas.iter().filter(|a| a.level == AdminLevel::Grid && a.ring.len() >= 3) {
            let ring_m: Vec<[f64; 2]> = area.ring.iter().map(|p| p.map(f64::from)).collect();
            let b = bounds(&ring_m);
            let centre_m = [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0];
            list.add(RiskGrid { code: area.code.clone(), name: area.name.clone(), centre_m, bounds_m: b, ring_m });
        }
        let e = city.extent.map(f64::from);
        let sane = e.iter().all(|v| v.is_finite()) && e[2] > e[0] && e[3] > e[1];
        if list.grids.is_empty() && sane {
            let side = SQUARE_M.max(((e[2] - e[0]) * (e[3] - e[1]) / SQUARES as f64).sqrt());
            let (cols, rows) = (((e[2] - e[0]) / side).ceil() as i64, ((e[3] - e[1]) / side).ceil() as i64);
            for (c, r) in (0..cols).flat_map(|c| (0..rows).map(move |r| (c, r))) {
                let (west, south) = (e[0] + c as f64 * side, e[1] + r as f64 * side);
                let centre_m = [west + side / 2.0, south + side / 2.0];
                let text = format!("{:.0}, {:.0}", centre_m[0], centre_m[1]);
                list.add(RiskGrid {
                    code: format!("@{c},{r}"),
                    name: Bilingual::new(format!("方格 {text}"), format!("square {text}")),
                    centre_m,
                    bounds_m: [west, south, west + side, south + side],
                    ring_m: Vec::new(),
                });
            }
        }
        list.extent_m = if sane {
            e
        } else {
            list.grids.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, g| {
                let o = g.bounds_m;
                [b[0].min(o[0]), b[1].min(o[1]), b[2].max(o[2]), b[3].max(o[3])]
            })
        };
        Self(Arc::new(list))
    }
}

impl GridList {
    fn add(&mut self, grid: RiskGrid) {
        let k = self.grids.len() as u32;
        let b = grid.bounds_m;
        let ((x0, y0), (x1, y1)) = (cell([b[0], b[1]]), cell([b[2], b[3]]));
        for (x, y) in (x0..=x1.min(x0 + 200)).flat_map(|x| (y0..=y1.min(y0 + 200)).map(move |y| (x, y))) {
            self.by_cell.entry((x, y)).or_default().push(k);
        }
        self.by_code.insert(grid.code.clone(), k);
        self.grids.push(grid);
    }

    /// Number of the grid a place lies in.
    #[must_use]
    pub fn at(&self, place: [f64; 2]) -> Option<u32> {
        self.by_cell.get(&cell(place))?.iter().copied().find(|&k| {
            let g = &self.grids[k as usize];
            let b = g.bounds_m;
            let within = place[0] >= b[0] && place[0] < b[2] && place[1] >= b[1] && place[1] < b[3];
            within && (g.ring_m.is_empty() || inside(&g.ring_m, place))
        })
    }

    /// Number of the grid with a code.
    #[must_use]
    pub fn of_code(&self, code: &str) -> Option<u32> {
        self.by_code.get(code).copied()
    }
}

/// Where the depth of a grid is looked at, local m.
pub(crate) fn points_of(grid: &RiskGrid) -> [[f64; 2]; 3] {
    let [w, s, e, n] = grid.bounds_m;
    [grid.centre_m, [w + (e - w) * 0.25, s + (n - s) * 0.25], [w + (e - w) * 0.75, s + (n - s) * 0.75]]
}

/// Risks and hot spots as they are known now.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct RiskMap {
    /// When they were counted.
    pub at: Stamp,
    /// Grids in which something is, highest score first.
    pub grids: Arc<Vec<GridRisk>>,
    /// Space-time hot spots of alerts and cases, strongest first.
    pub spots: Arc<Vec<HotSpot>>,
    /// Score by code of the grid, for whoever asks about one.
    scores: Arc<BTreeMap<String, f32>>,
    /// Raises and case openings of the last three hours, oldest first.
    events: Vec<(Stamp, [f64; 2])>,
}

impl RoomState for RiskMap {
    const NAME: &'static str = "room.risk";
}

impl RiskMap {
    /// The score of a grid by its code; 0 where nothing is.
    #[must_use]
    pub fn score_of(&self, code: &str) -> f64 {
        self.scores.get(code).map_or(0.0, |s| f64::from(*s))
    }
}

/// What happened where, as it becomes true.
pub(crate) fn note(clock: Res<Clock>, outbox: Res<Outbox>, mut map: ResMut<RiskMap>) {
    let place = |e: &Event| match e {
        Event::AlertChanged { from: AlertLevel::Normal, place_m, rule, .. } if !rule.starts_with("device") => *place_m,
        // A case of an alert is the same news.
        Event::CaseOpened { place_m, alert: None, .. } => Some(*place_m),
        _ => None,
    };
    if !outbox.events.iter().any(|e| place(e).is_some()) {
        return;
    }
    let map = &mut *map;
    map.events.extend(outbox.events.iter().filter_map(place).map(|p| (clock.now, p)));
    let surplus = map.events.len().saturating_sub(EVENTS);
    map.events.drain(..surplus);
}

#[allow(clippy::too_many_arguments, reason = "everything a risk is made of")]
pub(crate) fn count(
    clock: Res<Clock>,
    grids: Res<RiskGrids>,
    table: Res<SensorTable>,
    water: Res<WaterState>,
    model: Res<ModelSays>,
    rain: Res<RainLayer>,
    forecasts: Res<Forecasts>,
    cases: Res<CaseFile>,
    units: Res<UnitRoster>,
    mut map: ResMut<RiskMap>,
) {
    if clock.now.0.div_euclid(EVERY_MS) == map.at.0.div_euclid(EVERY_MS) {
        return;
    }
    let (now, list) = (clock.now, &*grids.0);
    let mut facts: BTreeMap<u32, GridFacts> = BTreeMap::new();
    let mut deepest = |grid: Option<u32>, cm: f64| {
        if let Some(k) = grid.filter(|_| cm > 0.0 && cm.is_finite()) {
            let f = facts.entry(k).or_default();
            f.depth_cm = f.depth_cm.max(cm);
        }
    };
    let mut gauges: Vec<([f64; 2], f64)> = Vec::new();
    for row in table.rows() {
        let kind = row.meta.property;
        if !matches!(kind, ObservedProperty::RoadWaterDepth | ObservedProperty::RainIntensity) {
            continue;
        }
        let (Some(place), Some((value, at))) = (row.meta.place_m, row.latest) else { continue };
        let fresh = now - at <= stale_after_ms(row.meta.period_s);
        if kind == ObservedProperty::RainIntensity {
            if fresh && value > 0.0 {
                gauges.push((place, value));
            }
            continue;
        }
        let ahead = model.ahead(row.index).iter().filter(|p| p.at >= now && p.at - now <= AHEAD_MS);
        let worst = ahead.map(|p| p.value).fold(if fresh { value } else { 0.0 }, f64::max);
        deepest(list.at(place), worst);
    }
    if let Some(report) = forecasts.latest.as_ref().filter(|r| r.to >= now) {
        for site in &report.sites {
            deepest(list.at(site.place_m), f64::from(site.peak_mm) / 10.0);
        }
    }
    if let Some(field) = &water.field {
        for (k, g) in list.grids.iter().enumerate() {
            let depth = points_of(g).iter().map(|p| field.depth_m(p[0], p[1])).fold(0.0, f32::max);
            if depth >= FILM_M {
                deepest(Some(k as u32), f64::from(depth) * 100.0);
            }
        }
    }
    for case in cases.open() {
        let grid = list.of_code(&case.grid).or_else(|| list.at(case.place_m));
        if let Some(k) = grid {
            facts.entry(k).or_default().cases[usize::from(case.level.rank())] += 1;
        }
    }
    // The last grid of each feed says the most of what comes.
    let radar: Vec<_> = rain.feeds.values().filter_map(|kept| kept.last()).collect();
    if !gauges.is_empty() || !radar.is_empty() {
        for (k, g) in list.grids.iter().enumerate() {
            let near = |(p, v): &([f64; 2], f64)| ((p[0] - g.centre_m[0]).hypot(p[1] - g.centre_m[1]), *v);
            let gauge = gauges.iter().map(near).filter(|d| d.0 <= GAUGE_M).min_by(|a, b| a.0.total_cmp(&b.0));
            let mut mm_h = gauge.map_or(0.0, |d| d.1);
            for grid in &radar {
                for frame in grid.frames.iter().filter(|f| f.to > now && f.from - now <= AHEAD_MS) {
                    mm_h = mm_h.max(grid.mm_h(frame.from, g.centre_m[0], g.centre_m[1]).unwrap_or(0.0));
                }
            }
            if mm_h > 0.0 {
                facts.entry(k as u32).or_default().rain_mm_h = mm_h;
            }
        }
    }
    let free: Vec<[f64; 2]> =
        units.units.iter().filter(|u| u.status == UnitStatus::Available).filter_map(|u| u.place_m).collect();
    let mut risks: Vec<GridRisk> = facts
        .iter_mut()
        .map(|(k, f)| {
            let c = list.grids[*k as usize].centre_m;
            f.crew_m = free.iter().map(|p| (p[0] - c[0]).hypot(p[1] - c[1])).min_by(f64::total_cmp);
            risk(*k, f)
        })
        .filter(|r| r.score > 0.0)
        .collect();
    risks.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.grid.cmp(&b.grid)));
    let spec = CubeSpec::of_city(list.extent_m);
    let keep_ms = spec.slice_ms * spec.slices as i64;
    let map = &mut *map;
    map.events.retain(|(at, _)| now - *at <= keep_ms && *at <= now);
    map.spots = Arc::new(hot_spots(&spec, &map.events, now));
    map.scores = Arc::new(risks.iter().map(|r| (list.grids[r.grid as usize].code.clone(), r.score)).collect());
    map.grids = Arc::new(risks);
    map.at = now;
}
