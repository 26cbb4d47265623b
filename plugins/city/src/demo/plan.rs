//! The plan drawn out: curves of river, moat, railway and ring, distance fields, zones, terrain rules.

use rayon::prelude::*;

use super::{
    dice::noise,
    geom::{self, P},
    params::PlanFile,
};

/// A scalar on an 8 m raster, read bilinearly.
pub struct Field {
    n: usize,
    v: Vec<f32>,
}

const FIELD_CELL_M: f64 = 8.0;
/// The fields reach this far beyond the city's edge, m.
const MARGIN_M: f64 = 40.0;

impl Field {
    fn new(size_m: f64, f: impl Fn(P) -> f64 + Sync) -> Self {
        let n = ((size_m + 2.0 * MARGIN_M) / FIELD_CELL_M).ceil() as usize + 1;
        let v = (0..n * n)
            .into_par_iter()
            .map(|i| f([(i % n) as f64 * FIELD_CELL_M - MARGIN_M, (i / n) as f64 * FIELD_CELL_M - MARGIN_M]) as f32)
            .collect();
        Self { n, v }
    }
    pub fn at(&self, p: P) -> f64 {
        let m = (self.n - 1) as f64 - 1e-6;
        let (x, y) =
            (((p[0] + MARGIN_M) / FIELD_CELL_M).clamp(0.0, m), ((p[1] + MARGIN_M) / FIELD_CELL_M).clamp(0.0, m));
        let (i, j) = (x as usize, y as usize);
        let (tx, ty) = ((x - i as f64) as f32, (y - j as f64) as f32);
        let g = |i: usize, j: usize| self.v[j * self.n + i];
        f64::from(
            (g(i, j) * (1.0 - tx) + g(i + 1, j) * tx) * (1.0 - ty)
                + (g(i, j + 1) * (1.0 - tx) + g(i + 1, j + 1) * tx) * ty,
        )
    }
}

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

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    Hills,
    LakePark,
    BendPark,
    Park,
    OldTown,
    Cbd,
    Civic,
    Campus,
    Industrial,
    Village,
    Villa,
    Tower,
    Mixed,
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
    pub fn new(file: PlanFile, seed: u64) -> Self {
        let size = file.city.size_m;
        let river = geom::spline(&file.river.line, 40.0, false);
        let total: f64 = river.windows(2).map(|w| geom::dist(w[0], w[1])).sum();
        let mid = total * file.island.at_share + 400.0;
        let mut run = 0.0;
        let mut river_half = Vec::with_capacity(river.len());
        let mut stations = Vec::with_capacity(river.len());
        for i in 0..river.len() {
            if i > 0 {
                run += geom::dist(river[i - 1], river[i]);
            }
            let swell =
                1.0 - geom::smoothstep(file.island.length_m * 0.35, file.island.length_m * 0.95, (run - mid).abs());
            let breath = 6.0 * (run / 310.0).sin();
            river_half.push(file.river.half_width_m + breath + 34.0 * swell);
            stations.push(run);
        }
        // An island like a drop: blunt upstream, long tail.
        let mut island = Vec::new();
        for k in 0..48 {
            let a = std::f64::consts::TAU * f64::from(k) / 48.0;
            let (s, c) = (mid + a.cos() * file.island.length_m / 2.0, a.sin());
            let (p, d) = geom::along(&river, s);
            let w = file.island.half_width_m * c * (1.0 - 0.35 * a.cos());
            island.push(geom::add(p, geom::mul(geom::perp(d), w)));
        }
        if geom::area(&island) < 0.0 {
            island.reverse();
        }
        let moat = geom::spline(&file.moat.line, 40.0, false);
        let rail = geom::spline(&file.railway.line, 40.0, false);
        let ring = geom::spline(&file.ring.line, 40.0, true);
        let arterials: Vec<Vec<P>> = file.arterial.iter().map(|a| geom::spline(&a.line, 40.0, false)).collect();
        let lake = (0..72)
            .map(|k| {
                let a = std::f64::consts::TAU * f64::from(k) / 72.0;
                let r = 1.0 + 0.13 * (2.0 * a + 0.6).sin() + 0.07 * (3.0 * a + 1.0).cos() + 0.04 * (5.0 * a).sin();
                [
                    file.lake.centre[0] + file.lake.radius_m[0] * r * a.cos(),
                    file.lake.centre[1] + file.lake.radius_m[1] * r * a.sin(),
                ]
            })
            .collect();
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

    /// Which zone a place is in.
    pub fn zone(&self, p: P) -> (Zone, Option<usize>) {
        for (i, z) in self.file.zone.iter().enumerate() {
            let [x, y, a, b] = z.ellipse;
            if ((p[0] - x) / a).powi(2) + ((p[1] - y) / b).powi(2) <= 1.0 {
                let kind = match z.kind.as_str() {
                    "hills" => Zone::Hills,
                    "lake_park" => Zone::LakePark,
                    "bend_park" => Zone::BendPark,
                    "park" => Zone::Park,
                    "old_town" if self.in_old_town(p) => Zone::OldTown,
                    "cbd" if p[0] > 3950.0 => Zone::Cbd,
                    "civic" => Zone::Civic,
                    "campus" => Zone::Campus,
                    "industrial" => Zone::Industrial,
                    "village" => Zone::Village,
                    "villa" => Zone::Villa,
                    "tower" => Zone::Tower,
                    _ => continue,
                };
                return (kind, Some(i));
            }
        }
        (Zone::Mixed, None)
    }

    /// Inside the river's bend and south of the moat.
    pub fn in_old_town(&self, p: P) -> bool {
        if !(1300.0..4000.0).contains(&p[0]) || self.river_d.at(p) < 0.0 {
            return false;
        }
        let below_moat = self.moat.windows(2).any(|w| {
            (w[0][0]..w[1][0]).contains(&p[0]) && {
                let t = (p[0] - w[0][0]) / (w[1][0] - w[0][0]);
                p[1] < w[0][1] + (w[1][1] - w[0][1]) * t
            }
        });
        let above_river = self.river.windows(2).all(|w| {
            !(w[0][0]..w[1][0]).contains(&p[0]) || {
                let t = (p[0] - w[0][0]) / (w[1][0] - w[0][0]);
                p[1] > w[0][1] + (w[1][1] - w[0][1]) * t
            }
        });
        below_moat && above_river
    }

    /// Nothing of the lake is further from its centre, m.
    fn lake_reach(&self) -> f64 {
        1.3 * self.file.lake.radius_m[0].max(self.file.lake.radius_m[1])
    }

    pub fn in_lake(&self, p: P) -> bool {
        geom::dist(p, self.file.lake.centre) < self.lake_reach() && geom::inside(p, &self.lake)
    }

    /// River (without the island), moat or lake.
    pub fn on_water(&self, p: P) -> bool {
        let river = self.river_d.at(p) < 0.0 && !geom::inside(p, &self.island);
        river || self.moat_d.at(p) < 0.0 || self.in_lake(p)
    }

    /// Ground height, m above datum.
    pub fn ground(&self, p: P) -> f64 {
        let s = self.seed;
        let (rd, md) = (self.river_d.at(p), self.moat_d.at(p));
        // Land: a plain that rises gently from the river, with hills at two corners.
        let far = rd.max(0.0);
        let mut z = 6.4
            + 3.4 * (1.0 - (-far / 1300.0).exp())
            + 0.35 * noise(s ^ 1, p[0], p[1], 620.0)
            + 0.12 * noise(s ^ 2, p[0], p[1], 170.0);
        let hill = |cx: f64, cy: f64, rx: f64, ry: f64| {
            let q = ((p[0] - cx) / rx).powi(2) + ((p[1] - cy) / ry).powi(2);
            (1.0 - q).max(0.0).powi(2)
        };
        let rough = 1.0
            + 0.30 * noise(s ^ 3, p[0], p[1], 330.0)
            + 0.13 * noise(s ^ 4, p[0], p[1], 120.0)
            + 0.05 * noise(s ^ 5, p[0], p[1], 45.0);
        z += (135.0 * hill(0.0, 5900.0, 1400.0, 1250.0)
            + 60.0 * hill(850.0, 5650.0, 620.0, 520.0)
            + 38.0 * hill(180.0, 4950.0, 420.0, 400.0))
            * rough;
        z += 9.0 * hill(6000.0, 6000.0, 1500.0, 1300.0) + 7.0 * hill(0.0, 0.0, 1700.0, 1500.0);
        // The old town lies low, lowest about its middle.
        let old = geom::smoothstep(0.0, 130.0, rd - 30.0) * geom::smoothstep(0.0, 60.0, md - 8.0);
        if old > 0.0 && self.in_old_town(p) {
            let bowl = 1.0 - (((p[0] - 2620.0) / 900.0).powi(2) + ((p[1] - 2700.0) / 620.0).powi(2)).min(1.0);
            z -= old * (0.7 + 1.3 * bowl);
        }
        // Lake and moat.
        if geom::dist(p, self.file.lake.centre) < self.lake_reach() + 50.0 {
            let d = geom::to_ring(p, &self.lake);
            if geom::inside(p, &self.lake) {
                z = self.file.lake.level_m - 0.2 - 2.2 * geom::smoothstep(0.0, 40.0, d);
            } else {
                let l = self.file.lake.level_m + 0.5;
                z = l + (z - l) * geom::smoothstep(0.0, 45.0, d);
            }
        }
        if md < 9.0 {
            let bed = self.file.moat.level_m - 0.3 - 1.4 * geom::smoothstep(0.0, 8.0, -md);
            z = if md < 0.0 { bed } else { bed + (z - bed) * geom::smoothstep(0.0, 7.0, md) };
        }
        // River: bed, bank, foreshore, embankment with a walk on its crest.
        if rd < 46.0 {
            let level = self.file.river.level_m;
            let bed = level - 0.4 - 4.2 * geom::smoothstep(0.0, 55.0, -rd);
            let fore = level + 0.9;
            z = if rd < 0.0 {
                bed
            } else if rd < 12.0 {
                level - 0.4 + (fore - level + 0.4) * geom::smoothstep(0.0, 9.0, rd)
            } else {
                let crest = (z + 0.9).max(7.6).min(9.2);
                let up = fore + (crest - fore) * geom::smoothstep(12.0, 24.0, rd);
                let gap = geom::smoothstep(2.0, 26.0, md);
                let dyke = up + (z - up) * geom::smoothstep(32.0, 44.0, rd);
                if md < 26.0 { z.min(dyke) + (dyke - z.min(dyke)) * gap } else { dyke }
            };
            if rd < 0.0 && geom::inside(p, &self.island) {
                let d = geom::to_ring(p, &self.island);
                z = level - 0.3 + 3.2 * geom::smoothstep(0.0, 26.0, d);
            }
        }
        // The railway runs on a low bank.
        let rail = self.rail_d.at(p);
        if rail < 16.0 {
            z += 1.6 * (1.0 - geom::smoothstep(5.0, 13.0, rail));
        }
        for u in &self.underpasses {
            z -= self.dip(u, p, z);
        }
        z
    }

    /// How far the trench of an underpass cuts the ground, m.
    fn dip(&self, u: &Underpass, p: P, ground: f64) -> f64 {
        let d = geom::sub(p, u.at);
        let (s, c) = (geom::dot(d, u.along).abs(), geom::cross(u.along, d).abs());
        let plan = &self.file.underpass;
        if s > plan.ramp_end_m || c > u.half_width_m + 3.0 {
            return 0.0;
        }
        let rail = self.rail_d.at(p);
        let bank = if rail < 16.0 { 1.6 * (1.0 - geom::smoothstep(5.0, 13.0, rail)) } else { 0.0 };
        let depth = plan.depth_m * (1.0 - geom::smoothstep(plan.flat_half_m, plan.ramp_end_m, s)) + bank;
        let wall = 1.0 - geom::smoothstep(u.half_width_m, u.half_width_m + 3.0, c);
        (depth * wall).min(ground + 5.0)
    }
}
