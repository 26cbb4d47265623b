//! CityJSON as footprints with the buildings' attributes.

use std::path::Path;

use guanlan_city::import::{LoadOptions, load_city};
use guanlan_geography::LocalFrame;

use super::{Feature, Geometry, UserLayer};

/// Reads a file: one area for each footprint.
pub fn read(path: &Path, crs: Option<&str>, frame: &LocalFrame) -> Result<UserLayer, String> {
    let code = crs.and_then(|c| c.rsplit(':').next()).and_then(|c| c.parse().ok());
    let options = LoadOptions { frame: Some(*frame), crs_override: code, ..LoadOptions::default() };
    let (city, report) = load_city(&[path.to_owned()], &options, &|_| {}).map_err(|e| e.to_string())?;
    let mut layer = UserLayer::default();
    for b in &city.buildings {
        let attributes = vec![
            ("id".to_owned(), b.id.clone()),
            ("name".to_owned(), b.name.zh.clone()),
            ("usage".to_owned(), b.usage.clone()),
            ("storeys".to_owned(), b.storeys.to_string()),
            ("residents".to_owned(), b.residents.to_string()),
        ];
        for part in b.parts.iter().filter(|p| p.footprint.len() >= 3) {
            let mut rings = vec![part.footprint.clone()];
            rings.extend(part.holes.iter().cloned());
            let mut attributes = attributes.clone();
            attributes.push(("height".into(), format!("{:.1}", part.top_m - part.base_m)));
            layer.features.push(Feature { geometry: Geometry::Area(rings), attributes });
        }
    }
    layer.problems.extend(report.problems.iter().take(16).map(|p| format!("{}: {}", p.where_, p.message)));
    if layer.features.is_empty() {
        layer.problems.push("no footprint to draw".into());
    }
    Ok(layer)
}
