//! Every reader on damaged bytes: an answer in bounded time, never a panic.
//!
//! Small real files with bytes changed, cut, doubled and shuffled, and bytes without sense behind each format's first
//! ones. A reader that loops or reserves without measure fails by its time.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use guanlan_city::import::{LoadOptions, inspect, load_city};
use proptest::prelude::*;

/// Longest answer for a file of some kilobytes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn samples() -> Vec<(String, Vec<u8>)> {
    let here = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"));
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let files = [
        shared.join("city/cityjson/noise_extension.city.jsonl"),
        shared.join("city/cityjson/3dbag_two_buildings.city.json"),
        shared.join("city/cityjson/3dbag_two_buildings.city.jsonl"),
        shared.join("city/cityjson/denhaag_subset.city.json"),
        shared.join("osm/planegg_bbox.osm"),
        shared.join("osm/seoul_roads.geojson"),
        shared.join("malformed/osm/multipolygon_broken.osm"),
        shared.join("terrain/laea_float_nodata.tif"),
        shared.join("terrain/west_bijou_gully_3m.asc"),
        shared.join("drainage/update_v52_Example7-Inlets.inp"),
        shared.join("drainage/examples_Example3.inp"),
        here.join("dem_tiled_deflate_i16_overviews.tif"),
        here.join("dem_deflate_f32_predictor3.tif"),
        here.join("dem_lzw_i16_predictor2.tif"),
        here.join("dem_packbits_u16.tif"),
        here.join("dem_tiled_zstd_f32_predictor3.tif"),
        here.join("town.gpkg"),
        here.join("房屋.shp"),
    ];
    let name = |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let found: Vec<_> = files.iter().filter_map(|p| Some((name(p), std::fs::read(p).ok()?))).collect();
    if found.is_empty() {
        println!("no sample files: only bytes without sense are tried");
    }
    found
}

fn answers(name: &str, bytes: &[u8]) {
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    let begun = Instant::now();
    if let Ok(facts) = inspect(&path) {
        assert!(facts.extent.is_none_or(|e| e.iter().all(|v| v.is_finite())), "{name}: {:?}", facts.extent);
    }
    match load_city(&[path], &LoadOptions::default(), &|_| {}) {
        Ok((city, _)) => {
            let corners = city.buildings.iter().flat_map(|b| &b.parts).flat_map(|p| &p.footprint);
            assert!(corners.flatten().all(|v| v.is_finite()), "{name}");
            if let Some(terrain) = &city.terrain {
                assert_eq!(terrain.z_m.len(), terrain.cols * terrain.rows, "{name}");
            }
            if let Some(drains) = &city.drainage {
                let n = drains.nodes.len();
                assert!(drains.conduits.iter().all(|c| c.from < n && c.to < n), "{name}");
                assert!(drains.weirs.iter().all(|c| c.from < n && c.to < n), "{name}");
            }
        }
        Err(error) => assert!(!error.reason.is_empty(), "{name}"),
    }
    let took = begun.elapsed();
    assert!(took < PATIENCE, "{name}: {took:?} for {} bytes", bytes.len());
}

/// What happens to a file.
#[derive(Clone, Debug)]
enum Harm {
    Set(f64, u8),
    Cut(f64),
    Double(f64, f64),
    Remove(f64, f64),
    Swap(f64, f64),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = || 0.0_f64..1.0;
    prop_oneof![
        6 => (at(), any::<u8>()).prop_map(|(a, b)| Harm::Set(a, b)),
        1 => at().prop_map(Harm::Cut),
        1 => (at(), at()).prop_map(|(a, b)| Harm::Double(a, b)),
        2 => (at(), at()).prop_map(|(a, b)| Harm::Remove(a, b)),
        2 => (at(), at()).prop_map(|(a, b)| Harm::Swap(a, b)),
    ]
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        let n = bytes.len();
        if n < 2 {
            break;
        }
        let at = |a: f64| ((a * n as f64) as usize).min(n - 1);
        match *harm {
            Harm::Set(a, b) => bytes[at(a)] = b,
            Harm::Cut(a) => bytes.truncate(at(a)),
            Harm::Double(a, b) => {
                let (from, to) = (at(a.min(b)), at(a.max(b)));
                let piece = bytes[from..to.min(from + 4096)].to_vec();
                bytes.splice(from..from, piece);
            }
            Harm::Remove(a, b) => {
                let from = at(a);
                bytes.drain(from..(from + 1 + (b * 64.0) as usize).min(n));
            }
            Harm::Swap(a, b) => bytes.swap(at(a), at(b)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_get_an_answer(which in any::<prop::sample::Index>(), harms in prop::collection::vec(harm(), 1..12)) {
        let samples = samples();
        if !samples.is_empty() {
            let (name, bytes) = &samples[which.index(samples.len())];
            answers(name, &harmed(bytes.clone(), &harms));
        }
    }

    #[test]
    fn bytes_without_sense_get_an_answer(kind in 0_usize..12, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let (name, head): (&str, &[u8]) = [
            ("x.city.json", &b"{\"type\":\"CityJSON\",\"version\":\"2.0\","[..]),
            ("x.city.jsonl", b"{\"type\":\"CityJSON\",\"version\":\"2.0\",\"CityObjects\":{},\"vertices\":[]}\n"),
            ("x.osm", b"<?xml version='1.0'?><osm version='0.6'>"),
            ("x.osm.pbf", b"\0\0\0\x0d\x0a\x09OSMHeader\x18"),
            ("x.tif", b"II*\0\x08\0\0\0"),
            ("x.tif", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"),
            ("x.asc", b"ncols 3\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 1\n"),
            ("x.asc.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
            ("x.inp", b"[OPTIONS]\nFLOW_UNITS CMS\n[JUNCTIONS]\n"),
            ("x.geojson", b"{\"type\":\"FeatureCollection\",\"features\":["),
            ("x.gpkg", b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20"),
            ("x.glb", b"glTF\x02\0\0\0"),
        ][kind];
        let mut whole = head.to_vec();
        whole.extend(bytes);
        answers(name, &whole);
    }
}
