//! Archives as people pass them around, and as nobody should.

use std::io::Write;

use guanlan_core::Lang;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::import::{Format, LoadOptions, detect, inspect, load_city, plain::plain_features};

const OSM: &str = "<osm version='0.6'><node id='1' lon='120' lat='30.28'/><node id='2' lon='120.001' lat='30.28'/>\
    <way id='3'><nd ref='1'/><nd ref='2'/><tag k='highway' v='residential'/></way></osm>";
const GEOJSON: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a","amenity":"school"},
    "geometry":{"type":"Point","coordinates":[120.0,30.28]}}]}"#;

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

/// An archive of members with their bytes.
fn zip(path: &Path, members: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|p| file_name(p)).collect()
}

#[test]
fn a_shapefile_comes_with_its_table_and_system() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("房屋.zip");
    let (shp, dbf, prj, cpg) = (data("houses.shp"), data("houses.dbf"), data("houses.prj"), data("houses.cpg"));
    // A folder in it, a table in other letters, and what systems leave behind.
    zip(
        &path,
        &[
            ("town/Houses.shp", &shp),
            ("town/HOUSES.DBF", &dbf),
            ("town/houses.prj", &prj),
            ("town/houses.cpg", &cpg),
            ("readme.pdf", b"%PDF"),
            ("__MACOSX/town/._Houses.shp", b"x"),
        ],
    );
    let found = datasets(&path).unwrap();
    assert_eq!(names(&found), ["房屋.zip/town/Houses.shp"]);
    assert_eq!(detect(&path).unwrap(), Format::Shapefile);
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/houses.shp");
    let (own, other) = (inspect(&found[0]).unwrap(), inspect(&plain).unwrap());
    let features = |f: &crate::import::FileFacts| (f.counts["features"], f.crs.clone(), f.extent, f.problems.clone());
    assert_eq!(features(&own), features(&other));
    assert_eq!((own.path, inspect(&path).unwrap().path), (found[0].clone(), path.clone()));
    let frame = guanlan_geography::LocalFrame::new(4549, [500_000.0, 3_350_000.0]);
    assert_eq!(plain_features(&path, &frame, None, 1000).unwrap().0.len(), 2);
    let options = LoadOptions { lang: Lang::En, ..LoadOptions::default() };
    let (city, report) = load_city(std::slice::from_ref(&path), &options, &|_| {}).unwrap();
    let (same, _) = load_city(&[plain], &options, &|_| {}).unwrap();
    assert_eq!((city.buildings.len(), &city.buildings[0].name), (same.buildings.len(), &same.buildings[0].name));
    assert_eq!(city.sources[0].file, "房屋.zip/town/Houses.shp");
    let left = report.problems.iter().find(|p| p.message.contains("of no format that is read")).unwrap();
    assert!(left.where_.contains("readme.pdf") && left.message_zh.contains("1 个文件"), "{left:?}");
}

#[test]
fn several_datasets_are_several_inputs_and_the_pack_follows_the_archive() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("all.zip");
    let asc = "ncols 2\nnrows 2\nxllcorner 120\nyllcorner 30.28\ncellsize 0.001\n1 2\n3 4\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(GEOJSON.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let members: [(&str, &[u8]); 4] = [
        ("b/places.json.gz", &packed),
        ("b/about.json", b"{\"title\":\"x\"}"),
        ("roads.osm", OSM.as_bytes()),
        ("dem.txt", asc.as_bytes()),
    ];
    zip(&path, &members);
    let found = datasets(&path).unwrap();
    assert_eq!(names(&found), ["all.zip/b/places.json.gz", "all.zip/dem.txt", "all.zip/roads.osm"]);
    let error = detect(&path).unwrap_err();
    assert!(error.reason.contains("holds 3 datasets"), "{error}");
    let options = LoadOptions::default();
    let (city, report) = load_city(std::slice::from_ref(&path), &options, &|_| {}).unwrap();
    assert_eq!((city.roads.len(), city.places.len(), city.terrain.is_some()), (1, 1, true), "{report:?}");
    // The same by a pack, which knows it again until the archive changes.
    let pack = dir.path().join("pack");
    let opened = crate::pack::import(&pack, std::slice::from_ref(&path), &options, &|_| {}).unwrap();
    assert_eq!((opened.city.roads.len(), opened.rebuilt.is_empty()), (1, false));
    let again = crate::pack::import(&pack, std::slice::from_ref(&path), &options, &|_| {}).unwrap();
    assert_eq!((again.city.roads.len(), again.rebuilt.len()), (1, 0), "{:?}", again.rebuilt);
    assert!(crate::pack::open(&pack, Lang::En, &|_| {}).unwrap().notices.is_empty());
    zip(&path, &members[2..]);
    let changed = crate::pack::import(&pack, std::slice::from_ref(&path), &options, &|_| {}).unwrap();
    assert_eq!((changed.city.roads.len(), changed.city.places.len()), (1, 0));
    // One member by its own name.
    assert_eq!(inspect(&path.join("roads.osm")).unwrap().counts["roads"], 1);
    let gone = inspect(&path.join("b/places.json.gz")).unwrap_err();
    assert!(gone.reason.contains("there is no 'b/places.json.gz'"), "{gone}");
}

#[test]
fn a_packed_raster_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dem_zstd_f64.tif");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&std::fs::read(&plain).unwrap()).unwrap();
    let packed = dir.path().join("DEM.TIF.GZ");
    std::fs::write(&packed, gz.finish().unwrap()).unwrap();
    let (own, other) = (inspect(&packed).unwrap(), inspect(&plain).unwrap());
    assert_eq!((own.counts, own.extent, own.crs), (other.counts, other.extent, other.crs));
}

#[test]
fn what_nobody_should_pass_around_is_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zip");
    let refused = |members: &[(&str, &[u8])], want: &str| {
        zip(&path, members);
        let error = datasets(&path).and_then(|all| open(&all[0])).unwrap_err();
        assert!(error.reason.contains(want), "{want}: {error}");
        assert_ne!(error.text().zh, error.text().en, "in Chinese, too");
    };
    refused(&[("../a.osm", OSM.as_bytes())], "leads out of the archive ('../a.osm')");
    refused(&[("x/..\\..\\a.osm", OSM.as_bytes())], "leads out of the archive");
    refused(&[("/etc/a.osm", OSM.as_bytes())], "leads out of the archive");
    refused(&[("C:/a.osm", OSM.as_bytes())], "leads out of the archive");
    refused(&[("inner.zip", b"PK"), ("readme.md", b"x")], "holds archives (inner.zip)");
    refused(
        &[("readme.md", b"x"), ("b.json", b"{\"a\":1}")],
        "holds nothing that is read (readme.md, b.json), expected CityJSON",
    );
    refused(&[], "the archive is empty");
    // A grid of zeros: a thousand to one, far beyond what the archive's size allows.
    let mut bomb = ZipWriter::new(File::create(&path).unwrap());
    bomb.start_file("zeros.tif", SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..600).for_each(|_| bomb.write_all(&zeros).unwrap());
    bomb.finish().unwrap();
    let error = inspect(&path).unwrap_err();
    assert!(error.reason.contains("unpacks to more than"), "{error}");
    // A password: the flag is set in both headers.
    zip(&path, &[("a.osm", OSM.as_bytes())]);
    let mut bytes = std::fs::read(&path).unwrap();
    let central = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[central + 8] |= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = inspect(&path).unwrap_err();
    assert!(error.reason.contains("locked by a password") && error.path == path.join("a.osm"), "{error}");
    // A size that lies in both headers is met while unpacking.
    zip(&path, &[("a.osm", OSM.as_bytes())]);
    let whole = std::fs::read(&path).unwrap();
    let mut lying = whole.clone();
    lying[22..26].copy_from_slice(&9_u32.to_le_bytes());
    lying[central + 24..central + 28].copy_from_slice(&9_u32.to_le_bytes());
    std::fs::write(&path, &lying).unwrap();
    let told = inspect(&path);
    assert!(told.is_err() || told.unwrap().counts["roads"] == 1);
    for cut in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(inspect(&path).is_err(), "cut off after {cut} bytes");
    }
}

#[test]
fn names_of_a_chinese_windows_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zip");
    zip(&path, &[("aaaa.osm", OSM.as_bytes())]);
    let mut bytes = std::fs::read(&path).unwrap();
    // 道路 in GBK, without the flag of UTF-8.
    let central = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    for at in [30, central + 46] {
        bytes[at..at + 4].copy_from_slice(&[0xb5, 0xc0, 0xc2, 0xb7]);
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(names(&datasets(&path).unwrap()), ["a.zip/道路.osm"]);
    assert_eq!(inspect(&path).unwrap().counts["roads"], 1);
}

#[test]
fn the_tiles_of_an_archive_are_read_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("town.3tz");
    let document = r#"{"asset":{"version":"1.1"},"geometricError":10,"root":{"refine":"ADD","geometricError":0,
        "boundingVolume":{"box":[0,0,5,10,0,0,0,10,0,0,0,5]},"content":{"uri":"a%20b/more.json"}}}"#;
    let (more, big) = (document.replace("a%20b/more.json", "none.glb"), vec![7; 100_000]);
    let members: [(&str, &[u8]); 6] = [
        ("t/a b/more.json", more.as_bytes()),
        ("t/big.bin", &big),
        ("t/house.glb", b"glTF"),
        ("t/tileset.json", document.as_bytes()),
        ("roads.osm", OSM.as_bytes()),
        ("@3dtilesIndex1@", b"x"),
    ];
    zip(&path, &members);
    assert_eq!(names(&datasets(&path).unwrap()), ["town.3tz/roads.osm", "town.3tz/t/tileset.json"]);
    zip(&path, &members[..4]);
    for given in [path.clone(), path.join("t/tileset.json")] {
        assert_eq!(detect(&given).unwrap(), Format::Tiles3d);
        let facts = inspect(&given).unwrap();
        assert_eq!((facts.counts["tilesets"], facts.format.as_str()), (2, "3D Tiles"), "{facts:?}");
        let (source, uri) = tiles3d::open_source(&given).unwrap();
        assert_eq!((uri.as_str(), source.get("big.bin", 100_000).unwrap()), ("tileset.json", big.clone()));
        assert!(source.get("big.bin", 1000).unwrap_err().contains("more than"));
        assert!(source.get("../roads.osm", 1000).is_err() && source.get("https://h.org/a", 9).is_err());
    }
    let frame = Some(guanlan_geography::LocalFrame::new(4549, [500_000.0, 3_350_000.0]));
    let options = LoadOptions { frame, ..LoadOptions::default() };
    let (city, report) = load_city(&[path], &options, &|_| {}).unwrap();
    let layer = &city.tilesets[0];
    assert!(tiles3d::open_source(Path::new(&layer.path)).is_ok(), "{layer:?} {report:?}");
}
