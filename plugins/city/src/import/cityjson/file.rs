//! City objects and features as they stand in a document.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{geometry::Geometry, paint::Appearance, vertex::Vertex};
use crate::import::{Report, Severity};

/// A city object as the importer needs it.
#[derive(Clone, Debug, Default)]
pub(super) struct CityObject {
    pub id: String,
    pub kind: String,
    pub attributes: Map<String, Value>,
    pub geometry: Vec<Geometry>,
    pub parents: Vec<String>,
    pub children: Vec<String>,
}

fn strings(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .map(|a| a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
        .unwrap_or_default()
}

impl CityObject {
    /// Reads one; notes and drops what cannot be read.
    pub fn read(id: String, mut value: Value, notes: &mut Report) -> Option<Self> {
        let at = format!("CityObjects \"{id}\"");
        let Some(kind) = value.get("type").and_then(Value::as_str).map(str::to_owned) else {
            notes.note(Severity::Skipped, at, "the object has no type; expected a text");
            return None;
        };
        let geometry = match value.get("geometry") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .filter_map(|(n, g)| Geometry::read(g, &format!("{at} geometry {n}"), notes))
                .collect(),
            Some(_) => {
                notes.note(Severity::Skipped, at, "geometry is not an array");
                Vec::new()
            }
        };
        Some(Self {
            kind,
            geometry,
            parents: strings(value.get("parents")),
            children: strings(value.get("children")),
            attributes: match value.get_mut("attributes").map(Value::take) {
                Some(Value::Object(map)) => map,
                _ => Map::new(),
            },
            id,
        })
    }
}

/// Says that an id is there already.
pub(super) fn note_twice(id: &str, notes: &mut Report) {
    let reason = "the id occurs twice; expected one object for each id, the first is kept";
    notes.note(Severity::Skipped, format!("CityObjects \"{id}\""), reason);
}

/// `CityObjects` of a feature, with what was wrong in them.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub list: Vec<CityObject>,
    pub notes: Report,
}

impl<'de> Deserialize<'de> for Objects {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Objects;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("CityObjects as a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Objects, A::Error> {
                let mut objects = Objects::default();
                let mut seen = BTreeSet::new();
                while let Some((id, value)) = map.next_entry::<String, Value>()? {
                    if seen.insert(id.clone()) {
                        objects.list.extend(CityObject::read(id, value, &mut objects.notes));
                    } else {
                        note_twice(&id, &mut objects.notes);
                    }
                }
                Ok(objects)
            }
        }
        d.deserialize_map(V)
    }
}

/// Scale and translation of stored vertices.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Transform {
    pub scale: [f64; 3],
    pub translate: [f64; 3],
}

impl Transform {
    /// A stored vertex in the file's CRS.
    pub fn apply(&self, v: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|i| v[i] * self.scale[i] + self.translate[i])
    }
}

/// A feature of a CityJSONSeq, or a document that is one by itself.
#[derive(Debug, Deserialize)]
pub(super) struct Feature {
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub transform: Option<Transform>,
    #[serde(rename = "CityObjects", default)]
    pub objects: Option<Objects>,
    #[serde(default)]
    pub vertices: Option<Vec<Vertex>>,
    #[serde(default)]
    pub appearance: Option<Appearance>,
}

impl Feature {
    /// Why the root id does not resolve.
    pub fn unresolved(&self) -> Option<String> {
        let known = |id: &str| self.objects.as_ref().is_some_and(|o| o.list.iter().any(|c| c.id == id));
        match self.id.as_deref() {
            None => Some("the feature has no id; expected the key of its root object".into()),
            Some(id) if !known(id) => Some(format!("the feature's id {id:?} is not one of its CityObjects")),
            Some(_) => None,
        }
    }
}

/// A part of a file whose objects belong together: a family of objects, or one feature.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Prefix for places in messages: empty or `line n: `.
    pub at: String,
    /// A feature, not a family of a whole file.
    pub feature: bool,
    pub objects: Vec<CityObject>,
    /// A feature's own vertices after the transform; NaN for bad ones. Empty when the file has one list for
    /// all.
    pub vertices: Vec<[f64; 3]>,
    /// A feature's own appearance; the head's counts where it has none.
    pub appearance: Option<Appearance>,
    /// What was wrong in it.
    pub notes: Report,
}

/// EPSG code of a reference system written as a URL, a URN or `EPSG:n`.
pub(super) fn epsg(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let after = &upper[upper.find("EPSG")? + 4..];
    // A compound URN names the horizontal system first.
    let code = after.split(',').next()?.rsplit(['/', ':']).find(|s| !s.is_empty())?;
    code.parse().ok().filter(|&n| n > 0)
}

#[cfg(test)]
mod tests {
    use super::epsg;

    #[test]
    fn reference_systems_in_three_spellings() {
        assert_eq!(epsg("https://www.opengis.net/def/crs/EPSG/0/7415"), Some(7415));
        assert_eq!(epsg("urn:ogc:def:crs:EPSG::7415"), Some(7415));
        assert_eq!(epsg("EPSG:4549"), Some(4549));
        assert_eq!(epsg("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783"), Some(3068));
        assert_eq!(epsg("https://www.opengis.net/def/crs/OGC/0/CRS84"), None);
    }
}
