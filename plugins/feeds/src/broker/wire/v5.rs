//! MQTT 5 packets as frames and back.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::{self, QoS, v5};

use super::{
    Connect, Filter, Frame, Goodbye, MAX_ALIAS, MAX_PACKET_BYTES, NotLetIn, RetainedRule, Say, Will, WireError,
};
use crate::broker::{durable::Extras, session::Message};

fn wire_error(error: mqttbytes::Error) -> WireError {
    match error {
        mqttbytes::Error::InsufficientBytes(_) => WireError::More,
        mqttbytes::Error::PayloadSizeLimitExceeded { .. } => WireError::TooLarge,
        other => WireError::Broken(format!("{other:?}")),
    }
}

fn topic_text(topic: &[u8]) -> Result<String, WireError> {
    String::from_utf8(topic.to_vec()).map_err(|_| WireError::Broken("topic is not UTF-8".into()))
}

/// Takes one packet off the stream.
pub fn read(stream: &mut BytesMut) -> Result<Frame, WireError> {
    // A DISCONNECT may end after its length or its reason; the codec asks for all of it.
    let short = match stream.as_ref() {
        [0xE0, 0, ..] => Some((2, 0)),
        [0xE0, 1, reason, ..] => Some((3, *reason)),
        _ => None,
    };
    if let Some((length, reason)) = short {
        let _ = stream.split_to(length);
        return Ok(Frame::Disconnect { with_will: reason != 0, expiry_s: None });
    }
    let packet = v5::Packet::read(stream, Some(MAX_PACKET_BYTES as u32)).map_err(wire_error)?;
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
                    extras: w.properties.and_then(extras_of_will),
                }),
            };
            Frame::Connect(Connect {
                client_id: c.client_id,
                keep_alive_s: c.keep_alive,
                clean: c.clean_start,
                expiry_s: properties.and_then(|p| p.session_expiry_interval).unwrap_or(0),
                receive_max: properties.and_then(|p| p.receive_maximum).unwrap_or(u16::MAX),
                max_packet: properties.and_then(|p| p.max_packet_size).unwrap_or(u32::MAX),
                alias_max: properties.and_then(|p| p.topic_alias_max).unwrap_or(0),
                has_method: properties.is_some_and(|p| p.authentication_method.is_some()),
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
            extras: p.properties.and_then(extras_of),
        },
        v5::Packet::PubAck(p) => Frame::PubAck { pkid: p.pkid },
        v5::Packet::PubRec(p) => {
            let has = matches!(p.reason, v5::PubRecReason::Success | v5::PubRecReason::NoMatchingSubscribers);
            Frame::PubRec { pkid: p.pkid, refused: !has }
        }
        v5::Packet::PubRel(p) => Frame::PubRel { pkid: p.pkid },
        v5::Packet::PubComp(p) => Frame::PubComp { pkid: p.pkid },
        v5::Packet::Subscribe(s) => {
            let id = s.properties.as_ref().and_then(|p| p.id).and_then(|id| u32::try_from(id).ok());
            let filter = |f: v5::Filter| Filter {
                id,
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
            // [MQTT-3.14.4-3]: only a normal goodbye takes the will back.
            with_will: d.reason_code != v5::DisconnectReasonCode::NormalDisconnection,
            expiry_s: d.properties.and_then(|p| p.session_expiry_interval),
        },
        _ => Frame::Ack,
    })
}

/// What is carried along, where there is anything.
fn extras(
    payload_format: Option<u8>,
    content_type: Option<String>,
    response_topic: Option<String>,
    correlation: Option<Bytes>,
    user: Vec<(String, String)>,
) -> Option<Arc<Extras>> {
    let correlation = correlation.map(|d| d.to_vec());
    let extras = Extras { payload_format, content_type, response_topic, correlation, user };
    (!extras.is_empty()).then(|| Arc::new(extras))
}

fn extras_of(p: v5::PublishProperties) -> Option<Arc<Extras>> {
    extras(p.payload_format_indicator, p.content_type, p.response_topic, p.correlation_data, p.user_properties)
}

fn extras_of_will(p: v5::LastWillProperties) -> Option<Arc<Extras>> {
    extras(p.payload_format_indicator, p.content_type, p.response_topic, p.correlation_data, p.user_properties)
}

/// What goes along with a message to a client of MQTT 5: what came with it, and how long it is still wanted.
fn properties_of(message: &Message, topic_alias: Option<u16>) -> Option<v5::PublishProperties> {
    let left = message.expires.map(|at| {
        let left = at.saturating_duration_since(std::time::Instant::now());
        u32::try_from(left.as_secs()).unwrap_or(u32::MAX)
    });
    if left.is_none() && message.extras.is_none() && message.ids.is_empty() && topic_alias.is_none() {
        return None;
    }
    let extras = message.extras.as_deref().cloned().unwrap_or_default();
    Some(v5::PublishProperties {
        payload_format_indicator: extras.payload_format,
        message_expiry_interval: left,
        topic_alias,
        response_topic: extras.response_topic,
        correlation_data: extras.correlation.map(Bytes::from),
        user_properties: extras.user,
        subscription_identifiers: message.ids.iter().map(|id| *id as usize).collect(),
        content_type: extras.content_type,
    })
}

/// Writes one packet to the stream. `alias`: the number of a message's topic at this client, and whether it knows the topic
/// behind it already.
pub fn write(say: &Say, alias: Option<(u16, bool)>, out: &mut BytesMut) -> Result<(), WireError> {
    packet(say, alias).write(out, None).map(|_| ()).map_err(wire_error)
}

fn packet(say: &Say, alias: Option<(u16, bool)>) -> v5::Packet {
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
                subscription_identifiers_available: None,
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
                NotLetIn::Method => v5::ConnectReturnCode::BadAuthenticationMethod,
            },
            properties: None,
        }),
        Say::Message { message, pkid, dup } => {
            let qos = match (*pkid, message.qos) {
                (0, _) => QoS::AtMostOnce,
                (_, 2) => QoS::ExactlyOnce,
                _ => QoS::AtLeastOnce,
            };
            let mut p = v5::Publish::new(message.topic.clone(), qos, message.payload.clone(), None);
            (p.retain, p.pkid, p.dup) = (message.retain, *pkid, *dup);
            p.properties = properties_of(message, alias.map(|a| a.0));
            if alias.is_some_and(|a| a.1) {
                p.topic = Bytes::new();
            }
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
                    Some(0) => v5::SubscribeReasonCode::Success(QoS::AtMostOnce),
                    Some(1) => v5::SubscribeReasonCode::Success(QoS::AtLeastOnce),
                    Some(_) => v5::SubscribeReasonCode::Success(QoS::ExactlyOnce),
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
            Goodbye::Topic => v5::DisconnectReasonCode::TopicNameInvalid,
            Goodbye::TooLarge => v5::DisconnectReasonCode::PacketTooLarge,
        })),
        Say::Pong => v5::Packet::PingResp(v5::PingResp),
    }
}
