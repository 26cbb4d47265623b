//! Tiles come and go with the eye: a block of prisms opens into its tiles when one of them is near.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use bevy::tasks::{AsyncComputeTaskPool, Task, futures::check_ready};
use guanlan_city::City;

use super::far::FarTile;
use super::lod::{Block, blocks, is_near};
use super::paint::{BuildingPaint, buffer};
use super::{BuildingMaterial, Tile};
use crate::StageSettings;
use crate::camera::CameraRig;
use crate::layers::LayerTag;
use crate::look::Look;
use crate::quality::ResolvedQuality;
use crate::redraw::Redraw;
use crate::screen::StillTarget;

/// Beyond this distance a tile is drawn as prisms where a CPU draws, and where a GPU does, m.
const REACH_M: [f32; 2] = [2200.0, 3000.0];
/// The eye may move this far before tiles are looked at again, m.
const STEP_M: f32 = 20.0;

/// A mesh that is not there, being built, or on the map.
#[derive(Default)]
enum Body {
    #[default]
    None,
    Building(Task<Mesh>),
    Here(Entity),
    /// Nothing to draw.
    Empty,
}

#[derive(Default)]
struct TileState {
    near: bool,
    /// With every face.
    full: Body,
    /// As prisms.
    prisms: Body,
}

struct BlockState {
    block: Arc<Block>,
    tiles: Vec<TileState>,
    /// All of it as prisms.
    whole: Option<Entity>,
    open: bool,
}

/// The town's blocks.
#[derive(Resource)]
pub struct Town {
    city: Arc<City>,
    material: Handle<BuildingMaterial>,
    /// All tiles hang on it, so that the layer's switch is one.
    root: Entity,
    blocks: Vec<BlockState>,
    eye: Option<Vec3>,
    busy: bool,
}

/// What the town as prisms is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prisms {
    /// Blocks.
    pub blocks: usize,
    /// Tiles.
    pub tiles: usize,
    /// Triangles.
    pub triangles: usize,
    /// Vertices.
    pub vertices: usize,
}

/// Spawns the whole town as prisms; what is near follows with [`follow_eye`].
pub fn spawn(
    commands: &mut Commands,
    city: &Arc<City>,
    look: &Look,
    meshes: &mut Assets<Mesh>,
    materials: &mut Assets<BuildingMaterial>,
    buffers: &mut Assets<ShaderBuffer>,
) -> Prisms {
    let paint = buffers.add(buffer(&BuildingPaint::default()));
    let material = materials.add(BuildingMaterial { look: *look, paint, cut: super::is_cut(look) });
    let mut counts = Prisms::default();
    let root = commands.spawn((LayerTag("buildings"), Transform::IDENTITY, Visibility::Inherited)).id();
    let states = blocks(city)
        .into_iter()
        .map(|block| {
            let prisms = FarTile::of(city, &block.numbers());
            counts.blocks += 1;
            counts.tiles += block.tiles.len();
            counts.triangles += prisms.triangles();
            counts.vertices += prisms.len();
            let whole = (!prisms.is_empty()).then(|| {
                let mesh = Mesh3d(meshes.add(prisms.into_mesh()));
                commands.spawn((ChildOf(root), mesh, MeshMaterial3d(material.clone()))).id()
            });
            let tiles = block.tiles.iter().map(|_| TileState::default()).collect();
            BlockState { block: Arc::new(block), tiles, whole, open: false }
        })
        .collect();
    commands.insert_resource(Town { city: city.clone(), material, root, blocks: states, eye: None, busy: false });
    counts
}

/// Builds what came near, shows what is ready and drops what is far.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn follow_eye(
    mut commands: Commands,
    town: Option<ResMut<Town>>,
    rig: Res<CameraRig>,
    quality: Option<Res<ResolvedQuality>>,
    still: Option<Res<StillTarget>>,
    _settings: Res<StageSettings>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let Some(mut town) = town else { return };
    let eye = rig.pose.eye();
    if !town.busy && town.eye.is_some_and(|e| e.distance_squared(eye) < STEP_M * STEP_M) {
        return;
    }
    let town = &mut *town;
    town.eye = Some(eye);
    town.busy = false;
    let reach_m = REACH_M[usize::from(!quality.is_some_and(|q| q.software))];
    let mut changed = false;
    for state in &mut town.blocks {
        let mut any = false;
        for (tile, part) in state.tiles.iter_mut().zip(&state.block.tiles) {
            tile.near = is_near(eye, part.centre, reach_m, tile.near);
            any |= tile.near;
        }
        if !any {
            changed |= state.close(&mut commands);
            continue;
        }
        let mut ready = true;
        for k in 0..state.tiles.len() {
            let near = state.tiles[k].near;
            let body = if near { &mut state.tiles[k].full } else { &mut state.tiles[k].prisms };
            ready &= body.advance(
                || Make { city: town.city.clone(), block: state.block.clone(), tile: k, near },
                still.is_some(),
                |mesh| {
                    let mesh = Mesh3d(meshes.add(mesh));
                    let material = MeshMaterial3d(town.material.clone());
                    commands.spawn((ChildOf(town.root), mesh, material, Visibility::Hidden)).id()
                },
            );
        }
        if ready {
            changed |= state.show(&mut commands);
        } else {
            town.busy = true;
        }
    }
    if changed {
        redraw.scene();
    } else if town.busy {
        redraw.scene_once();
    }
}

/// What a task builds.
struct Make {
    city: Arc<City>,
    block: Arc<Block>,
    tile: usize,
    near: bool,
}

impl Make {
    fn mesh(&self) -> Mesh {
        let numbers = &self.block.tiles[self.tile].numbers;
        if self.near { Tile::of(&self.city, numbers).into_mesh() } else { FarTile::of(&self.city, numbers).into_mesh() }
    }
}

impl Body {
    /// Goes on building; true when there is nothing to wait for. Stills build at once.
    fn advance(&mut self, make: impl FnOnce() -> Make, at_once: bool, spawn: impl FnOnce(Mesh) -> Entity) -> bool {
        let mesh = match self {
            Self::Here(_) | Self::Empty => return true,
            Self::None if at_once => make().mesh(),
            Self::None => {
                let make = make();
                *self = Self::Building(AsyncComputeTaskPool::get().spawn(async move { make.mesh() }));
                return false;
            }
            Self::Building(task) => match check_ready(task) {
                Some(mesh) => mesh,
                None => return false,
            },
        };
        *self = if mesh.count_vertices() == 0 { Self::Empty } else { Self::Here(spawn(mesh)) };
        true
    }

    fn drop_now(&mut self, commands: &mut Commands) -> bool {
        match std::mem::take(self) {
            Self::Here(entity) => {
                commands.entity(entity).despawn();
                true
            }
            // A task that is dropped is cancelled.
            _ => false,
        }
    }
}

impl BlockState {
    /// Everything as prisms again.
    fn close(&mut self, commands: &mut Commands) -> bool {
        let mut changed = false;
        for tile in &mut self.tiles {
            changed |= tile.full.drop_now(commands);
            changed |= tile.prisms.drop_now(commands);
        }
        if std::mem::take(&mut self.open)
            && let Some(whole) = self.whole
        {
            commands.entity(whole).insert(Visibility::Inherited);
            changed = true;
        }
        changed
    }

    /// Tile by tile: what each of them needs is ready.
    fn show(&mut self, commands: &mut Commands) -> bool {
        let mut changed = false;
        for tile in &mut self.tiles {
            let (wanted, other) =
                if tile.near { (&tile.full, &mut tile.prisms) } else { (&tile.prisms, &mut tile.full) };
            let dropped = other.drop_now(commands);
            if (dropped || !self.open)
                && let Body::Here(entity) = wanted
            {
                commands.entity(*entity).insert(Visibility::Inherited);
                changed = true;
            }
        }
        if !std::mem::replace(&mut self.open, true)
            && let Some(whole) = self.whole
        {
            commands.entity(whole).insert(Visibility::Hidden);
            changed = true;
        }
        changed
    }
}
