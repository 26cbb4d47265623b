//! Warnings out: the room's orange and red alerts as CAP 1.2, singly and as an Atom feed.

use axum::{
    extract::{Path, State},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use guanlan_alerting::Alert;
use guanlan_core::{AlertLevel, Lang, Mode, Stamp, WarningKind, WarningStatus};
use guanlan_feeds::codec::{
    cap::{self, Area, Authority, Info, Outgoing, Scope, When},
    xml::escape,
};
use guanlan_geography::LocalFrame;
use guanlan_room::Picture;

use super::{Hall, query::Query, read::Page};
use crate::problem::Problem;

/// Sender of every message: set it to the authority's own address.
const SENDER: &str = "GUANLAN_CAP_SENDER";
/// Radius of the circle around a point, km.
const RADIUS_KM: f64 = 0.2;

fn sender() -> String {
    std::env::var(SENDER).ok().filter(|s| !s.is_empty()).unwrap_or_else(|| "guanlan@localhost".into())
}

/// A message's name: the alert, and the instant its level changed.
fn identifier(picture: &Picture, alert: &Alert, at: Stamp) -> String {
    let prefix = if picture.mode == Mode::Exercise { "YL" } else { "GL" };
    format!("{prefix}-{}-{}-{}", picture.timeline, alert.id, at.0)
}

fn wanted(alert: &Alert) -> bool {
    alert.level >= AlertLevel::Orange
}

/// The message of an alert as it is now; `None` for what this timeline may not say.
fn message(picture: &Picture, frame: &LocalFrame, alert: &Alert) -> Option<Result<Outgoing, String>> {
    let authority = Authority::of(picture.mode)?;
    let at = alert.ended_at.unwrap_or(alert.since);
    let reference = |at: Stamp| (sender(), identifier(picture, alert, at), When::local(at));
    let (kind, references) = match alert.ended_at {
        Some(_) => (WarningKind::Cancel, vec![reference(alert.since)]),
        None if alert.since != alert.raised_at => (WarningKind::Update, vec![reference(alert.raised_at)]),
        None => (WarningKind::Alert, Vec::new()),
    };
    let infos = [Lang::Zh, Lang::En].map(|lang| info(frame, alert, lang)).to_vec();
    Some(Outgoing::new(
        authority,
        cap::Alert {
            identifier: identifier(picture, alert, at),
            sender: sender(),
            sent: When::local(at),
            status: WarningStatus::Test,
            kind,
            source: "Guanlan".into(),
            scope: Scope::Public,
            codes: Vec::new(),
            note: String::new(),
            references,
            incidents: Vec::new(),
            infos,
            signed: false,
            version: "1.2",
        },
    ))
}

fn info(frame: &LocalFrame, alert: &Alert, lang: Lang) -> Info {
    let level = alert.level.name();
    let (title, place) = (alert.title.get(lang), alert.place.get(lang));
    let unit = alert.property.unit_in(lang);
    let area = Area {
        description: if place.is_empty() { alert.sensor.to_string() } else { place.to_owned() },
        circles: alert
            .place_m
            .and_then(|p| frame.to_lonlat(p).ok())
            .map(|[lon, lat]| [lat, lon, RADIUS_KM])
            .into_iter()
            .collect(),
        ..Area::default()
    };
    let (headline, description) = match lang {
        Lang::Zh => (
            format!("{place}{title}{}色预警", level.zh),
            format!("{}：{} {unit}，阈值 {} {unit}。", alert.property.name().zh, alert.value, alert.threshold),
        ),
        Lang::En => (
            format!("{} alert: {title}, {place}", level.en),
            format!("{}: {} {unit}, threshold {} {unit}.", alert.property.name().en, alert.value, alert.threshold),
        ),
    };
    Info {
        language: Some(if lang == Lang::Zh { "zh-CN" } else { "en-US" }.into()),
        categories: vec!["Infra".into()],
        event: title.to_owned(),
        responses: vec![if alert.ended_at.is_some() { "AllClear" } else { "Monitor" }.into()],
        urgency: if alert.ended_at.is_some() { "Past" } else { "Immediate" }.into(),
        severity: if alert.level >= AlertLevel::Red { "Extreme" } else { "Severe" }.into(),
        certainty: "Observed".into(),
        effective: Some(When::local(alert.since)),
        headline,
        description,
        parameters: vec![
            ("ColorCode".into(), level.en.to_lowercase()),
            ("Sensor".into(), alert.sensor.to_string()),
            ("Rule".into(), alert.rule.clone()),
        ],
        areas: vec![area],
        ..Info::default()
    }
}

/// Active orange and red alerts, and ends of the last hour.
fn messages(picture: &Picture, frame: &LocalFrame) -> Vec<Outgoing> {
    let active = picture.alerts.active().iter().filter(|a| wanted(a));
    let ended = picture.alerts.ended().iter().filter(|a| a.peak >= AlertLevel::Orange);
    let all = active.chain(ended).filter_map(|a| message(picture, frame, a));
    all.filter_map(|m| m.map_err(|reason| tracing::warn!("CAP: {reason}")).ok()).collect()
}

const CAP_XML: &str = "application/cap+xml; charset=utf-8";

/// Orange and red alerts as CAP 1.2 messages in an Atom feed. An exercise says Exercise, a demo Test; a replay and a
/// forecast say nothing.
#[utoipa::path(get, path = "/cap", params(Page),
    responses((status = 200, body = String, content_type = "application/atom+xml")))]
pub(crate) async fn feed(State(doors): Hall, Query(page): Query<Page>) -> Result<Response, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let list = messages(&picture, &doors.frame);
    let name = format!("{}/{}", sender(), picture.timeline);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:guanlan:{0}</id><title>观澜 CAP {0}</title><updated>{1}</updated><author><name>{2}</name></author>",
        escape(&name),
        When::local(picture.now),
        escape(&sender()),
    );
    let timeline = page.timeline.as_deref().map(|t| format!("?timeline={t}")).unwrap_or_default();
    for message in &list {
        let alert = message.alert();
        let title = alert.infos.first().map_or("", |i| i.headline.as_str());
        let xml = message.to_xml();
        let body = xml.split_once('\n').map_or(xml.as_str(), |(_, body)| body);
        out.push_str(&format!(
            "<entry><id>urn:guanlan:{0}</id><title>{1}</title><updated>{2}</updated><link href=\"/api/v1/cap/{0}{3}\" type=\"application/cap+xml\"/><content type=\"text/xml\">{4}</content></entry>\n",
            escape(&alert.identifier),
            escape(title),
            alert.sent,
            escape(&timeline),
            body.trim_end(),
        ));
    }
    out.push_str("</feed>\n");
    Ok(([(CONTENT_TYPE, "application/atom+xml; charset=utf-8")], out).into_response())
}

/// One CAP 1.2 message.
#[utoipa::path(get, path = "/cap/{identifier}", params(("identifier" = String, Path), Page),
    responses((status = 200, body = String, content_type = "application/cap+xml"), (status = 404, body = Problem)))]
pub(crate) async fn one(
    State(doors): Hall,
    Path(identifier): Path<String>,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let picture = doors.room(page.timeline.as_deref())?.picture();
    let all = messages(&picture, &doors.frame);
    let found = all.iter().find(|m| m.alert().identifier == identifier);
    let found = found.ok_or_else(|| Problem::not_found("CAP message", &identifier))?;
    Ok(([(CONTENT_TYPE, CAP_XML)], found.to_xml()).into_response())
}
