//! The rule file as people write it (TOML, schema 1), and its checks.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::{
    AlertLevel, ObservedProperty,
    file_words::{line_at, refused},
};
use serde::Deserialize;

use super::{
    AlarmRule, CaseRules, SeatRules,
    limits::{self, LimitRow},
};
use crate::{CaseworkError, calendar::Calendar, category::Categories, limit::Limit};

const MINUTE_MS: i64 = 60_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    schema: u32,
    prefix: String,
    register_min: u32,
    dispatch_min: u32,
    check_min: u32,
    merge_radius_m: f64,
    merge_hours: u32,
    max_extensions: u8,
    max_suspend_days: u32,
    fallback_code: String,
    fallback_limit: String,
    seats: SeatRules,
    alarm: Vec<AlarmEntry>,
    duties: BTreeMap<String, Vec<String>>,
    words: Vec<WordsEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlarmEntry {
    property: ObservedProperty,
    code: String,
    from: AlertLevel,
    #[serde(default)]
    component: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsEntry {
    any: Vec<String>,
    code: String,
}

impl CaseRules {
    /// The rules, tables and calendar that ship with the program. No seat is filled by simulation.
    ///
    /// # Errors
    /// Never for the shipped files; a test proves it.
    pub fn shipped() -> Result<Self, CaseworkError> {
        let categories = Categories::shipped()?;
        let limits = limits::read("limits.csv", include_str!("../../../../assets/casework/limits.csv"), &categories)?;
        let calendar = Calendar::parse("calendar.toml", include_str!("../../../../assets/casework/calendar.toml"))?;
        let rules = include_str!("../../../../assets/casework/rules.toml");
        Self::parse("rules.toml", rules, categories, limits, calendar)
    }

    /// Rules of a city's own.
    ///
    /// # Errors
    /// Names file, field and what was expected.
    pub fn parse(
        file: &str,
        text: &str,
        categories: Categories,
        limits: BTreeMap<String, Vec<LimitRow>>,
        calendar: Calendar,
    ) -> Result<Self, CaseworkError> {
        let wrong = |message: String| CaseworkError::File { file: file.to_owned(), message };
        let raw: RulesFile = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            wrong(format!("line {line}: {}", refused(text, line, e.message())))
        })?;
        if raw.schema != 1 {
            return Err(wrong(format!("schema: expected 1, found {}", raw.schema)));
        }
        let known = |field: &str, code: &str| {
            if categories.matter(code).is_some() {
                Ok(())
            } else {
                Err(wrong(format!("{field}: '{code}' is not a matter of the category table")))
            }
        };
        known("fallback_code", &raw.fallback_code)?;
        for alarm in &raw.alarm {
            known("alarm.code", &alarm.code)?;
        }
        for entry in &raw.words {
            known("words.code", &entry.code)?;
        }
        let spans = [
            ("register_min", raw.seats.register_min),
            ("assign_min", raw.seats.assign_min),
            ("accept_min", raw.seats.accept_min),
            ("finish_share", raw.seats.finish_share),
            ("verify_min", raw.seats.verify_min),
            ("close_min", raw.seats.close_min),
        ];
        for (field, [low, high]) in spans {
            if low > high || high > 100_000 {
                return Err(wrong(format!("seats.{field}: expected [shortest, longest], found [{low}, {high}]")));
            }
        }
        if !(raw.merge_radius_m >= 0.0 && raw.merge_radius_m <= 10_000.0) {
            return Err(wrong(format!("merge_radius_m: expected 0 to 10000, found {}", raw.merge_radius_m)));
        }
        if raw.prefix.is_empty() || !raw.prefix.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(wrong(format!("prefix: expected capital letters, found '{}'", raw.prefix)));
        }
        let fallback_limit = Limit::parse(&raw.fallback_limit).ok_or_else(|| {
            wrong(format!("fallback_limit: expected a limit such as 2u, 4h or 1d, found '{}'", raw.fallback_limit))
        })?;
        Ok(Self {
            prefix: raw.prefix,
            register_ms: i64::from(raw.register_min) * MINUTE_MS,
            dispatch_ms: i64::from(raw.dispatch_min) * MINUTE_MS,
            check_ms: i64::from(raw.check_min) * MINUTE_MS,
            merge_radius_m: raw.merge_radius_m,
            merge_ms: i64::from(raw.merge_hours) * 60 * MINUTE_MS,
            max_extensions: raw.max_extensions,
            max_suspend_ms: i64::from(raw.max_suspend_days) * 24 * 60 * MINUTE_MS,
            fallback_code: raw.fallback_code,
            fallback_limit,
            seats: raw.seats,
            auto_seats: BTreeSet::new(),
            categories,
            limits,
            calendar,
            alarms: raw
                .alarm
                .into_iter()
                .map(|a| AlarmRule { property: a.property, code: a.code, from: a.from, component: a.component })
                .collect(),
            duties: raw.duties,
            words: raw
                .words
                .into_iter()
                .map(|w| (w.any.iter().map(|word| word.to_lowercase()).collect(), w.code))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_rules_are_refused() {
        let good = include_str!("../../../../assets/casework/rules.toml");
        let parse = |text: &str| {
            let categories = Categories::shipped().unwrap();
            CaseRules::parse("r.toml", text, categories, BTreeMap::new(), Calendar::default())
        };
        assert!(parse(good).is_ok());
        for (from, to, expected) in [
            ("schema = 1", "schema = 7", "schema: expected 1"),
            ("code = \"10-999\"", "code = \"10-777\"", "alarm.code: '10-777'"),
            ("prefix = \"GL\"", "prefix = \"gl\"", "prefix: expected capital letters"),
            ("register_min = [1, 3]", "register_min = [3, 1]", "seats.register_min"),
            ("fallback_limit = \"1d\"", "fallback_limit = \"soon\"", "fallback_limit: expected a limit"),
            ("merge_hours = 24", "merge_hours = 24\nmerge_days = 1", "merge_days"),
        ] {
            let error = parse(&good.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with("r.toml: ") && error.contains(expected), "{error}");
        }
    }
}
