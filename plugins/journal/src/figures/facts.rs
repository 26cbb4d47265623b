//! From records to facts that are counted: where, of which category, what happened.

use std::collections::HashMap;

use guanlan_core::{AlertLevel, Event, Stamp};
use serde_json::{Map, Value};

use crate::record::Record;

/// One thing to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fact<'a> {
    /// When.
    pub at: Stamp,
    /// Code of the 单元网格, or empty.
    pub area: &'a str,
    /// Category code of a case, or the observed property of an alert.
    pub code: &'a str,
    /// What happened: `opened:alert`, `moved:registered`, `closed:on_time`, `alert:red` …
    pub what: &'a str,
    /// What it took (time to close, travel time), ms; 0 when nothing is measured.
    pub amount_ms: i64,
}

/// What the later records of a case belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseKey {
    pub area: String,
    pub code: String,
    pub opened_ms: i64,
}

/// Open cases by number. Looked up only.
pub(crate) type OpenCases = HashMap<String, CaseKey>;

/// States in which a case is over (DOMAIN §1.4).
const ENDED: [&str; 4] = ["closed", "forcedclose", "cancelled", "notaccepted"];

fn level_word(level: AlertLevel) -> String {
    level.name().en.to_lowercase()
}

/// Tells `count` every fact of an event; keeps `cases` up to date.
pub(crate) fn facts_of(event: &Event, at: Stamp, cases: &mut OpenCases, count: &mut dyn FnMut(Fact<'_>)) {
    let fact = |key: Option<&CaseKey>, what: &str, amount_ms: i64, count: &mut dyn FnMut(Fact<'_>)| {
        let (area, code) = key.map_or(("", ""), |k| (k.area.as_str(), k.code.as_str()));
        count(Fact { at, area, code, what, amount_ms });
    };
    match event {
        Event::CaseOpened { case, code, source, level, grid, .. } => {
            let key = CaseKey { area: grid.clone(), code: code.clone(), opened_ms: at.0 };
            fact(Some(&key), &format!("opened:{source}"), 0, count);
            fact(Some(&key), &format!("level:{}", level_word(*level)), 0, count);
            cases.insert(case.as_str().to_owned(), key);
        }
        Event::CaseMerged { case, source, .. } => {
            fact(cases.get(case.as_str()), &format!("merged:{source}"), 0, count);
        }
        Event::CaseMoved { case, to, operate_type, deadline_ms, .. } => {
            let key = cases.get(case.as_str());
            fact(key, &format!("moved:{to}"), 0, count);
            if operate_type == "return" {
                fact(key, "returned", 0, count);
            }
            let to = to.to_lowercase().replace('_', "");
            if ENDED.contains(&to.as_str()) {
                let took = key.map_or(0, |k| at.0 - k.opened_ms);
                let late = deadline_ms.is_some_and(|d| at.0 > d);
                if to.contains("close") {
                    fact(key, if late { "closed:late" } else { "closed:on_time" }, took, count);
                }
                cases.remove(case.as_str());
            }
        }
        Event::UnitDispatched { case, eta_s, .. } => {
            fact(cases.get(case.as_str()), "dispatched", (eta_s * 1000.0) as i64, count);
        }
        Event::UnitStatusChanged { case, to, .. } => {
            let word = serde_json::to_value(to).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
            fact(case.as_ref().and_then(|c| cases.get(c.as_str())), &format!("unit:{word}"), 0, count);
        }
        Event::AlertChanged { property, to, .. } => {
            let what = format!("alert:{}", level_word(*to));
            count(Fact { at, area: "", code: property.key(), what: &what, amount_ms: 0 });
        }
        Event::SensorQuality { quality, .. } => {
            count(Fact { at, area: "", code: "", what: &format!("quality:{quality}"), amount_ms: 0 });
        }
        other => {
            let op = serde_json::to_value(other).ok().and_then(|v| v["op"].as_str().map(str::to_owned));
            count(Fact { at, area: "", code: "", what: &format!("event:{}", op.unwrap_or_default()), amount_ms: 0 });
        }
    }
}

/// The event a stored record was made of; `None` for the records of the journal itself.
pub(crate) fn event_of(record: &Record) -> Option<Event> {
    let Ok(Value::Object(mut body)) = serde_json::from_str::<Value>(&record.body) else { return None };
    let mut event: Map<String, Value> = match body.remove("data") {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    for field in ["actor", "case", "op"] {
        if let Some(value) = body.remove(field) {
            event.entry(field.to_owned()).or_insert(value);
        }
    }
    serde_json::from_value(Value::Object(event)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Draft, GENESIS};
    use guanlan_core::{Bilingual, Role};

    fn opened() -> Event {
        Event::CaseOpened {
            case: "C1".into(),
            code: "06-010".into(),
            title: Bilingual::default(),
            source: "citizen".into(),
            level: AlertLevel::Yellow,
            place_m: [0.0, 0.0],
            place: Bilingual::default(),
            grid: "420102001001003".into(),
            alert: None,
            actor: "li".into(),
        }
    }

    fn moved(to: &str) -> Event {
        Event::CaseMoved {
            case: "C1".into(),
            from: String::new(),
            to: to.into(),
            operate_type: "forward".into(),
            actor: "li".into(),
            role: Role::Acceptor,
            note: String::new(),
            org: None,
            deadline_ms: Some(10_000),
        }
    }

    #[test]
    fn a_case_is_counted_where_it_is_until_it_ends() {
        let mut cases = OpenCases::new();
        let mut seen = Vec::new();
        for (at, event) in [(1000, opened()), (2000, moved("registered")), (9000, moved("closed")), (9500, moved("x"))]
        {
            facts_of(&event, Stamp(at), &mut cases, &mut |f| {
                seen.push((f.area.to_owned(), f.code.to_owned(), f.what.to_owned(), f.amount_ms));
            });
        }
        let words: Vec<&str> = seen.iter().map(|s| s.2.as_str()).collect();
        assert_eq!(
            words,
            ["opened:citizen", "level:yellow", "moved:registered", "moved:closed", "closed:on_time", "moved:x"]
        );
        assert!(seen[..5].iter().all(|s| s.0 == "420102001001003" && s.1 == "06-010"));
        assert_eq!((seen[4].3, seen[5].0.as_str()), (8000, ""));
        assert!(cases.is_empty());
    }

    #[test]
    fn records_are_events_again() {
        for event in [opened(), moved("closed")] {
            let record = Draft::of_event(&event).chain(1, 1, Stamp(5), GENESIS);
            assert_eq!(event_of(&record), Some(event));
        }
    }
}
