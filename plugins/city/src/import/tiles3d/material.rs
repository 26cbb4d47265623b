//! Materials of glTF as tiles need them: base colour, picture, its transform, transparency.

use serde_json::Value;

use super::look::Wrap;

/// A base colour texture and how coordinates reach it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cover {
    /// Index of the picture among the document's images.
    pub image: usize,
    /// Set of texture coordinates.
    pub set: u32,
    /// Coordinates become `[a, b, c, d] · uv + [e, f]`.
    pub transform: Option<[f64; 6]>,
    pub wrap: [Wrap; 2],
    pub blocky: bool,
}

/// What a primitive looks like.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Material {
    /// Linear.
    pub factor: [f32; 4],
    pub cover: Option<Cover>,
    /// What is clearer is not drawn; 0 draws all.
    pub cutoff: f32,
}

impl Default for Material {
    fn default() -> Self {
        Self { factor: [1.0; 4], cover: None, cutoff: 0.0 }
    }
}

fn floats<const N: usize>(value: Option<&Value>) -> Option<[f64; N]> {
    let list: Vec<f64> = value?.as_array()?.iter().filter_map(Value::as_f64).filter(|v| v.is_finite()).collect();
    list.try_into().ok()
}

impl Material {
    /// The material of a document by its number.
    pub fn read(document: &Value, number: Option<usize>) -> Self {
        let Some(own) = number.and_then(|n| document.pointer(&format!("/materials/{n}"))) else {
            return Self::default();
        };
        let metal = own.get("pbrMetallicRoughness");
        let gloss = own.pointer("/extensions/KHR_materials_pbrSpecularGlossiness");
        let webgl = own.pointer("/extensions/KHR_techniques_webgl/values");
        let technique = |key: &str| webgl.and_then(|v: &Value| v.get(key));
        let plain = |key| metal.and_then(|m: &Value| m.get(key));
        let old = |key| gloss.and_then(|m: &Value| m.get(key));
        let factor = floats::<4>(plain("baseColorFactor")).or_else(|| floats::<4>(old("diffuseFactor")));
        // A technique of its own is not run: its diffuse colour or picture makes a plain material.
        let factor = factor.or_else(|| floats::<4>(technique("u_diffuse")));
        let texture = plain("baseColorTexture").or_else(|| old("diffuseTexture"));
        let texture = texture.or_else(|| technique("u_diffuse").filter(|v| v.is_object()));
        let cutoff = match own.get("alphaMode").and_then(Value::as_str) {
            Some("MASK") => own.get("alphaCutoff").and_then(Value::as_f64).unwrap_or(0.5).clamp(0.004, 1.0) as f32,
            // Tiles are drawn opaque: what is mostly clear is left out.
            Some("BLEND") => 0.3,
            _ => 0.0,
        };
        Self {
            factor: factor.unwrap_or([1.0; 4]).map(|v| v.clamp(0.0, 1.0) as f32),
            cover: texture.and_then(|t| Cover::read(document, t)),
            cutoff,
        }
    }
}

impl Cover {
    fn read(document: &Value, info: &Value) -> Option<Self> {
        let number = info.get("index")?.as_u64()?;
        let texture = document.pointer(&format!("/textures/{number}"))?;
        let image = texture.get("source")?.as_u64()? as usize;
        let sampler = texture.get("sampler").and_then(Value::as_u64);
        let sampler = sampler.and_then(|n| document.pointer(&format!("/samplers/{n}")));
        let code = |key: &str| sampler.and_then(|s| s.get(key)).and_then(Value::as_u64).unwrap_or(0);
        let wrap = |key: &str| match code(key) {
            33071 => Wrap::Clamp,
            33648 => Wrap::Mirror,
            _ => Wrap::Repeat,
        };
        let change = info.pointer("/extensions/KHR_texture_transform");
        let set = change.and_then(|c| c.get("texCoord")).or_else(|| info.get("texCoord"));
        Some(Self {
            image,
            set: set.and_then(Value::as_u64).unwrap_or(0).min(15) as u32,
            transform: change.map(transform),
            wrap: [wrap("wrapS"), wrap("wrapT")],
            blocky: code("magFilter") == 9728,
        })
    }

    /// A texture coordinate after the transform.
    pub fn uv(&self, u: f64, v: f64) -> [f32; 2] {
        let [x, y] = match self.transform {
            Some([a, b, c, d, e, f]) => [a * u + b * v + e, c * u + d * v + f],
            None => [u, v],
        };
        let good = |v: f64| if v.is_finite() { v.clamp(-1e5, 1e5) as f32 } else { 0.0 };
        [good(x), good(y)]
    }
}

/// Offset, rotation (counter-clockwise as coordinates are seen, with v downwards) and scale, the scale first.
fn transform(change: &Value) -> [f64; 6] {
    let [sx, sy] = floats::<2>(change.get("scale")).unwrap_or([1.0; 2]);
    let [ox, oy] = floats::<2>(change.get("offset")).unwrap_or([0.0; 2]);
    let turn = change.get("rotation").and_then(Value::as_f64).filter(|r| r.is_finite()).unwrap_or(0.0);
    let (sin, cos) = turn.sin_cos();
    [cos * sx, sin * sy, -sin * sx, cos * sy, ox, oy]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn materials_old_and_new() {
        let document = json!({
            "materials": [
                {"pbrMetallicRoughness": {"baseColorFactor": [1, 0.5, 2, 1], "baseColorTexture": {"index": 0, "texCoord": 1,
                    "extensions": {"KHR_texture_transform": {"offset": [0.5, 0.25], "scale": [2, 4], "rotation": 1.5707963267948966}}}},
                 "alphaMode": "MASK", "alphaCutoff": 0.7},
                {"extensions": {"KHR_materials_pbrSpecularGlossiness": {"diffuseFactor": [0, 1, 0, 1], "diffuseTexture": {"index": 1}}}},
                {"pbrMetallicRoughness": {"baseColorTexture": {"index": 9}}}
            ],
            "textures": [{"source": 3, "sampler": 0}, {"source": 0}],
            "samplers": [{"wrapS": 33071, "wrapT": 33648, "magFilter": 9728}]
        });
        let read = |n| Material::read(&document, Some(n));
        let first = read(0);
        let cover = first.cover.as_ref().unwrap();
        assert_eq!((first.factor, first.cutoff), ([1.0, 0.5, 1.0, 1.0], 0.7));
        assert_eq!((cover.image, cover.set, cover.wrap, cover.blocky), (3, 1, [Wrap::Clamp, Wrap::Mirror], true));
        // A quarter turn: u goes to -v, v to u.
        let [x, y] = cover.uv(0.1, 0.2);
        assert!((x - (0.5 + 0.8)).abs() < 1e-6 && (y - (0.25 - 0.2)).abs() < 1e-6, "{x} {y}");
        let old = read(1);
        assert_eq!((old.factor, old.cover.unwrap().image), ([0.0, 1.0, 0.0, 1.0], 0));
        assert_eq!((read(2).cover, Material::read(&document, None)), (None, Material::default()));
    }
}
