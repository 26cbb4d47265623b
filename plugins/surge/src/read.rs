//! What comes back from the device: control words, single cells, the books; whole fields when somebody asks. And
//! the depths as they lie on the device, for those who draw them.

use std::sync::Arc;

use bytemuck::Pod;

use crate::{
    Surge,
    fields::{Control, TILE, at},
    fixed,
    gpu::Kernel,
};

/// Depths as they lie on the device, m, one f32 a cell.
///
/// In a shader bind [`Self::buffer`] as `var<storage, read> depth: array<f32>`; the cell of column `c` (from the
/// west) and row `r` (from the south) is `depth[(r + 1) * stride + c + 1]`. Rows are whole multiples of 256 bytes:
/// [`Surge::copy_depths`] puts them into an `R32Float` texture without leaving the device. The buffer stays the
/// same for the life of the solver; it changes with every submission of the solver to the shared queue, so a frame
/// that is submitted to the same queue sees one whole step.
#[derive(Clone, Debug)]
pub struct DepthView {
    /// The depths.
    pub buffer: wgpu::Buffer,
    /// Cells from one row to the next.
    pub stride: u32,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
}

impl Surge {
    /// The depths on the device.
    #[must_use]
    pub fn depth_view(&self) -> DepthView {
        let fields = self.fields.borrow();
        let p = &fields.params;
        DepthView { buffer: fields.buffer(at::DEPTH).clone(), stride: p.stride, cols: p.cols, rows: p.rows }
    }

    /// Copies the depths into an `R32Float` texture of at least `cols × rows` texels, the southernmost row first.
    pub fn copy_depths(&self, encoder: &mut wgpu::CommandEncoder, texture: &wgpu::Texture) {
        self.flush();
        let view = self.depth_view();
        let from = wgpu::TexelCopyBufferInfo {
            buffer: &view.buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 4 * (u64::from(view.stride) + 1),
                bytes_per_row: Some(4 * view.stride),
                rows_per_image: None,
            },
        };
        let size = wgpu::Extent3d { width: view.cols, height: view.rows, depth_or_array_layers: 1 };
        encoder.copy_buffer_to_texture(from, texture.as_image_copy(), size);
    }

    /// Reads `count` values of a buffer.
    pub(crate) fn read<T: Pod>(&self, binding: u32, first: usize, count: usize) -> Vec<T> {
        let fields = self.fields.borrow();
        self.read_buffer(fields.buffer(binding), first, count)
    }

    fn read_buffer<T: Pod>(&self, buffer: &wgpu::Buffer, first: usize, count: usize) -> Vec<T> {
        if count == 0 {
            return Vec::new();
        }
        let (from, bytes) = ((first * size_of::<T>()) as u64, (count * size_of::<T>()) as u64);
        let staging = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("surge read"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, from, &staging, 0, bytes);
        self.gpu.queue.submit([encoder.finish()]);
        staging.slice(..).map_async(wgpu::MapMode::Read, |_| {});
        self.gpu.finish();
        // A device that is lost here ends the thread that computes the water, which its owner is told.
        let mapped = staging.slice(..).get_mapped_range();
        let mut out = vec![T::zeroed(); count];
        bytemuck::cast_slice_mut::<T, u8>(&mut out).copy_from_slice(&mapped);
        out
    }

    pub(crate) fn read_control(&self) -> Control {
        self.read(at::CONTROL, 0, 1).first().copied().unwrap_or_default()
    }

    /// Tells the device of changes of single cells.
    pub(crate) fn flush(&self) {
        let pending = std::mem::take(&mut self.host.borrow_mut().pending);
        let mut list: Vec<[u32; 4]> = pending
            .into_iter()
            .filter(|(_, change)| *change != 0)
            .map(|(cell, change)| {
                let [low, high] = fixed::words(change as u64);
                [cell, low, high, 0]
            })
            .collect();
        let Some(first) = list.first().copied() else { return };
        list[0] = [first[0], first[1], first[2], list.len() as u32];
        let count = list.len() as u32;
        let mut fields = self.fields.borrow_mut();
        fields.replace(&self.gpu, at::CHANGES, &list);
        self.compute(&mut fields, &|fields, pass| fields.over(&self.gpu, pass, Kernel::Scatter, count));
    }

    pub(crate) fn compute(
        &self,
        fields: &mut crate::fields::Fields,
        run: &dyn Fn(&crate::fields::Fields, &mut wgpu::ComputePass<'_>),
    ) {
        fields.bind(&self.gpu);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        run(fields, &mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
        self.gpu.queue.submit([encoder.finish()]);
    }

    /// Reads the watched cells.
    pub(crate) fn look_at_watched(&self) {
        self.flush();
        let watch = self.host.borrow().watch.clone();
        if watch.is_empty() {
            return;
        }
        let count = watch.len();
        {
            let mut fields = self.fields.borrow_mut();
            if fields.params.watched != count as u32 {
                fields.replace(&self.gpu, at::WATCH, &watch);
                fields.reserve(&self.gpu, at::WATCHED, 8 * count);
                fields.params.watched = count as u32;
                fields.write_params(&self.gpu);
            }
            self.compute(&mut fields, &|fields, pass| fields.over(&self.gpu, pass, Kernel::Gather, count as u32));
        }
        let values: Vec<[u32; 2]> = self.read(at::WATCHED, 0, count);
        let mut host = self.host.borrow_mut();
        host.known = watch.into_iter().zip(values.into_iter().map(fixed::joined)).collect();
    }

    /// Depth of a padded cell in units; from now on it is read after each interval.
    pub(crate) fn units_at(&self, cell: u32) -> u64 {
        if let Some(units) = self.host.borrow().known.get(&cell) {
            return *units;
        }
        self.flush();
        let units = self.read::<[u32; 2]>(at::WATER, cell as usize, 1).first().map_or(0, |w| fixed::joined(*w));
        let mut host = self.host.borrow_mut();
        host.known.insert(cell, units);
        if !host.watch.contains(&cell) {
            host.watch.push(cell);
            // The list on the device is another one now.
            self.fields.borrow_mut().params.watched = 0;
        }
        units
    }

    /// Changes a cell by units.
    pub(crate) fn change(&mut self, cell: u32, units: i64) {
        let host = self.host.get_mut();
        *host.pending.entry(cell).or_insert(0) += units;
        if let Some(known) = host.known.get_mut(&cell) {
            *known = known.saturating_add_signed(units);
        }
        (host.depths_m, host.stored_m3) = (None, None);
    }

    /// Depths of all cells, m, row-major from the south-west.
    pub(crate) fn all_depths(&self) -> Arc<Vec<f32>> {
        if let Some(depths) = &self.host.borrow().depths_m {
            return depths.clone();
        }
        self.flush();
        let (len, p) = (self.fields.borrow().len, self.fields.borrow().params);
        let padded: Vec<f32> = self.read(at::DEPTH, 0, len);
        let rows = padded.chunks_exact(p.stride as usize).skip(1).take(p.rows as usize);
        let depths = Arc::new(rows.flat_map(|row| row[1..=p.cols as usize].iter().copied()).collect::<Vec<f32>>());
        self.host.borrow_mut().depths_m = Some(depths.clone());
        depths
    }

    /// Discharges over west and south faces, m²/s, padded.
    pub(crate) fn all_flows(&self) -> Arc<Vec<[f32; 2]>> {
        if let Some(flows) = &self.host.borrow().flows {
            return flows.clone();
        }
        let len = self.fields.borrow().len;
        let flows = Arc::new(self.read::<[f32; 2]>(at::FLOW, 0, len));
        self.host.borrow_mut().flows = Some(flows.clone());
        flows
    }

    fn tile_count(&self) -> usize {
        let p = self.fields.borrow().params;
        debug_assert_eq!(p.tiles[0] as usize, (p.cols as usize).div_ceil(TILE[0]));
        (p.tiles[0] * p.tiles[1]) as usize
    }

    /// Water on the surface, m³: whole numbers summed on the device by tile, here over tiles.
    pub(crate) fn stored_m3(&self) -> f64 {
        if let Some(stored) = self.host.borrow().stored_m3 {
            return stored;
        }
        self.flush();
        {
            let mut fields = self.fields.borrow_mut();
            self.compute(&mut fields, &|fields, pass| fields.over_tiles(&self.gpu, pass, Kernel::Stored));
        }
        let tiles: Vec<[u32; 4]> = self.read(at::SUMS, 0, self.tile_count());
        let stored = fixed::sum_m(&tiles) * self.domain.grid.cell_area_m2();
        self.host.borrow_mut().stored_m3 = Some(stored);
        stored
    }

    /// Water that soils have taken from what stood on them, m³.
    pub(crate) fn soaked_m3(&self) -> f64 {
        if !self.domain.soaks() {
            return 0.0;
        }
        if let Some(soaked) = self.host.borrow().soaked_m3 {
            return soaked;
        }
        let tiles: Vec<[u32; 4]> = self.read_buffer(&self.fields.borrow().soil_books, 0, self.tile_count());
        let soaked = fixed::sum_m(&tiles) * self.domain.grid.cell_area_m2();
        self.host.borrow_mut().soaked_m3 = Some(soaked);
        soaked
    }
}
