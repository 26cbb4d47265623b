//! Buildings from afar: prisms that share their corners.
//!
//! A face takes its colour from the first corner of its triangles (flat interpolation), so walls need no corners of
//! their own: a prism over n corners has 2 n + 1 vertices instead of 5 n.

use bevy::asset::{Handle, RenderAssetUsages, uuid_handle};
use bevy::math::Vec3;
use bevy::mesh::{Indices, Mesh, MeshVertexAttribute, PrimitiveTopology, VertexAttributeValues, VertexFormat};
use bevy::shader::Shader;
use guanlan_city::City;
use guanlan_city::model::{Building, BuildingPart, RoofShape};

use super::build::{ATTRIBUTE_BUILDING, ATTRIBUTE_FACE, FOOT_M, newell, tag};
use crate::frame::to_scene;

/// The shader of prisms.
pub const SHADER: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0030");

/// Metres above the foot of the body.
pub const ATTRIBUTE_FOOT: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanFoot", 0x6775_6104, VertexFormat::Float32);

/// The finest level of detail that is of use from afar: bodies without roof shapes.
const FAR_LOD: f32 = 1.9;
/// Bodies lower than this are left out when they are not a building's first, m.
const SMALL_M: f32 = 5.0;

/// Growing vertex columns of prisms.
#[derive(Clone, Debug, Default)]
pub struct FarTile {
    positions: Vec<[f32; 3]>,
    faces: Vec<[i8; 4]>,
    feet: Vec<f32>,
    tags: Vec<u32>,
    indices: Vec<u32>,
}

impl FarTile {
    /// The prisms of these buildings of a city.
    #[must_use]
    pub fn of(city: &City, numbers: &[u32]) -> Self {
        let mut tile = Self::default();
        for &number in numbers {
            if let Some(building) = city.buildings.get(number as usize) {
                tile.add(number, building);
            }
        }
        tile
    }

    /// Adds a building: prisms with level roofs, without small bodies.
    pub fn add(&mut self, number: u32, building: &Building) {
        let tag = tag(number, building);
        for (i, part) in building.at_lod(FAR_LOD).iter().enumerate() {
            if part.footprint.len() < 3 {
                if part.roof == RoofShape::Mesh {
                    self.body(part, tag);
                }
            } else if i == 0 || part.top_m.max(part.eaves_m) - part.base_m >= SMALL_M {
                self.prism(part, tag);
            }
        }
    }

    fn vertex(&mut self, p: Vec3, normal: Vec3, roof: bool, foot_m: f32, tag: u32) -> u32 {
        let pack = |v: f32| (v.clamp(-1.0, 1.0) * 127.0).round() as i8;
        self.positions.push(p.to_array());
        self.faces.push([pack(normal.x), pack(normal.y), pack(normal.z), if roof { 127 } else { 0 }]);
        self.feet.push(p.y - foot_m);
        self.tags.push(tag);
        self.positions.len() as u32 - 1
    }

    fn prism(&mut self, part: &BuildingPart, tag: u32) {
        // A sloped roof keeps its volume.
        let top = if part.eaves_m > part.base_m + 1.0 { (part.eaves_m + part.top_m) * 0.5 } else { part.top_m };
        let low = part.base_m - FOOT_M;
        let mut outer_tops = 0..0;
        for (k, ring) in std::iter::once(&part.footprint).chain(&part.holes).enumerate() {
            let n = ring.len() as u32;
            if n < 3 {
                continue;
            }
            let first = self.positions.len() as u32;
            for (i, a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                let normal = newell(&[
                    to_scene(a[0], a[1], low),
                    to_scene(b[0], b[1], low),
                    to_scene(b[0], b[1], top),
                    to_scene(a[0], a[1], top),
                ]);
                self.vertex(to_scene(a[0], a[1], top), normal, false, part.base_m, tag);
            }
            for a in ring {
                self.vertex(to_scene(a[0], a[1], low), Vec3::Y, false, part.base_m, tag);
            }
            for i in 0..n {
                let next = (i + 1) % n;
                let (top_a, top_b, low_a, low_b) = (first + i, first + next, first + n + i, first + n + next);
                // Both triangles begin at the corner that carries the wall's colour.
                self.indices.extend([top_a, low_a, low_b, top_a, low_b, top_b]);
            }
            if k == 0 {
                outer_tops = first..first + n;
            }
        }
        if part.holes.is_empty() && convex(&part.footprint) {
            let a = part.footprint[0];
            let roof = self.vertex(to_scene(a[0], a[1], top), Vec3::Y, true, part.base_m, tag);
            let turn = area(&part.footprint) >= 0.0;
            for i in 1..part.footprint.len() as u32 - 1 {
                let (b, c) = (outer_tops.start + i, outer_tops.start + i + 1);
                self.indices.extend(if turn { [roof, b, c] } else { [roof, c, b] });
            }
        } else {
            self.cap(part, top, tag);
        }
    }

    /// A level roof over any footprint.
    fn cap(&mut self, part: &BuildingPart, top: f32, tag: u32) {
        let mut points = part.footprint.clone();
        let mut holes = Vec::new();
        for hole in part.holes.iter().filter(|h| h.len() >= 3) {
            holes.push(points.len() as u32);
            points.extend_from_slice(hole);
        }
        let mut triangles: Vec<u32> = Vec::new();
        earcut::Earcut::new().earcut(points.iter().copied(), &holes, &mut triangles);
        let first = self.positions.len() as u32;
        for p in &points {
            self.vertex(to_scene(p[0], p[1], top), Vec3::Y, true, part.base_m, tag);
        }
        for t in triangles.chunks_exact(3) {
            let [pa, pb, pc] = [0, 1, 2].map(|k| points[t[k] as usize]);
            let turn = area(&[pa, pb, pc]);
            let [b, c] = if turn >= 0.0 { [t[1], t[2]] } else { [t[2], t[1]] };
            self.indices.extend([first + t[0], first + b, first + c]);
        }
    }

    /// A source's own mesh, without floors.
    fn body(&mut self, part: &BuildingPart, tag: u32) {
        for (i, t) in part.mesh.chunks_exact(3).enumerate() {
            let corners = [0, 1, 2].map(|k| to_scene(t[k][0], t[k][1], t[k][2]));
            let normal = newell(&corners);
            if normal.length_squared() < 1e-9 || normal.y < -0.7 {
                continue;
            }
            let roof = part.mesh_is_roof.get(i).copied().unwrap_or(false);
            for corner in corners {
                let number = self.vertex(corner, normal, roof, part.base_m, tag);
                self.indices.push(number);
            }
        }
    }

    /// Number of vertices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// True without a single vertex.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Number of triangles.
    #[must_use]
    pub fn triangles(&self) -> usize {
        self.indices.len() / 3
    }

    /// The finished mesh, in the renderer's frame.
    #[must_use]
    pub fn into_mesh(self) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(ATTRIBUTE_FACE, VertexAttributeValues::Snorm8x4(self.faces))
            .with_inserted_attribute(ATTRIBUTE_FOOT, self.feet)
            .with_inserted_attribute(ATTRIBUTE_BUILDING, self.tags)
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

/// Twice the signed area: positive counter-clockwise.
fn area(ring: &[[f32; 2]]) -> f32 {
    let o = ring[0];
    ring.windows(2).map(|w| (w[0][0] - o[0]) * (w[1][1] - o[1]) - (w[1][0] - o[0]) * (w[0][1] - o[1])).sum()
}

fn convex(ring: &[[f32; 2]]) -> bool {
    let n = ring.len();
    let turns = (0..n).map(|i| area(&[ring[i], ring[(i + 1) % n], ring[(i + 2) % n]]));
    let (left, right) = turns.fold((false, false), |(l, r), t| (l || t > 1e-3, r || t < -1e-3));
    !(left && right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(footprint: Vec<[f32; 2]>) -> BuildingPart {
        BuildingPart { footprint, base_m: 5.0, eaves_m: 11.0, top_m: 11.0, ..Default::default() }
    }

    /// Every triangle lies in the face whose colour its first corner carries, and is turned outward.
    fn check(tile: &FarTile) {
        for t in tile.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| Vec3::from(tile.positions[t[k] as usize]));
            let normal = (b - a).cross(c - a).normalize();
            let carried = tile.faces[t[0] as usize];
            let carried = Vec3::new(f32::from(carried[0]), f32::from(carried[1]), f32::from(carried[2])) / 127.0;
            assert!(normal.distance(carried) < 0.03, "{normal} is not {carried}");
        }
    }

    #[test]
    fn a_box_is_nine_vertices_and_ten_triangles() {
        let mut tile = FarTile::default();
        let building = Building {
            parts: vec![part(vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0]])],
            ..Default::default()
        };
        tile.add(7, &building);
        assert_eq!((tile.len(), tile.triangles()), (9, 10));
        check(&tile);
        let volume: f32 = tile
            .indices
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [0, 1, 2].map(|k| Vec3::from(tile.positions[t[k] as usize]) - Vec3::Y * (5.0 - FOOT_M));
                a.dot(b.cross(c)) / 6.0
            })
            .sum();
        assert!((volume - 200.0 * (6.0 + FOOT_M)).abs() < 0.5, "{volume} m³");
        assert!(tile.tags.iter().all(|t| t & 0x00ff_ffff == 7));
    }

    #[test]
    fn angled_footprints_and_courtyards_are_prisms_too() {
        let mut tile = FarTile::default();
        let ell = vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [10.0, 10.0], [10.0, 20.0], [0.0, 20.0]];
        let mut yard = part(vec![[100.0, 0.0], [140.0, 0.0], [140.0, 40.0], [100.0, 40.0]]);
        yard.holes = vec![vec![[110.0, 10.0], [110.0, 30.0], [130.0, 30.0], [130.0, 10.0]]];
        let small = BuildingPart { eaves_m: 7.0, top_m: 7.0, ..part(vec![[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]]) };
        tile.add(0, &Building { parts: vec![part(ell), yard, small], ..Default::default() });
        check(&tile);
        let roofs: f32 = tile
            .indices
            .chunks_exact(3)
            .filter(|t| tile.faces[t[0] as usize][3] == 127)
            .map(|t| {
                let [a, b, c] = [0, 1, 2].map(|k| Vec3::from(tile.positions[t[k] as usize]));
                (b - a).cross(c - a).length() * 0.5
            })
            .sum();
        assert!((roofs - 300.0 - 1200.0).abs() < 1.0, "{roofs} m² of roof; the small body is left out");
    }
}
