//! What of the tiles the pointer meets: picked by a click, marked under the pointer.

use bevy::prelude::*;
use guanlan_city::import::tiles3d::NO_FEATURE;
use guanlan_core::Bilingual;

use super::{Layer, TileLayers, cache::Held, mesh::TileMaterial, pick};
use crate::camera::CameraRig;
use crate::pick::{PickTarget, Picked};
use crate::redraw::Redraw;
use crate::screen::MapLens;
use crate::things::{self, Thing};

/// What of the tiles was picked last.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct PickedTile(pub Option<TileHit>);

/// The feature of a tile under the pointer: set it to mark it. See [`Thing::mark`].
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoveredTile(pub Option<u32>);

/// A place on a tile.
#[derive(Clone, Debug, PartialEq)]
pub struct TileHit {
    /// The tileset's name.
    pub layer: Bilingual,
    /// The content's URI in the tileset.
    pub uri: String,
    /// Feature in the content; `None` for tiles without features.
    pub feature: Option<u32>,
    /// Properties of the feature by name.
    pub properties: Vec<(String, serde_json::Value)>,
    /// Properties of the content, its group, the tile and the tileset, by name; the nearest first.
    pub around: Vec<(String, serde_json::Value)>,
    /// From the eye, m.
    pub distance_m: f32,
    number: u32,
}

impl TileHit {
    /// What it is, in words, met by a ray from this eye in the renderer's frame.
    #[must_use]
    pub fn thing(&self, origin: Vec3, direction: Vec3) -> Thing {
        let of = |all: &[(String, serde_json::Value)]| things::read(all.iter().map(|(k, v)| (k.as_str(), v)));
        let (mut own, around) = (of(&self.properties), of(&self.around));
        // What is said of the whole content stands for a feature that says nothing of itself.
        if own.attributes.is_empty() && own.name.is_empty() {
            own = around;
        }
        let id = self.feature.map_or_else(|| self.uri.clone(), |f| format!("{}#{f}", self.uri));
        Thing {
            id,
            name: own.name,
            class: own.class,
            attributes: own.attributes,
            more: own.more,
            layer: self.layer.clone(),
            origin: self.uri.clone(),
            place_m: crate::frame::to_city(origin + direction * self.distance_m),
            mark: self.number,
        }
    }
}

impl TileLayers {
    /// The nearest tile that a ray in the renderer's frame meets before `limit_m`.
    #[must_use]
    pub fn cast(&self, origin: Vec3, direction: Vec3, limit_m: f32) -> Option<TileHit> {
        let mut best: Option<(&Layer, (u32, u16), &Held, pick::Meeting)> = None;
        for layer in self.layers.iter().flatten().filter(|l| l.on) {
            for (key, held) in layer.cache.held().filter(|(_, h)| h.shown) {
                let limit = best.as_ref().map_or(limit_m, |b| b.3.distance_m);
                if let Some(hit) = pick::cast(&held.content, origin, direction, limit) {
                    best = Some((layer, *key, held, hit));
                }
            }
        }
        let (layer, (node, content), held, hit) = best?;
        let feature = (hit.feature != NO_FEATURE).then_some(hit.feature);
        let reference = layer.tree.nodes.get(node as usize).and_then(|n| n.contents.get(usize::from(content)));
        Some(TileHit {
            layer: layer.name.clone(),
            uri: reference.map(|c| c.uri.clone()).unwrap_or_default(),
            feature,
            properties: feature.map(|f| held.content.properties(f)).unwrap_or_default(),
            around: layer.tree.metadata(node, content),
            distance_m: hit.distance_m,
            number: feature.map_or(NO_FEATURE - 1, |f| held.first.wrapping_add(f)),
        })
    }
}

/// A click that meets a tile before anything else picks it and marks its feature.
pub(super) fn pick_tile(
    mut clicks: MessageReader<Picked>,
    tiles: Res<TileLayers>,
    rig: Res<CameraRig>,
    lens: Res<MapLens>,
    mut picked: ResMut<PickedTile>,
    mut materials: ResMut<Assets<TileMaterial>>,
    mut redraw: ResMut<Redraw>,
) {
    for click in clicks.read() {
        let (origin, direction) = lens.lens.ray(&rig.pose, click.cursor_px);
        let limit_m = if click.what == PickTarget::Nothing {
            f32::MAX
        } else {
            let place = crate::frame::to_scene(click.ground_m[0] as f32, click.ground_m[1] as f32, click.height_m);
            origin.distance(place) + 0.5
        };
        let hit = tiles.cast(origin, direction, limit_m);
        let number = hit.as_ref().map_or(NO_FEATURE - 1, |h| h.number);
        if materials.get(&tiles.material).is_some_and(|m| m.marked.x != number) {
            materials.iter_mut().for_each(|(_, material)| material.marked.x = number);
            redraw.scene();
        }
        if picked.0 != hit {
            picked.0 = hit;
        }
    }
}

/// Marks the feature under the pointer.
pub(super) fn hover_tile(
    hovered: Res<HoveredTile>,
    tiles: Res<TileLayers>,
    mut materials: ResMut<Assets<TileMaterial>>,
    mut redraw: ResMut<Redraw>,
) {
    if !hovered.is_changed() {
        return;
    }
    let number = hovered.0.unwrap_or(NO_FEATURE - 1);
    if materials.get(&tiles.material).is_some_and(|m| m.marked.y != number) {
        materials.iter_mut().for_each(|(_, material)| material.marked.y = number);
        redraw.scene();
    }
}
