//! Housing estates: villas, walk-up and lift-served slabs, towers; sheds between them and shops at the street.

use super::{
    Body,
    builder::{Builder, Rows, Shell, southward},
};
use crate::{
    demo::{
        geom::{self, P},
        streets::{Face, Kind, Town},
    },
    model::RoofShape,
};

impl Builder<'_> {
    /// Detached houses in gardens.
    pub fn villas(&mut self, face: &Face) {
        self.rows(
            face,
            Rows { u: southward(&face.ring), pitch_m: 27.0, first_m: 14.0, inset_m: 7.0 },
            |d| ([d.range(6.5, 8.5), d.range(5.2, 6.6)], d.range(8.0, 13.0)),
            |b, ring, _, half| {
                let (storeys, rise_m) = (b.dice.int(2, 3) as u32, half[1] * 0.55);
                let roof = RoofShape::Hipped;
                let (usage, year) = ("residential", 2008);
                b.raise(ring, Shell { usage, storeys, floor_m: 3.3, roof, rise_m, year, basements: 1 });
            },
        );
    }

    /// Slabs of five to seven storeys, or of nine to eighteen where `high`, as far apart as the winter sun asks.
    pub fn slabs(&mut self, face: &Face, high: bool) {
        let u = southward(&face.ring);
        let storeys = if high { self.dice.int(9, 18) as u32 } else { self.dice.int(5, 7) as u32 };
        let depth = if high { 7.2 } else { 5.8 };
        let pitch_m = 2.0 * depth + (f64::from(storeys) * 2.95 * if high { 0.82 } else { 1.05 }).min(38.0);
        let year = if high { 2004 + self.dice.int(0, 16) as u32 } else { 1982 + self.dice.int(0, 20) as u32 };
        let gabled = !high && self.dice.chance(0.45);
        let (short, long) = if high { (15.0, 24.0) } else { (18.0, 31.0) };
        let basements = u32::from(high);
        self.rows(
            face,
            Rows { u, pitch_m, first_m: depth + 6.0, inset_m: 9.0 },
            |d| ([d.range(short, long), depth], d.range(9.0, 14.0)),
            |b, ring, _, half| {
                let storeys = if high && b.dice.chance(0.3) { storeys.saturating_sub(2).max(8) } else { storeys };
                let (roof, rise_m) = if gabled { (RoofShape::Gabled, half[1] * 0.42) } else { (RoofShape::Flat, 1.1) };
                b.raise(ring, Shell { usage: "residential", storeys, floor_m: 2.95, roof, rise_m, year, basements });
            },
        );
        // Bicycle sheds, kiosks, committee rooms and carports fill what is left.
        self.small(face, u, 0.5);
    }

    /// At most two small service buildings in what is left, each with a chance.
    fn small(&mut self, face: &Face, u: P, chance: f64) {
        let limit = self.out.houses.len() + 2;
        self.rows(
            face,
            Rows { u, pitch_m: 13.0, first_m: 9.0, inset_m: 8.0 },
            |d| ([d.range(4.0, 9.0), d.range(2.4, 3.4)], d.range(14.0, 30.0)),
            |b, ring, _, half| {
                if b.out.houses.len() < limit && b.dice.chance(chance) {
                    let gabled = b.dice.chance(0.5);
                    let (roof, rise_m) =
                        if gabled { (RoofShape::Gabled, half[1] * 0.4) } else { (RoofShape::Flat, 0.4) };
                    let (usage, year) = ("service", 1998);
                    b.raise(ring, Shell { usage, storeys: 1, floor_m: 3.0, roof, rise_m, year, basements: 0 });
                }
            },
        );
    }

    /// Point towers of some thirty storeys, staggered in height, with a lift head on the roof.
    pub fn towers(&mut self, face: &Face) {
        let u = southward(&face.ring);
        let storeys = self.dice.int(22, 33) as u32;
        let year = 2010 + self.dice.int(0, 13) as u32;
        let mut flip = 0u32;
        self.rows(
            face,
            Rows { u, pitch_m: 62.0, first_m: 22.0, inset_m: 11.0 },
            |d| ([d.range(13.5, 17.0), d.range(8.5, 10.0)], d.range(20.0, 30.0)),
            |b, ring, at, half| {
                flip += 1;
                let here = storeys - (flip % 3) * 2;
                let head = geom::rect(
                    geom::add(at, geom::mul(geom::perp(u), half[1] * 0.25)),
                    u,
                    [half[0] * 0.35, half[1] * 0.4],
                );
                let h = f64::from(here) * 3.0;
                let bodies = vec![Body::flat(ring, h, 1.3, 0.0), Body::flat(head, 4.6, 0.0, h)];
                b.add(bodies, "residential", here, year, 2);
            },
        );
        self.small(face, u, 0.6);
    }

    /// Shops along the streets around the block; `chance` for each side.
    pub fn shops(&mut self, town: &Town, face: &Face, chance: f64) {
        for (i, &e) in face.edges.iter().enumerate() {
            let kind = town.streets[town.graph.edges[e].street].kind;
            if !(Kind::Primary..=Kind::Residential).contains(&kind) || !self.dice.chance(chance) {
                continue;
            }
            let (a, b) = (face.ring[i], face.ring[(i + 1) % face.ring.len()]);
            let (long, u) = (geom::dist(a, b), geom::unit(geom::sub(b, a)));
            let mut s = 22.0;
            while s + 18.0 < long - 16.0 {
                let half = [self.dice.range(9.0, 17.0).min((long - 16.0 - s) / 2.0), self.dice.range(4.6, 5.6)];
                let back = kind.reserve_m() + half[1] + 0.8;
                let at = geom::add(geom::add(a, geom::mul(u, s + half[0])), geom::mul(geom::perp(u), back));
                let ring = geom::rect(at, u, half);
                if self.fits(&face.ring, &ring, 2.0) {
                    self.take(at, u, half, 2.5);
                    let storeys = self.dice.int(1, 3) as u32;
                    self.raise(
                        ring,
                        Shell {
                            usage: "retail",
                            storeys,
                            floor_m: 3.8,
                            roof: RoofShape::Flat,
                            rise_m: 0.9,
                            year: 2001,
                            basements: 0,
                        },
                    );
                }
                s += half[0] * 2.0 + self.dice.range(2.0, 14.0);
            }
        }
    }
}
