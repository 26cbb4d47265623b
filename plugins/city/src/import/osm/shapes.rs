//! Nodes in local metres; rings of ways and of multipolygon relations.

use std::collections::{BTreeMap, HashMap};

use super::data::{Data, MemberKind, Relation, Way};
use crate::import::{
    Report, Severity,
    placer::Placer,
    rings::{Area, P2, contains, inner_point, open_ring, orient, signed_area, untie},
};

/// Smallest area that is drawn, m².
const MIN_AREA_M2: f64 = 0.05;

/// Nodes placed at once.
const SHARE: usize = 1 << 16;

/// Places of nodes and the ways by id.
pub(super) struct Shapes<'a> {
    pub data: &'a Data,
    /// Looked up, never walked.
    places: HashMap<i64, P2>,
    ways: HashMap<i64, usize>,
}

impl<'a> Shapes<'a> {
    /// Places the nodes of a file: they become places in local m where they stand.
    pub fn new(data: &'a Data, mut nodes: HashMap<i64, P2>, placer: &Placer, report: &mut Report) -> Self {
        let mut ids: Vec<i64> = nodes.keys().copied().collect();
        ids.sort_unstable();
        for share in ids.chunks(SHARE) {
            let lonlat: Vec<P2> = share.iter().map(|id| nodes[id]).collect();
            for (id, place) in share.iter().zip(placer.all(&lonlat)) {
                match place {
                    Some(p) => {
                        nodes.insert(*id, p);
                    }
                    None => {
                        nodes.remove(id);
                        let reason = "the node lies outside the projection of the city's frame";
                        report.note(Severity::Skipped, format!("node {id}"), reason);
                    }
                }
            }
        }
        let places = nodes;
        let ways = data.ways.iter().enumerate().map(|(i, w)| (w.id, i)).collect();
        Self { data, places, ways }
    }

    /// Place of a node, local m.
    pub fn place(&self, node: i64) -> Option<P2> {
        self.places.get(&node).copied()
    }

    /// The ring of a closed way; notes why there is none.
    pub fn ring(&self, way: &Way, report: &mut Report) -> Option<Vec<P2>> {
        self.close(&way.refs, &format!("way {}", way.id), report)
    }

    fn close(&self, refs: &[i64], at: &str, report: &mut Report) -> Option<Vec<P2>> {
        if refs.len() < 4 || refs.first() != refs.last() {
            report.note(
                Severity::Skipped,
                at,
                "an area's ring is not closed; expected the first node again at the end",
            );
            return None;
        }
        let known: Vec<P2> = refs.iter().filter_map(|&n| self.place(n)).collect();
        let missing = known.len() < refs.len();
        let ring = open_ring(known);
        if ring.len() < 3 {
            let what = "an area has fewer than three different nodes in the file";
            report.note(Severity::Skipped, at, what);
            return None;
        }
        if missing {
            report.note(
                Severity::Repaired,
                at,
                "an area refers to nodes that are not in the file (a clipped extract); drawn without them",
            );
        }
        let (ring, cut) = untie(ring);
        if cut {
            report.note(Severity::Repaired, at, "a ring crosses itself; cut at the crossing, the larger loop is kept");
        }
        if ring.len() < 3 || signed_area(&ring).abs() < MIN_AREA_M2 {
            report.note(Severity::Skipped, at, "an area's ring encloses nothing");
            return None;
        }
        Some(ring)
    }

    /// The area of a closed way.
    pub fn way_area(&self, way: &Way, report: &mut Report) -> Option<Area> {
        self.ring(way, report).map(|ring| Area { ring: orient(ring, true), holes: Vec::new() })
    }

    /// The areas of a multipolygon relation: member ways joined to rings, inner rings given to the
    /// smallest outer ring around them.
    pub fn relation_areas(&self, relation: &Relation, report: &mut Report) -> Vec<Area> {
        let at = format!("relation {}", relation.id);
        let (mut outer, mut inner): (Vec<&Way>, Vec<&Way>) = (Vec::new(), Vec::new());
        for (kind, id, role) in &relation.members {
            if *kind != MemberKind::Way {
                continue;
            }
            match (self.ways.get(id), role.as_str()) {
                (None, _) => {
                    let place = format!("{at}, way {id}");
                    report.note(Severity::Skipped, place, "a member way is not in the file (a clipped extract)");
                }
                (Some(&i), "inner") => inner.push(&self.data.ways[i]),
                (Some(&i), "outer" | "outline" | "") => outer.push(&self.data.ways[i]),
                (Some(_), _) => {}
            }
        }
        let mut areas: Vec<Area> = self
            .join(&outer, &at, report)
            .into_iter()
            .map(|ring| Area { ring: orient(ring, true), holes: Vec::new() })
            .collect();
        for hole in self.join(&inner, &at, report) {
            let around = inner_point(&hole).and_then(|probe| {
                areas
                    .iter_mut()
                    .filter(|a| contains(&a.ring, probe))
                    .min_by(|a, b| signed_area(&a.ring).total_cmp(&signed_area(&b.ring)))
            });
            match around {
                Some(area) => area.holes.push(orient(hole, false)),
                None => report.note(Severity::Skipped, at.clone(), "an inner ring lies in no outer ring"),
            }
        }
        areas
    }

    /// Joins ways end to end until they close.
    fn join(&self, ways: &[&Way], at: &str, report: &mut Report) -> Vec<Vec<P2>> {
        let mut ends: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (i, way) in ways.iter().enumerate() {
            if let (Some(&a), Some(&b)) = (way.refs.first(), way.refs.last()) {
                ends.entry(a).or_default().push(i);
                if a != b {
                    ends.entry(b).or_default().push(i);
                }
            }
        }
        let mut used = vec![false; ways.len()];
        let mut rings = Vec::new();
        for start in 0..ways.len() {
            if used[start] || ways[start].refs.len() < 2 {
                continue;
            }
            used[start] = true;
            let mut chain = ways[start].refs.clone();
            while chain.first() != chain.last() {
                let Some(&tail) = chain.last() else { break };
                let next = ends.get(&tail).and_then(|list| list.iter().copied().find(|&i| !used[i]));
                let Some(next) = next else { break };
                used[next] = true;
                let refs = &ways[next].refs;
                if refs.first() == Some(&tail) {
                    chain.extend(&refs[1..]);
                } else {
                    chain.extend(refs.iter().rev().skip(1));
                }
            }
            rings.extend(self.close(&chain, &format!("{at}, ring from way {}", ways[start].id), report));
        }
        rings
    }
}
