//! The books of subcatchments, measures and ground water.

use serde::{Deserialize, Serialize};

/// Volumes since the start, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunoffLedger {
    /// Rain on subcatchments.
    pub rain_m3: f64,
    /// Evaporated, from the ground and from below.
    pub evaporated_m3: f64,
    /// Soaked in and left the model.
    pub infiltrated_m3: f64,
    /// Ran off into nodes, on the surface, by underdrains and as ground water.
    pub runoff_m3: f64,
    /// Ran off to nowhere: subcatchments without an outlet.
    pub lost_m3: f64,
    /// On the ground, in measures, below and on the way to nodes now.
    pub stored_m3: f64,
    /// What the books cannot explain.
    pub error_m3: f64,
    /// In measures and below at the start.
    pub initial_m3: f64,
    /// Of what left measures: by underdrains.
    pub underdrain_m3: f64,
    /// Soaked into ground water that is modelled.
    pub recharge_m3: f64,
    /// Of `runoff_m3`: ground water.
    pub ground_flow_m3: f64,
    /// Lost to deep ground water.
    pub deep_m3: f64,
    /// Came from outfalls that drain to subcatchments.
    #[serde(default)]
    pub run_on_m3: f64,
}

impl RunoffLedger {
    /// With what it cannot explain.
    pub(super) fn closed(mut self) -> Self {
        let gone = self.evaporated_m3 + self.infiltrated_m3 + self.runoff_m3 + self.lost_m3 + self.deep_m3;
        self.error_m3 = self.stored_m3 + gone - self.rain_m3 - self.initial_m3 - self.run_on_m3;
        self
    }
}
