//! What people and programs may ask of a room, and the room's answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{AlertId, CaseId, CommandId, OrgId, UnitId},
    input::UnitStatus,
    level::AlertLevel,
    role::Role,
    stamp::Stamp,
};

/// A command with its sender. The same `id` always gets the first reply again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandEnvelope {
    /// Idempotency key.
    pub id: CommandId,
    /// Who asks: a user name or a program.
    pub actor: String,
    /// The seat the actor has taken.
    pub role: Role,
    /// When it was sent.
    pub at: Stamp,
    /// What is asked.
    pub command: Command,
}

/// Something to do. Positions are metres in the room's local frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// "I have seen it": stops the breathing, not the colour.
    AcknowledgeAlert {
        /// The alert.
        alert: AlertId,
        /// Why, or what follows.
        #[serde(default)]
        note: String,
    },
    /// Opens a case by hand (监督员上报, 公众上报).
    ReportCase {
        /// Category code in the current edition, for example `06-010`.
        code: String,
        /// What is the matter.
        text: String,
        /// Place.
        east_m: f64,
        /// Place.
        north_m: f64,
    },
    /// 立案: accepts a reported case.
    RegisterCase {
        /// The case.
        case: CaseId,
    },
    /// 不予受理.
    RefuseCase {
        /// The case.
        case: CaseId,
        /// Required.
        reason: String,
    },
    /// 派遣 to the responsible organisation.
    AssignCase {
        /// The case.
        case: CaseId,
        /// The main department.
        org: OrgId,
    },
    /// Sends a case one step back (退回); a reason is required.
    ReturnCase {
        /// The case.
        case: CaseId,
        /// Required.
        reason: String,
    },
    /// Sends a crew. Registers and assigns on the way when the sender's role may.
    DispatchUnit {
        /// The case.
        case: CaseId,
        /// The crew.
        unit: UnitId,
        /// Required when the crew is not among the three recommended.
        #[serde(default)]
        reason: String,
    },
    /// Calls a crew back before it is on scene.
    RecallUnit {
        /// The crew.
        unit: UnitId,
        /// Required.
        reason: String,
    },
    /// The crew's own report (phone or radio).
    ReportUnit {
        /// The crew.
        unit: UnitId,
        /// The new status.
        status: UnitStatus,
        /// What was found or done.
        #[serde(default)]
        note: String,
        /// Required to finish: URL or name of the after-photo.
        #[serde(default)]
        photo: Option<String>,
    },
    /// 处置完成 with text and photo, for a handler without a tracked unit.
    FinishCase {
        /// The case.
        case: CaseId,
        /// What was done.
        note: String,
        /// URL or name of the after-photo.
        photo: String,
    },
    /// 核查: another person than the handler looks and says pass or fail.
    VerifyCase {
        /// The case.
        case: CaseId,
        /// Pass closes the way, fail sends it back (返工).
        pass: bool,
        /// What was seen.
        #[serde(default)]
        note: String,
    },
    /// 结案.
    CloseCase {
        /// The case.
        case: CaseId,
    },
    /// 挂账: pauses the clock until a date.
    SuspendCase {
        /// The case.
        case: CaseId,
        /// Automatic resume.
        until: Stamp,
        /// Required.
        reason: String,
    },
    /// 延期: one more original limit.
    ExtendCase {
        /// The case.
        case: CaseId,
        /// Required.
        reason: String,
    },
    /// 作废.
    CancelCase {
        /// The case.
        case: CaseId,
        /// Required.
        reason: String,
    },
    /// Closes a road to traffic.
    CloseRoad {
        /// Road edge in the city's road network.
        edge: u32,
        /// Required.
        reason: String,
    },
    /// Opens it again.
    OpenRoad {
        /// Road edge in the city's road network.
        edge: u32,
        /// Required.
        reason: String,
    },
    /// 搁置: sets one alert aside for a time; its colour stays, its calls rest.
    ShelveAlert {
        /// The alert.
        alert: AlertId,
        /// For how long, minutes; at most 480.
        minutes: u32,
        /// Required.
        reason: String,
    },
    /// Takes a shelved alert up again before its time (undo of [`Self::ShelveAlert`]).
    UnshelveAlert {
        /// The alert.
        alert: AlertId,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// 静默: alerts that match make no sound and call nobody until the time is over. At least one
    /// of `rule`, `property`, `sensor`, `area` must be given; all that are given must match.
    SilenceAlerts {
        /// Name of a rule, without its version; a trailing `*` matches every name that begins so.
        #[serde(default)]
        rule: String,
        /// Key of an observed property.
        #[serde(default)]
        property: String,
        /// A stream.
        #[serde(default)]
        sensor: String,
        /// Code of an administrative area, or the first digits of it.
        #[serde(default)]
        area: String,
        /// Only alerts up to this level; red ones speak all the same unless it says so.
        #[serde(default = "up_to_orange")]
        up_to: AlertLevel,
        /// For how long, minutes; at most 1440.
        minutes: u32,
        /// Required.
        reason: String,
    },
    /// Ends a silence before its time (undo of [`Self::SilenceAlerts`]).
    EndSilence {
        /// Its number.
        silence: u64,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// 升级: calls the next rung of the ladder 社区-街道-区-市 now.
    EscalateAlert {
        /// The alert; its whole group goes up.
        alert: AlertId,
        /// Required.
        reason: String,
    },
    /// Takes an escalation back by one rung (undo of [`Self::EscalateAlert`]).
    DeescalateAlert {
        /// The alert; its whole group goes down.
        alert: AlertId,
        /// Required.
        reason: String,
    },
    /// Ends the freeze of a flapping alert: its level follows the readings again.
    ReleaseAlert {
        /// The alert.
        alert: AlertId,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// "I have seen all of these": acknowledges every alert of a group.
    AcknowledgeGroup {
        /// Number of the group.
        group: u64,
        /// Why, or what follows.
        #[serde(default)]
        note: String,
    },
    /// Does something to the water: pumps, barriers, inlets … In a real room this tells the model what has really
    /// been done; in exercises and forecasts it also takes rain and rivers.
    ApplyMeasure {
        /// The measure, for example `{"pump_switch": {"pump": "P1", "run": "on"}}`; `guanlan schema measure`.
        measure: Value,
        /// Why.
        #[serde(default)]
        note: String,
    },
    /// Takes a measure back.
    UndoMeasure {
        /// Number of the measure; the last one that stands when absent.
        #[serde(default)]
        no: Option<u64>,
    },
    /// Closes the roads that only the water estimate suggests to close.
    ConfirmClosure {
        /// Number of the proposal.
        closure: u64,
        /// Who saw it, for example the patrol's words.
        #[serde(default)]
        note: String,
    },
    /// Leaves them open.
    DismissClosure {
        /// Number of the proposal.
        closure: u64,
        /// Required.
        reason: String,
    },
    /// Takes the answer to a closure proposal back: it is open again.
    UndoClosure {
        /// Number of the proposal.
        closure: u64,
    },
    /// 批准排水联动方案: its measures become tasks (in a forecast: take effect).
    ApproveAdvice {
        /// Number of the advice.
        advice: u64,
        /// Number of the option, from 1.
        option: u32,
        /// Why.
        #[serde(default)]
        note: String,
    },
    /// 不采纳.
    RejectAdvice {
        /// Number of the advice.
        advice: u64,
        /// Required.
        reason: String,
    },
    /// 停止比选: ends the search for pump advice that is under way; the next forecast begins another.
    StopAdviceSearch {
        /// Why.
        #[serde(default)]
        reason: String,
    },
}

const fn up_to_orange() -> AlertLevel {
    AlertLevel::Orange
}

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// There is no such thing.
    NotFound,
    /// The role may not do this.
    Forbidden,
    /// Not possible in the present state.
    Conflict,
    /// The command itself is wrong.
    Invalid,
}

/// A refusal with words that say what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The kind.
    pub kind: RefusalKind,
    /// Chinese and English in one line, as every user-visible error.
    pub message: String,
}

impl Refusal {
    /// A refusal of `kind`.
    #[must_use]
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// The room's answer, given only after the tick is committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whose answer this is.
    pub command: CommandId,
    /// What came of it (ids, new state), or why not.
    pub result: Result<Value, Refusal>,
}
