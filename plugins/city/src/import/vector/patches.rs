//! Plan of a MultiPatch: the outline of its faces seen from below or above, with courtyards; else its convex hull.

use shapefile::{Multipatch, Patch};

use crate::import::{
    rings::{Area, P2, hull, outline, signed_area},
    triangulate::{P3, Triangulator, normal, steepness},
};

/// Length of a degree of latitude, m; near enough to tell what is level.
const DEGREE_M: f64 = 111_320.0;
/// Least vertical share of a face's normal that makes it floor or roof.
const LEVEL: f64 = 0.05;

/// Metres around a corner of the body, from whatever its file counts in.
struct Near {
    anchor: P2,
    scale: P2,
}

impl Near {
    fn new(patch: &Multipatch) -> Option<Self> {
        let first = patch.patches().iter().flat_map(Patch::points).find(|p| p.x.is_finite() && p.y.is_finite())?;
        let anchor = [first.x, first.y];
        let degrees = anchor[0].abs() <= 180.0 && anchor[1].abs() <= 90.0;
        let scale = if degrees { [DEGREE_M * anchor[1].to_radians().cos().max(0.01), DEGREE_M] } else { [1.0, 1.0] };
        Some(Self { anchor, scale })
    }

    fn to(&self, p: &shapefile::PointZ) -> P3 {
        [(p.x - self.anchor[0]) * self.scale[0], (p.y - self.anchor[1]) * self.scale[1], p.z]
    }

    fn back(&self, p: P2) -> P2 {
        [p[0] / self.scale[0] + self.anchor[0], p[1] / self.scale[1] + self.anchor[1]]
    }
}

/// Polygons of a body's plan in the coordinates of its file, each with its holes, rings closed; and true when they are
/// only its hull. `None` when it encloses nothing.
pub(super) fn plan(patch: &Multipatch) -> Option<(Vec<Vec<Vec<P2>>>, bool)> {
    let near = Near::new(patch)?;
    let triangles = triangles(patch, &near);
    let seen = |sign: f64| {
        let level = triangles.iter().filter(|t| steepness(normal(&t[..])) * sign > LEVEL);
        let faces: Vec<Vec<P2>> = level.map(|t| t.iter().map(|p| [p[0], p[1]]).collect()).collect();
        let areas = outline(&faces).unwrap_or_default();
        (areas.iter().map(Area::area_m2).sum::<f64>(), areas)
    };
    // Which way faces turn is not the same in all files.
    let (below, above) = (seen(-1.0), seen(1.0));
    let (area, mut areas) = if below.0 > above.0 { below } else { above };
    let points: Vec<P2> = triangles.iter().flatten().map(|p| [p[0], p[1]]).collect();
    let around = hull(&points);
    let whole = signed_area(&around);
    // A floor of slivers is none.
    let poor = area < 0.05 * whole || areas.is_empty();
    if poor {
        if around.len() < 3 || whole <= 0.0 {
            return None;
        }
        areas = vec![Area { ring: around, holes: Vec::new() }];
    }
    let closed = |ring: &[P2]| ring.iter().chain(ring.first()).map(|p| near.back(*p)).collect();
    let polygon = |area: &Area| std::iter::once(&area.ring).chain(&area.holes).map(|r| closed(r)).collect();
    Some((areas.iter().map(polygon).collect(), poor))
}

/// The faces as triangles.
fn triangles(patch: &Multipatch, near: &Near) -> Vec<[P3; 3]> {
    let mut out = Vec::new();
    let mut triangulator = Triangulator::default();
    // An outer ring waits for the holes that follow it.
    let mut rings: Vec<Vec<P3>> = Vec::new();
    let mut polygon = |rings: &mut Vec<Vec<P3>>, out: &mut Vec<[P3; 3]>| {
        out.extend(triangulator.polygon(rings));
        rings.clear();
    };
    for part in patch.patches() {
        let points: Vec<P3> = part.points().iter().map(|p| near.to(p)).collect();
        if !points.iter().flatten().all(|v| v.is_finite()) {
            continue;
        }
        match part {
            Patch::TriangleStrip(_) => {
                let turned = |(n, t): (usize, &[P3])| if n % 2 == 0 { [t[0], t[1], t[2]] } else { [t[1], t[0], t[2]] };
                out.extend(points.windows(3).enumerate().map(turned));
            }
            Patch::TriangleFan(_) => {
                let Some((&middle, rest)) = points.split_first() else { continue };
                out.extend(rest.windows(2).map(|edge| [middle, edge[0], edge[1]]));
            }
            Patch::OuterRing(_) | Patch::InnerRing(_) | Patch::FirstRing(_) | Patch::Ring(_) => {
                let mut ring = points;
                ring.dedup();
                while ring.len() > 1 && ring.first() == ring.last() {
                    ring.pop();
                }
                if !matches!(part, Patch::InnerRing(_)) {
                    polygon(&mut rings, &mut out);
                }
                rings.push(ring);
            }
        }
    }
    polygon(&mut rings, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use shapefile::{NO_DATA, PointZ};

    use super::*;

    fn ring(corners: &[[f64; 2]], z: f64, at: P2, scale: f64) -> Vec<PointZ> {
        let point = |c: &[f64; 2]| PointZ::new(at[0] + c[0] * scale, at[1] + c[1] * scale, z, NO_DATA);
        corners.iter().chain(corners.first()).map(point).collect()
    }

    const L: [[f64; 2]; 6] = [[0.0, 0.0], [20.0, 0.0], [20.0, 8.0], [8.0, 8.0], [8.0, 20.0], [0.0, 20.0]];

    #[test]
    fn an_l_keeps_its_corner_in_metres_and_degrees() {
        for (at, scale) in [([500_000.0, 3_350_000.0], 1.0), ([120.0, 30.0], 1e-5)] {
            let wall = vec![
                PointZ::new(at[0], at[1], 0.0, NO_DATA),
                PointZ::new(at[0], at[1], 9.0, NO_DATA),
                PointZ::new(at[0] + 20.0 * scale, at[1], 0.0, NO_DATA),
                PointZ::new(at[0] + 20.0 * scale, at[1], 9.0, NO_DATA),
            ];
            let body = Multipatch::with_parts(vec![
                Patch::TriangleStrip(wall),
                Patch::OuterRing(ring(&L, 0.0, at, scale)),
                Patch::OuterRing(ring(&L, 9.0, at, scale)),
            ]);
            let (polygons, hulled) = plan(&body).unwrap();
            assert!(!hulled);
            assert_eq!((polygons.len(), polygons[0].len(), polygons[0][0].len()), (1, 1, 7), "{polygons:?}");
            assert!((signed_area(&polygons[0][0]) / (scale * scale) - 256.0).abs() < 1.0, "{polygons:?}");
        }
    }

    #[test]
    fn a_courtyard_stays_open_and_walls_alone_give_their_hull() {
        let square = |s: f64, o: f64| [[o, o], [o + s, o], [o + s, o + s], [o, o + s]];
        let at = [500_000.0, 3_350_000.0];
        let body = Multipatch::with_parts(vec![
            Patch::OuterRing(ring(&square(30.0, 0.0), 12.0, at, 1.0)),
            Patch::InnerRing(ring(&square(10.0, 10.0), 12.0, at, 1.0)),
        ]);
        let (polygons, hulled) = plan(&body).unwrap();
        assert!(!hulled && polygons.len() == 1 && polygons[0].len() == 2, "{polygons:?}");
        let fan = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        let (polygons, hulled) =
            plan(&Multipatch::with_parts(vec![Patch::TriangleFan(ring(&fan, 3.0, at, 1.0))])).unwrap();
        assert!(!hulled && (signed_area(&polygons[0][0]).abs() - 100.0).abs() < 1e-3);
        let wall = |a: [f64; 2], b: [f64; 2]| {
            let p = |c: [f64; 2], z: f64| PointZ::new(at[0] + c[0], at[1] + c[1], z, NO_DATA);
            Patch::TriangleStrip(vec![p(a, 0.0), p(a, 5.0), p(b, 0.0), p(b, 5.0)])
        };
        let walls = Multipatch::with_parts(vec![wall(fan[0], fan[1]), wall(fan[1], fan[2]), wall(fan[2], fan[3])]);
        assert!(plan(&walls).unwrap().1);
        assert!(plan(&Multipatch::with_parts(vec![wall(fan[0], fan[1])])).is_none());
    }
}
