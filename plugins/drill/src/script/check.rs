//! What a script must fulfil beyond its grammar.

use guanlan_casework::CaseState;
use guanlan_core::{AlertLevel, ObservedProperty, input::UnitStatus};

use super::{Action, CHANNELS, DrillScript, Source, When, word};
use crate::DrillError;

impl DrillScript {
    /// The first thing that is wrong.
    pub(super) fn check(&self, source: &Source<'_>) -> Result<(), DrillError> {
        self.check_top(source)?;
        self.check_injects(source)?;
        self.check_expectations(source)
    }

    fn check_top(&self, source: &Source<'_>) -> Result<(), DrillError> {
        let top = |field: &str, message: String| Err(source.wrong("", 0, field, message));
        if self.schema != 1 {
            return top("schema", format!("expected 1, found {}", self.schema));
        }
        if self.title.zh.is_empty() {
            return top("title", "expected { zh = \"…\", en = \"…\" } with Chinese text".into());
        }
        if self.duration_s == 0 || self.duration_s > 7 * 86_400 {
            return top("duration_s", format!("expected 1 to {} s, found {}", 7 * 86_400, self.duration_s));
        }
        if !(1.0..=10_000.0).contains(&self.speed_max) {
            return top("speed_max", format!("expected 1 to 10000, found {}", self.speed_max));
        }
        if let Some(storm) = &self.storm {
            storm.series().map_err(|e| source.wrong("", 0, &e.field(), e.to_string()))?;
        }
        Ok(())
    }

    /// An objective that something serves must be listed.
    fn known(&self, source: &Source<'_>, table: &str, index: usize, objective: Option<&str>) -> Result<(), DrillError> {
        match objective {
            Some(id) if !self.objective.iter().any(|o| o.id == id) => {
                Err(source.wrong(table, index, "objective", format!("no [[objective]] has the id '{id}'")))
            }
            _ => Ok(()),
        }
    }

    fn check_injects(&self, source: &Source<'_>) -> Result<(), DrillError> {
        let mut last = None;
        for (index, inject) in self.inject.iter().enumerate() {
            let wrong = |field: &str, message: String| Err(source.wrong("inject", index, field, message));
            if last.is_some_and(|(no, _)| inject.no <= no) {
                return wrong("no", format!("numbers must rise, found {} again or lower", inject.no));
            }
            if last.is_some_and(|(_, at)| inject.at_s < at) {
                return wrong("at_s", format!("injects must be in the order of time, found {} s", inject.at_s));
            }
            if inject.at_s > self.duration_s {
                return wrong("at_s", format!("{} s lies after the end of the drill", inject.at_s));
            }
            if !CHANNELS.contains(&inject.channel.as_str()) {
                return wrong("channel", format!("expected one of {}, found '{}'", CHANNELS.join(" "), inject.channel));
            }
            if inject.text.zh.is_empty() {
                return wrong("text", "expected { zh = \"…\", en = \"…\" } with Chinese text".into());
            }
            if inject.due_s == Some(0) {
                return wrong("due_s", "expected at least 1 s".into());
            }
            if let Some(Action::Sensor { value, hold_s, every_s, .. }) = &inject.action {
                if !value.is_finite() || *every_s == 0 || hold_s / every_s > 20_000 {
                    return wrong(
                        "action",
                        "sensor: expected a finite value, every_s ≥ 1, at most 20000 readings".into(),
                    );
                }
            }
            self.known(source, "inject", index, inject.objective.as_deref())?;
            last = Some((inject.no, inject.at_s));
        }
        Ok(())
    }

    fn check_expectations(&self, source: &Source<'_>) -> Result<(), DrillError> {
        for (index, expect) in self.expect.iter().enumerate() {
            let wrong = |field: &str, message: String| Err(source.wrong("expect", index, field, message));
            self.known(source, "expect", index, expect.objective.as_deref())?;
            let Some((since_s, by_s)) = self.window(expect) else {
                return wrong("by_s", "expected by_s, or inject = the number of an inject with due_s".into());
            };
            if by_s <= since_s {
                return wrong("by_s", format!("{by_s} s is not after {since_s} s, when its inject comes"));
            }
            if by_s > self.duration_s {
                return wrong("by_s", format!("{by_s} s lies after the end of the drill"));
            }
            condition(&expect.when).or_else(|message| wrong("when", message))?;
        }
        Ok(())
    }
}

/// A condition must name what can come true.
fn condition(when: &When) -> Result<(), String> {
    let property = |key: &str| {
        if key.is_empty() || ObservedProperty::from_key(key).is_some() {
            Ok(())
        } else {
            Err(format!("property: expected a key such as road_water_depth, found '{key}'"))
        }
    };
    match when {
        When::Alert { property: key, reaches, .. } => {
            property(key)?;
            match word::<AlertLevel>(reaches) {
                Some(level) if level > AlertLevel::Normal => Ok(()),
                _ => Err(format!("reaches: expected blue, yellow, orange or red, found '{reaches}'")),
            }
        }
        When::Acknowledged { property: key } => property(key),
        When::Unit { is, .. } => match word::<UnitStatus>(is) {
            Some(_) => Ok(()),
            None => Err(format!("is: expected a status such as on_scene, found '{is}'")),
        },
        When::Case { reaches, .. } => {
            let known = reaches == "opened" || CaseState::ALL.iter().any(|state| state.key() == reaches);
            if known { Ok(()) } else { Err(format!("reaches: expected opened or a case state, found '{reaches}'")) }
        }
        When::Road { .. } => Ok(()),
    }
}
