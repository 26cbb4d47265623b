//! Water that a solver on the graphics device knows: its depths become the chart in one compute pass, nothing is read
//! back.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::render::{Render, RenderApp, RenderSystems};
use wgpu::util::DeviceExt;

use super::sheet::Place;

/// Depths as a solver keeps them on the device.
#[derive(Clone, Debug)]
pub struct GpuDepths {
    /// One `f32` for each cell, m. Made on the renderer's own device (`RenderDevice::wgpu_device`).
    pub buffer: wgpu::Buffer,
    /// Index of the south-western cell.
    pub first: u32,
    /// Cells from one row to the next.
    pub stride: u32,
    /// Where the cells lie.
    pub place: Place,
    /// Cells whose water is not drawn, for it is there anyway (rivers, lakes): one bit each, row-major from the
    /// south-west, the lowest bit first; empty when all are drawn.
    pub hidden: Arc<[u32]>,
}

impl GpuDepths {
    /// The bits of [`Self::hidden`] for cells `(col, row)`.
    #[must_use]
    pub fn hide(place: &Place, cells: impl IntoIterator<Item = (usize, usize)>) -> Arc<[u32]> {
        let mut bits = vec![0_u32; (place.cols * place.rows).div_ceil(32)];
        for (col, row) in cells {
            let cell = row * place.cols + col;
            if let Some(word) = bits.get_mut(cell / 32).filter(|_| col < place.cols) {
                *word |= 1 << (cell % 32);
            }
        }
        bits.into()
    }

    fn is(&self, other: &Self) -> bool {
        self.buffer == other.buffer && self.place == other.place && Arc::ptr_eq(&self.hidden, &other.hidden)
    }
}

/// What the compute pass works on.
#[derive(Clone)]
struct Job {
    depths: GpuDepths,
    chart: AssetId<Image>,
    ground: AssetId<Image>,
}

/// The job of this moment; shared by the main world and the renderer.
#[derive(Resource, Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<Option<Job>>>);

impl Jobs {
    /// From now on these depths become that chart.
    pub fn set(&self, job: Option<(&GpuDepths, &Handle<Image>, &Handle<Image>)>) {
        let job = job.map(|(d, chart, ground)| Job { depths: d.clone(), chart: chart.id(), ground: ground.id() });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = job;
    }
}

/// The pipeline, made when it is first needed, and the hidden cells of the water it drew last.
#[derive(Resource, Default)]
struct Charter {
    pipeline: Option<wgpu::ComputePipeline>,
    hidden: Option<(Arc<[u32]>, wgpu::Buffer)>,
}

impl Charter {
    /// The hidden cells on the device: sent once for each water.
    fn hidden(&mut self, bits: &Arc<[u32]>, cells: usize, device: &wgpu::Device) -> wgpu::Buffer {
        if let Some((known, buffer)) = &self.hidden
            && Arc::ptr_eq(known, bits)
        {
            return buffer.clone();
        }
        // A shorter list would be read beyond its end.
        let words = bits.iter().copied().chain(std::iter::repeat(0)).take(cells.div_ceil(32).max(1));
        let buffer = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("flood_hidden"),
            contents: &words.flat_map(u32::to_le_bytes).collect::<Vec<u8>>(),
            usage: wgpu::BufferUsages::STORAGE,
        });
        self.hidden = Some((bits.clone(), buffer.clone()));
        buffer
    }
}

const SHADER: &str = include_str!("chart.wgsl");

/// Draws the chart anew in every frame that is drawn: the buffer changes with every step of the solver.
fn draw_chart(
    jobs: Res<Jobs>,
    images: Res<RenderAssets<GpuImage>>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    mut charter: ResMut<Charter>,
) {
    let Some(job) = jobs.0.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
    let (Some(chart), Some(ground)) = (images.get(job.chart), images.get(job.ground)) else { return };
    let device = device.wgpu_device();
    let place = job.depths.place;
    let hidden = charter.hidden(&job.depths.hidden, place.cols * place.rows, device);
    let pipeline = charter.pipeline.get_or_insert_with(|| {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("flood_chart"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("flood_chart"),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
    });
    let words = [job.depths.first, job.depths.stride, place.cols as u32, place.rows as u32];
    let mut params: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    params.extend([place.cell_m as f32, 0.0, 0.0, 0.0].iter().flat_map(|v: &f32| v.to_le_bytes()));
    let params = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("flood_chart"),
        contents: &params,
        usage: wgpu::BufferUsages::UNIFORM,
    });
    let entry = |binding: u32, resource| wgpu::BindGroupEntry { binding, resource };
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("flood_chart"),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[
            entry(0, params.as_entire_binding()),
            entry(1, job.depths.buffer.as_entire_binding()),
            entry(2, wgpu::BindingResource::TextureView(&ground.texture_view)),
            entry(3, wgpu::BindingResource::TextureView(&chart.texture_view)),
            entry(4, hidden.as_entire_binding()),
        ],
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("flood_chart") });
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(words[2].div_ceil(8), words[3].div_ceil(8), 1);
    }
    queue.submit([encoder.finish()]);
}

/// The renderer's device, for a solver that wants to keep its water there.
pub struct Device {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// What it is.
    pub info: wgpu::AdapterInfo,
}

impl Device {
    /// True when it computes on the processor.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }
}

type Opened = Box<dyn FnOnce(Device) + Send>;
type Asked = Arc<dyn Fn(&World) -> Option<GpuDepths> + Send + Sync>;

/// Draws the water of a solver on the renderer's device while the room that it belongs to is shown.
pub struct WaterOnDevice {
    opened: Mutex<Option<Opened>>,
    asked: Asked,
}

impl WaterOnDevice {
    /// `opened` is given the device once, as soon as there is one; `asked` says in each update whose water is shown.
    #[must_use]
    pub fn new(
        opened: impl FnOnce(Device) + Send + 'static,
        asked: impl Fn(&World) -> Option<GpuDepths> + Send + Sync + 'static,
    ) -> Self {
        Self { opened: Mutex::new(Some(Box::new(opened))), asked: Arc::new(asked) }
    }
}

impl Plugin for WaterOnDevice {
    fn build(&self, app: &mut App) {
        let asked = self.asked.clone();
        app.add_systems(PreUpdate, move |world: &mut World| {
            let depths = asked(world);
            let same = match (&world.resource::<super::GpuWater>().0, &depths) {
                (Some(a), Some(b)) => a.is(b),
                (a, b) => a.is_none() && b.is_none(),
            };
            if !same {
                world.resource_mut::<super::GpuWater>().0 = depths;
            }
        });
    }

    fn finish(&self, app: &mut App) {
        let world = app.world();
        let (Some(device), Some(queue), Some(info)) = (
            world.get_resource::<RenderDevice>(),
            world.get_resource::<RenderQueue>(),
            world.get_resource::<RenderAdapterInfo>(),
        ) else {
            return;
        };
        let device =
            Device { device: device.wgpu_device().clone(), queue: (**queue.0).clone(), info: (*info.0).clone() };
        if let Some(opened) = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take() {
            opened(device);
        }
    }
}

/// Adds the pass; without a renderer nothing is drawn.
pub(crate) fn plugin(app: &mut App) {
    let jobs = Jobs::default();
    app.insert_resource(jobs.clone());
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render
            .insert_resource(jobs)
            .init_resource::<Charter>()
            .add_systems(Render, draw_chart.in_set(RenderSystems::PrepareBindGroups));
    }
}
