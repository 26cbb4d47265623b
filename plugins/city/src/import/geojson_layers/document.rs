//! Features with geometry and properties, CRS, layer: as a GeoJSON file has them, and other vector files, too.

use std::{fmt, io::BufRead, path::Path};

use encoding_rs::Encoding;
use guanlan_geography::Shifted;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::import::{ImportError, format::Separated, packed, peek::grow, transcode};

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

/// Features in a batch.
pub(in crate::import) const BATCH: usize = 4096;

/// Takes a layer with some of its features at a time.
pub(in crate::import) type Take<'a> = &'a mut dyn FnMut(&Document) -> Result<(), ImportError>;

/// A layer: what is known of all of it, and some of its features.
#[derive(Debug, Default)]
pub(in crate::import) struct Document {
    /// Its number in the file.
    pub number: usize,
    /// Those at hand: a batch, or none.
    pub features: Vec<Feature>,
    /// Value of `guanlan:layer`.
    pub layer: Option<String>,
    /// Name of the layer or file, which often says what it holds.
    pub name: String,
    /// As PROJ understands it, or a shifted system; `None` when nobody says. RFC 7946 says WGS 84.
    pub crs: Option<String>,
    /// In the file's own CRS.
    pub extent: Option<[f64; 6]>,
    /// Encoding of its text and that one's name, when it is no UTF-8.
    pub encoding: Option<(&'static Encoding, &'static str)>,
}

/// The CRS of RFC 7946.
const WGS84: &str = "EPSG:4326";

impl Document {
    /// Opens a GeoJSON file: reads all of it once, keeps none of its features.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let mut document = Self::default();
        let mut extent = None;
        let mut look = |feature: Feature| {
            if let Some(g) = &feature.geometry {
                measure(g, &mut extent);
            }
            Ok(())
        };
        let head = match pass(path, None, &mut look) {
            Ok(head) => head,
            Err(error) => {
                // JSON is UTF-8 by its standard; what other programs write in their own encoding is read none the less.
                let fail = |e: std::io::Error| ImportError::new(path, "", e.to_string());
                document.encoding = transcode::other_than_utf8(packed::open(path).map_err(fail)?).map_err(fail)?;
                if document.encoding.is_none() {
                    return Err(error);
                }
                pass(path, document.encoding, &mut look)?
            }
        };
        match (head.kind.as_str(), head.features) {
            ("FeatureCollection", false) => {
                return Err(ImportError::new(path, "features", "missing, expected an array of features"));
            }
            ("FeatureCollection" | "Feature", _) => {}
            (kind, _) if GEOMETRIES.contains(&kind) => {}
            (other, _) => {
                let reason = format!("'{other}' is no GeoJSON, expected a FeatureCollection");
                return Err(ImportError::new(path, "type", reason));
            }
        }
        let crs = match &head.crs {
            // By the standard; numbers that cannot be degrees are of a system that the file does not name.
            None | Some(Value::Null) => None,
            Some(crs) => Some(crs_of(crs).ok_or_else(|| {
                ImportError::new(path, "crs", format!("{crs} names no EPSG code, expected urn:ogc:def:crs:EPSG::n"))
            })?),
        };
        document.name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        (document.layer, document.extent) = (head.layer, extent);
        document.crs = crs.or_else(|| document.in_degrees().then(|| WGS84.to_owned()));
        Ok(document)
    }

    /// Goes through the features of a GeoJSON file, batch after batch.
    pub fn each(mut self, path: &Path, take: Take<'_>) -> Result<(), ImportError> {
        let mut number = 0;
        let encoding = self.encoding;
        pass(path, encoding, &mut |mut feature| {
            feature.at = format!("feature {number}");
            number += 1;
            self.push(feature, take)
        })?;
        self.flush(take)
    }

    /// Adds a feature; a full batch is handed on.
    pub fn push(&mut self, feature: Feature, take: Take<'_>) -> Result<(), ImportError> {
        self.features.push(feature);
        if self.features.len() < BATCH { Ok(()) } else { self.flush(take) }
    }

    /// Hands on what is left; an empty layer is handed on, too.
    pub fn flush(&mut self, take: Take<'_>) -> Result<(), ImportError> {
        take(&*self)?;
        self.features.clear();
        Ok(())
    }

    /// Grows its extent by some features.
    pub fn measure(&mut self, features: &[Feature]) {
        for g in features.iter().filter_map(|f| f.geometry.as_ref()) {
            measure(g, &mut self.extent);
        }
    }

    /// Do its numbers look like longitude and latitude?
    pub fn in_degrees(&self) -> bool {
        self.extent.is_none_or(|e| e[0] >= -180.0 && e[3] <= 180.0 && e[1] >= -90.0 && e[4] <= 90.0)
    }

    /// Places that cannot be longitude and latitude are an error of the whole file.
    pub fn check_degrees(&self, path: &Path) -> Result<(), ImportError> {
        let Some(e) = self.extent.filter(|_| self.crs.as_deref().is_none_or(|c| c == WGS84)) else { return Ok(()) };
        if !self.in_degrees() {
            let reason = format!(
                "x {:.1} to {:.1}, y {:.1} to {:.1} are not longitude and latitude; expected degrees (RFC 7946), a 'crs' member or --crs EPSG:n",
                e[0], e[3], e[1], e[4]
            );
            return Err(ImportError::new(path, "coordinates", reason));
        }
        Ok(())
    }
}

/// What a GeoJSON file says besides its features.
#[derive(Default)]
struct Head {
    kind: String,
    layer: Option<String>,
    crs: Option<Value>,
    /// It has a list of features.
    features: bool,
}

/// Takes features one by one.
type Feed<'a> = &'a mut dyn FnMut(Feature) -> Result<(), ImportError>;

/// Goes through a GeoJSON file.
fn pass(path: &Path, encoding: Option<(&'static Encoding, &str)>, feed: Feed<'_>) -> Result<Head, ImportError> {
    let fail = |e: std::io::Error| ImportError::new(path, "", e.to_string());
    let mut file = packed::open(path).map_err(fail)?;
    if let Some((encoding, _)) = encoding {
        file = Box::new(transcode::Transcoded::new(file, encoding));
    }
    if file.fill_buf().map_err(fail)?.starts_with(b"\xef\xbb\xbf") {
        file.consume(3);
    }
    let (mut head, mut fault) = (Head::default(), None);
    let mut reader = serde_json::Deserializer::from_reader(Separated(file));
    let mut read = Top { head: &mut head, feed: &mut *feed, fault: &mut fault }.deserialize(&mut reader);
    // Features may follow one another, a line each or between separators.
    while read.is_ok() && fault.is_none() && reader.end().is_err() {
        if head.kind == "FeatureCollection" {
            read = reader.end();
            break;
        }
        read = Top { head: &mut head, feed: &mut *feed, fault: &mut fault }.deserialize(&mut reader);
    }
    match (fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Err(e)) => {
            Err(ImportError::new(path, format!("line {}, column {}", e.line(), e.column()), e.to_string()))
        }
        (None, Ok(())) => Ok(head),
    }
}

const GEOMETRIES: [&str; 7] =
    ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

/// The object of a file.
struct Top<'a, 'f> {
    head: &'a mut Head,
    feed: Feed<'f>,
    fault: &'a mut Option<ImportError>,
}

/// Its features.
struct List<'a, 'f>(&'a mut dyn FnMut(Feature) -> Result<(), ImportError>, &'f mut Option<ImportError>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut geometry, mut properties, mut coordinates, mut geometries) = (None, None, Value::Null, Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => self.head.kind = map.next_value()?,
                "guanlan:layer" => self.head.layer = map.next_value()?,
                "crs" => self.head.crs = Some(map.next_value()?),
                "geometry" => geometry = map.next_value::<Option<Geometry>>()?,
                "properties" => properties = map.next_value::<Option<Map<String, Value>>>()?,
                "coordinates" => coordinates = map.next_value()?,
                "geometries" => geometries = map.next_value()?,
                "features" => {
                    self.head.features = map.next_value_seed(List(&mut *self.feed, &mut *self.fault))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let kind = self.head.kind.as_str();
        let lone = match kind {
            "Feature" => Some(Feature { geometry, properties, at: String::new() }),
            _ if GEOMETRIES.contains(&kind) => {
                let geometry = Some(Geometry { kind: kind.to_owned(), coordinates, geometries });
                Some(Feature { geometry, properties: None, at: String::new() })
            }
            _ => None,
        };
        if let Some(Err(fault)) = lone.map(|feature| (self.feed)(feature)) {
            *self.fault = Some(fault);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<bool, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features")
    }
    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        while let Some(feature) = list.next_element::<Feature>()? {
            if let Err(fault) = (self.0)(feature) {
                *self.1 = Some(fault);
                return Err(A::Error::custom("no more is needed"));
            }
        }
        Ok(true)
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
pub(in crate::import) fn position(v: &Value) -> Option<[f64; 2]> {
    let list = v.as_array()?;
    let p = [list.first()?.as_f64()?, list.get(1)?.as_f64()?];
    p.iter().all(|c| c.is_finite()).then_some(p)
}

pub(in crate::import) fn line(v: &Value) -> Option<Vec<[f64; 2]>> {
    v.as_array()?.iter().map(position).collect()
}

pub(in crate::import) fn rings(v: &Value) -> Option<Vec<Vec<[f64; 2]>>> {
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
