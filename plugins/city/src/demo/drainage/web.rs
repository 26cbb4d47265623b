//! Manholes along the streets and who is next to whom.

use std::collections::BTreeMap;

use crate::demo::{
    geom::{self, P},
    network::{Class, Network},
    plan::Plan,
    streets::Kind,
};

/// Spacing of manholes along a street, m.
const SPACING_M: f64 = 78.0;

/// Manholes, and for each those one pipe away with the pipe's length, m.
pub struct Web {
    pub at: Vec<P>,
    pub next: Vec<Vec<(usize, f64)>>,
}

/// Sets manholes at junctions and along the streets between them.
pub fn lay(plan: &Plan, net: &Network) -> Web {
    let drained = |k: usize| {
        let l = &net.links[k];
        let street = matches!(l.class, Class::Street(c) if c != Kind::Service || plan.in_old_town(net.nodes[l.a]));
        street && !l.bridge && l.underpass.is_none()
    };
    let around: Vec<Vec<usize>> =
        net.at.iter().map(|ls| ls.iter().copied().filter(|&k| drained(k)).collect()).collect();
    let mut web = Web { at: Vec::new(), next: Vec::new() };
    let mut id: BTreeMap<usize, usize> = BTreeMap::new();
    let add = |web: &mut Web, p: P| {
        web.at.push(p);
        web.next.push(Vec::new());
        web.at.len() - 1
    };
    let knot = |n: usize| !around[n].is_empty() && around[n].len() != 2;
    for n in 0..net.nodes.len() {
        if knot(n) {
            id.insert(n, add(&mut web, net.nodes[n]));
        }
    }
    let mut seen = vec![false; net.links.len()];
    for n in 0..net.nodes.len() {
        if !knot(n) {
            continue;
        }
        for &first in &around[n] {
            if seen[first] {
                continue;
            }
            let (mut line, mut at, mut k) = (vec![net.nodes[n]], n, first);
            loop {
                seen[k] = true;
                at = net.other(k, at);
                line.push(net.nodes[at]);
                if knot(at) {
                    break;
                }
                let Some(&m) = around[at].iter().find(|&&m| !seen[m]) else { break };
                k = m;
            }
            let Some(&end) = id.get(&at) else { continue };
            let total = geom::length(&line);
            let parts = ((total / SPACING_M).round() as usize).max(1);
            let mut last = id[&n];
            for i in 1..=parts {
                let m =
                    if i == parts { end } else { add(&mut web, geom::along(&line, total * i as f64 / parts as f64).0) };
                if m != last {
                    let d = (total / parts as f64).max(geom::dist(web.at[m], web.at[last]));
                    web.next[last].push((m, d));
                    web.next[m].push((last, d));
                }
                last = m;
            }
        }
    }
    web
}
