//! Chance: independent deterministic streams drawn from the one seed, and smooth value noise.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// A stream of random numbers.
pub struct Dice(Pcg64);

/// Mixes 64 bits.
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Dice {
    /// The stream `topic` of a seed: topics do not disturb each other.
    pub fn new(seed: u64, topic: &str) -> Self {
        let key = topic.bytes().fold(mix(seed), |h, b| mix(h ^ u64::from(b)));
        Self(Pcg64::seed_from_u64(key))
    }
    /// In [0, 1).
    pub fn f(&mut self) -> f64 {
        self.0.random::<f64>()
    }
    /// In [a, b).
    pub fn range(&mut self, a: f64, b: f64) -> f64 {
        a + (b - a) * self.f()
    }
    /// In a..=b.
    pub fn int(&mut self, a: usize, b: usize) -> usize {
        self.0.random_range(a..=b)
    }
    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.f() < p
    }
    /// One of a non-empty list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.0.random_range(0..list.len())]
    }
}

/// Smooth noise in about [-1, 1] with features of size `scale` m.
pub fn noise(seed: u64, x: f64, y: f64, scale: f64) -> f64 {
    let (fx, fy) = (x / scale, y / scale);
    let (ix, iy) = (fx.floor(), fy.floor());
    let (tx, ty) = (fx - ix, fy - iy);
    let (sx, sy) = (tx * tx * (3.0 - 2.0 * tx), ty * ty * (3.0 - 2.0 * ty));
    let at = |i: f64, j: f64| -> f64 {
        let h = mix(seed ^ mix((i as i64 as u64).wrapping_mul(0x1f12_3bb5) ^ mix(j as i64 as u64)));
        (h >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let a = at(ix, iy) * (1.0 - sx) + at(ix + 1.0, iy) * sx;
    let b = at(ix, iy + 1.0) * (1.0 - sx) + at(ix + 1.0, iy + 1.0) * sx;
    a * (1.0 - sy) + b * sy
}
