//! The shapes that the plan may name.

use super::mesh::{Model, V3};
use crate::demo::DemoError;

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
