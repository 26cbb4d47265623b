//! A scenario file (`scenes/scenarios/*.toml`): what rains on which city, and what is asked of it.

use std::path::{Path, PathBuf};

use guanlan_core::Bilingual;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    bed::BedSettings,
    drains::InletSettings,
    storm::{ChicagoStorm, FormulaBook, RainSeries, StormError, chicago, read_hyetograph},
    surface::{InertialSettings, LossModel, SoilClass},
};

/// Name in both languages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Chinese.
    pub zh: String,
    /// English.
    #[serde(default)]
    pub en: String,
}

impl From<&Name> for Bilingual {
    fn from(name: &Name) -> Self {
        Self::new(&name.zh, &name.en)
    }
}

/// Which city: `"demo"` or a list of files, relative to the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CitySource {
    /// A name; `demo` is the city that comes with the program.
    Named(String),
    /// Files to import together.
    Files(Vec<PathBuf>),
}

impl Default for CitySource {
    fn default() -> Self {
        Self::Named("demo".into())
    }
}

/// The shape of a storm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StormKind {
    /// 芝加哥雨型.
    #[default]
    Chicago,
    /// Constant intensity.
    Uniform,
    /// A CSV with `t0_min,t1_min,depth_mm`.
    Recorded,
}

/// A storm: part of a scenario, or a file of its own (`scenes/storms/*.toml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storm {
    /// Name on the screen.
    pub name: Name,
    /// Shape.
    pub kind: StormKind,
    /// chicago: id of a formula of `assets/storms/formulas.toml`.
    pub formula: String,
    /// chicago: another file of formulas, relative to this file.
    pub formulas: Option<PathBuf>,
    /// chicago: return period P, years.
    pub return_period_a: f64,
    /// chicago, uniform: length, minutes.
    pub duration_min: f64,
    /// chicago: place of the peak, share of the length (r).
    pub peak_ratio: f64,
    /// chicago: bin, minutes.
    pub step_min: f64,
    /// uniform: intensity, mm/h.
    pub intensity_mm_h: f64,
    /// recorded: the CSV, relative to this file.
    pub file: Option<PathBuf>,
    /// Every depth is multiplied by this.
    pub scale: f64,
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            name: Name::default(),
            kind: StormKind::Chicago,
            formula: "shanghai_2017".into(),
            formulas: None,
            return_period_a: 50.0,
            duration_min: 120.0,
            peak_ratio: 0.4,
            step_min: 1.0,
            intensity_mm_h: 0.0,
            file: None,
            scale: 1.0,
        }
    }
}

/// Most rain a storm may bring in one hour, mm (the world record is about 400).
const MOST_MM_H: f64 = 3000.0;

impl Storm {
    /// Reads a storm file.
    ///
    /// # Errors
    /// Names file, line and field.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        parse(path)
    }

    /// The rain of this storm; `base` is the folder its file names are relative to.
    ///
    /// # Errors
    /// Names the field and what was expected.
    pub fn rain(&self, base: &Path) -> Result<RainSeries, ScenarioError> {
        if !(self.scale.is_finite() && (0.0..=10.0).contains(&self.scale)) {
            return Err(StormError::new("storm", "scale", format!("{}: expected 0 to 10", self.scale)).into());
        }
        let rain = match self.kind {
            StormKind::Chicago => {
                let book = match &self.formulas {
                    Some(file) => {
                        let path = base.join(file);
                        FormulaBook::parse(&read(&path)?, &path.display().to_string())?
                    }
                    None => FormulaBook::builtin()?,
                };
                let formula = book.get(&self.formula)?.at_period(self.return_period_a)?;
                chicago(&ChicagoStorm {
                    formula,
                    duration_min: self.duration_min,
                    peak_ratio: self.peak_ratio,
                    step_min: self.step_min,
                })?
            }
            StormKind::Uniform => {
                if !(self.intensity_mm_h.is_finite() && self.intensity_mm_h >= 0.0) {
                    let reason = format!("{}: expected 0 or more mm/h", self.intensity_mm_h);
                    return Err(StormError::new("storm", "intensity_mm_h", reason).into());
                }
                if !(self.duration_min.is_finite() && self.duration_min > 0.0) {
                    let reason = format!("{}: expected more than 0", self.duration_min);
                    return Err(StormError::new("storm", "duration_min", reason).into());
                }
                RainSeries::uniform(self.intensity_mm_h, self.duration_min * 60.0)
            }
            StormKind::Recorded => {
                let Some(file) = &self.file else {
                    return Err(StormError::new("storm", "file", "a recorded storm needs a CSV file").into());
                };
                let path = base.join(file);
                read_hyetograph(&read(&path)?, &path.display().to_string())?
            }
        };
        let knots: Vec<[f64; 2]> = rain.knots().iter().map(|k| [k[0], k[1] * self.scale]).collect();
        let steepest = knots.windows(2).map(|w| (w[1][1] - w[0][1]) / (w[1][0] - w[0][0]) * 3600.0).fold(0.0, f64::max);
        if steepest > MOST_MM_H {
            let reason = format!("reaches {steepest:.0} mm/h: expected at most {MOST_MM_H} mm/h");
            return Err(StormError::new("storm", "intensity", reason).into());
        }
        RainSeries::from_cumulative(knots)
            .ok_or_else(|| StormError::new("storm", "rain", "its cumulative curve is not in order").into())
    }
}

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

/// A scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Name on the screen.
    pub name: Name,
    /// Which city.
    pub city: CitySource,
    /// Cell side, m.
    pub cell_m: f64,
    /// Simulated time, minutes; the storm's length and an hour when left out.
    pub duration_min: Option<f64>,
    /// Time between depth rasters and lines of the series, minutes.
    pub output_min: f64,
    /// The storm.
    pub storm: Option<Storm>,
    /// A storm file instead, relative to the scenario.
    pub storm_file: Option<PathBuf>,
    /// Losses.
    pub losses: Losses,
    /// Drains.
    pub drains: DrainsOn,
    /// Water may leave over the edges where the ground falls outwards.
    pub open_edges: bool,
    /// Numbers of the scheme.
    pub scheme: Scheme,
    /// Folder file names are relative to; set by [`Scenario::load`].
    #[serde(skip)]
    pub base: PathBuf,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: Name::default(),
            city: CitySource::default(),
            cell_m: 10.0,
            duration_min: None,
            output_min: 10.0,
            storm: None,
            storm_file: None,
            losses: Losses::default(),
            drains: DrainsOn::default(),
            open_edges: true,
            scheme: Scheme::default(),
            base: PathBuf::new(),
        }
    }
}

/// A scenario cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A field is out of range.
    #[error("{field}: {reason}")]
    Field {
        /// Dotted name of the field.
        field: String,
        /// What is wrong and what was expected.
        reason: String,
    },
    /// The storm.
    #[error(transparent)]
    Storm(#[from] StormError),
}

fn read(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path)
        .map_err(|e| ScenarioError::File { path: path.display().to_string(), reason: e.to_string() })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ScenarioError> {
    toml::from_str(&read(path)?)
        .map_err(|e| ScenarioError::File { path: path.display().to_string(), reason: e.to_string() })
}

fn field(name: &str, good: bool, reason: impl FnOnce() -> String) -> Result<(), ScenarioError> {
    if good { Ok(()) } else { Err(ScenarioError::Field { field: name.into(), reason: reason() }) }
}

impl Scenario {
    /// Reads and checks a scenario file.
    ///
    /// # Errors
    /// Names file, line and field.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let mut scenario: Self = parse(path)?;
        scenario.base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        scenario.check().map_err(|e| match e {
            ScenarioError::Field { field, reason } => {
                ScenarioError::File { path: path.display().to_string(), reason: format!("{field}: {reason}") }
            }
            other => other,
        })?;
        Ok(scenario)
    }

    /// JSON Schema of scenario files.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Names the field and what was expected.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let within = |name: &str, v: f64, lo: f64, hi: f64| {
            field(name, (lo..=hi).contains(&v), || format!("{v}: expected {lo} to {hi}"))
        };
        within("cell_m", self.cell_m, 0.1, 1000.0)?;
        within("output_min", self.output_min, 0.05, 10_080.0)?;
        if let Some(minutes) = self.duration_min {
            within("duration_min", minutes, 0.1, 20_160.0)?;
        }
        within("scheme.alpha", self.scheme.alpha, 0.05, 0.9)?;
        within("scheme.theta", self.scheme.theta, 0.5, 1.0)?;
        within("scheme.dt_max_s", self.scheme.dt_max_s, 0.01, 60.0)?;
        within("drains.inlet_area_m2", self.drains.inlet_area_m2, 0.0, 100.0)?;
        within("drains.clogging", self.drains.clogging, 0.0, 1.0)?;
        for c in self.losses.runoff_coefficient {
            within("losses.runoff_coefficient", c, 0.0, 1.0)?;
        }
        for c in self.losses.curve_number {
            within("losses.curve_number", c, 1.0, 100.0)?;
        }
        for c in self.losses.horton_share {
            within("losses.horton_share", c, 0.0, 1.0)?;
        }
        within("losses.horton_fc_mm_h", self.losses.horton_fc_mm_h, 0.0, 1000.0)?;
        within("losses.horton_f0_mm_h", self.losses.horton_f0_mm_h, self.losses.horton_fc_mm_h, 5000.0)?;
        within("losses.horton_k_per_h", self.losses.horton_k_per_h, 0.0, 1000.0)?;
        field("storm", self.storm.is_none() || self.storm_file.is_none(), || {
            "give either [storm] or storm_file, not both".into()
        })?;
        field("storm", self.storm.is_some() || self.storm_file.is_some(), || {
            "missing: expected a [storm] table or storm_file = \"…\"".into()
        })?;
        if let CitySource::Named(name) = &self.city {
            field("city", name == "demo", || format!("'{name}': expected \"demo\" or a list of files"))?;
        }
        self.rain().map(|_| ())
    }

    /// The rain.
    ///
    /// # Errors
    /// As [`Storm::rain`].
    pub fn rain(&self) -> Result<RainSeries, ScenarioError> {
        match (&self.storm, &self.storm_file) {
            (Some(storm), _) => storm.rain(&self.base),
            (None, Some(file)) => {
                let path = self.base.join(file);
                Storm::load(&path)?.rain(path.parent().unwrap_or(Path::new("")))
            }
            (None, None) => Ok(RainSeries::dry()),
        }
    }

    /// Simulated time, s.
    #[must_use]
    pub fn duration_s(&self, rain: &RainSeries) -> f64 {
        self.duration_min.map_or_else(|| rain.end_s() + 3600.0, |m| m * 60.0)
    }

    /// Settings of the raster at a cell size.
    #[must_use]
    pub fn bed(&self, cell_m: f64) -> BedSettings {
        let losses = &self.losses;
        let model = |class: SoilClass| {
            let k = class as usize;
            match losses.method {
                LossMethod::None => LossModel::RunoffCoefficient(1.0),
                LossMethod::RunoffCoefficient => LossModel::RunoffCoefficient(losses.runoff_coefficient[k]),
                LossMethod::Scs => LossModel::CurveNumber(losses.curve_number[k]),
                // Ponded water soaks in where it stands; a roof has no ground.
                LossMethod::Horton if class == SoilClass::Roof => LossModel::RunoffCoefficient(1.0),
                LossMethod::Horton => LossModel::Horton {
                    f0_mm_h: losses.horton_f0_mm_h * losses.horton_share[k],
                    fc_mm_h: losses.horton_fc_mm_h * losses.horton_share[k],
                    k_per_h: losses.horton_k_per_h,
                },
            }
        };
        BedSettings { losses: SoilClass::ALL.map(model), open_edges: self.open_edges, ..BedSettings::at(cell_m) }
    }

    /// Settings of the scheme.
    #[must_use]
    pub fn inertial(&self) -> InertialSettings {
        InertialSettings {
            alpha: self.scheme.alpha,
            theta: self.scheme.theta,
            dt_max_s: self.scheme.dt_max_s,
            ..InertialSettings::default()
        }
    }

    /// Settings of the inlets.
    #[must_use]
    pub fn inlets(&self) -> InletSettings {
        InletSettings { area_m2: self.drains.inlet_area_m2 * (1.0 - self.drains.clogging), ..InletSettings::default() }
    }
}
