//! One case: what happened, by when, who could go, what the seat may do next.

use guanlan_casework::{CaseState, workflow::Step};
use guanlan_core::{AlertLevel, CaseId, Lang, OrgId, PhotoView, Role, UnitId, input::UnitStatus};
use guanlan_room::Picture;

use super::{cases, crews, crews::CrewRow, eta};
use crate::words::tr;

/// A next step a seat may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseOp {
    /// 立案.
    Register,
    /// 不予受理.
    Refuse,
    /// 派遣 to an organisation.
    Assign,
    /// 退回.
    Return,
    /// 处置完成.
    Finish,
    /// 核查通过 or 核实属实.
    Pass,
    /// 核查不通过 or 核实不属实.
    Fail,
    /// 结案.
    Close,
    /// 挂账.
    Suspend,
    /// 延期.
    Extend,
    /// 作废.
    Cancel,
}

impl CaseOp {
    /// All, in the order of the buttons.
    pub const ALL: [Self; 11] = [
        Self::Register,
        Self::Assign,
        Self::Finish,
        Self::Pass,
        Self::Close,
        Self::Fail,
        Self::Refuse,
        Self::Return,
        Self::Extend,
        Self::Suspend,
        Self::Cancel,
    ];

    /// Steps of the workflow it may mean.
    #[must_use]
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Register => &[Step::Register],
            Self::Refuse => &[Step::Refuse],
            Self::Assign => &[Step::Assign],
            Self::Return => &[Step::AskVerify, Step::ReturnToDispatcher, Step::RevokeHandler, Step::ReturnToAcceptor],
            Self::Finish => &[Step::Finish, Step::AcceptHandling],
            Self::Pass => &[Step::VerifyTrue, Step::CheckPassAndClose, Step::CheckPass],
            Self::Fail => &[Step::VerifyFalse, Step::CheckFail],
            Self::Close => &[Step::Close],
            Self::Suspend => &[Step::Suspend],
            Self::Extend => &[Step::Extend],
            Self::Cancel => &[Step::Cancel],
        }
    }

    /// Key of the button.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Register => "k-op-register",
            Self::Refuse => "k-op-refuse",
            Self::Assign => "k-op-assign",
            Self::Return => "k-op-return",
            Self::Finish => "k-op-finish",
            Self::Pass => "k-op-pass",
            Self::Fail => "k-op-fail",
            Self::Close => "k-op-close",
            Self::Suspend => "k-op-suspend",
            Self::Extend => "k-op-extend",
            Self::Cancel => "k-op-cancel",
        }
    }

    /// It needs words (and perhaps more) before it can be sent.
    #[must_use]
    pub const fn needs_form(self) -> bool {
        !matches!(self, Self::Register | Self::Pass | Self::Close)
    }

    /// It moves the case forward.
    #[must_use]
    pub const fn forward(self) -> bool {
        matches!(self, Self::Register | Self::Assign | Self::Finish | Self::Pass | Self::Close)
    }
}

/// What a seat may do with a case in this state: exactly what the workflow allows.
#[must_use]
pub fn legal(state: CaseState, role: Role) -> Vec<CaseOp> {
    CaseOp::ALL
        .into_iter()
        .filter(|op| op.steps().iter().any(|s| s.from_states().contains(&state) && s.roles().contains(&role)))
        .collect()
}

/// A crew that could go.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// The crew.
    pub unit: UnitId,
    /// Call sign.
    pub name: String,
    /// Travel time in words.
    pub eta: String,
    /// Way, km.
    pub way_km: f64,
    /// Why, in one sentence.
    pub why: String,
    /// Terms: name, share of the score (0 best – 1 worst), weight, figure.
    pub terms: Vec<(String, f32, f32, String)>,
}

/// A line of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
    /// Who.
    pub who: String,
}

/// The chosen case.
#[derive(Clone, Debug, PartialEq)]
pub struct DetailVm {
    /// The case.
    pub id: CaseId,
    /// Severity.
    pub level: AlertLevel,
    /// What.
    pub title: String,
    /// What was said.
    pub text: String,
    /// Where.
    pub place: String,
    /// Grid code.
    pub grid: String,
    /// State in words.
    pub state: String,
    /// Who brought it.
    pub source: String,
    /// Department.
    pub org: String,
    /// Elapsed share of the time.
    pub elapsed: Option<f32>,
    /// Time left or over.
    pub left: String,
    /// Past the deadline.
    pub overdue: bool,
    /// Deadline as a time of day.
    pub by: String,
    /// Photo it came with.
    pub photo: Option<String>,
    /// Where that photo looks.
    pub photo_view: PhotoView,
    /// Photo after the work.
    pub after_photo: Option<String>,
    /// Crews on it.
    pub crews: Vec<CrewRow>,
    /// Best crews, at most three.
    pub picks: Vec<Pick>,
    /// The seat may send crews.
    pub may_dispatch: bool,
    /// Why not, in words.
    pub dispatch_hint: String,
    /// Free crews that match the search and are not among the picks.
    pub others: Vec<CrewRow>,
    /// Next steps of the seat.
    pub ops: Vec<CaseOp>,
    /// Organisations it may be assigned to, those in charge first.
    pub orgs: Vec<(OrgId, String)>,
    /// What happened, newest first.
    pub history: Vec<Past>,
    /// Local m.
    pub place_m: [f64; 2],
}

/// The detail of a case; `None` when the picture does not have it.
#[must_use]
pub fn detail(picture: &Picture, id: &CaseId, role: Role, search: &str, lang: Lang) -> Option<DetailVm> {
    let case = picture.cases.get(id)?;
    let row = cases::row(case, picture, lang);
    let picks: Vec<Pick> = picture.advice.cases.get(id).map_or_else(Vec::new, |advice| {
        let pick = |r: &guanlan_dispatch::Recommendation| Pick {
            unit: r.unit.clone(),
            name: r.name.get(lang).to_owned(),
            eta: eta(lang, r.eta_s),
            way_km: r.route_m / 1000.0,
            why: r.why.get(lang).to_owned(),
            terms: r
                .terms
                .iter()
                .map(|t| (t.name.get(lang).to_owned(), t.value as f32, t.weight as f32, t.figure.get(lang).to_owned()))
                .collect(),
        };
        advice.picks.iter().take(3).map(pick).collect()
    });
    let refusal = guanlan_casework::can_dispatch(case, role).err();
    let needle = search.trim().to_lowercase();
    let others = if needle.is_empty() {
        Vec::new()
    } else {
        picture
            .units
            .units
            .iter()
            .filter(|u| u.status == UnitStatus::Available && !picks.iter().any(|p| p.unit == u.id))
            .map(|u| crews::row(picture, u, lang))
            .filter(|r| r.name.to_lowercase().contains(&needle) || r.id.as_str().to_lowercase().contains(&needle))
            .take(6)
            .collect()
    };
    let class = case.class().to_owned();
    let mut orgs: Vec<(bool, OrgId, String)> = picture
        .city
        .organisations
        .iter()
        .filter(|o| o.kind == "unit")
        .map(|o| (!o.duties.iter().any(|d| *d == class), o.id.clone(), o.name.get(lang).to_owned()))
        .collect();
    orgs.sort();
    let org_name = |id: &OrgId| {
        let org = picture.city.organisations.iter().find(|o| o.id == *id);
        org.map_or_else(|| id.to_string(), |o| o.name.get(lang).to_owned())
    };
    let past = |h: &guanlan_casework::HistoryEntry| {
        let mut what = if h.from == h.to { String::new() } else { h.to.name().get(lang).to_owned() };
        if !h.note.is_empty() {
            let note = lang.part_of(&h.note).to_owned();
            what = if what.is_empty() { note } else { format!("{what} · {note}") };
        }
        Past { at: h.at.format_local("%H:%M:%S"), what, who: h.role.name().get(lang).to_owned() }
    };
    Some(DetailVm {
        id: id.clone(),
        level: case.level,
        title: row.title,
        text: lang.part_of(&case.text).to_owned(),
        place: row.place,
        grid: case.grid.clone(),
        state: row.state,
        source: case.source.name().get(lang).to_owned(),
        org: case.org.as_ref().map_or_else(|| tr(lang, "k-none").to_owned(), org_name),
        elapsed: row.elapsed,
        left: row.left,
        overdue: row.overdue,
        by: case.deadline().map_or_else(String::new, |d| d.format_local("%m-%d %H:%M")),
        photo: case.photo.clone(),
        photo_view: case.photo_view,
        after_photo: case.after_photo.clone(),
        crews: picture.units.at_case(id).map(|u| crews::row(picture, u, lang)).collect(),
        picks,
        may_dispatch: refusal.is_none(),
        dispatch_hint: refusal.map_or_else(String::new, |r| lang.part_of(&r.message).to_owned()),
        others,
        ops: legal(case.state, role),
        orgs: orgs.into_iter().map(|(_, id, name)| (id, name)).collect(),
        history: case.history.iter().rev().map(past).collect(),
        place_m: case.place_m,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_are_what_the_workflow_allows() {
        use CaseState::{Closed, Handling, PendingCheck, PendingClose, PendingDispatch, PendingRegister};
        assert_eq!(legal(PendingRegister, Role::Acceptor), [CaseOp::Register, CaseOp::Refuse, CaseOp::Return]);
        assert_eq!(legal(PendingDispatch, Role::Dispatcher), [CaseOp::Assign, CaseOp::Return]);
        assert_eq!(legal(PendingClose, Role::Acceptor), [CaseOp::Close]);
        assert!(legal(PendingCheck, Role::Collector).contains(&CaseOp::Fail));
        assert!(legal(Handling, Role::Supervisor).contains(&CaseOp::Cancel));
        assert!(legal(Closed, Role::Supervisor).is_empty());
        for state in CaseState::ALL {
            assert!(legal(state, Role::Leader).is_empty(), "a leader looks: {state:?}");
        }
    }
}
