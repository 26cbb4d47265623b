//! Flood water: a level surface over the wet cells of a depth raster, rebuilt when a new one comes.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::{Indices, MeshVertexAttribute, MeshVertexBufferLayoutRef, PrimitiveTopology, VertexFormat};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError};
use bevy::shader::ShaderRef;
use guanlan_core::input::DepthField;

use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::look::Look;
use crate::redraw::Redraw;
use crate::shaders;

/// Water shallower than this is not drawn, m.
pub const WET_M: f32 = 0.05;

/// The water on the map. Set it to show another field; `None` shows none.
#[derive(Resource, Clone, Default)]
pub struct FloodWater(pub Option<Arc<DepthField>>);

/// Depth of the water at a vertex, m.
const ATTRIBUTE_DEPTH: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanDepth", 0x6775_6121, VertexFormat::Float32);

/// Translucent water in the depth ramp.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct FloodMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
}

impl Material for FloodMaterial {
    fn vertex_shader() -> ShaderRef {
        shaders::FLOOD.into()
    }
    fn fragment_shader() -> ShaderRef {
        shaders::FLOOD.into()
    }
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
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
        descriptor.vertex.buffers = vec![
            layout
                .0
                .get_layout(&[Mesh::ATTRIBUTE_POSITION.at_shader_location(0), ATTRIBUTE_DEPTH.at_shader_location(1)])?,
        ];
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// The water surface of a field: a fan over each wet cell and the dry ones
/// around it. Corners take the mean level of the wet
/// cells around them and the mean depth of all four, so that the surface is level and the shore
/// falls between cells, or where the water meets higher ground.
#[must_use]
pub fn water_mesh(field: &DepthField, ground: &Ground) -> Option<Mesh> {
    let (cols, rows) = (field.cols as usize, field.rows as usize);
    if field.depth_mm.len() != cols * rows || cols == 0 {
        return None;
    }
    let depth = |c: usize, r: usize| f32::from(field.depth_mm[r * cols + c]) / 1000.0;
    let wet = |c: usize, r: usize| depth(c, r) >= WET_M;
    let place = |c: f32, r: f32| {
        [(field.west_m + f64::from(c) * field.cell_m) as f32, (field.south_m + f64::from(r) * field.cell_m) as f32]
    };
    // For each corner: sum of levels, wet cells, sum of depths.
    let mut sums = vec![(0f32, 0f32, 0f32); (cols + 1) * (rows + 1)];
    let mut levels: Vec<(usize, usize, f32)> = Vec::new();
    for r in 0..rows {
        for c in 0..cols {
            if wet(c, r) {
                let p = place(c as f32 + 0.5, r as f32 + 0.5);
                let level = ground.height_m(p[0], p[1]) + depth(c, r);
                levels.push((c, r, level));
                for (dc, dr) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let corner = &mut sums[(r + dr) * (cols + 1) + c + dc];
                    *corner = (corner.0 + level, corner.1 + 1.0, corner.2 + depth(c, r));
                }
            }
        }
    }
    // The dry cells around take the level of the water beside them, with no depth.
    for r in 0..rows {
        for c in 0..cols {
            if !wet(c, r) {
                let (sum, count) = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .map(|(dc, dr)| sums[(r + dr) * (cols + 1) + c + dc])
                    .iter()
                    .filter(|s| s.1 > 0.0)
                    .fold((0.0, 0.0), |a, s| (a.0 + s.0 / s.1, a.1 + 1.0));
                if count > 0.0 {
                    levels.push((c, r, sum / count));
                }
            }
        }
    }
    let (mut positions, mut depths, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    let mut numbers = vec![u32::MAX; sums.len()];
    for (c, r, level) in levels {
        let ring = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(dc, dr)| {
            let at = (r + dr) * (cols + 1) + c + dc;
            if numbers[at] == u32::MAX {
                numbers[at] = positions.len() as u32;
                let p = place((c + dc) as f32, (r + dr) as f32);
                let (sum, count, depth) = sums[at];
                let corner_level = if count > 0.0 { sum / count } else { level };
                positions.push(to_scene(p[0], p[1], corner_level).to_array());
                depths.push(depth / 4.0);
            }
            numbers[at]
        });
        let p = place(c as f32 + 0.5, r as f32 + 0.5);
        let middle = positions.len() as u32;
        positions.push(to_scene(p[0], p[1], level).to_array());
        depths.push(if wet(c, r) { depth(c, r) } else { 0.0 });
        for k in 0..4 {
            indices.extend([middle, ring[k], ring[(k + 1) % 4]]);
        }
    }
    (!indices.is_empty()).then(|| {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
            .with_inserted_attribute(ATTRIBUTE_DEPTH, depths)
            .with_inserted_indices(Indices::U32(indices))
    })
}

#[derive(Component)]
pub(crate) struct FloodSurface;

/// Handle of the one water material.
#[derive(Resource)]
pub(crate) struct FloodHandle(pub Handle<FloodMaterial>);

/// Rebuilds the surface when another field is shown.
pub(crate) fn show_water(
    mut commands: Commands,
    water: Res<FloodWater>,
    ground: Res<Ground>,
    handle: Res<FloodHandle>,
    old: Query<Entity, With<FloodSurface>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    if !water.is_changed() {
        return;
    }
    redraw.scene();
    for entity in &old {
        commands.entity(entity).despawn();
    }
    if let Some(mesh) = water.0.as_ref().and_then(|field| water_mesh(field, &ground)) {
        commands.spawn((
            FloodSurface,
            Mesh3d(meshes.add(mesh)),
            MeshMaterial3d(handle.0.clone()),
            NoFrustumCulling,
            Transform::IDENTITY,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::City;
    use guanlan_core::Stamp;

    #[test]
    fn dry_cells_have_no_water_and_wet_ones_are_level() {
        let city = Arc::new(City { extent: [0.0, 0.0, 100.0, 100.0], ..Default::default() });
        let ground = Ground::new(&city);
        let mut depth_mm = vec![0u16; 100];
        depth_mm[44] = 500;
        depth_mm[45] = 500;
        depth_mm[90] = 10;
        let field = DepthField {
            at: Stamp::default(),
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 10.0,
            cols: 10,
            rows: 10,
            depth_mm,
            estimate: true,
        };
        let mesh = water_mesh(&field, &ground).unwrap();
        // 2 wet cells and 10 around them: 12 middles and 5 × 4 corners.
        assert_eq!(mesh.count_vertices(), 32, "1 cm is no water");
        let Some(positions) = mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3()) else {
            panic!("positions")
        };
        assert!(positions.iter().all(|p| (p[1] - 0.5).abs() < 1e-6));
        let dry = DepthField { depth_mm: vec![0; 100], ..field };
        assert!(water_mesh(&dry, &ground).is_none());
    }
}
