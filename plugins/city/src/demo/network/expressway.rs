//! The expressway around the city: two carriageways, bridges over whatever they cross, ramps to the primary roads.

use super::{Class, Link, Network, Way};
use crate::demo::{
    geom::{self, P},
    plan::Plan,
    streets::Kind,
};

/// Where the expressway crosses others; places are lengths along the ring, m.
struct Crossings {
    /// Primary roads: place and link.
    primary: Vec<(f64, usize)>,
    /// Whatever is bridged: place and half the bridge's length.
    spans: Vec<(f64, f64)>,
}

/// Two carriageways with ramps where the expressway meets a primary road.
pub fn build(plan: &Plan, net: &mut Network) {
    let ring = &plan.ring;
    let total = geom::length(ring);
    let Crossings { primary, spans } = crossings(plan, net);
    let bridge_at = |s: f64| {
        let (p, _) = geom::along(ring, s);
        plan.river_d.at(p) < 40.0
            || plan.moat_d.at(p) < 6.0
            || spans.iter().any(|&(c, half)| ((s - c + total * 1.5) % total - total / 2.0).abs() < half)
    };
    let (name, speed) = (&plan.file.ring.name, plan.file.ring.speed);
    let name = (name.0.clone(), name.1.clone());
    net.ways.push(Way { class: Class::Motorway, name, speed, lanes: 3 });
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
            net.links.push(lane(a, b, motorway, Class::Motorway, bridge, 6.0));
        }
    }
    net.index();
    for (s, link) in primary {
        let (at, dir) = geom::along(ring, s);
        for (c, side) in [(0usize, -1.0), (1usize, 1.0)] {
            let outward = geom::mul(geom::perp(dir), side);
            let Some(node) = clear_of(plan, net, link, at, outward) else { continue };
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
                    net.links.push(lane(a, b, ramp, Class::Link, false, 3.5));
                }
            }
        }
    }
}

/// A stretch of one direction.
fn lane(a: usize, b: usize, way: usize, class: Class, bridge: bool, half_width_m: f64) -> Link {
    Link { a, b, way, class, bridge, underpass: None, one_way: true, half_width_m }
}

fn crossings(plan: &Plan, net: &Network) -> Crossings {
    let ring = &plan.ring;
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
    Crossings { primary: crossings, spans }
}

/// Where the ramps of one side of the ring at `at` meet a road: its first node clear of the expressway.
fn clear_of(plan: &Plan, net: &Network, link: usize, at: P, outward: P) -> Option<usize> {
    let l = net.links[link];
    let (mut last, mut node) =
        if geom::dot(geom::sub(net.nodes[l.a], net.nodes[l.b]), outward) > 0.0 { (l.b, l.a) } else { (l.a, l.b) };
    for _ in 0..6 {
        if geom::dot(geom::sub(net.nodes[node], at), outward) > 34.0 {
            break;
        }
        let next = net.at[node].iter().copied().find(|&k| net.links[k].way == l.way && net.other(k, node) != last);
        let Some(next) = next else { break };
        (last, node) = (node, net.other(next, node));
    }
    if geom::dot(geom::sub(net.nodes[node], at), outward) <= 20.0 || plan.river_d.at(net.nodes[node]) < 30.0 {
        return None;
    }
    Some(node)
}
