//! Two-dimensional surface flow on a raster.
//!
//! **Invariant:** water is never created, destroyed or clamped: every change of the state is booked
//! in the [`Ledger`], whose stored volume is summed in f64 from the state itself.
//! **Invariant:** the same domain, rain and measures give the same bits on any number of threads and
//! on any instruction set: only exactly rounded operations (fused multiply-add included), reductions
//! by maximum, and sums in row order.

mod blocks;
mod boundary;
mod choice;
mod classes;
mod crest;
mod domain;
mod drive;
mod exchange;
mod finer;
mod finer_cells;
mod fv1;
mod fv1_rows;
mod ground;
mod inertial;
mod inertial_rows;
mod kernel;
mod ledger;
mod nested;
mod pores;
mod rain_rows;
mod seam;
mod simd;
mod soil;
mod solver;
mod source;
mod street;

pub use boundary::{Boundary, BoundaryKind, OpenCell};
pub use choice::{KernelChoice, is_inertial, solver_of, supercritical_share};
pub use crest::Crests;
pub use domain::{Domain, DomainBuilder, FixedLevel, Grid, LossModel, SoilClass};
pub use finer::{FINER, Patch, PatchBuilder};
pub use fv1::{Fv1, Fv1Settings};
pub use ground::GroundRow;
pub use inertial::{InertialSettings, LocalInertial};
pub use ledger::Ledger;
pub use nested::Nested;
pub use rain_rows::{RainSums, runoff_rows};
pub use soil::GreenAmptSoil;
pub use solver::Solver;
pub use street::Street;

use blocks::Blocks;
use simd::Simd;

use std::sync::Arc;

use crate::{drains::Drains, storm::RainField};

/// Gravity, m/s².
pub const GRAVITY: f64 = 9.81;

/// What drives a solver from outside while it advances.
pub struct Forcing<'a> {
    /// Rain; its time is the solver's time.
    pub rain: &'a dyn RainField,
    /// The drainage network, when it takes part.
    pub drains: Option<&'a mut Drains>,
}

/// Makes a solver of the local inertial scheme elsewhere than on the processor (a graphics device), or says why
/// it cannot.
pub type SurfaceMaker =
    Arc<dyn Fn(Arc<Domain>, InertialSettings) -> Result<Box<dyn SurfaceSolver>, String> + Send + Sync>;

/// A kernel that moves water over a [`Domain`].
pub trait SurfaceSolver: Send {
    /// The raster it works on.
    fn domain(&self) -> &Domain;
    /// Name of the kernel in scenario files and saved states.
    fn kernel_name(&self) -> &'static str;
    /// The kernel in words, for reports.
    fn title(&self) -> &'static str;
    /// Simulated time since its start, s.
    fn time_s(&self) -> f64;
    /// Time steps taken.
    fn steps(&self) -> u64;
    /// Depth of every cell in m, row-major from the south-west, without padding.
    fn depths_m(&self) -> Vec<f32>;
    /// Depth of one cell, m.
    fn depth_at_m(&self, col: usize, row: usize) -> f32;
    /// Velocity of a cell, m/s east and north; of the mean of its faces where the kernel keeps discharges.
    fn velocity_at_m_s(&self, col: usize, row: usize) -> [f32; 2];
    /// Sets initial depths in m from column and row; the books begin anew.
    fn fill_depths(&mut self, depth_m: &dyn Fn(usize, usize) -> f32);
    /// Sets initial levels in m above datum; the books begin anew.
    fn fill_level(&mut self, level_m: &dyn Fn(usize, usize) -> f64);
    /// Sets initial velocities in m/s; false when the kernel starts at rest.
    fn fill_velocities(&mut self, velocity_m_s: &dyn Fn(usize, usize) -> [f64; 2]) -> bool;
    /// Lets cells follow inflow hydrographs or stages, in place of those they followed.
    fn follow(&mut self, boundaries: Vec<Boundary>);
    /// Lets rain and drains be exchanged no oftener than this, s; kernels that do so at their own pace pay no heed.
    fn set_exchange_s(&mut self, _every_s: f64) {}
    /// Advances exactly to `until_s`.
    fn advance(&mut self, until_s: f64, forcing: &mut Forcing<'_>);
    /// The books up to now.
    fn ledger(&self) -> Ledger;
    /// Visits rows of depths in m from the south, without padding.
    fn for_rows(&self, visit: &mut dyn FnMut(usize, &[f32]));
    /// Visits rows of speeds in m/s from the south, without padding: of the mean of a cell's faces, 0 where
    /// hardly any water stands.
    fn for_speeds(&self, visit: &mut dyn FnMut(usize, &[f32]));
    /// Cells computed so far, dry ones left out.
    fn cell_updates(&self) -> u64;
    /// Changes the raster between two steps (crests, held levels); copied first when a fork shares it.
    fn edit_domain(&mut self, edit: &mut dyn FnMut(&mut Domain));
    /// Lets a volume in at a cell, m³, booked as inflow; returns what the state has gained.
    fn pour_m3(&mut self, col: usize, row: usize, volume_m3: f64) -> f64;
    /// Takes at most a volume from a cell, m³; returns what the state has lost.
    fn take_m3(&mut self, col: usize, row: usize, volume_m3: f64, book: Taken) -> f64;
    /// The moving state, enough to go on bit for bit on the same domain and settings.
    fn save(&self) -> SolverState;
    /// Goes on from a saved state; false when it does not fit the domain.
    fn restore(&mut self, state: &SolverState) -> bool;
    /// The solvers of finer rasters that stand in place of cells of [`Self::domain`], in the order of
    /// [`Domain::patches`]. Cells they cover read as the mean of what stands on them.
    fn finer(&self) -> Vec<&dyn SurfaceSolver> {
        Vec::new()
    }
    /// The same, to set their water.
    fn finer_mut(&mut self) -> Vec<&mut dyn SurfaceSolver> {
        Vec::new()
    }
    /// A fork.
    fn boxed(&self) -> Box<dyn SurfaceSolver>;
}

/// Where taken water is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Soaked in.
    Infiltrated,
    /// Pumped or led away.
    Removed,
}

/// The moving state of a solver as bytes of plain arrays. Written and read by the same kernel only.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SolverState {
    /// Kernel that wrote it.
    pub kernel: String,
    /// Padded arrays in the kernel's own order.
    pub arrays: Vec<Vec<f32>>,
    /// Row ranges and other small whole numbers in the kernel's own order.
    pub counts: Vec<u64>,
    /// Times and other scalars in the kernel's own order.
    pub scalars: Vec<f64>,
    /// The books.
    pub books: Ledger,
    /// Of a solver with finer rasters: the coarse one's state, then theirs.
    pub parts: Vec<SolverState>,
}
