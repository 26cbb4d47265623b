//! What was: a stream's readings and roll-ups, key figures of records.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use guanlan_core::{SensorId, Stamp};
use guanlan_room::journal::{
    JournalError,
    figures::{FigureError, FigureQuery, FigureStep},
    history::HistoryDoor,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Hall, query::Query};
use crate::{Doors, problem::Problem};

/// Points of a series at most.
const MAX_POINTS: usize = 20_000;
/// Rows of figures in one answer at most.
const MAX_ROWS: usize = 100_000;
const HOUR_MS: i64 = 3_600_000;

fn door(doors: &Doors) -> Result<HistoryDoor, Problem> {
    doors.timelines.live().past().cloned().ok_or_else(|| {
        let words = "本房间没有历史库（无 --store 或历史文件无法打开）/ this room keeps no history (no --store, or its file cannot be opened)";
        Problem::new(StatusCode::CONFLICT, "no-history", words)
    })
}

fn trouble(error: &JournalError) -> Problem {
    Problem::unavailable(error.to_string())
}

/// An instant in RFC 3339; `None` for an empty text.
fn instant(name: &str, text: Option<&str>) -> Result<Option<Stamp>, Problem> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    // A plus sign in a query is a blank.
    Stamp::parse(&text.replace(' ', "+"))
        .map(Some)
        .ok_or_else(|| Problem::invalid(format!("{name} '{text}': 2026-07-01T08:00:00+08:00 was expected")))
}

/// Which part of a stream's past, and how fine.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SeriesIn {
    /// RFC 3339; a day before `to` when absent.
    from: Option<String>,
    /// RFC 3339; now when absent.
    to: Option<String>,
    /// Points at most, as many as the chart is wide; 600 when absent.
    points: Option<usize>,
}

/// A point of a series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PointOut {
    /// Instant of the reading, or begin of the bucket.
    at: String,
    /// The reading, or the mean of the bucket.
    value: f64,
    /// Smallest value in it.
    min: f64,
    /// Largest value in it.
    max: f64,
    /// Last value in it.
    last: f64,
    /// Readings in it.
    count: u64,
    /// Its worst quality: good, suspect, contradicted.
    quality: String,
}

/// A stream's past.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesOut {
    /// What points are made of: raw, minute, hour, day.
    level: String,
    /// Readings they stand for.
    readings: u64,
    /// Oldest first.
    points: Vec<PointOut>,
}

/// A stream's readings or roll-ups, by span and number of points; peaks are kept.
#[utoipa::path(get, path = "/sensors/{id}/series", params(("id" = String, Path), SeriesIn),
    responses((status = 200, body = SeriesOut), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn series(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(asked): Query<SeriesIn>,
) -> Result<Json<SeriesOut>, Problem> {
    let to = instant("to", asked.to.as_deref())?.unwrap_or_else(|| doors.timelines.live().picture().now);
    let from = instant("from", asked.from.as_deref())?.unwrap_or(to + -24 * HOUR_MS);
    let points = asked.points.unwrap_or(600);
    if from > to || !(2..=MAX_POINTS).contains(&points) {
        return Err(Problem::invalid(format!("from ≤ to and 2 to {MAX_POINTS} points were expected")));
    }
    let door = door(&doors)?;
    let sensor = SensorId::from(id.as_str());
    let known = doors.timelines.live().picture().sensors.index_of(&sensor).is_some();
    let found = tokio::task::spawn_blocking(move || door.history()?.series(&sensor, from, to, points))
        .await
        .map_err(|e| Problem::unavailable(e.to_string()))?
        .map_err(|e| trouble(&e))?;
    let Some(series) = found else {
        // Known but never heard: an empty past, not an error.
        let none = SeriesOut { level: "raw".to_owned(), readings: 0, points: Vec::new() };
        return if known { Ok(Json(none)) } else { Err(Problem::not_found("sensor", &id)) };
    };
    let point = |p: &guanlan_room::journal::history::Point| PointOut {
        at: p.at.to_rfc3339(),
        value: p.value,
        min: p.min,
        max: p.max,
        last: p.last,
        count: p.count,
        quality: p.mark.key().to_owned(),
    };
    Ok(Json(SeriesOut {
        level: series.level.key().to_owned(),
        readings: series.readings,
        points: series.points.iter().map(point).collect(),
    }))
}

/// What is counted, and by what it is told apart.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FiguresIn {
    /// RFC 3339; begin of today when absent. Days are whole.
    from: Option<String>,
    /// RFC 3339, exclusive; now when absent.
    to: Option<String>,
    /// whole (default), month, day, hour.
    step: Option<String>,
    /// Only areas whose grid code begins so.
    area: String,
    /// Tell areas apart by this many digits: 0, 6 (district), 9 (street), 12 (community).
    by_area: usize,
    /// Only categories (or observed properties of alerts) that begin so.
    code: String,
    /// Tell categories apart: 0 not, 1 whole codes, n leading characters.
    by_code: usize,
    /// Only what begins so: `opened:`, `moved:closed`, `closed:late`, `alert:red`, `dispatched` …
    what: String,
    /// Tell what happened apart.
    by_what: bool,
}

/// A figure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FigureOut {
    /// Begin of the step.
    from: String,
    /// Area, as far as told apart.
    area: String,
    /// Category, as far as told apart.
    code: String,
    /// What happened, if told apart.
    what: String,
    /// Records.
    count: u64,
    /// Mean of what they measure (time to close, travel time), s; absent when nothing is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_s: Option<f64>,
}

/// Key figures of case and event records, from roll-ups kept as they arrive.
#[utoipa::path(get, path = "/figures", params(FiguresIn),
    responses((status = 200, body = [FigureOut]), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn figures(
    State(doors): Hall,
    Query(asked): Query<FiguresIn>,
) -> Result<Json<Vec<FigureOut>>, Problem> {
    let to = instant("to", asked.to.as_deref())?.unwrap_or_else(|| doors.timelines.live().picture().now + 1);
    let today = Stamp((to.0 + 8 * HOUR_MS).div_euclid(24 * HOUR_MS) * 24 * HOUR_MS - 8 * HOUR_MS);
    let query = FigureQuery {
        from: instant("from", asked.from.as_deref())?.unwrap_or(today),
        to,
        step: match asked.step.as_deref() {
            None | Some("whole") => FigureStep::Whole,
            Some("month") => FigureStep::Month,
            Some("day") => FigureStep::Day,
            Some("hour") => FigureStep::Hour,
            Some(other) => return Err(Problem::invalid(format!("step '{other}': expected whole, month, day or hour"))),
        },
        area: asked.area,
        by_area: asked.by_area,
        code: asked.code,
        by_code: asked.by_code,
        what: asked.what,
        by_what: asked.by_what,
    };
    let door = door(&doors)?;
    let rows = tokio::task::spawn_blocking(move || door.figures()?.ask(&query))
        .await
        .map_err(|e| Problem::unavailable(e.to_string()))?
        .map_err(|e| match e {
            FigureError::Journal(e) => trouble(&e),
            other => Problem::invalid(other.to_string()),
        })?;
    if rows.len() > MAX_ROWS {
        let words = format!(
            "{} 行，最多 {MAX_ROWS} 行：请缩小范围 / {} rows, at most {MAX_ROWS}: ask for less",
            rows.len(),
            rows.len()
        );
        return Err(Problem::invalid(words));
    }
    let out = rows.into_iter().map(|r| FigureOut {
        from: r.from.to_rfc3339(),
        mean_s: (r.amount_ms != 0).then(|| r.amount_ms as f64 / 1000.0 / r.count.max(1) as f64),
        area: r.area,
        code: r.code,
        what: r.what,
        count: r.count,
    });
    Ok(Json(out.collect()))
}
