//! 围墙, 围栏, 绿篱, 护栏: what stands along or in the way, as small true models near the eye.

use std::collections::BTreeMap;

use bevy::math::{Vec3, Vec4};
use guanlan_city::City;
use guanlan_city::model::{Barrier, BarrierKind};

use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::look::Look;
use crate::solid::Solid;

/// A stretch of a barrier is at most this long, so that it follows the ground, m.
const STRETCH_M: f32 = 8.0;
/// Posts of fences stand this far apart, m.
const POST_M: f32 = 2.6;

/// A straight stretch of a barrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Number of the barrier in `City::barriers`.
    pub barrier: u32,
    /// Its ends, local m; the same for what stands at a point.
    pub ends_m: [[f32; 2]; 2],
}

/// All barriers in stretches, by the tile their middle lies in.
#[must_use]
pub fn by_tile(city: &City, tile_of: impl Fn([f32; 2]) -> (i32, i32)) -> BTreeMap<(i32, i32), Vec<Stretch>> {
    let mut tiles: BTreeMap<(i32, i32), Vec<Stretch>> = BTreeMap::new();
    let mut put = |barrier: u32, a: [f32; 2], b: [f32; 2]| {
        let middle = [(a[0] + b[0]) * 0.5, (a[1] + b[1]) * 0.5];
        tiles.entry(tile_of(middle)).or_default().push(Stretch { barrier, ends_m: [a, b] });
    };
    for (number, barrier) in city.barriers.iter().enumerate() {
        if let [only] = barrier.line[..] {
            put(number as u32, only, only);
        }
        for pair in barrier.line.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let steps = ((b[0] - a[0]).hypot(b[1] - a[1]) / STRETCH_M).ceil().clamp(1.0, 2_000.0);
            let at = |k: f32| [a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps];
            for k in 0..steps as u32 {
                put(number as u32, at(k as f32), at(k as f32 + 1.0));
            }
        }
    }
    tiles
}

/// A beam over two places on the ground: from `low` to `high` above them, `wide` across.
pub(crate) fn beam(solid: &mut Solid, [a, b]: [Vec3; 2], (low, high): (f32, f32), wide: f32, color: [f32; 4]) {
    let along = (b - a).normalize_or(Vec3::X);
    let side = along.cross(Vec3::Y).normalize_or(Vec3::Z) * wide * 0.5;
    let at = |p: Vec3, s: f32, up: f32| p + side * s + Vec3::Y * up;
    solid.polygon(&[at(a, 1.0, low), at(b, 1.0, low), at(b, 1.0, high), at(a, 1.0, high)], color);
    solid.polygon(&[at(b, -1.0, low), at(a, -1.0, low), at(a, -1.0, high), at(b, -1.0, high)], color);
    solid.polygon(&[at(a, 1.0, high), at(b, 1.0, high), at(b, -1.0, high), at(a, -1.0, high)], color);
    solid.polygon(&[at(a, -1.0, low), at(a, 1.0, low), at(a, 1.0, high), at(a, -1.0, high)], color);
    solid.polygon(&[at(b, 1.0, low), at(b, -1.0, low), at(b, -1.0, high), at(b, 1.0, high)], color);
}

/// Adds a stretch of a barrier.
pub fn add(solid: &mut Solid, barrier: &Barrier, stretch: &Stretch, ground: &Ground, look: &Look) {
    let tone = |c: Vec4, k: f32| (c.truncate() * k).extend(1.0).to_array();
    let foot = stretch.ends_m.map(|p| to_scene(p[0], p[1], ground.height_m(p[0], p[1]) - 0.1));
    let length = foot[0].distance(foot[1]);
    let high = barrier.height_m.clamp(0.05, 12.0) + 0.1;
    let (stone, metal, leaf) = (tone(look.wall, 0.95), tone(look.bridge, 0.62), tone(look.green, 1.05));
    let posts = |solid: &mut Solid, every: f32, radius: f32| {
        let count = (length / every).round().max(1.0);
        for k in 0..count as u32 {
            solid.post(foot[0].lerp(foot[1], k as f32 / count), high, [radius, radius], 4, metal);
        }
    };
    if length < 0.05 {
        match barrier.kind {
            BarrierKind::Gate => {
                let open = [foot[0] - Vec3::X * 1.6, foot[0] + Vec3::X * 1.6];
                open.into_iter().for_each(|p| solid.post(p, high, [0.14, 0.14], 5, stone));
                beam(solid, open, (high * 0.72, high * 0.80), 0.08, metal);
            }
            BarrierKind::Bollard => solid.post(foot[0], high, [0.14, 0.11], 6, metal),
            _ => solid.post(foot[0], high, [0.20, 0.20], 5, stone),
        }
        return;
    }
    match barrier.kind {
        BarrierKind::Wall => {
            beam(solid, foot, (0.0, high), 0.30, stone);
            beam(solid, foot, (high, high + 0.08), 0.42, tone(look.roof, 0.9));
        }
        BarrierKind::RetainingWall => beam(solid, foot, (-0.5, high), 0.50, tone(look.wall, 0.85)),
        BarrierKind::Hedge => beam(solid, foot, (0.0, high), 0.80, leaf),
        BarrierKind::Kerb => beam(solid, foot, (0.0, high), 0.18, tone(look.local, 1.1)),
        BarrierKind::GuardRail => {
            beam(solid, foot, (high * 0.55, high), 0.10, metal);
            posts(solid, POST_M * 1.5, 0.06);
        }
        BarrierKind::Fence | BarrierKind::Gate | BarrierKind::Bollard => {
            beam(solid, foot, (high * 0.22, high * 0.28), 0.06, metal);
            beam(solid, foot, (high * 0.86, high * 0.94), 0.06, metal);
            posts(solid, POST_M, 0.05);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::mesh::Mesh;
    use guanlan_core::theme::Theme;
    use std::sync::Arc;

    fn barrier(kind: BarrierKind, line: Vec<[f32; 2]>) -> Barrier {
        Barrier { id: "way/1".into(), kind, line, height_m: 2.0 }
    }

    #[test]
    fn long_walls_are_cut_into_stretches_that_follow_the_ground() {
        let city = City {
            barriers: vec![
                barrier(BarrierKind::Wall, vec![[0.0, 0.0], [100.0, 0.0], [100.0, 4.0]]),
                barrier(BarrierKind::Bollard, vec![[5.0, 5.0]]),
                barrier(BarrierKind::Fence, Vec::new()),
            ],
            ..City::default()
        };
        let tiles = by_tile(&city, |p| ((p[0] / 50.0).floor() as i32, 0));
        let all: Vec<Stretch> = tiles.values().flatten().copied().collect();
        assert_eq!(all.len(), 13 + 1 + 1);
        assert!(tiles.len() > 1 && tiles[&(0, 0)].iter().any(|s| s.barrier == 1));
        let reach = all.iter().map(|s| (s.ends_m[1][0] - s.ends_m[0][0]).abs()).fold(0.0, f32::max);
        assert!(reach <= STRETCH_M);
    }

    #[test]
    fn every_kind_has_a_body_as_high_as_it_is() {
        let ground = Ground::new(&Arc::new(City::default()));
        let look = Look::new(Theme::CommandDark, [0.0; 4]);
        use BarrierKind as K;
        for kind in [K::Fence, K::Wall, K::RetainingWall, K::Hedge, K::GuardRail, K::Kerb, K::Gate, K::Bollard] {
            for line in [vec![[0.0, 0.0], [6.0, 1.0]], vec![[3.0, 3.0]]] {
                let ends_m = [line[0], *line.last().unwrap()];
                let mut solid = Solid::default();
                add(&mut solid, &barrier(kind, line), &Stretch { barrier: 0, ends_m }, &ground, &look);
                let mesh = solid.into_mesh();
                let places = mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3()).unwrap();
                let top = places.iter().map(|p| p[1]).fold(f32::MIN, f32::max);
                assert!((1.5..2.2).contains(&top), "{kind:?}: {top} m");
            }
        }
    }
}
