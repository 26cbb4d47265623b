//! Units of a SWMM file: the flow unit decides the whole system of units.

/// Metres in a foot.
pub const FOOT_M: f64 = 0.3048;

/// How to turn a file's numbers into SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// m in the unit of lengths, depths and elevations.
    pub length_m: f64,
    /// m³/s in the unit of flow.
    pub flow_m3_s: f64,
}

impl Units {
    /// By the keyword of `FLOW_UNITS`; `None` for an unknown one.
    #[must_use]
    pub fn of(flow_units: &str) -> Option<Self> {
        let gallon_m3 = 0.003_785_411_784;
        let (length_m, flow_m3_s) = match flow_units.to_ascii_uppercase().as_str() {
            "CFS" => (FOOT_M, FOOT_M * FOOT_M * FOOT_M),
            "GPM" => (FOOT_M, gallon_m3 / 60.0),
            "MGD" => (FOOT_M, gallon_m3 * 1e6 / 86_400.0),
            "CMS" => (1.0, 1.0),
            "LPS" => (1.0, 1e-3),
            "MLD" => (1.0, 1e3 / 86_400.0),
            _ => return None,
        };
        Some(Self { length_m, flow_m3_s })
    }

    /// m in the unit of rain, infiltration and soil depths: inches or millimetres.
    #[must_use]
    pub fn depth_m(&self) -> f64 {
        if self.length_m == 1.0 { 1e-3 } else { FOOT_M / 12.0 }
    }

    /// m² in the unit of land: acres or hectares.
    #[must_use]
    pub fn land_m2(&self) -> f64 {
        if self.length_m == 1.0 { 1e4 } else { 43_560.0 * FOOT_M * FOOT_M }
    }

    /// Weir coefficients hold for feet and ft³/s or for metres and m³/s, whatever the unit of flow: their unit is the
    /// square root of a length over a time.
    #[must_use]
    pub fn weir_si(&self) -> f64 {
        self.length_m.sqrt()
    }

    /// m³ in the unit of volume.
    #[must_use]
    pub fn volume_m3(&self) -> f64 {
        self.length_m * self.length_m * self.length_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cubic_metre_per_second_in_every_unit() {
        for (unit, amount) in [
            ("CFS", 35.314_666_7),
            ("gpm", 15_850.323_1),
            ("MGD", 22.824_465),
            ("CMS", 1.0),
            ("LPS", 1e3),
            ("MLD", 86.4),
        ] {
            let units = Units::of(unit).expect("known");
            assert!((units.flow_m3_s * amount - 1.0).abs() < 1e-7, "{unit} {}", units.flow_m3_s * amount);
        }
        assert_eq!(Units::of("FURLONG"), None);
    }
}
