//! Observations by MQTT, as they come.

use std::sync::Arc;

use guanlan_core::SensorId;
use serde_json::Value;

use super::{
    known::{Shared, lock},
    multi,
    observations::read_observation,
};
use crate::{
    file::kinds::{self, MqttVersion},
    intake::wall_now,
    run::{address, courier::Courier, mqtt, mqtt_link, tls},
};

/// The service's version, with which its topics begin.
fn version_of(url: &str) -> &str {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.starts_with("v1.") { last } else { "v1.1" }
}

/// `v1.1/MultiDatastreams('a')/Observations` → true and `a`.
fn stream_of_topic(topic: &str) -> Option<(bool, String)> {
    let (_, rest) = topic.split_once("Datastreams(")?;
    let id = rest.strip_suffix(")/Observations")?;
    let id = match id.strip_prefix('\'').and_then(|id| id.strip_suffix('\'')) {
        Some(word) => word.replace("''", "'"),
        None => id.to_owned(),
    };
    Some((topic.contains("/MultiDatastreams("), id))
}

/// Observations as they come: one subscription for each Datastream, because payloads carry links, not ids.
pub(super) async fn by_mqtt(spec: kinds::SensorThings, courier: Arc<Courier>, known: Shared) {
    let Some(Ok(address)) = spec.mqtt.as_deref().map(address::mqtt) else { return };
    let login = match (&spec.mqtt_user, &spec.mqtt_password) {
        (Some(user), password) => {
            let password = password.as_ref().map(|p| p.value()).transpose();
            match (user.value(), password) {
                (Ok(user), Ok(password)) => Some((user, password.unwrap_or_default())),
                (Err(reason), _) | (_, Err(reason)) => return courier.fail(&reason).await,
            }
        }
        (None, _) => None,
    };
    let tls = match address.tls.then(|| tls::client(None, None)).transpose() {
        Ok(tls) => tls,
        Err(reason) => return courier.fail(&reason).await,
    };
    let version = version_of(&spec.url);
    let topics: Vec<String> =
        lock(&known).links.values().map(|link| format!("{version}/{link}/Observations")).collect();
    let options = mqtt_link::Options {
        address,
        version: MqttVersion::V311,
        client_id: format!("guanlan-sta-{:x}", wall_now().0),
        login,
        tls,
        // The poll fills gaps: nothing is kept for us.
        session_s: 0,
        keep_alive_s: 30,
    };
    let (inner, inner_known) = (spec.clone(), known.clone());
    let reader: Box<mqtt::Reader> = Box::new(move |courier, message| {
        let Some((multi, id)) = stream_of_topic(&message.topic) else { return Ok(Vec::new()) };
        let value: Value = serde_json::from_slice(&message.payload).map_err(|e| format!("payload: not JSON: {e}"))?;
        if multi {
            return multi::heard(&id, &value, &inner, &inner_known);
        }
        let read = read_observation(Some(&id), &value, &inner, courier, &inner_known);
        Ok(read.map(|(_, input)| input).into_iter().collect())
    });
    let steps = |sensor: &SensorId| {
        let k = lock(&known);
        let plain = || k.streams.get(sensor.as_str().strip_prefix(&*spec.prefix)?);
        k.components.get(sensor).or_else(plain).map(|s| s.steps.clone()).unwrap_or_default()
    };
    let _ = mqtt::listen(&options, &topics, &courier, &*reader, None, &steps).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_name_version_and_stream() {
        assert_eq!(stream_of_topic("v1.1/MultiDatastreams('o''b')/Observations"), Some((true, "o'b".into())));
        assert_eq!(stream_of_topic("v1.0/Datastreams(3)/Observations"), Some((false, "3".into())));
        assert_eq!(stream_of_topic("v1.1/Things(3)"), None);
        assert_eq!((version_of("http://h/api/v1.0/"), version_of("http://h/sta")), ("v1.0", "v1.1"));
    }
}
