//! [`SurfaceSolver`] for every kernel.

use std::sync::Arc;

use super::{Boundary, Domain, Forcing, Ledger, Solver, SolverState, SurfaceSolver, Taken, kernel::Kernel};

/// Less water than this has no speed anybody feels, m.
const SHALLOW_M: f32 = 0.01;

impl<K: Kernel> Solver<K> {
    /// Velocity of a padded cell: its own, or of the mean of its faces.
    fn velocity_of(&self, p: usize) -> [f32; 2] {
        if K::CELL_SPEEDS {
            return [self.qx[p], self.qy[p]];
        }
        let (h, s) = (self.h[p], self.domain.grid.stride());
        if h <= self.kernel.depth_min_m() {
            return [0.0, 0.0];
        }
        let pores = &self.domain.pores;
        if !pores.is_empty() {
            let h = pores.depth_m(p, h);
            let (x, y) = (|p: usize| self.qx[p] / pores.west[p], |p: usize| self.qy[p] / pores.south[p]);
            return [0.5 * (x(p) + x(p + 1)) / h, 0.5 * (y(p) + y(p + s)) / h];
        }
        [0.5 * (self.qx[p] + self.qx[p + 1]) / h, 0.5 * (self.qy[p] + self.qy[p + s]) / h]
    }
}

impl<K: Kernel> SurfaceSolver for Solver<K> {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn kernel_name(&self) -> &'static str {
        K::NAME
    }

    fn title(&self) -> &'static str {
        self.kernel.title()
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
        let p = self.domain.grid.padded(col, row);
        self.domain.pores.depth_m(p, self.h[p])
    }

    fn velocity_at_m_s(&self, col: usize, row: usize) -> [f32; 2] {
        self.velocity_of(self.domain.grid.padded(col, row))
    }

    fn fill_depths(&mut self, depth_m: &dyn Fn(usize, usize) -> f32) {
        self.set_depths(depth_m);
    }

    fn fill_level(&mut self, level_m: &dyn Fn(usize, usize) -> f64) {
        self.set_level(level_m);
    }

    fn fill_velocities(&mut self, velocity_m_s: &dyn Fn(usize, usize) -> [f64; 2]) -> bool {
        self.set_velocities(velocity_m_s)
    }

    fn follow(&mut self, boundaries: Vec<Boundary>) {
        self.set_boundaries(boundaries);
    }

    fn set_exchange_s(&mut self, every_s: f64) {
        self.exchange_every_s = every_s.max(super::solver::EXCHANGE_S);
    }

    fn advance(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        self.run(until_s, forcing);
    }

    fn ledger(&self) -> Ledger {
        Ledger { stored_m3: self.stored_m3(), ..self.books }.closed()
    }

    fn for_rows(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        let (s, cols) = (self.domain.grid.stride(), self.domain.grid.cols);
        let pores = &self.domain.pores;
        let mut depths = if pores.is_empty() { Vec::new() } else { vec![0.0; cols] };
        for row in 0..self.domain.grid.rows {
            let at = (row + 1) * s + 1;
            if pores.is_empty() {
                visit(row, &self.h[at..][..cols]);
                continue;
            }
            depths.iter_mut().enumerate().for_each(|(k, d)| *d = pores.depth_m(at + k, self.h[at + k]));
            visit(row, &depths);
        }
    }

    fn for_speeds(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        let (s, cols) = (self.domain.grid.stride(), self.domain.grid.cols);
        let mut speeds = vec![0.0_f32; cols];
        for row in 0..self.domain.grid.rows {
            let at = (row + 1) * s + 1;
            for (k, speed) in speeds.iter_mut().enumerate() {
                *speed = if self.h[at + k] > SHALLOW_M {
                    let [u, v] = self.velocity_of(at + k);
                    (u * u + v * v).sqrt()
                } else {
                    0.0
                };
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
        if self.domain.is_blocked(col, row) || !volume_m3.is_finite() || volume_m3 <= 0.0 {
            return 0.0;
        }
        let (p, area) = (self.domain.grid.padded(col, row), self.domain.grid.cell_area_m2());
        let old = self.h[p];
        let before = f64::from(old);
        self.h[p] = (before + volume_m3 / area) as f32;
        let gained = (f64::from(self.h[p]) - before) * area;
        self.books.inflow_m3 += gained;
        self.dilute(p, old);
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
        self.touch(p);
        lost
    }

    fn save(&self) -> SolverState {
        let arrays = [&self.h, &self.qx, &self.qy, &self.film, &self.row_max, &self.fallen_mm];
        let scalars = [f64::from(self.fastest_m_s), self.time_s, self.exchanged_s];
        SolverState {
            kernel: K::NAME.into(),
            arrays: arrays.into_iter().cloned().collect(),
            counts: [self.steps, self.cell_updates].into_iter().chain(self.wet.iter().copied()).collect(),
            scalars: scalars.into_iter().chain(self.soaked_m.iter().copied()).collect(),
            books: self.books,
            parts: Vec::new(),
        }
    }

    fn restore(&mut self, state: &SolverState) -> bool {
        let [h, qx, qy, film, row_max, fallen_mm] = state.arrays.as_slice() else { return false };
        let (len, rows) = (self.h.len(), self.wet.len());
        let fits = state.kernel == K::NAME
            && state.parts.is_empty()
            && [h, qx, qy, film].iter().all(|a| a.len() == len)
            && row_max.len() == rows
            && (fallen_mm.is_empty() || fallen_mm.len() == len)
            && state.counts.len() == 2 + rows
            && state.scalars.len() == 3 + self.soaked_m.len()
            && state.arrays.iter().flatten().all(|v| v.is_finite())
            && state.scalars.iter().all(|v| v.is_finite())
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
        self.wet.copy_from_slice(&state.counts[2..]);
        self.fastest_m_s = state.scalars[0] as f32;
        (self.time_s, self.exchanged_s) = (state.scalars[1], state.scalars[2]);
        self.soaked_m.copy_from_slice(&state.scalars[3..]);
        self.books = state.books;
        self.stale.fill([u64::MAX; 2]);
        true
    }

    fn boxed(&self) -> Box<dyn SurfaceSolver> {
        Box::new(self.fork())
    }
}
