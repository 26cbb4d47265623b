//! Storm drains: manholes under the streets, trees of pipes to outfalls in the river, pumped wells for
//! the underpasses and for the old town, which lies below the river's high water.

mod sizes;
mod stations;
mod trees;
mod web;

use std::collections::BTreeMap;

pub use sizes::ROUGHNESS;

use super::{
    geom::{self, P},
    ground::Ground,
    network::Network,
    plan::Plan,
};
use sizes::{flow_m3s, size_for};
use trees::Terrain;

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

impl Drains {
    /// Adds a node to which no land drains by itself.
    fn node(&mut self, id: String, kind: NodeKind, at: P, ground_m: f64, invert_m: f64) -> usize {
        self.nodes.push(Node { id, kind, at, ground_m, invert_m, area_ha: 0.0 });
        self.nodes.len() - 1
    }

    fn pipe(&mut self, from: usize, to: usize, length_m: f64, diameter_m: f64) {
        self.pipes.push(Pipe { from, to, length_m, diameter_m });
    }
}

/// Designs the network.
pub fn build(plan: &Plan, net: &Network, ground: &Ground) -> Drains {
    let web = web::lay(plan, net);
    let terrain = Terrain::new(plan, &web, ground);
    let trees = trees::grow(plan, &terrain);
    let mut drains = Drains::default();
    let mut id: Vec<Option<usize>> = vec![None; web.at.len()];
    for &i in &trees.order {
        if !trees.invert[i].is_nan() {
            let name = format!("YS{:04}", drains.nodes.len() + 1);
            id[i] = Some(drains.node(name, NodeKind::Manhole, web.at[i], terrain.z[i], trees.invert[i]));
        }
    }
    share_land(plan, &mut drains);

    // Flows from the leaves down, then sizes.
    let mut area: Vec<f64> = drains.nodes.iter().map(|n| n.area_ha).collect();
    let mut travel: Vec<f64> = vec![10.0; drains.nodes.len()];
    let mut size: Vec<f64> = vec![0.3; drains.nodes.len()];
    let mut pipes = Vec::new();
    for &i in trees.order.iter().rev() {
        let (Some(a), Some((j, d))) = (id[i], trees.down[i]) else { continue };
        let Some(b) = id[j] else { continue };
        let fall = drains.nodes[a].invert_m - drains.nodes[b].invert_m;
        let diameter_m = size_for(flow_m3s(area[a], travel[a]), (fall / d).max(1e-4)).max(size[a]);
        pipes.push(Pipe { from: a, to: b, length_m: d, diameter_m });
        area[b] += area[a];
        travel[b] = travel[b].max(travel[a] + d / 72.0);
        size[b] = size[b].max(diameter_m);
    }
    pipes.reverse();
    drains.pipes = pipes;

    // Outfalls and the old town's station.
    for &r in &trees.roots {
        let Some(a) = id[r] else { continue };
        if terrain.polder[r] {
            stations::old_town(plan, ground, &mut drains, a, size[a], area[a]);
            continue;
        }
        let (mouth, d) = toward_river(plan, web.at[r], -6.0);
        let count = drains.nodes.iter().filter(|n| n.kind == NodeKind::Outfall).count() + 1;
        let v = drains.nodes[a].invert_m - (0.002 * d).max(0.1);
        let out = drains.node(format!("PK{count:02}"), NodeKind::Outfall, mouth, ground.at(mouth), v);
        let diameter_m = size_for(flow_m3s(area[a], travel[a]), 0.002).max(size[a]);
        drains.pipe(a, out, d, diameter_m);
    }
    stations::underpasses(plan, ground, &mut drains);
    drains
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
