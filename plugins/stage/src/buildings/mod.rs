//! Buildings: footprints become walls and roofs, merged into one mesh per tile of town.

pub mod build;
pub mod roof;

use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError};
use bevy::shader::ShaderRef;

use crate::look::Look;
use crate::shaders;

pub use build::{TILE_M, Tile, TilePair, tiles};

/// Walls with storeys and windows, roofs, edges.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct BuildingMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
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
        _: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[
            Mesh::ATTRIBUTE_POSITION.at_shader_location(0),
            build::ATTRIBUTE_FACE.at_shader_location(1),
            build::ATTRIBUTE_PLACE.at_shader_location(2),
            build::ATTRIBUTE_BUILDING.at_shader_location(3),
        ])?];
        Ok(())
    }
}
