//! What is under the pointer: buildings by their footprints, the ground by marching along the ray.

use bevy::math::Vec3;
use bevy::prelude::*;
use guanlan_city::City;

use crate::frame::to_city;
use crate::ground::heights::Ground;
use crate::ground::raster::contains;
use crate::look::{Look, NOTHING};
use crate::redraw::Redraw;

/// What a click met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PickTarget {
    /// Only the ground.
    #[default]
    Ground,
    /// A building: its index in `City::buildings`.
    Building(u32),
    /// The sky.
    Nothing,
}

/// A click on the map that no panel took.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct Picked {
    /// What was met. Markers are asked separately with `cursor_px`, they lie above the scene.
    pub what: PickTarget,
    /// Where the ray met the ground or the building, local m.
    pub ground_m: [f64; 2],
    /// Height of that place above the datum, m.
    pub height_m: f32,
    /// Where the pointer was, physical px.
    pub cursor_px: Vec2,
    /// True for the second click of a double click.
    pub double: bool,
}

/// What is highlighted: set it to mark a building.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Highlight {
    /// Selected building.
    pub selected: Option<u32>,
    /// Building under the pointer.
    pub hovered: Option<u32>,
}

/// Shows the highlight through the materials.
pub(crate) fn show_highlight(highlight: Res<Highlight>, mut look: ResMut<Look>, mut redraw: ResMut<Redraw>) {
    if highlight.is_changed() {
        let (selected, hovered) = (highlight.selected.unwrap_or(NOTHING), highlight.hovered.unwrap_or(NOTHING));
        if (look.selected, look.hovered) != (selected, hovered) {
            look.selected = selected;
            look.hovered = hovered;
            redraw.scene();
        }
    }
}

const CELL_M: f32 = 60.0;

#[derive(Clone, Debug)]
struct Prism {
    building: u32,
    ring: Vec<[f32; 2]>,
    low_m: f32,
    high_m: f32,
}

/// Footprints by cell, for picking.
#[derive(Resource, Clone, Debug, Default)]
pub struct BuildingIndex {
    west_m: f32,
    south_m: f32,
    cols: usize,
    rows: usize,
    prisms: Vec<Prism>,
    cells: Vec<Vec<u32>>,
    highest_m: f32,
}

impl BuildingIndex {
    /// Indexes a city.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let mut prisms = Vec::new();
        let mut bounds = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        let mut highest_m = f32::MIN;
        for (number, building) in city.buildings.iter().enumerate() {
            for part in &building.parts {
                let (ring, low_m, high_m) = if part.footprint.len() >= 3 {
                    (part.footprint.clone(), part.base_m, part.top_m.max(part.eaves_m))
                } else if let Some(boxed) = mesh_box(&part.mesh) {
                    boxed
                } else {
                    continue;
                };
                for p in &ring {
                    bounds = [bounds[0].min(p[0]), bounds[1].min(p[1]), bounds[2].max(p[0]), bounds[3].max(p[1])];
                }
                highest_m = highest_m.max(high_m);
                prisms.push(Prism { building: number as u32, ring, low_m, high_m });
            }
        }
        if prisms.is_empty() {
            return Self::default();
        }
        let cols = ((bounds[2] - bounds[0]) / CELL_M) as usize + 1;
        let rows = ((bounds[3] - bounds[1]) / CELL_M) as usize + 1;
        let mut index = Self {
            west_m: bounds[0],
            south_m: bounds[1],
            cols,
            rows,
            prisms,
            cells: vec![Vec::new(); cols * rows],
            highest_m,
        };
        for k in 0..index.prisms.len() {
            let ring = &index.prisms[k].ring;
            let fold = |f: fn(f32, f32) -> f32, axis: usize, from: f32| ring.iter().fold(from, |m, p| f(m, p[axis]));
            let (c0, r0) = index.cell(fold(f32::min, 0, f32::MAX), fold(f32::min, 1, f32::MAX));
            let (c1, r1) = index.cell(fold(f32::max, 0, f32::MIN), fold(f32::max, 1, f32::MIN));
            for r in r0..=r1 {
                for c in c0..=c1 {
                    index.cells[r * cols + c].push(k as u32);
                }
            }
        }
        index
    }

    fn cell(&self, east: f32, north: f32) -> (usize, usize) {
        let c = ((east - self.west_m) / CELL_M).max(0.0) as usize;
        let r = ((north - self.south_m) / CELL_M).max(0.0) as usize;
        (c.min(self.cols.saturating_sub(1)), r.min(self.rows.saturating_sub(1)))
    }

    /// The building whose footprint holds a place.
    #[must_use]
    pub fn at(&self, east_m: f32, north_m: f32) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let (c, r) = self.cell(east_m, north_m);
        self.cells[r * self.cols + c]
            .iter()
            .map(|&k| &self.prisms[k as usize])
            .find(|p| contains(&p.ring, [east_m, north_m]))
            .map(|p| p.building)
    }

    /// The nearest building a ray meets before `t_max`: its index and the distance, m.
    #[must_use]
    pub fn cast(&self, origin: Vec3, direction: Vec3, t_max: f32) -> Option<(u32, f32)> {
        if self.cells.is_empty() {
            return None;
        }
        // Begin where the ray comes below the highest roof.
        let start = if origin.y > self.highest_m && direction.y < -1e-6 {
            (self.highest_m - origin.y) / direction.y
        } else {
            0.0
        };
        let mut best: Option<(u32, f32)> = None;
        let mut tested: Vec<u32> = Vec::new();
        let mut t = start;
        while t <= t_max {
            let p = to_city(origin + direction * t);
            let c = (p[0] - self.west_m) / CELL_M;
            let r = (p[1] - self.south_m) / CELL_M;
            if c >= -1.0 && r >= -1.0 && c <= self.cols as f32 + 1.0 && r <= self.rows as f32 + 1.0 {
                let (col, row) = self.cell(p[0], p[1]);
                for &k in &self.cells[row * self.cols + col] {
                    if !tested.contains(&k) {
                        tested.push(k);
                        let prism = &self.prisms[k as usize];
                        if let Some(hit) = meet(prism, origin, direction)
                            && hit <= t_max
                            && best.is_none_or(|(_, b)| hit < b)
                        {
                            best = Some((prism.building, hit));
                        }
                    }
                }
            }
            if best.is_some_and(|(_, b)| b < t - CELL_M) {
                break;
            }
            t += CELL_M * 0.45;
        }
        best
    }
}

fn mesh_box(mesh: &[[f32; 3]]) -> Option<(Vec<[f32; 2]>, f32, f32)> {
    let first = mesh.first()?;
    let (mut low, mut high) = (*first, *first);
    for p in mesh {
        for k in 0..3 {
            low[k] = low[k].min(p[k]);
            high[k] = high[k].max(p[k]);
        }
    }
    let ring = vec![[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]];
    Some((ring, low[2], high[2]))
}

/// Distance at which a ray meets a prism.
fn meet(prism: &Prism, origin: Vec3, direction: Vec3) -> Option<f32> {
    let mut best: Option<f32> = None;
    let mut offer = |t: f32| {
        if t >= 0.0 && best.is_none_or(|b| t < b) {
            best = Some(t);
        }
    };
    if direction.y.abs() > 1e-9 {
        let t = (prism.high_m - origin.y) / direction.y;
        let p = to_city(origin + direction * t);
        if contains(&prism.ring, [p[0], p[1]]) {
            offer(t);
        }
    }
    let [ox, oy, _] = to_city(origin);
    let [dx, dy, _] = to_city(direction);
    for i in 0..prism.ring.len() {
        let (a, b) = (prism.ring[i], prism.ring[(i + 1) % prism.ring.len()]);
        let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
        let cross = dx * ey - dy * ex;
        if cross.abs() < 1e-9 {
            continue;
        }
        let (ax, ay) = (a[0] - ox, a[1] - oy);
        let t = (ax * ey - ay * ex) / cross;
        let s = (ax * dy - ay * dx) / cross;
        let z = origin.y + direction.y * t;
        if (0.0..=1.0).contains(&s) && z >= prism.low_m && z <= prism.high_m {
            offer(t);
        }
    }
    best
}

/// Distance at which a ray meets the ground, m.
#[must_use]
pub fn meet_ground(ground: &Ground, origin: Vec3, direction: Vec3) -> Option<f32> {
    let above = |t: f32| {
        let p = origin + direction * t;
        p.y - ground.height_m(p.x, -p.z)
    };
    let (mut t, mut last) = (0.0f32, 0.0f32);
    if origin.y > ground.range_m.1 + 1.0 {
        if direction.y >= 0.0 {
            return None;
        }
        t = (ground.range_m.1 + 1.0 - origin.y) / direction.y;
        last = t;
    }
    while t < 40_000.0 {
        if above(t) <= 0.0 {
            let (mut low, mut high) = (last, t);
            for _ in 0..24 {
                let mid = (low + high) * 0.5;
                if above(mid) > 0.0 { low = mid } else { high = mid }
            }
            return Some(high);
        }
        last = t;
        t += (above(t) * 0.5).clamp(1.5, 60.0);
    }
    None
}

/// What a ray meets first: target, place and height.
#[must_use]
pub fn cast(
    ground: &Ground,
    buildings: &BuildingIndex,
    origin: Vec3,
    direction: Vec3,
) -> (PickTarget, Option<[f32; 3]>) {
    let ground_t = meet_ground(ground, origin, direction);
    let limit = ground_t.unwrap_or(20_000.0) + 1.0;
    if let Some((building, t)) = buildings.cast(origin, direction, limit) {
        return (PickTarget::Building(building), Some(to_city(origin + direction * t)));
    }
    match ground_t {
        Some(t) => (PickTarget::Ground, Some(to_city(origin + direction * t))),
        None => (PickTarget::Nothing, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{CameraPose, Lens};
    use crate::frame::to_scene;
    use guanlan_city::model::{Building, BuildingPart};
    use std::sync::Arc;

    fn town() -> Arc<City> {
        let mut city = City { extent: [-500.0, -500.0, 500.0, 500.0], ..Default::default() };
        for i in 0..10 {
            let e = i as f32 * 80.0 - 400.0;
            city.buildings.push(Building {
                parts: vec![BuildingPart {
                    footprint: vec![[e, 0.0], [e + 30.0, 0.0], [e + 30.0, 20.0], [e, 20.0]],
                    base_m: 0.0,
                    eaves_m: 24.0,
                    top_m: 24.0,
                    ..Default::default()
                }],
                ..Default::default()
            });
        }
        Arc::new(city)
    }

    #[test]
    fn a_click_on_a_roof_or_wall_finds_the_building() {
        let city = town();
        let (ground, index) = (Ground::new(&city), BuildingIndex::new(&city));
        let lens = Lens::plain(Vec2::new(1280.0, 720.0));
        let pose = CameraPose { distance_m: 900.0, pitch_deg: 35.0, yaw_deg: 10.0, ..Default::default() };
        for i in 0..10u32 {
            let e = i as f32 * 80.0 - 400.0 + 15.0;
            for place in [to_scene(e, 10.0, 24.0), to_scene(e, 0.0, 12.0)] {
                let px = lens.project(&pose, place).unwrap();
                let (origin, direction) = lens.ray(&pose, px);
                let (what, at) = cast(&ground, &index, origin, direction);
                assert_eq!(what, PickTarget::Building(i));
                assert!((at.unwrap()[0] - e).abs() < 1.0);
            }
        }
    }

    #[test]
    fn between_the_buildings_is_ground_and_above_is_nothing() {
        let city = town();
        let (ground, index) = (Ground::new(&city), BuildingIndex::new(&city));
        let pose = CameraPose { distance_m: 900.0, pitch_deg: 60.0, ..Default::default() };
        let lens = Lens::plain(Vec2::new(1280.0, 720.0));
        let px = lens.project(&pose, to_scene(-345.0, -60.0, 0.0)).unwrap();
        let (origin, direction) = lens.ray(&pose, px);
        let (what, at) = cast(&ground, &index, origin, direction);
        assert_eq!(what, PickTarget::Ground);
        let at = at.unwrap();
        assert!((at[0] + 345.0).abs() < 1.0 && (at[1] + 60.0).abs() < 1.0, "{at:?}");
        assert_eq!(cast(&ground, &index, origin, Vec3::Y).0, PickTarget::Nothing);
        assert_eq!(index.at(-395.0, 10.0), Some(0));
        assert_eq!(index.at(-360.0, 10.0), None);
    }
}
