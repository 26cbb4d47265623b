//! What covers the ground, on a raster as fine as the terrain.

use guanlan_city::{City, model::SurfaceKind};

use super::{BedSettings, Buildings, fill::Canvas};
use crate::surface::{Grid, SoilClass};

/// Cover of one fine cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cover {
    #[default]
    Urban,
    Green,
    Paved,
    Water,
    Embankment,
    Road,
    Underpass,
    Building,
}

impl Cover {
    pub const COUNT: usize = 8;

    fn of(class: SoilClass) -> Self {
        match class {
            SoilClass::Urban | SoilClass::Roof => Self::Urban,
            SoilClass::Road => Self::Road,
            SoilClass::Paved => Self::Paved,
            SoilClass::Green => Self::Green,
            SoilClass::Water => Self::Water,
        }
    }
}

/// The fine raster.
pub(super) struct CoverMap {
    /// Fine cells along one side of a coarse cell.
    pub per_cell: usize,
    cols: usize,
    cover: Vec<Cover>,
    /// Level of water on each coarse cell, m above datum; NaN where unknown or dry.
    pub level_m: Vec<f32>,
}

/// Finest subdivision of a cell.
const MOST_PER_CELL: usize = 8;

impl CoverMap {
    pub fn of(city: &City, grid: Grid, terrain_cell_m: f64, least_per_cell: usize, settings: &BedSettings) -> Self {
        let with_buildings = settings.buildings != Buildings::Ignored;
        let per_cell = ((grid.cell_m / terrain_cell_m).round() as usize).clamp(least_per_cell, MOST_PER_CELL);
        let (cols, rows) = (grid.cols * per_cell, grid.rows * per_cell);
        let fine = grid.cell_m / per_cell as f64;
        let canvas = Canvas { west_m: grid.west_m, south_m: grid.south_m, cell_m: fine, cols, rows };
        let mut cover = vec![Cover::Urban; cols * rows];
        let mut level_m = vec![f32::NAN; grid.len()];
        if let Some(land) = &settings.land {
            for (k, here) in cover.iter_mut().enumerate() {
                let (c, r) = ((k % cols) as f64 + 0.5, (k / cols) as f64 + 0.5);
                *here = land.at([grid.west_m + c * fine, grid.south_m + r * fine]).map_or(*here, Cover::of);
            }
        }
        let order = [
            (SurfaceKind::Green, Cover::Green),
            (SurfaceKind::Paved, Cover::Paved),
            (SurfaceKind::Embankment, Cover::Embankment),
            (SurfaceKind::Water, Cover::Water),
        ];
        for (kind, as_cover) in order {
            for area in city.surfaces.iter().filter(|a| a.kind == kind) {
                let rings = std::iter::once(area.ring.as_slice()).chain(area.holes.iter().map(Vec::as_slice));
                canvas.polygon(rings, |c, r| {
                    cover[r * cols + c] = as_cover;
                    if let (Cover::Water, Some(level)) = (as_cover, area.level_m) {
                        level_m[(r / per_cell) * grid.cols + c / per_cell] = level;
                    }
                });
            }
        }
        for road in city.roads.iter().filter(|r| !r.bridge && r.layer <= 0) {
            let as_cover = if road.underpass { Cover::Underpass } else { Cover::Road };
            let half = f64::from(if road.width_m > 0.0 { road.width_m } else { 6.0 }) * 0.5;
            canvas.line(&road.line, half, |c, r| {
                let here = &mut cover[r * cols + c];
                if !matches!(*here, Cover::Water | Cover::Underpass) {
                    *here = as_cover;
                }
            });
        }
        for building in city.buildings.iter().filter(|_| with_buildings) {
            for part in &building.parts {
                let rings = std::iter::once(part.footprint.as_slice()).chain(part.holes.iter().map(Vec::as_slice));
                canvas.polygon(rings, |c, r| {
                    let here = &mut cover[r * cols + c];
                    if !matches!(*here, Cover::Water | Cover::Underpass) {
                        *here = Cover::Building;
                    }
                });
            }
        }
        Self { per_cell, cols, cover, level_m }
    }

    pub fn at(&self, fine_col: usize, fine_row: usize) -> Cover {
        self.cover[fine_row * self.cols + fine_col]
    }
}
