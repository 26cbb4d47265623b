//! Vector layers that name no Guanlan layer: each feature becomes what its attributes, the layer's name and its
//! geometry suggest — buildings with heights, roads, water, green, administrative areas, components, places.

use guanlan_core::Bilingual;
use guanlan_geography::ComponentCode;

use super::{
    LayerPart,
    document::{Document, Feature, Geometry, line, position, rings},
    words::{self, Theme, Words},
};
use crate::{
    import::{
        Report, Severity,
        bearing::bearing_of,
        osm::{is_no_track, poi_of, railway_kind_of, road_class_of, strip},
        placer::Placer,
        rings::{orient, to_f32},
        usage,
    },
    model::{
        AdminArea, AdminLevel, Building, BuildingPart, Component, Place, PlaceKind, Railway, RailwayKind, Road,
        RoadClass, SurfaceArea, SurfaceKind,
    },
};

/// Height of a storey when only their number is known, m.
const STOREY_M: f64 = 3.0;
/// Height of a building of which nothing is known, m.
const DEFAULT_HEIGHT_M: f64 = 9.0;

/// Reads every feature as its attributes and geometry suggest.
pub(super) fn read(document: &Document, placer: &Placer, part: &mut LayerPart, report: &mut Report) {
    let mut reader = Reader { placer, report, part, theme: words::theme(&document.name) };
    for feature in &document.features {
        reader.report.about(match reader.theme {
            Some(Theme::Building) => "buildings",
            Some(Theme::Road) => "roads",
            Some(Theme::Railway) => "railways",
            Some(Theme::Admin) => "areas",
            Some(Theme::Component) => "components",
            Some(Theme::Water | Theme::Green | Theme::Paved) => "surfaces",
            None => "features",
        });
        match &feature.geometry {
            Some(g) => reader.geometry(feature, g, 0),
            None => reader.report.note(Severity::Skipped, feature.at.as_str(), "a feature without a geometry"),
        }
        reader.part.stamp(feature);
    }
    reader.report.about("");
}

/// One place in the frame has one junction number, whatever file it comes from; far from any OSM id.
fn node(p: [f64; 2]) -> i64 {
    let cm = p.map(|v| ((v * 100.0).round() as i64 + (1 << 30)).clamp(0, (1 << 31) - 1));
    -1 - ((cm[0] << 31) | cm[1])
}

struct Reader<'a> {
    placer: &'a Placer,
    report: &'a mut Report,
    part: &'a mut LayerPart,
    theme: Option<Theme>,
}

type Rings = Vec<Vec<[f64; 2]>>;

impl Reader<'_> {
    fn geometry(&mut self, feature: &Feature, g: &Geometry, depth: usize) {
        let words = Words(feature.properties.as_ref());
        let each = || g.coordinates.as_array().map_or(&[][..], Vec::as_slice);
        let ok = match g.kind.as_str() {
            "Point" => position(&g.coordinates).and_then(|p| self.point(feature, p, &words)),
            "MultiPoint" => each().iter().map(|v| position(v).and_then(|p| self.point(feature, p, &words))).collect(),
            "LineString" => line(&g.coordinates).and_then(|l| self.line(feature, &l, &words)),
            "MultiLineString" => each().iter().map(|v| line(v).and_then(|l| self.line(feature, &l, &words))).collect(),
            "Polygon" => rings(&g.coordinates).and_then(|r| self.polygons(feature, vec![r], &words)),
            "MultiPolygon" => {
                let all: Option<Vec<Rings>> = each().iter().map(rings).collect();
                all.and_then(|all| self.polygons(feature, all, &words))
            }
            "GeometryCollection" if depth < 4 => {
                g.geometries.iter().for_each(|g| self.geometry(feature, g, depth + 1));
                Some(())
            }
            _ => None,
        };
        if ok.is_none() {
            let text = format!("coordinates of a '{}' that cannot be used", g.kind);
            self.report.note(Severity::Skipped, feature.at.as_str(), text);
        }
    }

    fn name(words: &Words<'_>) -> Bilingual {
        Bilingual::new(words.text(words::NAME), words.text(words::NAME_EN))
    }

    fn point(&mut self, feature: &Feature, p: [f64; 2], words: &Words<'_>) -> Option<()> {
        let place_m = self.placer.all(&[p])[0]?;
        let code = words.text(words::COMPONENT_CODE);
        let parsed = code.parse::<ComponentCode>();
        if self.theme == Some(Theme::Component) || (matches!(code.len(), 16 | 17) && parsed.is_ok()) {
            match parsed {
                Ok(parsed) => {
                    let state = words.text(words::STATE);
                    let old = code.len() == 16;
                    let said = words.first(words::HEADING);
                    let heading = said.and_then(bearing_of);
                    if let (Some(said), None) = (said, heading) {
                        let text = format!(
                            "a component's heading is {said}, expected degrees clockwise from north or a compass point; left out"
                        );
                        self.report.note(Severity::Skipped, feature.at.as_str(), text);
                    }
                    self.part.components.push(Component {
                        class: if old {
                            String::new()
                        } else {
                            format!("{}-{:0>3}", parsed.class(), parsed.sub_class())
                        },
                        class_2013: if old {
                            format!("{}{}", parsed.class(), parsed.sub_class())
                        } else {
                            String::new()
                        },
                        code,
                        place_m: place_m.map(|v| v as f32),
                        heading_deg: heading.map(|d| d as f32),
                        state: if state.is_empty() { "完好".into() } else { state },
                        org: words.text(words::ORG),
                    });
                }
                Err(reason) => {
                    self.report.note(
                        Severity::Skipped,
                        feature.at.as_str(),
                        format!("a component whose code: {reason}"),
                    );
                }
            }
            return Some(());
        }
        let value = |key: &str| words.text(&[key]);
        let kind = poi_of(&|key| Some(value(key)).filter(|v| !v.is_empty())).or_else(|| match value("kind").as_str() {
            "school" => Some(PlaceKind::School),
            "hospital" => Some(PlaceKind::Hospital),
            "metro_entrance" => Some(PlaceKind::MetroEntrance),
            "care_home" => Some(PlaceKind::CareHome),
            "underpass" => Some(PlaceKind::Underpass),
            "pump_station" => Some(PlaceKind::PumpStation),
            "centre" => Some(PlaceKind::Centre),
            "shelter" => Some(PlaceKind::Shelter),
            "quarter" => Some(PlaceKind::Quarter),
            _ => None,
        });
        let kind = match kind {
            Some(kind) => kind,
            None if Self::name(words) != Bilingual::default() => {
                let text = "a point of no known kind is kept by its name";
                self.report.note(Severity::Guessed, feature.at.as_str(), text);
                PlaceKind::Poi
            }
            None => {
                self.report.note(Severity::Skipped, feature.at.as_str(), "a point of no known kind is not kept");
                return Some(());
            }
        };
        let people = words.number(&["people", "capacity"], 0.0..=1e8).unwrap_or(0.0) as u32;
        self.part.places.push(Place { kind, name: Self::name(words), place_m, people });
        Some(())
    }

    fn line(&mut self, feature: &Feature, line: &[[f64; 2]], words: &Words<'_>) -> Option<()> {
        let mut points: Vec<[f64; 2]> = self.placer.all(line).into_iter().collect::<Option<_>>()?;
        points.dedup();
        if points.len() < 2 {
            return None;
        }
        let word = words.text(words::ROAD_CLASS);
        let class = road_class_of(&word).or(match word.as_str() {
            "高速公路" | "高速" | "快速路" | "城市快速路" => Some(RoadClass::Motorway),
            "主干路" | "主干道" | "国道" => Some(RoadClass::Primary),
            "次干路" | "次干道" | "省道" => Some(RoadClass::Secondary),
            "支路" | "县道" => Some(RoadClass::Tertiary),
            "街巷" | "小区路" | "内部道路" => Some(RoadClass::Residential),
            _ => None,
        });
        if self.theme == Some(Theme::Water) || words.has(&["waterway"]) {
            let width = words.number(words::WIDTH, 0.3..=2000.0).unwrap_or(10.0);
            let ring = to_f32(&orient(strip(&points, width), true));
            let kind = SurfaceKind::Water;
            self.part.surfaces.push(SurfaceArea { kind, name: Self::name(words), ring, ..SurfaceArea::default() });
            return Some(());
        }
        let track = words.text(&["railway", "fclass", "type", "类型"]);
        let kind = railway_kind_of(&track).or(match track.as_str() {
            "铁路" | "高铁" | "普铁" | "城际铁路" => Some(RailwayKind::Rail),
            "轻轨" | "单轨" => Some(RailwayKind::LightRail),
            "有轨电车" => Some(RailwayKind::Tram),
            "地铁" => Some(RailwayKind::Subway),
            _ => None,
        });
        let yes = |name: &str| matches!(words.text(&[name]).as_str(), "yes" | "true" | "1" | "T" | "viaduct");
        let line = || points.iter().map(|p| p.map(|v| v as f32)).collect();
        if self.theme == Some(Theme::Railway) || words.has(&["railway"]) {
            if is_no_track(&track) {
                return Some(());
            }
            let kind = kind.unwrap_or_else(|| {
                self.report.note(Severity::Guessed, feature.at.as_str(), "a track of an unknown kind is taken as rail");
                RailwayKind::Rail
            });
            let (bridge, tunnel) = (yes("bridge"), yes("tunnel"));
            let id = feature.at.clone();
            self.part.railways.push(Railway { id, name: Self::name(words), kind, line: line(), bridge, tunnel });
            return Some(());
        }
        let road = words.has(&["highway"]) || self.theme == Some(Theme::Road);
        let class = match class {
            Some(class) => class,
            None if road => {
                let text = "a road of an unknown class is taken as residential";
                self.report.note(Severity::Guessed, feature.at.as_str(), text);
                RoadClass::Residential
            }
            None => {
                let text = "a line without 'highway' is not a road";
                self.report.note(Severity::Skipped, feature.at.as_str(), text);
                return Some(());
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
        // Geofabrik writes F along the line, T against it, B both ways.
        let way = words.text(&["oneway"]);
        if matches!(way.as_str(), "T" | "-1") {
            points.reverse();
        }
        self.part.roads.push(Road {
            way: self.part.roads.len() as i64 + 1,
            // Foreign lines meet at their ends only.
            from_node: node(points[0]),
            to_node: node(points[points.len() - 1]),
            name: Self::name(words),
            class,
            one_way: matches!(way.as_str(), "yes" | "true" | "1" | "F" | "T" | "-1"),
            bridge: yes("bridge"),
            underpass: yes("tunnel"),
            layer: words.number(&["layer"], -10.0..=10.0).unwrap_or(0.0) as i8,
            lanes: words.number(&["lanes", "车道数"], 0.0..=20.0).unwrap_or(0.0) as u8,
            width_m: words.number(words::WIDTH, 0.5..=120.0).unwrap_or(width) as f32,
            speed_kmh: words.number(words::SPEED, 1.0..=200.0).unwrap_or(speed) as f32,
            signal_at_end: false,
            line: points.iter().map(|p| p.map(|v| v as f32)).collect(),
        });
        Some(())
    }

    fn polygons(&mut self, feature: &Feature, source: Vec<Rings>, words: &Words<'_>) -> Option<()> {
        // Outer ring first, holes behind it.
        let mut local = Vec::with_capacity(source.len());
        for polygon in &source {
            let mut rings = Vec::with_capacity(polygon.len());
            for (k, ring) in polygon.iter().enumerate() {
                match super::local_ring(self.placer, ring) {
                    Some(mut ring) => {
                        if k > 0 {
                            ring.reverse();
                        }
                        rings.push(ring);
                    }
                    None if k == 0 => return None,
                    None => self.report.note(Severity::Repaired, feature.at.as_str(), "a hole that encloses nothing"),
                }
            }
            local.push(rings);
        }
        local.retain(|rings: &Vec<_>| !rings.is_empty());
        if local.is_empty() {
            return None;
        }
        let explicit = words.has(&["building", "building:part", "building:levels"]);
        let code = words.text(words::CODE);
        let level = level_of(&code);
        let kind = surface_kind(words);
        let measured = words.number(words::HEIGHT, 0.1..=1500.0).is_some()
            || words.number(words::STOREYS, 1.0..=300.0).is_some()
            || words.number(words::BUILT, 1000.0..=2200.0).is_some();
        match (level, kind, self.theme) {
            _ if explicit || self.theme == Some(Theme::Building) => self.building(feature, local, words),
            (Some(level), _, theme) if theme.is_none_or(|t| t == Theme::Admin) => {
                let ring = local.swap_remove(0).swap_remove(0);
                self.part.areas.push(AdminArea { code, level, name: Self::name(words), ring });
            }
            (_, Some(kind), _) => self.surfaces(kind, local, words),
            (_, _, Some(Theme::Water)) => self.surfaces(SurfaceKind::Water, local, words),
            (_, _, Some(Theme::Green)) => self.surfaces(SurfaceKind::Green, local, words),
            (_, _, Some(Theme::Road | Theme::Paved)) => self.surfaces(SurfaceKind::Paved, local, words),
            (_, _, Some(Theme::Admin)) => {
                let text = format!("an administrative area whose code is '{code}', expected 4, 6, 9, 12 or 15 digits");
                self.report.note(Severity::Skipped, feature.at.as_str(), text);
            }
            _ if measured => self.building(feature, local, words),
            _ => {
                let text = "a polygon of no known kind is taken as green";
                self.report.note(Severity::Guessed, feature.at.as_str(), text);
                self.surfaces(SurfaceKind::Green, local, words);
            }
        }
        Some(())
    }

    fn surfaces(&mut self, kind: SurfaceKind, polygons: Vec<Vec<Vec<[f32; 2]>>>, words: &Words<'_>) {
        for polygon in polygons {
            let mut rings = polygon.into_iter();
            let Some(ring) = rings.next() else { continue };
            let name = Self::name(words);
            self.part.surfaces.push(SurfaceArea { kind, name, ring, holes: rings.collect(), level_m: None });
        }
    }

    fn building(&mut self, feature: &Feature, polygons: Vec<Vec<Vec<[f32; 2]>>>, words: &Words<'_>) {
        let storeys = words.number(words::STOREYS, 1.0..=300.0);
        let base = words.number(words::BASE, 0.0..=1000.0).unwrap_or(0.0);
        // A height of 0 is how tables say that they do not know.
        let (top, guess) = match (words.number(words::HEIGHT, 0.1..=1500.0), storeys) {
            (Some(height), _) => (height, None),
            (None, Some(n)) => (n * STOREY_M, Some("height:levels")),
            (None, None) => (base + DEFAULT_HEIGHT_M, Some("height:default")),
        };
        let top = if top > base { top } else { base + STOREY_M };
        if let Some(guess) = guess {
            self.report.about("buildings");
            let text = format!("a building's height is a guess ({guess})");
            self.report.note(Severity::Guessed, feature.at.as_str(), text);
        }
        let id = words.text(words::ID);
        let usage = words::USAGE.iter().map(|n| usage::from_word(&words.text(&[n]))).find(|w| !w.is_empty());
        let parts = polygons.into_iter().map(|polygon| {
            let mut rings = polygon.into_iter();
            BuildingPart {
                footprint: rings.next().unwrap_or_default(),
                holes: rings.collect(),
                base_m: base as f32,
                eaves_m: top as f32,
                top_m: top as f32,
                ..BuildingPart::default()
            }
        });
        self.part.buildings.push(Building {
            id: if id.is_empty() { feature.at.clone() } else { id },
            name: Self::name(words),
            usage: usage.unwrap_or_default(),
            storeys: storeys.unwrap_or(0.0) as u16,
            basements: words.number(words::BASEMENTS, 0.0..=40.0).unwrap_or(0.0) as u16,
            residents: words.number(words::RESIDENTS, 0.0..=1e6).unwrap_or(0.0) as u32,
            guessed: guess.map(str::to_owned).into_iter().collect(),
            parts: parts.collect(),
            ..Building::default()
        });
    }
}

fn level_of(code: &str) -> Option<AdminLevel> {
    let level = match code.len() {
        4 => AdminLevel::City,
        6 => AdminLevel::District,
        9 => AdminLevel::Street,
        12 => AdminLevel::Community,
        15 => AdminLevel::Grid,
        _ => return None,
    };
    code.bytes().all(|b| b.is_ascii_alphanumeric()).then_some(level)
}

/// By tags as in OSM.
fn surface_kind(words: &Words<'_>) -> Option<SurfaceKind> {
    let is = |name: &str, values: &[&str]| values.contains(&words.text(&[name]).as_str());
    if is("natural", &["water", "bay", "wetland"])
        || is("waterway", &["riverbank", "dock"])
        || is("landuse", &["reservoir", "basin"])
        || is("fclass", &["water", "river", "riverbank", "reservoir", "wetland"])
    {
        return Some(SurfaceKind::Water);
    }
    if is("amenity", &["parking"])
        || is("place", &["square"])
        || is("highway", &["pedestrian"])
        || is("type", &["road"])
    {
        return Some(SurfaceKind::Paved);
    }
    if is("man_made", &["embankment", "dyke"]) {
        return Some(SurfaceKind::Embankment);
    }
    let green =
        ["grass", "forest", "meadow", "park", "garden", "wood", "scrub", "recreation_ground", "cemetery", "orchard"];
    ["landuse", "leisure", "natural", "fclass"].iter().any(|k| is(k, &green)).then_some(SurfaceKind::Green)
}
