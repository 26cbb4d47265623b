//! Rules turn readings into 红黄蓝 alerts: thresholds, delays, hysteresis, freeze of flapping,
//! latch, acknowledgement, and the explanation of every colour.
//!
//! [`AlertBook`] is the truth and can be driven without a room ([`AlertBook::observe`]);
//! [`AlertingPlugin`] drives it from sensing and from commands. [`RuleSet`] comes from a TOML file
//! whose schema is [`rule_schema`]. Besides: the air quality index ([`aqi`]) and the colours of the
//! weather service's rain signal ([`rain`]).
//!
//! **Invariant:** stale and suspect data neither raises nor clears. **Invariant:** a reading costs
//! O(log active); streams that are normal hold no state.

mod alert;
pub mod aqi;
mod book;
mod explain;
mod flap;
mod ledger;
mod machine;
pub mod rain;
pub mod rules;
mod systems;

pub use alert::{Ack, Alert, Evidence};
pub use book::{AlertBoard, AlertBook};
pub use explain::{Explanation, explain};
pub use ledger::SensorRef;
pub use rules::{RuleError, RuleSet, rule_schema};
pub use systems::Rules;

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_tick::{RoomAppExt, RoomSystems, RoomTick};

/// Adds alerts to a room that has sensing.
pub struct AlertingPlugin {
    /// The rules in force.
    pub rules: RuleSet,
}

impl Plugin for AlertingPlugin {
    fn build(&self, app: &mut App) {
        app.register_room_state::<AlertBook>();
        app.insert_resource(Rules(Arc::new(self.rules.clone())));
        app.add_systems(RoomTick, systems::assess.in_set(RoomSystems::Assess));
    }
}
