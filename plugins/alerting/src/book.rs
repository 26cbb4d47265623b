//! The alert book: every stream that is not simply normal, under every rule.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::{AlertId, AlertLevel, CommandEnvelope, Event, Refusal, RefusalKind, Role, Stamp};
use guanlan_sensing::Quality;
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Ack, Alert, Evidence},
    flap::Flap,
    ledger::{Case, Ledger, SensorRef, Turn},
    machine::Machine,
    rules::RuleSet,
};

/// Readings kept as evidence per stream and rule.
const EVIDENCE: usize = 16;

/// Sensor index and rule number.
type Key = (u32, u16);

/// What is known of one stream under one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Slot {
    machine: Machine,
    flap: Flap,
    alert: Option<AlertId>,
    readings: Vec<Evidence>,
}

impl Slot {
    fn note(&mut self, at: Stamp, value: f64) {
        if self.readings.len() >= EVIDENCE {
            self.readings.remove(1);
        }
        self.readings.push(Evidence { at, value });
    }

    fn is_idle(&self) -> bool {
        self.alert.is_none() && self.machine.is_idle() && self.flap.is_idle()
    }
}

/// All alerts of a timeline. Streams that are normal cost nothing here.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub struct AlertBook {
    /// Tags of the rules the numbers in here refer to.
    rules: Vec<String>,
    slots: BTreeMap<Key, Slot>,
    ledger: Ledger,
    #[serde(skip)]
    published: AlertBoard,
}

#[derive(Deserialize)]
struct Saved {
    rules: Vec<String>,
    slots: BTreeMap<Key, Slot>,
    ledger: Ledger,
}

impl From<Saved> for AlertBook {
    fn from(s: Saved) -> Self {
        let mut book = Self { rules: s.rules, slots: s.slots, ledger: s.ledger, published: AlertBoard::default() };
        book.published = AlertBoard::of(&book.ledger);
        book
    }
}

/// What a picture shows of the alerts: cloning costs two pointers, however many there are.
#[derive(Clone, Debug, Default)]
pub struct AlertBoard {
    /// Grows whenever a list changes.
    pub version: u64,
    /// Active alerts, worst first, then newest first.
    pub active: Arc<Vec<Arc<Alert>>>,
    /// Alerts that ended in the last hour, newest first.
    pub ended: Arc<Vec<Arc<Alert>>>,
}

impl AlertBoard {
    /// Active alerts, worst first, then newest first.
    #[must_use]
    pub fn active(&self) -> &Arc<Vec<Arc<Alert>>> {
        &self.active
    }

    /// Alerts that ended in the last hour, newest first.
    #[must_use]
    pub fn ended(&self) -> &Arc<Vec<Arc<Alert>>> {
        &self.ended
    }

    /// Grows whenever a list changes.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// An alert, active or ended in the last hour.
    #[must_use]
    pub fn find(&self, id: AlertId) -> Option<&Alert> {
        self.active.iter().chain(self.ended.iter()).find(|a| a.id == id).map(Arc::as_ref)
    }

    /// Number of active alerts by level: normal (always 0), blue, yellow, orange, red.
    #[must_use]
    pub fn counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for alert in self.active.iter() {
            counts[usize::from(alert.level.rank())] += 1;
        }
        counts
    }

    fn of(ledger: &Ledger) -> Self {
        let mut active: Vec<Arc<Alert>> = ledger.active.values().cloned().collect();
        active.sort_by(|a, b| (b.level, b.since, b.id).cmp(&(a.level, a.since, a.id)));
        let ended = ledger.ended.iter().rev().cloned().collect();
        Self { version: ledger.version, active: Arc::new(active), ended: Arc::new(ended) }
    }
}

impl RoomState for AlertBook {
    const NAME: &'static str = "alerting.book";
}

impl AlertBook {
    /// The lists for a picture. Fresh after every tick.
    #[must_use]
    pub fn board(&self) -> &AlertBoard {
        &self.published
    }

    /// Active alerts, worst first, then newest first. Fresh after every tick.
    #[must_use]
    pub fn active(&self) -> &Arc<Vec<Arc<Alert>>> {
        &self.published.active
    }

    /// Alerts that ended in the last hour, newest first. Fresh after every tick.
    #[must_use]
    pub fn ended(&self) -> &Arc<Vec<Arc<Alert>>> {
        &self.published.ended
    }

    /// Grows whenever a list changes.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.ledger.version
    }

    /// An alert, active or ended in the last hour.
    #[must_use]
    pub fn find(&self, id: AlertId) -> Option<&Alert> {
        let ended = || self.ledger.ended.iter().find(|a| a.id == id);
        self.ledger.active.get(&id).or_else(ended).map(Arc::as_ref)
    }

    /// Number of active alerts by level: normal (always 0), blue, yellow, orange, red.
    #[must_use]
    pub fn counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for alert in self.ledger.active.values() {
            counts[usize::from(alert.level.rank())] += 1;
        }
        counts
    }

    /// Raises that were not shown because their rule had its most alerts already.
    #[must_use]
    pub fn withheld(&self) -> u64 {
        self.ledger.withheld
    }

    /// Takes a trusted reading of a stream under every rule of its property.
    pub fn observe(&mut self, rules: &RuleSet, sensor: &SensorRef<'_>, at: Stamp, value: f64, events: &mut Vec<Event>) {
        for &rule_no in rules.for_property(sensor.property) {
            self.observe_rule(rules, rule_no, sensor, at, value, events);
        }
    }

    /// Takes a change of a device's quality under every device rule. Stale says nothing.
    pub fn observe_quality(
        &mut self,
        rules: &RuleSet,
        sensor: &SensorRef<'_>,
        at: Stamp,
        quality: Quality,
        events: &mut Vec<Event>,
    ) {
        if quality == Quality::Stale {
            return;
        }
        let sensor = SensorRef { max_gap_ms: i64::MAX, ..*sensor };
        for &rule_no in rules.for_quality() {
            let Some(rule) = rules.get(rule_no) else { continue };
            if rule.property.is_none_or(|p| p == sensor.property) {
                let bad = if rule.quality.contains(&quality) { 1.0 } else { 0.0 };
                self.observe_rule(rules, rule_no, &sensor, at, bad, events);
            }
        }
    }

    fn observe_rule(
        &mut self,
        rules: &RuleSet,
        rule_no: u16,
        sensor: &SensorRef<'_>,
        at: Stamp,
        value: f64,
        events: &mut Vec<Event>,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let key = (sensor.index, rule_no);
        let own = rule.thresholds_for(sensor.id, at);
        let known = self.slots.contains_key(&key);
        if !known {
            let x = rule.severity(value);
            let touches = own.is_some_and(|t| rule.severities(t).into_iter().flatten().any(|t| x >= t));
            if !touches {
                return;
            }
        }
        let c = Case { sensor, rule, rule_no, thresholds: own.unwrap_or(&[None; 4]), at, value };
        let slot = self.slots.entry(key).or_default();
        slot.note(at, value);
        let from = slot.machine.level;
        let flapped = slot
            .machine
            .step(rule, c.thresholds, at, value, sensor.max_gap_ms)
            .is_some_and(|to| slot.flap.change(at, from, to));
        let released = !flapped && slot.flap.settle(at);
        show(slot, &mut self.ledger, &c, events);
        if let Some(id) = slot.alert {
            let frozen = slot.flap.frozen();
            if released || self.ledger.active.get(&id).is_some_and(|a| a.value != value) {
                self.ledger.version += 1;
            }
            if let Some(alert) = self.ledger.get_mut(id) {
                alert.value = value;
                if rule.severity(value) > rule.severity(alert.peak_value) {
                    alert.peak_value = value;
                }
                alert.flapping = frozen.is_some();
                if flapped {
                    events.push(Event::AlertFlapping { alert: id, level: alert.level });
                }
            }
        }
        if slot.is_idle() {
            self.slots.remove(&key);
        }
    }

    /// "I have seen it": any seat but the leader's.
    ///
    /// # Errors
    /// A refusal in words when there is no such alert, it ended, it is seen, or the seat may not.
    pub fn acknowledge(
        &mut self,
        envelope: &CommandEnvelope,
        id: AlertId,
        note: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Result<serde_json::Value, Refusal> {
        if matches!(envelope.role, Role::Leader | Role::System) {
            let seat = envelope.role.name();
            return Err(Refusal::new(
                RefusalKind::Forbidden,
                format!(
                    "{}不能确认告警，请换席位 The {} seat may not acknowledge; take another seat",
                    seat.zh, seat.en
                ),
            ));
        }
        let Some(alert) = self.ledger.get_mut(id) else {
            let ended = self.ledger.ended.iter().any(|a| a.id == id);
            return Err(if ended {
                Refusal::new(RefusalKind::Conflict, format!("告警 {id} 已解除，无需确认 Alert {id} has ended"))
            } else {
                Refusal::new(RefusalKind::NotFound, format!("没有告警 {id} There is no alert {id}"))
            });
        };
        if let Some(ack) = &alert.acked {
            return Err(Refusal::new(
                RefusalKind::Conflict,
                format!("告警 {id} 已由 {} 确认 Alert {id} is acknowledged by {}", ack.actor, ack.actor),
            ));
        }
        let level = alert.level;
        alert.acked =
            Some(Ack { actor: envelope.actor.clone(), role: envelope.role, at: now, level, note: note.to_owned() });
        let (key, value) = ((alert.index, alert.rule_no), alert.value);
        self.ledger.version += 1;
        events.push(Event::AlertAcknowledged { alert: id, actor: envelope.actor.clone(), note: note.to_owned() });
        // A latched colour goes once seen.
        if let Some(slot) = self.slots.get_mut(&key) {
            let target = slot.flap.frozen().map_or(slot.machine.level, |f| f.max(slot.machine.level));
            if target < level {
                let turn = Turn { at: now, value, to: target, thresholds: None };
                self.ledger.turn(id, &turn, &slot.readings, events);
                if target == AlertLevel::Normal {
                    slot.alert = None;
                }
            }
            if slot.is_idle() {
                self.slots.remove(&key);
            }
        }
        Ok(serde_json::json!({ "alert": id, "level": level, "acknowledged": now }))
    }

    /// Ends the freeze of a flapping alert by hand; its level follows the readings again. False
    /// when it is not flapping.
    pub fn release(&mut self, id: AlertId, now: Stamp, events: &mut Vec<Event>) -> bool {
        let Some(alert) = self.ledger.get_mut(id).filter(|a| a.flapping) else { return false };
        alert.flapping = false;
        let (key, value, shown) = ((alert.index, alert.rule_no), alert.value, alert.level);
        self.ledger.version += 1;
        let Some(slot) = self.slots.get_mut(&key) else { return true };
        slot.flap.release();
        let target = slot.machine.level;
        if target != shown {
            self.ledger.turn(id, &Turn { at: now, value, to: target, thresholds: None }, &slot.readings, events);
            if target == AlertLevel::Normal {
                slot.alert = None;
            }
        }
        if slot.is_idle() {
            self.slots.remove(&key);
        }
        true
    }

    /// Renumbers for the rules in force. Alerts of rules that are gone end; those of a changed
    /// rule go on under its new version. Costs a comparison when nothing changed.
    pub fn adopt(&mut self, rules: &RuleSet, now: Stamp, events: &mut Vec<Event>) {
        if self.rules.len() == rules.rules().len() && self.rules.iter().zip(rules.rules()).all(|(a, r)| *a == r.tag) {
            return;
        }
        let old = std::mem::replace(&mut self.rules, rules.rules().iter().map(|r| r.tag.clone()).collect());
        let name = |tag: &str| tag.rsplit_once('@').map_or(tag.to_owned(), |(name, _)| name.to_owned());
        let to: Vec<Option<u16>> = old
            .iter()
            .map(|tag| rules.rules().iter().position(|r| r.name == name(tag)).and_then(|i| u16::try_from(i).ok()))
            .collect();
        for ((index, rule_no), slot) in std::mem::take(&mut self.slots) {
            match to.get(usize::from(rule_no)).copied().flatten() {
                Some(new) => {
                    if let Some(alert) = slot.alert.and_then(|id| self.ledger.get_mut(id)) {
                        alert.rule_no = new;
                        alert.rule.clone_from(&self.rules[usize::from(new)]);
                    }
                    self.slots.insert((index, new), slot);
                }
                None => {
                    if let Some(id) = slot.alert {
                        let value = self.ledger.get_mut(id).map_or(0.0, |a| a.value);
                        let end = Turn { at: now, value, to: AlertLevel::Normal, thresholds: None };
                        self.ledger.turn(id, &end, &slot.readings, events);
                    }
                }
            }
        }
        self.ledger.recount();
        self.ledger.version += 1;
    }

    /// Makes the lists fresh at the end of a tick.
    pub fn publish(&mut self, now: Stamp) {
        self.ledger.forget(now);
        if self.published.version != self.ledger.version {
            self.published = AlertBoard::of(&self.ledger);
        }
    }
}

/// Brings the level shown in line with what the readings, the freeze and the latch say.
fn show(slot: &mut Slot, ledger: &mut Ledger, c: &Case<'_>, events: &mut Vec<Event>) {
    let actual = slot.machine.level;
    let wanted = slot.flap.frozen().map_or(actual, |f| f.max(actual));
    let Some(id) = slot.alert else {
        if wanted != AlertLevel::Normal {
            slot.alert = ledger.raise(c, wanted, &slot.readings, events);
        }
        return;
    };
    let Some(alert) = ledger.get_mut(id) else { return };
    let held = c.rule.latch && alert.acked.is_none() && wanted < alert.level;
    if alert.latched != held {
        alert.latched = held;
        ledger.version += 1;
    }
    let shown = ledger.active.get(&id).map_or(AlertLevel::Normal, |a| a.level);
    if !held && wanted != shown {
        let turn = Turn { at: c.at, value: c.value, to: wanted, thresholds: Some(c.thresholds) };
        ledger.turn(id, &turn, &slot.readings, events);
        if wanted == AlertLevel::Normal {
            slot.alert = None;
            slot.readings.clear();
        }
    }
}
