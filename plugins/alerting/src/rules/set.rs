//! Rules made ready for use: validated, indexed by property, in the units of readings.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::{AlertLevel, Bilingual, ObservedProperty, SensorId, Stamp};
use guanlan_sensing::Quality;

use super::{
    error::{RuleError, field_line, line_at},
    spec::{Direction, RuleFile, RuleKind, RuleSpec, Scale},
};
use crate::aqi::pm25_reaching;

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
    only: BTreeSet<SensorId>,
}

impl Rule {
    /// The thresholds for a stream at a time; `None` when the rule does not concern it.
    #[must_use]
    pub fn thresholds_for(&self, sensor: &SensorId, at: Stamp) -> Option<&Thresholds> {
        if !self.only.is_empty() && !self.only.contains(sensor) {
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
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            fail(line, "toml", e.message().to_owned())
        })?;
        if read.format != 1 {
            let line = field_line(text, &(0..0), "format");
            return Err(fail(line, "format", format!("{} is unknown; expected 1", read.format)));
        }
        if read.rule.len() > usize::from(u16::MAX) {
            return Err(fail(1, "rule", format!("{} rules; expected at most {}", read.rule.len(), u16::MAX)));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for spanned in &read.rule {
            let (spec, span) = (spanned.get_ref(), spanned.span());
            let at = |(field, message): (String, String)| {
                fail(field_line(text, &span, &field), &format!("{}.{field}", spec.name), message)
            };
            let rule = check(spec).map_err(at)?;
            if rules.iter().any(|r| r.name == rule.name) {
                return Err(at(("name".into(), format!("'{}' is used twice", rule.name))));
            }
            rules.push(rule);
        }
        Ok(Self::new(rules))
    }

    fn new(rules: Vec<Rule>) -> Self {
        let mut set = Self { rules, ..Self::default() };
        for (i, rule) in set.rules.iter().enumerate() {
            let i = i as u16;
            match (rule.kind, rule.property) {
                (RuleKind::Quality, _) => set.quality.push(i),
                (RuleKind::Threshold, Some(p)) => set.by_property.entry(p).or_default().push(i),
                (RuleKind::Threshold, None) => {}
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
        found.stations.insert(sensor.clone(), levels);
        Ok(())
    }
}

type Fault = (String, String);

fn fault<T>(field: &str, message: impl Into<String>) -> Result<T, Fault> {
    Err((field.to_owned(), message.into()))
}

/// Levels must be finite and each worse than the one before.
fn ordered(levels: &Thresholds, direction: Direction, prefix: &str) -> Result<(), Fault> {
    let mut before: Option<(AlertLevel, f64)> = None;
    for (level, value) in LEVELS.into_iter().zip(levels) {
        let Some(value) = *value else { continue };
        let name = format!("{prefix}{}", level.name().en.to_lowercase());
        if !value.is_finite() {
            return fault(&name, format!("{value} is not a number; expected a finite threshold"));
        }
        if let Some((lower, than)) = before {
            let worse = if direction == Direction::Above { value > than } else { value < than };
            if !worse {
                let side = if direction == Direction::Above { "above" } else { "below" };
                let lower = lower.name().en.to_lowercase();
                return fault(&name, format!("{value} is not {side} the {lower} threshold {than}"));
            }
        }
        before = Some((level, value));
    }
    Ok(())
}

fn delay(field: &str, seconds: f64) -> Result<i64, Fault> {
    if (0.0..=86_400.0).contains(&seconds) {
        Ok((seconds * 1000.0).round() as i64)
    } else {
        fault(field, format!("{seconds} s; expected 0 to 86400"))
    }
}

/// The smallest distance between two levels, or the size of the only threshold.
fn step(thresholds: &Thresholds) -> f64 {
    let known: Vec<f64> = thresholds.iter().flatten().copied().collect();
    match known.as_slice() {
        [] => 0.0,
        [only] => only.abs(),
        many => many.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min),
    }
}

fn check(spec: &RuleSpec) -> Result<Rule, Fault> {
    let name_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if spec.name.is_empty() || spec.name.len() > 40 || !spec.name.chars().all(name_ok) {
        return fault("name", format!("'{}'; expected 1 to 40 of a-z, 0-9 and -", spec.name));
    }
    if spec.version == 0 {
        return fault("version", "0; expected 1 or more");
    }
    if spec.title.zh.is_empty() || spec.title.en.is_empty() {
        return fault("title", "expected words in zh and in en");
    }
    let property = match &spec.property {
        None => None,
        Some(key) => match ObservedProperty::from_key(key) {
            Some(p) => Some(p),
            None => {
                let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                return fault("property", format!("'{key}' is unknown; expected one of {}", known.join(", ")));
            }
        },
    };
    let written = spec.levels();
    ordered(&written, spec.direction, "")?;
    let (thresholds, quality) = match spec.kind {
        RuleKind::Threshold => {
            if property.is_none() {
                return fault("property", "missing; a threshold rule needs one");
            }
            if !spec.quality.is_empty() {
                return fault("quality", "only rules of kind \"quality\" have it");
            }
            (scaled(spec, property, written)?, Vec::new())
        }
        RuleKind::Quality => quality_levels(spec, written)?,
    };
    let night = match spec.night {
        None => None,
        Some(night) => {
            ordered(&night.array(), spec.direction, "night.")?;
            Some(scaled(spec, property, night.array())?)
        }
    };
    let mut stations = BTreeMap::new();
    for s in &spec.station {
        let levels = [s.blue, s.yellow, s.orange, s.red];
        if s.sensor.is_empty() || levels.iter().all(Option::is_none) {
            return fault("station.sensor", "expected a stream and at least one threshold");
        }
        ordered(&levels, spec.direction, "station.")?;
        if stations.insert(SensorId::from(s.sensor.as_str()), scaled(spec, property, levels)?).is_some() {
            return fault("station.sensor", format!("'{}' is listed twice", s.sensor));
        }
    }
    let hysteresis = spec.hysteresis.unwrap_or_else(|| 0.1 * step(&thresholds));
    if !hysteresis.is_finite() || hysteresis < 0.0 {
        return fault("hysteresis", format!("{hysteresis}; expected 0 or more"));
    }
    let common = delay("on_delay_s", spec.on_delay_s)?;
    let mut on_delay_ms = [common; 4];
    for (i, own) in spec.on_delay_level_s.array().into_iter().enumerate() {
        if let Some(s) = own {
            on_delay_ms[i] = delay(&format!("on_delay_level_s.{}", LEVELS[i].name().en.to_lowercase()), s)?;
        }
    }
    let off_delay_ms = match spec.off_delay_s {
        Some(s) => delay("off_delay_s", s)?,
        None => 3 * common,
    };
    if spec.sensors.iter().any(String::is_empty) {
        return fault("sensors", "an empty stream id");
    }
    Ok(Rule {
        name: spec.name.clone(),
        tag: format!("{}@{}", spec.name, spec.version),
        kind: spec.kind,
        property,
        title: Bilingual::new(spec.title.zh.clone(), spec.title.en.clone()),
        direction: spec.direction,
        absolute: spec.absolute,
        thresholds,
        night,
        stations,
        hysteresis,
        on_delay_ms,
        off_delay_ms,
        latch: spec.latch,
        max_active: spec.max_active.unwrap_or(u32::MAX),
        quality,
        only: spec.sensors.iter().map(|s| SensorId::from(s.as_str())).collect(),
    })
}

/// Thresholds in the unit of readings.
fn scaled(spec: &RuleSpec, property: Option<ObservedProperty>, levels: Thresholds) -> Result<Thresholds, Fault> {
    if spec.scale == Scale::Unit {
        return Ok(levels);
    }
    if property != Some(ObservedProperty::Pm25) || spec.direction != Direction::Above {
        return fault("scale", "\"aqi\" is for property pm25 and direction above");
    }
    let mut out = [None; 4];
    for (i, level) in levels.into_iter().enumerate() {
        let Some(index) = level else { continue };
        let name = LEVELS[i].name().en.to_lowercase();
        if index.fract() != 0.0 || !(1.0..=500.0).contains(&index) {
            return fault(&name, format!("{index}; expected a whole AQI of 1 to 500"));
        }
        out[i] = pm25_reaching(index as u16);
    }
    Ok(out)
}

/// A device rule has exactly one level, whose number is 1 (the device is in a bad state).
fn quality_levels(spec: &RuleSpec, written: Thresholds) -> Result<(Thresholds, Vec<Quality>), Fault> {
    if written.iter().flatten().count() != 1 || written.iter().flatten().any(|&v| v != 1.0) {
        return fault("blue", "a quality rule has one level, written as 1");
    }
    if spec.direction != Direction::Above || spec.absolute || spec.night.is_some() || !spec.station.is_empty() {
        return fault("kind", "a quality rule has no direction, absolute, night or station");
    }
    let mut quality = Vec::new();
    for key in &spec.quality {
        match key.as_str() {
            "offline" => quality.push(Quality::Offline),
            "suspect" => quality.push(Quality::Suspect),
            other => return fault("quality", format!("'{other}'; expected offline or suspect")),
        }
    }
    if quality.is_empty() {
        return fault("quality", "expected offline, suspect or both");
    }
    Ok((written, quality))
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
