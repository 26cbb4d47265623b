//! What the roads cost at present.

use guanlan_core::Stamp;

use crate::{
    graph::{Edge, RoadGraph},
    roads::RoadState,
    vehicle::{VehicleClass, rain_factor, travel_ms},
};

/// Cost of an edge that is closed or forbidden.
pub const CLOSED: u32 = u32::MAX;

/// What each edge costs a vehicle class under the present roads: whole milliseconds over its full length.
#[derive(Clone, Debug)]
pub struct EdgeCosts {
    /// The class.
    pub vehicle: VehicleClass,
    /// By edge number; [`CLOSED`] where the class can not go.
    pub ms: Vec<u32>,
}

impl EdgeCosts {
    /// `Σ len / (v_class · f_rain · f_flood)` for each edge; rain is the mean of the gauges heard lately before `now`.
    #[must_use]
    pub fn new(graph: &RoadGraph, roads: &RoadState, vehicle: VehicleClass, now: Stamp) -> Self {
        let rain = rain_factor(roads.rain_mm_h(now));
        let mut ms: Vec<u32> = graph
            .edges()
            .iter()
            .map(|e| match vehicle.free_kmh(e.class, e.limit_kmh) {
                Some(free) if e.usable => travel_ms(f64::from(e.length_m), free * rain),
                _ => CLOSED,
            })
            .collect();
        let deepest_mm = (vehicle.limit_m() * 1000.0) as u16;
        for (&index, condition) in roads.edges.iter() {
            let (Some(edge), Some(cost)) = (graph.edges().get(index as usize), ms.get_mut(index as usize)) else {
                continue;
            };
            if *cost == CLOSED {
                continue;
            }
            if condition.blocks(vehicle) {
                *cost = CLOSED;
            } else if let Some(free) = vehicle.free_kmh(edge.class, edge.limit_kmh) {
                let kmh = vehicle.wet_kmh(free, rain, condition.water_mm().min(deepest_mm));
                let (length_m, wet) = (f64::from(edge.length_m), condition.wet_share());
                *cost = travel_ms(length_m * (1.0 - wet), free * rain) + travel_ms(length_m * wet, kmh);
            }
        }
        Self { vehicle, ms }
    }

    /// True when the class may travel the edge in this direction.
    #[must_use]
    pub fn may(&self, edge: &Edge, forward: bool) -> bool {
        forward || !edge.one_way || self.vehicle == VehicleClass::Foot
    }
}
