//! Materials and textures: the colours of materials are drawn on things with a mesh of their own, wrong ones are
//! reported; pictures of textures are not opened.

use serde_json::Value;

use super::geometry::Geometry;
use crate::import::{Report, Severity};

/// Checks a geometry's material and texture themes against `[materials, textures, texture vertices]`.
pub(super) fn check(geometry: &Geometry, appearance: [usize; 3], report: &mut Report) {
    for (name, themes) in &geometry.appearance {
        let Some(themes) = themes.as_object() else {
            report.note(Severity::Repaired, geometry.at.clone(), format!("{name} is not an object of themes; ignored"));
            continue;
        };
        for (theme, body) in themes {
            let wrong = match name.as_str() {
                "material" => material(geometry, body, appearance[0]),
                _ => texture(geometry, body, appearance[1], appearance[2]),
            };
            if let Err(reason) = wrong {
                let at = format!("{} {name} {theme:?}", geometry.at);
                report.note(Severity::Repaired, at, format!("{reason}; the {name} is ignored"));
            }
        }
    }
}

/// A colour as linear RGB.
pub(super) fn color(value: &Value) -> Option<[f32; 3]> {
    let shares: Vec<f64> = value.as_array()?.iter().map_while(Value::as_f64).collect();
    let rgb: [f64; 3] = shares.try_into().ok()?;
    let good = rgb.iter().all(|v| (0.0..=1.0).contains(v));
    // Colours are meant for a screen: sRGB.
    let linear = |v: f64| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    good.then(|| rgb.map(|v| linear(v) as f32))
}

/// The colour of each surface by the first material theme; `None` where it has none.
pub(super) fn colors(geometry: &Geometry, materials: &[Option<[f32; 3]>]) -> Vec<Option<[f32; 3]>> {
    let themes = geometry.appearance.iter().filter(|(name, _)| name == "material");
    let Some(theme) = themes.filter_map(|(_, themes)| themes.as_object()?.values().next()).next() else {
        return Vec::new();
    };
    let of = |value: &Value| value.as_u64().and_then(|n| *materials.get(n as usize)?);
    if let Some(one) = theme.get("value") {
        return vec![of(one); geometry.surfaces.len()];
    }
    let Some(shells) = theme.get("values").and_then(|v| shells(geometry, v).ok()) else { return Vec::new() };
    geometry.surfaces.iter().map(|s| shells.get(s.place[0])?.get(s.place[1]).and_then(of)).collect()
}

/// The values of each shell, whatever the nesting.
fn shells<'a>(geometry: &Geometry, values: &'a Value) -> Result<Vec<&'a Value>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Report;

    #[test]
    fn surfaces_have_the_colours_of_their_materials() {
        let red = color(&serde_json::json!([1.0, 0.0, 0.5])).unwrap();
        assert_eq!((red[0], red[1]), (1.0, 0.0));
        assert!((red[2] - 0.2140).abs() < 1e-3, "{}", red[2]);
        assert_eq!(color(&serde_json::json!([1.0, 2.0, 0.0])), None);
        let ring = serde_json::json!([[0, 1, 2]]);
        let solid = serde_json::json!({"type": "Solid", "lod": "2", "boundaries": [[ring, ring], [ring]],
            "material": {"day": {"values": [[1, null], [0]]}}});
        let geometry = Geometry::read(&solid, "", &mut Report::default()).unwrap();
        assert_eq!(colors(&geometry, &[None, Some(red)]), [Some(red), None]);
        let one = serde_json::json!({"type": "MultiSurface", "lod": "2", "boundaries": [ring, ring],
            "material": {"day": {"value": 0}}});
        let geometry = Geometry::read(&one, "", &mut Report::default()).unwrap();
        assert_eq!(colors(&geometry, &[Some(red)]), [Some(red), Some(red)]);
        assert_eq!(colors(&geometry, &[]), [None, None]);
    }
}
