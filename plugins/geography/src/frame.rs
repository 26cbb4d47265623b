//! The local metric frame of a city.

use serde::{Deserialize, Serialize};

use crate::{CrsError, Transformer};

/// A projected CRS in metres with an origin near the city: local = projected − origin, so that
/// positions fit 32-bit floats. `x` east, `y` north, whatever order the CRS declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LocalFrame {
    /// EPSG code of a projected CRS in metres, for example 4549.
    pub epsg: u32,
    /// Easting and northing of the local origin, m.
    pub origin: [f64; 2],
}

impl LocalFrame {
    /// A frame.
    #[must_use]
    pub const fn new(epsg: u32, origin: [f64; 2]) -> Self {
        Self { epsg, origin }
    }

    /// Projected easting, northing → local m.
    #[must_use]
    pub fn to_local(&self, easting_northing: [f64; 2]) -> [f64; 2] {
        [easting_northing[0] - self.origin[0], easting_northing[1] - self.origin[1]]
    }

    /// No unit and no report of a city is farther from its origin than this, m; the largest cities measure as much across.
    pub const REACH_M: f64 = 200_000.0;

    /// A local place, if it can be one of this city: not where the coordinates of another city, swapped ones or a
    /// tracker's zeros lead.
    ///
    /// # Errors
    /// When it is farther than [`Self::REACH_M`] from the origin.
    pub fn near(local: [f64; 2]) -> Result<[f64; 2], CrsError> {
        let away_m = local[0].hypot(local[1]);
        if away_m <= Self::REACH_M {
            return Ok(local);
        }
        Err(CrsError::FarAway { km: (away_m / 1000.0) as u64, reach_km: (Self::REACH_M / 1000.0) as u64 })
    }

    /// Local m → projected easting, northing.
    #[must_use]
    pub fn to_projected(&self, local: [f64; 2]) -> [f64; 2] {
        [local[0] + self.origin[0], local[1] + self.origin[1]]
    }

    /// WGS 84 or CGCS2000 longitude, latitude (degrees) → local m. The two systems are treated as
    /// one: they differ by less than a metre.
    pub fn from_lonlat(&self, lon_deg: f64, lat_deg: f64) -> Result<[f64; 2], CrsError> {
        if !((-180.0..=180.0).contains(&lon_deg) && (-90.0..=90.0).contains(&lat_deg)) {
            return Err(CrsError::NotLonLat { lon: lon_deg.to_string(), lat: lat_deg.to_string() });
        }
        Ok(self.to_local(self.from_geographic()?.transform([lon_deg, lat_deg])?))
    }

    /// Local m → longitude, latitude in degrees.
    pub fn to_lonlat(&self, local: [f64; 2]) -> Result<[f64; 2], CrsError> {
        self.from_geographic()?.inverse()?.transform(self.to_projected(local))
    }

    /// Many longitude/latitude pairs in place.
    pub fn from_lonlat_all(&self, points: &mut [[f64; 2]]) -> Result<(), CrsError> {
        self.from_geographic()?.transform_all(points)?;
        for point in points {
            *point = self.to_local(*point);
        }
        Ok(())
    }

    /// The operation from another CRS (`EPSG:n`, PROJ string, WKT) to this frame's projected
    /// coordinates; subtract the origin with [`Self::to_local`].
    pub fn from_crs(&self, crs: &str) -> Result<Transformer, CrsError> {
        Transformer::new(crs, format!("EPSG:{}", self.epsg))
    }

    /// The geographic system that shares the projected system's datum, so that no datum shift is
    /// applied within China.
    fn from_geographic(&self) -> Result<Transformer, CrsError> {
        let geographic = if (4491..=4554).contains(&self.epsg) { crate::CGCS2000 } else { crate::WGS84 };
        Transformer::between(geographic, self.epsg)
    }
}
