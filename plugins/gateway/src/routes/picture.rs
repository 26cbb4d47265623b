//! The picture as a WebSocket: first everything, then what changed, latest wins.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use guanlan_room::{Picture, RoomHandle};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{Hall, query::Query};
use crate::{Doors, problem::Problem, wire};

/// Which timeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Timeline; the live room when absent.
    timeline: Option<String>,
}

/// Pictures per second at most.
const EVERY: Duration = Duration::from_millis(200);

/// A WebSocket: first the whole picture, then at most five times a second what changed, latest wins.
#[utoipa::path(get, path = "/picture", params(Which),
    responses((status = 101, description = "JSON text messages"), (status = 404, body = Problem)))]
pub(crate) async fn socket(
    State(doors): Hall,
    Query(which): Query<Which>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let room = doors.room(which.timeline.as_deref())?;
    Ok(upgrade.on_upgrade(move |socket| stream(socket, room, doors)))
}

async fn stream(mut socket: WebSocket, room: RoomHandle, doors: Arc<Doors>) {
    let mut before: Option<Arc<Picture>> = None;
    let mut beat = tokio::time::interval(EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let now = room.picture();
                if before.as_ref().is_some_and(|b| b.tick == now.tick && b.now == now.now) {
                    continue;
                }
                let text = difference(&doors, before.as_deref(), &now).to_string();
                // A viewer that does not keep up gets the next picture later, never an old one.
                if socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
                before = Some(now);
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    }
}

/// What `now` has that `before` had not.
fn difference(doors: &Doors, before: Option<&Picture>, now: &Picture) -> Value {
    let frame = &doors.frame;
    let mut out = json!({
        "timeline": now.timeline, "tick": now.tick, "now": now.now.to_rfc3339(), "mode": now.mode,
        "rain_mm_h": now.rain_mm_h(), "full": before.is_none(),
    });
    let mut sensors = Vec::new();
    for (i, (meta, live)) in now.sensors.chunks().enumerate() {
        let old = before.and_then(|b| b.sensors.chunks().nth(i).map(|(_, l)| l.clone()));
        if old.as_ref().is_some_and(|o| Arc::ptr_eq(o, live)) {
            continue;
        }
        for (r, m) in meta.rows.iter().enumerate() {
            let unchanged = old.as_ref().is_some_and(|o| {
                o.phenomenon.get(r) == live.phenomenon.get(r) && o.quality.get(r) == live.quality.get(r)
            });
            if !unchanged {
                sensors.push(json!({ "id": m.id, "value": live.value[r], "at_ms": live.phenomenon[r], "quality": live.quality[r] }));
            }
        }
    }
    out["sensors"] = Value::Array(sensors);
    if before.is_none_or(|b| b.alerts.version() != now.alerts.version()) {
        out["alerts"] = now.alerts.active().iter().map(|a| json!(wire::alert(frame, now, a))).collect();
    }
    if before.is_none_or(|b| b.cases.version() != now.cases.version()) {
        let known = before.map(|b| b.cases.cases());
        let changed = now
            .cases
            .cases()
            .iter()
            .filter(|(id, case)| known.and_then(|k| k.get(*id)).is_none_or(|old| !Arc::ptr_eq(old, case)));
        out["cases"] = changed.map(|(_, c)| json!(wire::case(frame, now, c))).collect();
    }
    let known = before.map(|b| &b.units.units);
    let units = now
        .units
        .units
        .iter()
        .enumerate()
        .filter(|(i, u)| known.and_then(|k| k.get(*i)).is_none_or(|old| !Arc::ptr_eq(old, u)));
    out["units"] = units.map(|(_, u)| json!(wire::unit(frame, now, u))).collect();
    out
}
