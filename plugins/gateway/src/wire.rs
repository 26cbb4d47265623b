//! What the API says, apart from the domain types so that either may change alone.
//!
//! Places carry both the local frame (m, x east, y north) and WGS 84 degrees.

use guanlan_alerting::{Alert, Suppression};
use guanlan_casework::Case;
use guanlan_core::{Bilingual, Stamp};
use guanlan_dispatch::{Recommendation, Unit};
use guanlan_geography::LocalFrame;
use guanlan_room::{Picture, Playback, TimelineInfo};
use guanlan_sensing::SensorRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Words {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<&Bilingual> for Words {
    fn from(b: &Bilingual) -> Self {
        Self { zh: b.get(guanlan_core::Lang::Zh).to_owned(), en: b.get(guanlan_core::Lang::En).to_owned() }
    }
}

/// A place.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Place {
    /// Local frame, m.
    pub east_m: f64,
    /// Local frame, m.
    pub north_m: f64,
    /// WGS 84, degrees.
    pub lon: f64,
    /// WGS 84, degrees.
    pub lat: f64,
}

/// Local metres as a place.
pub fn place(frame: &LocalFrame, [east_m, north_m]: [f64; 2]) -> Place {
    let [lon, lat] = frame.to_lonlat([east_m, north_m]).unwrap_or([f64::NAN; 2]);
    Place { east_m, north_m, lon, lat }
}

pub(crate) fn snake(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(s)) => s,
        other => other.map(|v| v.to_string()).unwrap_or_default(),
    }
}

/// A sensor with its latest reading.
#[derive(Debug, Serialize, ToSchema)]
pub struct SensorOut {
    /// Datastream id.
    pub id: String,
    /// Name.
    pub name: Words,
    /// Observed property.
    pub property: String,
    /// Unit of the value.
    pub unit: String,
    /// Where it stands; absent when unplaced.
    pub place: Option<Place>,
    /// Latest value.
    pub value: Option<f64>,
    /// When it was measured, RFC 3339.
    pub at: Option<String>,
    /// good, suspect, stale, offline, contradicted.
    pub quality: String,
    /// normal, blue, yellow, orange, red: the worst active alert of this stream.
    pub level: String,
}

/// A sensor row as the API says it.
pub fn sensor(frame: &LocalFrame, picture: &Picture, row: &SensorRow<'_>) -> SensorOut {
    let worst = picture.alerts.active().iter().filter(|a| a.sensor == row.meta.id).map(|a| a.level).max();
    SensorOut {
        id: row.meta.id.to_string(),
        name: (&row.meta.name).into(),
        property: row.meta.property.key().to_owned(),
        unit: row.meta.property.unit().to_owned(),
        place: row.meta.place_m.map(|p| place(frame, p)),
        value: row.latest.map(|(v, _)| v),
        at: row.latest.map(|(_, t)| t.to_rfc3339()),
        quality: snake(row.quality),
        level: snake(worst.unwrap_or_default()),
    }
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertOut {
    /// Number in its timeline.
    pub id: u64,
    /// Stream.
    pub sensor: String,
    /// Observed property.
    pub property: String,
    /// blue, yellow, orange, red.
    pub level: String,
    /// Title of the rule.
    pub title: Words,
    /// Where.
    pub place_name: Words,
    /// Where.
    pub place: Option<Place>,
    /// The reading that decided.
    pub value: f64,
    /// The threshold it passed.
    pub threshold: f64,
    /// Rule and version.
    pub rule: String,
    /// When it was raised.
    pub raised_at: String,
    /// Since when it has this level.
    pub since: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Who has seen it.
    pub acknowledged_by: Option<String>,
    /// Frozen because it changed too often.
    pub flapping: bool,
    /// firing, acknowledged, shelved, suppressed, flapping, latched, resolved.
    pub state: String,
    /// Number of its card.
    pub group: Option<u64>,
    /// What it is grouped by.
    pub hazard: String,
    /// Code of the finest area it lies in.
    pub area: String,
    /// Set aside until, by whom and why.
    pub shelved: Option<String>,
    /// The alert or silence that speaks for it.
    pub suppressed: Option<String>,
    /// When the next level is expected: level and time.
    pub expected: Option<String>,
    /// True in an exercise.
    pub exercise: bool,
    /// The case it led to.
    pub case: Option<String>,
}

/// An alert as the API says it.
pub fn alert(frame: &LocalFrame, picture: &Picture, a: &Alert) -> AlertOut {
    AlertOut {
        id: a.id.0,
        sensor: a.sensor.to_string(),
        property: a.property.key().to_owned(),
        level: snake(a.level),
        title: (&a.title).into(),
        place_name: (&a.place).into(),
        place: a.place_m.map(|p| place(frame, p)),
        value: a.value,
        threshold: a.threshold,
        rule: a.rule.clone(),
        raised_at: a.raised_at.to_rfc3339(),
        since: a.since.to_rfc3339(),
        ended_at: a.ended_at.map(Stamp::to_rfc3339),
        acknowledged_by: a.acked.as_ref().map(|k| k.actor.clone()),
        flapping: a.flapping,
        state: a.state().key().to_owned(),
        group: picture.alerts.group_of(a).map(|g| g.id),
        hazard: a.hazard.clone(),
        area: a.area.clone(),
        shelved: a.shelved.as_ref().map(|s| format!("{} {}: {}", s.until.to_rfc3339(), s.actor, s.reason)),
        suppressed: a.suppressed.map(|s| match s {
            Suppression::Inhibited(id) => format!("alert {id}"),
            Suppression::Silenced(id) => format!("silence {id}"),
        }),
        expected: a.eta.map(|e| format!("{} {}", snake(e.level), e.at.to_rfc3339())),
        exercise: a.exercise,
        case: picture.cases.of_alert(a.id).map(|c| c.id.to_string()),
    }
}

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

/// A crew.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitOut {
    /// Id.
    pub id: String,
    /// Call sign.
    pub name: Words,
    /// available, dispatched, en_route, on_scene, clearing, out_of_service.
    pub status: String,
    /// Since when.
    pub since: String,
    /// Where; absent before the first fix.
    pub place: Option<Place>,
    /// m/s.
    pub speed_mps: f32,
    /// Degrees clockwise from north.
    pub course_deg: f32,
    /// When it was last heard.
    pub fixed: Option<String>,
    /// Its task's case.
    pub case: Option<String>,
    /// Its task's number.
    pub dispatch: Option<u64>,
    /// When it should arrive.
    pub arrival: Option<String>,
}

/// A crew as the API says it.
pub fn unit(frame: &LocalFrame, picture: &Picture, u: &Unit) -> UnitOut {
    UnitOut {
        id: u.id.to_string(),
        name: (&u.name(&picture.city.units)).into(),
        status: snake(u.status),
        since: u.since.to_rfc3339(),
        place: u.place_m.map(|p| place(frame, p)),
        speed_mps: u.speed_mps,
        course_deg: u.course_deg,
        fixed: u.fixed.map(Stamp::to_rfc3339),
        case: u.task.as_ref().map(|t| t.case.to_string()),
        dispatch: u.task.as_ref().map(|t| t.dispatch.0),
        arrival: u.task.as_ref().map(|t| t.arrival.to_rfc3339()),
    }
}

/// One sending of a crew.
#[derive(Debug, Serialize, ToSchema)]
pub struct DispatchOut {
    /// Number.
    pub id: u64,
    /// Case.
    pub case: String,
    /// Crew.
    pub unit: String,
    /// Who sent it.
    pub actor: String,
    /// Why, when it was not recommended.
    pub reason: String,
    /// When.
    pub sent: String,
    /// Expected travel time, s.
    pub eta_s: f64,
    /// When it set out.
    pub en_route: Option<String>,
    /// When it arrived.
    pub on_scene: Option<String>,
    /// When it had done.
    pub cleared: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
}

/// Every sending of a picture.
pub fn dispatches(picture: &Picture) -> Vec<DispatchOut> {
    let text = |t: Option<Stamp>| t.map(Stamp::to_rfc3339);
    let list = picture.units.assignments.iter();
    list.map(|a| DispatchOut {
        id: a.dispatch.0,
        case: a.case.to_string(),
        unit: a.unit.to_string(),
        actor: a.actor.clone(),
        reason: a.reason.clone(),
        sent: a.sent.to_rfc3339(),
        eta_s: a.eta_s,
        en_route: text(a.en_route),
        on_scene: text(a.on_scene),
        cleared: text(a.cleared),
        outcome: a.ended.as_ref().map(|(_, o)| format!("{o:?}").to_lowercase()),
    })
    .collect()
}

/// A timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineOut {
    /// Its name.
    pub id: String,
    /// live, demo, exercise, replay, forecast.
    pub mode: String,
    /// Its instant.
    pub now: String,
    /// Stands still.
    pub paused: bool,
    /// Ceiling of its speed, × real time.
    pub speed: f64,
    /// First instant that can be shown, for a replay.
    pub first: Option<String>,
    /// Last instant that can be shown, for a replay.
    pub last: Option<String>,
}

/// A timeline as the API says it.
pub fn timeline(info: &TimelineInfo) -> TimelineOut {
    let Playback { paused, speed, first, last, replay, .. } = info.playback;
    TimelineOut {
        id: info.id.to_string(),
        mode: snake(info.mode),
        now: info.now.to_rfc3339(),
        paused,
        speed,
        first: replay.then(|| first.to_rfc3339()),
        last: replay.then(|| last.to_rfc3339()),
    }
}
