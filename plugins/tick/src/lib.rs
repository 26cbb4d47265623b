//! The beat every room plugin keeps.
//!
//! A room runs [`RoomTick`] once per tick on a single-threaded executor. Plugins add systems to the
//! sets of [`RoomSystems`], read the [`Clock`] and the [`Inbox`], write facts to the [`Outbox`], and
//! register the plain data they own with [`RoomAppExt::register_room_state`], so that a room can be
//! snapshot, restored, forked and hashed without knowing what is in it.
//!
//! **Invariant:** a room plugin owns no state outside registered resources, reads no clock but
//! [`Clock`], and iterates nothing in hash order.

mod state;
mod wall;

pub use state::{RoomAppExt, RoomState, StateError, StateRegistry};
pub use wall::{WallClock, WallClockPlugin};

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::ScheduleLabel;
use guanlan_core::{Command, CommandEnvelope, Event, Input, Mode, Refusal, Reply, Stamp};

/// The schedule of one tick.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomTick;

/// The phases of one tick, in this order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoomSystems {
    /// Feeds' health and mode.
    Ingest,
    /// Readings, quality, water at sensors.
    Sense,
    /// Rules to alerts.
    Assess,
    /// Cases: alerts and reports in, commands applied.
    Respond,
    /// Units, roads, assignments.
    Dispatch,
    /// Figures computed from the state of this tick.
    Publish,
}

impl RoomSystems {
    /// All phases in order.
    pub const ORDER: [Self; 6] =
        [Self::Ingest, Self::Sense, Self::Assess, Self::Respond, Self::Dispatch, Self::Publish];
}

/// The time of this tick. Set by the room before the schedule runs.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Clock {
    /// The instant this tick stands for.
    pub now: Stamp,
    /// Milliseconds since the tick before; 0 in the first.
    pub dt_ms: i64,
    /// Number of this tick on its timeline, from 1.
    pub tick: u64,
    /// What this timeline is. Exercise stamps everything.
    pub mode: Mode,
    /// Seed of everything random in the room.
    pub seed: u64,
}

impl Clock {
    /// A number that depends only on the seed, the tick and `salt`: the room's only randomness.
    #[must_use]
    pub fn random(&self, salt: u64) -> u64 {
        // SplitMix64 (Steele, Lea & Flood 2014) over a mixed key.
        let mut z =
            self.seed ^ self.tick.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
        z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The inputs of this tick, in journaled order.
#[derive(Resource, Clone, Debug, Default)]
pub struct Inbox {
    /// All inputs.
    pub inputs: Vec<Input>,
}

impl Inbox {
    /// The commands among the inputs, in order.
    pub fn commands(&self) -> impl Iterator<Item = &CommandEnvelope> {
        self.inputs.iter().filter_map(|input| match input {
            Input::Command(envelope) => Some(envelope),
            _ => None,
        })
    }
}

/// What this tick brought about. Later phases of the same tick read what earlier ones wrote.
#[derive(Resource, Clone, Debug, Default)]
pub struct Outbox {
    /// Facts in the order they became true.
    pub events: Vec<Event>,
    /// Answers to commands.
    pub replies: Vec<Reply>,
}

impl Outbox {
    /// Records a fact.
    pub fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Answers a command. A refusal is also recorded as a fact.
    ///
    /// A command may concern several plugins (dispatching also moves the case): the plugin that
    /// owns the command answers; see the docs of [`Command`].
    pub fn answer(&mut self, envelope: &CommandEnvelope, result: Result<serde_json::Value, Refusal>) {
        if let Err(refusal) = &result {
            self.events.push(Event::CommandRefused {
                actor: envelope.actor.clone(),
                command: command_name(&envelope.command),
                reason: refusal.message.clone(),
            });
        }
        self.replies.push(Reply { command: envelope.id.clone(), result });
    }

    /// True when `envelope` has been answered in this tick.
    #[must_use]
    pub fn answered(&self, envelope: &CommandEnvelope) -> bool {
        self.replies.iter().any(|reply| reply.command == envelope.id)
    }
}

fn command_name(command: &Command) -> String {
    serde_json::to_value(command)
        .ok()
        .and_then(|value| value.get("do").and_then(|name| name.as_str().map(str::to_owned)))
        .unwrap_or_default()
}
