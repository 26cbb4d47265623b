//! What happens in the workload: the camera circles, sensors change, crews drive, water rises and falls.

use std::{f32::consts::TAU, sync::Arc};

use guanlan_city::City;
use guanlan_markers::{
    CaseMark, LevelMark, MarkerScene, QualityMark, SensorMark, UnitMark, pack,
    scene::{Motion, Style},
};
use guanlan_stage::{
    CameraPose, CameraRig,
    bench::{World, water::RasterWater},
};

use crate::args::FrameArgs;

/// A sensor of the workload.
#[derive(Debug)]
pub struct SensorLoad {
    /// East, north, height, m.
    pub place: [f32; 3],
    /// 0 blue, 1 yellow, 2 red.
    pub state: u8,
}

/// A case of the workload.
pub struct CaseLoad {
    /// East, north, height of the ground, m.
    pub place: [f32; 3],
    /// 0 normal to 4 red.
    pub level: u8,
}

/// A crew that drives in a circle of eight points, one each 5 s.
pub struct Patrol {
    /// Where in the circle it begins, 0–8.
    pub phase: f32,
    /// East, north, height, m.
    pub points: [[f32; 3]; 8],
}

impl Patrol {
    /// A record of `patrol.f32`: phase, eight points on the plane, 4 m high.
    pub fn read(record: &[f32]) -> Self {
        Self { phase: record[0], points: std::array::from_fn(|k| [record[1 + 2 * k], record[2 + 2 * k], 4.0]) }
    }
}

/// Everything in the workload.
pub struct Load {
    /// What stands.
    pub city: Arc<City>,
    /// Sensors.
    pub sensors: Vec<SensorLoad>,
    /// Crews.
    pub patrols: Vec<Patrol>,
    /// Cases.
    pub cases: Vec<CaseLoad>,
    /// Cells on a side and bed heights of the water, m.
    pub bed: Option<(u32, Vec<f32>)>,
}

/// Seconds a crew takes from point to point.
const LEG_S: f64 = 5.0;
/// Seconds of a full circle of the camera.
const CIRCLE_S: f64 = 20.0;
/// Height of the water's plane, m.
const WATER_M: f32 = 0.5;

/// Plays the workload.
pub struct Driver {
    load: Load,
    every: usize,
    full: bool,
    states: Vec<u8>,
    second: u64,
    half: Option<u64>,
    turns: Turns,
    begun: bool,
}

impl Driver {
    /// The workload at its beginning.
    pub fn new(load: Load, args: &FrameArgs) -> Self {
        let every = if args.updates == 0 { usize::MAX } else { (load.sensors.len() / args.updates).max(1) };
        Self {
            every,
            full: args.full,
            states: load.sensors.iter().map(|s| s.state).collect(),
            turns: Turns::of(&load.patrols),
            second: 0,
            half: None,
            begun: false,
            load,
        }
    }

    /// Brings a world to second `t`.
    pub fn drive(&mut self, world: &mut World, t: f64) {
        let angle = (t / CIRCLE_S).fract() as f32 * TAU;
        world.resource_mut::<CameraRig>().pose = circling(angle);
        self.water(world, t);
        let mut scene = world.resource_mut::<MarkerScene>();
        let scene = &mut *scene;
        if !self.begun {
            self.begun = true;
            self.begin(scene);
        }
        // The clock of the crews begins late enough for their first leg to have begun before.
        let now_ms = (t * 1000.0) as u32 + 60_000;
        scene.held_ms = Some(now_ms);
        scene.age_now_s = t as u32 + 600;
        while self.second < t as u64 {
            self.second += 1;
            self.change(scene);
        }
        self.patrol(scene, t, now_ms);
    }

    fn begin(&mut self, scene: &mut MarkerScene) {
        if !self.full {
            scene.style = Style { discs_px: Some(6.0), unit_discs_px: Some(8.0), cluster: false, ..Style::default() };
        }
        let marks = self.load.sensors.iter().map(|s| SensorMark {
            pos: s.place,
            level: level(s.state),
            ..SensorMark::default()
        });
        scene.sensors.set(marks.collect::<Vec<_>>());
        if self.full {
            (0..self.load.sensors.len()).for_each(|i| scene.sensors.heard(i, (i % 600) as u32));
        }
        let units = self.load.patrols.iter().map(|p| UnitMark { pos: p.points[0], ..UnitMark::default() });
        scene.units.set(units.collect::<Vec<_>>(), 0);
        const LEVELS: [LevelMark; 5] =
            [LevelMark::Normal, LevelMark::Blue, LevelMark::Yellow, LevelMark::Orange, LevelMark::Red];
        let cases = self.load.cases.iter().enumerate().map(|(i, c)| CaseMark {
            pos: c.place,
            stem_m: 30.0,
            level: LEVELS[usize::from(c.level) % 5],
            elapsed_frac: (i % 100) as f32 / 100.0,
            overdue: i % 17 == 0,
            ..CaseMark::default()
        });
        scene.cases.set(cases.collect::<Vec<_>>());
    }

    /// Every tenth sensor (or as many as were asked for) takes its next state.
    fn change(&mut self, scene: &mut MarkerScene) {
        if self.every == usize::MAX {
            return;
        }
        let first = (self.second as usize) % self.every;
        for i in (first..self.states.len()).step_by(self.every) {
            self.states[i] = (self.states[i] + 1) % 3;
            scene.sensors.set_state(i, pack::sensor(level(self.states[i]), QualityMark::Good, false, false));
            if self.full {
                scene.sensors.heard(i, self.second as u32 + 600);
            }
        }
    }

    /// Crews that come to a point get their next leg; between points the GPU moves them.
    fn patrol(&mut self, scene: &mut MarkerScene, t: f64, now_ms: u32) {
        let patrols = &self.load.patrols;
        self.turns.until(t / LEG_S, |i| {
            let patrol = &patrols[i];
            let along = f64::from(patrol.phase) + t / LEG_S;
            let leg = (along + 1e-9).floor() as i64;
            let point = |k: i64| patrol.points[k.rem_euclid(8) as usize];
            let from_ms = now_ms - ((along - leg as f64).max(0.0) * LEG_S * 1000.0) as u32;
            let to_ms = from_ms + (LEG_S * 1000.0) as u32;
            scene.units.motion.set(i, Motion { from: point(leg), from_ms, to: point(leg + 1), to_ms });
        });
    }

    fn water(&mut self, world: &mut World, t: f64) {
        let Some((side, bed)) = &self.load.bed else { return };
        let half = (2.0 * t) as u64;
        if self.half == Some(half) {
            return;
        }
        self.half = Some(half);
        let level = 3.0 + 2.0 * (TAU * half as f32 / 40.0).sin();
        let byte = |z: &f32| ((level - z).clamp(0.0, 5.0) * 51.0) as u8;
        let bytes = bed.iter().map(byte).collect();
        world.insert_resource(RasterWater { frame: [-5_000.0, -5_000.0, 10_000.0, WATER_M], side: *side, bytes });
    }
}

/// Who comes to a point next: crews in the order in which they do, so that none has to be asked who does not.
struct Turns {
    /// Share of a leg after which a crew comes to its next point, and the crew, soonest first.
    order: Vec<(f64, u32)>,
    /// The next of them, and of which leg of the clock; nothing before everybody has a first leg.
    next: Option<(usize, i64)>,
}

impl Turns {
    fn of(patrols: &[Patrol]) -> Self {
        let share = |p: &Patrol| 1.0 - f64::from(p.phase).rem_euclid(1.0);
        let mut order: Vec<(f64, u32)> = patrols.iter().enumerate().map(|(i, p)| (share(p), i as u32)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { order, next: None }
    }

    /// Calls `turn` with each crew that came to a point since the last call, until the clock shows so many legs.
    fn until(&mut self, legs: f64, mut turn: impl FnMut(usize)) {
        if self.order.is_empty() {
            return;
        }
        let Some((mut at, mut leg)) = self.next else {
            self.order.iter().for_each(|(_, i)| turn(*i as usize));
            let share = legs - legs.floor();
            self.next = Some((self.order.partition_point(|o| o.0 <= share), legs.floor() as i64));
            return;
        };
        loop {
            if at == self.order.len() {
                (at, leg) = (0, leg + 1);
            }
            let (share, i) = self.order[at];
            if leg as f64 + share > legs {
                break;
            }
            turn(i as usize);
            at += 1;
        }
        self.next = Some((at, leg));
    }
}

fn level(state: u8) -> LevelMark {
    match state {
        0 => LevelMark::Blue,
        1 => LevelMark::Yellow,
        _ => LevelMark::Red,
    }
}

/// Eye at (3000 cos a, 3000 sin a, 2000), looking at the origin.
fn circling(angle: f32) -> CameraPose {
    let distance_m = 3_000f32.hypot(2_000.0);
    // The look goes from the eye to the middle; headings turn clockwise from north.
    let yaw_deg = (-angle.cos()).atan2(-angle.sin()).to_degrees().rem_euclid(360.0);
    CameraPose { focus: [0.0; 3], distance_m, yaw_deg, pitch_deg: 2_000f32.atan2(3_000.0).to_degrees() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crews_turn_when_the_race_says_and_only_then() {
        let phases = [0.0, 0.25, 3.9, 7.5, 1.0];
        let patrols: Vec<Patrol> = phases.map(|phase| Patrol { phase, points: [[0.0; 3]; 8] }).into();
        let mut turns = Turns::of(&patrols);
        let leg = |i: usize, legs: f64| (f64::from(phases[i]) + legs + 1e-9).floor() as i64;
        let mut known = [i64::MIN; 5];
        for step in 0..400 {
            let legs = step as f64 * 0.0137;
            let mut turned = Vec::new();
            turns.until(legs, |i| turned.push(i));
            for i in 0..5 {
                assert_eq!(turned.contains(&i), leg(i, legs) != known[i], "crew {i} at {legs}");
                known[i] = leg(i, legs);
            }
        }
    }

    #[test]
    fn the_camera_circles_where_the_race_says() {
        for k in 0..16 {
            let angle = k as f32 / 16.0 * TAU;
            let eye = circling(angle).eye();
            let wanted = [3_000.0 * angle.cos(), 2_000.0, -3_000.0 * angle.sin()];
            for i in 0..3 {
                assert!((eye[i] - wanted[i]).abs() < 1.0, "{eye} instead of {wanted:?}");
            }
        }
    }
}
