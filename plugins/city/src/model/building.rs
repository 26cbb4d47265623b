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

/// Bodies of a building at a level of detail that is not the one drawn from near.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Level of detail of CityGML (0 … 4, with refinements such as 2.2).
    pub lod: f32,
    /// Bodies; a footprint of level 0 has no height.
    pub parts: Vec<BuildingPart>,
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
    /// Level of detail of `parts`; 0 when the source has none.
    pub lod: f32,
    /// The source's other levels of detail, the finest first.
    pub details: Vec<Detail>,
    /// The source's own attributes as a JSON object, as far as they are short; or empty.
    pub attributes: String,
}

impl Building {
    /// The finest bodies that are no finer than `most`; the coarsest there are when all are finer. For drawing from
    /// afar: whoever draws chooses the level that the distance needs.
    #[must_use]
    pub fn at_lod(&self, most: f32) -> &[BuildingPart] {
        let all = || std::iter::once((self.lod, &self.parts)).chain(self.details.iter().map(|d| (d.lod, &d.parts)));
        let solid = |parts: &&Vec<BuildingPart>| parts.iter().any(|p| p.top_m > p.base_m);
        let fit = all().filter(|(lod, parts)| *lod <= most && solid(parts)).max_by(|a, b| a.0.total_cmp(&b.0));
        let fit = fit.or_else(|| all().filter(|(_, parts)| solid(parts)).min_by(|a, b| a.0.total_cmp(&b.0)));
        fit.map_or(&self.parts, |(_, parts)| parts)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_detail_follows_the_need() {
        let body = |top_m| BuildingPart { top_m, ..BuildingPart::default() };
        let detail = |lod, top_m| Detail { lod, parts: vec![body(top_m)] };
        let house = Building {
            parts: vec![body(22.0)],
            lod: 2.2,
            details: vec![detail(3.0, 30.0), detail(1.2, 12.0), detail(0.0, 0.0)],
            ..Building::default()
        };
        let top = |most| house.at_lod(most)[0].top_m;
        assert_eq!([top(4.0), top(2.9), top(2.0), top(1.0), top(0.0)], [30.0, 22.0, 12.0, 12.0, 12.0]);
        let plain = Building { parts: vec![body(9.0)], ..Building::default() };
        assert_eq!(plain.at_lod(1.0)[0].top_m, 9.0);
    }
}
