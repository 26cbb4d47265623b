//! One step of the network: heads and flows together.
//!
//! Node: `V(H') = V + dt (what flows in − what flows out)`, with the new flows; `V(H)` counts the shaft and
//! half of each conduit at the node. Conduits, pumps, regulators and inlets are linear in the new heads;
//! Newton's method with one sparse solution for each trial finds them. Stable at any step, and conservative
//! whatever the trials left over: the new volumes are booked from the flows themselves.

use rayon::prelude::*;

use super::{
    inlets::{self, Above, COVER_M2},
    plan::{FLOODED_M2, PlanLink},
    regulators::Kind,
    state::Drains,
    supply::Stage,
    wave::{self, End, FUDGE},
};
use crate::surface::Street;

/// Trials at most.
const TRIALS: usize = 12;
/// Heads that move less than this in a trial have arrived, m.
const HEAD_TOLERANCE_M: f64 = 5.0e-4;
/// A step is taken in so many parts at most.
const PARTS: f64 = 8.0;
/// Longest move of a head in one trial, m.
const STRIDE_M: f64 = 2.0;

/// Links or nodes of one task; networks of fewer than four tasks are computed by one thread.
const SHARE: usize = 256;

/// True when there is enough to share among the threads of the pool that this runs in. Parts do not depend on each
/// other and sums stay in order: the bits are the same either way.
fn many(count: usize) -> bool {
    count >= 4 * SHARE && rayon::current_thread_index().is_some()
}

/// What an exchange moved, m³.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    /// From the street into the network.
    pub taken_m3: f64,
    /// From the network up to the street.
    pub returned_m3: f64,
}

impl Drains {
    /// Runs the network alone up to a time, s.
    pub fn run_to(&mut self, until_s: f64) {
        if self.now.waves.is_some() {
            self.run_waves(until_s);
            return;
        }
        while self.now.time_s < until_s {
            let left = until_s - self.now.time_s;
            let steps = (left / self.plan.step_s).ceil().max(1.0);
            let dt_s = if steps <= 1.0 { left } else { self.plan.step_s };
            self.step(dt_s, None);
            if steps <= 1.0 {
                self.now.time_s = until_s;
            }
        }
    }

    /// Runs the network for `dt_s` under the street; what inlets take and manholes give back is moved on both
    /// sides by the same amount.
    pub fn exchange(&mut self, dt_s: f64, street: &mut dyn Street) -> Moved {
        let before = self.now.books;
        let steps = (dt_s / self.plan.step_s.max(self.pace_s)).ceil().max(1.0);
        for _ in 0..steps as usize {
            self.step(dt_s / steps, Some(&mut *street));
        }
        Moved {
            taken_m3: self.now.books.taken_m3 - before.taken_m3,
            returned_m3: self.now.books.returned_m3 - before.returned_m3,
        }
    }

    fn step(&mut self, dt_s: f64, street: Option<&mut dyn Street>) {
        self.drive(dt_s, true);
        self.supply(dt_s);
        // A network that stands alone takes a step whose heads are not found in parts; under a street the next step follows
        // too soon for that to matter.
        let least_s = if street.is_none() { dt_s / PARTS } else { dt_s };
        let lateral = self.scratch.lateral.clone();
        let (mut street, mut left_s, mut part_s) = (street, dt_s, dt_s);
        while left_s > 1.0e-6 * dt_s {
            part_s = part_s.min(left_s);
            let above = self.look_up(street.as_deref());
            while !self.solve(part_s, &above) && part_s > 1.5 * least_s {
                part_s *= 0.5;
            }
            match street.as_mut() {
                Some(street) => self.book(part_s, Some(&mut **street), &above),
                None => self.book(part_s, None, &above),
            }
            left_s -= part_s;
            self.scratch.lateral.clone_from(&lateral);
        }
        self.now.time_s += dt_s;
    }

    /// Looks for the heads and flows at the end of a step; false when they are not found in the trials there are.
    fn solve(&mut self, dt_s: f64, above: &[Above]) -> bool {
        let plan = self.plan.clone();
        let s = &mut self.scratch;
        s.guess_m.clone_from(&self.now.head_m);
        s.flow.clear();
        s.flow.resize(self.now.flow_m3_s.len(), [0.0; 3]);
        for (flow, q) in s.flow.iter_mut().zip(&self.now.flow_m3_s) {
            flow[0] = *q;
        }
        s.area.clone_from(&self.now.area_m2);
        s.street.clear();
        s.street.resize(plan.inlets.len(), [0.0; 2]);
        s.settled.clear();
        s.settled.resize(plan.nodes.len(), false);
        for trial in 0..TRIALS {
            self.set_outfalls();
            self.guess_flows(dt_s, trial, above);
            if self.trial(dt_s, trial) {
                return true;
            }
        }
        false
    }

    /// Inflows of the file, m³/s at each node over the step.
    fn supply(&mut self, dt_s: f64) {
        let middle_s = self.now.time_s + 0.5 * dt_s;
        let lateral = &mut self.scratch.lateral;
        lateral.clear();
        lateral.resize(self.plan.nodes.len(), 0.0);
        for supply in &self.plan.supplies {
            lateral[supply.node] += supply.at(middle_s);
        }
        if let (Some(hydrology), Some(runoff)) = (&self.plan.hydrology, &mut self.now.runoff) {
            let now_s = self.now.time_s;
            hydrology.run(runoff, now_s, now_s + dt_s, &self.now.head_m, lateral);
        }
        for (peak, q) in self.now.peak_lateral_m3_s.iter_mut().zip(lateral) {
            *peak = peak.max(*q);
        }
    }

    fn look_up(&self, street: Option<&dyn Street>) -> Vec<Above> {
        let Some(street) = street else { return Vec::new() };
        let look = |inlet: &inlets::PlanInlet| {
            let grates = self.plan.inlet.area_m2;
            let hole = if self.now.uncovered[inlet.node] { COVER_M2 } else { 0.0 };
            Above {
                depth_m: street.depth_m(inlet.cell),
                ground_m: street.bed_m(inlet.cell),
                cell_m2: street.area_of_m2(inlet.cell),
                open_m2: grates * self.now.inlet_open[inlet.node] + hole,
                lift_m2: grates + hole,
            }
        };
        self.plan.inlets.iter().map(look).collect()
    }

    /// Heads of outfalls by the newest flows.
    fn set_outfalls(&mut self) {
        let (plan, s) = (&self.plan, &mut self.scratch);
        for (k, link) in plan.links.iter().enumerate() {
            let end = usize::from(plan.nodes[link.to].outfall);
            let node = if end == 1 { link.to } else { link.from };
            let Some(tide) = plan.tides.get(node).and_then(Option::as_ref) else { continue };
            let section = &plan.sections[link.section];
            // What comes in stands at no depth of its own: else a backflow would feed itself.
            let q = (if end == 1 { s.flow[k][0] } else { -s.flow[k][0] }).max(0.0) / link.barrels;
            let normal = section.normal_depth_m(q / link.beta);
            let critical = section.critical_depth_m(q).min(normal);
            let (offset, invert) = (link.offset_m[end], plan.nodes[node].invert_m);
            let level = self.now.outside_m[node].or_else(|| tide.level_m(self.now.time_s));
            let depth = match level {
                Some(level) if critical + offset + invert < level => level - invert,
                Some(level) if offset > 0.0 && level < invert + offset => (level - invert).max(0.0),
                Some(_) => offset + critical,
                None if offset > 0.0 => 0.0,
                None if tide.stage == Stage::Normal => normal,
                None => critical,
            };
            s.guess_m[node] = invert + depth;
        }
        // Outfalls behind a pump or regulator only.
        let driven = plan.pumps.iter().map(|p| p.to).chain(plan.regulators.iter().flat_map(|r| [r.from, r.to]));
        for node in driven.filter(|k| plan.nodes[*k].outfall && plan.nodes[*k].halves.is_empty()) {
            let level = plan.tides[node].as_ref().and_then(|t| t.level_m(self.now.time_s));
            let level = self.now.outside_m[node].or(level).unwrap_or(plan.nodes[node].invert_m);
            s.guess_m[node] = level.max(plan.nodes[node].invert_m);
        }
    }

    /// Flows and their slopes at the guessed heads.
    fn guess_flows(&mut self, dt_s: f64, trial: usize, above: &[Above]) {
        let (plan, now, s) = (&self.plan, &self.now, &mut self.scratch);
        let count = plan.links.len();
        let (guess_m, settled) = (&s.guess_m, &s.settled);
        let guess = |(k, (flow, area)): (usize, (&mut [f64; 3], &mut f64))| {
            let link = &plan.links[k];
            if trial > 0 && settled[link.from] && settled[link.to] {
                return;
            }
            let end = |node: usize| End {
                head_m: guess_m[node],
                depth_m: guess_m[node] - plan.nodes[node].invert_m,
                outfall: plan.nodes[node].outfall,
            };
            let open = link.barrels * (1.0 - now.blocked[k]) * now.gate[k];
            let (old, last) = (now.flow_m3_s[k] / link.barrels, flow[0] / link.barrels);
            let mut new = wave::conduit(plan, link, [end(link.from), end(link.to)], old, last, now.area_m2[k], dt_s);
            let tide = if plan.nodes[link.to].outfall { plan.tides[link.to].as_ref() } else { None };
            if tide.is_some_and(|t| t.flap) && new.q_m3_s < 0.0 {
                new = wave::Flow { area_m2: new.area_m2, ..wave::Flow::default() };
            }
            *area = new.area_m2;
            // Later trials go half the way: normal, critical and pressure flow may alternate.
            let q = if trial > 2 { 0.5 * (new.q_m3_s * open + flow[0]) } else { new.q_m3_s * open };
            *flow = [q, new.with_upper * open, new.with_lower * open];
        };
        let (flows, areas) = (&mut s.flow[..count], &mut s.area[..count]);
        if many(count) {
            flows.par_iter_mut().zip(areas).enumerate().with_min_len(SHARE).for_each(guess);
        } else {
            flows.iter_mut().zip(areas).enumerate().for_each(guess);
        }
        let links = plan.links.len();
        for (k, pump) in plan.pumps.iter().enumerate() {
            let setting = now.setting[k];
            let lift = s.guess_m[pump.to] - s.guess_m[pump.from];
            let depth = s.guess_m[pump.from] - plan.nodes[pump.from].invert_m;
            let well = plan.nodes[pump.from].shape.is_some();
            if setting <= 0.0 || (well && depth <= FUDGE) {
                s.flow[links + k] = [0.0; 3];
                continue;
            }
            // What flows to the well by conduits and from outside.
            let comes = || -> f64 {
                let by = |(l, f): (&PlanLink, &[f64; 3])| {
                    if l.to == pump.from {
                        f[0]
                    } else if l.from == pump.from {
                        -f[0]
                    } else {
                        0.0
                    }
                };
                plan.links.iter().zip(&s.flow).map(by).sum::<f64>() + s.lateral[pump.from]
            };
            s.flow[links + k] = if pump.is_ideal() {
                [comes().max(0.0), 0.0, 0.0]
            } else {
                let well_m3 = plan.well_m3(pump.from, now.head_m[pump.from]);
                let (q, slope) = pump.flow_m3_s(well_m3, depth, lift, setting);
                // A manhole that is pumped dry gives what comes: no more, and not by turns.
                let most = if well { f64::INFINITY } else { (comes() + now.volume_m3[pump.from] / dt_s).max(0.0) };
                if q < most { [q, slope, 0.0] } else { [most, 0.0, 0.0] }
            };
        }
        let (first, settings) = (links + plan.pumps.len(), &now.setting[plan.pumps.len()..]);
        for (k, (regulator, setting)) in plan.regulators.iter().zip(settings).enumerate() {
            if let Kind::Street(inlet) = &regulator.kind {
                // By what arrived in the last step, of which it leaves a rest.
                let link = &plan.links[inlet.conduit];
                let depth = (now.head_m[link.to] - link.bottom_m[1]).max(0.0);
                s.flow[first + k] = [inlet.capture_m3_s(now.flow_m3_s[inlet.conduit], depth), 0.0, 0.0];
                continue;
            }
            let (q, up, down) = regulator.flow([s.guess_m[regulator.from], s.guess_m[regulator.to]], *setting);
            s.flow[first + k] = [q, up, down];
        }
        for ((inlet, above), street) in plan.inlets.iter().zip(above).zip(&mut s.street) {
            let (q, falls) = inlets::exchange(above, s.guess_m[inlet.node], plan.inlet.pressure_coefficient, dt_s);
            *street = [q, falls];
        }
    }

    /// One Newton step of all heads; true when none moved much. Flows follow the heads.
    fn trial(&mut self, dt_s: f64, trial: usize) -> bool {
        let (plan, now) = (&self.plan, &self.now);
        let s = &mut self.scratch;
        let nodes = plan.nodes.len();
        plan.pattern.reset(&mut s.numbers);
        s.right.clear();
        s.right.resize(nodes, 0.0);
        let (guess_m, lateral) = (&s.guess_m, &s.lateral);
        let hold = |(k, (diagonal, right)): (usize, (&mut f64, &mut f64))| {
            if plan.nodes[k].outfall {
                *diagonal = 1.0;
                return;
            }
            let (volume, area) = plan.volume(k, guess_m[k]);
            *diagonal = area;
            *right = now.volume_m3[k] + dt_s * lateral[k] - volume;
        };
        let (diagonals, rights) = (&mut s.numbers.values[..nodes], &mut s.right[..]);
        if many(nodes) {
            diagonals.par_iter_mut().zip(rights).enumerate().with_min_len(SHARE).for_each(hold);
        } else {
            diagonals.iter_mut().zip(rights).enumerate().for_each(hold);
        }
        for (inlet, [q, falls]) in plan.inlets.iter().zip(&s.street) {
            s.right[inlet.node] += dt_s * q;
            s.numbers.values[inlet.node] += dt_s * falls;
        }
        let conduits = plan.links.iter().map(|l| (l.from, l.to));
        let pumps = plan.pumps.iter().map(|p| (p.from, p.to));
        let ends = conduits.chain(pumps).chain(plan.regulators.iter().map(|r| (r.from, r.to)));
        for (((from, to), [q, up, down]), place) in ends.zip(&s.flow).zip(&plan.places) {
            let (up, down) = (dt_s * up, dt_s * down);
            if !plan.nodes[from].outfall {
                s.right[from] -= dt_s * q;
                s.numbers.values[from] += up;
            }
            if !plan.nodes[to].outfall {
                s.right[to] += dt_s * q;
                s.numbers.values[to] -= down;
            }
            if let Some(place) = place {
                s.numbers.values[place.from_to as usize] += down;
                s.numbers.values[place.to_from as usize] -= up;
            }
        }
        plan.pattern.solve(&mut s.numbers, &mut s.right);
        let mut arrived = true;
        for (k, node) in plan.nodes.iter().enumerate() {
            if node.outfall {
                continue;
            }
            let stride = if trial > 5 { 0.5 } else { 1.0 };
            let before = s.guess_m[k];
            let move_m = (stride * s.right[k]).clamp(-STRIDE_M, STRIDE_M);
            let after = if move_m.is_finite() { (before + move_m).max(node.invert_m) } else { before };
            s.right[k] = after - before;
            s.guess_m[k] = after;
            s.settled[k] = s.right[k].abs() < 0.1 * HEAD_TOLERANCE_M;
            arrived &= s.right[k].abs() < HEAD_TOLERANCE_M;
        }
        let conduits = plan.links.iter().map(|l| (l.from, l.to));
        let pumps = plan.pumps.iter().map(|p| (p.from, p.to));
        let ends = conduits.chain(pumps).chain(plan.regulators.iter().map(|r| (r.from, r.to)));
        for ((from, to), flow) in ends.zip(&mut s.flow) {
            let change = |k: usize| if plan.nodes[k].outfall { 0.0 } else { s.right[k] };
            flow[0] += flow[1] * change(from) + flow[2] * change(to);
        }
        for (inlet, street) in plan.inlets.iter().zip(&mut s.street) {
            street[0] -= street[1] * s.right[inlet.node];
        }
        arrived
    }

    /// Cuts flows to what is there, moves the water and books it.
    fn book(&mut self, dt_s: f64, street: Option<&mut dyn Street>, above: &[Above]) {
        let plan = self.plan.clone();
        let (now, s) = (&mut self.now, &mut self.scratch);
        let ends = plan.ends();
        for (above, q) in above.iter().zip(&mut s.street) {
            q[0] = q[0].min(above.depth_m * above.cell_m2 / dt_s);
        }
        // Pumps do not run backwards.
        for flow in s.flow.iter_mut().skip(plan.links.len()).take(plan.pumps.len()) {
            flow[0] = flow[0].max(0.0);
        }
        let fresh = &mut s.fresh;
        fresh.clone_from(&now.volume_m3);
        for (v, q) in fresh.iter_mut().zip(&s.lateral) {
            *v += dt_s * q;
        }
        for (inlet, q) in plan.inlets.iter().zip(&s.street) {
            fresh[inlet.node] += dt_s * q[0];
        }
        for ((from, to), flow) in ends.iter().zip(&s.flow) {
            fresh[*from] -= dt_s * flow[0];
            fresh[*to] += dt_s * flow[0];
        }
        // A node that would give more than it has gives less, in turn, until all can pay.
        for _ in 0..50 {
            let mut short: Vec<f64> = Vec::new();
            for (k, v) in fresh.iter().enumerate() {
                if *v < -1.0e-12 && !plan.nodes[k].outfall {
                    if short.is_empty() {
                        short = vec![1.0; plan.nodes.len()];
                    }
                    let mut out = (-s.lateral[k]).max(0.0);
                    out += ends
                        .iter()
                        .zip(&s.flow)
                        .map(|((a, b), f)| {
                            if *a == k {
                                f[0].max(0.0)
                            } else if *b == k {
                                (-f[0]).max(0.0)
                            } else {
                                0.0
                            }
                        })
                        .sum::<f64>();
                    out += plan
                        .inlets
                        .iter()
                        .zip(&s.street)
                        .map(|(i, q)| if i.node == k { (-q[0]).max(0.0) } else { 0.0 })
                        .sum::<f64>();
                    short[k] = if out > 0.0 { (1.0 + v / (out * dt_s)).max(0.0) } else { 1.0 };
                }
            }
            if short.is_empty() {
                break;
            }
            for (k, share) in short.iter().enumerate().filter(|(_, share)| **share < 1.0) {
                let lost = (-s.lateral[k]).max(0.0) * (1.0 - share);
                s.lateral[k] += lost;
                fresh[k] += lost * dt_s;
                for (inlet, q) in plan.inlets.iter().zip(&mut s.street).filter(|(i, q)| i.node == k && q[0] < 0.0) {
                    fresh[inlet.node] -= q[0] * (1.0 - share) * dt_s;
                    q[0] *= share;
                }
                for ((from, to), flow) in ends.iter().zip(&mut s.flow) {
                    let gives = (*from == k && flow[0] > 0.0) || (*to == k && flow[0] < 0.0);
                    if gives {
                        let less = flow[0] * (1.0 - share);
                        fresh[*from] += dt_s * less;
                        fresh[*to] -= dt_s * less;
                        flow[0] -= less;
                    }
                }
            }
        }
        if let Some(street) = street {
            for (inlet, q) in plan.inlets.iter().zip(&s.street) {
                let wanted = q[0] * dt_s;
                if wanted == 0.0 {
                    continue;
                }
                let moved = -street.add_m3(inlet.cell, -wanted);
                // What rounding left on the street is not in the network.
                fresh[inlet.node] += moved - wanted;
                if moved > 0.0 {
                    now.books.taken_m3 += moved;
                } else {
                    now.books.returned_m3 -= moved;
                    now.returned_node_m3[inlet.node] -= moved;
                }
            }
        }
        for q in &s.lateral {
            now.books.inflow_m3 += q * dt_s;
        }
        let lost = plan.losses.take((now.time_s, dt_s), &now.head_m, &plan.sections, fresh, &mut now.soils);
        now.books.evaporated_m3 += lost.evaporated_m3;
        now.books.seeped_m3 += lost.seeped_m3;
        let (volumes, guess_m) = (&*fresh, &s.guess_m);
        let settle = |(k, head): (usize, &mut f64)| {
            *head = if plan.nodes[k].outfall { guess_m[k] } else { plan.head(k, volumes[k], guess_m[k]) };
        };
        if many(plan.nodes.len()) {
            now.head_m.par_iter_mut().enumerate().with_min_len(SHARE).for_each(settle);
        } else {
            now.head_m.iter_mut().enumerate().for_each(settle);
        }
        let inlets = plan.regulators.iter().filter(|r| r.is_street_inlet());
        let spills: std::collections::BTreeMap<usize, usize> = inlets.map(|r| (r.to, r.from)).collect();
        for (k, node) in plan.nodes.iter().enumerate() {
            if node.outfall {
                let came = fresh[k];
                now.outfall_m3[k] += came;
                if came > 0.0 {
                    if let (Some(hydrology), Some(runoff)) = (&plan.hydrology, &mut now.runoff) {
                        hydrology.run_on(runoff, k, came);
                    }
                    now.books.outfall_m3 += came;
                } else {
                    now.books.backflow_m3 -= came;
                }
                fresh[k] = 0.0;
            } else {
                let mut head = now.head_m[k];
                let rim = node.invert_m + node.depth_m + node.surcharge_m;
                if head > rim && node.pond_m2 <= 0.0 {
                    let lost = (head - rim) * FLOODED_M2;
                    fresh[k] -= lost;
                    now.returned_node_m3[k] += lost;
                    match spills.get(&k) {
                        // Back through the inlet to its street, which has it in the next step.
                        Some(street) if plan.nodes[*street].outfall => {
                            now.outfall_m3[*street] += lost;
                            now.books.outfall_m3 += lost;
                        }
                        Some(street) => fresh[*street] += lost,
                        // Lost: the head stays at the rim.
                        None => now.books.flooded_m3 += lost,
                    }
                    head = rim;
                }
                now.head_m[k] = head;
            }
            now.highest_m[k] = now.highest_m[k].max(now.head_m[k]);
        }
        std::mem::swap(&mut now.volume_m3, fresh);
        let pumps = plan.links.len();
        for (k, flow) in s.flow.iter().enumerate() {
            now.flow_m3_s[k] = flow[0];
            now.peak_m3_s[k] = now.peak_m3_s[k].max(flow[0].abs());
            if (pumps..pumps + plan.pumps.len()).contains(&k) {
                now.pumped_m3[k - pumps] += flow[0] * dt_s;
            }
        }
        now.area_m2.clone_from(&s.area);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::drains::{
        DrainPlan, Scheme,
        fixtures::{inflow, line},
    };

    #[test]
    fn long_steps_into_dry_pipes_find_their_heads() {
        let mut network = line([0.61, 0.305, 0.0], 122.0, 0.61, 0.01);
        network.inflows = vec![inflow(1, 0.043)];
        network.options.insert("VARIABLE_STEP".into(), "0".into());
        for step_s in [5, 13, 19, 20, 25, 30] {
            network.options.insert("ROUTING_STEP".into(), format!("{step_s}"));
            let mut drains = Drains::new(Arc::new(DrainPlan::alone(&network, Scheme::Implicit)));
            drains.run_to(1800.0);
            let peaks = drains.link_peaks_m3_s();
            assert!(peaks[0] < 1e-3 && peaks[1] < 0.045, "step {step_s} s: {peaks:?}");
            assert!((drains.flows_m3_s()[1] / 0.043 - 1.0).abs() < 0.01);
            assert!(drains.ledger().error_relative() < 1e-12);
        }
    }
}
