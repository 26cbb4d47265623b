//! 数据目录: what each source promises and keeps.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, alerts::Part, query::Query};
use crate::{problem::Problem, wire::Words};

/// One source of the data catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueOut {
    /// Feed; empty for streams whose source nobody declared.
    feed: String,
    /// Kinds of connector.
    connector: String,
    /// Department that owns the data.
    owner: Words,
    /// Streams.
    streams: u32,
    /// What they observe.
    properties: Vec<String>,
    /// Readings per minute promised.
    promised_per_min: f64,
    /// Readings per minute that came.
    kept_per_min: f64,
    /// Kept of promised, 0 … 1.
    kept: f64,
    /// Streams that deliver of all, 0 … 1 (共享率).
    shared: f64,
    /// Streams of good quality of those that deliver, 0 … 1.
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
    let rows = picture.catalogue.rows.iter().map(|r| CatalogueOut {
        feed: r.feed.clone(),
        connector: r.connector.clone(),
        owner: (&r.owner).into(),
        streams: r.streams,
        properties: r.properties.iter().map(|p| p.key().to_owned()).collect(),
        promised_per_min: r.promised_per_min,
        kept_per_min: r.kept_per_min,
        kept: r.kept,
        shared: r.shared,
        good: r.good,
        lag_s: r.lag_s,
        score: r.score,
    });
    Ok(Json(part.cut(rows)))
}
