//! The HTTP and WebSocket doors of the house, under `/api/v1`, described at `/api/v1/openapi.json`.
//!
//! **Invariant:** a 2xx for anything that changes the room is sent after commit.
//! **Invariant:** without tokens the gateway listens on loopback only.
//! **Invariant:** errors are RFC 9457 problems with words that say what to do.

pub mod auth;
mod feeds;
mod openapi;
mod problem;
mod routes;
mod wire;

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use guanlan_geography::LocalFrame;
use guanlan_room::{RoomHandle, Timelines};
use tokio::net::TcpListener;

pub use auth::{Token, parse_tokens};
pub use feeds::{Feeds, Figure, Refused};
pub use problem::Problem;

/// What every handler needs.
pub(crate) struct Doors {
    pub timelines: Arc<Timelines>,
    pub frame: LocalFrame,
    pub tokens: Vec<Token>,
    pub feeds: Feeds,
}

impl Doors {
    /// The timeline a request names with `?timeline=`; the live room otherwise.
    pub fn room(&self, timeline: Option<&str>) -> Result<RoomHandle, Problem> {
        match timeline {
            None => Ok(self.timelines.live().clone()),
            Some(id) => self.timelines.get(id).ok_or_else(|| Problem::not_found("timeline", id)),
        }
    }
}

/// The API cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Not an address, or taken.
    #[error("{0} (expected ADDRESS:PORT, for example 127.0.0.1:8080)")]
    Bind(#[from] std::io::Error),
    /// An open address without tokens.
    #[error(
        "{0} 不是本机地址：请先用环境变量 GUANLAN_TOKENS 配置令牌 / {0} is not a loopback address: configure tokens first (GUANLAN_TOKENS)"
    )]
    Open(SocketAddr),
}

/// Serves the API on the calling runtime until it ends; returns the bound address.
///
/// # Errors
/// When the address cannot be bound, or is open to the network without tokens.
pub async fn serve(
    address: &str,
    timelines: Arc<Timelines>,
    tokens: Vec<Token>,
    feeds: Feeds,
) -> Result<SocketAddr, ServeError> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    if tokens.is_empty() && !local.ip().is_loopback() {
        return Err(ServeError::Open(local));
    }
    let city = &timelines.config().city;
    let frame = LocalFrame::new(city.epsg, city.origin);
    let app = router(Arc::new(Doors { timelines, frame, tokens, feeds }));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!("API: {error}");
        }
    });
    Ok(local)
}

fn router(doors: Arc<Doors>) -> Router {
    Router::new().nest("/api/v1", routes::all(doors.clone())).fallback(routes::nothing_here).with_state(doors)
}
