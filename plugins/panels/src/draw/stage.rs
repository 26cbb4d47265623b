//! The stage as panels see and steer it: one bundle of what a pass over the screen reads and writes.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use egui::Pos2;
use guanlan_core::UnitId;
use guanlan_markers::MarkerScene;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};
use guanlan_stage::pick::BuildingIndex;
use guanlan_stage::{
    AreaStyle, CameraRig, Compare, Divider, FlyTo, Ground, KeyboardCaptured, MapLens, MapViewport, PointerCaptured,
    SceneClock, TileLayers,
};

use crate::{
    camera::Pictures,
    counting::Counting,
    glue::MarkerIds,
    labels::{Names, show::LabelBook, wants::Eye},
    past::Past,
    rooms::Rooms,
    seen::Pointed,
    subject::{RoadIndex, Sight},
    values::Around,
};

/// The stage as panels see and steer it.
#[derive(SystemParam)]
pub struct Stage<'w> {
    pub(super) rig: Res<'w, CameraRig>,
    pub(super) lens: Res<'w, MapLens>,
    pub(super) clock: Res<'w, SceneClock>,
    pub(super) ground: Res<'w, Ground>,
    pub(super) buildings: Res<'w, BuildingIndex>,
    pub(super) markers: Res<'w, MarkerScene>,
    pub(super) ids: Res<'w, MarkerIds>,
    pub(super) names: Res<'w, Names>,
    pub(super) roads: Res<'w, RoadIndex>,
    pub(super) tree: Res<'w, AreaTree>,
    pub(super) cameras: Res<'w, Cameras>,
    pub(super) counting: Res<'w, Counting>,
    pub(super) layers: ResMut<'w, LayerState>,
    pub(super) area_style: ResMut<'w, AreaStyle>,
    pub(super) past: ResMut<'w, Past>,
    pub(super) compare: ResMut<'w, Compare>,
    pub(super) divider: Res<'w, Divider>,
    pub(super) pictures: ResMut<'w, Pictures>,
    pub(super) book: ResMut<'w, LabelBook>,
    pub(super) tiles: Option<Res<'w, TileLayers>>,
    pub(super) pointed: ResMut<'w, Pointed>,
    pub(super) viewport: ResMut<'w, MapViewport>,
    pub(super) pointer: ResMut<'w, PointerCaptured>,
    pub(super) keyboard: ResMut<'w, KeyboardCaptured>,
    pub(super) fly: MessageWriter<'w, FlyTo>,
}

impl Stage<'_> {
    /// Where the eye is, in points.
    pub(super) fn eye(&self, ppp: f32) -> Eye {
        Eye::new(&self.rig, &self.lens, ppp)
    }

    /// What values are made from beside the picture.
    pub(super) fn around<'a>(&'a self, rooms: &'a Rooms, kept: bool) -> Around<'a> {
        Around {
            tree: &self.tree,
            counting: &self.counting,
            layers: &self.layers,
            cameras: &self.cameras,
            ground: &self.ground,
            past: &self.past,
            kept,
            config: rooms.config(),
            lon_deg: self.clock.place.map(|p| p.lon_deg),
        }
    }

    /// What can be pointed at.
    pub(super) fn sight<'a>(&'a self, picture: &'a guanlan_room::Picture, eye: Eye, ppp: f32) -> Sight<'a> {
        Sight {
            picture,
            scene: &self.markers,
            ids: &self.ids,
            rig: &self.rig,
            lens: &self.lens,
            ground: &self.ground,
            buildings: &self.buildings,
            roads: &self.roads,
            layers: &self.layers,
            cameras: &self.cameras,
            areas: &self.tree,
            tiles: self.tiles.as_deref(),
            eye,
            ppp,
        }
    }

    /// The crew under the pointer.
    pub(super) fn crew_at(&self, eye: Eye, at: Pos2) -> Option<UnitId> {
        let units = &self.markers.units;
        let near = |i: usize| {
            let distance = eye.seen(units.at(i, self.markers.now_ms)?)?.distance(at);
            (distance < 12.0).then_some((distance, i))
        };
        let hit = (0..units.len()).filter_map(near).min_by(|a, b| a.0.total_cmp(&b.0));
        hit.and_then(|(_, i)| self.ids.units.get(i).cloned())
    }
}
