//! CityJSON, OSM and SWMM files as footprints, lines and places with their attributes.

use std::path::Path;

use guanlan_city::import::{LoadOptions, load_city};
use guanlan_geography::LocalFrame;

use super::{Feature, Geometry, UserLayer};

/// Reads a file: an area for each footprint and surface, a line for each road, track, barrier and pipe, a point for each place.
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
    let mut add = |geometry, kind: String, id: &str, name: &str| {
        let texts = [("kind", kind.as_str()), ("id", id), ("name", name)];
        let attributes = texts.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        layer.features.push(Feature { geometry, attributes });
    };
    for road in city.roads.iter().filter(|r| r.line.len() >= 2) {
        add(Geometry::Line(road.line.clone()), key(&road.class), "", &road.name.zh);
    }
    for track in city.railways.iter().filter(|t| t.line.len() >= 2) {
        add(Geometry::Line(track.line.clone()), key(&track.kind), &track.id, &track.name.zh);
    }
    for surface in city.surfaces.iter().filter(|s| s.ring.len() >= 3) {
        add(Geometry::Area(vec![surface.ring.clone()]), key(&surface.kind), "", "");
    }
    for barrier in &city.barriers {
        let geometry = match barrier.line[..] {
            [p] => Geometry::Point(p),
            [] => continue,
            _ => Geometry::Line(barrier.line.clone()),
        };
        add(geometry, key(&barrier.kind), &barrier.id, "");
    }
    for place in &city.places {
        add(Geometry::Point(place.place_m.map(|v| v as f32)), key(&place.kind), "", &place.name.zh);
    }
    if let Some(network) = &city.drainage {
        let place = |n: usize| network.nodes.get(n).and_then(|n| n.place_m).map(|p| p.map(|v| v as f32));
        for node in &network.nodes {
            if let Some(p) = node.place_m {
                add(Geometry::Point(p.map(|v| v as f32)), "drain_node".into(), &node.id, "");
            }
        }
        for pipe in &network.conduits {
            if let (Some(from), Some(to)) = (place(pipe.from), place(pipe.to)) {
                let way = pipe.vertices.iter().map(|p| p.map(|v| v as f32));
                let line = std::iter::once(from).chain(way).chain([to]).collect();
                add(Geometry::Line(line), "conduit".into(), &pipe.id, "");
            }
        }
    }
    layer.problems.extend(report.problems.iter().take(16).map(|p| format!("{}: {}", p.where_, p.message)));
    if layer.features.is_empty() {
        layer.problems.push("nothing in it can be drawn".into());
    }
    Ok(layer)
}

/// The machine name of a kind.
fn key(kind: &impl serde::Serialize) -> String {
    let text = serde_json::to_value(kind).ok();
    text.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
