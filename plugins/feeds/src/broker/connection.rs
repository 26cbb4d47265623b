//! One client of the embedded broker.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use super::{
    hub::Hub,
    wire::{self, Frame, Say, Version, WireError},
};
use crate::intake::{Intake, Taken};

/// Messages that may wait for a slow peer: more than the 65 535 a client may have in flight, so that no
/// acknowledgement is ever dropped.
const OUTGOING: usize = 70_000;
/// Time a peer has to say CONNECT.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn serve(mut stream: TcpStream, intake: &Intake, hub: &Hub) -> Result<(), String> {
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    let version = tokio::time::timeout(CONNECT_WITHIN, first_packet(&mut stream, &mut buffer))
        .await
        .map_err(|_| "no CONNECT in time".to_owned())??;
    let Frame::Connect { client_id, keep_alive_s } = wire::read(version, &mut buffer).map_err(|e| format!("{e:?}"))?
    else {
        return Err("the first packet is not CONNECT".into());
    };
    let (tx, rx) = mpsc::channel(OUTGOING);
    let (mut reader, writer) = stream.into_split();
    let writing = tokio::spawn(write_all(version, writer, rx));
    let id = hub.join(tx.clone());
    let _ = tx.send(Say::Connected).await;
    intake.client_joined(&client_id);
    let peer = Peer { version, client_id, tx, intake, hub, id };
    let limit = if keep_alive_s == 0 { None } else { Some(Duration::from_millis(u64::from(keep_alive_s) * 1500)) };
    let result = peer.read_all(&mut reader, &mut buffer, limit).await;
    hub.leave(id);
    intake.client_left(&peer.client_id);
    drop(peer);
    let _ = writing.await;
    result
}

async fn first_packet(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Version, String> {
    loop {
        match wire::sniff(buffer) {
            Ok(version) if complete(version, buffer) => return Ok(version),
            Ok(_) | Err(WireError::More) => {}
            Err(WireError::Broken(reason)) => return Err(reason),
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

async fn write_all(version: Version, mut writer: tokio::net::tcp::OwnedWriteHalf, mut rx: mpsc::Receiver<Say>) {
    let mut out = BytesMut::with_capacity(4096);
    let mut batch = Vec::with_capacity(64);
    while rx.recv_many(&mut batch, 64).await > 0 {
        out.clear();
        for say in batch.drain(..) {
            if wire::write(version, &say, &mut out).is_err() {
                return;
            }
        }
        if writer.write_all(&out).await.is_err() {
            return;
        }
    }
}

/// QoS 2 messages between PUBLISH and PUBREL, with whether each is durable yet.
type ExactlyOnce = BTreeMap<u16, Arc<AtomicBool>>;

/// A message on its way in.
struct Incoming {
    topic: String,
    payload: Bytes,
    qos: u8,
    retain: bool,
    pkid: u16,
}

struct Peer<'a> {
    version: Version,
    client_id: String,
    tx: mpsc::Sender<Say>,
    intake: &'a Intake,
    hub: &'a Hub,
    id: u64,
}

impl Peer<'_> {
    async fn read_all(
        &self,
        reader: &mut tokio::net::tcp::OwnedReadHalf,
        buffer: &mut BytesMut,
        limit: Option<Duration>,
    ) -> Result<(), String> {
        let mut exactly_once = ExactlyOnce::new();
        loop {
            loop {
                match wire::read(self.version, buffer) {
                    Ok(Frame::Disconnect) => return Ok(()),
                    Ok(frame) => self.handle(frame, &mut exactly_once).await?,
                    Err(WireError::More) => break,
                    Err(WireError::Broken(reason)) => return Err(reason),
                }
            }
            let read = reader.read_buf(buffer);
            let n = match limit {
                Some(limit) => tokio::time::timeout(limit, read).await.map_err(|_| "keep-alive ran out".to_owned())?,
                None => read.await,
            };
            if n.map_err(|e| e.to_string())? == 0 {
                return Ok(());
            }
        }
    }

    async fn say(&self, say: Say) -> Result<(), String> {
        self.tx.send(say).await.map_err(|_| "peer is gone".to_owned())
    }

    async fn handle(&self, frame: Frame, exactly_once: &mut ExactlyOnce) -> Result<(), String> {
        match frame {
            Frame::Publish { topic, payload, qos, retain, pkid } => {
                let durable = Arc::new(AtomicBool::new(false));
                if qos == 2 {
                    if let Some(durable) = exactly_once.get(&pkid) {
                        // Sent again: before it is durable the answer is still on its way.
                        return match durable.load(Ordering::Acquire) {
                            true => self.say(Say::PubRec { pkid, refused: false }).await,
                            false => Ok(()),
                        };
                    }
                    exactly_once.insert(pkid, durable.clone());
                }
                let taken = self.publish(&Incoming { topic, payload, qos, retain, pkid }, &durable).await?;
                if taken == Taken::Refused && self.version == Version::V5 {
                    // A refusal ends the exchange in MQTT 5: no PUBREL follows and the number is free again.
                    exactly_once.remove(&pkid);
                }
                Ok(())
            }
            Frame::PubRel { pkid } => {
                exactly_once.remove(&pkid);
                self.say(Say::PubComp { pkid }).await
            }
            Frame::Subscribe { pkid, filters } => {
                self.say(Say::Subscribed { pkid, filters: filters.len() }).await?;
                self.hub.subscribe(self.id, &filters);
                Ok(())
            }
            Frame::Unsubscribe { pkid, filters } => {
                self.hub.unsubscribe(self.id, &filters);
                self.say(Say::Unsubscribed { pkid, filters: filters.len() }).await
            }
            Frame::Ping => self.say(Say::Pong).await,
            Frame::Connect { .. } => Err("a second CONNECT".into()),
            Frame::Ack | Frame::Disconnect => Ok(()),
        }
    }

    async fn publish(&self, message: &Incoming, durable: &Arc<AtomicBool>) -> Result<Taken, String> {
        let Incoming { topic, payload, qos, retain, pkid } = message;
        let (qos, pkid) = (*qos, *pkid);
        self.hub.publish(topic, payload, *retain);
        let tx = self.tx.clone();
        let answer = move |refused| match qos {
            1 => Some(Say::PubAck { pkid, refused }),
            2 => Some(Say::PubRec { pkid, refused }),
            _ => None,
        };
        // A full room is felt here: the socket is not read until the room takes the message.
        loop {
            let (tx, late, flag) = (tx.clone(), answer, durable.clone());
            let acked: Box<dyn FnOnce(bool) + Send> = Box::new(move |durable| {
                if let (true, Some(say)) = (durable, late(false)) {
                    flag.store(true, Ordering::Release);
                    // Called on the room's thread: never wait there. The channel holds what a
                    // client may have in flight; a client beyond that sends again.
                    let _ = tx.try_send(say);
                }
            });
            let taken = self.intake.message(&self.client_id, topic, payload, (qos > 0).then_some(acked));
            match taken {
                Taken::Queued => return Ok(taken),
                Taken::Nothing | Taken::Refused => {
                    durable.store(true, Ordering::Release);
                    if let Some(say) = answer(taken == Taken::Refused) {
                        self.say(say).await?;
                    }
                    return Ok(taken);
                }
                Taken::Full => tokio::time::sleep(Duration::from_millis(20)).await,
                Taken::Closed => return Err("the room has stopped".into()),
            }
        }
    }
}
