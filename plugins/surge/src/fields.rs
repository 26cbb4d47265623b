//! The buffers of one solver and the groups that bind them.

use std::collections::BTreeMap;

use bytemuck::{Pod, Zeroable};
use guanlan_rainstorm::surface::{Domain, InertialSettings};
use wgpu::BufferUsages as Use;

use crate::{
    edges::Edge,
    gpu::{Gpu, GpuError, KERNELS, Kernel},
};

/// Cells of a tile.
pub(crate) const TILE: [usize; 2] = [32, 8];
/// Workgroups in a row of a dispatch, as the shader counts them.
const ROW_OF_GROUPS: u32 = 32_768;

/// `Params` of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(crate) struct Params {
    pub stride: u32,
    pub cols: u32,
    pub rows: u32,
    pub tiles: [u32; 2],
    pub edges: u32,
    pub crests: u32,
    pub watched: u32,
    pub cell_m: f32,
    pub theta: f32,
    pub side: f32,
    pub depth_min: f32,
    pub across: f32,
    pub froude: f32,
    pub alpha: f32,
    pub beta: f32,
    pub dt_max: f32,
    pub dt_max_rain: f32,
    pub spare: [f32; 2],
}

/// `Control` of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(crate) struct Control {
    pub left_s: f32,
    pub raining: u32,
    pub deepest: u32,
    pub fastest: u32,
    pub dt_s: f32,
    pub elapsed_s: f32,
    pub steps: u32,
    pub found: u32,
    pub listed: u32,
    pub tiles: [u32; 2],
    pub overdrawn: u32,
}

/// `Rain` of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(crate) struct Rain {
    pub runoff: [[u32; 2]; 6],
    pub capacity_m: [f32; 8],
    pub ampt_k_m: [f32; 8],
    pub ampt_g_m: [f32; 8],
}

/// Buffers by binding, and what holds them together.
pub(crate) struct Fields {
    pub params: Params,
    pub len: usize,
    buffers: BTreeMap<u32, wgpu::Buffer>,
    groups: Vec<Option<wgpu::BindGroup>>,
    /// Books of the tiles' soils; binding 18 of `soak`.
    pub soil_books: wgpu::Buffer,
}

/// Binding numbers that the host names.
pub(crate) mod at {
    pub const PARAMS: u32 = 0;
    pub const CONTROL: u32 = 1;
    pub const ARGS: u32 = 2;
    pub const FLAGS: u32 = 3;
    pub const DEPTH: u32 = 5;
    pub const GROUND: u32 = 6;
    pub const FLOW: u32 = 7;
    pub const RAW: u32 = 8;
    pub const SHARE: u32 = 9;
    pub const WATER: u32 = 10;
    pub const EDGES: u32 = 11;
    pub const EDGE_BOOKS: u32 = 12;
    pub const CRESTS: u32 = 13;
    pub const RAIN: u32 = 14;
    pub const COVER: u32 = 15;
    pub const FELL: u32 = 16;
    pub const SOAKED: u32 = 17;
    pub const SUMS: u32 = 18;
    pub const WATCH: u32 = 19;
    pub const WATCHED: u32 = 20;
    pub const CHANGES: u32 = 21;
}

const STATE: Use = Use::STORAGE.union(Use::COPY_SRC).union(Use::COPY_DST);

impl Fields {
    /// Buffers for a raster, all water and flow 0.
    pub fn new(gpu: &Gpu, domain: &Domain, settings: &InertialSettings) -> Result<Self, GpuError> {
        let grid = domain.grid;
        // Rows are whole multiples of 256 bytes, so that they can be copied into a texture.
        let stride = (grid.cols + 3).next_multiple_of(64);
        let len = stride * (grid.rows + 3);
        let tiles = [grid.cols.div_ceil(TILE[0]), grid.rows.div_ceil(TILE[1])];
        let limits = gpu.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let needed = 8 * len as u64;
        if needed > most || len > u32::MAX as usize / 2 {
            let mib = |bytes: u64| bytes >> 20;
            return Err(GpuError::TooBig {
                cells: grid.len(),
                needed: mib(needed) + 1,
                most: mib(most),
                device: gpu.name().to_owned(),
            });
        }
        let params = Params {
            stride: stride as u32,
            cols: grid.cols as u32,
            rows: grid.rows as u32,
            tiles: tiles.map(|n| n as u32),
            cell_m: grid.cell_m as f32,
            theta: settings.theta as f32,
            side: (0.5 * (1.0 - settings.theta)) as f32,
            depth_min: settings.depth_min_m,
            across: if settings.vector_friction { 0.25 } else { 0.0 },
            froude: settings.froude_max as f32,
            alpha: settings.alpha as f32,
            beta: settings.beta as f32,
            dt_max: settings.dt_max_s as f32,
            dt_max_rain: settings.dt_max_rain_s as f32,
            ..Params::default()
        };
        let tile_count = tiles[0] * tiles[1];
        let green_ampt = domain.losses.iter().any(|l| matches!(l, guanlan_rainstorm::surface::LossModel::GreenAmpt(_)));
        let sizes: [(u32, usize, Use); 22] = [
            (at::PARAMS, size_of::<Params>(), Use::UNIFORM.union(Use::COPY_DST)),
            (at::CONTROL, size_of::<Control>(), STATE),
            (at::ARGS, 16, Use::STORAGE.union(Use::INDIRECT).union(Use::COPY_DST)),
            (at::FLAGS, 4 * tile_count, STATE),
            (4, 4 * tile_count, STATE),
            (at::DEPTH, 4 * len, STATE),
            (at::GROUND, 8 * len, STATE),
            (at::FLOW, 8 * len, STATE),
            (at::RAW, 8 * len, STATE),
            (at::SHARE, 4 * len, STATE),
            (at::WATER, 8 * len, STATE),
            (at::EDGES, size_of::<Edge>(), STATE),
            (at::EDGE_BOOKS, 16, STATE),
            (at::CRESTS, 8, STATE),
            (at::RAIN, size_of::<Rain>(), Use::UNIFORM.union(Use::COPY_DST)),
            (at::COVER, 4 * len, STATE),
            // Only where it rains differently, or soil takes water, these are as long as the raster.
            (at::FELL, 4, STATE),
            (at::SOAKED, if green_ampt { 8 * len } else { 8 }, STATE),
            (at::SUMS, 16 * tile_count, STATE),
            (at::WATCH, 4, STATE),
            (at::WATCHED, 8, STATE),
            (at::CHANGES, 16, STATE),
        ];
        let buffers = sizes.into_iter().map(|(binding, bytes, usage)| (binding, buffer(gpu, bytes, usage))).collect();
        let soil_books = buffer(gpu, 16 * tile_count, STATE);
        Ok(Self { params, len, buffers, groups: (0..KERNELS.len()).map(|_| None).collect(), soil_books })
    }

    pub fn buffer(&self, binding: u32) -> &wgpu::Buffer {
        // Every binding is made in `new`.
        &self.buffers[&binding]
    }

    /// Padded index of a cell.
    pub fn index(&self, col: usize, row: usize) -> usize {
        (row + 1) * self.params.stride as usize + col + 1
    }

    /// A new buffer with these contents in place of one; at least as long as before.
    pub fn replace<T: Pod>(&mut self, gpu: &Gpu, binding: u32, contents: &[T]) {
        let bytes: &[u8] = bytemuck::cast_slice(contents);
        if (self.buffer(binding).size() as usize) < bytes.len() {
            self.buffers.insert(binding, buffer(gpu, bytes.len(), STATE));
            self.groups.iter_mut().for_each(|group| *group = None);
        }
        gpu.queue.write_buffer(self.buffer(binding), 0, bytes);
    }

    /// Makes a buffer at least so long; what it held is lost when it grows.
    pub fn reserve(&mut self, gpu: &Gpu, binding: u32, bytes: usize) {
        if (self.buffer(binding).size() as usize) < bytes {
            self.buffers.insert(binding, buffer(gpu, bytes, STATE));
            self.groups.iter_mut().for_each(|group| *group = None);
        }
    }

    /// Writes the parameters.
    pub fn write_params(&self, gpu: &Gpu) {
        gpu.queue.write_buffer(self.buffer(at::PARAMS), 0, bytemuck::bytes_of(&self.params));
    }

    /// Makes the groups that are missing.
    pub fn bind(&mut self, gpu: &Gpu) {
        for (k, (name, bindings)) in KERNELS.iter().enumerate() {
            if self.groups[k].is_some() {
                continue;
            }
            let entries: Vec<wgpu::BindGroupEntry<'_>> = bindings
                .iter()
                .map(|binding| {
                    let soil = k == Kernel::Soak as usize && *binding == at::SUMS;
                    let buffer = if soil { &self.soil_books } else { &self.buffers[binding] };
                    wgpu::BindGroupEntry { binding: *binding, resource: buffer.as_entire_binding() }
                })
                .collect();
            self.groups[k] = Some(gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(name),
                layout: &gpu.pipelines[k].get_bind_group_layout(0),
                entries: &entries,
            }));
        }
    }

    fn set(&self, gpu: &Gpu, pass: &mut wgpu::ComputePass<'_>, kernel: Kernel) {
        pass.set_pipeline(&gpu.pipelines[kernel as usize]);
        pass.set_bind_group(0, self.groups[kernel as usize].as_ref(), &[]);
    }

    /// Runs a kernel over the active tiles.
    pub fn over_active(&self, gpu: &Gpu, pass: &mut wgpu::ComputePass<'_>, kernel: Kernel) {
        self.set(gpu, pass, kernel);
        pass.dispatch_workgroups_indirect(self.buffer(at::ARGS), 0);
    }

    /// Runs a kernel over all tiles.
    pub fn over_tiles(&self, gpu: &Gpu, pass: &mut wgpu::ComputePass<'_>, kernel: Kernel) {
        self.set(gpu, pass, kernel);
        let count = self.params.tiles[0] * self.params.tiles[1];
        pass.dispatch_workgroups(count.min(ROW_OF_GROUPS), count.div_ceil(ROW_OF_GROUPS), 1);
    }

    /// Runs a kernel with one lane for each of so many things; none: not at all.
    pub fn over(&self, gpu: &Gpu, pass: &mut wgpu::ComputePass<'_>, kernel: Kernel, count: u32) {
        if count > 0 {
            self.set(gpu, pass, kernel);
            let lanes = if kernel == Kernel::Start { 1 } else { 64 };
            pass.dispatch_workgroups(count.div_ceil(lanes), 1, 1);
        }
    }

    /// The same buffers with the same contents.
    pub fn fork(&self, gpu: &Gpu) -> Self {
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut copy = |from: &wgpu::Buffer| {
            let to = buffer(gpu, from.size() as usize, from.usage());
            if from.usage().contains(Use::COPY_SRC) {
                encoder.copy_buffer_to_buffer(from, 0, &to, 0, from.size());
            }
            to
        };
        let fork = Self {
            params: self.params,
            len: self.len,
            buffers: self.buffers.iter().map(|(binding, from)| (*binding, copy(from))).collect(),
            groups: (0..KERNELS.len()).map(|_| None).collect(),
            soil_books: copy(&self.soil_books),
        };
        gpu.queue.submit([encoder.finish()]);
        fork.write_params(gpu);
        fork
    }
}

fn buffer(gpu: &Gpu, bytes: usize, usage: Use) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("surge"),
        // Copies want whole words, and no buffer may be empty.
        size: bytes.next_multiple_of(16).max(16) as u64,
        usage,
        mapped_at_creation: false,
    })
}
