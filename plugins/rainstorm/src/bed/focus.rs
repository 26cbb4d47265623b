//! Focus areas: boxes of cells over which a raster of half the cell side stands, made of the terrain itself.

use guanlan_city::City;

use super::{BedError, BedSettings, MOST_CELLS, builder_of, cells_over, grid_of};
use crate::surface::{Domain, DomainBuilder, FINER, Grid, PatchBuilder};

/// Boxes nearer than this to each other become one, cells.
const APART: usize = 2;

/// A box of cells: west column, south row, columns, rows.
pub type CellBox = [usize; 4];

/// The boxes around rings in local m, snapped outwards to cells; boxes that touch become one. Also the box of each
/// ring: `None` where it lies outside the raster.
#[must_use]
pub fn focus_boxes(grid: &Grid, rings: &[Vec<[f64; 2]>]) -> (Vec<CellBox>, Vec<Option<usize>>) {
    let spans: Vec<Option<CellBox>> = rings.iter().map(|ring| around(grid, ring)).collect();
    let mut boxes: Vec<CellBox> = Vec::new();
    for span in spans.iter().flatten() {
        let mut whole = *span;
        // A union may touch others in its turn.
        while let Some(k) = boxes.iter().position(|b| touch(b, &whole)) {
            whole = union(&boxes.swap_remove(k), &whole);
        }
        boxes.push(whole);
    }
    boxes.sort_unstable_by_key(|b| (b[1], b[0]));
    let of = |span: &CellBox| boxes.iter().position(|b| union(b, span) == *b);
    let places = spans.iter().map(|span| span.as_ref().and_then(of)).collect();
    (boxes, places)
}

fn around(grid: &Grid, ring: &[[f64; 2]]) -> Option<CellBox> {
    let side = |axis: usize, origin: f64, cells: usize| {
        let values = ring.iter().map(|p| (p[axis] - origin) / grid.cell_m);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let first = (low + 1e-6).floor().clamp(0.0, cells as f64) as usize;
        let end = (high - 1e-6).ceil().clamp(0.0, cells as f64) as usize;
        (low.is_finite() && high.is_finite() && end > first).then(|| (first, end - first))
    };
    let (col, cols) = side(0, grid.west_m, grid.cols)?;
    let (row, rows) = side(1, grid.south_m, grid.rows)?;
    Some([col, row, cols, rows])
}

fn touch(a: &CellBox, b: &CellBox) -> bool {
    let near = |k: usize| a[k] < b[k] + b[k + 2] + APART && b[k] < a[k] + a[k + 2] + APART;
    near(0) && near(1)
}

fn union(a: &CellBox, b: &CellBox) -> CellBox {
    let low = [0, 1].map(|k| a[k].min(b[k]));
    let high = [0, 1].map(|k| (a[k] + a[k + 2]).max(b[k] + b[k + 2]));
    [low[0], low[1], high[0] - low[0], high[1] - low[1]]
}

/// The raster of a city with rasters of half the cell side over boxes of its cells; without those when `wants` says
/// no to the plain one. True when it has them.
///
/// # Errors
/// As [`super::domain_of`].
pub fn domain_with(
    city: &City,
    settings: &BedSettings,
    boxes: &[CellBox],
    wants: &dyn Fn(&Domain) -> bool,
) -> Result<(Domain, bool), BedError> {
    let grid = grid_of(city, settings.cell_m)?;
    let builder = builder_of(city, settings, grid)?;
    let plain = builder.clone().build();
    if boxes.is_empty() || !wants(&plain) {
        return Ok((plain, false));
    }
    let cell_m = grid.cell_m / FINER as f64;
    let cells: usize = boxes.iter().map(|b| b[2] * b[3] * FINER * FINER).sum();
    if cells > MOST_CELLS {
        let (cols, rows) = (grid.cols * FINER, grid.rows * FINER);
        return Err(BedError::TooMany { cols, rows, cell_m, most: MOST_CELLS });
    }
    // Coarse cells may stand over the terrain's edge by more than fine ones need.
    let terrain = city.terrain.as_ref().ok_or(BedError::NoTerrain)?;
    let whole = |side_m: f64, n: usize| if cells_over(side_m, cell_m) < n * FINER { n - 1 } else { n };
    let cols = whole(terrain.cols as f64 * terrain.cell_m, grid.cols);
    let rows = whole(terrain.rows as f64 * terrain.cell_m, grid.rows);
    let mut patches = Vec::new();
    for &[col, row, width, height] in boxes {
        let at = [col, row, width.min(cols.saturating_sub(col)), height.min(rows.saturating_sub(row))];
        if at[2] > 0 && at[3] > 0 {
            patches.push(PatchBuilder { col, row, builder: part(city, settings, grid, at)? });
        }
    }
    let domain = builder.build_with(patches);
    let has = !domain.patches().is_empty();
    Ok((domain, has))
}

/// The fine raster of a box. It is made with a cell around it, so that banks know what lies beside them and only the
/// city's own edge lets water out.
fn part(city: &City, settings: &BedSettings, grid: Grid, at: CellBox) -> Result<DomainBuilder, BedError> {
    let first = [at[0].saturating_sub(1), at[1].saturating_sub(1)];
    let end = [(at[0] + at[2] + 1).min(grid.cols), (at[1] + at[3] + 1).min(grid.rows)];
    let cell_m = grid.cell_m / FINER as f64;
    let wide = Grid {
        west_m: grid.west_m + first[0] as f64 * grid.cell_m,
        south_m: grid.south_m + first[1] as f64 * grid.cell_m,
        cell_m,
        cols: (end[0] - first[0]) * FINER,
        rows: (end[1] - first[1]) * FINER,
    };
    let builder = builder_of(city, &BedSettings { cell_m, ..settings.clone() }, wide)?;
    Ok(builder.crop([(at[0] - first[0]) * FINER, (at[1] - first[1]) * FINER, at[2] * FINER, at[3] * FINER]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_snapped_outwards_and_merged_when_they_touch() {
        let grid = Grid { west_m: 100.0, south_m: 0.0, cell_m: 10.0, cols: 50, rows: 40 };
        let square = |x: f64, y: f64, side: f64| vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
        let rings = [
            square(123.0, 40.0, 50.0),
            square(300.0, 300.0, 60.0),
            square(185.0, 60.0, 30.0),
            square(-500.0, 0.0, 20.0),
            square(580.0, 380.0, 500.0),
        ];
        let (boxes, places) = focus_boxes(&grid, &rings);
        assert_eq!(boxes, [[2, 4, 10, 5], [20, 30, 6, 6], [48, 38, 2, 2]]);
        assert_eq!(places, [Some(0), Some(1), Some(0), None, Some(2)]);
    }
}
