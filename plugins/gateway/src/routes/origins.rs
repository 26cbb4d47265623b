//! Lineage: where the readings of a stream, the positions of a unit, the report behind a case, rain and water come from,
//! what was done to them on the way, and by which rules they are judged.

use axum::{
    Json,
    extract::{Path, State},
};
use guanlan_alerting::RuleSet;
use guanlan_core::{Bilingual, CaseId, ObservedProperty, SensorId, UnitId};
use guanlan_room::made;
use guanlan_sensing::OriginView;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, alerts::Part, query::Query};
use crate::{problem::Problem, wire::Words};

/// Where something comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineageOut {
    /// Feed of the feeds file; `api` for what was posted to this interface; empty for what stands in a file of the city.
    feed: String,
    /// Kind of connector, or format of the file.
    connector: String,
    /// Where at the source: topic, URL, or file and row.
    source: String,
    /// What was done to its values, in order.
    steps: Vec<Words>,
    /// Department that owns the data.
    owner: Words,
    /// Rules in force by which it gets its colour; empty where none looks at it.
    rules: Vec<JudgeOut>,
}

/// A rule that judges something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JudgeOut {
    /// Rule and version.
    rule: String,
    /// What it is about.
    title: Words,
    /// Rule file in force.
    file: String,
    /// SHA-256 of its text, hex.
    hash: String,
}

/// Rules of the set in force as they are named.
fn judges<'a>(set: &RuleSet, rules: impl Iterator<Item = (&'a str, &'a Bilingual)>) -> Vec<JudgeOut> {
    let named = |(tag, title): (&str, &Bilingual)| JudgeOut {
        rule: tag.to_owned(),
        title: title.into(),
        file: set.file().to_owned(),
        hash: set.hash().to_owned(),
    };
    rules.map(named).collect()
}

/// The rules in force that look at a property, of one stream where it is given.
pub(crate) fn looking(set: &RuleSet, property: ObservedProperty, sensor: Option<&SensorId>) -> Vec<JudgeOut> {
    judges(set, set.looking_at(property, sensor).map(|r| (r.tag.as_str(), &r.title)))
}

impl LineageOut {
    /// The same with the rules that judge it.
    pub(crate) fn judged(self, rules: Vec<JudgeOut>) -> Self {
        Self { rules, ..self }
    }

    /// Of something that stands in a file of the city: its format, place in it, what was converted.
    pub(crate) fn of_file(format: String, source: String, converted: String, owner: &Bilingual) -> Self {
        let steps = Some(converted).filter(|c| !c.is_empty());
        let steps = steps.map(|c| Words::from(&Bilingual::same(c))).into_iter().collect();
        Self { feed: String::new(), connector: format, source, steps, owner: owner.into(), rules: Vec::new() }
    }
}

impl From<OriginView<'_>> for LineageOut {
    fn from(o: OriginView<'_>) -> Self {
        Self {
            feed: o.feed.to_owned(),
            connector: o.connector.to_owned(),
            source: o.source.to_owned(),
            steps: o.steps.iter().map(Words::from).collect(),
            owner: o.owner.into(),
            rules: Vec::new(),
        }
    }
}

/// Where a stream's readings come from.
#[utoipa::path(get, path = "/sensors/{id}/lineage", params(("id" = String, Path), Part),
    responses((status = 200, body = LineageOut), (status = 404, body = Problem)))]
pub(crate) async fn sensor(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<LineageOut>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let index =
        picture.sensors.index_of(&SensorId::from(id.as_str())).ok_or_else(|| Problem::not_found("sensor", &id))?;
    let origin = picture.lineage.of(index).ok_or_else(|| Problem::not_found("lineage of sensor", &id))?;
    let property = picture.sensors.meta(index).map_or(ObservedProperty::Other, |meta| meta.property);
    let rules = looking(&picture.rules, property, Some(&SensorId::from(id.as_str())));
    Ok(Json(LineageOut::from(origin).judged(rules)))
}

/// Who brought a unit's last position or report.
#[utoipa::path(get, path = "/units/{id}/lineage", params(("id" = String, Path), Part),
    responses((status = 200, body = LineageOut), (status = 404, body = Problem)))]
pub(crate) async fn unit(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<LineageOut>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let origin = picture.origins.of_unit(&UnitId::from(id.as_str()));
    Ok(Json(origin.ok_or_else(|| Problem::not_found("lineage of unit", &id))?.into()))
}

/// Who brought the report a case was opened for, or the readings of the alert it was opened for.
#[utoipa::path(get, path = "/cases/{id}/lineage", params(("id" = String, Path), Part),
    responses((status = 200, body = LineageOut), (status = 404, body = Problem)))]
pub(crate) async fn case(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<LineageOut>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let case = picture.cases.get(&CaseId::from(id.as_str())).ok_or_else(|| Problem::not_found("case", &id))?;
    let alert = case.alert.and_then(|id| picture.alerts.find(id));
    let of_alert = || picture.lineage.of(alert?.index);
    let origin = picture.origins.of_case(&case.id).or_else(of_alert);
    let origin: LineageOut = origin.ok_or_else(|| Problem::not_found("lineage of case", &id))?.into();
    let rule = alert.and_then(|a| picture.rules.by_tag(&a.rule));
    let rule = rule.map(|r| (r.tag.as_str(), &r.title));
    Ok(Json(origin.judged(judges(&picture.rules, rule.into_iter()))))
}

/// Where each rain grid comes from.
#[utoipa::path(get, path = "/rain/lineage", params(Part), responses((status = 200, body = [LineageOut])))]
pub(crate) async fn rain(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<LineageOut>>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let rows = made::rain(&picture).map(|(_, made)| {
        let address = doors.feeds.supervisor.as_ref().and_then(|s| s.address(&made.feed));
        let mut out = LineageOut::from(made.view());
        if let Some(address) = address {
            out.source = format!("{address} · {}", out.source);
        }
        out
    });
    Ok(Json(part.cut(rows)))
}

/// Where the water on the map comes from: the model, its rain, what corrects it, and the rules over depth. Empty while
/// no model speaks.
#[utoipa::path(get, path = "/water/lineage", params(Part), responses((status = 200, body = [LineageOut])))]
pub(crate) async fn water(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<LineageOut>>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let rows = made::water(&picture).map(|made| {
        LineageOut::from(made.view()).judged(looking(&picture.rules, ObservedProperty::RoadWaterDepth, None))
    });
    Ok(Json(part.cut(rows.into_iter())))
}
