//! The stage and the live layers drawn without a window: numbers of coloured pixels, one app.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_city::City;
use guanlan_city::model::{Building, BuildingPart, Road, RoadClass, SurfaceArea, SurfaceKind};
use guanlan_core::input::{DepthField, UnitStatus};
use guanlan_markers::scene::Style;
use guanlan_markers::{CaseMark, LevelMark, MarkerScene, MarkersPlugin, SensorMark, UnitMark};
use guanlan_stage::still::{Still, StillApp, StillError};
use guanlan_stage::{CameraPose, CameraRig, FloodWater, Highlight, Quality, StagePlugin};

fn town() -> City {
    let mut city = City { extent: [-600.0, -600.0, 600.0, 600.0], ..Default::default() };
    for i in 0..12 {
        for j in 0..6 {
            let (e, n) = (i as f32 * 90.0 - 530.0, j as f32 * 80.0 + 60.0);
            city.buildings.push(Building {
                parts: vec![BuildingPart {
                    footprint: vec![[e, n], [e + 50.0, n], [e + 50.0, n + 30.0], [e, n + 30.0]],
                    eaves_m: 24.0,
                    top_m: 24.0,
                    ..Default::default()
                }],
                ..Default::default()
            });
        }
    }
    city.roads.push(Road {
        class: RoadClass::Primary,
        line: vec![[-580.0, 20.0], [580.0, 20.0]],
        ..Default::default()
    });
    city.surfaces.push(SurfaceArea {
        kind: SurfaceKind::Water,
        ring: vec![[-590.0, -400.0], [590.0, -400.0], [590.0, -150.0], [-590.0, -150.0]],
        level_m: Some(0.0),
        ..Default::default()
    });
    city
}

/// Pixels of which the channels satisfy a rule.
fn count(still: &Still, rule: impl Fn(i32, i32, i32) -> bool) -> usize {
    still.image.pixels().filter(|p| rule(p[0].into(), p[1].into(), p[2].into())).count()
}

fn red(r: i32, g: i32, b: i32) -> bool {
    r > 200 && g < 110 && b < 110
}

fn accent(r: i32, g: i32, b: i32) -> bool {
    g > 150 && b > 140 && r < g - 50
}

#[test]
fn what_must_be_seen_is_seen() {
    let city = Arc::new(town());
    let started = StillApp::new(UVec2::new(640, 360), |app| {
        app.add_plugins((StagePlugin { quality: Quality::Low, ..StagePlugin::new(city) }, MarkersPlugin));
    });
    let mut app = match started {
        Ok(app) => app,
        Err(StillError::NoAdapter) => {
            assert!(std::env::var_os("CI").is_none(), "no graphics adapter on CI: install mesa-vulkan-drivers");
            eprintln!("SKIPPED: no graphics adapter here; nothing about the picture was tested");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    app.app.world_mut().resource_mut::<CameraRig>().pose =
        CameraPose { focus: [0.0, 0.0, 0.0], distance_m: 1300.0, yaw_deg: 0.0, pitch_deg: 55.0 };

    // The city itself: water, walls, no loud colour.
    let calm = app.capture(3).unwrap();
    let total = 640 * 360;
    let water = count(&calm, |r, g, b| b > 80 && g > 55 && r < 45 && b > g);
    assert!(water > total / 40, "river: {water} px");
    let bodies = count(&calm, |r, g, b| (30..110).contains(&r) && b > r + 15 && b > g + 10);
    assert!(bodies > total / 50, "buildings: {bodies} px");
    assert_eq!(count(&calm, red), 0, "a calm city has no red");
    assert_eq!(count(&calm, accent), 0, "nothing is selected");

    // A building is marked.
    app.app.world_mut().resource_mut::<Highlight>().selected = Some(8);
    let marked = app.capture(1).unwrap();
    let selected = count(&marked, accent);
    assert!(selected > 40, "selected building: {selected} px");
    app.app.world_mut().resource_mut::<Highlight>().selected = None;

    // Water over the streets.
    app.app.world_mut().resource_mut::<FloodWater>().0 = Some(Arc::new(DepthField {
        at: Default::default(),
        west_m: -300.0,
        south_m: -100.0,
        cell_m: 20.0,
        cols: 20,
        rows: 10,
        depth_mm: vec![600; 200],
        estimate: true,
        finer: Vec::new(),
    }));
    let flooded = app.capture(1).unwrap();
    let turquoise = |r: i32, g: i32, b: i32| g > 80 && b > 75 && r < g - 30;
    let wet = count(&flooded, turquoise).saturating_sub(count(&calm, turquoise));
    assert!(wet > total / 60, "flood: {wet} px");
    app.app.world_mut().resource_mut::<FloodWater>().0 = None;

    // A red sensor is red, a healthy one is quiet.
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    scene.sensors.set(vec![SensorMark { level: LevelMark::Red, ..Default::default() }; 1]);
    let alarmed = app.capture(1).unwrap();
    let one_red = count(&alarmed, red);
    assert!((8..600).contains(&one_red), "one red sensor: {one_red} px");
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    scene.sensors.set(vec![SensorMark::default(); 1]);
    let healthy = app.capture(1).unwrap();
    assert_eq!(count(&healthy, red), 0, "it is over");
    let changed = healthy
        .image
        .pixels()
        .zip(calm.image.pixels())
        .filter(|(a, b)| (0..3).any(|k| a[k].abs_diff(b[k]) > 12))
        .count();
    assert!((1..80).contains(&changed), "a healthy sensor changes {changed} px");

    // Cases and crews.
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    scene.sensors.set([]);
    scene.cases.set(vec![CaseMark {
        level: LevelMark::Red,
        elapsed_frac: 1.0,
        overdue: true,
        stem_m: 30.0,
        ..Default::default()
    }]);
    let now_ms = scene.now_ms;
    let crew = UnitMark { pos: [200.0, 20.0, 0.0], status: UnitStatus::EnRoute, ..Default::default() };
    scene.units.set(vec![crew], now_ms);
    scene.routes.set(vec![vec![[200.0, 20.0, 1.0], [400.0, 20.0, 1.0]]]);
    let busy = app.capture(1).unwrap();
    assert!(count(&busy, red) > one_red, "an overdue case is louder than a sensor");
    let accents = count(&busy, accent);
    assert!(accents > 60, "crew and route in the accent colour: {accents} px");
    // Plain discs are as large as they are told, and the worst is on top, however they are drawn.
    let mut scene = app.app.world_mut().resource_mut::<MarkerScene>();
    scene.cases.set([]);
    scene.units.set([], now_ms);
    scene.routes.set(Vec::<Vec<[f32; 3]>>::new());
    scene.style = Style { discs_px: Some(18.0), cluster: false, ..Style::default() };
    let at = |east: f32, level| SensorMark { pos: [east, 0.0, 0.0], level, ..Default::default() };
    let marks = [(0.0, LevelMark::Red), (0.0, LevelMark::Blue), (90.0, LevelMark::Red), (90.0, LevelMark::Yellow)];
    scene.sensors.set(marks.map(|(east, level)| at(east, level)));
    let discs = app.capture(4).unwrap();
    let reds = count(&discs, red);
    assert!((52..=72).contains(&reds), "two discs of 6 px: {reds} px");
    assert_eq!(count(&discs, |r, g, b| b > 200 && r < 110 && g > 120), 0, "what is less wrong lies below");
    if let Some(folder) = std::env::var_os("GUANLAN_PICTURES") {
        for (name, still) in
            [("calm", &calm), ("marked", &marked), ("flooded", &flooded), ("alarmed", &alarmed), ("busy", &busy)]
        {
            still.image.save(std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
        }
    }
}
