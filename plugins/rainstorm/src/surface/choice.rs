//! Which kernel for which ground.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Domain, Fv1, Fv1Settings, GRAVITY, InertialSettings, LocalInertial, Nested, SurfaceMaker, SurfaceSolver};

/// A kernel by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelChoice {
    /// Local inertial, unless much of the ground is steep and smooth.
    #[default]
    Auto,
    /// Kernel A: local inertial, the fastest.
    LocalInertial,
    /// Kernel B: first-order Godunov, for steep, supercritical and dam-break flow, and as reference.
    Fv1,
}

/// Depth at which flow is judged, m.
const JUDGED_DEPTH_M: f64 = 0.1;
/// Share of supercritical ground above which the Godunov scheme is taken.
const MUCH: f64 = 0.2;
/// Steeper ground between two cells is a wall or an edge, not a slope, m/m.
const WALL_SLOPE: f64 = 1.0;

/// Share of the open ground over which normal flow of 10 cm would be supercritical: smooth (n) and steep
/// together. There the local inertial equations, which leave advection out, are not reliable.
#[must_use]
pub fn supercritical_share(domain: &Domain) -> f64 {
    let grid = domain.grid;
    let (mut all, mut fast) = (0_u64, 0_u64);
    for row in 0..grid.rows {
        for col in 0..grid.cols {
            let Some(z) = domain.bed_m(col, row) else { continue };
            all += 1;
            let fall = |c: usize, r: usize| {
                let there = if c < grid.cols && r < grid.rows { domain.bed_m(c, r) } else { None };
                let s = there.map_or(0.0, |b| (z - b) / grid.cell_m);
                if s.abs() > WALL_SLOPE { 0.0 } else { s }
            };
            // Both sides: a single step (a kerb) is not a slope.
            let along = |a: f64, b: f64| if a * b < 0.0 { a.abs().min(b.abs()) } else { 0.0 };
            let (x, y) = (
                along(fall(col.wrapping_sub(1), row), fall(col + 1, row)),
                along(fall(col, row.wrapping_sub(1)), fall(col, row + 1)),
            );
            // One row or column has no slope across.
            let slope = x.hypot(y);
            let n = domain.manning(col, row).max(1.0e-4);
            let speed = slope.sqrt() / n * JUDGED_DEPTH_M.powf(2.0 / 3.0);
            fast += u64::from(speed > (GRAVITY * JUDGED_DEPTH_M).sqrt());
        }
    }
    if all == 0 { 0.0 } else { fast as f64 / all as f64 }
}

fn is_godunov(choice: KernelChoice, domain: &Domain, supercritical: f64) -> bool {
    let wanted = choice == KernelChoice::Fv1 || (choice == KernelChoice::Auto && supercritical > MUCH);
    wanted && !domain.is_porous()
}

/// Whether the choice falls on the local inertial kernel over this ground.
#[must_use]
pub fn is_inertial(choice: KernelChoice, domain: &Domain) -> bool {
    !is_godunov(choice, domain, if choice == KernelChoice::Auto { supercritical_share(domain) } else { 0.0 })
}

/// A solver of the chosen kernel, and notices: when the ground speaks for the other one, and when `surface`, asked
/// first for the local inertial kernel, cannot make it. A domain with patches gets [`Nested`], whatever the choice.
#[must_use]
pub fn solver_of(
    choice: KernelChoice,
    domain: Arc<Domain>,
    inertial: InertialSettings,
    pool: Option<Arc<rayon::ThreadPool>>,
    surface: Option<&SurfaceMaker>,
) -> (Box<dyn SurfaceSolver>, Vec<String>) {
    let share = supercritical_share(&domain);
    let percent = 100.0 * share;
    let steep = share > MUCH;
    let godunov = is_godunov(choice, &domain, share);
    let steep_notice = match choice {
        KernelChoice::Auto | KernelChoice::Fv1 if domain.is_porous() && (steep || choice == KernelChoice::Fv1) => {
            Some("孔隙建筑只能用 local_inertial 求解：已改用它 / porous buildings need the local_inertial kernel: it is used".into())
        }
        KernelChoice::Auto if steep => Some(format!(
            "{percent:.0} % of the ground is steep and smooth (supercritical): the fv1 kernel is used, about three times slower"
        )),
        KernelChoice::LocalInertial if steep => Some(format!(
            "{percent:.0} % of the ground is steep and smooth (supercritical): local_inertial is not reliable there, consider kernel = \"fv1\""
        )),
        _ => None,
    };
    let mut notices: Vec<String> = steep_notice.into_iter().collect();
    if let Some(nested) = Nested::new(domain.clone(), inertial, pool.clone()) {
        return (Box::new(nested), notices);
    }
    if godunov {
        if surface.is_some() {
            notices.push("the fv1 kernel runs on the processor only".into());
        }
        return (Box::new(Fv1::new(domain, Fv1Settings::default(), pool)), notices);
    }
    if domain.is_porous() && surface.is_some() {
        notices.push("孔隙建筑在处理器上计算 / porous buildings are computed on the processor".into());
    }
    match surface.filter(|_| !domain.is_porous()).map(|make| make(domain.clone(), inertial)) {
        Some(Ok(solver)) => return (solver, notices),
        Some(Err(why)) => notices.push(format!("the water is computed on the processor: {why}")),
        None => {}
    }
    (Box::new(LocalInertial::new(domain, inertial, pool)), notices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::{DomainBuilder, Grid};

    #[test]
    fn steep_and_smooth_ground_wants_the_godunov_scheme() {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 5.0, cols: 60, rows: 20 };
        let plane =
            |slope: f64, n: f32| Arc::new(DomainBuilder::new(grid).manning(n).bed(|x, _| 50.0 - slope * x).build());
        for (slope, n, name) in
            [(0.005, 0.01, "fv1"), (0.001, 0.01, "local_inertial"), (0.005, 0.03, "local_inertial"), (0.1, 0.03, "fv1")]
        {
            let (solver, notice) =
                solver_of(KernelChoice::Auto, plane(slope, n), InertialSettings::default(), None, None);
            assert_eq!((solver.kernel_name(), !notice.is_empty()), (name, name == "fv1"), "{slope} {n}");
        }
        let (solver, notice) =
            solver_of(KernelChoice::LocalInertial, plane(0.1, 0.02), InertialSettings::default(), None, None);
        assert_eq!(solver.kernel_name(), "local_inertial");
        assert!(notice.iter().any(|n| n.contains("fv1")));
    }
}
