//! The door where HTTP is spoken.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use guanlan_feeds::{Intake, Supervisor};
use guanlan_gateway::{Feeds, Figure, Refused};
use guanlan_room::Timelines;
use tokio::runtime::Runtime;

use crate::exit::{Failure, bad_input};

/// Serves the API at an address.
pub(super) fn open(
    runtime: &Runtime,
    address: &str,
    timelines: &Arc<Timelines>,
    feeds: Feeds,
) -> Result<SocketAddr, Failure> {
    let tokens = match std::env::var("GUANLAN_TOKENS") {
        Ok(text) => guanlan_gateway::parse_tokens(&text).map_err(|e| bad_input(format!("GUANLAN_TOKENS: {e}")))?,
        Err(_) => Vec::new(),
    };
    runtime
        .block_on(guanlan_gateway::serve(address, timelines.clone(), tokens, feeds))
        .map_err(|e| bad_input(format!("--api {address}: {e}")))
}

/// What the connectors say about themselves at the API.
pub(super) fn feeds_of(intake: &Arc<Intake>, feeds: &Arc<Supervisor>) -> Feeds {
    let (counting, keeping) = (Arc::clone(intake), Arc::clone(intake));
    let figures = move || {
        let c = counting.counters();
        let figure = |name, help, counter, value: &AtomicU64| Figure {
            name,
            help,
            counter,
            #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            value: value.load(Ordering::Relaxed) as f64,
        };
        vec![
            figure("feed_messages", "Messages that came", true, &c.messages),
            figure("feed_messages_refused", "Messages refused whole, see /quarantine", true, &c.refused),
            figure("feed_inputs", "Inputs handed to the room", true, &c.inputs),
            figure("feed_waits", "Times a source was told to wait", true, &c.full),
            figure("mqtt_clients", "Clients of the embedded broker", false, &c.clients),
        ]
    };
    let refused = move || {
        let kept = keeping.quarantined().into_iter();
        kept.map(|q| Refused { at: q.at, source: q.source, topic: q.topic, reason: q.reason, payload: q.payload })
            .collect()
    };
    Feeds { figures: Box::new(figures), refused: Box::new(refused), supervisor: Some(Arc::clone(feeds)) }
}
