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
const SEMI_MINOR: u16 = 2058;
const INVERSE_FLATTENING: u16 = 2059;
const PROJECTED_TYPE: u16 = 3072;
const PROJECTION: u16 = 3074;
const COORDINATE_TRANSFORMATION: u16 = 3075;
const LINEAR_UNITS: u16 = 3076;
const LINEAR_UNIT_SIZE: u16 = 3077;
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
const CENTRE_EASTING: u16 = 3090;
const CENTRE_NORTHING: u16 = 3091;
const SCALE: u16 = 3092;
const CENTRE_SCALE: u16 = 3093;
const AZIMUTH: u16 = 3094;
const POLE_LONGITUDE: u16 = 3095;
const RECTIFIED_ANGLE: u16 = 3096;
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
        let (shape, false_m) = match self.short(PROJECTION) {
            Some(zone @ 16_001..=16_060) => (utm(zone - 16_000), Some([500_000.0, 0.0])),
            Some(zone @ 16_101..=16_160) => (utm(zone - 16_100), Some([500_000.0, 10_000_000.0])),
            _ => (self.shape()?, None),
        };
        // PROJ wants false coordinates in metres, GeoTIFF has them in the unit of the projection.
        let (unit, metres) = match self.short(LINEAR_UNITS) {
            Some(9002) => ("+units=ft".to_owned(), 0.3048),
            Some(9003) => ("+units=us-ft".to_owned(), 1200.0 / 3937.0),
            Some(USER_DEFINED) => match self.double(LINEAR_UNIT_SIZE).filter(|m| *m > 0.0 && m.is_finite()) {
                Some(metres) if metres != 1.0 => (format!("+to_meter={metres}"), metres),
                _ => ("+units=m".to_owned(), 1.0),
            },
            _ => ("+units=m".to_owned(), 1.0),
        };
        let shift = |keys: [u16; 3]| keys.iter().find_map(|k| self.double(*k)).unwrap_or(0.0) * metres;
        let [x, y] = false_m.unwrap_or_else(|| {
            [
                shift([FALSE_EASTING, FALSE_ORIGIN_EASTING, CENTRE_EASTING]),
                shift([FALSE_NORTHING, FALSE_ORIGIN_NORTHING, CENTRE_NORTHING]),
            ]
        });
        Some(format!("{shape} +x_0={x} +y_0={y} {} {unit} +no_defs +type=crs", self.figure()))
    }

    /// The projection without false coordinates, ellipsoid and unit.
    fn shape(&self) -> Option<String> {
        let natural = || {
            let latitude = self.either(NATURAL_LATITUDE, CENTRE_LATITUDE);
            format!("+lat_0={latitude} +lon_0={}", self.either(NATURAL_LONGITUDE, CENTRE_LONGITUDE))
        };
        let centre = || {
            let latitude = self.either(CENTRE_LATITUDE, NATURAL_LATITUDE);
            format!("+lat_0={latitude} +lon_0={}", self.either(CENTRE_LONGITUDE, NATURAL_LONGITUDE))
        };
        let scale = self.double(SCALE).or_else(|| self.double(CENTRE_SCALE)).unwrap_or(1.0);
        Some(match self.short(COORDINATE_TRANSFORMATION)? {
            1 => format!("+proj=tmerc {} +k={scale}", natural()),
            3 | 9815 => {
                let azimuth = self.double(AZIMUTH)?;
                let grid = self.double(RECTIFIED_ANGLE).unwrap_or(azimuth);
                let (lat, lon) = (self.double(CENTRE_LATITUDE)?, self.double(CENTRE_LONGITUDE)?);
                let corner = if self.short(COORDINATE_TRANSFORMATION) == Some(3) { " +no_uoff" } else { "" };
                format!("+proj=omerc +lat_0={lat} +lonc={lon} +alpha={azimuth} +gamma={grid} +k={scale}{corner}")
            }
            7 => match self.double(PARALLEL_1) {
                Some(true_at) => {
                    format!("+proj=merc +lat_ts={true_at} +lon_0={}", self.either(NATURAL_LONGITUDE, CENTRE_LONGITUDE))
                }
                None => format!("+proj=merc +lon_0={} +k={scale}", self.either(NATURAL_LONGITUDE, CENTRE_LONGITUDE)),
            },
            8 => format!(
                "+proj=lcc +lat_1={} +lat_2={} +lat_0={} +lon_0={}",
                self.double(PARALLEL_1)?,
                self.double(PARALLEL_2)?,
                self.either(FALSE_LATITUDE, NATURAL_LATITUDE),
                self.either(FALSE_LONGITUDE, NATURAL_LONGITUDE)
            ),
            9 => format!(
                "+proj=lcc +lat_1={} {} +k_0={scale}",
                self.either(NATURAL_LATITUDE, CENTRE_LATITUDE),
                natural()
            ),
            10 => format!("+proj=laea {}", centre()),
            11 => format!(
                "+proj=aea +lat_1={} +lat_2={} +lat_0={} +lon_0={}",
                self.double(PARALLEL_1)?,
                self.double(PARALLEL_2)?,
                self.either(NATURAL_LATITUDE, FALSE_LATITUDE),
                self.either(NATURAL_LONGITUDE, FALSE_LONGITUDE)
            ),
            12 => format!("+proj=aeqd {}", centre()),
            13 => format!(
                "+proj=eqdc +lat_1={} +lat_2={} {}",
                self.double(PARALLEL_1)?,
                self.double(PARALLEL_2)?,
                natural()
            ),
            14 => format!("+proj=stere {} +k={scale}", centre()),
            15 => {
                let true_at = self.either(NATURAL_LATITUDE, PARALLEL_1);
                let lon = self.either(POLE_LONGITUDE, NATURAL_LONGITUDE);
                format!("+proj=stere +lat_0={} +lat_ts={true_at} +lon_0={lon} +k={scale}", 90.0_f64.copysign(true_at))
            }
            16 => format!("+proj=sterea {} +k={scale}", natural()),
            17 => format!(
                "+proj=eqc +lat_ts={} +lon_0={}",
                self.double(PARALLEL_1).unwrap_or_else(|| self.either(CENTRE_LATITUDE, NATURAL_LATITUDE)),
                self.either(CENTRE_LONGITUDE, NATURAL_LONGITUDE)
            ),
            18 => format!("+proj=cass {}", natural()),
            24 => format!("+proj=sinu +lon_0={}", self.either(CENTRE_LONGITUDE, NATURAL_LONGITUDE)),
            27 => format!("+proj=tmerc +axis=wsu {} +k={scale}", natural()),
            _ => return None,
        })
    }

    /// The datum where it is a known one, else the ellipsoid.
    fn figure(&self) -> String {
        match self.short(GEOGRAPHIC_TYPE) {
            Some(4326) => return "+datum=WGS84".into(),
            Some(4269) => return "+datum=NAD83".into(),
            Some(4490 | 4258) => return "+ellps=GRS80".into(),
            Some(4214) => return "+ellps=krass".into(),
            Some(4610) => return "+a=6378140 +rf=298.257".into(),
            _ => {}
        }
        match (self.double(SEMI_MAJOR), self.double(INVERSE_FLATTENING), self.double(SEMI_MINOR)) {
            (Some(a), Some(rf), _) if rf > 0.0 => format!("+a={a} +rf={rf}"),
            (Some(a), _, Some(b)) => format!("+a={a} +b={b}"),
            (Some(a), ..) => format!("+a={a} +b={a}"),
            _ => match self.short(ELLIPSOID) {
                Some(7004) => "+ellps=bessel".into(),
                Some(7019) => "+ellps=GRS80".into(),
                Some(7024) => "+ellps=krass".into(),
                _ => "+ellps=WGS84".into(),
            },
        }
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

/// A zone of the Universal Transverse Mercator projection.
fn utm(zone: u16) -> String {
    format!("+proj=tmerc +lat_0=0 +lon_0={} +k=0.9996", 6 * i32::from(zone) - 183)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_defined_systems_are_told_to_proj() {
        let keys = |shorts: &[[u16; 4]], doubles: &[f64]| {
            let head = [1, 1, 0, shorts.len() as u16];
            GeoKeys::new(head.into_iter().chain(shorts.iter().flatten().copied()).collect(), doubles.to_vec()).crs()
        };
        let crs = keys(&[[1024, 0, 1, 1], [2048, 0, 1, 4326], [3074, 0, 1, 16_051], [3076, 0, 1, 9003]], &[]);
        let want =
            "+proj=tmerc +lat_0=0 +lon_0=123 +k=0.9996 +x_0=500000 +y_0=0 +datum=WGS84 +units=us-ft +no_defs +type=crs";
        assert_eq!(crs.as_deref(), Some(want));
        // False coordinates are in the unit of the projection; metres for PROJ.
        let feet = keys(&[[3075, 0, 1, 1], [3076, 0, 1, 9002], [3082, 34736, 1, 0]], &[1000.0]).unwrap();
        assert!(feet.contains("+x_0=304.8"), "{feet}");
        for (code, name) in
            [(7, "merc"), (9, "lcc"), (12, "aeqd"), (14, "stere"), (16, "sterea"), (17, "eqc"), (24, "sinu")]
        {
            let crs = keys(&[[3075, 0, 1, code], [3080, 34736, 1, 0], [3081, 34736, 1, 1]], &[121.0, 31.0]).unwrap();
            assert!(crs.starts_with(&format!("+proj={name} ")), "{crs}");
            let there = guanlan_geography::Transformer::new(crs.clone(), "EPSG:4326").unwrap();
            let at = there.transform([1000.0, 1000.0]).unwrap_or_else(|e| panic!("{crs}: {e}"));
            assert!((at[0] - 121.0).abs() < 0.1, "{crs} {at:?}");
        }
    }

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
