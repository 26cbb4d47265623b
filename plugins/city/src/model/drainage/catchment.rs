//! Rain gages and subcatchments.

use serde::{Deserialize, Serialize};

/// What the numbers of a gage are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RainForm {
    /// mm/h.
    #[default]
    Intensity,
    /// mm in each interval.
    Volume,
    /// mm since the start of the rain.
    Cumulative,
}

/// Where a gage's numbers come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum RainSource {
    /// Nowhere: the series is not defined.
    #[default]
    None,
    /// Index into `series`.
    Series(usize),
    /// A rain file.
    File {
        /// Name as written.
        name: String,
        /// Station in the file.
        station: String,
    },
}

/// A rain gage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RainGage {
    /// Name in the file.
    pub id: String,
    /// What its numbers are.
    pub form: RainForm,
    /// Time between numbers, s.
    pub interval_s: f64,
    /// Where they come from.
    pub source: RainSource,
    /// mm (or mm/h) for a value of 1 in the source.
    pub scale_mm: f64,
    /// Local m (`[SYMBOLS]`).
    pub place_m: Option<[f64; 2]>,
}

/// Where a subcatchment drains to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum SubcatchOutlet {
    /// Nowhere known.
    #[default]
    None,
    /// Index of a node.
    Node(usize),
    /// Index of another subcatchment.
    Subcatchment(usize),
}

/// Where runoff of a part of a subcatchment goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteTo {
    /// To the outlet.
    #[default]
    Outlet,
    /// Over the impervious part.
    Impervious,
    /// Over the pervious part.
    Pervious,
}

/// How the pervious part takes water in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Infiltration {
    /// None.
    #[default]
    None,
    /// Horton.
    Horton {
        /// Rate of dry soil, m/s.
        max_m_s: f64,
        /// Rate of wet soil, m/s.
        min_m_s: f64,
        /// Decay, 1/s.
        decay_per_s: f64,
        /// Time to dry, s.
        dry_time_s: f64,
        /// Largest depth taken in, m; 0 for no limit.
        max_depth_m: f64,
        /// `MODIFIED_HORTON`.
        modified: bool,
    },
    /// Green–Ampt.
    GreenAmpt {
        /// Suction head, m.
        suction_m: f64,
        /// Saturated conductivity, m/s.
        conductivity_m_s: f64,
        /// Initial moisture deficit, fraction.
        moisture_deficit: f64,
        /// `MODIFIED_GREEN_AMPT`.
        modified: bool,
    },
    /// SCS curve number.
    CurveNumber {
        /// Curve number.
        curve_number: f64,
        /// Time to dry, s.
        dry_time_s: f64,
    },
}

/// A subcatchment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subcatchment {
    /// Name in the file.
    pub id: String,
    /// Index into `gages`.
    pub gage: Option<usize>,
    /// Where it drains to.
    pub outlet: SubcatchOutlet,
    /// Area, m².
    pub area_m2: f64,
    /// Impervious share, 0 to 1.
    pub impervious: f64,
    /// Width of overland flow, m.
    pub width_m: f64,
    /// Slope, m/m.
    pub slope: f64,
    /// Manning's n of the impervious part.
    pub n_impervious: f64,
    /// Manning's n of the pervious part.
    pub n_pervious: f64,
    /// Depression storage of the impervious part, m.
    pub storage_impervious_m: f64,
    /// Depression storage of the pervious part, m.
    pub storage_pervious_m: f64,
    /// Share of the impervious part without depression storage, 0 to 1.
    pub zero_storage: f64,
    /// Where runoff of one part goes.
    pub route_to: RouteTo,
    /// Share of the runoff that goes there, 0 to 1.
    pub routed: f64,
    /// Infiltration.
    pub infiltration: Infiltration,
    /// Outline, local m, not closed.
    pub polygon: Vec<[f64; 2]>,
}
