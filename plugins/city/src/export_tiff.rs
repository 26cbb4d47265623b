//! GeoTIFF writer for single-band float rasters: terrain of the demo city, depths of a flood run.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use tiff::{
    encoder::{Compression, DeflateLevel, TiffEncoder, colortype},
    tags::Tag,
};

/// Where a raster lies and what its numbers mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RasterPlace {
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// West edge of the westernmost column, in the CRS.
    pub west: f64,
    /// North edge of the northernmost row, in the CRS.
    pub north: f64,
    /// Cell side, in units of the CRS.
    pub cell: f64,
    /// EPSG code of a projected CRS; 0 writes no CRS.
    pub epsg: u32,
    /// Written in place of NaN and named in the file.
    pub nodata: f32,
}

/// Writes one band of 32-bit floats, rows from north to south, deflate-compressed, with CRS, cell
/// size, origin and no-data value. The file appears whole or not at all.
#[expect(clippy::too_many_arguments, reason = "a flat signature for callers that have the numbers at hand")]
pub fn write_geotiff_f32(
    path: &Path,
    cols: usize,
    rows: usize,
    west: f64,
    north: f64,
    cell: f64,
    epsg: u32,
    nodata: f32,
    values: &[f32],
) -> io::Result<()> {
    write_geotiff(path, &RasterPlace { cols, rows, west, north, cell, epsg, nodata }, values)
}

/// See [`write_geotiff_f32`].
pub fn write_geotiff(path: &Path, place: &RasterPlace, values: &[f32]) -> io::Result<()> {
    let bad = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    let (Ok(width), Ok(height)) = (u32::try_from(place.cols), u32::try_from(place.rows)) else {
        return Err(bad(format!("{} x {} cells are too many for a TIFF", place.cols, place.rows)));
    };
    if width == 0 || height == 0 || place.cols.checked_mul(place.rows) != Some(values.len()) {
        return Err(bad(format!("{} values do not make {width} columns x {height} rows", values.len())));
    }
    if !(place.cell.is_finite() && place.cell > 0.0 && place.west.is_finite() && place.north.is_finite()) {
        return Err(bad(format!("cell {} at ({}, {}) is no place", place.cell, place.west, place.north)));
    }
    let epsg = u16::try_from(place.epsg)
        .map_err(|_| bad(format!("EPSG:{} does not fit a GeoTIFF key (0 to 65535)", place.epsg)))?;
    let filled: Vec<f32> = values.iter().map(|&z| if z.is_nan() { place.nodata } else { z }).collect();

    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = shared_temp(folder)?;
    {
        let mut out = BufWriter::new(file.as_file_mut());
        let mut encoder = TiffEncoder::new(&mut out)
            .map_err(io::Error::other)?
            .with_compression(Compression::Deflate(DeflateLevel::Balanced));
        let mut image = encoder.new_image::<colortype::Gray32Float>(width, height).map_err(io::Error::other)?;
        let tags = image.encoder();
        let scale = [place.cell, place.cell, 0.0];
        let tie = [0.0, 0.0, 0.0, place.west, place.north, 0.0];
        // GTRasterType 1 = pixel is area; GTModelType 1 = projected; 3072 = the projected CRS.
        let mut keys: Vec<u16> = vec![1, 1, 0, 1, 1025, 0, 1, 1];
        if epsg != 0 {
            keys = vec![1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, epsg];
        }
        let nodata = place.nodata.to_string();
        tags.write_tag(Tag::ModelPixelScaleTag, &scale[..])
            .and_then(|()| tags.write_tag(Tag::ModelTiepointTag, &tie[..]))
            .and_then(|()| tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]))
            .and_then(|()| tags.write_tag(Tag::GdalNodata, nodata.as_str()))
            .map_err(io::Error::other)?;
        image.write_data(&filled).map_err(io::Error::other)?;
        out.flush()?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// A temporary file others may read, as far as the user's umask lets them: a raster is not a secret.
fn shared_temp(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
