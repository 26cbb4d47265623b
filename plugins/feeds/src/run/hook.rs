//! What is posted to `/api/v1/hooks/NAME`: documents with a mapping, OwnTracks and Traccar clients.

use guanlan_core::{Input, input::UnitFix};
use serde_json::Value;

use super::courier::{Closed, Courier};
use crate::{
    codec::traccar::{self, Fix},
    file::{
        Kind,
        kinds::{Format, Tracker},
        secret::Secret,
    },
    intake::wall_now,
    map::{Came, documents},
    parse::{self, Refused, refuse},
};

/// A call.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Query fields.
    pub query: Vec<(String, String)>,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// On disk: how many inputs.
    Taken(usize),
    /// No such feed, or it takes no calls.
    NoSuchFeed,
    /// Token missing or wrong.
    NotLetIn,
    /// What is wrong with the call; nothing of it was taken.
    Wrong(String),
    /// The room takes nothing now.
    Unavailable,
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Does it bring the token? Without one configured, everybody may: the gateway then listens on loopback only.
    fn is_let_in(&self, token: Option<&Secret>) -> Result<bool, String> {
        let Some(token) = token else { return Ok(true) };
        let token = token.value()?;
        let same = |given: &str| {
            given.len() == token.len() && given.bytes().zip(token.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
        };
        let authorization = self.header("authorization").unwrap_or_default();
        let bearer = authorization.strip_prefix("Bearer ").unwrap_or_default();
        // Phones that only know user and password send the token as password.
        let basic = authorization.strip_prefix("Basic ").and_then(decode_base64).unwrap_or_default();
        let password = basic.split_once(':').map_or("", |(_, password)| password);
        let given =
            [bearer, password, self.header("x-token").unwrap_or_default(), self.field("token").unwrap_or_default()];
        Ok(given.into_iter().any(same))
    }
}

fn decode_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut n) = (0u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        n += 6;
        if n >= 8 {
            n -= 8;
            bytes.push((bits >> n) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Answers a call to a feed, after commit.
pub async fn answer(kind: &Kind, courier: &Courier, call: &Call) -> Answer {
    let token = match kind {
        Kind::Webhook(w) => w.token.as_ref(),
        Kind::OwnTracks(t) | Kind::Traccar(t) => t.token.as_ref(),
        _ => return Answer::NoSuchFeed,
    };
    match call.is_let_in(token) {
        Ok(true) => {}
        Ok(false) => return Answer::NotLetIn,
        Err(reason) => {
            courier.health().down(&reason);
            courier.report();
            return Answer::Unavailable;
        }
    }
    let place = format!("/api/v1/hooks/{}", courier.name());
    let read = match kind {
        Kind::Webhook(w) => webhook(w.format, courier, call, &place),
        Kind::OwnTracks(t) => owntracks(t, courier, call),
        Kind::Traccar(t) => traccar_fixes(t, courier, call),
        _ => return Answer::NoSuchFeed,
    };
    let inputs = match read {
        Ok(inputs) => inputs,
        Err(refused) => {
            courier.mark(1, Vec::new(), &place, &|_| Vec::new());
            courier.refuse(&place, &refused.to_string(), &call.body);
            return Answer::Wrong(refused.to_string());
        }
    };
    courier.up();
    let n = inputs.iter().filter(|i| !matches!(i, Input::SensorDeclared(_))).count();
    match courier.deliver(1, inputs, &place, None).await {
        Ok(()) => Answer::Taken(n),
        Err(Closed) => Answer::Unavailable,
    }
}

/// All rows or none: the caller is told what is wrong and sends again.
fn webhook(format: Format, courier: &Courier, call: &Call, place: &str) -> Result<Vec<Input>, Refused> {
    let format = match (format, call.header("content-type")) {
        (Format::Auto, Some(kind)) if kind.contains("csv") => Format::Csv,
        (Format::Auto, Some(kind)) if kind.contains("json") => Format::Json,
        (format, _) => format,
    };
    let document = documents(format, &call.body)?;
    let mut mapped = courier.map_strict(&document, Came { topic: place, at: wall_now(), own_time: false });
    match mapped.refused.pop() {
        Some((refused, _)) => Err(refused),
        None => Ok(mapped.inputs),
    }
}

fn unit<'a>(spec: &'a Tracker, device: &'a str) -> &'a str {
    spec.units.get(device).map_or(device, String::as_str)
}

/// OwnTracks in HTTP mode: user and device come in headers.
fn owntracks(spec: &Tracker, courier: &Courier, call: &Call) -> Result<Vec<Input>, Refused> {
    let value: Value = serde_json::from_slice(&call.body).map_err(|e| refuse("payload", format!("not JSON: {e}")))?;
    let topic = value.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned();
    let named = call.header("x-limit-u").or_else(|| call.field("u")).or_else(|| topic.split('/').nth(1));
    let device = named.filter(|d| !d.is_empty()).ok_or_else(|| refuse("X-Limit-U", "the user is missing"))?;
    parse::position(unit(spec, device), &value, courier.placer())
}

fn traccar_fixes(spec: &Tracker, courier: &Courier, call: &Call) -> Result<Vec<Input>, Refused> {
    let json = call.body.iter().any(|b| *b == b'{');
    let fixes = if json {
        let value: Value =
            serde_json::from_slice(&call.body).map_err(|e| refuse("payload", format!("not JSON: {e}")))?;
        traccar::json(&value)?
    } else {
        let mut fields = call.query.clone();
        // Some clients put the query into the body of a POST.
        let body = String::from_utf8_lossy(&call.body);
        fields.extend(body.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
        vec![traccar::query(&fields)?]
    };
    fixes.iter().filter(|f| f.valid).map(|f| to_input(f, spec, courier)).collect()
}

fn to_input(f: &Fix, spec: &Tracker, courier: &Courier) -> Result<Input, Refused> {
    let [east_m, north_m] = courier.placer().in_city(f.lon, f.lat).map_err(|e| refuse("lat/lon", e))?;
    Ok(Input::Fix(UnitFix {
        unit: unit(spec, &f.device).into(),
        at: f.at,
        east_m,
        north_m,
        speed_mps: f.speed_mps as f32,
        course_deg: f.course_deg as f32,
        battery: f.battery,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_back() {
        for text in ["", "f", "fo", "foo", "user:秘密"] {
            let coded = crate::run::web::base64(text.as_bytes());
            assert_eq!(decode_base64(&coded).as_deref(), Some(text));
        }
        assert_eq!(decode_base64("*"), None);
    }
}
