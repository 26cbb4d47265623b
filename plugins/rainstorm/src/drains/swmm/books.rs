//! What leaves the network, and its books: a step counts half with the rates before it, half with its own.

use super::{
    layout::Layout,
    state::{Rates, Waves},
};
use crate::drains::{DrainPlan, regulators::Kind, state::Moving};

/// Books rates over a time.
pub(super) fn book(now: &mut Moving, rates: Rates, span_s: f64) {
    let books = &mut now.books;
    books.inflow_m3 += rates.inflow * span_s;
    books.outfall_m3 += rates.outfall * span_s;
    books.backflow_m3 += rates.backflow * span_s;
    books.flooded_m3 += rates.flooded * span_s;
    books.evaporated_m3 += rates.evaporated * span_s;
    books.seeped_m3 += rates.seeped * span_s;
}

impl Waves {
    /// What leaves the network at the end of the step.
    pub(super) fn leave(&mut self, plan: &DrainPlan, layout: &Layout, now: &mut Moving, dt_s: f64) {
        for (k, (joint, state)) in layout.joints.iter().zip(&mut self.joints).enumerate() {
            let (mut left, mut flooded) = (0.0, 0.0);
            // Under the kinematic wave lines may end anywhere.
            if joint.outfall || layout.tree.is_some() && joint.last && joint.storage.is_none() {
                left = state.inflow_m3_s - state.outflow_m3_s;
                if let (Some(hydrology), Some(runoff)) = (&plan.hydrology, &mut now.runoff) {
                    hydrology.run_on(runoff, k, left.max(0.0) * dt_s);
                }
                state.volume_m3 = 0.0;
                if left >= 0.0 {
                    self.rates.outfall += left;
                } else {
                    self.rates.backflow -= left;
                }
                now.outfall_m3[k] += 0.5 * dt_s * (state.left_m3_s + left);
            } else if state.volume_m3 <= joint.full_m3 {
                flooded = state.overflow_m3_s;
                self.rates.flooded += flooded;
                now.returned_node_m3[k] += 0.5 * dt_s * (state.flooded_m3_s + flooded);
            }
            (state.left_m3_s, state.flooded_m3_s) = (left, flooded);
        }
        for (reach, state) in layout.reaches.iter().zip(&self.reaches) {
            self.rates.evaporated += state.lost_m3_s[0] * reach.barrels;
            self.rates.seeped += state.lost_m3_s[1] * reach.barrels;
        }
        let first = plan.links.len() + plan.pumps.len();
        for (k, regulator) in plan.regulators.iter().enumerate() {
            if let Kind::Street(inlet) = &regulator.kind {
                let by_flow = self.ways[inlet.conduit].flow_m3_s.abs();
                self.ways[first + k].flow_m3_s = inlet.capture_m3_s(by_flow, self.joints[regulator.from].depth_m);
            }
        }
        let pumps = plan.links.len();
        for (pumped, way) in now.pumped_m3.iter_mut().zip(&self.ways[pumps..]) {
            *pumped += way.flow_m3_s * dt_s;
        }
    }
}
