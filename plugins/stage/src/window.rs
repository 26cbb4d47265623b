//! The window: size, monitor, full screen, and how often it is drawn.

use std::time::Duration;

use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::window::{
    Monitor, MonitorSelection, PresentMode, PrimaryWindow, RequestRedraw, WindowEvent, WindowMode, WindowPosition,
    WindowResolution,
};
use bevy::winit::{UpdateMode, WinitSettings};

use crate::StageSystems;
use crate::device::wgpu_settings;
use crate::quality::ResolvedQuality;
use crate::redraw::Redraw;

/// How the window opens.
#[derive(Clone, Debug)]
pub struct WindowSpec {
    /// Title.
    pub title: String,
    /// Size of the window when it is not full screen, px.
    pub size: (u32, u32),
    /// Covers a whole monitor.
    pub fullscreen: bool,
    /// Number of the monitor, 0 the first; `None` where the system puts it.
    pub monitor: Option<usize>,
    /// Scale of panels and text in place of the system's.
    pub scale: Option<f32>,
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self { title: "观澜 Guanlan".into(), size: (1600, 900), fullscreen: false, monitor: None, scale: None }
    }
}

/// An idle window looks for news this often, s.
const IDLE_S: f64 = 0.2;
/// The same where a CPU draws: whatever the user does and news that a person must see wake it at once.
const CALM_IDLE_S: f64 = 1.0;
/// After the user did something the window looks this often, s, …
const BUSY_S: f64 = 0.1;
/// … for this long, s: panels settle in a second or third pass.
const BUSY_FOR_S: f64 = 0.6;

/// Opens the window and runs until it is closed. `plugins` adds the stage, markers and panels.
pub fn run(spec: &WindowSpec, plugins: impl FnOnce(&mut App)) -> AppExit {
    let mut app = App::new();
    let monitor = spec.monitor.map_or(MonitorSelection::Current, MonitorSelection::Index);
    let mut resolution = WindowResolution::new(spec.size.0, spec.size.1);
    if let Some(scale) = spec.scale {
        resolution = resolution.with_scale_factor_override(scale);
    }
    let window = Window {
        title: spec.title.clone(),
        name: Some("guanlan".into()),
        resolution,
        position: if spec.monitor.is_some() && !spec.fullscreen {
            WindowPosition::Centered(monitor)
        } else {
            WindowPosition::Automatic
        },
        present_mode: PresentMode::AutoVsync,
        ..default()
    };
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..default() })
            .set(RenderPlugin { render_creation: wgpu_settings().into(), ..default() }),
    );
    app.insert_resource(WinitSettings {
        focused_mode: UpdateMode::reactive(Duration::from_secs_f64(IDLE_S)),
        unfocused_mode: UpdateMode::reactive_low_power(Duration::from_secs_f64(IDLE_S)),
    });
    plugins(&mut app);
    let fullscreen = spec.fullscreen.then_some(monitor);
    app.add_systems(
        Update,
        move |windows: Single<&mut Window, With<PrimaryWindow>>, monitors: Query<&Monitor>, updates: Local<u32>| {
            settle(windows.into_inner(), monitors.iter(), fullscreen, updates);
        },
    );
    app.add_systems(Update, pace.before(StageSystems::Apply).after(StageSystems::Layers));
    app.add_systems(Last, calm);
    // A frame is a few hundred short systems: handing each to a pool costs more than running it, and the machine also
    // runs rooms.
    app.add_plugins(crate::bench::LeanPlugin);
    app.run()
}

/// A few updates after it opened: fills the screen, or shrinks into the largest monitor where no window manager did.
/// The window opens at its own size first: where nothing can fill the screen, that size stays.
fn settle<'a>(
    mut window: Mut<Window>,
    monitors: impl Iterator<Item = &'a Monitor>,
    fullscreen: Option<MonitorSelection>,
    mut updates: Local<u32>,
) {
    *updates = updates.saturating_add(1);
    if *updates != 3 {
        return;
    }
    if let Some(monitor) = fullscreen {
        window.mode = WindowMode::BorderlessFullscreen(monitor);
        return;
    }
    let Some(room) = monitors.map(Monitor::physical_size).max_by_key(|s| u64::from(s.x) * u64::from(s.y)) else {
        return;
    };
    let size = window.resolution.physical_size();
    let fits = size.min(room);
    if room.min_element() > 0 && fits != size {
        window.resolution.set_physical_resolution(fits.x, fits.y);
    }
}

/// Where a CPU draws, panels that ask for frame after frame (egui does for its fades) get the pace of [`pace`].
fn calm(redraw: Res<Redraw>, quality: Option<Res<ResolvedQuality>>, mut requests: ResMut<Messages<RequestRedraw>>) {
    if quality.is_some_and(|q| q.software) && !redraw.wanted() {
        requests.clear();
    }
}

/// True for what a person did.
fn is_hand(event: &WindowEvent) -> bool {
    matches!(
        event,
        WindowEvent::CursorMoved(_)
            | WindowEvent::MouseButtonInput(_)
            | WindowEvent::MouseWheel(_)
            | WindowEvent::KeyboardInput(_)
            | WindowEvent::TouchInput(_)
            | WindowEvent::WindowResized(_)
    )
}

/// Draws at once while something moves, at the animation's pace while something breathes, and
/// rarely otherwise.
fn pace(
    mut redraw: ResMut<Redraw>,
    quality: Option<Res<ResolvedQuality>>,
    mut settings: ResMut<WinitSettings>,
    window: Query<Entity, With<PrimaryWindow>>,
    mut request: MessageWriter<RequestRedraw>,
    time: Res<Time<Real>>,
    mut events: MessageReader<WindowEvent>,
    mut since_s: Local<f64>,
    mut busy_until_s: Local<f64>,
) {
    if window.is_empty() {
        return;
    }
    let now_s = time.elapsed_secs_f64();
    // Every event is read, the last one decides nothing.
    if events.read().filter(|e| is_hand(e)).count() > 0 {
        *busy_until_s = now_s + BUSY_FOR_S;
    }
    if redraw.wanted() {
        request.write(RequestRedraw);
    }
    let quality = quality.as_deref().copied();
    let software = quality.is_some_and(|q| q.software);
    let mut wait_s = if software { CALM_IDLE_S } else { IDLE_S };
    if now_s < *busy_until_s {
        wait_s = BUSY_S;
    }
    // A CPU that draws breathes more slowly than a GPU, and rains more slowly still.
    let hz = f64::from(quality.map_or(0.0, |q| redraw.idle_hz(q.ambient_hz, q.marks_hz)));
    if hz > 0.0 {
        wait_s = wait_s.min(1.0 / hz);
        *since_s += time.delta_secs_f64();
        if *since_s >= 1.0 / hz {
            *since_s = 0.0;
            redraw.scene_once();
        }
    }
    let mode = UpdateMode::reactive(Duration::from_secs_f64(wait_s));
    if settings.focused_mode != mode {
        settings.focused_mode = mode;
        settings.unfocused_mode = UpdateMode::reactive_low_power(Duration::from_secs_f64(wait_s));
    }
}
