//! The ground: terrain mesh, painted roads, water and parks, and heights for everything else.

mod brink;
mod feet;
pub mod heights;
pub mod near;
pub mod paint;
pub mod raster;
pub mod relief;
pub mod rtin;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, ShaderType};
use bevy::shader::ShaderDefVal;

use crate::camera::CameraRig;
use crate::camera::rig::FOV_DEG;
use crate::frame::to_scene;
use crate::look::Look;
use crate::screen::MapLens;
use crate::shaders;
use heights::HeightGrid;
use paint::Painting;

/// Where the two paintings lie and what their bytes mean. Field order as in `struct Frames` of the shader.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
pub struct Frames {
    /// Painting of the whole city: west, north edge, width, height, local m.
    pub far: Vec4,
    /// Painting around the focus; width 0 while there is none.
    pub near: Vec4,
    /// Metres at which the channels saturate: lines, footprints, water, areas.
    pub far_range: Vec4,
    /// See `far_range`.
    pub near_range: Vec4,
    /// See [`relief::of`].
    pub relief: Vec4,
}

/// The ground's material: a painting of the whole city and a finer one around the focus, each as two textures of
/// distances and slopes.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
#[bind_group_data(GroundKey)]
pub struct GroundMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// Places of the paintings.
    #[uniform(1)]
    pub frames: Frames,
    /// R small roads, G main roads, B foot paths and squares, A building footprints.
    #[texture(2)]
    #[sampler(3)]
    pub lines: Handle<Image>,
    /// R water, G green, B and A slopes eastward and northward.
    #[texture(4)]
    pub areas: Handle<Image>,
    /// As `lines`, around the focus, as half floats.
    #[texture(5)]
    #[sampler(6)]
    pub near_lines: Handle<Image>,
    /// As `areas`, around the focus.
    #[texture(7)]
    pub near_areas: Handle<Image>,
    /// One can look through it, into the underground.
    pub faded: bool,
    /// What the view needs of the shader.
    pub key: GroundKey,
}

/// What a view needs of the ground's shader: the rest is left out of the pipeline. See the shader's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct GroundKey {
    near: bool,
    close: bool,
    fine: bool,
    wet: bool,
    night: bool,
    relief: bool,
}

impl From<&GroundMaterial> for GroundKey {
    fn from(m: &GroundMaterial) -> Self {
        m.key
    }
}

/// Pixels larger than this on all of the ground show neither pavements nor marks, m.
const CLOSE_PX_M: f32 = 4.0;

impl GroundKey {
    /// For a look and an eye this high above the highest ground; `near` when a painting around the focus is in view.
    #[must_use]
    pub fn of(look: &Look, above_m: f32, height_px: f32, near: bool) -> Self {
        // No pixel on the ground is smaller than one straight below the eye.
        let least_px_m = above_m * 2.0 * (FOV_DEG.to_radians() * 0.5).tan() / height_px.max(1.0);
        Self {
            near,
            close: least_px_m < CLOSE_PX_M,
            fine: look.tune.w > 0.5,
            wet: look.weather.y > 0.01,
            night: look.windows.w * look.tune.z > 0.004,
            relief: false,
        }
    }

    fn defs(self) -> impl Iterator<Item = ShaderDefVal> {
        let all = [(self.near, "NEAR"), (self.close, "CLOSE"), (self.fine, "FINE"), (self.wet, "WET")];
        let rest = [(self.night, "NIGHT"), (self.relief, "RELIEF")];
        all.into_iter().chain(rest).filter_map(|(on, name)| on.then(|| name.into()))
    }
}

/// Gives the shader what the view needs.
pub(crate) fn choose_shader(
    look: Res<Look>,
    rig: Res<CameraRig>,
    lens: Res<MapLens>,
    heights: Res<heights::Ground>,
    near: Res<near::NearPainting>,
    mut grounds: ResMut<Assets<GroundMaterial>>,
) {
    if !look.is_changed() && !rig.is_changed() && !lens.is_changed() && !near.is_changed() {
        return;
    }
    let above_m = (rig.pose.eye().y - heights.range_m.1).max(0.0);
    let near = near.serves(&rig.pose);
    let ids: Vec<_> = grounds
        .iter()
        .map(|(id, m)| {
            let key = GroundKey::of(&look, above_m, lens.lens.size_px.y, near && m.frames.near.z > 0.0);
            (id, GroundKey { relief: m.frames.relief.w > 0.0, ..key }, m.key)
        })
        .collect();
    for (id, wanted, shown) in ids {
        if wanted != shown
            && let Some(mut material) = grounds.get_mut(id)
        {
            material.key = wanted;
        }
    }
}

impl GroundMaterial {
    /// The ground with the painting of the whole city; `relief` see [`relief::of`].
    #[must_use]
    pub fn new(look: Look, far: Painting, relief: Vec4, images: &mut Assets<Image>) -> Self {
        let frames = Frames { far: far.frame, far_range: far.range_m, relief, ..default() };
        let (lines, areas) = (images.add(far.lines), images.add(far.areas));
        let (near_lines, near_areas) = (lines.clone(), areas.clone());
        Self { look, frames, lines, areas, near_lines, near_areas, faded: false, key: GroundKey::default() }
    }

    /// Shows another painting around the focus.
    pub fn set_near(&mut self, near: Painting, images: &mut Assets<Image>) {
        self.frames.near = near.frame;
        self.frames.near_range = near.range_m;
        self.near_lines = images.add(near.lines);
        self.near_areas = images.add(near.areas);
    }
}

crate::plain_material!(
    GroundMaterial,
    shaders::GROUND,
    [Mesh::ATTRIBUTE_POSITION],
    {
        fn alpha_mode(&self) -> AlphaMode {
            if self.faded { AlphaMode::Blend } else { AlphaMode::Opaque }
        }
        fn depth_bias(&self) -> f32 {
            -50_000.0
        }
    },
    |descriptor, key| {
        descriptor.vertex.shader_defs.extend(key.bind_group_data.defs());
        if let Some(fragment) = &mut descriptor.fragment {
            fragment.shader_defs.extend(key.bind_group_data.defs());
        }
    }
);

/// Worst height error of the terrain mesh, m.
pub const MESH_ERROR_M: f32 = 0.35;

/// The terrain mesh of a height grid, in the renderer's frame; without the triangles that lie whole where `known` (east,
/// north, local m) says no to.
#[must_use]
pub fn terrain_mesh(grid: &HeightGrid, known: Option<&dyn Fn(f32, f32) -> bool>) -> Mesh {
    let mut net = rtin::triangulate(&grid.z_m, grid.side, MESH_ERROR_M).unwrap_or_default();
    if let Some(known) = known {
        let place = |i: u32| net.corners[i as usize].map(|v| v as f32);
        let at = |[c, r]: [f32; 2]| known(grid.west_m + c * grid.step_m, grid.south_m + r * grid.step_m);
        let kept = |t: &[u32]| {
            let [a, b, c] = [place(t[0]), place(t[1]), place(t[2])];
            let middle = [(a[0] + b[0] + c[0]) / 3.0, (a[1] + b[1] + c[1]) / 3.0];
            at(a) || at(b) || at(c) || at(middle)
        };
        net.indices = net.indices.chunks_exact(3).filter(|t| kept(t)).flatten().copied().collect();
    }
    let positions: Vec<[f32; 3]> = net
        .corners
        .iter()
        .map(|&[c, r]| {
            let z = grid.z_m[r as usize * grid.side + c as usize];
            to_scene(grid.west_m + c as f32 * grid.step_m, grid.south_m + r as f32 * grid.step_m, z).to_array()
        })
        .collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_indices(Indices::U32(net.indices))
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::theme::Theme;

    #[test]
    fn a_view_from_high_above_leaves_out_what_it_can_not_show() {
        let mut look = Look::new(Theme::CommandDark, [0.0; 4]);
        look.tune.w = 0.0;
        look.windows.w = 0.0;
        let names = |k: GroundKey| k.defs().map(|d| format!("{d:?}")).collect::<Vec<_>>().join(" ");
        assert!(!names(GroundKey::of(&look, 7_000.0, 720.0, false)).contains("CLOSE"));
        let low = GroundKey::of(&look, 60.0, 720.0, true);
        assert!(low.close && low.near && !low.fine && !low.wet && !low.night);
        look.weather.y = 0.8;
        assert!(GroundKey::of(&look, 60.0, 720.0, true).wet);
    }
}
