//! Open311 GeoReport v2 (DOMAIN §3.3): service requests and services, JSON and XML.

use guanlan_core::{PhotoView, Stamp};
use serde_json::Value;

use super::xml::{self, Element};

/// A service request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Its number; empty for a token that has none yet.
    pub id: String,
    /// Stands for the number until it is given.
    pub token: String,
    /// True for `closed`.
    pub closed: bool,
    /// Why.
    pub status_notes: String,
    /// Kind of service.
    pub service_name: String,
    /// Code of the service.
    pub service_code: String,
    /// The citizen's words.
    pub description: String,
    /// Who is responsible.
    pub agency: String,
    /// When it was asked for.
    pub requested: Option<Stamp>,
    /// When it changed last.
    pub updated: Option<Stamp>,
    /// Where, in words.
    pub address: String,
    /// Degrees.
    pub lat: Option<f64>,
    /// Degrees.
    pub lon: Option<f64>,
    /// A photo.
    pub media_url: String,
    /// Where the photo looks: fields of the request or of its `extended_attributes`.
    pub view: PhotoView,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Has attributes of its own.
    pub metadata: bool,
    /// realtime, batch or blackbox.
    pub kind: String,
    /// Category.
    pub group: String,
}

/// Requests of an answer; what of it cannot be read comes as an error in place.
///
/// # Errors
/// When the answer is neither.
pub fn requests(bytes: &[u8]) -> Result<Vec<Result<Request, String>>, String> {
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'[' | b'{') => {
            let value: Value = serde_json::from_slice(bytes).map_err(|e| format!("not JSON: {e}"))?;
            let list = value.as_array().or_else(|| value.get("service_requests")?.as_array());
            let list = list.ok_or("a list of requests was expected")?;
            let get = |v: &Value, name: &str| match v.get(name).or_else(|| v.get("extended_attributes")?.get(name)) {
                Some(Value::String(s)) => s.clone(),
                Some(Value::Number(n)) => n.to_string(),
                _ => String::new(),
            };
            Ok(list.iter().map(|v| request(&|name| get(v, name))).collect())
        }
        _ => {
            let root = xml::read(bytes)?;
            if !matches!(root.name.as_str(), "service_requests" | "requests") {
                return Err(format!("<service_requests> was expected, not <{}>", root.name));
            }
            Ok(root
                .all("request")
                .map(|r| {
                    let more = r.child("extended_attributes");
                    request(&|name| match (r.text_of(name), more) {
                        ("", Some(more)) => more.text_of(name).to_owned(),
                        (text, _) => text.to_owned(),
                    })
                })
                .collect())
        }
    }
}

fn request(get: &dyn Fn(&str) -> String) -> Result<Request, String> {
    let number = |name: &str| -> Result<Option<f64>, String> {
        let text = get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let n: f64 = text.parse().map_err(|_| format!("{name}: '{text}' is no number"))?;
        Ok(Some(n).filter(|n| n.is_finite()))
    };
    let time = |name: &str| -> Result<Option<Stamp>, String> {
        let text = get(name);
        match (text.is_empty(), Stamp::parse(&text)) {
            (true, _) => Ok(None),
            (false, Some(at)) => Ok(Some(at)),
            (false, None) => Err(format!("{name}: '{text}' is no instant with a zone")),
        }
    };
    let (id, token) = (get("service_request_id"), get("token"));
    if id.is_empty() && token.is_empty() {
        return Err("neither service_request_id nor token".into());
    }
    let named = |reason: String| format!("{}: {reason}", if id.is_empty() { &token } else { &id });
    let status = get("status");
    if !matches!(status.as_str(), "" | "open" | "closed") {
        return Err(named(format!("status: '{status}' is neither open nor closed")));
    }
    let (lat, lon) = (number("lat").map_err(&named)?, number("long").map_err(&named)?);
    // Services without a place often write zeros: nobody reports from the Gulf of Guinea.
    let (lat, lon) = if lat == Some(0.0) && lon == Some(0.0) { (None, None) } else { (lat, lon) };
    if lat.is_some_and(|v| v.abs() > 90.0) || lon.is_some_and(|v| v.abs() > 180.0) {
        return Err(named("lat, long: not on Earth".into()));
    }
    let (requested, updated) = (time("requested_datetime").map_err(&named)?, time("updated_datetime").map_err(&named)?);
    Ok(Request {
        id,
        token,
        closed: status == "closed",
        status_notes: get("status_notes"),
        service_name: get("service_name"),
        service_code: get("service_code"),
        description: get("description"),
        agency: get("agency_responsible"),
        requested,
        updated,
        address: get("address"),
        lat,
        lon,
        media_url: get("media_url"),
        view: PhotoView::of_fields(|name| Some(get(name)).filter(|t| !t.is_empty())),
    })
}

/// Services of an answer, JSON or XML.
///
/// # Errors
/// When the answer is neither.
pub fn services(bytes: &[u8]) -> Result<Vec<Service>, String> {
    let service = |get: &dyn Fn(&str) -> String| Service {
        code: get("service_code"),
        name: get("service_name"),
        description: get("description"),
        metadata: get("metadata") == "true",
        kind: get("type"),
        group: get("group"),
    };
    if let Some(b'[') = bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        let list: Vec<Value> = serde_json::from_slice(bytes).map_err(|e| format!("not JSON: {e}"))?;
        let get = |v: &Value, name: &str| match v.get(name) {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        return Ok(list.iter().map(|v| service(&|name| get(v, name))).collect());
    }
    let root = xml::read(bytes)?;
    if root.name != "services" {
        return Err(format!("<services> was expected, not <{}>", root.name));
    }
    Ok(root.all("service").map(|s: &Element| service(&|name| s.text_of(name).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_request() {
        let text = r#"[{"service_request_id":"YC202607010001","status":"open","service_code":"01003","service_name":"雨水井盖异常","requested_datetime":"2026-07-01T08:00:00+08:00","lat":39.9087,"long":116.3975}]"#;
        let request = requests(text.as_bytes()).unwrap().remove(0).unwrap();
        assert_eq!((request.id.as_str(), request.lat, request.closed), ("YC202607010001", Some(39.9087), false));
        let seen = br#"[{"token":"t","extended_attributes":{"heading_deg":"90","fov":66}}]"#;
        assert_eq!(requests(seen).unwrap().remove(0).unwrap().view, PhotoView::new(Some(90.0), None, Some(66.0)));
        let seen = b"<service_requests><request><token>t</token><extended_attributes><GPSImgDirection>181/2\
            </GPSImgDirection></extended_attributes></request></service_requests>";
        assert_eq!(requests(seen).unwrap().remove(0).unwrap().view.heading_deg, Some(90.5));
        let bad = requests(br#"[{"service_request_id":1,"lat":"north"},{}]"#).unwrap();
        assert!(bad[0].as_ref().unwrap_err().contains("lat") && bad[1].is_err());
    }
}
