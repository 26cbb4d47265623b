//! Full-bore sections and Manning flow of SWMM conduit shapes; inlet capture.

use guanlan_city::model::Conduit;

/// A full cross-section.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Area, m².
    pub area_m2: f64,
    /// Hydraulic radius, m.
    pub radius_m: f64,
    /// True when the shape keyword was unknown and a circle of the given height was taken.
    pub guessed: bool,
}

/// The full section of one barrel; `None` when the geometry is not positive.
#[must_use]
pub fn section_of(conduit: &Conduit) -> Option<Section> {
    let [height, width, left, right] = conduit.geom_m.map(f64::from);
    if !(height.is_finite() && height > 0.0) {
        return None;
    }
    let wide = if width.is_finite() && width > 0.0 { width } else { height };
    let made = |area_m2: f64, wetted_m: f64| Section { area_m2, radius_m: area_m2 / wetted_m, guessed: false };
    let circle = made(std::f64::consts::PI * height * height / 4.0, std::f64::consts::PI * height);
    Some(match conduit.shape.to_ascii_uppercase().as_str() {
        "CIRCULAR" | "FORCE_MAIN" | "FILLED_CIRCULAR" => circle,
        "RECT_CLOSED" => made(height * wide, 2.0 * (height + wide)),
        "RECT_OPEN" => made(height * wide, 2.0 * height + wide),
        "TRAPEZOIDAL" => {
            let (a, b) = (left.max(0.0), right.max(0.0));
            let bottom = width.max(0.0);
            let area = height * (bottom + 0.5 * (a + b) * height);
            made(area, bottom + height * ((1.0 + a * a).sqrt() + (1.0 + b * b).sqrt()))
        }
        "TRIANGULAR" => {
            let side = (height * height + 0.25 * wide * wide).sqrt();
            made(0.5 * height * wide, 2.0 * side)
        }
        // SWMM 5 reference manual, volume II: full area .5105 h², full hydraulic radius .1931 h.
        "EGG" => Section { area_m2: 0.5105 * height * height, radius_m: 0.1931 * height, guessed: false },
        // .8293 h² and .2538 h.
        "HORSESHOE" => Section { area_m2: 0.8293 * height * height, radius_m: 0.2538 * height, guessed: false },
        _ => Section { guessed: true, ..circle },
    })
}

/// Manning's full-bore flow of all barrels, m³/s.
#[must_use]
pub fn full_flow_m3_s(section: &Section, roughness: f64, slope: f64, barrels: u8) -> f64 {
    f64::from(barrels.max(1)) * section.area_m2 / roughness * section.radius_m.powf(2.0 / 3.0) * slope.sqrt()
}

/// Flow that a grate of `area_m2` captures under a depth of water: a weir over its rim (`w = 2√(πA)`,
/// .54), at most an orifice (.167), after Rubinato et al. 2017.
#[must_use]
pub fn capture_m3_s(depth_m: f64, area_m2: f64) -> f64 {
    if depth_m <= 0.0 || area_m2 <= 0.0 {
        return 0.0;
    }
    let g2 = (2.0 * crate::surface::GRAVITY).sqrt();
    let rim = 2.0 * (std::f64::consts::PI * area_m2).sqrt();
    let weir = 2.0 / 3.0 * 0.54 * rim * depth_m * depth_m.sqrt() * g2;
    let orifice = 0.167 * area_m2 * g2 * depth_m.sqrt();
    weir.min(orifice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_carry_what_manning_says() {
        for (d, slope, want) in [(1.0, 0.002, 1.0722), (0.6, 0.003, 0.3363)] {
            let pipe = Conduit { shape: "CIRCULAR".into(), geom_m: [d, 0.0, 0.0, 0.0], ..Conduit::default() };
            let got = full_flow_m3_s(&section_of(&pipe).unwrap(), 0.013, slope, 1);
            assert!((got - want).abs() < 1e-4, "{got}");
        }
        let bad = Conduit { shape: "CIRCULAR".into(), ..Conduit::default() };
        assert!(section_of(&bad).is_none());
    }

    #[test]
    fn capture_grows_with_depth_and_turns_to_an_orifice() {
        assert_eq!(capture_m3_s(0.0, 1.0), 0.0);
        let q: Vec<f64> = [0.01, 0.05, 0.1, 0.5, 1.0].iter().map(|d| capture_m3_s(*d, 1.0)).collect();
        assert!(q.windows(2).all(|w| w[1] > w[0]));
        assert!((q[4] / 0.167 / (2.0 * 9.81_f64).sqrt() - 1.0).abs() < 1e-12);
    }
}
