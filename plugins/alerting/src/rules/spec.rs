//! A rule file as written: what a person edits, and its JSON schema.

use guanlan_core::ObservedProperty;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A rule file. Format 1.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Format of this file; 1.
    pub format: u32,
    /// The rules.
    #[serde(default)]
    #[schemars(with = "Vec<RuleSpec>")]
    pub rule: Vec<Spanned<RuleSpec>>,
}

/// What a rule watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Readings against thresholds.
    #[default]
    Threshold,
    /// The device itself: silent or suspect.
    Quality,
}

/// On which side of a threshold the danger is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A value at or above the threshold.
    #[default]
    Above,
    /// A value at or below the threshold.
    Below,
}

/// What thresholds are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The unit of the property.
    #[default]
    Unit,
    /// The air quality index of HJ 633—2026, for PM2.5.
    Aqi,
}

/// Words on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A number per level; a level without a number does not exist for the rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerLevel {
    /// 蓝.
    pub blue: Option<f64>,
    /// 黄.
    pub yellow: Option<f64>,
    /// 橙.
    pub orange: Option<f64>,
    /// 红.
    pub red: Option<f64>,
}

impl PerLevel {
    /// Blue, yellow, orange, red.
    #[must_use]
    pub const fn array(&self) -> [Option<f64>; 4] {
        [self.blue, self.yellow, self.orange, self.red]
    }
}

/// Thresholds of one stream (河道 设防/警戒/保证 differ from station to station).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// The stream.
    pub sensor: String,
    /// 蓝 (设防).
    pub blue: Option<f64>,
    /// 黄 (警戒).
    pub yellow: Option<f64>,
    /// 橙.
    pub orange: Option<f64>,
    /// 红 (保证).
    pub red: Option<f64>,
}

/// One rule as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Name: small letters, digits and hyphens; stable for ever.
    pub name: String,
    /// Version, from 1; raise it with every change.
    pub version: u32,
    /// What it watches.
    #[serde(default)]
    pub kind: RuleKind,
    /// The observed property, for example `road_water_depth`; a quality rule may leave it out for all.
    #[schemars(schema_with = "property_schema")]
    pub property: Option<String>,
    /// Words on the screen.
    pub title: Title,
    /// On which side of a threshold the danger is.
    #[serde(default)]
    pub direction: Direction,
    /// True compares the value without its sign.
    #[serde(default)]
    pub absolute: bool,
    /// What thresholds are written in.
    #[serde(default)]
    pub scale: Scale,
    /// 蓝 threshold.
    pub blue: Option<f64>,
    /// 黄 threshold.
    pub yellow: Option<f64>,
    /// 橙 threshold.
    pub orange: Option<f64>,
    /// 红 threshold.
    pub red: Option<f64>,
    /// Other thresholds from 22:00 to 06:00 local time (GB 3096).
    pub night: Option<PerLevel>,
    /// A level is left only this far beyond its threshold, in the property's unit; 10 % of the
    /// smallest step between levels when left out.
    pub hysteresis: Option<f64>,
    /// A level is raised when true for this long, first to current true reading, s.
    #[serde(default)]
    pub on_delay_s: f64,
    /// On-delays of single levels, s.
    #[serde(default)]
    pub on_delay_level_s: PerLevel,
    /// A level is left when clear for this long, s; three on-delays when left out.
    pub off_delay_s: Option<f64>,
    /// True keeps the colour until clear and acknowledged (life safety).
    #[serde(default)]
    pub latch: bool,
    /// Only these streams; empty means all of the property.
    #[serde(default)]
    pub sensors: Vec<String>,
    /// Thresholds of single streams; they replace the rule's own.
    #[serde(default)]
    pub station: Vec<Station>,
    /// Alerts of this rule at one time at most; more are counted, not raised.
    pub max_active: Option<u32>,
    /// Of a quality rule: `offline`, `suspect`.
    #[serde(default)]
    pub quality: Vec<String>,
}

impl RuleSpec {
    /// Thresholds as blue, yellow, orange, red.
    #[must_use]
    pub const fn levels(&self) -> [Option<f64>; 4] {
        [self.blue, self.yellow, self.orange, self.red]
    }
}

fn property_schema(_: &mut SchemaGenerator) -> Schema {
    let keys: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
    json_schema!({ "description": "The observed property; a quality rule may leave it out for all.", "type": ["string", "null"], "enum": keys })
}

/// The JSON schema of a rule file, for editors and for the API.
#[must_use]
pub fn rule_schema() -> serde_json::Value {
    schemars::schema_for!(RuleFile).to_value()
}
