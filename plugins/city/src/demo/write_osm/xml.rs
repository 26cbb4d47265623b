//! Nodes, ways and relations as XML text, numbered as they come.

use std::fmt::Write as _;

use crate::demo::{DemoError, geom::P, lonlat::LonLat};

/// Keys and values; those without a value are not written.
pub type Tags = Vec<(&'static str, String)>;

/// A file as it grows.
pub struct Osm<'a> {
    lonlat: &'a LonLat,
    nodes: String,
    ways: String,
    relations: String,
    next_node: i64,
    next_way: i64,
    next_relation: i64,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

fn write_tags(out: &mut String, tags: &[(&str, String)]) {
    for (k, v) in tags.iter().filter(|(_, v)| !v.is_empty()) {
        let _ = writeln!(out, "  <tag k=\"{k}\" v=\"{}\"/>", escaped(v));
    }
}

impl<'a> Osm<'a> {
    pub fn new(lonlat: &'a LonLat) -> Self {
        Self {
            lonlat,
            nodes: String::new(),
            ways: String::new(),
            relations: String::new(),
            next_node: 1,
            next_way: 1,
            next_relation: 1,
        }
    }

    /// Writes nodes and gives their ids; `tags` for the node of that index.
    pub fn nodes(&mut self, points: &[P], tags: impl Fn(usize) -> Tags) -> Result<Vec<i64>, DemoError> {
        let mut ids = Vec::with_capacity(points.len());
        for (i, p) in self.lonlat.all(points)?.into_iter().enumerate() {
            let id = self.next_node;
            self.next_node += 1;
            let tags = tags(i);
            let _ = write!(self.nodes, " <node id=\"{id}\" version=\"1\" lat=\"{:.7}\" lon=\"{:.7}\"", p[1], p[0]);
            if tags.is_empty() {
                self.nodes.push_str("/>\n");
            } else {
                self.nodes.push_str(">\n");
                write_tags(&mut self.nodes, &tags);
                self.nodes.push_str(" </node>\n");
            }
            ids.push(id);
        }
        Ok(ids)
    }

    /// Writes a way through nodes and gives its id.
    pub fn way(&mut self, refs: &[i64], tags: &[(&'static str, String)]) -> i64 {
        let id = self.next_way;
        self.next_way += 1;
        let _ = writeln!(self.ways, " <way id=\"{id}\" version=\"1\">");
        for r in refs {
            let _ = writeln!(self.ways, "  <nd ref=\"{r}\"/>");
        }
        write_tags(&mut self.ways, tags);
        self.ways.push_str(" </way>\n");
        id
    }

    /// Writes a closed way around a ring of new nodes and gives its id.
    pub fn ring(&mut self, ring: &[P], tags: &[(&'static str, String)]) -> Result<i64, DemoError> {
        let mut refs = self.nodes(ring, |_| Tags::new())?;
        refs.push(refs[0]);
        Ok(self.way(&refs, tags))
    }

    /// A multipolygon of one ring with one hole.
    pub fn with_hole(&mut self, ring: &[P], hole: &[P], tags: &[(&'static str, String)]) -> Result<(), DemoError> {
        let (outer, inner) = (self.ring(ring, &[])?, self.ring(hole, &[])?);
        let id = self.next_relation;
        self.next_relation += 1;
        let _ = writeln!(
            self.relations,
            " <relation id=\"{id}\" version=\"1\">\n  <member type=\"way\" ref=\"{outer}\" role=\"outer\"/>\n  <member type=\"way\" ref=\"{inner}\" role=\"inner\"/>"
        );
        self.relations.push_str("  <tag k=\"type\" v=\"multipolygon\"/>\n");
        write_tags(&mut self.relations, tags);
        self.relations.push_str(" </relation>\n");
        Ok(())
    }

    /// The elements in the order of the format.
    pub fn into_text(self) -> String {
        format!("{}{}{}", self.nodes, self.ways, self.relations)
    }
}

/// Adds the name in both languages.
pub fn name_tags(tags: &mut Tags, name: &(String, String)) {
    tags.push(("name", name.0.clone()));
    tags.push(("name:zh", name.0.clone()));
    tags.push(("name:en", name.1.clone()));
}
