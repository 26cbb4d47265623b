//! Cases with their history and the crews recommended for them.

use guanlan_casework::Case;
use guanlan_core::Stamp;
use guanlan_dispatch::Recommendation;
use guanlan_geography::LocalFrame;
use guanlan_room::Picture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Place, Words, place, snake};

/// One step of a case's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepOut {
    /// When.
    pub at: String,
    /// State before.
    pub from: String,
    /// State after.
    pub to: String,
    /// forward, return, cancel, close, assign …
    pub operate_type: String,
    /// Who.
    pub actor: String,
    /// In which seat.
    pub role: String,
    /// Words.
    pub note: String,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseOut {
    /// 案卷号.
    pub id: String,
    /// State (DOMAIN spelling).
    pub state: String,
    /// State in words.
    pub state_name: Words,
    /// Category code and the edition it is of.
    pub code: String,
    /// Edition of the category table.
    pub edition: String,
    /// What is the matter.
    pub title: Words,
    /// The reporter's words.
    pub text: String,
    /// alert, citizen, collector, operator.
    pub source: String,
    /// Severity.
    pub level: String,
    /// Where.
    pub place: Place,
    /// Where, in words.
    pub place_name: Words,
    /// 单元网格.
    pub grid: String,
    /// Opened.
    pub opened: String,
    /// Deadline in force.
    pub deadline: Option<String>,
    /// Past the deadline in force.
    pub overdue: bool,
    /// Department it is with.
    pub org: Option<String>,
    /// Crews sent.
    pub units: Vec<String>,
    /// Photo of the report.
    pub photo: Option<String>,
    /// Where it looks, degrees clockwise from true north, when the sender told it.
    pub photo_heading_deg: Option<f64>,
    /// Degrees it looks above the horizon.
    pub photo_pitch_deg: Option<f64>,
    /// Its horizontal field of view, degrees.
    pub photo_fov_deg: Option<f64>,
    /// Photo after handling.
    pub after_photo: Option<String>,
    /// Times it was sent back after a check.
    pub rework: u8,
    /// The alert it came from.
    pub alert: Option<u64>,
    /// Every step so far.
    pub history: Vec<StepOut>,
    /// The best crews for it, while it waits for one.
    pub recommended: Vec<AdviceOut>,
}

/// A recommended crew.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdviceOut {
    /// Crew.
    pub unit: String,
    /// Call sign.
    pub name: Words,
    /// Travel time with turnout, s.
    pub eta_s: f64,
    /// Way, m.
    pub route_m: f64,
    /// Lower is better.
    pub score: f64,
    /// In one sentence.
    pub why: Words,
    /// Terms of the score.
    pub terms: Vec<TermOut>,
}

/// One term of a score.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermOut {
    /// Name.
    pub name: Words,
    /// 0 … 1.
    pub value: f64,
    /// Weight.
    pub weight: f64,
    /// Value × weight.
    pub contribution: f64,
}

fn advice(r: &Recommendation) -> AdviceOut {
    AdviceOut {
        unit: r.unit.to_string(),
        name: (&r.name).into(),
        eta_s: r.eta_s,
        route_m: r.route_m,
        score: r.score,
        why: (&r.why).into(),
        terms: r
            .terms
            .iter()
            .map(|t| TermOut { name: (&t.name).into(), value: t.value, weight: t.weight, contribution: t.contribution })
            .collect(),
    }
}

/// A case as the API says it.
pub fn case(frame: &LocalFrame, picture: &Picture, c: &Case) -> CaseOut {
    CaseOut {
        id: c.id.to_string(),
        state: c.state.key().to_owned(),
        state_name: (&c.state.name()).into(),
        code: c.code.clone(),
        edition: c.edition.clone(),
        title: (&c.title).into(),
        text: c.text.clone(),
        source: c.source.key().to_owned(),
        level: snake(c.level),
        place: place(frame, c.place_m),
        place_name: (&c.place).into(),
        grid: c.grid.clone(),
        opened: c.opened.to_rfc3339(),
        deadline: c.deadline().map(Stamp::to_rfc3339),
        overdue: c.overdue(picture.now),
        org: c.org.as_ref().map(ToString::to_string),
        units: c.units.iter().map(ToString::to_string).collect(),
        photo: c.photo.clone(),
        photo_heading_deg: c.photo_view.heading_deg,
        photo_pitch_deg: c.photo_view.pitch_deg,
        photo_fov_deg: c.photo_view.fov_deg,
        after_photo: c.after_photo.clone(),
        rework: c.rework,
        alert: c.alert.map(|a| a.0),
        history: c
            .history
            .iter()
            .map(|h| StepOut {
                at: h.at.to_rfc3339(),
                from: h.from.key().to_owned(),
                to: h.to.key().to_owned(),
                operate_type: h.operate_type.clone(),
                actor: h.actor.clone(),
                role: snake(h.role),
                note: h.note.clone(),
            })
            .collect(),
        recommended: picture.advice.cases.get(&c.id).map(|a| a.picks.iter().map(advice).collect()).unwrap_or_default(),
    }
}
