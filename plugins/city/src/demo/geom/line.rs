//! Segments and polylines.

use super::{P, add, cross, dist, dot, lerp, mul, perp, sub, unit};

/// Length of a polyline, m.
pub fn length(line: &[P]) -> f64 {
    line.windows(2).map(|w| dist(w[0], w[1])).sum()
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
    let total = length(line);
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
