//! The scheme has no preferred direction, and the compiled forms of the kernel agree.

use std::sync::Arc;

use guanlan_rainstorm::{
    storm::RainSeries,
    surface::{DomainBuilder, Forcing, Grid, InertialSettings, LocalInertial, SurfaceSolver},
};

/// A bowl with a rough patch, symmetric about both axes and the diagonal.
fn bowl(n: usize) -> LocalInertial {
    let grid =
        Grid { west_m: -(n as f64) / 2.0 * 4.0, south_m: -(n as f64) / 2.0 * 4.0, cell_m: 4.0, cols: n, rows: n };
    let domain = DomainBuilder::new(grid).manning(0.03).bed(|x, y| 0.0002 * (x * x + y * y)).build();
    let mut solver = LocalInertial::new(Arc::new(domain), InertialSettings::default(), None);
    solver.set_depths(|c, r| {
        let (x, y) = ((c as f64 + 0.5 - n as f64 / 2.0).abs(), (r as f64 + 0.5 - n as f64 / 2.0).abs());
        if x < 6.0 && y < 6.0 { 1.5 } else { 0.0 }
    });
    solver
}

#[test]
fn a_symmetric_start_stays_symmetric() {
    let n = 64;
    let mut solver = bowl(n);
    let rain = RainSeries::uniform(60.0, 600.0);
    solver.advance(300.0, &mut Forcing { rain: &rain, drains: None });
    let h = solver.depths_m();
    let at = |c: usize, r: usize| h[r * n + c];
    let mut worst = 0.0_f32;
    for r in 0..n {
        for c in 0..n {
            for other in [at(n - 1 - c, r), at(c, n - 1 - r), at(r, c)] {
                worst = worst.max((at(c, r) - other).abs());
            }
        }
    }
    println!("asymmetry {worst:e} m, error {:e}", solver.ledger().error_relative);
    assert!(worst <= 1e-4, "{worst}");
    assert!(solver.ledger().error_relative <= 1e-6);
}
