//! Earth-centred, earth-fixed coordinates on the CGCS2000 ellipsoid.

/// Semi-major axis of CGCS2000, m.
pub const A_M: f64 = 6_378_137.0;
/// Inverse flattening of CGCS2000.
pub const INVERSE_FLATTENING: f64 = 298.257_222_101;

fn e2() -> f64 {
    let f = 1.0 / INVERSE_FLATTENING;
    f * (2.0 - f)
}

/// Longitude, latitude (degrees) and ellipsoidal height (m) → X, Y, Z (m).
#[must_use]
pub fn from_geodetic(lon_deg: f64, lat_deg: f64, h_m: f64) -> [f64; 3] {
    let (sin_lat, cos_lat) = lat_deg.to_radians().sin_cos();
    let (sin_lon, cos_lon) = lon_deg.to_radians().sin_cos();
    let n = A_M / (1.0 - e2() * sin_lat * sin_lat).sqrt();
    [(n + h_m) * cos_lat * cos_lon, (n + h_m) * cos_lat * sin_lon, (n * (1.0 - e2()) + h_m) * sin_lat]
}

/// X, Y, Z (m) → longitude, latitude (degrees), ellipsoidal height (m). Iterates latitude until it
/// stands still; exact to the rounding of f64 for heights within ±10 000 km of the surface.
#[must_use]
pub fn to_geodetic(xyz_m: [f64; 3]) -> [f64; 3] {
    let [x, y, z] = xyz_m;
    let p = x.hypot(y);
    let lon = y.atan2(x);
    let mut lat = z.atan2(p * (1.0 - e2()));
    for _ in 0..20 {
        let s = lat.sin();
        let n = A_M / (1.0 - e2() * s * s).sqrt();
        let next = (z + e2() * n * s).atan2(p);
        let done = (next - lat).abs() < 1e-15;
        lat = next;
        if done {
            break;
        }
    }
    let (s, c) = lat.sin_cos();
    let n = A_M / (1.0 - e2() * s * s).sqrt();
    // The larger of the two components gives the height without dividing by a small number.
    let h = if c.abs() > s.abs() { p / c - n } else { z / s - n * (1.0 - e2()) };
    [lon.to_degrees(), lat.to_degrees(), h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_vectors_and_back() {
        for (lat, lon, h, xyz) in [
            (39.9087, 116.3975, 50.0, [-2_178_190.067_1, 4_388_416.213_8, 4_070_246.776_9]),
            (31.2304, 121.4737, 4.0, [-2_850_075.294_4, 4_655_695.796_9, 3_287_765.229_9]),
            (39.9336, 119.6005, 3.0, [-2_419_090.621_1, 4_258_283.075_5, 4_072_336.969_9]),
            (22.5431, 114.0579, 10.0, [-2_402_624.263_8, 5_381_739.428_0, 2_430_069.599_6]),
        ] {
            let got = from_geodetic(lon, lat, h);
            for axis in 0..3 {
                assert!((got[axis] - xyz[axis]).abs() < 1e-4, "{got:?} {xyz:?}");
            }
            let back = to_geodetic(got);
            assert!((back[0] - lon).abs() < 1e-11 && (back[1] - lat).abs() < 1e-11 && (back[2] - h).abs() < 1e-6);
        }
        let pole = to_geodetic(from_geodetic(0.0, 90.0, 12.0));
        assert!((pole[1] - 90.0).abs() < 1e-11 && (pole[2] - 12.0).abs() < 1e-6, "{pole:?}");
    }
}
