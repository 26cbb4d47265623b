//! How reports and alarms become cases: everything a city may set, read from files.

mod file;
mod limits;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bevy_ecs::prelude::Resource;
use guanlan_core::{AlertLevel, ObservedProperty, Role};
use serde::Deserialize;

use crate::{calendar::Calendar, category::Categories, limit::Limit};

pub use limits::LimitRow;

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

impl CaseRules {
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
}
