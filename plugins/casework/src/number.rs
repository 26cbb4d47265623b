//! Case numbers: prefix + local date + four digits, restarting every day (DOMAIN §1.5).

use guanlan_core::{CaseId, Stamp};
use serde::{Deserialize, Serialize};

/// Prefix of everything an exercise numbers.
pub const EXERCISE_PREFIX: &str = "YL-";

/// The number of the `seq`-th case of the local day of `at`: `GL202611210001`, or `YL-GL202611210001`
/// in an exercise.
#[must_use]
pub fn case_number(prefix: &str, at: Stamp, seq: u32, exercise: bool) -> CaseId {
    let exercise = if exercise { EXERCISE_PREFIX } else { "" };
    CaseId::from(format!("{exercise}{prefix}{}{seq:04}", at.format_local("%Y%m%d")))
}

/// Gives out case numbers in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNumber {
    day: String,
    last: u32,
}

impl CaseNumber {
    /// The next number of the local day of `at`.
    pub fn next(&mut self, prefix: &str, at: Stamp, exercise: bool) -> CaseId {
        let day = at.format_local("%Y%m%d");
        if day != self.day {
            self.day = day;
            self.last = 0;
        }
        self.last += 1;
        case_number(prefix, at, self.last, exercise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_restart_at_local_midnight() {
        let mut numbers = CaseNumber::default();
        let evening = Stamp::parse("2026-11-21T23:59:59+08:00").unwrap();
        assert_eq!(numbers.next("GL", evening, false).as_str(), "GL202611210001");
        assert_eq!(numbers.next("GL", evening, false).as_str(), "GL202611210002");
        assert_eq!(numbers.next("GL", evening + 1000, false).as_str(), "GL202611220001");
        assert_eq!(numbers.next("GL", evening + 1000, true).as_str(), "YL-GL202611220002");
    }
}
