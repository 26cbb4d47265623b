//! Attributes of city objects → what people ask about a building.

use guanlan_core::Bilingual;
use serde_json::{Map, Value};

use crate::import::usage;

/// What the attributes say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes {
    pub name: Bilingual,
    pub usage: String,
    pub storeys: u16,
    pub basements: u16,
    pub residents: u32,
    pub sill_m: f32,
    /// Height above the ground, m.
    pub height_m: Option<f64>,
    /// Height of the ground beside the building, m above datum.
    pub ground_m: Option<f64>,
}

/// Longest text of an attribute, and of all of them, bytes.
const KEPT: (usize, usize) = (160, 2048);

/// Attributes as they stand, as a JSON object: those with one value, until it is long enough.
pub(super) fn kept(maps: &[&Map<String, Value>]) -> String {
    let mut all = Map::new();
    let mut room = KEPT.1;
    for (key, value) in maps.iter().copied().flatten() {
        let plain = match value {
            Value::String(text) => text.len() <= KEPT.0,
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        };
        let size = key.len() + 8 + value.as_str().map_or(16, str::len);
        if plain && size <= room && !all.contains_key(key) {
            room -= size;
            all.insert(key.clone(), value.clone());
        }
    }
    if all.is_empty() { String::new() } else { Value::Object(all).to_string() }
}

/// A number, also one written as text or as `{"value": n}`.
fn number(value: &Value) -> Option<f64> {
    let n = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(map) => map.get("value").and_then(Value::as_f64),
        _ => None,
    };
    n.filter(|v| v.is_finite())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) => list.first().and_then(text),
        _ => None,
    }
}

impl Attributes {
    /// Reads them.
    pub fn read(map: &Map<String, Value>) -> Self {
        let num = |names: &[&str]| names.iter().find_map(|n| map.get(*n).and_then(number));
        let str = |names: &[&str]| names.iter().find_map(|n| map.get(*n).and_then(text));
        let count = |names: &[&str], most: f64| num(names).filter(|v| *v >= 0.0).map_or(0.0, |v| v.round().min(most));
        let name = str(&["name:zh", "name", "gml:name", "名称"]).unwrap_or_default();
        Self {
            name: Bilingual::new(name, str(&["name:en"]).unwrap_or_default()),
            usage: ["function", "usage", "class"]
                .iter()
                .filter_map(|n| map.get(*n).and_then(text))
                .map(|word| usage::from_word(&word))
                .find(|word| !word.is_empty())
                .unwrap_or_default(),
            storeys: count(&["storeysAboveGround", "storeys", "bouwlagen", "b3_bouwlagen"], 400.0) as u16,
            basements: count(&["storeysBelowGround", "basements"], 40.0) as u16,
            residents: count(&["residents", "population"], 1e6) as u32,
            sill_m: num(&["sill_m"]).filter(|v| (-5.0..=20.0).contains(v)).unwrap_or(0.0) as f32,
            height_m: num(&["measuredHeight", "height"]).filter(|h| *h > 0.0 && *h < 2000.0),
            ground_m: num(&["TerrainHeight", "b3_h_maaiveld", "h_maaiveld", "ground_m"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_attributes_are_kept() {
        let value = serde_json::json!({"b": 2, "名称": "楼", "list": [1], "long": "x".repeat(300)});
        let more = serde_json::json!({"b": 3, "c": true});
        let maps = [value.as_object().unwrap(), more.as_object().unwrap()];
        let back: Value = serde_json::from_str(&kept(&maps)).unwrap();
        assert_eq!(back, serde_json::json!({"b": 2, "名称": "楼", "c": true}));
        assert_eq!(kept(&[&Map::new()]), "");
    }

    #[test]
    fn plateau_attributes() {
        let value = serde_json::json!({"measuredHeight": 13.4, "class": "3003", "usage": "401", "storeysAboveGround": 2,
            "storeysBelowGround": "1", "name": "望潮小学", "residents": -3});
        let read = Attributes::read(value.as_object().unwrap());
        assert_eq!((read.storeys, read.basements, read.residents), (2, 1, 0));
        assert_eq!((read.height_m, read.usage.as_str(), read.name.zh.as_str()), (Some(13.4), "office", "望潮小学"));
    }
}
