//! Links: conduits, pumps, orifices, weirs, outlets.

use serde::{Deserialize, Serialize};

/// A pipe or channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conduit {
    /// Name in the file.
    pub id: String,
    /// Index of the upstream node.
    pub from: usize,
    /// Index of the downstream node.
    pub to: usize,
    /// Length, m.
    pub length_m: f32,
    /// Manning's n.
    pub roughness: f32,
    /// Offset of the upstream end above the node's invert, m.
    pub in_offset_m: f32,
    /// Offset of the downstream end above the node's invert, m.
    pub out_offset_m: f32,
    /// Shape keyword of the file (`CIRCULAR`, `RECT_CLOSED` …).
    pub shape: String,
    /// Geom1 … Geom4 of the file in m; full height first.
    pub geom_m: [f32; 4],
    /// Barrels.
    pub barrels: u8,
    /// Bends between the nodes, local m.
    pub vertices: Vec<[f64; 2]>,
    /// Flow at the start, m³/s.
    pub init_flow_m3_s: f32,
    /// Largest flow allowed, m³/s; 0 for no limit.
    pub max_flow_m3_s: f32,
    /// Entrance, exit and average loss coefficients (`[LOSSES]`).
    pub losses: [f32; 3],
    /// A flap gate keeps water from flowing back.
    pub flap_gate: bool,
    /// Seepage through the bed, m/s.
    pub seepage_m_s: f32,
    /// FHWA culvert code; 0 is no culvert.
    pub culvert_code: u8,
    /// Name of the transect, street or shape curve that `IRREGULAR`, `STREET` and `CUSTOM` shapes refer to.
    pub section: String,
}

/// A pump between two nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pump {
    /// Name in the file.
    pub id: String,
    /// Index of the wet well.
    pub from: usize,
    /// Index of the discharge node.
    pub to: usize,
    /// Pump type of its curve (1–5), 0 for an ideal pump.
    pub curve_type: u8,
    /// Curve points in the file's meaning, converted to m, m³ and m³/s.
    pub curve: Vec<[f32; 2]>,
    /// Depth at which it starts, m.
    pub start_m: f32,
    /// Depth at which it stops, m.
    pub stop_m: f32,
    /// Off at the start of the simulation (`Status OFF`).
    pub init_off: bool,
    /// Bends between the nodes, local m.
    pub vertices: Vec<[f64; 2]>,
}

/// Where an orifice sits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrificeKind {
    /// In a wall.
    #[default]
    Side,
    /// In the floor.
    Bottom,
}

/// An orifice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Orifice {
    /// Name in the file.
    pub id: String,
    /// Index of the upstream node.
    pub from: usize,
    /// Index of the downstream node.
    pub to: usize,
    /// Where it sits.
    pub kind: OrificeKind,
    /// Its invert above the upstream node's, m.
    pub offset_m: f64,
    /// Discharge coefficient, dimensionless.
    pub discharge_coefficient: f64,
    /// A flap gate keeps water from flowing back.
    pub flap_gate: bool,
    /// Time from closed to open, s.
    pub open_close_time_s: f64,
    /// `CIRCULAR` or `RECT_CLOSED`.
    pub shape: String,
    /// Height and width, m.
    pub geom_m: [f64; 2],
    /// Bends between the nodes, local m.
    pub vertices: Vec<[f64; 2]>,
}

/// Form of a weir.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeirKind {
    /// `Q = C·L·h^1.5`.
    #[default]
    Transverse,
    /// `Q = C·L^0.83·h^1.67`.
    SideFlow,
    /// `Q = C·S·h^2.5`.
    VNotch,
    /// A rectangle and two triangles.
    Trapezoidal,
    /// Broad crest of a road (FHWA).
    Roadway,
}

/// A weir.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weir {
    /// Name in the file.
    pub id: String,
    /// Index of the upstream node.
    pub from: usize,
    /// Index of the downstream node.
    pub to: usize,
    /// Form.
    pub kind: WeirKind,
    /// Crest above the upstream node's invert, m.
    pub crest_offset_m: f64,
    /// Coefficient `C` of the middle part for lengths in m and flows in m³/s.
    pub coefficient_si: f64,
    /// Coefficient of the triangular ends of a trapezoidal weir, SI.
    pub end_coefficient_si: f64,
    /// Number of end contractions, 0 to 2.
    pub end_contractions: f64,
    /// A flap gate keeps water from flowing back.
    pub flap_gate: bool,
    /// Can run full and become an orifice.
    pub can_surcharge: bool,
    /// Opening: height, length of the crest (m), side slope (run over rise), 0.
    pub geom: [f64; 4],
    /// Width of the road for [`WeirKind::Roadway`], m.
    pub road_width_m: f64,
    /// The road is gravel, not paved.
    pub gravel: bool,
    /// Index into `curves` of coefficients by head (`[CURVES]` of type `WEIR`, x in m, y SI).
    pub coefficient_curve: Option<usize>,
    /// Bends between the nodes, local m.
    pub vertices: Vec<[f64; 2]>,
}

/// An outlet: any rating of depth or head.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outlet {
    /// Name in the file.
    pub id: String,
    /// Index of the upstream node.
    pub from: usize,
    /// Index of the downstream node.
    pub to: usize,
    /// Its invert above the upstream node's, m.
    pub offset_m: f64,
    /// Flow by depth or head.
    pub rating: OutletRating,
    /// The rating counts the head difference across the outlet, not the depth above it.
    pub by_head: bool,
    /// A flap gate keeps water from flowing back.
    pub flap_gate: bool,
    /// Bends between the nodes, local m.
    pub vertices: Vec<[f64; 2]>,
}

/// Flow of an outlet by depth or head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OutletRating {
    /// `Q = coefficient · y^exponent`, y in m, Q in m³/s.
    Functional {
        /// m³/s at 1 m.
        coefficient_si: f64,
        /// Exponent.
        exponent: f64,
    },
    /// Index into `curves` (m → m³/s).
    Tabular(usize),
}

impl Default for OutletRating {
    fn default() -> Self {
        Self::Functional { coefficient_si: 0.0, exponent: 1.0 }
    }
}
