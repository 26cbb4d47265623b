//! Figures of real extracts, broken files, and arbitrary bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use guanlan_geography::LocalFrame;
use serde_json::Value;

use super::{Part, blocks, convert, data::Data, facts, peek, read};
use crate::{
    import::{Report, Severity, placer::Placer},
    model::{PlaceKind, RoadClass, RoofShape, SurfaceKind},
};

/// The real data beside the repository; `None` (with a notice) when it is absent.
fn data(path: &str) -> Option<PathBuf> {
    let full = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if full.exists() {
        return Some(full);
    }
    println!("skipped: {path} is not here");
    None
}

fn from_bytes(bytes: &[u8]) -> Result<(Part, Report), crate::import::ImportError> {
    let head = &bytes[..bytes.len().min(512)];
    let data = Data::read(Path::new("inline.osm"), bytes, head, Data::default())?;
    let extent = super::extent(&data);
    Ok(convert(data, &Placer::rough(extent, true)).0)
}

/// A file of nodes 1…n in metres around (0°, 0°) and whatever follows.
fn osm(nodes: &[(f64, f64, &str)], rest: &str) -> String {
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6'>\n");
    for (i, (x, y, tags)) in nodes.iter().enumerate() {
        text += &format!("<node id='{}' lon='{}' lat='{}'>{tags}</node>\n", i + 1, x / 111_320.0, y / 110_574.0);
    }
    text + rest + "</osm>\n"
}

fn way(id: i64, refs: &[i64], tags: &[(&str, &str)]) -> String {
    let refs: String = refs.iter().map(|r| format!("<nd ref='{r}'/>")).collect();
    let tags: String = tags.iter().map(|(k, v)| format!("<tag k='{k}' v='{v}'/>")).collect();
    format!("<way id='{id}'>{refs}{tags}</way>\n")
}

#[test]
fn every_figure_of_the_real_extracts() {
    let Some(path) = data("expected.json") else { return };
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut checked = 0;
    for (name, want) in &expected {
        let osm = name.ends_with(".osm") || name.ends_with(".osm.pbf");
        let (true, Some(path)) = (osm, data(name)) else { continue };
        let found = facts(&path).unwrap();
        for key in [
            "nodes",
            "ways",
            "relations",
            "building_ways",
            "building_relations",
            "building_part_ways",
            "building_ways_with_height",
            "building_ways_with_levels",
            "way_node_refs",
            "way_node_refs_missing",
        ] {
            assert_eq!(found.counts[key] as u64, want[key].as_u64().unwrap(), "{name} {key}");
        }
        assert_eq!(found.counts["roads"] as u64, want["highway_ways"].as_u64().unwrap(), "{name}");
        let e = found.extent.unwrap();
        for (have, want) in [e[0], e[1], e[3], e[4]].iter().zip(want["node_bbox_lonlat"].as_array().unwrap()) {
            assert!((have - want.as_f64().unwrap()).abs() < 1e-6, "{name} {e:?}");
        }
        assert_eq!(peek(&path).unwrap().epsg, Some(4326));
        if want["way_node_refs_missing"].as_u64() > Some(0) {
            assert!(found.problems.iter().any(|p| p.message.contains("clipped extract")), "{name}");
        }
        checked += 1;
    }
    assert!(checked >= 9, "{checked}");
}

#[test]
fn new_york_keeps_its_heights() {
    let Some(path) = data("osm/nyc_west_village.osm.pbf") else { return };
    let frame = LocalFrame::new(32618, [583_000.0, 4_509_000.0]);
    let (part, report) = read(&path, &frame, None).unwrap();
    assert!(part.buildings.len() >= 1480, "{} {:#?}", part.buildings.len(), report.problems);
    let sure = part.buildings.iter().filter(|b| !b.guessed.iter().any(|g| g.starts_with("height"))).count();
    assert!(sure >= 1400, "{sure}");
    assert!(part.buildings.iter().flat_map(|b| &b.parts).all(|p| p.top_m > p.base_m && p.eaves_m <= p.top_m));
    // The West Village is some 4 km of Manhattan's west side.
    assert!(part.buildings.iter().all(|b| b.centre().is_some_and(|c| c[0].abs() < 5000.0 && c[1].abs() < 9000.0)));
}

#[test]
fn shanghai_is_a_graph_with_chinese_names() {
    let Some(path) = data("osm/shanghai_puxi_roads.osm") else { return };
    let to = guanlan_geography::Transformer::between(4326, 32651).unwrap();
    let frame = LocalFrame::new(32651, to.transform([121.4737, 31.2304]).unwrap());
    let (part, _) = read(&path, &frame, None).unwrap();
    assert!(part.roads.len() >= 796);
    assert!(part.roads.iter().filter(|r| r.name.zh.contains('路')).count() > 500);
    assert!(part.roads.iter().any(|r| r.one_way) && part.roads.iter().any(|r| !r.one_way));
    assert!(part.roads.iter().any(|r| r.class == RoadClass::Motorway && r.speed_kmh >= 60.0));
    for road in &part.roads {
        assert!(road.line.len() >= 2 && road.length_m() > 0.0 && road.width_m > 0.0, "{road:?}");
    }
    // Edges that share a node meet at its place.
    let mut ends: BTreeMap<i64, [f32; 2]> = BTreeMap::new();
    for road in &part.roads {
        for (node, p) in [(road.from_node, road.line[0]), (road.to_node, road.line[road.line.len() - 1])] {
            assert_eq!(*ends.entry(node).or_insert(p), p, "{node}");
        }
    }
    // No junction is left inside an edge: every inner point belongs to one edge only.
    let inner: Vec<(u32, u32)> = part
        .roads
        .iter()
        .flat_map(|r| &r.line[1..r.line.len() - 1])
        .map(|p| (p[0].to_bits(), p[1].to_bits()))
        .collect();
    assert_eq!(inner.iter().collect::<BTreeSet<_>>().len(), inner.len());
}

#[test]
fn berlin_parts_replace_outlines() {
    let Some(path) = data("osm/berlin_neukoelln.osm") else { return };
    let frame = LocalFrame::new(25833, [393_000.0, 5_815_000.0]);
    let (part, report) = read(&path, &frame, None).unwrap();
    assert!((120..=215).contains(&part.buildings.len()), "{}", part.buildings.len());
    assert!(part.buildings.iter().any(|b| b.parts.len() > 1));
    assert!(part.buildings.iter().filter(|b| b.guessed.iter().any(|g| g == "height:levels")).count() > 90);
    assert!(report.problems.iter().any(|p| p.severity == Severity::Repaired && p.message.contains("clipped")));
}

#[test]
fn broken_files_are_imported_as_far_as_they_go() {
    let frame = LocalFrame::new(32631, [0.0, 0.0]);
    if let Some(path) = data("malformed/osm/multipolygon_broken.osm") {
        let (part, report) = read(&path, &frame, None).unwrap();
        assert_eq!(part.surfaces.len(), 1);
        assert_eq!((part.surfaces[0].kind, part.surfaces[0].holes.len()), (SurfaceKind::Paved, 1));
        assert!(report.problems.iter().any(|p| p.message.contains("not closed") && p.where_.contains("way -32")));
    }
    if let Some(path) = data("malformed/osm/self_intersection.osm") {
        let (part, report) = read(&path, &LocalFrame::new(32633, [0.0, 0.0]), None).unwrap();
        assert_eq!(part.buildings.len(), 1);
        assert!(report.problems.iter().any(|p| p.message.contains("crosses itself") && p.where_ == "way -170087"));
    }
    if let Some(path) = data("malformed/osm/relation_missing_members.osm") {
        let found = facts(&path).unwrap();
        assert_eq!((found.counts["nodes"], found.counts["relations"]), (5, 2));
        read(&path, &frame, None).unwrap();
    }
}

#[test]
fn cut_off_and_foreign_files_are_refused_with_a_line() {
    for (text, reason) in [
        ("", "empty"),
        ("hello", "neither OSM XML"),
        ("<?xml version='1.0'?>\n<kml></kml>", "line 2"),
        ("<osm version='0.6'>\n<node id='1' lat='1' lon='1'/>\n<way id='2'>\n<nd ref='1'/>", "line 4"),
        ("<osm>\n<node id='1' lat='&xxe;' lon='1'/></osm>", "line 2"),
        ("<osm>\n<node id='1' lat='1' lat='2'/></osm>", "line 2"),
    ] {
        let error = from_bytes(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("inline.osm"), "{text}: {error}");
    }
    if let Some(path) = data("osm/planegg_bbox.osm") {
        let bytes = std::fs::read(path).unwrap();
        assert!(from_bytes(&bytes[..bytes.len() / 2]).is_err());
    }
    if let Some(path) = data("osm/nyc_west_village.osm.pbf") {
        let bytes = std::fs::read(path).unwrap();
        let error = from_bytes(&bytes[..bytes.len() / 2]).unwrap_err().to_string();
        assert!(error.contains("block"), "{error}");
    }
}

#[test]
fn overpass_geometry_underpass_names_and_water_levels() {
    let text = "<osm version='0.6'><way id='1'><nd ref='1' lon='0' lat='0'/><nd ref='2' lon='0.001' lat='0'/>\
        <tag k='highway' v='primary'/><tag k='name' v='人民路'/><tag k='tunnel' v='yes'/><tag k='tunnel:name' v='人民路下穿'/>\
        <tag k='tunnel:name:en' v='Renmin Underpass'/></way>\
        <way id='2'><nd ref='3' lon='0' lat='0'/><nd ref='4' lon='0.001' lat='0'/><nd ref='5' lon='0' lat='0.001'/><nd ref='3'/>\
        <tag k='natural' v='water'/><tag k='ele' v='2.35'/></way></osm>";
    let (part, report) = from_bytes(text.as_bytes()).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    assert!((part.roads[0].length_m() - 111.3).abs() < 0.5 && part.roads[0].underpass);
    let place = &part.places[0];
    assert_eq!(
        (place.kind, place.name.zh.as_str(), place.name.en.as_str()),
        (PlaceKind::Underpass, "人民路下穿", "Renmin Underpass")
    );
    assert_eq!(part.surfaces[0].level_m, Some(2.35));
}

#[test]
fn roads_are_cut_at_junctions_and_keep_what_drivers_need() {
    let nodes = [
        (0.0, 0.0, ""),
        (100.0, 0.0, ""),
        (190.0, 0.0, "<tag k='highway' v='traffic_signals'/>"),
        (200.0, 0.0, ""),
        (200.0, 80.0, ""),
        (200.0, -80.0, ""),
    ];
    let ways = way(
        10,
        &[1, 2, 3, 4],
        &[
            ("highway", "primary"),
            ("oneway", "-1"),
            ("maxspeed", "30 mph"),
            ("lanes", "3"),
            ("name", "中山路"),
            ("name:en", "Zhongshan Road"),
        ],
    ) + &way(
        11,
        &[5, 4, 6],
        &[("highway", "residential"), ("tunnel", "yes"), ("layer", "-1"), ("maxspeed", "CN:urban")],
    ) + &way(12, &[1, 2, 99], &[("highway", "footway")])
        + &way(13, &[1, 5], &[("highway", "proposed")]);
    let (part, report) = from_bytes(osm(&nodes, &ways).as_bytes()).unwrap();
    let of = |id| part.roads.iter().filter(|r| r.way == id).collect::<Vec<_>>();
    let main = of(10);
    // The footway shares nodes 1 and 2, so the street is cut at 2 as well.
    assert_eq!(main.len(), 2);
    assert!(main.iter().all(|r| r.one_way && r.lanes == 3 && (r.speed_kmh - 48.28).abs() < 0.01));
    let ends: BTreeSet<(i64, i64)> = main.iter().map(|r| (r.from_node, r.to_node)).collect();
    assert_eq!(ends, BTreeSet::from([(2, 1), (4, 2)]));
    assert_eq!((main[0].name.zh.as_str(), main[0].name.en.as_str()), ("中山路", "Zhongshan Road"));
    assert!(main.iter().all(|r| !r.signal_at_end));
    let cross = of(11);
    assert_eq!(cross.len(), 2);
    assert!(cross.iter().all(|r| r.underpass && r.layer == -1 && !r.one_way && r.speed_kmh == 50.0));
    assert!((of(10).iter().map(|r| r.length_m()).sum::<f32>() - 200.0).abs() < 0.5);
    assert_eq!(part.places.iter().filter(|p| p.kind == PlaceKind::Underpass).count(), 1);
    assert!(report.problems.iter().any(|p| p.where_ == "way 12" && p.message.contains("clipped")));
    assert!(report.problems.iter().any(|p| p.where_ == "way 13" && p.message.contains("proposed")));
}

#[test]
fn an_underpass_is_one_place_and_a_ramp_below_a_building_is_none() {
    let nodes: Vec<(f64, f64, &str)> = (0..8).map(|i| (f64::from(i) * 100.0, 0.0, "")).collect();
    let below = |id: i64, refs: &[i64], class: &'static str| {
        way(id, refs, &[("highway", class), ("tunnel", "yes"), ("layer", "-1")])
    };
    // Three pieces of one, 100 m from middle to middle; a ramp; another one 300 m on.
    let ways = below(10, &[1, 2], "tertiary")
        + &below(11, &[2, 3], "tertiary")
        + &below(12, &[3, 4], "tertiary")
        + &below(13, &[5, 6], "service")
        + &below(14, &[7, 8], "residential");
    let (part, _) = from_bytes(osm(&nodes, &ways).as_bytes()).unwrap();
    let ids: Vec<&str> = part.places.iter().map(|p| p.name.zh.as_str()).collect();
    assert_eq!(ids, ["下穿通道", "下穿通道"]);
    assert!(part.roads.iter().all(|r| r.underpass), "all of them are drawn below");
}

#[test]
fn a_signal_just_before_the_end_counts() {
    let nodes = [(0.0, 0.0, ""), (90.0, 0.0, "<tag k='highway' v='traffic_signals'/>"), (100.0, 0.0, "")];
    let (part, _) = from_bytes(osm(&nodes, &way(1, &[1, 2, 3], &[("highway", "secondary")])).as_bytes()).unwrap();
    assert!(part.roads[0].signal_at_end);
}

#[test]
fn buildings_take_heights_from_tags_then_levels_then_a_default() {
    let nodes: Vec<(f64, f64, &str)> = [0.0, 30.0, 60.0]
        .iter()
        .flat_map(|x| [(*x, 0.0, ""), (x + 10.0, 0.0, ""), (x + 10.0, 10.0, ""), (*x, 10.0, "")])
        .collect();
    let ways = way(
        1,
        &[1, 2, 3, 4, 1],
        &[
            ("building", "apartments"),
            ("height", "60 ft"),
            ("roof:shape", "gabled"),
            ("roof:height", "3"),
            ("building:levels:underground", "2"),
        ],
    ) + &way(2, &[5, 6, 7, 8, 5], &[("building", "yes"), ("building:levels", "5")])
        + &way(3, &[9, 10, 11, 12, 9], &[("building", "garage")]);
    let (part, _) = from_bytes(osm(&nodes, &ways).as_bytes()).unwrap();
    let [a, b, c] = &part.buildings[..] else { panic!("{part:?}") };
    let body = &a.parts[0];
    assert!((body.top_m - 18.288).abs() < 1e-3 && (body.eaves_m - 15.288).abs() < 1e-3 && a.guessed.is_empty());
    assert_eq!((body.roof, a.basements, a.usage.as_str()), (RoofShape::Gabled, 2, "residential"));
    assert_eq!((b.parts[0].top_m, b.guessed[0].as_str(), b.storeys), (15.0, "height:levels", 5));
    assert_eq!((c.parts[0].top_m, c.guessed[0].as_str()), (3.0, "height:default"));
    let mut lifted = part.clone();
    lifted.stand_on(|x, _| Some(100.0 + x.signum() as f32));
    assert!((lifted.buildings[1].parts[0].top_m - 115.0).abs() < 2.0);
}

#[test]
fn a_relation_gives_a_courtyard_and_parts_give_a_tower() {
    let square = |x: f64, y: f64, s: f64| [(x, y, ""), (x + s, y, ""), (x + s, y + s, ""), (x, y + s, "")];
    let nodes: Vec<(f64, f64, &str)> =
        [square(0.0, 0.0, 40.0), square(10.0, 10.0, 20.0), square(100.0, 0.0, 20.0), square(101.0, 1.0, 18.0)].concat();
    let rest = way(1, &[1, 2, 3], &[])
        + &way(2, &[1, 4, 3], &[])
        + &way(3, &[5, 6, 7, 8, 5], &[])
        + &way(4, &[9, 10, 11, 12, 9], &[("building", "yes"), ("name", "Tower")])
        + &way(5, &[13, 14, 15, 16, 13], &[("building:part", "yes"), ("height", "90"), ("min_height", "6")])
        + "<relation id='9'><member type='way' ref='1' role='outer'/><member type='way' ref='2' role='outer'/>\
           <member type='way' ref='3' role='inner'/><tag k='type' v='multipolygon'/><tag k='building' v='school'/></relation>";
    let (part, report) = from_bytes(osm(&nodes, &rest).as_bytes()).unwrap();
    assert!(report.problems.iter().all(|p| p.severity == Severity::Guessed), "{report:?}");
    let court = part.buildings.iter().find(|b| b.id == "relation/9").unwrap();
    assert_eq!((court.parts[0].footprint.len(), court.parts[0].holes.len(), court.usage.as_str()), (4, 1, "school"));
    let tower = part.buildings.iter().find(|b| b.id == "way/4").unwrap();
    assert_eq!(tower.parts.len(), 1);
    assert_eq!((tower.parts[0].base_m, tower.parts[0].top_m), (6.0, 90.0));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), kind in 0..3) {
        let mut whole = match kind {
            0 => b"<osm version='0.6'>".to_vec(),
            1 => b"\0\0\0\x0d\x0a\x09OSMHeader\x18".to_vec(),
            _ => Vec::new(),
        };
        whole.extend(bytes);
        let _ = from_bytes(&whole);
    }

    #[test]
    fn changed_xml_never_panics(
        changes in proptest::collection::vec((0usize..2000, proptest::sample::select(b"0129-.<>/'=& kvwaytagnd".to_vec())), 1..8),
    ) {
        let nodes = [(0.0, 0.0, ""), (9.0, 0.0, ""), (9.0, 9.0, ""), (0.0, 9.0, "<tag k='amenity' v='school'/>")];
        let rest = way(1, &[1, 2, 3, 4, 1], &[("building", "yes"), ("height", "9")])
            + &way(2, &[1, 3, 2], &[("highway", "primary"), ("waterway", "river")]);
        let mut bytes = osm(&nodes, &rest).into_bytes();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = from_bytes(&bytes);
    }
}

#[test]
fn changed_pbf_never_panics() {
    let Some(path) = data("osm/nyc_west_village.osm.pbf") else { return };
    let good = std::fs::read(path).unwrap();
    // Ends of blocks and a spread of single bytes.
    for step in 0..40_usize {
        let mut bytes = good.clone();
        let at = step * step * 79 % bytes.len();
        bytes[at] ^= 0x55;
        let _ = from_bytes(&bytes);
    }
}

#[test]
fn a_pbf_packed_in_other_ways_reads_the_same() {
    let Some(path) = data("osm/nyc_west_village.osm.pbf") else { return };
    let good = std::fs::read(path).unwrap();
    let (plain, _) = from_bytes(&good).unwrap();
    assert!(plain.buildings.len() > 100);
    let zstd = |bytes: &[u8]| (7, zstd::encode_all(bytes, 1).unwrap());
    let lz4 = |bytes: &[u8]| (6, lz4_flex::block::compress(bytes));
    let none = |bytes: &[u8]| (1, bytes.to_vec());
    for packed in [blocks::repacked(&good, zstd), blocks::repacked(&good, lz4), blocks::repacked(&good, none)] {
        assert_eq!(from_bytes(&packed).unwrap().0, plain);
        // Damage is told with its place, and never panics.
        for step in 1..40_usize {
            let mut bytes = packed.clone();
            let at = step * step * 131 % bytes.len();
            bytes[at] ^= 0x2a;
            if let Err(error) = from_bytes(&bytes) {
                assert!(at < 512 || error.place.starts_with("block ") && error.place.contains("byte"), "{error}");
            }
            let cut = from_bytes(&packed[..at]);
            assert!(cut.is_err() || at < 8, "{step}");
        }
    }
    let error = from_bytes(&blocks::repacked(&good, |_| (5, vec![0; 8]))).unwrap_err();
    assert!(error.reason.contains("gave up"), "{error}");
    let error = from_bytes(&blocks::repacked(&good, |_| (4, vec![0x5d, 0, 0, 0xff, 0xff, 1, 2, 3]))).unwrap_err();
    assert!(error.reason.contains("LZMA packing is damaged"), "{error}");
}

#[test]
fn of_a_history_the_last_versions_count() {
    let square = [(0.0, 0.0, ""), (10.0, 0.0, ""), (10.0, 10.0, ""), (0.0, 10.0, ""), (50.0, 50.0, "")];
    let ring = [1, 2, 3, 4, 1];
    let rest = way(1, &ring, &[("building", "yes"), ("height", "5")])
        + &way(1, &ring, &[("building", "yes"), ("height", "9")])
        + &way(2, &ring, &[("building", "yes"), ("height", "7")])
        + "<way id='2' version='2' visible='false'/>\n"
        + "<node id='5' version='2' visible='false'/>\n";
    let text = osm(&square, &rest);
    let (part, report) = from_bytes(text.as_bytes()).unwrap();
    assert_eq!(part.buildings.iter().map(|b| (b.id.as_str(), b.parts[0].top_m)).collect::<Vec<_>>(), [("way/1", 9.0)]);
    assert!(report.problems.iter().any(|p| p.message.starts_with("3 older versions")), "{report:?}");
    // A file without a single place is refused with the reason.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ways.osm");
    std::fs::write(&path, osm(&[], &way(1, &ring, &[("highway", "service")]))).unwrap();
    assert!(peek(&path).unwrap_err().reason.contains("no node with a place"));
    // Packed, it reads the same.
    let packed = dir.path().join("town.osm.gz");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, text.as_bytes()).unwrap();
    std::fs::write(&packed, gz.finish().unwrap()).unwrap();
    assert_eq!(crate::import::detect(&packed).unwrap(), crate::import::Format::Osm);
    let (again, _) = read(&packed, &LocalFrame::new(32631, [166_021.0, 0.0]), None).unwrap();
    assert_eq!(again.buildings.len(), 1);
}
