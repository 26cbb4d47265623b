//! Crews and their sendings.

use guanlan_core::Stamp;
use guanlan_dispatch::Unit;
use guanlan_geography::LocalFrame;
use guanlan_room::Picture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Place, Words, place, snake};

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
