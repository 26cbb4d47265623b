//! MQTT 3.1.1 and 5 packets as one small set of frames, so that the broker is written once.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rumqttc::{
    QoS, SubscribeReasonCode,
    mqttbytes::{self, v4},
    v5::mqttbytes::v5,
};

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
    TooLarge,
}

/// A peer does not speak MQTT, or more is needed.
#[derive(Debug, PartialEq, Eq)]
pub enum WireError {
    /// The packet is not complete yet.
    More,
    /// Not a packet: the connection is closed.
    Broken(String),
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

fn wire_error(error: mqttbytes::Error) -> WireError {
    match error {
        mqttbytes::Error::InsufficientBytes(_) => WireError::More,
        mqttbytes::Error::PayloadSizeLimitExceeded(_) => WireError::TooLarge,
        other => WireError::Broken(format!("{other:?}")),
    }
}

fn wire_error5(error: rumqttc::v5::mqttbytes::Error) -> WireError {
    match error {
        rumqttc::v5::mqttbytes::Error::InsufficientBytes(_) => WireError::More,
        rumqttc::v5::mqttbytes::Error::PayloadSizeLimitExceeded { .. } => WireError::TooLarge,
        other => WireError::Broken(format!("{other:?}")),
    }
}

fn topic_text(topic: &[u8]) -> Result<String, WireError> {
    String::from_utf8(topic.to_vec()).map_err(|_| WireError::Broken("topic is not UTF-8".into()))
}

/// Takes one packet off the stream.
pub fn read(version: Version, stream: &mut BytesMut) -> Result<Frame, WireError> {
    match version {
        Version::V4 => {
            let packet = v4::Packet::read(stream, MAX_PACKET_BYTES).map_err(wire_error)?;
            Ok(match packet {
                v4::Packet::Connect(c) => Frame::Connect(Connect {
                    client_id: c.client_id,
                    keep_alive_s: c.keep_alive,
                    clean: c.clean_session,
                    // A session of MQTT 3.1.1 has no end of its own; it is kept for a week.
                    expiry_s: if c.clean_session { 0 } else { 7 * 86_400 },
                    receive_max: 1_000,
                    max_packet: u32::MAX,
                    will: c.last_will.map(|w| Will {
                        topic: w.topic,
                        payload: w.message,
                        qos: w.qos as u8,
                        retain: w.retain,
                        delay_s: 0,
                        expiry_s: None,
                        extras: None,
                    }),
                    login: c.login.map(|l| (l.username, l.password)),
                }),
                v4::Packet::Publish(p) => Frame::Publish {
                    topic: p.topic,
                    payload: p.payload,
                    qos: p.qos as u8,
                    retain: p.retain,
                    dup: p.dup,
                    pkid: p.pkid,
                    expiry_s: None,
                    alias: None,
                    extras: None,
                },
                v4::Packet::PubAck(p) => Frame::PubAck { pkid: p.pkid },
                v4::Packet::PubRec(p) => Frame::PubRec { pkid: p.pkid, refused: false },
                v4::Packet::PubRel(p) => Frame::PubRel { pkid: p.pkid },
                v4::Packet::PubComp(p) => Frame::PubComp { pkid: p.pkid },
                v4::Packet::Subscribe(s) => {
                    let filter = |f: v4::SubscribeFilter| Filter {
                        path: f.path,
                        qos: f.qos as u8,
                        no_local: false,
                        as_published: false,
                        retained: RetainedRule::Always,
                    };
                    Frame::Subscribe { pkid: s.pkid, filters: s.filters.into_iter().map(filter).collect() }
                }
                v4::Packet::Unsubscribe(u) => Frame::Unsubscribe { pkid: u.pkid, filters: u.topics },
                v4::Packet::PingReq => Frame::Ping,
                v4::Packet::Disconnect => Frame::Disconnect { with_will: false, expiry_s: None },
                _ => Frame::Ack,
            })
        }
        Version::V5 => {
            // A bare DISCONNECT has no body in MQTT 5; the codec asks for one.
            if stream.len() >= 2 && stream[0] == 0xE0 && stream[1] == 0 {
                let _ = stream.split_to(2);
                return Ok(Frame::Disconnect { with_will: false, expiry_s: None });
            }
            let packet = v5::Packet::read(stream, Some(MAX_PACKET_BYTES as u32)).map_err(wire_error5)?;
            Ok(match packet {
                v5::Packet::Connect(c, will, login) => {
                    let properties = c.properties.as_ref();
                    let will = match will {
                        None => None,
                        Some(w) => Some(Will {
                            topic: topic_text(&w.topic)?,
                            payload: w.message,
                            qos: w.qos as u8,
                            retain: w.retain,
                            delay_s: w.properties.as_ref().and_then(|p| p.delay_interval).unwrap_or(0),
                            expiry_s: w.properties.as_ref().and_then(|p| p.message_expiry_interval),
                            extras: w.properties.map(extras_of_will).filter(|e| !e.is_empty()).map(Arc::new),
                        }),
                    };
                    Frame::Connect(Connect {
                        client_id: c.client_id,
                        keep_alive_s: c.keep_alive,
                        clean: c.clean_start,
                        expiry_s: properties.and_then(|p| p.session_expiry_interval).unwrap_or(0),
                        receive_max: properties.and_then(|p| p.receive_maximum).unwrap_or(u16::MAX),
                        max_packet: properties.and_then(|p| p.max_packet_size).unwrap_or(u32::MAX),
                        will,
                        login: login.map(|l| (l.username, l.password)),
                    })
                }
                v5::Packet::Publish(p) => Frame::Publish {
                    topic: topic_text(&p.topic)?,
                    payload: p.payload,
                    qos: p.qos as u8,
                    retain: p.retain,
                    dup: p.dup,
                    pkid: p.pkid,
                    expiry_s: p.properties.as_ref().and_then(|p| p.message_expiry_interval),
                    alias: p.properties.as_ref().and_then(|p| p.topic_alias),
                    extras: p.properties.map(extras_of).filter(|e| !e.is_empty()).map(Arc::new),
                },
                v5::Packet::PubAck(p) => Frame::PubAck { pkid: p.pkid },
                v5::Packet::PubRec(p) => {
                    let has = matches!(p.reason, v5::PubRecReason::Success | v5::PubRecReason::NoMatchingSubscribers);
                    Frame::PubRec { pkid: p.pkid, refused: !has }
                }
                v5::Packet::PubRel(p) => Frame::PubRel { pkid: p.pkid },
                v5::Packet::PubComp(p) => Frame::PubComp { pkid: p.pkid },
                v5::Packet::Subscribe(s) => {
                    let filter = |f: v5::Filter| Filter {
                        path: f.path,
                        qos: f.qos as u8,
                        no_local: f.nolocal,
                        as_published: f.preserve_retain,
                        retained: match f.retain_forward_rule {
                            v5::RetainForwardRule::OnEverySubscribe => RetainedRule::Always,
                            v5::RetainForwardRule::OnNewSubscribe => RetainedRule::New,
                            v5::RetainForwardRule::Never => RetainedRule::Never,
                        },
                    };
                    Frame::Subscribe { pkid: s.pkid, filters: s.filters.into_iter().map(filter).collect() }
                }
                v5::Packet::Unsubscribe(u) => Frame::Unsubscribe { pkid: u.pkid, filters: u.filters },
                v5::Packet::PingReq(_) => Frame::Ping,
                v5::Packet::Disconnect(d) => Frame::Disconnect {
                    with_will: d.reason_code == v5::DisconnectReasonCode::DisconnectWithWillMessage,
                    expiry_s: d.properties.and_then(|p| p.session_expiry_interval),
                },
                _ => Frame::Ack,
            })
        }
    }
}

fn extras_of(p: v5::PublishProperties) -> Extras {
    Extras {
        payload_format: p.payload_format_indicator,
        content_type: p.content_type,
        response_topic: p.response_topic,
        correlation: p.correlation_data.map(|d| d.to_vec()),
        user: p.user_properties,
    }
}

fn extras_of_will(p: v5::LastWillProperties) -> Extras {
    Extras {
        payload_format: p.payload_format_indicator,
        content_type: p.content_type,
        response_topic: p.response_topic,
        correlation: p.correlation_data.map(|d| d.to_vec()),
        user: p.user_properties,
    }
}

/// What goes along with a message to a client of MQTT 5: what came with it, and how long it is still wanted.
fn properties_of(message: &Message) -> Option<v5::PublishProperties> {
    let left = message.expires.map(|at| {
        let left = at.saturating_duration_since(std::time::Instant::now());
        u32::try_from(left.as_secs()).unwrap_or(u32::MAX)
    });
    if left.is_none() && message.extras.is_none() {
        return None;
    }
    let extras = message.extras.as_deref().cloned().unwrap_or_default();
    Some(v5::PublishProperties {
        payload_format_indicator: extras.payload_format,
        message_expiry_interval: left,
        topic_alias: None,
        response_topic: extras.response_topic,
        correlation_data: extras.correlation.map(Bytes::from),
        user_properties: extras.user,
        subscription_identifiers: Vec::new(),
        content_type: extras.content_type,
    })
}

/// Writes one packet to the stream.
pub fn write(version: Version, say: &Say, out: &mut BytesMut) -> Result<(), WireError> {
    match version {
        // MQTT 3.1.1 only closes.
        Version::V4 if matches!(say, Say::Goodbye(_)) => Ok(()),
        Version::V4 => write4(say).write(out, MAX_PACKET_BYTES).map(|_| ()).map_err(wire_error),
        Version::V5 => write5(say).write(out, None).map(|_| ()).map_err(wire_error5),
    }
}

fn write4(say: &Say) -> v4::Packet {
    match say {
        Say::Connected { present, .. } => {
            v4::Packet::ConnAck(v4::ConnAck::new(v4::ConnectReturnCode::Success, *present))
        }
        Say::NotConnected(why) => {
            let code = match why {
                NotLetIn::Login => v4::ConnectReturnCode::BadUserNamePassword,
                NotLetIn::ClientId => v4::ConnectReturnCode::BadClientId,
            };
            v4::Packet::ConnAck(v4::ConnAck::new(code, false))
        }
        Say::Message { message, pkid, dup } => {
            let qos = match (*pkid, message.qos) {
                (0, _) => QoS::AtMostOnce,
                (_, 2) => QoS::ExactlyOnce,
                _ => QoS::AtLeastOnce,
            };
            let mut p = v4::Publish::from_bytes(message.topic.clone(), qos, message.payload.clone());
            (p.retain, p.pkid, p.dup) = (message.retain, *pkid, *dup);
            v4::Packet::Publish(p)
        }
        // MQTT 3.1.1 has no way to refuse a publish: it is acknowledged and kept in quarantine.
        Say::PubAck { pkid, .. } => v4::Packet::PubAck(v4::PubAck::new(*pkid)),
        Say::PubRec { pkid, .. } => v4::Packet::PubRec(v4::PubRec::new(*pkid)),
        Say::PubRel { pkid, .. } => v4::Packet::PubRel(v4::PubRel::new(*pkid)),
        Say::PubComp { pkid } => v4::Packet::PubComp(v4::PubComp::new(*pkid)),
        Say::Subscribed { pkid, granted } => {
            let code = |g: &Option<u8>| match g {
                Some(0) => SubscribeReasonCode::Success(QoS::AtMostOnce),
                Some(1) => SubscribeReasonCode::Success(QoS::AtLeastOnce),
                Some(_) => SubscribeReasonCode::Success(QoS::ExactlyOnce),
                None => SubscribeReasonCode::Failure,
            };
            v4::Packet::SubAck(v4::SubAck::new(*pkid, granted.iter().map(code).collect()))
        }
        Say::Unsubscribed { pkid, .. } => v4::Packet::UnsubAck(v4::UnsubAck::new(*pkid)),
        Say::Pong | Say::Goodbye(_) => v4::Packet::PingResp,
    }
}

fn write5(say: &Say) -> v5::Packet {
    use rumqttc::v5::mqttbytes::QoS as QoS5;
    match say {
        Say::Connected { present, assigned } => v5::Packet::ConnAck(v5::ConnAck {
            session_present: *present,
            code: v5::ConnectReturnCode::Success,
            properties: Some(v5::ConnAckProperties {
                session_expiry_interval: None,
                receive_max: None,
                max_qos: None,
                retain_available: None,
                max_packet_size: Some(MAX_PACKET_BYTES as u32),
                assigned_client_identifier: assigned.clone(),
                topic_alias_max: Some(MAX_ALIAS),
                reason_string: None,
                user_properties: Vec::new(),
                wildcard_subscription_available: None,
                // Subscriptions are not numbered here.
                subscription_identifiers_available: Some(0),
                shared_subscription_available: None,
                server_keep_alive: None,
                response_information: None,
                server_reference: None,
                authentication_method: None,
                authentication_data: None,
            }),
        }),
        Say::NotConnected(why) => v5::Packet::ConnAck(v5::ConnAck {
            session_present: false,
            code: match why {
                NotLetIn::Login => v5::ConnectReturnCode::BadUserNamePassword,
                NotLetIn::ClientId => v5::ConnectReturnCode::ClientIdentifierNotValid,
            },
            properties: None,
        }),
        Say::Message { message, pkid, dup } => {
            let qos = match (*pkid, message.qos) {
                (0, _) => QoS5::AtMostOnce,
                (_, 2) => QoS5::ExactlyOnce,
                _ => QoS5::AtLeastOnce,
            };
            let mut p = v5::Publish::new(message.topic.clone(), qos, message.payload.clone(), None);
            (p.retain, p.pkid, p.dup) = (message.retain, *pkid, *dup);
            p.properties = properties_of(message);
            v5::Packet::Publish(p)
        }
        Say::PubAck { pkid, refused } => {
            let mut ack = v5::PubAck::new(*pkid, None);
            if *refused {
                ack.reason = v5::PubAckReason::PayloadFormatInvalid;
            }
            v5::Packet::PubAck(ack)
        }
        Say::PubRec { pkid, refused } => {
            let mut rec = v5::PubRec::new(*pkid, None);
            if *refused {
                rec.reason = v5::PubRecReason::PayloadFormatInvalid;
            }
            v5::Packet::PubRec(rec)
        }
        Say::PubRel { pkid, found } => {
            let mut release = v5::PubRel::new(*pkid, None);
            if !found {
                release.reason = v5::PubRelReason::PacketIdentifierNotFound;
            }
            v5::Packet::PubRel(release)
        }
        Say::PubComp { pkid } => v5::Packet::PubComp(v5::PubComp::new(*pkid, None)),
        Say::Subscribed { pkid, granted } => v5::Packet::SubAck(v5::SubAck {
            pkid: *pkid,
            return_codes: granted
                .iter()
                .map(|g| match g {
                    Some(0) => v5::SubscribeReasonCode::Success(QoS5::AtMostOnce),
                    Some(1) => v5::SubscribeReasonCode::Success(QoS5::AtLeastOnce),
                    Some(_) => v5::SubscribeReasonCode::Success(QoS5::ExactlyOnce),
                    None => v5::SubscribeReasonCode::TopicFilterInvalid,
                })
                .collect(),
            properties: None,
        }),
        Say::Unsubscribed { pkid, were } => v5::Packet::UnsubAck(v5::UnsubAck {
            pkid: *pkid,
            reasons: were
                .iter()
                .map(|was| match was {
                    true => v5::UnsubAckReason::Success,
                    false => v5::UnsubAckReason::NoSubscriptionExisted,
                })
                .collect(),
            properties: None,
        }),
        Say::Goodbye(why) => v5::Packet::Disconnect(v5::Disconnect::new(match why {
            Goodbye::TakenOver => v5::DisconnectReasonCode::SessionTakenOver,
            Goodbye::Silent => v5::DisconnectReasonCode::KeepAliveTimeout,
            Goodbye::Malformed => v5::DisconnectReasonCode::MalformedPacket,
            Goodbye::Protocol => v5::DisconnectReasonCode::ProtocolError,
            Goodbye::Alias => v5::DisconnectReasonCode::TopicAliasInvalid,
            Goodbye::TooLarge => v5::DisconnectReasonCode::PacketTooLarge,
        })),
        Say::Pong => v5::Packet::PingResp(v5::PingResp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_recognised() {
        let mut v4_bytes = BytesMut::new();
        v4::Packet::Connect(v4::Connect::new("a")).write(&mut v4_bytes, 1000).unwrap();
        assert_eq!(sniff(&v4_bytes), Ok(Version::V4));
        assert_eq!(sniff(&v4_bytes[..5]), Err(WireError::More));
        assert!(matches!(read(Version::V4, &mut v4_bytes), Ok(Frame::Connect(c)) if c.client_id == "a"));
        assert!(matches!(sniff(b"GET / HTTP/1.1\r\n"), Err(WireError::Broken(_))));
    }

    #[test]
    fn a_bare_disconnect_of_version_5_is_a_goodbye() {
        let mut bytes = BytesMut::from(&[0xE0u8, 0x00][..]);
        assert_eq!(read(Version::V5, &mut bytes), Ok(Frame::Disconnect { with_will: false, expiry_s: None }));
    }
}
