//! The local inertial solver: state, time step, forcing, books.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    Domain, Forcing, Ledger, SolverState, SurfaceSolver, Taken, boundary,
    kernel::{self, Band, Coefficients, DRY, Old, Simd},
    rain_rows,
    source::{self, RowSources},
};
use crate::{drains::Drains, storm::RainField};

/// Padded rows computed by one task. Fixed, so that nothing depends on the number of threads.
const BAND_ROWS: usize = 32;

/// Settings of the scheme. The defaults are those the analytic tests run at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InertialSettings {
    /// Courant number of the gravity wave, `dt ≤ alpha dx / √(g h)`.
    pub alpha: f64,
    /// Courant number of the kinematic wave while it rains, `dt ≤ beta dx / (5/3 u)`.
    pub beta: f64,
    /// Weight of a face's own discharge in the theta scheme; 1 is Bates et al. 2010.
    pub theta: f64,
    /// Faces with less water than this do not flow, m.
    pub depth_min_m: f32,
    /// Longest step, s.
    pub dt_max_s: f64,
    /// Longest step while it rains, s.
    pub dt_max_rain_s: f64,
    /// Friction grows with the size of the discharge vector, which keeps the scheme the same in every
    /// direction; false takes the component over the face only, as older codes do.
    pub vector_friction: bool,
    /// Discharge over a face is at most this Froude number.
    pub froude_max: f64,
}

impl Default for InertialSettings {
    fn default() -> Self {
        Self {
            alpha: 0.5,
            beta: 0.5,
            theta: 0.9,
            depth_min_m: 5.0e-5,
            dt_max_s: 5.0,
            dt_max_rain_s: 1.0,
            vector_friction: true,
            froude_max: 1.0,
        }
    }
}

/// Rain and drains are exchanged when this much simulated time has gathered, s.
const EXCHANGE_S: f64 = 1.0;

/// State of the local inertial scheme. Cloning forks it.
#[derive(Clone)]
pub struct LocalInertial {
    domain: Arc<Domain>,
    settings: InertialSettings,
    simd: Simd,
    pool: Option<Arc<rayon::ThreadPool>>,
    h: Vec<f32>,
    qx: Vec<f32>,
    qy: Vec<f32>,
    film: Vec<f32>,
    next_h: Vec<f32>,
    next_qx: Vec<f32>,
    next_qy: Vec<f32>,
    wet: Vec<[u32; 2]>,
    next_wet: Vec<[u32; 2]>,
    row_max: Vec<f32>,
    speed_mps: f32,
    time_s: f64,
    /// Time up to which rain, losses and drains have been exchanged, s.
    exchanged_s: f64,
    steps: u64,
    cell_updates: u64,
    books: Ledger,
    /// Rain fallen on each cell, mm, padded: kept only where losses depend on it and rain on place.
    fallen_mm: Vec<f32>,
}

impl LocalInertial {
    /// A dry domain (cells with a held level are filled to it). `pool` is where the rows run; without
    /// one, on the calling thread.
    #[must_use]
    pub fn new(domain: Arc<Domain>, settings: InertialSettings, pool: Option<Arc<rayon::ThreadPool>>) -> Self {
        let len = domain.grid.padded_len();
        let rows = domain.grid.rows + 3;
        let mut solver = Self {
            domain,
            settings,
            simd: Simd::detect(),
            pool,
            h: vec![0.0; len],
            qx: vec![0.0; len],
            qy: vec![0.0; len],
            film: vec![0.0; len],
            next_h: vec![0.0; len],
            next_qx: vec![0.0; len],
            next_qy: vec![0.0; len],
            wet: vec![DRY; rows],
            next_wet: vec![DRY; rows],
            row_max: vec![0.0; rows],
            speed_mps: 0.0,
            time_s: 0.0,
            exchanged_s: 0.0,
            steps: 0,
            cell_updates: 0,
            books: Ledger::default(),
            fallen_mm: Vec::new(),
        };
        boundary::hold(&solver.domain, &mut solver.h);
        solver.restart_books();
        solver
    }

    /// Sets initial depths in m from cell column and row; blocked cells stay dry.
    pub fn set_depths(&mut self, depth_m: impl Fn(usize, usize) -> f32) {
        let grid = self.domain.grid;
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let depth = depth_m(col, row);
                if !self.domain.is_blocked(col, row) && depth.is_finite() {
                    self.h[grid.padded(col, row)] = depth.max(0.0);
                }
            }
        }
        boundary::hold(&self.domain, &mut self.h);
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

    fn restart_books(&mut self) {
        self.rescan();
        self.books = Ledger { initial_m3: self.stored_m3(), ..Ledger::default() };
    }

    fn rescan(&mut self) {
        let (s, min) = (self.domain.grid.stride(), self.settings.depth_min_m);
        let cols = self.domain.grid.cols;
        for row in 1..=self.domain.grid.rows {
            let (range, top) = kernel::wet_range(&self.h[row * s + 1..][..cols], 1, min);
            self.wet[row] = range;
            self.row_max[row] = top;
        }
    }

    fn stored_m3(&self) -> f64 {
        let s = self.domain.grid.stride();
        let rows = self.h.chunks(s).zip(self.film.chunks(s));
        let depth: f64 =
            rows.map(|(h, film)| h.iter().zip(film).map(|(h, f)| f64::from(*h) + f64::from(*f)).sum::<f64>()).sum();
        depth * self.domain.grid.cell_area_m2()
    }

    /// Highest depth of any cell, m.
    #[must_use]
    pub fn deepest_m(&self) -> f32 {
        self.row_max.iter().copied().fold(0.0, |a, b| if b > a { b } else { a })
    }

    /// Largest discharge over any face, m²/s.
    #[must_use]
    pub fn largest_discharge_m2_s(&self) -> f32 {
        self.qx.iter().chain(&self.qy).fold(0.0, |a, q| a.max(q.abs()))
    }

    /// Discharge over the west face of a cell (column `cols` is the east edge), m²/s.
    #[must_use]
    pub fn discharge_x_m2_s(&self, col: usize, row: usize) -> f32 {
        self.qx[self.domain.grid.padded(col, row)]
    }

    /// Discharge over the south face of a cell, m²/s.
    #[must_use]
    pub fn discharge_y_m2_s(&self, col: usize, row: usize) -> f32 {
        self.qy[self.domain.grid.padded(col, row)]
    }

    /// The row of a padded index is wet at that column.
    fn touch(&mut self, p: usize) {
        let s = self.domain.grid.stride();
        let (row, col) = (p / s, (p % s) as u32);
        if self.h[p] > self.settings.depth_min_m {
            self.wet[row] = [self.wet[row][0].min(col), self.wet[row][1].max(col + 1)];
            self.row_max[row] = if self.h[p] > self.row_max[row] { self.h[p] } else { self.row_max[row] };
        }
    }

    fn stable_dt_s(&self, raining: bool) -> f64 {
        let dx = self.domain.grid.cell_m;
        let deep = f64::from(self.deepest_m()).max(f64::from(self.settings.depth_min_m));
        let mut dt = (self.settings.alpha * dx / (super::GRAVITY * deep).sqrt()).min(self.settings.dt_max_s);
        if raining {
            dt = dt.min(self.settings.dt_max_rain_s);
            if self.speed_mps > 0.0 {
                dt = dt.min(self.settings.beta * dx / (5.0 / 3.0 * f64::from(self.speed_mps)));
            }
        }
        dt
    }

    /// One step of all bands, then edges and held levels.
    fn step(&mut self, dt_s: f64) {
        let grid = self.domain.grid;
        let (s, cols, rows) = (grid.stride(), grid.cols, grid.rows);
        let c = Coefficients::new(dt_s, grid.cell_m, &self.settings);
        let old = Old {
            stride: s,
            cols,
            rows,
            z: &self.domain.z,
            n2: &self.domain.n2,
            h: &self.h,
            qx: &self.qx,
            qy: &self.qy,
            wet: &self.wet,
            crests: &self.domain.crests,
        };
        let simd = self.simd;
        let count = rows.div_ceil(BAND_ROWS);
        let mut speeds = vec![0.0_f32; count];
        let inner = s..(rows + 1) * s;
        let n = BAND_ROWS * s;
        let mut bands: Vec<Band<'_>> = self.next_h[inner.clone()]
            .chunks_mut(n)
            .zip(self.film[inner.clone()].chunks_mut(n))
            .zip(self.next_qx[inner.clone()].chunks_mut(n))
            .zip(self.next_qy[inner].chunks_mut(n))
            .zip(self.next_wet[1..=rows].chunks_mut(BAND_ROWS))
            .zip(self.row_max[1..=rows].chunks_mut(BAND_ROWS))
            .zip(speeds.iter_mut())
            .enumerate()
            .map(|(k, ((((((h, film), qx), qy), wet), row_max), speed))| {
                let first = 1 + k * BAND_ROWS;
                Band { first, h, film, qx, qy, wet, row_max, speed }
            })
            .collect();
        match &self.pool {
            Some(pool) if pool.current_num_threads() > 1 => {
                pool.install(|| bands.par_iter_mut().for_each(|band| kernel::step(simd, &old, band, &c)));
            }
            _ => bands.iter_mut().for_each(|band| kernel::step(simd, &old, band, &c)),
        }
        drop(bands);
        for w in &self.wet[1..=rows] {
            self.cell_updates += u64::from(w[1].saturating_sub(w[0]).min(cols as u32));
        }
        self.speed_mps = speeds.into_iter().fold(0.0, |a, b| if b > a { b } else { a });
        std::mem::swap(&mut self.h, &mut self.next_h);
        std::mem::swap(&mut self.qx, &mut self.next_qx);
        std::mem::swap(&mut self.qy, &mut self.next_qy);
        std::mem::swap(&mut self.wet, &mut self.next_wet);
        self.steps += 1;
        let area = grid.cell_area_m2();
        if !self.domain.open.is_empty() {
            let left = boundary::leave(&self.domain, &mut self.h, dt_s, self.settings.depth_min_m);
            self.books.outflow_m3 += left * area;
        }
        if !self.domain.fixed.is_empty() {
            let (left, came) = boundary::hold(&self.domain, &mut self.h);
            self.books.outflow_m3 += left * area;
            self.books.inflow_m3 += came * area;
            let domain = self.domain.clone();
            for cell in &domain.fixed {
                self.touch(grid.padded(cell.col, cell.row));
            }
        }
    }

    /// Rain, losses and drains for the time since the last exchange.
    fn exchange(&mut self, rain: &dyn RainField, drains: Option<&mut Drains>) {
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
        if let Some(drains) = drains {
            let area = self.domain.grid.cell_area_m2();
            let taken = drains.exchange(to_s - from_s, &mut self.h, area);
            self.books.drained_m3 += taken;
        }
    }

    fn apply_rain(&mut self, rain_mm: [f64; 2], time_s: [f64; 2]) {
        let grid = self.domain.grid;
        let (s, cols, rows, area) = (grid.stride(), grid.cols, grid.rows, grid.cell_area_m2());
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
        let domain = &*self.domain;
        let (min, soaks) = (self.settings.depth_min_m, domain.soaks);
        let row_job = |(k, (((h, film), wet), top)): (usize, (((&mut [f32], &mut [f32]), &mut [u32; 2]), &mut f32))| {
            let at = (k + 1) * s + 1;
            if weighted {
                source::apply_weighted(&domain.weight[at..][..cols], rain_m, &mut h[1..=cols], &mut film[1..=cols]);
                let (range, highest) = kernel::wet_range(&h[1..=cols], 1, min);
                *wet = range;
                *top = highest;
                return 0.0;
            }
            let sources = RowSources {
                runoff_m: &runoff,
                capacity_m: &capacity,
                class: &domain.class[at..][..cols],
                own: &domain.own[at..][..cols],
                roof: &domain.roof[at..][..cols],
            };
            let taken = source::apply(&sources, soaks, &mut h[1..=cols], &mut film[1..=cols]);
            let (range, highest) = kernel::wet_range(&h[1..=cols], 1, min);
            *wet = range;
            *top = highest;
            taken
        };
        let inner = s..(rows + 1) * s;
        let taken: Vec<f64> = match &self.pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| {
                self.h[inner.clone()]
                    .par_chunks_mut(s)
                    .zip(self.film[inner].par_chunks_mut(s))
                    .zip(self.wet[1..=rows].par_iter_mut())
                    .zip(self.row_max[1..=rows].par_iter_mut())
                    .enumerate()
                    .with_min_len(BAND_ROWS)
                    .map(row_job)
                    .collect()
            }),
            _ => self.h[inner.clone()]
                .chunks_mut(s)
                .zip(self.film[inner].chunks_mut(s))
                .zip(self.wet[1..=rows].iter_mut())
                .zip(self.row_max[1..=rows].iter_mut())
                .enumerate()
                .map(row_job)
                .collect(),
        };
        self.books.infiltration_m3 += taken.iter().sum::<f64>() * area;
    }
}

impl LocalInertial {
    /// Rain that differs from cell to cell.
    fn apply_field(&mut self, rain: &dyn RainField, time_s: [f64; 2]) {
        let domain = self.domain.clone();
        let area = domain.grid.cell_area_m2();
        let water = rain_rows::Water { h: &mut self.h, film: &mut self.film, fallen_mm: &mut self.fallen_mm };
        let sums = rain_rows::apply(&domain, rain, time_s, water, self.pool.as_deref());
        self.books.rain_m3 += sums.rain_m * area;
        self.books.infiltration_m3 += sums.lost_m * area;
        self.rescan();
    }
}

impl SurfaceSolver for LocalInertial {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn time_s(&self) -> f64 {
        self.time_s
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn depths_m(&self) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.domain.grid.len());
        self.for_rows(&mut |_, row| out.extend_from_slice(row));
        out
    }

    fn depth_at_m(&self, col: usize, row: usize) -> f32 {
        self.h[self.domain.grid.padded(col, row)]
    }

    fn advance(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        while self.time_s < until_s {
            let mut stop = until_s;
            if let Some(next) = forcing.rain.next_break_s(self.time_s) {
                stop = stop.min(next);
            }
            let raining = forcing.rain.rains_at(self.time_s);
            let left = stop - self.time_s;
            let dt = self.stable_dt_s(raining);
            // The last steps before a stop are made equal instead of leaving a sliver.
            let (dt, arrives) = if dt >= left { (left, true) } else { (left / (left / dt).ceil(), false) };
            self.step(dt);
            self.time_s = if arrives { stop } else { self.time_s + dt };
            if arrives || self.time_s - self.exchanged_s >= EXCHANGE_S {
                self.exchange(forcing.rain, forcing.drains.as_deref_mut());
            }
        }
    }

    fn ledger(&self) -> Ledger {
        Ledger { stored_m3: self.stored_m3(), ..self.books }.closed()
    }

    fn for_rows(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        let (s, cols) = (self.domain.grid.stride(), self.domain.grid.cols);
        for row in 0..self.domain.grid.rows {
            visit(row, &self.h[(row + 1) * s + 1..][..cols]);
        }
    }

    fn for_speeds(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        /// Less water than this has no speed anybody feels, m.
        const SHALLOW_M: f32 = 0.01;
        let (s, cols) = (self.domain.grid.stride(), self.domain.grid.cols);
        let mut speeds = vec![0.0_f32; cols];
        for row in 0..self.domain.grid.rows {
            let at = (row + 1) * s + 1;
            for (k, speed) in speeds.iter_mut().enumerate() {
                let p = at + k;
                let h = self.h[p];
                let (u, v) = (0.5 * (self.qx[p] + self.qx[p + 1]), 0.5 * (self.qy[p] + self.qy[p + s]));
                *speed = if h > SHALLOW_M { (u * u + v * v).sqrt() / h } else { 0.0 };
            }
            visit(row, &speeds);
        }
    }

    fn cell_updates(&self) -> u64 {
        self.cell_updates
    }

    fn edit_domain(&mut self, edit: &mut dyn FnMut(&mut Domain)) {
        edit(Arc::make_mut(&mut self.domain));
    }

    fn pour_m3(&mut self, col: usize, row: usize, volume_m3: f64) -> f64 {
        if self.domain.is_blocked(col, row) || volume_m3.is_nan() || volume_m3 <= 0.0 || volume_m3.is_infinite() {
            return 0.0;
        }
        let (p, area) = (self.domain.grid.padded(col, row), self.domain.grid.cell_area_m2());
        let before = f64::from(self.h[p]);
        self.h[p] = (before + volume_m3 / area) as f32;
        let gained = (f64::from(self.h[p]) - before) * area;
        self.books.inflow_m3 += gained;
        self.touch(p);
        gained
    }

    fn take_m3(&mut self, col: usize, row: usize, volume_m3: f64, book: Taken) -> f64 {
        if self.domain.is_blocked(col, row) || volume_m3.is_nan() || volume_m3 <= 0.0 {
            return 0.0;
        }
        let (p, area) = (self.domain.grid.padded(col, row), self.domain.grid.cell_area_m2());
        // The film may be half an ulp below zero: the depth keeps room for it.
        let before = f64::from(self.h[p]);
        let after = (before - volume_m3 / area).max(0.0) as f32;
        self.h[p] = after.max((-self.film[p]).max(0.0)).min(self.h[p]);
        let lost = (before - f64::from(self.h[p])) * area;
        match book {
            Taken::Infiltrated => self.books.infiltration_m3 += lost,
            Taken::Removed => self.books.outflow_m3 += lost,
        }
        lost
    }

    fn save(&self) -> SolverState {
        let arrays = [&self.h, &self.qx, &self.qy, &self.film, &self.row_max, &self.fallen_mm];
        SolverState {
            kernel: "local_inertial".into(),
            arrays: arrays.into_iter().cloned().collect(),
            counts: [self.steps, self.cell_updates]
                .into_iter()
                .chain(self.wet.iter().flatten().map(|v| u64::from(*v)))
                .collect(),
            scalars: vec![f64::from(self.speed_mps), self.time_s, self.exchanged_s],
            books: self.books,
        }
    }

    fn restore(&mut self, state: &SolverState) -> bool {
        let [h, qx, qy, film, row_max, fallen_mm] = state.arrays.as_slice() else { return false };
        let (len, rows) = (self.h.len(), self.wet.len());
        let fits = state.kernel == "local_inertial"
            && [h, qx, qy, film].iter().all(|a| a.len() == len)
            && row_max.len() == rows
            && (fallen_mm.is_empty() || fallen_mm.len() == len)
            && state.counts.len() == 2 + 2 * rows
            && state.scalars.len() == 3
            && state.arrays.iter().flatten().all(|v| v.is_finite())
            && h.iter().all(|v| *v >= 0.0);
        if !fits {
            return false;
        }
        for (mine, saved) in [(&mut self.h, h), (&mut self.qx, qx), (&mut self.qy, qy), (&mut self.film, film)] {
            mine.copy_from_slice(saved);
        }
        self.row_max.copy_from_slice(row_max);
        self.fallen_mm.clone_from(fallen_mm);
        (self.steps, self.cell_updates) = (state.counts[0], state.counts[1]);
        for (range, saved) in self.wet.iter_mut().zip(state.counts[2..].chunks_exact(2)) {
            *range = [saved[0] as u32, saved[1] as u32];
        }
        self.speed_mps = state.scalars[0] as f32;
        (self.time_s, self.exchanged_s) = (state.scalars[1], state.scalars[2]);
        self.books = state.books;
        true
    }

    fn boxed(&self) -> Box<dyn SurfaceSolver> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        storm::RainSeries,
        surface::{DomainBuilder, Grid},
    };

    /// A rough little town under heavy rain, run with one compiled form of the kernel.
    fn run(simd: Simd, threads: usize) -> Vec<u32> {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 3.0, cols: 131, rows: 97 };
        let mut builder = DomainBuilder::new(grid)
            .manning(0.025)
            .bed(|x, y| (x * 0.13).sin() * (y * 0.09).cos() + 0.2 * (x * 0.71 + y * 0.37).sin());
        for k in 0..grid.len() {
            builder.blocked[k] = (k * 7919) % 13 == 0;
            builder.roof[k] = builder.blocked[k];
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new);
        let mut solver = LocalInertial::new(Arc::new(builder.build()), InertialSettings::default(), pool);
        solver.simd = simd;
        solver.set_depths(|c, r| if c < 40 && r < 50 { 0.8 } else { 0.0 });
        let rain = RainSeries::uniform(200.0, 600.0);
        solver.advance(120.0, &mut Forcing { rain: &rain, drains: None });
        assert!(solver.ledger().error_relative <= 1e-6);
        solver.h.iter().chain(&solver.qx).chain(&solver.qy).chain(&solver.film).map(|v| v.to_bits()).collect()
    }

    #[test]
    fn every_instruction_set_and_thread_count_gives_the_same_bits() {
        let plain = run(Simd::Baseline, 1);
        assert!(plain.iter().any(|b| *b != 0));
        let best = Simd::detect();
        if best != Simd::Baseline {
            assert!(plain == run(Simd::Avx2, 1), "AVX2");
            assert!(plain == run(Simd::Avx2, 2), "AVX2, two threads");
        }
        if best == Simd::Avx512 {
            assert!(plain == run(Simd::Avx512, 2), "AVX-512");
        }
        assert!(plain == run(Simd::Baseline, 2), "two threads");
        println!("best instruction set here: {best:?}");
    }
}
