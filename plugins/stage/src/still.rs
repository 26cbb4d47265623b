//! Pictures without a window.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bevy::app::{App, PluginsState};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{PollType, TextureFormat};
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;

use crate::device::wgpu_settings;
use crate::screen::{MainCamera, SmoothStill, StillTarget};

/// What picture to take.
#[derive(Clone, Debug)]
pub struct StillSpec {
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// PNG file to write; `None` only returns the picture.
    pub out: Option<PathBuf>,
    /// Updates before the picture is taken; panels need at least 4.
    pub warmup_frames: u32,
}

impl StillSpec {
    /// A picture of this size into a file.
    #[must_use]
    pub fn to_file(width: u32, height: u32, out: impl Into<PathBuf>) -> Self {
        Self { width, height, out: Some(out.into()), warmup_frames: 6 }
    }
}

/// A picture taken.
#[derive(Clone, Debug)]
pub struct Still {
    /// RGB pixels.
    pub image: image::RgbImage,
    /// Name of the adapter that drew it.
    pub adapter: String,
    /// Mean time of a drawn frame after the warm-up, ms.
    pub frame_ms: f64,
}

/// Time between the updates of a still.
const STILL_STEP: Duration = Duration::from_millis(100);

/// Why no picture came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StillError {
    /// No Vulkan adapter at all.
    #[error(
        "没有可用的图形适配器；请安装 Vulkan 驱动（Debian: mesa-vulkan-drivers） / no graphics adapter: install a Vulkan driver (Debian: mesa-vulkan-drivers)"
    )]
    NoAdapter,
    /// The renderer did not deliver in time.
    #[error("渲染未完成：{0} / the picture did not come: {0}")]
    NotDelivered(String),
    /// The file could not be written.
    #[error("无法写入 {path}: {source} / cannot write {path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: image::ImageError,
    },
}

/// An app that draws into a picture: renderer without window, `plugins` on top. Several pictures
/// can be taken of it.
pub struct StillApp {
    /// The app; change resources between pictures.
    pub app: App,
    target: Handle<Image>,
}

impl StillApp {
    /// Starts the renderer and adds `plugins` (stage, markers, panels …).
    ///
    /// # Errors
    /// [`StillError::NoAdapter`] where nothing can draw.
    pub fn new(size: UVec2, plugins: impl FnOnce(&mut App)) -> Result<Self, StillError> {
        // Bevy panics where no adapter is found, on this thread or on a pool's.
        catch_unwind(AssertUnwindSafe(|| Self::start(size, plugins))).unwrap_or(Err(StillError::NoAdapter))
    }

    fn start(size: UVec2, plugins: impl FnOnce(&mut App)) -> Result<Self, StillError> {
        let mut app = App::new();
        app.add_plugins(
            DefaultPlugins
                .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
                .set(RenderPlugin {
                    render_creation: wgpu_settings().into(),
                    synchronous_pipeline_compilation: true,
                    ..default()
                })
                .disable::<WinitPlugin>()
                .disable::<PipelinedRenderingPlugin>(),
        );
        let image = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
        let target = app.world_mut().resource_mut::<Assets<Image>>().add(image);
        app.insert_resource(StillTarget { image: target.clone(), size });
        // The same clock for every picture, however long a frame takes: rain, flow and breath stand where they stood.
        app.insert_resource(TimeUpdateStrategy::ManualDuration(STILL_STEP));
        crate::keep_drawing(&mut app);
        plugins(&mut app);
        let begun = Instant::now();
        while app.plugins_state() == PluginsState::Adding {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(StillError::NoAdapter);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        app.finish();
        app.cleanup();
        Ok(Self { app, target })
    }

    /// Runs updates without looking.
    pub fn update(&mut self, frames: u32) {
        for _ in 0..frames {
            self.app.update();
            wait(&self.app);
        }
    }

    /// Takes a picture.
    ///
    /// # Errors
    /// [`StillError::NotDelivered`] when the renderer does not deliver within 60 updates.
    pub fn capture(&mut self, warmup_frames: u32) -> Result<Still, StillError> {
        self.update(warmup_frames.max(3));
        let timed = 3;
        let start = Instant::now();
        self.update(timed);
        let frame_ms = start.elapsed().as_secs_f64() * 1000.0 / f64::from(timed);
        if self.app.world().contains_resource::<SmoothStill>() {
            let world = self.app.world_mut();
            let mut cameras = world.query_filtered::<&mut Msaa, With<MainCamera>>();
            cameras.iter_mut(world).for_each(|mut msaa| {
                msaa.set_if_neq(Msaa::Sample4);
            });
            self.update(1);
        }
        let image = picture_of(&mut self.app, &self.target)?;
        let adapter = self.app.world().get_resource::<RenderAdapterInfo>();
        let adapter = adapter.map_or_else(String::new, |a| a.name.clone());
        Ok(Still { image, adapter, frame_ms })
    }
}

/// Reads a picture back: one more frame of an app that draws into it.
pub(crate) fn picture_of(app: &mut App, target: &Handle<Image>) -> Result<image::RgbImage, StillError> {
    let slot: Arc<Mutex<Option<Image>>> = Arc::default();
    let into = slot.clone();
    app.world_mut().spawn(Screenshot::image(target.clone())).observe(move |captured: On<ScreenshotCaptured>| {
        if let Ok(mut slot) = into.lock() {
            *slot = Some(captured.image.clone());
        }
    });
    for _ in 0..60 {
        app.update();
        wait(app);
        let taken = slot.lock().ok().and_then(|mut s| s.take());
        if let Some(image) = taken {
            return Ok(image.try_into_dynamic().map_err(|e| StillError::NotDelivered(e.to_string()))?.to_rgb8());
        }
    }
    Err(StillError::NotDelivered("60 frames".into()))
}

fn wait(app: &App) {
    if let Some(device) = app.world().get_resource::<RenderDevice>()
        && let Err(error) = device.wgpu_device().poll(PollType::wait_indefinitely())
    {
        tracing::warn!("waiting for the renderer: {error}");
    }
}

/// Takes one picture and writes it where the spec says.
///
/// # Errors
/// See [`StillError`].
pub fn run(plugins: impl FnOnce(&mut App), spec: &StillSpec) -> Result<Still, StillError> {
    let mut app = StillApp::new(UVec2::new(spec.width, spec.height), plugins)?;
    let still = app.capture(spec.warmup_frames)?;
    tracing::info!(adapter = %still.adapter, frame_ms = still.frame_ms, "still");
    if let Some(path) = &spec.out {
        still.image.save(path).map_err(|source| StillError::Write { path: path.display().to_string(), source })?;
    }
    Ok(still)
}
