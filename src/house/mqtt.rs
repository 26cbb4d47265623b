//! The door where MQTT is spoken: the embedded broker or one that is there, and the devices that publish to it.

use std::{net::SocketAddr, sync::Arc};

use guanlan_feeds::{
    Intake, broker, devices,
    mqtt_client::{self, BrokerUrl},
    tasks,
};
use guanlan_geography::LocalFrame;
use guanlan_room::RoomHandle;
use tokio::runtime::Runtime;

use super::HouseSetup;
use crate::exit::{Failure, bad_input, failed};

/// Opens the broker; none where another one is used or nobody wants MQTT.
pub(super) fn open(
    runtime: &Runtime,
    setup: &HouseSetup,
    intake: &Arc<Intake>,
    live: &RoomHandle,
    frame: &LocalFrame,
) -> Result<Option<SocketAddr>, Failure> {
    let wanted = setup.mqtt.as_deref().unwrap_or(broker::DEFAULT_ADDRESS);
    if wanted == "off" {
        return Ok(None);
    }
    if wanted.contains("://") {
        let url: BrokerUrl = wanted.parse().map_err(bad_input)?;
        let (tx, rx) = tokio::sync::mpsc::channel(1024);
        let client_id = format!("guanlan-room-{}", setup.seed);
        runtime.spawn(mqtt_client::follow(url.clone(), client_id, intake.clone(), live.clone(), rx));
        let outlet: tasks::Outlet = Arc::new(move |topic, payload| {
            if tx.try_send((topic, payload)).is_err() {
                tracing::warn!("a crew's task could not be sent: the broker is away");
            }
        });
        runtime.spawn(tasks::watch(live.clone(), frame.clone(), outlet));
        start_devices(runtime, setup, url);
        return Ok(None);
    }
    let hub = Arc::new(match &setup.store {
        Some(store) => broker::Hub::beside(store).unwrap_or_else(|error| {
            eprintln!("MQTT: 会话和保留消息不会保存 / sessions and retained messages are not kept: {error}");
            broker::Hub::default()
        }),
        None => broker::Hub::default(),
    });
    let users = mqtt_users()?;
    let login = users.iter().next().map(|(name, password)| (name.clone(), password.clone()));
    let serving = runtime.block_on(broker::serve(wanted, intake.clone(), hub.clone(), users.clone()));
    let address = match serving {
        Ok(address) => address,
        // The default port may be taken by another program: the room opens all the same, on a free one.
        Err(error) if setup.mqtt.is_none() => {
            tracing::warn!("MQTT {wanted}: {error}; using a free port");
            runtime.block_on(broker::serve("127.0.0.1:0", intake.clone(), hub.clone(), users)).map_err(failed)?
        }
        Err(error) => {
            return Err(bad_input(format!(
                "--mqtt {wanted}: {error} (expected ADDRESS:PORT, mqtt://HOST:PORT of a running broker, or off)"
            )));
        }
    };
    let outlet: tasks::Outlet = Arc::new(move |topic, payload| hub.publish(&topic, &payload, false));
    runtime.spawn(tasks::watch(live.clone(), frame.clone(), outlet));
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    start_devices(runtime, setup, BrokerUrl { host, port: address.port(), login, tls: false });
    Ok(Some(address))
}

/// Who may come in at the embedded broker: `GUANLAN_MQTT_USERS="name:password;…"`; everybody when it is not set.
fn mqtt_users() -> Result<broker::Users, Failure> {
    let text = std::env::var("GUANLAN_MQTT_USERS").unwrap_or_default();
    let entries = text.split(';').map(str::trim).filter(|e| !e.is_empty());
    entries
        .enumerate()
        .map(|(i, entry)| match entry.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => Ok((name.into(), password.into())),
            _ => Err(bad_input(format!("GUANLAN_MQTT_USERS: entry {}: expected NAME:PASSWORD", i + 1))),
        })
        .collect()
}

/// Starts the simulated devices, if they are wanted.
fn start_devices(runtime: &Runtime, setup: &HouseSetup, broker: BrokerUrl) {
    if !setup.devices {
        return;
    }
    let (city, seed) = (setup.city.clone(), setup.seed);
    runtime.spawn(async move {
        if let Err(error) = devices::run(city, seed, broker).await {
            tracing::error!("{error}");
        }
    });
}
