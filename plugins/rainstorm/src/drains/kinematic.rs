//! `FLOW_ROUTING KINWAVE` and `STEADY`: the kinematic wave along networks that are trees, as SWMM routes them (reference
//! manual, volume II, chapter 4): flow in a conduit is normal flow by its area, what a full conduit cannot take floods at
//! its upper node, nothing backs up. Steady flow is the same without storage in conduits.
//!
//! Each conduit's volume is kept apart and changes by what flows in and out alone, so that (unlike SWMM's) it closes. A
//! node's volume is its own and that of the conduits it leads to.

use super::{
    plan::{DrainPlan, PlanLink},
    state::Drains,
};

/// Weight of the lower end in a conduit's volume, and of the new flows in time (SWMM: both .6).
const WEIGHT: f64 = 0.6;
/// Halvings of a search.
const HALVINGS: usize = 48;

/// What moves in a conduit (one barrel).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Reach {
    pub volume_m3: f64,
    /// Flow out at the end of the last step, m³/s.
    pub out_m3_s: f64,
    /// Depths at both ends, m.
    pub depth_m: [f64; 2],
}

/// A node and the links that leave it.
pub(super) type Stop = (usize, Vec<usize>);

/// The order of nodes from the top down; why there is none otherwise.
pub(super) fn order_of(plan: &DrainPlan) -> Result<Vec<Stop>, String> {
    if let Some(link) = plan.links.iter().find(|l| l.sign < 0.0) {
        return Err(format!("conduit {} rises", link.id));
    }
    let ends = plan.ends();
    let (first_pump, first_regulator) = (plan.links.len(), plan.links.len() + plan.pumps.len());
    let mut leave: Vec<Vec<usize>> = vec![Vec::new(); plan.nodes.len()];
    let mut wait = vec![0_usize; plan.nodes.len()];
    for (k, (from, to)) in ends.iter().enumerate() {
        leave[*from].push(k);
        wait[*to] += 1;
        let node = &plan.nodes[*from];
        if node.outfall {
            return Err(format!("outfall {} has a link that leaves it", node.id));
        }
        if k >= first_regulator && node.shape.is_none() {
            return Err(format!(
                "{} stands at {}, which is no storage",
                plan.regulators[k - first_regulator].id,
                node.id
            ));
        }
        if (first_pump..first_regulator).contains(&k) && plan.pumps[k - first_pump].is_ideal() && node.shape.is_some() {
            return Err(format!("ideal pump {} stands at a storage", plan.pumps[k - first_pump].id));
        }
    }
    if let Some(k) = (0..leave.len()).find(|k| leave[*k].len() > 1 && plan.nodes[*k].shape.is_none()) {
        return Err(format!("{} links leave {}", leave[k].len(), plan.nodes[k].id));
    }
    let mut ready: Vec<usize> = (0..wait.len()).filter(|k| wait[*k] == 0).collect();
    let mut order = Vec::with_capacity(wait.len());
    while let Some(node) = ready.pop() {
        let links = std::mem::take(&mut leave[node]);
        for to in links.iter().map(|k| ends[*k].1) {
            wait[to] -= 1;
            if wait[to] == 0 {
                ready.push(to);
            }
        }
        order.push((node, links));
    }
    if order.len() < plan.nodes.len() { Err("links lead round in a ring".into()) } else { Ok(order) }
}

/// A rising function's argument between two bounds where it reaches a value.
fn search(mut low: f64, mut high: f64, want: f64, of: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if of(middle) < want { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Routes a mean inflow of one barrel through a conduit for a step; its mean outflow, m³/s.
fn route(plan: &DrainPlan, link: &PlanLink, reach: &mut Reach, in_m3_s: f64, dt_s: f64) -> f64 {
    let section = &plan.sections[link.section];
    let most = link.full_m3_s / link.barrels;
    let flow = |depth: f64| (link.beta * section.conveyance_at(depth)).min(most);
    let upper = if in_m3_s >= most { section.full_m } else { section.normal_depth_m(in_m3_s / link.beta) };
    let upper_m2 = section.at_or_below(upper).area_m2;
    if plan.steady {
        (reach.out_m3_s, reach.depth_m) = (in_m3_s, [upper; 2]);
        return in_m3_s;
    }
    let old = (1.0 - WEIGHT) * reach.out_m3_s;
    let there = reach.volume_m3 / dt_s + in_m3_s;
    let goal = (there - old) * dt_s - (1.0 - WEIGHT) * link.length_m * upper_m2;
    let held = |y: f64| WEIGHT * (link.length_m * section.at_or_below(y).area_m2 + dt_s * flow(y));
    let lower = if goal <= 0.0 { 0.0 } else { search(0.0, section.full_m, goal, held) };
    let out = flow(lower);
    let mean = (old + WEIGHT * out).min(there).max(0.0);
    reach.volume_m3 = (there - mean) * dt_s;
    (reach.out_m3_s, reach.depth_m) = (out.min(there), [upper, lower]);
    mean
}

impl Drains {
    /// Conduits with the water of the file's initial flows, nodes with their own.
    pub(super) fn begin_kinematic(&mut self) {
        let plan = self.plan.clone();
        self.now.reaches = plan
            .links
            .iter()
            .map(|l| {
                let q = if plan.steady { 0.0 } else { l.init_m3_s.abs() / l.barrels };
                let depth = if q > 0.0 { plan.sections[l.section].normal_depth_m(q / l.beta) } else { 0.0 };
                let area_m2 = plan.sections[l.section].at_or_below(depth).area_m2;
                Reach { volume_m3: area_m2 * l.length_m, out_m3_s: q, depth_m: [depth; 2] }
            })
            .collect();
        for (k, node) in plan.nodes.iter().enumerate() {
            self.now.volume_m3[k] = node.shape.as_ref().map_or(0.0, |s| s.volume_m3(node.init_m));
        }
        for (link, reach) in plan.links.iter().zip(&self.now.reaches) {
            self.now.volume_m3[link.from] += reach.volume_m3 * link.barrels;
        }
        self.now.books.initial_m3 = self.now.volume_m3.iter().sum();
    }

    /// One step from the top of the tree down.
    pub(super) fn step_kinematic(&mut self, order: &[Stop], dt_s: f64) {
        let plan = self.plan.clone();
        let (now, s) = (&mut self.now, &mut self.scratch);
        let (first_pump, first_regulator) = (plan.links.len(), plan.links.len() + plan.pumps.len());
        let ends = plan.ends();
        // What is a node's own: the wet well, or the pond above it.
        let mut own = now.volume_m3.clone();
        for (link, reach) in plan.links.iter().zip(&now.reaches) {
            own[link.from] = (own[link.from] - reach.volume_m3 * link.barrels).max(0.0);
        }
        let mut comes: Vec<f64> = s.lateral.iter().map(|q| q.max(0.0)).collect();
        let mut flooded = vec![false; plan.nodes.len()];
        let mut flow = vec![0.0; ends.len()];
        for (node, leaving) in order {
            let node = *node;
            let n = &plan.nodes[node];
            if n.outfall {
                continue;
            }
            let mut left_m3 = own[node] + comes[node] * dt_s;
            // Flow of each link at a depth of the node.
            let at = |k: usize, depth: f64, there: f64| -> f64 {
                if k >= first_regulator {
                    let head = [n.invert_m + depth, n.invert_m];
                    plan.regulators[k - first_regulator].flow(head, now.setting[k - first_pump]).0.max(0.0)
                } else if k >= first_pump {
                    let pump = &plan.pumps[k - first_pump];
                    if pump.is_ideal() {
                        return if now.setting[k - first_pump] > 0.0 { there } else { 0.0 };
                    }
                    let lift = plan.nodes[pump.to].invert_m - n.invert_m - depth;
                    pump.flow_m3_s(plan.well_m3(node, n.invert_m + depth), depth, lift, now.setting[k - first_pump]).0
                } else {
                    let link = &plan.links[k];
                    let open = (1.0 - now.blocked[k]) * now.gate[k];
                    let q = if n.shape.is_some() {
                        let y = (depth - link.offset_m[0]).max(0.0);
                        link.beta * plan.sections[link.section].conveyance_at(y) * link.barrels
                    } else {
                        there
                    };
                    let most = if link.most_m3_s > 0.0 { link.most_m3_s } else { f64::INFINITY };
                    q.min(link.full_m3_s).min(most) * open
                }
            };
            let mut gives: Vec<f64> = Vec::with_capacity(leaving.len());
            if let Some(shape) = &n.shape {
                let top = n.depth_m + n.surcharge_m;
                let depth_of = |volume: f64| search(0.0, top.max(1.0e-3), volume, |y| shape.volume_m3(y));
                let all = |end_m3: f64| -> f64 {
                    let depth = depth_of(0.5 * (own[node] + end_m3));
                    leaving.iter().map(|k| at(*k, depth, 0.0)).sum::<f64>()
                };
                let end_m3 = search(0.0, left_m3, left_m3, |v| v + dt_s * all(v));
                let depth = depth_of(0.5 * (own[node] + end_m3));
                gives.extend(leaving.iter().map(|k| at(*k, depth, 0.0)));
                let sum: f64 = gives.iter().sum::<f64>() * dt_s;
                if sum > left_m3 {
                    gives.iter_mut().for_each(|q| *q *= left_m3 / sum);
                }
            } else {
                gives.extend(leaving.iter().map(|k| at(*k, 0.0, left_m3 / dt_s).min(left_m3 / dt_s)));
            }
            left_m3 -= gives.iter().sum::<f64>() * dt_s;
            for (k, q) in leaving.iter().zip(&gives) {
                let out = match plan.links.get(*k) {
                    Some(link) => route(&plan, link, &mut now.reaches[*k], q / link.barrels, dt_s) * link.barrels,
                    None => *q,
                };
                comes[ends[*k].1] += out;
                flow[*k] = out;
            }
            // What stays: the wet well up to its rim, ponds; the rest is lost.
            let room = match &n.shape {
                Some(shape) => shape.volume_m3(n.depth_m + n.surcharge_m),
                None if n.pond_m2 > 0.0 => f64::INFINITY,
                None => 0.0,
            };
            flooded[node] = n.shape.is_none() && left_m3 > 1.0e-6 * dt_s;
            if left_m3 > room {
                let lost = left_m3 - room;
                now.returned_node_m3[node] += lost;
                now.books.flooded_m3 += lost;
                left_m3 = room;
            }
            own[node] = left_m3.max(0.0);
        }
        self.book_kinematic(dt_s, &own, &comes, &flow, &flooded);
    }

    fn book_kinematic(&mut self, dt_s: f64, own: &[f64], comes: &[f64], flow: &[f64], flooded: &[bool]) {
        let plan = self.plan.clone();
        let (now, s) = (&mut self.now, &mut self.scratch);
        now.books.inflow_m3 += s.lateral.iter().map(|q| q.max(0.0) * dt_s).sum::<f64>();
        let mut volumes = own.to_vec();
        for (link, reach) in plan.links.iter().zip(&now.reaches) {
            volumes[link.from] += reach.volume_m3 * link.barrels;
        }
        let lost = plan.losses.take((now.time_s, dt_s), &now.head_m, &plan.sections, &mut volumes, &mut now.soils);
        now.books.evaporated_m3 += lost.evaporated_m3;
        now.books.seeped_m3 += lost.seeped_m3;
        for (link, reach) in plan.links.iter().zip(&mut now.reaches) {
            // Losses of a manhole are its conduit's.
            if plan.nodes[link.from].shape.is_none() {
                reach.volume_m3 = reach.volume_m3.min((volumes[link.from] / link.barrels).max(0.0));
            }
        }
        let mut depth = vec![0.0_f64; plan.nodes.len()];
        for (link, reach) in plan.links.iter().zip(&now.reaches) {
            for (k, node) in [link.from, link.to].into_iter().enumerate() {
                depth[node] =
                    depth[node].max(reach.depth_m[k] + if reach.depth_m[k] > 0.0 { link.offset_m[k] } else { 0.0 });
            }
        }
        for (k, node) in plan.nodes.iter().enumerate() {
            if node.outfall {
                let came = comes[k] * dt_s;
                now.outfall_m3[k] += came;
                now.books.outfall_m3 += came;
                if let (Some(hydrology), Some(runoff)) = (&plan.hydrology, &mut now.runoff) {
                    hydrology.run_on(runoff, k, came);
                }
                volumes[k] = 0.0;
            } else if let Some(shape) = &node.shape {
                depth[k] = search(0.0, (node.depth_m + node.surcharge_m).max(1.0e-3), own[k], |y| shape.volume_m3(y));
            } else {
                depth[k] = if flooded[k] { node.depth_m } else { depth[k].min(node.depth_m) };
                if flooded[k] && node.pond_m2 > 0.0 {
                    depth[k] += own[k] / node.pond_m2;
                }
            }
            now.head_m[k] = node.invert_m + depth[k];
            now.highest_m[k] = now.highest_m[k].max(now.head_m[k]);
        }
        now.volume_m3 = volumes;
        for (k, q) in flow.iter().enumerate() {
            now.flow_m3_s[k] = *q;
            now.peak_m3_s[k] = now.peak_m3_s[k].max(*q);
            if let Some(pumped) = k.checked_sub(plan.links.len()).and_then(|k| now.pumped_m3.get_mut(k)) {
                *pumped += q * dt_s;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_city::model::drainage::{Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Inflow};

    use super::*;

    /// Three manholes down a slope to an outfall; water enters at the top.
    fn tree(inflow_m3_s: f64) -> DrainageNetwork {
        let node = |id: &str, invert_m: f32, kind| DrainNode {
            id: id.into(),
            invert_m,
            max_depth_m: 2.0,
            kind,
            ..DrainNode::default()
        };
        let conduit = |id: &str, from, to| Conduit {
            id: id.into(),
            from,
            to,
            length_m: 200.0,
            roughness: 0.013,
            shape: "CIRCULAR".into(),
            geom_m: [0.6, 0.0, 0.0, 0.0],
            barrels: 1,
            ..Conduit::default()
        };
        let mut network = DrainageNetwork {
            nodes: vec![
                node("a", 3.0, DrainNodeKind::Junction),
                node("b", 2.0, DrainNodeKind::Junction),
                node("c", 1.0, DrainNodeKind::Outfall),
            ],
            conduits: vec![conduit("1", 0, 1), conduit("2", 1, 2)],
            inflows: vec![Inflow { node: 0, baseline_m3_s: inflow_m3_s, ..Inflow::default() }],
            ..DrainageNetwork::default()
        };
        network.options.insert("FLOW_ROUTING".into(), "KINWAVE".into());
        network.options.insert("ROUTING_STEP".into(), "30".into());
        network
    }

    #[test]
    fn a_tree_carries_what_comes_at_normal_depth_and_floods_the_rest() {
        for (inflow, carried) in [(0.2, 0.2), (1.0, 0.434)] {
            let plan = Arc::new(DrainPlan::alone(&tree(inflow)));
            assert!(plan.kinematic.is_some(), "{:?}", plan.notes);
            let mut drains = Drains::new(plan.clone());
            drains.run_to(7200.0);
            let flow = drains.flows_m3_s()[1];
            assert!((flow / carried - 1.0).abs() < 0.01, "{flow} {carried}");
            let link = &plan.links[0];
            let normal = plan.sections[link.section].normal_depth_m(inflow / link.beta);
            let want = if inflow < 0.4 { normal } else { 2.0 };
            assert!((drains.depth_m(0) - want).abs() < 0.01, "{} {want}", drains.depth_m(0));
            let books = drains.ledger();
            assert!(books.error_relative() < 1e-9, "{books:?}");
            assert_eq!(books.flooded_m3 > 0.0, inflow > carried);
        }
    }

    #[test]
    fn steady_flow_is_at_the_outfall_at_once() {
        let mut network = tree(0.2);
        network.options.insert("FLOW_ROUTING".into(), "STEADY".into());
        let mut drains = Drains::new(Arc::new(DrainPlan::alone(&network)));
        drains.run_to(30.0);
        assert!((drains.ledger().outfall_m3 - 6.0).abs() < 1e-9 && drains.ledger().error_relative() < 1e-12);
    }

    #[test]
    fn a_run_goes_on_from_its_bytes_and_what_is_no_tree_takes_the_dynamic_wave() {
        let plan = Arc::new(DrainPlan::alone(&tree(0.3)));
        let mut straight = Drains::new(plan.clone());
        straight.run_to(600.0);
        let mut resumed = Drains::new(plan);
        assert!(resumed.restore(&straight.save()));
        straight.run_to(3600.0);
        resumed.run_to(3600.0);
        assert_eq!(straight.save(), resumed.save());
        let mut split = tree(0.3);
        split.conduits.push(Conduit { id: "3".into(), to: 2, ..split.conduits[0].clone() });
        let plan = DrainPlan::alone(&split);
        assert!(
            plan.kinematic.is_none() && plan.notes.iter().any(|n| n.contains("2 links leave a")),
            "{:?}",
            plan.notes
        );
    }
}
