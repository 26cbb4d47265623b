//! How reports and alarms become cases: everything a city may set, read from files.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bevy_ecs::prelude::Resource;
use guanlan_core::{AlertLevel, ObservedProperty, Role};
use serde::Deserialize;

use crate::{CaseworkError, calendar::Calendar, category::Categories, limit::Limit, table};

const MINUTE_MS: i64 = 60_000;
const LIMIT_COLUMNS: [&str; 8] =
    ["edition", "code", "condition", "condition_zh", "condition_en", "area_class", "limit", "source"];

/// One line of the limits table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Machine name of the filing condition, for example `missing`.
    pub condition: String,
    /// The condition in words.
    pub words: guanlan_core::Bilingual,
    /// `*`, `A`, `B` or `C`.
    pub area_class: String,
    /// How long handling may take.
    pub limit: Limit,
    /// Where the row comes from.
    pub source: String,
}

/// Which alarm files which case by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRule {
    /// What the sensor observes.
    pub property: ObservedProperty,
    /// Category code of the case.
    pub code: String,
    /// Lowest level that files.
    pub from: AlertLevel,
    /// Take the class of the component that stands there.
    pub component: bool,
}

/// How empty seats are filled by simulation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatRules {
    /// A seat is empty when nobody gave a command from it for so long, minutes.
    pub free_min: u32,
    /// Shortest and longest delay before registering, minutes.
    pub register_min: [u32; 2],
    /// … before assigning to an organisation.
    pub assign_min: [u32; 2],
    /// … before an untracked crew of the organisation takes over.
    pub accept_min: [u32; 2],
    /// Share of the handling limit such a crew needs, %.
    pub finish_share: [u32; 2],
    /// … before checking.
    pub verify_min: [u32; 2],
    /// … before closing.
    pub close_min: [u32; 2],
    /// Share of checks that fail, %.
    pub rework_percent: u32,
}

/// Everything a city may set about casework.
#[derive(Clone, Debug)]
pub struct CaseRules {
    /// Letters in front of case numbers.
    pub prefix: String,
    /// 受理, ms.
    pub register_ms: i64,
    /// 派遣, ms.
    pub dispatch_ms: i64,
    /// 核查, ms, around the clock.
    pub check_ms: i64,
    /// Same sub-class within this distance is the same case, m.
    pub merge_radius_m: f64,
    /// … and within this time, ms.
    pub merge_ms: i64,
    /// Most 延期.
    pub max_extensions: u8,
    /// Longest 挂账, ms.
    pub max_suspend_ms: i64,
    /// Code of a report whose words say nothing known.
    pub fallback_code: String,
    /// Limit of a code without a row.
    pub fallback_limit: Limit,
    /// Empty seats.
    pub seats: SeatRules,
    /// Seats that simulation fills while nobody sits there. Empty: people do everything.
    pub auto_seats: BTreeSet<Role>,
    /// Category tables.
    pub categories: Categories,
    /// Limits by code; the first row is the default.
    pub limits: BTreeMap<String, Vec<LimitRow>>,
    /// Working calendar.
    pub calendar: Calendar,
    /// Alarms that file.
    pub alarms: Vec<AlarmRule>,
    duties: BTreeMap<String, Vec<String>>,
    words: Vec<(Vec<String>, String)>,
}

/// The rules as a constant of a room.
#[derive(Resource, Clone)]
pub(crate) struct Rules(pub Arc<CaseRules>);

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
        let limits = limits("limits.csv", include_str!("../../../assets/casework/limits.csv"), &categories)?;
        let calendar = Calendar::parse("calendar.toml", include_str!("../../../assets/casework/calendar.toml"))?;
        let rules = include_str!("../../../assets/casework/rules.toml");
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
        let raw: RulesFile = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
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

    /// Handling limit of a code in an area class (`A`, `B`, `C`); the first row that fits.
    #[must_use]
    pub fn limit(&self, code: &str, area_class: &str) -> Limit {
        let rows = self.limits.get(code).map_or(&[][..], Vec::as_slice);
        let fits = |row: &&LimitRow| row.area_class == area_class;
        let row = rows.iter().find(fits).or_else(|| rows.iter().find(|row| row.area_class == "*"));
        row.map_or(self.fallback_limit, |row| row.limit)
    }

    /// Handling limit of a code under a named filing condition.
    #[must_use]
    pub fn limit_of(&self, code: &str, condition: &str) -> Option<Limit> {
        self.limits.get(code)?.iter().find(|row| row.condition == condition).map(|row| row.limit)
    }

    /// The alarm rule of a property.
    #[must_use]
    pub fn alarm(&self, property: ObservedProperty) -> Option<&AlarmRule> {
        self.alarms.iter().find(|alarm| alarm.property == property)
    }

    /// Duties an organisation may have to answer for a code: the code itself, words for it or its class, the class.
    #[must_use]
    pub fn duties_of<'a>(&'a self, code: &'a str) -> Vec<&'a str> {
        let class = code.split('-').next().unwrap_or("");
        let words = self.duties.get(code).or_else(|| self.duties.get(class));
        std::iter::once(code).chain(words.into_iter().flatten().map(String::as_str)).chain([class]).collect()
    }

    /// The code a report's words point to, or the fallback.
    #[must_use]
    pub fn code_from_words(&self, text: &str) -> &str {
        let text = text.to_lowercase();
        let hit = self.words.iter().find(|(any, _)| any.iter().any(|word| text.contains(word.as_str())));
        hit.map_or(self.fallback_code.as_str(), |(_, code)| code.as_str())
    }
}

fn limits(file: &str, text: &str, categories: &Categories) -> Result<BTreeMap<String, Vec<LimitRow>>, CaseworkError> {
    let mut out: BTreeMap<String, Vec<LimitRow>> = BTreeMap::new();
    for row in table::rows(file, &LIMIT_COLUMNS, text)? {
        let code = row.get("code");
        if categories.matter(code).is_none() {
            return Err(row.wrong("code", format!("'{code}' is not a matter of the 2026 table")));
        }
        let Some(limit) = Limit::parse(row.get("limit")) else {
            let found = row.get("limit");
            return Err(row.wrong("limit", format!("expected an amount and u, q, h, d or n, found '{found}'")));
        };
        if !matches!(row.get("area_class"), "*" | "A" | "B" | "C") {
            let found = row.get("area_class");
            return Err(row.wrong("area_class", format!("expected *, A, B or C, found '{found}'")));
        }
        out.entry(code.to_owned()).or_default().push(LimitRow {
            condition: row.get("condition").into(),
            words: guanlan_core::Bilingual::new(row.get("condition_zh"), row.get("condition_en")),
            area_class: row.get("area_class").into(),
            limit,
            source: row.get("source").into(),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::LimitKind;

    #[test]
    fn shipped_rules_read() {
        let rules = CaseRules::shipped().unwrap();
        assert_eq!(rules.limit("10-999", "B"), Limit::new(LimitKind::UrgentHour, 2));
        assert_eq!(rules.limit("10-998", "B"), Limit::new(LimitKind::UrgentHour, 1));
        assert_eq!(rules.limit("06-010", "A"), Limit::new(LimitKind::WorkHour, 4));
        assert_eq!(rules.limit("06-051", "A"), rules.fallback_limit);
        assert_eq!(rules.limit_of("01-003", "rattling"), Limit::parse("2d"));
        assert_eq!(rules.duties_of("10-999"), ["10-999", "drainage", "10"]);
        assert_eq!(rules.duties_of("06-051"), ["06-051", "06"]);
        assert_eq!(rules.code_from_words("门口的井盖不见了"), "01-003");
        assert_eq!(rules.code_from_words("Water on the road, knee deep"), "10-999");
        assert_eq!(rules.code_from_words("……"), "10-990");
        assert!(rules.alarm(ObservedProperty::RainIntensity).is_none());
        assert_eq!(rules.alarm(ObservedProperty::CoverTilt).unwrap().from, AlertLevel::Yellow);
    }

    #[test]
    fn wrong_rules_are_refused() {
        let good = include_str!("../../../assets/casework/rules.toml");
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
