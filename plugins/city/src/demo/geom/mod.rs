//! Plane geometry of the generator: points and vectors here, lines and rings beside. Local metres, `x` east, `y` north.

mod line;
mod ring;

pub use line::{along, clip, crossing, length, offset, resample, simplify, spline, to_line, to_segment};
pub use ring::{area, bounds, centroid, clip_ring, extent, inset, inside, oriented_box, pole, rect, simple, to_ring};

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
/// Of length 1; east where there is no direction.
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
/// From 0 at `a` to 1 at `b`, level at both.
pub fn smoothstep(a: f64, b: f64, x: f64) -> f64 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The place `[x, y]` m from `from` in axes of which the first is the unit vector `u`.
pub fn shifted(from: P, u: P, [x, y]: P) -> P {
    add(from, add(mul(u, x), mul(perp(u), y)))
}
