//! Cases of an Open311 service as reports. The cursor is the newest update taken and the numbers that have it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use guanlan_core::{Input, Stamp, input::CitizenReport};

use super::{
    courier::Courier,
    web::{self, Freshness, escape},
};
use crate::{
    codec::open311::{self, Request},
    file::kinds::{Open311, Open311Format},
    intake::wall_now,
    place::Placer,
};

/// Asked back behind the newest update: services give numbers some time after the report, ms.
const LATE_MS: i64 = 15 * 60_000;
/// The standard allows 90 days in one question.
const RANGE_MS: i64 = 89 * 86_400_000;

/// Follows a feed until the room closes.
pub async fn follow(spec: Open311, courier: Arc<Courier>) {
    let mut newest: Stamp = courier.cursor().parse().map(Stamp).unwrap_or_default();
    // Reports of the time that is asked for again; the room knows the older ones.
    let mut taken: BTreeMap<String, Stamp> = BTreeMap::new();
    loop {
        match poll(&spec, &courier, &mut newest, &mut taken).await {
            Ok(()) => {
                courier.up();
                tokio::time::sleep(Duration::from_secs(u64::from(spec.every_s))).await;
            }
            Err(Some(reason)) => courier.fail(&reason).await,
            Err(None) => return,
        }
    }
}

async fn poll(
    spec: &Open311,
    courier: &Courier,
    newest: &mut Stamp,
    taken: &mut BTreeMap<String, Stamp>,
) -> Result<(), Option<String>> {
    let client = web::client(&spec.login, Some(Duration::from_secs(60))).map_err(Some)?;
    let now = wall_now();
    let format = if spec.format == Open311Format::Json { "json" } else { "xml" };
    let jurisdiction = spec.jurisdiction_id.as_deref().map(|j| format!("&jurisdiction_id={}", escape(j)));
    let jurisdiction = jurisdiction.unwrap_or_default();
    let root = spec.url.trim_end_matches('/');
    let mut begin = if *newest == Stamp(0) { now + -RANGE_MS } else { *newest + -LATE_MS };
    while begin < now {
        let end = (begin + RANGE_MS).min(now + 60_000);
        let window = format!("start_date={}&end_date={}", escape(&begin.to_rfc3339()), escape(&end.to_rfc3339()));
        for page in 1..=1_000 {
            let url = format!("{root}/requests.{format}?{window}&page={page}&page_size=500{jurisdiction}");
            let answer = web::get(&client, &url, &mut Freshness::default()).await.map_err(|f| Some(f.reason))?;
            let body = answer.map(|a| a.body).unwrap_or_default();
            let list = open311::requests(&body).map_err(|e| Some(format!("{e}\nURL: {}", web::without_query(&url))))?;
            let (asked, before) = (list.len(), taken.len());
            let mut inputs = Vec::new();
            for request in list {
                match request
                    .and_then(|r| report(&r, spec, courier.placer()).map_err(|reason| format!("{}: {reason}", r.id)))
                {
                    Ok(Some((at, report))) => {
                        if !taken.contains_key(&report.report) {
                            taken.insert(report.report.clone(), at);
                            inputs.push(Input::Citizen(report));
                        }
                        if at <= now {
                            *newest = (*newest).max(at);
                        }
                    }
                    Ok(None) => {}
                    Err(reason) => courier.refuse_once(root, &reason, b""),
                }
            }
            let n = inputs.len() as u64;
            courier.deliver(n, inputs, root, Some(&newest.0.to_string())).await.map_err(|_| None)?;
            // A service that knows no pages answers every page alike.
            if asked < 500 || taken.len() == before {
                break;
            }
        }
        begin = begin + RANGE_MS;
    }
    let keep = *newest + -2 * LATE_MS;
    taken.retain(|_, at| *at >= keep);
    Ok(())
}

/// An open request with a place; closed ones and those without a place are nobody's task here.
pub fn report(r: &Request, spec: &Open311, placer: &Placer) -> Result<Option<(Stamp, CitizenReport)>, String> {
    let (Some(lat), Some(lon)) = (r.lat, r.lon) else { return Ok(None) };
    if r.closed || r.id.is_empty() {
        return Ok(None);
    }
    let at = r.requested.ok_or("requested_datetime: is missing")?;
    let [east_m, north_m] = placer.in_city(lon, lat)?;
    let code = spec.codes.get(&r.service_code).cloned().unwrap_or_default();
    let mut words: Vec<&str> = Vec::new();
    if code.is_empty() {
        words.push(&r.service_name);
    }
    words.extend([r.description.as_str(), r.address.as_str()]);
    words.retain(|w| !w.is_empty());
    let text: String = words.join("；").chars().take(4_000).collect();
    let photo = (!r.media_url.is_empty()).then(|| r.media_url.clone());
    let report =
        CitizenReport { report: format!("open311-{}", r.id), at, east_m, north_m, code, text, photo, view: r.view };
    Ok(Some((r.updated.unwrap_or(at).max(at), report)))
}
