//! The finer painting around the focus: made beside the frames, shown when it is ready.

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, futures::check_ready};

use super::GroundMaterial;
use super::heights::Ground;
use super::paint::{Canvas, Painting, paint};
use crate::camera::{CameraPose, CameraRig};
use crate::redraw::Redraw;
use crate::screen::{MapLens, PictureScale, StillTarget};
use crate::{StageSettings, camera::rig::FOV_DEG};

/// From farther away the painting of the whole city is fine enough, m.
const FAR_M: f32 = 2600.0;
/// Smallest and largest side, m.
const SIDE_M: (f32, f32) = (226.0, 3000.0);

/// What is painted around the focus and what is being painted.
#[derive(Resource, Default)]
pub(crate) struct NearPainting {
    shown: Option<Canvas>,
    coming: Option<(Canvas, Task<Painting>)>,
}

impl NearPainting {
    /// True when a painting is there and a pose is near enough to see it.
    pub fn serves(&self, pose: &CameraPose) -> bool {
        self.shown.is_some() && pose.distance_m <= FAR_M * 1.2
    }
}

/// The canvas for a pose; `None` from far away.
#[must_use]
pub fn canvas_for(pose: &CameraPose, height_px: f32) -> Option<Canvas> {
    if pose.distance_m > FAR_M {
        return None;
    }
    // Steps of √2, so that a slow zoom does not paint all the time.
    let wanted = (pose.distance_m * 1.7).clamp(SIDE_M.0, SIDE_M.1);
    let side_m = 2f32.powf((wanted.log2() * 2.0).ceil() / 2.0);
    // As fine as the picture at the focus; a person who stands there sees his feet.
    let px_m = 2.0 * pose.distance_m.max(120.0) * (FOV_DEG.to_radians() * 0.5).tan() / height_px.max(240.0);
    let side_px = (side_m / (px_m * 1.15)).clamp(1024.0, 3072.0) as usize;
    let side_px = side_px.div_ceil(512) * 512;
    // Places on a raster: small pans stay on the same canvas.
    let snap = side_m * 0.125;
    let place = [0, 1].map(|k| (pose.focus[k] / snap).round() * snap);
    Some(Canvas::around(place, side_m, side_px))
}

/// True while a canvas still serves a pose: the focus is well inside and the scale is about right.
fn serves(canvas: &Canvas, pose: &CameraPose, wanted: &Canvas) -> bool {
    let side = canvas.cols as f32 * canvas.texel_m;
    let middle = [canvas.west_m + side * 0.5, canvas.north_m - side * 0.5];
    let off = (pose.focus[0] - middle[0]).abs().max((pose.focus[1] - middle[1]).abs());
    let scale = canvas.texel_m / wanted.texel_m;
    off < side * 0.17 && (0.6..1.5).contains(&scale)
}

/// Paints around the focus when it has moved on. A still waits for its painting, a window does not.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn follow_focus(
    rig: Res<CameraRig>,
    (lens, scale): (Res<MapLens>, Option<Res<PictureScale>>),
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    still: Option<Res<StillTarget>>,
    mut near: ResMut<NearPainting>,
    mut grounds: ResMut<Assets<GroundMaterial>>,
    mut images: ResMut<Assets<Image>>,
    mut redraw: ResMut<Redraw>,
) {
    let mut ready: Option<(Canvas, Painting)> = None;
    if let Some((canvas, mut task)) = near.coming.take() {
        match check_ready(&mut task) {
            Some(painting) => ready = Some((canvas, painting)),
            None => near.coming = Some((canvas, task)),
        }
    }
    // As fine as the 3D picture, which may be smaller than the window.
    let wanted = canvas_for(&rig.pose, lens.lens.size_px.y * scale.map_or(1.0, |s| s.0));
    let shown = ready.as_ref().map(|r| r.0).or(near.shown);
    if let Some(wanted) = wanted
        && near.coming.is_none()
        && !shown.is_some_and(|c| serves(&c, &rig.pose, &wanted))
    {
        if still.is_some() {
            ready = Some((wanted, paint(&settings.city, &ground, &wanted)));
        } else {
            let (city, ground) = (settings.city.clone(), ground.clone());
            let task = AsyncComputeTaskPool::get().spawn(async move { paint(&city, &ground, &wanted) });
            near.coming = Some((wanted, task));
        }
    }
    let Some((canvas, painting)) = ready else { return };
    near.shown = Some(canvas);
    let ids: Vec<_> = grounds.ids().collect();
    let mut painting = Some(painting);
    for id in ids {
        if let (Some(mut material), Some(painting)) = (grounds.get_mut(id), painting.take()) {
            material.set_near(painting, &mut images);
        }
    }
    redraw.scene();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_near_painting_is_as_fine_as_the_picture() {
        for distance_m in [60.0, 260.0, 620.0, 1300.0, 2500.0] {
            let pose = CameraPose { distance_m, ..Default::default() };
            let canvas = canvas_for(&pose, 1080.0).unwrap();
            let px_m = 2.0 * distance_m * 0.344_3 / 1080.0;
            assert!(canvas.texel_m < px_m * 1.6 || canvas.texel_m < 0.12, "{distance_m}: {}", canvas.texel_m);
        }
        assert!(canvas_for(&CameraPose { distance_m: 5000.0, ..Default::default() }, 1080.0).is_none());
    }

    #[test]
    fn small_moves_keep_the_painting_and_large_ones_do_not() {
        let at = |east: f32, distance_m: f32| CameraPose { focus: [east, 0.0, 0.0], distance_m, ..Default::default() };
        let canvas = canvas_for(&at(0.0, 600.0), 1080.0).unwrap();
        let still_good = |pose: CameraPose| serves(&canvas, &pose, &canvas_for(&pose, 1080.0).unwrap());
        assert!(still_good(at(60.0, 600.0)) && still_good(at(0.0, 640.0)));
        assert!(!still_good(at(500.0, 600.0)) && !still_good(at(0.0, 150.0)));
    }
}
