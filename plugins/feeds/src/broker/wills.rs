//! Wills: what is published for a client that is gone without goodbye, after its delay, unless the client is back on its
//! session by then. Those that are not said yet are on disk: a broker that was killed says them when it is there again.

use std::{sync::Arc, time::Duration};

use guanlan_room::journal::BrokerChange;

use super::{
    durable::{KeptWill, bytes_of, read},
    hub::{Hub, Inner},
    publish::Said,
    wire::Will,
};
use crate::intake::{Intake, wall_now};

/// A will that waits for its time: of which connection, and what.
pub(super) type Pending = (u64, Will);

/// How long a will waits: a session that ends ends the delay, too.
pub(super) fn delay_s(will: &Will, expiry_s: u32) -> u32 {
    will.delay_s.min(expiry_s)
}

impl Hub {
    /// Writes down what is to be said for a client, or that nothing is. Under the hub's lock.
    pub(super) fn keep_will(&self, client_id: &str, will: Option<(&Will, u32)>) {
        if let Some(memory) = &self.memory {
            let body = will.map(|(will, delay_s)| bytes_of(&KeptWill::of(will, delay_s)));
            memory.change(BrokerChange::Will { client: client_id.to_owned(), body });
        }
    }

    /// The will of a connection whose time has come; `None` when the client is back.
    fn take_will(&self, client_id: &str, connection: u64) -> Option<Will> {
        let mut inner = self.lock();
        match inner.wills.get(client_id) {
            Some((of, _)) if *of == connection => inner.wills.remove(client_id).map(|w| w.1),
            _ => None,
        }
    }

    /// Nothing is to be said for a client any more, unless it has come back with another will.
    fn will_is_said(&self, client_id: &str) {
        let inner = self.lock();
        let again = inner.sessions.get(client_id).is_some_and(|s| s.online.as_ref().is_some_and(|o| o.will.is_some()));
        if !again && !inner.wills.contains_key(client_id) {
            self.keep_will(client_id, None);
        }
    }

    /// Wills from before a restart: client and delay.
    fn wills_left(&self) -> Vec<(String, Duration)> {
        let inner = self.lock();
        let delay = |w: &Will| Duration::from_secs(u64::from(w.delay_s));
        inner.wills.iter().map(|(client, (_, will))| (client.clone(), delay(will))).collect()
    }
}

/// Wills as they were kept; they belong to no connection of this program.
pub(super) fn remember(inner: &mut Inner, kept: Vec<(String, Vec<u8>)>) {
    for (client, body) in kept {
        if let Some(will) = read::<KeptWill>("a will", &body) {
            inner.wills.insert(client, (0, will.will()));
        }
    }
}

/// Says the wills that a killed broker left: those without delay before anybody is let in.
pub(super) fn after_restart(hub: &Arc<Hub>, intake: &Arc<Intake>) {
    for (client, delay) in hub.wills_left() {
        if delay.is_zero() {
            say_of(hub, intake, &client, 0);
        } else {
            schedule(hub.clone(), intake.clone(), client, 0, delay);
        }
    }
}

/// Says a connection's will when its time has come and the client has not.
pub(super) fn schedule(hub: Arc<Hub>, intake: Arc<Intake>, client_id: String, connection: u64, delay: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        say_of(&hub, &intake, &client_id, connection);
    });
}

fn say_of(hub: &Arc<Hub>, intake: &Intake, client_id: &str, connection: u64) {
    if let Some(will) = hub.take_will(client_id, connection) {
        say(hub, intake, client_id, &will);
        hub.will_is_said(client_id);
    }
}

/// A will is a message like any other: for listeners, and for the room where it means something to it.
pub(super) fn say(hub: &Hub, intake: &Intake, client_id: &str, will: &Will) {
    let Will { topic, payload, qos, retain, expiry_s, extras, .. } = will;
    let said = Said { topic, payload, qos: *qos, retain: *retain, expiry_s: *expiry_s, extras: extras.clone() };
    hub.publish_from(Some(client_id), &said, None);
    if let Ok(inputs) = intake.read(client_id, topic, payload, wall_now()) {
        intake.hand_over(inputs, None);
    }
}
