//! Fills the comparison of two waters: the timeline shown, and the one a person put beside it.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_core::{Bilingual, Mode, WaterAspect, water::WaterScene};
use guanlan_room::Picture;
use guanlan_stage::{Compare, FloodStyle, FlowField, Side, layers::LayerState, told};

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

/// What a timeline is called, and that it has nothing of what is shown of the water: an empty side would say "dry".
fn name_for(name: Bilingual, has_been: bool, aspect: WaterAspect) -> Bilingual {
    if aspect == WaterAspect::Depth || has_been {
        return name;
    }
    let lacks = aspect.name();
    Bilingual::new(
        format!("{} · 尚无{}数据", name.zh, lacks.zh),
        format!("{} · no {} yet", name.en, lacks.en.to_lowercase()),
    )
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
    layers: Option<Res<LayerState>>,
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
    let aspect = layers.as_ref().and_then(|l| l.water()).map_or(WaterAspect::Depth, |(aspect, _)| aspect);
    let names = [&*shown.picture, &*other].map(|p| name_for(name(p), p.peaks.latest.is_some(), aspect));
    if compare.names != names {
        compare.names = names;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_side_says_why_it_is_empty() {
        let name = || Bilingual::new("演练 10:30", "Exercise 10:30");
        assert_eq!(name_for(name(), false, WaterAspect::Depth), name());
        assert_eq!(name_for(name(), true, WaterAspect::Arrival), name());
        let empty = name_for(name(), false, WaterAspect::MaxDepth);
        assert_eq!(empty, Bilingual::new("演练 10:30 · 尚无最大水深数据", "Exercise 10:30 · no maximum depth yet"));
    }
}
