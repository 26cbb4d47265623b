//! GeoJSON that names no layer: polygons become surfaces (or areas when they carry a grid code), lines
//! become roads, points places.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    LayerPart,
    document::{Document, Geometry, line, position, rings},
    fields::Fields,
};
use crate::{
    import::{Report, Severity, placer::Placer},
    model::{AdminArea, AdminLevel, Place, PlaceKind, Road, RoadClass, SurfaceArea, SurfaceKind},
};

/// Reads every feature as its geometry and properties suggest.
pub(super) fn read(document: &Document, placer: &Placer, report: &mut Report) -> LayerPart {
    let mut part = LayerPart::default();
    let mut reader = Reader { placer, report, nodes: BTreeMap::new() };
    for (i, feature) in document.features.iter().enumerate() {
        let fields = Fields(feature.properties.as_ref());
        match &feature.geometry {
            Some(g) => reader.geometry(i, g, &fields, &mut part, 0),
            None => reader.report.note(Severity::Skipped, format!("feature {i}"), "a feature without a geometry"),
        }
    }
    part
}

struct Reader<'a> {
    placer: &'a Placer,
    report: &'a mut Report,
    /// Junction number by place in cm.
    nodes: BTreeMap<[i64; 2], i64>,
}

impl Reader<'_> {
    fn geometry(&mut self, i: usize, g: &Geometry, fields: &Fields<'_>, part: &mut LayerPart, depth: usize) {
        let each = |v: &Value| v.as_array().cloned().unwrap_or_default();
        let ok = match g.kind.as_str() {
            "Point" => position(&g.coordinates).and_then(|p| self.point(i, p, fields, part)),
            "MultiPoint" => {
                each(&g.coordinates).iter().map(|v| position(v).and_then(|p| self.point(i, p, fields, part))).collect()
            }
            "LineString" => line(&g.coordinates).and_then(|l| self.road(i, &l, fields, part)),
            "MultiLineString" => {
                each(&g.coordinates).iter().map(|v| line(v).and_then(|l| self.road(i, &l, fields, part))).collect()
            }
            "Polygon" => rings(&g.coordinates).and_then(|r| self.polygon(&r, fields, part)),
            "MultiPolygon" => {
                each(&g.coordinates).iter().map(|v| rings(v).and_then(|r| self.polygon(&r, fields, part))).collect()
            }
            "GeometryCollection" if depth < 4 => {
                g.geometries.iter().for_each(|g| self.geometry(i, g, fields, part, depth + 1));
                Some(())
            }
            _ => None,
        };
        if ok.is_none() {
            let text = format!("coordinates of a '{}' that cannot be used", g.kind);
            self.report.note(Severity::Skipped, format!("feature {i}"), text);
        }
    }

    fn point(&mut self, i: usize, p: [f64; 2], fields: &Fields<'_>, part: &mut LayerPart) -> Option<()> {
        let place_m = self.placer.all(&[p])[0]?;
        let word = ["amenity", "kind", "public_transport", "railway", "place", "social_facility"]
            .iter()
            .find_map(|n| fields.text(n).ok())
            .unwrap_or_default();
        let kind = match word.as_str() {
            "school" | "kindergarten" | "college" | "university" => PlaceKind::School,
            "hospital" | "clinic" => PlaceKind::Hospital,
            "subway_entrance" | "metro_entrance" => PlaceKind::MetroEntrance,
            "nursing_home" | "care_home" | "assisted_living" => PlaceKind::CareHome,
            "underpass" => PlaceKind::Underpass,
            "pump_station" | "pumping_station" => PlaceKind::PumpStation,
            "centre" => PlaceKind::Centre,
            "shelter" => PlaceKind::Shelter,
            "quarter" | "suburb" | "neighbourhood" | "village" | "town" => PlaceKind::Quarter,
            _ => {
                let text = "a point of no known kind is not kept";
                self.report.note(Severity::Skipped, format!("feature {i}"), text);
                return Some(());
            }
        };
        part.places.push(Place { kind, name: fields.name(), place_m, people: 0 });
        Some(())
    }

    fn node(&mut self, p: [f64; 2]) -> i64 {
        let key = p.map(|v| (v * 100.0).round() as i64);
        let next = self.nodes.len() as i64 + 1;
        *self.nodes.entry(key).or_insert(next)
    }

    fn road(&mut self, i: usize, line: &[[f64; 2]], fields: &Fields<'_>, part: &mut LayerPart) -> Option<()> {
        let points: Vec<[f64; 2]> = self.placer.all(line).into_iter().collect::<Option<_>>()?;
        if points.len() < 2 {
            return None;
        }
        let class = match fields.text_or_empty("highway").as_str() {
            "motorway" | "motorway_link" | "trunk" | "trunk_link" => RoadClass::Motorway,
            "primary" | "primary_link" => RoadClass::Primary,
            "secondary" | "secondary_link" => RoadClass::Secondary,
            "tertiary" | "tertiary_link" | "unclassified" => RoadClass::Tertiary,
            "residential" | "living_street" => RoadClass::Residential,
            "service" | "track" => RoadClass::Service,
            "footway" | "path" | "pedestrian" | "steps" | "cycleway" => RoadClass::Foot,
            "" => {
                self.report.note(Severity::Skipped, format!("feature {i}"), "a line without 'highway' is not a road");
                return Some(());
            }
            _ => {
                self.report.note(
                    Severity::Guessed,
                    format!("feature {i}"),
                    "an unknown 'highway' is taken as residential",
                );
                RoadClass::Residential
            }
        };
        let (speed, width) = match class {
            RoadClass::Motorway => (80.0, 12.0),
            RoadClass::Primary => (60.0, 20.0),
            RoadClass::Secondary => (50.0, 14.0),
            RoadClass::Tertiary => (40.0, 10.0),
            RoadClass::Residential => (30.0, 7.0),
            RoadClass::Service => (20.0, 5.0),
            RoadClass::Foot => (5.0, 3.0),
        };
        let yes = |name: &str| matches!(fields.text_or_empty(name).as_str(), "yes" | "true" | "1" | "viaduct");
        // Foreign lines meet at their ends only.
        let (from_node, to_node) = (self.node(points[0]), self.node(points[points.len() - 1]));
        part.roads.push(Road {
            way: i as i64 + 1,
            from_node,
            to_node,
            name: fields.name(),
            class,
            one_way: yes("oneway"),
            bridge: yes("bridge"),
            underpass: yes("tunnel"),
            layer: fields.number("layer", -10.0..=10.0, Some(0.0)).unwrap_or(0.0) as i8,
            lanes: fields.number("lanes", 0.0..=20.0, Some(0.0)).unwrap_or(0.0) as u8,
            width_m: fields.number("width", 0.5..=120.0, Some(width)).unwrap_or(width) as f32,
            speed_kmh: fields.number("maxspeed", 1.0..=200.0, Some(speed)).unwrap_or(speed) as f32,
            signal_at_end: false,
            line: points.iter().map(|p| p.map(|v| v as f32)).collect(),
        });
        Some(())
    }

    fn polygon(&mut self, source: &[Vec<[f64; 2]>], fields: &Fields<'_>, part: &mut LayerPart) -> Option<()> {
        let mut rings = Vec::new();
        for (k, ring) in source.iter().enumerate() {
            let mut ring = super::local_ring(self.placer, ring)?;
            if k > 0 {
                ring.reverse();
            }
            rings.push(ring);
        }
        let mut rings = rings.into_iter();
        let ring = rings.next()?;
        let code = fields.text_or_empty("code");
        let level = match code.len() {
            4 => Some(AdminLevel::City),
            6 => Some(AdminLevel::District),
            9 => Some(AdminLevel::Street),
            12 => Some(AdminLevel::Community),
            15 => Some(AdminLevel::Grid),
            _ => None,
        };
        if let Some(level) = level.filter(|_| code.bytes().all(|b| b.is_ascii_alphanumeric())) {
            part.areas.push(AdminArea { code, level, name: fields.name(), ring });
            return Some(());
        }
        let has = |name: &str, words: &[&str]| words.contains(&fields.text_or_empty(name).as_str());
        let kind = if has("natural", &["water", "bay", "wetland"])
            || has("waterway", &["riverbank", "dock"])
            || has("landuse", &["reservoir", "basin"])
        {
            SurfaceKind::Water
        } else if has("amenity", &["parking"]) || has("place", &["square"]) || has("highway", &["pedestrian"]) {
            SurfaceKind::Paved
        } else if has("man_made", &["embankment", "dyke"]) {
            SurfaceKind::Embankment
        } else {
            SurfaceKind::Green
        };
        part.surfaces.push(SurfaceArea { kind, name: fields.name(), ring, holes: rings.collect(), level_m: None });
        Some(())
    }
}
