//! What stands against a step, and what to do instead.

use guanlan_core::{Refusal, RefusalKind, Role};

use super::{Facts, step::Step};
use crate::state::CaseState;

/// A refusal in Chinese and English.
pub(super) fn refuse(kind: RefusalKind, zh: impl AsRef<str>, en: impl AsRef<str>) -> Refusal {
    Refusal::new(kind, format!("{} / {}", zh.as_ref(), en.as_ref()))
}

/// Refuses a role that may not take the step.
pub(super) fn role(step: Step, role: Role) -> Result<(), Refusal> {
    if role == Role::System || step.roles().contains(&role) {
        return Ok(());
    }
    let (zh, en) = step.words();
    let list = |names: Vec<String>, glue: &str| names.join(glue);
    let zh_roles = list(step.roles().iter().map(|r| r.name().zh).collect(), "、");
    let en_roles = list(step.roles().iter().map(|r| r.name().en).collect(), " or ");
    if step.roles().is_empty() {
        return Err(refuse(
            RefusalKind::Forbidden,
            format!("{zh}由系统自动进行"),
            format!("only the room itself may {en} a case"),
        ));
    }
    Err(refuse(
        RefusalKind::Forbidden,
        format!("{}不能{zh};请由{zh_roles}操作或切换席位", role.name().zh),
        format!("a {} may not {en}; ask the {en_roles} or take that seat", role.name().en.to_lowercase()),
    ))
}

/// Refuses a state that the step does not start from.
pub(super) fn state(state: CaseState, step: Step) -> Result<(), Refusal> {
    if step.from_states().contains(&state) {
        return Ok(());
    }
    let (zh, en) = step.words();
    let here = state.name();
    if state.ended() {
        return Err(refuse(
            RefusalKind::Conflict,
            format!("案卷{},不能{zh};如问题仍在请重新上报", here.zh),
            format!("the case is {}: it cannot {en}; report again if the problem remains", here.en.to_lowercase()),
        ));
    }
    let zh_from: Vec<String> = step.from_states().iter().map(|s| s.name().zh).collect();
    let en_from: Vec<String> = step.from_states().iter().map(|s| s.name().en.to_lowercase()).collect();
    Err(refuse(
        RefusalKind::Conflict,
        format!("案卷现为{},{zh}须在{}状态", here.zh, zh_from.join("、")),
        format!("the case is {}; to {en} it must be {}", here.en.to_lowercase(), en_from.join(" or ")),
    ))
}

/// Refuses what lacks a reason, a note or a photo, or that another rule forbids now.
pub(super) fn facts(step: Step, facts: &Facts<'_>) -> Result<(), Refusal> {
    let needs_reason = matches!(
        step,
        Step::Refuse
            | Step::AskVerify
            | Step::ReturnToAcceptor
            | Step::ReturnToDispatcher
            | Step::Suspend
            | Step::Extend
            | Step::Cancel
    );
    if needs_reason && facts.reason.trim().is_empty() {
        return Err(refuse(RefusalKind::Invalid, "请填写原因", "give a reason"));
    }
    match step {
        Step::ReturnToAcceptor if facts.department_returned => Err(refuse(
            RefusalKind::Conflict,
            "专业部门退回的案卷不能再退回受理员;请改派其他部门",
            "a case the department sent back cannot go back to the acceptor; assign another department",
        )),
        Step::ReturnToDispatcher if facts.has_handler => Err(refuse(
            RefusalKind::Conflict,
            "请先撤销处置人员再退回派遣员",
            "take the handler off the case before returning it",
        )),
        Step::RevokeHandler | Step::Suspend if facts.has_tracked_unit => {
            Err(refuse(RefusalKind::Conflict, "请先召回在途班组", "recall the crew that is on this case first"))
        }
        Step::Finish if facts.note.trim().is_empty() || facts.photo.trim().is_empty() => Err(refuse(
            RefusalKind::Invalid,
            "处置完成须有文字说明和处置后照片",
            "finishing needs a note and an after-photo",
        )),
        Step::CheckPass | Step::CheckPassAndClose | Step::CheckFail if facts.is_handler => Err(refuse(
            RefusalKind::Forbidden,
            "处置人不能核查自己的案卷;请由他人核查",
            "the handler may not check his own work; somebody else must",
        )),
        Step::Suspend if facts.suspend_ms <= 0 || facts.suspend_ms > facts.max_suspend_ms => Err(refuse(
            RefusalKind::Invalid,
            format!("挂账截止须在今后{}天内", facts.max_suspend_ms / 86_400_000),
            format!("the suspension must end within the next {} days", facts.max_suspend_ms / 86_400_000),
        )),
        Step::Extend if facts.overdue => Err(refuse(
            RefusalKind::Conflict,
            "案卷已超期,不能延期;请尽快处置",
            "the case is overdue and cannot be extended; handle it now",
        )),
        Step::Extend if facts.extensions >= facts.max_extensions => Err(refuse(
            RefusalKind::Conflict,
            format!("已延期{}次,不能再延;可由值班长挂账", facts.extensions),
            format!("extended {} times already; the supervisor may suspend it", facts.extensions),
        )),
        _ => Ok(()),
    }
}
