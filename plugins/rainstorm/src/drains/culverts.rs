//! Inlet control of culverts: the flow that a depth of water at the inlet lets in, whatever the barrel could carry.
//! FHWA HDS-5 with the constants of SWMM's 57 culvert codes (reference manual, volume II, table 3-7).

use super::section::Section;
use crate::surface::GRAVITY;

/// `K`, `M`, `c`, `Y` of each code from 1. Form 2 of the unsubmerged equation where K is above 0.3.
const CODES: [[f64; 4]; 57] = [
    // Circular concrete: square edge with headwall, groove end with headwall, groove end projecting.
    [0.0098, 2.0, 0.0398, 0.67],
    [0.0018, 2.0, 0.0292, 0.74],
    [0.0045, 2.0, 0.0317, 0.69],
    // Circular corrugated metal: headwall, mitred to the slope, projecting.
    [0.0078, 2.0, 0.0379, 0.69],
    [0.0210, 1.33, 0.0463, 0.75],
    [0.0340, 1.50, 0.0553, 0.54],
    // Circular with a bevelled ring: 45°, 33.7°.
    [0.0018, 2.50, 0.0300, 0.74],
    [0.0018, 2.50, 0.0243, 0.83],
    // Box with flared wingwalls: 30–75°, 90 or 15°, 0°.
    [0.026, 1.0, 0.0347, 0.81],
    [0.061, 0.75, 0.0400, 0.80],
    [0.061, 0.75, 0.0423, 0.82],
    // Box with flared wingwalls and a bevelled top edge: 45°, 18–33.7°.
    [0.510, 0.667, 0.0309, 0.80],
    [0.486, 0.667, 0.0249, 0.83],
    // Box with a 90° headwall: chamfered, bevelled 1:1, bevelled 1:1.5.
    [0.515, 0.667, 0.0375, 0.79],
    [0.495, 0.667, 0.0314, 0.82],
    [0.486, 0.667, 0.0252, 0.865],
    // Box with a skewed headwall: chamfered at 45°, 30°, 15°; bevelled at 10–45°.
    [0.545, 0.667, 0.04505, 0.73],
    [0.533, 0.667, 0.0425, 0.705],
    [0.522, 0.667, 0.0402, 0.68],
    [0.498, 0.667, 0.0327, 0.75],
    // Box with flared wingwalls that are not offset, chamfered: 45°, 18.4°, 18.4° with a skewed inlet.
    [0.497, 0.667, 0.0339, 0.803],
    [0.493, 0.667, 0.0361, 0.806],
    [0.495, 0.667, 0.0386, 0.71],
    // Box with offset flared wingwalls, bevelled: 45°, 33.7°, 18.4°.
    [0.497, 0.667, 0.0302, 0.835],
    [0.495, 0.667, 0.0252, 0.881],
    [0.493, 0.667, 0.0227, 0.887],
    // Corrugated metal box: headwall, thick wall projecting, thin wall projecting.
    [0.0083, 2.0, 0.0379, 0.69],
    [0.0145, 1.75, 0.0419, 0.64],
    [0.0340, 1.50, 0.0496, 0.57],
    // Horizontal ellipse, concrete: square edge, grooved with headwall, grooved projecting.
    [0.0100, 2.0, 0.0398, 0.67],
    [0.0018, 2.5, 0.0292, 0.74],
    [0.0045, 2.0, 0.0317, 0.69],
    // Vertical ellipse, concrete: the same.
    [0.0100, 2.0, 0.0398, 0.67],
    [0.0018, 2.5, 0.0292, 0.74],
    [0.0095, 2.0, 0.0317, 0.69],
    // Pipe arch, 18 in corner, corrugated metal: headwall, mitred, projecting.
    [0.0083, 2.0, 0.0379, 0.69],
    [0.0300, 1.0, 0.0463, 0.75],
    [0.0340, 1.5, 0.0496, 0.57],
    // Pipe arch, 18 in corner: projecting, no bevels, 33.7° bevels.
    [0.0300, 1.5, 0.0496, 0.57],
    [0.0088, 2.0, 0.0368, 0.68],
    [0.0030, 2.0, 0.0269, 0.77],
    // Pipe arch, 31 in corner: the same.
    [0.0300, 1.5, 0.0496, 0.57],
    [0.0088, 2.0, 0.0368, 0.68],
    [0.0030, 2.0, 0.0269, 0.77],
    // Arch, corrugated metal: headwall, mitred, thin wall projecting.
    [0.0083, 2.0, 0.0379, 0.69],
    [0.0300, 1.0, 0.0473, 0.75],
    [0.0340, 1.5, 0.0496, 0.57],
    // Circular with a tapered throat: smooth, rough.
    [0.534, 0.555, 0.0196, 0.90],
    [0.519, 0.640, 0.0210, 0.90],
    // Elliptical face with a tapered inlet: bevelled, square, thin edges.
    [0.536, 0.622, 0.0368, 0.83],
    [0.5035, 0.719, 0.0478, 0.80],
    [0.547, 0.800, 0.0598, 0.75],
    // Rectangular, tapered throat; side tapered; slope tapered.
    [0.475, 0.667, 0.0179, 0.97],
    [0.560, 0.667, 0.0446, 0.85],
    [0.560, 0.667, 0.0378, 0.87],
    [0.500, 0.667, 0.0446, 0.65],
    [0.500, 0.667, 0.0378, 0.71],
];
/// Codes of inlets mitred to the slope.
const MITRED: [u8; 3] = [5, 37, 46];
/// HDS-5's constants hold for `Q / (A √D)` in ft^0.5/s: one of m^0.5/s is so many.
const FEET: f64 = 1.811;
/// Unsubmerged up to this share of the full depth.
const UNSUBMERGED: f64 = 0.95;

/// The inlet of a culvert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Culvert {
    k: f64,
    m: f64,
    c: f64,
    y: f64,
    /// What the slope adds to the depth over the height.
    slope_term: f64,
}

impl Culvert {
    /// By SWMM's code and the slope of the conduit; `None` for no culvert.
    pub fn of(code: u8, slope: f64) -> Option<Self> {
        let [k, m, c, y] = *CODES.get(usize::from(code).checked_sub(1)?)?;
        Some(Self { k, m, c, y, slope_term: if MITRED.contains(&code) { -7.0 * slope } else { 0.5 * slope } })
    }

    /// Most that a depth at the inlet lets into one barrel, m³/s, and how it grows, m²/s.
    pub fn most_m3_s(&self, section: &Section, depth_m: f64) -> (f64, f64) {
        let full = section.full_m;
        let (dry, drowned) = (UNSUBMERGED * full, full * (16.0 * self.c + self.y - self.slope_term));
        if depth_m <= 0.0 {
            return (0.0, 0.0);
        }
        if depth_m >= drowned {
            return self.submerged(section, depth_m);
        }
        if depth_m <= dry || drowned <= dry {
            let q = self.unsubmerged(section, depth_m);
            return (q, q / depth_m / self.m);
        }
        let (low, (high, _)) = (self.unsubmerged(section, dry), self.submerged(section, drowned));
        let slope = (high - low) / (drowned - dry);
        (low + slope * (depth_m - dry), slope.max(0.0))
    }

    fn unit(section: &Section) -> f64 {
        section.area_m2 * section.full_m.sqrt() / FEET
    }

    fn submerged(&self, section: &Section, depth_m: f64) -> (f64, f64) {
        let share = (depth_m / section.full_m - self.y + self.slope_term) / self.c;
        if share <= 0.0 {
            return (f64::INFINITY, 0.0);
        }
        let q = share.sqrt() * Self::unit(section);
        (q, 0.5 * q / share / section.full_m / self.c)
    }

    fn unsubmerged(&self, section: &Section, depth_m: f64) -> f64 {
        let (full, unit) = (section.full_m, Self::unit(section));
        if self.k > 0.3 {
            return unit * (depth_m / full / self.k).powf(1.0 / self.m);
        }
        // Form 1: `h/D + S = yc/D + Vc²/2gD + K (Q/A√D)^M` with critical flow at the depth yc.
        let critical = |yc: f64| {
            let wet = section.at(yc);
            let mean = wet.area_m2 / wet.width_m.max(1.0e-9);
            (wet.area_m2 * (GRAVITY * mean).sqrt(), mean)
        };
        let (mut low, mut high) = (0.01 * depth_m, depth_m.min(UNSUBMERGED * full));
        for _ in 0..40 {
            let yc = 0.5 * (low + high);
            let (q, mean) = critical(yc);
            let need = yc / full + 0.5 * mean / full + self.k * (q / unit).powf(self.m);
            if need < depth_m / full + self.slope_term { low = yc } else { high = yc }
        }
        critical(0.5 * (low + high)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(d: f64) -> Section {
        Section::from_profile(d, true, Some(0.25 * std::f64::consts::PI * d * d), |y| {
            let half = (1.0 - 2.0 * y / d).clamp(-1.0, 1.0).acos();
            (d * half.sin(), d * half)
        })
        .unwrap()
    }

    #[test]
    fn a_drowned_inlet_follows_hds_5() {
        // HDS-5, 3 ft concrete pipe with a headwall: HW/D = c (Q/AD^.5)² + Y − .5 S, in feet.
        let pipe = circle(0.9144);
        let culvert = Culvert::of(1, 0.02).unwrap();
        let (q, grows) = culvert.most_m3_s(&pipe, 2.0 * 0.9144);
        let feet = ((2.0 - 0.67 + 0.01) / 0.0398_f64).sqrt() * 0.25 * std::f64::consts::PI * 9.0 * 3.0_f64.sqrt();
        assert!((q / (feet * 0.028_316_846_592) - 1.0).abs() < 1e-3, "{q} {feet}");
        assert!(grows > 0.0);
    }

    #[test]
    fn what_gets_in_grows_with_depth_without_jumps() {
        let pipe = circle(0.9144);
        for code in 1..=57 {
            let culvert = Culvert::of(code, 0.01).unwrap();
            let q: Vec<f64> = (1..300).map(|k| culvert.most_m3_s(&pipe, f64::from(k) * 0.01).0).collect();
            assert!(q.iter().all(|q| q.is_finite() && *q > 0.0), "code {code}");
            assert!(q.windows(2).all(|w| (w[1] - w[0]).abs() < 0.2), "code {code}");
        }
        assert!(Culvert::of(0, 0.01).is_none() && Culvert::of(58, 0.01).is_none());
    }
}
