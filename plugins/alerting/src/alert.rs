//! An alert as everybody sees it.

use guanlan_core::{AlertId, AlertLevel, Bilingual, ObservedProperty, Role, SensorId, Stamp};
use serde::{Deserialize, Serialize};

/// "I have seen it."
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub actor: String,
    /// In which seat.
    pub role: Role,
    /// When.
    pub at: Stamp,
    /// The level seen; a higher one asks again.
    pub level: AlertLevel,
    /// Why, or what follows.
    pub note: String,
}

/// A reading that proves a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was measured.
    pub at: Stamp,
    /// In the property's unit; 1 and 0 for bad and good of a device.
    pub value: f64,
}

/// One alert from its first raise to its end: one stream under one rule, so that a red one stands
/// instead of the yellow one, never beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The stream.
    pub sensor: SensorId,
    /// The stream's index in the sensor table.
    pub index: u32,
    /// What the stream observes.
    pub property: ObservedProperty,
    /// Level shown now; after the end the last one shown.
    pub level: AlertLevel,
    /// When it took this level.
    pub since: Stamp,
    /// When it was first raised.
    pub raised_at: Stamp,
    /// When it ended; `None` while it is active.
    pub ended_at: Option<Stamp>,
    /// Who has seen it; `None` breathes.
    pub acked: Option<Ack>,
    /// Latest trusted reading under the rule, in the property's unit.
    pub value: f64,
    /// The threshold passed by the last change of level.
    pub threshold: f64,
    /// Rule and version, for example `road-water@1`.
    pub rule: String,
    /// What is the matter, for example 道路积水.
    pub title: Bilingual,
    /// Local frame, m; `None` for an unplaced stream.
    pub place_m: Option<[f64; 2]>,
    /// Where, in words: the stream's name.
    pub place: Bilingual,
    /// Frozen at its highest level because it swings.
    pub flapping: bool,
    /// The condition is clear but the rule keeps the colour until somebody has seen it.
    pub latched: bool,
    /// Highest level it had.
    pub peak: AlertLevel,
    /// Worst value it had.
    pub peak_value: f64,
    /// The readings that led to the present level, oldest first, at most 16.
    pub evidence: Vec<Evidence>,
    /// Number of its rule in the rule set in force.
    pub(crate) rule_no: u16,
}

impl Alert {
    /// True while it is active and nobody has seen it.
    #[must_use]
    pub fn breathes(&self) -> bool {
        self.ended_at.is_none() && self.acked.is_none()
    }
}
