//! Roof shapes over footprints of four corners; anything else gets a level roof at mid height.

use guanlan_city::model::{BuildingPart, RoofShape};

use super::build::Face;

/// True when this part gets a shaped (not level) roof.
#[must_use]
pub fn has_shape(part: &BuildingPart) -> bool {
    let rises = part.top_m - part.eaves_m > 0.2;
    let quad = part.footprint.len() == 4 && part.holes.is_empty();
    rises
        && match part.roof {
            RoofShape::Gabled | RoofShape::Hipped | RoofShape::Skillion => quad,
            RoofShape::Pyramidal => part.holes.is_empty() && part.footprint.len() >= 3,
            RoofShape::Flat | RoofShape::Mesh => false,
        }
}

/// Height of the level roof of a part without a shaped one, m above datum.
#[must_use]
pub fn flat_height_m(part: &BuildingPart) -> f32 {
    match part.roof {
        RoofShape::Flat | RoofShape::Mesh => part.eaves_m.max(part.top_m),
        // A sloped roof that cannot be built over this footprint keeps its volume.
        _ => (part.eaves_m + part.top_m.max(part.eaves_m)) * 0.5,
    }
}

fn mix(a: [f32; 2], b: [f32; 2], t: f32) -> [f32; 2] {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}

/// Faces of the shaped roof, with gables as walls. Counter-clockwise seen from outside.
#[must_use]
pub fn faces(part: &BuildingPart) -> Vec<Face> {
    let (eaves, top) = (part.eaves_m, part.top_m);
    let at = |p: [f32; 2], z: f32| [p[0], p[1], z];
    let roof = |corners| Face { corners, roof: true, loose: false };
    let wall = |corners| Face { corners, roof: false, loose: false };
    if part.roof == RoofShape::Pyramidal {
        let n = part.footprint.len();
        let sum = part.footprint.iter().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
        let apex = at([sum[0] / n as f32, sum[1] / n as f32], top);
        return (0..n)
            .map(|i| roof(vec![at(part.footprint[i], eaves), at(part.footprint[(i + 1) % n], eaves), apex]))
            .collect();
    }
    // Turn the corners so that p0–p1 is a long side.
    let f = &part.footprint;
    let side = |i: usize| (f[(i + 1) % 4][0] - f[i % 4][0]).hypot(f[(i + 1) % 4][1] - f[i % 4][1]);
    let turn = usize::from(side(0) + side(2) < side(1) + side(3));
    let p: [[f32; 2]; 4] = [0, 1, 2, 3].map(|i| f[(i + turn) % 4]);
    match part.roof {
        RoofShape::Skillion => vec![
            roof(vec![at(p[0], eaves), at(p[1], eaves), at(p[2], top), at(p[3], top)]),
            wall(vec![at(p[1], eaves), at(p[2], eaves), at(p[2], top)]),
            wall(vec![at(p[2], eaves), at(p[3], eaves), at(p[3], top), at(p[2], top)]),
            wall(vec![at(p[3], eaves), at(p[0], eaves), at(p[3], top)]),
        ],
        RoofShape::Hipped => {
            let (long, short) = (
                ((p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1])).max(1e-3),
                (p[2][0] - p[1][0]).hypot(p[2][1] - p[1][1]),
            );
            let inset = (short * 0.5 / long).min(0.48);
            let (end, start) = (mix(p[1], p[2], 0.5), mix(p[3], p[0], 0.5));
            let (ridge_a, ridge_b) = (at(mix(start, end, inset), top), at(mix(end, start, inset), top));
            vec![
                roof(vec![at(p[0], eaves), at(p[1], eaves), ridge_b, ridge_a]),
                roof(vec![at(p[1], eaves), at(p[2], eaves), ridge_b]),
                roof(vec![at(p[2], eaves), at(p[3], eaves), ridge_a, ridge_b]),
                roof(vec![at(p[3], eaves), at(p[0], eaves), ridge_a]),
            ]
        }
        _ => {
            let (end, start) = (at(mix(p[1], p[2], 0.5), top), at(mix(p[3], p[0], 0.5), top));
            vec![
                roof(vec![at(p[0], eaves), at(p[1], eaves), end, start]),
                roof(vec![at(p[2], eaves), at(p[3], eaves), start, end]),
                wall(vec![at(p[1], eaves), at(p[2], eaves), end]),
                wall(vec![at(p[3], eaves), at(p[0], eaves), start]),
            ]
        }
    }
}
