//! Lengths, speeds and numbers as mappers write them.

/// A length in m: `7`, `7.5 m`, `7,5`, `30 ft`, `6'`, `6'4"`, `6 ft 4 in`; the first of a list.
pub(super) fn length_m(text: &str) -> Option<f64> {
    let text = text
        .split(';')
        .next()?
        .trim()
        .to_lowercase()
        .replace(',', ".")
        .replace(['′', '’'], "'")
        .replace(['″', '”'], "\"");
    let text = match text.split_once("ft ") {
        Some((feet, inches)) => format!("{feet}'{}", inches.trim_end_matches("in")),
        None => text.replace("''", "\""),
    };
    if let Some((feet, inches)) = text.split_once('\'') {
        let inches = inches.trim_end_matches('"').trim();
        let inches = if inches.is_empty() { 0.0 } else { inches.parse::<f64>().ok()? };
        return checked(feet.trim().parse::<f64>().ok()? * 0.3048 + inches * 0.0254);
    }
    let (number, unit) = split(&text)?;
    let factor = match unit {
        "" | "m" | "metre" | "metres" | "meter" | "meters" => 1.0,
        "km" => 1000.0,
        "cm" => 0.01,
        "ft" | "feet" | "foot" => 0.3048,
        "in" | "inch" | "inches" | "\"" => 0.0254,
        _ => return None,
    };
    checked(number * factor)
}

/// A speed in km/h: `50`, `50 km/h`, `30 mph`, `walk`, `none`, `CN:urban`, `DE:zone:30`; the first of a
/// list.
pub(super) fn speed_kmh(text: &str) -> Option<f64> {
    let text = text.split([';', '|']).next()?.trim();
    if let Some((number, unit)) = split(text) {
        let factor = match unit {
            "" | "km/h" | "kmh" | "kph" => 1.0,
            "mph" => 1.609_344,
            "knots" => 1.852,
            _ => return None,
        };
        return checked(number * factor).filter(|v| (1.0..=200.0).contains(v));
    }
    match text {
        "walk" => return Some(7.0),
        "none" => return Some(130.0),
        _ => {}
    }
    let (country, zone) = text.split_once(':')?;
    if let Some(zone) = zone.strip_prefix("zone").map(|z| z.trim_start_matches(':')) {
        return zone.parse().ok().filter(|v| (5.0..=60.0).contains(v));
    }
    Some(match (country, zone) {
        ("GB", "motorway" | "nsl_dual") => 112.7,
        ("GB", "nsl_single") => 96.6,
        ("GB", "nsl_restricted") => 48.3,
        (_, "walk" | "living_street" | "pedestrian_zone") => 10.0,
        ("RU", "urban") => 60.0,
        (_, "urban") => 50.0,
        ("CN", "rural") => 70.0,
        ("DE", "rural") => 100.0,
        (_, "rural") => 90.0,
        (_, "trunk") => 100.0,
        ("CN" | "NL", "motorway") => 120.0,
        (_, "motorway") => 130.0,
        _ => return None,
    })
}

/// The first whole number of a text, for lanes, storeys, layers: `3`, `2;3`, `-1`, `2.5` → 2.
pub(super) fn count(text: &str) -> Option<i64> {
    let number: f64 = text.split([';', '|']).next()?.trim().replace(',', ".").parse().ok()?;
    (number.is_finite() && number.abs() < 1e6).then_some(number as i64)
}

fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+')).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

fn checked(value: f64) -> Option<f64> {
    (value.is_finite() && value >= 0.0 && value < 1e5).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, metres) in [
            ("7", 7.0),
            ("7.5 m", 7.5),
            ("7,5", 7.5),
            ("10 ft", 3.048),
            ("6'", 1.8288),
            ("1'6\"", 0.4572),
            ("12' 6\"", 3.81),
            ("12 ft 6 in", 3.81),
            ("12′6″", 3.81),
            ("30\"", 0.762),
            ("12M", 12.0),
            ("10 m;12 m", 10.0),
        ] {
            assert!((length_m(text).unwrap() - metres).abs() < 1e-9, "{text}");
        }
        for text in ["", "wide", "-3", "7 parsec", "1e999", "'"] {
            assert_eq!(length_m(text), None, "{text}");
        }
    }

    #[test]
    fn speeds() {
        for (text, kmh) in [
            ("50", 50.0),
            ("30 mph", 48.28032),
            ("60;80", 60.0),
            ("walk", 7.0),
            ("none", 130.0),
            ("CN:urban", 50.0),
            ("DE:zone30", 30.0),
            ("DE:zone:20", 20.0),
        ] {
            assert!((speed_kmh(text).unwrap() - kmh).abs() < 1e-9, "{text}");
        }
        for text in ["", "signals", "0", "9999", "50 lightyears", "DE:zone:x"] {
            assert_eq!(speed_kmh(text), None, "{text}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(
            (count("3"), count("2;3"), count("-1"), count("2.5"), count("many")),
            (Some(3), Some(2), Some(-1), Some(2), None)
        );
    }
}
