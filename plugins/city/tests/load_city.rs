//! Files of several formats into one city; facts of single files.

use std::path::{Path, PathBuf};

use guanlan_city::{
    City, demo,
    export_tiff::write_geotiff_f32,
    import::{ImportError, LoadOptions, Report, Severity, inspect, load_city},
};
use guanlan_geography::LocalFrame;
use serde_json::Value;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn data() -> Option<PathBuf> {
    let root = PathBuf::from(DATA);
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: no {DATA}");
    None
}

fn load(paths: &[PathBuf], crs_override: Option<u32>) -> Result<(City, Report), ImportError> {
    load_city(paths, &LoadOptions { crs_override, ..LoadOptions::default() }, &|_| {})
}

fn told(report: &Report, text: &str) -> bool {
    report.problems.iter().any(|p| p.message.contains(text))
}

#[test]
fn chinese_roads_get_a_cgcs2000_frame() {
    let Some(root) = data() else { return };
    let (city, report) = load(&[root.join("osm/shanghai_puxi_roads.osm")], None).expect("good");
    assert_eq!(city.epsg, 4549);
    assert!(!city.roads.is_empty() && city.buildings.is_empty() && city.terrain.is_none());
    assert!(told(&report, "WGS 84 taken as CGCS2000"), "{report:?}");
    let middle = LocalFrame::new(city.epsg, city.origin).to_lonlat([0.0, 0.0]).expect("inside");
    assert!((middle[0] - 121.4737).abs() < 0.001 && (middle[1] - 31.2304).abs() < 0.001, "{middle:?}");
    // The extract is about 2.4 km wide.
    assert!((2000.0..3000.0).contains(&(city.extent[2] - city.extent[0])), "{:?}", city.extent);
    assert_eq!(city.name.zh, "shanghai_puxi_roads");
}

#[test]
fn buildings_stand_on_terrain_of_another_crs() {
    let Some(root) = data() else { return };
    // A plane of 30 m rising to the east by 1 in 100, in UTM 33N, far wider than the district.
    let dir = tempfile::tempdir().expect("temporary folder");
    let tif = dir.path().join("ground.tif");
    let utm = LocalFrame::new(32633, [0.0; 2]);
    let at = utm.from_lonlat(13.4365, 52.477).expect("inside");
    let (cols, rows, cell) = (1000, 1000, 20.0);
    let (west, north) = ((at[0] - 10_000.0).round(), (at[1] + 10_000.0).round());
    let z: Vec<f32> = (0..rows * cols).map(|i| 30.0 + ((i % cols) as f32 + 0.5) * 0.2 - 100.0).collect();
    write_geotiff_f32(&tif, cols, rows, west, north, cell, 32633, -9999.0, &z).expect("written");
    let osm = root.join("osm/berlin_neukoelln.osm");
    let (city, report) = load(&[osm.clone(), tif], None).expect("good");
    assert_eq!(city.epsg, 32633, "the terrain's projected CRS is the frame");
    let terrain = city.terrain.as_ref().expect("terrain");
    assert!(terrain.cols < 400 && told(&report, "within 1000 m of the city"), "{} {report:?}", terrain.cols);
    let (mut seen, mut far) = (0, 0);
    for building in &city.buildings {
        let base = building.parts.iter().map(|p| p.base_m).fold(f32::MAX, f32::min);
        let [x, y] = building.centre().expect("footprint");
        let ground = terrain.height_m(f64::from(x), f64::from(y)).expect("data");
        let want = 30.0 + (f64::from(x) + city.origin[0] - west) / cell * 0.2 - 100.0;
        assert!((f64::from(ground) - want).abs() < 0.02, "{ground} {want}");
        seen += 1;
        far += usize::from((base - ground).abs() > 1.0);
    }
    assert!(seen > 100 && far < seen / 10, "{far} of {seen} buildings are off the ground");
    // Without terrain they stand at 0 and the report says so.
    let (flat, report) = load(&[osm], None).expect("good");
    assert_eq!(flat.epsg, 32633);
    assert!(told(&report, "no terrain") && flat.buildings.len() == city.buildings.len());
}

#[test]
fn drains_by_crs_or_by_themselves() {
    let Some(root) = data() else { return };
    let inp = root.join("drainage/bellinge_small.inp");
    let (alone, report) = load(&[inp.clone()], None).expect("good");
    assert_eq!(alone.epsg, 0);
    assert!(told(&report, "no file says where on Earth it lies"));
    let width = alone.extent[2] - alone.extent[0];
    assert!((width - 223.2).abs() < 0.1, "{width}");
    let (placed, _) = load(&[inp.clone()], Some(25832)).expect("good");
    assert_eq!(placed.epsg, 25832);
    let network = placed.drainage.expect("network");
    let node = network.nodes.iter().find(|n| n.id == "G72F820").and_then(|n| n.place_m).expect("placed");
    let frame = LocalFrame::new(25832, placed.origin);
    let back = frame.to_projected(node);
    assert!((back[0] - 583_337.37).abs() < 1e-6 && (back[1] - 6_132_947.790_124).abs() < 1e-5, "{back:?}");
    let lonlat = frame.to_lonlat(node).expect("inside");
    assert!((10.0..10.6).contains(&lonlat[0]) && (55.2..55.5).contains(&lonlat[1]), "Odense, Denmark: {lonlat:?}");
    // Feet become metres when nothing else is known.
    let (feet, report) = load(&[root.join("drainage/update_v52_Example7-Final.inp")], None).expect("good");
    assert!(told(&report, "feet made metres"));
    assert!((feet.extent[2] - feet.extent[0] - (1411.468 - 122.363) * 0.3048).abs() < 0.1, "{:?}", feet.extent);
    // A network in no known place does not end up in another country.
    let (city, report) = load(&[root.join("osm/planegg_bbox.osm"), inp], None).expect("good");
    assert!(city.drainage.is_none() && told(&report, "names no CRS"), "{report:?}");
    assert!(city.extent[2] < 5000.0);
}

#[test]
fn crs_override_and_guesses() {
    let Some(root) = data() else { return };
    let zurich = root.join("terrain/zurich_dem_25m.tif");
    let (city, _) = load(&[zurich.clone()], Some(21781)).expect("good");
    assert_eq!(city.epsg, 21781);
    let middle = LocalFrame::new(city.epsg, city.origin).to_lonlat([0.0, 0.0]).expect("inside");
    assert!((middle[0] - 8.54).abs() < 0.05 && (middle[1] - 47.38).abs() < 0.05, "Zürich: {middle:?}");
    let (city, report) = load(&[root.join("terrain/srtm_front_range_geographic.asc")], None).expect("good");
    assert_eq!(city.epsg, 32613);
    assert!(told(&report, "can only be longitude and latitude"));
    // One file that names its CRS: the override wins, and the report says so.
    let (city, report) = load(&[root.join("terrain/lidar_dem_1m.tif")], Some(26914)).expect("good");
    assert_eq!(city.epsg, 26914);
    assert!(told(&report, "the file says EPSG:26915; EPSG:26914 was given and used instead"), "{report:?}");
    // Files on two continents.
    let (city, report) =
        load(&[root.join("osm/planegg_bbox.osm"), root.join("terrain/lidar_dem_1m.tif")], None).expect("good");
    assert!(told(&report, "km from the other files"), "{report:?}");
    assert!(city.terrain.is_none() != city.buildings.is_empty());
}

/// Projected GeoJSON without a `crs` member: refused alone, read with the word of who knows, or in the city's own CRS.
#[test]
fn geojson_of_an_unknown_system_may_be_told_where_it_lies() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let roads = dir.path().join("roads.geojson");
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"highway":"primary"},
        "geometry":{"type":"LineString","coordinates":[[516000,3350000],[516500,3350100]]}}]}"#;
    std::fs::write(&roads, text).expect("written");
    let alone = load(&[roads.clone()], None).expect_err("nobody knows");
    assert!(alone.reason.contains("--crs EPSG:n"), "{alone}");
    let (city, _) = load(&[roads.clone()], Some(4549)).expect("told");
    assert_eq!((city.epsg, city.roads.len()), (4549, 1));
    assert!(city.extent[2] - city.extent[0] < 1000.0, "{:?}", city.extent);
    let dem = dir.path().join("dem.tif");
    write_geotiff_f32(&dem, 4, 4, 515_000.0, 3_351_000.0, 500.0, 4549, -9999.0, &[2.0; 16]).expect("written");
    let (city, report) = load(&[roads, dem], None).expect("beside a city");
    assert!(city.roads.len() == 1 && told(&report, "coordinates taken as EPSG:4549"), "{report:?}");
}

/// Two rasters far apart are not one city, and not none either: the first stays.
#[test]
fn far_rasters_leave_the_first() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let file = |name: &str, west: f64| {
        let path = dir.path().join(name);
        write_geotiff_f32(&path, 4, 4, west, 3_351_000.0, 500.0, 4549, -9999.0, &[2.0; 16]).expect("written");
        path
    };
    let (city, report) = load(&[file("a.tif", 500_000.0), file("b.tif", 950_000.0)], None).expect("good");
    assert!(city.terrain.is_some_and(|t| t.cols == 4), "{report:?}");
    assert!(report.problems.iter().any(|p| p.where_.contains("b.tif") && p.message.contains("km from the other")));
}

#[test]
fn every_city_file_loads_by_itself() {
    let Some(root) = data() else { return };
    let mut files = Vec::new();
    collect(&root.join("city/cityjson"), &mut files);
    files.retain(|path| path.to_string_lossy().contains(".city.json"));
    let mut seen = 0;
    for path in files {
        let (city, report) = load(&[path.clone()], None).unwrap_or_else(|e| panic!("{e}"));
        let any = city.buildings.len() + city.surfaces.len() + city.landmarks.len();
        assert!(any > 0 || !report.problems.is_empty(), "{}", path.display());
        assert!(city.extent.iter().all(|v| v.is_finite() && v.abs() < 1e5), "{} {:?}", path.display(), city.extent);
        seen += 1;
    }
    assert!(seen > 3, "{seen} CityJSON files");
}

#[test]
fn inspect_tells_the_figures() {
    let Some(root) = data() else { return };
    let text = std::fs::read_to_string(root.join("expected.json")).expect("text");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let facts = inspect(&root.join("terrain/lidar_dem_1m.tif")).expect("good");
    assert_eq!((facts.format.as_str(), facts.crs.as_str()), ("GeoTIFF", "EPSG:26915"));
    assert_eq!((facts.counts["cols"], facts.counts["rows"]), (400, 400));
    let bounds = &expected["terrain/lidar_dem_1m.tif"]["bounds"];
    let extent = facts.extent.expect("extent");
    for (got, i) in [(extent[0], 0), (extent[1], 1), (extent[3], 2), (extent[4], 3)] {
        assert!((got - bounds[i].as_f64().expect("number")).abs() < 1e-6);
    }
    assert!((extent[2] - 379.659_332).abs() < 1e-5 && (extent[5] - 410.758_667).abs() < 1e-5);
    let facts = inspect(&root.join("terrain/hugo_site_10m.asc")).expect("good");
    assert_eq!((facts.format.as_str(), facts.crs.as_str(), facts.counts["cols"]), ("ESRI ASCII grid", "", 76));
    let facts = inspect(&root.join("drainage/user_user1.inp")).expect("good");
    assert_eq!(facts.format, "SWMM");
    for (class, n) in [("junctions", 59), ("outfalls", 1), ("conduits", 59), ("pumps", 0), ("subcatchments", 58)] {
        assert_eq!(facts.counts[class], n, "{class}");
    }
    let facts = inspect(&root.join("osm/planegg_bbox.osm")).expect("good");
    assert_eq!((facts.counts["nodes"], facts.counts["ways"], facts.counts["relations"]), (281, 56, 3));
}

/// The demo city goes the way of any other city: every layer arrives, in one frame, and nothing is left out.
#[test]
fn the_demo_city_arrives_whole() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let demo = demo::generate(dir.path(), &demo::DemoParams::default()).expect("written");
    let frame = Some(LocalFrame::new(demo.epsg, demo.origin));
    let options = LoadOptions { frame, name: Some(demo.name.clone()), ..LoadOptions::default() };
    let lines = std::cell::RefCell::new(0);
    let (city, report) = load_city(&demo.files, &options, &|_| *lines.borrow_mut() += 1).expect("good");
    assert!(*lines.borrow() >= demo.files.len());
    for (what, n) in [
        ("buildings", city.buildings.len()),
        ("roads", city.roads.len()),
        ("surfaces", city.surfaces.len()),
        ("areas", city.areas.len()),
        ("organisations", city.organisations.len()),
        ("persons", city.persons.len()),
        ("components", city.components.len()),
        ("places", city.places.len()),
        ("sensors", city.sensors.len()),
        ("units", city.units.len()),
        ("landmarks", city.landmarks.len()),
        ("drains", city.drainage.as_ref().map_or(0, |d| d.conduits.len())),
        ("terrain", city.terrain.as_ref().map_or(0, |t| t.z_m.len())),
    ] {
        assert!(n > 0, "no {what}");
    }
    assert_eq!((city.epsg, city.origin, city.name), (demo.epsg, demo.origin, demo.name));
    let loud: Vec<_> = report.problems.iter().filter(|p| p.severity >= Severity::Skipped).collect();
    assert!(loud.is_empty(), "{loud:?}");
    // Chosen from the files, the frame has the same CRS and lies in the same town.
    let (chosen, _) = load(&demo.files, None).expect("good");
    assert_eq!(chosen.epsg, demo.epsg);
    assert!((chosen.origin[0] - demo.origin[0]).hypot(chosen.origin[1] - demo.origin[1]) < 10_000.0);
}

/// A conformance file has tiny coordinates in EPSG:2355, far outside of where that system holds.
#[test]
fn coordinates_outside_their_crs_are_kept_and_told() {
    let Some(root) = data() else { return };
    let path = root.join("city/cityjson-conformance/cityjson_fake_complete.city.json");
    let (city, report) = load(&[path.clone()], None).expect("a valid file");
    assert_eq!(city.epsg, 2355);
    assert!(told(&report, "outside the domain of EPSG:2355"), "{report:?}");
    assert!(load(&[path], Some(999_999)).expect_err("no such CRS").reason.contains("EPSG:999999"));
}

/// Everything in the folder of malformed files, and every file of other kinds: an answer, no panic.
#[test]
fn malformed_files_are_answered() {
    let Some(root) = data() else { return };
    let mut files = Vec::new();
    for folder in ["malformed", "crs", "drainage", "feeds", "terrain"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 60);
    let mut refused = 0;
    for path in &files {
        let inspected = inspect(path);
        let loaded = load(std::slice::from_ref(path), None);
        if let Err(error) = &loaded {
            refused += 1;
            assert!(!error.reason.is_empty() && error.path == *path, "{error}");
        }
        if inspected.is_err() {
            assert!(loaded.is_err(), "{} loads but cannot be inspected", path.display());
        }
    }
    assert!(refused > 20, "{refused}");
    for name in ["malformed/cityjson/invalid_missing_type.json", "malformed/terrain/corrupt_cog.tif"] {
        assert!(load(&[root.join(name)], None).is_err(), "{name}");
    }
    assert!(load(&[], None).is_err());
    assert!(load(&[root.clone()], None).is_err());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

/// A raster far larger than the city: only what lies around the city is read.
#[test]
fn of_a_large_raster_the_part_around_the_city_is_read() {
    use guanlan_city::export_tiff::write_geotiff_f32;
    let dir = tempfile::tempdir().unwrap();
    let (tif, asc, osm) = (dir.path().join("dem.tif"), dir.path().join("dem.asc"), dir.path().join("town.osm"));
    // 40 km by 40 km of a slope to the east around a place on the meridian of EPSG:4549.
    let n = 800_usize;
    let z: Vec<f32> = (0..n * n).map(|i| (i % n) as f32).collect();
    write_geotiff_f32(&tif, n, n, 480_000.0, 3_370_000.0, 50.0, 4549, -9999.0, &z).unwrap();
    let rows = (0..n).map(|_| (0..n).map(|c| c.to_string()).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    let head = format!("ncols {n}\nnrows {n}\nxllcorner 480000\nyllcorner 3330000\ncellsize 50\n");
    std::fs::write(&asc, head + &rows.join("\n")).unwrap();
    let frame = LocalFrame::new(4549, [500_000.0, 3_350_000.0]);
    let corners: String = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]]
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let [lon, lat] = frame.to_lonlat(*p).unwrap();
            format!("<node id='{}' lon='{lon}' lat='{lat}'/>", i + 1)
        })
        .collect();
    let way = "<way id='9'><nd ref='1'/><nd ref='2'/><nd ref='3'/><nd ref='4'/><nd ref='1'/><tag k='building' v='yes'/></way>";
    std::fs::write(&osm, format!("<osm version='0.6'>{corners}{way}</osm>")).unwrap();
    for raster in [&tif, &asc] {
        let (city, report) = load(&[raster.clone(), osm.clone()], Some(4549)).expect("good");
        let t = city.terrain.as_ref().expect("terrain");
        assert!(t.cols < 100 && t.rows < 100, "{} x {}", t.cols, t.rows);
        let base = city.buildings[0].parts[0].base_m;
        assert!((base - 399.5).abs() < 1.0, "{}: the slope under the building: {base}", raster.display());
        assert!(told(&report, "cells read of 800 x 800"), "{:?}", report.problems);
    }
}
