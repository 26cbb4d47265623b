//! 3D Tiles: every figure of the real sets, every malformed file with its exact reason, arbitrary bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use guanlan_city::import::{
    LoadOptions, Severity, inspect,
    tiles3d::{
        self, Ask, Issues, Kind, LocalFolder, NO_FEATURE, Outcome, Placing, TileContent, TileSource, TileTree, Tileset,
        content::{Context, Loaded, decode},
        implicit::{Coord, Implicit},
        linear::M4,
        schema::Entity,
        subtree::{Around, Subtree},
    },
};
use guanlan_city::pack::load_cached;
use guanlan_geography::LocalFrame;
use serde_json::{Value, json};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn data(path: &str) -> Option<PathBuf> {
    let full = Path::new(DATA).join(path);
    if full.exists() {
        return Some(full);
    }
    println!("skipped: {path} is not here");
    None
}

fn expected() -> Option<BTreeMap<String, Value>> {
    let bytes = std::fs::read(data("expected.json")?).expect("readable");
    let all: BTreeMap<String, Value> = serde_json::from_slice(&bytes).expect("JSON");
    Some(all.into_iter().filter(|(name, _)| name.starts_with("city/3dtiles/")).collect())
}

struct Set {
    tileset: Tileset,
    folder: LocalFolder,
    uri: String,
    issues: Issues,
}

fn open(path: &Path) -> Option<Set> {
    let (folder, uri) = LocalFolder::open(path).expect("a file");
    let bytes = folder.get(&uri, 1 << 28).expect("readable");
    let mut issues = Issues::default();
    let tileset = Tileset::read(&bytes, &uri, &folder, &mut issues)?;
    Some(Set { tileset, folder, uri, issues })
}

/// Philadelphia, where the samples lie.
fn frame() -> LocalFrame {
    let mut frame = LocalFrame::new(32618, [0.0; 2]);
    frame.origin = frame.from_lonlat(-75.612, 40.0425).expect("inside");
    frame
}

fn whole_tree(set: &Set) -> (TileTree, BTreeMap<String, Box<TileContent>>, Issues) {
    let mut issues = Issues::default();
    let mut tree = TileTree::new(&set.tileset, &set.uri, frame(), 0.0, &mut issues);
    let mut contents = BTreeMap::new();
    let mut at = 0;
    while at < tree.nodes.len() {
        let node = at as u32;
        let mut asks = vec![];
        if tree.nodes[at].is_bud() {
            asks.push(Ask::Subtree { node });
        }
        for ask in asks {
            let (outcome, own) = tree.job(ask).expect("a job").run(&set.folder, &|| false);
            issues.append(own);
            tree.attach(ask, outcome, &mut issues);
        }
        for n in 0..tree.nodes[at].contents.len() {
            let ask = Ask::Content { node, content: n as u16 };
            let Some(job) = tree.job(ask) else { continue };
            let (outcome, own) = job.run(&set.folder, &|| false);
            issues.append(own);
            if let Some(content) = tree.attach(ask, outcome, &mut issues) {
                contents.insert(job.uri, content);
            }
        }
        at += 1;
    }
    (tree, contents, issues)
}

/// Many real files are not padded to eight bytes; every reader takes them.
fn only_alignment(issues: &Issues) -> bool {
    issues.list.iter().all(|i| i.kind == Kind::BinaryAlignment && i.severity == Severity::Guessed)
}

#[test]
fn every_figure_of_the_real_tilesets() {
    let Some(all) = expected() else { return };
    let mut checked = 0;
    for (name, want) in &all {
        let (Some(root), Some(path)) = (want.get("explicit"), data(name)) else { continue };
        let set = open(&path).expect(name);
        assert!(set.issues.list.is_empty(), "{name}: {:?}", set.issues);
        let tiles = &set.tileset.tiles;
        assert_eq!(set.tileset.version, want["asset_version"].as_str().unwrap(), "{name}");
        assert_eq!(set.tileset.error_m, want["geometric_error"].as_f64().unwrap(), "{name}");
        assert_eq!(tiles.len() as u64, root["tiles"].as_u64().unwrap(), "{name}");
        assert_eq!(set.tileset.depth as u64, root["depth"].as_u64().unwrap(), "{name}");
        let contents: usize = tiles.iter().map(|t| t.contents.len()).sum();
        assert_eq!(contents as u64, root["contents"].as_u64().unwrap(), "{name}");
        let implicit = tiles.iter().filter(|t| t.implicit.is_some()).count();
        assert_eq!(implicit as u64, root.get("implicit_roots").map_or(0, |v| v.as_u64().unwrap()), "{name}");
        let refine = if want["root_refine"] == "ADD" { tiles3d::Refine::Add } else { tiles3d::Refine::Replace };
        assert_eq!(tiles[0].refine, refine, "{name}");
        let groups = want.get("groups").map_or(0, |v| v.as_u64().unwrap());
        assert_eq!(set.tileset.groups.iter().flatten().count() as u64, groups, "{name}");
        if let Some(classes) = want.get("schema_classes") {
            let own: Vec<&String> = set.tileset.schema.as_ref().unwrap().classes.keys().collect();
            assert_eq!(json!(own), *classes, "{name}");
        }
        if let Some(want) = want.get("implicit") {
            let own = tiles[0].implicit.as_ref().unwrap();
            assert_eq!(own.octree, want["scheme"] == "OCTREE");
            assert_eq!(u64::from(own.available_levels), want["available_levels"].as_u64().unwrap());
            assert_eq!(u64::from(own.subtree_levels), want["subtree_levels"].as_u64().unwrap());
            let (tree, contents, issues) = whole_tree(&set);
            assert_eq!(tree.nodes.len() as u64, want["tiles"].as_u64().unwrap(), "{name}");
            let named: usize = tree.nodes.iter().map(|n| n.contents.len()).sum();
            assert_eq!(named as u64, want["contents"].as_u64().unwrap(), "{name}");
            // One content of a set is said to be there but is not on the disk; the others are read.
            let absent = issues.list.iter().filter(|i| i.kind == Kind::Io).count();
            assert_eq!((contents.len() + absent, absent <= 1), (named, true), "{issues:?}");
            let facts = tiles3d::facts(&path).unwrap();
            assert_eq!(facts.counts["subtrees"] as u64, want["subtrees"].as_u64().unwrap(), "{name}");
            assert_eq!(facts.counts["implicit_tiles"] as u64, want["tiles"].as_u64().unwrap(), "{name}");
        }
        checked += 1;
    }
    assert_eq!(checked, 8, "tilesets with figures");
}

#[test]
fn every_figure_of_the_real_contents() {
    let Some(all) = expected() else { return };
    let mut checked = 0;
    for (name, want) in &all {
        let b3dm = want.get("magic").is_some_and(|m| m == "b3dm");
        let model = if b3dm { &want["gltf"] } else { want };
        let (Some(triangles), Some(path)) = (model.get("triangles"), data(name)) else { continue };
        let (folder, uri) = LocalFolder::open(&path).unwrap();
        let bytes = folder.get(&uri, 1 << 30).unwrap();
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: &uri, transform: &M4::IDENTITY, placing: &placing, source: &folder, z_up: false };
        let Some(Loaded::Content(content)) = decode(&bytes, &context, &mut issues) else { panic!("{name} {issues:?}") };
        assert!(only_alignment(&issues), "{name} {issues:?}");
        assert_eq!(content.mesh.indices.len() as u64 / 3, triangles.as_u64().unwrap(), "{name}");
        let vertices = content.mesh.positions.len() + content.points.positions.len();
        // Two primitives of the tower share their vertices.
        let primitives = model["primitives"].as_u64().unwrap();
        let shared = if name.ends_with("building.b3dm") { primitives } else { 1 };
        assert!(vertices as u64 == model["position_vertices"].as_u64().unwrap() * shared || shared > 1, "{name}");
        assert!(
            content.mesh.normals.iter().all(|n| n[..3].iter().map(|v| i32::from(*v).pow(2)).sum::<i32>() > 120 * 120)
        );
        if b3dm {
            let length = want["batch_length"].as_u64().unwrap();
            assert_eq!(content.features as u64, length, "{name}");
            let keys = |row: Vec<(String, Value)>| row.into_iter().map(|(k, _)| k).collect::<BTreeSet<_>>();
            let wanted: BTreeSet<String> = serde_json::from_value(want["batch_table_keys"].clone()).unwrap();
            if length > 0 {
                assert_eq!(keys(content.properties(0)), wanted, "{name}");
                assert_eq!(keys(content.properties(length as u32 - 1)), wanted, "{name}");
                let ids: BTreeSet<u32> = content.mesh.features.iter().copied().collect();
                assert_eq!(ids.len() as u64, length, "{name}: every feature has vertices");
            }
            // The RTC centre and the model's own extent, z up.
            let (low, high) = content.bounds.unwrap();
            let centre: [f64; 3] =
                want.get("rtc_center").map_or([0.0; 3], |c| serde_json::from_value(c.clone()).unwrap());
            assert!((0..3).all(|k| f64::from(high[k]) + 1000.0 > centre[k] && f64::from(low[k]) - 1000.0 < centre[k]));
        }
        checked += 1;
    }
    assert!(checked >= 36, "{checked}");
}

#[test]
fn buildings_stand_where_their_batch_table_says() {
    let Some(path) = data("city/3dtiles/v1.0_batched_with_batch_table") else { return };
    let set = open(&path).unwrap();
    let (tree, contents, _) = whole_tree(&set);
    let content = &contents["batchedWithBatchTable.b3dm"];
    let frame = frame();
    for feature in 0..10u32 {
        let row: BTreeMap<String, Value> = content.properties(feature).into_iter().collect();
        let number = |key: &str| row[key].as_f64().unwrap();
        let want = frame.from_lonlat(number("Longitude").to_degrees(), number("Latitude").to_degrees()).unwrap();
        let mesh = &content.mesh;
        let own: Vec<[f32; 3]> =
            mesh.positions.iter().zip(&mesh.features).filter(|(_, f)| **f == feature).map(|(p, _)| *p).collect();
        let mean = |k: usize| own.iter().map(|p| f64::from(p[k])).sum::<f64>() / own.len() as f64;
        let span = |k: usize| {
            let of = || own.iter().map(|p| p[k]);
            of().fold(f32::MIN, f32::max) - of().fold(f32::MAX, f32::min)
        };
        // The sample's maker computed longitudes and latitudes from metres with constants that are up to 1 % off.
        let off = (mean(0) - want[0]).hypot(mean(1) - want[1]);
        assert!(off < 0.05 + 0.01 * want[0].hypot(want[1]), "{feature}: {} {} {want:?}", mean(0), mean(1));
        assert!((f64::from(span(2)) - number("Height")).abs() < 0.05, "{feature}: {} {}", span(2), number("Height"));
        let foot = own.iter().map(|p| p[2]).fold(f32::MAX, f32::min);
        assert!(foot.abs() < 0.3, "{feature} stands at {foot} m above the ellipsoid");
    }
    // The content lies in its tile's volume, and the walls are upright.
    let volume = tree.nodes[0].volume;
    let (low, high) = content.bounds.unwrap();
    for p in [low, high] {
        assert!(volume.distance_m(p.map(f64::from)) < 5.0, "{p:?} {volume:?}");
    }
    assert!(content.mesh.normals.iter().all(|n| n[2].abs() < 3 || n[2].abs() > 124), "walls and roofs only");
}

#[test]
fn request_volumes_external_tilesets_and_points() {
    let Some(path) = data("city/3dtiles/v1.0_request_volume/tileset.json") else { return };
    let (tree, contents, issues) = whole_tree(&open(&path).unwrap());
    assert!(only_alignment(&issues), "{issues:?}");
    assert_eq!(contents.len(), 6);
    assert_eq!(contents["points.pnts"].points.positions.len(), 125_000);
    assert_eq!(tree.nodes.len(), 4 + 5);
    let request = tree.nodes.iter().find_map(|n| n.request).unwrap();
    let tower = contents["building.b3dm"].bounds.unwrap();
    let tower_height = tower.1[2] - tower.0[2];
    assert!((60.0..75.0).contains(&tower_height), "the tower is 13.4 × 5 m high: {tower_height}");
    assert!(request.distance_m([0, 1, 2].map(|k| f64::from((tower.0[k] + tower.1[k]) / 2.0))) < 60.0);
    assert!(contents["building.b3dm"].mesh.features.iter().all(|f| *f == NO_FEATURE));

    let Some(path) = data("city/3dtiles/v1.0_tileset_of_tilesets/tileset.json") else { return };
    let (tree, contents, _) = whole_tree(&open(&path).unwrap());
    assert_eq!(contents.len(), 5);
    assert_eq!(contents.values().map(|c| c.features).sum::<usize>(), 50);
    assert_eq!(tree.nodes.iter().map(|n| n.depth).max(), Some(3), "root, tileset2, its child, tileset3");
}

#[test]
fn metadata_of_tilesets_groups_tiles_and_contents() {
    let Some(path) = data("city/3dtiles/v1.1_metadata_houses/tileset.json") else { return };
    let set = open(&path).unwrap();
    let get = |e: &Option<Entity>, key: &str| e.as_ref().and_then(|e| e.get(key).cloned());
    assert_eq!(get(&set.tileset.metadata, "author"), Some(json!("Cesium")));
    let (tree, contents, _) = whole_tree(&set);
    assert_eq!(contents.len(), 20);
    let tile = &tree.nodes[1];
    assert_eq!(get(&tile.metadata, "district"), Some(json!("Callowhill")));
    assert_eq!(get(&tile.metadata, "population"), Some(json!(12.0)));
    assert_eq!(get(&tile.contents[0].metadata, "materials"), Some(json!(5.0)));
    assert_eq!(get(&tile.contents[1].group, "priority"), Some(json!(2.0)));
    // Not on Earth: metres stay metres, houses are upright and beside each other.
    assert!(matches!(tree.placing, Placing::Plain { .. }));
    let (low, high) = contents["house-3-0.glb"].bounds.unwrap();
    assert!(low[2].abs() < 0.1 && (7.0..9.0).contains(&high[2]) && low[0] < -9.0 && high[1] > 9.0, "{low:?} {high:?}");

    let Some(path) = data("city/3dtiles/v1.1_implicit_b3dm_metadata/tileset_1.1.json") else { return };
    let (tree, _, issues) = whole_tree(&open(&path).unwrap());
    let quadrants: Vec<String> =
        tree.nodes.iter().filter_map(|n| get(&n.metadata, "quadrant")?.as_str().map(str::to_owned)).collect();
    // The file's bytes are 4 0 2 3 0; the fifth row lies beyond its own count.
    assert_eq!(quadrants, ["None", "Southwest", "Northwest", "Northeast", "Southwest"]);
    assert!(issues.list.iter().any(|i| i.message.contains("1 rows for 5 tiles")), "{issues:?}");
}

/// Opens a malformed file as what it is; the issues it has, and whether anything could be used.
fn try_malformed(folder: &Path, name: &str) -> (Issues, bool) {
    let path = folder.join(name);
    if !name.starts_with("subtree/") {
        let (source, uri) = LocalFolder::open(&path).unwrap();
        let mut issues = Issues::default();
        let tileset = Tileset::read(&source.get(&uri, 1 << 20).unwrap(), &uri, &source, &mut issues);
        let good = tileset.is_some();
        if let Some(tileset) = tileset {
            let (_, _, more) = whole_tree(&Set { tileset, folder: source, uri, issues: Issues::default() });
            issues.append(more);
        }
        return (issues, good);
    }
    let implicit = Implicit { octree: false, subtree_levels: 3, available_levels: 6, subtrees: String::new() };
    let schema = {
        let text = json!({"asset": {"version": "1.1"}, "geometricError": 1, "schema": {"id": "s", "classes": {"exampleClass": {}}},
            "root": {"boundingVolume": {"sphere": [0, 0, 0, 1]}, "geometricError": 0, "refine": "ADD"}});
        let (source, _) = LocalFolder::open(&path).unwrap();
        Tileset::read(text.to_string().as_bytes(), "t", &source, &mut Issues::default()).unwrap().schema.unwrap()
    };
    let (source, uri) = LocalFolder::open(&path).unwrap();
    let mut issues = Issues::default();
    let around = Around { implicit: &implicit, schema: Some(&schema), source: &source, uri: &uri };
    let subtree = Subtree::read(&source.get(&uri, 1 << 20).unwrap(), &around, &mut issues);
    (issues, subtree.is_some())
}

#[test]
fn a_tileset_is_a_layer_of_the_city_and_survives_the_pack() {
    let Some(folder) = data("city/3dtiles/v1.0_tileset_of_tilesets") else { return };
    let cache = tempfile::tempdir().unwrap();
    let options = LoadOptions::default();
    let reads = std::cell::Cell::new(0);
    let count = |line: &str| reads.set(reads.get() + usize::from(line.contains("读取")));
    // The folder stands for its tileset.json.
    let (city, report) = load_cached(cache.path(), std::slice::from_ref(&folder), &options, &count).unwrap();
    let layer = &city.tilesets[0];
    assert_eq!((city.epsg, city.tilesets.len(), reads.get()), (32618, 1, 1));
    assert!(Path::new(&layer.path).ends_with("v1.0_tileset_of_tilesets/tileset.json"));
    assert_eq!(layer.name.zh, "v1.0_tileset_of_tilesets");
    assert_eq!(report.read["3d_tiles_features"], 50);
    assert_eq!(report.read["3d_tiles_tilesets"], 3);
    assert_eq!(report.read["3d_tiles_contents"], 5);
    assert!(report.problems.iter().any(|p| p.message.contains("above the ellipsoid")), "{report:?}");
    // The city is as large as the tiles; they nearly stand at height 0 and are not lifted.
    let wide = city.extent[2] - city.extent[0];
    assert!((250.0..700.0).contains(&wide), "{:?}", city.extent);
    assert_eq!(layer.lift_m(None), 0.0);
    let (again, _) = load_cached(cache.path(), &[folder.join("tileset.json")], &options, &count).unwrap();
    assert_eq!((again.tilesets, reads.get()), (city.tilesets.clone(), 1), "from the pack");
    let facts = inspect(&folder).unwrap();
    assert_eq!((facts.format.as_str(), facts.version.as_str(), facts.crs.as_str()), ("3D Tiles", "1.0", "EPSG:4978"));
    let tile = inspect(&folder.join("lr.b3dm")).unwrap_err();
    assert!(tile.reason.contains("tileset.json"), "{tile}");
}

#[test]
fn every_malformed_file_has_its_exact_reason() {
    let Some(folder) = data("malformed/3dtiles") else { return };
    let list = std::fs::read(folder.join("expected_issues.json")).unwrap();
    let all: BTreeMap<String, Value> = serde_json::from_slice(&list).unwrap();
    // Of the validator's codes, these come from files that are not here.
    let elsewhere: BTreeMap<&str, &str> = BTreeMap::from([
        // Semantics are checked against schemas of meanings; this is such a schema, and no tileset.
        ("METADATA_SEMANTIC_INVALID", "PROPERTY_MISSING"),
        ("EXTERNAL_TILESET_VALIDATION_ERROR", "IO_ERROR"),
        ("CONTENT_VALIDATION_ERROR", "IO_ERROR"),
        ("CONTENT_VALIDATION_WARNING", "IO_ERROR"),
        ("CONTENT_VALIDATION_INFO", "IO_ERROR"),
    ]);
    let (mut right, mut wrong) = (0, Vec::new());
    for (name, want) in &all {
        let (issues, _) = try_malformed(&folder, name);
        let found: BTreeSet<&str> = issues.list.iter().map(|i| i.kind.code()).collect();
        let codes: Vec<&str> = want["types"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for code in codes {
            let instead = elsewhere.get(code).copied();
            // A schema elsewhere cannot be read, nor can an archive be opened.
            let absent = name.contains("SchemaFromUri") && found.contains("IO_ERROR");
            let archive = name.contains("3tz") && found.contains("EXTENSION_NOT_SUPPORTED");
            if found.contains(code) || instead.is_some_and(|c| found.contains(c)) || absent || archive {
                right += 1;
            } else {
                wrong.push(format!("{name}: {code} not in {:?}", issues.list));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), right + wrong.len(), wrong.join("\n"));
    assert!(right >= 110, "{right}");
}

#[test]
fn controls_have_no_complaint_but_absent_files_and_refusals_are_for_a_reason() {
    let Some(folder) = data("malformed/3dtiles") else { return };
    for name in [
        "subtree/binarySubtreeValid.subtree",
        "subtree/validSubtree.json",
        "tileset/validTileset.json",
        "tileset/tileTransformNonInvertible.json",
    ] {
        let (issues, good) = try_malformed(&folder, name);
        assert!(good && issues.list.is_empty(), "{name}: {issues:?}");
    }
    for name in ["tileset/tileContentBoundingVolumeWithTransform.json", "tileset/tilesetWithMultipleExternal.json"] {
        let (issues, good) = try_malformed(&folder, name);
        assert!(good && issues.list.iter().all(|i| i.kind == Kind::Io), "{name}: {issues:?}");
    }
    // What cannot be known is refused, what can be put right is.
    for (name, usable) in [
        ("tileset/tilesetAssetMissing.json", false),
        ("tileset/boundingVolumeMissingProperty.json", false),
        ("tileset/tileTransformInvalidType.json", false),
        ("tileset/extensionsRequiredDuplicateElement.json", false),
        ("tileset/implicitTilingSubtreesUriMissing.json", false),
        ("tileset/tileRefineMissingInRoot.json", true),
        ("tileset/tileGeometricErrorMissing.json", true),
        ("tileset/tileWithContentAndContents.json", true),
        ("tileset/tileMetadataScalarValueNotInRange.json", true),
        ("subtree/subtreeTileAvailabilityBitstreamLengthTooSmall.json", false),
        ("subtree/subtreeTileAvailabilityBitstreamLengthTooLarge.json", true),
        ("subtree/subtreeTileAvailabilityForParentMissingForAvailableTile.json", true),
    ] {
        let (issues, good) = try_malformed(&folder, name);
        assert_eq!(good, usable, "{name}: {issues:?}");
        assert_eq!(issues.fatal().is_some(), !usable, "{name}: {issues:?}");
        assert!(issues.list.iter().all(|i| !i.message.is_empty()));
    }
}

#[test]
fn broken_contents_are_refused_or_read_with_a_word() {
    let Some(folder) = data("malformed/3dtiles/tiles") else { return };
    let read = |name: &str| {
        let (source, uri) = LocalFolder::open(&folder.join(name)).unwrap();
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: &uri, transform: &M4::IDENTITY, placing: &placing, source: &source, z_up: false };
        let good = decode(&source.get(&uri, 1 << 20).unwrap(), &context, &mut issues).is_some();
        (good, issues)
    };
    for (name, usable, kind, words) in [
        ("invalid.b3dm", false, Kind::BinaryValue, "version 2"),
        ("invalidAlignment.b3dm", true, Kind::BinaryAlignment, "multiple of 8"),
        ("TriangleGlbWithInvalidLength.glb", false, Kind::Content, "680"),
        ("invalid.3tz", false, Kind::Content, "neither"),
    ] {
        let (good, issues) = read(name);
        assert_eq!(good, usable, "{name} {issues:?}");
        assert!(issues.list.iter().any(|i| i.kind == kind && i.message.contains(words)), "{name} {issues:?}");
    }
}

#[test]
fn addresses_of_implicit_tiles_follow_the_sample() {
    let Some(path) = data("city/3dtiles/v1.1_sparse_implicit_quadtree/tileset.json") else { return };
    let set = open(&path).unwrap();
    let (tree, contents, _) = whole_tree(&set);
    // Every content on the disk is found, each inside its tile's volume.
    let names: BTreeSet<String> = std::fs::read_dir(path.parent().unwrap().join("content"))
        .unwrap()
        .map(|e| format!("content/{}", e.unwrap().file_name().to_string_lossy()))
        .collect();
    assert_eq!(contents.keys().cloned().collect::<BTreeSet<_>>(), names);
    for node in &tree.nodes {
        for content in &node.contents {
            let (low, high) = contents[&content.uri].bounds.unwrap();
            for p in [low, high] {
                assert!(node.volume.distance_m(p.map(f64::from)) < 0.02, "{} {p:?} {:?}", content.uri, node.volume);
            }
        }
    }
    let implicit = set.tileset.tiles[0].implicit.as_ref().unwrap();
    assert_eq!(implicit.subtree_of(Coord { level: 5, x: 21, y: 0, z: 0 }), Coord { level: 3, x: 5, y: 0, z: 0 });
}

mod bytes {
    use super::*;
    use proptest::prelude::*;

    struct Nothing;
    impl TileSource for Nothing {
        fn get(&self, _: &str, _: u64) -> Result<Vec<u8>, String> {
            Err("nothing is here".into())
        }
    }

    fn decode_any(bytes: &[u8]) {
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: "t", transform: &M4::IDENTITY, placing: &placing, source: &Nothing, z_up: false };
        if let Some(Loaded::Content(content)) = decode(bytes, &context, &mut issues) {
            let total = content.mesh.positions.len() as u32;
            assert!(content.mesh.indices.iter().all(|i| *i < total));
            assert_eq!(content.mesh.features.len(), content.mesh.positions.len());
            assert_eq!(content.mesh.colors.len(), content.mesh.positions.len());
            let _ = content.properties(0);
            let _ = content.properties(u32::MAX - 1);
        }
    }

    fn tileset_any(bytes: &[u8]) {
        let mut issues = Issues::default();
        match Tileset::read(bytes, "tileset.json", &Nothing, &mut issues) {
            Some(tileset) => {
                let set_frame = LocalFrame::new(32618, [0.0; 2]);
                let mut tree = TileTree::new(&tileset, "tileset.json", set_frame, 0.0, &mut issues);
                for n in 0..tree.nodes.len().min(50) {
                    for ask in [Ask::Subtree { node: n as u32 }, Ask::Content { node: n as u32, content: 0 }] {
                        if let Some(job) = tree.job(ask) {
                            let (outcome, _) = job.run(&Nothing, &|| false);
                            assert!(matches!(outcome, Outcome::Failed));
                            tree.attach(ask, outcome, &mut issues);
                        }
                    }
                }
            }
            None => assert!(issues.fatal().is_some(), "refused without a reason"),
        }
    }

    fn subtree_any(bytes: &[u8], octree: bool) {
        let implicit = Implicit { octree, subtree_levels: 3, available_levels: 7, subtrees: String::new() };
        let around = Around { implicit: &implicit, schema: None, source: &Nothing, uri: "s" };
        let mut issues = Issues::default();
        if let Some(subtree) = Subtree::read(bytes, &around, &mut issues) {
            for n in 0..100 {
                let _ = subtree.tile_values(n);
                let _ = subtree.content_values(0, n);
            }
        } else {
            assert!(issues.fatal().is_some(), "refused without a reason");
        }
    }

    /// A b3dm, i3dm or pnts around parts.
    fn container(magic: &[u8; 4], features: &Value, bytes: &[u8], batch: &Value, body: &[u8]) -> Vec<u8> {
        let header = if magic == b"i3dm" { 32 } else { 28 };
        let pad = |mut text: Vec<u8>, filler: u8| {
            while !text.len().is_multiple_of(8) {
                text.push(filler);
            }
            text
        };
        let mut json = features.to_string().into_bytes();
        while !(header + json.len()).is_multiple_of(8) {
            json.push(b' ');
        }
        let binary = pad(bytes.to_vec(), 0);
        let batch = if batch.is_null() { Vec::new() } else { pad(batch.to_string().into_bytes(), b' ') };
        let body = pad(body.to_vec(), 0);
        let total = header + json.len() + binary.len() + batch.len() + body.len();
        let mut out = magic.to_vec();
        for v in [1, total, json.len(), binary.len(), batch.len(), 0] {
            out.extend((v as u32).to_le_bytes());
        }
        if header == 32 {
            out.extend(1u32.to_le_bytes());
        }
        for part in [json, binary, batch, body] {
            out.extend(part);
        }
        out
    }

    /// One triangle as GLB, with a `_BATCHID` of 0.
    fn triangle() -> Vec<u8> {
        let mut bin = Vec::new();
        for v in [0f32, 0., 0., 1., 0., 0., 0., 0., -1., 0., 0., 0.] {
            bin.extend(v.to_le_bytes());
        }
        let json = json!({"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "_BATCHID": 1}}]}],
            "buffers": [{"byteLength": 48}], "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 12}],
            "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, -1], "max": [1, 0, 0]},
                {"bufferView": 1, "componentType": 5126, "count": 3, "type": "SCALAR"}]});
        glb(&json, &bin)
    }

    fn glb(json: &Value, bin: &[u8]) -> Vec<u8> {
        let mut text = json.to_string().into_bytes();
        while !text.len().is_multiple_of(4) {
            text.push(b' ');
        }
        let mut out = b"glTF".to_vec();
        for v in [2, 12 + 8 + text.len() + 8 + bin.len(), text.len()] {
            out.extend((v as u32).to_le_bytes());
        }
        out.extend(b"JSON");
        out.extend(&text);
        out.extend((bin.len() as u32).to_le_bytes());
        out.extend(b"BIN\0");
        out.extend(bin);
        out
    }

    fn instances() -> Vec<u8> {
        let mut bytes = Vec::new();
        for v in [10f32, 20., 30., -10., 0., 5.] {
            bytes.extend(v.to_le_bytes());
        }
        bytes.extend([2f32.to_le_bytes(), 3f32.to_le_bytes()].concat());
        let features = json!({"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": 0}, "SCALE": {"byteOffset": 24}});
        container(b"i3dm", &features, &bytes, &json!({"name": ["a", "b"]}), &triangle())
    }

    fn composite() -> Vec<u8> {
        let inner =
            [instances(), container(b"b3dm", &json!({"BATCH_LENGTH": 1}), &[], &json!({"id": [7]}), &triangle())];
        let total = 16 + inner.iter().map(Vec::len).sum::<usize>();
        let mut out = b"cmpt".to_vec();
        for v in [1, total, 2] {
            out.extend((v as u32).to_le_bytes());
        }
        out.extend(inner.concat());
        out
    }

    #[test]
    fn instances_and_composites() {
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: "t", transform: &M4::IDENTITY, placing: &placing, source: &Nothing, z_up: false };
        let Some(Loaded::Content(c)) = decode(&composite(), &context, &mut issues) else { panic!("{issues:?}") };
        assert!(issues.list.is_empty(), "{issues:?}");
        assert_eq!((c.instances, c.features, c.mesh.indices.len() / 3), (2, 3, 3));
        // The first instance: twice as large, at its place; the model's -z is north.
        assert_eq!(c.mesh.positions[..3], [[10., 20., 30.], [12., 20., 30.], [10., 22., 30.]]);
        assert_eq!(c.mesh.features, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
        assert_eq!(c.properties(1), [("name".to_owned(), json!("b"))]);
        assert_eq!(c.properties(2), [("id".to_owned(), json!(7))]);
        assert_eq!(c.mesh.normals[0][..3], [0, 0, 127]);
    }

    #[test]
    fn quantised_points_and_instances_on_the_globe() {
        let mut bytes = Vec::new();
        for v in [0u16, 0, 0, 65_535, 65_535, 0] {
            bytes.extend(v.to_le_bytes());
        }
        bytes.extend([255, 0, 0, 0, 255, 0]);
        let features = json!({"POINTS_LENGTH": 2, "POSITION_QUANTIZED": {"byteOffset": 0}, "RGB": {"byteOffset": 12},
            "QUANTIZED_VOLUME_OFFSET": [1, 2, 3], "QUANTIZED_VOLUME_SCALE": [10, 10, 10], "RTC_CENTER": [100, 0, 0]});
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: "t", transform: &M4::IDENTITY, placing: &placing, source: &Nothing, z_up: false };
        let pnts = container(b"pnts", &features, &bytes, &Value::Null, &[]);
        let Some(Loaded::Content(c)) = decode(&pnts, &context, &mut issues) else { panic!("{issues:?}") };
        assert_eq!(c.points.positions, [[101., 2., 3.], [111., 12., 3.]]);
        assert_eq!(c.points.colors[0][1], 0);

        let frame = frame();
        let at = guanlan_geography::ecef::from_geodetic(-75.612, 40.0425, 12.0);
        let features =
            json!({"INSTANCES_LENGTH": 1, "POSITION": {"byteOffset": 0}, "RTC_CENTER": at, "EAST_NORTH_UP": true});
        let tile = container(b"i3dm", &features, &[0; 12], &Value::Null, &triangle());
        let placing = Placing::Globe { frame, lift_m: 0.0 };
        let context = Context { placing: &placing, ..context };
        let Some(Loaded::Content(c)) = decode(&tile, &context, &mut issues) else { panic!("{issues:?}") };
        for (p, want) in c.mesh.positions.iter().zip([[0., 0., 12.], [1., 0., 12.], [0., 1., 12.]]) {
            assert!((0..3).all(|k| (p[k] - want[k]).abs() < 0.03), "{p:?} {want:?}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let odd = json!({"asset": {"version": "2.0"}, "extensionsUsed": ["FB_geometry_metadata"],
            "extensionsRequired": ["FB_geometry_metadata"]});
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: "t", transform: &M4::IDENTITY, placing: &placing, source: &Nothing, z_up: false };
        assert!(decode(odd.to_string().as_bytes(), &context, &mut issues).is_none());
        assert!(issues.fatal().unwrap().message.contains("FB_geometry_metadata"), "{issues:?}");
        let mut issues = Issues::default();
        let pnts = json!({"POINTS_LENGTH": 1, "extensions": {"3DTILES_draco_point_compression": {}}});
        assert!(decode(&container(b"pnts", &pnts, &[], &Value::Null, &[]), &context, &mut issues).is_none());
        assert!(issues.fatal().unwrap().message.contains("3DTILES_draco_point_compression"), "{issues:?}");
    }

    /// A textured triangle: its picture, where it lies on it, and what is clear in it.
    #[test]
    fn pictures_cover_triangles() {
        let mut bin = Vec::new();
        for v in [0f32, 0., 0., 1., 0., 0., 0., 0., -1., 0., 0., 1., 0., 0., 1.] {
            bin.extend(v.to_le_bytes());
        }
        let mut png = std::io::Cursor::new(Vec::new());
        let picture =
            image::RgbaImage::from_fn(4, 2, |x, _| image::Rgba(if x < 2 { [255, 0, 0, 255] } else { [0, 0, 0, 0] }));
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let png = png.into_inner();
        let at = bin.len();
        bin.extend(&png);
        let json = json!({"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "extensionsUsed": ["EXT_texture_webp", "KHR_texture_transform", "EXT_mesh_features"],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "material": 0,
                "extensions": {"EXT_mesh_features": {"featureIds": [{"featureCount": 256, "texture": {"index": 0, "channels": [0]}}]}}}]}],
            "materials": [{"alphaMode": "MASK", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0,
                "extensions": {"KHR_texture_transform": {"scale": [0.5, 1.0], "offset": [0.25, 0.0]}}}}}],
            "textures": [{"sampler": 0, "extensions": {"EXT_texture_webp": {"source": 0}}}],
            "samplers": [{"wrapS": 33071}], "images": [{"bufferView": 2, "mimeType": "image/webp"}],
            "buffers": [{"byteLength": bin.len()}],
            "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 24},
                {"buffer": 0, "byteOffset": at, "byteLength": png.len()}],
            "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, -1], "max": [1, 0, 0]},
                {"bufferView": 1, "componentType": 5126, "count": 3, "type": "VEC2"}]});
        let glb = glb(&json, &bin);
        let mut issues = Issues::default();
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let context = Context { uri: "t", transform: &M4::IDENTITY, placing: &placing, source: &Nothing, z_up: false };
        let Some(Loaded::Content(c)) = decode(&glb, &context, &mut issues) else { panic!("{issues:?}") };
        assert!(issues.list.is_empty(), "{issues:?}");
        assert_eq!(c.mesh.uvs, [[0.25, 0.0], [0.75, 0.0], [0.25, 1.0]]);
        assert_eq!((c.mesh.runs.len(), c.mesh.runs[0].look, c.mesh.runs[0].indices.clone()), (1, Some(0), 0..3));
        let look = &c.looks[0];
        assert_eq!((look.cutoff, look.wrap), (0.5, [tiles3d::Wrap::Clamp, tiles3d::Wrap::Repeat]));
        assert_eq!((look.picture.width, look.picture.height, look.picture.levels.len()), (4, 2, 3));
        // Ids in the picture, without the transform of its colours: red at the left, 0 at the right.
        assert_eq!(c.mesh.features, [255, 255, 255]);
        assert!(c.bytes() > 4 * 8);
    }

    fn damaged(mut bytes: Vec<u8>, changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
        for (at, v) in changes {
            let n = bytes.len();
            if n > 0 {
                bytes[at % n] = *v;
            }
        }
        let keep = bytes.len() - cut.min(bytes.len());
        bytes.truncate(keep);
        bytes
    }

    fn sample_tileset() -> String {
        json!({"asset": {"version": "1.1"}, "geometricError": 100, "schema": {"id": "s", "classes": {"c": {"properties":
            {"p": {"type": "SCALAR", "componentType": "UINT8"}}}}}, "metadata": {"class": "c", "properties": {"p": 3}},
            "root": {"boundingVolume": {"region": [-1.32, 0.698, -1.31, 0.699, 0, 20]}, "geometricError": 50, "refine": "ADD",
            "contents": [{"uri": "a.b3dm"}, {"uri": "b.json"}], "children": [{"boundingVolume": {"box": [0,0,0,1,0,0,0,1,0,0,0,1]},
            "geometricError": 1, "transform": [1,0,0,0,0,1,0,0,0,0,1,0,1215000,-4736000,4081000,1], "content": {"uri": "{level}/{x}/{y}.glb"},
            "implicitTiling": {"subdivisionScheme": "QUADTREE", "subtreeLevels": 2, "availableLevels": 4, "subtrees": {"uri": "{level}-{x}-{y}"}}}]}})
        .to_string()
    }

    fn sample_subtree() -> Vec<u8> {
        let mut json = br#"{"buffers":[{"byteLength":16}],"bufferViews":[{"buffer":0,"byteOffset":0,"byteLength":3},{"buffer":0,"byteOffset":8,"byteLength":8}],"tileAvailability":{"bitstream":0,"availableCount":7},"contentAvailability":[{"constant":0}],"childSubtreeAvailability":{"bitstream":1}}"#.to_vec();
        while !json.len().is_multiple_of(8) {
            json.push(b' ');
        }
        let mut out = b"subt".to_vec();
        out.extend(1u32.to_le_bytes());
        out.extend((json.len() as u64).to_le_bytes());
        out.extend(16u64.to_le_bytes());
        out.extend(&json);
        out.extend([0x0d, 0x32, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0x60, 6, 0x60, 0]);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn damaged_contents_never_panic(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..12), cut in 0usize..200, which in 0..3) {
            let bytes = match which {
                0 => composite(),
                1 => instances(),
                _ => container(b"b3dm", &json!({"BATCH_LENGTH": 2, "RTC_CENTER": [1, 2, 3]}), &[1; 16],
                    &json!({"h": {"byteOffset": 0, "componentType": "FLOAT", "type": "VEC2"}}), &triangle()),
            };
            decode_any(&damaged(bytes, &changes, if cut > 100 { 0 } else { cut }));
        }

        #[test]
        fn arbitrary_contents_never_panic(magic in prop::sample::select(vec!["b3dm", "i3dm", "cmpt", "pnts", "glTF", "{"]), tail in prop::collection::vec(any::<u8>(), 0..300)) {
            decode_any(&[magic.as_bytes(), &[1, 0, 0, 0], &tail].concat());
            decode_any(&[magic.as_bytes(), &tail].concat());
        }

        #[test]
        fn damaged_tilesets_never_panic(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6), cut in 0usize..40) {
            let cut = if cut > 10 { 0 } else { cut };
            tileset_any(&damaged(sample_tileset().into_bytes(), &changes, cut));
        }

        #[test]
        fn damaged_subtrees_never_panic(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..10), cut in 0usize..60, octree: bool) {
            let cut = if cut > 30 { 0 } else { cut };
            subtree_any(&damaged(sample_subtree(), &changes, cut), octree);
        }

        #[test]
        fn values_of_every_kind_in_every_place(pointer in prop::sample::select(vec![
            "/asset", "/asset/version", "/geometricError", "/schema", "/schema/classes", "/schema/classes/c/properties/p", "/metadata",
            "/root", "/root/boundingVolume", "/root/boundingVolume/region", "/root/contents", "/root/contents/0", "/root/children",
            "/root/children/0/transform", "/root/children/0/implicitTiling", "/root/children/0/implicitTiling/subtrees",
            "/root/children/0/implicitTiling/subtreeLevels", "/root/children/0/boundingVolume/box"]),
            which in 0usize..9) {
            let mut value: Value = serde_json::from_str(&sample_tileset()).unwrap();
            let kinds = [json!(null), json!(true), json!(-1), json!(1e300), json!("x"), json!([]), json!({}), json!([1, "a", null]), json!(u64::MAX)];
            if let Some(slot) = value.pointer_mut(pointer) {
                *slot = kinds[which].clone();
            }
            tileset_any(value.to_string().as_bytes());
        }
    }
}
