//! Low-impact development: sponge-city measures as SWMM's LID controls, and where they lie.

use serde::{Deserialize, Serialize};

use super::SubcatchOutlet;

/// What a control is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LidKind {
    /// Bio-retention cell (`BC`).
    #[default]
    BioRetention,
    /// Rain garden (`RG`): a bio-retention cell without a gravel bed.
    RainGarden,
    /// Green roof (`GR`).
    GreenRoof,
    /// Infiltration trench (`IT`).
    InfiltrationTrench,
    /// Permeable pavement (`PP`).
    PermeablePavement,
    /// Rain barrel (`RB`).
    RainBarrel,
    /// Vegetative swale (`VS`).
    VegetativeSwale,
    /// Rooftop disconnection (`RD`).
    RooftopDisconnection,
}

/// Surface layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LidSurface {
    /// Height of the berm, m.
    pub thickness_m: f64,
    /// Share not filled with plants, 0 to 1.
    pub void_share: f64,
    /// Manning's n.
    pub roughness: f64,
    /// Slope, m/m.
    pub slope: f64,
    /// Run over rise of a swale's sides.
    pub side_slope: f64,
}

impl Default for LidSurface {
    fn default() -> Self {
        Self { thickness_m: 0.0, void_share: 1.0, roughness: 0.0, slope: 0.0, side_slope: 0.0 }
    }
}

/// Pavement layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidPavement {
    /// m; 0 for none.
    pub thickness_m: f64,
    /// Voids over total volume.
    pub void_share: f64,
    /// Impervious share of the surface.
    pub impervious: f64,
    /// Permeability, m/s.
    pub conductivity_m_s: f64,
    /// Pore volumes until it is clogged; 0 for never.
    pub clogging: f64,
    /// Days between regenerations; 0 for none.
    pub regeneration_days: f64,
    /// Share that a regeneration brings back.
    pub regeneration: f64,
}

/// Soil layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidSoil {
    /// m; 0 for none.
    pub thickness_m: f64,
    /// Fraction.
    pub porosity: f64,
    /// Fraction.
    pub field_capacity: f64,
    /// Fraction.
    pub wilting_point: f64,
    /// Saturated conductivity, m/s.
    pub conductivity_m_s: f64,
    /// Slope of the logarithm of conductivity against moisture.
    pub conductivity_slope: f64,
    /// Suction head, m.
    pub suction_m: f64,
}

/// Storage layer of gravel, or a barrel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidStorage {
    /// m; 0 for none.
    pub thickness_m: f64,
    /// Voids over total volume.
    pub void_share: f64,
    /// Seepage below it, m/s.
    pub seepage_m_s: f64,
    /// Pore volumes until it is clogged; 0 for never.
    pub clogging: f64,
    /// A covered barrel takes no rain.
    pub covered: bool,
}

/// Underdrain: `flow = coefficient (head / unit)^exponent`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidDrain {
    /// m/s over the control's area at a head of one unit; a rooftop's largest flow.
    pub coefficient_m_s: f64,
    /// Exponent of the head.
    pub exponent: f64,
    /// Unit of the head, m: the file's inch or millimetre.
    pub unit_m: f64,
    /// Height of the drain over the bottom, m.
    pub offset_m: f64,
    /// Time without rain until a barrel's drain is opened, s.
    pub delay_s: f64,
    /// Heads that open and close it, m; 0 for always open.
    pub opens_m: f64,
    /// Head below which it closes, m.
    pub closes_m: f64,
    /// Index into `curves` (control curve): head in the file's unit → multiplier.
    pub curve: Option<usize>,
}

/// Drainage mat of a green roof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidMat {
    /// m; 0 for none.
    pub thickness_m: f64,
    /// Voids over total volume.
    pub void_share: f64,
    /// Manning's n; 0 lets everything through.
    pub roughness: f64,
}

/// A control: layers by area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidControl {
    /// Name in the file.
    pub id: String,
    /// What it is.
    pub kind: LidKind,
    /// Surface layer.
    pub surface: LidSurface,
    /// Pavement layer.
    pub pavement: LidPavement,
    /// Soil layer.
    pub soil: LidSoil,
    /// Storage layer.
    pub storage: LidStorage,
    /// Underdrain.
    pub drain: LidDrain,
    /// Drainage mat.
    pub mat: LidMat,
}

/// Controls of one kind in a subcatchment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LidUsage {
    /// Index into `lid_controls`.
    pub control: usize,
    /// Index into `catchments`.
    pub catchment: usize,
    /// How many.
    pub number: f64,
    /// Area of each, m².
    pub area_m2: f64,
    /// Width of the outflow side of each, m.
    pub width_m: f64,
    /// Share of soil and storage filled at the start.
    pub initial: f64,
    /// Share of the runoff of the impervious part that they treat.
    pub from_impervious: f64,
    /// Share of the runoff of the pervious part that they treat.
    pub from_pervious: f64,
    /// Their outflow runs over the pervious part.
    pub to_pervious: bool,
    /// Where the underdrain leads; `None`: to the subcatchment's outlet.
    pub drain_to: Option<SubcatchOutlet>,
}
