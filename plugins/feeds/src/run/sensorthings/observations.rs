//! Observations by HTTP: all since the cursor, or stream by stream where a server cannot tell those of all at once.

use std::sync::Arc;

use guanlan_core::{Input, SensorId, Stamp};
use serde_json::Value;

use super::{
    known::{Shared, Stream, Trouble, entities, fetch, hand, lock, utc},
    pages::Pages,
};
use crate::{
    file::kinds,
    intake::wall_now,
    parse,
    run::{courier::Courier, web::escape},
};

/// Observations handed over at once.
const BATCH: usize = 5_000;
/// Pages of one stream read at once at most.
const STREAM_PAGES: usize = 50;

/// An observation that has not been taken before.
pub(super) fn read_observation(
    id: Option<&str>,
    value: &Value,
    spec: &kinds::SensorThings,
    courier: &Courier,
    known: &Shared,
) -> Option<(Stamp, Input)> {
    let refused = match parse::observation(id, value, wall_now()) {
        Ok(Input::Observation(mut o)) => {
            let mut k = lock(known);
            k.note_interval(value);
            let stream = k.streams.get(o.sensor.as_str());
            if stream.is_none() && spec.filter.is_some() {
                return None;
            }
            o.result = stream.map_or(o.result, |s| s.unit.apply(o.result));
            if !k.is_new(o.phenomenon, o.sensor.as_str().to_owned(), spec.late_s) {
                return None;
            }
            drop(k);
            o.sensor = format!("{}{}", spec.prefix, o.sensor).into();
            if courier.latest(&o.sensor) == Some(o.phenomenon) {
                return None;
            }
            return Some((o.phenomenon, Input::Observation(o)));
        }
        Ok(_) => return None,
        Err(refused) => refused,
    };
    // It is read again as long as late observations are asked for.
    let place = format!("Datastreams({})", id.unwrap_or("?"));
    courier.refuse_once(&place, &refused.to_string(), value.to_string().as_bytes());
    None
}

pub(super) enum ObservationsFailed {
    Unsupported(String),
    Other(Trouble),
}

impl<T: Into<Trouble>> From<T> for ObservationsFailed {
    fn from(trouble: T) -> Self {
        Self::Other(trouble.into())
    }
}

/// How the stream of an observation is asked for: not every server knows options within `$expand`.
const STREAM_FORMS: [&str; 2] = ["$expand=Datastream($select=@iot.id)", "$expand=Datastream"];

/// Every observation since the cursor, oldest first, over all streams.
pub(super) async fn since_cursor(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), ObservationsFailed> {
    let root = spec.url.trim_end_matches('/');
    let since = escape(&utc(lock(known).since_of_all(spec.late_s, wall_now())));
    let first = |form: usize| {
        let (page, form) = (spec.page, STREAM_FORMS[form]);
        let url = format!(
            "{root}/Observations?$filter=phenomenonTime%20ge%20{since}&$orderby=phenomenonTime%20asc&{form}&$top={page}"
        );
        Pages::new(url, page)
    };
    let mut form = lock(known).stream_form;
    let mut pages = first(form);
    let mut inputs = Vec::new();
    loop {
        let page = match fetch(client, pages.url()).await {
            Ok(page) => Ok(Some(page)),
            Err(_) if pages.is_guessed() => Ok(None),
            Err(failed) => {
                let refused = failed.status.is_some_and(|s| [400, 404, 405, 501].contains(&s.as_u16()));
                if refused && pages.is_first() && form + 1 < STREAM_FORMS.len() {
                    form += 1;
                    pages = first(form);
                    continue;
                }
                match refused && pages.is_first() {
                    true => return Err(ObservationsFailed::Unsupported(failed.reason)),
                    false => Err(Trouble::from(failed)),
                }
            }
        };
        let read = page.and_then(|page| {
            let Some(page) = page else { return Ok((false, None)) };
            let list = entities(&page)?;
            if pages.is_first() && list.iter().any(|v| !is_of_multi(v) && !parse::names_stream(v)) {
                return Ok((true, None));
            }
            for value in list.iter().filter(|v| !is_of_multi(v)) {
                let Some((at, input)) = read_observation(None, value, spec, courier, known) else { continue };
                inputs.push(input);
                // A clock ahead of ours must not make us skip what comes until then. Servers sort an interval by its
                // begin: what was measured within it may be on a later page.
                if at <= wall_now() {
                    let mut k = lock(known);
                    k.newest = k.newest.max(begin_of(value).unwrap_or(at));
                }
            }
            Ok((false, Some(page)))
        });
        if matches!(read, Ok((true, _))) {
            let words = "the server's observations do not name their stream".to_owned();
            return Err(ObservationsFailed::Unsupported(words));
        }
        lock(known).stream_form = form;
        let more = matches!(&read, Ok((_, Some(page))) if pages.turn(page));
        // What came before a page failed is taken: it is not read again.
        if inputs.len() >= BATCH || (!more && !inputs.is_empty()) {
            let cursor = lock(known).newest.0.to_string();
            hand(courier, known, std::mem::take(&mut inputs), root, &cursor).await?;
        }
        read?;
        if !more {
            return Ok(());
        }
    }
}

/// Is an observation of a MultiDatastream? It is read with it, not here.
fn is_of_multi(value: &Value) -> bool {
    value.get("result").is_some_and(Value::is_array) && value.get("Datastream").is_none_or(Value::is_null)
}

/// The observations of each stream since its latest one, where a server cannot tell those of all streams at once.
pub(super) async fn by_stream(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), Trouble> {
    let root = spec.url.trim_end_matches('/');
    let (before, streams): (Vec<_>, Vec<_>) = {
        let k = lock(known);
        let of = |(id, s): (&String, &Stream)| Some((id.clone(), k.links.get(id)?.clone(), s.declared.sensor.clone()));
        let all: Vec<(String, String, SensorId)> = k.streams.iter().filter_map(of).collect();
        all.into_iter().partition(|(id, ..)| *id < k.turn)
    };
    for (id, link, sensor) in streams.into_iter().chain(before) {
        // Where reading breaks off it goes on the next time, so that no stream waits for ever.
        lock(known).turn.clone_from(&id);
        let latest = courier.latest(&sensor);
        let top = if latest.is_some() { spec.page } else { 1 };
        let since = latest.map(|at| lock(known).since(at, spec.late_s));
        let first = format!("{root}/{}/Observations?$orderby=phenomenonTime%20desc&$top={top}", escape(&link));
        let mut pages = Pages::new(first, top);
        let mut found: Vec<Value> = Vec::new();
        for _ in 0..STREAM_PAGES {
            let page = match fetch(client, pages.url()).await {
                Ok(page) => page,
                Err(_) if pages.is_guessed() => break,
                Err(failed) => return Err(failed.into()),
            };
            let list = entities(&page)?;
            let met = list.iter().any(|v| at(v).zip(since).is_some_and(|(at, since)| at <= since));
            found.extend(list.iter().cloned());
            if met || latest.is_none() || list.is_empty() || !pages.turn(&page) {
                break;
            }
        }
        found.truncate(if latest.is_some() { usize::MAX } else { 1 });
        found.retain(|v| at(v).zip(since).is_none_or(|(at, since)| at > since));
        found.sort_by_key(at);
        let read = |v: &Value| read_observation(Some(&id), v, spec, courier, known).map(|(_, input)| input);
        let fresh: Vec<Input> = found.iter().filter_map(read).collect();
        if !fresh.is_empty() {
            let cursor = courier.cursor();
            hand(courier, known, fresh, root, &cursor).await?;
        }
    }
    Ok(())
}

/// Begin of the interval an observation is of.
fn begin_of(observation: &Value) -> Option<Stamp> {
    let (begin, _) = observation.get("phenomenonTime")?.as_str()?.split_once('/')?;
    Stamp::parse(begin)
}

/// When an observation was measured, as it says.
fn at(observation: &Value) -> Option<Stamp> {
    observation.get("phenomenonTime").and_then(parse::instant)
}
