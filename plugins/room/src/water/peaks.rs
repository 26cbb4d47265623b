//! What the water has been: maxima, arrival and duration as the model beside the room says.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::{Input, WaterPeaks};
use guanlan_tick::{Inbox, RoomState};
use serde::{Deserialize, Serialize};

/// The last maxima that were handed over.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Peaks {
    /// `None` until a model speaks.
    pub latest: Option<Arc<WaterPeaks>>,
    /// Grows with every hand-over.
    pub version: u64,
}

impl RoomState for Peaks {
    const NAME: &'static str = "water.peaks";
}

/// Takes what the model hands over; broken rasters are left where they are.
pub(super) fn take(inbox: Res<Inbox>, mut peaks: ResMut<Peaks>) {
    for input in &inbox.inputs {
        if let Input::WaterPeaks(told) = input
            && told.rasters.iter().all(guanlan_core::peaks::PeakRaster::is_whole)
        {
            peaks.latest = Some(Arc::clone(told));
            peaks.version += 1;
        }
    }
}
