//! Which marker is under the pointer: only rows near the ray are projected.

mod projector;
#[cfg(test)]
mod tests;

use bevy::math::{Vec2, Vec3};
use guanlan_stage::camera::rig::FOV_DEG;
use guanlan_stage::frame::to_scene;
use guanlan_stage::{CameraRig, MapLens};

use crate::crowd::{CellKey, Crowd, CrowdLayer, Ring};
use crate::grid::Grid;
use crate::pack;
use crate::scene::MarkerScene;
use projector::{Projector, Ray};

/// A marker under the pointer: the row of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerHit {
    /// Row of `MarkerScene::cases`.
    Case(usize),
    /// Row of `MarkerScene::units`.
    Unit(usize),
    /// Row of `MarkerScene::sensors`.
    Sensor(usize),
    /// A share ring: open it with [`Crowd::toggle`].
    Ring(CrowdLayer, CellKey),
}

/// Farthest from the pointer that still counts, px at 1080 lines.
pub const REACH_PX: f32 = 14.0;

/// Radius of a share ring on the screen, px at 1080 lines, when its cell is this many px wide. As in the shader.
#[must_use]
pub fn ring_radius_px(total: u32, cell_px: f32) -> f32 {
    (13.0 + 3.6 * (total.max(1) as f32).log10()).min(cell_px * 0.46)
}

/// How much of a calm mark is left at a place `[east, north, height]` m: from the street far ones would stand in a row on
/// the horizon. As in the shader.
#[must_use]
pub fn left_of(eye: Vec3, place: [f32; 3]) -> f32 {
    let away = eye - to_scene(place[0], place[1], place[2]);
    let far = away.length();
    let steep = away.y.abs() / far.max(1.0);
    let smooth = |low: f32, high: f32, x: f32| {
        let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    };
    1.0 + (smooth(0.006, 0.03, steep) - 1.0) * smooth(150.0, 400.0, far)
}

/// Less than this left is not drawn.
const LEFT: f32 = 0.25;

/// The marker nearest to a pixel (physical) within reach. Cases win over crews, crews over sensors, warning
/// sensors over quiet ones, when they are equally near; a ring wins where no mark is.
#[must_use]
pub fn pick_marker(scene: &MarkerScene, rig: &CameraRig, lens: &MapLens, cursor_px: Vec2) -> Option<MarkerHit> {
    let unit_px = (lens.lens.size_px.min_element() / 1080.0).max(0.75);
    let reach = REACH_PX * unit_px;
    let projector = Projector::new(rig, lens);
    let mut best: Option<(f32, MarkerHit)> = None;
    let mut offer = |pos: [f32; 3], bonus: f32, hit: MarkerHit| {
        if let Some((px, _)) = projector.see(pos) {
            let distance = px.distance(cursor_px);
            let score = distance - bonus * reach;
            if distance <= reach * (1.0 + 0.3 * bonus) && best.is_none_or(|(b, _)| score < b) {
                best = Some((score, hit));
            }
        }
    };
    let ray = Ray::new(rig, lens, cursor_px, reach * 1.3);
    if scene.show.cases > 0.0 {
        let cases = &scene.cases;
        let rows = cases.place.rows();
        let heads = rows.iter().map(|p| [p[0], p[1], p[2] + p[3]]);
        let grid = cases.grid.get(cases.place.generation(), || Grid::new(cases.place.generation(), heads));
        let crowd = &scene.crowds.cases;
        ray.near(&grid, |i| {
            let p = rows[i];
            if crowd.shows([p[0], p[1]]) || pack::case_selected(cases.state.rows()[i]) {
                offer([p[0], p[1], p[2] + p[3]], 0.9, MarkerHit::Case(i));
            }
        });
    }
    if scene.show.units > 0.0 {
        let motion = &scene.units.motion;
        let generation = motion.generation();
        let grid = scene.units.grid.get(generation, || Grid::gliding(generation, motion.rows(), scene.now_ms));
        ray.near(&grid, |i| {
            let p = motion.rows()[i].at(scene.now_ms);
            let state = scene.units.state.rows().get(i).copied().unwrap_or_default();
            let there = !pack::unit_calm(state) || left_of(ray.origin, p) >= LEFT;
            if there && scene.crowds.units.shows([p[0], p[1]]) {
                offer(p, 0.5, MarkerHit::Unit(i));
            }
        });
    }
    if scene.show.sensors > 0.0 {
        let sensors = &scene.sensors;
        let rows = sensors.place.rows();
        let generation = sensors.place.generation();
        let grid = sensors.grid.get(generation, || Grid::new(generation, rows.iter().copied()));
        let crowd = &scene.crowds.sensors;
        ray.near(&grid, |i| {
            let state = sensors.state.rows().get(i).copied().unwrap_or_default();
            let selected = pack::sensor_selected(state);
            let calm = !selected && pack::sensor_level(state) == 0;
            let there = !calm || left_of(ray.origin, rows[i]) >= LEFT;
            let shown = there && (crowd.shows([rows[i][0], rows[i][1]]) || selected);
            if shown && state & pack::HIDDEN == 0 {
                offer(rows[i], if pack::sensor_level(state) == 0 { 0.0 } else { 0.3 }, MarkerHit::Sensor(i));
            }
        });
    }
    best.map(|(_, hit)| hit).or_else(|| ring(scene, &projector, cursor_px, unit_px))
}

/// The ring under a pixel: cases over crews over sensors, as they are drawn.
fn ring(scene: &MarkerScene, projector: &Projector, cursor_px: Vec2, unit_px: f32) -> Option<MarkerHit> {
    let layers: [(CrowdLayer, &Crowd, f32); 3] = [
        (CrowdLayer::Cases, &scene.crowds.cases, scene.show.cases),
        (CrowdLayer::Units, &scene.crowds.units, scene.show.units),
        (CrowdLayer::Sensors, &scene.crowds.sensors, scene.show.sensors),
    ];
    let focal_px = projector.size_px.y * 0.5 / (FOV_DEG.to_radians() * 0.5).tan();
    let under = |r: &Ring, aside: [f32; 2]| {
        projector.see(r.place).is_some_and(|(px, depth)| {
            let cell_px = r.cell_m * focal_px / depth / unit_px;
            let radius = ring_radius_px(r.total(), cell_px) * unit_px;
            (px + Vec2::new(aside[0], -aside[1]) * radius).distance(cursor_px) <= radius
        })
    };
    layers.iter().filter(|(_, _, strength)| *strength > 0.0).find_map(|(layer, crowd, _)| {
        let aside = scene.crowds.aside(*layer);
        crowd.rings.iter().find(|r| under(r, aside)).map(|r| MarkerHit::Ring(*layer, r.key))
    })
}
