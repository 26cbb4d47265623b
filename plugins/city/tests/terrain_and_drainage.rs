//! Terrain and drainage importers against the figures of the shared test data.

use std::path::{Path, PathBuf};

use guanlan_city::{
    import::{
        Severity,
        raster::SourceRaster,
        swmm::{SwmmFile, read_swmm},
        terrain_asc::read_asc,
        terrain_tiff::read_tiff,
    },
    model::DrainNodeKind,
};
use guanlan_geography::LocalFrame;
use serde_json::Value;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn data() -> Option<(PathBuf, Value)> {
    let root = PathBuf::from(DATA);
    let Ok(text) = std::fs::read_to_string(root.join("expected.json")) else {
        println!("skipped: no {DATA}");
        return None;
    };
    Some((root, serde_json::from_str(&text).expect("JSON")))
}

fn figures(expected: &Value, folder: &str, ends: &[&str]) -> Vec<(String, Value)> {
    let all = expected.as_object().expect("object").iter();
    all.filter(|(k, _)| k.starts_with(folder) && ends.iter().any(|e| k.ends_with(e)))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn read_raster(path: &Path) -> SourceRaster {
    let read = if path.extension().is_some_and(|e| e == "asc") { read_asc(path) } else { read_tiff(path) };
    read.unwrap_or_else(|e| panic!("{e}")).0
}

#[test]
fn terrain_figures() {
    let Some((root, expected)) = data() else { return };
    let files = figures(&expected, "terrain/", &[".tif", ".asc"]);
    assert!(files.len() >= 9);
    for (name, want) in files {
        let raster = read_raster(&root.join(&name));
        let number = |key: &str| want[key].as_f64();
        assert_eq!(Some(raster.cols as f64), number("width"), "{name}");
        assert_eq!(Some(raster.rows as f64), number("height"), "{name}");
        assert_eq!(want["dtype"].as_str(), Some(raster.dtype), "{name}");
        assert_eq!(Some(raster.valid_cells() as f64), number("valid_cells"), "{name}");
        for (i, got) in raster.affine.iter().enumerate() {
            let want = want["geotransform"][i].as_f64().expect("number");
            assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{name} geotransform {i}: {got} {want}");
        }
        let valid: Vec<f64> = raster.z.iter().filter(|z| z.is_finite()).map(|z| f64::from(*z)).collect();
        let low = valid.iter().copied().fold(f64::MAX, f64::min);
        let high = valid.iter().copied().fold(f64::MIN, f64::max);
        let mean = valid.iter().sum::<f64>() / valid.len() as f64;
        assert!((low - number("min").expect("min")).abs() < 1e-6, "{name}: {low}");
        assert!((high - number("max").expect("max")).abs() < 1e-6, "{name}: {high}");
        assert!((mean - number("mean").expect("mean")).abs() < 6e-5, "{name}: {mean}");
        for (key, z) in [("first_row_first_cell", raster.z[0]), ("last_row_last_cell", raster.z[raster.z.len() - 1])] {
            let nodata = number("nodata").map(|n| n as f32);
            let want = number(key).expect("cell") as f32;
            assert!(if nodata == Some(want) { z.is_nan() } else { z == want }, "{name} {key}: {z} {want}");
        }
        match want["crs"].as_str() {
            None => assert_eq!(raster.crs, None, "{name}"),
            Some(crs) if crs.starts_with("EPSG:") => assert_eq!(raster.crs.as_deref(), Some(crs), "{name}"),
            // A user-defined projection without a code.
            Some(_) => assert!(raster.crs.as_deref().is_some_and(|c| c.starts_with("+proj=laea")), "{name}"),
        }
    }
}

#[test]
fn pixel_is_point_and_pixel_is_area_give_the_same_cells() {
    let Some((root, _)) = data() else { return };
    let area = read_raster(&root.join("terrain/austrian_capitals_pixel_is_area.tif"));
    let point = read_raster(&root.join("terrain/austrian_capitals_pixel_is_point.tif"));
    assert!(area.z.iter().zip(&point.z).all(|(a, b)| a == b || a.is_nan() && b.is_nan()));
    // A tie point on a cell's centre lies half a cell from one on its corner.
    assert_eq!(area.place(0.0, 0.0), point.place(0.5, 0.5));
}

/// The user-defined LAEA of `laea_float_nodata.tif` is EPSG:3035 by its README.
#[test]
fn user_defined_projection_is_placed_like_its_code() {
    let Some((root, _)) = data() else { return };
    let raster = read_raster(&root.join("terrain/laea_float_nodata.tif"));
    let p = raster.place(6.5, 6.0);
    let frame = LocalFrame::new(3035, [0.0; 2]);
    let there = frame.from_crs(raster.crs.as_deref().expect("CRS")).expect("operation").transform(p).expect("point");
    assert!((there[0] - p[0]).hypot(there[1] - p[1]) < 0.01, "{p:?} {there:?}");
}

#[test]
fn real_rasters_go_into_a_frame() {
    let Some((root, _)) = data() else { return };
    let lidar = read_raster(&root.join("terrain/lidar_dem_1m.tif"));
    let frame = LocalFrame::new(26915, [429_452.0, 5_150_685.0]);
    let exact = lidar.to_terrain(&frame, None, None).expect("same CRS");
    assert_eq!((exact.cols, exact.rows), (400, 400));
    assert_eq!(exact.z_m[399 * 400], lidar.z[0], "north row is the last");
    // The same ground through another CRS: heights at the same places agree within a few centimetres.
    let there = LocalFrame::new(32615, [429_452.0, 5_150_685.0]);
    let other = lidar.to_terrain(&there, None, Some(1.0)).expect("known CRS");
    let lonlat = frame.to_lonlat([10.0, -20.0]).expect("inside");
    let at = there.from_lonlat(lonlat[0], lonlat[1]).expect("inside");
    let (a, b) = (exact.height_m(10.0, -20.0).expect("data"), other.height_m(at[0], at[1]).expect("data"));
    assert!((a - b).abs() < 0.3, "{a} {b}");
    // Degrees without a CRS in the file: 0.000833° of latitude are 92.5 m.
    let srtm = read_raster(&root.join("terrain/srtm_front_range_geographic.asc"));
    let utm = LocalFrame::new(32613, [460_000.0, 4_440_000.0]);
    let terrain = srtm.to_terrain(&utm, Some("EPSG:4326"), None).expect("known CRS");
    assert!((70.0..95.0).contains(&terrain.cell_m), "{}", terrain.cell_m);
    let middle = utm.from_lonlat(-105.5, 40.15).expect("inside");
    let z = terrain.height_m(middle[0], middle[1]).expect("data");
    let col = (-105.5 - srtm.affine[0]) / srtm.affine[1];
    let row = (40.15 - srtm.affine[3]) / srtm.affine[5];
    let want = srtm.sample(col, row).expect("data");
    assert!((z - want).abs() < 15.0, "{z} {want}");
}

#[test]
fn malformed_terrain_is_refused_with_a_reason() {
    let Some((root, expected)) = data() else { return };
    let error = read_tiff(&root.join("malformed/terrain/corrupt_cog.tif")).expect_err("corrupt");
    assert!(error.to_string().contains("corrupt_cog.tif") && !error.reason.is_empty(), "{error}");
    let raster = read_raster(&root.join("malformed/terrain/rotated_geotransform.tif"));
    let want = &expected["malformed/terrain/rotated_geotransform.tif"]["geotransform"];
    for i in 0..6 {
        assert!((raster.affine[i] - want[i].as_f64().expect("number")).abs() < 1e-9, "{:?}", raster.affine);
    }
    assert!(raster.to_terrain(&LocalFrame::default(), None, Some(1.0)).expect("placed").range_m().is_some());
    for file in ["drainage/examples_Example1.inp", "expected.json", "osm/helsinki_centre.osm.pbf"] {
        assert!(read_tiff(&root.join(file)).is_err(), "{file}");
        assert!(read_asc(&root.join(file)).is_err(), "{file}");
    }
    assert!(read_tiff(&root.join("no such file.tif")).is_err());
}

fn swmm(path: &Path) -> SwmmFile {
    read_swmm(path).unwrap_or_else(|e| panic!("{e}")).0
}

#[test]
fn drainage_figures() {
    let Some((root, expected)) = data() else { return };
    let files = figures(&expected, "drainage/", &[".inp"]);
    assert!(files.len() >= 17);
    for (name, want) in files {
        let (file, report) = read_swmm(&root.join(&name)).unwrap_or_else(|e| panic!("{e}"));
        check_counts(&name, &file, &want);
        assert_eq!(want["flow_units"].as_str(), Some(file.flow_units.as_str()), "{name}");
        // SWMM runs these files: nothing in them may be undefined or unreadable.
        assert_eq!(file.network.nodes.len(), file.counts["nodes"], "{name}");
        assert_eq!(file.network.conduits.len(), file.counts["conduits"], "{name} {report:?}");
        assert_eq!(file.network.pumps.len(), file.counts["pumps"], "{name}");
        for problem in &report.problems {
            let expected = problem.message.contains("not modelled") || problem.severity == Severity::Guessed;
            assert!(expected, "{name}: {problem:?}");
        }
    }
}

fn check_counts(name: &str, file: &SwmmFile, want: &Value) {
    for (class, n) in want["counts"].as_object().expect("counts") {
        if class == "coordinates_bbox" {
            let e = file.extent.unwrap_or_else(|| panic!("{name} has an extent"));
            for (got, i) in [(e[0], 0), (e[1], 1), (e[3], 2), (e[4], 3)] {
                assert!((got - n[i].as_f64().expect("number")).abs() < 1e-3, "{name}: {e:?} {n}");
            }
        } else {
            assert_eq!(file.counts.get(class).map(|n| *n as u64), n.as_u64(), "{name} {class}");
        }
    }
}

#[test]
fn drainage_in_si_units() {
    let Some((root, _)) = data() else { return };
    let bellinge = swmm(&root.join("drainage/bellinge_small.inp")).network;
    let outfall = bellinge.nodes.iter().find(|n| n.id == "G72F050_outfall").expect("outfall");
    assert_eq!((outfall.kind, outfall.invert_m), (DrainNodeKind::Outfall, 14.419));
    let pipe = &bellinge.conduits[0];
    assert_eq!((pipe.id.as_str(), pipe.shape.as_str(), pipe.barrels), ("G72F820_G72F810_l1", "CIRCULAR", 1));
    assert_eq!((pipe.geom_m[0], pipe.in_offset_m, pipe.length_m), (0.35, 0.0001, 47.449_25));
    assert_eq!(bellinge.nodes[pipe.from].id, "G72F820");

    let extran = swmm(&root.join("drainage/extran_extran10.inp")).network;
    assert!((extran.conduits[0].length_m - 304.8).abs() < 1e-4, "1000 ft");
    assert!((extran.conduits[0].in_offset_m - 6.096).abs() < 1e-4, "20 ft");
    assert!((extran.conduits[0].geom_m[0] - 1.2192).abs() < 1e-5, "4 ft");
    assert_eq!(extran.pumps.len(), 5);
    assert_ne!(extran.pumps[0].curve_type, 0);
    assert!(!extran.pumps[0].curve.is_empty());

    // Natural channels take height and width from their transects.
    let user = swmm(&root.join("drainage/user_user2.inp")).network;
    let natural: Vec<_> = user.conduits.iter().filter(|c| c.shape == "IRREGULAR").collect();
    assert!(!natural.is_empty() && natural.iter().all(|c| c.geom_m[0] > 0.3 && c.geom_m[1] > 1.0));
}

#[test]
fn malformed_drainage_is_reported_by_line_and_section() {
    let Some((root, expected)) = data() else { return };
    for (name, lines) in [
        ("malformed/drainage/bad_input_1.inp", vec!["[SUBCATCHMENTS] undefined rain gage '*'"]),
        (
            "malformed/drainage/invalid_model.inp",
            vec![
                "[SUBCATCHMENTS] undefined outlet 'NonExistantnode1'",
                "[CONDUITS] 'InvalidLink2' ends at the undefined node 'NonExistantNode2'",
                "[CONDUITS] 'InvalidLink1' ends at the undefined node 'NonExistantNode1'",
                "[CONTROLS] undefined link '165'",
            ],
        ),
    ] {
        let (file, report) = read_swmm(&root.join(name)).unwrap_or_else(|e| panic!("{e}"));
        check_counts_only(name, &file, &expected[name]);
        let told: Vec<String> = report.problems.iter().map(|p| format!("{} {}", p.where_, p.message)).collect();
        for line in lines {
            assert!(told.iter().any(|t| t.starts_with("line ") && t.ends_with(line)), "{name}: {line}\n{told:#?}");
        }
        for conduit in &file.network.conduits {
            assert!(conduit.from < file.network.nodes.len() && conduit.to < file.network.nodes.len());
        }
    }
    for file in ["terrain/zurich_dem_25m.tif", "expected.json", "README.md"] {
        assert!(read_swmm(&root.join(file)).is_err(), "{file}");
    }
}

/// Rows are counted whether they are usable or not.
fn check_counts_only(name: &str, file: &SwmmFile, want: &Value) {
    for (class, n) in want["counts"].as_object().expect("counts") {
        if let Some(n) = n.as_u64() {
            assert_eq!(file.counts.get(class).map(|n| *n as u64), Some(n), "{name} {class}");
        }
    }
}

/// Any cut and many garbled lines of a real file: an answer, never a panic.
#[test]
fn broken_drainage_never_panics() {
    let Some((root, _)) = data() else { return };
    let whole = std::fs::read_to_string(root.join("drainage/user_user2.inp")).expect("text");
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("t.inp");
    for step in 0..60 {
        let mut end = whole.len() * step / 60;
        while !whole.is_char_boundary(end) {
            end += 1;
        }
        std::fs::write(&path, &whole[..end]).expect("written");
        let _ = read_swmm(&path);
        // Drop every word whose number is a multiple of step + 2.
        let words = whole.split(' ').enumerate().filter(|(i, _)| i % (step + 2) != 0).map(|(_, w)| w);
        std::fs::write(&path, words.collect::<Vec<_>>().join(" ")).expect("written");
        let _ = read_swmm(&path);
    }
    std::fs::write(&path, "[OPTIONS]\nFLOW_UNITS BUCKETS\n").expect("written");
    let error = read_swmm(&path).expect_err("unknown unit");
    assert!(error.to_string().contains("line 2 [OPTIONS]") && error.reason.contains("BUCKETS"), "{error}");
    std::fs::write(&path, "[JUNCTIONS]\nA 1\nB abc\n[CONDUITS]\nC A B 10 .01\n").expect("written");
    let (_, report) = read_swmm(&path).expect("usable");
    let told: Vec<String> = report.problems.iter().map(|p| format!("{} {}", p.where_, p.message)).collect();
    assert!(told.iter().any(|t| t.contains("line 3 [JUNCTIONS] 'B' elevation is 'abc'")), "{told:?}");
}
