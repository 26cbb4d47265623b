//! Layers of the user's own files: what they hold, in the city's frame.

mod bodies;
pub mod draw;
mod geojson;
pub mod mesh;
mod raster;
mod vector;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use guanlan_city::import::{Format, archive, detect, tiles3d};
use guanlan_city::model::TilesetLayer;
use guanlan_core::Stamp;
use guanlan_geography::LocalFrame;

use super::catalogue::{Catalogue, Layer, Source, Style};

/// Largest number of corners drawn of one file; more is said and left out.
pub const CORNERS_MAX: usize = 2_000_000;

/// What a feature is on the ground. Local m.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// A place.
    Point([f32; 2]),
    /// A line.
    Line(Vec<[f32; 2]>),
    /// Rings, the outer one first, not closed.
    Area(Vec<Vec<[f32; 2]>>),
}

/// A feature of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Where.
    pub geometry: Geometry,
    /// Attributes in the order of the file, as text.
    pub attributes: Vec<(String, String)>,
}

impl Feature {
    /// The text of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.0 == name).map(|a| a.1.as_str())
    }

    /// The class of a style it belongs to; `None` takes the style's own colour.
    #[must_use]
    pub fn class(&self, style: &Style) -> Option<usize> {
        let text = self.get(&style.by)?;
        let number = text.parse::<f64>().ok();
        style.classes.iter().position(|class| {
            if !class.values.is_empty() {
                return class.values.iter().any(|v| v == text);
            }
            number.is_some_and(|v| class.min.is_none_or(|m| v >= m) && class.max.is_none_or(|m| v < m))
        })
    }
}

/// A grid of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// West edge, local m.
    pub west_m: f64,
    /// South edge, local m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: usize,
    /// Rows, the first is south.
    pub rows: usize,
    /// Values; NaN where there is none.
    pub values: Vec<f32>,
}

impl Field {
    /// The value at a place.
    #[must_use]
    pub fn at(&self, east_m: f64, north_m: f64) -> Option<f32> {
        let c = ((east_m - self.west_m) / self.cell_m).floor();
        let r = ((north_m - self.south_m) / self.cell_m).floor();
        if c < 0.0 || r < 0.0 || c >= self.cols as f64 || r >= self.rows as f64 {
            return None;
        }
        self.values.get(r as usize * self.cols + c as usize).copied().filter(|v| v.is_finite())
    }
}

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserLayer {
    /// Features.
    pub features: Vec<Feature>,
    /// Values, of a raster.
    pub field: Option<Field>,
    /// A 3D tileset, which the stage streams.
    pub tileset: Option<TilesetLayer>,
    /// When the file was written; `None` when it could not be read.
    pub written: Option<Stamp>,
    /// What could not be used, and why.
    pub problems: Vec<String>,
}

/// The files of a catalogue, by layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserLayers(pub BTreeMap<String, UserLayer>);

impl UserLayers {
    /// Reads every file a catalogue names. What can not be read is an empty layer that says why.
    #[must_use]
    pub fn read(catalogue: &Catalogue, frame: &LocalFrame) -> Self {
        let layers = catalogue.layers.iter().filter_map(|layer| Some((layer.id.clone(), read(layer, frame)?)));
        Self(layers.collect())
    }
}

/// When a file was written.
#[must_use]
pub fn written(path: &Path) -> Option<Stamp> {
    let time: SystemTime = std::fs::metadata(path).and_then(|m| m.modified()).ok()?;
    Some(Stamp(time.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64))
}

fn read(layer: &Layer, frame: &LocalFrame) -> Option<UserLayer> {
    let (path, crs) = match &layer.source {
        Source::File { path, crs } => (path, crs.as_deref()),
        Source::Cameras { file: Some(path), .. } | Source::Tileset { path, .. } => (path, None),
        _ => return None,
    };
    let name = path.display().to_string();
    let result = match &layer.source {
        Source::Tileset { .. } => tileset(layer, path, frame),
        _ => file(path, crs, frame),
    };
    let mut read =
        result.unwrap_or_else(|why| UserLayer { problems: vec![format!("{name}: {why}")], ..Default::default() });
    read.written = written(path);
    for problem in &read.problems {
        tracing::warn!("layer '{}': {problem}", layer.id);
    }
    Some(read)
}

/// A file of any format that is shown over the city, or all that an archive holds of them.
fn file(path: &Path, crs: Option<&str>, frame: &LocalFrame) -> Result<UserLayer, String> {
    let mut layer = UserLayer::default();
    for dataset in archive::datasets(path).map_err(|e| e.reason)? {
        let opened = archive::open(&dataset).map_err(|e| e.reason)?;
        let own = one(opened.path(), crs, frame)?;
        layer.features.extend(own.features);
        layer.problems.extend(own.problems);
        layer.field = layer.field.or(own.field);
    }
    Ok(layer)
}

/// A file, told by its content.
fn one(path: &Path, crs: Option<&str>, frame: &LocalFrame) -> Result<UserLayer, String> {
    let format = detect(path).map_err(|e| e.reason)?;
    match format {
        Format::GeoTiff | Format::EsriAscii | Format::Hgt => raster::read(path, format, crs, frame),
        Format::GeoJson if !is_packed(path) => geojson::read(path, crs, frame),
        Format::GeoJson | Format::GeoPackage | Format::Shapefile => vector::read(path, crs, frame),
        Format::CityJson | Format::Osm | Format::Swmm => bodies::read(path, crs, frame),
        Format::Tiles3d => Err("is a 3D tileset; expected source = { kind = \"tileset\", path = … }".into()),
        Format::Gltf => Err("is a model without a place; expected it in a landmarks layer of the city".into()),
    }
}

/// What the stage needs to stream a tileset.
fn tileset(layer: &Layer, path: &Path, frame: &LocalFrame) -> Result<UserLayer, String> {
    let (mut tileset, report) = tiles3d::read(path, frame).map_err(|e| e.to_string())?;
    tileset.name = layer.name.clone().into();
    let problems = report.problems.iter().take(16).map(|p| format!("{}: {}", p.where_, p.message)).collect();
    Ok(UserLayer { tileset: Some(tileset), problems, ..UserLayer::default() })
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["gz", "gzip", "zst", "zstd"].iter().any(|p| e.eq_ignore_ascii_case(p)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\n[[group]]\nid = \"g\"\nname = { zh = \"我的\" }\n";

    fn layer(id: &str, source: &str) -> String {
        format!(
            "[[layer]]\nid = \"{id}\"\nname = {{ zh = \"层\" }}\ngroup = \"g\"\nsource = {source}\n\
             provenance = {{ zh = \"测\" }}\nowner = {{ zh = \"局\" }}\n\
             legend = [{{ color = \"accent\", words = {{ zh = \"物\" }} }}]\n"
        )
    }

    #[test]
    fn files_of_every_kind_are_told_by_their_content() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        put("dem.txt", "ncols 2\nnrows 2\nxllcorner 500000\nyllcorner 3350000\ncellsize 10\n1 2\n3 4\n");
        put(
            "walls.osm",
            "<osm version='0.6'><node id='1' lon='120' lat='30.28'/><node id='2' lon='120.001' lat='30.28'/>\
             <way id='3'><nd ref='1'/><nd ref='2'/><tag k='barrier' v='wall'/></way></osm>",
        );
        put(
            "tracks.osm",
            "<osm version='0.6'><node id='1' lon='120' lat='30.28'/><node id='2' lon='120.001' lat='30.28'/>\
             <way id='3'><nd ref='1'/><nd ref='2'/><tag k='railway' v='tram'/></way></osm>",
        );
        put(
            "tileset.json",
            r#"{"asset":{"version":"1.0"},"geometricError":10,"root":{"refine":"ADD","geometricError":0,
                "boundingVolume":{"box":[0,0,5,10,0,0,0,10,0,0,0,5]},"content":{"uri":"a.b3dm"}}}"#,
        );
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../city/tests/data");
        let text = HEAD.to_owned()
            + &layer("dem", r#"{ kind = "file", path = "dem.txt", crs = "EPSG:4549" }"#)
            + &layer("walls", r#"{ kind = "file", path = "walls.osm" }"#)
            + &layer("tracks", r#"{ kind = "file", path = "tracks.osm" }"#)
            + &layer("houses", &format!(r#"{{ kind = "file", path = "{data}/houses.shp" }}"#))
            + &layer("town", &format!(r#"{{ kind = "file", path = "{data}/town.gpkg" }}"#))
            + &layer("tiles", r#"{ kind = "tileset", path = "tileset.json", lift_m = 2.5 }"#)
            + &layer("wrong", r#"{ kind = "file", path = "tileset.json" }"#);
        put("layers.toml", &text);
        let catalogue = Catalogue::load(&dir.path().join("layers.toml")).unwrap();
        let read = UserLayers::read(&catalogue, &LocalFrame::new(4549, [500_000.0, 3_350_000.0]));
        let field = read.0["dem"].field.as_ref().expect("values");
        assert_eq!(field.at(5.0, 5.0), Some(3.0), "{field:?}");
        let wall = &read.0["walls"].features[0];
        assert!(matches!(wall.geometry, Geometry::Line(_)) && wall.get("kind") == Some("wall"), "{wall:?}");
        let track = &read.0["tracks"].features[0];
        assert!(matches!(track.geometry, Geometry::Line(_)) && track.get("kind") == Some("tram"), "{track:?}");
        assert_eq!((read.0["houses"].features.len(), read.0["town"].features.len()), (2, 9));
        let tiles = &read.0["tiles"];
        assert_eq!(tiles.tileset.as_ref().map(|t| t.name.zh.as_str()), Some("层"), "{:?}", tiles.problems);
        assert!(read.0["wrong"].problems[0].contains("kind = \"tileset\""), "{:?}", read.0["wrong"].problems);
        let bad = text.replace("2.5", "1e9");
        let error = Catalogue::parse("my.toml", &bad).unwrap_err();
        assert!(error.field == "layer 'tiles'.source" && error.message.contains("lift_m"), "{error}");
        let error = Catalogue::parse("my.toml", &text.replace("EPSG:4549", "EPSG:77")).unwrap_err();
        assert!(error.line == 9 && error.message.contains("expected EPSG:n"), "{error}");
    }
}
