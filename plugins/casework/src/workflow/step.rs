//! The steps of a case: where each may start, where it leads, who may take it, what it is called.

use guanlan_core::Role;

use crate::state::CaseState::{self, *};

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
