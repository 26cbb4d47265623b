//! One case (案卷): what happened, where, how far it is, and everything that was ever done to it.

use guanlan_core::{AlertId, AlertLevel, Bilingual, CaseId, OrgId, PhotoView, Role, Stamp, UnitId};
use serde::{Deserialize, Serialize};

use crate::{limit::Limit, state::CaseState};

/// Who brought the case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseSource {
    /// A rule over sensors (物联网).
    Alert,
    /// 公众上报.
    Citizen,
    /// 监督员上报.
    Collector,
    /// Somebody at a desk.
    #[default]
    Operator,
}

impl CaseSource {
    /// The machine name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Citizen => "citizen",
            Self::Collector => "collector",
            Self::Operator => "operator",
        }
    }

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Alert => Bilingual::new("物联感知", "Sensor"),
            Self::Citizen => Bilingual::new("公众上报", "Citizen"),
            Self::Collector => Bilingual::new("监督员上报", "Collector"),
            Self::Operator => Bilingual::new("平台上报", "Operator"),
        }
    }
}

/// One flow record; never changed once written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When.
    pub at: Stamp,
    /// State before.
    pub from: CaseState,
    /// State after; the same as `from` for a note.
    pub to: CaseState,
    /// `forward`, `return`, `cancel`, `close`, `assign`, `revoke_assign`, `suspend`, `extend`, `note`.
    pub operate_type: String,
    /// Who.
    pub actor: String,
    /// In which seat.
    pub role: Role,
    /// Why or what.
    pub note: String,
}

/// The instants by which things must be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    /// 受理.
    pub register_by: Option<Stamp>,
    /// 派遣.
    pub dispatch_by: Option<Stamp>,
    /// 处置; moves with suspension and extension.
    pub handle_by: Option<Stamp>,
    /// 核查.
    pub check_by: Option<Stamp>,
    /// The total limit: when the case should be closed. An estimate until it is dispatched.
    pub close_by: Stamp,
}

/// When the case reached its milestones; the last time, if more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    /// Came to the acceptor (受理).
    pub accepted: Option<Stamp>,
    /// 立案.
    pub registered: Option<Stamp>,
    /// 派遣.
    pub dispatched: Option<Stamp>,
    /// First crew on scene.
    pub on_scene: Option<Stamp>,
    /// 处置完成.
    pub finished: Option<Stamp>,
    /// 核查.
    pub checked: Option<Stamp>,
    /// 结案.
    pub closed: Option<Stamp>,
    /// 不予受理 or 作废.
    pub dropped: Option<Stamp>,
    /// The register deadline that was in force when it was registered.
    pub registered_in_time: bool,
    /// The dispatch deadline that was in force when it was dispatched.
    pub dispatched_in_time: bool,
    /// The handling deadline that was in force when it was finished.
    pub finished_in_time: bool,
    /// The check deadline that was in force when it was checked.
    pub checked_in_time: bool,
}

/// A further report of the same problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergedReport {
    /// When.
    pub at: Stamp,
    /// From whom.
    pub source: CaseSource,
    /// What was said.
    pub text: String,
    /// URL or name of a photo.
    pub photo: Option<String>,
    /// Where it looks.
    pub view: PhotoView,
}

/// 挂账.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Since when the clock stands.
    pub since: Stamp,
    /// When the case resumes by itself.
    pub until: Stamp,
    /// What was left on the clock of the limit, ms; `None` when it was overdue already.
    pub left_ms: Option<i64>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// 案卷号.
    pub id: CaseId,
    /// Edition of the category table, for example `2026`.
    pub edition: String,
    /// Category code of a matter, for example `06-010`.
    pub code: String,
    /// Name of the category.
    pub title: Bilingual,
    /// What was said when it was opened.
    pub text: String,
    /// Who brought it.
    pub source: CaseSource,
    /// Severity; rises with its alert, never falls.
    pub level: AlertLevel,
    /// Opened by an exercise.
    pub exercise: bool,
    /// Local frame, m.
    pub place_m: [f64; 2],
    /// Where, in words.
    pub place: Bilingual,
    /// 15-digit code of the 单元网格, or empty outside all of them.
    pub grid: String,
    /// Where it is in its workflow.
    pub state: CaseState,
    /// When it was opened.
    pub opened: Stamp,
    /// Handling limit of its class.
    pub limit: Limit,
    /// What must be done by when.
    pub deadlines: Deadlines,
    /// What was done when.
    pub milestones: Milestones,
    /// Main department, once assigned.
    pub org: Option<OrgId>,
    /// Who handles it: a crew's id or a name.
    pub handler: Option<String>,
    /// Everybody who ever handled it; none of them may check it.
    pub handled_by: Vec<String>,
    /// Crews on the way or on scene.
    pub units: Vec<UnitId>,
    /// Those of `units` that have arrived.
    pub arrived: Vec<UnitId>,
    /// URL or name of the photo it was reported with.
    pub photo: Option<String>,
    /// Where that photo looks.
    pub photo_view: PhotoView,
    /// URL or name of the after-photo.
    pub after_photo: Option<String>,
    /// 挂账, while it lasts.
    pub suspended: Option<Suspension>,
    /// Time it was suspended in all, ms.
    pub suspended_ms: i64,
    /// 延期 granted.
    pub extensions: u8,
    /// 返工.
    pub rework: u8,
    /// Times a department sent it back.
    pub returns: u8,
    /// A department has sent it back: the dispatcher may not pass it on to the acceptor.
    pub department_returned: bool,
    /// An appeal against being late was granted: not counted as late.
    pub exempt: bool,
    /// The alert it came from.
    pub alert: Option<AlertId>,
    /// Further reports of the same problem.
    pub reports: Vec<MergedReport>,
    /// Flow records, oldest first.
    pub history: Vec<HistoryEntry>,
    /// When an empty seat is filled for the next step.
    pub seat_due: Option<Stamp>,
}

impl Case {
    /// A case that was just reported and about which nothing else is known.
    #[must_use]
    pub fn new(id: CaseId, code: impl Into<String>, opened: Stamp) -> Self {
        Self {
            id,
            edition: crate::category::CURRENT_EDITION.into(),
            code: code.into(),
            title: Bilingual::default(),
            text: String::new(),
            source: CaseSource::default(),
            level: AlertLevel::default(),
            exercise: false,
            place_m: [0.0; 2],
            place: Bilingual::default(),
            grid: String::new(),
            state: CaseState::Reported,
            opened,
            limit: Limit::default(),
            deadlines: Deadlines::default(),
            milestones: Milestones::default(),
            org: None,
            handler: None,
            handled_by: Vec::new(),
            units: Vec::new(),
            arrived: Vec::new(),
            photo: None,
            photo_view: PhotoView::default(),
            after_photo: None,
            suspended: None,
            suspended_ms: 0,
            extensions: 0,
            rework: 0,
            returns: 0,
            department_returned: false,
            exempt: false,
            alert: None,
            reports: Vec::new(),
            history: Vec::new(),
            seat_due: None,
        }
    }

    /// True until it is closed, refused or cancelled.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.state.ended()
    }

    /// The deadline in force: of the step the case waits for. None while suspended and after the end.
    #[must_use]
    pub const fn deadline(&self) -> Option<Stamp> {
        match self.state {
            CaseState::Reported | CaseState::PendingVerify | CaseState::PendingRegister | CaseState::Returned => {
                self.deadlines.register_by
            }
            CaseState::Accepted | CaseState::PendingDispatch => self.deadlines.dispatch_by,
            CaseState::Dispatched | CaseState::PendingHandle | CaseState::Handling | CaseState::CheckNotPass => {
                self.deadlines.handle_by
            }
            CaseState::HandleFinish
            | CaseState::PendingCheck
            | CaseState::Checking
            | CaseState::CheckPass
            | CaseState::PendingClose => self.deadlines.check_by,
            CaseState::Suspended
            | CaseState::NotAccepted
            | CaseState::Closed
            | CaseState::ForcedClose
            | CaseState::Cancelled => None,
        }
    }

    /// True when the deadline in force has passed.
    #[must_use]
    pub fn overdue(&self, now: Stamp) -> bool {
        self.deadline().is_some_and(|by| now > by)
    }

    /// Two digits of the class, for example `06`.
    #[must_use]
    pub fn class(&self) -> &str {
        self.code.split('-').next().unwrap_or("")
    }

    /// Distance of its place from another, m.
    #[must_use]
    pub fn distance_m(&self, place_m: [f64; 2]) -> f64 {
        let (dx, dy) = (self.place_m[0] - place_m[0], self.place_m[1] - place_m[1]);
        (dx * dx + dy * dy).sqrt()
    }

    /// Adds a note to the flow records without moving the case.
    pub(crate) fn note(&mut self, at: Stamp, actor: &str, role: Role, note: impl Into<String>) {
        self.history.push(HistoryEntry {
            at,
            from: self.state,
            to: self.state,
            operate_type: "note".into(),
            actor: actor.to_owned(),
            role,
            note: note.into(),
        });
    }
}
