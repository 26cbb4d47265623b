//! Packed parts of a model, unpacked before it is read: Draco meshes, meshopt buffer views, textures whose picture is
//! named by an extension.
//!
//! What comes out is a plain glTF document with one more buffer, so that everything behind reads only plain ones.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gltf::buffer::{Data, Source};
use serde_json::{Map, Value, json};

use super::{container::Wrong, first, meshopt_view};

const DRACO: &str = "KHR_draco_mesh_compression";
const MESHOPT: [&str; 2] = ["EXT_meshopt_compression", "KHR_meshopt_compression"];
/// Extensions of a texture that name its picture, the one that is read best first.
const PICTURES: [&str; 2] = ["EXT_texture_webp", "KHR_texture_basisu"];
/// Most vertices and corners of one packed mesh.
const MAX_PACKED: usize = 12_000_000;
/// Most bytes that one packed part may become.
const MAX_BYTES: usize = 1 << 30;

/// A document without packed parts.
pub(super) struct Unpacked {
    pub value: Value,
    pub buffers: Vec<Vec<u8>>,
}

/// True when a document has something to unpack: its text names one of the extensions.
fn is_packed(text: &[u8]) -> bool {
    let named = |name: &&str| text.windows(name.len()).any(|w| w == name.as_bytes());
    [DRACO].iter().chain(&MESHOPT).chain(&PICTURES).any(|name| named(name))
}

/// Unpacks a document, and makes one of the first version one of the second; `None` when there is nothing to do.
///
/// # Errors
/// Place and reason.
pub(super) fn unpack(
    text: &[u8],
    bin: Option<&[u8]>,
    external: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Option<Unpacked>, Wrong> {
    if first::is_first(text) {
        let Ok(value) = serde_json::from_slice::<Value>(text) else { return Ok(None) };
        let value = first::upgrade(&value).map_err(|why| ("glTF 1.0".to_owned(), why))?;
        let buffers = buffers(&value, bin, external)?;
        return Ok(Some(Unpacked { value, buffers }));
    }
    if !is_packed(text) {
        return Ok(None);
    }
    // A text that is no JSON is told with its line by the reader behind.
    let Ok(mut value) = serde_json::from_slice::<Value>(text) else { return Ok(None) };
    let buffers = buffers(&value, bin, external)?;
    let extra = buffers.len();
    let mut work = Work { extra, buffers, made: Vec::new() };
    work.views(&mut value)?;
    work.meshes(&mut value)?;
    textures(&mut value);
    let Work { mut buffers, made, .. } = work;
    if !made.is_empty() {
        let list = value.get_mut("buffers").and_then(Value::as_array_mut);
        list.into_iter().for_each(|list| list.push(json!({ "byteLength": made.len() })));
        buffers.push(made);
    }
    let done = |name: &Value| name.as_str().is_some_and(|n| n == DRACO || MESHOPT.contains(&n));
    for key in ["extensionsUsed", "extensionsRequired"] {
        if let Some(list) = value.get_mut(key).and_then(Value::as_array_mut) {
            list.retain(|name| !done(name));
        }
        if value.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty)
            && let Some(map) = value.as_object_mut()
        {
            map.remove(key);
        }
    }
    Ok(Some(Unpacked { value, buffers }))
}

fn number(value: &Value, key: &str) -> Option<usize> {
    value.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
}

/// All buffers; those that only stand for unpacked views are empty.
fn buffers(
    value: &Value,
    bin: Option<&[u8]>,
    external: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<Vec<u8>>, Wrong> {
    let list = value.get("buffers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut out = Vec::with_capacity(list.len() + 1);
    for (n, buffer) in list.iter().enumerate() {
        let place = format!("buffers[{n}]");
        let extensions = buffer.get("extensions");
        let fallback = MESHOPT.iter().any(|name| {
            extensions.and_then(|e| e.get(name)?.get("fallback")).and_then(Value::as_bool).unwrap_or(false)
        });
        let data = match buffer.get("uri").and_then(Value::as_str) {
            None if fallback => {
                out.push(Vec::new());
                continue;
            }
            None => match bin.filter(|_| n == 0) {
                Some(chunk) => chunk.to_vec(),
                None => return Err((place, "it has no uri and the file has no binary chunk for it".into())),
            },
            Some(uri) if uri.starts_with("data:") => match Data::from_source(Source::Uri(uri), None) {
                Ok(data) => data.0,
                Err(error) => return Err((place, format!("its data URI cannot be decoded: {error}"))),
            },
            Some(uri) => external(uri).map_err(|reason| (place.clone(), reason))?,
        };
        let declared = number(buffer, "byteLength").unwrap_or(0);
        if data.len() < declared {
            return Err((place, format!("it has {} bytes; {declared} are declared", data.len())));
        }
        out.push(data);
    }
    Ok(out)
}

struct Work {
    /// Number of the buffer that is made.
    extra: usize,
    buffers: Vec<Vec<u8>>,
    made: Vec<u8>,
}

impl Work {
    /// Adds bytes; where they begin.
    fn add(&mut self, bytes: &[u8]) -> Result<usize, String> {
        self.made.resize(self.made.len().next_multiple_of(8), 0);
        if self.made.len() + bytes.len() > 2 * MAX_BYTES {
            return Err("the packed parts become more than 2 GiB".into());
        }
        let at = self.made.len();
        self.made.extend_from_slice(bytes);
        Ok(at)
    }

    fn bytes(&self, part: &Value) -> Result<&[u8], String> {
        let buffer = number(part, "buffer").ok_or("no buffer")?;
        let (at, length) =
            (number(part, "byteOffset").unwrap_or(0), number(part, "byteLength").ok_or("no byteLength")?);
        let whole = self.buffers.get(buffer).ok_or_else(|| format!("no buffer {buffer}"))?;
        let end = at.checked_add(length);
        end.and_then(|end| whole.get(at..end)).ok_or_else(|| "runs past its buffer".to_owned())
    }

    fn views(&mut self, value: &mut Value) -> Result<(), Wrong> {
        let Some(list) = value.get_mut("bufferViews").and_then(Value::as_array_mut) else { return Ok(()) };
        for (n, view) in list.iter_mut().enumerate() {
            let Some(name) = MESHOPT.iter().find(|name| view.pointer(&format!("/extensions/{name}")).is_some()) else {
                continue;
            };
            let packed = view["extensions"][name].take();
            let plain = self.bytes(&packed).and_then(|bytes| meshopt_view::decode(&packed, bytes, MAX_BYTES));
            let at = plain.and_then(|plain| Ok((self.add(&plain)?, plain.len())));
            let (at, length) = at.map_err(|why| (format!("bufferViews[{n}]"), format!("{name}: {why}")))?;
            view["buffer"] = json!(self.extra);
            view["byteOffset"] = json!(at);
            view["byteLength"] = json!(length);
            forget(view, name);
        }
        Ok(())
    }

    fn meshes(&mut self, value: &mut Value) -> Result<(), Wrong> {
        let Some(mut meshes) = value.get_mut("meshes").map(Value::take) else { return Ok(()) };
        let mut result = Ok(());
        'all: for (m, mesh) in meshes.as_array_mut().into_iter().flatten().enumerate() {
            let list = mesh.get_mut("primitives").and_then(Value::as_array_mut);
            for (p, primitive) in list.into_iter().flatten().enumerate() {
                let Some(packed) = primitive.pointer(&format!("/extensions/{DRACO}")).cloned() else { continue };
                let done = self.mesh(value, primitive, &packed);
                if let Err(why) = done {
                    result = Err((format!("meshes[{m}].primitives[{p}]"), format!("{DRACO}: {why}")));
                    break 'all;
                }
                forget(primitive, DRACO);
            }
        }
        value["meshes"] = meshes;
        result
    }

    /// Unpacks one primitive: its accessors get the plain numbers.
    fn mesh(&mut self, value: &mut Value, primitive: &mut Value, packed: &Value) -> Result<(), String> {
        let view = number(packed, "bufferView").ok_or("no bufferView")?;
        let view = value.pointer(&format!("/bufferViews/{view}")).ok_or_else(|| format!("no buffer view {view}"))?;
        let bytes = self.bytes(view)?.to_vec();
        let mesh = draco(&bytes)?;
        let points = mesh.num_points();
        let corners: Vec<u32> = mesh.faces().iter().flatten().map(|p| p.0).collect();
        if points > MAX_PACKED || corners.len() > 3 * MAX_PACKED {
            return Err(format!("{points} vertices and {} triangles are too many", corners.len() / 3));
        }
        let names = packed.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut attributes = primitive.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, id) in names {
            let id = id.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| format!("{name} is no id"))?;
            let attribute = mesh.attribute_by_unique_id(id).ok_or_else(|| format!("{name}: no attribute {id}"))?;
            let known = attributes.get(&name).and_then(Value::as_u64).unwrap_or(u64::MAX);
            let Some(accessor) = value.pointer(&format!("/accessors/{known}")).cloned() else { continue };
            let width = match accessor.get("type").and_then(Value::as_str) {
                Some("SCALAR") => 1,
                Some("VEC2") => 2,
                Some("VEC3") => 3,
                Some("VEC4") => 4,
                other => return Err(format!("{name} is of the type {other:?}, expected a number or a vector")),
            };
            let kind = number(&accessor, "componentType").unwrap_or(0);
            let plain = components(&attribute.read_f32s(points, width), kind)?;
            let made = self.accessor(value, known, &accessor, &plain, kind, points)?;
            attributes.insert(name, json!(made));
        }
        primitive["attributes"] = Value::Object(attributes);
        let known = primitive.get("indices").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let old = value.pointer(&format!("/accessors/{known}")).cloned().unwrap_or_else(|| json!({ "type": "SCALAR" }));
        let plain: Vec<u8> = corners.iter().flat_map(|n| n.to_le_bytes()).collect();
        primitive["indices"] = json!(self.accessor(value, known, &old, &plain, UINT, corners.len())?);
        primitive["mode"] = json!(4);
        Ok(())
    }

    /// An accessor like another, over plain numbers. The other, which has none of its own, gets them, too.
    fn accessor(
        &mut self,
        value: &mut Value,
        known: u64,
        like: &Value,
        plain: &[u8],
        kind: usize,
        count: usize,
    ) -> Result<usize, String> {
        let at = self.add(plain)?;
        let view =
            push(value, "bufferViews", json!({"buffer": self.extra, "byteOffset": at, "byteLength": plain.len()}))?;
        let mut made = like.clone();
        made["bufferView"] = json!(view);
        made["byteOffset"] = json!(0);
        made["count"] = json!(count);
        made["componentType"] = json!(kind);
        if let Some(map) = made.as_object_mut() {
            map.remove("sparse");
        }
        if let Some(old) = value.pointer_mut(&format!("/accessors/{known}"))
            && old.get("bufferView").is_none()
        {
            old.clone_from(&made);
        }
        push(value, "accessors", made)
    }
}

const UINT: usize = 5125;

fn push(value: &mut Value, key: &str, item: Value) -> Result<usize, String> {
    let map = value.as_object_mut().ok_or("not an object")?;
    let list = map.entry(key).or_insert_with(|| json!([])).as_array_mut().ok_or_else(|| format!("{key} is no list"))?;
    list.push(item);
    Ok(list.len() - 1)
}

/// Numbers in the component type of an accessor.
fn components(numbers: &[f32], kind: usize) -> Result<Vec<u8>, String> {
    Ok(match kind {
        5120 => numbers.iter().flat_map(|v| (*v as i8).to_le_bytes()).collect(),
        5121 => numbers.iter().flat_map(|v| (*v as u8).to_le_bytes()).collect(),
        5122 => numbers.iter().flat_map(|v| (*v as i16).to_le_bytes()).collect(),
        5123 => numbers.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect(),
        UINT => numbers.iter().flat_map(|v| (*v as u32).to_le_bytes()).collect(),
        5126 => numbers.iter().flat_map(|v| v.to_le_bytes()).collect(),
        other => return Err(format!("the component type {other} is unknown")),
    })
}

/// Decodes a Draco mesh. A fault in the decoder must cost one model only.
pub(in crate::import) fn draco(bytes: &[u8]) -> Result<draco_core::Mesh, String> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut mesh = draco_core::Mesh::new();
        let mut buffer = draco_core::DecoderBuffer::new(bytes);
        draco_core::MeshDecoder::new().decode(&mut buffer, &mut mesh).map_err(|e| e.to_string())?;
        Ok(mesh)
    }));
    read.unwrap_or_else(|_| Err("it holds values that the format does not allow".into()))
}

/// Removes an extension from an object.
fn forget(object: &mut Value, name: &str) {
    let left = object.get_mut("extensions").and_then(Value::as_object_mut).map(|map: &mut Map<String, Value>| {
        map.remove(name);
        map.len()
    });
    if left == Some(0)
        && let Some(map) = object.as_object_mut()
    {
        map.remove("extensions");
    }
}

/// Gives textures without a plain picture the one that an extension names.
fn textures(value: &mut Value) {
    let images = value.get("images").and_then(Value::as_array).map_or(0, Vec::len);
    let list = value.get_mut("textures").and_then(Value::as_array_mut);
    for texture in list.into_iter().flatten().filter(|t| t.get("source").is_none()) {
        let named = PICTURES.iter().find_map(|name| number(texture.get("extensions")?.get(name)?, "source"));
        if let Some(n) = named.filter(|n| *n < images)
            && let Some(map) = texture.as_object_mut()
        {
            map.insert("source".into(), json!(n));
        }
    }
}
