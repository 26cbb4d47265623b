//! What reaches the GPU: the whole program on a backend that draws nothing, so no adapter is needed.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_city::City;
use guanlan_markers::{CaseMark, LevelMark, MarkerScene, MarkersPlugin, QualityMark, SensorMark, UnitMark, pack};
use guanlan_stage::StagePlugin;
use guanlan_stage::bench::{Adapter, BenchApp, FrameMeter, FrameSpec};

const SENSORS: usize = 50_000;

fn spread(i: usize, k: f64) -> f32 {
    ((i as f64 * k).fract() * 8_000.0 - 4_000.0) as f32
}

/// Bytes and draws of one frame.
fn frame(app: &mut BenchApp) -> (u64, u64) {
    app.app.world().resource::<FrameMeter>().reset();
    app.frame();
    let meter = app.app.world().resource::<FrameMeter>();
    (meter.bytes(), meter.draws())
}

#[test]
fn a_frame_uploads_only_the_chunks_that_changed() {
    let city = Arc::new(City { extent: [-4_000.0, -4_000.0, 4_000.0, 4_000.0], ..Default::default() });
    let spec = FrameSpec { size: (320, 180), adapter: Adapter::Noop, warmup_s: 0.0, measure_s: 0.0 };
    let mut app = BenchApp::new(spec, |app| {
        app.add_plugins((StagePlugin::new(city), MarkersPlugin));
    })
    .unwrap();
    let place = |i: usize| [spread(i, 0.754_877_666), spread(i, 0.569_840_290), 5.0];
    {
        let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
        // A clock that stands: nothing else changes.
        scene.held_ms = Some(1_000);
        scene.style.cluster = false;
        scene.sensors.set((0..SENSORS).map(|i| SensorMark { pos: place(i), ..Default::default() }).collect::<Vec<_>>());
        scene.cases.set((0..5_000).map(|i| CaseMark { pos: place(i), ..Default::default() }).collect::<Vec<_>>());
        let crews: Vec<_> = (0..3_000).map(|i| UnitMark { pos: place(i), ..Default::default() }).collect();
        scene.units.set(&crews, 0);
    }
    let (first, _) = frame(&mut app);
    assert!(first >= (SENSORS * 13) as u64, "the first frame uploads everything: {first} bytes");
    frame(&mut app);
    let (still, draws) = frame(&mut app);
    assert_eq!(still, 0, "nothing changed, nothing is uploaded");
    assert!((3..40).contains(&draws), "one draw for each layer, not for each mark: {draws}");

    // Seven sensors in three chunks take another quality.
    let stale = pack::sensor(LevelMark::Normal, QualityMark::Stale, false, false);
    let rows = [0usize, 5, 1023, 20_480, 20_481, 40_000, 40_001];
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    assert!(rows.iter().all(|&row| scene.sensors.set_state(row, stale)));
    assert!(!scene.sensors.set_state(rows[0], stale), "the same state is no change");
    let (bytes, _) = frame(&mut app);
    assert_eq!(bytes, 3 * 1024, "three chunks of 1024 sensors, one byte each");
    assert_eq!(frame(&mut app).0, 0);

    // One crew moves: a chunk of 64 crews with two fixes, 32 bytes each.
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    scene.units.fix(2_999, [1.0, 2.0, 3.0], 1_000, 500);
    let (bytes, _) = frame(&mut app);
    assert_eq!(bytes, (3_000 - 46 * 64) * 32);

    // The same rows again, as the room's glue hands them over at every tick.
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    scene.cases.set((0..5_000).map(|i| CaseMark { pos: place(i), ..Default::default() }).collect::<Vec<_>>());
    assert_eq!(frame(&mut app).0, 0);
}

#[test]
fn a_crowd_is_a_few_rings_that_hold_every_mark() {
    let city = Arc::new(City { extent: [-4_000.0, -4_000.0, 4_000.0, 4_000.0], ..Default::default() });
    let spec = FrameSpec { size: (320, 180), adapter: Adapter::Noop, warmup_s: 0.0, measure_s: 0.0 };
    let mut app = BenchApp::new(spec, |app| {
        app.add_plugins((StagePlugin::new(city), MarkersPlugin));
    })
    .unwrap();
    let case = |i: usize| CaseMark {
        pos: [spread(i, 0.754_877_666), spread(i, 0.569_840_290), 0.0],
        level: if i == 7 { LevelMark::Red } else { LevelMark::Blue },
        ..Default::default()
    };
    app.app.world_mut().resource_mut::<MarkerScene>().cases.set((0..100_000).map(case).collect::<Vec<_>>());
    frame(&mut app);
    let scene = app.app.world().resource::<MarkerScene>();
    let rings = &scene.crowds.cases.rings;
    assert!((4..3_000).contains(&rings.len()), "{} rings", rings.len());
    assert_eq!(rings.iter().map(guanlan_markers::Ring::total).sum::<u32>(), 100_000);
    assert_eq!(rings.iter().filter(|r| r.counts[4] == 1).count(), 1, "the one red is on a ring");
}
