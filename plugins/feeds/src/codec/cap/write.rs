//! CAP 1.2 out.

use std::fmt::Write;

use guanlan_core::{Mode, WarningKind, WarningStatus};

use super::{Alert, Area, Info, Scope, When, crosses_itself, is_word, schema};
use crate::codec::xml::{self, escape};

/// What a timeline may say in public. There is no other way to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    status: WarningStatus,
}

impl Authority {
    /// Of a timeline's mode. A replay and a forecast may say nothing.
    #[must_use]
    pub const fn of(mode: Mode) -> Option<Self> {
        match mode {
            Mode::Live => Some(Self { status: WarningStatus::Actual }),
            Mode::Exercise => Some(Self { status: WarningStatus::Exercise }),
            // An invented city warns nobody.
            Mode::Demo => Some(Self { status: WarningStatus::Test }),
            Mode::Replay | Mode::Forecast => None,
        }
    }

    /// Its status.
    #[must_use]
    pub const fn status(self) -> WarningStatus {
        self.status
    }
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    alert: Alert,
}

impl Outgoing {
    /// A message of a timeline: its status is the timeline's, whatever `alert` says. An exercise is restricted to its
    /// participants and says so in note and headline.
    ///
    /// # Errors
    /// What breaks CAP 1.2.
    pub fn new(authority: Authority, mut alert: Alert) -> Result<Self, String> {
        alert.status = authority.status;
        alert.version = "1.2";
        if authority.status == WarningStatus::Exercise {
            if !matches!(alert.scope, Scope::Restricted(_)) {
                alert.scope = Scope::Restricted("演练参演单位".into());
            }
            if alert.note.is_empty() {
                alert.note = "演练 / exercise".into();
            }
            for info in &mut alert.infos {
                if !info.headline.contains("演练") && !info.headline.contains("EXERCISE") {
                    info.headline = format!("【演练】{}", info.headline);
                }
            }
        }
        check(&alert)?;
        Ok(Self { alert })
    }

    /// The message.
    #[must_use]
    pub fn alert(&self) -> &Alert {
        &self.alert
    }

    /// As XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        render(&self.alert)
    }
}

fn check(alert: &Alert) -> Result<(), String> {
    for (name, text) in [("identifier", &alert.identifier), ("sender", &alert.sender)] {
        if !is_word(text) {
            return Err(format!("{name}: '{text}' has a space, comma, & or <, or is empty"));
        }
    }
    if alert.kind != WarningKind::Alert && alert.references.is_empty() {
        return Err("references: an update, cancel, ack or error needs them".into());
    }
    for area in alert.infos.iter().flat_map(|i| &i.areas) {
        if area.description.is_empty() {
            return Err("areaDesc: is missing".into());
        }
        for ring in &area.polygons {
            if ring.len() < 4 || ring.first() != ring.last() || crosses_itself(ring) {
                return Err(format!("polygon of '{}': not a simple closed ring", area.description));
            }
        }
    }
    match schema::differences(&xml::read(render(alert).as_bytes())?).into_iter().next() {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

const fn status(status: WarningStatus) -> &'static str {
    match status {
        WarningStatus::Actual => "Actual",
        WarningStatus::Exercise => "Exercise",
        WarningStatus::System => "System",
        WarningStatus::Test => "Test",
        WarningStatus::Draft => "Draft",
    }
}

const fn kind(kind: WarningKind) -> &'static str {
    match kind {
        WarningKind::Alert => "Alert",
        WarningKind::Update => "Update",
        WarningKind::Cancel => "Cancel",
        WarningKind::Ack => "Ack",
        WarningKind::Error => "Error",
    }
}

struct Xml(String);

impl Xml {
    fn tag(&mut self, name: &str, text: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(text));
    }

    fn some(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.tag(name, text);
        }
    }

    fn pair(&mut self, name: &str, pair: &(String, String)) {
        let _ = write!(self.0, "<{name}>");
        self.tag("valueName", &pair.0);
        self.tag("value", &pair.1);
        let _ = write!(self.0, "</{name}>");
    }
}

/// The message as XML, elements in the order of the schema.
pub(super) fn render(alert: &Alert) -> String {
    let mut x = Xml(String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">",
    ));
    x.tag("identifier", &alert.identifier);
    x.tag("sender", &alert.sender);
    x.tag("sent", &alert.sent.to_string());
    x.tag("status", status(alert.status));
    x.tag("msgType", kind(alert.kind));
    x.some("source", &alert.source);
    match &alert.scope {
        Scope::Public => x.tag("scope", "Public"),
        Scope::Restricted(restriction) => {
            x.tag("scope", "Restricted");
            x.tag("restriction", restriction);
        }
        Scope::Private(addresses) => {
            x.tag("scope", "Private");
            x.tag("addresses", &spaced(addresses));
        }
    }
    alert.codes.iter().for_each(|c| x.tag("code", c));
    x.some("note", &alert.note);
    let references: Vec<String> = alert.references.iter().map(|(s, i, w)| format!("{s},{i},{w}")).collect();
    x.some("references", &references.join(" "));
    x.some("incidents", &spaced(&alert.incidents));
    alert.infos.iter().for_each(|i| info(&mut x, i));
    x.0.push_str("</alert>\n");
    x.0
}

fn spaced(words: &[String]) -> String {
    let quoted = |w: &String| if w.contains(char::is_whitespace) { format!("\"{w}\"") } else { w.clone() };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn info(x: &mut Xml, info: &Info) {
    x.0.push_str("<info>");
    x.some("language", info.language.as_deref().unwrap_or_default());
    info.categories.iter().for_each(|c| x.tag("category", c));
    x.tag("event", &info.event);
    info.responses.iter().for_each(|r| x.tag("responseType", r));
    x.tag("urgency", &info.urgency);
    x.tag("severity", &info.severity);
    x.tag("certainty", &info.certainty);
    x.some("audience", &info.audience);
    info.event_codes.iter().for_each(|p| x.pair("eventCode", p));
    for (name, when) in [("effective", info.effective), ("onset", info.onset), ("expires", info.expires)] {
        if let Some(when) = when {
            x.tag(name, &When::to_string(&when));
        }
    }
    x.some("senderName", &info.sender_name);
    x.some("headline", &info.headline);
    x.some("description", &info.description);
    x.some("instruction", &info.instruction);
    x.some("web", &info.web);
    x.some("contact", &info.contact);
    info.parameters.iter().for_each(|p| x.pair("parameter", p));
    for resource in &info.resources {
        x.0.push_str("<resource>");
        x.tag("resourceDesc", &resource.description);
        x.tag("mimeType", &resource.mime);
        if let Some(size) = resource.size {
            x.tag("size", &size.to_string());
        }
        x.some("uri", &resource.uri);
        x.some("derefUri", &resource.embedded);
        x.some("digest", &resource.digest);
        x.0.push_str("</resource>");
    }
    info.areas.iter().for_each(|a| area(x, a));
    x.0.push_str("</info>");
}

/// Degrees as people write them: seven decimals at most.
fn degrees(v: f64) -> String {
    let text = format!("{v:.7}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.to_owned() }
}

fn area(x: &mut Xml, area: &Area) {
    x.0.push_str("<area>");
    x.tag("areaDesc", &area.description);
    for ring in &area.polygons {
        let pairs: Vec<String> = ring.iter().map(|[lat, lon]| format!("{},{}", degrees(*lat), degrees(*lon))).collect();
        x.tag("polygon", &pairs.join(" "));
    }
    for [lat, lon, radius] in &area.circles {
        x.tag("circle", &format!("{},{} {}", degrees(*lat), degrees(*lon), degrees(*radius)));
    }
    area.geocodes.iter().for_each(|p| x.pair("geocode", p));
    if let Some(altitude) = area.altitude_ft {
        x.tag("altitude", &degrees(altitude));
        if let Some(ceiling) = area.ceiling_ft {
            x.tag("ceiling", &degrees(ceiling));
        }
    }
    x.0.push_str("</area>");
}
