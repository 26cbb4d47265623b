//! One connection to a foreign broker, MQTT 3.1.1 or 5 alike.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rumqttc::{Event, MqttOptions, Packet, QoS, TlsConfiguration, Transport, v5};

use super::address;
use crate::file::kinds::MqttVersion;

/// Largest packet taken, bytes.
const MAX_PACKET: usize = 8 * 1024 * 1024;

/// How to connect.
#[derive(Clone)]
pub struct Options {
    /// Where.
    pub address: address::Mqtt,
    /// 3.1.1 or 5.
    pub version: MqttVersion,
    /// Names the session.
    pub client_id: String,
    /// User and password.
    pub login: Option<(String, String)>,
    /// For mqtts.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// How long the broker keeps the session, s.
    pub session_s: u32,
    /// Seconds between pings.
    pub keep_alive_s: u16,
}

/// A message.
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// Sent before.
    pub dup: bool,
    /// Kept by the broker.
    pub retain: bool,
    /// Number to acknowledge; 0 for QoS 0.
    pub pkid: u16,
}

/// What happens on the link.
pub enum Said {
    /// Connected; true when the broker kept the session.
    Connected(bool),
    /// A message.
    Message(Message),
    /// A subscription was refused.
    Refused(String),
    /// Nothing of interest.
    Other,
}

/// A connection and its reconnections.
pub enum Link {
    /// MQTT 3.1.1.
    V4(rumqttc::AsyncClient, Box<rumqttc::EventLoop>),
    /// MQTT 5.
    V5(v5::AsyncClient, Box<v5::EventLoop>),
}

/// Sends on a link from elsewhere.
#[derive(Clone)]
pub enum Voice {
    /// MQTT 3.1.1.
    V4(rumqttc::AsyncClient),
    /// MQTT 5.
    V5(v5::AsyncClient),
}

/// Requests that may wait.
const WAITING: usize = 4096;

impl Link {
    /// A link that connects when it is asked for its next event.
    #[must_use]
    pub fn new(o: &Options) -> Self {
        let (host, port) = (o.address.host.clone(), o.address.port);
        let transport = o.tls.clone().map(|config| Transport::tls_with_config(TlsConfiguration::Rustls(config)));
        let keep_alive = Duration::from_secs(u64::from(o.keep_alive_s.max(5)));
        match o.version {
            MqttVersion::V311 => {
                let mut options = MqttOptions::new(o.client_id.clone(), host, port);
                options.set_clean_session(o.session_s == 0).set_manual_acks(true).set_keep_alive(keep_alive);
                options.set_max_packet_size(MAX_PACKET, MAX_PACKET);
                if let Some((user, password)) = &o.login {
                    options.set_credentials(user, password);
                }
                if let Some(transport) = transport {
                    options.set_transport(transport);
                }
                let (client, events) = rumqttc::AsyncClient::new(options, WAITING);
                Self::V4(client, Box::new(events))
            }
            MqttVersion::V5 => {
                let mut options = v5::MqttOptions::new(o.client_id.clone(), host, port);
                options.set_clean_start(false).set_manual_acks(true).set_keep_alive(keep_alive);
                options.set_session_expiry_interval(Some(o.session_s));
                options.set_max_packet_size(Some(MAX_PACKET as u32));
                if let Some((user, password)) = &o.login {
                    options.set_credentials(user, password);
                }
                if let Some(transport) = transport {
                    options.set_transport(transport);
                }
                let (client, events) = v5::AsyncClient::new(options, WAITING);
                Self::V5(client, Box::new(events))
            }
        }
    }

    /// To send from elsewhere.
    #[must_use]
    pub fn voice(&self) -> Voice {
        match self {
            Self::V4(client, _) => Voice::V4(client.clone()),
            Self::V5(client, _) => Voice::V5(client.clone()),
        }
    }

    /// What happens next. After an error the next call connects again.
    ///
    /// # Errors
    /// Why the connection is gone, or did not come about.
    pub async fn next(&mut self) -> Result<Said, String> {
        match self {
            Self::V4(_, events) => Ok(match events.poll().await.map_err(|e| e.to_string())? {
                Event::Incoming(Packet::ConnAck(ack)) => Said::Connected(ack.session_present),
                Event::Incoming(Packet::Publish(p)) => Said::Message(Message {
                    topic: p.topic,
                    payload: p.payload,
                    dup: p.dup,
                    retain: p.retain,
                    pkid: p.pkid,
                }),
                Event::Incoming(Packet::SubAck(ack))
                    if ack.return_codes.contains(&rumqttc::SubscribeReasonCode::Failure) =>
                {
                    Said::Refused("the broker refused a subscription".into())
                }
                _ => Said::Other,
            }),
            Self::V5(_, events) => Ok(match events.poll().await.map_err(|e| e.to_string())? {
                v5::Event::Incoming(v5::Incoming::ConnAck(ack)) => Said::Connected(ack.session_present),
                v5::Event::Incoming(v5::Incoming::Publish(p)) => Said::Message(Message {
                    topic: String::from_utf8_lossy(&p.topic).into_owned(),
                    payload: p.payload,
                    dup: p.dup,
                    retain: p.retain,
                    pkid: p.pkid,
                }),
                v5::Event::Incoming(v5::Incoming::SubAck(ack)) => {
                    use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode as Code;
                    match ack.return_codes.iter().find(|c| !matches!(c, Code::Success(_))) {
                        Some(code) => Said::Refused(format!("the broker refused a subscription: {code:?}")),
                        None => Said::Other,
                    }
                }
                v5::Event::Incoming(v5::Incoming::Disconnect(d)) => {
                    return Err(format!("the broker closes: {:?}", d.reason_code));
                }
                _ => Said::Other,
            }),
        }
    }
}

impl Voice {
    /// Subscribes with QoS 1.
    pub async fn subscribe(&self, filter: &str) {
        // An error means the link is gone; the next connection subscribes again.
        let _ = match self {
            Self::V4(client) => client.subscribe(filter, QoS::AtLeastOnce).await.map_err(|_| ()),
            Self::V5(client) => client.subscribe(filter, v5::mqttbytes::QoS::AtLeastOnce).await.map_err(|_| ()),
        };
    }

    /// Acknowledges a message of QoS 1.
    pub async fn acknowledge(&self, pkid: u16) {
        let _ = match self {
            Self::V4(client) => {
                let mut p = rumqttc::Publish::new("", QoS::AtLeastOnce, Vec::new());
                p.pkid = pkid;
                client.ack(&p).await.map_err(|_| ())
            }
            Self::V5(client) => {
                let mut p = v5::mqttbytes::v5::Publish::new("", v5::mqttbytes::QoS::AtLeastOnce, Vec::new(), None);
                p.pkid = pkid;
                client.ack(&p).await.map_err(|_| ())
            }
        };
    }

    /// Publishes with QoS 1.
    pub async fn publish(&self, topic: String, payload: Bytes) {
        let _ = match self {
            Self::V4(client) => client.publish_bytes(topic, QoS::AtLeastOnce, false, payload).await.map_err(|_| ()),
            Self::V5(client) => {
                client.publish_bytes(topic, v5::mqttbytes::QoS::AtLeastOnce, false, payload).await.map_err(|_| ())
            }
        };
    }
}
