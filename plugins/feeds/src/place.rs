//! Places of a source into the room's frame, whatever system the source uses.

use guanlan_core::Bilingual;
use guanlan_geography::{LocalFrame, Shifted, Transformer, crs_code, crs_name};

/// From a source's system to the local frame.
#[derive(Clone, Debug)]
pub struct Placer {
    frame: LocalFrame,
    shifted: Option<Shifted>,
    from: Option<Transformer>,
    step: Option<Bilingual>,
}

enum Named {
    Geographic,
    Shifted(Shifted),
    Epsg(u32),
}

fn named(crs: &str) -> Result<Named, String> {
    let plain = crs.trim();
    if ["WGS84", "WGS 84", "CGCS2000", "EPSG:4326", "EPSG:4490"].iter().any(|n| n.eq_ignore_ascii_case(plain)) {
        return Ok(Named::Geographic);
    }
    if let Some(shifted) = Shifted::named(plain) {
        return Ok(Named::Shifted(shifted));
    }
    crs_code(plain)
        .map(Named::Epsg)
        .ok_or_else(|| format!("'{crs}': expected WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:n"))
}

impl Placer {
    /// Is this a system? For the feeds file, which knows no city yet.
    ///
    /// # Errors
    /// What was expected.
    pub fn check(crs: &str) -> Result<(), String> {
        match named(crs)? {
            Named::Epsg(code) => Transformer::between(code, guanlan_geography::WGS84)
                .map(|_| ())
                .map_err(|e| format!("'{crs}' is no known system: {e}")),
            _ => Ok(()),
        }
    }

    /// From `crs` into `frame`.
    ///
    /// # Errors
    /// When the system is unknown.
    pub fn new(frame: LocalFrame, crs: &str) -> Result<Self, String> {
        let plain = Self { frame, shifted: None, from: None, step: None };
        let step = |name: &str| Some(Bilingual::same(format!("{name} → CGCS2000")));
        Ok(match named(crs)? {
            Named::Geographic => plain,
            Named::Shifted(shifted) => Self { shifted: Some(shifted), step: step(shifted.name()), ..plain },
            Named::Epsg(code) => {
                let from = Transformer::between(code, plain.frame.epsg).map_err(|e| e.to_string())?;
                Self { from: Some(from), step: step(&crs_name(code)), ..plain }
            }
        })
    }

    /// What is done to places, for the lineage; `None` when nothing is.
    #[must_use]
    pub fn step(&self) -> Option<&Bilingual> {
        self.step.as_ref()
    }

    /// The room's frame.
    #[must_use]
    pub fn frame(&self) -> &LocalFrame {
        &self.frame
    }

    /// Longitude and latitude (or easting and northing) → local m.
    ///
    /// # Errors
    /// When it is no place on Earth.
    pub fn local(&self, x: f64, y: f64) -> Result<[f64; 2], String> {
        if !(x.is_finite() && y.is_finite()) {
            return Err(format!("{x}, {y} is no place"));
        }
        if let Some(from) = &self.from {
            let there = from.transform([x, y]).map_err(|e| e.to_string())?;
            return Ok(self.frame.to_local(there));
        }
        let [lon, lat] = match self.shifted {
            Some(shifted) if x.abs() <= 180.0 && y.abs() <= 90.0 => shifted.to_wgs84([x, y]),
            _ => [x, y],
        };
        self.frame.from_lonlat(lon, lat).map_err(|e| e.to_string())
    }

    /// As [`Self::local`], for a unit or a report of this city.
    ///
    /// # Errors
    /// When it is no place on Earth or one of another city.
    pub fn in_city(&self, x: f64, y: f64) -> Result<[f64; 2], String> {
        LocalFrame::near(self.local(x, y)?).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_sources_land_where_they_belong() {
        let frame = LocalFrame::new(4548, [448_000.0, 4_419_000.0]);
        let here = Placer::new(frame, "WGS84").unwrap().local(116.3975, 39.9087).unwrap();
        assert!((here[0] - 481.575).abs() < 0.01 && (here[1] - 565.435).abs() < 0.01, "{here:?}");
        for (crs, x, y) in [
            ("GCJ-02", 116.403_743_57, 39.910_103_50),
            ("bd09", 116.410_116_59, 39.916_442_75),
            ("EPSG:4548", 448_481.575, 4_419_565.435),
        ] {
            let placer = Placer::new(frame, crs).unwrap();
            let got = placer.local(x, y).unwrap();
            assert!((got[0] - here[0]).hypot(got[1] - here[1]) < 0.01, "{crs} {got:?}");
            assert!(placer.step().unwrap().zh.ends_with("→ CGCS2000"));
        }
        assert!(Placer::new(frame, "Mars").is_err());
        assert!(Placer::new(frame, "GCJ-02").unwrap().local(f64::NAN, 0.0).is_err());
        assert!(Placer::new(frame, "WGS84").unwrap().local(200.0, 0.0).is_err());
        let placer = Placer::new(frame, "WGS84").unwrap();
        assert!(placer.in_city(116.3975, 39.9087).is_ok() && placer.local(0.0, 0.0).is_ok());
        for (lon, lat) in [(0.0, 0.0), (121.47, 31.23), (39.9087, 80.0)] {
            let refused = placer.in_city(lon, lat).unwrap_err();
            assert!(refused.contains("200 km") && refused.contains("千米"), "{refused}");
        }
    }
}
