//! Rings: closed polygons whose last corner is joined to the first.

use super::{P, add, cross, crossing, dist, dot, len, lerp, mul, perp, sub, to_segment, unit};

/// Signed area, m²: positive when counter-clockwise.
pub fn area(ring: &[P]) -> f64 {
    (0..ring.len()).map(|i| cross(ring[i], ring[(i + 1) % ring.len()])).sum::<f64>() / 2.0
}

/// Centroid of area; mean of corners for slivers.
pub fn centroid(ring: &[P]) -> P {
    let a = area(ring);
    let n = ring.len().max(1) as f64;
    let mean = mul(ring.iter().fold([0.0, 0.0], |s, &p| add(s, p)), 1.0 / n);
    if a.abs() < 1.0 {
        return mean;
    }
    let mut c = [0.0, 0.0];
    for i in 0..ring.len() {
        let (p, q) = (sub(ring[i], mean), sub(ring[(i + 1) % ring.len()], mean));
        c = add(c, mul(add(p, q), cross(p, q)));
    }
    add(mean, mul(c, 1.0 / (6.0 * a)))
}

/// Whether `p` lies inside the ring (even-odd).
pub fn inside(p: P, ring: &[P]) -> bool {
    let mut odd = false;
    let mut j = ring.len() - 1;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[j]);
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
            odd = !odd;
        }
        j = i;
    }
    odd
}

/// Distance of `p` from the boundary of a ring.
pub fn to_ring(p: P, ring: &[P]) -> f64 {
    (0..ring.len()).map(|i| to_segment(p, ring[i], ring[(i + 1) % ring.len()]).0).fold(f64::MAX, f64::min)
}

/// A point well inside a ring: the best of the centroid and a coarse grid.
pub fn pole(ring: &[P]) -> P {
    let c = centroid(ring);
    let mut best = (if inside(c, ring) { to_ring(c, ring) } else { -1.0 }, c);
    if best.0 > 18.0 {
        return c;
    }
    let (lo, hi) = bounds(ring);
    for i in 1..14 {
        for j in 1..14 {
            let p = [lo[0] + (hi[0] - lo[0]) * f64::from(i) / 14.0, lo[1] + (hi[1] - lo[1]) * f64::from(j) / 14.0];
            if inside(p, ring) {
                let d = to_ring(p, ring);
                if d > best.0 {
                    best = (d, p);
                }
            }
        }
    }
    best.1
}

/// Lower-left and upper-right corners.
pub fn bounds(ring: &[P]) -> (P, P) {
    ring.iter().fold(([f64::MAX; 2], [f64::MIN; 2]), |(lo, hi), p| {
        ([lo[0].min(p[0]), lo[1].min(p[1])], [hi[0].max(p[0]), hi[1].max(p[1])])
    })
}

/// Least and greatest coordinates of a ring in axes from `from`, of which the first is the unit vector `u`.
pub fn extent(ring: &[P], from: P, u: P) -> (P, P) {
    let v = perp(u);
    let (mut lo, mut hi) = ([f64::MAX; 2], [f64::MIN; 2]);
    for &p in ring {
        let d = sub(p, from);
        let q = [dot(d, u), dot(d, v)];
        lo = [lo[0].min(q[0]), lo[1].min(q[1])];
        hi = [hi[0].max(q[0]), hi[1].max(q[1])];
    }
    (lo, hi)
}

/// Axis of the smallest rectangle around a ring (unit vector along its long side), half sides and centre.
pub fn oriented_box(ring: &[P]) -> (P, [f64; 2], P) {
    let mut best = (f64::MAX, [1.0, 0.0], [0.0; 2], [0.0; 2]);
    for i in 0..ring.len() {
        let e = sub(ring[(i + 1) % ring.len()], ring[i]);
        if len(e) < 1.0 {
            continue;
        }
        let u = unit(e);
        let v = perp(u);
        let (lo, hi) = extent(ring, [0.0, 0.0], u);
        let size = [hi[0] - lo[0], hi[1] - lo[1]];
        if size[0] * size[1] < best.0 - 1e-6 {
            let mid = [(lo[0] + hi[0]) / 2.0, (lo[1] + hi[1]) / 2.0];
            let centre = add(mul(u, mid[0]), mul(v, mid[1]));
            best = if size[0] >= size[1] {
                (size[0] * size[1], u, [size[0] / 2.0, size[1] / 2.0], centre)
            } else {
                (size[0] * size[1], v, [size[1] / 2.0, size[0] / 2.0], centre)
            };
        }
    }
    (best.1, best.2, best.3)
}

/// A ring clipped to a box (Sutherland–Hodgman).
pub fn clip_ring(ring: &[P], lo: P, hi: P) -> Vec<P> {
    let mut out = ring.to_vec();
    for (axis, keep_above, limit) in [(0, true, lo[0]), (0, false, hi[0]), (1, true, lo[1]), (1, false, hi[1])] {
        let input = std::mem::take(&mut out);
        let is_in = |p: P| if keep_above { p[axis] >= limit } else { p[axis] <= limit };
        for i in 0..input.len() {
            let (a, b) = (input[i], input[(i + 1) % input.len()]);
            if is_in(a) {
                out.push(a);
            }
            if is_in(a) != is_in(b) {
                out.push(lerp(a, b, (limit - a[axis]) / (b[axis] - a[axis])));
            }
        }
    }
    out
}

/// Corners of a rectangle, counter-clockwise.
pub fn rect(centre: P, along: P, half: [f64; 2]) -> Vec<P> {
    let (u, v) = (mul(along, half[0]), mul(perp(along), half[1]));
    vec![sub(sub(centre, u), v), sub(add(centre, u), v), add(add(centre, u), v), add(sub(centre, u), v)]
}

/// A ring moved inwards by a distance for each edge (mitred; sharp corners are cut back).
pub fn inset(ring: &[P], by: impl Fn(usize) -> f64) -> Vec<P> {
    let n = ring.len();
    let mut out = Vec::with_capacity(n);
    for i in 0..n {
        let h = (i + n - 1) % n;
        let (d0, d1) = (unit(sub(ring[i], ring[h])), unit(sub(ring[(i + 1) % n], ring[i])));
        let (n0, n1) = (perp(d0), perp(d1));
        let (a, b) = (by(h), by(i));
        let k = cross(d0, d1);
        let p = if k.abs() < 0.08 {
            add(ring[i], mul(unit(add(n0, n1)), a.max(b)))
        } else {
            // Where the two moved edges meet.
            let (p0, p1) = (add(ring[i], mul(n0, a)), add(ring[i], mul(n1, b)));
            let t = cross(sub(p1, p0), d1) / k;
            let q = add(p0, mul(d0, t));
            let far = dist(q, ring[i]);
            let most = 3.0 * a.max(b) + 0.5;
            if far > most { add(ring[i], mul(sub(q, ring[i]), most / far)) } else { q }
        };
        out.push(p);
    }
    out
}

/// Whether a ring neither crosses itself nor comes nearer than a hand to itself.
pub fn simple(ring: &[P]) -> bool {
    const HAND_M: f64 = 0.1;
    let n = ring.len();
    let edge = |i: usize| (ring[i], ring[(i + 1) % n]);
    (0..n).all(|i| {
        let (a, b) = edge(i);
        (0..n).all(|j| {
            let corner_clear = j == i || j == (i + 1) % n || to_segment(ring[j], a, b).0 > HAND_M;
            let beside = j == i || (j + 1) % n == i || (i + 1) % n == j;
            corner_clear && (beside || crossing(a, b, edge(j).0, edge(j).1).is_none())
        })
    })
}
