//! Terrain of several files, and things that stand on it.

use crate::model::{Building, DrainageNetwork, Terrain};

use super::raster::MAX_CELLS;

/// One terrain of several: cells of the finest, the first file that has data wins.
pub(super) fn mosaic(mut parts: Vec<Terrain>) -> Option<Terrain> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let mut cell = parts.iter().map(|t| t.cell_m).fold(f64::MAX, f64::min);
    let west = parts.iter().map(|t| t.west_m).fold(f64::MAX, f64::min);
    let south = parts.iter().map(|t| t.south_m).fold(f64::MAX, f64::min);
    let east = parts.iter().map(|t| t.west_m + t.cell_m * t.cols as f64).fold(f64::MIN, f64::max);
    let north = parts.iter().map(|t| t.south_m + t.cell_m * t.rows as f64).fold(f64::MIN, f64::max);
    let count = |cell: f64| (((east - west) / cell - 1e-6).ceil(), ((north - south) / cell - 1e-6).ceil());
    while count(cell).0 * count(cell).1 > MAX_CELLS as f64 {
        cell *= 2.0;
    }
    let (cols, rows) = (count(cell).0 as usize, count(cell).1 as usize);
    let mut z_m = Vec::with_capacity(cols * rows);
    for row in 0..rows {
        let y = south + (row as f64 + 0.5) * cell;
        for col in 0..cols {
            let x = west + (col as f64 + 0.5) * cell;
            let z = parts.iter().filter(|t| covers(t, x, y)).find_map(|t| t.height_m(x, y));
            z_m.push(z.unwrap_or(f32::NAN));
        }
    }
    Some(Terrain { west_m: west, south_m: south, cell_m: cell, cols, rows, z_m })
}

fn covers(t: &Terrain, x: f64, y: f64) -> bool {
    let (col, row) = ((x - t.west_m) / t.cell_m, (y - t.south_m) / t.cell_m);
    col >= 0.0 && row >= 0.0 && col <= t.cols as f64 && row <= t.rows as f64
}

/// Cuts a terrain to whole cells around `[west, south, east, north]`; `None` when nothing is left.
pub(super) fn cut(t: &Terrain, bounds: [f64; 4]) -> Option<Terrain> {
    let index = |v: f64, n: usize| v.clamp(0.0, n as f64) as usize;
    let c0 = index(((bounds[0] - t.west_m) / t.cell_m).floor(), t.cols);
    let r0 = index(((bounds[1] - t.south_m) / t.cell_m).floor(), t.rows);
    let c1 = index(((bounds[2] - t.west_m) / t.cell_m).ceil(), t.cols);
    let r1 = index(((bounds[3] - t.south_m) / t.cell_m).ceil(), t.rows);
    if c0 >= c1 || r0 >= r1 {
        return None;
    }
    let mut z_m = Vec::with_capacity((c1 - c0) * (r1 - r0));
    for row in r0..r1 {
        z_m.extend_from_slice(&t.z_m[row * t.cols + c0..row * t.cols + c1]);
    }
    Some(Terrain {
        west_m: t.west_m + c0 as f64 * t.cell_m,
        south_m: t.south_m + r0 as f64 * t.cell_m,
        cell_m: t.cell_m,
        cols: c1 - c0,
        rows: r1 - r0,
        z_m,
    })
}

/// How far buildings stand above the ground, m: the median of lowest base minus ground.
pub(super) fn median_above_ground_m(buildings: &[Building], terrain: &Terrain) -> Option<f32> {
    let above = buildings.iter().filter_map(|b| {
        let [x, y] = b.centre()?;
        let base = b.parts.iter().map(|p| p.base_m).fold(f32::MAX, f32::min);
        covers(terrain, f64::from(x), f64::from(y)).then_some(())?;
        Some(base - terrain.height_m(f64::from(x), f64::from(y))?)
    });
    median(above.collect())
}

/// How far the rims of manholes stand above the ground, m, in the median.
pub(super) fn median_rim_above_ground_m(network: &DrainageNetwork, terrain: &Terrain) -> Option<f32> {
    let above = network.nodes.iter().filter_map(|n| {
        let [x, y] = n.place_m?;
        (covers(terrain, x, y) && n.max_depth_m > 0.0).then_some(())?;
        Some(n.invert_m + n.max_depth_m - terrain.height_m(x, y)?)
    });
    median(above.collect())
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.retain(|v| v.is_finite());
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(west_m: f64, south_m: f64, cell_m: f64, side: usize, z: f32) -> Terrain {
        Terrain { west_m, south_m, cell_m, cols: side, rows: side, z_m: vec![z; side * side] }
    }

    #[test]
    fn mosaics_take_the_first_file_that_has_data() {
        let mut fine = flat(0.0, 0.0, 1.0, 10, 1.0);
        fine.z_m[0] = f32::NAN;
        let coarse = flat(-10.0, -10.0, 5.0, 8, 2.0);
        let all = mosaic(vec![fine, coarse]).expect("terrain");
        assert_eq!((all.cols, all.rows, all.cell_m, all.west_m), (40, 40, 1.0, -10.0));
        assert_eq!((all.z_m[0], all.z_m[15 * 40 + 15], all.z_m[10 * 40 + 10]), (2.0, 1.0, 2.0));
        let apart = mosaic(vec![flat(0.0, 0.0, 1.0, 2, 1.0), flat(4.0, 0.0, 1.0, 2, 1.0)]).expect("terrain");
        assert!(apart.z_m[3].is_nan(), "between them there is no data");
        assert_eq!(mosaic(vec![]), None);
    }

    #[test]
    fn cuts_to_whole_cells() {
        let t = flat(0.0, 0.0, 10.0, 10, 3.0);
        let c = cut(&t, [15.0, -50.0, 31.0, 25.0]).expect("overlap");
        assert_eq!((c.west_m, c.south_m, c.cols, c.rows), (10.0, 0.0, 3, 3));
        assert_eq!(cut(&t, [200.0, 0.0, 300.0, 100.0]), None);
    }
}
