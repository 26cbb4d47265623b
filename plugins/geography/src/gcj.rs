//! GCJ-02 and BD-09, the shifted systems of Chinese web maps. Data in them is converted at import;
//! nothing in the program stores them.
//!
//! All pairs are `[longitude, latitude]` in degrees. Constants as published with the open-source
//! implementations of the shift (a = 6378245 m, ee = 0.00669342162296594323).

use std::f64::consts::PI;

const A_M: f64 = 6_378_245.0;
const EE: f64 = 0.006_693_421_622_965_943;
const BD_K: f64 = PI * 3000.0 / 180.0;

/// Is the place inside the rectangle in which the shift is applied?
#[must_use]
pub fn is_shifted(lonlat: [f64; 2]) -> bool {
    (72.004..=137.8347).contains(&lonlat[0]) && (0.8293..=55.8271).contains(&lonlat[1])
}

fn shift(lonlat: [f64; 2]) -> [f64; 2] {
    let (x, y) = (lonlat[0] - 105.0, lonlat[1] - 35.0);
    let s6 = (20.0 * (6.0 * PI * x).sin() + 20.0 * (2.0 * PI * x).sin()) * 2.0 / 3.0;
    let d_lat = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + s6
        + (20.0 * (PI * y).sin() + 40.0 * (PI * y / 3.0).sin()) * 2.0 / 3.0
        + (160.0 * (PI * y / 12.0).sin() + 320.0 * (PI * y / 30.0).sin()) * 2.0 / 3.0;
    let d_lon = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + s6
        + (20.0 * (PI * x).sin() + 40.0 * (PI * x / 3.0).sin()) * 2.0 / 3.0
        + (150.0 * (PI * x / 12.0).sin() + 300.0 * (PI * x / 30.0).sin()) * 2.0 / 3.0;
    let phi = lonlat[1].to_radians();
    let m = 1.0 - EE * phi.sin() * phi.sin();
    [d_lon * 180.0 / (A_M / m.sqrt() * phi.cos() * PI), d_lat * 180.0 / ((A_M * (1.0 - EE)) / (m * m.sqrt()) * PI)]
}

/// WGS 84 / CGCS2000 → GCJ-02. Identity outside the rectangle of [`is_shifted`].
#[must_use]
pub fn wgs84_to_gcj02(lonlat: [f64; 2]) -> [f64; 2] {
    if !is_shifted(lonlat) {
        return lonlat;
    }
    let d = shift(lonlat);
    [lonlat[0] + d[0], lonlat[1] + d[1]]
}

/// GCJ-02 → WGS 84 / CGCS2000 by fixed-point iteration, better than 1e-11°.
#[must_use]
pub fn gcj02_to_wgs84(lonlat: [f64; 2]) -> [f64; 2] {
    if !is_shifted(lonlat) {
        return lonlat;
    }
    let mut guess = lonlat;
    for _ in 0..12 {
        let d = shift(guess);
        let next = [lonlat[0] - d[0], lonlat[1] - d[1]];
        let moved = (next[0] - guess[0]).abs().max((next[1] - guess[1]).abs());
        guess = next;
        if moved < 1e-13 {
            break;
        }
    }
    guess
}

/// GCJ-02 → BD-09.
#[must_use]
pub fn gcj02_to_bd09(lonlat: [f64; 2]) -> [f64; 2] {
    let [lon, lat] = lonlat;
    let z = lon.hypot(lat) + 2e-5 * (lat * BD_K).sin();
    let theta = lat.atan2(lon) + 3e-6 * (lon * BD_K).cos();
    [z * theta.cos() + 0.0065, z * theta.sin() + 0.006]
}

/// BD-09 → GCJ-02: the closed form errs by about 1e-6°, so it is only the first guess of an iteration.
#[must_use]
pub fn bd09_to_gcj02(lonlat: [f64; 2]) -> [f64; 2] {
    let (x, y) = (lonlat[0] - 0.0065, lonlat[1] - 0.006);
    let z = x.hypot(y) - 2e-5 * (y * BD_K).sin();
    let theta = y.atan2(x) - 3e-6 * (x * BD_K).cos();
    let mut guess = [z * theta.cos(), z * theta.sin()];
    for _ in 0..12 {
        let there = gcj02_to_bd09(guess);
        let miss = [lonlat[0] - there[0], lonlat[1] - there[1]];
        guess = [guess[0] + miss[0], guess[1] + miss[1]];
        if miss[0].abs().max(miss[1].abs()) < 1e-13 {
            break;
        }
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: [(&str, [f64; 2], [f64; 2], [f64; 2], f64); 5] = [
        ("北京", [116.3975, 39.9087], [116.403_743_57, 39.910_103_50], [116.410_116_59, 39.916_442_75], 554.9),
        ("上海", [121.4737, 31.2304], [121.478_223_06, 31.228_457_74], [121.484_781_47, 31.234_310_59], 481.2),
        ("秦皇岛", [119.6005, 39.9336], [119.606_270_48, 39.934_708_10], [119.612_775_33, 39.940_632_33], 507.2),
        ("深圳", [114.0579, 22.5431], [114.063_014_00, 22.540_382_81], [114.069_563_99, 22.546_041_56], 605.9),
        ("伦敦", [-0.1276, 51.5072], [-0.1276, 51.5072], [-0.121_242_50, 51.513_219_43], 0.0),
    ];

    fn close(a: [f64; 2], b: [f64; 2], tolerance: f64) -> bool {
        (a[0] - b[0]).abs() < tolerance && (a[1] - b[1]).abs() < tolerance
    }

    #[test]
    fn vectors_both_ways() {
        for (name, wgs, gcj, bd, offset_m) in VECTORS {
            let got = wgs84_to_gcj02(wgs);
            assert!(close(got, gcj, 6e-9), "{name} gcj {got:?}");
            let got_bd = gcj02_to_bd09(got);
            assert!(close(got_bd, bd, 6e-9), "{name} bd {got_bd:?}");
            assert!(close(gcj02_to_wgs84(got), wgs, 1e-11), "{name} back from gcj");
            assert!(close(bd09_to_gcj02(got_bd), got, 1e-11), "{name} back from bd");
            let mean = ((wgs[1] + gcj[1]) / 2.0).to_radians().cos();
            let metres = 6_371_008.8 * ((gcj[0] - wgs[0]).to_radians() * mean).hypot((gcj[1] - wgs[1]).to_radians());
            assert!((metres - offset_m).abs() < 0.2, "{name} offset {metres}");
        }
    }
}
