//! Flood water: a surface over the wet cells of a depth raster with depth, flow and shore drawn from a texture,
//! rebuilt when a new field comes.

pub mod chart;

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use guanlan_core::input::DepthField;

use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::look::Look;
use crate::redraw::Redraw;
use crate::shaders;

pub use chart::FlowField;

/// Water shallower than this is not drawn, m.
pub const WET_M: f32 = 0.05;

/// The water on the map. Set it to show another field; `None` shows none.
#[derive(Resource, Clone, Default)]
pub struct FloodWater(pub Option<Arc<DepthField>>);

/// How fast the water moves and where to, if the solver tells; otherwise it is read off the water's slope.
#[derive(Resource, Clone, Default)]
pub struct FloodFlow(pub Option<Arc<FlowField>>);

/// What the water on the map is.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloodStyle {
    /// What a model and the gauges say of now.
    #[default]
    Estimate,
    /// What has not happened yet: 60 % and a dashed shore.
    Forecast,
}

/// Translucent water in the depth ramp.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct FloodMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// West, south edge, width and height of the chart, local m.
    #[uniform(1)]
    pub frame: Vec4,
    /// x: cell side in m, y: 1 for a forecast.
    #[uniform(2)]
    pub style: Vec4,
    /// Depth and flow, see [`chart`].
    #[texture(3)]
    #[sampler(4)]
    pub chart: Handle<Image>,
}

crate::plain_material!(FloodMaterial, shaders::FLOOD, [Mesh::ATTRIBUTE_POSITION], {
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
    }
    fn depth_bias(&self) -> f32 {
        100.0
    }
});

/// The water surface of a field: the wet cells and the dry ones around them. Corners take the mean level of the wet
/// cells around them, so that the surface is smooth; depth and shore come from the chart.
#[must_use]
pub fn water_mesh(field: &DepthField, ground: &Ground) -> Option<Mesh> {
    let (cols, rows) = (field.cols as usize, field.rows as usize);
    if field.depth_mm.len() != cols * rows || cols == 0 {
        return None;
    }
    let depth = |c: usize, r: usize| f32::from(field.depth_mm[r * cols + c]) / 1000.0;
    let place = |c: f32, r: f32| {
        [(field.west_m + f64::from(c) * field.cell_m) as f32, (field.south_m + f64::from(r) * field.cell_m) as f32]
    };
    // For each corner: sum of levels and number of wet cells around it.
    let mut sums = vec![(0f32, 0f32); (cols + 1) * (rows + 1)];
    for r in 0..rows {
        for c in 0..cols {
            if depth(c, r) >= WET_M {
                let p = place(c as f32 + 0.5, r as f32 + 0.5);
                let level = ground.height_m(p[0], p[1]) + depth(c, r);
                for (dc, dr) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let corner = &mut sums[(r + dr) * (cols + 1) + c + dc];
                    *corner = (corner.0 + level, corner.1 + 1.0);
                }
            }
        }
    }
    let (mut positions, mut indices) = (Vec::new(), Vec::new());
    let mut numbers = vec![u32::MAX; sums.len()];
    for r in 0..rows {
        for c in 0..cols {
            let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(dc, dr)| (r + dr) * (cols + 1) + c + dc);
            let (sum, count) = corners
                .iter()
                .map(|&at| sums[at])
                .filter(|s| s.1 > 0.0)
                .fold((0.0, 0.0), |a, s| (a.0 + s.0 / s.1, a.1 + 1.0));
            if count == 0.0 {
                continue;
            }
            let ring = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(dc, dr)| {
                let at = (r + dr) * (cols + 1) + c + dc;
                if numbers[at] == u32::MAX {
                    numbers[at] = positions.len() as u32;
                    let p = place((c + dc) as f32, (r + dr) as f32);
                    let level = if sums[at].1 > 0.0 { sums[at].0 / sums[at].1 } else { sum / count };
                    positions.push(to_scene(p[0], p[1], level).to_array());
                }
                numbers[at]
            });
            indices.extend([ring[0], ring[1], ring[2], ring[0], ring[2], ring[3]]);
        }
    }
    (!indices.is_empty()).then(|| {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
            .with_inserted_indices(Indices::U32(indices))
    })
}

#[derive(Component)]
pub(crate) struct FloodSurface;

/// Handle of the one water material.
#[derive(Resource)]
pub(crate) struct FloodHandle(pub Handle<FloodMaterial>);

/// Rebuilds the surface when another field is shown.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show_water(
    mut commands: Commands,
    water: Res<FloodWater>,
    flow: Res<FloodFlow>,
    style: Res<FloodStyle>,
    ground: Res<Ground>,
    handle: Res<FloodHandle>,
    old: Query<Entity, With<FloodSurface>>,
    mut materials: ResMut<Assets<FloodMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut redraw: ResMut<Redraw>,
) {
    if !water.is_changed() && !flow.is_changed() && !style.is_changed() {
        return;
    }
    redraw.scene();
    for entity in &old {
        commands.entity(entity).despawn();
    }
    let Some(field) = &water.0 else { return };
    let Some(mesh) = water_mesh(field, &ground) else { return };
    if let Some(mut material) = materials.get_mut(&handle.0) {
        let size = [f64::from(field.cols), f64::from(field.rows)].map(|n| (n * field.cell_m) as f32);
        material.frame = Vec4::new(field.west_m as f32, field.south_m as f32, size[0], size[1]);
        material.style = Vec4::new(field.cell_m as f32, f32::from(u8::from(*style == FloodStyle::Forecast)), 0.0, 0.0);
        material.chart = images.add(chart::draw(field, flow.0.as_deref(), &ground));
    }
    commands.spawn((
        FloodSurface,
        crate::layers::LayerTag("flood"),
        Mesh3d(meshes.add(mesh)),
        MeshMaterial3d(handle.0.clone()),
        NoFrustumCulling,
        Transform::IDENTITY,
    ));
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
        // 2 wet cells and 10 around them share 5 × 4 corners.
        assert_eq!(mesh.count_vertices(), 20, "1 cm is no water");
        let Some(positions) = mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3()) else {
            panic!("positions")
        };
        assert!(positions.iter().all(|p| (p[1] - 0.5).abs() < 1e-6));
        let dry = DepthField { depth_mm: vec![0; 100], ..field };
        assert!(water_mesh(&dry, &ground).is_none());
    }
}
