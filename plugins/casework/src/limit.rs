//! Limits of time (处置时限) and the deadlines that follow from them (DOMAIN §1.7).

use guanlan_core::Stamp;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;

const HOUR_MS: i64 = 3_600_000;

/// Which clock a limit runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// 紧急工作时: hours around the clock.
    #[default]
    UrgentHour,
    /// 紧急工作日: days of 24 h around the clock.
    UrgentDay,
    /// 工作时: hours of the working calendar.
    WorkHour,
    /// 工作日: 8 working hours each.
    WorkDay,
    /// 自然日: days of 24 h.
    NaturalDay,
}

/// An amount of time on a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Limit {
    /// The clock.
    pub kind: LimitKind,
    /// How many of its units.
    pub amount: u32,
}

impl Limit {
    /// `amount` units of `kind`.
    #[must_use]
    pub const fn new(kind: LimitKind, amount: u32) -> Self {
        Self { kind, amount }
    }

    /// Reads the short form of the tables: `2u`, `4h`, `1d`, `3n`, `2q`. `None` if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, kind) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let kind = match kind {
            "u" => LimitKind::UrgentHour,
            "q" => LimitKind::UrgentDay,
            "h" => LimitKind::WorkHour,
            "d" => LimitKind::WorkDay,
            "n" => LimitKind::NaturalDay,
            _ => return None,
        };
        let amount = number.parse().ok().filter(|n| (1..=3650).contains(n))?;
        Some(Self { kind, amount })
    }

    /// This limit as a standard's text means it: the word 紧急 overrides the declared clock.
    #[must_use]
    pub fn as_worded(self, standard_text: &str) -> Self {
        if !standard_text.contains("紧急") {
            return self;
        }
        let kind = match self.kind {
            LimitKind::UrgentHour | LimitKind::WorkHour => LimitKind::UrgentHour,
            LimitKind::UrgentDay | LimitKind::WorkDay | LimitKind::NaturalDay => LimitKind::UrgentDay,
        };
        Self { kind, ..self }
    }

    /// True when the clock runs day and night.
    #[must_use]
    pub const fn continuous(self) -> bool {
        !matches!(self.kind, LimitKind::WorkHour | LimitKind::WorkDay)
    }

    /// Length on its own clock, ms.
    #[must_use]
    pub fn clock_ms(self, calendar: &Calendar) -> i64 {
        let unit = match self.kind {
            LimitKind::UrgentHour | LimitKind::WorkHour => HOUR_MS,
            LimitKind::UrgentDay | LimitKind::NaturalDay => 24 * HOUR_MS,
            LimitKind::WorkDay => calendar.day_ms(),
        };
        i64::from(self.amount) * unit
    }

    /// The words on the screen, Chinese and English.
    #[must_use]
    pub fn name(self) -> guanlan_core::Bilingual {
        let (zh, en) = match self.kind {
            LimitKind::UrgentHour => ("紧急工作时", "h around the clock"),
            LimitKind::UrgentDay => ("紧急工作日", "d around the clock"),
            LimitKind::WorkHour => ("工作时", "working h"),
            LimitKind::WorkDay => ("工作日", "working d"),
            LimitKind::NaturalDay => ("自然日", "d"),
        };
        guanlan_core::Bilingual::new(format!("{}{zh}", self.amount), format!("{} {en}", self.amount))
    }
}

/// When a limit that starts at `start` ends.
#[must_use]
pub fn deadline(start: Stamp, limit: Limit, calendar: &Calendar) -> Stamp {
    advance(start, limit.clock_ms(calendar), limit, calendar)
}

/// The instant at which `ms` have passed on the clock of `limit`.
#[must_use]
pub fn advance(start: Stamp, ms: i64, limit: Limit, calendar: &Calendar) -> Stamp {
    if limit.continuous() { start + ms } else { calendar.add_work(start, ms) }
}

/// What the clock of `limit` shows between two instants, ms.
#[must_use]
pub fn elapsed(from: Stamp, to: Stamp, limit: Limit, calendar: &Calendar) -> i64 {
    if limit.continuous() { (to - from).max(0) } else { calendar.work_between(from, to) }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Stamp {
        Stamp::parse(&format!("{text}:00+08:00")).unwrap()
    }

    /// Every vector of DOMAIN §1.7.
    #[test]
    fn golden_deadlines() {
        let plain = Calendar::default();
        let golden_week = Calendar {
            holidays: date(2026, 10, 1).series(1.day()).take(7).collect(),
            workdays: [date(2026, 10, 10)].into(),
            ..Calendar::default()
        };
        for (start, limit, end, calendar) in [
            ("2026-06-05T22:36", "2u", "2026-06-06T00:36", &plain),
            ("2026-06-05T17:30", "1h", "2026-06-08T08:30", &plain),
            ("2026-06-05T17:30", "2h", "2026-06-08T09:30", &plain),
            ("2026-06-05T11:30", "1h", "2026-06-05T14:30", &plain),
            ("2026-06-06T10:00", "4h", "2026-06-08T12:00", &plain),
            ("2026-06-08T07:00", "4h", "2026-06-08T12:00", &plain),
            ("2026-06-08T12:30", "1h", "2026-06-08T15:00", &plain),
            ("2026-06-08T09:00", "1d", "2026-06-09T09:00", &plain),
            ("2026-06-05T16:00", "3d", "2026-06-10T16:00", &plain),
            ("2026-09-30T17:00", "4h", "2026-10-08T11:00", &golden_week),
            ("2026-10-09T16:00", "1d", "2026-10-10T16:00", &golden_week),
        ] {
            let limit = Limit::parse(limit).unwrap();
            assert_eq!(deadline(at(start), limit, calendar), at(end), "{start} + {limit:?}");
        }
        // The shipped calendar knows the same golden week.
        let shipped = Calendar::shipped();
        assert_eq!(deadline(at("2026-09-30T17:00"), Limit::parse("4h").unwrap(), &shipped), at("2026-10-08T11:00"));
        assert_eq!(deadline(at("2026-10-09T16:00"), Limit::parse("1d").unwrap(), &shipped), at("2026-10-10T16:00"));
    }

    #[test]
    fn the_word_urgent_overrides() {
        let plain = Calendar::default();
        let worded = Limit::parse("2h").unwrap().as_worded("2个紧急工作时");
        assert_eq!(deadline(at("2026-06-05T22:36"), worded, &plain), at("2026-06-06T00:36"));
        let days = Limit::parse("2d").unwrap().as_worded("2紧急工作日");
        assert_eq!(deadline(at("2026-06-05T22:36"), days, &plain), at("2026-06-07T22:36"));
        assert_eq!(Limit::parse("2h").unwrap().as_worded("2小时"), Limit::new(LimitKind::WorkHour, 2));
    }

    #[test]
    fn short_forms() {
        for bad in ["", "u", "0u", "-1h", "2x", "2", "1.5h", "é", "9999d"] {
            assert_eq!(Limit::parse(bad), None, "{bad}");
        }
        assert_eq!(Limit::parse("15d"), Some(Limit::new(LimitKind::WorkDay, 15)));
    }
}
