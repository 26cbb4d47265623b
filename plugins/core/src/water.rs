//! What the water beside a room says besides depths: how good the estimate is, what it thinks of gauges, what
//! comes, what could be done. Messages of this module are inputs: journaled, so that a replay needs no solver.
//!
//! Frame: metres in the room's local frame, rasters row-major from the south-west, like [`crate::input::DepthField`].

use serde::{Deserialize, Serialize};

use crate::{id::SensorId, stamp::Stamp, text::Bilingual};

/// Where the rain of a model comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RainSource {
    /// Nobody says anything about rain.
    #[default]
    None,
    /// Interpolated between gauges.
    Gauges,
    /// Radar or another grid.
    Grid,
    /// A grid, adjusted to the gauges.
    GridAndGauges,
    /// The script of an exercise.
    Script,
    /// A forecast grid.
    Forecast,
    /// The present rain, fading: nobody forecasts.
    Persistence,
}

impl RainSource {
    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::None => Bilingual::new("无雨量数据", "no rain data"),
            Self::Gauges => Bilingual::new("雨量站插值", "rain gauges, interpolated"),
            Self::Grid => Bilingual::new("雷达格点", "radar grid"),
            Self::GridAndGauges => Bilingual::new("雷达格点经雨量站订正", "radar grid adjusted to gauges"),
            Self::Script => Bilingual::new("演练脚本", "script"),
            Self::Forecast => Bilingual::new("预报格点", "forecast grid"),
            Self::Persistence => Bilingual::new("现有降雨外推衰减", "present rain, fading"),
        }
    }
}

/// How well the model told the gauges, before it was corrected by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterSkill {
    /// Over the last so many minutes.
    pub window_min: u32,
    /// Gauges that spoke and were believed.
    pub gauges: u32,
    /// Readings compared.
    pub readings: u32,
    /// Root mean square error, m.
    pub rmse_m: f64,
    /// Mean of model minus gauge, m.
    pub bias_m: f64,
    /// Nash–Sutcliffe efficiency; `None` when the gauges did not move.
    pub nse: Option<f64>,
    /// Share of readings over 15 cm that the model also had over 15 cm; `None` without such readings.
    pub hit_rate: Option<f64>,
    /// Share of the model's readings over 15 cm that the gauges did not confirm; `None` without such.
    pub false_alarm: Option<f64>,
}

/// Volumes since the model began, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterBooks {
    /// Rain that fell.
    pub rain_m3: f64,
    /// Water that came in otherwise: rivers, sources.
    pub inflow_m3: f64,
    /// Added (positive) and taken (negative) to follow the gauges, in sum.
    pub nudged_m3: f64,
    /// The same without regard to sign: how much was corrected at all.
    pub nudged_gross_m3: f64,
    /// Soaked in.
    pub infiltration_m3: f64,
    /// Taken by the drains.
    pub drained_m3: f64,
    /// Came back up from the drains.
    pub surcharged_m3: f64,
    /// Left over edges, into rivers and by pump trucks.
    pub outflow_m3: f64,
    /// On the surface now.
    pub stored_m3: f64,
    /// What the books cannot explain.
    pub error_m3: f64,
    /// The same over all water handled.
    pub error_relative: f64,
}

/// What the model thinks of one gauge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaugeVerdict {
    /// The stream.
    pub sensor: SensorId,
    /// Local frame, m.
    pub place_m: [f64; 2],
    /// Last reading, m.
    pub measured_m: f64,
    /// The model at that instant, before it was corrected, m.
    pub model_m: f64,
    /// When it was measured.
    pub at: Stamp,
    /// Neighbours and physics speak against it: it is not believed.
    pub contradicted: bool,
    /// Since when, when it is contradicted.
    pub since: Option<Stamp>,
    /// Why, when it is contradicted.
    pub reason: Bilingual,
}

/// A measure the model could not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMeasure {
    /// Number of the measure in its room.
    pub no: u64,
    /// Why.
    pub reason: String,
}

/// The state of the model beside a room, once each cadence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterReport {
    /// The simulated instant.
    pub at: Stamp,
    /// True for an estimate of the real city (估计), false for an exercise's own water.
    pub estimate: bool,
    /// Cell side, m.
    pub cell_m: f64,
    /// Cell side in focus areas, m; 0 where there are none.
    #[serde(default)]
    pub focus_cell_m: f64,
    /// Simulated time between two fields, s.
    pub cadence_s: u32,
    /// Simulated over wall time while it computes.
    pub speed: f64,
    /// How far it is behind the room's clock, s.
    pub behind_s: f64,
    /// Where its rain comes from.
    pub rain: RainSource,
    /// Share of the city that the rain data speak for, %.
    pub rain_coverage: u8,
    /// Mean rain over the city, mm/h.
    pub rain_mm_h: f64,
    /// How good it was.
    pub skill: WaterSkill,
    /// Its books.
    pub books: WaterBooks,
    /// Water gauges it listens to, in order of their ids.
    pub gauges: Vec<GaugeVerdict>,
    /// Measures it could not do, since the report before.
    pub refused: Vec<RefusedMeasure>,
    /// What had to be assumed.
    pub notes: Vec<Bilingual>,
}

impl WaterReport {
    /// Cell sides in words: `10`, or `10 / 5` where focus areas have finer cells.
    #[must_use]
    pub fn cells(&self) -> String {
        if self.focus_cell_m > 0.0 && self.focus_cell_m < self.cell_m {
            format!("{} / {}", self.cell_m, self.focus_cell_m)
        } else {
            self.cell_m.to_string()
        }
    }
}

/// A coarse raster of velocities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlowGrid {
    /// West edge of column 0, m.
    pub west_m: f64,
    /// South edge of row 0, m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// Depth-averaged velocity of the water in a cell eastward, cm/s; empty when everything stands still.
    pub east_cm_s: Vec<i16>,
    /// The same northward.
    pub north_cm_s: Vec<i16>,
}

/// A coarse raster of rain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RainMap {
    /// West edge of column 0, m.
    pub west_m: f64,
    /// South edge of row 0, m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// Intensity in 0.1 mm/h; empty when it is dry.
    pub tenth_mm_h: Vec<u16>,
}

/// What can be seen of the model besides depth: the fill of drains, the flow, the rain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterScene {
    /// The simulated instant.
    pub at: Stamp,
    /// Share of each conduit's height under water, %, in the order of the city's drainage; over 100 surcharged,
    /// [`WaterScene::UNKNOWN`] not modelled.
    pub conduit_fill: Vec<u8>,
    /// Share of each node's depth under water, %, likewise.
    pub node_fill: Vec<u8>,
    /// State of each pump: 0 standing, 1 running, 2 failed, [`WaterScene::UNKNOWN`] not modelled.
    pub pumps: Vec<u8>,
    /// How the water moves.
    pub flow: FlowGrid,
    /// How it rains.
    pub rain: RainMap,
}

impl WaterScene {
    /// The model does not know.
    pub const UNKNOWN: u8 = u8::MAX;
}

/// What kind of place a forecast is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// A water gauge.
    #[default]
    Gauge,
    /// An underpass.
    Underpass,
    /// A school, a hospital, a metro entrance …
    Place,
}

/// When a depth is passed and when it is left again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passing {
    /// The depth, mm.
    pub limit_mm: u16,
    /// First instant at or over it.
    pub from: Stamp,
    /// First instant below it again; `None` when it still holds at the end.
    pub until: Option<Stamp>,
}

/// The hours ahead at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteForecast {
    /// Sensor id, or name of the place.
    pub id: String,
    /// What it is.
    pub kind: SiteKind,
    /// Name on the screen.
    pub name: Bilingual,
    /// Local frame, m.
    pub place_m: [f64; 2],
    /// Depth every `step_s` from the begin of the forecast, mm.
    pub depth_mm: Vec<u16>,
    /// Deepest, mm.
    pub peak_mm: u16,
    /// When it is deepest.
    pub peak_at: Stamp,
    /// Limits passed, shallowest first.
    pub passes: Vec<Passing>,
}

/// A road that will be cut to cars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoadForecast {
    /// Road edge.
    pub edge: u32,
    /// Name.
    pub name: Bilingual,
    /// An underpass.
    pub underpass: bool,
    /// From when.
    pub from: Stamp,
    /// Until when; `None` beyond the end.
    pub until: Option<Stamp>,
    /// Deepest water, mm.
    pub peak_mm: u16,
}

/// A building that will have water over its sill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildingForecast {
    /// Id in its source file.
    pub id: String,
    /// Name.
    pub name: Bilingual,
    /// Local frame, m.
    pub place_m: [f64; 2],
    /// When water first stands beside it.
    pub from: Option<Stamp>,
    /// Deepest over the sill, mm.
    pub peak_mm: u16,
    /// Residents.
    pub residents: u32,
}

/// The hours ahead as one run of the model saw them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForecastReport {
    /// Number of the forecast.
    pub no: u64,
    /// The instant it begins at.
    pub from: Stamp,
    /// The instant it ends at.
    pub to: Stamp,
    /// Where its rain comes from.
    pub rain: RainSource,
    /// The rain in words.
    pub rain_words: Bilingual,
    /// Rain expected, mean over the city, mm.
    pub rain_mm: f64,
    /// Simulated over wall time.
    pub speed: f64,
    /// Step of the series, s.
    pub step_s: u32,
    /// Gauges, underpasses and places: those that get wet, deepest first.
    pub sites: Vec<SiteForecast>,
    /// Roads cut to cars, in order of time.
    pub roads: Vec<RoadForecast>,
    /// Buildings with water over the sill, deepest first, at most 200.
    pub buildings: Vec<BuildingForecast>,
    /// What happens, in figures.
    pub harm: Harm,
    /// One line: the first thing that matters, or that nothing does.
    pub headline: Bilingual,
}

/// What a run of the model does to people, in figures that can be compared between runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Harm {
    /// One number to compare by; see the docs of the search for its weights.
    pub score: f64,
    /// Roads cut to cars.
    pub roads: u32,
    /// Sum of the minutes roads are cut.
    pub road_min: f64,
    /// Underpasses cut to cars.
    pub underpasses: u32,
    /// Sum of the minutes underpasses are cut.
    pub underpass_min: f64,
    /// Buildings with water over the sill.
    pub buildings: u32,
    /// Residents of these.
    pub residents: u32,
    /// Vulnerable places reached.
    pub places: u32,
    /// Deepest water at any underpass or gauge, mm.
    pub peak_mm: u32,
}

/// One thing to do, with its place, time and effort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdviceAction {
    /// `pump_start`, `inlet_clear`, `pump_truck`.
    pub kind: String,
    /// The measure as JSON, as `apply_measure` takes it.
    pub measure: String,
    /// What is done, in words.
    pub name: Bilingual,
    /// Why here: what it changes by itself.
    pub why: Bilingual,
    /// Where, local frame, m.
    pub place_m: Option<[f64; 2]>,
    /// When work must begin.
    pub start: Stamp,
    /// When it takes effect.
    pub effect: Stamp,
    /// People.
    pub people: f64,
    /// Trucks.
    pub trucks: f64,
    /// From the order to the effect, minutes.
    pub minutes: f64,
}

/// One way to act, with what it changes against doing nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdviceOption {
    /// Number in the advice, from 1; the first is the one recommended.
    pub no: u32,
    /// Name.
    pub name: Bilingual,
    /// What is done, in the order of its worth.
    pub actions: Vec<AdviceAction>,
    /// People in all.
    pub people: f64,
    /// Trucks in all.
    pub trucks: f64,
    /// Work in all, minutes.
    pub minutes: f64,
    /// What happens then.
    pub harm: Harm,
    /// The difference it makes, in words.
    pub words: Bilingual,
}

/// Pump advice (排水联动): what could be done about a forecast.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdviceReport {
    /// Number of the advice.
    pub no: u64,
    /// The forecast it answers.
    pub forecast: u64,
    /// The instant its runs begin at.
    pub from: Stamp,
    /// The instant its runs end at.
    pub to: Stamp,
    /// What happens when nothing is done.
    pub nothing: Harm,
    /// Ways to act, the recommended one first; empty when nothing helps.
    pub options: Vec<AdviceOption>,
    /// Runs of the model that were compared.
    pub runs: u32,
    /// True when the time budget ended the search.
    pub cut_short: bool,
    /// In words.
    pub words: Bilingual,
}

/// How far a search for pump advice is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchStage {
    /// There has been none.
    #[default]
    Idle,
    /// The hours ahead are computed as they come when nothing is done.
    Forecast,
    /// Sets of things to do are compared.
    Compare,
    /// What was found is computed again on the real cells.
    Confirm,
    /// It has ended.
    Done,
    /// Somebody has stopped it.
    Stopped,
}

impl SearchStage {
    /// True while it is under way.
    #[must_use]
    pub fn is_on(self) -> bool {
        matches!(self, Self::Forecast | Self::Compare | Self::Confirm)
    }

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Idle => Bilingual::new("尚未比选", "not begun"),
            Self::Forecast => Bilingual::new("推演不处置的情形", "running the hours ahead with nothing done"),
            Self::Compare => Bilingual::new("比选方案", "comparing what could be done"),
            Self::Confirm => Bilingual::new("复算推荐方案", "computing the best again on the real cells"),
            Self::Done => Bilingual::new("比选完成", "done"),
            Self::Stopped => Bilingual::new("比选已停止", "stopped"),
        }
    }
}

/// What a search for pump advice says of itself while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdviceSearch {
    /// Instant the search begins at, as number of the forecast it answers.
    pub forecast: u64,
    /// How far it is.
    pub stage: SearchStage,
    /// Runs of the model made.
    pub runs: u32,
    /// Runs it makes at most.
    pub runs_most: u32,
    /// How much of it is done at least, %: by runs or by its time, whichever is further.
    pub percent: u8,
    /// Wall time spent on it, s.
    pub wall_s: f64,
}
