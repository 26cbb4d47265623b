//! The operator's desk: what is wrong, where, how bad, who goes, by when — and the hands to act.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn run(timelines: Arc<guanlan_room::Timelines>) {
//! use guanlan_core::Lang;
//! use guanlan_markers::MarkersPlugin;
//! use guanlan_panels::{PanelsPlugin, Preset};
//! use guanlan_stage::{StagePlugin, window};
//! let city = timelines.config().city.clone();
//! window::run(&window::WindowSpec::default(), |app| {
//!     app.add_plugins((
//!         StagePlugin::new(city),
//!         MarkersPlugin,
//!         PanelsPlugin { timelines, lang: Lang::Zh, scale: 1.0, demo: true, preset: Preset::Desk },
//!     ));
//! });
//! # }
//! ```
//!
//! The same plugin draws on a still (`guanlan_stage::still`).
//!
//! **Invariant:** a panel is a function from a value to egui and a list of [`UiAction`]s; values are pure functions of a
//! picture. **Invariant:** every command goes through the room's door with the seat taken; what is shown comes back
//! from the room. **Invariant:** what a screen says is in both languages of `assets/i18n`.
//!
//! Terminology: a *view model* (vm) is the value a panel shows; a *seat* is the role a person plays; the *desk* is what
//! this screen remembers.

pub mod action;
pub mod apply;
pub mod camera;
mod clicks;
mod comparing;
pub mod counting;
mod draw;
mod fill;
#[cfg(test)]
mod fixture;
pub mod glue;
mod keys;
pub mod labels;
pub mod layout;
pub mod look;
mod look_in;
#[cfg(test)]
mod looking;
pub mod past;
pub mod poses;
pub mod rooms;
pub mod seen;
mod sound;
pub mod state;
pub mod subject;
pub mod tools;
mod tour;
pub mod ui;
pub mod values;
pub mod vm;
mod wake;
mod walk;
pub mod words;

use std::sync::Arc;

use bevy::prelude::*;
use bevy_egui::{
    EguiContext, EguiGlobalSettings, EguiPlugin, EguiPostUpdateSet, EguiPreUpdateSet, EguiPrimaryContextPass,
    PrimaryEguiContext,
};
use guanlan_core::Lang;
use guanlan_markers::MarkerScene;
use guanlan_room::Timelines;
use guanlan_stage::layers::LayersPlugin;
use guanlan_stage::{Ground, ScreenCamera, StageSettings, StageSystems};

pub use action::UiAction;
pub use layout::Preset;
pub use state::Desk;

use crate::{
    camera::Pictures,
    counting::Counting,
    glue::MarkerIds,
    labels::show::LabelBook,
    rooms::{Rooms, Shown},
    subject::RoadIndex,
    values::Made,
    words::tr,
};

/// The panels over a stage with markers.
pub struct PanelsPlugin {
    /// The rooms of the program.
    pub timelines: Arc<Timelines>,
    /// Language to begin with.
    pub lang: Lang,
    /// Size factor of panels and text on top of the window's own.
    pub scale: f32,
    /// The city is a demonstration: every picture says so.
    pub demo: bool,
    /// Arrangement to begin with.
    pub preset: Preset,
}

/// The pictures of this frame.
#[derive(Resource, Default)]
pub struct Showing(pub Option<Shown>);

impl Plugin for PanelsPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<EguiPlugin>() {
            // No arrays of textures: panels have a handful, and which of an array is taken hangs on a number given with each
            // draw. Mesa's software Vulkan makes such a shader anew for every draw and keeps each of them (0.2 MB a frame).
            app.add_plugins(EguiPlugin { bindless_mode_array_size: None, ..EguiPlugin::default() });
        }
        app.world_mut().resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
        let city = &self.timelines.config().city;
        let ground = Ground::new(city);
        if !app.is_plugin_added::<LayersPlugin>() {
            app.add_plugins(LayersPlugin::default());
        }
        app.insert_resource(labels::names(city, &ground))
            .insert_resource(Counting::new(city))
            .insert_resource(RoadIndex::new(city))
            .init_resource::<LabelBook>()
            .init_resource::<Pictures>()
            .insert_resource(Rooms::new(self.timelines.clone()))
            .insert_resource(Desk::new(self.lang, self.scale, self.demo, self.preset))
            .init_resource::<MarkerIds>()
            .init_resource::<Made>()
            .init_resource::<clicks::Asked>()
            .init_resource::<past::Past>()
            .init_resource::<Showing>()
            .init_resource::<seen::Pointed>()
            .init_resource::<MarkerScene>()
            // Glyphs that are new in a frame reach the texture in that frame, not one later.
            .configure_sets(PostUpdate, EguiPostUpdateSet::PostProcessOutput.before(bevy::asset::AssetEventSystems))
            .add_systems(Startup, wake::listen)
            .add_systems(PreUpdate, attach.before(EguiPreUpdateSet::InitContexts))
            .add_systems(
                Update,
                (
                    look_in::look_at_rooms,
                    comparing::follow,
                    counting::count,
                    walk::areas_shown,
                    look_in::layers_told,
                    keys::keys,
                    clicks::picked,
                    tour::tour,
                    fill::fill,
                )
                    .chain()
                    .after(StageSystems::Input)
                    .before(StageSystems::Layers),
            )
            .add_systems(Update, (seen::follow, seen::mark).after(clicks::picked).before(StageSystems::Layers))
            .add_systems(Update, (follow_theme, sound::hear.after(look_in::look_at_rooms)))
            .add_systems(EguiPrimaryContextPass, draw::draw);
    }
}

/// Panels are drawn on the camera that is seen. Fonts go in before the first pass.
fn attach(mut commands: Commands, cameras: Query<Entity, (With<ScreenCamera>, Without<EguiContext>)>) {
    for camera in &cameras {
        let mut context = EguiContext::default();
        context.get_mut().set_fonts(look::fonts());
        commands.entity(camera).insert((context, PrimaryEguiContext));
    }
}

/// Panels wear the stage's colours.
fn follow_theme(settings: Res<StageSettings>, mut desk: ResMut<Desk>) {
    if settings.is_changed() && desk.look.theme != settings.theme {
        desk.look.theme = settings.theme;
    }
}

/// The words of a key in a language, for the program around the panels.
#[must_use]
pub fn words(lang: Lang, key: &'static str) -> &'static str {
    tr(lang, key)
}
