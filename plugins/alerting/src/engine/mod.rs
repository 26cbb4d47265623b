//! Rules that look at more than one reading: windows, areas, silence, composites, forecasts.

mod areas;
mod composites;
mod missing;
mod windows;

pub(crate) use areas::AreaRules;
pub(crate) use composites::Composites;
pub(crate) use missing::MissingRules;
pub(crate) use windows::Windows;

use guanlan_core::{AlertId, AlertLevel, Event, Stamp};
use guanlan_sensing::{ModelSays, SensorTable, stale_after_ms};

use crate::{
    alert::{Eta, InputReading},
    book::AlertBook,
    forecast::{self, Ahead},
    ledger::SensorRef,
    leq,
    places::Places,
    rules::{LEVELS, Measure, Outlook, Over, Rule, RuleSet, Thresholds},
};

/// Looks ahead in one tick at most.
const LOOKS_PER_TICK: usize = 64;
/// Time between two looks ahead of one alert, ms.
const LOOK_MS: i64 = 30_000;

/// Readings of other streams kept with an alert at most.
pub(crate) const INPUTS: usize = 24;

/// What rules may look at besides the reading itself.
#[derive(Clone, Copy, Default)]
pub struct Scene<'a> {
    /// Areas; without them only the whole city is known.
    pub places: Option<&'a Places>,
    /// All streams.
    pub table: Option<&'a SensorTable>,
    /// What models say.
    pub model: Option<&'a ModelSays>,
}

impl<'a> Scene<'a> {
    /// A stream of the table as rules see it.
    #[must_use]
    pub fn sensor(&self, index: u32) -> Option<SensorRef<'a>> {
        let meta = self.table?.meta(index)?;
        Some(SensorRef {
            index,
            id: &meta.id,
            property: meta.property,
            place_m: meta.place_m,
            name: &meta.name,
            max_gap_ms: stale_after_ms(meta.period_s),
        })
    }

    /// A stream's latest reading, to be kept with an alert.
    #[must_use]
    pub fn input(&self, index: u32, condition: &str, holds: bool) -> Option<InputReading> {
        let row = self.table?.row(index)?;
        let (value, at) = row.latest?;
        Some(InputReading {
            condition: condition.to_owned(),
            holds,
            sensor: row.meta.id.clone(),
            property: row.meta.property,
            place: row.meta.name.clone(),
            value,
            at,
            quality: row.quality,
        })
    }

    fn ahead(&self, index: u32) -> &'a [guanlan_sensing::TrendPoint] {
        self.model.map_or(&[], |m| m.ahead(index))
    }
}

impl AlertBook {
    /// A reading under a rule that compares something made of it.
    #[allow(clippy::too_many_arguments, reason = "a reading, its rule and its scene")]
    pub(crate) fn observe_measured(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        rule_no: u16,
        sensor: &SensorRef<'_>,
        at: Stamp,
        value: f64,
        events: &mut Vec<Event>,
    ) {
        let Some(rule) = rules.get(rule_no) else { return };
        let measured = self.measured(scene, rule, (sensor.index, rule_no, 0), sensor, at, value);
        match rule.over {
            Over::Stream => {
                let Some(x) = measured else { return };
                self.observe_rule(rules, rule_no, sensor, at, x, events);
                if rule.measure == Measure::Forecast {
                    let outlook = Outlook { within_ms: rule.within_ms, window_ms: rule.window_ms, method: rule.method };
                    if self.alert_of(sensor.index, rule_no).is_some() {
                        let series = self.windows.series((sensor.index, rule_no, 0));
                        self.note_eta(scene, rule, rule_no, sensor, at, outlook, true, &series);
                    }
                }
                self.keep_inputs(rule_no, sensor.index, at, || {
                    scene.input(sensor.index, "", true).into_iter().collect()
                });
            }
            Over::Neighbours => {
                let Some(x) = measured else { return };
                self.observe_neighbours(scene, rules, rule_no, sensor, at, x, events);
            }
            _ => self.observe_area(scene, rules, rule_no, sensor, at, measured, events),
        }
    }

    /// What a measure makes of a stream's readings; `None` while it cannot say.
    pub(crate) fn measured(
        &mut self,
        scene: &Scene<'_>,
        rule: &Rule,
        key: (u32, u16, u16),
        sensor: &SensorRef<'_>,
        at: Stamp,
        value: f64,
    ) -> Option<f64> {
        if rule.measure == Measure::Value {
            return Some(value);
        }
        if leq::by_energy(rule.property, rule.measure) {
            let window = self.windows.push(key, at, leq::energy(value), rule.window_ms);
            return window.measure(rule.measure, rule.window_ms).map(leq::level);
        }
        let window = self.windows.push(key, at, value, rule.window_ms);
        if rule.measure != Measure::Forecast {
            return window.measure(rule.measure, rule.window_ms);
        }
        let series = window.series(forecast::MOST);
        let model = scene.ahead(sensor.index);
        if model.is_empty()
            && !self.slots.contains_key(&(key.0, key.1))
            && !forecast::may_reach(&series, rule, sensor.id, at)
        {
            // Most streams most of the time: nothing near, and no line is drawn.
            return series.last().map(|p| p.1);
        }
        let ahead = forecast::ahead(&series, model, rule.window_ms, rule.method, at)?;
        ahead.worst(at, rule.within_ms, rule.direction)
    }

    /// An alert of a rule that says when the next level is expected takes its turn.
    pub(crate) fn look_ahead(&mut self, rule_no: u16, index: u32, at: Stamp) {
        let key = (index, rule_no);
        let wanted = self.slots.get(&key).is_some_and(|s| s.alert.is_some());
        if wanted && self.looking.insert(key) {
            self.look_due.insert((at, key));
        }
    }

    /// Looks ahead for alerts whose turn has come: each every half minute, a bounded number in a tick.
    fn run_outlooks(&mut self, scene: &Scene<'_>, rules: &RuleSet, now: Stamp) {
        for _ in 0..LOOKS_PER_TICK {
            let Some(&(due, key)) = self.look_due.first().filter(|d| d.0 <= now) else { return };
            self.look_due.remove(&(due, key));
            let (index, rule_no) = key;
            let rule = rules.get(rule_no);
            let outlook = rule.and_then(|r| r.outlook).filter(|_| self.alert_of(index, rule_no).is_some());
            let (Some(rule), Some(outlook), Some(sensor)) = (rule, outlook, scene.sensor(index)) else {
                self.looking.remove(&key);
                continue;
            };
            self.look_due.insert((now + LOOK_MS, key));
            let points = scene.table.and_then(|t| t.trend(index)).map_or(&[][..], |t| t.points());
            let Some(last) = points.last() else { continue };
            let mut series: Vec<(Stamp, f64)> =
                points.iter().filter(|p| last.at - p.at <= outlook.window_ms).map(|p| (p.at, p.value)).collect();
            let step = series.len().div_ceil(forecast::MOST).max(1);
            series = series.into_iter().rev().step_by(step).collect();
            series.reverse();
            self.note_eta(scene, rule, rule_no, &sensor, now, outlook, false, &series);
        }
    }

    /// Writes on a stream's alert when a level is expected: the next one, or of a forecast its own.
    #[allow(clippy::too_many_arguments, reason = "a reading, its rule and its scene")]
    fn note_eta(
        &mut self,
        scene: &Scene<'_>,
        rule: &Rule,
        rule_no: u16,
        sensor: &SensorRef<'_>,
        at: Stamp,
        outlook: Outlook,
        own: bool,
        series: &[(Stamp, f64)],
    ) {
        let Some(id) = self.slots.get(&(sensor.index, rule_no)).and_then(|s| s.alert) else { return };
        let Some(alert) = self.ledger.active.get(&id) else { return };
        let thresholds = rule.thresholds_for(sensor.id, at).copied().unwrap_or([None; 4]);
        let ahead = forecast::ahead(series, scene.ahead(sensor.index), outlook.window_ms, outlook.method, at);
        let eta = ahead.and_then(|a| eta(&a, rule, &thresholds, alert.level, at, outlook.within_ms, own));
        if alert.eta != eta
            && let Some(alert) = self.ledger.get_mut(id)
        {
            alert.eta = eta;
        }
    }

    /// Keeps what other streams had to do with a level that was just taken.
    pub(crate) fn keep_inputs(
        &mut self,
        rule_no: u16,
        index: u32,
        at: Stamp,
        inputs: impl FnOnce() -> Vec<InputReading>,
    ) {
        let Some(id) = self.slots.get(&(index, rule_no)).and_then(|s| s.alert) else { return };
        let fresh = self.ledger.active.get(&id).is_some_and(|a| a.since == at || a.inputs.is_empty());
        if fresh && let Some(alert) = self.ledger.get_mut(id) {
            let mut list = inputs();
            list.truncate(INPUTS);
            alert.inputs = list;
        }
    }

    /// Runs what only time moves: silence, on-delays over areas, composites. Once per tick, after its readings.
    pub fn run_timers(
        &mut self,
        scene: &Scene<'_>,
        rules: &RuleSet,
        now: Stamp,
        silence: bool,
        events: &mut Vec<Event>,
    ) {
        if silence {
            self.run_silence(scene, rules, now, events);
        }
        self.run_areas(rules, now, events);
        self.run_outlooks(scene, rules, now);
        self.run_composites(scene, rules, now, events);
    }

    /// The alert of a stream under a rule.
    #[must_use]
    pub(crate) fn alert_of(&self, index: u32, rule_no: u16) -> Option<AlertId> {
        self.slots.get(&(index, rule_no)).and_then(|s| s.alert)
    }
}

/// The first level above `level` that is expected (with `own`, that level itself), and when.
fn eta(
    ahead: &Ahead<'_>,
    rule: &Rule,
    thresholds: &Thresholds,
    level: AlertLevel,
    now: Stamp,
    within_ms: i64,
    own: bool,
) -> Option<Eta> {
    let model = matches!(ahead, Ahead::Model(_));
    let from = usize::from(level.rank()).saturating_sub(usize::from(own));
    let mut found: Option<Eta> = None;
    for i in from..4 {
        let Some(threshold) = thresholds[i] else { continue };
        let Some(at) = ahead.reaches(threshold, now, within_ms, rule.direction) else { break };
        found = Some(Eta { level: LEVELS[i], at, model });
        if own {
            break;
        }
    }
    found
}
