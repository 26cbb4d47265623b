//! What moves under SWMM's scheme: depths, volumes and flows of the last two steps, and what a step leaves for the next.

use serde::{Deserialize, Serialize};

use super::{
    layout::{Joint, Layout, Reach, wet},
    storage,
    units::DRY_M,
};

/// How water stands in a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::drains) enum FlowClass {
    #[default]
    Dry,
    /// The upper, the lower end is dry and higher than the water of the other.
    UpperDry,
    LowerDry,
    Subcritical,
    Supercritical,
    /// Water falls freely out of the upper (backwards), of the lower end.
    UpperCritical,
    LowerCritical,
}

/// A node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::drains) struct JointState {
    pub depth_m: f64,
    pub old_depth_m: f64,
    pub volume_m3: f64,
    pub old_volume_m3: f64,
    /// Sums of what flows in and out, m³/s.
    pub inflow_m3_s: f64,
    pub outflow_m3_s: f64,
    /// Inflow of the step before.
    pub old_inflow_m3_s: f64,
    /// Inflow less outflow of the last step.
    pub old_net_m3_s: f64,
    /// From outside the network.
    pub lateral_m3_s: f64,
    pub overflow_m3_s: f64,
    /// Evaporated and seeped from storage.
    pub lost_m3_s: [f64; 2],
    /// Surface, m², in this trial, and the last one with a free surface.
    pub area_m2: f64,
    pub free_area_m2: f64,
    /// Sum over its links of how flows change with head, m²/s.
    pub stiffness: f64,
    /// How fast the depth changes, m/s.
    pub rate_m_s: f64,
    pub settled: bool,
    /// What left the network here at the end of the last step, m³/s: by an outfall, by flooding.
    pub left_m3_s: f64,
    pub flooded_m3_s: f64,
}

/// A link of any kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::drains) struct WayState {
    pub flow_m3_s: f64,
    pub old_flow_m3_s: f64,
    /// How the flow changes with head, m²/s.
    pub stiffness: f64,
    /// Surface it gives to its nodes, a barrel, m².
    pub area_m2: [f64; 2],
    /// Surface of an orifice, m².
    pub opening_m2: f64,
    pub class: FlowClass,
    /// Both its nodes have settled: it is not computed again in this step.
    pub settled: bool,
}

/// A conduit, one barrel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::drains) struct ReachState {
    /// Area at its middle now and at the last step, m².
    pub area_m2: f64,
    pub old_area_m2: f64,
    /// Flow of the last trial (kinematic wave: at the upper end), m³/s.
    pub flow_m3_s: f64,
    /// Area and flow at the lower end under the kinematic wave.
    pub out_area_m2: f64,
    pub out_flow_m3_s: f64,
    pub froude: f64,
    pub depth_m: f64,
    pub old_depth_m: f64,
    /// All barrels, m³.
    pub volume_m3: f64,
    /// Evaporated and seeped, m³/s.
    pub lost_m3_s: [f64; 2],
}

/// Rates of the network's books in the last step, m³/s: a step counts half with the rates before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::drains) struct Rates {
    pub inflow: f64,
    pub outfall: f64,
    pub backflow: f64,
    pub flooded: f64,
    pub evaporated: f64,
    pub seeped: f64,
}

/// All of it. The routing goes its own steps: what is shown of a moment lies between two of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::drains) struct Waves {
    /// Moment shown, and start of the last step, s.
    pub shown_s: f64,
    /// The next moment that will be asked for, s.
    pub report_s: f64,
    pub old_s: f64,
    /// Length of the last variable step, s; 0 before the first.
    pub step_s: f64,
    /// When rules are looked at next, s.
    pub rules_s: f64,
    /// No step goes beyond this, s.
    pub end_s: Option<f64>,
    pub joints: Vec<JointState>,
    pub ways: Vec<WayState>,
    pub reaches: Vec<ReachState>,
    pub rates: Rates,
    pub shown_head_m: Vec<f64>,
    pub shown_flow_m3_s: Vec<f64>,
}

/// The state that a hot start gives: of each node depth and lateral inflow, of each link flow and depth.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::drains) struct HotState {
    pub nodes: Vec<[f64; 2]>,
    pub links: Vec<[f64; 2]>,
}

impl Layout {
    /// Puts a hot start in place of the state at the file's initial depths and flows.
    pub(super) fn begin_hot(&self, waves: &mut Waves, hot: &HotState) {
        for ((joint, state), [depth_m, lateral]) in self.joints.iter().zip(&mut waves.joints).zip(&hot.nodes) {
            state.depth_m = depth_m.max(0.0);
            state.volume_m3 = self.standing_m3(joint, state.depth_m);
            (state.old_depth_m, state.old_volume_m3) = (state.depth_m, state.volume_m3);
            (state.lateral_m3_s, state.inflow_m3_s, state.outflow_m3_s) = (*lateral, *lateral, 0.0);
        }
        for (way, ([flow, _], (from, to))) in waves.ways.iter_mut().zip(hot.links.iter().zip(&self.ends)) {
            (way.flow_m3_s, way.old_flow_m3_s) = if self.steady { (0.0, 0.0) } else { (*flow, *flow) };
            let (giver, taker) = if way.flow_m3_s >= 0.0 { (*from, *to) } else { (*to, *from) };
            waves.joints[giver].outflow_m3_s += way.flow_m3_s.abs();
            waves.joints[taker].inflow_m3_s += way.flow_m3_s.abs();
        }
        for ((reach, state), [flow, depth_m]) in self.reaches.iter().zip(&mut waves.reaches).zip(&hot.links) {
            state.flow_m3_s = if self.steady { 0.0 } else { flow / reach.barrels };
            state.depth_m = depth_m.clamp(0.0, reach.tube.full_m);
            state.old_depth_m = state.depth_m;
            state.area_m2 = reach.tube.area(state.depth_m);
            state.old_area_m2 = state.area_m2;
            (state.out_area_m2, state.out_flow_m3_s) = (state.area_m2, state.flow_m3_s);
            state.volume_m3 = state.area_m2 * reach.length_m * reach.barrels;
        }
    }

    /// Volume of a node at a depth, m³, with what is ponded over it.
    fn standing_m3(&self, joint: &Joint, depth_m: f64) -> f64 {
        if self.ponds && joint.pond_m2 > 0.0 && depth_m > joint.full_m {
            joint.full_m3 + (depth_m - joint.full_m) * joint.pond_m2
        } else {
            Self::volume_m3(joint, depth_m)
        }
    }

    /// Volume of a node at a depth, m³: of a shaft only what a pump's curve gives it.
    pub(super) fn volume_m3(joint: &Joint, depth_m: f64) -> f64 {
        if depth_m >= joint.full_m && joint.full_m3 > 0.0 && joint.storage.is_some() {
            return joint.full_m3;
        }
        match &joint.storage {
            Some(shape) => storage::volume_m3(shape, depth_m),
            None if joint.full_m > 0.0 => joint.full_m3 * depth_m / joint.full_m,
            None => 0.0,
        }
    }

    /// The state at the file's initial depths and flows.
    pub fn begin(&self) -> Waves {
        let start = |joint: &Joint| JointState { depth_m: joint.init_m, ..JointState::default() };
        let mut joints: Vec<JointState> = self.joints.iter().map(start).collect();
        let mut ways = vec![WayState::default(); self.ends.len()];
        let mut reaches = vec![ReachState::default(); self.reaches.len()];
        for ((reach, state), way) in self.reaches.iter().zip(&mut reaches).zip(&mut ways) {
            way.flow_m3_s = reach.first_m3_s;
            state.flow_m3_s = reach.first_m3_s / reach.barrels;
            state.depth_m = reach.normal_depth(state.flow_m3_s);
        }
        if self.tree.is_some() {
            return self.begin_tree(joints, ways, reaches);
        }
        // Manholes that the file leaves empty stand at the mean of their links.
        let mut sums = vec![[0.0, 0.0]; joints.len()];
        for (k, (from, to)) in self.ends.iter().enumerate() {
            let above = reaches.get(k).zip(self.reaches.get(k)).filter(|(s, _)| wet(s.depth_m));
            let depth = above.map_or(0.0, |(s, r)| s.depth_m + r.offset_m[0]);
            for node in [from, to] {
                sums[*node][0] += depth;
                sums[*node][1] += 1.0;
            }
        }
        for ((joint, state), [sum, count]) in self.joints.iter().zip(&mut joints).zip(sums) {
            if !joint.outfall && joint.storage.is_none() && state.depth_m <= 0.0 && count > 0.0 {
                state.depth_m = sum / count;
            }
        }
        for (joint, state) in self.joints.iter().zip(&mut joints) {
            state.volume_m3 = self.standing_m3(joint, state.depth_m);
            state.old_depth_m = state.depth_m;
            state.old_volume_m3 = state.volume_m3;
        }
        for (way, (from, to)) in ways.iter().zip(&self.ends) {
            let (giver, taker) = if way.flow_m3_s >= 0.0 { (*from, *to) } else { (*to, *from) };
            joints[giver].outflow_m3_s += way.flow_m3_s.abs();
            joints[taker].inflow_m3_s += way.flow_m3_s.abs();
        }
        Waves { joints, ways, reaches, ..Waves::default() }
    }

    /// The same under the kinematic wave: conduits hold their initial flow, and nothing else (steady flow: not even that).
    fn begin_tree(&self, mut joints: Vec<JointState>, mut ways: Vec<WayState>, mut reaches: Vec<ReachState>) -> Waves {
        for (k, (reach, state)) in self.reaches.iter().zip(&mut reaches).enumerate() {
            if self.steady {
                (ways[k].flow_m3_s, state.flow_m3_s) = (0.0, 0.0);
                continue;
            }
            state.old_depth_m = state.depth_m;
            state.area_m2 = reach.tube.area(state.depth_m);
            (state.out_area_m2, state.out_flow_m3_s) = (state.area_m2, state.flow_m3_s);
            state.volume_m3 = state.area_m2 * reach.length_m * reach.barrels;
            joints[reach.from].outflow_m3_s += ways[k].flow_m3_s;
            joints[reach.to].inflow_m3_s += ways[k].flow_m3_s;
        }
        for (joint, state) in self.joints.iter().zip(&mut joints) {
            state.volume_m3 = Self::volume_m3(joint, state.depth_m);
            (state.old_depth_m, state.old_volume_m3) = (state.depth_m, state.volume_m3);
        }
        Waves { joints, ways, reaches, ..Waves::default() }
    }

    /// Conduits between their nodes, when outfalls have their depths.
    pub(super) fn begin_reaches(&self, waves: &mut Waves) {
        for (reach, state) in self.reaches.iter().zip(&mut waves.reaches) {
            let depth_m = [waves.joints[reach.from].depth_m, waves.joints[reach.to].depth_m];
            Self::begin_reach(reach, state, depth_m);
        }
    }

    fn begin_reach(reach: &Reach, state: &mut ReachState, depth_m: [f64; 2]) {
        if reach.first_m3_s == 0.0 {
            let end = |k: usize| (depth_m[k] - reach.offset_m[k]).clamp(0.0, reach.tube.full_m);
            state.depth_m = (0.5 * (end(0) + end(1))).max(DRY_M);
        }
        state.old_depth_m = state.depth_m;
        state.area_m2 = reach.tube.area(state.depth_m);
        state.old_area_m2 = state.area_m2;
        state.volume_m3 = state.area_m2 * reach.length_m * reach.barrels;
    }
}

impl Waves {
    /// Share of the way from the last step's start to its end at which the shown moment lies.
    fn share(&self, time_s: f64) -> f64 {
        let span_s = time_s - self.old_s;
        if span_s > 0.0 { ((self.shown_s - self.old_s) / span_s).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Shows the moment asked for, between the last two steps; `pumps`: which links are pumps, whose flows are those of
    /// the nearer step when they were switched between.
    pub fn show(&mut self, layout: &Layout, time_s: f64, pumps: std::ops::Range<usize>) {
        let share = self.share(time_s);
        let between = |old: f64, new: f64| old + (new - old) * share;
        self.shown_head_m.clear();
        let head = |(j, s): (&Joint, &JointState)| j.invert_m + between(s.old_depth_m, s.depth_m);
        self.shown_head_m.extend(layout.joints.iter().zip(&self.joints).map(head));
        self.shown_flow_m3_s.clear();
        self.shown_flow_m3_s.extend(self.ways.iter().enumerate().map(|(k, w)| {
            if pumps.contains(&k) && w.old_flow_m3_s * w.flow_m3_s == 0.0 {
                return if share >= 0.5 { w.flow_m3_s } else { w.old_flow_m3_s };
            }
            between(w.old_flow_m3_s, w.flow_m3_s)
        }));
    }

    /// True when it is for a network of this size.
    pub fn fits(&self, other: &Self) -> bool {
        self.joints.len() == other.joints.len()
            && self.ways.len() == other.ways.len()
            && self.reaches.len() == other.reaches.len()
            && self.shown_head_m.len() == other.shown_head_m.len()
            && self.shown_flow_m3_s.len() == other.shown_flow_m3_s.len()
            && self.joints.iter().all(|j| j.depth_m.is_finite() && j.volume_m3.is_finite())
            && self.ways.iter().all(|w| w.flow_m3_s.is_finite())
    }
}
