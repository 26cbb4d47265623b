//! Plane geometry of the generator: points, polylines, polygons. Local metres, `x` east, `y` north.

/// A point.
pub type P = [f64; 2];

pub fn add(a: P, b: P) -> P {
    [a[0] + b[0], a[1] + b[1]]
}
pub fn sub(a: P, b: P) -> P {
    [a[0] - b[0], a[1] - b[1]]
}
pub fn mul(a: P, k: f64) -> P {
    [a[0] * k, a[1] * k]
}
pub fn dot(a: P, b: P) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}
pub fn cross(a: P, b: P) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}
pub fn len(a: P) -> f64 {
    a[0].hypot(a[1])
}
pub fn dist(a: P, b: P) -> f64 {
    len(sub(a, b))
}
pub fn unit(a: P) -> P {
    let l = len(a);
    if l > 1e-12 { mul(a, 1.0 / l) } else { [1.0, 0.0] }
}
/// Left normal.
pub fn perp(a: P) -> P {
    [-a[1], a[0]]
}
pub fn lerp(a: P, b: P, t: f64) -> P {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}
pub fn smoothstep(a: f64, b: f64, x: f64) -> f64 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Distance of `p` from segment `ab`, and the share of the way along it.
pub fn to_segment(p: P, a: P, b: P) -> (f64, f64) {
    let ab = sub(b, a);
    let l2 = dot(ab, ab);
    let t = if l2 > 0.0 { (dot(sub(p, a), ab) / l2).clamp(0.0, 1.0) } else { 0.0 };
    (dist(p, lerp(a, b, t)), t)
}

/// Distance of `p` from a polyline, and the length along it of the nearest point.
pub fn to_line(p: P, line: &[P]) -> (f64, f64) {
    let (mut best, mut along, mut run) = (f64::MAX, 0.0, 0.0);
    for w in line.windows(2) {
        let l = dist(w[0], w[1]);
        let (d, t) = to_segment(p, w[0], w[1]);
        if d < best {
            (best, along) = (d, run + t * l);
        }
        run += l;
    }
    (best, along)
}

/// Where the open segments cross: shares along `ab` and `cd`.
pub fn crossing(a: P, b: P, c: P, d: P) -> Option<(f64, f64)> {
    let (r, s) = (sub(b, a), sub(d, c));
    let k = cross(r, s);
    if k.abs() < 1e-9 {
        return None;
    }
    let t = cross(sub(c, a), s) / k;
    let u = cross(sub(c, a), r) / k;
    ((-1e-9..=1.0 + 1e-9).contains(&t) && (-1e-9..=1.0 + 1e-9).contains(&u)).then_some((t, u))
}

/// Twice the signed area / 2: positive when counter-clockwise.
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
        let (mut lo, mut hi) = ([f64::MAX; 2], [f64::MIN; 2]);
        for &p in ring {
            let q = [dot(p, u), dot(p, v)];
            lo = [lo[0].min(q[0]), lo[1].min(q[1])];
            hi = [hi[0].max(q[0]), hi[1].max(q[1])];
        }
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

/// Centripetal-like smooth curve through the points (Catmull-Rom), a point about every `step` m.
pub fn spline(points: &[P], step: f64, closed: bool) -> Vec<P> {
    let n = points.len();
    if n < 3 {
        return resample(points, step);
    }
    let at = |i: isize| -> P {
        if closed { points[i.rem_euclid(n as isize) as usize] } else { points[i.clamp(0, n as isize - 1) as usize] }
    };
    let mut out = Vec::new();
    let spans = if closed { n } else { n - 1 };
    for i in 0..spans as isize {
        let (p0, p1, p2, p3) = (at(i - 1), at(i), at(i + 1), at(i + 2));
        let k = ((dist(p1, p2) / step).round() as usize).max(1);
        for j in 0..k {
            let t = j as f64 / k as f64;
            let (t2, t3) = (t * t, t * t * t);
            let f = |a: f64, b: f64, c: f64, d: f64| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t2
                    + (3.0 * b - a - 3.0 * c + d) * t3)
            };
            out.push([f(p0[0], p1[0], p2[0], p3[0]), f(p0[1], p1[1], p2[1], p3[1])]);
        }
    }
    out.push(if closed { points[0] } else { points[n - 1] });
    out
}

/// Points at even distances of about `step` along a polyline; both ends kept.
pub fn resample(line: &[P], step: f64) -> Vec<P> {
    let total: f64 = line.windows(2).map(|w| dist(w[0], w[1])).sum();
    let k = ((total / step).round() as usize).max(1);
    (0..=k).map(|i| along(line, total * i as f64 / k as f64).0).collect()
}

/// Point and direction at a length along a polyline; clamped to its ends.
pub fn along(line: &[P], s: f64) -> (P, P) {
    let mut run = 0.0;
    for (i, w) in line.windows(2).enumerate() {
        let l = dist(w[0], w[1]);
        if run + l >= s || i + 2 == line.len() {
            let t = if l > 0.0 { ((s - run) / l).clamp(0.0, 1.0) } else { 0.0 };
            return (lerp(w[0], w[1], t), unit(sub(w[1], w[0])));
        }
        run += l;
    }
    (line.first().copied().unwrap_or([0.0, 0.0]), [1.0, 0.0])
}

/// The line moved to its left by `by(i)` m at each point (mean normals).
pub fn offset(line: &[P], by: impl Fn(usize) -> f64) -> Vec<P> {
    (0..line.len())
        .map(|i| {
            let a = line[i.saturating_sub(1)];
            let b = line[(i + 1).min(line.len() - 1)];
            add(line[i], mul(perp(unit(sub(b, a))), by(i)))
        })
        .collect()
}

/// Part of a segment inside a box, if any.
pub fn clip(a: P, b: P, lo: P, hi: P) -> Option<(P, P)> {
    let d = sub(b, a);
    let (mut t0, mut t1) = (0.0f64, 1.0f64);
    for k in 0..2 {
        for (p, q) in [(-d[k], a[k] - lo[k]), (d[k], hi[k] - a[k])] {
            if p.abs() < 1e-12 {
                if q < 0.0 {
                    return None;
                }
            } else if p < 0.0 {
                t0 = t0.max(q / p);
            } else {
                t1 = t1.min(q / p);
            }
        }
    }
    (t0 < t1).then(|| (lerp(a, b, t0), lerp(a, b, t1)))
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

/// Douglas–Peucker on an open line.
pub fn simplify(line: &[P], tolerance: f64) -> Vec<P> {
    if line.len() < 3 {
        return line.to_vec();
    }
    let (a, b) = (line[0], line[line.len() - 1]);
    let (mut worst, mut at) = (0.0, 0);
    for (i, &p) in line.iter().enumerate().take(line.len() - 1).skip(1) {
        let d = to_segment(p, a, b).0;
        if d > worst {
            (worst, at) = (d, i);
        }
    }
    if worst <= tolerance {
        return vec![a, b];
    }
    let mut left = simplify(&line[..=at], tolerance);
    left.pop();
    left.extend(simplify(&line[at..], tolerance));
    left
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
