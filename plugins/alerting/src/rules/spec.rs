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
    /// Areas of one's own for `over = "area"`.
    #[serde(default)]
    #[schemars(with = "Vec<AreaSpec>")]
    pub area: Vec<Spanned<AreaSpec>>,
    /// Which alerts make others unnecessary.
    #[serde(default)]
    #[schemars(with = "Vec<InhibitSpec>")]
    pub inhibit: Vec<Spanned<InhibitSpec>>,
    /// Clocks of calling: escalation, repetition, sound.
    #[serde(default)]
    pub notify: NotifySpec,
}

/// What a rule watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Readings against thresholds.
    #[default]
    Threshold,
    /// The device itself: silent, suspect or contradicted.
    Quality,
    /// Silence: thresholds are seconds without a reading.
    Missing,
    /// Several streams: named conditions joined by `and`, `or`, `not`.
    Composite,
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

/// What of a stream's readings is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The reading itself.
    #[default]
    Value,
    /// Change per minute from the oldest reading of the window to the newest; the readings must span
    /// half the window.
    Rate,
    /// Mean of the readings of the window; of sound levels the equivalent level Leq.
    Mean,
    /// Largest reading of the window.
    Max,
    /// Smallest reading of the window.
    Min,
    /// Sum of the readings of the window.
    Sum,
    /// Integral over the window in unit × hours, each reading holding until the next: mm from mm/h.
    Total,
    /// Worst value expected within `within_min`: from a model where one speaks, else along the trend
    /// of the window.
    Forecast,
}

/// Whose readings are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Each stream by itself.
    #[default]
    Stream,
    /// Each stream with those of its property within `radius_m`.
    Neighbours,
    /// 万米单元网格 (or squares of 100 m where the city has none).
    Grid,
    /// 社区 (or squares of 500 m).
    Community,
    /// 街道 (or squares of 2 km).
    Street,
    /// 区 (or squares of 8 km).
    District,
    /// The whole city.
    City,
    /// 排水分区: what drains to one outfall.
    Basin,
    /// An area of this file, named by `area`.
    Area,
}

/// How the streams of an area become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Mean of the streams.
    #[default]
    Mean,
    /// Largest.
    Max,
    /// Smallest.
    Min,
    /// Sum.
    Sum,
    /// How many streams are at or beyond `each`.
    Count,
}

/// How the future is told from the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A model's series where there is one, else `robust`.
    #[default]
    Auto,
    /// Theil–Sen: median of the slopes between all pairs of readings.
    Robust,
    /// Least squares.
    Linear,
    /// Only a model's series.
    Model,
}

/// What a composite makes of a condition whose streams fell silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It keeps the truth it had.
    #[default]
    Hold,
    /// It is false.
    False,
}

/// A name for an area of one's own: a ring or a circle, local metres.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaSpec {
    /// What rules call it.
    pub name: String,
    /// Words on the screen.
    pub title: Title,
    /// Corners `[east, north]`, at least three, not closed.
    #[serde(default)]
    pub ring_m: Vec<[f64; 2]>,
    /// Centre of a circle.
    pub centre_m: Option<[f64; 2]>,
    /// Its radius.
    pub radius_m: Option<f64>,
}

/// Which alerts are meant; what is left out matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// Rule name without version; a trailing `*` matches every name that begins so.
    pub rule: String,
    /// Key of the observed property.
    pub property: String,
    /// Only from this level: blue, yellow, orange, red.
    pub from: String,
    /// Only up to this level.
    pub up_to: String,
}

/// While a source alert is active, target alerts with the same labels call nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InhibitSpec {
    /// What makes others unnecessary.
    pub source: Matcher,
    /// What becomes unnecessary.
    pub target: Matcher,
    /// Labels that must be equal: `sensor`, `property`, `grid`, `community`, `street`, `district`,
    /// `city`; at least one.
    pub equal: Vec<String>,
}

/// Clocks of calling. Seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySpec {
    /// A red nobody acknowledged goes to 街道, 区, 市 after these times.
    pub red_s: [f64; 3],
    /// The same for orange.
    pub orange_s: [f64; 3],
    /// The same for yellow.
    pub yellow_s: [f64; 3],
    /// A group that still fires is called out again after this time.
    pub repeat_s: f64,
    /// At most one sound in this time for red …
    pub sound_red_s: f64,
    /// … for orange and yellow. Blue is silent.
    pub sound_other_s: f64,
    /// Alerts of one hazard in one area that come later than this after the last one are a new group.
    pub episode_s: f64,
    /// Groups shown at most.
    pub cards: u32,
}

impl Default for NotifySpec {
    fn default() -> Self {
        Self {
            red_s: [60.0, 180.0, 300.0],
            orange_s: [120.0, 360.0, 600.0],
            yellow_s: [300.0, 900.0, 1800.0],
            repeat_s: 14_400.0,
            sound_red_s: 10.0,
            sound_other_s: 30.0,
            episode_s: 1800.0,
            cards: 20,
        }
    }
}

/// "Red in 38 min" on the alerts of a rule: how far ahead and from what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutlookSpec {
    /// How far ahead, minutes.
    pub within_min: f64,
    /// From the readings of this long, s; half an hour when left out.
    pub window_s: Option<f64>,
    /// How.
    #[serde(default)]
    pub method: Method,
}

/// One condition of a composite rule. Exactly one of `at_least`, `at_most`, `rule`, `quality`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionSpec {
    /// Name in the expressions: small letters, digits and `_`.
    pub name: String,
    /// The observed property.
    #[schemars(schema_with = "property_schema")]
    pub property: Option<String>,
    /// True at or above this.
    pub at_least: Option<f64>,
    /// True at or below this.
    pub at_most: Option<f64>,
    /// True while an alert of this rule is active …
    pub rule: Option<String>,
    /// … at this level or worse (blue when left out).
    pub level: Option<String>,
    /// True while a stream of the property has this quality: offline, suspect, contradicted.
    pub quality: Option<String>,
    /// What of the readings is compared.
    #[serde(default)]
    pub measure: Measure,
    /// Window of the measure, s.
    pub window_s: Option<f64>,
    /// Horizon of a forecast, minutes.
    pub within_min: Option<f64>,
    /// True again false only this far beyond the threshold.
    #[serde(default)]
    pub hysteresis: f64,
    /// Must be true this long, s.
    #[serde(default)]
    pub hold_s: f64,
    /// One stream; else those `over` says.
    pub sensor: Option<String>,
    /// Where the streams are, seen from the anchor's stream: `stream` is that stream itself,
    /// `neighbours` those within `radius_m`, the others those in the same area; `city` when left out.
    pub over: Option<Over>,
    /// How near, m.
    pub radius_m: Option<f64>,
    /// How many streams must be true; 1 when left out.
    pub at_least_streams: Option<u32>,
}

/// Expressions of a composite rule by level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelsSpec {
    /// 蓝.
    pub blue: Option<String>,
    /// 黄.
    pub yellow: Option<String>,
    /// 橙.
    pub orange: Option<String>,
    /// 红.
    pub red: Option<String>,
}

/// A stream of a rule's own test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestStream {
    /// The stream.
    pub sensor: String,
    /// What it observes; the rule's property when left out.
    pub property: Option<String>,
    /// Where it stands, local metres.
    pub place_m: Option<[f64; 2]>,
    /// Promised time between readings, s.
    pub period_s: Option<u32>,
    /// `seconds:value seconds:value …`; `from..to:value` repeats every period.
    pub series: String,
}

/// A rule's own test: readings in, changes of level out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSpec {
    /// What it shows.
    pub name: String,
    /// First instant, RFC 3339; 2026-07-01 08:00 in China when left out.
    pub start: Option<String>,
    /// Readings of the one stream `s` of the rule's property.
    #[serde(default)]
    pub series: String,
    /// Promised time between readings, s, and the step of `from..to:value`; 30 when left out.
    pub period_s: Option<u32>,
    /// Readings of several streams.
    #[serde(default)]
    pub stream: Vec<TestStream>,
    /// Runs on to this second after the start; the last reading when left out.
    pub until_s: Option<f64>,
    /// Every change of this rule in order: `90 blue, 240 yellow`; `s@90 blue` names the stream or area.
    pub expect: String,
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
    /// Of a quality rule: `offline`, `suspect`, `contradicted`.
    #[serde(default)]
    pub quality: Vec<String>,
    /// What of the readings is compared.
    #[serde(default)]
    pub measure: Measure,
    /// Window of the measure, s.
    pub window_s: Option<f64>,
    /// Horizon of `measure = "forecast"`, minutes; 60 when left out.
    pub within_min: Option<f64>,
    /// How a forecast is made.
    #[serde(default)]
    pub method: Method,
    /// Whose readings are put together.
    #[serde(default)]
    pub over: Over,
    /// Of `over = "neighbours"`: how near, m; 500 when left out.
    pub radius_m: Option<f64>,
    /// Of `over = "area"`: the area's name in this file.
    pub area: Option<String>,
    /// How they become one number.
    #[serde(default)]
    pub combine: Combine,
    /// Of `combine = "count"`: a stream counts at or beyond this.
    pub each: Option<f64>,
    /// An area with fewer speaking streams says nothing; 1 when left out.
    pub at_least_streams: Option<u32>,
    /// Takes thresholds, night, stations and direction of another rule of this file.
    pub like: Option<String>,
    /// Says on its alerts when the next level is expected.
    pub outlook: Option<OutlookSpec>,
    /// Conditions of a composite; the first is its anchor: one alert per stream of it.
    #[serde(default)]
    pub when: Vec<ConditionSpec>,
    /// Expressions of a composite over its conditions: `rain and depth and not pump`.
    #[serde(default)]
    pub levels: LevelsSpec,
    /// What a composite makes of silent streams.
    #[serde(default)]
    pub missing: Missing,
    /// Alerts of one hazard are grouped; the property's key when left out.
    pub hazard: Option<String>,
    /// Times to 街道, 区, 市 of this rule's alerts, s; the file's `notify` when left out.
    pub escalate_s: Option<[f64; 3]>,
    /// False never sounds nor escalates.
    #[serde(default = "yes")]
    pub calls: bool,
    /// The rule's own tests.
    #[serde(default)]
    pub test: Vec<TestSpec>,
}

const fn yes() -> bool {
    true
}

impl RuleSpec {
    /// Thresholds as blue, yellow, orange, red.
    #[must_use]
    pub const fn thresholds(&self) -> [Option<f64>; 4] {
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
