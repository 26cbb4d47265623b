//! `tileset.json`: one document of tiles, with everything wrong in it named and, where that is safe, put right.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    checks,
    implicit::{Implicit, check_template},
    issue::{Issues, Kind},
    json::{self, At, kind_of},
    linear::M4,
    placing::Placing,
    schema::{Entity, Schema},
    source::{TileSource, join},
    volume::Volume,
};
use crate::import::Severity;

/// Largest tileset document, bytes.
pub const MAX_JSON: u64 = 256 << 20;
/// Most tiles of one document.
const MAX_TILES: usize = 2_000_000;

/// How children take the place of their parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refine {
    /// Children are drawn with it.
    Add,
    /// Children are drawn in its place.
    #[default]
    Replace,
}

/// A reference to a content.
#[derive(Clone, Debug, PartialEq)]
pub struct ContentHeader {
    /// From the tileset's root; a template under an implicit root.
    pub uri: String,
    /// Volume of the content alone.
    pub volume: Option<Volume>,
    /// Index in [`Tileset::groups`].
    pub group: Option<usize>,
    /// Metadata of the content.
    pub metadata: Option<Entity>,
}

/// A tile of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Index of the parent.
    pub parent: Option<usize>,
    /// Indices of the children.
    pub children: Vec<usize>,
    /// Everything of the tile and its children.
    pub volume: Volume,
    /// The tile is only shown to an eye inside this volume.
    pub request: Option<Volume>,
    /// Error of showing this tile and not its children, m.
    pub error_m: f64,
    /// Refinement, inherited when the file does not say.
    pub refine: Refine,
    /// From the tile's to its parent's coordinates.
    pub transform: M4,
    /// Contents.
    pub contents: Vec<ContentHeader>,
    /// The tile is the root of an implicit tree.
    pub implicit: Option<Arc<Implicit>>,
    /// Metadata of the tile.
    pub metadata: Option<Entity>,
}

/// A tileset document.
#[derive(Clone, Debug, PartialEq)]
pub struct Tileset {
    /// Version of 3D Tiles.
    pub version: String,
    /// Version of the tileset, or empty.
    pub tileset_version: String,
    /// Error of showing nothing of it, m.
    pub error_m: f64,
    /// Tiles, the root first, parents before children.
    pub tiles: Vec<Tile>,
    /// Levels of tiles.
    pub depth: usize,
    /// Schema.
    pub schema: Option<Arc<Schema>>,
    /// Metadata of content groups.
    pub groups: Vec<Option<Entity>>,
    /// Metadata of the tileset.
    pub metadata: Option<Entity>,
    /// Models are z up (`asset.gltfUpAxis` of old tilesets); y up otherwise.
    pub z_up: bool,
}

impl Tileset {
    /// Reads a document at a URI. `None` when nothing of it can be used; the issues say why.
    pub fn read(bytes: &[u8], uri: &str, source: &dyn TileSource, issues: &mut Issues) -> Option<Self> {
        let value = match json::parse(bytes) {
            Ok(value) => value,
            Err((place, why)) => {
                issues.push(Kind::JsonParse, Severity::Error, place, why);
                return None;
            }
        };
        Self::from_json(&value, uri, source, issues)
    }

    fn from_json(value: &Value, uri: &str, source: &dyn TileSource, issues: &mut Issues) -> Option<Self> {
        let map = issues.object(value, At::TOP, Severity::Error, "")?;
        let (version, tileset_version) = asset(map, issues)?;
        if !checks::extensions(value, map, &version, issues) {
            return None;
        }
        let schema = schema(map, uri, source, issues).map(Arc::new);
        let groups_at = At::TOP.key("groups");
        let groups: Vec<Option<Entity>> = match map.get("groups") {
            Some(value) => {
                let list = issues.array(value, groups_at, Severity::Repaired, "; ignored");
                let list = list.map(Vec::as_slice).unwrap_or_default().iter().enumerate();
                list.map(|(n, g)| Entity::read(g, groups_at.index(n), schema.as_deref(), issues)).collect()
            }
            None => Vec::new(),
        };
        let metadata =
            map.get("metadata").and_then(|m| Entity::read(m, At::TOP.key("metadata"), schema.as_deref(), issues));
        checks::properties(map, issues);
        checks::statistics(map, schema.as_deref(), issues);
        let Some(root) = map.get("root") else {
            issues.push(Kind::Missing, Severity::Error, At::TOP, "no root tile");
            return None;
        };
        let error_at = At::TOP.key("geometricError");
        let error_m = error(map.get("geometricError"), error_at, "the root's own is used", issues);
        let mut reader =
            Reader { uri, schema: schema.as_deref(), groups: groups.len(), issues, tiles: Vec::new(), depth: 0 };
        reader.tile(root, At::TOP.key("root"), None, 1);
        let (tiles, depth) = (reader.tiles, reader.depth);
        let root_error = tiles.first()?.error_m;
        Some(Self {
            version,
            tileset_version,
            error_m: error_m.unwrap_or(root_error).max(root_error),
            tiles,
            depth,
            schema,
            groups,
            metadata,
            z_up: value
                .pointer("/asset/gltfUpAxis")
                .and_then(Value::as_str)
                .is_some_and(|a| a.eq_ignore_ascii_case("z")),
        })
    }
}

fn asset(map: &Map<String, Value>, issues: &mut Issues) -> Option<(String, String)> {
    let at = At::TOP.key("asset");
    let Some(asset) = map.get("asset") else {
        issues.push(Kind::Missing, Severity::Error, At::TOP, "no asset: this is no tileset");
        return None;
    };
    let asset = issues.object(asset, at, Severity::Error, "")?;
    let Some(version) = asset.get("version") else {
        issues.push(Kind::Missing, Severity::Error, at, "no version, expected \"1.0\" or \"1.1\"");
        return None;
    };
    let version = issues.string(version, at.key("version"), Severity::Error, " (\"1.0\" or \"1.1\")")?;
    if !["0.0", "1.0", "1.1"].contains(&version) {
        let text = format!("version {version:?}, expected \"1.0\" or \"1.1\"; read as 1.1");
        issues.push(Kind::Version, Severity::Guessed, at.key("version"), text);
    }
    let tileset_version = match asset.get("tilesetVersion") {
        Some(value) => {
            issues.string(value, at.key("tilesetVersion"), Severity::Repaired, "; ignored").unwrap_or_default()
        }
        None => "",
    };
    Some((version.to_owned(), tileset_version.to_owned()))
}

fn schema(map: &Map<String, Value>, uri: &str, source: &dyn TileSource, issues: &mut Issues) -> Option<Schema> {
    let (at, uri_at) = (At::TOP.key("schema"), At::TOP.key("schemaUri"));
    let old = map.get("extensions").and_then(|e| e.get("3DTILES_metadata"));
    let own = map.get("schema").or_else(|| old?.get("schema"));
    let elsewhere = map.get("schemaUri").or_else(|| old?.get("schemaUri"));
    if own.is_some() && elsewhere.is_some() {
        issues.push(Kind::OneOf, Severity::Repaired, At::TOP, "both schema and schemaUri; the schema here is used");
    }
    if let Some(value) = own {
        return Schema::read(value, at, issues);
    }
    let reference = issues.string(elsewhere?, uri_at, Severity::Repaired, "; metadata is not read")?;
    let target = join(uri, reference);
    let bytes = match source.get(&target, MAX_JSON) {
        Ok(bytes) => bytes,
        Err(why) => {
            let text = format!("the schema {reference:?} cannot be read: {why}; metadata is not read");
            issues.push(Kind::Io, Severity::Skipped, uri_at, text);
            return None;
        }
    };
    match json::parse(&bytes) {
        Ok(value) => Schema::read(&value, uri_at, issues),
        Err((place, why)) => {
            issues.push(Kind::JsonParse, Severity::Skipped, format!("{target}: {place}"), why);
            None
        }
    }
}

/// A geometric error; `None` (with the reason noted) when it is missing or negative.
fn error(value: Option<&Value>, at: At<'_>, instead: &str, issues: &mut Issues) -> Option<f64> {
    let Some(value) = value else {
        issues.push(Kind::Missing, Severity::Repaired, at, format!("no geometricError; {instead}"));
        return None;
    };
    let number = issues.number(value, at, Severity::Repaired, &format!("; {instead}"))?;
    if number < 0.0 {
        issues.push(Kind::Range, Severity::Repaired, at, format!("{number}, expected at least 0; {instead}"));
        return None;
    }
    Some(number)
}

struct Reader<'a> {
    uri: &'a str,
    schema: Option<&'a Schema>,
    groups: usize,
    issues: &'a mut Issues,
    tiles: Vec<Tile>,
    depth: usize,
}

impl Reader<'_> {
    /// Reads a tile and what is below it. JSON this deep was refused by the parser, so that recursion is safe.
    fn tile(&mut self, value: &Value, at: At<'_>, parent: Option<usize>, depth: usize) {
        let (severity, done) = match parent {
            None => (Severity::Error, ""),
            Some(_) => (Severity::Skipped, "; the tile is left out"),
        };
        if self.tiles.len() >= MAX_TILES {
            if self.tiles.len() == MAX_TILES {
                let text = format!("more than {MAX_TILES} tiles in one document; the rest is left out");
                self.issues.push(Kind::Range, Severity::Skipped, at, text);
            }
            return;
        }
        let Value::Object(map) = value else {
            let kind = if parent.is_some() { Kind::ElementType } else { Kind::Type };
            self.issues.push(kind, severity, at, format!("expected a tile, found {}{done}", kind_of(value)));
            return;
        };
        let above = parent.map(|p| (self.tiles[p].error_m, self.tiles[p].refine));
        let Some(volume) = map.get("boundingVolume") else {
            self.issues.push(Kind::Missing, severity, at, format!("no boundingVolume{done}"));
            return;
        };
        let Some(volume) = Volume::read(volume, at.key("boundingVolume"), self.issues, severity, done) else { return };
        let transform = match map.get("transform") {
            None => M4::IDENTITY,
            Some(value) => match self.issues.numbers::<16>(value, at.key("transform"), severity, done) {
                Some(numbers) => M4(numbers),
                None => return,
            },
        };
        let children = map.get("children").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let guess = if children.is_empty() { 0.0 } else { above.map_or(1e6, |(error, _)| error / 2.0) };
        let error_at = at.key("geometricError");
        let mut error_m = error(map.get("geometricError"), error_at, &format!("{guess} is used"), self.issues);
        if let (Some(own), Some((parents, _))) = (error_m, above)
            && own > parents
        {
            let text = format!("{own} is more than the parent's {parents}; the parent's is used");
            self.issues.push(Kind::Errors, Severity::Repaired, error_at, text);
            error_m = Some(parents);
        }
        let request_at = at.key("viewerRequestVolume");
        let request = map.get("viewerRequestVolume").and_then(|value| {
            Volume::read(value, request_at, self.issues, Severity::Repaired, "; the tile is shown from everywhere")
        });
        let refine = self.refine(map.get("refine"), at.key("refine"), above.map(|(_, refine)| refine));
        let implicit = match self.implicit(map, at, &volume, severity, done) {
            Ok(implicit) => implicit,
            Err(()) => return,
        };
        let contents = self.contents(map, at, implicit.as_deref(), &volume);
        if implicit.is_some() && contents.is_empty() {
            let text = "an implicit root without content: there is nothing to show";
            self.issues.push(Kind::ImplicitRoot, Severity::Guessed, at, text);
        }
        let old = map.get("extensions").and_then(|e| e.get("3DTILES_metadata"));
        let metadata = map.get("metadata").or(old).filter(|_| {
            if implicit.is_some() {
                let text = "an implicit root has no metadata of its own; ignored";
                self.issues.push(Kind::ImplicitRoot, Severity::Repaired, at.key("metadata"), text);
            }
            implicit.is_none()
        });
        let metadata = metadata.and_then(|m| Entity::read(m, at.key("metadata"), self.schema, self.issues));
        let me = self.tiles.len();
        let is_implicit = implicit.is_some();
        self.depth = self.depth.max(depth);
        self.tiles.push(Tile {
            parent,
            children: Vec::new(),
            volume,
            request,
            error_m: error_m.unwrap_or(guess),
            refine,
            transform,
            contents,
            implicit,
            metadata,
        });
        if let Some(parent) = parent {
            self.tiles[parent].children.push(me);
        }
        let children_at = at.key("children");
        if is_implicit {
            if map.contains_key("children") {
                let text = "an implicit root has no children of its own; ignored";
                self.issues.push(Kind::ImplicitRoot, Severity::Repaired, children_at, text);
            }
            return;
        }
        if let Some(value) = map.get("children").filter(|v| !v.is_array()) {
            self.issues.array(value, children_at, Severity::Skipped, "; the tile has no children");
        }
        for (n, child) in children.iter().enumerate() {
            self.tile(child, children_at.index(n), Some(me), depth + 1);
        }
    }

    fn refine(&mut self, value: Option<&Value>, at: At<'_>, above: Option<Refine>) -> Refine {
        match value {
            Some(Value::String(text)) => match text.to_ascii_uppercase().as_str() {
                "ADD" => return Refine::Add,
                "REPLACE" => return Refine::Replace,
                _ => {
                    let text = format!("{text:?}, expected ADD or REPLACE; taken as above, or REPLACE");
                    self.issues.push(Kind::NotInList, Severity::Repaired, at, text);
                }
            },
            Some(other) => {
                self.issues.string(other, at, Severity::Repaired, "; taken as above, or REPLACE");
            }
            None if above.is_none() => {
                let text = "the root does not say how it is refined; taken as REPLACE";
                self.issues.push(Kind::RefineMissing, Severity::Repaired, at, text);
            }
            None => {}
        }
        above.unwrap_or_default()
    }

    /// The implicit tiling of a tile; an error when it has one that cannot be used.
    fn implicit(
        &mut self,
        map: &Map<String, Value>,
        at: At<'_>,
        volume: &Volume,
        severity: Severity,
        done: &str,
    ) -> Result<Option<Arc<Implicit>>, ()> {
        let old = map.get("extensions").and_then(|e| e.get("3DTILES_implicit_tiling"));
        let Some(value) = map.get("implicitTiling").or(old) else { return Ok(None) };
        let at = at.key("implicitTiling");
        if matches!(volume, Volume::Sphere(_)) {
            let text = format!("an implicit root with a sphere cannot be divided{done}");
            self.issues.push(Kind::ImplicitRoot, severity, at, text);
            return Err(());
        }
        match Implicit::read(value, at, self.uri, self.issues, severity, done) {
            Some(implicit) => Ok(Some(Arc::new(implicit))),
            None => Err(()),
        }
    }

    fn contents(
        &mut self,
        map: &Map<String, Value>,
        at: At<'_>,
        implicit: Option<&Implicit>,
        volume: &Volume,
    ) -> Vec<ContentHeader> {
        const DONE: &str = "; the content is left out";
        let old = map.get("extensions").and_then(|e| e.get("3DTILES_multiple_contents"));
        let old = old.map(|e| e.get("contents").or_else(|| e.get("content")).unwrap_or(e));
        let many = map.get("contents").or(old);
        if map.contains_key("content") && many.is_some() {
            self.issues.push(Kind::OneOf, Severity::Repaired, at, "both content and contents; contents are used");
        }
        let (contents_at, content_at) = (at.key("contents"), at.key("content"));
        let mut out = Vec::new();
        if let Some(value) = many {
            let list = self.issues.array(value, contents_at, Severity::Skipped, DONE);
            for (n, value) in list.map(Vec::as_slice).unwrap_or_default().iter().enumerate() {
                out.extend(self.content(value, contents_at.index(n), implicit, volume));
            }
        } else if let Some(value) = map.get("content") {
            out.extend(self.content(value, content_at, implicit, volume));
        }
        out
    }

    fn content(
        &mut self,
        value: &Value,
        at: At<'_>,
        implicit: Option<&Implicit>,
        tile: &Volume,
    ) -> Option<ContentHeader> {
        const DONE: &str = "; the content is left out";
        let map = self.issues.object(value, at, Severity::Skipped, DONE)?;
        // 0.0 and early 1.0 tilesets say url.
        let Some(reference) = map.get("uri").or_else(|| map.get("url")) else {
            self.issues.push(Kind::Missing, Severity::Skipped, at, format!("a content without a uri{DONE}"));
            return None;
        };
        let reference = self.issues.string(reference, at.key("uri"), Severity::Skipped, DONE)?;
        if let Some(implicit) = implicit
            && !check_template(reference, implicit.octree, at.key("uri"), self.issues, Severity::Skipped, DONE)
        {
            return None;
        }
        let volume_at = at.key("boundingVolume");
        let volume = map
            .get("boundingVolume")
            .and_then(|value| Volume::read(value, volume_at, self.issues, Severity::Repaired, "; the tile's is used"));
        if let Some(own) = &volume
            && sticks_out(own, tile)
        {
            let text = "the content's volume is not inside the tile's; both are kept";
            self.issues.push(Kind::VolumesDiffer, Severity::Guessed, volume_at, text);
        }
        let group = map.get("group").and_then(|value| {
            let at = at.key("group");
            let n = self.issues.whole(value, at, (0, u64::MAX), Severity::Repaired, "; ignored")?;
            let n = usize::try_from(n).ok().filter(|n| *n < self.groups);
            if n.is_none() {
                let text = format!("group {value} of {} groups; ignored", self.groups);
                self.issues.push(Kind::Unknown, Severity::Repaired, at, text);
            }
            n
        });
        let old = map.get("extensions").and_then(|e| e.get("3DTILES_metadata"));
        let metadata = map.get("metadata").or_else(|| old.filter(|o| o.get("class").is_some()));
        let metadata = metadata.and_then(|m| Entity::read(m, at.key("metadata"), self.schema, self.issues));
        Some(ContentHeader { uri: join(self.uri, reference), volume, group, metadata })
    }
}

/// True when a content's volume clearly leaves its tile's. Regions are compared as numbers, others as boxes.
fn sticks_out(own: &Volume, tile: &Volume) -> bool {
    if let (Volume::Region(a), Volume::Region(b)) = (own, tile) {
        let slack = 1e-9;
        return a[0] < b[0] - slack || a[1] < b[1] - slack || a[2] > b[2] + slack || a[3] > b[3] + slack;
    }
    let on_globe = |v: &Volume| matches!(v, Volume::Region(_) | Volume::Cell(_));
    if on_globe(own) || on_globe(tile) {
        return false;
    }
    let plain = Placing::Plain { shift_m: [0.0; 3] };
    let (Some(own), Some(tile)) = (own.to_local(&M4::IDENTITY, &plain), tile.to_local(&M4::IDENTITY, &plain)) else {
        return false;
    };
    let slack = 1e-3 * (1.0 + tile.radius_m());
    let ((low, high), (tile_low, tile_high)) = (own.bounds(), tile.bounds());
    (0..3).any(|k| low[k] < tile_low[k] - slack || high[k] > tile_high[k] + slack)
}
