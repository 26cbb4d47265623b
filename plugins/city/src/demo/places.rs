//! Places with names: schools and hospitals, metro entrances, underpasses, pumping stations, centres, shelters, quarters.

use super::{
    buildings::Built,
    drainage::Drains,
    geom::{self, P},
    people::Org,
    plan::Plan,
    streets::{Cover, Face, Town},
};
use crate::model::PlaceKind;

/// A place as it is written.
pub struct Spot {
    pub kind: PlaceKind,
    pub name: (String, String),
    pub at: P,
    pub people: u32,
}

/// Places with names.
pub fn list(plan: &Plan, town: &Town, built: &Built, drains: &Drains, orgs: &[Org]) -> Vec<Spot> {
    let mut out: Vec<Spot> =
        built.sites.iter().map(|s| Spot { kind: s.kind, name: s.name.clone(), at: s.at, people: s.people }).collect();
    out.extend(metro_entrances(plan));
    for u in &plan.underpasses {
        let n = &plan.file.underpass.names[u.index];
        out.push(Spot { kind: PlaceKind::Underpass, name: (n.0.clone(), n.1.clone()), at: u.at, people: 0 });
    }
    for s in &drains.stations {
        out.push(Spot { kind: PlaceKind::PumpStation, name: s.name.clone(), at: drains.nodes[s.well].at, people: 0 });
    }
    for o in orgs.iter().filter(|o| o.kind != "unit") {
        out.push(Spot { kind: PlaceKind::Centre, name: o.name.clone(), at: o.at, people: 0 });
    }
    out.extend(shelters(plan, built));
    for (i, z) in plan.file.zone.iter().enumerate() {
        // A quarter stands where its blocks are.
        let blocks: Vec<&Face> =
            town.faces.iter().filter(|f| f.zone_index == Some(i) && f.cover == Cover::Land).collect();
        let total: f64 = blocks.iter().map(|f| f.area).sum();
        if total < 1.0 {
            continue;
        }
        let at =
            geom::mul(blocks.iter().fold([0.0, 0.0], |s, f| geom::add(s, geom::mul(f.centre, f.area))), 1.0 / total);
        let people = blocks_people(built, &blocks);
        out.push(Spot { kind: PlaceKind::Quarter, name: (z.name.0.clone(), z.name.1.clone()), at, people });
    }
    out
}

/// Residents of a set of blocks.
fn blocks_people(built: &Built, blocks: &[&Face]) -> u32 {
    let boxes: Vec<(P, P)> = blocks.iter().map(|f| geom::bounds(&f.ring)).collect();
    built
        .houses
        .iter()
        .filter(|h| {
            let p = h.bodies[0].ring[0];
            blocks.iter().zip(&boxes).any(|(f, (lo, hi))| {
                (lo[0]..hi[0]).contains(&p[0]) && (lo[1]..hi[1]).contains(&p[1]) && geom::inside(p, &f.ring)
            })
        })
        .map(|h| h.residents)
        .sum()
}

/// Where two metro lines, under Zhongshan Road and under Renmin Road, cross the arterials: four exits for each station.
fn metro_entrances(plan: &Plan) -> Vec<Spot> {
    let mut stations: Vec<(P, P, (String, String))> = Vec::new();
    for under in ["中山路", "人民路"] {
        let Some(a) = plan.file.arterial.iter().position(|a| a.name.0 == under) else { continue };
        for (b, other) in plan.arterials.iter().enumerate() {
            if b == a {
                continue;
            }
            for w in plan.arterials[a].windows(2) {
                for v in other.windows(2) {
                    let Some((t, _)) = geom::crossing(w[0], w[1], v[0], v[1]) else { continue };
                    let at = geom::lerp(w[0], w[1], t);
                    if stations.iter().all(|s| geom::dist(s.0, at) > 380.0) {
                        let n = &plan.file.arterial[b].name;
                        let short = n.0.trim_end_matches('路');
                        stations.push((
                            at,
                            geom::unit(geom::sub(w[1], w[0])),
                            (
                                format!("{short}站"),
                                format!("{} Station", n.1.trim_end_matches(" Road").trim_end_matches(" Avenue")),
                            ),
                        ));
                    }
                }
            }
        }
    }
    let mut out = Vec::new();
    for (at, d, name) in &stations {
        for (k, letter) in ["A", "B", "C", "D"].iter().enumerate() {
            let (s, c) = ([1.0, 1.0, -1.0, -1.0][k], [1.0, -1.0, 1.0, -1.0][k]);
            let p = geom::shifted(*at, *d, [s * 34.0, c * 24.0]);
            if (0.0..plan.size).contains(&p[0]) && (0.0..plan.size).contains(&p[1]) && !plan.on_water(p) {
                out.push(Spot {
                    kind: PlaceKind::MetroEntrance,
                    name: (format!("{}{letter}口", name.0), format!("{} Exit {letter}", name.1)),
                    at: p,
                    people: 0,
                });
            }
        }
    }
    out
}

/// Emergency shelters in the larger parks and sports grounds, 600 m apart.
fn shelters(plan: &Plan, built: &Built) -> Vec<Spot> {
    let mut out: Vec<Spot> = Vec::new();
    for (ring, name, kind) in &built.greens {
        let at = geom::pole(ring);
        if out.iter().all(|s| geom::dist(s.at, at) > 600.0) && geom::area(ring) > 3000.0 && !plan.on_water(at) {
            let zh = if *kind == "pitch" {
                format!("{}避难场所", name.0)
            } else {
                format!("{}应急避难场所", name.0)
            };
            out.push(Spot {
                kind: PlaceKind::Shelter,
                name: (zh, format!("{} Shelter", name.1)),
                at,
                people: (geom::area(ring) / 3.0) as u32,
            });
        }
    }
    out
}
