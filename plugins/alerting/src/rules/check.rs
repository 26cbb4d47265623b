//! One rule as written, made ready for use or refused with the field that is wrong.

use std::collections::BTreeMap;

use guanlan_core::{AlertLevel, Bilingual, ObservedProperty, SensorId};
use guanlan_sensing::Quality;

use super::{
    condition::{self, Condition},
    expression::Expression,
    set::{LEVELS, Outlook, Rule, Thresholds},
    spec::{Combine, Direction, Measure, Over, RuleKind, RuleSpec, Scale},
};
use crate::aqi::pm25_reaching;

/// Field and message.
pub(super) type Fault = (String, String);

pub(super) fn fault<T>(field: &str, message: impl Into<String>) -> Result<T, Fault> {
    Err((field.to_owned(), message.into()))
}

/// Levels must be finite and each worse than the one before.
pub(super) fn ordered(levels: &Thresholds, direction: Direction, prefix: &str) -> Result<(), Fault> {
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

pub(super) fn delay(field: &str, seconds: f64) -> Result<i64, Fault> {
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

pub(super) fn check(spec: &RuleSpec) -> Result<Rule, Fault> {
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
    let property = spec.property.as_deref().map(|key| property("property", key)).transpose()?;
    let written = spec.thresholds();
    ordered(&written, spec.direction, "")?;
    let (thresholds, quality) = match spec.kind {
        RuleKind::Threshold => {
            if property.is_none() && spec.like.is_none() {
                return fault("property", "missing; a threshold rule needs one");
            }
            if spec.like.is_some() && written.iter().any(Option::is_some) {
                return fault("like", "takes the thresholds of another rule; leave out those of this one");
            }
            if !spec.quality.is_empty() {
                return fault("quality", "only rules of kind \"quality\" have it");
            }
            (scaled(spec, property, written)?, Vec::new())
        }
        RuleKind::Quality => quality_levels(spec, written)?,
        RuleKind::Missing => (missing_levels(spec, property, written)?, Vec::new()),
        RuleKind::Composite => {
            if written.iter().any(Option::is_some) {
                return fault("blue", "a composite has no thresholds; write expressions in rule.levels");
            }
            ([None; 4], Vec::new())
        }
    };
    let kind_wide = only_where_it_belongs(spec)?;
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
    let (conditions, expressions) = composite(spec)?;
    let thresholds = if spec.kind == RuleKind::Composite {
        // The number of the worst level whose expression holds is what is compared.
        [0, 1, 2, 3].map(|i| expressions[i].as_ref().map(|_| i as f64 + 1.0))
    } else {
        thresholds
    };
    let property = if spec.kind == RuleKind::Composite {
        conditions.first().and_then(Condition::property).or(Some(ObservedProperty::Other))
    } else {
        property
    };
    let hysteresis = if matches!(spec.kind, RuleKind::Composite | RuleKind::Missing) { 0.0 } else { hysteresis };
    let hazard = match &spec.hazard {
        Some(h) if h.is_empty() || h.len() > 40 => return fault("hazard", "expected 1 to 40 characters"),
        Some(h) => h.clone(),
        None => match spec.kind {
            RuleKind::Quality | RuleKind::Missing => "device".to_owned(),
            RuleKind::Composite => spec.name.clone(),
            RuleKind::Threshold => property.map_or_else(|| spec.name.clone(), |p| p.key().to_owned()),
        },
    };
    let escalate_ms = match spec.escalate_s {
        None => None,
        Some([a, b, c]) if a < b && b < c => {
            Some([delay("escalate_s", a)?, delay("escalate_s", b)?, delay("escalate_s", c)?])
        }
        Some(_) => return fault("escalate_s", "expected three times, each later than the one before"),
    };
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
        measure: spec.measure,
        window_ms: kind_wide.window_ms,
        within_ms: kind_wide.within_ms,
        method: spec.method,
        over: spec.over,
        radius_m: kind_wide.radius_m,
        area: spec.area.clone(),
        combine: spec.combine,
        each: spec.each,
        at_least_streams: spec.at_least_streams.unwrap_or(1).max(1),
        like: spec.like.clone(),
        outlook: kind_wide.outlook,
        conditions,
        expressions,
        levels: spec.levels.clone(),
        missing: spec.missing,
        hazard,
        escalate_ms,
        calls: spec.calls,
        tests: spec.test.clone(),
    })
}

/// An observed property by its key.
pub(super) fn property(field: &str, key: &str) -> Result<ObservedProperty, Fault> {
    match ObservedProperty::from_key(key) {
        Some(p) => Ok(p),
        None => {
            let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
            let meant = super::words::property_meant(key);
            fault(field, format!("'{key}' is unknown;{meant} expected one of {}", known.join(", ")))
        }
    }
}

/// A level by its word.
pub(super) fn level(field: &str, word: &str) -> Result<AlertLevel, Fault> {
    match LEVELS.into_iter().find(|l| l.name().en.eq_ignore_ascii_case(word)) {
        Some(level) => Ok(level),
        None => fault(field, format!("'{word}'; expected blue, yellow, orange or red")),
    }
}

struct Wide {
    window_ms: i64,
    within_ms: i64,
    radius_m: f64,
    outlook: Option<Outlook>,
}

/// Default window of a measure, s.
pub(super) fn window(field: &str, measure: Measure, window_s: Option<f64>) -> Result<i64, Fault> {
    let s = match (measure, window_s) {
        (Measure::Value, None) => return Ok(0),
        (Measure::Value, Some(_)) => {
            return fault(
                field,
                "measure \"value\" has no window; expected rate, mean, max, min, sum, total or forecast",
            );
        }
        (_, Some(s)) => s,
        (Measure::Forecast, None) => 1800.0,
        (_, None) => 600.0,
    };
    if (1.0..=86_400.0).contains(&s) {
        Ok((s * 1000.0).round() as i64)
    } else {
        fault(field, format!("{s} s; expected 1 to 86400"))
    }
}

/// Horizon of a forecast, ms.
pub(super) fn horizon(field: &str, minutes: f64) -> Result<i64, Fault> {
    if (1.0..=1440.0).contains(&minutes) {
        Ok((minutes * 60_000.0).round() as i64)
    } else {
        fault(field, format!("{minutes} min; expected 1 to 1440"))
    }
}

/// Fields that only some rules have, and their values.
fn only_where_it_belongs(spec: &RuleSpec) -> Result<Wide, Fault> {
    let composite = spec.kind == RuleKind::Composite;
    let threshold = spec.kind == RuleKind::Threshold;
    if !threshold {
        if spec.measure != Measure::Value || spec.window_s.is_some() {
            return fault("measure", "only threshold rules and conditions have it");
        }
        if spec.over != Over::Stream || spec.combine != Combine::Mean || spec.each.is_some() {
            return fault("over", "only threshold rules and conditions have it");
        }
        if spec.like.is_some() {
            return fault("like", "only threshold rules have it");
        }
    }
    if !composite && (!spec.when.is_empty() || spec.levels != super::spec::LevelsSpec::default()) {
        return fault("when", "only rules of kind \"composite\" have when and levels");
    }
    let within_ms = match (spec.measure, spec.within_min) {
        (Measure::Forecast, minutes) => horizon("within_min", minutes.unwrap_or(60.0))?,
        (_, None) => 0,
        (_, Some(_)) => return fault("within_min", "only measure \"forecast\" has it"),
    };
    match (spec.over, &spec.area) {
        (Over::Area, None) => return fault("area", "missing; over = \"area\" needs the area's name"),
        (Over::Area, Some(_)) | (_, None) => {}
        (_, Some(_)) => return fault("area", "only over = \"area\" has it"),
    }
    let radius_m = match (spec.over, spec.radius_m) {
        (Over::Neighbours, r) => r.unwrap_or(500.0),
        (_, None) => 0.0,
        (_, Some(_)) => return fault("radius_m", "only over = \"neighbours\" has it"),
    };
    if !(0.0..=10_000.0).contains(&radius_m) || (spec.over == Over::Neighbours && radius_m <= 0.0) {
        return fault("radius_m", format!("{radius_m}; expected above 0, at most 10000"));
    }
    if spec.over == Over::Stream && (spec.combine != Combine::Mean || spec.at_least_streams.is_some()) {
        return fault("combine", "only rules with over have combine and at_least_streams");
    }
    match (spec.combine, spec.each) {
        (Combine::Count, None) => return fault("each", "missing; combine = \"count\" counts streams at or beyond it"),
        (Combine::Count, Some(e)) if !e.is_finite() => return fault("each", "expected a finite number"),
        (Combine::Count, Some(_)) | (_, None) => {}
        (_, Some(_)) => return fault("each", "only combine = \"count\" has it"),
    }
    let outlook = match spec.outlook {
        None => None,
        Some(_) if !threshold || spec.over != Over::Stream || spec.measure != Measure::Value => {
            return fault("outlook", "only threshold rules on the readings of single streams have it");
        }
        Some(o) => Some(Outlook {
            within_ms: horizon("outlook.within_min", o.within_min)?,
            window_ms: window("outlook.window_s", Measure::Forecast, o.window_s)?,
            method: o.method,
        }),
    };
    Ok(Wide { window_ms: window("window_s", spec.measure, spec.window_s)?, within_ms, radius_m, outlook })
}

/// Conditions and the expression of each level.
fn composite(spec: &RuleSpec) -> Result<(Vec<Condition>, [Option<Expression>; 4]), Fault> {
    if spec.kind != RuleKind::Composite {
        return Ok((Vec::new(), [const { None }; 4]));
    }
    if spec.property.is_some() {
        return fault("property", "a composite has none; its conditions do");
    }
    if spec.when.is_empty() || spec.when.len() > 16 {
        return fault("when", format!("{} conditions; expected 1 to 16", spec.when.len()));
    }
    let mut conditions: Vec<Condition> = Vec::new();
    for (i, written) in spec.when.iter().enumerate() {
        // Which condition: the first is 1.
        let place = |(field, message): Fault| (field.replacen("when", &format!("when[{}]", i + 1), 1), message);
        let condition = condition::check(written, i == 0).map_err(place)?;
        if conditions.iter().any(|c| c.name == condition.name) {
            return fault(&format!("when[{}].name", i + 1), format!("'{}' is used twice", condition.name));
        }
        conditions.push(condition);
    }
    let names: Vec<String> = conditions.iter().map(|c| c.name.clone()).collect();
    let texts = [&spec.levels.blue, &spec.levels.yellow, &spec.levels.orange, &spec.levels.red];
    let mut expressions = [const { None }; 4];
    for (i, text) in texts.into_iter().enumerate() {
        let Some(text) = text else { continue };
        let field = format!("levels.{}", LEVELS[i].name().en.to_lowercase());
        expressions[i] = Some(Expression::parse(text, &names).map_err(|m| (field, m))?);
    }
    if expressions.iter().all(Option::is_none) {
        return fault("levels", "missing; expected an expression for at least one level");
    }
    Ok((conditions, expressions))
}

/// Thresholds of a missing rule are seconds of silence.
fn missing_levels(
    spec: &RuleSpec,
    property: Option<ObservedProperty>,
    written: Thresholds,
) -> Result<Thresholds, Fault> {
    if property.is_none() {
        return fault("property", "missing; a rule about silence needs one");
    }
    if spec.direction != Direction::Above || spec.absolute || spec.night.is_some() || spec.scale != Scale::Unit {
        return fault("kind", "a missing rule has no direction, absolute, night or scale");
    }
    if written.iter().all(Option::is_none) && spec.station.is_empty() {
        return fault("blue", "expected seconds of silence for at least one level");
    }
    if written.iter().flatten().any(|&s| !(1.0..=31_536_000.0).contains(&s)) {
        return fault("blue", "expected seconds of silence, 1 to a year");
    }
    Ok(written)
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
            "contradicted" => quality.push(Quality::Contradicted),
            other => return fault("quality", format!("'{other}'; expected offline, suspect or contradicted")),
        }
    }
    if quality.is_empty() {
        return fault("quality", "expected offline, suspect or both");
    }
    Ok((written, quality))
}
