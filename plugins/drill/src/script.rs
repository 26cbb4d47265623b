//! The drill script as written by people: TOML, schema 1.

use std::collections::BTreeSet;

use guanlan_casework::CaseState;
use guanlan_core::{AlertLevel, Bilingual, ObservedProperty, input::UnitStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DrillError, storm::Storm};

/// Ways an inject can reach a trainee.
pub const CHANNELS: [&str; 7] = ["电话", "短信", "电台", "平台", "视频", "书面", "MQTT"];

/// A text in Chinese and English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// 中文.
    pub zh: String,
    /// English; empty shows the Chinese.
    #[serde(default)]
    pub en: String,
}

impl From<&Text> for Bilingual {
    fn from(text: &Text) -> Self {
        Self::new(text.zh.clone(), text.en.clone())
    }
}

/// What a drill is about and should prove.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Short name, for example `O1`.
    pub id: String,
    /// In words.
    pub text: Text,
}

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

/// A drill script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillScript {
    /// 1.
    pub schema: u32,
    /// Title.
    pub title: Text,
    /// Purpose in a sentence or two.
    #[serde(default)]
    pub about: Text,
    /// Seed of everything random in the drill's room.
    pub seed: u64,
    /// Script time 0 lies this long after the fork, s.
    #[serde(default)]
    pub start_offset_s: u32,
    /// Length, s.
    pub duration_s: u32,
    /// Ceiling of the speed, times real time.
    #[serde(default = "speed_max")]
    pub speed_max: f64,
    /// The rain; none means a dry drill.
    #[serde(default)]
    pub storm: Option<Storm>,
    /// What it should prove.
    #[serde(default)]
    pub objective: Vec<Objective>,
    /// Injects.
    #[serde(default)]
    pub inject: Vec<InjectSpec>,
    /// Expectations.
    #[serde(default)]
    pub expect: Vec<ExpectSpec>,
}

const fn speed_max() -> f64 {
    60.0
}

/// JSON Schema of the script format.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(DrillScript).to_value()
}

/// Where entries of a script stand in its text.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    /// An error about `field` of the `index`-th `[[table]]` (or of the top level when `table` is empty).
    pub fn wrong(&self, table: &str, index: usize, field: &str, message: impl Into<String>) -> DrillError {
        let name = match (table, field) {
            ("", field) => field.to_owned(),
            (table, "") => format!("{table}[{}]", index + 1),
            (table, field) => format!("{table}[{}].{field}", index + 1),
        };
        DrillError {
            file: self.file.to_owned(),
            line: self.line(table, index, field),
            field: name,
            message: message.into(),
        }
    }

    fn line(&self, table: &str, index: usize, field: &str) -> usize {
        let header = format!("[[{table}]]");
        let mut seen = 0;
        let mut found = None;
        for (number, line) in self.text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with('[') && !line.starts_with("[[storm") {
                if found.is_some() && !line.starts_with(&format!("[{table}.")) {
                    break;
                }
                if line.starts_with(&header) {
                    if seen == index {
                        found = Some(number + 1);
                    }
                    seen += 1;
                }
            }
            let inside = table.is_empty() || found.is_some();
            let key = field.split('.').next().unwrap_or(field);
            let is_key = line.strip_prefix(key).is_some_and(|rest| {
                let rest = rest.trim_start();
                rest.starts_with('=') || rest.starts_with('.')
            });
            let is_table = !key.is_empty() && line.starts_with(&format!("[{key}"));
            if inside && !key.is_empty() && (is_key || is_table) {
                return number + 1;
            }
        }
        found.unwrap_or(1)
    }
}

impl DrillScript {
    /// Reads and checks a script.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field.
    pub fn parse(file: &str, text: &str) -> Result<Self, DrillError> {
        let script: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                let end = span.start.min(text.len());
                text.as_bytes()[..end].iter().filter(|b| **b == b'\n').count() + 1
            });
            let message = error.message().replace('\n', " ");
            let field = text.lines().nth(line - 1).and_then(|l| l.split('=').next()).unwrap_or("").trim();
            DrillError { file: file.to_owned(), line, field: field.to_owned(), message }
        })?;
        script.check(&Source { file, text })?;
        Ok(script)
    }

    fn check(&self, source: &Source<'_>) -> Result<(), DrillError> {
        let top = |field: &str, message: String| Err(source.wrong("", 0, field, message));
        if self.schema != 1 {
            return top("schema", format!("expected 1, found {}", self.schema));
        }
        if self.title.zh.is_empty() {
            return top("title", "expected { zh = \"…\", en = \"…\" } with Chinese text".into());
        }
        if self.duration_s == 0 || self.duration_s > 7 * 86_400 {
            return top("duration_s", format!("expected 1 to {} s, found {}", 7 * 86_400, self.duration_s));
        }
        if !(1.0..=10_000.0).contains(&self.speed_max) {
            return top("speed_max", format!("expected 1 to 10000, found {}", self.speed_max));
        }
        if let Some(storm) = &self.storm {
            storm.series().map_err(|e| source.wrong("", 0, &e.field(), e.to_string()))?;
        }
        let objectives: BTreeSet<&str> = self.objective.iter().map(|o| o.id.as_str()).collect();
        let known = |table: &str, index: usize, objective: &Option<String>| match objective {
            Some(id) if !objectives.contains(id.as_str()) => {
                Err(source.wrong(table, index, "objective", format!("no [[objective]] has the id '{id}'")))
            }
            _ => Ok(()),
        };
        let mut last = None;
        for (index, inject) in self.inject.iter().enumerate() {
            let wrong = |field: &str, message: String| Err(source.wrong("inject", index, field, message));
            if last.is_some_and(|(no, _)| inject.no <= no) {
                return wrong("no", format!("numbers must rise, found {} again or lower", inject.no));
            }
            if last.is_some_and(|(_, at)| inject.at_s < at) {
                return wrong("at_s", format!("injects must be in the order of time, found {} s", inject.at_s));
            }
            if inject.at_s > self.duration_s {
                return wrong("at_s", format!("{} s lies after the end of the drill", inject.at_s));
            }
            if !CHANNELS.contains(&inject.channel.as_str()) {
                return wrong("channel", format!("expected one of {}, found '{}'", CHANNELS.join(" "), inject.channel));
            }
            if inject.text.zh.is_empty() {
                return wrong("text", "expected { zh = \"…\", en = \"…\" } with Chinese text".into());
            }
            if inject.due_s == Some(0) {
                return wrong("due_s", "expected at least 1 s".into());
            }
            if let Some(Action::Sensor { value, hold_s, every_s, .. }) = &inject.action {
                if !value.is_finite() || *every_s == 0 || hold_s / every_s > 20_000 {
                    return wrong(
                        "action",
                        "sensor: expected a finite value, every_s ≥ 1, at most 20000 readings".into(),
                    );
                }
            }
            known("inject", index, &inject.objective)?;
            last = Some((inject.no, inject.at_s));
        }
        for (index, expect) in self.expect.iter().enumerate() {
            let wrong = |field: &str, message: String| Err(source.wrong("expect", index, field, message));
            known("expect", index, &expect.objective)?;
            let Some((since_s, by_s)) = self.window(expect) else {
                return wrong("by_s", "expected by_s, or inject = the number of an inject with due_s".into());
            };
            if by_s <= since_s {
                return wrong("by_s", format!("{by_s} s is not after {since_s} s, when its inject comes"));
            }
            if by_s > self.duration_s {
                return wrong("by_s", format!("{by_s} s lies after the end of the drill"));
            }
            check_when(&expect.when).or_else(|message| wrong("when", message))?;
        }
        Ok(())
    }

    /// From when and by when an expectation counts, script time in s. `None` when neither is given.
    #[must_use]
    pub fn window(&self, expect: &ExpectSpec) -> Option<(u32, u32)> {
        match expect.inject {
            Some(no) => {
                let inject = self.inject.iter().find(|i| i.no == no)?;
                let by_s = expect.by_s.or_else(|| inject.due_s.map(|due| inject.at_s.saturating_add(due)))?;
                Some((inject.at_s, by_s))
            }
            None => expect.by_s.map(|by_s| (0, by_s)),
        }
    }
}

/// Reads a word of an enum by its serde name.
pub(crate) fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

fn check_when(when: &When) -> Result<(), String> {
    let property = |key: &str| {
        if key.is_empty() || ObservedProperty::from_key(key).is_some() {
            Ok(())
        } else {
            Err(format!("property: expected a key such as road_water_depth, found '{key}'"))
        }
    };
    match when {
        When::Alert { property: key, reaches, .. } => {
            property(key)?;
            match word::<AlertLevel>(reaches) {
                Some(level) if level > AlertLevel::Normal => Ok(()),
                _ => Err(format!("reaches: expected blue, yellow, orange or red, found '{reaches}'")),
            }
        }
        When::Acknowledged { property: key } => property(key),
        When::Unit { is, .. } => match word::<UnitStatus>(is) {
            Some(_) => Ok(()),
            None => Err(format!("is: expected a status such as on_scene, found '{is}'")),
        },
        When::Case { reaches, .. } => {
            let known = reaches == "opened" || CaseState::ALL.iter().any(|state| state.key() == reaches);
            if known { Ok(()) } else { Err(format!("reaches: expected opened or a case state, found '{reaches}'")) }
        }
        When::Road { .. } => Ok(()),
    }
}
