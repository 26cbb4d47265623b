//! Features of a vector file as they stand: shapes in the local frame and attributes as text. For overlays, which become
//! nothing of the city.

use std::path::Path;

use guanlan_geography::{LocalFrame, Shifted, is_geographic};
use serde_json::Value;

use super::{
    Format, ImportError, Report, Severity, archive, detect,
    geojson_layers::{Document, Feature, Geometry, line, position, rings},
    placer::Placer,
    vector,
};

/// Attributes of a feature that are kept.
const MOST_ATTRIBUTES: usize = 64;
/// Deepest nesting of geometry collections.
const MAX_DEPTH: usize = 4;

/// A shape, local m.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A place.
    Point([f32; 2]),
    /// Two places or more.
    Line(Vec<[f32; 2]>),
    /// Rings, the outer one first, not closed.
    Area(Vec<Vec<[f32; 2]>>),
}

/// A shape and what its file says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainFeature {
    /// Where.
    pub shape: Shape,
    /// Attributes as text, in the file's order.
    pub attributes: Vec<(String, String)>,
}

/// Reads GeoJSON, GeoPackage or a shapefile. `crs` stands in for layers that name none, or for longitude and latitude of a
/// shifted system. Shapes beyond `most` corners are left out and told.
///
/// # Errors
/// The file cannot be used at all.
pub fn plain_features(
    path: &Path,
    frame: &LocalFrame,
    crs: Option<&str>,
    most: usize,
) -> Result<(Vec<PlainFeature>, Report), ImportError> {
    let opened = archive::open(path)?;
    features_of(opened.path(), frame, crs, most).map_err(|e| opened.named(e))
}

fn features_of(
    path: &Path,
    frame: &LocalFrame,
    crs: Option<&str>,
    most: usize,
) -> Result<(Vec<PlainFeature>, Report), ImportError> {
    let mut reader = Reader { all: Vec::new(), report: Report::default(), room: most };
    let mut own = Report::default();
    let mut add = |document: &Document| {
        let named = document.crs.as_deref();
        let shifted =
            crs.filter(|c| Shifted::named(c).is_some() && named.is_some_and(|o| is_geographic(o) == Ok(true)));
        let placer = match shifted.or(named).or(crs) {
            Some(crs) => Placer::named(path, crs, frame)?,
            None => Placer::new(path, frame.epsg, frame)?,
        };
        document.features.iter().for_each(|f| reader.feature(f, &placer));
        Ok(())
    };
    match detect(path)? {
        Format::GeoJson => {
            let mut document = Document::open(path)?;
            // A file without a `crs` member may be in the system its owner names.
            if let (Some(crs), false) = (crs, document.in_degrees()) {
                document.crs = Some(crs.to_owned());
            }
            document.check_degrees(path)?;
            document.each(path, &mut add)?;
        }
        format @ (Format::GeoPackage | Format::Shapefile) => {
            vector::walk(path, format, &mut own, &mut add)?;
        }
        other => {
            let reason = format!("is {}, expected GeoJSON, GeoPackage or a shapefile", other.name());
            return Err(ImportError::new(path, "", reason));
        }
    }
    reader.report.merge(own);
    Ok((reader.all, reader.report))
}

struct Reader {
    all: Vec<PlainFeature>,
    report: Report,
    /// Corners that are still taken.
    room: usize,
}

impl Reader {
    fn feature(&mut self, feature: &Feature, placer: &Placer) {
        let Some(geometry) = &feature.geometry else {
            self.report.note(Severity::Skipped, feature.at.as_str(), "a feature without geometry");
            return;
        };
        let attributes = attributes(feature);
        self.geometry(geometry, &attributes, feature, placer, 0);
    }

    fn geometry(
        &mut self,
        g: &Geometry,
        attributes: &[(String, String)],
        feature: &Feature,
        placer: &Placer,
        depth: usize,
    ) {
        let each = || g.coordinates.as_array().map_or(&[][..], Vec::as_slice).iter();
        let shapes: Option<Vec<Shape>> = match g.kind.as_str() {
            "Point" => position(&g.coordinates).and_then(|p| point(p, placer)).map(|s| vec![s]),
            "MultiPoint" => each().map(|v| point(position(v)?, placer)).collect(),
            "LineString" => line(&g.coordinates).and_then(|l| path_of(&l, placer)).map(|s| vec![s]),
            "MultiLineString" => each().map(|v| path_of(&line(v)?, placer)).collect(),
            "Polygon" => rings(&g.coordinates).and_then(|r| area(&r, placer)).map(|s| vec![s]),
            "MultiPolygon" => each().map(|v| area(&rings(v)?, placer)).collect(),
            "GeometryCollection" if depth < MAX_DEPTH => {
                g.geometries.iter().for_each(|g| self.geometry(g, attributes, feature, placer, depth + 1));
                return;
            }
            _ => None,
        };
        let Some(shapes) = shapes else {
            let text = format!("coordinates of a '{}' that cannot be used", g.kind);
            self.report.note(Severity::Skipped, feature.at.as_str(), text);
            return;
        };
        for shape in shapes {
            let corners = match &shape {
                Shape::Point(_) => 1,
                Shape::Line(line) => line.len(),
                Shape::Area(rings) => rings.iter().map(Vec::len).sum(),
            };
            if corners > self.room {
                self.report.note(
                    Severity::Skipped,
                    "corners",
                    "more corners than an overlay shows; the shape is left out",
                );
                continue;
            }
            self.room -= corners;
            self.all.push(PlainFeature { shape, attributes: attributes.to_vec() });
        }
    }
}

fn point(p: [f64; 2], placer: &Placer) -> Option<Shape> {
    placer.all(&[p])[0].map(|p| Shape::Point(p.map(|v| v as f32)))
}

fn placed(line: &[[f64; 2]], placer: &Placer) -> Option<Vec<[f32; 2]>> {
    placer.all(line).into_iter().map(|p| p.map(|p| p.map(|v| v as f32))).collect()
}

fn path_of(line: &[[f64; 2]], placer: &Placer) -> Option<Shape> {
    placed(line, placer).filter(|l| l.len() >= 2).map(Shape::Line)
}

fn area(rings: &[Vec<[f64; 2]>], placer: &Placer) -> Option<Shape> {
    let mut all: Vec<Vec<[f32; 2]>> = rings.iter().map(|r| placed(r, placer)).collect::<Option<_>>()?;
    for ring in &mut all {
        if ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
    }
    all.first().is_some_and(|r| r.len() >= 3).then_some(Shape::Area(all))
}

fn attributes(feature: &Feature) -> Vec<(String, String)> {
    let text = |v: &Value| match v {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let all = feature.properties.iter().flatten().take(MOST_ATTRIBUTES);
    all.map(|(k, v)| (k.clone(), text(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: LocalFrame = LocalFrame::new(4549, [500_000.0, 3_350_000.0]);

    #[test]
    fn shapes_of_every_vector_format() {
        let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"));
        let (houses, _) = plain_features(&data.join("houses.shp"), &FRAME, None, 10_000).unwrap();
        assert_eq!(houses.len(), 2);
        let Shape::Area(rings) = &houses[0].shape else { panic!("an area") };
        assert!(rings[0].len() >= 4 && houses[0].attributes.iter().any(|a| a.1 == "中山路一号"), "{houses:?}");
        let (town, report) = plain_features(&data.join("town.gpkg"), &FRAME, None, 10_000).unwrap();
        assert_eq!(town.len(), 9, "{report:?}");
        let (few, report) = plain_features(&data.join("town.gpkg"), &FRAME, None, 3).unwrap();
        assert!(few.len() < 9 && report.problems.iter().any(|p| p.message.contains("overlay")), "{report:?}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.geojson");
        std::fs::write(
            &path,
            r#"{"type":"Feature","properties":{"a":null,"b":[1]},"geometry":{"type":"GeometryCollection","geometries":[
            {"type":"Point","coordinates":[120,30.28]},{"type":"LineString","coordinates":[[120,30.28]]}]}}"#,
        )
        .unwrap();
        let (one, report) = plain_features(&path, &FRAME, None, 100).unwrap();
        assert_eq!((one.len(), report.problems.len()), (1, 1), "{report:?}");
        assert_eq!(one[0].attributes[1], ("b".to_owned(), "[1]".to_owned()));
        let error = plain_features(&data.join("dem_cog.tif"), &FRAME, None, 1).unwrap_err();
        assert!(error.reason.contains("expected GeoJSON"), "{error}");
    }
}
