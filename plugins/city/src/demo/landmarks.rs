//! A few landmarks, built from rings and written as glTF binaries (y up, metres, −z is north at heading 0).

use super::{DemoError, geom::P};

/// Triangles by colour, in city axes: x east, y north, z up.
#[derive(Default)]
pub struct Model {
    parts: Vec<([f32; 3], Vec<[f64; 3]>)>,
}

type V3 = [f64; 3];

impl Model {
    fn part(&mut self, color: [f32; 3]) -> &mut Vec<V3> {
        let at = self.parts.iter().position(|p| p.0 == color).unwrap_or_else(|| {
            self.parts.push((color, Vec::new()));
            self.parts.len() - 1
        });
        &mut self.parts[at].1
    }
    fn quad(&mut self, color: [f32; 3], q: [V3; 4]) {
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
    fn cone(&mut self, color: [f32; 3], c: P, (r0, z0): (f64, f64), (r1, z1): (f64, f64), n: usize) {
        let turn = std::f64::consts::PI / n as f64;
        self.loft(color, &Self::disc(c, r0, z0, n, turn), &Self::disc(c, r1, z1, n, turn));
    }
    /// A square beam between two points.
    fn beam(&mut self, color: [f32; 3], a: V3, b: V3, half: f64) {
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

const CONCRETE: [f32; 3] = [0.42, 0.47, 0.55];
const STEEL: [f32; 3] = [0.62, 0.68, 0.75];
const GLASS: [f32; 3] = [0.16, 0.32, 0.45];
const WHITE: [f32; 3] = [0.78, 0.80, 0.82];
const RED: [f32; 3] = [0.45, 0.12, 0.10];
const TILE: [f32; 3] = [0.13, 0.16, 0.20];
const GOLD: [f32; 3] = [0.65, 0.48, 0.16];

/// The model of a shape named in the plan.
pub fn model(shape: &str) -> Result<Model, DemoError> {
    let mut m = Model::default();
    match shape {
        "tv_tower" => {
            m.cone(CONCRETE, [0.0, 0.0], (16.0, 0.0), (9.0, 14.0), 24);
            m.cone(CONCRETE, [0.0, 0.0], (6.5, 14.0), (3.6, 168.0), 24);
            for k in 0..6 {
                let a = std::f64::consts::TAU * f64::from(k) / 6.0;
                m.beam(STEEL, [26.0 * a.cos(), 26.0 * a.sin(), 0.0], [5.0 * a.cos(), 5.0 * a.sin(), 72.0], 1.2);
            }
            for (z, r) in [(88.0, 11.0), (168.0, 15.0)] {
                m.cone(GLASS, [0.0, 0.0], (r * 0.45, z - r * 0.75), (r, z), 28);
                m.cone(STEEL, [0.0, 0.0], (r, z), (r * 1.03, z + 3.0), 28);
                m.cone(GLASS, [0.0, 0.0], (r * 0.97, z + 3.0), (r * 0.55, z + r * 0.6), 28);
            }
            m.cone(STEEL, [0.0, 0.0], (3.0, 176.0), (1.6, 214.0), 12);
            m.cone(RED, [0.0, 0.0], (1.3, 214.0), (0.3, 246.0), 8);
        }
        "pagoda" => {
            m.cone(CONCRETE, [0.0, 0.0], (15.0, 0.0), (14.0, 2.4), 8);
            let mut z = 2.4;
            for k in 0..7 {
                let r = 9.6 - 0.85 * f64::from(k);
                let h = 5.6 - 0.25 * f64::from(k);
                m.cone(RED, [0.0, 0.0], (r, z), (r * 0.98, z + h), 8);
                // Eaves sweep out, the roof closes above them.
                m.cone(TILE, [0.0, 0.0], (r + 2.9, z + h - 0.5), (r + 2.6, z + h), 8);
                m.cone(TILE, [0.0, 0.0], (r + 2.6, z + h), (r * 0.92, z + h + 1.9), 8);
                z += h + 1.5;
            }
            m.cone(TILE, [0.0, 0.0], (4.6, z), (0.8, z + 5.0), 8);
            m.cone(GOLD, [0.0, 0.0], (0.7, z + 5.0), (0.1, z + 13.0), 8);
        }
        "opera_hall" => {
            m.cone(CONCRETE, [0.0, 0.0], (58.0, 0.0), (56.0, 4.0), 40);
            // Shells like sails, one behind the other.
            for (k, (x, scale)) in [(-30.0, 0.72), (-10.0, 1.0), (14.0, 0.9), (34.0, 0.62)].into_iter().enumerate() {
                let (steps, bands) = (10, 12);
                let at = |i: usize, j: usize| -> V3 {
                    let t = i as f64 / f64::from(steps);
                    let a = std::f64::consts::PI * j as f64 / f64::from(bands);
                    let r = 24.0 * scale * (1.0 - 0.75 * t * t);
                    [x + 26.0 * scale * t, r * a.cos(), 4.0 + (38.0 * scale * (1.0 - 0.5 * t * t)) * a.sin().powf(0.8)]
                };
                let color = if k % 2 == 0 { WHITE } else { STEEL };
                for i in 0..steps as usize {
                    for j in 0..bands as usize {
                        let q = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
                        m.quad(color, q);
                        m.quad(color, [q[3], q[2], q[1], q[0]]);
                    }
                }
                // The glass wall in the open front.
                for j in 0..bands as usize {
                    let (p, q) = (at(0, j), at(0, j + 1));
                    m.quad(
                        GLASS,
                        [[x + 0.3, p[1], 4.0], [x + 0.3, q[1], 4.0], [x + 0.3, q[1], q[2]], [x + 0.3, p[1], p[2]]],
                    );
                    m.quad(
                        GLASS,
                        [[x + 0.3, p[1], p[2]], [x + 0.3, q[1], q[2]], [x + 0.3, q[1], 4.0], [x + 0.3, p[1], 4.0]],
                    );
                }
            }
        }
        "bridge_pylon" => {
            // The road runs along y; two legs lean together over it, stays fan out both ways.
            for s in [-1.0, 1.0] {
                m.beam(WHITE, [s * 19.0, 0.0, -6.0], [s * 17.0, 0.0, 12.0], 2.2);
                m.beam(WHITE, [s * 17.0, 0.0, 12.0], [s * 2.4, 0.0, 74.0], 1.7);
                for k in 1..=9 {
                    let (y, z) = (f64::from(k) * 11.0, 38.0 + f64::from(k) * 3.6);
                    for d in [-1.0, 1.0] {
                        let lean = (z - 12.0) / 62.0;
                        m.beam(STEEL, [s * (17.0 - 14.6 * lean), 0.0, z], [s * 14.5, d * y, 8.6], 0.16);
                    }
                }
            }
            m.beam(WHITE, [-17.0, 0.0, 6.0], [17.0, 0.0, 6.0], 1.6);
            m.beam(WHITE, [-9.0, 0.0, 46.0], [9.0, 0.0, 46.0], 1.2);
            m.cone(WHITE, [0.0, 0.0], (3.4, 72.0), (1.2, 92.0), 8);
        }
        other => {
            return Err(DemoError::Plan(format!(
                "landmark.shape '{other}': expected tv_tower, opera_hall, pagoda or bridge_pylon"
            )));
        }
    }
    Ok(m)
}

/// The model as a glTF 2.0 binary.
pub fn glb(name: &str, model: &Model) -> Result<Vec<u8>, DemoError> {
    let mut bin: Vec<u8> = Vec::new();
    let (mut views, mut accessors, mut primitives, mut materials) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (color, triangles) in &model.parts {
        // City axes to glTF axes: y up, north is −z.
        let points: Vec<[f32; 3]> = triangles.iter().map(|p| [p[0] as f32, p[2] as f32, -p[1] as f32]).collect();
        let mut normals = Vec::with_capacity(points.len());
        for t in points.chunks(3) {
            let e = |k: usize| [t[k][0] - t[0][0], t[k][1] - t[0][1], t[k][2] - t[0][2]];
            let (a, b) = (e(1), e(2));
            let n = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
            let l = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
            let n = if l > 1e-9 { n.map(|v| v / l) } else { [0.0, 1.0, 0.0] };
            normals.extend([n; 3]);
        }
        let (mut lo, mut hi) = ([f32::MAX; 3], [f32::MIN; 3]);
        for p in &points {
            for k in 0..3 {
                lo[k] = lo[k].min(p[k]);
                hi[k] = hi[k].max(p[k]);
            }
        }
        for data in [&points, &normals] {
            let start = bin.len();
            bin.extend(data.iter().flatten().flat_map(|v| v.to_le_bytes()));
            views.push(
                serde_json::json!({"buffer": 0, "byteOffset": start, "byteLength": bin.len() - start, "target": 34962}),
            );
        }
        let n = views.len();
        accessors.push(serde_json::json!({"bufferView": n - 2, "componentType": 5126, "count": points.len(), "type": "VEC3", "min": lo, "max": hi}));
        accessors.push(
            serde_json::json!({"bufferView": n - 1, "componentType": 5126, "count": points.len(), "type": "VEC3"}),
        );
        primitives.push(serde_json::json!({"attributes": {"POSITION": n - 2, "NORMAL": n - 1}, "material": materials.len(), "mode": 4}));
        materials.push(serde_json::json!({"pbrMetallicRoughness": {"baseColorFactor": [color[0], color[1], color[2], 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7}}));
    }
    let json = serde_json::json!({
        "asset": {"version": "2.0", "generator": "guanlan demo city"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "name": name}],
        "meshes": [{"name": name, "primitives": primitives}], "materials": materials,
        "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": bin.len()}],
    });
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    bin.resize(bin.len().next_multiple_of(4), 0);
    let mut out = Vec::with_capacity(text.len() + bin.len() + 28);
    let word = |n: usize| (n as u32).to_le_bytes();
    out.extend(b"glTF");
    out.extend(word(2));
    out.extend(word(28 + text.len() + bin.len()));
    out.extend(word(text.len()));
    out.extend(b"JSON");
    out.extend(text);
    out.extend(word(bin.len()));
    out.extend(b"BIN\0");
    out.extend(bin);
    Ok(out)
}
