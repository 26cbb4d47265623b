//! The state of a surface and how it moves in time; what moves it within a step is a [`Kernel`].

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    Blocks, Boundary, BoundaryKind, Domain, Forcing, Ledger, Simd, boundary,
    kernel::{Band, Kernel, Old},
    pores::OpenWater,
};

/// Padded rows computed by one task. Fixed, so that nothing depends on the number of threads.
pub(super) const BAND_ROWS: usize = 32;
/// Rain and drains are exchanged when this much simulated time has gathered, s, unless asked otherwise.
pub(super) const EXCHANGE_S: f64 = 1.0;
/// Most times a step is halved.
const RETRIES: u32 = 16;

/// A surface under one kernel. Cloning forks it.
#[derive(Clone)]
pub struct Solver<K: Kernel> {
    pub(super) domain: Arc<Domain>,
    pub(super) kernel: K,
    pub(super) simd: Simd,
    pub(super) pool: Option<Arc<rayon::ThreadPool>>,
    pub(super) blocks: Blocks,
    pub(super) h: Vec<f32>,
    pub(super) qx: Vec<f32>,
    pub(super) qy: Vec<f32>,
    pub(super) film: Vec<f32>,
    next_h: Vec<f32>,
    next_qx: Vec<f32>,
    next_qy: Vec<f32>,
    /// Empty unless the kernel may have to take a step again.
    next_film: Vec<f32>,
    /// Empty unless the ground is porous.
    open: OpenWater,
    pub(super) wet: Vec<u64>,
    next_wet: Vec<u64>,
    pub(super) row_max: Vec<f32>,
    pub(super) stale: Vec<[u64; 2]>,
    pub(super) fastest_m_s: f32,
    pub(super) time_s: f64,
    /// Time up to which rain, losses and drains have been exchanged, s.
    pub(super) exchanged_s: f64,
    /// Time between such exchanges, s.
    pub(super) exchange_every_s: f64,
    pub(super) steps: u64,
    pub(super) cell_updates: u64,
    pub(super) books: Ledger,
    /// Rain fallen on each cell, mm, padded: kept only where losses depend on it and rain on place.
    pub(super) fallen_mm: Vec<f32>,
    /// Depth the soil of each cell has taken, m, padded: kept only with Green-Ampt.
    pub(super) soaked_m: Vec<f64>,
    pub(super) boundaries: Arc<Vec<Boundary>>,
    pub(super) changed: Vec<(usize, f32)>,
}

impl<K: Kernel> Solver<K> {
    /// A dry domain (cells with a held level are filled to it). `pool` is where the rows run; without
    /// one, on the calling thread.
    #[must_use]
    pub fn new(domain: Arc<Domain>, kernel: K, pool: Option<Arc<rayon::ThreadPool>>) -> Self {
        let len = domain.grid.padded_len();
        let rows = domain.grid.rows + 3;
        let blocks = Blocks::new(domain.grid.cols);
        let soils = domain.green_ampt().iter().any(Option::is_some);
        let mut solver = Self {
            domain,
            kernel,
            simd: Simd::detect(),
            pool,
            blocks,
            h: vec![0.0; len],
            qx: vec![0.0; len],
            qy: vec![0.0; len],
            film: vec![0.0; len],
            next_h: vec![0.0; len],
            next_qx: vec![0.0; len],
            next_qy: vec![0.0; len],
            next_film: if K::RETRIES { vec![0.0; len] } else { Vec::new() },
            open: OpenWater::default(),
            wet: vec![0; rows],
            next_wet: vec![0; rows],
            row_max: vec![0.0; rows],
            stale: vec![[0; 2]; rows],
            fastest_m_s: 0.0,
            time_s: 0.0,
            exchanged_s: 0.0,
            exchange_every_s: EXCHANGE_S,
            steps: 0,
            cell_updates: 0,
            books: Ledger::default(),
            fallen_mm: Vec::new(),
            soaked_m: if soils { vec![0.0; len] } else { Vec::new() },
            boundaries: Arc::default(),
            changed: Vec::new(),
        };
        boundary::hold(&solver.domain, &mut solver.h, &mut solver.film);
        solver.restart_books();
        solver
    }

    /// A copy without room for a step, which it makes when it takes one: copies are kept by the dozen.
    pub(super) fn fork(&self) -> Self {
        Self {
            domain: self.domain.clone(),
            kernel: self.kernel.clone(),
            simd: self.simd,
            pool: self.pool.clone(),
            blocks: self.blocks.clone(),
            h: self.h.clone(),
            qx: self.qx.clone(),
            qy: self.qy.clone(),
            film: self.film.clone(),
            next_h: Vec::new(),
            next_qx: Vec::new(),
            next_qy: Vec::new(),
            next_film: Vec::new(),
            open: OpenWater::default(),
            wet: self.wet.clone(),
            next_wet: self.next_wet.clone(),
            row_max: self.row_max.clone(),
            stale: vec![[u64::MAX; 2]; self.stale.len()],
            fallen_mm: self.fallen_mm.clone(),
            soaked_m: self.soaked_m.clone(),
            boundaries: self.boundaries.clone(),
            changed: self.changed.clone(),
            ..*self
        }
    }

    fn make_room(&mut self) {
        let len = self.h.len();
        if self.next_h.len() != len {
            for next in [&mut self.next_h, &mut self.next_qx, &mut self.next_qy] {
                next.resize(len, 0.0);
            }
            self.next_film.resize(if K::RETRIES { len } else { 0 }, 0.0);
        }
    }

    /// The kernel's settings.
    #[must_use]
    pub fn settings(&self) -> &K {
        &self.kernel
    }

    /// Inflows and levels that follow a series, in place of those there were.
    pub fn set_boundaries(&mut self, boundaries: Vec<Boundary>) {
        let grid = self.domain.grid;
        let mut boundaries = boundaries;
        for b in &mut boundaries {
            b.cells.retain(|(c, r)| *c < grid.cols && *r < grid.rows && !self.domain.is_blocked(*c, *r));
        }
        boundaries.retain(|b| !b.cells.is_empty());
        self.boundaries = Arc::new(boundaries);
    }

    /// Sets initial depths in m from cell column and row; blocked cells stay dry, what is not finite or
    /// negative counts as dry.
    pub fn set_depths(&mut self, depth_m: impl Fn(usize, usize) -> f32) {
        let grid = self.domain.grid;
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let depth = depth_m(col, row);
                if !self.domain.is_blocked(col, row) && depth.is_finite() {
                    let p = grid.padded(col, row);
                    self.h[p] = depth.max(0.0) * self.domain.pores.share(p) as f32;
                }
            }
        }
        boundary::hold(&self.domain, &mut self.h, &mut self.film);
        self.restart_books();
    }

    /// Sets initial water levels in m above the datum; cells above the level stay dry.
    pub fn set_level(&mut self, level_m: impl Fn(usize, usize) -> f64) {
        let domain = self.domain.clone();
        self.set_depths(|c, r| {
            let z = domain.z[domain.grid.padded(c, r)];
            ((level_m(c, r) - domain.datum_m) as f32 - z).max(0.0)
        });
    }

    /// Sets initial velocities in m/s, east and north. Only kernels that keep velocities of cells have them;
    /// others start at rest and return false.
    pub fn set_velocities(&mut self, velocity_m_s: impl Fn(usize, usize) -> [f64; 2]) -> bool {
        if !K::CELL_SPEEDS {
            return false;
        }
        let grid = self.domain.grid;
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let p = grid.padded(col, row);
                let [u, v] = velocity_m_s(col, row);
                if self.h[p] > self.kernel.depth_min_m() && u.is_finite() && v.is_finite() {
                    (self.qx[p], self.qy[p]) = (u as f32, v as f32);
                    self.touch(p);
                }
            }
        }
        true
    }

    fn restart_books(&mut self) {
        self.rescan();
        self.stale.fill([u64::MAX; 2]);
        self.books = Ledger { initial_m3: self.stored_m3(), ..Ledger::default() };
    }

    /// Finds the wet blocks of every row again.
    pub(super) fn rescan(&mut self) {
        let (s, min) = (self.domain.grid.stride(), self.kernel.depth_min_m());
        for row in 1..=self.domain.grid.rows {
            let (wet, top) = self.blocks.wet(&self.h[row * s..][..s], self.blocks.all(), min);
            self.wet[row] = wet;
            self.row_max[row] = top;
        }
    }

    pub(super) fn stored_m3(&self) -> f64 {
        let s = self.domain.grid.stride();
        let rows = self.h.chunks(s).zip(self.film.chunks(s));
        let depth: f64 =
            rows.map(|(h, film)| h.iter().zip(film).map(|(h, f)| f64::from(*h) + f64::from(*f)).sum::<f64>()).sum();
        depth * self.domain.grid.cell_area_m2()
    }

    /// Highest depth of any cell, m.
    #[must_use]
    pub fn deepest_m(&self) -> f32 {
        let deeper = |a: f32, b: f32| if b > a { b } else { a };
        if self.domain.is_porous() {
            return self.h.iter().zip(&self.domain.pores.inverse).map(|(h, i)| h * i).fold(0.0, deeper);
        }
        self.row_max.iter().copied().fold(0.0, deeper)
    }

    /// The depth or speed of a padded cell was changed between two steps.
    pub(super) fn touch(&mut self, p: usize) {
        let s = self.domain.grid.stride();
        let (row, bit) = (p / s, self.blocks.of(p % s));
        self.stale[row][0] |= bit;
        let h = self.h[p];
        if h > self.kernel.depth_min_m() {
            self.wet[row] |= bit;
            self.row_max[row] = if h > self.row_max[row] { h } else { self.row_max[row] };
            if K::CELL_SPEEDS {
                let speed = self.qx[p].abs().max(self.qy[p].abs()) + (super::GRAVITY as f32 * h).sqrt();
                self.fastest_m_s = if speed > self.fastest_m_s { speed } else { self.fastest_m_s };
            }
        }
    }

    /// One step of all bands, again at half the length as long as it overdraws a cell. Returns its length, s.
    pub(super) fn step(&mut self, dt_s: f64) -> f64 {
        self.make_room();
        let mut dt_s = dt_s;
        let stale = if K::RETRIES { self.stale.clone() } else { Vec::new() };
        for _ in 0..RETRIES {
            if self.try_step(dt_s) {
                break;
            }
            dt_s *= 0.5;
            self.stale.copy_from_slice(&stale);
        }
        let cols = self.domain.grid.cols as u64;
        for row in 1..=self.domain.grid.rows {
            let wet = u64::from(self.wet[row].count_ones());
            let all = u64::from(self.blocks.all().count_ones());
            self.cell_updates += wet * cols / all;
        }
        std::mem::swap(&mut self.h, &mut self.next_h);
        std::mem::swap(&mut self.qx, &mut self.next_qx);
        std::mem::swap(&mut self.qy, &mut self.next_qy);
        std::mem::swap(&mut self.wet, &mut self.next_wet);
        if K::RETRIES {
            std::mem::swap(&mut self.film, &mut self.next_film);
        }
        self.steps += 1;
        dt_s
    }

    /// Computes the next state; false when it has overdrawn a cell.
    fn try_step(&mut self, dt_s: f64) -> bool {
        let grid = self.domain.grid;
        let (s, cols, rows) = (grid.stride(), grid.cols, grid.rows);
        let (film, old_film): (&mut [f32], &[f32]) =
            if K::RETRIES { (&mut self.next_film, &self.film) } else { (&mut self.film, &[]) };
        let pores = &self.domain.pores;
        if !pores.is_empty() {
            self.open.fill(pores, &self.h, &self.qx, &self.qy);
        }
        let (depth, flow_x, flow_y) =
            if pores.is_empty() { (&self.h, &self.qx, &self.qy) } else { (&self.open.h, &self.open.qx, &self.open.qy) };
        let old = Old {
            stride: s,
            cols,
            rows,
            blocks: self.blocks,
            z: &self.domain.z,
            n2: &self.domain.n2,
            h: &self.h,
            film: old_film,
            qx: &self.qx,
            qy: &self.qy,
            depth,
            flow_x,
            flow_y,
            pores,
            wet: &self.wet,
            crests: &self.domain.crests,
        };
        let (simd, kernel) = (self.simd, &self.kernel);
        let count = rows.div_ceil(BAND_ROWS);
        let (mut fastest, mut lowest) = (vec![0.0_f32; count], vec![0.0_f32; count]);
        let inner = s..(rows + 1) * s;
        let n = BAND_ROWS * s;
        let mut bands: Vec<Band<'_>> = self.next_h[inner.clone()]
            .chunks_mut(n)
            .zip(film[inner.clone()].chunks_mut(n))
            .zip(self.next_qx[inner.clone()].chunks_mut(n))
            .zip(self.next_qy[inner].chunks_mut(n))
            .zip(self.next_wet[1..=rows].chunks_mut(BAND_ROWS))
            .zip(self.row_max[1..=rows].chunks_mut(BAND_ROWS))
            .zip(self.stale[1..=rows].chunks_mut(BAND_ROWS))
            .zip(fastest.iter_mut().zip(lowest.iter_mut()))
            .enumerate()
            .map(|(k, (((((((h, film), qx), qy), wet), row_max), stale), (fastest, lowest)))| {
                let first = 1 + k * BAND_ROWS;
                Band { first, h, film, qx, qy, wet, row_max, stale, fastest, lowest }
            })
            .collect();
        let job = |band: &mut Band<'_>| kernel.step(simd, &old, band, dt_s, grid.cell_m);
        match &self.pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| bands.par_iter_mut().for_each(job)),
            _ => bands.iter_mut().for_each(job),
        }
        drop(bands);
        self.fastest_m_s = fastest.into_iter().fold(0.0, |a, b| if b > a { b } else { a });
        lowest.into_iter().all(|v| v >= 0.0)
    }

    /// Open edges, held levels, inflows and stages at the end of a step from `from_s` to `to_s`.
    pub(super) fn edges(&mut self, from_s: f64, to_s: f64) {
        let domain = self.domain.clone();
        let (grid, area) = (domain.grid, domain.grid.cell_area_m2());
        if !domain.open.is_empty() {
            let (min, fast) = (self.kernel.depth_min_m(), K::SUPERCRITICAL_EDGES);
            let left = boundary::leave(&domain, &mut self.h, &mut self.film, to_s - from_s, min, fast);
            self.books.outflow_m3 += left * area;
            for cell in &domain.open {
                let bit = self.blocks.of(cell.col + 1);
                self.stale[cell.row + 1][0] |= bit;
            }
        }
        if !domain.fixed.is_empty() {
            let (left, came) = boundary::hold(&domain, &mut self.h, &mut self.film);
            self.books.outflow_m3 += left * area;
            self.books.inflow_m3 += came * area;
        }
        let boundaries = self.boundaries.clone();
        for b in boundaries.iter() {
            match b.kind {
                BoundaryKind::FlowM3S => {
                    let each_m = b.volume_m3(from_s, to_s) / (b.cells.len() as f64 * area);
                    if each_m != 0.0 {
                        b.cells.iter().for_each(|(c, r)| self.flow_in(grid.padded(*c, *r), each_m));
                    }
                }
                BoundaryKind::LevelM => {
                    let level = b.at(to_s) - domain.datum_m;
                    for (c, r) in &b.cells {
                        let p = grid.padded(*c, *r);
                        let before = f64::from(self.h[p]) + f64::from(self.film[p]);
                        let depth = (level - f64::from(domain.z[p])).max(0.0);
                        self.h[p] = (depth * domain.pores.share(p)) as f32;
                        self.film[p] = 0.0;
                        let came = (f64::from(self.h[p]) - before) * area;
                        if came > 0.0 {
                            self.books.inflow_m3 += came;
                        } else {
                            self.books.outflow_m3 -= came;
                        }
                    }
                }
            }
        }
        let levels = boundaries.iter().filter(|b| b.kind == BoundaryKind::LevelM);
        let through = levels.flat_map(|b| b.cells.iter().copied()).chain(domain.fixed.iter().map(|f| (f.col, f.row)));
        let open = domain.open.iter().map(|o| (o.col, o.row));
        if K::CELL_SPEEDS {
            boundary::run_through(&domain, through.clone().chain(open), &mut self.qx, &mut self.qy);
            boundary::run_out(&domain, &mut self.qx, &mut self.qy);
        } else {
            let all = boundaries.iter().flat_map(|b| b.cells.iter().copied());
            let all = all.chain(domain.fixed.iter().map(|f| (f.col, f.row))).chain(open);
            boundary::carry_through(&domain, all, &mut self.qx, &mut self.qy);
        }
        through.for_each(|(c, r)| self.touch(grid.padded(c, r)));
    }

    /// Adds (or takes, at most what is there) a depth with the speed of the cell itself; booked.
    fn flow_in(&mut self, p: usize, depth_m: f64) {
        let before = f64::from(self.h[p]) + f64::from(self.film[p]);
        let after = (before + depth_m).max(0.0);
        self.h[p] = after as f32;
        self.film[p] = (after - f64::from(self.h[p])) as f32;
        let gained = (f64::from(self.h[p]) + f64::from(self.film[p]) - before) * self.domain.grid.cell_area_m2();
        if gained > 0.0 {
            self.books.inflow_m3 += gained;
        } else {
            self.books.outflow_m3 -= gained;
        }
        self.touch(p);
    }

    /// Advances exactly to `until_s`.
    pub(super) fn run(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        while self.time_s < until_s {
            let mut stop = until_s;
            if let Some(next) = forcing.rain.next_break_s(self.time_s).filter(|t| *t > self.time_s) {
                stop = stop.min(next);
            }
            let raining = forcing.rain.rains_at(self.time_s);
            let left = stop - self.time_s;
            let (cell_m, deepest) = (self.domain.grid.cell_m, f64::from(self.deepest_m()));
            let dt = self.kernel.stable_dt_s(cell_m, deepest, f64::from(self.fastest_m_s), raining);
            // The last steps before a stop are made equal instead of leaving a sliver.
            let (dt, arrives) = if dt >= left { (left, true) } else { (left / (left / dt).ceil(), false) };
            let took = self.step(dt);
            let arrives = arrives && took >= dt;
            let from_s = self.time_s;
            self.time_s = if arrives { stop } else { from_s + took };
            self.edges(from_s, self.time_s);
            if arrives || self.time_s - self.exchanged_s >= self.exchange_every_s {
                self.exchange(forcing.rain, forcing.drains.as_deref_mut());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        storm::RainSeries,
        surface::{DomainBuilder, Fv1Settings, GreenAmptSoil, Grid, InertialSettings, LossModel, SurfaceSolver},
    };

    /// A rough little town under heavy rain, run with one compiled form of a kernel.
    fn run<K: Kernel>(kernel: K, simd: Simd, threads: usize) -> Vec<u32> {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 3.0, cols: 131, rows: 97 };
        let mut builder = DomainBuilder::new(grid)
            .manning(0.025)
            .bed(|x, y| (x * 0.13).sin() * (y * 0.09).cos() + 0.2 * (x * 0.71 + y * 0.37).sin());
        for k in 0..grid.len() {
            builder.blocked[k] = (k * 7919) % 13 == 0;
            builder.roof[k] = builder.blocked[k];
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new);
        let mut solver = Solver::new(Arc::new(builder.build()), kernel, pool);
        solver.simd = simd;
        solver.set_depths(|c, r| if c < 40 && r < 50 { 0.8 } else { 0.0 });
        let rain = RainSeries::uniform(200.0, 600.0);
        solver.advance(120.0, &mut Forcing { rain: &rain, drains: None });
        assert!(solver.ledger().error_relative <= 1e-6, "{:?}", solver.ledger());
        assert!(solver.h.iter().all(|h| *h >= 0.0 && h.is_finite()));
        solver.h.iter().chain(&solver.qx).chain(&solver.qy).chain(&solver.film).map(|v| v.to_bits()).collect()
    }

    fn same_everywhere<K: Kernel>(kernel: K) {
        let plain = run(kernel.clone(), Simd::Baseline, 1);
        assert!(plain.iter().any(|b| *b != 0));
        let best = Simd::detect();
        if best != Simd::Baseline {
            assert!(plain == run(kernel.clone(), Simd::Avx2, 1), "AVX2");
            assert!(plain == run(kernel.clone(), Simd::Avx2, 2), "AVX2, two threads");
        }
        if best == Simd::Avx512 {
            assert!(plain == run(kernel.clone(), Simd::Avx512, 2), "AVX-512");
        }
        assert!(plain == run(kernel, Simd::Baseline, 3), "three threads");
        println!("best instruction set here: {best:?}");
    }

    #[test]
    fn every_instruction_set_and_thread_count_gives_the_same_bits() {
        same_everywhere(InertialSettings::default());
        same_everywhere(Fv1Settings::default());
    }

    /// Two puddles far apart in a wide dry plain, and the same puddles with every block awake.
    fn puddles<K: Kernel>(kernel: K) {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 2.0, cols: 1200, rows: 90 };
        let domain = Arc::new(DomainBuilder::new(grid).bed(|x, y| 0.02 * (0.05 * x).sin() * (0.07 * y).cos()).build());
        let run = |awake: bool| {
            let mut solver = Solver::new(domain.clone(), kernel.clone(), None);
            solver.set_depths(|c, r| if (c == 100 || c == 1100) && r == 45 { 1.0 } else { 0.0 });
            for k in 1..=30 {
                if awake {
                    solver.wet.fill(u64::MAX);
                    solver.stale.fill([u64::MAX; 2]);
                }
                let rain = RainSeries::dry();
                solver.advance(f64::from(k) * 0.2, &mut Forcing { rain: &rain, drains: None });
            }
            let bits: Vec<u32> = solver.h.iter().map(|v| v.to_bits()).collect();
            (bits, solver.cell_updates() as f64 / (solver.steps() * grid.len() as u64) as f64)
        };
        let ((sleepy, cost), (woken, _)) = (run(false), run(true));
        assert!(sleepy == woken, "dry blocks hide nothing");
        println!("{}: {:.1} % of the cells computed", K::NAME, 100.0 * cost);
        assert!(cost < 0.1, "{cost}");
    }

    #[test]
    fn dry_country_costs_nothing_and_changes_nothing() {
        puddles(InertialSettings::default());
        puddles(Fv1Settings::default());
    }

    #[test]
    fn green_ampt_ponds_when_the_theory_says() {
        // shared/data/flood/bench/analytic/infiltration.csv: rain of 40 mm/h, and water that stands.
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 1.0, cols: 1, rows: 1 };
        let soil = GreenAmptSoil { conductivity_mm_h: 10.9, suction_mm: 110.1, deficit: 0.246 };
        for (rain_mm_h, ponded_m, want_mm) in [(40.0, 0.0, 29.7278), (0.0, 0.5, 32.0482)] {
            let mut builder = DomainBuilder::new(grid);
            builder.losses = [LossModel::GreenAmpt(soil); 6];
            let mut solver = Solver::new(Arc::new(builder.build()), InertialSettings::default(), None);
            solver.set_depths(|_, _| ponded_m);
            let rain = RainSeries::uniform(rain_mm_h, 3600.0);
            solver.advance(3600.0, &mut Forcing { rain: &rain, drains: None });
            let got = solver.ledger().infiltration_m3 * 1000.0;
            assert!((got / want_mm - 1.0).abs() < 1e-4, "{got} {want_mm}");
            assert!(solver.ledger().error_relative < 1e-9);
        }
    }
}
