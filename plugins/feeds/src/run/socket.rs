//! WebSocket and server-sent events: each text is a document for the mapping.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::{
    Message,
    client::IntoClientRequest,
    http::{HeaderName, HeaderValue},
};

use super::{courier::Courier, tls, web};
use crate::{
    file::kinds::{Format, Login, Sse, WebSocket},
    intake::wall_now,
    map::{Came, documents},
};

/// A silent WebSocket is pinged after this, and given up after twice as long.
const QUIET: Duration = Duration::from_secs(30);
/// Longest event, bytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// Follows a WebSocket until the room closes.
pub async fn follow_websocket(spec: WebSocket, courier: Arc<Courier>) {
    while let Err(Some(reason)) = websocket(&spec, &courier).await {
        courier.fail(&reason).await;
    }
}

/// `Err(None)`: the room is closed.
async fn websocket(spec: &WebSocket, courier: &Courier) -> Result<(), Option<String>> {
    tls::provider();
    let mut request = spec.url.as_str().into_client_request().map_err(|e| Some(e.to_string()))?;
    for (name, value) in headers(&spec.login).map_err(Some)? {
        request.headers_mut().insert(name, value);
    }
    let (mut socket, _) = tokio::time::timeout(QUIET, tokio_tungstenite::connect_async(request))
        .await
        .map_err(|_| Some("no answer in time".to_owned()))?
        .map_err(|e| Some(e.to_string()))?;
    if let Some(hello) = &spec.hello {
        socket.send(Message::text(hello.clone())).await.map_err(|e| Some(e.to_string()))?;
    }
    courier.up();
    let mut pinged = false;
    loop {
        let message = match tokio::time::timeout(QUIET, socket.next()).await {
            Ok(Some(message)) => message.map_err(|e| Some(e.to_string()))?,
            Ok(None) => return Err(Some("the server has closed".into())),
            Err(_) if pinged => return Err(Some("the server is silent".into())),
            Err(_) => {
                pinged = true;
                socket.send(Message::Ping(Vec::new().into())).await.map_err(|e| Some(e.to_string()))?;
                continue;
            }
        };
        pinged = false;
        match message {
            Message::Text(text) => take(courier, spec.format, text.as_bytes(), &spec.url, None).await?,
            Message::Binary(bytes) => take(courier, spec.format, &bytes, &spec.url, None).await?,
            Message::Close(_) => return Err(Some("the server has closed".into())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

fn headers(login: &Login) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut list = Vec::new();
    let value = |text: String| HeaderValue::from_str(&text).map_err(|_| "a secret no header can carry".to_owned());
    for (name, secret) in &login.headers {
        let name: HeaderName = name.parse().map_err(|_| format!("'{name}' is no header"))?;
        list.push((name, value(secret.value()?)?));
    }
    if let Some(bearer) = &login.bearer {
        list.push((HeaderName::from_static("authorization"), value(format!("Bearer {}", bearer.value()?))?));
    } else if let Some(user) = &login.user {
        let password = login.password.as_ref().map(|p| p.value()).transpose()?.unwrap_or_default();
        let pair = web::base64(format!("{}:{password}", user.value()?).as_bytes());
        list.push((HeaderName::from_static("authorization"), value(format!("Basic {pair}"))?));
    }
    Ok(list)
}

async fn take(
    courier: &Courier,
    format: Format,
    bytes: &[u8],
    url: &str,
    cursor: Option<&str>,
) -> Result<(), Option<String>> {
    let source = web::without_query(url);
    let inputs = match documents(format, bytes) {
        Ok(document) => courier.map(&document, Came { topic: source, at: wall_now(), own_time: false }).inputs,
        Err(refused) => {
            courier.refuse(source, &refused.to_string(), bytes);
            Vec::new()
        }
    };
    match cursor {
        // The next event may come only when this one is on disk: its id is what the server is asked to go on after.
        Some(cursor) => courier.deliver(1, inputs, source, Some(cursor)).await.map_err(|_| None),
        None => {
            let inputs = courier.mark(1, inputs, source, &|_| Vec::new());
            if inputs.is_empty() { Ok(()) } else { courier.hand(inputs, Box::new(|_| {})).await.map_err(|_| None) }
        }
    }
}

/// Follows server-sent events until the room closes.
pub async fn follow_sse(spec: Sse, courier: Arc<Courier>) {
    let mut last_id = courier.cursor();
    while let Err(Some(reason)) = sse(&spec, &courier, &mut last_id).await {
        courier.fail(&reason).await;
    }
}

async fn sse(spec: &Sse, courier: &Courier, last_id: &mut String) -> Result<(), Option<String>> {
    let client = web::client(&spec.login, None).map_err(Some)?;
    let mut request = client.get(&spec.url).header("accept", "text/event-stream").header("cache-control", "no-cache");
    if !last_id.is_empty() {
        request = request.header("last-event-id", last_id.as_str());
    }
    let mut response = request.send().await.map_err(|e| Some(web::plain(&e)))?;
    if !response.status().is_success() {
        return Err(Some(format!("status {}", response.status())));
    }
    courier.up();
    let mut events = Events::default();
    // Servers send a comment now and then; silence for this long means the connection is dead.
    let patience = Duration::from_secs(300);
    loop {
        let chunk = tokio::time::timeout(patience, response.chunk())
            .await
            .map_err(|_| Some("the server is silent".to_owned()))?;
        let Some(chunk) = chunk.map_err(|e| Some(web::plain(&e)))? else {
            return Err(Some("the server has closed".into()));
        };
        for event in events.feed(&chunk).map_err(Some)? {
            if let Some(id) = &event.id {
                last_id.clone_from(id);
            }
            let wanted = spec.events.is_empty() || spec.events.iter().any(|e| *e == event.name);
            if !wanted || event.data.is_empty() {
                continue;
            }
            let cursor = (!last_id.is_empty()).then_some(last_id.as_str());
            take(courier, spec.format, event.data.as_bytes(), &spec.url, cursor).await?;
        }
    }
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `id:`.
    pub id: Option<String>,
    /// `event:`; `message` when absent.
    pub name: String,
    /// `data:` lines, joined.
    pub data: String,
}

/// Cuts a stream into events (WHATWG HTML §9.2.6).
#[derive(Debug, Default)]
pub struct Events {
    buffer: Vec<u8>,
    id: Option<String>,
    name: String,
    data: Vec<String>,
    began: bool,
}

impl Events {
    /// Adds bytes; returns whole events.
    ///
    /// # Errors
    /// When an event grows without end.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, String> {
        self.buffer.extend_from_slice(bytes);
        let mut events = Vec::new();
        loop {
            // A line ends with LF, CR or CR LF; a CR at the very end may be half of CR LF.
            let Some(end) = self.buffer.iter().position(|b| matches!(b, b'\n' | b'\r')) else { break };
            let carriage = self.buffer[end] == b'\r';
            if carriage && end + 1 == self.buffer.len() {
                break;
            }
            let mut line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            let skip = if carriage && self.buffer[end + 1] == b'\n' { 2 } else { 1 };
            self.buffer.drain(..end + skip);
            if !std::mem::replace(&mut self.began, true) {
                line = line.trim_start_matches('\u{feff}').to_owned();
            }
            if line.is_empty() {
                if !self.data.is_empty() {
                    let name = std::mem::take(&mut self.name);
                    events.push(Event {
                        id: self.id.clone(),
                        name: if name.is_empty() { "message".into() } else { name },
                        data: std::mem::take(&mut self.data).join("\n"),
                    });
                }
                self.name.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => self.data.push(value.to_owned()),
                "event" => self.name = value.to_owned(),
                "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
                _ => {}
            }
        }
        let size = self.buffer.len() + self.data.iter().map(String::len).sum::<usize>();
        if size > LONGEST {
            return Err(format!("an event of more than {LONGEST} bytes"));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_pieces_with_every_line_end() {
        let text = "\u{feff}: hello\r\nid: 7\r\ndata: a\r\ndata: b\r\n\r\nevent: x\rdata:c\r\rdata\n\nid\n\n";
        for size in [1, 2, 3, 100] {
            let mut events = Events::default();
            let mut all = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                all.extend(events.feed(piece).unwrap());
            }
            let short: Vec<(Option<&str>, &str, &str)> =
                all.iter().map(|e| (e.id.as_deref(), e.name.as_str(), e.data.as_str())).collect();
            assert_eq!(short, [(Some("7"), "message", "a\nb"), (Some("7"), "x", "c"), (Some("7"), "message", "")]);
        }
        assert!(Events::default().feed(&vec![b'x'; LONGEST + 1]).is_err());
    }
}
