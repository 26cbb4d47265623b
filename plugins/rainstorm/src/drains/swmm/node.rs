//! Depth of a node after a trial: by its surface while it has one, by how its links' flows change with head when it is
//! under pressure, and what floods out of it (SWMM 5 reference manual, volume II, sections 3.3 and 3.4).

use super::{
    layout::{Joint, Layout},
    state::JointState,
    units::{DRY_M, DRY_M3_S},
};

/// Weight of the newest trial.
const OMEGA: f64 = super::conduit::OMEGA;
/// How much of a step a node at the head of a line takes under pressure.
const HEAD_OF_LINE: f64 = 0.6;
/// Depth over the crown's up to which the free surface still counts, and how fast it fades out.
const SOFT_UPTO: f64 = 1.25;
const SOFT: f64 = 15.0;

impl Layout {
    /// Surface of a node without its links, m².
    pub(super) fn own_area_m2(&self, joint: &Joint, depth_m: f64) -> f64 {
        if self.ponds && depth_m > joint.full_m && joint.pond_m2 > 0.0 {
            return joint.pond_m2;
        }
        joint.storage.as_ref().map_or(0.0, |shape| super::storage::area_m2(shape, depth_m))
    }

    /// New depth of a node.
    pub(super) fn settle(&self, joint: &Joint, state: &mut JointState, trial: usize, dt_s: f64) {
        let ponds = self.ponds && joint.pond_m2 > 0.0;
        let ponded = ponds && state.depth_m > joint.full_m;
        let (old, last) = (state.old_depth_m, state.depth_m);
        state.overflow_m3_s = 0.0;
        let area = state.area_m2.max(self.shaft_m2);
        let net = state.inflow_m3_s - state.outflow_m3_s;
        let gained_m3 = 0.5 * (state.old_net_m3_s + net) * dt_s;
        let pressed = !self.slot
            && !ponded
            && if joint.storage.is_some() {
                joint.surcharge_m > 0.0 && last > joint.full_m
            } else {
                joint.crown_m > 0.0 && last > joint.crown_m
            };
        let mut depth = if pressed {
            let step = if joint.head_of_line { HEAD_OF_LINE } else { 1.0 };
            let mut under = state.stiffness;
            if last < SOFT_UPTO * joint.crown_m {
                let above = (last - joint.crown_m) / joint.crown_m;
                under += (state.free_area_m2 / dt_s - state.stiffness) * (-SOFT * above).exp();
            }
            let mut depth = if under == 0.0 { last } else { last + step * net / under };
            if depth < joint.crown_m {
                depth = joint.crown_m - DRY_M;
            }
            if ponds && depth > joint.full_m {
                depth = joint.full_m + DRY_M;
            }
            depth
        } else {
            let mut depth = old + gained_m3 / area;
            if !ponded {
                state.free_area_m2 = area;
            }
            if trial > 0 {
                depth = (1.0 - OMEGA) * last + OMEGA * depth;
            }
            if ponded && depth < joint.full_m {
                depth = joint.full_m - DRY_M;
            }
            depth
        }
        .max(0.0);
        let most = joint.full_m + if ponds { 0.0 } else { joint.surcharge_m };
        if depth > most {
            if ponds {
                state.volume_m3 = (state.old_volume_m3 + gained_m3).max(joint.full_m3);
                state.overflow_m3_s = (state.volume_m3 - state.old_volume_m3.max(joint.full_m3)) / dt_s;
            } else {
                depth = most;
                state.volume_m3 = joint.full_m3;
                state.overflow_m3_s = gained_m3 / dt_s;
            }
            if state.overflow_m3_s < DRY_M3_S {
                state.overflow_m3_s = 0.0;
            }
        } else {
            state.volume_m3 = Self::volume_m3(joint, depth);
        }
        state.rate_m_s = (depth - old).abs() / dt_s;
        state.settled = (last - depth).abs() <= self.tolerance_m;
        state.depth_m = depth;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::layout::tests_layout, *};

    fn joint() -> Joint {
        Joint {
            outfall: false,
            storage: None,
            invert_m: 0.0,
            full_m: 3.0,
            full_m3: 0.0,
            surcharge_m: 0.0,
            pond_m2: 0.0,
            crown_m: 1.0,
            head_of_line: false,
            gate: false,
            init_m: 0.0,
            last: false,
        }
    }

    #[test]
    fn a_free_surface_rises_by_what_comes_over_the_step() {
        let layout = tests_layout();
        let mut state = JointState { inflow_m3_s: 0.2, old_net_m3_s: 0.1, area_m2: 4.0, ..JointState::default() };
        layout.settle(&joint(), &mut state, 0, 10.0);
        // (.1 + .2) / 2 · 10 s on 4 m².
        assert!((state.depth_m - 0.375).abs() < 1e-12 && !state.settled);
        // The next trial goes half the way.
        state.inflow_m3_s = 0.3;
        layout.settle(&joint(), &mut state, 1, 10.0);
        assert!((state.depth_m - 0.5 * (0.375 + 0.5)).abs() < 1e-12);
        // A narrow shaft counts as wide as the least surface.
        let mut narrow = JointState { inflow_m3_s: 0.01, area_m2: 1e-6, ..JointState::default() };
        layout.settle(&joint(), &mut narrow, 0, 10.0);
        assert!((narrow.depth_m - 0.05 / layout.shaft_m2).abs() < 1e-12);
    }

    #[test]
    fn pressure_follows_the_links_and_what_is_over_the_rim_floods() {
        let layout = tests_layout();
        let start = JointState { depth_m: 2.0, old_depth_m: 2.0, stiffness: 0.5, ..JointState::default() };
        let mut state = JointState { inflow_m3_s: 0.1, ..start };
        layout.settle(&joint(), &mut state, 1, 1.0);
        assert!((state.depth_m - 2.2).abs() < 1e-12);
        let mut first = JointState { inflow_m3_s: 0.1, ..start };
        layout.settle(&Joint { head_of_line: true, ..joint() }, &mut first, 1, 1.0);
        assert!((first.depth_m - 2.12).abs() < 1e-12);
        // More than the rim holds is lost: the mean of what came.
        let mut full = JointState { inflow_m3_s: 2.0, old_net_m3_s: 1.0, ..start };
        layout.settle(&joint(), &mut full, 1, 1.0);
        assert_eq!((full.depth_m, full.overflow_m3_s), (3.0, 1.5));
        // A pond keeps it.
        let mut ponds = tests_layout();
        ponds.ponds = true;
        let mut pond = JointState { inflow_m3_s: 2.0, old_net_m3_s: 1.0, ..start };
        ponds.settle(&Joint { pond_m2: 10.0, ..joint() }, &mut pond, 1, 1.0);
        assert!(pond.depth_m < 3.001 && (pond.volume_m3 - 1.5).abs() < 1e-12 && pond.overflow_m3_s > 1.0);
    }
}
