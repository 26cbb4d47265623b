//! Few rows of a long column: sent as a list and put in their places by the graphics device.
//!
//! Rows that change here and there make nearly every chunk of a column dirty. A list of them is as long as what changed.

use bevy::prelude::*;
use bevy::render::render_resource::binding_types::{storage_buffer_read_only_sized, storage_buffer_sized};
use bevy::render::render_resource::{
    BindGroupEntries, BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntries, Buffer, BufferDescriptor,
    BufferUsages, CachedComputePipelineId, CommandEncoderDescriptor, ComputePassDescriptor, ComputePipeline,
    ComputePipelineDescriptor, PipelineCache, ShaderStages,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::Pod;

use super::pipelines::SCATTER;

/// Invocations of a workgroup, and the most rows that one list may hold.
const GROUP: usize = 64;
const MOST: usize = 65_535 * GROUP;

/// The pipeline, asked for when it is first of use.
#[derive(Default)]
pub struct Scatter {
    made: Option<CachedComputePipelineId>,
}

/// What puts rows in their places, while it is ready.
pub struct Tool<'a> {
    pipeline: &'a ComputePipeline,
    layout: BindGroupLayout,
}

fn layout() -> BindGroupLayoutDescriptor {
    BindGroupLayoutDescriptor::new(
        "scatter",
        &BindGroupLayoutEntries::sequential(
            ShaderStages::COMPUTE,
            (storage_buffer_read_only_sized(false, None), storage_buffer_sized(false, None)),
        ),
    )
}

impl Scatter {
    /// The tool, once its shader is compiled.
    pub fn tool<'a>(&mut self, cache: &'a PipelineCache) -> Option<Tool<'a>> {
        let id = *self.made.get_or_insert_with(|| {
            cache.queue_compute_pipeline(ComputePipelineDescriptor {
                label: Some("scatter".into()),
                layout: vec![layout()],
                shader: SCATTER,
                entry_point: Some("scatter".into()),
                zero_initialize_workgroup_memory: false,
                ..default()
            })
        });
        let pipeline = cache.get_compute_pipeline(id)?;
        Some(Tool { pipeline, layout: cache.get_bind_group_layout(&layout()) })
    }
}

/// A list of rows on its way: how many, words of each, then number and words one after the other.
#[derive(Default)]
pub struct List {
    words: Vec<u32>,
    buffer: Option<Buffer>,
}

impl List {
    /// Sends these rows of a column's values into its buffer; the bytes handed over.
    pub fn send<T: Pod>(
        &mut self,
        rows: &[u32],
        values: &[T],
        column: &Buffer,
        tool: &Tool<'_>,
        device: &RenderDevice,
        queue: &RenderQueue,
    ) -> u64 {
        self.fill(rows, values);
        let bytes: &[u8] = bytemuck::cast_slice(&self.words);
        let needed = bytes.len() as u64;
        if self.buffer.as_ref().is_none_or(|b| b.size() < needed) {
            self.buffer = Some(device.create_buffer(&BufferDescriptor {
                label: Some("scatter_list"),
                size: (needed * 3 / 2).next_multiple_of(16),
                usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }));
        }
        let Some(list) = &self.buffer else { return 0 };
        queue.write_buffer(list, 0, bytes);
        let entries = BindGroupEntries::sequential((list.as_entire_binding(), column.as_entire_binding()));
        let group = device.create_bind_group("scatter", &tool.layout, &entries);
        let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor { label: Some("scatter") });
        {
            let mut pass =
                encoder.begin_compute_pass(&ComputePassDescriptor { label: Some("scatter"), timestamp_writes: None });
            pass.set_pipeline(tool.pipeline);
            pass.set_bind_group(0, Some(&*group), &[]);
            pass.dispatch_workgroups(rows.len().div_ceil(GROUP) as u32, 1, 1);
        }
        queue.submit([encoder.finish()]);
        needed
    }

    fn fill<T: Pod>(&mut self, rows: &[u32], values: &[T]) {
        let each = size_of::<T>() / 4;
        self.words.clear();
        self.words.reserve(2 + rows.len() * (each + 1));
        self.words.extend([0, each as u32]);
        for row in rows {
            if let Some(value) = values.get(*row as usize) {
                self.words.push(*row);
                self.words.extend_from_slice(bytemuck::cast_slice(std::slice::from_ref(value)));
                self.words[0] += 1;
            }
        }
    }
}

/// True when a list of so many rows of this size can be sent at all.
#[must_use]
pub const fn fits<T>(rows: usize) -> bool {
    size_of::<T>() > 0 && size_of::<T>().is_multiple_of(4) && rows > 0 && rows <= MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_each_row_before_its_words() {
        let mut list = List::default();
        list.fill(&[2, 0], &[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let bits = |v: f32| v.to_bits();
        assert_eq!(list.words, [2, 2, 2, bits(5.0), bits(6.0), 0, bits(1.0), bits(2.0)]);
        list.fill(&[9, 1], &[[1.0f32, 2.0], [3.0, 4.0]]);
        assert_eq!(list.words, [1, 2, 1, bits(3.0), bits(4.0)], "a row that is gone is not counted");
        assert!(fits::<[u32; 8]>(10) && !fits::<u8>(10) && !fits::<u32>(0) && !fits::<u32>(MOST + 1));
    }
}
