//! What the systems of dispatch know of a city.

use std::{collections::HashSet, sync::Arc};

use bevy_ecs::prelude::Resource;
use guanlan_city::City;
use guanlan_core::{ObservedProperty, SensorId};

use crate::{assign::Demand, graph::RoadGraph, recommend::demand, skills::NeedTable};

/// What never changes in a room: made from the city, not part of the truth.
#[derive(Resource)]
pub struct Constants {
    /// The road graph.
    pub graph: RoadGraph,
    /// Where calls may come from.
    pub demand: Vec<Demand>,
    /// What cases ask for.
    pub needs: NeedTable,
    /// Sensors of the city file that measure rain.
    pub(crate) rain_gauges: HashSet<SensorId>,
}

impl Constants {
    /// From a city.
    #[must_use]
    pub fn new(city: Arc<City>) -> Self {
        let rain_gauges = city
            .sensors
            .iter()
            .filter(|s| s.property == ObservedProperty::RainIntensity)
            .map(|s| s.id.clone())
            .collect();
        Self { demand: demand(&city), needs: NeedTable::default(), rain_gauges, graph: RoadGraph::new(city) }
    }
}
