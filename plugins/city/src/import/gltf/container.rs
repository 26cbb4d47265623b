//! The file around a model: GLB or JSON, its buffers, and checked access to its numbers.

use std::path::{Component, Path};

use gltf::{
    Accessor, Document,
    accessor::DataType,
    buffer::{Data, Source},
    json::validation::Checked,
};

/// Bytes of a file that are not in order: where, and why.
pub(in crate::import) type Wrong = (String, String);

fn wrong<T>(place: impl Into<String>, reason: impl Into<String>) -> Result<T, Wrong> {
    Err((place.into(), reason.into()))
}

/// Extensions a model may require: they do not change where its triangles are.
const HARMLESS: [&str; 5] = ["KHR_materials_", "KHR_texture_", "EXT_texture_", "KHR_techniques_webgl", "KHR_blend"];

/// Splits a GLB into JSON and binary chunk; a text file is all JSON.
pub(in crate::import) fn split(bytes: &[u8]) -> Result<(&[u8], Option<&[u8]>), Wrong> {
    let word = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    if !bytes.starts_with(b"glTF") {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        return match text.iter().find(|b| !b.is_ascii_whitespace()) {
            None => wrong("", "the file is empty; expected glTF or GLB"),
            Some(b'{') => Ok((text, None)),
            Some(_) => wrong("", "neither GLB (which begins with \"glTF\") nor glTF JSON (which begins with {)"),
        };
    }
    let (Some(version), Some(length)) = (word(4), word(8)) else {
        return wrong("GLB header", "the file is cut off inside its header");
    };
    if version == 1 {
        return split_first(bytes, length as usize);
    }
    if version != 2 {
        return wrong("GLB header", format!("version {version}; expected 2"));
    }
    // Writers of tiles fill a model up to a multiple of eight bytes.
    let filled = bytes.get(length as usize..).is_some_and(|rest| rest.iter().all(|b| matches!(b, 0 | b' ')));
    let mismatch = format!("the header says {length} bytes but the file has {}; it is cut off or damaged", bytes.len());
    let exact = length as usize == bytes.len();
    if !filled {
        return wrong("GLB header", mismatch);
    }
    let bytes = &bytes[..length as usize];
    let (mut at, mut json, mut bin) = (12, None, None);
    while at < bytes.len() {
        let (Some(size), Some(kind)) = (word(at), word(at + 4)) else {
            return wrong(format!("byte {at}"), "a chunk header is cut off");
        };
        let Some(chunk) = (at + 8).checked_add(size as usize).and_then(|end| bytes.get(at + 8..end)) else {
            if !exact {
                return wrong("GLB header", mismatch);
            }
            return wrong(format!("byte {at}"), format!("a chunk of {size} bytes runs past the end of the file"));
        };
        match &kind.to_le_bytes() {
            b"JSON" if json.is_none() => json = Some(chunk),
            b"BIN\0" if bin.is_none() => bin = Some(chunk),
            _ => {}
        }
        at += 8 + size as usize;
    }
    match json {
        Some(json) => Ok((json, bin)),
        None => wrong("GLB", "no JSON chunk"),
    }
}

/// Splits a GLB of the first version: the text has a length of its own, what follows is the body.
fn split_first(bytes: &[u8], length: usize) -> Result<(&[u8], Option<&[u8]>), Wrong> {
    let text = bytes.get(12..16).and_then(|b| Some(u32::from_le_bytes(b.try_into().ok()?) as usize));
    let end = text.and_then(|n| n.checked_add(20)).filter(|end| *end <= length && length <= bytes.len());
    match end {
        Some(end) => Ok((&bytes[20..end], Some(&bytes[end..length]))),
        None => {
            let had = bytes.len();
            wrong(
                "GLB header",
                format!("the header says {length} bytes but the file has {had}; it is cut off or damaged"),
            )
        }
    }
}

/// A model with its buffers.
pub(in crate::import) struct Model {
    pub document: Document,
    buffers: Vec<Vec<u8>>,
    /// The document as it was read, when something in it was packed: accessors have other numbers than in the file.
    pub unpacked: Option<serde_json::Value>,
    /// Version of the asset, and whether it came as GLB.
    pub version: String,
    pub binary: bool,
}

impl Model {
    /// Reads and validates a model. `folder` is where external buffers are looked for; only plain
    /// names below it are opened.
    pub fn read(bytes: &[u8], folder: Option<&Path>) -> Result<Self, Wrong> {
        Self::read_with(bytes, &[], &|uri| external(uri, folder))
    }

    /// As [`Self::read`], with more extensions that may be required because the caller reads them, and with
    /// the caller's way of getting external buffers.
    pub fn read_with(
        bytes: &[u8],
        known: &[&str],
        external: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, Wrong> {
        let (json, bin) = split(bytes)?;
        let unpacked = super::unpack::unpack(json, bin, external)?;
        let plain = match &unpacked {
            Some(unpacked) => serde_json::to_vec(&unpacked.value).map_err(|e| (String::new(), e.to_string()))?,
            None => Vec::new(),
        };
        let json = if unpacked.is_some() { &plain[..] } else { json };
        let mut root: gltf::json::Root = match gltf::json::deserialize::from_slice(json) {
            Ok(root) => root,
            Err(error) => return wrong(format!("line {}", error.line()), format!("not glTF: {error}")),
        };
        if root.asset.version != "2.0" && !root.asset.version.starts_with("2.") {
            return wrong("asset.version", format!("{:?}; expected \"2.0\"", root.asset.version));
        }
        for name in &root.extensions_required {
            let harmless = HARMLESS.iter().any(|h| name.starts_with(h)) || name == "KHR_mesh_quantization";
            if !harmless && !known.contains(&name.as_str()) {
                return wrong("extensionsRequired", format!("{name} is needed to draw the model and is not supported"));
            }
        }
        root.extensions_required.clear();
        for (n, primitive) in root.meshes.iter_mut().flat_map(|m| &mut m.primitives).enumerate() {
            // Names of extensions (_FEATURE_ID_0 …) are of no use here and would fail validation; and
            // validation itself relies on existing accessors.
            primitive.attributes.retain(|name, _| matches!(name, Checked::Valid(_)));
            if primitive.attributes.values().any(|index| index.value() >= root.accessors.len()) {
                return wrong(
                    format!("primitive {n}"),
                    "not valid glTF: an attribute names an accessor that is not in the file",
                );
            }
        }
        let version = root.asset.version.clone();
        let document = match Document::from_json(root) {
            Ok(document) => document,
            Err(gltf::Error::Validation(errors)) => {
                let (place, error) = errors.first().map(|(p, e)| (p.to_string(), e.to_string())).unwrap_or_default();
                return wrong(place, format!("not valid glTF: {error}"));
            }
            Err(error) => return wrong("", format!("not valid glTF: {error}")),
        };
        if let Some(super::unpack::Unpacked { value, buffers }) = unpacked {
            let binary = bytes.starts_with(b"glTF");
            return Ok(Self { document, buffers, unpacked: Some(value), version, binary });
        }
        let mut buffers = Vec::new();
        for buffer in document.buffers() {
            let place = format!("buffers[{}]", buffer.index());
            let data = match buffer.source() {
                Source::Bin => match bin.filter(|_| buffer.index() == 0) {
                    Some(chunk) => chunk.to_vec(),
                    None => return wrong(place, "it has no uri and the file has no binary chunk for it"),
                },
                Source::Uri(uri) if uri.starts_with("data:") => match Data::from_source(buffer.source(), None) {
                    Ok(data) => data.0,
                    Err(error) => return wrong(place, format!("its data URI cannot be decoded: {error}")),
                },
                Source::Uri(uri) => external(uri).map_err(|reason| (place.clone(), reason))?,
            };
            if data.len() < buffer.length() {
                return wrong(place, format!("it has {} bytes; {} are declared", data.len(), buffer.length()));
            }
            buffers.push(data);
        }
        Ok(Self { document, buffers, unpacked: None, version, binary: bytes.starts_with(b"glTF") })
    }

    /// All numbers of an accessor, components side by side; integers are normalised when the accessor
    /// says so.
    pub fn numbers(&self, accessor: &Accessor<'_>) -> Result<Vec<f64>, String> {
        let dims = accessor.dimensions().multiplicity();
        let count = accessor.count();
        let total = count.checked_mul(dims).filter(|n| *n <= 100_000_000).ok_or("an accessor is too large")?;
        let mut values = match accessor.view() {
            Some(view) => {
                let stride = view.stride().unwrap_or(accessor.data_type().size() * dims);
                let start = view.offset().checked_add(accessor.offset()).ok_or("an accessor's offset is too large")?;
                let end = view.offset().checked_add(view.length()).ok_or("a buffer view is too long")?;
                self.column(view.buffer().index(), start, end, stride, count, accessor.data_type(), dims)?
            }
            None if accessor.sparse().is_some() && total <= 10_000_000 => vec![0.0; total],
            None => return Err("an accessor has no buffer view".into()),
        };
        if let Some(sparse) = accessor.sparse() {
            let n = sparse.count();
            let (indices, changed) = (sparse.indices(), sparse.values());
            let kind = match indices.index_type() {
                gltf::accessor::sparse::IndexType::U8 => DataType::U8,
                gltf::accessor::sparse::IndexType::U16 => DataType::U16,
                gltf::accessor::sparse::IndexType::U32 => DataType::U32,
            };
            let part = |view: gltf::buffer::View<'_>, offset: usize, kind: DataType, dims: usize| {
                let start = view.offset().checked_add(offset).ok_or("an offset is too large")?;
                let end = view.offset().checked_add(view.length()).ok_or("a buffer view is too long")?;
                let stride = view.stride().unwrap_or(kind.size() * dims);
                self.column(view.buffer().index(), start, end, stride, n, kind, dims)
            };
            let places = part(indices.view(), indices.offset(), kind, 1)?;
            let news = part(changed.view(), changed.offset(), accessor.data_type(), dims)?;
            for (place, new) in places.iter().zip(news.chunks_exact(dims.max(1))) {
                let at = *place as usize * dims;
                values.get_mut(at..at + dims).ok_or("a sparse index is out of range")?.copy_from_slice(new);
            }
        }
        if accessor.normalized() {
            let scale = match accessor.data_type() {
                DataType::I8 => 127.0,
                DataType::U8 => 255.0,
                DataType::I16 => 32_767.0,
                DataType::U16 => 65_535.0,
                DataType::U32 | DataType::F32 => 1.0,
            };
            values.iter_mut().for_each(|v| *v = (*v / scale).max(-1.0));
        }
        Ok(values)
    }

    /// The bytes of a buffer view.
    pub fn view(&self, index: usize) -> Result<&[u8], String> {
        let view = self.document.views().nth(index).ok_or_else(|| format!("no buffer view {index}"))?;
        let end = view.offset().checked_add(view.length());
        let bytes = self.buffers.get(view.buffer().index()).zip(end).and_then(|(b, end)| b.get(view.offset()..end));
        bytes.ok_or_else(|| format!("buffer view {index} runs past its buffer"))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one strided column, used in one place")]
    fn column(
        &self,
        buffer: usize,
        start: usize,
        end: usize,
        stride: usize,
        count: usize,
        kind: DataType,
        dims: usize,
    ) -> Result<Vec<f64>, String> {
        let past = "an accessor runs past the end of its buffer";
        let data = self.buffers.get(buffer).and_then(|b| b.get(start..end)).ok_or(past)?;
        let (width, size) = (kind.size(), kind.size() * dims);
        if count == 0 {
            return Ok(Vec::new());
        }
        if stride < size {
            return Err("a buffer view's stride is shorter than an element".into());
        }
        let last = stride.checked_mul(count - 1).and_then(|n| n.checked_add(size)).ok_or(past)?;
        if last > data.len() {
            return Err(past.into());
        }
        let mut out = Vec::with_capacity(count * dims);
        for element in 0..count {
            for d in 0..dims {
                let at = element * stride + d * width;
                let b = &data[at..at + width];
                out.push(match kind {
                    DataType::I8 => f64::from(b[0] as i8),
                    DataType::U8 => f64::from(b[0]),
                    DataType::I16 => f64::from(i16::from_le_bytes([b[0], b[1]])),
                    DataType::U16 => f64::from(u16::from_le_bytes([b[0], b[1]])),
                    DataType::U32 => f64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])),
                    DataType::F32 => f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
                });
            }
        }
        Ok(out)
    }
}

/// Reads a buffer beside the model.
pub(super) fn external(uri: &str, folder: Option<&Path>) -> Result<Vec<u8>, String> {
    let name = uri.replace("%20", " ");
    let inside = Path::new(&name).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    let Some(folder) = folder.filter(|_| inside && !name.contains(':') && !name.contains('\\')) else {
        return Err(format!("the uri {uri:?} is not a file beside the model; nothing else is opened"));
    };
    std::fs::read(folder.join(&name)).map_err(|error| format!("{uri:?} cannot be read: {error}"))
}
