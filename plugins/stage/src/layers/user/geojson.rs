//! GeoJSON (RFC 7946, and the older `crs` member) as features in the city's frame.

use std::path::Path;

use ::geojson::{GeoJson, Value};
use guanlan_geography::{LocalFrame, Transformer, WGS84, bd09_to_gcj02, gcj02_to_wgs84};

use super::{CORNERS_MAX, Feature, Geometry, UserLayer};

/// Where the numbers of a file are.
enum Place {
    /// WGS 84 degrees.
    Degrees,
    /// GCJ-02 degrees.
    Gcj02,
    /// BD-09 degrees.
    Bd09,
    /// A CRS that PROJ knows.
    Crs(Transformer),
}

fn place_of(json: &GeoJson, crs: Option<&str>, frame: &LocalFrame) -> Result<Place, String> {
    let foreign = match json {
        GeoJson::FeatureCollection(c) => c.foreign_members.as_ref(),
        GeoJson::Feature(f) => f.foreign_members.as_ref(),
        GeoJson::Geometry(g) => g.foreign_members.as_ref(),
    };
    let own = foreign
        .and_then(|m| m.get("crs"))
        .and_then(|c| c.pointer("/properties/name"))
        .and_then(|n| n.as_str())
        .map(str::to_owned);
    let name = own.or_else(|| crs.map(str::to_owned)).unwrap_or_default();
    let code = name.rsplit([':', '/']).next().unwrap_or_default();
    match name.to_uppercase().replace('_', "-").as_str() {
        "" => Ok(Place::Degrees),
        "GCJ-02" | "GCJ02" => Ok(Place::Gcj02),
        "BD-09" | "BD09" => Ok(Place::Bd09),
        _ if code == "CRS84" || code == "4326" || code == "4490" => Ok(Place::Degrees),
        _ => {
            let known = if code.chars().all(|c| c.is_ascii_digit()) && !code.is_empty() {
                format!("EPSG:{code}")
            } else {
                name.clone()
            };
            frame.from_crs(&known).map(Place::Crs).map_err(|e| format!("crs '{name}': {e}"))
        }
    }
}

/// Moves corners into the local frame, all at once.
fn project(points: &mut [[f64; 2]], place: &Place, frame: &LocalFrame) -> Result<(), String> {
    if let Place::Crs(transformer) = place {
        transformer.transform_all(points).map_err(|e| e.to_string())?;
        points.iter_mut().for_each(|p| *p = frame.to_local(*p));
        return Ok(());
    }
    if let Some(p) = points.iter().find(|p| p[0].abs() > 180.0 || p[1].abs() > 90.0) {
        return Err(format!(
            "[{}, {}] are no degrees (EPSG:{WGS84}); name the file's system with crs = \"EPSG:…\"",
            p[0], p[1]
        ));
    }
    for p in points.iter_mut() {
        *p = match place {
            Place::Gcj02 => gcj02_to_wgs84(*p),
            Place::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(*p)),
            _ => *p,
        };
    }
    frame.from_lonlat_all(points).map_err(|e| e.to_string())
}

/// Corners of all features in one list, and how they belong together.
#[derive(Default)]
struct Sheet {
    points: Vec<[f64; 2]>,
    /// Kind (0 point, 1 line, 2 area), lengths of its parts, feature.
    parts: Vec<(u8, Vec<usize>, usize)>,
    full: bool,
    bad: usize,
}

impl Sheet {
    fn corners(&mut self, line: &[Vec<f64>]) -> usize {
        let mut n = 0;
        for c in line {
            match (c.first(), c.get(1)) {
                (Some(&x), Some(&y)) if x.is_finite() && y.is_finite() => {
                    self.points.push([x, y]);
                    n += 1;
                }
                _ => self.bad += 1,
            }
        }
        n
    }

    fn add(&mut self, value: &Value, feature: usize) {
        if self.points.len() > CORNERS_MAX {
            self.full = true;
            return;
        }
        match value {
            Value::Point(c) => {
                if self.corners(std::slice::from_ref(c)) == 1 {
                    self.parts.push((0, vec![1], feature));
                }
            }
            Value::MultiPoint(all) => all.iter().for_each(|c| self.add(&Value::Point(c.clone()), feature)),
            Value::LineString(line) => {
                let n = self.corners(line);
                self.parts.push((1, vec![n], feature));
            }
            Value::MultiLineString(all) => {
                for line in all {
                    let n = self.corners(line);
                    self.parts.push((1, vec![n], feature));
                }
            }
            Value::Polygon(rings) => {
                let lengths = rings.iter().map(|r| self.corners(r)).collect();
                self.parts.push((2, lengths, feature));
            }
            Value::MultiPolygon(all) => {
                for rings in all {
                    let lengths = rings.iter().map(|r| self.corners(r)).collect();
                    self.parts.push((2, lengths, feature));
                }
            }
            Value::GeometryCollection(all) => all.iter().for_each(|g| self.add(&g.value, feature)),
        }
    }
}

fn attributes(feature: &::geojson::Feature) -> Vec<(String, String)> {
    let text = |v: &serde_json::Value| match v {
        serde_json::Value::String(s) => s.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    feature.properties.iter().flatten().take(64).map(|(k, v)| (k.clone(), text(v))).collect()
}

/// Reads a file.
pub fn read(path: &Path, crs: Option<&str>, frame: &LocalFrame) -> Result<UserLayer, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let json: GeoJson = text.parse().map_err(|e: ::geojson::Error| format!("expected GeoJSON: {e}"))?;
    let place = place_of(&json, crs, frame)?;
    let features = match json {
        GeoJson::FeatureCollection(c) => c.features,
        GeoJson::Feature(f) => vec![f],
        GeoJson::Geometry(g) => vec![::geojson::Feature::from(g)],
    };
    let mut sheet = Sheet::default();
    let mut empty = 0;
    for (i, feature) in features.iter().enumerate() {
        match &feature.geometry {
            Some(g) => sheet.add(&g.value, i),
            None => empty += 1,
        }
    }
    project(&mut sheet.points, &place, frame)?;
    let mut layer = UserLayer::default();
    let mut at = 0;
    let mut short = 0;
    for (kind, lengths, feature) in &sheet.parts {
        let mut parts = lengths.iter().map(|n| {
            let part: Vec<[f32; 2]> = sheet.points[at..at + n].iter().map(|p| [p[0] as f32, p[1] as f32]).collect();
            at += n;
            part
        });
        let geometry = match kind {
            0 => parts.next().and_then(|p| p.first().copied()).map(Geometry::Point),
            1 => parts.next().filter(|p| p.len() >= 2).map(Geometry::Line),
            _ => {
                let rings: Vec<Vec<[f32; 2]>> = parts
                    .by_ref()
                    .map(|mut ring| {
                        if ring.len() > 1 && ring.first() == ring.last() {
                            ring.pop();
                        }
                        ring
                    })
                    .collect();
                rings.first().is_some_and(|r| r.len() >= 3).then_some(Geometry::Area(rings))
            }
        };
        parts.for_each(drop);
        match geometry {
            Some(geometry) => layer.features.push(Feature { geometry, attributes: attributes(&features[*feature]) }),
            None => short += 1,
        }
    }
    let mut say = |n: usize, what: &str| {
        if n > 0 {
            layer.problems.push(format!("{n} {what}"));
        }
    };
    say(empty, "features without geometry");
    say(short, "lines or rings with too few corners");
    say(sheet.bad, "corners that are no numbers");
    if sheet.full {
        layer.problems.push(format!("more than {CORNERS_MAX} corners: the rest is left out"));
    }
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str, crs: Option<&str>) -> Result<UserLayer, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.geojson");
        std::fs::write(&path, text).unwrap();
        read(&path, crs, &FRAME)
    }

    /// CGCS2000 / 3-degree GK CM 120E.
    const FRAME: LocalFrame = LocalFrame::new(4549, [500_000.0, 3_350_000.0]);

    #[test]
    fn points_lines_and_areas_come_into_the_frame() {
        let text = r#"{"type":"FeatureCollection","features":[
          {"type":"Feature","properties":{"name":"a","risk":3},"geometry":{"type":"Point","coordinates":[120.0,30.28]}},
          {"type":"Feature","properties":null,"geometry":{"type":"MultiLineString","coordinates":[[[120,30.28],[120.001,30.28]],[[120,30.28]]]}},
          {"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[120,30.28],[120.001,30.28],[120.001,30.281],[120,30.28]]]}},
          {"type":"Feature","properties":{},"geometry":null}]}"#;
        let layer = read_text(text, None).unwrap();
        assert_eq!(layer.features.len(), 3);
        assert_eq!(layer.problems.len(), 2, "{:?}", layer.problems);
        let Geometry::Point(p) = layer.features[0].geometry else { panic!("a point") };
        // On the central meridian the easting is the false easting.
        assert!(p[0].abs() < 0.01, "{p:?}");
        assert_eq!(layer.features[0].get("risk"), Some("3"));
        let Geometry::Line(line) = &layer.features[1].geometry else { panic!("a line") };
        assert!((line[1][0] - line[0][0] - 96.2).abs() < 0.5, "{line:?}");
        let Geometry::Area(rings) = &layer.features[2].geometry else { panic!("an area") };
        assert_eq!(rings[0].len(), 3, "the closing corner is left out");
    }

    #[test]
    fn other_systems_are_named_and_metres_are_not_taken_for_degrees() {
        let metres =
            r#"{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[500100.0,3350020.0]}}"#;
        let why = read_text(metres, None).unwrap_err();
        assert!(why.contains("no degrees") && why.contains("crs"), "{why}");
        let layer = read_text(metres, Some("EPSG:4549")).unwrap();
        let Geometry::Point(p) = layer.features[0].geometry else { panic!("a point") };
        assert!((p[0] - 100.0).abs() < 0.01 && (p[1] - 20.0).abs() < 0.01, "{p:?}");
        let named =
            metres.replacen('{', r#"{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4549"}},"#, 1);
        assert_eq!(read_text(&named, None).unwrap().features, layer.features);
        let degrees = r#"{"type":"Point","coordinates":[120.0,30.28]}"#;
        let at = |crs| match read_text(degrees, crs).unwrap().features[0].geometry {
            Geometry::Point(p) => p,
            _ => panic!("a point"),
        };
        let shift = (at(Some("GCJ-02"))[0] - at(None)[0]).hypot(at(Some("GCJ-02"))[1] - at(None)[1]);
        assert!((300.0..700.0).contains(&shift), "{shift}");
    }

    #[test]
    fn broken_files_say_why_and_never_panic() {
        let good = r#"{"type":"Feature","properties":{"a":1},"geometry":{"type":"LineString","coordinates":[[120,30],[120.1,30.1]]}}"#;
        for cut in 0..good.len() {
            let _ = read_text(&good[..cut], None);
        }
        assert!(read_text("[]", None).unwrap_err().contains("GeoJSON"));
        assert!(
            read_text(r#"{"type":"Point","coordinates":[120,30]}"#, Some("EPSG:999999"))
                .unwrap_err()
                .contains("999999")
        );
    }
}
