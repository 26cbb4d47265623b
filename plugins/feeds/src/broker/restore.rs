//! The broker's memory read again: sessions, what waits for them, retained messages, wills.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_room::journal::BrokerPast;

use super::{
    durable::{KeptArrival, KeptMessage, KeptSession, read},
    hub::Inner,
    session::{Session, Subscription, Waiting},
    wills,
};

/// Sessions and retained messages as they were kept.
pub(super) fn remembered(past: BrokerPast, waiting: &Arc<Waiting>) -> Inner {
    let mut inner = Inner::default();
    let now = crate::wall_now().0;
    for (client, body) in past.sessions {
        let Some(kept) = read::<KeptSession>("a session", &body) else { continue };
        // One that was connected lost its connection with the program, just now.
        let gone_s = kept.gone_ms.map_or(0, |at| u64::try_from((now - at) / 1000).unwrap_or(0));
        let mut session = Session::new(waiting.clone());
        let filters = kept.filters.iter().cloned();
        session.filters = filters
            .map(|(f, qos, no_local, as_published)| {
                let id = kept.ids.iter().find(|(of, _)| *of == f).map(|(_, id)| *id);
                (f, Subscription { qos, no_local, as_published, id })
            })
            .collect();
        session.expiry_s = kept.expiry_s;
        session.gone = Instant::now().checked_sub(Duration::from_secs(gone_s)).or_else(|| Some(Instant::now()));
        if !session.filters.is_empty() {
            inner.listeners.insert(client.clone());
        }
        inner.sessions.insert(client, session);
    }
    for (client, no, body) in past.queued {
        let Some(session) = inner.sessions.get_mut(&client) else { continue };
        if let Some(message) = read::<KeptMessage>("a message", &body) {
            session.restore(message, no);
        }
    }
    for (client, pkid, body) in past.arrived {
        let Some(session) = inner.sessions.get_mut(&client) else { continue };
        if let Some(arrival) = read::<KeptArrival>("a message on its way in", &body) {
            session.remembered.insert(pkid, arrival);
        }
    }
    for (topic, body) in past.retained {
        if let Some(message) = read::<KeptMessage>("a retained message", &body) {
            inner.retained.insert(topic, message.message(0));
        }
    }
    wills::remember(&mut inner, past.wills);
    inner
}
