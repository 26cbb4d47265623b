//! Approved measures become work: a case at the place, the best crew, and the measure stands when the crew has done
//! it. The desk asks casework and dispatch by commands of its own, like anybody.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::{
    CaseId, Command, CommandEnvelope, Event, Input, Role, Stamp, UnitId, input::UnitStatus, water::AdviceAction,
};
use guanlan_dispatch::Recommendations;
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use serde::{Deserialize, Serialize};

use super::measures::{MeasureStage, Measures};

/// A crew is asked for again after this long, ms.
const ASK_AGAIN_MS: i64 = 60_000;
/// Times a crew is asked for before it is left to the dispatcher.
const ASKS: u8 = 5;
/// Category codes (GB/T 47678.5-2026): road water, storm grate, pump station.
const ROAD_WATER: &str = "10-999";
const GRATE: &str = "01-004";
const PUMP_STATION: &str = "01-072";

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStage {
    /// No case yet.
    #[default]
    New,
    /// A case is open, no crew yet.
    Filed,
    /// A crew is on its way.
    Sent,
    /// Done: the measure stands.
    Done,
    /// The case ended without the work, or the measure was taken back.
    Dropped,
}

/// The work for one measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The measure.
    pub measure: u64,
    /// Category code of its case.
    pub code: String,
    /// What is to be done, in words.
    pub text: String,
    /// Where, local m.
    pub place_m: [f64; 2],
    /// Who ordered it.
    pub actor: String,
    /// How far it is.
    pub stage: TaskStage,
    /// Its case.
    pub case: Option<CaseId>,
    /// Its crew.
    pub unit: Option<UnitId>,
    /// The measure stands when the crew arrives (a pump truck), not when it has finished.
    pub on_arrival: bool,
    /// When a crew was asked for last, and how often.
    asked: Stamp,
    asks: u8,
}

/// Work of a room, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tasks {
    /// In order of their measures.
    pub list: Arc<Vec<Task>>,
}

impl RoomState for Tasks {
    const NAME: &'static str = "water.tasks";
}

impl Tasks {
    /// Plans the work for a measure.
    pub(super) fn plan(&mut self, measure: u64, action: &AdviceAction, actor: &str, now: Stamp) {
        let code = match action.kind.as_str() {
            "inlet_clear" => GRATE,
            "pump_start" => PUMP_STATION,
            _ => ROAD_WATER,
        };
        Arc::make_mut(&mut self.list).push(Task {
            measure,
            code: code.to_owned(),
            text: format!("排水联动：{}", action.name.zh),
            place_m: action.place_m.unwrap_or_default(),
            actor: actor.to_owned(),
            on_arrival: action.kind == "pump_truck",
            asked: now,
            ..Task::default()
        });
    }

    /// The work for a measure.
    #[must_use]
    pub fn of(&self, measure: u64) -> Option<&Task> {
        self.list.iter().find(|t| t.measure == measure)
    }

    fn busy(&self) -> bool {
        self.list.iter().any(|t| !matches!(t.stage, TaskStage::Done | TaskStage::Dropped))
    }
}

fn filing(measure: u64) -> String {
    format!("desk-measure-{measure}-case")
}

/// Asks casework for cases and dispatch for crews.
pub(super) fn ask(
    clock: Res<Clock>,
    measures: Res<Measures>,
    advice: Res<Recommendations>,
    mut tasks: ResMut<Tasks>,
    mut inbox: ResMut<Inbox>,
) {
    if !tasks.busy() {
        return;
    }
    let now = clock.now;
    let mut orders = Vec::new();
    for task in Arc::make_mut(&mut tasks.list) {
        if matches!(task.stage, TaskStage::New | TaskStage::Filed | TaskStage::Sent)
            && measures.get(task.measure).is_none_or(|m| m.stage != MeasureStage::Planned)
        {
            // Somebody took the measure back, or told by hand that it is done.
            let done = measures.get(task.measure).is_some_and(|m| m.stage == MeasureStage::Standing);
            task.stage = if done { TaskStage::Done } else { TaskStage::Dropped };
            continue;
        }
        let mut order = |id: String, command| {
            let (id, actor) = (id.as_str().into(), task.actor.clone());
            orders.push(Input::Command(CommandEnvelope { id, actor, role: Role::System, at: now, command }));
        };
        match task.stage {
            TaskStage::New => order(
                filing(task.measure),
                Command::ReportCase {
                    code: task.code.clone(),
                    text: task.text.clone(),
                    east_m: task.place_m[0],
                    north_m: task.place_m[1],
                },
            ),
            TaskStage::Filed if task.asks < ASKS && (task.asks == 0 || now - task.asked >= ASK_AGAIN_MS) => {
                let pick = task.case.as_ref().and_then(|c| advice.cases.get(c)).and_then(|a| a.picks.first());
                if let (Some(pick), Some(case)) = (pick, task.case.clone()) {
                    (task.asked, task.asks) = (now, task.asks + 1);
                    let unit = pick.unit.clone();
                    let id = format!("desk-measure-{}-crew-{}", task.measure, task.asks);
                    order(id, Command::DispatchUnit { case, unit, reason: String::new() });
                }
            }
            _ => {}
        }
    }
    inbox.inputs.extend(orders);
}

/// Hears which case a task has become.
pub(super) fn hear(mut tasks: ResMut<Tasks>, mut measures: ResMut<Measures>, out: Res<Outbox>) {
    if !tasks.list.iter().any(|t| t.stage == TaskStage::New) {
        return;
    }
    for task in Arc::make_mut(&mut tasks.list).iter_mut().filter(|t| t.stage == TaskStage::New) {
        let id = filing(task.measure);
        let Some(reply) = out.replies.iter().find(|r| r.command.as_str() == id) else { continue };
        let case = reply.result.as_ref().ok().and_then(|v| v["case"].as_str()).map(CaseId::from);
        task.stage = if case.is_some() { TaskStage::Filed } else { TaskStage::Dropped };
        task.case.clone_from(&case);
        measures.change(task.measure, |m| m.case = case);
    }
}

/// Follows crews and cases; a measure stands when its work is done.
pub(super) fn follow(
    clock: Res<Clock>,
    mut tasks: ResMut<Tasks>,
    mut measures: ResMut<Measures>,
    mut out: ResMut<Outbox>,
) {
    if !tasks.busy() {
        return;
    }
    let mut told = Vec::new();
    for event in &out.events {
        let Some(case) = event.case() else { continue };
        let open =
            |t: &&mut Task| t.case.as_ref() == Some(case) && matches!(t.stage, TaskStage::Filed | TaskStage::Sent);
        for task in Arc::make_mut(&mut tasks.list).iter_mut().filter(|t| open(t)) {
            match event {
                Event::UnitDispatched { unit, .. } => {
                    (task.stage, task.unit) = (TaskStage::Sent, Some(unit.clone()));
                }
                // A case that was there before may have its crew already: whoever works on it does the task.
                Event::UnitStatusChanged { to, unit, .. } if task.unit.as_ref().is_none_or(|own| own == unit) => {
                    match to {
                        UnitStatus::OnScene if task.on_arrival => {
                            (task.stage, task.unit) = (TaskStage::Done, Some(unit.clone()));
                            measures.stand(task.measure, clock.now, &mut told);
                        }
                        UnitStatus::Clearing => {
                            (task.stage, task.unit) = (TaskStage::Done, Some(unit.clone()));
                            measures.stand(task.measure, clock.now, &mut told);
                        }
                        // Called back or declined: another crew is asked for.
                        UnitStatus::Available | UnitStatus::OutOfService => {
                            (task.stage, task.unit) = (TaskStage::Filed, None);
                        }
                        _ => {}
                    }
                }
                Event::CaseMoved { to, .. }
                    if matches!(to.as_str(), "closed" | "forced_close" | "cancelled" | "not_accepted") =>
                {
                    task.stage = TaskStage::Dropped;
                }
                _ => {}
            }
        }
    }
    out.events.extend(told);
}
