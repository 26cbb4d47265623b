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
use guanlan_core::Input;
use tokio::{io::AsyncReadExt, net::TcpStream, sync::mpsc};

use super::{
    durable::{Extras, KeptArrival},
    handshake::{assigned_name, first_packet, is_let_in},
    hub::{Hub, Joining},
    publish::Said,
    session::{ExactlyOnce, Kick, Once},
    wills,
    wire::{self, Aliases, Filter, Frame, Goodbye, NotLetIn, Say, Version, WireError},
    writing::{Takes, write_all},
};
use crate::{
    intake::{Intake, Taken, wall_now},
    seen::{Meet, Seen, content},
};

/// Messages that may wait for a slow peer: more than the 65 535 a client may have in flight, so that no
/// acknowledgement is ever dropped.
const OUTGOING: usize = 70_000;
/// Time a peer has to say CONNECT.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Time a peer has to take what was still to be said when its connection ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Who may come in: name and password; everybody when there is none.
pub type Users = BTreeMap<String, String>;

pub(super) async fn serve(
    mut stream: TcpStream,
    intake: &Arc<Intake>,
    hub: &Arc<Hub>,
    users: &Users,
) -> Result<(), String> {
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
    let nameless = connect.client_id.is_empty();
    let client_id = if nameless { assigned_name() } else { connect.client_id };
    let takes = Takes { version, max_packet: connect.max_packet as usize, aliases: Aliases::new(connect.alias_max) };
    let mut writing = tokio::spawn(write_all(takes, writer, rx, hub.clone(), client_id.clone()));
    let refused = match (is_let_in(users, connect.login.as_ref()), nameless && !connect.clean) {
        _ if connect.has_method => Some(NotLetIn::Method),
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
    hub.make_way(&client_id).await;
    let joined = hub.join(Joining {
        client_id: &client_id,
        clean: connect.clean,
        expiry_s: connect.expiry_s,
        receive_max: connect.receive_max,
        will: connect.will,
        tx: tx.clone(),
    });
    if let Some(will) = &joined.due {
        wills::say(hub, intake, &client_id, will);
    }
    hub.kept().await;
    let assigned = nameless.then(|| client_id.clone());
    let _ = tx.send(Say::Connected { present: joined.present, assigned }).await;
    hub.resume(&client_id);
    intake.client_joined(&client_id);
    let keep_alive = u64::from(connect.keep_alive_s);
    let limit = if keep_alive == 0 { None } else { Some(Duration::from_millis(keep_alive * 1500)) };
    let (connection, kick, seen, exactly_once) = (joined.connection, joined.kick, joined.seen, joined.exactly_once);
    let ends_with_connection = connect.expiry_s == 0;
    let peer = Peer { version, client_id, tx, intake, hub, connection, kick, seen, exactly_once, ends_with_connection };
    let mut aliases = BTreeMap::new();
    let result = tokio::select! {
        result = peer.read_all(&mut reader, &mut buffer, limit, &mut aliases) => result,
        () = peer.kick.now.notified() => Err(Ended::taken_over()),
    };
    let graceful = matches!(result, Ok(true));
    if let Err(Ended { goodbye: Some(why), .. }) = &result {
        let _ = peer.tx.try_send(Say::Goodbye(*why));
    }
    if let Some(delay) = hub.leave(&peer.client_id, connection, graceful) {
        wills::schedule(hub.clone(), intake.clone(), peer.client_id.clone(), connection, delay);
    }
    intake.client_left(&peer.client_id);
    drop(peer);
    if tokio::time::timeout(LAST_WORDS, &mut writing).await.is_err() {
        writing.abort();
    }
    result.map(|_| ()).map_err(|ended| ended.reason)
}

/// Why a connection ended, and what a peer of MQTT 5 is told.
struct Ended {
    reason: String,
    goodbye: Option<Goodbye>,
}

impl Ended {
    fn new(reason: impl Into<String>, goodbye: Goodbye) -> Self {
        Self { reason: reason.into(), goodbye: Some(goodbye) }
    }

    fn taken_over() -> Self {
        Self::new("another connection has taken the session", Goodbye::TakenOver)
    }
}

impl From<String> for Ended {
    fn from(reason: String) -> Self {
        Self { reason, goodbye: None }
    }
}

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
    /// Rings when another connection takes the session.
    kick: Arc<Kick>,
    seen: Arc<Mutex<Seen>>,
    exactly_once: Arc<Mutex<ExactlyOnce>>,
    /// The client asked for a session without an expiry.
    ends_with_connection: bool,
}

/// Topics behind the numbers that a client of MQTT 5 gives.
type TheirAliases = BTreeMap<u16, String>;

impl Peer<'_> {
    /// Until the peer is gone; true when it has said goodbye.
    async fn read_all(
        &self,
        reader: &mut tokio::net::tcp::OwnedReadHalf,
        buffer: &mut BytesMut,
        limit: Option<Duration>,
        aliases: &mut TheirAliases,
    ) -> Result<bool, Ended> {
        loop {
            loop {
                match wire::read(self.version, buffer) {
                    Ok(Frame::Disconnect { with_will, expiry_s }) => {
                        if let Some(expiry_s) = expiry_s {
                            // [MQTT-3.14.2-2]: a session that was to end with its connection ends with it.
                            if self.ends_with_connection && expiry_s > 0 {
                                return Err(Ended::new("an expiry for a session without one", Goodbye::Protocol));
                            }
                            self.hub.set_expiry(&self.client_id, self.connection, expiry_s);
                        }
                        return Ok(!with_will);
                    }
                    Ok(frame) => self.handle(frame, aliases).await?,
                    Err(WireError::More) => break,
                    Err(WireError::Broken(reason)) => return Err(Ended::new(reason, Goodbye::Malformed)),
                    Err(WireError::Protocol(reason)) => return Err(Ended::new(reason, Goodbye::Protocol)),
                    Err(WireError::Topic) => return Err(Ended::new("a topic with wildcards", Goodbye::Topic)),
                    Err(WireError::TooLarge) => return Err(Ended::new("packet too large", Goodbye::TooLarge)),
                    Err(WireError::Version) => return Err(Ended::new("a second CONNECT", Goodbye::Protocol)),
                }
            }
            // Peers that gather small packets (Nagle) hold the next one back until this one is acknowledged, and one that
            // closes meanwhile never sends it. The system forgets the wish, so it is said before every read.
            #[cfg(target_os = "linux")]
            let _ = reader.as_ref().set_quickack(true);
            // What has come is heard before another connection may take the session.
            let read = async {
                tokio::select! {
                    biased;
                    n = reader.read_buf(buffer) => n.map_err(|e| Ended::from(e.to_string())),
                    () = self.kick.soon.notified() => Err(Ended::taken_over()),
                }
            };
            let silent = |_| Ended::new("keep-alive ran out", Goodbye::Silent);
            let n = match limit {
                Some(limit) => tokio::time::timeout(limit, read).await.map_err(silent)?,
                None => read.await,
            };
            if n? == 0 {
                return Ok(false);
            }
            // The writer may have made room since: what waits for this client goes on.
            self.hub.pump(&self.client_id);
        }
    }

    /// Says something. A peer that is gone does not hear it, and that ends nothing: what it sent before it went
    /// (acknowledgements, its goodbye) is still to be heard; the end of its stream ends the connection.
    async fn say(&self, say: Say) {
        let _ = self.tx.send(say).await;
    }

    async fn handle(&self, frame: Frame, aliases: &mut TheirAliases) -> Result<(), Ended> {
        match frame {
            Frame::Publish { topic, payload, qos, retain, dup, pkid, expiry_s, alias, extras } => {
                let topic = real_topic(topic, alias, aliases)?;
                let hash = content(&topic, &payload);
                if qos == 1 {
                    let met = self.seen().meet(pkid, dup, hash);
                    match met {
                        Meet::New => {}
                        Meet::Again => {
                            self.say(Say::PubAck { pkid, refused: false }).await;
                            return Ok(());
                        }
                        Meet::Waiting => return Ok(()),
                    }
                }
                let durable = Arc::new(AtomicBool::new(false));
                if qos == 2 {
                    let known = self.exactly_once().get_mut(&pkid).filter(|once| once.content == hash).map(|once| {
                        let here = std::mem::replace(&mut once.connection, self.connection) == self.connection;
                        (once.durable.clone(), here)
                    });
                    match known {
                        None => {}
                        Some((durable, _)) if durable.load(Ordering::Acquire) => {
                            self.say(Say::PubRec { pkid, refused: false }).await;
                            return Ok(());
                        }
                        // The answer is on its way.
                        Some((_, true)) => return Ok(()),
                        // It would go to the connection that is gone.
                        Some((durable, false)) => {
                            self.say_once_durable(durable, Say::PubRec { pkid, refused: false });
                            return Ok(());
                        }
                    }
                    let once = Once { content: hash, durable: durable.clone(), connection: self.connection };
                    self.exactly_once().insert(pkid, once);
                }
                let incoming = Incoming { topic, payload, qos, retain, pkid, expiry_s, extras };
                let taken = self.publish(&incoming, &durable).await?;
                if taken == Taken::Refused && self.version == Version::V5 {
                    // A refusal ends the exchange in MQTT 5: no PUBREL follows and the number is free again.
                    self.exactly_once().remove(&pkid);
                    self.hub.answered(&self.client_id, pkid);
                }
                Ok(())
            }
            Frame::PubRel { pkid } => {
                self.exactly_once().remove(&pkid);
                self.hub.answered(&self.client_id, pkid);
                // The number is forgotten on disk before the client uses it anew.
                self.say_when_kept(Say::PubComp { pkid });
                Ok(())
            }
            Frame::PubRec { pkid, refused: true } => {
                self.hub.acknowledged(&self.client_id, pkid);
                Ok(())
            }
            Frame::PubRec { pkid, refused: false } => {
                let found = self.hub.received(&self.client_id, pkid);
                self.say_when_kept(Say::PubRel { pkid, found });
                Ok(())
            }
            Frame::PubComp { pkid } => {
                self.hub.acknowledged(&self.client_id, pkid);
                Ok(())
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
                self.say(Say::Subscribed { pkid, granted }).await;
                self.hub.retained(&self.client_id, &filters);
                Ok(())
            }
            Frame::Unsubscribe { pkid, filters } => {
                let were = self.hub.unsubscribe(&self.client_id, &filters);
                self.hub.kept().await;
                self.say(Say::Unsubscribed { pkid, were }).await;
                Ok(())
            }
            Frame::Ping => {
                self.say(Say::Pong).await;
                Ok(())
            }
            Frame::Connect(_) => Err(Ended::new("a second CONNECT", Goodbye::Protocol)),
            Frame::Ack | Frame::Disconnect { .. } => Ok(()),
        }
    }

    /// Says something once everything that was done until now is on disk; nobody waits for it.
    fn say_when_kept(&self, say: Say) {
        let tx = self.tx.clone();
        self.hub.then(Box::new(move || {
            let _ = tx.try_send(say);
        }));
    }

    /// Says something when a message is on disk.
    fn say_once_durable(&self, durable: Arc<AtomicBool>, say: Say) {
        let tx = self.tx.clone();
        tokio::spawn(async move {
            while !durable.load(Ordering::Acquire) && !tx.is_closed() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let _ = tx.send(say).await;
        });
    }

    async fn publish(&self, message: &Incoming, durable: &Arc<AtomicBool>) -> Result<Taken, Ended> {
        let Incoming { topic, payload, qos, retain, pkid, expiry_s, extras } = message;
        let (qos, pkid, hash) = (*qos, *pkid, content(topic, payload));
        // Before a restart it had come already: listeners have it, and the room knows it by the time it came first.
        let came = if qos == 0 { None } else { self.hub.had_come(&self.client_id, pkid, hash) };
        let received = came.unwrap_or_else(wall_now);
        let read = self.intake.read(&self.client_id, topic, payload, received);
        // A reading that does not say its time is told from its twin only by when it came.
        let timeless = |i: &Input| matches!(i, Input::Observation(o) if o.phenomenon == o.received);
        let to_remember = match qos {
            2 => came.is_none(),
            1 => came.is_none() && read.as_ref().is_ok_and(|inputs| inputs.iter().any(timeless)),
            _ => false,
        } && self.hub.remembers(&self.client_id);
        let arrival = to_remember.then_some((pkid, KeptArrival { content: hash, received_ms: received.0, qos }));
        let said = Said { topic, payload, qos, retain: *retain, expiry_s: *expiry_s, extras: extras.clone() };
        let written = came.is_none() && self.hub.publish_from(Some(&self.client_id), &said, arrival);
        let tx = self.tx.clone();
        let answer = move |refused| match qos {
            1 => Some(Say::PubAck { pkid, refused }),
            2 => Some(Say::PubRec { pkid, refused }),
            _ => None,
        };
        let mut inputs = match read {
            Ok(inputs) => inputs,
            Err(taken) => {
                if written && qos > 0 {
                    self.hub.kept().await;
                }
                durable.store(true, Ordering::Release);
                self.seen().durable(pkid, hash);
                if let Some(say) = answer(taken == Taken::Refused) {
                    self.say(say).await;
                }
                return Ok(taken);
            }
        };
        if to_remember {
            self.hub.kept().await;
        }
        let remembered = (qos == 1 && (to_remember || came.is_some())).then(|| self.client_id.clone());
        // A full room is felt here: the socket is not read until the room takes the message.
        loop {
            let (tx, late, flag, seen) = (tx.clone(), answer, durable.clone(), self.seen.clone());
            let (hub, name) = (Arc::clone(self.hub), remembered.clone());
            let answered = move || {
                let Some(say) = late(false) else { return };
                flag.store(true, Ordering::Release);
                if let Some(name) = name {
                    hub.answered(&name, pkid);
                }
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
                    self.exactly_once().remove(&pkid);
                    return Err("the room has stopped".to_owned().into());
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn exactly_once(&self) -> std::sync::MutexGuard<'_, ExactlyOnce> {
        self.exactly_once.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The topic a message means: MQTT 5 may give it a number once and name only the number afterwards.
fn real_topic(topic: String, alias: Option<u16>, aliases: &mut TheirAliases) -> Result<String, Ended> {
    let Some(alias) = alias else {
        let none = || Ended::new("a message without a topic", Goodbye::Protocol);
        return if topic.is_empty() { Err(none()) } else { Ok(topic) };
    };
    if alias == 0 || alias > wire::MAX_ALIAS {
        return Err(Ended::new(format!("topic alias {alias}"), Goodbye::Alias));
    }
    if topic.is_empty() {
        let none = || Ended::new(format!("topic alias {alias} has no topic"), Goodbye::Protocol);
        return aliases.get(&alias).cloned().ok_or_else(none);
    }
    aliases.insert(alias, topic.clone());
    Ok(topic)
}
