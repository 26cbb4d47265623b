//! A column's copy on the GPU.

use bevy::render::render_resource::{Buffer, BufferDescriptor, BufferInitDescriptor, BufferUsages};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::Pod;

use super::scatter::{self, List, Tool};
use crate::column::{Column, Reader};

/// A storage buffer that follows a column.
pub struct ColumnBuffer {
    /// The buffer.
    pub buffer: Buffer,
    /// Rows in it.
    pub rows: usize,
    capacity: u64,
    label: &'static str,
    list: List,
}

/// Written by the queue and by the list of scattered rows, read by the shaders, and by whoever checks what arrived.
const USAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);

/// What an upload did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Bytes handed to the GPU.
    pub bytes: u64,
    /// The buffer is another one: bind groups are stale.
    pub moved: bool,
}

impl std::ops::AddAssign for Uploaded {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.moved |= other.moved;
    }
}

impl ColumnBuffer {
    /// An empty one.
    #[must_use]
    pub fn new(label: &'static str, device: &RenderDevice) -> Self {
        let capacity = 64;
        let descriptor =
            BufferDescriptor { label: Some(label), size: capacity, usage: USAGE, mapped_at_creation: false };
        Self { buffer: device.create_buffer(&descriptor), rows: 0, capacity, label, list: List::default() }
    }

    /// Uploads the chunks of a column that changed, or a list of the rows where they are scattered, or everything when it
    /// does not fit.
    pub fn follow<T: Pod + PartialEq>(
        &mut self,
        column: &mut Column<T>,
        tool: Option<&Tool<'_>>,
        device: &RenderDevice,
        queue: &RenderQueue,
    ) -> Uploaded {
        if !column.changed(Reader::Gpu) {
            return Uploaded::default();
        }
        self.rows = column.len();
        let size = size_of::<T>();
        let needed = ((column.len() * size) as u64).next_multiple_of(16).max(16);
        if needed > self.capacity {
            // The first time exactly, then with room to grow.
            self.capacity = if self.capacity <= 64 { needed } else { (needed * 3 / 2).next_multiple_of(16) };
            let uploaded = self.renew(bytemuck::cast_slice(column.rows()), device);
            column.take(Reader::Gpu, |_, _| {});
            return uploaded;
        }
        if let Some(tool) = tool
            && scatter::fits::<T>(column.len())
            && let Some((rows, values)) = column.take_scattered()
        {
            let bytes = self.list.send(&rows, values, &self.buffer, tool, device, queue);
            return Uploaded { bytes, moved: false };
        }
        let mut bytes = 0;
        column.take(Reader::Gpu, |range, rows| {
            bytes += write(queue, &self.buffer, range.start * size, bytemuck::cast_slice(rows))
        });
        Uploaded { bytes, moved: false }
    }

    fn renew(&mut self, rows: &[u8], device: &RenderDevice) -> Uploaded {
        let mut contents = Vec::with_capacity(self.capacity as usize);
        contents.extend_from_slice(rows);
        contents.resize(self.capacity as usize, 0);
        let descriptor = BufferInitDescriptor { label: Some(self.label), contents: &contents, usage: USAGE };
        self.buffer = device.create_buffer_with_data(&descriptor);
        Uploaded { bytes: rows.len() as u64, moved: true }
    }

    /// Uploads all of these bytes.
    pub fn replace(&mut self, rows: usize, bytes: &[u8], device: &RenderDevice, queue: &RenderQueue) -> Uploaded {
        self.rows = rows;
        let needed = (bytes.len() as u64).next_multiple_of(16).max(16);
        if needed > self.capacity {
            self.capacity = needed * 3 / 2;
            self.capacity = self.capacity.next_multiple_of(16);
            let descriptor = BufferDescriptor {
                label: Some(self.label),
                size: self.capacity,
                usage: USAGE,
                mapped_at_creation: false,
            };
            self.buffer = device.create_buffer(&descriptor);
            return Uploaded { bytes: write(queue, &self.buffer, 0, bytes), moved: true };
        }
        Uploaded { bytes: write(queue, &self.buffer, 0, bytes), moved: false }
    }
}

/// Writes bytes at a place that is a multiple of four; an odd end is filled up.
fn write(queue: &RenderQueue, buffer: &Buffer, at: usize, bytes: &[u8]) -> u64 {
    let whole = bytes.len() & !3;
    if whole > 0 {
        queue.write_buffer(buffer, at as u64, &bytes[..whole]);
    }
    let rest = &bytes[whole..];
    if !rest.is_empty() {
        let mut word = [0u8; 4];
        word[..rest.len()].copy_from_slice(rest);
        queue.write_buffer(buffer, (at + whole) as u64, &word);
    }
    bytes.len() as u64
}
