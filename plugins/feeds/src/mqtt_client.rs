//! An external MQTT broker by URL: persistent session, acknowledgement only after commit.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::sync::mpsc;

use crate::intake::{Intake, Taken};

/// What a room listens to at a foreign broker.
const FILTERS: [&str; 6] = [
    "v1.1/Observations",
    "v1.1/+/Observations",
    "v1.1/+",
    "owntracks/+/+",
    "guanlan/units/+/status",
    "guanlan/reports",
];

/// A broker address that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{url}' is no MQTT address: expected mqtt://[USER:PASSWORD@]HOST[:PORT]")]
pub struct BrokerUrlError {
    /// As given.
    pub url: String,
}

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password, if any.
    pub login: Option<(String, String)>,
}

impl std::str::FromStr for BrokerUrl {
    type Err = BrokerUrlError;
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let wrong = || BrokerUrlError { url: url.to_owned() };
        let rest = url.strip_prefix("mqtt://").or_else(|| url.strip_prefix("tcp://")).ok_or_else(wrong)?;
        let rest = rest.trim_end_matches('/');
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                (Some((user.to_owned(), password.to_owned())), place)
            }
            None => (None, rest),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (place, 1883),
        };
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port, login })
    }
}

/// Follows a broker for ever: reconnects with growing pauses, says in the room when it is up or down.
pub async fn follow(
    url: BrokerUrl,
    client_id: String,
    intake: Arc<Intake>,
    mut outgoing: mpsc::Receiver<(String, Bytes)>,
) {
    let mut options = MqttOptions::new(client_id, url.host.clone(), url.port);
    options.set_clean_session(false).set_manual_acks(true).set_keep_alive(Duration::from_secs(20));
    options.set_max_packet_size(8 * 1024 * 1024, 8 * 1024 * 1024);
    if let Some((user, password)) = &url.login {
        options.set_credentials(user, password);
    }
    let (client, mut events) = AsyncClient::new(options, 4096);
    let sender = client.clone();
    tokio::spawn(async move {
        while let Some((topic, payload)) = outgoing.recv().await {
            if sender.publish_bytes(topic, QoS::AtLeastOnce, false, payload).await.is_err() {
                return;
            }
        }
    });
    let mut pause = Duration::from_millis(500);
    let mut down_said = false;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                pause = Duration::from_millis(500);
                down_said = false;
                for filter in FILTERS {
                    if client.try_subscribe(filter, QoS::AtLeastOnce).is_err() {
                        tracing::warn!("mqtt: could not subscribe to {filter}");
                    }
                }
                let _ = intake.hand_over(vec![intake.feed_state("mqtt", true, "")], None);
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let (client, again) = (client.clone(), publish.clone());
                let ack = Box::new(move |durable: bool| {
                    if durable {
                        let _ = client.try_ack(&again);
                    }
                });
                deliver(&intake, publish, ack).await;
            }
            Ok(_) => {}
            Err(error) => {
                if !std::mem::replace(&mut down_said, true) {
                    let _ = intake.hand_over(vec![intake.feed_state("mqtt", false, &error.to_string())], None);
                    tracing::warn!("mqtt {}:{}: {error}; trying again", url.host, url.port);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(30));
            }
        }
    }
}

async fn deliver(intake: &Intake, publish: rumqttc::Publish, ack: Box<dyn FnOnce(bool) + Send>) {
    // The closure is handed over once; on a full queue the message itself waits here, which stops
    // reading from the broker: that is the back-pressure.
    let ack = Arc::new(std::sync::Mutex::new(Some(ack)));
    loop {
        let held = ack.clone();
        let call: Box<dyn FnOnce(bool) + Send> = Box::new(move |durable| {
            let taken = held.lock().ok().and_then(|mut slot| slot.take());
            if let Some(ack) = taken {
                ack(durable);
            }
        });
        match intake.message("broker", &publish.topic, &publish.payload, Some(call)) {
            Taken::Queued | Taken::Closed => return,
            Taken::Nothing | Taken::Refused => {
                let taken = ack.lock().ok().and_then(|mut slot| slot.take());
                if let Some(ack) = taken {
                    ack(true);
                }
                return;
            }
            Taken::Full => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let url: BrokerUrl = "mqtt://u:p@broker.example:1884".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port), ("broker.example", 1884));
        assert_eq!(url.login, Some(("u".into(), "p".into())));
        assert_eq!("tcp://h".parse::<BrokerUrl>().unwrap().port, 1883);
        for wrong in ["h:1883", "mqtt://", "mqtt://h:many", "http://h"] {
            assert!(wrong.parse::<BrokerUrl>().is_err(), "{wrong}");
        }
    }
}
