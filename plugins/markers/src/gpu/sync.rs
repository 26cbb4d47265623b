//! From the scene to the GPU: once a frame, what changed.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::MainWorld;
use bevy::render::render_resource::{
    Extent3d, FilterMode, PipelineCache, Sampler, SamplerDescriptor, TextureDataOrder, TextureDescriptor,
    TextureDimension, TextureFormat, TextureUsages, TextureView, TextureViewDescriptor, UniformBuffer,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::{Pod, Zeroable};
use guanlan_stage::bench::FrameMeter;
use guanlan_stage::quality::ResolvedQuality;
use guanlan_stage::{Ground, StageSettings};

use super::buffers::{ColumnBuffer, Uploaded};
use super::pass::Prepared;
use super::pipelines::Pipelines;
use super::scatter::Scatter;
use super::wall::Wall;
use crate::column::Reader;
use crate::crowd::{Crowd, CrowdLayer, Lod};
use crate::digits;
use crate::heat::{Heat, heat};
use crate::scene::MarkerScene;

/// One layer's buffers.
pub struct LayerGpu {
    /// Places, or motions.
    pub places: ColumnBuffer,
    /// States.
    pub states: ColumnBuffer,
    /// Last heard.
    pub extra: ColumnBuffer,
    /// Rows drawn with the full symbol.
    pub loud: ColumnBuffer,
    /// Rows drawn quietly.
    pub quiet: ColumnBuffer,
    /// Drawn as rings.
    pub rings_on: bool,
    /// The buffers are others: bind groups are stale.
    pub moved: bool,
}

impl LayerGpu {
    fn new(device: &RenderDevice) -> Self {
        let column = |label| ColumnBuffer::new(label, device);
        Self {
            places: column("mark_places"),
            states: column("mark_states"),
            extra: column("mark_extra"),
            loud: column("mark_loud"),
            quiet: column("mark_quiet"),
            rings_on: false,
            moved: true,
        }
    }

    fn lists(&mut self, crowd: &mut Crowd, device: &RenderDevice, queue: &RenderQueue) -> Uploaded {
        self.rings_on = crowd.lod != Lod::Marks;
        let mut all = self.loud.follow(&mut crowd.loud, None, device, queue);
        all += self.quiet.follow(&mut crowd.quiet, None, device, queue);
        all
    }
}

/// A ring as the shader reads it.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct RingGpu {
    place: [f32; 4],
    counts: [u32; 4],
    more: [u32; 4],
}

/// Everything the renderer holds of the live layers.
#[derive(Resource)]
pub struct MarkerGpu {
    /// Sensors.
    pub sensors: LayerGpu,
    /// Cases.
    pub cases: LayerGpu,
    /// Crews.
    pub units: LayerGpu,
    /// Rings of all layers, sensors first, cases last.
    pub rings: ColumnBuffer,
    /// Corners of the heat map.
    pub heat: ColumnBuffer,
    /// Cells of the heat map.
    pub heat_cells: usize,
    /// True when `rings` or `heat` are other buffers.
    pub moved: bool,
    /// Palette, clocks.
    pub wall: UniformBuffer<Wall>,
    /// All crews or sensors as discs.
    pub discs: [bool; 2],
    /// Discs may be drawn without blending.
    pub crisp: bool,
    /// How strongly each layer is drawn.
    pub strength: crate::scene::Strengths,
    /// Signs for the figures in rings.
    pub signs: TextureView,
    /// Sampler of the signs.
    pub smooth: Sampler,
    /// Pipelines.
    pub pipelines: Pipelines,
    /// Puts scattered rows in their places.
    scatter: Scatter,
    /// What the pass draws.
    pub prepared: Prepared,
    /// The buffers are new and empty: the program starts, or a lost device came back.
    fresh: bool,
    ring_versions: Option<[u64; 4]>,
    ring_rows: Vec<RingGpu>,
    heat_of: Option<u64>,
    heat_field: Arc<Heat>,
}

/// Makes the empty buffers when the renderer starts, and again when a lost device came back.
pub fn begin(mut commands: Commands, device: Res<RenderDevice>, queue: Res<RenderQueue>) {
    let size = Extent3d {
        width: (digits::CELL_W * digits::SIGNS) as u32,
        height: digits::CELL_H as u32,
        depth_or_array_layers: 1,
    };
    let descriptor = TextureDescriptor {
        label: Some("signs"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: TextureDimension::D2,
        format: TextureFormat::R8Unorm,
        usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
        view_formats: &[],
    };
    let signs = device
        .create_texture_with_data(&queue, &descriptor, TextureDataOrder::default(), &digits::picture())
        .create_view(&TextureViewDescriptor::default());
    let smooth = device.create_sampler(&SamplerDescriptor {
        mag_filter: FilterMode::Linear,
        min_filter: FilterMode::Linear,
        ..default()
    });
    commands.insert_resource(MarkerGpu {
        sensors: LayerGpu::new(&device),
        cases: LayerGpu::new(&device),
        units: LayerGpu::new(&device),
        rings: ColumnBuffer::new("mark_rings", &device),
        heat: ColumnBuffer::new("mark_heat", &device),
        heat_cells: 0,
        moved: true,
        wall: UniformBuffer::default(),
        discs: [false; 2],
        crisp: false,
        strength: crate::scene::Strengths::default(),
        signs,
        smooth,
        pipelines: Pipelines::default(),
        scatter: Scatter::default(),
        prepared: Prepared::default(),
        fresh: true,
        ring_versions: None,
        ring_rows: Vec::new(),
        heat_of: None,
        heat_field: Arc::default(),
    });
}

/// Uploads what changed since the last frame.
pub fn sync(
    mut main: ResMut<MainWorld>,
    mut gpu: ResMut<MarkerGpu>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    cache: Res<PipelineCache>,
    meter: Option<Res<FrameMeter>>,
) {
    let Some(theme) = main.get_resource::<StageSettings>().map(|s| s.theme) else { return };
    let software = main.get_resource::<ResolvedQuality>().is_some_and(|q| q.software);
    let ground = (main.get_resource::<MarkerScene>())
        .is_some_and(|s| s.show.heat > 0.0 && gpu.heat_of != Some(s.cases.place.generation()))
        .then(|| main.get_resource::<Ground>().cloned())
        .flatten();
    let Some(mut scene) = main.get_resource_mut::<MarkerScene>() else { return };
    let scene = scene.bypass_change_detection();
    let gpu = &mut *gpu;
    if std::mem::take(&mut gpu.fresh) {
        everything_again(scene);
    }
    let tool = if is_scattered(scene) { gpu.scatter.tool(&cache) } else { None };
    let tool = tool.as_ref();
    let mut all = Uploaded::default();
    {
        let layer = &mut gpu.sensors;
        let mut up = layer.places.follow(&mut scene.sensors.place, tool, &device, &queue);
        up += layer.states.follow(&mut scene.sensors.state, tool, &device, &queue);
        up += layer.extra.follow(&mut scene.sensors.seen, tool, &device, &queue);
        up += layer.lists(&mut scene.crowds.sensors, &device, &queue);
        layer.moved |= up.moved;
        all += up;
    }
    {
        let layer = &mut gpu.cases;
        let mut up = layer.places.follow(&mut scene.cases.place, tool, &device, &queue);
        up += layer.states.follow(&mut scene.cases.state, tool, &device, &queue);
        up += layer.lists(&mut scene.crowds.cases, &device, &queue);
        layer.moved |= up.moved;
        all += up;
    }
    {
        let layer = &mut gpu.units;
        let mut up = layer.places.follow(&mut scene.units.motion, tool, &device, &queue);
        up += layer.states.follow(&mut scene.units.state, tool, &device, &queue);
        up += layer.lists(&mut scene.crowds.units, &device, &queue);
        layer.moved |= up.moved;
        all += up;
    }
    all += rings(gpu, scene, &device, &queue);
    if let Some(ground) = ground {
        all += drape(gpu, scene, &ground, &device, &queue);
    }
    gpu.discs = [scene.style.discs_px.is_some(), scene.style.unit_discs_px.is_some()];
    gpu.strength = scene.show;
    gpu.crisp = software && scene.show.sensors >= 1.0 && scene.sensors.seen.is_empty();
    let wall = Wall::new(theme, scene, &gpu.heat_field);
    if *gpu.wall.get() != wall {
        gpu.wall.set(wall);
        gpu.wall.write_buffer(&device, &queue);
        all.bytes += size_of::<Wall>() as u64;
    }
    if let Some(meter) = meter {
        meter.uploaded(all.bytes);
    }
}

/// True when rows of some column changed here and there.
fn is_scattered(scene: &MarkerScene) -> bool {
    scene.units.motion.is_scattered()
        || scene.units.state.is_scattered()
        || scene.sensors.place.is_scattered()
        || scene.sensors.seen.is_scattered()
        || scene.cases.place.is_scattered()
        || scene.cases.state.is_scattered()
}

/// The GPU has nothing: all columns are uploaded again.
fn everything_again(scene: &mut MarkerScene) {
    scene.sensors.place.again(Reader::Gpu);
    scene.sensors.state.again(Reader::Gpu);
    scene.sensors.seen.again(Reader::Gpu);
    scene.cases.place.again(Reader::Gpu);
    scene.cases.state.again(Reader::Gpu);
    scene.units.motion.again(Reader::Gpu);
    scene.units.state.again(Reader::Gpu);
    for crowd in [&mut scene.crowds.sensors, &mut scene.crowds.cases, &mut scene.crowds.units] {
        crowd.loud.again(Reader::Gpu);
        crowd.quiet.again(Reader::Gpu);
    }
}

/// Rings of all layers in one buffer, when one of them changed.
fn rings(gpu: &mut MarkerGpu, scene: &MarkerScene, device: &RenderDevice, queue: &RenderQueue) -> Uploaded {
    let crowds = &scene.crowds;
    let on = |strength: f32, crowd: &Crowd| if strength > 0.0 { crowd.version + 1 } else { 0 };
    let aside = [CrowdLayer::Sensors, CrowdLayer::Units, CrowdLayer::Cases].map(|layer| crowds.aside(layer));
    let versions = [
        on(scene.show.sensors, &crowds.sensors),
        on(scene.show.units, &crowds.units),
        on(scene.show.cases, &crowds.cases),
        u64::from(aside[0][0] != 0.0),
    ];
    if gpu.ring_versions == Some(versions) {
        return Uploaded::default();
    }
    gpu.ring_versions = Some(versions);
    gpu.ring_rows.clear();
    let layers = [(&crowds.sensors, 0u32), (&crowds.units, 2), (&crowds.cases, 1)];
    for (k, (crowd, number)) in layers.into_iter().enumerate() {
        if versions[k] == 0 {
            continue;
        }
        // Right, left, up: a bit each.
        let [x, y] = aside[k];
        let side = u32::from(x > 0.0) << 9 | u32::from(x < 0.0) << 10 | u32::from(y > 0.0) << 11;
        let breathes = u32::from(crowd.breathing > 0 && number != 2) << 8;
        gpu.ring_rows.extend(crowd.rings.iter().map(|r| RingGpu {
            place: [r.place[0], r.place[1], r.place[2], r.cell_m],
            counts: [r.counts[0], r.counts[1], r.counts[2], r.counts[3]],
            more: [r.counts[4], r.total(), digits::signs(r.total()), number | breathes | side],
        }));
    }
    let up = gpu.rings.replace(gpu.ring_rows.len(), bytemuck::cast_slice(&gpu.ring_rows), device, queue);
    gpu.moved |= up.moved;
    up
}

/// The heat map of the cases over the ground.
fn drape(
    gpu: &mut MarkerGpu,
    scene: &MarkerScene,
    ground: &Ground,
    device: &RenderDevice,
    queue: &RenderQueue,
) -> Uploaded {
    gpu.heat_of = Some(scene.cases.place.generation());
    let field = heat(scene.cases.place.rows().iter().map(|p| [p[0], p[1]]));
    let corners: Vec<[f32; 2]> = field
        .per_km2
        .iter()
        .enumerate()
        .map(|(i, density)| {
            let east = field.west_m + (i % field.cols) as f32 * field.step_m;
            let north = field.south_m + (i / field.cols) as f32 * field.step_m;
            [ground.height_m(east, north), *density]
        })
        .collect();
    let up = gpu.heat.replace(corners.len(), bytemuck::cast_slice(&corners), device, queue);
    gpu.moved |= up.moved;
    gpu.heat_cells = field.cols.saturating_sub(1) * field.rows.saturating_sub(1);
    gpu.heat_field = Arc::new(field);
    up
}
