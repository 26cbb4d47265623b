//! What a drill's room knows about its drill.

use std::collections::BTreeMap;

use bevy_ecs::prelude::Resource;
use guanlan_core::{AlertId, Bilingual, CaseId, ObservedProperty, Stamp};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

/// How far one expectation is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// When it came true.
    pub met: Option<Stamp>,
    /// Its time has passed without it (it may still come true, late).
    pub missed: bool,
    /// The fact that made it true, in words.
    pub evidence: Bilingual,
}

/// Counts for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Alerts that reached red.
    pub reds: u32,
    /// Alerts acknowledged.
    pub acknowledged: u32,
    /// Cases opened.
    pub cases: u32,
    /// Cases closed.
    pub closed: u32,
    /// Crews sent.
    pub sent: u32,
    /// Of them against the recommendation (with a reason).
    pub overrides: u32,
    /// Crews that arrived.
    pub arrived: u32,
    /// Roads closed.
    pub roads_closed: u32,
    /// Commands refused.
    pub refused: u32,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// When.
    pub at: Stamp,
    /// What, in Chinese.
    pub zh: String,
    /// What, in English.
    pub en: String,
    /// Who.
    pub actor: String,
}

/// The drill's own part of a room's truth.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrillState {
    /// Script time 0; `None` before the first tick.
    pub start: Option<Stamp>,
    /// Instant of the latest tick.
    pub now: Stamp,
    /// The script's duration is over.
    pub finished: bool,
    /// Injects delivered, by number.
    pub delivered: BTreeMap<u32, Stamp>,
    /// One for each expectation of the script.
    pub expectations: Vec<Progress>,
    /// Cases opened since the start: category code and place, m.
    pub cases: BTreeMap<CaseId, (String, [f64; 2])>,
    /// What the open alerts observe.
    pub alerts: BTreeMap<AlertId, ObservedProperty>,
    /// Counts.
    pub tally: Tally,
    /// What happened that a report should show, oldest first.
    pub timeline: std::sync::Arc<Vec<Node>>,
}

impl RoomState for DrillState {
    const NAME: &'static str = "drill";
}

impl DrillState {
    /// Seconds since script time 0; negative before it.
    #[must_use]
    pub fn script_s(&self, at: Stamp) -> f64 {
        self.start.map_or(0.0, |start| (at - start) as f64 / 1000.0)
    }
}
