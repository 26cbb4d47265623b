//! The shaders, carried inside the program so that it works wherever it is moved.
//!
//! `GUANLAN_SHADERS=<folder>` reads shaders of the same names from a folder instead: for work on the look.

use bevy::asset::{Handle, uuid_handle};
use bevy::prelude::*;
use bevy::shader::Shader;

/// Shared functions.
pub const LOOK: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0001");
/// Chance by place.
pub const NOISE: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c000d");
/// Lines as ribbons.
pub const RIBBON: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c000e");
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

/// The sky.
pub const SKY: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0008");
/// Streaks of rain.
pub const RAIN: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0009");
/// Street light.
pub const LAMPS: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c000f");
/// Pipes, shafts, pumps.
pub const PIPES: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c000a");

/// The source of a shader: of the folder that `GUANLAN_SHADERS` names if it is there, else the program's own.
fn source(carried: &'static str, name: &str) -> std::borrow::Cow<'static, str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let folder = std::env::var_os("GUANLAN_SHADERS");
    let read = folder.and_then(|folder| std::fs::read_to_string(std::path::Path::new(&folder).join(file)).ok());
    read.map_or(carried.into(), Into::into)
}

/// Adds one shader under a fixed handle.
pub fn add(app: &mut App, handle: &Handle<Shader>, carried: &'static str, name: &'static str) {
    if !app.world().contains_resource::<Assets<Shader>>() {
        app.init_asset::<Shader>();
    }
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    if let Err(error) = shaders.insert(handle.id(), Shader::from_wgsl(source(carried, name), name)) {
        tracing::error!("shader {name} was not accepted: {error}");
    }
}

/// Adds every shader of the stage.
pub fn add_all(app: &mut App) {
    add(app, &LOOK, include_str!("shaders/look.wgsl"), "guanlan/look.wgsl");
    add(app, &NOISE, include_str!("shaders/noise.wgsl"), "guanlan/noise.wgsl");
    add(app, &RIBBON, include_str!("shaders/ribbon.wgsl"), "guanlan/ribbon.wgsl");
    add(app, &GROUND, include_str!("shaders/ground.wgsl"), "guanlan/ground.wgsl");
    add(app, &BUILDINGS, include_str!("shaders/buildings.wgsl"), "guanlan/buildings.wgsl");
    add(app, &SOLID, include_str!("shaders/solid.wgsl"), "guanlan/solid.wgsl");
    add(app, &LINES, include_str!("shaders/lines.wgsl"), "guanlan/lines.wgsl");
    add(app, &FLOOD, include_str!("shaders/flood.wgsl"), "guanlan/flood.wgsl");
    add(app, &SKY, include_str!("shaders/sky.wgsl"), "guanlan/sky.wgsl");
    add(app, &LAMPS, include_str!("shaders/lamps.wgsl"), "guanlan/lamps.wgsl");
    add(app, &RAIN, include_str!("shaders/rain.wgsl"), "guanlan/rain.wgsl");
    add(app, &PIPES, include_str!("shaders/pipes.wgsl"), "guanlan/pipes.wgsl");
    add(app, &SCREEN, include_str!("shaders/screen.wgsl"), "guanlan/screen.wgsl");
}
