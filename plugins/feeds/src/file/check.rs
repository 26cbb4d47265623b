//! What the types cannot say: addresses, units, picks, times. The answer names the field.

use guanlan_core::ObservedProperty;

use super::{
    Feed, Kind,
    map_spec::{MapSpec, What},
    words,
};
use crate::{
    map::{Pick, TimeFormat, units},
    place::Placer,
    run::address,
};

type Fault = (String, String);

fn fault(field: &str, reason: impl Into<String>) -> Result<(), Fault> {
    Err((field.to_owned(), reason.into()))
}

/// Checks a feed.
pub(super) fn feed(feed: &Feed) -> Result<(), Fault> {
    let name = &feed.common.name;
    if name.trim().is_empty() || name.chars().count() > 64 || name.contains(['/', '\n', '?', '#']) {
        return fault("name", "expected 1 to 64 characters without / ? #");
    }
    if name == "mqtt" {
        return fault("name", "'mqtt' is the room's own broker: choose another name");
    }
    if name == "api" {
        return fault("name", "'api' is the room's own interface: choose another name");
    }
    if let Err(reason) = Placer::check(&feed.common.crs) {
        return fault("crs", reason);
    }
    kind(feed)?;
    for (i, map) in feed.maps.iter().enumerate() {
        mapping(map).map_err(|(field, reason)| (format!("map[{i}].{field}"), reason))?;
    }
    Ok(())
}

fn kind(feed: &Feed) -> Result<(), Fault> {
    let need_map = || if feed.maps.is_empty() { fault("map", "is missing: expected [[feed.map]]") } else { Ok(()) };
    let scheme = |url: &str, of: &[&str]| match of.iter().any(|s| url.strip_prefix(s).is_some_and(|r| !r.is_empty())) {
        true => Ok(()),
        false => fault("url", format!("'{url}': expected {}", of.join("… or "))),
    };
    let every = |s: u32| if s == 0 { fault("every_s", "expected at least 1") } else { Ok(()) };
    const WEB: [&str; 2] = ["http://", "https://"];
    match &feed.kind {
        Kind::Mqtt(m) => {
            address::mqtt(&m.url).map_err(at("url"))?;
            if let Some(i) = m.topics.iter().position(|t| !address::is_filter(t)) {
                let reason = format!("'{}' is no MQTT filter: + for one level, # only at the end", m.topics[i]);
                return fault(&format!("topics[{i}]"), reason);
            }
            for (i, topic) in m.topics.iter().enumerate() {
                if let Some(other) = m.topics[..i].iter().find(|t| address::overlap(t, topic)) {
                    let reason = format!("'{topic}' overlaps '{other}': a broker would deliver what fits both twice");
                    return fault(&format!("topics[{i}]"), reason);
                }
            }
            if !feed.maps.is_empty() && m.topics.is_empty() {
                return fault("topics", "is missing: a mapping needs topics");
            }
            if m.client_cert.is_some() != m.client_key.is_some() {
                return fault("client_cert", "client_cert and client_key belong together");
            }
            Ok(())
        }
        Kind::SensorThings(s) => {
            scheme(&s.url, &WEB)?;
            every(s.every_s)?;
            if let Some(url) = &s.mqtt {
                address::mqtt(url).map_err(at("mqtt"))?;
            }
            if s.page == 0 { fault("page", "expected at least 1") } else { Ok(()) }
        }
        Kind::Http(h) => {
            scheme(&h.url, &WEB)?;
            every(h.every_s)?;
            need_map()
        }
        Kind::WebSocket(w) => {
            scheme(&w.url, &["ws://", "wss://"])?;
            need_map()
        }
        Kind::Sse(s) => {
            scheme(&s.url, &WEB)?;
            need_map()
        }
        Kind::Tail(_) | Kind::Webhook(_) => need_map(),
        Kind::Replay(r) => {
            if !(r.speed.is_finite() && r.speed > 0.0) {
                return fault("speed", "expected a number above 0");
            }
            if r.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gpx")) {
                return if r.unit.is_none() { fault("unit", "is missing: a GPX track needs its crew") } else { Ok(()) };
            }
            need_map()
        }
        Kind::Open311(o) => {
            scheme(&o.url, &WEB)?;
            every(o.every_s)
        }
        Kind::Cap(c) => every(c.every_s),
        Kind::Nmea(n) => {
            address::stream(&n.url).map_err(at("url"))?;
            if n.unit.trim().is_empty() { fault("unit", "expected the crew's name") } else { Ok(()) }
        }
        Kind::Cot(c) => {
            address::stream(&c.url).map_err(at("url"))?;
            Ok(())
        }
        Kind::Jt808(j) => match j.listen.parse::<std::net::SocketAddr>() {
            Ok(_) => Ok(()),
            Err(_) => fault("listen", format!("'{}': expected ADDRESS:PORT, for example 0.0.0.0:8080", j.listen)),
        },
        Kind::Rain(r) => {
            every(r.every_s)?;
            if r.frame_s == 0 {
                return fault("frame_s", "expected at least 1");
            }
            if r.cell_m.is_some_and(|c| !(c.is_finite() && c > 0.0)) {
                return fault("cell_m", "expected a length above 0");
            }
            zone(&r.zone)
        }
        Kind::Camera(c) => {
            scheme(&c.url, &WEB)?;
            if c.camera.trim().is_empty() { fault("camera", "expected the camera's id") } else { Ok(()) }
        }
        Kind::OwnTracks(_) | Kind::Traccar(_) => Ok(()),
    }
}

fn at(field: &'static str) -> impl Fn(String) -> Fault {
    move |reason| (field.to_owned(), reason)
}

fn zone(text: &str) -> Result<(), Fault> {
    match crate::map::offset_s(text) {
        Some(_) => Ok(()),
        None => fault("zone", format!("'{text}': expected an offset like +08:00")),
    }
}

fn mapping(m: &MapSpec) -> Result<(), Fault> {
    let picks = [
        ("id", Some(&m.id)),
        ("time", m.time.as_ref()),
        ("value", m.value.as_ref()),
        ("name", m.name.as_ref()),
        ("lon", m.lon.as_ref()),
        ("lat", m.lat.as_ref()),
        ("speed", m.speed.as_ref()),
        ("course", m.course.as_ref()),
        ("battery", m.battery.as_ref()),
        ("code", m.code.as_ref()),
        ("text", m.text.as_ref()),
        ("photo", m.photo.as_ref()),
        ("heading", m.heading.as_ref()),
        ("pitch", m.pitch.as_ref()),
        ("fov", m.fov.as_ref()),
        ("status", m.status.as_ref()),
        ("dispatch", m.dispatch.as_ref()),
        ("rows", m.rows.as_ref()),
    ];
    for (field, text) in picks {
        if let Some(Err(reason)) = text.map(|t| Pick::read(t)) {
            return fault(field, reason);
        }
    }
    if m.rows.as_ref().is_some_and(|r| !r.starts_with('$')) {
        return fault("rows", "expected a JSONPath, for example $.data[*]");
    }
    let need = |field: &str, there: bool| if there { Ok(()) } else { fault(field, "is missing") };
    match m.what {
        What::Observation => need("value", m.value.is_some())?,
        What::Position => {
            need("lon", m.lon.is_some())?;
            need("lat", m.lat.is_some())?;
        }
        What::Report => {
            need("lon", m.lon.is_some())?;
            need("lat", m.lat.is_some())?;
            need("text", m.text.is_some())?;
        }
        What::Crew => need("status", m.status.is_some())?,
    }
    if m.lon.is_some() != m.lat.is_some() {
        return fault("lon", "lon and lat belong together");
    }
    if let Err(reason) = TimeFormat::read(&m.time_format) {
        return fault("time_format", reason);
    }
    zone(&m.zone)?;
    if !(m.scale.is_finite() && m.scale != 0.0) {
        return fault("scale", "expected a number other than 0");
    }
    let property = match &m.property {
        None => None,
        Some(key) => match ObservedProperty::from_key(key) {
            Some(p) => Some(p),
            None => {
                let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                let meant = words::property_meant(key);
                return fault("property", format!("'{key}' is unknown{meant}; expected one of {}", known.join(", ")));
            }
        },
    };
    if let Some(unit) = &m.unit {
        let Some(property) = property else {
            return fault("unit", "a unit is converted to that of `property`, which is missing");
        };
        if let Err(reason) = units::between(unit, property.unit()) {
            return fault("unit", reason);
        }
    }
    if let Some(unit) = &m.speed_unit {
        if let Err(reason) = units::between(unit, "m/s") {
            return fault("speed_unit", reason);
        }
    }
    Ok(())
}
