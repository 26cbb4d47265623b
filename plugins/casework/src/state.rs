//! The states of a case (DOMAIN §1.4).

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// Where a case is in its workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// 已上报.
    #[default]
    Reported,
    /// 待核实: a collector looks first.
    PendingVerify,
    /// 待立案.
    PendingRegister,
    /// 已受理, passed on the way to dispatch.
    Accepted,
    /// 待派遣.
    PendingDispatch,
    /// 不予受理 (end).
    NotAccepted,
    /// 已派遣, passed on the way to the department.
    Dispatched,
    /// 待处置: with the department.
    PendingHandle,
    /// 退回, passed on the way back.
    Returned,
    /// 处置中.
    Handling,
    /// 挂账.
    Suspended,
    /// 处置完成, passed on the way to the check.
    HandleFinish,
    /// 待核查.
    PendingCheck,
    /// 核查中.
    Checking,
    /// 核查通过, passed on the way to closing.
    CheckPass,
    /// 核查不通过(返工), passed on the way back to handling.
    CheckNotPass,
    /// 待结案.
    PendingClose,
    /// 已结案 (end).
    Closed,
    /// 强制结案 (end); read from other systems, no step of this room leads here.
    ForcedClose,
    /// 作废 (end).
    Cancelled,
}

impl CaseState {
    /// Every state in the order of the workflow.
    pub const ALL: [Self; 20] = [
        Self::Reported,
        Self::PendingVerify,
        Self::PendingRegister,
        Self::Accepted,
        Self::PendingDispatch,
        Self::NotAccepted,
        Self::Dispatched,
        Self::PendingHandle,
        Self::Returned,
        Self::Handling,
        Self::Suspended,
        Self::HandleFinish,
        Self::PendingCheck,
        Self::Checking,
        Self::CheckPass,
        Self::CheckNotPass,
        Self::PendingClose,
        Self::Closed,
        Self::ForcedClose,
        Self::Cancelled,
    ];

    /// The machine name: what events and the API write.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::PendingVerify => "pending_verify",
            Self::PendingRegister => "pending_register",
            Self::Accepted => "accepted",
            Self::PendingDispatch => "pending_dispatch",
            Self::NotAccepted => "not_accepted",
            Self::Dispatched => "dispatched",
            Self::PendingHandle => "pending_handle",
            Self::Returned => "returned",
            Self::Handling => "handling",
            Self::Suspended => "suspended",
            Self::HandleFinish => "handle_finish",
            Self::PendingCheck => "pending_check",
            Self::Checking => "checking",
            Self::CheckPass => "check_pass",
            Self::CheckNotPass => "check_not_pass",
            Self::PendingClose => "pending_close",
            Self::Closed => "closed",
            Self::ForcedClose => "forced_close",
            Self::Cancelled => "cancelled",
        }
    }

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        let (zh, en) = match self {
            Self::Reported => ("已上报", "Reported"),
            Self::PendingVerify => ("待核实", "To be verified"),
            Self::PendingRegister => ("待立案", "To be registered"),
            Self::Accepted => ("已受理", "Accepted"),
            Self::PendingDispatch => ("待派遣", "To be dispatched"),
            Self::NotAccepted => ("不予受理", "Refused"),
            Self::Dispatched => ("已派遣", "Dispatched"),
            Self::PendingHandle => ("待处置", "To be handled"),
            Self::Returned => ("退回", "Returned"),
            Self::Handling => ("处置中", "Being handled"),
            Self::Suspended => ("挂账", "Suspended"),
            Self::HandleFinish => ("处置完成", "Handled"),
            Self::PendingCheck => ("待核查", "To be checked"),
            Self::Checking => ("核查中", "Being checked"),
            Self::CheckPass => ("核查通过", "Check passed"),
            Self::CheckNotPass => ("返工", "Rework"),
            Self::PendingClose => ("待结案", "To be closed"),
            Self::Closed => ("已结案", "Closed"),
            Self::ForcedClose => ("强制结案", "Closed by force"),
            Self::Cancelled => ("作废", "Cancelled"),
        };
        Bilingual::new(zh, en)
    }

    /// True when nothing more can happen to the case.
    #[must_use]
    pub const fn ended(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Closed | Self::ForcedClose | Self::Cancelled)
    }

    /// True for states a case only passes through within one step.
    #[must_use]
    pub const fn passing(self) -> bool {
        matches!(
            self,
            Self::Accepted
                | Self::Dispatched
                | Self::Returned
                | Self::HandleFinish
                | Self::CheckPass
                | Self::CheckNotPass
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_serde_names() {
        for state in CaseState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.key());
        }
    }
}
