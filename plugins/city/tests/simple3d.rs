//! Simple 3D Buildings of OSM: relations, parts, roof shapes; barriers and places; provenance.

use std::fmt::Write as _;

use guanlan_city::{
    City,
    import::{LoadOptions, Report, load_city},
    model::{BarrierKind, Layer, PlaceKind, RailwayKind, RoofShape},
};
use guanlan_geography::LocalFrame;

/// A metre in degrees about the equator.
const M: f64 = 1.0 / 111_319.5;

struct Map {
    text: String,
    next: i64,
}

impl Map {
    fn new() -> Self {
        Self { text: "<osm version='0.6'>".into(), next: 1 }
    }

    fn node(&mut self, p: [f64; 2], tags: &str) -> i64 {
        let id = self.next;
        self.next += 1;
        let _ = write!(self.text, "<node id='{id}' lon='{}' lat='{}'>{}</node>", 3.0 + p[0] * M, p[1] * M, list(tags));
        id
    }

    fn way(&mut self, points: &[[f64; 2]], closed: bool, tags: &str) -> i64 {
        let mut refs: Vec<i64> = points.iter().map(|p| self.node(*p, "")).collect();
        if closed {
            refs.push(refs[0]);
        }
        let id = 1000 + self.next;
        let nodes: String = refs.iter().map(|r| format!("<nd ref='{r}'/>")).collect();
        let _ = write!(self.text, "<way id='{id}'>{nodes}{}</way>", list(tags));
        id
    }

    fn block(&mut self, x: f64, size: f64, tags: &str) -> i64 {
        self.way(&[[x, 0.0], [x + size, 0.0], [x + size, size], [x, size]], true, tags)
    }

    fn load(mut self) -> (City, Report) {
        self.text.push_str("</osm>");
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("town.osm");
        std::fs::write(&path, self.text).expect("written");
        let frame = Some(LocalFrame::new(32631, [500_000.0, 0.0]));
        load_city(&[path], &LoadOptions { frame, ..LoadOptions::default() }, &|_| {}).unwrap_or_else(|e| panic!("{e}"))
    }
}

/// `key=value` pairs as tags.
fn list(tags: &str) -> String {
    tags.split_whitespace().filter_map(|t| t.split_once('=')).map(|(k, v)| format!("<tag k='{k}' v='{v}'/>")).collect()
}

#[test]
fn a_building_relation_names_outline_and_parts() {
    let mut map = Map::new();
    let outline = map.block(0.0, 30.0, "");
    // The part stands outside the outline: only the relation says whose it is.
    let part = map.block(40.0, 10.0, "building:part=yes height=50 min_level=2 roof:shape=dome roof:height=5");
    let lone = map.block(100.0, 10.0, "building=yes building:levels=2");
    let _ = write!(
        map.text,
        "<relation id='7'><member type='way' ref='{outline}' role='outline'/><member type='way' ref='{part}' \
         role='part'/>{}</relation>",
        list("type=building building=office name=Tower height=20")
    );
    let (city, report) = map.load();
    assert_eq!(city.buildings.len(), 2, "{report:?}");
    let tower = city.buildings.iter().find(|b| b.id == format!("way/{outline}")).expect("the outline");
    assert_eq!((tower.usage.as_str(), tower.parts.len()), ("office", 2));
    assert_eq!(tower.parts[0].top_m, 20.0);
    let dome = &tower.parts[1];
    assert_eq!((dome.roof, dome.base_m, dome.eaves_m, dome.top_m), (RoofShape::Mesh, 6.0, 45.0, 50.0));
    assert!(dome.mesh.iter().all(|p| p[2] >= 6.0 && p[2] <= 50.001));
    let index = city.buildings.iter().position(|b| b.id == format!("way/{lone}")).expect("the other");
    assert_eq!(city.origin_of(Layer::Buildings, index).expect("known").source.file, "town.osm");
    assert_eq!(report.tally()["buildings"].read, 2);
    assert!(report.tally()["buildings"].guessed > 0, "its height is by storeys");
}

#[test]
fn every_roof_of_the_wiki_is_built_or_named() {
    let shapes = [
        "flat",
        "gabled",
        "hipped",
        "pyramidal",
        "skillion",
        "half-hipped",
        "side_hipped",
        "side_half-hipped",
        "gambrel",
        "mansard",
        "dome",
        "onion",
        "round",
        "saltbox",
        "double_saltbox",
        "quadruple_saltbox",
        "crosspitched",
        "sawtooth",
        "butterfly",
        "cone",
        "many",
    ];
    let mut map = Map::new();
    for (i, shape) in shapes.iter().enumerate() {
        let x = i as f64 * 30.0;
        // Five corners, so that nothing is left to the renderer but flat and pyramidal roofs.
        let ring = [[x, 0.0], [x + 10.0, 0.0], [x + 20.0, 0.0], [x + 20.0, 12.0], [x, 12.0]];
        map.way(&ring, true, &format!("building=yes height=12 roof:height=4 roof:shape={shape} ref={i}"));
    }
    let (city, report) = map.load();
    assert_eq!(city.buildings.len(), shapes.len());
    for (building, shape) in city.buildings.iter().zip(shapes) {
        let part = &building.parts[0];
        let want = match shape {
            "flat" | "many" => RoofShape::Flat,
            "pyramidal" => RoofShape::Pyramidal,
            _ => RoofShape::Mesh,
        };
        assert_eq!(part.roof, want, "{shape}");
        assert_eq!((part.top_m, part.mesh.is_empty()), (12.0, want != RoofShape::Mesh), "{shape}");
        assert_eq!(part.eaves_m, if want == RoofShape::Flat { 12.0 } else { 8.0 }, "{shape}");
    }
    let told: Vec<&str> =
        report.problems.iter().filter(|p| p.message.contains("roof:shape")).map(|p| p.message.as_str()).collect();
    assert_eq!(told, ["roof:shape 'many' is not built; the roof is level"]);
}

#[test]
fn slopes_storeys_and_directions_make_the_roof() {
    let mut map = Map::new();
    map.way(
        &[[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0]],
        true,
        "building=yes height=10 roof:shape=skillion roof:angle=45 roof:direction=E",
    );
    map.block(50.0, 10.0, "building=yes building:levels=3 roof:levels=1 roof:shape=gambrel");
    let (city, _) = map.load();
    // The slope runs 20 m down to the east; it cannot be higher than the body, and a tenth stays wall.
    let slope = &city.buildings[0].parts[0];
    assert_eq!((slope.roof, slope.top_m), (RoofShape::Mesh, 10.0));
    assert!((slope.eaves_m - 1.0).abs() < 0.01, "{}", slope.eaves_m);
    let roof: Vec<&[f32; 3]> =
        slope.mesh.chunks_exact(3).zip(&slope.mesh_is_roof).filter(|t| *t.1).flat_map(|t| t.0).collect();
    let low = roof.iter().min_by(|a, b| a[2].total_cmp(&b[2])).expect("corners");
    assert!((low[0] - 20.0).abs() < 0.05, "{low:?}");
    let gambrel = &city.buildings[1].parts[0];
    assert_eq!((gambrel.eaves_m, gambrel.top_m), (9.0, 11.5), "three storeys and one in the roof");
}

#[test]
fn barriers_and_places_with_their_ids() {
    let mut map = Map::new();
    let fence = map.way(&[[0.0, 0.0], [10.0, 0.0]], false, "barrier=fence height=2.5");
    let gate = map.node([5.0, 0.0], "barrier=gate");
    let station = map.node([20.0, 0.0], "amenity=fire_station name=消防站");
    let lake = map.block(100.0, 30.0, "natural=water");
    let (city, report) = map.load();
    let kinds: Vec<_> = city.barriers.iter().map(|b| (b.kind, b.id.clone(), b.height_m)).collect();
    assert_eq!(
        kinds,
        [(BarrierKind::Gate, format!("node/{gate}"), 1.3), (BarrierKind::Fence, format!("way/{fence}"), 2.5)]
    );
    assert_eq!(city.places[0].kind, PlaceKind::FireStation);
    let key = |layer| city.origin_of(layer, 0).expect("known").key.to_owned();
    assert_eq!(key(Layer::Places), format!("node/{station}"));
    assert_eq!(key(Layer::Surfaces), format!("way/{lake}"));
    assert_eq!(report.tally()["barriers"].read, 2);
}

#[test]
fn tracks_are_read_and_what_is_no_track_is_not() {
    let mut map = Map::new();
    let main = map.way(&[[0.0, 0.0], [100.0, 0.0]], false, "railway=rail name=沪杭线 bridge=viaduct");
    let metro = map.way(&[[0.0, 9.0], [100.0, 9.0]], false, "railway=subway tunnel=yes");
    map.way(&[[0.0, 20.0], [100.0, 20.0]], false, "railway=abandoned");
    map.way(&[[0.0, 30.0], [100.0, 30.0]], false, "railway=platform");
    map.way(&[[0.0, 40.0], [100.0, 40.0]], false, "railway=hovertrain");
    let (city, report) = map.load();
    let told: Vec<_> = city.railways.iter().map(|r| (r.id.clone(), r.kind, r.bridge, r.tunnel)).collect();
    let want = [
        (format!("way/{main}"), RailwayKind::Rail, true, false),
        (format!("way/{metro}"), RailwayKind::Subway, false, true),
    ];
    assert_eq!(told, want);
    assert_eq!(city.railways[0].name.zh, "沪杭线");
    assert!(city.origin_of(Layer::Railways, 1).is_some(), "its file is known");
    assert_eq!(report.tally()["railways"].read, 2);
    let skipped: Vec<_> = report.problems.iter().filter(|p| p.message.contains("railway")).collect();
    assert!(skipped.len() == 1 && skipped[0].message.contains("hovertrain"), "{skipped:?}");
}
