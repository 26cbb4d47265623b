//! Bounding volumes: as the file says them, and in local metres.

use serde_json::Value;

use super::{
    issue::{Issues, Kind},
    json::At,
    linear::{M4, V3, add, dot, length, sub},
    placing::Placing,
    s2::S2Cell,
};
use crate::import::Severity;

/// The extension whose volumes are cells of S2.
pub const S2: &str = "3DTILES_bounding_volume_S2";

/// A bounding volume as a tileset writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Volume {
    /// Centre and three half axes, in the tile's coordinates, m.
    Box([f64; 12]),
    /// West, south, east, north in radians; least and greatest height above the ellipsoid, m.
    Region([f64; 6]),
    /// Centre and radius, in the tile's coordinates, m.
    Sphere([f64; 4]),
    /// A cell of S2, or a part of one.
    Cell(S2Cell),
}

impl Volume {
    /// Reads `boundingVolume`. Volumes that bound nothing are refused; `done` says what follows.
    pub fn read(value: &Value, at: At<'_>, issues: &mut Issues, severity: Severity, done: &str) -> Option<Self> {
        let map = issues.object(value, at, severity, done)?;
        if let Some(value) = map.get("box") {
            return issues.numbers::<12>(value, at.key("box"), severity, done).map(Self::Box);
        }
        if let Some(value) = map.get("region") {
            let at = at.key("region");
            let region = issues.numbers::<6>(value, at, severity, done)?;
            return region_in_range(&region, at, issues, severity, done).then_some(Self::Region(region));
        }
        if let Some(value) = map.get("sphere") {
            let at = at.key("sphere");
            let sphere = issues.numbers::<4>(value, at, severity, done)?;
            if sphere[3] < 0.0 {
                let text = format!("radius {}, expected at least 0{done}", sphere[3]);
                issues.push(Kind::Volume, severity, at.index(3), text);
                return None;
            }
            return Some(Self::Sphere(sphere));
        }
        if let Some(value) = map.get("extensions").and_then(|e| e.get(S2)) {
            return cell(value, at.key("extensions").key(S2), issues, severity, done).map(Self::Cell);
        }
        issues.push(Kind::AnyOf, severity, at, format!("no box, region or sphere{done}"));
        None
    }

    /// Centre in Earth-centred or the tileset's own coordinates.
    #[must_use]
    pub fn centre(&self, transform: &M4) -> V3 {
        match self {
            Self::Box(b) => transform.point([b[0], b[1], b[2]]),
            Self::Sphere(s) => transform.point([s[0], s[1], s[2]]),
            Self::Region(r) => {
                let (lon, lat, h) = middle(r);
                guanlan_geography::ecef::from_geodetic(lon.to_degrees(), lat.to_degrees(), h)
            }
            Self::Cell(cell) => {
                let [lon, lat] = cell.lonlat([0.5, 0.5]).map(f64::to_degrees);
                guanlan_geography::ecef::from_geodetic(lon, lat, (cell.heights[0] + cell.heights[1]) / 2.0)
            }
        }
    }

    /// The volume as a box in local metres; `None` where the projection does not reach.
    #[must_use]
    pub fn to_local(&self, transform: &M4, placing: &Placing) -> Option<LocalBox> {
        match self {
            Self::Box(b) => {
                let half = [[b[3], b[4], b[5]], [b[6], b[7], b[8]], [b[9], b[10], b[11]]];
                place_box(transform.point([b[0], b[1], b[2]]), half.map(|h| transform.direction(h)), placing)
            }
            Self::Sphere(s) => {
                let r = s[3] * transform.stretch();
                let half = [[r, 0.0, 0.0], [0.0, r, 0.0], [0.0, 0.0, r]];
                place_box(transform.point([s[0], s[1], s[2]]), half, placing)
            }
            Self::Region(r) => region_box(r, placing),
            Self::Cell(cell) => box_around(&placing.geodetic_all(&cell.places(), cell.heights)?),
        }
    }
}

/// The cell that the extension tells.
fn cell(value: &Value, at: At<'_>, issues: &mut Issues, severity: Severity, done: &str) -> Option<S2Cell> {
    let map = issues.object(value, at, severity, done)?;
    let mut part = |key: &str| {
        let value = map.get(key);
        if value.is_none() {
            issues.push(Kind::Missing, severity, at, format!("no {key}{done}"));
        }
        value
    };
    let (token, low, high) = (part("token")?, part("minimumHeight")?, part("maximumHeight")?);
    let token = issues.string(token, at.key("token"), severity, done)?;
    let low = issues.number(low, at.key("minimumHeight"), severity, done)?;
    let high = issues.number(high, at.key("maximumHeight"), severity, done)?;
    if low > high {
        issues.push(Kind::Volume, severity, at, format!("least height {low} above greatest {high}{done}"));
        return None;
    }
    match S2Cell::of_token(token, [low, high]) {
        Ok(cell) => Some(cell),
        Err(why) => {
            issues.push(Kind::S2Token, severity, at.key("token"), format!("{why}{done}"));
            None
        }
    }
}

fn region_in_range(r: &[f64; 6], at: At<'_>, issues: &mut Issues, severity: Severity, done: &str) -> bool {
    let (pi, half) = (std::f64::consts::PI + 1e-6, std::f64::consts::FRAC_PI_2 + 1e-6);
    let names = ["west", "south", "east", "north"];
    let mut good = true;
    for k in 0..4 {
        let most = if k % 2 == 0 { pi } else { half };
        if r[k].abs() > most {
            let text = format!("{} {} rad, expected -{most:.4} to {most:.4}{done}", names[k], r[k]);
            issues.push(Kind::Volume, severity, at.index(k), text);
            good = false;
        }
    }
    // A region over the date line has its east west of its west; south of south there is nothing.
    if r[1] > r[3] {
        issues.push(Kind::Volume, severity, at, format!("south {} is north of north {}{done}", r[1], r[3]));
        good = false;
    }
    if r[4] > r[5] {
        issues.push(Kind::Volume, severity, at, format!("least height {} above greatest {}{done}", r[4], r[5]));
        good = false;
    }
    good
}

/// Longitude, latitude (radians) and height in the middle of a region, also across the date line.
fn middle(r: &[f64; 6]) -> (f64, f64, f64) {
    let east = if r[2] < r[0] { r[2] + std::f64::consts::TAU } else { r[2] };
    ((r[0] + east) / 2.0, (r[1] + r[3]) / 2.0, (r[4] + r[5]) / 2.0)
}

fn region_box(r: &[f64; 6], placing: &Placing) -> Option<LocalBox> {
    let east = if r[2] < r[0] { r[2] + std::f64::consts::TAU } else { r[2] };
    // Corners, middles of sides and the middle: a region of a city is nearly a rectangle in the frame.
    let mut plane: Vec<[f64; 2]> = Vec::with_capacity(9);
    for i in 0..9 {
        let lon = r[0] + (east - r[0]) * f64::from(i % 3) / 2.0;
        let lat = r[1] + (r[3] - r[1]) * f64::from(i / 3) / 2.0;
        let lon = if lon > std::f64::consts::PI { lon - std::f64::consts::TAU } else { lon };
        plane.push([lon, lat]);
    }
    box_around(&placing.geodetic_all(&plane, [r[4], r[5]])?)
}

/// The upright box around places.
fn box_around(places: &[V3]) -> Option<LocalBox> {
    let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
    for p in places {
        for k in 0..3 {
            low[k] = low[k].min(p[k]);
            high[k] = high[k].max(p[k]);
        }
    }
    let centre = add(low, high).map(|v| v / 2.0);
    let half = sub(high, low).map(|v| v / 2.0);
    LocalBox { centre, half: [[half[0], 0.0, 0.0], [0.0, half[1], 0.0], [0.0, 0.0, half[2]]] }.finite()
}

fn place_box(centre: V3, half: [V3; 3], placing: &Placing) -> Option<LocalBox> {
    let reach = half.iter().map(|h| length(*h)).sum::<f64>();
    let turn = placing.turn(centre);
    let plain = LocalBox { centre: placing.point(centre)?, half: half.map(|h| turn.direction(h)) };
    // Larger than a neighbourhood, the Earth's curve sinks the corners: the box grows by that much.
    let sink = if matches!(placing, Placing::Globe { .. }) && reach > 1000.0 {
        reach * reach / (2.0 * guanlan_geography::ecef::A_M)
    } else {
        0.0
    };
    let grown = LocalBox { half: plain.half.map(|h| grow(h, sink)), ..plain };
    grown.finite()
}

fn grow(h: V3, by: f64) -> V3 {
    let l = length(h);
    if l > 0.0 { h.map(|v| v * (l + by) / l) } else { h }
}

/// A box in local metres (east, north, height): centre and half axes, which are taken as perpendicular.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LocalBox {
    /// Centre.
    pub centre: V3,
    /// Half axes.
    pub half: [V3; 3],
}

impl LocalBox {
    fn finite(self) -> Option<Self> {
        let all = self.centre.iter().chain(self.half.iter().flatten());
        all.into_iter().all(|v| v.is_finite()).then_some(self)
    }

    /// From the centre to a corner, m.
    #[must_use]
    pub fn radius_m(&self) -> f64 {
        self.half.iter().map(|h| dot(*h, *h)).sum::<f64>().sqrt()
    }

    /// From a place to the box, m; 0 inside.
    #[must_use]
    pub fn distance_m(&self, p: V3) -> f64 {
        let d = sub(p, self.centre);
        let mut rest = d;
        let mut square = 0.0;
        for h in &self.half {
            let l = length(*h);
            if l <= 0.0 {
                continue;
            }
            let axis = h.map(|v| v / l);
            let along = dot(d, axis);
            rest = sub(rest, axis.map(|v| v * along));
            square += (along.abs() - l).max(0.0).powi(2);
        }
        // What no axis covers (flat and degenerate boxes).
        (square + dot(rest, rest)).sqrt()
    }

    /// True inside or on the faces.
    #[must_use]
    pub fn contains(&self, p: V3) -> bool {
        self.distance_m(p) <= 1e-6 * (1.0 + self.radius_m())
    }

    /// Least and greatest east, north, height.
    #[must_use]
    pub fn bounds(&self) -> (V3, V3) {
        let reach: V3 = std::array::from_fn(|k| self.half.iter().map(|h| h[k].abs()).sum());
        (sub(self.centre, reach), add(self.centre, reach))
    }

    /// How far the box reaches from its centre in a direction (a unit vector), m.
    #[must_use]
    pub fn reach_m(&self, direction: V3) -> f64 {
        self.half.iter().map(|h| dot(*h, direction).abs()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_geography::{LocalFrame, ecef};
    use serde_json::json;

    #[test]
    fn distances_to_turned_boxes() {
        let b = LocalBox { centre: [10.0, 0.0, 0.0], half: [[3.0, 3.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 2.0]] };
        assert!(b.distance_m([10.0, 0.0, 1.0]).abs() < 1e-9);
        assert!((b.distance_m([10.0, 0.0, 5.0]) - 3.0).abs() < 1e-9);
        assert!((b.distance_m([16.0, 6.0, 0.0]) - 3.0 * 2f64.sqrt()).abs() < 1e-9);
        let flat = LocalBox { centre: [0.0; 3], half: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0; 3]] };
        assert!((flat.distance_m([0.5, 0.5, 4.0]) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn regions_boxes_and_spheres_agree_about_a_place() {
        let mut frame = LocalFrame::new(4549, [0.0; 2]);
        frame.origin = frame.from_lonlat(121.47, 31.23).unwrap();
        let placing = Placing::Globe { frame, lift_m: 0.0 };
        let (lon, lat) = (121.47f64.to_radians(), 31.23f64.to_radians());
        let region = Volume::Region([lon - 1e-5, lat - 1e-5, lon + 1e-5, lat + 1e-5, 0.0, 50.0]);
        let local = region.to_local(&M4::IDENTITY, &placing).unwrap();
        assert!(length(sub(local.centre, [0.0, 0.0, 25.0])) < 0.01, "{local:?}");
        assert!((local.half[1][1] - 63.5).abs() < 1.0 && (local.half[0][0] - 54.5).abs() < 1.0, "{local:?}");
        let at = ecef::from_geodetic(121.47, 31.23, 25.0);
        let sphere = Volume::Sphere([0.0, 0.0, 0.0, 10.0]).to_local(&M4::shift(at), &placing).unwrap();
        assert!(length(sub(sphere.centre, local.centre)) < 0.01 && (sphere.radius_m() - 300f64.sqrt()).abs() < 0.02);
        assert!(local.contains(sphere.centre));
    }

    #[test]
    fn bad_volumes_say_why() {
        let mut issues = Issues::default();
        let read = |value: Value, issues: &mut Issues| Volume::read(&value, At::TOP, issues, Severity::Skipped, "");
        assert_eq!(read(json!({"region": [3.2, 1.6, -3.2, -1.6, 10000, 9999]}), &mut issues), None);
        assert_eq!(issues.list.iter().filter(|i| i.kind == Kind::Volume).count(), 6);
        assert_eq!(read(json!({}), &mut issues), None);
        assert_eq!(read(json!({"sphere": [0, 0, 0, -1]}), &mut issues), None);
        assert!(read(json!({"sphere": [0, 0, 0, 1]}), &mut issues).is_some());
    }

    #[test]
    fn cells_are_volumes_like_others() {
        let read = |token: &str, low: f64, high: f64| {
            let mut issues = Issues::default();
            let cell = json!({"token": token, "minimumHeight": low, "maximumHeight": high});
            let volume = Volume::read(&json!({"extensions": {S2: cell}}), At::TOP, &mut issues, Severity::Error, "");
            (volume, issues.list.iter().map(|i| i.kind).collect::<Vec<_>>())
        };
        // A level 14 cell of some 600 m in Manhattan.
        let (volume, told) = read("89c25985", 0.0, 100.0);
        assert!(told.is_empty(), "{told:?}");
        let mut frame = LocalFrame::new(32618, [0.0; 2]);
        frame.origin = frame.from_lonlat(-73.97, 40.77).unwrap();
        let placing = Placing::Globe { frame, lift_m: 0.0 };
        let local = volume.unwrap().to_local(&M4::IDENTITY, &placing).unwrap();
        assert!((150.0..1500.0).contains(&local.half[0][0]) && local.half[2][2] == 50.0, "{local:?}");
        assert!(length(sub(local.centre, [0.0, 0.0, 50.0])) < 8000.0, "{local:?}");
        assert_eq!(read("xyz", 0.0, 1.0).1, [Kind::S2Token]);
        assert_eq!(read("1", 5.0, 1.0).1, [Kind::Volume]);
    }
}
