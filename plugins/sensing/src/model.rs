//! What a model says of streams: now, to be compared with the gauge, and ahead, for forecasts.
//!
//! Filled by whoever runs a model (water, air), in any phase; sensing compares at the next reading,
//! alerting's forecast rules read the series ahead. Registered, so that a restored or forked room
//! goes on with the same words.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::Stamp;
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::trend::TrendPoint;

/// A reading and a model's value are compared when they are at most this far apart, ms.
const COMPARED_MS: i64 = 600_000;

/// What a model says of one stream, in the unit of the stream's property.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelWord {
    /// Instant of `value`.
    pub at: Stamp,
    /// What the model thinks the stream should read; `None` says nothing about now.
    pub value: Option<f64>,
    /// A reading further from `value` than this is contradicted.
    pub tolerance: f64,
    /// What the model expects, oldest first; empty without a forecast.
    pub ahead: Arc<Vec<TrendPoint>>,
}

/// What models say, by the stream's index in the [`SensorTable`](crate::SensorTable).
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelSays {
    /// Name of the model for explanations, for example `rainstorm`.
    pub model: String,
    /// By sensor index.
    pub streams: Arc<BTreeMap<u32, ModelWord>>,
}

impl RoomState for ModelSays {
    const NAME: &'static str = "sensing.model";
}

impl ModelSays {
    /// True when the model speaks of this instant and the value is further off than it allows.
    #[must_use]
    pub fn contradicts(&self, index: u32, at: Stamp, value: f64) -> bool {
        self.streams.get(&index).is_some_and(|word| {
            (word.at - at).abs() <= COMPARED_MS && word.value.is_some_and(|v| (v - value).abs() > word.tolerance)
        })
    }

    /// The series ahead of a stream; empty without one.
    #[must_use]
    pub fn ahead(&self, index: u32) -> &[TrendPoint] {
        self.streams.get(&index).map_or(&[], |word| word.ahead.as_slice())
    }
}
