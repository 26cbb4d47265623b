//! The shifted systems as coordinate reference systems: `GCJ-02` and `BD-09` wherever a CRS is named.

use crate::gcj::{bd09_to_gcj02, gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02};

/// Code of GCJ-02 where codes are EPSG's; EPSG itself has none and stays far below.
pub const GCJ02: u32 = 9_900_002;
/// Code of BD-09; see [`GCJ02`].
pub const BD09: u32 = 9_900_009;

/// A shifted system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shifted {
    /// 火星坐标, of AMap and Tencent maps.
    Gcj02,
    /// Of Baidu maps.
    Bd09,
}

impl Shifted {
    /// By name, in any spelling: `GCJ-02`, `gcj02`, `BD09LL`, `urn:ogc:def:crs:…:GCJ02`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        if plain.ends_with("GCJ02") {
            Some(Self::Gcj02)
        } else if plain.ends_with("BD09") || plain.ends_with("BD09LL") {
            Some(Self::Bd09)
        } else {
            None
        }
    }

    /// By [`GCJ02`] or [`BD09`].
    #[must_use]
    pub const fn coded(code: u32) -> Option<Self> {
        match code {
            GCJ02 => Some(Self::Gcj02),
            BD09 => Some(Self::Bd09),
            _ => None,
        }
    }

    /// `GCJ-02` or `BD-09`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gcj02 => "GCJ-02",
            Self::Bd09 => "BD-09",
        }
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Gcj02 => GCJ02,
            Self::Bd09 => BD09,
        }
    }

    /// To WGS 84 longitude and latitude.
    #[must_use]
    pub fn to_wgs84(self, lonlat: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Gcj02 => gcj02_to_wgs84(lonlat),
            Self::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(lonlat)),
        }
    }

    /// From WGS 84 longitude and latitude.
    #[must_use]
    pub fn from_wgs84(self, lonlat: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Gcj02 => wgs84_to_gcj02(lonlat),
            Self::Bd09 => gcj02_to_bd09(wgs84_to_gcj02(lonlat)),
        }
    }
}

/// How a CRS with a code is written: `EPSG:n`, or the name of a shifted system.
#[must_use]
pub fn crs_name(code: u32) -> String {
    Shifted::coded(code).map_or_else(|| format!("EPSG:{code}"), |s| s.name().to_owned())
}

/// The code of `EPSG:n`, `n`, `GCJ-02` or `BD-09`; `None` for anything else.
#[must_use]
pub fn crs_code(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(shifted) = Shifted::named(text) {
        return Some(shifted.code());
    }
    let digits = match text.split_once(':') {
        Some((authority, digits)) if authority.eq_ignore_ascii_case("EPSG") => digits,
        Some(_) => return None,
        None => text,
    };
    digits.trim().parse().ok().filter(|code| (1..1_000_000).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transformer;

    #[test]
    fn names_and_codes() {
        for (text, code) in [
            ("EPSG:4549", Some(4549)),
            ("epsg: 4326", Some(4326)),
            ("7415", Some(7415)),
            ("gcj02", Some(GCJ02)),
            ("GCJ-02", Some(GCJ02)),
            ("BD-09", Some(BD09)),
            ("bd09ll", Some(BD09)),
            ("urn:ogc:def:crs:X::GCJ02", Some(GCJ02)),
            ("ESRI:102100", None),
            ("EPSG:0", None),
            ("WGS84", None),
        ] {
            assert_eq!(crs_code(text), code, "{text}");
        }
        assert_eq!([crs_name(4490), crs_name(GCJ02), crs_name(BD09)], ["EPSG:4490", "GCJ-02", "BD-09"]);
    }

    /// The published vector for Beijing: 554.9 m between WGS 84 and GCJ-02.
    #[test]
    fn a_shifted_system_is_a_system_like_any_other() {
        let wgs = [116.3975, 39.9087];
        let plane = Transformer::new("EPSG:4326", "EPSG:4548").unwrap().transform(wgs).unwrap();
        for (name, shifted) in [("GCJ-02", [116.403_743_57, 39.910_103_50]), ("BD-09", [116.410_116_59, 39.916_442_75])]
        {
            let there = Transformer::new(name, "EPSG:4548").unwrap();
            let got = there.transform(shifted).unwrap();
            assert!((got[0] - plane[0]).hypot(got[1] - plane[1]) < 0.01, "{name} {got:?} {plane:?}");
            let back = there.inverse().unwrap().transform(plane).unwrap();
            assert!((back[0] - shifted[0]).abs() < 1e-7 && (back[1] - shifted[1]).abs() < 1e-7, "{name} {back:?}");
            let mut many = [shifted, shifted];
            there.transform_all(&mut many).unwrap();
            assert_eq!(many, [got, got]);
            assert_eq!(Transformer::new(name, "EPSG:4326").unwrap().transform(shifted).unwrap(), {
                Shifted::named(name).unwrap().to_wgs84(shifted)
            });
        }
        assert!(Transformer::new("GCJ-02", "EPSG:1").is_err());
    }
}
