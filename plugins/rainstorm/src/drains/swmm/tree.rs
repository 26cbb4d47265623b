//! The order in which the kinematic wave goes through a network that is a tree, and how dividers split what comes to them
//! (SWMM 5 reference manual, volume II, chapter 4).

use guanlan_city::model::drainage::{DividerKind, DrainageNetwork};

use super::units::FLOW_LEAST_M3_S;
use crate::drains::{plan::DrainPlan, pumps::interpolated};

/// A divider.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Split {
    /// The link that takes what is diverted.
    pub link: usize,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    /// What the other link does not take.
    Overflow,
    /// All above a flow, m³/s.
    Cutoff(f64),
    /// By inflow, m³/s.
    Table(Vec<[f64; 2]>),
    /// Over a weir: from a flow on, height of the weir in m, m^1.5/s at 1 m.
    Weir(f64, f64, f64),
}

impl Split {
    /// Flow into one of the two links. `inflow`: what comes; `taken`: what has been let out before; m³/s.
    pub fn into_link(&self, link: usize, inflow: f64, taken: f64) -> f64 {
        let own = link == self.link;
        let diverted = match &self.rule {
            Rule::Overflow => {
                let q = if own { inflow - taken } else { inflow };
                return if q < FLOW_LEAST_M3_S { 0.0 } else { q };
            }
            Rule::Cutoff(from) => (inflow - from).max(0.0),
            Rule::Table(points) => interpolated(points, inflow).0,
            Rule::Weir(from, height, coefficient) => {
                let most = coefficient * height.powf(1.5);
                let share = if most > *from { (inflow - from) / (most - from) } else { 0.0 };
                if share <= 0.0 {
                    0.0
                } else if share > 1.0 {
                    most * share.sqrt()
                } else {
                    coefficient * (share * height).powf(1.5)
                }
            }
        }
        .min(inflow);
        if own { diverted } else { inflow - diverted }
    }
}

/// How the kinematic wave goes through a network.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Tree {
    /// Links from the top down.
    pub order: Vec<usize>,
    pub splits: Vec<Option<Split>>,
    /// Steady flow: no storage in conduits.
    pub steady: bool,
}

impl Tree {
    /// The way through a plan's network; why there is none otherwise.
    pub fn of(network: &DrainageNetwork, plan: &DrainPlan, steady: bool) -> Result<Self, String> {
        let splits = splits_of(network, plan);
        Ok(Self { order: order_of(plan, &splits)?, splits, steady })
    }
}

/// Dividers by node.
fn splits_of(network: &DrainageNetwork, plan: &DrainPlan) -> Vec<Option<Split>> {
    let names: Vec<&str> = crate::drains::link_names(plan).collect();
    let of = |divider: &guanlan_city::model::drainage::Divider| {
        let link = names.iter().position(|n| n.eq_ignore_ascii_case(&divider.link))?;
        let rule = match &divider.kind {
            DividerKind::Overflow => Rule::Overflow,
            DividerKind::CutoffM3S(q) => Rule::Cutoff(*q),
            DividerKind::Tabular(k) => Rule::Table(network.curves.get(*k)?.points.clone()),
            DividerKind::Weir { min_flow_m3_s, height_m, coefficient_si } => {
                Rule::Weir(*min_flow_m3_s, *height_m, *coefficient_si)
            }
        };
        Some(Split { link, rule })
    };
    network.nodes.iter().map(|n| n.divider.as_ref().and_then(of)).collect()
}

/// Links from the top down; why there is no such order otherwise.
fn order_of(plan: &DrainPlan, splits: &[Option<Split>]) -> Result<Vec<usize>, String> {
    if let Some(link) = plan.links.iter().find(|l| l.sign < 0.0) {
        return Err(format!("conduit {} rises", link.id));
    }
    let ends = plan.ends();
    let (first_pump, first_regulator) = (plan.links.len(), plan.links.len() + plan.pumps.len());
    let mut leave: Vec<Vec<usize>> = vec![Vec::new(); plan.nodes.len()];
    let mut wait = vec![0_usize; plan.nodes.len()];
    for (k, (from, to)) in ends.iter().enumerate() {
        let node = &plan.nodes[*from];
        let regulator = k.checked_sub(first_regulator).map(|k| &plan.regulators[k]);
        if regulator.is_some_and(|r| r.is_street_inlet()) {
            continue;
        }
        leave[*from].push(k);
        wait[*to] += 1;
        if node.outfall {
            return Err(format!("outfall {} has a link that leaves it", node.id));
        }
        if let Some(regulator) = regulator.filter(|_| node.shape.is_none()) {
            return Err(format!("{} stands at {}, which is no storage", regulator.id, node.id));
        }
        if let Some(pump) = k.checked_sub(first_pump).and_then(|k| plan.pumps.get(k)) {
            if pump.is_ideal() && !pump.dummy && node.shape.is_some() {
                return Err(format!("ideal pump {} stands at a storage", pump.id));
            }
        }
    }
    for (k, links) in leave.iter_mut().enumerate() {
        let most = match splits.get(k) {
            Some(Some(split)) => {
                // What is diverted comes last.
                links.sort_by_key(|link| *link == split.link);
                2
            }
            _ if plan.nodes[k].shape.is_some() => usize::MAX,
            _ => 1,
        };
        if links.len() > most {
            return Err(format!("{} links leave {}", links.len(), plan.nodes[k].id));
        }
    }
    let mut ready: Vec<usize> = (0..wait.len()).filter(|k| wait[*k] == 0).collect();
    let (mut order, mut passed) = (Vec::with_capacity(ends.len()), 0);
    while let Some(node) = ready.pop() {
        passed += 1;
        for link in std::mem::take(&mut leave[node]) {
            order.push(link);
            let to = ends[link].1;
            wait[to] -= 1;
            if wait[to] == 0 {
                ready.push(to);
            }
        }
    }
    if passed < plan.nodes.len() { Err("links lead round in a ring".into()) } else { Ok(order) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dividers_split_by_their_rule() {
        let split = |rule| Split { link: 7, rule };
        let both = |s: &Split, q: f64| {
            let main = s.into_link(3, q, 0.0);
            [main, s.into_link(7, q, main)]
        };
        assert_eq!(both(&split(Rule::Cutoff(0.4)), 1.0), [0.4, 0.6]);
        assert_eq!(both(&split(Rule::Cutoff(0.4)), 0.3), [0.3, 0.0]);
        let table = split(Rule::Table(vec![[0.0, 0.0], [1.0, 0.5], [2.0, 1.5]]));
        assert_eq!(both(&table, 1.5), [0.5, 1.0]);
        // The other link took .2 of .5.
        assert!((split(Rule::Overflow).into_link(7, 0.5, 0.2) - 0.3).abs() < 1e-12);
        assert_eq!(split(Rule::Overflow).into_link(3, 0.5, 0.0), 0.5);
        // A weir of .5 m with 2 m^1.5/s, from .1 m³/s on: full at .707.
        let weir = split(Rule::Weir(0.1, 0.5, 2.0));
        let most = 2.0 * 0.5_f64.powf(1.5);
        assert_eq!(both(&weir, 0.05), [0.05, 0.0]);
        assert!((weir.into_link(7, most, 0.0) - most).abs() < 1e-12);
        let half = 0.1 + 0.5 * (most - 0.1);
        assert!((weir.into_link(7, half, 0.0) - 2.0 * 0.25_f64.powf(1.5)).abs() < 1e-12);
    }
}
