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
    // Cells are decoded strip by strip or tile by tile.
    limits.decoding_buffer_size = MAX_CHUNK;
    limits.intermediate_buffer_size = MAX_CHUNK;
    limits.ifd_value_size = 64 << 20;
    let mut tiff = Decoder::new(BufReader::new(file))
        .map_err(|e| fail("header", format!("not a TIFF that can be read: {e}")))?
        .with_limits(limits);
    let mut report = Report::default();

    let (width, height) = tiff.dimensions().map_err(|e| fail("ImageWidth, ImageLength", e.to_string()))?;
    let (cols, rows) = (width as usize, height as usize);
    if cols == 0 || rows == 0 || cols.checked_mul(rows).is_none_or(|n| n > MOST_CELLS) {
        return Err(fail("ImageWidth, ImageLength", format!("{cols} x {rows} cells, expected 1 to {MOST_CELLS}")));
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
    let mut affine = affine(&mut tiff, &keys).unwrap_or_else(|reason| {
        report.note(Severity::Guessed, "geotransform", format!("{reason}; one unit to a cell from (0, 0) assumed"));
        [0.0, 1.0, 0.0, rows as f64, 0.0, -1.0]
    });
    if affine[2] != 0.0 || affine[4] != 0.0 {
        let text = "the raster is turned against its CRS; its cells are resampled north-up";
        report.note(Severity::Repaired, "geotransform", text);
    }
    let nodata = nodata(&mut tiff, &mut report);
    let small = if cols * rows > MAX_CELLS { overview(&mut tiff, cols, rows) } else { None };
    let (own_cols, own_rows) = small.unwrap_or((cols, rows));
    let mut step = 1;
    while own_cols.div_ceil(step) * own_rows.div_ceil(step) > MAX_CELLS {
        step += 1;
    }
    let Cells { dtype, mut z, cols: kept_cols, rows: kept_rows } =
        cells(&mut tiff, own_cols, own_rows, step, nodata).map_err(|why| fail("image data", why))?;
    if (kept_cols, kept_rows) != (cols, rows) {
        let text =
            format!("{cols} x {rows} cells are more than are held; {kept_cols} x {kept_rows} coarser ones are used");
        report.note(Severity::Guessed, "image data", text);
        // A coarse cell covers as much in both directions, whatever is left over at the edge.
        let (x, y) = if step > 1 && small.is_none() {
            (step as f64, step as f64)
        } else {
            (cols as f64 / own_cols as f64 * step as f64, rows as f64 / own_rows as f64 * step as f64)
        };
        affine = [affine[0], affine[1] * x, affine[2] * y, affine[3], affine[4] * x, affine[5] * y];
    }
    let (cols, rows) = (kept_cols, kept_rows);
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
    let heights = keys.heights().map(|heights| heights.name);
    Ok((SourceRaster { cols, rows, affine, epsg, crs, heights, nodata, dtype, z }, report))
}

/// Cells of a file at most; more than are held are made fewer while they are read.
const MOST_CELLS: usize = 20_000_000_000;
/// Largest strip or tile, bytes.
const MAX_CHUNK: usize = 512 << 20;

/// Goes to the finest reduced image that can be held; its size. The first image stays when there is none.
fn overview(tiff: &mut Tiff, cols: usize, rows: usize) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    for n in 1..64 {
        if tiff.seek_to_image(n).is_err() {
            break;
        }
        let reduced =
            tiff.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok().flatten().is_some_and(|kind| kind & 1 == 1);
        let gray = matches!(tiff.colortype(), Ok(ColorType::Gray(8 | 16 | 32 | 64)));
        let Ok((w, h)) = tiff.dimensions() else { continue };
        let (w, h) = (w as usize, h as usize);
        // The same picture, only smaller.
        let alike = w > 0 && h > 0 && ((w * rows) as f64 / (h * cols) as f64 - 1.0).abs() < 0.05;
        let fits = reduced && gray && alike && w * h <= MAX_CELLS && w < cols;
        if fits && best.is_none_or(|b| w * h > b.1 * b.2) {
            best = Some((n, w, h));
        }
    }
    let back = tiff.seek_to_image(best.map_or(0, |b| b.0)).is_ok();
    best.filter(|_| back).map(|b| (b.1, b.2))
}

/// Decoded cells.
struct Cells {
    dtype: &'static str,
    z: Vec<f32>,
    cols: usize,
    rows: usize,
}

/// Decodes an image strip by strip or tile by tile; `step` by `step` cells become one, their mean.
fn cells(tiff: &mut Tiff, cols: usize, rows: usize, step: usize, nodata: Option<f64>) -> Result<Cells, String> {
    let fail = |e: tiff::TiffError| format!("cannot be decoded: {e}");
    // The decoder turns images whose white is zero into black-is-zero ones; heights are no colours.
    let inverted = tiff.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).is_ok_and(|p| p == Some(0));
    let (wide, tall) = tiff.chunk_dimensions();
    let (wide, tall) = (wide as usize, tall as usize);
    if wide == 0 || tall == 0 {
        return Err("strips or tiles without cells".into());
    }
    let (across, down) = (cols.div_ceil(wide), rows.div_ceil(tall));
    let (out_cols, out_rows) = (cols.div_ceil(step), rows.div_ceil(step));
    let mut z = vec![f32::NAN; out_cols * out_rows];
    let mut counts: Vec<u16> = if step > 1 { vec![0; z.len()] } else { Vec::new() };
    let mut dtype = "";
    for n in 0..across * down {
        let number = u32::try_from(n).map_err(|_| "too many strips or tiles")?;
        let (w, h) = tiff.chunk_data_dimensions(number);
        let data = tiff.read_chunk(number).map_err(fail)?;
        let (kind, part) = heights(if inverted { restored(data) } else { data }, nodata);
        dtype = kind;
        let (w, h) = (w as usize, h as usize);
        if part.len() < w * h {
            return Err(format!("{} samples for {w} x {h} cells", part.len()));
        }
        let (left, top) = (n % across * wide, n / across * tall);
        for row in 0..h.min(rows.saturating_sub(top)) {
            let line = &part[row * w..row * w + w.min(cols.saturating_sub(left))];
            if step == 1 {
                let at = (top + row) * cols + left;
                z[at..at + line.len()].copy_from_slice(line);
                continue;
            }
            for (col, value) in line.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                let at = (top + row) / step * out_cols + (left + col) / step;
                let before = f32::from(counts[at]);
                let mean = if counts[at] == 0 { 0.0 } else { z[at] };
                z[at] = mean + (value - mean) / (before + 1.0);
                counts[at] = counts[at].saturating_add(1);
            }
        }
    }
    Ok(Cells { dtype, z, cols: out_cols, rows: out_rows })
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
    fn coarser_cells_are_means_and_overviews_are_found() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("t.tif");
        let values: Vec<f32> = (0..70 * 50).map(|i| if i == 0 { -1.0 } else { (i % 70) as f32 }).collect();
        write_geotiff_f32(&path, 70, 50, 0.0, 50.0, 1.0, 4549, -1.0, &values).expect("written");
        let mut tiff = Decoder::new(BufReader::new(File::open(&path).expect("there"))).expect("TIFF");
        let half = cells(&mut tiff, 70, 50, 2, Some(-1.0)).expect("read");
        assert_eq!((half.cols, half.rows, half.dtype), (35, 25, "float32"));
        assert_eq!((half.z[1], half.z[34 + 35 * 24]), (2.5, 68.5));
        assert!((half.z[0] - 2.0 / 3.0).abs() < 1e-6, "no data is left out of the mean: {}", half.z[0]);
        assert_eq!(overview(&mut tiff, 70, 50), None);
        std::fs::write(&path, include_bytes!("../../tests/data/dem_tiled_deflate_i16_overviews.tif")).expect("written");
        let mut tiff = Decoder::new(BufReader::new(File::open(&path).expect("there"))).expect("TIFF");
        let (cols, rows) = overview(&mut tiff, 40, 32).expect("an overview");
        assert_eq!((cols, rows), (20, 16));
        let small = cells(&mut tiff, cols, rows, 1, Some(-9999.0)).expect("read");
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
}
