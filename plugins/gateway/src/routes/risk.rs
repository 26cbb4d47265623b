//! Scores opened into their terms: risks on the grid, hot spots, and the order of the case queue.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, alerts::Part, query::Query};
use crate::{
    problem::Problem,
    wire::{self, Place, Words},
};

/// One term of a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShareOut {
    /// Name.
    name: Words,
    /// What was measured.
    value: f64,
    /// Unit of it.
    unit: String,
    /// Share of its worst, 0 … 1.
    share: f64,
    /// Weight.
    weight: f64,
}

/// The risk of one 万米网格.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskOut {
    /// Code of the grid.
    grid: String,
    /// Name.
    name: Words,
    /// Middle of it.
    place: Place,
    /// 0 … 1.
    score: f32,
    /// Colour of the score.
    level: String,
    /// The score opened.
    terms: Vec<ShareOut>,
}

/// A space-time hot spot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpotOut {
    /// Middle of its strongest square.
    place: Place,
    /// West, south, east, north, local m.
    bounds_m: [f64; 4],
    /// Events around it in the last half hour.
    observed: u32,
    /// What chance explains there.
    expected: f64,
    /// Getis–Ord Gi*.
    z: f64,
    /// One-sided p.
    p: f64,
    /// The p below which hot spots count after correction (Benjamini–Hochberg).
    p_limit: f64,
}

/// Risks and hot spots.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RisksOut {
    /// When they were counted.
    at: String,
    /// Grids in which something is, highest score first.
    grids: Vec<RiskOut>,
    /// Hot spots, strongest first.
    hot_spots: Vec<SpotOut>,
}

/// The risk map on the 万米网格 and the space-time hot spots, each score opened into its terms.
#[utoipa::path(get, path = "/risk", params(Part), responses((status = 200, body = RisksOut)))]
pub(crate) async fn risk(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<RisksOut>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let list = &picture.risk_grids.0;
    let rows = picture.risk.grids.iter().filter_map(|r| {
        let grid = list.grids.get(r.grid as usize)?;
        let share = |t: &guanlan_alerting::risk::RiskTerm| ShareOut {
            name: (&t.name).into(),
            value: t.value,
            unit: t.unit.clone(),
            share: t.share,
            weight: t.weight,
        };
        Some(RiskOut {
            grid: grid.code.clone(),
            name: (&grid.name).into(),
            place: wire::place(&doors.frame, grid.centre_m),
            score: r.score,
            level: r.level().name().en.to_lowercase(),
            terms: r.terms().iter().map(share).collect(),
        })
    });
    let spots = picture.risk.spots.iter().map(|s| SpotOut {
        place: wire::place(&doors.frame, s.centre_m),
        bounds_m: s.bounds_m,
        observed: s.observed,
        expected: s.expected,
        z: s.z,
        p: s.p,
        p_limit: s.p_limit,
    });
    Ok(Json(RisksOut { at: picture.risk.at.to_rfc3339(), grids: part.cut(rows), hot_spots: spots.collect() }))
}

/// A term of a case's rank.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PointsOut {
    /// Name.
    name: Words,
    /// Points.
    points: f64,
}

/// A case in the order in which cases should be looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RankedOut {
    /// Case.
    case: String,
    /// The colour that ranks it.
    level: String,
    /// Points.
    score: f64,
    /// Opened into its terms.
    terms: Vec<PointsOut>,
}

/// Open cases, first the one to be looked at first.
#[utoipa::path(get, path = "/cases/queue", params(Part), responses((status = 200, body = [RankedOut])))]
pub(crate) async fn queue(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<RankedOut>>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let rows = picture.queue.list.iter().map(|r| RankedOut {
        case: r.case.to_string(),
        level: r.level.name().en.to_lowercase(),
        score: r.score,
        terms: r.terms().iter().map(|(name, points)| PointsOut { name: name.into(), points: *points }).collect(),
    });
    Ok(Json(part.cut(rows)))
}
