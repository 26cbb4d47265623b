//! Kernel A, the local inertial scheme: settings and time step. Live default, the fastest.

use super::{
    GRAVITY, Simd, Solver,
    inertial_rows::{Coefficients, step},
    kernel::{Band, Kernel, Old},
};

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

/// The local inertial solver: state, time step, forcing, books.
pub type LocalInertial = Solver<InertialSettings>;

impl Kernel for InertialSettings {
    const NAME: &'static str = "local_inertial";
    const CELL_SPEEDS: bool = false;
    const SUPERCRITICAL_EDGES: bool = false;
    const RETRIES: bool = false;

    fn title(&self) -> &'static str {
        "local inertial, theta scheme, donor limiter, f32"
    }

    fn depth_min_m(&self) -> f32 {
        self.depth_min_m
    }

    fn stable_dt_s(&self, cell_m: f64, deepest_m: f64, fastest_m_s: f64, raining: bool) -> f64 {
        let deep = deepest_m.max(f64::from(self.depth_min_m));
        let mut dt = (self.alpha * cell_m / (GRAVITY * deep).sqrt()).min(self.dt_max_s);
        if raining {
            dt = dt.min(self.dt_max_rain_s);
            if fastest_m_s > 0.0 {
                dt = dt.min(self.beta * cell_m / (5.0 / 3.0 * fastest_m_s));
            }
        }
        dt
    }

    fn step(&self, simd: Simd, old: &Old<'_>, band: &mut Band<'_>, dt_s: f64, cell_m: f64) {
        step(simd, old, band, &Coefficients::new(dt_s, cell_m, self));
    }
}

impl LocalInertial {
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
}
