//! What all cases share: both kernels on one domain, comparison, the mass gate.

use std::{sync::Arc, time::Instant};

use super::{Finding, Validation};
use crate::{
    storm::RainSeries,
    surface::{Domain, Forcing, Fv1, Fv1Settings, Grid, InertialSettings, LocalInertial, SurfaceSolver},
};

/// Mass error that no case may exceed.
const MASS: f64 = 1.0e-6;

/// Which kernels a case is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// Local inertial.
    A,
    /// Godunov.
    B,
}

impl Kernels {
    /// Name in the table.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// What a case found: words, and whether they meet the target.
pub(super) struct Result {
    pub measured: String,
    pub target: String,
    pub ok: bool,
}

impl Result {
    /// A figure that must not exceed a limit, both as given to `show`.
    pub fn at_most(name: &str, value: f64, limit: f64, show: impl Fn(f64) -> String) -> Self {
        Self { measured: format!("{name} {}", show(value)), target: format!("≤ {}", show(limit)), ok: value <= limit }
    }

    /// Reported without a gate besides finite numbers and mass.
    pub fn reported(measured: String) -> Self {
        Self { measured, target: "reported".into(), ok: true }
    }

    /// Two conditions on one line.
    pub fn and(mut self, other: Self) -> Self {
        self.measured = format!("{}; {}", self.measured, other.measured);
        self.target = format!("{}; {}", self.target, other.target);
        self.ok &= other.ok;
        self
    }
}

pub(super) fn percent(v: f64) -> String {
    format!("{:.2} %", 100.0 * v)
}

pub(super) fn mm(v: f64) -> String {
    format!("{:.1} mm", 1000.0 * v)
}

pub(super) fn plain(v: f64) -> String {
    if v != 0.0 && v.abs() < 1.0e-3 { format!("{v:.1e}") } else { format!("{v:.4}") }
}

/// Collects findings.
pub(super) struct Bench<'a> {
    pub what: &'a Validation<'a>,
    told: &'a mut dyn FnMut(&Finding),
    findings: Vec<Finding>,
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl<'a> Bench<'a> {
    pub fn new(what: &'a Validation<'a>, told: &'a mut dyn FnMut(&Finding)) -> Self {
        let pool = if what.threads > 1 {
            rayon::ThreadPoolBuilder::new().num_threads(what.threads).build().ok().map(Arc::new)
        } else {
            None
        };
        Self { what, told, findings: Vec::new(), pool }
    }

    /// Whether a case was asked for.
    pub fn wants(&self, case: &str) -> bool {
        self.what.only.is_none_or(|only| case.to_lowercase().contains(&only.to_lowercase()))
    }

    /// Whether a slow case was asked for.
    pub fn wants_slow(&self, case: &str) -> bool {
        self.what.slow && self.wants(case)
    }

    /// Runs a case on kernels over a domain.
    pub fn on(
        &mut self,
        case: &str,
        domain: &Arc<Domain>,
        kernels: &[Kernels],
        mut run: impl FnMut(&mut dyn SurfaceSolver, Kernels) -> Result,
    ) {
        if !self.wants(case) {
            return;
        }
        for kernel in kernels {
            let solver: Box<dyn SurfaceSolver> = match kernel {
                Kernels::A => {
                    Box::new(LocalInertial::new(domain.clone(), InertialSettings::default(), self.pool.clone()))
                }
                Kernels::B => Box::new(Fv1::new(domain.clone(), Fv1Settings::default(), self.pool.clone())),
            };
            self.measure(case, kernel.letter(), solver, |s| run(s, *kernel));
            let Some(make) = self.what.surface.as_ref().filter(|_| *kernel == Kernels::A) else { continue };
            match make(domain.clone(), InertialSettings::default()) {
                Ok(solver) => self.measure(case, "G", solver, |s| run(s, *kernel)),
                Err(why) => {
                    let result = Result { measured: why, target: "a device".into(), ok: false };
                    self.add(case, "G", result, 0.0, Instant::now());
                }
            }
        }
    }

    fn measure(
        &mut self,
        case: &str,
        letter: &str,
        mut solver: Box<dyn SurfaceSolver>,
        run: impl FnOnce(&mut dyn SurfaceSolver) -> Result,
    ) {
        let began = Instant::now();
        let result = run(&mut *solver);
        let finite = solver.depths_m().iter().all(|h| h.is_finite() && *h >= 0.0);
        let mass_error = solver.ledger().error_relative;
        self.add(case, letter, result, if finite { mass_error } else { f64::NAN }, began);
    }

    /// Adds a finding; a mass error over the limit (or no number) fails it.
    pub fn add(&mut self, case: &str, kernel: &str, result: Result, mass_error: f64, began: Instant) {
        self.add_within(case, kernel, result, [mass_error, MASS], began);
    }

    /// The same with a limit of its own: a scheme that is known to lose water.
    pub fn add_within(
        &mut self,
        case: &str,
        kernel: &str,
        result: Result,
        [mass_error, mass_limit]: [f64; 2],
        began: Instant,
    ) {
        let finding = Finding {
            reason: if result.ok { String::new() } else { super::reasons::reason(case, kernel) },
            case: case.into(),
            kernel: kernel.into(),
            ok: result.ok && mass_error <= mass_limit,
            measured: result.measured,
            target: result.target,
            mass_error,
            mass_limit,
            wall_s: began.elapsed().as_secs_f64(),
        };
        (self.told)(&finding);
        self.findings.push(finding);
    }

    pub fn finish(self) -> Vec<Finding> {
        self.findings
    }
}

pub(super) const BOTH: [Kernels; 2] = [Kernels::A, Kernels::B];

/// A row of cells from x = 0.
pub(super) fn line(cell_m: f64, cols: usize) -> Grid {
    Grid { west_m: 0.0, south_m: 0.0, cell_m, cols, rows: 1 }
}

pub(super) fn dry(solver: &mut dyn SurfaceSolver, until_s: f64) {
    solver.advance(until_s, &mut Forcing { rain: &RainSeries::dry(), drains: None });
}

pub(super) fn wet(solver: &mut dyn SurfaceSolver, until_s: f64, rain: &RainSeries) {
    solver.advance(until_s, &mut Forcing { rain, drains: None });
}

/// Σ|h − exact| / Σ exact over the first row.
pub(super) fn l1_row(solver: &dyn SurfaceSolver, exact: impl Fn(f64) -> f64) -> f64 {
    let grid = solver.domain().grid;
    let (mut off, mut all) = (0.0, 0.0);
    for c in 0..grid.cols {
        let want = exact(grid.centre_m(c, 0)[0]);
        off += (f64::from(solver.depth_at_m(c, 0)) - want).abs();
        all += want;
    }
    off / all
}

/// Nash–Sutcliffe efficiency of pairs (got, want).
pub(super) fn nse(pairs: &[(f64, f64)]) -> f64 {
    let mean = pairs.iter().map(|p| p.1).sum::<f64>() / pairs.len().max(1) as f64;
    let off: f64 = pairs.iter().map(|(a, b)| (a - b) * (a - b)).sum();
    let spread: f64 = pairs.iter().map(|(_, b)| (b - mean) * (b - mean)).sum();
    1.0 - off / spread
}

/// Root of a function that changes its sign between two places.
pub(super) fn bisect(mut lo: f64, mut hi: f64, f: impl Fn(f64) -> f64) -> f64 {
    let rising = f(hi) > 0.0;
    for _ in 0..200 {
        let mid = 0.5 * (lo + hi);
        if (f(mid) > 0.0) == rising { hi = mid } else { lo = mid }
    }
    0.5 * (lo + hi)
}
