//! The retention policy: how long readings, roll-ups and the inputs of ticks are kept.

use std::str::FromStr;

/// The policy was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}': expected NAME=DAYS with NAME one of raw, minute, hour, day, inputs, for example raw=30,minute=180,hour=3650; DAYS a number above 0, or forever"
)]
pub struct KeepError(String);

/// How long what is kept, days. A level that is wider is never kept shorter than one that is narrower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retention {
    /// Readings as they came, and with them seeking.
    pub raw_days: f64,
    /// Roll-ups of a minute.
    pub minute_days: f64,
    /// Roll-ups of an hour.
    pub hour_days: f64,
    /// Roll-ups of a day.
    pub day_days: f64,
    /// The journal's blocks of inputs: replay and proof of single readings. Records are kept for ever.
    pub inputs_days: f64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 30.0, minute_days: 180.0, hour_days: 3650.0, day_days: f64::INFINITY, inputs_days: 30.0 }
    }
}

impl Retention {
    /// Nothing is ever forgotten.
    #[must_use]
    pub fn forever() -> Self {
        let all = f64::INFINITY;
        Self { raw_days: all, minute_days: all, hour_days: all, day_days: all, inputs_days: all }
    }

    /// Instant before which what is kept for `days` may go, ms.
    pub(crate) fn cutoff_ms(now_ms: i64, days: f64) -> i64 {
        let span = days * 86_400_000.0;
        if span < 9e15 { now_ms.saturating_sub(span as i64) } else { i64::MIN }
    }
}

impl FromStr for Retention {
    type Err = KeepError;

    fn from_str(text: &str) -> Result<Self, KeepError> {
        let mut keep = Self::default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let wrong = || KeepError(part.to_owned());
            let (name, days) = part.split_once('=').ok_or_else(wrong)?;
            let days = match days.trim().trim_end_matches('d') {
                "forever" => f64::INFINITY,
                number => number.parse::<f64>().ok().filter(|d| d.is_finite() && *d > 0.0).ok_or_else(wrong)?,
            };
            match name.trim() {
                "raw" => keep.raw_days = days,
                "minute" => keep.minute_days = days,
                "hour" => keep.hour_days = days,
                "day" => keep.day_days = days,
                "inputs" => keep.inputs_days = days,
                _ => return Err(wrong()),
            }
        }
        keep.minute_days = keep.minute_days.max(keep.raw_days);
        keep.hour_days = keep.hour_days.max(keep.minute_days);
        keep.day_days = keep.day_days.max(keep.hour_days);
        Ok(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_refused_in_words() {
        let keep: Retention = "raw=7d, minute=3,day=forever,inputs=0.5".parse().unwrap();
        assert_eq!((keep.raw_days, keep.minute_days, keep.inputs_days), (7.0, 7.0, 0.5));
        assert_eq!("".parse::<Retention>().unwrap(), Retention::default());
        for wrong in ["raw", "raw=", "raw=-1", "raw=NaN", "weeks=3"] {
            assert!(wrong.parse::<Retention>().unwrap_err().to_string().contains("raw=30"), "{wrong}");
        }
        assert_eq!(Retention::cutoff_ms(5, f64::INFINITY), i64::MIN);
        assert_eq!(Retention::cutoff_ms(86_400_000, 1.0), 0);
    }
}
