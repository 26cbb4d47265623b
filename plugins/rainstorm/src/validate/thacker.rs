//! Thacker's oscillating lakes.

use std::sync::Arc;

use super::case::{BOTH, Bench, Kernels, Result, dry, l1_row, line, percent, plain};
use crate::surface::{DomainBuilder, GRAVITY, Grid, SurfaceSolver};

fn gated(kernel: Kernels, l1: f64, limit: f64) -> Result {
    match kernel {
        // Without advection this is not solved; it must stay finite and keep its water.
        Kernels::A => Result::reported(format!("L1 {}", percent(l1))),
        Kernels::B => Result::at_most("L1", l1, limit, percent),
    }
}

/// A planar surface in a parabola, length 4 m, `a` 1, `h0` .5; depth at a time.
fn planar_1d(x: f64, t: f64) -> f64 {
    let h0 = 0.5;
    let s = (x - 2.0) + 0.5 * ((2.0 * GRAVITY * h0).sqrt() * t).cos();
    (-h0 * (s * s - 1.0)).max(0.0)
}

const GRID: Grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 0.04, cols: 100, rows: 100 };

/// The radial solution, `a` 1, `r0` .8, `h0` .1.
fn radial(x: f64, y: f64, t: f64) -> f64 {
    let (a, r0, h0) = (1.0_f64, 0.8_f64, 0.1_f64);
    let big = (a * a - r0 * r0) / (a * a + r0 * r0);
    let omega = (8.0 * GRAVITY * h0).sqrt() / a;
    let r2 = (x - 2.0).powi(2) + (y - 2.0).powi(2);
    let d = 1.0 - big * (omega * t).cos();
    let root = (1.0 - big * big).sqrt();
    let level = h0 * (root / d - 1.0 - r2 / (a * a) * ((1.0 - big * big) / (d * d) - 1.0));
    (level + h0 * (1.0 - r2 / (a * a))).max(0.0)
}

/// The planar solution in two dimensions, `h0` .1, `eta` .5.
fn planar_2d(x: f64, y: f64, t: f64) -> f64 {
    let (h0, eta) = (0.1_f64, 0.5_f64);
    let omega = (2.0 * GRAVITY * h0).sqrt();
    let (x, y) = (x - 2.0, y - 2.0);
    let level = eta * h0 * (2.0 * x * (omega * t).cos() + 2.0 * y * (omega * t).sin() - eta);
    (level + h0 * (1.0 - x * x - y * y)).max(0.0)
}

fn l1(solver: &dyn SurfaceSolver, exact: impl Fn(f64, f64) -> f64) -> f64 {
    let (mut off, mut all) = (0.0, 0.0);
    for r in 0..GRID.rows {
        for c in 0..GRID.cols {
            let [x, y] = GRID.centre_m(c, r);
            off += (f64::from(solver.depth_at_m(c, r)) - exact(x, y)).abs();
            all += exact(x, y);
        }
    }
    off / all
}

pub(super) fn run(bench: &mut Bench<'_>) {
    let parabola = Arc::new(
        DomainBuilder::new(line(0.01, 400)).manning(0.0).bed(|x, _| 0.5 * ((x - 2.0) * (x - 2.0) - 1.0)).build(),
    );
    bench.on("Thacker planar 1-D, one period", &parabola, &BOTH, |s, kernel| {
        let grid = s.domain().grid;
        s.fill_depths(&|c, _| planar_1d(grid.centre_m(c, 0)[0], 0.0) as f32);
        dry(s, 2.006_066_7);
        gated(kernel, l1_row(s, |x| planar_1d(x, 0.0)), 0.03)
    });
    let bowl = |x: f64, y: f64| -0.1 * (1.0 - (x - 2.0).powi(2) - (y - 2.0).powi(2));
    let domain = Arc::new(DomainBuilder::new(GRID).manning(0.0).bed(bowl).build());
    bench.on("Thacker radial 2-D, one period", &domain, &BOTH, |s, kernel| {
        s.fill_depths(&|c, r| {
            let [x, y] = GRID.centre_m(c, r);
            radial(x, y, 0.0) as f32
        });
        dry(s, 2.242_850_7);
        let mut uneven = 0.0_f64;
        for r in 0..100 {
            for c in 0..100 {
                for (cc, rr) in [(99 - c, r), (c, 99 - r), (r, c)] {
                    uneven = uneven.max(f64::from((s.depth_at_m(c, r) - s.depth_at_m(cc, rr)).abs()));
                }
            }
        }
        let result = gated(kernel, l1(s, |x, y| radial(x, y, 0.0)), 0.10);
        match kernel {
            Kernels::A => result,
            Kernels::B => result.and(Result::at_most("asymmetry", uneven, 1.0e-4, |v| format!("{} m", plain(v)))),
        }
    });
    bench.on("Thacker planar 2-D, one period", &domain, &BOTH, |s, kernel| {
        s.fill_depths(&|c, r| {
            let [x, y] = GRID.centre_m(c, r);
            planar_2d(x, y, 0.0) as f32
        });
        s.fill_velocities(&|_, _| [0.0, 0.5 * (2.0 * GRAVITY * 0.1).sqrt()]);
        dry(s, 4.485_701_5);
        gated(kernel, l1(s, |x, y| planar_2d(x, y, 0.0)), 0.10)
    });
}
