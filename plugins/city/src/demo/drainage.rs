//! Storm drains: manholes under the streets, trees of pipes to outfalls in the river, pumped wells for
//! the underpasses and for the old town, which lies below the river's high water.

use std::collections::{BTreeMap, BinaryHeap};

use super::{
    geom::{self, P},
    ground::Ground,
    network::{Class, Network},
    plan::Plan,
    streets::Kind,
};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    Manhole,
    Outfall,
    Well,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    pub id: String,
    pub kind: NodeKind,
    pub at: P,
    pub ground_m: f64,
    pub invert_m: f64,
    /// Land that drains to it by itself, ha.
    pub area_ha: f64,
}

/// A circular pipe.
#[derive(Clone, Debug)]
pub struct Pipe {
    pub from: usize,
    pub to: usize,
    pub length_m: f64,
    pub diameter_m: f64,
}

/// A pump.
#[derive(Clone, Debug)]
pub struct Pump {
    pub id: String,
    pub from: usize,
    pub to: usize,
    pub flow_m3s: f64,
    pub start_m: f64,
    pub stop_m: f64,
}

/// A pumping station.
#[derive(Clone, Debug)]
pub struct Station {
    pub name: (String, String),
    pub well: usize,
    /// Area of the well, m².
    pub well_m2: f64,
}

/// The network.
#[derive(Default)]
pub struct Drains {
    pub nodes: Vec<Node>,
    pub pipes: Vec<Pipe>,
    pub pumps: Vec<Pump>,
    pub stations: Vec<Station>,
}

/// Spacing of manholes along a street, m.
const SPACING_M: f64 = 78.0;
const SIZES_M: [f64; 14] = [0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.35, 1.5, 1.8, 2.0, 2.2, 2.6, 3.0];
/// Manning's n of the pipes.
pub const ROUGHNESS: f64 = 0.013;

struct Web {
    at: Vec<P>,
    next: Vec<Vec<(usize, f64)>>,
}

/// Manholes along the streets and who is next to whom.
fn web(plan: &Plan, net: &Network) -> Web {
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
            let total: f64 = line.windows(2).map(|w| geom::dist(w[0], w[1])).sum();
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

#[derive(PartialEq)]
struct Step(f64, usize);
impl Eq for Step {}
impl Ord for Step {
    fn cmp(&self, o: &Self) -> std::cmp::Ordering {
        o.0.total_cmp(&self.0).then(o.1.cmp(&self.1))
    }
}
impl PartialOrd for Step {
    fn partial_cmp(&self, o: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(o))
    }
}

/// Designs the network.
pub fn build(plan: &Plan, net: &Network, ground: &Ground) -> Drains {
    let web = web(plan, net);
    let z: Vec<f64> = web.at.iter().map(|&p| ground.at(p)).collect();
    let polder: Vec<bool> = web.at.iter().map(|&p| plan.in_old_town(p) && plan.moat_d.at(p) > 8.0).collect();
    let level = plan.file.river.level_m;

    // Roots: manholes near the river every so often, and the lowest of the old town.
    let mut roots: Vec<usize> = Vec::new();
    let mut banks: Vec<usize> = (0..web.at.len())
        .filter(|&i| !polder[i] && (30.0..85.0).contains(&plan.river_d.at(web.at[i])) && !web.next[i].is_empty())
        .collect();
    banks.sort_by(|&a, &b| web.at[a][0].total_cmp(&web.at[b][0]).then(web.at[a][1].total_cmp(&web.at[b][1])));
    for i in banks {
        if roots
            .iter()
            .all(|&r| geom::dist(web.at[r], web.at[i]) > 330.0 || side(plan, web.at[r]) != side(plan, web.at[i]))
        {
            roots.push(i);
        }
    }
    let low = (0..web.at.len())
        .filter(|&i| polder[i] && web.next[i].len() >= 2 && plan.river_d.at(web.at[i]) < 420.0)
        .min_by(|&a, &b| z[a].total_cmp(&z[b]));
    roots.extend(low);

    // Every manhole drains along the cheapest way to a root; uphill is dear.
    let mut cost = vec![f64::MAX; web.at.len()];
    let mut down: Vec<Option<(usize, f64)>> = vec![None; web.at.len()];
    let mut order = Vec::new();
    let mut done = vec![false; web.at.len()];
    let mut heap = BinaryHeap::new();
    for &r in &roots {
        cost[r] = 0.0;
        heap.push(Step(0.0, r));
    }
    while let Some(Step(c, i)) = heap.pop() {
        if done[i] {
            continue;
        }
        done[i] = true;
        order.push(i);
        for &(j, d) in &web.next[i] {
            if polder[i] != polder[j] {
                continue;
            }
            let rise = (z[i] - z[j]).max(0.0);
            let there = c + d + 90.0 * rise;
            if there < cost[j] {
                cost[j] = there;
                down[j] = Some((i, d));
                heap.push(Step(there, j));
            }
        }
    }

    // Inverts from the roots up.
    let mut invert = vec![f64::NAN; web.at.len()];
    for &i in &order {
        invert[i] = match down[i] {
            None if polder[i] => z[i] - 5.4,
            None => (level + 0.55).min(z[i] - 2.6),
            Some((j, d)) => {
                if invert[j].is_nan() {
                    continue;
                }
                // As steep as the ground, at least 0.5 per mille, not shallower than 1.2 m.
                let slope = [0.0022, 0.0015, 0.001, 0.0007, 0.0005]
                    .into_iter()
                    .find(|s| z[i] - (invert[j] + s * d) > 1.5)
                    .unwrap_or(0.0004);
                let v = (invert[j] + slope * d).max(z[i] - 3.4);
                if z[i] - v < 0.9 {
                    continue;
                }
                v
            }
        };
    }
    let mut drains = Drains::default();
    let mut id: Vec<Option<usize>> = vec![None; web.at.len()];
    for &i in &order {
        if !invert[i].is_nan() {
            id[i] = Some(drains.nodes.len());
            drains.nodes.push(Node {
                id: format!("YS{:04}", drains.nodes.len() + 1),
                kind: NodeKind::Manhole,
                at: web.at[i],
                ground_m: z[i],
                invert_m: invert[i],
                area_ha: 0.0,
            });
        }
    }
    share_land(plan, &mut drains);

    // Flows from the leaves down, then sizes.
    let mut area: Vec<f64> = drains.nodes.iter().map(|n| n.area_ha).collect();
    let mut travel: Vec<f64> = vec![10.0; drains.nodes.len()];
    let mut size: Vec<f64> = vec![0.3; drains.nodes.len()];
    let mut pipes = Vec::new();
    for &i in order.iter().rev() {
        let (Some(a), Some((j, d))) = (id[i], down[i]) else { continue };
        let Some(b) = id[j] else { continue };
        let fall = drains.nodes[a].invert_m - drains.nodes[b].invert_m;
        let diameter = size_for(flow_m3s(area[a], travel[a]), (fall / d).max(1e-4)).max(size[a]);
        pipes.push(Pipe { from: a, to: b, length_m: d, diameter_m: diameter });
        area[b] += area[a];
        travel[b] = travel[b].max(travel[a] + d / 72.0);
        size[b] = size[b].max(diameter);
    }
    pipes.reverse();
    drains.pipes = pipes;

    // Outfalls and the old town's station.
    for &r in &roots {
        let Some(a) = id[r] else { continue };
        if polder[r] {
            old_town_station(plan, ground, &mut drains, a, size[a], area[a]);
            continue;
        }
        let (mouth, d) = toward_river(plan, web.at[r], -6.0);
        let out = drains.nodes.len();
        let count = drains.nodes.iter().filter(|n| n.kind == NodeKind::Outfall).count() + 1;
        let v = drains.nodes[a].invert_m - (0.002 * d).max(0.1);
        drains.nodes.push(Node {
            id: format!("PK{count:02}"),
            kind: NodeKind::Outfall,
            at: mouth,
            ground_m: ground.at(mouth),
            invert_m: v,
            area_ha: 0.0,
        });
        let diameter = size_for(flow_m3s(area[a], travel[a]), 0.002).max(size[a]);
        drains.pipes.push(Pipe { from: a, to: out, length_m: d, diameter_m: diameter });
    }
    underpass_stations(plan, ground, &mut drains);
    drains
}

/// Which bank a place is on.
fn side(plan: &Plan, p: P) -> bool {
    let mut best = (f64::MAX, false);
    for w in plan.river.windows(2) {
        let d = geom::to_segment(p, w[0], w[1]).0;
        if d < best.0 {
            best = (d, geom::cross(geom::sub(w[1], w[0]), geom::sub(p, w[0])) > 0.0);
        }
    }
    best.1
}

/// From a place straight to the river until `rd` from the water's edge: the end and the way's length.
fn toward_river(plan: &Plan, from: P, rd: f64) -> (P, f64) {
    let mut p = from;
    for _ in 0..400 {
        if plan.river_d.at(p) <= rd {
            break;
        }
        let e = 6.0;
        let g = [
            plan.river_d.at([p[0] + e, p[1]]) - plan.river_d.at([p[0] - e, p[1]]),
            plan.river_d.at([p[0], p[1] + e]) - plan.river_d.at([p[0], p[1] - e]),
        ];
        p = geom::sub(p, geom::mul(geom::unit(g), 1.0));
        p = [p[0].clamp(1.0, plan.size - 1.0), p[1].clamp(1.0, plan.size - 1.0)];
    }
    (p, geom::dist(from, p).max(5.0))
}

/// Every 40 m square of land drains to the nearest manhole within 260 m.
fn share_land(plan: &Plan, drains: &mut Drains) {
    const CELL: f64 = 130.0;
    let mut raster: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    let key = |p: P| ((p[0] / CELL) as i64, (p[1] / CELL) as i64);
    for (i, n) in drains.nodes.iter().enumerate() {
        raster.entry(key(n.at)).or_default().push(i);
    }
    let n = (plan.size / 40.0) as usize;
    for j in 0..n {
        for i in 0..n {
            let p = [(i as f64 + 0.5) * 40.0, (j as f64 + 0.5) * 40.0];
            if plan.river_d.at(p) < 0.0 || plan.in_lake(p) {
                continue;
            }
            let (x, y) = key(p);
            let best = (-2..=2)
                .flat_map(|dx| (-2..=2).map(move |dy| (x + dx, y + dy)))
                .filter_map(|k| raster.get(&k))
                .flatten()
                .map(|&m| (geom::dist(drains.nodes[m].at, p), m))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((d, m)) = best
                && d < 260.0
            {
                drains.nodes[m].area_ha += 0.16;
            }
        }
    }
}

/// Design flow after the rational method, two-year storm of Beijing's form, m³/s.
fn flow_m3s(area_ha: f64, minutes: f64) -> f64 {
    let q = 2001.0 * (1.0 + 0.811 * 2f64.log10()) / (minutes + 8.0).powf(0.711);
    0.6 * q * area_ha / 1000.0
}

/// Smallest catalogue size that carries a flow when full, m.
fn size_for(flow: f64, slope: f64) -> f64 {
    SIZES_M
        .into_iter()
        .find(|d| {
            let a = std::f64::consts::PI * d * d / 4.0;
            a * (d / 4.0).powf(2.0 / 3.0) * slope.sqrt() / ROUGHNESS >= flow
        })
        .unwrap_or(SIZES_M[SIZES_M.len() - 1])
}

fn old_town_station(plan: &Plan, ground: &Ground, drains: &mut Drains, sump: usize, size: f64, area_ha: f64) {
    let from = drains.nodes[sump].at;
    let at = toward_river(plan, from, 30.0).0;
    let dir = geom::unit(geom::sub(at, from));
    let at = geom::add(from, geom::mul(dir, 14.0));
    let well = drains.nodes.len();
    let invert = drains.nodes[sump].invert_m - 1.8;
    let z = ground.at(at);
    drains.nodes.push(Node {
        id: "BZ04".into(),
        kind: NodeKind::Well,
        at,
        ground_m: z,
        invert_m: invert,
        area_ha: 0.0,
    });
    drains.pipes.push(Pipe { from: sump, to: well, length_m: 14.0, diameter_m: size.max(2.2) });
    let (edge, _) = toward_river(plan, from, 22.0);
    let (mouth, _) = toward_river(plan, from, -6.0);
    let (gate, out) = (drains.nodes.len(), drains.nodes.len() + 1);
    let ze = ground.at(edge);
    let level = plan.file.river.level_m;
    drains.nodes.push(Node {
        id: "BZ04-CS".into(),
        kind: NodeKind::Manhole,
        at: edge,
        ground_m: ze,
        invert_m: (level + 0.9).min(ze - 2.0),
        area_ha: 0.0,
    });
    drains.nodes.push(Node {
        id: "PK99".into(),
        kind: NodeKind::Outfall,
        at: mouth,
        ground_m: ground.at(mouth),
        invert_m: level + 0.3,
        area_ha: 0.0,
    });
    drains.pipes.push(Pipe { from: gate, to: out, length_m: geom::dist(edge, mouth).max(5.0), diameter_m: 2.6 });
    let flow = (area_ha * 0.045).clamp(1.0, 3.0);
    for k in 0..3 {
        let start = 1.4 + 0.4 * f64::from(k);
        drains.pumps.push(Pump {
            id: format!("BZ04-{}", k + 1),
            from: well,
            to: gate,
            flow_m3s: flow,
            start_m: start,
            stop_m: 0.6,
        });
    }
    drains.stations.push(Station {
        name: ("古城排涝泵站".into(), "Old Town Pump Station".into()),
        well,
        well_m2: 420.0,
    });
}

/// Each pair of underpasses along the railway shares a station; deep pipes follow the railway.
fn underpass_stations(plan: &Plan, ground: &Ground, drains: &mut Drains) {
    let gravity = drains.nodes.len();
    for (k, pair) in plan.underpasses.chunks(2).enumerate() {
        let Some(host) = pair.first() else { continue };
        let mut ends = Vec::new();
        let lane = |p: P| {
            // Beside the track, where the trunk runs.
            let (_, s) = geom::to_line(p, &plan.rail);
            let (q, d) = geom::along(&plan.rail, s);
            (geom::add(q, geom::mul(geom::perp(d), 24.0)), s)
        };
        let beside = |s: f64| {
            let (q, d) = geom::along(&plan.rail, s);
            geom::add(q, geom::mul(geom::perp(d), 24.0))
        };
        for u in pair {
            let low = geom::add(u.at, geom::mul(u.along, if u.along[1] > 0.0 { 10.0 } else { -10.0 }));
            let centre = drains.nodes.len();
            let zc = ground.at(low);
            drains.nodes.push(Node {
                id: format!("XC{}-0", u.index + 1),
                kind: NodeKind::Manhole,
                at: low,
                ground_m: zc,
                invert_m: zc - 1.9,
                area_ha: 0.25,
            });
            for (n, s) in [(1, 44.0), (2, -44.0)] {
                let at = geom::add(u.at, geom::mul(u.along, s));
                let z = ground.at(at);
                let d = geom::dist(at, low);
                let v = (z - 1.5).max(zc - 1.9 + 0.004 * d);
                drains.nodes.push(Node {
                    id: format!("XC{}-{n}", u.index + 1),
                    kind: NodeKind::Manhole,
                    at,
                    ground_m: z,
                    invert_m: v,
                    area_ha: 0.25,
                });
                drains.pipes.push(Pipe { from: drains.nodes.len() - 1, to: centre, length_m: d, diameter_m: 0.6 });
            }
            ends.push((centre, lane(low).1));
        }
        // The well stands beside the host underpass, clear of its trench.
        let well_s = ends[0].1 + host.half_width_m + 16.0;
        let well_at = beside(well_s);
        let mut arrivals: Vec<(usize, f64)> = vec![(ends[0].0, geom::dist(drains.nodes[ends[0].0].at, well_at))];
        if let Some(&(far, s)) = ends.get(1) {
            let total = s - well_s;
            let parts = (total / 110.0).round().max(1.0) as usize;
            let mut last = far;
            for n in 1..parts {
                let p = beside(s - total * n as f64 / parts as f64);
                let d = geom::dist(p, drains.nodes[last].at);
                let v = drains.nodes[last].invert_m - 0.0015 * d;
                drains.nodes.push(Node {
                    id: format!("SG{}-{n:02}", k + 1),
                    kind: NodeKind::Manhole,
                    at: p,
                    ground_m: ground.at(p),
                    invert_m: v,
                    area_ha: 0.0,
                });
                let m = drains.nodes.len() - 1;
                drains.pipes.push(Pipe { from: last, to: m, length_m: d, diameter_m: 1.0 });
                last = m;
            }
            arrivals.push((last, geom::dist(drains.nodes[last].at, well_at)));
        }
        let floor = arrivals.iter().map(|&(n, d)| drains.nodes[n].invert_m - 0.0015 * d).fold(f64::MAX, f64::min) - 1.6;
        let well = drains.nodes.len();
        drains.nodes.push(Node {
            id: format!("BZ{:02}", k + 1),
            kind: NodeKind::Well,
            at: well_at,
            ground_m: ground.at(well_at),
            invert_m: floor,
            area_ha: 0.0,
        });
        for (n, d) in arrivals {
            drains.pipes.push(Pipe { from: n, to: well, length_m: d.max(2.0), diameter_m: 1.0 });
        }
        let to = (0..gravity)
            .filter(|&n| drains.nodes[n].kind == NodeKind::Manhole && !plan.in_old_town(drains.nodes[n].at))
            .min_by(|&a, &b| {
                geom::dist(drains.nodes[a].at, well_at).total_cmp(&geom::dist(drains.nodes[b].at, well_at))
            });
        let Some(to) = to else { continue };
        for n in 0..3 {
            let start = 0.9 + 0.35 * f64::from(n);
            drains.pumps.push(Pump {
                id: format!("BZ{:02}-{}", k + 1, n + 1),
                from: well,
                to,
                flow_m3s: 0.28,
                start_m: start,
                stop_m: 0.4,
            });
        }
        let n = &plan.file.underpass.names[host.index];
        let name = (n.0.replace("下穿", "泵站"), n.1.replace("Underpass", "Pump Station"));
        drains.stations.push(Station { name, well, well_m2: 90.0 });
    }
}
