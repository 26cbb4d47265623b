//! Nodes, ways and relations as they stand in a file, whichever encoding it has.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use super::{pbf, xml};
use crate::import::{ImportError, Report, Severity};

/// Tags of an element.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tags(pub Vec<(String, String)>);

impl Tags {
    /// Value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.trim())
    }

    /// True when the key has this value.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// True when the key has one of these values.
    pub fn is_any(&self, key: &str, values: &[&str]) -> bool {
        self.get(key).is_some_and(|v| values.contains(&v))
    }

    /// True when the key is there and not `no`.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| v != "no" && !v.is_empty())
    }
}

/// A way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Way {
    pub id: i64,
    pub refs: Vec<i64>,
    pub tags: Tags,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    Node,
    Way,
    Relation,
}

/// A relation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Relation {
    pub id: i64,
    pub members: Vec<(MemberKind, i64, String)>,
    pub tags: Tags,
}

/// A file's content.
#[derive(Debug, Default)]
pub(super) struct Data {
    /// `OSM XML` or `OSM PBF`.
    pub format: &'static str,
    /// API version of an XML file, empty for PBF.
    pub version: String,
    /// Bounds in the header: west, south, east, north.
    pub bounds: Option<[f64; 4]>,
    /// Longitude and latitude by node id. Looked up, never walked.
    pub nodes: HashMap<i64, [f64; 2]>,
    /// West, south, east, north of the nodes.
    pub extent: Option<[f64; 4]>,
    /// Nodes that have tags, in file order.
    pub tagged: Vec<(i64, Tags)>,
    pub ways: Vec<Way>,
    pub relations: Vec<Relation>,
    pub report: Report,
    /// Only the extent is wanted: nothing else is kept.
    pub look: bool,
}

impl Data {
    /// Adds a way.
    pub fn way(&mut self, way: Way) {
        if !self.look {
            self.ways.push(way);
        }
    }

    /// Adds a relation.
    pub fn relation(&mut self, relation: Relation) {
        if !self.look {
            self.relations.push(relation);
        }
    }

    /// Adds a node after checking its place.
    pub fn node(&mut self, id: i64, lon: f64, lat: f64, tags: Tags) {
        if !((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)) {
            self.report.note(
                Severity::Skipped,
                format!("node {id}"),
                "longitude or latitude is missing or out of range",
            );
            return;
        }
        let e = self.extent.get_or_insert([lon, lat, lon, lat]);
        *e = [e[0].min(lon), e[1].min(lat), e[2].max(lon), e[3].max(lat)];
        if self.look {
            return;
        }
        if self.nodes.insert(id, [lon, lat]).is_some() {
            self.report.note(Severity::Repaired, format!("node {id}"), "the node occurs twice; the last place is used");
        }
        if !tags.0.is_empty() {
            self.tagged.push((id, tags));
        }
    }

    /// Reads a file, telling XML and PBF apart by its first bytes.
    pub fn load(path: &Path) -> Result<Self, ImportError> {
        Self::open(path, Self::default())
    }

    /// Reads a file for its extent alone.
    pub fn look(path: &Path) -> Result<Self, ImportError> {
        Self::open(path, Self { look: true, ..Self::default() })
    }

    fn open(path: &Path, into: Self) -> Result<Self, ImportError> {
        let fail = |error: std::io::Error| ImportError::new(path, "", format!("cannot be read: {error}"));
        let mut file = File::open(path).map_err(fail)?;
        let mut head = [0; 512];
        let n = read_up_to(&mut file, &mut head).map_err(fail)?;
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        Self::read(path, BufReader::with_capacity(1 << 16, file), &head[..n], into)
    }

    /// Reads from anything; `head` holds its first bytes.
    pub fn read(
        path: &Path,
        reader: impl std::io::BufRead + Send,
        head: &[u8],
        into: Self,
    ) -> Result<Self, ImportError> {
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        match text.iter().find(|b| !b.is_ascii_whitespace()) {
            None => Err(ImportError::new(path, "", "the file is empty; expected OSM XML or PBF")),
            Some(b'<') => xml::read(path, reader, into),
            Some(_) if head.windows(9).any(|w| w == b"OSMHeader") => pbf::read(path, reader, into),
            Some(_) => Err(ImportError::new(
                path,
                "",
                "neither OSM XML (which begins with <) nor OSM PBF (which begins with an OSMHeader block)",
            )),
        }
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match file.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}
