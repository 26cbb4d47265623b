//! Small differences between crews: numbers that follow from a seed, equal on every machine.

/// SplitMix64 (Steele, Lea & Flood 2014) of a key.
#[must_use]
pub fn mix(seed: u64, draw: u64) -> u64 {
    let mut z = seed ^ draw.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A whole number from `low` to `high`, both included.
pub(super) fn between(seed: u64, draw: u64, low: i64, high: i64) -> i64 {
    low + (mix(seed, draw) % (high - low + 1).max(1) as u64) as i64
}
