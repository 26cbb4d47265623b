//! An OGC SensorThings 1.1 service: descriptions with `$expand`, every observation since the cursor with paging, and
//! by MQTT as they come.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use guanlan_core::{Bilingual, Input, SensorId, Stamp, input::SensorDeclared};
use serde_json::Value;

use super::{
    address,
    courier::{Closed, Courier},
    mqtt, mqtt_link,
    multidatastreams::{self, Multi},
    web::{self, Failed, Freshness},
};
use crate::{
    file::kinds::{self, MqttVersion},
    intake::wall_now,
    map::units,
    parse,
};

/// Pages followed in one poll at most: a server whose `nextLink` runs in circles ends here.
const MAX_PAGES: usize = 10_000;
/// Observations handed over at once.
const BATCH: usize = 5_000;
/// Time between readings of the descriptions, s.
const DESCRIBE_EVERY_S: i64 = 3_600;

/// How descriptions are asked for, the best first: not every server knows options within `$expand`, or `$expand` at all.
const FORMS: [&str; 3] = [
    "$expand=ObservedProperty,Thing($expand=Locations),Observations($orderby=phenomenonTime%20desc;$top=1)&",
    "$expand=ObservedProperty,Thing/Locations&",
    "",
];
/// Streams read one by one at most; of more only the latest observations are read, with the descriptions.
const ONE_BY_ONE: usize = 2_000;
/// Pages of one stream read at once at most.
const STREAM_PAGES: usize = 50;

/// A Datastream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub declared: SensorDeclared,
    pub unit: units::Conversion,
    pub steps: Vec<Bilingual>,
}

#[derive(Default)]
pub(super) struct Known {
    streams: BTreeMap<String, Stream>,
    /// Components of MultiDatastreams by stream.
    pub components: BTreeMap<SensorId, Stream>,
    /// Number of components of each MultiDatastream.
    pub multis: BTreeMap<String, usize>,
    /// `Datastreams(7)`, `MultiDatastreams('a')` as the server writes them, by `7`, `multi/a`.
    pub links: BTreeMap<String, String>,
    /// Newest instant of any observation taken.
    newest: Stamp,
    /// What was taken within the time in which observations may come late.
    pub taken: BTreeSet<(Stamp, String)>,
    /// Which of [`FORMS`] the server understands.
    form: usize,
    /// The server's observations are read stream by stream.
    by_stream: bool,
    described: Option<Stamp>,
    /// No cursor was kept: the latest observations are where this room begins.
    began_at_nothing: bool,
    /// The server knows no `$filter` on observations: only the latest of each stream are read.
    latest_only: bool,
}

pub(super) type Shared = Arc<Mutex<Known>>;

pub(super) fn lock(known: &Shared) -> std::sync::MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Follows a feed until the room closes.
pub async fn follow(spec: kinds::SensorThings, courier: Arc<Courier>) {
    let known: Shared = Arc::default();
    {
        let mut k = lock(&known);
        k.newest = courier.cursor().parse().map(Stamp).unwrap_or_default();
        k.began_at_nothing = k.newest == Stamp(0);
    }
    let mut multi = Multi::default();
    let mut mqtt_task = tokio::task::JoinSet::new();
    let mut listened = Vec::new();
    loop {
        let polled = match web::client(&spec.login, Some(Duration::from_secs(60))) {
            Ok(client) => match poll(&spec, &client, &courier, &known).await {
                Ok(()) => multi.poll(&spec, &client, &courier, &known).await,
                Err(trouble) => Err(trouble),
            },
            Err(reason) => Err(Trouble::Source(reason)),
        };
        match polled {
            Ok(()) => {
                courier.up();
                // Streams that are new at the server are listened to, too.
                let links: Vec<String> = lock(&known).links.values().cloned().collect();
                if spec.mqtt.is_some() && (mqtt_task.is_empty() || links != listened) {
                    mqtt_task.shutdown().await;
                    mqtt_task.spawn(by_mqtt(spec.clone(), courier.clone(), known.clone()));
                    listened = links;
                }
                tokio::time::sleep(Duration::from_secs(u64::from(spec.every_s))).await;
            }
            Err(Trouble::Closed) => return,
            Err(Trouble::Source(reason)) => courier.fail(&reason).await,
        }
    }
}

pub(super) enum Trouble {
    Source(String),
    Closed,
}

impl From<Closed> for Trouble {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Source(failed.reason)
    }
}

async fn poll(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), Trouble> {
    let now = wall_now();
    let (described, latest_only, newest) = {
        let k = lock(known);
        (k.described, k.latest_only, k.newest)
    };
    let first = described.is_none();
    if latest_only || described.is_none_or(|at| now - at > DESCRIBE_EVERY_S * 1000) {
        describe(spec, client, courier, known).await?;
        let form = {
            let mut k = lock(known);
            k.described = Some(now);
            k.form
        };
        if latest_only || (first && newest == Stamp(0)) {
            // What came before this room first listened is history of the server, not of the room.
            if form > 0 && !latest_only {
                by_stream(spec, client, courier, known).await?;
            }
            let mut k = lock(known);
            if k.newest == Stamp(0) {
                k.newest = now;
            }
            return Ok(());
        }
    }
    if lock(known).by_stream {
        return by_stream(spec, client, courier, known).await;
    }
    match observations(spec, client, courier, known).await {
        Err(ObservationsFailed::Unsupported(reason)) => {
            let mut k = lock(known);
            (k.by_stream, k.latest_only) = (k.streams.len() <= ONE_BY_ONE, k.streams.len() > ONE_BY_ONE);
            let how = if k.by_stream { "stream by stream" } else { "the latest only" };
            tracing::warn!("{}: {reason}; reading observations {how}", courier.name());
            Ok(())
        }
        Err(ObservationsFailed::Other(trouble)) => Err(trouble),
        Ok(()) => Ok(()),
    }
}

pub(super) async fn fetch(client: &reqwest::Client, url: &str) -> Result<Value, Failed> {
    let answer = web::get(client, url, &mut Freshness::default()).await?;
    let body = answer.map(|a| a.body).unwrap_or_default();
    serde_json::from_slice(&body).map_err(|e| Failed {
        status: None,
        reason: format!("answer is not SensorThings 1.1: not JSON: {e}\nURL: {}", web::without_query(url)),
    })
}

/// The next page; relative links begin at the page.
pub(super) fn next_link(page: &Value, at: &str) -> Option<String> {
    let link = page.get("@iot.nextLink")?.as_str()?;
    let root = at.split('?').next().unwrap_or(at);
    let host_end =
        |url: &str| url.find("://").and_then(|i| url[i + 3..].find('/').map(|j| i + 3 + j)).unwrap_or(url.len());
    if link.contains("://") {
        // A server behind a proxy names itself as it knows itself: what leads to the same collection is asked for here.
        let (host, path) = link.split_at(host_end(link));
        let (own_host, own_path) = root.split_at(host_end(root));
        let same = path.split('?').next() == Some(own_path) && host != own_host;
        return Some(if same { format!("{own_host}{path}") } else { link.to_owned() });
    }
    if link.starts_with('?') {
        return Some(format!("{root}{link}"));
    }
    Some(match link.strip_prefix('/') {
        Some(path) => format!("{}/{path}", &root[..host_end(root)]),
        None => format!("{}/{link}", root.rsplit_once('/').map_or(root, |(head, _)| head)),
    })
}

/// Every Datastream with its Thing's place and its latest observation.
async fn describe(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), Trouble> {
    let root = spec.url.trim_end_matches('/');
    let filter = spec.filter.as_deref().map(|f| format!("&$filter={}", escape(f))).unwrap_or_default();
    let first = |form: usize| format!("{root}/Datastreams?{}$top={}{filter}", FORMS[form], spec.page);
    let mut form = lock(known).form;
    let mut url = first(form);
    for page_no in 0..MAX_PAGES {
        let page = loop {
            match fetch(client, &url).await {
                Ok(page) => break page,
                Err(failed) => {
                    let refused = failed.status.is_some_and(|s| [400, 500, 501].contains(&s.as_u16()));
                    if page_no > 0 || !refused || form + 1 >= FORMS.len() {
                        return Err(failed.into());
                    }
                    form += 1;
                    lock(known).form = form;
                    url = first(form);
                }
            }
        };
        let (inputs, newest) = read_descriptions(&page, spec, courier, known).map_err(Trouble::Source)?;
        let cursor = {
            let mut k = lock(known);
            k.newest = k.newest.max(newest);
            k.newest.0.to_string()
        };
        hand(courier, known, inputs, root, &cursor).await?;
        match next_link(&page, &url) {
            Some(next) if next != url => url = next,
            _ => return Ok(()),
        }
    }
    Err(Trouble::Source(format!("more than {MAX_PAGES} pages\nURL: {}", web::without_query(&url))))
}

pub(super) async fn hand(
    courier: &Arc<Courier>,
    known: &Shared,
    inputs: Vec<Input>,
    source: &str,
    cursor: &str,
) -> Result<(), Closed> {
    let n = inputs.iter().filter(|i| matches!(i, Input::Observation(_))).count() as u64;
    let steps: BTreeMap<String, Vec<Bilingual>> = {
        let k = lock(known);
        let all = k.streams.values().chain(k.components.values());
        all.map(|s| (s.declared.sensor.as_str().to_owned(), s.steps.clone())).collect()
    };
    let more = |sensor: &SensorId| steps.get(sensor.as_str()).cloned().unwrap_or_default();
    courier.deliver_with(n, inputs, source, Some(cursor), &more).await
}

/// Declarations and latest observations of a page.
fn read_descriptions(
    page: &Value,
    spec: &kinds::SensorThings,
    courier: &Courier,
    known: &Shared,
) -> Result<(Vec<Input>, Stamp), String> {
    let list = page.get("value").and_then(Value::as_array).ok_or("answer is not SensorThings 1.1: no list 'value'")?;
    let (mut inputs, mut newest) = (Vec::new(), Stamp(0));
    let first = {
        let k = lock(known);
        k.described.is_none() && k.began_at_nothing
    };
    for entity in list {
        let Some(id) = entity.get("@iot.id").and_then(parse::id_text) else {
            courier.refuse_once("Datastreams", "@iot.id: is missing", entity.to_string().as_bytes());
            continue;
        };
        let sensor = format!("{}{id}", spec.prefix);
        let stream = match stream_of(&sensor, entity, courier) {
            Ok(Some(stream)) => stream,
            Ok(None) => continue,
            Err(reason) => {
                courier.refuse_once(&format!("Datastreams({id})"), &reason, entity.to_string().as_bytes());
                continue;
            }
        };
        inputs.push(Input::SensorDeclared(stream.declared.clone()));
        let mut k = lock(known);
        k.links.insert(id.clone(), link_of(entity, "Datastreams", &id));
        k.streams.insert(id.clone(), stream);
        // After a pause every observation since the cursor is read, oldest first: the latest would come too early.
        let take_latest = k.latest_only || first;
        drop(k);
        if !take_latest {
            continue;
        }
        for observation in entity.get("Observations").and_then(Value::as_array).into_iter().flatten() {
            if let Some((at, input)) = read_observation(Some(&id), observation, spec, courier, known) {
                newest = newest.max(at);
                inputs.push(input);
            }
        }
    }
    Ok((inputs, newest))
}

/// `Datastreams(7)` as the server writes it: whether `7` is a number or a word only the server knows.
pub(super) fn link_of(entity: &Value, collection: &str, id: &str) -> String {
    let own = entity.get("@iot.selfLink").and_then(Value::as_str).and_then(|l| l.rsplit('/').next());
    let own = own.filter(|l| l.strip_prefix(collection).is_some_and(|k| k.starts_with('(') && k.ends_with(')')));
    match own {
        Some(own) => own.to_owned(),
        None if entity.get("@iot.id").is_some_and(Value::is_number) => format!("{collection}({id})"),
        None => format!("{collection}('{}')", id.replace('\'', "''")),
    }
}

/// What a Datastream is, and how its unit becomes ours.
pub(super) fn stream_of(sensor: &str, entity: &Value, courier: &Courier) -> Result<Option<Stream>, String> {
    let declared = match parse::datastream(sensor, entity, courier.placer()) {
        Ok(Input::SensorDeclared(declared)) => declared,
        Ok(_) => return Ok(None),
        Err(refused) => return Err(refused.to_string()),
    };
    let symbol = entity.pointer("/unitOfMeasurement/symbol").and_then(Value::as_str).unwrap_or("").trim();
    let ours = declared.property.unit();
    let (unit, steps) = match units::between(symbol, ours) {
        Ok(unit) if unit.is_none() => (unit, Vec::new()),
        Ok(unit) => (unit, vec![Bilingual::same(format!("{symbol} → {ours}"))]),
        Err(_) if symbol.is_empty() || ours.is_empty() => (units::Conversion::NONE, Vec::new()),
        // Two units that do not go together: as it is, and said so.
        Err(_) => {
            let words = Bilingual::new(format!("单位 {symbol} 未换算"), format!("unit {symbol} not converted"));
            (units::Conversion::NONE, vec![words])
        }
    };
    Ok(Some(Stream { declared, unit, steps }))
}

/// An observation that has not been taken before.
fn read_observation(
    id: Option<&str>,
    value: &Value,
    spec: &kinds::SensorThings,
    courier: &Courier,
    known: &Shared,
) -> Option<(Stamp, Input)> {
    let refused = match parse::observation(id, value, wall_now()) {
        Ok(Input::Observation(mut o)) => {
            let mut k = lock(known);
            let stream = k.streams.get(o.sensor.as_str());
            if stream.is_none() && spec.filter.is_some() {
                return None;
            }
            o.result = stream.map_or(o.result, |s| s.unit.apply(o.result));
            if !k.taken.insert((o.phenomenon, o.sensor.as_str().to_owned())) {
                return None;
            }
            // What is older than an observation may be late is asked for no more.
            let keep = k.taken.last().map_or(Stamp(0), |l| l.0 + -(i64::from(spec.late_s) * 2000 + 60_000));
            while k.taken.first().is_some_and(|t| t.0 < keep) && k.taken.len() > k.streams.len() {
                k.taken.pop_first();
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

enum ObservationsFailed {
    Unsupported(String),
    Other(Trouble),
}

/// Every observation since the cursor, oldest first, over all streams.
async fn observations(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), ObservationsFailed> {
    let root = spec.url.trim_end_matches('/');
    let since = lock(known).newest + -i64::from(spec.late_s) * 1000;
    let since = escape(&utc(since));
    let mut url = format!(
        "{root}/Observations?$filter=phenomenonTime%20ge%20{since}&$orderby=phenomenonTime%20asc&$expand=Datastream($select=@iot.id)&$top={}",
        spec.page
    );
    let mut inputs = Vec::new();
    for page_no in 0..MAX_PAGES {
        let page = match fetch(client, &url).await {
            Ok(page) => page,
            Err(failed) => {
                let refused = failed.status.is_some_and(|s| [400, 404, 405, 501].contains(&s.as_u16()));
                return Err(match refused && page_no == 0 {
                    true => ObservationsFailed::Unsupported(failed.reason),
                    false => ObservationsFailed::Other(failed.into()),
                });
            }
        };
        let Some(list) = page.get("value").and_then(Value::as_array) else {
            let words = "answer is not SensorThings 1.1: no list 'value'".to_owned();
            return Err(ObservationsFailed::Other(Trouble::Source(words)));
        };
        for value in list {
            // Of a MultiDatastream: read with it, not here.
            if value.get("result").is_some_and(Value::is_array) && value.get("Datastream").is_none_or(Value::is_null) {
                continue;
            }
            if page_no == 0 && !parse::names_stream(value) {
                let words = "the server's observations do not name their stream".to_owned();
                return Err(ObservationsFailed::Unsupported(words));
            }
            if let Some((at, input)) = read_observation(None, value, spec, courier, known) {
                let mut k = lock(known);
                // A clock ahead of ours must not make us skip what comes until then.
                if at <= wall_now() {
                    k.newest = k.newest.max(at);
                }
                inputs.push(input);
            }
        }
        let next = next_link(&page, &url).filter(|next| *next != url);
        if inputs.len() >= BATCH || (next.is_none() && !inputs.is_empty()) {
            let cursor = lock(known).newest.0.to_string();
            let batch = std::mem::take(&mut inputs);
            hand(courier, known, batch, root, &cursor).await.map_err(|c| ObservationsFailed::Other(c.into()))?;
        }
        match next {
            Some(next) => url = next,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// The observations of each stream since its latest one, where a server cannot tell those of all streams at once.
async fn by_stream(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), Trouble> {
    let root = spec.url.trim_end_matches('/');
    let streams: Vec<(String, String, SensorId)> = {
        let k = lock(known);
        let of = |(id, s): (&String, &Stream)| Some((id.clone(), k.links.get(id)?.clone(), s.declared.sensor.clone()));
        k.streams.iter().filter_map(of).collect()
    };
    for (id, link, sensor) in streams {
        let latest = courier.latest(&sensor);
        let top = if latest.is_some() { spec.page } else { 1 };
        let mut url = format!("{root}/{}/Observations?$orderby=phenomenonTime%20desc&$top={top}", escape(&link));
        let mut found: Vec<Value> = Vec::new();
        for _ in 0..STREAM_PAGES {
            let page = fetch(client, &url).await?;
            let list = page.get("value").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let at = |v: &Value| v.get("phenomenonTime").and_then(parse::instant);
            let known = list.iter().any(|v| at(v).zip(latest).is_some_and(|(at, latest)| at <= latest));
            found.extend(list.iter().cloned());
            match next_link(&page, &url).filter(|next| *next != url) {
                Some(next) if !known && latest.is_some() && !list.is_empty() => url = next,
                _ => break,
            }
        }
        found.truncate(if latest.is_some() { usize::MAX } else { 1 });
        found.sort_by_key(|v| v.get("phenomenonTime").and_then(parse::instant));
        let read = |v: &Value| read_observation(Some(&id), v, spec, courier, known).map(|(_, input)| input);
        let fresh: Vec<Input> = found.iter().filter_map(read).filter(|i| is_later(i, latest)).collect();
        if !fresh.is_empty() {
            let cursor = courier.cursor();
            hand(courier, known, fresh, root, &cursor).await?;
        }
    }
    Ok(())
}

fn is_later(input: &Input, than: Option<Stamp>) -> bool {
    !matches!(input, Input::Observation(o) if than.is_some_and(|latest| o.phenomenon <= latest))
}

pub(super) fn utc(at: Stamp) -> String {
    jiff::Timestamp::from_millisecond(at.0.max(0)).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Percent-escapes what a query cannot carry.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'(' | b')' | b'\'' | b'/' | b',' => {
                out.push(char::from(b));
            }
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// The service's version, with which its topics begin.
fn version_of(url: &str) -> &str {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.starts_with("v1.") { last } else { "v1.1" }
}

/// `v1.1/MultiDatastreams('a')/Observations` → true and `a`.
fn stream_of_topic(topic: &str) -> Option<(bool, String)> {
    let (_, rest) = topic.split_once("Datastreams(")?;
    let id = rest.strip_suffix(")/Observations")?;
    let id = match id.strip_prefix('\'').and_then(|id| id.strip_suffix('\'')) {
        Some(word) => word.replace("''", "'"),
        None => id.to_owned(),
    };
    Some((topic.contains("/MultiDatastreams("), id))
}

/// Observations as they come: one subscription for each Datastream, because payloads carry links, not ids.
async fn by_mqtt(spec: kinds::SensorThings, courier: Arc<Courier>, known: Shared) {
    let Some(Ok(address)) = spec.mqtt.as_deref().map(address::mqtt) else { return };
    let login = match (&spec.mqtt_user, &spec.mqtt_password) {
        (Some(user), password) => {
            let password = password.as_ref().map(|p| p.value()).transpose();
            match (user.value(), password) {
                (Ok(user), Ok(password)) => Some((user, password.unwrap_or_default())),
                (Err(reason), _) | (_, Err(reason)) => return courier.fail(&reason).await,
            }
        }
        (None, _) => None,
    };
    let tls = match address.tls.then(|| super::tls::client(None, None)).transpose() {
        Ok(tls) => tls,
        Err(reason) => return courier.fail(&reason).await,
    };
    let version = version_of(&spec.url);
    let topics: Vec<String> =
        lock(&known).links.values().map(|link| format!("{version}/{link}/Observations")).collect();
    let options = mqtt_link::Options {
        address,
        version: MqttVersion::V311,
        client_id: format!("guanlan-sta-{:x}", wall_now().0),
        login,
        tls,
        // The poll fills gaps: nothing is kept for us.
        session_s: 0,
        keep_alive_s: 30,
    };
    let (inner, inner_known) = (spec.clone(), known.clone());
    let reader: Box<mqtt::Reader> = Box::new(move |courier, message| {
        let Some((multi, id)) = stream_of_topic(&message.topic) else { return Ok(Vec::new()) };
        let value: Value = serde_json::from_slice(&message.payload).map_err(|e| format!("payload: not JSON: {e}"))?;
        if multi {
            return multidatastreams::heard(&id, &value, &inner.prefix, &inner_known);
        }
        let read = read_observation(Some(&id), &value, &inner, courier, &inner_known);
        Ok(read.map(|(_, input)| input).into_iter().collect())
    });
    let steps = |sensor: &SensorId| {
        let k = lock(&known);
        let plain = || k.streams.get(sensor.as_str().strip_prefix(&*spec.prefix)?);
        k.components.get(sensor).or_else(plain).map(|s| s.steps.clone()).unwrap_or_default()
    };
    let _ = mqtt::listen(&options, &topics, &courier, &*reader, None, &steps).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_queries() {
        let page = |link: &str| serde_json::json!({ "@iot.nextLink": link });
        let at = "http://h/FROST/v1.1/Datastreams?$top=1";
        assert_eq!(next_link(&page("http://o/x?$skip=1"), at).unwrap(), "http://o/x?$skip=1");
        assert_eq!(next_link(&page("/FROST/v1.1/D?$skip=1"), at).unwrap(), "http://h/FROST/v1.1/D?$skip=1");
        assert_eq!(next_link(&page("Datastreams?$skip=1"), at).unwrap(), "http://h/FROST/v1.1/Datastreams?$skip=1");
        assert_eq!(next_link(&page("?$skip=1"), at).unwrap(), "http://h/FROST/v1.1/Datastreams?$skip=1");
        // A server behind a proxy.
        let inner = "http://localhost:8080/FROST/v1.1/Datastreams?$skip=1";
        assert_eq!(next_link(&page(inner), at).unwrap(), "http://h/FROST/v1.1/Datastreams?$skip=1");
        assert_eq!(next_link(&serde_json::json!({}), at), None);
        let link = |entity: Value, id: &str| link_of(&entity, "Datastreams", id);
        assert_eq!(link(serde_json::json!({ "@iot.id": 7 }), "7"), "Datastreams(7)");
        assert_eq!(link(serde_json::json!({ "@iot.id": "7" }), "7"), "Datastreams('7')");
        let own = serde_json::json!({ "@iot.id": "7", "@iot.selfLink": "http://h/v1.1/Datastreams(7)" });
        assert_eq!(link(own, "7"), "Datastreams(7)");
        assert_eq!(stream_of_topic("v1.1/MultiDatastreams('o''b')/Observations"), Some((true, "o'b".into())));
        assert_eq!(stream_of_topic("v1.0/Datastreams(3)/Observations"), Some((false, "3".into())));
        assert_eq!(stream_of_topic("v1.1/Things(3)"), None);
        assert_eq!((version_of("http://h/api/v1.0/"), version_of("http://h/sta")), ("v1.0", "v1.1"));
        assert_eq!(escape("name eq 'a b'"), "name%20eq%20'a%20b'");
        assert_eq!(utc(Stamp(0)), "1970-01-01T00:00:00.000Z");
    }
}
