//! Lines of constant width on the screen: outlines, routes, trails.

use bevy::asset::RenderAssetUsages;
use bevy::math::Vec4;
use bevy::mesh::{Indices, MeshVertexAttribute, PrimitiveTopology, VertexFormat};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;

use crate::frame::to_scene;
use crate::look::Look;
use crate::shaders;

/// A line through city places.
#[derive(Clone, Debug, PartialEq)]
pub struct Polyline {
    /// `[east, north, height above datum]`, m.
    pub points: Vec<[f32; 3]>,
    /// Linear RGBA at the first point and at the last.
    pub colors: [Vec4; 2],
    /// Width on the screen, px at 1080 lines.
    pub width_px: f32,
    /// Length of a dash, m; 0 draws through.
    pub dash_m: f32,
}

pub(crate) const ATTRIBUTE_OTHER: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanOther", 0x6775_6111, VertexFormat::Float32x4);
pub(crate) const ATTRIBUTE_STYLE: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanStyle", 0x6775_6112, VertexFormat::Float32x4);

/// Draws [`Polyline`]s.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
#[bind_group_data(LineKey)]
pub struct LineMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// Larger is later among the transparent layers.
    pub order: f32,
    /// Drawn even where something stands before it.
    pub on_top: bool,
}

/// What makes a pipeline of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct LineKey {
    on_top: bool,
}

impl From<&LineMaterial> for LineKey {
    fn from(m: &LineMaterial) -> Self {
        Self { on_top: m.on_top }
    }
}

crate::plain_material!(
    LineMaterial,
    shaders::LINES,
    [Mesh::ATTRIBUTE_POSITION, ATTRIBUTE_OTHER, ATTRIBUTE_STYLE, Mesh::ATTRIBUTE_COLOR],
    {
        fn alpha_mode(&self) -> AlphaMode {
            AlphaMode::Blend
        }
        fn depth_bias(&self) -> f32 {
            self.order
        }
    },
    |descriptor, key| if key.bind_group_data.on_top {
        crate::material::always_seen(descriptor)
    }
);

/// One mesh of many lines; four corners for each stretch, widened on the GPU.
#[must_use]
pub fn line_mesh(lines: &[Polyline]) -> Mesh {
    let (mut positions, mut others, mut styles, mut colors, mut indices) = (vec![], vec![], vec![], vec![], vec![]);
    for line in lines {
        let total: f32 = line.points.windows(2).map(|w| Vec3::from(w[0]).distance(Vec3::from(w[1]))).sum();
        let mut run = 0.0;
        for pair in line.points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let length = Vec3::from(a).distance(Vec3::from(b));
            if length < 1e-4 {
                continue;
            }
            let (pa, pb) = (to_scene(a[0], a[1], a[2]), to_scene(b[0], b[1], b[2]));
            let first = positions.len() as u32;
            for (me, other, along, sign) in [(pa, pb, run, 1.0), (pb, pa, run + length, -1.0)] {
                let color = line.colors[0].lerp(line.colors[1], along / total.max(1e-3));
                for side in [-1.0f32, 1.0] {
                    positions.push(me.to_array());
                    others.push(other.extend(sign).to_array());
                    styles.push([side * sign, line.width_px, along, line.dash_m]);
                    colors.push(color.to_array());
                }
            }
            indices.extend([first, first + 1, first + 2, first + 2, first + 1, first + 3]);
            run += length;
        }
    }
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(ATTRIBUTE_OTHER, others)
        .with_inserted_attribute(ATTRIBUTE_STYLE, styles)
        .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colors)
        .with_inserted_indices(Indices::U32(indices))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_is_one_quad() {
        let line = Polyline {
            points: vec![[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 5.0, 0.0]],
            colors: [Vec4::ONE, Vec4::ZERO],
            width_px: 2.0,
            dash_m: 0.0,
        };
        let mesh = line_mesh(&[line]);
        assert_eq!(mesh.count_vertices(), 8, "the stretch without length is left out");
        assert_eq!(mesh.indices().map(Indices::len), Some(12));
    }
}
