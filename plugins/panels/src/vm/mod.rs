//! What panels show, as plain values: pure functions of a picture.

pub mod alerts;
pub mod areas;
pub mod briefing;
pub mod cases;
pub mod catalogue;
pub mod crews;
pub mod detail;
pub mod figures;
pub mod headline;
pub mod health;
pub mod layers;
pub mod records;
pub mod risk;
pub mod tell;
pub mod timebar;
pub mod trend;
pub mod warnings;
pub mod water;
pub mod why;
pub mod works;

use guanlan_core::{Lang, Stamp};

use crate::words::tr_with;

/// A length of time as people say it: `42 秒`, `12 分`, `3 小时 05 分`, `4 天`.
#[must_use]
pub fn span(lang: Lang, ms: i64) -> String {
    let s = ms.abs() / 1000;
    match s {
        0..60 => tr_with(lang, "k-seconds", &[("n", &s.to_string())]),
        60..3600 => tr_with(lang, "k-minutes", &[("n", &(s / 60).to_string())]),
        3600..172_800 => {
            let (h, m) = (s / 3600, s / 60 % 60);
            tr_with(lang, "k-hours", &[("h", &h.to_string()), ("m", &format!("{m:02}"))])
        }
        _ => tr_with(lang, "k-days", &[("n", &(s / 86_400).to_string())]),
    }
}

/// Minutes and seconds of a travel time, or hours and minutes: `4:05`, `1:02 h`.
#[must_use]
pub fn eta(lang: Lang, s: f64) -> String {
    let s = s.max(0.0).round() as i64;
    if s < 60 {
        tr_with(lang, "k-seconds", &[("n", &s.to_string())])
    } else {
        tr_with(lang, "k-minutes", &[("n", &((s + 30) / 60).to_string())])
    }
}

/// A reading with as many decimals as help.
#[must_use]
pub fn number(v: f64) -> String {
    let a = v.abs();
    if a >= 100.0 || (v.fract() == 0.0 && a < 1e9) {
        format!("{v:.0}")
    } else if a >= 10.0 {
        format!("{v:.1}")
    } else {
        format!("{v:.2}")
    }
}

/// Time of day.
#[must_use]
pub fn clock(at: Stamp) -> String {
    at.format_local("%H:%M")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        assert_eq!(span(Lang::Zh, 42_000), "42 秒");
        assert_eq!(span(Lang::Zh, -12 * 60_000), "12 分");
        assert_eq!(span(Lang::Zh, (3 * 60 + 5) * 60_000), "3 小时 05 分");
        assert_eq!(span(Lang::En, (3 * 60 + 5) * 60_000), "3 h 05 min");
        assert_eq!(span(Lang::Zh, 4 * 86_400_000), "4 天");
        assert_eq!(number(31.0), "31");
        assert_eq!(number(31.25), "31.2");
        assert_eq!(number(0.123), "0.12");
        assert_eq!(eta(Lang::Zh, 290.0), "5 分");
    }
}
