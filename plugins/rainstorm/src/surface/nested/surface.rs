//! [`SurfaceSolver`] for a raster with finer ones.

use std::sync::Arc;

use super::Nested;
use crate::surface::{Boundary, Domain, FINER, Forcing, Ledger, LocalInertial, SolverState, SurfaceSolver, Taken};

/// Name in saved states.
const NAME: &str = "local_inertial_nested";

impl Nested {
    /// The fine cells of one of the view, by number of the patch; none for a plain coarse cell.
    fn fine_cells(&self, col: usize, row: usize) -> Option<(usize, Vec<(usize, usize)>)> {
        if let Some((k, row)) = self.view.patch_of_row(row) {
            return Some((k, vec![(col, row)]));
        }
        let (k, patch) = self.view.patch_over(col, row)?;
        Some((k, patch.cells_of(col, row).collect()))
    }
}

impl SurfaceSolver for Nested {
    fn domain(&self) -> &Domain {
        &self.view
    }

    fn kernel_name(&self) -> &'static str {
        self.coarse.kernel_name()
    }

    fn title(&self) -> &'static str {
        "local inertial, theta scheme, donor limiter, f32; two-way focus areas 2:1"
    }

    fn time_s(&self) -> f64 {
        self.coarse.time_s
    }

    fn steps(&self) -> u64 {
        self.coarse.steps
    }

    fn depths_m(&self) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.view.grid.len());
        self.for_rows(&mut |_, row| out.extend_from_slice(row));
        out
    }

    fn depth_at_m(&self, col: usize, row: usize) -> f32 {
        self.depth_of(col, row)
    }

    fn velocity_at_m_s(&self, col: usize, row: usize) -> [f32; 2] {
        self.velocity_of(col, row)
    }

    fn fill_depths(&mut self, depth_m: &dyn Fn(usize, usize) -> f32) {
        self.coarse.set_depths(depth_m);
        for (nest, patch) in self.nests.iter_mut().zip(self.view.patches()) {
            nest.fine.set_depths(|c, r| depth_m(patch.col + c / FINER, patch.row + r / FINER));
            nest.seam.rest();
        }
    }

    fn fill_level(&mut self, level_m: &dyn Fn(usize, usize) -> f64) {
        self.coarse.set_level(level_m);
        for (nest, patch) in self.nests.iter_mut().zip(self.view.patches()) {
            nest.fine.set_level(|c, r| level_m(patch.col + c / FINER, patch.row + r / FINER));
            nest.seam.rest();
        }
    }

    fn fill_velocities(&mut self, _: &dyn Fn(usize, usize) -> [f64; 2]) -> bool {
        false
    }

    fn follow(&mut self, boundaries: Vec<Boundary>) {
        self.set_boundaries(boundaries);
    }

    fn set_exchange_s(&mut self, every_s: f64) {
        self.coarse.set_exchange_s(every_s);
    }

    fn advance(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        self.run(until_s, forcing);
    }

    fn ledger(&self) -> Ledger {
        self.books()
    }

    fn for_rows(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        let fine: Vec<Vec<f32>> = self.nests.iter().map(|n| n.fine.depths_m()).collect();
        self.visit(&fine, &|each| self.coarse.for_rows(each), visit);
    }

    fn for_speeds(&self, visit: &mut dyn FnMut(usize, &[f32])) {
        let speeds = |s: &LocalInertial| {
            let mut out = Vec::with_capacity(s.domain.grid.len());
            s.for_speeds(&mut |_, row| out.extend_from_slice(row));
            out
        };
        let fine: Vec<Vec<f32>> = self.nests.iter().map(|n| speeds(&n.fine)).collect();
        self.visit(&fine, &|each| self.coarse.for_speeds(each), visit);
    }

    fn cell_updates(&self) -> u64 {
        self.coarse.cell_updates + self.nests.iter().map(|n| n.fine.cell_updates).sum::<u64>()
    }

    fn edit_domain(&mut self, edit: &mut dyn FnMut(&mut Domain)) {
        edit(Arc::make_mut(&mut self.view));
        self.adopt();
    }

    fn pour_m3(&mut self, col: usize, row: usize, volume_m3: f64) -> f64 {
        let Some((k, cells)) = self.fine_cells(col, row) else { return self.coarse.pour_m3(col, row, volume_m3) };
        let share = volume_m3 / cells.len().max(1) as f64;
        cells.into_iter().map(|(c, r)| self.nests[k].fine.pour_m3(c, r, share)).sum()
    }

    fn take_m3(&mut self, col: usize, row: usize, volume_m3: f64, book: Taken) -> f64 {
        let Some((k, cells)) = self.fine_cells(col, row) else { return self.coarse.take_m3(col, row, volume_m3, book) };
        let fine = &mut self.nests[k].fine;
        let depths: Vec<f64> = cells.iter().map(|(c, r)| f64::from(fine.depth_at_m(*c, *r))).collect();
        let all: f64 = depths.iter().sum();
        if all <= 0.0 {
            return 0.0;
        }
        cells.into_iter().zip(depths).map(|((c, r), h)| fine.take_m3(c, r, volume_m3 * h / all, book)).sum()
    }

    fn save(&self) -> SolverState {
        let parts = std::iter::once(&self.coarse).chain(self.nests.iter().map(|n| &n.fine));
        SolverState {
            kernel: NAME.into(),
            arrays: self.nests.iter().map(|n| n.seam.q.clone()).collect(),
            parts: parts.map(SurfaceSolver::save).collect(),
            ..SolverState::default()
        }
    }

    fn restore(&mut self, state: &SolverState) -> bool {
        let fits = state.kernel == NAME
            && state.parts.len() == self.nests.len() + 1
            && state.arrays.len() == self.nests.len()
            && state.arrays.iter().flatten().all(|q| q.is_finite())
            && self.nests.iter().zip(&state.arrays).all(|(n, q)| n.seam.q.len() == q.len());
        // Nothing is changed unless all of it fits.
        let mut fresh = self.fork();
        if !fits || !fresh.coarse.restore(&state.parts[0]) {
            return false;
        }
        for ((nest, part), q) in fresh.nests.iter_mut().zip(&state.parts[1..]).zip(&state.arrays) {
            if !nest.fine.restore(part) || nest.fine.time_s != fresh.coarse.time_s {
                return false;
            }
            nest.seam.q.clone_from(q);
        }
        *self = fresh;
        true
    }

    fn finer(&self) -> Vec<&dyn SurfaceSolver> {
        self.nests.iter().map(|n| &n.fine as &dyn SurfaceSolver).collect()
    }

    fn finer_mut(&mut self) -> Vec<&mut dyn SurfaceSolver> {
        self.nests.iter_mut().map(|n| &mut n.fine as &mut dyn SurfaceSolver).collect()
    }

    fn boxed(&self) -> Box<dyn SurfaceSolver> {
        Box::new(self.fork())
    }
}
