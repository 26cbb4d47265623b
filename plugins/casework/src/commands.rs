//! Commands of people and programs about cases: who, may they, is it legal now.

use guanlan_core::{CaseId, Command, CommandEnvelope, PhotoView, Refusal, RefusalKind, Role};
use guanlan_geography::LocalFrame;
use serde_json::{Value, json};

use crate::{
    case::{Case, CaseSource},
    intake::{Desk, Report, level_of},
    mover::{Act, take},
    state::CaseState,
    workflow::Step,
};

/// True for commands this crate answers.
pub(crate) fn ours(command: &Command) -> bool {
    matches!(
        command,
        Command::ReportCase { .. }
            | Command::RegisterCase { .. }
            | Command::RefuseCase { .. }
            | Command::AssignCase { .. }
            | Command::ReturnCase { .. }
            | Command::FinishCase { .. }
            | Command::VerifyCase { .. }
            | Command::CloseCase { .. }
            | Command::SuspendCase { .. }
            | Command::ExtendCase { .. }
            | Command::CancelCase { .. }
    )
}

impl Desk<'_> {
    /// Carries a command out, whole or not at all.
    pub(crate) fn command(&mut self, envelope: &CommandEnvelope) -> Result<Value, Refusal> {
        let act = |words| Act::new(envelope.actor.as_str(), envelope.role, self.now, words);
        match &envelope.command {
            Command::ReportCase { code, text, east_m, north_m } => {
                self.report_command(envelope, code, text, [*east_m, *north_m])
            }
            Command::RegisterCase { case } => self.steps(case, &[(Step::Register, act(""))]),
            Command::RefuseCase { case, reason } => self.steps(case, &[(Step::Refuse, act(reason))]),
            Command::AssignCase { case, org } => {
                if !self.site.has_org(org) {
                    return Err(Refusal::new(
                        RefusalKind::NotFound,
                        format!(
                            "没有部门 {org};请从责任单位列表选择 / no organisation {org}; choose one from the list"
                        ),
                    ));
                }
                self.steps(case, &[(Step::Assign, Act { org: Some(org), ..act("") })])
            }
            Command::ReturnCase { case, reason } => {
                let step = self.return_step(case)?;
                self.steps(case, &[(step, act(reason))])
            }
            Command::FinishCase { case, note, photo } => {
                let finish = (Step::Finish, Act { photo, ..act(note) });
                match self.find(case)?.state {
                    CaseState::PendingHandle => self.steps(case, &[(Step::AcceptHandling, act("")), finish]),
                    _ => self.steps(case, &[finish]),
                }
            }
            Command::VerifyCase { case, pass, note } => {
                let step = match (self.find(case)?.state, *pass, envelope.role) {
                    (CaseState::PendingVerify, true, _) => Step::VerifyTrue,
                    (CaseState::PendingVerify, false, _) => Step::VerifyFalse,
                    (_, true, Role::Acceptor | Role::Supervisor) => Step::CheckPassAndClose,
                    (_, true, _) => Step::CheckPass,
                    (_, false, _) => Step::CheckFail,
                };
                self.steps(case, &[(step, act(note))])
            }
            Command::CloseCase { case } => self.steps(case, &[(Step::Close, act(""))]),
            Command::SuspendCase { case, until, reason } => {
                self.steps(case, &[(Step::Suspend, Act { until: Some(*until), ..act(reason) })])
            }
            Command::ExtendCase { case, reason } => self.steps(case, &[(Step::Extend, act(reason))]),
            Command::CancelCase { case, reason } => self.steps(case, &[(Step::Cancel, act(reason))]),
            _ => Err(Refusal::new(RefusalKind::Invalid, "非案卷命令 / not a command about cases")),
        }
    }

    fn find(&self, id: &CaseId) -> Result<&Case, Refusal> {
        self.file.get(id).map(AsRef::as_ref).ok_or_else(|| {
            Refusal::new(RefusalKind::NotFound, format!("没有案卷 {id};请核对案卷号 / no case {id}; check the number"))
        })
    }

    /// Which way "one step back" leads from where the case is.
    fn return_step(&self, id: &CaseId) -> Result<Step, Refusal> {
        Ok(match self.find(id)?.state {
            CaseState::PendingRegister => Step::AskVerify,
            CaseState::PendingHandle => Step::ReturnToDispatcher,
            CaseState::Handling => Step::RevokeHandler,
            CaseState::PendingCheck | CaseState::Checking => Step::CheckFail,
            _ => Step::ReturnToAcceptor,
        })
    }

    /// Takes several steps on a copy and keeps it only when all were legal.
    fn steps(&mut self, id: &CaseId, steps: &[(Step, Act<'_>)]) -> Result<Value, Refusal> {
        let mut case = self.find(id)?.clone();
        let mut events = Vec::new();
        for (step, act) in steps {
            take(&mut case, *step, act, self.rules, &mut events)?;
        }
        let answer = answer(&case);
        self.file.change(id, |slot| *slot = case);
        self.events.extend(events);
        Ok(answer)
    }

    fn report_command(
        &mut self,
        envelope: &CommandEnvelope,
        code: &str,
        text: &str,
        place_m: [f64; 2],
    ) -> Result<Value, Refusal> {
        if !place_m.iter().all(|v| v.is_finite()) {
            return Err(Refusal::new(RefusalKind::Invalid, "位置须为有限数 / the place must be finite numbers"));
        }
        LocalFrame::near(place_m).map_err(|reason| Refusal::new(RefusalKind::Invalid, reason.to_string()))?;
        let code = if code.is_empty() { self.rules.code_from_words(text) } else { code };
        let source = if envelope.role == Role::Collector { CaseSource::Collector } else { CaseSource::Operator };
        let report = Report {
            code,
            text,
            source,
            level: level_of(self.rules, code),
            place_m,
            place: None,
            alert: None,
            photo: None,
            view: PhotoView::default(),
            actor: &envelope.actor,
            role: envelope.role,
        };
        let Some((id, merged)) = self.report(&report) else {
            return Err(Refusal::new(
                RefusalKind::Invalid,
                format!(
                    "没有类别 {code};请用2026版事项代码,如 06-010,或留空按文字判断 / no category {code}; \
                     use a 2026 matter code such as 06-010, or leave it empty to go by the words"
                ),
            ));
        };
        let mut value = answer(self.find(&id)?);
        value["merged"] = Value::Bool(merged);
        Ok(value)
    }
}

/// What a command about a case answers.
pub(crate) fn answer(case: &Case) -> Value {
    let by = case.deadline();
    json!({
        "case": case.id,
        "state": case.state.key(),
        "org": case.org,
        "deadline": by.map(|by| by.to_rfc3339()),
        "deadline_ms": by.map(|by| by.0),
        "extensions": case.extensions,
        "rework": case.rework,
    })
}
