//! Nodes of a plan: what the file says of them, the conduits that end there, how they begin.

use guanlan_city::model::drainage::{DrainNodeKind, DrainageNetwork, StorageShape};

use super::{CROWN_CUTOFF, DrainPlan, FARTHEST_M, Half, PlanLink, PlanNode};

/// Plan area of a manhole shaft unless the file says otherwise, m² (SWMM's MIN_SURFAREA, 12.566 ft²).
const SHAFT_M2: f64 = 1.167;
/// Plan area taken for a storage node whose file does not say it, m².
const WET_WELL_M2: f64 = 60.0;

impl DrainPlan {
    pub(super) fn add_nodes(&mut self, network: &DrainageNetwork) {
        let min_area = network.options.get("MIN_SURFAREA").and_then(|v| v.parse::<f64>().ok()).filter(|v| *v > 0.0);
        let metric = network.options.get("FLOW_UNITS").is_none_or(|u| matches!(u.as_str(), "CMS" | "LPS" | "MLD"));
        let shaft_m2 = min_area.map_or(SHAFT_M2, |v| if metric { v } else { v * 0.3048 * 0.3048 });
        let ponds = network.option_yes("ALLOW_PONDING");
        let finite = |v: f32| if v.is_finite() && v.abs() <= FARTHEST_M { f64::from(v) } else { 0.0 };
        for node in &network.nodes {
            let sane = |v: f32| v.is_finite() && v.abs() <= FARTHEST_M;
            if !sane(node.invert_m) || !sane(node.max_depth_m) || node.max_depth_m < 0.0 {
                self.notes.push(format!(
                    "node {}: invert {} m or depth {} m makes no sense; taken as 0",
                    node.id, node.invert_m, node.max_depth_m
                ));
            }
            let shape = match (&node.storage, node.kind) {
                (Some(s), DrainNodeKind::Storage) if s.shape.volume_m3(1.0) > 0.0 => Some(s.shape.clone()),
                (_, DrainNodeKind::Storage) => {
                    let area = if node.area_m2 > 0.0 { finite(node.area_m2) } else { WET_WELL_M2 };
                    Some(StorageShape::Polynomial([area, 0.0, 0.0]))
                }
                _ => None,
            };
            self.nodes.push(PlanNode {
                id: node.id.clone(),
                outfall: node.kind == DrainNodeKind::Outfall,
                capacity_m3: 0.0,
                pipes_m3: 0.0,
                invert_m: finite(node.invert_m),
                depth_m: finite(node.max_depth_m).max(0.0),
                shape,
                shaft_m2,
                surcharge_m: finite(node.surcharge_depth_m).max(0.0),
                pond_m2: if ponds { finite(node.ponded_area_m2).max(0.0) } else { 0.0 },
                init_m: finite(node.init_depth_m).clamp(0.0, finite(node.max_depth_m).max(0.0)),
                crown_m: f64::NEG_INFINITY,
                soft_m2: 0.0,
                pump_well_m3: 0.0,
                halves: 0..0,
            });
        }
    }

    pub(super) fn gather_halves(&mut self) {
        let mut by_node: Vec<Vec<Half>> = vec![Vec::new(); self.nodes.len()];
        for link in &self.links {
            for (node, bottom_m) in [(link.from, link.bottom_m[0]), (link.to, link.bottom_m[1])] {
                let length_m = 0.5 * link.length_m * link.barrels;
                by_node[node].push(Half { section: link.section, bottom_m, length_m });
            }
        }
        for (node, halves) in self.nodes.iter_mut().zip(by_node) {
            let first = self.halves.len();
            let pipes = |h: &Half| h.length_m * self.sections[h.section].area_m2;
            node.pipes_m3 = halves.iter().map(pipes).sum();
            // A shaft is at least as deep as its pipes are high.
            let crown = |h: &Half| h.bottom_m + self.sections[h.section].full_m - node.invert_m;
            let crown_m = halves.iter().map(crown).fold(0.0, f64::max);
            let soft = |h: &Half| {
                let section = &self.sections[h.section];
                h.length_m
                    * section.at(if section.closed { CROWN_CUTOFF * section.full_m } else { section.full_m }).width_m
            };
            node.soft_m2 = halves.iter().map(soft).sum::<f64>().max(node.shaft_m2);
            node.crown_m = if node.shape.is_some() { f64::INFINITY } else { node.invert_m + crown_m };
            if node.depth_m < crown_m && !node.outfall && node.shape.is_none() {
                node.depth_m = crown_m;
            }
            let own = node.shape.as_ref().map_or(node.shaft_m2 * node.depth_m, |s| s.volume_m3(node.depth_m));
            node.capacity_m3 = node.pipes_m3 + own;
            self.halves.extend(halves);
            node.halves = first..self.halves.len();
        }
        self.count_regulators();
    }

    /// Regulators count for the crowns of both their nodes and for the depth of the upper one, as in SWMM.
    fn count_regulators(&mut self) {
        for regulator in &self.regulators {
            let Some((height_m, sideways)) = regulator.opening() else { continue };
            let offset_m = regulator.crest_m - self.nodes[regulator.from].invert_m;
            for (node, above_m) in [(regulator.from, offset_m + height_m), (regulator.to, height_m)] {
                let upper = node == regulator.from;
                let node = &mut self.nodes[node];
                if node.shape.is_none() {
                    node.crown_m = node.crown_m.max(node.invert_m + above_m);
                    if upper && sideways && !node.outfall && node.depth_m < above_m {
                        node.depth_m = above_m;
                    }
                }
            }
        }
    }

    /// Initial flows stand in their conduits at normal depth; a manhole that the file leaves empty begins with the mean
    /// of its links, as in SWMM.
    pub(super) fn fill_to_initial_flows(&mut self) {
        if self.links.iter().all(|l| l.init_m3_s == 0.0) {
            return;
        }
        let mut sums = vec![[0.0, 0.0]; self.nodes.len()];
        let depth = |l: &PlanLink| {
            let section = &self.sections[l.section];
            let normal = section.normal_depth_m(l.init_m3_s.abs() / l.barrels / l.beta);
            if normal > 0.0 { normal + l.offset_m[0] } else { 0.0 }
        };
        let depths: Vec<f64> = self.links.iter().map(depth).collect();
        for (k, (from, to)) in self.ends().into_iter().enumerate() {
            for node in [from, to] {
                sums[node][0] += depths.get(k).copied().unwrap_or(0.0);
                sums[node][1] += 1.0;
            }
        }
        for (node, [sum, count]) in self.nodes.iter_mut().zip(sums) {
            if node.shape.is_none() && !node.outfall && node.init_m <= 0.0 && count > 0.0 {
                node.init_m = (sum / count).min(node.depth_m);
            }
        }
    }
}
