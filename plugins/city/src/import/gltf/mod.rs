//! glTF 2.0 and GLB models as landmarks.
//!
//! glTF is y up; the mesh that comes out is x east, y north, z up around the model's own origin, in
//! metres. A triangle has the colour of its material, of its corners and of its texture's middle.

pub(in crate::import) mod container;
mod first;
mod meshopt_view;
pub(in crate::import) mod unpack;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::Path};

use gltf::{Primitive, mesh::Mode};
use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;

use super::{
    FileFacts, ImportError, Report, Severity, packed,
    peek::{Peek, grow},
    picture,
    triangulate::P3,
};
use crate::model::Landmark;
use container::{Model, Wrong};

/// What a model file yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// One model at the local origin, standing on the terrain; a scene says where it belongs.
    pub landmarks: Vec<Landmark>,
}

/// Most triangles of a landmark.
const MAX_TRIANGLES: usize = 5_000_000;
/// Longest model file, bytes.
const MAX_BYTES: u64 = 2 << 30;
/// Deepest nesting of nodes.
const MAX_DEPTH: usize = 200;

/// A model has no place of its own: there is nothing to know before it is read.
pub fn peek(path: &Path) -> Result<Peek, ImportError> {
    load(path).map(|_| Peek::default())
}

/// Reads a model as a [`Part`]; frame and CRS play no role.
pub fn read(path: &Path, _frame: &LocalFrame, _crs_override: Option<u32>) -> Result<(Part, Report), ImportError> {
    let (landmark, report) = landmark(path)?;
    Ok((Part { landmarks: vec![landmark] }, report))
}

/// Reads a model around its own origin; place and heading are for the caller to set.
pub fn landmark(path: &Path) -> Result<(Landmark, Report), ImportError> {
    let model = load(path)?;
    let mut report = Report::default();
    let mut pictures = Pictures::new(&model, path.parent());
    let mesh = walk(&mut pictures, &mut report).map_err(|wrong| fail(path, wrong))?;
    if mesh.triangles.is_empty() {
        return Err(ImportError::new(path, "", "the model has no triangles to draw"));
    }
    if pictures.known.values().any(Option::is_some) {
        let text = "each triangle has the colour that its texture has in its middle";
        report.note(Severity::Guessed, "materials", text);
    }
    if model.document.animations().len() > 0 {
        report.note(Severity::Skipped, "animations", "animations are not played; the model stands in its rest pose");
    }
    let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    report.count("landmarks", 1);
    report.count("triangles", mesh.triangles.len());
    let landmark = Landmark {
        name: Bilingual::same(name),
        mesh: mesh.triangles.iter().flatten().map(|p| p.map(|v| v as f32)).collect(),
        colors: mesh.colors,
        ..Landmark::default()
    };
    Ok((landmark, report))
}

/// What is in a file, for `guanlan inspect`; the extent is in the model's own axes (y up).
pub fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let model = load(path)?;
    let mut report = Report::default();
    let document = &model.document;
    let (mut primitives, mut positions, mut triangles) = (0, 0, 0);
    for primitive in document.meshes().flat_map(|m| m.primitives()) {
        primitives += 1;
        positions += primitive.get(&gltf::Semantic::Positions).map_or(0, |a| a.count());
        triangles += corner_count(&primitive).map_or(0, |n| triangle_count(primitive.mode(), n));
    }
    let mut extent = None;
    let mut pictures = Pictures::new(&model, path.parent());
    let mesh = walk(&mut pictures, &mut report).map_err(|wrong| fail(path, wrong))?;
    mesh.triangles.iter().flatten().for_each(|p| grow(&mut extent, [p[0], p[2], -p[1]]));
    let counts = [
        ("nodes", document.nodes().len()),
        ("meshes", document.meshes().len()),
        ("primitives", primitives),
        ("materials", document.materials().len()),
        ("textures", document.textures().len()),
        ("animations", document.animations().len()),
        ("position_vertices", positions),
        ("triangles", triangles),
    ];
    let features = features(path);
    let counts = counts.into_iter().chain((features > 0).then_some(("features", features)));
    Ok(FileFacts {
        path: path.to_owned(),
        format: if model.binary { "GLB" } else { "glTF" }.into(),
        version: model.version.clone(),
        extent,
        counts: counts.map(|(k, n)| (k.to_owned(), n)).collect(),
        problems: report.problems,
        ..FileFacts::default()
    })
}

/// Features with properties (EXT_structural_metadata).
fn features(path: &Path) -> usize {
    let bytes = packed::read_all(path, MAX_BYTES).unwrap_or_default();
    let text = container::split(&bytes).map(|(json, _)| json).unwrap_or_default();
    let document: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    let tables = document.pointer("/extensions/EXT_structural_metadata/propertyTables");
    let tables = tables.and_then(serde_json::Value::as_array).into_iter().flatten();
    tables.filter_map(|t| t.get("count")?.as_u64()).map(|n| n.min(u64::from(u32::MAX)) as usize).sum()
}

fn load(path: &Path) -> Result<Model, ImportError> {
    let bytes = packed::read_all(path, MAX_BYTES).map_err(|reason| ImportError::new(path, "", reason))?;
    Model::read(&bytes, path.parent()).map_err(|wrong| fail(path, wrong))
}

/// Corners of a primitive's triangle; a mirrored one is turned round.
pub(in crate::import) fn triangle<T: Copy>(mode: Mode, corners: &[T], n: usize, mirrored: bool) -> [T; 3] {
    let [a, b, c] = match mode {
        Mode::Triangles => [corners[3 * n], corners[3 * n + 1], corners[3 * n + 2]],
        Mode::TriangleStrip if n % 2 == 1 => [corners[n + 1], corners[n], corners[n + 2]],
        Mode::TriangleStrip => [corners[n], corners[n + 1], corners[n + 2]],
        _ => [corners[0], corners[n + 1], corners[n + 2]],
    };
    if mirrored { [a, c, b] } else { [a, b, c] }
}

fn fail(path: &Path, (place, reason): Wrong) -> ImportError {
    ImportError::new(path, place, reason)
}

fn corner_count(primitive: &Primitive<'_>) -> Option<usize> {
    let positions = primitive.get(&gltf::Semantic::Positions)?.count();
    Some(primitive.indices().map_or(positions, |i| i.count()))
}

fn triangle_count(mode: Mode, corners: usize) -> usize {
    match mode {
        Mode::Triangles => corners / 3,
        Mode::TriangleStrip | Mode::TriangleFan => corners.saturating_sub(2),
        _ => 0,
    }
}

#[derive(Default)]
struct Mesh {
    triangles: Vec<[P3; 3]>,
    colors: Vec<[f32; 3]>,
}

type Matrix = [[f64; 4]; 4];

/// Column-major product.
fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|c| std::array::from_fn(|r| (0..4).map(|k| a[k][r] * b[c][k]).sum()))
}

/// Pictures of a model, small, opened when they are needed.
struct Pictures<'a> {
    model: &'a Model,
    folder: Option<&'a Path>,
    known: BTreeMap<usize, Option<image::RgbaImage>>,
}

/// Side of a picture that colours are taken from, px.
const PICTURE_PX: u32 = 512;

impl<'a> Pictures<'a> {
    fn new(model: &'a Model, folder: Option<&'a Path>) -> Self {
        Self { model, folder, known: BTreeMap::new() }
    }

    fn get(&mut self, index: usize, report: &mut Report) -> Option<&image::RgbaImage> {
        let (model, folder) = (self.model, self.folder);
        let entry = self.known.entry(index).or_insert_with(|| {
            let image = model.document.images().nth(index)?;
            let bytes = match image.source() {
                gltf::image::Source::View { view, .. } => model.view(view.index()).map(<[u8]>::to_vec),
                gltf::image::Source::Uri { uri, .. } if uri.starts_with("data:") => {
                    let data = gltf::buffer::Data::from_source(gltf::buffer::Source::Uri(uri), None);
                    data.map(|d| d.0).map_err(|e| e.to_string())
                }
                gltf::image::Source::Uri { uri, .. } => container::external(uri, folder),
            };
            match bytes.and_then(|bytes| picture::decode(&bytes)) {
                Ok(whole) => Some(picture::fit(whole, PICTURE_PX)),
                Err(why) => {
                    report.note(
                        Severity::Skipped,
                        format!("images[{index}]"),
                        format!("{why}; the base colour is used"),
                    );
                    None
                }
            }
        });
        entry.as_ref()
    }
}

/// Collects the triangles of the scene, z up.
fn walk(pictures: &mut Pictures<'_>, report: &mut Report) -> Result<Mesh, Wrong> {
    let model = pictures.model;
    // glTF's x, y up, z towards the viewer → x east, y north, z up.
    let z_up: Matrix = [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    let document = &model.document;
    let scene = document.default_scene().or_else(|| document.scenes().next());
    let mut open: Vec<(gltf::Node<'_>, Matrix, usize)> = match &scene {
        Some(scene) => scene.nodes().map(|n| (n, z_up, 0)).collect(),
        None => {
            let mut child = vec![false; document.nodes().len()];
            document.nodes().flat_map(|n| n.children()).for_each(|c| child[c.index()] = true);
            document.nodes().filter(|n| !child[n.index()]).map(|n| (n, z_up, 0)).collect()
        }
    };
    open.reverse();
    let mut seen = vec![false; document.nodes().len()];
    let mut mesh = Mesh::default();
    while let Some((node, above, depth)) = open.pop() {
        let place = format!("nodes[{}]", node.index());
        if std::mem::replace(&mut seen[node.index()], true) {
            report.note(Severity::Skipped, place, "a node is reached twice; nodes must form a tree");
            continue;
        }
        if depth > MAX_DEPTH {
            return Err((place, format!("nodes are nested deeper than {MAX_DEPTH}")));
        }
        let own = node.transform().matrix().map(|column| column.map(f64::from));
        let matrix = multiply(&above, &own);
        if let Some(shape) = node.mesh() {
            for primitive in shape.primitives() {
                let place = format!("meshes[{}].primitives[{}]", shape.index(), primitive.index());
                add(pictures, &primitive, &matrix, &place, &mut mesh, report).map_err(|reason| (place, reason))?;
            }
        }
        let children: Vec<gltf::Node<'_>> = node.children().collect();
        open.extend(children.into_iter().rev().map(|child| (child, matrix, depth + 1)));
    }
    Ok(mesh)
}

fn add(
    pictures: &mut Pictures<'_>,
    primitive: &Primitive<'_>,
    matrix: &Matrix,
    place: &str,
    mesh: &mut Mesh,
    report: &mut Report,
) -> Result<(), String> {
    let model = pictures.model;
    if !matches!(primitive.mode(), Mode::Triangles | Mode::TriangleStrip | Mode::TriangleFan) {
        report.note(Severity::Skipped, place, "points and lines are not drawn");
        return Ok(());
    }
    let Some(positions) = primitive.get(&gltf::Semantic::Positions) else {
        report.note(Severity::Skipped, place, "a primitive without positions");
        return Ok(());
    };
    if positions.dimensions().multiplicity() != 3 {
        return Err("positions are not triples".into());
    }
    let points: Vec<P3> = model
        .numbers(&positions)?
        .chunks_exact(3)
        .map(|p| {
            std::array::from_fn(|r| matrix[0][r] * p[0] + matrix[1][r] * p[1] + matrix[2][r] * p[2] + matrix[3][r])
        })
        .collect();
    let corners: Vec<usize> = match primitive.indices() {
        Some(indices) if indices.dimensions().multiplicity() != 1 => {
            return Err("indices are not single numbers".into());
        }
        Some(indices) => model.numbers(&indices)?.into_iter().map(|i| i as usize).collect(),
        None => (0..points.len()).collect(),
    };
    let number = triangle_count(primitive.mode(), corners.len());
    if mesh.triangles.len() + number > MAX_TRIANGLES {
        return Err(format!("the model has more than {MAX_TRIANGLES} triangles"));
    }
    let factor = primitive.material().pbr_metallic_roughness().base_color_factor();
    let tints = match primitive.get(&gltf::Semantic::Colors(0)) {
        Some(colors) => {
            let width = colors.dimensions().multiplicity();
            if width >= 3 { Some((width, model.numbers(&colors)?)) } else { None }
        }
        None => None,
    };
    let tint = |corner: usize, channel: usize| -> f64 {
        tints.as_ref().and_then(|(width, all)| all.get(corner * width + channel)).copied().unwrap_or(1.0)
    };
    let cover = primitive.material().pbr_metallic_roughness().base_color_texture();
    let uvs = match cover.as_ref().and_then(|t| primitive.get(&gltf::Semantic::TexCoords(t.tex_coord()))) {
        Some(uvs) if uvs.dimensions().multiplicity() == 2 => model.numbers(&uvs)?,
        _ => Vec::new(),
    };
    let picture = match &cover {
        Some(t) if !uvs.is_empty() => pictures.get(t.texture().source().index(), report),
        _ => None,
    };
    // Linear colour of the picture in the middle of a triangle.
    let shade = |t: [usize; 3], k: usize| -> f64 {
        let Some(picture) = picture else { return 1.0 };
        let middle = |axis: usize| t.iter().filter_map(|i| uvs.get(2 * i + axis)).sum::<f64>() / 3.0;
        let at = |v: f64, n: u32| ((v.rem_euclid(1.0) * f64::from(n)) as u32).min(n - 1);
        let (u, v) = (middle(0), middle(1));
        if !(u.is_finite() && v.is_finite()) {
            return 1.0;
        }
        let byte = picture.get_pixel(at(u, picture.width()), at(v, picture.height())).0[k];
        (f64::from(byte) / 255.0).powf(2.2)
    };
    // A mirroring node turns its triangles inside out.
    let m = matrix;
    let mirrored = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[1][0] * (m[0][1] * m[2][2] - m[0][2] * m[2][1])
        + m[2][0] * (m[0][1] * m[1][2] - m[0][2] * m[1][1])
        < 0.0;
    for n in 0..number {
        let t = triangle(primitive.mode(), &corners, n, mirrored);
        let [Some(a), Some(b), Some(c)] = t.map(|i| points.get(i).copied()) else {
            return Err(format!("triangle {n} uses a vertex that does not exist ({} vertices)", points.len()));
        };
        if ![a, b, c].iter().flatten().all(|v| v.is_finite() && v.abs() < 1e7) {
            report.note(Severity::Skipped, place, "a triangle has a corner that is not a finite number");
            continue;
        }
        mesh.triangles.push([a, b, c]);
        mesh.colors.push(std::array::from_fn(|k| {
            let mean = (tint(t[0], k) + tint(t[1], k) + tint(t[2], k)) / 3.0;
            ((f64::from(factor[k]) * mean * shade(t, k)) as f32).clamp(0.0, 1.0)
        }));
    }
    Ok(())
}
