//! What has come since the last frame: pictures, answers, a timeline that opened, a changed layer file.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_stage::layers::LayerState;

use crate::{
    Desk, Showing,
    apply::tell,
    rooms::Rooms,
    state,
    words::{self, tr},
};

/// Takes the newest pictures, the answers that have come and a replay that has opened.
pub(crate) fn look_at_rooms(
    mut rooms: ResMut<Rooms>,
    mut desk: ResMut<Desk>,
    mut showing: ResMut<Showing>,
    time: Res<Time<Real>>,
) {
    let now_s = time.elapsed_secs_f64();
    match rooms.opened().or_else(|| rooms.started()) {
        Some(Ok(id)) => {
            desk.watching = Some(id);
            desk.revision += 1;
        }
        Some(Err(error)) => {
            let words = desk.lang().part_of(&error.to_string()).to_owned();
            desk.say(words, state::Tone::Refused, now_s, None);
        }
        None => {}
    }
    let shown = rooms.shown(desk.watching.as_ref());
    // A timeline that ended: back to the living city.
    if desk.watching.as_ref().is_some_and(|id| *id != shown.timeline) {
        desk.watching = None;
    }
    for answered in rooms.answered() {
        tell(&mut desk, &shown.picture, answered, now_s);
    }
    showing.0 = Some(shown);
}

/// Says what became of a changed layer file.
pub(crate) fn layers_told(
    layers: Res<LayerState>,
    mut desk: ResMut<Desk>,
    time: Res<Time<Real>>,
    mut seen: Local<(usize, String)>,
) {
    let catalogue = Arc::as_ptr(layers.catalogue()) as usize;
    if seen.0 == catalogue && seen.1 == layers.trouble {
        return;
    }
    let (first, was_wrong) = (seen.0 == 0, !seen.1.is_empty());
    let now_s = time.elapsed_secs_f64();
    let lang = desk.lang();
    if !layers.trouble.is_empty() {
        let words = words::tr_with(lang, "k-layers-wrong", &[("why", &layers.trouble)]);
        desk.say(words, state::Tone::Refused, now_s, None);
    } else if !first && (seen.0 != catalogue || was_wrong) {
        desk.say(tr(lang, "k-layers-changed"), state::Tone::Done, now_s, None);
    }
    *seen = (catalogue, layers.trouble.clone());
}
