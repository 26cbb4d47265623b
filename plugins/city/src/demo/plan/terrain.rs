//! Heights: a plain with hills, beds and banks of the waters, the railway's bank and the trenches under it.

use super::{Plan, Underpass};
use crate::demo::{
    dice::noise,
    geom::{self, P},
};

impl Plan {
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
        z += self.rail_bank_m(p);
        for u in &self.underpasses {
            z -= self.dip(u, p, z);
        }
        z
    }

    /// Height of the railway's bank above the ground it is heaped on, m.
    fn rail_bank_m(&self, p: P) -> f64 {
        let rail = self.rail_d.at(p);
        if rail < 16.0 { 1.6 * (1.0 - geom::smoothstep(5.0, 13.0, rail)) } else { 0.0 }
    }

    /// How far the trench of an underpass cuts the ground, m.
    fn dip(&self, u: &Underpass, p: P, ground: f64) -> f64 {
        let d = geom::sub(p, u.at);
        let (s, c) = (geom::dot(d, u.along).abs(), geom::cross(u.along, d).abs());
        let plan = &self.file.underpass;
        if s > plan.ramp_end_m || c > u.half_width_m + 3.0 {
            return 0.0;
        }
        let sunk = plan.depth_m * (1.0 - geom::smoothstep(plan.flat_half_m, plan.ramp_end_m, s));
        let depth = sunk + self.rail_bank_m(p);
        let wall = 1.0 - geom::smoothstep(u.half_width_m, u.half_width_m + 3.0, c);
        (depth * wall).min(ground + 5.0)
    }
}
