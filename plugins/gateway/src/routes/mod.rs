//! Handlers by what they do.

pub(crate) mod act;
pub(crate) mod alerts;
pub(crate) mod cameras;
pub(crate) mod cap;
pub(crate) mod catalogue;
pub(crate) mod open311;
pub(crate) mod origins;
pub(crate) mod past;
pub(crate) mod picture;
mod query;
pub(crate) mod read;
pub(crate) mod risk;
pub(crate) mod sources;
pub(crate) mod status;
pub(crate) mod timelines;
pub(crate) mod warnings;
pub(crate) mod water;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use utoipa::OpenApi;

use crate::{Doors, auth, openapi::Document, problem::Problem};

/// Largest request body: a batch of some ten thousand observations.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

pub(crate) type Hall = State<Arc<Doors>>;

pub(crate) fn all(doors: Arc<Doors>) -> Router<Arc<Doors>> {
    Router::new()
        .route("/rooms", get(timelines::rooms))
        .route("/sensors", get(read::sensors))
        .route("/sensors/{id}", get(read::sensor))
        .route("/sensors/{id}/series", get(past::series))
        .route("/figures", get(past::figures))
        .route("/observations", get(read::observations).post(act::post_observations))
        .route("/alerts", get(read::alerts))
        .route("/alerts/groups", get(alerts::groups))
        .route("/alerts/pending", get(alerts::pending))
        .route("/alerts/silences", get(alerts::silences))
        .route("/alerts/rules", get(alerts::rules))
        .route("/alerts/{id}", get(alerts::alert))
        .route("/alerts/{id}/explanation", get(alerts::explanation))
        .route("/sensors/{id}/lineage", get(origins::sensor))
        .route("/units/{id}/lineage", get(origins::unit))
        .route("/cases/{id}/lineage", get(origins::case))
        .route("/cameras", get(cameras::cameras))
        .route("/cameras/{id}/lineage", get(cameras::lineage))
        .route("/rain/lineage", get(origins::rain))
        .route("/water/lineage", get(origins::water))
        .route("/warnings", get(warnings::warnings))
        .route("/catalogue", get(catalogue::catalogue))
        .route("/risk", get(risk::risk))
        .route("/cases/queue", get(risk::queue))
        .route("/cases", get(read::cases))
        .route("/cases/{id}", get(read::case))
        .route("/units", get(read::units))
        .route("/units/{id}", get(read::unit))
        .route("/dispatches", get(read::dispatches))
        .route("/commands", post(act::post_command))
        .route("/water", get(water::water))
        .route("/forecast", get(water::forecast))
        .route("/advice", get(water::advice))
        .route("/advice/search", get(water::search))
        .route("/measures", get(water::measures))
        .route("/closures", get(water::closures))
        .route("/timelines", get(timelines::list).post(timelines::open))
        .route("/timelines/{id}", delete(timelines::close))
        .route("/timelines/{id}/control", post(timelines::control))
        .route("/timelines/{id}/report", get(timelines::report))
        .route("/drills", get(timelines::drills))
        .route("/picture", get(picture::socket))
        .route("/feeds", get(sources::feeds))
        .route("/cap", get(cap::feed))
        .route("/cap/{identifier}", get(cap::one))
        .route("/quarantine", get(status::quarantine))
        .route("/metrics", get(status::metrics))
        .layer(middleware::from_fn_with_state(doors, guard))
        // What is posted for a feed brings the feed's own token; GeoReport clients bring theirs as a field.
        .route("/hooks/{feed}", get(sources::hook).post(sources::hook))
        .route("/open311/v2/{what}", get(open311::get).post(open311::post))
        .route("/open311/v2/{what}/{id}", get(open311::get_one))
        .route("/health", get(status::health))
        .route("/openapi.json", get(document))
        .method_not_allowed_fallback(not_this_way)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

async fn guard(State(doors): Hall, request: Request, next: Next) -> Response {
    match auth::check(&doors.tokens, request.headers()) {
        Ok(_) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn document() -> impl IntoResponse {
    Json(Document::openapi())
}

async fn not_this_way(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        format!(
            "{uri} 不支持 {method}；接口说明见 /api/v1/openapi.json / {uri} does not take {method}: see /api/v1/openapi.json"
        ),
    )
}

pub(crate) async fn nothing_here(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        format!("没有 {uri}；接口说明见 /api/v1/openapi.json / nothing at {uri}: see /api/v1/openapi.json"),
    )
}
