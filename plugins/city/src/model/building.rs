//! Buildings as surfaces ready to draw, with the attributes people ask for.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// Shape of a roof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RoofShape {
    /// Flat, or unknown.
    #[default]
    Flat,
    /// 双坡.
    Gabled,
    /// 四坡.
    Hipped,
    /// One slope.
    Skillion,
    /// Pyramid.
    Pyramidal,
    /// As the source's own geometry says.
    Mesh,
}

/// One body of a building: a prism from a footprint, or the source's own mesh.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildingPart {
    /// Outer ring, counter-clockwise seen from above, not closed, local m.
    #[serde(with = "crate::flat")]
    pub footprint: Vec<[f32; 2]>,
    /// Inner rings, clockwise, not closed.
    pub holes: Vec<Vec<[f32; 2]>>,
    /// Bottom of the walls, m above datum.
    pub base_m: f32,
    /// Top of the walls (eaves), m above datum.
    pub eaves_m: f32,
    /// Highest point, m above datum.
    pub top_m: f32,
    /// Roof over the footprint.
    pub roof: RoofShape,
    /// Triangles when `roof` is [`RoofShape::Mesh`]: corners in local m and height, three by three,
    /// counter-clockwise seen from outside.
    #[serde(with = "crate::flat")]
    pub mesh: Vec<[f32; 3]>,
    /// One flag for each triangle of `mesh`: true for roofs.
    #[serde(with = "crate::flat::flags")]
    pub mesh_is_roof: Vec<bool>,
}

/// A building.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Building {
    /// Id in its source file.
    pub id: String,
    /// Name, if it has one.
    pub name: Bilingual,
    /// Use (`residential`, `commercial`, `office`, `industrial`, `school`, `hospital` …), or empty.
    pub usage: String,
    /// Storeys above ground; 0 unknown.
    pub storeys: u16,
    /// Storeys below ground.
    pub basements: u16,
    /// People living here.
    pub residents: u32,
    /// Height of the entrance sill above the ground beside it, m.
    pub sill_m: f32,
    /// Where its figures come from when guessed: `height:levels`, `height:default` …
    pub guessed: Vec<String>,
    /// Bodies; at least one.
    pub parts: Vec<BuildingPart>,
}

impl Building {
    /// Centre of the first part's footprint (mean of corners), local m.
    #[must_use]
    pub fn centre(&self) -> Option<[f32; 2]> {
        let part = self.parts.first()?;
        let n = part.footprint.len() as f32;
        if n > 0.0 {
            let sum = part.footprint.iter().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
            return Some([sum[0] / n, sum[1] / n]);
        }
        let m = part.mesh.len() as f32;
        let sum = part.mesh.iter().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
        (m > 0.0).then(|| [sum[0] / m, sum[1] / m])
    }
}
