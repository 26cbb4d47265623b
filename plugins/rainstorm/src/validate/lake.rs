//! Lakes at rest.

use std::sync::Arc;

use super::case::{BOTH, Bench, Result, dry, line, plain};
use crate::surface::{Domain, DomainBuilder, Grid, SurfaceSolver};

pub(super) fn still(solver: &mut dyn SurfaceSolver, level_m: f64) -> Result {
    solver.fill_level(&|_, _| level_m);
    let before = solver.depths_m();
    dry(solver, 100.0);
    let off = before.iter().zip(solver.depths_m()).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
    let grid = solver.domain().grid;
    let mut flow = 0.0_f64;
    for r in 0..grid.rows {
        for c in 0..grid.cols {
            let [u, v] = solver.velocity_at_m_s(c, r);
            flow = flow.max(f64::from(u.abs().max(v.abs()) * solver.depth_at_m(c, r)));
        }
    }
    Result::at_most("q", flow, 1.0e-6, plain).and(Result::at_most("dh", off, 1.0e-6, |v| format!("{v:.0e} m")))
}

/// A bump that stands out of the lake (SWASHES 1/1/1/5).
fn bump(datum_m: f64) -> Arc<Domain> {
    let bed = |x: f64| (0.2 - 0.05 * (x - 10.0) * (x - 10.0)).max(0.0) + datum_m;
    Arc::new(DomainBuilder::new(line(0.1, 250)).manning(0.0).bed(|x, _| bed(x)).build())
}

/// Rolling ground, an island and rows of buildings, far above the datum.
fn town() -> Arc<Domain> {
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 2.0, cols: 90, rows: 70 };
    let mut builder = DomainBuilder::new(grid).manning(0.02).bed(|x, y| {
        let island = if (x - 90.0).hypot(y - 70.0) < 12.0 { 3.0 } else { 0.0 };
        500.0 + 0.8 * (x * 0.11).sin() * (y * 0.07).cos() + island
    });
    for row in 0..70 {
        for col in 0..90 {
            builder.blocked[row * 90 + col] = col % 15 < 6 && row % 12 < 5;
        }
    }
    Arc::new(builder.build())
}

pub(super) fn run(bench: &mut Bench<'_>) {
    bench.on("Lake at rest, emerged bump", &bump(0.0), &BOTH, |s, _| still(s, 0.1));
    bench.on("Lake at rest, +500 m datum", &bump(500.0), &BOTH, |s, _| still(s, 500.1));
    bench.on("Lake at rest, 2-D town, +500 m", &town(), &BOTH, |s, _| still(s, 501.5));
}
