//! Dam breaks: Stoker (wet bed) and Ritter (dry bed).

use std::sync::Arc;

use super::case::{BOTH, Bench, Kernels, Result, bisect, dry, l1_row, line, percent};
use crate::surface::{DomainBuilder, GRAVITY, SurfaceSolver};

/// Depth of Stoker's solution; the dam stood at `x = 0`.
fn stoker(left: f64, right: f64, x: f64, t: f64) -> f64 {
    let (cl, speed) = ((GRAVITY * left).sqrt(), |h: f64| 2.0 * ((GRAVITY * left).sqrt() - (GRAVITY * h).sqrt()));
    let middle = bisect(right, left, |h| (h - right) * (GRAVITY * (h + right) / (2.0 * h * right)).sqrt() - speed(h));
    let um = speed(middle);
    let cm = (GRAVITY * middle).sqrt();
    let shock = um * middle / (middle - right);
    if x <= -cl * t {
        left
    } else if x <= (um - cm) * t {
        (2.0 * cl - x / t).powi(2) / (9.0 * GRAVITY)
    } else if x <= shock * t {
        middle
    } else {
        right
    }
}

/// Depth of Ritter's solution.
fn ritter(left: f64, x: f64, t: f64) -> f64 {
    let cl = (GRAVITY * left).sqrt();
    if x <= -cl * t {
        left
    } else if x <= 2.0 * cl * t {
        (2.0 * cl - x / t).powi(2) / (9.0 * GRAVITY)
    } else {
        0.0
    }
}

fn top(solver: &dyn SurfaceSolver) -> f64 {
    solver.depths_m().iter().map(|h| f64::from(*h)).fold(0.0, f64::max)
}

pub(super) fn run(bench: &mut Bench<'_>) {
    for (cell, limits) in [(5.0, [0.10, 0.015]), (1.0, [0.10, 0.005])] {
        let cols = (1000.0 / cell) as usize;
        let domain = Arc::new(DomainBuilder::new(line(cell, cols)).manning(0.0).build());
        bench.on(&format!("Stoker dam break 2 m / 0.5 m, dx {cell} m"), &domain, &BOTH, |s, kernel| {
            s.fill_depths(&|c, _| if c < cols / 2 { 2.0 } else { 0.5 });
            dry(s, 40.0);
            let l1 = l1_row(s, |x| stoker(2.0, 0.5, x - 500.0, 40.0));
            let over = top(s) / 2.0 - 1.0;
            Result::at_most("L1", l1, limits[kernel as usize], percent).and(Result::at_most(
                "overshoot",
                over,
                0.01,
                percent,
            ))
        });
    }
    for (cell, limits) in [(5.0, [0.13, 0.015]), (1.0, [0.13, 0.006])] {
        let cols = (1000.0 / cell) as usize;
        let domain = Arc::new(DomainBuilder::new(line(cell, cols)).manning(0.0).build());
        bench.on(&format!("Ritter dam break 2 m / dry, dx {cell} m"), &domain, &BOTH, |s, kernel| {
            s.fill_depths(&|c, _| if c < cols / 2 { 2.0 } else { 0.0 });
            dry(s, 30.0);
            let l1 = l1_row(s, |x| ritter(2.0, x - 500.0, 30.0));
            Result::at_most("L1", l1, limits[kernel as usize], percent)
        });
    }
    let domain = Arc::new(DomainBuilder::new(line(0.02, 500)).manning(0.0).build());
    bench.on("Stoker, SWASHES flume 5 mm / 1 mm", &domain, &[Kernels::B], |s, _| {
        s.fill_depths(&|c, _| if c < 250 { 0.005 } else { 0.001 });
        dry(s, 6.0);
        Result::at_most("L1", l1_row(s, |x| stoker(0.005, 0.001, x - 5.0, 6.0)), 0.015, percent)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solutions_are_those_of_the_books() {
        // shared/data/flood/bench/analytic: Stoker hm 1.103494, shock at 666.653; Ritter front 765.77.
        assert!((stoker(2.0, 0.5, 100.0, 40.0) - 1.103494).abs() < 1e-6);
        assert!(stoker(2.0, 0.5, 166.65, 40.0) > 1.0 && stoker(2.0, 0.5, 166.66, 40.0) == 0.5);
        assert!(ritter(2.0, 265.7, 30.0) > 0.0 && ritter(2.0, 265.8, 30.0) == 0.0);
    }
}
