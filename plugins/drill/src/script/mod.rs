//! The drill script as written by people: TOML, schema 1.

mod check;
mod expect;
mod inject;
mod source;

use guanlan_core::{
    Bilingual,
    file_words::{line_at, refused},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DrillError, storm::Storm};

pub use expect::{ExpectSpec, When};
pub use inject::{Action, CHANNELS, InjectSpec};
pub(crate) use source::{Source, word};

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

impl DrillScript {
    /// Reads and checks a script.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field.
    pub fn parse(file: &str, text: &str) -> Result<Self, DrillError> {
        let script: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |s| line_at(text, s.start));
            let message = refused(text, line, error.message());
            let field = text.lines().nth(line - 1).and_then(|l| l.split('=').next()).unwrap_or("").trim();
            DrillError { file: file.to_owned(), line, field: field.to_owned(), message }
        })?;
        script.check(&Source { file, text })?;
        Ok(script)
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
