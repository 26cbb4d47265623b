//! Buildings: prisms of the whole town in a few large blocks, every face only near the eye.
//!
//! **Invariant:** what a frame costs does not depend on how many buildings there are. **Invariant:** no copy of a
//! mesh stays on the CPU; what is near is built again from the city when the eye comes back.

pub mod build;
pub mod far;
pub mod lod;
pub mod paint;
pub mod roof;
pub mod stream;

use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError};
use bevy::render::storage::ShaderBuffer;
use bevy::shader::ShaderRef;

use crate::look::Look;
use crate::shaders;

pub use build::Tile;
pub use paint::BuildingPaint;
pub use stream::spawn;

/// Walls with storeys and windows, roofs, edges; plain prisms for meshes of [`far::FarTile`].
#[derive(Asset, TypePath, AsBindGroup, Clone)]
#[bind_group_data(BuildingKey)]
pub struct BuildingMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// Colours by building, see [`BuildingPaint`].
    #[storage(1, read_only)]
    pub paint: Handle<ShaderBuffer>,
    /// Some pixels are left out: one looks below the ground, or the layer is faded. Without it hidden faces are
    /// sorted out before they are shaded.
    pub cut: bool,
}

/// What makes a pipeline of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct BuildingKey {
    cut: bool,
}

impl From<&BuildingMaterial> for BuildingKey {
    fn from(m: &BuildingMaterial) -> Self {
        Self { cut: m.cut }
    }
}

/// True when a look leaves out pixels of buildings.
#[must_use]
pub fn is_cut(look: &Look) -> bool {
    look.under.y > 0.5 || look.fade.x < 0.996
}

impl Material for BuildingMaterial {
    fn vertex_shader() -> ShaderRef {
        shaders::BUILDINGS.into()
    }
    fn fragment_shader() -> ShaderRef {
        shaders::BUILDINGS.into()
    }
    fn enable_prepass() -> bool {
        false
    }
    fn enable_shadows() -> bool {
        false
    }
    fn specialize(
        _: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        layout: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        if key.bind_group_data.cut {
            // Where a pixel has several samples the layer fades by how many of them it covers.
            descriptor.multisample.alpha_to_coverage_enabled = descriptor.multisample.count > 1;
            descriptor.vertex.shader_defs.push("CUT".into());
            if let Some(fragment) = &mut descriptor.fragment {
                fragment.shader_defs.push("CUT".into());
            }
        }
        if layout.0.contains(far::ATTRIBUTE_FOOT) {
            descriptor.vertex.shader = far::SHADER.clone();
            if let Some(fragment) = &mut descriptor.fragment {
                fragment.shader = far::SHADER.clone();
            }
            descriptor.vertex.buffers = vec![layout.0.get_layout(&[
                Mesh::ATTRIBUTE_POSITION.at_shader_location(0),
                build::ATTRIBUTE_FACE.at_shader_location(1),
                far::ATTRIBUTE_FOOT.at_shader_location(2),
                build::ATTRIBUTE_BUILDING.at_shader_location(3),
            ])?];
            return Ok(());
        }
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[
            Mesh::ATTRIBUTE_POSITION.at_shader_location(0),
            build::ATTRIBUTE_FACE.at_shader_location(1),
            build::ATTRIBUTE_PLACE.at_shader_location(2),
            build::ATTRIBUTE_BUILDING.at_shader_location(3),
        ])?];
        Ok(())
    }
}

/// Shaders of the buildings that lie here.
pub(crate) fn plugin(app: &mut App) {
    shaders::add(app, &far::SHADER, include_str!("far.wgsl"), "guanlan/far.wgsl");
    shaders::add(app, &paint::SHADER, include_str!("paint.wgsl"), "guanlan/paint.wgsl");
    app.init_resource::<BuildingPaint>()
        .add_systems(Update, (stream::follow_eye, paint::follow).in_set(crate::StageSystems::Layers));
}
