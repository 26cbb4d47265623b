//! glTF as a tile's content: triangles, points, feature ids and property tables, in the tile's axes (z up).

use std::{collections::BTreeMap, sync::Arc};

use gltf::{Node, Primitive, Semantic, mesh::Mode};
use serde_json::Value;

use super::{
    issue::{Issues, Kind},
    json::{self, At},
    linear::{M4, V3, cross, sub, unit},
    look::{TileLook, TilePicture},
    material::{Cover, Material},
    schema::Schema,
    source::join,
    tables::{FeatureTable, PropertyTable},
};
use crate::import::{
    Severity,
    gltf::{
        container::{Model, split},
        triangle,
    },
    picture,
};

/// No feature at a vertex.
pub const NO_FEATURE: u32 = u32::MAX;
/// Most triangles of one content.
pub const MAX_TRIANGLES: usize = 4_000_000;
/// Most points of one content.
pub const MAX_POINTS: usize = 8_000_000;
/// Deepest nesting of nodes.
const MAX_DEPTH: usize = 100;
/// Most nodes that are drawn, instances counted.
const MAX_DRAWN: usize = 200_000;
/// Extensions that may be required: they are read here.
const KNOWN: [&str; 8] = [
    "EXT_mesh_features",
    "EXT_feature_metadata",
    "EXT_structural_metadata",
    "EXT_mesh_gpu_instancing",
    "EXT_instance_features",
    "CESIUM_RTC",
    "CESIUM_primitive_outline",
    "KHR_lights_punctual",
];

/// Vertices and triangles in a tile's coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawMesh {
    /// Places.
    pub positions: Vec<V3>,
    /// Unit normals.
    pub normals: Vec<V3>,
    /// Linear colours.
    pub colors: Vec<[f32; 4]>,
    /// Place in the picture, 0, 0 for its upper left; 0 without one.
    pub uvs: Vec<[f32; 2]>,
    /// Feature of each vertex, or [`NO_FEATURE`].
    pub features: Vec<u32>,
    /// Triangles, counter-clockwise seen from outside.
    pub indices: Vec<u32>,
    /// Look of each triangle, an index in [`RawModel::looks`], or [`NO_LOOK`].
    pub looks: Vec<u32>,
}

/// A triangle without a picture.
pub const NO_LOOK: u32 = u32::MAX;

/// Points in a tile's coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawPoints {
    /// Places.
    pub positions: Vec<V3>,
    /// Linear colours.
    pub colors: Vec<[f32; 4]>,
    /// Feature of each, or [`NO_FEATURE`].
    pub features: Vec<u32>,
}

/// A decoded model.
#[derive(Clone, Debug, Default)]
pub struct RawModel {
    /// Triangles.
    pub mesh: RawMesh,
    /// Points.
    pub points: RawPoints,
    /// Property tables; feature ids count through them.
    pub tables: Vec<FeatureTable>,
    /// Pictures that triangles are covered with.
    pub looks: Vec<TileLook>,
}

/// What a model needs from around it.
pub struct Surroundings<'a> {
    /// The model's URI.
    pub uri: &'a str,
    /// Gets external buffers, pictures and schemas by URI.
    pub fetch: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
    /// Decodes the bytes of a picture.
    pub picture: &'a dyn Fn(&[u8]) -> Result<Arc<TilePicture>, String>,
    /// The model's own axes are z up already (old tilesets say so).
    pub z_up: bool,
}

impl RawModel {
    /// Decodes GLB or glTF.
    ///
    /// # Errors
    /// Place and reason.
    pub fn decode(bytes: &[u8], around: &Surroundings<'_>, issues: &mut Issues) -> Result<Self, (String, String)> {
        let (text, _) = split(bytes)?;
        let raw = json::parse(text)?;
        let external = |uri: &str| (around.fetch)(&join(around.uri, uri));
        let model = Model::read_with(bytes, &KNOWN, &external)?;
        let raw = model.unpacked.clone().unwrap_or(raw);
        let mut reader = Reader {
            model: &model,
            raw: &raw,
            around,
            issues,
            pictures: BTreeMap::new(),
            looks: BTreeMap::new(),
            ids: BTreeMap::new(),
            out: Self::default(),
            starts: Vec::new(),
            drawn: 0,
        };
        reader.tables();
        reader.scene().map_err(|why| ("scene".to_owned(), why))?;
        let mut out = reader.out;
        if let Some(centre) = raw.pointer("/extensions/CESIUM_RTC/center") {
            if let Some(centre) =
                issues.numbers::<3>(centre, At::TOP.key("CESIUM_RTC"), Severity::Repaired, "; ignored")
            {
                let shift = M4::shift(centre);
                out.mesh.positions.iter_mut().for_each(|p| *p = shift.point(*p));
                out.points.positions.iter_mut().for_each(|p| *p = shift.point(*p));
            }
        }
        Ok(out)
    }
}

/// Most of the pictures of one model that are decoded, px.
const MAX_PIXELS: u64 = 1 << 28;

struct Reader<'a> {
    model: &'a Model,
    raw: &'a Value,
    around: &'a Surroundings<'a>,
    issues: &'a mut Issues,
    pictures: BTreeMap<usize, Option<Arc<TilePicture>>>,
    /// Looks by material.
    looks: BTreeMap<usize, Option<u32>>,
    /// Pictures that hold feature ids, as they are.
    ids: BTreeMap<usize, Option<image::RgbaImage>>,
    out: RawModel,
    /// First feature of each property table.
    starts: Vec<u32>,
    drawn: usize,
}

impl Reader<'_> {
    fn note(&mut self, place: impl std::fmt::Display, text: impl Into<String>) {
        self.issues.push(Kind::Content, Severity::Skipped, place, text);
    }

    /// Property tables of EXT_structural_metadata.
    fn tables(&mut self) {
        let Some(extension) = self.raw.pointer("/extensions/EXT_structural_metadata") else { return };
        let at = At::TOP.key("EXT_structural_metadata");
        let schema = match (extension.get("schema"), extension.get("schemaUri").and_then(Value::as_str)) {
            (Some(value), _) => Schema::read(value, at.key("schema"), self.issues),
            (None, Some(uri)) => match (self.around.fetch)(&join(self.around.uri, uri)) {
                Ok(bytes) => json::parse(&bytes).ok().and_then(|v| Schema::read(&v, at.key("schemaUri"), self.issues)),
                Err(why) => {
                    let text = format!("the schema {uri:?} cannot be read: {why}; properties are not read");
                    self.issues.push(Kind::Io, Severity::Skipped, at.key("schemaUri"), text);
                    None
                }
            },
            (None, None) => None,
        };
        let Some(schema) = schema else { return };
        let views = |n: usize| self.model.view(n).map(<[u8]>::to_vec);
        let mut next = 0u32;
        let tables_at = at.key("propertyTables");
        let list = extension.get("propertyTables").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (n, value) in list.iter().enumerate() {
            self.starts.push(next);
            let table =
                PropertyTable::read(value, tables_at.index(n), &schema, &views, self.issues).unwrap_or_default();
            next = next.saturating_add(table.count.min(1 << 30) as u32);
            self.out.tables.push(FeatureTable::Property(table));
        }
        for (key, what) in [("propertyTextures", "property textures"), ("propertyAttributes", "property attributes")] {
            if extension.get(key).is_some() {
                self.note(at.key(key), format!("{what} are not read"));
            }
        }
    }

    fn scene(&mut self) -> Result<(), String> {
        let document = &self.model.document;
        let scene = document.default_scene().or_else(|| document.scenes().next());
        let up = if self.around.z_up { M4::IDENTITY } else { M4::Z_UP };
        let mut open: Vec<(Node<'_>, M4, usize)> = match &scene {
            Some(scene) => scene.nodes().map(|n| (n, up, 0)).collect(),
            None => document.nodes().map(|n| (n, up, 0)).collect(),
        };
        open.reverse();
        while let Some((node, above, depth)) = open.pop() {
            if depth > MAX_DEPTH {
                return Err(format!("nodes are nested deeper than {MAX_DEPTH}, perhaps in a circle"));
            }
            let own = node.transform().matrix();
            let matrix = above.after(&M4(std::array::from_fn(|i| f64::from(own[i / 4][i % 4]))));
            if let Some(mesh) = node.mesh() {
                for (matrix, feature) in self.instances(&node, &matrix)? {
                    for (n, primitive) in mesh.primitives().enumerate() {
                        self.drawn += 1;
                        if self.drawn > MAX_DRAWN {
                            return Err(format!("more than {MAX_DRAWN} meshes to draw"));
                        }
                        let place = format!("meshes[{}].primitives[{n}]", mesh.index());
                        let extra = self.raw.pointer(&format!("/meshes/{}/primitives/{n}", mesh.index()));
                        let extra = extra.unwrap_or(&Value::Null);
                        self.primitive(&primitive, extra, &matrix, feature, &place)
                            .map_err(|why| format!("{place}: {why}"))?;
                    }
                }
            }
            let children: Vec<Node<'_>> = node.children().collect();
            open.extend(children.into_iter().rev().map(|child| (child, matrix, depth + 1)));
        }
        Ok(())
    }

    fn accessor(&self, index: &Value) -> Result<(usize, Vec<f64>), String> {
        let n = index.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or("an accessor that is no index")?;
        let accessor = self.model.document.accessors().nth(n).ok_or_else(|| format!("no accessor {n}"))?;
        let width = accessor.dimensions().multiplicity();
        Ok((width, self.model.numbers(&accessor)?))
    }

    /// Where a node's mesh stands: once, or many times by EXT_mesh_gpu_instancing, with the instance's feature.
    fn instances(&mut self, node: &Node<'_>, matrix: &M4) -> Result<Vec<(M4, Option<u32>)>, String> {
        let raw = self.raw.pointer(&format!("/nodes/{}/extensions", node.index()));
        let Some(attributes) = raw.and_then(|r| r.pointer("/EXT_mesh_gpu_instancing/attributes")) else {
            return Ok(vec![(*matrix, None)]);
        };
        let column = |name: &str, width: usize| -> Result<Option<Vec<f64>>, String> {
            let Some(index) = attributes.get(name) else { return Ok(None) };
            let (found, values) = self.accessor(index)?;
            if found != width {
                return Err(format!("instances' {name} has {found} components, expected {width}"));
            }
            Ok(Some(values))
        };
        let shifts = column("TRANSLATION", 3)?;
        let turns = column("ROTATION", 4)?;
        let scales = column("SCALE", 3)?;
        let lengths = [
            shifts.as_ref().map(|v| v.len() / 3),
            turns.as_ref().map(|v| v.len() / 4),
            scales.as_ref().map(|v| v.len() / 3),
        ];
        let count = lengths.iter().flatten().copied().min().unwrap_or(0);
        if count > MAX_DRAWN {
            return Err(format!("{count} instances, more than {MAX_DRAWN}"));
        }
        let ids = raw.and_then(|r| r.pointer("/EXT_instance_features/featureIds/0"));
        let start = self.start_of(ids);
        let id_column = match ids.and_then(|i| i.get("attribute")).and_then(Value::as_u64) {
            Some(n) => column(&format!("_FEATURE_ID_{n}"), 1)?,
            None => None,
        };
        let three = |v: &Option<Vec<f64>>, n: usize, fallback: V3| {
            v.as_ref().map_or(fallback, |v| [v[n * 3], v[n * 3 + 1], v[n * 3 + 2]])
        };
        Ok((0..count)
            .map(|n| {
                let turn = turns.as_ref().map_or([0.0, 0.0, 0.0, 1.0], |v| std::array::from_fn(|k| v[n * 4 + k]));
                let own = from_turn(turn, three(&scales, n, [1.0; 3]), three(&shifts, n, [0.0; 3]));
                let id = match &id_column {
                    Some(column) => column.get(n).map(|v| *v as u32),
                    None => Some(n as u32),
                };
                (matrix.after(&own), ids.and(id).map(|id| start.saturating_add(id)))
            })
            .collect())
    }

    /// First feature of the table that feature ids belong to.
    fn start_of(&self, ids: Option<&Value>) -> u32 {
        let table = ids.and_then(|i| i.get("propertyTable")).and_then(Value::as_u64);
        table.and_then(|t| self.starts.get(t as usize)).copied().unwrap_or(0)
    }

    /// The feature of each vertex of a primitive.
    fn features(&mut self, extra: &Value, count: usize, place: &str) -> Result<Vec<u32>, String> {
        let attributes = extra.get("attributes");
        let old = attributes.and_then(|a| a.get("_BATCHID").or_else(|| a.get("BATCHID")));
        let as_ids = |values: Vec<f64>, start: u32, null: Option<u64>| -> Vec<u32> {
            let id = |v: &f64| {
                if *v < 0.0 || null == Some(*v as u64) { NO_FEATURE } else { start.saturating_add(v.round() as u32) }
            };
            let mut ids: Vec<u32> = values.iter().map(id).collect();
            ids.resize(count, NO_FEATURE);
            ids
        };
        if let Some(index) = old {
            return Ok(as_ids(self.accessor(index)?.1, 0, None));
        }
        let Some(list) = extra.pointer("/extensions/EXT_mesh_features/featureIds").and_then(Value::as_array) else {
            return Ok(vec![NO_FEATURE; count]);
        };
        // The ids that have properties come first, those at vertices before those in pictures.
        let worth = |i: &&Value| (i.get("propertyTable").is_some(), i.get("texture").is_none());
        let Some(best) = list.iter().max_by_key(worth) else { return Ok(vec![NO_FEATURE; count]) };
        let start = self.start_of(Some(best));
        let null = best.get("nullFeatureId").and_then(Value::as_u64);
        if let Some(texture) = best.get("texture") {
            return Ok(match self.ids_in_picture(texture, attributes, count)? {
                Some(values) => as_ids(values, start, null),
                None => {
                    self.note(place, "the picture of its feature ids cannot be read; it has no features");
                    vec![NO_FEATURE; count]
                }
            });
        }
        match best.get("attribute").and_then(Value::as_u64) {
            Some(n) => {
                let name = format!("_FEATURE_ID_{n}");
                let index = attributes.and_then(|a| a.get(&name)).ok_or_else(|| format!("no attribute {name}"))?;
                Ok(as_ids(self.accessor(index)?.1, start, null))
            }
            None => Ok((0..count as u32).map(|n| start.saturating_add(n)).collect()),
        }
    }

    /// Feature ids that stand in a picture, taken at the vertices.
    fn ids_in_picture(
        &mut self,
        texture: &Value,
        attributes: Option<&Value>,
        count: usize,
    ) -> Result<Option<Vec<f64>>, String> {
        let number = texture.get("index").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let source = self.raw.pointer(&format!("/textures/{number}/source")).and_then(Value::as_u64);
        let set = texture.get("texCoord").and_then(Value::as_u64).unwrap_or(0);
        let uvs = attributes.and_then(|a| a.get(format!("TEXCOORD_{set}")));
        let (Some(source), Some(uvs)) = (source.map(|n| n as usize), uvs) else { return Ok(None) };
        let (width, uvs) = self.accessor(uvs)?;
        if !self.ids.contains_key(&source) {
            let picture = self.image(source).and_then(|bytes| picture::decode(&bytes)).ok();
            self.ids.insert(source, picture);
        }
        let Some(Some(picture)) = self.ids.get(&source) else { return Ok(None) };
        if width != 2 {
            return Ok(None);
        }
        let channels: Vec<usize> = match texture.get("channels").and_then(Value::as_array) {
            Some(list) => list.iter().filter_map(Value::as_u64).map(|n| (n as usize).min(3)).take(4).collect(),
            None => vec![0],
        };
        let pixel = |v: f64, n: u32| ((v.rem_euclid(1.0) * f64::from(n)) as u32).min(n - 1);
        let id = |uv: &[f64]| {
            if !uv.iter().all(|v| v.is_finite()) {
                return -1.0;
            }
            let p = picture.get_pixel(pixel(uv[0], picture.width()), pixel(uv[1], picture.height()));
            channels.iter().enumerate().map(|(k, &c)| f64::from(p.0[c]) * 256f64.powi(k as i32)).sum()
        };
        let mut ids: Vec<f64> = uvs.chunks_exact(2).map(id).collect();
        ids.resize(count, -1.0);
        Ok(Some(ids))
    }

    fn primitive(
        &mut self,
        primitive: &Primitive<'_>,
        extra: &Value,
        matrix: &M4,
        instance: Option<u32>,
        place: &str,
    ) -> Result<(), String> {
        let draws_triangles = matches!(primitive.mode(), Mode::Triangles | Mode::TriangleStrip | Mode::TriangleFan);
        if !draws_triangles && primitive.mode() != Mode::Points {
            self.note(place, "lines are not drawn");
            return Ok(());
        }
        let Some(positions) = primitive.get(&Semantic::Positions) else {
            self.note(place, "a primitive without positions");
            return Ok(());
        };
        if positions.dimensions().multiplicity() != 3 {
            return Err("positions are not triples".into());
        }
        let places: Vec<V3> =
            self.model.numbers(&positions)?.chunks_exact(3).map(|p| matrix.point([p[0], p[1], p[2]])).collect();
        let count = places.len();
        let mut features = self.features(extra, count, place)?;
        if let Some(feature) = instance {
            features.fill(feature);
        }
        let material = Material::read(self.raw, primitive.material().index());
        let colors = self.colors(primitive, &material, count)?;
        if primitive.mode() == Mode::Points {
            let points = &mut self.out.points;
            let room = MAX_POINTS.saturating_sub(points.positions.len());
            points.positions.extend(places.iter().take(room));
            points.colors.extend(colors.iter().take(room));
            points.features.extend(features.iter().take(room));
            if count > room {
                self.note(place, format!("more than {MAX_POINTS} points; the rest is left out"));
            }
            return Ok(());
        }
        let normals: Option<Vec<V3>> = match primitive.get(&Semantic::Normals) {
            Some(normals) if normals.dimensions().multiplicity() == 3 => {
                let turn = matrix.for_normals();
                let values = self.model.numbers(&normals)?;
                let all: Vec<V3> =
                    values.chunks_exact(3).map(|n| unit(turn.direction([n[0], n[1], n[2]]), [0.0, 0.0, 1.0])).collect();
                (all.len() >= count).then_some(all)
            }
            _ => None,
        };
        let corners: Vec<usize> = match primitive.indices() {
            Some(indices) if indices.dimensions().multiplicity() != 1 => {
                return Err("indices are not single numbers".into());
            }
            Some(indices) => self.model.numbers(&indices)?.into_iter().map(|i| i as usize).collect(),
            None => (0..count).collect(),
        };
        let number = match primitive.mode() {
            Mode::Triangles => corners.len() / 3,
            _ => corners.len().saturating_sub(2),
        };
        let (look, uvs) = self.cover(primitive, &material, count)?;
        let mesh = &mut self.out.mesh;
        if mesh.indices.len() / 3 + number > MAX_TRIANGLES {
            return Err(format!("the content has more than {MAX_TRIANGLES} triangles"));
        }
        if mesh.positions.len() + count > 3 * MAX_TRIANGLES {
            return Err(format!("the content has more than {} vertices", 3 * MAX_TRIANGLES));
        }
        let mirrored = matrix.determinant() < 0.0;
        let first = mesh.positions.len() as u32;
        if let Some(normals) = &normals {
            mesh.positions.extend(&places);
            mesh.normals.extend(normals.iter().take(count));
            mesh.colors.extend(&colors);
            mesh.uvs.extend(&uvs);
            mesh.features.extend(&features);
        }
        let mut odd = 0;
        for n in 0..number {
            let t = triangle(primitive.mode(), &corners, n, mirrored);
            let [Some(a), Some(b), Some(c)] = t.map(|i| places.get(i).copied()) else {
                return Err(format!("triangle {n} uses a vertex that does not exist ({count} vertices)"));
            };
            if ![a, b, c].iter().flatten().all(|v| v.is_finite() && v.abs() < 1e9) {
                odd += 1;
                continue;
            }
            mesh.looks.push(look);
            if normals.is_some() {
                mesh.indices.extend(t.map(|i| first + i as u32));
            } else {
                // Without normals faces are flat, each with its own corners.
                let normal = unit(cross(sub(b, a), sub(c, a)), [0.0, 0.0, 1.0]);
                let at = mesh.positions.len() as u32;
                mesh.positions.extend([a, b, c]);
                mesh.normals.extend([normal; 3]);
                mesh.colors.extend(t.map(|i| colors[i]));
                mesh.uvs.extend(t.map(|i| uvs[i]));
                mesh.features.extend(t.map(|i| features[i]));
                mesh.indices.extend([at, at + 1, at + 2]);
            }
        }
        if odd > 0 {
            self.note(place, format!("{odd} triangles have corners that are no finite numbers"));
        }
        Ok(())
    }

    /// Colour of each vertex: that of the material and the vertex's own.
    fn colors(
        &mut self,
        primitive: &Primitive<'_>,
        material: &Material,
        count: usize,
    ) -> Result<Vec<[f32; 4]>, String> {
        let mut colors = vec![material.factor; count];
        if let Some(tints) = primitive.get(&Semantic::Colors(0)) {
            let width = tints.dimensions().multiplicity();
            if width >= 3 {
                for (color, tint) in colors.iter_mut().zip(self.model.numbers(&tints)?.chunks_exact(width)) {
                    for (k, c) in color.iter_mut().enumerate().take(width.min(4)) {
                        *c *= tint[k] as f32;
                    }
                }
            }
        }
        Ok(colors)
    }

    /// The look of a primitive and the place of each of its vertices in the picture.
    fn cover(
        &mut self,
        primitive: &Primitive<'_>,
        material: &Material,
        count: usize,
    ) -> Result<(u32, Vec<[f32; 2]>), String> {
        let none = || (NO_LOOK, vec![[0.0; 2]; count]);
        let Some(cover) = &material.cover else { return Ok(none()) };
        let uvs = primitive.get(&Semantic::TexCoords(cover.set)).filter(|a| a.dimensions().multiplicity() == 2);
        let Some(uvs) = uvs else { return Ok(none()) };
        let Some(look) = self.look(primitive.material().index().unwrap_or(usize::MAX), material, cover) else {
            return Ok(none());
        };
        let values = self.model.numbers(&uvs)?;
        let mut places: Vec<[f32; 2]> = values.chunks_exact(2).map(|uv| cover.uv(uv[0], uv[1])).collect();
        places.resize(count, [0.0; 2]);
        Ok((look, places))
    }

    fn look(&mut self, number: usize, material: &Material, cover: &Cover) -> Option<u32> {
        if let Some(known) = self.looks.get(&number) {
            return *known;
        }
        let look = self.picture(cover.image).map(|picture| {
            let (wrap, blocky, cutoff) = (cover.wrap, cover.blocky, material.cutoff);
            self.out.looks.push(TileLook { picture, wrap, blocky, cutoff });
            self.out.looks.len() as u32 - 1
        });
        self.looks.insert(number, look);
        look
    }

    /// The bytes of a picture's file.
    fn image(&self, index: usize) -> Result<Vec<u8>, String> {
        let image = self.model.document.images().nth(index).ok_or("it does not exist")?;
        match image.source() {
            gltf::image::Source::View { view, .. } => self.model.view(view.index()).map(<[u8]>::to_vec),
            gltf::image::Source::Uri { uri, .. } if uri.starts_with("data:") => {
                gltf::buffer::Data::from_source(gltf::buffer::Source::Uri(uri), None)
                    .map(|d| d.0)
                    .map_err(|e| e.to_string())
            }
            gltf::image::Source::Uri { uri, .. } => (self.around.fetch)(&join(self.around.uri, uri)),
        }
    }

    fn picture(&mut self, index: usize) -> Option<Arc<TilePicture>> {
        if let Some(known) = self.pictures.get(&index) {
            return known.clone();
        }
        let pixels: u64 = self.pictures.values().flatten().map(|p| u64::from(p.width) * u64::from(p.height)).sum();
        let picture = if pixels > MAX_PIXELS {
            Err(format!("the model's pictures have more than {} megapixels", MAX_PIXELS >> 20))
        } else {
            self.image(index).and_then(|bytes| (self.around.picture)(&bytes))
        };
        if let Err(why) = &picture {
            self.note(format!("images[{index}]"), format!("{why}; the base colour is used"));
        }
        let picture = picture.ok();
        self.pictures.insert(index, picture.clone());
        picture
    }
}

/// A matrix from a quaternion (x, y, z, w), scales and a shift.
#[must_use]
pub fn from_turn(q: [f64; 4], scale: V3, shift: V3) -> M4 {
    let l = (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]).sqrt();
    let [x, y, z, w] = if l > 1e-12 && l.is_finite() { q.map(|v| v / l) } else { [0.0, 0.0, 0.0, 1.0] };
    let columns = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)],
        [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)],
        [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)],
    ];
    let scaled = |k: usize| columns[k].map(|v: f64| v * scale[k]);
    M4::columns(scaled(0), scaled(1), scaled(2), shift)
}
