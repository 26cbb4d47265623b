//! From names to places on the screen they would like: projected, culled, with the room their words need.

use bevy::math::{Mat4, Vec4};
use egui::{Pos2, Rect, Vec2, pos2, vec2};
use guanlan_stage::{CameraRig, MapLens};

use super::names::{Name, NamedRoad};
use super::place::Obb;

/// City places → points of egui, the matrix made once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eye {
    clip_from_scene: Mat4,
    size_px: bevy::math::Vec2,
    points_per_pixel: f32,
    /// Distance of the camera from what it looks at, m.
    pub distance_m: f32,
    /// A person stands on the street: only what is near has a name.
    pub standing: bool,
}

/// A person on the street reads names up to here, m.
const STREET_M: f32 = 350.0;

impl Eye {
    /// The eye of a rig behind a lens, with so many pixels for a point.
    #[must_use]
    pub fn new(rig: &CameraRig, lens: &MapLens, pixels_per_point: f32) -> Self {
        let view = rig.pose.transform().to_matrix().inverse();
        Self {
            clip_from_scene: lens.lens.clip_from_view() * view,
            size_px: lens.lens.size_px,
            points_per_pixel: 1.0 / pixels_per_point.max(1e-3),
            distance_m: rig.pose.distance_m,
            standing: rig.pose.is_standing(),
        }
    }

    /// Where a place is seen; `None` behind the eye.
    #[must_use]
    pub fn seen(&self, place: [f32; 3]) -> Option<Pos2> {
        self.project(place).map(|p| p.0)
    }

    /// Where a place no further than this is seen, m; a person on the street sees less far.
    #[must_use]
    pub fn seen_within(&self, place: [f32; 3], far_m: f32) -> Option<Pos2> {
        let far_m = if self.standing { far_m.min(STREET_M) } else { far_m };
        self.project(place).filter(|p| p.1 <= far_m).map(|p| p.0)
    }

    /// Point and depth, m.
    fn project(&self, place: [f32; 3]) -> Option<(Pos2, f32)> {
        let scene = guanlan_stage::frame::to_scene(place[0], place[1], place[2]);
        let clip: Vec4 = self.clip_from_scene * scene.extend(1.0);
        (clip.w > 1.0).then(|| {
            let x = (clip.x / clip.w * 0.5 + 0.5) * self.size_px.x;
            let y = (0.5 - clip.y / clip.w * 0.5) * self.size_px.y;
            (pos2(x * self.points_per_pixel, y * self.points_per_pixel), clip.w)
        })
    }
}

/// Seen at this distance, with some slack for one that is shown already.
fn in_range(distance_m: f32, near_m: f32, far_m: f32, shown: bool) -> bool {
    let slack = if shown { 1.08 } else { 0.97 };
    distance_m <= far_m * slack && distance_m >= near_m / slack
}

/// Where a name at a place would be, if it is seen at all.
#[must_use]
pub fn of_name(eye: &Eye, name: &Name, shown: bool, always: bool, map: Rect) -> Option<Pos2> {
    if !always && !in_range(eye.distance_m, name.near_m, name.far_m, shown) {
        return None;
    }
    // Towards the horizon names would pile up: each is read from about its own distance only.
    eye.seen_within(name.place, name.far_m * 1.5).filter(|p| map.contains(*p))
}

/// Names of one road are at least this far apart, points.
const ROAD_APART: f32 = 440.0;
/// Places along a road that are tried.
const ROAD_SPOTS: usize = 24;

/// Places along a road where words of this size follow the line: middle and turn.
#[must_use]
pub fn along_road(eye: &Eye, road: &NamedRoad, size: Vec2, shown: bool, map: Rect) -> Vec<Obb> {
    if !in_range(eye.distance_m, 0.0, road.far_m, shown) || road.line.len() < 2 {
        return Vec::new();
    }
    let mut spots: Vec<Obb> = Vec::new();
    let step = (road.line.len() / ROAD_SPOTS).max(1);
    let room = map.shrink(size.y);
    for k in (0..road.line.len()).skip(step / 2).step_by(step) {
        let Some(at) = eye.seen_within(road.line[k], road.far_m * 1.5).filter(|p| room.contains(*p)) else { continue };
        if spots.iter().any(|s| s.centre.distance(at) < ROAD_APART) {
            continue;
        }
        spots.extend(fit(eye, &road.line, k, at, size));
    }
    spots
}

/// The box of words around point `k` of a line, where the line is long and straight enough for them.
fn fit(eye: &Eye, line: &[[f32; 3]], k: usize, at: Pos2, size: Vec2) -> Option<Obb> {
    let half = size.x * 0.5 + 4.0;
    let walk = |points: &mut dyn Iterator<Item = &[f32; 3]>| {
        let mut last = at;
        let mut run = 0.0;
        let mut passed = Vec::new();
        for p in points {
            let p = eye.seen(*p)?;
            run += last.distance(p);
            last = p;
            passed.push(p);
            if run >= half {
                return Some((last, passed));
            }
        }
        None
    };
    let (b, after) = walk(&mut line[k + 1..].iter())?;
    let (a, before) = walk(&mut line[..k].iter().rev())?;
    let d = b - a;
    let length = d.length();
    if length < size.x {
        return None;
    }
    let normal = vec2(-d.y, d.x) / length;
    let off = |p: &Pos2| (*p - a).dot(normal).abs();
    if before.iter().chain(&after).chain([&at]).any(|p| off(p) > size.y * 0.5) {
        return None;
    }
    let mut angle = d.y.atan2(d.x);
    if angle > std::f32::consts::FRAC_PI_2 {
        angle -= std::f32::consts::PI;
    } else if angle < -std::f32::consts::FRAC_PI_2 {
        angle += std::f32::consts::PI;
    }
    Some(Obb { centre: at, half: size * 0.5, angle })
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::Bilingual;
    use guanlan_stage::CameraPose;

    fn eye() -> Eye {
        let pose = CameraPose { distance_m: 1000.0, pitch_deg: 80.0, ..CameraPose::default() };
        Eye::new(&CameraRig { pose, home: pose }, &MapLens::default(), 1.0)
    }

    fn map() -> Rect {
        Rect::from_min_size(pos2(0.0, 0.0), vec2(1280.0, 720.0))
    }

    fn road(line: Vec<[f32; 3]>) -> NamedRoad {
        NamedRoad { name: Bilingual::same("路"), line, far_m: 3000.0, rank: 1.0 }
    }

    #[test]
    fn far_names_are_not_read_and_on_the_street_even_fewer() {
        let near = [0.0, 0.0, 0.0];
        assert!(eye().seen_within(near, 1200.0).is_some() && eye().seen_within(near, 700.0).is_none());
        let street = Eye { standing: true, ..eye() };
        assert!(street.seen(near).is_some() && street.seen_within(near, 1200.0).is_none());
    }

    #[test]
    fn words_lie_along_a_straight_road_and_not_on_a_bend() {
        let straight = road((-20..=20).map(|k| [k as f32 * 25.0, k as f32 * 12.0, 0.0]).collect());
        let spots = along_road(&eye(), &straight, vec2(90.0, 16.0), false, map());
        assert!(!spots.is_empty());
        let (p, q) = (eye().seen(straight.line[5]).unwrap(), eye().seen(straight.line[35]).unwrap());
        let slope = (q.y - p.y).atan2(q.x - p.x);
        assert!(spots.iter().all(|s| (s.angle - slope).abs() < 0.15), "{spots:?} {slope}");
        let apart = spots.windows(2).all(|w| w[0].centre.distance(w[1].centre) >= ROAD_APART);
        assert!(apart);
        let bent = road((-20..=20).map(|k: i32| [k as f32 * 25.0, if k % 2 == 0 { 0.0 } else { 60.0 }, 0.0]).collect());
        assert!(along_road(&eye(), &bent, vec2(90.0, 16.0), false, map()).is_empty());
        let short = road(vec![[0.0, 0.0, 0.0], [25.0, 0.0, 0.0]]);
        assert!(along_road(&eye(), &short, vec2(90.0, 16.0), false, map()).is_empty());
    }

    #[test]
    fn the_eye_sees_what_the_stage_projects() {
        let rig = CameraRig { pose: CameraPose { yaw_deg: 33.0, ..CameraPose::default() }, ..CameraRig::default() };
        let lens = MapLens::default();
        for place in [[0.0, 0.0, 0.0], [500.0, -200.0, 30.0], [-900.0, 700.0, 5.0]] {
            let theirs = guanlan_stage::screen::project(&lens, &rig, place).unwrap();
            let ours = Eye::new(&rig, &lens, 2.0).seen(place).unwrap();
            assert!((theirs.x / 2.0 - ours.x).abs() < 0.05 && (theirs.y / 2.0 - ours.y).abs() < 0.05);
        }
    }
}
