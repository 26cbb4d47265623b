//! Things of imported data as people read them: a name, a class, attributes with their units, where they come from.

use std::hash::{Hash, Hasher};

use guanlan_core::Bilingual;
use serde_json::Value;

/// Attributes shown of a thing at most; [`Thing::more`] says how many were left out.
pub const MOST: usize = 12;
/// Characters of a value at most.
const LONG: usize = 60;

/// A thing that was imported with attributes of its own. Two are the same when their ids are.
#[derive(Clone, Debug)]
pub struct Thing {
    /// Where it is found again: content and number of the feature.
    pub id: String,
    /// Its own name; empty when it has none.
    pub name: String,
    /// What it is, in its source's words; empty when nobody says.
    pub class: String,
    /// Name and value with unit.
    pub attributes: Vec<(String, String)>,
    /// How many attributes are not among them.
    pub more: usize,
    /// The tileset or layer.
    pub layer: Bilingual,
    /// File or address it comes from.
    pub origin: String,
    /// Where it was pointed at: east, north, height above the datum, m.
    pub place_m: [f32; 3],
    /// Number that marks it on the stage.
    pub mark: u32,
}

impl PartialEq for Thing {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Thing {}

impl Hash for Thing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// Keys that name a thing, the best first; compared without case and without what stands before a colon.
const NAMES: [&str; 8] = ["name", "name_zh", "名称", "bezeichnung", "title", "label", "addr:housename", "fullname"];
/// Keys that say what a thing is.
const CLASSES: [&str; 9] =
    ["class", "classification", "type", "function", "usage", "category", "building", "objecttype", "类别"];

fn plain(key: &str) -> String {
    let key = if key.starts_with("addr:") { key } else { key.rsplit(':').next().unwrap_or(key) };
    key.to_lowercase()
}

/// The unit of a value by what its key is called in the field's formats; empty when it has none or nobody knows.
#[must_use]
pub fn unit(key: &str) -> &'static str {
    let key = key.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| key.contains(w));
    let ends = |words: &[&str]| words.iter().any(|w| key.ends_with(w));
    match () {
        () if ends(&["_m2", "_sqm"]) || has(&["area", "fläche", "面积"]) => "m²",
        () if ends(&["_m3"]) || has(&["volume", "体积"]) => "m³",
        () if ends(&["_deg"])
            || ["latitude", "longitude", "lat", "lon", "lng", "azimuth", "slope"].contains(&&*key) =>
        {
            "°"
        }
        () if ends(&["_kmh"]) || key == "maxspeed" => "km/h",
        () if ends(&["_mm"]) => "mm",
        () if ends(&["_cm"]) => "cm",
        () if ends(&["_m"]) || has(&["height", "elevation", "altitude", "hoehe", "höhe", "高度", "高程"]) => "m",
        () if ["width", "length", "depth", "ele", "diameter", "perimeter"].contains(&&*key) => "m",
        () => "",
    }
}

fn number(n: &serde_json::Number) -> String {
    match n.as_f64() {
        Some(v) if n.is_f64() && v.fract() != 0.0 => {
            let digits = if v.abs() >= 1000.0 {
                1
            } else if v.abs() >= 1.0 {
                2
            } else {
                4
            };
            let text = format!("{v:.digits$}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Some(v) if n.is_f64() => format!("{v:.0}"),
        _ => n.to_string(),
    }
}

/// A value in words; `None` when it says nothing.
fn words(key: &str, value: &Value) -> Option<String> {
    let unit = unit(key);
    let with = |text: String| if unit.is_empty() { text } else { format!("{text} {unit}") };
    let text = match value {
        Value::Null => return None,
        Value::Bool(yes) => yes.to_string(),
        Value::Number(n) => with(number(n)),
        Value::String(s) if s.trim().is_empty() => return None,
        Value::String(s) => match s.trim().parse::<f64>() {
            Ok(v) if v.is_finite() && !unit.is_empty() => with(s.trim().to_owned()),
            _ => s.trim().to_owned(),
        },
        Value::Array(all) if all.is_empty() => return None,
        Value::Array(all) => all.iter().take(4).filter_map(|v| words("", v)).collect::<Vec<_>>().join(", "),
        // CityGML's measures: a value and its unit of measure.
        Value::Object(o) => match (o.get("value"), o.get("uom").and_then(Value::as_str)) {
            (Some(Value::Number(n)), Some(uom)) => format!("{} {uom}", number(n)),
            (Some(value), _) => words(key, value)?,
            _ => return None,
        },
    };
    let cut = text.char_indices().nth(LONG).map(|(i, _)| i);
    Some(cut.map_or(text.clone(), |i| format!("{}…", &text[..i])))
}

/// Name, class and the other attributes in words, in their source's order; what says nothing is left out.
#[must_use]
pub fn read<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Read {
    let mut read = Read::default();
    let (mut named, mut classed) = (usize::MAX, usize::MAX);
    for (key, value) in attributes {
        let Some(text) = words(key, value) else { continue };
        let word = plain(key);
        if let Some(rank) = NAMES.iter().position(|n| *n == word).filter(|r| *r < named) {
            (named, read.name) = (rank, text.clone());
        }
        if let Some(rank) = CLASSES.iter().position(|n| *n == word).filter(|r| *r < classed) {
            (classed, read.class) = (rank, text.clone());
        }
        read.attributes.push((key.to_owned(), text));
    }
    let (name, class) = (read.name.clone(), read.class.clone());
    read.attributes.retain(|(_, v)| *v != name && *v != class);
    read.more = read.attributes.len().saturating_sub(MOST);
    read.attributes.truncate(MOST);
    read
}

/// What attributes say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// Its own name.
    pub name: String,
    /// What it is.
    pub class: String,
    /// Name and value with unit.
    pub attributes: Vec<(String, String)>,
    /// How many were left out.
    pub more: usize,
}

/// The same for a JSON object, as buildings keep their source's attributes; nothing where it is none.
#[must_use]
pub fn read_json(text: &str) -> Read {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(all)) => read(all.iter().map(|(k, v)| (k.as_str(), v))),
        _ => Read::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_units_and_what_says_nothing_is_left_out() {
        let text = r#"{"gml:name": "Rathaus", "function": "town hall", "measuredHeight": 21.456, "yearOfConstruction": 1897,
            "roofType": null, "grossArea": {"value": 1240.0, "uom": "m2"}, "Longitude": "8.5", "note": "", "floors": 4.0}"#;
        let read = read_json(text);
        assert_eq!((read.name.as_str(), read.class.as_str()), ("Rathaus", "town hall"));
        let of = |key: &str| read.attributes.iter().find(|a| a.0 == key).map(|a| a.1.as_str());
        assert_eq!(of("measuredHeight"), Some("21.46 m"));
        assert_eq!(of("yearOfConstruction"), Some("1897"));
        assert_eq!(of("grossArea"), Some("1240 m2"));
        assert_eq!(of("Longitude"), Some("8.5 °"));
        assert_eq!(of("floors"), Some("4"));
        assert!(of("roofType").is_none() && of("note").is_none() && of("function").is_none());
        assert_eq!(read_json("no object"), Read::default());
        assert_eq!(read_json(""), Read::default());
    }

    #[test]
    fn long_lists_and_long_words_are_cut_and_say_so() {
        let all: serde_json::Map<String, Value> = (0..30).map(|i| (format!("k{i:02}"), Value::from(i))).collect();
        let read = read(all.iter().map(|(k, v)| (k.as_str(), v)));
        assert_eq!((read.attributes.len(), read.more), (MOST, 30 - MOST));
        let long = read_json(&format!("{{\"text\": \"{}\"}}", "水".repeat(200)));
        assert_eq!(long.attributes[0].1.chars().count(), LONG + 1);
    }

    #[test]
    fn the_same_thing_pointed_at_elsewhere_is_the_same() {
        let thing = |east| Thing {
            id: "a.glb#3".into(),
            name: String::new(),
            class: String::new(),
            attributes: Vec::new(),
            more: 0,
            layer: Bilingual::new("瓦片", "Tiles"),
            origin: String::new(),
            place_m: [east, 0.0, 0.0],
            mark: 3,
        };
        assert_eq!(thing(1.0), thing(2.0));
    }
}
