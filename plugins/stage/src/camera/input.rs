//! Mouse and keys: pan, orbit, zoom to the cursor, bookmarks, clicks.

use bevy::ecs::system::SystemParam;
use bevy::input::mouse::{MouseMotion, MouseScrollUnit, MouseWheel};
use bevy::prelude::*;
use bevy::window::PrimaryWindow;

use super::flight::{FlyTo, InFlight};
use super::rig::{CameraPose, CameraRig, DISTANCE_M, Lens, PITCH_DEG};
use crate::ground::heights::Ground;
use crate::pick::{BuildingIndex, Highlight, PickTarget, Picked, cast, meet_ground};
use crate::redraw::Redraw;
use crate::screen::MapLens;
use crate::{KeyboardCaptured, PointerCaptured};

/// Nine stored poses; Ctrl + digit stores, digit flies.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Bookmarks(pub [Option<CameraPose>; 9]);

/// The mouse gesture under way.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Gesture {
    /// Where the left button went down (physical px), while it is down on the map.
    left_from: Option<Vec2>,
    /// Ground place that is held while panning.
    held: Option<Vec3>,
    /// Right button is down on the map.
    orbiting: bool,
    /// Left was moved far enough to be a drag.
    dragged: bool,
    /// Time and place of the last click, s and px.
    last_click: Option<(f32, Vec2)>,
    /// Where the pointer was.
    last: Option<Vec2>,
}

/// A press that moves less than this is a click, px.
const CLICK_PX: f32 = 5.0;
/// Two clicks within this time are a double click, s.
const DOUBLE_S: f32 = 0.4;

const DIGITS: [KeyCode; 9] = [
    KeyCode::Digit1,
    KeyCode::Digit2,
    KeyCode::Digit3,
    KeyCode::Digit4,
    KeyCode::Digit5,
    KeyCode::Digit6,
    KeyCode::Digit7,
    KeyCode::Digit8,
    KeyCode::Digit9,
];

#[derive(SystemParam)]
pub(crate) struct Devices<'w, 's> {
    window: Query<'w, 's, &'static Window, With<PrimaryWindow>>,
    buttons: Option<Res<'w, ButtonInput<MouseButton>>>,
    keys: Option<Res<'w, ButtonInput<KeyCode>>>,
    motion: MessageReader<'w, 's, MouseMotion>,
    wheel: MessageReader<'w, 's, MouseWheel>,
    pointer: Res<'w, PointerCaptured>,
    keyboard: Res<'w, KeyboardCaptured>,
    time: Res<'w, Time<Real>>,
}

#[derive(SystemParam)]
pub(crate) struct Places<'w> {
    ground: Res<'w, Ground>,
    buildings: Res<'w, BuildingIndex>,
    lens: Res<'w, MapLens>,
}

/// The pose after the wheel turned by `steps` over a pixel: the place under the pointer stays.
#[must_use]
pub fn zoomed(pose: CameraPose, lens: &Lens, px: Vec2, steps: f32) -> CameraPose {
    let factor = (-steps * 0.16).exp();
    if pose.is_standing() {
        // Turning the wheel back lifts one off the ground; forward there is nothing nearer.
        let distance_m = if steps < 0.0 { 2.0 * DISTANCE_M.0 } else { pose.distance_m };
        return CameraPose { distance_m, pitch_deg: pose.pitch_deg.max(PITCH_DEG.0), ..pose };
    }
    let distance = (pose.distance_m * factor).clamp(DISTANCE_M.0, DISTANCE_M.1);
    let k = distance / pose.distance_m;
    let mut next = CameraPose { distance_m: distance, ..pose };
    if let Some(p) = lens.on_plane(&pose, px, pose.focus[2])
        && p.distance(pose.focus_scene()) < pose.distance_m * 4.0
    {
        next.focus[0] = p.x + (pose.focus[0] - p.x) * k;
        next.focus[1] = -p.z + (pose.focus[1] + p.z) * k;
    }
    next
}

/// The pose after dragging the map so that `held` comes under a pixel.
#[must_use]
pub fn panned(pose: CameraPose, lens: &Lens, held: Vec3, px: Vec2) -> CameraPose {
    let mut next = pose;
    if let Some(now) = lens.on_plane(&pose, px, held.y) {
        let step = (held - now).clamp_length_max(pose.distance_m * 2.0);
        next.focus[0] += step.x;
        next.focus[1] -= step.z;
    }
    next
}

/// Reads the devices and moves the rig, picks and marks.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn steer(
    mut devices: Devices,
    places: Places,
    mut gesture: ResMut<Gesture>,
    mut rig: ResMut<CameraRig>,
    mut flight: ResMut<InFlight>,
    mut bookmarks: ResMut<Bookmarks>,
    mut highlight: ResMut<Highlight>,
    mut fly: MessageWriter<FlyTo>,
    mut picked: MessageWriter<Picked>,
    mut redraw: ResMut<Redraw>,
) {
    let Ok(window) = devices.window.single() else { return };
    let cursor = window.physical_cursor_position();
    let lens = places.lens.lens;
    let height = |e: f32, n: f32| places.ground.height_m(e, n);
    let before = rig.pose;
    let mut pose = before;
    let mut touched = false;

    let moved: Vec2 = devices.motion.read().map(|m| m.delta).sum();
    let wheel: f32 =
        devices.wheel.read().map(|w| if w.unit == MouseScrollUnit::Pixel { w.y / 60.0 } else { w.y }).sum();
    if let (Some(buttons), Some(cursor)) = (&devices.buttons, cursor) {
        let free = !devices.pointer.0;
        if wheel != 0.0 && free {
            pose = zoomed(pose, &lens, cursor, wheel.clamp(-6.0, 6.0));
            touched = true;
        }
        if buttons.just_pressed(MouseButton::Left) && free {
            let (origin, direction) = lens.ray(&pose, cursor);
            gesture.held = meet_ground(&places.ground, origin, direction).map(|t| origin + direction * t);
            gesture.left_from = Some(cursor);
            gesture.dragged = false;
        }
        if let Some(from) = gesture.left_from {
            gesture.dragged |= from.distance(cursor) > CLICK_PX * places.lens.scale.max(1.0);
            if gesture.dragged && gesture.last != Some(cursor) && buttons.pressed(MouseButton::Left) {
                if let Some(held) = gesture.held {
                    pose = panned(pose, &lens, held, cursor);
                    touched = true;
                }
            }
            if buttons.just_released(MouseButton::Left) {
                gesture.left_from = None;
                if !gesture.dragged {
                    click(&devices.time, &places, &pose, cursor, &mut gesture, &mut picked, &mut fly);
                }
            }
        }
        if buttons.just_pressed(MouseButton::Right) && free {
            gesture.orbiting = true;
        }
        if !buttons.pressed(MouseButton::Right) {
            gesture.orbiting = false;
        }
        if gesture.orbiting && moved != Vec2::ZERO {
            if pose.is_standing() {
                pose = pose.turned(moved.x * 0.25, moved.y * 0.18);
            } else {
                pose.yaw_deg += moved.x * 0.25;
                pose.pitch_deg = (pose.pitch_deg + moved.y * 0.18).clamp(PITCH_DEG.0, PITCH_DEG.1);
            }
            touched = true;
        }
        // Hover only while nothing moves, and only when the pointer did.
        if free && gesture.last != Some(cursor) && gesture.left_from.is_none() && !gesture.orbiting {
            let (origin, direction) = lens.ray(&pose, cursor);
            let hovered = match cast(&places.ground, &places.buildings, origin, direction).0 {
                PickTarget::Building(b) if pose.distance_m < 1500.0 => Some(b),
                _ => None,
            };
            if highlight.hovered != hovered {
                highlight.hovered = hovered;
            }
        }
        gesture.last = Some(cursor);
    }

    if let Some(keys) = &devices.keys
        && !devices.keyboard.0
    {
        // A quick tap may be down and up again within one frame.
        let controls = [KeyCode::ControlLeft, KeyCode::ControlRight];
        let control = keys.any_pressed(controls) || keys.any_just_pressed(controls);
        if !control {
            touched |= keys_move(keys, &mut pose, devices.time.delta_secs().min(0.1), &mut redraw);
        }
        if keys.just_pressed(KeyCode::Home) {
            fly.write(FlyTo::pose(rig.home));
        }
        for (i, key) in DIGITS.iter().enumerate() {
            if keys.just_pressed(*key) {
                if control {
                    bookmarks.0[i] = Some(rig.pose);
                } else if let Some(pose) = bookmarks.0[i] {
                    fly.write(FlyTo::pose(pose));
                }
            }
        }
    }
    if touched {
        flight.0 = None;
        // The focus follows the ground slowly, so that hills do not shake the picture.
        if !pose.is_standing() {
            pose.focus[2] += (height(pose.focus[0], pose.focus[1]) - pose.focus[2]) * 0.2;
        }
        let next = pose.above_ground(height);
        if next != before {
            rig.pose = next;
            redraw.moving();
        }
    }
}

fn keys_move(keys: &ButtonInput<KeyCode>, pose: &mut CameraPose, dt: f32, redraw: &mut Redraw) -> bool {
    let axis = |plus: &[KeyCode], minus: &[KeyCode]| {
        f32::from(u8::from(keys.any_pressed(plus.iter().copied())))
            - f32::from(u8::from(keys.any_pressed(minus.iter().copied())))
    };
    let ahead = axis(&[KeyCode::ArrowUp, KeyCode::KeyW], &[KeyCode::ArrowDown, KeyCode::KeyS]);
    let right = axis(&[KeyCode::ArrowRight, KeyCode::KeyD], &[KeyCode::ArrowLeft, KeyCode::KeyA]);
    let turn = axis(&[KeyCode::KeyQ], &[KeyCode::KeyE]);
    let zoom = axis(&[KeyCode::Equal, KeyCode::NumpadAdd], &[KeyCode::Minus, KeyCode::NumpadSubtract]);
    if ahead == 0.0 && right == 0.0 && turn == 0.0 && zoom == 0.0 {
        return false;
    }
    let step = pose.distance_m * 0.7 * dt;
    let (sin, cos) = pose.yaw_deg.to_radians().sin_cos();
    pose.focus[0] += (sin * ahead + cos * right) * step;
    pose.focus[1] += (cos * ahead - sin * right) * step;
    if pose.is_standing() {
        *pose = pose.turned(turn * 60.0 * dt, 0.0);
        if zoom < 0.0 {
            *pose = zoomed(*pose, &Lens::plain(Vec2::ONE), Vec2::ZERO, -1.0);
        }
    } else {
        pose.yaw_deg += turn * 60.0 * dt;
        pose.distance_m = (pose.distance_m * (-zoom * 1.4 * dt).exp()).clamp(DISTANCE_M.0, DISTANCE_M.1);
    }
    redraw.moving();
    true
}

fn click(
    time: &Time<Real>,
    places: &Places,
    pose: &CameraPose,
    cursor: Vec2,
    gesture: &mut Gesture,
    picked: &mut MessageWriter<Picked>,
    fly: &mut MessageWriter<FlyTo>,
) {
    let now = time.elapsed_secs();
    let double = gesture
        .last_click
        .is_some_and(|(at, p)| now - at < DOUBLE_S && p.distance(cursor) < 2.0 * CLICK_PX * places.lens.scale.max(1.0));
    gesture.last_click = if double { None } else { Some((now, cursor)) };
    let (origin, direction) = places.lens.lens.ray(pose, cursor);
    let (what, at) = cast(&places.ground, &places.buildings, origin, direction);
    let place = at.unwrap_or([0.0; 3]);
    picked.write(Picked {
        what,
        ground_m: [f64::from(place[0]), f64::from(place[1])],
        height_m: place[2],
        cursor_px: cursor,
        double,
    });
    if let (true, Some(at)) = (double, at) {
        let distance_m = (pose.distance_m * 0.4).clamp(180.0, 900.0).min(pose.distance_m);
        let focus = [at[0], at[1], places.ground.height_m(at[0], at[1])];
        fly.write(FlyTo::pose(CameraPose { focus, distance_m, ..*pose }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_place_under_the_pointer() {
        let lens = Lens { size_px: Vec2::new(1600.0, 900.0), centre_px: Vec2::new(700.0, 480.0) };
        let pose = CameraPose { focus: [120.0, -80.0, 10.0], yaw_deg: 33.0, ..Default::default() };
        for (x, y, steps) in [(800.0, 450.0, 2.0), (200.0, 700.0, 1.0), (1300.0, 500.0, -1.5)] {
            let px = Vec2::new(x, y);
            let place = lens.on_plane(&pose, px, 10.0).unwrap();
            let next = zoomed(pose, &lens, px, steps);
            let seen = lens.project(&next, place).unwrap();
            assert!(seen.distance(px) < 1.0, "{px} moved to {seen}");
            assert_eq!(next.distance_m < pose.distance_m, steps > 0.0);
        }
    }

    #[test]
    fn the_wheel_lifts_a_person_off_the_ground() {
        let lens = Lens::plain(Vec2::new(1600.0, 900.0));
        let pose = CameraPose::standing([0.0, 0.0, 5.0], 45.0);
        assert_eq!(zoomed(pose, &lens, Vec2::ZERO, 1.0).distance_m, pose.distance_m);
        let up = zoomed(pose, &lens, Vec2::ZERO, -1.0);
        assert!(!up.is_standing() && up.pitch_deg >= PITCH_DEG.0);
    }

    #[test]
    fn panning_brings_the_held_place_under_the_pointer() {
        let lens = Lens::plain(Vec2::new(1600.0, 900.0));
        let pose = CameraPose { yaw_deg: 200.0, pitch_deg: 40.0, ..Default::default() };
        let held = lens.on_plane(&pose, Vec2::new(500.0, 600.0), 0.0).unwrap();
        let to = Vec2::new(900.0, 500.0);
        let next = panned(pose, &lens, held, to);
        assert!(lens.project(&next, held).unwrap().distance(to) < 1.0);
    }
}
