//! What a ray meets among the tiles that are drawn.

use bevy::math::Vec3;
use guanlan_city::import::tiles3d::TileContent;

use crate::frame::to_city;

/// A triangle of a content that a ray meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meeting {
    /// From the ray's origin, m.
    pub distance_m: f32,
    /// Feature of the triangle's first corner.
    pub feature: u32,
}

/// The nearest triangle that a ray in the renderer's frame meets before `limit_m`.
#[must_use]
pub fn cast(content: &TileContent, origin: Vec3, direction: Vec3, limit_m: f32) -> Option<Meeting> {
    let (low, high) = content.bounds?;
    let (o, d) = (Vec3::from(to_city(origin)), Vec3::from(to_city(direction)));
    if !meets_box(o, d, Vec3::from(low), Vec3::from(high), limit_m) {
        return None;
    }
    let mesh = &content.mesh;
    let mut best: Option<Meeting> = None;
    for t in mesh.indices.chunks_exact(3) {
        let [a, b, c] = [t[0], t[1], t[2]].map(|i| Vec3::from(mesh.positions[i as usize]));
        if let Some(distance_m) = meets_triangle(o, d, a, b, c)
            && distance_m <= best.map_or(limit_m, |m| m.distance_m)
        {
            best = Some(Meeting { distance_m, feature: mesh.features[t[0] as usize] });
        }
    }
    best
}

fn meets_box(o: Vec3, d: Vec3, low: Vec3, high: Vec3, limit_m: f32) -> bool {
    let inverse = d.map(|v| if v.abs() < 1e-12 { 1e12 } else { 1.0 / v });
    let (a, b) = ((low - o) * inverse, (high - o) * inverse);
    let near = a.min(b).max_element().max(0.0);
    let far = a.max(b).min_element();
    near <= far + 1e-3 && near <= limit_m
}

/// Möller–Trumbore, both sides.
fn meets_triangle(o: Vec3, d: Vec3, a: Vec3, b: Vec3, c: Vec3) -> Option<f32> {
    let (e1, e2) = (b - a, c - a);
    let p = d.cross(e2);
    let det = e1.dot(p);
    if det.abs() < 1e-9 {
        return None;
    }
    let s = o - a;
    let u = s.dot(p) / det;
    let q = s.cross(e1);
    let v = d.dot(q) / det;
    let t = e2.dot(q) / det;
    (u >= 0.0 && v >= 0.0 && u + v <= 1.0 && t >= 0.0).then_some(t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::import::tiles3d::{ContentKind, TileMesh, TilePoints};

    #[test]
    fn the_nearest_of_two_walls_is_met() {
        let wall = |north: f32| [[-5.0, north, 0.0], [5.0, north, 0.0], [0.0, north, 10.0]];
        let content = TileContent {
            kind: ContentKind::B3dm,
            mesh: TileMesh {
                positions: [wall(20.0), wall(10.0)].concat(),
                normals: vec![[0; 4]; 6],
                colors: vec![[0; 4]; 6],
                uvs: Vec::new(),
                features: vec![4, 4, 4, 7, 7, 7],
                indices: (0..6).collect(),
                runs: Vec::new(),
            },
            points: TilePoints::default(),
            tables: Vec::new(),
            looks: Vec::new(),
            features: 8,
            instances: 0,
            bounds: Some(([-5.0, 10.0, 0.0], [5.0, 20.0, 10.0])),
        };
        // From the south, looking north (-z in the renderer), 3 m high.
        let eye = Vec3::new(0.0, 3.0, 30.0);
        let hit = cast(&content, eye, Vec3::NEG_Z, 100.0).unwrap();
        assert_eq!(hit.feature, 7);
        assert!((hit.distance_m - 40.0).abs() < 1e-3);
        assert_eq!(cast(&content, eye, Vec3::NEG_Z, 20.0), None, "beyond the limit");
        assert_eq!(cast(&content, eye, Vec3::Z, 100.0), None, "behind");
        assert_eq!(cast(&content, Vec3::new(0.0, 30.0, 30.0), Vec3::NEG_Z, 100.0), None, "above");
    }
}
