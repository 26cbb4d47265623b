//! Land cover from a raster of class codes, under what the vector files of a city say.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_city::{import::raster::SourceRaster, model::Terrain};
use guanlan_geography::{CrsError, LocalFrame};

use crate::surface::SoilClass;

/// Codes of ESA WorldCover 2020/2021 (10 m, CC BY 4.0) and what they are to the water.
pub const WORLD_COVER: [(u32, SoilClass); 11] = [
    (10, SoilClass::Green),
    (20, SoilClass::Green),
    (30, SoilClass::Green),
    (40, SoilClass::Green),
    (50, SoilClass::Urban),
    (60, SoilClass::Urban),
    (70, SoilClass::Paved),
    (80, SoilClass::Water),
    (90, SoilClass::Green),
    (95, SoilClass::Green),
    (100, SoilClass::Green),
];

/// Classes a raster may name: what stands on a cell, not above it.
const CLASSES: [SoilClass; 5] =
    [SoilClass::Urban, SoilClass::Road, SoilClass::Paved, SoilClass::Green, SoilClass::Water];

/// Class of each cell, rows from the south; `None` where the raster says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct LandCover {
    west_m: f64,
    south_m: f64,
    cell_m: f64,
    cols: usize,
    rows: usize,
    class: Vec<Option<SoilClass>>,
}

impl LandCover {
    /// From a raster of codes. In another CRS a cell gets the class that most of what lies there has: codes are names,
    /// a mean of two is neither. Also the codes that `classes` does not know.
    ///
    /// # Errors
    /// When the CRS cannot be used.
    pub fn new(
        raster: &SourceRaster,
        classes: &BTreeMap<u32, SoilClass>,
        frame: &LocalFrame,
        crs: Option<&str>,
    ) -> Result<(Self, Vec<u32>), CrsError> {
        let code = |z: f32| (z.is_finite() && (0.0..1.0e6).contains(&z)).then(|| z.round() as u32);
        let unknown: BTreeSet<u32> =
            raster.z.iter().filter_map(|z| code(*z)).filter(|c| !classes.contains_key(c)).collect();
        let mut shares: Vec<(SoilClass, Terrain)> = Vec::new();
        for class in CLASSES {
            let is =
                |z: f32| code(z).and_then(|c| classes.get(&c)).map_or(f32::NAN, |c| f32::from(u8::from(*c == class)));
            let z = raster.z.iter().map(|z| is(*z)).collect();
            let of_class = SourceRaster { z, ..raster.clone() };
            shares.push((class, of_class.to_terrain(frame, crs, None)?));
        }
        let place = &shares[0].1;
        let most = |k: usize| {
            let known = shares.iter().filter_map(|(class, t)| Some((*class, *t.z_m.get(k)?)));
            let known = known.filter(|(_, share)| *share > 0.0);
            known.reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|(class, _)| class)
        };
        let (west_m, south_m, cell_m) = (place.west_m, place.south_m, place.cell_m);
        let class = (0..place.z_m.len()).map(most).collect();
        Ok((Self { west_m, south_m, cell_m, cols: place.cols, rows: place.rows, class }, unknown.into_iter().collect()))
    }

    /// Class at a place, local m.
    #[must_use]
    pub fn at(&self, [east_m, north_m]: [f64; 2]) -> Option<SoilClass> {
        let c = ((east_m - self.west_m) / self.cell_m).floor();
        let r = ((north_m - self.south_m) / self.cell_m).floor();
        if c < 0.0 || r < 0.0 || c >= self.cols as f64 || r >= self.rows as f64 {
            return None;
        }
        self.class[r as usize * self.cols + c as usize]
    }
}
