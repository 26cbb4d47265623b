//! The first packet of a client: which version it speaks, whether it is let in, and under which name.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    connection::Users,
    wire::{self, Version, WireError},
};
use crate::intake::wall_now;

/// Everybody where no names are known; else those who bring a name and its password.
pub(super) fn is_let_in(users: &Users, login: Option<&(String, String)>) -> bool {
    if users.is_empty() {
        return true;
    }
    let Some((user, password)) = login else { return false };
    let Some(known) = users.get(user) else { return false };
    // Equal without telling by time how much of it was right.
    known.len() == password.len() && known.bytes().zip(password.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

/// A name no client had before, also not before a restart: its session is nobody else's.
pub(super) fn assigned_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    static BEGAN: OnceLock<i64> = OnceLock::new();
    let began = BEGAN.get_or_init(|| wall_now().0);
    format!("guanlan-guest-{began:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until a whole CONNECT is there; which version it is of.
pub(super) async fn first_packet(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Version, String> {
    loop {
        match wire::sniff(buffer) {
            Ok(version) if complete(version, buffer) => return Ok(version),
            Ok(_) | Err(WireError::More) => {}
            Err(WireError::Broken(reason) | WireError::Protocol(reason)) => return Err(reason),
            Err(WireError::Topic) => return Err("the first packet is not CONNECT".into()),
            Err(WireError::TooLarge) => return Err("CONNECT is too long".into()),
            Err(WireError::Version) => {
                // The CONNACK of MQTT 3 that says so: unacceptable protocol version.
                let _ = stream.write_all(&[0x20, 2, 0, 1]).await;
                return Err("protocol is neither MQTT 3.1.1 nor MQTT 5".into());
            }
        }
        if stream.read_buf(buffer).await.map_err(|e| e.to_string())? == 0 {
            return Err("closed before CONNECT".into());
        }
        if buffer.len() > wire::MAX_PACKET_BYTES {
            return Err("CONNECT is too long".into());
        }
    }
}

fn complete(version: Version, buffer: &BytesMut) -> bool {
    // Reading is repeated on the real buffer afterwards; a CONNECT is small.
    let mut copy = buffer.clone();
    !matches!(wire::read(version, &mut copy), Err(WireError::More))
}
