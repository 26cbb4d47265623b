//! Formats that people take for one that is read, and what to do about them.

/// First bytes of files, and what they are.
const MAGIC: [(&[u8], &str); 9] = [
    (b"\xff\xe0", "is OSM in o5m, expected OSM XML or PBF (osmconvert FILE -o=OUT.osm.pbf)"),
    (b"LASF", "is a point cloud (LAS), expected a surface or a city model"),
    (b"ISO-10303-21", "is IFC, expected glTF or CityJSON (IfcConvert FILE OUT.glb)"),
    (b"\x89PNG", "is a picture (PNG), expected a GeoTIFF of heights"),
    (b"\xff\xd8\xff", "is a picture (JPEG), expected a GeoTIFF of heights"),
    (b"\x89HDF", "is HDF5 or NetCDF, expected a GeoTIFF of heights (gdal_translate FILE OUT.tif)"),
    (b"CDF", "is NetCDF, expected a GeoTIFF of heights (gdal_translate FILE OUT.tif)"),
    (b"fgb", "is FlatGeobuf, expected GeoJSON or GeoPackage (ogr2ogr OUT.gpkg FILE)"),
    (b"PAR1", "is Parquet, expected GeoJSON or GeoPackage (ogr2ogr OUT.gpkg FILE)"),
];

/// Words of XML that say what it is.
const XML: [(&str, &str); 5] = [
    ("CityModel", "is CityGML, expected CityJSON (citygml-tools to-cityjson FILE)"),
    ("<kml", "is KML, expected GeoJSON or GeoPackage (ogr2ogr OUT.gpkg FILE)"),
    ("<gpx", "is GPX, expected GeoJSON or GeoPackage (ogr2ogr OUT.gpkg FILE)"),
    ("<LandXML", "is LandXML, expected a GeoTIFF or ESRI ASCII grid of heights"),
    ("FeatureCollection", "is GML, expected GeoJSON or GeoPackage (ogr2ogr OUT.gpkg FILE)"),
];

/// Keys of JSON that say what it is.
const JSON: [(&str, &str); 4] = [
    ("tileAvailability", "is a subtree of a 3D tileset with implicit tiles, expected the tileset.json it belongs to"),
    (
        "childSubtreeAvailability",
        "is a subtree of a 3D tileset with implicit tiles, expected the tileset.json it belongs to",
    ),
    ("osm3s", "is OSM as Overpass writes JSON, expected OSM XML or PBF ([out:xml] in the query)"),
    ("arcs", "is TopoJSON, expected GeoJSON (ogr2ogr OUT.geojson FILE)"),
];

/// What a file is, by its first bytes, when it is none that is read.
pub(super) fn by_head(head: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(what);
    }
    let text = String::from_utf8_lossy(head);
    let is_xml = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    XML.iter().find(|(word, _)| is_xml && text.contains(word)).map(|(_, what)| *what)
}

/// What a JSON object is, by one of its keys.
pub(super) fn by_key(key: &str) -> Option<&'static str> {
    JSON.iter().find(|(own, _)| *own == key).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_named_in_both_languages() {
        let all = MAGIC.iter().map(|m| m.1).chain(XML.iter().map(|x| x.1)).chain(JSON.iter().map(|j| j.1));
        for what in all {
            assert_ne!(crate::import::chinese(what), what, "in Chinese, too");
        }
        let gml = b"<?xml version='1.0'?>\n<core:CityModel xmlns:core='http://www.opengis.net/citygml/2.0'>";
        assert!(by_head(gml).is_some_and(|w| w.contains("CityGML")));
        assert_eq!((by_head(b"<osm/>"), by_head(b"hello CityModel"), by_key("features")), (None, None, None));
    }
}
