//! Rules about silence: seconds without a reading are what is compared.
//!
//! A stream waits in a queue for the instant at which it would be silent long enough; readings only
//! move it when that instant comes, so that they cost nothing.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::{Event, Stamp};
use serde::{Deserialize, Serialize};

use super::Scene;
use crate::{
    book::AlertBook,
    ledger::SensorRef,
    rules::{Rule, RuleSet, Thresholds},
};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct MissingRule {
    due: BTreeSet<(Stamp, u32)>,
    waiting: BTreeSet<u32>,
}

/// What rules about silence remember.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MissingRules {
    rules: BTreeMap<u16, MissingRule>,
}

impl MissingRules {
    /// Follows rules to their new numbers.
    pub fn renumber(&mut self, to: &impl Fn(u16) -> Option<u16>) {
        self.rules = std::mem::take(&mut self.rules).into_iter().filter_map(|(no, r)| Some((to(no)?, r))).collect();
    }
}

/// When a stream last heard at `last` is next due under a rule: its first level not yet reached, or the
/// on-delay of one that is.
fn next_due(rule: &Rule, thresholds: &Thresholds, last: Stamp, now: Stamp) -> Option<Stamp> {
    let mut soonest: Option<Stamp> = None;
    for (i, seconds) in thresholds.iter().enumerate() {
        let Some(seconds) = seconds else { continue };
        let reached = last + (seconds * 1000.0).round() as i64;
        for at in [reached, reached + rule.on_delay_ms[i]] {
            if at > now && soonest.is_none_or(|s| at < s) {
                soonest = Some(at);
            }
        }
    }
    soonest
}

impl AlertBook {
    /// A stream spoke: it is not silent.
    pub(crate) fn heard(
        &mut self,
        rules: &RuleSet,
        rule_no: u16,
        sensor: &SensorRef<'_>,
        at: Stamp,
        events: &mut Vec<Event>,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let Some(thresholds) = rule.thresholds_for(sensor.id, at) else { return };
        let state = self.missing.rules.entry(rule_no).or_default();
        if state.waiting.insert(sensor.index) {
            if let Some(due) = next_due(rule, thresholds, at, at) {
                state.due.insert((due, sensor.index));
            }
        }
        if self.slots.contains_key(&(sensor.index, rule_no)) {
            let sensor = SensorRef { max_gap_ms: i64::MAX, ..*sensor };
            self.observe_rule(rules, rule_no, &sensor, at, 0.0, events);
        }
    }

    /// Streams whose instant has come.
    pub(crate) fn run_silence(&mut self, scene: &Scene<'_>, rules: &RuleSet, now: Stamp, events: &mut Vec<Event>) {
        let Some(table) = scene.table else { return };
        let numbers: Vec<u16> = self.missing.rules.keys().copied().collect();
        for rule_no in numbers {
            let Some(rule) = rules.get(rule_no) else { continue };
            loop {
                let Some(state) = self.missing.rules.get_mut(&rule_no) else { break };
                let Some(&(due, index)) = state.due.first().filter(|d| d.0 <= now) else { break };
                state.due.remove(&(due, index));
                let Some(sensor) = scene.sensor(index) else { continue };
                let last = table.row(index).and_then(|r| Some(r.latest?.1 + r.ahead_ms));
                let (Some(last), Some(thresholds)) = (last, rule.thresholds_for(sensor.id, now)) else {
                    state.waiting.remove(&index);
                    continue;
                };
                match next_due(rule, thresholds, last, now) {
                    Some(next) => {
                        state.due.insert((next, index));
                    }
                    // Beyond its last level: it waits again from its next reading.
                    None => {
                        state.waiting.remove(&index);
                    }
                }
                let age_s = (now - last) as f64 / 1000.0;
                let sensor = SensorRef { max_gap_ms: i64::MAX, ..sensor };
                self.observe_rule(rules, rule_no, &sensor, now, age_s, events);
            }
        }
    }
}
