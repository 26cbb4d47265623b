//! Units of sources to units of the room.

/// `y = x × factor + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    factor: f64,
    shift: f64,
}

impl Conversion {
    /// Nothing is done.
    pub const NONE: Self = Self { factor: 1.0, shift: 0.0 };

    /// The converted value.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        if self.is_none() { value } else { value * self.factor + self.shift }
    }

    /// True when nothing is done.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// What is measured, for units that may be converted into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Length,
    Rate,
    Speed,
    Angle,
    Density,
    Share,
    Lel,
    Sound,
    Temperature,
    Pressure,
    Flow,
    Count,
}

/// Spelling, dimension, factor and shift to the dimension's base (m, mm/h, m/s, °, µg/m³, %, %LEL, dB, °C, Pa, m³/s, 1).
const UNITS: &[(&str, Of, f64, f64)] = &[
    ("m", Of::Length, 1.0, 0.0),
    ("米", Of::Length, 1.0, 0.0),
    ("dm", Of::Length, 0.1, 0.0),
    ("cm", Of::Length, 0.01, 0.0),
    ("厘米", Of::Length, 0.01, 0.0),
    ("mm", Of::Length, 0.001, 0.0),
    ("毫米", Of::Length, 0.001, 0.0),
    ("km", Of::Length, 1000.0, 0.0),
    ("in", Of::Length, 0.0254, 0.0),
    ("ft", Of::Length, 0.3048, 0.0),
    ("mm/h", Of::Rate, 1.0, 0.0),
    ("mm/hr", Of::Rate, 1.0, 0.0),
    ("mm/min", Of::Rate, 60.0, 0.0),
    ("mm/5min", Of::Rate, 12.0, 0.0),
    ("mm/10min", Of::Rate, 6.0, 0.0),
    ("mm/15min", Of::Rate, 4.0, 0.0),
    ("mm/30min", Of::Rate, 2.0, 0.0),
    ("cm/h", Of::Rate, 10.0, 0.0),
    ("in/h", Of::Rate, 25.4, 0.0),
    ("kg/m2/s", Of::Rate, 3600.0, 0.0),
    ("m/s", Of::Speed, 1.0, 0.0),
    ("km/h", Of::Speed, 1.0 / 3.6, 0.0),
    ("kn", Of::Speed, 1852.0 / 3600.0, 0.0),
    ("mph", Of::Speed, 0.44704, 0.0),
    ("°", Of::Angle, 1.0, 0.0),
    ("deg", Of::Angle, 1.0, 0.0),
    ("rad", Of::Angle, 180.0 / std::f64::consts::PI, 0.0),
    ("µg/m³", Of::Density, 1.0, 0.0),
    ("ug/m3", Of::Density, 1.0, 0.0),
    ("μg/m³", Of::Density, 1.0, 0.0),
    ("mg/m³", Of::Density, 1000.0, 0.0),
    ("mg/m3", Of::Density, 1000.0, 0.0),
    ("%", Of::Share, 1.0, 0.0),
    ("ratio", Of::Share, 100.0, 0.0),
    ("‰", Of::Share, 0.1, 0.0),
    ("%LEL", Of::Lel, 1.0, 0.0),
    ("dB(A)", Of::Sound, 1.0, 0.0),
    ("dBA", Of::Sound, 1.0, 0.0),
    ("dB", Of::Sound, 1.0, 0.0),
    ("°C", Of::Temperature, 1.0, 0.0),
    ("℃", Of::Temperature, 1.0, 0.0),
    ("degC", Of::Temperature, 1.0, 0.0),
    ("Cel", Of::Temperature, 1.0, 0.0),
    ("degF", Of::Temperature, 5.0 / 9.0, -160.0 / 9.0),
    ("K", Of::Temperature, 1.0, -273.15),
    ("°F", Of::Temperature, 5.0 / 9.0, -160.0 / 9.0),
    ("Pa", Of::Pressure, 1.0, 0.0),
    ("hPa", Of::Pressure, 100.0, 0.0),
    ("kPa", Of::Pressure, 1000.0, 0.0),
    ("MPa", Of::Pressure, 1e6, 0.0),
    ("bar", Of::Pressure, 1e5, 0.0),
    ("m³/s", Of::Flow, 1.0, 0.0),
    ("m3/s", Of::Flow, 1.0, 0.0),
    ("L/s", Of::Flow, 0.001, 0.0),
    ("m³/h", Of::Flow, 1.0 / 3600.0, 0.0),
    ("", Of::Count, 1.0, 0.0),
    ("1", Of::Count, 1.0, 0.0),
];

fn find(unit: &str) -> Option<(Of, f64, f64)> {
    let unit = unit.trim();
    // Case decides (mm, MM): exact first, then any case for what has only one reading.
    let exact = UNITS.iter().find(|u| u.0 == unit);
    exact.or_else(|| UNITS.iter().find(|u| u.0.eq_ignore_ascii_case(unit))).map(|u| (u.1, u.2, u.3))
}

/// From one unit to another.
///
/// # Errors
/// When one is unknown or they measure different things.
pub fn between(from: &str, to: &str) -> Result<Conversion, String> {
    if from.trim() == to.trim() {
        return Ok(Conversion::NONE);
    }
    let unknown = |u: &str| {
        let known: Vec<&str> = UNITS.iter().map(|u| u.0).filter(|u| !u.is_empty()).collect();
        format!("unknown unit '{u}': expected one of {}", known.join(" "))
    };
    let (of, factor, shift) = find(from).ok_or_else(|| unknown(from))?;
    let (to_of, to_factor, to_shift) = find(to).ok_or_else(|| unknown(to))?;
    if of != to_of {
        return Err(format!("'{from}' cannot be converted to '{to}'"));
    }
    Ok(Conversion { factor: factor / to_factor, shift: (shift - to_shift) / to_factor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        let convert = |v: f64, from: &str, to: &str| between(from, to).unwrap().apply(v);
        for (v, from, to, want) in [
            (10.0, "ft", "m", 3.048),
            (250.0, "mm", "cm", 25.0),
            (2.0, "mm/5min", "mm/h", 24.0),
            (1.0, "in/h", "mm/h", 25.4),
            (36.0, "km/h", "m/s", 10.0),
            (19.708, "kn", "km/h", 36.499_216),
            (0.5, "ratio", "%", 50.0),
            (212.0, "°F", "°C", 100.0),
            (0.0, "K", "°C", -273.15),
            (0.12, "mg/m³", "µg/m³", 120.0),
        ] {
            assert!((convert(v, from, to) - want).abs() < 1e-9, "{v} {from} → {to}: {}", convert(v, from, to));
        }
        assert!(between("m", "mm/h").is_err());
        assert!(between("furlong", "m").unwrap_err().contains("furlong"));
        assert!(between("cm", "cm").unwrap().is_none());
    }
}
