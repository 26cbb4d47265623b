//! Public grounds: schools and care homes, hospitals, the university, parks.

use super::{
    Body, Site,
    builder::{Builder, Rows, Shell, southward},
};
use crate::{
    demo::{
        geom::{self, P},
        plan::Zone,
        streets::Face,
    },
    model::{PlaceKind, RoofShape},
};

impl Builder<'_> {
    /// Rows of classrooms or wards, a sports ground first at schools.
    pub fn school(&mut self, face: &Face, kind: PlaceKind, usage: &'static str) {
        let u = southward(&face.ring);
        if kind == PlaceKind::School {
            self.sports_ground(face, u);
        }
        self.rows(
            face,
            Rows { u, pitch_m: 36.0, first_m: 15.0, inset_m: 10.0 },
            |d| ([d.range(20.0, 33.0), d.range(6.0, 8.0)], 14.0),
            |b, ring, _, _| {
                let storeys = b.dice.int(3, 5) as u32;
                let (roof, rise_m, year) = (RoofShape::Flat, 1.1, 1996);
                b.raise(ring, Shell { usage, storeys, floor_m: 3.8, roof, rise_m, year, basements: 0 });
            },
        );
        let people = if kind == PlaceKind::School {
            600 + self.dice.int(0, 1500) as u32
        } else {
            80 + self.dice.int(0, 220) as u32
        };
        self.out.sites.push(Site { kind, name: self.address.clone(), at: face.centre, people });
    }

    /// The largest running track that fits near the block's middle, if any.
    fn sports_ground(&mut self, face: &Face, u: P) {
        let c = geom::pole(&face.ring);
        for half in [[58.0, 34.0], [46.0, 27.0], [32.0, 19.0]] {
            for shift in
                [[0.0, -28.0], [0.0, 28.0], [-24.0, -20.0], [24.0, -20.0], [0.0, 0.0], [-30.0, 0.0], [30.0, 0.0]]
            {
                let at = geom::shifted(c, u, shift);
                let ring = geom::rect(at, u, half);
                if self.fits(&face.ring, &ring, 9.0) {
                    self.take(at, u, half, 5.0);
                    let oval = (0..28)
                        .map(|i| {
                            let a = std::f64::consts::TAU * f64::from(i) / 28.0;
                            let x = if a.cos() > 0.0 { half[0] - half[1] } else { half[1] - half[0] };
                            geom::shifted(at, u, [x + half[1] * a.cos(), half[1] * a.sin()])
                        })
                        .collect();
                    self.out.greens.push((
                        oval,
                        (format!("{}操场", self.address.0), format!("{} Sports Ground", self.address.1)),
                        "pitch",
                    ));
                    return;
                }
            }
        }
    }

    /// Ward blocks of five to sixteen storeys.
    pub fn hospital(&mut self, face: &Face) {
        let u = southward(&face.ring);
        self.rows(
            face,
            Rows { u, pitch_m: 52.0, first_m: 20.0, inset_m: 11.0 },
            |d| ([d.range(26.0, 40.0), d.range(9.0, 12.0)], 18.0),
            |b, ring, at, half| {
                let storeys = b.dice.int(5, 16) as u32;
                let h = f64::from(storeys) * 3.9;
                let head = geom::rect(at, u, [half[0] * 0.3, half[1] * 0.5]);
                let bodies = vec![Body::flat(ring, h, 1.3, 0.0), Body::flat(head, 4.5, 0.0, h)];
                b.add(bodies, "hospital", storeys, 2003, 1);
            },
        );
        let people = 500 + self.dice.int(0, 1200) as u32;
        self.out.sites.push(Site { kind: PlaceKind::Hospital, name: self.address.clone(), at: face.centre, people });
    }

    /// A court of four wings where there is room and chance wills it, halls and dormitories in rows around it.
    pub fn campus(&mut self, face: &Face) {
        let u = southward(&face.ring);
        let v = geom::perp(u);
        let c = geom::pole(&face.ring);
        if self.dice.chance(0.6) {
            let half = [self.dice.range(32.0, 44.0), self.dice.range(26.0, 36.0)];
            let depth = 8.0;
            let whole = geom::rect(c, u, half);
            if self.fits(&face.ring, &whole, 9.0) {
                self.take(c, u, half, 9.0);
                let storeys = self.dice.int(4, 6) as u32;
                for (shift, h, side) in [
                    ([0.0, half[1] - depth], [half[0], depth], u),
                    ([0.0, depth - half[1]], [half[0], depth], u),
                    ([half[0] - depth, 0.0], [half[1] - 2.0 * depth - 0.6, depth], v),
                    ([depth - half[0], 0.0], [half[1] - 2.0 * depth - 0.6, depth], v),
                ] {
                    let at = geom::shifted(c, u, shift);
                    let (usage, roof, rise_m, year) = ("university", RoofShape::Hipped, 3.6, 1999);
                    let wing = Shell { usage, storeys, floor_m: 4.0, roof, rise_m, year, basements: 0 };
                    self.raise(geom::rect(at, side, h), wing);
                }
            }
        }
        self.rows(
            face,
            Rows { u, pitch_m: 34.0, first_m: 15.0, inset_m: 9.0 },
            |d| ([d.range(22.0, 38.0), d.range(7.0, 8.5)], 15.0),
            |b, ring, _, half| {
                let storeys = b.dice.int(4, 7) as u32;
                let hipped = b.dice.chance(0.4);
                let (roof, rise_m) = if hipped { (RoofShape::Hipped, half[1] * 0.4) } else { (RoofShape::Flat, 1.1) };
                let usage = if b.dice.chance(0.45) { "dormitory" } else { "university" };
                b.raise(ring, Shell { usage, storeys, floor_m: 3.6, roof, rise_m, year: 2002, basements: 0 });
            },
        );
    }

    /// A park: the plan's name where it has one.
    pub fn park(&mut self, face: &Face) {
        let named = face.zone_index.filter(|_| matches!(face.zone, Zone::Park | Zone::LakePark | Zone::BendPark));
        let name = named.map_or_else(
            || self.address.clone(),
            |k| (self.plan.file.zone[k].name.0.clone(), self.plan.file.zone[k].name.1.clone()),
        );
        self.out.greens.push((face.ring.clone(), name, "park"));
    }
}
