//! Takes in tiles that have come, shows what the eye needs, and orders what is missing.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use guanlan_city::import::tiles3d::{Ask, Issues, Kind, Outcome};

use super::{
    Layer, TileLayers,
    cache::BUDGET,
    loader::{Delivery, Order},
    mesh::TileMaterial,
    select::{Eye, select},
};
use crate::camera::CameraRig;
use crate::look::Look;
use crate::quality::ResolvedQuality;
use crate::redraw::Redraw;
use crate::screen::{MapLens, StillTarget};

/// Handed to the renderer in one frame of a window, bytes.
const FRAME_BYTES: usize = 8 << 20;
/// Wishes that are passed on at once.
const ORDERS: usize = 48;
/// A still waits this long for its tiles, s.
const STILL_S: u64 = 60;

impl TileLayers {
    /// Takes a delivery in. Bytes that were handed to the renderer.
    fn accept(&mut self, delivery: Delivery, commands: &mut Commands, store: &mut Shelves<'_>) -> usize {
        let Delivery { layer, ask, outcome, meshes: made, issues } = delivery;
        let Some(layer) = self.layers.get_mut(layer).and_then(Option::as_mut) else { return 0 };
        for issue in issues.list.iter().filter(|i| i.severity >= guanlan_city::import::Severity::Skipped) {
            tracing::debug!("{}: {issue}", layer.name.en);
        }
        if matches!(outcome, Outcome::Cancelled) {
            return 0;
        }
        self.dirty = true;
        if let (Some(made), Ask::Content { node, content }) = (made, ask) {
            let bytes = made.bytes;
            let pictures: Vec<Handle<Image>> = made.pictures.into_iter().map(|p| store.images.add(p)).collect();
            let root = layer.root;
            let mut spawn = |mesh: Mesh, material: Handle<TileMaterial>, meshes: &mut Assets<Mesh>| {
                let parts = (Mesh3d(meshes.add(mesh)), MeshMaterial3d(material), Visibility::Hidden);
                commands.spawn((parts, ChildOf(root))).id()
            };
            let mut entities = Vec::new();
            for (mesh, cover) in made.solid {
                // A picture has a material of its own; it goes when the content goes.
                let material = match cover {
                    Some(cover) => store.materials.add(TileMaterial {
                        look: store.look,
                        marked: store.marked,
                        picture: pictures.get(cover.picture).cloned(),
                        cover: Vec4::new(cover.cutoff, 1.0, 0.0, 0.0),
                    }),
                    None => self.material.clone(),
                };
                entities.push(spawn(mesh, material, store.meshes));
            }
            entities.extend(made.points.map(|mesh| spawn(mesh, self.material.clone(), store.meshes)));
            layer.cache.put((node, content), entities, made.content, made.first, bytes);
            return bytes;
        }
        if let (Outcome::Failed, Ask::Content { node, content }) = (&outcome, ask) {
            // What a server did not give may come later.
            let away = issues.list.iter().any(|i| i.kind == Kind::Io);
            let again = layer.source.retry_s().filter(|_| away);
            layer.cache.fail((node, content), again.map(|s| Instant::now() + Duration::from_secs_f32(s)));
            if let Some(issue) = issues.list.last() {
                tracing::warn!("tileset {}: {issue}", layer.name.en);
            }
        }
        let mut ignored = Issues::default();
        layer.tree.attach(ask, outcome, &mut ignored);
        0
    }

    /// Looks again: shows, hides, lets go, and orders what is missing. True when the picture changed.
    fn look(&mut self, eye: &Eye, commands: &mut Commands) -> bool {
        let mut changed = false;
        let mut bytes = self.bytes();
        for layer in self.layers.iter_mut().flatten().filter(|l| l.on) {
            let Layer { tree, cache, selection, .. } = layer;
            select(tree, eye, cache, selection);
            changed |= cache.show(&selection.draw, |held, shown| {
                let visibility = if shown { Visibility::Inherited } else { Visibility::Hidden };
                for entity in &held.entities {
                    commands.entity(*entity).insert(visibility);
                }
            });
            let before = cache.bytes;
            let room = (BUDGET + cache.bytes).saturating_sub(bytes);
            cache.evict(room, |held| held.entities.iter().for_each(|e| commands.entity(*e).despawn()));
            bytes -= before - cache.bytes;
        }
        let full = bytes > BUDGET;
        if full && !self.full {
            tracing::warn!("the tiles in sight need more than {} MB; coarser ones stay", BUDGET >> 20);
        }
        self.full = full;
        let mut orders: Vec<Order> = Vec::new();
        for (n, layer) in self.layers.iter().enumerate() {
            let Some(layer) = layer.as_ref().filter(|l| l.on && !full) else { continue };
            let jobs = layer.selection.want.iter().take(ORDERS).filter_map(|w| layer.tree.job(w.ask));
            orders.extend(jobs.map(|job| Order { layer: n, job, source: layer.source.clone() }));
        }
        self.loader.order(orders.into_iter());
        changed
    }
}

/// Where meshes, pictures and materials go, and what new materials begin with.
struct Shelves<'a> {
    meshes: &'a mut Assets<Mesh>,
    images: &'a mut Assets<Image>,
    materials: &'a mut Assets<TileMaterial>,
    look: Look,
    marked: UVec4,
}

/// Takes in what has come, and looks again when the eye or the tiles have changed.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(super) fn stream(
    mut commands: Commands,
    mut tiles: ResMut<TileLayers>,
    rig: Res<CameraRig>,
    lens: Res<MapLens>,
    quality: Option<Res<ResolvedQuality>>,
    still: Option<Res<StillTarget>>,
    (mut meshes, mut images, mut materials): (
        ResMut<Assets<Mesh>>,
        ResMut<Assets<Image>>,
        ResMut<Assets<TileMaterial>>,
    ),
    mut redraw: ResMut<Redraw>,
) {
    let tiles = tiles.bypass_change_detection();
    if tiles.slots.is_empty() {
        return;
    }
    tiles.take_opened();
    let shared = materials.get(&tiles.material).map(|m| (m.look, m.marked));
    let Some((look, marked)) = shared else { return };
    let materials = materials.bypass_change_detection();
    let store = &mut Shelves { meshes: &mut meshes, images: &mut images, materials, look, marked };
    tiles.dirty |= tiles.layers.iter().flatten().any(|l| l.cache.may_retry());
    let scale = if still.is_some() { 1.0 } else { quality.map_or(1.0, |q| q.window_scale) };
    if rig.is_changed() || lens.is_changed() || tiles.eye.is_none() {
        let eye = Eye::new(&rig.pose, &lens.lens, scale);
        if tiles.eye.as_ref() != Some(&eye) {
            tiles.eye = Some(eye);
            tiles.dirty = true;
        }
    }
    let Some(eye) = tiles.eye.clone() else { return };
    let mut handed = 0;
    while handed < FRAME_BYTES {
        let Some(delivery) = tiles.loader.take() else { break };
        handed += tiles.accept(delivery, &mut commands, store);
    }
    if std::mem::take(&mut tiles.dirty) && tiles.look(&eye, &mut commands) {
        redraw.scene();
    }
    if still.is_none() {
        return;
    }
    // A still has time, and no second frame to make up for what is missing.
    let end = Instant::now() + Duration::from_secs(STILL_S);
    while tiles.is_busy() && Instant::now() < end {
        if tiles.opening > 0 {
            std::thread::sleep(Duration::from_millis(2));
            tiles.take_opened();
        }
        if let Some(delivery) = tiles.loader.wait(Duration::from_millis(20)) {
            tiles.accept(delivery, &mut commands, store);
        }
        if std::mem::take(&mut tiles.dirty) {
            tiles.look(&eye, &mut commands);
        }
    }
}
