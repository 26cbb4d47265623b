//! Water that a solver on the graphics device knows: its depths become the chart in one compute pass, nothing is read
//! back.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderDevice, RenderQueue};
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

/// The pipeline, made when it is first needed.
#[derive(Resource, Default)]
struct Charter(Option<wgpu::ComputePipeline>);

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
    let pipeline = charter.0.get_or_insert_with(|| {
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
    let place = job.depths.place;
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
