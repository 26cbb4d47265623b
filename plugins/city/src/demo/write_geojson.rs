//! The layers that have no standard file of their own, as GeoJSON (RFC 7946): longitude, latitude,
//! seven decimals, one feature a line, the layer named by the foreign member `guanlan:layer`.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{DemoError, geom::P, lonlat::LonLat};

/// The name of the foreign member that tells the layer.
pub const LAYER: &str = "guanlan:layer";

/// A point layer.
pub fn points<T>(
    layer: &str,
    lonlat: &LonLat,
    items: &[T],
    at: impl Fn(&T) -> P,
    properties: impl Fn(&T) -> Value,
) -> Result<String, DemoError> {
    let places: Vec<P> = items.iter().map(&at).collect();
    let degrees = lonlat.all(&places)?;
    let mut out = head(layer);
    for (i, (item, p)) in items.iter().zip(degrees).enumerate() {
        let _ = write!(
            out,
            "{}\n{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{},{}]}},\"properties\":{}}}",
            if i > 0 { "," } else { "" },
            p[0],
            p[1],
            properties(item)
        );
    }
    out.push_str("\n]}\n");
    Ok(out)
}

/// A polygon layer.
pub fn polygons<T>(
    layer: &str,
    lonlat: &LonLat,
    items: &[T],
    ring: impl Fn(&T) -> &[P],
    properties: impl Fn(&T) -> Value,
) -> Result<String, DemoError> {
    let mut out = head(layer);
    for (i, item) in items.iter().enumerate() {
        let mut degrees = lonlat.all(ring(item))?;
        degrees.dedup();
        degrees.extend(degrees.first().copied());
        let _ = write!(
            out,
            "{}\n{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{}]}},\"properties\":{}}}",
            if i > 0 { "," } else { "" },
            json!(degrees),
            properties(item)
        );
    }
    out.push_str("\n]}\n");
    Ok(out)
}

fn head(layer: &str) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"{LAYER}\":\"{layer}\",\"features\":[")
}

/// Properties with a name in two languages.
pub fn named(name: &(String, String), rest: Value) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), name.0.clone().into());
    map.insert("name_en".into(), name.1.clone().into());
    if let Value::Object(more) = rest {
        map.extend(more);
    }
    Value::Object(map)
}
