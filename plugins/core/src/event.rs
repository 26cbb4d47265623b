//! Facts a room records: one chained journal record each.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AlertId, CaseId, DispatchId, OrgId, SensorId, UnitId},
    input::UnitStatus,
    level::AlertLevel,
    mode::Mode,
    quantity::ObservedProperty,
    role::Role,
    rung::Rung,
    stamp::Stamp,
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
    /// Somebody set an alert aside for a time.
    AlertShelved {
        /// The alert.
        alert: AlertId,
        /// Until when.
        until: Stamp,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A shelved alert counts again: by hand, because the time is over, or because it got worse.
    AlertUnshelved {
        /// The alert.
        alert: AlertId,
        /// Who; `room` for the room's own rules.
        actor: String,
        /// Why.
        reason: String,
    },
    /// Alerts that match call nobody until a time.
    SilenceBegun {
        /// Its number.
        silence: u64,
        /// What it matches, in words.
        matches: String,
        /// Until when.
        until: Stamp,
        /// Who owns it.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A silence is over.
    SilenceEnded {
        /// Its number.
        silence: u64,
        /// Who; `room` when its time was over.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A group of alerts went up (or down) the ladder 社区-街道-区-市.
    AlertEscalated {
        /// Number of the group.
        group: u64,
        /// Its leading alert.
        alert: AlertId,
        /// Worst level in it.
        level: AlertLevel,
        /// How many alerts it holds.
        count: u32,
        /// Rung before.
        from: Rung,
        /// Rung now.
        to: Rung,
        /// Who; `room` when its clock ran out.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A group that still fires is called out again.
    AlertRepeated {
        /// Number of the group.
        group: u64,
        /// Its leading alert.
        alert: AlertId,
        /// Worst level in it.
        level: AlertLevel,
        /// How many alerts it holds.
        count: u32,
    },
    /// The room should be heard: at most one in the pause its level asks for.
    SoundDue {
        /// Number of the group.
        group: u64,
        /// The alert that is the reason.
        alert: AlertId,
        /// How urgent.
        level: AlertLevel,
        /// Alerts nobody has seen in the group.
        count: u32,
    },
    /// Somebody ended the freeze of a flapping alert.
    AlertReleased {
        /// The alert.
        alert: AlertId,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
    },
    /// A rule file was taken or refused.
    RulesChanged {
        /// The file as its users name it.
        name: String,
        /// SHA-256 of its text, hex.
        hash: String,
        /// Rules in force now.
        rules: u32,
        /// Why it was refused, with line and field; empty when it was taken.
        refused: String,
    },
    /// Something was done to the water, or told to its model.
    MeasureApplied {
        /// Number of the measure in this room.
        no: u64,
        /// In words.
        name: Bilingual,
        /// The measure as JSON.
        measure: String,
        /// Where, local frame, m.
        place_m: Option<[f64; 2]>,
        /// People it takes.
        people: f64,
        /// Trucks it takes.
        trucks: f64,
        /// From the order to the effect, minutes.
        minutes: f64,
        /// Who.
        actor: String,
        /// Why.
        note: String,
    },
    /// A measure was taken back.
    MeasureUndone {
        /// Number of the measure.
        no: u64,
        /// In words.
        name: Bilingual,
        /// Who.
        actor: String,
    },
    /// The model of the water could not do a measure.
    MeasureFailed {
        /// Number of the measure.
        no: u64,
        /// In words.
        name: Bilingual,
        /// Why.
        reason: String,
    },
    /// The water estimate, and it alone, suggests to close roads: a person is asked.
    ClosureProposed {
        /// Number of the proposal.
        closure: u64,
        /// Road edges.
        edges: Vec<u32>,
        /// Road name.
        name: Bilingual,
        /// Deepest water by the estimate, m.
        depth_m: f32,
        /// Where, local frame, m.
        place_m: [f64; 2],
    },
    /// A person answered a closure proposal, or took the answer back.
    ClosureAnswered {
        /// Number of the proposal.
        closure: u64,
        /// Road name.
        name: Bilingual,
        /// `confirmed`, `dismissed`, `undone`.
        answer: String,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
    },
    /// The estimate no longer suggests the closure.
    ClosureLapsed {
        /// Number of the proposal.
        closure: u64,
        /// Road name.
        name: Bilingual,
    },
    /// Neighbours and physics speak against a water gauge, or no longer do.
    GaugeContradicted {
        /// The stream.
        sensor: SensorId,
        /// True when it is not believed any more, false when it is believed again.
        contradicted: bool,
        /// Its reading, m.
        measured_m: f64,
        /// The model, m.
        model_m: f64,
        /// Why.
        reason: Bilingual,
    },
    /// Pump advice was given (排水联动建议).
    AdviceGiven {
        /// Number of the advice.
        advice: u64,
        /// In words.
        words: Bilingual,
        /// The options as JSON.
        options: String,
    },
    /// A person answered pump advice.
    AdviceAnswered {
        /// Number of the advice.
        advice: u64,
        /// The option approved; `None` when rejected.
        option: Option<u32>,
        /// Numbers of the measures that follow.
        measures: Vec<u64>,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
    },
    /// Another authority warns, changes its warning or ends it (CAP), or its time is over.
    WarningChanged {
        /// CAP identifier.
        identifier: String,
        /// Who warns.
        sender: String,
        /// What happens.
        event: Bilingual,
        /// Colour; normal when it is over.
        level: AlertLevel,
        /// `actual`, `exercise`, `test` …
        status: crate::warning::WarningStatus,
        /// `issued`, `updated`, `cancelled`, `expired`.
        what: String,
        /// Where, in words.
        area: Bilingual,
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
            | Self::AlertShelved { actor, .. }
            | Self::AlertUnshelved { actor, .. }
            | Self::AlertReleased { actor, .. }
            | Self::AlertEscalated { actor, .. }
            | Self::SilenceBegun { actor, .. }
            | Self::SilenceEnded { actor, .. }
            | Self::CaseOpened { actor, .. }
            | Self::CaseMoved { actor, .. }
            | Self::UnitDispatched { actor, .. }
            | Self::UnitStatusChanged { actor, .. }
            | Self::CommandRefused { actor, .. }
            | Self::MeasureApplied { actor, .. }
            | Self::MeasureUndone { actor, .. }
            | Self::ClosureAnswered { actor, .. }
            | Self::AdviceAnswered { actor, .. } => actor,
            _ => "room",
        }
    }
}
