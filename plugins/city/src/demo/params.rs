//! The plan of the demo city as its TOML file says it.

use guanlan_core::Bilingual;
use serde::Deserialize;

use super::{DemoError, geom::P};

/// The plan's text; it travels inside the program.
pub const TEXT: &str = include_str!("../../../../assets/demo/guanlan.toml");

/// A name in the plan: Chinese, English.
#[derive(Clone, Debug, Deserialize)]
pub struct Name(pub String, pub String);

impl Name {
    pub fn both(&self) -> Bilingual {
        Bilingual::new(self.0.clone(), self.1.clone())
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityPlan {
    pub name: Name,
    pub city_name: Name,
    pub epsg: u32,
    pub origin: P,
    pub size_m: f64,
    pub code: String,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaterPlan {
    pub name: Name,
    pub level_m: f64,
    pub half_width_m: f64,
    pub line: Vec<P>,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IslandPlan {
    pub name: Name,
    /// Share of the river's length at the island's middle.
    pub at_share: f64,
    pub length_m: f64,
    pub half_width_m: f64,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LakePlan {
    pub name: Name,
    pub level_m: f64,
    pub centre: P,
    pub radius_m: P,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinePlan {
    pub name: Name,
    #[serde(default)]
    pub class: String,
    #[serde(default)]
    pub speed: u32,
    pub line: Vec<P>,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnderpassPlan {
    pub depth_m: f64,
    /// Half length of the level part, m.
    pub flat_half_m: f64,
    /// Distance from the middle at which the ramp reaches the ground, m.
    pub ramp_end_m: f64,
    pub names: Vec<Name>,
    pub roads: Vec<String>,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZonePlan {
    pub kind: String,
    pub name: Name,
    pub ellipse: [f64; 4],
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreetPlan {
    pub name: Name,
    pub seeds: Vec<P>,
    pub communities: Vec<Name>,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LandmarkPlan {
    pub name: Name,
    pub file: String,
    pub shape: String,
    pub at: P,
    pub heading_deg: f64,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub estate: Vec<Name>,
    pub estate_tail: Vec<Name>,
    pub street_head: Vec<Name>,
    pub surname: Vec<Name>,
    pub given: Vec<Name>,
}

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    pub city: CityPlan,
    pub river: WaterPlan,
    pub island: IslandPlan,
    pub moat: WaterPlan,
    pub lake: LakePlan,
    pub railway: LinePlan,
    pub ring: LinePlan,
    pub arterial: Vec<LinePlan>,
    pub underpass: UnderpassPlan,
    pub zone: Vec<ZonePlan>,
    pub street: Vec<StreetPlan>,
    pub landmark: Vec<LandmarkPlan>,
    pub words: Words,
}

impl PlanFile {
    /// The plan that travels inside the program.
    pub fn embedded() -> Result<Self, DemoError> {
        toml::from_str(TEXT).map_err(|e| DemoError::Plan(e.to_string()))
    }
}
