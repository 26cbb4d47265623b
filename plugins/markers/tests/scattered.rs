//! Rows that change here and there reach their places: the columns are read back from the device and compared with those
//! of the program, on software Vulkan.

use std::sync::Arc;

use bevy::app::App;
use bevy::render::RenderApp;
use bevy::render::render_resource::{
    Buffer, BufferDescriptor, BufferUsages, CommandEncoderDescriptor, MapMode, PollType,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use guanlan_city::City;
use guanlan_markers::gpu::sync::MarkerGpu;
use guanlan_markers::{CaseMark, MarkerScene, MarkersPlugin, SensorMark, UnitMark};
use guanlan_stage::StagePlugin;
use guanlan_stage::bench::{Adapter, BenchApp, FrameMeter, FrameSpec};
use guanlan_stage::still::StillError;

/// Rows of each column.
const ROWS: usize = 40_000;
/// Of each column, one row of so many changes: no two neighbours, every chunk.
const APART: usize = 53;
const CHANGED: usize = ROWS.div_ceil(APART);

/// The layers alone over a bare city; `None` without an adapter.
fn started() -> Option<BenchApp> {
    let city = Arc::new(City { extent: [-4_000.0, -4_000.0, 4_000.0, 4_000.0], ..Default::default() });
    let spec = FrameSpec { size: (160, 90), adapter: Adapter::Software, warmup_s: 0.0, measure_s: 0.0 };
    match BenchApp::new(spec, |app| {
        app.add_plugins((StagePlugin::new(city), MarkersPlugin));
    }) {
        Ok(app) => Some(app),
        Err(StillError::NoAdapter) => {
            assert!(std::env::var_os("CI").is_none(), "no graphics adapter on CI: install mesa-vulkan-drivers");
            eprintln!("SKIPPED: no graphics adapter here; nothing about scattered rows was tested");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The first words of a buffer on the device.
fn words(app: &App, buffer: &Buffer, count: usize) -> Vec<u32> {
    let (device, queue) = (app.world().resource::<RenderDevice>(), app.world().resource::<RenderQueue>());
    let size = count as u64 * 4;
    let usage = BufferUsages::COPY_DST | BufferUsages::MAP_READ;
    let back = device.create_buffer(&BufferDescriptor { label: Some("back"), size, usage, mapped_at_creation: false });
    let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor { label: Some("back") });
    encoder.copy_buffer_to_buffer(buffer, 0, &back, 0, size);
    queue.submit([encoder.finish()]);
    device.map_buffer(&back.slice(..), MapMode::Read, |mapped| mapped.unwrap());
    device.wgpu_device().poll(PollType::wait_indefinitely()).unwrap();
    let bytes = back.slice(..).get_mapped_range();
    bytes.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]])).collect()
}

/// What the program holds of a column and what the device holds.
fn both(app: &App) -> [[Vec<u32>; 2]; 4] {
    let scene = app.world().resource::<MarkerScene>();
    let held: [&[u32]; 4] = [
        bytemuck::cast_slice(scene.sensors.place.rows()),
        bytemuck::cast_slice(scene.cases.place.rows()),
        bytemuck::cast_slice(scene.cases.state.rows()),
        bytemuck::cast_slice(scene.units.motion.rows()),
    ];
    let gpu = app.sub_app(RenderApp).world().resource::<MarkerGpu>();
    let buffers = [&gpu.sensors.places, &gpu.cases.places, &gpu.cases.states, &gpu.units.places];
    std::array::from_fn(|k| [held[k].to_vec(), words(app, &buffers[k].buffer, held[k].len())])
}

/// Changes scattered rows of every column in one frame; the bytes uploaded in it.
fn scatter(app: &mut BenchApp, first: usize) -> u64 {
    let rows = (first..ROWS).step_by(APART);
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    for row in rows {
        let x = (row + first) as f32;
        assert!(scene.sensors.place.set(row, [x, -x, 0.5 * x]));
        assert!(scene.cases.place.set(row, [x, 2.0 * x, 3.0, 60.0 + first as f32]));
        assert!(scene.cases.state.set(row, 0x0100 + row as u32 % 3));
        scene.units.fix(row, [-x, x, 1.0], 5_000 + first as u32, 1_000);
    }
    // The same row a second time in a frame: the last value counts.
    assert!(scene.cases.state.set(first, 0x0203));
    app.app.world().resource::<FrameMeter>().reset();
    app.frame();
    app.app.world().resource::<FrameMeter>().bytes()
}

#[test]
fn scattered_rows_lie_where_they_belong() {
    let Some(mut app) = started() else { return };
    {
        let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
        scene.held_ms = Some(1_000);
        scene.style.cluster = false;
        let at = |i: usize| [i as f32 * 0.1, -(i as f32) * 0.1, 5.0];
        scene.sensors.set((0..ROWS).map(|i| SensorMark { pos: at(i), ..Default::default() }).collect::<Vec<_>>());
        scene.cases.set((0..ROWS).map(|i| CaseMark { pos: at(i), ..Default::default() }).collect::<Vec<_>>());
        scene.units.set((0..ROWS).map(|i| UnitMark { pos: at(i), ..Default::default() }).collect::<Vec<_>>(), 0);
    }
    app.frame();
    app.frame();
    for [held, there] in both(&app.app) {
        assert!(held == there, "the first upload");
    }

    // The first scattered frame asks for the shader; from the next on lists are sent.
    scatter(&mut app, 1);
    let bytes = scatter(&mut app, 2);
    let list = |words: usize| ((CHANGED + 2) * (words + 1) * 4) as u64;
    let most = list(3) + list(4) + list(1) + list(8) + 4_096;
    assert!((CHANGED as u64 * 4 * 20..most).contains(&bytes), "{bytes} bytes: lists of rows, no chunks (below {most})");
    for (column, [held, there]) in both(&app.app).into_iter().enumerate() {
        let wrong = held.iter().zip(&there).position(|(a, b)| a != b);
        assert_eq!((held.len(), wrong), (there.len(), None), "column {column}: first word that differs");
    }

    // Fewer rows than before in the same list: what it held last is not written again.
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    (0..600).for_each(|k| assert!(scene.units.motion.set(k * 64 + 7, Default::default())));
    app.frame();
    for (column, [held, there]) in both(&app.app).into_iter().enumerate() {
        assert!(held == there, "column {column} after a shorter list");
    }
}
