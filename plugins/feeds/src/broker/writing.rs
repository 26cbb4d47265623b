//! What is said to one client: packets in batches, none larger than it takes, topics by number where it knows them.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::{io::AsyncWriteExt, sync::mpsc};

use super::{
    hub::Hub,
    wire::{self, Aliases, Say, Version},
};

/// What a client takes.
pub(super) struct Takes {
    pub version: Version,
    /// Largest packet, bytes.
    pub max_packet: usize,
    pub aliases: Aliases,
}

/// Writes until nothing more is to be said or the peer is gone.
pub(super) async fn write_all(
    mut takes: Takes,
    mut writer: tokio::net::tcp::OwnedWriteHalf,
    mut rx: mpsc::Receiver<Say>,
    hub: Arc<Hub>,
    client_id: String,
) {
    let mut out = BytesMut::with_capacity(4096);
    let mut batch = Vec::with_capacity(64);
    while rx.recv_many(&mut batch, 64).await > 0 {
        out.clear();
        for say in batch.drain(..) {
            let before = out.len();
            let topic = if let Say::Message { message, .. } = &say { Some(message.topic.as_str()) } else { None };
            let alias = topic.and_then(|t| takes.aliases.of(t));
            let written = match takes.version {
                Version::V4 => wire::v4::write(&say, &mut out),
                Version::V5 => wire::v5::write(&say, alias, &mut out),
            };
            if written.is_err() {
                return;
            }
            // A client of MQTT 5 never sees what is larger than it takes; for its session it is done with.
            if out.len() - before > takes.max_packet {
                out.truncate(before);
                if let Say::Message { pkid: pkid @ 1.., .. } = say {
                    hub.acknowledged(&client_id, pkid);
                }
            } else if let (Some(topic), Some((number, false))) = (topic, alias) {
                takes.aliases.told(topic, number);
            }
        }
        if writer.write_all(&out).await.is_err() {
            return;
        }
    }
}
