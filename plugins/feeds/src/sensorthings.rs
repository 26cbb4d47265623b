//! Polls an OGC SensorThings 1.1 service: descriptions once, latest observations every period.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use guanlan_core::{Bilingual, Input, Stamp, input::SensorDeclared};
use serde_json::Value;

use crate::{
    intake::{Intake, Taken, wall_now},
    parse,
};

/// Pages followed in one poll at most: a server whose `nextLink` runs in circles ends here.
const MAX_PAGES: usize = 1000;

/// A poll that failed; the last values stay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PollError {
    /// No answer, or not HTTP.
    #[error("no usable answer: {reason}; keeping last values\nURL: {url}")]
    Http {
        /// What happened.
        reason: String,
        /// Asked address.
        url: String,
    },
    /// The answer is not SensorThings.
    #[error("answer is not SensorThings 1.1: {reason}\nURL: {url}")]
    Format {
        /// What was expected.
        reason: String,
        /// Asked address.
        url: String,
    },
}

/// One service.
pub struct Service {
    /// Root, for example `https://host/FROST/v1.1`.
    pub root: String,
    /// Time between polls.
    pub every: Duration,
}

/// Follows a service for ever. The room hears when it is up or down.
pub async fn follow(service: Service, intake: Arc<Intake>) {
    // The ring provider is chosen for the whole program once; a second choice is refused harmlessly.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let feed = format!("sensorthings {}", service.root);
    let client = match reqwest::Client::builder().timeout(Duration::from_secs(30)).build() {
        Ok(client) => client,
        Err(error) => {
            let _ = intake.hand_over(vec![intake.feed_state(&feed, false, &error.to_string())], None);
            return;
        }
    };
    let mut last = BTreeMap::new();
    let mut pause = service.every;
    loop {
        match poll(&client, &service.root, &intake, &mut last).await {
            Ok(mut inputs) => {
                inputs.push(intake.feed_state(&feed, true, ""));
                while intake.hand_over(inputs.clone(), None) == Taken::Full {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                pause = service.every;
            }
            Err(error) => {
                tracing::warn!("{error}");
                let _ = intake.hand_over(vec![intake.feed_state(&feed, false, &error.to_string())], None);
                pause = (pause * 2).min(Duration::from_secs(300));
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// One poll: every page of Datastreams with their latest observation. `last` remembers the latest
/// instant seen for each stream, so that nothing is handed over twice.
///
/// # Errors
/// When a page cannot be fetched or read; nothing of the poll is then used.
pub async fn poll(
    client: &reqwest::Client,
    root: &str,
    intake: &Intake,
    last: &mut BTreeMap<String, Stamp>,
) -> Result<Vec<Input>, PollError> {
    let root = root.trim_end_matches('/');
    let mut url = format!(
        "{root}/Datastreams?$expand=ObservedProperty,Thing($expand=Locations),Observations($orderby=phenomenonTime%20desc;$top=1)&$top=500"
    );
    let mut inputs = Vec::new();
    let mut seen = BTreeMap::new();
    for _ in 0..MAX_PAGES {
        let page = fetch(client, &url).await?;
        read_page(&page, &url, intake, last, &mut seen, &mut inputs)?;
        match page.get("@iot.nextLink").and_then(Value::as_str) {
            Some(next) => url = next.to_owned(),
            None => {
                last.extend(seen);
                return Ok(inputs);
            }
        }
    }
    Err(PollError::Format { reason: format!("more than {MAX_PAGES} pages"), url })
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Value, PollError> {
    let http = |reason: String| PollError::Http { reason, url: url.to_owned() };
    let response = client.get(url).send().await.map_err(|e| http(e.to_string()))?;
    let status = response.status();
    if !status.is_success() {
        return Err(http(format!("status {status}")));
    }
    response.json().await.map_err(|e| http(e.to_string()))
}

/// Reads one page of Datastreams.
fn read_page(
    page: &Value,
    url: &str,
    intake: &Intake,
    last: &BTreeMap<String, Stamp>,
    seen: &mut BTreeMap<String, Stamp>,
    inputs: &mut Vec<Input>,
) -> Result<(), PollError> {
    let format = |reason: &str| PollError::Format { reason: reason.to_owned(), url: url.to_owned() };
    let streams = page.get("value").and_then(Value::as_array).ok_or_else(|| format("no list 'value'"))?;
    for stream in streams {
        let Some(id) = stream.get("@iot.id").and_then(parse::id_text) else {
            return Err(format("a Datastream without @iot.id"));
        };
        if !last.contains_key(&id) {
            inputs.push(declared(&id, stream, intake));
        }
        let observations = stream.get("Observations").and_then(Value::as_array);
        for observation in observations.into_iter().flatten() {
            match parse::observation(Some(&id), observation, wall_now()) {
                Ok(Input::Observation(o)) => {
                    if last.get(&id).is_none_or(|t| o.phenomenon > *t) {
                        seen.insert(id.clone(), o.phenomenon);
                        inputs.push(Input::Observation(o));
                    }
                }
                Ok(_) => {}
                Err(refused) => intake.put_in_quarantine(
                    "sensorthings",
                    &id,
                    &refused.to_string(),
                    observation.to_string().as_bytes(),
                ),
            }
        }
        seen.entry(id).or_default();
    }
    Ok(())
}

fn declared(id: &str, stream: &Value, intake: &Intake) -> Input {
    let name = stream.get("name").and_then(Value::as_str).unwrap_or(id);
    let spot = stream.pointer("/Thing/Locations/0/location").or_else(|| stream.get("observedArea"));
    let point = spot.and_then(|v| v.pointer("/geometry/coordinates").or_else(|| v.get("coordinates"))).and_then(|c| {
        let c = c.as_array()?;
        Some([c.first()?.as_f64()?, c.get(1)?.as_f64()?])
    });
    Input::SensorDeclared(SensorDeclared {
        sensor: id.into(),
        name: Bilingual::same(name),
        property: parse::property_of(stream),
        place_m: point.and_then(|[lon, lat]| intake.frame().from_lonlat(lon, lat).ok()),
        period_s: 300,
    })
}
