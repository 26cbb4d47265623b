//! Rules over areas: many streams become one number.
//!
//! Sums are kept in whole millionths of the unit and extremes in sorted counts, so that a reading
//! costs O(log streams), nothing drifts, and the order of readings does not matter.

use std::collections::BTreeMap;

use guanlan_core::{Bilingual, Event, SensorId, Stamp};
use serde::{Deserialize, Serialize};

use super::{INPUTS, Scene};
use crate::{
    alert::AREA_INDEX,
    book::AlertBook,
    ledger::SensorRef,
    leq,
    places::Places,
    rules::{Combine, Direction, Over, Rule, RuleSet},
};

/// Parts of a unit in which sums are kept.
const PARTS: f64 = 1e6;
/// Neighbours put together at most.
const MOST_NEIGHBOURS: usize = 64;

/// What the streams of one area say together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    n: u32,
    /// Millionths.
    sum: i128,
    /// The same of the energies, where values are levels in dB whose mean is wanted.
    energy: Option<i128>,
    /// Streams at or beyond `each`.
    counted: u32,
    /// Values in millionths, with how many streams have them; only for extremes.
    values: BTreeMap<i64, u32>,
}

/// What a stream adds to its area.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Share {
    area: u32,
    value: i64,
    counted: bool,
    at: Stamp,
}

/// An area of a rule, as alerts name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AreaOf {
    key: SensorId,
    name: Bilingual,
    place_m: Option<[f64; 2]>,
    tally: Tally,
    /// An on- or off-delay runs.
    busy: bool,
    last: Stamp,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct AreaRule {
    areas: Vec<AreaOf>,
    by_key: BTreeMap<String, u32>,
    shares: BTreeMap<u32, Share>,
}

/// What rules over areas remember.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AreaRules {
    rules: BTreeMap<u16, AreaRule>,
}

fn parts(value: f64) -> i64 {
    (value * PARTS).round().clamp(-9e18, 9e18) as i64
}

/// Energy of a level in millionths of dB, in millionths: the same for the same level, so that it can be taken out again.
fn energy(level: i64) -> i128 {
    // Nothing is louder than 200 dB, and the energies of a million streams fit.
    (leq::energy((level as f64 / PARTS).min(200.0)) * PARTS).round() as i128
}

fn beyond(rule: &Rule, value: f64) -> bool {
    rule.each.is_some_and(|each| match rule.direction {
        // A count of streams is dangerous when large; the side of `each` is the property's.
        Direction::Above => value >= each,
        Direction::Below => value <= each,
    })
}

impl AreaRule {
    fn add(&mut self, rule: &Rule, index: u32, share: Share) {
        self.drop(index);
        let extremes = matches!(rule.combine, Combine::Max | Combine::Min);
        if let Some(area) = self.areas.get_mut(share.area as usize) {
            let t = &mut area.tally;
            t.n += 1;
            t.sum += i128::from(share.value);
            t.counted += u32::from(share.counted);
            if leq::over_places(rule) {
                *t.energy.get_or_insert_default() += energy(share.value);
            }
            if extremes {
                *t.values.entry(share.value).or_default() += 1;
            }
        }
        self.shares.insert(index, share);
    }

    fn drop(&mut self, index: u32) {
        let Some(old) = self.shares.remove(&index) else { return };
        let Some(area) = self.areas.get_mut(old.area as usize) else { return };
        let t = &mut area.tally;
        t.n = t.n.saturating_sub(1);
        t.sum -= i128::from(old.value);
        if let Some(sum) = &mut t.energy {
            *sum -= energy(old.value);
        }
        t.counted = t.counted.saturating_sub(u32::from(old.counted));
        if let Some(n) = t.values.get_mut(&old.value) {
            *n -= 1;
            if *n == 0 {
                t.values.remove(&old.value);
            }
        }
    }
}

impl Tally {
    fn value(&self, rule: &Rule) -> Option<f64> {
        if self.n < rule.at_least_streams {
            return None;
        }
        let sum = self.sum as f64 / PARTS;
        Some(match (rule.combine, self.energy) {
            (Combine::Mean, Some(sum)) if self.n > 0 => leq::level(sum as f64 / PARTS / f64::from(self.n)),
            (Combine::Mean, _) => sum / f64::from(self.n),
            (Combine::Sum, _) => sum,
            (Combine::Count, _) => f64::from(self.counted),
            (Combine::Max, _) => *self.values.last_key_value()?.0 as f64 / PARTS,
            (Combine::Min, _) => *self.values.first_key_value()?.0 as f64 / PARTS,
        })
    }
}

impl AreaRules {
    /// A stream fell silent or is not believed: it says nothing in its areas any more.
    pub fn leave(&mut self, index: u32) {
        for rule in self.rules.values_mut() {
            rule.drop(index);
        }
    }

    /// Follows rules to their new numbers; what they add up begins anew.
    pub fn renumber(&mut self, to: &impl Fn(u16) -> Option<u16>, rules: &RuleSet) {
        let known = |no: u16| rules.get(no).is_some_and(|r| r.over != Over::Stream);
        self.rules = std::mem::take(&mut self.rules)
            .into_iter()
            .filter_map(|(no, rule)| Some((to(no).filter(|n| known(*n))?, rule)))
            .map(|(no, mut rule)| {
                // Areas keep their numbers, which alerts refer to.
                rule.shares.clear();
                rule.areas.iter_mut().for_each(|a| a.tally = Tally::default());
                (no, rule)
            })
            .collect();
    }
}

impl AlertBook {
    /// A stream's measure in the area it lies in.
    #[allow(clippy::too_many_arguments, reason = "a reading, its rule and its scene")]
    pub(crate) fn observe_area(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        rule_no: u16,
        sensor: &SensorRef<'_>,
        at: Stamp,
        measured: Option<f64>,
        events: &mut Vec<Event>,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let nowhere = Places::default();
        let places = scene.places.unwrap_or(&nowhere);
        let own = rule.area.as_ref().and_then(|name| rules.areas().iter().find(|a| a.name == *name));
        let state = self.areas.rules.entry(rule_no).or_default();
        let Some(x) = measured else {
            state.drop(sensor.index);
            return;
        };
        let Some(key) = places.key(rule.over, own, sensor.place_m) else {
            state.drop(sensor.index);
            return;
        };
        let area = match state.by_key.get(&key) {
            Some(area) => *area,
            None => {
                let named = places.of_key(&key, own);
                let area = state.areas.len() as u32;
                state.areas.push(AreaOf {
                    key: SensorId::from(key.as_str()),
                    name: named.name,
                    place_m: (named.bounds_m != [0.0; 4]).then_some(named.centre_m),
                    tally: Tally::default(),
                    busy: false,
                    last: at,
                });
                state.by_key.insert(key, area);
                area
            }
        };
        state.add(rule, sensor.index, Share { area, value: parts(x), counted: beyond(rule, x), at });
        self.judge_area(rules, rule_no, area, at, events);
        let members = || {
            let Some(state) = self.areas.rules.get(&rule_no) else { return Vec::new() };
            let mut worst: Vec<(i64, u32)> =
                state.shares.iter().filter(|(_, s)| s.area == area).map(|(i, s)| (s.value, *i)).collect();
            worst.sort_by(|a, b| if rule.direction == Direction::Above { b.cmp(a) } else { a.cmp(b) });
            let input = |&(value, index): &(i64, u32)| scene.input(index, "", beyond(rule, value as f64 / PARTS));
            worst.iter().take(INPUTS).filter_map(input).collect::<Vec<_>>()
        };
        let id = self.alert_of(AREA_INDEX + area, rule_no);
        if id.and_then(|id| self.ledger.active.get(&id)).is_some_and(|a| a.since == at || a.inputs.is_empty()) {
            let list = members();
            self.keep_inputs(rule_no, AREA_INDEX + area, at, || list);
        }
    }

    /// Compares what an area says now.
    fn judge_area(&mut self, rules: &RuleSet, rule_no: u16, area: u32, at: Stamp, events: &mut Vec<Event>) {
        let Some(rule) = rules.get(rule_no) else { return };
        let Some(property) = rule.property else { return };
        let Some(state) = self.areas.rules.get_mut(&rule_no).and_then(|r| r.areas.get_mut(area as usize)) else {
            return;
        };
        let index = AREA_INDEX + area;
        let at = at.max(state.last);
        state.last = at;
        let value = state.tally.value(rule);
        let (id, name, place_m) = (state.key.clone(), state.name.clone(), state.place_m);
        match value {
            Some(x) => {
                let sensor = SensorRef { index, id: &id, property, place_m, name: &name, max_gap_ms: i64::MAX };
                self.observe_rule(rules, rule_no, &sensor, at, x, events);
            }
            // Too few streams speak: neither true nor clear.
            None => {
                if let Some(slot) = self.slots.get_mut(&(index, rule_no)) {
                    slot.machine.forget();
                }
            }
        }
        let busy = self
            .slots
            .get(&(index, rule_no))
            .is_some_and(|s| s.machine.rises(rule).is_some() || s.machine.falls(rule).is_some());
        if let Some(state) = self.areas.rules.get_mut(&rule_no).and_then(|r| r.areas.get_mut(area as usize)) {
            state.busy = busy;
        }
    }

    /// Delays that run out without a reading.
    pub(crate) fn run_areas(&mut self, rules: &RuleSet, now: Stamp, events: &mut Vec<Event>) {
        let busy: Vec<(u16, u32)> = self
            .areas
            .rules
            .iter()
            .flat_map(|(no, rule)| rule.areas.iter().zip(0_u32..).filter(|(a, _)| a.busy).map(|(_, k)| (*no, k)))
            .collect();
        for (rule_no, area) in busy {
            self.judge_area(rules, rule_no, area, now, events);
        }
    }

    /// A stream with its neighbours, as far as they spoke within the window or their stale limit.
    #[allow(clippy::too_many_arguments, reason = "a reading, its rule and its scene")]
    pub(crate) fn observe_neighbours(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        rule_no: u16,
        sensor: &SensorRef<'_>,
        at: Stamp,
        x: f64,
        events: &mut Vec<Event>,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let state = self.areas.rules.entry(rule_no).or_default();
        state.shares.insert(sensor.index, Share { area: u32::MAX, value: parts(x), counted: beyond(rule, x), at });
        let mut tally = Tally::default();
        let mut members = Vec::new();
        let mut take = |index: u32, share: &Share| {
            tally.n += 1;
            tally.sum += i128::from(share.value);
            if leq::over_places(rule) {
                *tally.energy.get_or_insert_default() += energy(share.value);
            }
            tally.counted += u32::from(share.counted);
            *tally.values.entry(share.value).or_default() += 1;
            members.push((index, share.counted));
        };
        if let Some(own) = state.shares.get(&sensor.index) {
            take(sensor.index, own);
        }
        let keep_ms = sensor.max_gap_ms.max(rule.window_ms);
        if let (Some(table), Some(place_m)) = (scene.table, sensor.place_m) {
            let mut seen = 1;
            table.near(sensor.property, place_m, rule.radius_m, |other| {
                if other != sensor.index
                    && let Some(share) = state.shares.get(&other).filter(|s| (at - s.at).abs() <= keep_ms)
                {
                    take(other, share);
                    seen += 1;
                }
                seen < MOST_NEIGHBOURS
            });
        }
        let Some(value) = tally.value(rule) else { return };
        self.observe_rule(rules, rule_no, sensor, at, value, events);
        self.keep_inputs(rule_no, sensor.index, at, || {
            members.iter().take(INPUTS).filter_map(|(index, counted)| scene.input(*index, "", *counted)).collect()
        });
    }
}
