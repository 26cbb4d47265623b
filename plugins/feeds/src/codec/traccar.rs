//! Traccar clients and OsmAnd (DOMAIN §3.7): a query, or the JSON of newer clients and of Traccar's forwarding.

use guanlan_core::Stamp;
use serde_json::Value;

use crate::{
    map::TimeFormat,
    parse::{Refused, refuse},
};

/// One knot, m/s.
const KNOT_MPS: f64 = 1852.0 / 3600.0;

/// A fix of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// The device.
    pub device: String,
    /// When.
    pub at: Stamp,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Over ground.
    pub speed_mps: f64,
    /// Degrees.
    pub course_deg: f64,
    /// %.
    pub battery: Option<u8>,
    /// False: the receiver had no fix; the point is dropped.
    pub valid: bool,
}

fn on_earth(lat: f64, lon: f64) -> Result<(), Refused> {
    if lat.abs() <= 90.0 && lon.abs() <= 180.0 {
        Ok(())
    } else {
        Err(refuse("lat/lon", format!("{lat}, {lon} is not on Earth")))
    }
}

fn percent(value: f64) -> Option<u8> {
    (value.is_finite() && value >= 0.0).then(|| value.clamp(0.0, 100.0) as u8)
}

/// `?id=07&lat=…&lon=…&timestamp=…&speed=KNOTS&bearing=…&batt=…&valid=true`.
///
/// # Errors
/// The field that is missing or no value.
pub fn query(fields: &[(String, String)]) -> Result<Fix, Refused> {
    let get = |names: &[&str]| fields.iter().find(|(k, _)| names.contains(&k.as_str())).map(|(_, v)| v.as_str());
    let optional = |names: &[&str]| -> Result<Option<f64>, Refused> {
        match get(names) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse::<f64>() {
                Ok(n) if n.is_finite() => Ok(Some(n)),
                _ => Err(refuse(names[0], format!("'{text}' is no number"))),
            },
        }
    };
    let need = |names: &[&str]| optional(names)?.ok_or_else(|| refuse(names[0], "is missing"));
    let device = get(&["id", "deviceid"]).filter(|d| !d.is_empty()).ok_or_else(|| refuse("id", "is missing"))?;
    // Some clients send "lat,lon" in one field.
    let (lat, lon) = match get(&["location"]).and_then(|l| l.split_once(',')) {
        Some((lat, lon)) => {
            let number = |t: &str| t.trim().parse::<f64>().ok().filter(|n| n.is_finite());
            number(lat).zip(number(lon)).ok_or_else(|| refuse("location", "expected lat,lon"))?
        }
        None => (need(&["lat"])?, need(&["lon"])?),
    };
    on_earth(lat, lon)?;
    let time = get(&["timestamp"]).filter(|t| !t.is_empty()).ok_or_else(|| refuse("timestamp", "is missing"))?;
    let at = TimeFormat::Auto
        .instant(&Value::String(time.replace(' ', "T")), 0)
        .ok_or_else(|| refuse("timestamp", format!("'{time}' is no instant")))?;
    Ok(Fix {
        device: device.to_owned(),
        at,
        lat,
        lon,
        speed_mps: optional(&["speed"])?.unwrap_or(0.0) * KNOT_MPS,
        course_deg: optional(&["bearing", "heading"])?.unwrap_or(0.0),
        battery: optional(&["batt"])?.and_then(percent),
        valid: get(&["valid"]).is_none_or(|v| v == "true" || v == "1"),
    })
}

/// JSON of a client (`device_id`, `location.coords`, m/s) or of Traccar's forwarding (`position`, `device`, knots).
///
/// # Errors
/// As [`query`].
pub fn json(value: &Value) -> Result<Vec<Fix>, Refused> {
    if let Value::Array(list) = value {
        let read: Result<Vec<Vec<Fix>>, Refused> = list.iter().map(json).collect();
        return Ok(read?.into_iter().flatten().collect());
    }
    let text = |path: &str| match value.pointer(path) {
        Some(Value::String(s)) if !s.is_empty() => Some(s.clone()),
        Some(Value::Number(n)) => Some(n.to_string()),
        _ => None,
    };
    let number = |path: &str| value.pointer(path).and_then(Value::as_f64).filter(|n| n.is_finite());
    let need = |path: &str| number(path).ok_or_else(|| refuse(&path[1..].replace('/', "."), "a number was expected"));
    let time = |path: &str| {
        let wrong = || refuse(&path[1..].replace('/', "."), "an instant was expected");
        TimeFormat::Auto.instant(value.pointer(path).ok_or_else(wrong)?, 0).ok_or_else(wrong)
    };
    if value.get("position").is_some() {
        let device = text("/device/uniqueId").or_else(|| text("/position/deviceId"));
        let (lat, lon) = (need("/position/latitude")?, need("/position/longitude")?);
        on_earth(lat, lon)?;
        return Ok(vec![Fix {
            device: device.ok_or_else(|| refuse("device.uniqueId", "is missing"))?,
            at: time("/position/fixTime")?,
            lat,
            lon,
            speed_mps: number("/position/speed").unwrap_or(0.0) * KNOT_MPS,
            course_deg: number("/position/course").unwrap_or(0.0),
            battery: number("/position/attributes/batteryLevel").and_then(percent),
            valid: value.pointer("/position/valid").and_then(Value::as_bool).unwrap_or(true),
        }]);
    }
    let (lat, lon) = (need("/location/coords/latitude")?, need("/location/coords/longitude")?);
    on_earth(lat, lon)?;
    Ok(vec![Fix {
        device: text("/device_id").ok_or_else(|| refuse("device_id", "is missing"))?,
        at: time("/location/timestamp")?,
        lat,
        lon,
        // Clients say −1 for "unknown".
        speed_mps: number("/location/coords/speed").filter(|s| *s >= 0.0).unwrap_or(0.0),
        course_deg: number("/location/coords/heading").filter(|h| *h >= 0.0).unwrap_or(0.0),
        battery: number("/location/battery/level").and_then(|l| percent(l * 100.0)),
        valid: true,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        text.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    #[test]
    fn the_published_query_and_json() {
        let fix =
            query(&pairs("id=07&lat=39.9087&lon=116.3975&timestamp=1782864000&speed=19.708&bearing=90&valid=true"))
                .unwrap();
        assert_eq!((fix.device.as_str(), fix.at), ("07", Stamp::from_secs(1_782_864_000)));
        assert!((fix.speed_mps * 3.6 - 36.499).abs() < 1e-3, "knots");
        let text = r#"{"device_id":"07","location":{"timestamp":"2026-07-01T00:00:00Z","coords":{"latitude":39.9087,"longitude":116.3975,"accuracy":8,"speed":10.0,"heading":90,"altitude":45},"is_moving":true,"odometer":1234,"event":"motionchange","battery":{"level":0.82,"is_charging":false},"activity":{"type":"in_vehicle"}}}"#;
        let fix = json(&serde_json::from_str(text).unwrap()).unwrap().remove(0);
        assert_eq!((fix.speed_mps, fix.course_deg, fix.battery), (10.0, 90.0, Some(82)));
        assert_eq!(Some(fix.at), Stamp::parse("2026-07-01T00:00:00Z"));
        let forward = r#"{"device":{"uniqueId":"07"},"position":{"latitude":1,"longitude":2,"fixTime":"2026-07-01T00:00:00.000+0000","speed":10,"valid":false}}"#;
        assert!(json(&serde_json::from_str(&forward.replace("+0000", "+00:00")).unwrap()).is_ok_and(|f| !f[0].valid));
    }

    #[test]
    fn wrong_fields_are_named() {
        let field = |text: &str| query(&pairs(text)).unwrap_err().field;
        assert_eq!(field("lat=1&lon=2&timestamp=1"), "id");
        assert_eq!(field("id=1&lat=x&lon=2&timestamp=1"), "lat");
        assert_eq!(field("id=1&lat=91&lon=2&timestamp=1"), "lat/lon");
        assert_eq!(field("id=1&lat=1&lon=2"), "timestamp");
        assert_eq!(json(&serde_json::json!({"device_id": "1"})).unwrap_err().field, "location.coords.latitude");
    }
}
