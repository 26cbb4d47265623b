//! Water, green and paved areas.

use super::{data::Tags, names::name, quantity::length_m, roads, shapes::Shapes};
use crate::{
    import::{
        Report,
        rings::{Area, P2, contains, orient, signed_area, to_f32},
    },
    model::{SurfaceArea, SurfaceKind},
};

/// What a closed way or multipolygon with these tags covers.
fn kind(tags: &Tags) -> Option<SurfaceKind> {
    const GREEN_LAND: [&str; 15] = [
        "grass",
        "forest",
        "meadow",
        "recreation_ground",
        "village_green",
        "cemetery",
        "allotments",
        "orchard",
        "flowerbed",
        "greenfield",
        "plant_nursery",
        "vineyard",
        "farmland",
        "greenery",
        "grassland",
    ];
    if tags.has("building") || tags.has("building:part") {
        return None;
    }
    if tags.is_any("natural", &["water", "bay", "wetland"])
        || tags.is_any("waterway", &["riverbank", "dock"])
        || tags.is_any("landuse", &["reservoir", "basin"])
    {
        return Some(SurfaceKind::Water);
    }
    if tags.is_any("landuse", &GREEN_LAND)
        || tags.is_any("leisure", &["park", "garden", "pitch", "golf_course", "nature_reserve", "dog_park", "common"])
        || tags.is_any("natural", &["wood", "scrub", "grassland", "heath"])
    {
        return Some(SurfaceKind::Green);
    }
    let walked = tags.is("area", "yes") && roads::class(tags).is_some();
    if tags.is_any("man_made", &["embankment", "dyke"]) {
        return Some(SurfaceKind::Embankment);
    }
    if walked || tags.has("area:highway") || tags.is("place", "square") || tags.is("amenity", "parking") {
        return Some(SurfaceKind::Paved);
    }
    None
}

/// Width of a watercourse drawn from its centre line, m.
fn stream_width_m(tags: &Tags) -> Option<f64> {
    let default = match tags.get("waterway")? {
        "river" => 20.0,
        "canal" => 10.0,
        "stream" | "drain" => 3.0,
        "ditch" => 1.5,
        _ => return None,
    };
    let covered = tags.has("tunnel") || tags.is("covered", "yes");
    (!covered).then(|| tags.get("width").and_then(length_m).filter(|w| (0.3..=2000.0).contains(w)).unwrap_or(default))
}

/// Level of a water body whose mapper gives its elevation, m above datum.
fn level_m(kind: SurfaceKind, tags: &Tags) -> Option<f32> {
    let text = tags.get("ele").filter(|_| kind == SurfaceKind::Water)?;
    text.trim_end_matches('m').trim().parse().ok().filter(|level: &f32| (-500.0..=9000.0).contains(level))
}

/// Reads all areas, with their ids; the sea is one of them.
pub(super) fn read(shapes: &Shapes<'_>, sea: Vec<Area>, report: &mut Report) -> Vec<(SurfaceArea, String)> {
    let mut out = Vec::new();
    let mut water: Vec<Vec<P2>> = Vec::new();
    let mut add = |kind: SurfaceKind, tags: &Tags, area: Area, id: String| {
        let surface = SurfaceArea {
            kind,
            name: name(tags),
            ring: to_f32(&area.ring),
            holes: area.holes.iter().map(|h| to_f32(h)).collect(),
            level_m: level_m(kind, tags),
        };
        out.push((surface, id));
        if kind == SurfaceKind::Water {
            water.push(area.ring);
        }
    };
    for relation in shapes.data.relations.iter().filter(|r| r.tags.is("type", "multipolygon")) {
        if let Some(kind) = kind(&relation.tags) {
            for area in shapes.relation_areas(relation, report) {
                add(kind, &relation.tags, area, format!("relation/{}", relation.id));
            }
        }
    }
    for (n, area) in sea.into_iter().enumerate() {
        add(SurfaceKind::Water, &Tags::default(), area, format!("coastline/{}", n + 1));
    }
    for way in &shapes.data.ways {
        // A river's banks may be tagged on an open way; only closed ones are areas.
        let closed = way.refs.len() > 3 && way.refs.first() == way.refs.last();
        if let Some(kind) = kind(&way.tags).filter(|_| closed) {
            if let Some(area) = shapes.way_area(way, report) {
                add(kind, &way.tags, area, format!("way/{}", way.id));
            }
        }
    }
    for way in &shapes.data.ways {
        let Some(width) = stream_width_m(&way.tags) else { continue };
        let mut line: Vec<P2> = way.refs.iter().filter_map(|&n| shapes.place(n)).collect();
        line.dedup();
        let middle = line.get(line.len() / 2).copied();
        if line.len() < 2 || middle.is_some_and(|m| water.iter().any(|ring| contains(ring, m))) {
            continue;
        }
        let ring = orient(strip(&line, width), true);
        if signed_area(&ring).abs() > 1.0 {
            let (kind, name) = (SurfaceKind::Water, name(&way.tags));
            let surface = SurfaceArea { kind, name, ring: to_f32(&ring), ..SurfaceArea::default() };
            out.push((surface, format!("way/{}", way.id)));
        }
    }
    report.count("surfaces", out.len());
    out
}

/// A strip of a width along a line, mitred at bends (at most twice the half width).
pub(in crate::import) fn strip(line: &[P2], width_m: f64) -> Vec<P2> {
    let unit = |a: P2, b: P2| {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = dx.hypot(dy).max(1e-9);
        [dx / length, dy / length]
    };
    let half = width_m / 2.0;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (i, &p) in line.iter().enumerate() {
        let before = (i > 0).then(|| unit(line[i - 1], p));
        let after = line.get(i + 1).map(|&q| unit(p, q));
        let (a, b) = match (before, after) {
            (Some(a), Some(b)) => (a, b),
            (Some(d), None) | (None, Some(d)) => (d, d),
            (None, None) => continue,
        };
        let normal = [-(a[1] + b[1]), a[0] + b[0]];
        let length = normal[0].hypot(normal[1]);
        let (n, stretch) = if length > 0.2 {
            ([normal[0] / length, normal[1] / length], (2.0 / length).min(2.0))
        } else {
            ([-a[1], a[0]], 1.0)
        };
        let d = half * stretch;
        left.push([p[0] + n[0] * d, p[1] + n[1] * d]);
        right.push([p[0] - n[0] * d, p[1] - n[1] * d]);
    }
    right.reverse();
    left.extend(right);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_keeps_its_width_round_a_corner() {
        let ring = strip(&[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]], 2.0);
        assert!((signed_area(&ring).abs() - 40.0).abs() < 1e-9, "{ring:?}");
    }
}
