//! What the model beside the room says: the estimate's quality, what can be seen of it, forecasts; and the rain
//! grids of feeds, which the model reads.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::{
    Bilingual, Event, Input, RainGrids, SensorId, Stamp,
    water::{ForecastReport, GaugeVerdict, SiteKind, WaterReport, WaterScene},
};
use guanlan_sensing::{ModelSays, ModelWord, SensorTable, TrendPoint};
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use serde::{Deserialize, Serialize};

use super::measures::Measures;

/// Grids kept of one feed.
const GRIDS_KEPT: usize = 12;
/// A grid whose last interval ended longer ago is forgotten, ms.
const GRID_AGE_MS: i64 = 30 * 60_000;

/// The estimate's state: mode 估计, resolution, skill, books, speed, what it thinks of gauges.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveWater {
    /// The last report; `None` until a model speaks.
    pub report: Option<Arc<WaterReport>>,
    /// Fill of drains, flow, rain; `None` until a model speaks.
    pub scene: Option<Arc<WaterScene>>,
    /// Gauges that are not believed.
    pub contradicted: Arc<BTreeMap<SensorId, GaugeVerdict>>,
    /// Grows with every report and scene.
    pub version: u64,
}

impl RoomState for LiveWater {
    const NAME: &'static str = "water.live";
}

impl LiveWater {
    /// The name of this water on every screen: 估计 of a real city, the exercise's water otherwise.
    #[must_use]
    pub fn name(&self) -> Option<Bilingual> {
        self.report.as_ref().map(|r| {
            if r.estimate {
                Bilingual::new("估计", "estimate")
            } else {
                Bilingual::new("演练水情", "exercise water")
            }
        })
    }

    /// True when a gauge is not believed.
    #[must_use]
    pub fn is_contradicted(&self, sensor: &SensorId) -> bool {
        self.contradicted.contains_key(sensor)
    }
}

/// Rain grids by feed, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RainLayer {
    /// By feed.
    pub feeds: BTreeMap<String, Vec<Arc<RainGrids>>>,
    /// Grows with every grid.
    pub version: u64,
}

impl RoomState for RainLayer {
    const NAME: &'static str = "water.rain";
}

impl RainLayer {
    fn take(&mut self, grids: &Arc<RainGrids>, now: Stamp) {
        let kept = self.feeds.entry(grids.feed.clone()).or_default();
        // The same grid again (a source that repeats itself) replaces what it said.
        kept.retain(|g| g.issued != grids.issued || g.span() != grids.span());
        kept.push(Arc::clone(grids));
        kept.sort_by_key(|g| (g.issued, g.span()));
        for kept in self.feeds.values_mut() {
            kept.retain(|g| g.span().is_some_and(|(_, to)| now - to <= GRID_AGE_MS));
            let surplus = kept.len().saturating_sub(GRIDS_KEPT);
            kept.drain(..surplus);
        }
        self.feeds.retain(|_, kept| !kept.is_empty());
        self.version += 1;
    }

    /// Every grid kept, in order of issue.
    #[must_use]
    pub fn grids(&self) -> Vec<Arc<RainGrids>> {
        let mut all: Vec<_> = self.feeds.values().flatten().cloned().collect();
        all.sort_by_key(|g| g.issued);
        all
    }
}

/// The hours ahead.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecasts {
    /// The last forecast; `None` until one is made.
    pub latest: Option<Arc<ForecastReport>>,
    /// Grows with every forecast.
    pub version: u64,
}

impl RoomState for Forecasts {
    const NAME: &'static str = "water.forecast";
}

/// Takes what the model and the rain feeds say.
pub(super) fn take(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    mut live: ResMut<LiveWater>,
    mut rain: ResMut<RainLayer>,
    mut forecasts: ResMut<Forecasts>,
) {
    for input in &inbox.inputs {
        match input {
            Input::WaterReport(report) => {
                live.report = Some(Arc::clone(report));
                live.version += 1;
            }
            Input::WaterScene(scene) => {
                live.scene = Some(Arc::clone(scene));
                live.version += 1;
            }
            Input::Rain(grids) if grids.span().is_some() => rain.take(grids, clock.now),
            Input::Forecast(report) => {
                forecasts.latest = Some(Arc::clone(report));
                forecasts.version += 1;
            }
            _ => {}
        }
    }
}

/// Says which gauges are no longer believed, and which measures the model refused.
pub(super) fn tell(
    inbox: Res<Inbox>,
    mut live: ResMut<LiveWater>,
    mut measures: ResMut<Measures>,
    mut out: ResMut<Outbox>,
) {
    for input in &inbox.inputs {
        let Input::WaterReport(report) = input else { continue };
        for verdict in &report.gauges {
            let before = live.contradicted.contains_key(&verdict.sensor);
            if verdict.contradicted {
                Arc::make_mut(&mut live.contradicted).insert(verdict.sensor.clone(), verdict.clone());
            } else if before {
                Arc::make_mut(&mut live.contradicted).remove(&verdict.sensor);
            }
            if before != verdict.contradicted {
                let reason = if verdict.contradicted {
                    verdict.reason.clone()
                } else {
                    Bilingual::new("读数与模型、邻近测点恢复一致", "agrees with the model and its neighbours again")
                };
                out.tell(Event::GaugeContradicted {
                    sensor: verdict.sensor.clone(),
                    contradicted: verdict.contradicted,
                    measured_m: verdict.measured_m,
                    model_m: verdict.model_m,
                    reason,
                });
            }
        }
        for refused in &report.refused {
            measures.fail(refused.no, &refused.reason, &mut out.events);
        }
    }
}

/// Tells sensing what the model thinks: of now where it contradicts a gauge, and ahead for forecast rules.
pub(super) fn advise_sensing(inbox: Res<Inbox>, table: Res<SensorTable>, mut says: ResMut<ModelSays>) {
    /// A contradicted gauge is back when it comes this near to the model, cm.
    const BACK_CM: f64 = 10.0;
    for input in &inbox.inputs {
        match input {
            Input::WaterReport(report) if report.estimate => {
                says.model = "rainstorm".into();
                let streams = Arc::make_mut(&mut says.streams);
                for verdict in &report.gauges {
                    let Some(index) = table.index_of(&verdict.sensor) else { continue };
                    let value = verdict.contradicted.then_some(verdict.model_m * 100.0);
                    if value.is_none() && !streams.contains_key(&index) {
                        continue;
                    }
                    let word = streams.entry(index).or_default();
                    (word.at, word.value, word.tolerance) = (report.at, value, BACK_CM);
                }
                streams.retain(|_, w| w.value.is_some() || !w.ahead.is_empty());
            }
            Input::Forecast(report) => {
                says.model = "rainstorm".into();
                let streams = Arc::make_mut(&mut says.streams);
                streams.values_mut().for_each(|w| w.ahead = Arc::default());
                for site in report.sites.iter().filter(|s| s.kind == SiteKind::Gauge) {
                    let Some(index) = table.index_of(&SensorId::from(site.id.as_str())) else { continue };
                    let at = |k: usize| report.from + k as i64 * i64::from(report.step_s) * 1000;
                    let points = site
                        .depth_mm
                        .iter()
                        .enumerate()
                        .map(|(k, mm)| TrendPoint { at: at(k), value: f64::from(*mm) / 10.0 });
                    let word = streams.entry(index).or_insert_with(ModelWord::default);
                    word.ahead = Arc::new(points.collect());
                }
                streams.retain(|_, w| w.value.is_some() || !w.ahead.is_empty());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::RainFrame;

    fn grids(feed: &str, issued_min: i64) -> Arc<RainGrids> {
        let frame =
            RainFrame { from: Stamp(issued_min * 60_000), to: Stamp((issued_min + 6) * 60_000), tenth_mm_h: vec![10] };
        Arc::new(RainGrids {
            feed: feed.into(),
            issued: Stamp(issued_min * 60_000),
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 1000.0,
            cols: 1,
            rows: 1,
            frames: vec![frame],
        })
    }

    #[test]
    fn old_and_repeated_grids_go() {
        let mut layer = RainLayer::default();
        for k in 0..30 {
            layer.take(&grids("radar", k * 6), Stamp(k * 6 * 60_000));
        }
        layer.take(&grids("radar", 29 * 6), Stamp(29 * 6 * 60_000));
        assert!(layer.grids().len() <= 7, "{}", layer.grids().len());
        assert!(layer.grids().windows(2).all(|w| w[0].issued < w[1].issued));
        layer.take(&grids("other", 400), Stamp(400 * 60_000));
        assert_eq!(layer.feeds.len(), 1, "the silent radar is forgotten");
    }
}
