//! The drill in its room: records what was delivered, watches what comes of it.

use std::sync::Arc;

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use guanlan_core::{Event, Input, Stamp};
use guanlan_tick::{Clock, Inbox, Outbox, RoomAppExt, RoomSystems, RoomTick};

use crate::{plan::DrillPlan, state::DrillState, watch};

/// Adds a drill to a forked room.
pub struct DrillPlugin {
    /// The script, bound to the room's city.
    pub plan: Arc<DrillPlan>,
    /// Script time 0.
    pub start: Stamp,
}

/// The script as a constant of the room.
#[derive(Resource, Clone)]
struct Script {
    plan: Arc<DrillPlan>,
    start: Stamp,
}

impl Plugin for DrillPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Script { plan: self.plan.clone(), start: self.start })
            .register_room_state::<DrillState>()
            .add_systems(RoomTick, deliver.in_set(RoomSystems::Ingest))
            // After everybody, so that the facts of Publish count in their own tick.
            .add_systems(RoomTick, evaluate.after(RoomSystems::Publish));
    }
}

fn deliver(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    script: Res<Script>,
    mut state: ResMut<DrillState>,
    mut out: ResMut<Outbox>,
) {
    state.start.get_or_insert(script.start);
    watch::clock(&mut state, &script.plan, clock.now);
    for input in &inbox.inputs {
        let Input::Inject(inject) = input else { continue };
        if state.delivered.insert(inject.no, clock.now).is_none() {
            out.tell(Event::InjectDelivered {
                no: inject.no,
                channel: inject.channel.clone(),
                to: inject.to.clone(),
                text: inject.text.clone(),
            });
        }
    }
}

fn evaluate(clock: Res<Clock>, script: Res<Script>, out: Res<Outbox>, mut state: ResMut<DrillState>) {
    for event in &out.events {
        watch::follow(&mut state, &script.plan, event, clock.now);
    }
    watch::clock(&mut state, &script.plan, clock.now);
}
