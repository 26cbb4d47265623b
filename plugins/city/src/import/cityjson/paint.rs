//! The appearance of a file or a feature: materials, pictures, texture coordinates, and which of them a surface has.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{appearance::shells, geometry::Geometry};

/// A picture that surfaces are textured with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Texture {
    /// Path as written.
    pub image: String,
    /// Coordinates beyond 0 … 1 repeat it.
    pub repeat: bool,
}

/// What surfaces can look like.
#[derive(Clone, Debug, Default)]
pub(super) struct Appearance {
    /// sRGB and opacity of each material; `None` for one without a colour.
    pub materials: Vec<Option<[u8; 4]>>,
    /// Pictures; `None` for one that names none.
    pub textures: Vec<Option<Texture>>,
    /// Texture coordinates: x to the right, y up from the lower left of the picture.
    pub uvs: Vec<[f32; 2]>,
    /// Themes to show: of materials and of textures; empty for the first there is.
    themes: [String; 2],
}

/// A texture coordinate; NaN for anything else.
struct Uv([f32; 2]);

impl<'de> Deserialize<'de> for Uv {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(d)?;
        let at = |n: usize| value.get(n).and_then(Value::as_f64).map_or(f32::NAN, |v| v as f32);
        Ok(Self([at(0), at(1)]))
    }
}

/// A list, or nothing for anything else.
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for V<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(List(Vec::new()))
            }
            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
            fn visit_bool<E>(self, _: bool) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
            fn visit_i64<E>(self, _: i64) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
            fn visit_u64<E>(self, _: u64) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
            fn visit_f64<E>(self, _: f64) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
            fn visit_str<E>(self, _: &str) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
        }
        d.deserialize_any(V(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Appearance {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Appearance;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an appearance as a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Appearance, A::Error> {
                let mut out = Appearance::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "materials" => {
                            out.materials = map.next_value::<List<Value>>()?.0.iter().map(material).collect();
                        }
                        "textures" => out.textures = map.next_value::<List<Value>>()?.0.iter().map(texture).collect(),
                        "vertices-texture" => {
                            out.uvs = map.next_value::<List<Uv>>()?.0.into_iter().map(|uv| uv.0).collect();
                        }
                        "default-theme-material" => out.themes[0] = text(&map.next_value()?),
                        "default-theme-texture" => out.themes[1] = text(&map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(out)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Appearance, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Appearance::default())
            }
            fn visit_unit<E>(self) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }
        }
        d.deserialize_any(V)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn material(value: &Value) -> Option<[u8; 4]> {
    let shares: Vec<f64> = value.get("diffuseColor")?.as_array()?.iter().map_while(Value::as_f64).collect();
    let rgb: [f64; 3] = shares.try_into().ok()?;
    let clear = value.get("transparency").and_then(Value::as_f64).filter(|t| (0.0..=1.0).contains(t)).unwrap_or(0.0);
    let byte = |v: f64| (v * 255.0).round() as u8;
    let [r, g, b] = rgb.map(byte);
    rgb.iter().all(|v| (0.0..=1.0).contains(v)).then_some([r, g, b, byte(1.0 - clear).max(1)])
}

fn texture(value: &Value) -> Option<Texture> {
    let image = value.get("image")?.as_str().filter(|s| !s.trim().is_empty())?.to_owned();
    let wrap = value.get("wrapMode").and_then(Value::as_str).unwrap_or("wrap");
    Some(Texture { image, repeat: matches!(wrap, "wrap" | "mirror") })
}

/// Looks up what the surfaces of one geometry look like.
pub(super) struct Look<'a> {
    appearance: &'a Appearance,
    /// Material of all surfaces, or the values of each shell.
    one: Option<usize>,
    materials: Vec<&'a Value>,
    textures: Vec<&'a Value>,
}

impl<'a> Look<'a> {
    /// By the default themes, else by the first of each; `None` when nothing is painted.
    pub fn of(geometry: &'a Geometry, appearance: &'a Appearance) -> Option<Self> {
        let theme = |name: &str, wanted: &str| {
            let all = geometry.appearance.iter().find(|(n, _)| n == name)?.1.as_object()?;
            all.get(wanted).or_else(|| all.values().next())
        };
        let material = theme("material", &appearance.themes[0]);
        let texture = theme("texture", &appearance.themes[1]);
        let values = |theme: Option<&'a Value>| {
            theme.and_then(|t| t.get("values")).and_then(|v| shells(geometry, v).ok()).unwrap_or_default()
        };
        let one = material.and_then(|m| m.get("value")).and_then(Value::as_u64).map(|n| n as usize);
        let look = Self { appearance, one, materials: values(material), textures: values(texture) };
        (one.is_some() || !look.materials.is_empty() || !look.textures.is_empty()).then_some(look)
    }

    fn value(list: &[&'a Value], place: [usize; 2]) -> Option<&'a Value> {
        list.get(place[0])?.get(place[1]).filter(|v| !v.is_null())
    }

    /// Colour of a surface; `place` is its shell and its number there.
    pub fn color(&self, place: [usize; 2]) -> Option<[u8; 4]> {
        let own = Self::value(&self.materials, place).and_then(Value::as_u64).map(|n| n as usize);
        *self.appearance.materials.get(self.one.or(own)?)?
    }

    /// Picture of a surface, and the texture coordinates of the corners of its rings.
    pub fn picture(&self, place: [usize; 2]) -> Option<(&'a Texture, Vec<Vec<[f32; 2]>>)> {
        let rings = Self::value(&self.textures, place)?.as_array()?;
        let number = rings.first()?.as_array()?.first()?.as_u64()?;
        let texture = self.appearance.textures.get(number as usize)?.as_ref()?;
        let uv = |v: &Value| v.as_u64().and_then(|n| self.appearance.uvs.get(n as usize)).copied();
        let of = |ring: &Value| {
            let list = ring.as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().skip(1).map(|v| uv(v).unwrap_or([f32::NAN; 2])).collect()
        };
        Some((texture, rings.iter().map(of).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Report;
    use serde_json::json;

    #[test]
    fn surfaces_have_the_materials_and_pictures_of_their_theme() {
        let appearance: Appearance = serde_json::from_value(json!({
            "materials": [{"name": "none"}, {"diffuseColor": [1.0, 0.0, 0.5], "transparency": 0.5}, {"diffuseColor": [2, 0, 0]}],
            "textures": [{"type": "JPG", "image": "a.jpg", "wrapMode": "clamp"}, {}],
            "vertices-texture": [[0.0, 0.0], [1.0, 0.0], "x", [1.0, 1.0]],
            "default-theme-material": "night"
        }))
        .unwrap();
        assert_eq!(appearance.materials, [None, Some([255, 0, 128, 128]), None]);
        assert_eq!(appearance.textures[0], Some(Texture { image: "a.jpg".into(), repeat: false }));
        assert!(appearance.uvs.len() == 4 && appearance.uvs[2][0].is_nan());
        let ring = json!([[0, 1, 2]]);
        let solid = json!({"type": "Solid", "lod": "2", "boundaries": [[ring, ring], [ring]],
            "material": {"day": {"values": [[0, 0], [0]]}, "night": {"values": [[1, null], [0]]}},
            "texture": {"t": {"values": [[[[0, 0, 1, 3]], [[null]]], [[[0, 0, 1, 3]]]]}}});
        let geometry = Geometry::read(&solid, "", &mut Report::default()).unwrap();
        let look = Look::of(&geometry, &appearance).unwrap();
        assert_eq!((look.color([0, 0]), look.color([0, 1])), (Some([255, 0, 128, 128]), None));
        let (picture, uvs) = look.picture([0, 0]).unwrap();
        assert_eq!((picture.image.as_str(), uvs), ("a.jpg", vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]));
        assert!(look.picture([0, 1]).is_none() && look.picture([9, 9]).is_none());
        let one = json!({"type": "MultiSurface", "boundaries": [ring], "material": {"x": {"value": 1}}});
        let geometry = Geometry::read(&one, "", &mut Report::default()).unwrap();
        assert_eq!(Look::of(&geometry, &appearance).unwrap().color([0, 0]), Some([255, 0, 128, 128]));
        for odd in [json!(null), json!([1]), json!("x"), json!({"materials": 3, "vertices-texture": {"a": 1}})] {
            let odd: Appearance = serde_json::from_value(odd).unwrap();
            assert!(odd.materials.is_empty() && odd.uvs.is_empty());
        }
    }
}
