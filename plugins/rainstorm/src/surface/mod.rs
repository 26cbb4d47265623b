//! Two-dimensional surface flow on a raster.
//!
//! **Invariant:** water is never created, destroyed or clamped: every change of the state is booked
//! in the [`Ledger`], whose stored volume is summed in f64 from the state itself.
//! **Invariant:** the same domain, rain and measures give the same bits on any number of threads and
//! on any instruction set: only exactly rounded operations (fused multiply-add included), reductions
//! by maximum, and sums in row order.

mod boundary;
mod domain;
mod inertial;
mod kernel;
mod ledger;
mod source;

pub use boundary::OpenCell;
pub use domain::{Domain, DomainBuilder, FixedLevel, Grid, LossModel, SoilClass};
pub use inertial::{InertialSettings, LocalInertial};
pub use ledger::Ledger;

use crate::{drains::Drains, storm::RainSeries};

/// Gravity, m/s².
pub const GRAVITY: f64 = 9.81;

/// What drives a solver from outside while it advances.
pub struct Forcing<'a> {
    /// Rain; its time is the solver's time.
    pub rain: &'a RainSeries,
    /// The drainage network, when it takes part.
    pub drains: Option<&'a mut Drains>,
}

/// A kernel that moves water over a [`Domain`].
pub trait SurfaceSolver: Send {
    /// The raster it works on.
    fn domain(&self) -> &Domain;
    /// Simulated time since its start, s.
    fn time_s(&self) -> f64;
    /// Time steps taken.
    fn steps(&self) -> u64;
    /// Depth of every cell in m, row-major from the south-west, without padding.
    fn depths_m(&self) -> Vec<f32>;
    /// Depth of one cell, m.
    fn depth_at_m(&self, col: usize, row: usize) -> f32;
    /// Advances exactly to `until_s`.
    fn advance(&mut self, until_s: f64, forcing: &mut Forcing<'_>);
    /// The books up to now.
    fn ledger(&self) -> Ledger;
}
