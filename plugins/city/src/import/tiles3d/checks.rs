//! Checks of the parts of a tileset that say something about it but do not change its picture.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    issue::{Issues, Kind},
    json::{At, kind_of},
    schema::Schema,
    volume::S2,
};
use crate::import::Severity;

/// Extensions whose content is read.
const SUPPORTED: [&str; 7] = [
    S2,
    "3DTILES_content_gltf",
    "3DTILES_draco_point_compression",
    "3DTILES_implicit_tiling",
    "3DTILES_multiple_contents",
    "3DTILES_metadata",
    "3DTILES_batch_table_hierarchy",
];

/// Extensions that say something about tiles and neither move nor change what is drawn: a tileset that requires them is
/// drawn without.
const ASIDE: [&str; 6] =
    ["MAXAR_extent", "MAXAR_grid", "MAXAR_temporal_light_traits", "NGA_gpm", "VRICON_class", "VRICON_grid"];

/// Extensions that only allow another kind of content: each content that can not be read is left out and told, the
/// others are drawn.
fn is_content(name: &str) -> bool {
    name.contains("_content_")
}

/// Checks what is declared against what is there. False when something that is required is not supported.
pub fn extensions(file: &Value, map: &Map<String, Value>, version: &str, issues: &mut Issues) -> bool {
    let mut found: BTreeSet<String> = BTreeSet::new();
    look_for_extensions(file, &mut found, issues);
    let used = declared(map, "extensionsUsed", issues);
    let required = declared(map, "extensionsRequired", issues);
    let uris = content_uris(map);
    let ends = |end: &str| uris.iter().any(|u| u.split('?').next().unwrap_or_default().ends_with(end));
    if version == "1.0" && (ends(".glb") || ends(".gltf")) {
        found.insert("3DTILES_content_gltf".into());
    }
    if ends(".3tz") {
        found.insert("MAXAR_content_3tz".into());
        if !required.contains(&"MAXAR_content_3tz".to_owned()) {
            let text = "MAXAR_content_3tz is used but not declared as required";
            issues.push(Kind::ExtensionNotRequired, Severity::Guessed, At::TOP.key("extensionsRequired"), text);
        }
    }
    for name in &found {
        let supported = SUPPORTED.contains(&name.as_str());
        if !supported {
            let text = format!("{name} is not supported; what it says is not read");
            issues.push(Kind::ExtensionUnsupported, Severity::Skipped, At::TOP.key("extensionsUsed"), text);
        }
        if !used.contains(name) {
            let text = format!("{name} is used but not declared; taken as declared");
            issues.push(Kind::ExtensionUndeclared, Severity::Repaired, At::TOP.key("extensionsUsed"), text);
        }
    }
    for name in used.iter().collect::<BTreeSet<_>>() {
        if !found.contains(name) && !SUPPORTED.contains(&name.as_str()) {
            let text = format!("{name} is declared but used nowhere in this file");
            issues.push(Kind::ExtensionNotFound, Severity::Guessed, At::TOP.key("extensionsUsed"), text);
        }
    }
    let mut good = true;
    for name in required.iter().collect::<BTreeSet<_>>() {
        if !used.contains(name) {
            let text = format!("{name} is required but not declared as used");
            issues.push(Kind::ExtensionRequiredNotUsed, Severity::Repaired, At::TOP.key("extensionsRequired"), text);
        }
        if SUPPORTED.contains(&name.as_str()) {
            continue;
        }
        if is_content(name) {
            let text = format!("{name} is required and not supported; contents of its kind are left out");
            issues.push(Kind::ExtensionUnsupported, Severity::Skipped, At::TOP.key("extensionsRequired"), text);
        } else if ASIDE.contains(&name.as_str()) {
            let text = format!("{name} is required; it changes nothing that is drawn and is not read");
            issues.push(Kind::ExtensionUnsupported, Severity::Skipped, At::TOP.key("extensionsRequired"), text);
        } else {
            let text = format!("the extension {name} is required to read this tileset and is not supported");
            issues.push(Kind::ExtensionUnsupported, Severity::Error, At::TOP.key("extensionsRequired"), text);
            good = false;
        }
    }
    good
}

fn declared(map: &Map<String, Value>, key: &str, issues: &mut Issues) -> Vec<String> {
    let Some(value) = map.get(key) else { return Vec::new() };
    let at = At::TOP.key(key);
    let Some(list) = issues.array(value, at, Severity::Repaired, "; ignored") else { return Vec::new() };
    if list.is_empty() {
        issues.push(Kind::ArrayLength, Severity::Repaired, at, "an empty list, expected at least one name; ignored");
    }
    let mut names = Vec::new();
    for (n, value) in list.iter().enumerate() {
        let Some(name) = issues.string(value, at.index(n), Severity::Repaired, "; ignored") else { continue };
        if names.iter().any(|known| known == name) {
            issues.push(
                Kind::NotUnique,
                Severity::Repaired,
                at.index(n),
                format!("{name} stands here twice; once counts"),
            );
        } else {
            names.push(name.to_owned());
        }
    }
    names
}

/// Names in all `extensions` objects of the file. The parser bounded the depth.
fn look_for_extensions(value: &Value, found: &mut BTreeSet<String>, issues: &mut Issues) {
    match value {
        Value::Array(list) => list.iter().for_each(|v| look_for_extensions(v, found, issues)),
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("extensions", Value::Object(all)) => {
                        for (name, body) in all {
                            if body.is_object() {
                                found.insert(name.clone());
                                look_for_extensions(body, found, issues);
                            } else {
                                let text = format!("{name}: expected an object, found {}; ignored", kind_of(body));
                                issues.push(Kind::Type, Severity::Repaired, At::TOP.key("extensions"), text);
                                issues.push(
                                    Kind::ExtensionUnsupported,
                                    Severity::Skipped,
                                    At::TOP.key("extensions"),
                                    format!("{name} is not supported; what it says is not read"),
                                );
                            }
                        }
                    }
                    ("extras", value) => {
                        if !value.is_object() {
                            let text = format!("extras are usually an object, found {}", kind_of(value));
                            issues.push(Kind::TypeUnexpected, Severity::Guessed, At::TOP.key("extras"), text);
                        }
                    }
                    (_, value) => look_for_extensions(value, found, issues),
                }
            }
        }
        _ => {}
    }
}

/// URIs of the contents of explicit tiles.
fn content_uris(map: &Map<String, Value>) -> Vec<String> {
    let mut out = Vec::new();
    let mut open: Vec<&Value> = map.get("root").into_iter().collect();
    while let Some(tile) = open.pop() {
        let many = tile.get("contents").and_then(Value::as_array).into_iter().flatten();
        for content in tile.get("content").into_iter().chain(many) {
            out.extend(content.get("uri").and_then(Value::as_str).map(str::to_ascii_lowercase));
        }
        open.extend(tile.get("children").and_then(Value::as_array).into_iter().flatten());
    }
    out
}

/// Least and greatest values of batch table properties.
pub fn properties(map: &Map<String, Value>, issues: &mut Issues) {
    const IGNORED: &str = "; ignored";
    let Some(value) = map.get("properties") else { return };
    let at = At::TOP.key("properties");
    let Some(all) = issues.object(value, at, Severity::Repaired, IGNORED) else { return };
    for (name, value) in all {
        let at = at.key(name);
        let Some(range) = issues.object(value, at, Severity::Repaired, IGNORED) else { continue };
        for key in ["minimum", "maximum"] {
            match range.get(key) {
                Some(value) => drop(issues.number(value, at.key(key), Severity::Repaired, IGNORED)),
                None => issues.push(Kind::Missing, Severity::Repaired, at, format!("no {key}{IGNORED}")),
            }
        }
    }
}

/// Statistics about metadata classes.
pub fn statistics(map: &Map<String, Value>, schema: Option<&Schema>, issues: &mut Issues) {
    const IGNORED: &str = "; ignored";
    let Some(value) = map.get("statistics") else { return };
    let at = At::TOP.key("statistics");
    let at = at.key("classes");
    let Some(all) = value.get("classes") else { return };
    let Some(all) = issues.object(all, at, Severity::Repaired, IGNORED) else { return };
    if all.is_empty() {
        issues.push(Kind::PropertyCount, Severity::Repaired, at, format!("no class at all{IGNORED}"));
    }
    let Some(schema) = schema else {
        issues.push(Kind::Required, Severity::Repaired, at, format!("statistics without a schema{IGNORED}"));
        return;
    };
    for (name, value) in all {
        let at = at.key(name);
        let Some(class) = issues.object(value, at, Severity::Repaired, IGNORED) else { continue };
        if !schema.classes.contains_key(name) {
            issues.push(Kind::Unknown, Severity::Repaired, at, format!("the schema has no class {name:?}{IGNORED}"));
        }
        if class.get("properties").and_then(Value::as_object).is_some_and(Map::is_empty) {
            let text = format!("no property at all{IGNORED}");
            issues.push(Kind::PropertyCount, Severity::Repaired, at.key("properties"), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tileset_may_require_what_is_read() {
        let read = |name: &str| {
            let file = json!({"extensionsUsed": [name], "extensionsRequired": [name]});
            let map = file.as_object().unwrap().clone();
            extensions(&file, &map, "1.0", &mut Issues::default())
        };
        assert!(SUPPORTED.iter().all(|name| read(name)));
        assert!(read("3DTILES_draco_point_compression") && !read("VENDOR_other"));
        assert!(ASIDE.iter().all(|name| read(name)), "what is said beside the tiles hides none of them");
        assert!(read("MAXAR_content_geojson") && !read("3DTILES_ellipsoid"), "an own ellipsoid would move them");
    }
}
