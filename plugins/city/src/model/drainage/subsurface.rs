//! Water below the ground: aquifers and what they give to nodes, and rain that gets into sewers (RDII).

use serde::{Deserialize, Serialize};

use super::Formula;

/// Soil and ground water of a place (`[AQUIFERS]`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aquifer {
    /// Name in the file.
    pub id: String,
    /// Fraction.
    pub porosity: f64,
    /// Fraction.
    pub wilting_point: f64,
    /// Fraction.
    pub field_capacity: f64,
    /// Saturated conductivity, m/s.
    pub conductivity_m_s: f64,
    /// Slope of the logarithm of conductivity against moisture.
    pub conductivity_slope: f64,
    /// Slope of tension against moisture, m.
    pub tension_slope_m: f64,
    /// Share of evaporation that the upper zone may have.
    pub upper_evaporation: f64,
    /// Depth to which the lower zone evaporates, m.
    pub evaporation_depth_m: f64,
    /// Loss to deep ground water when full, m/s.
    pub deep_loss_m_s: f64,
    /// Bottom, m above datum.
    pub bottom_m: f64,
    /// Water table at the start, m above datum.
    pub table_m: f64,
    /// Moisture of the upper zone at the start, fraction.
    pub moisture: f64,
    /// Index into `patterns` (monthly), for `upper_evaporation`.
    pub pattern: Option<usize>,
}

/// A subcatchment over an aquifer (`[GROUNDWATER]`): flow to a node
/// `a1 (h − h*)^b1 − a2 (hsw − h*)^b2 + a3 h hsw` in the file's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Groundwater {
    /// Index into `catchments`.
    pub catchment: usize,
    /// Index into `aquifers`.
    pub aquifer: usize,
    /// Index of the node.
    pub node: usize,
    /// Ground, m above datum.
    pub surface_m: f64,
    /// `a1`, `b1`, `a2`, `b2`, `a3`.
    pub coefficients: [f64; 5],
    /// Fixed depth of the surface water, m; 0: the node's own.
    pub fixed_depth_m: f64,
    /// Height at which flow begins, m above datum; `None`: the node's invert.
    pub threshold_m: Option<f64>,
    /// Bottom, water table, moisture, where they are not the aquifer's.
    pub bottom_m: Option<f64>,
    /// As above.
    pub table_m: Option<f64>,
    /// As above.
    pub moisture: Option<f64>,
    /// m in the file's unit of length.
    pub unit_m: f64,
    /// m/s in the file's unit of this flow (ft³/s per acre, m³/s per hectare).
    pub unit_m_s: f64,
    /// m/s in the file's unit of rain (in/h, mm/h).
    pub unit_rain_m_s: f64,
    /// m² in the file's unit of land.
    pub unit_land_m2: f64,
    /// Flow added to the above, and loss to the deep in place of the aquifer's, in the file's units; variables in the
    /// order of [`Groundwater::VARIABLES`].
    pub lateral: Option<Formula>,
    /// As above.
    pub deep: Option<Formula>,
}

impl Groundwater {
    /// Variables of formulas: heights over the bottom of water table, surface water, threshold and ground; saturated and
    /// present conductivity; moisture, porosity; infiltration, percolation; area.
    pub const VARIABLES: [&str; 11] = ["HGW", "HSW", "HCB", "HGS", "KS", "K", "THETA", "PHI", "FI", "FU", "A"];
}

/// A triangular unit hydrograph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitTriangle {
    /// Share of the rain that gets in.
    pub share: f64,
    /// Time to the peak, s.
    pub peak_s: f64,
    /// Length, s.
    pub base_s: f64,
    /// Initial abstraction: largest, m; its recovery, m/s; used up at the start, m.
    pub abstraction_m: f64,
    /// As above.
    pub recovery_m_s: f64,
    /// As above.
    pub used_m: f64,
}

/// Unit hydrographs of a sewershed (`[HYDROGRAPHS]`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitHydrograph {
    /// Name in the file.
    pub id: String,
    /// Index into `gages`.
    pub gage: Option<usize>,
    /// By month: short, medium, long.
    pub months: [[UnitTriangle; 3]; 12],
}

/// Rain-dependent inflow of a node (`[RDII]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rdii {
    /// Index of the node.
    pub node: usize,
    /// Index into `hydrographs`.
    pub hydrograph: usize,
    /// Sewered area, m².
    pub area_m2: f64,
}
