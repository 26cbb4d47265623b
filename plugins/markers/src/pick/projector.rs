//! World to screen, and the pointer's ray back into the world.

use bevy::math::{Mat4, Vec2, Vec3};
use guanlan_stage::camera::rig::{FOV_DEG, NEAR_M};
use guanlan_stage::frame::{to_city, to_scene};
use guanlan_stage::{CameraRig, MapLens};

use crate::grid::Grid;

/// World to screen, made once for many places.
pub(super) struct Projector {
    clip_from_world: Mat4,
    pub(super) size_px: Vec2,
}

impl Projector {
    pub(super) fn new(rig: &CameraRig, lens: &MapLens) -> Self {
        let view = rig.pose.transform().to_matrix().inverse();
        Self { clip_from_world: lens.lens.clip_from_view() * view, size_px: lens.lens.size_px }
    }

    /// Pixel and depth of a city place; `None` behind the eye.
    pub(super) fn see(&self, place: [f32; 3]) -> Option<(Vec2, f32)> {
        let clip = self.clip_from_world * to_scene(place[0], place[1], place[2]).extend(1.0);
        (clip.w > NEAR_M).then(|| {
            let ndc = clip.truncate().truncate() / clip.w;
            (Vec2::new((ndc.x * 0.5 + 0.5) * self.size_px.x, (0.5 - ndc.y * 0.5) * self.size_px.y), clip.w)
        })
    }
}

/// The pointer's ray with the reach around it.
pub(super) struct Ray {
    pub(super) origin: Vec3,
    direction: Vec3,
    /// Reach at one metre from the eye, m.
    spread: f32,
}

impl Ray {
    pub(super) fn new(rig: &CameraRig, lens: &MapLens, cursor_px: Vec2, reach_px: f32) -> Self {
        let (origin, direction) = lens.lens.ray(&rig.pose, cursor_px);
        let spread = reach_px * 2.0 * (FOV_DEG.to_radians() * 0.5).tan() / lens.lens.size_px.y.max(1.0);
        Self { origin, direction, spread }
    }

    /// Rows whose marks may lie within reach of the ray: those in the box between the points where it passes
    /// the highest and the lowest mark.
    pub(super) fn near(&self, grid: &Grid, mut offer: impl FnMut(usize)) {
        const FARTHEST_M: f32 = 60_000.0;
        // The rims of the reach sink faster and more slowly than its middle; what hardly sinks meets the lowest mark far away.
        let (sink, rim) = (-self.direction.y, self.spread * 1.5);
        let at = |height: f32, sink: f32| ((self.origin.y - height) / sink.max(1e-5)).clamp(0.0, FARTHEST_M);
        let [lowest, highest] = grid.range_m;
        let first = at(highest, sink + rim);
        let last = if self.origin.y > lowest { at(lowest, sink - rim) } else { FARTHEST_M };
        let place = |t: f32| to_city(self.origin + self.direction * t);
        let (a, b) = (place(first), place(last));
        let margin = last * self.spread * 1.5 + 1.0 + grid.slack_m;
        grid.near([a[0], a[1]], [b[0], b[1]], margin, |i| offer(i as usize));
    }
}
