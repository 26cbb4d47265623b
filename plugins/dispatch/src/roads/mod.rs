//! What stands in the way on roads: water by the depth field, gauges in red, closures by people.
//!
//! An estimate alone closes nothing in a real room: it makes an edge *suspected* and slow. A gauge in red closes the
//! underpass it stands at; an exercise's field closes directly.

mod cells;
mod condition;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bevy_ecs::prelude::Resource;
use guanlan_city::{City, model::RoadClass};
use guanlan_core::{
    AlertLevel, Event, Mode, ObservedProperty, SensorId, Stamp,
    input::{DepthField, Observation},
};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

pub use cells::WaterCells;
pub use condition::{EdgeCondition, ManualClosure, road_name};

use crate::{
    graph::RoadGraph,
    vehicle::{HYSTERESIS_M, VehicleClass},
};

/// A rain gauge counts for this long after its last reading, ms.
const RAIN_FRESH_MS: i64 = 15 * 60_000;
/// A gauge belongs to an underpass this near, m.
pub const GAUGE_REACH_M: f64 = 40.0;
/// Shallower water is a wet road, mm.
const WET_MM: u16 = 10;
/// From this depth on traffic slows down, mm.
const SLOW_MM: u16 = 50;

/// Last reading of a rain gauge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RainReading {
    /// Intensity, mm/h.
    pub mm_h: f32,
    /// When it was measured.
    pub at: Stamp,
}

/// The roads of a room. Edges without anything special are absent.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct RoadState {
    /// By edge number.
    pub edges: Arc<BTreeMap<u32, EdgeCondition>>,
    /// The instant of the water on the edges.
    pub water_at: Option<Stamp>,
    /// True when that water is a model's estimate.
    pub water_is_estimate: bool,
    /// Rain gauges heard.
    pub rain: BTreeMap<SensorId, RainReading>,
    /// Rain gauges that a feed declared.
    pub declared_rain: BTreeSet<SensorId>,
}

impl RoomState for RoadState {
    const NAME: &'static str = "dispatch.roads";
}

impl RoadState {
    /// True when an edge is closed to cars, the class of the police line.
    #[must_use]
    pub fn is_closed(&self, edge: u32) -> bool {
        self.blocks(edge, VehicleClass::Car)
    }

    /// True when an edge is closed to a class.
    #[must_use]
    pub fn blocks(&self, edge: u32, vehicle: VehicleClass) -> bool {
        self.edges.get(&edge).is_some_and(|c| c.blocks(vehicle))
    }

    /// Edges closed to cars, with their condition.
    pub fn closed(&self) -> impl Iterator<Item = (u32, &EdgeCondition)> {
        self.edges.iter().filter(|(_, c)| c.blocks(VehicleClass::Car)).map(|(&edge, c)| (edge, c))
    }

    /// Mean intensity over gauges heard in the last 15 minutes, mm/h.
    #[must_use]
    pub fn rain_mm_h(&self, now: Stamp) -> f64 {
        let (mut sum, mut count) = (0.0, 0u32);
        for reading in self.rain.values().filter(|r| now - r.at <= RAIN_FRESH_MS) {
            sum += f64::from(reading.mm_h);
            count += 1;
        }
        if count == 0 { 0.0 } else { sum / f64::from(count) }
    }

    /// Takes a reading of a rain gauge; `at` is its measuring time on the room's clock.
    pub fn note_rain(&mut self, observation: &Observation, at: Stamp) {
        let reading = RainReading { mm_h: observation.result as f32, at };
        self.rain.insert(observation.sensor.clone(), reading);
    }

    /// Changes one edge and says so when that opens or closes it for cars.
    fn change(
        &mut self,
        city: &City,
        edge: u32,
        cause: &str,
        events: &mut Vec<Event>,
        change: impl FnOnce(&mut EdgeCondition),
    ) {
        let before = self.edges.get(&edge).cloned().unwrap_or_default();
        let mut after = before.clone();
        change(&mut after);
        if before == after {
            return;
        }
        let Some(road) = city.roads.get(edge as usize) else { return };
        let (was, is) = (before.blocks(VehicleClass::Car), after.blocks(VehicleClass::Car));
        if road.class != RoadClass::Foot && was != is {
            let (name, cause) = (road_name(road), cause.to_owned());
            events.push(if is {
                let depth_m = if after.manual.is_some() && before.manual.is_none() {
                    0.0
                } else {
                    f32::from(after.water_mm()) / 1000.0
                };
                Event::RoadClosed { edge, name, depth_m, cause }
            } else {
                Event::RoadReopened { edge, name, cause }
            });
        }
        let edges = Arc::make_mut(&mut self.edges);
        if after.is_clear() {
            edges.remove(&edge);
        } else {
            edges.insert(edge, after);
        }
    }

    /// Puts the water of a field on the roads.
    pub fn take_water(
        &mut self,
        city: &City,
        cells: &WaterCells,
        field: &DepthField,
        mode: Mode,
        events: &mut Vec<Event>,
    ) {
        let acts = !field.estimate || matches!(mode, Mode::Exercise | Mode::Forecast);
        self.water_at = Some(field.at);
        self.water_is_estimate = field.estimate;
        for edge in 0..city.roads.len() as u32 {
            let (mut depth_mm, mut slow) = (0, 0);
            let under = cells.of(edge);
            for mm in under.iter().filter_map(|&c| field.cell_mm(c)).filter(|mm| *mm >= WET_MM) {
                depth_mm = mm.max(depth_mm);
                slow += usize::from(mm >= SLOW_MM);
            }
            let wet_percent = (slow * 100).div_ceil(under.len().max(1)) as u8;
            if depth_mm == 0 && !self.edges.contains_key(&edge) {
                continue;
            }
            self.change(city, edge, "water", events, |c| {
                let depth_m = f32::from(depth_mm) / 1000.0;
                let over = |limit_m: f32, was: bool| depth_m > limit_m || (was && depth_m > limit_m - HYSTERESIS_M);
                c.depth_mm = depth_mm;
                c.wet_percent = wet_percent;
                if acts {
                    c.suspected = false;
                    let was = c.blocked;
                    c.blocked = VehicleClass::ALL
                        .into_iter()
                        .filter(|v| over(v.limit_m(), was & v.bit() != 0))
                        .fold(0, |mask, v| mask | v.bit());
                } else {
                    c.blocked = 0;
                    c.suspected = over(VehicleClass::Car.limit_m(), c.suspected);
                }
            });
        }
    }

    /// Takes an alert: a road gauge in red closes the underpass at its foot until it is red no more.
    pub fn take_alert(&mut self, graph: &RoadGraph, event: &Event, events: &mut Vec<Event>) {
        let Event::AlertChanged { sensor, property: ObservedProperty::RoadWaterDepth, to, value, place_m, .. } = event
        else {
            return;
        };
        let city = graph.city();
        if *to == AlertLevel::Red {
            let Some(place) = place_m else { return };
            let depth_mm = (value * 10.0).round().clamp(0.0, f64::from(u16::MAX)) as u16;
            for edge in graph.edges_near(*place, GAUGE_REACH_M) {
                if city.roads[edge as usize].underpass {
                    self.change(city, edge, "water", events, |c| {
                        c.gauges.insert(sensor.clone(), depth_mm);
                    });
                }
            }
        } else {
            let at: Vec<u32> =
                self.edges.iter().filter(|(_, c)| c.gauges.contains_key(sensor)).map(|(&e, _)| e).collect();
            for edge in at {
                self.change(city, edge, "water", events, |c| {
                    c.gauges.remove(sensor);
                });
            }
        }
    }

    /// Closes an edge by hand.
    pub fn close(&mut self, city: &City, edge: u32, closure: ManualClosure, cause: &str, events: &mut Vec<Event>) {
        self.change(city, edge, cause, events, |c| c.manual = Some(closure));
    }

    /// Takes a closure by hand back. Water may keep the road closed.
    pub fn open(&mut self, city: &City, edge: u32, cause: &str, events: &mut Vec<Event>) {
        self.change(city, edge, cause, events, |c| c.manual = None);
    }
}
