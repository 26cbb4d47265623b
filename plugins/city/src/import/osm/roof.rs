//! Roofs of Simple 3D Buildings as meshes: every shape of the OSM wiki over any footprint.
//!
//! Ridged roofs are lower envelopes of planes: the footprint is cut where one plane takes over from another, and
//! walls rise to the planes, so that the body is closed whatever the outline is. Domes, onions, cones and spires are
//! rings of the footprint drawn together towards its middle.

use crate::{
    import::{
        rings::{Area, P2, contains, to_f32},
        triangulate::Triangulator,
    },
    model::{BuildingPart, RoofShape},
};

/// A roof as its tags say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Roof<'a> {
    /// `roof:shape`.
    pub shape: &'a str,
    /// Degrees clockwise from north in which the roof faces (downhill): `roof:direction`.
    pub direction_deg: Option<f64>,
    /// The ridge runs across the long side: `roof:orientation=across`.
    pub across: bool,
}

/// The span a slope covers, m: half the width under a ridge, all of it under a single slope. For `roof:angle`.
pub(super) fn span_m(area: &Area, roof: Roof<'_>) -> f64 {
    let frame = Frame::of(area, roof);
    match roof.shape {
        "skillion" => frame.width * 2.0,
        "pyramidal" | "cone" | "dome" | "onion" => frame.width.min(frame.length),
        _ => frame.width,
    }
}

/// Shapes that the renderer builds itself over four corners, when nothing turns them.
pub(super) fn plain(area: &Area, roof: Roof<'_>) -> Option<RoofShape> {
    let quad = area.ring.len() == 4 && area.holes.is_empty();
    match roof.shape {
        "flat" => Some(RoofShape::Flat),
        "gabled" if quad && !roof.across && roof.direction_deg.is_none() => Some(RoofShape::Gabled),
        "hipped" if quad && !roof.across && roof.direction_deg.is_none() => Some(RoofShape::Hipped),
        "pyramidal" if area.holes.is_empty() => Some(RoofShape::Pyramidal),
        _ => None,
    }
}

/// A shape as the wiki spells it: other spellings and words that mean the same are in use.
pub(super) fn spelled(shape: &str) -> &str {
    const SAME: [(&str, &str); 22] = [
        ("", "flat"),
        ("no", "flat"),
        ("level", "flat"),
        ("gable", "gabled"),
        ("pitched", "gabled"),
        ("saddle", "gabled"),
        ("dual_pitched", "gabled"),
        ("hip", "hipped"),
        ("halfhipped", "half-hipped"),
        ("lean_to", "skillion"),
        ("lean-to", "skillion"),
        ("shed", "skillion"),
        ("monopitched", "skillion"),
        ("pyramid", "pyramidal"),
        ("tented", "pyramidal"),
        ("half_round", "round"),
        ("barrel", "round"),
        ("arched", "round"),
        ("vaulted", "round"),
        ("saw_tooth", "sawtooth"),
        ("cross_gabled", "crosspitched"),
        ("domed", "dome"),
    ];
    let shape = shape.split(';').next().unwrap_or_default().trim();
    let known = |word: &str| SAME.iter().find(|(other, _)| other.eq_ignore_ascii_case(word)).map(|(_, same)| *same);
    known(shape).or_else(|| SHAPES.iter().copied().find(|s| s.eq_ignore_ascii_case(shape))).unwrap_or(shape)
}

/// Shapes whose case may differ.
const SHAPES: [&str; 15] = [
    "flat",
    "gabled",
    "hipped",
    "half-hipped",
    "skillion",
    "gambrel",
    "mansard",
    "pyramidal",
    "cone",
    "dome",
    "onion",
    "round",
    "saltbox",
    "sawtooth",
    "butterfly",
];

/// Is this a shape that can be built?
pub(super) fn known(shape: &str) -> bool {
    profile(shape).is_some()
        || turned(shape).is_some()
        || matches!(shape, "flat" | "sawtooth" | "butterfly" | "crosspitched")
}

/// The footprint's own axes: `along` the ridge, half sizes in m around the middle of its tightest box.
struct Frame {
    middle: P2,
    along: P2,
    length: f64,
    width: f64,
}

impl Frame {
    fn of(area: &Area, roof: Roof<'_>) -> Self {
        let along = match roof.direction_deg {
            // The slope faces that way; the ridge lies across it.
            Some(deg) => {
                let (sin, cos) = deg.to_radians().sin_cos();
                [cos, -sin]
            }
            None => {
                let box_of = |u: P2| {
                    let (a, b, c, d) = extent(&area.ring, u);
                    (b - a, d - c)
                };
                let sides =
                    (0..area.ring.len()).filter_map(|i| unit(area.ring[i], area.ring[(i + 1) % area.ring.len()]));
                let best = sides.min_by(|a, b| {
                    let ((l, w), (m, x)) = (box_of(*a), box_of(*b));
                    (l * w).total_cmp(&(m * x))
                });
                let u = best.unwrap_or([1.0, 0.0]);
                let (l, w) = box_of(u);
                // A single slope falls along the short side, too.
                if (l >= w) != roof.across { u } else { [-u[1], u[0]] }
            }
        };
        let (a, b, c, d) = extent(&area.ring, along);
        let (s, t) = ((a + b) / 2.0, (c + d) / 2.0);
        let middle = [along[0] * s - along[1] * t, along[1] * s + along[0] * t];
        Self { middle, along, length: ((b - a) / 2.0).max(0.05), width: ((d - c) / 2.0).max(0.05) }
    }

    /// Position along the ridge and across it, −1 … 1 inside the box.
    fn uv(&self, p: P2) -> P2 {
        let d = [p[0] - self.middle[0], p[1] - self.middle[1]];
        let (u, v) = (d[0] * self.along[0] + d[1] * self.along[1], d[1] * self.along[0] - d[0] * self.along[1]);
        [u / self.length, v / self.width]
    }
}

fn unit(a: P2, b: P2) -> Option<P2> {
    let d = [b[0] - a[0], b[1] - a[1]];
    let l = d[0].hypot(d[1]);
    (l > 1e-6).then(|| [d[0] / l, d[1] / l])
}

/// Range along a direction and across it (to its left).
fn extent(ring: &[P2], u: P2) -> (f64, f64, f64, f64) {
    ring.iter().fold((f64::MAX, f64::MIN, f64::MAX, f64::MIN), |(a, b, c, d), p| {
        let (s, t) = (p[0] * u[0] + p[1] * u[1], p[1] * u[0] - p[0] * u[1]);
        (a.min(s), b.max(s), c.min(t), d.max(t))
    })
}

/// Height as a share of the roof's: `a·u + b·v + c`.
type Plane = [f64; 3];

/// Planes of a ridged roof; its height is the lowest of them. `ratio` is width over length.
fn profile(shape: &str) -> Option<Box<dyn Fn(f64) -> Vec<Plane>>> {
    // Both slopes of a profile across the ridge: share of height at the eaves and rise towards the ridge.
    fn both(list: &[(f64, f64)]) -> Vec<Plane> {
        list.iter()
            .flat_map(|&(at_eaves, rise)| [[0.0, rise, at_eaves + rise], [0.0, -rise, at_eaves + rise]])
            .collect()
    }
    // The same from the ends: as steep on the ground as across, which `ratio` turns into shares of the length.
    fn ends(list: &[(f64, f64)], ratio: f64, which: &[f64]) -> Vec<Plane> {
        let rise = |r: f64| r / ratio.max(1e-3);
        list.iter().flat_map(|&(e, r)| which.iter().map(move |s| [s * -rise(r), 0.0, e + rise(r)])).collect()
    }
    const TWO: [f64; 2] = [1.0, -1.0];
    Some(match shape {
        "gabled" => Box::new(|_| both(&[(0.0, 1.0)])),
        // Low where it faces.
        "skillion" => Box::new(|_| vec![[0.0, -0.5, 0.5]]),
        "hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.0, 1.0)], k, &TWO)].concat()),
        "half-hipped" | "half_hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.5, 1.0)], k, &TWO)].concat()),
        "side_hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.0, 1.0)], k, &[1.0])].concat()),
        "side_half-hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.5, 1.0)], k, &[1.0])].concat()),
        "gambrel" => Box::new(|_| both(&[(0.0, 1.6), (0.4, 0.6)])),
        "mansard" => Box::new(|k| [both(&[(0.0, 2.4), (0.6, 0.4)]), ends(&[(0.0, 2.4), (0.6, 0.4)], k, &TWO)].concat()),
        // A third of the width on the steep side, two thirds on the other.
        "saltbox" => Box::new(|_| vec![[0.0, 1.5, 1.5], [0.0, -0.75, 0.75]]),
        "double_saltbox" => Box::new(|_| [both(&[(0.0, 1.5)]), vec![[0.0, 0.0, 1.0]]].concat()),
        "quadruple_saltbox" => {
            Box::new(|k| [both(&[(0.0, 1.5)]), ends(&[(0.0, 1.5)], k, &TWO), vec![[0.0, 0.0, 1.0]]].concat())
        }
        "round" => Box::new(|_| {
            // Tangents of a half ellipse across the ridge, steepest at the eaves.
            let tangents = (0..7).map(|i| f64::from(i) * 13.0).map(f64::to_radians);
            let sides = tangents.flat_map(|t| if t == 0.0 { vec![t] } else { vec![t, -t] });
            sides.map(|t| [0.0, -t.tan(), 1.0 / t.cos()]).collect()
        }),
        _ => return None,
    })
}

/// Rings of a roof that is drawn together to a point: share of the footprint's size and of the height.
fn turned(shape: &str) -> Option<Vec<[f64; 2]>> {
    Some(match shape {
        "pyramidal" | "cone" | "conical" | "spire" => vec![[1.0, 0.0], [0.0, 1.0]],
        "dome" => (0..=6).map(|i| (f64::from(i) * 15.0).to_radians()).map(|t| [t.cos(), t.sin()]).collect(),
        "onion" => vec![
            [1.0, 0.0],
            [1.12, 0.1],
            [1.17, 0.22],
            [1.08, 0.36],
            [0.84, 0.5],
            [0.5, 0.63],
            [0.22, 0.76],
            [0.08, 0.88],
            [0.0, 1.0],
        ],
        _ => return None,
    })
}

/// The body with its roof as a mesh; `None` for a shape that is not built, or an outline that gives no area.
pub(super) fn body(area: &Area, roof: Roof<'_>, [base, eaves, top]: [f64; 3]) -> Option<BuildingPart> {
    let mut mesh =
        Mesh { base, eaves, rise: top - eaves, triangles: Vec::new(), triangulator: Triangulator::default() };
    let frame = Frame::of(area, roof);
    if let Some(rings) = turned(roof.shape) {
        mesh.turned(area, &rings)?;
    } else if let Some(planes) = profile(roof.shape) {
        mesh.envelope(area, &frame, &planes(frame.width / frame.length), false);
    } else {
        match roof.shape {
            // Two slopes that meet in a valley: the higher of two planes.
            "butterfly" => mesh.envelope(area, &frame, &[[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], true),
            "crosspitched" => mesh.crossed(area, &frame),
            "sawtooth" => mesh.sawtooth(area, &frame),
            _ => return None,
        }
    }
    if mesh.triangles.is_empty() {
        return None;
    }
    Some(BuildingPart {
        footprint: to_f32(&area.ring),
        holes: area.holes.iter().map(|h| to_f32(h)).collect(),
        base_m: base as f32,
        eaves_m: eaves as f32,
        top_m: top as f32,
        roof: RoofShape::Mesh,
        mesh_is_roof: mesh.triangles.iter().map(|t| t.1).collect(),
        mesh: mesh.triangles.iter().flat_map(|t| t.0.map(|p| p.map(|v| v as f32))).collect(),
    })
}

struct Mesh {
    base: f64,
    eaves: f64,
    rise: f64,
    triangles: Vec<([[f64; 3]; 3], bool)>,
    triangulator: Triangulator,
}

fn value(plane: Plane, [u, v]: P2) -> f64 {
    plane[0] * u + plane[1] * v + plane[2]
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
    fn envelope(&mut self, area: &Area, frame: &Frame, planes: &[Plane], highest: bool) {
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
    fn crossed(&mut self, area: &Area, frame: &Frame) {
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
    fn sawtooth(&mut self, area: &Area, frame: &Frame) {
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
    fn turned(&mut self, area: &Area, rings: &[[f64; 2]]) -> Option<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn block(length: f64, width: f64) -> Area {
        Area { ring: vec![[0.0, 0.0], [length, 0.0], [length, width], [0.0, width]], holes: Vec::new() }
    }

    fn roof(shape: &str) -> Roof<'_> {
        Roof { shape, direction_deg: None, across: false }
    }

    /// Volume above the eaves by the divergence theorem: the floor is missing, so walls and roof are closed by a
    /// level lid at the base, which adds nothing when heights count from there.
    fn volume(part: &BuildingPart) -> f64 {
        let base = f64::from(part.base_m);
        part.mesh
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [t[0], t[1], t[2]].map(|p| [f64::from(p[0]), f64::from(p[1]), f64::from(p[2]) - base]);
                // Flux of (0, 0, z) through the triangle.
                let nz = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
                nz / 2.0 * (a[2] + b[2] + c[2]) / 3.0
            })
            .sum()
    }

    /// Every edge of a closed body is used once in each direction, but for the open bottom and where walls are split
    /// finer than roofs.
    #[test]
    fn every_shape_holds_the_volume_it_should() {
        let (l, w, h) = (20.0, 10.0, 4.0);
        let prism = l * w * 6.0;
        for (shape, above) in [
            ("gabled", l * w * h / 2.0),
            ("skillion", l * w * h / 2.0),
            ("hipped", (l - w) * w * h / 2.0 + w * w * h / 3.0),
            ("pyramidal", l * w * h / 3.0),
            ("cone", l * w * h / 3.0),
            ("butterfly", l * w * h / 2.0),
            ("sawtooth", l * w * h / 2.0),
            ("saltbox", l * w * h / 2.0),
            // Flat over the middle third.
            ("double_saltbox", l * w * h * 2.0 / 3.0),
            // Steep up to 0.64 of the height over the outer 0.4 of each side, then to the ridge.
            ("gambrel", l * w * h * (0.4 * 0.32 + 0.6 * 0.82)),
        ] {
            let part = body(&block(l, w), roof(shape), [2.0, 8.0, 8.0 + h]).unwrap_or_else(|| panic!("{shape}"));
            let got = volume(&part) - prism;
            assert!((got - above).abs() < 0.01 * above, "{shape}: {got} instead of {above}");
            assert_eq!(part.mesh.len(), 3 * part.mesh_is_roof.len());
            assert!(part.mesh.iter().all(|p| p[2] >= 2.0 - 1e-4 && p[2] <= 12.0 + 1e-4), "{shape}");
            let high = part.mesh.iter().map(|p| p[2]).fold(f32::MIN, f32::max);
            assert!((high - 12.0).abs() < 0.01, "{shape} reaches {high}");
        }
        let share = |shape: &str| {
            let part = body(&block(l, w), roof(shape), [2.0, 8.0, 8.0 + h]).unwrap();
            (volume(&part) - prism) / (l * w * h)
        };
        assert!((share("round") - std::f64::consts::FRAC_PI_4).abs() < 0.02, "{}", share("round"));
        // A dome over a rectangle of 4 corners: rings of similar rectangles, (4 − …) by Simpson about 2/3.
        assert!((share("dome") - 2.0 / 3.0).abs() < 0.02, "{}", share("dome"));
        assert!(share("onion") > 0.4 && share("mansard") > share("hipped") && share("half-hipped") > share("hipped"));
        assert!(share("side_hipped") > share("hipped") && share("side_hipped") < share("gabled"));
        assert!((share("crosspitched") - 2.0 / 3.0).abs() < 0.01, "{}", share("crosspitched"));
        assert!(share("quadruple_saltbox") > 0.4 && share("side_half-hipped") > share("half-hipped") - 1e-9);
        for shape in ["flat", "many", ""] {
            assert!(body(&block(l, w), roof(shape), [0.0, 1.0, 2.0]).is_none(), "{shape}");
        }
    }

    #[test]
    fn odd_outlines_and_courtyards_are_closed_too() {
        let mut court = block(20.0, 20.0);
        court.holes = vec![vec![[5.0, 5.0], [5.0, 15.0], [15.0, 15.0], [15.0, 5.0]]];
        let el = Area {
            ring: vec![[0.0, 0.0], [20.0, 0.0], [20.0, 8.0], [8.0, 8.0], [8.0, 20.0], [0.0, 20.0]],
            holes: Vec::new(),
        };
        let around: Vec<P2> =
            (0..24).map(|i| (f64::from(i) * 15.0).to_radians()).map(|t| [9.0 * t.cos(), 9.0 * t.sin()]).collect();
        let circle = Area { ring: around, holes: Vec::new() };
        for area in [court, el, circle] {
            for shape in [
                "gabled",
                "hipped",
                "skillion",
                "gambrel",
                "mansard",
                "round",
                "butterfly",
                "sawtooth",
                "crosspitched",
                "half-hipped",
            ] {
                let part = body(&area, roof(shape), [0.0, 6.0, 9.0]).unwrap_or_else(|| panic!("{shape}"));
                let flat = area.area_m2();
                let got = volume(&part) / flat;
                assert!((6.0..9.0 + 1e-3).contains(&got), "{shape}: mean height {got}");
            }
        }
    }

    #[test]
    fn direction_and_orientation_turn_the_roof() {
        // Facing south: low on the south side.
        let part = body(
            &block(20.0, 10.0),
            Roof { shape: "skillion", direction_deg: Some(180.0), across: false },
            [0.0, 3.0, 6.0],
        )
        .unwrap();
        let roof_points: Vec<[f32; 3]> =
            part.mesh.chunks_exact(3).zip(&part.mesh_is_roof).filter(|t| *t.1).flat_map(|t| t.0.to_vec()).collect();
        assert!(roof_points.iter().all(|p| (p[2] - (3.0 + 0.3 * p[1])).abs() < 1e-3), "{roof_points:?}");
        let east = body(
            &block(20.0, 10.0),
            Roof { shape: "skillion", direction_deg: Some(90.0), across: false },
            [0.0, 3.0, 6.0],
        )
        .unwrap();
        let lowest = east
            .mesh
            .chunks_exact(3)
            .zip(&east.mesh_is_roof)
            .filter(|t| *t.1)
            .flat_map(|t| t.0.to_vec())
            .min_by(|a, b| a[2].total_cmp(&b[2]))
            .unwrap();
        assert_eq!(lowest[0], 20.0);
        // A ridge across the long side: highest at x = 10.
        let across =
            body(&block(20.0, 10.0), Roof { shape: "gabled", direction_deg: None, across: true }, [0.0, 3.0, 6.0])
                .unwrap();
        assert!(across.mesh.iter().filter(|p| p[2] > 5.99).all(|p| (p[0] - 10.0).abs() < 1e-3));
        assert_eq!(span_m(&block(20.0, 10.0), roof("gabled")), 5.0);
        assert_eq!(span_m(&block(20.0, 10.0), roof("skillion")), 10.0);
    }
}
