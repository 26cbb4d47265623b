//! GeoPackage and shapefile as features in the city's frame.

use std::path::Path;

use guanlan_city::import::plain::{Shape, plain_features};
use guanlan_geography::LocalFrame;

use super::{CORNERS_MAX, Feature, Geometry, UserLayer};

/// Reads all layers of a file.
pub fn read(path: &Path, crs: Option<&str>, frame: &LocalFrame) -> Result<UserLayer, String> {
    let (features, report) = plain_features(path, frame, crs, CORNERS_MAX).map_err(|e| e.to_string())?;
    let mut layer = UserLayer::default();
    layer.features.extend(features.into_iter().map(|f| {
        let geometry = match f.shape {
            Shape::Point(p) => Geometry::Point(p),
            Shape::Line(line) => Geometry::Line(line),
            Shape::Area(rings) => Geometry::Area(rings),
        };
        Feature { geometry, attributes: f.attributes }
    }));
    layer.problems.extend(report.problems.iter().take(16).map(|p| format!("{}: {}", p.where_, p.message)));
    Ok(layer)
}
