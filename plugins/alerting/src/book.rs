//! The alert book: every stream that is not simply normal, under every rule.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bevy_ecs::prelude::*;
use guanlan_core::{AlertId, AlertLevel, Event, Stamp};
use guanlan_sensing::Quality;
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Evidence, Pending, Timers},
    board::{AlertBoard, RulesInForce},
    care::{Calling, Groups, Inhibitor, Silences},
    engine::{AreaRules, Composites, MissingRules, Scene, Windows},
    flap::Flap,
    ledger::{Case, Ledger, SensorRef, Turn},
    machine::Machine,
    rules::{Missing, RuleSet},
};

/// Readings kept as evidence per stream and rule.
const EVIDENCE: usize = 16;
/// Running on-delays shown at most.
const PENDING_SHOWN: usize = 200;

/// Sensor index and rule number.
pub(crate) type Key = (u32, u16);

/// What is known of one stream under one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub machine: Machine,
    pub flap: Flap,
    pub alert: Option<AlertId>,
    pub readings: Vec<Evidence>,
}

impl Slot {
    fn note(&mut self, at: Stamp, value: f64) {
        if self.readings.len() >= EVIDENCE {
            self.readings.remove(1);
        }
        self.readings.push(Evidence { at, value });
    }

    pub fn is_idle(&self) -> bool {
        self.alert.is_none() && self.machine.is_idle() && self.flap.is_idle()
    }
}

/// All alerts of a timeline. Streams that are normal cost nothing here.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub struct AlertBook {
    /// Tags of the rules the numbers in here refer to.
    pub(crate) rules: Vec<String>,
    /// Hash of their file.
    rules_hash: String,
    pub(crate) slots: BTreeMap<Key, Slot>,
    pub(crate) ledger: Ledger,
    /// Running on-delays of streams that have no alert.
    pub(crate) pending: BTreeMap<Key, Pending>,
    pub(crate) windows: Windows,
    pub(crate) areas: AreaRules,
    pub(crate) missing: MissingRules,
    pub(crate) composites: Composites,
    pub(crate) silences: Silences,
    /// Shelved alerts by the end of their time.
    pub(crate) shelves: BTreeSet<(Stamp, AlertId)>,
    /// Alerts that look ahead, and when each does next.
    pub(crate) looking: BTreeSet<Key>,
    pub(crate) look_due: BTreeSet<(Stamp, Key)>,
    pub(crate) groups: Groups,
    pub(crate) calling: Calling,
    pub(crate) in_force: Arc<RulesInForce>,
    #[serde(skip)]
    pub(crate) inhibitor: Inhibitor,
    /// True when what is derived from the active alerts is there.
    #[serde(skip)]
    pub(crate) derived: bool,
    /// Hash of the rules it was derived with.
    #[serde(skip)]
    pub(crate) derived_of: String,
    #[serde(skip)]
    pending_changed: bool,
    /// Grows when cards change; with the ledger's version it is the board's.
    #[serde(skip)]
    pub(crate) shown: u64,
    /// The ledger's version when its lists were made.
    #[serde(skip)]
    listed: Option<u64>,
    #[serde(skip)]
    pub(crate) published: AlertBoard,
}

#[derive(Deserialize)]
struct Saved {
    rules: Vec<String>,
    rules_hash: String,
    slots: BTreeMap<Key, Slot>,
    ledger: Ledger,
    pending: BTreeMap<Key, Pending>,
    windows: Windows,
    areas: AreaRules,
    missing: MissingRules,
    composites: Composites,
    silences: Silences,
    shelves: BTreeSet<(Stamp, AlertId)>,
    looking: BTreeSet<Key>,
    look_due: BTreeSet<(Stamp, Key)>,
    groups: Groups,
    calling: Calling,
    in_force: Arc<RulesInForce>,
}

impl From<Saved> for AlertBook {
    fn from(s: Saved) -> Self {
        let mut book = Self {
            rules: s.rules,
            rules_hash: s.rules_hash,
            slots: s.slots,
            ledger: s.ledger,
            pending: s.pending,
            windows: s.windows,
            areas: s.areas,
            missing: s.missing,
            composites: s.composites,
            silences: s.silences,
            shelves: s.shelves,
            looking: s.looking,
            look_due: s.look_due,
            groups: s.groups,
            calling: s.calling,
            in_force: s.in_force,
            ..Self::default()
        };
        book.pending_changed = true;
        book.refresh();
        book
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
        self.ledger.version + self.shown
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

    /// Takes a trusted reading of a stream under every rule of its property that needs no other stream.
    pub fn observe(&mut self, rules: &RuleSet, sensor: &SensorRef<'_>, at: Stamp, value: f64, events: &mut Vec<Event>) {
        self.observe_in(&Scene::default(), rules, sensor, at, value, events);
    }

    /// Takes a trusted reading of a stream under every rule of its property.
    pub fn observe_in(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        sensor: &SensorRef<'_>,
        at: Stamp,
        value: f64,
        events: &mut Vec<Event>,
    ) {
        for &rule_no in rules.for_property(sensor.property) {
            let Some(rule) = rules.get(rule_no) else { continue };
            if rule.is_plain() {
                self.observe_rule(rules, rule_no, sensor, at, value, events);
                if rule.outlook.is_some() {
                    self.look_ahead(rule_no, sensor.index, at);
                }
            } else if rule.concerns(sensor.id) {
                self.observe_measured(scene, rules, rule_no, sensor, at, value, events);
            }
        }
        for &rule_no in rules.for_missing(sensor.property) {
            self.heard(rules, rule_no, sensor, at, events);
        }
        for &(rule_no, condition) in rules.fed_by(sensor.property) {
            self.feed_condition(scene, rules, (rule_no, condition), sensor, at, value);
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
        let silent = matches!(quality, Quality::Stale | Quality::Offline | Quality::Suspect);
        if silent {
            self.areas.leave(sensor.index);
            let theirs: Vec<Key> =
                self.pending.range((sensor.index, 0)..=(sensor.index, u16::MAX)).map(|(k, _)| *k).collect();
            for key in theirs {
                self.pending.remove(&key);
                self.pending_changed = true;
            }
        }
        for &(rule_no, condition) in rules.fed_by(sensor.property) {
            let forget = silent && rules.get(rule_no).is_some_and(|r| r.missing == Missing::False);
            self.quality_condition(rules, (rule_no, condition), sensor, at, quality, forget);
        }
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

    pub(crate) fn observe_rule(
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
        let thresholds = own.unwrap_or(&[None; 4]);
        let c = Case { sensor, rule, rule_no, thresholds, at, value, hash: rules.hash() };
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
                alert.at = at;
                if rule.severity(value) > rule.severity(alert.peak_value) {
                    alert.peak_value = value;
                }
                alert.timers = Timers { rises: slot.machine.rises(rule), falls: slot.machine.falls(rule) };
                if flapped {
                    events.push(Event::AlertFlapping { alert: id, level: alert.level });
                }
            }
            let flaps = self.ledger.active.get(&id).is_some_and(|a| a.flapping != frozen.is_some());
            if flaps && let Some(alert) = self.ledger.change(id) {
                alert.flapping = frozen.is_some();
            }
        }
        match slot.machine.rises(rule).filter(|_| slot.alert.is_none()) {
            Some((level, since, due)) => {
                let known = self.pending.get_mut(&key);
                if let Some(p) = known {
                    (p.level, p.since, p.due, p.value) = (level, since, due, value);
                } else {
                    let pending = Pending {
                        sensor: sensor.id.clone(),
                        index: sensor.index,
                        property: sensor.property,
                        rule: rule.tag.clone(),
                        title: rule.title.clone(),
                        level,
                        since,
                        due,
                        value,
                        place_m: sensor.place_m,
                        place: sensor.name.clone(),
                    };
                    self.pending.insert(key, pending);
                }
                self.pending_changed = true;
            }
            None => self.pending_changed |= self.pending.remove(&key).is_some(),
        }
        if slot.is_idle() {
            self.slots.remove(&key);
        }
    }

    /// Renumbers for the rules in force. Alerts of rules that are gone end; those of a changed
    /// rule go on under its new version. Costs a comparison when nothing changed.
    pub fn adopt(&mut self, rules: &RuleSet, now: Stamp, events: &mut Vec<Event>) {
        let same =
            self.rules.len() == rules.rules().len() && self.rules.iter().zip(rules.rules()).all(|(a, r)| *a == r.tag);
        if same && self.rules_hash == rules.hash() {
            return;
        }
        rules.hash().clone_into(&mut self.rules_hash);
        let old = std::mem::replace(&mut self.rules, rules.rules().iter().map(|r| r.tag.clone()).collect());
        let name = |tag: &str| tag.rsplit_once('@').map_or(tag.to_owned(), |(name, _)| name.to_owned());
        let to: Vec<Option<u16>> = old
            .iter()
            .map(|tag| rules.rules().iter().position(|r| r.name == name(tag)).and_then(|i| u16::try_from(i).ok()))
            .collect();
        let renumber = |rule_no: u16| to.get(usize::from(rule_no)).copied().flatten();
        self.pending = std::mem::take(&mut self.pending)
            .into_iter()
            .filter_map(|((index, no), p)| Some(((index, renumber(no)?), p)))
            .map(|((index, no), p)| ((index, no), Pending { rule: self.rules[usize::from(no)].clone(), ..p }))
            .collect();
        self.pending_changed = true;
        self.looking.clear();
        self.look_due.clear();
        self.windows.renumber(&renumber);
        self.areas.renumber(&renumber, rules);
        self.missing.renumber(&renumber);
        self.composites.renumber(&renumber, rules);
        for ((index, rule_no), slot) in std::mem::take(&mut self.slots) {
            match to.get(usize::from(rule_no)).copied().flatten() {
                Some(new) => {
                    if let Some(alert) = slot.alert.and_then(|id| self.ledger.get_mut(id)) {
                        alert.rule_no = new;
                        alert.rule.clone_from(&self.rules[usize::from(new)]);
                        alert.rule_hash = rules.hash().into();
                        if let Some(rule) = rules.get(new) {
                            alert.title.clone_from(&rule.title);
                            alert.calls = rule.calls;
                            alert.escalate_ms = rule.escalate_ms;
                        }
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
        self.derived = false;
    }

    /// Makes the lists fresh at the end of a tick.
    pub fn publish(&mut self, now: Stamp) {
        self.ledger.forget(now);
        self.refresh();
    }

    fn refresh(&mut self) {
        let board = &mut self.published;
        if self.listed != Some(self.ledger.version) {
            self.listed = Some(self.ledger.version);
            board.take_lists(&self.ledger);
        }
        if std::mem::take(&mut self.pending_changed) {
            self.shown += 1;
            let mut first: Vec<&Pending> = self.pending.values().collect();
            first.sort_by(|a, b| (a.due, b.level, &a.sensor).cmp(&(b.due, a.level, &b.sensor)));
            first.truncate(PENDING_SHOWN);
            board.pending = Arc::new(first.into_iter().cloned().collect());
            board.pending_count = self.pending.len();
        }
        board.silences = self.silences.list.clone();
        board.sound = self.calling.sound;
        board.rules = self.in_force.clone();
        board.version = self.ledger.version + self.shown;
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
    let Some(alert) = ledger.active.get(&id) else { return };
    let shown = alert.level;
    let held = c.rule.latch && alert.acked.is_none() && wanted < shown;
    if alert.latched != held
        && let Some(alert) = ledger.change(id)
    {
        alert.latched = held;
    }
    if !held && wanted != shown {
        let turn = Turn { at: c.at, value: c.value, to: wanted, thresholds: Some(c.thresholds) };
        ledger.turn(id, &turn, &slot.readings, events);
        if wanted == AlertLevel::Normal {
            slot.alert = None;
            slot.readings.clear();
        }
    }
}
