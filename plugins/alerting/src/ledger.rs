//! Active and lately ended alerts: the part of the book that people see.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use guanlan_core::{AlertId, AlertLevel, Bilingual, Event, ObservedProperty, SensorId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Evidence, Timers},
    rules::{Rule, Thresholds},
};

/// How long an ended alert stays in the list, ms.
const KEEP_ENDED_MS: i64 = 3_600_000;
/// Ended alerts kept at most.
const KEEP_ENDED: usize = 2000;

/// A stream as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct SensorRef<'a> {
    /// Index in the sensor table: one number for one stream for ever.
    pub index: u32,
    /// The stream.
    pub id: &'a SensorId,
    /// What it observes.
    pub property: ObservedProperty,
    /// Local frame, m.
    pub place_m: Option<[f64; 2]>,
    /// Name on the screen.
    pub name: &'a Bilingual,
    /// Silence after which pending delays are forgotten, ms: the stream's stale limit.
    pub max_gap_ms: i64,
}

/// A change of an alert's level.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    pub at: Stamp,
    pub value: f64,
    pub to: AlertLevel,
    /// What it was compared with; `None` keeps the threshold of the change before.
    pub thresholds: Option<&'a Thresholds>,
}

/// A reading under a rule.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub sensor: &'a SensorRef<'a>,
    pub rule: &'a Rule,
    pub rule_no: u16,
    pub thresholds: &'a Thresholds,
    pub at: Stamp,
    pub value: f64,
    /// SHA-256 of the rule file.
    pub hash: &'a str,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    last_id: u64,
    pub active: BTreeMap<AlertId, Arc<Alert>>,
    pub ended: VecDeque<Arc<Alert>>,
    per_rule: BTreeMap<u16, u32>,
    /// Raises not shown because their rule had its most alerts.
    pub withheld: u64,
    pub version: u64,
    /// Alerts whose standing changed since they were last looked after. Empty between ticks.
    #[serde(skip)]
    pub touched: BTreeSet<AlertId>,
}

impl Ledger {
    /// An alert whose standing changes: it is looked after at the end of the tick.
    pub fn change(&mut self, id: AlertId) -> Option<&mut Alert> {
        let alert = self.active.get_mut(&id)?;
        self.touched.insert(id);
        self.version += 1;
        Some(Arc::make_mut(alert))
    }

    pub fn get_mut(&mut self, id: AlertId) -> Option<&mut Alert> {
        self.active.get_mut(&id).map(Arc::make_mut)
    }

    /// Opens an alert at a level; `None` when its rule has its most alerts.
    pub fn raise(
        &mut self,
        c: &Case<'_>,
        to: AlertLevel,
        readings: &[Evidence],
        events: &mut Vec<Event>,
    ) -> Option<AlertId> {
        let active = self.per_rule.entry(c.rule_no).or_default();
        if *active >= c.rule.max_active {
            self.withheld += 1;
            return None;
        }
        *active += 1;
        self.last_id += 1;
        let id = AlertId(self.last_id);
        let mut alert = Alert {
            id,
            sensor: c.sensor.id.clone(),
            index: c.sensor.index,
            property: c.sensor.property,
            level: AlertLevel::Normal,
            since: c.at,
            raised_at: c.at,
            ended_at: None,
            acked: None,
            value: c.value,
            at: c.at,
            threshold: 0.0,
            rule: c.rule.tag.clone(),
            title: c.rule.title.clone(),
            place_m: c.sensor.place_m,
            place: c.sensor.name.clone(),
            flapping: false,
            latched: false,
            peak: to,
            peak_value: c.value,
            evidence: Vec::new(),
            exercise: false,
            hazard: c.rule.hazard.clone(),
            area: String::new(),
            episodes: [0; 4],
            shelved: None,
            suppressed: None,
            eta: None,
            timers: Timers::default(),
            inputs: Vec::new(),
            rule_hash: Arc::from(c.hash),
            calls: c.rule.calls,
            escalate_ms: c.rule.escalate_ms,
            rule_no: c.rule_no,
        };
        let first = Turn { at: c.at, value: c.value, to, thresholds: Some(c.thresholds) };
        turn(&mut alert, &first, readings, events);
        self.active.insert(id, Arc::new(alert));
        self.touched.insert(id);
        self.version += 1;
        Some(id)
    }

    /// Moves an active alert to another level; normal ends it.
    pub fn turn(&mut self, id: AlertId, t: &Turn<'_>, readings: &[Evidence], events: &mut Vec<Event>) {
        let Some(alert) = self.change(id) else { return };
        turn(alert, t, readings, events);
        if t.to == AlertLevel::Normal
            && let Some(mut alert) = self.active.remove(&id)
        {
            let ended = Arc::make_mut(&mut alert);
            ended.ended_at = Some(t.at);
            if let Some(count) = self.per_rule.get_mut(&ended.rule_no) {
                *count = count.saturating_sub(1);
            }
            self.ended.push_back(alert);
            if self.ended.len() > KEEP_ENDED {
                self.ended.pop_front();
            }
        }
    }

    /// Forgets alerts that ended more than an hour ago.
    pub fn forget(&mut self, now: Stamp) {
        let before = self.ended.len();
        self.ended.retain(|a| a.ended_at.is_none_or(|at| now - at <= KEEP_ENDED_MS));
        if self.ended.len() != before {
            self.version += 1;
        }
    }

    /// Counts active alerts again after rules were renumbered.
    pub fn recount(&mut self) {
        self.per_rule.clear();
        for alert in self.active.values() {
            *self.per_rule.entry(alert.rule_no).or_default() += 1;
        }
    }
}

fn turn(alert: &mut Alert, t: &Turn<'_>, readings: &[Evidence], events: &mut Vec<Event>) {
    let Turn { at, value, to, thresholds } = *t;
    let from = alert.level;
    let decisive = if to > from { to } else { from };
    let passed = (decisive.rank() as usize).checked_sub(1).and_then(|i| thresholds.and_then(|t| t[i]));
    alert.threshold = passed.unwrap_or(alert.threshold);
    alert.value = value;
    alert.at = at;
    if to != AlertLevel::Normal {
        alert.level = to;
        alert.since = at;
    }
    if to > alert.peak {
        alert.peak = to;
    }
    if alert.acked.as_ref().is_some_and(|ack| to > ack.level) {
        alert.acked = None;
    }
    alert.latched = false;
    // What was expected of the level before is not expected of this one.
    alert.eta = None;
    if !readings.is_empty() {
        alert.evidence = readings.to_vec();
    }
    events.push(Event::AlertChanged {
        alert: alert.id,
        sensor: alert.sensor.clone(),
        property: alert.property,
        from,
        to,
        value,
        threshold: alert.threshold,
        rule: alert.rule.clone(),
        place_m: alert.place_m,
        place: alert.place.clone(),
    });
}
