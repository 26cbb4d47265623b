//! JT/T 808 terminals: frames, headers of 2011/2013 and 2019, positions (DOMAIN §3.9).

use guanlan_core::Stamp;
use jiff::civil::DateTime;

/// Frame flag.
const FLAG: u8 = 0x7E;
/// Longest frame that is waited for, bytes: 1023 of body, header and every byte escaped.
const LONGEST: usize = 2_200;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Kind.
    pub id: u16,
    /// Number of the terminal, digits (of makers who use them, hexadecimal ones) without leading zeros beyond twelve.
    pub phone: String,
    /// Running number.
    pub serial: u16,
    /// Version byte of 2019 headers.
    pub version: Option<u8>,
    /// Encrypted bodies cannot be read.
    pub encrypted: bool,
    /// Parts and which one this is, when split.
    pub part: Option<(u16, u16)>,
    /// Body.
    pub body: Vec<u8>,
}

/// A position (0x0200).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Bit 0 SOS, bit 1 overspeed …
    pub alarm: u32,
    /// Bit 0 ignition, bit 1 fixed …
    pub status: u32,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// m.
    pub altitude_m: u16,
    /// m/s.
    pub speed_mps: f64,
    /// Degrees clockwise from north.
    pub course_deg: f64,
    /// Instant (the terminal writes China Standard Time).
    pub at: Stamp,
    /// Odometer, km.
    pub mileage_km: Option<f64>,
}

impl Position {
    /// False: the coordinates mean nothing.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.status & 0b10 != 0
    }

    /// The driver asks for help.
    #[must_use]
    pub fn is_sos(&self) -> bool {
        self.alarm & 1 != 0
    }
}

/// What stands between flags, with the escapes undone.
///
/// # Errors
/// A lone escape byte.
pub fn unescape(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&b) = rest.next() {
        match (b, b == 0x7D) {
            (_, false) => out.push(b),
            _ => match rest.next() {
                Some(1) => out.push(0x7D),
                Some(2) => out.push(FLAG),
                _ => return Err("7D is followed by neither 01 nor 02".into()),
            },
        }
    }
    Ok(out)
}

/// The reverse of [`unescape`].
#[must_use]
pub fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 8);
    for &b in bytes {
        match b {
            FLAG => out.extend([0x7D, 2]),
            0x7D => out.extend([0x7D, 1]),
            b => out.push(b),
        }
    }
    out
}

/// Takes whole frames (without flags, still escaped) off a stream; garbage before a flag is dropped and counted.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
}

impl Frames {
    /// Adds bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, or what was dropped.
    pub fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        loop {
            let begin = self.buffer.iter().position(|b| *b == FLAG);
            match begin {
                Some(0) => {}
                Some(n) => {
                    self.buffer.drain(..n);
                    return Some(Err(format!("{n} bytes outside a frame")));
                }
                None if self.buffer.is_empty() => return None,
                None => {
                    let n = self.buffer.len();
                    self.buffer.clear();
                    return Some(Err(format!("{n} bytes outside a frame")));
                }
            }
            match self.buffer[1..].iter().position(|b| *b == FLAG) {
                // Two flags together: the end of one frame and the begin of the next.
                Some(0) => {
                    self.buffer.remove(0);
                }
                Some(n) => {
                    let frame = self.buffer[1..=n].to_vec();
                    self.buffer.drain(..n + 2);
                    return Some(Ok(frame));
                }
                None if self.buffer.len() > LONGEST => {
                    let n = self.buffer.len();
                    self.buffer.clear();
                    return Some(Err(format!("a frame of more than {n} bytes")));
                }
                None => return None,
            }
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn bcd(bytes: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let (high, low) = (b >> 4, b & 15);
        if high > 9 || low > 9 {
            return None;
        }
        out.push(char::from(b'0' + high));
        out.push(char::from(b'0' + low));
    }
    Some(out)
}

/// Reads a frame without its flags.
///
/// # Errors
/// What is wrong: escape, checksum, header, length.
pub fn read(frame: &[u8]) -> Result<Message, String> {
    let bytes = unescape(frame)?;
    let Some((&said, bytes)) = bytes.split_last() else { return Err("an empty frame".into()) };
    let is = bytes.iter().fold(0, |sum, b| sum ^ b);
    if is != said {
        return Err(format!("checksum {said:02X}, computed {is:02X}"));
    }
    let short = || format!("a header of {} bytes is too short", bytes.len());
    let id = u16_at(bytes, 0).ok_or_else(short)?;
    let attributes = u16_at(bytes, 2).ok_or_else(short)?;
    let v2019 = attributes & (1 << 14) != 0;
    let (version, phone_at, phone_len) = if v2019 { (bytes.get(4).copied(), 5, 10) } else { (None, 4, 6) };
    let digits = bytes.get(phone_at..phone_at + phone_len).ok_or_else(short)?;
    // BCD by the standard; makers that put a serial number there use all sixteen digits.
    let digits: String = digits.iter().map(|b| format!("{b:02X}")).collect();
    // 2019 pads to twenty digits; the number itself has twelve, as before.
    let phone = digits.get(digits.len() - 12..).filter(|_| digits[..digits.len() - 12].bytes().all(|b| b == b'0'));
    let phone = phone.unwrap_or(&digits).to_owned();
    let mut at = phone_at + phone_len;
    let serial = u16_at(bytes, at).ok_or_else(short)?;
    at += 2;
    let mut part = None;
    if attributes & (1 << 13) != 0 {
        part = Some((u16_at(bytes, at).ok_or_else(short)?, u16_at(bytes, at + 2).ok_or_else(short)?));
        at += 4;
    }
    let body = bytes.get(at..).ok_or_else(short)?;
    let said = usize::from(attributes & 0x3FF);
    if body.len() != said {
        return Err(format!("a body of {} bytes, the header says {said}", body.len()));
    }
    let encrypted = attributes >> 10 & 7 != 0;
    Ok(Message { id, phone, serial, version, encrypted, part, body: body.to_vec() })
}

/// Writes a message with its flags, in the form (2013 or 2019) of `to`.
#[must_use]
pub fn write(id: u16, to: &Message, serial: u16, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 24);
    out.extend(id.to_be_bytes());
    let attributes = body.len() as u16 & 0x3FF | if to.version.is_some() { 1 << 14 } else { 0 };
    out.extend(attributes.to_be_bytes());
    out.extend(to.version);
    let digits = if to.version.is_some() { 20 } else { 12 };
    let phone = format!("{:0>digits$}", to.phone);
    let nibbles: Vec<u8> = phone.chars().map(|c| c.to_digit(16).unwrap_or(0) as u8).collect();
    out.extend(nibbles.chunks(2).map(|p| p[0] << 4 | p.get(1).copied().unwrap_or(0)));
    out.extend(serial.to_be_bytes());
    out.extend(body);
    out.push(out.iter().fold(0, |sum, b| sum ^ b));
    let mut frame = vec![FLAG];
    frame.extend(escape(&out));
    frame.push(FLAG);
    frame
}

/// Platform's general acknowledgement (0x8001).
#[must_use]
pub fn acknowledge(message: &Message, serial: u16, result: u8) -> Vec<u8> {
    let mut body = Vec::with_capacity(5);
    body.extend(message.serial.to_be_bytes());
    body.extend(message.id.to_be_bytes());
    body.push(result);
    write(0x8001, message, serial, &body)
}

/// Answer to a registration (0x8100); `code` is what the terminal authenticates with.
#[must_use]
pub fn registered(message: &Message, serial: u16, result: u8, code: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(3 + code.len());
    body.extend(message.serial.to_be_bytes());
    body.push(result);
    if result == 0 {
        body.extend(code.as_bytes());
    }
    write(0x8100, message, serial, &body)
}

/// Positions of a message: one of 0x0200, several of 0x0704.
///
/// # Errors
/// When the body is too short or a field is no value.
pub fn positions(message: &Message) -> Result<Vec<Position>, String> {
    match message.id {
        0x0200 => Ok(vec![position(&message.body)?]),
        0x0704 => {
            let mut list = Vec::new();
            let mut at = 3;
            while at < message.body.len() {
                let len = usize::from(u16_at(&message.body, at).ok_or("a batch ends in the middle")?);
                let body = message.body.get(at + 2..at + 2 + len).ok_or("a batch ends in the middle")?;
                list.push(position(body)?);
                at += 2 + len;
            }
            Ok(list)
        }
        _ => Ok(Vec::new()),
    }
}

fn position(body: &[u8]) -> Result<Position, String> {
    let short = || format!("a position of {} bytes is too short", body.len());
    let status = u32_at(body, 4).ok_or_else(short)?;
    let side = |bit: u32| if status & (1 << bit) != 0 { -1.0 } else { 1.0 };
    let lat = side(2) * f64::from(u32_at(body, 8).ok_or_else(short)?) / 1e6;
    let lon = side(3) * f64::from(u32_at(body, 12).ok_or_else(short)?) / 1e6;
    let time = body.get(22..28).and_then(bcd).ok_or("the time is not BCD YYMMDDhhmmss")?;
    let part = |i: usize| time[i..i + 2].parse::<i8>().unwrap_or(0);
    let civil = DateTime::new(2000 + i16::from(part(0)), part(2), part(4), part(6), part(8), part(10), 0);
    let fixed = status & 0b10 != 0;
    let at = match civil {
        Ok(civil) => Stamp::from_local(civil),
        // Terminals without a fix send zeros; such a point is dropped anyway.
        Err(_) if !fixed => Stamp(0),
        Err(_) => return Err(format!("'{time}' is no time YYMMDDhhmmss")),
    };
    if fixed && (lat.abs() > 90.0 || lon.abs() > 180.0) {
        return Err(format!("{lat}, {lon} is not on Earth"));
    }
    let mut mileage_km = None;
    let mut rest = body.get(28..).unwrap_or_default();
    while let [kind, len, tail @ ..] = rest {
        let Some(value) = tail.get(..usize::from(*len)) else { break };
        if (*kind, *len) == (0x01, 4) {
            mileage_km = u32_at(value, 0).map(|v| f64::from(v) / 10.0);
        }
        rest = &tail[usize::from(*len)..];
    }
    Ok(Position {
        alarm: u32_at(body, 0).ok_or_else(short)?,
        status,
        lat,
        lon,
        altitude_m: u16_at(body, 16).ok_or_else(short)?,
        speed_mps: f64::from(u16_at(body, 18).ok_or_else(short)?) / 36.0,
        course_deg: f64::from(u16_at(body, 20).ok_or_else(short)?),
        at,
        mileage_km,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let text: String = text.split_whitespace().collect();
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    fn message(text: &str) -> Result<Message, String> {
        let bytes = hex(text);
        read(&bytes[1..bytes.len() - 1])
    }

    #[test]
    fn escapes_both_ways() {
        let plain = hex("30 7E 08 7D 55");
        let escaped = hex("30 7D 02 08 7D 01 55");
        assert_eq!(escape(&plain), escaped);
        assert_eq!(unescape(&escaped), Ok(plain));
        assert!(unescape(&[0x7D]).is_err() && unescape(&[0x7D, 3]).is_err());
    }

    #[test]
    fn the_published_frames() {
        let beat = message("7E 00 02 00 00 04 00 21 67 92 87 00 2B 7D 02 7E").unwrap();
        assert_eq!((beat.id, beat.phone.as_str(), beat.serial), (2, "040021679287", 43));
        assert!(message("7e000200000200000000150003327e").unwrap_err().contains("computed 16"));

        let text =
            "7e02000022013800138000007d0200000000000000030260f55c06f015bc002d016d005a2611210830000104000030395a7e";
        let m = message(text).unwrap();
        assert_eq!((m.id, m.phone.as_str(), m.serial), (0x0200, "013800138000", 126));
        let p = positions(&m).unwrap()[0];
        assert!((p.lat - 39.9087).abs() < 1e-9 && (p.lon - 116.3975).abs() < 1e-9);
        assert!((p.speed_mps * 3.6 - 36.5).abs() < 1e-9);
        assert_eq!((p.altitude_m, p.course_deg, p.mileage_km), (45, 90.0, Some(1234.5)));
        assert_eq!(Some(p.at), Stamp::parse("2026-11-21T08:30:00+08:00"));
        assert!(p.is_fixed() && !p.is_sos());

        let m19 =
            message("7e0200401c0100000000013800138000000100000001000000030260f55c06f015bc002d016d005a261121083000577e")
                .unwrap();
        assert_eq!((m19.version, m19.phone.as_str()), (Some(1), "013800138000"));
        assert!(positions(&m19).unwrap()[0].is_sos());

        assert_eq!(acknowledge(&m, 0, 0), hex("7e800100050138001380000000007d02020000527e"));
        assert_eq!(acknowledge(&m, 1, 0), hex("7e800100050138001380000001007d02020000537e"));
        let answer = write(0x8001, &m19, 1, &[0, 1, 2, 0, 0]);
        let back = read(&answer[1..answer.len() - 1]).unwrap();
        assert_eq!((back.version, back.phone), (Some(1), m19.phone.clone()));
        // A maker's own number in all sixteen digits.
        let own = Message { phone: "4EB6FB4AFD9E".into(), version: None, ..m19 };
        let answer = write(0x8001, &own, 1, &[0, 1, 2, 0, 0]);
        assert_eq!(answer[5..11], hex("4EB6FB4AFD9E"));
        assert_eq!(read(&answer[1..answer.len() - 1]).unwrap().phone, own.phone);
    }

    #[test]
    fn a_stream_of_frames_with_garbage() {
        let beat = hex("7E 00 02 00 00 04 00 21 67 92 87 00 2B 7D 02 7E");
        let mut frames = Frames::default();
        let mut stream = b"noise".to_vec();
        stream.extend(&beat);
        stream.extend(&beat);
        for piece in stream.chunks(7) {
            frames.feed(piece);
        }
        assert!(frames.next().unwrap().is_err());
        assert_eq!(read(&frames.next().unwrap().unwrap()).unwrap().serial, 43);
        assert_eq!(read(&frames.next().unwrap().unwrap()).unwrap().serial, 43);
        assert!(frames.next().is_none());
        frames.feed(&[FLAG]);
        frames.feed(&vec![1; LONGEST]);
        assert!(frames.next().unwrap().is_err(), "a flag that never closes does not grow for ever");
    }
}
