//! Streets, natural channels, and the inlets that stand in them.

use serde::{Deserialize, Serialize};

/// A natural channel (HEC-2 transect).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transect {
    /// Name in the file.
    pub id: String,
    /// Manning's n of left bank, right bank and channel.
    pub n_left_right_channel: [f64; 3],
    /// Stations of the left and right bank, m.
    pub banks_m: [f64; 2],
    /// Length of the channel over length of the flood plain; 1 when the file says 0.
    pub meander: f64,
    /// Station and elevation, m; the file's width and elevation factors are applied.
    pub points_m: Vec<[f64; 2]>,
}

/// Cross-section of a street.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Street {
    /// Name in the file.
    pub id: String,
    /// Curb to crown, m (`Tcrown`).
    pub crown_m: f64,
    /// Height of the curb, m.
    pub curb_m: f64,
    /// Cross slope, m/m.
    pub cross_slope: f64,
    /// Manning's n of the road.
    pub roughness: f64,
    /// Depression of the gutter, m.
    pub gutter_depression_m: f64,
    /// Width of the gutter, m.
    pub gutter_width_m: f64,
    /// 1 or 2 sides.
    pub sides: u8,
    /// Width behind the curb, m.
    pub back_width_m: f64,
    /// Slope behind the curb, m/m.
    pub back_slope: f64,
    /// Manning's n behind the curb.
    pub back_roughness: f64,
}

/// Throat of a curb opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CurbThroat {
    /// Horizontal.
    #[default]
    Horizontal,
    /// Inclined.
    Inclined,
    /// Vertical.
    Vertical,
}

/// One opening of an inlet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum InletKind {
    /// A grate in the gutter, or in a channel's bed (`drop`).
    Grate {
        /// Along the street, m.
        length_m: f64,
        /// Across, m.
        width_m: f64,
        /// HEC-22 type (`P_BAR-50`, `RETICULINE`, `GENERIC` …).
        grate: String,
        /// Open share of a `GENERIC` grate.
        open_fraction: f64,
        /// Splash-over velocity of a `GENERIC` grate, m/s.
        splash_m_s: f64,
        /// `DROP_GRATE`.
        drop: bool,
    },
    /// An opening in the curb, or four in a box (`drop`).
    Curb {
        /// Length, m.
        length_m: f64,
        /// Height, m.
        height_m: f64,
        /// Throat.
        throat: CurbThroat,
        /// `DROP_CURB`.
        drop: bool,
    },
    /// A slotted drain.
    Slotted {
        /// Length, m.
        length_m: f64,
        /// Width, m.
        width_m: f64,
    },
    /// A diversion or rating curve (index into `curves`).
    Custom {
        /// Index into `curves`.
        curve: usize,
    },
}

/// An inlet design; more than one opening is a combination inlet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inlet {
    /// Name in the file.
    pub id: String,
    /// Its openings.
    pub openings: Vec<InletKind>,
}

/// Is an inlet on a slope or in a sag?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    /// As the network says.
    #[default]
    Automatic,
    /// On a slope: bypass flow goes on.
    OnGrade,
    /// In a sag: all water stays.
    OnSag,
}

/// Inlets of one design in one street.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InletUsage {
    /// Index of the street's conduit.
    pub conduit: usize,
    /// Index into `inlets`.
    pub inlet: usize,
    /// Index of the node that receives the captured water.
    pub node: usize,
    /// How many, on each side.
    pub count: f64,
    /// Clogged share, 0 to 1.
    pub clogged: f64,
    /// Largest flow of one, m³/s; 0 for no limit.
    pub max_flow_m3_s: f64,
    /// Local depression of the gutter, m.
    pub depression_m: f64,
    /// Width of the local depression, m.
    pub depression_width_m: f64,
    /// On a slope or in a sag.
    pub placement: Placement,
}
