//! A small town of 192 × 192 cells under rain, by three codes (`flood/bench/urban`).

use std::{sync::Arc, time::Instant};

use super::{
    case::{Bench, Result, mm, wet},
    data::{Raster, ascii_grid, table},
};
use crate::{
    storm::RainSeries,
    surface::{DomainBuilder, Fv1, Fv1Settings, Grid, InertialSettings, LocalInertial, SurfaceSolver},
};

/// Root mean square difference in m and the critical success index at 15 cm.
fn compare(h: &[f32], want: &[Vec<f64>]) -> (f64, f64) {
    let n = want.len();
    let (mut square, mut hits, mut either) = (0.0, 0.0, 0.0);
    for r in 0..n {
        for c in 0..n {
            let (got, want) = (f64::from(h[r * n + c]), want[n - 1 - r][c]);
            square += (got - want) * (got - want);
            hits += f64::from(u8::from(got > 0.15 && want > 0.15));
            either += f64::from(u8::from(got > 0.15 || want > 0.15));
        }
    }
    ((square / (n * n) as f64).sqrt(), hits / either)
}

pub(super) fn run(bench: &mut Bench<'_>) {
    let Some(folder) = bench.what.data.map(|d| d.join("flood/bench/urban")) else { return };
    if !bench.wants("urban192") {
        return;
    }
    let raster = |name: &str| ascii_grid(&folder.join(name)).filter(|r| r.cols == r.rows);
    let (Some(dem), Some(manning)) = (raster("urban192_dem_2m.asc"), raster("urban192_manning_2m.asc")) else { return };
    let depths =
        |name: &str| table(&folder.join(name)).filter(|t| t.len() == dem.rows && t.iter().all(|r| r.len() == dem.cols));
    let references = ["h_t1800_local_inertial.csv", "h_t1800_lisflood_acc.csv", "h_t1800_fv1_hll.csv"].map(depths);
    let [Some(inertial), Some(lisflood), Some(godunov)] = references else { return };
    let Raster { cols, rows, cell_m, .. } = dem;
    let mut builder = DomainBuilder::new(Grid { west_m: 0.0, south_m: 0.0, cell_m, cols, rows });
    builder.bed_m = dem.values;
    builder.manning = manning.values;
    let domain = Arc::new(builder.build());
    // Each of our kernels as the code it is compared with is set.
    let same = InertialSettings { alpha: 0.3, vector_friction: false, ..InertialSettings::default() };
    let theirs = InertialSettings { alpha: 0.3, froude_max: 1.0e6, theta: 1.0, ..InertialSettings::default() };
    let a = |settings| -> Box<dyn SurfaceSolver> { Box::new(LocalInertial::new(domain.clone(), settings, None)) };
    let b = || -> Box<dyn SurfaceSolver> { Box::new(Fv1::new(domain.clone(), Fv1Settings::default(), None)) };
    let cases = [
        ("urban192 against the reference of A, same settings", "A", a(same), &inertial, 0.001),
        ("urban192 against LISFLOOD-FP 8.2 ACC, same settings", "A", a(theirs), &lisflood, 0.001),
        ("urban192 against LISFLOOD-FP 8.2 ACC", "A", a(InertialSettings::default()), &lisflood, 0.005),
        ("urban192 against the FV1 reference", "A", a(InertialSettings::default()), &godunov, 0.005),
        ("urban192 against the FV1 reference", "B", b(), &godunov, 0.005),
        ("urban192 against the reference of A", "B", b(), &inertial, 0.005),
    ];
    for (name, kernel, mut solver, want, limit) in cases {
        let began = Instant::now();
        wet(&mut *solver, 1800.0, &RainSeries::uniform(60.0, 1800.0));
        let (rmse, csi) = compare(&solver.depths_m(), want);
        let result = Result::at_most("RMSE", rmse, limit, mm).and(Result {
            measured: format!("CSI(15 cm) {csi:.3}"),
            target: "≥ 0.94".into(),
            ok: csi >= 0.94,
        });
        bench.add(name, kernel, result, solver.ledger().error_relative, began);
    }
}
