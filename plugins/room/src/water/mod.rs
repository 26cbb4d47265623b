//! The water's desk in a room: what the model beside it says, the measures people take, closures that only the
//! estimate suggests, forecasts, and pump advice with its answer.
//!
//! Everything here is told by inputs and commands, so that replay and seek need no solver. The solver itself lives
//! beside the room: [`run_water`](crate::run_water) for the live room, the exercise's own loop for exercises.
//!
//! **Invariant:** in a real room a measure tells the model what has really been done; it never invents rain.
//! **Invariant:** an estimate closes no road by itself: a person confirms.

pub(crate) mod advice;
pub(crate) mod ahead;
pub(crate) mod check;
pub(crate) mod closures;
pub(crate) mod follow;
pub(crate) mod layer;
pub(crate) mod measures;
pub(crate) mod peaks;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod shelf;
pub(crate) mod source;
pub(crate) mod tasks;

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_city::City;
use guanlan_core::{Command, CommandEnvelope, Mode, Refusal, RefusalKind, Role};
use guanlan_dispatch::RoadState;
use guanlan_tick::{Clock, Inbox, Outbox, RoomAppExt, RoomSystems, RoomTick};

use self::{
    advice::PumpAdvice,
    check::Checker,
    closures::Closures,
    layer::{Forecasts, LiveWater, RainLayer},
    measures::Measures,
    peaks::Peaks,
    search::Searching,
    tasks::Tasks,
};

/// Adds the water's desk to a room.
pub(crate) struct WaterDeskPlugin {
    /// The static twin: measures are checked against it.
    pub city: Arc<City>,
}

/// The static city, to check commands against.
#[derive(Resource)]
pub(crate) struct DeskCity(pub Arc<City>);

impl Plugin for WaterDeskPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(DeskCity(self.city.clone()))
            .insert_resource(Checker::new(&self.city))
            .register_room_state::<LiveWater>()
            .register_room_state::<RainLayer>()
            .register_room_state::<Forecasts>()
            .register_room_state::<Measures>()
            .register_room_state::<Peaks>()
            .register_room_state::<Closures>()
            .register_room_state::<PumpAdvice>()
            .register_room_state::<Tasks>()
            .register_room_state::<Searching>()
            .add_systems(
                RoomTick,
                (layer::take, peaks::take, layer::advise_sensing, advice::take, search::take)
                    .chain()
                    .in_set(RoomSystems::Ingest),
            )
            // Tasks ask casework and dispatch by commands of this same tick.
            .add_systems(
                RoomTick,
                (layer::tell, command_desk, tasks::ask).chain().after(RoomSystems::Assess).before(RoomSystems::Respond),
            )
            .add_systems(RoomTick, tasks::hear.after(RoomSystems::Respond).before(RoomSystems::Dispatch))
            .add_systems(RoomTick, (closures::propose, tasks::follow).chain().in_set(RoomSystems::Publish));
    }
}

/// Answers the commands of this plugin.
#[expect(clippy::too_many_arguments, reason = "each is one state the commands may change")]
fn command_desk(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    city: Res<DeskCity>,
    checker: Res<Checker>,
    mut measures: ResMut<Measures>,
    mut closures: ResMut<Closures>,
    mut advice: ResMut<PumpAdvice>,
    mut tasks: ResMut<Tasks>,
    mut searching: ResMut<Searching>,
    mut roads: ResMut<RoadState>,
    mut out: ResMut<Outbox>,
) {
    for envelope in inbox.commands() {
        if out.answered(envelope) {
            continue;
        }
        let now = clock.now;
        let answer = match &envelope.command {
            Command::ApplyMeasure { measure, note } => may_act(envelope).and_then(|()| {
                let checked = checker.check(measure, clock.mode)?;
                Ok(measures::apply(&mut measures, &mut roads, &city.0, envelope, checked, note, now, &mut out.events))
            }),
            Command::UndoMeasure { no } => may_act(envelope).and_then(|()| {
                measures::undo(&mut measures, &mut roads, &city.0, &envelope.actor, *no, now, &mut out.events)
            }),
            Command::ConfirmClosure { closure, note } => may_act(envelope)
                .and_then(|()| closures.confirm(&mut roads, &city.0, envelope, *closure, note, now, &mut out.events)),
            Command::DismissClosure { closure, reason } => {
                may_act(envelope).and_then(|()| closures.dismiss(envelope, *closure, reason, now, &mut out.events))
            }
            Command::UndoClosure { closure } => may_act(envelope)
                .and_then(|()| closures.undo(&mut roads, &city.0, envelope, *closure, now, &mut out.events)),
            Command::ApproveAdvice { advice: no, option, note } => may_act(envelope).and_then(|()| {
                let desk = advice::Desk {
                    measures: &mut measures,
                    tasks: &mut tasks,
                    checker: &checker,
                    mode: clock.mode,
                    now,
                    events: &mut out.events,
                };
                advice.approve(desk, envelope, *no, *option, note)
            }),
            Command::RejectAdvice { advice: no, reason } => {
                may_act(envelope).and_then(|()| advice.reject(envelope, *no, reason, now, &mut out.events))
            }
            Command::StopAdviceSearch { .. } => may_act(envelope).and_then(|()| searching.stop(clock.mode)),
            _ => continue,
        };
        out.answer(envelope, answer);
    }
}

/// Who may touch the water.
fn may_act(envelope: &CommandEnvelope) -> Result<(), Refusal> {
    match envelope.role {
        Role::Dispatcher | Role::Supervisor | Role::Department | Role::Leader | Role::System => Ok(()),
        Role::Collector | Role::Acceptor | Role::Handler => Err(no(
            RefusalKind::Forbidden,
            "只有派遣员、值班长、专业部门或领导可以操作，请切换席位",
            "only a dispatcher, supervisor, department or leader may do this; change the seat",
        )),
    }
}

/// A refusal in both languages.
pub(crate) fn no(kind: RefusalKind, zh: impl std::fmt::Display, en: impl std::fmt::Display) -> Refusal {
    Refusal::new(kind, format!("{zh} / {en}"))
}

/// True where the water is somebody's invention and may be played with.
pub(crate) fn is_played(mode: Mode) -> bool {
    matches!(mode, Mode::Exercise | Mode::Forecast)
}
