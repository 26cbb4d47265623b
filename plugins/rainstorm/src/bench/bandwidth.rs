//! The most a solver of this memory traffic could reach: five reads and three writes of f32 a cell, in place,
//! with next to no arithmetic (after the STREAM benchmark), on arrays far beyond the caches.

use std::time::Instant;

use rayon::prelude::*;

const CELLS: usize = 4_000_000;
const CHUNK: usize = 64 * 1024;

/// Cells a second, best of five.
pub(super) fn cells_per_s(pool: Option<&rayon::ThreadPool>) -> f64 {
    let fixed: Vec<Vec<f32>> = (0..2).map(|k| vec![k as f32 + 0.5; CELLS]).collect();
    let mut moving: Vec<Vec<f32>> = (0..3).map(|k| vec![k as f32 * 0.25; CELLS]).collect();
    let [a, b] = [&fixed[0], &fixed[1]];
    let mut best = 0.0_f64;
    for _ in 0..6 {
        let began = Instant::now();
        let (x, rest) = moving.split_at_mut(1);
        let (y, z) = rest.split_at_mut(1);
        let job = |((((x, y), z), a), b): ((((&mut [f32], &mut [f32]), &mut [f32]), &[f32]), &[f32])| {
            for i in 0..x.len() {
                let sum = (a[i] + b[i]) * 0.125 + (x[i] + y[i] + z[i]) * 0.25;
                x[i] = sum;
                y[i] = sum - a[i];
                z[i] = sum - b[i];
            }
        };
        match pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| {
                x[0].par_chunks_mut(CHUNK)
                    .zip(y[0].par_chunks_mut(CHUNK))
                    .zip(z[0].par_chunks_mut(CHUNK))
                    .zip(a.par_chunks(CHUNK))
                    .zip(b.par_chunks(CHUNK))
                    .for_each(job);
            }),
            _ => x[0]
                .chunks_mut(CHUNK)
                .zip(y[0].chunks_mut(CHUNK))
                .zip(z[0].chunks_mut(CHUNK))
                .zip(a.chunks(CHUNK))
                .zip(b.chunks(CHUNK))
                .for_each(job),
        }
        best = best.max(CELLS as f64 / began.elapsed().as_secs_f64());
    }
    // Keeps the optimiser from leaving the loops out.
    if moving.iter().all(|m| m[CELLS / 2].is_nan()) { 0.0 } else { best }
}
