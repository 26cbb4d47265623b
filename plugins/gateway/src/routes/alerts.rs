//! Everything about alerts besides their list: cards, pending, silences, rules, why.

use axum::{
    Json,
    extract::{Path, State},
};
use guanlan_alerting::{Explanation, explain};
use guanlan_core::{AlertId, Stamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Hall, origins::LineageOut, query::Query};
use crate::{
    problem::Problem,
    wire::{self, AlertOut, Place, Words},
};

/// Which timeline, and how much of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Timeline; the live room when absent.
    timeline: Option<String>,
    /// Rows to skip.
    #[serde(default)]
    skip: usize,
    /// Rows to return at most.
    #[serde(default = "thousand")]
    limit: usize,
}

const fn thousand() -> usize {
    1000
}

impl Part {
    /// The timeline asked for.
    pub(crate) fn timeline(&self) -> Option<&str> {
        self.timeline.as_deref()
    }

    pub(crate) fn cut<T>(&self, rows: impl Iterator<Item = T>) -> Vec<T> {
        rows.skip(self.skip).take(self.limit.min(100_000)).collect()
    }
}

fn found(id: &str) -> Result<AlertId, Problem> {
    id.parse().map(AlertId).map_err(|_| Problem::not_found("alert", id))
}

/// One alert, active or ended in the last hour.
#[utoipa::path(get, path = "/alerts/{id}", params(("id" = String, Path), Part),
    responses((status = 200, body = AlertOut), (status = 404, body = Problem)))]
pub(crate) async fn alert(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<AlertOut>, Problem> {
    let picture = doors.room(part.timeline.as_deref())?.picture();
    let alert = picture.alerts.find(found(&id)?).ok_or_else(|| Problem::not_found("alert", &id))?;
    Ok(Json(wire::alert(&doors.frame, &picture, alert)))
}

/// A reading that had to do with a colour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InputOut {
    /// Name of the condition; empty for a member of an area.
    condition: String,
    /// Whether the condition held.
    holds: bool,
    /// Stream.
    sensor: String,
    /// Observed property.
    property: String,
    /// Where.
    place: Words,
    /// Value in the unit of its property.
    value: f64,
    /// When it was measured.
    at: String,
    /// Its quality then.
    quality: String,
}

/// A reading that proves a level.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProofOut {
    /// When it was measured.
    at: String,
    /// Value in the unit of the explanation.
    value: f64,
}

/// A level's threshold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThresholdOut {
    /// Level.
    level: String,
    /// Value, in the unit of the explanation.
    value: f64,
}

/// Why an alert has its colour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyOut {
    /// The alert.
    alert: u64,
    /// Rule and version.
    rule: String,
    /// SHA-256 of the rule file.
    rule_hash: String,
    /// False when that version is no longer in force.
    in_force: bool,
    /// pending, firing, acknowledged, shelved, suppressed, flapping, latched, resolved.
    state: String,
    /// Unit of all values.
    unit: String,
    /// Threshold of each level, lowest first.
    thresholds: Vec<ThresholdOut>,
    /// Distance beyond a threshold needed to leave its level.
    hysteresis: f64,
    /// How long the level's condition must hold, s.
    on_delay_s: f64,
    /// How long it must be clear, s.
    off_delay_s: f64,
    /// The readings that led to the level, oldest first.
    proof: Vec<ProofOut>,
    /// Readings of other streams.
    inputs: Vec<InputOut>,
    /// All of it, line by line.
    lines: Vec<Words>,
    /// Where the stream's readings come from.
    lineage: Option<LineageOut>,
}

fn why(e: &Explanation, lineage: Option<LineageOut>) -> WhyOut {
    WhyOut {
        alert: e.alert.0,
        rule: e.rule.clone(),
        rule_hash: e.rule_hash.clone(),
        in_force: e.in_force,
        state: e.state.key().to_owned(),
        unit: e.unit.clone(),
        thresholds: e
            .thresholds
            .iter()
            .map(|(level, value)| ThresholdOut { level: level.name().en.to_lowercase(), value: *value })
            .collect(),
        hysteresis: e.hysteresis,
        on_delay_s: e.on_delay_s,
        off_delay_s: e.off_delay_s,
        proof: e.evidence.iter().map(|p| ProofOut { at: p.at.to_rfc3339(), value: p.value }).collect(),
        inputs: e
            .inputs
            .iter()
            .map(|i| InputOut {
                condition: i.condition.clone(),
                holds: i.holds,
                sensor: i.sensor.to_string(),
                property: i.property.key().to_owned(),
                place: (&i.place).into(),
                value: i.value,
                at: i.at.to_rfc3339(),
                quality: i.quality.key().to_owned(),
            })
            .collect(),
        lines: e.lines.iter().map(Words::from).collect(),
        lineage,
    }
}

/// Why an alert has its colour, down to the source of its readings.
#[utoipa::path(get, path = "/alerts/{id}/explanation", params(("id" = String, Path), Part),
    responses((status = 200, body = WhyOut), (status = 404, body = Problem)))]
pub(crate) async fn explanation(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<WhyOut>, Problem> {
    let picture = doors.room(part.timeline.as_deref())?.picture();
    let alert = picture.alerts.find(found(&id)?).ok_or_else(|| Problem::not_found("alert", &id))?;
    let lineage = picture.lineage.of(alert.index).map(LineageOut::from);
    Ok(Json(why(&explain(alert, &picture.rules), lineage)))
}

/// A card: alerts of one hazard in one area and run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupOut {
    /// Number.
    id: u64,
    /// Hazard, or class of hazards when cards are scarce.
    hazard: String,
    /// What is the matter.
    title: Words,
    /// 0 社区, 1 街道, 2 区, 3 市, 4 the whole city, 5 a class of hazards.
    width: u8,
    /// Code of its area.
    area: String,
    /// Name of its area.
    area_name: Words,
    /// True in an exercise.
    exercise: bool,
    /// Worst level.
    level: String,
    /// Alerts on it.
    count: u32,
    /// Alerts by level: blue, yellow, orange, red.
    levels: [u32; 4],
    /// Alerts that still ask for somebody.
    calling: u32,
    /// Its worst and newest alert.
    lead: u64,
    /// Its first alerts, worst first, at most 50.
    head: Vec<u64>,
    /// Where the lead is.
    place: Option<Place>,
    /// When its card came.
    first: String,
    /// Its newest change of level.
    latest: String,
    /// Who has been called so far: community, street, district, city.
    rung: String,
    /// When the next rung is called.
    next_rung_at: Option<String>,
}

/// Cards: groups of active alerts, worst first; never more than twenty.
#[utoipa::path(get, path = "/alerts/groups", params(Part), responses((status = 200, body = [GroupOut])))]
pub(crate) async fn groups(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<GroupOut>>, Problem> {
    let picture = doors.room(part.timeline.as_deref())?.picture();
    let rows = picture.alerts.groups.iter().map(|g| GroupOut {
        id: g.id,
        hazard: g.hazard.clone(),
        title: (&g.title).into(),
        width: g.width,
        area: g.area.clone(),
        area_name: (&g.area_name).into(),
        exercise: g.exercise,
        level: g.level.name().en.to_lowercase(),
        count: g.count(),
        levels: [g.levels[1], g.levels[2], g.levels[3], g.levels[4]],
        calling: g.calling,
        lead: g.lead.0,
        head: g.head.iter().map(|a| a.0).collect(),
        place: g.place_m.map(|p| wire::place(&doors.frame, p)),
        first: g.first.to_rfc3339(),
        latest: g.latest.to_rfc3339(),
        rung: g.rung.name().en.to_lowercase(),
        next_rung_at: g.next_rung_at.map(Stamp::to_rfc3339),
    });
    Ok(Json(part.cut(rows)))
}

/// A condition whose on-delay runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingOut {
    /// Stream or area.
    sensor: String,
    /// Rule and version.
    rule: String,
    /// What is the matter.
    title: Words,
    /// Where.
    place_name: Words,
    /// Level that is due.
    level: String,
    /// Since when the condition holds.
    since: String,
    /// When it is raised.
    due: String,
    /// Latest value.
    value: f64,
}

/// Conditions that hold while their on-delay runs, first due first.
#[utoipa::path(get, path = "/alerts/pending", params(Part), responses((status = 200, body = [PendingOut])))]
pub(crate) async fn pending(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<PendingOut>>, Problem> {
    let picture = doors.room(part.timeline.as_deref())?.picture();
    let rows = picture.alerts.pending.iter().map(|p| PendingOut {
        sensor: p.sensor.to_string(),
        rule: p.rule.clone(),
        title: (&p.title).into(),
        place_name: (&p.place).into(),
        level: p.level.name().en.to_lowercase(),
        since: p.since.to_rfc3339(),
        due: p.due.to_rfc3339(),
        value: p.value,
    });
    Ok(Json(part.cut(rows)))
}

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SilenceOut {
    /// Number.
    id: u64,
    /// What it matches, in words.
    matches: String,
    /// Owner.
    owner: String,
    /// Why.
    reason: String,
    /// Since when.
    at: String,
    /// Until when.
    until: String,
}

/// Silences in force, first to end first.
#[utoipa::path(get, path = "/alerts/silences", params(Part), responses((status = 200, body = [SilenceOut])))]
pub(crate) async fn silences(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<SilenceOut>>, Problem> {
    let picture = doors.room(part.timeline.as_deref())?.picture();
    let rows = picture.alerts.silences.iter().map(|s| SilenceOut {
        id: s.id,
        matches: s.words(),
        owner: s.actor.clone(),
        reason: s.reason.clone(),
        at: s.at.to_rfc3339(),
        until: s.until.to_rfc3339(),
    });
    Ok(Json(part.cut(rows)))
}

/// The rule file in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RulesOut {
    /// Its name.
    name: String,
    /// SHA-256 of its text.
    hash: String,
    /// Since when.
    since: String,
    /// Rules and their versions.
    rules: Vec<String>,
    /// Why the last file was refused, if one was since.
    refused: Option<String>,
    /// Its text.
    text: String,
}

/// The rule file in force, with its text and hash.
#[utoipa::path(get, path = "/alerts/rules", params(Part), responses((status = 200, body = RulesOut)))]
pub(crate) async fn rules(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<RulesOut>, Problem> {
    let picture = doors.room(part.timeline.as_deref())?.picture();
    let said = &picture.alerts.rules;
    Ok(Json(RulesOut {
        name: picture.rules.file().to_owned(),
        hash: picture.rules.hash().to_owned(),
        since: said.since.to_rfc3339(),
        rules: picture.rules.rules().iter().map(|r| r.tag.clone()).collect(),
        refused: said.refused.as_ref().map(|r| r.2.clone()),
        text: picture.rules.text().to_string(),
    }))
}
