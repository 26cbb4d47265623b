//! Facts a room records: one chained journal record each.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AlertId, CaseId, DispatchId, OrgId, SensorId, UnitId},
    input::UnitStatus,
    level::AlertLevel,
    mode::Mode,
    quantity::ObservedProperty,
    role::Role,
    text::Bilingual,
};

/// A fact. Past tense; never changed once recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Event {
    /// An alert was raised, rose, fell, or ended (`to` normal).
    AlertChanged {
        /// The alert.
        alert: AlertId,
        /// The stream.
        sensor: SensorId,
        /// What it observes.
        property: ObservedProperty,
        /// Level before.
        from: AlertLevel,
        /// Level after.
        to: AlertLevel,
        /// The reading that decided.
        value: f64,
        /// The threshold it passed.
        threshold: f64,
        /// Rule and its version, for example `road-water@1`.
        rule: String,
        /// Local frame, m; `None` for an unplaced stream.
        place_m: Option<[f64; 2]>,
        /// Where, in words.
        place: Bilingual,
    },
    /// Somebody has seen the alert.
    AlertAcknowledged {
        /// The alert.
        alert: AlertId,
        /// Who.
        actor: String,
        /// Why.
        note: String,
    },
    /// The alert changed level too often and is frozen at its highest.
    AlertFlapping {
        /// The alert.
        alert: AlertId,
        /// The level it is frozen at.
        level: AlertLevel,
    },
    /// A device's data quality changed (offline, stuck, back …).
    SensorQuality {
        /// The stream.
        sensor: SensorId,
        /// `good`, `suspect`, `stale`, `offline`.
        quality: String,
        /// Why.
        reason: String,
    },
    /// A case was opened.
    CaseOpened {
        /// The case.
        case: CaseId,
        /// Category code.
        code: String,
        /// What is the matter.
        title: Bilingual,
        /// `alert`, `citizen`, `collector`, `operator`.
        source: String,
        /// Severity it was opened with.
        level: AlertLevel,
        /// Local frame, m.
        place_m: [f64; 2],
        /// Where, in words.
        place: Bilingual,
        /// 15-digit code of the 单元网格, or empty outside all of them.
        grid: String,
        /// The alert it came from.
        alert: Option<AlertId>,
        /// Who.
        actor: String,
    },
    /// A further report was attached to an open case (same sub-class, 50 m, 24 h).
    CaseMerged {
        /// The open case.
        case: CaseId,
        /// `alert`, `citizen`, `collector`, `operator`.
        source: String,
        /// What was said.
        text: String,
    },
    /// A case moved along its workflow.
    CaseMoved {
        /// The case.
        case: CaseId,
        /// State before (DOMAIN §1.4 spelling).
        from: String,
        /// State after.
        to: String,
        /// `forward`, `return`, `cancel`, `close`, `assign`, `revoke_assign`, `suspend`, `extend`.
        operate_type: String,
        /// Who.
        actor: String,
        /// In which seat.
        role: Role,
        /// Why or what.
        note: String,
        /// Organisation it is with, once assigned.
        org: Option<OrgId>,
        /// Deadline in force after the step, ms since the epoch.
        deadline_ms: Option<i64>,
    },
    /// A crew was sent.
    UnitDispatched {
        /// The assignment.
        dispatch: DispatchId,
        /// The case.
        case: CaseId,
        /// The crew.
        unit: UnitId,
        /// Expected travel time, s.
        eta_s: f64,
        /// Route length, m.
        route_m: f64,
        /// Place of the case, local frame, m.
        place_m: [f64; 2],
        /// Who sent it.
        actor: String,
        /// Why this crew, when it was not recommended.
        reason: String,
    },
    /// A crew changed status.
    UnitStatusChanged {
        /// The crew.
        unit: UnitId,
        /// Before.
        from: UnitStatus,
        /// After.
        to: UnitStatus,
        /// Its task, if any.
        dispatch: Option<DispatchId>,
        /// The case of the task, if any.
        case: Option<CaseId>,
        /// What the crew says.
        note: String,
        /// Photo, if any.
        photo: Option<String>,
        /// Who reported.
        actor: String,
    },
    /// A road was closed to a vehicle class.
    RoadClosed {
        /// Road edge.
        edge: u32,
        /// Road name.
        name: Bilingual,
        /// Water depth that closed it, m; 0 when a person did.
        depth_m: f32,
        /// `water`, `operator`, `script`.
        cause: String,
    },
    /// A road is open again.
    RoadReopened {
        /// Road edge.
        edge: u32,
        /// Road name.
        name: Bilingual,
        /// `water`, `operator`, `script`.
        cause: String,
    },
    /// A feed came up or went down.
    FeedChanged {
        /// The feed.
        feed: String,
        /// True when it delivers.
        up: bool,
        /// Last error.
        message: String,
    },
    /// 演示 became 实况, or the like.
    ModeChanged {
        /// Before.
        from: Mode,
        /// After.
        to: Mode,
    },
    /// A drill script delivered an inject.
    InjectDelivered {
        /// Number in the script.
        no: u32,
        /// Channel.
        channel: String,
        /// To whom.
        to: Bilingual,
        /// What was said.
        text: Bilingual,
    },
    /// A command was refused.
    CommandRefused {
        /// Who asked.
        actor: String,
        /// What was asked.
        command: String,
        /// Why not.
        reason: String,
    },
}

impl Event {
    /// The case this fact belongs to.
    #[must_use]
    pub fn case(&self) -> Option<&CaseId> {
        match self {
            Self::CaseOpened { case, .. }
            | Self::CaseMerged { case, .. }
            | Self::CaseMoved { case, .. }
            | Self::UnitDispatched { case, .. } => Some(case),
            Self::UnitStatusChanged { case, .. } => case.as_ref(),
            _ => None,
        }
    }

    /// Who made it a fact: a person, or `room` for the room's own rules.
    #[must_use]
    pub fn actor(&self) -> &str {
        match self {
            Self::AlertAcknowledged { actor, .. }
            | Self::CaseOpened { actor, .. }
            | Self::CaseMoved { actor, .. }
            | Self::UnitDispatched { actor, .. }
            | Self::UnitStatusChanged { actor, .. }
            | Self::CommandRefused { actor, .. } => actor,
            _ => "room",
        }
    }
}
