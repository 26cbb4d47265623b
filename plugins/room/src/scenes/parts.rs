//! A picture cut into named parts and put together again. Names are for ever; a part that cannot be read (another build
//! wrote it) leaves what the base has.

use std::{collections::BTreeMap, sync::Arc};

use guanlan_alerting::{AlertBoard, RuleSet};
use guanlan_casework::{CalendarFile, CaseFile, CaseKpis};
use guanlan_core::{Mode, Stamp};
use guanlan_dispatch::{Recommendations, RoadState, UnitRoster};
use guanlan_journal::Parts;
use guanlan_sensing::{Catalogue, ProfileFile};
use guanlan_tick::WallClock;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    meta::FeedView,
    origins::Origins,
    picture::Picture,
    ranking::CaseQueue,
    risk_desk::RiskMap,
    warnings::Warnings,
    water::{
        advice::PumpAdvice,
        closures::Closures,
        layer::{Forecasts, LiveWater, RainLayer},
        measures::Measures,
        search::Searching,
        tasks::Tasks,
    },
};

/// Where the water of a scene is: the ticks whose inputs brought it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WaterAt {
    /// Of the depth field.
    pub field: Option<u64>,
    /// Of the fill of drains, flow and rain.
    pub scene: Option<u64>,
    /// Of the maxima; a part of its own, for scenes of before there were any.
    #[serde(skip)]
    pub peaks: Option<u64>,
    /// Version of the water.
    pub version: u64,
}

/// The rules of a scene; `None` are those the room began with.
type RulesText = Option<(String, String)>;

const WATER: &str = "water";
const PEAKS: &str = "water.peaks";

fn put<T: Serialize>(parts: &mut Parts, name: &str, part: &T) {
    match postcard::to_stdvec(part) {
        Ok(bytes) => drop(parts.insert(name.to_owned(), bytes)),
        Err(error) => tracing::debug!("scene: {name}: {error}"),
    }
}

fn get<T: DeserializeOwned>(parts: &Parts, name: &str, into: &mut T) {
    let Some(bytes) = parts.get(name) else { return };
    match postcard::from_bytes(bytes) {
        Ok(part) => *into = part,
        Err(error) => tracing::warn!("scene: {name}: {error}"),
    }
}

/// The parts of a picture that may have changed since `before`; all of them without one.
pub(super) fn cut(p: &Picture, before: Option<&Picture>, water: WaterAt) -> Parts {
    let mut parts = Parts::new();
    let moved = |same: fn(&Picture, &Picture) -> bool| before.is_none_or(|b| !same(p, b));
    if moved(|a, b| a.alerts.version == b.alerts.version && a.alerts.pending_count == b.alerts.pending_count) {
        put(&mut parts, "alerts", &p.alerts);
    }
    if moved(|a, b| a.cases.version() == b.cases.version()) {
        put(&mut parts, "cases", &p.cases);
    }
    if moved(|a, b| Arc::ptr_eq(&a.queue.list, &b.queue.list)) {
        put(&mut parts, "queue", &p.queue);
    }
    if moved(|a, b| a.kpis == b.kpis) {
        put(&mut parts, "kpis", &p.kpis);
    }
    if moved(|a, b| {
        Arc::ptr_eq(&a.units.units, &b.units.units) && Arc::ptr_eq(&a.units.assignments, &b.units.assignments)
    }) {
        put(&mut parts, "units", &p.units);
    }
    if moved(|a, b| Arc::ptr_eq(&a.risk.grids, &b.risk.grids) && Arc::ptr_eq(&a.risk.spots, &b.risk.spots)) {
        put(&mut parts, "risk", &p.risk);
    }
    if moved(|a, b| a.rain_layer.version == b.rain_layer.version) {
        put(&mut parts, "rain", &p.rain_layer);
    }
    if moved(|a, b| a.forecast.version == b.forecast.version) {
        put(&mut parts, "forecast", &p.forecast);
    }
    if moved(|a, b| a.live_water.version == b.live_water.version) {
        put(&mut parts, "water.live", &LiveWater { scene: None, ..p.live_water.clone() });
    }
    if moved(|a, b| Arc::ptr_eq(&a.catalogue.rows, &b.catalogue.rows)) {
        put(&mut parts, "catalogue", &p.catalogue);
    }
    if moved(|a, b| Arc::ptr_eq(&a.rules, &b.rules)) {
        let own = p.alerts.rules.since != Stamp(0);
        let rules: RulesText = own.then(|| (p.rules.file().to_owned(), p.rules.text().to_string()));
        put(&mut parts, "rules", &rules);
    }
    if moved(|a, b| a.warnings == b.warnings) {
        put(&mut parts, "warnings", &p.warnings);
    }
    if moved(|a, b| a.origins.same(&b.origins)) {
        put(&mut parts, "origins", &p.origins);
    }
    put(&mut parts, "roads", &p.roads);
    put(&mut parts, "advice", &p.advice);
    put(&mut parts, "measures", &p.measures);
    put(&mut parts, "closures", &p.closures);
    put(&mut parts, "pumps", &p.pump_advice);
    put(&mut parts, "tasks", &p.water_tasks);
    put(&mut parts, "profiles", &p.profiles);
    put(&mut parts, "calendar", &p.calendar);
    put(&mut parts, "feeds", &*p.feeds);
    put(&mut parts, "mode", &p.mode);
    put(&mut parts, "wall", &p.wall);
    put(&mut parts, PEAKS, &water.peaks);
    put(&mut parts, WATER, &WaterAt { version: p.water.version, ..water });
    parts
}

/// Where the water of a scene is.
pub(super) fn water_of(parts: &Parts) -> WaterAt {
    let mut water = WaterAt::default();
    get(parts, WATER, &mut water);
    get(parts, PEAKS, &mut water.peaks);
    water
}

/// How far the room's clock was ahead of the wall clock.
pub(super) fn wall_of(parts: &Parts) -> WallClock {
    let mut wall = WallClock::default();
    get(parts, "wall", &mut wall);
    wall
}

/// Mode the room had.
pub(super) fn mode_of(parts: &Parts) -> Mode {
    let mut mode = Mode::default();
    get(parts, "mode", &mut mode);
    mode
}

/// Puts the parts into a picture. What a scene does not have was not there yet.
pub(super) fn mend(p: &mut Picture, parts: &Parts, began_with: &RuleSet) {
    (p.alerts, p.cases, p.queue) = (AlertBoard::default(), CaseFile::default(), CaseQueue::default());
    (p.kpis, p.units, p.risk) = (CaseKpis::default(), UnitRoster::default(), RiskMap::default());
    (p.rain_layer, p.forecast, p.live_water) = (RainLayer::default(), Forecasts::default(), LiveWater::default());
    (p.catalogue, p.roads, p.advice) = (Catalogue::default(), RoadState::default(), Recommendations::default());
    (p.measures, p.closures, p.pump_advice) = (Measures::default(), Closures::default(), PumpAdvice::default());
    (p.searching, p.wall) = (Searching::default(), wall_of(parts));
    (p.water_tasks, p.profiles, p.calendar) = (Tasks::default(), ProfileFile::default(), CalendarFile::default());
    (p.warnings, p.origins) = (Warnings::default(), Origins::default());
    get(parts, "warnings", &mut p.warnings);
    get(parts, "origins", &mut p.origins);
    get(parts, "alerts", &mut p.alerts);
    get(parts, "cases", &mut p.cases);
    get(parts, "queue", &mut p.queue);
    get(parts, "kpis", &mut p.kpis);
    get(parts, "units", &mut p.units);
    get(parts, "risk", &mut p.risk);
    get(parts, "rain", &mut p.rain_layer);
    get(parts, "forecast", &mut p.forecast);
    get(parts, "water.live", &mut p.live_water);
    get(parts, "catalogue", &mut p.catalogue);
    get(parts, "roads", &mut p.roads);
    get(parts, "advice", &mut p.advice);
    get(parts, "measures", &mut p.measures);
    get(parts, "closures", &mut p.closures);
    get(parts, "pumps", &mut p.pump_advice);
    get(parts, "tasks", &mut p.water_tasks);
    get(parts, "profiles", &mut p.profiles);
    get(parts, "calendar", &mut p.calendar);
    let mut feeds: BTreeMap<String, FeedView> = BTreeMap::new();
    get(parts, "feeds", &mut feeds);
    p.feeds = Arc::new(feeds);
    let mut rules: RulesText = None;
    get(parts, "rules", &mut rules);
    match rules {
        Some((name, text)) if p.rules.file() != name || **p.rules.text() != *text => {
            if let Ok(set) = began_with.reload(&name, &text) {
                p.rules = Arc::new(set);
            }
        }
        None if p.rules.hash() != began_with.hash() => p.rules = Arc::new(began_with.clone()),
        _ => {}
    }
    p.drill = None;
}
