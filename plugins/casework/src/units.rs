//! What crews do moves their case: sent → 处置中, done with note and photo → 待核查.

use guanlan_core::{CaseId, Event, Role, UnitId, input::UnitStatus};

use crate::{
    case::Case,
    intake::Desk,
    mover::{Act, take},
    state::CaseState,
    workflow::Step,
};

/// One fact about a crew and a case.
pub(crate) enum CrewNews {
    Sent { case: CaseId, unit: UnitId, actor: String, reason: String },
    Status { case: CaseId, unit: UnitId, to: UnitStatus, note: String, photo: Option<String>, actor: String },
}

impl CrewNews {
    /// Reads an event; `None` when it is not about a crew on a case.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::UnitDispatched { case, unit, actor, reason, .. } => Some(Self::Sent {
                case: case.clone(),
                unit: unit.clone(),
                actor: actor.clone(),
                reason: reason.clone(),
            }),
            Event::UnitStatusChanged { unit, to, case: Some(case), note, photo, actor, .. } => Some(Self::Status {
                case: case.clone(),
                unit: unit.clone(),
                to: *to,
                note: note.clone(),
                photo: photo.clone(),
                actor: actor.clone(),
            }),
            _ => None,
        }
    }
}

impl Desk<'_> {
    pub(crate) fn crew(&mut self, news: &CrewNews) {
        match news {
            CrewNews::Sent { case, unit, actor, reason } => self.sent(case, unit, actor, reason),
            CrewNews::Status { case, unit, to, note, photo, actor } => {
                self.status(case, unit, *to, note, photo.as_deref(), actor);
            }
        }
    }

    /// A crew was sent: registers, assigns and takes over on the way.
    fn sent(&mut self, id: &CaseId, unit: &UnitId, actor: &str, reason: &str) {
        let (rules, now, site) = (self.rules, self.now, self.site);
        let events = &mut self.events;
        self.file.change(id, |case| {
            let unit_org = site.org_of_unit(unit);
            let words = format!("派 {unit} / sent {unit}{}{reason}", if reason.is_empty() { "" } else { ": " });
            for _ in 0..6 {
                let step = match case.state {
                    CaseState::Reported => Step::Submit,
                    CaseState::PendingVerify => Step::VerifyTrue,
                    CaseState::PendingRegister => Step::Register,
                    CaseState::PendingDispatch => Step::Assign,
                    CaseState::PendingHandle => Step::AcceptHandling,
                    _ => break,
                };
                // The dispatcher's order carries the case through; the crate that sent the crew has
                // checked with `can_dispatch`, so the room's own right is used for the steps between.
                let act = Act { org: unit_org, ..Act::new(actor, Role::System, now, &words) };
                if step == Step::AcceptHandling {
                    case.handler = Some(unit.to_string());
                }
                if take(case, step, &act, rules, events).is_err() {
                    break;
                }
            }
            if case.is_open() && !case.units.contains(unit) {
                case.units.push(unit.clone());
                if case.handler.is_none() {
                    case.handler = Some(unit.to_string());
                }
                case.seat_due = None;
                case.note(now, actor, Role::Dispatcher, words);
            }
        });
    }

    fn status(&mut self, id: &CaseId, unit: &UnitId, to: UnitStatus, note: &str, photo: Option<&str>, actor: &str) {
        let (rules, now) = (self.rules, self.now);
        let events = &mut self.events;
        self.file.change(id, |case| match to {
            UnitStatus::Dispatched | UnitStatus::EnRoute => {}
            UnitStatus::OnScene => {
                if case.units.contains(unit) && !case.arrived.contains(unit) {
                    case.arrived.push(unit.clone());
                    case.milestones.on_scene = case.milestones.on_scene.or(Some(now));
                    case.handler = Some(unit.to_string());
                    for who in [unit.as_str(), actor] {
                        if !case.handled_by.iter().any(|known| known == who) {
                            case.handled_by.push(who.to_owned());
                        }
                    }
                    case.note(now, actor, Role::Handler, format!("{unit} 到场 / on scene {note}").trim_end());
                }
            }
            UnitStatus::Clearing | UnitStatus::Available | UnitStatus::OutOfService => {
                leave(case, unit, note, photo, actor, rules, now, events);
            }
        });
    }
}

/// A crew leaves the case: the last one with a photo finishes it, the last one without any gives it back.
#[allow(clippy::too_many_arguments)]
fn leave(
    case: &mut Case,
    unit: &UnitId,
    note: &str,
    photo: Option<&str>,
    actor: &str,
    rules: &crate::rules::CaseRules,
    now: guanlan_core::Stamp,
    events: &mut Vec<Event>,
) {
    if !case.units.contains(unit) {
        return;
    }
    let was_there = case.arrived.contains(unit);
    case.units.retain(|u| u != unit);
    case.arrived.retain(|u| u != unit);
    let photo = photo.filter(|p| !p.trim().is_empty());
    if was_there {
        if let Some(photo) = photo {
            case.after_photo = Some(photo.to_owned());
        }
        case.note(now, actor, Role::Handler, format!("{unit} 处置 / handled: {note}"));
    } else {
        case.note(now, actor, Role::Handler, format!("{unit} 未到场即离开 / left before arriving: {note}"));
    }
    if !case.units.is_empty() || case.state != CaseState::Handling {
        return;
    }
    let evidence = if was_there { photo.map(str::to_owned) } else { case.after_photo.clone() };
    let words = if note.trim().is_empty() { "处置完成 / handled" } else { note };
    match evidence {
        Some(photo) if was_there || !case.handled_by.is_empty() && case.milestones.on_scene.is_some() => {
            case.handler = Some(unit.to_string());
            let act = Act { photo: &photo, ..Act::new(actor, Role::Handler, now, words) };
            // In `handling`, with note and photo: finishing is legal.
            let finished = take(case, Step::Finish, &act, rules, events);
            debug_assert!(finished.is_ok());
        }
        _ => {
            let words = if note.trim().is_empty() {
                "班组离开,无处置照片 / the crew left without an after-photo"
            } else {
                note
            };
            let act = Act::new(actor, Role::System, now, words);
            // In `handling` without crews: taking the handler off is legal.
            let revoked = take(case, Step::RevokeHandler, &act, rules, events);
            debug_assert!(revoked.is_ok());
        }
    }
}
