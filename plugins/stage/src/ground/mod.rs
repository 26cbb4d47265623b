//! The ground: terrain mesh, painted roads, water and parks, and heights for everything else.

pub mod heights;
pub mod near;
pub mod paint;
pub mod raster;
pub mod rtin;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, ShaderType};

use crate::frame::to_scene;
use crate::look::Look;
use crate::shaders;
use heights::HeightGrid;
use paint::Painting;

/// Where the two paintings lie and what their bytes mean. Field order as in `struct Frames` of the shader.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct Frames {
    /// Painting of the whole city: west, north edge, width, height, local m.
    pub far: Vec4,
    /// Painting around the focus; width 0 while there is none.
    pub near: Vec4,
    /// Metres at which the channels saturate: lines, footprints, water, areas.
    pub far_range: Vec4,
    /// See `far_range`.
    pub near_range: Vec4,
}

/// The ground's material: a painting of the whole city and a finer one around the focus, each as two textures of
/// distances and slopes.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct GroundMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// Places of the paintings.
    #[uniform(1)]
    pub frames: Frames,
    /// R small roads, G main roads, B foot paths and squares, A building footprints.
    #[texture(2)]
    #[sampler(3)]
    pub lines: Handle<Image>,
    /// R water, G green, B and A slopes eastward and northward.
    #[texture(4)]
    pub areas: Handle<Image>,
    /// As `lines`, around the focus, as half floats.
    #[texture(5)]
    #[sampler(6)]
    pub near_lines: Handle<Image>,
    /// As `areas`, around the focus.
    #[texture(7)]
    pub near_areas: Handle<Image>,
    /// One can look through it, into the underground.
    pub faded: bool,
}

impl GroundMaterial {
    /// The ground with the painting of the whole city.
    #[must_use]
    pub fn new(look: Look, far: Painting, images: &mut Assets<Image>) -> Self {
        let frames = Frames { far: far.frame, far_range: far.range_m, ..default() };
        let (lines, areas) = (images.add(far.lines), images.add(far.areas));
        let (near_lines, near_areas) = (lines.clone(), areas.clone());
        Self { look, frames, lines, areas, near_lines, near_areas, faded: false }
    }

    /// Shows another painting around the focus.
    pub fn set_near(&mut self, near: Painting, images: &mut Assets<Image>) {
        self.frames.near = near.frame;
        self.frames.near_range = near.range_m;
        self.near_lines = images.add(near.lines);
        self.near_areas = images.add(near.areas);
    }
}

crate::plain_material!(GroundMaterial, shaders::GROUND, [Mesh::ATTRIBUTE_POSITION], {
    fn alpha_mode(&self) -> AlphaMode {
        if self.faded { AlphaMode::Blend } else { AlphaMode::Opaque }
    }
    fn depth_bias(&self) -> f32 {
        -50_000.0
    }
});

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
