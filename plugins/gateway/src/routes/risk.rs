//! Scores opened into their terms: risks on the grid, hot spots, and the order of the case queue.

use axum::{Json, extract::State};
use guanlan_room::risk_sources::{RiskMark, RiskSource, RiskSources, behind_spot};
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
    /// What it was made of, the most first, each with where it comes from.
    from: Vec<BehindOut>,
}

/// A source of a term.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BehindOut {
    /// What it is.
    name: Words,
    /// What it says, in the term's unit; the rank of its level (1 blue … 4 red) for a case.
    value: f64,
    /// `sensor`, `case` or `unit` where it is a mark of its own.
    mark: Option<&'static str>,
    /// Id of the mark.
    id: Option<String>,
    /// Feed; empty when nobody said.
    feed: String,
    /// Connector.
    connector: String,
    /// Row at the source.
    source: String,
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
    /// Alerts and cases it counts, the gravest first.
    from: Vec<BehindOut>,
}

impl From<&RiskSource> for BehindOut {
    fn from(s: &RiskSource) -> Self {
        let (mark, id) = match &s.mark {
            RiskMark::Sensor(id) => (Some("sensor"), Some(id.to_string())),
            RiskMark::Case(id) => (Some("case"), Some(id.to_string())),
            RiskMark::Unit(id) => (Some("unit"), Some(id.to_string())),
            RiskMark::None => (None, None),
        };
        let (feed, connector, source) = (s.feed.clone(), s.connector.clone(), s.source.clone());
        Self { name: (&s.name).into(), value: s.value, mark, id, feed, connector, source }
    }
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
    let known = RiskSources::of(&picture);
    let rows = picture.risk.grids.iter().filter_map(|r| {
        let grid = list.grids.get(r.grid as usize)?;
        let behind = known.behind(r.grid, grid);
        let share = |(i, t): (usize, &guanlan_alerting::risk::RiskTerm)| ShareOut {
            name: (&t.name).into(),
            value: t.value,
            unit: t.unit.clone(),
            share: t.share,
            weight: t.weight,
            from: behind.iter().filter(|s| s.term == i).map(BehindOut::from).collect(),
        };
        Some(RiskOut {
            grid: grid.code.clone(),
            name: (&grid.name).into(),
            place: wire::place(&doors.frame, grid.centre_m),
            score: r.score,
            level: r.level().name().en.to_lowercase(),
            terms: r.terms().iter().enumerate().map(share).collect(),
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
        from: behind_spot(&picture, s).0.iter().map(BehindOut::from).collect(),
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
