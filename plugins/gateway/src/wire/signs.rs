//! Streams with what they say, and alerts.

use guanlan_alerting::{Alert, Suppression};
use guanlan_core::Stamp;
use guanlan_geography::LocalFrame;
use guanlan_room::Picture;
use guanlan_sensing::SensorRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Place, Words, place, snake};

/// A sensor with its latest reading.
#[derive(Debug, Serialize, ToSchema)]
pub struct SensorOut {
    /// Datastream id.
    pub id: String,
    /// Name.
    pub name: Words,
    /// Observed property.
    pub property: String,
    /// Unit of the value.
    pub unit: String,
    /// Where it stands; absent when unplaced.
    pub place: Option<Place>,
    /// Latest value.
    pub value: Option<f64>,
    /// When it was measured, RFC 3339.
    pub at: Option<String>,
    /// good, suspect, stale, offline, contradicted.
    pub quality: String,
    /// normal, blue, yellow, orange, red: the worst active alert of this stream.
    pub level: String,
}

/// A sensor row as the API says it.
pub fn sensor(frame: &LocalFrame, picture: &Picture, row: &SensorRow<'_>) -> SensorOut {
    let worst = picture.alerts.active().iter().filter(|a| a.sensor == row.meta.id).map(|a| a.level).max();
    SensorOut {
        id: row.meta.id.to_string(),
        name: (&row.meta.name).into(),
        property: row.meta.property.key().to_owned(),
        unit: row.meta.property.unit().to_owned(),
        place: row.meta.place_m.map(|p| place(frame, p)),
        value: row.latest.map(|(v, _)| v),
        at: row.latest.map(|(_, t)| t.to_rfc3339()),
        quality: snake(row.quality),
        level: snake(worst.unwrap_or_default()),
    }
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertOut {
    /// Number in its timeline.
    pub id: u64,
    /// Stream.
    pub sensor: String,
    /// Observed property.
    pub property: String,
    /// blue, yellow, orange, red.
    pub level: String,
    /// Title of the rule.
    pub title: Words,
    /// Where.
    pub place_name: Words,
    /// Where.
    pub place: Option<Place>,
    /// The reading that decided.
    pub value: f64,
    /// The threshold it passed.
    pub threshold: f64,
    /// Rule and version.
    pub rule: String,
    /// When it was raised.
    pub raised_at: String,
    /// Since when it has this level.
    pub since: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Who has seen it.
    pub acknowledged_by: Option<String>,
    /// Frozen because it changed too often.
    pub flapping: bool,
    /// firing, acknowledged, shelved, suppressed, flapping, latched, resolved.
    pub state: String,
    /// Number of its card.
    pub group: Option<u64>,
    /// What it is grouped by.
    pub hazard: String,
    /// Code of the finest area it lies in.
    pub area: String,
    /// Set aside until, by whom and why.
    pub shelved: Option<String>,
    /// The alert or silence that speaks for it.
    pub suppressed: Option<String>,
    /// When the next level is expected: level and time.
    pub expected: Option<String>,
    /// True in an exercise.
    pub exercise: bool,
    /// The case it led to.
    pub case: Option<String>,
}

/// An alert as the API says it.
pub fn alert(frame: &LocalFrame, picture: &Picture, a: &Alert) -> AlertOut {
    AlertOut {
        id: a.id.0,
        sensor: a.sensor.to_string(),
        property: a.property.key().to_owned(),
        level: snake(a.level),
        title: (&a.title).into(),
        place_name: (&a.place).into(),
        place: a.place_m.map(|p| place(frame, p)),
        value: a.value,
        threshold: a.threshold,
        rule: a.rule.clone(),
        raised_at: a.raised_at.to_rfc3339(),
        since: a.since.to_rfc3339(),
        ended_at: a.ended_at.map(Stamp::to_rfc3339),
        acknowledged_by: a.acked.as_ref().map(|k| k.actor.clone()),
        flapping: a.flapping,
        state: a.state().key().to_owned(),
        group: picture.alerts.group_of(a).map(|g| g.id),
        hazard: a.hazard.clone(),
        area: a.area.clone(),
        shelved: a.shelved.as_ref().map(|s| format!("{} {}: {}", s.until.to_rfc3339(), s.actor, s.reason)),
        suppressed: a.suppressed.map(|s| match s {
            Suppression::Inhibited(id) => format!("alert {id}"),
            Suppression::Silenced(id) => format!("silence {id}"),
        }),
        expected: a.eta.map(|e| format!("{} {}", snake(e.level), e.at.to_rfc3339())),
        exercise: a.exercise,
        case: picture.cases.of_alert(a.id).map(|c| c.id.to_string()),
    }
}
