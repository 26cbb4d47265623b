//! What is: sensors, readings, alerts, cases, crews.

use axum::{
    Json,
    extract::{Path, State},
};
use guanlan_core::{SensorId, Stamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Hall, query::Query};
use crate::{
    problem::Problem,
    wire::{self, AlertOut, CaseOut, DispatchOut, SensorOut, UnitOut},
};

/// Which timeline, and how much of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Timeline; the live room when absent.
    pub(crate) timeline: Option<String>,
    /// Rows to skip.
    #[serde(default)]
    skip: usize,
    /// Rows to return at most.
    #[serde(default = "thousand")]
    limit: usize,
    /// Only this observed property (sensors, alerts).
    property: Option<String>,
    /// Only this state (cases), status (units), level (alerts) or quality (sensors).
    only: Option<String>,
}

const fn thousand() -> usize {
    1000
}

impl Page {
    fn cut<T>(&self, rows: impl Iterator<Item = T>) -> Vec<T> {
        rows.skip(self.skip).take(self.limit.min(100_000)).collect()
    }

    fn wants(&self, property: &str, state: &str) -> bool {
        self.property.as_deref().is_none_or(|p| p == property) && self.only.as_deref().is_none_or(|o| o == state)
    }
}

/// Sensors with their latest readings.
#[utoipa::path(get, path = "/sensors", params(Page), responses((status = 200, body = [SensorOut])))]
pub(crate) async fn sensors(State(doors): Hall, Query(page): Query<Page>) -> Result<Json<Vec<SensorOut>>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let rows = picture.sensors.rows().filter(|r| {
        let quality = serde_json::to_value(r.quality).ok();
        page.wants(r.meta.property.key(), quality.as_ref().and_then(|q| q.as_str()).unwrap_or(""))
    });
    let rows = page.cut(rows);
    Ok(Json(rows.iter().map(|r| wire::sensor(&doors.frame, &picture, r)).collect()))
}

/// One sensor.
#[utoipa::path(get, path = "/sensors/{id}", params(("id" = String, Path), Page),
    responses((status = 200, body = SensorOut), (status = 404, body = Problem)))]
pub(crate) async fn sensor(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<SensorOut>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let row = picture.sensors.find(&SensorId::from(id.as_str())).ok_or_else(|| Problem::not_found("sensor", &id))?;
    Ok(Json(wire::sensor(&doors.frame, &picture, &row)))
}

/// Which stream's recent readings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Trend {
    /// Datastream id.
    sensor: String,
    /// Timeline; the live room when absent.
    timeline: Option<String>,
}

/// A reading.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reading {
    /// When it was measured.
    at: String,
    /// Value in the unit of its property.
    value: f64,
}

/// Recent readings of a gauge, oldest first; of other streams the latest one.
#[utoipa::path(get, path = "/observations", params(Trend),
    responses((status = 200, body = [Reading]), (status = 404, body = Problem)))]
pub(crate) async fn observations(State(doors): Hall, Query(q): Query<Trend>) -> Result<Json<Vec<Reading>>, Problem> {
    let picture = doors.room(q.timeline.as_deref())?.picture();
    let id = SensorId::from(q.sensor.as_str());
    let row = picture.sensors.find(&id).ok_or_else(|| Problem::not_found("sensor", &q.sensor))?;
    let reading = |at: Stamp, value| Reading { at: at.to_rfc3339(), value };
    let mut list: Vec<Reading> = picture
        .sensors
        .trend(row.index)
        .map(|t| t.points().iter().map(|p| reading(p.at, p.value)).collect())
        .unwrap_or_default();
    if list.is_empty() {
        list.extend(row.latest.map(|(value, at)| reading(at, value)));
    }
    Ok(Json(list))
}

/// Active alerts, worst first, then those that ended in the last hour.
#[utoipa::path(get, path = "/alerts", params(Page), responses((status = 200, body = [AlertOut])))]
pub(crate) async fn alerts(State(doors): Hall, Query(page): Query<Page>) -> Result<Json<Vec<AlertOut>>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let all = picture.alerts.active().iter().chain(picture.alerts.ended().iter());
    let rows = all.map(|a| wire::alert(&doors.frame, &picture, a)).filter(|a| page.wants(&a.property, &a.level));
    Ok(Json(page.cut(rows)))
}

/// Cases, newest first.
#[utoipa::path(get, path = "/cases", params(Page), responses((status = 200, body = [CaseOut])))]
pub(crate) async fn cases(State(doors): Hall, Query(page): Query<Page>) -> Result<Json<Vec<CaseOut>>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let all = picture.cases.cases().values().rev();
    let rows = all.filter(|c| page.only.as_deref().is_none_or(|o| o == c.state.key() || (o == "open" && c.is_open())));
    let rows = page.cut(rows);
    Ok(Json(rows.into_iter().map(|c| wire::case(&doors.frame, &picture, c)).collect()))
}

/// One case with its history and the best crews for it.
#[utoipa::path(get, path = "/cases/{id}", params(("id" = String, Path), Page),
    responses((status = 200, body = CaseOut), (status = 404, body = Problem)))]
pub(crate) async fn case(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<CaseOut>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let case = picture.cases.get(&id.as_str().into()).ok_or_else(|| Problem::not_found("case", &id))?;
    Ok(Json(wire::case(&doors.frame, &picture, case)))
}

/// Crews.
#[utoipa::path(get, path = "/units", params(Page), responses((status = 200, body = [UnitOut])))]
pub(crate) async fn units(State(doors): Hall, Query(page): Query<Page>) -> Result<Json<Vec<UnitOut>>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let rows = picture.units.units.iter().map(|u| wire::unit(&doors.frame, &picture, u));
    Ok(Json(page.cut(rows.filter(|u| page.only.as_deref().is_none_or(|o| o == u.status)))))
}

/// One crew.
#[utoipa::path(get, path = "/units/{id}", params(("id" = String, Path), Page),
    responses((status = 200, body = UnitOut), (status = 404, body = Problem)))]
pub(crate) async fn unit(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<UnitOut>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let unit = picture.units.get(&id.as_str().into()).ok_or_else(|| Problem::not_found("unit", &id))?;
    Ok(Json(wire::unit(&doors.frame, &picture, unit)))
}

/// Every sending of a crew, oldest first.
#[utoipa::path(get, path = "/dispatches", params(Page), responses((status = 200, body = [DispatchOut])))]
pub(crate) async fn dispatches(
    State(doors): Hall,
    Query(page): Query<Page>,
) -> Result<Json<Vec<DispatchOut>>, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    Ok(Json(page.cut(wire::dispatches(&picture).into_iter())))
}
