//! Flood water: blocks of wet cells under one chart of depth and flow that lives on the GPU. A new field sends the rows
//! that changed; a mesh is made only where cells became wet or dry.
//!
//! Three ways to hand over water: [`FloodWater`] from a room, [`crate::Compare`] for a second water beside it, and
//! [`GpuWater`] for a solver that shares the renderer's device and never reads back.

pub mod chart;
pub mod gpu;
pub mod sheet;
pub mod tint;
pub(crate) mod upload;

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::camera::primitives::Aabb;
use bevy::camera::visibility::{NoAutoAabb, RenderLayers};
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use guanlan_core::{WaterAspect, WaterPeaks, input::DepthField};

use crate::compare::{Compare, Divider};
use crate::ground::heights::Ground;
use crate::layers::{LayerState, LayerTag};
use crate::look::Look;
use crate::redraw::{Ambient, Redraw};
use crate::{CameraRig, shaders};
use sheet::{BlockMesh, Sheet};
use tint::Painted;
use upload::Patches;

pub use chart::FlowField;
pub use gpu::{Device, GpuDepths, WaterOnDevice};
pub use sheet::Place;

/// Water shallower than this is not drawn, m.
pub const WET_M: f32 = 0.05;
/// Render layers of the water shown and of the one it is compared with.
pub(crate) const LAYERS: [usize; 2] = [28, 29];
/// Water stands at most this high above the ground of its block, m: for culling only.
const HIGHEST_M: f32 = 30.0;
/// Lines of the flow are seen from nearer than this, m: farther away nothing moves and nothing has to be drawn again.
const FLOW_SEEN_M: f32 = 2_600.0;
/// Corners along a side of the net for water that only the GPU knows.
const GPU_NET: usize = 512;

/// The water on the map. Set it to show another field; `None` shows none.
#[derive(Resource, Clone, Default)]
pub struct FloodWater(pub Option<Arc<DepthField>>);

/// How fast the water moves and where to, if the solver tells; otherwise it is read off the water's slope.
#[derive(Resource, Clone, Default)]
pub struct FloodFlow(pub Option<Arc<FlowField>>);

/// What the water has been, if the solver tells: what [`LayerState::water`] asks for is drawn from it.
#[derive(Resource, Clone, Default)]
pub struct FloodPeaks(pub Option<Arc<WaterPeaks>>);

/// What the water on the map is.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloodStyle {
    /// What a model and the gauges say of now.
    #[default]
    Estimate,
    /// What has not happened yet: 60 % and a dashed shore.
    Forecast,
}

/// Water that only the graphics device knows; while it is set, it is drawn in place of [`FloodWater`].
///
/// **The seam.** A solver that runs on the renderer's own device (`RenderDevice::wgpu_device`, its queue in the render
/// world) hands over the storage buffer it keeps its depths in, see [`GpuDepths`]; for `guanlan_surge` that is
/// `Surge::depth_view()`: `buffer`, `stride`, `first = stride + 1`; [`WaterOnDevice`] does it for a program. Each frame that is drawn makes the chart from it in
/// one compute pass; vertex and fragment stage read the chart, nothing is read back. After a step of the solver say
/// [`Redraw::scene_once`].
#[derive(Resource, Clone, Default)]
pub struct GpuWater(pub Option<GpuDepths>);

/// Translucent water in the depth ramp.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct FloodMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// West, south edge, width and height of the chart, local m.
    #[uniform(1)]
    pub frame: Vec4,
    /// x: cell side in m; y: 1 for a forecast; z: −1 is drawn left of the divider only, 1 right of it, 0 on both sides;
    /// w: the divider as a share of the picture's width.
    #[uniform(2)]
    pub style: Vec4,
    /// Depth and flow, see [`chart`].
    #[texture(3)]
    #[sampler(4)]
    pub chart: Handle<Image>,
    /// Height of the ground below each cell, m.
    #[texture(5, sample_type = "float", filterable = false)]
    pub ground: Handle<Image>,
    /// Colours of the classes of what is shown, see [`tint::palette`]; all 0 shows the depth of now.
    #[uniform(6)]
    pub classes: [Vec4; tint::CLASSES],
    /// Class of each cell, see [`tint`].
    #[texture(7)]
    pub tint: Handle<Image>,
}

crate::plain_material!(FloodMaterial, shaders::FLOOD, [Mesh::ATTRIBUTE_POSITION], {
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
    }
    fn depth_bias(&self) -> f32 {
        100.0
    }
});

/// What is drawn of one water.
#[derive(Default)]
struct Slot {
    sheet: Option<Sheet>,
    blocks: Vec<Option<Entity>>,
    material: Handle<FloodMaterial>,
    /// Finer rasters over parts of it.
    finer: Vec<Slot>,
}

/// The water shown and the one it is compared with.
#[derive(Resource)]
pub(crate) struct Waters {
    slots: [Slot; 2],
}

impl Waters {
    /// Two dry waters.
    pub fn new(look: &Look, images: &mut Assets<Image>, materials: &mut Assets<FloodMaterial>) -> Self {
        let chart = images.add(chart::image(1, 1, &chart::texel(0.0, [0.0; 2])));
        let ground = images.add(chart::heights(1, 1, &[0.0]));
        let tint = images.add(chart::tints(1, 1, &[0; 2]));
        let slot = |materials: &mut Assets<FloodMaterial>| {
            let (chart, ground, tint) = (chart.clone(), ground.clone(), tint.clone());
            let frame = Vec4::new(0.0, 0.0, 1.0, 1.0);
            let (style, classes) = (Vec4::ZERO, [Vec4::ZERO; tint::CLASSES]);
            let material = materials.add(FloodMaterial { look: *look, frame, style, chart, ground, classes, tint });
            Slot { material, ..Slot::default() }
        };
        Self { slots: [slot(materials), slot(materials)] }
    }

    fn is_wet(&self) -> bool {
        let wet = |slot: &Slot| slot.sheet.as_ref().is_some_and(Sheet::is_wet);
        self.slots.iter().any(|s| wet(s) || s.finer.iter().any(wet))
    }
}

impl Slot {
    fn clear(&mut self, commands: &mut Commands) {
        self.blocks.drain(..).flatten().for_each(|entity| commands.entity(entity).despawn());
        self.sheet = None;
        self.finer.drain(..).for_each(|mut slot| slot.clear(commands));
    }

    /// True when it shows rasters of these places.
    fn fits(&self, place: &Place, finer: &[(Arc<DepthField>, Place)]) -> bool {
        let own = |slot: &Self| slot.sheet.as_ref().map(|s| s.place);
        own(self) == Some(*place)
            && self.finer.len() == finer.len()
            && self.finer.iter().zip(finer).all(|(slot, (_, place))| own(slot) == Some(*place))
    }

    /// Draws one block as it now is.
    fn put(&mut self, number: usize, mesh: Option<BlockMesh>, layer: usize, world: &mut Stage<'_, '_, '_>) {
        let Some(place) = self.blocks.get_mut(number) else { return };
        let Some(block) = mesh else {
            if let Some(entity) = place.take() {
                world.commands.entity(entity).despawn();
            }
            return;
        };
        let bounds = bounds(&block);
        let mesh = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, block.positions)
            .with_inserted_indices(Indices::U32(block.indices));
        let mesh = Mesh3d(world.meshes.add(mesh));
        match *place {
            Some(entity) => {
                world.commands.entity(entity).insert((mesh, bounds));
            }
            None => {
                let material = MeshMaterial3d(self.material.clone());
                let layers = RenderLayers::layer(LAYERS[layer]);
                let tag = LayerTag::WATER;
                *place = Some(world.commands.spawn((tag, mesh, material, bounds, NoAutoAabb, layers)).id());
            }
        }
    }
}

/// The box of a block, from its lowest ground to the highest water anybody saw.
fn bounds(block: &BlockMesh) -> Aabb {
    let fold = |f: fn(f32, f32) -> f32, k: usize, from: f32| block.positions.iter().fold(from, |m, p| f(m, p[k]));
    let low = Vec3::new(fold(f32::min, 0, f32::MAX), block.range_m[0], fold(f32::min, 2, f32::MAX));
    let high = Vec3::new(fold(f32::max, 0, f32::MIN), block.range_m[1] + HIGHEST_M, fold(f32::max, 2, f32::MIN));
    Aabb::from_min_max(low, high)
}

/// What blocks are made with.
struct Stage<'a, 'w, 's> {
    commands: &'a mut Commands<'w, 's>,
    meshes: &'a mut Assets<Mesh>,
}

/// One water as it should be drawn.
struct Wanted<'a> {
    field: Option<&'a Arc<DepthField>>,
    flow: Option<&'a Arc<FlowField>>,
    peaks: Option<&'a Arc<WaterPeaks>>,
    style: FloodStyle,
    side: f32,
}

/// What water there is.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct Sources<'w> {
    water: Res<'w, FloodWater>,
    flow: Res<'w, FloodFlow>,
    style: Res<'w, FloodStyle>,
    gpu: Res<'w, GpuWater>,
    compare: Res<'w, Compare>,
    divider: Res<'w, Divider>,
    peaks: Res<'w, FloodPeaks>,
    layers: Option<Res<'w, LayerState>>,
}

impl Sources<'_> {
    /// What is shown of the water, and of the one it is compared with.
    fn aspect(&self) -> WaterAspect {
        self.layers.as_ref().and_then(|l| l.water()).map_or(WaterAspect::Depth, |(aspect, _)| aspect)
    }

    fn changed(&self) -> bool {
        self.water.is_changed()
            || self.flow.is_changed()
            || self.style.is_changed()
            || self.gpu.is_changed()
            || self.compare.is_changed()
            || self.divider.is_changed()
    }

    /// Something changed besides the water itself.
    fn others_changed(&self) -> bool {
        self.style.is_changed() || self.compare.is_changed() || self.divider.is_changed()
    }

    fn wanted(&self) -> [Wanted<'_>; 2] {
        let other = self.compare.right.as_ref();
        let left = self.compare.left.as_ref().filter(|_| other.is_some());
        let side = if other.is_some() && self.divider.swipes { 1.0 } else { 0.0 };
        [
            Wanted {
                field: left.map_or(self.water.0.as_ref(), |l| l.water.as_ref()),
                flow: left.map_or(self.flow.0.as_ref(), |l| l.flow.as_ref()),
                peaks: left.map_or(self.peaks.0.as_ref(), |l| l.peaks.as_ref()),
                style: left.map_or(*self.style, |l| l.style),
                side: -side,
            },
            Wanted {
                field: other.and_then(|o| o.water.as_ref()),
                flow: other.and_then(|o| o.flow.as_ref()),
                peaks: other.and_then(|o| o.peaks.as_ref()),
                style: other.map_or(FloodStyle::Estimate, |o| o.style),
                side,
            },
        ]
    }
}

/// What was drawn last.
#[derive(Default)]
pub(crate) struct Shown {
    gpu: bool,
    aspect: WaterAspect,
    painted: [Option<Painted>; 2],
}

impl Shown {
    /// Makes anew what is no longer painted of what there is; true when something was.
    fn repaint(&mut self, aspect: WaterAspect, wanted: &[Wanted<'_>; 2]) -> bool {
        let mut made = self.aspect != aspect;
        self.aspect = aspect;
        for (painted, wanted) in self.painted.iter_mut().zip(wanted) {
            // A place for a second water that is not there is painted with nothing.
            let there = aspect != WaterAspect::Depth && (wanted.peaks.is_some() || wanted.field.is_some());
            if !there {
                made |= painted.take().is_some();
            } else if painted.as_ref().is_none_or(|p| !p.is_of(aspect, wanted.peaks, wanted.field)) {
                *painted = Some(Painted::new(aspect, wanted.peaks, wanted.field));
                made = true;
            }
        }
        made
    }
}

/// Shows the water that is there now.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show_water(
    mut commands: Commands,
    sources: Sources,
    ground: Res<Ground>,
    queues: (Res<Patches>, Res<gpu::Jobs>),
    waters: Option<ResMut<Waters>>,
    mut materials: ResMut<Assets<FloodMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut redraw: ResMut<Redraw>,
    mut shown: Local<Shown>,
) {
    let Some(mut waters) = waters else { return };
    let aspect = sources.aspect();
    let made = shown.repaint(aspect, &sources.wanted());
    // What has been does not change with the water of now.
    let changed = if aspect == WaterAspect::Depth { sources.changed() } else { sources.others_changed() };
    if !made && !changed {
        return;
    }
    redraw.scene();
    let mut stage = Stage { commands: &mut commands, meshes: &mut meshes };
    // What has been is known here only: the depths of the device are drawn where depth is asked for.
    let gpu = sources.gpu.0.as_ref().filter(|_| aspect == WaterAspect::Depth);
    let drawn = shown.painted.clone();
    for (k, (slot, mut wanted)) in waters.slots.iter_mut().zip(sources.wanted()).enumerate() {
        let painted = drawn[k].as_ref();
        if let Some(painted) = painted {
            (wanted.field, wanted.flow) = (painted.field.as_ref(), wanted.flow.filter(|_| aspect.is_now()));
        }
        if k == 0 && ((sources.gpu.is_changed() && painted.is_none()) || gpu.is_some() != shown.gpu) {
            slot.clear(stage.commands);
            shown.gpu = gpu.is_some();
            match gpu {
                Some(gpu) => show_gpu(slot, gpu, &ground, &queues.1, &mut materials, &mut images, &mut stage),
                None => queues.1.set(None),
            }
        }
        if k == 0 && gpu.is_some() {
            slot.paint(None, &mut materials, &mut images);
            restyle(slot, &wanted, sources.divider.share, &mut materials);
            continue;
        }
        let Some((field, place)) = wanted.field.and_then(|f| Some((f, Place::of(f)?))) else {
            slot.clear(stage.commands);
            continue;
        };
        let finer = Place::finer(field);
        if slot.fits(&place, &finer) {
            slot.take(field, wanted.flow, k, (&*queues.0, &*materials), &mut stage);
            for (slot, (field, _)) in slot.finer.iter_mut().zip(&finer) {
                slot.take(field, wanted.flow, k, (&*queues.0, &*materials), &mut stage);
            }
        } else {
            slot.clear(stage.commands);
            let mut sheet = Sheet::new(place, &ground);
            finer.iter().for_each(|(_, place)| sheet.leave_to(place));
            slot.show(sheet, field, wanted.flow, k, (&mut *materials, &mut *images), &mut stage);
            for (field, place) in &finer {
                let Some(material) = materials.get(&slot.material).cloned() else { break };
                let mut fine = Slot { material: materials.add(material), ..Slot::default() };
                let sheet = Sheet::new(*place, &ground);
                fine.show(sheet, field, wanted.flow, k, (&mut *materials, &mut *images), &mut stage);
                slot.finer.push(fine);
            }
        }
        slot.paint(painted, &mut materials, &mut images);
        slot.finer.iter().for_each(|slot| slot.paint(painted, &mut materials, &mut images));
        restyle(slot, &wanted, sources.divider.share, &mut materials);
        slot.finer.iter().for_each(|slot| restyle(slot, &wanted, sources.divider.share, &mut materials));
    }
}

impl Slot {
    /// Shows a field on a new sheet.
    fn show(
        &mut self,
        mut sheet: Sheet,
        field: &Arc<DepthField>,
        flow: Option<&Arc<FlowField>>,
        layer: usize,
        (materials, images): (&mut Assets<FloodMaterial>, &mut Assets<Image>),
        stage: &mut Stage<'_, '_, '_>,
    ) {
        sheet.take(field, flow);
        let place = sheet.place;
        if let Some(mut material) = materials.get_mut(&self.material) {
            material.frame = frame_of(&place);
            material.chart = images.add(chart::image(place.cols, place.rows, &sheet.chart));
            material.ground = images.add(chart::heights(place.cols, place.rows, &sheet.ground_m));
        }
        self.blocks = vec![None; sheet.blocks()];
        for number in 0..sheet.blocks() {
            self.put(number, sheet.block(number), layer, stage);
        }
        self.sheet = Some(sheet);
    }

    /// Colours it by what is chosen; by depth without it.
    fn paint(&self, painted: Option<&Painted>, materials: &mut Assets<FloodMaterial>, images: &mut Assets<Image>) {
        let classes = tint::palette(painted.map_or(WaterAspect::Depth, |p| p.aspect));
        let plain = materials.get(&self.material).is_some_and(|m| m.classes == classes) && painted.is_none();
        if plain {
            return;
        }
        let tint = painted.zip(self.sheet.as_ref()).map(|(painted, sheet)| {
            let place = sheet.place;
            images.add(chart::tints(place.cols, place.rows, &painted.tint(&place)))
        });
        if let Some(mut material) = materials.get_mut(&self.material) {
            material.classes = classes;
            material.tint = tint.unwrap_or_else(|| material.tint.clone());
        }
    }

    /// Shows the next field of the same place.
    fn take(
        &mut self,
        field: &Arc<DepthField>,
        flow: Option<&Arc<FlowField>>,
        layer: usize,
        (patches, materials): (&Patches, &Assets<FloodMaterial>),
        stage: &mut Stage<'_, '_, '_>,
    ) {
        let Some(mut sheet) = self.sheet.take() else { return };
        let cols = sheet.place.cols;
        let update = sheet.take(field, flow);
        if let Some(material) = materials.get(&self.material) {
            for rows in update.rows {
                let words = &sheet.chart[rows.start * cols * chart::TEXEL..rows.end * cols * chart::TEXEL];
                patches.push(&material.chart, rows.start, cols, rows.len(), chart::bytes(words));
            }
        }
        for number in update.blocks {
            self.put(number, sheet.block(number), layer, stage);
        }
        self.sheet = Some(sheet);
    }
}

fn frame_of(place: &Place) -> Vec4 {
    let size = [place.cols, place.rows].map(|n| (n as f64 * place.cell_m) as f32);
    Vec4::new(place.west_m as f32, place.south_m as f32, size[0], size[1])
}

/// Hands over what is said of a water; the material is touched only when it differs.
fn restyle(slot: &Slot, wanted: &Wanted<'_>, divider: f32, materials: &mut Assets<FloodMaterial>) {
    let Some(old) = materials.get(&slot.material) else { return };
    let cell_m = slot.sheet.as_ref().map_or(old.style.x, |s| s.place.cell_m as f32);
    let forecast = f32::from(u8::from(wanted.style == FloodStyle::Forecast));
    let style = Vec4::new(cell_m, forecast, wanted.side, divider);
    if old.style != style
        && let Some(mut material) = materials.get_mut(&slot.material)
    {
        material.style = style;
    }
}

fn show_gpu(
    slot: &mut Slot,
    gpu: &GpuDepths,
    ground: &Ground,
    jobs: &gpu::Jobs,
    materials: &mut Assets<FloodMaterial>,
    images: &mut Assets<Image>,
    stage: &mut Stage<'_, '_, '_>,
) {
    let place = gpu.place;
    let heights = Sheet::new(place, ground).ground_m;
    if let Some(mut material) = materials.get_mut(&slot.material) {
        material.frame = frame_of(&place);
        material.style.x = place.cell_m as f32;
        material.chart = images.add(chart::drawn(place.cols, place.rows));
        material.ground = images.add(chart::heights(place.cols, place.rows, &heights));
        jobs.set(Some((gpu, &material.chart, &material.ground)));
    }
    slot.blocks = vec![None];
    slot.put(0, Some(sheet::whole(&place, &heights, GPU_NET)), 0, stage);
}

/// The lines of the flow move while somebody is near enough to see them.
pub(crate) fn keep_flowing(
    waters: Option<Res<Waters>>,
    gpu: Res<GpuWater>,
    layers: Option<Res<LayerState>>,
    rig: Res<CameraRig>,
    mut redraw: ResMut<Redraw>,
) {
    let near = rig.pose.distance_m < FLOW_SEEN_M && layers.is_none_or(|l| l.water().is_some());
    let wet = || gpu.0.is_some() || waters.as_ref().is_some_and(|w| w.is_wet());
    redraw.ambient(Ambient::Flow, near && wet());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_culled_by_the_ground_and_the_water_above_it() {
        let block = BlockMesh {
            positions: vec![[0.0, 0.0, 0.0], [320.0, 0.0, -320.0]],
            indices: vec![0, 1, 0],
            range_m: [3.0, 9.0],
        };
        let aabb = bounds(&block);
        assert_eq!(Vec3::from(aabb.min()), Vec3::new(0.0, 3.0, -320.0));
        assert_eq!(Vec3::from(aabb.max()), Vec3::new(320.0, 9.0 + HIGHEST_M, 0.0));
    }
}
