//! One client of the embedded broker.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
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
    durable::Extras,
    hub::{Hub, Joining, Said},
    wire::{self, Filter, Frame, NotLetIn, Say, Version, Will, WireError},
};
use crate::{
    intake::{Intake, Taken},
    seen::{Meet, Seen, content},
};

/// Messages that may wait for a slow peer: more than the 65 535 a client may have in flight, so that no
/// acknowledgement is ever dropped.
const OUTGOING: usize = 70_000;
/// Time a peer has to say CONNECT.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Who may come in: name and password; everybody when there is none.
pub type Users = BTreeMap<String, String>;

pub(super) async fn serve(mut stream: TcpStream, intake: &Intake, hub: &Arc<Hub>, users: &Users) -> Result<(), String> {
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    let version = tokio::time::timeout(CONNECT_WITHIN, first_packet(&mut stream, &mut buffer))
        .await
        .map_err(|_| "no CONNECT in time".to_owned())??;
    let Frame::Connect(connect) = wire::read(version, &mut buffer).map_err(|e| format!("{e:?}"))? else {
        return Err("the first packet is not CONNECT".into());
    };
    let (tx, rx) = mpsc::channel(OUTGOING);
    let (mut reader, writer) = stream.into_split();
    let writing = tokio::spawn(write_all(version, writer, rx));
    let nameless = connect.client_id.is_empty();
    let refused = match (is_let_in(users, connect.login.as_ref()), nameless && !connect.clean) {
        (false, _) => Some(NotLetIn::Login),
        // A session without a name could not be found again.
        (true, true) if version == Version::V4 => Some(NotLetIn::ClientId),
        _ => None,
    };
    if let Some(why) = refused {
        let _ = tx.send(Say::NotConnected(why)).await;
        drop(tx);
        let _ = writing.await;
        return Err(format!("not let in: {why:?}"));
    }
    let client_id = if nameless { assigned_name() } else { connect.client_id };
    let joined = hub.join(Joining {
        client_id: &client_id,
        clean: connect.clean,
        expiry_s: connect.expiry_s,
        receive_max: connect.receive_max,
        will: connect.will,
        tx: tx.clone(),
    });
    hub.kept().await;
    let assigned = nameless.then(|| client_id.clone());
    let _ = tx.send(Say::Connected { present: joined.present, assigned }).await;
    hub.resume(&client_id);
    intake.client_joined(&client_id);
    let keep_alive = u64::from(connect.keep_alive_s);
    let limit = if keep_alive == 0 { None } else { Some(Duration::from_millis(keep_alive * 1500)) };
    let (connection, kick, seen) = (joined.connection, joined.kick, joined.seen);
    let peer = Peer { version, client_id, tx, intake, hub, connection, seen };
    let mut aliases = BTreeMap::new();
    let result = tokio::select! {
        result = peer.read_all(&mut reader, &mut buffer, limit, &mut aliases) => result,
        () = kick.notified() => Err("another connection has taken the session".into()),
    };
    let graceful = matches!(result, Ok(true));
    if let Some((will, delay)) = hub.leave(&peer.client_id, connection, graceful) {
        say_will(hub.clone(), peer.client_id.clone(), will, delay);
    }
    intake.client_left(&peer.client_id);
    drop(peer);
    let _ = writing.await;
    result.map(|_| ())
}

fn is_let_in(users: &Users, login: Option<&(String, String)>) -> bool {
    if users.is_empty() {
        return true;
    }
    let Some((user, password)) = login else { return false };
    let Some(known) = users.get(user) else { return false };
    // Equal without telling by time how much of it was right.
    known.len() == password.len() && known.bytes().zip(password.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

fn assigned_name() -> String {
    use std::sync::atomic::AtomicU64;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("guanlan-guest-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Publishes a will when its time has come and the client has not.
fn say_will(hub: Arc<Hub>, client_id: String, will: Will, delay: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        if delay.is_zero() || !hub.is_online(&client_id) {
            let Will { topic, payload, qos, retain, .. } = &will;
            let said = Said { topic, payload, qos: *qos, retain: *retain, expiry_s: None, extras: None };
            hub.publish_from(Some(&client_id), &said);
        }
    });
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
    expiry_s: Option<u32>,
    extras: Option<Arc<Extras>>,
}

struct Peer<'a> {
    version: Version,
    client_id: String,
    tx: mpsc::Sender<Say>,
    intake: &'a Intake,
    hub: &'a Arc<Hub>,
    connection: u64,
    seen: Arc<Mutex<Seen>>,
}

/// Topics behind the numbers of MQTT 5.
type Aliases = BTreeMap<u16, String>;

impl Peer<'_> {
    /// Until the peer is gone; true when it has said goodbye.
    async fn read_all(
        &self,
        reader: &mut tokio::net::tcp::OwnedReadHalf,
        buffer: &mut BytesMut,
        limit: Option<Duration>,
        aliases: &mut Aliases,
    ) -> Result<bool, String> {
        let mut exactly_once = ExactlyOnce::new();
        loop {
            loop {
                match wire::read(self.version, buffer) {
                    Ok(Frame::Disconnect { with_will, expiry_s }) => {
                        if let Some(expiry_s) = expiry_s {
                            self.hub.set_expiry(&self.client_id, self.connection, expiry_s);
                        }
                        return Ok(!with_will);
                    }
                    Ok(frame) => self.handle(frame, &mut exactly_once, aliases).await?,
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
                return Ok(false);
            }
            // The writer may have made room since: what waits for this client goes on.
            self.hub.pump(&self.client_id);
        }
    }

    async fn say(&self, say: Say) -> Result<(), String> {
        self.tx.send(say).await.map_err(|_| "peer is gone".to_owned())
    }

    async fn handle(&self, frame: Frame, exactly_once: &mut ExactlyOnce, aliases: &mut Aliases) -> Result<(), String> {
        match frame {
            Frame::Publish { topic, payload, qos, retain, dup, pkid, expiry_s, alias, extras } => {
                let topic = real_topic(topic, alias, aliases)?;
                if qos == 1 {
                    let met = self.seen().meet(pkid, dup, content(&topic, &payload));
                    match met {
                        Meet::New => {}
                        Meet::Again => return self.say(Say::PubAck { pkid, refused: false }).await,
                        Meet::Waiting => return Ok(()),
                    }
                }
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
                let taken =
                    self.publish(&Incoming { topic, payload, qos, retain, pkid, expiry_s, extras }, &durable).await?;
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
            Frame::PubAck { pkid } => {
                self.hub.acknowledged(&self.client_id, pkid);
                Ok(())
            }
            Frame::Subscribe { pkid, filters } => {
                let known = |f: Filter| {
                    let was_there = self.hub.has_filter(&self.client_id, &f.path);
                    (f, was_there)
                };
                let filters: Vec<(Filter, bool)> = filters.into_iter().map(known).collect();
                let plain: Vec<Filter> = filters.iter().map(|(f, _)| f.clone()).collect();
                let granted = self.hub.subscribe(&self.client_id, &plain);
                self.hub.kept().await;
                self.say(Say::Subscribed { pkid, granted }).await?;
                self.hub.retained(&self.client_id, &filters);
                Ok(())
            }
            Frame::Unsubscribe { pkid, filters } => {
                self.hub.unsubscribe(&self.client_id, &filters);
                self.hub.kept().await;
                self.say(Say::Unsubscribed { pkid, filters: filters.len() }).await
            }
            Frame::Ping => self.say(Say::Pong).await,
            Frame::Connect(_) => Err("a second CONNECT".into()),
            Frame::Ack | Frame::Disconnect { .. } => Ok(()),
        }
    }

    async fn publish(&self, message: &Incoming, durable: &Arc<AtomicBool>) -> Result<Taken, String> {
        let Incoming { topic, payload, qos, retain, pkid, expiry_s, extras } = message;
        let (qos, pkid) = (*qos, *pkid);
        let said = Said { topic, payload, qos, retain: *retain, expiry_s: *expiry_s, extras: extras.clone() };
        let written = self.hub.publish_from(Some(&self.client_id), &said);
        let hash = content(topic, payload);
        let tx = self.tx.clone();
        let answer = move |refused| match qos {
            1 => Some(Say::PubAck { pkid, refused }),
            2 => Some(Say::PubRec { pkid, refused }),
            _ => None,
        };
        let mut inputs = match self.intake.read(&self.client_id, topic, payload) {
            Ok(inputs) => inputs,
            Err(taken) => {
                if written && qos > 0 {
                    self.hub.kept().await;
                }
                durable.store(true, Ordering::Release);
                self.seen().durable(pkid, hash);
                if let Some(say) = answer(taken == Taken::Refused) {
                    self.say(say).await?;
                }
                return Ok(taken);
            }
        };
        // A full room is felt here: the socket is not read until the room takes the message.
        loop {
            let (tx, late, flag, seen) = (tx.clone(), answer, durable.clone(), self.seen.clone());
            let answered = move || {
                let Some(say) = late(false) else { return };
                flag.store(true, Ordering::Release);
                // On another connection since: the client sends again and is answered there.
                if qos == 1 && !seen.lock().unwrap_or_else(PoisonError::into_inner).durable(pkid, hash) {
                    return;
                }
                // Called on the room's thread: never wait there. The channel holds what a
                // client may have in flight; a client beyond that sends again.
                let _ = tx.try_send(say);
            };
            let hub = written.then(|| Arc::clone(self.hub));
            let acked: Box<dyn FnOnce(bool) + Send> = Box::new(move |durable| match hub {
                _ if !durable => {}
                // What the broker itself must not forget is on disk, too, before anybody is told.
                Some(hub) => hub.then(Box::new(answered)),
                None => answered(),
            });
            match self.intake.try_hand_over(inputs, (qos > 0).then_some(acked)) {
                Ok(()) => return Ok(Taken::Queued),
                Err((Taken::Full, back)) => inputs = back,
                Err(_) => {
                    self.seen().forget(pkid);
                    return Err("the room has stopped".into());
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The topic a message means: MQTT 5 may give it a number once and name only the number afterwards.
fn real_topic(topic: String, alias: Option<u16>, aliases: &mut Aliases) -> Result<String, String> {
    let Some(alias) = alias else {
        return if topic.is_empty() { Err("a message without a topic".into()) } else { Ok(topic) };
    };
    if alias == 0 || alias > wire::MAX_ALIAS {
        return Err(format!("topic alias {alias}"));
    }
    if topic.is_empty() {
        return aliases.get(&alias).cloned().ok_or_else(|| format!("topic alias {alias} has no topic"));
    }
    aliases.insert(alias, topic.clone());
    Ok(topic)
}
