//! A made-up workload of any size over hills, and what is added to the race files.

use std::sync::Arc;

use guanlan_city::{
    City,
    model::{Building, BuildingPart, Terrain},
};

use guanlan_core::Lang;

use super::drive::{CaseLoad, Load, Patrol, SensorLoad};
use crate::{
    args::FrameArgs,
    exit::Failure,
    scene::{self, SceneRequest},
};

/// Half the side of the city, m.
const HALF_M: f32 = 5_000.0;
/// Cells of the terrain on a side.
const TERRAIN: usize = 256;

/// Numbers spread over 0..1 without a pattern (Weyl sequences), the same in every run.
fn spread(i: usize, k: u32) -> f32 {
    const STEPS: [f64; 4] = [0.754_877_666_246_69, 0.569_840_290_998_05, 0.618_033_988_749_89, 0.819_172_513_396_16];
    ((i as f64 + 0.5) * STEPS[k as usize % 4] + f64::from(k) * 0.37).fract() as f32
}

fn place(i: usize, k: u32) -> [f32; 2] {
    [(spread(i, k) * 2.0 - 1.0) * HALF_M, (spread(i, k + 1) * 2.0 - 1.0) * HALF_M]
}

/// Height of the made-up hills, m.
fn hill(east: f32, north: f32) -> f32 {
    40.0 + 25.0 * (east * 0.0011).sin() * (north * 0.0013).cos() + 8.0 * (east * 0.0041 + north * 0.0033).sin()
}

/// A city of boxes over hills.
pub fn make(args: &FrameArgs) -> Load {
    let cell_m = f64::from(2.0 * HALF_M) / TERRAIN as f64;
    let z_m = (0..TERRAIN * TERRAIN)
        .map(|k| {
            let at = |k: usize| (f64::from(-HALF_M) + (k as f64 + 0.5) * cell_m) as f32;
            hill(at(k % TERRAIN), at(k / TERRAIN))
        })
        .collect();
    let half = f64::from(HALF_M);
    let terrain = Terrain { west_m: -half, south_m: -half, cell_m, cols: TERRAIN, rows: TERRAIN, z_m };
    let mut city = City { extent: [-HALF_M, -HALF_M, HALF_M, HALF_M], terrain: Some(terrain), ..City::default() };
    let columns = (args.buildings as f32).sqrt().ceil().max(1.0);
    let step = 2.0 * HALF_M / columns;
    city.buildings = (0..args.buildings)
        .map(|i| {
            let (e, n) = ((i as f32 % columns).floor() * step - HALF_M, (i as f32 / columns).floor() * step - HALF_M);
            let (w, d) = (step * (0.35 + 0.35 * spread(i, 0)), step * (0.35 + 0.35 * spread(i, 1)));
            let base_m = hill(e, n);
            let top_m = base_m + 6.0 + 60.0 * spread(i, 2) * spread(i, 3);
            let footprint = vec![[e, n], [e + w, n], [e + w, n + d], [e, n + d]];
            let part = BuildingPart { footprint, base_m, eaves_m: top_m, top_m, ..BuildingPart::default() };
            Building { parts: vec![part], ..Building::default() }
        })
        .collect();
    let sensors = (0..args.sensors)
        .map(|i| {
            let p = place(i, 0);
            SensorLoad { place: [p[0], p[1], hill(p[0], p[1]) + 2.0], state: (i % 3) as u8 }
        })
        .collect();
    let mut load = Load { city: Arc::new(city), sensors, patrols: Vec::new(), cases: Vec::new(), bed: None };
    add(&mut load, args, hill);
    load
}

/// The demo city with sensors, crews and cases spread over it.
pub fn demo(args: &FrameArgs) -> Result<Load, Failure> {
    let request = SceneRequest { files: &[], crs: None, seed: 1, sensors: 2_000, lang: Lang::En };
    let city = scene::load(&request)?.city;
    let ground =
        |e: f32, n: f32| city.terrain.as_ref().and_then(|t| t.height_m(f64::from(e), f64::from(n))).unwrap_or_default();
    let sensors = (0..args.sensors)
        .map(|i| {
            let p = place(i, 0).map(|v| v * 0.55);
            SensorLoad { place: [p[0], p[1], ground(p[0], p[1]) + 2.0], state: (i % 3) as u8 }
        })
        .collect();
    let mut load = Load { city: Arc::clone(&city), sensors, patrols: Vec::new(), cases: Vec::new(), bed: None };
    add(&mut load, args, ground);
    Ok(load)
}

/// Adds the crews and cases that were asked for, on ground of this height.
pub fn add(load: &mut Load, args: &FrameArgs, ground: impl Fn(f32, f32) -> f32) {
    for i in 0..args.units {
        let home = place(i, 2);
        let points = std::array::from_fn(|k| {
            let p = [home[0] + 600.0 * (spread(i * 8 + k, 1) - 0.5), home[1] + 600.0 * (spread(i * 8 + k, 3) - 0.5)];
            [p[0], p[1], ground(p[0], p[1]) + 4.0]
        });
        load.patrols.push(Patrol { phase: spread(i, 3) * 8.0, points });
    }
    for i in 0..args.cases {
        let p = place(i, 1);
        load.cases.push(CaseLoad { place: [p[0], p[1], ground(p[0], p[1])], level: (i % 5) as u8 });
    }
}
