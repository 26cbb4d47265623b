//! The mass ledger.

use serde::{Deserialize, Serialize};

/// Volumes since the start, m³. `stored_m3` is summed in f64 from the state, not from the flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Rain that fell on the domain, roofs included.
    pub rain_m3: f64,
    /// Other water that came in: sources, rivers above the ground beside them.
    pub inflow_m3: f64,
    /// Water that soaked in or was kept back by surfaces.
    pub infiltration_m3: f64,
    /// Water the inlets took.
    pub drained_m3: f64,
    /// Water that came back up from the drains.
    pub surcharged_m3: f64,
    /// Water that left over open edges and into rivers.
    pub outflow_m3: f64,
    /// Water on the surface now.
    pub stored_m3: f64,
    /// Water on the surface at the start.
    pub initial_m3: f64,
    /// What the books cannot explain: stored − initial − all in + all out.
    pub error_m3: f64,
    /// `error_m3` over all water handled (initial + rain + inflow + surcharge).
    pub error_relative: f64,
}

impl Ledger {
    /// The books of two surfaces as one; what one gave the other is in neither.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        Self {
            rain_m3: self.rain_m3 + other.rain_m3,
            inflow_m3: self.inflow_m3 + other.inflow_m3,
            infiltration_m3: self.infiltration_m3 + other.infiltration_m3,
            drained_m3: self.drained_m3 + other.drained_m3,
            surcharged_m3: self.surcharged_m3 + other.surcharged_m3,
            outflow_m3: self.outflow_m3 + other.outflow_m3,
            stored_m3: self.stored_m3 + other.stored_m3,
            initial_m3: self.initial_m3 + other.initial_m3,
            ..Self::default()
        }
        .closed()
    }

    /// Computes the error from the other entries.
    #[must_use]
    pub fn closed(mut self) -> Self {
        let gone = self.infiltration_m3 + self.drained_m3 + self.outflow_m3;
        self.error_m3 = self.stored_m3 - self.initial_m3 - self.rain_m3 - self.inflow_m3 - self.surcharged_m3 + gone;
        let handled = self.initial_m3 + self.rain_m3 + self.inflow_m3 + self.surcharged_m3;
        self.error_relative = if handled > 0.0 { self.error_m3.abs() / handled } else { 0.0 };
        self
    }
}
