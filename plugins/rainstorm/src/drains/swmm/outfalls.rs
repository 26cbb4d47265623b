//! Depths of outfalls: critical or normal depth of the conduit that ends there, or the level outside.

use super::{layout::Layout, state::Waves};
use crate::drains::{DrainPlan, state::Moving, supply::Stage};

impl Waves {
    /// Depths of outfalls by their links' flows and the level outside.
    pub(in crate::drains) fn set_outfalls(&mut self, plan: &DrainPlan, layout: &Layout, now: &Moving, t_s: f64) {
        for (k, reach) in layout.reaches.iter().enumerate() {
            let end = usize::from(layout.joints[reach.to].outfall);
            let node = if end == 1 { reach.to } else { reach.from };
            if layout.joints[node].outfall {
                let q = (self.ways[k].flow_m3_s / reach.barrels).abs();
                let depths = [reach.normal_depth(q), reach.tube.critical_depth(q)];
                self.joints[node].depth_m = depth_outside(plan, layout, (now, t_s), node, depths, reach.offset_m[end]);
            }
        }
        let pumps = plan.pumps.iter().map(|p| (p.from, p.to, 0.0));
        let regulators = plan.regulators.iter().filter(|r| !r.is_street_inlet());
        let regulators = regulators.map(|r| (r.from, r.to, r.offset_m));
        for (from, to, offset_m) in pumps.chain(regulators) {
            let node = if layout.joints[to].outfall { to } else { from };
            if layout.joints[node].outfall {
                self.joints[node].depth_m = depth_outside(plan, layout, (now, t_s), node, [0.0; 2], offset_m);
            }
        }
    }
}

/// Depth of an outfall by normal and critical depth of its conduit, which ends `offset_m` above its invert.
fn depth_outside(
    plan: &DrainPlan,
    layout: &Layout,
    (now, t_s): (&Moving, f64),
    node: usize,
    [normal, critical]: [f64; 2],
    offset_m: f64,
) -> f64 {
    let tide = plan.tides.get(node).and_then(Option::as_ref);
    let invert = layout.joints[node].invert_m;
    let lip = normal.min(critical);
    match now.outside_m[node].or_else(|| tide.and_then(|t| t.level_in_swmm_m(t_s))) {
        Some(level) if lip + offset_m + invert < level => level - invert,
        Some(level) if offset_m > 0.0 && level < invert + offset_m => (level - invert).max(0.0),
        Some(_) => offset_m + lip,
        None if offset_m > 0.0 => 0.0,
        None if tide.is_some_and(|t| t.stage == Stage::Normal) => normal,
        None => lip,
    }
}
