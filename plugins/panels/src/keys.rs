//! What keys do, wherever the pointer is.

use bevy::prelude::*;
use bevy::window::{MonitorSelection, PrimaryWindow, WindowMode};
use guanlan_stage::{FlyTo, KeyboardCaptured};

use crate::{
    Desk, Showing, UiAction, camera::Pictures, clicks::Asked, layout, rooms::Rooms, state, tools, walk::Walk, words::tr,
};

/// Keys that open a panel, and the panel.
const PANEL_KEYS: [(KeyCode, layout::Side); 6] = [
    (KeyCode::KeyL, layout::Side::Layers),
    (KeyCode::KeyY, layout::Side::Water),
    (KeyCode::KeyR, layout::Side::Risk),
    (KeyCode::KeyG, layout::Side::Records),
    (KeyCode::KeyK, layout::Side::Catalogue),
    (KeyCode::KeyH, layout::Side::System),
];

/// Space stands still or goes on, letters open panels ([`PANEL_KEYS`]), M mutes, Backspace goes out of an area, Esc goes
/// back one step and at last to the whole city, F11 fills the screen.
pub(crate) fn keys(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    typing: Res<KeyboardCaptured>,
    mut desk: ResMut<Desk>,
    rooms: Res<Rooms>,
    showing: Res<Showing>,
    walk: Walk,
    mut pictures: ResMut<Pictures>,
    mut fly: MessageWriter<FlyTo>,
    mut asked: ResMut<Asked>,
    time: Res<Time<Real>>,
    mut windows: Query<&mut Window, With<PrimaryWindow>>,
) {
    let Some(keys) = keys else { return };
    if keys.just_pressed(KeyCode::F11)
        && let Ok(mut window) = windows.single_mut()
    {
        window.mode = match window.mode {
            WindowMode::Windowed => WindowMode::BorderlessFullscreen(MonitorSelection::Current),
            _ => WindowMode::Windowed,
        };
    }
    let out = |desk: &mut Desk, fly: &mut MessageWriter<FlyTo>| {
        let up = desk.area.and_then(|a| walk.tree.parent(a));
        walk.go(up, desk, fly);
    };
    if keys.just_pressed(KeyCode::Escape) && !desk.back() && !pictures.close_last() {
        if desk.side != layout::Side::Figures && desk.area.is_none() {
            let side = desk.side;
            desk.toggle(side);
        } else {
            out(&mut desk, &mut fly);
        }
    }
    if typing.0 {
        return;
    }
    if keys.just_pressed(KeyCode::Backspace) && desk.area.is_some() {
        out(&mut desk, &mut fly);
    }
    for (key, side) in PANEL_KEYS {
        if keys.just_pressed(key) {
            desk.toggle(side);
        }
    }
    if keys.just_pressed(KeyCode::KeyM) {
        desk.muted = !desk.muted;
        let words = if desk.muted { "k-sound-off" } else { "k-sound-on" };
        let (words, now_s) = (tr(desk.lang(), words).to_owned(), time.elapsed_secs_f64());
        desk.say(words, state::Tone::Done, now_s, None);
    }
    if keys.any_just_pressed([KeyCode::Enter, KeyCode::NumpadEnter])
        && let Some(held) = &desk.held
        && matches!(held.tool.needs(), tools::Needs::Line(least) if held.places_m.len() >= least)
    {
        asked.0.push(UiAction::UseTool);
    }
    if keys.just_pressed(KeyCode::Space)
        && let Some(shown) = &showing.0
    {
        let paused = shown.picture.playback.paused;
        let control = if paused { guanlan_room::Control::Resume } else { guanlan_room::Control::Pause };
        rooms.control(desk.watching.as_ref(), control);
    }
}
