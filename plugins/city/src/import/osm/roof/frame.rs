//! The axes of a footprint: along its ridge and across.

use super::Roof;
use crate::import::rings::{Area, P2};

/// The footprint's own axes: `along` the ridge, half sizes in m around the middle of its tightest box.
pub(super) struct Frame {
    middle: P2,
    along: P2,
    pub(super) length: f64,
    pub(super) width: f64,
}

impl Frame {
    pub(super) fn of(area: &Area, roof: Roof<'_>) -> Self {
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
    pub(super) fn uv(&self, p: P2) -> P2 {
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
