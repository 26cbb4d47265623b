//! The live layers, the water and the sky as the picture shown says.

use bevy::prelude::*;
use guanlan_markers::MarkerScene;
use guanlan_stage::layers::LayerState;
use guanlan_stage::quality::ResolvedQuality;
use guanlan_stage::{FloodWater, Ground, Rain, SceneClock, ShowInstant};

use crate::{
    Desk, Showing,
    glue::{self, Chosen, MarkerIds},
};

/// The live layers are filled at most this often, s.
const FILL_S: f64 = 0.2;
/// Where a CPU draws, crews that only move are filled this often, s: an idle room must leave the machine free.
const CALM_FILL_S: f64 = 3.0;

/// What the live layers were last filled from.
#[derive(Clone, PartialEq)]
pub(crate) struct Filled {
    timeline: guanlan_core::TimelineId,
    tick: u64,
    at: guanlan_core::Stamp,
    /// Selections, alerts and cases: what must be seen at once.
    urgent: (u64, u64, u64),
    /// Layers switched.
    layers: u64,
}

/// Fills the live layers from the picture shown: at once what people act on, at a calm pace what only moves.
#[allow(clippy::too_many_arguments, reason = "a system")]
pub(crate) fn fill(
    showing: Res<Showing>,
    desk: Res<Desk>,
    ground: Res<Ground>,
    layers: Res<LayerState>,
    quality: Option<Res<ResolvedQuality>>,
    mut scene: ResMut<MarkerScene>,
    mut ids: ResMut<MarkerIds>,
    mut water: ResMut<FloodWater>,
    mut sky: (ResMut<SceneClock>, ResMut<Rain>),
    time: Res<Time<Real>>,
    mut last: Local<Option<(Filled, f64)>>,
) {
    let Some(shown) = &showing.0 else { return };
    let picture = &shown.picture;
    let now_s = time.elapsed_secs_f64();
    let filled = Filled {
        timeline: shown.timeline.clone(),
        tick: picture.tick,
        at: picture.now,
        urgent: (desk.revision, picture.alerts.version(), picture.cases.version()),
        layers: layers.revision,
    };
    if let Some((before, at_s)) = &*last {
        let at_once = before.urgent != filled.urgent || before.timeline != filled.timeline;
        let pace_s = if at_once || !quality.is_some_and(|q| q.software) { FILL_S } else { CALM_FILL_S };
        let selected = before.urgent.0 != filled.urgent.0 || before.layers != filled.layers;
        if *before == filled || (!selected && now_s - at_s < pace_s) {
            return;
        }
    }
    *last = Some((filled, now_s));
    let chosen =
        Chosen { case: desk.case.as_ref(), alert: desk.alert, unit: desk.unit.as_ref(), layers: Some(&layers) };
    glue::fill(picture, &ground, chosen, &mut scene, &mut ids);
    glue::flood(picture, &mut water);
    sky.0.show(picture.now.as_secs_f64());
    Rain::set_mean(&mut sky.1, picture.rain_mm_h() as f32);
}
