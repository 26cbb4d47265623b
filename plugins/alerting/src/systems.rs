//! The one system of alerting: what was sensed, in order, then what people say.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::Command;
use guanlan_sensing::{Sensed, SensedTick, SensorTable, stale_after_ms};
use guanlan_tick::{Clock, Inbox, Outbox};

use crate::{book::AlertBook, ledger::SensorRef, rules::RuleSet};

/// The rules in force: constant for a room until the room is told otherwise.
#[derive(Resource, Clone, Debug)]
pub struct Rules(pub Arc<RuleSet>);

pub(crate) fn assess(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    rules: Res<Rules>,
    table: Res<SensorTable>,
    sensed: Res<SensedTick>,
    mut book: ResMut<AlertBook>,
    mut outbox: ResMut<Outbox>,
) {
    let rules = &*rules.0;
    book.adopt(rules, clock.now, &mut outbox.events);
    for fact in &sensed.facts {
        let (Sensed::Reading { index, .. } | Sensed::Quality { index, .. }) = *fact;
        let Some(meta) = table.meta(index) else { continue };
        let sensor = SensorRef {
            index,
            id: &meta.id,
            property: meta.property,
            place_m: meta.place_m,
            name: &meta.name,
            max_gap_ms: stale_after_ms(meta.period_s),
        };
        match *fact {
            Sensed::Reading { at, value, trusted: true, .. } => {
                book.observe(rules, &sensor, at, value, &mut outbox.events);
            }
            Sensed::Reading { .. } => {}
            Sensed::Quality { at, to, .. } => book.observe_quality(rules, &sensor, at, to, &mut outbox.events),
        }
    }
    for envelope in inbox.commands() {
        if let Command::AcknowledgeAlert { alert, note } = &envelope.command {
            let result = book.acknowledge(envelope, *alert, note, clock.now, &mut outbox.events);
            outbox.answer(envelope, result);
        }
    }
    book.publish(clock.now);
}
