//! Figures of real files, conformance files, broken files, and arbitrary bytes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use guanlan_geography::LocalFrame;
use serde_json::{Value, json};

use super::{
    convert, facts,
    head::{Head, Input},
    peek, read,
};
use crate::{
    import::{Severity, placer::Placer},
    model::{RoofShape, SurfaceKind},
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

fn expected() -> BTreeMap<String, Value> {
    data("expected.json").map_or_else(BTreeMap::new, |p| serde_json::from_slice(&std::fs::read(p).unwrap()).unwrap())
}

fn from_text(text: &str) -> (super::Part, crate::import::Report) {
    from_bytes("inline.city.json", text.as_bytes()).unwrap()
}

fn from_bytes(name: &str, bytes: &[u8]) -> Result<(super::Part, crate::import::Report), crate::import::ImportError> {
    let input = Input { path: Path::new(name), bytes: Some(bytes) };
    convert(input, &Head::read(input)?, &Placer::rough(None, false))
}

#[test]
fn every_figure_of_the_real_and_conformance_files() {
    let mut checked = 0;
    for (name, want) in expected() {
        let city = name.starts_with("city/cityjson/") || name.starts_with("city/cityjson-conformance/");
        let (true, Some(path), true) = (city, data(&name), want.get("city_objects").is_some()) else { continue };
        let found = facts(&path).unwrap();
        let count = |key: &str| found.counts.get(key).copied().unwrap_or(0) as u64;
        assert_eq!(found.version, want["version"].as_str().unwrap(), "{name}");
        for key in ["city_objects", "vertices", "features", "templates"] {
            if let Some(n) = want.get(key).and_then(Value::as_u64) {
                assert_eq!(count(key), n, "{name} {key}");
            }
        }
        for group in ["by_type", "geometries", "semantic_surface_defs", "appearance"] {
            for (key, n) in want.get(group).and_then(Value::as_object).into_iter().flatten() {
                assert_eq!(count(key), n.as_u64().unwrap(), "{name} {key}");
            }
        }
        if let Some(n) = want.get("extensions").and_then(Value::as_array) {
            assert_eq!(count("extensions"), n.len() as u64, "{name}");
        }
        match want["crs"].as_str() {
            Some(crs) => {
                assert!(crs.ends_with(found.crs.trim_start_matches("EPSG:")) && !found.crs.is_empty(), "{name}")
            }
            None => assert_eq!(found.crs, "", "{name}"),
        }
        if let Some(bbox) = want.get("bbox").and_then(Value::as_array) {
            let extent = found.extent.unwrap();
            for (have, want) in extent.iter().zip(bbox) {
                assert!((have - want.as_f64().unwrap()).abs() < 2e-3, "{name} {extent:?}");
            }
        }
        checked += 1;
    }
    if data("expected.json").is_some() {
        assert!(checked > 30, "{checked} files");
    }
}

#[test]
fn delft_is_drawn_whole() {
    let Some(path) = data("city/cityjson/delft.city.json") else { return };
    assert_eq!(peek(&path).unwrap().epsg, Some(7415));
    let frame = LocalFrame::new(28992, [84_800.0, 447_500.0]);
    let (part, report) = read(&path, &frame, None).unwrap();
    assert_eq!(part.buildings.len(), 160, "{:#?}", report.problems);
    // 3dfier's LoD1 solids are prisms with stepped walls at neighbours; most reduce to a footprint.
    for b in &part.buildings {
        for p in &b.parts {
            assert!(p.footprint.len() >= 3 && p.top_m > p.base_m, "{} {p:?}", b.id);
            assert!(p.base_m > -1.0 && p.top_m < 17.0, "{}", b.id);
            assert_eq!(p.mesh.len(), 3 * p.mesh_is_roof.len());
        }
    }
    let area = |kind| -> f64 {
        part.surfaces
            .iter()
            .filter(|s| s.kind == kind)
            .map(|s| {
                let ring: Vec<[f64; 2]> = s.ring.iter().map(|p| p.map(f64::from)).collect();
                crate::import::rings::signed_area(&ring)
            })
            .sum()
    };
    for kind in [SurfaceKind::Paved, SurfaceKind::Water, SurfaceKind::Green] {
        assert!(area(kind) > 500.0, "{kind:?} {}", area(kind));
    }
    let inside = |p: &[f32; 2]| (-190.0..350.0).contains(&p[0]) && (-80.0..260.0).contains(&p[1]);
    assert!(part.surfaces.iter().flat_map(|s| &s.ring).all(inside));
}

#[test]
fn a_sequence_and_its_file_import_identically() {
    let (Some(one), Some(two)) =
        (data("city/cityjson/3dbag_two_buildings.city.json"), data("city/cityjson/3dbag_two_buildings.city.jsonl"))
    else {
        return;
    };
    let frame = LocalFrame::new(28992, [85_000.0, 446_550.0]);
    let (mut a, _) = read(&one, &frame, None).unwrap();
    let (mut b, _) = read(&two, &frame, None).unwrap();
    a.buildings.sort_by(|x, y| x.id.cmp(&y.id));
    b.buildings.sort_by(|x, y| x.id.cmp(&y.id));
    assert_eq!(a, b);
    assert_eq!(a.buildings.len(), 2);
    for building in &a.buildings {
        let part = &building.parts[0];
        assert_eq!(part.roof, RoofShape::Mesh);
        assert!(part.mesh_is_roof.iter().any(|r| *r) && part.mesh_is_roof.iter().any(|r| !*r));
        assert!(part.eaves_m < part.top_m && part.base_m < part.eaves_m);
    }
    // Volumes that 3DBAG publishes for LoD2.2, in m³.
    for (building, volume) in a.buildings.iter().zip([991.359_558, 1_358.019_287]) {
        let mut sum = 0.0;
        for t in building.parts[0].mesh.chunks_exact(3) {
            let [p, q, r] = [t[0], t[1], t[2]].map(|p| p.map(f64::from));
            sum += p[0] * (q[1] * r[2] - q[2] * r[1])
                + p[1] * (q[2] * r[0] - q[0] * r[2])
                + p[2] * (q[0] * r[1] - q[1] * r[0]);
        }
        assert!((sum / 6.0 - volume).abs() < 0.01 * volume, "{} {} {volume}", building.id, sum / 6.0);
    }
}

#[test]
fn rd_coordinates_land_in_a_utm_frame() {
    let Some(path) = data("city/cityjson/3dbag_two_buildings.city.json") else { return };
    let same = read(&path, &LocalFrame::new(28992, [85_000.0, 446_550.0]), None).unwrap().0;
    // The same origin in ETRS89 / UTM 31N.
    let to = guanlan_geography::Transformer::between(28992, 25831).unwrap();
    let origin = to.transform([85_000.0, 446_550.0]).unwrap();
    let moved = read(&path, &LocalFrame::new(25831, origin), None).unwrap().0;
    for (a, b) in same.buildings.iter().zip(&moved.buildings) {
        let (p, q) = (a.centre().unwrap(), b.centre().unwrap());
        // Grid north differs by a degree or two; distances do not.
        assert!((p[0].hypot(p[1]) - q[0].hypot(q[1])).abs() < 0.1, "{p:?} {q:?}");
        assert_eq!(a.parts[0].top_m, b.parts[0].top_m);
    }
}

#[test]
fn buildings_with_parts_and_without_a_reference_system() {
    let frame = LocalFrame::new(28992, [78_650.0, 458_000.0]);
    if let Some(path) = data("city/cityjson/denhaag_subset.city.json") {
        let (part, report) = read(&path, &frame, None).unwrap();
        assert_eq!(part.buildings.len(), 4);
        assert_eq!(part.buildings.iter().map(|b| b.parts.len()).sum::<usize>(), 9);
        assert!(
            report.problems.iter().any(|p| p.severity == Severity::Guessed && p.message.contains("reference system"))
        );
    }
    if let Some(path) = data("city/cityjson/3dbag_tile_901.city.jsonl") {
        let (part, report) = read(&path, &frame, None).unwrap();
        assert_eq!(part.buildings.len(), 52);
        assert!(report.problems.iter().any(|p| p.message.contains("URN")));
        assert!(part.buildings.iter().flat_map(|b| &b.parts).all(|p| p.top_m > p.base_m));
    }
    if let Some(path) = data("city/cityjson/plateau_japanese.city.json") {
        // Minato ward lies 37 km south and 8 km west of the zone's origin: the file writes northing first.
        let (part, report) = read(&path, &LocalFrame::new(6677, [-8_000.0, -36_800.0]), None).unwrap();
        assert!(report.problems.iter().any(|p| p.message.contains("northing is written first")), "{report:?}");
        assert!(!report.problems.iter().any(|p| p.message.contains("inside out")));
        assert!(part.buildings.iter().all(|b| b.centre().unwrap().iter().all(|v| v.abs() < 600.0)));
        let peeked = peek(&path).unwrap().extent.unwrap();
        assert!((-8_500.0..-7_600.0).contains(&peeked[0]) && (-37_000.0..-36_500.0).contains(&peeked[1]));
        let tall = part.buildings.iter().find(|b| b.storeys == 13).unwrap();
        assert_eq!(tall.usage, "office");
        assert!(tall.parts.iter().any(|p| p.top_m - p.base_m > 50.0));
    }
    if let Some(path) = data("city/cityjson/rotterdam_subset.city.json") {
        let (part, _) = read(&path, &LocalFrame::new(28992, [90_700.0, 435_800.0]), Some(28992)).unwrap();
        assert_eq!(part.buildings.len(), 16);
    }
    if let Some(path) = data("city/cityjson/templates.city.jsonl") {
        let (part, report) = read(&path, &LocalFrame::new(28992, [0.0, 0.0]), None).unwrap();
        assert_eq!(report.read["template_instances"], 15);
        assert!(part.landmarks.len() >= 15);
    }
}

#[test]
fn broken_files_are_refused_or_repaired_with_the_reason() {
    let refused = [
        ("malformed/cityjson/invalid_cityjsonfeature_root_id_unresolved.city.jsonl", "missing-main-object"),
        ("malformed/cityjson/invalid_missing_type.json", "\"type\" is missing"),
        ("malformed/cityjson/invalid_u64_f64_bounds.json", "out of range"),
        ("malformed/cityjson-gpl3-val3dity/completely_empty.json", "empty"),
        ("malformed/cityjson-gpl3-val3dity/invalid_json_cityjson.json", "line 3"),
        ("malformed/cityjson-gpl3-val3dity/unclosedbracket.city.jsonl", "line 1"),
    ];
    for (name, reason) in refused {
        let Some(path) = data(name) else { continue };
        let error = facts(&path).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(path.to_str().unwrap()), "{error}");
    }
    let noted = [
        ("malformed/cityjson/cjval_duplicate.json", "the id occurs twice", "LondonTower"),
        ("malformed/cityjson/cjval_material.city.json", "material is ignored", "id-1"),
        ("malformed/cityjson/cjval_texture1.city.json", "texture is ignored", "building_texture"),
        ("malformed/cityjson/cjval_texture6.city.json", "not a whole number", "id-1"),
        ("malformed/cityjson-gpl3-val3dity/invalid_schema_cityjson_2.json", "vertex index out of range", "index 22"),
        ("malformed/cityjson-gpl3-val3dity/empty_primitive.json", "a solid without shells", "id-1"),
    ];
    for (name, reason, place) in noted {
        let Some(path) = data(name) else { continue };
        let problems = facts(&path).unwrap().problems;
        assert!(
            problems.iter().any(|p| p.message.contains(reason) && p.where_.contains(place)),
            "{name}: {problems:#?}"
        );
    }
    for control in ["cjval_material3.city.json", "cjval_texture7.city.json"] {
        let Some(path) = data(&format!("malformed/cityjson/{control}")) else { continue };
        let problems = facts(&path).unwrap().problems;
        assert!(!problems.iter().any(|p| p.message.contains("is ignored")), "{control}: {problems:#?}");
    }
    // Geometrically wrong solids (val3dity 501, 502, 601, 203) are still read.
    for name in ["501.json", "502.json", "601.json", "several_lods_invalid.json"] {
        let Some(path) = data(&format!("malformed/cityjson-gpl3-val3dity/{name}")) else { continue };
        facts(&path).unwrap();
    }
}

#[test]
fn a_bad_line_of_a_sequence_costs_only_itself() {
    let mut head = cube(9);
    let objects = head["CityObjects"].take();
    let vertices = head["vertices"].take();
    head["CityObjects"] = json!({});
    head["vertices"] = json!([]);
    let good = json!({"type": "CityJSONFeature", "id": "b", "CityObjects": objects, "vertices": vertices});
    let mut lost = good.clone();
    lost["id"] = json!("elsewhere");
    let text = format!("{head}\n{good}\n{{\"type\":\"CityJSONFeature\",\n{lost}\n{head}\n");
    let (part, report) = from_text(&text);
    assert_eq!(part.buildings.len(), 1);
    let said = |line: &str, reason: &str| {
        assert!(
            report.problems.iter().any(|p| p.where_.starts_with(line) && p.message.contains(reason)),
            "{line} {reason}: {:#?}",
            report.problems
        );
    };
    said("line 3", "not a CityJSONFeature");
    said("line 4", "root object is not in it");
    said("line 5", "on every line after the header");
}

#[test]
fn a_pretty_printed_feature_is_read_and_said() {
    let Some(path) = data("city/cityjson-conformance/cityjsonfeature_minimal.city.jsonl") else { return };
    let found = facts(&path).unwrap();
    assert_eq!((found.counts["city_objects"], found.counts["features"]), (1, 1));
    assert!(found.problems.iter().any(|p| p.message.contains("without a CityJSON header")));
}

/// A box of 10 × 8 × `height` m as a solid.
fn cube(height: i64) -> Value {
    json!({"type": "CityJSON", "version": "2.0", "transform": {"scale": [1.0, 1.0, 1.0], "translate": [0.0, 0.0, 0.0]},
        "CityObjects": {"b": {"type": "Building", "attributes": {"function": "school", "storeysAboveGround": 3},
            "geometry": [{"type": "Solid", "lod": "1", "boundaries": [[[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]],
                [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]]}]}},
        "vertices": [[0, 0, 2], [10, 0, 2], [10, 8, 2], [0, 8, 2],
            [0, 0, 2 + height], [10, 0, 2 + height], [10, 8, 2 + height], [0, 8, 2 + height]]})
}

#[test]
fn a_box_is_a_prism_and_a_lifted_corner_makes_it_a_mesh() {
    let (part, report) = from_text(&cube(9).to_string());
    assert!(report.problems.is_empty(), "{report:?}");
    let body = &part.buildings[0].parts[0];
    assert_eq!((body.base_m, body.top_m, body.roof, body.footprint.len()), (2.0, 11.0, RoofShape::Flat, 4));
    assert_eq!((part.buildings[0].storeys, part.buildings[0].usage.as_str()), (3, "school"));
    let mut lifted = cube(9);
    lifted["vertices"][6][2] = json!(14);
    let body = from_text(&lifted.to_string()).0.buildings[0].parts[0].clone();
    assert_eq!((body.roof, body.top_m, body.eaves_m, body.mesh.len()), (RoofShape::Mesh, 14.0, 11.0, 36));
    assert_eq!(body.mesh_is_roof.iter().filter(|r| **r).count(), 2);
}

#[test]
fn null_vertices_dangling_children_and_odd_types_cost_only_themselves() {
    let mut file = cube(9);
    file["CityObjects"]["b"]["children"] = json!(["gone", "p"]);
    file["CityObjects"]["p"] = json!({"type": "BuildingPart", "parents": ["b"], "geometry": [
        {"type": "MultiSurface", "lod": 2, "boundaries": [[[0, 1, 8]], [[0, 1, "x"]], [[0, 1, 99]]]}]});
    file["CityObjects"]["odd"] = json!({"type": "+Thing"});
    file["CityObjects"]["none"] = json!(null);
    file["vertices"].as_array_mut().unwrap().push(Value::Null);
    let (part, report) = from_text(&file.to_string());
    assert_eq!(part.buildings.len(), 1);
    for reason in [
        "a child is not in the file",
        "a vertex is not three numbers",
        "has no place",
        "not made of rings",
        "vertex index out of range",
        "\"+Thing\" are not drawn",
        "the object has no type",
    ] {
        assert!(report.problems.iter().any(|p| p.message.contains(reason)), "{reason}: {:#?}", report.problems);
    }
}

#[test]
fn a_footprint_alone_is_raised_by_what_is_known() {
    let flat = |attributes: Value| {
        json!({"type": "CityJSON", "version": "1.1", "transform": {"scale": [1.0, 1.0, 1.0], "translate": [0.0, 0.0, 0.0]},
            "CityObjects": {"b": {"type": "Building", "attributes": attributes, "geometry": [
                {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]}]}},
            "vertices": [[0, 0, 5], [10, 0, 5], [10, 8, 5], [0, 8, 5]]})
        .to_string()
    };
    for (attributes, top, guess) in [
        (json!({"measuredHeight": 20.5}), 25.5, None),
        (json!({"storeysAboveGround": 4}), 17.0, Some("height:storeys")),
        (json!({}), 14.0, Some("height:default")),
    ] {
        let building = from_text(&flat(attributes)).0.buildings[0].clone();
        assert_eq!((building.parts[0].base_m, building.parts[0].top_m), (5.0, top));
        assert_eq!(building.guessed.first().map(String::as_str), guess);
    }
}

/// A house of three levels of detail, with a red wall, a picture on its roof, and one that is not there.
#[test]
fn levels_of_detail_materials_and_pictures() {
    let mut file = cube(9);
    let solid = file["CityObjects"]["b"]["geometry"][0]["boundaries"].clone();
    let textured =
        json!({"day": {"values": [[[[null]], [[0, 0, 1, 2, 3]], [[1, 0, 1, 2, 3]], [[null]], [[null]], [[null]]]]}});
    file["appearance"] = json!({"materials": [{"name": "red", "diffuseColor": [1.0, 0.0, 0.0]}],
        "textures": [{"type": "PNG", "image": "looks/roof.png", "wrapMode": "clamp"}, {"type": "PNG", "image": "looks/gone.png"}],
        "vertices-texture": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]});
    file["CityObjects"]["b"]["geometry"] = json!([
        {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 3, 2, 1]]]},
        {"type": "Solid", "lod": "1", "boundaries": solid},
        {"type": "Solid", "lod": "2.2", "boundaries": solid, "material": {"day": {"values": [[null, null, 0, 0, null, null]]}}, "texture": textured}]);
    file["CityObjects"]["w"] = json!({"type": "WaterBody", "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2, 3]]]}]});
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("looks")).unwrap();
    image::RgbaImage::from_fn(32, 32, |x, _| image::Rgba(if x < 16 { [0, 0, 255, 255] } else { [0, 255, 0, 255] }))
        .save(dir.path().join("looks/roof.png"))
        .unwrap();
    let path = dir.path().join("house.city.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let (part, report) = read(&path, &LocalFrame::default(), None).unwrap();
    let house = &part.buildings[0];
    assert_eq!((house.lod, house.details.iter().map(|d| d.lod).collect::<Vec<_>>()), (2.2, vec![1.0, 0.0]));
    assert_eq!((house.at_lod(2.0)[0].top_m, house.details[1].parts[0].top_m), (11.0, 2.0));
    assert_eq!(house.attributes, r#"{"function":"school","storeysAboveGround":3}"#);
    // The roof has its picture; of the walls both are red, one for want of its picture.
    assert_eq!((part.pictures.len(), part.skins.len()), (1, 2), "{report:?}");
    let (roof, walls) = (&part.skins[0], &part.skins[1]);
    assert_eq!((roof.picture, roof.len(), roof.owners.clone()), (Some(0), 2, vec![0, 0]));
    assert!(roof.corners.iter().all(|c| c[2] == 11.0) && roof.uvs.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
    assert_eq!((walls.picture, walls.len(), walls.colors[0]), (None, 4, [255, 0, 0, 255]));
    assert!(
        report.problems.iter().any(|p| p.message.contains("picture of a texture") && p.where_.contains("gone.png"))
    );
    // Texture coordinates count from the lower left: the corner at 0, 0 lies at the picture's left.
    let page = image::load_from_memory(&part.pictures[0].bytes).unwrap().to_rgb8();
    let low = roof.corners.iter().position(|c| c[0] == 0.0 && c[1] == 0.0).unwrap();
    let high = roof.corners.iter().position(|c| c[0] == 10.0 && c[1] == 8.0).unwrap();
    let at = |n: usize| {
        let [u, v] = roof.uvs[n].map(|v| v * page.width() as f32);
        let inside = |v: f32| (v as u32).clamp(6, page.width() - 1);
        page.get_pixel(inside(u), inside(v)).0
    };
    assert!(at(low)[2] > 200 && at(high)[1] > 200, "{:?} {:?}", at(low), at(high));
    let keys = |layer| part.keys[&layer].clone();
    assert_eq!(keys(crate::model::Layer::Surfaces), ["w"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = from_bytes("x", &bytes);
    }

    #[test]
    fn cut_and_changed_files_never_panic(
        cut in 0usize..1400,
        changes in proptest::collection::vec((0usize..1400, proptest::sample::select(b"0129-.,:[]{}\"nulltrue e\n".to_vec())), 0..6),
    ) {
        let mut bytes = cube(9).to_string().into_bytes();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        for end in [bytes.len(), cut.min(bytes.len())] {
            let _ = from_bytes("x.jsonl", &bytes[..end]);
        }
    }
}
