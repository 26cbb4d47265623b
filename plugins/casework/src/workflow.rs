//! Which step may be taken from which state by whom: the whole table of DOMAIN §1.4 in one place.
//!
//! **Invariant:** pure. What a case must remember besides its state comes in as [`Facts`].

use guanlan_core::{Refusal, RefusalKind, Role};

use crate::{
    case::Case,
    state::CaseState::{self, *},
};

/// One thing that may happen to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The report goes to the acceptor.
    Submit,
    /// The acceptor has somebody look first (核实).
    AskVerify,
    /// The collector has looked: the report is true.
    VerifyTrue,
    /// The collector has looked: it is not.
    VerifyFalse,
    /// 立案.
    Register,
    /// 不予受理.
    Refuse,
    /// 派遣 to the main department.
    Assign,
    /// The dispatcher sends it back to the acceptor.
    ReturnToAcceptor,
    /// The department sends it back to the dispatcher.
    ReturnToDispatcher,
    /// The department has a handler.
    AcceptHandling,
    /// The handler is taken off the case.
    RevokeHandler,
    /// 挂账.
    Suspend,
    /// The date of 挂账 has come.
    Resume,
    /// 处置完成.
    Finish,
    /// 核查 begins.
    StartCheck,
    /// 核查 passed by the collector: the acceptor closes.
    CheckPass,
    /// 核查 passed by the acceptor: closed at once.
    CheckPassAndClose,
    /// 核查 failed: 返工.
    CheckFail,
    /// 结案.
    Close,
    /// 延期: no move, a later deadline.
    Extend,
    /// 作废.
    Cancel,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 21] = [
        Self::Submit,
        Self::AskVerify,
        Self::VerifyTrue,
        Self::VerifyFalse,
        Self::Register,
        Self::Refuse,
        Self::Assign,
        Self::ReturnToAcceptor,
        Self::ReturnToDispatcher,
        Self::AcceptHandling,
        Self::RevokeHandler,
        Self::Suspend,
        Self::Resume,
        Self::Finish,
        Self::StartCheck,
        Self::CheckPass,
        Self::CheckPassAndClose,
        Self::CheckFail,
        Self::Close,
        Self::Extend,
        Self::Cancel,
    ];

    /// `operate_type` of the flow record.
    #[must_use]
    pub const fn operate_type(self) -> &'static str {
        match self {
            Self::Assign | Self::AcceptHandling => "assign",
            Self::RevokeHandler => "revoke_assign",
            Self::AskVerify | Self::ReturnToAcceptor | Self::ReturnToDispatcher | Self::CheckFail => "return",
            Self::CheckPassAndClose | Self::Close => "close",
            Self::Cancel | Self::Refuse | Self::VerifyFalse => "cancel",
            Self::Suspend => "suspend",
            Self::Extend => "extend",
            _ => "forward",
        }
    }

    /// What the step is called on the screen: Chinese, English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Submit => ("上报", "submit"),
            Self::AskVerify => ("下发核实", "send for verification"),
            Self::VerifyTrue => ("核实属实", "confirm"),
            Self::VerifyFalse => ("核实不属实", "deny"),
            Self::Register => ("立案", "register"),
            Self::Refuse => ("不予受理", "refuse"),
            Self::Assign => ("派遣", "assign"),
            Self::ReturnToAcceptor => ("退回受理员", "return to the acceptor"),
            Self::ReturnToDispatcher => ("退回派遣员", "return to the dispatcher"),
            Self::AcceptHandling => ("处置受理", "take over"),
            Self::RevokeHandler => ("撤销处置人员", "take the handler off"),
            Self::Suspend => ("挂账", "suspend"),
            Self::Resume => ("恢复", "resume"),
            Self::Finish => ("处置完成", "finish"),
            Self::StartCheck => ("开始核查", "begin the check"),
            Self::CheckPass | Self::CheckPassAndClose => ("核查通过", "pass the check"),
            Self::CheckFail => ("核查不通过", "fail the check"),
            Self::Close => ("结案", "close"),
            Self::Extend => ("延期", "extend"),
            Self::Cancel => ("作废", "cancel"),
        }
    }

    /// The states the step may start from.
    #[must_use]
    pub const fn from_states(self) -> &'static [CaseState] {
        match self {
            Self::Submit => &[Reported],
            Self::AskVerify | Self::Register | Self::Refuse => &[PendingRegister],
            Self::VerifyTrue | Self::VerifyFalse => &[PendingVerify],
            Self::Assign | Self::ReturnToAcceptor => &[PendingDispatch],
            Self::ReturnToDispatcher | Self::AcceptHandling => &[PendingHandle],
            Self::RevokeHandler | Self::Suspend | Self::Finish => &[Handling],
            Self::Resume => &[Suspended],
            Self::StartCheck => &[PendingCheck],
            // "Only from pending_check" (§1.4); checking is its running form.
            Self::CheckPass | Self::CheckPassAndClose | Self::CheckFail => &[PendingCheck, Checking],
            Self::Close => &[PendingClose],
            Self::Extend => &[PendingHandle, Handling],
            Self::Cancel => &[
                Reported,
                PendingVerify,
                PendingRegister,
                PendingDispatch,
                PendingHandle,
                Handling,
                Suspended,
                PendingCheck,
                Checking,
                PendingClose,
            ],
        }
    }

    /// The states the step passes, the last being where the case comes to rest.
    #[must_use]
    pub const fn to_states(self) -> &'static [CaseState] {
        match self {
            Self::Submit | Self::VerifyTrue => &[PendingRegister],
            Self::AskVerify => &[PendingVerify],
            Self::VerifyFalse | Self::Refuse => &[NotAccepted],
            Self::Register => &[Accepted, PendingDispatch],
            Self::Assign => &[Dispatched, PendingHandle],
            Self::ReturnToAcceptor => &[Returned, PendingRegister],
            Self::ReturnToDispatcher => &[PendingDispatch],
            Self::AcceptHandling | Self::Resume => &[Handling],
            Self::RevokeHandler => &[PendingHandle],
            Self::Suspend => &[Suspended],
            Self::Finish => &[HandleFinish, PendingCheck],
            Self::StartCheck => &[Checking],
            Self::CheckPass => &[CaseState::CheckPass, PendingClose],
            Self::CheckPassAndClose => &[CaseState::CheckPass, PendingClose, Closed],
            Self::CheckFail => &[CheckNotPass, Handling],
            Self::Close => &[Closed],
            Self::Extend => &[],
            Self::Cancel => &[Cancelled],
        }
    }

    /// Who may take the step. The room itself may take any.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Submit => &[Role::Collector, Role::Acceptor, Role::Supervisor],
            Self::AskVerify | Self::Register | Self::Refuse | Self::CheckPassAndClose | Self::Close => {
                &[Role::Acceptor, Role::Supervisor]
            }
            Self::VerifyTrue | Self::VerifyFalse | Self::CheckPass => &[Role::Collector],
            Self::StartCheck | Self::CheckFail => &[Role::Collector, Role::Acceptor, Role::Supervisor],
            Self::Assign | Self::ReturnToAcceptor | Self::Extend => &[Role::Dispatcher, Role::Supervisor],
            Self::ReturnToDispatcher => &[Role::Department],
            Self::AcceptHandling | Self::RevokeHandler | Self::Finish => &[Role::Department, Role::Handler],
            Self::Suspend | Self::Cancel => &[Role::Supervisor],
            Self::Resume => &[],
        }
    }
}

/// What a step's guards look at besides state and role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Why; required to refuse, return, suspend, extend, cancel.
    pub reason: &'a str,
    /// What was done; required to finish.
    pub note: &'a str,
    /// After-photo; required to finish.
    pub photo: &'a str,
    /// A handler or crew is on the case.
    pub has_handler: bool,
    /// A crew that reports by itself is on the case.
    pub has_tracked_unit: bool,
    /// The department has sent the case back to the dispatcher before.
    pub department_returned: bool,
    /// Who acts is the one who handled the case.
    pub is_handler: bool,
    /// The deadline in force has passed.
    pub overdue: bool,
    /// Extensions granted so far.
    pub extensions: u8,
    /// Most extensions there may be.
    pub max_extensions: u8,
    /// How long the case is to be suspended, ms.
    pub suspend_ms: i64,
    /// Longest suspension there may be, ms.
    pub max_suspend_ms: i64,
}

fn refuse(kind: RefusalKind, zh: impl AsRef<str>, en: impl AsRef<str>) -> Refusal {
    Refusal::new(kind, format!("{} / {}", zh.as_ref(), en.as_ref()))
}

/// The states `step` leads through from `state`, or why it may not be taken and what to do instead.
///
/// # Errors
/// A refusal in Chinese and English.
pub fn path(state: CaseState, step: Step, role: Role, facts: &Facts<'_>) -> Result<&'static [CaseState], Refusal> {
    allowed_role(step, role)?;
    allowed_state(state, step)?;
    guards(step, facts)?;
    Ok(step.to_states())
}

fn allowed_role(step: Step, role: Role) -> Result<(), Refusal> {
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

fn allowed_state(state: CaseState, step: Step) -> Result<(), Refusal> {
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

fn guards(step: Step, facts: &Facts<'_>) -> Result<(), Refusal> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// DOMAIN §1.4 written down a second time, edge by edge.
    fn legal_edge(from: CaseState, to: CaseState) -> bool {
        if to == Cancelled {
            return !from.ended();
        }
        matches!(
            (from, to),
            (Reported | PendingVerify | Returned, PendingRegister)
                | (PendingRegister, PendingVerify | Accepted | NotAccepted)
                | (PendingVerify, NotAccepted)
                | (Accepted, PendingDispatch)
                | (PendingDispatch, Dispatched | Returned)
                | (Dispatched, PendingHandle)
                | (PendingHandle, PendingDispatch | Handling)
                | (Handling, Suspended | HandleFinish | PendingHandle)
                | (Suspended | CheckNotPass, Handling)
                | (HandleFinish, PendingCheck)
                | (PendingCheck, Checking | CaseState::CheckPass | CheckNotPass)
                | (Checking, CaseState::CheckPass | CheckNotPass)
                | (CaseState::CheckPass, PendingClose)
                | (PendingClose, Closed)
        )
    }

    fn good() -> Facts<'static> {
        Facts {
            reason: "r",
            note: "n",
            photo: "p",
            max_extensions: 2,
            suspend_ms: 1,
            max_suspend_ms: 2,
            ..Facts::default()
        }
    }

    fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
        (0..all.len()).prop_map(move |i| all[i])
    }

    static ROLES: [Role; 8] = [
        Role::Collector,
        Role::Acceptor,
        Role::Supervisor,
        Role::Dispatcher,
        Role::Department,
        Role::Handler,
        Role::Leader,
        Role::System,
    ];
    static STATES: [CaseState; 20] = CaseState::ALL;
    static STEPS: [Step; 21] = Step::ALL;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn illegal_transitions_are_rejected(
            state in any_of(&STATES), step in any_of(&STEPS), role in any_of(&ROLES),
            reason in any::<bool>(), photo in any::<bool>(), handler in any::<bool>(), tracked in any::<bool>(),
            returned in any::<bool>(), own in any::<bool>(), overdue in any::<bool>(), extensions in 0u8..4,
        ) {
            let facts = Facts {
                reason: if reason { "r" } else { " " }, photo: if photo { "p" } else { "" },
                has_handler: handler, has_tracked_unit: tracked, department_returned: returned, is_handler: own,
                overdue, extensions, ..good()
            };
            match path(state, step, role, &facts) {
                Ok(states) => {
                    prop_assert!(!state.ended());
                    prop_assert!(role != Role::Leader);
                    let mut from = state;
                    for &to in states {
                        prop_assert!(legal_edge(from, to), "{from:?} -> {to:?} by {step:?}");
                        from = to;
                    }
                    prop_assert!(!from.passing());
                    if step == Step::Finish { prop_assert!(photo); }
                    if step == Step::ReturnToDispatcher { prop_assert!(reason && !handler); }
                    if step == Step::ReturnToAcceptor { prop_assert!(reason && !returned); }
                    if step == Step::Extend { prop_assert!(!overdue && extensions < 2); }
                    if step == Step::CheckPass { prop_assert!(!own && role != Role::Handler); }
                    if step == Step::Cancel { prop_assert!(matches!(role, Role::Supervisor | Role::System)); }
                }
                Err(refusal) => prop_assert!(refusal.message.contains(" / "), "{}", refusal.message),
            }
        }
    }

    /// Every combination of state and step, so that a legal one cannot become illegal unseen.
    #[test]
    fn each_step_starts_exactly_where_it_may() {
        let starts = |step: Step| -> Vec<&str> {
            CaseState::ALL
                .into_iter()
                .filter(|s| path(*s, step, Role::System, &good()).is_ok())
                .map(CaseState::key)
                .collect()
        };
        assert_eq!(starts(Step::Submit), ["reported"]);
        assert_eq!(starts(Step::Register), ["pending_register"]);
        assert_eq!(starts(Step::Assign), ["pending_dispatch"]);
        assert_eq!(starts(Step::Finish), ["handling"]);
        assert_eq!(starts(Step::CheckPassAndClose), ["pending_check", "checking"]);
        assert_eq!(starts(Step::Close), ["pending_close"]);
        assert_eq!(starts(Step::Cancel).len(), 10);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let by = |step, role, facts: &Facts<'_>| path(step_start(step), step, role, facts).unwrap_err();
        let refusal = by(Step::Register, Role::Handler, &good());
        assert_eq!(refusal.kind, RefusalKind::Forbidden);
        assert!(
            refusal.message.contains("受理员") && refusal.message.contains("take that seat"),
            "{}",
            refusal.message
        );
        let refusal = by(Step::Cancel, Role::Supervisor, &Facts { reason: "", ..good() });
        assert_eq!(refusal.kind, RefusalKind::Invalid);
        let refusal = by(Step::Finish, Role::Handler, &Facts { photo: "", ..good() });
        assert!(refusal.message.contains("照片"));
        let refusal = path(Closed, Step::Register, Role::Acceptor, &good()).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Conflict);
    }

    fn step_start(step: Step) -> CaseState {
        step.from_states()[0]
    }
}
