//! What a service's Datastreams are: names, units, places, and the latest observation where a room begins.

use std::sync::Arc;

use guanlan_core::{Input, Stamp};
use serde_json::Value;

use super::{
    known::{Shared, Trouble, entities, fetch, hand, link_of, lock, stream_of},
    observations::read_observation,
    pages::Pages,
};
use crate::{
    file::kinds,
    parse,
    run::{courier::Courier, web::escape},
};

/// How descriptions are asked for, the best first: not every server knows options within `$expand`, or `$expand` at all.
const FORMS: [&str; 3] = [
    "$expand=ObservedProperty,Thing($expand=Locations),Observations($orderby=phenomenonTime%20desc;$top=1)&",
    "$expand=ObservedProperty,Thing/Locations&",
    "",
];

/// Every Datastream with its Thing's place and its latest observation.
pub(super) async fn all(
    spec: &kinds::SensorThings,
    client: &reqwest::Client,
    courier: &Arc<Courier>,
    known: &Shared,
) -> Result<(), Trouble> {
    let root = spec.url.trim_end_matches('/');
    let filter = spec.filter.as_deref().map(|f| format!("&$filter={}", escape(f))).unwrap_or_default();
    let first =
        |form: usize| Pages::new(format!("{root}/Datastreams?{}$top={}{filter}", FORMS[form], spec.page), spec.page);
    let mut form = lock(known).form;
    let mut pages = first(form);
    loop {
        let page = match fetch(client, pages.url()).await {
            Ok(page) => page,
            Err(_) if pages.is_guessed() => return Ok(()),
            Err(failed) => {
                let refused = failed.status.is_some_and(|s| [400, 500, 501].contains(&s.as_u16()));
                if !pages.is_first() || !refused || form + 1 >= FORMS.len() {
                    return Err(failed.into());
                }
                form += 1;
                lock(known).form = form;
                pages = first(form);
                continue;
            }
        };
        let (inputs, newest) = read(entities(&page)?, spec, courier, known);
        let cursor = {
            let mut k = lock(known);
            k.newest = k.newest.max(newest);
            k.newest.0.to_string()
        };
        hand(courier, known, inputs, root, &cursor).await?;
        if !pages.turn(&page) {
            return Ok(());
        }
    }
}

/// Declarations and latest observations of a page.
fn read(list: &[Value], spec: &kinds::SensorThings, courier: &Courier, known: &Shared) -> (Vec<Input>, Stamp) {
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
        let latest = entity.get("Observations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut k = lock(known);
        k.links.insert(id.clone(), link_of(entity, "Datastreams", &id));
        k.streams.insert(id.clone(), stream);
        latest.iter().for_each(|observation| k.note_interval(observation));
        // After a pause every observation since the cursor is read, oldest first: the latest would come too early.
        let take_latest = k.latest_only || first;
        drop(k);
        if !take_latest {
            continue;
        }
        for observation in latest {
            if let Some((at, input)) = read_observation(Some(&id), observation, spec, courier, known) {
                newest = newest.max(at);
                inputs.push(input);
            }
        }
    }
    (inputs, newest)
}
