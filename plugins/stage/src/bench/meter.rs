//! What a frame costs: clocks, memory, bytes and draws.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bevy::core_pipeline::core_3d::{Opaque3d, Transparent3d};
use bevy::diagnostic::DiagnosticsStore;
use bevy::prelude::*;
use bevy::render::render_phase::{ViewBinnedRenderPhases, ViewSortedRenderPhases};
use bevy::render::{Render, RenderApp, RenderSystems};

#[derive(Debug, Default)]
struct Counters {
    draws: AtomicU64,
    bytes: AtomicU64,
}

/// Counts what the layers draw and upload in a frame. Shared by the main world and the renderer.
#[derive(Resource, Clone, Debug, Default)]
pub struct FrameMeter(Arc<Counters>);

impl FrameMeter {
    /// A frame begins.
    pub fn reset(&self) {
        self.0.draws.store(0, Ordering::Relaxed);
        self.0.bytes.store(0, Ordering::Relaxed);
    }

    /// Draw calls were made.
    pub fn drew(&self, calls: u64) {
        self.0.draws.fetch_add(calls, Ordering::Relaxed);
    }

    /// Bytes were handed to the GPU.
    pub fn uploaded(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Draw calls of this frame.
    #[must_use]
    pub fn draws(&self) -> u64 {
        self.0.draws.load(Ordering::Relaxed)
    }

    /// Bytes of this frame.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }
}

/// One frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Wall time, ms.
    pub wall_ms: f64,
    /// CPU time of the main thread, ms.
    pub main_ms: f64,
    /// CPU time of all threads of the program, ms.
    pub process_ms: f64,
    /// Draw calls.
    pub draws: u64,
    /// Bytes the layers handed to the GPU.
    pub bytes: u64,
}

/// The clocks at an instant.
pub struct Clocks {
    wall: Instant,
    main_ms: f64,
    process_ms: f64,
}

impl Clocks {
    /// Reads them.
    #[must_use]
    pub fn now() -> Self {
        Self { wall: Instant::now(), main_ms: thread_ms(), process_ms: process_ms() }
    }

    /// What passed since, with the counts of the meter.
    #[must_use]
    pub fn until_now(&self, meter: &FrameMeter) -> Sample {
        Sample {
            wall_ms: self.wall.elapsed().as_secs_f64() * 1000.0,
            main_ms: thread_ms() - self.main_ms,
            process_ms: process_ms() - self.process_ms,
            draws: meter.draws(),
            bytes: meter.bytes(),
        }
    }
}

#[cfg(unix)]
fn clock_ms(id: libc::clockid_t) -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer; an unknown clock only returns an error.
    let answer = unsafe { libc::clock_gettime(id, &raw mut time) };
    if answer == 0 { time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6 } else { 0.0 }
}

/// CPU time of this thread, ms; 0 where it can not be asked.
#[must_use]
pub fn thread_ms() -> f64 {
    #[cfg(unix)]
    return clock_ms(libc::CLOCK_THREAD_CPUTIME_ID);
    #[cfg(not(unix))]
    0.0
}

/// CPU time of all threads of the program, ms; 0 where it can not be asked.
#[must_use]
pub fn process_ms() -> f64 {
    #[cfg(unix)]
    return clock_ms(libc::CLOCK_PROCESS_CPUTIME_ID);
    #[cfg(not(unix))]
    0.0
}

/// Memory now and at its largest, bytes; 0 where it can not be asked.
#[must_use]
pub fn memory_bytes() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find(|l| l.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    (of("VmRSS:").unwrap_or(0) * 1024, of("VmHWM:").unwrap_or(0) * 1024)
}

/// Time of the passes on the GPU in the last measured frame, ms.
#[must_use]
pub fn gpu_ms(world: &World) -> Option<f64> {
    let store = world.get_resource::<DiagnosticsStore>()?;
    let times = store.iter().filter(|d| d.path().as_str().ends_with("elapsed_gpu"));
    let sum: f64 = times.filter_map(bevy::diagnostic::Diagnostic::value).sum();
    (sum > 0.0).then_some(sum)
}

/// Counts Bevy's own draws into the [`FrameMeter`].
pub fn plugin(app: &mut App) {
    let meter = FrameMeter::default();
    app.insert_resource(meter.clone());
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(meter);
        render.add_systems(Render, count_phases.in_set(RenderSystems::Cleanup));
    }
}

fn count_phases(
    meter: Res<FrameMeter>,
    opaque: Res<ViewBinnedRenderPhases<Opaque3d>>,
    transparent: Res<ViewSortedRenderPhases<Transparent3d>>,
) {
    for phase in opaque.values() {
        let multi = phase.multidrawable_meshes.len();
        let other = phase.batchable_meshes.len() + phase.unbatchable_meshes.len() + phase.non_mesh_items.len();
        meter.drew((multi + other) as u64);
    }
    for phase in transparent.values() {
        meter.drew(phase.items.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_forward_and_counts_come_back() {
        let clocks = Clocks::now();
        let meter = FrameMeter::default();
        meter.drew(3);
        meter.uploaded(4096);
        let mut x = 0u64;
        for i in 0..200_000u64 {
            x = x.wrapping_add(std::hint::black_box(i));
        }
        std::hint::black_box(x);
        let sample = clocks.until_now(&meter);
        assert_eq!((sample.draws, sample.bytes), (3, 4096));
        assert!(sample.wall_ms > 0.0 && sample.process_ms >= sample.main_ms * 0.5);
        meter.reset();
        assert_eq!(meter.draws(), 0);
        assert!(cfg!(not(target_os = "linux")) || memory_bytes().0 > 1_000_000);
    }
}
