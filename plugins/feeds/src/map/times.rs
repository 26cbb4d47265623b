//! Times as sources write them.

use guanlan_core::Stamp;
use jiff::{civil::DateTime, fmt::strtime};
use serde_json::Value;

/// How a source writes instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, civil time in the mapping's zone, or epoch seconds or milliseconds by size.
    Auto,
    /// RFC 3339 only.
    Rfc3339,
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// Days since 1899-12-30, in the mapping's zone.
    Excel,
    /// A strftime pattern.
    Pattern(String),
}

/// Instants before 1970 or after 2200 are mistakes of units.
const LATEST_MS: i64 = 7_258_118_400_000;

impl TimeFormat {
    /// Reads the word of the feeds file.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auto" => Self::Auto,
            "rfc3339" => Self::Rfc3339,
            "epoch_s" => Self::EpochS,
            "epoch_ms" => Self::EpochMs,
            "excel" => Self::Excel,
            pattern if pattern.contains('%') => Self::Pattern(pattern.to_owned()),
            other => {
                return Err(format!(
                    "'{other}': expected auto, rfc3339, epoch_s, epoch_ms, excel or a pattern like %Y-%m-%d %H:%M"
                ));
            }
        })
    }

    /// The instant a value means; `None` when it means none.
    #[must_use]
    pub fn instant(&self, value: &Value, zone_s: i32) -> Option<Stamp> {
        let text = value.as_str().map(str::trim);
        let number = || value.as_f64().or_else(|| text?.parse::<f64>().ok()).filter(|n| n.is_finite());
        let stamp = match self {
            // Fourteen or twelve digits are a date before they are a number.
            Self::Auto => match (number().filter(|_| !text.is_some_and(is_packed)), text) {
                (Some(n), _) => Stamp(if n.abs() < 1e11 { (n * 1000.0) as i64 } else { n as i64 }),
                (None, Some(text)) => Stamp::parse(text).or_else(|| civil(text, zone_s))?,
                (None, None) => return None,
            },
            Self::Rfc3339 => Stamp::parse(text?)?,
            Self::EpochS => Stamp((number()? * 1000.0) as i64),
            Self::EpochMs => Stamp(number()? as i64),
            Self::Excel => Stamp(((number()? - 25_569.0) * 86_400_000.0).round() as i64 - i64::from(zone_s) * 1000),
            Self::Pattern(pattern) => {
                let read = strtime::parse(pattern, text?).ok()?;
                match read.to_timestamp() {
                    Ok(t) => Stamp(t.as_millisecond()),
                    Err(_) => {
                        in_zone(read.to_datetime().ok().or_else(|| Some(read.to_date().ok()?.at(0, 0, 0, 0)))?, zone_s)?
                    }
                }
            }
        };
        (0..=LATEST_MS).contains(&stamp.0).then_some(stamp)
    }
}

/// `20260701080000` or `202607010800`.
fn is_packed(text: &str) -> bool {
    matches!(text.len(), 12 | 14)
        && text.bytes().all(|b| b.is_ascii_digit())
        && matches!(&text[..2], "19" | "20" | "21")
}

/// `2026-07-01 08:00[:00[.0]]`, with T, slashes, or without separators.
fn civil(text: &str, zone_s: i32) -> Option<Stamp> {
    if let Ok(civil) = text.replace('/', "-").parse::<DateTime>() {
        return in_zone(civil, zone_s);
    }
    ["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y年%m月%d日 %H:%M"]
        .iter()
        .find_map(|p| strtime::parse(p, text).ok()?.to_datetime().ok())
        .and_then(|c| in_zone(c, zone_s))
}

fn in_zone(civil: DateTime, zone_s: i32) -> Option<Stamp> {
    let offset = jiff::tz::Offset::from_seconds(zone_s).ok()?;
    Some(Stamp(offset.to_timestamp(civil).ok()?.as_millisecond()))
}

/// `+08:00`, `Z` → seconds east of Greenwich.
#[must_use]
pub fn offset_s(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60 && hours >= 0 && minutes >= 0).then_some(sign * (hours * 3600 + minutes * 60))
}
