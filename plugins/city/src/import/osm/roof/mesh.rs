//! Cuts a footprint under the planes of its roof and closes the body with walls.

use super::{
    frame::Frame,
    profile::{Plane, value},
};
use crate::import::{
    rings::{Area, P2, contains},
    triangulate::Triangulator,
};

/// A closed body under construction, m; triangles say whether they are roof.
pub(super) struct Mesh {
    pub(super) base: f64,
    pub(super) eaves: f64,
    pub(super) rise: f64,
    pub(super) triangles: Vec<([[f64; 3]; 3], bool)>,
    pub(super) triangulator: Triangulator,
}

/// The part of a ring where a function is not negative (Sutherland–Hodgman).
fn clip(ring: &[P2], keep: impl Fn(P2) -> f64) -> Vec<P2> {
    let mut out = Vec::with_capacity(ring.len() + 2);
    for (i, &a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        let (fa, fb) = (keep(a), keep(b));
        if fa >= 0.0 {
            out.push(a);
        }
        if (fa > 0.0 && fb < 0.0) || (fa < 0.0 && fb > 0.0) {
            let t = fa / (fa - fb);
            out.push([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]);
        }
    }
    out
}

impl Mesh {
    fn z(&self, share: f64) -> f64 {
        self.eaves + self.rise * share.clamp(0.0, 1.0)
    }

    /// The footprint as triangles: convex, so that cutting them is exact whatever the outline is.
    fn flat(&mut self, area: &Area) -> Vec<Vec<P2>> {
        let level = |r: &Vec<P2>| r.iter().map(|p| [p[0], p[1], 0.0]).collect();
        let rings: Vec<Vec<[f64; 3]>> = std::iter::once(&area.ring).chain(&area.holes).map(level).collect();
        self.triangulator.polygon(&rings).into_iter().map(|t| t.map(|p| [p[0], p[1]]).to_vec()).collect()
    }

    /// A convex piece of roof; its corners are lifted by `height`.
    fn sheet(&mut self, piece: &[P2], height: &dyn Fn(P2) -> f64) {
        for i in 2..piece.len() {
            let mut t = [piece[0], piece[i - 1], piece[i]].map(|p| [p[0], p[1], self.z(height(p))]);
            let cross = (t[1][0] - t[0][0]) * (t[2][1] - t[0][1]) - (t[1][1] - t[0][1]) * (t[2][0] - t[0][0]);
            if cross < 0.0 {
                t.swap(1, 2);
            }
            if cross.abs() > 1e-7 {
                self.triangles.push((t, true));
            }
        }
    }

    /// Walls along a ring up to the roof, bent where `breaks` (functions that change sign) cross an edge.
    fn walls(&mut self, ring: &[P2], height: &dyn Fn(P2) -> f64, breaks: &[&dyn Fn(P2) -> f64]) {
        for (i, &a) in ring.iter().enumerate() {
            let b = ring[(i + 1) % ring.len()];
            let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            let mut cuts = vec![0.0, 1.0];
            for f in breaks {
                let (fa, fb) = (f(a), f(b));
                if (fa > 0.0) != (fb > 0.0) && (fa - fb).abs() > 1e-9 {
                    cuts.push((fa / (fa - fb)).clamp(0.0, 1.0));
                }
            }
            cuts.sort_by(f64::total_cmp);
            cuts.dedup_by(|x, y| (*x - *y).abs() < 1e-6);
            for w in cuts.windows(2) {
                let (p, q) = (at(w[0]), at(w[1]));
                // Just inside the stretch, so that a step at its end does not count.
                let mid = (w[0] + w[1]) / 2.0;
                let (p2, q2) = (at(w[0] + (mid - w[0]) * 1e-6), at(w[1] + (mid - w[1]) * 1e-6));
                let (low, zp, zq) = (self.base, self.z(height(p2)), self.z(height(q2)));
                let [a, b, c, d] = [[p[0], p[1], low], [q[0], q[1], low], [q[0], q[1], zq], [p[0], p[1], zp]];
                self.triangles.push(([a, b, c], false));
                if zp > low {
                    self.triangles.push(([a, c, d], false));
                }
            }
        }
    }

    /// The lowest (or highest) of some planes over the footprint.
    pub(super) fn envelope(&mut self, area: &Area, frame: &Frame, planes: &[Plane], highest: bool) {
        let sign = if highest { -1.0 } else { 1.0 };
        let lowest = |p: P2| {
            let uv = frame.uv(p);
            sign * planes.iter().map(|&k| sign * value(k, uv)).fold(f64::MAX, f64::min)
        };
        let flat = self.flat(area);
        for (i, &own) in planes.iter().enumerate() {
            for triangle in &flat {
                let mut piece = triangle.clone();
                for (j, &other) in planes.iter().enumerate().filter(|(j, _)| *j != i) {
                    // Equal planes: the first one takes it.
                    let tie = if j < i { -1e-12 } else { 0.0 };
                    piece = clip(&piece, |p| {
                        let uv = frame.uv(p);
                        sign * (value(other, uv) - value(own, uv)) + tie
                    });
                    if piece.len() < 3 {
                        break;
                    }
                }
                self.sheet(&piece, &|p| value(own, frame.uv(p)));
            }
        }
        let mut differences: Vec<Box<dyn Fn(P2) -> f64 + '_>> = Vec::new();
        for (i, &a) in planes.iter().enumerate() {
            for &b in &planes[i + 1..] {
                differences.push(Box::new(move |p| value(a, frame.uv(p)) - value(b, frame.uv(p))));
            }
        }
        let breaks: Vec<&dyn Fn(P2) -> f64> = differences.iter().map(|f| &**f as &dyn Fn(P2) -> f64).collect();
        for ring in std::iter::once(&area.ring).chain(&area.holes) {
            self.walls(ring, &lowest, &breaks);
        }
    }

    /// Two gabled roofs across each other: four gables, valleys between.
    pub(super) fn crossed(&mut self, area: &Area, frame: &Frame) {
        let u = |p: P2| frame.uv(p)[0];
        let v = |p: P2| frame.uv(p)[1];
        let height = |p: P2| (1.0 - u(p).abs()).max(1.0 - v(p).abs());
        // Four wedges between the diagonals; in each the gable that faces outwards is the higher one, with a slope
        // on either side of its ridge.
        let flat = self.flat(area);
        for (side, ends, half) in
            [1.0, -1.0].into_iter().flat_map(|s| [(s, true, 1.0), (s, true, -1.0), (s, false, 1.0), (s, false, -1.0)])
        {
            for triangle in &flat {
                let out = |p: P2| side * if ends { u(p) } else { v(p) };
                let beside = |p: P2| if ends { v(p) } else { u(p) };
                let piece = clip(triangle, |p| out(p) - beside(p));
                let piece = clip(&piece, |p| out(p) + beside(p));
                self.sheet(&clip(&piece, |p| half * beside(p)), &height);
            }
        }
        let breaks: [&dyn Fn(P2) -> f64; 4] = [&u, &v, &|p| u(p) - v(p), &|p| u(p) + v(p)];
        for ring in std::iter::once(&area.ring).chain(&area.holes) {
            self.walls(ring, &height, &breaks);
        }
    }

    /// Slopes one behind the other along the ridge, with upright faces between.
    pub(super) fn sawtooth(&mut self, area: &Area, frame: &Frame) {
        let teeth = (frame.length * 2.0 / 6.0).round().clamp(2.0, 24.0);
        let at = |p: P2| (frame.uv(p)[0] + 1.0) / 2.0 * teeth;
        let share = |p: P2| {
            let s = at(p).clamp(0.0, teeth - 1e-9);
            s - s.floor()
        };
        let flat = self.flat(area);
        for k in 0..teeth as usize {
            let (low, high) = (k as f64, k as f64 + 1.0);
            for triangle in &flat {
                let piece = clip(&clip(triangle, |p| at(p) - low), |p| high - at(p));
                self.sheet(&piece, &|p| at(p) - low);
            }
            if k > 0 {
                self.upright(area, &|p| at(p) - low);
            }
        }
        let edges: Vec<Box<dyn Fn(P2) -> f64 + '_>> =
            (1..teeth as usize).map(|k| Box::new(move |p| at(p) - k as f64) as Box<dyn Fn(P2) -> f64>).collect();
        let breaks: Vec<&dyn Fn(P2) -> f64> = edges.iter().map(|f| &**f as &dyn Fn(P2) -> f64).collect();
        for ring in std::iter::once(&area.ring).chain(&area.holes) {
            self.walls(ring, &share, &breaks);
        }
    }

    /// The upright face of a tooth where a line crosses the footprint; seen from the low side.
    fn upright(&mut self, area: &Area, line: &dyn Fn(P2) -> f64) {
        let mut crossings: Vec<P2> = Vec::new();
        for ring in std::iter::once(&area.ring).chain(&area.holes) {
            for (i, &a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                let (fa, fb) = (line(a), line(b));
                if (fa > 0.0) != (fb > 0.0) {
                    let t = fa / (fa - fb);
                    crossings.push([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]);
                }
            }
        }
        crossings.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        for pair in crossings.chunks_exact(2) {
            let (p, q) = (pair[0], pair[1]);
            let (low, high) = (self.z(0.0), self.z(1.0));
            let [a, b, c, d] = [[p[0], p[1], low], [q[0], q[1], low], [q[0], q[1], high], [p[0], p[1], high]];
            // Outward is towards the next tooth, where the line's function grows.
            let normal = [q[1] - p[1], p[0] - q[0]];
            let step = [p[0] + normal[0] * 1e-3, p[1] + normal[1] * 1e-3];
            let quad = if line(step) > line(p) { [a, b, c, d] } else { [b, a, d, c] };
            self.triangles.push(([quad[0], quad[1], quad[2]], false));
            self.triangles.push(([quad[0], quad[2], quad[3]], false));
        }
    }

    /// Rings of the footprint drawn together to its middle.
    pub(super) fn turned(&mut self, area: &Area, rings: &[[f64; 2]]) -> Option<()> {
        let ring = &area.ring;
        let middle = crate::import::rings::centre(ring).filter(|m| contains(ring, *m));
        let middle = middle.or_else(|| crate::import::rings::inner_point(ring))?;
        let at = |p: P2, [scale, share]: [f64; 2]| {
            let z = self.eaves + self.rise * share;
            [middle[0] + (p[0] - middle[0]) * scale, middle[1] + (p[1] - middle[1]) * scale, z]
        };
        let mut made = Vec::new();
        for pair in rings.windows(2) {
            for (i, &p) in ring.iter().enumerate() {
                let q = ring[(i + 1) % ring.len()];
                let [a, b, c, d] = [at(p, pair[0]), at(q, pair[0]), at(q, pair[1]), at(p, pair[1])];
                made.push(([a, b, c], true));
                if pair[1][0] > 0.0 {
                    made.push(([a, c, d], true));
                }
            }
        }
        self.triangles.extend(made);
        self.walls(ring, &|_| 0.0, &[]);
        Some(())
    }
}
