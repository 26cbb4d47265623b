//! Focus areas: a raster of half the cell side in place of a box of cells, water running both ways over its edge.

use std::{sync::Arc, time::Instant};

use super::case::{Bench, Result, dry, mm, percent, wet};
use crate::{
    storm::RainSeries,
    surface::{DomainBuilder, Grid, InertialSettings, LocalInertial, Nested, OpenCell, PatchBuilder, SurfaceSolver},
};

/// Cells of 10 m.
const WHOLE: Grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 44, rows: 32 };
/// Column, row, columns and rows of the box.
const BOX: [usize; 4] = [12, 7, 18, 18];

fn fine([col, row, cols, rows]: [usize; 4]) -> Grid {
    let cell_m = WHOLE.cell_m / 2.0;
    let [west_m, south_m] = [col, row].map(|k| k as f64 * WHOLE.cell_m);
    Grid { west_m, south_m, cell_m, cols: 2 * cols, rows: 2 * rows }
}

/// Beds are means over each cell; when it is `open`, the eastern edge of the whole lets water out.
fn raster(grid: Grid, bed: &dyn Fn(f64, f64) -> f64, open: bool) -> DomainBuilder {
    let q = WHOLE.cell_m / 4.0;
    let mean = |x: f64, y: f64| {
        if grid.cell_m < WHOLE.cell_m {
            return bed(x, y);
        }
        [(-q, -q), (q, -q), (-q, q), (q, q)].iter().map(|(i, j)| 0.25 * bed(x + i, y + j)).sum()
    };
    let mut builder = DomainBuilder::new(grid).bed(mean);
    let east = grid.cols - 1;
    if open && grid.west_m + grid.cols as f64 * grid.cell_m > WHOLE.cols as f64 * WHOLE.cell_m - 1.0 {
        builder.open = (0..grid.rows).map(|row| OpenCell { col: east, row, slope: 0.005 }).collect();
    }
    builder
}

fn whole(grid: Grid, bed: &dyn Fn(f64, f64) -> f64) -> Box<dyn SurfaceSolver> {
    Box::new(LocalInertial::new(Arc::new(raster(grid, bed, true).build()), InertialSettings::default(), None))
}

fn nested(bed: &dyn Fn(f64, f64) -> f64, open: bool) -> Option<Box<dyn SurfaceSolver>> {
    let patch = PatchBuilder { col: BOX[0], row: BOX[1], builder: raster(fine(BOX), bed, open) };
    let domain = Arc::new(raster(WHOLE, bed, open).build_with(vec![patch]));
    Some(Box::new(Nested::new(domain, InertialSettings::default(), None)?))
}

/// A plain with sunken streets and humps inside the box that cells of 10 m cannot see.
fn streets(x: f64, y: f64) -> f64 {
    let near = (1.0 - ((x - 210.0).hypot(y - 160.0) / 75.0).powi(4)).max(0.0);
    let street = if (y - 2.0).rem_euclid(30.0) < 5.0 || (x - 3.0).rem_euclid(35.0) < 5.0 { -0.5 } else { 0.0 };
    12.0 - 0.003 * x + 0.001 * y + near * (street + 0.1 * (x * 0.3).sin() * (y * 0.23).cos())
}

fn hills(x: f64, y: f64) -> f64 {
    500.0 + 0.8 * (x * 0.06).sin() * (y * 0.045).cos() + if (x - 130.0).hypot(y - 90.0) < 25.0 { 3.0 } else { 0.0 }
}

/// Depth at a place, of the finest cell there, m.
fn depth(s: &dyn SurfaceSolver, x: f64, y: f64) -> f64 {
    s.domain().finest_at(x, y).map_or(f64::NAN, |(c, r)| f64::from(s.depth_at_m(c, r)))
}

/// Root of the mean square difference over the fine cells of the box, m.
fn apart(a: &dyn SurfaceSolver, b: &dyn SurfaceSolver) -> f64 {
    let grid = fine(BOX);
    let off = |k: usize| {
        let [x, y] = grid.centre_m(k % grid.cols, k / grid.cols);
        depth(a, x, y) - depth(b, x, y)
    };
    ((0..grid.len()).map(|k| off(k) * off(k)).sum::<f64>() / grid.len() as f64).sqrt()
}

/// The same water over the nest, over cells of 10 m and over cells of 5 m everywhere.
fn against_fine(
    bench: &mut Bench<'_>,
    case: &str,
    bed: &dyn Fn(f64, f64) -> f64,
    share: f64,
    run: impl Fn(&mut dyn SurfaceSolver),
) {
    let began = Instant::now();
    let Some(mut n) = nested(bed, true) else { return };
    let (mut c, mut f) = (whole(WHOLE, bed), whole(fine([0, 0, WHOLE.cols, WHOLE.rows]), bed));
    [&mut n, &mut c, &mut f].into_iter().for_each(|s| run(&mut **s));
    let (off, coarse) = (apart(&*n, &*f), apart(&*c, &*f));
    let result = Result::at_most("off 5 m everywhere", off / coarse, share, percent);
    let measured = format!("{} of the 10 m run's {} ({})", result.measured, mm(coarse), mm(off));
    bench.add(case, "A", Result { measured, ..result }, n.ledger().error_relative, began);
}

pub(super) fn run(bench: &mut Bench<'_>) {
    const LAKE: &str = "Focus area 2:1, lake at rest";
    const RAIN: &str = "Focus area 2:1, rain on streets";
    const WAVE: &str = "Focus area 2:1, dam break across";
    if bench.wants(LAKE)
        && let Some(mut s) = nested(&hills, false)
    {
        let began = Instant::now();
        let result = super::lake::still(&mut *s, 501.5);
        bench.add(LAKE, "A", result, s.ledger().error_relative, began);
    }
    if bench.wants(RAIN) {
        let rain = RainSeries::uniform(90.0, 1800.0);
        against_fine(bench, RAIN, &streets, 0.05, |s| wet(s, 2400.0, &rain));
    }
    if bench.wants(WAVE) {
        against_fine(bench, WAVE, &|_, _| 0.0, 0.4, |s| {
            let grid = s.domain().grid;
            s.fill_depths(&|c, r| if grid.centre_m(c, r)[0] < 90.0 { 1.5 } else { 0.2 });
            dry(s, 40.0);
        });
    }
}
