//! Layers: a catalogue file says what can be shown, whose it is and what its marks mean; [`LayerState`] says what is
//! shown.
//!
//! **Invariant:** a bad file changes nothing. **Invariant:** no egui here: the tree is drawn by crate `panels`.

pub mod areas;
pub mod cameras;
pub mod catalogue;
mod fade;
pub mod follow;
pub mod paint;
pub mod state;
pub mod tag;
pub mod user;

use std::path::PathBuf;

use bevy::prelude::*;
use guanlan_city::City;
use guanlan_geography::LocalFrame;

pub use areas::{AreaFigure, AreaFigures, AreaTree};
pub use cameras::{Camera, CameraAddresses, Cameras};
pub use catalogue::{Catalogue, CatalogueError, Layer, schema};
pub use state::LayerState;
pub use tag::LayerTag;

use crate::{StageSettings, StageSystems};

/// Layers over a stage.
#[derive(Default)]
pub struct LayersPlugin {
    /// The layer file; the shipped catalogue when absent. Check it with [`follow::load`] before: what is wrong here is
    /// only logged, and the shipped catalogue stands in.
    pub file: Option<PathBuf>,
}

/// The local frame of a city.
#[must_use]
pub fn frame_of(city: &City) -> LocalFrame {
    LocalFrame::new(city.epsg, city.origin)
}

impl Plugin for LayersPlugin {
    fn build(&self, app: &mut App) {
        let Some(settings) = app.world().get_resource::<StageSettings>() else {
            tracing::error!("LayersPlugin needs StagePlugin before it");
            return;
        };
        let city = settings.city.clone();
        let frame = frame_of(&city);
        let written = self.file.as_deref().and_then(follow::written);
        let loaded = follow::load(self.file.as_deref(), &frame).unwrap_or_else(|error| {
            tracing::error!("{error}");
            follow::load(None, &frame).unwrap_or_default()
        });
        let mut state = LayerState::new(loaded.catalogue.clone());
        state.user = loaded.user;
        if let Some(file) = &self.file {
            app.insert_resource(follow::Watch::start(file.clone(), frame, loaded.catalogue, written));
        }
        app.insert_resource(state)
            .insert_resource(AreaTree::new(&city))
            .init_resource::<AreaFigures>()
            .init_resource::<Cameras>()
            .init_resource::<user::draw::OnStage>()
            .add_systems(
                Update,
                (
                    follow::follow_file,
                    (follow::follow_cameras, tag::follow_tags, fade::follow_paint, user::draw::show_user_layers),
                )
                    .chain()
                    .after(StageSystems::Camera)
                    .before(StageSystems::Layers),
            );
    }
}
