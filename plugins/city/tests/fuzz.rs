//! Every reader on damaged bytes: an answer in bounded time and memory, never a panic.
//!
//! Seeds are small files of each format, some made here, some real ones where they are at hand; bytes, words and
//! numbers in them are changed, cut, doubled, swapped. `GUANLAN_FUZZ_CASES=2000 cargo test -p guanlan-city --test fuzz`
//! tries more of them than the usual run; `GUANLAN_FUZZ_SEED` others. Whatever fails names its case.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use guanlan_city::import::{
    LoadOptions, inspect, load_city,
    tiles3d::{
        Issues, Placing, TileSource, Tileset,
        content::{Context, decode},
        implicit::Implicit,
        linear::M4,
        subtree::{Around, Subtree},
    },
};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

/// Longest answer for a file of some kilobytes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// No small file is worth more memory in one piece, bytes.
const MOST_AT_ONCE: usize = 1 << 30;

/// Refuses what is reserved without measure: the process ends, and the case is the last one named.
struct Measured;

// SAFETY: every call is handed to the system's allocator as it is, or refused.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MOST_AT_ONCE {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measured = Measured;

/// What happens to a file.
fn harm(bytes: &mut Vec<u8>, rng: &mut Pcg64Mcg) {
    const WORDS: [&str; 16] = [
        "0",
        "-1",
        "1e308",
        "-1e-308",
        "99999999999999999999",
        "NaN",
        "null",
        "[]",
        "{}",
        "\"\"",
        "4294967295",
        "65536",
        "1e9",
        "true",
        "\u{feff}",
        "[[[[",
    ];
    const NUMBERS: [u32; 8] = [0, 1, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0x0100_0000];
    let n = bytes.len();
    if n < 2 {
        return;
    }
    let at = rng.random_range(0..n);
    match rng.random_range(0..12) {
        0..3 => bytes[at] = rng.random(),
        3 => bytes[at] ^= 1 << rng.random_range(0..8),
        4 => bytes.truncate(at),
        5 => {
            let to = (at + rng.random_range(1..400)).min(n);
            let piece = bytes[at..to].to_vec();
            bytes.splice(at..at, piece);
        }
        6 => drop(bytes.drain(at..(at + rng.random_range(1..64)).min(n))),
        7 => {
            let other = rng.random_range(0..n);
            bytes.swap(at, other);
        }
        8 | 9 => {
            // A number in a binary file, in either order.
            let v = NUMBERS[rng.random_range(0..NUMBERS.len())];
            let v = if rng.random() { v.to_le_bytes() } else { v.to_be_bytes() };
            let width = if rng.random() { 4 } else { 2 };
            bytes[at..(at + width).min(n)].copy_from_slice(&v[..width.min(n - at)]);
        }
        _ => {
            // A number in a text.
            let from = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |k| at + k);
            let to = bytes[from..].iter().position(|b| !b.is_ascii_digit() && *b != b'.').map_or(n, |k| from + k);
            let word = WORDS[rng.random_range(0..WORDS.len())];
            bytes.splice(from..to, word.bytes());
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

/// Tries a reader on damaged seeds and on bytes without sense behind their first ones.
fn fuzz(name: &str, usual: u64, seeds: &[Vec<u8>], read: &dyn Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name}: no seeds");
    let (cases, first) = (number("GUANLAN_FUZZ_CASES", usual), number("GUANLAN_FUZZ_SEED", 1));
    let (mut slowest, mut failed) = (Duration::ZERO, Vec::new());
    for seed in seeds {
        read(seed);
    }
    for case in 0..cases {
        let mut rng = Pcg64Mcg::seed_from_u64(first << 32 | case);
        let mut bytes = seeds[rng.random_range(0..seeds.len())].clone();
        if case % 16 == 15 {
            bytes.truncate(rng.random_range(0..40));
            let more = rng.random_range(0..600);
            bytes.extend((0..more).map(|_| rng.random::<u8>()));
        } else {
            for _ in 0..rng.random_range(1..8) {
                harm(&mut bytes, &mut rng);
            }
        }
        let begun = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| read(&bytes))).is_err() {
            failed.push(case);
        }
        slowest = slowest.max(begun.elapsed());
    }
    println!("{name}: {cases} cases, the slowest took {slowest:?}");
    assert!(failed.is_empty(), "{name}: cases {failed:?} of seed {first}");
    assert!(slowest < PATIENCE, "{name}: {slowest:?}");
}

/// Inspects and imports a file of these bytes, and checks what comes out of it.
fn file(name: &str) -> impl Fn(&[u8]) {
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join(name);
    let beside = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"));
    if name.ends_with(".shp") {
        for end in ["dbf", "prj", "cpg"] {
            let from = beside.join(format!("houses.{end}"));
            std::fs::copy(from, path.with_extension(end)).expect("copied");
        }
    }
    move |bytes: &[u8]| {
        let _ = &dir;
        std::fs::write(&path, bytes).expect("written");
        if let Ok(facts) = inspect(&path) {
            assert!(facts.extent.is_none_or(|e| e.iter().all(|v| v.is_finite())), "{:?}", facts.extent);
        }
        match load_city(std::slice::from_ref(&path), &LoadOptions::default(), &|_| {}) {
            Ok((city, _)) => {
                let details = city.buildings.iter().flat_map(|b| &b.details).flat_map(|d| &d.parts);
                let parts = city.buildings.iter().flat_map(|b| &b.parts).chain(details);
                for part in parts {
                    assert!(part.footprint.iter().flatten().all(|v| v.is_finite()));
                    assert_eq!(part.mesh.len(), 3 * part.mesh_is_roof.len());
                }
                for skin in &city.skins {
                    assert_eq!((skin.corners.len(), skin.owners.len()), (3 * skin.colors.len(), skin.colors.len()));
                    let known = |o: &u32| *o == u32::MAX || (*o as usize) < city.buildings.len();
                    assert!(skin.owners.iter().all(known));
                }
                if let Some(terrain) = &city.terrain {
                    assert_eq!(terrain.z_m.len(), terrain.cols * terrain.rows);
                }
                if let Some(drains) = &city.drainage {
                    let n = drains.nodes.len();
                    assert!(drains.conduits.iter().all(|c| c.from < n && c.to < n));
                    assert!(drains.weirs.iter().all(|c| c.from < n && c.to < n));
                }
            }
            Err(error) => assert!(!error.reason.is_empty()),
        }
    }
}

/// Real files where they are at hand, of no more than some kilobytes.
fn real(paths: &[&str]) -> Vec<Vec<u8>> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let small = |bytes: &Vec<u8>| bytes.len() < 100_000;
    paths.iter().filter_map(|p| std::fs::read(shared.join(p)).ok()).filter(small).collect()
}

fn house() -> Value {
    let ring = |r: [u32; 4]| json!([r]);
    let faces = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]].map(ring);
    let picture: Vec<Value> = (0..6).map(|n| if n == 1 { json!([[0, 0, 1, 2, 3]]) } else { json!([[null]]) }).collect();
    json!({"type": "CityJSON", "version": "2.0", "transform": {"scale": [0.5, 0.5, 0.5], "translate": [500_000, 3_350_000, 4]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549"},
        "appearance": {"materials": [{"name": "m", "diffuseColor": [0.9, 0.1, 0.2]}], "textures": [{"type": "PNG", "image": "a.png"}],
            "vertices-texture": [[0, 0], [1, 0], [1, 1], [0, 1]]},
        "geometry-templates": {"templates": [{"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2]]]}],
            "vertices-templates": [[0, 0, 0], [1, 0, 0], [0, 1, 1]]},
        "CityObjects": {
            "b": {"type": "Building", "children": ["p"], "attributes": {"storeysAboveGround": 3, "function": "school"}, "geometry": [
                {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 3, 2, 1]]]}]},
            "p": {"type": "BuildingPart", "parents": ["b"], "geometry": [
                {"type": "Solid", "lod": "2.2", "boundaries": [faces], "semantics": {"surfaces": [{"type": "RoofSurface"}], "values": [[null, 0, null, null, null, null]]},
                 "material": {"a": {"value": 0}}, "texture": {"t": {"values": [picture]}}},
                {"type": "MultiSolid", "lod": "1.2", "boundaries": [[faces]]}]},
            "w": {"type": "WaterBody", "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2, 3], [4, 5, 6]]]}]},
            "t": {"type": "SolitaryVegetationObject", "geometry": [{"type": "GeometryInstance", "template": 0, "boundaries": [1],
                "transformationMatrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}]}},
        "vertices": [[0, 0, 0], [20, 0, 0], [20, 16, 0], [0, 16, 0], [0, 0, 18], [20, 0, 18], [20, 16, 26], [0, 16, 18]]})
}

#[test]
fn cityjson() {
    let mut seeds = vec![house().to_string().into_bytes()];
    seeds.extend(real(&["city/cityjson/3dbag_two_buildings.city.json", "city/cityjson/denhaag_subset.city.json"]));
    fuzz("CityJSON", 150, &seeds, &file("x.city.json"));
}

#[test]
fn cityjson_sequences() {
    let mut head = house();
    let objects = std::mem::replace(&mut head["CityObjects"], json!({}));
    let vertices = std::mem::replace(&mut head["vertices"], json!([]));
    let feature = json!({"type": "CityJSONFeature", "id": "b", "CityObjects": objects, "vertices": vertices,
        "appearance": head["appearance"]});
    let mut seeds = vec![format!("{head}\n{feature}\n\r\n{feature}\n").into_bytes()];
    seeds.extend(real(&["city/cityjson/noise_extension.city.jsonl", "city/cityjson/3dbag_two_buildings.city.jsonl"]));
    fuzz("CityJSONSeq", 150, &seeds, &file("x.city.jsonl"));
}

#[test]
fn osm_xml() {
    let own = "<?xml version='1.0'?><osm version='0.6'><node id='1' lat='52.0' lon='13.0'/><node id='2' lat='52.0' lon='13.001'/>\
        <node id='3' lat='52.001' lon='13.001'><tag k='amenity' v='school'/><tag k='name' v='&lt;A&#x41;'/></node><node id='4' lat='52.001' lon='13'/>\
        <way id='9'><nd ref='1'/><nd ref='2'/><nd ref='3'/><nd ref='4'/><nd ref='1'/><tag k='building' v='yes'/><tag k='height' v='12 m'/>\
        <tag k='roof:shape' v='onion'/><tag k='roof:direction' v='NNE'/><tag k='min_height' v='3'/></way>\
        <way id='8'><nd ref='1'/><nd ref='3'/><tag k='highway' v='primary'/><tag k='bridge' v='yes'/></way>\
        <relation id='5'><member type='way' ref='9' role='outer'/><tag k='type' v='multipolygon'/><tag k='building' v='yes'/></relation></osm>";
    // A coast with an island, and a multipolygon of ways that share a stretch and touch.
    let coast = "<osm version='0.6'><bounds minlat='52' minlon='13' maxlat='52.01' maxlon='13.01'/>\
        <node id='1' lat='51.999' lon='13.004'/><node id='2' lat='52.005' lon='13.005'/><node id='3' lat='52.011' lon='13.004'/>\
        <node id='4' lat='52.002' lon='13.007'/><node id='5' lat='52.002' lon='13.008'/><node id='6' lat='52.003' lon='13.008'/>\
        <way id='7'><nd ref='1'/><nd ref='2'/><tag k='natural' v='coastline'/></way>\
        <way id='8'><nd ref='2'/><nd ref='3'/><tag k='natural' v='coastline'/></way>\
        <way id='9'><nd ref='4'/><nd ref='5'/><nd ref='6'/><nd ref='4'/><tag k='natural' v='coastline'/></way>\
        <way id='10'><nd ref='4'/><nd ref='2'/><nd ref='6'/><nd ref='4'/></way><way id='11'><nd ref='6'/><nd ref='4'/><nd ref='1'/><nd ref='6'/></way>\
        <relation id='5'><member type='way' ref='10' role='outer'/><member type='way' ref='11' role='inner'/><member type='way' ref='9' role=''/>\
        <tag k='type' v='multipolygon'/><tag k='landuse' v='forest'/></relation></osm>";
    let mut seeds = vec![own.as_bytes().to_vec(), coast.as_bytes().to_vec()];
    seeds.extend(real(&["osm/planegg_bbox.osm", "malformed/osm/multipolygon_broken.osm"]));
    fuzz("OSM XML", 150, &seeds, &file("x.osm"));
}

#[test]
fn packed_texts() {
    use std::io::Write;
    let head = "<?xml version='1.0' encoding='GBK'?>";
    let own = "<osm version='0.6'><node id='1' lat='52.0' lon='13.0'/><node id='2' lat='52.0' lon='13.001'/>\
        <node id='3' lat='52.001' lon='13.001'/><way id='9'><nd ref='1'/><nd ref='2'/><nd ref='3'/><nd ref='1'/>\
        <tag k='building' v='yes'/><tag k='name' v='NAME'/></way></osm>";
    let named = own.replace("NAME", "观澜楼");
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(named.as_bytes()).expect("packed");
    let wide: Vec<u8> = std::iter::once(0xfeff).chain(named.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    // What xz -0 makes of a building like this one.
    let digits = "fd377a585a000004e6d6b446020021010c0000008f98419ce000eb007a5d001e1bca66ec904b78f61d42a07d47bad997ba81\
        5ac6f53bf3ac569cddc1119785123d33ee227ccad9fdad78768c4579dc39b8df2e4c3dfe2dc143b781f64908c044cf24989f\
        cedda14fd55663773373414ad70eec12c531f35cdc9e07f0d4f0d118d4f3e8ded06406f46e4b2f9970658d41a11849ca48af\
        83a840000000fda0c886ab0d9e6500019601ec010000849c61a8b1c467fb020000000004595a";
    let digit = |n: usize| u8::from_str_radix(&digits[n * 2..n * 2 + 2], 16).expect("digits");
    let seeds = [
        bzip2.finish().expect("packed"),
        (0..digits.len() / 2).map(digit).collect(),
        zstd::encode_all(named.as_bytes(), 1).expect("packed"),
        wide,
        [head.as_bytes(), &encoding_rs::GBK.encode(&named).0].concat(),
    ];
    let dir = tempfile::tempdir().expect("temporary folder");
    for (n, seed) in seeds.iter().enumerate() {
        let path = dir.path().join(format!("{n}.osm"));
        std::fs::write(&path, seed).expect("written");
        let (city, report) = load_city(&[path], &LoadOptions::default(), &|_| {}).expect("the seed is good");
        assert_eq!(city.buildings.len(), 1, "{n}: {report:?}");
        assert!(n == 1 || city.buildings[0].name.zh == "观澜楼", "{n}: {:?}", city.buildings[0].name);
    }
    fuzz("packed texts", 300, &seeds, &file("x.osm"));
}

#[test]
fn multipatches() {
    use shapefile::{Multipatch, NO_DATA, Patch, PointZ, ShapeWriter};
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("x.shp");
    let ring = |z: f64, s: f64| {
        let corners = [[0.0, 0.0], [s, 0.0], [s, s], [s / 2.0, s / 2.0], [0.0, s], [0.0, 0.0]];
        corners.map(|[x, y]| PointZ::new(13.0 + x * 1e-5, 52.0 + y * 1e-5, z, NO_DATA)).to_vec()
    };
    let mut writer = ShapeWriter::from_path(&path).expect("made");
    let parts = vec![
        Patch::OuterRing(ring(0.0, 30.0)),
        Patch::InnerRing(ring(0.0, 9.0)),
        Patch::TriangleStrip(ring(9.0, 30.0)),
        Patch::TriangleFan(ring(9.0, 20.0)),
        Patch::FirstRing(ring(12.0, 5.0)),
        Patch::Ring(ring(12.0, 2.0)),
    ];
    writer.write_shape(&Multipatch::with_parts(parts)).expect("written");
    drop(writer);
    fuzz("MultiPatch", 250, &[std::fs::read(&path).expect("there")], &file("x.shp"));
}

/// A PBF without compression, so that its content is damaged and not only its packing.
fn pbf() -> Vec<u8> {
    fn varint(mut v: u64, out: &mut Vec<u8>) {
        while v >= 0x80 {
            out.push(v as u8 | 0x80);
            v >>= 7;
        }
        out.push(v as u8);
    }
    fn bytes(field: u64, content: &[u8], out: &mut Vec<u8>) {
        varint(field << 3 | 2, out);
        varint(content.len() as u64, out);
        out.extend(content);
    }
    fn packed(list: &[i64], zigzag: bool) -> Vec<u8> {
        let mut out = Vec::new();
        list.iter().for_each(|v| varint(if zigzag { ((v << 1) ^ (v >> 63)) as u64 } else { *v as u64 }, &mut out));
        out
    }
    fn block(kind: &str, content: &[u8]) -> Vec<u8> {
        let mut blob = Vec::new();
        bytes(1, content, &mut blob);
        varint(2 << 3, &mut blob);
        varint(content.len() as u64, &mut blob);
        let mut head = Vec::new();
        bytes(1, kind.as_bytes(), &mut head);
        varint(3 << 3, &mut head);
        varint(blob.len() as u64, &mut head);
        [&(head.len() as u32).to_be_bytes()[..], &head, &blob].concat()
    }
    let mut header = Vec::new();
    bytes(4, b"OsmSchema-V0.6", &mut header);
    bytes(4, b"DenseNodes", &mut header);
    let mut words = Vec::new();
    ["", "building", "yes", "height", "12", "outer"].iter().for_each(|w| bytes(1, w.as_bytes(), &mut words));
    let mut dense = Vec::new();
    bytes(1, &packed(&[1, 1, 1, 1], true), &mut dense);
    bytes(8, &packed(&[520_000_000, 0, 10_000, 0], true), &mut dense);
    bytes(9, &packed(&[130_000_000, 10_000, 0, -10_000], true), &mut dense);
    let mut way = Vec::new();
    varint(1 << 3, &mut way);
    varint(7, &mut way);
    bytes(2, &packed(&[1, 3], false), &mut way);
    bytes(3, &packed(&[2, 4], false), &mut way);
    bytes(8, &packed(&[1, 1, 1, 1, -3], true), &mut way);
    let mut group = Vec::new();
    bytes(2, &dense, &mut group);
    bytes(3, &way, &mut group);
    let mut data = Vec::new();
    bytes(1, &words, &mut data);
    bytes(2, &group, &mut data);
    [block("OSMHeader", &header), block("OSMData", &data)].concat()
}

#[test]
fn osm_pbf() {
    let seed = pbf();
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("x.osm.pbf");
    std::fs::write(&path, &seed).expect("written");
    let (city, report) = load_city(&[path], &LoadOptions::default(), &|_| {}).expect("the seed is good");
    assert_eq!(city.buildings.len(), 1, "{report:?}");
    fuzz("OSM PBF", 300, &[seed], &file("x.osm.pbf"));
}

#[test]
fn geojson() {
    let own = json!({"type": "FeatureCollection", "guanlan:layer": "admin", "features": [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[120, 30], [120.1, 30], [120.1, 30.1], [120, 30]]]},
         "properties": {"code": "330106001", "name": "西湖"}}]});
    let foreign = json!({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}, "features": [
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[[[120, 30], [120.001, 30], [120.001, 30.001], [120, 30]]]]}, "properties": {"building": "yes", "height": 9}},
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[120, 30], [120.01, 30]]}, "properties": {"highway": "primary"}},
        {"type": "Feature", "geometry": {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [120, 30, 1]}]}, "properties": null}]});
    let seeds = [own, foreign].map(|v| v.to_string().into_bytes());
    fuzz("GeoJSON", 200, &seeds, &file("x.geojson"));
}

#[test]
fn geopackage() {
    let seeds = [include_bytes!("data/town.gpkg").to_vec()];
    fuzz("GeoPackage", 100, &seeds, &file("x.gpkg"));
}

#[test]
fn shapefile() {
    let seeds = [include_bytes!("data/houses.shp").to_vec()];
    fuzz("shapefile", 200, &seeds, &file("x.shp"));
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("x.shp");
    std::fs::write(&path, &seeds[0]).expect("written");
    let table = include_bytes!("data/houses.dbf").to_vec();
    fuzz("shapefile's table", 150, &[table], &|bytes| {
        std::fs::write(path.with_extension("dbf"), bytes).expect("written");
        let _ = inspect(&path);
    });
}

#[test]
fn geotiff() {
    let seeds = [
        include_bytes!("data/dem_tiled_deflate_i16_overviews.tif").to_vec(),
        include_bytes!("data/dem_deflate_f32_predictor3.tif").to_vec(),
        include_bytes!("data/dem_lzw_i16_predictor2.tif").to_vec(),
        include_bytes!("data/dem_packbits_u16.tif").to_vec(),
        include_bytes!("data/dem_tiled_zstd_f32_predictor3.tif").to_vec(),
        include_bytes!("data/dem_bigtiff_f32.tif").to_vec(),
        include_bytes!("data/dem_rotated_u8.tif").to_vec(),
        include_bytes!("data/dem_cog.tif").to_vec(),
        include_bytes!("data/dem_lerc_f32.tif").to_vec(),
        include_bytes!("data/dem_lzma_f32_predictor3.tif").to_vec(),
    ];
    fuzz("GeoTIFF", 200, &seeds, &file("x.tif"));
}

#[test]
fn srtm_heights() {
    let seed: Vec<u8> = (0..11_i16 * 11).flat_map(i16::to_be_bytes).collect();
    fuzz("SRTM", 100, &[seed], &file("N30E120.hgt"));
}

#[test]
fn archives() {
    use std::io::Write;
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("x.zip");
    let asc = b"ncols 2\nnrows 2\nxllcorner 500000\nyllcorner 3350000\ncellsize 500\n1 2\n3 4\n";
    let members: [(&str, &[u8]); 6] = [
        ("town/houses.shp", include_bytes!("data/houses.shp")),
        ("town/houses.dbf", include_bytes!("data/houses.dbf")),
        ("town/houses.prj", include_bytes!("data/houses.prj")),
        ("town/houses.cpg", include_bytes!("data/houses.cpg")),
        ("dem.asc", asc),
        ("readme.txt", b"hello"),
    ];
    let mut seeds = Vec::new();
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated, zip::CompressionMethod::Bzip2] {
        let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).expect("made"));
        for (name, bytes) in members {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(name, options).expect("begun");
            writer.write_all(bytes).expect("written");
        }
        writer.finish().expect("closed");
        seeds.push(std::fs::read(&path).expect("read"));
    }
    let (city, report) = load_city(&[path], &LoadOptions::default(), &|_| {}).expect("the seed is good");
    assert_eq!((city.buildings.len(), city.terrain.is_some()), (2, true), "{report:?}");
    fuzz("archives", 300, &seeds, &file("x.zip"));
}

#[test]
fn ascii_grids() {
    let plain = b"\xef\xbb\xbfncols 4\r\nnrows 3\r\nxllcorner 500000\r\nyllcorner 3350000\r\ncellsize 10\r\nNODATA_value -9999\r\n1 2 3 4\r\n5 -9999 7 8\r\n9 1e1 11 12\r\n";
    fuzz("ESRI ASCII grid", 200, &[plain.to_vec()], &file("x.asc"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, plain).expect("packed");
    fuzz("ESRI ASCII grid, packed", 100, &[packed.finish().expect("packed")], &file("x.asc.gz"));
}

#[test]
fn swmm() {
    let own = "[TITLE]\nx\n[OPTIONS]\nFLOW_UNITS CMS\nSTART_DATE 01/01/2026\nEND_TIME 02:00:00\n[RAINGAGES]\nG1 INTENSITY 0:05 1.0 TIMESERIES T1\n\
        [SUBCATCHMENTS]\nS1 G1 J1 1.5 60 50 0.5 0\n[SUBAREAS]\nS1 0.01 0.1 0.05 0.05 25 OUTLET\n[INFILTRATION]\nS1 3 0.5 4 7 0\n\
        [JUNCTIONS]\nJ1 10 3 0 0 0\nJ2 9 3\n[OUTFALLS]\nO1 8 FREE NO\n[STORAGE]\nT 5 4 1 FUNCTIONAL 100 0 0\n[CONDUITS]\nC1 J1 J2 100 0.013 0 0 0 0\nC2 J2 O1 80 0.013\n\
        [PUMPS]\nP1 J2 T * ON 1 0.5\n[WEIRS]\nW1 J1 J2 TRANSVERSE 1 1.8 NO\n[ORIFICES]\nR1 J1 J2 SIDE 0 0.65 NO\n[XSECTIONS]\nC1 CIRCULAR 0.8 0 0 0 1\nC2 TRAPEZOIDAL 1 2 1 1\n\
        W1 RECT_OPEN 1 2 0 0\nR1 CIRCULAR 0.5\n[CURVES]\nK PUMP1 0 1\n[TIMESERIES]\nT1 0:00 10\nT1 01/01/2026 0:05 20\n[CONTROLS]\nRULE R\nIF NODE J1 DEPTH > 1\nTHEN PUMP P1 STATUS = OFF\n\
        [COORDINATES]\nJ1 0 0\nJ2 100 0\nO1 180 0\n[VERTICES]\nC1 50 5\n[Polygons]\nS1 0 0\nS1 10 0\nS1 0 10\n";
    let mut seeds = vec![own.as_bytes().to_vec()];
    seeds.extend(real(&["drainage/update_v52_Example7-Inlets.inp", "drainage/examples_Example3.inp"]));
    fuzz("SWMM", 200, &seeds, &file("x.inp"));
}

struct Nothing;

impl TileSource for Nothing {
    fn get(&self, _: &str, _: u64) -> Result<Vec<u8>, String> {
        Err("nothing is here".into())
    }
}

fn glb(json: &Value, bin: &[u8]) -> Vec<u8> {
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut bin = bin.to_vec();
    bin.resize(bin.len().next_multiple_of(4), 0);
    let mut out = b"glTF".to_vec();
    [2, 20 + text.len() + 8 + bin.len(), text.len()].iter().for_each(|v| out.extend((*v as u32).to_le_bytes()));
    out.extend(b"JSON");
    out.extend(&text);
    out.extend((bin.len() as u32).to_le_bytes());
    out.extend(b"BIN\0");
    out.extend(&bin);
    out
}

/// A textured triangle with features, and a square packed by meshoptimizer.
fn model() -> Vec<u8> {
    let mut bin: Vec<u8> =
        [0f32, 0., 0., 1., 0., 0., 0., 0., -1., 0., 0., 1., 0., 0., 1.].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(4, 4, image::Rgba([9, 200, 9, 255]))
        .write_to(&mut png, image::ImageFormat::Png)
        .expect("PNG");
    let png = png.into_inner();
    let at = bin.len();
    bin.extend(&png);
    let places =
        meshopt::encode_vertex_buffer(&[[0f32, 0., 0.], [2., 0., 0.], [2., 2., 0.], [0., 2., 0.]]).expect("packed");
    let (from, length) = (bin.len(), places.len());
    bin.extend(places);
    let schema =
        json!({"id": "s", "classes": {"c": {"properties": {"h": {"type": "SCALAR", "componentType": "FLOAT32"}}}}});
    glb(
        &json!({"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "translation": [1, 2, 3]}],
        "extensionsUsed": ["EXT_meshopt_compression", "EXT_mesh_features", "EXT_structural_metadata", "KHR_texture_transform"],
        "extensions": {"EXT_structural_metadata": {"schema": schema, "propertyTables": [{"class": "c", "count": 3, "properties": {"h": {"values": 0}}}]}},
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "material": 0, "extensions": {"EXT_mesh_features": {"featureIds": [{"featureCount": 3, "propertyTable": 0}]}}},
            {"attributes": {"POSITION": 2}}]}],
        "materials": [{"alphaMode": "MASK", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0, "extensions": {"KHR_texture_transform": {"scale": [0.5, 1]}}}}}],
        "textures": [{"source": 0}], "images": [{"bufferView": 2, "mimeType": "image/png"}],
        "buffers": [{"byteLength": bin.len()}, {"byteLength": 48, "extensions": {"EXT_meshopt_compression": {"fallback": true}}}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 24}, {"buffer": 0, "byteOffset": at, "byteLength": png.len()},
            {"buffer": 1, "byteLength": 48, "extensions": {"EXT_meshopt_compression": {"buffer": 0, "byteOffset": from, "byteLength": length, "byteStride": 12, "count": 4, "mode": "ATTRIBUTES"}}}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, -1], "max": [1, 0, 0]},
            {"bufferView": 1, "componentType": 5126, "count": 3, "type": "VEC2"}, {"bufferView": 3, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [2, 2, 0]}]}),
        &bin,
    )
}

/// A square packed by Draco.
fn draco() -> Vec<u8> {
    use draco_core::{
        DataType, EncoderBuffer, EncoderOptions, FaceIndex, GeometryAttributeType, Mesh, MeshEncoder, PointAttribute,
        PointIndex,
    };
    let mut mesh = Mesh::new();
    let mut position = PointAttribute::new();
    position.init(GeometryAttributeType::Position, 3, DataType::Float32, false, 25);
    for i in 0..25usize {
        let place = [(i % 5) as f32, (i / 5) as f32, (i * i % 7) as f32];
        position.buffer_mut().write(i * 12, &place.map(f32::to_le_bytes).concat());
    }
    let id = mesh.add_attribute(position);
    let id = mesh.attribute(id).unique_id();
    mesh.set_num_faces(32);
    for i in 0..16u32 {
        let a = i / 4 * 5 + i % 4;
        mesh.set_face(FaceIndex(2 * i), [a, a + 1, a + 6].map(PointIndex));
        mesh.set_face(FaceIndex(2 * i + 1), [a, a + 6, a + 5].map(PointIndex));
    }
    let mut encoder = MeshEncoder::new();
    encoder.set_mesh(mesh);
    let mut out = EncoderBuffer::new();
    encoder.encode(&EncoderOptions::new(), &mut out).expect("packed");
    glb(
        &json!({"asset": {"version": "2.0"}, "extensionsUsed": ["KHR_draco_mesh_compression"], "extensionsRequired": ["KHR_draco_mesh_compression"],
        "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}], "buffers": [{"byteLength": out.data().len()}], "bufferViews": [{"buffer": 0, "byteLength": out.data().len()}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "extensions": {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": id}}}}]}],
        "accessors": [{"componentType": 5126, "count": 25, "type": "VEC3", "min": [0, 0, 0], "max": [4, 4, 6]}, {"componentType": 5123, "count": 96, "type": "SCALAR"}]}),
        out.data(),
    )
}

#[test]
fn models() {
    let (plain, packed) = (model(), draco());
    let landmark = file("x.glb");
    fuzz("glTF", 150, &[plain, packed], &landmark);
}

fn container(magic: &[u8; 4], features: &Value, bytes: &[u8], batch: &Value, body: &[u8]) -> Vec<u8> {
    let text = |v: &Value| {
        let mut text = v.to_string().into_bytes();
        text.resize(text.len().next_multiple_of(8), b' ');
        text
    };
    let (features, batch) = (text(features), text(batch));
    let extra = usize::from(magic == b"i3dm") * 4;
    let total = 28 + extra + features.len() + bytes.len() + batch.len() + body.len();
    let mut out = magic.to_vec();
    [1, total, features.len(), bytes.len(), batch.len(), 0].iter().for_each(|v| out.extend((*v as u32).to_le_bytes()));
    if extra > 0 {
        out.extend(1u32.to_le_bytes());
    }
    [&features[..], bytes, &batch, body].iter().for_each(|part| out.extend_from_slice(part));
    out
}

#[test]
fn tile_contents() {
    let model = model();
    let b3dm = container(
        b"b3dm",
        &json!({"BATCH_LENGTH": 2, "RTC_CENTER": [1, 2, 3]}),
        &[],
        &json!({"id": [1, 2], "name": ["a", "b"]}),
        &model,
    );
    let places: Vec<u8> = [0f32, 1., 2., 3., 4., 5.].iter().flat_map(|v| v.to_le_bytes()).collect();
    let i3dm = container(
        b"i3dm",
        &json!({"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": 0}, "EAST_NORTH_UP": true}),
        &places,
        &json!({"k": [1, 2]}),
        &model,
    );
    let pnts = container(
        b"pnts",
        &json!({"POINTS_LENGTH": 2, "POSITION": {"byteOffset": 0}, "CONSTANT_RGBA": [1, 2, 3, 4]}),
        &places,
        &json!({}),
        &[],
    );
    let mut cmpt = b"cmpt".to_vec();
    [1, 16 + b3dm.len() + pnts.len(), 2].iter().for_each(|v| cmpt.extend((*v as u32).to_le_bytes()));
    cmpt.extend([&b3dm[..], &pnts].concat());
    let placing = Placing::Plain { shift_m: [0.0; 3] };
    let context = Context { uri: "t", transform: &M4::IDENTITY, placing: &placing, source: &Nothing, z_up: false };
    fuzz("3D Tiles contents", 600, &[b3dm, i3dm, pnts, cmpt, draco()], &|bytes| {
        let mut issues = Issues::default();
        let _ = decode(bytes, &context, &mut issues);
    });
}

#[test]
fn tilesets() {
    let own = json!({"asset": {"version": "1.1"}, "geometricError": 100, "schema": {"id": "s", "classes": {"c": {"properties": {"n": {"type": "STRING"}}}}},
        "metadata": {"class": "c", "properties": {"n": "x"}}, "groups": [{"class": "c"}],
        "root": {"boundingVolume": {"region": [-1.3, 0.69, -1.29, 0.7, 0, 20]}, "geometricError": 50, "refine": "ADD",
            "children": [{"boundingVolume": {"box": [0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0, 10]}, "geometricError": 0, "contents": [{"uri": "a.glb", "group": 0}]},
                {"boundingVolume": {"sphere": [0, 0, 0, 9]}, "geometricError": 0, "transform": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1], "content": {"uri": "b.b3dm"},
                 "implicitTiling": {"subdivisionScheme": "QUADTREE", "subtreeLevels": 3, "availableLevels": 5, "subtrees": {"uri": "{level}/{x}/{y}.subtree"}}}]}});
    let mut seeds = vec![own.to_string().into_bytes()];
    seeds.extend(real(&[
        "city/3dtiles/v1.1_implicit_b3dm_metadata/tileset_1.1.json",
        "city/3dtiles/v1.1_metadata_houses/tileset.json",
    ]));
    fuzz("tileset.json", 600, &seeds, &|bytes| {
        let mut issues = Issues::default();
        if let Some(tileset) = Tileset::read(bytes, "tileset.json", &Nothing, &mut issues) {
            let frame = guanlan_geography::LocalFrame::default();
            let _ = guanlan_city::import::tiles3d::TileTree::new(&tileset, "tileset.json", frame, 0.0, &mut issues);
        }
    });
}

#[test]
fn subtrees() {
    let text = json!({"buffers": [{"byteLength": 16}], "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 3}, {"buffer": 0, "byteOffset": 8, "byteLength": 8}],
        "tileAvailability": {"bitstream": 0}, "contentAvailability": [{"constant": 1}], "childSubtreeAvailability": {"bitstream": 1}});
    let mut text = text.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut seed = b"subt\x01\0\0\0".to_vec();
    seed.extend((text.len() as u64).to_le_bytes());
    seed.extend(16u64.to_le_bytes());
    seed.extend(&text);
    seed.extend([0xff, 0xff, 0x1f, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128]);
    let tile = json!({"asset": {"version": "1.1"}, "geometricError": 9, "root": {"boundingVolume": {"box": [0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0, 10]}, "geometricError": 5,
        "content": {"uri": "{level}/{x}/{y}.glb"},
        "implicitTiling": {"subdivisionScheme": "QUADTREE", "subtreeLevels": 3, "availableLevels": 5, "subtrees": {"uri": "{level}/{x}/{y}.subtree"}}}});
    let tileset = Tileset::read(tile.to_string().as_bytes(), "t", &Nothing, &mut Issues::default()).expect("a tileset");
    let implicit: Implicit = (**tileset.tiles[0].implicit.as_ref().expect("implicit")).clone();
    fuzz("subtree", 1500, &[seed], &|bytes| {
        let around = Around { implicit: &implicit, schema: None, source: &Nothing, uri: "0/0/0.subtree" };
        let _ = Subtree::read(bytes, &around, &mut Issues::default());
    });
}

#[test]
fn pictures() {
    let plain = image::RgbaImage::from_fn(16, 9, |x, y| image::Rgba([x as u8 * 9, y as u8 * 20, 7, 255]));
    let mut png = std::io::Cursor::new(Vec::new());
    plain.write_to(&mut png, image::ImageFormat::Png).expect("PNG");
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image::DynamicImage::ImageRgba8(plain.clone())
        .to_rgb8()
        .write_to(&mut jpeg, image::ImageFormat::Jpeg)
        .expect("JPEG");
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp).encode(plain.as_raw(), 16, 9, image_webp::ColorType::Rgba8).expect("WebP");
    // The head of a KTX2 of Basis Universal: undefined format, two levels, BasisLZ.
    let mut ktx = vec![0xab, b'K', b'T', b'X', b' ', b'2', b'0', 0xbb, 0x0d, 0x0a, 0x1a, 0x0a];
    [0u32, 1, 16, 16, 0, 0, 1, 1, 1, 104, 44, 148, 0].iter().for_each(|v| ktx.extend(v.to_le_bytes()));
    ktx.extend([0; 160]);
    let seeds = [png.into_inner(), jpeg.into_inner(), webp, ktx];
    fuzz("pictures", 600, &seeds, &|bytes| {
        let _ = guanlan_city::import::tiles3d::TilePicture::decode(bytes);
    });
}
