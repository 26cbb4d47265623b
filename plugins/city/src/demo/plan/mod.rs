//! The plan drawn out: curves of river, moat, railway and ring, and distance fields. Nothing here is left to chance
//! but the roughness of the ground, which follows from the seed.

mod field;
mod terrain;
mod zones;

pub use zones::Zone;

use super::{
    geom::{self, P},
    params::PlanFile,
};
use field::Field;

/// Where the railway crosses a road that dips under it.
pub struct Underpass {
    /// Index in the plan's list.
    pub index: usize,
    /// Arterial it is on.
    pub road: usize,
    /// Middle, local m.
    pub at: P,
    /// Direction of the road there.
    pub along: P,
    /// Half width of the trench, m.
    pub half_width_m: f64,
}

/// The plan with everything derived from it that needs no chance.
pub struct Plan {
    pub file: PlanFile,
    pub seed: u64,
    pub size: f64,
    pub river: Vec<P>,
    /// Half width of the river's water at each point of `river`, m.
    pub river_half: Vec<f64>,
    pub moat: Vec<P>,
    pub rail: Vec<P>,
    pub ring: Vec<P>,
    pub arterials: Vec<Vec<P>>,
    pub island: Vec<P>,
    pub lake: Vec<P>,
    pub underpasses: Vec<Underpass>,
    /// Distance from the river's edge, m; negative on the water.
    pub river_d: Field,
    /// Distance from the moat's edge, m; negative on the water.
    pub moat_d: Field,
    pub rail_d: Field,
}

/// Distance between a bank and the middle of the road along it, m.
pub const BANK_ROAD_M: f64 = 52.0;
/// Distance between the moat and the lane along it, m.
pub const MOAT_ROAD_M: f64 = 22.0;
/// Distance between the railway and the roads beside it, m.
pub const RAIL_ROAD_M: f64 = 118.0;

impl Plan {
    /// Draws out the plan file.
    pub fn new(file: PlanFile, seed: u64) -> Self {
        let size = file.city.size_m;
        let river = geom::spline(&file.river.line, 40.0, false);
        // The river widens around its island.
        let mid = geom::length(&river) * file.island.at_share + 400.0;
        let river_half = river_half(&file, &river, mid);
        let island = island(&file, &river, mid);
        let moat = geom::spline(&file.moat.line, 40.0, false);
        let rail = geom::spline(&file.railway.line, 40.0, false);
        let ring = geom::spline(&file.ring.line, 40.0, true);
        let arterials: Vec<Vec<P>> = file.arterial.iter().map(|a| geom::spline(&a.line, 40.0, false)).collect();
        let lake = lake(&file);
        let underpasses = underpasses(&file, &arterials, &rail);
        let river_d = Field::new(size, |p| {
            let (mut best, mut half) = (f64::MAX, 0.0);
            for (i, w) in river.windows(2).enumerate() {
                let (d, t) = geom::to_segment(p, w[0], w[1]);
                if d < best {
                    best = d;
                    half = river_half[i] * (1.0 - t) + river_half[i + 1] * t;
                }
            }
            best - half
        });
        let moat_half = file.moat.half_width_m;
        let moat_d = Field::new(size, |p| geom::to_line(p, &moat).0 - moat_half);
        let rail_d = Field::new(size, |p| geom::to_line(p, &rail).0);
        Self {
            file,
            seed,
            size,
            river,
            river_half,
            moat,
            rail,
            ring,
            arterials,
            island,
            lake,
            underpasses,
            river_d,
            moat_d,
            rail_d,
        }
    }
}

/// Half width of the water at each point of the river, m; `mid` is how far along it the island's middle lies.
fn river_half(file: &PlanFile, river: &[P], mid: f64) -> Vec<f64> {
    let mut run = 0.0;
    let mut half = Vec::with_capacity(river.len());
    for i in 0..river.len() {
        if i > 0 {
            run += geom::dist(river[i - 1], river[i]);
        }
        let swell = 1.0 - geom::smoothstep(file.island.length_m * 0.35, file.island.length_m * 0.95, (run - mid).abs());
        let breath = 6.0 * (run / 310.0).sin();
        half.push(file.river.half_width_m + breath + 34.0 * swell);
    }
    half
}

/// An island like a drop: blunt upstream, long tail.
fn island(file: &PlanFile, river: &[P], mid: f64) -> Vec<P> {
    let mut island = Vec::new();
    for k in 0..48 {
        let a = std::f64::consts::TAU * f64::from(k) / 48.0;
        let (s, c) = (mid + a.cos() * file.island.length_m / 2.0, a.sin());
        let (p, d) = geom::along(river, s);
        let w = file.island.half_width_m * c * (1.0 - 0.35 * a.cos());
        island.push(geom::add(p, geom::mul(geom::perp(d), w)));
    }
    if geom::area(&island) < 0.0 {
        island.reverse();
    }
    island
}

fn lake(file: &PlanFile) -> Vec<P> {
    (0..72)
        .map(|k| {
            let a = std::f64::consts::TAU * f64::from(k) / 72.0;
            let r = 1.0 + 0.13 * (2.0 * a + 0.6).sin() + 0.07 * (3.0 * a + 1.0).cos() + 0.04 * (5.0 * a).sin();
            [
                file.lake.centre[0] + file.lake.radius_m[0] * r * a.cos(),
                file.lake.centre[1] + file.lake.radius_m[1] * r * a.sin(),
            ]
        })
        .collect()
}

/// Where the railway crosses the roads that the plan says dip under it.
fn underpasses(file: &PlanFile, arterials: &[Vec<P>], rail: &[P]) -> Vec<Underpass> {
    let mut underpasses = Vec::new();
    for (index, road) in file.underpass.roads.iter().enumerate() {
        let Some(r) = file.arterial.iter().position(|a| a.name.0 == *road) else { continue };
        let line = &arterials[r];
        'found: for w in line.windows(2) {
            for v in rail.windows(2) {
                if let Some((t, _)) = geom::crossing(w[0], w[1], v[0], v[1]) {
                    let at = geom::lerp(w[0], w[1], t);
                    let half = if file.arterial[r].class == "primary" { 14.0 } else { 11.0 };
                    let along = geom::unit(geom::sub(w[1], w[0]));
                    underpasses.push(Underpass { index, road: r, at, along, half_width_m: half });
                    break 'found;
                }
            }
        }
    }
    underpasses
}
