//! A foreign broker: persistent session, acknowledgements only after commit, no message twice.
//!
//! A broker sends again what it has no acknowledgement for. When the room has committed a message and only the
//! acknowledgement was lost, the second copy is acknowledged and not applied ([`Seen`]). After a crash of the room a copy
//! is known by the reading's own time; messages without one are known by number and content, committed with them
//! ([`Numbers`]).

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use guanlan_core::{Bilingual, Input, SensorId, Stamp};
use tokio::sync::mpsc;

use super::{
    address,
    courier::{Closed, Courier},
    mqtt_link::{Link, Message, Options, Said},
    tls,
};
use crate::{
    file::kinds::{Format, Mqtt, Retained},
    intake::wall_now,
    map::{Came, documents},
    parse,
    seen::{Meet, Seen, content},
};

/// What a room listens to at a foreign broker when the feeds file names no topics. No two overlap: a broker may deliver a
/// message once for each filter it fits.
pub const OWN_TOPICS: [&str; 5] =
    ["v1.1/+/Observations", "v1.1/+", "owntracks/+/+", "guanlan/units/+/status", "guanlan/reports"];

/// Messages remembered over a crash: more than brokers have in flight unless told to.
const REMEMBERED: usize = 32;

/// The last messages whose readings say no time of their own: number and content.
#[derive(Default)]
struct Numbers {
    last: VecDeque<(u16, u64)>,
    /// Those of before this start.
    before: Vec<(u16, u64)>,
}

impl Numbers {
    fn read(cursor: &str) -> Self {
        let one = |word: &str| {
            let (pkid, content) = word.split_once(':')?;
            Some((pkid.parse().ok()?, u64::from_str_radix(content, 16).ok()?))
        };
        let before: Vec<_> = cursor.split(' ').filter_map(one).collect();
        Self { last: before.iter().copied().collect(), before }
    }

    /// Was it committed before this start?
    fn had(&mut self, pkid: u16, content: u64) -> bool {
        let found = self.before.iter().position(|known| *known == (pkid, content));
        found.map(|i| self.before.remove(i)).is_some()
    }

    /// The cursor with one more.
    fn note(&mut self, pkid: u16, content: u64) -> String {
        self.last.push_back((pkid, content));
        while self.last.len() > REMEMBERED {
            self.last.pop_front();
        }
        self.last.iter().map(|(pkid, content)| format!("{pkid}:{content:x}")).collect::<Vec<_>>().join(" ")
    }
}

/// Turns a message into inputs; `Err` is the reason it is refused.
pub type Reader = dyn Fn(&Courier, &Message) -> Result<Vec<Input>, String> + Send + Sync;

/// The options of a feed.
///
/// # Errors
/// A secret or certificate that is not there.
pub fn options(spec: &Mqtt, courier: &Courier) -> Result<Options, String> {
    let address = address::mqtt(&spec.url)?;
    let login = match &spec.user {
        Some(user) => {
            let password = spec.password.as_ref().map(|p| p.value()).transpose()?.unwrap_or_default();
            Some((user.value()?, password))
        }
        None => None,
    };
    let file = |path: &Option<std::path::PathBuf>| path.as_deref().map(|p| courier.path(p));
    let (ca, certificate, key) = (file(&spec.ca_file), file(&spec.client_cert), file(&spec.client_key));
    let tls = match address.tls {
        true => Some(tls::client(ca.as_deref(), certificate.as_deref().zip(key.as_deref()))?),
        false => None,
    };
    let client_id = spec.client_id.clone().unwrap_or_else(|| {
        let mut hasher = DefaultHasher::new();
        courier.name().hash(&mut hasher);
        format!("guanlan-{:016x}", hasher.finish())
    });
    Ok(Options {
        address,
        version: spec.version,
        client_id,
        login,
        tls,
        session_s: spec.session_s,
        keep_alive_s: spec.keep_alive_s,
    })
}

/// Follows a feed until the room closes.
pub async fn follow(spec: Mqtt, courier: Arc<Courier>) {
    let mapped = courier.has_maps();
    let retained = spec.retained;
    let reader: Box<Reader> = Box::new(move |courier, message| {
        if message.retain && retained == Retained::Ignore {
            return Ok(Vec::new());
        }
        if mapped { by_map(courier, message) } else { by_own_topics(courier, message) }
    });
    let topics = match spec.topics.is_empty() {
        true => OWN_TOPICS.iter().map(|t| (*t).to_owned()).collect(),
        false => spec.topics.clone(),
    };
    loop {
        match options(&spec, &courier) {
            Ok(options) => {
                if listen(&options, &topics, &courier, &*reader, None, &|_| Vec::new()).await == Err(Closed) {
                    return;
                }
            }
            Err(reason) => courier.fail(&reason).await,
        }
    }
}

/// With the feed's mappings.
fn by_map(courier: &Courier, message: &Message) -> Result<Vec<Input>, String> {
    let document = documents(Format::Auto, &message.payload).map_err(|e| e.to_string())?;
    let came = Came { topic: &message.topic, at: wall_now(), own_time: message.retain };
    Ok(courier.map(&document, came).inputs)
}

/// With the program's own topics and payloads.
///
/// # Errors
/// The reason a message is refused.
pub fn by_own_topics(courier: &Courier, message: &Message) -> Result<Vec<Input>, String> {
    let now = wall_now();
    // A retained reading that does not say when it was made could be of any age.
    const NO_TIME: Stamp = Stamp(i64::MIN);
    let received = if message.retain { NO_TIME } else { now };
    match parse::placed_message(&message.topic, &message.payload, received, courier.placer()) {
        Ok(mut inputs) => {
            for input in &mut inputs {
                if let Input::Observation(o) = input {
                    if o.phenomenon == NO_TIME {
                        return Err("phenomenonTime: a retained message must say its own time".into());
                    }
                    o.received = now;
                }
            }
            Ok(inputs)
        }
        // Other programs' topics are no error.
        Err(refused) if refused.field == "topic" => Ok(Vec::new()),
        Err(refused) => Err(refused.to_string()),
    }
}

/// Listens until the room closes. `outgoing` is published with QoS 1.
pub async fn listen(
    options: &Options,
    topics: &[String],
    courier: &Arc<Courier>,
    reader: &Reader,
    outgoing: Option<mpsc::Receiver<(String, Bytes)>>,
    more: &(dyn Fn(&SensorId) -> Vec<Bilingual> + Sync),
) -> Result<(), Closed> {
    let mut link = Link::new(options);
    let voice = link.voice();
    let seen: Arc<Mutex<Seen>> = Arc::default();
    // Only a session that is kept is sent anything again.
    let mut numbers = (options.session_s > 0).then(|| Numbers::read(&courier.cursor()));
    // Acknowledgements come from the room's thread, which never waits.
    let (acks, mut to_ack) = mpsc::unbounded_channel::<u16>();
    let mut helpers = tokio::task::JoinSet::new();
    let speaker = voice.clone();
    helpers.spawn(async move {
        while let Some(pkid) = to_ack.recv().await {
            speaker.acknowledge(pkid).await;
        }
    });
    if let Some(mut outgoing) = outgoing {
        let speaker = voice.clone();
        helpers.spawn(async move {
            while let Some((topic, payload)) = outgoing.recv().await {
                speaker.publish(topic, payload).await;
            }
        });
    }
    loop {
        match link.next().await {
            Ok(Said::Connected(kept)) => {
                seen.lock().unwrap_or_else(PoisonError::into_inner).connected(kept);
                if let Some(numbers) = numbers.as_mut().filter(|_| !kept) {
                    numbers.before.clear();
                }
                courier.up();
                let (voice, topics) = (voice.clone(), topics.to_vec());
                // Not awaited here: the requests leave only while this loop runs.
                helpers.spawn(async move {
                    for topic in &topics {
                        voice.subscribe(topic).await;
                    }
                });
            }
            Ok(Said::Message(message)) => {
                take(courier, &seen, &acks, reader, more, numbers.as_mut(), message).await?;
            }
            Ok(Said::Refused(reason)) => courier.fail(&reason).await,
            Ok(Said::Other) => {}
            Err(reason) => courier.fail(&reason).await,
        }
    }
}

async fn take(
    courier: &Courier,
    seen: &Arc<Mutex<Seen>>,
    acks: &mpsc::UnboundedSender<u16>,
    reader: &Reader,
    more: &(dyn Fn(&SensorId) -> Vec<Bilingual> + Sync),
    numbers: Option<&mut Numbers>,
    message: Message,
) -> Result<(), Closed> {
    let (pkid, hash) = (message.pkid, content(&message.topic, &message.payload));
    let mut numbers = numbers.filter(|_| pkid != 0);
    if pkid != 0 {
        let met = seen.lock().unwrap_or_else(PoisonError::into_inner).meet(pkid, message.dup, hash);
        match met {
            Meet::New => {}
            Meet::Again => {
                let _ = acks.send(pkid);
                return Ok(());
            }
            Meet::Waiting => return Ok(()),
        }
    }
    if message.dup && numbers.as_mut().is_some_and(|n| n.had(pkid, hash)) {
        seen.lock().unwrap_or_else(PoisonError::into_inner).durable(pkid, hash);
        let _ = acks.send(pkid);
        return Ok(());
    }
    let inputs = match reader(courier, &message) {
        Ok(inputs) => {
            let timeless = |i: &Input| matches!(i, Input::Observation(o) if o.phenomenon == o.received);
            let numbers = numbers.filter(|_| inputs.iter().any(timeless));
            let mut inputs = courier.mark(1, inputs, &message.topic, more);
            inputs.extend(numbers.map(|n| courier.health().input(wall_now(), Some(&n.note(pkid, hash)))));
            inputs
        }
        Err(reason) => {
            courier.mark(1, Vec::new(), &message.topic, more);
            courier.refuse(&message.topic, &reason, &message.payload);
            Vec::new()
        }
    };
    let (seen, acks) = (seen.clone(), acks.clone());
    let told = move |durable: bool| {
        let send = durable && pkid != 0 && {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.durable(pkid, hash)
        };
        if send {
            let _ = acks.send(pkid);
        }
    };
    if inputs.is_empty() {
        // Refused for good, or nothing for us: nothing of it waits for a commit.
        told(true);
        return Ok(());
    }
    courier.hand(inputs, Box::new(told)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_known_again_by_number_and_content() {
        let mut numbers = Numbers::default();
        let cursors: Vec<String> = (1..=40).map(|k| numbers.note(k, u64::from(k) << 40)).collect();
        let mut again = Numbers::read(&cursors[39]);
        assert!(again.had(40, 40 << 40) && !again.had(40, 40 << 40), "once");
        assert!(!again.had(39, 40 << 40) && !again.had(8, 8 << 40) && again.had(9, 9 << 40));
        assert!(Numbers::read("1782864000000").before.is_empty() && Numbers::read("").before.is_empty());
    }
}
