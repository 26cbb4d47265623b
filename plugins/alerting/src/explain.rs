//! Why an alert has its colour: rule and version, thresholds, delays, and the readings that prove it.

use guanlan_core::{AlertId, AlertLevel, Bilingual, ObservedProperty};
use serde::Serialize;

use crate::{
    alert::{Alert, Evidence},
    rules::{Direction, LEVELS, RuleSet},
};

/// Everything a person needs to agree or to object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The alert.
    pub alert: AlertId,
    /// Rule and version that decided.
    pub rule: String,
    /// False when that version is no longer in force: thresholds and delays are then empty.
    pub in_force: bool,
    /// What the rule is about.
    pub title: Bilingual,
    /// What is observed.
    pub property: ObservedProperty,
    /// Unit of all values below.
    pub unit: String,
    /// On which side the danger is.
    pub direction: Direction,
    /// Threshold of each level that exists, lowest first.
    pub thresholds: Vec<(AlertLevel, f64)>,
    /// Distance beyond a threshold needed to leave its level.
    pub hysteresis: f64,
    /// How long the level's condition must hold, s.
    pub on_delay_s: f64,
    /// How long it must be clear, s.
    pub off_delay_s: f64,
    /// The readings that led to the level, oldest first.
    pub evidence: Vec<Evidence>,
    /// What holds the colour although the readings are better: freeze or latch.
    pub held: Option<Bilingual>,
    /// One sentence.
    pub words: Bilingual,
}

/// Explains an alert by the rules in force.
#[must_use]
pub fn explain(alert: &Alert, rules: &RuleSet) -> Explanation {
    let rule = rules.by_tag(&alert.rule);
    let thresholds = rule
        .and_then(|r| r.thresholds_for(&alert.sensor, alert.since))
        .map(|t| LEVELS.into_iter().zip(t).filter_map(|(l, v)| v.map(|v| (l, v))).collect())
        .unwrap_or_default();
    let device = rule.is_some_and(|r| r.property.is_none());
    let unit = if device { "" } else { alert.property.unit() };
    let level = alert.level.name();
    let on_delay_s =
        rule.map_or(0.0, |r| r.on_delay_ms[usize::from(alert.level.rank()).saturating_sub(1)] as f64 / 1000.0);
    let held = if alert.flapping {
        Some(Bilingual::new("频繁抖动，冻结在最高等级", "Flapping: frozen at its highest level"))
    } else if alert.latched {
        Some(Bilingual::new("条件已恢复，等待确认", "Clear, waiting to be acknowledged"))
    } else {
        None
    };
    let since = alert.since.format_local("%H:%M:%S");
    let (v, t) = (alert.evidence.last().map_or(alert.value, |e| e.value), alert.threshold);
    let words = if device {
        Bilingual::new(
            format!("{}：{}，{since} 起，规则 {}", alert.place.zh, alert.title.zh, alert.rule),
            format!(
                "{}: {} since {since}, rule {}",
                alert.place.get(guanlan_core::Lang::En),
                alert.title.en,
                alert.rule
            ),
        )
    } else {
        Bilingual::new(
            format!(
                "{}{}{v:.1} {unit}，{}色阈值 {t:.1} {unit}，持续 {on_delay_s:.0} 秒，{since} 起为{}，规则 {}",
                alert.place.zh, alert.title.zh, level.zh, level.zh, alert.rule
            ),
            format!(
                "{}: {} {v:.1} {unit}, threshold {t:.1} {unit} for {on_delay_s:.0} s, {} since {since}, rule {}",
                alert.place.get(guanlan_core::Lang::En),
                alert.title.en,
                level.en.to_lowercase(),
                alert.rule
            ),
        )
    };
    Explanation {
        alert: alert.id,
        rule: alert.rule.clone(),
        in_force: rule.is_some(),
        title: alert.title.clone(),
        property: alert.property,
        unit: unit.to_owned(),
        direction: rule.map_or(Direction::Above, |r| r.direction),
        thresholds,
        hysteresis: rule.map_or(0.0, |r| r.hysteresis),
        on_delay_s,
        off_delay_s: rule.map_or(0.0, |r| r.off_delay_ms as f64 / 1000.0),
        evidence: alert.evidence.clone(),
        held,
        words,
    }
}
