//! `FLOW_ROUTING KINWAVE` and `STEADY` along a network that is a tree: flow in a conduit is normal flow by its area, what
//! a full conduit cannot take floods at its upper node, nothing backs up (SWMM 5 reference manual, volume II, chapter 4).
//! Steady flow passes a conduit at once.

use super::{
    drives,
    layout::{Joint, Layout, Reach},
    state::{JointState, ReachState, Waves, WayState},
    storage,
    units::{DRY_M3_S, FOOT_M, FOOT3_M3},
};
use crate::drains::{DrainPlan, regulators::Kind, state::Moving};

/// Weight of the lower end in a conduit's volume, and of the new flows in time.
const WEIGHT: f64 = 0.6;
/// Flows over full flow below which there is none.
const NONE: f64 = 1.0e-6;
/// Trials of a storage's level at most, weight of the newest, and change at which it has settled, m.
const TRIALS: usize = 9;
const OMEGA: f64 = 0.55;
const SETTLED_M: f64 = 0.005 * FOOT_M;
/// Volumes below count as none, m³.
const LEAST_M3: f64 = 1.0e-4 * FOOT3_M3;
const HALVINGS: usize = 50;

impl Waves {
    /// A step through the whole tree.
    pub(super) fn go_down(&mut self, plan: &DrainPlan, layout: &Layout, now: &Moving, dt_s: f64, sun_m_s: f64) {
        let order = layout.tree.as_deref().unwrap_or_default();
        let mut updated = vec![false; self.joints.len()];
        for (at, link) in order.iter().enumerate() {
            let (from, to) = layout.ends[*link];
            if layout.joints[from].storage.is_some() && !updated[from] {
                let leaving: Vec<usize> =
                    order[at..].iter().copied().take_while(|k| layout.ends[*k].0 == from).collect();
                self.settle_storage(plan, layout, now, from, &leaving, dt_s);
                updated[from] = true;
            }
            let enters = self.enters(plan, layout, now, *link, dt_s);
            let (taken, out) = match layout.reaches.get(*link) {
                Some(reach) => {
                    let state = &mut self.reaches[*link];
                    if layout.steady {
                        steady(reach, state, enters)
                    } else {
                        let losses = losses(reach, state, sun_m_s, enters / reach.barrels);
                        state.lost_m3_s = losses;
                        kinematic(reach, state, enters, losses[0] + losses[1], dt_s)
                    }
                }
                None => (enters, enters),
            };
            self.ways[*link].flow_m3_s = out;
            self.joints[from].outflow_m3_s += taken;
            self.joints[to].inflow_m3_s += out;
        }
        for (k, joint) in layout.joints.iter().enumerate() {
            if joint.storage.is_none() {
                fill(layout, joint, &mut self.joints[k], dt_s);
            } else if !updated[k] {
                self.settle_storage(plan, layout, now, k, &[], dt_s);
            }
        }
        for (k, reach) in layout.reaches.iter().enumerate() {
            let state = &mut self.reaches[k];
            state.volume_m3 = 0.5 * (state.area_m2 + state.out_area_m2) * reach.length_m * reach.barrels;
            let depths = [state.area_m2, state.out_area_m2].map(|a| reach.tube.depth_of_area(a));
            state.depth_m = 0.5 * (depths[0] + depths[1]);
            for (node, depth) in
                [(reach.from, depths[0] + reach.offset_m[0]), (reach.to, depths[1] + reach.offset_m[1])]
            {
                raise(&layout.joints[node], &mut self.joints[node], depth);
            }
        }
    }

    /// What a link takes from its upper node, m³/s.
    fn enters(&self, plan: &DrainPlan, layout: &Layout, now: &Moving, link: usize, dt_s: f64) -> f64 {
        let (from, to) = layout.ends[link];
        let (joint, state) = (&layout.joints[from], &self.joints[from]);
        let comes = state.inflow_m3_s + state.overflow_m3_s;
        let links = plan.links.len();
        let from_node = |reach: Option<&Reach>| match (&joint.storage, layout.splits.get(from)) {
            (Some(_), _) => reach.map_or(0.0, |r| standing(r, state.depth_m - r.offset_m[0])),
            (None, Some(Some(split))) => split.into_link(link, comes, state.outflow_m3_s),
            _ => comes,
        };
        let q = if let Some(reach) = layout.reaches.get(link) {
            if now.gate[link] <= 0.0 {
                0.0
            } else {
                let q = from_node(Some(reach)) * (1.0 - now.blocked[link]);
                if reach.limit_m3_s > 0.0 { q.min(reach.limit_m3_s) } else { q }
            }
        } else if let Some(pump) = plan.pumps.get(link - links) {
            if pump.dummy {
                from_node(None)
            } else {
                let well = [(joint, state), (&layout.joints[to], &self.joints[to])];
                drives::pump(pump, well, &mut WayState::default(), now.setting[link - links], dt_s)
            }
        } else {
            let k = link - links - plan.pumps.len();
            let regulator = &plan.regulators[k];
            let setting = now.setting[plan.pumps.len() + k];
            // Nothing stands behind it.
            let heads = [joint.invert_m + state.depth_m, joint.invert_m];
            let shut = setting <= 0.0 || matches!(regulator.kind, Kind::Street(_));
            if shut || heads[0] <= regulator.crest_m { 0.0 } else { regulator.through(heads, setting, false).q_m3_s }
        };
        let most = if joint.full_m3 > 0.0 { state.inflow_m3_s + state.old_volume_m3 / dt_s } else { f64::INFINITY };
        q.min(most).max(0.0)
    }

    /// Level of a storage at which what it gives is what its level gives.
    fn settle_storage(
        &mut self,
        plan: &DrainPlan,
        layout: &Layout,
        now: &Moving,
        node: usize,
        leaving: &[usize],
        dt_s: f64,
    ) {
        let joint = &layout.joints[node];
        let Some(shape) = &joint.storage else { return };
        let state = &self.joints[node];
        let fixed_m3 = state.old_volume_m3 + 0.5 * (state.old_net_m3_s + state.inflow_m3_s - state.outflow_m3_s) * dt_s;
        let mut guess = state.depth_m;
        for _ in 0..TRIALS {
            let gives: f64 = leaving.iter().map(|link| self.enters(plan, layout, now, *link, dt_s)).sum();
            let state = &mut self.joints[node];
            let mut volume = (fixed_m3 - 0.5 * gives * dt_s).max(0.0);
            state.overflow_m3_s = 0.0;
            if volume > joint.full_m3 {
                let over = (volume - state.old_volume_m3.max(joint.full_m3)) / dt_s;
                state.overflow_m3_s = if over < DRY_M3_S { 0.0 } else { over };
                if !layout.ponds || joint.pond_m2 <= 0.0 {
                    volume = joint.full_m3;
                }
            }
            state.volume_m3 = volume;
            state.depth_m = depth_of(shape, joint, volume);
            let next = (1.0 - OMEGA) * guess + OMEGA * state.depth_m;
            if (next - guess).abs() <= SETTLED_M {
                break;
            }
            guess = next;
        }
    }
}

/// Depth of a storage by its volume, full at most, m.
fn depth_of(shape: &guanlan_city::model::drainage::StorageShape, joint: &Joint, volume_m3: f64) -> f64 {
    if joint.full_m3 > 0.0 && volume_m3 >= joint.full_m3 {
        return joint.full_m;
    }
    if volume_m3 <= 0.0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, joint.full_m);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if storage::volume_m3(shape, middle) < volume_m3 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Normal flow of water standing before a conduit at a storage, one barrel.
fn standing(reach: &Reach, depth_m: f64) -> f64 {
    if depth_m <= 0.0 {
        0.0
    } else if depth_m >= reach.tube.full_m {
        reach.beta * reach.tube.full_factor()
    } else {
        reach.beta * reach.tube.factor_of_area(reach.tube.area(depth_m))
    }
}

/// Evaporation and seepage of a barrel, m³/s: no more than flows in.
fn losses(reach: &Reach, state: &ReachState, sun_m_s: f64, enters: f64) -> [f64; 2] {
    let depth = 0.5 * (state.old_depth_m + state.depth_m);
    if depth <= super::units::DRY_M {
        return [0.0; 2];
    }
    let air = if reach.tube.open { reach.tube.width(depth) * reach.length_m * sun_m_s.max(0.0) } else { 0.0 };
    let ground = reach.seepage_m_s * reach.tube.width(depth.min(reach.tube.widest_m)) * reach.length_m;
    let share = if air + ground > enters { enters.max(0.0) / (air + ground) } else { 1.0 };
    [air * share, ground * share]
}

/// Passes on at once what a conduit can carry; what it takes and gives, all barrels.
fn steady(reach: &Reach, state: &mut ReachState, enters: f64) -> (f64, f64) {
    let full = reach.beta * reach.tube.full_factor();
    let q = enters / reach.barrels;
    let (q, area) = if q > full {
        (full, reach.tube.area_m2)
    } else {
        (q, reach.tube.area(reach.tube.normal_depth(q / reach.beta)))
    };
    (state.area_m2, state.out_area_m2) = (area, area);
    (state.flow_m3_s, state.out_flow_m3_s) = (q, q);
    (q * reach.barrels, q * reach.barrels)
}

/// Continuity over a step in a conduit whose flows are normal at both ends; what it takes and gives, all barrels.
fn kinematic(reach: &Reach, state: &mut ReachState, enters: f64, lost: f64, dt_s: f64) -> (f64, f64) {
    let tube = &reach.tube;
    let full = reach.beta * tube.full_factor();
    let [q1, q2] = [state.flow_m3_s, state.out_flow_m3_s].map(|q| q / full);
    let [a1, a2] = [state.area_m2, state.out_area_m2].map(|a| a / tube.area_m2);
    let q_in = enters / reach.barrels / full;
    let a_in = if q_in >= 1.0 { 1.0 } else { tube.area_of_factor(q_in * full / reach.beta) / tube.area_m2 };
    let (mut a_out, mut q_out) = (0.0, 0.0);
    if q_in > NONE || q2 > NONE {
        let holds = reach.length_m / dt_s * tube.area_m2 / full;
        let c1 = holds * WEIGHT / WEIGHT;
        let c2 = ((1.0 - WEIGHT) * (a_in - a1) - WEIGHT * a2) * holds / WEIGHT + (1.0 - WEIGHT) / WEIGHT * (q2 - q1)
            - q_in
            + lost / full / WEIGHT;
        let carries = |a: f64| reach.beta / full * tube.factor_of_area(a * tube.area_m2);
        a_out = outlet_area(reach, q_in, a_in, |a| carries(a) + c1 * a + c2);
        q_out = carries(a_out);
    }
    let q_in = q_in.min(1.0);
    (state.flow_m3_s, state.area_m2) = (q_in * full, a_in * tube.area_m2);
    (state.out_flow_m3_s, state.out_area_m2) = (q_out * full, a_out * tube.area_m2);
    (q_in * full * reach.barrels, q_out * full * reach.barrels)
}

/// Area of the lower end, over the full one, at which `rest` is none: looked for above that of the greatest flow first.
fn outlet_area(reach: &Reach, q_in: f64, a_in: f64, rest: impl Fn(f64) -> f64) -> f64 {
    let best = reach.tube.most_area() / reach.tube.area_m2;
    let (mut low, mut high) = (best, 1.0);
    let (mut at_low, mut at_high) = (rest(low), rest(high));
    if at_low * at_high > 0.0 || best >= 1.0 {
        (high, at_high) = (low, at_low);
        (low, at_low) = (0.0, rest(0.0));
    }
    if at_low * at_high > 0.0 {
        return if at_low > 0.0 {
            0.0
        } else if q_in > 1.0 {
            a_in
        } else {
            1.0
        };
    }
    let rises = at_low <= at_high;
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if (rest(middle) < 0.0) == rises { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Volume of a manhole, and what floods out of it: what its link did not take.
fn fill(layout: &Layout, joint: &Joint, state: &mut JointState, dt_s: f64) {
    let net = state.inflow_m3_s - state.outflow_m3_s;
    state.volume_m3 = state.old_volume_m3 + net * dt_s;
    if state.volume_m3 < LEAST_M3 {
        state.volume_m3 = 0.0;
    }
    state.overflow_m3_s = 0.0;
    if state.volume_m3 > joint.full_m3 {
        let over = (state.volume_m3 - state.old_volume_m3.max(joint.full_m3)) / dt_s;
        state.overflow_m3_s = if over < DRY_M3_S { 0.0 } else { over };
        if !layout.ponds || joint.pond_m2 <= 0.0 {
            state.volume_m3 = joint.full_m3;
        }
    }
    state.depth_m = 0.0;
}

/// A node stands at least as deep as water does in its conduits; a flooded one to its rim.
fn raise(joint: &Joint, state: &mut JointState, depth_m: f64) {
    if joint.storage.is_some() {
        return;
    }
    let flooded = !joint.outfall && !joint.last && state.overflow_m3_s > 0.0;
    let depth = if flooded { joint.full_m } else { depth_m };
    if state.depth_m < depth {
        state.depth_m = if joint.full_m > 0.0 { depth.min(joint.full_m) } else { depth };
    }
}
