//! Measures frames: an app without a window on a chosen adapter, driven as fast as it goes.
//!
//! `guanlan bench frame` composes it with the live layers. What is measured is the product's own stage and
//! layers; only the window is missing.

pub mod adapter;
pub mod eye;
pub mod lean;
pub mod meter;
pub mod water;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bevy::app::PluginsState;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{PollType, TextureFormat};
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;

use crate::screen::{Measured, StillTarget};
use crate::still::StillError;

pub use adapter::Adapter;
pub use bevy::prelude::{App, World};
pub use lean::LeanPlugin;
pub use meter::{FrameMeter, Sample};

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct FrameSpec {
    /// Width and height of the picture, px.
    pub size: (u32, u32),
    /// What draws.
    pub adapter: Adapter,
    /// Frames of this long are thrown away, s.
    pub warmup_s: f64,
    /// Frames of this long are measured, s.
    pub measure_s: f64,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// One per measured frame.
    pub samples: Vec<Sample>,
    /// From the start of the app to the end of the first frame with everything on it, s.
    pub first_full_frame_s: f64,
    /// Memory at the end, bytes.
    pub rss_bytes: u64,
    /// Largest memory ever, bytes.
    pub peak_bytes: u64,
    /// Name of the adapter.
    pub adapter: String,
    /// Time on the GPU per frame where it can be asked, ms.
    pub gpu_ms: Vec<f64>,
}

/// An app to measure.
pub struct BenchApp {
    /// The app.
    pub app: App,
    begun: Instant,
    spec: FrameSpec,
    target: Handle<Image>,
}

impl BenchApp {
    /// Starts the renderer and adds `plugins`.
    ///
    /// # Errors
    /// [`StillError::NoAdapter`] where nothing can draw.
    pub fn new(spec: FrameSpec, plugins: impl FnOnce(&mut App)) -> Result<Self, StillError> {
        // Bevy panics where no adapter is found.
        catch_unwind(AssertUnwindSafe(|| Self::start(spec, plugins))).unwrap_or(Err(StillError::NoAdapter))
    }

    fn start(spec: FrameSpec, plugins: impl FnOnce(&mut App)) -> Result<Self, StillError> {
        let begun = Instant::now();
        let mut app = App::new();
        let group = DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin {
                render_creation: spec.adapter.creation(),
                synchronous_pipeline_compilation: true,
                ..default()
            })
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>();
        app.add_plugins(group);
        let image = Image::new_target_texture(spec.size.0, spec.size.1, TextureFormat::Rgba8UnormSrgb, None);
        let target = app.world_mut().resource_mut::<Assets<Image>>().add(image);
        app.insert_resource(StillTarget { image: target.clone(), size: UVec2::from(spec.size) });
        app.insert_resource(Measured);
        app.add_plugins((meter::plugin, eye::plugin));
        if spec.adapter == Adapter::Auto {
            app.add_plugins(bevy::render::diagnostic::RenderDiagnosticsPlugin);
        }
        crate::keep_drawing(&mut app);
        plugins(&mut app);
        app.add_plugins(lean::LeanPlugin);
        while app.plugins_state() == PluginsState::Adding {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(StillError::NoAdapter);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        app.finish();
        app.cleanup();
        Ok(Self { app, begun, spec, target })
    }

    /// Writes what was drawn last into a PNG file.
    ///
    /// # Errors
    /// [`StillError::NotDelivered`] when the renderer does not deliver, [`StillError::Write`] for the file.
    pub fn save(&mut self, path: &std::path::Path) -> Result<(), StillError> {
        let image = crate::still::picture_of(&mut self.app, &self.target)?;
        image.save(path).map_err(|source| StillError::Write { path: path.display().to_string(), source })
    }

    fn wait(&self) {
        if self.spec.adapter == Adapter::Noop {
            return;
        }
        if let Some(device) = self.app.world().get_resource::<RenderDevice>()
            && let Err(error) = device.wgpu_device().poll(PollType::wait_indefinitely())
        {
            tracing::warn!("waiting for the renderer: {error}");
        }
    }

    /// One frame.
    pub fn frame(&mut self) {
        self.app.update();
        self.wait();
    }

    /// Runs and measures. `drive` is called before each frame with the seconds since the warm-up began.
    pub fn run(&mut self, mut drive: impl FnMut(&mut World, f64)) -> Frames {
        let mut out = Frames::default();
        // Shaders are compiled and everything uploaded: then the first full frame is on the screen.
        for _ in 0..4 {
            drive(self.app.world_mut(), 0.0);
            self.frame();
        }
        out.first_full_frame_s = self.begun.elapsed().as_secs_f64();
        let zero = Instant::now();
        loop {
            let t = zero.elapsed().as_secs_f64();
            if t >= self.spec.warmup_s + self.spec.measure_s {
                break;
            }
            let before = meter::Clocks::now();
            self.app.world().resource::<FrameMeter>().reset();
            drive(self.app.world_mut(), t);
            self.frame();
            let sample = before.until_now(self.app.world().resource::<FrameMeter>());
            if t >= self.spec.warmup_s {
                out.samples.push(sample);
                if let Some(ms) = meter::gpu_ms(self.app.world()) {
                    out.gpu_ms.push(ms);
                }
            }
        }
        (out.rss_bytes, out.peak_bytes) = meter::memory_bytes();
        out.adapter = self.app.world().get_resource::<RenderAdapterInfo>().map_or_else(String::new, |a| a.name.clone());
        out
    }
}
