//! Water of a race: a raster of depths, blended on a level plane, replaced as a whole when it changes.

use bevy::asset::{Handle, RenderAssetUsages, uuid_handle};
use bevy::camera::visibility::NoFrustumCulling;
use bevy::image::{ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, Extent3d, TextureDimension, TextureFormat};
use bevy::shader::Shader;

use super::FrameMeter;
use crate::frame::to_scene;
use crate::look::Look;
use crate::shaders;

const SHADER: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0038");

/// Depths over a square, row 0 south. Set `bytes` (5 m is 255) to show others.
#[derive(Resource, Clone, Debug)]
pub struct RasterWater {
    /// West and south edge, side, height of the plane, m.
    pub frame: [f32; 4],
    /// Cells on a side.
    pub side: u32,
    /// One byte for each cell.
    pub bytes: Vec<u8>,
}

#[derive(Asset, TypePath, AsBindGroup, Clone)]
struct RasterMaterial {
    #[uniform(0)]
    look: Look,
    #[uniform(1)]
    frame: Vec4,
    #[texture(2)]
    #[sampler(3)]
    depth: Handle<Image>,
}

crate::plain_material!(RasterMaterial, SHADER, [Mesh::ATTRIBUTE_POSITION], {
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
    }
});

/// Draws [`RasterWater`] while it is there.
pub fn plugin(app: &mut App) {
    shaders::add(app, &SHADER, include_str!("water.wgsl"), "guanlan/raster_water.wgsl");
    app.add_plugins(MaterialPlugin::<RasterMaterial>::default())
        .add_systems(Update, show.run_if(resource_exists_and_changed::<RasterWater>));
}

#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
fn show(
    mut commands: Commands,
    water: Res<RasterWater>,
    look: Res<Look>,
    meter: Res<FrameMeter>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<RasterMaterial>>,
    mut shown: Local<Option<Handle<RasterMaterial>>>,
) {
    let mut image = Image::new(
        Extent3d { width: water.side, height: water.side, depth_or_array_layers: 1 },
        TextureDimension::D2,
        water.bytes.clone(),
        TextureFormat::R8Unorm,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        ..default()
    });
    meter.uploaded(water.bytes.len() as u64);
    let depth = images.add(image);
    if let Some(handle) = &*shown {
        if let Some(mut material) = materials.get_mut(handle) {
            material.depth = depth;
        }
        return;
    }
    let [west, south, side, z] = water.frame;
    let at = |e: f32, n: f32| to_scene(west + e * side, south + n * side, z).to_array();
    let mesh = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, vec![at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0)])
        .with_inserted_indices(Indices::U32(vec![0, 1, 2, 0, 2, 3]));
    let material = materials.add(RasterMaterial { look: *look, frame: Vec4::from_array(water.frame), depth });
    *shown = Some(material.clone());
    commands.spawn((Mesh3d(meshes.add(mesh)), MeshMaterial3d(material), NoFrustumCulling));
}
