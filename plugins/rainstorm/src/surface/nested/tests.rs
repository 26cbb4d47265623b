use std::sync::Arc;

use guanlan_core::Stamp;

use super::*;
use crate::{
    measures::{Barrier, BarrierKind, Discharge, Measure, MobilePump},
    storm::{RainField, RainSeries},
    surface::{DomainBuilder, Grid, OpenCell, PatchBuilder, SurfaceSolver},
    water::WaterModel,
};

const COARSE_M: f64 = 10.0;

fn grid(cols: usize, rows: usize) -> Grid {
    Grid { west_m: 30.0, south_m: -20.0, cell_m: COARSE_M, cols, rows }
}

/// The grid of half the cell side over a box of columns and rows.
fn fine(of: Grid, [col, row, cols, rows]: [usize; 4]) -> Grid {
    Grid {
        west_m: of.west_m + col as f64 * of.cell_m,
        south_m: of.south_m + row as f64 * of.cell_m,
        cell_m: of.cell_m / 2.0,
        cols: 2 * cols,
        rows: 2 * rows,
    }
}

/// A raster whose beds are means of the four quarters of each cell.
fn raster(grid: Grid, bed: &dyn Fn(f64, f64) -> f64, change: &dyn Fn(&mut DomainBuilder)) -> DomainBuilder {
    let q = 0.125 * COARSE_M;
    let quarters = |x: f64, y: f64| {
        if grid.cell_m < COARSE_M {
            bed(x, y)
        } else {
            let at = |i: f64, j: f64| bed(x + i * 2.0 * q, y + j * 2.0 * q);
            0.25 * (at(-1.0, -1.0) + at(1.0, -1.0) + at(-1.0, 1.0) + at(1.0, 1.0))
        }
    };
    let mut builder = DomainBuilder::new(grid).bed(quarters);
    change(&mut builder);
    builder
}

type Bed<'a> = &'a dyn Fn(f64, f64) -> f64;
type Change<'a> = &'a dyn Fn(&mut DomainBuilder);

fn nested_domain(of: Grid, boxes: &[[usize; 4]], bed: Bed<'_>, change: Change<'_>) -> Arc<Domain> {
    let patch = |b: &[usize; 4]| PatchBuilder { col: b[0], row: b[1], builder: raster(fine(of, *b), bed, change) };
    Arc::new(raster(of, bed, change).build_with(boxes.iter().map(patch).collect()))
}

fn nested(of: Grid, boxes: &[[usize; 4]], bed: Bed<'_>, change: Change<'_>) -> Nested {
    let domain = nested_domain(of, boxes, bed, change);
    assert_eq!(domain.patches().len(), boxes.len(), "{:?}", domain.notes());
    Nested::new(domain, InertialSettings::default(), None).unwrap()
}

fn plain(grid: Grid, bed: Bed<'_>, change: Change<'_>) -> LocalInertial {
    LocalInertial::new(Arc::new(raster(grid, bed, change).build()), InertialSettings::default(), None)
}

fn run(solver: &mut dyn SurfaceSolver, until_s: f64, rain: &dyn RainField) {
    solver.advance(until_s, &mut Forcing { rain, drains: None });
}

fn hills(x: f64, y: f64) -> f64 {
    500.0 + 0.8 * (x * 0.06).sin() * (y * 0.045).cos() + if (x - 170.0).hypot(y - 90.0) < 25.0 { 3.0 } else { 0.0 }
}

/// Houses of 20 × 10 m in a lattice.
fn houses(b: &mut DomainBuilder) {
    for row in 0..b.grid.rows {
        for col in 0..b.grid.cols {
            let [x, y] = b.grid.centre_m(col, row);
            let k = row * b.grid.cols + col;
            b.blocked[k] = x.rem_euclid(70.0) < 20.0 && y.rem_euclid(50.0) < 10.0;
            b.roof[k] = b.blocked[k];
            b.manning[k] = 0.02;
        }
    }
}

#[test]
fn a_lake_at_rest_stays_at_rest_over_every_seam() {
    // Two patches, one in a corner of the raster.
    let mut s = nested(grid(40, 30), &[[10, 8, 9, 7], [0, 0, 6, 5], [30, 20, 10, 10]], &hills, &houses);
    s.fill_level(&|_, _| 501.5);
    let before: Vec<Vec<f32>> = s.finer().iter().map(|f| f.depths_m()).chain([s.depths_m()]).collect();
    run(&mut s, 300.0, &RainSeries::dry());
    let after: Vec<Vec<f32>> = s.finer().iter().map(|f| f.depths_m()).chain([s.depths_m()]).collect();
    let off = before.iter().flatten().zip(after.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let flow = s.nests.iter().flat_map(|n| n.seam.q.iter().chain(&n.fine.qx)).fold(0.0, |a: f32, q| a.max(q.abs()));
    println!("dh {off:e} m, q {flow:e} m²/s");
    assert!(off <= 1.0e-6 && flow <= 1.0e-6, "{off:e} {flow:e}");
    assert!(s.ledger().error_relative < 1e-9);
}

/// Differences of depth from a reference over all fine cells of the box, m: of the fine cells, root of mean square.
fn off(reference: &LocalInertial, whole: Grid, b: [usize; 4], depth: &dyn Fn(f64, f64) -> f64) -> f64 {
    let inside = fine(whole, b);
    let (mut sum, mut n) = (0.0, 0.0);
    for row in 0..inside.rows {
        for col in 0..inside.cols {
            let [x, y] = inside.centre_m(col, row);
            let (c, r) = reference.domain().grid.cell_of(x, y).unwrap();
            let d = f64::from(reference.depth_at_m(c, r)) - depth(x, y);
            (sum, n) = (sum + d * d, n + 1.0);
        }
    }
    (sum / n).sqrt()
}

/// Root mean square differences from a run that is fine everywhere: of the nested run and of the coarse one.
fn against_fine(
    whole: Grid,
    b: [usize; 4],
    bed: Bed<'_>,
    change: Change<'_>,
    start: &dyn Fn(f64, f64) -> f32,
    until_s: f64,
    rain: &RainSeries,
) -> (f64, f64) {
    let mut n = nested(whole, &[b], bed, change);
    let mut c = plain(whole, bed, change);
    let everywhere = fine(whole, [0, 0, whole.cols, whole.rows]);
    let mut f = plain(everywhere, bed, change);
    let at = |g: Grid| move |c: usize, r: usize| start(g.centre_m(c, r)[0], g.centre_m(c, r)[1]);
    n.fill_depths(&at(whole));
    c.fill_depths(&at(whole));
    f.fill_depths(&at(everywhere));
    run(&mut n, until_s, rain);
    run(&mut c, until_s, rain);
    run(&mut f, until_s, rain);
    for ledger in [n.ledger(), c.ledger(), f.ledger()] {
        assert!(ledger.error_relative <= 1.0e-6, "{ledger:?}");
    }
    let in_nest = |x: f64, y: f64| {
        let (c, r) = n.domain().finest_at(x, y).unwrap();
        f64::from(n.depth_at_m(c, r))
    };
    let in_coarse = |x: f64, y: f64| {
        let (col, row) = whole.cell_of(x, y).unwrap();
        f64::from(c.depth_at_m(col, row))
    };
    (off(&f, whole, b, &in_nest), off(&f, whole, b, &in_coarse))
}

#[test]
fn a_dam_break_runs_through_the_seams_as_over_fine_cells() {
    let whole = grid(60, 20);
    let start = |x: f64, _: f64| if x < 180.0 { 1.5 } else { 0.2 };
    let (nest, coarse) = against_fine(whole, [20, 5, 16, 10], &|_, _| 0.0, &|_| {}, &start, 60.0, &RainSeries::dry());
    println!("dam break: nested {nest:.4} m, coarse {coarse:.4} m from fine");
    assert!(nest < 0.03, "{nest}");
}

/// A plain with, around (240, 140), sunken streets and humps that cells of 10 m cannot see.
fn streets(x: f64, y: f64) -> f64 {
    let near = (1.0 - ((x - 240.0).hypot(y - 140.0) / 75.0).powi(4)).max(0.0);
    let street = if (y - 2.0).rem_euclid(30.0) < 5.0 || (x - 3.0).rem_euclid(35.0) < 5.0 { -0.5 } else { 0.0 };
    12.0 - 0.003 * x + 0.001 * y + near * (street + 0.1 * (x * 0.3).sin() * (y * 0.23).cos())
}

/// An edge in the east that lets water out.
fn open_east(b: &mut DomainBuilder, east_m: f64) {
    let east = b.grid.cols - 1;
    if (b.grid.west_m + (east + 1) as f64 * b.grid.cell_m - east_m).abs() < 1.0 {
        b.open = (0..b.grid.rows).map(|row| OpenCell { col: east, row, slope: 0.005 }).collect();
    }
}

#[test]
fn inside_the_focus_the_water_is_that_of_fine_cells() {
    let whole = grid(44, 32);
    let rain = RainSeries::uniform(90.0, 1800.0);
    let edge = |b: &mut DomainBuilder| open_east(b, 470.0);
    let (nest, coarse) = against_fine(whole, [12, 7, 18, 18], &streets, &edge, &|_, _| 0.0, 2400.0, &rain);
    println!("streets: nested {nest:.4} m, coarse {coarse:.4} m from fine");
    assert!(nest < 0.2 * coarse, "{nest} {coarse}");
}

/// A town under rain with an inflow, an edge that lets water out, and two patches, one of them on that edge.
fn busy_town(threads: usize) -> Nested {
    let change = |b: &mut DomainBuilder| {
        houses(b);
        open_east(b, 430.0);
    };
    let domain = nested_domain(grid(40, 30), &[[8, 6, 12, 12], [32, 10, 8, 9]], &streets, &change);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new);
    let mut s = Nested::new(domain, InertialSettings::default(), pool).unwrap();
    let flow = vec![[0.0, 2.0], [400.0, 5.0], [900.0, 0.0]];
    // A line of cells from outside into the patch.
    let cells = (5..11).map(|c| (c, 9)).collect();
    s.follow(vec![Boundary::new(BoundaryKind::FlowM3S, cells, flow).unwrap()]);
    s.fill_depths(&|c, r| if c < 12 && r > 12 { 0.4 } else { 0.0 });
    s
}

fn bits(s: &Nested) -> Vec<u32> {
    let mut all: Vec<u32> = s.depths_m().iter().map(|h| h.to_bits()).collect();
    for n in &s.nests {
        all.extend(
            [&n.fine.h, &n.fine.qx, &n.fine.qy, &n.fine.film, &n.seam.q].into_iter().flatten().map(|v| v.to_bits()),
        );
    }
    all
}

#[test]
fn books_close_and_threads_change_nothing() {
    let rain = RainSeries::uniform(80.0, 600.0);
    let mut one = busy_town(1);
    run(&mut one, 900.0, &rain);
    let books = one.ledger();
    println!("{books:?}");
    assert!(books.error_relative <= 1.0e-6, "{books:?}");
    // 80 mm/h for 10 min on 400 × 300 m; 2 to 5 m³/s in 400 s and back to 0 in 500 s.
    assert!((books.rain_m3 / 1600.0 - 1.0).abs() < 1e-6, "{}", books.rain_m3);
    assert!((books.inflow_m3 / 2650.0 - 1.0).abs() < 1e-3, "{}", books.inflow_m3);
    assert!(books.outflow_m3 > 1.0);
    assert!(one.nests.iter().all(|n| n.fine.h.iter().all(|h| *h >= 0.0 && h.is_finite())));
    let mut three = busy_town(3);
    run(&mut three, 900.0, &rain);
    assert!(bits(&one) == bits(&three), "three threads");
}

#[test]
fn a_saved_state_and_a_fork_go_on_bit_for_bit() {
    let rain = RainSeries::uniform(80.0, 600.0);
    let mut straight = busy_town(1);
    run(&mut straight, 300.0, &rain);
    let state = postcard::to_stdvec(&straight.save()).unwrap();
    let mut forked = straight.fork();
    run(&mut straight, 700.0, &rain);
    run(&mut forked, 700.0, &rain);
    assert!(bits(&straight) == bits(&forked), "fork");
    let mut again = busy_town(1);
    assert!(again.restore(&postcard::from_bytes(&state).unwrap()));
    run(&mut again, 700.0, &rain);
    assert!(bits(&straight) == bits(&again), "restored");
    assert_eq!(straight.ledger(), again.ledger());
    // Not into a solver of another shape, which it leaves alone.
    let mut other = nested(grid(40, 30), &[[8, 6, 12, 12]], &streets, &houses);
    let before = bits(&other);
    assert!(!other.restore(&postcard::from_bytes(&state).unwrap()));
    assert!(bits(&other) == before);
}

/// A tray with 1 m of water in its western quarter and a patch over its middle.
fn tray() -> WaterModel {
    let mut s = nested(grid(40, 12), &[[15, 3, 10, 6]], &|_, _| 0.0, &|_| {});
    s.fill_depths(&|c, _| if c < 10 { 1.0 } else { 0.0 });
    WaterModel::from_parts(s, None, RainSeries::dry(), Stamp::from_secs(0), 10)
}

fn bags(line_m: Vec<[f64; 2]>, height_m: f64) -> Measure {
    let kind = BarrierKind::Sandbags;
    let set = Barrier { kind, line_m, line_lonlat: vec![], height_m: Some(height_m), crest_m: None, closed: true };
    Measure::Barrier { id: "bags".into(), set: Some(set) }
}

#[test]
fn a_line_of_sandbags_across_a_patch_does_not_leak() {
    // From south to north through the patch, over its edges, aslant; and along its western edge.
    for line in [
        vec![[214.0, -25.0], [246.0, 62.0], [221.0, 105.0]],
        vec![[180.0, -25.0], [180.0, 105.0]],
        vec![[180.0, -25.0], [180.0, 33.0], [234.0, 34.0], [233.0, 105.0]],
        vec![[175.0, -25.0], [176.0, 39.0], [284.0, 44.0], [283.0, 105.0]],
        vec![[132.0, -25.0], [184.0, 14.0], [186.0, 63.0], [178.0, 72.0], [206.0, 105.0]],
    ] {
        let mut model = tray();
        model.enact(&bags(line.clone(), 2.0)).unwrap();
        model.run_to(600.0);
        let east: f32 =
            (28..40).flat_map(|c| (0..12).map(move |r| (c, r))).map(|(c, r)| model.solver().depth_at_m(c, r)).sum();
        assert_eq!(east, 0.0, "{line:?} leaks");
        let west = model.solver().depth_at_m(5, 5);
        assert!((0.3..0.75).contains(&west), "{west}");
        assert!(model.ledger().error_relative < 1e-6);
        model.undo().unwrap();
        model.run_to(900.0);
        assert!(model.solver().depth_at_m(35, 5) > 0.1);
        assert!(model.ledger().error_relative < 1e-6);
    }
}

#[test]
fn a_short_line_stands_where_cells_are_fine() {
    let mut model = tray();
    assert!(model.enact(&bags(vec![[330.0, 50.0], [334.0, 50.0]], 0.5)).is_err());
    model.enact(&bags(vec![[230.0, 50.0], [234.0, 50.0]], 0.5)).unwrap();
    let crests = model.domain().patches()[0].domain.crest_faces().count();
    assert_eq!(crests, 1);
}

#[test]
fn pumps_and_pours_work_inside_a_patch() {
    let mut model = tray();
    model.enact(&Measure::Pour { east_m: 232.0, north_m: 33.0, volume_m3: 50.0 }).unwrap();
    let (c, r) = model.domain().finest_at(232.0, 33.0).unwrap();
    assert!(r >= 12, "a fine cell");
    assert!((model.solver().depth_at_m(c, r) - 2.0).abs() < 1e-5, "50 m³ on 25 m²");
    let pump = MobilePump {
        at_m: Some([232.0, 33.0]),
        flow_m3_h: 1800.0,
        suction_m: 0.0,
        to: Discharge::Place([400.0, 90.0]),
        at_lonlat: None,
        runs: true,
    };
    model.enact(&Measure::MobilePump { id: "truck".into(), set: Some(pump) }).unwrap();
    model.run_to(60.0);
    let pumped = model.works().pumped_m3()["truck"];
    // The puddle runs away from under the hose: less than the pump could.
    assert!((10.0..=30.01).contains(&pumped), "{pumped}");
    assert!(model.ledger().error_relative < 1e-6, "{:?}", model.ledger());
    // The whole state, measures included, goes through a file.
    let mut again = tray();
    again.restore(&model.save().unwrap()).unwrap();
    model.run_to(120.0);
    again.run_to(120.0);
    assert_eq!(model.solver().depths_m(), again.solver().depths_m());
}
