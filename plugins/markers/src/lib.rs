//! Live layers on the GPU: sensors, cases, units, trails, routes, closed roads.
//!
//! The room's glue fills [`MarkerScene`] from the picture of the room and raises the version of a
//! part when that part changed; each part is one mesh and one draw, rebuilt only then.
//!
//! **Invariant:** a marker is a row in a column, never an entity. **Invariant:** level is always
//! colour and shape; quality is texture; only an unacknowledged red moves (1 Hz).

pub mod build;
pub mod material;
pub mod pick;
pub mod scene;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;
use guanlan_stage::lines::{LineMaterial, line_mesh};
use guanlan_stage::look::Look;
use guanlan_stage::{Redraw, StageSettings, StageSystems, shaders};

pub use material::MarkerMaterial;
pub use pick::{MarkerHit, pick_marker};
pub use scene::{CaseMark, LevelMark, MarkerScene, Part, QualityMark, SensorMark, UnitMark};

/// The live layers.
pub struct MarkersPlugin;

#[derive(Component, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Lines,
    Sensors,
    Units,
    Cases,
}

/// Versions that are on the screen.
#[derive(Resource, Default)]
struct Shown {
    lines: Option<[u64; 3]>,
    sensors: Option<u64>,
    units: Option<u64>,
    cases: Option<u64>,
}

#[derive(Resource)]
struct Handles {
    lines: Handle<LineMaterial>,
    sensors: Handle<MarkerMaterial>,
    units: Handle<MarkerMaterial>,
    cases: Handle<MarkerMaterial>,
}

impl Plugin for MarkersPlugin {
    fn build(&self, app: &mut App) {
        shaders::add(app, &material::SHADER, include_str!("shaders/markers.wgsl"), "guanlan/markers.wgsl");
        app.add_plugins(MaterialPlugin::<MarkerMaterial>::default())
            .init_resource::<MarkerScene>()
            .init_resource::<Shown>()
            .add_systems(Startup, prepare)
            .add_systems(Update, (repaint, show).chain().in_set(StageSystems::Layers));
    }
}

fn prepare(
    mut commands: Commands,
    look: Res<Look>,
    settings: Res<StageSettings>,
    mut lines: ResMut<Assets<LineMaterial>>,
    mut marks: ResMut<Assets<MarkerMaterial>>,
) {
    let mut of = |order| marks.add(MarkerMaterial::new(settings.theme, order));
    commands.insert_resource(Handles {
        sensors: of(2_000.0),
        units: of(3_000.0),
        cases: of(4_000.0),
        lines: lines.add(LineMaterial { look: *look, order: 1_000.0, on_top: true }),
    });
}

/// Another theme: other colours.
fn repaint(settings: Res<StageSettings>, mut shown: ResMut<Shown>, mut marks: ResMut<Assets<MarkerMaterial>>) {
    if settings.is_changed() && !settings.is_added() {
        shown.lines = None;
        for (_, mark) in marks.iter_mut() {
            *mark = MarkerMaterial::new(settings.theme, mark.order);
        }
    }
}

/// Rebuilds the layers whose version changed.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
fn show(
    mut commands: Commands,
    scene: Res<MarkerScene>,
    settings: Res<StageSettings>,
    handles: Option<Res<Handles>>,
    mut shown: ResMut<Shown>,
    old: Query<(Entity, &Layer)>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let Some(handles) = handles else { return };
    let hz = if scene.breathes() { 10.0 } else { 0.0 };
    if redraw.animate_hz != hz {
        redraw.animate_hz = hz;
    }
    let theme = settings.theme;
    let mut replace = |layer: Layer, mesh: Option<Mesh>, commands: &mut Commands| {
        redraw.scene();
        for (entity, of) in &old {
            if *of == layer {
                commands.entity(entity).despawn();
            }
        }
        let Some(mesh) = mesh else { return };
        let mut entity = commands.spawn((layer, Mesh3d(meshes.add(mesh)), NoFrustumCulling, Transform::IDENTITY));
        match layer {
            Layer::Lines => entity.insert(MeshMaterial3d(handles.lines.clone())),
            Layer::Sensors => entity.insert(MeshMaterial3d(handles.sensors.clone())),
            Layer::Units => entity.insert(MeshMaterial3d(handles.units.clone())),
            Layer::Cases => entity.insert(MeshMaterial3d(handles.cases.clone())),
        };
    };
    let lines = [scene.routes.version, scene.closed_roads.version, scene.units.version];
    if shown.lines != Some(lines) {
        shown.lines = Some(lines);
        let all = build::polylines(&scene, theme);
        replace(Layer::Lines, (!all.is_empty()).then(|| line_mesh(&all)), &mut commands);
    }
    if shown.sensors != Some(scene.sensors.version) {
        shown.sensors = Some(scene.sensors.version);
        replace(Layer::Sensors, build::sensors(&scene.sensors.rows), &mut commands);
    }
    if shown.units != Some(scene.units.version) {
        shown.units = Some(scene.units.version);
        replace(Layer::Units, build::units(&scene.units.rows), &mut commands);
    }
    if shown.cases != Some(scene.cases.version) {
        shown.cases = Some(scene.cases.version);
        replace(Layer::Cases, build::cases(&scene.cases.rows), &mut commands);
    }
}
