//! MQTT 3.1.1 and 5 packets as one small set of frames, so that the broker is written once.

mod strict;
pub(super) mod v4;
pub(super) mod v5;

use std::{collections::HashMap, sync::Arc};

use bytes::{Bytes, BytesMut};

use super::{durable::Extras, session::Message};

/// Largest packet taken, bytes: a batch of some ten thousand readings.
pub const MAX_PACKET_BYTES: usize = 8 * 1024 * 1024;

/// Topic aliases a client may use (MQTT 5).
pub const MAX_ALIAS: u16 = 1_024;

/// The protocol a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MQTT 3.1.1.
    V4,
    /// MQTT 5.
    V5,
}

/// What is published for a client that is gone without goodbye.
#[derive(Clone, Debug, PartialEq)]
pub struct Will {
    pub topic: String,
    pub payload: Bytes,
    pub qos: u8,
    pub retain: bool,
    pub delay_s: u32,
    pub expiry_s: Option<u32>,
    pub extras: Option<Arc<Extras>>,
}

/// When a subscriber wants retained messages (MQTT 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainedRule {
    Always,
    New,
    Never,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub path: String,
    pub qos: u8,
    pub no_local: bool,
    pub as_published: bool,
    pub retained: RetainedRule,
    /// Number the client gave to the subscription (MQTT 5); it comes back with every message that fits.
    pub id: Option<u32>,
}

/// Numbers of topics that a client of MQTT 5 remembers: the first ones said keep theirs while the connection lasts.
#[derive(Debug, Default)]
pub struct Aliases {
    most: u16,
    known: HashMap<String, u16>,
}

impl Aliases {
    pub fn new(most: u16) -> Self {
        Self { most: most.min(MAX_ALIAS), known: HashMap::new() }
    }

    /// The number of a topic and whether the client knows it; `None` when there is no number left.
    pub fn of(&self, topic: &str) -> Option<(u16, bool)> {
        if self.most == 0 {
            return None;
        }
        let next = u16::try_from(self.known.len() + 1).ok().filter(|n| *n <= self.most);
        self.known.get(topic).map(|n| (*n, true)).or_else(|| Some((next?, false)))
    }

    /// The client has been told the number.
    pub fn told(&mut self, topic: &str, number: u16) {
        self.known.insert(topic.to_owned(), number);
    }
}

/// What a client says first.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    pub client_id: String,
    pub keep_alive_s: u16,
    pub clean: bool,
    pub expiry_s: u32,
    pub receive_max: u16,
    /// Largest packet the client takes, bytes.
    pub max_packet: u32,
    /// Topics the client remembers by number (MQTT 5).
    pub alias_max: u16,
    /// It wants to be let in by a method of its own (MQTT 5); there is none here.
    pub has_method: bool,
    pub will: Option<Will>,
    pub login: Option<(String, String)>,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    Connect(Connect),
    Publish {
        topic: String,
        payload: Bytes,
        qos: u8,
        retain: bool,
        dup: bool,
        pkid: u16,
        expiry_s: Option<u32>,
        alias: Option<u16>,
        extras: Option<Arc<Extras>>,
    },
    PubAck {
        pkid: u16,
    },
    /// The client has a message of QoS 2, or refuses it.
    PubRec {
        pkid: u16,
        refused: bool,
    },
    PubRel {
        pkid: u16,
    },
    PubComp {
        pkid: u16,
    },
    Subscribe {
        pkid: u16,
        filters: Vec<Filter>,
    },
    Unsubscribe {
        pkid: u16,
        filters: Vec<String>,
    },
    Ping,
    /// Goodbye; `with_will` asks for the will all the same, `expiry_s` changes the session's life (MQTT 5).
    Disconnect {
        with_will: bool,
        expiry_s: Option<u32>,
    },
    /// Acknowledgements of what the broker never sends; nothing follows from them.
    Ack,
}

/// Why a client is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLetIn {
    Login,
    ClientId,
    Method,
}

/// What the broker says.
#[derive(Clone, Debug)]
pub enum Say {
    Connected {
        present: bool,
        /// The name the broker gave to a client without one.
        assigned: Option<String>,
    },
    NotConnected(NotLetIn),
    Message {
        message: Message,
        pkid: u16,
        dup: bool,
    },
    PubAck {
        pkid: u16,
        refused: bool,
    },
    PubRec {
        pkid: u16,
        refused: bool,
    },
    /// A message of QoS 2 the client has may be forgotten by it.
    PubRel {
        pkid: u16,
        /// False when there is no message of this number (MQTT 5 says so).
        found: bool,
    },
    PubComp {
        pkid: u16,
    },
    Subscribed {
        pkid: u16,
        granted: Vec<Option<u8>>,
    },
    Unsubscribed {
        pkid: u16,
        /// Whether there was such a subscription.
        were: Vec<bool>,
    },
    Pong,
    /// The connection ends, and why (MQTT 5).
    Goodbye(Goodbye),
}

/// Why the broker ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goodbye {
    TakenOver,
    Silent,
    Malformed,
    Protocol,
    Alias,
    Topic,
    TooLarge,
}

/// A peer does not speak MQTT, or more is needed.
#[derive(Debug, PartialEq, Eq)]
pub enum WireError {
    /// The packet is not complete yet.
    More,
    /// Not a packet: the connection is closed.
    Broken(String),
    /// A packet that can be read but may not be sent.
    Protocol(String),
    /// A message to a topic with wildcards.
    Topic,
    /// Larger than anything taken here.
    TooLarge,
    /// A CONNECT of another version of the protocol.
    Version,
}

/// The protocol version a CONNECT packet asks for, without consuming it.
pub fn sniff(stream: &[u8]) -> Result<Version, WireError> {
    // Fixed header: 1 byte type, 1–4 bytes length; then a length-prefixed protocol name and the level.
    let Some(&first) = stream.first() else { return Err(WireError::More) };
    if first != 0x10 {
        return Err(WireError::Broken("the first packet is not CONNECT".into()));
    }
    let mut at = 1;
    loop {
        match stream.get(at) {
            None => return Err(WireError::More),
            Some(byte) if byte & 0x80 == 0 => break,
            Some(_) if at >= 4 => return Err(WireError::Broken("length of CONNECT".into())),
            Some(_) => at += 1,
        }
    }
    let Some(name) = stream.get(at + 1..at + 8) else { return Err(WireError::More) };
    match name {
        [0, 4, b'M', b'Q', b'T', b'T', 4] => Ok(Version::V4),
        [0, 4, b'M', b'Q', b'T', b'T', 5] => Ok(Version::V5),
        [0, 4, b'M', b'Q', b'T', b'T', _] | [0, 6, b'M', b'Q', b'I', b's', b'd'] => Err(WireError::Version),
        _ => Err(WireError::Broken("protocol is neither MQTT 3.1.1 nor MQTT 5".into())),
    }
}

/// Takes one packet off the stream.
pub fn read(version: Version, stream: &mut BytesMut) -> Result<Frame, WireError> {
    strict::check(version, stream)?;
    match version {
        Version::V4 => v4::read(stream),
        Version::V5 => v5::read(stream),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_recognised() {
        let mut v4_bytes = BytesMut::new();
        let connect = rumqttc::mqttbytes::v4::Connect::new("a");
        rumqttc::mqttbytes::v4::Packet::Connect(connect).write(&mut v4_bytes, 1000).unwrap();
        assert_eq!(sniff(&v4_bytes), Ok(Version::V4));
        assert_eq!(sniff(&v4_bytes[..5]), Err(WireError::More));
        assert!(matches!(read(Version::V4, &mut v4_bytes), Ok(Frame::Connect(c)) if c.client_id == "a"));
        assert!(matches!(sniff(b"GET / HTTP/1.1\r\n"), Err(WireError::Broken(_))));
    }

    #[test]
    fn a_topic_has_a_number_while_there_are_numbers() {
        let mut aliases = Aliases::new(2);
        assert_eq!((aliases.of("a"), aliases.of("b")), (Some((1, false)), Some((1, false))));
        aliases.told("a", 1);
        assert_eq!((aliases.of("a"), aliases.of("b")), (Some((1, true)), Some((2, false))));
        aliases.told("b", 2);
        assert_eq!((aliases.of("b"), aliases.of("c")), (Some((2, true)), None));
        assert_eq!(Aliases::new(0).of("a"), None);
    }

    #[test]
    fn a_bare_disconnect_of_version_5_is_a_goodbye() {
        let mut bytes = BytesMut::from(&[0xE0u8, 0x00][..]);
        assert_eq!(read(Version::V5, &mut bytes), Ok(Frame::Disconnect { with_will: false, expiry_s: None }));
        // A reason code without properties; with any but 0 the will is wanted.
        for (reason, with_will) in [(0x00, false), (0x04, true), (0x80, true)] {
            let mut bytes = BytesMut::from(&[0xE0u8, 0x01, reason][..]);
            assert_eq!(read(Version::V5, &mut bytes), Ok(Frame::Disconnect { with_will, expiry_s: None }));
            let mut bytes = BytesMut::from(&[0xE0u8, 0x02, reason, 0x00][..]);
            assert_eq!(read(Version::V5, &mut bytes), Ok(Frame::Disconnect { with_will, expiry_s: None }));
            assert!(bytes.is_empty());
        }
    }
}
