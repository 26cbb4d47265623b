//! What the standards forbid and the codec lets pass: reserved bits, numbers of zero, topics with wildcards, properties
//! said twice or with values that mean nothing (OASIS MQTT 3.1.1, MQTT 5.0; statements in brackets are theirs).

use super::{Version, WireError};

/// The whole packet at the beginning of the stream and where its body begins; `None` while it is not complete.
fn whole(stream: &[u8]) -> Option<(&[u8], usize)> {
    let (length, at) = variable(stream, 1)?;
    Some((stream.get(..at.checked_add(length)?)?, at))
}

/// A variable byte integer and where it ends.
fn variable(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for k in 0..4 {
        let byte = *bytes.get(at + k)?;
        value |= usize::from(byte & 0x7F) << (7 * k);
        if byte & 0x80 == 0 {
            return Some((value, at + k + 1));
        }
    }
    None
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

/// Text or data with its length before it, and where it ends.
fn text(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let end = at + 2 + usize::from(two(bytes, at)?);
    Some((bytes.get(at + 2..end)?, end))
}

fn malformed(what: &str) -> WireError {
    WireError::Broken(what.to_owned())
}

fn protocol(what: &str) -> WireError {
    WireError::Protocol(what.to_owned())
}

/// Looks at the next packet of a client. What is not complete or cannot be read is the codec's to say.
pub(super) fn check(version: Version, stream: &[u8]) -> Result<(), WireError> {
    let Some((packet, at)) = whole(stream) else { return Ok(()) };
    let v5 = version == Version::V5;
    let (kind, flags) = (packet[0] >> 4, packet[0] & 0x0F);
    match kind {
        1 => connect(packet, at, v5),
        3 => publish(packet, at, flags, v5),
        // [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1]; MQTT 3.1 knew a repeated PUBREL and SUBSCRIBE.
        6 | 8 | 10 if flags != 2 && (v5 || flags != 0x0A) => Err(malformed("reserved flags")),
        8 | 10 if two(packet, at) == Some(0) => Err(protocol("a packet identifier of 0")),
        8 => subscribe(packet, at, v5),
        _ => Ok(()),
    }
}

/// [MQTT-3.1.2-3]: the reserved flag is 0.
fn connect(packet: &[u8], at: usize, v5: bool) -> Result<(), WireError> {
    let Some((_, name)) = text(packet, at) else { return Ok(()) };
    if packet.get(name + 1).is_some_and(|flags| flags & 1 != 0) {
        return Err(malformed("the reserved flag of CONNECT"));
    }
    // Level, flags, keep-alive.
    if v5 { properties(packet, name + 4, false).map(|_| ()) } else { Ok(()) }
}

/// [MQTT-3.3.2-2], [MQTT-1.5.4-2]: no wildcards in a topic, no U+0000 in any text.
fn publish(packet: &[u8], at: usize, flags: u8, v5: bool) -> Result<(), WireError> {
    let Some((topic, end)) = text(packet, at) else { return Ok(()) };
    if topic.contains(&0) {
        return Err(malformed("U+0000 in a topic"));
    }
    if topic.iter().any(|b| matches!(b, b'+' | b'#')) {
        return Err(WireError::Topic);
    }
    let numbered = flags & 0b0110 != 0;
    if v5 { properties(packet, end + if numbered { 2 } else { 0 }, true).map(|_| ()) } else { Ok(()) }
}

/// [MQTT-3.8.3-5]: reserved bits of subscription options.
fn subscribe(packet: &[u8], at: usize, v5: bool) -> Result<(), WireError> {
    let mut at = at + 2;
    if v5 {
        let Some(end) = properties(packet, at, false)? else { return Ok(()) };
        at = end;
    }
    let reserved = if v5 { 0b1100_0000 } else { 0b1111_1100 };
    while let Some((_, end)) = text(packet, at) {
        if packet.get(end).is_some_and(|options| options & reserved != 0) {
            return Err(malformed("reserved bits of a subscription"));
        }
        at = end + 1;
    }
    Ok(())
}

/// Walks properties: none but those of the user twice, values as they are defined. Where they end; `None` when the
/// codec is to say what is wrong.
fn properties(packet: &[u8], at: usize, of_publish: bool) -> Result<Option<usize>, WireError> {
    let Some((length, begin)) = variable(packet, at) else { return Ok(None) };
    let end = begin + length;
    let (mut at, mut met) = (begin, 0_u64);
    while at < end {
        let Some(&id) = packet.get(at) else { return Ok(None) };
        let Some((value, next)) = value_of(id, packet, at + 1) else { return Ok(None) };
        let bit = 1_u64 << (id & 63);
        if id != USER && met & bit != 0 {
            return Err(protocol("a property twice"));
        }
        met |= bit;
        match (id, value) {
            // Payload format, request problem and response information, will delay and the like are 0 or 1.
            (1 | 23 | 25, 2..) => return Err(protocol("a property that is neither 0 nor 1")),
            // [MQTT-3.1.2-24] and §3.1.2.11.3: receive maximum, maximum packet size; §3.8.2.1.2: subscription identifier.
            (11 | 33 | 39, 0) => return Err(protocol("a property of 0")),
            // [MQTT-3.3.4-6]: a client gives none with a message.
            (11, _) if of_publish => return Err(protocol("a subscription identifier in PUBLISH")),
            // [MQTT-3.3.2-14].
            (8, _) if text(packet, at + 1).is_some_and(|(t, _)| t.iter().any(|b| matches!(b, b'+' | b'#'))) => {
                return Err(protocol("a response topic with wildcards"));
            }
            _ => {}
        }
        at = next;
    }
    Ok(Some(end))
}

/// User property: may come as often as one likes.
const USER: u8 = 38;

/// A property's number, or 1 for text, and where it ends; `None` for what is no property of a client (§2.2.2.2).
fn value_of(id: u8, bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    Some(match id {
        1 | 23 | 25 => (u64::from(*bytes.get(at)?), at + 1),
        33 | 34 | 35 => (u64::from(two(bytes, at)?), at + 2),
        2 | 17 | 24 | 39 => (u64::from(two(bytes, at)?) << 16 | u64::from(two(bytes, at + 2)?), at + 4),
        11 => {
            let (value, end) = variable(bytes, at)?;
            (value as u64, end)
        }
        3 | 8 | 9 | 21 | 22 => (1, text(bytes, at)?.1),
        USER => (1, text(bytes, text(bytes, at)?.1)?.1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{V4, V5};

    fn packet(first: u8, body: &[u8]) -> Vec<u8> {
        [&[first, body.len() as u8], body].concat()
    }

    fn publish5(topic: &str, properties: &[u8]) -> Vec<u8> {
        let body = [&[0, topic.len() as u8], topic.as_bytes(), &[0, 7, properties.len() as u8], properties, b"x"];
        packet(0x32, &body.concat())
    }

    fn subscribe5(first: u8, pkid: u8, properties: &[u8], options: u8) -> Vec<u8> {
        packet(first, &[&[0, pkid, properties.len() as u8], properties, &[0, 1, b'a', options]].concat())
    }

    fn connect5(flags: u8, properties: &[u8]) -> Vec<u8> {
        let begin = [0, 4, b'M', b'Q', b'T', b'T', 5, flags, 0, 60, properties.len() as u8];
        packet(0x10, &[&begin, properties, &[0, 1, b'c']].concat())
    }

    fn is_protocol(result: Result<(), WireError>) -> bool {
        matches!(result, Err(WireError::Protocol(_)))
    }

    fn is_malformed(result: Result<(), WireError>) -> bool {
        matches!(result, Err(WireError::Broken(_)))
    }

    #[test]
    fn what_is_right_passes() {
        let user = [38, 0, 1, b'a', 0, 1, b'1', 38, 0, 1, b'a', 0, 1, b'2'];
        for good in [
            publish5("a/b", &[]),
            publish5("a/b", &[1, 1, 2, 0, 0, 0, 9, 35, 0, 1, 8, 0, 1, b'r', 9, 0, 1, 0]),
            publish5("a/b", &user),
            subscribe5(0x82, 1, &[11, 5], 0b0010_1110),
            connect5(0x02, &[17, 0, 0, 0, 5, 33, 0, 1, 39, 0, 0, 1, 0, 25, 1]),
            vec![0xC0, 0],
            vec![0xE0, 0],
        ] {
            assert_eq!(check(V5, &good), Ok(()), "{good:?}");
            for cut in 0..good.len() {
                assert_eq!(check(V5, &good[..cut]), Ok(()), "not complete yet");
            }
        }
        assert_eq!(check(V4, &packet(0x82, &[0, 1, 0, 1, b'a', 2])), Ok(()));
        assert_eq!(check(V4, &packet(0x6A, &[0, 1])), Ok(()), "a repeated PUBREL of MQTT 3.1");
    }

    #[test]
    fn topics_name_one_topic() {
        for wild in ["a/+", "#", "a+b"] {
            assert_eq!(check(V5, &publish5(wild, &[])), Err(WireError::Topic));
        }
        assert_eq!(check(V4, &packet(0x30, &[0, 1, b'#'])), Err(WireError::Topic));
        assert!(is_malformed(check(V5, &publish5("a\0b", &[]))));
        assert!(is_protocol(check(V5, &publish5("a", &[8, 0, 1, b'#']))));
    }

    #[test]
    fn reserved_bits_and_numbers_of_zero() {
        assert!(is_malformed(check(V5, &subscribe5(0x80, 1, &[], 0))));
        assert!(is_malformed(check(V5, &subscribe5(0x82, 1, &[], 0b1100_0000))));
        assert!(is_malformed(check(V4, &packet(0x82, &[0, 1, 0, 1, b'a', 4]))));
        assert!(is_malformed(check(V5, &packet(0x60, &[0, 1]))));
        assert!(is_protocol(check(V5, &subscribe5(0x82, 0, &[], 0))));
        assert!(is_protocol(check(V5, &subscribe5(0x82, 1, &[11, 0], 0))));
        assert!(is_malformed(check(V5, &connect5(0x03, &[]))));
        assert!(is_protocol(check(V5, &connect5(0x02, &[33, 0, 0]))));
        assert!(is_protocol(check(V5, &connect5(0x02, &[39, 0, 0, 0, 0]))));
        assert!(is_protocol(check(V5, &connect5(0x02, &[25, 2]))));
    }

    #[test]
    fn a_property_is_said_once() {
        assert!(is_protocol(check(V5, &publish5("a", &[1, 1, 1, 1]))));
        assert!(is_protocol(check(V5, &publish5("a", &[1, 2]))));
        assert!(is_protocol(check(V5, &publish5("a", &[11, 1]))));
        assert!(is_protocol(check(V5, &connect5(0x02, &[17, 0, 0, 0, 5, 17, 0, 0, 0, 5]))));
    }
}
