//! How values of the command line are read; what is wrong is said with what was expected.

use guanlan_journal::figures::FigureStep;

/// The code of a coordinate system: EPSG's, or one of the shifted systems.
pub fn parse_crs(text: &str) -> Result<u32, String> {
    guanlan_geography::crs_code(text)
        .ok_or_else(|| format!("'{text}' is no coordinate system: expected EPSG:4549, GCJ-02 or BD-09"))
}

/// `heat` or `buildings=0.4`.
pub fn parse_layer(text: &str) -> Result<(String, f32), String> {
    let (id, opacity) = text.split_once('=').unwrap_or((text, "1"));
    match opacity.parse::<f32>() {
        Ok(v) if (0.0..=1.0).contains(&v) && !id.is_empty() => Ok((id.to_owned(), v)),
        _ => Err(format!(
            "'{text}' is no layer: expected a name, or NAME=OPACITY from 0 to 1, for example buildings=0.4"
        )),
    }
}

/// A length, m.
pub fn parse_metres(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(m) if (0.05..=200.0).contains(&m) => Ok(m),
        _ => Err(format!("'{text}' is no length: expected metres from 0.05 to 200")),
    }
}

/// Seconds of `62` (minutes) or `62:30`.
pub fn parse_script_s(text: &str) -> Result<u32, String> {
    let wrong =
        || format!("'{text}' is no time of an exercise: expected minutes, or MINUTES:SECONDS, for example 62:30");
    let (minutes, seconds) = text.split_once(':').unwrap_or((text, "0"));
    let (m, s): (u32, u32) = (minutes.parse().map_err(|_| wrong())?, seconds.parse().map_err(|_| wrong())?);
    if m <= 100_000 && s < 60 { Ok(m * 60 + s) } else { Err(wrong()) }
}

/// `1920x1080`.
pub fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("'{text}' is no size: expected WIDTHxHEIGHT, for example 1920x1080");
    let (w, h) = text.split_once(['x', 'X', '×']).ok_or_else(wrong)?;
    let (w, h): (u32, u32) = (w.parse().map_err(|_| wrong())?, h.parse().map_err(|_| wrong())?);
    if (64..=16_384).contains(&w) && (64..=16_384).contains(&h) { Ok((w, h)) } else { Err(wrong()) }
}

/// Time that key figures are told apart by.
pub fn parse_step(text: &str) -> Result<FigureStep, String> {
    Ok(match text {
        "whole" => FigureStep::Whole,
        "month" => FigureStep::Month,
        "day" => FigureStep::Day,
        "hour" => FigureStep::Hour,
        other => return Err(format!("'{other}': expected whole, month, day or hour")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_codes() {
        assert_eq!(parse_size("7680x2160"), Ok((7680, 2160)));
        assert!(parse_size("big").is_err());
        assert_eq!(parse_script_s("62"), Ok(3720));
        assert_eq!(parse_script_s("62:05"), Ok(3725));
        assert_eq!(parse_layer("buildings=0.4"), Ok(("buildings".into(), 0.4)));
        assert_eq!(parse_layer("heat"), Ok(("heat".into(), 1.0)));
        assert!(parse_layer("heat=2").is_err() && parse_layer("=1").is_err());
        assert!(parse_script_s("62:75").is_err() && parse_script_s("an hour").is_err());
        assert_eq!(parse_crs("EPSG:4549"), Ok(4549));
        assert_eq!(parse_crs("GCJ-02"), Ok(guanlan_geography::GCJ02));
        assert!(parse_crs("WGS84").is_err());
    }
}
