//! The schema of CAP 1.2 (OASIS `CAP-v1.2.xsd`) as a table: which elements, in which order, how often, of which type.
//! What is written is held against it before it leaves; what is read is noted where it differs.

use super::{CATEGORIES, CERTAINTIES, RESPONSES, SEVERITIES, URGENCIES, When};
use crate::codec::xml::Element;

/// Namespace of the messages.
pub(super) const CAP_12: &str = "urn:oasis:names:tc:emergency:cap:1.2";
/// Namespace of the signatures a message may end with.
const SIGNATURES: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Type of an element.
enum Kind {
    /// `xs:string`, `xs:anyURI`: any text.
    Text,
    /// `xs:dateTime` with the pattern of CAP.
    Time,
    /// `xs:language`.
    Language,
    /// `xs:integer`.
    Integer,
    /// `xs:decimal`: no exponent, no infinity.
    Decimal,
    /// An enumeration.
    OneOf(&'static [&'static str]),
    /// Elements in order.
    Sequence(&'static [Rule]),
}

/// How often an element comes.
#[derive(Clone, Copy, PartialEq)]
enum Times {
    Once,
    Optional,
    OneOrMore,
    Any,
}

type Rule = (&'static str, Times, Kind);

use Kind::{Decimal, Integer, Language, OneOf, Sequence, Text, Time};
use Times::{Any, Once, OneOrMore, Optional};

const PAIR: &[Rule] = &[("valueName", Once, Text), ("value", Once, Text)];

const RESOURCE: &[Rule] = &[
    ("resourceDesc", Once, Text),
    ("mimeType", Once, Text),
    ("size", Optional, Integer),
    ("uri", Optional, Text),
    ("derefUri", Optional, Text),
    ("digest", Optional, Text),
];

const AREA: &[Rule] = &[
    ("areaDesc", Once, Text),
    ("polygon", Any, Text),
    ("circle", Any, Text),
    ("geocode", Any, Sequence(PAIR)),
    ("altitude", Optional, Decimal),
    ("ceiling", Optional, Decimal),
];

const INFO: &[Rule] = &[
    ("language", Optional, Language),
    ("category", OneOrMore, OneOf(&CATEGORIES)),
    ("event", Once, Text),
    ("responseType", Any, OneOf(&RESPONSES)),
    ("urgency", Once, OneOf(&URGENCIES)),
    ("severity", Once, OneOf(&SEVERITIES)),
    ("certainty", Once, OneOf(&CERTAINTIES)),
    ("audience", Optional, Text),
    ("eventCode", Any, Sequence(PAIR)),
    ("effective", Optional, Time),
    ("onset", Optional, Time),
    ("expires", Optional, Time),
    ("senderName", Optional, Text),
    ("headline", Optional, Text),
    ("description", Optional, Text),
    ("instruction", Optional, Text),
    ("web", Optional, Text),
    ("contact", Optional, Text),
    ("parameter", Any, Sequence(PAIR)),
    ("resource", Any, Sequence(RESOURCE)),
    ("area", Any, Sequence(AREA)),
];

const ALERT: &[Rule] = &[
    ("identifier", Once, Text),
    ("sender", Once, Text),
    ("sent", Once, Time),
    ("status", Once, OneOf(&["Actual", "Exercise", "System", "Test", "Draft"])),
    ("msgType", Once, OneOf(&["Alert", "Update", "Cancel", "Ack", "Error"])),
    ("source", Optional, Text),
    ("scope", Once, OneOf(&["Public", "Restricted", "Private"])),
    ("restriction", Optional, Text),
    ("addresses", Optional, Text),
    ("code", Any, Text),
    ("note", Optional, Text),
    ("references", Optional, Text),
    ("incidents", Optional, Text),
    ("info", Any, Sequence(INFO)),
];

/// What of a message is not as the schema wants it: place and what was expected.
pub(super) fn differences(alert: &Element) -> Vec<String> {
    let mut found = Vec::new();
    sequence(alert, ALERT, "", &mut found);
    found
}

fn sequence(parent: &Element, rules: &[Rule], at: &str, found: &mut Vec<String>) {
    let mut reached = 0;
    for child in &parent.children {
        if child.namespace == SIGNATURES && at.is_empty() {
            reached = rules.len();
            continue;
        }
        match rules.iter().position(|(name, ..)| *name == child.name && child.namespace == parent.namespace) {
            None => found.push(format!("{at}{}: is not an element of CAP 1.2 here", child.name)),
            Some(place) if place < reached => found.push(format!("{at}{}: stands too late in the order", child.name)),
            Some(place) => reached = place,
        }
    }
    for (name, times, kind) in rules {
        let children = || parent.children.iter().filter(|c| c.name == *name && c.namespace == parent.namespace);
        let count = children().count();
        if count == 0 && matches!(times, Once | OneOrMore) {
            found.push(format!("{at}{name}: is missing"));
        }
        if count > 1 && matches!(times, Once | Optional) {
            found.push(format!("{at}{name}: {count} times, once was expected"));
        }
        for (i, child) in children().enumerate() {
            let at = if matches!(times, Any | OneOrMore) { format!("{at}{name}[{i}]") } else { format!("{at}{name}") };
            let text = child.text.trim();
            let expected = match kind {
                Sequence(inner) => {
                    sequence(child, inner, &format!("{at}."), found);
                    continue;
                }
                Text => None,
                Time => When::parse(text).is_none().then(|| "YYYY-MM-DDThh:mm:ss±hh:mm".to_owned()),
                Language => (!is_language(text)).then(|| "a language like zh-CN".to_owned()),
                Integer => (!is_integer(text)).then(|| "an integer".to_owned()),
                Decimal => (!is_decimal(text)).then(|| "a decimal number".to_owned()),
                OneOf(list) => (!list.contains(&child.text.as_str())).then(|| format!("one of {}", list.join(", "))),
            };
            if let Some(expected) = expected {
                found.push(format!("{at}: '{text}' where {expected} was expected"));
            }
        }
    }
}

/// `[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*`.
fn is_language(text: &str) -> bool {
    text.split('-').enumerate().all(|(i, part)| {
        (1..=8).contains(&part.len())
            && part.bytes().all(|b| if i == 0 { b.is_ascii_alphabetic() } else { b.is_ascii_alphanumeric() })
    })
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    number(whole) && number(part) && !(whole.is_empty() && part.is_empty())
}
