//! The latest water over the ground, and the gauges it drives.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::{Mode, Stamp, input::DepthField};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{profile::Profiles, systems::Sensed, table::SensorTable};

/// While the field is younger than this, ms, a gauge it drives does not listen to its device.
const DRIVES_MS: i64 = 600_000;

/// The latest depth field: one field feeds gauges, roads, cases and the 3D surface of a tick.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct WaterState {
    /// The field; `None` until a solver delivers.
    pub field: Option<Arc<DepthField>>,
    /// Grows with every field taken.
    pub version: u64,
}

impl RoomState for WaterState {
    const NAME: &'static str = "sensing.water";
}

impl WaterState {
    /// Takes a field unless it is older than the one held. True when it was taken.
    pub(crate) fn take(&mut self, field: &Arc<DepthField>) -> bool {
        if self.field.as_ref().is_some_and(|held| held.at > field.at) {
            return false;
        }
        self.field = Some(field.clone());
        self.version += 1;
        true
    }

    /// True when the water, not the devices, says what road gauges read: in an exercise and in a
    /// forecast, while the field is younger than ten minutes. In the live room the field is an
    /// estimate and never overwrites a gauge.
    #[must_use]
    pub fn drives_gauges(&self, mode: Mode, now: Stamp) -> bool {
        is_simulated(mode) && self.field.as_ref().is_some_and(|f| now - f.at <= DRIVES_MS)
    }
}

pub(crate) fn is_simulated(mode: Mode) -> bool {
    matches!(mode, Mode::Exercise | Mode::Forecast)
}

/// Every placed road gauge reads the field.
pub(crate) fn drive(
    profiles: &Profiles,
    table: &mut SensorTable,
    field: &DepthField,
    now: Stamp,
    sensed: &mut Vec<Sensed>,
) {
    let gauges = table.road_gauges.clone();
    for &index in gauges.iter() {
        let Some([east_m, north_m]) = table.meta(index).and_then(|m| m.place_m) else { continue };
        let depth_mm = (f64::from(field.depth_m(east_m, north_m)) * 1000.0).round();
        table.observe_field(profiles, index, field.at, depth_mm / 10.0, now, sensed);
    }
}
