//! Materials and textures of a geometry, judged against the appearance they point into: wrong ones are reported.

use serde_json::Value;

use super::{geometry::Geometry, paint::Appearance};
use crate::import::{Report, Severity};

/// Checks a geometry's material and texture themes against an appearance.
pub(super) fn check(geometry: &Geometry, appearance: &Appearance, report: &mut Report) {
    for (name, themes) in &geometry.appearance {
        let Some(themes) = themes.as_object() else {
            report.note(Severity::Repaired, geometry.at.clone(), format!("{name} is not an object of themes; ignored"));
            continue;
        };
        for (theme, body) in themes {
            let wrong = match name.as_str() {
                "material" => material(geometry, body, appearance.materials.len()),
                _ => texture(geometry, body, appearance.textures.len(), appearance.uvs.len()),
            };
            if let Err(reason) = wrong {
                let at = format!("{} {name} {theme:?}", geometry.at);
                report.note(Severity::Repaired, at, format!("{reason}; the {name} is ignored"));
            }
        }
    }
}

/// The values of each shell, whatever the nesting.
pub(super) fn shells<'a>(geometry: &Geometry, values: &'a Value) -> Result<Vec<&'a Value>, String> {
    let list = values.as_array().ok_or("values is not an array")?;
    let shells: Vec<&Value> = match geometry.kind.as_str() {
        "MultiSurface" | "CompositeSurface" => vec![values],
        "Solid" => list.iter().collect(),
        _ => list.iter().filter_map(Value::as_array).flatten().collect(),
    };
    if shells.len() == geometry.ring_lengths.len() || shells.iter().all(|s| s.is_null()) {
        Ok(shells)
    } else {
        Err("values do not have as many shells as the boundaries".into())
    }
}

fn whole(value: &Value) -> Result<Option<usize>, String> {
    match value {
        Value::Null => Ok(None),
        v => v.as_u64().map(|n| Some(n as usize)).ok_or_else(|| "a value is not a whole number".to_owned()),
    }
}

fn below(value: &Value, limit: usize, what: &str) -> Result<(), String> {
    match whole(value)? {
        Some(n) if n >= limit => Err(format!("a value points at a {what} that does not exist")),
        _ => Ok(()),
    }
}

fn material(geometry: &Geometry, body: &Value, materials: usize) -> Result<(), String> {
    if let Some(value) = body.get("value") {
        return below(value, materials, "material");
    }
    let Some(values) = body.get("values") else { return Err("neither value nor values".into()) };
    for (shell, lengths) in shells(geometry, values)?.into_iter().zip(&geometry.ring_lengths) {
        let Some(list) = shell.as_array() else { continue };
        if list.len() != lengths.len() {
            return Err("values do not have one entry for each surface".into());
        }
        list.iter().try_for_each(|v| below(v, materials, "material"))?;
    }
    Ok(())
}

fn texture(geometry: &Geometry, body: &Value, textures: usize, vertices: usize) -> Result<(), String> {
    let Some(values) = body.get("values") else { return Err("no values".into()) };
    for (shell, lengths) in shells(geometry, values)?.into_iter().zip(&geometry.ring_lengths) {
        let Some(list) = shell.as_array() else { continue };
        if list.len() != lengths.len() {
            return Err("values do not have one entry for each surface".into());
        }
        for (surface, &length) in list.iter().zip(lengths) {
            let rings = surface.as_array().map_or(&[][..], Vec::as_slice);
            for (n, ring) in rings.iter().enumerate() {
                let Some(ring) = ring.as_array() else { continue };
                if ring.iter().all(Value::is_null) {
                    continue;
                }
                if n == 0 && ring.len() != length + 1 {
                    return Err("a textured ring needs its texture and one texture vertex for each vertex".into());
                }
                below(&ring[0], textures, "texture")?;
                ring[1..].iter().try_for_each(|v| below(v, vertices, "texture vertex"))?;
            }
        }
    }
    Ok(())
}
