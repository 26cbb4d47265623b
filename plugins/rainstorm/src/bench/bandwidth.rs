//! What the memory of this machine can move, by a triad `a = b + s c` after the STREAM benchmark on arrays far
//! beyond the caches, and with it the most a solver of kernel A's traffic could reach.

use std::time::Instant;

use rayon::prelude::*;

/// Bytes of memory that one cell of kernel A costs in a step: reads of bed, friction, depth, film and both
/// discharges, writes of the film and, with the read that a write to a new place costs, of depth and discharges.
pub(super) const BYTES_A_CELL: f64 = 4.0 * (6.0 + 1.0 + 3.0 * 2.0);
/// Bytes of one element of the triad: two reads, a write and the read that it costs.
const BYTES_AN_ELEMENT: f64 = 16.0;
const CHUNK: usize = 64 * 1024;
/// Arrays are at least so many bytes each.
const LEAST_BYTES: usize = 96 << 20;

/// Size of the largest cache of this machine, bytes; 0 when it does not say.
fn largest_cache() -> usize {
    let read = |index: usize| {
        let text = std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/size")).ok()?;
        let text = text.trim();
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let scale = match unit {
            "K" => 1 << 10,
            "M" => 1 << 20,
            _ => 1,
        };
        Some(number.parse::<usize>().ok()? * scale)
    };
    (0..5).filter_map(read).max().unwrap_or(0)
}

/// Bytes a second, best of five.
pub(super) fn bytes_per_s(pool: Option<&rayon::ThreadPool>) -> f64 {
    // All three together are at least nine times the last cache, within reason.
    let bytes = (3 * largest_cache()).clamp(LEAST_BYTES, 512 << 20);
    let elements = (bytes / 4).next_multiple_of(CHUNK);
    let (b, c) = (vec![0.5_f32; elements], vec![0.25_f32; elements]);
    let mut a = vec![0.0_f32; elements];
    let mut best = 0.0_f64;
    for k in 0..6_u8 {
        let scale = 1.0 + f32::from(k);
        let began = Instant::now();
        let job = |((a, b), c): ((&mut [f32], &[f32]), &[f32])| {
            for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                *a = b + scale * c;
            }
        };
        match pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| {
                a.par_chunks_mut(CHUNK).zip(b.par_chunks(CHUNK)).zip(c.par_chunks(CHUNK)).for_each(job);
            }),
            _ => a.chunks_mut(CHUNK).zip(b.chunks(CHUNK)).zip(c.chunks(CHUNK)).for_each(job),
        }
        let rate = elements as f64 * BYTES_AN_ELEMENT / began.elapsed().as_secs_f64();
        // The first round only touches the pages.
        best = if k == 0 { 0.0 } else { best.max(rate) };
    }
    // Keeps the optimiser from leaving the loops out.
    if a[elements / 2].is_nan() { 0.0 } else { best }
}
