//! Takes one step of a case: guards, milestones, deadlines, flow record, fact.

use guanlan_core::{Event, OrgId, Refusal, Role, Stamp};

use crate::{
    case::{Case, HistoryEntry, Suspension},
    limit::{advance, deadline, elapsed},
    rules::CaseRules,
    workflow::{Facts, Step, path},
};

/// Name under which the room itself acts.
pub(crate) const ROOM: &str = "room";

/// Who does it, when, with what words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act<'a> {
    pub actor: &'a str,
    pub role: Role,
    pub now: Stamp,
    /// Reason or note.
    pub words: &'a str,
    pub photo: &'a str,
    pub org: Option<&'a OrgId>,
    pub until: Option<Stamp>,
}

impl<'a> Act<'a> {
    pub(crate) const fn new(actor: &'a str, role: Role, now: Stamp, words: &'a str) -> Self {
        Self { actor, role, now, words, photo: "", org: None, until: None }
    }

    pub(crate) const fn room(now: Stamp, words: &'a str) -> Self {
        Self::new(ROOM, Role::System, now, words)
    }
}

/// Takes `step`, or leaves the case as it was and says why.
pub(crate) fn take(
    case: &mut Case,
    step: Step,
    act: &Act<'_>,
    rules: &CaseRules,
    events: &mut Vec<Event>,
) -> Result<(), Refusal> {
    let facts = Facts {
        reason: act.words,
        note: act.words,
        photo: act.photo,
        has_handler: case.handler.is_some() || !case.units.is_empty(),
        has_tracked_unit: !case.units.is_empty(),
        department_returned: case.department_returned,
        is_handler: case.handled_by.iter().any(|who| who == act.actor),
        overdue: case.overdue(act.now),
        extensions: case.extensions,
        max_extensions: rules.max_extensions,
        suspend_ms: act.until.map_or(0, |until| until - act.now),
        max_suspend_ms: rules.max_suspend_ms,
    };
    let states = path(case.state, step, act.role, &facts)?;
    effects(case, step, act, rules);
    case.seat_due = None;
    if states.is_empty() {
        record(case, case.state, step, act, events);
    }
    for &to in states {
        record(case, to, step, act, events);
    }
    Ok(())
}

fn record(case: &mut Case, to: crate::state::CaseState, step: Step, act: &Act<'_>, events: &mut Vec<Event>) {
    let from = case.state;
    case.state = to;
    case.history.push(HistoryEntry {
        at: act.now,
        from,
        to,
        operate_type: step.operate_type().into(),
        actor: act.actor.to_owned(),
        role: act.role,
        note: act.words.to_owned(),
    });
    events.push(Event::CaseMoved {
        case: case.id.clone(),
        from: from.key().into(),
        to: to.key().into(),
        operate_type: step.operate_type().into(),
        actor: act.actor.to_owned(),
        role: act.role,
        note: act.words.to_owned(),
        org: case.org.clone(),
        deadline_ms: case.deadline().map(|by| by.0),
    });
}

fn effects(case: &mut Case, step: Step, act: &Act<'_>, rules: &CaseRules) {
    let now = act.now;
    let in_time = |by: Option<Stamp>| by.is_none_or(|by| now <= by);
    match step {
        Step::Submit => {
            case.milestones.accepted = Some(now);
            case.deadlines.register_by = Some(now + rules.register_ms);
        }
        Step::VerifyTrue | Step::ReturnToAcceptor => {
            case.deadlines.register_by = Some(now + rules.register_ms);
        }
        Step::Register => {
            case.milestones.registered = Some(now);
            case.milestones.registered_in_time = in_time(case.deadlines.register_by);
            case.deadlines.dispatch_by = Some(now + rules.dispatch_ms);
        }
        Step::Assign => {
            case.org = act.org.cloned().or_else(|| case.org.take());
            case.milestones.dispatched = Some(now);
            case.milestones.dispatched_in_time = in_time(case.deadlines.dispatch_by);
            set_handle_by(case, deadline(now, case.limit, &rules.calendar), rules);
        }
        Step::ReturnToDispatcher => {
            case.department_returned = true;
            case.returns = case.returns.saturating_add(1);
            case.org = None;
            case.deadlines.dispatch_by = Some(now + rules.dispatch_ms);
        }
        Step::AcceptHandling => {
            if case.handler.is_none() {
                case.handler = Some(act.actor.to_owned());
            }
        }
        Step::RevokeHandler => case.handler = None,
        Step::Suspend => {
            let left_ms =
                case.deadlines.handle_by.filter(|by| *by > now).map(|by| elapsed(now, by, case.limit, &rules.calendar));
            case.suspended = Some(Suspension { since: now, until: act.until.unwrap_or(now), left_ms });
        }
        Step::Resume => {
            if let Some(suspension) = case.suspended.take() {
                case.suspended_ms += now - suspension.since;
                if let Some(left_ms) = suspension.left_ms {
                    set_handle_by(case, advance(now, left_ms, case.limit, &rules.calendar), rules);
                }
            }
        }
        Step::Finish => {
            case.milestones.finished = Some(now);
            case.milestones.finished_in_time = in_time(case.deadlines.handle_by);
            case.deadlines.check_by = Some(now + rules.check_ms);
            case.after_photo = Some(act.photo.to_owned());
            let handler = case.handler.clone();
            for who in [Some(act.actor.to_owned()), handler].into_iter().flatten() {
                if !case.handled_by.contains(&who) {
                    case.handled_by.push(who);
                }
            }
            case.units.clear();
            case.arrived.clear();
        }
        Step::CheckPass | Step::CheckPassAndClose => {
            case.milestones.checked = Some(now);
            case.milestones.checked_in_time = in_time(case.deadlines.check_by);
            // Closing is due with the same delay as registering was.
            case.deadlines.check_by = Some(now + rules.register_ms);
            if step == Step::CheckPassAndClose {
                case.milestones.closed = Some(now);
            }
        }
        Step::CheckFail => {
            case.rework = case.rework.saturating_add(1);
            case.milestones.checked = Some(now);
            case.milestones.checked_in_time = in_time(case.deadlines.check_by);
            case.deadlines.check_by = None;
            case.handler = None;
        }
        Step::Close => case.milestones.closed = Some(now),
        Step::Extend => {
            case.extensions += 1;
            let by = case.deadlines.handle_by.unwrap_or(now);
            set_handle_by(case, deadline(by, case.limit, &rules.calendar), rules);
        }
        Step::Cancel | Step::Refuse | Step::VerifyFalse => case.milestones.dropped = Some(now),
        Step::AskVerify | Step::StartCheck => {}
    }
}

fn set_handle_by(case: &mut Case, by: Stamp, rules: &CaseRules) {
    case.deadlines.handle_by = Some(by);
    case.deadlines.close_by = by + rules.check_ms;
}
