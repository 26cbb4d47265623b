//! glTF 1.0 as 2.0: what draws triangles is carried over, shaders and techniques become plain materials.
//!
//! The first version names its parts where the second counts them, keeps strides at accessors, lets a node have several
//! meshes, and says by the values of a technique what a material looks like.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Ways of packing that the second version does not know: without reading them places would be wrong.
const PACKED: [&str; 3] = ["WEB3D_quantized_attributes", "Open3DGC-compression", "mesh_compression_open3dgc"];

/// True for a document of the first version (or of 0.8, which is written alike).
pub(super) fn is_first(text: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Top {
        asset: Option<Value>,
        #[serde(rename = "bufferViews")]
        views: Option<Value>,
    }
    let Ok(top) = serde_json::from_slice::<Top>(text) else { return false };
    match top.asset.as_ref().and_then(|a| a.get("version")) {
        Some(Value::String(version)) => version.starts_with("1.") || version.starts_with("0."),
        Some(Value::Number(version)) => version.as_f64().is_some_and(|v| v < 2.0),
        _ => top.views.is_some_and(|v| v.is_object()),
    }
}

/// Parts by name in the order that counts them from now on.
struct Names(BTreeMap<String, usize>);

impl Names {
    fn of(document: &Value, key: &str) -> Self {
        Self(entries(document, key).enumerate().map(|(n, (name, _))| (name.clone(), n)).collect())
    }

    fn number(&self, name: Option<&Value>) -> Option<usize> {
        self.0.get(name?.as_str()?).copied()
    }

    fn numbers(&self, list: Option<&Value>) -> Vec<usize> {
        list.and_then(Value::as_array).into_iter().flatten().filter_map(|name| self.number(Some(name))).collect()
    }
}

/// The parts of one kind. Buffers of a GLB's own come first: the second version has them as its first.
fn entries<'d>(document: &'d Value, key: &str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    let all = document.get(key).and_then(Value::as_object);
    let own = move |name: &str| key == "buffers" && matches!(name, "binary_glTF" | "KHR_binary_glTF");
    let first = all.into_iter().flatten().filter(move |(name, _)| own(name));
    first.chain(all.into_iter().flatten().filter(move |(name, _)| !own(name)))
}

/// An object without what is null.
fn object(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(pairs.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.to_owned(), v)).collect())
}

fn copy(from: &Value, key: &str) -> Value {
    from.get(key).cloned().unwrap_or(Value::Null)
}

/// The document as one of version 2.0.
///
/// # Errors
/// What of it cannot be carried over, and why.
pub(super) fn upgrade(document: &Value) -> Result<Value, String> {
    let used = document.get("extensionsUsed").and_then(Value::as_array).into_iter().flatten();
    if let Some(packed) = used.filter_map(Value::as_str).find(|name| PACKED.contains(name)) {
        return Err(format!("{packed} is needed to draw the model and is not supported"));
    }
    let [buffers, accessors, meshes, nodes, materials, textures, images, samplers] =
        ["buffers", "accessors", "meshes", "nodes", "materials", "textures", "images", "samplers"]
            .map(|key| Names::of(document, key));
    let (views, accessor_list) = accessors_of(document, &buffers);
    let list = |key: &str, one: &dyn Fn(&Value) -> Value| {
        Value::Array(entries(document, key).map(|(_, value)| one(value)).collect())
    };
    let mut mesh_list: Vec<Value> =
        entries(document, "meshes").map(|(_, mesh)| mesh_of(mesh, &accessors, &materials)).collect();
    let node_list: Vec<Value> = entries(document, "nodes")
        .map(|(_, node)| {
            let own = meshes.numbers(node.get("meshes"));
            let mesh = match own.as_slice() {
                [] => Value::Null,
                [one] => json!(one),
                several => {
                    let all = several.iter().filter_map(|n| mesh_list.get(*n)?.get("primitives")?.as_array());
                    let primitives: Vec<Value> = all.flatten().cloned().collect();
                    mesh_list.push(json!({ "primitives": primitives }));
                    json!(mesh_list.len() - 1)
                }
            };
            let children = nodes.numbers(node.get("children"));
            let children = if children.is_empty() { Value::Null } else { json!(children) };
            let places = ["matrix", "translation", "rotation", "scale"].map(|key| (key, copy(node, key)));
            object(places.into_iter().chain([("mesh", mesh), ("children", children)]))
        })
        .collect();
    let scenes = Names::of(document, "scenes");
    let mut out = object([
        ("asset", json!({ "version": "2.0" })),
        ("buffers", list("buffers", &|b| object([("uri", own_uri(b)), ("byteLength", copy(b, "byteLength"))]))),
        ("bufferViews", Value::Array(views)),
        ("accessors", Value::Array(accessor_list)),
        ("meshes", Value::Array(mesh_list)),
        ("nodes", Value::Array(node_list)),
        ("scenes", list("scenes", &|s| json!({ "nodes": nodes.numbers(s.get("nodes")) }))),
        ("scene", scenes.number(document.get("scene")).map_or(Value::Null, |n| json!(n))),
        ("materials", list("materials", &|m| material_of(m, &textures))),
        (
            "textures",
            list("textures", &|t| {
                let number = |names: &Names, key: &str| names.number(t.get(key)).map_or(Value::Null, |n| json!(n));
                object([("source", number(&images, "source")), ("sampler", number(&samplers, "sampler"))])
            }),
        ),
        ("samplers", list("samplers", &|s| object(["wrapS", "wrapT"].map(|key| (key, copy(s, key)))))),
        ("extensions", copy(document, "extensions")),
    ]);
    // Pictures of a GLB lie in views that are named: these get numbers behind those of the accessors.
    let named = Names::of(document, "bufferViews");
    let mut pictures = Vec::new();
    for (_, image) in entries(document, "images") {
        let inside = image.pointer("/extensions/KHR_binary_glTF");
        let view = inside.and_then(|i| i.get("bufferView")?.as_str()).filter(|name| named.0.contains_key(*name));
        let Some((inside, view)) = inside.zip(view) else {
            pictures.push(object([("uri", copy(image, "uri"))]));
            continue;
        };
        let source = copy(&document["bufferViews"], view);
        let list = out["bufferViews"].as_array_mut().ok_or("no buffer views")?;
        list.push(view_of(&source, &buffers, 0, None));
        let number = list.len() - 1;
        pictures.push(object([("bufferView", json!(number)), ("mimeType", copy(inside, "mimeType"))]));
    }
    out["images"] = Value::Array(pictures);
    if let Some(map) = out.as_object_mut() {
        map.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    }
    Ok(out)
}

/// A buffer's address; a GLB's own has none, whatever is written there.
fn own_uri(buffer: &Value) -> Value {
    match buffer.get("uri").and_then(Value::as_str) {
        Some(uri) if !uri.is_empty() && uri != "data:," => json!(uri),
        _ => Value::Null,
    }
}

/// A view from a place of its own on.
fn view_of(view: &Value, buffers: &Names, offset: u64, stride: Option<u64>) -> Value {
    let number = |key: &str| view.get(key).and_then(Value::as_u64).unwrap_or(0);
    object([
        ("buffer", buffers.number(view.get("buffer")).map_or(Value::Null, |n| json!(n))),
        ("byteOffset", json!(number("byteOffset").saturating_add(offset))),
        ("byteLength", json!(number("byteLength").saturating_sub(offset))),
        ("byteStride", stride.map_or(Value::Null, |s| json!(s))),
    ])
}

/// Each accessor with a view of its own: strides stand there now.
fn accessors_of(document: &Value, buffers: &Names) -> (Vec<Value>, Vec<Value>) {
    let (mut views, mut list) = (Vec::new(), Vec::new());
    for (_, accessor) in entries(document, "accessors") {
        let named = accessor.get("bufferView").and_then(Value::as_str).unwrap_or_default();
        let view = copy(&document["bufferViews"], named);
        let number = |key: &str| accessor.get(key).and_then(Value::as_u64);
        let stride = number("byteStride").filter(|s| *s > 0);
        views.push(view_of(&view, buffers, number("byteOffset").unwrap_or(0), stride));
        let kept = ["componentType", "count", "type", "min", "max"].map(|key| (key, copy(accessor, key)));
        list.push(object(kept.into_iter().chain([("bufferView", json!(views.len() - 1))])));
    }
    (views, list)
}

fn mesh_of(mesh: &Value, accessors: &Names, materials: &Names) -> Value {
    let primitives = mesh.get("primitives").and_then(Value::as_array).into_iter().flatten().map(|primitive| {
        let mut attributes = Map::new();
        for (name, accessor) in primitive.get("attributes").and_then(Value::as_object).into_iter().flatten() {
            let Some(number) = accessors.number(Some(accessor)) else { continue };
            let name = match name.as_str() {
                "BATCHID" => "_BATCHID",
                "COLOR" => "COLOR_0",
                "TEXCOORD" => "TEXCOORD_0",
                "POSITION" | "NORMAL" | "_BATCHID" | "COLOR_0" | "TEXCOORD_0" | "TEXCOORD_1" => name,
                _ => continue,
            };
            attributes.insert(name.to_owned(), json!(number));
        }
        let number = |names: &Names, key: &str| names.number(primitive.get(key)).map_or(Value::Null, |n| json!(n));
        object([
            ("attributes", Value::Object(attributes)),
            ("indices", number(accessors, "indices")),
            ("material", number(materials, "material")),
            // Before 1.0 it was called so.
            (
                "mode",
                [copy(primitive, "mode"), copy(primitive, "primitive")]
                    .into_iter()
                    .find(|m| !m.is_null())
                    .unwrap_or_default(),
            ),
        ])
    });
    json!({ "primitives": primitives.collect::<Vec<_>>() })
}

/// A plain material: the diffuse colour or picture among the values of the technique.
fn material_of(material: &Value, textures: &Names) -> Value {
    let places = ["/values", "/instanceTechnique/values", "/extensions/KHR_materials_common/values"];
    let value = |key: &str| places.iter().find_map(|place| material.pointer(place)?.get(key));
    let base = match value("diffuse") {
        Some(texture @ Value::String(_)) => {
            textures.number(Some(texture)).map(|n| ("baseColorTexture", json!({ "index": n })))
        }
        Some(Value::Array(color)) => {
            let part = |k: usize| color.get(k).and_then(Value::as_f64).unwrap_or(1.0).clamp(0.0, 1.0);
            // Colours of the first version are as a screen shows them.
            let color = [part(0).powf(2.2), part(1).powf(2.2), part(2).powf(2.2), part(3)];
            Some(("baseColorFactor", json!(color)))
        }
        _ => None,
    };
    json!({ "pbrMetallicRoughness": object(base) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::gltf::container::Model;

    /// A triangle in a binary file of version 1: header, text, body.
    fn glb(document: &Value, body: &[u8]) -> Vec<u8> {
        let mut text = serde_json::to_vec(document).unwrap();
        text.resize(text.len().next_multiple_of(4), b' ');
        let word = |n: usize| (n as u32).to_le_bytes();
        let mut out =
            [b"glTF".as_slice(), &word(1), &word(20 + text.len() + body.len()), &word(text.len()), &word(0)].concat();
        out.extend(text);
        out.extend(body);
        out
    }

    fn triangle() -> (Value, Vec<u8>) {
        // Position and normal woven: a stride of 24; then three indices.
        let mut body: Vec<u8> = Vec::new();
        for corner in [[0.0f32, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 3.0, 0.0]] {
            body.extend(corner.iter().chain(&[0.0, 0.0, 1.0]).flat_map(|v| v.to_le_bytes()));
        }
        body.extend([0u16, 1, 2].iter().flat_map(|n| n.to_le_bytes()));
        let document = json!({
            "asset": { "version": "1.0" }, "extensionsUsed": ["KHR_binary_glTF", "CESIUM_RTC"],
            "buffers": { "a_file": { "uri": "data:application/octet-stream;base64,AAAA", "byteLength": 3 }, "binary_glTF": { "byteLength": body.len(), "uri": "data:," } },
            "bufferViews": { "corners": { "buffer": "binary_glTF", "byteOffset": 0, "byteLength": 72 },
                "order": { "buffer": "binary_glTF", "byteOffset": 72, "byteLength": 6 } },
            "accessors": {
                "n": { "bufferView": "corners", "byteOffset": 12, "byteStride": 24, "componentType": 5126, "count": 3, "type": "VEC3" },
                "p": { "bufferView": "corners", "byteOffset": 0, "byteStride": 24, "componentType": 5126, "count": 3, "type": "VEC3",
                    "min": [0.0, 0.0, 0.0], "max": [2.0, 3.0, 0.0] },
                "i": { "bufferView": "order", "byteOffset": 0, "byteStride": 0, "componentType": 5123, "count": 3, "type": "SCALAR" } },
            "meshes": { "m": { "primitives": [{ "attributes": { "POSITION": "p", "NORMAL": "n", "JOINT": "p" }, "indices": "i", "material": "red", "mode": 4 }] } },
            "materials": { "red": { "technique": "t", "values": { "diffuse": [1.0, 0.0, 0.0, 1.0], "shininess": 10.0 } } },
            "techniques": { "t": { "program": "p" } },
            "nodes": { "root": { "children": ["leaf"], "translation": [0.0, 5.0, 0.0] }, "leaf": { "meshes": ["m", "m"] } },
            "scenes": { "s": { "nodes": ["root"] } }, "scene": "s"
        });
        (document, body)
    }

    #[test]
    fn a_model_of_the_first_version_has_its_triangles_and_a_plain_material() {
        let (document, body) = triangle();
        assert!(is_first(&serde_json::to_vec(&document).unwrap()));
        let model = Model::read(&glb(&document, &body), None).unwrap();
        let leaf = model.document.nodes().find(|n| n.mesh().is_some()).unwrap();
        let primitives: Vec<_> = leaf.mesh().unwrap().primitives().collect();
        assert_eq!(primitives.len(), 2, "both meshes of the node");
        let positions = model.numbers(&primitives[0].get(&gltf::Semantic::Positions).unwrap()).unwrap();
        assert_eq!(positions, [0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0]);
        let normals = model.numbers(&primitives[0].get(&gltf::Semantic::Normals).unwrap()).unwrap();
        assert_eq!(normals[..3], [0.0, 0.0, 1.0]);
        assert_eq!(model.numbers(&primitives[0].indices().unwrap()).unwrap(), [0.0, 1.0, 2.0]);
        let color = primitives[0].material().pbr_metallic_roughness().base_color_factor();
        assert_eq!(color, [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_is_packed_is_refused_by_name_and_what_is_broken_does_not_panic() {
        let (mut document, body) = triangle();
        document["extensionsUsed"] = json!(["WEB3D_quantized_attributes"]);
        let refused = Model::read(&glb(&document, &body), None).map(|_| ()).unwrap_err();
        assert!(refused.1.contains("WEB3D_quantized_attributes"), "{refused:?}");
        for broken in [
            json!({ "asset": { "version": "1.0" }, "accessors": { "a": 3 }, "meshes": { "m": { "primitives": [7] } } }),
            json!({ "asset": { "version": "1.0" }, "nodes": { "n": { "meshes": ["m", "m"], "children": "n" } } }),
            json!({ "bufferViews": {}, "images": { "i": { "extensions": { "KHR_binary_glTF": { "bufferView": "v" } } } } }),
        ] {
            let _ = Model::read(&glb(&broken, &[]), None);
        }
        let whole = glb(&triangle().0, &triangle().1);
        for cut in [13, 19, 20, 40, whole.len() - 3] {
            assert!(Model::read(&whole[..cut], None).is_err());
        }
    }
}
