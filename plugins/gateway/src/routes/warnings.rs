//! Warnings of other authorities in force (CAP in); what this room warns of is under `cap`.

use axum::{Json, extract::State};
use guanlan_core::{Bilingual, Lang};
use guanlan_room::warnings::until;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, alerts::Part, origins::LineageOut, query::Query};
use crate::wire::{Place, Words, place, snake};

/// A warning of another authority.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningOut {
    /// CAP identifier.
    identifier: String,
    /// Who warns: CAP `sender`.
    sender: String,
    /// Who warns, for people: CAP `senderName`, or `sender` where the message has none.
    sender_name: Words,
    /// When it was sent.
    sent: String,
    /// `actual`, `exercise`, `test`.
    status: String,
    /// What happens.
    event: Words,
    /// Colour.
    level: String,
    /// CAP severity.
    severity: String,
    /// CAP urgency.
    urgency: String,
    /// CAP certainty.
    certainty: String,
    /// One line.
    headline: Words,
    /// What is known.
    description: Words,
    /// What to do.
    instruction: Words,
    /// From when it holds.
    effective: String,
    /// Until when it is shown; a day where the message does not say.
    until: String,
    /// Where, in words.
    area: Words,
    /// Where: closed rings.
    rings: Vec<Vec<Place>>,
    /// Who brought it.
    lineage: Option<LineageOut>,
}

/// Warnings of other authorities in force, worst first.
#[utoipa::path(get, path = "/warnings", params(Part), responses((status = 200, body = [WarningOut])))]
pub(crate) async fn warnings(
    State(doors): Hall,
    Query(part): Query<Part>,
) -> Result<Json<Vec<WarningOut>>, crate::problem::Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let rows = picture.warnings.active().iter().map(|w| WarningOut {
        identifier: w.identifier.clone(),
        sender: w.sender.clone(),
        sender_name: (&Bilingual::new(w.who(Lang::Zh), w.who(Lang::En))).into(),
        sent: w.sent.to_rfc3339(),
        status: snake(w.status),
        event: (&w.event).into(),
        level: snake(w.level),
        severity: w.severity.clone(),
        urgency: w.urgency.clone(),
        certainty: w.certainty.clone(),
        headline: (&w.headline).into(),
        description: (&w.description).into(),
        instruction: (&w.instruction).into(),
        effective: w.effective.to_rfc3339(),
        until: until(w).to_rfc3339(),
        area: (&w.area).into(),
        rings: w.rings_m.iter().map(|r| r.iter().map(|p| place(&doors.frame, *p)).collect()).collect(),
        lineage: picture.origins.of_warning(&w.identifier).map(LineageOut::from),
    });
    Ok(Json(part.cut(rows)))
}
