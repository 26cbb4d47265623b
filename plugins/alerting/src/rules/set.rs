//! Rules made ready for use: validated, indexed by property, in the units of readings.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use guanlan_core::{AlertLevel, Bilingual, ObservedProperty, SensorId, Stamp, file_words::line_at};
use guanlan_sensing::Quality;

use super::{
    check::{Fault, check, ordered},
    condition::{Condition, Source},
    error::{RuleError, field_line, test_line},
    expression::Expression,
    extras::{Area, Inhibit, Notify},
    spec::{Combine, Direction, LevelsSpec, Measure, Method, Missing, Over, RuleFile, RuleKind, TestSpec},
};

/// The default rule set, also in `assets/rules/default.toml`.
const DEFAULT: &str = include_str!("../../../../assets/rules/default.toml");

/// Levels a rule can raise, lowest first; the order of every `[_; 4]` here.
pub const LEVELS: [AlertLevel; 4] = [AlertLevel::Blue, AlertLevel::Yellow, AlertLevel::Orange, AlertLevel::Red];

/// Thresholds for blue, yellow, orange, red in the property's unit.
pub type Thresholds = [Option<f64>; 4];

/// A rule ready for use.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Name.
    pub name: String,
    /// Name and version, for example `road-water@1`.
    pub tag: String,
    /// What it watches.
    pub kind: RuleKind,
    /// The property; `None` for all (quality rules).
    pub property: Option<ObservedProperty>,
    /// Words on the screen.
    pub title: Bilingual,
    /// On which side the danger is.
    pub direction: Direction,
    /// True compares the value without its sign.
    pub absolute: bool,
    /// Thresholds of streams that are no station.
    pub thresholds: Thresholds,
    /// Thresholds from 22:00 to 06:00.
    pub night: Option<Thresholds>,
    /// Thresholds of single streams.
    pub stations: BTreeMap<SensorId, Thresholds>,
    /// Distance beyond a threshold needed to leave its level, in the property's unit.
    pub hysteresis: f64,
    /// On-delay by level, ms.
    pub on_delay_ms: [i64; 4],
    /// Off-delay, ms.
    pub off_delay_ms: i64,
    /// Colour stays until clear and acknowledged.
    pub latch: bool,
    /// Alerts at one time at most.
    pub max_active: u32,
    /// Device qualities a quality rule raises on.
    pub quality: Vec<Quality>,
    /// Streams it is for; empty for all.
    pub only: BTreeSet<SensorId>,
    /// What of the readings is compared.
    pub measure: Measure,
    /// Window of the measure, ms; 0 without one.
    pub window_ms: i64,
    /// Horizon of a forecast, ms.
    pub within_ms: i64,
    /// How a forecast is made.
    pub method: Method,
    /// Whose readings are put together.
    pub over: Over,
    /// Radius of neighbours, m.
    pub radius_m: f64,
    /// Name of the file's own area.
    pub area: Option<String>,
    /// How the streams of an area become one number.
    pub combine: Combine,
    /// What counts, of a count.
    pub each: Option<f64>,
    /// An area with fewer speaking streams says nothing.
    pub at_least_streams: u32,
    /// The rule whose thresholds it takes.
    pub like: Option<String>,
    /// Says when the next level is expected.
    pub outlook: Option<Outlook>,
    /// Conditions of a composite; the first is its anchor.
    pub conditions: Vec<Condition>,
    /// Expressions of a composite, blue to red.
    pub expressions: [Option<Expression>; 4],
    /// The expressions as written.
    pub levels: LevelsSpec,
    /// What silent streams make of a condition.
    pub missing: Missing,
    /// What its alerts are grouped by.
    pub hazard: String,
    /// Times up the ladder, ms; the file's when `None`.
    pub escalate_ms: Option<[i64; 3]>,
    /// False never sounds nor escalates.
    pub calls: bool,
    /// Its own tests.
    pub tests: Vec<TestSpec>,
}

/// How far ahead a rule's alerts look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Horizon, ms.
    pub within_ms: i64,
    /// From the readings of this long, ms.
    pub window_ms: i64,
    /// How.
    pub method: Method,
}

impl Rule {
    /// True for a rule that compares the readings of single streams as they come.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.measure == Measure::Value && self.over == Over::Stream
    }

    /// True when the rule is for this stream.
    #[must_use]
    pub fn concerns(&self, sensor: &SensorId) -> bool {
        self.only.is_empty() || self.only.contains(sensor)
    }

    /// The thresholds for a stream at a time; `None` when the rule does not concern it.
    #[must_use]
    pub fn thresholds_for(&self, sensor: &SensorId, at: Stamp) -> Option<&Thresholds> {
        if !self.concerns(sensor) {
            return None;
        }
        if !self.stations.is_empty()
            && let Some(own) = self.stations.get(sensor)
        {
            return Some(own);
        }
        let own = self.night.as_ref().filter(|_| is_night(at)).unwrap_or(&self.thresholds);
        own.iter().any(Option::is_some).then_some(own)
    }

    /// A value or threshold on the axis on which more is worse.
    #[must_use]
    pub(crate) fn severity(&self, value: f64) -> f64 {
        let value = if self.absolute { value.abs() } else { value };
        match self.direction {
            Direction::Above => value,
            Direction::Below => -value,
        }
    }

    /// Thresholds on the same axis.
    pub(crate) fn severities(&self, thresholds: &Thresholds) -> Thresholds {
        thresholds.map(|t| t.map(|t| if self.direction == Direction::Below { -t } else { t }))
    }
}

/// 22:00–06:00 China Standard Time (GB 3096-2008).
fn is_night(at: Stamp) -> bool {
    const HOUR_MS: i64 = 3_600_000;
    let of_day = (at.0.rem_euclid(24 * HOUR_MS) + 8 * HOUR_MS) % (24 * HOUR_MS);
    !(6 * HOUR_MS..22 * HOUR_MS).contains(&of_day)
}

/// All rules in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSet {
    rules: Vec<Rule>,
    by_property: BTreeMap<ObservedProperty, Vec<u16>>,
    quality: Vec<u16>,
    missing: BTreeMap<ObservedProperty, Vec<u16>>,
    composites: Vec<u16>,
    /// Composite rule and condition, by the property whose readings feed it.
    feeding: BTreeMap<ObservedProperty, Vec<(u16, u16)>>,
    /// Composite rule and condition, that look at other rules' alerts.
    watching: Vec<(u16, u16)>,
    areas: Vec<Area>,
    inhibits: Vec<Inhibit>,
    notify: Notify,
    file: String,
    hash: String,
    text: Arc<str>,
    /// Thresholds given to single streams from outside the file; they outlive a reload.
    given: Vec<(String, SensorId, Thresholds)>,
}

impl RuleSet {
    /// The default rules (DOMAIN §2.2).
    #[must_use]
    #[expect(clippy::expect_used, reason = "the text is part of the program and a test reads it")]
    pub fn defaults() -> Self {
        Self::parse("assets/rules/default.toml", DEFAULT).expect("the built-in rules are valid")
    }

    /// Reads a rule file; `file` names it in errors.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and field. Nothing is used then.
    pub fn parse(file: &str, text: &str) -> Result<Self, RuleError> {
        let fail = |line, field: &str, message: String| RuleError {
            file: file.to_owned(),
            line,
            field: field.to_owned(),
            message,
        };
        let read: RuleFile = toml::from_str(text).map_err(|e| {
            let (line, field, message) = super::words::of_toml(text, &e);
            fail(line, &field, message)
        })?;
        if read.format != 1 {
            let line = field_line(text, &(0..0), "format");
            return Err(fail(line, "format", format!("{} is unknown; expected 1", read.format)));
        }
        if read.rule.len() > usize::from(u16::MAX) {
            return Err(fail(1, "rule", format!("{} rules; expected at most {}", read.rule.len(), u16::MAX)));
        }
        let mut rules: Vec<Rule> = Vec::new();
        let mut spans = Vec::new();
        for spanned in &read.rule {
            let (spec, span) = (spanned.get_ref(), spanned.span());
            let at = |(field, message): Fault| {
                fail(field_line(text, &span, &field), &format!("{}.{field}", spec.name), message)
            };
            let rule = check(spec).map_err(at)?;
            for (i, test) in spec.test.iter().enumerate() {
                crate::bench::check_test(&rule, test).map_err(|(field, message)| {
                    let line = test_line(text, &span, i, &field);
                    fail(line, &format!("{}.test \"{}\".{field}", spec.name, test.name), message)
                })?;
            }
            if rules.iter().any(|r| r.name == rule.name) {
                return Err(at(("name".into(), format!("'{}' is used twice", rule.name))));
            }
            rules.push(rule);
            spans.push(span);
        }
        let extras = super::extras::read(&read, &rules)
            .map_err(|(at, field, message)| fail(line_at(text, at), &field, message))?;
        for i in 0..rules.len() {
            let at = |(field, message): Fault| {
                fail(field_line(text, &spans[i], &field), &format!("{}.{field}", rules[i].name), message)
            };
            let linked = link(&rules, i, &extras.areas).map_err(at)?;
            if let Some(other) = linked {
                let (from, to) = (rules[other].clone(), &mut rules[i]);
                to.property = to.property.or(from.property);
                (to.thresholds, to.night, to.stations) = (from.thresholds, from.night, from.stations);
                (to.direction, to.absolute) = (from.direction, from.absolute);
                if read.rule[i].get_ref().hysteresis.is_none() {
                    to.hysteresis = from.hysteresis;
                }
                if read.rule[i].get_ref().hazard.is_none() {
                    to.hazard = from.hazard;
                }
            }
        }
        let mut set = Self::new(rules);
        (set.areas, set.inhibits, set.notify) = (extras.areas, extras.inhibits, extras.notify);
        set.file = file.to_owned();
        set.hash = sha256(text);
        set.text = text.into();
        Ok(set)
    }

    fn new(rules: Vec<Rule>) -> Self {
        let mut set = Self { rules, ..Self::default() };
        for (i, rule) in set.rules.iter().enumerate() {
            let i = i as u16;
            match (rule.kind, rule.property) {
                (RuleKind::Quality, _) => set.quality.push(i),
                (RuleKind::Threshold, Some(p)) => set.by_property.entry(p).or_default().push(i),
                (RuleKind::Missing, Some(p)) => set.missing.entry(p).or_default().push(i),
                (RuleKind::Composite, _) => {
                    set.composites.push(i);
                    for (k, condition) in rule.conditions.iter().enumerate() {
                        match &condition.source {
                            Source::Reading { property, .. } | Source::Quality { property, .. } => {
                                set.feeding.entry(*property).or_default().push((i, k as u16));
                            }
                            Source::Alert { .. } => set.watching.push((i, k as u16)),
                        }
                    }
                }
                (RuleKind::Threshold | RuleKind::Missing, None) => {}
            }
        }
        set
    }

    /// All rules, in file order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.name == name)
    }

    /// The rule an alert names, if this very version is in force.
    #[must_use]
    pub fn by_tag(&self, tag: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.tag == tag)
    }

    /// The rules that look at a property, of one stream where it is given: those of the property itself, of all devices,
    /// and composites with a condition on it.
    pub fn looking_at<'a>(
        &'a self,
        property: ObservedProperty,
        sensor: Option<&'a SensorId>,
    ) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| {
            let own = match rule.property {
                Some(of) => of == property,
                None => rule.kind == RuleKind::Quality,
            };
            let fed = rule.conditions.iter().any(|c| c.property() == Some(property));
            (own || fed) && sensor.is_none_or(|s| rule.concerns(s))
        })
    }

    pub(crate) fn get(&self, index: u16) -> Option<&Rule> {
        self.rules.get(usize::from(index))
    }

    /// Numbers of the threshold rules for a property.
    pub(crate) fn for_property(&self, property: ObservedProperty) -> &[u16] {
        self.by_property.get(&property).map_or(&[], Vec::as_slice)
    }

    /// Numbers of the device rules.
    pub(crate) fn for_quality(&self) -> &[u16] {
        &self.quality
    }

    /// Numbers of the rules about silence of a property.
    pub(crate) fn for_missing(&self, property: ObservedProperty) -> &[u16] {
        self.missing.get(&property).map_or(&[], Vec::as_slice)
    }

    /// Numbers of the composite rules.
    pub(crate) fn composites(&self) -> &[u16] {
        &self.composites
    }

    /// Composite rule and condition numbers fed by a property.
    pub(crate) fn fed_by(&self, property: ObservedProperty) -> &[(u16, u16)] {
        self.feeding.get(&property).map_or(&[], Vec::as_slice)
    }

    /// Composite rule and condition numbers that look at other rules' alerts.
    pub(crate) fn watching(&self) -> &[(u16, u16)] {
        &self.watching
    }

    /// The file's own areas.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Which alerts make others unnecessary.
    #[must_use]
    pub fn inhibits(&self) -> &[Inhibit] {
        &self.inhibits
    }

    /// Clocks of calling.
    #[must_use]
    pub const fn notify(&self) -> &Notify {
        &self.notify
    }

    /// The file as its reader named it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// SHA-256 of the text, hex; empty for a set that was never a file.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Reads another file and gives its rules what single streams were given here.
    ///
    /// # Errors
    /// As [`Self::parse`]; also when given thresholds no longer fit. Nothing is used then.
    pub fn reload(&self, file: &str, text: &str) -> Result<Self, RuleError> {
        let mut fresh = Self::parse(file, text)?;
        for (rule, sensor, levels) in &self.given {
            if fresh.find(rule).is_some() {
                fresh.set_station(rule, sensor, *levels)?;
            } else {
                fresh.given.push((rule.clone(), sensor.clone(), *levels));
            }
        }
        Ok(fresh)
    }

    /// Gives one stream its own thresholds in a rule (a river station's 设防, 警戒, 保证水位 from the
    /// city's data), blue to red.
    ///
    /// # Errors
    /// When there is no such rule or the levels are not in order.
    pub fn set_station(&mut self, rule: &str, sensor: &SensorId, levels: Thresholds) -> Result<(), RuleError> {
        let fail = |message: String| RuleError {
            file: "station".into(),
            line: 0,
            field: format!("{rule}.station.{sensor}"),
            message,
        };
        let Some(found) = self.rules.iter_mut().find(|r| r.name == rule) else {
            return Err(fail("there is no rule with this name".into()));
        };
        ordered(&levels, found.direction, "").map_err(|(_, m)| fail(m))?;
        for one in self.rules.iter_mut().filter(|r| r.name == rule || r.like.as_deref() == Some(rule)) {
            one.stations.insert(sensor.clone(), levels);
        }
        self.given.push((rule.to_owned(), sensor.clone(), levels));
        Ok(())
    }
}

/// The rule a rule takes its thresholds from; what names another thing must find it.
fn link(rules: &[Rule], i: usize, areas: &[Area]) -> Result<Option<usize>, Fault> {
    let rule = &rules[i];
    if let Some(name) = &rule.area
        && !areas.iter().any(|a| a.name == *name)
    {
        let known: Vec<&str> = areas.iter().map(|a| a.name.as_str()).collect();
        let there =
            if known.is_empty() { "there is no [[area]]".into() } else { format!("there are: {}", known.join(", ")) };
        return Err(("area".into(), format!("'{name}' is no area of this file; {there}")));
    }
    for (k, condition) in rule.conditions.iter().enumerate() {
        let Source::Alert { rule: name, .. } = &condition.source else { continue };
        let message = match rules.iter().find(|r| r.name == *name) {
            Some(r) if r.kind != RuleKind::Composite => continue,
            Some(_) => format!(
                "'{name}' is a composite itself; a condition watches plain rules, so that nothing runs in circles"
            ),
            None => format!("'{name}' is no rule of this file"),
        };
        return Err((format!("when[{}].rule", k + 1), message));
    }
    let Some(like) = &rule.like else { return Ok(None) };
    match rules.iter().position(|r| r.name == *like && r.kind == RuleKind::Threshold && r.like.is_none()) {
        None => Err(("like".into(), format!("'{like}' is no threshold rule of this file with thresholds of its own"))),
        Some(k) if rule.property.is_some_and(|p| Some(p) != rules[k].property) => {
            Err(("like".into(), format!("'{like}' is about another property")))
        }
        Some(k) => Ok(Some(k)),
    }
}

/// SHA-256 of a text, hex.
#[must_use]
pub fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn night_is_22_to_06_china_standard_time() {
        for (text, night) in [
            ("2026-07-01T21:59:59+08:00", false),
            ("2026-07-01T22:00:00+08:00", true),
            ("2026-07-02T05:59:59+08:00", true),
            ("2026-07-02T06:00:00+08:00", false),
        ] {
            assert_eq!(is_night(Stamp::parse(text).unwrap()), night, "{text}");
        }
    }
}
