//! The shaders, carried inside the program so that it works wherever it is moved.

use bevy::asset::{Handle, uuid_handle};
use bevy::prelude::*;
use bevy::shader::Shader;

/// Shared functions.
pub const LOOK: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0001");
/// Ground.
pub const GROUND: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0002");
/// Buildings.
pub const BUILDINGS: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0003");
/// Bridges and landmarks.
pub const SOLID: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0004");
/// Lines of constant width on the screen.
pub const LINES: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0005");
/// Flood water.
pub const FLOOD: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0006");
/// The 3D picture on the window.
pub const SCREEN: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0007");

/// Adds one shader under a fixed handle.
pub fn add(app: &mut App, handle: &Handle<Shader>, source: &'static str, name: &'static str) {
    if !app.world().contains_resource::<Assets<Shader>>() {
        app.init_asset::<Shader>();
    }
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    if let Err(error) = shaders.insert(handle.id(), Shader::from_wgsl(source, name)) {
        tracing::error!("shader {name} was not accepted: {error}");
    }
}

/// Adds every shader of the stage.
pub fn add_all(app: &mut App) {
    add(app, &LOOK, include_str!("shaders/look.wgsl"), "guanlan/look.wgsl");
    add(app, &GROUND, include_str!("shaders/ground.wgsl"), "guanlan/ground.wgsl");
    add(app, &BUILDINGS, include_str!("shaders/buildings.wgsl"), "guanlan/buildings.wgsl");
    add(app, &SOLID, include_str!("shaders/solid.wgsl"), "guanlan/solid.wgsl");
    add(app, &LINES, include_str!("shaders/lines.wgsl"), "guanlan/lines.wgsl");
    add(app, &FLOOD, include_str!("shaders/flood.wgsl"), "guanlan/flood.wgsl");
    add(app, &SCREEN, include_str!("shaders/screen.wgsl"), "guanlan/screen.wgsl");
}
