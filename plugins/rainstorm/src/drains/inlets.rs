//! Where streets meet the network: grates and manholes, what they take, and what comes up.

use guanlan_city::model::drainage::DrainageNetwork;

use super::plan::{InletSettings, PlanNode};
use crate::surface::{Domain, GRAVITY};

/// Open area of a manhole without its cover, m² (0.7 m across).
pub const COVER_M2: f64 = 0.385;
/// Submerged weir coefficient of a manhole's rim (Rubinato et al. 2017).
const SUBMERGED_WEIR: f64 = 0.056;
/// Free weir coefficient of a rim.
const FREE_WEIR: f64 = 0.54;
/// Head differences below this count linearly, m: a root has no slope at 0.
const LINEAR_M: f64 = 0.01;

/// A cell of the street that leads to a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanInlet {
    /// Index of the node.
    pub node: usize,
    /// The cell ([`Domain::index_of`]).
    pub cell: usize,
}

/// One inlet for each node that lies on open ground.
pub(super) fn place_inlets(
    nodes: &[PlanNode],
    network: &DrainageNetwork,
    domain: &Domain,
    settings: InletSettings,
) -> Vec<PlanInlet> {
    let at = |(k, node): (usize, &PlanNode)| {
        let place = network.nodes.get(k)?.place_m.filter(|p| p[0].is_finite() && p[1].is_finite())?;
        let cell = if node.outfall { None } else { inlet_cell(domain, place, settings.reach_cells) }?;
        Some(PlanInlet { node: k, cell })
    };
    nodes.iter().enumerate().filter_map(at).collect()
}

/// The lowest open cell near a place that is not a river: the nearest ring wins, then the lowest bed.
fn inlet_cell(domain: &Domain, at: [f64; 2], reach: usize) -> Option<usize> {
    let (col, row) = domain.finest_at(at[0], at[1])?;
    if domain.is_fixed(col, row) {
        return None;
    }
    // As far in metres over finer cells.
    let reach = reach * (domain.grid.cell_m / domain.grid_of(col, row).0.cell_m).round() as usize;
    for ring in 0..=reach {
        let mut best: Option<(f64, usize)> = None;
        for (c, r) in domain.around(col, row, ring) {
            let Some(bed) = domain.bed_m(c, r).filter(|_| !domain.is_fixed(c, r)) else { continue };
            if best.is_none_or(|(lowest, _)| bed < lowest) {
                best = Some((bed, domain.index_of(c, r)));
            }
        }
        if let Some((_, cell)) = best {
            return Some(cell);
        }
    }
    None
}

/// Flow that openings of `area_m2` capture under a depth of water: a weir over its rim (`w = 2√(πA)`,
/// .54), at most an orifice (.167), after Rubinato et al. 2017.
#[must_use]
pub fn capture_m3_s(depth_m: f64, area_m2: f64, orifice: f64) -> f64 {
    if depth_m <= 0.0 || area_m2 <= 0.0 {
        return 0.0;
    }
    let g2 = (2.0 * GRAVITY).sqrt();
    let rim = 2.0 * (std::f64::consts::PI * area_m2).sqrt();
    let weir = 2.0 / 3.0 * FREE_WEIR * rim * depth_m * depth_m.sqrt() * g2;
    weir.min(orifice * area_m2 * g2 * depth_m.sqrt())
}

/// The street over a node at the start of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Above {
    /// Depth of water on the cell, m.
    pub depth_m: f64,
    /// Its ground, m above datum.
    pub ground_m: f64,
    /// Area of the cell, m².
    pub cell_m2: f64,
    /// Openings that let water in, m².
    pub open_m2: f64,
    /// Openings through which pressed water comes up, m².
    pub lift_m2: f64,
}

/// Flow from the street into the node, m³/s (negative: it comes up), and how it falls with the head, m²/s.
/// Part of the change of level of the cell within the step is foreseen, so that one step does not overshoot.
pub(super) fn exchange(above: &Above, head_m: f64, coefficient: f64, dt_s: f64) -> (f64, f64) {
    let level = above.ground_m + above.depth_m;
    let root = |d: f64| if d < LINEAR_M { d / LINEAR_M.sqrt() } else { d.sqrt() };
    let slope = |d: f64| if d < LINEAR_M { 1.0 / LINEAR_M.sqrt() } else { 0.5 / d.sqrt() };
    let g2 = (2.0 * GRAVITY).sqrt();
    let (flow, falls) = if head_m > level {
        let c = coefficient * above.lift_m2 * g2;
        (-c * root(head_m - level), c * slope(head_m - level))
    } else {
        let free = capture_m3_s(above.depth_m, above.open_m2, coefficient);
        if head_m <= above.ground_m || free <= 0.0 {
            return (free.min(above.depth_m * above.cell_m2 / dt_s), 0.0);
        }
        let rim = 2.0 * (std::f64::consts::PI * above.open_m2).sqrt();
        let drowned = above.depth_m * rim > above.open_m2;
        let c = if drowned { coefficient * above.open_m2 } else { SUBMERGED_WEIR * rim * above.depth_m } * g2;
        let difference = level - head_m;
        let flow = c * root(difference);
        if flow < free { (flow, c * slope(difference)) } else { (free, 0.0) }
    };
    let damped = 1.0 / (1.0 + falls * dt_s / above.cell_m2.max(1.0e-6));
    ((flow * damped).min(above.depth_m * above.cell_m2 / dt_s), falls * damped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_grows_with_depth_and_turns_to_an_orifice() {
        assert_eq!(capture_m3_s(0.0, 1.0, 0.167), 0.0);
        let q: Vec<f64> = [0.01, 0.05, 0.1, 0.5, 1.0].iter().map(|d| capture_m3_s(*d, 1.0, 0.167)).collect();
        assert!(q.windows(2).all(|w| w[1] > w[0]));
        assert!((q[4] / 0.167 / (2.0 * 9.81_f64).sqrt() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn pressed_water_comes_up_and_drowned_inlets_take_less() {
        let above = Above { depth_m: 0.3, ground_m: 10.0, cell_m2: 1.0e9, open_m2: 1.0, lift_m2: 1.0 };
        let q: Vec<f64> =
            [9.0, 10.1, 10.25, 10.3, 10.4, 11.0].iter().map(|h| exchange(&above, *h, 0.167, 1.0).0).collect();
        assert!(q.windows(2).all(|w| w[1] < w[0]), "{q:?}");
        assert!(q[3].abs() < 1e-9 && q[5] < 0.0);
        assert!((q[5] + 0.167 * (2.0 * 9.81 * 0.7_f64).sqrt()).abs() < 1e-6);
        // Never more than the street holds.
        let puddle = Above { depth_m: 0.01, cell_m2: 1.0, ..above };
        assert!(exchange(&puddle, 5.0, 0.167, 10.0).0 <= 0.001 + 1e-12);
    }
}
