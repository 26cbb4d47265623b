//! Pump advice (排水联动) and the answer a person gives: the room keeps both.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::{
    Bilingual, CommandEnvelope, Event, Input, Mode, Refusal, RefusalKind, Stamp,
    water::{AdviceOption, AdviceReport},
};
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    check::Checker,
    measures::{MeasureStage, Measures, NewMeasure},
    no,
    tasks::Tasks,
};

/// Pieces of advice kept.
const KEPT: usize = 20;

/// What became of a piece of advice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdviceAnswer {
    /// Nobody has answered.
    #[default]
    Pending,
    /// An option was approved.
    Approved,
    /// It was rejected.
    Rejected,
    /// Newer advice took its place.
    Superseded,
}

impl AdviceAnswer {
    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Pending => Bilingual::new("待批准", "to be approved"),
            Self::Approved => Bilingual::new("已批准", "approved"),
            Self::Rejected => Bilingual::new("未采纳", "rejected"),
            Self::Superseded => Bilingual::new("已更新", "superseded"),
        }
    }
}

/// Advice with its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GivenAdvice {
    /// The advice; its number is this room's.
    pub report: Arc<AdviceReport>,
    /// When it was given.
    pub at: Stamp,
    /// What became of it.
    pub answer: AdviceAnswer,
    /// The option approved.
    pub option: Option<u32>,
    /// Who answered.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub answered: Option<Stamp>,
    /// Measures that follow from it.
    pub measures: Vec<u64>,
}

/// Advice of a room, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PumpAdvice {
    /// The last pieces of advice.
    pub given: Arc<Vec<GivenAdvice>>,
    /// Grows with every change.
    pub version: u64,
    next: u64,
}

impl RoomState for PumpAdvice {
    const NAME: &'static str = "water.advice";
}

/// What an approval works on.
pub(super) struct Desk<'a> {
    pub measures: &'a mut Measures,
    pub tasks: &'a mut Tasks,
    pub checker: &'a Checker,
    pub mode: Mode,
    pub now: Stamp,
    pub events: &'a mut Vec<Event>,
}

impl PumpAdvice {
    /// The newest advice that waits for a person.
    #[must_use]
    pub fn pending(&self) -> Option<&GivenAdvice> {
        self.given.iter().rev().find(|g| g.answer == AdviceAnswer::Pending)
    }

    /// Advice by number.
    #[must_use]
    pub fn get(&self, no: u64) -> Option<&GivenAdvice> {
        self.given.iter().find(|g| g.report.no == no)
    }

    fn take(&mut self, report: &AdviceReport, now: Stamp, events: &mut Vec<Event>) {
        self.version += 1;
        let given = Arc::make_mut(&mut self.given);
        let last = given.last_mut().filter(|g| g.answer == AdviceAnswer::Pending);
        if let Some(last) = last {
            // The same things to do with fresher figures is the same advice.
            if same_actions(&last.report, report) {
                last.report = Arc::new(AdviceReport { no: last.report.no, ..report.clone() });
                return;
            }
            last.answer = AdviceAnswer::Superseded;
        }
        if report.options.is_empty() {
            return;
        }
        self.next += 1;
        let report = AdviceReport { no: self.next, ..report.clone() };
        events.push(Event::AdviceGiven {
            advice: report.no,
            words: report.words.clone(),
            options: serde_json::to_string(&report.options).unwrap_or_default(),
        });
        given.push(GivenAdvice { report: Arc::new(report), at: now, ..GivenAdvice::default() });
        let surplus = given.len().saturating_sub(KEPT);
        given.drain(..surplus);
    }

    fn open(&mut self, number: u64) -> Result<&mut GivenAdvice, Refusal> {
        let found = Arc::make_mut(&mut self.given).iter_mut().find(|g| g.report.no == number);
        let Some(given) = found else {
            return Err(no(
                RefusalKind::NotFound,
                format_args!("没有排水联动建议 {number}"),
                format_args!("there is no pump advice {number}"),
            ));
        };
        if given.answer != AdviceAnswer::Pending {
            let words = given.answer.name();
            return Err(no(
                RefusalKind::Conflict,
                format_args!("建议 {number} {}", words.zh),
                format_args!("advice {number} is already {}", words.en),
            ));
        }
        self.version += 1;
        Ok(given)
    }

    pub(super) fn approve(
        &mut self,
        desk: Desk<'_>,
        envelope: &CommandEnvelope,
        number: u64,
        option: u32,
        note: &str,
    ) -> Result<Value, Refusal> {
        let given = self.open(number)?;
        let report = Arc::clone(&given.report);
        let Some(chosen) = report.options.iter().find(|o| o.no == option) else {
            return Err(no(
                RefusalKind::NotFound,
                format_args!("建议 {number} 没有方案 {option}（共 {} 个）", report.options.len()),
                format_args!("advice {number} has no option {option} (of {})", report.options.len()),
            ));
        };
        // All or nothing: nothing is planned when one of them cannot be done here.
        let checked: Vec<_> = chosen
            .actions
            .iter()
            .map(|a| desk.checker.check_text(&a.measure, desk.mode).map(|c| (a, c)))
            .collect::<Result<_, _>>()?;
        let at_once = desk.mode == Mode::Forecast;
        let stage = if at_once { MeasureStage::Standing } else { MeasureStage::Planned };
        let mut numbers = Vec::new();
        for (action, mut checked) in checked {
            checked.name = action.name.clone();
            let new = NewMeasure {
                checked: &checked,
                actor: &envelope.actor,
                note,
                stage,
                advice: Some((number, option)),
                now: desk.now,
            };
            let measure = desk.measures.add(new, desk.events);
            if !at_once {
                desk.tasks.plan(measure, action, &envelope.actor, desk.now);
            }
            numbers.push(measure);
        }
        given.answer = AdviceAnswer::Approved;
        given.option = Some(option);
        given.measures.clone_from(&numbers);
        given.settle(envelope, note, desk.now, desk.events);
        Ok(json!({ "advice": number, "option": option, "measures": numbers }))
    }

    pub(super) fn reject(
        &mut self,
        envelope: &CommandEnvelope,
        number: u64,
        reason: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Result<Value, Refusal> {
        let given = self.open(number)?;
        if reason.trim().is_empty() {
            return Err(no(RefusalKind::Invalid, "须写明理由", "a reason is needed"));
        }
        given.answer = AdviceAnswer::Rejected;
        given.settle(envelope, reason, now, events);
        Ok(json!({ "advice": number, "rejected": true }))
    }
}

impl GivenAdvice {
    fn settle(&mut self, envelope: &CommandEnvelope, reason: &str, now: Stamp, events: &mut Vec<Event>) {
        self.actor.clone_from(&envelope.actor);
        self.reason = reason.trim().to_owned();
        self.answered = Some(now);
        events.push(Event::AdviceAnswered {
            advice: self.report.no,
            option: self.option,
            measures: self.measures.clone(),
            actor: self.actor.clone(),
            reason: self.reason.clone(),
        });
    }
}

fn same_actions(a: &AdviceReport, b: &AdviceReport) -> bool {
    let measures = |o: &AdviceOption| o.actions.iter().map(|a| a.measure.clone()).collect::<Vec<_>>();
    !a.options.is_empty()
        && a.options.len() == b.options.len()
        && a.options.iter().zip(&b.options).all(|(x, y)| measures(x) == measures(y))
}

/// Takes advice that arrived.
pub(super) fn take(clock: Res<Clock>, inbox: Res<Inbox>, mut advice: ResMut<PumpAdvice>, mut out: ResMut<Outbox>) {
    for input in &inbox.inputs {
        if let Input::Advice(report) = input {
            advice.take(report, clock.now, &mut out.events);
        }
    }
}
