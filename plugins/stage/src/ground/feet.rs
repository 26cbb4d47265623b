//! Ground of a city without a terrain raster: between the feet of its buildings, so that houses on a hill do not float.

use guanlan_city::City;
use guanlan_city::model::Terrain;

/// Feet that differ by less are those of a level town, m.
const LEAST_M: f32 = 3.0;
/// Cells along the longer side at most.
const SIDE: f32 = 192.0;
/// Smallest cell, m.
const CELL_M: f32 = 10.0;
/// How often the land between the feet is smoothed at each scale, from the widest on.
const ROUNDS: usize = 8;

/// The ground between the feet; `None` for a level town and for one with a terrain of its own.
#[must_use]
pub fn ground(city: &City) -> Option<Terrain> {
    if city.terrain.is_some() {
        return None;
    }
    let foot = |b: &guanlan_city::model::Building| {
        let z = b.parts.iter().map(|p| p.base_m).fold(f32::MAX, f32::min);
        b.centre().filter(|_| z.is_finite() && z < f32::MAX).map(|[x, y]| [x, y, z])
    };
    let feet: Vec<[f32; 3]> = city.buildings.iter().filter_map(foot).collect();
    let mut heights: Vec<f32> = feet.iter().map(|f| f[2]).collect();
    heights.sort_by(f32::total_cmp);
    let cut = heights.len() / 20;
    if heights.len() < 3 || heights[heights.len() - 1 - cut] - heights[cut] < LEAST_M {
        return None;
    }
    let [w, s, e, n] = city.extent;
    let cell_m = ((e - w).max(n - s) / SIDE).max(CELL_M);
    let count = |m: f32| (m / cell_m).ceil().max(1.0) as usize;
    let (cols, rows) = (count(e - w), count(n - s));
    let (mut sum, mut known) = (vec![0.0_f32; cols * rows], vec![0_u32; cols * rows]);
    for [x, y, z] in feet {
        let at = |v: f32, most: usize| ((v / cell_m).max(0.0) as usize).min(most - 1);
        let i = at(y - s, rows) * cols + at(x - w, cols);
        sum[i] += z;
        known[i] += 1;
    }
    let z: Vec<f32> = sum.iter().zip(&known).map(|(s, n)| if *n > 0 { s / *n as f32 } else { f32::NAN }).collect();
    let z_m = filled(&z, cols, rows);
    Some(Terrain { west_m: f64::from(w), south_m: f64::from(s), cell_m: f64::from(cell_m), cols, rows, z_m })
}

/// Every cell without a height takes that of the block around it, smoothed towards its neighbours.
fn filled(z: &[f32], cols: usize, rows: usize) -> Vec<f32> {
    if cols * rows <= 1 || z.iter().all(|v| v.is_finite()) {
        return z.to_vec();
    }
    let (half_cols, half_rows) = (cols.div_ceil(2), rows.div_ceil(2));
    let (mut sum, mut n) = (vec![0.0_f32; half_cols * half_rows], vec![0_u32; half_cols * half_rows]);
    let parent = |i: usize| i / cols / 2 * half_cols + i % cols / 2;
    for (i, v) in z.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        sum[parent(i)] += v;
        n[parent(i)] += 1;
    }
    let half: Vec<f32> = sum.iter().zip(&n).map(|(s, n)| if *n > 0 { s / *n as f32 } else { f32::NAN }).collect();
    let half = filled(&half, half_cols, half_rows);
    let mut all: Vec<f32> =
        z.iter().enumerate().map(|(i, v)| if v.is_finite() { *v } else { half[parent(i)] }).collect();
    for _ in 0..ROUNDS {
        smooth(&mut all, z, cols, rows);
    }
    all
}

/// Cells without a height of their own become the mean of their neighbours.
fn smooth(z: &mut [f32], own: &[f32], cols: usize, rows: usize) {
    for i in (0..z.len()).filter(|&i| !own[i].is_finite()) {
        let (c, r) = (i % cols, i / cols);
        let around = [z[r * cols + c.saturating_sub(1)], z[r * cols + (c + 1).min(cols - 1)]];
        let beyond = [z[r.saturating_sub(1) * cols + c], z[(r + 1).min(rows - 1) * cols + c]];
        z[i] = (around[0] + around[1] + beyond[0] + beyond[1]) / 4.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{Building, BuildingPart};

    /// Houses in a square of 1 km, as high as `z` says of their place.
    fn town(z: impl Fn(f32, f32) -> f32) -> City {
        let house = |i: u32| {
            let (x, y) = ((i % 7) as f32 * 150.0 + 20.0, (i / 7) as f32 * 150.0 + 20.0);
            let footprint = vec![[x - 5.0, y - 5.0], [x + 5.0, y - 5.0], [x + 5.0, y + 5.0], [x - 5.0, y + 5.0]];
            let part = BuildingPart { footprint, base_m: z(x, y), top_m: z(x, y) + 9.0, ..BuildingPart::default() };
            Building { parts: vec![part], ..Building::default() }
        };
        City { extent: [0.0, 0.0, 1000.0, 1000.0], buildings: (0..49).map(house).collect(), ..City::default() }
    }

    #[test]
    fn a_slope_lies_under_its_houses_and_between_them() {
        let city = town(|x, _| 400.0 + 0.1 * x);
        let ground = ground(&city).expect("a slope");
        for b in &city.buildings {
            let [x, y] = b.centre().expect("a place");
            let z = ground.height_m(f64::from(x), f64::from(y)).expect("filled");
            assert!((z - b.parts[0].base_m).abs() < 3.0, "{x} {y}: {z}");
        }
        let between = ground.height_m(545.0, 545.0).expect("filled");
        assert!((between - 454.5).abs() < 5.0, "{between}");
    }

    #[test]
    fn level_towns_and_those_with_a_terrain_have_none() {
        assert!(ground(&town(|_, _| 12.0)).is_none());
        let known = City { terrain: Some(Terrain::default()), ..town(|x, _| x) };
        assert!(ground(&known).is_none() && ground(&City::default()).is_none());
    }
}
