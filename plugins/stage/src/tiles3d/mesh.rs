//! A decoded tile as meshes for the renderer, made on the worker that decoded it.

use std::sync::atomic::{AtomicU32, Ordering};

use bevy::asset::RenderAssetUsages;
use bevy::image::{Image, ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::mesh::{Indices, Mesh, MeshVertexAttribute, PrimitiveTopology, VertexAttributeValues, VertexFormat};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, Extent3d, TextureDimension, TextureFormat};
use guanlan_city::import::tiles3d::{NO_FEATURE, TileContent, TileLook, TileMesh, TilePicture, Wrap};

use crate::frame::to_scene;
use crate::look::Look;

/// Normal in the renderer's frame.
pub const ATTRIBUTE_TURN: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanTileNormal", 0x6775_6141, VertexFormat::Snorm8x4);
/// Square root of the linear colour.
pub const ATTRIBUTE_TINT: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanTileColor", 0x6775_6142, VertexFormat::Unorm8x4);
/// Number of the feature, unique while the program runs.
pub const ATTRIBUTE_FEATURE: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanTileFeature", 0x6775_6143, VertexFormat::Uint32);

/// Handle of the tiles' shader.
pub const SHADER: Handle<Shader> = bevy::asset::uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c00a0");

/// Tiles: their own colours and pictures in the city's light.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct TileMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// x: number of the selected feature, y: of the one under the pointer.
    #[uniform(1)]
    pub marked: UVec4,
    /// Picture; white without one.
    #[texture(2)]
    #[sampler(3)]
    pub picture: Option<Handle<Image>>,
    /// x: what is clearer is not drawn, y: 1 with a picture.
    #[uniform(4)]
    pub cover: Vec4,
}

/// What covers a run of triangles, for the renderer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cover {
    /// Index in [`TileMeshes::pictures`].
    pub picture: usize,
    /// What is clearer is not drawn.
    pub cutoff: f32,
}

crate::plain_material!(
    TileMaterial,
    SHADER,
    [Mesh::ATTRIBUTE_POSITION, ATTRIBUTE_TURN, ATTRIBUTE_TINT, ATTRIBUTE_FEATURE, Mesh::ATTRIBUTE_UV_0],
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
    /// Triangles, one mesh for each look.
    pub solid: Vec<(Mesh, Option<Cover>)>,
    /// Pictures of looks.
    pub pictures: Vec<Image>,
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
        let solid = content.mesh.runs.iter().map(|run| {
            let mesh = part(&content.mesh, &content.mesh.indices[run.indices.clone()], &number);
            (mesh, run.look.map(|n| Cover { picture: n, cutoff: content.looks[n].cutoff }))
        });
        let solid = solid.collect();
        let pictures = content.looks.iter().map(picture).collect();
        let cloud = &content.points;
        let points = (!cloud.positions.is_empty()).then(|| {
            let up = vec![[0i8, 127, 0, 0]; cloud.positions.len()];
            Mesh::new(PrimitiveTopology::PointList, RenderAssetUsages::RENDER_WORLD)
                .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, places(&cloud.positions))
                .with_inserted_attribute(ATTRIBUTE_TURN, VertexAttributeValues::Snorm8x4(up))
                .with_inserted_attribute(ATTRIBUTE_TINT, VertexAttributeValues::Unorm8x4(cloud.colors.clone()))
                .with_inserted_attribute(ATTRIBUTE_FEATURE, cloud.features.iter().map(number).collect::<Vec<u32>>())
                .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, vec![[0.0; 2]; cloud.positions.len()])
        });
        let bytes = 2 * content.bytes();
        // The renderer has the pictures now; picking needs none.
        let mut content = content;
        content.looks = Vec::new();
        content.mesh.uvs = Vec::new();
        Self { solid, pictures, points, content, first, bytes }
    }
}

/// Some triangles of a content, with the vertices that they use.
fn part(mesh: &TileMesh, corners: &[u32], number: &impl Fn(&u32) -> u32) -> Mesh {
    // Numbers of the vertices in this part, by their number in the whole.
    let mut own = vec![u32::MAX; mesh.positions.len()];
    let mut used: Vec<usize> = Vec::new();
    let indices: Vec<u32> = corners
        .iter()
        .map(|&i| {
            let slot = &mut own[i as usize];
            if *slot == u32::MAX {
                *slot = used.len() as u32;
                used.push(i as usize);
            }
            *slot
        })
        .collect();
    let places: Vec<[f32; 3]> =
        used.iter().map(|&i| mesh.positions[i]).map(|p| to_scene(p[0], p[1], p[2]).to_array()).collect();
    // City's z is the renderer's y, its north the renderer's -z.
    let turned: Vec<[i8; 4]> =
        used.iter().map(|&i| mesh.normals[i]).map(|n| [n[0], n[2], n[1].saturating_neg(), 0]).collect();
    let tints: Vec<[u8; 4]> = used.iter().map(|&i| mesh.colors[i]).collect();
    let features: Vec<u32> = used.iter().map(|&i| number(&mesh.features[i])).collect();
    let uvs: Vec<[f32; 2]> = used.iter().map(|&i| mesh.uvs.get(i).copied().unwrap_or_default()).collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, places)
        .with_inserted_attribute(ATTRIBUTE_TURN, VertexAttributeValues::Snorm8x4(turned))
        .with_inserted_attribute(ATTRIBUTE_TINT, VertexAttributeValues::Unorm8x4(tints))
        .with_inserted_attribute(ATTRIBUTE_FEATURE, features)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_indices(Indices::U32(indices))
}

/// A look's picture for the graphics card, with all its sizes.
fn picture(look: &TileLook) -> Image {
    let wrap = |w: Wrap| match w {
        Wrap::Repeat => ImageAddressMode::Repeat,
        Wrap::Mirror => ImageAddressMode::MirrorRepeat,
        Wrap::Clamp => ImageAddressMode::ClampToEdge,
    };
    image(&look.picture, look.wrap.map(wrap), look.blocky)
}

/// A picture with all its sizes as an asset.
pub fn image(picture: &TilePicture, wrap: [ImageAddressMode; 2], blocky: bool) -> Image {
    let filter = if blocky { ImageFilterMode::Nearest } else { ImageFilterMode::Linear };
    let mut image = Image::new_uninit(
        Extent3d { width: picture.width, height: picture.height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(picture.levels.concat());
    image.texture_descriptor.mip_level_count = picture.levels.len() as u32;
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: wrap[0],
        address_mode_v: wrap[1],
        mag_filter: filter,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        // Only with blending between pixels.
        anisotropy_clamp: if blocky { 1 } else { 8 },
        ..ImageSamplerDescriptor::default()
    });
    image
}
