//! The broker of the command line (`--mqtt mqtt://…`): what a feed of kind `mqtt` does, and the crews' tasks out.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use guanlan_room::RoomHandle;
use tokio::sync::mpsc;

use crate::{
    file::{Feed, kinds::MqttVersion},
    intake::Intake,
    run::{
        address,
        courier::{Closed, Courier},
        mqtt::{OWN_TOPICS, by_own_topics, listen},
        mqtt_link::Options,
    },
};

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
    /// mqtts.
    pub tls: bool,
}

impl std::str::FromStr for BrokerUrl {
    type Err = BrokerUrlError;
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let wrong = || BrokerUrlError { url: url.to_owned() };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                (Some((user.to_owned(), password.to_owned())), place)
            }
            None => (None, rest),
        };
        let read = address::mqtt(&format!("{scheme}://{place}")).map_err(|_| wrong())?;
        Ok(Self { host: read.host, port: read.port, login, tls: read.tls })
    }
}

/// Follows a broker until the room closes; says in the room when it is up or down.
pub async fn follow(
    url: BrokerUrl,
    client_id: String,
    intake: Arc<Intake>,
    room: RoomHandle,
    outgoing: mpsc::Receiver<(String, Bytes)>,
) {
    let feed = Feed::own_broker(&url, intake.is_real());
    let courier = match Courier::new(&feed, Path::new(""), intake, room) {
        Ok(courier) => Arc::new(courier),
        Err(reason) => return tracing::error!("mqtt: {reason}"),
    };
    let tls = match url.tls.then(|| crate::run::tls_of_the_system()).transpose() {
        Ok(tls) => tls,
        Err(reason) => return courier.fail(&reason).await,
    };
    let options = Options {
        address: address::Mqtt { host: url.host, port: url.port, tls: url.tls },
        version: MqttVersion::V311,
        client_id,
        login: url.login,
        tls,
        session_s: 7 * 86_400,
        keep_alive_s: 20,
    };
    let topics: Vec<String> = OWN_TOPICS.iter().map(|t| (*t).to_owned()).collect();
    let ended = listen(&options, &topics, &courier, &by_own_topics, Some(outgoing), &|_| Vec::new()).await;
    if ended == Err(Closed) {
        tracing::debug!("the room has closed");
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
        assert!("mqtts://h".parse::<BrokerUrl>().unwrap().tls);
        for wrong in ["h:1883", "mqtt://", "mqtt://h:many", "http://h"] {
            assert!(wrong.parse::<BrokerUrl>().is_err(), "{wrong}");
        }
    }
}
