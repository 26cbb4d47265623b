//! 数据目录: what each source promises and keeps.

use axum::{Json, extract::State};
use guanlan_room::sources::sources;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, alerts::Part, query::Query};
use crate::{problem::Problem, wire::Words};

/// One source of the data catalogue, whatever it brings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueOut {
    /// Feed; empty for streams whose source nobody declared.
    feed: String,
    /// Kinds of connector.
    connector: String,
    /// up or down; empty where no connector speaks for it.
    state: &'static str,
    /// Departments that own the data (权属单位).
    owner: Words,
    /// How the owner shares it; empty when not said.
    share: Words,
    /// Streams and crews.
    streams: u32,
    /// What they observe.
    properties: Vec<String>,
    /// Readings (of a source without streams: messages) per minute promised; 0 when nothing is.
    promised_per_min: f64,
    /// Readings or messages per minute that came.
    kept_per_min: f64,
    /// Kept of promised, 0 … 1.
    kept: f64,
    /// Streams and crews that deliver of all, 0 … 1 (共享率).
    shared: f64,
    /// Streams of good quality of those that deliver, or messages that were not refused, 0 … 1.
    good: f64,
    /// Mean time from measuring to reaching the connector, s.
    lag_s: f64,
    /// 0 … 100: 50 % good, 30 % kept, 20 % shared.
    score: f64,
}

/// 数据目录: every source, its owner, what it promised and what it keeps.
#[utoipa::path(get, path = "/catalogue", params(Part), responses((status = 200, body = [CatalogueOut])))]
pub(crate) async fn catalogue(
    State(doors): Hall,
    Query(part): Query<Part>,
) -> Result<Json<Vec<CatalogueOut>>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let rows = sources(&picture).into_iter().map(|s| {
        let r = s.row;
        CatalogueOut {
            state: s.up.map_or("", |up| if up { "up" } else { "down" }),
            owner: (&r.owner).into(),
            share: (&s.share).into(),
            streams: r.streams,
            properties: r.properties.iter().map(|p| p.key().to_owned()).collect(),
            promised_per_min: r.promised_per_min,
            kept_per_min: r.kept_per_min,
            kept: r.kept,
            shared: r.shared,
            good: r.good,
            lag_s: r.lag_s,
            score: r.score,
            feed: r.feed,
            connector: r.connector,
        }
    });
    Ok(Json(part.cut(rows)))
}
