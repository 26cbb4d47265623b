//! Hot start files of EPA SWMM 5 (`SWMM5-HOTSTART3` and `4`, little-endian, feet and cubic feet per second): the state
//! of nodes and links at the end of a run, to begin another with.
//!
//! A file holds a header (counts and flow units), the state of subcatchments, then nodes (depth, lateral inflow, for
//! storage the residence time, concentrations) and links (flow, depth, setting, concentrations) in the order of the
//! `.inp`. Nodes and links are read from its end: what ground holds is neither read nor written.

use guanlan_city::import::swmm::{FOOT_M, HotStarts};

use super::{
    plan::DrainPlan,
    state::Drains,
    swmm::{HotState, Waves},
};

const STAMP: &[u8] = b"SWMM5-HOTSTART";
/// Cubic metres in a cubic foot.
const FOOT3_M3: f64 = FOOT_M * FOOT_M * FOOT_M;
/// Flow units by their number in a file.
const UNITS: [&str; 6] = ["CFS", "GPM", "MGD", "CMS", "LPS", "MLD"];

/// The state of nodes and links, in the order of the `.inp`, in SI units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HotStart {
    /// Depth m and lateral inflow m³/s of each node.
    pub nodes: Vec<[f64; 2]>,
    /// Flow m³/s, depth m and setting of each link.
    pub links: Vec<[f64; 3]>,
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn word<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(i32::from_le_bytes(self.word()?)).ok()
    }

    fn number(&mut self) -> Option<f64> {
        let value = f32::from_le_bytes(self.word()?);
        value.is_finite().then(|| f64::from(value))
    }
}

impl HotStart {
    /// Reads a file of a network.
    ///
    /// # Errors
    /// What is wrong with it, in English words of [`crate::chinese_notes`].
    pub fn read(bytes: &[u8], network: &HotStarts, flow_units: &str) -> Result<Self, String> {
        let cut = || "it ends too early".to_owned();
        let rest = bytes.strip_prefix(STAMP).ok_or("it is no hot start file of SWMM 5")?;
        let version = match rest.first() {
            Some(b'3') => 3,
            Some(b'4') => 4,
            _ => return Err("it is of an older version: SWMM5-HOTSTART3 or 4 was expected".into()),
        };
        let mut head = Bytes(&rest[1..]);
        let mut counts = [0; 6];
        for count in &mut counts {
            *count = head.count().ok_or_else(cut)?;
        }
        let [catchments, land_uses, nodes, links, pollutants, units] = counts;
        let own = [network.others[0], network.others[1], network.nodes.len(), network.links.len(), network.others[2]];
        if [catchments, land_uses, nodes, links, pollutants] != own {
            return Err(format!(
                "it is of another network: {nodes} nodes and {links} links, expected {} and {}",
                network.nodes.len(),
                network.links.len()
            ));
        }
        if UNITS.get(units).is_none_or(|u| *u != flow_units) {
            let told = UNITS.get(units).copied().unwrap_or("?");
            return Err(format!("its flow units are {told}, expected {flow_units}"));
        }
        let wells = if version >= 4 { network.nodes.iter().filter(|n| n.1).count() } else { 0 };
        let size = 4 * (nodes * (2 + pollutants) + wells + links * (3 + pollutants));
        let from = head.0.len().checked_sub(size).ok_or_else(cut)?;
        let mut body = Bytes(&head.0[from..]);
        let broken = || "a value in it is no number".to_owned();
        let mut out = Self::default();
        for (_, storage) in &network.nodes {
            let node = [body.number().ok_or_else(broken)? * FOOT_M, body.number().ok_or_else(broken)? * FOOT3_M3];
            let more = pollutants + usize::from(version >= 4 && *storage);
            for _ in 0..more {
                body.number().ok_or_else(broken)?;
            }
            out.nodes.push(node);
        }
        for _ in 0..links {
            let mut link = [0.0; 3];
            for (value, unit) in link.iter_mut().zip([FOOT3_M3, FOOT_M, 1.0]) {
                *value = body.number().ok_or_else(broken)? * unit;
            }
            for _ in 0..pollutants {
                body.number().ok_or_else(broken)?;
            }
            out.links.push(link);
        }
        Ok(out)
    }

    /// The bytes of a file of version 4; `None` for a network with subcatchments or pollutants, whose state it lacks.
    #[must_use]
    pub fn write(&self, network: &HotStarts, flow_units: &str) -> Option<Vec<u8>> {
        let fits = self.nodes.len() == network.nodes.len() && self.links.len() == network.links.len();
        if !fits || network.others != [0; 3] {
            return None;
        }
        let mut out = [STAMP, b"4"].concat();
        let units = UNITS.iter().position(|u| *u == flow_units)?;
        for count in [0, 0, network.nodes.len(), network.links.len(), 0, units] {
            out.extend(i32::try_from(count).ok()?.to_le_bytes());
        }
        let mut put = |value: f64| out.extend((value as f32).to_le_bytes());
        for ([depth_m, lateral], (_, storage)) in self.nodes.iter().zip(&network.nodes) {
            put(depth_m / FOOT_M);
            put(lateral / FOOT3_M3);
            if *storage {
                put(0.0);
            }
        }
        for [flow, depth_m, setting] in &self.links {
            put(flow / FOOT3_M3);
            put(depth_m / FOOT_M);
            put(*setting);
        }
        Some(out)
    }
}

/// Where the nodes and links of a file are in a plan: links count conduits, then pumps, then regulators.
fn places(plan: &DrainPlan, network: &HotStarts) -> Option<(Vec<usize>, Vec<usize>)> {
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let node = |id: &str| plan.nodes.iter().position(|n| is(&n.id, id));
    let ids: Vec<&str> = super::run_file::link_names(plan).collect();
    let link = |id: &str| ids.iter().position(|l| is(l, id));
    let nodes = network.nodes.iter().map(|(id, _)| node(id)).collect::<Option<Vec<_>>>()?;
    Some((nodes, network.links.iter().map(|id| link(id)).collect::<Option<Vec<_>>>()?))
}

impl Drains {
    /// Begins with the state of a hot start in place of the file's own; false when a node or link of it is not in the
    /// network as it is computed (rows that were left out).
    pub fn begin_hot(&mut self, hot: &HotStart, network: &HotStarts) -> bool {
        let plan = self.plan.clone();
        let Some((nodes, links)) = places(&plan, network) else { return false };
        let mut state =
            HotState { nodes: vec![[0.0; 2]; plan.nodes.len()], links: vec![[0.0; 2]; self.now.flow_m3_s.len()] };
        for (k, node) in nodes.iter().zip(&hot.nodes) {
            state.nodes[*k] = *node;
        }
        let conduits = plan.links.len();
        for (k, [flow, depth_m, setting]) in links.iter().zip(&hot.links) {
            state.links[*k] = [*flow, *depth_m];
            match k.checked_sub(conduits) {
                Some(driven) => (self.now.setting[driven], self.now.target[driven]) = (*setting, *setting),
                None => self.now.gate[*k] = *setting,
            }
        }
        match plan.swmm.as_deref() {
            Some(layout) => self.begin_waves_hot(layout, &state),
            None => self.begin_implicit(&state),
        }
        true
    }

    /// The implicit scheme knows heads, flows and what the nodes hold.
    fn begin_implicit(&mut self, state: &HotState) {
        let plan = self.plan.clone();
        let now = &mut self.now;
        for (k, node) in plan.nodes.iter().enumerate() {
            now.head_m[k] = node.invert_m + state.nodes[k][0].max(0.0);
            now.volume_m3[k] = if node.outfall { 0.0 } else { plan.volume(k, now.head_m[k]).0 };
        }
        for (k, [flow, depth_m]) in state.links.iter().enumerate() {
            now.flow_m3_s[k] = *flow;
            if let Some(link) = plan.links.get(k) {
                now.area_m2[k] = plan.sections[link.section].at(*depth_m).area_m2;
            }
        }
        now.highest_m.clone_from(&now.head_m);
        now.books.initial_m3 = now.volume_m3.iter().sum();
    }

    /// The state as a hot start holds it; `None` when a node or link of the file is not in the network.
    #[must_use]
    pub fn hot_start(&self, network: &HotStarts) -> Option<HotStart> {
        let (nodes, links) = places(&self.plan, network)?;
        let now = &self.now;
        let lateral = |k: usize| now.waves.as_ref().map_or(0.0, |w: &Waves| w.joints[k].lateral_m3_s);
        let depth = |k: usize| (now.head_m[k] - self.plan.nodes[k].invert_m).max(0.0);
        let of_link = |k: usize| {
            let setting = k.checked_sub(self.plan.links.len()).map_or_else(|| now.gate[k], |d| now.setting[d]);
            let depth_m = match (&now.waves, self.plan.links.get(k)) {
                (Some(waves), Some(_)) => waves.reaches[k].depth_m,
                (None, Some(link)) => {
                    let end = |node: usize, side: usize| (now.head_m[node] - link.bottom_m[side]).max(0.0);
                    (0.5 * (end(link.from, 0) + end(link.to, 1))).min(self.plan.sections[link.section].full_m)
                }
                _ => 0.0,
            };
            [now.flow_m3_s[k], depth_m, setting]
        };
        Some(HotStart {
            nodes: nodes.into_iter().map(|k| [depth(k), lateral(k)]).collect(),
            links: links.into_iter().map(of_link).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::drains::{
        DrainPlan, Scheme,
        fixtures::{inflow, line},
        run_file::link_names,
    };

    fn order(plan: &DrainPlan) -> HotStarts {
        HotStarts {
            nodes: plan.nodes.iter().map(|n| (n.id.clone(), n.shape.is_some())).collect(),
            links: link_names(plan).map(str::to_owned).collect(),
            ..HotStarts::default()
        }
    }

    #[test]
    fn a_run_goes_on_from_what_a_run_before_it_has_saved() {
        let mut network = line([1.61, 1.305, 1.0], 122.0, 0.61, 0.013);
        network.inflows = vec![inflow(0, 0.1)];
        for scheme in [Scheme::Swmm, Scheme::Implicit] {
            let plan = Arc::new(DrainPlan::alone(&network, scheme));
            let order = order(&plan);
            let mut first = Drains::new(plan.clone());
            first.run_to(3600.0);
            let told = first.hot_start(&order).unwrap();
            let bytes = told.write(&order, "CMS").unwrap();
            let read = HotStart::read(&bytes, &order, "CMS").unwrap();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
            assert!(told.nodes.iter().flatten().zip(read.nodes.iter().flatten()).all(|(a, b)| near(*a, *b)));
            let mut cold = Drains::new(plan.clone());
            let mut hot = Drains::new(plan);
            assert!(hot.begin_hot(&read, &order));
            let want = first.flows_m3_s();
            assert!(hot.flows_m3_s().iter().zip(&want).all(|(a, b)| near(*a, *b)), "{scheme:?}");
            for drains in [&mut cold, &mut hot] {
                drains.run_to(30.0);
            }
            let last = want.len() - 1;
            assert!((hot.flows_m3_s()[last] / want[last] - 1.0).abs() < 0.02, "{scheme:?}: it goes on");
            assert!(cold.flows_m3_s()[last] < 0.5 * want[last], "{scheme:?}: without it the pipe is empty");
            assert!(hot.ledger().error_relative() < 1e-3, "{scheme:?}: what it begins with is in the books");
        }
    }

    #[test]
    fn files_of_other_networks_and_broken_ones_are_refused() {
        let network = line([1.61, 1.305, 1.0], 122.0, 0.61, 0.013);
        let plan = Arc::new(DrainPlan::alone(&network, Scheme::Swmm));
        let own = order(&plan);
        let bytes = Drains::new(plan).hot_start(&own).unwrap().write(&own, "LPS").unwrap();
        let why = |bytes: &[u8], order: &HotStarts, units: &str| HotStart::read(bytes, order, units).unwrap_err();
        assert!(why(&bytes, &own, "CMS").contains("LPS, expected CMS"));
        assert!(why(&bytes[..bytes.len() - 4], &own, "LPS").contains("too early"));
        assert!(why(b"SWMM5-HOTSTART2", &own, "LPS").contains("older"));
        assert!(why(b"[TITLE]", &own, "LPS").contains("no hot start"));
        let mut broken = bytes.clone();
        let end = broken.len();
        broken[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(why(&broken, &own, "LPS").contains("no number"));
        let mut more = own.clone();
        more.nodes.push(("X".into(), false));
        assert!(why(&bytes, &more, "LPS").contains("another network"));
        for cut in 0..bytes.len() {
            let _ = HotStart::read(&bytes[..cut], &own, "LPS");
        }
        let grounded = HotStarts { others: [1, 0, 0], ..own.clone() };
        assert!(
            HotStart { nodes: vec![[0.0; 2]; own.nodes.len()], links: vec![[0.0; 3]; own.links.len()] }
                .write(&grounded, "LPS")
                .is_none()
        );
    }
}
