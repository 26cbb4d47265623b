//! GeoTIFF, ESRI ASCII grids and SRTM files as a grid of values in the city's frame.

use std::path::Path;

use guanlan_city::import::{Format, raster_file};
use guanlan_geography::LocalFrame;

use super::{Field, UserLayer};

/// Most cells along a side: a layer is an overlay, not a survey.
const SIDE_MAX: f64 = 600.0;

/// Reads a file; values stay in the file's own unit.
pub fn read(path: &Path, format: Format, crs: Option<&str>, frame: &LocalFrame) -> Result<UserLayer, String> {
    let (raster, report) = raster_file::read(path, format).map_err(|e| e.to_string())?;
    let own = raster.to_terrain(frame, crs, None).map_err(|e| e.to_string())?;
    let longest = own.cols.max(own.rows) as f64;
    let terrain = if longest > SIDE_MAX {
        let cell_m = own.cell_m * (longest / SIDE_MAX).ceil();
        raster.to_terrain(frame, crs, Some(cell_m)).map_err(|e| e.to_string())?
    } else {
        own
    };
    let mut layer = UserLayer::default();
    layer.problems.extend(report.problems.iter().map(|p| format!("{}: {}", p.where_, p.message)));
    layer.field = Some(Field {
        west_m: terrain.west_m,
        south_m: terrain.south_m,
        cell_m: terrain.cell_m,
        cols: terrain.cols,
        rows: terrain.rows,
        values: terrain.z_m,
    });
    Ok(layer)
}
