//! The road network: drivable edges of the graph, the expressway's carriageways and ramps, one-way
//! streets, signals, bridges and underpasses.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    dice::Dice,
    geom::{self, P},
    plan::Plan,
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
    one_ways(plan, &mut net);
    expressway(plan, &mut net);
    net.index();
    two_way_where_stuck(&mut net);
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
            if plan.river_d.at(middle) > super::plan::BANK_ROAD_M - 2.0 {
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

fn one_ways(plan: &Plan, net: &mut Network) {
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

/// Two carriageways with ramps where the expressway meets a primary road.
fn expressway(plan: &Plan, net: &mut Network) {
    let ring = &plan.ring;
    let total: f64 = ring.windows(2).map(|w| geom::dist(w[0], w[1])).sum();
    let name = (plan.file.ring.name.0.clone(), plan.file.ring.name.1.clone());
    // Crossings with roads: place along the ring, node beyond the ring on each side.
    let mut crossings: Vec<(f64, usize)> = Vec::new();
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for (i, l) in net.links.iter().enumerate() {
        let mut run = 0.0;
        for w in ring.windows(2) {
            let long = geom::dist(w[0], w[1]);
            if let Some((_, u)) = geom::crossing(net.nodes[l.a], net.nodes[l.b], w[0], w[1]) {
                let at = run + u * long;
                spans.push((at, l.half_width_m + 22.0));
                if l.class == Class::Street(Kind::Primary)
                    && !crossings.iter().any(|c: &(f64, usize)| (c.0 - at).abs() < 60.0)
                {
                    crossings.push((at, i));
                }
            }
            run += long;
        }
    }
    let mut run = 0.0;
    for w in ring.windows(2) {
        let long = geom::dist(w[0], w[1]);
        for v in plan.rail.windows(2) {
            if let Some((t, _)) = geom::crossing(w[0], w[1], v[0], v[1]) {
                spans.push((run + t * long, 36.0));
            }
        }
        run += long;
    }
    let bridge_at = |s: f64| {
        let (p, _) = geom::along(ring, s);
        plan.river_d.at(p) < 40.0
            || plan.moat_d.at(p) < 6.0
            || spans.iter().any(|&(c, half)| ((s - c + total * 1.5) % total - total / 2.0).abs() < half)
    };
    net.ways.push(Way { class: Class::Motorway, name, speed: plan.file.ring.speed, lanes: 3 });
    let motorway = net.ways.len() - 1;
    net.ways.push(Way { class: Class::Link, name: (String::new(), String::new()), speed: 40, lanes: 1 });
    let ramp = net.ways.len() - 1;
    let steps = (total / 40.0).round() as usize;
    // Right-hand traffic: the carriageway on the line's right runs along it.
    let mut carriage = [Vec::new(), Vec::new()];
    for (c, side) in [(0, -1.0), (1, 1.0)] {
        for k in 0..steps {
            let (p, _) = geom::along(ring, total * k as f64 / steps as f64);
            let (q, _) = geom::along(ring, (total * k as f64 / steps as f64 + 4.0) % total);
            let d = geom::unit(geom::sub(q, p));
            net.nodes.push(geom::add(p, geom::mul(geom::perp(d), side * 8.5)));
            carriage[c].push(net.nodes.len() - 1);
        }
        for k in 0..steps {
            let (mut a, mut b) = (carriage[c][k], carriage[c][(k + 1) % steps]);
            if c == 1 {
                std::mem::swap(&mut a, &mut b);
            }
            let bridge = bridge_at(total * (k as f64 + 0.5) / steps as f64);
            net.links.push(Link {
                a,
                b,
                way: motorway,
                class: Class::Motorway,
                bridge,
                underpass: None,
                one_way: true,
                half_width_m: 6.0,
            });
        }
    }
    net.index();
    for (s, link) in crossings {
        let (at, dir) = geom::along(ring, s);
        for (c, side) in [(0usize, -1.0), (1usize, 1.0)] {
            // Where the ramps of this side meet the road: its first node clear of the expressway.
            let outward = geom::mul(geom::perp(dir), side);
            let l = net.links[link];
            let (mut last, mut node) = if geom::dot(geom::sub(net.nodes[l.a], net.nodes[l.b]), outward) > 0.0 {
                (l.b, l.a)
            } else {
                (l.a, l.b)
            };
            for _ in 0..6 {
                if geom::dot(geom::sub(net.nodes[node], at), outward) > 34.0 {
                    break;
                }
                let next =
                    net.at[node].iter().copied().find(|&k| net.links[k].way == l.way && net.other(k, node) != last);
                let Some(next) = next else { break };
                (last, node) = (node, net.other(next, node));
            }
            if geom::dot(geom::sub(net.nodes[node], at), outward) <= 20.0 || plan.river_d.at(net.nodes[node]) < 30.0 {
                continue;
            }
            let k = (s / total * steps as f64).round() as usize;
            let (before, after) = ((k + steps - 5) % steps, (k + 5) % steps);
            // Traffic on carriageway 1 runs against the line.
            let (off, on) = if c == 0 { (before, after) } else { (after, before) };
            for (from, to, knee_at) in [(carriage[c][off], node, off), (node, carriage[c][on], on)] {
                let shoulder = carriage[c][(knee_at + k) / 2 % steps];
                let wrap = knee_at.abs_diff(k) > steps / 2;
                let base = if wrap { net.nodes[carriage[c][knee_at]] } else { net.nodes[shoulder] };
                let knee = geom::add(base, geom::mul(outward, 24.0));
                net.nodes.push(knee);
                let m = net.nodes.len() - 1;
                for (a, b) in [(from, m), (m, to)] {
                    net.links.push(Link {
                        a,
                        b,
                        way: ramp,
                        class: Class::Link,
                        bridge: false,
                        underpass: None,
                        one_way: true,
                        half_width_m: 3.5,
                    });
                }
            }
        }
    }
}

/// A one-way street from or into which there is no way carries traffic both ways.
fn two_way_where_stuck(net: &mut Network) {
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
