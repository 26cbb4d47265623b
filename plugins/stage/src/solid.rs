//! Bodies with their own colours: bridge decks and landmarks.

use std::collections::BTreeMap;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use guanlan_city::City;
use guanlan_city::model::{RoadClass, SurfaceKind};

use crate::frame::{heading_to_scene, to_scene};
use crate::ground::heights::Ground;
use crate::ground::paint::road_width_m;
use crate::look::Look;
use crate::shaders;

/// Lambert over vertex colours.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct SolidMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// One sees through it as far as its colours' opacity says; otherwise what is missing from a full opacity is
    /// how much it shines by itself.
    pub ghost: bool,
    /// The layer whose opacity it follows.
    #[uniform(1)]
    pub layer: u32,
}

/// Layers that solids may follow, as the shader knows them.
pub mod layer {
    /// Always in full.
    pub const NONE: u32 = 0;
    /// Bridges and landmarks.
    pub const LANDMARKS: u32 = 1;
    /// Street furniture.
    pub const COMPONENTS: u32 = 2;
    /// Basements.
    pub const DRAINAGE: u32 = 3;
    /// View cones.
    pub const CAMERAS: u32 = 4;
}

crate::plain_material!(
    SolidMaterial,
    shaders::SOLID,
    [Mesh::ATTRIBUTE_POSITION, Mesh::ATTRIBUTE_NORMAL, Mesh::ATTRIBUTE_COLOR],
    {
        fn alpha_mode(&self) -> AlphaMode {
            if self.ghost { AlphaMode::Blend } else { AlphaMode::Opaque }
        }
        fn depth_bias(&self) -> f32 {
            50.0
        }
    }
);

/// Growing columns of a coloured mesh.
#[derive(Default)]
pub struct Solid {
    positions: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
    colors: Vec<[f32; 4]>,
    indices: Vec<u32>,
}

impl Solid {
    /// Adds a flat convex face, counter-clockwise seen from outside, renderer frame.
    pub fn polygon(&mut self, corners: &[Vec3], color: [f32; 4]) {
        let normal = (corners[1] - corners[0]).cross(corners[2] - corners[0]).normalize_or(Vec3::Y);
        let first = self.positions.len() as u32;
        for c in corners {
            self.positions.push(c.to_array());
            self.normals.push(normal.to_array());
            self.colors.push(color);
        }
        for k in 1..corners.len() as u32 - 1 {
            self.indices.extend([first, first + k, first + k + 1]);
        }
    }

    /// Adds a level face over a ring of places (local m), seen from above.
    pub fn cap(&mut self, ring: &[[f32; 2]], height_m: f32, color: [f32; 4]) {
        let mut triangles: Vec<u32> = Vec::new();
        earcut::Earcut::new().earcut(ring.iter().copied(), &[], &mut triangles);
        let first = self.positions.len() as u32;
        for p in ring {
            self.corner(to_scene(p[0], p[1], height_m), Vec3::Y, color);
        }
        self.indices.extend(triangles.iter().map(|t| first + t));
    }

    /// Adds a corner and says its number; [`Self::triangle`] joins three.
    pub fn corner(&mut self, place: Vec3, normal: Vec3, color: [f32; 4]) -> u32 {
        self.positions.push(place.to_array());
        self.normals.push(normal.to_array());
        self.colors.push(color);
        self.positions.len() as u32 - 1
    }

    /// Joins three corners.
    pub fn triangle(&mut self, corners: [u32; 3]) {
        self.indices.extend(corners);
    }

    /// Adds a body with `sides` sides that stands on a place, its radius changing from foot to top; closed on top.
    pub fn post(&mut self, foot: Vec3, height_m: f32, radius_m: [f32; 2], sides: u32, color: [f32; 4]) {
        let round = |k: u32, r: f32, y: f32| {
            let (sin, cos) = (k as f32 / sides as f32 * std::f32::consts::TAU).sin_cos();
            foot + Vec3::new(cos * r, y, -sin * r)
        };
        for k in 0..sides {
            let [low, high] = radius_m;
            if high > 1e-3 {
                let quad = [
                    round(k, low, 0.0),
                    round(k + 1, low, 0.0),
                    round(k + 1, high, height_m),
                    round(k, high, height_m),
                ];
                self.polygon(&quad, color);
            } else {
                self.polygon(&[round(k, low, 0.0), round(k + 1, low, 0.0), foot + Vec3::Y * height_m], color);
            }
        }
        if radius_m[1] > 1e-3 {
            let top: Vec<Vec3> = (0..sides).map(|k| round(k, radius_m[1], height_m)).collect();
            self.polygon(&top, color);
        }
    }

    /// Adds a rounded head of leaves around a place: half its width and height, bumps as `bump` (0–1 by a number) gives
    /// them, its colour from below to above.
    pub fn crown(&mut self, middle: Vec3, half_m: [f32; 2], bump: impl Fn(u32) -> f32, colors: [[f32; 4]; 2]) {
        const SIDES: u32 = 9;
        const RINGS: u32 = 4;
        let stretch = Vec3::new(half_m[0], half_m[1], half_m[0]);
        let place = |solid: &mut Self, out: Vec3, number: u32| {
            let bumpy = out * stretch * (0.86 + 0.26 * bump(number));
            let up = out.y * 0.5 + 0.5;
            let color = std::array::from_fn(|k| colors[0][k] + (colors[1][k] - colors[0][k]) * up);
            solid.corner(middle + bumpy, (out / stretch).normalize_or(Vec3::Y), color)
        };
        let top = place(self, Vec3::Y, 0);
        let bottom = place(self, Vec3::NEG_Y, 1);
        let first = bottom + 1;
        for ring in 0..RINGS {
            let (flat, up) = ((ring + 1) as f32 / (RINGS + 1) as f32 * std::f32::consts::PI).sin_cos();
            for side in 0..SIDES {
                // Every second ring is turned by half a side: no seams run down the head.
                let turn = (side as f32 + 0.5 * (ring % 2) as f32) / SIDES as f32 * std::f32::consts::TAU;
                let (sin, cos) = turn.sin_cos();
                place(self, Vec3::new(cos * flat, up, -sin * flat), 2 + ring * SIDES + side);
            }
        }
        for side in 0..SIDES {
            let next = (side + 1) % SIDES;
            self.triangle([top, first + side, first + next]);
            for ring in 0..RINGS - 1 {
                let (a, b) = (first + ring * SIDES, first + (ring + 1) * SIDES);
                // The lower ring is turned ahead on even rings, behind on odd ones.
                if ring % 2 == 0 {
                    self.triangle([a + side, b + side, a + next]);
                    self.triangle([a + next, b + side, b + next]);
                } else {
                    self.triangle([a + side, b + side, b + next]);
                    self.triangle([a + side, b + next, a + next]);
                }
            }
            let last = first + (RINGS - 1) * SIDES;
            self.triangle([last + side, bottom, last + next]);
        }
    }

    /// Adds a box: middle of its foot, half its length and width, height, turned by a heading.
    pub fn block(&mut self, foot: Vec3, half_m: [f32; 2], height_m: f32, heading_deg: f32, color: [f32; 4]) {
        let ahead = heading_to_scene(heading_deg);
        let right = ahead.cross(Vec3::Y);
        let at = |a: f32, r: f32, y: f32| foot + ahead * a * half_m[0] + right * r * half_m[1] + Vec3::Y * y;
        let ring = [(-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)];
        for i in 0..4 {
            let ((a, r), (b, q)) = (ring[i], ring[(i + 1) % 4]);
            self.polygon(&[at(a, r, 0.0), at(b, q, 0.0), at(b, q, height_m), at(a, r, height_m)], color);
        }
        self.polygon(&ring.map(|(a, r)| at(a, r, height_m)), color);
    }

    /// True without a single vertex.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The finished mesh.
    #[must_use]
    pub fn into_mesh(self) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, self.normals)
            .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, self.colors)
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

/// Thickness of a bridge deck, m.
const DECK_M: f32 = 1.4;

/// Bridge decks and landmarks of a city.
#[must_use]
pub fn build(city: &City, ground: &Ground, look: &Look) -> Solid {
    let mut solid = Solid::default();
    bridges(&mut solid, city, ground, look);
    landmarks(&mut solid, city, ground, look);
    solid
}

fn over_water(city: &City, p: [f32; 2]) -> bool {
    city.surfaces.iter().filter(|s| s.kind == SurfaceKind::Water).any(|s| {
        let mut crossings = Vec::new();
        crate::ground::raster::scan_line(&s.ring, p[1], &mut crossings);
        crossings.iter().filter(|&&e| e <= p[0]).count() % 2 == 1
    })
}

/// Heights of the junctions of bridges: those on land lie on the ground, those over water between
/// their neighbours.
fn deck_heights(city: &City, ground: &Ground) -> BTreeMap<i64, f32> {
    let mut fixed: BTreeMap<i64, Option<f32>> = BTreeMap::new();
    let mut links: Vec<(i64, i64)> = Vec::new();
    for road in city.roads.iter().filter(|r| r.bridge && r.line.len() >= 2) {
        let ends = [(road.from_node, road.line[0]), (road.to_node, road.line[road.line.len() - 1])];
        for (node, p) in ends {
            fixed.entry(node).or_insert_with(|| (!over_water(city, p)).then(|| ground.height_m(p[0], p[1])));
        }
        links.push((road.from_node, road.to_node));
    }
    let known: Vec<f32> = fixed.values().flatten().copied().collect();
    let mean = if known.is_empty() { ground.range_m.1 } else { known.iter().sum::<f32>() / known.len() as f32 };
    let mut heights: BTreeMap<i64, f32> = fixed.iter().map(|(&n, h)| (n, h.unwrap_or(mean))).collect();
    for _ in 0..60 {
        let mut sums: BTreeMap<i64, (f32, f32)> = BTreeMap::new();
        for (a, b) in &links {
            for (me, other) in [(a, b), (b, a)] {
                let sum = sums.entry(*me).or_default();
                *sum = (sum.0 + heights[other], sum.1 + 1.0);
            }
        }
        for (node, (sum, count)) in sums {
            if fixed[&node].is_none() {
                heights.insert(node, sum / count);
            }
        }
    }
    heights
}

fn bridges(solid: &mut Solid, city: &City, ground: &Ground, look: &Look) {
    let heights = deck_heights(city, ground);
    for road in city.roads.iter().filter(|r| r.bridge && r.line.len() >= 2) {
        let (Some(&za), Some(&zb)) = (heights.get(&road.from_node), heights.get(&road.to_node)) else { continue };
        let small = road.class >= RoadClass::Tertiary;
        // Asphalt like the streets, rails in the bridge's own colour.
        let deck = if small { look.local } else { look.arterial };
        let (top, side, rail) = (look.land.lerp(deck, 0.62), look.bridge * 0.42, look.bridge);
        let [top, side, rail] = [top, side, rail].map(|c| c.with_w(1.0).to_array());
        let total = road.length_m().max(0.1);
        let half = road_width_m(road.class, road.width_m) * 0.5 + 0.8;
        let mut run = 0.0;
        let mut spine: Vec<(Vec3, Vec3)> = Vec::new();
        // Short steps: a deck passes over the embankments between its ends.
        let line: Vec<[f32; 2]> = ground.drape(&road.line, 8.0, 0.0).iter().map(|p| [p[0], p[1]]).collect();
        for (i, p) in line.iter().enumerate() {
            if i > 0 {
                let q = line[i - 1];
                run += (p[0] - q[0]).hypot(p[1] - q[1]);
            }
            let before = line[i.saturating_sub(1)];
            let after = line[(i + 1).min(line.len() - 1)];
            let along = to_scene(after[0] - before[0], after[1] - before[1], 0.0).normalize_or(Vec3::X);
            let left = Vec3::Y.cross(along);
            // The ground under both edges counts too: a deck lies on its abutments.
            let side = crate::frame::to_city(left * half * 0.9);
            let under = [-1.0, 0.0, 1.0]
                .map(|k| ground.height_m(p[0] + side[0] * k, p[1] + side[1] * k))
                .into_iter()
                .fold(f32::MIN, f32::max);
            let z = (za + (zb - za) * run / total).max(under) + 0.7;
            spine.push((to_scene(p[0], p[1], z), left * half));
        }
        for pair in spine.windows(2) {
            let ((a, la), (b, lb)) = (pair[0], pair[1]);
            let down = Vec3::NEG_Y * DECK_M;
            solid.polygon(&[a - la, b - lb, b + lb, a + la], top);
            solid.polygon(&[a + la + down, a + la, b + lb, b + lb + down], side);
            solid.polygon(&[a - la, a - la + down, b - lb + down, b - lb], side);
            for sign in [1.0, -1.0] {
                let (ea, eb) = (a + la * sign, b + lb * sign);
                let (ia, ib) = (a + la * sign * 0.93, b + lb * sign * 0.93);
                let up = Vec3::Y * 0.25;
                solid.polygon(&[ea + up, eb + up, ib + up, ia + up], rail);
            }
        }
    }
}

/// A model's own colour in the theme's range: in a dark room it keeps its hue, and its brightness comes down between
/// that of walls and that of edges.
#[must_use]
pub fn landmark_color(own: Vec3, look: &Look) -> Vec3 {
    if look.tune.z < 0.5 {
        return own;
    }
    let grey = own.dot(Vec3::new(0.21, 0.72, 0.07));
    let hue = own / grey.max(0.02);
    let (dim, bright) = (look.wall.truncate(), look.edge.truncate());
    let level = dim.lerp(bright, 0.55 * grey.sqrt()).dot(Vec3::new(0.21, 0.72, 0.07));
    (hue.min(Vec3::splat(2.2)) * level).lerp(dim.lerp(bright, 0.5 * grey), 0.35)
}

fn landmarks(solid: &mut Solid, city: &City, ground: &Ground, look: &Look) {
    for landmark in &city.landmarks {
        let (east, north) = (landmark.place_m[0] as f32, landmark.place_m[1] as f32);
        let base = landmark.base_m.unwrap_or_else(|| ground.height_m(east, north));
        let forward = heading_to_scene(landmark.heading_deg);
        let right = forward.cross(Vec3::Y);
        let foot = to_scene(east, north, base);
        for (i, t) in landmark.mesh.chunks_exact(3).enumerate() {
            let own = landmark.colors.get(i).copied().unwrap_or([0.5; 3]);
            let color = landmark_color(Vec3::from(own), look);
            let corners: Vec<Vec3> = t.iter().map(|p| foot + right * p[0] + forward * p[1] + Vec3::Y * p[2]).collect();
            solid.polygon(&corners, color.extend(1.0).to_array());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crown_is_closed_and_seen_from_outside() {
        let mut solid = Solid::default();
        let middle = Vec3::new(3.0, 5.0, -2.0);
        solid.crown(middle, [2.0, 2.5], |k| (k % 7) as f32 / 7.0, [[0.0; 4], [1.0; 4]]);
        let at = |k: u32| Vec3::from(solid.positions[k as usize]) - middle;
        let mut edges = std::collections::BTreeMap::<(u32, u32), i32>::new();
        for t in solid.indices.chunks_exact(3) {
            let [a, b, c] = [t[0], t[1], t[2]];
            let out = (at(b) - at(a)).cross(at(c) - at(a));
            assert!(out.dot(at(a) + at(b) + at(c)) > 0.0, "{t:?} is seen from inside");
            for (from, to) in [(a, b), (b, c), (c, a)] {
                *edges.entry((from.min(to), from.max(to))).or_default() += if from < to { 1 } else { -1 };
            }
        }
        assert!(edges.values().all(|n| *n == 0), "every edge is passed once each way");
    }
}
