//! What lies under the pointer: the thing that a hover tells about and a click pins.

use std::sync::Arc;

use bevy::math::Vec2;
use egui::Pos2;
use guanlan_city::City;
use guanlan_core::{CaseId, SensorId, UnitId};
use guanlan_markers::{MarkerHit, MarkerScene, pick_marker};
use guanlan_room::Picture;
use guanlan_stage::frame::to_scene;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState, areas::holds, user::Geometry};
use guanlan_stage::pick::{BuildingIndex, PickTarget, cast};
use guanlan_stage::{CameraRig, Ground, MapLens, Thing, TileLayers};

use crate::{glue::MarkerIds, labels::wants::Eye};

/// A thing of the city or of the room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A case.
    Case(CaseId),
    /// A crew.
    Unit(UnitId),
    /// A sensor.
    Sensor(SensorId),
    /// A camera.
    Camera(String),
    /// A feature of a user's layer: its layer and number.
    Feature(String, usize),
    /// A building.
    Building(u32),
    /// A feature of 3D Tiles.
    Thing(Arc<Thing>),
    /// A stretch of road.
    Road(u32),
    /// An area.
    Area(u32),
    /// A place on the ground, local dm.
    Place([i32; 2]),
}

/// Stretches of roads by place.
#[derive(bevy::prelude::Resource, Clone, Debug, Default)]
pub struct RoadIndex {
    cells: std::collections::HashMap<(i32, i32), Vec<(u32, u32)>>,
}

/// Side of a cell, m.
const CELL_M: f32 = 80.0;

impl RoadIndex {
    /// Indexes the roads of a city.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let mut index = Self::default();
        let cell = |v: f32| (v / CELL_M).floor() as i32;
        for (road, number) in city.roads.iter().zip(0_u32..) {
            for (w, segment) in road.line.windows(2).zip(0_u32..) {
                let (low, high) =
                    ([w[0][0].min(w[1][0]), w[0][1].min(w[1][1])], [w[0][0].max(w[1][0]), w[0][1].max(w[1][1])]);
                for r in cell(low[1])..=cell(high[1]) {
                    for c in cell(low[0])..=cell(high[0]) {
                        index.cells.entry((c, r)).or_default().push((number, segment));
                    }
                }
            }
        }
        index
    }

    /// The nearest road within a distance: its number, the nearest point of it and the direction there.
    #[must_use]
    pub fn nearest(&self, city: &City, at: [f32; 2], within_m: f32) -> Option<(u32, [f32; 2], [f32; 2])> {
        let cell = |v: f32| (v / CELL_M).floor() as i32;
        let mut best: Option<(f32, (u32, [f32; 2], [f32; 2]))> = None;
        for r in cell(at[1] - within_m)..=cell(at[1] + within_m) {
            for c in cell(at[0] - within_m)..=cell(at[0] + within_m) {
                for &(road, segment) in self.cells.get(&(c, r)).into_iter().flatten() {
                    let line = &city.roads.get(road as usize)?.line;
                    let (a, b) = (line[segment as usize], line[segment as usize + 1]);
                    let d = [b[0] - a[0], b[1] - a[1]];
                    let length = d[0] * d[0] + d[1] * d[1];
                    let t = if length > 0.0 {
                        (((at[0] - a[0]) * d[0] + (at[1] - a[1]) * d[1]) / length).clamp(0.0, 1.0)
                    } else {
                        0.0
                    };
                    let p = [a[0] + d[0] * t, a[1] + d[1] * t];
                    let off = (p[0] - at[0]).hypot(p[1] - at[1]);
                    if off <= within_m && best.is_none_or(|b| off < b.0) {
                        best = Some((off, (road, p, d)));
                    }
                }
            }
        }
        best.map(|b| b.1)
    }
}

/// Everything a look under the pointer needs.
pub struct Sight<'a> {
    /// The picture shown.
    pub picture: &'a Picture,
    /// Marks on the map.
    pub scene: &'a MarkerScene,
    /// What they are.
    pub ids: &'a MarkerIds,
    /// The camera.
    pub rig: &'a CameraRig,
    /// The lens.
    pub lens: &'a MapLens,
    /// The ground.
    pub ground: &'a Ground,
    /// Buildings.
    pub buildings: &'a BuildingIndex,
    /// Roads.
    pub roads: &'a RoadIndex,
    /// Layers.
    pub layers: &'a LayerState,
    /// Cameras.
    pub cameras: &'a Cameras,
    /// Areas.
    pub areas: &'a AreaTree,
    /// Tilesets, where the city has some.
    pub tiles: Option<&'a TileLayers>,
    /// The eye, in points.
    pub eye: Eye,
    /// Pixels for a point.
    pub ppp: f32,
}

/// Marks of cameras and points are hit within this distance, points.
const REACH: f32 = 12.0;
/// Cameras are drawn and hit up to this distance, m.
pub const CAMERA_FAR_M: f32 = 1300.0;
/// Of a look over the town only the cameras in front are shown, m.
pub const CAMERA_DEPTH_M: f32 = 700.0;

impl Sight<'_> {
    /// What lies at a point of the screen. Marks win over buildings, buildings over roads, roads over areas.
    #[must_use]
    pub fn at(&self, at: Pos2) -> Option<Subject> {
        let px = Vec2::new(at.x * self.ppp, at.y * self.ppp);
        self.mark_at(px).or_else(|| self.camera_at(at)).or_else(|| self.point_at(at)).or_else(|| self.ground_at(px))
    }

    fn mark_at(&self, px: Vec2) -> Option<Subject> {
        Some(match pick_marker(self.scene, self.rig, self.lens, px)? {
            MarkerHit::Case(i) => Subject::Case(self.ids.cases.get(i)?.clone()),
            MarkerHit::Unit(i) => Subject::Unit(self.ids.units.get(i)?.clone()),
            MarkerHit::Sensor(i) => {
                let index = *self.ids.sensors.get(i)?;
                Subject::Sensor(self.picture.sensors.meta(index)?.id.clone())
            }
            // A ring is many.
            MarkerHit::Ring(..) => return None,
        })
    }

    /// The camera at a point of the screen.
    #[must_use]
    pub fn camera_at(&self, at: Pos2) -> Option<Subject> {
        if self.eye.distance_m > CAMERA_FAR_M || !self.layers.visible("cameras") {
            return None;
        }
        let near = self.cameras.rows.iter().filter_map(|c| {
            let [e, n] = c.place_m;
            let seen = self.eye.seen_within([e, n, self.ground.height_m(e, n) + c.height_m], CAMERA_DEPTH_M)?;
            let off = seen.distance(at);
            (off < REACH).then_some((off, c))
        });
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| Subject::Camera(c.id.clone()))
    }

    fn point_at(&self, at: Pos2) -> Option<Subject> {
        for (id, user) in &self.layers.user.0 {
            if !self.layers.visible(id) {
                continue;
            }
            let hit = user.features.iter().position(|f| match &f.geometry {
                Geometry::Point(p) => {
                    let z = self.ground.height_m(p[0], p[1]);
                    self.eye.seen([p[0], p[1], z]).is_some_and(|s| s.distance(at) < REACH)
                }
                _ => false,
            });
            if let Some(i) = hit {
                return Some(Subject::Feature(id.clone(), i));
            }
        }
        None
    }

    fn ground_at(&self, px: Vec2) -> Option<Subject> {
        let (origin, direction) = self.lens.lens.ray(&self.rig.pose, px);
        let (what, place) = cast(self.ground, self.buildings, origin, direction);
        if let Some(tiles) = self.tiles {
            let limit_m = place.map_or(f32::MAX, |p| origin.distance(to_scene(p[0], p[1], p[2])) + 0.5);
            if let Some(hit) = tiles.cast(origin, direction, limit_m) {
                return Some(Subject::Thing(Arc::new(hit.thing(origin, direction))));
            }
        }
        if let PickTarget::Building(b) = what
            && self.eye.distance_m < 2500.0
            && self.layers.visible("buildings")
        {
            return Some(Subject::Building(b));
        }
        let [e, n, _] = place?;
        // A finger's width on the screen, in metres there.
        let reach_m = (self.eye.distance_m * 0.008).clamp(6.0, 40.0);
        if self.eye.distance_m < 4000.0
            && let Some((road, ..)) = self.roads.nearest(&self.picture.city, [e, n], reach_m)
        {
            return Some(Subject::Road(road));
        }
        for (id, user) in self.layers.user.0.iter().rev().filter(|(id, _)| self.layers.visible(id)) {
            let inside = |g: &Geometry| match g {
                Geometry::Area(rings) => holds(&rings[0], [e, n]) && !rings[1..].iter().any(|hole| holds(hole, [e, n])),
                _ => false,
            };
            if let Some(i) = user.features.iter().position(|f| inside(&f.geometry)) {
                return Some(Subject::Feature(id.clone(), i));
            }
        }
        let deep = self.picture.water.field.as_ref().is_some_and(|f| f.depth_m(f64::from(e), f64::from(n)) > 0.04);
        let values = self.layers.user.0.values().filter_map(|u| u.field.as_ref());
        let valued = values.into_iter().any(|f| f.at(f64::from(e), f64::from(n)).is_some());
        if deep || valued || self.eye.distance_m < 2500.0 {
            return Some(Subject::Place([(e * 10.0) as i32, (n * 10.0) as i32]));
        }
        self.areas.deepest_at(e, n).map(Subject::Area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::Road;

    #[test]
    fn the_nearest_road_is_found_with_its_direction() {
        let line = |n: f32| Road { line: vec![[-500.0, n], [500.0, n]], ..Road::default() };
        let city = City { roads: vec![line(0.0), line(30.0)], ..City::default() };
        let index = RoadIndex::new(&city);
        let (road, at, along) = index.nearest(&city, [10.0, 22.0], 20.0).unwrap();
        assert_eq!((road, at), (1, [10.0, 30.0]));
        assert!(along[0] > 0.0 && along[1] == 0.0);
        assert!(index.nearest(&city, [10.0, 200.0], 20.0).is_none());
    }
}
