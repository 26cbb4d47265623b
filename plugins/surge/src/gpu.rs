//! A device, its queue and the compiled kernels; solvers share one.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Kernels of the shader, in the order of [`Kernel`], with the bindings each uses.
pub(crate) const KERNELS: [(&str, &[u32]); 13] = [
    ("list", &[0, 1, 3, 4]),
    ("start_step", &[0, 1, 2]),
    ("faces", &[0, 1, 4, 5, 6, 7, 8]),
    ("crests", &[0, 1, 5, 6, 8, 13]),
    ("shares", &[0, 1, 4, 5, 8, 9]),
    ("apply", &[0, 1, 3, 4, 5, 7, 8, 9, 10]),
    ("edges", &[0, 1, 3, 5, 6, 7, 10, 11, 12]),
    ("rain_even", &[0, 1, 3, 5, 10, 14, 15]),
    ("rain_cells", &[0, 1, 3, 5, 10, 16]),
    ("soak", &[0, 5, 10, 14, 15, 17, 18]),
    ("stored", &[0, 10, 18]),
    ("gather", &[0, 10, 19, 20]),
    ("scatter", &[0, 1, 3, 5, 10, 21]),
];

/// A kernel of the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    List,
    Start,
    Faces,
    Crests,
    Shares,
    Apply,
    Edges,
    RainEven,
    RainCells,
    Soak,
    Stored,
    Gather,
    Scatter,
}

/// No device for the solver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// None at all.
    #[error("no graphics device: {0}")]
    None(String),
    /// Only one that computes on the processor, which the processor's own solver does faster.
    #[error("only a software device ({0})")]
    Software(String),
    /// The raster does not fit.
    #[error("{cells} cells need {needed} MiB in one buffer, {device} allows {most}")]
    TooBig {
        /// Cells of the raster.
        cells: usize,
        /// Largest buffer, MiB.
        needed: u64,
        /// Most it allows, MiB.
        most: u64,
        /// Name of the device.
        device: String,
    },
}

/// Which devices will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Hardware only.
    Hardware,
    /// Whatever there is, software too.
    Any,
}

/// A device with the kernels of the solver.
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) pipelines: Vec<wgpu::ComputePipeline>,
    name: String,
    software: bool,
}

impl Gpu {
    /// Opens a device of its own.
    ///
    /// # Errors
    /// When there is none of the wanted kind.
    pub fn open(wanted: Wanted) -> Result<Arc<Self>, GpuError> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        // The solver writes its own dispatch counts; nobody else's need checking.
        descriptor.flags = wgpu::InstanceFlags::empty();
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = wait(instance.request_adapter(&options)).map_err(|e| GpuError::None(e.to_string()))?;
        let info = adapter.get_info();
        if wanted == Wanted::Hardware && info.device_type == wgpu::DeviceType::Cpu {
            return Err(GpuError::Software(info.name));
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("surge"),
            required_limits: adapter.limits(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = wait(adapter.request_device(&descriptor)).map_err(|e| GpuError::None(e.to_string()))?;
        Ok(Self::shared(device, queue, &info))
    }

    /// Takes part in a device that is there already, say the renderer's. It must allow eight storage buffers in a
    /// compute stage, which every device of the renderer does.
    #[must_use]
    pub fn shared(device: wgpu::Device, queue: wgpu::Queue, info: &wgpu::AdapterInfo) -> Arc<Self> {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("surge"),
            source: wgpu::ShaderSource::Wgsl(include_str!("flow.wgsl").into()),
        });
        let pipeline = |(name, _): &(&str, &[u32])| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: None,
                module: &module,
                entry_point: Some(name),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        let pipelines = KERNELS.iter().map(pipeline).collect();
        let software = info.device_type == wgpu::DeviceType::Cpu;
        Arc::new(Self { pipelines, name: info.name.clone(), software, device, queue })
    }

    /// Name of the device.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True when it computes on the processor.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// Waits for everything submitted so far.
    pub(crate) fn finish(&self) {
        // A lost device cannot be waited for; the map that follows says so.
        let _lost = self.device.poll(wgpu::PollType::wait_indefinitely());
    }
}

/// Runs a future that is ready as soon as it is asked, as wgpu's are outside a browser.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}
