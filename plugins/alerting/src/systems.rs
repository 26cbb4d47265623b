//! The one system of alerting: rule files, what was sensed, what people say, what time brings.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::{Event, Input, Mode, Stamp, input::RoomFile};
use guanlan_sensing::{ModelSays, Sensed, SensedTick, SensorTable};
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use serde::{Deserialize, Serialize};

use crate::{board::RulesInForce, book::AlertBook, engine::Scene, people, places::Places, rules::RuleSet};

/// The rules in force. Which file they are is truth ([`RuleFileTaken`]); this is that file made ready.
#[derive(Resource, Clone, Debug)]
pub struct Rules(pub Arc<RuleSet>);

/// The rules a room began with: what single streams were given in them outlives every reload.
#[derive(Resource, Clone, Debug)]
pub(crate) struct FirstRules(pub Arc<RuleSet>);

/// The rule file that was taken last; empty while those the room began with are in force.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFileTaken {
    /// Its name, hash and text; `None` before the first.
    pub file: Option<Arc<RoomFile>>,
    /// When.
    pub at: Stamp,
}

impl RoomState for RuleFileTaken {
    const NAME: &'static str = "alerting.rules";
}

#[allow(clippy::too_many_arguments, reason = "the system's resources")]
pub(crate) fn assess(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    first: Res<FirstRules>,
    places: Res<Places>,
    table: Res<SensorTable>,
    sensed: Res<SensedTick>,
    model: Res<ModelSays>,
    mut rules: ResMut<Rules>,
    mut taken: ResMut<RuleFileTaken>,
    mut book: ResMut<AlertBook>,
    mut outbox: ResMut<Outbox>,
) {
    follow_file(&first.0, &mut rules, &taken);
    for input in &inbox.inputs {
        if let Input::File(file) = input
            && file.kind == "rules"
        {
            let event = take_file(&first.0, &mut rules, &mut taken, &mut book, file, clock.now);
            outbox.events.push(event);
        }
    }
    let rules = rules.0.clone();
    let rules = &*rules;
    book.adopt(rules, clock.now, &mut outbox.events);
    book.say_rules(rules, &taken);
    let scene = Scene { places: Some(&places), table: Some(&table), model: Some(&model) };
    for fact in &sensed.facts {
        let (Sensed::Reading { index, .. } | Sensed::Quality { index, .. }) = *fact;
        let Some(sensor) = scene.sensor(index) else { continue };
        match *fact {
            // Delays and windows are the room's time, also while a wall clock that was set back is behind it.
            Sensed::Reading { room_at, value, trusted: true, .. } => {
                book.observe_in(&scene, rules, &sensor, room_at, value, &mut outbox.events);
            }
            Sensed::Reading { .. } => {}
            Sensed::Quality { at, to, .. } => book.observe_quality(rules, &sensor, at, to, &mut outbox.events),
        }
    }
    for envelope in inbox.commands() {
        if people::ours(&envelope.command) {
            let result = book.command(envelope, clock.now, &mut outbox.events);
            outbox.answer(envelope, result);
        }
    }
    // An exercise and a forecast have no devices: nobody counts as silent.
    let silence = !matches!(clock.mode, Mode::Exercise | Mode::Forecast);
    book.run_timers(&scene, rules, clock.now, silence, &mut outbox.events);
    book.care(rules, &places, clock.mode == Mode::Exercise, clock.now, &mut outbox.events);
    book.publish(clock.now);
}

/// Makes the file that is truth ready for use again: after a restore or in a fork.
fn follow_file(first: &RuleSet, rules: &mut Rules, taken: &RuleFileTaken) {
    let wanted = taken.file.as_ref().map_or(first.hash(), |f| f.hash.as_str());
    if rules.0.hash() == wanted {
        return;
    }
    match &taken.file {
        None => rules.0 = Arc::new(first.clone()),
        Some(file) => {
            // It was taken, so it can be read.
            if let Ok(set) = first.reload(&file.name, &file.text) {
                rules.0 = Arc::new(set);
            }
        }
    }
}

/// Takes a rule file whole or not at all.
fn take_file(
    first: &RuleSet,
    rules: &mut Rules,
    taken: &mut RuleFileTaken,
    book: &mut AlertBook,
    file: &RoomFile,
    now: Stamp,
) -> Event {
    let told = |rules: &Rules, refused: String| Event::RulesChanged {
        name: file.name.clone(),
        hash: file.hash.clone(),
        rules: u32::try_from(rules.0.rules().len()).unwrap_or(u32::MAX),
        refused,
    };
    let read = if crate::rules::sha256(&file.text) == file.hash {
        first.reload(&file.name, &file.text).map_err(|e| e.to_string())
    } else {
        Err(format!("{}: 内容与哈希不符 / the text does not have the hash it came with", file.name))
    };
    match read {
        Ok(set) => {
            rules.0 = Arc::new(set);
            taken.file = Some(Arc::new(file.clone()));
            taken.at = now;
            told(rules, String::new())
        }
        Err(message) => {
            let mut said = (*book.in_force).clone();
            said.refused = Some((file.name.clone(), now, message.clone()));
            book.in_force = Arc::new(said);
            told(rules, message)
        }
    }
}

impl AlertBook {
    /// Says which rules are in force on the board.
    fn say_rules(&mut self, rules: &RuleSet, taken: &RuleFileTaken) {
        let count = u32::try_from(rules.rules().len()).unwrap_or(u32::MAX);
        let known = &self.in_force;
        if known.hash == rules.hash() && known.rules == count && known.since == taken.at {
            return;
        }
        self.in_force = Arc::new(RulesInForce {
            name: rules.file().to_owned(),
            hash: rules.hash().to_owned(),
            since: taken.at,
            rules: count,
            refused: None,
        });
    }
}
