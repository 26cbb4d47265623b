//! Subtrees of implicit tilesets: which tiles, contents and further subtrees exist, and tiles' metadata.

use serde_json::{Map, Value};

use super::{
    implicit::{Coord, Implicit},
    issue::{Issues, Kind},
    json::{self, At},
    schema::{Entity, Schema, Values},
    source::{TileSource, join},
    tables::PropertyTable,
};
use crate::import::Severity;

/// Largest subtree file or buffer, bytes.
const MAX_BYTES: u64 = 256 << 20;

/// One bit for each tile of a subtree, or the same for all.
#[derive(Clone, Debug, PartialEq)]
pub enum Availability {
    /// All, or none.
    Constant(bool),
    /// Bits, the least of each byte first.
    Bits(Vec<u8>),
}

impl Availability {
    /// The bit of one tile.
    #[must_use]
    pub fn get(&self, n: u64) -> bool {
        match self {
            Self::Constant(all) => *all,
            Self::Bits(bytes) => {
                let byte = usize::try_from(n / 8).ok().and_then(|at| bytes.get(at));
                byte.is_some_and(|b| b >> (n % 8) & 1 == 1)
            }
        }
    }

    fn clear(&mut self, n: u64) {
        if let Self::Bits(bytes) = self
            && let Some(byte) = usize::try_from(n / 8).ok().and_then(|at| bytes.get_mut(at))
        {
            *byte &= !(1 << (n % 8));
        }
    }

    /// Bits set among the first `total`.
    #[must_use]
    pub fn count(&self, total: u64) -> u64 {
        match self {
            Self::Constant(all) => {
                if *all {
                    total
                } else {
                    0
                }
            }
            Self::Bits(bytes) => {
                let whole = usize::try_from(total / 8).unwrap_or(usize::MAX).min(bytes.len());
                let ones: u64 = bytes[..whole].iter().map(|b| u64::from(b.count_ones())).sum();
                ones + (whole as u64 * 8..total).filter(|n| self.get(*n)).count() as u64
            }
        }
    }
}

/// A subtree.
#[derive(Clone, Debug)]
pub struct Subtree {
    /// Which tiles exist.
    pub tiles: Availability,
    /// Which contents exist, for each content of a tile.
    pub contents: Vec<Availability>,
    /// Which subtrees follow.
    pub children: Availability,
    /// Metadata of the subtree.
    pub metadata: Option<Entity>,
    tile_metadata: Option<PropertyTable>,
    content_metadata: Vec<PropertyTable>,
}

/// What a subtree needs from around it.
pub struct Around<'a> {
    /// The tree.
    pub implicit: &'a Implicit,
    /// Its schema.
    pub schema: Option<&'a Schema>,
    /// Where buffers come from.
    pub source: &'a dyn TileSource,
    /// The subtree's URI.
    pub uri: &'a str,
}

impl Subtree {
    /// Reads a subtree from its binary or JSON form; `None` when nothing of it can be used.
    pub fn read(bytes: &[u8], around: &Around<'_>, issues: &mut Issues) -> Option<Self> {
        let (text, internal) = split(bytes, issues)?;
        let value = match json::parse(text) {
            Ok(value) => value,
            Err((place, why)) => {
                issues.push(Kind::JsonParse, Severity::Error, place, why);
                return None;
            }
        };
        let map = issues.object(&value, At::TOP, Severity::Error, "")?;
        let buffers = Buffers::read(map, internal, around, issues)?;
        let total = around.implicit.tiles_above(around.implicit.subtree_levels)?;
        let next = around.implicit.branches().checked_pow(around.implicit.subtree_levels)?;
        let mut bits = |key: &str, total: u64| -> Option<Availability> {
            let Some(value) = map.get(key) else {
                issues.push(Kind::Missing, Severity::Error, At::TOP, format!("no {key}"));
                return None;
            };
            availability(value, At::TOP.key(key), total, &buffers, issues)
        };
        let tiles = bits("tileAvailability", total)?;
        let children = bits("childSubtreeAvailability", next)?;
        let contents_at = At::TOP.key("contentAvailability");
        let mut contents = Vec::new();
        match map.get("contentAvailability") {
            None => {}
            Some(Value::Array(list)) if list.is_empty() => {
                let text = "an empty list, expected at least one availability; no contents";
                issues.push(Kind::ArrayLength, Severity::Repaired, contents_at, text);
            }
            Some(Value::Array(list)) => {
                for (n, value) in list.iter().enumerate() {
                    contents.push(availability(value, contents_at.index(n), total, &buffers, issues)?);
                }
            }
            // Drafts had one availability here.
            Some(value @ Value::Object(_)) => contents.push(availability(value, contents_at, total, &buffers, issues)?),
            Some(other) => {
                issues.array(other, contents_at, Severity::Error, "");
                return None;
            }
        }
        let mut subtree =
            Self { tiles, contents, children, metadata: None, tile_metadata: None, content_metadata: Vec::new() };
        subtree.make_consistent(around.implicit, total, issues);
        subtree.read_metadata(map, around, &buffers, total, issues);
        Some(subtree)
    }

    /// Tiles without a parent and contents without a tile are taken out.
    fn make_consistent(&mut self, implicit: &Implicit, total: u64, issues: &mut Issues) {
        if matches!(self.tiles, Availability::Bits(_)) {
            let mut orphans = 0;
            for n in 1..total {
                // Morton order in levels: the parent of tile n is (n - 1) / branches, as in a heap.
                if self.tiles.get(n) && !self.tiles.get((n - 1) / implicit.branches()) {
                    self.tiles.clear(n);
                    orphans += 1;
                }
            }
            if orphans > 0 {
                let text = format!("{orphans} tiles exist whose parents do not; left out");
                issues.push(Kind::Availability, Severity::Repaired, At::TOP.key("tileAvailability"), text);
            }
        }
        let at = At::TOP.key("contentAvailability");
        for (k, content) in self.contents.iter_mut().enumerate() {
            if matches!(content, Availability::Constant(true)) || matches!(self.tiles, Availability::Constant(true)) {
                continue;
            }
            let mut loose = 0;
            for n in 0..total {
                if content.get(n) && !self.tiles.get(n) {
                    content.clear(n);
                    loose += 1;
                }
            }
            if loose > 0 {
                let text = format!("{loose} contents exist whose tiles do not; left out");
                issues.push(Kind::Availability, Severity::Repaired, at.index(k), text);
            }
        }
    }

    fn read_metadata(
        &mut self,
        map: &Map<String, Value>,
        around: &Around<'_>,
        buffers: &Buffers,
        total: u64,
        issues: &mut Issues,
    ) {
        const IGNORED: &str = "; ignored";
        let tables_at = At::TOP.key("propertyTables");
        let mut tables: Vec<Option<PropertyTable>> = Vec::new();
        let mut declared = false;
        if let Some(value) = map.get("propertyTables")
            && let Some(list) = issues.array(value, tables_at, Severity::Repaired, IGNORED)
        {
            declared = true;
            if list.is_empty() {
                let text = format!("an empty list, expected at least one table{IGNORED}");
                issues.push(Kind::ArrayLength, Severity::Repaired, tables_at, text);
            }
            for (n, value) in list.iter().enumerate() {
                let view = |k: usize| buffers.view(k).map(<[u8]>::to_vec);
                let table = around
                    .schema
                    .and_then(|schema| PropertyTable::read(value, tables_at.index(n), schema, &view, issues));
                tables.push(table);
            }
        }
        let mut table_of = |value: &Value, at: At<'_>, rows: u64, issues: &mut Issues| -> Option<PropertyTable> {
            if !declared {
                let text = format!("metadata without property tables{IGNORED}");
                issues.push(Kind::Required, Severity::Repaired, at, text);
                return None;
            }
            let n = issues.whole(value, at, (0, tables.len().max(1) as u64), Severity::Repaired, IGNORED)?;
            let mut table = tables.get_mut(n as usize)?.clone()?;
            if (table.count as u64) < rows {
                let text =
                    format!("its table says {} rows for {rows} tiles; the rows its bytes hold are read", table.count);
                issues.push(Kind::BufferBounds, Severity::Repaired, at, text);
                table.count = rows as usize;
            }
            Some(table)
        };
        let tile_count = self.tiles.count(total);
        if let Some(value) = map.get("tileMetadata") {
            self.tile_metadata = table_of(value, At::TOP.key("tileMetadata"), tile_count, issues);
        }
        if let Some(value) = map.get("contentMetadata") {
            let at = At::TOP.key("contentMetadata");
            if let Some(list) = issues.array(value, at, Severity::Repaired, IGNORED) {
                for (n, value) in list.iter().enumerate() {
                    let rows = self.contents.get(n).map_or(0, |c| c.count(total));
                    if !declared && n > 0 {
                        break;
                    }
                    self.content_metadata.extend(table_of(value, at.index(n), rows, issues));
                }
            }
        }
        if let Some(value) = map.get("subtreeMetadata") {
            self.metadata = Entity::read(value, At::TOP.key("subtreeMetadata"), around.schema, issues);
        }
    }

    /// Metadata of an available tile: its class and values.
    #[must_use]
    pub fn tile_values(&self, n: u64) -> Option<(&str, Values)> {
        let table = self.tile_metadata.as_ref()?;
        let row = self.tiles.count(n) as usize;
        Some((table.class.as_str(), table.row(row)))
    }

    /// A value that overrides what the tree implies (`TILE_GEOMETRIC_ERROR` …).
    #[must_use]
    pub fn tile_semantic(&self, semantic: &str, n: u64) -> Option<Value> {
        let table = self.tile_metadata.as_ref()?;
        table.by_semantic(semantic, self.tiles.count(n) as usize)
    }

    /// Metadata of an available content.
    #[must_use]
    pub fn content_values(&self, content: usize, n: u64) -> Option<(&str, Values)> {
        let table = self.content_metadata.get(content)?;
        let row = self.contents.get(content)?.count(n) as usize;
        Some((table.class.as_str(), table.row(row)))
    }

    /// True when a tile of this subtree exists.
    #[must_use]
    pub fn has_tile(&self, implicit: &Implicit, c: Coord) -> bool {
        self.tiles.get(implicit.index_in_subtree(c))
    }
}

/// Splits the binary form into JSON and internal buffer; anything else is all JSON.
fn split<'b>(bytes: &'b [u8], issues: &mut Issues) -> Option<(&'b [u8], Option<&'b [u8]>)> {
    if !bytes.starts_with(b"subt") {
        return Some((bytes, None));
    }
    let fail = |issues: &mut Issues, kind: Kind, at: usize, text: String| {
        issues.push(kind, Severity::Error, format!("byte {at}"), text);
        None
    };
    let long = |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    let version = bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let (Some(version), Some(json_size), Some(binary_size)) = (version, long(8), long(16)) else {
        return fail(issues, Kind::BinaryLength, 0, "the file is cut off inside its header".into());
    };
    if version != 1 {
        return fail(issues, Kind::BinaryValue, 4, format!("version {version}, expected 1"));
    }
    for (name, at, size) in [("JSON", 8, json_size), ("binary", 16, binary_size)] {
        if size % 8 != 0 {
            let text = format!("the {name} part has {size} bytes, expected a multiple of 8");
            return fail(issues, Kind::BinaryAlignment, at, text);
        }
    }
    let whole = json_size.checked_add(binary_size).and_then(|n| n.checked_add(24));
    if whole.is_none_or(|n| n > bytes.len() as u64) {
        let text = format!("{json_size} + {binary_size} bytes are declared, {} follow", bytes.len() - 24);
        return fail(issues, Kind::BinaryLength, 8, text);
    }
    let middle = 24 + json_size as usize;
    Some((&bytes[24..middle], Some(&bytes[middle..middle + binary_size as usize])))
}

/// Buffers and the views into them.
struct Buffers {
    buffers: Vec<Vec<u8>>,
    views: Vec<(usize, usize, usize)>,
}

impl Buffers {
    fn read(
        map: &Map<String, Value>,
        internal: Option<&[u8]>,
        around: &Around<'_>,
        issues: &mut Issues,
    ) -> Option<Self> {
        let list = |key: &str| map.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let (buffers, views) = (list("buffers"), list("bufferViews"));
        if buffers.is_empty() && !views.is_empty() {
            issues.push(
                Kind::BuffersAbsent,
                Severity::Error,
                At::TOP.key("bufferViews"),
                "buffer views without buffers",
            );
            return None;
        }
        if !buffers.is_empty() && views.is_empty() {
            let text = "buffers without buffer views: nothing uses them";
            issues.push(Kind::BuffersUnused, Severity::Guessed, At::TOP.key("buffers"), text);
            return Some(Self { buffers: Vec::new(), views: Vec::new() });
        }
        let mut out = Self { buffers: Vec::new(), views: Vec::new() };
        let buffers_at = At::TOP.key("buffers");
        for (n, buffer) in buffers.iter().enumerate() {
            let at = buffers_at.index(n);
            let length = buffer.get("byteLength").and_then(Value::as_u64).filter(|v| *v <= MAX_BYTES);
            let Some(length) = length.and_then(|v| usize::try_from(v).ok()) else {
                issues.push(Kind::Range, Severity::Error, at.key("byteLength"), "no byte length that could be");
                return None;
            };
            let data = match buffer.get("uri") {
                None => internal
                    .filter(|_| n == 0)
                    .map(<[u8]>::to_vec)
                    .ok_or("it has no uri and there is no binary part".into()),
                Some(uri) => {
                    let uri = issues.string(uri, at.key("uri"), Severity::Error, "")?;
                    let target = join(around.uri, uri);
                    around.source.get(&target, MAX_BYTES).map_err(|why| format!("{uri:?} cannot be read: {why}"))
                }
            };
            match data {
                Ok(data) if data.len() >= length => out.buffers.push(data),
                Ok(data) => {
                    let text = format!("{} bytes, {length} are declared", data.len());
                    issues.push(Kind::BufferBounds, Severity::Error, at, text);
                    return None;
                }
                Err(why) => {
                    issues.push(Kind::Io, Severity::Error, at, why);
                    return None;
                }
            }
        }
        let views_at = At::TOP.key("bufferViews");
        for (n, view) in views.iter().enumerate() {
            let number = |key: &str| view.get(key).and_then(Value::as_u64).and_then(|v| usize::try_from(v).ok());
            let buffer = number("buffer");
            let start = if view.get("byteOffset").is_some() { number("byteOffset") } else { Some(0) };
            let end = start.and_then(|s| s.checked_add(number("byteLength")?));
            match (buffer, start, end) {
                (Some(b), Some(s), Some(e)) if out.buffers.get(b).is_some_and(|data| e <= data.len()) => {
                    out.views.push((b, s, e));
                }
                _ => {
                    let text = "the view does not lie inside a buffer";
                    issues.push(Kind::BufferBounds, Severity::Error, views_at.index(n), text);
                    return None;
                }
            }
        }
        Some(out)
    }

    fn view(&self, n: usize) -> Result<&[u8], String> {
        let (buffer, start, end) = *self.views.get(n).ok_or_else(|| format!("no buffer view {n}"))?;
        self.buffers.get(buffer).and_then(|b| b.get(start..end)).ok_or_else(|| format!("no buffer view {n}"))
    }
}

fn availability(value: &Value, at: At<'_>, total: u64, buffers: &Buffers, issues: &mut Issues) -> Option<Availability> {
    let map = issues.object(value, at, Severity::Error, "")?;
    let stream = map.get("bitstream").or_else(|| map.get("bufferView"));
    let read = match (stream, map.get("constant")) {
        (Some(stream), constant) => {
            if constant.is_some() {
                issues.push(Kind::OneOf, Severity::Repaired, at, "both bitstream and constant; the bitstream is used");
            }
            let beyond = buffers.views.len().max(1) as u64;
            let n = issues.whole(stream, at.key("bitstream"), (0, beyond), Severity::Error, "")?;
            let bytes = match buffers.view(n as usize) {
                Ok(bytes) => bytes,
                Err(why) => {
                    issues.push(Kind::Range, Severity::Error, at.key("bitstream"), why);
                    return None;
                }
            };
            let wanted = total.div_ceil(8) as usize;
            if bytes.len() < wanted {
                let text = format!("{} bytes for {total} tiles, expected {wanted}", bytes.len());
                issues.push(Kind::Availability, Severity::Error, at, text);
                return None;
            }
            if bytes.len() > wanted {
                let text = format!("{} bytes for {total} tiles, expected {wanted}; the rest is ignored", bytes.len());
                issues.push(Kind::Availability, Severity::Repaired, at, text);
            }
            Availability::Bits(bytes[..wanted].to_vec())
        }
        (None, Some(constant)) => match constant.as_u64() {
            Some(n @ 0..=1) => Availability::Constant(n == 1),
            _ => {
                let text = format!("{constant}, expected 0 or 1");
                issues.push(Kind::NotInList, Severity::Error, at.key("constant"), text);
                return None;
            }
        },
        (None, None) => {
            issues.push(Kind::AnyOf, Severity::Error, at, "neither bitstream nor constant");
            return None;
        }
    };
    if let Some(said) = map.get("availableCount").and_then(Value::as_u64) {
        let counted = read.count(total);
        if said != counted {
            let text = format!("availableCount says {said}, the bits say {counted}; the bits are used");
            issues.push(Kind::Availability, Severity::Repaired, at.key("availableCount"), text);
        }
    }
    Some(read)
}
