//! MQTT 3.1.1 packets as frames and back.

use bytes::BytesMut;
use rumqttc::{
    QoS, SubscribeReasonCode,
    mqttbytes::{self, v4},
};

use super::{Connect, Filter, Frame, MAX_PACKET_BYTES, NotLetIn, RetainedRule, Say, Will, WireError};

fn wire_error(error: mqttbytes::Error) -> WireError {
    match error {
        mqttbytes::Error::InsufficientBytes(_) => WireError::More,
        mqttbytes::Error::PayloadSizeLimitExceeded(_) => WireError::TooLarge,
        other => WireError::Broken(format!("{other:?}")),
    }
}

/// Takes one packet off the stream.
pub fn read(stream: &mut BytesMut) -> Result<Frame, WireError> {
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
            alias_max: 0,
            has_method: false,
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
                id: None,
            };
            Frame::Subscribe { pkid: s.pkid, filters: s.filters.into_iter().map(filter).collect() }
        }
        v4::Packet::Unsubscribe(u) => Frame::Unsubscribe { pkid: u.pkid, filters: u.topics },
        v4::Packet::PingReq => Frame::Ping,
        v4::Packet::Disconnect => Frame::Disconnect { with_will: false, expiry_s: None },
        _ => Frame::Ack,
    })
}

/// Writes one packet to the stream. Only closing says goodbye.
pub fn write(say: &Say, out: &mut BytesMut) -> Result<(), WireError> {
    match say {
        Say::Goodbye(_) => Ok(()),
        _ => packet(say).write(out, MAX_PACKET_BYTES).map(|_| ()).map_err(wire_error),
    }
}

fn packet(say: &Say) -> v4::Packet {
    match say {
        Say::Connected { present, .. } => {
            v4::Packet::ConnAck(v4::ConnAck::new(v4::ConnectReturnCode::Success, *present))
        }
        Say::NotConnected(why) => {
            let code = match why {
                NotLetIn::Login | NotLetIn::Method => v4::ConnectReturnCode::BadUserNamePassword,
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
