//! The 3D twin: ground, buildings, roads, water, camera, picking, stills, window.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use guanlan_stage::{StagePlugin, still};
//! # fn main() -> Result<(), still::StillError> {
//! let city = Arc::new(guanlan_city::City::default());
//! still::run(|app| { app.add_plugins(StagePlugin::new(city)); }, &still::StillSpec::to_file(1920, 1080, "city.png"))?;
//! # Ok(()) }
//! ```
//!
//! **Invariant:** every colour comes from `guanlan_core::theme`. **Invariant:** nothing here knows
//! a room; live layers come through [`FloodWater`] and crate `markers`. **Invariant:** static
//! geometry is built once from the [`City`]; a frame touches no asset unless something changed.
//!
//! Terminology: *scene* is the renderer's frame (see [`frame`]); *rig* is the camera as numbers;
//! *lens* is the window with the part that panels leave free.

pub mod areas;
pub mod barriers;
pub mod bench;
pub mod buildings;
pub mod camera;
pub mod compare;
pub mod cones;
pub mod device;
pub mod flood;
pub mod frame;
pub mod furniture;
pub mod ground;
pub mod layers;
pub mod light;
pub mod lines;
pub mod look;
pub mod material;
pub mod pick;
pub mod quality;
pub mod railways;
pub mod redraw;
pub mod scene;
pub mod screen;
pub mod shaders;
pub mod sight;
pub mod solid;
pub mod still;
pub mod theme;
pub mod things;
pub mod tiles3d;
pub mod told;
pub mod underground;
pub mod weather;
pub mod window;

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::error_handler::{RenderErrorHandler, RenderErrorPolicy};
use guanlan_city::City;
use guanlan_core::theme::Theme;
pub use image;

pub use areas::{AreaStyle, Figure};
pub use camera::{CameraPose, CameraRig, FlyTo, NamedView, Views};
pub use compare::{Compare, CompareView, Divider, Side};
pub use cones::{SeenField, SeenFields};
pub use flood::{FloodFlow, FloodPeaks, FloodStyle, FloodWater, FlowField, GpuWater, WaterOnDevice};
pub use ground::heights::Ground;
pub use light::{SceneClock, clock::ShowInstant};
pub use look::Look;
pub use pick::{Highlight, PickTarget, Picked};
pub use quality::Quality;
pub use redraw::{Ambient, Redraw};
pub use screen::{MainCamera, MapLens, MapViewport, ScreenCamera};
pub use theme::ThemeChoice;
pub use things::Thing;
pub use tiles3d::{HoveredTile, PickedTile, TileLayers};
pub use told::WaterTold;
pub use underground::{DrainFill, PumpState, Underground};
pub use weather::{Rain, RainField};

/// The whole stage over one city.
pub struct StagePlugin {
    /// What stands in the city.
    pub city: Arc<City>,
    /// How much a frame may cost.
    pub quality: Quality,
    /// Colours.
    pub theme: Theme,
    /// Theme file whose changes are shown.
    pub theme_file: Option<std::path::PathBuf>,
}

impl StagePlugin {
    /// A stage with automatic quality in the dark theme.
    #[must_use]
    pub fn new(city: Arc<City>) -> Self {
        Self { city, quality: Quality::Auto, theme: Theme::CommandDark, theme_file: None }
    }

    /// A stage in the theme of this name, or of this file, which is then followed.
    ///
    /// # Errors
    /// [`theme::ThemeError`] when the file is no theme that people can read.
    pub fn themed(city: Arc<City>, theme: Option<&str>) -> Result<Self, theme::ThemeError> {
        let choice = theme.map_or(ThemeChoice::default(), ThemeChoice::of);
        let theme = choice.open()?;
        let theme_file = if let ThemeChoice::File(path) = choice { Some(path) } else { None };
        Ok(Self { theme, theme_file, ..Self::new(city) })
    }
}

/// The stage's choices, constant while it runs.
#[derive(Resource, Clone)]
pub struct StageSettings {
    /// The city shown.
    pub city: Arc<City>,
    /// What was asked for.
    pub quality: Quality,
    /// Colours.
    pub theme: Theme,
}

/// True while a panel has the pointer: the map ignores it.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointerCaptured(pub bool);

/// True while a text field has the keyboard: the map ignores it.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyboardCaptured(pub bool);

/// Order of the stage's systems in `Update`.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageSystems {
    /// Window size and free part.
    Lens,
    /// Mouse and keys become camera moves and picks.
    Input,
    /// Flights.
    Camera,
    /// Layers follow their data.
    Layers,
    /// The camera is put in place; what has to be drawn is decided.
    Apply,
}

impl Plugin for StagePlugin {
    fn build(&self, app: &mut App) {
        // Nothing here casts a shadow map: Bevy's own would hold 33 MB of depth that nobody reads.
        app.insert_resource(bevy::light::DirectionalLightShadowMap { size: 1 })
            .insert_resource(bevy::light::PointLightShadowMap { size: 1 });
        device::lean_meshes(app);
        shaders::add_all(app);
        if let Some(path) = &self.theme_file {
            app.add_plugins(theme::ThemeFilePlugin(path.clone()));
        }
        let ground = Ground::new(&self.city);
        let views = camera::views::from_city(&self.city, &ground);
        let parts = furniture::PartIndex::new(&self.city, &ground);
        let home = views.0.first().map(|v| v.pose).unwrap_or_default();
        scene::add_materials(app);
        app.add_plugins((buildings::plugin, compare::plugin, flood::upload::plugin, flood::gpu::plugin));
        app.add_plugins(MaterialPlugin::<screen::ScreenMaterial>::default());
        app.insert_resource(StageSettings { city: self.city.clone(), quality: self.quality, theme: self.theme })
            .insert_resource(Look::new(self.theme, self.city.extent))
            .insert_resource(pick::BuildingIndex::new(&self.city))
            .insert_resource(ground)
            .insert_resource(views)
            .insert_resource(CameraRig { pose: home, home })
            .insert_resource(RenderErrorHandler(on_render_error))
            .init_resource::<camera::flight::InFlight>()
            .init_resource::<camera::input::Bookmarks>()
            .init_resource::<camera::input::Gesture>()
            .insert_resource(SceneClock::over(&self.city))
            .init_resource::<FloodWater>()
            .init_resource::<FloodFlow>()
            .init_resource::<FloodStyle>()
            .init_resource::<GpuWater>()
            .init_resource::<flood::FloodPeaks>()
            .init_resource::<Rain>()
            .init_resource::<Underground>()
            .init_resource::<DrainFill>()
            .init_resource::<WaterTold>()
            .init_resource::<told::Ahead>()
            .init_resource::<AreaStyle>()
            .init_resource::<cones::SeenFields>()
            .insert_resource(parts)
            .init_resource::<ground::near::NearPainting>()
            .init_resource::<Highlight>()
            .init_resource::<MapViewport>()
            .init_resource::<MapLens>()
            .init_resource::<PointerCaptured>()
            .init_resource::<KeyboardCaptured>()
            .init_resource::<Redraw>()
            .add_message::<FlyTo>()
            .add_message::<Picked>();
        app.configure_sets(
            Update,
            (StageSystems::Lens, StageSystems::Input, StageSystems::Camera, StageSystems::Layers, StageSystems::Apply)
                .chain(),
        );
        app.configure_sets(Update, scene::LookFollows.in_set(StageSystems::Layers));
        app.add_plugins(tiles3d::TilesPlugin);
        app.add_systems(Startup, (screen::spawn_cameras, scene::build, light::sky::spawn).chain());
        app.add_systems(
            Update,
            (
                screen::follow_window.in_set(StageSystems::Lens),
                (camera::input::steer, underground::key).in_set(StageSystems::Input),
                camera::flight::fly.in_set(StageSystems::Camera),
                (told::spread, told::paint_impact).after(StageSystems::Camera).before(StageSystems::Layers),
                (
                    flood::show_water,
                    flood::keep_flowing,
                    weather::keep_falling.after(weather::show_rain),
                    underground::keep_pumping,
                    ground::near::follow_focus,
                )
                    .in_set(StageSystems::Layers),
                // What takes its colours from the theme, after the look has them.
                (
                    scene::show_bodies,
                    railways::show,
                    areas::show,
                    cones::show,
                    furniture::follow_focus,
                    light::lamps::show.after(underground::show),
                )
                    .after(light::clock::follow_clock)
                    .in_set(StageSystems::Layers),
                (
                    light::clock::follow_clock,
                    weather::show_rain,
                    underground::show,
                    pick::show_highlight,
                    ground::choose_shader.after(ground::near::follow_focus),
                )
                    .chain()
                    .before(scene::LookFollows)
                    .in_set(StageSystems::Layers),
                screen::apply_rig.in_set(StageSystems::Apply),
            ),
        );
    }
}

/// Stills draw every update.
pub(crate) fn keep_drawing(app: &mut App) {
    app.add_systems(Update, (|mut redraw: ResMut<Redraw>| redraw.scene()).in_set(StageSystems::Lens));
}

/// A lost device is found again; anything else stops the drawing and leaves the program running,
/// because a wall must not flash and the room behind it must not die.
fn on_render_error<'a>(
    error: &'a bevy::render::error_handler::RenderError,
    _: &'a mut World,
    _: &'a mut World,
) -> RenderErrorPolicy {
    use bevy::render::error_handler::ErrorType;
    match error.ty {
        ErrorType::DeviceLost => {
            tracing::warn!("graphics device lost, starting it again: {}", error.description);
            RenderErrorPolicy::Recover(device::wgpu_settings().into())
        }
        _ => {
            tracing::error!("drawing stopped: {:?} {}", error.ty, error.description);
            RenderErrorPolicy::StopRendering
        }
    }
}
