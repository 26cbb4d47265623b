//! Settings of a scenario besides its storm: losses, drains, scheme, initial state, outputs, focus.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;
use crate::surface::InertialSettings;

/// How the ground keeps rain back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossMethod {
    /// 径流系数.
    #[default]
    RunoffCoefficient,
    /// Horton.
    Horton,
    /// SCS curve number.
    Scs,
    /// Green-Ampt.
    GreenAmpt,
    /// Nothing is lost.
    None,
}

/// Losses by cover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Losses {
    /// Method.
    pub method: LossMethod,
    /// Runoff coefficients: urban, road, paved, green, water, roof.
    pub runoff_coefficient: [f64; 6],
    /// Curve numbers in the same order.
    pub curve_number: [f64; 6],
    /// horton: capacity at the start on green ground, mm/h.
    pub horton_f0_mm_h: f64,
    /// horton: capacity at last on green ground, mm/h.
    pub horton_fc_mm_h: f64,
    /// horton: decay, 1/h.
    pub horton_k_per_h: f64,
    /// horton: share of the green capacity of urban, road, paved, green, water, roof.
    pub horton_share: [f64; 6],
    /// green_ampt: saturated conductivity of green ground, mm/h.
    pub green_ampt_k_mm_h: f64,
    /// green_ampt: suction head at the wetting front, mm.
    pub green_ampt_suction_mm: f64,
    /// green_ampt: porosity less initial moisture.
    pub green_ampt_deficit: f64,
    /// green_ampt: share of the green conductivity of urban, road, paved, green, water, roof.
    pub green_ampt_share: [f64; 6],
}

impl Default for Losses {
    fn default() -> Self {
        Self {
            method: LossMethod::RunoffCoefficient,
            runoff_coefficient: [0.70, 0.90, 0.85, 0.15, 1.0, 0.90],
            curve_number: [92.0, 98.0, 98.0, 74.0, 100.0, 98.0],
            horton_f0_mm_h: 76.2,
            horton_fc_mm_h: 12.7,
            horton_k_per_h: 4.14,
            horton_share: [0.25, 0.0, 0.05, 1.0, 0.0, 0.0],
            // Sandy loam (Rawls et al. 1983).
            green_ampt_k_mm_h: 10.9,
            green_ampt_suction_mm: 110.1,
            green_ampt_deficit: 0.246,
            green_ampt_share: [0.25, 0.0, 0.05, 1.0, 0.0, 0.0],
        }
    }
}

/// Storm drains in a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DrainsOn {
    /// Inlets take water.
    pub enabled: bool,
    /// Open area of the grates of one manhole, m².
    pub inlet_area_m2: f64,
    /// Pumps that do not run, by name in the .inp file.
    pub failed_pumps: Vec<String>,
    /// Manholes whose grates are blocked, by name.
    pub blocked_inlets: Vec<String>,
    /// Share of every grate that leaves and litter block, 0 to 1.
    pub clogging: f64,
}

impl Default for DrainsOn {
    fn default() -> Self {
        Self { enabled: true, inlet_area_m2: 1.0, failed_pumps: Vec::new(), blocked_inlets: Vec::new(), clogging: 0.0 }
    }
}

/// Numbers of the scheme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scheme {
    /// Courant number.
    pub alpha: f64,
    /// Weight of a face's own discharge.
    pub theta: f64,
    /// Longest step, s.
    pub dt_max_s: f64,
}

impl Default for Scheme {
    fn default() -> Self {
        let s = InertialSettings::default();
        Self { alpha: s.alpha, theta: s.theta, dt_max_s: s.dt_max_s }
    }
}

/// The first instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Initial {
    /// A saved state to go on from, relative to the scenario: rain and measures before it are the state's.
    pub hot_start: Option<PathBuf>,
    /// hot_start: the scenario's storm and measures begin at the instant of the state, instead of going on with
    /// the state's own rain.
    pub new_storm: bool,
    /// Rivers and lakes stand this much over the level of the city's data, m.
    pub river_rise_m: f64,
}

/// A place whose depth and speed are followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GaugeSpec {
    /// Name of the column.
    pub id: String,
    /// Local m; or `at_lonlat`.
    #[serde(default)]
    pub at_m: Option<[f64; 2]>,
    /// Longitude and latitude, degrees.
    #[serde(default)]
    pub at_lonlat: Option<[f64; 2]>,
}

/// What a run writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outputs {
    /// Depth rasters every `output_min`; the maxima are always written.
    pub depth_rasters: bool,
    /// Gauges besides those of the city.
    pub gauge: Vec<GaugeSpec>,
    /// The city's road water gauges and underpasses are gauges, too.
    pub city_gauges: bool,
    /// Depths at which roads close and places count as reached, a file relative to the scenario in place of
    /// `assets/measures/limits.toml`.
    pub limits: Option<PathBuf>,
}

impl Default for Outputs {
    fn default() -> Self {
        Self { depth_rasters: true, gauge: Vec::new(), city_gauges: true, limits: None }
    }
}

/// A part of town that is computed over finer cells and whose figures are given apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FocusArea {
    /// Name in reports.
    pub name: Name,
    /// Cell side over the bounding box of the ring, m: half the scenario's `cell_m`, or `cell_m` itself (figures
    /// only). Half of it unless said otherwise where `cell_m` is 10 m or more.
    #[serde(default)]
    pub cell_m: Option<f64>,
    /// Ring, local m; or `ring_lonlat`.
    #[serde(default)]
    pub ring_m: Vec<[f64; 2]>,
    /// Ring in longitude and latitude, degrees.
    #[serde(default)]
    pub ring_lonlat: Vec<[f64; 2]>,
}
