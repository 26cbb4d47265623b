//! Rules turn readings into 红黄蓝 alerts: thresholds, rates, windows, areas, composites, silence and
//! forecasts; delays, hysteresis, freeze of flapping, latch; grouping, inhibition, silences, shelves,
//! the ladder 社区-街道-区-市; and the explanation of every colour.
//!
//! [`AlertBook`] is the truth and can be driven without a room ([`AlertBook::observe`]);
//! [`AlertingPlugin`] drives it from sensing and from commands, and takes rule files as inputs.
//! [`RuleSet`] comes from a TOML file whose schema is [`rule_schema`]; [`bench`] runs one against
//! recorded data. Besides: the air quality index ([`aqi`]), the colours of the weather service's rain
//! signal ([`rain`]), the risk map ([`risk`]) and space-time hot spots ([`hotspot`]).
//!
//! **Invariant:** stale and suspect data neither raises nor clears. **Invariant:** a reading costs
//! O(log active) per rule that concerns it; streams that are normal hold no state but windows.

mod alert;
pub mod aqi;
pub mod bench;
mod board;
mod book;
mod care;
mod engine;
mod explain;
mod flap;
pub mod forecast;
pub mod hotspot;
mod ledger;
mod leq;
mod machine;
mod people;
pub mod places;
pub mod rain;
pub mod risk;
pub mod rules;
mod systems;
mod window;

pub use alert::{AREA_INDEX, Ack, Alert, AlertState, Eta, Evidence, InputReading, Pending, Shelf, Suppression, Timers};
pub use board::{AlertBoard, RulesInForce, SoundDue};
pub use book::AlertBook;
pub use care::{Group, Silence};
pub use engine::Scene;
pub use explain::{Explanation, explain};
pub use ledger::SensorRef;
pub use places::Places;
pub use rules::{RuleError, RuleSet, rule_schema, sha256};
pub use systems::{RuleFileTaken, Rules};

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_city::City;
use guanlan_tick::{RoomAppExt, RoomSystems, RoomTick};

/// Adds alerts to a room that has sensing.
pub struct AlertingPlugin {
    /// The rules a room begins with.
    pub rules: RuleSet,
    /// The static twin: areas and drains. An empty one knows only the whole city.
    pub city: Arc<City>,
}

impl Plugin for AlertingPlugin {
    fn build(&self, app: &mut App) {
        app.register_room_state::<AlertBook>();
        app.register_room_state::<RuleFileTaken>();
        let rules = Arc::new(self.rules.clone());
        app.insert_resource(systems::FirstRules(rules.clone())).insert_resource(Rules(rules));
        app.insert_resource(Places::of(&self.city));
        app.add_systems(RoomTick, systems::assess.in_set(RoomSystems::Assess));
    }
}
