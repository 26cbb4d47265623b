//! What is odd in a rule file that is right: thresholds nothing can reach, a level that is never left, a unit that was
//! probably another one. Said by `guanlan alerts test`; nothing is refused for it.

use guanlan_core::ObservedProperty;

use super::{
    error::{RuleError, field_line},
    set::{LEVELS, Rule, RuleSet},
    spec::{Measure, Over, RuleKind},
};

/// A threshold so many times smaller or larger than the shipped one is probably in another unit.
const OTHER_UNIT: f64 = 20.0;

impl RuleSet {
    /// What a person should look at again, in the order of the file.
    #[must_use]
    pub fn notes(&self) -> Vec<RuleError> {
        let text = self.text();
        let mut said: Vec<RuleError> = Vec::new();
        for rule in self.rules() {
            let begin = place_of(text, &rule.name);
            let mut note = |field: &str, message: String| {
                let line = field_line(text, &(begin..begin), field);
                said.push(RuleError {
                    file: self.file().into(),
                    line,
                    field: format!("{}.{field}", rule.name),
                    message,
                });
            };
            thresholds(rule, &mut note);
            unit(rule, &mut note);
        }
        said
    }
}

/// Byte at which a rule begins: the last `[[rule]]` before its name.
fn place_of(text: &str, name: &str) -> usize {
    let quoted = format!("\"{name}\"");
    let at = text.match_indices("[[rule]]").map(|(i, _)| i);
    let mut found = 0;
    for begin in at {
        let end = text[begin + 1..].find("[[rule]]").map_or(text.len(), |e| begin + 1 + e);
        let own = text[begin..end].lines().find(|l| l.trim_start().starts_with("name"));
        if own.is_some_and(|l| l.contains(&quoted)) {
            found = begin;
            break;
        }
    }
    found
}

fn thresholds(rule: &Rule, note: &mut impl FnMut(&str, String)) {
    if rule.kind != RuleKind::Threshold {
        return;
    }
    if rule.thresholds.iter().all(Option::is_none) && rule.night.is_none() && rule.stations.is_empty() {
        return note(
            "blue",
            "no level has a threshold: this rule raises nothing (unless the city's data gives streams their own); \
             write blue, yellow, orange or red = number"
                .into(),
        );
    }
    let Some(property) = rule.property else { return };
    let (low, high) = property.plausible();
    let bounded = matches!(rule.measure, Measure::Value | Measure::Mean | Measure::Max | Measure::Min)
        && (rule.over == Over::Stream || rule.each.is_none());
    if !bounded || high == f64::MAX {
        return;
    }
    let unit = property.unit();
    for (level, threshold) in LEVELS.into_iter().zip(rule.thresholds) {
        let Some(t) = threshold.filter(|t| !(low..=high).contains(t)) else { continue };
        let field = level.name().en.to_lowercase();
        note(&field, format!("{t} {unit} is beyond what a reading can be ({low} to {high} {unit}): check the unit"));
    }
    let known: Vec<f64> = rule.thresholds.iter().flatten().copied().collect();
    let narrow = known.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min);
    if rule.hysteresis > narrow {
        note(
            "hysteresis",
            format!(
                "{} is wider than the step of {narrow} between two levels: a level is left only when the one below it is left, too",
                rule.hysteresis
            ),
        );
    }
    let least = known.iter().map(|t| rule.severity(*t)).fold(f64::INFINITY, f64::min) - rule.hysteresis;
    let lowest = if rule.absolute { 0.0 } else { rule.severity(low).min(rule.severity(high)) };
    if least <= lowest && rule.hysteresis > 0.0 {
        note(
            "hysteresis",
            format!("{}: the lowest level is never left, no reading gets so far; expected less", rule.hysteresis),
        );
    }
}

/// Compares with the rule that ships for the same property: centimetres are not metres.
fn unit(rule: &Rule, note: &mut impl FnMut(&str, String)) {
    let Some(property) = rule.property else { return };
    // Temperatures and levels above a datum have no scale of their own.
    let scaled =
        !matches!(property, ObservedProperty::Other | ObservedProperty::RiverStage | ObservedProperty::Temperature);
    let plain = rule.kind == RuleKind::Threshold && rule.is_plain() && rule.like.is_none();
    if !scaled || !plain {
        return;
    }
    let shipped = RuleSet::defaults();
    let Some(same) =
        shipped.rules().iter().find(|r| r.property == Some(property) && r.is_plain() && r.direction == rule.direction)
    else {
        return;
    };
    let largest = |r: &Rule| r.thresholds.iter().flatten().map(|t| t.abs()).fold(0.0, f64::max);
    let (own, usual) = (largest(rule), largest(same));
    if own > 0.0 && usual > 0.0 && (own * OTHER_UNIT <= usual || own >= usual * OTHER_UNIT) {
        let levels = LEVELS.into_iter().zip(rule.thresholds).filter(|(_, t)| t.is_some()).map(|(l, _)| l).next_back();
        let field = levels.map_or_else(|| "blue".into(), |l| l.name().en.to_lowercase());
        note(
            &field,
            format!(
                "{own}; values of {} are in {} and usual rules go to {usual}: check the unit",
                property.key(),
                property.unit()
            ),
        );
    }
}
