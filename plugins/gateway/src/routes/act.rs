//! What is asked of a room: observations in, commands. Answers come after commit.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use guanlan_core::{Command, CommandEnvelope, Input, Role, Stamp, input::Observation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Hall,
    query::{Payload, Query},
};
use crate::{auth, problem::Problem};

/// Longest wait for a commit.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Which timeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Timeline; the live room when absent.
    timeline: Option<String>,
}

fn wall_now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A number that no other request of this process has.
pub(crate) fn serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn body<T: for<'a> Deserialize<'a>>(bytes: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|e| Problem::invalid(format!("请求体无法读取：{e} / the body cannot be read: {e}")))
}

/// An observation (SensorThings names).
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ObservationIn {
    /// Datastream id.
    datastream: String,
    /// When it was measured, RFC 3339; now when absent.
    phenomenon_time: Option<String>,
    /// Value in the unit of the stream's property.
    result: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<ObservationIn>),
    One(ObservationIn),
}

/// How many were taken and are on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Observations.
    accepted: usize,
}

/// Observations, one or a list; all are taken or none. 201 after commit.
#[utoipa::path(post, path = "/observations", params(Which), request_body = Vec<ObservationIn>,
    responses((status = 201, body = Accepted), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn post_observations(
    State(doors): Hall,
    Query(which): Query<Which>,
    Payload(bytes): Payload,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    let room = doors.room(which.timeline.as_deref())?;
    let list = match body::<OneOrMany>(&bytes) {
        Ok(OneOrMany::Many(list)) => list,
        Ok(OneOrMany::One(one)) => vec![one],
        // The untagged error says nothing useful: read again as what was most likely meant.
        Err(_) => match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'[') => body(&bytes)?,
            _ => vec![body(&bytes)?],
        },
    };
    let received = wall_now();
    let mut inputs = Vec::with_capacity(list.len());
    for (i, o) in list.into_iter().enumerate() {
        let phenomenon = match &o.phenomenon_time {
            None => received,
            Some(text) => Stamp::parse(text).ok_or_else(|| {
                Problem::invalid(format!("[{i}].phenomenonTime: '{text}' — 2026-07-01T08:00:00+08:00"))
            })?,
        };
        inputs.push(Input::Observation(Observation {
            sensor: o.datastream.into(),
            phenomenon,
            received,
            result: o.result,
        }));
    }
    let accepted = inputs.len();
    if which.timeline.is_none() {
        inputs = doors.feeds.posted(inputs, "POST /api/v1/observations");
    }
    let (tx, rx) = tokio::sync::oneshot::channel();
    let ack = Box::new(move |durable| {
        let _ = tx.send(durable);
    });
    room.sender().submit(inputs, Some(ack)).map_err(|e| Problem::unavailable(e.to_string()))?;
    match tokio::time::timeout(PATIENCE, rx).await {
        Ok(Ok(true)) => Ok((StatusCode::CREATED, Json(Accepted { accepted }))),
        Ok(Ok(false)) => Err(Problem::new(
            StatusCode::CONFLICT,
            "conflict",
            "该时间线不接收观测值 / this timeline takes no observations",
        )),
        _ => Err(not_committed()),
    }
}

fn not_committed() -> Problem {
    Problem::unavailable(
        "尚未写入日志，请用相同的幂等键重试 / not committed yet: try again with the same idempotency key",
    )
}

/// A command. `id` (or the header `Idempotency-Key`) names it for ever.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandIn {
    /// Idempotency key.
    id: Option<String>,
    /// Who asks; taken from the token when tokens are configured.
    actor: Option<String>,
    /// Seat: collector, acceptor, supervisor, dispatcher, department, handler, leader.
    #[schema(value_type = String)]
    role: Role,
    /// What is asked: `{"do": "dispatch_unit", "case": "…", "unit": "…"}` …
    #[schema(value_type = Object)]
    command: Value,
}

/// What came of a command.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommandOut {
    /// The idempotency key.
    id: String,
    /// Ids and new states.
    #[schema(value_type = Object)]
    result: Value,
}

/// A command. 200 after commit; refusals are problems.
#[utoipa::path(post, path = "/commands", params(Which), request_body = CommandIn,
    responses((status = 200, body = CommandOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn post_command(
    State(doors): Hall,
    Query(which): Query<Which>,
    headers: HeaderMap,
    Payload(bytes): Payload,
) -> Result<Json<CommandOut>, Problem> {
    let asked: CommandIn = body(&bytes)?;
    let room = doors.room(which.timeline.as_deref())?;
    let token = auth::check(&doors.tokens, &headers)?;
    if let Some(token) = token
        && !token.roles.contains(&asked.role)
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "该令牌没有此角色 / the token does not have this role",
        ));
    }
    if asked.role == Role::System {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "系统角色不可由人担任 / nobody can take the system's seat",
        ));
    }
    let command: Command = serde_json::from_value(asked.command)
        .map_err(|e| Problem::invalid(format!("指令无法识别：{e} / command: {e}")))?;
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let id = key.or(asked.id).unwrap_or_else(|| format!("api-{}-{}", wall_now().0, serial()));
    let actor = token.map(|t| t.name.clone()).or(asked.actor).unwrap_or_else(|| "api".to_owned());
    let envelope = CommandEnvelope { id: id.as_str().into(), actor, role: asked.role, at: wall_now(), command };
    let (tx, rx) = tokio::sync::oneshot::channel();
    let answer = Box::new(move |reply| {
        let _ = tx.send(reply);
    });
    room.sender().command(envelope, answer).map_err(|e| Problem::unavailable(e.to_string()))?;
    match tokio::time::timeout(PATIENCE, rx).await {
        Ok(Ok(reply)) => Ok(Json(CommandOut { id, result: reply.result? })),
        _ => Err(not_committed()),
    }
}
