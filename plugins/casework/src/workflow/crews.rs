//! Whether a crew may be sent to a case now.

use guanlan_core::{Refusal, RefusalKind, Role};

use super::guards::refuse;
use crate::{
    case::Case,
    state::CaseState::{self, *},
};

/// May a crew be sent to this case by someone in this seat? The room registers and assigns on the way.
///
/// # Errors
/// A refusal that says what to do first.
pub fn can_dispatch(case: &Case, role: Role) -> Result<(), Refusal> {
    let direct = matches!(role, Role::Dispatcher | Role::Supervisor | Role::System);
    let with_department = matches!(case.state, PendingHandle | Handling);
    if !direct && !(role == Role::Department && with_department) {
        return Err(if role == Role::Department {
            refuse(
                RefusalKind::Forbidden,
                "案卷尚未派到部门;请等派遣员派遣",
                "the case is not with a department yet; wait for the dispatcher",
            )
        } else {
            refuse(
                RefusalKind::Forbidden,
                format!("{}不能派遣班组;请由派遣员或值班长操作或切换席位", role.name().zh),
                format!(
                    "a {} may not send crews; ask the dispatcher or supervisor or take that seat",
                    role.name().en.to_lowercase()
                ),
            )
        });
    }
    match case.state {
        Reported | PendingVerify | PendingRegister | Accepted | PendingDispatch | Returned | Dispatched
        | PendingHandle | Handling => Ok(()),
        Suspended => Err(refuse(
            RefusalKind::Conflict,
            "案卷已挂账;到期自动恢复后再派",
            "the case is suspended; it can be dispatched when it resumes",
        )),
        HandleFinish | PendingCheck | Checking | CaseState::CheckPass | CheckNotPass | PendingClose => Err(refuse(
            RefusalKind::Conflict,
            "案卷已处置完成,等待核查;核查不通过后可再派",
            "the case is handled and waits for its check; send a crew if the check fails",
        )),
        NotAccepted | Closed | ForcedClose | Cancelled => Err(refuse(
            RefusalKind::Conflict,
            format!("案卷{};如问题仍在请重新上报", case.state.name().zh),
            format!("the case is {}; report again if the problem remains", case.state.name().en.to_lowercase()),
        )),
    }
}
