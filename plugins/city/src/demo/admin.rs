//! 市-区-街道-社区-万米单元网格: every parcel of the street graph is a grid; communities grow from
//! their seeds over neighbouring parcels.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap},
};

use super::{
    geom::{self, P},
    plan::Plan,
    streets::{Cover, Kind, Town, numeral},
};
use crate::model::AdminLevel;

/// An area as it is written.
pub struct Area {
    pub code: String,
    pub level: AdminLevel,
    pub name: (String, String),
    pub ring: Vec<P>,
}

/// The areas, and which community and grid each face belongs to.
pub struct Admin {
    pub areas: Vec<Area>,
    /// Code of the community of each face.
    pub community: Vec<String>,
    /// Code of the grid of each face.
    pub grid: Vec<String>,
}

#[derive(PartialEq)]
struct Step(f64, usize, usize);
impl Eq for Step {}
impl Ord for Step {
    fn cmp(&self, o: &Self) -> Ordering {
        o.0.total_cmp(&self.0).then(o.1.cmp(&self.1))
    }
}
impl PartialOrd for Step {
    fn partial_cmp(&self, o: &Self) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}

/// Divides the town.
pub fn build(plan: &Plan, town: &Town) -> Admin {
    let faces = &town.faces;
    let mut seeds: Vec<(usize, usize, P)> = Vec::new();
    for (s, street) in plan.file.street.iter().enumerate() {
        for (c, &at) in street.seeds.iter().enumerate() {
            seeds.push((s, c, at));
        }
    }
    let mut owner: Vec<Option<usize>> = vec![None; faces.len()];
    let mut heap = BinaryHeap::new();
    for (k, &(.., at)) in seeds.iter().enumerate() {
        let start = (0..faces.len())
            .min_by(|&a, &b| geom::dist(faces[a].centre, at).total_cmp(&geom::dist(faces[b].centre, at)));
        if let Some(f) = start {
            heap.push(Step(0.0, f, k));
        }
    }
    while let Some(Step(cost, f, k)) = heap.pop() {
        if owner[f].is_some() {
            continue;
        }
        owner[f] = Some(k);
        for (i, n) in faces[f].neighbours.iter().enumerate() {
            let Some(n) = *n else { continue };
            if owner[n].is_none() {
                let kind = town.streets[town.graph.edges[faces[f].edges[i]].street].kind;
                let wall = match kind {
                    Kind::Primary | Kind::Secondary => 120.0,
                    Kind::Ring | Kind::Rail => 200.0,
                    _ => 0.0,
                };
                let wet = if faces[n].cover == Cover::River && faces[f].cover != Cover::River { 500.0 } else { 0.0 };
                heap.push(Step(cost + geom::dist(faces[f].centre, faces[n].centre) + wall + wet, n, k));
            }
        }
    }
    let mut admin = Admin {
        areas: Vec::new(),
        community: vec![String::new(); faces.len()],
        grid: vec![String::new(); faces.len()],
    };
    let s = plan.size;
    let frame = vec![[0.0, 0.0], [s, 0.0], [s, s], [0.0, s]];
    let district = &plan.file.city.code;
    let pair = |n: &super::params::Name| (n.0.clone(), n.1.clone());
    let mut add = |code: String, level, name, ring| admin.areas.push(Area { code, level, name, ring });
    add(district[..4].to_owned(), AdminLevel::City, pair(&plan.file.city.city_name), frame.clone());
    add(district.clone(), AdminLevel::District, pair(&plan.file.city.name), frame);
    for (i, street) in plan.file.street.iter().enumerate() {
        let members: Vec<bool> = owner.iter().map(|o| o.is_some_and(|k| seeds[k].0 == i)).collect();
        add(format!("{district}{:03}", i + 1), AdminLevel::Street, pair(&street.name), outline(town, &members));
    }
    for (k, &(st, c, _)) in seeds.iter().enumerate() {
        let members: Vec<bool> = owner.iter().map(|o| *o == Some(k)).collect();
        let name = &plan.file.street[st].communities[c];
        let code = format!("{district}{:03}{:03}", st + 1, c + 1);
        add(code, AdminLevel::Community, (name.0.clone(), format!("{} Community", name.1)), outline(town, &members));
    }
    for (k, &(st, c, _)) in seeds.iter().enumerate() {
        let code = format!("{district}{:03}{:03}", st + 1, c + 1);
        let name = &plan.file.street[st].communities[c];
        // Numbered row by row from the north-west, as one reads.
        let mut members: Vec<usize> = (0..faces.len()).filter(|&f| owner[f] == Some(k)).collect();
        members.sort_by_key(|&f| ((-faces[f].centre[1] / 160.0) as i64, (faces[f].centre[0] * 10.0) as i64));
        for (n, f) in members.into_iter().enumerate() {
            admin.community[f] = code.clone();
            admin.grid[f] = format!("{code}{:03}", n + 1);
            let zh = format!(
                "{}第{}网格",
                name.0.trim_end_matches("社区"),
                if n < 99 { numeral(n as u32 + 1) } else { (n + 1).to_string() }
            );
            admin.areas.push(Area {
                code: admin.grid[f].clone(),
                level: AdminLevel::Grid,
                name: (zh, format!("{} Grid {}", name.1, n + 1)),
                ring: faces[f].ring.clone(),
            });
        }
    }
    admin
}

/// The longest outer boundary of a set of faces, counter-clockwise.
fn outline(town: &Town, members: &[bool]) -> Vec<P> {
    let key = |p: P| (p[0].to_bits(), p[1].to_bits());
    let mut out: BTreeMap<(u64, u64), Vec<(P, P)>> = BTreeMap::new();
    for (f, face) in town.faces.iter().enumerate().filter(|(f, _)| members[*f]) {
        let n = face.ring.len();
        for i in 0..n {
            let inner = face.neighbours[i].is_some_and(|o| o != f && members[o]);
            if !inner && face.neighbours[i] != Some(f) {
                let (a, b) = (face.ring[i], face.ring[(i + 1) % n]);
                out.entry(key(a)).or_default().push((a, b));
            }
        }
    }
    let mut best: Vec<P> = Vec::new();
    let mut best_area = 0.0;
    while let Some((&start, _)) = out.iter().find(|(_, v)| !v.is_empty()) {
        let mut ring = Vec::new();
        let Some((mut a, mut b)) = out.get_mut(&start).and_then(Vec::pop) else { break };
        loop {
            ring.push(a);
            let back = geom::sub(a, b);
            let Some(list) = out.get_mut(&key(b)).filter(|l| !l.is_empty()) else { break };
            // Keep to the same side: the first way out clockwise from where we came.
            let turn = |d: P| {
                let t = geom::cross(back, d).atan2(geom::dot(back, d));
                if t >= 0.0 { std::f64::consts::TAU - t } else { -t }
            };
            let pick = (0..list.len()).min_by(|&i, &j| {
                turn(geom::sub(list[i].1, list[i].0)).total_cmp(&turn(geom::sub(list[j].1, list[j].0)))
            });
            let Some(pick) = pick else { break };
            (a, b) = list.swap_remove(pick);
        }
        let area = geom::area(&ring);
        if area > best_area {
            (best, best_area) = (ring, area);
        }
    }
    best
}

impl Admin {
    /// Code of the community at a place.
    pub fn community_at(&self, town: &Town, p: P) -> Option<&str> {
        let f = (0..town.faces.len())
            .filter(|&f| !self.community[f].is_empty())
            .min_by(|&a, &b| geom::dist(town.faces[a].centre, p).total_cmp(&geom::dist(town.faces[b].centre, p)))?;
        Some(&self.community[f])
    }
}
