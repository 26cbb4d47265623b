//! Steady subcritical flow (MacDonald) and the non-breaking wave.

use std::sync::Arc;

use super::case::{BOTH, Bench, Result, dry, line, percent, wet};
use crate::{
    storm::RainSeries,
    surface::{Boundary, BoundaryKind, Domain, DomainBuilder, GRAVITY, SurfaceSolver},
};

const LENGTH_M: f64 = 1000.0;
const N: f64 = 0.033;

/// Depth of MacDonald's long subcritical channel, m.
fn depth(x: f64) -> f64 {
    (4.0 / GRAVITY).cbrt() * (1.0 + 0.5 * (-16.0 * (x / LENGTH_M - 0.5).powi(2)).exp())
}

/// Fall of the bed for a discharge `q0 + rain x`.
fn fall(x: f64, q0: f64, rain: f64) -> f64 {
    let d = 1.0e-3;
    let slope = (depth(x + d) - depth(x - d)) / (2.0 * d);
    let (h, q) = (depth(x), q0 + rain * x);
    (1.0 - q * q / (GRAVITY * h.powi(3))) * slope
        + N * N * q * q / h.powf(10.0 / 3.0)
        + 2.0 * q * rain / (GRAVITY * h * h)
}

fn channel(q0: f64, rain: f64) -> Arc<Domain> {
    let (cell, cols, fine) = (5.0, 200_usize, 500);
    // Bed from the outlet upwards, by the midpoint rule.
    let mut z = vec![0.0; cols + 1];
    for k in (0..cols).rev() {
        let step = cell / f64::from(fine);
        let sum: f64 = (0..fine).map(|i| fall(k as f64 * cell + (f64::from(i) + 0.5) * step, q0, rain)).sum();
        z[k] = z[k + 1] + sum * step;
    }
    // Level at the middle of a cell.
    let bed = move |x: f64| {
        let k = ((x / cell) as usize).min(cols - 1);
        0.5 * (z[k] + z[k + 1])
    };
    Arc::new(DomainBuilder::new(line(cell, cols)).manning(N as f32).bed(|x, _| bed(x)).build())
}

fn macdonald(s: &mut dyn SurfaceSolver, q0: f64, rain: f64) -> (f64, f64) {
    let grid = s.domain().grid;
    let last = grid.cols - 1;
    let outlet = s.domain().bed_m(last, 0).unwrap_or(0.0) + depth(grid.centre_m(last, 0)[0]);
    let flow =
        Boundary::new(BoundaryKind::FlowM3S, vec![(0, 0)], vec![[0.0, q0 * grid.cell_m], [1.0e6, q0 * grid.cell_m]]);
    let level = Boundary::new(BoundaryKind::LevelM, vec![(last, 0)], vec![[0.0, outlet]]);
    s.fill_depths(&|_, _| 0.75);
    s.follow(flow.into_iter().chain(level).collect());
    let series = RainSeries::uniform(rain * 3.6e6, 1.0e6);
    wet(s, 6000.0, &series);
    let (mut off, mut all) = (0.0, 0.0);
    // The boundary cells are given, not computed.
    for c in 1..last {
        let want = depth(grid.centre_m(c, 0)[0]);
        off += (f64::from(s.depth_at_m(c, 0)) - want).abs();
        all += want;
    }
    let before = s.ledger().outflow_m3;
    wet(s, 6100.0, &series);
    ((off / all), (s.ledger().outflow_m3 - before) / 100.0 / grid.cell_m)
}

/// Depth of a front that runs with `u` 1 m/s, `n` .03 over a bed that falls by `slope`, as a function of the
/// way behind the front; every metre.
fn front(slope: f64, length_m: usize) -> Vec<f64> {
    let (n2, fine) = (0.03_f64 * 0.03, 400);
    // y = h^(7/3): dy/ds = 7/3 (n² u² − S h^(4/3)).
    let rate = |y: f64| 7.0 / 3.0 * (n2 - slope * y.max(0.0).powf(4.0 / 7.0));
    let (mut y, mut out) = (0.0_f64, vec![0.0]);
    let d = 1.0 / f64::from(fine);
    for _ in 0..length_m {
        for _ in 0..fine {
            let k1 = rate(y);
            let k2 = rate(y + 0.5 * d * k1);
            let k3 = rate(y + 0.5 * d * k2);
            let k4 = rate(y + d * k3);
            y += d / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        }
        out.push(y.max(0.0).powf(3.0 / 7.0));
    }
    out
}

/// The wave enters as the flow `u h(0, t)`, so that its volume is exact.
fn wave(bench: &mut Bench<'_>, name: &str, slope: f64, cell: f64, gates: [(super::Kernels, f64); 2]) {
    let cols = (5000.0 / cell) as usize;
    let grid = line(cell, cols);
    let domain = Arc::new(DomainBuilder::new(grid).manning(0.03).bed(|x, _| 10.0 - slope * x).build());
    let shape = front(slope, 3700);
    let at = |behind: f64| {
        if behind <= 0.0 {
            return 0.0;
        }
        let k = (behind as usize).min(shape.len() - 2);
        shape[k] + (shape[k + 1] - shape[k]) * (behind - k as f64)
    };
    for (kernel, limit) in gates {
        bench.on(name, &domain, &[kernel], |s, _| {
            let flows = (0..=1800).map(|k| [f64::from(k) * 2.0, cell * at(f64::from(k) * 2.0)]).collect();
            s.follow(Boundary::new(BoundaryKind::FlowM3S, vec![(0, 0)], flows).into_iter().collect());
            dry(s, 3600.0);
            let (mut square, mut wet_cells, mut got, mut want) = (0.0, 0.0, 0.0, 0.0);
            for c in 0..cols {
                let exact = at(3600.0 - grid.centre_m(c, 0)[0]);
                let h = f64::from(s.depth_at_m(c, 0));
                got += h;
                want += exact;
                if exact > 0.0 || h > 0.001 {
                    square += (h - exact) * (h - exact);
                    wet_cells += 1.0;
                }
            }
            let rmse: f64 = (square / wet_cells).sqrt();
            let volume = (got / want - 1.0).abs();
            let show = |v: f64| format!("{v:.4} m");
            let off = if limit > 0.0 {
                Result::at_most("RMSE", rmse, limit, show)
            } else {
                Result::reported(format!("RMSE {}", show(rmse)))
            };
            off.and(Result::at_most("volume off", volume, 0.002, percent))
        });
    }
}

pub(super) fn run(bench: &mut Bench<'_>) {
    bench.on("MacDonald subcritical, dx 5 m", &channel(2.0, 0.0), &BOTH, |s, kernel| {
        let (l1, q) = macdonald(s, 2.0, 0.0);
        Result::at_most("L1", l1, [0.03, 0.015][kernel as usize], percent).and(Result::at_most(
            "q off",
            (q / 2.0 - 1.0).abs(),
            [0.001, 0.015][kernel as usize],
            percent,
        ))
    });
    bench.on("MacDonald with rain, dx 5 m", &channel(1.0, 0.001), &BOTH, |s, kernel| {
        let (l1, q) = macdonald(s, 1.0, 0.001);
        Result::at_most("L1", l1, [0.05, 0.006][kernel as usize], percent).and(Result::at_most(
            "q(L) off",
            (q / 2.0 - 1.0).abs(),
            0.015,
            percent,
        ))
    });
    use super::Kernels::{A, B};
    // Kernel A leaves advection out, which shows on fine grids; kernel B smears the front over coarse ones.
    wave(bench, "Non-breaking wave, flat, dx 50 m", 0.0, 50.0, [(A, 0.02), (B, 0.0)]);
    wave(bench, "Non-breaking wave, flat, dx 10 m", 0.0, 10.0, [(A, 0.0), (B, 0.03)]);
    wave(bench, "Non-breaking wave, falling .001, dx 50 m", 0.001, 50.0, [(A, 0.03), (B, 0.0)]);
    wave(bench, "Non-breaking wave, falling .001, dx 10 m", 0.001, 10.0, [(A, 0.0), (B, 0.03)]);
    wave(bench, "Non-breaking wave, rising .001, dx 50 m", -0.001, 50.0, [(A, 0.03), (B, 0.0)]);
    wave(bench, "Non-breaking wave, rising .001, dx 10 m", -0.001, 10.0, [(A, 0.0), (B, 0.03)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fronts_and_depths_are_those_of_the_formulas() {
        assert!((depth(1000.0) - 0.748331).abs() < 1e-4);
        let flat = front(0.0, 3600);
        assert!((flat[3600] - (7.0_f64 / 3.0 * 0.0009 * 3600.0).powf(3.0 / 7.0)).abs() < 1e-6);
        assert!((flat[3600] - 2.380).abs() < 1e-3, "{}", flat[3600]);
        // A falling bed tends to normal depth, a rising one does not.
        assert!((front(0.001, 3600)[3600] - (0.0009_f64 / 0.001).powf(0.75)).abs() < 3e-3);
    }
}
