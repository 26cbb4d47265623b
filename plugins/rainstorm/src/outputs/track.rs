//! Extremes of a run: deepest, fastest, hazard, arrival, duration; looked at every few seconds of simulated
//! time, not each step.

use serde::{Deserialize, Serialize};

use super::hazard::{arr_class, ea_rating};
use crate::surface::{Domain, SurfaceSolver};

/// Shallower water is left out of speed and hazard, m.
const FILM_M: f32 = 0.01;
/// Depth at which water has arrived, m.
pub const ARRIVAL_M: [f32; 2] = [0.05, 0.15];

/// Extremes of every cell, row-major from the south-west. Held water (rivers, lakes) stays 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracker {
    cols: usize,
    /// When it began and when it looked last, s.
    from_s: f64,
    looked_s: f64,
    /// Deepest water, m.
    pub depth_m: Vec<f32>,
    /// Fastest flow of more than a film, m/s.
    pub speed_mps: Vec<f32>,
    /// Largest depth × speed, m²/s.
    pub product_m2_s: Vec<f32>,
    /// Worst ARR class, 0 dry to 6.
    pub arr: Vec<u8>,
    /// Highest EA hazard rating.
    pub ea: Vec<f32>,
    /// First time with more than 5 cm, s after the model's start; infinite when never.
    pub arrival_5cm_s: Vec<f32>,
    /// First time with more than 15 cm, s; infinite when never.
    pub arrival_15cm_s: Vec<f32>,
    /// Time with more than 15 cm, s.
    pub over_15cm_s: Vec<f32>,
    /// The same of the finer rasters in place of some cells, in the order of [`Domain::patches`].
    pub finer: Vec<Tracker>,
}

impl Tracker {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(domain: &Domain, now_s: f64) -> Self {
        let n = domain.grid.len();
        Self {
            cols: domain.grid.cols,
            from_s: now_s,
            looked_s: now_s,
            depth_m: vec![0.0; n],
            speed_mps: vec![0.0; n],
            product_m2_s: vec![0.0; n],
            arr: vec![0; n],
            ea: vec![0.0; n],
            arrival_5cm_s: vec![f32::INFINITY; n],
            arrival_15cm_s: vec![f32::INFINITY; n],
            over_15cm_s: vec![0.0; n],
            finer: domain.patches().iter().map(|patch| Self::new(&patch.domain, now_s)).collect(),
        }
    }

    /// Nothing seen yet, by a look that began earlier and looked last at `now_s`.
    #[must_use]
    pub(crate) fn begun(domain: &Domain, from_s: f64, now_s: f64) -> Self {
        let mut tracker = Self::new(domain, now_s);
        tracker.from_s = from_s;
        tracker.finer.iter_mut().for_each(|part| part.from_s = from_s);
        tracker
    }

    /// The extremes a cell is among, and its index there; cells of finer rasters are named by rows beyond the raster.
    #[must_use]
    pub fn part(&self, domain: &Domain, (col, row): (usize, usize)) -> (&Self, usize) {
        let finer = domain.patch_of_row(row).and_then(|(k, row)| Some((self.finer.get(k)?, row)));
        match finer {
            Some((part, row)) => (part, row * part.cols + col),
            None => (self, row * self.cols + col),
        }
    }

    /// Deepest water of a cell, m.
    #[must_use]
    pub fn deepest_m(&self, domain: &Domain, cell: (usize, usize)) -> f32 {
        let (part, k) = self.part(domain, cell);
        part.depth_m.get(k).copied().unwrap_or(0.0)
    }

    /// Does it belong to this raster?
    #[must_use]
    pub fn fits(&self, domain: &Domain) -> bool {
        let n = domain.grid.len();
        let floats = [&self.depth_m, &self.speed_mps, &self.product_m2_s, &self.ea, &self.arrival_5cm_s];
        self.cols == domain.grid.cols
            && floats.iter().all(|a| a.len() == n)
            && [&self.arrival_15cm_s, &self.over_15cm_s].iter().all(|a| a.len() == n)
            && self.arr.len() == n
            && self.finer.len() == domain.patches().len()
            && self.finer.iter().zip(domain.patches()).all(|(part, patch)| part.fits(&patch.domain))
    }

    /// Looks at the water as it stands.
    pub fn look(&mut self, solver: &dyn SurfaceSolver) {
        self.finer.iter_mut().zip(solver.finer()).for_each(|(part, solver)| part.look(solver));
        let now_s = solver.time_s();
        let since_s = (now_s - self.looked_s) as f32;
        self.looked_s = now_s;
        let (cols, now) = (self.cols, now_s as f32);
        let mut wet_rows = vec![false; solver.domain().grid.rows];
        let depths = &mut self.depth_m;
        let (early, late, over) = (&mut self.arrival_5cm_s, &mut self.arrival_15cm_s, &mut self.over_15cm_s);
        let mut now_m = vec![0.0_f32; depths.len()];
        solver.for_rows(&mut |row, h| {
            let at = row * cols;
            now_m[at..at + cols].copy_from_slice(h);
            let mut top = 0.0_f32;
            for (max, h) in depths[at..at + cols].iter_mut().zip(h) {
                *max = if *h > *max { *h } else { *max };
                top = if *h > top { *h } else { top };
            }
            wet_rows[row] = top > FILM_M;
            if top <= ARRIVAL_M[0] {
                return;
            }
            for (k, h) in h.iter().enumerate().filter(|(_, h)| **h > ARRIVAL_M[0]) {
                early[at + k] = early[at + k].min(now);
                if *h > ARRIVAL_M[1] {
                    late[at + k] = late[at + k].min(now);
                    over[at + k] += since_s;
                }
            }
        });
        let (speeds, products, arr, ea) = (&mut self.speed_mps, &mut self.product_m2_s, &mut self.arr, &mut self.ea);
        solver.for_speeds(&mut |row, speed| {
            if !wet_rows[row] {
                return;
            }
            for (k, v) in speed.iter().enumerate() {
                let i = row * cols + k;
                let h = now_m[i];
                if h > FILM_M {
                    speeds[i] = speeds[i].max(*v);
                    products[i] = products[i].max(h * v);
                    arr[i] = arr[i].max(arr_class(h, *v));
                    ea[i] = ea[i].max(ea_rating(h, *v));
                }
            }
        });
        for cell in solver.domain().held() {
            let i = cell.row * cols + cell.col;
            (depths[i], speeds[i], products[i], arr[i], ea[i]) = (0.0, 0.0, 0.0, 0, 0.0);
            (early[i], late[i], over[i]) = (f32::INFINITY, f32::INFINITY, 0.0);
        }
    }

    /// When it began to look, s after the model's start.
    #[must_use]
    pub fn from_s(&self) -> f64 {
        self.from_s
    }

    /// Every open cell, the finest there are: the extremes it is among, its index there, its area in m².
    pub fn finest<'a>(&'a self, domain: &'a Domain) -> impl Iterator<Item = (&'a Self, usize, f64)> {
        let parts = self.finer.iter().zip(domain.patches()).map(|(part, patch)| (part, &*patch.domain));
        std::iter::once((self, domain)).chain(parts).flat_map(|(part, domain)| {
            let (grid, area) = (domain.grid, domain.grid.cell_area_m2());
            let cell = move |k: usize| (k % grid.cols, k / grid.cols);
            let open = move |k: &usize| {
                let (c, r) = cell(*k);
                !domain.is_blocked(c, r) && domain.patch_over(c, r).is_none()
            };
            (0..grid.len()).filter(open).map(move |k| (part, k, area))
        })
    }

    /// Deepest and fastest water anywhere, m and m/s.
    #[must_use]
    pub fn most(&self) -> (f32, f32) {
        let most = |values: &[f32]| values.iter().copied().fold(0.0, f32::max);
        let own = (most(&self.depth_m), most(&self.speed_mps));
        self.finer.iter().map(Self::most).fold(own, |a, b| (a.0.max(b.0), a.1.max(b.1)))
    }
}
