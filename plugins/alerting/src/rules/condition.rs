//! The named conditions of a composite rule.

use guanlan_core::{AlertLevel, ObservedProperty, SensorId};
use guanlan_sensing::Quality;

use super::{
    check::{Fault, fault, horizon, level, property, window},
    spec::{ConditionSpec, Direction, Measure, Over},
};

/// What makes a condition true for a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Its readings.
    Reading {
        /// The observed property.
        property: ObservedProperty,
        /// On which side of the threshold it is true.
        direction: Direction,
        /// The threshold.
        threshold: f64,
        /// False again only this far beyond it.
        hysteresis: f64,
        /// What of the readings is compared.
        measure: Measure,
        /// Window of the measure, ms.
        window_ms: i64,
        /// Horizon of a forecast, ms.
        within_ms: i64,
    },
    /// An active alert of another rule.
    Alert {
        /// Its name.
        rule: String,
        /// From which level.
        level: AlertLevel,
    },
    /// Its quality.
    Quality {
        /// The observed property.
        property: ObservedProperty,
        /// The quality.
        quality: Quality,
    },
}

/// A condition ready for use.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Name in the expressions.
    pub name: String,
    /// What makes it true.
    pub source: Source,
    /// Must be true this long, ms.
    pub hold_ms: i64,
    /// Only this stream.
    pub sensor: Option<SensorId>,
    /// Where its streams are, seen from the anchor's.
    pub over: Over,
    /// How near, m.
    pub radius_m: f64,
    /// How many streams must be true.
    pub need: u32,
}

impl Condition {
    /// The property it looks at.
    #[must_use]
    pub const fn property(&self) -> Option<ObservedProperty> {
        match &self.source {
            Source::Reading { property, .. } | Source::Quality { property, .. } => Some(*property),
            Source::Alert { .. } => None,
        }
    }
}

pub(super) fn check(spec: &ConditionSpec, anchor: bool) -> Result<Condition, Fault> {
    let name_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = spec.name.starts_with(|c: char| c.is_ascii_lowercase());
    let reserved = ["and", "or", "not", "atleast"].contains(&spec.name.as_str());
    if !starts || spec.name.len() > 40 || reserved || !spec.name.chars().all(name_ok) {
        return fault(
            "when.name",
            format!("'{}'; expected a-z, 0-9 and _, beginning with a letter, not and, or, not, atleast", spec.name),
        );
    }
    let one = [spec.at_least.is_some(), spec.at_most.is_some(), spec.rule.is_some(), spec.quality.is_some()];
    if one.iter().filter(|o| **o).count() != 1 {
        return fault("when", format!("{}: expected exactly one of at_least, at_most, rule, quality", spec.name));
    }
    let needs_property = || match &spec.property {
        Some(key) => property("when.property", key),
        None => fault("when.property", format!("{}: missing", spec.name)),
    };
    let reading = spec.at_least.is_some() || spec.at_most.is_some();
    if !reading && (spec.measure != Measure::Value || spec.hysteresis != 0.0) {
        return fault("when.measure", format!("{}: only at_least and at_most have measure and hysteresis", spec.name));
    }
    if spec.level.is_some() && spec.rule.is_none() {
        return fault("when.level", format!("{}: only conditions on a rule have a level", spec.name));
    }
    let source = if let Some(rule) = &spec.rule {
        if spec.property.is_some() {
            return fault("when.property", format!("{}: a condition on a rule has none", spec.name));
        }
        let from = spec.level.as_deref().map_or(Ok(AlertLevel::Blue), |word| level("when.level", word))?;
        Source::Alert { rule: rule.clone(), level: from }
    } else if let Some(word) = &spec.quality {
        let quality = match word.as_str() {
            "offline" => Quality::Offline,
            "suspect" => Quality::Suspect,
            "contradicted" => Quality::Contradicted,
            other => return fault("when.quality", format!("'{other}'; expected offline, suspect or contradicted")),
        };
        Source::Quality { property: needs_property()?, quality }
    } else {
        let direction = if spec.at_least.is_some() { Direction::Above } else { Direction::Below };
        let threshold = spec.at_least.or(spec.at_most).unwrap_or_default();
        if !threshold.is_finite() || !(spec.hysteresis.is_finite() && spec.hysteresis >= 0.0) {
            return fault("when.at_least", format!("{}: expected finite numbers, hysteresis of 0 or more", spec.name));
        }
        let within_ms = match (spec.measure, spec.within_min) {
            (Measure::Forecast, minutes) => horizon("when.within_min", minutes.unwrap_or(60.0))?,
            (_, None) => 0,
            (_, Some(_)) => return fault("when.within_min", "only measure \"forecast\" has it"),
        };
        Source::Reading {
            property: needs_property()?,
            direction,
            threshold,
            hysteresis: spec.hysteresis,
            measure: spec.measure,
            window_ms: window("when.window_s", spec.measure, spec.window_s)?,
            within_ms,
        }
    };
    if !(0.0..=86_400.0).contains(&spec.hold_s) {
        return fault("when.hold_s", format!("{} s; expected 0 to 86400", spec.hold_s));
    }
    let over = spec.over.unwrap_or(if anchor { Over::Stream } else { Over::City });
    if anchor && (over != Over::Stream || spec.at_least_streams.is_some()) {
        return fault(
            "when.over",
            format!("{}: the first condition is the anchor, one alert per stream of it", spec.name),
        );
    }
    if over == Over::Area {
        return fault("when.over", "\"area\" is for threshold rules");
    }
    let radius_m = match (over, spec.radius_m) {
        (Over::Neighbours, r) => r.unwrap_or(500.0),
        (_, None) => 0.0,
        (_, Some(_)) => return fault("when.radius_m", "only over = \"neighbours\" has it"),
    };
    if over == Over::Neighbours && !(radius_m > 0.0 && radius_m <= 10_000.0) {
        return fault("when.radius_m", format!("{radius_m}; expected above 0, at most 10000"));
    }
    if spec.at_least_streams == Some(0) {
        return fault("when.at_least_streams", "0; expected 1 or more");
    }
    Ok(Condition {
        name: spec.name.clone(),
        source,
        hold_ms: (spec.hold_s * 1000.0).round() as i64,
        sensor: spec.sensor.as_deref().map(SensorId::from),
        over,
        radius_m,
        need: spec.at_least_streams.unwrap_or(1),
    })
}
