//! Rain that differs from cell to cell, and its losses. Slower than a uniform series, which the kernels
//! apply themselves; still once a second of simulated time, not each step.

use rayon::prelude::*;

use super::{Domain, kernel::two_sum};
use crate::storm::RainField;

/// Padded state that rain changes.
pub(super) struct Water<'a> {
    /// Depths, m.
    pub h: &'a mut Vec<f32>,
    /// What rounding has kept from each depth, m.
    pub film: &'a mut Vec<f32>,
    /// Rain fallen so far, mm; filled here when losses need it.
    pub fallen_mm: &'a mut Vec<f32>,
}

/// What came and what was kept back, in m summed over cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RainSums {
    /// Rain, roofs included.
    pub rain_m: f64,
    /// Kept back by the ground.
    pub lost_m: f64,
}

/// Runoff of a field of rain between two times, m, row by row from the south-west without padding, with the rain
/// each cell has had so far (`fallen_mm`, of the same shape). Ponded water is not looked at: `visit` gets each row.
pub fn runoff_rows(
    domain: &Domain,
    rain: &dyn RainField,
    time_s: [f64; 2],
    fallen_mm: &mut [f32],
    visit: &mut dyn FnMut(usize, &[f32]),
) -> RainSums {
    let cols = domain.grid.cols;
    let (mut mm, mut came, mut sums) = (vec![0.0_f32; cols], vec![0.0_f32; cols], RainSums::default());
    for row in 0..domain.grid.rows {
        rain.row_mm(&domain.grid, row, time_s[0], time_s[1], &mut mm);
        let at = domain.grid.padded(0, row);
        for k in 0..cols {
            came[k] = runoff_m(domain, at + k, mm[k], &mut fallen_mm[row * cols + k], &mut sums);
        }
        visit(row, &came);
    }
    sums
}

/// Runoff of what falls on a padded cell, m; booked.
fn runoff_m(domain: &Domain, p: usize, fell_mm: f32, fallen_mm: &mut f32, sums: &mut RainSums) -> f32 {
    let fell = if fell_mm > 0.0 { f64::from(fell_mm) } else { 0.0 };
    let (own, roof) = (f64::from(domain.own[p]), f64::from(domain.roof[p]));
    if own + roof <= 0.0 {
        return 0.0;
    }
    let before_mm = f64::from(*fallen_mm);
    *fallen_mm = (before_mm + fell) as f32;
    let class = usize::from(domain.class[p] & 7).min(5);
    let run = |class: usize| domain.losses[class].runoff_mm(before_mm, before_mm + fell).clamp(0.0, fell);
    let came = if fell > 0.0 { (own * run(class) + roof * run(5)) / 1000.0 } else { 0.0 } as f32;
    let rained_m = (own + roof) * fell / 1000.0;
    sums.rain_m += rained_m;
    sums.lost_m += rained_m - f64::from(came);
    came
}

/// Applies the rain and losses of `time_s[0]..time_s[1]`.
pub(super) fn apply(
    domain: &Domain,
    rain: &dyn RainField,
    time_s: [f64; 2],
    water: Water<'_>,
    pool: Option<&rayon::ThreadPool>,
) -> RainSums {
    let grid = domain.grid;
    let (s, cols, rows) = (grid.stride(), grid.cols, grid.rows);
    let capacity_m = domain.losses.map(|l| l.capacity_mm(time_s[0], time_s[1]).max(0.0) / 1000.0);
    water.fallen_mm.resize(water.h.len(), 0.0);
    let job = |(row, ((h, film), fallen)): (usize, ((&mut [f32], &mut [f32]), &mut [f32]))| {
        let at = (row + 1) * s + 1;
        let mut mm = vec![0.0_f32; cols];
        rain.row_mm(&grid, row, time_s[0], time_s[1], &mut mm);
        let mut sums = RainSums::default();
        for (k, fell) in mm.iter().enumerate() {
            let (p, i) = (at + k, k + 1);
            let own = f64::from(domain.own[p]);
            if own + f64::from(domain.roof[p]) <= 0.0 {
                continue;
            }
            let came = runoff_m(domain, p, *fell, &mut fallen[i], &mut sums);
            (h[i], film[i]) = two_sum(h[i], film[i] + came);
            let class = usize::from(domain.class[p] & 7).min(5);
            let capacity = capacity_m[class] * own;
            if capacity > 0.0 && h[i] + film[i] > 0.0 {
                let held = f64::from(h[i]) + f64::from(film[i]);
                h[i] = (held - capacity).max(0.0) as f32;
                film[i] = 0.0;
                sums.lost_m += held - f64::from(h[i]);
            }
        }
        sums
    };
    let inner = s..(rows + 1) * s;
    let sums: Vec<RainSums> = match pool {
        Some(pool) if pool.current_num_threads() > 1 => pool.install(|| {
            water.h[inner.clone()]
                .par_chunks_mut(s)
                .zip(water.film[inner.clone()].par_chunks_mut(s))
                .zip(water.fallen_mm[inner].par_chunks_mut(s))
                .enumerate()
                .map(job)
                .collect()
        }),
        _ => water.h[inner.clone()]
            .chunks_mut(s)
            .zip(water.film[inner.clone()].chunks_mut(s))
            .zip(water.fallen_mm[inner].chunks_mut(s))
            .enumerate()
            .map(job)
            .collect(),
    };
    // In row order, whatever the threads did.
    sums.into_iter()
        .fold(RainSums::default(), |a, b| RainSums { rain_m: a.rain_m + b.rain_m, lost_m: a.lost_m + b.lost_m })
}
