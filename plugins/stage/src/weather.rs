//! Rain on the picture: streaks where it falls, roads that get wet.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::image::{Image, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::math::Vec4Swizzles;
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, Extent3d, TextureDimension, TextureFormat};

use crate::frame::to_scene;
use crate::layers::LayerTag;
use crate::light::sky::whole_picture;
use crate::look::Look;
use crate::redraw::{Ambient, Redraw};
use crate::shaders;

/// Rain that a full byte of the field stands for, mm/h.
pub const HEAVIEST_MM_H: f32 = 150.0;
/// Less is not drawn, mm/h.
const LEAST_MM_H: f32 = 0.1;

/// Rain over the city as a coarse raster, so that a moving cell rains only where it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RainField {
    /// West edge of column 0, local m.
    pub west_m: f32,
    /// South edge of row 0, local m.
    pub south_m: f32,
    /// Cell side, m.
    pub cell_m: f32,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// Rain in mm/h, row-major from the south-west.
    pub mm_h: Vec<f32>,
}

/// The rain shown. Set it from the live rain layer.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Rain {
    /// Mean over the city, mm/h.
    pub mm_h: f32,
    /// Where it falls, if more than the mean is known.
    pub field: Option<Arc<RainField>>,
}

impl Rain {
    /// Sets the mean in steps that the eye can tell apart, so that a flickering gauge does not redraw the scene.
    pub fn set_mean(this: &mut ResMut<'_, Self>, mm_h: f32) {
        let step = if mm_h < 2.0 { 0.25 } else { mm_h * 0.08 };
        if (this.mm_h - mm_h).abs() >= step || (mm_h < LEAST_MM_H) != (this.mm_h < LEAST_MM_H) {
            this.mm_h = mm_h.max(0.0);
        }
    }
}

/// How wet roads are under a rain, 0–1.
#[must_use]
pub fn wetness(mm_h: f32) -> f32 {
    1.0 - (-mm_h.max(0.0) / 3.0).exp()
}

/// Streaks over the whole picture.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
#[bind_group_data(RainKey)]
pub struct RainMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// Root of the share of [`HEAVIEST_MM_H`].
    #[texture(1)]
    #[sampler(2)]
    pub field: Handle<Image>,
    /// The eye is low enough for streaks; from above there is only a veil.
    pub streaks: bool,
}

/// What makes a pipeline of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct RainKey {
    streaks: bool,
}

impl From<&RainMaterial> for RainKey {
    fn from(m: &RainMaterial) -> Self {
        Self { streaks: m.streaks }
    }
}

crate::plain_material!(
    RainMaterial,
    shaders::RAIN,
    [Mesh::ATTRIBUTE_POSITION],
    {
        fn alpha_mode(&self) -> AlphaMode {
            AlphaMode::Blend
        }
        fn depth_bias(&self) -> f32 {
            500.0
        }
    },
    |descriptor, key| {
        crate::material::always_seen(descriptor);
        if key.bind_group_data.streaks
            && let Some(fragment) = &mut descriptor.fragment
        {
            fragment.shader_defs.push("STREAKS".into());
        }
    }
);

/// The field as a texture, row 0 south.
#[must_use]
pub fn field_image(field: Option<&RainField>) -> Image {
    let byte = |mm_h: f32| ((mm_h.max(0.0) / HEAVIEST_MM_H).min(1.0).sqrt() * 255.0).round() as u8;
    let known = field.filter(|f| f.cols > 0 && f.mm_h.len() == (f.cols * f.rows) as usize);
    let (width, height, bytes) = match known {
        Some(f) => (f.cols, f.rows, f.mm_h.iter().map(|&v| byte(v)).collect()),
        None => (1, 1, vec![0]),
    };
    let size = Extent3d { width, height, depth_or_array_layers: 1 };
    let mut image =
        Image::new(size, TextureDimension::D2, bytes, TextureFormat::R8Unorm, RenderAssetUsages::RENDER_WORLD);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        ..Default::default()
    });
    image
}

/// The sheet of streaks.
#[derive(Component)]
pub(crate) struct RainSheet;

/// From higher than this no streak is seen, only the veil, m above the datum.
const STREAKS_M: f32 = 1800.0;

/// Streaks fall while somebody is low enough to see them.
pub(crate) fn keep_falling(
    rain: Res<Rain>,
    layers: Option<Res<crate::layers::LayerState>>,
    rig: Res<crate::CameraRig>,
    mut rains: ResMut<Assets<RainMaterial>>,
    mut redraw: ResMut<Redraw>,
) {
    let falls = heaviest(&rain) >= LEAST_MM_H && layers.is_none_or(|l| l.visible("rain"));
    // The shader fades streaks out below this height.
    let low = rig.pose.eye().y < STREAKS_M;
    redraw.ambient(Ambient::Rain, falls && low);
    if rains.iter().any(|(_, m)| m.streaks != low) {
        rains.iter_mut().for_each(|(_, m)| m.streaks = low);
    }
}

/// The heaviest rain anywhere, mm/h.
fn heaviest(rain: &Rain) -> f32 {
    rain.field.as_ref().map_or(rain.mm_h, |f| f.mm_h.iter().fold(rain.mm_h, |m, &v| m.max(v)))
}

/// Shows the rain that falls.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show_rain(
    mut commands: Commands,
    rain: Res<Rain>,
    old: Query<Entity, With<RainSheet>>,
    mut look: ResMut<Look>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut rains: ResMut<Assets<RainMaterial>>,
    mut images: ResMut<Assets<Image>>,
    mut redraw: ResMut<Redraw>,
) {
    if !rain.is_changed() {
        return;
    }
    look.weather = Vec4::new(rain.mm_h, wetness(rain.mm_h), f32::from(u8::from(rain.field.is_some())), 0.0);
    if let Some(f) = &rain.field {
        look.rain_frame = Vec4::new(f.west_m, f.south_m, f.cols as f32 * f.cell_m, f.rows as f32 * f.cell_m);
    }
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    if heaviest(&rain) >= LEAST_MM_H {
        let field = images.add(field_image(rain.field.as_deref()));
        let material = rains.add(RainMaterial { look: *look, field, streaks: true });
        let mesh = Mesh3d(meshes.add(whole_picture()));
        // Translucent layers are sorted by where they are: over the middle of the city, so that markers come later.
        let middle = (look.extent.xy() + look.extent.zw()) * 0.5;
        let over = Transform::from_translation(to_scene(middle.x, middle.y, 0.0));
        commands.spawn((RainSheet, LayerTag("rain"), mesh, MeshMaterial3d(material), NoFrustumCulling, over));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roads_are_dry_without_rain_and_soaked_in_a_cloudburst() {
        assert_eq!(wetness(0.0), 0.0);
        assert!(wetness(1.0) > 0.2 && wetness(1.0) < 0.4);
        assert!(wetness(40.0) > 0.99);
    }

    #[test]
    fn the_field_keeps_light_and_heavy_rain_apart() {
        let field = RainField { cols: 2, rows: 1, cell_m: 500.0, mm_h: vec![1.0, 100.0], ..Default::default() };
        let image = field_image(Some(&field));
        let bytes = image.data.unwrap();
        let back = |b: u8| (f32::from(b) / 255.0).powi(2) * HEAVIEST_MM_H;
        assert!((back(bytes[0]) - 1.0).abs() < 0.2 && (back(bytes[1]) - 100.0).abs() < 1.0);
        let broken = RainField { mm_h: vec![1.0], ..field };
        assert_eq!(field_image(Some(&broken)).data.unwrap(), [0], "a field of the wrong size rains nowhere");
    }
}
