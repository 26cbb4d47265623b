//! A step of SWMM's scheme: its length, what enters, trials until heads settle, the books.

use super::{
    books::book,
    class::End,
    conduit::Trial,
    drives,
    layout::Layout,
    state::{HotState, Rates, ReachState, Waves},
    units::{DRY_M, DRY_M2, DRY_M3_S, FLOW_LEAST_M3_S},
};
use crate::drains::{
    DrainPlan,
    regulators::Kind,
    state::{Drains, Moving},
};

/// SWMM's calendar is ahead of its routing by so much, s: an inflow that begins to rise is never quite none.
pub(in crate::drains) const CLOCK_AHEAD_S: f64 = 1.0e-3;
/// Times that differ by less are the same, s.
const SAME_S: f64 = 1.0e-3;
/// Below this Froude number a conduit does not shorten the step.
const FROUDE_LEAST: f64 = 0.01;
/// Share of its crown's depth that a node may fill in a step.
const RISE: f64 = 0.25;

impl Drains {
    /// Runs the routing past a time and shows the moment asked for.
    pub(in crate::drains) fn run_waves(&mut self, until_s: f64) {
        let plan = self.plan.clone();
        let (Some(layout), Some(mut waves)) = (plan.swmm.as_deref(), self.now.waves.take()) else { return };
        waves.report_s = until_s;
        while self.now.time_s < until_s {
            self.route(&plan, layout, &mut waves);
        }
        waves.shown_s = until_s;
        let pumps = plan.links.len()..plan.links.len() + plan.pumps.len();
        waves.show(layout, self.now.time_s, pumps);
        self.now.waves = Some(waves);
    }

    /// The state at the start, where SWMM's scheme runs.
    pub(in crate::drains) fn begin_waves(&mut self) {
        let plan = self.plan.clone();
        let Some(layout) = plan.swmm.as_deref() else { return };
        let mut waves = layout.begin();
        if layout.tree.is_none() {
            waves.set_outfalls(&plan, layout, &self.now, 0.0);
            layout.begin_reaches(&mut waves);
        }
        // SWMM counts how long a gate has been open from the midnight before the start.
        let midnight_s = -plan.start_s.rem_euclid(86_400.0);
        self.now.switched_s.fill(midnight_s);
        self.now.gate_switched_s.fill(midnight_s);
        self.stand(layout, waves);
    }

    /// The same with the state of a hot start.
    pub(in crate::drains) fn begin_waves_hot(&mut self, layout: &Layout, hot: &HotState) {
        let Some(mut waves) = self.now.waves.take() else { return };
        layout.begin_hot(&mut waves, hot);
        self.stand(layout, waves);
    }

    /// The first moment: books and peaks begin here.
    fn stand(&mut self, layout: &Layout, mut waves: Waves) {
        waves.look_at(layout, &mut self.now);
        self.now.books.initial_m3 = self.now.volume_m3.iter().sum();
        waves.show(layout, 0.0, 0..0);
        self.now.highest_m.clone_from(&waves.shown_head_m);
        self.now.peak_m3_s.fill(0.0);
        self.now.waves = Some(waves);
    }

    /// Tells the end of the run, s: the last step stops there.
    pub fn set_end_s(&mut self, end_s: f64) {
        if let Some(waves) = &mut self.now.waves {
            waves.end_s = Some(end_s);
        }
    }

    fn route(&mut self, plan: &DrainPlan, layout: &Layout, waves: &mut Waves) {
        let now_s = self.now.time_s;
        let mut dt_s = layout.pause_s(now_s, waves.report_s).unwrap_or_else(|| waves.choose_step(layout));
        let next_rules_s = waves.rules_s + layout.rule_step_s;
        let rules_due = layout.rule_step_s <= 0.0 || (now_s - waves.rules_s).abs() < SAME_S;
        if layout.rule_step_s > 0.0 && now_s + dt_s >= next_rules_s {
            dt_s = (next_rules_s - now_s).max(SAME_S);
        }
        if let Some(end_s) = waves.end_s.filter(|end| now_s < *end && now_s + dt_s > *end) {
            dt_s = (end_s - now_s).max(SAME_S);
        }
        if (now_s + dt_s - next_rules_s).abs() < SAME_S {
            waves.rules_s = next_rules_s;
        }
        let halved = 0.5 * dt_s;
        book(&mut self.now, waves.rates, halved);
        let before = layout.skips_steady.map(|_| (self.now.setting.clone(), self.now.gate.clone()));
        // Rules look at the state.
        self.now.waves = Some(std::mem::take(waves));
        self.drive(dt_s, rules_due);
        let acted = before.is_some_and(|(setting, gate)| setting != self.now.setting || gate != self.now.gate);
        *waves = self.now.waves.take().unwrap_or_default();
        if !layout.is_event(now_s) {
            // Between events nothing flows in, and all stays as it is.
            waves.rates = Rates::default();
            waves.old_s = now_s;
            self.now.time_s += dt_s;
            return;
        }
        let sun_m_s = plan.losses.sun_m_s(now_s);
        let (unbalanced, came) = (waves.rates.imbalance(), layout.skips_steady.map(|_| waves.laterals()));
        self.enter(plan, layout, waves, dt_s, sun_m_s);
        waves.old_s = now_s;
        let now = &mut self.now;
        let rests = now_s > 0.0 && !acted && waves.is_steady(layout, unbalanced, came.as_deref());
        if !rests {
            waves.remember(dt_s, layout);
            if layout.tree.is_some() {
                waves.go_down(plan, layout, now, dt_s, sun_m_s);
            } else {
                waves.approximate(plan, layout, now, [now_s, dt_s], sun_m_s);
            }
        }
        waves.leave(plan, layout, now, dt_s);
        book(now, waves.rates, halved);
        now.time_s += dt_s;
        waves.look_at(layout, now);
    }

    /// What flows in from outside and what storage loses, at the start of the step.
    fn enter(&mut self, plan: &DrainPlan, layout: &Layout, waves: &mut Waves, dt_s: f64, sun_m_s: f64) {
        let now_s = self.now.time_s;
        let lateral = &mut self.scratch.lateral;
        lateral.clear();
        lateral.resize(plan.nodes.len(), 0.0);
        for supply in &plan.supplies {
            let q = supply.at(now_s + CLOCK_AHEAD_S);
            if q.abs() >= FLOW_LEAST_M3_S {
                lateral[supply.node] += q;
            }
        }
        if let (Some(hydrology), Some(runoff)) = (&plan.hydrology, &mut self.now.runoff) {
            hydrology.run_at(runoff, now_s, now_s + dt_s, &self.now.head_m, lateral);
        }
        let (inflow, mut returned): (f64, f64) = (lateral.iter().sum(), 0.0);
        // Street inlets take from the lower node of their street by the last step's flow; what overflowed their sewer
        // node comes back.
        for regulator in &plan.regulators {
            let Kind::Street(inlet) = &regulator.kind else { continue };
            let (street, sewer) = (&waves.joints[regulator.from], &waves.joints[regulator.to]);
            let by_flow = waves.ways[inlet.conduit].flow_m3_s.abs();
            let taken = inlet.capture_m3_s(by_flow, street.depth_m);
            let back = sewer.overflow_m3_s / plan.inlets_at(regulator.to);
            let (taken, back) = (if taken < DRY_M3_S { 0.0 } else { taken }, if back < DRY_M3_S { 0.0 } else { back });
            lateral[regulator.from] += back - taken;
            lateral[regulator.to] += taken;
            returned += back;
        }
        let mut soils = std::mem::take(&mut self.now.soils);
        for (node, lost) in
            plan.losses.ponds(dt_s, sun_m_s, &mut soils, |k| (waves.joints[k].depth_m, waves.joints[k].volume_m3))
        {
            waves.joints[node].lost_m3_s = lost;
        }
        self.now.soils = soils;
        for (joint, q) in waves.joints.iter_mut().zip(lateral.iter()) {
            joint.lateral_m3_s = *q;
        }
        let pond = |k: usize| waves.joints.iter().map(|j| j.lost_m3_s[k]).sum();
        // What came back counted as flooded when it overflowed.
        waves.rates = Rates { inflow, flooded: -returned, evaporated: pond(0), seeped: pond(1), ..Rates::default() };
        for (k, q) in lateral.iter().enumerate() {
            if now_s >= layout.count_from_s {
                self.now.peak_lateral_m3_s[k] = self.now.peak_lateral_m3_s[k].max(*q);
            }
        }
    }
}

impl Waves {
    /// Trials of flows and depths until they settle, or there have been enough.
    fn approximate(&mut self, plan: &DrainPlan, layout: &Layout, now: &Moving, [now_s, dt_s]: [f64; 2], sun_m_s: f64) {
        for trial in 0..layout.trials {
            self.try_once(plan, layout, now, Trial { layout, sections: &plan.sections, dt_s, trial, sun_m_s });
            self.set_outfalls(plan, layout, now, now_s + dt_s);
            let settled = self.settle(layout, trial, dt_s);
            if trial > 0 {
                if settled {
                    break;
                }
                self.pass_by_settled(layout);
            }
        }
    }

    /// Length of the next step, s: what the fastest conduit and the fastest rising node allow.
    fn choose_step(&mut self, layout: &Layout) -> f64 {
        if layout.courant <= 0.0 {
            return layout.step_s;
        }
        let mut step_s = layout.step_s;
        if self.step_s <= 0.0 {
            step_s = layout.least_step_s;
        } else {
            for ((reach, state), way) in layout.reaches.iter().zip(&self.reaches).zip(&self.ways) {
                let q = way.flow_m3_s.abs() / reach.barrels;
                if q > DRY_M3_S && state.area_m2 > DRY_M2 && state.froude > FROUDE_LEAST {
                    let through_s = state.volume_m3 / reach.barrels / q * reach.long_m / reach.length_m;
                    step_s = step_s.min(through_s * state.froude / (1.0 + state.froude) * layout.courant);
                }
            }
            for (joint, state) in layout.joints.iter().zip(&self.joints) {
                let free = !joint.outfall && state.depth_m > DRY_M && state.depth_m + DRY_M < joint.crown_m;
                if free && RISE * joint.crown_m >= DRY_M && state.rate_m_s >= DRY_M {
                    step_s = step_s.min(RISE * joint.crown_m / state.rate_m_s);
                }
            }
            step_s = step_s.max(layout.least_step_s);
        }
        // Whole milliseconds.
        self.step_s = (1000.0 * step_s).floor() / 1000.0;
        self.step_s
    }

    /// The new state becomes the old one.
    fn remember(&mut self, dt_s: f64, layout: &Layout) {
        for (joint, state) in layout.joints.iter().zip(&mut self.joints) {
            state.old_depth_m = state.depth_m;
            state.old_volume_m3 = state.volume_m3;
            state.old_inflow_m3_s = state.inflow_m3_s;
            state.old_net_m3_s = state.inflow_m3_s - state.outflow_m3_s;
            state.inflow_m3_s = state.lateral_m3_s;
            state.outflow_m3_s = state.lost_m3_s[0] + state.lost_m3_s[1];
            state.settled = false;
            state.rate_m_s = 0.0;
            let over = if joint.storage.is_none() { state.volume_m3 - joint.full_m3 } else { 0.0 };
            state.overflow_m3_s = over.max(0.0) / dt_s;
        }
        for way in &mut self.ways {
            way.old_flow_m3_s = way.flow_m3_s;
            way.settled = false;
            way.area_m2 = [0.0; 2];
        }
        for reach in &mut self.reaches {
            reach.old_depth_m = reach.depth_m;
            reach.old_area_m2 = reach.area_m2;
        }
    }

    /// One trial of all flows with the newest depths.
    fn try_once(&mut self, plan: &DrainPlan, layout: &Layout, now: &Moving, trial: Trial<'_>) {
        for (joint, state) in layout.joints.iter().zip(&mut self.joints) {
            state.area_m2 = layout.own_area_m2(joint, state.depth_m);
            let q = state.lateral_m3_s;
            state.inflow_m3_s = q.max(0.0);
            state.outflow_m3_s = state.lost_m3_s[0] + state.lost_m3_s[1] + (-q).max(0.0);
            state.stiffness = 0.0;
        }
        let end = |k: usize, joints: &[super::state::JointState]| End {
            depth_m: joints[k].depth_m,
            head_m: joints[k].depth_m + layout.joints[k].invert_m,
            outfall: layout.joints[k].outfall,
            gate: layout.joints[k].gate,
        };
        for (k, (reach, state)) in layout.reaches.iter().zip(&mut self.reaches).enumerate() {
            if !self.ways[k].settled {
                let ends = [end(reach.from, &self.joints), end(reach.to, &self.joints)];
                let open = if now.gate[k] <= 0.0 { 0.0 } else { 1.0 - now.blocked[k] };
                trial.conduit(reach, state, &mut self.ways[k], ends, open);
            }
        }
        for (k, (reach, state)) in layout.reaches.iter().zip(&self.reaches).enumerate() {
            let lost = (state.lost_m3_s[0] + state.lost_m3_s[1]) * reach.barrels;
            layout.give(&mut self.joints, &self.ways[k], (reach.from, reach.to), (reach.barrels, lost), true);
        }
        let links = plan.links.len();
        for (k, pump) in plan.pumps.iter().enumerate() {
            let way = &mut self.ways[links + k];
            if !way.settled {
                let last = way.flow_m3_s;
                let at = |n: usize| (&layout.joints[n], &self.joints[n]);
                let q = drives::pump(pump, [at(pump.from), at(pump.to)], way, now.setting[k], trial.dt_s);
                way.flow_m3_s = if pump.dummy { drives::relaxed(last, q, trial.trial) } else { q };
            }
            let both = pump.curve_type != 4;
            layout.give(&mut self.joints, &self.ways[links + k], (pump.from, pump.to), (1.0, 0.0), both);
        }
        let first = links + plan.pumps.len();
        for (k, regulator) in plan.regulators.iter().enumerate() {
            if regulator.is_street_inlet() {
                continue;
            }
            let way = &mut self.ways[first + k];
            if !way.settled {
                let at = |n: usize| (&layout.joints[n], &self.joints[n]);
                let (ends, last) = ([at(regulator.from), at(regulator.to)], way.flow_m3_s);
                let setting = now.setting[plan.pumps.len() + k];
                let q = drives::regulator(regulator, layout.openings[k].as_ref(), ends, way, setting);
                way.flow_m3_s = drives::relaxed(last, q, trial.trial);
            }
            let way = &self.ways[first + k];
            layout.give(&mut self.joints, way, (regulator.from, regulator.to), (1.0, 0.0), true);
        }
    }

    /// New depths; true when all have settled.
    fn settle(&mut self, layout: &Layout, trial: usize, dt_s: f64) -> bool {
        let mut all = true;
        for (joint, state) in layout.joints.iter().zip(&mut self.joints).filter(|(j, _)| !j.outfall) {
            layout.settle(joint, state, trial, dt_s);
            all &= state.settled;
        }
        all
    }

    /// Links between settled nodes are not computed again.
    fn pass_by_settled(&mut self, layout: &Layout) {
        for (way, (from, to)) in self.ways.iter_mut().zip(&layout.ends) {
            way.settled = self.joints[*from].settled && self.joints[*to].settled;
        }
    }

    /// Puts the state where everyone looks for it, and the peaks.
    pub(in crate::drains) fn look_at(&self, layout: &Layout, now: &mut Moving) {
        let counts = now.time_s >= layout.count_from_s;
        for (k, (joint, state)) in layout.joints.iter().zip(&self.joints).enumerate() {
            now.head_m[k] = joint.invert_m + state.depth_m;
            now.volume_m3[k] = state.volume_m3;
            if counts {
                now.highest_m[k] = now.highest_m[k].max(now.head_m[k]);
            }
        }
        for (reach, ReachState { volume_m3, area_m2, .. }, area) in
            layout.reaches.iter().zip(&self.reaches).zip(&mut now.area_m2).map(|((r, s), a)| (r, s, a))
        {
            now.volume_m3[reach.from] += 0.5 * volume_m3;
            now.volume_m3[reach.to] += 0.5 * volume_m3;
            *area = *area_m2;
        }
        for (k, way) in self.ways.iter().enumerate() {
            now.flow_m3_s[k] = way.flow_m3_s;
            if counts {
                now.peak_m3_s[k] = now.peak_m3_s[k].max(way.flow_m3_s.abs());
            }
        }
    }
}
