//! Grown, not planned: lanes of the old town, and the dense houses of villages that the city has swallowed.

use super::builder::{Builder, Rows, Shell, southward};
use crate::{
    demo::{geom, streets::Face},
    model::RoofShape,
};

impl Builder<'_> {
    /// Courtyard houses and shops of one to three storeys along narrow lanes, tiled roofs.
    pub fn lanes(&mut self, face: &Face) {
        let (u, ..) = geom::oriented_box(&face.ring);
        let depth = self.dice.range(4.0, 4.9);
        let pitch_m = depth * 2.0 + self.dice.range(1.6, 3.2);
        self.rows(
            face,
            Rows { u, pitch_m, first_m: depth + 3.2, inset_m: 2.4 },
            |d| {
                let half = [d.range(3.6, 7.2), depth - d.range(0.0, 0.6)];
                (half, if d.chance(0.10) { d.range(4.0, 9.0) } else { d.range(0.4, 1.4) })
            },
            |b, ring, _, half| {
                let storeys = if b.dice.chance(0.30) {
                    1
                } else if b.dice.chance(0.9) {
                    2
                } else {
                    3
                };
                let roof = if b.dice.chance(0.90) { RoofShape::Gabled } else { RoofShape::Hipped };
                let usage = if b.dice.chance(0.12) { "retail" } else { "residential" };
                let year = 1905 + b.dice.int(0, 70) as u32;
                let rise_m = half[1].min(half[0]) * b.dice.range(0.48, 0.62);
                b.raise(ring, Shell { usage, storeys, floor_m: 3.1, roof, rise_m, year, basements: 0 });
            },
        );
    }

    /// Houses of two to five storeys, a hand's breadth apart.
    pub fn village(&mut self, face: &Face) {
        self.rows(
            face,
            Rows { u: southward(&face.ring), pitch_m: 16.5, first_m: 8.5, inset_m: 2.5 },
            |d| ([d.range(4.8, 6.2), d.range(5.2, 6.4)], d.range(1.6, 3.0)),
            |b, ring, _, half| {
                let storeys = b.dice.int(2, 5) as u32;
                let year = 1985 + b.dice.int(0, 25) as u32;
                let roll = b.dice.f();
                let (roof, rise_m) = if roll < 0.45 {
                    (RoofShape::Gabled, half[1] * 0.45)
                } else if roll < 0.7 {
                    (RoofShape::Hipped, half[1] * 0.5)
                } else {
                    (RoofShape::Flat, 0.9)
                };
                b.raise(ring, Shell { usage: "residential", storeys, floor_m: 3.2, roof, rise_m, year, basements: 0 });
            },
        );
    }
}
