//! Why an alert has its colour, and where the readings that prove it come from.

use guanlan_alerting::{AlertState, explain, rules::Direction};
use guanlan_core::{AlertId, AlertLevel, CaseId, Lang, Role};
use guanlan_room::Picture;

use super::{alerts, number, span};
use crate::words::{tr, tr_with};

/// The explanation of one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyVm {
    /// The alert.
    pub id: AlertId,
    /// Its level.
    pub level: AlertLevel,
    /// What is the matter.
    pub title: String,
    /// Where.
    pub place: String,
    /// One sentence.
    pub sentence: String,
    /// Rule and file, thresholds, delays, what raised or rested it: one line each.
    pub lines: Vec<String>,
    /// Key of the label and value.
    pub facts: Vec<(&'static str, String)>,
    /// Other streams that had a say: name, value, whether their condition held.
    pub inputs: Vec<(String, String, bool)>,
    /// What it is at the moment.
    pub state: AlertState,
    /// Name of its rule, without the version.
    pub rule: String,
    /// Unit of the readings.
    pub unit: &'static str,
    /// The readings that led to the level: time, value, over the threshold.
    pub proof: Vec<(String, String, bool)>,
    /// The last two hours: minutes before now (negative) and value.
    pub trend: Vec<[f64; 2]>,
    /// The threshold passed.
    pub threshold: f64,
    /// From the source to the screen: key of the label and value.
    pub lineage: Vec<(&'static str, String)>,
    /// Its case.
    pub case: Option<CaseId>,
    /// The seat may set it aside and wake it again.
    pub may_act: bool,
    /// Nobody has seen it.
    pub unseen: bool,
    /// The stream.
    pub sensor: guanlan_core::SensorId,
    /// Local m.
    pub place_m: Option<[f64; 2]>,
}

/// The explanation of an alert; `None` when it is gone.
#[must_use]
pub fn why(picture: &Picture, id: AlertId, role: Role, lang: Lang) -> Option<WhyVm> {
    let alert = picture.alerts.find(id)?;
    let unit = alert.property.unit_in(lang);
    let card = alerts::card(picture, alert, role, lang);
    let at = |s: guanlan_core::Stamp| s.format_local("%H:%M:%S");
    let told = explain(alert, &picture.rules);
    let mut facts: Vec<(&'static str, String)> = vec![
        ("k-state", alert.state().name().get(lang).to_owned()),
        (
            "k-why-since",
            tr_with(
                lang,
                "k-why-since-at",
                &[("at", &at(alert.since)), ("span", &span(lang, picture.now - alert.since))],
            ),
        ),
        ("k-why-first", at(alert.raised_at)),
        ("k-why-worst", format!("{} · {} {unit}", alert.peak.name().get(lang), number(alert.peak_value))),
    ];
    if let Some(ack) = &alert.acked {
        let note = lang.part_of(&ack.note).to_owned();
        let words = [ack.actor.as_str(), ack.role.name().get(lang), &at(ack.at), &note]
            .into_iter()
            .filter(|w| !w.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        facts.push(("k-why-seen", words));
    }
    let row = picture.sensors.row(alert.index);
    if let Some(row) = &row {
        facts.push(("k-quality", format!("{} · {}", row.quality.name().get(lang), row.reason.name().get(lang))));
    }
    let proof = alert.evidence.iter().rev().map(|e| {
        let over = match told.direction {
            Direction::Above => e.value >= alert.threshold,
            Direction::Below => e.value <= alert.threshold,
        };
        (at(e.at), format!("{} {unit}", number(e.value)), over)
    });
    // The sentence comes first and the readings last: both have a place of their own here.
    let readings = told.inputs.len() + usize::from(!told.evidence.is_empty());
    let rules_and_state = told.lines.get(1..told.lines.len().saturating_sub(readings)).unwrap_or_default();
    Some(WhyVm {
        id,
        level: alert.level,
        title: card.title,
        place: card.place,
        sentence: told.words.get(lang).to_owned(),
        lines: rules_and_state.iter().map(|l| l.get(lang).to_owned()).collect(),
        inputs: alert
            .inputs
            .iter()
            .map(|i| {
                (i.place.get(lang).to_owned(), format!("{} {}", number(i.value), i.property.unit_in(lang)), i.holds)
            })
            .collect(),
        state: alert.state(),
        rule: alert.rule.split('@').next().unwrap_or_default().to_owned(),
        facts,
        unit,
        proof: proof.collect(),
        trend: alerts::trend_of(picture, alert.index),
        threshold: alert.threshold,
        lineage: lineage(picture, alert.index, lang),
        case: card.case,
        may_act: card.can_acknowledge || role != Role::Leader,
        unseen: alert.acked.is_none(),
        sensor: alert.sensor.clone(),
        place_m: alert.place_m,
    })
}

/// From the source to the screen, in order.
#[must_use]
pub fn lineage(picture: &Picture, index: u32, lang: Lang) -> Vec<(&'static str, String)> {
    let Some(row) = picture.sensors.row(index) else { return Vec::new() };
    let mut lines = vec![("k-why-stream", row.meta.id.to_string())];
    match picture.lineage.of(index) {
        Some(origin) => {
            let steps: Vec<&str> = origin.steps.iter().map(|s| s.get(lang)).collect();
            let steps = if steps.is_empty() { tr(lang, "k-why-as-is").to_owned() } else { steps.join(" → ") };
            lines.push(("k-why-source", origin.source.to_owned()));
            lines.push(("k-why-connector", format!("{} · {}", origin.connector, origin.feed)));
            lines.push(("k-why-steps", steps));
            lines.push(("k-layer-owner", origin.owner.get(lang).to_owned()));
        }
        None => lines.push(("k-why-source", tr(lang, "k-why-undeclared").to_owned())),
    }
    lines.retain(|l| !l.1.is_empty());
    lines
}
