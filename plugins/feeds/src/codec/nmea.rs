//! NMEA 0183: RMC and GGA sentences with checksum (DOMAIN §3.8).

use guanlan_core::Stamp;
use jiff::civil::Date;

/// One knot, m/s.
const KNOT_MPS: f64 = 1852.0 / 3600.0;

/// What a sentence says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sentence {
    /// Recommended minimum: a dated fix.
    Rmc(Rmc),
    /// Fix data: position and quality, without a date.
    Gga(Gga),
    /// A position sentence without a fix.
    NoFix,
    /// Another sentence, correct in itself.
    Other,
}

/// `RMC` with status A.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rmc {
    /// Instant, UTC.
    pub at: Stamp,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Over ground, m/s.
    pub speed_mps: f64,
    /// True, degrees; 0 when not said.
    pub course_deg: f64,
}

/// `GGA` with quality above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gga {
    /// Time of day, UTC, ms.
    pub time_ms: i64,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Satellites in use.
    pub satellites: u32,
    /// Above mean sea level, m.
    pub altitude_m: Option<f64>,
}

/// XOR of the characters between `$` and `*`.
#[must_use]
pub fn checksum(body: &str) -> u8 {
    body.bytes().fold(0, |sum, b| sum ^ b)
}

/// Reads a line.
///
/// # Errors
/// What is wrong: framing, checksum or a field.
pub fn read(line: &str) -> Result<Sentence, String> {
    let line = line.trim_end_matches(['\r', '\n']);
    let body = line.strip_prefix(['$', '!']).ok_or("a sentence begins with $")?;
    let (body, sum) = body.rsplit_once('*').ok_or("no checksum (*hh)")?;
    let said = match sum.len() {
        2 => u8::from_str_radix(sum, 16).map_err(|_| format!("'{sum}' is no checksum"))?,
        _ => return Err(format!("'{sum}' is no checksum")),
    };
    let is = checksum(body);
    if is != said {
        return Err(format!("checksum {said:02X}, computed {is:02X}"));
    }
    let fields: Vec<&str> = body.split(',').collect();
    let Some(kind) = fields[0].get(fields[0].len().saturating_sub(3)..) else { return Ok(Sentence::Other) };
    match kind {
        "RMC" => rmc(&fields),
        "GGA" => gga(&fields),
        _ => Ok(Sentence::Other),
    }
}

fn field<'a>(fields: &[&'a str], i: usize) -> &'a str {
    fields.get(i).copied().unwrap_or("")
}

fn number(fields: &[&str], i: usize, name: &str) -> Result<Option<f64>, String> {
    let text = field(fields, i);
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => Ok(Some(n)),
        _ => Err(format!("{name} '{text}' is no number")),
    }
}

/// `ddmm.mmmm` and a hemisphere → degrees.
fn angle(text: &str, side: &str, positive: &str, negative: &str, limit: f64) -> Result<f64, String> {
    let wrong = || format!("'{text},{side}' is no angle");
    let dot = text.find('.').unwrap_or(text.len());
    let split = dot.checked_sub(2).ok_or_else(wrong)?;
    let (degrees, minutes) = (text.get(..split).ok_or_else(wrong)?, text.get(split..).ok_or_else(wrong)?);
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wrong());
    }
    let degrees: f64 = if degrees.is_empty() { 0.0 } else { degrees.parse().map_err(|_| wrong())? };
    let minutes: f64 = minutes.parse().map_err(|_| wrong())?;
    let value = degrees + minutes / 60.0;
    if minutes >= 60.0 || value > limit {
        return Err(wrong());
    }
    match side {
        s if s == positive => Ok(value),
        s if s == negative => Ok(-value),
        _ => Err(wrong()),
    }
}

fn time_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("'{text}' is no time hhmmss.ss");
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i64>().ok()).ok_or_else(wrong);
    let (h, m) = (part(0..2)?, part(2..4)?);
    let seconds: f64 = text.get(4..).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
    if h > 23 || m > 59 || !(0.0..61.0).contains(&seconds) || h < 0 || m < 0 {
        return Err(wrong());
    }
    Ok((h * 3600 + m * 60) * 1000 + (seconds * 1000.0).round() as i64)
}

fn rmc(fields: &[&str]) -> Result<Sentence, String> {
    if field(fields, 2) != "A" {
        return Ok(Sentence::NoFix);
    }
    let date = field(fields, 9);
    let wrong = || format!("'{date}' is no date ddmmyy");
    let part = |range: std::ops::Range<usize>| date.get(range).and_then(|t| t.parse::<i8>().ok()).ok_or_else(wrong);
    if date.len() != 6 {
        return Err(wrong());
    }
    let year = i16::from(part(4..6)?);
    // Two digits: 80–99 are of the last century (GPS began in 1980).
    let year = if year >= 80 { 1900 + year } else { 2000 + year };
    let date = Date::new(year, part(2..4)?, part(0..2)?).map_err(|_| wrong())?;
    let midnight = jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| wrong())?;
    Ok(Sentence::Rmc(Rmc {
        at: Stamp(midnight.as_millisecond() + time_ms(field(fields, 1))?),
        lat: angle(field(fields, 3), field(fields, 4), "N", "S", 90.0)?,
        lon: angle(field(fields, 5), field(fields, 6), "E", "W", 180.0)?,
        speed_mps: number(fields, 7, "speed")?.unwrap_or(0.0) * KNOT_MPS,
        course_deg: number(fields, 8, "course")?.unwrap_or(0.0),
    }))
}

fn gga(fields: &[&str]) -> Result<Sentence, String> {
    if matches!(field(fields, 6), "" | "0") {
        return Ok(Sentence::NoFix);
    }
    Ok(Sentence::Gga(Gga {
        time_ms: time_ms(field(fields, 1))?,
        lat: angle(field(fields, 2), field(fields, 3), "N", "S", 90.0)?,
        lon: angle(field(fields, 4), field(fields, 5), "E", "W", 180.0)?,
        satellites: field(fields, 7).parse().unwrap_or(0),
        altitude_m: number(fields, 9, "altitude")?,
    }))
}

/// Dates the sentences of one receiver: a GGA has only a time of day and takes the day of the last RMC. Each instant
/// gives one fix, though both sentences speak of it.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    last: Option<Rmc>,
}

impl Receiver {
    /// A fix, when this line brings a new one. `now` dates a receiver that never sends RMC.
    ///
    /// # Errors
    /// As [`read`].
    pub fn line(&mut self, line: &str, now: Stamp) -> Result<Option<Rmc>, String> {
        const DAY_MS: i64 = 86_400_000;
        let fix = match read(line)? {
            Sentence::Rmc(fix) => fix,
            Sentence::Gga(gga) => {
                // The day that puts the time nearest to what is known.
                let near = self.last.map_or(now.0, |l| l.at.0);
                let day = (near - gga.time_ms + DAY_MS / 2).div_euclid(DAY_MS) * DAY_MS;
                let (speed_mps, course_deg) = self.last.map_or((0.0, 0.0), |l| (l.speed_mps, l.course_deg));
                Rmc { at: Stamp(day + gga.time_ms), lat: gga.lat, lon: gga.lon, speed_mps, course_deg }
            }
            Sentence::NoFix | Sentence::Other => return Ok(None),
        };
        let known = self.last.is_some_and(|l| l.at >= fix.at && fix.at.0 > l.at.0 - DAY_MS / 2);
        if known {
            return Ok(None);
        }
        self.last = Some(fix);
        Ok(Some(fix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sentences() {
        let Ok(Sentence::Rmc(a)) = read("$GPRMC,030000,A,4740.36415,N,12225.35953,W,000.02,059.5,160612,016.6,E*52")
        else {
            panic!()
        };
        assert!((a.lat - 47.672_735_83).abs() < 1e-8 && (a.lon + 122.422_658_83).abs() < 1e-8, "{a:?}");
        let Ok(Sentence::Rmc(b)) = read("$GPRMC,083000.00,A,3954.52200,N,11623.85000,E,19.708,090.0,211126,,,A*68\r\n")
        else {
            panic!()
        };
        assert!((b.lat - 39.9087).abs() < 1e-9 && (b.lon - 116.3975).abs() < 1e-9);
        assert!((b.speed_mps * 3.6 - 36.499).abs() < 1e-3);
        assert_eq!(Some(b.at), Stamp::parse("2026-11-21T08:30:00Z"));
        let Ok(Sentence::Gga(c)) = read("$GPGGA,015808.00,2726.53758,S,15126.05255,E,1,08,1.0,365.1,M,39.5,M,,*79")
        else {
            panic!()
        };
        assert!(c.lat < 0.0 && c.satellites == 8 && c.altitude_m == Some(365.1));
        assert_eq!(read("$GPRMC,083000.00,V,,,,,,,211126,,,N*71"), Ok(Sentence::NoFix));
        let spoiled = "$GPRMC,170047.00,A,4121.23302,N,00201.31654,W,2.703, ,200417, , ,A*64";
        assert!(read(spoiled).unwrap_err().contains("checksum 64, computed 41"));
    }

    #[test]
    fn garbage_is_refused_with_words() {
        let line = |body: &str| format!("${body}*{:02X}", checksum(body));
        for wrong in [
            "GPRMC".to_owned(),
            "$GPRMC".to_owned(),
            "$*".to_owned(),
            "$GPRMC*zz".to_owned(),
            line("GPRMC,250000,A,3954.5,N,11623.8,E,1,1,211126,,,A"),
            line("GPRMC,083000,A,3964.5,N,11623.8,E,1,1,211126,,,A"),
            line("GPRMC,083000,A,3954.5,X,11623.8,E,1,1,211126,,,A"),
            line("GPRMC,083000,A,3954.5,N,19123.8,E,1,1,211126,,,A"),
            line("GPRMC,083000,A,3954.5,N,11623.8,E,1,1,311126,,,A"),
            line("GPRMC,083000,A,3954.5,N,11623.8,E,nan,1,211126,,,A"),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(read(&line("GPGSV,1,1,00")), Ok(Sentence::Other));
    }

    #[test]
    fn a_receiver_dates_gga_and_speaks_once_an_instant() {
        let line = |body: &str| format!("${body}*{:02X}", checksum(body));
        let mut r = Receiver::default();
        let now = Stamp(0);
        let rmc = r.line(&line("GPRMC,235959,A,3954.5,N,11623.8,E,10,90,201126,,,A"), now).unwrap().unwrap();
        assert_eq!(Some(rmc.at), Stamp::parse("2026-11-20T23:59:59Z"));
        assert_eq!(r.line(&line("GPGGA,235959,3954.5,N,11623.8,E,1,08,1,45,M,,M,,"), now), Ok(None));
        let gga = r.line(&line("GPGGA,000001,3954.5,N,11623.8,E,1,08,1,45,M,,M,,"), now).unwrap().unwrap();
        assert_eq!(Some(gga.at), Stamp::parse("2026-11-21T00:00:01Z"));
        assert!((gga.speed_mps - 10.0 * KNOT_MPS).abs() < 1e-9);
    }
}
