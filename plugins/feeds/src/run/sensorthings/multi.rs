//! MultiDatastreams of a SensorThings service: each component is a stream of its own, `ID.1`, `ID.2` … A service without
//! them says so once and is not asked again.

use std::{collections::BTreeMap, sync::Arc};

use guanlan_core::{Input, SensorId, Stamp};
use serde_json::{Value, json};

use super::{
    known::{Shared, Stream, Trouble, entities, fetch, hand, link_of, lock, stream_of, utc},
    pages::Pages,
};
use crate::{
    file::kinds,
    intake::wall_now,
    parse,
    run::{
        courier::Courier,
        web::{Failed, escape},
    },
};

/// Time between readings of the descriptions, ms.
const DESCRIBE_EVERY_MS: i64 = 3_600_000;

/// What is known of a service's MultiDatastreams.
#[derive(Default)]
pub(super) struct Multi {
    unsupported: bool,
    described: Option<Stamp>,
    /// Number of components and newest instant taken, by id.
    known: BTreeMap<String, (usize, Stamp)>,
}

/// A part of a MultiDatastream as a Datastream.
fn component(entity: &Value, k: usize) -> Value {
    let of = |list: &str| entity.get(list).and_then(|l| l.get(k)).cloned().unwrap_or(Value::Null);
    let (unit, property) = (of("unitOfMeasurements"), of("ObservedProperties"));
    let name = |v: &Value| v.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
    json!({
        "name": format!("{} · {}", name(entity), name(&property)),
        "unitOfMeasurement": unit,
        "ObservedProperty": property,
        "Thing": entity.get("Thing").cloned().unwrap_or(Value::Null),
        "observedArea": entity.get("observedArea").cloned().unwrap_or(Value::Null),
    })
}

/// The components of an observation that came by MQTT; nothing when it was taken before.
pub(super) fn heard(id: &str, value: &Value, spec: &kinds::SensorThings, known: &Shared) -> Result<Vec<Input>, String> {
    let mut k = lock(known);
    let Some(parts) = k.multis.get(id).copied() else { return Ok(Vec::new()) };
    let (at, inputs) = read(id, parts, value, &spec.prefix, &k.components)?;
    let fresh = k.is_new(at, format!("multi/{id}"), spec.late_s);
    Ok(if fresh { inputs } else { Vec::new() })
}

impl Multi {
    pub(super) async fn poll(
        &mut self,
        spec: &kinds::SensorThings,
        client: &reqwest::Client,
        courier: &Arc<Courier>,
        known: &Shared,
    ) -> Result<(), Trouble> {
        let now = wall_now();
        if self.unsupported {
            return Ok(());
        }
        if self.described.is_none_or(|at| now - at > DESCRIBE_EVERY_MS) {
            if let Err(failed) = self.describe(spec, client, courier, known).await? {
                let none = failed.status.is_some_and(|s| [400, 404, 405, 501].contains(&s.as_u16()));
                // What the service does not have is no failure of it.
                self.unsupported = none;
                return if none { Ok(()) } else { Err(failed.into()) };
            }
            self.described = Some(now);
        }
        let ids: Vec<String> = self.known.keys().cloned().collect();
        for id in ids {
            self.observations(&id, spec, client, courier, known).await?;
        }
        Ok(())
    }

    async fn describe(
        &mut self,
        spec: &kinds::SensorThings,
        client: &reqwest::Client,
        courier: &Arc<Courier>,
        known: &Shared,
    ) -> Result<Result<(), Failed>, Trouble> {
        let root = spec.url.trim_end_matches('/');
        let filter = spec.filter.as_deref().map(|f| format!("&$filter={}", escape(f))).unwrap_or_default();
        let first = format!(
            "{root}/MultiDatastreams?$expand=ObservedProperties,Thing($expand=Locations),Observations($orderby=phenomenonTime%20desc;$top=1)&$top={}{filter}",
            spec.page
        );
        let mut pages = Pages::new(first, spec.page);
        loop {
            let page = match fetch(client, pages.url()).await {
                Ok(page) => page,
                Err(_) if pages.is_guessed() => return Ok(Ok(())),
                Err(failed) => return Ok(Err(failed)),
            };
            let Ok(list) = entities(&page) else {
                // Another service answers any path with something of its own.
                self.unsupported = true;
                return Ok(Ok(()));
            };
            let mut inputs = Vec::new();
            for entity in list {
                let Some(id) = entity.get("@iot.id").and_then(parse::id_text) else { continue };
                let parts = entity.get("unitOfMeasurements").and_then(Value::as_array).map_or(0, Vec::len);
                let parts = parts.max(entity.get("ObservedProperties").and_then(Value::as_array).map_or(0, Vec::len));
                if parts == 0 {
                    continue;
                }
                {
                    let mut k = lock(known);
                    k.links.insert(format!("multi/{id}"), link_of(entity, "MultiDatastreams", &id));
                    k.multis.insert(id.clone(), parts);
                }
                let mut newest = Stamp(0);
                for k in 0..parts {
                    let sensor = SensorId::from(format!("{}{id}.{}", spec.prefix, k + 1));
                    let made = stream_of(sensor.as_str(), &component(entity, k), courier);
                    match made {
                        Ok(Some(stream)) => {
                            inputs.push(Input::SensorDeclared(stream.declared.clone()));
                            newest = newest.max(courier.latest(&sensor).unwrap_or(Stamp(0)));
                            lock(known).components.insert(sensor, stream);
                        }
                        Ok(None) => {}
                        Err(reason) => {
                            let name = format!("MultiDatastreams({id})");
                            courier.refuse_once(&name, &reason, entity.to_string().as_bytes());
                        }
                    }
                }
                let before = self.known.get(&id).map_or(newest, |(_, at)| *at);
                self.known.insert(id.clone(), (parts, before));
                let latest = entity.get("Observations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                latest.iter().for_each(|observation| lock(known).note_interval(observation));
                // Where nothing was heard before, the latest is where this room begins.
                if before == Stamp(0) {
                    for observation in latest {
                        self.take(&id, observation, spec, courier, known, &mut inputs);
                    }
                }
            }
            let cursor = courier.cursor();
            hand(courier, known, inputs, root, &cursor).await?;
            if !pages.turn(&page) {
                return Ok(Ok(()));
            }
        }
    }

    async fn observations(
        &mut self,
        id: &str,
        spec: &kinds::SensorThings,
        client: &reqwest::Client,
        courier: &Arc<Courier>,
        known: &Shared,
    ) -> Result<(), Trouble> {
        let root = spec.url.trim_end_matches('/');
        let newest = self.known.get(id).map_or(Stamp(0), |(_, at)| *at);
        let first = {
            let k = lock(known);
            format!(
                "{root}/{}/Observations?$filter=phenomenonTime%20ge%20{}&$orderby=phenomenonTime%20asc&$top={}",
                escape(k.links.get(&format!("multi/{id}")).map_or("", String::as_str)),
                escape(&utc(k.since(newest, spec.late_s))),
                spec.page
            )
        };
        let mut pages = Pages::new(first, spec.page);
        loop {
            let page = match fetch(client, pages.url()).await {
                Ok(page) => page,
                Err(_) if pages.is_guessed() => return Ok(()),
                Err(failed) => return Err(failed.into()),
            };
            let mut inputs = Vec::new();
            for observation in entities(&page)? {
                self.take(id, observation, spec, courier, known, &mut inputs);
            }
            if !inputs.is_empty() {
                let cursor = courier.cursor();
                hand(courier, known, inputs, root, &cursor).await?;
            }
            if !pages.turn(&page) {
                return Ok(());
            }
        }
    }

    /// The components of one observation, whole or not at all.
    fn take(
        &mut self,
        id: &str,
        value: &Value,
        spec: &kinds::SensorThings,
        courier: &Courier,
        known: &Shared,
        inputs: &mut Vec<Input>,
    ) {
        let Some((parts, newest)) = self.known.get_mut(id) else { return };
        let mut k = lock(known);
        k.note_interval(value);
        match read(id, *parts, value, &spec.prefix, &k.components) {
            Ok((at, mut all)) => {
                // It may have come by MQTT, or with the poll before.
                if !k.is_new(at, format!("multi/{id}"), spec.late_s) {
                    all.clear();
                }
                all.retain(|i| !matches!(i, Input::Observation(o) if courier.latest(&o.sensor) == Some(o.phenomenon)));
                // A clock ahead of ours must not make us skip what comes until then.
                if at <= wall_now() {
                    *newest = at.max(*newest);
                }
                inputs.append(&mut all);
            }
            Err(reason) => {
                courier.refuse_once(&format!("MultiDatastreams({id})"), &reason, value.to_string().as_bytes());
            }
        }
    }
}

fn read(
    id: &str,
    parts: usize,
    value: &Value,
    prefix: &str,
    streams: &BTreeMap<SensorId, Stream>,
) -> Result<(Stamp, Vec<Input>), String> {
    let results = value.get("result").and_then(Value::as_array).ok_or("result: a list of numbers was expected")?;
    if results.len() != parts {
        return Err(format!("result: {} values; {parts} were expected", results.len()));
    }
    let (mut at, mut inputs) = (Stamp(0), Vec::new());
    for (k, result) in results.iter().enumerate().filter(|(_, r)| !r.is_null()) {
        let sensor = format!("{prefix}{id}.{}", k + 1);
        let one = json!({ "result": result, "phenomenonTime": value.get("phenomenonTime"), "resultTime": value.get("resultTime") });
        match parse::observation(Some(&sensor), &one, wall_now()) {
            Ok(Input::Observation(mut o)) => {
                o.result = streams.get(&o.sensor).map_or(o.result, |s| s.unit.apply(o.result));
                at = o.phenomenon;
                inputs.push(Input::Observation(o));
            }
            Ok(_) => {}
            Err(refused) => return Err(refused.to_string()),
        }
    }
    Ok((at, inputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_streams_and_an_observation_is_whole_or_nothing() {
        let entity = json!({
            "@iot.id": 3, "name": "Weather",
            "unitOfMeasurements": [{ "symbol": "degC" }, { "symbol": "%" }],
            "ObservedProperties": [{ "name": "Air temperature" }, { "name": "Humidity" }],
        });
        assert_eq!(component(&entity, 1)["name"], "Weather · Humidity");
        assert_eq!(component(&entity, 0)["unitOfMeasurement"]["symbol"], "degC");
        let of = |value: &Value| read("3", 2, value, "f-", &BTreeMap::new());
        let (at, inputs) =
            of(&json!({ "result": [21.5, null], "phenomenonTime": "1970-01-01T00:00:00Z/1970-01-01T00:01:00Z" }))
                .unwrap();
        assert_eq!((at, inputs.len()), (Stamp(60_000), 1));
        assert!(matches!(&inputs[0], Input::Observation(o) if o.sensor.as_str() == "f-3.1" && o.result == 21.5));
        assert!(of(&json!({ "result": [1, 2, 3] })).unwrap_err().contains("2 were expected"));
        assert!(of(&json!({ "result": [1, "wet"] })).is_err());
        assert!(of(&json!({ "result": 1 })).is_err());
    }
}
