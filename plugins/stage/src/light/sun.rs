//! Where the sun stands, after the NOAA Solar Calculator (Meeus, *Astronomical Algorithms*, ch. 25).
//!
//! Good to about 0.01° between the years 1800 and 2100.

/// A direction in the sky as a person sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SkyPlace {
    /// Clockwise from north, degrees.
    pub azimuth_deg: f64,
    /// Above the horizon, degrees.
    pub altitude_deg: f64,
}

/// Julian centuries since J2000.0 of a Unix time, s.
#[must_use]
pub fn julian_centuries(unix_s: f64) -> f64 {
    (unix_s / 86_400.0 + 2_440_587.5 - 2_451_545.0) / 36_525.0
}

/// Sine of degrees.
pub(super) fn sin(deg: f64) -> f64 {
    deg.to_radians().sin()
}

/// Cosine of degrees.
pub(super) fn cos(deg: f64) -> f64 {
    deg.to_radians().cos()
}

/// Apparent longitude of the sun along the ecliptic, degrees.
#[must_use]
pub fn apparent_longitude_deg(t: f64) -> f64 {
    let mean_longitude = 280.466_46 + t * (36_000.769_83 + t * 0.000_303_2);
    let anomaly = mean_anomaly_deg(t);
    let centre = sin(anomaly) * (1.914_602 - t * (0.004_817 + 0.000_014 * t))
        + sin(2.0 * anomaly) * (0.019_993 - 0.000_101 * t)
        + sin(3.0 * anomaly) * 0.000_289;
    (mean_longitude + centre - 0.005_69 - 0.004_78 * sin(125.04 - 1_934.136 * t)).rem_euclid(360.0)
}

/// Mean anomaly of the sun, degrees.
#[must_use]
pub fn mean_anomaly_deg(t: f64) -> f64 {
    (357.529_11 + t * (35_999.050_29 - 0.000_153_7 * t)).rem_euclid(360.0)
}

/// Tilt of the earth's axis, corrected for nutation, degrees.
#[must_use]
pub fn obliquity_deg(t: f64) -> f64 {
    let seconds = 21.448 - t * (46.815 + t * (0.000_59 - t * 0.001_813));
    23.0 + (26.0 + seconds / 60.0) / 60.0 + 0.002_56 * cos(125.04 - 1_934.136 * t)
}

/// Greenwich mean sidereal time, degrees.
#[must_use]
pub fn sidereal_deg(unix_s: f64) -> f64 {
    let days = unix_s / 86_400.0 + 2_440_587.5 - 2_451_545.0;
    let t = days / 36_525.0;
    (280.460_618_37 + 360.985_647_366_29 * days + t * t * 0.000_387_933).rem_euclid(360.0)
}

/// Right ascension and declination of a place near the ecliptic, degrees.
pub(super) fn equatorial_deg(longitude: f64, latitude: f64, obliquity: f64) -> (f64, f64) {
    let (sl, cl) = (sin(longitude), cos(longitude));
    let right_ascension = (sl * cos(obliquity) - latitude.to_radians().tan() * sin(obliquity)).atan2(cl).to_degrees();
    let sine = sin(latitude) * cos(obliquity) + cos(latitude) * sin(obliquity) * sl;
    (right_ascension.rem_euclid(360.0), sine.clamp(-1.0, 1.0).asin().to_degrees())
}

/// Where a star of this right ascension and declination (degrees) is seen from a place, without refraction.
#[must_use]
pub fn horizontal(unix_s: f64, equatorial: (f64, f64), lon_deg: f64, lat_deg: f64) -> SkyPlace {
    let (right_ascension, declination) = equatorial;
    let hour_angle = sidereal_deg(unix_s) + lon_deg - right_ascension;
    let sine = sin(lat_deg) * sin(declination) + cos(lat_deg) * cos(declination) * cos(hour_angle);
    let east = -cos(declination) * sin(hour_angle);
    let north = sin(declination) * cos(lat_deg) - cos(declination) * sin(lat_deg) * cos(hour_angle);
    SkyPlace {
        azimuth_deg: east.atan2(north).to_degrees().rem_euclid(360.0),
        altitude_deg: sine.clamp(-1.0, 1.0).asin().to_degrees(),
    }
}

/// How much the air lifts a body at this true altitude, degrees (NOAA's approximation).
#[must_use]
pub fn refraction_deg(altitude_deg: f64) -> f64 {
    let tangent = altitude_deg.to_radians().tan();
    let seconds = match altitude_deg {
        a if a > 85.0 => 0.0,
        a if a > 5.0 => 58.1 / tangent - 0.07 / tangent.powi(3) + 0.000_086 / tangent.powi(5),
        a if a > -0.575 => 1735.0 + a * (-518.2 + a * (103.4 + a * (-12.79 + a * 0.711))),
        _ => -20.772 / tangent,
    };
    seconds / 3600.0
}

/// The sun as seen from a place (degrees east and north) at a Unix time, with refraction.
#[must_use]
pub fn sun(unix_s: f64, lon_deg: f64, lat_deg: f64) -> SkyPlace {
    let t = julian_centuries(unix_s);
    let place = horizontal(unix_s, equatorial_deg(apparent_longitude_deg(t), 0.0, obliquity_deg(t)), lon_deg, lat_deg);
    SkyPlace { altitude_deg: place.altitude_deg + refraction_deg(place.altitude_deg), ..place }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meeus, example 25.a: 1992 October 13, 0h TD.
    #[test]
    fn longitude_and_declination_of_meeus() {
        let t = (2_448_908.5 - 2_451_545.0) / 36_525.0;
        assert!((apparent_longitude_deg(t) - 199.909).abs() < 0.001);
        let (right_ascension, declination) = equatorial_deg(apparent_longitude_deg(t), 0.0, obliquity_deg(t));
        assert!((right_ascension - 198.381).abs() < 0.002, "{right_ascension}");
        assert!((declination + 7.785).abs() < 0.002, "{declination}");
    }

    /// Reda & Andreas 2004 (NREL/TP-560-34302), table A5.1: Golden, Colorado, 2003-10-17 12:30:30 −07:00.
    #[test]
    fn place_in_the_sky_of_nrel() {
        let seen = sun(1_066_419_030.0, -105.1786, 39.742_476);
        assert!((90.0 - seen.altitude_deg - 50.111_62).abs() < 0.02, "{seen:?}");
        assert!((seen.azimuth_deg - 194.340_24).abs() < 0.02, "{seen:?}");
    }

    /// Beijing Observatory's almanac: sunrise and sunset on 2026-06-21 at 116.4° E, 39.9° N are 04:46 and 19:46.
    #[test]
    fn the_sun_rises_and_sets_with_the_almanac() {
        let midnight = 1_781_971_200.0; // 2026-06-21T00:00+08:00
        let low = |minute: f64| sun(midnight + minute * 60.0, 116.4, 39.9).altitude_deg;
        // The upper rim touches the horizon at −0.27° (refraction is in already).
        let rises: i32 = (0..720).find(|&m| low(f64::from(m)) > -0.27).unwrap();
        let sets: i32 = (720..1440).find(|&m| low(f64::from(m)) < -0.27).unwrap();
        assert!((rises - (4 * 60 + 46)).abs() <= 2, "rises at minute {rises}");
        assert!((sets - (19 * 60 + 46)).abs() <= 2, "sets at minute {sets}");
    }

    #[test]
    fn at_noon_it_stands_in_the_south_of_the_north() {
        // 2026-03-20 12:07 local solar noon at 114° E.
        let seen = sun(1_773_981_120.0, 114.0, 22.5);
        assert!((seen.altitude_deg - 67.5).abs() < 1.0 && (150.0..210.0).contains(&seen.azimuth_deg), "{seen:?}");
    }
}
