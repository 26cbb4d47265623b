//! Which format a file is in: by its first bytes, then by its extension.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use serde::{
    Deserialize, Serialize,
    de::{self, DeserializeSeed, IgnoredAny},
};

use super::{ImportError, archive, packed, terrain_hgt, unread};

/// Formats that hold something of a city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Format {
    /// CityJSON or CityJSONSeq.
    CityJson,
    /// OpenStreetMap XML or PBF.
    Osm,
    /// GeoTIFF terrain.
    GeoTiff,
    /// ESRI ASCII grid terrain.
    EsriAscii,
    /// EPA SWMM input file.
    Swmm,
    /// GeoJSON layer.
    GeoJson,
    /// GeoPackage.
    GeoPackage,
    /// ESRI shapefile.
    Shapefile,
    /// glTF or GLB model.
    Gltf,
    /// 3D Tiles: the tileset.json, or its folder.
    Tiles3d,
    /// SRTM height file.
    Hgt,
}

impl Format {
    /// Name for people and for `inspect`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CityJson => "CityJSON",
            Self::Osm => "OSM",
            Self::GeoTiff => "GeoTIFF",
            Self::EsriAscii => "ESRI ASCII grid",
            Self::Swmm => "SWMM",
            Self::GeoJson => "GeoJSON",
            Self::GeoPackage => "GeoPackage",
            Self::Shapefile => "Shapefile",
            Self::Gltf => "glTF",
            Self::Tiles3d => "3D Tiles",
            Self::Hgt => "SRTM HGT",
        }
    }
}

pub(super) const EXPECTED: &str = "expected CityJSON, CityJSONSeq, OSM XML or PBF, GeoTIFF, ESRI ASCII grid, SRTM .hgt, SWMM .inp, GeoJSON, GeoPackage, \
     shapefile, glTF or 3D Tiles";

/// The format of a file, of a member of an archive, or of the only dataset of one. A file that looks like none of them but
/// has a known extension counts as that format, so that its reader can say what is wrong with it.
pub fn detect(path: &Path) -> Result<Format, ImportError> {
    if super::tiles3d::is_tileset(path) || super::tiles3d::is_address(path) || archive::is_tileset(path) {
        return Ok(Format::Tiles3d);
    }
    let opened = archive::open(path)?;
    of_file(opened.path()).map_err(|e| opened.named(e))
}

fn of_file(path: &Path) -> Result<Format, ImportError> {
    let fail = |reason: String| ImportError::new(path, "", reason);
    if path.is_dir() {
        return Err(fail("is a folder, expected a file".into()));
    }
    // Its heights may begin with the bytes of anything.
    if terrain_hgt::is_named(path) {
        return Ok(Format::Hgt);
    }
    let file = packed::open(path).map_err(|e| fail(e.to_string()))?;
    let mut head = Vec::new();
    let is_packed = packed::is_packed(path);
    let told = file.take(4096).read_to_end(&mut head);
    // A damaged packing is for the reader to tell, when the name says which.
    if let (Err(e), false) = (&told, is_packed && by_extension(path).is_some()) {
        return Err(fail(e.to_string()));
    }
    if let Some((packing, _)) = packed::packing(&head).filter(|(_, read)| !read) {
        return Err(fail(format!("is packed with {packing}; unpack it and give the file in it")));
    }
    // Servers keep tilesets packed; their reader unpacks them.
    if is_packed && packed::plain_name(path).starts_with("tileset") {
        return Ok(Format::Tiles3d);
    }
    if let Some(format) = by_magic(&head) {
        // Its reader jumps about in the file and in those beside it.
        return match format {
            Format::Shapefile if is_packed => Err(fail(format!("is a packed {}; unpack it first", format.name()))),
            _ => Ok(format),
        };
    }
    if [&b"b3dm"[..], b"i3dm", b"pnts", b"cmpt", b"subt"].iter().any(|magic| head.starts_with(magic)) {
        return Err(fail("is one tile of a 3D tileset, expected the tileset.json it belongs to".into()));
    }
    let text = String::from_utf8_lossy(&head);
    if is_json(&text) {
        let unknown = || fail(format!("JSON of an unknown kind, {EXPECTED}"));
        let mut file = packed::open(path).map_err(|e| fail(e.to_string()))?;
        return match json(&mut file) {
            (Some(format), _) => Ok(format),
            // A whole object that is none of them is nobody's broken file.
            (None, Ok(())) => Err(unknown()),
            (None, Err(e)) => match e.to_string() {
                // Nobody's, but known: see [`unread`].
                what if what.starts_with("is ") => Err(fail(what.split(" at line ").next().unwrap_or_default().into())),
                _ => by_extension(path).ok_or_else(unknown),
            },
        };
    }
    if is_osm(&text) {
        return Ok(Format::Osm);
    }
    if let Some(what) = unread::by_head(&head) {
        return Err(fail(what.into()));
    }
    by_extension(path).or_else(|| by_words(&text)).ok_or_else(|| fail(format!("unknown format, {EXPECTED}")))
}

/// The format of a file without a telling name, by its first bytes; of JSON by all of it that it takes.
pub(super) fn sniff(head: &[u8], whole: &mut dyn BufRead) -> Option<Format> {
    let text = String::from_utf8_lossy(head);
    if is_json(&text) {
        return by_json(whole).0;
    }
    by_magic(head).or(is_osm(&text).then_some(Format::Osm)).or_else(|| by_words(&text))
}

/// A text without what may stand before its first sign.
fn begun(text: &str) -> &str {
    text.trim_start_matches(['\u{feff}', RECORD]).trim_start()
}

fn is_json(text: &str) -> bool {
    begun(text).starts_with('{')
}

fn is_osm(text: &str) -> bool {
    begun(text).starts_with('<') && text.contains("<osm")
}

/// By the words a plain text begins with.
fn by_words(text: &str) -> Option<Format> {
    let first = begun(text).split_whitespace().next().unwrap_or("").to_ascii_lowercase();
    if ["ncols", "nrows", "xllcorner", "yllcorner", "xllcenter", "yllcenter", "cellsize"].contains(&first.as_str()) {
        return Some(Format::EsriAscii);
    }
    let sections = ["[title", "[options", "[junctions", "[conduits", "[outfalls", "[subcatchments"];
    let mut lines = text.lines().map(str::to_ascii_lowercase);
    lines.any(|line| sections.iter().any(|s| line.trim_start().starts_with(s))).then_some(Format::Swmm)
}

/// Begins each value of a JSON text sequence (RFC 7464).
const RECORD: char = '\u{1e}';

/// A reader for which record separators are blanks.
pub(super) struct Separated<R>(pub R);

impl<R: Read> Read for Separated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        buffer[..n].iter_mut().filter(|b| **b == RECORD as u8).for_each(|b| *b = b' ');
        Ok(n)
    }
}

pub(super) fn by_magic(head: &[u8]) -> Option<Format> {
    if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| head.starts_with(magic)) {
        return Some(Format::GeoTiff);
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Some(Format::GeoPackage);
    }
    // The file code of a shapefile's header, and its version.
    if head.starts_with(&[0, 0, 0x27, 0x0a]) && head.get(28..32) == Some(&[0xe8, 3, 0, 0]) {
        return Some(Format::Shapefile);
    }
    if head.starts_with(b"glTF") {
        return Some(Format::Gltf);
    }
    // A PBF begins with the length of a block header that names its kind.
    if head.get(..64.min(head.len())).is_some_and(|h| h.windows(9).any(|w| w == b"OSMHeader")) {
        return Some(Format::Osm);
    }
    None
}

pub(super) fn by_extension(path: &Path) -> Option<Format> {
    let name = packed::plain_name(path);
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if ends(&[".geojson", ".geojsonl", ".geojsons", ".geojsonseq", ".ndgeojson"]) {
        Some(Format::GeoJson)
    } else if ends(&[".gpkg"]) {
        Some(Format::GeoPackage)
    } else if ends(&[".shp"]) {
        Some(Format::Shapefile)
    } else if ends(&[".json", ".jsonl", ".cityjson", ".cityjsonl"]) {
        Some(Format::CityJson)
    } else if ends(&[".osm", ".pbf"]) {
        Some(Format::Osm)
    } else if ends(&[".tif", ".tiff"]) {
        Some(Format::GeoTiff)
    } else if ends(&[".asc"]) {
        Some(Format::EsriAscii)
    } else if ends(&[".hgt"]) {
        Some(Format::Hgt)
    } else if ends(&[".inp"]) {
        Some(Format::Swmm)
    } else if ends(&[".gltf", ".glb"]) {
        Some(Format::Gltf)
    } else {
        None
    }
}

/// The first key of a JSON object that tells what it is; reading ends there.
struct Telling<'a>(&'a mut Option<Format>);

impl<'de> DeserializeSeed<'de> for Telling<'_> {
    type Value = ();
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for Telling<'_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // What several formats have says something only when nothing better comes.
        let mut perhaps = None;
        while let Some(key) = map.next_key::<String>()? {
            let sure = match key.as_str() {
                "type" => by_type(&map.next_value::<serde_json::Value>()?),
                "CityObjects" => Some(Format::CityJson),
                "root" | "geometricError" => Some(Format::Tiles3d),
                "features" => Some(Format::GeoJson),
                "meshes" | "accessors" | "scenes" => Some(Format::Gltf),
                key if let Some(what) = unread::by_key(key) => return Err(de::Error::custom(what)),
                "asset" | "bufferViews" => {
                    perhaps = Some(Format::Gltf);
                    None
                }
                _ => None,
            };
            if sure.is_some() {
                *self.0 = sure;
                return Err(de::Error::custom("enough is known"));
            }
            if key != "type" {
                map.next_value::<IgnoredAny>()?;
            }
        }
        *self.0 = perhaps;
        Ok(())
    }
}

fn by_type(kind: &serde_json::Value) -> Option<Format> {
    match kind.as_str()? {
        "CityJSON" | "CityJSONFeature" => Some(Format::CityJson),
        "FeatureCollection" | "Feature" | "Point" | "MultiPoint" | "LineString" | "MultiLineString" | "Polygon"
        | "MultiPolygon" | "GeometryCollection" => Some(Format::GeoJson),
        _ => None,
    }
}

/// By the keys of the first object in a text, of which no more is read than it takes; and whether it is whole.
fn by_json(file: &mut dyn BufRead) -> (Option<Format>, bool) {
    let told = json(file);
    (told.0, told.1.is_ok())
}

/// What [`by_json`] tells, with the error that ended the reading.
fn json(file: &mut dyn BufRead) -> (Option<Format>, Result<(), serde_json::Error>) {
    if file.fill_buf().is_ok_and(|b| b.starts_with(b"\xEF\xBB\xBF")) {
        file.consume(3);
    }
    let mut found = None;
    // The error that ends the reading early is none.
    let read = Telling(&mut found).deserialize(&mut serde_json::Deserializer::from_reader(Separated(file)));
    (found, read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_before_extension() {
        let dir = tempfile::tempdir().expect("temporary folder");
        for (name, bytes, want) in [
            ("a.json", &br#"{"vertices":[],"CityObjects":{},"type":"CityJSON"}"#[..], Some(Format::CityJson)),
            ("a.json", br#"{"features":[],"type":"FeatureCollection"}"#, Some(Format::GeoJson)),
            ("a.json", br#"{"asset":{"version":"2.0"}}"#, Some(Format::Gltf)),
            ("b.jsonl", b"{\"type\":\"CityJSON\"}\n{\"type\":\"CityJSONFeature\"}\n", Some(Format::CityJson)),
            ("a.json", b"\xef\xbb\xbf{\"type\":\"Feature\"", Some(Format::GeoJson)),
            (
                "a.json",
                br#"{"vertices":[[1,2,3]],"CityObjects":{ and the rest is not looked at"#,
                Some(Format::CityJson),
            ),
            ("a.json", br#"{"asset":{"version":"1.1"},"geometricError":3"#, Some(Format::Tiles3d)),
            ("a.json", br#"{"asset":{"version":"2.0"},"buffers":[],"meshes":["#, Some(Format::Gltf)),
            ("broken.json", b"{\"type\":", Some(Format::CityJson)),
            ("empty.json", b"", Some(Format::CityJson)),
            ("x.dat", b"<?xml version='1.0'?><osm version='0.6'>", Some(Format::Osm)),
            ("x.xml", b"<?xml version='1.0'?><gpx>", None),
            ("x", b"\0\0\0\x0d\x0a\x09OSMHeader", Some(Format::Osm)),
            ("x.png", b"MM\0*", Some(Format::GeoTiff)),
            ("x.txt", b"\xef\xbb\xbfNCOLS 3\n", Some(Format::EsriAscii)),
            ("x.txt", b";; c\n[TITLE]\n", Some(Format::Swmm)),
            ("x.txt", b"hello", None),
            ("x.glb", b"glTF\x02\0\0\0", Some(Format::Gltf)),
            ("x.db", b"SQLite format 3\0", Some(Format::GeoPackage)),
            ("x.shp", b"", Some(Format::Shapefile)),
            ("x.asc.gz", b"\x1f\x8b", Some(Format::EsriAscii)),
            ("x.city.json.gz", b"\x1f\x8b\x08", Some(Format::CityJson)),
            ("x.dat", b"\x1f\x8b\x08", None),
            ("x.json", br#"{"type":"Topology","arcs":[]}"#, None),
            ("x.seq", b"\x1e{\"type\":\"Feature\"}", Some(Format::GeoJson)),
            ("x.city.json", b"BZh9", Some(Format::CityJson)),
            ("x.osm.bz2", b"BZh9", Some(Format::Osm)),
            ("x.osm.7z", b"7z\xbc\xaf\x27\x1c", None),
            ("tileset.json", b"\x1f\x8b\x08", Some(Format::Tiles3d)),
            ("x.json", br#"{"root":{},"geometricError":1}"#, Some(Format::Tiles3d)),
            ("x.json", br#"{"bufferViews":[],"tileAvailability":{"constant":1}}"#, None),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            assert_eq!(detect(&path).ok(), want, "{name} {:?}", String::from_utf8_lossy(bytes));
        }
        let bare = tempfile::tempdir().expect("temporary folder");
        assert!(detect(bare.path()).expect_err("folder").reason.contains("folder"));
    }
}
