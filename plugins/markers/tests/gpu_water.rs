//! Water whose depths never leave the device looks like the same water from the room.

use std::sync::Arc;

use bevy::math::UVec2;
use bevy::render::render_resource::{BufferInitDescriptor, BufferUsages};
use bevy::render::renderer::RenderDevice;
use guanlan_city::City;
use guanlan_core::input::DepthField;
use guanlan_stage::flood::{GpuDepths, Place};
use guanlan_stage::image::RgbImage;
use guanlan_stage::still::{StillApp, StillError};
use guanlan_stage::{CameraPose, CameraRig, FloodWater, GpuWater, Quality, StagePlugin};

const SIDE: usize = 40;

/// A round pond, deepest in the middle, m.
fn pond() -> Vec<f32> {
    let at = |i: usize| [(i % SIDE) as f32 - 19.5, (i / SIDE) as f32 - 19.5];
    (0..SIDE * SIDE).map(|i| (1.5 - at(i)[0].hypot(at(i)[1]) * 0.12).max(0.0)).collect()
}

#[test]
fn depths_on_the_device_are_drawn_like_the_rooms() {
    let city = Arc::new(City { extent: [-500.0, -500.0, 500.0, 500.0], ..City::default() });
    let started = StillApp::new(UVec2::new(480, 270), |app| {
        app.add_plugins(StagePlugin { quality: Quality::Low, ..StagePlugin::new(city) });
    });
    let mut app = match started {
        Ok(app) => app,
        Err(StillError::NoAdapter) => {
            assert!(std::env::var_os("CI").is_none(), "no graphics adapter on CI: install mesa-vulkan-drivers");
            eprintln!("SKIPPED: no graphics adapter here; nothing about the water was tested");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let pose = CameraPose { focus: [0.0; 3], distance_m: 900.0, yaw_deg: 20.0, pitch_deg: 50.0 };
    app.app.world_mut().resource_mut::<CameraRig>().pose = pose;
    let dry = app.capture(3).unwrap();
    let depths = pond();
    let field = DepthField {
        at: guanlan_core::Stamp::default(),
        west_m: -200.0,
        south_m: -200.0,
        cell_m: 10.0,
        cols: SIDE as u32,
        rows: SIDE as u32,
        depth_mm: depths.iter().map(|d| (d * 1000.0).round() as u16).collect(),
        estimate: true,
    };
    app.app.world_mut().resource_mut::<FloodWater>().0 = Some(Arc::new(field));
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
    let place = Place { west_m: -200.0, south_m: -200.0, cell_m: 10.0, cols: SIDE, rows: SIDE };
    let depths = GpuDepths { buffer: (*buffer).clone(), first: stride as u32 + 1, stride: stride as u32, place };
    app.app.world_mut().resource_mut::<GpuWater>().0 = Some(depths);
    let kept = app.capture(3).unwrap();

    let apart = |a: &RgbImage, b: &RgbImage| {
        a.pixels().zip(b.pixels()).filter(|(a, b)| (0..3).any(|k| a[k].abs_diff(b[k]) > 24)).count()
    };
    let wet = apart(&dry.image, &told.image);
    assert!(wet > 2_000, "the room's water covers {wet} px");
    let other = apart(&told.image, &kept.image);
    assert!(other * 20 < wet, "{other} of {wet} px differ");
}
