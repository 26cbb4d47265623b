//! The leaders' tour: from stop to stop by itself.

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use guanlan_stage::{CameraRig, FlyTo, Ground, PointerCaptured};

use crate::{Desk, poses::pose_at, values::Made};

/// A stop of the tour is shown this long, s.
pub const STOP_S: f64 = 12.0;

/// Flies from stop to stop; a hand on the camera or a new red stops it.
pub(crate) fn tour(
    mut desk: ResMut<Desk>,
    made: Res<Made>,
    rig: Res<CameraRig>,
    ground: Res<Ground>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    wheel: Option<Res<bevy::input::mouse::AccumulatedMouseScroll>>,
    pointer: Res<PointerCaptured>,
    mut fly: MessageWriter<FlyTo>,
    time: Res<Time<Real>>,
    windows: Query<(), With<PrimaryWindow>>,
) {
    // A still shows what its view says.
    if !desk.tour.on || windows.is_empty() {
        return;
    }
    let now_s = time.elapsed_secs_f64();
    let Some(values) = &made.values else { return };
    let briefing = &values.briefing;
    let turned = wheel.is_some_and(|w| w.delta != bevy::math::Vec2::ZERO);
    let pressed = buttons.is_some_and(|b| b.any_just_pressed([MouseButton::Left, MouseButton::Right]));
    let red = !desk.tour.reds.is_empty() && briefing.unseen_reds.iter().any(|r| !desk.tour.reds.contains(r));
    if turned || (pressed && !pointer.0) || red {
        desk.tour.on = false;
        desk.tour.reds.clear();
        desk.revision += 1;
        return;
    }
    if briefing.stops.is_empty() || (now_s - desk.tour.since_s < STOP_S && desk.tour.since_s > 0.0 && !desk.tour.skip) {
        return;
    }
    let first = desk.tour.since_s <= 0.0 && !desk.tour.skip;
    desk.tour.skip = false;
    let stop = if first { 0 } else { (desk.tour.stop + 1) % briefing.stops.len() };
    desk.tour.stop = stop;
    desk.tour.since_s = now_s;
    desk.tour.reds.clone_from(&briefing.unseen_reds);
    fly.write(FlyTo::pose(pose_at(briefing.stops[stop].place_m, &rig.pose, &ground)));
}
