//! Lineage: where the readings of a stream, the positions of a unit and the report behind a case come from.

use axum::{
    Json,
    extract::{Path, State},
};
use guanlan_core::{CaseId, SensorId, UnitId};
use guanlan_sensing::OriginView;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, alerts::Part, query::Query};
use crate::{problem::Problem, wire::Words};

/// Where something comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineageOut {
    /// Feed of the feeds file; `api` for what was posted to this interface.
    feed: String,
    /// Kind of connector.
    connector: String,
    /// Where at the source: topic, URL, or file and row.
    source: String,
    /// What was done to its values, in order.
    steps: Vec<Words>,
    /// Department that owns the data.
    owner: Words,
}

impl From<OriginView<'_>> for LineageOut {
    fn from(o: OriginView<'_>) -> Self {
        Self {
            feed: o.feed.to_owned(),
            connector: o.connector.to_owned(),
            source: o.source.to_owned(),
            steps: o.steps.iter().map(Words::from).collect(),
            owner: o.owner.into(),
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
    Ok(Json(origin.into()))
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
    let of_alert = || picture.lineage.of(picture.alerts.find(case.alert?)?.index);
    let origin = picture.origins.of_case(&case.id).or_else(of_alert);
    Ok(Json(origin.ok_or_else(|| Problem::not_found("lineage of case", &id))?.into()))
}
