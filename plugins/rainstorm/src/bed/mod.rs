//! A city as a raster for water: bed, friction, soil, blocked buildings, held rivers, open edges.

mod cover;
mod fill;
mod focus;
mod land;
mod rim;

use std::sync::Arc;

use guanlan_city::{City, model::Terrain};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::surface::{Domain, DomainBuilder, FixedLevel, Grid, LossModel, OpenCell, SoilClass};
use cover::{Cover, CoverMap};
pub use focus::{domain_with, focus_boxes};
pub use land::{LandCover, WORLD_COVER};
pub use rim::NodataEdge;

/// Deepest water kept under a held river surface, m. Deeper beds change nothing at the banks and would
/// only shorten the time step.
const HELD_DEPTH_M: f32 = 2.0;

/// What buildings are to the water.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Buildings {
    /// Walls; the rain on their roofs runs to the nearest open ground.
    #[default]
    RoofDrained,
    /// Walls; the rain on their roofs stays out of the model.
    Blocked,
    /// Pores: a cell holds and passes water on the share of it that is not built over; local inertial kernel only.
    Porous,
    /// Nothing: water runs over the bare ground.
    Ignored,
}

/// How a city becomes a raster.
#[derive(Clone, Debug, PartialEq)]
pub struct BedSettings {
    /// Cell side, m.
    pub cell_m: f64,
    /// Losses by [`SoilClass`].
    pub losses: [LossModel; 6],
    /// Manning's n by [`SoilClass`].
    pub manning: [f32; 6],
    /// Manning's n of places, in place of that of their class where it is known and between 0 and 1.
    pub roughness: Option<Arc<Terrain>>,
    /// Cover of places that the city's own files say nothing of.
    pub land: Option<Arc<LandCover>>,
    /// What buildings are.
    pub buildings: Buildings,
    /// Water may leave over the edge of the terrain where the ground falls outwards.
    pub open_edges: bool,
    /// What the terrain's own edge is, where no data lie beyond it.
    pub nodata: NodataEdge,
}

impl BedSettings {
    /// Runoff coefficients after GB 50014-2021 table 4.1.8 (roofs and asphalt .85–.95, lawns .10–.20) and
    /// Manning's n of urban flood practice (Chow 1959; EA SC120002 for roads and the rest).
    #[must_use]
    pub fn at(cell_m: f64) -> Self {
        Self {
            cell_m,
            losses: [0.70, 0.90, 0.85, 0.15, 1.0, 0.90].map(LossModel::RunoffCoefficient),
            manning: [0.04, 0.018, 0.022, 0.06, 0.03, 0.02],
            roughness: None,
            land: None,
            buildings: Buildings::default(),
            open_edges: true,
            nodata: NodataEdge::Wall,
        }
    }
}

/// The terrain cannot carry water.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BedError {
    /// No raster.
    #[error(
        "本城没有地形：请加一张 GeoTIFF 或 ASC 高程栅格 / the city has no terrain: add a GeoTIFF or ASC elevation raster"
    )]
    NoTerrain,
    /// No height is known.
    #[error("地形中没有一格有高程 / the terrain has no cell with a height")]
    Empty,
    /// Heights no city has.
    #[error(
        "地形高程从 {low_m} m 到 {high_m} m：相差应不超过 5000 m（是否漏写无数据值？） / the terrain reaches from {low_m} m to {high_m} m: expected at most 5000 m between (is a no-data value missing?)"
    )]
    Range {
        /// Lowest, m.
        low_m: f32,
        /// Highest, m.
        high_m: f32,
    },
    /// Cell side.
    #[error(
        "cell_m 是 {cell_m}：应不小于 0.1 m，不大于地形边长 {side_m:.0} m 的四分之一 / cell_m is {cell_m}: expected at least 0.1 m and at most 1/4 of the terrain's {side_m:.0} m"
    )]
    Cell {
        /// As asked.
        cell_m: f64,
        /// Shorter side of the terrain, m.
        side_m: f64,
    },
    /// Too many cells.
    #[error(
        "{cell_m} m 网格共 {cols} × {rows} 格，过多：应不超过 {most} 格，请用更大的网格 / {cols} × {rows} cells at {cell_m} m are too many: expected at most {most}; use larger cells"
    )]
    TooMany {
        /// Columns.
        cols: usize,
        /// Rows.
        rows: usize,
        /// Cell side, m.
        cell_m: f64,
        /// Limit.
        most: usize,
    },
}

/// Fine cells along a cell's side on which shares of pores are counted, at least.
const SHARES_PER_CELL: usize = 5;

/// Most cells a domain may have (about 6 GB of state).
const MOST_CELLS: usize = 200_000_000;

/// Makes the raster of a city.
///
/// Beds are means of the terrain inside a cell, except that underpasses keep their lowest and embankments
/// their highest ground. Cells that are at least half building are what [`Buildings`] says (never on a road). Water areas are held at their level; their inner cells are left out.
///
/// # Errors
/// When there is no usable terrain or the cell size makes no sense for it.
pub fn domain_of(city: &City, settings: &BedSettings) -> Result<Domain, BedError> {
    let grid = grid_of(city, settings.cell_m)?;
    Ok(builder_of(city, settings, grid)?.build())
}

/// The cells of a side over a city's terrain.
///
/// # Errors
/// When there is no usable terrain or the cell size makes no sense for it.
pub fn grid_of(city: &City, cell_m: f64) -> Result<Grid, BedError> {
    let terrain = city.terrain.as_ref().ok_or(BedError::NoTerrain)?;
    let (width, height) = (terrain.cols as f64 * terrain.cell_m, terrain.rows as f64 * terrain.cell_m);
    let side_m = width.min(height);
    if !(cell_m >= 0.1 && cell_m <= side_m / 4.0) {
        return Err(BedError::Cell { cell_m, side_m });
    }
    let (cols, rows) = (cells_over(width, cell_m), cells_over(height, cell_m));
    if cols.saturating_mul(rows) > MOST_CELLS {
        return Err(BedError::TooMany { cols, rows, cell_m, most: MOST_CELLS });
    }
    if terrain.z_m.len() != terrain.cols * terrain.rows {
        return Err(BedError::Empty);
    }
    let (low_m, high_m) = terrain.range_m().ok_or(BedError::Empty)?;
    if high_m - low_m > 5000.0 {
        return Err(BedError::Range { low_m, high_m });
    }
    Ok(Grid { west_m: terrain.west_m, south_m: terrain.south_m, cell_m, cols, rows })
}

/// Cells that a side needs.
fn cells_over(side_m: f64, cell_m: f64) -> usize {
    ((side_m / cell_m) - 1e-6).ceil().max(1.0) as usize
}

/// What the raster of a city over a grid, of all of it or of a part, is made of.
fn builder_of(city: &City, settings: &BedSettings, grid: Grid) -> Result<DomainBuilder, BedError> {
    let terrain = city.terrain.as_ref().ok_or(BedError::NoTerrain)?;
    let (cols, rows, cell_m) = (grid.cols, grid.rows, grid.cell_m);
    let porous = settings.buildings == Buildings::Porous;
    // The shares of pores are seen on cells finer than the terrain's own.
    let least_per_cell = if porous { SHARES_PER_CELL } else { 1 };
    let cover = CoverMap::of(city, grid, terrain.cell_m, least_per_cell, settings);
    let mut builder = DomainBuilder::new(grid);
    builder.losses = settings.losses;
    builder.open_share = if porous { vec![1.0; grid.len()] } else { Vec::new() };
    // Underpasses keep their ground, wherever they are.
    let (mut water, mut low) = (vec![false; grid.len()], vec![false; grid.len()]);
    let per = cover.per_cell;
    for row in 0..rows {
        for col in 0..cols {
            let k = row * cols + col;
            let mut tally = Tally::default();
            for sub_row in 0..per {
                for sub_col in 0..per {
                    let east = grid.west_m + (col as f64 + (sub_col as f64 + 0.5) / per as f64) * cell_m;
                    let north = grid.south_m + (row as f64 + (sub_row as f64 + 0.5) / per as f64) * cell_m;
                    let z = if per > 1 { nearest_m(terrain, east, north) } else { terrain.height_m(east, north) };
                    let here = cover.at(col * per + sub_col, row * per + sub_row);
                    tally.add(here, z);
                    if let Some(n) = settings.roughness.as_ref().and_then(|r| nearest_m(r, east, north)) {
                        tally.add_roughness(here, n);
                    }
                }
            }
            let class = tally.class();
            builder.bed_m[k] = tally.bed_m();
            builder.class[k] = class;
            low[k] = tally.count(Cover::Underpass) > 0;
            builder.manning[k] = tally.manning(&settings.manning);
            if porous {
                water[k] = class == SoilClass::Water;
                builder.open_share[k] = if water[k] { 1.0 } else { tally.open_share(per) };
            } else if tally.is_building(per) {
                builder.blocked[k] = true;
                builder.roof[k] = settings.buildings == Buildings::RoofDrained && builder.bed_m[k].is_finite();
            } else if class == SoilClass::Water {
                water[k] = true;
            }
        }
    }
    hold_water(&mut builder, &water, &low, &cover.level_m);
    if settings.open_edges {
        open_edges(&mut builder, &water);
    }
    if settings.nodata == NodataEdge::Open {
        rim::open_rim(&mut builder, &water);
    }
    if (0..grid.len()).all(|k| builder.blocked[k] || !builder.bed_m[k].is_finite()) {
        return Err(BedError::Empty);
    }
    Ok(builder)
}

/// Value of the cell of a raster at a place; `None` where it has none.
pub(crate) fn nearest_m(terrain: &Terrain, east: f64, north: f64) -> Option<f32> {
    let c = ((east - terrain.west_m) / terrain.cell_m).floor();
    let r = ((north - terrain.south_m) / terrain.cell_m).floor();
    if c < 0.0 || r < 0.0 || c >= terrain.cols as f64 || r >= terrain.rows as f64 {
        return None;
    }
    Some(terrain.z_m[r as usize * terrain.cols + c as usize]).filter(|z| z.is_finite())
}

/// Water areas: their cells at banks are held, the inside is left out. Ground beside them stands at least as high as the
/// water: on a dry day a river stays in its bed, whatever a mean over the bank's slope says.
fn hold_water(builder: &mut DomainBuilder, water: &[bool], low: &[bool], level_m: &[f32]) {
    let (cols, rows) = (builder.grid.cols, builder.grid.rows);
    for row in 0..rows {
        for col in 0..cols {
            let k = row * cols + col;
            if !water[k] {
                continue;
            }
            let inside = (col == 0 || water[k - 1])
                && (col + 1 == cols || water[k + 1])
                && (row == 0 || water[k - cols])
                && (row + 1 == rows || water[k + cols]);
            if inside {
                builder.blocked[k] = true;
                continue;
            }
            let level = level_m[k];
            let depth_m = if level.is_finite() && builder.bed_m[k].is_finite() {
                builder.bed_m[k] = builder.bed_m[k].max(level - HELD_DEPTH_M);
                (level - builder.bed_m[k]).max(0.0)
            } else {
                0.0
            };
            builder.fixed.push(FixedLevel { col, row, depth_m });
            let level = builder.bed_m[k] + depth_m;
            let west = (col > 0).then(|| k - 1);
            let south = (row > 0).then(|| k - cols);
            let east = (col + 1 < cols).then_some(k + 1);
            let north = (row + 1 < rows).then_some(k + cols);
            for bank in [west, south, east, north].into_iter().flatten().filter(|n| !water[*n] && !low[*n]) {
                if depth_m > 0.0 && builder.bed_m[bank] < level {
                    builder.bed_m[bank] = level;
                }
            }
        }
    }
}

/// Cells on the edge lose water where the ground falls outwards.
fn open_edges(builder: &mut DomainBuilder, water: &[bool]) {
    let (cols, rows) = (builder.grid.cols, builder.grid.rows);
    if cols < 2 || rows < 2 {
        return;
    }
    let edge = (0..cols)
        .flat_map(|c| [(c, 0, c, 1), (c, rows - 1, c, rows - 2)])
        .chain((1..rows - 1).flat_map(|r| [(0, r, 1, r), (cols - 1, r, cols - 2, r)]));
    for (col, row, inner_col, inner_row) in edge {
        let (k, inner) = (row * cols + col, inner_row * cols + inner_col);
        let fall = (builder.bed_m[inner] - builder.bed_m[k]) / builder.grid.cell_m as f32;
        if fall > 0.0 && !builder.blocked[k] && !builder.blocked[inner] && !water[k] {
            builder.open.push(OpenCell { col, row, slope: fall.min(0.1) });
        }
    }
}

/// What lies inside one cell.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    counts: [u32; Cover::COUNT],
    /// Roughness that a raster tells, by cover: how often, and the sum.
    told: [(u32, f32); Cover::COUNT],
    known: u32,
    sum: f64,
    /// The same of water.
    wet_known: u32,
    wet_sum: f64,
    all_known: u32,
    all_sum: f64,
    lowest_underpass: Option<f32>,
    crest: Option<f32>,
}

impl Tally {
    fn add(&mut self, cover: Cover, z: Option<f32>) {
        self.counts[cover as usize] += 1;
        let Some(z) = z else { return };
        self.all_known += 1;
        self.all_sum += f64::from(z);
        match cover {
            Cover::Building => return,
            Cover::Underpass => self.lowest_underpass = Some(self.lowest_underpass.map_or(z, |low| low.min(z))),
            Cover::Embankment => self.crest = Some(self.crest.map_or(z, |high| high.max(z))),
            Cover::Water => {
                self.wet_known += 1;
                self.wet_sum += f64::from(z);
            }
            _ => {}
        }
        self.known += 1;
        self.sum += f64::from(z);
    }

    fn add_roughness(&mut self, cover: Cover, n: f32) {
        if (0.0..=1.0).contains(&n) {
            let (count, sum) = &mut self.told[cover as usize];
            (*count, *sum) = (*count + 1, *sum + n);
        }
    }

    fn count(&self, cover: Cover) -> u32 {
        self.counts[cover as usize]
    }

    fn bed_m(&self) -> f32 {
        if let Some(z) = self.lowest_underpass.or(self.crest) {
            return z;
        }
        // The bed of a river is none of the bank beside it.
        if self.known > self.wet_known && self.class() != SoilClass::Water {
            return ((self.sum - self.wet_sum) / f64::from(self.known - self.wet_known)) as f32;
        }
        if self.known > 0 {
            return (self.sum / f64::from(self.known)) as f32;
        }
        if self.all_known > 0 { (self.all_sum / f64::from(self.all_known)) as f32 } else { f32::NAN }
    }

    fn is_building(&self, per: usize) -> bool {
        let all = (per * per) as u32;
        let road = self.count(Cover::Road);
        self.count(Cover::Underpass) == 0 && 2 * self.count(Cover::Building) >= all && 10 * road < 4 * all
    }

    fn open_share(&self, per: usize) -> f32 {
        1.0 - self.count(Cover::Building) as f32 / (per * per) as f32
    }

    fn class(&self) -> SoilClass {
        if self.count(Cover::Underpass) > 0 {
            return SoilClass::Road;
        }
        let urban = self.count(Cover::Urban) + self.count(Cover::Building) + self.count(Cover::Embankment);
        let shares = [
            (urban, SoilClass::Urban),
            (self.count(Cover::Road), SoilClass::Road),
            (self.count(Cover::Paved), SoilClass::Paved),
            (self.count(Cover::Green), SoilClass::Green),
            (self.count(Cover::Water), SoilClass::Water),
        ];
        shares.into_iter().rev().max_by_key(|s| s.0).map_or(SoilClass::Urban, |s| s.1)
    }

    fn manning(&self, by_class: &[f32; 6]) -> f32 {
        let weights = [
            (Cover::Urban, SoilClass::Urban),
            (Cover::Embankment, SoilClass::Green),
            (Cover::Road, SoilClass::Road),
            (Cover::Underpass, SoilClass::Road),
            (Cover::Paved, SoilClass::Paved),
            (Cover::Green, SoilClass::Green),
            (Cover::Water, SoilClass::Water),
        ];
        let (mut sum, mut all) = (0.0, 0.0);
        for (cover, class) in weights {
            let (told, told_sum) = self.told[cover as usize];
            let n = self.count(cover) as f32;
            sum += (n - told as f32).mul_add(by_class[class as usize], told_sum);
            all += n;
        }
        if all > 0.0 { sum / all } else { by_class[0] }
    }
}
