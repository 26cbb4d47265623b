//! A decoded tile as meshes for the renderer, made on the worker that decoded it.

use std::sync::atomic::{AtomicU32, Ordering};

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, Mesh, MeshVertexAttribute, PrimitiveTopology, VertexAttributeValues, VertexFormat};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use guanlan_city::import::tiles3d::{NO_FEATURE, TileContent};

use crate::frame::to_scene;
use crate::look::Look;

/// Normal in the renderer's frame.
const ATTRIBUTE_TURN: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanTileNormal", 0x6775_6141, VertexFormat::Snorm8x4);
/// Square root of the linear colour.
const ATTRIBUTE_TINT: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanTileColor", 0x6775_6142, VertexFormat::Unorm8x4);
/// Number of the feature, unique while the program runs.
const ATTRIBUTE_FEATURE: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanTileFeature", 0x6775_6143, VertexFormat::Uint32);

/// Handle of the tiles' shader.
pub const SHADER: Handle<Shader> = bevy::asset::uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c00a0");

/// Tiles: their own colours in the city's light.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct TileMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// x: number of the selected feature, y: of the one under the pointer.
    #[uniform(1)]
    pub marked: UVec4,
}

crate::plain_material!(
    TileMaterial,
    SHADER,
    [Mesh::ATTRIBUTE_POSITION, ATTRIBUTE_TURN, ATTRIBUTE_TINT, ATTRIBUTE_FEATURE],
);

impl crate::scene::Looks for TileMaterial {
    fn look_mut(&mut self) -> &mut Look {
        &mut self.look
    }
}

/// Numbers given to features so far; contents get a stretch each. It may run over: the numbers only mark.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A content ready to be drawn and picked.
pub struct TileMeshes {
    /// Triangles.
    pub solid: Option<Mesh>,
    /// Points.
    pub points: Option<Mesh>,
    /// The content, for picking.
    pub content: TileContent,
    /// Number of its first feature.
    pub first: u32,
    /// Memory it takes here and on the graphics card, bytes.
    pub bytes: usize,
}

impl TileMeshes {
    /// Makes the meshes.
    #[must_use]
    pub fn new(content: TileContent) -> Self {
        let span = content.features.min(1 << 30) as u32 + 1;
        let first = NEXT.fetch_add(span, Ordering::Relaxed);
        let number = |id: &u32| if *id == NO_FEATURE { NO_FEATURE } else { first.wrapping_add(*id) };
        let places = |p: &[[f32; 3]]| p.iter().map(|p| to_scene(p[0], p[1], p[2]).to_array()).collect::<Vec<_>>();
        let mesh = &content.mesh;
        let solid = (!mesh.indices.is_empty()).then(|| {
            // City's z is the renderer's y, its north the renderer's -z.
            let turned: Vec<[i8; 4]> = mesh.normals.iter().map(|n| [n[0], n[2], n[1].saturating_neg(), 0]).collect();
            Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
                .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, places(&mesh.positions))
                .with_inserted_attribute(ATTRIBUTE_TURN, VertexAttributeValues::Snorm8x4(turned))
                .with_inserted_attribute(ATTRIBUTE_TINT, VertexAttributeValues::Unorm8x4(mesh.colors.clone()))
                .with_inserted_attribute(ATTRIBUTE_FEATURE, mesh.features.iter().map(number).collect::<Vec<u32>>())
                .with_inserted_indices(Indices::U32(mesh.indices.clone()))
        });
        let cloud = &content.points;
        let points = (!cloud.positions.is_empty()).then(|| {
            let up = vec![[0i8, 127, 0, 0]; cloud.positions.len()];
            Mesh::new(PrimitiveTopology::PointList, RenderAssetUsages::RENDER_WORLD)
                .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, places(&cloud.positions))
                .with_inserted_attribute(ATTRIBUTE_TURN, VertexAttributeValues::Snorm8x4(up))
                .with_inserted_attribute(ATTRIBUTE_TINT, VertexAttributeValues::Unorm8x4(cloud.colors.clone()))
                .with_inserted_attribute(ATTRIBUTE_FEATURE, cloud.features.iter().map(number).collect::<Vec<u32>>())
        });
        let bytes = 2 * content.bytes();
        Self { solid, points, content, first, bytes }
    }
}
