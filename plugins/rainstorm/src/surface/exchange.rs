//! Rain, losses and drains, about once a second of simulated time.

use rayon::prelude::*;

use super::{
    Solver,
    kernel::Kernel,
    rain_rows,
    soil::{self, SoilRow},
    solver::BAND_ROWS,
    source::{self, RowSources},
    street::Raster,
};
use crate::{drains::Drains, storm::RainField};

/// What one row is made of while rain falls on it.
struct RowWater<'a> {
    h: &'a mut [f32],
    film: &'a mut [f32],
    qx: &'a mut [f32],
    qy: &'a mut [f32],
    wet: &'a mut u64,
    top: &'a mut f32,
}

impl<K: Kernel> Solver<K> {
    /// Rain, losses and drains for the time since the last exchange.
    pub(super) fn exchange(&mut self, rain: &dyn RainField, drains: Option<&mut Drains>) {
        let (from_s, to_s) = (self.exchanged_s, self.time_s);
        if to_s <= from_s {
            return;
        }
        self.exchanged_s = to_s;
        if let Some(series) = rain.uniform() {
            let (from_mm, to_mm) = (series.cumulative_mm(from_s), series.cumulative_mm(to_s));
            if to_mm > from_mm || self.domain.soaks {
                self.apply_rain([from_mm, to_mm], [from_s, to_s]);
            }
        } else {
            self.apply_field(rain, [from_s, to_s]);
        }
        if !self.soaked_m.is_empty() {
            self.soak(to_s - from_s);
        }
        if let Some(drains) = drains {
            self.meet_drains(drains, to_s - from_s);
        }
    }

    fn meet_drains(&mut self, drains: &mut Drains, dt_s: f64) {
        self.changed.clear();
        let mut street = Raster {
            h: &mut self.h,
            film: &mut self.film,
            z: &self.domain.z,
            datum_m: self.domain.datum_m,
            cell_area_m2: self.domain.grid.cell_area_m2(),
            pores: &self.domain.pores,
            changed: &mut self.changed,
        };
        let moved = match &self.pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| drains.exchange(dt_s, &mut street)),
            _ => drains.exchange(dt_s, &mut street),
        };
        self.books.drained_m3 += moved.taken_m3;
        self.books.surcharged_m3 += moved.returned_m3;
        let changed = std::mem::take(&mut self.changed);
        for (p, before) in &changed {
            self.dilute(*p, *before);
            self.touch(*p);
        }
        self.changed = changed;
    }

    /// Water that joined a cell had no speed.
    pub(super) fn dilute(&mut self, p: usize, before_m: f32) {
        let now = self.h[p];
        if K::CELL_SPEEDS && now > before_m {
            let share = before_m / now;
            self.qx[p] *= share;
            self.qy[p] *= share;
        }
    }

    fn apply_rain(&mut self, rain_mm: [f64; 2], time_s: [f64; 2]) {
        let area = self.domain.grid.cell_area_m2();
        let fell = (rain_mm[1] - rain_mm[0]) / 1000.0;
        let (mut runoff, mut capacity) = ([0.0_f32; 6], [0.0_f32; 6]);
        let weighted = !self.domain.weight.is_empty();
        let rain_m = fell as f32;
        let rained: f64 = self.domain.class_cells.iter().sum();
        self.books.rain_m3 += rained * fell * area;
        if weighted {
            self.books.infiltration_m3 += (rained * fell - self.domain.weight_sum * f64::from(rain_m)) * area;
        } else {
            for (k, loss) in self.domain.losses.iter().enumerate() {
                runoff[k] = (loss.runoff_mm(rain_mm[0], rain_mm[1]) / 1000.0).max(0.0) as f32;
                capacity[k] = (loss.capacity_mm(time_s[0], time_s[1]) / 1000.0).max(0.0) as f32;
                let kept = fell - f64::from(runoff[k]);
                self.books.infiltration_m3 += self.domain.class_cells[k] * kept * area;
            }
        }
        let domain = self.domain.clone();
        let (s, cols, soaks) = (domain.grid.stride(), domain.grid.cols, domain.soaks);
        let taken = self.each_row(|row, h, film| {
            let at = (row + 1) * s + 1;
            if weighted {
                source::apply_weighted(&domain.weight[at..][..cols], rain_m, h, film);
                return 0.0;
            }
            let sources = RowSources {
                runoff_m: &runoff,
                capacity_m: &capacity,
                class: &domain.class[at..][..cols],
                own: &domain.own[at..][..cols],
                roof: &domain.roof[at..][..cols],
            };
            source::apply(&sources, soaks, h, film)
        });
        self.books.infiltration_m3 += taken * area;
    }

    /// Changes the depths of every row (from 0, without padding) and looks for wet blocks again; the sum of
    /// what the rows return, in row order.
    fn each_row(&mut self, change: impl Fn(usize, &mut [f32], &mut [f32]) -> f64 + Sync) -> f64 {
        let grid = self.domain.grid;
        let (s, cols, rows) = (grid.stride(), grid.cols, grid.rows);
        let (blocks, min) = (self.blocks, self.kernel.depth_min_m());
        self.stale.iter_mut().for_each(|s| s[0] = u64::MAX);
        let job = |(k, w): (usize, RowWater<'_>)| {
            let before = if K::CELL_SPEEDS { w.h.to_vec() } else { Vec::new() };
            let sum = change(k, &mut w.h[1..=cols], &mut w.film[1..=cols]);
            for (i, before) in before.iter().enumerate() {
                if w.h[i] > *before {
                    let share = before / w.h[i];
                    w.qx[i] *= share;
                    w.qy[i] *= share;
                }
            }
            (*w.wet, *w.top) = blocks.wet(w.h, blocks.all(), min);
            sum
        };
        let inner = s..(rows + 1) * s;
        let collect = |((((h, film), qx), qy), (wet, top))| RowWater { h, film, qx, qy, wet, top };
        let (h, film) = (&mut self.h[inner.clone()], &mut self.film[inner.clone()]);
        let (qx, qy) = (&mut self.qx[inner.clone()], &mut self.qy[inner]);
        let (wet, top) = (&mut self.wet[1..=rows], &mut self.row_max[1..=rows]);
        let sums: Vec<f64> = match &self.pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| {
                h.par_chunks_mut(s)
                    .zip(film.par_chunks_mut(s))
                    .zip(qx.par_chunks_mut(s))
                    .zip(qy.par_chunks_mut(s))
                    .zip(wet.par_iter_mut().zip(top.par_iter_mut()))
                    .map(collect)
                    .enumerate()
                    .with_min_len(BAND_ROWS)
                    .map(job)
                    .collect()
            }),
            _ => h
                .chunks_mut(s)
                .zip(film.chunks_mut(s))
                .zip(qx.chunks_mut(s))
                .zip(qy.chunks_mut(s))
                .zip(wet.iter_mut().zip(top.iter_mut()))
                .map(collect)
                .enumerate()
                .map(job)
                .collect(),
        };
        sums.iter().sum()
    }

    /// Rain that differs from cell to cell.
    fn apply_field(&mut self, rain: &dyn RainField, time_s: [f64; 2]) {
        let domain = self.domain.clone();
        let area = domain.grid.cell_area_m2();
        let before = if K::CELL_SPEEDS { self.h.clone() } else { Vec::new() };
        let water = rain_rows::Water { h: &mut self.h, film: &mut self.film, fallen_mm: &mut self.fallen_mm };
        let sums = rain_rows::apply(&domain, rain, time_s, water, self.pool.as_deref());
        self.books.rain_m3 += sums.rain_m * area;
        self.books.infiltration_m3 += sums.lost_m * area;
        for (p, before) in before.into_iter().enumerate() {
            self.dilute(p, before);
        }
        self.stale.iter_mut().for_each(|s| s[0] = u64::MAX);
        self.rescan();
    }

    /// Green-Ampt soils take their share of what stands on them.
    fn soak(&mut self, dt_s: f64) {
        let domain = self.domain.clone();
        let (s, cols, area) = (domain.grid.stride(), domain.grid.cols, domain.grid.cell_area_m2());
        let inner = s..(domain.grid.rows + 1) * s;
        let (h, film) = (&mut self.h[inner.clone()], &mut self.film[inner.clone()]);
        let soaked = &mut self.soaked_m[inner];
        let job = |(k, ((h, film), soaked)): (usize, ((&mut [f32], &mut [f32]), &mut [f64]))| {
            let row = SoilRow { h: &mut h[1..=cols], film: &mut film[1..=cols], soaked_m: &mut soaked[1..=cols] };
            soil::soak(&domain, (k + 1) * s + 1, row, dt_s)
        };
        let taken: Vec<f64> = match &self.pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| {
                h.par_chunks_mut(s)
                    .zip(film.par_chunks_mut(s))
                    .zip(soaked.par_chunks_mut(s))
                    .enumerate()
                    .map(job)
                    .collect()
            }),
            _ => h.chunks_mut(s).zip(film.chunks_mut(s)).zip(soaked.chunks_mut(s)).enumerate().map(job).collect(),
        };
        self.books.infiltration_m3 += taken.iter().sum::<f64>() * area;
        self.stale.iter_mut().for_each(|s| s[0] = u64::MAX);
        self.rescan();
    }
}
