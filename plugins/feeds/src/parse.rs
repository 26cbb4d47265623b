//! Payloads to inputs: SensorThings observations (DOMAIN §3.1), OwnTracks positions (§3.6), crew
//! reports and citizens' reports. Pure: time and frame are arguments.

use crate::place::Placer;
use guanlan_core::{
    Bilingual, DispatchId, Input, ObservedProperty, PhotoView, Stamp,
    input::{CitizenReport, Observation, SensorDeclared, UnitFix, UnitReport, UnitStatus},
};
use guanlan_geography::LocalFrame;
use serde::Deserialize;
use serde_json::Value;

/// A message that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Refused {
    /// Field of the payload, or `payload`, or `topic`.
    pub field: String,
    /// What is wrong and what was expected.
    pub reason: String,
}

pub(crate) fn refuse(field: &str, reason: impl Into<String>) -> Refused {
    Refused { field: field.to_owned(), reason: reason.into() }
}

/// What a topic carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic<'a> {
    /// Observations of a stream; `None` when the payload names it.
    Observations(Option<&'a str>),
    /// A stream's description.
    Datastream(&'a str),
    /// OwnTracks position of a unit.
    Position(&'a str),
    /// A crew's report.
    CrewReport(&'a str),
    /// A citizen's report.
    Citizen,
    /// Nothing for the room.
    Other,
}

/// Reads a topic name.
#[must_use]
pub fn topic(name: &str) -> Topic<'_> {
    if name == "v1.1/Observations" {
        return Topic::Observations(None);
    }
    if let Some(rest) = name.strip_prefix("v1.1/Datastreams(") {
        let id = |suffix: &str| rest.strip_suffix(suffix).map(|id| id.trim_matches('\'')).filter(|id| !id.is_empty());
        if let Some(id) = id(")/Observations") {
            return Topic::Observations(Some(id));
        }
        if let Some(id) = id(")") {
            return Topic::Datastream(id);
        }
    }
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["owntracks", unit, _device] if !unit.is_empty() => Topic::Position(unit),
        ["guanlan", "units", unit, "status"] if !unit.is_empty() => Topic::CrewReport(unit),
        ["guanlan", "reports"] => Topic::Citizen,
        _ => Topic::Other,
    }
}

/// Turns one message into inputs. An empty list means "understood, nothing for the room".
///
/// # Errors
/// Names the field and what was expected; nothing of the message is then used.
pub fn message(name: &str, payload: &[u8], received: Stamp, frame: &LocalFrame) -> Result<Vec<Input>, Refused> {
    let placer = Placer::new(*frame, "WGS84").map_err(|e| refuse("crs", e))?;
    placed_message(name, payload, received, &placer)
}

/// As [`message`], of a source with its own coordinate system.
///
/// # Errors
/// As [`message`].
pub fn placed_message(name: &str, payload: &[u8], received: Stamp, frame: &Placer) -> Result<Vec<Input>, Refused> {
    let topic = topic(name);
    if matches!(topic, Topic::Other) {
        return Err(refuse("topic", format!("'{name}' is not a topic of this room")));
    }
    let value: Value = serde_json::from_slice(payload).map_err(|e| refuse("payload", format!("not JSON: {e}")))?;
    match topic {
        Topic::Observations(id) => match &value {
            Value::Array(items) => items.iter().map(|item| observation(id, item, received)).collect(),
            one => Ok(vec![observation(id, one, received)?]),
        },
        Topic::Datastream(id) => Ok(vec![datastream(id, &value, frame)?]),
        Topic::Position(unit) => position(unit, &value, frame),
        Topic::CrewReport(unit) => crew_report(unit, value),
        Topic::Citizen => citizen(value, frame),
        Topic::Other => Ok(Vec::new()),
    }
}

/// An id that may be a number or a string.
#[must_use]
pub fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A `phenomenonTime` or `resultTime`: an instant, or the end of an interval `start/end`.
#[must_use]
pub fn instant(value: &Value) -> Option<Stamp> {
    let text = value.as_str()?;
    Stamp::parse(text.rsplit('/').next().unwrap_or(text))
}

/// A result as a number: numbers, numeric strings, truth (`true`, "on"), an object with a `value`.
fn result_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(n) => n.as_f64()?,
        Value::String(s) => match s.trim().to_ascii_lowercase().as_str() {
            "true" | "on" => 1.0,
            "false" | "off" => 0.0,
            text => text.parse().ok()?,
        },
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Object(map) => result_number(map.get("value")?)?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// The stream of a link like `https://host/v1.1/Datastreams(7)`; a link that leads through the observation names none.
fn linked_stream(link: &str) -> Option<String> {
    let (_, rest) = link.rsplit_once("Datastreams(")?;
    let (id, _) = rest.split_once(')')?;
    let id = id.trim_matches('\'');
    (!id.is_empty()).then(|| id.to_owned())
}

/// Does an Observation say which stream it is of?
pub(crate) fn names_stream(value: &Value) -> bool {
    let own = value.get("Datastream").and_then(|d| d.get("@iot.id")).and_then(id_text);
    own.is_some()
        || value.get("Datastream@iot.navigationLink").and_then(Value::as_str).and_then(linked_stream).is_some()
}

/// One SensorThings Observation.
///
/// # Errors
/// When the stream or the result is missing or no number.
pub fn observation(id: Option<&str>, value: &Value, received: Stamp) -> Result<Input, Refused> {
    let Value::Object(map) = value else {
        return Err(refuse("payload", "an object or a list of objects was expected"));
    };
    let sensor = match id {
        Some(id) => id.to_owned(),
        None => map
            .get("Datastream")
            .and_then(|d| d.get("@iot.id"))
            .and_then(id_text)
            .or_else(|| linked_stream(map.get("Datastream@iot.navigationLink")?.as_str()?))
            .ok_or_else(|| refuse("Datastream.@iot.id", "the stream's id was expected"))?,
    };
    let result = map.get("result").ok_or_else(|| refuse("result", "is missing"))?;
    let result =
        result_number(result).ok_or_else(|| refuse("result", format!("a finite number was expected, not {result}")))?;
    let phenomenon = match map.get("phenomenonTime").filter(|v| !v.is_null()) {
        Some(time) => instant(time).ok_or_else(|| {
            refuse("phenomenonTime", format!("an instant like 2026-07-01T08:00:00+08:00 was expected, not {time}"))
        })?,
        None => map.get("resultTime").and_then(instant).unwrap_or(received),
    };
    Ok(Input::Observation(Observation { sensor: sensor.into(), phenomenon, received, result }))
}

/// A Datastream entity, with its place from `observedArea` (a GeoJSON point) or an expanded Thing.
pub(crate) fn datastream(id: &str, value: &Value, frame: &Placer) -> Result<Input, Refused> {
    let name = value.get("name").and_then(Value::as_str).unwrap_or(id);
    let place_m = match point_of(value) {
        // Where it cannot be (zeros, another city), it has no place; what it measures counts all the same.
        Some([lon, lat]) => {
            let place_m = frame.local(lon, lat).map_err(|e| refuse("observedArea", e))?;
            LocalFrame::near(place_m).ok()
        }
        None => None,
    };
    let period_s = value.pointer("/properties/period_s").and_then(Value::as_u64).unwrap_or(300);
    Ok(Input::SensorDeclared(SensorDeclared {
        sensor: id.into(),
        name: Bilingual::same(name),
        property: property_of(value),
        place_m,
        period_s: u32::try_from(period_s).unwrap_or(u32::MAX),
    }))
}

fn point_of(value: &Value) -> Option<[f64; 2]> {
    /// Sum and number of the positions of any geometry; the last of a ring repeats the first.
    fn positions(c: &Value, ring: bool, sum: &mut ([f64; 2], f64)) {
        let Some(list) = c.as_array() else { return };
        if let (Some(lon), Some(lat)) = (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64)) {
            (sum.0[0], sum.0[1], sum.1) = (sum.0[0] + lon, sum.0[1] + lat, sum.1 + 1.0);
            return;
        }
        let repeated = ring && list.len() > 1 && list.first() == list.last();
        list[..list.len() - usize::from(repeated)].iter().for_each(|c| positions(c, ring, sum));
    }
    // A point as it is; a line, an area or a feature by the middle of its corners.
    let spot = |v: &Value| {
        let geometry = v.get("geometry").unwrap_or(v);
        let ring = geometry.get("type").and_then(Value::as_str).is_some_and(|t| t.ends_with("Polygon"));
        let mut sum = ([0.0, 0.0], 0.0);
        positions(geometry.get("coordinates")?, ring, &mut sum);
        (sum.1 > 0.0).then(|| [sum.0[0] / sum.1, sum.0[1] / sum.1])
    };
    value
        .get("observedArea")
        .filter(|area| area.get("type").and_then(Value::as_str) == Some("Point"))
        .and_then(spot)
        .or_else(|| value.pointer("/Thing/Locations/0/location").and_then(spot))
        .or_else(|| value.pointer("/Locations/0/location").and_then(spot))
        .or_else(|| value.get("observedArea").and_then(spot))
}

/// The property by our own key, else by unit and words of foreign servers.
pub fn property_of(value: &Value) -> ObservedProperty {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or("").to_lowercase();
    if let Some(p) = ObservedProperty::from_key(&text("/properties/observed_property")) {
        return p;
    }
    let words = [text("/ObservedProperty/name"), text("/ObservedProperty/definition"), text("/name")].join(" ");
    let found = WORDS.iter().find(|(list, _)| list.iter().any(|w| words.contains(w))).map(|(_, p)| *p);
    match found {
        // Rain in mm fell in a while; rain in mm/h falls.
        Some(ObservedProperty::RainIntensity) if text("/unitOfMeasurement/symbol") == "mm" => {
            ObservedProperty::RainDepth
        }
        Some(property) => property,
        None => ObservedProperty::Other,
    }
}

/// Words of foreign servers, the more special first.
const WORDS: [(&[&str], ObservedProperty); 22] = [
    (&["积水", "road water", "flood depth", "inundation"], ObservedProperty::RoadWaterDepth),
    (&["河道水位", "river", "water level", "水位", "gauge height", "stage"], ObservedProperty::RiverStage),
    (&["rain", "precipitation", "雨"], ObservedProperty::RainIntensity),
    (&["pm2.5", "pm25", "pm2_5", "pm 2.5"], ObservedProperty::Pm25),
    (&["pm10", "pm 10"], ObservedProperty::Pm10),
    (&["air quality index", "aqi", "空气质量指数"], ObservedProperty::Aqi),
    (&["hydrogen sul", "h2s", "硫化氢"], ObservedProperty::H2s),
    (&["carbon monoxide", "一氧化碳"], ObservedProperty::Co),
    (&["oxygen", "氧气"], ObservedProperty::Oxygen),
    (&["noise", "sound", "噪声"], ObservedProperty::Noise),
    (&["parking", "停车"], ObservedProperty::ParkingOccupancy),
    (&["wind speed", "windspeed", "wind_speed", "风速"], ObservedProperty::WindSpeed),
    (&["visibility", "能见度"], ObservedProperty::Visibility),
    (&["temperature", "气温", "温度"], ObservedProperty::Temperature),
    (&["crowd", "people per", "人群"], ObservedProperty::CrowdDensity),
    (&["manhole", "cover tilt", "井盖"], ObservedProperty::CoverTilt),
    (&["street light", "streetlight", "路灯"], ObservedProperty::StreetLight),
    (&["bin fill", "waste bin", "fill level", "垃圾"], ObservedProperty::BinFill),
    (&["pumps running", "running pumps", "泵"], ObservedProperty::PumpsRunning),
    (&["battery", "电量"], ObservedProperty::Battery),
    (&["lel", "combustible", "methane"], ObservedProperty::GasLel),
    (&["gas", "燃气"], ObservedProperty::GasLel),
];

/// OwnTracks: `vel` is km/h, `tst` seconds; other `_type`s are understood and ignored.
pub(crate) fn position(unit: &str, value: &Value, frame: &Placer) -> Result<Vec<Input>, Refused> {
    if value.get("_type").and_then(Value::as_str) != Some("location") {
        return Ok(Vec::new());
    }
    let number = |field: &str| value.get(field).and_then(Value::as_f64).filter(|v| v.is_finite());
    let need = |field: &str| number(field).ok_or_else(|| refuse(field, "a number was expected"));
    let (lon, lat) = (need("lon")?, need("lat")?);
    if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
        return Err(refuse("lon/lat", format!("{lon}, {lat} is not on Earth")));
    }
    let at = need("tst")?;
    let [east_m, north_m] = frame.in_city(lon, lat).map_err(|e| refuse("lon/lat", e))?;
    Ok(vec![Input::Fix(UnitFix {
        unit: unit.into(),
        at: Stamp((at * 1000.0) as i64),
        east_m,
        north_m,
        speed_mps: (number("vel").unwrap_or(0.0) / 3.6) as f32,
        course_deg: number("cog").unwrap_or(0.0) as f32,
        battery: number("batt").map(|b| b.clamp(0.0, 100.0) as u8),
    })])
}

#[derive(Deserialize)]
struct CrewReportWire {
    at: String,
    status: UnitStatus,
    #[serde(default)]
    dispatch: Option<u64>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    photo: Option<String>,
}

fn crew_report(unit: &str, value: Value) -> Result<Vec<Input>, Refused> {
    let wire: CrewReportWire = serde_json::from_value(value).map_err(|e| refuse("payload", e.to_string()))?;
    let at = Stamp::parse(&wire.at).ok_or_else(|| refuse("at", "an RFC 3339 instant was expected"))?;
    Ok(vec![Input::UnitReport(UnitReport {
        unit: unit.into(),
        at,
        status: wire.status,
        dispatch: wire.dispatch.map(DispatchId),
        note: wire.note,
        photo: wire.photo,
    })])
}

#[derive(Deserialize)]
struct CitizenWire {
    report: String,
    at: String,
    lon: f64,
    lat: f64,
    #[serde(default)]
    code: String,
    text: String,
    #[serde(default)]
    photo: Option<String>,
    /// Where the photo looks, by our names or those of EXIF, flat or under `exif`.
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
}

fn view_of(fields: &serde_json::Map<String, Value>) -> PhotoView {
    PhotoView::of_fields(|name| match fields.get(name).or_else(|| fields.get("exif")?.get(name))? {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    })
}

fn citizen(value: Value, frame: &Placer) -> Result<Vec<Input>, Refused> {
    let wire: CitizenWire = serde_json::from_value(value).map_err(|e| refuse("payload", e.to_string()))?;
    let at = Stamp::parse(&wire.at).ok_or_else(|| refuse("at", "an RFC 3339 instant was expected"))?;
    let [east_m, north_m] = frame.in_city(wire.lon, wire.lat).map_err(|e| refuse("lon/lat", e))?;
    if wire.report.is_empty() {
        return Err(refuse("report", "an id that names this report for ever was expected"));
    }
    Ok(vec![Input::Citizen(CitizenReport {
        report: wire.report,
        at,
        east_m,
        north_m,
        code: wire.code,
        text: wire.text,
        photo: wire.photo,
        view: view_of(&wire.more),
    })])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> LocalFrame {
        LocalFrame::new(4549, [500_000.0, 3_350_000.0])
    }

    fn parse(name: &str, payload: &str) -> Result<Vec<Input>, Refused> {
        message(name, payload.as_bytes(), Stamp(1_000), &frame())
    }

    #[test]
    fn the_published_observation() {
        let payload = r#"{"@iot.id":9001,"phenomenonTime":"2026-07-01T08:00:00.000+08:00","resultTime":"2026-07-01T08:00:01.000+08:00","result":17.5,"Datastream":{"@iot.id":7}}"#;
        let by_topic = parse("v1.1/Datastreams(7)/Observations", payload).unwrap();
        let by_link = parse("v1.1/Observations", payload).unwrap();
        assert_eq!(by_topic, by_link);
        let Input::Observation(o) = &by_topic[0] else { panic!() };
        assert_eq!((o.sensor.as_str(), o.result), ("7", 17.5));
        assert_eq!(Some(o.phenomenon), Stamp::parse("2026-07-01T08:00:00+08:00"));
    }

    #[test]
    fn variants_of_time_id_and_result() {
        let ok = |payload: &str| match parse("v1.1/Datastreams('a-7')/Observations", payload).unwrap().remove(0) {
            Input::Observation(o) => (o.sensor.as_str().to_owned(), o.phenomenon.0, o.result),
            other => panic!("{other:?}"),
        };
        assert_eq!(ok(r#"{"result":1,"phenomenonTime":"1970-01-01T00:00:00Z/1970-01-01T00:00:05Z"}"#).1, 5_000);
        assert_eq!(ok(r#"{"result":"2.5","resultTime":null}"#), ("a-7".into(), 1_000, 2.5));
        assert_eq!(ok(r#"{"result":true}"#).2, 1.0);
        assert_eq!(ok(r#"{"result":"Off"}"#).2, 0.0);
        assert_eq!(ok(r#"{"result":{"value":3}}"#).2, 3.0);
        assert_eq!(parse("v1.1/Datastreams(7)/Observations", r#"[{"result":1},{"result":2}]"#).unwrap().len(), 2);
    }

    #[test]
    fn places_of_foreign_geometries() {
        let place = |text: &str| point_of(&serde_json::from_str(text).unwrap());
        let square = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}"#;
        assert_eq!(place(r#"{"observedArea":{"type":"Point","coordinates":[3,4,9]}}"#), Some([3.0, 4.0]));
        assert_eq!(place(&format!(r#"{{"observedArea":{square}}}"#)), Some([1.0, 1.0]));
        // Where a thing is says more than the area its readings are about.
        let feature = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[5,6]},"properties":{}}"#;
        let both = format!(r#"{{"observedArea":{square},"Thing":{{"Locations":[{{"location":{feature}}}]}}}}"#);
        assert_eq!(place(&both), Some([5.0, 6.0]));
        assert_eq!(place(r#"{"Thing":{"Locations":[]}}"#), None);
    }

    #[test]
    fn wrong_messages_name_the_field() {
        let field = |topic: &str, payload: &str| parse(topic, payload).unwrap_err().field;
        assert_eq!(field("v1.1/Datastreams(7)/Observations", "{"), "payload");
        assert_eq!(field("v1.1/Datastreams(7)/Observations", r#"{"result":"wet"}"#), "result");
        assert_eq!(
            field("v1.1/Datastreams(7)/Observations", r#"{"result":1,"phenomenonTime":"noon"}"#),
            "phenomenonTime"
        );
        assert_eq!(field("v1.1/Observations", r#"{"result":1}"#), "Datastream.@iot.id");
        assert_eq!(field("home/kitchen", "{}"), "topic");
        assert_eq!(field("owntracks/DRAIN-07/phone", r#"{"_type":"location","lat":"x","lon":1,"tst":1}"#), "lat");
        // One bad row refuses the whole batch: nothing is half applied.
        assert!(parse("v1.1/Datastreams(7)/Observations", r#"[{"result":1},{"result":null}]"#).is_err());
    }

    #[test]
    fn owntracks_speed_is_km_h() {
        let payload = r#"{"_type":"location","lat":30.3,"lon":120.2,"tst":1782864000,"vel":36,"cog":90,"batt":82}"#;
        let Input::Fix(fix) = &parse("owntracks/DRAIN-07/phone", payload).unwrap()[0] else { panic!() };
        assert_eq!(fix.unit.as_str(), "DRAIN-07");
        assert!((fix.speed_mps - 10.0).abs() < 1e-6);
        assert_eq!(fix.battery, Some(82));
        assert!(parse("owntracks/DRAIN-07/phone", r#"{"_type":"lwt","tst":1}"#).unwrap().is_empty());
    }

    #[test]
    fn crews_and_citizens() {
        let report = parse(
            "guanlan/units/DRAIN-07/status",
            r#"{"at":"2026-07-01T08:00:00+08:00","status":"on_scene","dispatch":3,"note":"到场"}"#,
        )
        .unwrap();
        assert!(
            matches!(&report[0], Input::UnitReport(r) if r.status == UnitStatus::OnScene && r.dispatch == Some(DispatchId(3)))
        );
        let citizen = parse(
            "guanlan/reports",
            r#"{"report":"r-1","at":"2026-07-01T08:00:00+08:00","lon":120.2,"lat":30.3,"code":"06-010","text":"垃圾",
                "heading_deg":271.5,"exif":{"CameraElevationAngle":"-40/10","FocalLengthIn35mmFilm":26,"Make":"X"}}"#,
        )
        .unwrap();
        assert!(matches!(&citizen[0], Input::Citizen(c) if c.code == "06-010"));
        let Input::Citizen(c) = &citizen[0] else { panic!() };
        assert_eq!((c.view.heading_deg, c.view.pitch_deg, c.view.fov_deg), (Some(271.5), Some(-4.0), Some(69.39)));
    }
}
