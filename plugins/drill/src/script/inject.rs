//! Injects: what is told to whom and when, and what it does to the room.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Text;

/// Ways an inject can reach a trainee.
pub const CHANNELS: [&str; 7] = ["电话", "短信", "电台", "平台", "视频", "书面", "MQTT"];

/// What an inject does to the room besides being told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// A citizen reports a problem.
    ReportCase {
        /// Category code such as `01-003`; empty goes by the words.
        #[serde(default)]
        code: String,
        /// Where: see `target` in the guide.
        near: String,
        /// Metres east and north of it.
        #[serde(default)]
        offset_m: [f64; 2],
    },
    /// A sensor reads a value for a while. Road gauges listen only while no simulated water drives them.
    Sensor {
        /// Which sensor.
        target: String,
        /// Value in the unit of its property.
        value: f64,
        /// For how long, s.
        #[serde(default = "hold_s")]
        hold_s: u32,
        /// Time between readings, s.
        #[serde(default = "every_s")]
        every_s: u32,
    },
    /// A pump station fails: its sensor reads a fault and the solver's pumps near it stop.
    PumpFail {
        /// Which station.
        target: String,
        /// For how long, s.
        #[serde(default = "outage_s")]
        hold_s: u32,
    },
    /// A road is closed.
    CloseRoad {
        /// Where.
        target: String,
        /// Why.
        reason: String,
    },
}

const fn hold_s() -> u32 {
    300
}
const fn every_s() -> u32 {
    30
}
const fn outage_s() -> u32 {
    1800
}

/// One inject of the MSEL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InjectSpec {
    /// Number; unique and rising.
    pub no: u32,
    /// Script time, s.
    pub at_s: u32,
    /// 电话, 短信, 电台, 平台, 视频, 书面 or MQTT.
    pub channel: String,
    /// From whom.
    pub from: Text,
    /// To whom.
    pub to: Text,
    /// What is said.
    pub text: Text,
    /// What the trainees should do.
    #[serde(default)]
    pub expected: Text,
    /// Within how long, s.
    #[serde(default)]
    pub due_s: Option<u32>,
    /// Objective it serves.
    #[serde(default)]
    pub objective: Option<String>,
    /// What it does to the room.
    #[serde(default)]
    pub action: Option<Action>,
}
