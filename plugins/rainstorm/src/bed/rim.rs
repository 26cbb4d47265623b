//! The edge of a terrain that does not fill its raster: a basin cut out of a DEM, with no data around it.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::surface::{DomainBuilder, OpenCell};

/// Steepest ground that water leaves over, m/m.
const STEEPEST: f32 = 0.1;
/// Ground that does not fall is left over this slope, m/m.
const FLAT: f32 = 1.0e-3;

/// What the edge of the terrain is where no data lie beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodataEdge {
    /// No water passes.
    #[default]
    Wall,
    /// Water leaves at normal depth where the ground falls outwards or lies level. Holes inside the terrain stay walls.
    Open,
}

/// Cells without a height that are joined to the edge of the raster: what lies outside the terrain.
fn outside(builder: &DomainBuilder) -> Vec<bool> {
    let (cols, rows) = (builder.grid.cols, builder.grid.rows);
    let empty = |k: usize| !builder.bed_m[k].is_finite();
    let mut out = vec![false; cols * rows];
    let rim = (0..cols)
        .flat_map(|c| [c, (rows - 1) * cols + c])
        .chain((0..rows).flat_map(|r| [r * cols, (r + 1) * cols - 1]));
    let mut next: VecDeque<usize> = rim.filter(|k| empty(*k)).collect();
    while let Some(k) = next.pop_front() {
        if std::mem::replace(&mut out[k], true) {
            continue;
        }
        next.extend(beside(k, cols, rows).into_iter().flatten().filter(|m| empty(*m) && !out[*m]));
    }
    out
}

/// West, east, south, north of a cell.
fn beside(k: usize, cols: usize, rows: usize) -> [Option<usize>; 4] {
    let (c, r) = (k % cols, k / cols);
    [
        (c > 0).then(|| k - 1),
        (c + 1 < cols).then_some(k + 1),
        (r > 0).then(|| k - cols),
        (r + 1 < rows).then_some(k + cols),
    ]
}

/// Lets water out over the terrain's own edge. Returns how many cells that are.
pub(super) fn open_rim(builder: &mut DomainBuilder, water: &[bool]) -> usize {
    let (cols, rows, cell_m) = (builder.grid.cols, builder.grid.rows, builder.grid.cell_m as f32);
    let out = outside(builder);
    let mut rim = Vec::new();
    for k in (0..cols * rows).filter(|k| builder.bed_m[*k].is_finite() && !builder.blocked[*k] && !water[*k]) {
        let around = beside(k, cols, rows);
        // Out on one side, ground on the other: how the ground falls towards the edge.
        let falls = [(0, 1), (1, 0), (2, 3), (3, 2)].into_iter().filter_map(|(away, inner)| {
            let inner = around[inner].filter(|m| builder.bed_m[*m].is_finite() && !builder.blocked[*m])?;
            around[away].filter(|m| out[*m])?;
            Some((builder.bed_m[inner] - builder.bed_m[k]) / cell_m)
        });
        let steepest = falls.fold(f32::NEG_INFINITY, f32::max);
        if steepest >= 0.0 && !builder.open.iter().any(|o| (o.col, o.row) == (k % cols, k / cols)) {
            rim.push(OpenCell { col: k % cols, row: k / cols, slope: steepest.clamp(FLAT, STEEPEST) });
        }
    }
    let count = rim.len();
    builder.open.extend(rim);
    count
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        storm::RainSeries,
        surface::{Forcing, Fv1, Fv1Settings, Grid, InertialSettings, LocalInertial, SurfaceSolver},
    };

    /// A tilted round basin of 40 cells across with no data around it and a hole in its middle.
    fn basin(edge: NodataEdge) -> DomainBuilder {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 44, rows: 44 };
        let mut builder = DomainBuilder::new(grid).bed(|x, y| {
            let r = (x - 220.0).hypot(y - 220.0);
            if r > 200.0 || r < 25.0 { f64::NAN } else { 10.0 + 0.01 * x }
        });
        let water = vec![false; grid.len()];
        if edge == NodataEdge::Open {
            open_rim(&mut builder, &water);
        }
        builder
    }

    #[test]
    fn the_rim_is_open_where_the_ground_falls_outwards_and_holes_are_not() {
        let walls = basin(NodataEdge::Wall);
        assert!(walls.open.is_empty());
        let open = basin(NodataEdge::Open);
        assert!(!open.open.is_empty());
        for cell in &open.open {
            let [x, y] = open.grid.centre_m(cell.col, cell.row);
            assert!((x - 220.0).hypot(y - 220.0) > 180.0, "({x}, {y}) is beside the hole");
            assert!(cell.slope >= FLAT && cell.slope <= STEEPEST);
        }
        let east = |o: &OpenCell| o.col > 40 && (20..24).contains(&o.row);
        assert!(!open.open.iter().any(east), "the ground rises eastwards: nothing leaves there");
        assert!(open.open.iter().any(|o| o.col < 4 && (20..24).contains(&o.row) && (o.slope - 0.01).abs() < 1e-4));
    }

    #[test]
    fn water_runs_out_over_an_open_rim_and_the_books_close() {
        let rain = RainSeries::uniform(60.0, 30.0 * 60.0);
        let run = |builder: DomainBuilder, reference: bool| {
            let domain = Arc::new(builder.build());
            let mut solver: Box<dyn SurfaceSolver> = if reference {
                Box::new(Fv1::new(domain, Fv1Settings::default(), None))
            } else {
                Box::new(LocalInertial::new(domain, InertialSettings::default(), None))
            };
            for minute in 1..=90 {
                solver.advance(f64::from(minute) * 60.0, &mut Forcing { rain: &rain, drains: None });
            }
            solver.ledger()
        };
        for reference in [false, true] {
            let wall = run(basin(NodataEdge::Wall), reference);
            let open = run(basin(NodataEdge::Open), reference);
            assert!(wall.outflow_m3 == 0.0 && wall.stored_m3 > 0.999 * wall.rain_m3, "{wall:?}");
            assert!(open.outflow_m3 > 0.9 * open.rain_m3, "it has run out: {open:?}");
            for books in [&wall, &open] {
                assert!(books.error_relative.abs() < 1e-6, "{books:?}");
            }
        }
    }
}
