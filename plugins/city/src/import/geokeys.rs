//! GeoTIFF keys: which CRS a file is in, where its cells lie.
//!
//! OGC GeoTIFF 1.1 (19-008r4). Only what a terrain needs: model and raster type, EPSG codes, a few
//! user-defined projections, the vertical unit.

use guanlan_geography::{Heights, crs_parts};

/// The key directory with its parameter arrays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeoKeys {
    shorts: Vec<u16>,
    doubles: Vec<f64>,
}

const MODEL_TYPE: u16 = 1024;
const RASTER_TYPE: u16 = 1025;
const GEOGRAPHIC_TYPE: u16 = 2048;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const INVERSE_FLATTENING: u16 = 2059;
const PROJECTED_TYPE: u16 = 3072;
const COORDINATE_TRANSFORMATION: u16 = 3075;
const LINEAR_UNITS: u16 = 3076;
const PARALLEL_1: u16 = 3078;
const PARALLEL_2: u16 = 3079;
const NATURAL_LONGITUDE: u16 = 3080;
const NATURAL_LATITUDE: u16 = 3081;
const FALSE_EASTING: u16 = 3082;
const FALSE_NORTHING: u16 = 3083;
const FALSE_LONGITUDE: u16 = 3084;
const FALSE_LATITUDE: u16 = 3085;
const FALSE_ORIGIN_EASTING: u16 = 3086;
const FALSE_ORIGIN_NORTHING: u16 = 3087;
const CENTRE_LONGITUDE: u16 = 3088;
const CENTRE_LATITUDE: u16 = 3089;
const SCALE: u16 = 3092;
const VERTICAL_TYPE: u16 = 4096;
const VERTICAL_UNITS: u16 = 4099;
const USER_DEFINED: u16 = 32767;

impl GeoKeys {
    /// From the values of tags 34735 and 34736.
    #[must_use]
    pub fn new(shorts: Vec<u16>, doubles: Vec<f64>) -> Self {
        Self { shorts, doubles }
    }

    /// Are there any keys?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shorts.len() < 8
    }

    fn entry(&self, key: u16) -> Option<[u16; 4]> {
        let count = usize::from(*self.shorts.get(3)?);
        self.shorts.get(4..)?.chunks_exact(4).take(count).find(|e| e[0] == key).map(|e| [e[0], e[1], e[2], e[3]])
    }

    fn short(&self, key: u16) -> Option<u16> {
        self.entry(key).filter(|e| e[1] == 0).map(|e| e[3])
    }

    fn double(&self, key: u16) -> Option<f64> {
        let entry = self.entry(key).filter(|e| e[1] == 34736)?;
        self.doubles.get(usize::from(entry[3])).copied()
    }

    fn either(&self, first: u16, second: u16) -> f64 {
        self.double(first).or_else(|| self.double(second)).unwrap_or(0.0)
    }

    /// Does a tie point name the centre of a cell (`PixelIsPoint`) rather than its corner?
    #[must_use]
    pub fn pixel_is_point(&self) -> bool {
        self.short(RASTER_TYPE) == Some(2)
    }

    /// EPSG code of the horizontal CRS.
    #[must_use]
    pub fn epsg(&self) -> Option<u32> {
        let known = |key| self.short(key).filter(|code| *code != 0 && *code != USER_DEFINED).map(u32::from);
        match self.short(MODEL_TYPE) {
            Some(2) => known(GEOGRAPHIC_TYPE),
            Some(1) => known(PROJECTED_TYPE),
            _ => known(PROJECTED_TYPE).or_else(|| known(GEOGRAPHIC_TYPE)),
        }
    }

    /// The CRS as PROJ understands it: `EPSG:n`, or a PROJ string of a user-defined projection.
    #[must_use]
    pub fn crs(&self) -> Option<String> {
        self.epsg().map(|code| format!("EPSG:{code}")).or_else(|| self.user_defined())
    }

    fn user_defined(&self) -> Option<String> {
        let shape = match self.short(COORDINATE_TRANSFORMATION)? {
            1 => format!(
                "+proj=tmerc +lat_0={} +lon_0={} +k={}",
                self.either(NATURAL_LATITUDE, CENTRE_LATITUDE),
                self.either(NATURAL_LONGITUDE, CENTRE_LONGITUDE),
                self.double(SCALE).unwrap_or(1.0)
            ),
            8 => format!(
                "+proj=lcc +lat_1={} +lat_2={} +lat_0={} +lon_0={}",
                self.double(PARALLEL_1)?,
                self.double(PARALLEL_2)?,
                self.either(FALSE_LATITUDE, NATURAL_LATITUDE),
                self.either(FALSE_LONGITUDE, NATURAL_LONGITUDE)
            ),
            10 => format!(
                "+proj=laea +lat_0={} +lon_0={}",
                self.either(CENTRE_LATITUDE, NATURAL_LATITUDE),
                self.either(CENTRE_LONGITUDE, NATURAL_LONGITUDE)
            ),
            11 => format!(
                "+proj=aea +lat_1={} +lat_2={} +lat_0={} +lon_0={}",
                self.double(PARALLEL_1)?,
                self.double(PARALLEL_2)?,
                self.either(NATURAL_LATITUDE, FALSE_LATITUDE),
                self.either(NATURAL_LONGITUDE, FALSE_LONGITUDE)
            ),
            _ => return None,
        };
        let figure = match (self.double(SEMI_MAJOR), self.double(INVERSE_FLATTENING)) {
            (Some(a), Some(rf)) if rf > 0.0 => format!("+a={a} +rf={rf}"),
            (Some(a), _) => format!("+a={a} +b={a}"),
            _ => match self.short(ELLIPSOID) {
                Some(7004) => "+ellps=bessel".into(),
                Some(7019) => "+ellps=GRS80".into(),
                Some(7024) => "+ellps=krass".into(),
                _ => "+ellps=WGS84".into(),
            },
        };
        let unit = match self.short(LINEAR_UNITS) {
            Some(9002) => "ft",
            Some(9003) => "us-ft",
            _ => "m",
        };
        Some(format!(
            "{shape} +x_0={} +y_0={} {figure} +units={unit} +no_defs +type=crs",
            self.either(FALSE_EASTING, FALSE_ORIGIN_EASTING),
            self.either(FALSE_NORTHING, FALSE_ORIGIN_NORTHING)
        ))
    }

    /// What the heights count from, when the file says.
    #[must_use]
    pub fn heights(&self) -> Option<Heights> {
        let of = |code: u32| crs_parts(&format!("EPSG:{code}")).ok()?.heights;
        let code = self.short(VERTICAL_TYPE).filter(|code| *code != 0 && *code != USER_DEFINED).map(u32::from);
        match code {
            // Codes of GeoTIFF 1.0: ellipsoids, and datums in place of systems.
            Some(5001..=5035) => of(4979),
            Some(5102) => of(5702),
            Some(5103) => of(5703),
            Some(5104) => of(5736),
            Some(5105) => of(5705),
            Some(code) => of(code),
            // A system of three dimensions says it by itself.
            None => self.epsg().and_then(of),
        }
    }

    /// Metres in one unit of the heights.
    #[must_use]
    pub fn metres_per_height_unit(&self) -> f64 {
        match self.short(VERTICAL_UNITS) {
            Some(9001) => 1.0,
            Some(9002) => 0.3048,
            Some(9003) => 1200.0 / 3937.0,
            _ => self.heights().map_or(1.0, |heights| heights.metres),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_directories_have_no_keys() {
        for shorts in [vec![], vec![1], vec![1, 1, 0, 60_000], vec![1, 1, 0, 1, 1025, 0, 1]] {
            let keys = GeoKeys::new(shorts, vec![]);
            assert_eq!((keys.epsg(), keys.crs(), keys.pixel_is_point()), (None, None, false));
        }
        // Heights by a vertical system, by an old code of a datum, in feet by the system itself.
        let level = |code: u16| GeoKeys::new(vec![1, 1, 0, 1, 4096, 0, 1, code], vec![]).heights().map(|h| h.name);
        assert_eq!(level(5709).as_deref(), Some("NAP height"));
        assert_eq!(level(5103).as_deref(), Some("NAVD88 height"));
        assert_eq!((level(5030).as_deref(), level(4549)), (Some("ellipsoidal (WGS 84)"), None));
        let feet = GeoKeys::new(vec![1, 1, 0, 1, 4096, 0, 1, 6360], vec![]);
        assert!((feet.metres_per_height_unit() - 1200.0 / 3937.0).abs() < 1e-12);
        // A double that points past its array.
        let keys = GeoKeys::new(vec![1, 1, 0, 2, 3075, 0, 1, 8, 3078, 34736, 1, 9], vec![1.0]);
        assert_eq!(keys.crs(), None);
    }
}
