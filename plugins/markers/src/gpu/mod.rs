//! The live layers on the GPU: columns in storage buffers, one draw for each layer, a pass of their own.
//!
//! **Invariant:** no mesh, no asset and no entity per mark; a frame uploads the chunks that changed and nothing
//! else. **Invariant:** what is drawn over what is decided by rank in a depth buffer of its own, not by order.

pub mod buffers;
pub mod pass;
pub mod pipelines;
pub mod scatter;
pub mod splat;
pub mod sync;
pub mod wall;

use bevy::core_pipeline::Core3dSystems;
use bevy::core_pipeline::core_3d::main_transparent_pass_3d;
use bevy::core_pipeline::schedule::Core3d;
use bevy::prelude::*;
use bevy::render::extract_component::{ExtractComponent, ExtractComponentPlugin};
use bevy::render::{ExtractSchedule, Render, RenderApp, RenderStartup, RenderSystems};
use guanlan_stage::compare::OtherCamera;
use guanlan_stage::{Divider, MainCamera, shaders};

use pipelines::Shaders;

/// A camera that sees the live layers.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, ExtractComponent)]
pub struct MarkerView {
    /// Share of the picture's width beyond which another view is shown: no mark is drawn there.
    pub until: Option<f32>,
}

/// Adds the layers to the renderer; without a renderer nothing happens.
pub fn plugin(app: &mut App) {
    for (handle, source, name) in Shaders::sources() {
        shaders::add(app, &handle, source, name);
    }
    app.add_plugins(ExtractComponentPlugin::<MarkerView>::default());
    app.add_systems(PreUpdate, attach).add_systems(PostUpdate, keep_left);
    let Some(render) = app.get_sub_app_mut(RenderApp) else { return };
    render
        .add_systems(RenderStartup, sync::begin)
        .add_systems(ExtractSchedule, sync::sync.run_if(resource_exists::<sync::MarkerGpu>))
        .add_systems(
            Render,
            pass::prepare.in_set(RenderSystems::PrepareBindGroups).run_if(resource_exists::<sync::MarkerGpu>),
        )
        .add_systems(
            Core3d,
            pass::draw
                .run_if(resource_exists::<sync::MarkerGpu>)
                .after(main_transparent_pass_3d)
                .in_set(Core3dSystems::MainPass),
        );
}

/// The camera that draws the 3D sees the layers.
fn attach(
    mut commands: Commands,
    cameras: Query<Entity, (Or<(With<MainCamera>, With<OtherCamera>)>, Without<MarkerView>)>,
) {
    for camera in &cameras {
        commands.entity(camera).insert(MarkerView::default());
    }
}

/// While two views are linked, the left one ends at the divider.
fn keep_left(divider: Res<Divider>, mut cameras: Query<&mut MarkerView, With<MainCamera>>) {
    let until = divider.splits.then_some(divider.share);
    for mut view in &mut cameras {
        view.set_if_neq(MarkerView { until });
    }
}
