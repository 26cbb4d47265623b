//! The matrix file: axes of choices over a base scenario.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chinese::of_toml;
use crate::scenario::{Name, Scenario, ScenarioError};

/// One choice of an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisValue {
    /// Short name: letters, digits, `-`, `_`, `.`; part of the run's folder.
    pub id: String,
    /// Name in the report.
    #[serde(default)]
    pub name: Name,
    /// Keys of the scenario that take other values. Tables are merged key by key; file names stay relative to
    /// the scenario.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub set: toml::Table,
    /// Lists of the scenario (`measure`, `focus` …) that get more entries.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub add: toml::Table,
}

/// Choices of which each run takes one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Name in the report.
    pub name: Name,
    /// Choices.
    pub value: Vec<AxisValue>,
}

/// A matrix file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Title of the report.
    #[serde(default)]
    pub name: Name,
    /// Base scenario, relative to this file, when the command line names none.
    #[serde(default)]
    pub scenario: Option<PathBuf>,
    /// Run the others are compared with: its choices joined by `+`. The first when left out.
    #[serde(default)]
    pub base: Option<String>,
    /// Axes.
    pub axis: Vec<Axis>,
}

/// One run of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixRun {
    /// Ids of its choices joined by `+`.
    pub id: String,
    /// Axis and choice by name.
    pub choices: Vec<(Name, Name)>,
    /// The scenario.
    pub scenario: Scenario,
}

/// Most runs of one matrix.
const MOST_RUNS: usize = 10_000;

impl Matrix {
    /// Reads a matrix file.
    ///
    /// # Errors
    /// Names file, line and field.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let bad = |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
        let mut matrix: Self = toml::from_str(&text).map_err(|e| bad(of_toml(&text, &e)))?;
        if let Some(scenario) = &matrix.scenario {
            matrix.scenario = Some(path.parent().unwrap_or(Path::new("")).join(scenario));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let mut runs = 1_usize;
        for (a, axis) in matrix.axis.iter().enumerate() {
            if axis.value.is_empty() {
                return Err(bad(format!("axis {}: expected at least one [[axis.value]]", a + 1)));
            }
            runs = runs.saturating_mul(axis.value.len());
            for (k, value) in axis.value.iter().enumerate() {
                let good = !value.id.is_empty() && value.id.chars().all(plain) && !value.id.starts_with('.');
                if !good {
                    let reason = format!("'{}': expected letters, digits, - _ .", value.id);
                    return Err(bad(format!("axis {}: value {}: id: {reason}", a + 1, k + 1)));
                }
                if axis.value[..k].iter().any(|v| v.id == value.id) {
                    return Err(bad(format!("axis {}: id '{}' is used twice", a + 1, value.id)));
                }
            }
        }
        if matrix.axis.is_empty() || runs > MOST_RUNS {
            return Err(bad(format!("axis: {runs} runs: expected 1 to {MOST_RUNS} from at least one [[axis]]")));
        }
        if let Some(base) = &matrix.base
            && !matrix.ids().contains(base)
        {
            return Err(bad(format!("base: '{base}': expected one of {}", matrix.ids().join(", "))));
        }
        Ok(matrix)
    }

    /// JSON Schema of matrix files.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The choices of every run, first axis slowest.
    fn combinations(&self) -> Vec<Vec<(&Axis, &AxisValue)>> {
        self.axis.iter().fold(vec![Vec::new()], |runs, axis| {
            let grow = |run: &Vec<(_, _)>| {
                let run = run.clone();
                axis.value.iter().map(move |value| run.iter().copied().chain([(axis, value)]).collect())
            };
            runs.iter().flat_map(grow).collect()
        })
    }

    fn ids(&self) -> Vec<String> {
        let id = |run: &Vec<(&Axis, &AxisValue)>| run.iter().map(|c| c.1.id.as_str()).collect::<Vec<_>>().join("+");
        self.combinations().iter().map(id).collect()
    }

    /// Every run over the scenario of a file.
    ///
    /// # Errors
    /// Names the run and the field that cannot be used.
    pub fn runs(&self, scenario: &Path) -> Result<Vec<MatrixRun>, ScenarioError> {
        let bad = |reason: String| ScenarioError::File { path: scenario.display().to_string(), reason };
        let text = std::fs::read_to_string(scenario).map_err(|e| bad(e.to_string()))?;
        let table: toml::Table = toml::from_str(&text).map_err(|e| bad(of_toml(&text, &e)))?;
        let folder = scenario.parent().unwrap_or(Path::new(""));
        let make = |(id, choices): (String, Vec<(&Axis, &AxisValue)>)| {
            let mut table = table.clone();
            for (_, value) in &choices {
                merge(&mut table, &value.set);
                extend(&mut table, &value.add)
                    .map_err(|reason| ScenarioError::Field { field: format!("run {id}: add"), reason })?;
            }
            let origin = PathBuf::from(format!("{} [run {id}]", scenario.display()));
            let scenario = Scenario::from_table(table, folder, &origin)?;
            let choices = choices.into_iter().map(|(axis, value)| (axis.name.clone(), named(value))).collect();
            Ok(MatrixRun { id, choices, scenario })
        };
        self.ids().into_iter().zip(self.combinations()).map(make).collect()
    }

    /// Index of the run the others are compared with.
    #[must_use]
    pub fn base_index(&self) -> usize {
        self.base.as_ref().and_then(|base| self.ids().iter().position(|id| id == base)).unwrap_or(0)
    }
}

fn named(value: &AxisValue) -> Name {
    if value.name.zh.is_empty() { Name { zh: value.id.clone(), en: value.name.en.clone() } } else { value.name.clone() }
}

/// Keys of `from` over those of `into`; tables key by key. A storm takes the place of the other way to name one.
fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (key, value) in from {
        if key == "storm" {
            into.remove("storm_file");
        } else if key == "storm_file" {
            into.remove("storm");
        }
        match (into.get_mut(key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn extend(into: &mut toml::Table, from: &toml::Table) -> Result<(), String> {
    for (key, value) in from {
        let old = into.entry(key.clone()).or_insert_with(|| toml::Value::Array(Vec::new()));
        match (old, value) {
            (toml::Value::Array(old), toml::Value::Array(new)) => old.extend(new.iter().cloned()),
            (toml::Value::Table(old), toml::Value::Table(new)) => extend(old, new)?,
            _ => return Err(format!("{key}: expected a list to add to a list")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "cell_m = 10.0\n[storm]\nkind = \"uniform\"\nintensity_mm_h = 60.0\nduration_min = 30.0\n\
                            [[measure]]\nat_min = 5.0\ndo = { pump_failed = { pump = \"P1\", failed = true } }\n";
    const MATRIX: &str = r#"
        base = "wet+none"
        [[axis]]
        name = { zh = "雨", en = "Rain" }
        [[axis.value]]
        id = "dry"
        set = { storm = { intensity_mm_h = 10.0 } }
        [[axis.value]]
        id = "wet"
        name = { zh = "大雨" }
        [[axis]]
        name = { zh = "措施", en = "Measures" }
        [[axis.value]]
        id = "none"
        [[axis.value]]
        id = "river"
        add = { measure = [{ at_min = 1.0, do = { river_stage = { rise_m = 0.5 } } }] }
    "#;

    #[test]
    fn every_combination_becomes_a_scenario() {
        let dir = tempfile::tempdir().unwrap();
        let (s, m) = (dir.path().join("s.toml"), dir.path().join("m.toml"));
        std::fs::write(&s, SCENARIO).unwrap();
        std::fs::write(&m, MATRIX).unwrap();
        let matrix = Matrix::load(&m).unwrap();
        let runs = matrix.runs(&s).unwrap();
        let ids: Vec<&str> = runs.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, ["dry+none", "dry+river", "wet+none", "wet+river"]);
        assert_eq!(matrix.base_index(), 2);
        assert_eq!(runs[0].scenario.storm.as_ref().unwrap().intensity_mm_h, 10.0);
        assert_eq!(runs[0].scenario.storm.as_ref().unwrap().duration_min, 30.0, "the rest of the table stays");
        assert_eq!(runs.iter().map(|r| r.scenario.measure.len()).collect::<Vec<_>>(), [1, 2, 1, 2]);
        assert_eq!((runs[3].choices[0].1.zh.as_str(), runs[3].choices[1].1.zh.as_str()), ("大雨", "river"));
        assert!(Matrix::json_schema()["properties"]["axis"].is_object());
        for (from, to, words) in [
            ("wet+none", "wet+x", vec!["base", "dry+none"]),
            ("id = \"dry\"", "id = \"../dry\"", vec!["axis 1", "id"]),
            ("id = \"river\"", "id = \"none\"", vec!["axis 2", "twice"]),
            ("id = \"wet\"", "foo = 1", vec!["m.toml", "foo"]),
        ] {
            std::fs::write(&m, MATRIX.replacen(from, to, 1)).unwrap();
            let message = Matrix::load(&m).unwrap_err().to_string();
            assert!(words.iter().all(|w| message.contains(w)), "{message}");
        }
        std::fs::write(&m, MATRIX.replace("intensity_mm_h = 10.0", "intensity_mm_h = -1.0")).unwrap();
        let message = Matrix::load(&m).unwrap().runs(&s).unwrap_err().to_string();
        assert!(message.contains("intensity_mm_h"), "{message}");
    }
}
