//! HTTP for connectors: headers from the environment, bounded bodies, what changed only.

use std::time::Duration;

use guanlan_core::Stamp;
use reqwest::{
    Client, StatusCode,
    header::{
        AUTHORIZATION, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
        RETRY_AFTER,
    },
};

use super::tls;
use crate::file::kinds::Login;

/// Largest body taken, bytes.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// A server that asks for a longer pause is taken up again later.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Pauses granted for one answer.
const MOST_WAITS: usize = 3;

/// A client that is let in.
///
/// # Errors
/// A secret that is not there.
pub fn client(login: &Login, timeout: Option<Duration>) -> Result<Client, String> {
    tls::provider();
    let mut headers = HeaderMap::new();
    for (name, secret) in &login.headers {
        let name: HeaderName = name.parse().map_err(|_| format!("'{name}' is no header"))?;
        headers.insert(name, sensitive(&secret.value()?)?);
    }
    if let Some(bearer) = &login.bearer {
        headers.insert(AUTHORIZATION, sensitive(&format!("Bearer {}", bearer.value()?))?);
    } else if let Some(user) = &login.user {
        let password = login.password.as_ref().map(|p| p.value()).transpose()?.unwrap_or_default();
        let pair = format!("{}:{password}", user.value()?);
        headers.insert(AUTHORIZATION, sensitive(&format!("Basic {}", base64(pair.as_bytes())))?);
    }
    let builder = Client::builder().default_headers(headers).connect_timeout(Duration::from_secs(15));
    let builder = match timeout {
        Some(timeout) => builder.timeout(timeout),
        None => builder,
    };
    builder.build().map_err(|e| e.to_string())
}

fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| "a secret has characters no header can carry".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Base 64 (RFC 4648).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let n = u32::from(group[0]) << 16
            | u32::from(group.get(1).copied().unwrap_or(0)) << 8
            | u32::from(group.get(2).copied().unwrap_or(0));
        for i in 0..4 {
            let letter = LETTERS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// What a server said about the age of its last answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

/// An answer.
pub struct Answer {
    /// Body.
    pub body: Vec<u8>,
    /// `Content-Type`, lower case.
    pub kind: String,
}

/// A failed request.
#[derive(Debug)]
pub struct Failed {
    /// Status, when there was an answer.
    pub status: Option<StatusCode>,
    /// In words, with the address.
    pub reason: String,
}

impl From<Failed> for String {
    fn from(failed: Failed) -> Self {
        failed.reason
    }
}

/// Fetches; `None` when nothing has changed since `fresh`.
pub async fn get(client: &Client, url: &str, fresh: &mut Freshness) -> Result<Option<Answer>, Failed> {
    let fail = |status, reason: String| Failed { status, reason: format!("{reason}\nURL: {}", without_query(url)) };
    let mut waits = 0;
    let mut response = loop {
        let mut request = client.get(url);
        if let Some(etag) = &fresh.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(modified) = &fresh.modified {
            request = request.header(IF_MODIFIED_SINCE, modified);
        }
        let response = request.send().await.map_err(|e| fail(None, plain(&e)))?;
        match asked_to_wait(&response).filter(|_| waits < MOST_WAITS) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => break response,
        }
        waits += 1;
    };
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    if !status.is_success() {
        return Err(fail(Some(status), format!("status {status}")));
    }
    let header = |name| response.headers().get(name).cloned();
    let news = Freshness { etag: header(ETAG), modified: header(LAST_MODIFIED) };
    let kind = header(reqwest::header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok().map(str::to_ascii_lowercase)).unwrap_or_default();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| fail(None, plain(&e)))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(fail(None, format!("an answer of more than {} MB", MAX_BODY >> 20)));
        }
        body.extend_from_slice(&chunk);
    }
    *fresh = news;
    Ok(Some(Answer { body, kind }))
}

/// How long a busy server asks to be left alone (RFC 9110 §10.2.3), when that is short enough to wait for.
fn asked_to_wait(response: &reqwest::Response) -> Option<Duration> {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status());
    let said = response.headers().get(RETRY_AFTER).filter(|_| busy)?.to_str().ok()?;
    let pause = wait_of(said, crate::wall_now())?;
    (pause <= LONGEST_WAIT).then_some(pause)
}

/// Seconds, or the instant to come back at.
fn wait_of(said: &str, now: Stamp) -> Option<Duration> {
    let ms = match said.trim().parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000)?,
        Err(_) => jiff::fmt::rfc2822::parse(said.trim()).ok()?.timestamp().as_millisecond() - now.0,
    };
    Some(Duration::from_millis(u64::try_from(ms.max(0)).ok()?))
}

/// An error without the address, whose query may hold secrets, and with its causes.
pub fn plain(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(e) = cause {
        words.push(e.to_string());
        cause = e.source();
    }
    match words.pop() {
        Some(last) => format!("no usable answer: {last}"),
        None if error.is_timeout() => "no answer in time".into(),
        None => "no usable answer".into(),
    }
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

/// An address for people: a query may hold keys.
#[must_use]
pub fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        let now = Stamp::parse("2026-11-22T08:00:00Z").unwrap();
        let wait = |said: &str| wait_of(said, now).map(|d| d.as_secs());
        assert_eq!((wait("5"), wait(" 0 "), wait("-3")), (Some(5), Some(0), Some(0)));
        assert_eq!(wait("Sun, 22 Nov 2026 08:00:30 GMT"), Some(30));
        assert_eq!(wait("Sun, 22 Nov 2026 07:00:00 GMT"), Some(0));
        assert_eq!((wait("soon"), wait("99999999999999999999")), (None, None));
        assert_eq!(escape("name eq 'a b'"), "name%20eq%20'a%20b'");
    }

    #[test]
    fn base64_of_the_rfc() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
        {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
