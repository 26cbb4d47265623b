//! Expectations: what should be true by when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Text;

/// A condition on the facts of the room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum When {
    /// An alert reaches a level.
    Alert {
        /// Property key such as `road_water_depth`; empty for any.
        #[serde(default)]
        property: String,
        /// One sensor; empty for any.
        #[serde(default)]
        target: String,
        /// `blue`, `yellow`, `orange`, `red`.
        reaches: String,
    },
    /// An alert is acknowledged.
    Acknowledged {
        /// Property key; empty for any.
        #[serde(default)]
        property: String,
    },
    /// A crew reaches a status.
    Unit {
        /// Crew id, or a kind: `patrol`, `repair`, `pump`, `sanitation`, `greening`; empty for any.
        #[serde(default)]
        unit: String,
        /// `dispatched`, `en_route`, `on_scene`, `clearing`, `available`.
        is: String,
    },
    /// A case opened after the drill began reaches a state.
    Case {
        /// Category code such as `10-999`, a class such as `10`, or empty for any.
        #[serde(default)]
        code: String,
        /// Only near this place (150 m).
        #[serde(default)]
        near: String,
        /// A state such as `handling`, or `opened`.
        reaches: String,
    },
    /// A road is closed.
    Road {
        /// Where; empty for any road.
        #[serde(default)]
        target: String,
    },
}

/// Something that should be true by a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectSpec {
    /// In words.
    pub text: Text,
    /// The inject it answers; its time is counted from there.
    #[serde(default)]
    pub inject: Option<u32>,
    /// Latest script time, s; by default the inject's time plus its `due_s`.
    #[serde(default)]
    pub by_s: Option<u32>,
    /// Objective it belongs to.
    #[serde(default)]
    pub objective: Option<String>,
    /// The condition.
    pub when: When,
}
