//! The centre: office towers on podiums, malls, office blocks.

use super::{
    Body,
    builder::{Builder, Rows, Shell},
};
use crate::{
    demo::{geom, streets::Face},
    model::RoofShape,
};

impl Builder<'_> {
    /// One or two stepped towers on a podium, the taller the nearer to the middle of the centre.
    pub fn centre(&mut self, face: &Face) {
        let (u, half, _) = geom::oriented_box(&face.ring);
        let core = geom::dist(face.centre, [4500.0, 2640.0]);
        let tall = (1.0 - core / 900.0).clamp(0.0, 1.0);
        let Some((at, h)) = self.biggest(&face.ring, u, [(half[0] - 12.0).min(62.0), (half[1] - 12.0).min(46.0)], 13.0)
        else {
            return;
        };
        let podium = self.dice.int(3, 5);
        let ph = podium as f64 * 4.8;
        self.take(at, u, h, 4.0);
        let mut bodies = vec![Body::flat(geom::rect(at, u, h), ph, 1.1, 0.0)];
        let count = if h[0] > 44.0 { 2 } else { 1 };
        let mut top = 0.0f64;
        for k in 0..count {
            let side = self.dice.range(15.0, 20.0).min(h[1] - 3.0).min(h[0] / f64::from(count) - 4.0);
            if side < 7.0 {
                continue;
            }
            let along = if count == 2 {
                (f64::from(k) - 0.5) * h[0] * self.dice.range(0.92, 1.04)
            } else {
                self.dice.range(-0.3, 0.3) * (h[0] - side)
            };
            let foot = geom::shifted(at, u, [along, self.dice.range(-0.4, 0.4) * (h[1] - side)]);
            let height = (self.dice.range(48.0, 88.0) + 128.0 * tall * self.dice.range(0.35, 1.0)).min(218.0);
            // Tall towers step back twice.
            let steps: &[(f64, f64)] = if height > 140.0 {
                &[(0.62, 1.0), (0.28, 0.82), (0.10, 0.6)]
            } else if height > 95.0 {
                &[(0.8, 1.0), (0.2, 0.8)]
            } else {
                &[(1.0, 1.0)]
            };
            let mut lift = ph;
            for &(share, width) in steps {
                let part = (height - ph) * share;
                bodies.push(Body::flat(geom::rect(foot, u, [side * width, side * width * 0.92]), part, 1.4, lift));
                lift += part;
            }
            top = top.max(lift);
        }
        let storeys = (top / 4.1) as u32;
        let year = 2012 + self.dice.int(0, 12) as u32;
        self.add(bodies, "office", storeys.max(podium as u32), year, 3);
        // Lower neighbours in the corners that are left.
        self.rows(
            face,
            Rows { u, pitch_m: 40.0, first_m: 20.0, inset_m: 12.0 },
            |d| ([d.range(10.0, 18.0), d.range(9.0, 13.0)], 14.0),
            |b, ring, _, _| {
                let storeys = b.dice.int(6, 16) as u32;
                let usage = if b.dice.chance(0.4) { "hotel" } else { "office" };
                let (roof, rise_m, year) = (RoofShape::Flat, 1.3, 2014);
                b.raise(ring, Shell { usage, storeys, floor_m: 3.7, roof, rise_m, year, basements: 2 });
            },
        );
    }

    /// Offices in rows; without `office` a shopping mall in the middle first.
    pub fn mall(&mut self, face: &Face, office: bool) {
        let (u, half, _) = geom::oriented_box(&face.ring);
        if !office {
            if let Some((at, h)) =
                self.biggest(&face.ring, u, [(half[0] - 14.0).min(75.0), (half[1] - 14.0).min(52.0)], 12.0)
            {
                self.take(at, u, h, 4.0);
                let storeys = self.dice.int(4, 6) as u32;
                let ph = f64::from(storeys) * 5.2;
                let attic = geom::rect(at, u, [h[0] * 0.5, h[1] * 0.55]);
                let bodies = vec![Body::flat(geom::rect(at, u, h), ph, 1.4, 0.0), Body::flat(attic, 6.0, 0.8, ph)];
                self.add(bodies, "retail", storeys, 2011, 2);
            }
        }
        self.rows(
            face,
            Rows { u, pitch_m: 46.0, first_m: 20.0, inset_m: 11.0 },
            |d| ([d.range(18.0, 30.0), d.range(8.5, 11.0)], 18.0),
            |b, ring, _, _| {
                let storeys = b.dice.int(6, 20) as u32;
                let (usage, roof, rise_m, year) = ("office", RoofShape::Flat, 1.3, 2006);
                b.raise(ring, Shell { usage, storeys, floor_m: 3.6, roof, rise_m, year, basements: 1 });
            },
        );
    }
}
