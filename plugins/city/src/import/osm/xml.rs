//! OSM XML, read as a stream. No entity beyond the five of XML is resolved and nothing is fetched.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::data::{Data, MemberKind, Relation, Tags, Way};
use crate::import::{ImportError, Severity};

/// Counts lines while the XML reader reads.
struct Lines<R> {
    inner: R,
    /// Line breaks consumed so far.
    breaks: usize,
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.breaks += buffer[..n].iter().filter(|b| **b == b'\n').count();
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            let seen = buffer.len().min(n);
            self.breaks += buffer[..seen].iter().filter(|b| **b == b'\n').count();
        }
        self.inner.consume(n);
    }
}

/// The element that is open.
enum Open {
    Nothing,
    Node {
        id: i64,
        lon: f64,
        lat: f64,
    },
    Way(Way),
    Relation(Relation),
    /// Deleted, or without an id.
    Ignored,
}

/// Reads a file.
pub(super) fn read(path: &Path, reader: impl BufRead, into: Data) -> Result<Data, ImportError> {
    let mut xml = Reader::from_reader(Lines { inner: reader, breaks: 0 });
    let mut data = Data { format: "OSM XML", ..into };
    let mut open = Open::Nothing;
    // Tags of the element that is open.
    let mut tags: Vec<(String, String)> = Vec::new();
    let mut buffer = Vec::new();
    let mut root = false;
    let mut depth = 0_usize;
    loop {
        buffer.clear();
        let event = match xml.read_event_into(&mut buffer) {
            Ok(event) => event.into_owned(),
            Err(error) => return Err(fail(path, &xml, format!("not well-formed XML: {error}"))),
        };
        let (element, empty) = match &event {
            Event::Start(element) => (element, false),
            Event::Empty(element) => (element, true),
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                if ["node", "way", "relation"].contains(&end.name().0) {
                    close(&mut data, std::mem::replace(&mut open, Open::Nothing), tags.drain(..).collect());
                }
                continue;
            }
            Event::Eof if depth > 0 => {
                return Err(fail(path, &xml, "the file ends inside an element; it is cut off".into()));
            }
            Event::Eof => break,
            _ => continue,
        };
        if !empty {
            depth += 1;
        }
        let name = element.name().0.to_owned();
        if !root {
            if name != "osm" {
                let reason = match name.as_str() {
                    "osmChange" => "a file of changes (osmChange), not of a city; apply it to its extract first (osmium apply-changes)".into(),
                    _ => format!("the root element is <{name}>; expected <osm>"),
                };
                return Err(fail(path, &xml, reason));
            }
            root = true;
        }
        let attributes = Attributes::read(element).map_err(|reason| fail(path, &xml, format!("<{name}>: {reason}")))?;
        let line = xml.get_ref().breaks + 1;
        match name.as_str() {
            "osm" => data.version = attributes.text("version").unwrap_or_default(),
            "bounds" => {
                let edge = |key| attributes.number(key);
                if let (Some(w), Some(s), Some(e), Some(n)) =
                    (edge("minlon"), edge("minlat"), edge("maxlon"), edge("maxlat"))
                {
                    data.bounds = Some([w, s, e, n]);
                }
            }
            "node" | "way" | "relation" => {
                let deleted = attributes.is("visible", "false") || attributes.is("action", "delete");
                // Only histories say of each version whether it was seen.
                data.again.history |= attributes.is("visible", "false");
                open = match attributes.text("id").and_then(|v| v.parse::<i64>().ok()) {
                    None => {
                        let reason = format!("a <{name}> has no id that is a whole number");
                        data.report.note(Severity::Skipped, format!("line {line}"), reason);
                        Open::Ignored
                    }
                    Some(id) if deleted => {
                        let kind = match name.as_str() {
                            "node" => MemberKind::Node,
                            "way" => MemberKind::Way,
                            _ => MemberKind::Relation,
                        };
                        data.gone(kind, id);
                        Open::Ignored
                    }
                    Some(id) if name == "node" => Open::Node {
                        id,
                        lon: attributes.number("lon").unwrap_or(f64::NAN),
                        lat: attributes.number("lat").unwrap_or(f64::NAN),
                    },
                    Some(id) if name == "way" => Open::Way(Way { id, ..Way::default() }),
                    Some(id) => Open::Relation(Relation { id, ..Relation::default() }),
                };
                tags.clear();
                if empty {
                    close(&mut data, std::mem::replace(&mut open, Open::Nothing), Tags::default());
                }
            }
            "tag" => {
                let (Some(key), Some(value)) = (attributes.text("k"), attributes.text("v")) else {
                    data.report.note(Severity::Skipped, format!("line {line}"), "a <tag> needs k and v");
                    continue;
                };
                if !matches!(open, Open::Nothing | Open::Ignored) {
                    tags.push((key, value));
                }
            }
            "nd" => {
                if let Open::Way(way) = &mut open {
                    match attributes.text("ref").and_then(|v| v.parse().ok()) {
                        Some(id) => {
                            way.refs.push(id);
                            // Overpass "out geom" writes the place into the reference.
                            if let (Some(lon), Some(lat)) = (attributes.number("lon"), attributes.number("lat"))
                                && !data.nodes.contains_key(&id)
                            {
                                data.node(id, lon, lat, Tags::default());
                            }
                        }
                        None => data.report.note(
                            Severity::Skipped,
                            format!("line {line}, way {}", way.id),
                            "an <nd> has no ref that is a whole number",
                        ),
                    }
                }
            }
            "member" => {
                if let Open::Relation(relation) = &mut open {
                    let kind = match attributes.text("type").as_deref() {
                        Some("node") => Some(MemberKind::Node),
                        Some("way") => Some(MemberKind::Way),
                        Some("relation") => Some(MemberKind::Relation),
                        _ => None,
                    };
                    match (kind, attributes.text("ref").and_then(|v| v.parse().ok())) {
                        (Some(kind), Some(id)) => {
                            relation.members.push((kind, id, attributes.text("role").unwrap_or_default()));
                        }
                        _ => data.report.note(
                            Severity::Skipped,
                            format!("line {line}, relation {}", relation.id),
                            "a <member> needs type (node, way or relation) and ref",
                        ),
                    }
                }
            }
            _ => {}
        }
    }
    if root { Ok(data) } else { Err(fail(path, &xml, "no <osm> element".into())) }
}

fn fail<R: BufRead>(path: &Path, xml: &Reader<Lines<R>>, reason: String) -> ImportError {
    ImportError::new(path, format!("line {}", xml.get_ref().breaks + 1), reason)
}

fn close(data: &mut Data, open: Open, tags: Tags) {
    match open {
        Open::Node { id, lon, lat } => data.node(id, lon, lat, tags),
        Open::Way(way) => data.way(Way { tags, ..way }),
        Open::Relation(relation) => data.relation(Relation { tags, ..relation }),
        Open::Nothing | Open::Ignored => {}
    }
}

struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn read(element: &BytesStart<'_>) -> Result<Self, String> {
        element
            .attributes()
            .map(|attribute| {
                let attribute = attribute.map_err(|error| error.to_string())?;
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
                Ok((attribute.key.0.to_owned(), value.into_owned()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone())
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.0.iter().any(|(k, v)| k == key && v == value)
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.text(key)?.trim().parse().ok().filter(|v: &f64| v.is_finite())
    }
}
