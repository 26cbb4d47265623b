//! 3D Tiles streamed by screen-space error: what is looked at is read, what was not looked at for long goes.
//!
//! **Invariant:** a window's frame never waits for a tile: reading, decoding and the making of meshes happen on
//! worker threads, and only a few megabytes are handed to the renderer in one frame. A still waits, because it
//! is taken once. **Invariant:** nothing is computed while neither the eye nor the tiles change.

pub mod cache;
mod follow;
pub mod loader;
pub mod mesh;
pub mod pick;
mod pointed;
pub mod select;
pub mod skins;
mod stream;

use std::sync::Arc;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, unbounded};
use guanlan_city::import::tiles3d::{NO_FEATURE, TileSource, TileTree};
use guanlan_core::Bilingual;

use crate::look::Look;
use crate::{StageSettings, StageSystems, shaders};
use cache::Cache;
use follow::{CITY, Slot};
use loader::Loader;
use mesh::{SHADER, TileMaterial};
use select::{Eye, Selection};

pub use pointed::{HoveredTile, PickedTile, TileHit};

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
        app.add_systems(
            Update,
            (follow::follow_layers, stream::stream, pointed::pick_tile, pointed::hover_tile)
                .chain()
                .in_set(StageSystems::Layers),
        );
    }
}

impl TileLayers {
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
}
