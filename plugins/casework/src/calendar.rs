//! The working calendar: which minutes count as working time (DOMAIN §1.7).

use std::collections::BTreeSet;

use guanlan_core::{
    Stamp,
    file_words::{line_at, refused},
};
use jiff::{
    ToSpan,
    civil::{Date, Time, Weekday},
};
use serde::Deserialize;

use crate::CaseworkError;

const DAY_MS: i64 = 24 * 3_600_000;

/// Working days and hours, local civil time.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Days off that are not a Saturday or Sunday by themselves (节假日).
    pub holidays: BTreeSet<Date>,
    /// Weekend days on which people work (调休).
    pub workdays: BTreeSet<Date>,
    /// Years whose holidays are known. In any other year weekends are free and no holiday is known.
    pub years: BTreeSet<i16>,
    /// Working stretches of a day, ms after local midnight, ascending and disjoint.
    pub hours_ms: Vec<[i64; 2]>,
}

impl Default for Calendar {
    /// Monday to Friday 08:00–12:00 and 14:00–18:00, no holidays, of no year.
    fn default() -> Self {
        Self {
            holidays: BTreeSet::new(),
            workdays: BTreeSet::new(),
            years: BTreeSet::new(),
            hours_ms: vec![[8 * 3_600_000, 12 * 3_600_000], [14 * 3_600_000, 18 * 3_600_000]],
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    schema: u32,
    hours: Vec<[String; 2]>,
    /// Years whose official dates are all here; those of the dates below when absent.
    years: Option<Vec<i16>>,
    #[serde(default)]
    holiday: Vec<String>,
    #[serde(default)]
    workday: Vec<String>,
}

impl Calendar {
    /// Reads a calendar file.
    ///
    /// # Errors
    /// When the TOML, a date or an hour is wrong; the message names file, field and value.
    pub fn parse(file: &str, text: &str) -> Result<Self, CaseworkError> {
        let wrong = |message: String| CaseworkError::File { file: file.to_owned(), message };
        let raw: CalendarFile = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            wrong(format!("line {line}: {}", refused(text, line, e.message())))
        })?;
        if raw.schema != 1 {
            return Err(wrong(format!("schema: expected 1, found {}", raw.schema)));
        }
        let mut hours_ms = Vec::new();
        for [from, to] in &raw.hours {
            let stretch = [clock_ms(from).map_err(wrong)?, clock_ms(to).map_err(wrong)?];
            let after_previous = hours_ms.last().is_none_or(|last: &[i64; 2]| last[1] <= stretch[0]);
            if stretch[0] >= stretch[1] || !after_previous {
                return Err(wrong(format!("hours: expected ascending stretches, found {from}–{to}")));
            }
            hours_ms.push(stretch);
        }
        if hours_ms.is_empty() {
            return Err(wrong("hours: expected at least one stretch such as [\"08:00\", \"12:00\"]".into()));
        }
        let holidays = dates("holiday", &raw.holiday).map_err(wrong)?;
        let workdays = dates("workday", &raw.workday).map_err(wrong)?;
        let years = match raw.years {
            Some(years) => years.into_iter().collect(),
            None => holidays.iter().chain(&workdays).map(|d| d.year()).collect::<BTreeSet<i16>>(),
        };
        if let Some(day) = holidays.iter().chain(&workdays).find(|d| !years.contains(&d.year())) {
            return Err(wrong(format!("years: {} has dates ({day}) but is not listed; add it to years", day.year())));
        }
        if let Some(day) = workdays.iter().find(|d| holidays.contains(d)) {
            return Err(wrong(format!("workday: {day} is a holiday, too; expected it in one list only")));
        }
        Ok(Self { holidays, workdays, years, hours_ms })
    }

    /// True when the official days off of a year are known.
    #[must_use]
    pub fn covers(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// The calendar that ships with the program (2026).
    #[must_use]
    pub fn shipped() -> Self {
        let text = include_str!("../../../assets/casework/calendar.toml");
        // The embedded file is parsed by a test of this module.
        Self::parse("calendar.toml", text).unwrap_or_default()
    }

    /// True when people work on `date`.
    #[must_use]
    pub fn is_workday(&self, date: Date) -> bool {
        if self.workdays.contains(&date) {
            return true;
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && !self.holidays.contains(&date)
    }

    /// Working time in one full day, ms.
    #[must_use]
    pub fn day_ms(&self) -> i64 {
        self.hours_ms.iter().map(|[from, to]| to - from).sum()
    }

    /// The instant at which `work_ms` of working time have passed since `start`.
    ///
    /// A limit that ends exactly with a stretch ends there, not at the start of the next one.
    #[must_use]
    pub fn add_work(&self, start: Stamp, work_ms: i64) -> Stamp {
        if work_ms <= 0 {
            return start;
        }
        let mut left = work_ms;
        let mut date = start.local().date();
        let mut midnight = Stamp::from_local(date.to_datetime(Time::midnight()));
        // Ten years of days bound the walk whatever a calendar file says.
        for _ in 0..3660 {
            if self.is_workday(date) {
                for [from, to] in &self.hours_ms {
                    let from = (midnight + *from).0.max(start.0);
                    let to = (midnight + *to).0;
                    if from >= to {
                        continue;
                    }
                    if left <= to - from {
                        return Stamp(from + left);
                    }
                    left -= to - from;
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            midnight = midnight + DAY_MS;
        }
        midnight
    }

    /// Working time between two instants, ms; 0 when `to` is not after `from`.
    #[must_use]
    pub fn work_between(&self, from: Stamp, to: Stamp) -> i64 {
        let mut sum = 0;
        let mut date = from.local().date();
        let mut midnight = Stamp::from_local(date.to_datetime(Time::midnight()));
        for _ in 0..3660 {
            if midnight >= to {
                break;
            }
            if self.is_workday(date) {
                for [start, end] in &self.hours_ms {
                    let start = (midnight + *start).0.max(from.0);
                    let end = (midnight + *end).0.min(to.0);
                    sum += (end - start).max(0);
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            midnight = midnight + DAY_MS;
        }
        sum
    }
}

fn clock_ms(text: &str) -> Result<i64, String> {
    let bad = || format!("hours: expected HH:MM up to 24:00, found '{text}'");
    let (h, m) = text.split_once(':').ok_or_else(bad)?;
    let (h, m): (i64, i64) = (h.parse().map_err(|_| bad())?, m.parse().map_err(|_| bad())?);
    if !(0..=24).contains(&h) || !(0..60).contains(&m) || h * 60 + m > 1440 {
        return Err(bad());
    }
    Ok((h * 60 + m) * 60_000)
}

fn dates(field: &str, list: &[String]) -> Result<BTreeSet<Date>, String> {
    let mut out = BTreeSet::new();
    for text in list {
        let one = |part: &str| {
            part.trim()
                .parse::<Date>()
                .map_err(|_| format!("{field}: expected YYYY-MM-DD or first..last, found '{text}'"))
        };
        let (first, last) = match text.split_once("..") {
            Some((first, last)) => (one(first)?, one(last)?),
            None => (one(text)?, one(text)?),
        };
        if last < first || last > first.saturating_add(366.days()) {
            return Err(format!("{field}: '{text}' does not run forward within a year"));
        }
        out.extend(first.series(1.day()).take_while(|d| *d <= last));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_calendar_reads() {
        let text = include_str!("../../../assets/casework/calendar.toml");
        let calendar = Calendar::parse("calendar.toml", text).unwrap();
        assert_eq!(calendar, Calendar::shipped());
        assert_eq!(calendar.day_ms(), 8 * 3_600_000);
        assert!(!calendar.is_workday("2026-10-01".parse().unwrap()));
        assert!(calendar.is_workday("2026-10-10".parse().unwrap()));
        assert!(!calendar.is_workday("2026-10-11".parse().unwrap()));
        // A year nobody has published yet: weekends as ever, no holiday, and it is said that it is not covered.
        assert!(calendar.covers(2026) && !calendar.covers(2027));
        assert!(calendar.is_workday("2027-01-01".parse().unwrap()), "a Friday");
        assert!(!calendar.is_workday("2027-01-02".parse().unwrap()), "a Saturday");
    }

    #[test]
    fn wrong_calendars_say_where() {
        for (text, expected) in [
            ("schema = 2\nhours = []", "schema: expected 1"),
            ("schema = 1\nhours = []", "hours: expected at least one"),
            ("schema = 1\nhours = [[\"8\", \"12:00\"]]", "found '8'"),
            ("schema = 1\nhours = [[\"12:00\", \"08:00\"]]", "ascending"),
            ("schema = 1\nhours = [[\"08:00\", \"12:00\"]]\nholiday = [\"May\"]", "holiday: expected YYYY-MM-DD"),
            (
                "schema = 1\nyears = [2026]\nhours = [[\"08:00\", \"12:00\"]]\nholiday = [\"2027-01-01\"]",
                "years: 2027 has dates (2027-01-01)",
            ),
            (
                "schema = 1\nhours = [[\"08:00\", \"12:00\"]]\nholiday = [\"2026-01-04\"]\nworkday = [\"2026-01-04\"]",
                "workday: 2026-01-04 is a holiday",
            ),
        ] {
            let error = Calendar::parse("c.toml", text).unwrap_err().to_string();
            assert!(error.starts_with("c.toml: ") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn adding_and_measuring_agree() {
        let calendar = Calendar::shipped();
        let start = Stamp::parse("2026-09-24T17:13:00+08:00").unwrap();
        for hours in 1..200 {
            let end = calendar.add_work(start, hours * 3_600_000);
            assert_eq!(calendar.work_between(start, end), hours * 3_600_000);
        }
    }
}
