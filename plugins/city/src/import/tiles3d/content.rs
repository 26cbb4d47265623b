//! A tile's content, decoded and placed in local metres: what a renderer draws and a pointer picks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    binary::{self, Parts, Wrong, from_octahedron, word},
    gltf_tile::{MAX_POINTS, MAX_TRIANGLES, NO_FEATURE, NO_LOOK, RawMesh, RawModel, RawPoints, Surroundings},
    issue::{Issues, Kind},
    linear::{M4, V3, cross, unit},
    look::{TileLook, TileRun},
    placing::{Placing, east_north_up},
    schema::{Component, Values},
    source::{TileSource, join},
    tables::{BatchTable, FeatureTable},
    tileset::Tileset,
};
use crate::import::Severity;

/// Largest content file, bytes.
pub const MAX_CONTENT: u64 = 512 << 20;
/// Most instances of one content.
const MAX_INSTANCES: usize = 1_000_000;
/// Deepest nesting of composites, and most tiles in one.
const MAX_NESTED: (usize, usize) = (8, 10_000);

/// Formats of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContentKind {
    /// Batched 3D model.
    B3dm,
    /// Instanced 3D model.
    I3dm,
    /// Composite.
    Cmpt,
    /// Point cloud.
    Pnts,
    /// glTF or GLB.
    Gltf,
}

impl ContentKind {
    /// Name in counts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::B3dm => "b3dm",
            Self::I3dm => "i3dm",
            Self::Cmpt => "cmpt",
            Self::Pnts => "pnts",
            Self::Gltf => "gltf",
        }
    }
}

/// Triangles in local metres (east, north, height).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TileMesh {
    /// Places, m.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals, 127 for 1.
    pub normals: Vec<[i8; 4]>,
    /// Square roots of linear colours (RGBA), 255 for 1.
    pub colors: Vec<[u8; 4]>,
    /// Place in the picture, 0, 0 for its upper left; empty when nothing has one.
    pub uvs: Vec<[f32; 2]>,
    /// Feature of each vertex, or [`NO_FEATURE`].
    pub features: Vec<u32>,
    /// Triangles, counter-clockwise seen from outside.
    pub indices: Vec<u32>,
    /// Which triangles have which look: all of them, in order.
    pub runs: Vec<TileRun>,
}

/// Points in local metres.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TilePoints {
    /// Places, m.
    pub positions: Vec<[f32; 3]>,
    /// Square roots of linear colours (RGBA), 255 for 1.
    pub colors: Vec<[u8; 4]>,
    /// Feature of each, or [`NO_FEATURE`].
    pub features: Vec<u32>,
}

/// A decoded content.
#[derive(Clone, Debug)]
pub struct TileContent {
    /// Its format.
    pub kind: ContentKind,
    /// Triangles.
    pub mesh: TileMesh,
    /// Points.
    pub points: TilePoints,
    /// Properties of features; feature ids count through the tables.
    pub tables: Vec<FeatureTable>,
    /// Pictures that triangles are covered with.
    pub looks: Vec<TileLook>,
    /// Features the content says it has, with or without properties.
    pub features: usize,
    /// Instances of i3dm.
    pub instances: usize,
    /// Least and greatest place, m; `None` when it holds nothing.
    pub bounds: Option<([f32; 3], [f32; 3])>,
}

impl TileContent {
    fn empty(kind: ContentKind) -> Self {
        Self {
            kind,
            mesh: TileMesh::default(),
            points: TilePoints::default(),
            tables: Vec::new(),
            looks: Vec::new(),
            features: 0,
            instances: 0,
            bounds: None,
        }
    }

    /// Properties of a feature.
    #[must_use]
    pub fn properties(&self, feature: u32) -> Values {
        let mut n = feature as usize;
        for table in &self.tables {
            if n < table.len() {
                return table.row(n);
            }
            n -= table.len();
        }
        Values::new()
    }

    /// Memory it takes, bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mesh = self.mesh.positions.len() * (12 + 4 + 4 + 4) + self.mesh.indices.len() * 4 + self.mesh.uvs.len() * 8;
        let points = self.points.positions.len() * (12 + 4 + 4);
        // Several looks may share a picture.
        let mut pictures: Vec<_> = self.looks.iter().map(|l| &l.picture).collect();
        pictures.dedup_by(|a, b| std::sync::Arc::ptr_eq(a, b));
        let pictures: usize = pictures.iter().map(|p| p.bytes()).sum();
        mesh + points + pictures + self.tables.iter().map(FeatureTable::bytes).sum::<usize>() + 256
    }
}

/// What a file behind a content URI turned out to be.
#[derive(Debug)]
pub enum Loaded {
    /// Something to draw.
    Content(Box<TileContent>),
    /// Another tileset.
    Tileset(Box<Tileset>),
}

/// Where a content stands and where its files come from.
pub struct Context<'a> {
    /// The content's URI.
    pub uri: &'a str,
    /// From the tile's coordinates to Earth-centred (or the tileset's own) ones.
    pub transform: &'a M4,
    /// From there to local metres.
    pub placing: &'a Placing,
    /// Other files.
    pub source: &'a dyn TileSource,
    /// Models are z up already.
    pub z_up: bool,
}

/// Decodes the bytes of a content. `None` when nothing of it can be used; the issues say why.
pub fn decode(bytes: &[u8], context: &Context<'_>, issues: &mut Issues) -> Option<Loaded> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') && !is_gltf_json(text) {
        return Tileset::read(bytes, context.uri, context.source, issues).map(|t| Loaded::Tileset(Box::new(t)));
    }
    let out = TileContent::empty(ContentKind::Gltf);
    let mut decoder = Decoder { context, issues, out, nested: 0, triangles: 0, by_look: BTreeMap::new(), looks: 0 };
    match decoder.any(bytes, 0) {
        Ok(kind) => {
            let mut out = decoder.out;
            for (look, mut indices) in decoder.by_look {
                let from = out.mesh.indices.len();
                out.mesh.indices.append(&mut indices);
                let look = (look != NO_LOOK).then_some(look as usize);
                out.mesh.runs.push(TileRun { look, indices: from..out.mesh.indices.len() });
            }
            if out.looks.is_empty() {
                out.mesh.uvs = Vec::new();
            }
            out.kind = kind;
            out.bounds = bounds(out.mesh.positions.iter().chain(&out.points.positions));
            Some(Loaded::Content(Box::new(out)))
        }
        Err((kind, place, why)) => {
            issues.push(kind, Severity::Error, place, why);
            None
        }
    }
}

/// glTF has an asset but no tiles. Only the top level is looked at.
fn is_gltf_json(text: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Top {
        #[serde(default)]
        root: Option<serde::de::IgnoredAny>,
        #[serde(default, rename = "geometricError")]
        error: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        asset: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Top>(text).is_ok_and(|t| t.root.is_none() && t.error.is_none() && t.asset.is_some())
}

fn bounds<'p>(points: impl Iterator<Item = &'p [f32; 3]>) -> Option<([f32; 3], [f32; 3])> {
    let mut out: Option<([f32; 3], [f32; 3])> = None;
    for p in points {
        let (low, high) = out.get_or_insert((*p, *p));
        for k in 0..3 {
            low[k] = low[k].min(p[k]);
            high[k] = high[k].max(p[k]);
        }
    }
    out
}

struct Decoder<'a> {
    context: &'a Context<'a>,
    issues: &'a mut Issues,
    out: TileContent,
    nested: usize,
    triangles: usize,
    /// Corners of triangles by look.
    by_look: BTreeMap<u32, Vec<u32>>,
    /// First look of the model that is placed now.
    looks: u32,
}

impl Decoder<'_> {
    fn any(&mut self, bytes: &[u8], depth: usize) -> Result<ContentKind, Wrong> {
        match bytes.get(..4) {
            Some(b"b3dm") => self.b3dm(bytes).map(|()| ContentKind::B3dm),
            Some(b"i3dm") => self.i3dm(bytes).map(|()| ContentKind::I3dm),
            Some(b"pnts") => self.pnts(bytes).map(|()| ContentKind::Pnts),
            Some(b"cmpt") => self.cmpt(bytes, depth).map(|()| ContentKind::Cmpt),
            Some(b"glTF") => self.gltf(bytes, None, &M4::IDENTITY).map(|()| ContentKind::Gltf),
            Some(magic @ (b"vctr" | b"geom" | b"PK\x03\x04")) => {
                let text = format!(
                    "{} contents are not supported",
                    String::from_utf8_lossy(magic).trim_end_matches(char::is_control)
                );
                Err((Kind::Content, "byte 0".into(), text))
            }
            _ if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') => {
                self.gltf(bytes, None, &M4::IDENTITY).map(|()| ContentKind::Gltf)
            }
            _ if bytes.is_empty() => Err((Kind::BinaryLength, "byte 0".into(), "the file is empty".into())),
            _ => {
                let text = "neither b3dm, i3dm, pnts, cmpt, glTF nor a tileset";
                Err((Kind::Content, "byte 0".into(), text.into()))
            }
        }
    }

    fn model(&mut self, bytes: &[u8], uri: &str) -> Result<RawModel, Wrong> {
        let fetch = |uri: &str| self.context.source.get(uri, MAX_CONTENT);
        let picture = |bytes: &[u8]| self.context.source.picture(bytes);
        let around = Surroundings { uri, fetch: &fetch, picture: &picture, z_up: self.context.z_up };
        let model = RawModel::decode(bytes, &around, self.issues);
        let mut model = model.map_err(|(place, why)| (Kind::Content, place, why))?;
        self.looks = self.out.looks.len() as u32;
        self.out.looks.append(&mut model.looks);
        Ok(model)
    }

    /// A model; `batch` is the batch table's length inside a b3dm.
    fn gltf(&mut self, bytes: &[u8], batch: Option<usize>, matrix: &M4) -> Result<(), Wrong> {
        let mut model = self.model(bytes, self.context.uri)?;
        let first = self.first_feature();
        let own: usize = model.tables.iter().map(FeatureTable::len).sum();
        let known = batch.unwrap_or(own);
        let (mut beyond, mut most) = (0, 0);
        for id in model.mesh.features.iter_mut().chain(&mut model.points.features) {
            if *id != NO_FEATURE {
                if batch.is_some() && *id as usize >= known {
                    beyond += 1;
                    *id = NO_FEATURE;
                } else {
                    most = most.max(*id as usize + 1);
                    *id = first.saturating_add(*id);
                }
            }
        }
        if beyond > 0 && known > 0 {
            let text = format!("{beyond} vertices name a feature beyond the {known} there are; they have none");
            self.issues.push(Kind::Range, Severity::Repaired, "_BATCHID", text);
        }
        if batch.is_none() {
            // Ids without a table are features all the same; the table of later contents begins after them.
            self.out.features += known.max(most);
            self.out.tables.append(&mut model.tables);
            if most > known {
                self.out.tables.push(FeatureTable::Batch(BatchTable::bare(most - known)));
            }
        }
        self.place(&model.mesh, &model.points, matrix, None)
    }

    fn first_feature(&self) -> u32 {
        let total: usize = self.out.tables.iter().map(FeatureTable::len).sum();
        total.min(NO_FEATURE as usize - 1) as u32
    }

    fn b3dm(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let parts = binary::split(bytes, self.issues)?;
        let length = parts.count("BATCH_LENGTH", 100_000_000)?;
        let matrix = M4::shift(parts.global::<3>("RTC_CENTER").unwrap_or([0.0; 3]));
        self.gltf(glb(parts.body)?, Some(length), &matrix)?;
        self.add_batch(&parts, length);
        Ok(())
    }

    fn add_batch(&mut self, parts: &Parts<'_>, length: usize) {
        if length > 0 {
            let table = BatchTable::read(&parts.batch, parts.batch_bytes, length, self.issues);
            self.out.tables.push(FeatureTable::Batch(table));
            self.out.features += length;
        }
    }

    fn cmpt(&mut self, bytes: &[u8], depth: usize) -> Result<(), Wrong> {
        if depth >= MAX_NESTED.0 {
            return Err((Kind::Content, "byte 0".into(), format!("composites nested deeper than {}", MAX_NESTED.0)));
        }
        let bytes = binary::cut(bytes, 16, self.issues)?;
        let count = word(bytes, 12).unwrap_or(0);
        let mut at = 16;
        for n in 0..count {
            self.nested += 1;
            if self.nested > MAX_NESTED.1 {
                return Err((
                    Kind::Range,
                    "tilesLength".into(),
                    format!("more than {} tiles in a composite", MAX_NESTED.1),
                ));
            }
            let size = word(bytes, at + 8).unwrap_or(0) as usize;
            let inner = at.checked_add(size).filter(|_| size >= 12).and_then(|end| bytes.get(at..end));
            let Some(inner) = inner else {
                let text =
                    format!("tile {n} of {count}: {size} bytes from byte {at} run past the end ({})", bytes.len());
                return Err((Kind::BinaryLength, format!("byte {at}"), text));
            };
            if let Err((kind, place, why)) = self.any(inner, depth + 1) {
                let text = format!("tile {n} of the composite is left out: {why}");
                self.issues.push(kind, Severity::Skipped, place, text);
            }
            at += size;
        }
        Ok(())
    }

    fn i3dm(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let parts = binary::split(bytes, self.issues)?;
        let count = parts.count("INSTANCES_LENGTH", MAX_INSTANCES)?;
        let places = parts.positions(count)?;
        let centre = parts.global::<3>("RTC_CENTER").unwrap_or([0.0; 3]);
        let vectors = |plain: &str, octahedral: &str| -> Result<Option<Vec<V3>>, Wrong> {
            if let Some(v) = parts.column(plain, Component::Float(32), 3, count)? {
                return Ok(Some(v.chunks_exact(3).map(|v| [v[0], v[1], v[2]]).collect()));
            }
            let v = parts.column(octahedral, Component::Uint(16), 2, count)?;
            let plain = |v: f64| v / 65_535.0 * 2.0 - 1.0;
            Ok(v.map(|v| v.chunks_exact(2).map(|v| from_octahedron(plain(v[0]), plain(v[1]))).collect()))
        };
        let ups = vectors("NORMAL_UP", "NORMAL_UP_OCT32P")?;
        let rights = vectors("NORMAL_RIGHT", "NORMAL_RIGHT_OCT32P")?;
        let scales = parts.column("SCALE", Component::Float(32), 1, count)?;
        let stretches = parts.column("SCALE_NON_UNIFORM", Component::Float(32), 3, count)?;
        let ids = parts.column("BATCH_ID", Component::Uint(16), 1, count)?;
        let upright = parts.features.get("EAST_NORTH_UP").and_then(Value::as_bool).unwrap_or(false);
        let (model, held);
        if parts.format == 0 {
            let end = parts.body.iter().position(|b| *b == 0).unwrap_or(parts.body.len());
            let reference = String::from_utf8_lossy(&parts.body[..end]).trim().to_owned();
            let uri = join(self.context.uri, &reference);
            held = self.context.source.get(&uri, MAX_CONTENT).map_err(|why| {
                (Kind::Io, "model".to_owned(), format!("the model {reference:?} cannot be read: {why}"))
            })?;
            model = self.model(&held, &uri)?;
        } else {
            model = self.model(glb(parts.body)?, self.context.uri)?;
        }
        let batches = ids.as_ref().map_or(count, |ids| ids.iter().fold(0, |m: usize, id| m.max(*id as usize + 1)));
        let first = self.first_feature();
        for n in 0..count {
            let at = std::array::from_fn(|k| places[n][k] + centre[k]);
            let (x, y, z) = match (&ups, &rights) {
                (Some(ups), Some(rights)) => (rights[n], ups[n], cross(rights[n], ups[n])),
                _ if upright => east_north_up(at),
                _ => ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
            };
            let scale = scales.as_ref().map_or(1.0, |s| s[n]);
            let stretch: V3 = stretches.as_ref().map_or([scale; 3], |s| std::array::from_fn(|k| s[n * 3 + k] * scale));
            let axis = |v: V3, k: usize| v.map(|c| c * stretch[k]);
            let matrix = M4::columns(axis(x, 0), axis(y, 1), axis(z, 2), at);
            let id = ids.as_ref().map_or(n, |ids| ids[n] as usize) as u32;
            if self.triangles + model.mesh.indices.len() / 3 > MAX_TRIANGLES {
                let text = format!("{} of {count} instances are drawn: more than {MAX_TRIANGLES} triangles", n);
                self.issues.push(Kind::Content, Severity::Skipped, "INSTANCES_LENGTH", text);
                break;
            }
            self.place(&model.mesh, &model.points, &matrix, Some(first.saturating_add(id)))?;
            self.out.instances += 1;
        }
        self.add_batch(&parts, batches);
        Ok(())
    }

    fn pnts(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let parts = binary::split(bytes, self.issues)?;
        let extensions = parts.features.get("extensions");
        if let Some(packed) = extensions.and_then(|e| e.get("3DTILES_draco_point_compression")) {
            return self.packed_points(&parts, packed);
        }
        let count = parts.count("POINTS_LENGTH", 100_000_000)?;
        let positions = parts.positions(count)?;
        let bytes_of = |name: &str, width: usize| parts.column(name, Component::Uint(8), width, count);
        let linear = |v: f64| ((v / 255.0) as f32).powf(2.2);
        let colors: Vec<[f32; 4]> = if let Some(c) = bytes_of("RGBA", 4)? {
            c.chunks_exact(4).map(|c| [linear(c[0]), linear(c[1]), linear(c[2]), (c[3] / 255.0) as f32]).collect()
        } else if let Some(c) = bytes_of("RGB", 3)? {
            c.chunks_exact(3).map(|c| [linear(c[0]), linear(c[1]), linear(c[2]), 1.0]).collect()
        } else if let Some(c) = parts.column("RGB565", Component::Uint(16), 1, count)? {
            let five = |v: u32, most: f64| linear(f64::from(v) / most * 255.0);
            let one = |v: &f64| {
                let v = *v as u32;
                [five(v >> 11 & 31, 31.0), five(v >> 5 & 63, 63.0), five(v & 31, 31.0), 1.0]
            };
            c.iter().map(one).collect()
        } else {
            let all = parts.global::<4>("CONSTANT_RGBA");
            let one =
                all.map_or([0.7, 0.7, 0.7, 1.0], |c| [linear(c[0]), linear(c[1]), linear(c[2]), (c[3] / 255.0) as f32]);
            vec![one; count]
        };
        let batches = parts.count("BATCH_LENGTH", 100_000_000)?;
        let first = self.first_feature();
        let ids = parts.column("BATCH_ID", Component::Uint(16), 1, count)?;
        let features = match ids.filter(|_| batches > 0) {
            Some(ids) => ids.iter().map(|id| first.saturating_add(*id as u32)).collect(),
            None => vec![NO_FEATURE; count],
        };
        let matrix = M4::shift(parts.global::<3>("RTC_CENTER").unwrap_or([0.0; 3]));
        let points = RawPoints { positions, colors, features };
        self.place(&RawMesh::default(), &points, &matrix, None)?;
        self.add_batch(&parts, batches);
        Ok(())
    }

    /// Points packed by Draco.
    fn packed_points(&mut self, parts: &Parts<'_>, packed: &Value) -> Result<(), Wrong> {
        const NAME: &str = "3DTILES_draco_point_compression";
        let wrong = |why: String| (Kind::Content, "feature table".to_owned(), format!("{NAME}: {why}"));
        let whole = |key: &str| packed.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let (Some(at), Some(length)) = (whole("byteOffset"), whole("byteLength")) else {
            return Err(wrong("no byteOffset and byteLength".into()));
        };
        let bytes = at.checked_add(length).and_then(|end| parts.feature_bytes.get(at..end));
        let cloud = draco_points(bytes.ok_or_else(|| wrong("runs past the feature table".into()))?).map_err(wrong)?;
        let count = cloud.num_points();
        if count > MAX_POINTS {
            return Err(wrong(format!("{count} points, more than {MAX_POINTS}")));
        }
        let ids = packed.get("properties");
        let column = |name: &str, width: usize| {
            let id = ids.and_then(|p| p.get(name)).and_then(Value::as_u64)?;
            Some(cloud.attribute_by_unique_id(id as u32)?.read_f32s(count, width))
        };
        let places = column("POSITION", 3).ok_or_else(|| wrong("no POSITION".into()))?;
        let positions = places.chunks_exact(3).map(|p| [0, 1, 2].map(|k| f64::from(p[k]))).collect();
        let linear = |v: f32| (v / 255.0).clamp(0.0, 1.0).powf(2.2);
        let colors = match (column("RGBA", 4), column("RGB", 3)) {
            (Some(c), _) => {
                c.chunks_exact(4).map(|c| [linear(c[0]), linear(c[1]), linear(c[2]), c[3] / 255.0]).collect()
            }
            (_, Some(c)) => c.chunks_exact(3).map(|c| [linear(c[0]), linear(c[1]), linear(c[2]), 1.0]).collect(),
            _ => match parts.column("RGB", Component::Uint(8), 3, count)? {
                // What is not packed stands beside it.
                Some(c) => c
                    .chunks_exact(3)
                    .map(|c| [0, 1, 2, 3].map(|k| c.get(k).map_or(1.0, |v| linear(*v as f32))))
                    .collect(),
                None => vec![[0.7, 0.7, 0.7, 1.0]; count],
            },
        };
        let batches = parts.count("BATCH_LENGTH", 100_000_000)?;
        let first = self.first_feature();
        let beside = parts.column("BATCH_ID", Component::Uint(16), 1, count)?;
        let beside = beside.map(|ids| ids.iter().map(|id| *id as f32).collect());
        let features = match column("BATCH_ID", 1).or(beside).filter(|_| batches > 0) {
            Some(ids) => ids.iter().map(|id| first.saturating_add(*id as u32)).collect(),
            None => vec![NO_FEATURE; count],
        };
        let matrix = M4::shift(parts.global::<3>("RTC_CENTER").unwrap_or([0.0; 3]));
        self.place(&RawMesh::default(), &RawPoints { positions, colors, features }, &matrix, None)?;
        self.add_batch(parts, batches);
        Ok(())
    }

    /// Adds triangles and points in the tile's coordinates to the content, in local metres.
    fn place(&mut self, mesh: &RawMesh, points: &RawPoints, matrix: &M4, feature: Option<u32>) -> Result<(), Wrong> {
        let world = self.context.transform.after(matrix);
        let outside = || {
            let text = "its places lie outside the domain of the city's projection";
            (Kind::Content, "positions".to_owned(), text.to_owned())
        };
        let placed = |positions: &[V3]| -> Option<Vec<V3>> {
            let mut moved: Vec<V3> = positions.iter().map(|p| world.point(*p)).collect();
            (self.context.placing.all(&mut moved) && moved.iter().flatten().all(|v| v.is_finite() && v.abs() < 1e8))
                .then_some(moved)
        };
        if !mesh.positions.is_empty() {
            let moved = placed(&mesh.positions).ok_or_else(outside)?;
            let turn =
                self.context.placing.turn(world.point(mesh.positions[0])).for_normals().after(&world.for_normals());
            let out = &mut self.out.mesh;
            let first = out.positions.len() as u32;
            out.positions.extend(moved.iter().map(|p| p.map(|v| v as f32)));
            out.normals.extend(mesh.normals.iter().map(|n| {
                let n = unit(turn.direction(*n), [0.0, 0.0, 1.0]).map(|v| (v * 127.0).round() as i8);
                [n[0], n[1], n[2], 0]
            }));
            out.colors.extend(mesh.colors.iter().map(code));
            out.features.extend(mesh.features.iter().map(|f| feature.unwrap_or(*f)));
            out.uvs.extend(&mesh.uvs);
            self.triangles += mesh.indices.len() / 3;
            // A mirrored place turns triangles inside out.
            let mirrored = world.determinant() < 0.0;
            for (n, t) in mesh.indices.chunks_exact(3).enumerate() {
                let t = if mirrored { [t[0], t[2], t[1]] } else { [t[0], t[1], t[2]] };
                let own = mesh.looks.get(n).copied().unwrap_or(NO_LOOK);
                let look = if own == NO_LOOK { NO_LOOK } else { self.looks + own };
                self.by_look.entry(look).or_default().extend(t.map(|i| first + i));
            }
        }
        if !points.positions.is_empty() {
            let out = &mut self.out.points;
            let room = MAX_POINTS.saturating_sub(out.positions.len()).min(points.positions.len());
            if room < points.positions.len() {
                let text = format!("more than {MAX_POINTS} points; the rest is left out");
                self.issues.push(Kind::Content, Severity::Skipped, "points", text);
            }
            let moved = placed(&points.positions[..room]).ok_or_else(outside)?;
            out.positions.extend(moved.iter().map(|p| p.map(|v| v as f32)));
            out.colors.extend(points.colors[..room].iter().map(code));
            out.features.extend(points.features[..room].iter().map(|f| feature.unwrap_or(*f)));
        }
        Ok(())
    }
}

/// Decodes a Draco point cloud. A fault in the decoder must cost one content only.
fn draco_points(bytes: &[u8]) -> Result<draco_core::PointCloud, String> {
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut cloud = draco_core::PointCloud::new();
        let mut buffer = draco_core::DecoderBuffer::new(bytes);
        draco_core::PointCloudDecoder::new().decode(&mut buffer, &mut cloud).map_err(|e| e.to_string())?;
        Ok(cloud)
    }));
    read.unwrap_or_else(|_| Err("it holds values that the format does not allow".into()))
}

/// A linear colour as bytes of its square root.
fn code(c: &[f32; 4]) -> [u8; 4] {
    c.map(|v| (v.clamp(0.0, 1.0).sqrt() * 255.0).round() as u8)
}

/// The GLB at the beginning of a body that may be padded.
fn glb(body: &[u8]) -> Result<&[u8], Wrong> {
    if !body.starts_with(b"glTF") {
        return Err((Kind::Content, "model".into(), "the model inside is no GLB".into()));
    }
    let length = word(body, 8).unwrap_or(0) as usize;
    // Padding after the GLB is allowed; a GLB longer than the body is for the reader to refuse.
    Ok(if length >= 12 && length < body.len() { &body[..length] } else { body })
}
