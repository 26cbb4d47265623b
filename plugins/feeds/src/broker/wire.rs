//! MQTT 3.1.1 and 5 packets as one small set of frames, so that the broker is written once.

use bytes::{Bytes, BytesMut};
use rumqttc::{
    QoS, SubscribeReasonCode,
    mqttbytes::{self, v4},
    v5::mqttbytes::v5,
};

/// Largest packet taken, bytes: a batch of some ten thousand readings.
pub const MAX_PACKET_BYTES: usize = 8 * 1024 * 1024;

/// The protocol a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MQTT 3.1.1.
    V4,
    /// MQTT 5.
    V5,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    Connect {
        client_id: String,
        keep_alive_s: u16,
    },
    Publish {
        topic: String,
        payload: Bytes,
        qos: u8,
        retain: bool,
        pkid: u16,
    },
    PubRel {
        pkid: u16,
    },
    Subscribe {
        pkid: u16,
        filters: Vec<String>,
    },
    Unsubscribe {
        pkid: u16,
        filters: Vec<String>,
    },
    Ping,
    Disconnect,
    /// Acknowledgements of what the broker sent; nothing follows from them.
    Ack,
}

/// What the broker says.
#[derive(Clone, Debug, PartialEq)]
pub enum Say {
    Connected,
    Message { topic: String, payload: Bytes, retain: bool },
    PubAck { pkid: u16, refused: bool },
    PubRec { pkid: u16, refused: bool },
    PubComp { pkid: u16 },
    Subscribed { pkid: u16, filters: usize },
    Unsubscribed { pkid: u16, filters: usize },
    Pong,
}

/// A peer does not speak MQTT, or more is needed.
#[derive(Debug, PartialEq, Eq)]
pub enum WireError {
    /// The packet is not complete yet.
    More,
    /// Not a packet: the connection is closed.
    Broken(String),
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
        _ => Err(WireError::Broken("protocol is neither MQTT 3.1.1 nor MQTT 5".into())),
    }
}

fn wire_error(error: mqttbytes::Error) -> WireError {
    match error {
        mqttbytes::Error::InsufficientBytes(_) => WireError::More,
        other => WireError::Broken(format!("{other:?}")),
    }
}

fn wire_error5(error: rumqttc::v5::mqttbytes::Error) -> WireError {
    match error {
        rumqttc::v5::mqttbytes::Error::InsufficientBytes(_) => WireError::More,
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
                v4::Packet::Connect(c) => Frame::Connect { client_id: c.client_id, keep_alive_s: c.keep_alive },
                v4::Packet::Publish(p) => Frame::Publish {
                    topic: p.topic,
                    payload: p.payload,
                    qos: p.qos as u8,
                    retain: p.retain,
                    pkid: p.pkid,
                },
                v4::Packet::PubRel(p) => Frame::PubRel { pkid: p.pkid },
                v4::Packet::Subscribe(s) => {
                    Frame::Subscribe { pkid: s.pkid, filters: s.filters.into_iter().map(|f| f.path).collect() }
                }
                v4::Packet::Unsubscribe(u) => Frame::Unsubscribe { pkid: u.pkid, filters: u.topics },
                v4::Packet::PingReq => Frame::Ping,
                v4::Packet::Disconnect => Frame::Disconnect,
                _ => Frame::Ack,
            })
        }
        Version::V5 => {
            // A bare DISCONNECT has no body in MQTT 5; the codec asks for one.
            if stream.len() >= 2 && stream[0] == 0xE0 && stream[1] == 0 {
                return Ok(Frame::Disconnect);
            }
            let packet = v5::Packet::read(stream, Some(MAX_PACKET_BYTES as u32)).map_err(wire_error5)?;
            Ok(match packet {
                v5::Packet::Connect(c, _, _) => Frame::Connect { client_id: c.client_id, keep_alive_s: c.keep_alive },
                v5::Packet::Publish(p) => Frame::Publish {
                    topic: topic_text(&p.topic)?,
                    payload: p.payload,
                    qos: p.qos as u8,
                    retain: p.retain,
                    pkid: p.pkid,
                },
                v5::Packet::PubRel(p) => Frame::PubRel { pkid: p.pkid },
                v5::Packet::Subscribe(s) => {
                    Frame::Subscribe { pkid: s.pkid, filters: s.filters.into_iter().map(|f| f.path).collect() }
                }
                v5::Packet::Unsubscribe(u) => Frame::Unsubscribe { pkid: u.pkid, filters: u.filters },
                v5::Packet::PingReq(_) => Frame::Ping,
                v5::Packet::Disconnect(_) => Frame::Disconnect,
                _ => Frame::Ack,
            })
        }
    }
}

/// Writes one packet to the stream.
pub fn write(version: Version, say: &Say, out: &mut BytesMut) -> Result<(), WireError> {
    match version {
        Version::V4 => write4(say).write(out, MAX_PACKET_BYTES).map(|_| ()).map_err(wire_error),
        Version::V5 => write5(say).write(out, None).map(|_| ()).map_err(wire_error5),
    }
}

fn write4(say: &Say) -> v4::Packet {
    match say {
        Say::Connected => v4::Packet::ConnAck(v4::ConnAck::new(v4::ConnectReturnCode::Success, false)),
        Say::Message { topic, payload, retain } => {
            let mut p = v4::Publish::from_bytes(topic.clone(), QoS::AtMostOnce, payload.clone());
            p.retain = *retain;
            v4::Packet::Publish(p)
        }
        // MQTT 3.1.1 has no way to refuse a publish: it is acknowledged and kept in quarantine.
        Say::PubAck { pkid, .. } => v4::Packet::PubAck(v4::PubAck::new(*pkid)),
        Say::PubRec { pkid, .. } => v4::Packet::PubRec(v4::PubRec::new(*pkid)),
        Say::PubComp { pkid } => v4::Packet::PubComp(v4::PubComp::new(*pkid)),
        Say::Subscribed { pkid, filters } => {
            v4::Packet::SubAck(v4::SubAck::new(*pkid, vec![SubscribeReasonCode::Success(QoS::AtMostOnce); *filters]))
        }
        Say::Unsubscribed { pkid, .. } => v4::Packet::UnsubAck(v4::UnsubAck::new(*pkid)),
        Say::Pong => v4::Packet::PingResp,
    }
}

fn write5(say: &Say) -> v5::Packet {
    use rumqttc::v5::mqttbytes::QoS as QoS5;
    match say {
        Say::Connected => v5::Packet::ConnAck(v5::ConnAck {
            session_present: false,
            code: v5::ConnectReturnCode::Success,
            properties: None,
        }),
        Say::Message { topic, payload, retain } => {
            let mut p = v5::Publish::new(topic.clone(), QoS5::AtMostOnce, payload.clone(), None);
            p.retain = *retain;
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
        Say::PubComp { pkid } => v5::Packet::PubComp(v5::PubComp::new(*pkid, None)),
        Say::Subscribed { pkid, filters } => v5::Packet::SubAck(v5::SubAck {
            pkid: *pkid,
            return_codes: vec![v5::SubscribeReasonCode::Success(QoS5::AtMostOnce); *filters],
            properties: None,
        }),
        Say::Unsubscribed { pkid, filters } => v5::Packet::UnsubAck(v5::UnsubAck {
            pkid: *pkid,
            reasons: vec![v5::UnsubAckReason::Success; *filters],
            properties: None,
        }),
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
        assert!(matches!(read(Version::V4, &mut v4_bytes), Ok(Frame::Connect { client_id, .. }) if client_id == "a"));
        assert!(matches!(sniff(b"GET / HTTP/1.1\r\n"), Err(WireError::Broken(_))));
    }

    #[test]
    fn a_bare_disconnect_of_version_5_is_a_goodbye() {
        let mut bytes = BytesMut::from(&[0xE0u8, 0x00][..]);
        assert_eq!(read(Version::V5, &mut bytes), Ok(Frame::Disconnect));
    }
}
