//! The room's clock and the wall clock, while they disagree.
//!
//! The room's clock follows the wall clock ahead but never back. After the wall clock was set back the room's is ahead
//! of it for a while: instants that devices and connectors tell are then behind the room's by that much, and what the
//! clock said before it was set back is in their future.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_core::{Input, Mode, Stamp};
use serde::{Deserialize, Serialize};

use crate::{Clock, Inbox, RoomAppExt, RoomState, RoomSystems, RoomTick};

/// How far the room's clock is ahead of the wall clock, as journaled.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallClock {
    /// ms; 0 while they agree.
    pub ahead_ms: i64,
}

impl RoomState for WallClock {
    const NAME: &'static str = "tick.wall";
}

impl WallClock {
    /// An instant that was told, on the room's clock: later by the lead, but not later than `now` by it (whoever tells
    /// the room's own time has another clock than the one that was set back).
    #[must_use]
    pub fn in_room(self, told: Stamp, now: Stamp) -> Stamp {
        (told + self.ahead_ms).min(now.max(told))
    }

    /// What the wall clock says at a room's instant.
    #[must_use]
    pub fn at(self, now: Stamp) -> Stamp {
        now + -self.ahead_ms
    }
}

/// Keeps [`WallClock`]. Every plugin that reads it adds this one.
#[derive(Default)]
pub struct WallClockPlugin;

impl WallClockPlugin {
    /// Adds it unless another plugin has.
    pub fn ensure(app: &mut App) {
        if !app.is_plugin_added::<Self>() {
            app.add_plugins(Self);
        }
    }
}

impl Plugin for WallClockPlugin {
    fn build(&self, app: &mut App) {
        app.register_room_state::<WallClock>();
        app.init_resource::<WallClock>();
        app.add_systems(RoomTick, follow.in_set(RoomSystems::Ingest));
    }
}

fn follow(clock: Res<Clock>, inbox: Res<Inbox>, mut wall: ResMut<WallClock>) {
    // An exercise and a forecast have a clock of their own.
    if matches!(clock.mode, Mode::Exercise | Mode::Forecast) {
        wall.set_if_neq(WallClock::default());
        return;
    }
    for input in &inbox.inputs {
        if let Input::Ahead(ahead) = input {
            wall.ahead_ms = ahead.by_ms.max(0);
        }
    }
}
