//! Rasters of heights by format: what the header says, the whole, or a part.

use std::path::Path;

use super::{
    ImportError, Report,
    format::Format,
    gather::Window,
    raster::SourceRaster,
    terrain_asc::{look_asc, read_asc, read_asc_part},
    terrain_hgt::{look_hgt, read_hgt, read_hgt_part},
    terrain_tiff::{look_tiff, read_tiff, read_tiff_part},
};

type Read = Result<(SourceRaster, Report), ImportError>;

/// True for the formats that are read here.
#[must_use]
pub const fn is_raster(format: Format) -> bool {
    matches!(format, Format::GeoTiff | Format::EsriAscii | Format::Hgt)
}

/// A raster of which no cell was read. Formats that are none are read as GeoTIFF, which says so.
pub fn look(path: &Path, format: Format) -> Read {
    match format {
        Format::EsriAscii => look_asc(path),
        Format::Hgt => look_hgt(path),
        _ => look_tiff(path),
    }
}

/// All of it. See [`look`].
pub fn read(path: &Path, format: Format) -> Read {
    match format {
        Format::EsriAscii => read_asc(path),
        Format::Hgt => read_hgt(path),
        _ => read_tiff(path),
    }
}

/// A part of it. See [`look`].
pub fn read_part(path: &Path, format: Format, window: Window) -> Read {
    match format {
        Format::EsriAscii => read_asc_part(path, window),
        Format::Hgt => read_hgt_part(path, window),
        _ => read_tiff_part(path, window),
    }
}
