//! The markers' material: shapes as distances, constant size on the screen.

use bevy::asset::{Handle, uuid_handle};
use bevy::math::Vec4;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::{Shader, ShaderRef};
use guanlan_core::theme::{Theme, Token};
use guanlan_stage::look::linear;

use crate::build::{ATTRIBUTE_BITS, ATTRIBUTE_CORNER, ATTRIBUTE_STATE};

/// The shader.
pub const SHADER: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0020");

/// Colours of the markers. Order as in `struct Paint` of the shader.
#[derive(Clone, Copy, Debug, ShaderType)]
pub struct Paint {
    /// Normal, blue, yellow, orange, red.
    pub levels: [Vec4; 5],
    /// Stale and offline.
    pub stale: Vec4,
    /// Disc below a shape.
    pub disc: Vec4,
    /// Rim around a disc.
    pub rim: Vec4,
    /// Selection.
    pub accent: Vec4,
    /// Units at work.
    pub unit: Vec4,
}

/// Draws markers.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct MarkerMaterial {
    /// Colours.
    #[uniform(0)]
    pub paint: Paint,
    /// Larger is drawn later.
    pub order: f32,
}

impl MarkerMaterial {
    /// The material in a theme.
    #[must_use]
    pub fn new(theme: Theme, order: f32) -> Self {
        let c = |token| linear(theme, token);
        let paint = Paint {
            levels: [
                c(Token::LevelNormal),
                c(Token::LevelBlue),
                c(Token::LevelYellow),
                c(Token::LevelOrange),
                c(Token::LevelRed),
            ],
            stale: c(Token::Stale),
            disc: c(Token::Space),
            rim: Vec4::ONE,
            accent: c(Token::Accent),
            unit: c(Token::Text),
        };
        Self { paint, order }
    }
}

impl Material for MarkerMaterial {
    fn vertex_shader() -> ShaderRef {
        SHADER.into()
    }
    fn fragment_shader() -> ShaderRef {
        SHADER.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
    }
    fn depth_bias(&self) -> f32 {
        self.order
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
            ATTRIBUTE_CORNER.at_shader_location(1),
            ATTRIBUTE_STATE.at_shader_location(2),
            ATTRIBUTE_BITS.at_shader_location(3),
        ])?];
        descriptor.primitive.cull_mode = None;
        if let Some(depth) = &mut descriptor.depth_stencil {
            depth.depth_compare = Some(CompareFunction::Always);
        }
        Ok(())
    }
}
