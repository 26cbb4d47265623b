//! Areal reduction: a storm's point depth is not reached everywhere at once.

/// Share of the point depth that falls on the mean over an area, for a storm of a duration: the fit of
/// Leclerc & Schaake 1972 to the curves of U.S. Weather Bureau TP-29,
/// `1 − e^(−1.1 t^¼) + e^(−1.1 t^¼ − 0.01 A)`, t in hours, A in square miles.
#[must_use]
pub fn areal_reduction(area_km2: f64, duration_h: f64) -> f64 {
    if !(area_km2 > 0.0 && duration_h > 0.0) {
        return 1.0;
    }
    let fade = -1.1 * duration_h.powf(0.25);
    let square_miles = area_km2 / 2.589_988;
    1.0 - fade.exp() + (fade - 0.01 * square_miles).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinks_with_area_and_grows_with_time() {
        assert_eq!(areal_reduction(0.0, 1.0), 1.0);
        // TP-29: 100 mi², 1 h about .79; 24 h about .93.
        assert!((areal_reduction(259.0, 1.0) - 0.79).abs() < 0.01);
        assert!((areal_reduction(259.0, 24.0) - 0.93).abs() < 0.02);
        assert!(areal_reduction(20.0, 2.0) > areal_reduction(100.0, 2.0));
        assert!(areal_reduction(100.0, 6.0) > areal_reduction(100.0, 2.0));
    }
}
