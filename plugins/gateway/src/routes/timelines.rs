//! Timelines: the live room, replays and exercises beside it.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
};
use guanlan_core::{Lang, Stamp};
use guanlan_drill::{DrillScript, Report};
use guanlan_room::{Control, TimelineError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Hall,
    query::{Payload, Query},
};
use crate::{
    problem::Problem,
    wire::{self, TimelineOut},
};

fn problem(error: &TimelineError) -> Problem {
    let status = match error {
        TimelineError::TooMany | TimelineError::NoStore | TimelineError::NoForecast => StatusCode::CONFLICT,
        TimelineError::NoScript(..) | TimelineError::Script(_) => StatusCode::UNPROCESSABLE_ENTITY,
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

/// A script that can be started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScriptOut {
    /// Its name in `POST /timelines`.
    name: String,
    /// Title.
    title: wire::Words,
    /// How long it plays, s of the exercise.
    duration_s: u32,
    /// Injects.
    injects: usize,
    /// Expectations.
    expectations: usize,
}

/// Exercises: what can be started and what runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DrillsOut {
    /// Scripts by name.
    scripts: Vec<ScriptOut>,
    /// Exercises that are open.
    running: Vec<TimelineOut>,
}

/// Exercises: scripts that can be started, and those that run.
#[utoipa::path(get, path = "/drills", responses((status = 200, body = DrillsOut)))]
pub(crate) async fn drills(State(doors): Hall) -> Json<DrillsOut> {
    let all = doors.timelines.list();
    let running = all.iter().filter(|t| t.mode == guanlan_core::Mode::Exercise).map(wire::timeline).collect();
    let script = |(name, path): (&String, &std::path::PathBuf)| {
        let text = std::fs::read_to_string(path).ok()?;
        // A file that became bad is told to whoever starts it; the list shows what can be started.
        let script = DrillScript::parse(&path.display().to_string(), &text).ok()?;
        Some(ScriptOut {
            name: name.clone(),
            title: wire::Words { zh: script.title.zh.clone(), en: script.title.en.clone() },
            duration_s: script.duration_s,
            injects: script.inject.len(),
            expectations: script.expect.len(),
        })
    };
    Json(DrillsOut { scripts: doors.timelines.scripts().iter().filter_map(script).collect(), running })
}

/// How a report is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReportIn {
    /// `json` (default), `markdown` or `html`.
    format: Option<String>,
    /// `zh` (default) or `en`, for markdown and html.
    lang: Option<String>,
}

/// The after-action report of an exercise as far as it went.
#[utoipa::path(get, path = "/timelines/{id}/report", params(("id" = String, Path), ReportIn),
    responses((status = 200, description = "JSON, Markdown or HTML"), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn report(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(asked): Query<ReportIn>,
) -> Result<Response, Problem> {
    let room = doors.timelines.get(&id).ok_or_else(|| Problem::not_found("timeline", &id))?;
    let no_drill = || {
        let words = format!("时间线 {id} 不是演练，没有复盘报告 / timeline {id} is not an exercise and has no report");
        Problem::new(StatusCode::CONFLICT, "conflict", words)
    };
    let plan = doors.timelines.plan(&id).ok_or_else(no_drill)?;
    let picture = room.picture();
    let report = Report::of(&plan, picture.drill.as_ref().ok_or_else(no_drill)?, None);
    let lang = match asked.lang.as_deref() {
        None | Some("zh") => Lang::Zh,
        Some("en") => Lang::En,
        Some(other) => return Err(Problem::invalid(format!("lang '{other}': expected zh or en"))),
    };
    Ok(match asked.format.as_deref() {
        None | Some("json") => Json(report).into_response(),
        Some("markdown") => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], report.markdown(lang)).into_response(),
        Some("html") => Html(report.html(lang)).into_response(),
        Some(other) => return Err(Problem::invalid(format!("format '{other}': expected json, markdown or html"))),
    })
}

/// What to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum OpenIn {
    /// The journaled past, paused at an instant.
    Replay {
        /// RFC 3339; the last instant when absent.
        at: Option<String>,
        /// Of which timeline: the live room, or an exercise that runs; the live room when absent.
        of: Option<String>,
    },
    /// An exercise forked from the live room.
    Drill {
        /// Name of a script of `GET /drills`; the first one when absent.
        script: Option<String>,
        /// Ceiling of its speed, × real time; 20 when absent.
        speed: Option<f64>,
    },
    /// The forecast (预报): the last run ahead, to be looked at and tried in.
    Forecast {},
}

/// Speed of an exercise when none is asked for, × real time.
const DRILL_SPEED: f64 = 20.0;

/// Opens a timeline.
#[utoipa::path(post, path = "/timelines", request_body = OpenIn,
    responses((status = 201, body = TimelineOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn open(
    State(doors): Hall,
    Payload(bytes): Payload,
) -> Result<(StatusCode, Json<TimelineOut>), Problem> {
    let asked: OpenIn = serde_json::from_slice(&bytes).map_err(|e| Problem::invalid(e.to_string()))?;
    let timelines = doors.timelines.clone();
    let room = match asked {
        OpenIn::Replay { at, of } => {
            let at = at.as_deref().map(instant).transpose()?;
            let origin = match of {
                Some(of) => timelines.get(&of).ok_or_else(|| Problem::not_found("timeline", &of))?,
                None => timelines.live().clone(),
            };
            tokio::task::spawn_blocking(move || timelines.replay_of(origin.timeline(), at))
                .await
                .map_err(|e| Problem::unavailable(e.to_string()))?
                .map_err(|e| problem(&e))?
        }
        OpenIn::Drill { script, speed } => {
            let speed = speed.unwrap_or(DRILL_SPEED);
            if !(speed.is_finite() && speed > 0.0) {
                return Err(Problem::invalid("speed: a number above 0 was expected"));
            }
            tokio::task::spawn_blocking(move || timelines.exercise(script.as_deref(), speed))
                .await
                .map_err(|e| Problem::unavailable(e.to_string()))?
                .map_err(|e| problem(&e))?
        }
        OpenIn::Forecast {} => tokio::task::spawn_blocking(move || timelines.forecast())
            .await
            .map_err(|e| Problem::unavailable(e.to_string()))?
            .map_err(|e| problem(&e))?,
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
pub(crate) async fn control(
    State(doors): Hall,
    Path(id): Path<String>,
    Payload(bytes): Payload,
) -> Result<StatusCode, Problem> {
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
