//! What is the matter with one edge.

use std::collections::BTreeMap;

use guanlan_city::model::{Road, RoadClass};
use guanlan_core::{Bilingual, SensorId, Stamp};
use serde::{Deserialize, Serialize};

use crate::vehicle::VehicleClass;

/// A closure by a person or script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManualClosure {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Stamp,
}

/// What is the matter with one edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeCondition {
    /// Deepest water on the edge by the depth field, mm.
    pub depth_mm: u16,
    /// Share of the edge that lies under water of 5 cm and more, %.
    pub wet_percent: u8,
    /// Classes stopped by that water, bits of [`VehicleClass::bit`].
    pub blocked: u8,
    /// An estimate says it is too deep for cars; nobody has confirmed it.
    pub suspected: bool,
    /// Gauges in red at this edge and their reading, mm.
    pub gauges: BTreeMap<SensorId, u16>,
    /// Closed by a person.
    pub manual: Option<ManualClosure>,
}

impl EdgeCondition {
    /// Deepest water known, mm.
    #[must_use]
    pub fn water_mm(&self) -> u16 {
        self.gauges.values().copied().fold(self.depth_mm, u16::max)
    }

    /// Share of the edge to be driven through water, 0–1. A gauge speaks for the whole underpass.
    #[must_use]
    pub fn wet_share(&self) -> f64 {
        if self.gauges.is_empty() { f64::from(self.wet_percent) / 100.0 } else { 1.0 }
    }

    /// True when a class can not pass.
    #[must_use]
    pub fn blocks(&self, vehicle: VehicleClass) -> bool {
        let by_gauge = match self.gauges.values().max() {
            Some(&mm) => f32::from(mm) / 1000.0 > vehicle.limit_m() || vehicle == VehicleClass::Car,
            None => false,
        };
        let by_hand = self.manual.is_some() && vehicle != VehicleClass::Foot;
        self.blocked & vehicle.bit() != 0 || by_gauge || by_hand
    }

    /// True when nothing is the matter.
    pub(super) fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

/// The name of a road, or what it is.
#[must_use]
pub fn road_name(road: &Road) -> Bilingual {
    if !road.name.zh.is_empty() || !road.name.en.is_empty() {
        return road.name.clone();
    }
    match road.class {
        RoadClass::Motorway => Bilingual::new("未命名快速路", "unnamed expressway"),
        RoadClass::Primary => Bilingual::new("未命名主干路", "unnamed arterial"),
        RoadClass::Secondary | RoadClass::Tertiary => Bilingual::new("未命名道路", "unnamed road"),
        RoadClass::Residential | RoadClass::Service => Bilingual::new("未命名小路", "unnamed lane"),
        RoadClass::Foot => Bilingual::new("未命名步道", "unnamed path"),
    }
}
