//! Depths as whole numbers of 2⁻⁴⁸ m, as the device keeps them.

/// Units in a metre.
const UNITS: f64 = 281_474_976_710_656.0;

/// Units of a depth in m; 0 for what is none.
pub fn of_m(depth_m: f64) -> u64 {
    // Saturates; NaN is 0.
    (depth_m * UNITS) as u64
}

/// Depth of a number of units, m.
pub fn to_m(units: u64) -> f64 {
    units as f64 / UNITS
}

/// Depth of a signed number of units, m.
pub fn change_m(units: i64) -> f64 {
    units as f64 / UNITS
}

/// Sum of 96-bit numbers of tiles, m.
pub fn sum_m(tiles: &[[u32; 4]]) -> f64 {
    let sum: u128 = tiles.iter().map(|t| u128::from(t[0]) | u128::from(t[1]) << 32 | u128::from(t[2]) << 64).sum();
    sum as f64 / UNITS
}

/// Low and high word.
pub fn words(units: u64) -> [u32; 2] {
    [units as u32, (units >> 32) as u32]
}

/// A number of its two words.
pub fn joined([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// As the shader rounds it.
pub fn rounded(units: u64) -> f32 {
    let [low, high] = words(units);
    high as f32 * 1.525_878_9e-5 + low as f32 * 3.552_713_7e-15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_survive() {
        for m in [0.0, 1.0e-9, 3.3e-7, 0.1, 1.5, 99.25] {
            assert!((to_m(of_m(m)) - m).abs() < 4.0e-15);
            assert!((f64::from(rounded(of_m(m))) - m).abs() <= 1.2e-7 * m + 4.0e-15);
        }
        assert_eq!(joined(words(0x1234_5678_9abc_def0)), 0x1234_5678_9abc_def0);
        assert_eq!(of_m(f64::NAN), 0);
        assert_eq!(sum_m(&[[u32::MAX, u32::MAX, 0, 0], [1, 0, 0, 0]]), 65_536.0);
    }
}
