//! A JSON or CSV document fetched again and again. The cursor is the newest instant taken and a digest of the last
//! document: what has not changed is not taken twice.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use guanlan_core::{Input, Stamp};

use super::{
    courier::{Closed, Courier},
    web::{self, Freshness, escape},
};
use crate::{
    file::kinds::{Format, Http},
    intake::wall_now,
    map::{Came, documents},
};

/// Inputs handed over at once.
pub(super) const BATCH: usize = 10_000;

/// Newest instant taken, ms, and digest of the last document.
fn read_cursor(text: &str) -> (Stamp, u64) {
    let mut parts = text.split(' ');
    let newest = parts.next().and_then(|t| t.parse().ok()).unwrap_or(0);
    (Stamp(newest), parts.next().and_then(|t| u64::from_str_radix(t, 16).ok()).unwrap_or(0))
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Follows a feed until the room closes.
pub async fn follow(spec: Http, courier: Arc<Courier>) {
    let (mut newest, mut last) = read_cursor(&courier.cursor());
    let mut fresh = Freshness::default();
    loop {
        match poll(&spec, &courier, &mut fresh, &mut newest, &mut last).await {
            Ok(()) => {
                courier.up();
                tokio::time::sleep(Duration::from_secs(u64::from(spec.every_s))).await;
            }
            Err(Some(reason)) => {
                fresh = Freshness::default();
                courier.fail(&reason).await;
            }
            Err(None) => return,
        }
    }
}

/// One fetch. `Err(None)`: the room is closed.
async fn poll(
    spec: &Http,
    courier: &Courier,
    fresh: &mut Freshness,
    newest: &mut Stamp,
    last: &mut u64,
) -> Result<(), Option<String>> {
    let client = web::client(&spec.login, Some(Duration::from_secs(60))).map_err(Some)?;
    let url = spec.url.replace("{since_ms}", &newest.0.to_string()).replace("{since}", &escape(&newest.to_rfc3339()));
    // A changed address is another document.
    let mut unconditional = Freshness::default();
    let fresh = if spec.url.contains("{since") { &mut unconditional } else { fresh };
    let Some(answer) = web::get(&client, &url, fresh).await.map_err(|f| Some(f.reason))? else { return Ok(()) };
    let now = digest(&answer.body);
    if now == *last {
        return Ok(());
    }
    let format = match spec.format {
        Format::Auto if answer.kind.contains("csv") => Format::Csv,
        Format::Auto if answer.kind.contains("json") => Format::Json,
        other => other,
    };
    let source = web::without_query(&spec.url);
    let document = match documents(format, &answer.body) {
        Ok(document) => document,
        Err(refused) => {
            courier.refuse_once(source, &refused.to_string(), &answer.body);
            return Err(Some(format!("{refused}\nURL: {source}")));
        }
    };
    let mapped = courier.map_polled(&document, Came { topic: source, at: wall_now(), own_time: false });
    let later = mapped.newest.filter(|at| *at <= wall_now()).unwrap_or(*newest).max(*newest);
    let cursor = format!("{} {now:x}", later.0);
    in_batches(courier, mapped.inputs, source, &cursor).await.map_err(|_| None)?;
    (*newest, *last) = (later, now);
    Ok(())
}

/// Delivers in batches; the cursor goes with the last one, so that a crash in between takes the document again.
pub(super) async fn in_batches(
    courier: &Courier,
    mut inputs: Vec<Input>,
    source: &str,
    cursor: &str,
) -> Result<(), Closed> {
    let mut first = 1;
    while inputs.len() > BATCH {
        let rest = inputs.split_off(BATCH);
        courier.deliver(first, std::mem::replace(&mut inputs, rest), source, None).await?;
        first = 0;
    }
    courier.deliver(first, inputs, source, Some(cursor)).await
}
