//! Connectors at work: one task for each feed, started, changed and ended by the supervisor.

pub mod address;
mod backoff;
mod camera;
mod cap;
pub mod courier;
pub mod hook;
mod http;
pub mod mqtt;
pub mod mqtt_link;
mod once;
mod open311;
mod positions;
mod rain;
mod replay;
mod sensorthings;
mod socket;
mod stream;
mod supervisor;
mod tail;
mod tls;
mod web;

/// TLS with the authorities the system trusts.
pub(crate) fn tls_of_the_system() -> Result<std::sync::Arc<rustls::ClientConfig>, String> {
    tls::client(None, None)
}

pub(crate) use address::is_filter;
pub use supervisor::{FeedInfo, FileInfo, Supervisor};
