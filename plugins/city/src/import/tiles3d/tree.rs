//! The tree of tiles as far as it is known: it grows when subtrees and external tilesets arrive.
//!
//! The tree itself reads nothing. [`TileTree::job`] says what has to be read, [`Job::run`] reads it on any
//! thread, [`TileTree::attach`] takes the result in.

use std::sync::Arc;

use guanlan_geography::{LocalFrame, ecef};
use serde_json::Value;

use super::{
    content::{Context, Loaded, MAX_CONTENT, TileContent, decode},
    implicit::{Coord, Implicit, fill},
    issue::{Issues, Kind},
    linear::{M4, V3},
    placing::Placing,
    s2::S2Cell,
    schema::{Entity, Schema, Values},
    source::TileSource,
    subtree::{Around, Subtree},
    tileset::{ContentHeader, Refine, Tile, Tileset},
    volume::{LocalBox, Volume},
};
use crate::import::Severity;

/// Most tiles known at once.
const MAX_NODES: usize = 4_000_000;
/// Longest chain of tilesets inside tilesets.
const MAX_CHAIN: usize = 32;

/// A document of the tree.
#[derive(Clone, Debug)]
struct Document {
    uri: String,
    parent: Option<usize>,
    schema: Option<Arc<Schema>>,
    groups: Vec<Option<Entity>>,
    metadata: Option<Entity>,
    z_up: bool,
}

/// What all tiles of an implicit tree share.
#[derive(Clone, Debug)]
struct ImplicitRoot {
    implicit: Arc<Implicit>,
    volume: Volume,
    error_m: f64,
    refine: Refine,
    contents: Vec<ContentHeader>,
    transform: M4,
    document: usize,
}

/// A tile of an implicit tree whose subtree is not read yet.
#[derive(Clone, Debug)]
struct Bud {
    root: Arc<ImplicitRoot>,
    coord: Coord,
}

/// A content of a tile.
#[derive(Clone, Debug)]
pub struct ContentRef {
    /// From the tileset's root.
    pub uri: String,
    /// Volume of the content alone.
    pub volume: Option<LocalBox>,
    /// Metadata of its group.
    pub group: Option<Entity>,
    /// Metadata of the content.
    pub metadata: Option<Entity>,
    /// It turned out to be a tileset, which hangs below the tile now; there is nothing to draw.
    pub is_tileset: bool,
}

/// A tile.
#[derive(Clone, Debug)]
pub struct Node {
    /// The tile above.
    pub parent: Option<u32>,
    /// Tiles below.
    pub children: Vec<u32>,
    /// Everything of the tile and below, in local metres.
    pub volume: LocalBox,
    /// The tile is only shown to an eye inside.
    pub request: Option<LocalBox>,
    /// Error of showing this tile and not its children, m.
    pub error_m: f64,
    /// Refinement.
    pub refine: Refine,
    /// Tiles above.
    pub depth: u32,
    /// Contents.
    pub contents: Vec<ContentRef>,
    /// Metadata of the tile.
    pub metadata: Option<Entity>,
    transform: M4,
    document: usize,
    bud: Option<Box<Bud>>,
}

impl Node {
    /// True while what is below is not known.
    #[must_use]
    pub fn is_bud(&self) -> bool {
        self.bud.is_some()
    }
}

/// Something to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// A content of a tile.
    Content {
        /// The tile.
        node: u32,
        /// Which of its contents.
        content: u16,
    },
    /// What is below a tile of an implicit tree.
    Subtree {
        /// The tile.
        node: u32,
    },
}

impl Ask {
    /// The tile it is for.
    #[must_use]
    pub const fn node(self) -> u32 {
        match self {
            Self::Content { node, .. } | Self::Subtree { node } => node,
        }
    }
}

/// Something to be read, with all that reading it takes.
#[derive(Clone, Debug)]
pub struct Job {
    /// What for.
    pub ask: Ask,
    /// Where from.
    pub uri: String,
    transform: M4,
    placing: Placing,
    z_up: bool,
    schema: Option<Arc<Schema>>,
    implicit: Option<Arc<Implicit>>,
}

/// What a job brought.
#[derive(Debug)]
pub enum Outcome {
    /// Something to draw.
    Content(Box<TileContent>),
    /// A tileset in a tileset.
    Tileset(Box<Planned>),
    /// A subtree.
    Subtree(Box<Subtree>),
    /// Nothing; the issues say why.
    Failed,
    /// Nobody wanted it any more.
    Cancelled,
}

impl Job {
    /// Reads. `cancelled` is asked before the long steps.
    pub fn run(&self, source: &dyn TileSource, cancelled: &dyn Fn() -> bool) -> (Outcome, Issues) {
        let mut issues = Issues::default();
        if cancelled() {
            return (Outcome::Cancelled, issues);
        }
        let bytes = match source.get(&self.uri, MAX_CONTENT) {
            Ok(bytes) => bytes,
            Err(why) => {
                issues.push(Kind::Io, Severity::Skipped, &self.uri, format!("cannot be read: {why}"));
                return (Outcome::Failed, issues);
            }
        };
        if cancelled() {
            return (Outcome::Cancelled, issues);
        }
        let outcome = match &self.implicit {
            Some(implicit) => {
                let around = Around { implicit, schema: self.schema.as_deref(), source, uri: &self.uri };
                Subtree::read(&bytes, &around, &mut issues).map(|s| Outcome::Subtree(Box::new(s)))
            }
            None => {
                let context = Context {
                    uri: &self.uri,
                    transform: &self.transform,
                    placing: &self.placing,
                    source,
                    z_up: self.z_up,
                };
                decode(&bytes, &context, &mut issues).map(|loaded| match loaded {
                    Loaded::Content(content) => Outcome::Content(content),
                    Loaded::Tileset(tileset) => {
                        Outcome::Tileset(Box::new(Planned::new(*tileset, &self.transform, &self.placing)))
                    }
                })
            }
        };
        for issue in &mut issues.list {
            issue.place =
                if issue.place.is_empty() { self.uri.clone() } else { format!("{}: {}", self.uri, issue.place) };
        }
        (outcome.unwrap_or(Outcome::Failed), issues)
    }
}

/// A document with its tiles' places worked out, which takes long enough to be done on a worker thread.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The document.
    pub tileset: Tileset,
    placed: Vec<Placed>,
}

/// Where a tile of a document is.
#[derive(Clone, Debug)]
struct Placed {
    transform: M4,
    volume: Option<LocalBox>,
    request: Option<LocalBox>,
    contents: Vec<Option<LocalBox>>,
}

impl Planned {
    /// Works out the places of a document below a tile with this transform.
    #[must_use]
    pub fn new(tileset: Tileset, above: &M4, placing: &Placing) -> Self {
        let mut placed: Vec<Placed> = Vec::with_capacity(tileset.tiles.len());
        for tile in &tileset.tiles {
            // Parents come before their children.
            let above = tile.parent.and_then(|p| placed.get(p)).map_or(*above, |p| p.transform);
            let transform = above.after(&tile.transform);
            let local = |v: &Volume| v.to_local(&transform, placing);
            placed.push(Placed {
                transform,
                volume: local(&tile.volume),
                request: tile.request.as_ref().and_then(local),
                contents: tile.contents.iter().map(|c| c.volume.as_ref().and_then(local)).collect(),
            });
        }
        Self { tileset, placed }
    }
}

/// Tiles as far as they are known; node 0 is the root.
#[derive(Clone, Debug)]
pub struct TileTree {
    /// The tiles.
    pub nodes: Vec<Node>,
    /// From the tileset's to local coordinates.
    pub placing: Placing,
    /// Error of showing nothing, m.
    pub error_m: f64,
    documents: Vec<Document>,
}

/// Where a tileset lies: longitude and latitude in degrees and height above the ellipsoid, of its root's
/// volume. `None` for tilesets that name no place.
#[must_use]
pub fn lonlat_extent(tileset: &Tileset) -> Option<[f64; 6]> {
    let root = tileset.tiles.first()?;
    if let Volume::Region(r) = root.volume {
        let east = if r[2] < r[0] { r[2] + std::f64::consts::TAU } else { r[2] };
        return Some([r[0].to_degrees(), r[1].to_degrees(), r[4], east.to_degrees(), r[3].to_degrees(), r[5]]);
    }
    if let Volume::Cell(cell) = root.volume {
        let mut out = None;
        for [lon, lat] in cell.places().into_iter().map(|p| p.map(f64::to_degrees)) {
            cell.heights.into_iter().for_each(|h| crate::import::peek::grow(&mut out, [lon, lat, h]));
        }
        return out;
    }
    let centre = root.volume.centre(&root.transform);
    if !Placing::is_globe(centre) {
        return None;
    }
    let plain = Placing::Plain { shift_m: [0.0; 3] };
    let around = root.volume.to_local(&root.transform, &plain)?;
    let mut out: Option<[f64; 6]> = None;
    for n in 0..8 {
        let sign = |k: usize| if n >> k & 1 == 1 { 1.0 } else { -1.0 };
        let corner: V3 =
            std::array::from_fn(|k| around.centre[k] + (0..3).map(|a| around.half[a][k] * sign(a)).sum::<f64>());
        crate::import::peek::grow(&mut out, ecef::to_geodetic(corner));
    }
    out
}

impl TileTree {
    /// The tree of a tileset in a frame. Heights are raised by `lift_m`.
    #[must_use]
    pub fn new(tileset: &Tileset, uri: &str, frame: LocalFrame, lift_m: f64, issues: &mut Issues) -> Self {
        let placing = match lonlat_extent(tileset) {
            Some(_) if frame.epsg != 0 => Placing::Globe { frame, lift_m },
            _ => Placing::Plain { shift_m: [0.0, 0.0, lift_m] },
        };
        let mut tree = Self { nodes: Vec::new(), placing, error_m: tileset.error_m, documents: Vec::new() };
        let planned = Planned::new(tileset.clone(), &M4::IDENTITY, &placing);
        tree.graft(&planned, uri, None, issues);
        tree
    }

    /// What has to be read for something; `None` when there is nothing.
    #[must_use]
    pub fn job(&self, ask: Ask) -> Option<Job> {
        let node = self.nodes.get(ask.node() as usize)?;
        let document = &self.documents[node.document];
        let (uri, implicit) = match ask {
            Ask::Content { content, .. } => {
                let content = node.contents.get(usize::from(content)).filter(|c| !c.is_tileset)?;
                (content.uri.clone(), None)
            }
            Ask::Subtree { .. } => {
                let bud = node.bud.as_ref()?;
                (fill(&bud.root.implicit.subtrees, bud.coord), Some(bud.root.implicit.clone()))
            }
        };
        Some(Job {
            ask,
            uri,
            transform: node.transform,
            placing: self.placing,
            z_up: document.z_up,
            schema: document.schema.clone(),
            implicit,
        })
    }

    /// Properties that hold for all of a content: its own, its group's, the tile's and those of the tilesets it is in,
    /// the nearest first.
    #[must_use]
    pub fn metadata(&self, node: u32, content: u16) -> Values {
        let Some(tile) = self.nodes.get(node as usize) else { return Values::new() };
        let reference = tile.contents.get(usize::from(content));
        let own = reference.into_iter().flat_map(|c| [c.metadata.as_ref(), c.group.as_ref()]).flatten();
        let mut all: Vec<&Entity> = own.chain(&tile.metadata).collect();
        let mut at = Some(tile.document);
        while let Some(document) = at.and_then(|n| self.documents.get(n)) {
            all.extend(&document.metadata);
            at = document.parent;
        }
        all.into_iter().flat_map(|entity| entity.values.iter().cloned()).collect()
    }

    /// Takes in what a job brought. A content to draw is handed back.
    pub fn attach(&mut self, ask: Ask, outcome: Outcome, issues: &mut Issues) -> Option<Box<TileContent>> {
        match (ask, outcome) {
            (_, Outcome::Content(content)) => return Some(content),
            (Ask::Content { node, content }, Outcome::Tileset(planned)) => {
                let Some(reference) =
                    self.nodes.get_mut(node as usize).and_then(|n| n.contents.get_mut(usize::from(content)))
                else {
                    return None;
                };
                reference.is_tileset = true;
                let uri = reference.uri.clone();
                self.graft(&planned, &uri, Some(node), issues);
            }
            (Ask::Subtree { node }, Outcome::Subtree(subtree)) => self.unfold(node, &subtree, issues),
            (Ask::Subtree { node }, _) => {
                // Nothing is known below, and nothing will be.
                if let Some(node) = self.nodes.get_mut(node as usize) {
                    node.bud = None;
                }
            }
            _ => {}
        }
        None
    }

    /// Adds a document's tiles, below a tile or as the root.
    fn graft(&mut self, planned: &Planned, uri: &str, below: Option<u32>, issues: &mut Issues) {
        let parent_document = below.map(|b| self.nodes[b as usize].document);
        let mut chain = parent_document;
        let mut length = 0;
        while let Some(d) = chain {
            length += 1;
            if self.documents[d].uri == uri || length > MAX_CHAIN {
                issues.push(
                    Kind::Content,
                    Severity::Skipped,
                    uri,
                    "tilesets refer to each other in a circle; left out",
                );
                return;
            }
            chain = self.documents[d].parent;
        }
        let tileset = &planned.tileset;
        let document = self.documents.len();
        self.documents.push(Document {
            uri: uri.to_owned(),
            parent: parent_document,
            schema: tileset.schema.clone(),
            groups: tileset.groups.clone(),
            metadata: tileset.metadata.clone(),
            z_up: tileset.z_up,
        });
        let mut numbers: Vec<Option<u32>> = Vec::with_capacity(tileset.tiles.len());
        for (tile, placed) in tileset.tiles.iter().zip(&planned.placed) {
            let parent = match tile.parent {
                Some(parent) => numbers[parent],
                None => below,
            };
            // Children of a tile that could not be added are not added either.
            let number = if tile.parent.is_some() && parent.is_none() {
                None
            } else {
                self.plant(tile, placed, parent, document, issues)
            };
            numbers.push(number);
        }
    }

    fn plant(
        &mut self,
        tile: &Tile,
        placed: &Placed,
        parent: Option<u32>,
        document: usize,
        issues: &mut Issues,
    ) -> Option<u32> {
        let transform = placed.transform;
        let volume = self.or_parents(placed.volume, parent, issues);
        let bud = tile.implicit.as_ref().map(|implicit| {
            Box::new(Bud {
                root: Arc::new(ImplicitRoot {
                    implicit: implicit.clone(),
                    volume: tile.volume,
                    error_m: tile.error_m,
                    refine: tile.refine,
                    contents: tile.contents.clone(),
                    transform,
                    document,
                }),
                coord: Coord::default(),
            })
        });
        let contents = if bud.is_some() {
            Vec::new()
        } else {
            let volumes = placed.contents.iter().copied();
            tile.contents.iter().zip(volumes).map(|(c, v)| self.reference(c, c.uri.clone(), v, document)).collect()
        };
        self.add(Node {
            parent,
            children: Vec::new(),
            volume,
            request: placed.request,
            error_m: tile.error_m,
            refine: tile.refine,
            depth: 0,
            contents,
            metadata: tile.metadata.clone(),
            transform,
            document,
            bud,
        })
    }

    /// The parent's volume where the projection does not reach.
    fn or_parents(&self, own: Option<LocalBox>, parent: Option<u32>, issues: &mut Issues) -> LocalBox {
        own.unwrap_or_else(|| {
            let text = "a volume lies outside the domain of the city's projection; its parent's is used";
            issues.push(Kind::Volume, Severity::Repaired, "boundingVolume", text);
            parent.map(|p| self.nodes[p as usize].volume).unwrap_or_default()
        })
    }

    fn reference(&self, header: &ContentHeader, uri: String, volume: Option<LocalBox>, document: usize) -> ContentRef {
        ContentRef {
            uri,
            volume,
            group: header.group.and_then(|g| self.documents[document].groups.get(g).cloned().flatten()),
            metadata: header.metadata.clone(),
            is_tileset: false,
        }
    }

    fn add(&mut self, mut node: Node) -> Option<u32> {
        if self.nodes.len() >= MAX_NODES {
            return None;
        }
        let number = self.nodes.len() as u32;
        if let Some(parent) = node.parent {
            let parent = &mut self.nodes[parent as usize];
            node.depth = parent.depth + 1;
            parent.children.push(number);
        }
        self.nodes.push(node);
        Some(number)
    }

    /// Adds the tiles of a subtree below the tile it begins with.
    fn unfold(&mut self, at: u32, subtree: &Subtree, issues: &mut Issues) {
        let Some(bud) = self.nodes.get_mut(at as usize).and_then(|n| n.bud.take()) else { return };
        let root = bud.root.clone();
        let implicit = &root.implicit;
        if !subtree.has_tile(implicit, bud.coord) {
            return;
        }
        self.dress(at, &root, bud.coord, subtree);
        let mut level: Vec<(u32, Coord)> = vec![(at, bud.coord)];
        for depth in 1..=implicit.subtree_levels {
            let last = depth == implicit.subtree_levels;
            let mut next = Vec::new();
            for (parent, coord) in level {
                if coord.level + 1 >= implicit.available_levels {
                    continue;
                }
                for child in implicit.children(coord) {
                    let there = if last {
                        subtree.children.get(implicit.index_as_child(child))
                    } else {
                        subtree.has_tile(implicit, child)
                    };
                    if !there {
                        continue;
                    }
                    let volume = implicit.volume(&root.volume, child).to_local(&root.transform, &self.placing);
                    let volume = self.or_parents(volume, Some(parent), issues);
                    let node = Node {
                        parent: Some(parent),
                        children: Vec::new(),
                        volume,
                        request: None,
                        error_m: root.error_m / f64::from(1u32 << child.level.min(31)),
                        refine: root.refine,
                        depth: 0,
                        contents: Vec::new(),
                        metadata: None,
                        transform: root.transform,
                        document: root.document,
                        bud: last.then(|| Box::new(Bud { root: root.clone(), coord: child })),
                    };
                    let Some(number) = self.add(node) else {
                        let text = format!("more than {MAX_NODES} tiles are known; the rest is left out");
                        issues.push(Kind::Range, Severity::Skipped, &root.implicit.subtrees, text);
                        return;
                    };
                    if !last {
                        self.dress(number, &root, child, subtree);
                        next.push((number, child));
                    }
                }
            }
            level = next;
        }
    }

    /// Gives a tile of an implicit tree its contents and what its metadata says about it.
    fn dress(&mut self, number: u32, root: &ImplicitRoot, coord: Coord, subtree: &Subtree) {
        let n = root.implicit.index_in_subtree(coord);
        let contents: Vec<ContentRef> = root
            .contents
            .iter()
            .enumerate()
            .filter(|(k, _)| subtree.contents.get(*k).is_some_and(|c| c.get(n)))
            .map(|(k, header)| {
                let mut content = self.reference(header, fill(&header.uri, coord), None, root.document);
                content.metadata =
                    subtree.content_values(k, n).map(|(class, values)| Entity { class: class.to_owned(), values });
                content
            })
            .collect();
        let numbers = |semantic: &str| -> Option<Vec<f64>> {
            match subtree.tile_semantic(semantic, n)? {
                Value::Array(list) => list.iter().map(Value::as_f64).collect(),
                one => one.as_f64().map(|v| vec![v]),
            }
        };
        let own = if let Some(b) = numbers("TILE_BOUNDING_BOX").and_then(|v| v.try_into().ok()) {
            Some(Volume::Box(b))
        } else if let Some(r) = numbers("TILE_BOUNDING_REGION").and_then(|v| v.try_into().ok()) {
            Some(Volume::Region(r))
        } else if let Some(s) = numbers("TILE_BOUNDING_SPHERE").and_then(|v| v.try_into().ok()) {
            Some(Volume::Sphere(s))
        } else {
            let low = numbers("TILE_MINIMUM_HEIGHT").and_then(|v| v.first().copied());
            let high = numbers("TILE_MAXIMUM_HEIGHT").and_then(|v| v.first().copied());
            match (low, high, root.implicit.volume(&root.volume, coord)) {
                (Some(low), Some(high), Volume::Region(r)) => Some(Volume::Region([r[0], r[1], r[2], r[3], low, high])),
                (Some(low), Some(high), Volume::Cell(c)) => Some(Volume::Cell(S2Cell { heights: [low, high], ..c })),
                _ => None,
            }
        };
        let own = own.and_then(|v| v.to_local(&root.transform, &self.placing));
        let error_m = numbers("TILE_GEOMETRIC_ERROR").and_then(|v| v.first().copied()).filter(|v| *v >= 0.0);
        let metadata = subtree.tile_values(n).map(|(class, values)| Entity { class: class.to_owned(), values });
        let node = &mut self.nodes[number as usize];
        node.contents = contents;
        node.metadata = metadata;
        node.volume = own.unwrap_or(node.volume);
        node.error_m = error_m.unwrap_or(node.error_m);
    }
}
