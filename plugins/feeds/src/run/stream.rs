//! Bytes from a socket of any kind: we connect, they connect, or datagrams.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use super::{
    address::Stream,
    courier::{Closed, Courier},
};

/// A receiver that says nothing for so long is gone.
const QUIET: Duration = Duration::from_secs(600);
/// Connections served at once.
const MOST: usize = 4_096;

/// What is done with the bytes of one peer.
pub trait Peer: Send + 'static {
    /// Takes bytes.
    fn take(&mut self, courier: &Courier, bytes: &[u8]) -> impl Future<Output = Result<(), Closed>> + Send;
}

/// Follows an address until the room closes. `peer` makes the state for one sender, by its address.
pub async fn follow<P: Peer>(address: Stream, courier: Arc<Courier>, peer: impl Fn(&str) -> P + Send + Sync + 'static) {
    loop {
        let ended = match &address {
            Stream::Connect(place) => match TcpStream::connect(place).await {
                Ok(socket) => {
                    courier.up();
                    match read(socket, &courier, peer(place)).await {
                        Ok(()) => Ok("the other side has closed".to_owned()),
                        Err(closed) => Err(closed),
                    }
                }
                Err(error) => Ok(format!("{place}: {error}")),
            },
            Stream::Listen(place) => listen(place, &courier, &peer).await,
            Stream::Udp(place) => datagrams(place, &courier, &peer).await,
        };
        match ended {
            Ok(reason) => courier.fail(&reason).await,
            Err(Closed) => return,
        }
    }
}

async fn listen<P: Peer>(
    place: &str,
    courier: &Arc<Courier>,
    peer: &(impl Fn(&str) -> P + Send + Sync),
) -> Result<String, Closed> {
    let listener = match TcpListener::bind(place).await {
        Ok(listener) => listener,
        Err(error) => return Ok(format!("{place}: {error}")),
    };
    courier.up();
    let mut peers = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, from)) if peers.len() < MOST => {
                    let (courier, state) = (courier.clone(), peer(&from.ip().to_string()));
                    peers.spawn(async move { read(socket, &courier, state).await });
                }
                Ok((_, from)) => tracing::warn!("{}: {from} is one too many", courier.name()),
                Err(error) => return Ok(format!("{place}: {error}")),
            },
            Some(ended) = peers.join_next() => {
                if matches!(ended, Ok(Err(Closed))) {
                    return Err(Closed);
                }
            }
        }
    }
}

async fn read<P: Peer>(mut socket: impl AsyncRead + Unpin, courier: &Courier, mut peer: P) -> Result<(), Closed> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match tokio::time::timeout(QUIET, socket.read(&mut buffer)).await {
            Ok(Ok(n)) if n > 0 => peer.take(courier, &buffer[..n]).await?,
            _ => return Ok(()),
        }
    }
}

async fn datagrams<P: Peer>(
    place: &str,
    courier: &Courier,
    peer: &(impl Fn(&str) -> P + Send + Sync),
) -> Result<String, Closed> {
    let socket = match UdpSocket::bind(place).await {
        Ok(socket) => socket,
        Err(error) => return Ok(format!("{place}: {error}")),
    };
    courier.up();
    let mut buffer = vec![0; 64 * 1024];
    // Senders by address; a flood of invented addresses does not fill the memory.
    let mut peers: std::collections::BTreeMap<std::net::IpAddr, P> = std::collections::BTreeMap::new();
    loop {
        let (n, from) = match socket.recv_from(&mut buffer).await {
            Ok(read) => read,
            Err(error) => return Ok(format!("{place}: {error}")),
        };
        if peers.len() >= MOST && !peers.contains_key(&from.ip()) {
            peers.pop_first();
        }
        let state = peers.entry(from.ip()).or_insert_with(|| peer(&from.ip().to_string()));
        state.take(courier, &buffer[..n]).await?;
    }
}
