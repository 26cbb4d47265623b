//! CAP 1.2 (DOMAIN §3.2): reading what other authorities warn of, writing what this room warns of.
//!
//! Reading is exact about times, required elements and value lists, and keeps what only breaks a profile with a note.
//! A damaged outline does not hide a warning: it is closed, or left out, and the area says so.
//! Writing goes through [`Outgoing`], whose status follows from the mode of the timeline: an exercise cannot be written
//! as Actual, because nothing here lets anybody choose the status.

mod read;
mod schema;
mod warn;
mod write;

use guanlan_core::{Bilingual, Stamp, WarningKind, WarningStatus};

pub use read::{alerts, links};
pub use warn::warning;
pub use write::{Authority, Outgoing};

/// An instant with the offset it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The instant.
    pub at: Stamp,
    /// Minutes east of Greenwich; `None` for `-00:00`, which says UTC without a local zone.
    pub offset_min: Option<i16>,
}

/// An alert message.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Names it, with sender and sent.
    pub identifier: String,
    /// Who.
    pub sender: String,
    /// When.
    pub sent: When,
    /// Actual, Exercise …
    pub status: WarningStatus,
    /// Alert, Update …
    pub kind: WarningKind,
    /// Operator or device.
    pub source: String,
    /// Public, Restricted or Private.
    pub scope: Scope,
    /// Codes of handling.
    pub codes: Vec<String>,
    /// Purpose, name of the exercise.
    pub note: String,
    /// `sender,identifier,sent` of earlier messages.
    pub references: Vec<(String, String, When)>,
    /// Names of incidents.
    pub incidents: Vec<String>,
    /// What, where, until when; one for each language or colour.
    pub infos: Vec<Info>,
    /// Carries an XML signature (not verified here).
    pub signed: bool,
    /// Namespace it came in.
    pub version: &'static str,
}

/// Whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody.
    Public,
    /// Those who meet a restriction.
    Restricted(String),
    /// These addresses.
    Private(Vec<String>),
}

/// An info block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info {
    /// RFC 3066; en-US when absent.
    pub language: Option<String>,
    /// Met, Safety, Infra …
    pub categories: Vec<String>,
    /// What happens.
    pub event: String,
    /// Shelter, Avoid …
    pub responses: Vec<String>,
    /// Immediate, Expected …
    pub urgency: String,
    /// Extreme, Severe …
    pub severity: String,
    /// Observed, Likely …
    pub certainty: String,
    /// For whom.
    pub audience: String,
    /// System codes of the event.
    pub event_codes: Vec<(String, String)>,
    /// From when the information holds.
    pub effective: Option<When>,
    /// When the event is expected to begin.
    pub onset: Option<When>,
    /// Until when.
    pub expires: Option<When>,
    /// Who, for people.
    pub sender_name: String,
    /// One line.
    pub headline: String,
    /// What is known.
    pub description: String,
    /// What to do.
    pub instruction: String,
    /// More at.
    pub web: String,
    /// Ask.
    pub contact: String,
    /// System parameters.
    pub parameters: Vec<(String, String)>,
    /// Pictures, sound.
    pub resources: Vec<Resource>,
    /// Where.
    pub areas: Vec<Area>,
}

/// A file that belongs to an info.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// In words.
    pub description: String,
    /// MIME type.
    pub mime: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Where.
    pub uri: String,
    /// The file itself, in Base64, for receivers without a way to fetch it.
    pub embedded: String,
    /// SHA-1 of the file.
    pub digest: String,
}

/// An area.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Area {
    /// In words.
    pub description: String,
    /// Closed rings of [lat, lon].
    pub polygons: Vec<Vec<[f64; 2]>>,
    /// Lat, lon, radius in km.
    pub circles: Vec<[f64; 3]>,
    /// Codes of areas.
    pub geocodes: Vec<(String, String)>,
    /// Feet above mean sea level.
    pub altitude_ft: Option<f64>,
    /// Feet above mean sea level; only with an altitude.
    pub ceiling_ft: Option<f64>,
    /// What of its outline was closed or left out by the reader; shown behind the words.
    pub mended: Vec<Bilingual>,
}

/// What a reader made of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The message.
    pub alert: Alert,
    /// What breaks a rule without making the message useless.
    pub notes: Vec<String>,
}

const CATEGORIES: [&str; 12] =
    ["Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"];
const RESPONSES: [&str; 9] =
    ["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"];
const URGENCIES: [&str; 5] = ["Immediate", "Expected", "Future", "Past", "Unknown"];
const SEVERITIES: [&str; 5] = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"];
const CERTAINTIES: [&str; 5] = ["Observed", "Likely", "Possible", "Unlikely", "Unknown"];

impl When {
    /// Reads `YYYY-MM-DDThh:mm:ss±hh:mm`, nothing else: no `Z`, no fraction, no comma (T12, T17).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| b.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
        let shape = b.len() == 25
            && [0..4, 5..7, 8..10, 11..13, 14..16, 17..19, 20..22, 23..25].into_iter().all(digits)
            && b[4] == b'-'
            && b[7] == b'-'
            && b[10] == b'T'
            && b[13] == b':'
            && b[16] == b':'
            && matches!(b[19], b'+' | b'-')
            && b[22] == b':';
        if !shape {
            return None;
        }
        let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i16>().ok());
        let (hours, minutes) = (part(20..22)?, part(23..25)?);
        if hours > 14 || minutes > 59 || (hours == 14 && minutes > 0) {
            return None;
        }
        let sign = if b[19] == b'-' { -1 } else { 1 };
        let offset = sign * (hours * 60 + minutes);
        let civil: jiff::civil::DateTime = text.get(..19)?.parse().ok()?;
        let zone = jiff::tz::Offset::from_seconds(i32::from(offset) * 60).ok()?;
        let at = Stamp(zone.to_timestamp(civil).ok()?.as_millisecond());
        Some(Self { at, offset_min: if offset == 0 && sign < 0 { None } else { Some(offset) } })
    }

    /// An instant as this city writes it.
    #[must_use]
    pub fn local(at: Stamp) -> Self {
        Self { at, offset_min: Some(i16::from(guanlan_core::stamp::LOCAL_OFFSET_HOURS) * 60) }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let offset = self.offset_min.unwrap_or(0);
        let zone = jiff::tz::Offset::from_seconds(i32::from(offset) * 60).unwrap_or(jiff::tz::Offset::UTC);
        let instant = jiff::Timestamp::from_millisecond(self.at.0).unwrap_or_default();
        let civil = zone.to_datetime(instant);
        let sign = if offset < 0 || self.offset_min.is_none() { '-' } else { '+' };
        let size = offset.unsigned_abs();
        write!(f, "{}{sign}{:02}:{:02}", civil.strftime("%Y-%m-%dT%H:%M:%S"), size / 60, size % 60)
    }
}

/// `identifier` and `sender` are words without space, comma, `<` and `&`.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains([',', '<', '&']) && !text.contains(char::is_whitespace)
}

/// Do two sides of a closed ring cross each other?
#[must_use]
pub fn crosses_itself(ring: &[[f64; 2]]) -> bool {
    let side = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let n = ring.len().saturating_sub(1);
    // Rings of thousands of corners are taken as drawn: the check is quadratic.
    if n > 2_000 {
        return false;
    }
    for i in 0..n {
        for j in i + 2..n {
            if i == 0 && j == n - 1 {
                continue;
            }
            let (a, b, c, d) = (ring[i], ring[i + 1], ring[j], ring[j + 1]);
            if side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0 {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests;
