//! Where the moon stands and how much of it is lit, by the low-precision series of the *Astronomical Almanac*
//! (page D22; also Meeus ch. 48): good to 0.3°, enough to light a city.

use super::sun::{
    SkyPlace, apparent_longitude_deg, cos, equatorial_deg, horizontal, julian_centuries, obliquity_deg, sin,
};

/// The moon as seen from a place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moon {
    /// Where it stands.
    pub place: SkyPlace,
    /// Lit share of its disc, 0–1.
    pub lit: f64,
}

/// Ecliptic longitude and latitude, degrees.
#[must_use]
pub fn ecliptic_deg(t: f64) -> (f64, f64) {
    let longitude = 218.32 + 481_267.881 * t + 6.29 * sin(135.0 + 477_198.87 * t) - 1.27 * sin(259.3 - 413_335.36 * t)
        + 0.66 * sin(235.7 + 890_534.22 * t)
        + 0.21 * sin(269.9 + 954_397.74 * t)
        - 0.19 * sin(357.5 + 35_999.05 * t)
        - 0.11 * sin(186.5 + 966_404.03 * t);
    let latitude = 5.13 * sin(93.3 + 483_202.02 * t) + 0.28 * sin(228.2 + 960_400.89 * t)
        - 0.28 * sin(318.3 + 6_003.15 * t)
        - 0.17 * sin(217.6 - 407_332.21 * t);
    (longitude.rem_euclid(360.0), latitude)
}

/// The lit share of the disc: half of one minus the cosine of the elongation from the sun.
#[must_use]
pub fn lit(t: f64) -> f64 {
    let (longitude, latitude) = ecliptic_deg(t);
    let elongation = cos(latitude) * cos(longitude - apparent_longitude_deg(t));
    (1.0 - elongation) * 0.5
}

/// The moon at a Unix time seen from a place (degrees east and north).
#[must_use]
pub fn moon(unix_s: f64, lon_deg: f64, lat_deg: f64) -> Moon {
    let t = julian_centuries(unix_s);
    let (longitude, latitude) = ecliptic_deg(t);
    let place = horizontal(unix_s, equatorial_deg(longitude, latitude, obliquity_deg(t)), lon_deg, lat_deg);
    // Parallax: the moon is near, so it stands lower than from the earth's centre.
    let parallax = 0.95 * cos(place.altitude_deg);
    Moon { place: SkyPlace { altitude_deg: place.altitude_deg - parallax, ..place }, lit: lit(t) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meeus, examples 47.a and 48.a: 1992 April 12, 0h TD.
    #[test]
    fn place_and_phase_of_meeus() {
        let t = (2_448_724.5 - 2_451_545.0) / 36_525.0;
        let (longitude, latitude) = ecliptic_deg(t);
        assert!((longitude - 133.163).abs() < 0.3, "{longitude}");
        assert!((latitude + 3.229).abs() < 0.2, "{latitude}");
        assert!((lit(t) - 0.6786).abs() < 0.01, "{}", lit(t));
    }

    #[test]
    fn a_full_moon_stands_opposite_the_sun() {
        // Full moon of 2026-08-28 04:18 UT (a partial eclipse).
        let t = julian_centuries(1_787_890_680.0);
        assert!(lit(t) > 0.997, "{}", lit(t));
        // New moon of 2026-08-12 17:37 UT (a total solar eclipse).
        let t = julian_centuries(1_786_556_220.0);
        assert!(lit(t) < 0.003, "{}", lit(t));
    }
}
