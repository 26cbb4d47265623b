//! Sources: what feeds a room, and what is posted to it.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
};
use guanlan_feeds::hook::{Answer, Call};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Hall, query::Query, read::Page};
use crate::{auth, problem::Problem, wire::Words};

/// A source and its health.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedOut {
    /// Its name in the feeds file.
    name: String,
    /// mqtt, sensorthings, http …
    kind: String,
    /// up, down, waiting (nothing heard yet), off.
    state: &'static str,
    /// True when it carries real data.
    real: bool,
    /// Last error; empty when well.
    message: String,
    /// Since when it is up or down, RFC 3339.
    since: Option<String>,
    /// Department that owns the data.
    owner: Words,
    /// How the owner shares it.
    share: Words,
    /// Promised seconds between messages; 0 when nothing is promised.
    promised_s: u32,
    /// Messages since it was started.
    messages: u64,
    /// Of those, refused.
    refused: u64,
    /// Lost connections and failed polls.
    failures: u64,
    /// Messages a minute, over the last five minutes.
    per_min: f64,
    /// From measurement to connector, mean, ms.
    lag_ms: i64,
    /// Last message, RFC 3339.
    last: Option<String>,
    /// Streams and crews it has brought.
    streams: u32,
    /// How far the source has been read and committed.
    cursor: String,
    /// Of the feeds file (kind `file`): the version in force. `message` says what is wrong with a newer one.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<InForceOut>,
}

/// The version of the feeds file that is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InForceOut {
    /// SHA-256 of its text, hex.
    hash: String,
    /// When it was read, RFC 3339.
    since: String,
    /// Feeds in it.
    feeds: usize,
    /// False when the file on disk is another one that was not taken.
    newest: bool,
}

/// The feeds file as a row among its feeds.
fn file_row(file: &guanlan_feeds::FileInfo) -> FeedOut {
    let nobody = guanlan_core::Bilingual::default();
    let since = file.mistake.as_ref().map_or(file.since, |(_, since)| *since);
    FeedOut {
        name: file.name.clone(),
        kind: "file".into(),
        state: if file.mistake.is_some() { "down" } else { "up" },
        real: false,
        message: file.words(),
        since: Some(since.to_rfc3339()),
        owner: (&nobody).into(),
        share: (&nobody).into(),
        promised_s: 0,
        messages: 0,
        refused: 0,
        failures: u64::from(file.mistake.is_some()),
        per_min: 0.0,
        lag_ms: 0,
        last: None,
        streams: 0,
        cursor: String::new(),
        in_force: Some(InForceOut {
            hash: file.hash.clone(),
            since: file.since.to_rfc3339(),
            feeds: file.feeds,
            newest: file.mistake.is_none(),
        }),
    }
}

/// Every source of a timeline with rate, lag, errors and last message.
#[utoipa::path(get, path = "/feeds", params(Page), responses((status = 200, body = [FeedOut])))]
pub(crate) async fn feeds(State(doors): Hall, Query(page): Query<Page>) -> Result<Json<Vec<FeedOut>>, Problem> {
    let room = doors.room(page.timeline.as_deref())?;
    let picture = room.picture();
    let mut list: Vec<FeedOut> = picture
        .feeds
        .iter()
        .map(|(name, f)| FeedOut {
            name: name.clone(),
            kind: f.figures.connector.clone(),
            state: if f.up { "up" } else { "down" },
            real: f.real,
            message: f.message.clone(),
            since: Some(f.since.to_rfc3339()),
            owner: (&f.figures.owner).into(),
            share: (&f.figures.share).into(),
            promised_s: f.figures.promised_s,
            messages: f.figures.messages,
            refused: f.figures.refused,
            failures: f.figures.failures,
            per_min: f.figures.per_min,
            lag_ms: f.figures.lag_ms,
            last: f.figures.last.map(|at| at.to_rfc3339()),
            streams: f.figures.streams,
            cursor: f.figures.cursor.clone(),
            in_force: None,
        })
        .collect();
    if room.timeline() != doors.timelines.live().timeline() {
        return Ok(Json(list));
    }
    // The connectors know of this second what the room is told every ten.
    for now in doors.feeds.supervisor.iter().flat_map(|s| s.feeds()) {
        let f = now.figures;
        let known = list.iter().position(|o| o.name == now.name).map(|i| list.remove(i));
        list.push(FeedOut {
            state: match (now.enabled, now.up) {
                (false, _) => "off",
                (true, Some(true)) => "up",
                (true, Some(false)) => "down",
                (true, None) => "waiting",
            },
            since: known.and_then(|k| k.since),
            name: now.name,
            kind: f.connector,
            real: now.real,
            message: now.message,
            owner: (&f.owner).into(),
            share: (&f.share).into(),
            promised_s: f.promised_s,
            messages: f.messages,
            refused: f.refused,
            failures: f.failures,
            per_min: f.per_min,
            lag_ms: f.lag_ms,
            last: f.last.map(|at| at.to_rfc3339()),
            streams: f.streams,
            cursor: f.cursor,
            in_force: None,
        });
    }
    if let Some(file) = doors.feeds.supervisor.as_ref().and_then(|s| s.file()) {
        list.retain(|row| row.name != file.name || row.kind != "file");
        list.push(file_row(&file));
    }
    list.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(list))
}

/// How much was taken and is on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenOut {
    /// Readings, positions or reports.
    taken: usize,
}

/// Something is posted for a feed of kind webhook, owntracks or traccar. The feed's own token lets in, not the API's.
/// 200 after commit; nothing is taken when any of it is wrong.
#[utoipa::path(post, path = "/hooks/{feed}", params(("feed" = String, Path)),
    responses((status = 200, body = TakenOut), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn hook(
    State(doors): Hall,
    Path(feed): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<TakenOut>, Problem> {
    let fields = query.as_deref().unwrap_or_default().split('&').filter(|p| !p.is_empty());
    let call = Call {
        query: fields
            .map(|p| {
                let (name, value) = p.split_once('=').unwrap_or((p, ""));
                (unescape(name), unescape(value))
            })
            .collect(),
        headers: headers
            .iter()
            .filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned())))
            .collect(),
        body: body.to_vec(),
    };
    let answer = match &doors.feeds.supervisor {
        // A feed without a token of its own is behind the API's.
        Some(s) if !s.has_token(&feed) && auth::check(&doors.tokens, &headers).is_err() => Answer::NotLetIn,
        Some(supervisor) => supervisor.hook(&feed, call).await,
        None => Answer::NoSuchFeed,
    };
    match answer {
        Answer::Taken(taken) => Ok(Json(TakenOut { taken })),
        Answer::NoSuchFeed => Err(Problem::not_found("feed", &feed)),
        Answer::NotLetIn => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "需要该数据源的令牌 / the feed's token is needed: Authorization: Bearer …, X-Token: … or ?token=…",
        )),
        Answer::Wrong(reason) => Err(Problem::invalid(reason)),
        Answer::Unavailable => Err(Problem::unavailable("尚未写入日志，请稍后重试 / not committed: try again later")),
    }
}

/// Percent-escapes and plus signs of a query undone.
pub(crate) fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        match b {
            b'+' => bytes.push(b' '),
            b'%' => {
                let ahead = rest.clone();
                let pair: Vec<u8> = ahead.take(2).collect();
                let value = std::str::from_utf8(&pair).ok().and_then(|t| u8::from_str_radix(t, 16).ok());
                match value.filter(|_| pair.len() == 2) {
                    Some(value) => {
                        bytes.push(value);
                        rest.nth(1);
                    }
                    None => bytes.push(b),
                }
            }
            b => bytes.push(b),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn queries() {
        assert_eq!(unescape("a+b%20%E4%B8%AD%"), "a b 中%");
        assert_eq!(unescape("%zz%4"), "%zz%4");
    }
}
