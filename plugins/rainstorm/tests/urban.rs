//! A small town of 192 × 192 cells against the same scheme written by others (shared/data/flood/bench).

use std::{path::PathBuf, sync::Arc};

use guanlan_rainstorm::{
    storm::RainSeries,
    surface::{DomainBuilder, Forcing, Grid, InertialSettings, LocalInertial, SurfaceSolver},
};

/// Rows of numbers from the north, without the six header lines of an ESRI grid.
fn rows(name: &str, skip: usize) -> Option<Vec<Vec<f64>>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/flood/bench/urban")).join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return None;
    };
    let number = |v: &str| v.parse().ok();
    let row = |l: &str| l.split([',', ' ']).filter(|v| !v.is_empty()).filter_map(number).collect();
    Some(text.lines().skip(skip).map(row).filter(|r: &Vec<f64>| r.len() > 2).collect())
}

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

#[test]
fn the_made_up_town_agrees_with_the_references() {
    let n = 192;
    let names = ["h_t1800_local_inertial.csv", "h_t1800_lisflood_acc.csv", "h_t1800_fv1_hll.csv"];
    let (Some(dem), Some(manning)) = (rows("urban192_dem_2m.asc", 6), rows("urban192_manning_2m.asc", 6)) else {
        return;
    };
    let [Some(inertial), Some(lisflood), Some(godunov)] = names.map(|name| rows(name, 0)) else { return };
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 2.0, cols: n, rows: n };
    let mut builder = DomainBuilder::new(grid);
    for r in 0..n {
        for c in 0..n {
            builder.bed_m[r * n + c] = dem[n - 1 - r][c] as f32;
            builder.manning[r * n + c] = manning[n - 1 - r][c] as f32;
        }
    }
    let domain = Arc::new(builder.build());
    let run = |settings: InertialSettings| {
        let mut solver = LocalInertial::new(domain.clone(), settings, None);
        let rain = RainSeries::uniform(60.0, 1800.0);
        solver.advance(1800.0, &mut Forcing { rain: &rain, drains: None });
        let ledger = solver.ledger();
        assert!((ledger.rain_m3 - 4423.68).abs() < 1e-6 && ledger.error_relative <= 1e-6, "{ledger:?}");
        solver.depths_m()
    };
    let reference = InertialSettings { alpha: 0.3, vector_friction: false, ..InertialSettings::default() };
    let like_lisflood = InertialSettings { alpha: 0.3, froude_max: 1.0e6, theta: 1.0, ..InertialSettings::default() };
    // (what, our settings, theirs, RMSE limit): the twin of each code within 1 mm, the default settings
    // within 5 mm of the full shallow water equations (shared/FLOOD.md).
    let cases = [
        ("local inertial reference, its own friction", reference, &inertial, 0.001),
        ("LISFLOOD-FP 8.2 ACC, no Froude cap", like_lisflood, &lisflood, 0.001),
        ("LISFLOOD-FP 8.2 ACC, defaults", InertialSettings::default(), &lisflood, 0.005),
        ("local inertial reference, defaults", InertialSettings::default(), &inertial, 0.005),
        ("FV1 HLL, defaults", InertialSettings::default(), &godunov, 0.005),
    ];
    for (what, settings, want, limit_m) in cases {
        let (rmse, csi) = compare(&run(settings), want);
        println!("{what}: RMSE {:.2} mm, CSI(15 cm) {csi:.3}", rmse * 1000.0);
        assert!(rmse <= limit_m && csi >= 0.94, "{what}: {rmse} {csi}");
    }
}
