//! Who may drive where: one-way streets, and signals where larger roads meet.

use std::collections::BTreeSet;

use super::{Class, Network};
use crate::demo::{dice::Dice, geom, plan::Plan, streets::Kind};

/// Some small streets carry traffic one way.
pub fn one_ways(plan: &Plan, net: &mut Network) {
    let mut dice = Dice::new(plan.seed, "one-ways");
    let chosen: Vec<Option<bool>> = net
        .ways
        .iter()
        .map(|w| match w.class {
            Class::Street(Kind::Residential) if dice.chance(0.16) => Some(dice.chance(0.5)),
            Class::Street(Kind::Service) if dice.chance(0.08) => Some(dice.chance(0.5)),
            _ => None,
        })
        .collect();
    for l in &mut net.links {
        if let Some(forward) = chosen[l.way] {
            // One direction for the whole street: along its longer axis.
            let d = geom::sub(net.nodes[l.b], net.nodes[l.a]);
            let along = if d[0].abs() > d[1].abs() { d[0] > 0.0 } else { d[1] > 0.0 };
            if along != forward {
                std::mem::swap(&mut l.a, &mut l.b);
            }
            l.one_way = true;
        }
    }
}

/// A one-way street from or into which there is no way carries traffic both ways.
pub fn two_way_where_stuck(net: &mut Network) {
    for _ in 0..12 {
        let reach = |back: bool| {
            let mut seen = vec![false; net.nodes.len()];
            let start = net.links.iter().find(|l| l.class == Class::Street(Kind::Primary)).map_or(0, |l| l.a);
            let mut todo = vec![start];
            seen[start] = true;
            while let Some(n) = todo.pop() {
                for &k in &net.at[n] {
                    let l = &net.links[k];
                    if l.one_way && (l.a == n) == back {
                        continue;
                    }
                    let m = net.other(k, n);
                    if !seen[m] {
                        seen[m] = true;
                        todo.push(m);
                    }
                }
            }
            seen
        };
        let (there, home) = (reach(false), reach(true));
        let stuck: Vec<usize> = (0..net.links.len())
            .filter(|&i| {
                let l = &net.links[i];
                l.one_way && matches!(l.class, Class::Street(_)) && [l.a, l.b].iter().any(|&n| !there[n] || !home[n])
            })
            .collect();
        if stuck.is_empty() {
            return;
        }
        for i in stuck {
            net.links[i].one_way = false;
        }
    }
}

/// Signals at junctions of two or more larger roads.
pub fn signals(net: &mut Network) {
    for n in 0..net.nodes.len() {
        let major: BTreeSet<usize> = net.at[n]
            .iter()
            .filter(|&&l| matches!(net.links[l].class, Class::Street(Kind::Primary | Kind::Secondary)))
            .map(|&l| net.links[l].way)
            .collect();
        if net.at[n].len() >= 3 && major.len() >= 2 {
            net.signals.insert(n);
        }
    }
}
