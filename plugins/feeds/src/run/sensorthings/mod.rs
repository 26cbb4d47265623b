//! An OGC SensorThings 1.1 service: descriptions with `$expand`, every observation since the cursor with paging, and
//! by MQTT as they come.

mod describe;
mod known;
mod listen;
mod multi;
mod observations;
mod pages;

use std::{sync::Arc, time::Duration};

use guanlan_core::Stamp;

use self::{
    known::{Shared, Trouble, lock},
    multi::Multi,
    observations::ObservationsFailed,
};
use super::{courier::Courier, web};
use crate::{file::kinds, intake::wall_now};

/// Time between readings of the descriptions, s.
const DESCRIBE_EVERY_S: i64 = 3_600;
/// Streams read one by one at most; of more only the latest observations are read, with the descriptions.
const ONE_BY_ONE: usize = 2_000;

/// Follows a feed until the room closes.
pub async fn follow(spec: kinds::SensorThings, courier: Arc<Courier>) {
    let known: Shared = Arc::default();
    {
        let mut k = lock(&known);
        k.newest = courier.cursor().parse().map(Stamp).unwrap_or_default();
        k.began_at_nothing = k.newest == Stamp(0);
    }
    let mut multi = Multi::default();
    let mut mqtt_task = tokio::task::JoinSet::new();
    let mut listened = Vec::new();
    loop {
        let polled = match web::client(&spec.login, Some(Duration::from_secs(60))) {
            Ok(client) => match poll(&spec, &client, &courier, &known).await {
                Ok(()) => multi.poll(&spec, &client, &courier, &known).await,
                Err(trouble) => Err(trouble),
            },
            Err(reason) => Err(Trouble::Source(reason)),
        };
        match polled {
            Ok(()) => {
                courier.up();
                // Streams that are new at the server are listened to, too.
                let links: Vec<String> = lock(&known).links.values().cloned().collect();
                if spec.mqtt.is_some() && (mqtt_task.is_empty() || links != listened) {
                    mqtt_task.shutdown().await;
                    mqtt_task.spawn(listen::by_mqtt(spec.clone(), courier.clone(), known.clone()));
                    listened = links;
                }
                tokio::time::sleep(Duration::from_secs(u64::from(spec.every_s))).await;
            }
            Err(Trouble::Closed) => return,
            Err(Trouble::Source(reason)) => courier.fail(&reason).await,
        }
    }
}

async fn poll(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), Trouble> {
    let now = wall_now();
    let (described, latest_only, newest) = {
        let k = lock(known);
        (k.described, k.latest_only, k.newest)
    };
    let first = described.is_none();
    if latest_only || described.is_none_or(|at| now - at > DESCRIBE_EVERY_S * 1000) {
        describe::all(spec, client, courier, known).await?;
        let form = {
            let mut k = lock(known);
            k.described = Some(now);
            k.form
        };
        if latest_only || (first && newest == Stamp(0)) {
            // What came before this room first listened is history of the server, not of the room.
            if form > 0 && !latest_only {
                observations::by_stream(spec, client, courier, known).await?;
            }
            let mut k = lock(known);
            if k.newest == Stamp(0) {
                k.newest = now;
            }
            return Ok(());
        }
    }
    if lock(known).by_stream {
        return observations::by_stream(spec, client, courier, known).await;
    }
    match observations::since_cursor(spec, client, courier, known).await {
        Err(ObservationsFailed::Unsupported(reason)) => {
            let mut k = lock(known);
            (k.by_stream, k.latest_only) = (k.streams.len() <= ONE_BY_ONE, k.streams.len() > ONE_BY_ONE);
            let how = if k.by_stream { "stream by stream" } else { "the latest only" };
            tracing::warn!("{}: {reason}; reading observations {how}", courier.name());
            Ok(())
        }
        Err(ObservationsFailed::Other(trouble)) => Err(trouble),
        Ok(()) => Ok(()),
    }
}
