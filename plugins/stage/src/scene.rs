//! Builds everything static once, and keeps the materials' look up to date.

use std::time::Instant;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;

use crate::StageSettings;
use crate::buildings::{self, BuildingMaterial};
use crate::flood::{FloodMaterial, Waters};
use crate::ground::heights::{Ground, HeightGrid};
use crate::ground::paint::{Canvas, paint};
use crate::ground::{GroundMaterial, relief, terrain_mesh};
use crate::layers::LayerTag;
use crate::light::lamps::LampMaterial;
use crate::light::sky::SkyMaterial;
use crate::lines::LineMaterial;
use crate::look::Look;
use crate::quality::ResolvedQuality;
use crate::screen::StillTarget;
use crate::solid::{self, SolidMaterial};
use crate::underground::PipeMaterial;
use crate::weather::RainMaterial;

/// Counts of what was built, for logs and tests.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct SceneStats {
    /// Triangles of the terrain.
    pub terrain_triangles: usize,
    /// Buildings as they are seen from far.
    pub prisms: buildings::stream::Prisms,
    /// Time to build everything, ms.
    pub build_ms: f64,
}

/// Largest side of the ground painting, px; and where a CPU draws a window, whose 3D is smaller and whose textures are
/// the program's own memory.
const PAINTING_PX: [usize; 2] = [3072, 2048];

/// Ground, buildings and the flood's material.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn build(
    mut commands: Commands,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut grounds: ResMut<Assets<GroundMaterial>>,
    mut walls: ResMut<Assets<BuildingMaterial>>,
    mut waters: ResMut<Assets<FloodMaterial>>,
    mut paints: ResMut<Assets<ShaderBuffer>>,
    (quality, still): (Option<Res<ResolvedQuality>>, Option<Res<StillTarget>>),
) {
    let begun = Instant::now();
    let city = &settings.city;
    let mut stats = SceneStats::default();

    let grid = HeightGrid::sample(city, &ground, 1025, 1500.0);
    let relief = relief::of(city);
    // Land of which only the heights are known ends where they do.
    let measured = |east: f32, north: f32| ground.is_measured(east, north);
    let terrain = terrain_mesh(&grid, (relief.w > 0.0).then_some(&measured as &dyn Fn(f32, f32) -> bool));
    stats.terrain_triangles = terrain.indices().map_or(0, |i| i.len() / 3);
    let small = quality.is_some_and(|q| q.window_scale < 1.0) && still.is_none();
    let painting = paint(city, &ground, &Canvas::whole(city, PAINTING_PX[usize::from(small)]));
    let material = GroundMaterial::new(*look, painting, relief, &mut images);
    let ground_mesh = Mesh3d(meshes.add(terrain));
    commands.spawn((LayerTag("terrain"), ground_mesh, MeshMaterial3d(grounds.add(material)), NoFrustumCulling));

    stats.prisms = buildings::spawn(&mut commands, city, &look, &mut meshes, &mut walls, &mut paints);

    commands.insert_resource(Waters::new(&look, &mut images, &mut waters));
    stats.build_ms = begun.elapsed().as_secs_f64() * 1000.0;
    tracing::info!(?stats, "scene built");
    commands.insert_resource(stats);
}

/// Bridges and landmarks: their colours come from the theme.
#[derive(Component)]
pub(crate) struct Bodies;

/// Builds bridges and landmarks, again when the theme changes.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show_bodies(
    mut commands: Commands,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    old: Query<Entity, With<Bodies>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<crate::Redraw>,
) {
    if !settings.is_changed() {
        return;
    }
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let bodies = solid::build(&settings.city, &ground, &look);
    if !bodies.is_empty() {
        let material = solids.add(SolidMaterial { look: *look, ghost: false, layer: crate::solid::layer::LANDMARKS });
        let mesh = Mesh3d(meshes.add(bodies.into_mesh()));
        commands.spawn((Bodies, LayerTag("landmarks"), mesh, MeshMaterial3d(material)));
    }
}

/// A material that draws with the shared look.
pub trait Looks: Asset {
    /// Its copy of the look.
    fn look_mut(&mut self) -> &mut Look;

    /// Takes a changed look.
    fn take_look(&mut self, look: &Look) {
        *self.look_mut() = *look;
    }
}

impl Looks for BuildingMaterial {
    fn look_mut(&mut self) -> &mut Look {
        &mut self.look
    }
    fn take_look(&mut self, look: &Look) {
        self.look = *look;
        self.cut = buildings::is_cut(look);
    }
}

impl Looks for GroundMaterial {
    fn look_mut(&mut self) -> &mut Look {
        &mut self.look
    }
    fn take_look(&mut self, look: &Look) {
        self.look = *look;
        self.faded = look.under.x * look.fade_more.x < 0.996;
    }
}

macro_rules! looks {
    ($($material:ty),+; $($own:ty),+) => {
        $(impl Looks for $material {
            fn look_mut(&mut self) -> &mut Look {
                &mut self.look
            }
        })+

        /// Adds what every material of the stage needs: itself, and that it follows the look.
        pub(crate) fn add_materials(app: &mut App) {
            $(app.add_plugins(MaterialPlugin::<$material>::default());
            follow_look_with::<$material>(app);)+
            $(app.add_plugins(MaterialPlugin::<$own>::default());
            follow_look_with::<$own>(app);)+
        }
    };
}

looks!(
    SolidMaterial, LineMaterial, FloodMaterial, SkyMaterial, LampMaterial, RainMaterial, PipeMaterial;
    GroundMaterial, BuildingMaterial
);

/// From now on this material follows the look (theme, hour, weather, selection). For materials of other crates, too.
pub fn follow_look_with<M: Looks>(app: &mut App) {
    app.add_systems(Update, follow_look::<M>.in_set(LookFollows));
}

/// The systems that hand a changed look to the materials: they come after everything that changes it.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LookFollows;

fn follow_look<M: Looks>(look: Res<Look>, mut materials: ResMut<Assets<M>>, mut redraw: ResMut<crate::Redraw>) {
    if look.is_changed() {
        redraw.scene();
        materials.iter_mut().for_each(|(_, material)| material.take_look(&look));
    }
}
