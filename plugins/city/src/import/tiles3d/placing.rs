//! From a tileset's own coordinates (ECEF, or metres around nothing) to the city's local metres.

use guanlan_geography::{LocalFrame, ecef};

use super::linear::{M4, V3, add, cross, length, sub, unit};

/// Points nearer to the Earth's centre than this are no places on Earth, m.
const GLOBE_M: f64 = 6.0e6;
/// Within this distance of a middle the tangent is good to 5 mm, m.
const FLAT_M: f64 = 250.0;

/// Where a tileset stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Placing {
    /// Earth-centred coordinates, made local in this frame; heights above the ellipsoid plus `lift_m`.
    Globe {
        /// The city's frame.
        frame: LocalFrame,
        /// Added to heights, m.
        lift_m: f64,
    },
    /// The tileset names no place: its metres are local metres, shifted.
    Plain {
        /// Added to every place, m.
        shift_m: V3,
    },
}

/// A frame's neighbourhood of one place as a linear map.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tangent {
    from: V3,
    matrix: M4,
}

impl Placing {
    /// True for coordinates that can only be Earth-centred.
    #[must_use]
    pub fn is_globe(p: V3) -> bool {
        length(p) > GLOBE_M
    }

    /// The local place of one point, m; `None` where the projection does not reach.
    #[must_use]
    pub fn point(&self, p: V3) -> Option<V3> {
        let mut one = [p];
        self.exact(&mut one).then_some(one[0]).filter(|p| p.iter().all(|v| v.is_finite()))
    }

    /// Local places of longitudes and latitudes (radians), each at both heights above the ellipsoid, m.
    #[must_use]
    pub fn geodetic_all(&self, lonlats: &[[f64; 2]], heights_m: [f64; 2]) -> Option<Vec<V3>> {
        let degrees = lonlats.iter().map(|p| p.map(f64::to_degrees));
        let out: Vec<V3> = match self {
            Self::Globe { frame, lift_m } => {
                let mut plane: Vec<[f64; 2]> = degrees.collect();
                frame.from_lonlat_all(&mut plane).ok()?;
                plane.iter().flat_map(|p| heights_m.map(|h| [p[0], p[1], h + lift_m])).collect()
            }
            Self::Plain { .. } => {
                let at = |p: [f64; 2]| heights_m.map(|h| self.point(ecef::from_geodetic(p[0], p[1], h)));
                degrees.flat_map(at).collect::<Option<_>>()?
            }
        };
        out.iter().flatten().all(|v| v.is_finite()).then_some(out)
    }

    /// Moves points in place. Close points go by the tangent, which is exact to millimetres there.
    /// False where the projection does not reach.
    #[must_use]
    pub fn all(&self, points: &mut [V3]) -> bool {
        let Some(first) = points.first() else { return true };
        let (mut low, mut high) = (*first, *first);
        for p in points.iter() {
            for k in 0..3 {
                low[k] = low[k].min(p[k]);
                high[k] = high[k].max(p[k]);
            }
        }
        let middle = add(low, high).map(|v| v / 2.0);
        if points.len() > 8
            && length(sub(high, low)) < 2.0 * FLAT_M
            && let Some(tangent) = self.tangent(middle)
        {
            points.iter_mut().for_each(|p| *p = tangent.matrix.point(sub(*p, tangent.from)));
            return true;
        }
        self.exact(points)
    }

    /// The linear map at a place: turns directions there into the local frame's.
    #[must_use]
    pub fn turn(&self, at: V3) -> M4 {
        self.tangent(at).map_or(M4::IDENTITY, |t| t.matrix)
    }

    fn exact(&self, points: &mut [V3]) -> bool {
        match self {
            Self::Plain { shift_m } => {
                points.iter_mut().for_each(|p| *p = add(*p, *shift_m));
                true
            }
            Self::Globe { frame, lift_m } => {
                let geodetic: Vec<V3> = points.iter().map(|p| ecef::to_geodetic(*p)).collect();
                let mut plane: Vec<[f64; 2]> = geodetic.iter().map(|g| [g[0], g[1]]).collect();
                if plane.iter().flatten().any(|v| !v.is_finite()) || frame.from_lonlat_all(&mut plane).is_err() {
                    return false;
                }
                for ((out, plane), geodetic) in points.iter_mut().zip(plane).zip(geodetic) {
                    *out = [plane[0], plane[1], geodetic[2] + lift_m];
                }
                true
            }
        }
    }

    fn tangent(&self, at: V3) -> Option<Tangent> {
        match self {
            Self::Plain { shift_m } => Some(Tangent { from: [0.0; 3], matrix: M4::shift(*shift_m) }),
            Self::Globe { .. } => {
                // Steps along the place's own east, north and up.
                let step_m = 50.0;
                let (east, north, up) = east_north_up(at);
                let mut probes = [at; 7];
                for (k, axis) in [east, north, up].iter().enumerate() {
                    probes[1 + 2 * k] = add(at, axis.map(|v| v * step_m));
                    probes[2 + 2 * k] = sub(at, axis.map(|v| v * step_m));
                }
                if !self.exact(&mut probes) || probes.iter().flatten().any(|v| !v.is_finite()) {
                    return None;
                }
                let slope = |k: usize| sub(probes[1 + 2 * k], probes[2 + 2 * k]).map(|v| v / (2.0 * step_m));
                let (se, sn, su) = (slope(0), slope(1), slope(2));
                // Columns for x, y, z: the slopes by their share in each axis.
                let column =
                    |k: usize| -> V3 { std::array::from_fn(|r| se[r] * east[k] + sn[r] * north[k] + su[r] * up[k]) };
                Some(Tangent { from: at, matrix: M4::columns(column(0), column(1), column(2), probes[0]) })
            }
        }
    }
}

/// Unit vectors to the east, north and up (normal of the ellipsoid) at an Earth-centred place.
#[must_use]
pub fn east_north_up(at: V3) -> (V3, V3, V3) {
    let [lon, lat, _] = ecef::to_geodetic(at);
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
    let up = [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat];
    let east = unit([-sin_lon, cos_lon, 0.0], [0.0, 1.0, 0.0]);
    (east, cross(up, east), up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> (Placing, V3) {
        let mut frame = LocalFrame::new(4549, [0.0; 2]);
        frame.origin = frame.from_lonlat(121.4737, 31.2304).unwrap();
        (Placing::Globe { frame, lift_m: 0.0 }, ecef::from_geodetic(121.4737, 31.2304, 4.0))
    }

    #[test]
    fn the_tangent_agrees_with_the_projection_to_millimetres() {
        let (placing, at) = shanghai();
        let here = placing.point(at).unwrap();
        assert!(length(sub(here, [0.0, 0.0, 4.0])) < 1e-6, "{here:?}");
        let (east, north, up) = east_north_up(at);
        let mut points: Vec<V3> = (0..40)
            .map(|i| {
                let a = f64::from(i) * 0.7;
                let [e, n, u] = [160.0 * a.cos(), 160.0 * a.sin(), f64::from(i)];
                std::array::from_fn(|k| at[k] + east[k] * e + north[k] * n + up[k] * u)
            })
            .collect();
        let exact: Vec<V3> = points.iter().map(|p| placing.point(*p).unwrap()).collect();
        assert!(placing.all(&mut points));
        for (a, b) in points.iter().zip(&exact) {
            assert!(length(sub(*a, *b)) < 0.005, "{a:?} {b:?}");
        }
        // East of the place is east in the frame, up is up.
        let turned = placing.turn(at).direction(east);
        assert!((turned[0] - 1.0).abs() < 1e-3 && turned[1].abs() < 0.02 && turned[2].abs() < 1e-4, "{turned:?}");
    }

    #[test]
    fn plain_metres_stay_metres() {
        let placing = Placing::Plain { shift_m: [1.0, 2.0, 3.0] };
        let mut points = vec![[1.0, 1.0, 1.0]; 20];
        assert!(placing.all(&mut points));
        assert_eq!(points[7], [2.0, 3.0, 4.0]);
        assert!(!Placing::is_globe([100.0, 0.0, 0.0]));
    }
}
