//! Layers, foreign files, wrong files.

use std::{fs, path::PathBuf};

use super::*;

fn frame() -> LocalFrame {
    LocalFrame::new(4549, [516_000.0, 3_350_000.0])
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.geojson");
    fs::write(&path, text).unwrap();
    (dir, path)
}

fn sensors(features: &str) -> (tempfile::TempDir, PathBuf) {
    file(&format!(r#"{{"type":"FeatureCollection","guanlan:layer":"sensors","features":[{features}]}}"#))
}

const GOOD: &str = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[120.2,30.3]},
    "properties":{"id":"1001","property":"road_water_depth","name":"甲","name_en":"A","period_s":60}}"#;

#[test]
fn good_features_are_read_and_wrong_ones_named() {
    let twice = GOOD;
    let odd = GOOD.replace("1001", "1002").replace("road_water_depth", "water");
    let late = GOOD.replace("1001", "1003").replace("60}", "\"soon\"}");
    let far = GOOD.replace("1001", "1004").replace("[120.2,30.3]", "[\"x\",30.3]");
    let unplaced = r#"{"type":"Feature","geometry":null,"properties":{"id":"1005","property":"noise"}}"#;
    let (_dir, path) = sensors(&[GOOD, twice, &odd, &late, &far, unplaced].join(","));
    let (part, report) = read(&path, &frame()).unwrap();
    assert_eq!(part.sensors.len(), 2);
    let [x, y] = part.sensors[0].place_m.unwrap();
    assert!((3000.0..4000.0).contains(&x) && (3000.0..4000.0).contains(&y), "{x} {y}");
    assert_eq!(part.sensors[1].place_m, None);
    let said: Vec<String> = report.problems.iter().map(|p| format!("{}: {}", p.where_, p.message)).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].starts_with("feature 1: property 'id' 1001 is used"), "{said:?}");
    assert!(
        said[1].starts_with("feature 2: property 'property' is 'water', expected one of road_water_depth"),
        "{said:?}"
    );
    assert!(said[2].starts_with("feature 3: property 'period_s' is \"soon\", expected a number 1 to"), "{said:?}");
    assert!(said[3].starts_with("feature 4: property 'geometry'"), "{said:?}");
    assert_eq!(facts(&path).unwrap().counts["sensors"], 2);
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let cases = [
        ("{\"type\":\"FeatureCollection\",\"features\":[", "line 1"),
        ("{\"type\":\"Topology\"}", "'Topology' is no GeoJSON"),
        ("{\"type\":\"FeatureCollection\"}", "features: missing"),
        (
            "{\"type\":\"FeatureCollection\",\"guanlan:layer\":\"cats\",\"features\":[]}",
            "guanlan:layer: 'cats' is unknown",
        ),
        ("{\"type\":\"Point\",\"coordinates\":[516000.0,3350000.0]}", "are not longitude and latitude"),
        (
            "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"moon\"}},\"features\":[]}",
            "names no EPSG code",
        ),
        (
            "{\"type\":\"FeatureCollection\",\"guanlan:layer\":\"units\",\"features\":[{\"type\":\"Feature\"}]}",
            "feature 0",
        ),
        ("[1,2]", "line 1"),
        ("", "line 1"),
    ];
    for (text, expected) in cases {
        let (_dir, path) = file(text);
        let error = read(&path, &frame()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("a.geojson"), "{text}: {error}");
    }
    // A landmark may not reach out of its folder.
    let (_dir, path) = file(
        r#"{"type":"FeatureCollection","guanlan:layer":"landmarks","features":[{"type":"Feature",
        "geometry":{"type":"Point","coordinates":[120.2,30.3]},"properties":{"file":"../secret.glb"}}]}"#,
    );
    assert!(read(&path, &frame()).unwrap_err().to_string().contains("expected a file beside the layer"));
}

#[test]
fn foreign_files_are_read_by_their_geometry() {
    let (_dir, path) = file(
        r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","geometry":{"type":"LineString","coordinates":[[120.2,30.3],[120.21,30.3]]},"properties":{"highway":"primary","name":"甲路","maxspeed":"60"}},
        {"type":"Feature","geometry":{"type":"MultiLineString","coordinates":[[[120.21,30.3],[120.21,30.31]]]},"properties":{"highway":"residential","oneway":"yes"}},
        {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[120.2,30.3],[120.2,30.31],[120.21,30.31],[120.2,30.3]],[[120.203,30.306],[120.204,30.308],[120.203,30.308],[120.203,30.306]]]},"properties":{"natural":"water"}},
        {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[120.2,30.3],[120.21,30.31],[120.2,30.31],[120.2,30.3]]]},"properties":{"code":"330199001001001"}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[120.2,30.3]},"properties":{"amenity":"school","name":"小学"}},
        {"type":"Feature","geometry":{"type":"LineString","coordinates":[[120.2,30.3],[120.21,30.3]]},"properties":{"railway":"light_rail","name":"一号线","bridge":"yes"}},
        {"type":"Feature","geometry":{"type":"LineString","coordinates":[[120.2,30.3],[120.21,30.3]]},"properties":{"railway":"platform"}},
        {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,2]]]},"properties":{}}]}"#,
    );
    let (part, report) = read(&path, &frame()).unwrap();
    assert_eq!(part.counts(), [("areas", 1), ("places", 1), ("surfaces", 1), ("roads", 2), ("railways", 1)]);
    let track = &part.railways[0];
    assert_eq!(
        (track.kind, track.bridge, track.name.zh.as_str()),
        (crate::model::RailwayKind::LightRail, true, "一号线")
    );
    assert_eq!(part.roads[0].to_node, part.roads[1].from_node, "lines that meet share a junction");
    assert!(part.roads[1].one_way && part.roads[0].speed_kmh == 60.0);
    assert_eq!((part.surfaces[0].kind, part.surfaces[0].holes.len()), (crate::model::SurfaceKind::Water, 1));
    let twice = |r: &[[f32; 2]]| -> f32 {
        (0..r.len()).map(|i| r[i][0] * r[(i + 1) % r.len()][1] - r[(i + 1) % r.len()][0] * r[i][1]).sum()
    };
    assert!(twice(&part.surfaces[0].ring) > 0.0 && twice(&part.surfaces[0].holes[0]) < 0.0);
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
}

#[test]
fn real_files_are_read() {
    let data = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if !data.exists() {
        println!("no shared/data beside the repository: real files not read");
        return;
    }
    let seoul = LocalFrame::new(32652, [322_000.0, 4_155_000.0]);
    let (part, _) = read(&data.join("osm/seoul_roads.geojson"), &seoul).unwrap();
    assert!(part.roads.len() > 20, "{}", part.roads.len());
    // A file in its own projected CRS.
    let bellinge = LocalFrame::new(32632, [582_000.0, 6_130_000.0]);
    let (part, _) = read(&data.join("drainage/bellinge_small_subcatchments.geojson"), &bellinge).unwrap();
    assert!(!part.surfaces.is_empty());
    let p = part.surfaces[0].ring[0];
    assert!(p[0].abs() < 20_000.0 && p[1].abs() < 20_000.0, "{p:?}");
}

#[test]
fn features_may_follow_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let feature = r#"{"type":"Feature","properties":{"building":"yes"},"geometry":{"type":"Polygon","coordinates":
        [[[120,30.28],[120.001,30.28],[120.001,30.281],[120,30.28]]]}}"#
        .replace('\n', " ");
    let frame = guanlan_geography::LocalFrame::new(4549, [500_000.0, 3_350_000.0]);
    for (name, text) in [
        ("a.geojsonl", format!("{feature}\n{feature}\r\n\n{feature}\n")),
        ("a.geojsons", format!("\u{1e}{feature}\n\u{1e}{feature}\n\u{1e}{feature}")),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        assert_eq!(super::read(&path, &frame).unwrap().0.buildings.len(), 3, "{name}");
    }
    let path = dir.path().join("b.geojsonl");
    std::fs::write(&path, format!("{feature}\n{{\"type\":")).unwrap();
    assert!(super::read(&path, &frame).unwrap_err().place.starts_with("line 2"));
    let path = dir.path().join("c.geojson");
    std::fs::write(&path, format!("{{\"type\":\"FeatureCollection\",\"features\":[{feature}]}} x")).unwrap();
    assert!(super::read(&path, &frame).unwrap_err().reason.contains("trailing"));
}

#[test]
fn a_layer_in_a_chinese_encoding_is_read_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("学校.geojson");
    let feature = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[120.2,30.3]},"properties":{"amenity":"school","name":"澜安第一小学"}}"#;
    // Far beyond a share of bytes, so that the first Chinese character is not in the first one.
    let blank = " ".repeat(100_000);
    let text = format!(r#"{{"type":"FeatureCollection","features":[{blank}{feature},{feature}]}}"#);
    fs::write(&path, encoding_rs::GBK.encode(&text).0).unwrap();
    let (part, report) = read(&path, &frame()).unwrap();
    assert_eq!(part.places.iter().map(|p| p.name.zh.as_str()).collect::<Vec<_>>(), ["澜安第一小学"; 2]);
    let told: Vec<_> = report.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(told, ["not UTF-8; read as GB 18030"]);
    fs::write(&path, &text.as_bytes()[..text.len() - 2]).unwrap();
    assert!(read(&path, &frame()).unwrap_err().to_string().contains("line 1"), "what is cut off stays an error");
}
