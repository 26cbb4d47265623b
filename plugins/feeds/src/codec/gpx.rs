//! GPX tracks: points with times, for replay.

use guanlan_core::Stamp;

use super::xml::{self, Element};

/// A point of a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// m.
    pub elevation_m: Option<f64>,
    /// When.
    pub time: Option<Stamp>,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gpx {
    /// Tracks, each of segments, each of points.
    pub tracks: Vec<Vec<Vec<Point>>>,
    /// Routes.
    pub routes: Vec<Vec<Point>>,
    /// Single places.
    pub waypoints: Vec<Point>,
    /// Points that were no places.
    pub dropped: usize,
}

impl Gpx {
    /// Every point of every track, in order.
    pub fn track_points(&self) -> impl Iterator<Item = &Point> {
        self.tracks.iter().flatten().flatten()
    }
}

/// Reads a file. Values outside the schema (an unknown `fix`) are dropped, their point is kept.
///
/// # Errors
/// When it is not XML or not GPX.
pub fn read(bytes: &[u8]) -> Result<Gpx, String> {
    let root = xml::read(bytes)?;
    if root.name != "gpx" {
        return Err(format!("<gpx> was expected, not <{}>", root.name));
    }
    let mut gpx = Gpx::default();
    let mut dropped = 0;
    let mut points = |parent: &Element, name: &str| -> Vec<Point> {
        let mut kept = Vec::new();
        for element in parent.all(name) {
            match point(element) {
                Some(p) => kept.push(p),
                None => dropped += 1,
            }
        }
        kept
    };
    gpx.waypoints = points(&root, "wpt");
    gpx.routes = root.all("rte").map(|r| points(r, "rtept")).collect();
    gpx.tracks = root.all("trk").map(|t| t.all("trkseg").map(|s| points(s, "trkpt")).collect()).collect();
    gpx.dropped = dropped;
    Ok(gpx)
}

fn point(element: &Element) -> Option<Point> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let lat = number(element.attribute("lat")?).filter(|v| v.abs() <= 90.0)?;
    let lon = number(element.attribute("lon")?).filter(|v| v.abs() <= 180.0)?;
    Some(Point { lat, lon, elevation_m: number(element.text_of("ele")), time: Stamp::parse(element.text_of("time")) })
}

/// Speed (m/s) and course (degrees) from one place to the next over a time.
#[must_use]
pub fn motion(from: &Point, to: &Point, seconds: f64) -> (f64, f64) {
    const EARTH_M: f64 = 6_371_008.8;
    let middle = ((from.lat + to.lat) / 2.0).to_radians().cos();
    let east = (to.lon - from.lon).to_radians() * middle * EARTH_M;
    let north = (to.lat - from.lat).to_radians() * EARTH_M;
    let course = east.atan2(north).to_degrees().rem_euclid(360.0);
    (if seconds > 0.0 { east.hypot(north) / seconds } else { 0.0 }, course)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_with_a_bad_point() {
        let text = r#"<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
            <trkpt lat="47.6" lon="-122.3"><ele>4.46</ele><time>2009-10-17T18:37:26Z</time><fix>odd</fix></trkpt>
            <trkpt lat="97.6" lon="-122.3"/></trkseg></trk><wpt lat="1" lon="2"/></gpx>"#;
        let gpx = read(text.as_bytes()).unwrap();
        assert_eq!((gpx.track_points().count(), gpx.waypoints.len(), gpx.dropped), (1, 1, 1));
        assert_eq!(gpx.tracks[0][0][0].time, Stamp::parse("2009-10-17T18:37:26Z"));
        assert!(read(b"<kml/>").is_err());
    }

    #[test]
    fn north_east_and_speed() {
        let at = |lat, lon| Point { lat, lon, elevation_m: None, time: None };
        let (speed, course) = motion(&at(0.0, 0.0), &at(0.0, 0.001), 10.0);
        assert!((speed - 11.12).abs() < 0.01 && (course - 90.0).abs() < 1e-9);
        assert_eq!(motion(&at(0.0, 0.0), &at(1.0, 0.0), 0.0), (0.0, 0.0));
    }
}
