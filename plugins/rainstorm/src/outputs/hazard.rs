//! Hazard of moving water to people, vehicles and buildings.

/// Class of Australian Rainfall and Runoff 2019 (Smith et al. 2014): 1 (H1, generally safe) to 6 (H6, unsafe
/// for all, buildings fail), from depth in m and speed in m/s.
#[must_use]
pub fn arr_class(depth_m: f32, speed_mps: f32) -> u8 {
    /// Most `[depth × speed m²/s, depth m, speed m/s]` of H1 to H5.
    const LIMITS: [[f32; 3]; 5] = [[0.3, 0.3, 2.0], [0.6, 0.5, 2.0], [0.6, 1.2, 2.0], [1.0, 2.0, 2.0], [4.0, 4.0, 4.0]];
    let product = depth_m * speed_mps;
    let fits = |l: &[f32; 3]| product <= l[0] && depth_m <= l[1] && speed_mps <= l[2];
    LIMITS.iter().position(fits).map_or(6, |k| k as u8 + 1)
}

/// Hazard rating of the UK Environment Agency (Defra/EA FD2320, FD2321): `d (v + 0.5) + DF` with the debris
/// factor of urban ground: 1 over 25 cm or 2 m/s, else 0.
#[must_use]
pub fn ea_rating(depth_m: f32, speed_mps: f32) -> f32 {
    let debris = if depth_m > 0.25 || speed_mps > 2.0 { 1.0 } else { 0.0 };
    depth_m * (speed_mps + 0.5) + debris
}

/// Class of a rating: 0 low, 1 danger for some, 2 for most, 3 for all.
#[must_use]
pub fn ea_class(rating: f32) -> u8 {
    [0.75, 1.25, 2.0].iter().filter(|limit| rating >= **limit).count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_their_tables() {
        for (d, v, class) in [
            (0.2, 0.5, 1),
            (0.3, 1.0, 1),
            (0.3, 1.2, 2),
            (0.5, 1.2, 2),
            (0.9, 0.5, 3),
            (1.9, 0.5, 4),
            (0.4, 1.9, 4),
            (1.0, 3.0, 5),
            (0.1, 2.5, 5),
            (4.5, 0.1, 6),
            (2.0, 3.0, 6),
        ] {
            assert_eq!(arr_class(d, v), class, "{d} m {v} m/s");
        }
        assert!((ea_rating(0.2, 1.0) - 0.3).abs() < 1e-6);
        assert!((ea_rating(0.5, 1.0) - 1.75).abs() < 1e-6);
        assert_eq!([0.5, 0.75, 1.3, 2.5].map(ea_class), [0, 1, 2, 3]);
    }
}
