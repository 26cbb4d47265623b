//! `summary.json`: the figures of a run and what must be said with them.

use guanlan_core::{AlertLevel, Bilingual};
use serde::{Deserialize, Serialize};

use crate::{
    drains::DrainLedger,
    measures::{Cost, DoneMeasure},
    surface::Ledger,
};

/// A warning signal and when the rain reaches it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Signal.
    pub level: AlertLevel,
    /// s after the start of the storm.
    pub at_s: f64,
}

/// Figures of a part of town.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FocusFigures {
    /// Name.
    pub name: Bilingual,
    /// Cells.
    pub cells: usize,
    /// Cell side it was computed at, m.
    pub cell_size_m: f64,
    /// Deepest water, m.
    pub max_depth_m: f32,
    /// Area that had more than 15 cm of water, m².
    pub area_over_15cm_m2: f64,
}

/// `summary.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the scenario.
    pub scenario: Bilingual,
    /// Name of the city.
    pub city: Bilingual,
    /// Name of the storm.
    pub storm: Bilingual,
    /// `batch`: computed from a scenario; no measurement is in it.
    pub mode: String,
    /// Program version.
    pub program: String,
    /// CRS of the rasters.
    pub epsg: u32,
    /// Easting and northing of the local frame's origin: places in local m are counted from here.
    pub origin: [f64; 2],
    /// Cells, blocked ones included.
    pub cells: usize,
    /// Cells water can enter.
    pub open_cells: usize,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// Cell side, m.
    pub cell_size_m: f64,
    /// Cell side of the terrain it was made of, m.
    pub terrain_cell_m: f64,
    /// Time steps.
    pub steps: u64,
    /// Simulated time, s.
    pub simulated_s: f64,
    /// Simulated time at which this run began (hot start), s.
    pub began_s: f64,
    /// Time the run took, s.
    pub wall_s: f64,
    /// Threads.
    pub threads: usize,
    /// Simulated over wall time.
    pub real_time_ratio: f64,
    /// Cells computed, dry rows left out.
    pub cell_updates: u64,
    /// Scheme.
    pub solver: String,
    /// Rain in all, mean over the model, mm.
    pub rain_mm: f64,
    /// Rain of the wettest place, mm.
    pub rain_most_mm: f64,
    /// Highest mean intensity of one minute at the wettest place, mm/h.
    pub rain_peak_mm_h: f64,
    /// Signal the rain of the wettest place would justify.
    pub rain_signal: AlertLevel,
    /// When each signal is reached there.
    pub rain_signals: Vec<Reached>,
    /// Books of the surface.
    pub ledger: Ledger,
    /// Books of the drains, when they took part.
    pub drains: Option<DrainLedger>,
    /// Inlets that can take water.
    pub inlets: usize,
    /// Deepest water anywhere, rivers left out, m.
    pub max_depth_m: f32,
    /// Fastest water, m/s.
    pub max_speed_mps: f32,
    /// Area that had more than 15 cm of water, m².
    pub area_over_15cm_m2: f64,
    /// Area that had more than 50 cm of water, m².
    pub area_over_50cm_m2: f64,
    /// Area by worst ARR class H1 to H6, m².
    pub arr_area_m2: [f64; 6],
    /// Area by worst EA class (low, some, most, all), m².
    pub ea_area_m2: [f64; 4],
    /// Time from the end of the rain until less than 1 % of the worst area has more than 15 cm, s; absent when
    /// the run ended before.
    pub drained_s: Option<f64>,
    /// Parts of town.
    pub focus: Vec<FocusFigures>,
    /// What was done, when, and what it cost.
    pub measures: Vec<DoneMeasure>,
    /// People, trucks and minutes in all (people and trucks of measures in place at the same time are added).
    pub effort: Cost,
    /// What must be said with every figure and picture: resolution, inputs, error, mode.
    pub honesty: Vec<Bilingual>,
    /// What was guessed or left out.
    pub notes: Vec<String>,
}

impl Summary {
    /// Resolution, inputs, error and mode in one line for pictures and rasters.
    #[must_use]
    pub fn honesty_line(&self, lang: guanlan_core::Lang) -> String {
        self.honesty.iter().map(|line| line.get(lang)).collect::<Vec<_>>().join(" · ")
    }
}
