//! Cursor-on-Target events (DOMAIN §3.10): uid, type, times, point, track.

use guanlan_core::Stamp;

use super::xml;

/// At or beyond it a number means "unknown".
const UNKNOWN: f64 = 9_999_999.0;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who.
    pub uid: String,
    /// What: `a-f-G-E-V-C` is a friendly civilian vehicle on the ground.
    pub kind: String,
    /// How it is known: `m-g` GNSS, `h-e` a person's estimate.
    pub how: String,
    /// When it was made.
    pub time: Stamp,
    /// Until when it holds.
    pub stale: Stamp,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Above the ellipsoid, m.
    pub hae_m: Option<f64>,
    /// Circular error, m.
    pub ce_m: Option<f64>,
    /// Name for people.
    pub callsign: Option<String>,
    /// Over ground, m/s.
    pub speed_mps: Option<f64>,
    /// Degrees.
    pub course_deg: Option<f64>,
}

impl Event {
    /// True for things (`a-…`), not for chat, tasks and drawings.
    #[must_use]
    pub fn is_atom(&self) -> bool {
        self.kind.starts_with("a-")
    }
}

/// Reads one event.
///
/// # Errors
/// The attribute that is missing or no value.
pub fn read(bytes: &[u8]) -> Result<Event, String> {
    let root = xml::read(bytes)?;
    if root.name != "event" {
        return Err(format!("<event> was expected, not <{}>", root.name));
    }
    let text =
        |name: &str| root.attribute(name).filter(|v| !v.is_empty()).ok_or_else(|| format!("event {name} is missing"));
    let time = |name: &str| {
        let value = text(name)?;
        // The standard asks for Z.
        match Stamp::parse(value).filter(|_| value.ends_with('Z')) {
            Some(at) => Ok(at),
            None => Err(format!("event {name}: '{value}' is no instant with Z")),
        }
    };
    let point = root.child("point").ok_or("<point> is missing")?;
    let number = |name: &str| -> Result<f64, String> {
        let value = point.attribute(name).ok_or_else(|| format!("point {name} is missing"))?;
        let number: f64 = value.parse().map_err(|_| format!("point {name}: '{value}' is no number"))?;
        if number.is_finite() { Ok(number) } else { Err(format!("point {name}: '{value}' is no number")) }
    };
    let known = |name: &str| number(name).ok().filter(|v| *v < UNKNOWN);
    let (lat, lon) = (number("lat")?, number("lon")?);
    if lat.abs() > 90.0 || lon.abs() > 180.0 {
        return Err(format!("{lat}, {lon} is not on Earth"));
    }
    let detail = root.child("detail");
    let track = |name: &str| {
        let value = detail?.child("track")?.attribute(name)?.parse::<f64>().ok()?;
        (value.is_finite() && value < UNKNOWN).then_some(value)
    };
    Ok(Event {
        uid: text("uid")?.to_owned(),
        kind: text("type")?.to_owned(),
        how: root.attribute("how").unwrap_or_default().to_owned(),
        time: time("time")?,
        stale: time("stale")?,
        lat,
        lon,
        hae_m: known("hae"),
        ce_m: known("ce"),
        callsign: detail.and_then(|d| d.child("contact")).and_then(|c| c.attribute("callsign")).map(str::to_owned),
        speed_mps: track("speed").filter(|s| *s >= 0.0),
        course_deg: track("course"),
    })
}

/// Takes whole events off a stream; events follow each other without anything between.
#[derive(Debug, Default)]
pub struct Events {
    buffer: Vec<u8>,
}

/// Longest event that is waited for, bytes.
const LONGEST: usize = 256 * 1024;

impl Events {
    /// Adds bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event's bytes.
    pub fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        const END: &[u8] = b"</event>";
        if let Some(at) = self.buffer.windows(END.len()).position(|w| w == END) {
            return Some(Ok(self.buffer.drain(..at + END.len()).collect()));
        }
        if self.buffer.len() > LONGEST {
            let n = self.buffer.len();
            self.buffer.clear();
            return Some(Err(format!("{n} bytes without </event>")));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"<event version="2.0" uid="UNIT-07" type="a-f-G-E-V-C" how="m-g" time="2026-07-01T00:00:00Z" start="2026-07-01T00:00:00Z" stale="2026-07-01T00:01:00Z"><point lat="39.9087" lon="116.3975" hae="45" ce="8" le="9999999.0"/><detail><contact callsign="环卫07"/><track speed="10" course="90"/></detail></event>"#;

    #[test]
    fn the_published_event() {
        let event = read(TEXT.as_bytes()).unwrap();
        assert_eq!((event.uid.as_str(), event.callsign.as_deref()), ("UNIT-07", Some("环卫07")));
        assert_eq!((event.lat, event.lon, event.hae_m), (39.9087, 116.3975, Some(45.0)));
        assert_eq!((event.speed_mps, event.course_deg), (Some(10.0), Some(90.0)));
        assert!(event.is_atom());
        let unknown = read(TEXT.replace(r#"hae="45""#, r#"hae="9999999""#).as_bytes()).unwrap();
        assert_eq!(unknown.hae_m, None);
    }

    #[test]
    fn wrong_events_say_what_is_wrong() {
        for (from, to, word) in [
            ("uid=\"UNIT-07\" ", "", "uid"),
            ("00:00:00Z\" stale", "00:00:00Z\" stale_", "stale"),
            ("time=\"2026-07-01T00:00:00Z\"", "time=\"2026-07-01T08:00:00+08:00\"", "time"),
            ("lat=\"39.9087\"", "lat=\"139\"", "Earth"),
            ("lat=\"39.9087\"", "lat=\"NaN\"", "lat"),
            ("<point", "<pint", "point"),
        ] {
            let said = read(TEXT.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn a_stream_is_cut_into_events() {
        let mut events = Events::default();
        let twice = format!("{TEXT}{TEXT}");
        for piece in twice.as_bytes().chunks(50) {
            events.feed(piece);
        }
        assert!(read(&events.next().unwrap().unwrap()).is_ok());
        assert!(read(&events.next().unwrap().unwrap()).is_ok());
        assert!(events.next().is_none());
    }
}
