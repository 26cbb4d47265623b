//! Layers of the user's own files: what they hold, in the city's frame.

mod bodies;
pub mod draw;
mod geojson;
pub mod mesh;
mod raster;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

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
        Source::Cameras { file: Some(path), .. } => (path, None),
        _ => return None,
    };
    let name = path.display().to_string();
    let lower = name.to_lowercase();
    let result = if lower.ends_with(".tif") || lower.ends_with(".tiff") {
        raster::read(path, crs, frame)
    } else if lower.ends_with(".city.json") || lower.ends_with(".city.jsonl") || lower.ends_with(".jsonl") {
        bodies::read(path, crs, frame)
    } else {
        geojson::read(path, crs, frame)
    };
    let mut read =
        result.unwrap_or_else(|why| UserLayer { problems: vec![format!("{name}: {why}")], ..Default::default() });
    read.written = written(path);
    for problem in &read.problems {
        tracing::warn!("layer '{}': {problem}", layer.id);
    }
    Some(read)
}
