//! Trees of pipes: which manholes lead to the water, which way the others drain, how deep they lie.

use std::collections::BinaryHeap;

use super::web::Web;
use crate::demo::{
    geom::{self, P},
    ground::Ground,
    plan::Plan,
};

/// The web with its ground.
pub struct Terrain<'a> {
    pub web: &'a Web,
    /// Ground at each manhole, m above datum.
    pub z: Vec<f64>,
    /// Whether a manhole lies in the old town, which cannot drain to the river by itself.
    pub polder: Vec<bool>,
}

/// Next manhole on the way down, and the pipe's length, m.
pub type Down = Option<(usize, f64)>;

/// Where the manholes drain to.
pub struct Trees {
    /// Manholes at the end of their tree.
    pub roots: Vec<usize>,
    pub down: Vec<Down>,
    /// Manholes from the roots up.
    pub order: Vec<usize>,
    /// Inverts, m above datum; not a number where no pipe could be laid.
    pub invert: Vec<f64>,
}

impl<'a> Terrain<'a> {
    pub fn new(plan: &Plan, web: &'a Web, ground: &Ground) -> Self {
        let z = web.at.iter().map(|&p| ground.at(p)).collect();
        let polder = web.at.iter().map(|&p| plan.in_old_town(p) && plan.moat_d.at(p) > 8.0).collect();
        Self { web, z, polder }
    }
}

/// Grows the trees.
pub fn grow(plan: &Plan, terrain: &Terrain<'_>) -> Trees {
    let roots = roots(plan, terrain);
    let (down, order) = ways(terrain, &roots);
    let invert = inverts(plan, terrain, &down, &order);
    Trees { roots, down, order, invert }
}

/// Manholes near the river every so often, and the lowest of the old town.
fn roots(plan: &Plan, Terrain { web, z, polder }: &Terrain<'_>) -> Vec<usize> {
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
    roots
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

/// Every manhole drains along the cheapest way to a root; uphill is dear.
fn ways(Terrain { web, z, polder }: &Terrain<'_>, roots: &[usize]) -> (Vec<Down>, Vec<usize>) {
    let mut cost = vec![f64::MAX; web.at.len()];
    let mut down: Vec<Down> = vec![None; web.at.len()];
    let mut order = Vec::new();
    let mut done = vec![false; web.at.len()];
    let mut heap = BinaryHeap::new();
    for &r in roots {
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
    (down, order)
}

/// Inverts from the roots up.
fn inverts(plan: &Plan, Terrain { web, z, polder }: &Terrain<'_>, down: &[Down], order: &[usize]) -> Vec<f64> {
    let level = plan.file.river.level_m;
    let mut invert = vec![f64::NAN; web.at.len()];
    for &i in order {
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
    invert
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
