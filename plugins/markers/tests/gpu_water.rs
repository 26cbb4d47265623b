//! Water whose depths never leave the device looks like the same water from the room: out of a buffer made by hand, and
//! out of the solver that runs on the renderer's own device.

use std::sync::{Arc, Mutex};

use bevy::app::App;
use bevy::math::UVec2;
use bevy::render::render_resource::{BufferInitDescriptor, BufferUsages};
use bevy::render::renderer::RenderDevice;
use guanlan_city::City;
use guanlan_core::input::DepthField;
use guanlan_rainstorm::storm::RainSeries;
use guanlan_rainstorm::surface::{DomainBuilder, Forcing, Grid, InertialSettings, SurfaceSolver};
use guanlan_stage::flood::{Device, GpuDepths, Place};
use guanlan_stage::image::RgbImage;
use guanlan_stage::still::{StillApp, StillError};
use guanlan_stage::{CameraPose, CameraRig, FloodWater, GpuWater, Quality, StagePlugin, WaterOnDevice};
use guanlan_surge::{Gpu, Surge};

const SIDE: usize = 40;

/// A round pond, deepest in the middle, m.
fn pond() -> Vec<f32> {
    let at = |i: usize| [(i % SIDE) as f32 - 19.5, (i / SIDE) as f32 - 19.5];
    (0..SIDE * SIDE).map(|i| (1.5 - at(i)[0].hypot(at(i)[1]) * 0.12).max(0.0)).collect()
}

const PLACE: Place = Place { west_m: -200.0, south_m: -200.0, cell_m: 10.0, cols: SIDE, rows: SIDE };

/// A flat city seen from the south; `None` without an adapter.
fn flat(more: impl FnOnce(&mut App)) -> Option<StillApp> {
    let city = Arc::new(City { extent: [-500.0, -500.0, 500.0, 500.0], ..City::default() });
    let started = StillApp::new(UVec2::new(480, 270), |app| {
        app.add_plugins(StagePlugin { quality: Quality::Low, ..StagePlugin::new(city) });
        more(app);
    });
    let mut app = match started {
        Ok(app) => app,
        Err(StillError::NoAdapter) => {
            assert!(std::env::var_os("CI").is_none(), "no graphics adapter on CI: install mesa-vulkan-drivers");
            eprintln!("SKIPPED: no graphics adapter here; nothing about the water was tested");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let pose = CameraPose { focus: [0.0; 3], distance_m: 900.0, yaw_deg: 20.0, pitch_deg: 50.0 };
    app.app.world_mut().resource_mut::<CameraRig>().pose = pose;
    Some(app)
}

/// Depths as a room tells them.
fn told(depths: &[f32]) -> Option<Arc<DepthField>> {
    Some(Arc::new(DepthField {
        at: guanlan_core::Stamp::default(),
        west_m: PLACE.west_m,
        south_m: PLACE.south_m,
        cell_m: PLACE.cell_m,
        cols: SIDE as u32,
        rows: SIDE as u32,
        depth_mm: depths.iter().map(|d| (d * 1000.0).round() as u16).collect(),
        estimate: true,
        finer: Vec::new(),
    }))
}

/// Pixels that differ clearly.
fn apart(a: &RgbImage, b: &RgbImage) -> usize {
    a.pixels().zip(b.pixels()).filter(|(a, b)| (0..3).any(|k| a[k].abs_diff(b[k]) > 24)).count()
}

#[test]
fn depths_on_the_device_are_drawn_like_the_rooms() {
    let Some(mut app) = flat(|_| {}) else { return };
    let dry = app.capture(3).unwrap();
    let depths = pond();
    app.app.world_mut().resource_mut::<FloodWater>().0 = told(&depths);
    let told = app.capture(3).unwrap();
    app.app.world_mut().resource_mut::<FloodWater>().0 = None;

    // As a solver lays it out: a rim of one cell around the raster, rows of whole 256 bytes.
    let stride = 64;
    let mut padded = vec![0f32; stride * (SIDE + 2)];
    depths.iter().enumerate().for_each(|(i, d)| padded[(i / SIDE + 1) * stride + i % SIDE + 1] = *d);
    let bytes: Vec<u8> = padded.iter().flat_map(|d| d.to_le_bytes()).collect();
    let device = app.app.world().resource::<RenderDevice>();
    let buffer = device.create_buffer_with_data(&BufferInitDescriptor {
        label: Some("depths"),
        contents: &bytes,
        usage: BufferUsages::STORAGE,
    });
    let depths = GpuDepths {
        buffer: (*buffer).clone(),
        first: stride as u32 + 1,
        stride: stride as u32,
        place: PLACE,
        hidden: [].into(),
    };
    app.app.world_mut().resource_mut::<GpuWater>().0 = Some(depths);
    let kept = app.capture(3).unwrap();

    let wet = apart(&dry.image, &told.image);
    assert!(wet > 2_000, "the room's water covers {wet} px");
    let other = apart(&told.image, &kept.image);
    assert!(other * 20 < wet, "{other} of {wet} px differ");
}

#[test]
fn a_solver_on_the_renderers_device_is_drawn_without_a_round_trip() {
    let (given, shown) = (Arc::new(Mutex::new(None::<Device>)), Arc::new(Mutex::new(None::<GpuDepths>)));
    let (take, show) = (given.clone(), shown.clone());
    let plugin =
        WaterOnDevice::new(move |device| *take.lock().unwrap() = Some(device), move |_| show.lock().unwrap().clone());
    let Some(mut app) = flat(|app| {
        app.add_plugins(plugin);
    }) else {
        return;
    };
    let dry = app.capture(3).unwrap();
    let device = given.lock().unwrap().take().expect("the plugin is told of the renderer's device");
    let gpu = Gpu::shared(device.device, device.queue, &device.info);
    let grid =
        Grid { west_m: PLACE.west_m, south_m: PLACE.south_m, cell_m: PLACE.cell_m, cols: PLACE.cols, rows: PLACE.rows };
    let domain = Arc::new(DomainBuilder::new(grid).build());
    let mut solver = Surge::new(gpu, domain, InertialSettings::default()).unwrap();
    let heap = pond();
    solver.fill_depths(&|col, row| 2.0 * heap[row * SIDE + col]);
    // A block in the south-west of the heap is water that is there anyway.
    let hidden = |col: usize, row: usize| (12..18).contains(&col) && (12..18).contains(&row);
    let cells = (0..SIDE * SIDE).map(|i| (i % SIDE, i / SIDE)).filter(|(c, r)| hidden(*c, *r));
    let view = solver.depth_view();
    let depths = GpuDepths {
        buffer: view.buffer,
        first: view.stride + 1,
        stride: view.stride,
        place: PLACE,
        hidden: GpuDepths::hide(&PLACE, cells),
    };
    *shown.lock().unwrap() = Some(depths);
    let before = app.capture(3).unwrap();
    // The heap spreads; the picture follows although nobody hands anything over.
    solver.advance(40.0, &mut Forcing { rain: &RainSeries::default(), drains: None });
    let after = app.capture(3).unwrap();
    *shown.lock().unwrap() = None;
    let mut now = solver.depths_m();
    (0..now.len()).filter(|i| hidden(i % SIDE, i / SIDE)).for_each(|i| now[i] = 0.0);
    app.app.world_mut().resource_mut::<FloodWater>().0 = told(&now);
    let told = app.capture(3).unwrap();

    let (wet, moved, other) =
        (apart(&dry.image, &told.image), apart(&before.image, &after.image), apart(&told.image, &after.image));
    assert!(wet > 2_000 && moved > 500, "{wet} px wet, {moved} px moved");
    assert!(other * 20 < wet, "{other} of {wet} px differ");
}
