//! Plain discs where a CPU draws: bits instead of triangles. A disc sets one bit; planes of bits are spread by the disc's
//! shape in a compute pass, and one triangle over the picture shows them.
//!
//! **Invariant:** the picture is that of the discs drawn one by one in whole pixels: the highest level is on top.

use bevy::prelude::*;
use bevy::render::render_resource::binding_types::{
    storage_buffer_read_only_sized, storage_buffer_sized, uniform_buffer,
};
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, BindGroupLayoutDescriptor, BindGroupLayoutEntries, Buffer, BufferDescriptor,
    BufferInitDescriptor, BufferUsages, CachedComputePipelineId, CommandEncoder, ComputePassDescriptor,
    ComputePipelineDescriptor, PipelineCache, ShaderStages,
};
use bevy::render::renderer::RenderDevice;

use super::pipelines::{Pipelines, SPLAT};

/// Planes of bits: normal, blue, yellow, orange, red.
const LEVELS: u64 = 5;
/// As in the shader: rows above and below the picture.
const EDGE_ROWS: u64 = 16;
/// Invocations of a workgroup.
const GROUP: u32 = 64;

struct Planes {
    size: UVec2,
    middles: Buffer,
    spread: BindGroup,
    shown: BindGroup,
}

/// The pipelines, and planes as large as the largest picture.
#[derive(Default)]
pub struct Splat {
    made: Option<[CachedComputePipelineId; 2]>,
    rows: Option<(u32, Buffer)>,
    planes: Option<Planes>,
}

/// What the compute passes bind.
#[must_use]
pub fn spread_layout() -> BindGroupLayoutDescriptor {
    let stages = ShaderStages::COMPUTE;
    BindGroupLayoutDescriptor::new(
        "discs_spread",
        &BindGroupLayoutEntries::sequential(
            stages,
            (storage_buffer_sized(false, None), storage_buffer_sized(false, None), uniform_buffer::<UVec4>(false)),
        ),
    )
}

/// What the triangle binds.
#[must_use]
pub fn shown_layout() -> BindGroupLayoutDescriptor {
    let cells = storage_buffer_read_only_sized(false, None);
    BindGroupLayoutDescriptor::new(
        "discs_shown",
        &BindGroupLayoutEntries::with_indices(ShaderStages::FRAGMENT, ((1, cells),)),
    )
}

fn words(size: UVec2) -> u64 {
    u64::from(size.x.div_ceil(32))
}

impl Splat {
    /// Makes ready for so many discs on a picture of this size; false while the pipelines are not.
    pub fn prepare(
        &mut self,
        rows: usize,
        size: UVec2,
        pipelines: &Pipelines,
        device: &RenderDevice,
        cache: &PipelineCache,
    ) -> bool {
        let ids = *self.made.get_or_insert_with(|| {
            ["scatter", "spread"].map(|entry| {
                cache.queue_compute_pipeline(ComputePipelineDescriptor {
                    label: Some("discs".into()),
                    layout: vec![pipelines.shared.clone(), pipelines.columns.clone(), spread_layout()],
                    shader: SPLAT,
                    shader_defs: vec!["SPREAD".into()],
                    entry_point: Some(entry.into()),
                    zero_initialize_workgroup_memory: false,
                    ..default()
                })
            })
        });
        let rows = rows as u32;
        if self.rows.as_ref().is_none_or(|r| r.0 != rows) {
            let words: Vec<u8> = [rows, 0, 0, 0].iter().flat_map(|w| w.to_le_bytes()).collect();
            let buffer = device.create_buffer_with_data(&BufferInitDescriptor {
                label: Some("discs_rows"),
                contents: &words,
                usage: BufferUsages::UNIFORM,
            });
            self.rows = Some((rows, buffer));
            self.planes = None;
        }
        let Some((_, rows)) = &self.rows else { return false };
        if self.planes.as_ref().is_none_or(|p| p.size.cmplt(size).any()) {
            let size = self.planes.as_ref().map_or(size, |p| p.size.max(size));
            let make = |label, words: u64| {
                device.create_buffer(&BufferDescriptor {
                    label: Some(label),
                    size: words * 4,
                    usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                })
            };
            let high = u64::from(size.y);
            let middles = make("discs_middles", LEVELS * (high + 2 * EDGE_ROWS) * (words(size) + 2));
            let cells = make("discs_cells", high * words(size) * 4);
            let layout = cache.get_bind_group_layout(&spread_layout());
            let entries = BindGroupEntries::sequential((
                middles.as_entire_binding(),
                cells.as_entire_binding(),
                rows.as_entire_binding(),
            ));
            let spread = device.create_bind_group("discs_spread", &layout, &entries);
            let layout = cache.get_bind_group_layout(&shown_layout());
            let entries = BindGroupEntries::with_indices(((1, cells.as_entire_binding()),));
            let shown = device.create_bind_group("discs_shown", &layout, &entries);
            self.planes = Some(Planes { size, middles, spread, shown });
        }
        ids.iter().all(|id| cache.get_compute_pipeline(*id).is_some())
    }

    /// What the triangle binds in group 2.
    #[must_use]
    pub fn shown(&self) -> Option<&BindGroup> {
        self.planes.as_ref().map(|p| &p.shown)
    }

    /// Sets and spreads the bits of one view.
    pub fn draw(
        &self,
        encoder: &mut CommandEncoder,
        (shared, offset): (&BindGroup, u32),
        columns: &BindGroup,
        size: UVec2,
        cache: &PipelineCache,
    ) {
        let (Some(ids), Some((rows, _)), Some(planes)) = (&self.made, &self.rows, &self.planes) else { return };
        let [Some(scatter), Some(spread)] = ids.map(|id| cache.get_compute_pipeline(id)) else { return };
        encoder.clear_buffer(&planes.middles, 0, None);
        let mut pass =
            encoder.begin_compute_pass(&ComputePassDescriptor { label: Some("discs"), timestamp_writes: None });
        pass.set_bind_group(0, Some(&**shared), &[offset]);
        pass.set_bind_group(1, Some(&**columns), &[]);
        pass.set_bind_group(2, Some(&*planes.spread), &[]);
        pass.set_pipeline(scatter);
        pass.dispatch_workgroups(rows.div_ceil(GROUP), 1, 1);
        pass.set_pipeline(spread);
        pass.dispatch_workgroups(((words(size) as u32) * size.y).div_ceil(GROUP), 1, 1);
    }
}

/// Discs that one dispatch takes; more are drawn one by one.
pub const MOST: usize = 65_535 * GROUP as usize;
