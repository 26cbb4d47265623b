//! Marks by place: which rows may lie under a ray.

use std::sync::{Arc, Mutex};

use crate::scene::Motion;

/// Rows by square cell, as one list with offsets. Rebuilt when places change.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// Generation of the column it was made of.
    pub generation: u64,
    west_m: f32,
    south_m: f32,
    cell_m: f32,
    cols: usize,
    rows: usize,
    offsets: Vec<u32>,
    numbers: Vec<u32>,
    /// Lowest and highest mark, m.
    pub range_m: [f32; 2],
    /// A mark may be this far from the place it was sorted by, m.
    pub slack_m: f32,
}

/// A grid that is made when it is asked for, and again when the places are others.
#[derive(Debug, Default)]
pub struct LazyGrid(Mutex<Arc<Grid>>);

impl Clone for LazyGrid {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl LazyGrid {
    /// The grid of a generation of places.
    pub fn get(&self, generation: u64, make: impl FnOnce() -> Grid) -> Arc<Grid> {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.generation != generation {
            *held = Arc::new(make());
        }
        held.clone()
    }
}

/// Rows that share a cell on average.
const PER_CELL: f32 = 8.0;

impl Grid {
    /// Sorts places `[east, north, height]` into cells.
    #[must_use]
    pub fn new(generation: u64, places: impl ExactSizeIterator<Item = [f32; 3]> + Clone) -> Self {
        let count = places.len();
        let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
        for p in places.clone() {
            for k in 0..3 {
                low[k] = low[k].min(p[k]);
                high[k] = high[k].max(p[k]);
            }
        }
        if count == 0 || !(high[0] - low[0]).is_finite() || !(high[1] - low[1]).is_finite() {
            return Self { generation, ..Self::default() };
        }
        let (wide, deep) = ((high[0] - low[0]).max(1.0), (high[1] - low[1]).max(1.0));
        let cell_m = (wide * deep * PER_CELL / count as f32).sqrt().max(wide.max(deep) / 2048.0).max(1.0);
        let (cols, rows) = ((wide / cell_m) as usize + 1, (deep / cell_m) as usize + 1);
        let mut grid = Self {
            generation,
            west_m: low[0],
            south_m: low[1],
            cell_m,
            cols,
            rows,
            offsets: vec![0; cols * rows + 1],
            numbers: vec![0; count],
            range_m: [low[2], high[2]],
            slack_m: 0.0,
        };
        for p in places.clone() {
            let cell = grid.cell(p[0], p[1]);
            grid.offsets[cell + 1] += 1;
        }
        for k in 0..cols * rows {
            grid.offsets[k + 1] += grid.offsets[k];
        }
        let mut next = grid.offsets.clone();
        for (i, p) in places.enumerate() {
            let cell = grid.cell(p[0], p[1]);
            grid.numbers[next[cell] as usize] = i as u32;
            next[cell] += 1;
        }
        grid
    }

    /// Marks that glide are sorted by where they go; until they arrive they may be anywhere on their way.
    #[must_use]
    pub fn gliding(generation: u64, motions: &[Motion], now_ms: u32) -> Self {
        let mut grid = Self::new(generation, motions.iter().map(|m| m.to));
        for m in motions.iter().filter(|m| m.moving(now_ms)) {
            grid.slack_m = grid.slack_m.max((m.from[0] - m.to[0]).abs()).max((m.from[1] - m.to[1]).abs());
            grid.range_m = [grid.range_m[0].min(m.from[2]), grid.range_m[1].max(m.from[2])];
        }
        grid
    }

    fn cell(&self, east: f32, north: f32) -> usize {
        let c = (((east - self.west_m) / self.cell_m).max(0.0) as usize).min(self.cols - 1);
        let r = (((north - self.south_m) / self.cell_m).max(0.0) as usize).min(self.rows - 1);
        r * self.cols + c
    }

    /// Calls `offer` with each row in the box around two places, widened by `margin_m`.
    pub fn near(&self, a: [f32; 2], b: [f32; 2], margin_m: f32, mut offer: impl FnMut(u32)) {
        if self.numbers.is_empty() {
            return;
        }
        let index =
            |v: f32, edge: f32, count: usize| ((v - edge) / self.cell_m).floor().clamp(-1.0, count as f32) as i64;
        let c0 = index(a[0].min(b[0]) - margin_m, self.west_m, self.cols).max(0);
        let c1 = index(a[0].max(b[0]) + margin_m, self.west_m, self.cols).min(self.cols as i64 - 1);
        let r0 = index(a[1].min(b[1]) - margin_m, self.south_m, self.rows).max(0);
        let r1 = index(a[1].max(b[1]) + margin_m, self.south_m, self.rows).min(self.rows as i64 - 1);
        for r in r0..=r1 {
            for c in c0..=c1 {
                let cell = r as usize * self.cols + c as usize;
                let range = self.offsets[cell] as usize..self.offsets[cell + 1] as usize;
                self.numbers[range].iter().for_each(|&n| offer(n));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_near_a_place_is_offered_and_few_others() {
        let places: Vec<[f32; 3]> = (0..10_000u32)
            .map(|i| {
                let u = |k: f64| ((f64::from(i) * k).fract() * 10_000.0) as f32;
                [u(0.754_877_666), u(0.569_840_290), 4.0]
            })
            .collect();
        let grid = Grid::new(1, places.iter().copied());
        for probe in [[0.0, 0.0], [5000.0, 5000.0], [9999.0, 1.0], [-50.0, 20_000.0]] {
            let mut got = Vec::new();
            grid.near(probe, probe, 60.0, |i| got.push(i as usize));
            for (i, p) in places.iter().enumerate() {
                if (p[0] - probe[0]).abs() <= 60.0 && (p[1] - probe[1]).abs() <= 60.0 {
                    assert!(got.contains(&i));
                }
            }
            assert!(got.len() < 200, "{}", got.len());
        }
        Grid::new(1, Vec::<[f32; 3]>::new().into_iter()).near([0.0; 2], [0.0; 2], 1e9, |_| panic!("no rows"));
    }
}
