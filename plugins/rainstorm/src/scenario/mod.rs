//! A scenario file (`scenes/scenarios/*.toml`): what rains on which city, and what is asked of it.

mod boundary;
mod focus;
mod ground;
mod settings;
mod storm;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_city::City;
use guanlan_core::{
    Bilingual,
    file_words::{both, refused},
};
use guanlan_geography::LocalFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    bed::BedSettings,
    bed::NodataEdge,
    chinese::{PHRASES, of_toml},
    drains::InletSettings,
    impact::Limits,
    measures::{CostBook, Measure, TimedMeasure},
    storm::{Rain, RainSeries, StormError},
    surface::{
        Boundary, Domain, GreenAmptSoil, Grid, InertialSettings, KernelChoice, LossModel, SoilClass, SurfaceMaker,
        SurfaceSolver, solver_of,
    },
};

pub use boundary::{BoundarySpec, SeriesKind};
pub use ground::GroundSpec;
pub use settings::{DrainsOn, FocusArea, GaugeSpec, Initial, LossMethod, Losses, Outputs, Scheme};
pub use storm::{ArealReduction, Storm, StormKind};

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
    /// Roughness, and what buildings are to the water.
    pub ground: GroundSpec,
    /// Drains.
    pub drains: DrainsOn,
    /// Water may leave over the edges where the ground falls outwards.
    pub open_edges: bool,
    /// What the terrain's own edge is where it does not fill its raster (a basin cut out of a DEM): a wall, or open to
    /// water that runs out at normal depth. Holes inside stay walls.
    pub nodata_edges: NodataEdge,
    /// Which scheme moves the water.
    pub kernel: KernelChoice,
    /// Numbers of the scheme.
    pub scheme: Scheme,
    /// The first instant.
    pub initial: Initial,
    /// Inflows, stages and tides.
    pub boundary: Vec<BoundarySpec>,
    /// What is done while it rains.
    pub measure: Vec<TimedMeasure>,
    /// What measures cost, a file relative to the scenario in place of `assets/measures/costs.toml`.
    pub costs: Option<PathBuf>,
    /// What is written.
    pub outputs: Outputs,
    /// Parts of town that are computed over finer cells, water running both ways over their edges, and whose figures
    /// are given apart.
    pub focus: Vec<FocusArea>,
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
            ground: GroundSpec::default(),
            drains: DrainsOn::default(),
            open_edges: true,
            nodata_edges: NodataEdge::default(),
            kernel: KernelChoice::default(),
            scheme: Scheme::default(),
            initial: Initial::default(),
            boundary: Vec::new(),
            measure: Vec::new(),
            costs: None,
            outputs: Outputs::default(),
            focus: Vec::new(),
            base: PathBuf::new(),
        }
    }
}

/// A scenario cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error("{path}: {}", both(PHRASES, reason))]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A field is out of range.
    #[error("{field}: {}", both(PHRASES, reason))]
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

/// Names a path in front of an error's field.
fn at_file(path: &Path, error: ScenarioError) -> ScenarioError {
    match error {
        ScenarioError::Field { field, reason } => ScenarioError::File {
            path: path.display().to_string(),
            reason: format!("{field}: {}", both(PHRASES, &reason)),
        },
        ScenarioError::Storm(e) => ScenarioError::File { path: path.display().to_string(), reason: e.to_string() },
        other => other,
    }
}

fn read(path: &Path) -> Result<String, ScenarioError> {
    std::fs::read_to_string(path)
        .map_err(|e| ScenarioError::File { path: path.display().to_string(), reason: e.to_string() })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ScenarioError> {
    let text = read(path)?;
    toml::from_str(&text)
        .map_err(|e| ScenarioError::File { path: path.display().to_string(), reason: of_toml(&text, &e) })
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
        scenario.check().map_err(|e| at_file(path, e))?;
        Ok(scenario)
    }

    /// A scenario from a parsed table (a matrix changes some of its keys); `base` as for [`Self::load`].
    ///
    /// # Errors
    /// Names the field and what was expected.
    pub fn from_table(table: toml::Table, base: &Path, origin: &Path) -> Result<Self, ScenarioError> {
        let mut scenario: Self = table.try_into().map_err(|e: toml::de::Error| ScenarioError::File {
            path: origin.display().to_string(),
            reason: refused("", 1, e.message()),
        })?;
        scenario.base = base.to_path_buf();
        scenario.check().map_err(|e| at_file(origin, e))?;
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
        for c in self.losses.green_ampt_share {
            within("losses.green_ampt_share", c, 0.0, 1.0)?;
        }
        within("losses.green_ampt_k_mm_h", self.losses.green_ampt_k_mm_h, 0.0, 1000.0)?;
        within("losses.green_ampt_suction_mm", self.losses.green_ampt_suction_mm, 0.0, 2000.0)?;
        within("losses.green_ampt_deficit", self.losses.green_ampt_deficit, 0.0, 0.6)?;
        within("losses.horton_k_per_h", self.losses.horton_k_per_h, 0.0, 1000.0)?;
        field("storm", self.storm.is_none() || self.storm_file.is_none(), || {
            "give either [storm] or storm_file, not both".into()
        })?;
        field("storm", self.storm.is_some() || self.storm_file.is_some(), || {
            "missing: expected a [storm] table or storm_file = \"…\"".into()
        })?;
        self.ground.check()?;
        within("initial.river_rise_m", self.initial.river_rise_m, -50.0, 50.0)?;
        for (k, timed) in self.measure.iter().enumerate() {
            let name = |what: &str| format!("measure {}: {what}", k + 1);
            within(&name("at_min"), timed.at_min, 0.0, 20_160.0)?;
            if let Some(undo) = timed.undo_at_min {
                within(&name("undo_at_min"), undo, timed.at_min, 20_160.0)?;
            }
            let problem = timed.measure.problem();
            field(&name("do"), problem.is_none(), || problem.clone().unwrap_or_default())?;
        }
        for (k, gauge) in self.outputs.gauge.iter().enumerate() {
            let one = gauge.at_m.is_some() != gauge.at_lonlat.is_some() && !gauge.id.is_empty();
            field(&format!("outputs.gauge {}", k + 1), one, || "expected an id and one of at_m, at_lonlat".into())?;
        }
        for (k, focus) in self.focus.iter().enumerate() {
            let ring = focus.ring_m.len().max(focus.ring_lonlat.len());
            field(&format!("focus {}", k + 1), ring >= 3, || "expected a ring of at least 3 places".into())?;
            self.check_focus(k, focus)?;
        }
        self.cost_book()?;
        self.limits()?;
        if let CitySource::Named(name) = &self.city {
            field("city", name == "demo", || format!("'{name}': expected \"demo\" or a list of files"))?;
        }
        self.rain().map(|_| ())
    }

    /// The storm and the folder its file names are relative to.
    fn storm(&self) -> Result<Option<(std::borrow::Cow<'_, Storm>, PathBuf)>, ScenarioError> {
        use std::borrow::Cow;
        Ok(match (&self.storm, &self.storm_file) {
            (Some(storm), _) => Some((Cow::Borrowed(storm), self.base.clone())),
            (None, Some(file)) => {
                let path = self.base.join(file);
                let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
                Some((Cow::Owned(Storm::load(&path)?), folder))
            }
            (None, None) => None,
        })
    }

    /// The rain that is the same everywhere, without areal reduction.
    ///
    /// # Errors
    /// As [`Storm::rain`].
    pub fn rain(&self) -> Result<RainSeries, ScenarioError> {
        match self.storm()? {
            Some((storm, base)) => storm.rain(&base),
            None => Ok(RainSeries::dry()),
        }
    }

    /// The rain over a city, and what had to be assumed.
    ///
    /// # Errors
    /// As [`Storm::over`].
    pub fn rain_over(&self, city: &City, grid: &Grid) -> Result<(Rain, Vec<String>), ScenarioError> {
        match self.storm()? {
            Some((storm, base)) => storm.over(&base, city, grid),
            None => Ok((Rain::default(), Vec::new())),
        }
    }

    /// Every file the scenario names besides its city, in a fixed order.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        let own = [
            &self.storm_file,
            &self.costs,
            &self.outputs.limits,
            &self.initial.hot_start,
            &self.ground.manning_file,
            &self.ground.cover_file,
        ];
        files.extend(own.into_iter().flatten().map(|f| self.base.join(f)));
        files.extend(self.boundary.iter().filter_map(|b| b.file.as_ref()).map(|f| self.base.join(f)));
        if let Ok(Some((storm, base))) = self.storm() {
            files.extend([&storm.file, &storm.formulas].into_iter().flatten().map(|f| base.join(f)));
            files.extend(storm.grids.as_ref().map(|g| g.files(&base)).unwrap_or_default());
        }
        files
    }

    /// Name of the storm, for reports.
    #[must_use]
    pub fn storm_name(&self) -> Name {
        self.storm().ok().flatten().map(|(storm, _)| storm.name.clone()).unwrap_or_default()
    }

    /// Simulated time, s: the storm's length and an hour unless the scenario says it.
    #[must_use]
    pub fn duration_s(&self, rain_end_s: f64) -> f64 {
        self.duration_min.map_or(rain_end_s + 3600.0, |m| m * 60.0)
    }

    /// What measures cost.
    ///
    /// # Errors
    /// When the file of the scenario cannot be used.
    pub fn cost_book(&self) -> Result<CostBook, ScenarioError> {
        Ok(match &self.costs {
            Some(file) => {
                let path = self.base.join(file);
                CostBook::parse(&read(&path)?, &path.display().to_string())?
            }
            None => CostBook::builtin()?,
        })
    }

    /// Depths at which roads close and places count as reached.
    ///
    /// # Errors
    /// When the file of the scenario cannot be used.
    pub fn limits(&self) -> Result<Limits, ScenarioError> {
        Ok(match &self.outputs.limits {
            Some(file) => {
                let path = self.base.join(file);
                Limits::parse(&read(&path)?, &path.display().to_string())?
            }
            None => Limits::builtin()?,
        })
    }

    /// Measures in order of time, undoings included, in local metres: time s, name, measure (`None` undoes the
    /// entry of this index).
    ///
    /// # Errors
    /// When a place is not on earth.
    pub fn schedule(&self, frame: &LocalFrame) -> Result<Vec<Planned>, ScenarioError> {
        let mut planned = Vec::new();
        for (k, timed) in self.measure.iter().enumerate() {
            let nowhere = |e: guanlan_geography::CrsError| ScenarioError::Field {
                field: format!("measure {}", k + 1),
                reason: e.to_string(),
            };
            let measure = timed.measure.clone().localised(frame).map_err(nowhere)?;
            planned.push(Planned {
                at_s: timed.at_min * 60.0,
                entry: k,
                name: timed.name.clone(),
                measure: Some(measure),
            });
            if let Some(undo) = timed.undo_at_min {
                planned.push(Planned { at_s: undo * 60.0, entry: k, name: timed.name.clone(), measure: None });
            }
        }
        planned.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        Ok(planned)
    }

    /// Inflows, stages and tides over a raster.
    ///
    /// # Errors
    /// When one lies outside the model, or its series cannot be used.
    pub fn boundaries(&self, frame: &LocalFrame, domain: &Domain) -> Result<Vec<Boundary>, ScenarioError> {
        self.boundary.iter().enumerate().map(|(k, b)| b.over(k + 1, &self.base, frame, domain)).collect()
    }

    /// The solver the scenario wants over a raster, and what there is to say about the choice.
    #[must_use]
    pub fn solver(
        &self,
        domain: Arc<Domain>,
        pool: Option<Arc<rayon::ThreadPool>>,
        surface: Option<&SurfaceMaker>,
    ) -> (Box<dyn SurfaceSolver>, Vec<String>) {
        solver_of(self.kernel, domain, self.inertial(), pool, surface)
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
                LossMethod::Horton | LossMethod::GreenAmpt if class == SoilClass::Roof => {
                    LossModel::RunoffCoefficient(1.0)
                }
                LossMethod::GreenAmpt => LossModel::GreenAmpt(GreenAmptSoil {
                    conductivity_mm_h: losses.green_ampt_k_mm_h * losses.green_ampt_share[k],
                    suction_mm: losses.green_ampt_suction_mm,
                    deficit: losses.green_ampt_deficit,
                }),
                LossMethod::Horton => LossModel::Horton {
                    f0_mm_h: losses.horton_f0_mm_h * losses.horton_share[k],
                    fc_mm_h: losses.horton_fc_mm_h * losses.horton_share[k],
                    k_per_h: losses.horton_k_per_h,
                },
            }
        };
        BedSettings {
            losses: SoilClass::ALL.map(model),
            manning: self.ground.by_class(),
            buildings: self.ground.buildings,
            open_edges: self.open_edges,
            nodata: self.nodata_edges,
            ..BedSettings::at(cell_m)
        }
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

/// A measure at its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// When, s after the start.
    pub at_s: f64,
    /// Index in the scenario's list.
    pub entry: usize,
    /// Name in reports.
    pub name: Name,
    /// What is done; `None` undoes what the entry did.
    pub measure: Option<Measure>,
}
