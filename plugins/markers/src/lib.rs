//! Live layers on the GPU: sensors, cases, units, trails, routes, closed roads, share rings, heat map.
//!
//! The room's glue fills [`MarkerScene`] from the picture of the room. Marks are rows of columns; a frame uploads
//! the chunks that changed, and each layer is one draw whatever it holds.
//!
//! **Invariant:** a marker is a row in a column, never an entity. **Invariant:** level is always colour and shape;
//! quality is texture; only an unacknowledged red moves (1 Hz). **Invariant:** a crowd becomes share rings by one
//! decision per wall; nothing red disappears in them.

pub mod column;
pub mod crowd;
pub mod digits;
pub mod gpu;
pub mod grid;
pub mod heat;
pub mod layers;
pub mod lines;
pub mod pack;
pub mod pick;
pub mod scene;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;
use guanlan_stage::camera::rig::FOV_DEG;
use guanlan_stage::lines::{LineMaterial, line_mesh};
use guanlan_stage::look::Look;
use guanlan_stage::quality::ResolvedQuality;
use guanlan_stage::{CameraRig, MapLens, Picked, Redraw, StageSettings, StageSystems};

use column::Reader;
use crowd::Eye;

pub use crowd::{CellKey, Crowd, CrowdLayer, Crowds, Lod, Ring};
pub use pick::{MarkerHit, pick_marker};
pub use scene::{CaseMark, LevelMark, MarkerScene, Part, QualityMark, SensorMark, Strengths, Style, UnitMark};

/// The live layers.
pub struct MarkersPlugin;

/// The lines on the screen.
#[derive(Component)]
struct Lines;

/// What is on the screen.
#[derive(Resource, Default)]
struct Shown {
    lines: Option<([u64; 3], [u32; 3])>,
    show: Strengths,
    style: Style,
    units_ms: u32,
}

#[derive(Resource)]
struct LineHandle(Handle<LineMaterial>);

impl Plugin for MarkersPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<MarkerScene>()
            .init_resource::<Shown>()
            .add_plugins(gpu::plugin)
            .add_systems(Startup, prepare)
            .add_systems(PreUpdate, clock)
            .add_systems(Update, (open_rings, layers::follow, show_lines, follow).chain().in_set(StageSystems::Layers));
    }
}

fn prepare(mut commands: Commands, look: Res<Look>, mut lines: ResMut<Assets<LineMaterial>>) {
    let material = LineMaterial { look: *look, order: 1_000.0, on_top: true };
    commands.insert_resource(LineHandle(lines.add(material)));
}

/// The scene's clock goes on; crews glide where a GPU draws.
fn clock(mut scene: ResMut<MarkerScene>, time: Res<Time<Real>>, quality: Option<Res<ResolvedQuality>>) {
    let scene = scene.bypass_change_detection();
    scene.now_ms = scene.held_ms.unwrap_or((time.elapsed().as_millis() & u128::from(u32::MAX)) as u32);
    if let Some(quality) = quality.filter(|q| q.is_changed()) {
        scene.units.glide = !quality.software;
    }
}

/// A ring that is clicked opens in place; where it was, its marks stand.
fn open_rings(
    mut clicks: MessageReader<Picked>,
    mut scene: ResMut<MarkerScene>,
    rig: Res<CameraRig>,
    lens: Res<MapLens>,
) {
    for click in clicks.read() {
        if let Some(MarkerHit::Ring(layer, key)) = pick_marker(&scene, &rig, &lens, click.cursor_px) {
            scene.crowds.of_mut(layer).toggle(key);
        }
    }
}

/// Brings crowds up to date and says whether the picture is due.
fn follow(mut scene: ResMut<MarkerScene>, mut shown: ResMut<Shown>, rig: Res<CameraRig>, mut redraw: ResMut<Redraw>) {
    let scene = scene.bypass_change_detection();
    let shown = &mut *shown;
    let pose = rig.pose;
    let mut eye = Eye::new(pose.distance_m, pose.pitch_deg, FOV_DEG);
    eye.place = Some((guanlan_stage::frame::to_city(pose.eye()), pose.distance_m));
    let changed = scene.sensors.place.changed(Reader::Gpu)
        || scene.sensors.state.changed(Reader::Gpu)
        || scene.cases.place.changed(Reader::Gpu)
        || scene.cases.state.changed(Reader::Gpu)
        || scene.units.motion.changed(Reader::Gpu)
        || scene.units.state.changed(Reader::Gpu)
        || scene.show != shown.show
        || scene.style != shown.style;
    let crowds = crowd::update(scene, &eye, &mut shown.units_ms);
    if changed || crowds {
        (shown.show, shown.style) = (scene.show, scene.style);
        // Columns reach the GPU in the frame that reads them: one frame shows it all.
        redraw.scene_once();
    }
    let hz = match (scene.moves(), scene.breathes()) {
        (true, _) => 30.0,
        (false, true) => 10.0,
        (false, false) => 0.0,
    };
    if redraw.animate_hz != hz {
        redraw.animate_hz = hz;
    }
}

#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
/// Rebuilds the lines when one of them changed: they are few.
fn show_lines(
    mut commands: Commands,
    scene: Res<MarkerScene>,
    settings: Res<StageSettings>,
    handle: Option<Res<LineHandle>>,
    mut shown: ResMut<Shown>,
    old: Query<Entity, With<Lines>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let Some(handle) = handle else { return };
    let versions = [scene.routes.version, scene.closed_roads.version, scene.units.trails.version];
    let show = scene.show;
    let wanted = Some((versions, [show.closed_roads, show.routes, show.trails].map(f32::to_bits)));
    // Another theme has other colours.
    let repainted = settings.is_changed() && !settings.is_added();
    if shown.lines == wanted && !repainted {
        return;
    }
    shown.lines = wanted;
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let all = lines::polylines(&scene, settings.theme);
    if !all.is_empty() {
        let mesh = meshes.add(line_mesh(&all));
        commands.spawn((Lines, Mesh3d(mesh), MeshMaterial3d(handle.0.clone()), NoFrustumCulling, Transform::IDENTITY));
    }
}
