//! Which projected CRS suits a place.

/// The EPSG code of a projected CRS in metres for the local frame of a place: within mainland China's
/// range CGCS2000 / 3-degree Gauss-Krüger by central meridian (4534 is 75°, 4554 is 135°), elsewhere
/// WGS 84 / UTM.
#[must_use]
pub fn choose_local_epsg(lon_deg: f64, lat_deg: f64) -> u32 {
    let zone = (lon_deg / 3.0).round();
    if (25.0..=45.0).contains(&zone) && (17.9..=53.6).contains(&lat_deg) && in_china(lon_deg, lat_deg) {
        return 4534 + (zone as u32 - 25);
    }
    let utm = (((lon_deg + 180.0) / 6.0).floor() as i64).clamp(0, 59) as u32 + 1;
    if lat_deg < 0.0 { 32700 + utm } else { 32600 + utm }
}

/// Is the place in mainland China, Hainan, Hong Kong or Macao, roughly? A coarse outline (about half
/// a degree): it decides a default CRS, nothing else; any place outside gets UTM, which is as exact.
#[must_use]
pub fn in_china(lon_deg: f64, lat_deg: f64) -> bool {
    const OUTLINE: [[f64; 2]; 42] = [
        [73.5, 39.4],
        [75.2, 40.5],
        [78.5, 41.4],
        [80.2, 42.2],
        [80.3, 44.9],
        [82.6, 45.4],
        [83.0, 47.2],
        [85.6, 48.2],
        [87.6, 49.2],
        [91.0, 46.6],
        [91.2, 45.2],
        [95.4, 44.3],
        [96.4, 42.8],
        [101.5, 42.6],
        [105.0, 41.6],
        [111.0, 43.5],
        [112.0, 45.1],
        [115.8, 45.6],
        [116.2, 47.9],
        [118.6, 47.0],
        [119.9, 46.8],
        [116.6, 49.8],
        [119.2, 50.2],
        [120.0, 52.7],
        [123.6, 53.6],
        [127.6, 50.0],
        [130.8, 48.9],
        [135.1, 48.5],
        [133.3, 45.1],
        [131.2, 44.8],
        [131.0, 42.8],
        [128.2, 42.0],
        [126.9, 41.7],
        [124.2, 39.8],
        [123.0, 36.5],
        [122.9, 30.5],
        [120.0, 25.2],
        [116.8, 22.6],
        [111.5, 17.9],
        [108.0, 18.2],
        [108.1, 21.4],
        [106.6, 22.0],
    ];
    const WEST: [[f64; 2]; 12] = [
        [105.0, 23.2],
        [102.0, 22.3],
        [99.8, 21.5],
        [97.5, 24.0],
        [98.6, 27.6],
        [95.4, 29.0],
        [91.9, 27.7],
        [88.8, 27.9],
        [85.8, 28.1],
        [81.2, 30.1],
        [78.6, 32.5],
        [75.8, 36.8],
    ];
    let ring: Vec<[f64; 2]> = OUTLINE.iter().chain(&WEST).copied().collect();
    let mut inside = false;
    let mut before = ring[ring.len() - 1];
    for &corner in &ring {
        if (corner[1] > lat_deg) != (before[1] > lat_deg) {
            let t = (lat_deg - corner[1]) / (before[1] - corner[1]);
            if lon_deg < corner[0] + t * (before[0] - corner[0]) {
                inside = !inside;
            }
        }
        before = corner;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_cities_get_their_three_degree_zone() {
        for (name, lon, lat, epsg) in [
            ("北京", 116.3975, 39.9087, 4548),
            ("上海", 121.4737, 31.2304, 4549),
            ("秦皇岛", 119.6005, 39.9336, 4549),
            ("深圳", 114.0579, 22.5431, 4547),
            ("香港", 114.17, 22.3, 4547),
            ("三亚", 109.45, 18.25, 4545),
            ("哈尔滨", 126.63, 45.75, 4551),
            ("乌鲁木齐", 87.6, 43.8, 4538),
            ("拉萨", 91.1, 29.65, 4539),
            ("喀什", 75.99, 39.47, 4534),
            ("昆明", 102.7, 25.04, 4543),
            ("大连", 121.6, 38.9, 4550),
        ] {
            assert_eq!(choose_local_epsg(lon, lat), epsg, "{name}");
        }
    }

    #[test]
    fn elsewhere_utm() {
        for (name, lon, lat, epsg) in [
            ("London", -0.1276, 51.5072, 32630),
            ("Sydney", 151.2, -33.87, 32756),
            ("Tokyo", 139.7, 35.69, 32654),
            ("Seoul", 126.98, 37.53, 32652),
            ("Hanoi", 105.85, 21.03, 32648),
            ("Delhi", 77.2, 28.6, 32643),
            ("Ulaanbaatar", 106.9, 47.9, 32648),
            ("antimeridian", 180.0, 0.0, 32660),
        ] {
            assert_eq!(choose_local_epsg(lon, lat), epsg, "{name}");
        }
    }
}
