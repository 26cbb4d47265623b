//! 3D Tiles streamed by screen-space error: what is looked at is read, what was not looked at for long goes.
//!
//! **Invariant:** a window's frame never waits for a tile: reading, decoding and the making of meshes happen on
//! worker threads, and only a few megabytes are handed to the renderer in one frame. A still waits, because it
//! is taken once. **Invariant:** nothing is computed while neither the eye nor the tiles change.

pub mod cache;
pub mod loader;
pub mod mesh;
pub mod pick;
pub mod select;
pub mod skins;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, unbounded};
use guanlan_city::City;
use guanlan_city::import::tiles3d::{
    self, Ask, Issues, Kind, NO_FEATURE, Outcome, TileSource, TileTree, Tileset, open_source,
};
use guanlan_city::model::TilesetLayer;
use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;

use crate::camera::CameraRig;
use crate::layers::{LayerState, catalogue::Source};
use crate::look::Look;
use crate::pick::{PickTarget, Picked};
use crate::quality::ResolvedQuality;
use crate::redraw::Redraw;
use crate::screen::{MapLens, StillTarget};
use crate::things::{self, Thing};
use crate::{StageSettings, StageSystems, shaders};
use cache::{BUDGET, Cache, Held};
use loader::{Delivery, Loader, Order};
use mesh::{SHADER, TileMaterial};
use select::{Eye, Selection, select};

/// Handed to the renderer in one frame of a window, bytes.
const FRAME_BYTES: usize = 8 << 20;
/// Wishes that are passed on at once.
const ORDERS: usize = 48;
/// A still waits this long for its tiles, s.
const STILL_S: u64 = 60;

/// Nothing is marked.
const UNMARKED: UVec4 = UVec4::new(NO_FEATURE - 1, NO_FEATURE - 1, 0, 0);

/// A tileset on the stage.
struct Layer {
    name: Bilingual,
    /// Parent of its contents: follows the switch of its layer.
    root: Entity,
    /// Its layer is switched on.
    on: bool,
    source: Arc<dyn TileSource>,
    tree: TileTree,
    cache: Cache,
    selection: Selection,
}

/// A tileset that was opened on its thread.
type Opened = (usize, Result<(Arc<dyn TileSource>, TileTree), String>);

/// A place for a tileset, opened or not. Numbers stay: what a loader brings late finds nothing under an old one.
struct Slot {
    /// Layer of the catalogue whose switch it follows.
    id: String,
    name: Bilingual,
    /// What a layer file declares; `None` for a tileset of the city.
    declared: Option<(TilesetLayer, Option<f32>)>,
    root: Entity,
    on: bool,
    /// It was taken out of the catalogue.
    gone: bool,
}

/// The tilesets of the city.
#[derive(Resource)]
pub struct TileLayers {
    layers: Vec<Option<Layer>>,
    slots: Vec<Slot>,
    loader: Loader,
    opener: Sender<Opened>,
    opened: Receiver<Opened>,
    opening: usize,
    /// State of the catalogue's layers that was followed last.
    seen: Option<(usize, u64)>,
    material: Handle<TileMaterial>,
    eye: Option<Eye>,
    dirty: bool,
    full: bool,
}

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

/// Adds streaming of the city's tilesets and of those that a layer file declares.
pub struct TilesPlugin;

impl Plugin for TilesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<PickedTile>().init_resource::<HoveredTile>();
        let city = app.world().resource::<StageSettings>().city.clone();
        shaders::add(app, &SHADER, include_str!("tiles.wgsl"), "guanlan/tiles.wgsl");
        if !city.skins.is_empty() {
            app.add_plugins(skins::SkinsPlugin);
        }
        app.add_plugins(MaterialPlugin::<TileMaterial>::default());
        crate::scene::follow_look_with::<TileMaterial>(app);
        let look = *app.world().resource::<Look>();
        let plain = TileMaterial { look, marked: UNMARKED, picture: None, cover: Vec4::ZERO };
        let material = app.world_mut().resource_mut::<Assets<TileMaterial>>().add(plain);
        let wake: Box<dyn Fn() + Send + Sync> = match app.world().get_resource::<bevy::winit::EventLoopProxyWrapper>() {
            Some(proxy) => {
                let proxy = std::sync::Mutex::new((**proxy).clone());
                Box::new(move || {
                    if let Ok(proxy) = proxy.lock() {
                        // A window that is closing needs no waking.
                        let _ = proxy.send_event(bevy::winit::WinitUserEvent::WakeUp);
                    }
                })
            }
            None => Box::new(|| ()),
        };
        let (opener, opened) = unbounded();
        let mut tiles = TileLayers {
            layers: Vec::new(),
            slots: Vec::new(),
            loader: Loader::new(wake),
            opener,
            opened,
            opening: 0,
            seen: None,
            material,
            eye: None,
            dirty: true,
            full: false,
        };
        for layer in &city.tilesets {
            let root = app.world_mut().spawn((Transform::default(), Visibility::default())).id();
            tiles.add(CITY, layer, None, root, &city);
        }
        app.insert_resource(tiles);
        app.add_systems(Update, (follow_layers, stream, pick_tile, hover_tile).chain().in_set(StageSystems::Layers));
    }
}

/// Layer of the catalogue that switches the city's own tilesets.
const CITY: &str = "tilesets";

fn open(layer: &TilesetLayer, lift_m: Option<f32>, city: &City) -> Result<(Arc<dyn TileSource>, TileTree), String> {
    let (source, uri) = open_source(std::path::Path::new(&layer.path))?;
    let bytes = source.get(&uri, tiles3d::tileset::MAX_JSON)?;
    let mut issues = Issues::default();
    let tileset = Tileset::read(&bytes, &uri, source.as_ref(), &mut issues);
    let tileset = tileset.ok_or_else(|| issues.fatal().map_or_else(|| "no tile".into(), ToString::to_string))?;
    let frame = LocalFrame::new(city.epsg, city.origin);
    let lift_m = f64::from(lift_m.unwrap_or_else(|| layer.lift_m(city.terrain.as_ref())));
    let tree = TileTree::new(&tileset, &uri, frame, lift_m, &mut issues);
    Ok((source, tree))
}

impl TileLayers {
    /// Opens a tileset on a thread of its own.
    fn add(&mut self, id: &str, layer: &TilesetLayer, declared: Option<Option<f32>>, root: Entity, city: &Arc<City>) {
        let n = self.slots.len();
        let lift_m = declared.flatten();
        self.slots.push(Slot {
            id: id.to_owned(),
            name: layer.name.clone(),
            declared: declared.map(|lift_m| (layer.clone(), lift_m)),
            root,
            on: true,
            gone: false,
        });
        self.layers.push(None);
        let (layer, city, send) = (layer.clone(), city.clone(), self.opener.clone());
        let open = move || drop(send.send((n, open(&layer, lift_m, &city))));
        match std::thread::Builder::new().name(format!("tileset-{n}")).spawn(open) {
            Ok(_) => self.opening += 1,
            Err(error) => tracing::error!("no thread to open a tileset: {error}"),
        }
    }

    /// True while tiles are on their way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.opening > 0 || self.loader.is_busy()
    }

    /// Memory of all tiles, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layers.iter().flatten().map(|l| l.cache.bytes).sum()
    }

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

    fn take_opened(&mut self) {
        while let Ok((n, opened)) = self.opened.try_recv() {
            self.opening -= 1;
            self.dirty = true;
            match opened {
                Ok((source, tree)) if !self.slots[n].gone => {
                    let Slot { name, root, on, .. } = &self.slots[n];
                    let (name, root, on) = (name.clone(), *root, *on);
                    let (cache, selection) = (Cache::default(), Selection::default());
                    self.layers[n] = Some(Layer { name, root, on, source, tree, cache, selection });
                }
                Ok(_) => {}
                Err(why) => tracing::warn!("tileset {}: {why}", self.slots[n].name.en),
            }
        }
    }

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

/// Opens what a layer file declares, lets go what it no longer does, and follows the switches.
fn follow_layers(
    mut commands: Commands,
    layers: Option<Res<LayerState>>,
    mut tiles: ResMut<TileLayers>,
    settings: Res<StageSettings>,
    mut redraw: ResMut<Redraw>,
) {
    let Some(layers) = layers else { return };
    let tiles = tiles.bypass_change_detection();
    let key = (Arc::as_ptr(&layers.user) as usize, layers.revision);
    if tiles.seen.replace(key) == Some(key) {
        return;
    }
    let declared = |id: &str| {
        let tileset = layers.user.0.get(id)?.tileset.as_ref()?;
        let layer = layers.catalogue().layers.iter().find(|l| l.id == id)?;
        let Source::Tileset { lift_m, .. } = &layer.source else { return None };
        Some((tileset.clone(), *lift_m))
    };
    for n in 0..tiles.slots.len() {
        let slot = &mut tiles.slots[n];
        if slot.gone || slot.declared.is_none() || slot.declared == declared(&slot.id) {
            continue;
        }
        slot.gone = true;
        commands.entity(slot.root).despawn();
        tiles.layers[n] = None;
        redraw.scene();
    }
    for id in layers.user.0.keys() {
        let there = tiles.slots.iter().any(|s| !s.gone && s.declared.is_some() && s.id == *id);
        let Some((tileset, lift_m)) = declared(id).filter(|_| !there) else { continue };
        let root = commands.spawn((Transform::default(), Visibility::default())).id();
        tiles.add(id, &tileset, Some(lift_m), root, &settings.city);
    }
    for n in 0..tiles.slots.len() {
        let on = layers.visible(&tiles.slots[n].id);
        let slot = &mut tiles.slots[n];
        if slot.gone || slot.on == on {
            continue;
        }
        slot.on = on;
        let wanted = if on { Visibility::Inherited } else { Visibility::Hidden };
        commands.entity(slot.root).insert(wanted);
        if let Some(layer) = &mut tiles.layers[n] {
            layer.on = on;
        }
        tiles.dirty = true;
        redraw.scene();
    }
}

/// Takes in what has come, and looks again when the eye or the tiles have changed.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
fn stream(
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

/// A click that meets a tile before anything else picks it and marks its feature.
fn pick_tile(
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
fn hover_tile(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Catalogue;
    use crate::layers::user::{UserLayer, UserLayers};

    #[test]
    fn tilesets_of_a_layer_file_come_go_and_follow_their_switch() {
        let text = "format = 1\n[[group]]\nid = \"g\"\nname = { zh = \"我的\" }\n[[layer]]\nid = \"mine\"\n\
            name = { zh = \"瓦片\" }\ngroup = \"g\"\nsource = { kind = \"tileset\", path = \"t.json\" }\n\
            provenance = { zh = \"测\" }\nowner = { zh = \"局\" }\n\
            legend = [{ color = \"accent\", words = { zh = \"物\" } }]\n";
        let catalogue = Arc::new(Catalogue::parse("my.toml", text).unwrap());
        let with = |path: &str| {
            let tileset = Some(TilesetLayer { path: path.into(), ..TilesetLayer::default() });
            Arc::new(UserLayers([("mine".to_owned(), UserLayer { tileset, ..UserLayer::default() })].into()))
        };
        let (opener, opened) = unbounded();
        let mut app = App::new();
        let city: Arc<City> = Arc::default();
        app.init_resource::<Redraw>()
            .init_resource::<LayerState>()
            .insert_resource(StageSettings { city, quality: Default::default(), theme: Default::default() })
            .insert_resource(TileLayers {
                layers: Vec::new(),
                slots: Vec::new(),
                loader: Loader::new(Box::new(|| ())),
                opener,
                opened,
                opening: 0,
                seen: None,
                material: Handle::default(),
                eye: None,
                dirty: false,
                full: false,
            })
            .add_systems(Update, follow_layers);
        let slots = |app: &App| {
            let tiles = app.world().resource::<TileLayers>();
            tiles.slots.iter().map(|s| (s.gone, s.on, s.root)).collect::<Vec<_>>()
        };
        app.update();
        assert!(slots(&app).is_empty());
        app.world_mut().resource_mut::<LayerState>().replace(catalogue.clone(), with("/nowhere/a.json"));
        app.update();
        app.world_mut().resource_mut::<LayerState>().set_on("mine", false);
        app.update();
        let [(false, false, root)] = slots(&app)[..] else { panic!("{:?}", slots(&app)) };
        assert_eq!(app.world().get::<Visibility>(root), Some(&Visibility::Hidden));
        // Another file under the same layer takes its place; what is not declared goes.
        app.world_mut().resource_mut::<LayerState>().replace(catalogue, with("/nowhere/b.json"));
        app.update();
        assert_eq!(slots(&app).iter().map(|s| s.0).collect::<Vec<_>>(), [true, false]);
        assert!(app.world().get_entity(root).is_err());
        app.world_mut().resource_mut::<LayerState>().replace(Arc::new(Catalogue::shipped()), Arc::default());
        app.update();
        assert!(slots(&app).iter().all(|s| s.0));
    }
}
