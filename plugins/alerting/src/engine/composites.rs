//! Composite rules: named conditions over several streams, joined by an expression, one alert per
//! stream of the first condition where that condition holds.
//!
//! A condition keeps the streams for which it holds. A rule is thought over when one of these sets
//! changed or a delay runs; what that costs follows the streams in the sets, not all streams.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::{Event, Stamp};
use guanlan_sensing::Quality;
use serde::{Deserialize, Serialize};

use super::{INPUTS, Scene};
use crate::{
    alert::{AREA_INDEX, InputReading},
    book::AlertBook,
    forecast,
    ledger::SensorRef,
    leq,
    places::Places,
    rules::{
        Direction, Measure, Method, Over, Rule, RuleSet,
        condition::{Condition, Source},
    },
};

/// A stream for which a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct On {
    since: Stamp,
    /// Code of the finest area it lies in.
    code: String,
    place_m: Option<[f64; 2]>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct CompositeRule {
    /// By condition: the streams for which it holds.
    on: Vec<BTreeMap<u32, On>>,
    /// Streams of the first condition that are thought over: they hold it, or have an alert.
    standing: BTreeSet<u32>,
    dirty: bool,
    /// When it was last thought over.
    judged: Stamp,
}

/// What composite rules remember.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Composites {
    rules: BTreeMap<u16, CompositeRule>,
}

impl Composites {
    /// Follows rules to their new numbers; conditions are learnt anew from the next readings.
    pub fn renumber(&mut self, to: &impl Fn(u16) -> Option<u16>, rules: &RuleSet) {
        self.rules = std::mem::take(&mut self.rules)
            .into_iter()
            .filter_map(|(no, old)| Some((to(no)?, old)))
            .filter(|(no, old)| rules.get(*no).is_some_and(|r| r.conditions.len() == old.on.len()))
            .map(|(no, old)| (no, CompositeRule { dirty: true, ..old }))
            .collect();
    }

    fn rule(&mut self, rule_no: u16, rule: &Rule) -> &mut CompositeRule {
        let state = self.rules.entry(rule_no).or_default();
        state.on.resize_with(rule.conditions.len(), BTreeMap::new);
        state
    }

    fn set(&mut self, rule_no: u16, rule: &Rule, condition: u16, index: u32, on: Option<On>) {
        let state = self.rule(rule_no, rule);
        let Some(set) = state.on.get_mut(usize::from(condition)) else { return };
        match on {
            Some(on) => {
                if !set.contains_key(&index) {
                    if condition == 0 {
                        state.standing.insert(index);
                    }
                    set.insert(index, on);
                    state.dirty = true;
                }
            }
            None => state.dirty |= set.remove(&index).is_some(),
        }
    }

    fn is_on(&self, rule_no: u16, condition: u16, index: u32) -> bool {
        self.rules.get(&rule_no).and_then(|r| r.on.get(usize::from(condition))).is_some_and(|s| s.contains_key(&index))
    }
}

fn on_at(scene: &Scene<'_>, sensor: &SensorRef<'_>, since: Stamp) -> On {
    On { since, code: scene.places.map(|p| p.code(sensor.place_m)).unwrap_or_default(), place_m: sensor.place_m }
}

impl AlertBook {
    /// A reading of a stream that feeds a condition.
    pub(crate) fn feed_condition(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        (rule_no, number): (u16, u16),
        sensor: &SensorRef<'_>,
        at: Stamp,
        value: f64,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let Some(condition) = rule.conditions.get(usize::from(number)) else { return };
        let Source::Reading { direction, threshold, hysteresis, measure, window_ms, within_ms, .. } = condition.source
        else {
            return;
        };
        if condition.sensor.as_ref().is_some_and(|s| s != sensor.id) || (number == 0 && !rule.concerns(sensor.id)) {
            return;
        }
        let measured = match measure {
            Measure::Value => Some(value),
            Measure::Forecast => {
                let window = self.windows.push((sensor.index, rule_no, number + 1), at, value, window_ms);
                let series = window.series(forecast::MOST);
                forecast::ahead(&series, scene.ahead(sensor.index), window_ms, Method::Auto, at)
                    .and_then(|a| a.worst(at, within_ms, direction))
            }
            mean if leq::by_energy(Some(sensor.property), mean) => {
                let key = (sensor.index, rule_no, number + 1);
                self.windows.push(key, at, leq::energy(value), window_ms).measure(mean, window_ms).map(leq::level)
            }
            other => {
                self.windows.push((sensor.index, rule_no, number + 1), at, value, window_ms).measure(other, window_ms)
            }
        };
        let Some(x) = measured else { return };
        let was = self.composites.is_on(rule_no, number, sensor.index);
        let slack = if was { hysteresis } else { 0.0 };
        let holds = match direction {
            Direction::Above => x >= threshold - slack,
            Direction::Below => x <= threshold + slack,
        };
        if holds != was {
            let on = holds.then(|| on_at(scene, sensor, at));
            self.composites.set(rule_no, rule, number, sensor.index, on);
        }
    }

    /// A stream's quality changed: conditions on quality, and conditions that silence makes false.
    pub(crate) fn quality_condition(
        &mut self,
        rules: &RuleSet,
        (rule_no, number): (u16, u16),
        sensor: &SensorRef<'_>,
        at: Stamp,
        quality: Quality,
        forget: bool,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let Some(condition) = rule.conditions.get(usize::from(number)) else { return };
        if condition.sensor.as_ref().is_some_and(|s| s != sensor.id) {
            return;
        }
        match condition.source {
            Source::Quality { quality: wanted, .. } => {
                let on = (quality == wanted).then(|| on_at(&Scene::default(), sensor, at));
                self.composites.set(rule_no, rule, number, sensor.index, on);
            }
            Source::Reading { .. } if forget => self.composites.set(rule_no, rule, number, sensor.index, None),
            _ => {}
        }
    }

    /// Thinks over every composite rule whose conditions changed or whose delays run.
    pub(crate) fn run_composites(&mut self, scene: &Scene<'_>, rules: &RuleSet, now: Stamp, events: &mut Vec<Event>) {
        self.watch_alerts(scene, rules, now);
        for &rule_no in rules.composites() {
            let Some(rule) = rules.get(rule_no) else { continue };
            let Some(state) = self.composites.rules.get_mut(&rule_no) else { continue };
            let judged = state.judged;
            let waits = |(set, c): (&BTreeMap<u32, On>, &Condition)| {
                c.hold_ms > 0 && set.values().any(|on| on.since + c.hold_ms > judged)
            };
            let holding = state.on.iter().zip(&rule.conditions).any(waits);
            let running = state.standing.iter().any(|i| {
                self.slots
                    .get(&(*i, rule_no))
                    .is_some_and(|s| s.machine.rises(rule).is_some() || s.machine.falls(rule).is_some())
            });
            if !(state.dirty || holding || running) {
                continue;
            }
            state.dirty = false;
            state.judged = now;
            self.judge_composite(scene, rules, rule_no, rule, now, events);
        }
    }

    /// Conditions on alerts follow the alerts that changed in this tick.
    fn watch_alerts(&mut self, scene: &Scene<'_>, rules: &RuleSet, now: Stamp) {
        if rules.watching().is_empty() {
            return;
        }
        let touched: Vec<_> = self.ledger.touched.iter().copied().collect();
        for id in touched {
            let active = self.ledger.active.get(&id);
            let Some(alert) = active.or_else(|| self.ledger.ended.iter().rev().find(|a| a.id == id)) else { continue };
            for &(rule_no, number) in rules.watching() {
                let Some(rule) = rules.get(rule_no) else { continue };
                let Some(Condition { source: Source::Alert { rule: name, level }, sensor, .. }) =
                    rule.conditions.get(usize::from(number))
                else {
                    continue;
                };
                let own = alert.rule.rsplit_once('@').map_or(alert.rule.as_str(), |(n, _)| n);
                if own != name || sensor.as_ref().is_some_and(|s| *s != alert.sensor) {
                    continue;
                }
                let on = (alert.ended_at.is_none() && alert.level >= *level).then(|| On {
                    since: now,
                    code: scene.places.map(|p| p.code(alert.place_m)).unwrap_or_default(),
                    place_m: alert.place_m,
                });
                self.composites.set(rule_no, rule, number, alert.index, on);
            }
        }
    }

    fn judge_composite(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        rule_no: u16,
        rule: &Rule,
        now: Stamp,
        events: &mut Vec<Event>,
    ) {
        let Some(state) = self.composites.rules.get(&rule_no) else { return };
        let judge = Judge::new(scene, rule, state, now);
        let mut verdicts = Vec::with_capacity(state.standing.len());
        for &index in &state.standing {
            let truth = judge.truth(index, state);
            let holds = |i: &usize| truth[0] && rule.expressions[*i].as_ref().is_some_and(|e| e.holds(&truth));
            let level = (0..4).rev().find(holds).map_or(0.0, |i| i as f64 + 1.0);
            verdicts.push((index, level, truth));
        }
        for (index, level, truth) in verdicts {
            let key = (index, rule_no);
            let idle = self.slots.get(&key).is_none_or(|slot| {
                slot.machine.rises(rule).is_none()
                    && slot.machine.falls(rule).is_none()
                    && slot.readings.last().is_some_and(|r| r.value == level)
            });
            if !idle || (level > 0.0 && !self.slots.contains_key(&key)) {
                // Of a composite over alerts the anchor may be an area.
                let area =
                    (index >= AREA_INDEX).then(|| self.ledger.active.values().find(|a| a.index == index).cloned());
                let sensor = match &area {
                    Some(Some(a)) => Some(SensorRef {
                        index,
                        id: &a.sensor,
                        property: a.property,
                        place_m: a.place_m,
                        name: &a.place,
                        max_gap_ms: i64::MAX,
                    }),
                    _ => scene.sensor(index),
                };
                if let Some(sensor) = sensor {
                    let sensor = SensorRef { max_gap_ms: i64::MAX, ..sensor };
                    self.observe_rule(rules, rule_no, &sensor, now, level, events);
                    let Some(state) = self.composites.rules.get(&rule_no) else { return };
                    let inputs = inputs(scene, rule, state, index, &truth);
                    self.keep_inputs(rule_no, index, now, || inputs);
                }
            }
            if !truth[0] && !self.slots.contains_key(&key) {
                if let Some(state) = self.composites.rules.get_mut(&rule_no) {
                    state.standing.remove(&index);
                }
            }
        }
    }
}

/// The sets of a rule, counted once for all its anchors.
struct Judge<'a> {
    rule: &'a Rule,
    now: Stamp,
    /// By condition: streams that hold it by area, or by cell of its radius.
    by_area: Vec<BTreeMap<String, u32>>,
    by_cell: Vec<BTreeMap<(i64, i64), Vec<[f64; 2]>>>,
    counts: Vec<u32>,
    single: Vec<bool>,
    places: Option<&'a Places>,
}

fn rung(over: Over) -> Option<usize> {
    match over {
        Over::Grid => Some(0),
        Over::Community => Some(1),
        Over::Street => Some(2),
        Over::District => Some(3),
        _ => None,
    }
}

fn cell(place: [f64; 2], side: f64) -> (i64, i64) {
    ((place[0] / side).floor() as i64, (place[1] / side).floor() as i64)
}

impl<'a> Judge<'a> {
    fn new(scene: &Scene<'a>, rule: &'a Rule, state: &CompositeRule, now: Stamp) -> Self {
        let n = rule.conditions.len();
        let mut judge = Self {
            rule,
            now,
            by_area: vec![BTreeMap::new(); n],
            by_cell: vec![BTreeMap::new(); n],
            counts: vec![0; n],
            single: vec![false; n],
            places: scene.places,
        };
        for (k, c) in rule.conditions.iter().enumerate() {
            for (index, on) in state.on[k].iter().filter(|(_, on)| now - on.since >= c.hold_ms) {
                judge.counts[k] += 1;
                if let Some(sensor) = &c.sensor {
                    judge.single[k] |= scene.table.and_then(|t| t.meta(*index)).is_some_and(|m| m.id == *sensor);
                }
                if let Some(rung) = rung(c.over) {
                    *judge.by_area[k].entry(Places::above(&on.code, rung)).or_default() += 1;
                } else if c.over == Over::Basin {
                    let basin = scene.places.and_then(|p| p.basin(on.place_m)).unwrap_or("").to_owned();
                    *judge.by_area[k].entry(basin).or_default() += 1;
                } else if c.over == Over::Neighbours
                    && let Some(place) = on.place_m
                {
                    judge.by_cell[k].entry(cell(place, c.radius_m)).or_default().push(place);
                }
            }
        }
        judge
    }

    /// The truth of every condition, seen from an anchor.
    fn truth(&self, index: u32, state: &CompositeRule) -> Vec<bool> {
        let anchor = state.on[0].get(&index).filter(|on| self.now - on.since >= self.rule.conditions[0].hold_ms);
        let Some(anchor) = anchor else { return vec![false; self.rule.conditions.len()] };
        let near = |k: usize, c: &Condition| -> u32 {
            let Some(place) = anchor.place_m else { return 0 };
            let (x, y) = cell(place, c.radius_m);
            let mut n = 0;
            for (cx, cy) in (x - 1..=x + 1).flat_map(|cx| (y - 1..=y + 1).map(move |cy| (cx, cy))) {
                for p in self.by_cell[k].get(&(cx, cy)).into_iter().flatten() {
                    n += u32::from((p[0] - place[0]).hypot(p[1] - place[1]) <= c.radius_m);
                }
            }
            n
        };
        self.rule
            .conditions
            .iter()
            .enumerate()
            .map(|(k, c)| {
                if k == 0 {
                    return true;
                }
                if c.sensor.is_some() {
                    return self.single[k];
                }
                let count = match c.over {
                    Over::Stream => {
                        u32::from(state.on[k].get(&index).is_some_and(|on| self.now - on.since >= c.hold_ms))
                    }
                    Over::Neighbours => near(k, c),
                    Over::Basin => {
                        let basin = self.places.and_then(|p| p.basin(anchor.place_m)).unwrap_or("");
                        self.by_area[k].get(basin).copied().unwrap_or(0)
                    }
                    Over::City | Over::Area => self.counts[k],
                    other => {
                        let code = Places::above(&anchor.code, rung(other).unwrap_or(0));
                        self.by_area[k].get(&code).copied().unwrap_or(0)
                    }
                };
                count >= c.need
            })
            .collect()
    }
}

/// The readings behind a composite: the anchor's, and up to four of each condition.
fn inputs(scene: &Scene<'_>, rule: &Rule, state: &CompositeRule, anchor: u32, truth: &[bool]) -> Vec<InputReading> {
    let mut out: Vec<InputReading> =
        scene.input(anchor, &rule.conditions[0].name, truth.first() == Some(&true)).into_iter().collect();
    let place = state.on[0].get(&anchor).and_then(|on| on.place_m);
    for (k, c) in rule.conditions.iter().enumerate().skip(1) {
        let holds = truth.get(k) == Some(&true);
        let distance = |on: &On| match (place, on.place_m) {
            (Some(a), Some(b)) => (a[0] - b[0]).hypot(a[1] - b[1]),
            _ => f64::MAX,
        };
        let mut near: Vec<(f64, u32)> = state.on[k].iter().map(|(i, on)| (distance(on), *i)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        out.extend(near.iter().take(4).filter_map(|(_, i)| scene.input(*i, &c.name, holds)));
    }
    out.truncate(INPUTS);
    out
}
