//! Models built from rings and beams.

use crate::demo::geom::P;

/// Triangles by colour, in city axes: x east, y north, z up.
#[derive(Default)]
pub struct Model {
    pub parts: Vec<([f32; 3], Vec<[f64; 3]>)>,
}

/// A corner, m.
pub type V3 = [f64; 3];

impl Model {
    fn part(&mut self, color: [f32; 3]) -> &mut Vec<V3> {
        let at = self.parts.iter().position(|p| p.0 == color).unwrap_or_else(|| {
            self.parts.push((color, Vec::new()));
            self.parts.len() - 1
        });
        &mut self.parts[at].1
    }
    pub fn quad(&mut self, color: [f32; 3], q: [V3; 4]) {
        self.part(color).extend([q[0], q[1], q[2], q[0], q[2], q[3]]);
    }
    /// A body between two rings with equally many corners, counter-clockwise from above, with lids.
    fn loft(&mut self, color: [f32; 3], low: &[V3], high: &[V3]) {
        let n = low.len();
        for i in 0..n {
            let j = (i + 1) % n;
            self.quad(color, [low[i], low[j], high[j], high[i]]);
        }
        for i in 1..n - 1 {
            self.part(color).extend([high[0], high[i], high[i + 1]]);
            self.part(color).extend([low[0], low[i + 1], low[i]]);
        }
    }
    fn disc(c: P, r: f64, z: f64, n: usize, turn: f64) -> Vec<V3> {
        (0..n)
            .map(|i| {
                let a = std::f64::consts::TAU * i as f64 / n as f64 + turn;
                [c[0] + r * a.cos(), c[1] + r * a.sin(), z]
            })
            .collect()
    }
    /// A cone or its stump of `n` sides between two discs, each of a radius and a height, m.
    pub fn cone(&mut self, color: [f32; 3], c: P, (r0, z0): (f64, f64), (r1, z1): (f64, f64), n: usize) {
        let turn = std::f64::consts::PI / n as f64;
        self.loft(color, &Self::disc(c, r0, z0, n, turn), &Self::disc(c, r1, z1, n, turn));
    }
    /// A square beam between two points.
    pub fn beam(&mut self, color: [f32; 3], a: V3, b: V3, half: f64) {
        let d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
        let l = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
        let d = d.map(|v| v / l);
        // Two normals of the beam.
        let h = d[0].hypot(d[1]);
        let u = if h > 1e-3 { [-d[1] / h, d[0] / h, 0.0] } else { [1.0, 0.0, 0.0] };
        let w = [d[1] * u[2] - d[2] * u[1], d[2] * u[0] - d[0] * u[2], d[0] * u[1] - d[1] * u[0]];
        let ring = |c: V3| -> Vec<V3> {
            [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
                .iter()
                .map(|s: &[f64; 2]| std::array::from_fn(|k| c[k] + half * (s[0] * u[k] + s[1] * w[k])))
                .collect()
        };
        self.loft(color, &ring(a), &ring(b));
    }
}
