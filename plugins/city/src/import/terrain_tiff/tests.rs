//! GeoTIFFs as different programs write them.

use super::*;
use crate::export_tiff::write_geotiff_f32;

fn image(cols: usize, rows: usize, nodata: f64) -> Cells {
    Cells { cols, rows, samples: 1, nodata: Some(nodata), mask: None }
}

#[test]
fn what_is_written_is_read_again() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("t.tif");
    let values: Vec<f32> = (0..300 * 200).map(|i| if i == 7 { f32::NAN } else { i as f32 * 0.25 }).collect();
    write_geotiff_f32(&path, 300, 200, 465_000.5, 4_422_500.0, 2.5, 4549, -9999.0, &values).expect("written");
    let (raster, report) = read_tiff(&path).expect("read");
    assert_eq!((raster.cols, raster.rows, raster.epsg, raster.nodata), (300, 200, Some(4549), Some(-9999.0)));
    assert_eq!(raster.affine, [465_000.5, 2.5, 0.0, 4_422_500.0, 0.0, -2.5]);
    assert!(raster.z[7].is_nan() && raster.z.iter().zip(&values).all(|(a, b)| a == b || b.is_nan()));
    assert!(report.problems.is_empty(), "{report:?}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1, "no leftovers");
    assert!(write_geotiff_f32(&path, 3, 3, 0.0, 0.0, 1.0, 4549, 0.0, &values).is_err());
    assert!(write_geotiff_f32(&path, 300, 200, 0.0, 0.0, 1.0, 70_000, 0.0, &values).is_err());
    assert!(write_geotiff_f32(&path, 300, 200, 0.0, 0.0, -1.0, 4549, 0.0, &values).is_err());
    assert_eq!(read_tiff(&path).expect("untouched").0.cols, 300);
}

/// The same cells in every kind of GeoTIFF that GDAL writes.
#[test]
fn every_encoding_holds_the_same_ground() {
    macro_rules! sample {
        ($name:literal) => {
            ($name, &include_bytes!(concat!("../../../tests/data/dem_", $name, ".tif"))[..])
        };
    }
    let dir = tempfile::tempdir().expect("temporary folder");
    let samples = [
        (sample!("deflate_f32_predictor3"), "float32"),
        (sample!("lzw_i16_predictor2"), "int16"),
        (sample!("packbits_u16"), "uint16"),
        (sample!("zstd_f64"), "float64"),
        (sample!("tiled_deflate_i16_overviews"), "int16"),
        (sample!("bigtiff_f32"), "float32"),
        (sample!("tiled_zstd_f32_predictor3"), "float32"),
        (sample!("bigendian_i32"), "int32"),
        (sample!("lzma_f32_predictor3"), "float32"),
        (sample!("lerc_f32"), "float32"),
        (sample!("cog"), "float64"),
    ];
    for ((name, bytes), dtype) in samples {
        let path = dir.path().join(format!("{name}.tif"));
        std::fs::write(&path, bytes).expect("written");
        let (raster, report) = read_tiff(&path).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((raster.cols, raster.rows, raster.dtype, raster.epsg), (40, 32, dtype, Some(4549)), "{name}");
        assert_eq!(raster.affine, [500_000.0, 10.0, 0.0, 3_350_320.0, 0.0, -10.0], "{name}");
        assert_eq!(raster.valid_cells(), 40 * 31, "{name}: the first row has no data");
        for row in 1..32 {
            for col in 0..40 {
                let want = 100.0 + col as f32 / 4.0 + 2.0 * row as f32;
                // Python rounds halves to even.
                let want = if dtype.starts_with('f') { want } else { want.round_ties_even() };
                assert_eq!(raster.z[row * 40 + col], want, "{name} {row} {col}");
            }
        }
        assert!(report.problems.is_empty(), "{name} {report:?}");
    }
    // A turned raster keeps its turn, and says so.
    let path = dir.path().join("rotated.tif");
    std::fs::write(&path, sample!("rotated_u8").1).expect("written");
    let (raster, report) = read_tiff(&path).expect("read");
    assert_eq!(raster.affine, [500_000.0, 8.0, 6.0, 3_350_320.0, 6.0, -8.0]);
    assert!(report.problems.iter().any(|p| p.message.contains("turned")), "{report:?}");
    let terrain =
        raster.to_terrain(&guanlan_geography::LocalFrame::new(4549, [500_000.0, 3_350_000.0]), None, Some(5.0));
    let terrain = terrain.expect("placed");
    // The centre of column 20, row 16, where the cells say it is.
    let at = raster.place(20.5, 16.5);
    let z = terrain.height_m(at[0] - 500_000.0, at[1] - 3_350_000.0).expect("data");
    assert!((z - 137.0).abs() < 2.5, "{z}");
}

#[test]
fn coarser_cells_are_means_and_overviews_are_found() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("t.tif");
    let values: Vec<f32> = (0..70 * 50).map(|i| if i == 0 { -1.0 } else { (i % 70) as f32 }).collect();
    write_geotiff_f32(&path, 70, 50, 0.0, 50.0, 1.0, 4549, -1.0, &values).expect("written");
    let mut tiff = Decoder::new(BufReader::new(File::open(&path).expect("there"))).expect("TIFF");
    let (dtype, half) = image(70, 50, -1.0).read(&mut tiff, Window::whole(70, 50), 875).expect("read");
    assert_eq!((half.cols, half.rows, dtype), (35, 25, "float32"));
    assert_eq!((half.z[1], half.z[34 + 35 * 24]), (2.5, 68.5));
    assert!((half.z[0] - 2.0 / 3.0).abs() < 1e-6, "no data is left out of the mean: {}", half.z[0]);
    assert_eq!(overview(&mut tiff, 70, 50), None);
    std::fs::write(&path, include_bytes!("../../../tests/data/dem_tiled_deflate_i16_overviews.tif")).expect("written");
    let mut tiff = Decoder::new(BufReader::new(File::open(&path).expect("there"))).expect("TIFF");
    let (cols, rows) = overview(&mut tiff, 40, 32).expect("an overview");
    assert_eq!((cols, rows), (20, 16));
    let (_, small) = image(cols, rows, -9999.0).read(&mut tiff, Window::whole(cols, rows), MAX_CELLS).expect("read");
    assert!(small.z.iter().skip(20).all(|z| (95.0..180.0).contains(z)), "{:?}", &small.z[..40]);
}

#[test]
fn cut_files_are_refused_not_feared() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let path = dir.path().join("t.tif");
    let values: Vec<f32> = (0..50 * 40).map(|i| ((i * 7919) % 1000) as f32).collect();
    write_geotiff_f32(&path, 50, 40, 0.0, 40.0, 1.0, 4549, -1.0, &values).expect("written");
    let whole = std::fs::read(&path).expect("read");
    for length in (0..whole.len()).step_by(whole.len() / 97) {
        std::fs::write(&path, &whole[..length]).expect("written");
        let error = read_tiff(&path).expect_err("a part of a file");
        assert!(!error.reason.is_empty() && error.path == path);
    }
    // Any single byte changed: an answer, whatever it is.
    for i in 0..whole.len().min(4000) {
        let mut broken = whole.clone();
        broken[i] ^= 0xff;
        std::fs::write(&path, &broken).expect("written");
        let _ = read_tiff(&path);
    }
}

/// A file of which the samples are told by their number, with an LZW stream that ends with its last sample.
#[test]
fn places_units_and_masks_of_other_writers() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let read = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        read_tiff(&path).unwrap_or_else(|e| panic!("{e}"))
    };
    let said = |report: &Report, words: &str| report.problems.iter().any(|p| p.message.contains(words));
    let want = |n: usize| 100.0 + (n % 80) as f32 * 0.25 + (n / 80) as f32 * 0.5;

    // GDAL's tiles of LZW: the last code comes with the last sample.
    let (raster, _) = read("lzw.tif", include_bytes!("../../../tests/data/dem_lzw_tiles_i16.tif"));
    assert_eq!((raster.cols, raster.rows, raster.dtype), (300, 300, "int16"));
    let step = |n: usize| (100.0 + (n / 300 / 10) as f32 * 0.5 + (n % 300 / 10) as f32 * 0.25).trunc();
    assert!((0..300 * 300).all(|n| raster.z[n] == step(n)));
    // Heights as whole numbers of decimetres above 5 m; feet by the unit's name.
    let (raster, report) = read("scale.tif", include_bytes!("../../../tests/data/dem_scale_offset_i16.tif"));
    assert!(
        (0..4800).all(|n| (raster.z[n] - ((want(n) * 10.0).trunc() * 0.1 + 5.0)).abs() < 1e-3),
        "{:?}",
        &raster.z[..4]
    );
    assert!(said(&report, "in steps of 0.1"), "{report:?}");
    let (raster, report) = read("feet.tif", include_bytes!("../../../tests/data/dem_unit_ft.tif"));
    assert!((0..4800).all(|n| (raster.z[n] - want(n)).abs() < 0.01) && said(&report, "0.3048 m"), "{report:?}");
    // A mask inside the file.
    let (raster, _) = read("mask.tif", include_bytes!("../../../tests/data/dem_mask.tif"));
    assert!(raster.z[..400].iter().all(|z| z.is_nan()) && raster.z[400..].iter().all(|z| z.is_finite()));
    // Control points instead of a scale.
    let (raster, report) = read("gcp.tif", include_bytes!("../../../tests/data/dem_gcp.tif"));
    let want_affine = [500_000.0, 10.0, 0.0, 3_350_600.0, 0.0, -10.0];
    assert!(raster.affine.iter().zip(want_affine).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", raster.affine);
    assert!(said(&report, "4 control points"), "{report:?}");
    // No-data that nobody declared; a place in a world file.
    let bytes = include_bytes!("../../../tests/data/dem_undeclared.tif");
    let (raster, report) = read("undeclared.tif", bytes);
    assert_eq!(raster.valid_cells(), 4400);
    assert!(said(&report, "400 cells of -9999") && said(&report, "no ModelPixelScale"), "{report:?}");
    std::fs::write(dir.path().join("undeclared.tfw"), "10,0\n0\n0\n-10\n500005\n3350595\n").expect("written");
    let (raster, report) = read("undeclared.tif", bytes);
    assert_eq!(raster.affine, want_affine);
    assert!(said(&report, "world file"), "{report:?}");
}

#[test]
fn a_part_is_the_same_cells() {
    let dir = tempfile::tempdir().expect("temporary folder");
    for bytes in [
        &include_bytes!("../../../tests/data/dem_lzw_tiles_i16.tif")[..],
        include_bytes!("../../../tests/data/dem_tiled_zstd_f32_predictor3.tif"),
    ] {
        let path = dir.path().join("t.tif");
        std::fs::write(&path, bytes).expect("written");
        let (whole, _) = read_tiff(&path).expect("read");
        let window = Window { col: 9, row: 5, cols: 20, rows: 11 };
        let (part, _) = read_tiff_part(&path, window).expect("read");
        assert_eq!((part.cols, part.rows), (20, 11));
        assert_eq!(part.place(0.0, 0.0), whole.place(9.0, 5.0));
        for (row, line) in part.z.chunks_exact(20).enumerate() {
            let from = (row + 5) * whole.cols + 9;
            assert!(line.iter().zip(&whole.z[from..from + 20]).all(|(a, b)| a == b || a.is_nan() && b.is_nan()));
        }
    }
}
