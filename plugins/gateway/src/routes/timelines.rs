//! Timelines: the live room, replays and exercises beside it.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use guanlan_core::Stamp;
use guanlan_room::{Control, TimelineError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Hall;
use crate::{
    problem::Problem,
    wire::{self, TimelineOut},
};

fn problem(error: &TimelineError) -> Problem {
    let status = match error {
        TimelineError::TooMany | TimelineError::NoStore => StatusCode::CONFLICT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Problem::new(status, "timeline", error.to_string())
}

fn instant(text: &str) -> Result<Stamp, Problem> {
    Stamp::parse(text).ok_or_else(|| Problem::invalid(format!("'{text}': 2026-07-01T08:00:00+08:00 was expected")))
}

/// Every room of this program: the live one first.
#[utoipa::path(get, path = "/rooms", responses((status = 200, body = [TimelineOut])))]
pub(crate) async fn rooms(state: Hall) -> Json<Vec<TimelineOut>> {
    list(state).await
}

/// Every timeline.
#[utoipa::path(get, path = "/timelines", responses((status = 200, body = [TimelineOut])))]
pub(crate) async fn list(State(doors): Hall) -> Json<Vec<TimelineOut>> {
    Json(doors.timelines.list().iter().map(wire::timeline).collect())
}

/// Exercises that run.
#[utoipa::path(get, path = "/drills", responses((status = 200, body = [TimelineOut])))]
pub(crate) async fn drills(State(doors): Hall) -> Json<Vec<TimelineOut>> {
    let all = doors.timelines.list();
    Json(all.iter().filter(|t| t.mode == guanlan_core::Mode::Exercise).map(wire::timeline).collect())
}

/// What to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum OpenIn {
    /// The journaled past, paused at an instant.
    Replay {
        /// RFC 3339; the last instant when absent.
        at: Option<String>,
    },
}

/// Opens a timeline.
#[utoipa::path(post, path = "/timelines", request_body = OpenIn,
    responses((status = 201, body = TimelineOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn open(State(doors): Hall, bytes: Bytes) -> Result<(StatusCode, Json<TimelineOut>), Problem> {
    let asked: OpenIn = serde_json::from_slice(&bytes).map_err(|e| Problem::invalid(e.to_string()))?;
    let timelines = doors.timelines.clone();
    let room = match asked {
        OpenIn::Replay { at } => {
            let at = at.as_deref().map(instant).transpose()?;
            tokio::task::spawn_blocking(move || timelines.replay(at))
                .await
                .map_err(|e| Problem::unavailable(e.to_string()))?
                .map_err(|e| problem(&e))?
        }
    };
    let all = doors.timelines.list();
    let info = all.iter().find(|t| t.id == *room.timeline()).ok_or_else(|| Problem::unavailable("closed"))?;
    Ok((StatusCode::CREATED, Json(wire::timeline(info))))
}

/// What to do with a clock; several may be given, done in this order.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ControlIn {
    /// Go to an instant, RFC 3339.
    seek: Option<String>,
    /// Ceiling of the speed, × real time.
    speed: Option<f64>,
    /// Stand still.
    pause: bool,
    /// Go on.
    resume: bool,
    /// One tick.
    step: bool,
}

/// Moves a timeline's clock. The live room's clock is nobody's to move.
#[utoipa::path(post, path = "/timelines/{id}/control", params(("id" = String, Path)), request_body = ControlIn,
    responses((status = 202), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn control(State(doors): Hall, Path(id): Path<String>, bytes: Bytes) -> Result<StatusCode, Problem> {
    let asked: ControlIn = serde_json::from_slice(&bytes).map_err(|e| Problem::invalid(e.to_string()))?;
    let room = doors.timelines.get(&id).ok_or_else(|| Problem::not_found("timeline", &id))?;
    if room.timeline() == doors.timelines.live().timeline() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "conflict",
            "实况的时钟不可控制，请先打开回放或演练 / the live clock cannot be moved: open a replay or an exercise",
        ));
    }
    let mut wanted = Vec::new();
    if let Some(at) = &asked.seek {
        wanted.push(Control::Seek(instant(at)?));
    }
    if let Some(speed) = asked.speed {
        if !(speed.is_finite() && speed > 0.0) {
            return Err(Problem::invalid("speed: a number above 0 was expected"));
        }
        wanted.push(Control::Speed(speed));
    }
    wanted.extend(asked.pause.then_some(Control::Pause));
    wanted.extend(asked.step.then_some(Control::Step));
    wanted.extend(asked.resume.then_some(Control::Resume));
    for control in wanted {
        if !room.control(control) {
            return Err(Problem::not_found("timeline", &id));
        }
    }
    Ok(StatusCode::ACCEPTED)
}

/// Ends a timeline; the live room cannot be ended.
#[utoipa::path(delete, path = "/timelines/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn close(State(doors): Hall, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let timelines = doors.timelines.clone();
    let name = id.clone();
    let closed = tokio::task::spawn_blocking(move || timelines.close(&name)).await.unwrap_or(false);
    if closed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("timeline", &id)) }
}
