//! Instants as integer milliseconds, so that no arithmetic inside a room is approximate.

use std::{fmt, ops};

use jiff::{Timestamp, tz};
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(pub i64);

/// Offset of China Standard Time from UTC, hours. Every clock a user sees uses it.
pub const LOCAL_OFFSET_HOURS: i8 = 8;

impl Stamp {
    /// The instant `seconds` after the epoch.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// This instant as seconds after the epoch.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Reads an RFC 3339 instant with `Z` or a numeric offset. `None` if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse::<Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }

    /// Local civil time (China Standard Time).
    #[must_use]
    pub fn local(self) -> jiff::civil::DateTime {
        let clamped =
            Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX });
        tz::offset(LOCAL_OFFSET_HOURS).to_datetime(clamped)
    }

    /// The instant of a local civil time (China Standard Time).
    #[must_use]
    pub fn from_local(civil: jiff::civil::DateTime) -> Self {
        match tz::offset(LOCAL_OFFSET_HOURS).to_timestamp(civil) {
            Ok(t) => Self(t.as_millisecond()),
            Err(_) => Self(if civil.year() < 0 { i64::MIN / 2 } else { i64::MAX / 2 }),
        }
    }

    /// `2026-11-21T08:30:00.000+08:00`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let t = self.local();
        format!("{}{:+03}:00", t.strftime("%Y-%m-%dT%H:%M:%S%.3f"), LOCAL_OFFSET_HOURS)
    }

    /// Formats the local civil time with a `strftime` pattern, for example `%H:%M`.
    #[must_use]
    pub fn format_local(self, pattern: &str) -> String {
        self.local().strftime(pattern).to_string()
    }
}

impl ops::Add<i64> for Stamp {
    type Output = Self;
    /// Later by `ms` milliseconds.
    fn add(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl ops::Sub for Stamp {
    type Output = i64;
    /// Milliseconds from `other` to `self`.
    fn sub(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_through_text() {
        let t = Stamp::parse("2026-07-01T08:00:00.250+08:00").unwrap();
        assert_eq!(t, Stamp::parse("2026-07-01T00:00:00.250Z").unwrap());
        assert_eq!(t.to_rfc3339(), "2026-07-01T08:00:00.250+08:00");
        assert_eq!(Stamp::from_local(t.local()), t);
        assert_eq!(t.format_local("%H:%M"), "08:00");
    }

    #[test]
    fn absurd_instants_do_not_panic() {
        for ms in [i64::MIN, i64::MAX, 0] {
            assert!(!Stamp(ms).to_rfc3339().is_empty());
        }
        assert_eq!(Stamp::parse("yesterday"), None);
    }
}
