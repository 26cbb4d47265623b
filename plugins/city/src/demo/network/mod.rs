//! The road network: drivable edges of the graph, the expressway's carriageways and ramps, one-way
//! streets, signals, bridges and underpasses.

mod expressway;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    geom::{self, P},
    plan::{BANK_ROAD_M, Plan},
    streets::{Kind, Town},
};

/// Class of a way beyond the streets of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Motorway,
    Link,
    Street(Kind),
}

/// A stretch between two nodes.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub a: usize,
    pub b: usize,
    /// Which named way it belongs to.
    pub way: usize,
    pub class: Class,
    pub bridge: bool,
    /// Index of the underpass it is part of.
    pub underpass: Option<usize>,
    /// Traffic from `a` to `b` only.
    pub one_way: bool,
    pub half_width_m: f64,
}

/// A way's properties.
#[derive(Clone, Debug)]
pub struct Way {
    pub class: Class,
    pub name: (String, String),
    pub speed: u32,
    pub lanes: u32,
}

/// The road network.
pub struct Network {
    pub nodes: Vec<P>,
    pub links: Vec<Link>,
    pub ways: Vec<Way>,
    pub signals: BTreeSet<usize>,
    /// Links at each node.
    pub at: Vec<Vec<usize>>,
}

impl Network {
    /// The link's other end.
    pub fn other(&self, link: usize, node: usize) -> usize {
        let l = &self.links[link];
        if l.a == node { l.b } else { l.a }
    }
    /// Length of a link, m.
    pub fn length(&self, link: usize) -> f64 {
        geom::dist(self.nodes[self.links[link].a], self.nodes[self.links[link].b])
    }
    fn index(&mut self) {
        self.at = vec![Vec::new(); self.nodes.len()];
        for (i, l) in self.links.iter().enumerate() {
            self.at[l.a].push(i);
            self.at[l.b].push(i);
        }
    }
}

/// Builds the network.
pub fn build(plan: &Plan, town: &Town) -> Network {
    let mut net =
        Network { nodes: Vec::new(), links: Vec::new(), ways: Vec::new(), signals: BTreeSet::new(), at: Vec::new() };
    let mut node_of: BTreeMap<usize, usize> = BTreeMap::new();
    net.ways = town
        .streets
        .iter()
        .map(|s| Way { class: Class::Street(s.kind), name: s.name.clone(), speed: s.speed, lanes: s.lanes })
        .collect();
    for e in &town.graph.edges {
        let street = &town.streets[e.street];
        if !street.kind.is_street() {
            continue;
        }
        let mut id = |n: usize| {
            *node_of.entry(n).or_insert_with(|| {
                net.nodes.push(town.graph.nodes[n]);
                net.nodes.len() - 1
            })
        };
        let (a, b) = (id(e.a), id(e.b));
        let (pa, pb) = (net.nodes[a], net.nodes[b]);
        let wet = (0..=8).any(|k| plan.on_water(geom::lerp(pa, pb, f64::from(k) / 8.0)));
        let middle = geom::lerp(pa, pb, 0.5);
        let underpass = plan
            .underpasses
            .iter()
            .position(|u| street.arterial == Some(u.road) && geom::dist(middle, u.at) < plan.file.underpass.ramp_end_m);
        net.links.push(Link {
            a,
            b,
            way: e.street,
            class: Class::Street(street.kind),
            bridge: wet,
            underpass,
            one_way: false,
            half_width_m: street.kind.half_width_m(),
        });
    }
    keep_largest(&mut net);
    net.index();
    whole_bridges(&mut net, plan);
    traffic::one_ways(plan, &mut net);
    expressway::build(plan, &mut net);
    net.index();
    traffic::two_way_where_stuck(&mut net);
    traffic::signals(&mut net);
    net
}

/// Roads that cannot be reached from the rest are not built.
fn keep_largest(net: &mut Network) {
    let mut group: Vec<usize> = (0..net.nodes.len()).collect();
    fn root(group: &mut [usize], mut n: usize) -> usize {
        while group[n] != n {
            group[n] = group[group[n]];
            n = group[n];
        }
        n
    }
    for l in &net.links {
        let (a, b) = (root(&mut group, l.a), root(&mut group, l.b));
        group[a.max(b)] = a.min(b);
    }
    let mut size: BTreeMap<usize, usize> = BTreeMap::new();
    for n in 0..group.len() {
        *size.entry(root(&mut group, n)).or_default() += 1;
    }
    let Some((&largest, _)) = size.iter().max_by_key(|&(_, s)| s) else { return };
    let links = std::mem::take(&mut net.links);
    net.links = links.into_iter().filter(|l| root(&mut group, l.a) == largest).collect();
}

/// A bridge spans from bank road to bank road: links of the same way beside the water join it.
fn whole_bridges(net: &mut Network, plan: &Plan) {
    loop {
        let mut grow = Vec::new();
        for (i, l) in net.links.iter().enumerate() {
            if l.bridge {
                continue;
            }
            let middle = geom::lerp(net.nodes[l.a], net.nodes[l.b], 0.5);
            if plan.river_d.at(middle) > BANK_ROAD_M - 2.0 {
                continue;
            }
            let joins = [l.a, l.b].iter().any(|&n| {
                net.at[n].len() == 2 && net.at[n].iter().any(|&k| net.links[k].bridge && net.links[k].way == l.way)
            });
            if joins {
                grow.push(i);
            }
        }
        if grow.is_empty() {
            return;
        }
        for i in grow {
            net.links[i].bridge = true;
        }
    }
}
