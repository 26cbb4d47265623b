//! A colour for each building: the column that risk, impact or use fill.

use bevy::asset::{Handle, RenderAssetUsages, uuid_handle};
use bevy::math::Vec4;
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use bevy::shader::Shader;

use super::BuildingMaterial;
use crate::redraw::Redraw;

/// `guanlan::paint`.
pub const SHADER: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0031");

/// Colours by building: index in `City::buildings`. Empty: no building is painted.
#[derive(Resource, Clone, Debug, Default)]
pub struct BuildingPaint {
    words: Vec<u32>,
}

impl BuildingPaint {
    /// Paints nothing.
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Makes room for this many buildings.
    pub fn resize(&mut self, buildings: usize) {
        self.words.resize(buildings, 0);
    }

    /// Paints one building in a linear colour; `w` is how strongly, 0–1. Buildings beyond the last are ignored.
    pub fn set(&mut self, building: usize, color: Vec4) {
        if let Some(word) = self.words.get_mut(building) {
            *word = pack(color);
        }
    }

    /// Number of buildings with room for a colour.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// True when no building is painted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// What the shader reads.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let count = self.words.len() as u32;
        let words = std::iter::once(count).chain(self.words.iter().copied());
        // A buffer of one word is too small for some drivers.
        words.chain([0; 3]).flat_map(u32::to_le_bytes).collect()
    }
}

/// A linear colour as four bytes, its roots so that dark ones keep their steps.
fn pack(color: Vec4) -> u32 {
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0).round() as u32;
    byte(color.x.max(0.0).sqrt())
        | byte(color.y.max(0.0).sqrt()) << 8
        | byte(color.z.max(0.0).sqrt()) << 16
        | byte(color.w) << 24
}

/// The buffer of a paint.
#[must_use]
pub fn buffer(paint: &BuildingPaint) -> ShaderBuffer {
    ShaderBuffer::new(&paint.bytes(), RenderAssetUsages::RENDER_WORLD)
}

/// Hands a changed paint to the material.
pub(crate) fn follow(
    paint: Res<BuildingPaint>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<BuildingMaterial>>,
    mut redraw: ResMut<Redraw>,
) {
    if !paint.is_changed() || paint.is_added() {
        return;
    }
    redraw.scene();
    let handle = buffers.add(buffer(&paint));
    materials.iter_mut().for_each(|(_, material)| material.paint = handle.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_building_has_its_own_word() {
        let mut paint = BuildingPaint::default();
        assert_eq!(paint.bytes().len() % 16, 0);
        paint.resize(3);
        paint.set(1, Vec4::new(1.0, 0.0, 0.25, 1.0));
        paint.set(99, Vec4::ONE);
        let words: Vec<u32> =
            paint.bytes().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert_eq!(words[..4], [3, 0, 0xff80_00ff, 0]);
    }
}
