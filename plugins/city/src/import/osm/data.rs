//! Nodes, ways and relations as they stand in a file, whichever encoding it has.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
    path::Path,
};

use super::{pbf, xml};
use crate::import::{ImportError, Report, Severity, packed, transcode};

/// Tags of an element, in one piece: a file has many millions of them. Of each two bytes with the length of the key, four
/// with that of the value, both.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tags(Box<[u8]>);

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(tags: I) -> Self {
        let mut all = Vec::new();
        for (key, value) in tags {
            let (key, value) = (key.as_ref().as_bytes(), value.as_ref().as_bytes());
            // Nobody asks for longer ones.
            let (Ok(k), Ok(v)) = (u16::try_from(key.len()), u32::try_from(value.len())) else { continue };
            all.extend_from_slice(&k.to_le_bytes());
            all.extend_from_slice(&v.to_le_bytes());
            all.extend_from_slice(key);
            all.extend_from_slice(value);
        }
        Self(all.into())
    }
}

impl Tags {
    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Value of a key; of one that stands there twice the first.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut rest = &self.0[..];
        while let Some((&[k0, k1, v0, v1, v2, v3], after)) = rest.split_first_chunk::<6>() {
            let (own, after) = after.split_at_checked(u16::from_le_bytes([k0, k1]).into())?;
            let (value, after) = after.split_at_checked(u32::from_le_bytes([v0, v1, v2, v3]) as usize)?;
            if own == key.as_bytes() {
                return std::str::from_utf8(value).ok().map(str::trim);
            }
            rest = after;
        }
        None
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
    /// Elements of which a later version may follow or an earlier one was read: all of a history, a few elsewhere.
    pub again: Again,
}

/// What occurs more than once, and what its last version says.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// The file holds several versions of its elements.
    pub history: bool,
    /// Versions that were left for later ones.
    older: usize,
    last_way: Option<i64>,
    last_relation: Option<i64>,
    /// A way or relation came that is not newer than the one before.
    unsorted: bool,
    gone_ways: HashSet<i64>,
    gone_relations: HashSet<i64>,
}

impl Data {
    /// Adds a way.
    pub fn way(&mut self, mut way: Way) {
        if !self.look {
            way.refs.shrink_to_fit();
            self.again.unsorted |= self.again.last_way.replace(way.id).is_some_and(|id| id >= way.id);
            self.again.gone_ways.remove(&way.id);
            self.ways.push(way);
        }
    }

    /// Adds a relation.
    pub fn relation(&mut self, relation: Relation) {
        if !self.look {
            self.again.unsorted |= self.again.last_relation.replace(relation.id).is_some_and(|id| id >= relation.id);
            self.again.gone_relations.remove(&relation.id);
            self.relations.push(relation);
        }
    }

    /// A version of an element that says it was deleted: earlier versions do not count.
    pub fn gone(&mut self, kind: MemberKind, id: i64) {
        match kind {
            MemberKind::Node => {
                if self.nodes.remove(&id).is_some() {
                    self.again.older += 1;
                    self.tagged.retain(|(tagged, _)| *tagged != id);
                }
            }
            MemberKind::Way => {
                self.again.gone_ways.insert(id);
            }
            MemberKind::Relation => {
                self.again.gone_relations.insert(id);
            }
        }
    }

    /// Keeps the last version of every way and relation, and none of those that were deleted.
    fn settle(&mut self) {
        let Again { unsorted, gone_ways, gone_relations, .. } = &self.again;
        let before = self.ways.len() + self.relations.len();
        if *unsorted || !gone_ways.is_empty() || !gone_relations.is_empty() {
            last_ones(&mut self.ways, |w| w.id, gone_ways);
            last_ones(&mut self.relations, |r| r.id, gone_relations);
        }
        let older = self.again.older + before - self.ways.len() - self.relations.len();
        if older > 0 {
            let text = format!("{older} older versions of elements are left out; the last ones are used");
            self.report.note(Severity::Repaired, "history", text);
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
            if self.again.history {
                self.again.older += 1;
            } else {
                let text = "the node occurs twice; the last place is used";
                self.report.note(Severity::Repaired, format!("node {id}"), text);
            }
            // Versions follow one another.
            if self.tagged.last().is_some_and(|(last, _)| *last == id) {
                self.tagged.pop();
            }
        }
        if !tags.is_empty() {
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
        let mut head = Vec::new();
        packed::open(path).map_err(fail)?.take(512).read_to_end(&mut head).map_err(fail)?;
        Self::read(path, packed::open(path).map_err(fail)?, &head, into)
    }

    fn settled(mut self) -> Self {
        self.settle();
        self
    }

    /// Reads from anything; `head` holds its first bytes.
    pub fn read(
        path: &Path,
        reader: impl std::io::BufRead + Send,
        head: &[u8],
        into: Self,
    ) -> Result<Self, ImportError> {
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let encoding = transcode::of_xml(text).map_err(|reason| ImportError::new(path, "line 1", reason))?;
        match text.iter().find(|b| !b.is_ascii_whitespace()) {
            None => Err(ImportError::new(path, "", "the file is empty; expected OSM XML or PBF")),
            Some(b'<') if let Some(encoding) = encoding => {
                xml::read(path, transcode::Transcoded::new(reader, encoding), into).map(Self::settled)
            }
            Some(b'<') => xml::read(path, reader, into).map(Self::settled),
            Some(_) if head.windows(9).any(|w| w == b"OSMHeader") => pbf::read(path, reader, into).map(Self::settled),
            Some(_) => Err(ImportError::new(
                path,
                "",
                "neither OSM XML (which begins with <) nor OSM PBF (which begins with an OSMHeader block)",
            )),
        }
    }
}

/// Keeps the last of those with the same id, and none that are gone.
fn last_ones<T>(list: &mut Vec<T>, id: impl Fn(&T) -> i64, gone: &HashSet<i64>) {
    let last: HashMap<i64, usize> = list.iter().enumerate().map(|(n, t)| (id(t), n)).collect();
    let mut n = 0;
    list.retain(|t| {
        n += 1;
        !gone.contains(&id(t)) && last.get(&id(t)) == Some(&(n - 1))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_by_their_whole_key() {
        let tags = Tags::from_iter([("building:levels", " 3 "), ("building", "yes"), ("name", ""), ("building", "no")]);
        assert_eq!(
            (tags.get("building"), tags.get("building:levels"), tags.get("name")),
            (Some("yes"), Some("3"), Some(""))
        );
        assert_eq!((tags.get("levels"), tags.get("yes"), tags.is_empty()), (None, None, false));
        let odd = Tags::from_iter([("长".repeat(30_000), "x".repeat(70_000)), (String::new(), "x".to_owned())]);
        assert_eq!((odd.get(""), odd.get("长")), (Some("x"), None));
        assert_eq!(Tags::from_iter([("a", "x".repeat(70_000))]).get("a").map(str::len), Some(70_000));
        assert_eq!((Tags::default().get(""), Tags::default().is_empty()), (None, true));
    }
}
