//! How the room is: for people and for Prometheus.

use std::fmt::Write;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use guanlan_core::AlertLevel;
use guanlan_room::{FeedView, Picture};
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

/// Name, kind, help and value of a figure each source has.
type SourceFigure = (&'static str, &'static str, &'static str, fn(&FeedView) -> f64);

const SOURCE_FIGURES: [SourceFigure; 5] = [
    ("messages_total", "counter", "Messages that came", |f| f.figures.messages as f64),
    ("refused_total", "counter", "Messages refused", |f| f.figures.refused as f64),
    ("failures_total", "counter", "Times the source failed", |f| f.figures.failures as f64),
    ("messages_per_minute", "gauge", "Messages in a minute", |f| f.figures.per_min),
    ("lag_seconds", "gauge", "Time from measured to arrived", |f| f.figures.lag_ms as f64 / 1000.0),
];

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
    gauge("healthy", "1 while what is told is kept, else 0", f64::from(u8::from(p.health.trouble.is_empty())));
    gauge("troubles", "Things that are wrong with journal, history, clock and files", p.health.troubles.len() as f64);
    gauge("recommendation_cases", "Cases that wait for a crew with crews recommended", p.advice.cases.len() as f64);
    water_figures(&p, &mut gauge);
    for figure in (doors.feeds.figures)() {
        let (name, kind) = (figure.name, if figure.counter { "counter" } else { "gauge" });
        let (help, value) = (figure.help, figure.value);
        let _ = writeln!(text, "# HELP guanlan_{name} {help}\n# TYPE guanlan_{name} {kind}\nguanlan_{name} {value}");
    }
    text.push_str("# HELP guanlan_feed_up Is the source delivering\n# TYPE guanlan_feed_up gauge\n");
    let escaped = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"");
    for (name, feed) in p.feeds.iter() {
        let _ = writeln!(text, "guanlan_feed_up{{feed=\"{}\"}} {}", escaped(name), u8::from(feed.up));
    }
    // The lines of one figure stand together.
    for (figure, kind, help, of) in SOURCE_FIGURES {
        let _ = writeln!(text, "# HELP guanlan_source_{figure} {help}\n# TYPE guanlan_source_{figure} {kind}");
        for (name, feed) in p.feeds.iter() {
            let _ = writeln!(text, "guanlan_source_{figure}{{feed=\"{}\"}} {}", escaped(name), of(feed));
        }
    }
    let counts = p.alerts.counts();
    text.push_str("# HELP guanlan_alerts Active alerts by level\n# TYPE guanlan_alerts gauge\n");
    for level in &AlertLevel::ALL[1..] {
        let name = level.name().en.to_lowercase();
        let _ = writeln!(text, "guanlan_alerts{{level=\"{name}\"}} {}", counts[usize::from(level.rank())]);
    }
    let c = p.sensors.counters();
    text.push_str(
        "# HELP guanlan_observations_total What became of readings\n# TYPE guanlan_observations_total counter\n",
    );
    for (fate, n) in [
        ("accepted", c.accepted),
        ("duplicate", c.duplicate),
        ("late", c.late),
        ("future", c.future),
        ("out_of_range", c.out_of_range),
        ("spike", c.spike),
        ("not_a_number", c.not_a_number),
    ] {
        let _ = writeln!(text, "guanlan_observations_total{{fate=\"{fate}\"}} {n}");
    }
    text.push_str(
        "# HELP guanlan_sensors_by_quality Sensors by data quality\n# TYPE guanlan_sensors_by_quality gauge\n",
    );
    for (name, n) in ["good", "suspect", "stale", "offline", "contradicted"].iter().zip(p.sensors.quality_counts()) {
        let _ = writeln!(text, "guanlan_sensors_by_quality{{quality=\"{name}\"}} {n}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// The model beside the room and the hours ahead. What has not been computed yet is left out, not zero.
fn water_figures(p: &Picture, gauge: &mut impl FnMut(&str, &str, f64)) {
    if let Some(field) = p.water.field.as_deref() {
        gauge("water_deepest_metres", "Deepest water", f64::from(field.deepest_mm()) / 1000.0);
        gauge("water_over_15cm_square_metres", "Area with 15 cm of water and more", field.area_over_m2(150));
    }
    if let Some(r) = p.live_water.report.as_deref() {
        gauge("water_age_seconds", "Age of the last estimate", (p.now - r.at) as f64 / 1000.0);
        gauge("water_behind_seconds", "How far the model is behind the room", r.behind_s);
        gauge("water_speed_ratio", "Simulated over wall time of the model", r.speed);
        gauge("water_rain_mm_per_hour", "Mean rain over the city in the model", r.rain_mm_h);
        gauge(
            "water_rain_coverage_ratio",
            "Share of the city that rain data speak for",
            f64::from(r.rain_coverage) / 100.0,
        );
        gauge("water_rmse_metres", "Error against gauges before correction", r.skill.rmse_m);
        gauge("water_bias_metres", "Mean of model minus gauge", r.skill.bias_m);
        gauge("water_gauges", "Gauges the model compares itself with", f64::from(r.skill.gauges));
        gauge("water_gauges_contradicted", "Gauges that are not believed", p.live_water.contradicted.len() as f64);
        gauge("water_stored_cubic_metres", "Water on the surface in the model", r.books.stored_m3);
        gauge("water_nudged_cubic_metres", "Water added to follow the gauges, in sum", r.books.nudged_m3);
        gauge("water_error_ratio", "What the books cannot explain, over all water handled", r.books.error_relative);
    }
    if let Some(f) = p.forecast.latest.as_deref() {
        gauge("forecast_number", "Number of the last forecast", f.no as f64);
        gauge("forecast_age_seconds", "Age of the last forecast", (p.now - f.from) as f64 / 1000.0);
        gauge("forecast_horizon_seconds", "How far it looks ahead", (f.to - f.from) as f64 / 1000.0);
        gauge("forecast_speed_ratio", "Simulated over wall time of the forecast", f.speed);
        gauge("forecast_rain_millimetres", "Rain expected, mean over the city", f.rain_mm);
        gauge("forecast_wet_sites", "Gauges, underpasses and places that get wet", f.sites.len() as f64);
        gauge("forecast_roads_cut", "Roads expected to be cut to cars", f64::from(f.harm.roads));
        gauge("forecast_buildings_hit", "Buildings expected with water over the sill", f64::from(f.harm.buildings));
    }
    gauge("measures", "Measures told to the water", p.measures.list.len() as f64);
}

/// Messages that were refused, with the reason; latest last, a bounded number of them.
#[utoipa::path(get, path = "/quarantine", responses((status = 200, body = [Refused])))]
pub(crate) async fn quarantine(State(doors): Hall) -> Json<Vec<Refused>> {
    Json((doors.feeds.refused)())
}
