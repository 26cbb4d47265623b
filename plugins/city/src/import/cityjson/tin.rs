//! The terrain of a CityJSON file (`TINRelief`): its triangles as a grid of heights.

use crate::{
    import::{Report, Severity},
    model::Terrain,
};

/// Most cells of the grid.
const MOST_CELLS: f64 = 4_000_000.0;
/// Smallest and largest cell, m.
const CELL_M: [f64; 2] = [0.5, 50.0];

/// Triangles in local m as a grid whose cells are about as large as they are; `None` without any.
pub(super) fn terrain(triangles: &[[[f32; 3]; 3]], report: &mut Report) -> Option<Terrain> {
    let (mut west, mut south, mut east, mut north) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    let mut area_m2 = 0.0;
    for t in triangles.iter().map(wide) {
        for p in t {
            (west, south) = (west.min(p[0]), south.min(p[1]));
            (east, north) = (east.max(p[0]), north.max(p[1]));
        }
        area_m2 += twice_area(&t).abs() / 2.0;
    }
    if triangles.is_empty() || area_m2 <= 0.0 || ![west, south, east, north].iter().all(|v| v.is_finite()) {
        return None;
    }
    let mut cell_m = (area_m2 / triangles.len() as f64).sqrt().clamp(CELL_M[0], CELL_M[1]);
    let count = |cell_m: f64| (((east - west) / cell_m).ceil().max(1.0), ((north - south) / cell_m).ceil().max(1.0));
    while count(cell_m).0 * count(cell_m).1 > MOST_CELLS {
        cell_m *= 1.5;
    }
    let (cols, rows) = (count(cell_m).0 as usize, count(cell_m).1 as usize);
    let mut z_m = vec![f32::NAN; cols * rows];
    let index = |v: f64, from: f64, n: usize| (((v - from) / cell_m) as usize).min(n - 1);
    for t in triangles.iter().map(wide) {
        let (low, high) = ([0, 1].map(|k| least(&t, k)), [0, 1].map(|k| most(&t, k)));
        for row in index(low[1], south, rows)..=index(high[1], south, rows) {
            for col in index(low[0], west, cols)..=index(high[0], west, cols) {
                let at = [west + (col as f64 + 0.5) * cell_m, south + (row as f64 + 0.5) * cell_m];
                let own = &mut z_m[row * cols + col];
                match height(&t, at) {
                    // Of two layers the upper one is the ground.
                    Some(z) => *own = own.max(z as f32),
                    // Triangles smaller than a cell may hold no cell's middle.
                    None if own.is_nan() && high[0] - low[0] < cell_m && high[1] - low[1] < cell_m => {
                        *own = ((t[0][2] + t[1][2] + t[2][2]) / 3.0) as f32;
                    }
                    None => {}
                }
            }
        }
    }
    let text = format!("{} triangles of terrain made a grid of {cell_m:.1} m cells", triangles.len());
    report.note(Severity::Guessed, "TINRelief", text);
    report.count("terrain_cells", z_m.iter().filter(|z| z.is_finite()).count());
    Some(Terrain { west_m: west, south_m: south, cell_m, cols, rows, z_m })
}

type Triangle = [[f64; 3]; 3];

fn wide(t: &[[f32; 3]; 3]) -> Triangle {
    t.map(|p| p.map(f64::from))
}

fn least(t: &Triangle, axis: usize) -> f64 {
    t[0][axis].min(t[1][axis]).min(t[2][axis])
}

fn most(t: &Triangle, axis: usize) -> f64 {
    t[0][axis].max(t[1][axis]).max(t[2][axis])
}

/// Twice the area in plan, m².
fn twice_area([a, b, c]: &Triangle) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Height of a triangle above a place; `None` beside it and for one that stands upright.
fn height(t: &Triangle, at: [f64; 2]) -> Option<f64> {
    let [a, b, c] = t;
    let all = twice_area(t);
    if all.abs() < 1e-9 {
        return None;
    }
    let p = [at[0], at[1], 0.0];
    let shares = [twice_area(&[p, *b, *c]), twice_area(&[*a, p, *c]), twice_area(&[*a, *b, p])].map(|s| s / all);
    let inside = shares.iter().all(|s| *s >= -1e-9);
    inside.then(|| shares[0] * a[2] + shares[1] * b[2] + shares[2] * c[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_of_two_triangles() {
        let corner = |x: f32, y: f32| [x, y, y / 10.0];
        let (a, b, c, d) = (corner(0.0, 0.0), corner(100.0, 0.0), corner(100.0, 100.0), corner(0.0, 100.0));
        let mut report = Report::default();
        let t = terrain(&[[a, b, c], [a, c, d]], &mut report).unwrap();
        assert_eq!((t.cols, t.rows, t.cell_m, t.west_m), (2, 2, 50.0, 0.0));
        assert!(t.z_m.iter().zip([2.5, 2.5, 7.5, 7.5]).all(|(z, want)| (z - want).abs() < 1e-4), "{:?}", t.z_m);
        assert_eq!(report.problems.len(), 1);
        assert_eq!(terrain(&[], &mut report), None);
        // An upright triangle alone is no ground.
        assert_eq!(terrain(&[[a, b, [50.0, 0.0, 9.0]]], &mut report), None);
    }
}
