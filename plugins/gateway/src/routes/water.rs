//! The water beside a room: the estimate and its quality, forecast, pump advice, measures, closures to confirm.

use axum::{Json, extract::State};
use guanlan_core::{Stamp, WaterAspect, WaterPeaks};
use guanlan_room::{Closure, GivenAdvice, MeasureEntry, Picture};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{Hall, query::Query};
use crate::{
    problem::Problem,
    wire::{self, Place, Words},
};

/// Which timeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Timeline; the live room when absent.
    timeline: Option<String>,
}

/// Which timeline, and how much of the water.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowMuch {
    /// Timeline; the live room when absent.
    timeline: Option<String>,
    /// With the fill of every conduit and node, flow and rain fields.
    #[serde(default)]
    scene: bool,
    /// Depth and maxima at a place: longitude and latitude, degrees, separated by a comma.
    at: Option<String>,
}

/// The water of a room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaterOut {
    /// 估计 (estimate) of a real city, 演练水情 of an exercise; absent without a model.
    name: Option<Words>,
    /// Instant of the depths, RFC 3339.
    at: Option<String>,
    /// Grows with every field of depths: what was ordered is in the next one.
    field: u64,
    /// True when the depths are a model's estimate.
    estimate: bool,
    /// Cell side, m.
    cell_m: Option<f64>,
    /// Side of the smallest cells (focus areas), m.
    finest_cell_m: Option<f64>,
    /// Deepest water, m.
    deepest_m: f64,
    /// Area with 15 cm and more, m²; in focus areas by their finer cells.
    over_15cm_m2: f64,
    /// Depth at the place asked for, m.
    depth_m: Option<f64>,
    /// What the water has been and how it moves now, as the map shows it; absent until the model has said it.
    peaks: Option<PeaksOut>,
    /// Skill before correction, books with the nudged volume, speed, rain source and coverage, gauges with what the
    /// model thinks of them.
    #[schema(value_type = Option<Object>)]
    report: Value,
    /// Gauges that are not believed.
    #[schema(value_type = Vec<Object>)]
    contradicted: Vec<Value>,
    /// Fill of conduits and nodes, %, pumps, flow, rain; when asked for.
    #[schema(value_type = Option<Object>)]
    scene: Option<Value>,
}

/// What the water has been since the model began to look, and how it moves now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeaksOut {
    /// Instant of the figures, RFC 3339.
    at: String,
    /// Since when maxima, arrival and duration count: the begin of the storm, of the exercise, of the forecast.
    since: String,
    /// Cells that have had more than 5 cm.
    wet_cells: usize,
    /// Area by worst hazard class so far, H1 to H6 (ARR 2019), m²; focus areas are counted by their cells of the whole
    /// raster.
    hazard_m2: [f64; 6],
    /// At the place asked for; absent where it has stayed dry.
    place: Option<PlacePeaks>,
}

/// What the water has been at a place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacePeaks {
    /// Deepest, m.
    max_depth_m: f32,
    /// Speed now, m/s.
    speed_m_s: f32,
    /// Fastest, m/s.
    max_speed_m_s: f32,
    /// Hazard class now, 0 dry, 1 to 6 (ARR 2019).
    hazard: u8,
    /// Worst hazard class.
    max_hazard: u8,
    /// When more than 5 cm came, s after `since`.
    arrival_s: f32,
    /// Time with more than 15 cm, s.
    over_15cm_s: f32,
}

fn peaks(peaks: &WaterPeaks, place: Option<[f64; 2]>) -> PeaksOut {
    let mut hazard_m2 = [0.0; 6];
    if let Some(raster) = peaks.rasters.first() {
        for class in raster.top_hazard.iter().filter(|c| (1..=6).contains(*c)) {
            hazard_m2[usize::from(*class) - 1] += raster.cell_m * raster.cell_m;
        }
    }
    let place = place.and_then(|[x, y]| peaks.cell_at(x, y)).map(|(raster, k)| {
        let value = |aspect| raster.value(aspect, k);
        PlacePeaks {
            max_depth_m: value(WaterAspect::MaxDepth),
            speed_m_s: value(WaterAspect::Speed),
            max_speed_m_s: value(WaterAspect::MaxSpeed),
            hazard: value(WaterAspect::Hazard) as u8,
            max_hazard: value(WaterAspect::MaxHazard) as u8,
            arrival_s: value(WaterAspect::Arrival),
            over_15cm_s: value(WaterAspect::Duration),
        }
    });
    PeaksOut { at: when(peaks.at), since: when(peaks.since), wet_cells: peaks.wet_cells(), hazard_m2, place }
}

fn when(at: Stamp) -> String {
    at.to_rfc3339()
}

/// The water now: an estimate (估计) in the live room.
#[utoipa::path(get, path = "/water", params(HowMuch),
    responses((status = 200, body = WaterOut), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn water(State(doors): Hall, Query(asked): Query<HowMuch>) -> Result<Json<WaterOut>, Problem> {
    let picture = doors.room(asked.timeline.as_deref())?.picture();
    let live = &picture.live_water;
    let field = picture.water.field.as_deref();
    let place = match &asked.at {
        None => None,
        Some(text) => {
            let wrong = || Problem::invalid(format!("at '{text}': 120.19,30.28 (lon,lat) was expected"));
            let (lon, lat) = text.split_once(',').ok_or_else(wrong)?;
            let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
            let (lon, lat) = number(lon).zip(number(lat)).ok_or_else(wrong)?;
            Some(doors.frame.from_lonlat(lon, lat).map_err(|_| wrong())?)
        }
    };
    Ok(Json(WaterOut {
        name: live.name().as_ref().map(Into::into),
        at: field.map(|f| when(f.at)),
        field: picture.water.version,
        estimate: field.is_some_and(|f| f.estimate),
        cell_m: field.map(|f| f.cell_m),
        finest_cell_m: field.map(|f| f.finest_cell_m()),
        deepest_m: field.map_or(0.0, |f| f64::from(f.deepest_mm()) / 1000.0),
        over_15cm_m2: field.map_or(0.0, |f| f.area_over_m2(150)),
        depth_m: place.zip(field).map(|([x, y], f)| f64::from(f.depth_m(x, y))),
        peaks: picture.peaks.latest.as_deref().map(|p| peaks(p, place)),
        report: json!(live.report.as_deref()),
        contradicted: live.contradicted.values().map(|v| json!(v)).collect(),
        scene: asked.scene.then(|| json!(live.scene.as_deref())),
    }))
}

/// The hours ahead: gauges, underpasses and places with their times to 15, 27, 40 and 50 cm, roads cut, buildings hit.
#[utoipa::path(get, path = "/forecast", params(Which),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn forecast(State(doors): Hall, Query(which): Query<Which>) -> Result<Json<Value>, Problem> {
    let picture = doors.room(which.timeline.as_deref())?.picture();
    let Some(report) = picture.forecast.latest.as_deref() else { return Ok(Json(Value::Null)) };
    let mut out = json!(report);
    let minutes = |t: Stamp| ((t - report.from) as f64 / 6_000.0).round() / 10.0;
    out["from"] = json!(when(report.from));
    out["to"] = json!(when(report.to));
    out["sites"] = report
        .sites
        .iter()
        .map(|s| {
            json!({
                "id": s.id, "kind": s.kind, "name": s.name, "place": wire::place(&doors.frame, s.place_m),
                "depth_mm": s.depth_mm, "peak_mm": s.peak_mm, "peak_at": when(s.peak_at),
                "passes": s.passes.iter().map(|p| json!({
                    "limit_mm": p.limit_mm, "at": when(p.from), "in_min": minutes(p.from), "until": p.until.map(when),
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    out["roads"] = report
        .roads
        .iter()
        .map(|r| {
            json!({
                "edge": r.edge, "name": r.name, "underpass": r.underpass, "peak_mm": r.peak_mm,
                "from": when(r.from), "in_min": minutes(r.from), "until": r.until.map(when),
            })
        })
        .collect();
    out["buildings"] = report
        .buildings
        .iter()
        .map(|b| {
            json!({
                "id": b.id, "name": b.name, "place": wire::place(&doors.frame, b.place_m), "residents": b.residents,
                "peak_mm": b.peak_mm, "from": b.from.map(when), "in_min": b.from.map(minutes),
            })
        })
        .collect();
    Ok(Json(out))
}

fn given(g: &GivenAdvice) -> Value {
    let mut out = json!(*g.report);
    let options = g.report.options.iter().map(|o| {
        let mut option = json!(o);
        option["actions"] = o
            .actions
            .iter()
            .map(|a| {
                let mut action = json!(a);
                action["measure"] = serde_json::from_str(&a.measure).unwrap_or(Value::Null);
                action["start"] = json!(when(a.start));
                action["effect"] = json!(when(a.effect));
                action
            })
            .collect();
        option
    });
    out["options"] = options.collect();
    out["from"] = json!(when(g.report.from));
    out["to"] = json!(when(g.report.to));
    out["given_at"] = json!(when(g.at));
    out["answer"] = json!(g.answer);
    out["approved_option"] = json!(g.option);
    out["answered_by"] = json!(g.actor);
    out["reason"] = json!(g.reason);
    out["answered_at"] = json!(g.answered.map(when));
    out["measures"] = json!(g.measures);
    out
}

/// Pump advice (排水联动) with its answers, newest first. Approve with the command `approve_advice`.
#[utoipa::path(get, path = "/advice", params(Which),
    responses((status = 200, body = [Object]), (status = 404, body = Problem)))]
pub(crate) async fn advice(State(doors): Hall, Query(which): Query<Which>) -> Result<Json<Vec<Value>>, Problem> {
    let picture = doors.room(which.timeline.as_deref())?.picture();
    Ok(Json(picture.pump_advice.given.iter().rev().map(given).collect()))
}

/// How far the search for pump advice is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchOut {
    /// idle, forecast, compare, confirm, done, stopped.
    stage: String,
    /// The same in words.
    name: Words,
    /// True while it is under way.
    is_on: bool,
    /// Forecast it answers.
    forecast: u64,
    /// Runs of the model made.
    runs: u32,
    /// Runs it makes at most.
    runs_most: u32,
    /// How much of it is done at least, %.
    percent: u8,
    /// Wall time spent on it, s.
    wall_s: f64,
}

/// How far the search for pump advice (排水联动) is. The command `stop_advice_search` ends it.
#[utoipa::path(get, path = "/advice/search", params(Which),
    responses((status = 200, body = SearchOut), (status = 404, body = Problem)))]
pub(crate) async fn search(State(doors): Hall, Query(which): Query<Which>) -> Result<Json<SearchOut>, Problem> {
    let searching = doors.room(which.timeline.as_deref())?.picture().searching;
    let said = searching.latest;
    Ok(Json(SearchOut {
        stage: json!(said.stage).as_str().unwrap_or_default().to_owned(),
        name: (&said.stage.name()).into(),
        is_on: searching.is_on(),
        forecast: said.forecast,
        runs: said.runs,
        runs_most: said.runs_most,
        percent: said.percent,
        wall_s: said.wall_s,
    }))
}

/// A measure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasureOut {
    /// Number; for `undo_measure`.
    no: u64,
    /// In words.
    name: Words,
    /// As `apply_measure` takes it, places in local metres.
    #[schema(value_type = Object)]
    measure: Value,
    /// Where.
    place: Option<Place>,
    /// People it takes.
    people: f64,
    /// Trucks it takes.
    trucks: f64,
    /// From the order to the effect, minutes.
    minutes: f64,
    /// Who ordered it.
    actor: String,
    /// Why.
    note: String,
    /// When it was ordered, RFC 3339.
    ordered: String,
    /// planned, standing, undone, failed.
    stage: String,
    /// Since when it is so, RFC 3339.
    since: String,
    /// May be taken back.
    undoable: bool,
    /// Advice and option it comes from.
    advice: Option<(u64, u32)>,
    /// Case whose crew does it.
    case: Option<String>,
    /// Why it failed.
    problem: String,
}

fn measure(picture: &Picture, frame: &guanlan_geography::LocalFrame, m: &MeasureEntry) -> MeasureOut {
    let stage = json!(m.stage).as_str().unwrap_or_default().to_owned();
    let task = picture.water_tasks.of(m.no).and_then(|t| t.case.as_ref());
    MeasureOut {
        no: m.no,
        name: (&m.name).into(),
        measure: serde_json::from_str(&m.measure).unwrap_or(Value::Null),
        place: m.place_m.map(|p| wire::place(frame, p)),
        people: m.people,
        trucks: m.trucks,
        minutes: m.minutes,
        actor: m.actor.clone(),
        note: m.note.clone(),
        ordered: when(m.ordered),
        stage,
        since: when(m.since),
        undoable: m.undoable,
        advice: m.advice,
        case: m.case.as_ref().or(task).map(ToString::to_string),
        problem: m.problem.clone(),
    }
}

/// Measures of a room, oldest first. Order one with the command `apply_measure`.
#[utoipa::path(get, path = "/measures", params(Which),
    responses((status = 200, body = [MeasureOut]), (status = 404, body = Problem)))]
pub(crate) async fn measures(State(doors): Hall, Query(which): Query<Which>) -> Result<Json<Vec<MeasureOut>>, Problem> {
    let picture = doors.room(which.timeline.as_deref())?.picture();
    Ok(Json(picture.measures.list.iter().map(|m| measure(&picture, &doors.frame, m)).collect()))
}

/// A closure that only the estimate suggests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosureOut {
    /// Number; for `confirm_closure`, `dismiss_closure`, `undo_closure`.
    no: u64,
    /// Road.
    name: Words,
    /// Road edges.
    edges: Vec<u32>,
    /// An underpass is among them.
    underpass: bool,
    /// Where it is deepest.
    place: Place,
    /// Deepest water by the estimate, m.
    depth_m: f32,
    /// Since when it is suggested, RFC 3339.
    since: String,
    /// pending, confirmed, dismissed, lapsed.
    answer: String,
    /// Who answered.
    actor: String,
    /// Why.
    reason: String,
}

fn closure(frame: &guanlan_geography::LocalFrame, c: &Closure) -> ClosureOut {
    ClosureOut {
        no: c.no,
        name: (&c.name).into(),
        edges: c.edges.clone(),
        underpass: c.underpass,
        place: wire::place(frame, c.place_m),
        depth_m: c.depth_m,
        since: when(c.since),
        answer: json!(c.answer).as_str().unwrap_or_default().to_owned(),
        actor: c.actor.clone(),
        reason: c.reason.clone(),
    }
}

/// Road closures that only the water estimate suggests, with their answers.
#[utoipa::path(get, path = "/closures", params(Which),
    responses((status = 200, body = [ClosureOut]), (status = 404, body = Problem)))]
pub(crate) async fn closures(State(doors): Hall, Query(which): Query<Which>) -> Result<Json<Vec<ClosureOut>>, Problem> {
    let picture = doors.room(which.timeline.as_deref())?.picture();
    Ok(Json(picture.closures.list.iter().map(|c| closure(&doors.frame, c)).collect()))
}
