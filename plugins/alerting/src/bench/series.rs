//! Readings and expectations as a rule's own tests write them.

use guanlan_core::AlertLevel;

/// `seconds:value` pairs, apart by spaces; `from..to:value` repeats every `step_s`.
///
/// # Errors
/// The piece that is wrong and what was expected.
pub fn parse_series(text: &str, step_s: u32) -> Result<Vec<(f64, f64)>, String> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for piece in text.split_whitespace() {
        let wrong = || format!("'{piece}'; expected seconds:value, for example 30:6.5 or 660..840:2");
        let (when, value) = piece.rsplit_once(':').ok_or_else(wrong)?;
        let value: f64 = value.parse().map_err(|_| wrong())?;
        let number = |t: &str| t.parse::<f64>().ok().filter(|s| s.is_finite() && s.abs() < 1e9).ok_or_else(wrong);
        if let Some((from, to)) = when.split_once("..") {
            let (from, to) = (number(from)?, number(to)?);
            let step = f64::from(step_s.max(1));
            if to < from || (to - from) / step > 1e6 {
                return Err(wrong());
            }
            let mut t = from;
            while t <= to {
                out.push((t, value));
                t += step;
            }
        } else {
            out.push((number(when)?, value));
        }
    }
    Ok(out)
}

/// An expected change: which stream (empty for any), when, to which level.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Stream or area; empty for any.
    pub sensor: String,
    /// Seconds after the start.
    pub at_s: f64,
    /// Level after.
    pub level: AlertLevel,
}

/// `90 blue, 240 yellow`; `s@90 blue` names the stream. Empty expects nothing.
///
/// # Errors
/// The piece that is wrong and what was expected.
pub fn parse_expected(text: &str) -> Result<Vec<Expected>, String> {
    let mut out = Vec::new();
    for piece in text.split([',', ';', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
        let wrong = || format!("'{piece}'; expected seconds and a level, for example 90 blue or gauge-1@240 normal");
        let (sensor, rest) = piece.rsplit_once('@').unwrap_or(("", piece));
        let (at, level) = rest.trim().split_once(char::is_whitespace).ok_or_else(wrong)?;
        let at_s: f64 = at.trim().parse().map_err(|_| wrong())?;
        let level = level.trim();
        let level = AlertLevel::ALL
            .into_iter()
            .find(|l| l.name().en.eq_ignore_ascii_case(level) || l.name().zh == level)
            .ok_or_else(wrong)?;
        out.push(Expected { sensor: sensor.trim().to_owned(), at_s, level });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_expectations() {
        assert_eq!(
            parse_series("0:4 30:-6.5 60..120:2", 30).unwrap(),
            [(0.0, 4.0), (30.0, -6.5), (60.0, 2.0), (90.0, 2.0), (120.0, 2.0)]
        );
        for bad in ["4", "a:1", "1:b", "5..1:2", "0..1e12:1"] {
            assert!(parse_series(bad, 30).is_err(), "{bad}");
        }
        let e = parse_expected("90 blue, g1@240 黄; 840 Normal").unwrap();
        assert_eq!(
            (e[0].level, e[1].sensor.as_str(), e[1].level, e[2].level),
            (AlertLevel::Blue, "g1", AlertLevel::Yellow, AlertLevel::Normal)
        );
        assert!(parse_expected("").unwrap().is_empty());
        assert!(parse_expected("ninety blue").is_err() && parse_expected("90 pink").is_err());
    }
}
