//! Which marker is under the pointer: columns projected on the CPU.

use bevy::math::Vec2;
use guanlan_stage::CameraRig;
use guanlan_stage::MapLens;
use guanlan_stage::screen::project;

use crate::scene::{LevelMark, MarkerScene};

/// A marker under the pointer: the row of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerHit {
    /// Row of `MarkerScene::cases`.
    Case(usize),
    /// Row of `MarkerScene::units`.
    Unit(usize),
    /// Row of `MarkerScene::sensors`.
    Sensor(usize),
}

/// Farthest from the pointer that still counts, px at 1080 lines.
pub const REACH_PX: f32 = 14.0;

/// The marker nearest to a pixel (physical) within reach. Cases win over crews, crews over
/// sensors, warning sensors over quiet ones, when they are equally near.
#[must_use]
pub fn pick_marker(scene: &MarkerScene, rig: &CameraRig, lens: &MapLens, cursor_px: Vec2) -> Option<MarkerHit> {
    let reach = REACH_PX * (lens.lens.size_px.y / 1080.0).max(0.75);
    let mut best: Option<(f32, MarkerHit)> = None;
    let mut offer = |pos: [f32; 3], bonus: f32, hit: MarkerHit| {
        if let Some(px) = project(lens, rig, pos) {
            let distance = px.distance(cursor_px);
            let score = distance - bonus * reach;
            if distance <= reach * (1.0 + 0.3 * bonus) && best.is_none_or(|(b, _)| score < b) {
                best = Some((score, hit));
            }
        }
    };
    for (i, c) in scene.cases.rows.iter().enumerate() {
        offer([c.pos[0], c.pos[1], c.pos[2] + c.stem_m], 0.9, MarkerHit::Case(i));
    }
    for (i, u) in scene.units.rows.iter().enumerate() {
        offer(u.pos, 0.5, MarkerHit::Unit(i));
    }
    for (i, s) in scene.sensors.rows.iter().enumerate() {
        offer(s.pos, if s.level == LevelMark::Normal { 0.0 } else { 0.3 }, MarkerHit::Sensor(i));
    }
    best.map(|(_, hit)| hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{CaseMark, SensorMark, UnitMark};

    #[test]
    fn the_pin_wins_over_what_lies_below_it() {
        let mut scene = MarkerScene::default();
        scene.sensors.set(vec![SensorMark::default(), SensorMark { pos: [300.0, 0.0, 0.0], ..Default::default() }]);
        scene.cases.set(vec![CaseMark::default()]);
        scene.units.set(vec![UnitMark { pos: [-300.0, 0.0, 0.0], ..Default::default() }]);
        let (rig, lens) = (CameraRig::default(), MapLens::default());
        let at = |p| project(&lens, &rig, p).unwrap();
        assert_eq!(pick_marker(&scene, &rig, &lens, at([0.0; 3])), Some(MarkerHit::Case(0)));
        assert_eq!(pick_marker(&scene, &rig, &lens, at([300.0, 0.0, 0.0])), Some(MarkerHit::Sensor(1)));
        assert_eq!(pick_marker(&scene, &rig, &lens, at([-300.0, 0.0, 0.0])), Some(MarkerHit::Unit(0)));
        assert_eq!(pick_marker(&scene, &rig, &lens, Vec2::new(3.0, 3.0)), None);
    }
}
