//! CAP 1.1 and 1.2 in: single messages, and messages inside Atom or RSS.

use guanlan_core::{Bilingual, WarningKind, WarningStatus};

use super::{
    Alert, Area, CATEGORIES, CERTAINTIES, Info, RESPONSES, Read, Resource, SEVERITIES, Scope, URGENCIES, When,
    crosses_itself, is_word, schema,
};
use crate::codec::xml::{self, Element};

/// Every message of a document; one that cannot be taken comes as an error in place.
///
/// # Errors
/// When it is no XML, or neither CAP nor a feed.
pub fn alerts(bytes: &[u8]) -> Result<Vec<Result<Read, String>>, String> {
    let root = xml::read(bytes)?;
    match root.name.as_str() {
        "alert" => Ok(vec![alert(&root)]),
        "feed" | "rss" | "RDF" | "EDXLDistribution" => {
            let named = |e: &Element| alert(e).map_err(|reason| format!("{}: {reason}", e.text_of("identifier")));
            Ok(root.descendants("alert").into_iter().map(named).collect())
        }
        other => Err(format!("<alert> or a feed was expected, not <{other}>")),
    }
}

/// Addresses of messages an Atom or RSS index points to without carrying them, as written: they may be relative to it.
///
/// # Errors
/// When it is no XML.
pub fn links(bytes: &[u8]) -> Result<Vec<String>, String> {
    let root = xml::read(bytes)?;
    let mut found = Vec::new();
    let entries = root.descendants("entry").into_iter().chain(root.descendants("item"));
    for entry in entries.filter(|e| e.descendants("alert").is_empty()) {
        // Of several links that of type CAP; else the only or first one.
        let links: Vec<&Element> = entry.all("link").collect();
        let cap = links.iter().find(|l| l.attribute("type").is_some_and(|t| t.contains("cap")));
        if let Some(link) = cap.or(links.first()) {
            let address = link.attribute("href").unwrap_or_else(|| link.text.trim());
            if !address.is_empty() && !found.iter().any(|f| f == address) {
                found.push(address.to_owned());
            }
        }
    }
    Ok(found)
}

fn alert(root: &Element) -> Result<Read, String> {
    let version = match root.namespace.as_str() {
        schema::CAP_12 => "1.2",
        "urn:oasis:names:tc:emergency:cap:1.1" => "1.1",
        other => return Err(format!("alert: namespace '{other}' is neither CAP 1.2 nor 1.1")),
    };
    // What an authority sends is taken where its meaning is clear, even if it is not quite what the schema wants.
    let mut notes = if version == "1.2" { schema::differences(root) } else { Vec::new() };
    let need = |name: &str| match root.text_of(name) {
        "" => Err(format!("{name}: is missing")),
        text => Ok(text),
    };
    let word = |name: &str| {
        let text = need(name)?;
        if is_word(text) { Ok(text.to_owned()) } else { Err(format!("{name}: '{text}' has a space, comma, & or <")) }
    };
    let status = match need("status")? {
        "Actual" => WarningStatus::Actual,
        "Exercise" => WarningStatus::Exercise,
        "System" => WarningStatus::System,
        "Test" => WarningStatus::Test,
        "Draft" => WarningStatus::Draft,
        other => return Err(format!("status: '{other}' is not Actual, Exercise, System, Test or Draft")),
    };
    let kind = match need("msgType")? {
        "Alert" => WarningKind::Alert,
        "Update" => WarningKind::Update,
        "Cancel" => WarningKind::Cancel,
        "Ack" => WarningKind::Ack,
        "Error" => WarningKind::Error,
        other => return Err(format!("msgType: '{other}' is not Alert, Update, Cancel, Ack or Error")),
    };
    let scope = match need("scope")? {
        "Public" => Scope::Public,
        "Restricted" => Scope::Restricted(root.text_of("restriction").to_owned()),
        "Private" => Scope::Private(spaced(root.text_of("addresses"))),
        other => return Err(format!("scope: '{other}' is not Public, Restricted or Private")),
    };
    if matches!(&scope, Scope::Restricted(r) if r.is_empty()) || matches!(&scope, Scope::Private(a) if a.is_empty()) {
        notes.push("scope without its restriction or addresses".to_owned());
    }
    let mut references = Vec::new();
    for reference in root.text_of("references").split_whitespace() {
        let mut parts = reference.splitn(3, ',');
        let (sender, identifier, sent) = (parts.next(), parts.next(), parts.next().and_then(When::parse));
        match (sender, identifier, sent) {
            (Some(s), Some(i), Some(w)) if is_word(s) && is_word(i) => references.push((s.into(), i.into(), w)),
            _ => notes.push(format!("references: '{reference}' is not sender,identifier,sent")),
        }
    }
    if kind != WarningKind::Alert && references.is_empty() {
        notes.push("an Update, Cancel, Ack or Error without references".to_owned());
    }
    let infos: Result<Vec<Info>, String> =
        root.all("info").enumerate().map(|(i, e)| info(e, &mut notes).map_err(|r| format!("info[{i}].{r}"))).collect();
    let alert = Alert {
        identifier: word("identifier")?,
        sender: word("sender")?,
        sent: when(root, "sent")?.ok_or("sent: is missing")?,
        status,
        kind,
        source: root.text_of("source").to_owned(),
        scope,
        codes: root.all("code").map(|c| c.text.trim().to_owned()).collect(),
        note: root.text_of("note").to_owned(),
        references,
        incidents: spaced(root.text_of("incidents")),
        infos: infos?,
        signed: root.child("Signature").is_some(),
        version,
    };
    Ok(Read { alert, notes })
}

/// Words between spaces; quotes hold several together.
fn spaced(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn when(element: &Element, name: &str) -> Result<Option<When>, String> {
    match element.text_of(name) {
        "" => Ok(None),
        text => match When::parse(text) {
            Some(when) => Ok(Some(when)),
            None => Err(format!("{name}: '{text}' is not YYYY-MM-DDThh:mm:ss±hh:mm (Z is not allowed)")),
        },
    }
}

fn pairs(element: &Element, name: &str) -> Vec<(String, String)> {
    let texts = |e: &Element| (e.text_of("valueName").to_owned(), e.text_of("value").to_owned());
    element.all(name).map(texts).collect()
}

fn info(e: &Element, notes: &mut Vec<String>) -> Result<Info, String> {
    let one_of = |name: &str, list: &[&str]| {
        let text = e.text_of(name);
        match list.contains(&text) {
            true => Ok(text.to_owned()),
            false => Err(format!("{name}: '{text}' is not one of {}", list.join(", "))),
        }
    };
    let many = |name: &'static str, list: &[&str]| -> Result<Vec<String>, String> {
        e.all(name)
            .map(|c| match c.text.trim() {
                text if list.contains(&text) => Ok(text.to_owned()),
                text => Err(format!("{name}: '{text}' is not one of {}", list.join(", "))),
            })
            .collect()
    };
    let categories = many("category", &CATEGORIES)?;
    if categories.is_empty() {
        return Err("category: is missing".into());
    }
    let event = e.child("event").ok_or("event: is missing")?.text.trim().to_owned();
    if event.is_empty() {
        notes.push("an event without a name".to_owned());
    }
    let areas: Result<Vec<Area>, String> =
        e.all("area").enumerate().map(|(i, a)| area(a, notes).map_err(|r| format!("area[{i}].{r}"))).collect();
    let language = e.text_of("language");
    Ok(Info {
        language: (!language.is_empty()).then(|| language.to_owned()),
        categories,
        event,
        responses: many("responseType", &RESPONSES)?,
        urgency: one_of("urgency", &URGENCIES)?,
        severity: one_of("severity", &SEVERITIES)?,
        certainty: one_of("certainty", &CERTAINTIES)?,
        audience: e.text_of("audience").to_owned(),
        event_codes: pairs(e, "eventCode"),
        effective: when(e, "effective")?,
        onset: when(e, "onset")?,
        expires: when(e, "expires")?,
        sender_name: e.text_of("senderName").to_owned(),
        headline: e.text_of("headline").to_owned(),
        description: e.text_of("description").to_owned(),
        instruction: e.text_of("instruction").to_owned(),
        web: e.text_of("web").to_owned(),
        contact: e.text_of("contact").to_owned(),
        parameters: pairs(e, "parameter"),
        resources: e
            .all("resource")
            .map(|r| Resource {
                description: r.text_of("resourceDesc").to_owned(),
                mime: r.text_of("mimeType").to_owned(),
                size: r.text_of("size").parse().ok(),
                uri: r.text_of("uri").to_owned(),
                embedded: r.text_of("derefUri").to_owned(),
                digest: r.text_of("digest").to_owned(),
            })
            .collect(),
        areas: areas?,
    })
}

fn lat_lon(text: &str) -> Option<[f64; 2]> {
    let (lat, lon) = text.split_once(',')?;
    let (lat, lon): (f64, f64) = (lat.trim().parse().ok()?, lon.trim().parse().ok()?);
    ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then_some([lat, lon])
}

/// `lat,lon radius`, the radius in km.
fn circle_of(text: &str) -> Option<[f64; 3]> {
    let (centre, radius) = text.split_once(char::is_whitespace)?;
    let [lat, lon] = lat_lon(centre)?;
    let radius: f64 = radius.trim().parse().ok()?;
    (radius.is_finite() && radius >= 0.0).then_some([lat, lon, radius])
}

fn area(e: &Element, notes: &mut Vec<String>) -> Result<Area, String> {
    let description = e.child("areaDesc").ok_or("areaDesc: is missing")?.text.trim().to_owned();
    if description.is_empty() {
        notes.push("an area without a name".to_owned());
    }
    let mut mended: Vec<Bilingual> = Vec::new();
    let mut mend = |words: Bilingual, notes: &mut Vec<String>| {
        notes.push(format!("area '{description}': {}", words.en));
        if !mended.contains(&words) {
            mended.push(words);
        }
    };
    let mut polygons = Vec::new();
    for polygon in e.all("polygon").filter(|p| !p.text.trim().is_empty()) {
        let ring: Option<Vec<[f64; 2]>> = polygon.text.split_whitespace().map(lat_lon).collect();
        let Some(mut ring) = ring else {
            mend(
                Bilingual::new(
                    "边界有无法读懂的坐标，未绘出",
                    "an outline that is no lat,lon pairs on Earth is left out",
                ),
                notes,
            );
            continue;
        };
        if ring.first() != ring.last() {
            ring.extend(ring.first().copied());
            mend(Bilingual::new("边界未闭合，已补上", "the outline was not closed and has been closed"), notes);
        }
        if ring.len() < 4 {
            mend(
                Bilingual::new("边界不足三个角点，未绘出", "an outline of less than three corners is left out"),
                notes,
            );
            continue;
        }
        if crosses_itself(&ring) {
            notes.push(format!("the polygon of '{description}' crosses itself"));
        }
        polygons.push(ring);
    }
    let mut circles = Vec::new();
    for circle in e.all("circle").filter(|c| !c.text.trim().is_empty()) {
        match circle_of(circle.text.trim()) {
            Some(circle) => circles.push(circle),
            None => mend(
                Bilingual::new("圆形范围无法读懂，未绘出", "a circle that is no lat,lon radius is left out"),
                notes,
            ),
        }
    }
    let feet = |name: &str| match e.text_of(name) {
        "" => Ok(None),
        text => text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Some).ok_or(format!("{name}: '{text}'")),
    };
    let (altitude_ft, ceiling_ft) = (feet("altitude")?, feet("ceiling")?);
    if ceiling_ft.is_some() && altitude_ft.is_none() {
        notes.push("a ceiling without an altitude".to_owned());
    }
    Ok(Area { description, polygons, circles, geocodes: pairs(e, "geocode"), altitude_ft, ceiling_ft, mended })
}
