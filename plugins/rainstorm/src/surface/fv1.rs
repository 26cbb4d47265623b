//! Kernel B, first-order Godunov finite volumes of the full shallow water equations: settings and time
//! step. Reference, and the choice for steep, supercritical and dam-break flow.

use super::{
    GRAVITY, Simd, Solver,
    fv1_rows::{Coefficients, step},
    kernel::{Band, Kernel, Old},
};

/// Settings of the scheme. The defaults are those the analytic tests run at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fv1Settings {
    /// Courant number, `dt ≤ cfl dx / (|u| + √(g h))`; at most .5 without splitting.
    pub cfl: f64,
    /// Cells with less water than this do not flow, m.
    pub depth_min_m: f32,
    /// Longest step, s.
    pub dt_max_s: f64,
    /// Steepest bed between two cells that pulls water, m/m. Steeper drops (roof edges, quay walls) are
    /// free overfalls.
    pub slope_max: f64,
}

impl Default for Fv1Settings {
    fn default() -> Self {
        Self { cfl: 0.45, depth_min_m: 1.0e-6, dt_max_s: 2.0, slope_max: 1.0 }
    }
}

/// The Godunov solver: HLL fluxes with the transverse momentum carried by the mass flux (HLLC-like),
/// hydrostatic reconstruction, point-implicit Manning friction.
pub type Fv1 = Solver<Fv1Settings>;

impl Kernel for Fv1Settings {
    const NAME: &'static str = "fv1";
    const CELL_SPEEDS: bool = true;
    const SUPERCRITICAL_EDGES: bool = true;
    const RETRIES: bool = true;

    fn title(&self) -> &'static str {
        "first-order Godunov (HLL), hydrostatic reconstruction, f32"
    }

    fn depth_min_m(&self) -> f32 {
        self.depth_min_m
    }

    fn stable_dt_s(&self, cell_m: f64, deepest_m: f64, fastest_m_s: f64, _raining: bool) -> f64 {
        // Before the first step nothing has a speed yet; rain and inflow may have deepened a cell since the last.
        let fastest = fastest_m_s.max((GRAVITY * deepest_m.max(f64::from(self.depth_min_m))).sqrt());
        (self.cfl * cell_m / fastest).min(self.dt_max_s)
    }

    fn step(&self, simd: Simd, old: &Old<'_>, band: &mut Band<'_>, dt_s: f64, cell_m: f64) {
        step(simd, old, band, &Coefficients::new(dt_s, cell_m, self));
    }
}
