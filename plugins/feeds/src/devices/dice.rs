//! Chance that depends only on its key: the same seed gives the same day in any order of asking.

/// SplitMix64 over a key (Steele, Lea & Flood 2014).
#[must_use]
pub fn mix(a: u64, b: u64, c: u64) -> u64 {
    let mut z = a
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(b.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_add(c.wrapping_mul(0x8CB9_2BA7_2F3D_8DD7));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in 0 … 1.
#[must_use]
pub fn unit(a: u64, b: u64, c: u64) -> f64 {
    (mix(a, b, c) >> 11) as f64 / (1u64 << 53) as f64
}

/// Roughly normal with mean 0 and standard deviation 1 (sum of four uniforms), within ±3.5.
#[must_use]
pub fn normal(a: u64, b: u64, c: u64) -> f64 {
    let sum: f64 = (0..4).map(|i| unit(a ^ (i << 56), b, c)).sum();
    (sum - 2.0) * 1.732_050_8
}

/// A key for a text id.
#[must_use]
pub fn key(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3))
}
