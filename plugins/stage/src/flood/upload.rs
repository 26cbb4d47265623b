//! Rows of a texture that changed go straight to the GPU: no copy of the whole, no new texture.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{Extent3d, Origin3d, TexelCopyBufferLayout, TexelCopyTextureInfo, TextureAspect};
use bevy::render::renderer::RenderQueue;
use bevy::render::texture::GpuImage;
use bevy::render::{Render, RenderApp, RenderSystems};

use crate::bench::FrameMeter;

/// Rows to write.
struct Patch {
    image: AssetId<Image>,
    first_row: u32,
    cols: u32,
    rows: u32,
    bytes: Vec<u8>,
}

/// What waits for the GPU; shared by the main world and the renderer.
#[derive(Resource, Clone, Default)]
pub(crate) struct Patches(Arc<Mutex<Vec<Patch>>>);

impl Patches {
    /// Rows of a texture of so many columns, from `first_row` on.
    pub fn push(&self, image: &Handle<Image>, first_row: usize, cols: usize, rows: usize, bytes: Vec<u8>) {
        let patch =
            Patch { image: image.id(), first_row: first_row as u32, cols: cols as u32, rows: rows as u32, bytes };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(patch);
    }
}

/// Writes what waits. A texture that is not there yet is waited for; one that is gone is forgotten.
fn write(
    patches: Res<Patches>,
    images: Res<RenderAssets<GpuImage>>,
    queue: Res<RenderQueue>,
    meter: Option<Res<FrameMeter>>,
    mut missed: Local<u32>,
) {
    let mut waiting = patches.0.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.is_empty() {
        return;
    }
    *missed += 1;
    let patience = *missed < 30;
    waiting.retain(|patch| {
        let Some(image) = images.get(patch.image) else { return patience };
        let size = image.texture.size();
        if size.width == patch.cols && patch.first_row + patch.rows <= size.height {
            queue.write_texture(
                TexelCopyTextureInfo {
                    texture: &image.texture,
                    mip_level: 0,
                    origin: Origin3d { x: 0, y: patch.first_row, z: 0 },
                    aspect: TextureAspect::All,
                },
                &patch.bytes,
                TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(patch.bytes.len() as u32 / patch.rows.max(1)),
                    rows_per_image: None,
                },
                Extent3d { width: patch.cols, height: patch.rows, depth_or_array_layers: 1 },
            );
            if let Some(meter) = &meter {
                meter.uploaded(patch.bytes.len() as u64);
            }
        }
        false
    });
    if waiting.is_empty() {
        *missed = 0;
    }
}

/// Adds the queue; without a renderer nothing is ever written.
pub(crate) fn plugin(app: &mut App) {
    let patches = Patches::default();
    app.insert_resource(patches.clone());
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(patches).add_systems(Render, write.in_set(RenderSystems::PrepareResources));
    }
}
