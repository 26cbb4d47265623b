//! Features with geometry and properties, CRS, layer: as a GeoJSON file has them, and other vector files, too.

use std::{fs, path::Path};

use guanlan_geography::Shifted;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::import::{ImportError, peek::grow};

/// The foreign member that names the layer of a Guanlan file.
const LAYER: &str = "guanlan:layer";

/// One feature.
#[derive(Debug, Default, Deserialize)]
pub(in crate::import) struct Feature {
    /// Where it stands in the file, for messages and provenance; empty is its number.
    #[serde(skip)]
    pub at: String,
    #[serde(default)]
    pub geometry: Option<Geometry>,
    #[serde(default)]
    pub properties: Option<Map<String, Value>>,
}

/// A geometry; what its coordinates must look like follows from its type.
#[derive(Debug, Default, Deserialize)]
pub(in crate::import) struct Geometry {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub coordinates: Value,
    #[serde(default)]
    pub geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    features: Option<Vec<Feature>>,
    #[serde(default)]
    geometry: Option<Geometry>,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
    #[serde(default)]
    coordinates: Option<Value>,
    #[serde(rename = "guanlan:layer", default)]
    layer: Option<String>,
    #[serde(default)]
    crs: Option<Value>,
}

/// The file, or one layer of it.
#[derive(Debug, Default)]
pub(in crate::import) struct Document {
    pub features: Vec<Feature>,
    /// Value of `guanlan:layer`.
    pub layer: Option<String>,
    /// Name of the layer or file, which often says what it holds.
    pub name: String,
    /// As PROJ understands it, or a shifted system; `None` when nobody says. RFC 7946 says WGS 84.
    pub crs: Option<String>,
    /// In the file's own CRS.
    pub extent: Option<[f64; 6]>,
}

/// The CRS of RFC 7946.
const WGS84: &str = "EPSG:4326";

impl Document {
    /// Reads a GeoJSON file.
    pub fn load(path: &Path) -> Result<Self, ImportError> {
        let bytes = fs::read(path).map_err(|e| ImportError::new(path, "", e.to_string()))?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let raw: Raw = serde_json::from_slice(text)
            .map_err(|e| ImportError::new(path, format!("line {}, column {}", e.line(), e.column()), e.to_string()))?;
        let mut features = match (raw.kind.as_str(), raw.features) {
            ("FeatureCollection", Some(list)) => list,
            ("FeatureCollection", None) => {
                return Err(ImportError::new(path, "features", "missing, expected an array of features"));
            }
            ("Feature", _) => {
                vec![Feature { geometry: raw.geometry, properties: raw.properties, at: String::new() }]
            }
            ("Point" | "LineString" | "Polygon" | "MultiPoint" | "MultiLineString" | "MultiPolygon", _) => {
                let geometry = Geometry {
                    kind: raw.kind,
                    coordinates: raw.coordinates.unwrap_or_default(),
                    geometries: Vec::new(),
                };
                vec![Feature { geometry: Some(geometry), properties: None, at: String::new() }]
            }
            (other, _) => {
                let reason = format!("'{other}' is no GeoJSON, expected a FeatureCollection");
                return Err(ImportError::new(path, "type", reason));
            }
        };
        let crs = match &raw.crs {
            None | Some(Value::Null) => WGS84.to_owned(),
            Some(crs) => crs_of(crs).ok_or_else(|| {
                ImportError::new(path, "crs", format!("{crs} names no EPSG code, expected urn:ogc:def:crs:EPSG::n"))
            })?,
        };
        for (i, feature) in features.iter_mut().enumerate() {
            feature.at = format!("feature {i}");
        }
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut document = Self { features, layer: raw.layer, name, crs: Some(crs), extent: None };
        document.measure();
        Ok(document)
    }

    /// Finds the extent.
    pub fn measure(&mut self) {
        self.extent = None;
        for g in self.features.iter().filter_map(|f| f.geometry.as_ref()) {
            measure(g, &mut self.extent);
        }
    }

    /// Do its numbers look like longitude and latitude?
    pub fn in_degrees(&self) -> bool {
        self.extent.is_none_or(|e| e[0] >= -180.0 && e[3] <= 180.0 && e[1] >= -90.0 && e[4] <= 90.0)
    }

    /// Places that cannot be longitude and latitude are an error of the whole file.
    pub fn check_degrees(&self, path: &Path) -> Result<(), ImportError> {
        let Some(e) = self.extent.filter(|_| self.crs.as_deref() == Some(WGS84)) else { return Ok(()) };
        if !self.in_degrees() {
            let reason = format!(
                "x {:.1} to {:.1}, y {:.1} to {:.1} are not longitude and latitude; expected degrees (RFC 7946) or a 'crs' member",
                e[0], e[3], e[1], e[4]
            );
            return Err(ImportError::new(path, "coordinates", reason));
        }
        Ok(())
    }
}

/// CRS in a `crs` member of GeoJSON 2008; `CRS84` is longitude and latitude.
fn crs_of(crs: &Value) -> Option<String> {
    let name = crs.get("properties")?.get("name")?.as_str()?;
    if name.ends_with("CRS84") {
        return Some(WGS84.to_owned());
    }
    if let Some(shifted) = Shifted::named(name) {
        return Some(shifted.name().to_owned());
    }
    let digits: String = name.chars().rev().take_while(char::is_ascii_digit).collect();
    let code: String = digits.chars().rev().collect();
    let code: u32 = code.parse().ok().filter(|_| name.to_uppercase().contains("EPSG"))?;
    Some(format!("EPSG:{code}"))
}

fn measure(g: &Geometry, extent: &mut Option<[f64; 6]>) {
    fn walk(v: &Value, depth: usize, extent: &mut Option<[f64; 6]>) {
        let Some(list) = v.as_array().filter(|_| depth < 6) else { return };
        match (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64)) {
            (Some(x), Some(y)) => grow(extent, [x, y, list.get(2).and_then(Value::as_f64).unwrap_or(0.0)]),
            _ => list.iter().for_each(|v| walk(v, depth + 1, extent)),
        }
    }
    walk(&g.coordinates, 0, extent);
    g.geometries.iter().for_each(|g| measure(g, extent));
}

/// A position, a line, rings of a polygon.
pub(super) fn position(v: &Value) -> Option<[f64; 2]> {
    let list = v.as_array()?;
    let p = [list.first()?.as_f64()?, list.get(1)?.as_f64()?];
    p.iter().all(|c| c.is_finite()).then_some(p)
}

pub(super) fn line(v: &Value) -> Option<Vec<[f64; 2]>> {
    v.as_array()?.iter().map(position).collect()
}

pub(super) fn rings(v: &Value) -> Option<Vec<Vec<[f64; 2]>>> {
    v.as_array()?.iter().map(line).collect()
}

impl Feature {
    /// The feature's single position.
    pub fn point(&self) -> Result<[f64; 2], String> {
        let g = self.geometry.as_ref().ok_or("geometry is missing, expected a Point")?;
        match g.kind.as_str() {
            "Point" => {
                position(&g.coordinates).ok_or_else(|| "coordinates of the Point are not two numbers".to_owned())
            }
            other => Err(format!("geometry is '{other}', expected a Point")),
        }
    }

    /// The feature's outer ring: of the polygon, or of the largest of several.
    pub fn outer(&self) -> Result<Vec<[f64; 2]>, String> {
        let g = self.geometry.as_ref().ok_or("geometry is missing, expected a Polygon")?;
        let bad = || format!("coordinates of the {} are not rings of positions", g.kind);
        let ring = match g.kind.as_str() {
            "Polygon" => rings(&g.coordinates).and_then(|r| r.into_iter().next()).ok_or_else(bad)?,
            "MultiPolygon" => g
                .coordinates
                .as_array()
                .and_then(|list| list.iter().map(rings).collect::<Option<Vec<_>>>())
                .and_then(|list| list.into_iter().filter_map(|r| r.into_iter().next()).max_by_key(Vec::len))
                .ok_or_else(bad)?,
            other => return Err(format!("geometry is '{other}', expected a Polygon")),
        };
        if ring.len() < 4 {
            Err(format!("a ring of {} positions encloses nothing, expected 4 or more", ring.len()))
        } else {
            Ok(ring)
        }
    }
}

/// Where the layer's name is kept, for messages.
pub(super) const LAYER_MEMBER: &str = LAYER;
