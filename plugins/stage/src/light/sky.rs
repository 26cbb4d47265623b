//! The sky: one triangle behind everything.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::PrimitiveTopology;
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;

use crate::look::Look;
use crate::shaders;

/// Draws the sky where nothing else is.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
#[bind_group_data(SkyKey)]
pub struct SkyMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
}

/// What makes a pipeline of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct SkyKey {
    stars: bool,
}

impl From<&SkyMaterial> for SkyKey {
    fn from(m: &SkyMaterial) -> Self {
        Self { stars: m.look.zenith.w > 0.01 }
    }
}

crate::plain_material!(
    SkyMaterial,
    shaders::SKY,
    [Mesh::ATTRIBUTE_POSITION],
    {
        // The first of the translucent layers: it fills what the opaque ones left free, and costs nothing elsewhere.
        fn alpha_mode(&self) -> AlphaMode {
            AlphaMode::Blend
        }
        fn depth_bias(&self) -> f32 {
            -1.0e6
        }
    },
    |descriptor, key| if key.bind_group_data.stars
        && let Some(fragment) = &mut descriptor.fragment
    {
        fragment.shader_defs.push("STARS".into());
    }
);

/// A triangle over the whole picture, in clip coordinates.
#[must_use]
pub fn whole_picture() -> Mesh {
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD).with_inserted_attribute(
        Mesh::ATTRIBUTE_POSITION,
        vec![[-1.0, -1.0, 0.0], [3.0, -1.0, 0.0], [-1.0f32, 3.0, 0.0]],
    )
}

/// Spawns the sky.
pub(crate) fn spawn(
    mut commands: Commands,
    look: Res<Look>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut skies: ResMut<Assets<SkyMaterial>>,
) {
    let material = skies.add(SkyMaterial { look: *look });
    commands.spawn((Mesh3d(meshes.add(whole_picture())), MeshMaterial3d(material), NoFrustumCulling));
}
