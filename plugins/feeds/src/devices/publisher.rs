//! The publisher: an MQTT client like any other, on the wall clock.

use std::{sync::Arc, time::Duration};

use guanlan_city::City;
use guanlan_core::UnitId;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use super::{Devices, TaskMessage};
use crate::{
    intake::{SIMULATOR_PREFIX, wall_now},
    mqtt_client::BrokerUrl,
};

/// The publisher ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevicesError {
    /// The client closed.
    #[error("the demo devices lost their MQTT client: {0}")]
    Client(String),
}

/// Above this number of devices, readings go out with QoS 0.
const QOS1_UP_TO: usize = 20_000;
/// How often the devices live on.
const STEP: Duration = Duration::from_millis(250);

/// Publishes for ever; reconnects by itself.
///
/// # Errors
/// When the client is closed from inside.
pub async fn run(city: Arc<City>, seed: u64, broker: BrokerUrl) -> Result<(), DevicesError> {
    let reading_qos = if city.sensors.len() <= QOS1_UP_TO { QoS::AtLeastOnce } else { QoS::AtMostOnce };
    let mut options = MqttOptions::new(format!("{SIMULATOR_PREFIX}-{seed}"), broker.host.clone(), broker.port);
    options.set_keep_alive(Duration::from_secs(20)).set_clean_session(true).set_inflight(2000);
    if let Some((user, password)) = &broker.login {
        options.set_credentials(user, password);
    }
    let (client, mut events) = AsyncClient::new(options, 20_000);
    let (task_tx, mut tasks) = tokio::sync::mpsc::channel::<(UnitId, TaskMessage)>(256);
    let subscriber = client.clone();
    let polling = tokio::spawn(async move {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    let _ = subscriber.try_subscribe("guanlan/units/+/tasks", QoS::AtLeastOnce);
                }
                Ok(Event::Incoming(Packet::Publish(p))) => {
                    let unit = p.topic.split('/').nth(2).unwrap_or_default();
                    if let Ok(task) = serde_json::from_slice::<TaskMessage>(&p.payload) {
                        let _ = task_tx.send((unit.into(), task)).await;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!("demo devices: {error}; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    let mut devices = Devices::new(city, seed, wall_now());
    let mut beat = tokio::time::interval(STEP);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        beat.tick().await;
        while let Ok((unit, task)) = tasks.try_recv() {
            devices.take_task(&unit, &task);
        }
        for message in devices.step(wall_now()) {
            let qos = if message.important { QoS::AtLeastOnce } else { reading_qos };
            // A full queue means the broker is away or slow: readings of this moment are lost, as a
            // device without memory loses them; reports wait.
            let sent = if message.important {
                client.publish(message.topic, qos, false, message.payload).await
            } else {
                let _ = client.try_publish(message.topic, qos, false, message.payload);
                Ok(())
            };
            if let Err(error) = sent {
                polling.abort();
                return Err(DevicesError::Client(error.to_string()));
            }
        }
    }
}
