//! Tests 1 to 4 of the UK Environment Agency's 2D benchmark (Néelz & Pender 2013, SC120002), as far as their
//! inputs are formulas.

use std::sync::Arc;

use super::case::{BOTH, Bench, Kernels, Result, dry, percent};
use crate::surface::{Boundary, BoundaryKind, Domain, DomainBuilder, Grid, OpenCell, SurfaceSolver};

fn flow(cells: Vec<(usize, usize)>, points: &[[f64; 2]]) -> Vec<Boundary> {
    Boundary::new(BoundaryKind::FlowM3S, cells, points.to_vec()).into_iter().collect()
}

/// Depth at a place of the local frame, m.
fn at(s: &dyn SurfaceSolver, x: f64, y: f64) -> f64 {
    s.domain().grid.cell_of(x, y).map_or(f64::NAN, |(c, r)| f64::from(s.depth_at_m(c, r)))
}

/// Test 1, flooding a disconnected water body: a pond behind a sill at 10.25 m (our own profile).
fn disconnected(bench: &mut Bench<'_>) {
    let profile = [[0.0, 9.2], [100.0, 9.2], [300.0, 10.25], [400.0, 9.8], [600.0, 9.6], [700.0, 10.6]];
    let bed = move |x: f64| {
        let k = profile.windows(2).position(|w| x <= w[1][0]).unwrap_or(4);
        let ([x0, z0], [x1, z1]) = (profile[k], profile[k + 1]);
        z0 + (z1 - z0) * (x - x0) / (x1 - x0)
    };
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 70, rows: 10 };
    // The sill is a cell of its own height: it lies between two cell middles otherwise.
    let builder = DomainBuilder::new(grid)
        .manning(0.03)
        .bed(move |x, _| if (290.0..310.0).contains(&x) { 10.25 } else { bed(x) });
    bench.on("EA 1, disconnected water body", &Arc::new(builder.build()), &BOTH, |s, _| {
        s.fill_level(&|_, _| 9.7);
        let hours = [[0.0, 9.7], [1.0, 10.35], [11.0, 10.35], [12.0, 9.7], [20.0, 9.7]];
        let levels = hours.map(|[h, z]| [h * 3600.0, z]).to_vec();
        let west = (0..10).map(|r| (0, r)).collect();
        s.follow(Boundary::new(BoundaryKind::LevelM, west, levels).into_iter().collect());
        dry(s, 72_000.0);
        let level = |x: f64| at(s, x, 50.0) + s.domain().bed_m((x / 10.0) as usize, 5).unwrap_or(f64::NAN);
        let (p1, p2) = (level(400.0), level(600.0));
        let off = (p1 - 10.25).abs().max((p2 - 10.25).abs());
        Result { measured: format!("level {p1:.3}, {p2:.3} m"), target: "10.25 ± 0.01 m".into(), ok: off <= 0.01 }
    });
}

/// Depths of our egg-box by LISFLOOD-FP 8.2 ACC (shared/data/flood/bench/ea).
const EGG_BOX: [f64; 16] = [
    0.3105, 0.3093, 0.3077, 0.3056, 0.3161, 0.3106, 0.3083, 0.3056, 0.2338, 0.1949, 0.1349, 0.0200, 0.0067, 0.0, 0.0,
    0.0,
];

fn depressions(bench: &mut Bench<'_>) {
    let name = "EA 2, depressions (egg-box)";
    if !bench.wants_slow(name) {
        return;
    }
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 20.0, cols: 100, rows: 100 };
    let pi = std::f64::consts::PI;
    let bed = |x: f64, y: f64| {
        10.0 - x / 3000.0 - (2000.0 - y) / 1500.0 - 0.5 * ((pi * x / 500.0).sin() * (pi * y / 500.0).sin()).powi(2)
    };
    let domain = Arc::new(DomainBuilder::new(grid).manning(0.03).bed(bed).build());
    bench.on(name, &domain, &BOTH, |s, _| {
        let points = [[300.0, 0.0], [600.0, 20.0], [5160.0, 20.0], [5460.0, 0.0]];
        s.follow(flow((95..100).map(|r| (0, r)).collect(), &points));
        dry(s, 172_800.0);
        let (mut full, mut part) = (0.0_f64, 0.0_f64);
        for (k, want) in EGG_BOX.iter().enumerate() {
            let (x, y) = (250.0 + 500.0 * (k / 4) as f64, 250.0 + 500.0 * (k % 4) as f64);
            let off = (at(s, x, y) - want).abs();
            if k < 8 { full = full.max(off) } else { part = part.max(off) }
        }
        Result::at_most("full pits off", full, 0.015, |v| format!("{v:.3} m")).and(Result::at_most(
            "others off",
            part,
            0.06,
            |v| format!("{v:.3} m"),
        ))
    });
}

/// Bed of test 3.
fn hump(x: f64) -> f64 {
    let wave = |from: f64| (2.0 * std::f64::consts::PI * (x - from) / 100.0).cos();
    if x <= 143.0 {
        10.4876 - 0.005 * x
    } else if x <= 150.0 {
        10.0 - 0.25 * wave(150.0)
    } else if x <= 250.0 {
        9.875 - 0.125 * wave(150.0)
    } else if x <= 275.0 {
        10.0 - 0.25 * wave(250.0)
    } else {
        10.0 + 0.015_708 * (x - 275.0)
    }
}

fn momentum(bench: &mut Bench<'_>) {
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 5.0, cols: 60, rows: 20 };
    let domain = Arc::new(DomainBuilder::new(grid).manning(0.01).bed(|x, _| hump(x)).build());
    bench.on("EA 3, momentum over a hump", &domain, &BOTH, |s, kernel| {
        let points = [[5.0, 0.0], [15.0, 65.5], [25.0, 65.5], [35.0, 0.0]];
        s.follow(flow((0..20).map(|r| (0, r)).collect(), &points));
        dry(s, 900.0);
        let (p1, p2) = (at(s, 150.0, 50.0), at(s, 250.0, 50.0));
        let inflow = s.ledger().inflow_m3;
        let measured = format!("P1 {p1:.3}, P2 {p2:.3} m, inflow {inflow:.1} m³");
        let exact = (inflow - 1310.0).abs() < 1.0e-2;
        match kernel {
            Kernels::A => Result { measured, target: "1310 m³; P reported".into(), ok: exact },
            Kernels::B => {
                let ok = exact && (0.22..=0.25).contains(&p1) && (0.03..=0.08).contains(&p2);
                Result { measured, target: "P1 .22–.25, P2 .03–.08 m, 1310 m³".into(), ok }
            }
        }
    });
}

/// Peaks of LISFLOOD-FP 8.0 DG2 at 5 m and its times of 2 cm (Shaw et al. 2021, CC BY 4.0).
const PLAIN: [(f64, f64, f64, f64); 6] = [
    (50.0, 1000.0, 0.3251, 660.0),
    (100.0, 1000.0, 0.2745, 1021.0),
    (200.0, 1000.0, 0.2275, 1860.0),
    (300.0, 1000.0, 0.2002, 2760.0),
    (400.0, 1000.0, 0.1800, 3720.0),
    (300.0, 1300.0, 0.1755, 4020.0),
];

fn plain_domain() -> Arc<Domain> {
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 5.0, cols: 200, rows: 400 };
    let mut builder = DomainBuilder::new(grid).manning(0.05);
    let edge = (0..200).flat_map(|c| [(c, 0), (c, 399)]).chain((0..400).map(|r| (199, r)));
    builder.open = edge.map(|(col, row)| OpenCell { col, row, slope: 0.001 }).collect();
    Arc::new(builder.build())
}

fn speed_of_a_front(bench: &mut Bench<'_>) {
    let name = "EA 4, front over a plain";
    if !bench.wants_slow(name) {
        return;
    }
    bench.on(name, &plain_domain(), &BOTH, |s, _| {
        let points = [[300.0, 0.0], [3600.0, 20.0], [14_400.0, 20.0], [18_000.0, 0.0]];
        s.follow(flow((198..202).map(|r| (0, r)).collect(), &points));
        let (mut peak, mut arrival) = ([0.0_f64; 6], [f64::NAN; 6]);
        for minute in 1..=300 {
            dry(s, f64::from(minute) * 60.0);
            for (k, (x, y, ..)) in PLAIN.iter().enumerate() {
                let h = at(s, *x, *y);
                peak[k] = peak[k].max(h);
                if h > 0.02 && arrival[k].is_nan() {
                    arrival[k] = f64::from(minute) * 60.0;
                }
            }
        }
        let off = |k: usize| (peak[k] / PLAIN[k].2 - 1.0).abs();
        let others = (1..6).map(off).fold(0.0, f64::max);
        let late = (0..6)
            .map(|k| (arrival[k] - PLAIN[k].3).abs())
            .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
        Result::at_most("peak p1 off", off(0), 0.05, percent)
            .and(Result::at_most("p2–p6 off", others, 0.03, percent))
            .and(Result { measured: format!("arrival off {late:.0} s"), target: "≤ 300 s".into(), ok: late <= 300.0 })
    });
}

pub(super) fn run(bench: &mut Bench<'_>) {
    disconnected(bench);
    depressions(bench);
    momentum(bench);
    speed_of_a_front(bench);
}
