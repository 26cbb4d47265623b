//! Works: production halls, offices and dormitories of the industrial quarter.

use super::builder::{Builder, Rows, Shell};
use crate::{
    demo::{geom, streets::Face},
    model::RoofShape,
};

impl Builder<'_> {
    /// Halls in rows, then offices and dormitories in what is left.
    pub fn works(&mut self, face: &Face) {
        let (u, ..) = geom::oriented_box(&face.ring);
        let depth = self.dice.range(15.0, 27.0);
        self.rows(
            face,
            Rows { u, pitch_m: depth * 2.0 + 14.0, first_m: depth + 10.0, inset_m: 10.0 },
            |d| ([d.range(22.0, 52.0), depth], d.range(11.0, 17.0)),
            |b, ring, _, half| {
                let low = b.dice.chance(0.75);
                let (roof, rise_m) = if low { (RoofShape::Gabled, half[1] * 0.14) } else { (RoofShape::Flat, 0.8) };
                let storeys = if low { 1 } else { b.dice.int(2, 4) as u32 };
                let (usage, floor_m, year) = ("industrial", if low { 9.5 } else { 5.2 }, 2005);
                b.raise(ring, Shell { usage, storeys, floor_m, roof, rise_m, year, basements: 0 });
            },
        );
        self.rows(
            face,
            Rows { u, pitch_m: 22.0, first_m: 10.0, inset_m: 9.0 },
            |d| ([d.range(9.0, 15.0), d.range(5.0, 6.5)], d.range(9.0, 20.0)),
            |b, ring, _, _| {
                let storeys = b.dice.int(2, 5) as u32;
                let usage = if b.dice.chance(0.3) { "dormitory" } else { "office" };
                let (roof, rise_m, year) = (RoofShape::Flat, 0.9, 2006);
                b.raise(ring, Shell { usage, storeys, floor_m: 3.5, roof, rise_m, year, basements: 0 });
            },
        );
    }
}
