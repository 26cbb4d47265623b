//! What is known of a service between two polls, and how its answers are fetched and handed over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use guanlan_core::{Bilingual, Input, SensorId, Stamp, input::SensorDeclared};
use serde_json::Value;

use crate::{
    map::units,
    parse,
    run::{
        courier::{Closed, Courier},
        web::{self, Failed, Freshness},
    },
};

/// Longest interval of an observation that is reckoned with, ms.
const LONGEST_MS: i64 = 31 * 86_400_000;

/// Within an interval all streams are asked for its whole length so often.
const FAR_BACK: i64 = 10;
/// And not more often than this, ms.
const FAR_BACK_MS: i64 = 30_000;

/// A Datastream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub declared: SensorDeclared,
    pub unit: units::Conversion,
    pub steps: Vec<Bilingual>,
}

#[derive(Default)]
pub(super) struct Known {
    pub streams: BTreeMap<String, Stream>,
    /// Components of MultiDatastreams by stream.
    pub components: BTreeMap<SensorId, Stream>,
    /// Number of components of each MultiDatastream.
    pub multis: BTreeMap<String, usize>,
    /// `Datastreams(7)`, `MultiDatastreams('a')` as the server writes them, by `7`, `multi/a`.
    pub links: BTreeMap<String, String>,
    /// Newest instant of any observation taken.
    pub newest: Stamp,
    /// What was taken within the time in which observations may come late.
    taken: BTreeSet<(Stamp, String)>,
    /// Longest interval an observation was of, ms: one that began before the newest ended may be new.
    longest_ms: i64,
    /// When observations were last asked for as far back as that.
    far_back: Option<Stamp>,
    /// How the stream of an observation is asked for.
    pub stream_form: usize,
    /// The stream that could not be read when streams were last read one by one: it is the first next time.
    pub turn: String,
    /// Which form of asking for descriptions the server understands.
    pub form: usize,
    /// The server's observations are read stream by stream.
    pub by_stream: bool,
    pub described: Option<Stamp>,
    /// No cursor was kept: the latest observations are where this room begins.
    pub began_at_nothing: bool,
    /// The server knows no `$filter` on observations: only the latest of each stream are read.
    pub latest_only: bool,
}

impl Known {
    /// From when on observations of one stream are asked for, when the newest taken is of `newest`: late ones may still
    /// come, and an interval is compared by its begin.
    pub fn since(&self, newest: Stamp, late_s: u32) -> Stamp {
        newest + -(i64::from(late_s) * 1000 + self.longest_ms)
    }

    /// The same for all streams at once. Most of them may be of instants: so that those are not read over and over, it
    /// reaches back over an interval only ten times within one.
    pub fn since_of_all(&mut self, late_s: u32, now: Stamp) -> Stamp {
        let every_ms = (self.longest_ms / FAR_BACK).max(FAR_BACK_MS);
        let due = self.far_back.is_none_or(|at| now - at >= every_ms);
        if self.longest_ms == 0 || !due {
            return self.newest + -i64::from(late_s) * 1000;
        }
        self.far_back = Some(now);
        // What came since it was last asked so far back may have become too old meanwhile, and that time may have broken
        // off. It is not asked again at once: where pages often fail, nothing new would ever be reached.
        self.since(self.newest, late_s) + -2 * every_ms
    }

    /// Notes over which time an observation reaches.
    pub fn note_interval(&mut self, observation: &Value) {
        let Some(text) = observation.get("phenomenonTime").and_then(Value::as_str) else { return };
        let Some((from, to)) = text.split_once('/') else { return };
        if let (Some(from), Some(to)) = (Stamp::parse(from), Stamp::parse(to)) {
            self.longest_ms = self.longest_ms.max((to - from).clamp(0, LONGEST_MS));
        }
    }

    /// True when an observation was not taken before; it is from now on.
    pub fn is_new(&mut self, at: Stamp, stream: String, late_s: u32) -> bool {
        if !self.taken.insert((at, stream)) {
            return false;
        }
        // What is older than an observation may be late is asked for no more.
        let reach = 2 * (i64::from(late_s) * 1000 + self.longest_ms) + 60_000;
        let keep = self.taken.last().map_or(Stamp(0), |last| last.0 + -reach);
        let streams = self.streams.len() + self.multis.len();
        while self.taken.first().is_some_and(|t| t.0 < keep) && self.taken.len() > streams {
            self.taken.pop_first();
        }
        true
    }
}

pub(super) type Shared = Arc<Mutex<Known>>;

pub(super) fn lock(known: &Shared) -> std::sync::MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a poll ended early.
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

/// One page.
pub(super) async fn fetch(client: &reqwest::Client, url: &str) -> Result<Value, Failed> {
    let answer = web::get(client, url, &mut Freshness::default()).await?;
    let body = answer.map(|a| a.body).unwrap_or_default();
    serde_json::from_slice(&body).map_err(|e| Failed {
        status: None,
        reason: format!("answer is not SensorThings 1.1: not JSON: {e}\nURL: {}", web::without_query(url)),
    })
}

/// The entities of a page.
pub(super) fn entities(page: &Value) -> Result<&[Value], Trouble> {
    let list = page.get("value").and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| Trouble::Source("answer is not SensorThings 1.1: no list 'value'".to_owned()))
}

/// Hands observations over with the steps of their streams and commits them with the cursor.
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

pub(super) fn utc(at: Stamp) -> String {
    jiff::Timestamp::from_millisecond(at.0.max(0)).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_and_instants() {
        let link = |entity: Value, id: &str| link_of(&entity, "Datastreams", id);
        assert_eq!(link(json!({ "@iot.id": 7 }), "7"), "Datastreams(7)");
        assert_eq!(link(json!({ "@iot.id": "7" }), "7"), "Datastreams('7')");
        let own = json!({ "@iot.id": "7", "@iot.selfLink": "http://h/v1.1/Datastreams(7)" });
        assert_eq!(link(own, "7"), "Datastreams(7)");
        assert_eq!(utc(Stamp(0)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_interval_that_began_before_the_newest_ended_is_asked_for() {
        let mut known = Known::default();
        let at = |s: i64| Stamp::from_secs(s);
        assert_eq!(known.since(at(7200), 300), at(6900));
        known.note_interval(&json!({ "phenomenonTime": "1970-01-01T01:00:00Z/1970-01-01T02:00:00Z" }));
        known.note_interval(&json!({ "phenomenonTime": "1970-01-01T02:00:00Z" }));
        known.note_interval(&json!({ "phenomenonTime": "1970-01-01T02:00:00Z/yesterday" }));
        assert_eq!(known.since(at(7200), 300), at(3300));
        known.newest = at(7200);
        let asked: Vec<Stamp> = [0, 60, 359, 360].map(|s| known.since_of_all(300, at(10_000 + s))).to_vec();
        assert_eq!(asked, [at(2580), at(6900), at(6900), at(2580)], "far back ten times in an hour");
        assert!(known.is_new(at(7200), "a".into(), 300) && !known.is_new(at(7200), "a".into(), 300));
        // Kept as long as it is asked for, forgotten afterwards.
        for s in 0..20_000 {
            known.is_new(at(7200 + s), "b".into(), 300);
        }
        assert!(known.taken.len() < 9_000, "{}", known.taken.len());
        assert!(!known.is_new(at(7200 + 19_999 - 3900), "b".into(), 300));
    }
}
