//! Which marker is under the pointer: only rows near the ray are projected.

use bevy::math::{Mat4, Vec2, Vec3};
use guanlan_stage::camera::rig::FOV_DEG;
use guanlan_stage::frame::{to_city, to_scene};
use guanlan_stage::{CameraRig, MapLens};

use crate::crowd::{CellKey, Crowd, CrowdLayer, Ring};
use crate::grid::Grid;
use crate::pack;
use crate::scene::MarkerScene;

/// A marker under the pointer: the row of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerHit {
    /// Row of `MarkerScene::cases`.
    Case(usize),
    /// Row of `MarkerScene::units`.
    Unit(usize),
    /// Row of `MarkerScene::sensors`.
    Sensor(usize),
    /// A share ring: open it with [`Crowd::toggle`].
    Ring(CrowdLayer, CellKey),
}

/// Farthest from the pointer that still counts, px at 1080 lines.
pub const REACH_PX: f32 = 14.0;

/// Radius of a share ring on the screen, px at 1080 lines, when its cell is this many px wide. As in the shader.
#[must_use]
pub fn ring_radius_px(total: u32, cell_px: f32) -> f32 {
    (13.0 + 3.6 * (total.max(1) as f32).log10()).min(cell_px * 0.46)
}

/// How much of a calm mark is left at a place `[east, north, height]` m: from the street far ones would stand in a row on
/// the horizon. As in the shader.
#[must_use]
pub fn left_of(eye: Vec3, place: [f32; 3]) -> f32 {
    let away = eye - to_scene(place[0], place[1], place[2]);
    let far = away.length();
    let steep = away.y.abs() / far.max(1.0);
    let smooth = |low: f32, high: f32, x: f32| {
        let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    };
    1.0 + (smooth(0.006, 0.03, steep) - 1.0) * smooth(150.0, 400.0, far)
}

/// Less than this left is not drawn.
const LEFT: f32 = 0.25;

/// World to screen, made once for many places.
struct Projector {
    clip_from_world: Mat4,
    size_px: Vec2,
}

impl Projector {
    fn new(rig: &CameraRig, lens: &MapLens) -> Self {
        let view = rig.pose.transform().to_matrix().inverse();
        Self { clip_from_world: lens.lens.clip_from_view() * view, size_px: lens.lens.size_px }
    }

    /// Pixel and depth of a city place; `None` behind the eye.
    fn see(&self, place: [f32; 3]) -> Option<(Vec2, f32)> {
        let clip = self.clip_from_world * to_scene(place[0], place[1], place[2]).extend(1.0);
        (clip.w > guanlan_stage::camera::rig::NEAR_M).then(|| {
            let ndc = clip.truncate().truncate() / clip.w;
            (Vec2::new((ndc.x * 0.5 + 0.5) * self.size_px.x, (0.5 - ndc.y * 0.5) * self.size_px.y), clip.w)
        })
    }
}

/// The marker nearest to a pixel (physical) within reach. Cases win over crews, crews over sensors, warning
/// sensors over quiet ones, when they are equally near; a ring wins where no mark is.
#[must_use]
pub fn pick_marker(scene: &MarkerScene, rig: &CameraRig, lens: &MapLens, cursor_px: Vec2) -> Option<MarkerHit> {
    let unit_px = (lens.lens.size_px.y / 1080.0).max(0.75);
    let reach = REACH_PX * unit_px;
    let projector = Projector::new(rig, lens);
    let mut best: Option<(f32, MarkerHit)> = None;
    let mut offer = |pos: [f32; 3], bonus: f32, hit: MarkerHit| {
        if let Some((px, _)) = projector.see(pos) {
            let distance = px.distance(cursor_px);
            let score = distance - bonus * reach;
            if distance <= reach * (1.0 + 0.3 * bonus) && best.is_none_or(|(b, _)| score < b) {
                best = Some((score, hit));
            }
        }
    };
    let ray = Ray::new(rig, lens, cursor_px, reach * 1.3);
    if scene.show.cases > 0.0 {
        let cases = &scene.cases;
        let rows = cases.place.rows();
        let heads = rows.iter().map(|p| [p[0], p[1], p[2] + p[3]]);
        let grid = cases.grid.get(cases.place.generation(), || Grid::new(cases.place.generation(), heads));
        let crowd = &scene.crowds.cases;
        ray.near(&grid, |i| {
            let p = rows[i];
            if crowd.shows([p[0], p[1]]) || pack::case_selected(cases.state.rows()[i]) {
                offer([p[0], p[1], p[2] + p[3]], 0.9, MarkerHit::Case(i));
            }
        });
    }
    if scene.show.units > 0.0 {
        let motion = &scene.units.motion;
        let generation = motion.generation();
        let grid = scene.units.grid.get(generation, || Grid::gliding(generation, motion.rows(), scene.now_ms));
        ray.near(&grid, |i| {
            let p = motion.rows()[i].at(scene.now_ms);
            let state = scene.units.state.rows().get(i).copied().unwrap_or_default();
            let there = !pack::unit_calm(state) || left_of(ray.origin, p) >= LEFT;
            if there && scene.crowds.units.shows([p[0], p[1]]) {
                offer(p, 0.5, MarkerHit::Unit(i));
            }
        });
    }
    if scene.show.sensors > 0.0 {
        let sensors = &scene.sensors;
        let rows = sensors.place.rows();
        let generation = sensors.place.generation();
        let grid = sensors.grid.get(generation, || Grid::new(generation, rows.iter().copied()));
        let crowd = &scene.crowds.sensors;
        ray.near(&grid, |i| {
            let state = sensors.state.rows().get(i).copied().unwrap_or_default();
            let selected = pack::sensor_selected(state);
            let calm = !selected && pack::sensor_level(state) == 0;
            let there = !calm || left_of(ray.origin, rows[i]) >= LEFT;
            let shown = there && (crowd.shows([rows[i][0], rows[i][1]]) || selected);
            if shown && state & pack::HIDDEN == 0 {
                offer(rows[i], if pack::sensor_level(state) == 0 { 0.0 } else { 0.3 }, MarkerHit::Sensor(i));
            }
        });
    }
    best.map(|(_, hit)| hit).or_else(|| ring(scene, &projector, cursor_px, unit_px))
}

/// The ring under a pixel: cases over crews over sensors, as they are drawn.
fn ring(scene: &MarkerScene, projector: &Projector, cursor_px: Vec2, unit_px: f32) -> Option<MarkerHit> {
    let layers: [(CrowdLayer, &Crowd, f32); 3] = [
        (CrowdLayer::Cases, &scene.crowds.cases, scene.show.cases),
        (CrowdLayer::Units, &scene.crowds.units, scene.show.units),
        (CrowdLayer::Sensors, &scene.crowds.sensors, scene.show.sensors),
    ];
    let focal_px = projector.size_px.y * 0.5 / (FOV_DEG.to_radians() * 0.5).tan();
    let under = |r: &Ring, aside: [f32; 2]| {
        projector.see(r.place).is_some_and(|(px, depth)| {
            let cell_px = r.cell_m * focal_px / depth / unit_px;
            let radius = ring_radius_px(r.total(), cell_px) * unit_px;
            (px + Vec2::new(aside[0], -aside[1]) * radius).distance(cursor_px) <= radius
        })
    };
    layers.iter().filter(|(_, _, strength)| *strength > 0.0).find_map(|(layer, crowd, _)| {
        let aside = scene.crowds.aside(*layer);
        crowd.rings.iter().find(|r| under(r, aside)).map(|r| MarkerHit::Ring(*layer, r.key))
    })
}

/// The pointer's ray with the reach around it.
struct Ray {
    origin: Vec3,
    direction: Vec3,
    /// Reach at one metre from the eye, m.
    spread: f32,
}

impl Ray {
    fn new(rig: &CameraRig, lens: &MapLens, cursor_px: Vec2, reach_px: f32) -> Self {
        let (origin, direction) = lens.lens.ray(&rig.pose, cursor_px);
        let spread = reach_px * 2.0 * (FOV_DEG.to_radians() * 0.5).tan() / lens.lens.size_px.y.max(1.0);
        Self { origin, direction, spread }
    }

    /// Rows whose marks may lie within reach of the ray: those in the box between the points where it passes
    /// the highest and the lowest mark.
    fn near(&self, grid: &Grid, mut offer: impl FnMut(usize)) {
        const FARTHEST_M: f32 = 60_000.0;
        // The rims of the reach sink faster and more slowly than its middle; what hardly sinks meets the lowest mark far away.
        let (sink, rim) = (-self.direction.y, self.spread * 1.5);
        let at = |height: f32, sink: f32| ((self.origin.y - height) / sink.max(1e-5)).clamp(0.0, FARTHEST_M);
        let [lowest, highest] = grid.range_m;
        let first = at(highest, sink + rim);
        let last = if self.origin.y > lowest { at(lowest, sink - rim) } else { FARTHEST_M };
        let place = |t: f32| to_city(self.origin + self.direction * t);
        let (a, b) = (place(first), place(last));
        let margin = last * self.spread * 1.5 + 1.0 + grid.slack_m;
        grid.near([a[0], a[1]], [b[0], b[1]], margin, |i| offer(i as usize));
    }
}

#[cfg(test)]
mod tests {
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
}
