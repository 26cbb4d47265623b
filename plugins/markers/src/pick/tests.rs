//! Picking on hills, in crowds, from the street and while crews glide.

use bevy::math::Vec2;
use guanlan_stage::camera::rig::FOV_DEG;
use guanlan_stage::frame::to_scene;

use super::projector::Projector;
use super::*;
use crate::crowd::{self, Eye};
use crate::scene::{CaseMark, LevelMark, SensorMark, UnitMark};
use guanlan_core::input::UnitStatus;
use guanlan_stage::CameraPose;
use guanlan_stage::screen::project;

#[test]
fn the_pin_wins_over_what_lies_below_it() {
    let mut scene = MarkerScene::default();
    scene.sensors.set(vec![SensorMark::default(), SensorMark { pos: [300.0, 0.0, 0.0], ..Default::default() }]);
    scene.cases.set(vec![CaseMark::default()]);
    scene.units.set(vec![UnitMark { pos: [-300.0, 0.0, 0.0], ..Default::default() }], 0);
    let (rig, lens) = (CameraRig::default(), MapLens::default());
    let at = |p| project(&lens, &rig, p).unwrap();
    assert_eq!(pick_marker(&scene, &rig, &lens, at([0.0; 3])), Some(MarkerHit::Case(0)));
    assert_eq!(pick_marker(&scene, &rig, &lens, at([300.0, 0.0, 0.0])), Some(MarkerHit::Sensor(1)));
    assert_eq!(pick_marker(&scene, &rig, &lens, at([-300.0, 0.0, 0.0])), Some(MarkerHit::Unit(0)));
    assert_eq!(pick_marker(&scene, &rig, &lens, Vec2::new(3.0, 3.0)), None);
}

fn hill(e: f32, n: f32) -> f32 {
    60.0 + 50.0 * (e * 0.002).sin() * (n * 0.003).cos()
}

#[test]
fn the_grid_finds_what_a_search_of_all_rows_finds_on_hills() {
    let u = |i: u32, k: f64| ((f64::from(i) * k).fract() * 8_000.0 - 4_000.0) as f32;
    let rows: Vec<SensorMark> = (0..40_000)
        .map(|i| {
            let (e, n) = (u(i, 0.754_877_666), u(i, 0.569_840_290));
            let level = if i % 9 == 0 { LevelMark::Red } else { LevelMark::Normal };
            SensorMark { pos: [e, n, hill(e, n) + 2.0], level, ..Default::default() }
        })
        .collect();
    let mut scene = MarkerScene::default();
    scene.sensors.set(&rows);
    let lens = MapLens::default();
    let reach = REACH_PX * 0.75;
    for k in 0..60u32 {
        let pose = CameraPose {
            focus: [u(k, 0.31) * 0.3, u(k, 0.77) * 0.3, 60.0],
            distance_m: 300.0 + 90.0 * k as f32,
            yaw_deg: 37.0 * k as f32,
            pitch_deg: 12.0 + (k % 8) as f32 * 10.0,
        };
        let rig = CameraRig { pose, home: pose };
        let projector = Projector::new(&rig, &lens);
        let cursor = Vec2::new(200.0 + 14.0 * k as f32, 300.0 + 5.0 * k as f32);
        let mut best: Option<(f32, usize)> = None;
        for (i, row) in rows.iter().enumerate() {
            let bonus = if row.level == LevelMark::Red { 0.3 } else { 0.0 };
            if let Some((px, _)) = projector.see(row.pos)
                && px.distance(cursor) <= reach * (1.0 + 0.3 * bonus)
                && best.is_none_or(|(b, _)| px.distance(cursor) - bonus * reach < b)
            {
                best = Some((px.distance(cursor) - bonus * reach, i));
            }
        }
        let got = pick_marker(&scene, &rig, &lens, cursor);
        assert_eq!(got, best.map(|(_, i)| MarkerHit::Sensor(i)), "pose {k}");
    }
}

#[test]
fn crews_are_found_while_they_glide_without_asking_all_of_them() {
    let u = |i: u32, k: f64| ((f64::from(i) * k).fract() * 8_000.0 - 4_000.0) as f32;
    let at = |i: u32, step: f32| {
        let (e, n) = (u(i, 0.754_877_666) + step, u(i, 0.569_840_290) - step * 0.5);
        UnitMark { pos: [e, n, hill(e, n)], ..Default::default() }
    };
    let mut scene = MarkerScene::default();
    scene.units.glide = true;
    scene.units.set((0..5_000).map(|i| at(i, 0.0)).collect::<Vec<_>>(), 1_000);
    scene.units.set((0..5_000).map(|i| at(i, 60.0)).collect::<Vec<_>>(), 3_000);
    let lens = MapLens::default();
    for (k, now_ms) in [(0u32, 3_000u32), (7, 3_700), (19, 4_999), (31, 9_000)] {
        scene.now_ms = now_ms;
        let pose = CameraPose {
            focus: [u(k, 0.31) * 0.3, u(k, 0.77) * 0.3, 60.0],
            distance_m: 900.0 + 60.0 * k as f32,
            yaw_deg: 37.0 * k as f32,
            pitch_deg: 30.0,
        };
        let rig = CameraRig { pose, home: pose };
        let mut found = 0;
        for row in 0..5_000 {
            let Some(px) = project(&lens, &rig, scene.units.at(row, now_ms).unwrap()) else { continue };
            let inside = px.cmpgt(Vec2::ZERO).all() && px.cmplt(lens.lens.size_px).all();
            if inside && px.distance(lens.lens.size_px * 0.5) < 200.0 {
                let Some(MarkerHit::Unit(hit)) = pick_marker(&scene, &rig, &lens, px) else {
                    panic!("crew {row} is not found at {now_ms} ms")
                };
                let there = project(&lens, &rig, scene.units.at(hit, now_ms).unwrap()).unwrap();
                assert!(there.distance(px) <= 1e-2, "a nearer one than crew {row} at the same place");
                found += 1;
            }
        }
        assert!(found > 3, "{found} crews in view {k}");
    }
}

#[test]
fn from_the_street_far_calm_marks_are_left_out_and_from_above_none() {
    let street = to_scene(0.0, 0.0, 1.7);
    assert_eq!(left_of(street, [0.0, 140.0, 0.0]), 1.0, "near ones stand");
    assert!(left_of(street, [0.0, 900.0, 0.0]) < 0.01);
    assert!(left_of(to_scene(0.0, 0.0, 90.0), [0.0, 900.0, 0.0]) > 0.99, "a low flight sees them");
    assert!(left_of(to_scene(0.0, 0.0, 2_000.0), [0.0, 9_000.0, 0.0]) > 0.99);
    let pose = CameraPose { focus: [0.0, 0.0, 1.5], distance_m: 20.0, yaw_deg: 0.0, pitch_deg: 2.0 };
    let (rig, lens) = (CameraRig { pose, home: pose }, MapLens::default());
    let far = [0.0, 900.0, 1.5];
    let crew = |status| UnitMark { pos: far, status, ..Default::default() };
    let mut scene = MarkerScene::default();
    let px = project(&lens, &rig, far).unwrap();
    scene.units.set(vec![crew(UnitStatus::Available)], 0);
    assert_eq!(pick_marker(&scene, &rig, &lens, px), None, "what is not drawn is not picked");
    scene.units.set(vec![crew(UnitStatus::OnScene)], 0);
    assert_eq!(pick_marker(&scene, &rig, &lens, px), Some(MarkerHit::Unit(0)));
}

#[test]
fn a_ring_is_picked_as_a_whole_and_opens_into_its_marks() {
    let u = |i: u32, k: f64| ((f64::from(i) * k).fract() * 8_000.0 - 4_000.0) as f32;
    let rows: Vec<CaseMark> = (0..20_000)
        .map(|i| CaseMark { pos: [u(i, 0.754_877_666), u(i, 0.569_840_290), 0.0], ..Default::default() })
        .collect();
    let mut scene = MarkerScene::default();
    scene.cases.set(&rows);
    let pose = CameraPose { distance_m: 6_000.0, pitch_deg: 60.0, ..Default::default() };
    let (rig, lens) = (CameraRig { pose, home: pose }, MapLens::default());
    let eye = Eye::new(pose.distance_m, pose.pitch_deg, FOV_DEG);
    crowd::update(&mut scene, &eye, &mut 0);
    let ring = scene.crowds.cases.rings[scene.crowds.cases.rings.len() / 2];
    let px = project(&lens, &rig, ring.place).unwrap();
    let hit = pick_marker(&scene, &rig, &lens, px);
    assert_eq!(hit, Some(MarkerHit::Ring(CrowdLayer::Cases, ring.key)));
    let before = scene.crowds.cases.rings.len();
    scene.crowds.cases.toggle(ring.key);
    assert!(crowd::update(&mut scene, &eye, &mut 0));
    assert_eq!(scene.crowds.cases.rings.len(), before - 1);
    assert_eq!(scene.crowds.cases.loud.len() as u32, ring.total(), "its marks stand in its place");
    let row = scene.crowds.cases.loud.rows()[0] as usize;
    let px = project(&lens, &rig, scene.cases.head(row).unwrap()).unwrap();
    assert!(matches!(pick_marker(&scene, &rig, &lens, px), Some(MarkerHit::Case(_))));
}
