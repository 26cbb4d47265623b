//! Open311 GeoReport v2: citizens' applications report here and follow their reports.

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use guanlan_casework::{Case, CaseState};
use guanlan_core::{Input, PhotoView, Stamp, input::CitizenReport};
use guanlan_feeds::{codec::xml::escape, wall_now};
use guanlan_geography::LocalFrame;
use serde_json::{Map, Value, json};

use super::{Hall, act, sources::unescape};
use crate::{Doors, auth};

/// Longest description (GeoReport v2).
const LONGEST: usize = 4_000;
/// The widest range of one question, ms: 90 days.
const RANGE_MS: i64 = 90 * 86_400_000;
/// Requests of one answer.
const PAGE: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Xml,
    Json,
}

/// `requests.json` → `requests` and the format.
fn cut(name: &str) -> Option<(&str, Format)> {
    match name.rsplit_once('.')? {
        (stem, "json") => Some((stem, Format::Json)),
        (stem, "xml") => Some((stem, Format::Xml)),
        _ => None,
    }
}

fn fields(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|p| p.split_once('='));
    pairs.map(|(k, v)| (unescape(k), unescape(v))).collect()
}

/// By bearer token, or by the key GeoReport clients bring as a field.
fn is_let_in(doors: &Doors, headers: &HeaderMap, asked: &[(String, String)]) -> bool {
    auth::check(&doors.tokens, headers).is_ok()
        || field(asked, "api_key").is_some_and(|k| auth::knows(&doors.tokens, k))
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
}

/// An answer: a list of elements of a name inside another.
fn answer(format: Format, status: StatusCode, outer: &str, inner: &str, rows: Vec<Value>) -> Response {
    match format {
        Format::Json => {
            ([(CONTENT_TYPE, "application/json; charset=utf-8")], Value::Array(rows).to_string()).into_response()
        }
        Format::Xml => {
            let mut out = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{outer}>");
            for row in &rows {
                element(&mut out, inner, row);
            }
            out.push_str(&format!("</{outer}>\n"));
            ([(CONTENT_TYPE, "text/xml; charset=utf-8")], out).into_response()
        }
    }
    .with(status)
}

trait With {
    fn with(self, status: StatusCode) -> Self;
}

impl With for Response {
    fn with(mut self, status: StatusCode) -> Self {
        *self.status_mut() = status;
        self
    }
}

fn element(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            out.push_str(&format!("<{name}>"));
            map.iter().for_each(|(k, v)| element(out, k, v));
            out.push_str(&format!("</{name}>"));
        }
        Value::Null => out.push_str(&format!("<{name}/>")),
        Value::String(text) => out.push_str(&format!("<{name}>{}</{name}>", escape(text))),
        other => out.push_str(&format!("<{name}>{other}</{name}>")),
    }
}

/// Errors have a list of code and description.
fn wrong(format: Format, status: StatusCode, words: &str) -> Response {
    answer(format, status, "errors", "error", vec![json!({ "code": status.as_u16(), "description": words })])
}

/// 立案…核查 is open; 结案, 不予受理 and 作废 are closed.
fn is_closed(case: &Case) -> bool {
    matches!(case.state, CaseState::Closed | CaseState::ForcedClose | CaseState::NotAccepted | CaseState::Cancelled)
}

fn request(doors: &Doors, case: &Case) -> Value {
    let last = case.history.last();
    let notes = if is_closed(case) {
        let reason = last.map(|h| h.note.as_str()).filter(|n| !n.is_empty());
        reason.map_or_else(|| case.state.name().zh, |r| format!("{}：{r}", case.state.name().zh))
    } else {
        case.state.name().zh
    };
    let mut row = Map::new();
    row.insert("service_request_id".into(), json!(case.id.as_str()));
    row.insert("status".into(), json!(if is_closed(case) { "closed" } else { "open" }));
    row.insert("status_notes".into(), json!(notes));
    row.insert("service_name".into(), json!(case.title.zh));
    row.insert("service_code".into(), json!(case.code));
    row.insert("description".into(), json!(case.text));
    row.insert("agency_responsible".into(), json!(case.org.as_ref().map(|o| o.as_str())));
    row.insert("service_notice".into(), Value::Null);
    row.insert("requested_datetime".into(), json!(seconds(case.opened)));
    row.insert("updated_datetime".into(), json!(seconds(last.map_or(case.opened, |h| h.at))));
    row.insert("expected_datetime".into(), json!(seconds(case.deadlines.close_by)));
    row.insert("address".into(), json!(case.place.zh));
    row.insert("address_id".into(), json!(case.grid));
    row.insert("zipcode".into(), Value::Null);
    if let Ok([lon, lat]) = doors.frame.to_lonlat(case.place_m) {
        row.insert("lat".into(), json!((lat * 1e7).round() / 1e7));
        row.insert("long".into(), json!((lon * 1e7).round() / 1e7));
    }
    row.insert("media_url".into(), json!(case.photo));
    let view = case.photo_view;
    let angles = [("heading_deg", view.heading_deg), ("pitch_deg", view.pitch_deg), ("fov_deg", view.fov_deg)];
    let told: Map<String, Value> = angles.iter().filter_map(|(k, v)| Some(((*k).to_owned(), json!((*v)?)))).collect();
    if !told.is_empty() {
        row.insert("extended_attributes".into(), Value::Object(told));
    }
    Value::Object(row)
}

fn seconds(at: Stamp) -> String {
    at.format_local("%Y-%m-%dT%H:%M:%S") + "+08:00"
}

/// `GET /open311/v2/{what}`: discovery, services, requests.
#[utoipa::path(get, path = "/open311/v2/{what}", params(("what" = String, Path)),
    responses((status = 200, body = String), (status = 400, body = String), (status = 404, body = String)))]
pub(crate) async fn get(
    State(doors): Hall,
    Path(what): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some((stem, format)) = cut(&what) else {
        return wrong(Format::Xml, StatusCode::NOT_FOUND, "expected .json or .xml");
    };
    let asked = fields(query.as_deref().unwrap_or_default());
    if stem == "requests" && !is_let_in(&doors, &headers, &asked) {
        return wrong(format, StatusCode::FORBIDDEN, "api_key is missing or not known");
    }
    match stem {
        "discovery" => discovery(format),
        "services" => services(&doors, format),
        "requests" => requests(&doors, format, &asked),
        _ => wrong(format, StatusCode::NOT_FOUND, "expected discovery, services or requests"),
    }
}

/// `GET /open311/v2/{what}/{id}`: a service's definition, a request, a token.
#[utoipa::path(get, path = "/open311/v2/{what}/{id}", params(("what" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = String), (status = 404, body = String)))]
pub(crate) async fn get_one(
    State(doors): Hall,
    Path((what, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some((id, format)) = cut(&id) else {
        return wrong(Format::Xml, StatusCode::NOT_FOUND, "expected .json or .xml");
    };
    if what == "requests" && !is_let_in(&doors, &headers, &fields(query.as_deref().unwrap_or_default())) {
        return wrong(format, StatusCode::FORBIDDEN, "api_key is missing or not known");
    }
    let picture = doors.timelines.live().picture();
    match what.as_str() {
        "services" => match category(&doors, id) {
            Some(_) => {
                let row = json!({ "service_code": id, "attributes": [] });
                match format {
                    Format::Json => answer_one(row),
                    Format::Xml => {
                        let body = format!(
                            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<service_definition><service_code>{}</service_code><attributes/></service_definition>\n",
                            escape(id)
                        );
                        ([(CONTENT_TYPE, "text/xml; charset=utf-8")], body).into_response()
                    }
                }
            }
            None => wrong(format, StatusCode::NOT_FOUND, "service_code was not found"),
        },
        "requests" => match picture.cases.get(&id.into()) {
            Some(case) => answer(format, StatusCode::OK, "service_requests", "request", vec![request(&doors, case)]),
            None => wrong(format, StatusCode::NOT_FOUND, "service_request_id was not found"),
        },
        "tokens" => match picture.cases.of_report(id) {
            Some(case) => {
                let row = json!({ "service_request_id": case.as_str(), "token": id });
                answer(format, StatusCode::OK, "service_requests", "request", vec![row])
            }
            None => wrong(format, StatusCode::NOT_FOUND, "token was not found"),
        },
        _ => wrong(format, StatusCode::NOT_FOUND, "expected services, requests or tokens"),
    }
}

fn answer_one(row: Value) -> Response {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], row.to_string()).into_response()
}

fn discovery(format: Format) -> Response {
    let endpoint = json!({
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": "/api/v1/open311/v2",
        "changeset": "2026-11-22T00:00:00Z",
        "type": "production",
    });
    match format {
        Format::Json => answer_one(json!({
            "changeset": "2026-11-22T00:00:00Z",
            "contact": "Guanlan 观澜",
            "key_service": "",
            "endpoints": [{ "formats": ["text/xml", "application/json"], "specification": endpoint["specification"],
                "url": endpoint["url"], "changeset": endpoint["changeset"], "type": endpoint["type"] }],
        })),
        Format::Xml => {
            let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<discovery><changeset>2026-11-22T00:00:00Z</changeset><contact>Guanlan 观澜</contact><key_service/><endpoints><endpoint><specification>http://wiki.open311.org/GeoReport_v2</specification><url>/api/v1/open311/v2</url><changeset>2026-11-22T00:00:00Z</changeset><type>production</type><formats><format>text/xml</format><format>application/json</format></formats></endpoint></endpoints></discovery>\n";
            ([(CONTENT_TYPE, "text/xml; charset=utf-8")], body).into_response()
        }
    }
}

fn category(doors: &Doors, code: &str) -> Option<String> {
    doors.timelines.config().case_rules.categories.matter(code).map(|c| c.name.zh.clone())
}

fn services(doors: &Doors, format: Format) -> Response {
    let rules = &doors.timelines.config().case_rules;
    let rows: Vec<Value> = rules
        .categories
        .iter()
        .filter(|c| rules.categories.matter(&c.key.code()).is_some_and(|m| m.key == c.key))
        .map(|c| {
            json!({
                "service_code": c.key.code(), "service_name": c.name.zh, "description": c.name.get(guanlan_core::Lang::En),
                "metadata": false, "type": "realtime", "keywords": "", "group": c.key.class,
            })
        })
        .collect();
    answer(format, StatusCode::OK, "services", "service", rows)
}

fn requests(doors: &Doors, format: Format, asked: &[(String, String)]) -> Response {
    let picture = doors.timelines.live().picture();
    let bad = |words: &str| wrong(format, StatusCode::BAD_REQUEST, words);
    if let Some(ids) = field(asked, "service_request_id") {
        // Overrides everything else.
        let rows: Vec<Value> =
            ids.split(',').filter_map(|id| picture.cases.get(&id.trim().into())).map(|c| request(doors, c)).collect();
        return match rows.is_empty() {
            true => wrong(format, StatusCode::NOT_FOUND, "service_request_id was not found"),
            false => answer(format, StatusCode::OK, "service_requests", "request", rows),
        };
    }
    let time = |name: &str| match field(asked, name) {
        None => Ok(None),
        Some(text) => Stamp::parse(text).map(Some).ok_or(()),
    };
    let (Ok(start), Ok(end)) = (time("start_date"), time("end_date")) else {
        return bad("start_date, end_date: expected ISO 8601 with a zone");
    };
    let end = end.unwrap_or_else(|| start.map_or(picture.now, |s| (s + RANGE_MS).min(picture.now.max(s))));
    let start = start.unwrap_or(end + -RANGE_MS);
    if end < start || end - start > RANGE_MS {
        return bad("start_date, end_date: expected a range of at most 90 days");
    }
    let wants =
        |name: &str, value: &str| field(asked, name).is_none_or(|list| list.split(',').any(|v| v.trim() == value));
    if field(asked, "status").is_some_and(|s| s.split(',').any(|s| !matches!(s.trim(), "open" | "closed"))) {
        return bad("status: expected open or closed");
    }
    let number = |name: &str, otherwise: usize| field(asked, name).map_or(Some(otherwise), |t| t.parse().ok());
    let (Some(page), Some(size)) = (number("page", 1), number("page_size", PAGE)) else {
        return bad("page, page_size: expected numbers");
    };
    let size = size.clamp(1, PAGE);
    let rows: Vec<Value> = picture
        .cases
        .cases()
        .values()
        .rev()
        .filter(|c| (start..=end).contains(&c.opened) && !c.exercise)
        .filter(|c| wants("service_code", &c.code) && wants("status", if is_closed(c) { "closed" } else { "open" }))
        .skip(page.saturating_sub(1).saturating_mul(size))
        .take(size)
        .map(|c| request(doors, c))
        .collect();
    answer(format, StatusCode::OK, "service_requests", "request", rows)
}

/// `POST /open311/v2/requests.{json|xml}`, form-urlencoded. 200 with a token after commit; the token leads to the case.
#[utoipa::path(post, path = "/open311/v2/{what}", params(("what" = String, Path)),
    responses((status = 200, body = String), (status = 400, body = String), (status = 403, body = String)))]
pub(crate) async fn post(State(doors): Hall, Path(what): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(("requests", format)) = cut(&what) else {
        return wrong(Format::Xml, StatusCode::NOT_FOUND, "expected requests.json or requests.xml");
    };
    let asked = fields(&String::from_utf8_lossy(&body));
    let bad = |words: &str| wrong(format, StatusCode::BAD_REQUEST, words);
    if !is_let_in(&doors, &headers, &asked) {
        return wrong(format, StatusCode::FORBIDDEN, "api_key is missing or not known");
    }
    let Some(code) = field(&asked, "service_code") else { return bad("service_code is missing") };
    if category(&doors, code).is_none() {
        return wrong(format, StatusCode::NOT_FOUND, "service_code was not found");
    }
    let number = |name: &str| field(&asked, name).and_then(|t| t.parse::<f64>().ok()).filter(|n| n.is_finite());
    let (Some(lat), Some(lon)) = (number("lat"), number("long")) else {
        return bad("lat and long are missing: addresses alone cannot be found here");
    };
    let [east_m, north_m] = match doors.frame.from_lonlat(lon, lat).and_then(LocalFrame::near) {
        Ok(place_m) => place_m,
        Err(reason) => return bad(&format!("lat, long: {reason}")),
    };
    let words = field(&asked, "description").unwrap_or_default();
    if words.chars().count() > LONGEST {
        return bad("description: more than 4000 characters");
    }
    let address = field(&asked, "address_string").unwrap_or_default();
    let text = [words, address].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("；");
    let at = wall_now();
    let token = format!("o311-{}-{}", at.0, act::serial());
    let report = CitizenReport {
        report: token.clone(),
        at,
        east_m,
        north_m,
        code: code.to_owned(),
        text,
        photo: field(&asked, "media_url").map(str::to_owned),
        view: PhotoView::of_fields(|name| {
            field(&asked, name).or_else(|| field(&asked, &format!("attribute[{name}]"))).map(str::to_owned)
        }),
    };
    let (tx, rx) = tokio::sync::oneshot::channel();
    let ack = Box::new(move |durable| {
        let _ = tx.send(durable);
    });
    let room = doors.timelines.live();
    let inputs = doors.feeds.posted(vec![Input::Citizen(report)], "POST /api/v1/open311/v2/requests");
    if room.sender().submit(inputs, Some(ack)).is_err() {
        return wrong(format, StatusCode::SERVICE_UNAVAILABLE, "the room is full, try again later");
    }
    match tokio::time::timeout(act::PATIENCE, rx).await {
        Ok(Ok(true)) => {
            // The picture is shown before the commit is told: the case is known by now.
            let picture = room.picture();
            let row = match picture.cases.of_report(&token) {
                Some(case) => {
                    json!({ "service_request_id": case.as_str(), "service_notice": null, "account_id": null })
                }
                None => json!({ "token": token, "service_notice": null, "account_id": null }),
            };
            answer(format, StatusCode::OK, "service_requests", "request", vec![row])
        }
        _ => wrong(format, StatusCode::SERVICE_UNAVAILABLE, "not committed yet, try again later"),
    }
}
