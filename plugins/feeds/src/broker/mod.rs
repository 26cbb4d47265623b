//! The embedded MQTT broker: 3.1.1 and 5, QoS 0, 1 and 2 both ways, persistent sessions, retained messages, wildcards,
//! shared subscriptions, wills, and of MQTT 5 subscription identifiers and topic aliases both ways. Sessions, retained
//! messages and wills survive a restart ([`Hub::beside`]).
//!
//! What sets it apart from a general broker: a publish with QoS 1 or 2 is acknowledged only after the room has committed
//! the tick that drained it. A device that got its PUBACK will find its reading after any crash; one that did not sends
//! again and is not counted twice. General brokers (rumqttd, rmqtt) acknowledge when they have queued a message and have
//! no place to wait for the room, so this one is the room's own.

mod connection;
mod durable;
mod filter;
mod handshake;
mod hub;
mod publish;
mod restore;
mod session;
mod trouble;
mod wills;
mod wire;
mod writing;

use std::{net::SocketAddr, sync::Arc};

use tokio::net::{TcpListener, ToSocketAddrs};

pub use connection::Users;
pub use durable::Extras;
pub use hub::Hub;
pub use session::Waiting;

use crate::intake::Intake;

/// Address the room listens on by default.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:1883";

/// Binds the broker; connections are served on the calling runtime until it ends.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(
    address: impl ToSocketAddrs,
    intake: Arc<Intake>,
    hub: Arc<Hub>,
    users: Users,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    let users = Arc::new(users);
    tokio::spawn(trouble::watch(hub.clone(), intake.clone()));
    wills::after_restart(&hub, &intake);
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let (intake, hub, users) = (intake.clone(), hub.clone(), users.clone());
                    tokio::spawn(async move {
                        if let Err(reason) = connection::serve(stream, &intake, &hub, &users).await {
                            tracing::debug!("mqtt {peer}: {reason}");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!("mqtt accept: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            }
        }
    });
    Ok(local)
}
