//! Local metres to longitude and latitude for the files that want degrees.

use guanlan_geography::{CGCS2000, LocalFrame, Transformer};

use super::{DemoError, geom::P};

/// The way from the local frame to degrees, rounded to 1e-7 (about 1 cm).
pub struct LonLat {
    frame: LocalFrame,
    transformer: Transformer,
}

impl LonLat {
    pub fn new(frame: LocalFrame) -> Result<Self, DemoError> {
        Ok(Self { frame, transformer: Transformer::between(frame.epsg, CGCS2000)? })
    }

    pub fn all(&self, points: &[P]) -> Result<Vec<P>, DemoError> {
        let mut out: Vec<P> = points.iter().map(|&p| self.frame.to_projected(p)).collect();
        self.transformer.transform_all(&mut out)?;
        for p in &mut out {
            *p = p.map(|v| (v * 1e7).round() / 1e7);
        }
        Ok(out)
    }
}
