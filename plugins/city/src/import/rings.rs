//! Plane rings: area, orientation, containment, crossings, outlines of many faces.

use std::collections::{BTreeMap, BTreeSet};

/// A point of a ring in local m.
pub(crate) type P2 = [f64; 2];

/// Signed area, m²: positive when counter-clockwise.
pub(crate) fn signed_area(ring: &[P2]) -> f64 {
    let Some(&first) = ring.first() else { return 0.0 };
    let mut sum = 0.0;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        sum += (a[0] - first[0]) * (b[1] - first[1]) - (b[0] - first[0]) * (a[1] - first[1]);
    }
    sum / 2.0
}

/// Drops equal neighbours and the closing point.
pub(crate) fn open_ring(mut ring: Vec<P2>) -> Vec<P2> {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

/// Turns the ring counter-clockwise (`true`) or clockwise.
pub(crate) fn orient(mut ring: Vec<P2>, counter_clockwise: bool) -> Vec<P2> {
    if (signed_area(&ring) > 0.0) != counter_clockwise {
        ring.reverse();
    }
    ring
}

/// Even-odd test.
pub(crate) fn contains(ring: &[P2], p: P2) -> bool {
    let mut inside = false;
    let mut j = ring.len().wrapping_sub(1);
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[j]);
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
            inside = !inside;
        }
        j = i;
    }
    inside
}

/// Mean of the corners; `None` for an empty ring.
pub(crate) fn centre(ring: &[P2]) -> Option<P2> {
    let n = ring.len() as f64;
    let sum = ring.iter().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
    (n > 0.0).then(|| [sum[0] / n, sum[1] / n])
}

/// A point inside a simple ring: its corner mean when that is inside, else the middle of the widest
/// stretch of a horizontal line through the ring.
pub(crate) fn inner_point(ring: &[P2]) -> Option<P2> {
    let mean = centre(ring)?;
    if contains(ring, mean) {
        return Some(mean);
    }
    let mut xs: Vec<f64> = Vec::new();
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        if (a[1] > mean[1]) != (b[1] > mean[1]) {
            xs.push(a[0] + (mean[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
        }
    }
    xs.sort_by(f64::total_cmp);
    xs.chunks_exact(2)
        .max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))
        .map(|pair| [(pair[0] + pair[1]) / 2.0, mean[1]])
        .or(Some(mean))
}

/// Convex hull, counter-clockwise (Andrew's monotone chain); fewer than three points if degenerate.
pub(crate) fn hull(points: &[P2]) -> Vec<P2> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let turn = |o: P2, a: P2, b: P2| (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    let mut chain: Vec<P2> = Vec::with_capacity(sorted.len() + 1);
    let mut floor = 0;
    for pass in 0..2 {
        let step = |chain: &mut Vec<P2>, p: P2| {
            while chain.len() >= floor + 2 && turn(chain[chain.len() - 2], chain[chain.len() - 1], p) <= 0.0 {
                chain.pop();
            }
            chain.push(p);
        };
        if pass == 0 {
            sorted.iter().for_each(|&p| step(&mut chain, p));
        } else {
            sorted.iter().rev().skip(1).for_each(|&p| step(&mut chain, p));
        }
        floor = chain.len() - 1;
    }
    chain.pop();
    chain
}

/// Longest ring that is searched for crossings; longer ones are taken as they are.
const CROSSING_LIMIT: usize = 600;

/// Where two segments cross in their interiors.
fn crossing(a: P2, b: P2, c: P2, d: P2) -> Option<P2> {
    let (r, s) = ([b[0] - a[0], b[1] - a[1]], [d[0] - c[0], d[1] - c[1]]);
    let den = r[0] * s[1] - r[1] * s[0];
    if den == 0.0 {
        return None;
    }
    let t = ((c[0] - a[0]) * s[1] - (c[1] - a[1]) * s[0]) / den;
    let u = ((c[0] - a[0]) * r[1] - (c[1] - a[1]) * r[0]) / den;
    let inside = 1e-9..=1.0 - 1e-9;
    (inside.contains(&t) && inside.contains(&u)).then(|| [a[0] + t * r[0], a[1] + t * r[1]])
}

/// Unties a ring that crosses itself: cuts at each crossing and keeps the larger loop. The flag tells
/// whether anything was cut.
pub(crate) fn untie(ring: Vec<P2>) -> (Vec<P2>, bool) {
    let mut ring = ring;
    let mut cut = false;
    if ring.len() > CROSSING_LIMIT {
        return (ring, cut);
    }
    'again: for _ in 0..16 {
        let n = ring.len();
        for i in 0..n {
            for j in i + 2..n {
                if i == 0 && j == n - 1 {
                    continue;
                }
                if let Some(x) = crossing(ring[i], ring[i + 1], ring[j], ring[(j + 1) % n]) {
                    let mut one: Vec<P2> = ring[i + 1..=j].to_vec();
                    one.push(x);
                    let mut two: Vec<P2> = ring[..=i].to_vec();
                    two.push(x);
                    two.extend_from_slice(&ring[j + 1..]);
                    ring = if signed_area(&one).abs() > signed_area(&two).abs() { one } else { two };
                    cut = true;
                    continue 'again;
                }
            }
        }
        break;
    }
    (open_ring(ring), cut)
}

/// Outer ring with its holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Area {
    /// Counter-clockwise, not closed.
    pub ring: Vec<P2>,
    /// Clockwise, not closed.
    pub holes: Vec<Vec<P2>>,
}

impl Area {
    /// Area without holes, m².
    pub fn area_m2(&self) -> f64 {
        signed_area(&self.ring).abs() - self.holes.iter().map(|h| signed_area(h).abs()).sum::<f64>()
    }
}

/// West, south, east, north; the other way round without points.
pub(crate) fn bounds(points: &[P2]) -> [f64; 4] {
    points.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

/// Sorts rings into outer rings with holes: a ring that lies in an odd number of others is a hole.
pub(crate) fn nest(mut rings: Vec<Vec<P2>>) -> Vec<Area> {
    rings.retain(|r| r.len() >= 3 && signed_area(r).abs() > 1e-6);
    rings.sort_by(|a, b| signed_area(b).abs().total_cmp(&signed_area(a).abs()));
    let mut areas: Vec<Area> = Vec::new();
    let mut owner: Vec<Option<usize>> = Vec::new();
    let boxes: Vec<[f64; 4]> = rings.iter().map(|ring| bounds(ring)).collect();
    let boxed = |b: [f64; 4], p: P2| (b[0]..=b[2]).contains(&p[0]) && (b[1]..=b[3]).contains(&p[1]);
    for (k, ring) in rings.iter().enumerate() {
        let Some(probe) = inner_point(ring) else { continue };
        let around: Vec<usize> = (0..k).filter(|&o| boxed(boxes[o], probe) && contains(&rings[o], probe)).collect();
        match around.last().and_then(|&o| owner.get(o).copied().flatten()).filter(|_| around.len() % 2 == 1) {
            Some(area) => {
                areas[area].holes.push(orient(ring.clone(), false));
                owner.push(None);
            }
            None => {
                areas.push(Area { ring: orient(ring.clone(), true), holes: Vec::new() });
                owner.push(Some(areas.len() - 1));
            }
        }
    }
    areas
}

/// Grid of the outline's corners: points nearer than this are one, m.
const WELD_M: f64 = 0.001;

/// Outline of many faces that share edges (a triangulated surface): edges used in both directions
/// cancel, the rest is linked to rings. `None` when the rest does not link to closed rings.
pub(crate) fn outline(faces: &[Vec<P2>]) -> Option<Vec<Area>> {
    let key = |p: P2| ((p[0] / WELD_M).round() as i64, (p[1] / WELD_M).round() as i64);
    let mut places: BTreeMap<(i64, i64), P2> = BTreeMap::new();
    let mut edges: BTreeSet<((i64, i64), (i64, i64))> = BTreeSet::new();
    for face in faces {
        let face = orient(face.clone(), true);
        for i in 0..face.len() {
            let (a, b) = (face[i], face[(i + 1) % face.len()]);
            let (ka, kb) = (key(a), key(b));
            places.entry(ka).or_insert(a);
            if ka != kb && !edges.remove(&(kb, ka)) {
                edges.insert((ka, kb));
            }
        }
    }
    let mut next: BTreeMap<(i64, i64), Vec<(i64, i64)>> = BTreeMap::new();
    for (a, b) in edges {
        next.entry(a).or_default().push(b);
    }
    let mut rings = Vec::new();
    while let Some((&start, _)) = next.iter().next() {
        let (mut ring, mut here) = (vec![places[&start]], start);
        loop {
            let ends = next.get_mut(&here)?;
            let to = ends.pop()?;
            if ends.is_empty() {
                next.remove(&here);
            }
            if to == start {
                break;
            }
            ring.push(places[&to]);
            here = to;
        }
        rings.push(ring);
    }
    Some(nest(rings))
}

/// Ring as the model stores it.
pub(crate) fn to_f32(ring: &[P2]) -> Vec<[f32; 2]> {
    ring.iter().map(|p| [p[0] as f32, p[1] as f32]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, side: f64) -> Vec<P2> {
        vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    }

    #[test]
    fn area_is_signed() {
        assert_eq!(signed_area(&square(5.0, 5.0, 2.0)), 4.0);
        assert_eq!(signed_area(&orient(square(5.0, 5.0, 2.0), false)), -4.0);
    }

    #[test]
    fn a_courtyard_becomes_a_hole_and_a_pavilion_in_it_a_second_area() {
        let areas = nest(vec![square(4.0, 4.0, 2.0), square(0.0, 0.0, 10.0), square(3.0, 3.0, 4.0)]);
        assert_eq!(areas.len(), 2);
        assert_eq!(areas[0].area_m2(), 84.0);
        assert_eq!(areas[1].area_m2(), 4.0);
    }

    #[test]
    fn triangles_of_a_ring_melt_into_its_outline() {
        let tri = |a: P2, b: P2, c: P2| vec![a, b, c];
        let (o, i) = (square(0.0, 0.0, 4.0), square(1.0, 1.0, 2.0));
        let mut faces = Vec::new();
        for k in 0..4 {
            let m = (k + 1) % 4;
            faces.push(tri(o[k], o[m], i[k]));
            faces.push(tri(o[m], i[m], i[k]));
        }
        let areas = outline(&faces).unwrap();
        assert_eq!(areas.len(), 1);
        assert_eq!(areas[0].holes.len(), 1);
        assert!((areas[0].area_m2() - 12.0).abs() < 1e-9);
    }

    #[test]
    fn a_bow_tie_keeps_its_larger_loop() {
        let (ring, cut) = untie(vec![[0.0, 0.0], [6.0, 6.0], [6.0, 0.0], [-1.0, 5.0]]);
        assert!(cut);
        assert!(!untie(ring.clone()).1);
        assert!(signed_area(&ring).abs() > 7.0);
        assert!(!untie(square(0.0, 0.0, 1.0)).1);
    }

    #[test]
    fn inner_point_of_a_horseshoe_is_inside() {
        let u = vec![[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [7.0, 9.0], [7.0, 1.0], [2.0, 1.0], [2.0, 9.0], [0.0, 9.0]];
        assert!(contains(&u, inner_point(&u).unwrap()));
    }

    #[test]
    fn hull_drops_inner_points() {
        let mut points = square(0.0, 0.0, 2.0);
        points.push([1.0, 1.0]);
        assert_eq!(hull(&points), square(0.0, 0.0, 2.0));
    }
}
