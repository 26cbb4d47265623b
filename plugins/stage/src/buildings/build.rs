//! Buildings with every face, merged into tiles of packed vertices.

use bevy::asset::RenderAssetUsages;
use bevy::math::Vec3;
use bevy::mesh::{Indices, Mesh, MeshVertexAttribute, PrimitiveTopology, VertexAttributeValues, VertexFormat};
use guanlan_city::City;
use guanlan_city::model::{Building, BuildingPart, RoofShape};

use super::roof;
use crate::frame::to_scene;

/// How far walls reach below their base, so that no gap shows on a slope, m.
pub(super) const FOOT_M: f32 = 1.5;

/// Normal (x, y, z in the renderer's frame) and kind: 0 wall, 127 roof.
pub const ATTRIBUTE_FACE: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanFace", 0x6775_6101, VertexFormat::Snorm8x4);
/// Metres along the face, metres above its foot, and the face's width and height in m.
pub const ATTRIBUTE_PLACE: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanPlace", 0x6775_6102, VertexFormat::Float32x4);
/// Index of the building in `City::buildings` (low 24 bits) and its use (high 8 bits).
pub const ATTRIBUTE_BUILDING: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanBuilding", 0x6775_6103, VertexFormat::Uint32);

/// A surface of a building: a convex polygon in city coordinates with its outward normal.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Corners `[east, north, height]`, counter-clockwise seen from outside.
    pub corners: Vec<[f32; 3]>,
    /// True for roofs.
    pub roof: bool,
    /// One triangle of a source's own mesh: its neighbours lie in the same plane.
    pub loose: bool,
}

/// Growing vertex columns of a tile.
#[derive(Clone, Debug, Default)]
pub struct Tile {
    positions: Vec<[f32; 3]>,
    faces: Vec<[i8; 4]>,
    places: Vec<[f32; 4]>,
    buildings: Vec<u32>,
    indices: Vec<u32>,
    /// Vertices of the part being added that its triangles may share.
    shared: Vec<(VertexKey, u32)>,
}

/// Place, normal and top of a vertex, comparable.
type VertexKey = ([u32; 3], [i32; 3], i32);

pub(super) fn tag(number: u32, building: &Building) -> u32 {
    (number & 0x00ff_ffff) | (use_class(&building.usage) << 24)
}

/// How lively the windows of a use are at night: 0 dark, 1 homes, 2 offices and shops, 3 works.
#[must_use]
pub fn use_class(usage: &str) -> u32 {
    match usage {
        "school" | "kindergarten" | "church" | "temple" | "garage" | "warehouse" => 0,
        "commercial" | "office" | "retail" | "hotel" | "hospital" | "public" => 2,
        "industrial" | "factory" => 3,
        _ => 1,
    }
}

impl Tile {
    /// Every face of these buildings of a city.
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

    /// Adds the faces of one building; `number` is its index in the city.
    pub fn add(&mut self, number: u32, building: &Building) {
        let tag = tag(number, building);
        for part in &building.parts {
            let foot = part.base_m;
            self.shared.clear();
            for face in part_faces(part) {
                self.face(&face, foot, tag);
            }
            if part.roof != RoofShape::Mesh || part.mesh.len() < 3 {
                self.cap(part, foot, tag);
            }
        }
    }

    fn face(&mut self, face: &Face, foot_m: f32, tag: u32) {
        let corners: Vec<Vec3> = face.corners.iter().map(|c| to_scene(c[0], c[1], c[2])).collect();
        if corners.len() < 3 {
            return;
        }
        let normal = newell(&corners);
        // Floors are never seen.
        if normal.length_squared() < 1e-9 || (face.loose && normal.y < -0.7) {
            return;
        }
        let top = corners.iter().map(|c| c.y).fold(f32::MIN, f32::max);
        let level = face.roof && normal.y > 0.985;
        // Along the level direction of the face's plane, so that triangles of one wall agree.
        let along = Vec3::Y.cross(normal).normalize_or(Vec3::X);
        let us: Vec<f32> = corners.iter().map(|c| c.dot(along)).collect();
        let (low, high) = us.iter().fold((f32::MAX, f32::MIN), |(l, h), &u| (l.min(u), h.max(u)));
        let mut numbers = Vec::with_capacity(corners.len());
        for (corner, u) in corners.iter().zip(&us) {
            let place = if level {
                [50.0, corner.y - foot_m, 1e4, 1e4]
            } else if face.loose {
                [u.rem_euclid(4000.0) + 60.0, corner.y - foot_m, 1e4, top - foot_m]
            } else {
                [u - low, corner.y - foot_m, high - low, top - foot_m]
            };
            numbers.push(if face.loose {
                self.shared_vertex(*corner, normal, face.roof, place, tag)
            } else {
                self.vertex(*corner, normal, face.roof, place, tag)
            });
        }
        for k in 1..numbers.len() - 1 {
            self.indices.extend([numbers[0], numbers[k], numbers[k + 1]]);
        }
    }

    /// The vertex with these values in this part, made when there is none yet.
    fn shared_vertex(&mut self, p: Vec3, normal: Vec3, roof: bool, place: [f32; 4], tag: u32) -> u32 {
        let normal_bytes = [normal.x, normal.y, normal.z].map(|v| (v * 40.0).round() as i32);
        let key = (p.to_array().map(f32::to_bits), normal_bytes, (place[3] * 20.0).round() as i32);
        if let Some((_, number)) = self.shared.iter().rev().take(64).find(|(k, _)| *k == key) {
            return *number;
        }
        let number = self.vertex(p, normal, roof, place, tag);
        self.shared.push((key, number));
        number
    }

    fn vertex(&mut self, p: Vec3, normal: Vec3, roof: bool, place: [f32; 4], tag: u32) -> u32 {
        let pack = |v: f32| (v.clamp(-1.0, 1.0) * 127.0).round() as i8;
        self.positions.push(p.to_array());
        self.faces.push([pack(normal.x), pack(normal.y), pack(normal.z), if roof { 127 } else { 0 }]);
        self.places.push(place);
        self.buildings.push(tag);
        self.positions.len() as u32 - 1
    }

    /// The level roof over a footprint whose roof shape needs one.
    fn cap(&mut self, part: &BuildingPart, foot_m: f32, tag: u32) {
        if part.footprint.len() < 3 || roof::has_shape(part) {
            return;
        }
        let height = roof::flat_height_m(part);
        let mut points = part.footprint.clone();
        let mut holes = Vec::new();
        for hole in part.holes.iter().filter(|h| h.len() >= 3) {
            holes.push(points.len() as u32);
            points.extend_from_slice(hole);
        }
        let mut triangles: Vec<u32> = Vec::new();
        earcut::Earcut::new().earcut(points.iter().copied(), &holes, &mut triangles);
        let first = self.positions.len() as u32;
        let quad = part.footprint.len() == 4 && part.holes.is_empty();
        let origin = part.footprint[0];
        let (ax, ay) = (part.footprint[1][0] - origin[0], part.footprint[1][1] - origin[1]);
        let length = ax.hypot(ay).max(1e-3);
        let deep = {
            let p = part.footprint[part.footprint.len() - 1];
            (p[0] - origin[0]).hypot(p[1] - origin[1]).max(1e-3)
        };
        for p in &points {
            let (dx, dy) = (p[0] - origin[0], p[1] - origin[1]);
            let place = if quad {
                [(dx * ax + dy * ay) / length, (dy * ax - dx * ay) / length, length, deep]
            } else {
                [50.0, height - foot_m, 1e4, 1e4]
            };
            self.vertex(to_scene(p[0], p[1], height), Vec3::Y, true, place, tag);
        }
        for t in triangles.chunks_exact(3) {
            let [a, b, c] = [t[0], t[1], t[2]];
            let (pa, pb, pc) = (points[a as usize], points[b as usize], points[c as usize]);
            let turn = (pb[0] - pa[0]) * (pc[1] - pa[1]) - (pc[0] - pa[0]) * (pb[1] - pa[1]);
            let [b, c] = if turn >= 0.0 { [b, c] } else { [c, b] };
            self.indices.extend([first + a, first + b, first + c]);
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
            .with_inserted_attribute(ATTRIBUTE_PLACE, self.places)
            .with_inserted_attribute(ATTRIBUTE_BUILDING, self.buildings)
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

/// Outward normal of a polygon (Newell), or zero.
pub(super) fn newell(corners: &[Vec3]) -> Vec3 {
    let mut n = Vec3::ZERO;
    for (i, a) in corners.iter().enumerate() {
        let b = corners[(i + 1) % corners.len()];
        n += Vec3::new((a.y - b.y) * (a.z + b.z), (a.z - b.z) * (a.x + b.x), (a.x - b.x) * (a.y + b.y));
    }
    n.normalize_or_zero()
}

/// Walls and shaped roofs of a part; level roofs come from its footprint.
#[must_use]
pub fn part_faces(part: &BuildingPart) -> Vec<Face> {
    if part.roof == RoofShape::Mesh && part.mesh.len() >= 3 {
        return part
            .mesh
            .chunks_exact(3)
            .enumerate()
            .map(|(i, t)| Face {
                corners: t.to_vec(),
                roof: part.mesh_is_roof.get(i).copied().unwrap_or(false),
                loose: true,
            })
            .collect();
    }
    if part.footprint.len() < 3 {
        return Vec::new();
    }
    let shaped = roof::has_shape(part);
    let eaves = if shaped { part.eaves_m } else { roof::flat_height_m(part) };
    let mut faces = Vec::new();
    for ring in std::iter::once(&part.footprint).chain(part.holes.iter()) {
        for i in 0..ring.len() {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            let low = part.base_m - FOOT_M;
            faces.push(Face {
                corners: vec![[a[0], a[1], low], [b[0], b[1], low], [b[0], b[1], eaves], [a[0], a[1], eaves]],
                roof: false,
                loose: false,
            });
        }
    }
    if shaped {
        faces.extend(roof::faces(part));
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn block(roof: RoofShape) -> BuildingPart {
        BuildingPart {
            footprint: vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0]],
            base_m: 5.0,
            eaves_m: 11.0,
            top_m: if roof == RoofShape::Flat { 11.0 } else { 15.0 },
            roof,
            ..Default::default()
        }
    }

    /// Signed volume of a closed triangle mesh by the divergence theorem, m³.
    fn volume(tile: &Tile) -> f32 {
        tile.indices
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [0, 1, 2].map(|k| Vec3::from(tile.positions[t[k] as usize]));
                a.dot(b.cross(c)) / 6.0
            })
            .sum()
    }

    fn closed(part: BuildingPart) -> Tile {
        let mut tile = Tile::default();
        // The floor closes the body.
        let low = part.base_m - FOOT_M;
        let floor = part.footprint.iter().rev().map(|p| [p[0], p[1], low]).collect();
        tile.face(&Face { corners: floor, roof: false, loose: false }, low, 0);
        tile.add(7, &Building { parts: vec![part], ..Default::default() });
        tile
    }

    #[test]
    fn bodies_are_closed_and_turned_outward() {
        let body = 20.0 * 10.0 * (6.0 + FOOT_M);
        for (roof, attic) in [
            (RoofShape::Flat, 0.0),
            (RoofShape::Gabled, 20.0 * 10.0 * 4.0 / 2.0),
            (RoofShape::Skillion, 20.0 * 10.0 * 4.0 / 2.0),
            (RoofShape::Pyramidal, 20.0 * 10.0 * 4.0 / 3.0),
            // Ridge of 10 m: prism in the middle, a pyramid from the two ends.
            (RoofShape::Hipped, 10.0 * 10.0 * 4.0 / 2.0 + 10.0 * 10.0 * 4.0 / 3.0),
        ] {
            let got = volume(&closed(block(roof)));
            assert!((got - body - attic).abs() < 1.0, "{roof:?}: {got} m³ instead of {}", body + attic);
        }
    }

    #[test]
    fn vertices_remember_their_building() {
        let tile = closed(block(RoofShape::Gabled));
        assert!(tile.buildings.iter().any(|b| b & 0x00ff_ffff == 7));
        assert_eq!(tile.positions.len(), tile.places.len());
        assert!(tile.places.iter().all(|p| p[0] >= -1e-3 && p[0] <= p[2] + 1e-3));
    }

    #[test]
    fn triangles_of_one_wall_share_their_corners() {
        let wall = [[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 0.0, 6.0], [0.0, 0.0, 6.0]];
        let floor = [[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [10.0, 0.0, 0.0]];
        let part = BuildingPart {
            roof: RoofShape::Mesh,
            mesh: vec![wall[0], wall[1], wall[2], wall[0], wall[2], wall[3], floor[0], floor[1], floor[2]],
            mesh_is_roof: vec![false; 3],
            top_m: 6.0,
            ..Default::default()
        };
        let mut tile = Tile::default();
        tile.add(0, &Building { parts: vec![part], ..Default::default() });
        assert_eq!((tile.len(), tile.triangles()), (4, 2), "two triangles share two corners, the floor is left out");
    }

    #[test]
    fn odd_footprints_still_get_a_roof() {
        let mut part = block(RoofShape::Gabled);
        part.footprint = vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [10.0, 10.0], [10.0, 20.0], [0.0, 20.0]];
        let tile = closed(part);
        assert!(tile.faces.iter().any(|f| f[3] == 127), "a roof");
        assert!(volume(&tile) > 300.0 * 7.0);
    }
}
