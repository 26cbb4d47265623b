//! Measures with a time: planned in a scenario, done in a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cost, Measure};
use crate::scenario::Name;

/// A measure of a scenario file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimedMeasure {
    /// When it takes effect, minutes after the start.
    pub at_min: f64,
    /// Undone again at this time, minutes after the start.
    #[serde(default)]
    pub undo_at_min: Option<f64>,
    /// Name in reports.
    #[serde(default)]
    pub name: Name,
    /// What is done.
    #[serde(rename = "do")]
    pub measure: Measure,
}

/// A measure as it was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoneMeasure {
    /// When it took effect, s after the start.
    pub at_s: f64,
    /// What was done.
    pub measure: Measure,
    /// What it cost.
    pub cost: Cost,
    /// What undoes it; `None` where nothing can (poured water).
    pub inverse: Option<Measure>,
    /// True when it undid an earlier one, or was undone.
    pub undone: bool,
    /// Index of the measure it undid.
    pub undoes: Option<usize>,
    /// Name in reports.
    pub name: Name,
}
