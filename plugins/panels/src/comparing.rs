//! Fills the comparison of two waters: the timeline shown, and the one a person put beside it.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_core::{Bilingual, Mode, water::WaterScene};
use guanlan_room::Picture;
use guanlan_stage::{Compare, FloodStyle, FlowField, Side, told};

use crate::{Showing, rooms::Rooms, state::Desk};

/// What a timeline is called beside another one: its mode, and its time where that is not now.
#[must_use]
pub fn name(picture: &Picture) -> Bilingual {
    let mode = picture.mode.name();
    match picture.mode {
        Mode::Live | Mode::Demo => mode,
        _ => {
            let at = picture.now.format_local("%H:%M");
            Bilingual::new(format!("{} {at}", mode.zh), format!("{} {at}", mode.en))
        }
    }
}

/// The flow of the other timeline, spread once for each scene.
#[derive(Default)]
pub(crate) struct Flow {
    of: Option<Arc<WaterScene>>,
    flow: Option<Arc<FlowField>>,
    /// The comparison on the screen is this desk's, not one of files.
    mine: bool,
}

/// Follows the desk's choice. A timeline that ended, or is the one shown now, is compared with no more.
pub(crate) fn follow(
    rooms: Res<Rooms>,
    mut desk: ResMut<Desk>,
    showing: Res<Showing>,
    mut compare: ResMut<Compare>,
    mut flow: Local<Flow>,
) {
    let Some(shown) = &showing.0 else { return };
    let other = desk.compare.as_ref().filter(|id| **id != shown.timeline).and_then(|id| rooms.beside(id));
    let Some(other) = other else {
        if desk.compare.is_some() {
            desk.compare = None;
            desk.revision += 1;
        }
        if std::mem::take(&mut flow.mine) {
            compare.right = None;
        }
        return;
    };
    flow.mine = true;
    let scene = &other.live_water.scene;
    let same_scene = match (&flow.of, scene) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    if !same_scene {
        flow.of.clone_from(scene);
        flow.flow = scene.as_ref().and_then(|s| told::flow(s)).map(Arc::new);
    }
    let field = &other.water.field;
    let same_water = compare.right.as_ref().is_some_and(|side| match (&side.water, field) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    });
    let peaks = &other.peaks.latest;
    let same_peaks = compare.right.as_ref().is_some_and(|side| match (&side.peaks, peaks) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    });
    if !same_water || !same_scene || !same_peaks {
        let (water, flow, peaks) = (field.clone(), flow.flow.clone(), peaks.clone());
        compare.right = Some(Side { water, flow, peaks, style: FloodStyle::default() });
    }
    let names = [name(&shown.picture), name(&other)];
    if compare.names != names {
        compare.names = names;
    }
}
