//! Force mains: friction of full pipes after Hazen-Williams or Darcy-Weisbach (option `FORCE_MAIN_EQUATION`).

use guanlan_city::model::drainage::{Conduit, DrainageNetwork};

use crate::surface::GRAVITY;

/// Kinematic viscosity of water, m²/s (SWMM: 1.1e-5 ft²/s).
const VISCOSITY: f64 = 1.022e-6;
const FOOT_M: f64 = 0.3048;

/// Friction of a full pipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ForceMain {
    /// C-factor.
    HazenWilliams(f64),
    /// Height of the roughness, m.
    DarcyWeisbach(f64),
}

impl ForceMain {
    /// The force main a conduit is, if it is one.
    pub fn of(conduit: &Conduit, network: &DrainageNetwork) -> Option<Self> {
        if !conduit.shape.eq_ignore_ascii_case("FORCE_MAIN") {
            return None;
        }
        let value = f64::from(conduit.geom_m[1]);
        if !(value.is_finite() && value > 0.0) {
            return None;
        }
        let darcy = network.options.get("FORCE_MAIN_EQUATION").is_some_and(|v| v.to_ascii_uppercase().starts_with('D'));
        // Roughness heights are in the file's small unit: inches or mm.
        let us = network
            .options
            .get("FLOW_UNITS")
            .is_none_or(|u| matches!(u.to_ascii_uppercase().as_str(), "CFS" | "GPM" | "MGD"));
        Some(if darcy {
            Self::DarcyWeisbach(value * if us { 25.4e-3 } else { 1.0e-3 })
        } else {
            Self::HazenWilliams(value)
        })
    }

    /// Manning's n that stands for it where the pipe is not full.
    pub fn manning(self, diameter_m: f64, slope: f64) -> f64 {
        let d = diameter_m / FOOT_M;
        match self {
            Self::HazenWilliams(c) => 1.067 / c * (d / slope.max(1.0e-6)).powf(0.04),
            Self::DarcyWeisbach(e) => {
                let f = friction_factor(e, 0.25 * diameter_m, 1.0e12);
                (f / 185.0).sqrt() * d.powf(1.0 / 6.0)
            }
        }
    }

    /// Friction over speed in a full pipe, 1/s: `g S / v`.
    pub fn drag(self, speed_m_s: f64, radius_m: f64) -> f64 {
        let v = speed_m_s.abs();
        match self {
            Self::HazenWilliams(c) => {
                GRAVITY * (1.0 / (0.849 * c)).powf(1.852) * v.powf(0.852) * radius_m.powf(-1.1667)
            }
            Self::DarcyWeisbach(e) => {
                let re = 4.0 * radius_m * v / VISCOSITY;
                friction_factor(e, radius_m, re) * v / (8.0 * radius_m)
            }
        }
    }
}

/// Darcy-Weisbach's f: laminar, Swamee-Jain, and between them a line.
fn friction_factor(roughness_m: f64, radius_m: f64, reynolds: f64) -> f64 {
    let re = reynolds.max(10.0);
    if re <= 2000.0 {
        return 64.0 / re;
    }
    let rough = |re: f64| {
        let x = roughness_m / (3.7 * 4.0 * radius_m) + if re < 1.0e10 { 5.74 / re.powf(0.9) } else { 0.0 };
        0.25 / x.log10().powi(2)
    };
    if re < 4000.0 { 0.032 + (rough(4000.0) - 0.032) * (re - 2000.0) / 2000.0 } else { rough(re) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_pipes_lose_what_the_formulas_say() {
        // Hazen-Williams: h = 10.67 L Q^1.852 / (C^1.852 D^4.87).
        let (d, q, c) = (0.5_f64, 0.3, 120.0_f64);
        let v = q / (std::f64::consts::PI * d * d / 4.0);
        let want = 10.67 * q.powf(1.852) / (c.powf(1.852) * d.powf(4.8704));
        let got = ForceMain::HazenWilliams(c).drag(v, d / 4.0) * v / GRAVITY;
        assert!((got / want - 1.0).abs() < 0.01, "{got} {want}");
        // Darcy-Weisbach: k .1 mm, d .5 m, 1.5 m/s: f = .0149.
        let f = ForceMain::DarcyWeisbach(1.0e-4).drag(v, d / 4.0) * 8.0 * d / 4.0 / v;
        assert!((f - 0.0149).abs() < 4.0e-4, "{f}");
        let n = ForceMain::HazenWilliams(130.0).manning(0.6, 0.002);
        assert!((0.009..0.013).contains(&n), "{n}");
    }
}
