//! How the room is: for people and for Prometheus.

use std::fmt::Write;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use guanlan_core::AlertLevel;
use serde::Serialize;
use utoipa::ToSchema;

use super::Hall;
use crate::{feeds::Refused, wire::Words};

/// Health of the live room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthOut {
    /// True when ticks run and reach the disk.
    ok: bool,
    /// live, demo …
    mode: String,
    /// The room's instant.
    now: String,
    /// Number of the last tick.
    tick: u64,
    /// 99th percentile of tick lateness, ms.
    lateness_p99_ms: f64,
    /// Mean cost of a tick, ms.
    tick_cost_ms: f64,
    /// Deliveries that wait.
    queue: usize,
    /// Ticks not on disk yet.
    uncommitted: usize,
    /// Last record of the journal.
    journal_seq: u64,
    /// Why nothing is acknowledged; empty when well.
    trouble: String,
    /// Everything that is wrong with journal, history and clock.
    troubles: Vec<TroubleOut>,
}

/// Something that is wrong with the medium or the clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TroubleOut {
    /// disk_full, read_only, damaged, busy, io, clock_back, clock_ahead, other.
    code: String,
    /// What it is and what to do.
    words: Words,
    /// What the system says.
    detail: String,
    /// Since when.
    since: String,
}

/// Health of the live room; 503 when it cannot keep what it is told.
#[utoipa::path(get, path = "/health", responses((status = 200, body = HealthOut), (status = 503, body = HealthOut)))]
pub(crate) async fn health(State(doors): Hall) -> impl IntoResponse {
    let p = doors.timelines.live().picture();
    let ok = p.health.trouble.is_empty();
    let out = HealthOut {
        ok,
        mode: serde_json::to_value(p.mode).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
        now: p.now.to_rfc3339(),
        tick: p.tick,
        lateness_p99_ms: p.health.lateness_p99_ms,
        tick_cost_ms: p.health.tick_cost_ms,
        queue: p.health.queue,
        uncommitted: p.health.uncommitted,
        journal_seq: p.health.journal_seq,
        trouble: p.health.trouble.clone(),
        troubles: p.health.troubles.iter().map(trouble_out).collect(),
    };
    (if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(out))
}

fn trouble_out(t: &guanlan_room::Trouble) -> TroubleOut {
    TroubleOut {
        code: t.fault.code().to_owned(),
        words: Words::from(&t.text),
        detail: t.detail.clone(),
        since: t.since.to_rfc3339(),
    }
}

/// Figures in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(doors): Hall) -> impl IntoResponse {
    let p = doors.timelines.live().picture();
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: f64| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP guanlan_{name} {help}\n# TYPE guanlan_{name} gauge\nguanlan_{name} {value}");
    };
    gauge("tick", "Number of the last tick", p.tick as f64);
    gauge("tick_lateness_p99_seconds", "99th percentile of tick lateness", p.health.lateness_p99_ms / 1000.0);
    gauge("tick_cost_seconds", "Mean cost of a tick", p.health.tick_cost_ms / 1000.0);
    gauge("queue_deliveries", "Deliveries waiting at the door", p.health.queue as f64);
    gauge("uncommitted_ticks", "Ticks not on disk yet", p.health.uncommitted as f64);
    gauge("journal_records", "Records in the chain", p.health.journal_seq as f64);
    gauge("sensors", "Sensors known", p.sensors.len() as f64);
    gauge("cases_open", "Open cases", p.cases.open().count() as f64);
    gauge("units", "Crews known", p.units.units.len() as f64);
    for figure in (doors.feeds.figures)() {
        let (name, kind) = (figure.name, if figure.counter { "counter" } else { "gauge" });
        let (help, value) = (figure.help, figure.value);
        let _ = writeln!(text, "# HELP guanlan_{name} {help}\n# TYPE guanlan_{name} {kind}\nguanlan_{name} {value}");
    }
    text.push_str("# HELP guanlan_feed_up Is the source delivering\n# TYPE guanlan_feed_up gauge\n");
    for (name, feed) in p.feeds.iter() {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = writeln!(text, "guanlan_feed_up{{feed=\"{name}\"}} {}", u8::from(feed.up));
        for (figure, value) in [
            ("messages_total", feed.figures.messages as f64),
            ("refused_total", feed.figures.refused as f64),
            ("failures_total", feed.figures.failures as f64),
            ("messages_per_minute", feed.figures.per_min),
            ("lag_seconds", feed.figures.lag_ms as f64 / 1000.0),
        ] {
            let _ = writeln!(text, "guanlan_source_{figure}{{feed=\"{name}\"}} {value}");
        }
    }
    let counts = p.alerts.counts();
    text.push_str("# HELP guanlan_alerts Active alerts by level\n# TYPE guanlan_alerts gauge\n");
    for level in &AlertLevel::ALL[1..] {
        let name = level.name().en.to_lowercase();
        let _ = writeln!(text, "guanlan_alerts{{level=\"{name}\"}} {}", counts[usize::from(level.rank())]);
    }
    text.push_str(
        "# HELP guanlan_sensors_by_quality Sensors by data quality\n# TYPE guanlan_sensors_by_quality gauge\n",
    );
    for (name, n) in ["good", "suspect", "stale", "offline", "contradicted"].iter().zip(p.sensors.quality_counts()) {
        let _ = writeln!(text, "guanlan_sensors_by_quality{{quality=\"{name}\"}} {n}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// Messages that were refused, with the reason; latest last, a bounded number of them.
#[utoipa::path(get, path = "/quarantine", responses((status = 200, body = [Refused])))]
pub(crate) async fn quarantine(State(doors): Hall) -> Json<Vec<Refused>> {
    Json((doors.feeds.refused)())
}
