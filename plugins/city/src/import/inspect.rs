//! What is in a file, in its own coordinates, for `guanlan inspect`.

use std::path::Path;

use super::{
    FileFacts, ImportError, Report, archive, cityjson,
    format::{Format, detect},
    geojson_layers, gltf, osm,
    raster::SourceRaster,
    raster_file,
    swmm::read_swmm,
    tiles3d, vector,
};

/// Facts of a file of any supported format, of a member of an archive, or of the only dataset of one; an error when it is
/// none or cannot be used at all.
pub fn inspect(path: &Path) -> Result<FileFacts, ImportError> {
    let opened = archive::open(path)?;
    let mut facts = facts(opened.path()).map_err(|e| opened.named(e))?;
    if opened.path() != path {
        facts.path = path.to_owned();
    }
    Ok(facts)
}

fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let format = detect(path)?;
    match format {
        Format::CityJson => cityjson::facts(path),
        Format::Osm => osm::facts(path),
        Format::GeoTiff | Format::EsriAscii | Format::Hgt => {
            Ok(terrain(path, format, raster_file::read(path, format)?))
        }
        Format::Swmm => {
            let (file, report) = read_swmm(path)?;
            Ok(FileFacts {
                path: path.to_owned(),
                format: format.name().into(),
                version: String::new(),
                crs: String::new(),
                extent: file.extent,
                counts: file.counts,
                problems: report.problems,
            })
        }
        Format::Gltf => gltf::facts(path),
        Format::Tiles3d => tiles3d::facts(path),
        Format::GeoJson => geojson_layers::facts(path),
        Format::GeoPackage | Format::Shapefile => vector::facts(path, format),
    }
}

fn terrain(path: &Path, format: Format, (raster, report): (SourceRaster, Report)) -> FileFacts {
    let mut counts = report.read;
    counts.insert("valid_cells".into(), raster.valid_cells());
    FileFacts {
        path: path.to_owned(),
        format: format.name().into(),
        version: String::new(),
        extent: Some(raster.extent()),
        crs: raster.crs.unwrap_or_default(),
        counts,
        problems: report.problems,
    }
}
