//! Every figure of the reference data (`expected.json`, by path) that a file's facts can tell, asserted on what
//! `inspect` says; a figure that nobody looks at fails the test.

use std::path::{Path, PathBuf};

use guanlan_city::import::{FileFacts, inspect, terrain_asc::read_asc, terrain_tiff::read_tiff};
use serde_json::Value;

fn data() -> Option<(PathBuf, Value)> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let Ok(text) = std::fs::read_to_string(root.join("expected.json")) else {
        println!("no shared/data beside the repository: figures not checked");
        return None;
    };
    Some((root, serde_json::from_str(&text).expect("JSON")))
}

/// Figures of an engine's run, of decoders of pictures, of other readers: not facts of a file's content.
const NOT_OURS: [&str; 10] = [
    "continuity_error_percent",
    "flooded_nodes",
    "max_link_flow",
    "max_node_depth",
    "routing_volume",
    "system_outfall",
    "run",
    "driver",
    "bands",
    "header_bbox",
];

fn count(facts: &FileFacts, name: &str) -> u64 {
    facts.counts.get(name).copied().unwrap_or(0) as u64
}

fn close(got: f64, want: &Value, tolerance: f64, what: &str) {
    let want = want.as_f64().unwrap_or_else(|| panic!("{what}: {want}"));
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what}: {got} instead of {want}");
}

/// `EPSG:n` of a CRS in any spelling.
fn code(crs: &Value) -> Option<String> {
    let text = match crs {
        Value::String(text) => text.clone(),
        other => other.pointer("/properties/name")?.as_str()?.to_owned(),
    };
    let digits: String = text.chars().rev().take_while(char::is_ascii_digit).collect();
    Some(format!("EPSG:{}", digits.chars().rev().collect::<String>()))
}

fn figure(name: &str, facts: &FileFacts, key: &str, want: &Value) {
    let what = format!("{name} {key}");
    let e = facts.extent.unwrap_or_default();
    match key {
        "version" => assert_eq!(Some(facts.version.as_str()), want.as_str(), "{what}"),
        "crs" => match code(want) {
            // A GeoJSON file that says nothing is in WGS 84 by its standard.
            None if facts.format == "GeoJSON" => assert_eq!(facts.crs, "EPSG:4326", "{what}"),
            None => assert_eq!(facts.crs, "", "{what}"),
            Some(_) if name.ends_with("laea_float_nodata.tif") => {
                assert!(facts.crs.contains("+proj=laea"), "{what}: {}", facts.crs);
            }
            Some(code) => assert_eq!(facts.crs, code, "{what}"),
        },
        "bbox" => {
            let want = want.as_array().expect("array");
            let got = if want.len() == 4 { vec![e[0], e[1], e[3], e[4]] } else { e.to_vec() };
            // Written with three decimals (degrees with more).
            for (got, want) in got.iter().zip(want) {
                let want = want.as_f64().expect("number");
                assert!((got - want).abs() < 6e-4, "{what}: {got} instead of {want}");
            }
        }
        "node_bbox_lonlat" => {
            [e[0], e[1], e[3], e[4]]
                .iter()
                .zip(want.as_array().expect("array"))
                .for_each(|(g, w)| close(*g, w, 1e-7, &what));
        }
        "bounds" => {
            [e[0], e[1], e[3], e[4]]
                .iter()
                .zip(want.as_array().expect("array"))
                .for_each(|(g, w)| close(*g, w, 1e-9, &what));
        }
        "min" => close(e[2], want, 1e-6, &what),
        "max" => close(e[5], want, 1e-6, &what),
        "width" => assert_eq!(Some(count(facts, "cols")), want.as_u64(), "{what}"),
        "height" => assert_eq!(Some(count(facts, "rows")), want.as_u64(), "{what}"),
        "by_type" | "geometries" | "semantic_surface_defs" | "appearance" | "geometry_types" => {
            for (kind, n) in want.as_object().expect("object") {
                assert_eq!(Some(count(facts, kind)), n.as_u64(), "{what} {kind}");
            }
        }
        "counts" => {
            for (class, n) in want.as_object().expect("object").iter().filter(|(class, _)| *class != "coordinates_bbox")
            {
                assert_eq!(Some(count(facts, class)), n.as_u64(), "{what} {class}");
            }
            if let Some(b) = want["coordinates_bbox"].as_array() {
                [e[0], e[1], e[3], e[4]].iter().zip(b).for_each(|(g, w)| close(*g, w, 1e-6, &what));
            }
        }
        "extensions" => {
            assert_eq!(count(facts, "extensions") as usize, want.as_array().expect("array").len(), "{what}")
        }
        "highway_ways" => assert_eq!(Some(count(facts, "roads")), want.as_u64(), "{what}"),
        "flow_units" => {
            let said = guanlan_city::import::swmm::read_swmm(&facts.path).expect("read").0;
            assert_eq!(Some(said.flow_units.as_str()), want.as_str(), "{what}");
        }
        "routing" => {
            let network = guanlan_city::import::swmm::read_swmm(&facts.path).expect("read").0.network;
            // SWMM 4 wrote DW and KW.
            let said = network.options.get("FLOW_ROUTING").map(|s| match s.as_str() {
                "DW" => "DYNWAVE",
                "KW" => "KINWAVE",
                other => other,
            });
            // No routing in a network without links.
            if let Some(want) = want.as_str() {
                assert_eq!(said, Some(want), "{what}");
            } else {
                assert!(network.conduits.is_empty(), "{what}");
            }
        }
        // SWMM's error 209: each undefined object is named with its line.
        "errors" => {
            for error in want.as_array().expect("array") {
                let text = error.as_str().expect("text");
                let words: Vec<&str> = text.split_whitespace().collect();
                let at = |word: &str| words.iter().position(|w| *w == word).expect("its form");
                let (object, line) = (words[at("object") + 1], words[at("line") + 1]);
                let told = facts.problems.iter().any(|p| {
                    format!("{} ", p.where_).contains(&format!("line {line} "))
                        && p.message.contains(&format!("'{object}'"))
                });
                assert!(told, "{what}: {text}\n{:#?}", facts.problems);
            }
        }
        "local_position_min" | "local_position_max" | "extensions_used" => {}
        _ => {
            let n = want.as_u64().unwrap_or_else(|| panic!("{what}: nobody looks at this figure ({want})"));
            assert_eq!(count(facts, key), n, "{what}");
        }
    }
}

/// Figures of cells, from the raster itself.
fn cells(path: &Path, name: &str, key: &str, want: &Value) -> bool {
    let read = if name.ends_with(".asc") { read_asc(path) } else { read_tiff(path) };
    let (raster, _) = read.expect("read");
    match key {
        "dtype" => assert_eq!(Some(raster.dtype), want.as_str(), "{name}"),
        "nodata" => match want.as_f64() {
            Some(nodata) => close(raster.nodata.expect("no data"), want, 1e-6 * nodata.abs().max(1.0), name),
            None => assert_eq!(raster.nodata, None, "{name}"),
        },
        "mean" => {
            let valid: Vec<f64> = raster.z.iter().filter(|z| z.is_finite()).map(|z| f64::from(*z)).collect();
            close(valid.iter().sum::<f64>() / valid.len() as f64, want, 1e-4, name);
        }
        "geotransform" => {
            for (got, want) in raster.affine.iter().zip(want.as_array().expect("array")) {
                close(*got, want, 1e-9, name);
            }
        }
        "first_row_first_cell" | "last_row_last_cell" => {
            let z = if key.starts_with("first") { raster.z[0] } else { raster.z[raster.z.len() - 1] };
            match (want.as_f64(), raster.nodata) {
                (Some(w), Some(nodata)) if (w - nodata).abs() <= 1e-6 * nodata.abs() => {
                    assert!(z.is_nan(), "{name} {key}")
                }
                (Some(_), _) => close(f64::from(z), want, 1e-6, name),
                (None, _) => assert!(z.is_nan(), "{name} {key}"),
            }
        }
        // What the pixel is was taken out of the affine, which is asserted.
        "area_or_point" => {}
        _ => return false,
    }
    true
}

#[test]
fn every_figure_of_every_file() {
    let Some((root, expected)) = data() else { return };
    let ours = |name: &str| {
        let tiles = name.contains("3dtiles");
        let city = name.starts_with("city/") || name.starts_with("osm/") || name.starts_with("terrain/");
        let broken = ["malformed/osm/", "malformed/terrain/", "malformed/drainage/", "malformed/cityjson"];
        !tiles && (city || name.starts_with("drainage/") || broken.iter().any(|b| name.starts_with(b)))
    };
    let mut files = 0;
    for (name, want) in expected.as_object().expect("object").iter().filter(|(name, _)| ours(name)) {
        let path = root.join(name);
        let want = want.as_object().expect("figures");
        if want.contains_key("reader_error") {
            // Another reader refuses it; here it is refused, or read with a word about what is odd.
            match inspect(&path) {
                Err(error) => assert!(!error.reason.is_empty(), "{name}"),
                Ok(facts) => assert!(!facts.problems.is_empty() || facts.format == "CityJSONSeq", "{name}: {facts:?}"),
            }
            continue;
        }
        let facts = inspect(&path).unwrap_or_else(|e| panic!("{e}"));
        let raster = name.contains("terrain/");
        for (key, want) in want.iter().filter(|(key, _)| !NOT_OURS.contains(&key.as_str())) {
            if !(raster && cells(&path, name, key, want)) {
                figure(name, &facts, key, want);
            }
        }
        files += 1;
    }
    assert!(files >= 70, "{files}");
}
