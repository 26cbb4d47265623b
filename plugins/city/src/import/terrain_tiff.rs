//! GeoTIFF terrain: one band of any integer or float type, strips or tiles, with or without CRS.

use std::{fs::File, io::BufReader, path::Path};

use tiff::{
    ColorType,
    decoder::{Decoder, DecodingResult, Limits},
    tags::Tag,
};

use super::{
    ImportError, Report, Severity,
    geokeys::GeoKeys,
    raster::{MAX_CELLS, SourceRaster, sidecar_crs},
};

type Tiff = Decoder<BufReader<File>>;

/// Reads the first image of a GeoTIFF as heights.
pub fn read_tiff(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let fail = |place: &str, reason: String| ImportError::new(path, place, reason);
    let file = File::open(path).map_err(|e| fail("", e.to_string()))?;
    let bytes = file.metadata().map_err(|e| fail("", e.to_string()))?.len();
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_CELLS * 8;
    limits.intermediate_buffer_size = MAX_CELLS * 8;
    limits.ifd_value_size = 64 << 20;
    let mut tiff = Decoder::new(BufReader::new(file))
        .map_err(|e| fail("header", format!("not a TIFF that can be read: {e}")))?
        .with_limits(limits);
    let mut report = Report::default();

    let (width, height) = tiff.dimensions().map_err(|e| fail("ImageWidth, ImageLength", e.to_string()))?;
    let (cols, rows) = (width as usize, height as usize);
    if cols == 0 || rows == 0 || cols.checked_mul(rows).is_none_or(|n| n > MAX_CELLS) {
        return Err(fail("ImageWidth, ImageLength", format!("{cols} x {rows} cells, expected 1 to {MAX_CELLS}")));
    }
    // The densest compression in use packs about a thousand to one.
    if (cols * rows) as u64 > bytes.saturating_mul(2_000) {
        return Err(fail("ImageWidth, ImageLength", format!("{cols} x {rows} cells in a file of {bytes} bytes")));
    }
    match tiff.colortype().map_err(|e| fail("SamplesPerPixel, BitsPerSample", e.to_string()))? {
        ColorType::Gray(8 | 16 | 32 | 64) => {}
        other => {
            return Err(fail(
                "SamplesPerPixel, BitsPerSample",
                format!("{other:?} is not a terrain: expected one band of 8, 16, 32 or 64 bits"),
            ));
        }
    }
    let keys = geo_keys(&mut tiff);
    let affine = affine(&mut tiff, &keys).unwrap_or_else(|reason| {
        report.note(Severity::Guessed, "geotransform", format!("{reason}; one unit to a cell from (0, 0) assumed"));
        [0.0, 1.0, 0.0, rows as f64, 0.0, -1.0]
    });
    if affine[2] != 0.0 || affine[4] != 0.0 {
        let text = "the raster is turned against its CRS; its cells are resampled north-up";
        report.note(Severity::Repaired, "geotransform", text);
    }
    let nodata = nodata(&mut tiff, &mut report);
    let data = tiff.read_image().map_err(|e| fail("image data", format!("cannot be decoded: {e}")))?;
    // The decoder turns images whose white is zero into black-is-zero ones; heights are no colours.
    let inverted = tiff.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).is_ok_and(|p| p == Some(0));
    let (dtype, mut z) = heights(if inverted { restored(data) } else { data }, nodata);
    if z.len() != cols * rows {
        return Err(fail("image data", format!("{} samples for {cols} x {rows} cells", z.len())));
    }
    let scale = keys.metres_per_height_unit();
    if scale != 1.0 {
        z.iter_mut().for_each(|z| *z = (f64::from(*z) * scale) as f32);
        report.note(Severity::Repaired, "VerticalUnits", format!("heights in units of {scale} m made metres"));
    }
    let (mut crs, mut epsg) = (keys.crs(), keys.epsg());
    if crs.is_none()
        && let Some((text, code)) = sidecar_crs(path)
    {
        (crs, epsg) = (Some(text), code);
    }
    if crs.is_none() && !keys.is_empty() {
        report.note(Severity::Guessed, "GeoKeyDirectory", "the keys name no CRS that can be used; give it with --crs");
    }
    report.count("cols", cols);
    report.count("rows", rows);
    Ok((SourceRaster { cols, rows, affine, epsg, crs, nodata, dtype, z }, report))
}

fn geo_keys(tiff: &mut Tiff) -> GeoKeys {
    // Missing or unreadable tags are files without a CRS.
    let shorts = tiff.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).unwrap_or_default();
    let doubles = tiff.get_tag_f64_vec(Tag::GeoDoubleParamsTag).unwrap_or_default();
    GeoKeys::new(shorts, doubles)
}

/// The transformation from cell corners, with the half cell of `PixelIsPoint` taken out.
fn affine(tiff: &mut Tiff, keys: &GeoKeys) -> Result<[f64; 6], String> {
    let mut a = if let Ok(m) = tiff.get_tag_f64_vec(Tag::ModelTransformationTag) {
        if m.len() != 16 {
            return Err(format!("ModelTransformation has {} numbers, expected 16", m.len()));
        }
        [m[3], m[0], m[1], m[7], m[4], m[5]]
    } else {
        let scale = tiff.get_tag_f64_vec(Tag::ModelPixelScaleTag).map_err(|_| "no ModelPixelScale".to_owned())?;
        let tie = tiff.get_tag_f64_vec(Tag::ModelTiepointTag).map_err(|_| "no ModelTiepoint".to_owned())?;
        if scale.len() < 2 || tie.len() < 6 {
            return Err("ModelPixelScale or ModelTiepoint is too short".into());
        }
        [tie[3] - tie[0] * scale[0], scale[0], 0.0, tie[4] + tie[1] * scale[1], 0.0, -scale[1]]
    };
    if !a.iter().all(|v| v.is_finite()) || a[1] * a[5] - a[2] * a[4] == 0.0 {
        return Err("the geotransform is not a place".into());
    }
    if keys.pixel_is_point() {
        a[0] -= 0.5 * (a[1] + a[2]);
        a[3] -= 0.5 * (a[4] + a[5]);
    }
    Ok(a)
}

fn nodata(tiff: &mut Tiff, report: &mut Report) -> Option<f64> {
    let text = tiff.get_tag_ascii_string(Tag::GdalNodata).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    match text.to_ascii_lowercase().as_str() {
        "" => None,
        "nan" | "-nan" | "1.#qnan" => Some(f64::NAN),
        other => {
            let parsed = other.parse().ok();
            if parsed.is_none() {
                report.note(Severity::Skipped, "GDAL_NODATA", format!("'{text}' is not a number"));
            }
            parsed
        }
    }
}

/// Undoes the decoder's inversion of white-is-zero samples.
fn restored(data: DecodingResult) -> DecodingResult {
    match data {
        DecodingResult::U8(v) => DecodingResult::U8(v.into_iter().map(|v| !v).collect()),
        DecodingResult::U16(v) => DecodingResult::U16(v.into_iter().map(|v| !v).collect()),
        DecodingResult::U32(v) => DecodingResult::U32(v.into_iter().map(|v| !v).collect()),
        DecodingResult::U64(v) => DecodingResult::U64(v.into_iter().map(|v| !v).collect()),
        DecodingResult::F32(v) => DecodingResult::F32(v.into_iter().map(|v| 1.0 - v).collect()),
        DecodingResult::F64(v) => DecodingResult::F64(v.into_iter().map(|v| 1.0 - v).collect()),
        // The decoder refuses to invert any other type.
        other => other,
    }
}

/// Samples as metres; no data, NaN and values beyond 1e30 become NaN. Floats are compared with the
/// no-data value in their own precision, because writers round it.
fn heights(data: DecodingResult, nodata: Option<f64>) -> (&'static str, Vec<f32>) {
    fn keep(value: f64, is_nodata: bool) -> f32 {
        if is_nodata || !value.is_finite() || value.abs() > 1e30 { f32::NAN } else { value as f32 }
    }
    macro_rules! integers {
        ($name:literal, $values:expr) => {
            ($name, $values.into_iter().map(|v| keep(v as f64, nodata == Some(v as f64))).collect())
        };
    }
    match data {
        DecodingResult::U8(v) => integers!("uint8", v),
        DecodingResult::U16(v) => integers!("uint16", v),
        DecodingResult::U32(v) => integers!("uint32", v),
        DecodingResult::U64(v) => integers!("uint64", v),
        DecodingResult::I8(v) => integers!("int8", v),
        DecodingResult::I16(v) => integers!("int16", v),
        DecodingResult::I32(v) => integers!("int32", v),
        DecodingResult::I64(v) => integers!("int64", v),
        DecodingResult::F16(v) => {
            let nodata = nodata.map(|n| n as f32);
            let one = |v: f32| keep(f64::from(v), nodata == Some(v));
            ("float16", v.into_iter().map(|v| one(f32::from(v))).collect())
        }
        DecodingResult::F32(v) => {
            let nodata = nodata.map(|n| n as f32);
            ("float32", v.into_iter().map(|v| keep(f64::from(v), nodata == Some(v))).collect())
        }
        DecodingResult::F64(v) => ("float64", v.into_iter().map(|v| keep(v, nodata == Some(v))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export_tiff::write_geotiff_f32;

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
                ($name, &include_bytes!(concat!("../../tests/data/dem_", $name, ".tif"))[..])
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
        // A codec that is not read is named.
        let path = dir.path().join("lerc.tif");
        std::fs::write(&path, sample!("lerc_f32").1).expect("written");
        let error = read_tiff(&path).expect_err("LERC");
        assert!(
            error.reason.contains("LERC") || error.reason.contains("34887") || error.reason.contains("Lerc"),
            "{error}"
        );
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
}
