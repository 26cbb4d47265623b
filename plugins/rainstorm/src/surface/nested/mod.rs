//! A raster with finer rasters in place of some of its cells (focus areas), both under the local inertial kernel and
//! joined by seams over which water goes both ways.
//!
//! The coarse raster takes its own longest step; each fine one follows in steps of its own, with its seam in each.
//! **Invariant:** the books of all together close like those of one raster: a seam neither makes nor loses water.

mod surface;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use super::{
    Boundary, BoundaryKind, Domain, FixedLevel, Forcing, InertialSettings, Ledger, LocalInertial, Street,
    kernel::Kernel, seam::Seam, street::Raster,
};
use crate::drains::Drains;

/// Most steps of a fine raster in one of the coarse raster.
const MOST_SUBSTEPS: f64 = 4.0;

/// One finer raster.
#[derive(Clone)]
struct Nest {
    fine: LocalInertial,
    seam: Seam,
}

/// The solver of a domain with patches.
#[derive(Clone)]
pub struct Nested {
    /// All coarse cells, and the patches: what others see.
    view: Arc<Domain>,
    /// The raster without the cells of the patches.
    coarse: LocalInertial,
    nests: Vec<Nest>,
}

impl Nested {
    /// A dry domain (cells with a held level are filled to it); `None` when the domain has no patches.
    #[must_use]
    pub fn new(domain: Arc<Domain>, settings: InertialSettings, pool: Option<Arc<rayon::ThreadPool>>) -> Option<Self> {
        let rest = domain.finer.rest.clone()?;
        let mut solver =
            Self { coarse: LocalInertial::new(rest, settings, pool.clone()), nests: Vec::new(), view: domain };
        for patch in solver.view.patches() {
            let fine = LocalInertial::new(patch.domain.clone(), settings, pool.clone());
            let seam = Seam::new(patch, &solver.coarse);
            solver.nests.push(Nest { fine, seam });
        }
        solver.adopt();
        Some(solver)
    }

    /// A copy without room for a step.
    fn fork(&self) -> Self {
        let nests = self.nests.iter().map(|n| Nest { fine: n.fine.fork(), seam: n.seam.clone() });
        Self { view: self.view.clone(), coarse: self.coarse.fork(), nests: nests.collect() }
    }

    /// Crests and held levels of the view, taken over by those who compute.
    fn adopt(&mut self) {
        let view = &self.view;
        let depth_m = |held: &FixedLevel| {
            let same = view.fixed.binary_search_by_key(&(held.row, held.col), |f| (f.row, f.col));
            same.map_or(held.depth_m, |k| view.fixed[k].depth_m)
        };
        let rest = &self.coarse.domain;
        // Forks share it as long as nobody changes it.
        if rest.crests != view.crests || rest.fixed.iter().any(|f| f.depth_m != depth_m(f)) {
            let rest = Arc::make_mut(&mut self.coarse.domain);
            rest.crests.clone_from(&view.crests);
            rest.fixed.iter_mut().for_each(|held| held.depth_m = depth_m(held));
        }
        for (nest, patch) in self.nests.iter_mut().zip(self.view.patches()) {
            nest.fine.domain = patch.domain.clone();
            nest.seam.raise(patch);
        }
    }

    fn books(&self) -> Ledger {
        let of = |s: &LocalInertial| Ledger { stored_m3: s.stored_m3(), ..s.books };
        self.nests.iter().fold(of(&self.coarse), |sum, nest| sum.with(&of(&nest.fine))).closed()
    }

    /// Inflows and levels, each handed to the raster that computes its cells.
    fn set_boundaries(&mut self, boundaries: Vec<Boundary>) {
        let mut lists: Vec<Vec<Boundary>> = vec![Vec::new(); self.nests.len() + 1];
        for boundary in boundaries {
            let mut cells: Vec<Vec<(usize, usize)>> = vec![Vec::new(); lists.len()];
            let mut weights = vec![0.0; lists.len()];
            for (col, row) in boundary.cells.iter().copied() {
                if let Some((k, row)) = self.view.patch_of_row(row) {
                    cells[k + 1].push((col, row));
                    weights[k + 1] += 1.0;
                } else if let Some((k, patch)) = self.view.patch_over(col, row) {
                    cells[k + 1].extend(patch.cells_of(col, row));
                    weights[k + 1] += 1.0;
                } else {
                    cells[0].push((col, row));
                    weights[0] += 1.0;
                }
            }
            // Nothing comes in where no fine cell is open.
            cells.iter().zip(&mut weights).filter(|(list, _)| list.is_empty()).for_each(|(_, weight)| *weight = 0.0);
            let all: f64 = weights.iter().sum();
            for ((list, cells), weight) in lists.iter_mut().zip(cells).zip(weights) {
                if weight > 0.0 {
                    let share = if boundary.kind == BoundaryKind::FlowM3S { weight / all } else { 1.0 };
                    list.push(boundary.share(cells, share));
                }
            }
        }
        let mut lists = lists.into_iter();
        self.coarse.set_boundaries(lists.next().unwrap_or_default());
        for (nest, list) in self.nests.iter_mut().zip(lists) {
            nest.fine.set_boundaries(list);
        }
    }

    fn run(&mut self, until_s: f64, forcing: &mut Forcing<'_>) {
        while self.coarse.time_s < until_s {
            let from_s = self.coarse.time_s;
            let mut stop = until_s;
            if let Some(next) = forcing.rain.next_break_s(from_s).filter(|t| *t > from_s) {
                stop = stop.min(next);
            }
            let raining = forcing.rain.rains_at(from_s);
            let stable = |s: &LocalInertial, deepest: f32| {
                let (cell_m, fastest) = (s.domain.grid.cell_m, f64::from(s.fastest_m_s));
                s.kernel.stable_dt_s(cell_m, f64::from(deepest), fastest, raining)
            };
            let fine_dt: Vec<f64> = self
                .nests
                .iter()
                .map(|n| stable(&n.fine, n.fine.deepest_m().max(n.seam.deepest_m(&self.coarse))))
                .collect();
            let dt =
                fine_dt.iter().fold(stable(&self.coarse, self.coarse.deepest_m()), |a, b| a.min(b * MOST_SUBSTEPS));
            let left = stop - from_s;
            // The last steps before a stop are made equal instead of leaving a sliver.
            let (dt, arrives) = if dt >= left { (left, true) } else { (left / (left / dt).ceil(), false) };
            let to_s = if arrives { stop } else { from_s + dt };
            self.nests.iter_mut().for_each(|n| n.seam.before_step(&self.coarse));
            self.coarse.step(dt);
            self.nests.iter_mut().for_each(|n| n.seam.after_step(&self.coarse));
            self.coarse.time_s = to_s;
            for (nest, fine_dt) in self.nests.iter_mut().zip(fine_dt) {
                nest.follow(&mut self.coarse, dt, (dt / fine_dt).ceil().max(1.0) as u32, to_s);
            }
            self.coarse.edges(from_s, to_s);
            for nest in &mut self.nests {
                nest.seam.imprint(&mut self.coarse, &mut nest.fine);
            }
            if arrives || to_s - self.coarse.exchanged_s >= self.coarse.exchange_every_s {
                self.exchange(forcing);
            }
        }
    }

    /// Rain and losses on every raster, then the drains with all streets.
    fn exchange(&mut self, forcing: &mut Forcing<'_>) {
        let dt_s = self.coarse.time_s - self.coarse.exchanged_s;
        if dt_s <= 0.0 {
            return;
        }
        self.coarse.exchange(forcing.rain, None);
        for nest in &mut self.nests {
            nest.fine.exchange(forcing.rain, None);
        }
        if let Some(drains) = forcing.drains.as_deref_mut() {
            self.meet_drains(drains, dt_s);
        }
    }

    fn meet_drains(&mut self, drains: &mut Drains, dt_s: f64) {
        let pool = self.coarse.pool.clone();
        let mut changed = vec![Vec::new(); self.nests.len() + 1];
        let solvers = std::iter::once(&mut self.coarse).chain(self.nests.iter_mut().map(|n| &mut n.fine));
        let rasters = solvers.zip(&mut changed).map(|(s, changed)| Raster {
            cell_area_m2: s.domain.grid.cell_area_m2(),
            pores: &s.domain.pores,
            datum_m: s.domain.datum_m,
            z: &s.domain.z,
            h: &mut s.h,
            film: &mut s.film,
            changed,
        });
        let mut streets = Streets { view: &self.view, rasters: rasters.collect() };
        let moved = match &pool {
            Some(pool) if pool.current_num_threads() > 1 => pool.install(|| drains.exchange(dt_s, &mut streets)),
            _ => drains.exchange(dt_s, &mut streets),
        };
        self.coarse.books.drained_m3 += moved.taken_m3;
        self.coarse.books.surcharged_m3 += moved.returned_m3;
        let solvers = std::iter::once(&mut self.coarse).chain(self.nests.iter_mut().map(|n| &mut n.fine));
        for (solver, changed) in solvers.zip(changed) {
            changed.into_iter().for_each(|(p, _)| solver.touch(p));
        }
    }
}

impl Nest {
    /// `steps` steps that together reach `to_s`.
    fn follow(&mut self, coarse: &mut LocalInertial, dt_s: f64, steps: u32, to_s: f64) {
        let from_s = self.fine.time_s;
        let each_s = dt_s / f64::from(steps);
        for k in 1..=steps {
            let before_s = self.fine.time_s;
            let after_s = if k == steps { to_s } else { from_s + each_s * f64::from(k) };
            self.seam.flow(coarse, &self.fine, each_s, f64::from(steps + 1 - k) / f64::from(steps));
            self.fine.step(each_s);
            self.seam.give(coarse, &mut self.fine, each_s);
            self.fine.time_s = after_s;
            self.fine.edges(before_s, after_s);
            self.seam.imprint_fine(&mut self.fine);
        }
    }
}

/// All streets: indices of the view's domain.
struct Streets<'a> {
    view: &'a Domain,
    rasters: Vec<Raster<'a>>,
}

impl Streets<'_> {
    /// The raster and its padded cell; `None` where nothing can stand.
    fn at(&self, cell: usize) -> Option<(usize, usize)> {
        match self.view.finer_slot(cell) {
            Some((k, p)) => p.map(|p| (k + 1, p)),
            None => Some((0, cell)),
        }
    }
}

impl Street for Streets<'_> {
    fn depth_m(&self, cell: usize) -> f64 {
        self.at(cell).map_or(0.0, |(k, p)| self.rasters[k].depth_m(p))
    }

    fn bed_m(&self, cell: usize) -> f64 {
        self.at(cell).map_or(self.view.datum_m, |(k, p)| self.rasters[k].bed_m(p))
    }

    fn cell_area_m2(&self) -> f64 {
        self.rasters[0].cell_area_m2()
    }

    fn area_of_m2(&self, cell: usize) -> f64 {
        self.at(cell).map_or_else(|| self.cell_area_m2(), |(k, _)| self.rasters[k].cell_area_m2())
    }

    fn add_m3(&mut self, cell: usize, volume_m3: f64) -> f64 {
        self.at(cell).map_or(0.0, |(k, p)| self.rasters[k].add_m3(p, volume_m3))
    }
}
