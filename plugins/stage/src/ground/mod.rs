//! The ground: terrain mesh, painted roads, water and parks, and heights for everything else.

pub mod heights;
pub mod paint;
pub mod raster;
pub mod rtin;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError};
use bevy::shader::ShaderRef;

use crate::frame::to_scene;
use crate::look::Look;
use crate::shaders;
use heights::HeightGrid;

/// The ground's material: two textures of distances and hill shade.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct GroundMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// West, north edge of the painting and its width and height, local m.
    #[uniform(1)]
    pub frame: Vec4,
    /// R small roads, G main roads, B foot paths, A building footprints.
    #[texture(2)]
    #[sampler(3)]
    pub lines: Handle<Image>,
    /// R water, G green, B paved, A hill shade.
    #[texture(4)]
    #[sampler(5)]
    pub areas: Handle<Image>,
}

impl Material for GroundMaterial {
    fn vertex_shader() -> ShaderRef {
        shaders::GROUND.into()
    }
    fn fragment_shader() -> ShaderRef {
        shaders::GROUND.into()
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
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[Mesh::ATTRIBUTE_POSITION.at_shader_location(0)])?];
        Ok(())
    }
}

/// Worst height error of the terrain mesh, m.
pub const MESH_ERROR_M: f32 = 0.35;

/// The terrain mesh of a height grid, in the renderer's frame.
#[must_use]
pub fn terrain_mesh(grid: &HeightGrid) -> Mesh {
    let net = rtin::triangulate(&grid.z_m, grid.side, MESH_ERROR_M).unwrap_or_default();
    let positions: Vec<[f32; 3]> = net
        .corners
        .iter()
        .map(|&[c, r]| {
            let z = grid.z_m[r as usize * grid.side + c as usize];
            to_scene(grid.west_m + c as f32 * grid.step_m, grid.south_m + r as f32 * grid.step_m, z).to_array()
        })
        .collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_indices(Indices::U32(net.indices))
}
