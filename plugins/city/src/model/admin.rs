//! Administrative areas, organisations, responsible persons.

use guanlan_core::{Bilingual, OrgId};
use serde::{Deserialize, Serialize};

/// 市-区-街道-社区-万米单元网格.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminLevel {
    /// 市.
    City,
    /// 区.
    District,
    /// 街道.
    Street,
    /// 社区.
    Community,
    /// 万米单元网格.
    #[default]
    Grid,
}

/// An administrative area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdminArea {
    /// Code: 4, 6, 9, 12 or 15 digits by level.
    pub code: String,
    /// Level.
    pub level: AdminLevel,
    /// Name.
    pub name: Bilingual,
    /// Outer ring, counter-clockwise, not closed, local m.
    #[serde(with = "crate::flat")]
    pub ring: Vec<[f32; 2]>,
}

/// A responsible organisation (联动处置单位) or centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// Id.
    pub id: OrgId,
    /// Name.
    pub name: Bilingual,
    /// `city_centre`, `sub_centre` or `unit`.
    pub kind: String,
    /// Skills and duties it answers for: case class prefixes such as `01`, `06`, `drainage`.
    pub duties: Vec<String>,
    /// Where it is, local m.
    pub place_m: [f64; 2],
    /// Code of the area it serves; empty for the whole city.
    pub area: String,
}

/// A responsible person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: Bilingual,
    /// `street_chief` 街巷长 or `grid_member` 网格员.
    pub duty: String,
    /// Code of the area.
    pub area: String,
    /// Phone, for example `139****0001`.
    pub phone: String,
}
