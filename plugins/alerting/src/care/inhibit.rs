//! Inhibition: while a source alert is active, targets with the same labels call nobody.
//!
//! Derived from the active alerts and the rules. An alert is never its own source, and an exercise
//! never speaks for reality.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::AlertId;

use crate::{
    alert::Alert,
    ledger::Ledger,
    rules::{
        RuleSet,
        extras::{Inhibit, Label},
    },
};

/// Number of the inhibition and its labels' values.
type Key = (u16, String);

#[derive(Clone, Debug, Default)]
pub(crate) struct Inhibitor {
    sources: BTreeMap<Key, BTreeSet<AlertId>>,
    targets: BTreeMap<Key, BTreeSet<AlertId>>,
    /// Where an alert stands: keys as source, keys as target.
    known: BTreeMap<AlertId, [Vec<Key>; 2]>,
}

fn key(no: u16, inhibit: &Inhibit, alert: &Alert) -> Key {
    let mut text = String::from(if alert.exercise { "x" } else { "r" });
    for label in &inhibit.equal {
        text.push('|');
        match label {
            Label::Sensor => text.push_str(alert.sensor.as_str()),
            Label::Property => text.push_str(alert.property.key()),
            Label::Code(digits) => {
                let rung = [15, 12, 9, 6, 4].iter().position(|d| d == digits).unwrap_or(4);
                text.push_str(&crate::places::Places::above(&alert.area, rung));
            }
        }
    }
    (no, text)
}

impl Inhibitor {
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The alert that speaks for this one.
    pub fn over(&self, id: AlertId) -> Option<AlertId> {
        let [_, targets] = self.known.get(&id)?;
        targets.iter().filter_map(|k| self.sources.get(k)?.iter().find(|s| **s != id).copied()).min()
    }

    /// Takes note of changed alerts; returns those whose suppression must be thought over.
    pub fn follow(&mut self, rules: &RuleSet, ledger: &Ledger, touched: &BTreeSet<AlertId>) -> BTreeSet<AlertId> {
        let mut rethink: BTreeSet<AlertId> = touched.clone();
        for &id in touched {
            let mut dirty: Vec<Key> = Vec::new();
            let old = self.known.remove(&id).unwrap_or_default();
            let mut new: [Vec<Key>; 2] = Default::default();
            if let Some(alert) = ledger.active.get(&id) {
                for (no, inhibit) in rules.inhibits().iter().enumerate() {
                    let fits = |m: &crate::rules::extras::Match| m.fits(&alert.rule, alert.property, alert.level);
                    if fits(&inhibit.source) {
                        new[0].push(key(no as u16, inhibit, alert));
                    }
                    if fits(&inhibit.target) {
                        new[1].push(key(no as u16, inhibit, alert));
                    }
                }
            }
            if old != new {
                for (side, map) in [&mut self.sources, &mut self.targets].into_iter().enumerate() {
                    for k in old[side].iter().filter(|k| !new[side].contains(k)) {
                        if let Some(set) = map.get_mut(k) {
                            set.remove(&id);
                            if set.is_empty() {
                                map.remove(k);
                            }
                        }
                        if side == 0 {
                            dirty.push(k.clone());
                        }
                    }
                    for k in new[side].iter().filter(|k| !old[side].contains(k)) {
                        map.entry(k.clone()).or_default().insert(id);
                        if side == 0 {
                            dirty.push(k.clone());
                        }
                    }
                }
            }
            if !new[0].is_empty() || !new[1].is_empty() {
                self.known.insert(id, new);
            }
            for k in dirty {
                // A source that comes or goes among others changes nothing for their targets but its number.
                if let Some(targets) = self.targets.get(&k) {
                    rethink.extend(targets);
                }
            }
        }
        rethink
    }
}
